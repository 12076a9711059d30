//! The lag at which a voice repeats itself.

/// The coarse search runs at about this rate.
const COARSE_RATE: usize = 8_000;

/// How well `samples` matches itself `lag` later, over `len` samples: 1 is perfect.
fn likeness(samples: &[f32], lag: usize, len: usize, step: usize) -> f32 {
    let (mut product, mut here, mut there) = (0.0_f32, 1e-9_f32, 1e-9_f32);
    let (first, second) = (&samples[..len], &samples[lag..lag + len]);
    for (a, b) in first.iter().step_by(step).zip(second.iter().step_by(step)) {
        product += a * b;
        here += a * a;
        there += b * b;
    }
    product / (here * there).sqrt()
}

/// A lag in samples and how alike the signal is at it, `-1.0..=1.0`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lag {
    pub(crate) samples: usize,
    pub(crate) likeness: f32,
}

/// The lag within `min..=max` samples at which the first `len` samples are most like what
/// follows. `samples` must reach to `max + len`.
pub(crate) fn best_lag(
    samples: &[f32],
    sample_rate: u32,
    len: usize,
    min: usize,
    max: usize,
) -> Lag {
    let step = (sample_rate as usize / COARSE_RATE).max(1);
    let mut best = Lag {
        samples: min,
        likeness: f32::MIN,
    };
    let consider = |lag: usize, step: usize, best: &mut Lag| {
        let likeness = likeness(samples, lag, len, step);
        if likeness > best.likeness {
            *best = Lag {
                samples: lag,
                likeness,
            };
        }
    };
    for lag in (min..=max).step_by(step) {
        consider(lag, step, &mut best);
    }
    if step > 1 {
        let near =
            best.samples.saturating_sub(step - 1).max(min)..=(best.samples + step - 1).min(max);
        best.likeness = f32::MIN;
        for lag in near {
            consider(lag, step.min(2), &mut best);
        }
    }
    best
}

/// Samples of so many ms.
pub(crate) fn samples_of(ms: f32, sample_rate: u32) -> usize {
    (ms * sample_rate as f32 / 1_000.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;

    #[test]
    fn the_period_of_a_tone_is_found_at_every_rate() {
        for rate in [8_000, 16_000, 48_000] {
            let samples = signal::tone(rate, 200.0, 0.5, rate as usize / 10);
            let (min, max) = (samples_of(2.5, rate), samples_of(9.0, rate));
            let lag = best_lag(&samples, rate, rate as usize / 100, min, max);
            assert_eq!(lag.samples, rate as usize / 200, "{rate}");
            assert!(lag.likeness > 0.99);
        }
    }
}
