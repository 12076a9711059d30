//! The peer's source: its sequence numbers without the wrap, and its statistics.

use super::bursts::{BurstSummary, Bursts, Fate};

/// A gap of more than this is a restart, not a loss (RFC 3550 §A.1).
const MAX_DROPOUT: u16 = 3_000;
/// A packet older than this is not a late one (RFC 3550 §A.1).
const MAX_MISORDER: u16 = 100;
/// Sequence numbers whose arrival is remembered, to tell a duplicate from a late packet.
const WINDOW: u64 = 128;
/// What became of a packet is known when so many newer ones could have come.
const JUDGED_AFTER: u64 = 64;

/// What a packet is to the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// New, with its sequence number extended beyond 16 bits.
    New {
        /// Grows by one a packet for as long as the source lives.
        sequence: u64,
        /// The source has begun anew: another SSRC or a leap in its sequence.
        restarted: bool,
    },
    /// Came before.
    Duplicate,
    /// Not trusted: a stray SSRC, a leap not yet confirmed, or far too old.
    Stray,
}

/// The peer's present SSRC.
#[derive(Debug, Default)]
pub(crate) struct Source {
    current: Option<Current>,
    /// An SSRC and sequence number that would confirm a restart if they come next.
    probation: Option<(u32, u16)>,
    /// Of SSRCs gone by.
    earlier: Counts,
    jitter: Jitter,
    duplicates: u64,
    /// In which pattern packets were missing.
    bursts: Bursts,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    expected: u64,
    received: u64,
}

#[derive(Debug)]
struct Current {
    ssrc: u32,
    /// Extended; starts one cycle up, so that packets before the first fit below it.
    base: u64,
    highest: u64,
    received: u64,
    /// Bit n: the packet `highest - n` has arrived.
    window: u128,
    /// Likewise: it was not heard.
    discarded: u128,
    /// The first packet whose fate is not settled.
    unsettled: u64,
    /// At the last report, for the fraction lost since (RFC 3550 §A.3).
    reported: Counts,
}

impl Current {
    fn new(ssrc: u32, sequence: u16) -> Self {
        let base = 0x1_0000 + u64::from(sequence);
        Current {
            ssrc,
            base,
            highest: base,
            received: 1,
            window: 1,
            discarded: 0,
            unsettled: base,
            reported: Counts::default(),
        }
    }

    fn counts(&self) -> Counts {
        Counts {
            expected: self.highest - self.base + 1,
            received: self.received,
        }
    }

    fn fate(&self, sequence: u64) -> Fate {
        let Some(age) = self.highest.checked_sub(sequence) else {
            return Fate::Lost; // nothing so new has come
        };
        let is_in = |window: u128| window.checked_shr(age as u32).unwrap_or(0) & 1 == 1;
        match (is_in(self.window), is_in(self.discarded)) {
            (false, _) => Fate::Lost,
            (true, true) => Fate::Discarded,
            (true, false) => Fate::Received,
        }
    }

    /// Settles what is older than this.
    fn settle(&mut self, until: u64, bursts: &mut Bursts) {
        while self.unsettled < until {
            bursts.take(self.fate(self.unsettled));
            self.unsettled += 1;
        }
    }

    fn receive(&mut self, sequence: u16, bursts: &mut Bursts) -> Option<Arrival> {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        if ahead == 0 {
            return Some(Arrival::Duplicate);
        }
        let extended = if ahead < MAX_DROPOUT {
            let extended = self.highest + u64::from(ahead);
            self.settle(extended.saturating_sub(JUDGED_AFTER), bursts);
            self.discarded = self.discarded.checked_shl(u32::from(ahead)).unwrap_or(0);
            self.window = self.window.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.highest = extended;
            extended
        } else if ahead > u16::MAX - MAX_MISORDER {
            let behind = u64::from(ahead.wrapping_neg());
            let bit = 1_u128 << behind.min(WINDOW - 1);
            if self.window & bit != 0 {
                return Some(Arrival::Duplicate);
            }
            self.window |= bit;
            let extended = self.highest - behind;
            self.base = self.base.min(extended);
            extended
        } else {
            return None;
        };
        self.received += 1;
        Some(Arrival::New {
            sequence: extended,
            restarted: false,
        })
    }
}

/// Interarrival jitter in clock units (RFC 3550 §A.8).
#[derive(Debug, Default)]
struct Jitter {
    last_transit: Option<i64>,
    estimate: f32,
}

impl Source {
    /// Takes a packet's place in the source. A new SSRC, or a leap, counts once two packets in
    /// a row agree on it (RFC 3550 §A.1), so that a single stray one disturbs nothing.
    pub(crate) fn receive(&mut self, ssrc: u32, sequence: u16) -> Arrival {
        let known = match &mut self.current {
            None => return self.restart(ssrc, sequence, None),
            Some(current) if current.ssrc == ssrc => current.receive(sequence, &mut self.bursts),
            Some(_) => None,
        };
        match known {
            Some(arrival) => {
                self.probation = None;
                self.duplicates += u64::from(arrival == Arrival::Duplicate);
                arrival
            }
            None if self.probation == Some((ssrc, sequence)) => {
                self.restart(ssrc, sequence, Some(sequence.wrapping_sub(1)))
            }
            None => {
                self.probation = Some((ssrc, sequence.wrapping_add(1)));
                Arrival::Stray
            }
        }
    }

    fn restart(&mut self, ssrc: u32, sequence: u16, confirmed_by: Option<u16>) -> Arrival {
        if let Some(mut current) = self.current.take() {
            current.settle(current.highest + 1, &mut self.bursts);
            let counts = current.counts();
            self.earlier.expected += counts.expected;
            self.earlier.received += counts.received;
        }
        // The packet that put the source on probation was not used: it counts as lost.
        let mut current = Current::new(ssrc, confirmed_by.unwrap_or(sequence));
        let mut extended = current.base;
        if confirmed_by.is_some() {
            current.received = 0;
            current.window = 0;
            if let Some(Arrival::New { sequence, .. }) = current.receive(sequence, &mut self.bursts)
            {
                extended = sequence;
            }
        }
        self.current = Some(current);
        self.jitter.last_transit = None;
        self.probation = None;
        Arrival::New {
            sequence: extended,
            restarted: true,
        }
    }

    /// A packet that came was not heard.
    pub(crate) fn discard(&mut self, sequence: u64) {
        let Some(current) = &mut self.current else {
            return;
        };
        if let Some(age) = current
            .highest
            .checked_sub(sequence)
            .filter(|age| *age < WINDOW)
        {
            current.discarded |= 1 << age;
        }
    }

    /// In which pattern packets were missing so far.
    pub(crate) fn bursts(&self) -> BurstSummary {
        let mut bursts = self.bursts.clone();
        if let Some(current) = &self.current {
            for sequence in current.unsettled..=current.highest {
                bursts.take(current.fate(sequence));
            }
        }
        bursts.summary()
    }

    /// Notes when an audio packet came: `transit` is its arrival less its timestamp, both in
    /// clock units.
    pub(crate) fn note_transit(&mut self, transit: i64) {
        if let Some(last) = self.jitter.last_transit.replace(transit) {
            let difference = (transit - last).unsigned_abs() as f32;
            self.jitter.estimate += (difference - self.jitter.estimate) / 16.0;
        }
    }

    /// The clock has changed its rate or leapt: the next packet starts the jitter's measure anew.
    pub(crate) fn forget_transit(&mut self) {
        self.jitter = Jitter::default();
    }

    pub(crate) fn ssrc(&self) -> Option<u32> {
        self.current.as_ref().map(|current| current.ssrc)
    }

    /// Interarrival jitter, clock units.
    pub(crate) fn jitter(&self) -> f32 {
        self.jitter.estimate
    }

    pub(crate) fn duplicates(&self) -> u64 {
        self.duplicates
    }

    fn totals(&self) -> Counts {
        let current = self
            .current
            .as_ref()
            .map(Current::counts)
            .unwrap_or_default();
        Counts {
            expected: self.earlier.expected + current.expected,
            received: self.earlier.received + current.received,
        }
    }

    /// Packets received, duplicates not counted.
    #[cfg(test)]
    pub(crate) fn received(&self) -> u64 {
        self.totals().received
    }

    /// Packets that should have come and have not.
    pub(crate) fn lost(&self) -> u64 {
        let totals = self.totals();
        totals.expected.saturating_sub(totals.received)
    }

    /// For a report block: extended highest sequence, cumulative loss (24 bits), and the share
    /// lost since the last call in 256ths (RFC 3550 §6.4.1).
    pub(crate) fn report(&mut self) -> Option<(u32, u32, u8)> {
        let current = self.current.as_mut()?;
        let counts = current.counts();
        let expected = counts.expected - current.reported.expected.min(counts.expected);
        let received = counts.received - current.reported.received.min(counts.received);
        current.reported = counts;
        let lost = expected.saturating_sub(received);
        let fraction = (lost * 256).checked_div(expected).unwrap_or(0).min(255) as u8;
        let cumulative = counts
            .expected
            .saturating_sub(counts.received)
            .min(0x7f_ffff) as u32;
        Some((current.highest as u32 - 0x1_0000, cumulative, fraction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn new(sequence: u64) -> Arrival {
        Arrival::New {
            sequence,
            restarted: false,
        }
    }

    #[test]
    fn sequence_numbers_go_on_through_the_wrap_and_late_ones_stay_below_it() {
        let mut source = Source::default();
        source.receive(1, 65_534);
        assert_eq!(source.receive(1, 65_535), new(0x1_0000 + 65_535));
        assert_eq!(source.receive(1, 1), new(0x2_0000 + 1));
        assert_eq!(source.receive(1, 0), new(0x2_0000));
        assert_eq!(source.receive(1, 0), Arrival::Duplicate);
        assert_eq!(source.receive(1, 1), Arrival::Duplicate);
        assert_eq!(
            (source.received(), source.lost(), source.duplicates()),
            (4, 0, 2)
        );
    }

    #[test]
    fn losses_are_counted_in_total_and_since_the_last_report() {
        let mut source = Source::default();
        for sequence in (0..100).filter(|sequence| sequence % 4 != 3) {
            source.receive(1, sequence);
        }
        assert_eq!(source.report(), Some((98, 24, (24 * 256 / 99) as u8)));
        for sequence in 99..200 {
            source.receive(1, sequence);
        }
        assert_eq!(source.report(), Some((199, 24, 0)));
        assert_eq!(source.lost(), 24);
    }

    #[test]
    fn a_stray_ssrc_changes_nothing_and_two_in_a_row_restart_the_source() {
        let mut source = Source::default();
        source.receive(1, 10);
        assert_eq!(source.receive(2, 500), Arrival::Stray);
        assert_eq!(source.receive(1, 11), new(0x1_0000 + 11));
        assert_eq!(source.receive(2, 501), Arrival::Stray);
        assert_eq!(
            source.receive(2, 502),
            Arrival::New {
                sequence: 0x1_0000 + 502,
                restarted: true
            }
        );
        assert_eq!(source.ssrc(), Some(2));
        assert_eq!(source.lost(), 1);
    }

    #[test]
    fn a_leap_of_the_sequence_restarts_the_source_once_confirmed() {
        let mut source = Source::default();
        source.receive(1, 10);
        assert_eq!(source.receive(1, 30_000), Arrival::Stray);
        assert!(matches!(
            source.receive(1, 30_001),
            Arrival::New {
                restarted: true,
                ..
            }
        ));
    }

    #[test]
    fn jitter_follows_rfc_3550() {
        let mut source = Source::default();
        for index in 0..200 {
            source.note_transit(if index % 2 == 0 { 0 } else { 160 });
        }
        assert!((source.jitter() - 160.0).abs() < 1.0);
    }

    #[test]
    fn the_pattern_of_what_is_missing_knows_late_from_lost() {
        let mut source = Source::default();
        for sequence in 0..400_u16 {
            if sequence % 40 == 7 {
                continue;
            }
            let Arrival::New {
                sequence: extended, ..
            } = source.receive(1, sequence)
            else {
                continue;
            };
            if sequence % 40 == 9 {
                source.discard(extended);
            }
        }
        let found = source.bursts();
        assert_eq!((found.lost, found.discarded), (0.025, 0.025));
        // Two of three within each burst.
        assert_eq!(found.burst_density, 2.0 / 3.0);
        assert_eq!(found.burst_packets, 3.0);
        assert_eq!(found.gap_density, 0.0);
    }

    #[test]
    fn what_comes_out_of_order_is_not_missing() {
        let mut source = Source::default();
        for pair in 0..200_u16 {
            source.receive(1, 2 * pair + 1);
            source.receive(1, 2 * pair);
        }
        let found = source.bursts();
        assert_eq!(
            (found.lost, found.burst_density, found.gap_density),
            (0.0, 0.0, 0.0)
        );
    }

    proptest! {
        #[test]
        fn received_and_lost_always_add_up_to_what_was_expected(
            first: u16, steps in proptest::collection::vec(0_u16..8, 1..400),
        ) {
            let mut source = Source::default();
            let mut sequence = first;
            let mut unique = 1_u64;
            let mut span = 1_u64;
            source.receive(7, sequence);
            for step in steps {
                sequence = sequence.wrapping_add(step);
                span += u64::from(step);
                unique += u64::from(step > 0);
                source.receive(7, sequence);
            }
            prop_assert_eq!(source.received(), unique);
            prop_assert_eq!(source.lost(), span - unique);
        }

        #[test]
        fn no_order_of_packets_breaks_the_count(
            packets in proptest::collection::vec((0_u32..3, any::<u16>()), 1..300),
        ) {
            let mut source = Source::default();
            for (ssrc, sequence) in packets {
                source.receive(ssrc, sequence);
                let totals = source.totals();
                prop_assert!(totals.received <= totals.expected);
                prop_assert!(source.bursts().lost <= 1.0);
                source.report();
            }
        }
    }
}
