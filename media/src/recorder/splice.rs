//! Sound of another rate than the file's, put into the file where it was heard: a change of codec in a call neither
//! shifts what follows nor clicks.

use crate::resample::{FrameConverter, UnsupportedRates};

/// A stretch of sound on its way to the file's rate, tick by tick.
///
/// What a converter gives is older than what it takes. So the beginning of what it gives is left out, and at the end
/// it is given a tick more, to push the rest out. Beyond its ends the stretch is taken to go on mirrored at its first
/// and at its last sample: a converter that met silence there would ring.
pub struct Splice {
    converter: FrameConverter,
    channels: usize,
    /// Samples of all channels by which what is given is older.
    late: usize,
    begun: bool,
    /// The newest tick, at its own rate.
    input: Vec<f32>,
    output: Vec<f32>,
}

/// An end of a stretch.
#[derive(Clone, Copy)]
enum End {
    First,
    Last,
}

impl Splice {
    /// A stretch at `from` Hz for a file at `to` Hz.
    ///
    /// # Errors
    /// The rates cannot be converted tick by tick.
    pub fn new(from: u32, to: u32, channels: usize) -> Result<Self, UnsupportedRates> {
        let converter = FrameConverter::new(from, to, channels)?;
        Ok(Self {
            late: converter.delay() * channels,
            output: vec![0.0; to as usize / 50 * channels],
            input: Vec::new(),
            converter,
            channels,
            begun: false,
        })
    }

    /// The rate that comes in, in Hz.
    pub fn from(&self) -> u32 {
        self.converter.from()
    }

    /// Takes a tick, interleaved; adds what is due to `samples`.
    pub fn add(&mut self, tick: &[i16], samples: &mut Vec<i16>) {
        self.input.clear();
        self.input
            .extend(tick.iter().map(|sample| f32::from(*sample)));
        let begins = !std::mem::replace(&mut self.begun, true);
        if begins {
            let before = self.mirrored(End::First);
            self.converter.convert(&before, &mut self.output);
        }
        self.converter.convert(&self.input, &mut self.output);
        let left_out = if begins { self.late } else { 0 };
        give(&self.output[left_out..], samples);
    }

    /// Ends the stretch: adds what is still due. The next tick begins another one.
    pub fn end(&mut self, samples: &mut Vec<i16>) {
        if !std::mem::take(&mut self.begun) {
            return;
        }
        let after = self.mirrored(End::Last);
        self.converter.convert(&after, &mut self.output);
        give(&self.output[..self.late], samples);
        self.converter.reset();
    }

    /// A tick of what lies beyond an end of the newest tick: its way up becomes a way down, so that neither its value
    /// nor its slope leaps.
    fn mirrored(&self, end: End) -> Vec<f32> {
        let frames = self.input.len() / self.channels;
        let sample = |frame: usize, channel: usize| self.input[frame * self.channels + channel];
        let beyond = |at: usize, channel: usize| match end {
            End::First => 2.0 * sample(0, channel) - sample((frames - at).min(frames - 1), channel),
            End::Last => {
                let from = (frames - 1).saturating_sub(at + 1);
                2.0 * sample(frames - 1, channel) - sample(from, channel)
            }
        };
        (0..frames)
            .flat_map(|at| (0..self.channels).map(move |channel| (at, channel)))
            .map(|(at, channel)| beyond(at, channel))
            .collect()
    }
}

fn give(output: &[f32], samples: &mut Vec<i16>) {
    samples.extend(output.iter().map(|sample| sample.round() as i16));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::signal::Oscillator;

    /// Ticks of a tone that goes on, at this rate, one channel; what a file at `to` Hz gets of them.
    fn spliced(from: u32, to: u32, hz: f32, ticks: usize) -> Vec<i16> {
        let mut voice = Oscillator::new(from, hz, 0.5);
        let mut splice = Splice::new(from, to, 1).unwrap();
        let mut samples = Vec::new();
        for _ in 0..ticks {
            let mut tick = vec![0.0; from as usize / 50];
            voice.fill(&mut tick);
            let tick: Vec<i16> = tick.iter().map(|s| (s * 32_768.0) as i16).collect();
            splice.add(&tick, &mut samples);
        }
        splice.end(&mut samples);
        samples
    }

    #[test]
    fn a_tone_is_where_it_was_from_its_first_sample_to_its_last() {
        for (from, to) in [
            (8_000, 16_000),
            (48_000, 16_000),
            (16_000, 8_000),
            (48_000, 8_000),
        ] {
            let heard = spliced(from, to, 300.0, 5);
            assert_eq!(heard.len(), to as usize / 10, "{from} to {to}");
            let mut truth = vec![0.0; heard.len()];
            Oscillator::new(to, 300.0, 0.5).fill(&mut truth);
            for (at, (heard, truth)) in heard.iter().zip(&truth).enumerate() {
                let off = f32::from(*heard) / 32_768.0 - truth;
                assert!(off.abs() < 0.02, "{from} to {to}: {off} at sample {at}");
            }
        }
    }

    #[test]
    fn channels_stay_apart_and_a_stretch_begins_anew_after_its_end() {
        let mut splice = Splice::new(8_000, 16_000, 2).unwrap();
        let tick: Vec<i16> = (0..160).flat_map(|_| [1_000, 0]).collect();
        let mut once = Vec::new();
        splice.add(&tick, &mut once);
        splice.end(&mut once);
        let mut again = Vec::new();
        splice.add(&tick, &mut again);
        splice.end(&mut again);
        assert_eq!(once, again);
        assert_eq!(once.len(), 640);
        assert!(
            once.iter().step_by(2).all(|s| s.abs_diff(1_000) < 20),
            "{once:?}"
        );
        assert!(once.iter().skip(1).step_by(2).all(|sample| *sample == 0));
        splice.end(&mut again);
        assert_eq!(
            again.len(),
            640,
            "nothing is due of a stretch that has not begun"
        );
    }
}
