//! Recording of conversations: left channel the agent (what we send), right channel the client (what we hear).
//!
//! The media thread copies frames into a [`Tap`]; one thread of our own writes all recordings. It takes what came
//! five times a second, and every other time it brings the files' headers up to date and has the system put them on the
//! disk, so a crash or a power cut costs less than half a second of sound.
//!
//! A recording's time line is the clock's, not the packets': hold, pause, loss and a change of codec leave silence of
//! the right length; where somebody paused it, the finished file says so. Its rate is the codec's, 8 kHz or 16 kHz; Opus calls are kept at 16 kHz, which holds all of a
//! voice at a third of the size. The format `opus` keeps both voices apart in about a tenth of that.

// The recorder writes files on a thread of its own.
#![allow(clippy::disallowed_methods)]

mod analysis;
mod format;
mod markers;
mod ogg;
mod reader;
mod recording;
mod repair;
mod repair_ogg;
mod sound_file;
mod splice;
mod tap;
mod two_streams;
mod wav;
mod worker;

pub use analysis::{AnalysisError, analyse};
pub use format::{RecordingFormat, UnknownFormat};
pub use markers::{Pause, pauses};
pub use reader::{ReadError, RecordingReader};
#[cfg(test)]
pub(crate) use recording::Recording;
pub use repair::{RepairError, Repaired, repair};
pub use tap::Tap;
pub use worker::{Recorder, RecordingRequest, Report};

use std::{io, time::Duration};

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
        duration(self.frames, self.rate)
    }
}

fn duration(frames: u64, rate: u32) -> Duration {
    Duration::from_secs_f64(frames as f64 / f64::from(rate.max(1)))
}

/// The rate at which a call is kept whose codec runs at `codec_rate` Hz.
pub fn recording_rate(codec_rate: u32) -> u32 {
    codec_rate.clamp(8_000, 16_000)
}

/// Why a recording could not begin or had to end early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// No room left on the disk, or over the quota.
    #[error("the disk is full")]
    DiskFull,
    /// The file cannot be created or written.
    #[error("{0}")]
    Io(io::ErrorKind),
    /// A recording of this stream runs already.
    #[error("this call is being recorded already")]
    AlreadyRecording,
    /// There is no such stream.
    #[error("this call has no audio")]
    NoStream,
    /// The rates cannot be converted.
    #[error(transparent)]
    Rates(#[from] crate::resample::UnsupportedRates),
}

impl From<io::Error> for RecordingError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            kind => Self::Io(kind),
        }
    }
}
