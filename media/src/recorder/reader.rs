//! Reads a recording from its beginning to its end: both voices as one, which a player needs, or each by itself.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use ogg::PacketReader;
use opus::{Channels, Decoder};

use super::{ogg::CLOCK, two_streams};

/// Samples of one channel in the longest Opus packet, 120 ms (RFC 6716 §2.1.4).
const LONGEST_PACKET: usize = CLOCK as usize * 120 / 1_000;

/// How many samples before a place are decoded to be heard there as they are: 400 ms, where 80 ms are the
/// least (RFC 7845 §4.6).
const PRE_ROLL: usize = CLOCK as usize * 400 / 1_000;
/// How long a page of an Ogg file is at most, and the one before it with it.
const LONGEST_PAGE: u64 = 2 * 65_307;

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
    /// How many samples of each channel were taken, or left out by seeking.
    taken: u64,
    file: PathBuf,
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
        let read = File::open(path)?.read(&mut magic)?;
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
            taken: 0,
            file: path.to_owned(),
        })
    }

    /// How long the recording is.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn length(&self) -> Result<Duration, ReadError> {
        let samples = match &self.source {
            Source::Wav(source) => source.duration().into(),
            Source::Ogg(source) => last_position(&self.file)?.saturating_sub(source.pre_skip),
        };
        Ok(self.time(samples))
    }

    /// How far it has been taken.
    pub fn position(&self) -> Duration {
        self.time(self.taken)
    }

    fn time(&self, samples: u64) -> Duration {
        Duration::from_secs_f64(samples as f64 / f64::from(self.rate))
    }

    /// Goes on from there; from the end where that is earlier.
    ///
    /// # Errors
    /// The file cannot be read there.
    pub fn seek(&mut self, position: Duration) -> Result<(), ReadError> {
        let sample = (position.as_secs_f64() * f64::from(self.rate)).round() as u64;
        self.waiting.clear();
        match &mut self.source {
            Source::Wav(source) => {
                let sample = sample.min(source.duration().into());
                source.seek(u32::try_from(sample).unwrap_or(u32::MAX))?;
            }
            Source::Ogg(source) => {
                let mut anew = OggSource::open(BufReader::new(File::open(&self.file)?))?;
                anew.leave_out(sample, &mut self.waiting)?;
                **source = anew;
            }
        }
        self.taken = sample;
        Ok(())
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

    /// The same, the last of them as short as it is.
    ///
    /// # Errors
    /// The file cannot be read any further.
    pub fn next_block(&mut self, block: &mut Vec<f32>) -> Result<bool, ReadError> {
        let present = self.fill()?;
        self.next_frame(block)?;
        block.truncate(present);
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
        self.taken += present as u64;
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
    decoders: Decoders,
    channels: usize,
    /// Samples of one channel that are not to be heard.
    skip: usize,
    /// How many of them there are at the beginning (RFC 7845 §4.2).
    pre_skip: u64,
    /// A packet's samples, interleaved.
    decoded: Vec<f32>,
}

enum Decoders {
    /// One sound of one channel or two, as most files have it.
    One(Decoder),
    /// Two voices, each by itself, as our recordings have them.
    Two {
        decoders: [Decoder; 2],
        first: Vec<u8>,
        voice: Vec<f32>,
    },
}

impl Decoders {
    /// Those for what follows the channels' number in the identification header.
    fn new(channels: u8, mapping: &[u8]) -> Result<Self, ReadError> {
        let decoder = |layout| Decoder::new(CLOCK as u32, layout).map_err(damaged);
        Ok(match (channels, mapping) {
            (1, [0, ..] | [1, 1, 0, 0, ..]) => Self::One(decoder(Channels::Mono)?),
            (2, [0, ..] | [1, 1, 1, 0, 1, ..]) => Self::One(decoder(Channels::Stereo)?),
            (2, mapping) if mapping.starts_with(&two_streams::MAPPING) => Self::Two {
                decoders: [decoder(Channels::Mono)?, decoder(Channels::Mono)?],
                first: Vec::new(),
                voice: vec![0.0; LONGEST_PACKET],
            },
            _ => return Err(no_such_opus()),
        })
    }

    /// How many samples of each channel a packet holds.
    fn samples(&mut self, packet: &[u8]) -> Result<usize, ReadError> {
        let samples = match self {
            Self::One(decoder) => decoder.get_nb_samples(packet),
            Self::Two {
                decoders: [decoder, _],
                first,
                ..
            } => {
                two_streams::split(packet, first).ok_or_else(no_voices)?;
                decoder.get_nb_samples(first)
            }
        };
        samples.map_err(damaged)
    }

    /// Decodes a packet into interleaved samples; returns how many of each channel there are.
    fn decode(&mut self, packet: &[u8], decoded: &mut [f32]) -> Result<usize, ReadError> {
        match self {
            Self::One(decoder) => decoder
                .decode_float(packet, decoded, false)
                .map_err(damaged),
            Self::Two {
                decoders,
                first,
                voice,
            } => {
                let second = two_streams::split(packet, first).ok_or_else(no_voices)?;
                let mut least = LONGEST_PACKET;
                for (channel, (decoder, packet)) in
                    decoders.iter_mut().zip([&first[..], second]).enumerate()
                {
                    let len = decoder
                        .decode_float(packet, voice, false)
                        .map_err(damaged)?;
                    let places = decoded.iter_mut().skip(channel).step_by(2);
                    places
                        .zip(&voice[..len])
                        .for_each(|(place, sample)| *place = *sample);
                    least = least.min(len);
                }
                Ok(least)
            }
        }
    }
}

fn no_such_opus() -> ReadError {
    ReadError::Unsupported {
        found: "the Ogg file holds no Opus of one or two channels".to_owned(),
    }
}

fn no_voices() -> ReadError {
    ReadError::Damaged("a packet does not hold two voices".to_owned())
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
            return Err(no_such_opus());
        };
        let decoders = Decoders::new(channels, head.get(18..).unwrap_or_default())?;
        packets.read_packet_expected().map_err(damaged)?; // its tags (RFC 7845 §5.2)
        Ok(Self {
            decoders,
            channels: usize::from(channels),
            skip: usize::from(u16::from_le_bytes([skip[0], skip[1]])),
            pre_skip: u16::from_le_bytes([skip[0], skip[1]]).into(),
            decoded: vec![0.0; LONGEST_PACKET * usize::from(channels)],
            packets,
        })
    }

    /// Adds a packet's samples; false at the end.
    fn read(&mut self, waiting: &mut Vec<f32>) -> Result<bool, ReadError> {
        let Some(packet) = self.packets.read_packet().map_err(damaged)? else {
            return Ok(false);
        };
        self.decode(&packet.data, waiting)?;
        Ok(true)
    }

    fn decode(&mut self, packet: &[u8], waiting: &mut Vec<f32>) -> Result<(), ReadError> {
        let len = self.decoders.decode(packet, &mut self.decoded)?;
        let skipped = self.skip.min(len);
        self.skip -= skipped;
        waiting.extend(&self.decoded[skipped * self.channels..len * self.channels]);
        Ok(())
    }

    /// Leaves out so many samples from the beginning on. Packets are passed over without decoding, but
    /// for the last ones, from which the decoder learns what comes before.
    fn leave_out(&mut self, samples: u64, waiting: &mut Vec<f32>) -> Result<(), ReadError> {
        let samples = usize::try_from(samples).unwrap_or(usize::MAX);
        self.skip = self.skip.saturating_add(samples);
        while let Some(packet) = self.packets.read_packet().map_err(damaged)? {
            let len = self.decoders.samples(&packet.data)?;
            if len + PRE_ROLL <= self.skip {
                self.skip -= len;
                continue;
            }
            return self.decode(&packet.data, waiting);
        }
        Ok(())
    }
}

/// The position, in samples, that the file's last page has (RFC 3533 §6).
fn last_position(path: &Path) -> Result<u64, ReadError> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_PAGE)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let pages = end.windows(14).rev();
    let mut positions = pages.filter_map(|page| {
        let position: [u8; 8] = page.strip_prefix(b"OggS")?.get(2..10)?.try_into().ok()?;
        Some(u64::from_le_bytes(position))
    });
    // A page on which no packet ends says -1.
    let last = positions.find(|position| *position != u64::MAX);
    Ok(last.unwrap_or(0))
}
