//! `file:speech.wav` as a microphone, and sound files that ring.

use std::{
    borrow::Cow,
    fs::File,
    io::{BufReader, Read},
    path::Path,
    sync::Arc,
};

use crate::{
    recorder::{ReadError, RecordingReader},
    resample::FrameConverter,
};

/// The longest sound that is taken, in seconds. It is held in memory.
const LONGEST_S: u32 = 3_600;

/// The longest sound to ring with, in seconds.
const LONGEST_RINGTONE_S: u32 = 120;
/// How long a sound to ring with fades in and out, in seconds.
const FADE_IN_S: f32 = 0.005;
const FADE_OUT_S: f32 = 0.3;

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
    /// An Ogg file that cannot be read, or is no Opus.
    #[error("{0}")]
    Ogg(#[from] ReadError),
    /// The file holds something that is not played.
    #[error(
        "{found}; playable are WAV files of 1 or 2 channels, 8000 to 192000 Hz, and Ogg Opus files, up to an hour; to ring with, up to two minutes"
    )]
    Unsupported {
        /// What it holds.
        found: String,
    },
}

impl Clip {
    /// Reads a WAV or an Ogg Opus file; two channels are mixed into one.
    ///
    /// # Errors
    /// The file cannot be read, or is not a sound of that kind.
    pub fn load(path: &Path) -> Result<Self, ClipError> {
        Self::load_at_most(path, LONGEST_S)
    }

    fn load_at_most(path: &Path, longest_s: u32) -> Result<Self, ClipError> {
        let mut magic = Vec::new();
        let file = File::open(path).map_err(hound::Error::from)?;
        file.take(4)
            .read_to_end(&mut magic)
            .map_err(hound::Error::from)?;
        match magic == b"OggS" {
            true => Self::load_ogg(path, longest_s),
            false => Self::load_wav(path, longest_s),
        }
    }

    /// Reads a sound to ring with, again and again: at its beginning it fades in and at its end out, so that it does
    /// not click when it begins anew.
    ///
    /// # Errors
    /// As for [`Clip::load`], or it lasts longer than two minutes.
    pub fn load_ringtone(path: &Path) -> Result<Self, ClipError> {
        let mut clip = Self::load_at_most(path, LONGEST_RINGTONE_S)?;
        clip.fade(FADE_IN_S, FADE_OUT_S);
        Ok(clip)
    }

    /// Fades in and out, by so many seconds, of a short sound less.
    fn fade(&mut self, fade_in: f32, fade_out: f32) {
        let half = self.samples.len() / 2;
        let len = |seconds: f32| ((seconds * self.rate as f32) as usize).clamp(1, half.max(1));
        let (begin, end) = (len(fade_in), len(fade_out));
        let fade = |(at, sample): (usize, &mut i16), len: usize| {
            *sample = (f32::from(*sample) * at as f32 / len as f32) as i16;
        };
        let first = self.samples.iter_mut().enumerate().take(begin);
        first.for_each(|sample| fade(sample, begin));
        let last = self.samples.iter_mut().rev().enumerate().take(end);
        last.for_each(|sample| fade(sample, end));
    }

    fn load_ogg(path: &Path, longest_s: u32) -> Result<Self, ClipError> {
        let mut sound = RecordingReader::open(path)?;
        let (mut left, mut right, mut mono) = (Vec::new(), Vec::new(), Vec::new());
        while sound.next_voices(&mut left, &mut right)? {
            mono.extend(
                left.iter()
                    .zip(&right)
                    .map(|(left, right)| (left + right) / 2.0),
            );
            if mono.len() > (sound.rate() * longest_s) as usize {
                return Err(too_long(longest_s));
            }
        }
        let whole = sound.length()?.as_secs_f64() * f64::from(sound.rate());
        mono.truncate(whole.round() as usize);
        Self::of(sound.rate(), &mono)
    }

    fn load_wav(path: &Path, longest_s: u32) -> Result<Self, ClipError> {
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
        if reader.duration() == 0 {
            return Err(unsupported("the file has no sound".into()));
        }
        // 192000 Hz for an hour fit.
        if reader.duration() > spec.sample_rate * longest_s {
            return Err(too_long(longest_s));
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
        Self::of(spec.sample_rate, &mono)
    }

    /// A clip of these samples. A rate without whole 20 ms frames at the codecs' rates is converted first.
    pub(crate) fn of(rate: u32, samples: &[f32]) -> Result<Self, ClipError> {
        let playable = [8_000, 16_000, 48_000]
            .into_iter()
            .all(|to| FrameConverter::new(rate, to, 1).is_ok());
        let (rate, samples) = match playable {
            true => (rate, Cow::Borrowed(samples)),
            false => {
                let converted = crate::resample::convert_all(samples, rate, 48_000);
                (48_000, Cow::Owned(converted))
            }
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

fn too_long(longest_s: u32) -> ClipError {
    ClipError::Unsupported {
        found: format!("the file lasts longer than {longest_s} seconds"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::{
        recorder::{Recorder, RecordingFormat, RecordingRequest},
        signal::{power, power_at, tone, tone_to_noise},
    };

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
    fn a_ringtone_fades_at_its_ends_whichever_file_it_comes_from() {
        let folder = tempfile::tempdir().unwrap();
        for format in [RecordingFormat::Wav, RecordingFormat::Opus] {
            let path = folder.path().join(format!("bell.{format}"));
            let recorder = Recorder::start().unwrap();
            let request = RecordingRequest {
                path: path.clone(),
                format,
                channels: 1,
                rate: 16_000,
                overwrite: true,
                report: Box::new(|_| {}),
            };
            let mut tap = recorder.record(request).unwrap();
            (0..100).for_each(|_| tap.frame(16_000, &[&tone(16_000, 500.0, 0.5, 320)]));
            drop((tap, recorder));
            let clip = Clip::load_ringtone(&path).unwrap();
            let rate = clip.rate as usize;
            let sound: Vec<f32> = clip
                .samples
                .iter()
                .map(|s| f32::from(*s) / 32_768.0)
                .collect();
            assert_eq!(sound.len(), 2 * rate, "{format}");
            assert!((power_at(&sound[rate / 2..rate], clip.rate, 500.0) - 0.125).abs() < 0.02);
            assert!(sound[0] == 0.0 && sound[2 * rate - 1] == 0.0);
            let end = power(&sound[2 * rate - rate / 20..]);
            assert!((1e-5..0.01).contains(&end), "{format}: {end}");
        }
        let long = folder.path().join("long.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        write(&long, spec, &[vec![0.1; 8_000 * 121]]);
        let error = Clip::load_ringtone(&long).unwrap_err().to_string();
        assert!(
            error.contains("longer than 120 seconds") && error.contains("two minutes"),
            "{error}"
        );
        std::fs::write(&long, b"OggS but no sound").unwrap();
        assert!(matches!(Clip::load_ringtone(&long), Err(ClipError::Ogg(_))));
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
