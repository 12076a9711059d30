//! When within 20 ms to tick: so that packets wait as little as possible for the tick that takes them.
//!
//! A call's packets come at some phase of our grid and wait for the next tick, ten milliseconds on average for nothing.
//! A grid moved to where they just have come saves that. With calls at every phase there is nothing to be saved.

use std::time::Duration;

/// Bins of a millisecond that make up a tick.
const BINS: usize = 20;
/// The room that the jitter buffer wants, ms.
const ROOM: usize = 4;
/// Looks that are needed before anything is concluded.
const ENOUGH: u32 = 4;
/// A move that saves less than this is not worth it, ms.
const WORTH: f64 = 1.5;

/// How much earlier the calls' packets could have been taken.
#[derive(Clone, Debug, Default)]
pub struct Headroom {
    bins: [u32; BINS],
}

impl Headroom {
    /// One call's packets were there so many milliseconds before they were needed, even the late ones.
    pub fn note(&mut self, ms: f32) {
        // A call that is short of room gets it from its jitter buffer.
        if ms >= 0.0 {
            self.bins[ms as usize % BINS] += 1;
        }
    }

    /// How much earlier (within a tick) to tick, if that is worth it. Begins anew.
    pub fn take_advice(&mut self) -> Option<Duration> {
        let bins = std::mem::take(&mut self.bins);
        let looks: u32 = bins.iter().sum();
        if looks < ENOUGH {
            return None;
        }
        let wait = |earlier: usize| {
            let wait = |(bin, count)| count as usize * ((bin + 2 * BINS - earlier - ROOM) % BINS);
            bins.into_iter().enumerate().map(wait).sum::<usize>() as f64 / f64::from(looks)
        };
        let best = (0..BINS).min_by(|a, b| wait(*a).total_cmp(&wait(*b)))?;
        (wait(0) - wait(best) >= WORTH).then(|| Duration::from_millis(best as u64))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn advice(headroom: impl IntoIterator<Item = f32>) -> Option<Duration> {
        let mut seen = Headroom::default();
        headroom.into_iter().for_each(|ms| seen.note(ms));
        seen.take_advice()
    }

    #[test]
    fn packets_that_wait_long_are_taken_when_they_just_have_come() {
        assert_eq!(advice([14.2; 5]), Some(Duration::from_millis(10)));
        // Too close to the tick: better the one after.
        assert_eq!(advice([1.5; 5]), Some(Duration::from_millis(17)));
        assert_eq!(advice([4.5; 5]), None);
        assert_eq!(advice([5.5; 5]), None);
    }

    #[test]
    fn calls_at_every_phase_leave_the_grid_where_it_is() {
        assert_eq!(advice((0..200).map(|index| index as f32 / 10.0)), None);
        assert_eq!(advice([15.0; 3]), None, "too few to tell");
        assert_eq!(advice([-3.0; 50]), None, "short of room");
    }
}
