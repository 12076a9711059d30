//! The call stands, or will with the ACK: media changes of both sides (RFC 3261 §14).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::change::Changes;
use super::incoming::dialog_response;
use super::refer::Referral;
use super::reliable::Reliable;
use super::session::Session;
use super::timer::{self, SessionTimer};
use super::transfer::Transfer;
use super::{Call, State, description, end_of_failure};
use crate::dialog::Dialog;
use crate::message::{Method, Request};
use crate::sdp::SdpError;
use crate::user_agent::{
    CallHandle, End, EndCause, EndedBy, Endpoint, Event, Failure, RequestId, ServerId,
};

/// A confirmed dialog, or the callee's before the ACK.
pub(super) struct Talking {
    pub(super) dialog: Dialog,
    pub(super) session: Session,
    /// A 2xx of ours that is not acknowledged yet.
    pub(super) ack: Option<AckWait>,
    /// The program knows that the call stands.
    pub(super) established: bool,
    /// We made the Call-ID: after a glare we wait longer (RFC 3261 §14.1).
    pub(super) is_caller: bool,
    pub(super) changes: Changes,
    pub(super) timer: SessionTimer,
    pub(super) transfer: Option<Transfer>,
    pub(super) referral: Option<Referral>,
    /// There was a REFER of the peer's already.
    pub(super) referred_before: bool,
    /// A PRACK that the 2xx overtook may still come.
    reliable: Option<Reliable>,
}

/// A 2xx of ours, repeated until its ACK (RFC 3261 §13.3.1.4).
pub(super) struct AckWait {
    server: ServerId,
    pub(super) seq: u32,
    /// The 2xx carried our offer; the ACK has the answer.
    wants_answer: bool,
    interval: Duration,
    resend_at: Instant,
    give_up_at: Instant,
}

impl AckWait {
    pub(super) fn new(
        now: Instant,
        endpoint: &Endpoint,
        server: ServerId,
        seq: u32,
        wants_answer: bool,
    ) -> Self {
        let timers = endpoint.config.timers;
        AckWait {
            server,
            seq,
            wants_answer,
            interval: timers.t1,
            resend_at: now + timers.t1,
            give_up_at: now + timers.transaction(),
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.resend_at.min(self.give_up_at)
    }

    /// False: the ACK never came.
    pub(super) fn handle_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) -> bool {
        if self.give_up_at <= now {
            return false;
        }
        if self.resend_at <= now {
            self.interval = endpoint.config.timers.next_interval(self.interval);
            self.resend_at = now + self.interval;
            endpoint.resend(now, self.server);
        }
        true
    }
}

impl Talking {
    /// Our INVITE was answered and the answer acknowledged.
    pub(super) fn called(dialog: Dialog, session: Session, timer: SessionTimer) -> Talking {
        Talking {
            established: true,
            is_caller: true,
            ..Talking::new(dialog, session, timer, None)
        }
    }

    /// We answered theirs.
    pub(super) fn answered(
        dialog: Dialog,
        session: Session,
        timer: SessionTimer,
        ack: AckWait,
        reliable: Option<Reliable>,
    ) -> Talking {
        Talking {
            reliable,
            ..Talking::new(dialog, session, timer, Some(ack))
        }
    }

    fn new(dialog: Dialog, session: Session, timer: SessionTimer, ack: Option<AckWait>) -> Talking {
        Talking {
            dialog,
            session,
            ack,
            established: false,
            is_caller: false,
            changes: Changes::default(),
            timer,
            transfer: None,
            referral: None,
            referred_before: false,
            reliable: None,
        }
    }

    pub(super) fn is_refer(&self, id: RequestId) -> bool {
        self.transfer
            .as_ref()
            .is_some_and(|transfer| transfer.refer == id)
    }

    pub(super) fn is_notify(&self, id: RequestId) -> bool {
        self.referral
            .as_ref()
            .is_some_and(|referral| referral.is_notify(id))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let ack = self.ack.as_ref().map(AckWait::deadline);
        let retry = self.changes.retry_at();
        let refresh = self.timer.refresh_at().filter(|_| self.is_idle());
        let expiry = self.timer.expires_at();
        let transfer = self.transfer.as_ref().map(|transfer| transfer.give_up_at);
        let referral = self.referral.as_ref().and_then(Referral::deadline);
        let all = [ack, retry, refresh, expiry, transfer, referral];
        all.into_iter().flatten().min()
    }
}

impl Call {
    pub(super) fn talking_ack(&mut self, now: Instant, endpoint: &mut Endpoint, ack: &Request) {
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let Some(wait) = talking.ack.take_if(|wait| wait.seq == ack.cseq.seq) else {
            return;
        };
        endpoint.acknowledged(wait.server);
        if wait.wants_answer {
            let answer = description(&ack.headers, &ack.body).ok_or(SdpError::NoAudio);
            if let Err(error) = answer.and_then(|answer| talking.session.accept(answer)) {
                // Without a usable answer there is no session (RFC 3261 §13.3.1.4).
                self.end_here(endpoint, EndCause::of_answer(error));
                return self.begin_leaving(now, endpoint);
            }
        }
        self.tell_established(endpoint, wait.wants_answer);
        self.change_media(now, endpoint);
    }

    /// Tells the program that the call stands, or later that its media changed.
    fn tell_established(&mut self, endpoint: &mut Endpoint, changed: bool) {
        let call: CallHandle = self.handle;
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let Some(media) = talking.session.plan().cloned() else {
            return;
        };
        if !talking.established {
            talking.established = true;
            endpoint.emit(Event::Established { call, media });
        } else if changed {
            endpoint.emit(Event::MediaChanged { call, media });
        }
    }

    pub(super) fn talking_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        if let Some(wait) = &mut talking.ack
            && !wait.handle_timeout(now, endpoint)
        {
            talking.ack = None;
            self.end(endpoint, end_of_failure(Failure::Timeout));
            return self.begin_leaving(now, endpoint);
        }
        if talking.timer.expires_at().is_some_and(|at| at <= now) {
            // RFC 4028 §10: nobody refreshed the session in time.
            self.end(endpoint, end_of_failure(Failure::Timeout));
            return self.begin_leaving(now, endpoint);
        }
        talking.changes.retry(now);
        self.change_media(now, endpoint);
        self.transfer_timeout(now, endpoint);
        self.referral_timeout(now, endpoint);
    }

    /// Requests other than BYE in a dialog that stands.
    pub(super) fn talking_request(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        request: &Arc<Request>,
    ) {
        match request.method {
            Method::Invite | Method::Update => {
                self.media_requested(now, endpoint, server, request);
            }
            Method::Prack => {
                let State::Talking(talking) = &mut self.state else {
                    return;
                };
                let reliable = talking.reliable.as_mut();
                let known = reliable.is_some_and(|reliable| reliable.acknowledge(request));
                endpoint.reply(now, server, if known { 200 } else { 481 });
            }
            Method::Info => self.info_received(now, endpoint, server, request),
            Method::Notify => self.notify_received(now, endpoint, server, request),
            Method::Refer => self.refer_received(now, endpoint, server, request),
            _ => endpoint.answer_in_dialog(now, server, request),
        }
    }

    /// A re-INVITE or UPDATE: a new offer, a request for one, or a mere refresh.
    fn media_requested(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        request: &Arc<Request>,
    ) {
        let account = self.account;
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let offer_pending = talking.ack.as_ref().is_some_and(|wait| wait.wants_answer);
        // RFC 3261 §14.2, RFC 3311 §5.2: our own change is under way.
        if talking.changes.offers() || offer_pending {
            return endpoint.reply(now, server, 491);
        }
        if timer::is_too_short(&request.headers) {
            return endpoint.refuse_short_session(now, server);
        }
        if let Some(flow) = endpoint.response_flow(server) {
            talking.session.locate(&flow);
        }
        let is_invite = request.method == Method::Invite;
        let offer = description(&request.headers, &request.body);
        let body = match offer {
            Some(offer) => match talking.session.answer(offer) {
                Ok(answer) => Some(answer),
                // The session goes on as it was.
                Err(error) => return endpoint.reply(now, server, error.status()),
            },
            None if is_invite => Some(talking.session.offer()),
            None => None,
        };
        talking.dialog.refresh_target(&request.headers);
        let granted = talking.timer.grant(&request.headers);
        talking.timer.granted(now, granted.as_ref());
        if let Some(mut response) = dialog_response(endpoint, account, server, request, 200) {
            if let Some(granted) = granted {
                granted.push(&mut response.headers);
            }
            if let Some(body) = body {
                response.headers.push("Content-Type", "application/sdp");
                response.body = body;
            }
            endpoint.respond(now, server, response);
        }
        if is_invite {
            // A peer that changes a call has had our earlier 2xx, whatever became of its ACK.
            let wait = AckWait::new(now, endpoint, server, request.cseq.seq, offer.is_none());
            talking.ack = Some(wait);
        }
        if offer.is_some() {
            self.tell_established(endpoint, true);
        }
    }

    /// Keys pressed far away. Other INFO is not for us.
    fn info_received(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        request: &Request,
    ) {
        let digit = match request
            .headers
            .media_type()
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            _ if request.body.is_empty() => return endpoint.reply(now, server, 200),
            Some("application/dtmf-relay") => relayed_digit(&request.body),
            Some("application/dtmf") => digit_of(&String::from_utf8_lossy(&request.body)),
            _ => {
                let accept = [("Accept", "application/dtmf-relay")];
                return endpoint.reply_with(now, server, 415, &accept);
            }
        };
        match digit {
            Some(digit) => {
                endpoint.reply(now, server, 200);
                endpoint.emit(Event::Digit {
                    call: self.handle,
                    digit,
                });
            }
            None => endpoint.reply(now, server, 400),
        }
    }

    /// The peer hung up while a program's wish was open: nothing is owed to it any more.
    pub(super) fn end_by_peer(&mut self, endpoint: &mut Endpoint, cause: EndCause) {
        self.end(
            endpoint,
            End {
                by: EndedBy::Remote,
                status: None,
                reason: None,
                cause,
            },
        );
    }
}

/// `Signal=5` among the lines of a dtmf-relay body.
fn relayed_digit(body: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(body).ok()?;
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let (_, value) = lines
        .into_iter()
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("signal"))?;
    digit_of(value)
}

fn digit_of(text: &str) -> Option<char> {
    let mut chars = text.trim().chars();
    let digit = match chars.next()?.to_ascii_uppercase() {
        digit @ ('0'..='9' | 'A'..='D' | '*' | '#') => digit,
        _ => return None,
    };
    match (digit, chars.as_str()) {
        (digit, "") => Some(digit),
        // RFC 4733's numbers for the two signs, as some peers send them.
        ('1', "0") => Some('*'),
        ('1', "1") => Some('#'),
        _ => None,
    }
}
