//! How fast the sender's clock runs away from ours: what the quickest packets of one while take longer than those of the
//! while before.

/// Packets of a while: 10 s at 20 ms.
const WHILE: u32 = 500;
/// A greater step from one while to the next is the network's, ms: that would be 300 in a million.
const MOST_MS: i64 = 3;
/// The share of the newest step in the estimate.
const NEW: f32 = 0.25;

/// The estimate, in units of the RTP clock.
#[derive(Debug)]
pub(super) struct Drift {
    most: i64,
    /// Transits of the quickest packet of this while, and of the one before.
    quickest: Option<i64>,
    before: Option<i64>,
    packets: u32,
    /// From one while to the next.
    step: f32,
    /// Less than a unit, yet to be told.
    rest: f32,
}

impl Drift {
    pub(super) fn new(clock: u32) -> Self {
        Drift {
            most: MOST_MS * i64::from(clock) / 1_000,
            quickest: None,
            before: None,
            packets: 0,
            step: 0.0,
            rest: 0.0,
        }
    }

    pub(super) fn clear(&mut self) {
        (self.quickest, self.before, self.packets) = (None, None, 0);
        (self.step, self.rest) = (0.0, 0.0);
    }

    /// Takes a packet's transit and tells how much longer all that came before would take by now, in whole units.
    pub(super) fn follow(&mut self, transit: i64) -> i64 {
        self.quickest = Some(
            self.quickest
                .map_or(transit, |quickest| quickest.min(transit)),
        );
        self.packets += 1;
        if self.packets == WHILE {
            self.compare();
        }
        self.rest += self.step / WHILE as f32;
        let whole = self.rest.trunc();
        self.rest -= whole;
        whole as i64
    }

    fn compare(&mut self) {
        if let (Some(before), Some(quickest)) = (self.before, self.quickest) {
            let step = quickest - before;
            if step.abs() <= self.most {
                self.step += NEW * (step as f32 - self.step);
            }
        }
        self.before = self.quickest.take();
        self.packets = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What all packets together would take longer, units, after so many with these transits.
    fn after(packets: i64, transit: impl Fn(i64) -> i64) -> i64 {
        let mut drift = Drift::new(8_000);
        (0..packets).map(|at| drift.follow(transit(at))).sum()
    }

    #[test]
    fn a_clock_that_runs_away_is_followed() {
        for ppm in [-200, -30, 30, 200] {
            let transit = |at| at * 160 * ppm / 1_000_000;
            let (early, late) = (after(10_000, transit), after(30_000, transit));
            let wanted = 20_000 * 160 * ppm / 1_000_000;
            assert!((late - early - wanted).abs() <= 16, "{late} {early} {ppm}");
        }
    }

    #[test]
    fn neither_jitter_nor_another_route_is_taken_for_a_drift() {
        let jitter = after(30_000, |at| at * 7_919 % 640);
        assert!(jitter.abs() <= 8, "{jitter}");
        let route = after(30_000, |at| if at < 15_000 { 0 } else { 400 });
        assert_eq!(route, 0);
    }
}
