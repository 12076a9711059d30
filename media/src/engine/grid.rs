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

/// How far the grid may be moved from one tick to the next: half a percent, which no peer and no ear minds.
const STEP: i64 = 100_000;
/// A tick in nanoseconds: no move goes further from where the grid would be by itself, so it keeps time.
const WHOLE: i64 = TICK.as_nanos() as i64;
/// A phase that is later by at most this is reached by moving later.
const LATER: i64 = WHOLE / 4;

/// When ticks are due. It never drifts: a late tick does not move those after it.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    /// The next tick, were the grid never moved.
    nominal: Instant,
    /// How far it is moved, and how far it shall be, in nanoseconds; negative is earlier.
    offset: i64,
    aim: i64,
}

impl Grid {
    /// The first tick is due one tick after `now`.
    pub fn new(now: Instant) -> Self {
        Self {
            nominal: now + TICK,
            offset: 0,
            aim: 0,
        }
    }

    /// When the next tick is due.
    pub fn next(&self) -> Instant {
        let offset = Duration::from_nanos(self.offset.unsigned_abs());
        let next = if self.offset < 0 {
            self.nominal.checked_sub(offset)
        } else {
            self.nominal.checked_add(offset)
        };
        next.unwrap_or(self.nominal)
    }

    /// Moves the grid, little by little, until its ticks come at a phase that is earlier by `by`.
    pub fn move_earlier(&mut self, by: Duration) {
        let by = (by.as_nanos() % TICK.as_nanos()) as i64;
        let aim = self.offset - if WHOLE - by <= LATER { by - WHOLE } else { by };
        // The same phase, but near to where the grid would be by itself.
        self.aim = (aim - LATER).rem_euclid(WHOLE) + LATER - WHOLE;
    }

    /// Whether it is still on its way.
    pub fn is_moving(&self) -> bool {
        self.offset != self.aim
    }

    /// Takes the ticks that are due.
    pub fn take_due(&mut self, now: Instant) -> Due {
        let Some(late) = now.checked_duration_since(self.next()) else {
            return Due::default();
        };
        let ticks = u32::try_from(late.as_nanos() / TICK.as_nanos()).unwrap_or(u32::MAX - 1) + 1;
        self.nominal += TICK * ticks;
        self.offset += (self.aim - self.offset).clamp(-STEP, STEP);
        let run = ticks.min(CATCH_UP);
        Due {
            skip: ticks - run,
            run,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
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

    #[test]
    fn the_grid_moves_by_small_steps_to_the_phase_asked_for_and_keeps_time() {
        for (by, offset) in [(3, -3), (12, -12), (14, -14), (16, 4), (19, 1)] {
            let start = Instant::now();
            let mut grid = Grid::new(start);
            grid.move_earlier(Duration::from_millis(by));
            assert!(grid.is_moving());
            let mut last = start;
            for _ in 0..500 {
                let next = grid.next();
                assert!((next - last).abs_diff(TICK) <= Duration::from_nanos(STEP as u64));
                assert_eq!(grid.take_due(next), Due { skip: 0, run: 1 });
                last = next;
            }
            let nominal = (start + TICK * 500)
                .checked_duration_since(start)
                .unwrap()
                .as_millis() as i64;
            assert_eq!((last - start).as_millis() as i64 - nominal, offset);
        }
    }
}
