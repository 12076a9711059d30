//! How a call ended: from the user agent's cause to the words of the call log.

use std::time::Duration;

use ringbook_media::engine::MediaCommand;
use ringbook_sip::user_agent::{End, EndCause, EndedBy};

use super::Phone;
use super::call::{Ended, Ports, State};
use super::effect::Effect;
use super::encryption::unencrypted_trouble;
use super::listener::CallEvent;
use crate::automation::{CallState, NoticeKind};
use crate::model::{CallId, CallStatus, Direction, EndReason};
use crate::now::Now;

/// How long a call's sound may take to close.
const MEDIA_CLOSING: Duration = Duration::from_secs(2);
/// How long an ended call may wait for its recording and its row before it is let go.
const CLOSING: Duration = Duration::from_secs(10);

/// What the log says of a call that ended like this. `intent` is our own reason, where the phone
/// ended the call for one that SIP has no word for.
fn verdict(
    direction: Direction,
    answered: bool,
    end: &End,
    intent: Option<EndReason>,
) -> (CallStatus, EndReason) {
    let reason = intent.unwrap_or_else(|| reason(direction, end));
    let status = match (answered, direction) {
        (true, _) => CallStatus::Answered,
        (false, Direction::Incoming) => incoming(reason),
        (false, Direction::Outgoing) => outgoing(reason, end.by),
    };
    (status, reason)
}

fn reason(direction: Direction, end: &End) -> EndReason {
    match end.cause {
        EndCause::LocalHangup => EndReason::LocalHangup,
        EndCause::RemoteHangup => EndReason::RemoteHangup,
        // A 4xx without a better name is a failure when it is theirs, a refusal when it is ours.
        EndCause::Rejected if direction == Direction::Outgoing => EndReason::Failed,
        EndCause::Rejected => EndReason::Rejected,
        EndCause::Busy => EndReason::Busy,
        EndCause::Declined if direction == Direction::Incoming => EndReason::Rejected,
        EndCause::Declined => EndReason::Declined,
        EndCause::Cancelled => EndReason::Cancelled,
        EndCause::Replaced | EndCause::Forwarded => EndReason::Transferred,
        EndCause::AnsweredElsewhere => EndReason::AnsweredElsewhere,
        EndCause::NoAnswer => EndReason::NoAnswer,
        EndCause::NotFound => EndReason::NotFound,
        EndCause::Unreachable => EndReason::Unreachable,
        EndCause::Timeout => EndReason::Timeout,
        EndCause::AuthFailed => EndReason::AuthFailed,
        EndCause::NotAcceptable | EndCause::NotEncrypted => EndReason::NotAcceptable,
        EndCause::Failed => EndReason::Failed,
    }
}

fn incoming(reason: EndReason) -> CallStatus {
    match reason {
        // Sent on, a call was answered here by nobody.
        EndReason::Cancelled | EndReason::NoAnswer | EndReason::Transferred => CallStatus::Missed,
        EndReason::Rejected | EndReason::LocalHangup | EndReason::Declined => CallStatus::Rejected,
        EndReason::Busy => CallStatus::Busy,
        EndReason::AnsweredElsewhere => CallStatus::AnsweredElsewhere,
        _ => CallStatus::Failed,
    }
}

fn outgoing(reason: EndReason, by: EndedBy) -> CallStatus {
    match reason {
        EndReason::Cancelled | EndReason::LocalHangup if by == EndedBy::Local => {
            CallStatus::Cancelled
        }
        EndReason::Transferred => CallStatus::Cancelled,
        EndReason::Busy => CallStatus::Busy,
        EndReason::Declined => CallStatus::Rejected,
        _ => CallStatus::Failed,
    }
}

/// The end of a call.
impl Phone {
    /// The call is over: its sound closes, then its recording, then its row.
    pub(super) fn end(&mut self, now: Now, id: CallId, end: End) {
        if self.calls.get(id).is_none_or(|call| call.ended().is_some()) {
            return;
        }
        self.tell_referrer_of_failure(now, id);
        self.give_up_connecting(id);
        let unencrypted = self.is_unencrypted(id, &end);
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        let answered = call.answered.is_some();
        let remote = call.remote.party.shown();
        let (status, reason) = verdict(call.direction, answered, &end, call.intent);
        call.hold.set(now.instant, false, false);
        call.state = State::Ended(Box::new(Ended {
            at: now,
            end,
            status,
            reason,
            closed: false,
        }));
        call.since = now.wall;
        let (stream, ports) = (call.stream, call.media.ports);
        self.leave_conference(now, id);
        self.stop_leading(now, id, reason);
        self.tell(now, id, CallEvent::Ended);
        if unencrypted {
            self.notice(now, NoticeKind::Call, unencrypted_trouble(&remote));
        }
        let ports = match ports {
            Ports::Open { .. } => {
                self.effect(Effect::Media(MediaCommand::Close { stream }));
                Ports::Closing {
                    until: now.instant + MEDIA_CLOSING,
                }
            }
            Ports::Bound { .. } | Ports::Wanted => {
                self.effect(Effect::ReleaseMedia(id));
                Ports::Closed
            }
            ports => ports,
        };
        if let Some(call) = self.calls.get_mut(id) {
            call.media.ports = ports;
        }
        self.refocus();
        self.leg_ended(now, id);
        self.settle(now, id);
    }

    /// Takes an ended call one step further when nothing holds it up any more: first everything
    /// is closed and the row written, then the end is told and the call forgotten.
    pub(super) fn settle(&mut self, now: Now, id: CallId) {
        self.take_down();
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        if let Ports::Closing { until } = call.media.ports
            && until <= now.instant
        {
            call.media.ports = Ports::Closed;
        }
        let sound_closed = matches!(call.media.ports, Ports::Closed);
        let State::Ended(ended) = &mut call.state else {
            return;
        };
        let overdue = now.instant.saturating_duration_since(ended.at.instant) >= CLOSING;
        let busy = self
            .features
            .all()
            .iter()
            .any(|feature| feature.is_busy(id));
        if !sound_closed || (busy && !overdue) {
            return;
        }
        if !ended.closed {
            ended.closed = true;
            self.tell(now, id, CallEvent::Closed);
            return self.settle(now, id);
        }
        self.tell_state(now, id, CallState::Ended);
        self.calls.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(direction: Direction, by: EndedBy, cause: EndCause) -> (CallStatus, EndReason) {
        verdict(
            direction,
            false,
            &End {
                by,
                status: None,
                reason: None,
                cause,
            },
            None,
        )
    }

    #[test]
    fn s1_5_every_end_of_an_incoming_call_has_its_status() {
        let told = |by, cause| told(Direction::Incoming, by, cause).0;
        assert_eq!(
            told(EndedBy::Remote, EndCause::Cancelled),
            CallStatus::Missed
        );
        assert_eq!(told(EndedBy::Local, EndCause::NoAnswer), CallStatus::Missed);
        assert_eq!(
            told(EndedBy::Local, EndCause::Rejected),
            CallStatus::Rejected
        );
        assert_eq!(
            told(EndedBy::Local, EndCause::Declined),
            CallStatus::Rejected
        );
        assert_eq!(told(EndedBy::Local, EndCause::Busy), CallStatus::Busy);
        assert_eq!(
            told(EndedBy::Local, EndCause::NotAcceptable),
            CallStatus::Failed
        );
        assert_eq!(
            told(EndedBy::Remote, EndCause::AnsweredElsewhere),
            CallStatus::AnsweredElsewhere
        );
    }

    #[test]
    fn s1_5_every_end_of_an_outgoing_call_has_its_status() {
        let told = |by, cause| told(Direction::Outgoing, by, cause).0;
        assert_eq!(
            told(EndedBy::Local, EndCause::Cancelled),
            CallStatus::Cancelled
        );
        assert_eq!(told(EndedBy::Remote, EndCause::Busy), CallStatus::Busy);
        assert_eq!(
            told(EndedBy::Remote, EndCause::Declined),
            CallStatus::Rejected
        );
        for cause in [
            EndCause::NoAnswer,
            EndCause::NotFound,
            EndCause::Unreachable,
            EndCause::Timeout,
            EndCause::AuthFailed,
            EndCause::NotAcceptable,
            EndCause::Rejected,
            EndCause::Failed,
        ] {
            assert_eq!(
                told(EndedBy::Remote, cause),
                CallStatus::Failed,
                "{cause:?}"
            );
        }
    }

    #[test]
    fn s5_8_an_answered_call_is_answered_however_it_ends_and_an_own_reason_is_kept() {
        let end = End {
            by: EndedBy::Local,
            status: None,
            reason: None,
            cause: EndCause::LocalHangup,
        };
        let verdict = verdict(Direction::Incoming, true, &end, Some(EndReason::NoAudio));
        assert_eq!(verdict, (CallStatus::Answered, EndReason::NoAudio));
    }
}
