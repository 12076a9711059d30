//! The call stands, or will with the ACK: media changes of both sides (RFC 3261 §14).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::incoming::dialog_response;
use super::reliable::Reliable;
use super::session::Session;
use super::transfer::Transfer;
use super::{Call, State, description, end_of_failure, end_of_status};
use crate::dialog::Dialog;
use crate::message::{Method, Request, Response};
use crate::sdp::Direction;
use crate::user_agent::{
    CallHandle, CommandError, ContactForm, End, EndCause, EndedBy, Endpoint, Event, Failure,
    RequestId, ServerId,
};

/// A confirmed dialog, or the callee's before the ACK.
pub(super) struct Talking {
    pub(super) dialog: Dialog,
    pub(super) session: Session,
    /// A 2xx of ours that is not acknowledged yet.
    pub(super) ack: Option<AckWait>,
    /// The program knows that the call stands.
    established: bool,
    /// We made the Call-ID: after a glare we wait longer (RFC 3261 §14.1).
    is_caller: bool,
    change: Change,
    /// Our hold, as the peer has agreed to it.
    held: bool,
    /// Our hold, as the program wants it.
    hold_wanted: bool,
    pub(super) transfer: Option<Transfer>,
    /// A PRACK that the 2xx overtook may still come.
    reliable: Option<Reliable>,
}

/// Our own re-INVITE.
enum Change {
    None,
    Sent {
        id: RequestId,
        hold: bool,
    },
    /// After a glare.
    RetryAt(Instant),
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
    pub(super) fn called(dialog: Dialog, session: Session) -> Talking {
        Talking {
            established: true,
            is_caller: true,
            ..Talking::new(dialog, session, None)
        }
    }

    /// We answered theirs.
    pub(super) fn answered(
        dialog: Dialog,
        session: Session,
        ack: AckWait,
        reliable: Option<Reliable>,
    ) -> Talking {
        Talking {
            reliable,
            ..Talking::new(dialog, session, Some(ack))
        }
    }

    fn new(dialog: Dialog, session: Session, ack: Option<AckWait>) -> Talking {
        Talking {
            dialog,
            session,
            ack,
            established: false,
            is_caller: false,
            change: Change::None,
            held: false,
            hold_wanted: false,
            transfer: None,
            reliable: None,
        }
    }

    pub(super) fn is_change(&self, id: RequestId) -> bool {
        matches!(self.change, Change::Sent { id: sent, .. } if sent == id)
    }

    pub(super) fn is_refer(&self, id: RequestId) -> bool {
        self.transfer
            .as_ref()
            .is_some_and(|transfer| transfer.refer == id)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let ack = self.ack.as_ref().map(AckWait::deadline);
        let retry = match self.change {
            Change::RetryAt(at) => Some(at),
            _ => None,
        };
        let transfer = self.transfer.as_ref().map(|transfer| transfer.give_up_at);
        ack.into_iter().chain(retry).chain(transfer).min()
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
        self.talking()?.hold_wanted = hold;
        self.change_media(now, endpoint);
        self.arm(endpoint);
        Ok(())
    }

    /// Sends the re-INVITE that the program's wish needs, if nothing else is under way.
    fn change_media(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let idle = matches!(talking.change, Change::None) && talking.ack.is_none();
        if !idle || !talking.established || talking.held == talking.hold_wanted {
            return;
        }
        let hold = talking.hold_wanted;
        talking.session.set_direction(direction_for(hold));
        let mut request = talking.dialog.request(Method::Invite);
        request.headers.push("Content-Type", "application/sdp");
        request.body = talking.session.offer();
        let id = self.send_in_dialog(now, endpoint, request, ContactForm::Dialog);
        if let State::Talking(talking) = &mut self.state {
            talking.change = Change::Sent { id, hold };
        }
    }

    pub(super) fn change_response(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        response: &Response,
    ) {
        let handle = self.handle;
        let account = self.account;
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let Change::Sent { id, hold } = talking.change else {
            return;
        };
        match response.status {
            100..200 => return,
            200..300 => {
                talking.change = Change::None;
                talking.dialog.refresh_target(&response.headers);
                let ack = talking.dialog.ack(response.cseq.seq);
                endpoint.acknowledge(now, id, ack, account);
                let answer = description(&response.headers, &response.body);
                match answer.and_then(|answer| talking.session.accept(answer).ok()) {
                    Some(media) => {
                        talking.held = hold;
                        endpoint.emit(Event::MediaChanged {
                            call: handle,
                            media,
                        });
                    }
                    None => self.change_refused(endpoint, 488),
                }
            }
            // RFC 3261 §14.1: both changed at once; each tries again after a time of its own.
            491 => {
                let (least, most) = if talking.is_caller {
                    (2100, 4000)
                } else {
                    (0, 2000)
                };
                let ms = Duration::from_millis;
                talking.change =
                    Change::RetryAt(now + endpoint.random.between(ms(least), ms(most)));
                let held = talking.held;
                talking.session.set_direction(direction_for(held));
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
            status => self.change_refused(endpoint, status),
        }
        self.change_media(now, endpoint);
    }

    fn change_refused(&mut self, endpoint: &mut Endpoint, status: u16) {
        let call = self.handle;
        if let State::Talking(talking) = &mut self.state {
            talking.change = Change::None;
            talking.hold_wanted = talking.held;
            let held = talking.held;
            talking.session.set_direction(direction_for(held));
            endpoint.emit(Event::HoldFailed { call, status });
        }
    }

    pub(super) fn change_failure(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        failure: Failure,
    ) {
        match failure {
            Failure::Unreachable => self.change_refused(endpoint, 503),
            Failure::Timeout => {
                self.end(endpoint, end_of_failure(failure));
                self.begin_leaving(now, endpoint);
            }
        }
    }

    pub(super) fn talking_ack(&mut self, now: Instant, endpoint: &mut Endpoint, ack: &Request) {
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let Some(wait) = talking.ack.take_if(|wait| wait.seq == ack.cseq.seq) else {
            return;
        };
        if wait.wants_answer {
            let answer = description(&ack.headers, &ack.body);
            if answer
                .and_then(|answer| talking.session.accept(answer).ok())
                .is_none()
            {
                // Without a usable answer there is no session (RFC 3261 §13.3.1.4).
                self.end_here(endpoint, EndCause::NotAcceptable);
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
        if matches!(talking.change, Change::RetryAt(at) if at <= now) {
            talking.change = Change::None;
        }
        self.change_media(now, endpoint);
        self.transfer_timeout(now, endpoint);
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
        if matches!(talking.change, Change::Sent { .. }) || offer_pending {
            return endpoint.reply(now, server, 491);
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
        if let Some(mut response) = dialog_response(endpoint, account, server, request, 200) {
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

fn direction_for(hold: bool) -> Direction {
    if hold {
        Direction::SendOnly
    } else {
        Direction::SendRecv
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
