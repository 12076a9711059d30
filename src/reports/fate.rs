//! What became of incoming calls, as a call centre counts them.

use std::time::Duration;

use jiff::Timestamp;

use super::ratio;
use crate::model::{CallEnd, CallStatus, EndReason, Outcome};

/// A caller who gives up within less was never really waiting: what a call centre leaves out.
pub const SHORT_ABANDON: Duration = Duration::from_secs(5);

/// A call of the log, as far as reports look at it.
#[derive(Debug, Clone, Copy)]
pub struct LoggedCall<'r> {
    /// When it began to ring or was dialled.
    pub started_at: Timestamp,
    /// When it was over, or when it was last known of where it is not.
    pub until: Timestamp,
    /// How it ended.
    pub end: CallEnd,
    /// How long it rang.
    pub ring: Duration,
    /// From answer to end, holds included.
    pub talk: Duration,
    /// The address of record of the line.
    pub line: &'r str,
    /// The internal number that took or made it; may be empty.
    pub extension: &'r str,
    /// The name of the employee behind the extension; may be empty.
    pub employee: &'r str,
}

/// What became of an incoming call that is over. Together, the lost, rejected and short ones are
/// those that [`Outcome`] calls lost: whose callers are owed a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// People talked.
    Answered,
    /// It was answered at another phone of the line.
    Elsewhere,
    /// Lost: the caller gave up.
    Abandoned,
    /// Lost for any other reason: nobody answered in time, a mailbox took it, all lines taken, no sound, a
    /// crash.
    Unanswered,
    /// We turned it away.
    Rejected,
    /// The caller gave up at once, before anybody could have answered.
    Short,
    /// It was sent on, or a colleague picked it up: others have to answer it.
    PassedOn,
}

impl Fate {
    /// Every one, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Answered,
        Self::Elsewhere,
        Self::Abandoned,
        Self::Unanswered,
        Self::Rejected,
        Self::Short,
        Self::PassedOn,
    ];

    /// Its name in JSON and CSV; never translated.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Elsewhere => "elsewhere",
            Self::Abandoned => "abandoned",
            Self::Unanswered => "unanswered",
            Self::Rejected => "rejected",
            Self::Short => "short",
            Self::PassedOn => "passed_on",
        }
    }

    /// What became of this incoming call; none where it is not over, or the row does not say.
    /// Whoever gave up in less than `short` did so at once.
    pub fn of(call: &LoggedCall<'_>, short: Duration) -> Option<Self> {
        let CallEnd {
            status,
            reason,
            is_over,
            ..
        } = call.end;
        match Outcome::of_end(call.end) {
            Outcome::Contact if status == CallStatus::AnsweredElsewhere => Some(Self::Elsewhere),
            Outcome::Contact => Some(Self::Answered),
            Outcome::Lost => Some(match (status, reason) {
                (CallStatus::Rejected, _) => Self::Rejected,
                (CallStatus::Missed, Some(EndReason::Cancelled)) if call.ring < short => {
                    Self::Short
                }
                (CallStatus::Missed, Some(EndReason::Cancelled)) => Self::Abandoned,
                _ => Self::Unanswered,
            }),
            Outcome::Neither if is_over && status == CallStatus::Missed => Some(Self::PassedOn),
            Outcome::Neither => None,
        }
    }
}

/// Incoming calls, counted by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offered {
    counts: [u64; Fate::ALL.len()],
}

impl Offered {
    /// How many had this fate.
    pub fn of(&self, fate: Fate) -> u64 {
        self.counts[fate as usize]
    }

    /// One more with this fate.
    pub fn add(&mut self, fate: Fate) {
        self.counts[fate as usize] += 1;
    }

    /// How many calls were offered: all but those that were passed on.
    pub fn calls(&self) -> u64 {
        self.counts.iter().sum::<u64>() - self.of(Fate::PassedOn)
    }

    /// How many were lost: abandoned or otherwise unanswered.
    pub fn lost(&self) -> u64 {
        self.of(Fate::Abandoned) + self.of(Fate::Unanswered)
    }

    /// How many a share is of: the offered ones without the short.
    pub fn counted(&self) -> u64 {
        self.calls() - self.of(Fate::Short)
    }

    /// The lost-call rate, 0 to 1: lost / (offered − short). None where there were none.
    pub fn lost_rate(&self) -> Option<f64> {
        ratio(self.lost(), self.counted())
    }

    /// The abandonment rate, 0 to 1: abandoned / (offered − short). None where there were none.
    pub fn abandonment_rate(&self) -> Option<f64> {
        ratio(self.of(Fate::Abandoned), self.counted())
    }

    /// Whether there were no calls at all, not even such as were passed on.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }
}

#[cfg(test)]
pub(super) mod tests;
