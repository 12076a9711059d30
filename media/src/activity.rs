//! Whether somebody speaks: voice told from the noise around it by how far it rises above the
//! quietest of late.

/// What the sound must rise above the noise to be voice, dB.
const RISE_DB: f32 = 8.0;
/// Nothing below this is voice, dB of full scale.
const QUIETEST_DB: f32 = -58.0;
/// The noise is taken to grow by no more than this, dB a second, so that voice is not taken for it.
const GROWTH_DB: f32 = 2.5;
/// What is heard first is taken for noise up to this, dB of full scale: a voice is louder.
const FIRST_DB: f32 = -40.0;
/// After voice this long is voice, too: words end softly, and there are gaps within them, ms.
const HANGOVER_MS: f32 = 240.0;
/// Below this nobody listens at all, dB of full scale: no room is so quiet.
const SWITCHED_OFF_DB: f32 = -80.0;
/// Silence as a level, dB.
const NOTHING_DB: f32 = -100.0;

/// What a stretch of sound is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sound {
    /// Somebody speaks.
    Voice,
    /// Somebody has just spoken: what follows may be the word's end, and mostly is noise.
    Trailing,
    /// Nobody speaks.
    Noise,
}

/// Tells voice from noise.
#[derive(Debug)]
pub(crate) struct Activity {
    /// Of the sound as it is, and of its differences, where hisses stand out.
    floors: [Option<f32>; 2],
    last: f32,
    hangover_ms: f32,
    /// Mean powers of what was voice and of what was none; none yet: zero.
    voice: Mean,
    noise: Mean,
}

/// A mean power over time.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    ms: f64,
}

impl Mean {
    fn add(&mut self, power: f32, ms: f32) {
        self.sum += f64::from(power * ms);
        self.ms += f64::from(ms);
    }

    /// dB of full scale.
    fn level(self) -> Option<f32> {
        (self.ms > 0.0).then(|| decibels((self.sum / self.ms) as f32))
    }
}

impl Default for Activity {
    fn default() -> Self {
        Activity {
            floors: [None; 2],
            last: 0.0,
            // Nothing is known yet of the noise: what begins may be voice.
            hangover_ms: HANGOVER_MS,
            voice: Mean::default(),
            noise: Mean::default(),
        }
    }
}

impl Activity {
    /// Takes the next stretch of sound, 10 to 60 ms, and says what it is.
    pub(crate) fn hear(&mut self, samples: &[f32], rate: u32) -> Sound {
        let ms = samples.len() as f32 * 1_000.0 / rate as f32;
        let (mut power, mut differences) = (0.0, 0.0);
        for sample in samples {
            power += sample * sample;
            differences += (sample - self.last) * (sample - self.last);
            self.last = *sample;
        }
        let count = samples.len().max(1) as f32;
        let power = power / count;
        if decibels(power) < SWITCHED_OFF_DB {
            // A microphone that is switched off says nothing about the noise around it.
            return self.no_voice(ms);
        }
        let mut rises = false;
        for (floor, power) in self.floors.iter_mut().zip([power, differences / count]) {
            let level = decibels(power);
            let known = floor.unwrap_or(level.min(FIRST_DB));
            rises |= level > known.max(QUIETEST_DB) + RISE_DB;
            *floor = Some(level.min(known + GROWTH_DB * ms / 1_000.0));
        }
        if rises {
            self.voice.add(power, ms);
            self.hangover_ms = HANGOVER_MS;
            return Sound::Voice;
        }
        self.noise.add(power, ms);
        self.no_voice(ms)
    }

    fn no_voice(&mut self, ms: f32) -> Sound {
        self.hangover_ms = (self.hangover_ms - ms).max(-ms);
        match self.hangover_ms > -ms {
            true => Sound::Trailing,
            false => Sound::Noise,
        }
    }

    /// The mean level of what was voice and of what was none, dB of full scale.
    pub(crate) fn levels(&self) -> (Option<f32>, Option<f32>) {
        (self.voice.level(), self.noise.level())
    }
}

/// A power as dB of full scale.
pub(crate) fn decibels(power: f32) -> f32 {
    (10.0 * power.max(1e-10).log10()).max(NOTHING_DB)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::signal;

    const RATE: u32 = 8_000;

    fn noise(level_db: f32, len: usize, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed);
        let amplitude = 3.0_f32.sqrt() * 10.0_f32.powf(level_db / 20.0);
        let mut sample = || amplitude * (2.0 * random.next_f32() - 1.0);
        (0..len).map(|_| sample()).collect()
    }

    /// Which of the 20 ms frames are voice.
    fn judged(activity: &mut Activity, samples: &[f32]) -> Vec<bool> {
        let frames = samples.chunks_exact(RATE as usize / 50);
        let voice = |frame: &[f32]| activity.hear(frame, RATE) != Sound::Noise;
        frames.map(voice).collect()
    }

    #[test]
    fn words_are_told_from_the_noise_around_them_and_end_a_little_later() {
        for around in [-70.0, -55.0, -45.0, -35.0] {
            let mut activity = Activity::default();
            judged(&mut activity, &noise(around, 20 * RATE as usize, 1));
            let mut word = noise(around, RATE as usize, 2);
            for (sample, voice) in word.iter_mut().zip(signal::tone(RATE, 220.0, 0.2, 4_000)) {
                *sample += voice;
            }
            let voice = judged(&mut activity, &word);
            assert!(voice[..25].iter().all(|voice| *voice), "{around}");
            let after = voice[25..].iter().filter(|voice| **voice).count();
            assert!((10..=14).contains(&after), "{around}: {after} frames");
            let (loud, quiet) = activity.levels();
            assert!(
                (loud.unwrap_or(0.0) + 17.0).abs() < 1.0,
                "{around}: {loud:?}"
            );
            assert!(
                (quiet.unwrap_or(0.0) - around).abs() < 1.5,
                "{around}: {quiet:?}"
            );
        }
    }

    #[test]
    fn a_hiss_is_voice_though_it_is_no_louder_than_the_hum() {
        let mut activity = Activity::default();
        let hum = signal::tone(RATE, 60.0, 0.01, 20 * RATE as usize);
        assert!(!judged(&mut activity, &hum).ends_with(&[true]));
        let mut hiss = hum[..1_600].to_vec();
        for (sample, noise) in hiss.iter_mut().zip(noise(-46.0, 1_600, 3)) {
            *sample += noise;
        }
        assert!(judged(&mut activity, &hiss).iter().all(|voice| *voice));
    }

    #[test]
    fn a_fan_that_is_switched_on_is_noise_after_some_seconds() {
        let mut activity = Activity::default();
        judged(&mut activity, &noise(-60.0, 10 * RATE as usize, 1));
        let voice = judged(&mut activity, &noise(-45.0, 10 * RATE as usize, 2));
        assert!(voice[0] && !voice[voice.len() - 1]);
    }

    #[test]
    fn noise_stays_noise_after_the_microphone_was_off() {
        let mut activity = Activity::default();
        judged(&mut activity, &noise(-45.0, 10 * RATE as usize, 1));
        judged(&mut activity, &[0.0; 1_600]);
        let voice = judged(&mut activity, &noise(-45.0, RATE as usize, 2));
        assert!(voice.iter().all(|voice| !voice), "{voice:?}");
    }

    #[test]
    fn digital_silence_is_no_voice() {
        let mut activity = Activity::default();
        assert!(!judged(&mut activity, &[0.0; 8_000]).ends_with(&[true]));
    }
}
