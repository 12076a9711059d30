//! Reports of the call log: rows go in, in the order of time, and figures come out. Where the rows
//! come from is the store's business, and how figures are shown that of whoever asks.

mod clock_hours;
mod handling;

use jiff::Timestamp;

pub use handling::{
    Callers, Conversation, ENOUGH, Handling, HandlingTally, Identification, Lengths, Operator,
    SHORT, Saving, Work,
};

/// What a report is about: the calls that began in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}
