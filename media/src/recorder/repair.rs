//! Makes a recording that was cut off by a crash or a power cut playable.

use std::{
    fs::OpenOptions,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    time::Duration,
};

use super::{repair_ogg::repair_ogg, wav};

/// What is in a repaired recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// Length in samples of one channel.
    pub frames: u64,
    /// Samples a second of one channel, in Hz.
    pub rate: u32,
    /// Whether the file had to be changed.
    pub changed: bool,
}

impl Repaired {
    /// How long the recording plays.
    pub fn duration(&self) -> Duration {
        super::duration(self.frames, self.rate)
    }
}

/// Why a file could not be repaired. It is left as it was.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file ends within its header: nothing was ever recorded in it.
    #[error("the file holds no sound: it ends after {len} octets, within its header")]
    NoSound {
        /// Length of the file in octets.
        len: u64,
    },
    /// The file is no recording of ours.
    #[error(
        "not a recording: at octet {at} the file should have {expected}; repairable are 16-bit PCM WAV files"
    )]
    NotARecording {
        /// Where in the file.
        at: u64,
        /// What should stand there.
        expected: &'static str,
    },
}

/// Makes the recording `path` playable up to the end of the sound that is really there, and returns its length.
///
/// A partial frame or page at the end is cut off; no sound is ever lost. A file that is in order is not touched.
///
/// # Errors
/// The file cannot be read or written, or it is no recording, or it ends before the sound begins.
pub fn repair(path: &Path) -> Result<Repaired, RepairError> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let len = file.metadata()?.len();
    if read_at(&mut file, 0, len)? == *b"OggS" {
        return repair_ogg(&mut file, len);
    }
    let layout = Layout::read(&mut file, len).map_err(|error| match error {
        // Long enough for sound of ours: whatever it is, it is not empty.
        RepairError::NoSound { len } if len > wav::HEADER_LEN => RepairError::NotARecording {
            at: len,
            expected: "the rest of a chunk",
        },
        error => error,
    })?;
    let frame = u64::from(layout.channels) * 2;
    let present = (len - layout.data_at).min(u64::from(u32::MAX) - layout.data_at);
    let told = u64::from(layout.data_len);
    // A file in order may have further chunks behind the sound; ours have none.
    let in_order = told == present
        || (told < present && chunks_follow(&mut file, layout.data_at + told, len)?);
    let data_len = if in_order { told } else { present } / frame * frame;
    let repaired = Repaired {
        frames: data_len / frame,
        rate: layout.rate,
        changed: !in_order || data_len != told || u64::from(layout.riff_len) + 8 != len,
    };
    if repaired.changed {
        if data_len != told || !in_order {
            file.set_len(layout.data_at + data_len)?;
        }
        let len = file.metadata()?.len();
        write_at(&mut file, 4, (len - 8) as u32)?;
        write_at(&mut file, layout.data_at - 4, data_len as u32)?;
        file.sync_all()?;
    }
    Ok(repaired)
}

fn write_at(file: &mut (impl Write + Seek), at: u64, value: u32) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    file.write_all(&value.to_le_bytes())
}

/// What the header says.
struct Layout {
    riff_len: u32,
    channels: u16,
    rate: u32,
    data_at: u64,
    data_len: u32,
}

impl Layout {
    fn read(file: &mut (impl Read + Seek), len: u64) -> Result<Self, RepairError> {
        let riff: [u8; 12] = read_at(file, 0, len)?;
        expect(riff.starts_with(b"RIFF"), 0, "\"RIFF\" or \"OggS\"")?;
        expect(riff.ends_with(b"WAVE"), 8, "\"WAVE\"")?;
        let mut at = 12;
        let mut format = None;
        loop {
            let (name, chunk_len) = read_chunk(file, at, len)?;
            match (&name, format) {
                (b"fmt ", None) => format = Some(read_format(file, at + 8, len)?),
                (b"data", Some((channels, rate))) => {
                    return Ok(Self {
                        riff_len: number(&riff, 4),
                        channels,
                        rate,
                        data_at: at + 8,
                        data_len: chunk_len,
                    });
                }
                (b"data", None) => expect(false, at, "\"fmt \" before \"data\"")?,
                _ => {}
            }
            at += 8 + u64::from(chunk_len) + u64::from(chunk_len % 2);
        }
    }
}

fn read_format(
    file: &mut (impl Read + Seek),
    at: u64,
    len: u64,
) -> Result<(u16, u32), RepairError> {
    let format: [u8; 16] = read_at(file, at, len)?;
    let short = |at: usize| u16::from_le_bytes([format[at], format[at + 1]]);
    expect(short(0) == 1, at, "format 1 (PCM)")?;
    expect((1..=2).contains(&short(2)), at + 2, "one or two channels")?;
    expect(number(&format, 4) > 0, at + 4, "a sample rate")?;
    expect(short(14) == 16, at + 14, "16 bits a sample")?;
    Ok((short(2), number(&format, 4)))
}

pub(super) fn expect(met: bool, at: u64, expected: &'static str) -> Result<(), RepairError> {
    if met {
        Ok(())
    } else {
        Err(RepairError::NotARecording { at, expected })
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .iter()
        .take(4)
        .rev()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn read_chunk(
    file: &mut (impl Read + Seek),
    at: u64,
    len: u64,
) -> Result<([u8; 4], u32), RepairError> {
    let bytes: [u8; 8] = read_at(file, at, len)?;
    Ok(([bytes[0], bytes[1], bytes[2], bytes[3]], number(&bytes, 4)))
}

pub(super) fn read_at<const N: usize>(
    file: &mut (impl Read + Seek),
    at: u64,
    len: u64,
) -> Result<[u8; N], RepairError> {
    if at + N as u64 > len {
        return Err(RepairError::NoSound { len });
    }
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Whether well-formed chunks lie between `at` and the end of the file, without anything left over.
fn chunks_follow(file: &mut (impl Read + Seek), at: u64, len: u64) -> Result<bool, RepairError> {
    let mut at = at + at % 2;
    while at + 8 <= len {
        let (name, chunk_len) = read_chunk(file, at, len)?;
        if !name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ')
        {
            return Ok(false);
        }
        at += 8 + u64::from(chunk_len) + u64::from(chunk_len % 2);
    }
    Ok(at == len)
}
