//! Reads a recording from its beginning to its end: both voices as one, which a player needs, or each by itself.

use std::{fs::File, io, io::BufReader, path::Path};

use ogg::PacketReader;
use opus::{Channels, Decoder};

use super::ogg::CLOCK;

/// Samples of one channel in the longest Opus packet, 120 ms (RFC 6716 §2.1.4).
const LONGEST_PACKET: usize = CLOCK as usize * 120 / 1_000;

/// Why a recording cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file is damaged, or no sound.
    #[error("{0}")]
    Damaged(String),
    /// A sound that no recording has.
    #[error("{found}; playable are WAV and Ogg Opus files of 1 or 2 channels")]
    Unsupported {
        /// What it holds.
        found: String,
    },
}

/// A recording that is being read.
pub struct RecordingReader {
    source: Source,
    rate: u32,
    channels: usize,
    /// Read and not taken yet, interleaved.
    waiting: Vec<f32>,
}

enum Source {
    Wav(hound::WavReader<BufReader<File>>),
    Ogg(Box<OggSource>),
}

impl RecordingReader {
    /// Opens a WAV or an Ogg Opus file.
    ///
    /// # Errors
    /// It cannot be read, or is no sound of that kind.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let mut magic = [0; 4];
        let read = io::Read::read(&mut File::open(path)?, &mut magic)?;
        let file = BufReader::new(File::open(path)?);
        let (source, rate, channels) = if magic[..read] == *b"OggS" {
            let source = OggSource::open(file)?;
            let channels = source.channels;
            (Source::Ogg(Box::new(source)), CLOCK as u32, channels)
        } else {
            let source = hound::WavReader::new(file).map_err(damaged)?;
            let spec = source.spec();
            // Whole frames of 20 ms, as every recording of ours has.
            let fits = spec.sample_rate.is_multiple_of(50)
                && (8_000..=192_000).contains(&spec.sample_rate);
            if !(1..=2).contains(&spec.channels) || !fits || spec.bits_per_sample != 16 {
                return Err(ReadError::Unsupported {
                    found: format!(
                        "the file has {} channels of {} bits at {} Hz",
                        spec.channels, spec.bits_per_sample, spec.sample_rate
                    ),
                });
            }
            let channels = usize::from(spec.channels);
            (Source::Wav(source), spec.sample_rate, channels)
        };
        Ok(Self {
            source,
            rate,
            channels,
            waiting: Vec::new(),
        })
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Voices that are kept apart: 1 or 2.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The next 20 ms in `frame`, both voices as one, the last of them filled up with silence; false at the end.
    ///
    /// # Errors
    /// The file cannot be read any further.
    pub fn next_frame(&mut self, frame: &mut Vec<f32>) -> Result<bool, ReadError> {
        let present = self.fill()?;
        frame.clear();
        frame.extend(
            self.waiting
                .chunks_exact(self.channels)
                .take(present)
                .map(|samples| mixed(samples.iter().copied())),
        );
        self.take(present, &mut [frame]);
        Ok(present > 0)
    }

    /// The same with the first voice and the last each by itself.
    ///
    /// # Errors
    /// The file cannot be read any further.
    pub fn next_voices(
        &mut self,
        left: &mut Vec<f32>,
        right: &mut Vec<f32>,
    ) -> Result<bool, ReadError> {
        let present = self.fill()?;
        let frames = || self.waiting.chunks_exact(self.channels).take(present);
        left.clear();
        left.extend(frames().filter_map(|samples| samples.first()));
        right.clear();
        right.extend(frames().filter_map(|samples| samples.last()));
        self.take(present, &mut [left, right]);
        Ok(present > 0)
    }

    /// Reads until 20 ms wait; how many samples of each channel there are, fewer at the end.
    fn fill(&mut self) -> Result<usize, ReadError> {
        let len = self.rate as usize / 50;
        while self.waiting.len() < len * self.channels {
            let more = match &mut self.source {
                Source::Wav(source) => read_wav(source, len, &mut self.waiting)?,
                Source::Ogg(source) => source.read(&mut self.waiting)?,
            };
            if !more {
                break;
            }
        }
        Ok(len.min(self.waiting.len() / self.channels))
    }

    /// Forgets what was taken, and fills the frames up with silence.
    fn take(&mut self, present: usize, frames: &mut [&mut Vec<f32>]) {
        self.waiting.drain(..present * self.channels);
        for frame in frames {
            frame.resize(self.rate as usize / 50, 0.0);
        }
    }
}

fn damaged(error: impl ToString) -> ReadError {
    ReadError::Damaged(error.to_string())
}

/// Adds up to `len` samples; false at the end.
fn read_wav(
    source: &mut hound::WavReader<BufReader<File>>,
    len: usize,
    waiting: &mut Vec<f32>,
) -> Result<bool, ReadError> {
    let channels = usize::from(source.spec().channels);
    let samples: Vec<i16> = source
        .samples::<i16>()
        .take(len * channels)
        .collect::<Result<_, _>>()
        .map_err(damaged)?;
    let whole = samples.chunks_exact(channels).flatten();
    waiting.extend(whole.map(|sample| f32::from(*sample) / 32_768.0));
    Ok(!samples.is_empty())
}

/// Both voices at once may be louder than full scale.
fn mixed(voices: impl Iterator<Item = f32>) -> f32 {
    voices.sum::<f32>().clamp(-1.0, 1.0)
}

struct OggSource {
    packets: PacketReader<BufReader<File>>,
    decoder: Decoder,
    channels: usize,
    /// Samples of one channel that are not to be heard (RFC 7845 §4.2).
    skip: usize,
    decoded: Vec<f32>,
}

impl OggSource {
    fn open(file: BufReader<File>) -> Result<Self, ReadError> {
        let mut packets = PacketReader::new(file);
        let head = packets.read_packet_expected().map_err(damaged)?.data;
        let (Some(&channels), Some(skip), true) = (
            head.get(9).filter(|channels| (1..=2).contains(*channels)),
            head.get(10..12),
            head.starts_with(b"OpusHead"),
        ) else {
            return Err(ReadError::Unsupported {
                found: "the Ogg file holds no Opus of one or two channels".to_owned(),
            });
        };
        packets.read_packet_expected().map_err(damaged)?; // its tags (RFC 7845 §5.2)
        let layout = match channels {
            1 => Channels::Mono,
            _ => Channels::Stereo,
        };
        Ok(Self {
            decoder: Decoder::new(CLOCK as u32, layout).map_err(damaged)?,
            channels: usize::from(channels),
            skip: usize::from(u16::from_le_bytes([skip[0], skip[1]])),
            decoded: vec![0.0; LONGEST_PACKET * usize::from(channels)],
            packets,
        })
    }

    /// Adds a packet's samples; false at the end.
    fn read(&mut self, waiting: &mut Vec<f32>) -> Result<bool, ReadError> {
        let Some(packet) = self.packets.read_packet().map_err(damaged)? else {
            return Ok(false);
        };
        let len = self
            .decoder
            .decode_float(&packet.data, &mut self.decoded, false)
            .map_err(damaged)?;
        let skipped = self.skip.min(len);
        self.skip -= skipped;
        waiting.extend(&self.decoded[skipped * self.channels..len * self.channels]);
        Ok(true)
    }
}
