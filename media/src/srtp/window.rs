//! Which packet indices have come (RFC 3711 §3.3.2).

/// Packets behind the newest whose arrival is remembered; the RFC asks for 64 at least.
const SIZE: u64 = 128;

/// The newest index of a source and what has come just before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    newest: u64,
    /// Bit n: the index `newest - n` has come.
    seen: u128,
}

impl Window {
    /// A window in which only `index` has come.
    pub(super) fn new(index: u64) -> Self {
        Self {
            newest: index,
            seen: 1,
        }
    }

    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// Whether `index` has not come and is not too old to tell.
    pub(super) fn is_fresh(&self, index: u64) -> bool {
        match self.newest.checked_sub(index) {
            None => true,
            Some(behind) => behind < SIZE && self.seen & (1 << behind) == 0,
        }
    }

    /// Notes an index that is fresh and authentic.
    pub(super) fn note(&mut self, index: u64) {
        if let Some(behind) = self.newest.checked_sub(index) {
            self.seen |= 1_u128.checked_shl(behind as u32).unwrap_or(0);
        } else {
            let ahead = (index - self.newest).min(SIZE) as u32;
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.newest = index;
        }
    }
}

/// The 48-bit index that a sequence number most likely stands for (RFC 3711 §3.3.1): the nearest
/// to the newest one. `None`: it would be from before the first.
pub(super) fn nearest_index(newest: u64, sequence: u16) -> Option<u64> {
    let roll_over = newest & !0xffff;
    let same = roll_over | u64::from(sequence);
    if same + 0x8000 < newest {
        Some(same + 0x1_0000)
    } else if same > newest + 0x8000 {
        same.checked_sub(0x1_0000)
    } else {
        Some(same)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_index_is_fresh_once_and_never_when_it_is_too_old() {
        let mut window = Window::new(1_000);
        assert!(!window.is_fresh(1_000));
        for index in [1_001, 999, 1_005, 1_003] {
            assert!(window.is_fresh(index));
            window.note(index);
            assert!(!window.is_fresh(index));
        }
        assert!(window.is_fresh(1_005 - 127) && !window.is_fresh(1_005 - 128));
        window.note(5_000);
        assert!(!window.is_fresh(1_004) && window.is_fresh(4_999));
    }

    #[test]
    fn sequence_numbers_find_their_turn_before_and_after_the_wrap() {
        assert_eq!(nearest_index(65_530, 3), Some(0x1_0003));
        assert_eq!(nearest_index(0x1_0003, 65_530), Some(65_530));
        assert_eq!(nearest_index(3, 65_530), None);
        assert_eq!(nearest_index(0x5_8000, 0), Some(0x5_0000));
        assert_eq!(nearest_index(0x5_8001, 0), Some(0x6_0000));
    }

    proptest! {
        #[test]
        fn every_packet_that_is_no_more_than_half_a_turn_off_is_found(
            newest in 0x8000_u64..1 << 47, off in -0x7fff_i64..0x7fff,
        ) {
            let index = newest.checked_add_signed(off).unwrap();
            prop_assert_eq!(nearest_index(newest, index as u16), Some(index));
        }
    }
}
