//! Sound faster or slower with its pitch kept: overlapped pieces, each laid where it goes on best
//! (WSOLA: Verhelst and Roelands, ICASSP 1993).

use crate::pitch;

/// How slow and how fast sound may be.
pub const SPEEDS: std::ops::RangeInclusive<f32> = 0.5..=3.0;

/// A piece goes over into the next for this long: a period and a half of a low voice.
const OVERLAP_MS: f32 = 15.0;
/// How far from its place a piece may be taken: half a period of a low voice.
const REACH_MS: f32 = 7.0;
/// At which rate pieces are compared first; what is found there is looked at closely then.
const COARSE_RATE: u32 = 8_000;

/// One voice on its way from its own time into another one.
pub struct Tempo {
    speed: f32,
    overlap: usize,
    reach: usize,
    /// How many samples a coarse look goes on by.
    coarse: usize,
    /// What came and is not done with.
    input: Vec<f32>,
    /// Where in it the next piece should begin, by the speed alone.
    due: f64,
    /// Where in it the latest piece would go on by itself; none at the beginning.
    going_on: Option<usize>,
    /// Made and not taken yet.
    made: Vec<f32>,
}

impl Tempo {
    /// A voice in its own time, of so many samples a second.
    pub fn new(rate: u32) -> Self {
        Self {
            speed: 1.0,
            overlap: pitch::samples_of(OVERLAP_MS, rate),
            reach: pitch::samples_of(REACH_MS, rate),
            coarse: (rate / COARSE_RATE).max(1) as usize,
            input: Vec::new(),
            due: 0.0,
            going_on: None,
            made: Vec::new(),
        }
    }

    /// How much faster than its own time it goes.
    pub fn speed(&self) -> f32 {
        self.speed
    }

    /// From now on it goes so fast, within [`SPEEDS`].
    pub fn set_speed(&mut self, speed: f32) {
        if !speed.is_nan() {
            self.speed = speed.clamp(*SPEEDS.start(), *SPEEDS.end());
        }
    }

    /// Forgets what came: something else follows.
    pub fn reset(&mut self) {
        self.input.clear();
        self.made.clear();
        (self.due, self.going_on) = (0.0, None);
    }

    /// How many samples came that are not heard yet.
    pub fn waiting(&self) -> usize {
        let behind = self.going_on.unwrap_or(0).min(self.input.len());
        let made = self.made.len() as f32 * self.speed;
        self.input.len() - behind + made as usize
    }

    /// Fills `out` as far as there is sound; returns how much of it is. `more` adds samples and says
    /// whether there were any.
    ///
    /// # Errors
    /// Those of `more`.
    pub fn next<E>(
        &mut self,
        out: &mut [f32],
        mut more: impl FnMut(&mut Vec<f32>) -> Result<bool, E>,
    ) -> Result<usize, E> {
        while self.made.len() < out.len() {
            let needed = self.due as usize + self.reach + 2 * self.overlap;
            let mut is_over = false;
            while self.input.len() < needed && !is_over {
                is_over = !more(&mut self.input)?;
            }
            if !is_over {
                self.piece();
            } else if !self.last_piece() {
                break;
            }
        }
        let len = self.made.len().min(out.len());
        out[..len].copy_from_slice(&self.made[..len]);
        self.made.drain(..len);
        Ok(len)
    }

    /// Lays the next piece.
    fn piece(&mut self) {
        let begin = match self.going_on {
            None => self.due as usize,
            // In its own time a voice goes on as it is.
            Some(on) if (self.speed - 1.0).abs() < 0.005 => on,
            Some(on) => self.best(on),
        };
        let on = self.going_on.unwrap_or(begin);
        for at in 0..self.overlap {
            let turn = std::f32::consts::PI * (at as f32 + 0.5) / self.overlap as f32;
            let rise = 0.5 - 0.5 * turn.cos();
            let sample = self.input[on + at] * (1.0 - rise) + self.input[begin + at] * rise;
            self.made.push(sample);
        }
        let on = begin + self.overlap;
        self.due = match (self.speed - 1.0).abs() < 0.005 {
            true => on as f64,
            false => self.due + f64::from(self.speed) * self.overlap as f64,
        };
        self.forget(on);
    }

    /// What is left at the end, as it is; whether there was any.
    fn last_piece(&mut self) -> bool {
        let from = self.going_on.unwrap_or(0).min(self.input.len());
        let has_more = from < self.input.len();
        self.made.extend(&self.input[from..]);
        self.input.clear();
        (self.due, self.going_on) = (0.0, Some(0));
        has_more
    }

    /// Lets go of what no piece can reach any more.
    fn forget(&mut self, on: usize) {
        let behind = (self.due as usize).saturating_sub(self.reach).min(on);
        let behind = behind.min(self.input.len());
        self.input.drain(..behind);
        self.due -= behind as f64;
        self.going_on = Some(on - behind);
    }

    /// The beginning near the due one from which the sound is the most like what would go on.
    fn best(&self, on: usize) -> usize {
        let due = self.due as usize;
        let (low, high) = (due.saturating_sub(self.reach), due + self.reach);
        let coarse = self.most_alike(on, (low..=high).step_by(self.coarse), self.coarse);
        let (low, high) = (
            coarse.saturating_sub(self.coarse).max(low),
            (coarse + self.coarse).min(high),
        );
        self.most_alike(on, low..=high, 1)
    }

    fn most_alike(&self, on: usize, begins: impl Iterator<Item = usize>, step: usize) -> usize {
        let likeness = |begin: usize| {
            let pairs = (0..self.overlap).step_by(step);
            let pairs = pairs.map(|at| (self.input[on + at], self.input[begin + at]));
            let (mut both, mut own) = (0.0, 1e-9);
            for (one, other) in pairs {
                both += one * other;
                own += other * other;
            }
            both / f32::sqrt(own)
        };
        let mut best = (on, f32::MIN);
        for begin in begins {
            let alike = likeness(begin);
            if alike > best.1 {
                best = (begin, alike);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::signal::{self, tone_to_noise};

    /// The whole sound at a speed, in blocks of 20 ms.
    fn at_speed(sound: &[f32], rate: u32, speed: f32) -> Vec<f32> {
        let mut tempo = Tempo::new(rate);
        tempo.set_speed(speed);
        let mut blocks = sound.chunks(rate as usize / 50);
        let mut all = Vec::new();
        let mut out = vec![0.0; rate as usize / 50];
        loop {
            let heard = tempo.next(&mut out, |input| {
                let block = blocks.next();
                input.extend(block.into_iter().flatten());
                Ok::<_, Infallible>(block.is_some())
            });
            let Ok(len) = heard;
            all.extend(&out[..len]);
            if len < out.len() {
                return all;
            }
        }
    }

    #[test]
    fn s5_30_a_voice_is_faster_or_slower_by_as_much_and_keeps_its_pitch_without_clicks() {
        for rate in [8_000, 16_000, 48_000] {
            let voice = signal::tone(rate, 200.0, 0.5, 2 * rate as usize);
            let step = |sound: &[f32]| {
                let steps = sound.windows(2).map(|pair| (pair[1] - pair[0]).abs());
                steps.fold(0.0, f32::max)
            };
            for speed in [0.5, 0.75, 1.25, 1.5, 2.0, 3.0] {
                let heard = at_speed(&voice, rate, speed);
                let length = heard.len() as f32 / rate as f32;
                // The end, half a frame and more, comes as it is.
                let wrong = (length - 2.0 / speed).abs();
                assert!(wrong < 0.06, "{length} s at {speed}, {rate}");
                let steady = &heard[rate as usize / 10..heard.len() - rate as usize / 10];
                let purity = tone_to_noise(steady, rate, 200.0);
                assert!(purity > 25.0, "{purity} dB at {speed}, {rate}");
                assert!(
                    step(steady) < 1.2 * step(&voice),
                    "a click at {speed}, {rate}"
                );
            }
        }
    }

    #[test]
    fn s5_30_in_its_own_time_every_sample_is_as_it_was() {
        let mut random = crate::random::Random::new(7);
        let noise: Vec<f32> = (0..16_100).map(|_| random.next_f32() - 0.5).collect();
        let heard = at_speed(&noise, 16_000, 1.0);
        assert_eq!(heard.len(), noise.len());
        let worst = heard
            .iter()
            .zip(&noise)
            .map(|(one, other)| (one - other).abs());
        assert!(worst.fold(0.0, f32::max) < 1e-6);
    }

    #[test]
    fn a_speed_stays_within_its_bounds_and_short_sounds_come_out_whole() {
        let mut tempo = Tempo::new(8_000);
        for (asked, speed) in [(0.0, 0.5), (99.0, 3.0), (f32::NAN, 3.0), (1.5, 1.5)] {
            tempo.set_speed(asked);
            assert_eq!(tempo.speed(), speed, "{asked}");
        }
        for len in [0, 1, 100, 239, 240] {
            assert_eq!(at_speed(&vec![0.1; len], 8_000, 2.0), vec![0.1; len]);
        }
    }
}
