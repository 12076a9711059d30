//! The audit: who listened to what, took what out of the program, and deleted what.

use jiff::Timestamp;
use serde::Serialize;

use super::call::words;
use super::{AuditId, CallId, RecordingId};

/// What somebody does that leaves a line in the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Plays a recording.
    Listen,
    /// Writes something out of the store, for others to read.
    Export,
    /// Deletes a recording or a client.
    Delete,
}

words!(Act {
    Listen = "listen",
    Export = "export",
    Delete = "delete",
});

/// What somebody does, and to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// What is done.
    pub act: Act,
    /// To what: a recording's file, `calls`, `clients`, `report`, `backup`, `messages`, a client.
    pub what: String,
    /// The call that it is about.
    pub call: Option<CallId>,
    /// The recording that it is about.
    pub recording: Option<RecordingId>,
    /// Of an export: where it goes; may be empty. Of a client: the name, and which one it was a
    /// double of.
    pub detail: String,
}

impl Deed {
    /// The export of `what` to a file or a folder; none for standard output.
    pub fn export(what: &str, to: Option<&std::path::Path>) -> Self {
        Self {
            act: Act::Export,
            what: what.to_owned(),
            call: None,
            recording: None,
            detail: to.map(|to| to.display().to_string()).unwrap_or_default(),
        }
    }

    /// The deletion of `what`, and what else is to be said of it.
    pub fn delete(what: &str, detail: &str) -> Self {
        Self {
            act: Act::Delete,
            what: what.to_owned(),
            call: None,
            recording: None,
            detail: detail.to_owned(),
        }
    }
}

/// A line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Extension and name of the seat, else the system's user.
    pub who: String,
    /// What was done.
    pub deed: Deed,
}
