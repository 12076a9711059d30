//! Our own changes of a call that stands: hold, other media, and refreshes
//! (RFC 3261 §14.1, RFC 3311 §5.1, RFC 4028 §7.4).

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::talking::Talking;
use super::{Call, State, description, end_of_failure, end_of_status};
use crate::message::{Method, Response};
use crate::sdp::{Direction, LocalMedia};
use crate::user_agent::{
    ALLOW, CommandError, ContactForm, End, EndCause, Endpoint, Event, Failure, Outgoing, Owner,
    RequestId, SUPPORTED,
};

/// A Retry-After beyond this is no answer to a change.
const PATIENCE: u32 = 10;

/// What we want of the call, and the request that is to bring it about.
#[derive(Default)]
pub(super) struct Changes {
    state: Change,
    /// Our hold, as the peer has agreed to it.
    held: bool,
    /// Our hold, as the program wants it.
    hold_wanted: bool,
    /// Our media are others than the peer knows.
    offer_wanted: bool,
}

#[derive(Default)]
enum Change {
    #[default]
    None,
    Sent {
        id: RequestId,
        hold: bool,
        what: What,
    },
    /// After a glare.
    RetryAt(Instant),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// A re-INVITE that the program asked for.
    Offer,
    /// A re-INVITE that only keeps the session alive.
    Refresh,
    /// An UPDATE without an offer, for the same.
    Update,
}

impl Changes {
    /// An offer of ours is open.
    pub(super) fn offers(&self) -> bool {
        matches!(&self.state, Change::Sent { what, .. } if *what != What::Update)
    }

    /// The peer has to be told of other media.
    pub(super) fn want_offer(&mut self) {
        self.offer_wanted = true;
    }

    pub(super) fn is_own(&self, request: RequestId) -> bool {
        matches!(self.state, Change::Sent { id, .. } if id == request)
    }

    pub(super) fn retry_at(&self) -> Option<Instant> {
        match self.state {
            Change::RetryAt(at) => Some(at),
            _ => None,
        }
    }

    pub(super) fn retry(&mut self, now: Instant) {
        if self.retry_at().is_some_and(|at| at <= now) {
            self.state = Change::None;
        }
    }
}

impl Talking {
    /// Nothing is under way that a change of ours would cross.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.changes.state, Change::None) && self.ack.is_none() && self.established
    }

    /// The next request that our wishes need.
    fn next_change(&self, now: Instant) -> Option<What> {
        let changes = &self.changes;
        if !self.is_idle() {
            None
        } else if changes.held != changes.hold_wanted || changes.offer_wanted {
            Some(What::Offer)
        } else if !self.timer.is_due(now) {
            None
        } else if self.dialog.allows_update() {
            Some(What::Update)
        } else {
            Some(What::Refresh)
        }
    }
}

impl Call {
    /// Puts the other party on hold or takes it back.
    pub(crate) fn set_hold(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        hold: bool,
    ) -> Result<(), CommandError> {
        self.talking()?.changes.hold_wanted = hold;
        self.change_media(now, endpoint);
        self.arm(endpoint);
        Ok(())
    }

    /// Other media of ours, offered as soon as nothing else is under way.
    pub(super) fn renew_talking(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        media: LocalMedia,
    ) {
        if let State::Talking(talking) = &mut self.state {
            talking.session.replace(media);
            talking.changes.want_offer();
        }
        self.change_media(now, endpoint);
    }

    /// Other media of ours, for the next description.
    pub(crate) fn prepare_media(&mut self, media: LocalMedia) -> Result<(), CommandError> {
        self.talking()?.session.replace(media);
        Ok(())
    }

    /// Addresses of ours are gone, or a NAT shows another one: the peer is told where signalling
    /// and media reach us now.
    pub(crate) fn relocate(&mut self, now: Instant, endpoint: &mut Endpoint, gone: &[IpAddr]) {
        if let State::Talking(talking) = &mut self.state {
            match talking.session.leave(gone) {
                true => talking.changes.want_offer(),
                false => endpoint.emit(Event::Relocated { call: self.handle }),
            }
        }
        self.change_media(now, endpoint);
        self.arm(endpoint);
    }

    /// Sends what our wishes need, if nothing else is under way.
    pub(super) fn change_media(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let Some(what) = talking.next_change(now) else {
            return;
        };
        let hold = match what {
            What::Offer => talking.changes.hold_wanted,
            What::Refresh | What::Update => talking.changes.held,
        };
        let mut offer = None;
        let mut request = match what {
            What::Update => talking.dialog.request(Method::Update),
            What::Offer | What::Refresh => {
                talking.session.set_direction(direction_for(hold));
                let mut request = talking.dialog.request(Method::Invite);
                offer = talking.session.open_offer();
                if offer.is_none() {
                    request.headers.push("Content-Type", "application/sdp");
                    request.body = talking.session.offer();
                }
                request
            }
        };
        request.headers.push("Allow", ALLOW);
        request.headers.push("Supported", SUPPORTED);
        talking.timer.ask_again(&mut request.headers);
        let outgoing = Outgoing {
            request,
            owner: Owner::Call(self.handle),
            account: self.account,
            contact: ContactForm::Dialog,
            offer,
        };
        let id = endpoint.send(now, outgoing);
        if let State::Talking(talking) = &mut self.state {
            talking.changes.state = Change::Sent { id, hold, what };
            if what == What::Offer {
                talking.changes.offer_wanted = false;
            }
        }
    }

    pub(super) fn change_response(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        response: &Response,
    ) {
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let Change::Sent { id, hold, what } = talking.changes.state else {
            return;
        };
        if response.status < 200 {
            return;
        }
        talking.changes.state = Change::None;
        let retry_after = response.headers.number("Retry-After");
        match response.status {
            200..300 => self.change_accepted(now, endpoint, id, (hold, what), response),
            422 if talking.timer.raise(&response.headers) => {
                talking.changes.offer_wanted |= what == What::Offer;
            }
            // The peer does not take what it says that it takes.
            405 | 420 | 501 if what == What::Update => talking.dialog.forbid_update(),
            // RFC 3261 §14.1: both changed at once; each tries again after a time of its own.
            491 => {
                let (least, most) = if talking.is_caller {
                    (2100, 4000)
                } else {
                    (0, 2000)
                };
                let ms = Duration::from_millis;
                let wait = endpoint.random.between(ms(least), ms(most));
                self.change_later(now + wait, what);
            }
            // RFC 3261 §14.2: an INVITE of the peer's is still open.
            500 if retry_after.is_some_and(|seconds| seconds <= PATIENCE) => {
                let wait = Duration::from_secs(u64::from(retry_after.unwrap_or_default()));
                self.change_later(now + wait, what);
            }
            // RFC 3261 §12.2.1.2: the peer knows nothing of the call any more.
            408 | 481 => {
                self.end(
                    endpoint,
                    End {
                        cause: EndCause::Failed,
                        ..end_of_status(response)
                    },
                );
                self.begin_leaving(now, endpoint);
            }
            status => self.change_refused(now, endpoint, what, status),
        }
        self.change_media(now, endpoint);
    }

    fn change_accepted(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        id: RequestId,
        (hold, what): (bool, What),
        response: &Response,
    ) {
        let (call, account) = (self.handle, self.account);
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        talking.dialog.refresh_target(&response.headers);
        talking.timer.confirmed(now, &response.headers);
        if what == What::Update {
            return;
        }
        let ack = talking.dialog.ack(response.cseq.seq);
        endpoint.acknowledge(now, id, ack, account);
        let before = talking.session.plan().cloned();
        let answer = description(&response.headers, &response.body);
        match answer.and_then(|answer| talking.session.accept(answer).ok()) {
            Some(media) => {
                talking.changes.held = hold;
                // A mere refresh is no news.
                if what == What::Offer || before.as_ref() != Some(&media) {
                    endpoint.emit(Event::MediaChanged { call, media });
                }
            }
            None => self.change_refused(now, endpoint, what, 488),
        }
    }

    fn change_later(&mut self, at: Instant, what: What) {
        if let State::Talking(talking) = &mut self.state {
            let held = talking.changes.held;
            talking.session.set_direction(direction_for(held));
            talking.changes.offer_wanted |= what == What::Offer;
            talking.changes.state = Change::RetryAt(at);
        }
    }

    fn change_refused(&mut self, now: Instant, endpoint: &mut Endpoint, what: What, status: u16) {
        let call = self.handle;
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        talking.changes.state = Change::None;
        let (held, wanted) = (talking.changes.held, talking.changes.hold_wanted);
        if what == What::Offer {
            talking.changes.hold_wanted = held;
            talking.session.set_direction(direction_for(held));
            if held != wanted {
                endpoint.emit(Event::HoldFailed { call, status });
            }
        } else {
            talking.timer.postpone(now);
        }
    }

    pub(super) fn change_failure(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        failure: Failure,
    ) {
        let State::Talking(talking) = &self.state else {
            return;
        };
        let Change::Sent { what, .. } = talking.changes.state else {
            return;
        };
        match failure {
            Failure::Unreachable => self.change_refused(now, endpoint, what, 503),
            Failure::Timeout => {
                self.end(endpoint, end_of_failure(failure));
                self.begin_leaving(now, endpoint);
            }
        }
    }
}

fn direction_for(hold: bool) -> Direction {
    if hold {
        Direction::SendOnly
    } else {
        Direction::SendRecv
    }
}
