//! Known signals and how to find them again: for tests of anything that carries audio.

use std::f32::consts::TAU;

/// `len` samples of a sine of `frequency` Hz and peak `amplitude`, starting at phase 0.
pub fn tone(sample_rate: u32, frequency: f32, amplitude: f32, len: usize) -> Vec<f32> {
    let mut oscillator = Oscillator::new(sample_rate, frequency, amplitude);
    let mut out = vec![0.0; len];
    oscillator.fill(&mut out);
    out
}

/// A sine that goes on from block to block.
#[derive(Debug, Clone)]
pub struct Oscillator {
    phase: f32,
    step: f32,
    amplitude: f32,
}

impl Oscillator {
    /// A sine of `frequency` Hz and peak `amplitude`.
    pub fn new(sample_rate: u32, frequency: f32, amplitude: f32) -> Self {
        Oscillator {
            phase: 0.0,
            step: TAU * frequency / sample_rate as f32,
            amplitude,
        }
    }

    /// Writes the next samples.
    pub fn fill(&mut self, out: &mut [f32]) {
        for sample in out {
            *sample = self.amplitude * self.phase.sin();
            self.phase = (self.phase + self.step) % TAU;
        }
    }
}

/// The mean square of a block; 0 for an empty one.
pub fn power(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
}

/// The power of the sine at `frequency` Hz within a block (Goertzel), in the scale of [`power`]:
/// a pure tone's is `amplitude² / 2`.
pub fn power_at(samples: &[f32], sample_rate: u32, frequency: f32) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let coefficient = 2.0 * (f64::from(TAU) * f64::from(frequency) / f64::from(sample_rate)).cos();
    let (mut last, mut before) = (0.0_f64, 0.0_f64);
    for &sample in samples {
        let next = f64::from(sample) + coefficient * last - before;
        before = last;
        last = next;
    }
    let squared = last * last + before * before - coefficient * last * before;
    let len = samples.len() as f64;
    (2.0 * squared / (len * len)) as f32
}

/// How far the tone stands above all the rest of the block, dB.
pub fn tone_to_noise(samples: &[f32], sample_rate: u32, frequency: f32) -> f32 {
    let tone = power_at(samples, sample_rate, frequency);
    let rest = (power(samples) - tone).max(1e-12);
    10.0 * (tone.max(1e-12) / rest).log10()
}

/// Whether the tone is there: louder than −50 dBFS and most of what is heard.
pub fn has_tone(samples: &[f32], sample_rate: u32, frequency: f32) -> bool {
    power_at(samples, sample_rate, frequency) > 1e-5
        && tone_to_noise(samples, sample_rate, frequency) > 3.0
}

/// Where the tone starts and ends: the first and one past the last sample of the blocks of 20 ms
/// that hold it. `None` when it is nowhere.
pub fn find_tone(
    samples: &[f32],
    sample_rate: u32,
    frequency: f32,
) -> Option<std::ops::Range<usize>> {
    let block = sample_rate as usize / 50;
    let mut found: Option<std::ops::Range<usize>> = None;
    for (index, chunk) in samples.chunks_exact(block.max(1)).enumerate() {
        if has_tone(chunk, sample_rate, frequency) {
            let start = found.map_or(index * block, |range| range.start);
            found = Some(start..(index + 1) * block);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_power_of_a_tone_is_half_its_amplitude_squared_and_elsewhere_nothing() {
        let samples = tone(8_000, 440.0, 0.5, 8_000);
        assert!((power(&samples) - 0.125).abs() < 1e-3);
        assert!((power_at(&samples, 8_000, 440.0) - 0.125).abs() < 1e-3);
        assert!(power_at(&samples, 8_000, 1_000.0) < 1e-5);
        assert!(tone_to_noise(&samples, 8_000, 440.0) > 30.0);
    }

    #[test]
    fn a_tone_is_found_where_it_is_and_not_in_silence_or_another_tone() {
        let mut samples = vec![0.0; 16_000];
        samples[4_000..8_000].copy_from_slice(&tone(8_000, 440.0, 0.1, 4_000));
        assert_eq!(find_tone(&samples, 8_000, 440.0), Some(4_000..8_000));
        assert_eq!(find_tone(&samples, 8_000, 1_200.0), None);
    }
}
