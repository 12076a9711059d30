//! Recording of conversations: left channel the agent (what we send), right channel the client (what we hear).

// The recorder writes files on a thread of its own.
#![allow(clippy::disallowed_methods)]

mod format;
mod repair;

pub use format::{RecordingFormat, UnknownFormat};
pub use repair::{RepairError, Repaired, repair};

use std::time::Duration;

/// A finished recording: what is in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Length in samples of one channel.
    pub frames: u64,
    /// Samples a second of one channel, in Hz.
    pub rate: u32,
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
    /// The stretches that are silent because somebody paused the recording: from, to, in samples since the beginning.
    pub pauses: Vec<(u64, u64)>,
}

impl Finished {
    /// How long the recording plays.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.frames as f64 / f64::from(self.rate.max(1)))
    }
}

/// Why a recording could not begin or had to end early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// No room left on the disk, or over the quota.
    #[error("the disk is full")]
    DiskFull,
    /// The file cannot be created or written.
    #[error("{0}")]
    Io(std::io::ErrorKind),
    /// A recording of this stream runs already.
    #[error("this call is being recorded already")]
    AlreadyRecording,
    /// There is no such stream.
    #[error("this call has no audio")]
    NoStream,
    /// More recordings than the recorder takes at once.
    #[error("too many recordings at once")]
    TooMany,
}

impl From<std::io::Error> for RecordingError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull,
            kind => Self::Io(kind),
        }
    }
}
