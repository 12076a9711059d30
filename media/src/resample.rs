//! Sample rate conversion: of whole 20 ms frames, and between two clocks.

use rubato::{
    Adjustable as _, Async, Fft, FixedAsync, FixedSync, Resampler as _,
    SincInterpolationParameters, SincInterpolationType, WindowFunction,
    audioadapter_buffers::direct::InterleavedSlice,
};

use crate::device::Drift;

/// The rates cannot be converted into each other frame by frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot convert {from} Hz to {to} Hz in frames of 20 ms")]
pub struct UnsupportedRates {
    /// Samples a second that come in.
    pub from: u32,
    /// Samples a second that should go out.
    pub to: u32,
}

/// Converts 20 ms in to exactly 20 ms out; what comes out is about 10 ms older than what goes in.
pub struct FrameConverter {
    from: u32,
    to: u32,
    channels: usize,
    /// `None`: both rates are the same.
    inner: Option<Fft<f32>>,
}

impl FrameConverter {
    /// A converter of interleaved frames.
    ///
    /// # Errors
    /// A frame of one of the rates is no whole number of samples, or the ratio does not fit one.
    pub fn new(from: u32, to: u32, channels: usize) -> Result<Self, UnsupportedRates> {
        let unsupported = UnsupportedRates { from, to };
        if from == 0
            || to == 0
            || !from.is_multiple_of(50)
            || !to.is_multiple_of(50)
            || channels == 0
        {
            return Err(unsupported);
        }
        let mut converter = Self {
            from,
            to,
            channels,
            inner: None,
        };
        if from != to {
            let (input, output) = (from as usize, to as usize);
            let fft = Fft::new_custom(
                input,
                output,
                input / 50,
                1,
                channels,
                WindowFunction::BlackmanHarris2,
                FixedSync::Both,
            )
            .map_err(|_| unsupported)?;
            if fft.input_frames_next() != input / 50 || fft.output_frames_next() != output / 50 {
                return Err(unsupported);
            }
            converter.inner = Some(fft);
        }
        Ok(converter)
    }

    /// The rate that comes in, in Hz.
    pub fn from(&self) -> u32 {
        self.from
    }

    /// The rate that goes out, in Hz.
    pub fn to(&self) -> u32 {
        self.to
    }

    /// How much older what comes out is than what goes in, in samples of one channel at the rate that goes out.
    pub fn delay(&self) -> usize {
        self.inner.as_ref().map_or(0, |fft| fft.output_delay())
    }

    /// Converts one frame: `input` holds 20 ms of all channels at the rate that comes in, `output` at the one that goes out.
    /// Frames of another length come out as silence.
    pub fn convert(&mut self, input: &[f32], output: &mut [f32]) {
        let (from, to) = (self.from as usize / 50, self.to as usize / 50);
        let done = match &mut self.inner {
            None if input.len() == output.len() => {
                output.copy_from_slice(input);
                true
            }
            None => false,
            Some(fft) => {
                let input = InterleavedSlice::new(input, self.channels, from);
                let target = InterleavedSlice::new_mut(output, self.channels, to);
                match (input, target) {
                    (Ok(input), Ok(mut target)) => {
                        fft.process_into_buffer(&input, &mut target, None).is_ok()
                    }
                    _ => false,
                }
            }
        };
        if !done {
            output.fill(0.0);
        }
    }

    /// Forgets what came in before.
    pub fn reset(&mut self) {
        if let Some(fft) = &mut self.inner {
            fft.reset();
        }
    }
}

/// Converts one channel between two clocks: the ratio may be changed a little at any time. Delays by at most 4 ms.
pub struct Stretcher {
    inner: Async<f32>,
    rates: (u32, u32),
    input: Vec<f32>,
}

impl Stretcher {
    /// Takes as much as it needs and gives frames of 20 ms at the rate `to`. `None`: not between these rates.
    pub fn to_frames(from: u32, to: u32) -> Option<Self> {
        Self::new(from, to, to as usize / 50, FixedAsync::Output)
    }

    /// Takes frames of 20 ms at the rate `from` and gives what comes of them. `None`: not between these rates.
    pub fn of_frames(from: u32, to: u32) -> Option<Self> {
        Self::new(from, to, from as usize / 50, FixedAsync::Input)
    }

    fn new(from: u32, to: u32, chunk: usize, fixed: FixedAsync) -> Option<Self> {
        let parameters = SincInterpolationParameters {
            // As long a filter in time whichever rate is the lower one.
            sinc_len: (64 * from.div_ceil(to.max(1)) as usize).min(256),
            f_cutoff: None,
            oversampling_factor: 128,
            interpolation: SincInterpolationType::Linear,
            window: WindowFunction::BlackmanHarris2,
        };
        let ratio = f64::from(to) / f64::from(from);
        let inner = Async::new_sinc(ratio, Drift::RANGE, &parameters, chunk, 1, fixed).ok()?;
        Some(Self {
            inner,
            rates: (from, to),
            input: Vec::new(),
        })
    }

    /// The rates that go in and out, in Hz.
    pub fn rates(&self) -> (u32, u32) {
        self.rates
    }

    /// Samples that the next conversion needs.
    pub fn needed(&self) -> usize {
        self.inner.input_frames_next()
    }

    /// The most samples that a conversion gives.
    pub fn most(&self) -> usize {
        self.inner.output_frames_max()
    }

    /// Makes the sound longer (above 1.0) or shorter.
    pub fn set_ratio(&mut self, ratio: f64) {
        // Out of range it stays as it is.
        let _ = self.inner.set_resample_ratio_relative(ratio, true);
    }

    /// Converts `len` samples that `fill` provides; returns how many come out.
    pub fn stretch(&mut self, fill: impl FnOnce(&mut [f32]), len: usize, out: &mut [f32]) -> usize {
        self.input.resize(len, 0.0);
        fill(&mut self.input);
        let capacity = out.len();
        let input = InterleavedSlice::new(&self.input[..], 1, len);
        let target = InterleavedSlice::new_mut(out, 1, capacity);
        match (input, target) {
            (Ok(input), Ok(mut target)) => self
                .inner
                .process_into_buffer(&input, &mut target, None)
                .map_or(0, |(_, count)| count),
            _ => 0,
        }
    }
}

/// Converts a whole sound of one channel. Rates that cannot be converted give nothing.
pub fn convert_all(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    let convert = || {
        let mut fft = Fft::new(from as usize, to as usize, 1_024, 1, FixedSync::Both).ok()?;
        let input = InterleavedSlice::new(samples, 1, samples.len()).ok()?;
        let output = fft.process_all(&input, samples.len(), None).ok()?;
        Some(output.take_data())
    };
    convert().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::signal::{Oscillator, power_at, tone_to_noise};

    fn convert_a_second(from: u32, to: u32, frequency: f32) -> Vec<f32> {
        let mut converter = FrameConverter::new(from, to, 1).unwrap();
        let mut oscillator = Oscillator::new(from, frequency, 0.5);
        let mut out = Vec::new();
        for _ in 0..50 {
            let mut input = vec![0.0; from as usize / 50];
            oscillator.fill(&mut input);
            let mut output = vec![0.0; to as usize / 50];
            converter.convert(&input, &mut output);
            out.extend(output);
        }
        out
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_level_between_all_rates_of_codecs_and_files() {
        for from in [8_000, 16_000, 44_100, 48_000] {
            for to in [8_000, 16_000, 48_000] {
                let out = convert_a_second(from, to, 1_000.0);
                let steady = &out[to as usize / 10..];
                assert!(
                    (power_at(steady, to, 1_000.0) - 0.125).abs() < 2e-3,
                    "{from} to {to}"
                );
                assert!(tone_to_noise(steady, to, 1_000.0) > 40.0, "{from} to {to}");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_does_not_fold_back() {
        let out = convert_a_second(48_000, 8_000, 5_000.0);
        assert!(crate::signal::power(&out[800..]) < 1e-5);
    }

    #[test]
    fn two_channels_stay_apart() {
        let mut converter = FrameConverter::new(48_000, 16_000, 2).unwrap();
        let mut oscillator = Oscillator::new(48_000, 700.0, 0.5);
        let mut right = Vec::new();
        for _ in 0..20 {
            let mut left = vec![0.0; 960];
            oscillator.fill(&mut left);
            let input: Vec<f32> = left.iter().flat_map(|&sample| [sample, 0.0]).collect();
            let mut output = vec![0.0; 640];
            converter.convert(&input, &mut output);
            right.extend(output.iter().skip(1).step_by(2).copied());
        }
        assert!(right.iter().all(|sample| sample.abs() < 1e-6));
    }

    #[test]
    fn rates_without_whole_frames_are_refused() {
        for (from, to) in [(11_025, 8_000), (0, 8_000), (8_000, 0)] {
            assert_eq!(
                FrameConverter::new(from, to, 1).err(),
                Some(UnsupportedRates { from, to })
            );
        }
    }
}
