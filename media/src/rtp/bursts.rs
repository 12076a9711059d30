//! In which pattern packets are missing: bursts and gaps (RFC 3611 §4.7.2), by the counters of its
//! appendix A.2.
//!
//! A burst begins and ends with a missing packet, and within it fewer than [`GMIN`] in a row are
//! heard. What is between bursts is gaps; a missing packet in a gap stands alone.

/// So many packets heard in a row end a burst.
pub(crate) const GMIN: u8 = 16;

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was heard.
    Received,
    /// It never came.
    Lost,
    /// It came too late, or there was no room for it.
    Discarded,
}

/// The counters; `cAB` of the appendix are the transitions from state A to state B: 1 heard in a
/// gap, 2 heard in a burst, 3 missing in a burst, 4 missing in a gap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bursts {
    lost: u64,
    discarded: u64,
    /// Missing packets with one that was heard before each.
    runs: u64,
    /// Heard since the last that was missing (`pkt`).
    heard: u64,
    /// Missing in the burst that may be going on (`lost`).
    missing: u64,
    c11: u64,
    c13: u64,
    c14: u64,
    c22: u64,
    c23: u64,
    c33: u64,
}

/// What the counters say of the call so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct BurstSummary {
    /// Shares of all packets.
    pub(crate) lost: f32,
    pub(crate) discarded: f32,
    /// Share of packets missing within bursts, and within gaps.
    pub(crate) burst_density: f32,
    pub(crate) gap_density: f32,
    /// Mean lengths, packets.
    pub(crate) burst_packets: f32,
    pub(crate) gap_packets: f32,
    /// How much longer runs of missing packets are than chance would make them (ITU-T G.107 §7.3:
    /// BurstR), at least one.
    pub(crate) burst_ratio: f32,
}

impl Bursts {
    /// Takes the next packet, in the order of sequence numbers.
    pub(crate) fn take(&mut self, fate: Fate) {
        match fate {
            Fate::Received => {
                self.heard += 1;
                return;
            }
            Fate::Lost => self.lost += 1,
            Fate::Discarded => self.discarded += 1,
        }
        let is_first = self.missing == 0;
        self.runs += u64::from(self.heard > 0 || is_first);
        if is_first || self.heard >= u64::from(GMIN) {
            self.end_burst();
            self.missing = 1;
        } else {
            self.missing += 1;
            match self.heard {
                0 => self.c33 += 1,
                heard => {
                    self.c23 += 1;
                    self.c22 += heard - 1;
                }
            }
        }
        self.heard = 0;
    }

    /// What was missing last stood alone, or was a burst's end; what was heard since is gap.
    fn end_burst(&mut self) {
        match self.missing {
            0 => {}
            1 => self.c14 += 1,
            _ => self.c13 += 1,
        }
        self.c11 += self.heard;
    }

    /// The call so far: the last burst is taken to be over.
    pub(crate) fn summary(&self) -> BurstSummary {
        let mut ended = self.clone();
        ended.end_burst();
        let Bursts {
            c11,
            c13,
            c14,
            c22,
            c23,
            c33,
            ..
        } = ended;
        let share = |part: u64, of: u64| {
            if of == 0 {
                0.0
            } else {
                part as f32 / of as f32
            }
        };
        // The states' visits: c31 = c13, c32 = c23.
        let (missing_in_bursts, heard_in_bursts) = (c13 + c23 + c33, c22 + c23);
        let burst = missing_in_bursts + heard_in_bursts;
        let gap = c11 + c14;
        let all = burst + gap;
        let missing = self.lost + self.discarded;
        let run = share(missing, self.runs);
        BurstSummary {
            lost: share(self.lost, all),
            discarded: share(self.discarded, all),
            burst_density: share(missing_in_bursts, burst),
            gap_density: share(c14, gap),
            burst_packets: share(burst, c13),
            // There is a gap before each burst and one behind the last.
            gap_packets: share(gap, c13 + 1),
            burst_ratio: (run * (1.0 - share(missing, all))).max(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn summary(fates: &str) -> BurstSummary {
        let mut bursts = Bursts::default();
        for fate in fates.chars() {
            bursts.take(match fate {
                'x' => Fate::Lost,
                'd' => Fate::Discarded,
                _ => Fate::Received,
            });
        }
        bursts.summary()
    }

    /// The same by the definition of RFC 3611 §4.7.2, straight from the marks: packets and missing
    /// ones in bursts, the number of bursts.
    fn by_definition(missing: &[bool]) -> (u64, u64, u64) {
        let places: Vec<usize> = (0..missing.len()).filter(|place| missing[*place]).collect();
        let (mut packets, mut lost, mut bursts) = (0, 0, 0);
        let mut first = 0;
        for (index, place) in places.iter().enumerate() {
            let next = places.get(index + 1);
            if next.is_some_and(|next| next - place - 1 < usize::from(GMIN)) {
                continue;
            }
            if index > first {
                packets += (place - places[first] + 1) as u64;
                lost += (index - first + 1) as u64;
                bursts += 1;
            }
            first = index + 1;
        }
        (packets, lost, bursts)
    }

    #[test]
    fn a_loss_with_sixteen_heard_on_both_sides_stands_alone() {
        let alone = summary(&format!("{0}x{0}", ".".repeat(16)));
        assert_eq!(alone.burst_packets, 0.0);
        assert_eq!(alone.gap_density, 1.0 / 33.0);
        let pair = summary(&format!(
            "{}x{}d{}",
            ".".repeat(16),
            ".".repeat(15),
            ".".repeat(16)
        ));
        assert_eq!((pair.burst_packets, pair.gap_density), (17.0, 0.0));
        assert_eq!(pair.burst_density, 2.0 / 17.0);
        assert_eq!((pair.lost, pair.discarded), (1.0 / 49.0, 1.0 / 49.0));
        assert_eq!(pair.gap_packets, 16.0);
    }

    #[test]
    fn chance_has_a_ratio_of_one_and_runs_have_more() {
        let spread = format!("{}x", ".".repeat(19)).repeat(50);
        assert_eq!(summary(&spread).burst_ratio, 1.0);
        let runs = format!("{}xxxx", ".".repeat(76)).repeat(20);
        assert!((summary(&runs).burst_ratio - 3.8).abs() < 0.01);
        assert_eq!(summary("....").burst_ratio, 1.0);
    }

    proptest! {
        #[test]
        fn the_counters_agree_with_the_definition(
            runs in proptest::collection::vec((0_usize..40, 0_usize..4), 0..30),
            rest in 0_usize..40,
        ) {
            let mut marks = Vec::new();
            for (heard, missing) in runs {
                marks.extend(std::iter::repeat_n(false, heard));
                marks.extend(std::iter::repeat_n(true, missing));
            }
            marks.extend(std::iter::repeat_n(false, rest));
            let mut bursts = Bursts::default();
            for missing in &marks {
                bursts.take(if *missing { Fate::Lost } else { Fate::Received });
            }
            let (packets, lost, count) = by_definition(&marks);
            let found = bursts.summary();
            let near = |a: f32, b: f32| (a - b).abs() < 1e-3;
            let of = |part: u64, all: u64| if all == 0 { 0.0 } else { part as f32 / all as f32 };
            prop_assert!(near(found.burst_density, of(lost, packets)));
            prop_assert!(near(found.burst_packets, of(packets, count)));
            let (all, missing) = (marks.len() as u64, marks.iter().filter(|m| **m).count() as u64);
            prop_assert!(near(found.gap_density, of(missing - lost, all - packets)));
            prop_assert!(near(found.gap_packets, of(all - packets, count + 1)));
            prop_assert!(near(found.lost, of(missing, all)));
        }
    }
}
