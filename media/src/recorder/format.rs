//! The setting `recording.format`.

use std::{fmt, str::FromStr};

/// How a recording is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordingFormat {
    /// 16-bit PCM, two channels.
    #[default]
    Wav,
    /// Opus in Ogg, two channels.
    Opus,
}

/// The text names no recording format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown recording format {0:?}; allowed are \"wav\" and \"opus\"")]
pub struct UnknownFormat(pub String);

impl RecordingFormat {
    /// The file name's extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Opus => "opus",
        }
    }
}

impl FromStr for RecordingFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "wav" => Ok(Self::Wav),
            "opus" => Ok(Self::Opus),
            other => Err(UnknownFormat(other.to_owned())),
        }
    }
}

impl fmt::Display for RecordingFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}
