//! How fast the sender's clock runs away from ours: what the quickest packets of one while take longer than those of the
//! while before.

/// A while, s.
const WHILE_S: i64 = 10;
/// Fewer packets say nothing of the quickest way.
const ENOUGH: u32 = 100;
/// Clocks are further apart than this by the network's doing, in a million.
const MOST_PPM: f64 = 300.0;
/// The share of the newest while in the estimate.
const NEW: f64 = 0.25;

/// The estimate. Times are in units of the RTP clock.
#[derive(Debug)]
pub(super) struct Drift {
    clock: u32,
    present: Option<While>,
    /// When the while before began, and its quickest transit.
    before: Option<While>,
    /// When all before was brought up to date.
    last: Option<i64>,
    /// How much longer packets take after each unit of time.
    slope: f64,
    /// Less than a unit, yet to be told.
    rest: f64,
}

#[derive(Debug, Clone, Copy)]
struct While {
    begin: i64,
    quickest: i64,
    packets: u32,
}

impl Drift {
    pub(super) fn new(clock: u32) -> Self {
        Drift {
            clock,
            present: None,
            before: None,
            last: None,
            slope: 0.0,
            rest: 0.0,
        }
    }

    /// Another sender, or another clock of the same.
    pub(super) fn clear(&mut self) {
        *self = Drift::new(self.clock);
    }

    /// Takes a packet's arrival and transit, and tells how much longer all that came before would take since the last
    /// one, in whole units.
    pub(super) fn follow(&mut self, arrival: i64, transit: i64) -> i64 {
        let since = arrival - self.last.replace(arrival).unwrap_or(arrival);
        self.rest += self.slope * since as f64;
        let whole = self.rest.trunc();
        self.rest -= whole;
        self.listen(arrival, transit);
        whole as i64
    }

    fn listen(&mut self, arrival: i64, transit: i64) {
        let present = self.present.get_or_insert(While {
            begin: arrival,
            quickest: transit,
            packets: 0,
        });
        present.quickest = present.quickest.min(transit);
        present.packets += 1;
        if arrival - present.begin < WHILE_S * i64::from(self.clock) {
            return;
        }
        if let Some(present) = self.present.take().filter(|p| p.packets >= ENOUGH) {
            self.compare(present);
        }
    }

    fn compare(&mut self, present: While) {
        let Some(before) = self.before.replace(present) else {
            return;
        };
        let slope =
            (present.quickest - before.quickest) as f64 / (present.begin - before.begin) as f64;
        // What the network does is no reason to believe what was believed of the clock any longer.
        let is_clock = slope.abs() * 1e6 <= MOST_PPM;
        self.slope += NEW * (if is_clock { slope } else { 0.0 } - self.slope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What all packets together would take longer, units, after so many, each of so many ms, with these transits.
    fn after(packets: i64, ms: i64, transit: impl Fn(i64) -> i64) -> i64 {
        let mut drift = Drift::new(8_000);
        let follow = |at| {
            let transit = transit(at);
            drift.follow(at * ms * 8 + transit, transit)
        };
        (0..packets).map(follow).sum()
    }

    #[test]
    fn a_clock_that_runs_away_is_followed_whatever_the_packets_length() {
        for ms in [10, 20, 60] {
            for ppm in [-200, -30, 30, 200] {
                let transit = |at| at * ms * 8 * ppm / 1_000_000;
                let minutes = |minutes: i64| after(minutes * 60_000 / ms, ms, transit);
                let wanted = 5 * 60 * 8_000 * ppm / 1_000_000;
                let followed = minutes(8) - minutes(3);
                assert!((followed - wanted).abs() <= 12, "{followed} {wanted} {ms}");
            }
        }
    }

    #[test]
    fn neither_jitter_nor_another_route_nor_a_queue_is_taken_for_a_drift() {
        let jitter = after(30_000, 20, |at| at * 7_919 % 640);
        assert!(jitter.abs() <= 8, "{jitter}");
        let route = after(30_000, 20, |at| if at < 15_000 { 0 } else { 400 });
        assert_eq!(route, 0);
        // It grows by 2 ms in 10 s, three times, and is emptied: not all of that is believed for long.
        let queue = |packets| after(packets, 20, |at| at / 500 % 4 * 16);
        let minute = queue(24_000) - queue(21_000);
        assert!(minute.abs() <= 64, "{minute}");
        // Few packets in pauses tell nothing.
        let pauses = after(3_000, 400, |at| at % 25 / 24 * 16);
        assert_eq!(pauses, 0);
    }
}
