#![allow(clippy::unwrap_used)]
use super::*;
use crate::model::{CallId, CallQuality, CallRecord, Direction};

/// An incoming call of a minute in all, on the line of the office, at Anna's.
pub(in crate::reports) fn call(
    started_at: &str,
    status: CallStatus,
    reason: EndReason,
) -> LoggedCall<'static> {
    let started_at: Timestamp = started_at.parse().unwrap();
    LoggedCall {
        started_at,
        until: started_at + Duration::from_mins(1),
        end: CallEnd {
            direction: Direction::Incoming,
            status,
            reason: Some(reason),
            is_over: true,
            is_answered: false,
            is_silent: false,
        },
        ring: Duration::from_secs(10),
        talk: Duration::ZERO,
        line: "sip:office@example.com",
        extension: "101",
        employee: "Anna",
    }
}

/// A conversation that began after ten seconds.
pub(in crate::reports) fn talk(started_at: &str, seconds: u64) -> LoggedCall<'static> {
    let call = call(started_at, CallStatus::Answered, EndReason::RemoteHangup);
    let talk = Duration::from_secs(seconds);
    LoggedCall {
        until: call.started_at + call.ring + talk,
        end: CallEnd {
            is_answered: true,
            ..call.end
        },
        talk,
        ..call
    }
}

pub(in crate::reports) fn given_up(started_at: &str) -> LoggedCall<'static> {
    call(started_at, CallStatus::Missed, EndReason::Cancelled)
}

pub(in crate::reports) fn rejected(started_at: &str) -> LoggedCall<'static> {
    call(started_at, CallStatus::Rejected, EndReason::Rejected)
}

pub(in crate::reports) fn outgoing(call: LoggedCall<'static>) -> LoggedCall<'static> {
    LoggedCall {
        end: CallEnd {
            direction: Direction::Outgoing,
            ..call.end
        },
        ..call
    }
}

const NOON: &str = "2026-11-20T12:00:00Z";

fn fate(call: &LoggedCall<'_>) -> Option<Fate> {
    Fate::of(call, SHORT_ABANDON)
}

#[test]
fn s4_28_every_end_of_an_incoming_call_has_its_fate() {
    use CallStatus::*;
    for (status, reason, expected) in [
        (Missed, EndReason::Cancelled, Some(Fate::Abandoned)),
        (Missed, EndReason::NoAnswer, Some(Fate::Unanswered)),
        (Missed, EndReason::Transferred, Some(Fate::PassedOn)),
        (Rejected, EndReason::Rejected, Some(Fate::Rejected)),
        (Busy, EndReason::Busy, Some(Fate::Unanswered)),
        (Failed, EndReason::NotAcceptable, Some(Fate::Unanswered)),
        (Interrupted, EndReason::Interrupted, Some(Fate::Unanswered)),
        (
            AnsweredElsewhere,
            EndReason::AnsweredElsewhere,
            Some(Fate::Elsewhere),
        ),
        (Unknown, EndReason::Failed, None),
    ] {
        let call = call(NOON, status, reason);
        assert_eq!(fate(&call), expected, "{status} {reason}");
    }
    let answered = talk(NOON, 60);
    assert_eq!(fate(&answered), Some(Fate::Answered));
    let mut silent = answered;
    silent.end.is_silent = true;
    assert_eq!(fate(&silent), Some(Fate::Unanswered));
    let mut cut_off = answered;
    cut_off.end.status = Interrupted;
    assert_eq!(fate(&cut_off), Some(Fate::Answered));
    let mut going_on = answered;
    (going_on.end.status, going_on.end.is_over) = (InProgress, false);
    assert_eq!(fate(&going_on), None);
}

#[test]
fn s4_28_whoever_gives_up_at_once_is_counted_apart_and_only_they() {
    let ringing = |ring| LoggedCall {
        ring: Duration::from_millis(ring),
        ..given_up(NOON)
    };
    assert_eq!(fate(&ringing(4999)), Some(Fate::Short));
    assert_eq!(fate(&ringing(5000)), Some(Fate::Abandoned));
    let all = Fate::of(&ringing(0), Duration::ZERO);
    assert_eq!(all, Some(Fate::Abandoned));
    let turned_away = LoggedCall {
        ring: Duration::ZERO,
        ..rejected(NOON)
    };
    assert_eq!(fate(&turned_away), Some(Fate::Rejected));
}

#[test]
fn s4_28_a_call_is_lost_rejected_or_short_where_its_caller_is_owed_one() {
    let owed = [
        Fate::Abandoned,
        Fate::Unanswered,
        Fate::Rejected,
        Fate::Short,
    ];
    let sounds = [None, Some((50, 50)), Some((50, 0))];
    for &status in CallStatus::ALL {
        for &reason in EndReason::ALL {
            for (answered, sound) in [(false, None), (true, sounds[1]), (true, sounds[2])] {
                let mut record =
                    CallRecord::begin(CallId::new(), Direction::Incoming, NOON.parse().unwrap());
                (record.status, record.end_reason) = (status, Some(reason));
                record.ended_at = Some(record.started_at);
                record.answered_at = answered.then_some(record.started_at);
                record.quality = sound.map(|(packets_sent, packets_received)| CallQuality {
                    packets_sent,
                    packets_received,
                    ..CallQuality::default()
                });
                let logged = LoggedCall {
                    end: CallEnd::of(&record),
                    ..call(NOON, status, reason)
                };
                let is_owed = fate(&logged).is_some_and(|fate| owed.contains(&fate));
                assert_eq!(is_owed, Outcome::of(&record) == Outcome::Lost, "{record:?}");
            }
        }
    }
}

#[test]
fn s4_28_s4_29_shares_are_of_the_offered_calls_without_the_short_ones() {
    let mut offered = Offered::default();
    assert_eq!(
        (offered.lost_rate(), offered.abandonment_rate()),
        (None, None)
    );
    assert!(offered.is_empty());
    for fate in Fate::ALL {
        offered.add(fate);
    }
    offered.add(Fate::Abandoned);
    assert_eq!(
        (offered.calls(), offered.counted(), offered.lost()),
        (7, 6, 3)
    );
    assert_eq!(offered.lost_rate(), Some(0.5));
    assert_eq!(offered.abandonment_rate(), Some(2.0 / 6.0));
    let mut short = Offered::default();
    short.add(Fate::Short);
    assert_eq!((short.calls(), short.lost_rate()), (1, None));
}
