//! `file:speech.wav` as a microphone.

use std::{fs::File, io::BufReader, path::Path, sync::Arc};

use crate::resample::FrameConverter;

/// The longest sound that is taken, in samples: an hour at 48 kHz. It is held in memory.
const LONGEST: u32 = 48_000 * 3_600;

/// A sound file in memory, one channel.
#[derive(Debug)]
pub struct Clip {
    rate: u32,
    samples: Vec<i16>,
}

/// A sound file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// Not a WAV file, or not readable.
    #[error("{0}")]
    Wav(#[from] hound::Error),
    /// The file holds something that is not played.
    #[error("{found}; playable are WAV files of 1 or 2 channels, 8000 to 192000 Hz, up to an hour")]
    Unsupported {
        /// What it holds.
        found: String,
    },
}

impl Clip {
    /// Reads a WAV file; two channels are mixed into one.
    ///
    /// # Errors
    /// The file cannot be read, or is not a sound of that kind.
    pub fn load(path: &Path) -> Result<Self, ClipError> {
        let mut reader = hound::WavReader::new(BufReader::new(
            File::open(path).map_err(hound::Error::from)?,
        ))?;
        let spec = reader.spec();
        let unsupported = |found: String| ClipError::Unsupported { found };
        let channels = usize::from(spec.channels);
        if !(1..=2).contains(&channels) {
            return Err(unsupported(format!("the file has {channels} channels")));
        }
        if !(8_000..=192_000).contains(&spec.sample_rate) {
            return Err(unsupported(format!("the file has {} Hz", spec.sample_rate)));
        }
        if reader.duration() == 0 || reader.duration() > LONGEST {
            return Err(unsupported(format!(
                "the file has {} samples",
                reader.duration()
            )));
        }
        let samples: Vec<f32> = match spec.sample_format {
            hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>()?,
            hound::SampleFormat::Int => {
                let full = (1_i64 << (spec.bits_per_sample - 1)) as f32;
                reader
                    .samples::<i32>()
                    .map(|sample| Ok(sample? as f32 / full))
                    .collect::<Result<_, hound::Error>>()?
            }
        };
        let mono: Vec<f32> = samples
            .chunks_exact(channels)
            .map(|frame| frame.iter().sum::<f32>() / channels as f32)
            .collect();
        Self::new(spec.sample_rate, mono)
    }

    /// A clip of these samples. A rate without whole 20 ms frames at the codecs' rates is converted first.
    fn new(rate: u32, samples: Vec<f32>) -> Result<Self, ClipError> {
        let playable = [8_000, 16_000, 48_000]
            .into_iter()
            .all(|to| FrameConverter::new(rate, to, 1).is_ok());
        let (rate, samples) = if playable {
            (rate, samples)
        } else {
            (48_000, crate::resample::convert_all(&samples, rate, 48_000))
        };
        if samples.is_empty() {
            return Err(ClipError::Unsupported {
                found: "the file has no sound".into(),
            });
        }
        let samples = samples
            .iter()
            .map(|sample| (sample * 32_768.0).round() as i16)
            .collect();
        Ok(Self { rate, samples })
    }
}

/// One call's place in a clip: every call hears it from the beginning, again and again.
pub struct ClipPlayer {
    clip: Arc<Clip>,
    at: usize,
    converter: Option<FrameConverter>,
    input: Vec<f32>,
}

impl ClipPlayer {
    /// Plays from the beginning.
    pub fn new(clip: Arc<Clip>) -> Self {
        Self {
            clip,
            at: 0,
            converter: None,
            input: Vec::new(),
        }
    }

    /// Whether this is what is played.
    pub fn plays(&self, clip: &Arc<Clip>) -> bool {
        Arc::ptr_eq(&self.clip, clip)
    }

    /// The next 20 ms at `rate`.
    pub fn read(&mut self, rate: u32, frame: &mut [f32]) {
        if rate == self.clip.rate {
            return fill(&self.clip, &mut self.at, frame);
        }
        let mut input = std::mem::take(&mut self.input);
        input.resize(self.clip.rate as usize / 50, 0.0);
        fill(&self.clip, &mut self.at, &mut input);
        match self.converter_to(rate) {
            Some(converter) => converter.convert(&input, frame),
            None => frame.fill(0.0),
        }
        self.input = input;
    }

    fn converter_to(&mut self, rate: u32) -> Option<&mut FrameConverter> {
        if self
            .converter
            .as_ref()
            .is_none_or(|converter| converter.to() != rate)
        {
            self.converter = FrameConverter::new(self.clip.rate, rate, 1).ok();
        }
        self.converter.as_mut()
    }
}

/// Copies from the clip, beginning again at its end.
fn fill(clip: &Clip, at: &mut usize, frame: &mut [f32]) {
    for sample in frame {
        *sample = f32::from(clip.samples[*at]) / 32_768.0;
        *at = (*at + 1) % clip.samples.len();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::signal::{power_at, tone, tone_to_noise};

    fn write(path: &Path, spec: hound::WavSpec, channels: &[Vec<f32>]) {
        let mut writer = hound::WavWriter::create(path, spec).unwrap();
        for index in 0..channels[0].len() {
            for channel in channels {
                match spec.sample_format {
                    hound::SampleFormat::Float => writer.write_sample(channel[index]).unwrap(),
                    hound::SampleFormat::Int => {
                        let full = (1_i64 << (spec.bits_per_sample - 1)) as f32;
                        writer.write_sample((channel[index] * full) as i32).unwrap();
                    }
                }
            }
        }
        writer.finalize().unwrap();
    }

    #[test]
    fn files_of_any_rate_width_and_one_or_two_channels_are_heard_at_every_codec_rate() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("speech.wav");
        for (rate, bits, format, channels) in [
            (8_000, 16, hound::SampleFormat::Int, 1),
            (11_025, 8, hound::SampleFormat::Int, 1),
            (22_050, 24, hound::SampleFormat::Int, 2),
            (44_100, 16, hound::SampleFormat::Int, 2),
            (48_000, 32, hound::SampleFormat::Float, 1),
        ] {
            let spec = hound::WavSpec {
                channels,
                sample_rate: rate,
                bits_per_sample: bits,
                sample_format: format,
            };
            let sound = tone(rate, 1_000.0, 0.5, rate as usize);
            write(&path, spec, &vec![sound; usize::from(channels)]);
            let clip = Arc::new(Clip::load(&path).unwrap());
            for to in [8_000, 16_000, 48_000] {
                let mut player = ClipPlayer::new(clip.clone());
                let mut heard = vec![0.0; to as usize / 2];
                for frame in heard.chunks_mut(to as usize / 50) {
                    player.read(to, frame);
                }
                let steady = &heard[to as usize / 10..];
                assert!(
                    (power_at(steady, to, 1_000.0) - 0.125).abs() < 5e-3,
                    "{spec:?} at {to}"
                );
                assert!(
                    tone_to_noise(steady, to, 1_000.0) > 25.0,
                    "{spec:?} at {to}"
                );
            }
        }
    }

    #[test]
    fn a_clip_begins_at_its_first_sample_and_begins_again_at_its_end() {
        let clip = Arc::new(Clip {
            rate: 8_000,
            samples: (0..200).collect(),
        });
        let mut player = ClipPlayer::new(clip);
        let (mut first, mut second) = ([0.0; 160], [0.0; 160]);
        player.read(8_000, &mut first);
        player.read(8_000, &mut second);
        assert_eq!(first[1] * 32_768.0, 1.0);
        assert_eq!(second[39] * 32_768.0, 199.0);
        assert_eq!(second[41] * 32_768.0, 1.0);
    }

    #[test]
    fn a_file_that_is_no_sound_is_refused_with_what_is_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("speech.wav");
        std::fs::write(&path, b"hello").unwrap();
        assert!(matches!(Clip::load(&path), Err(ClipError::Wav(_))));
        let spec = hound::WavSpec {
            channels: 3,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        write(&path, spec, &vec![vec![0.0; 10]; 3]);
        let error = Clip::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("3 channels") && error.contains("1 or 2"),
            "{error}"
        );
    }
}
