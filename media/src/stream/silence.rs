//! Silence suppression of our own: in pauses of the microphone a description of the noise goes out
//! now and then, in place of packets of it (RFC 3389 §5).

use super::noise::{Background, MAX_ORDER};
use crate::activity::{Activity, Sound};

/// A description at least so often, so that nobody takes us for gone, ms.
const REFRESH_MS: u32 = 1_000;
/// A change is told no sooner than this, ms, and from so many dB on.
const CHANGE_AFTER_MS: u32 = 200;
const CHANGE_DB: f32 = 2.0;
/// What remains of the former noise in its mean after a packet.
const REMAINS: f32 = 0.9;
/// A little white noise keeps the model from resonating.
const WHITE: f32 = 1.001;

/// What goes out for a stretch of the microphone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    /// The sound itself.
    Voice,
    /// How the noise is.
    Noise(Background),
    /// Nothing.
    Nothing,
}

/// What was heard, and what was told of it.
#[derive(Debug, Default)]
pub(super) struct SilenceSuppression {
    activity: Activity,
    /// Autocorrelation of the noise, a mean over time; nothing yet: zeros.
    correlation: [f32; MAX_ORDER + 1],
    told: Option<Background>,
    since_told_ms: u32,
}

impl SilenceSuppression {
    /// Judges the samples of one packet.
    pub(super) fn judge(&mut self, samples: &[f32], rate: u32) -> Verdict {
        let sound = self.activity.hear(samples, rate);
        if sound != Sound::Voice {
            self.listen(samples);
        }
        if sound != Sound::Noise {
            self.told = None;
            return Verdict::Voice;
        }
        self.since_told_ms += samples.len() as u32 * 1_000 / rate;
        let noise = background(&self.correlation);
        if self.told.is_some_and(|told| !self.is_news(&told, &noise)) {
            return Verdict::Nothing;
        }
        self.told = Some(noise);
        self.since_told_ms = 0;
        Verdict::Noise(noise)
    }

    /// Something else went out meanwhile: how the noise is has to be told again.
    pub(super) fn forget_told(&mut self) {
        self.told = None;
    }

    fn is_news(&self, told: &Background, noise: &Background) -> bool {
        let change = 20.0 * (noise.amplitude.max(1e-6) / told.amplitude.max(1e-6)).log10();
        self.since_told_ms >= REFRESH_MS
            || self.since_told_ms >= CHANGE_AFTER_MS && change.abs() >= CHANGE_DB
    }

    fn listen(&mut self, samples: &[f32]) {
        let remains = if self.correlation[0] > 0.0 {
            REMAINS
        } else {
            0.0
        };
        for (lag, mean) in self.correlation.iter_mut().enumerate() {
            let pairs = samples.iter().zip(samples.get(lag..).unwrap_or_default());
            let sum: f32 = pairs.map(|(a, b)| a * b).sum();
            let now = sum / samples.len().max(1) as f32;
            *mean = now + (*mean - now) * remains;
        }
    }
}

/// The all-pole model with this autocorrelation (Levinson and Durbin).
fn background(correlation: &[f32; MAX_ORDER + 1]) -> Background {
    let mut reflection = [0.0; MAX_ORDER];
    let mut predictor = [0.0; MAX_ORDER + 1];
    predictor[0] = 1.0;
    let mut error = correlation[0] * WHITE + 1e-12;
    for order in 1..=MAX_ORDER {
        let sum: f32 = (0..order)
            .map(|tap| predictor[tap] * correlation[order - tap])
            .sum();
        let k = (-sum / error).clamp(-0.98, 0.98);
        let former = predictor;
        for tap in 1..=order {
            predictor[tap] = former[tap] + k * former[order - tap];
        }
        error *= 1.0 - k * k;
        reflection[order - 1] = k;
    }
    Background {
        amplitude: correlation[0].max(0.0).sqrt(),
        reflection,
    }
}

#[cfg(test)]
mod tests {
    use super::super::noise::ComfortNoise;
    use super::*;
    use crate::random::Random;
    use crate::signal;

    const RATE: u32 = 8_000;

    fn noise(sid: &[u8], len: usize) -> Vec<f32> {
        let mut noise = ComfortNoise::new(Random::new(7));
        noise.describe(sid, 0.0);
        let mut out = vec![0.0; len];
        noise.fill(&mut out);
        out
    }

    fn judged(suppression: &mut SilenceSuppression, samples: &[f32]) -> Vec<Verdict> {
        let packets = samples.chunks_exact(160);
        packets
            .map(|packet| suppression.judge(packet, RATE))
            .collect()
    }

    fn described(verdicts: &[Verdict]) -> Vec<Background> {
        let noise = |verdict: &Verdict| match verdict {
            Verdict::Noise(background) => Some(*background),
            _ => None,
        };
        verdicts.iter().filter_map(noise).collect()
    }

    #[test]
    fn a_pause_is_described_at_once_and_then_every_second() {
        let mut suppression = SilenceSuppression::default();
        let around = noise(&[55, 60, 150], 15 * 8_000);
        judged(&mut suppression, &around);
        let word: Vec<f32> = signal::tone(RATE, 300.0, 0.2, 8_000);
        let verdicts = judged(&mut suppression, &word);
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Voice));
        let verdicts = judged(&mut suppression, &around[..5 * 8_000]);
        let first = verdicts
            .iter()
            .position(|verdict| *verdict != Verdict::Voice);
        let first = first.unwrap_or(usize::MAX);
        assert!((10..=14).contains(&first), "{first}");
        assert!(matches!(verdicts[first], Verdict::Noise(_)));
        let told = described(&verdicts).len();
        assert!((4..=7).contains(&told), "{told}");
    }

    #[test]
    fn the_description_is_that_of_the_noise() {
        let mut suppression = SilenceSuppression::default();
        let sid = [45, 60, 170, 110];
        let verdicts = judged(&mut suppression, &noise(&sid, 20 * 8_000));
        let told = described(&verdicts);
        let (told, truth) = (told[told.len() - 1], Background::read(&sid));
        let decibels = 20.0 * (told.amplitude / truth.amplitude).log10();
        assert!(decibels.abs() < 1.0, "{decibels}");
        for (told, truth) in told.reflection.iter().zip(&truth.reflection) {
            assert!((told - truth).abs() < 0.1, "{told} for {truth}");
        }
    }

    #[test]
    fn noise_that_grows_a_little_is_described_anew() {
        let mut suppression = SilenceSuppression::default();
        judged(&mut suppression, &noise(&[56], 15 * 8_000));
        let verdicts = judged(&mut suppression, &noise(&[51], 8_000));
        let news = verdicts
            .iter()
            .position(|verdict| matches!(verdict, Verdict::Noise(_)));
        assert!(news.is_some_and(|news| news < 30), "{news:?}");
    }
}
