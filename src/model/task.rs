//! A task: a caller who got no conversation is owed one. The rule is here, the rows are the store's.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{CallId, CallRecord, CallStatus, CategoryId, ClientId, Direction, EndReason};
use super::{PhoneNumber, TaskId};

/// What a call that is over means for whoever is owed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// People talked: nothing is owed any more.
    Contact,
    /// Somebody called and got no conversation.
    Lost,
    /// Neither: nobody was reached, but nobody who called was lost either.
    Neither,
}

/// What the log has of a call's end: all that [`Outcome`] is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallEnd {
    /// Who called whom.
    pub direction: Direction,
    /// What became of it.
    pub status: CallStatus,
    /// Why it is over; none while it is not.
    pub reason: Option<EndReason>,
    /// Whether it is over.
    pub is_over: bool,
    /// Whether it was answered.
    pub is_answered: bool,
    /// Whether it is known that its sound did not go both ways. A call that a crash cut off in its
    /// first second has no figures of its sound yet; somebody did answer it.
    pub is_silent: bool,
}

impl CallEnd {
    /// The end of this call.
    pub fn of(call: &CallRecord) -> Self {
        let is_answered = call.answered_at.is_some();
        Self {
            direction: call.direction,
            status: call.status,
            reason: call.end_reason,
            is_over: call.ended_at.is_some(),
            is_answered,
            is_silent: is_answered && call.quality.is_some() && !call.conversation_took_place(),
        }
    }
}

impl Outcome {
    /// What this call means.
    pub fn of(call: &CallRecord) -> Self {
        Self::of_end(CallEnd::of(call))
    }

    /// What a call means that ended so.
    ///
    /// An answered call is a contact unless it is known that its sound did not go both ways. A
    /// caller whom a colleague answered on another phone of the line has been spoken with; one who
    /// was sent on, or whose ringing call a colleague picked up, is looked after there. A mailbox is
    /// nobody: whoever spoke to ours waits for us, and whose mailbox we reached does not know yet.
    /// Everybody else who called is still waiting, whatever kept us from answering: the phone switched to
    /// do not disturb, all lines taken, a call turned away, no common codec, a crash.
    pub fn of_end(end: CallEnd) -> Self {
        if !end.is_over {
            return Self::Neither;
        }
        match (end.direction, end.status) {
            (Direction::Incoming, CallStatus::Voicemail) => Self::Lost,
            (Direction::Outgoing, CallStatus::Voicemail) => Self::Neither,
            _ if end.is_answered && !end.is_silent => Self::Contact,
            (Direction::Incoming, CallStatus::AnsweredElsewhere) => Self::Contact,
            (Direction::Incoming, status) if is_lost(status, end.reason) => Self::Lost,
            _ => Self::Neither,
        }
    }
}

fn is_lost(status: CallStatus, reason: Option<EndReason>) -> bool {
    match status {
        CallStatus::Missed => reason != Some(EndReason::Transferred),
        CallStatus::Answered
        | CallStatus::OneWay
        | CallStatus::Rejected
        | CallStatus::Busy
        | CallStatus::Failed
        | CallStatus::Voicemail
        | CallStatus::Interrupted => true,
        CallStatus::InProgress
        | CallStatus::Cancelled
        | CallStatus::AnsweredElsewhere
        | CallStatus::Unknown => false,
    }
}

/// On which terms callers are owed a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskTerms {
    /// Within which time of the first lost call.
    pub due: Duration,
}

impl TaskTerms {
    /// Within so many minutes.
    pub fn minutes(minutes: u32) -> Self {
        Self {
            due: Duration::from_secs(60 * u64::from(minutes)),
        }
    }

    fn due_at(self, lost_at: Timestamp) -> Timestamp {
        let due = SignedDuration::try_from(self.due).unwrap_or(SignedDuration::MAX);
        lost_at.checked_add(due).unwrap_or(Timestamp::MAX)
    }
}

/// A call that a caller is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The client who is owed it; none where the caller is unknown.
    pub client: Option<ClientId>,
    /// Where the latest of the lost calls came from, as the log keeps it: E.164, or an internal
    /// number or a user.
    pub caller: String,
    /// The same where it is a phone number.
    pub number: Option<PhoneNumber>,
    /// When the first lost call was over.
    pub opened_at: Timestamp,
    /// When the latest lost call was over.
    pub last_at: Timestamp,
    /// When the caller is to have been spoken with. Further calls give no more time.
    pub due_at: Timestamp,
    /// How many calls were lost.
    pub calls: u32,
    /// When and by what it was done; none while it is open.
    pub closed: Option<Closed>,
}

/// What ended a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// The call in which people talked; none where somebody gave a reason instead.
    pub contact: Option<CallId>,
    /// The reason somebody gave; empty where people talked.
    pub reason: String,
}

impl Task {
    /// The task that a lost call of `client` opens.
    pub fn open(id: TaskId, lost: &CallRecord, client: Option<ClientId>, terms: TaskTerms) -> Self {
        let at = over_at(lost);
        Self {
            id,
            client,
            caller: lost.caller.clone(),
            number: lost.number,
            opened_at: at,
            last_at: at,
            due_at: terms.due_at(at),
            calls: 1,
            closed: None,
        }
    }

    /// Takes in one more lost call of the same caller.
    pub fn join(&mut self, lost: &CallRecord, client: Option<ClientId>) {
        self.calls = self.calls.saturating_add(1);
        self.client = self.client.or(client);
        let at = over_at(lost);
        if at < self.opened_at {
            // Its row was written late: the time ran from then on.
            self.due_at -= at.duration_until(self.opened_at);
            self.opened_at = at;
        }
        if at >= self.last_at {
            self.last_at = at;
            self.caller.clone_from(&lost.caller);
            self.number = lost.number;
        }
    }

    /// Takes in another open task of the same caller: it turned out that two are one.
    pub fn absorb(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.opened_at = self.opened_at.min(other.opened_at);
        self.due_at = self.due_at.min(other.due_at);
        if other.last_at > self.last_at {
            self.last_at = other.last_at;
            self.caller.clone_from(&other.caller);
            self.number = other.number;
        }
    }

    /// Whether this call with its caller does it: people talked, and not before the latest lost call.
    pub fn is_settled_by(&self, call: &CallRecord) -> bool {
        Outcome::of(call) == Outcome::Contact && over_at(call) >= self.last_at
    }

    /// Notes the call in which people talked.
    pub fn settle(&mut self, contact: &CallRecord) {
        self.closed = Some(Closed {
            at: over_at(contact),
            contact: Some(contact.call),
            reason: String::new(),
        });
    }

    /// Whether it is open and its time is up.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.closed.is_none() && self.due_at < now
    }
}

/// When a call was over.
fn over_at(call: &CallRecord) -> Timestamp {
    call.ended_at.unwrap_or(call.last_seen_at)
}

/// A task with what stands beside it: the client's present name and category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskLine {
    /// The task.
    pub task: Task,
    /// The client's name now; none where the client is unknown or was deleted.
    pub client_name: Option<String>,
    /// The client's category now.
    pub category: Option<CategoryId>,
}

/// What a call did to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskNews {
    /// What became of it.
    pub change: TaskChange,
    /// The call that did it.
    pub call: CallId,
    /// The task as it is now.
    pub line: TaskLine,
}

/// What became of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskChange {
    /// A call was lost, and its caller was owed none before.
    Opened,
    /// One more call of somebody who is owed one was lost.
    Joined,
    /// People talked.
    Closed,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::model::CallQuality;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn call(direction: Direction, status: CallStatus, reason: Option<EndReason>) -> CallRecord {
        CallRecord {
            status,
            end_reason: reason,
            ended_at: Some(at(100)),
            ..CallRecord::begin(CallId::new(), direction, at(0))
        }
    }

    fn sound(sent: u64, received: u64) -> Option<CallQuality> {
        Some(CallQuality {
            packets_sent: sent,
            packets_received: received,
            ..CallQuality::default()
        })
    }

    #[test]
    fn whoever_called_and_got_no_conversation_is_lost() {
        use CallStatus::*;
        for status in [Missed, Rejected, Busy, Failed, Interrupted] {
            let call = call(Direction::Incoming, status, None);
            assert_eq!(Outcome::of(&call), Outcome::Lost, "{status}");
        }
        for status in [InProgress, Cancelled, Unknown] {
            let call = call(Direction::Incoming, status, None);
            assert_eq!(Outcome::of(&call), Outcome::Neither, "{status}");
        }
    }

    #[test]
    fn whoever_was_sent_on_or_picked_up_is_looked_after_elsewhere() {
        let sent_on = Some(EndReason::Transferred);
        let call = call(Direction::Incoming, CallStatus::Missed, sent_on);
        assert_eq!(Outcome::of(&call), Outcome::Neither);
    }

    #[test]
    fn whom_a_colleague_answered_has_been_spoken_with() {
        let call = call(Direction::Incoming, CallStatus::AnsweredElsewhere, None);
        assert_eq!(Outcome::of(&call), Outcome::Contact);
    }

    #[test]
    fn a_call_of_ours_that_nobody_answers_changes_nothing() {
        use CallStatus::*;
        for status in [
            Missed,
            Rejected,
            Busy,
            Failed,
            Cancelled,
            Interrupted,
            Answered,
        ] {
            let call = call(Direction::Outgoing, status, None);
            assert_eq!(Outcome::of(&call), Outcome::Neither, "{status}");
        }
    }

    #[test]
    fn s5_5_a_mailbox_is_no_contact_and_whoever_spoke_to_ours_is_owed_a_call() {
        let mut left = call(
            Direction::Incoming,
            CallStatus::Voicemail,
            Some(EndReason::Transferred),
        );
        assert_eq!(Outcome::of(&left), Outcome::Lost);
        left.direction = Direction::Outgoing;
        left.answered_at = left.ended_at;
        assert_eq!(Outcome::of(&left), Outcome::Neither);
    }

    #[test]
    fn an_answered_call_is_a_contact_unless_its_sound_went_one_way() {
        for direction in [Direction::Incoming, Direction::Outgoing] {
            for status in [CallStatus::Answered, CallStatus::Interrupted] {
                let mut call = call(direction, status, None);
                call.answered_at = Some(at(10));
                assert_eq!(Outcome::of(&call), Outcome::Contact);
                call.quality = sound(50, 50);
                assert_eq!(Outcome::of(&call), Outcome::Contact);
                call.quality = sound(50, 0);
                assert_ne!(Outcome::of(&call), Outcome::Contact);
            }
        }
        let mut silent = call(Direction::Incoming, CallStatus::Answered, None);
        (silent.answered_at, silent.quality) = (Some(at(10)), sound(0, 50));
        assert_eq!(Outcome::of(&silent), Outcome::Lost);
        silent.ended_at = None;
        assert_eq!(Outcome::of(&silent), Outcome::Neither);
    }

    #[test]
    fn a_task_is_due_by_its_first_call_and_done_by_a_talk_after_its_last() {
        let lost = call(Direction::Incoming, CallStatus::Missed, None);
        let mut task = Task::open(TaskId::new(), &lost, None, TaskTerms::minutes(1));
        assert_eq!((task.due_at, task.calls), (at(160), 1));
        assert!(!task.is_overdue(at(160)) && task.is_overdue(at(161)));
        let again = CallRecord {
            ended_at: Some(at(150)),
            ..call(Direction::Incoming, CallStatus::Busy, None)
        };
        task.join(&again, None);
        assert_eq!(
            (task.last_at, task.due_at, task.calls),
            (at(150), at(160), 2)
        );

        let mut talk = call(Direction::Outgoing, CallStatus::Answered, None);
        talk.answered_at = Some(at(100));
        talk.ended_at = Some(at(149));
        assert!(!task.is_settled_by(&talk));
        talk.ended_at = Some(at(150));
        assert!(task.is_settled_by(&talk));
        task.settle(&talk);
        assert!(!task.is_overdue(at(1000)));
        assert_eq!(task.closed.unwrap().contact, Some(talk.call));
    }
}
