//! Two clocks, one sound: how a ring between the engine's tick and a sound card is kept about as full as needed.

/// Ticks after which the level is looked at: a second.
const WINDOW: u32 = 50;
/// Sound that shall be left in the ring at its lowest, at first, in seconds.
const TARGET: f64 = 0.004;
/// What the target grows by when the ring ran dry, and how far, in seconds.
const TARGET_STEP: f64 = 0.006;
const TARGET_MOST: f64 = 0.060;
/// What a ring that ran dry keeps for good at most, in seconds: takings that come before the tick instead of after it,
/// when the clocks have drifted past each other, need one block more each time.
const FLOOR_MOST: f64 = 0.030;
/// The largest block that is added to the target at once, in seconds; of cards with larger ones it is learned step by
/// step, for the delay would be heard and few need all of it.
const BLOCK_MOST: f64 = 0.012;
/// How much of the target is kept after a window in which the ring did not run dry: half of it in an hour.
const TARGET_REST: f64 = 0.999_8;
/// By how much the speed changes for a second of sound too much: at first, until the clocks are known, and then, when
/// the speed must hardly change any more, for an echo canceller looks at the loudspeaker's sound through both rings.
const GAIN_FIRST: f64 = 0.2;
const GAIN_LAST: f64 = 0.02;
/// Seconds until the gain is half the first one.
const GAIN_HALF: f64 = 10.0;
/// A level that is as near to the target as this, in seconds, tells of the clocks.
const NEAR: f64 = 0.003;
/// One that is further away shows that they are not known, or that a stall has left something.
const FAR: f64 = 0.006;
/// The most that two clocks are thought to differ by; crystals differ by a fortieth of it, sound servers that round by half.
const CLOCK_MOST: f64 = 0.004;
/// The lowest level is found by how far it is below the mean, which varies less. That distance is learned by this share
/// of what is new in a second, for a stall says nothing of it, and forgotten so slowly.
const SPREAD_SHARE: f64 = 0.2;
const SPREAD_REST: f64 = 0.998;
/// It is not more than this, in seconds, but for a stall.
const SPREAD_MOST: f64 = 0.020;
/// The most the speed changes: a twelfth of a semitone, which nobody hears in a voice.
const MOST: f64 = 0.005;
/// Sound above the target that is dropped at once instead of being sped up, in seconds.
const EXCESS: f64 = 0.020;

/// Decides how fast sound flows through a ring.
#[derive(Clone, Debug)]
pub struct Drift {
    target: f64,
    /// What the target never falls below.
    floor: f64,
    /// By how much the card's clock is thought to be off.
    clock: f64,
    /// Seconds for which the clock was learned.
    age: f64,
    /// How far the lowest level is below the mean.
    spread: f64,
    window: Window,
}

/// What was seen since the last look.
#[derive(Clone, Debug)]
struct Window {
    ticks: u32,
    marks: u32,
    sum: f64,
    least: f64,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            ticks: 0,
            marks: 0,
            sum: 0.0,
            least: f64::MAX,
        }
    }
}

/// What is to be done about a ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Correction {
    /// Stretch the sound by this factor; below 1.0 the ring empties.
    Stretch(f64),
    /// Drop this much of the sound, in seconds.
    Drop(f64),
}

impl Default for Drift {
    fn default() -> Self {
        Self {
            target: TARGET,
            floor: TARGET,
            clock: 0.0,
            age: 0.0,
            spread: 0.0,
            window: Window::default(),
        }
    }
}

impl Drift {
    /// The largest change of speed, as a factor.
    pub const RANGE: f64 = 1.0 + 2.0 * MOST;

    /// Sound that shall be in the ring at its lowest, in seconds.
    pub fn target(&self) -> f64 {
        self.target
    }

    /// The ring ran dry: from now on it is kept fuller, by as much as is taken at a time, in seconds, 0.0 where that is
    /// not known.
    pub fn starved(&mut self, block: f64) {
        let block = if block <= BLOCK_MOST { block } else { 0.0 };
        let needed = (TARGET + block).max(self.target + TARGET_STEP / 2.0);
        self.floor = needed.min(FLOOR_MOST);
        self.target = (self.target + TARGET_STEP).max(needed).min(TARGET_MOST);
        (self.age, self.spread) = (0.0, 0.0);
        self.restart();
    }

    /// The ring was emptied or filled by hand: what was seen before tells nothing any more.
    pub fn restart(&mut self) {
        self.window = Window::default();
    }

    /// Once a tick: what was left in the ring, in seconds of sound, after the last taking; `None` if nothing was taken.
    pub fn watch(&mut self, left: Option<f64>) -> Option<Correction> {
        let window = &mut self.window;
        window.ticks += 1;
        if let Some(left) = left {
            window.marks += 1;
            window.sum += left;
            window.least = window.least.min(left);
        }
        if window.ticks < WINDOW || window.marks == 0 {
            return None;
        }
        let window = std::mem::take(window);
        self.target = (self.target * TARGET_REST).max(self.floor);
        let surplus = window.least - self.target;
        if surplus > EXCESS {
            return Some(Correction::Drop(surplus));
        }
        let mean = window.sum / f64::from(window.marks);
        self.learn_spread((mean - window.least).min(SPREAD_MOST));
        let low = (mean - self.spread).min(window.least);
        let change = self.change(low - self.target);
        Some(Correction::Stretch(1.0 - change.clamp(-MOST, MOST)))
    }

    fn learn_spread(&mut self, spread: f64) {
        self.spread = match self.spread {
            0.0 => spread,
            known if spread > known => known + SPREAD_SHARE * (spread - known),
            known => spread.max(known * SPREAD_REST),
        };
    }

    /// By how much the sound is to flow faster: as the clock that is learned says, and a spring to the target that becomes
    /// softer as it is known.
    fn change(&mut self, excess: f64) -> f64 {
        if excess.abs() > FAR {
            self.age = 0.0;
        } else if excess.abs() < NEAR {
            self.age += 1.0;
        }
        let gain = (GAIN_FIRST / (1.0 + self.age / GAIN_HALF)).max(GAIN_LAST);
        // What a stall has left says nothing of the clock.
        let learned = self.clock + gain * gain / 4.0 * excess.clamp(-FAR, FAR);
        self.clock = learned.clamp(-CLOCK_MOST, CLOCK_MOST);
        self.clock + gain * excess
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// Runs a loudspeaker whose clock is off by `skew` and that takes `period` seconds at a time. Returns what was
    /// left after each taking, and how often the ring ran dry after so many seconds.
    fn run(skew: f64, period: f64, minutes: f64, since: f64) -> (Vec<f64>, u32) {
        let (mut drift, mut level, mut ratio) = (Drift::default(), 0.0_f64, 1.0);
        let (mut taken, mut dry, mut marks) = (0.0, 0, Vec::new());
        for tick in 0..(minutes * 3_000.0) as u32 {
            let now = f64::from(tick) * 0.02 * (1.0 + skew);
            let mut left = None;
            while taken + period <= now {
                taken += period;
                if level < period {
                    drift.starved(period);
                    level = period + drift.target();
                    dry += u32::from(now > since);
                }
                level -= period;
                left = Some(level);
            }
            marks.extend(left);
            match drift.watch(left) {
                Some(Correction::Stretch(new)) => ratio = new,
                Some(Correction::Drop(seconds)) => level -= seconds,
                None => {}
            }
            level += 0.02 * ratio;
        }
        (marks, dry)
    }

    #[test]
    fn a_sound_card_that_runs_fast_or_slow_neither_starves_nor_piles_up() {
        for skew in [-0.001, -0.000_1, 0.0, 0.000_1, 0.001] {
            for period in [0.005, 0.010, 0.021_333, 0.040] {
                let (marks, dry) = run(skew, period, 10.0, 60.0);
                assert!(
                    dry <= 2,
                    "ran dry {dry} times at {skew} with periods of {period}"
                );
                let late = &marks[marks.len() / 2..];
                let least = late.iter().copied().fold(f64::MAX, f64::min);
                assert!(
                    least < 0.020,
                    "{least} s always wait at {skew} with periods of {period}"
                );
            }
        }
    }

    #[test]
    fn an_hour_at_a_clock_off_by_100_ppm_runs_neither_dry_nor_full() {
        for skew in [-0.000_1, 0.000_1] {
            // What drifting past the tick teaches it, once or step by step, and until when.
            for (period, lessons, until) in [
                (0.005, 1, 300.0),
                (0.010, 1, 300.0),
                (0.021_333, 4, 1_200.0),
            ] {
                let (marks, all) = run(skew, period, 60.0, 0.5);
                let (_, dry) = run(skew, period, 60.0, until);
                assert!(
                    dry == 0 && all <= lessons,
                    "{all}, {dry} at {skew} with periods of {period}"
                );
                // Without a correction it would be 360 ms away by now; what waits is bounded from the first minute on.
                let settled = &marks[marks.len() / 60..];
                let most = settled.iter().copied().fold(0.0, f64::max);
                assert!(
                    most < 0.060,
                    "{most} s wait at {skew} with periods of {period}"
                );
            }
        }
    }

    #[test]
    fn the_speed_hardly_changes_once_the_clocks_are_known() {
        for skew in [0.0, 0.000_05, -0.000_1] {
            let (mut drift, mut ratios) = (Drift::default(), Vec::new());
            let (mut level, mut ratio, mut seed) = (0.030, 1.0, 7_u32);
            for _ in 0..120 * 50 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // The card takes a block of 10 ms now and then later than it is due.
                let late = f64::from(seed >> 16) / 65_536.0 * 0.004;
                match drift.watch(Some(level - late)) {
                    Some(Correction::Stretch(new)) => ratio = new,
                    Some(Correction::Drop(seconds)) => level -= seconds,
                    None => {}
                }
                ratios.push(ratio);
                level += 0.02 * (ratio - 1.0 - skew);
            }
            for after in [&ratios[25 * 50..], &ratios[60 * 50..]] {
                let mean = after.iter().sum::<f64>() / after.len() as f64;
                let most = after.iter().map(|ratio| (ratio - mean).abs());
                let most = most.fold(0.0, f64::max);
                assert!(most < 0.000_1, "{most} at {skew}");
            }
        }
    }

    #[test]
    fn a_burst_after_a_stall_is_dropped_not_kept_for_the_rest_of_the_call() {
        let mut drift = Drift::default();
        let corrections: Vec<_> = (0..50).filter_map(|_| drift.watch(Some(0.204))).collect();
        assert!(
            matches!(corrections[..], [Correction::Drop(seconds)] if (seconds - 0.2).abs() < 1e-9)
        );
    }

    #[test]
    fn a_card_that_has_not_begun_to_take_is_waited_for() {
        let mut drift = Drift::default();
        assert!((0..500).all(|_| drift.watch(None).is_none()));
        assert!(drift.watch(Some(0.004)).is_some());
    }
}
