//! Sound files as samples between -1 and 1, one list per channel.

use std::fs;
use std::path::Path;

use super::signal;

pub struct Wav {
    pub rate: u32,
    pub channels: Vec<Vec<f32>>,
}

/// How long a 16-bit file is that is still written, whatever its header says of that.
pub fn seconds_so_far(path: &Path) -> Option<f64> {
    let format = hound::WavReader::open(path).ok()?.spec();
    let second = format.sample_rate * u32::from(format.channels) * 2;
    Some(fs::metadata(path).ok()?.len() as f64 / f64::from(second))
}

impl Wav {
    /// Reads a 16-bit file to its end; fails the test where it does not play.
    pub fn read(path: &Path) -> Wav {
        let mut reader = hound::WavReader::open(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let format = reader.spec();
        let mut channels = vec![Vec::new(); usize::from(format.channels)];
        for (index, sample) in reader.samples::<i16>().enumerate() {
            let sample = sample.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            channels[index % usize::from(format.channels)].push(f32::from(sample) / 32768.0);
        }
        Wav {
            rate: format.sample_rate,
            channels,
        }
    }

    /// Writes samples that take turns between the channels.
    pub fn write(path: &Path, rate: u32, channels: u32, samples: &[f32]) {
        let format = hound::WavSpec {
            channels: channels as u16,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, format).unwrap();
        for sample in samples {
            writer.write_sample((sample * 32767.0) as i16).unwrap();
        }
        writer.finalize().unwrap();
    }

    /// This sound and then another one of the same kind.
    pub fn followed_by(mut self, next: Wav) -> Wav {
        assert_eq!(self.rate, next.rate);
        for (channel, more) in self.channels.iter_mut().zip(next.channels) {
            channel.extend(more);
        }
        self
    }

    pub fn seconds(&self) -> f64 {
        self.channels[0].len() as f64 / f64::from(self.rate)
    }

    /// For how many seconds one channel carries a tone of `hz` and little else.
    pub fn seconds_of_tone(&self, channel: usize, hz: f64) -> f64 {
        signal::seconds_of_tone(&self.channels[channel], self.rate, hz)
    }

    /// The same for several tones at once.
    pub fn seconds_of_tones(&self, channel: usize, tones: &[f64]) -> f64 {
        signal::seconds_of_tones(&self.channels[channel], self.rate, tones)
    }

    /// How long, at most, that tone stays away once it has begun, in seconds.
    pub fn longest_gap(&self, channel: usize, hz: f64) -> f64 {
        signal::longest_gap(&self.channels[channel], self.rate, hz)
    }
}
