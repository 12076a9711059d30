//! How long packets have been under way lately: a histogram that forgets.
//!
//! A packet's transit is its arrival less its timestamp, in units of the RTP clock, on a scale
//! with an arbitrary zero: only differences mean anything. What must be known is until when it pays
//! to wait.

use std::ops::Range;

use super::drift::Drift;

/// Width of a bin, ms.
const BIN_MS: u32 = 2;
const BINS: usize = 512;
/// Transits further apart than this count as this, ms.
pub(super) const SCALE_MS: i64 = BIN_MS as i64 * BINS as i64;
/// Where the first packet falls: room for quicker ones below, for later ones above.
const FIRST_BIN: i64 = 128;
/// What remains of a packet's weight after the next: a memory of some 500 packets.
const KEEP: f32 = 0.998;
/// The share of packets that should come in time, however late they are.
const IN_TIME: f32 = 0.995;
/// Of the others as many are waited for as pays: a percent of G.711 lost is as bad as 150 ms of delay (ITU-T G.107, as it is
/// usually simplified), so that all of it is as bad as this, ms.
const LOSS_MS: f32 = 15_000.0;
/// None of those is waited for longer than this, ms: with what else is on the way that makes a delay that people notice
/// (ITU-T G.114).
const PATIENCE_MS: usize = 150;
/// Weights grow instead of all bins shrinking; past this they are brought back.
const MAX_WEIGHT: f32 = 1e6;
/// The quickest packets are those that all but this share exceed.
const QUICK: f32 = 0.02;
/// A bin below this share of the whole is forgotten.
const FORGOTTEN: f32 = 1e-5;

/// The histogram.
#[derive(Debug)]
pub(super) struct Transits {
    bins: Box<[f32; BINS]>,
    /// The bins outside are empty: few are not where packets come evenly, and each packet looks at all of these.
    used: Range<usize>,
    /// Clock units in a bin.
    width: i64,
    /// The transit at which bin 0 starts.
    origin: Option<i64>,
    drift: Drift,
    /// The weight of the next packet, and of all so far.
    weight: f32,
    total: f32,
    /// Cached: the latest bin that is waited for, and the first that counts.
    late_bin: usize,
    first_bin: usize,
}

impl Transits {
    pub(super) fn new(clock: u32) -> Self {
        Transits {
            bins: Box::new([0.0; BINS]),
            used: 0..0,
            width: i64::from(clock * BIN_MS / 1_000),
            origin: None,
            drift: Drift::new(clock),
            weight: 1.0,
            total: 0.0,
            late_bin: 0,
            first_bin: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.bins.fill(0.0);
        self.used = 0..0;
        self.origin = None;
        self.drift.clear();
        self.weight = 1.0;
        self.total = 0.0;
    }

    /// Takes a packet's arrival and transit. One beyond the scale counts as the latest on it.
    pub(super) fn record(&mut self, arrival: i64, transit: i64) {
        let origin = self.origin.unwrap_or(transit - FIRST_BIN * self.width);
        let origin = origin + self.drift.follow(arrival, transit);
        self.origin = Some(origin);
        let mut bin = (transit - origin).div_euclid(self.width);
        if bin < 0 {
            let shift = (FIRST_BIN - bin).min(BINS as i64);
            self.shift_up(shift as usize);
            bin += shift;
        }
        let bin = bin.clamp(0, BINS as i64 - 1) as usize;
        self.bins[bin] += self.weight;
        self.used = match self.used.is_empty() {
            true => bin..bin + 1,
            false => self.used.start.min(bin)..self.used.end.max(bin + 1),
        };
        self.total += self.weight;
        self.weight /= KEEP;
        if self.weight > MAX_WEIGHT {
            self.rescale();
        }
        self.measure();
    }

    /// Makes room for quicker packets: the bins move up, what falls off the end is forgotten.
    fn shift_up(&mut self, by: usize) {
        self.total -= self.bins[BINS - by..].iter().sum::<f32>();
        self.bins.copy_within(..BINS - by, by);
        self.bins[..by].fill(0.0);
        self.used = (self.used.start + by).min(BINS)..(self.used.end + by).min(BINS);
        self.origin = self.origin.map(|origin| origin - by as i64 * self.width);
    }

    /// Brings the weights back to one, forgets what is long gone, and moves the bins down to where they started.
    fn rescale(&mut self) {
        let least = self.total * FORGOTTEN;
        let weight = self.weight;
        self.total = 0.0;
        for bin in self.bins.iter_mut() {
            *bin = if *bin < least { 0.0 } else { *bin / weight };
            self.total += *bin;
        }
        self.weight = 1.0;
        self.find_used();
        self.measure();
        if let Some(down) = self.first_bin.checked_sub(FIRST_BIN as usize) {
            self.bins.copy_within(down.., 0);
            self.bins[BINS - down..].fill(0.0);
            self.find_used();
            self.origin = self.origin.map(|origin| origin + down as i64 * self.width);
        }
    }

    fn find_used(&mut self) {
        let is_used = |weight: &f32| *weight > 0.0;
        let first = self.bins.iter().position(is_used).unwrap_or(0);
        let end = self
            .bins
            .iter()
            .rposition(is_used)
            .map_or(first, |last| last + 1);
        self.used = first..end;
    }

    fn measure(&mut self) {
        let quick = self.total * QUICK;
        let mut below = 0.0;
        let is_quick = |bin: &usize| {
            below += self.bins[*bin];
            below > quick
        };
        self.first_bin = self.used.clone().find(is_quick).unwrap_or(0);
        self.late_bin = self.latest_worth_waiting();
    }

    /// The bin at which waiting and losing what comes later cost the least together; no sooner than `IN_TIME` are there.
    fn latest_worth_waiting(&self) -> usize {
        let late = self.total * (1.0 - IN_TIME);
        let most = self.first_bin + PATIENCE_MS / BIN_MS as usize;
        let (mut above, mut best) = (0.0, (f32::MAX, 0));
        for bin in self.used.clone().rev() {
            if self.bins[bin] == 0.0 {
                continue;
            }
            if bin <= most {
                let waited_ms = bin.saturating_sub(self.first_bin) as u32 * BIN_MS;
                let cost = waited_ms as f32 * self.total + LOSS_MS * above;
                if cost < best.0 {
                    best = (cost, bin);
                }
            }
            above += self.bins[bin];
            if above > late {
                return best.1.max(bin);
            }
        }
        best.1
    }

    /// The transit that only the latest few exceed.
    pub(super) fn late(&self) -> Option<i64> {
        self.origin
            .map(|origin| origin + (self.late_bin as i64 + 1) * self.width)
    }

    /// The transit of the quickest packets lately.
    pub(super) fn quickest(&self) -> Option<i64> {
        self.origin
            .map(|origin| origin + self.first_bin as i64 * self.width)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Packets of 20 ms at 8000 Hz, one after the other.
    struct Packets {
        transits: Transits,
        sent: i64,
    }

    impl Packets {
        fn new() -> Self {
            Packets {
                transits: Transits::new(8_000),
                sent: 0,
            }
        }

        fn take(&mut self, transit: i64) {
            self.transits.record(self.sent + transit, transit);
            self.sent += 160;
        }

        fn spread_ms(&self) -> i64 {
            (self.transits.late().unwrap() - self.transits.quickest().unwrap()) / 8
        }
    }

    #[test]
    fn even_packets_need_one_bin_of_room_and_jitter_its_width() {
        let mut packets = Packets::new();
        for _ in 0..100 {
            packets.take(5_000);
        }
        assert_eq!(packets.spread_ms(), 2);
        for index in 0..500 {
            packets.take(5_000 + (index * 37 % 80) * 8);
        }
        assert!(
            (78..=84).contains(&packets.spread_ms()),
            "{}",
            packets.spread_ms()
        );
    }

    #[test]
    fn jitter_gone_by_is_forgotten_within_a_minute() {
        let mut packets = Packets::new();
        for index in 0..1_000 {
            packets.take((index * 37 % 80) * 8);
        }
        for _ in 0..3_000 {
            packets.take(0);
        }
        assert!(packets.spread_ms() <= 4, "{}", packets.spread_ms());
    }

    #[test]
    fn one_late_packet_in_a_thousand_is_waited_for_if_it_is_hardly_late() {
        for (late_ms, spread) in [(20, 22), (40, 2), (200, 2)] {
            let mut packets = Packets::new();
            for index in 0..5_000 {
                packets.take(if index % 1_000 == 999 { late_ms * 8 } else { 0 });
            }
            assert_eq!(packets.spread_ms(), spread, "{late_ms} ms late");
        }
    }

    #[test]
    fn a_drifting_clock_is_followed_for_hours() {
        let mut packets = Packets::new();
        for drift in [0.2_f64, -0.2] {
            packets.transits.clear();
            for index in 0..200_000 {
                // 200 ppm: one unit of 160 in 31 packets.
                packets.take((f64::from(index) * drift * 0.16) as i64);
            }
            assert!(packets.spread_ms() <= 4, "{}", packets.spread_ms());
        }
    }

    #[test]
    fn a_hiccup_is_waited_for_a_while_if_it_is_short() {
        let mut packets = Packets::new();
        let hiccup = |packets: &mut Packets, late_ms: i64| {
            for _ in 0..1_500 {
                packets.take(0);
            }
            packets.take(late_ms * 8);
            packets.spread_ms()
        };
        assert_eq!(hiccup(&mut packets, 5), 6);
        assert_eq!(hiccup(&mut packets, 60), 2);
        for _ in 0..1_500 {
            packets.take(0);
        }
        assert_eq!(packets.spread_ms(), 2);
    }

    #[test]
    fn a_few_packets_are_waited_for_no_longer_than_patience() {
        // One in a hundred is waited for anyway; one in three hundred is 30 ms later, which is worth it.
        for (late, later, spread) in [(50, 80, 82), (200, 230, 202)] {
            let mut packets = Packets::new();
            for index in 0..5_000 {
                let late_ms = match index {
                    _ if index % 300 == 150 => later,
                    _ if index % 100 == 99 => late,
                    _ => 0,
                };
                packets.take(late_ms * 8);
            }
            assert_eq!(packets.spread_ms(), spread, "{late} and {later} ms late");
        }
    }

    #[test]
    fn no_packet_counts_outside_of_the_bins_that_are_looked_at() {
        let mut packets = Packets::new();
        for index in 0..60_000_i64 {
            // Jitter, quicker ways now and then, and a clock that drifts.
            packets.take(index * 37 % 640 - index / 7_000 * 900 + index / 40);
            let sum: f32 = packets.transits.bins[packets.transits.used.clone()]
                .iter()
                .sum();
            let all: f32 = packets.transits.bins.iter().sum();
            assert_eq!(sum, all, "{index}");
        }
        assert!(
            packets.transits.used.len() < 256,
            "{:?}",
            packets.transits.used
        );
    }

    #[test]
    fn transits_off_the_scale_are_taken_for_its_ends() {
        let mut packets = Packets::new();
        packets.take(0);
        packets.take(2_000 * 8);
        assert_eq!(packets.spread_ms(), 768);
        packets.take(-5_000 * 8);
        assert!(packets.spread_ms() <= 1_024);
    }
}
