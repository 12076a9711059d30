//! The recording of a call, as the store knows it. The sound itself is a file of the profile.

use std::time::Duration;

use jiff::Timestamp;

use super::call::words;
use super::{CallId, RecordingId};

/// One recording of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingRow {
    /// Its id.
    pub id: RecordingId,
    /// The call.
    pub call: CallId,
    /// The file, relative to the profile's `recordings/`, with `/` between folders.
    pub file: String,
    /// When its first sample was heard.
    pub started_at: Timestamp,
    /// Its length.
    pub duration: Duration,
    /// 2: left the agent, right the client.
    pub channels: u8,
    /// Samples a second.
    pub sample_rate: u32,
    /// How the samples are stored: `pcm_s16le`, `opus`.
    pub codec: String,
    /// Octets of the file; 0 where it could not be read.
    pub size: u64,
    /// SHA-256 of the file; none where it could not be read.
    pub sha256: Option<[u8; 32]>,
    /// How it ended.
    pub state: RecordingState,
}

/// How a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Closed in order.
    Finished,
    /// Cut short by a crash and made playable at the next start.
    Repaired,
    /// Stopped by an error, a full disk say; what was written plays.
    Failed,
}

/// Why a recording cannot be listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Its file is not there, though the folder is.
    Gone,
    /// Not even the folder of its file is there: a disk is not connected, or the folder was moved.
    NoFolder,
    /// The file is shorter than the recording: it was never finished, or is on its way here.
    Unfinished,
    /// The file is there, and cannot be read.
    Unreadable,
    /// Somebody deleted it; the audit says who.
    Deleted,
}

words!(Missing {
    Gone = "gone",
    NoFolder = "no_folder",
    Unfinished = "unfinished",
    Unreadable = "unreadable",
    Deleted = "deleted",
});

/// What is known of a recording's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingFile {
    /// Whose file it is.
    pub recording: RecordingId,
    /// The file, as [`RecordingRow::file`] has it.
    pub file: String,
    /// Its octets when the call ended; 0 where they were not known.
    pub size: u64,
    /// Why it cannot be listened to, as somebody found who looked last; none where it can.
    pub missing: Option<Missing>,
}

impl RecordingState {
    /// Its name in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Repaired => "repaired",
            Self::Failed => "failed",
        }
    }
}

impl RecordingRow {
    /// Where the recording of a call belongs, relative to the profile's `recordings/`:
    /// a folder a day and a name of time and call id, never of anything a caller could choose.
    pub fn file_name(call: CallId, started_at: Timestamp, extension: &str) -> String {
        let at = started_at.to_zoned(jiff::tz::TimeZone::UTC);
        format!(
            "{}/{}-{call}.{extension}",
            at.strftime("%Y/%m/%d"),
            at.strftime("%Y%m%dT%H%M%SZ")
        )
    }

    /// The call that a file named by [`RecordingRow::file_name`] belongs to.
    pub fn call_of_file(file: &str) -> Option<CallId> {
        let name = file.rsplit(['/', '\\']).next()?;
        let (stem, _) = name.rsplit_once('.')?;
        let (_, call) = stem.split_once('-')?;
        call.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_recordings_file_name_tells_its_call() {
        let call = CallId::new();
        let at: Timestamp = "2026-11-22T04:05:07Z".parse().unwrap();
        let file = RecordingRow::file_name(call, at, "wav");
        assert_eq!(file, format!("2026/11/22/20261122T040507Z-{call}.wav"));
        assert_eq!(RecordingRow::call_of_file(&file), Some(call));
        assert_eq!(RecordingRow::call_of_file("holiday.wav"), None);
    }
}
