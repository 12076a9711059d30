//! Their INVITE waits for the user (RFC 3261 §13.3).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::early::Renewal;
use super::identity::sip_reason;
use super::reliable::{Overdue, Reliable};
use super::session::Session;
use super::talking::{AckWait, Talking};
use super::timer::SessionTimer;
use super::{Call, Origin, State, description};
use crate::dialog::{Dialog, DialogError};
use crate::message::{Method, NameAddr, Request, Response, Uri};
use crate::sdp::{LocalMedia, MediaPlan};
use crate::user_agent::{
    ALLOW, AccountId, CallHandle, CommandError, End, EndCause, EndedBy, Endpoint, Event, SUPPORTED,
    ServerId,
};

/// A 180 is repeated so that no proxy on the way gives up (RFC 3261 §13.3.1.1).
const RING_AGAIN: Duration = Duration::from_secs(60);

/// An INVITE without a final response.
pub(super) struct Offered {
    pub(super) invite: ServerId,
    pub(super) dialog: Dialog,
    request: Arc<Request>,
    give_up_at: Instant,
    ring_again_at: Option<Instant>,
    /// None for a caller that knows no reliable provisional responses.
    reliable: Option<Reliable>,
    /// Our media, once a description of them went out.
    pub(super) session: Option<Session>,
    /// Whether our media are still those that the caller knows.
    pub(super) renewal: Renewal,
    /// What the 200 will carry.
    body: Option<Vec<u8>>,
    /// The program has answered; the 200 waits for a PRACK.
    answered: bool,
}

impl Offered {
    pub(super) fn deadline(&self) -> Instant {
        let reliable = self.reliable.as_ref().and_then(Reliable::deadline);
        let others = self.ring_again_at.into_iter().chain(reliable);
        others.fold(self.give_up_at, Instant::min)
    }

    fn offer(&self) -> Option<&[u8]> {
        description(&self.request.headers, &self.request.body)
    }

    /// Offer and answer have been exchanged, reliably.
    pub(super) fn is_settled(&self) -> bool {
        let held_back = self
            .reliable
            .as_ref()
            .is_some_and(Reliable::holds_answer_back);
        let agreed = self.session.as_ref().is_some_and(|s| s.plan().is_some());
        agreed && self.body.is_none() && !held_back
    }

    /// The first reliable response to an INVITE without an offer has to make one
    /// (RFC 3262 §5): what does not goes out unreliably, or, where that is forbidden, not at all.
    fn channel(&mut self) -> Channel<'_> {
        let offerless = self.offer().is_none() && self.session.is_none();
        match &mut self.reliable {
            None => Channel::Unreliable,
            Some(reliable) if offerless && reliable.required => Channel::Closed,
            Some(_) if offerless => Channel::Unreliable,
            Some(reliable) => Channel::Reliable(reliable),
        }
    }
}

/// How a provisional response goes out.
enum Channel<'a> {
    Reliable(&'a mut Reliable),
    Unreliable,
    Closed,
}

impl Call {
    /// Takes an INVITE. The error is its own fault: 400.
    pub(crate) fn incoming(
        now: Instant,
        endpoint: &mut Endpoint,
        handle: CallHandle,
        account: Option<AccountId>,
        origin: Origin,
        (invite, request): (ServerId, &Arc<Request>),
    ) -> Result<Call, DialogError> {
        let dialog = Dialog::of_callee(request, &endpoint.to_tag(invite))?;
        endpoint.open_dialog(dialog.id.clone(), handle);
        let offered = Offered {
            invite,
            dialog,
            request: request.clone(),
            give_up_at: now + endpoint.config.ring_timeout,
            ring_again_at: None,
            reliable: Reliable::of(request, endpoint.random.number()),
            session: None,
            renewal: Renewal::None,
            body: None,
            answered: false,
        };
        let call_id = request.call_id.clone();
        let state = State::Offered(Box::new(offered));
        let mut call = Call::new(handle, account, call_id, state);
        call.origin = origin;
        call.arm(endpoint);
        Ok(call)
    }

    /// 180.
    pub(crate) fn ring(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
    ) -> Result<(), CommandError> {
        let account = self.account;
        let State::Offered(offered) = &mut self.state else {
            return Err(CommandError::WrongState);
        };
        if !offered.answered {
            offered.ring_again_at = Some(now + RING_AGAIN);
            let (invite, request) = (offered.invite, offered.request.clone());
            if let Some(response) = dialog_response(endpoint, account, invite, &request, 180) {
                self.send_provisional(now, endpoint, response);
            }
        }
        self.arm(endpoint);
        Ok(())
    }

    /// 183 with our media, before the answer. The plan, if the INVITE carried the offer.
    pub(crate) fn begin_media(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        media: LocalMedia,
    ) -> Result<Option<MediaPlan>, CommandError> {
        let account = self.account;
        let State::Offered(offered) = &mut self.state else {
            return Err(CommandError::WrongState);
        };
        // An offer of ours needs an answer, which only a PRACK can bring.
        let unanswerable = offered.offer().is_none() && offered.reliable.is_none();
        if offered.session.is_some() || unanswerable {
            return Err(CommandError::WrongState);
        }
        self.describe(now, endpoint, media)?;
        let State::Offered(offered) = &mut self.state else {
            return Err(CommandError::WrongState);
        };
        let plan = offered.session.as_ref().and_then(|s| s.plan().cloned());
        let (invite, request) = (offered.invite, offered.request.clone());
        // Said reliably it is said; else the 200 says it again (RFC 3261 §13.2.1).
        let body = match offered.reliable {
            Some(_) => offered.body.take(),
            None => offered.body.clone(),
        };
        if let Some(mut response) = dialog_response(endpoint, account, invite, &request, 183) {
            response.headers.push("Content-Type", "application/sdp");
            response.body = body.unwrap_or_default();
            self.send_provisional(now, endpoint, response);
        }
        self.arm(endpoint);
        Ok(plan)
    }

    fn send_provisional(&mut self, now: Instant, endpoint: &mut Endpoint, response: Response) {
        let State::Offered(offered) = &mut self.state else {
            return;
        };
        let (invite, timers) = (offered.invite, endpoint.config.timers);
        let response = match offered.channel() {
            Channel::Reliable(reliable) => reliable.submit(now, timers, response),
            Channel::Unreliable => Some(response),
            Channel::Closed => None,
        };
        if let Some(response) = response {
            endpoint.respond(now, invite, response);
        }
    }

    /// 200, as soon as it may go out. The plan, if the INVITE carried the offer.
    pub(crate) fn answer(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        media: LocalMedia,
    ) -> Result<Option<MediaPlan>, CommandError> {
        match &self.state {
            State::Offered(offered) if offered.answered => return Err(CommandError::WrongState),
            State::Offered(offered) if offered.session.is_some() => {}
            _ => self.describe(now, endpoint, media)?,
        }
        let State::Offered(offered) = &mut self.state else {
            return Err(CommandError::WrongState);
        };
        let plan = offered.session.as_ref().and_then(|s| s.plan().cloned());
        let reliable = offered.reliable.as_ref();
        offered.answered = true;
        if !reliable.is_some_and(Reliable::holds_answer_back) {
            self.send_answer(now, endpoint);
        }
        self.arm(endpoint);
        Ok(plan)
    }

    /// Makes our answer to the INVITE's offer, or our own offer.
    fn describe(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        media: LocalMedia,
    ) -> Result<(), CommandError> {
        let State::Offered(offered) = &mut self.state else {
            return Err(CommandError::WrongState);
        };
        let mut session = Session::new(media, &mut endpoint.random);
        if let Some(flow) = endpoint.response_flow(offered.invite) {
            session.locate(&flow);
        }
        let described = match offered.offer() {
            None => Ok(session.offer()),
            Some(offer) => session.answer(offer),
        };
        match described {
            Ok(body) => {
                offered.body = Some(body);
                offered.session = Some(session);
                Ok(())
            }
            Err(error) => {
                self.refuse(now, endpoint, error.status(), EndCause::NotAcceptable);
                self.arm(endpoint);
                Err(CommandError::NotAcceptable)
            }
        }
    }

    fn send_answer(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Offered(offered) = self.take() else {
            return;
        };
        let Offered {
            invite,
            dialog,
            request,
            reliable,
            session: Some(session),
            renewal,
            body,
            ..
        } = *offered
        else {
            return;
        };
        let wants_answer = body.is_some() && session.plan().is_none();
        let mut timer = SessionTimer::new(endpoint.config.session_expires);
        let granted = timer.grant(&request.headers);
        timer.granted(now, granted.as_ref());
        if let Some(mut response) = dialog_response(endpoint, self.account, invite, &request, 200) {
            if let Some(granted) = granted {
                granted.push(&mut response.headers);
            }
            if let Some(body) = body {
                response.headers.push("Content-Type", "application/sdp");
                response.body = body;
            }
            endpoint.respond(now, invite, response);
        }
        let wait = AckWait::new(now, endpoint, invite, request.cseq.seq, wants_answer);
        let mut talking = Talking::answered(dialog, session, timer, wait, reliable);
        if renewal.is_owed() {
            talking.changes.want_offer();
        }
        self.state = State::Talking(Box::new(talking));
    }

    /// Requests other than BYE before our final response.
    pub(super) fn offered_request(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        request: &Request,
    ) {
        match request.method {
            Method::Prack => self.prack_received(now, endpoint, server, request),
            Method::Update => self.early_update(now, endpoint, server, request),
            // RFC 3261 §14.2: the first INVITE is not answered yet.
            Method::Invite => endpoint.reply_later(now, server),
            _ => endpoint.answer_in_dialog(now, server, request),
        }
    }

    fn prack_received(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        prack: &Request,
    ) {
        let State::Offered(offered) = &mut self.state else {
            return;
        };
        let reliable = offered.reliable.as_mut();
        if !reliable.is_some_and(|reliable| reliable.acknowledge(prack)) {
            return endpoint.reply(now, server, 481);
        }
        let described = description(&prack.headers, &prack.body);
        match (&mut offered.session, described) {
            // Our offer went out in the response, its answer comes in the PRACK (RFC 3262 §5).
            (Some(session), answer) if session.plan().is_none() => {
                let accepted = answer.and_then(|answer| session.accept(answer).ok());
                let Some(media) = accepted else {
                    endpoint.reply(now, server, 400);
                    return self.refuse(now, endpoint, 488, EndCause::NotAcceptable);
                };
                endpoint.reply(now, server, 200);
                let call = self.handle;
                endpoint.emit(Event::MediaChanged { call, media });
            }
            (Some(_), Some(_)) if offered.renewal.offers() => endpoint.reply(now, server, 491),
            (Some(_), Some(_)) => self.answer_early_offer(now, endpoint, server, prack),
            // The INVITE's own offer is still open.
            (None, Some(_)) => endpoint.reply(now, server, 491),
            (_, None) => endpoint.reply(now, server, 200),
        }
        self.go_on(now, endpoint);
    }

    /// What waited for a PRACK.
    fn go_on(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Offered(offered) = &mut self.state else {
            return;
        };
        let Some(reliable) = &mut offered.reliable else {
            return;
        };
        if let Some(response) = reliable.take_queued() {
            self.send_provisional(now, endpoint, response);
        }
        let State::Offered(offered) = &mut self.state else {
            return;
        };
        let reliable = offered.reliable.as_ref();
        if offered.answered && !reliable.is_some_and(Reliable::holds_answer_back) {
            self.send_answer(now, endpoint);
        }
    }

    /// RFC 3311 §5.2: an offer is taken when none is open.
    fn early_update(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        request: &Request,
    ) {
        let State::Offered(offered) = &mut self.state else {
            return;
        };
        let agreed = offered.session.as_ref().is_none_or(|s| s.plan().is_some());
        if description(&request.headers, &request.body).is_none() {
            offered.dialog.refresh_target(&request.headers);
            self.accept_update(now, endpoint, server, request, None);
        } else if !agreed || offered.renewal.offers() {
            endpoint.reply(now, server, 491);
        } else if offered.is_settled() {
            self.answer_early_offer(now, endpoint, server, request);
        } else {
            endpoint.reply_later(now, server);
        }
    }

    fn answer_early_offer(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        request: &Request,
    ) {
        let State::Offered(offered) = &mut self.state else {
            return;
        };
        let offer = description(&request.headers, &request.body);
        let (Some(session), Some(offer)) = (&mut offered.session, offer) else {
            return;
        };
        match session.answer(offer) {
            Err(error) => endpoint.reply(now, server, error.status()),
            Ok(answer) => {
                let media = session.plan().cloned();
                if request.method == Method::Update {
                    offered.dialog.refresh_target(&request.headers);
                }
                self.accept_update(now, endpoint, server, request, Some(answer));
                let call = self.handle;
                if let Some(media) = media {
                    endpoint.emit(Event::MediaChanged { call, media });
                }
            }
        }
    }

    /// 200 to an UPDATE or a PRACK.
    pub(super) fn accept_update(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        request: &Request,
        answer: Option<Vec<u8>>,
    ) {
        if let Some(mut response) = dialog_response(endpoint, self.account, server, request, 200) {
            if let Some(answer) = answer {
                response.headers.push("Content-Type", "application/sdp");
                response.body = answer;
            }
            endpoint.respond(now, server, response);
        }
    }

    /// A final failure of the program's choice.
    pub(crate) fn reject(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        status: u16,
    ) -> Result<(), CommandError> {
        if !matches!(self.state, State::Offered(_)) {
            return Err(CommandError::WrongState);
        }
        let status = if (400..700).contains(&status) {
            status
        } else {
            480
        };
        self.refuse(now, endpoint, status, EndCause::Rejected);
        self.arm(endpoint);
        Ok(())
    }

    /// 302: the caller is sent on (RFC 3261 §21.3.3).
    pub(crate) fn forward(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        target: &Uri,
    ) -> Result<(), CommandError> {
        let State::Offered(offered) = &self.state else {
            return Err(CommandError::WrongState);
        };
        let contact = NameAddr::new(target.clone()).to_string();
        let invite = offered.invite;
        endpoint.reply_with(now, invite, 302, &[("Contact", &contact)]);
        self.end(
            endpoint,
            End {
                by: EndedBy::Local,
                status: Some(302),
                reason: None,
                cause: EndCause::Forwarded,
            },
        );
        self.leave(endpoint);
        self.arm(endpoint);
        Ok(())
    }

    pub(super) fn refuse(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        status: u16,
        cause: EndCause,
    ) {
        if let State::Offered(offered) = &self.state {
            endpoint.reply(now, offered.invite, status);
            self.end(
                endpoint,
                End {
                    by: EndedBy::Local,
                    status: Some(status),
                    reason: None,
                    cause,
                },
            );
            self.leave(endpoint);
        }
    }

    /// The caller gave up (RFC 3261 §9.2). After a final response it has no effect.
    pub(crate) fn handle_cancel(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        invite: ServerId,
        cancel: &Request,
    ) {
        let State::Offered(offered) = &self.state else {
            return;
        };
        if offered.invite != invite {
            return;
        }
        endpoint.reply(now, invite, 487);
        // RFC 3326 §3.1: another branch of the fork took the call.
        let reason = sip_reason(&cancel.headers);
        let cause = match reason {
            Some((200, _)) => EndCause::AnsweredElsewhere,
            _ => EndCause::Cancelled,
        };
        let reason = reason.and_then(|(_, text)| text);
        self.end(
            endpoint,
            End {
                by: EndedBy::Remote,
                status: Some(487),
                reason,
                cause,
            },
        );
        self.leave(endpoint);
        self.arm(endpoint);
    }

    pub(super) fn offered_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Offered(offered) = &mut self.state else {
            return;
        };
        let overdue = offered.reliable.as_mut();
        let overdue = overdue.map_or(Overdue::Nothing, |reliable| reliable.handle_timeout(now));
        if offered.give_up_at <= now {
            return self.refuse(now, endpoint, 480, EndCause::NoAnswer);
        }
        match overdue {
            // RFC 3262 §3: a 5xx. The caller has been gone for half a minute.
            Overdue::GiveUp => return self.refuse(now, endpoint, 504, EndCause::Timeout),
            Overdue::Resend => endpoint.resend(now, offered.invite),
            Overdue::Nothing => {}
        }
        if offered.ring_again_at.is_some_and(|at| at <= now) {
            // The state has just been seen: ringing again is possible.
            let _ = self.ring(now, endpoint);
        }
    }
}

/// A response that makes or keeps a dialog: with Contact, and the Record-Routes of the request
/// (RFC 3261 §12.1.1).
pub(super) fn dialog_response(
    endpoint: &Endpoint,
    account: Option<AccountId>,
    server: ServerId,
    request: &Request,
    status: u16,
) -> Option<Response> {
    let mut response = endpoint.response(server, status)?;
    for route in request.headers.get_all("Record-Route") {
        response.headers.push("Record-Route", route);
    }
    if let Some(flow) = endpoint.response_flow(server) {
        let contact = endpoint.contact_as(account, &request.to, &flow);
        response
            .headers
            .push("Contact", NameAddr::new(contact.into()).to_string());
    }
    response.headers.push("Allow", ALLOW);
    response.headers.push("Supported", SUPPORTED);
    Some(response)
}
