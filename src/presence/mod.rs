//! What other people's phones and the mailbox are doing, read from the documents that notifiers
//! send, and what this phone says of itself. Whatever a document holds, reading it is bounded and
//! never fails loudly.

mod dialog_info;
mod message_summary;
mod own_state;

use serde::Serialize;

pub use dialog_info::{DialogInfo, Dialogs, DocumentError};
pub use own_state::{OwnDialog, OwnState};

/// What a colleague's phone does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LampState {
    /// Nobody has said anything yet.
    #[default]
    Unknown,
    /// Nothing is known, because nobody answers or nobody may know: not the same as idle.
    Unreachable,
    /// No call.
    Idle,
    /// It rings there, or somebody there is calling.
    Ringing,
    /// In a conversation.
    Talking,
}

/// What is in a mailbox (RFC 3842).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct MessagesWaiting {
    /// There is something new.
    pub waiting: bool,
    /// Voice messages not heard yet.
    pub new: u32,
    /// Voice messages heard already.
    pub old: u32,
}

impl MessagesWaiting {
    /// Reads an `application/simple-message-summary`; none where it is none.
    pub fn read(document: &[u8]) -> Option<Self> {
        message_summary::read(document)
    }

    /// The address of the mailbox that an `application/simple-message-summary` is about, where it says.
    pub fn account(document: &[u8]) -> Option<String> {
        message_summary::account(document)
    }
}
