//! An event that a web server is yet to be told.

use jiff::Timestamp;

use super::EventId;

/// An event that waits in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Its id, the same at every attempt.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// Its line, as scripts read it.
    pub body: String,
}
