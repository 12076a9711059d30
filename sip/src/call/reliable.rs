//! Provisional responses that arrive for certain (RFC 3262).

use std::time::{Duration, Instant};

use crate::message::{Method, Request, Response};
use crate::transaction::Timers;

/// The option tag.
pub(super) const TAG: &str = "100rel";

/// The callee's side: one provisional response at a time, repeated until its PRACK comes.
pub(super) struct Reliable {
    /// The caller takes no other provisional responses.
    pub(super) required: bool,
    invite_seq: u32,
    /// The number of the last one that went out.
    rseq: u32,
    pending: Option<Pending>,
    queued: Option<Box<Response>>,
}

struct Pending {
    status: u16,
    describes: bool,
    interval: Duration,
    resend_at: Instant,
    give_up_at: Instant,
}

/// What to do about a provisional response that is not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    Nothing,
    Resend,
    /// The caller never acknowledged it.
    GiveUp,
}

impl Reliable {
    /// For a caller that can: `first` is the number before the first one's.
    pub(super) fn of(invite: &Request, first: u64) -> Option<Reliable> {
        let required = invite.headers.list_has("Require", TAG);
        (required || invite.headers.list_has("Supported", TAG)).then(|| Reliable {
            required,
            invite_seq: invite.cseq.seq,
            // RFC 3262 §3: from 1 to 2^31 - 1, with room to count up.
            rseq: (first >> 34) as u32 + 1,
            pending: None,
            queued: None,
        })
    }

    /// The response to send now, numbered; none when it has to wait its turn (RFC 3262 §3).
    pub(super) fn submit(
        &mut self,
        now: Instant,
        timers: Timers,
        mut response: Response,
    ) -> Option<Response> {
        match &self.pending {
            // It is being repeated already.
            Some(pending) if pending.status == response.status && response.body.is_empty() => None,
            Some(_) => {
                self.queued = Some(Box::new(response));
                None
            }
            None => {
                self.rseq += 1;
                response.headers.push("Require", TAG);
                response.headers.push("RSeq", self.rseq.to_string());
                self.pending = Some(Pending {
                    status: response.status,
                    describes: !response.body.is_empty(),
                    interval: timers.t1,
                    resend_at: now + timers.t1,
                    give_up_at: now + timers.transaction(),
                });
                Some(response)
            }
        }
    }

    /// Takes a PRACK. False: it acknowledges nothing that is pending, 481 (RFC 3262 §3).
    pub(super) fn acknowledge(&mut self, prack: &Request) -> bool {
        let expected = (self.rseq, self.invite_seq);
        let matches = self.pending.is_some()
            && prack.headers.get("RAck").and_then(read_rack) == Some(expected);
        if matches {
            self.pending = None;
        }
        matches
    }

    /// The response that waited for its turn.
    pub(super) fn take_queued(&mut self) -> Option<Response> {
        self.queued.take().map(|response| *response)
    }

    /// RFC 3262 §3: no 2xx before a session description that went out is acknowledged.
    pub(super) fn holds_answer_back(&self) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|pending| pending.describes)
            || self
                .queued
                .as_ref()
                .is_some_and(|queued| !queued.body.is_empty())
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.pending
            .as_ref()
            .map(|pending| pending.resend_at.min(pending.give_up_at))
    }

    /// The interval doubles without a limit (RFC 3262 §3), on every transport.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Overdue {
        match &mut self.pending {
            Some(pending) if pending.give_up_at <= now => Overdue::GiveUp,
            Some(pending) if pending.resend_at <= now => {
                pending.interval *= 2;
                pending.resend_at = now + pending.interval;
                Overdue::Resend
            }
            _ => Overdue::Nothing,
        }
    }
}

/// `RAck: response-number CSeq-number INVITE`.
fn read_rack(value: &str) -> Option<(u32, u32)> {
    let mut words = value.split_ascii_whitespace();
    let numbers = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let is_invite = words.next()? == Method::Invite.as_str();
    (is_invite && words.next().is_none()).then_some(numbers)
}

/// The number of a provisional response that wants a PRACK.
pub(super) fn rseq(response: &Response) -> Option<u32> {
    let reliable = (101..200).contains(&response.status)
        && response.headers.list_has("Require", TAG)
        && response.headers.get_all("RSeq").count() == 1;
    response.headers.number("RSeq").filter(|_| reliable)
}

/// The header that acknowledges it.
pub(super) fn rack(rseq: u32, invite_seq: u32) -> String {
    format!("{rseq} {invite_seq} {}", Method::Invite)
}
