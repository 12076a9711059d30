//! Who rang for a call, and what came of it.

use jiff::Timestamp;

use super::call::words;

/// A phone of the office that rang for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLeg {
    /// Its internal number, as the scenario has it; may be empty for this phone.
    pub extension: String,
    /// The name of the employee behind it, as the store knows it; may be empty.
    pub employee: String,
    /// When it began to be called.
    pub rang_at: Timestamp,
    /// When it had nothing to do with the call any more; none while it rings or people talk.
    pub ended_at: Option<Timestamp>,
    /// What came of it.
    pub outcome: LegOutcome,
}

/// What came of ringing at a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LegOutcome {
    /// It rings.
    Ringing,
    /// Somebody took the call there.
    Answered,
    /// Nobody took it in time.
    NoAnswer,
    /// It was busy.
    Busy,
    /// It was turned away there.
    Declined,
    /// It could not be reached.
    Failed,
    /// Another phone was quicker.
    Elsewhere,
    /// The caller gave up.
    GaveUp,
    /// The program ended in the middle of it.
    Interrupted,
}

words!(LegOutcome {
    Ringing = "ringing",
    Answered = "answered",
    NoAnswer = "no_answer",
    Busy = "busy",
    Declined = "declined",
    Failed = "failed",
    Elsewhere = "elsewhere",
    GaveUp = "gave_up",
    Interrupted = "interrupted",
});
