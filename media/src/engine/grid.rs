//! The engine's clock: one tick every 20 ms, by absolute deadlines.

use std::time::{Duration, Instant};

/// Length of a tick and of a frame.
pub const TICK: Duration = Duration::from_millis(20);
/// Ticks that are made up for after a stall; what is older is skipped.
const CATCH_UP: u32 = 10;

/// The ticks that are due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Ticks that are left out: nobody would want to hear them any more.
    pub skip: u32,
    /// Ticks to run.
    pub run: u32,
}

/// When ticks are due. It never drifts: a late tick does not move those after it.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    next: Instant,
}

impl Grid {
    /// The first tick is due one tick after `now`.
    pub fn new(now: Instant) -> Self {
        Self { next: now + TICK }
    }

    /// When the next tick is due.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// Takes the ticks that are due.
    pub fn take_due(&mut self, now: Instant) -> Due {
        let Some(late) = now.checked_duration_since(self.next) else {
            return Due::default();
        };
        let ticks = u32::try_from(late.as_nanos() / TICK.as_nanos()).unwrap_or(u32::MAX - 1) + 1;
        self.next += TICK * ticks;
        let run = ticks.min(CATCH_UP);
        Due {
            skip: ticks - run,
            run,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stay_on_the_grid_however_late_they_are_served() {
        let start = Instant::now();
        let mut grid = Grid::new(start);
        let mut ticks = 0;
        let mut now = start;
        for step in 0..1_000 {
            now += Duration::from_micros(17_000 + step * 7 % 9_000);
            let due = grid.take_due(now);
            assert_eq!(due.skip, 0);
            ticks += due.run;
        }
        assert_eq!(
            u128::from(ticks),
            (now - start).as_nanos() / TICK.as_nanos()
        );
        assert_eq!(grid.next(), start + TICK * (ticks + 1));
    }

    #[test]
    fn after_a_stall_the_latest_ticks_run_and_the_others_are_counted() {
        let start = Instant::now();
        let mut grid = Grid::new(start);
        assert_eq!(grid.take_due(start), Due::default());
        assert_eq!(grid.take_due(start + TICK * 6), Due { skip: 0, run: 6 });
        assert_eq!(grid.take_due(start + TICK * 106), Due { skip: 90, run: 10 });
        assert_eq!(grid.take_due(start + TICK * 106), Due::default());
        assert_eq!(grid.next(), start + TICK * 107);
    }
}
