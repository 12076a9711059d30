//! Voice in place of lost packets for codecs without concealment of their own: the last pitch
//! periods go on and fade, in the manner of ITU-T G.711 Appendix I, but without its delay.

use crate::pitch;

/// Pitch periods sought, ms: 200 Hz down to 66 Hz; a higher voice shows at twice its period.
const MIN_LAG_MS: f32 = 5.0;
const MAX_LAG_MS: f32 = 15.0;
/// Enough for three of the longest periods and a quarter.
const HISTORY_MS: f32 = 48.75;
/// The stretch compared when the period is sought.
const COMPARED_MS: f32 = 20.0;
/// One period for so long, then two, then three: a single one repeated turns into a buzz.
const PERIOD_STEP_MS: f32 = 10.0;
const MAX_PERIODS: usize = 3;
/// Full volume until here, silence there.
const FADE_FROM_MS: f32 = 10.0;
const FADE_TO_MS: f32 = 60.0;
/// The made-up voice goes over into the real one within this long, longer after longer losses.
const JOIN_MS: f32 = 4.0;
const MAX_JOIN_MS: f32 = 10.0;

/// What was heard last, and the loss that is being concealed.
#[derive(Debug)]
pub(crate) struct Concealment {
    sample_rate: u32,
    history: Vec<f32>,
    /// The history as it was when the loss began, newest first.
    before: Vec<f32>,
    loss: Option<Loss>,
}

#[derive(Debug, Clone, Copy)]
struct Loss {
    lag: usize,
    periods: Repeat,
    /// The fewer periods repeated until just now, and how many samples of them still fade.
    fewer: Option<(Repeat, usize)>,
    /// Samples made up so far.
    elapsed: usize,
    /// The step from the last real sample to the first made-up one, taken out over a quarter.
    step: f32,
}

/// The last `len` samples before the loss, over and over.
#[derive(Debug, Clone, Copy)]
struct Repeat {
    len: usize,
    quarter: usize,
    position: usize,
}

impl Repeat {
    fn next(&mut self, before: &[f32]) -> f32 {
        let left = self.len - self.position; // to the seam where the end meets the start
        let sample = before[left - 1];
        self.position = (self.position + 1) % self.len;
        if left > self.quarter {
            return sample;
        }
        // What led up to the start fades in, so that the seam is smooth.
        let rise = 1.0 - left as f32 / (self.quarter + 1) as f32;
        sample * (1.0 - rise) + before[self.len + left - 1] * rise
    }
}

impl Concealment {
    pub(crate) fn new(sample_rate: u32) -> Self {
        let len = pitch::samples_of(HISTORY_MS, sample_rate);
        Concealment {
            sample_rate,
            history: vec![0.0; len],
            before: vec![0.0; len],
            loss: None,
        }
    }

    fn samples(&self, ms: f32) -> usize {
        pitch::samples_of(ms, self.sample_rate)
    }

    fn ms(&self, samples: usize) -> f32 {
        samples as f32 * 1_000.0 / self.sample_rate as f32
    }

    /// Whether what was heard last was made up.
    pub(crate) fn is_concealing(&self) -> bool {
        self.loss.is_some()
    }

    /// Takes decoded audio, and joins it to what was made up before it, if anything was.
    pub(crate) fn receive(&mut self, frame: &mut [f32]) {
        if let Some(mut loss) = self.loss.take() {
            let longer = 0.4 * (self.ms(loss.elapsed) - PERIOD_STEP_MS).max(0.0);
            let join = self
                .samples((JOIN_MS + longer).min(MAX_JOIN_MS))
                .min(frame.len());
            for (index, sample) in frame[..join].iter_mut().enumerate() {
                let rise = (index + 1) as f32 / (join + 1) as f32;
                *sample = *sample * rise + self.next(&mut loss) * (1.0 - rise);
            }
        }
        self.remember(frame);
    }

    /// Makes up what follows.
    pub(crate) fn conceal(&mut self, out: &mut [f32]) {
        let mut loss = match self.loss {
            Some(loss) => loss,
            None => self.begin(),
        };
        for sample in out.iter_mut() {
            *sample = self.next(&mut loss);
        }
        self.loss = Some(loss);
        self.remember(out);
    }

    fn remember(&mut self, heard: &[f32]) {
        let len = self.history.len();
        if heard.len() >= len {
            self.history.copy_from_slice(&heard[heard.len() - len..]);
        } else {
            self.history.copy_within(heard.len().., 0);
            self.history[len - heard.len()..].copy_from_slice(heard);
        }
    }

    fn begin(&mut self) -> Loss {
        for (before, heard) in self.before.iter_mut().zip(self.history.iter().rev()) {
            *before = *heard;
        }
        let (min, max) = (self.samples(MIN_LAG_MS), self.samples(MAX_LAG_MS));
        let compared = self.samples(COMPARED_MS);
        let lag = pitch::best_lag(&self.before, self.sample_rate, compared, min, max).samples;
        Loss {
            lag,
            periods: Repeat {
                len: lag,
                quarter: lag / 4,
                position: 0,
            },
            fewer: None,
            elapsed: 0,
            step: self.before[0] - self.before[lag],
        }
    }

    fn next(&mut self, loss: &mut Loss) -> f32 {
        let count = loss.periods.len / loss.lag;
        if count < MAX_PERIODS && loss.elapsed == self.samples(PERIOD_STEP_MS) * count {
            let position = loss.periods.position % loss.lag;
            let more = Repeat {
                len: loss.periods.len + loss.lag,
                position,
                ..loss.periods
            };
            loss.fewer = Some((std::mem::replace(&mut loss.periods, more), more.quarter));
        }
        let quarter = loss.periods.quarter;
        let mut sample = loss.periods.next(&self.before);
        if let Some((fewer, left)) = &mut loss.fewer {
            let fall = *left as f32 / (quarter + 1) as f32;
            sample = sample * (1.0 - fall) + fewer.next(&self.before) * fall;
            *left -= 1;
            if *left == 0 {
                loss.fewer = None;
            }
        }
        if loss.elapsed < quarter {
            sample += loss.step * (1.0 - (loss.elapsed + 1) as f32 / (quarter + 1) as f32);
        }
        let faded = (self.ms(loss.elapsed) - FADE_FROM_MS) / (FADE_TO_MS - FADE_FROM_MS);
        loss.elapsed += 1;
        sample * (1.0 - faded.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;

    /// A tone through losses of the given frames of 20 ms.
    fn heard(rate: u32, lost: &[usize]) -> Vec<f32> {
        let frame = rate as usize / 50;
        let mut voice = signal::tone(rate, 205.0, 0.5, frame * 50);
        let mut concealment = Concealment::new(rate);
        for (index, frame) in voice.chunks_exact_mut(frame).enumerate() {
            if lost.contains(&index) {
                concealment.conceal(frame);
            } else {
                concealment.receive(frame);
            }
        }
        voice
    }

    fn largest_step(samples: &[f32]) -> f32 {
        samples
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn a_lost_frame_of_a_steady_voice_is_hardly_heard() {
        for rate in [8_000, 16_000] {
            let heard = heard(rate, &[20]);
            let frame = rate as usize / 50;
            let around = &heard[19 * frame..22 * frame];
            assert!(
                signal::tone_to_noise(around, rate, 205.0) > 12.0,
                "at {rate}"
            );
            let natural = largest_step(&heard[..10 * frame]);
            assert!(largest_step(&heard) < 1.6 * natural, "a click at {rate}");
        }
    }

    #[test]
    fn a_long_loss_fades_to_silence_within_60_ms_and_the_voice_comes_back_without_a_click() {
        let heard = heard(8_000, &[20, 21, 22, 23, 24]);
        assert_eq!(signal::power(&heard[23 * 160..25 * 160]), 0.0);
        assert!(largest_step(&heard) < 1.6 * largest_step(&heard[..1_600]));
        assert!(signal::has_tone(&heard[26 * 160..27 * 160], 8_000, 205.0));
    }

    #[test]
    fn nothing_is_made_up_from_silence() {
        let mut concealment = Concealment::new(8_000);
        let mut out = [1.0; 160];
        concealment.conceal(&mut out);
        assert_eq!(signal::power(&out), 0.0);
    }
}
