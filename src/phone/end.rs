//! How a call ended: from the user agent's cause to the words of the call log.

use ringbook_sip::user_agent::{End, EndCause, EndedBy};

use crate::model::{CallStatus, Direction, EndReason};

/// What the log says of a call that ended like this. `intent` is our own reason, where the phone
/// ended the call for one that SIP has no word for.
pub(super) fn verdict(
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
