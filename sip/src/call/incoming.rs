//! Their INVITE waits for the user (RFC 3261 §13.3).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::identity::sip_reason;
use super::session::Session;
use super::talking::{AckWait, Talking};
use super::{Call, State, description};
use crate::dialog::{Dialog, DialogError};
use crate::message::{NameAddr, Request, Response};
use crate::sdp::{LocalMedia, MediaPlan};
use crate::user_agent::{
    ALLOW, AccountId, CallHandle, CommandError, End, EndCause, EndedBy, Endpoint, ServerId,
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
}

impl Offered {
    pub(super) fn deadline(&self) -> Instant {
        self.ring_again_at
            .map_or(self.give_up_at, |at| at.min(self.give_up_at))
    }
}

impl Call {
    /// Takes an INVITE. The error is its own fault: 400.
    pub(crate) fn incoming(
        now: Instant,
        endpoint: &mut Endpoint,
        handle: CallHandle,
        account: Option<AccountId>,
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
        };
        let call = Call::new(handle, account, State::Offered(Box::new(offered)));
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
        offered.ring_again_at = Some(now + RING_AGAIN);
        let (invite, request) = (offered.invite, offered.request.clone());
        if let Some(response) = dialog_response(endpoint, account, invite, &request, 180) {
            endpoint.respond(now, invite, response);
        }
        self.arm(endpoint);
        Ok(())
    }

    /// 200. The plan, if the INVITE carried the offer.
    pub(crate) fn answer(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        media: LocalMedia,
    ) -> Result<Option<MediaPlan>, CommandError> {
        let State::Offered(offered) = &self.state else {
            return Err(CommandError::WrongState);
        };
        let (invite, request) = (offered.invite, offered.request.clone());
        let mut session = Session::new(media, endpoint.random.number());
        if let Some(flow) = endpoint.response_flow(invite) {
            session.locate(flow.local.ip());
        }
        let offer = description(&request.headers, &request.body);
        let body = match offer {
            None => session.offer(),
            Some(offer) => match session.answer(offer) {
                Ok(answer) => answer,
                Err(error) => {
                    self.refuse(now, endpoint, error.status(), EndCause::NotAcceptable);
                    self.arm(endpoint);
                    return Err(CommandError::NotAcceptable);
                }
            },
        };
        let plan = session.plan().cloned();
        if let Some(mut response) = dialog_response(endpoint, self.account, invite, &request, 200) {
            response.headers.push("Content-Type", "application/sdp");
            response.body = body;
            endpoint.respond(now, invite, response);
        }
        let wait = AckWait::new(now, endpoint, invite, request.cseq.seq, offer.is_none());
        if let State::Offered(offered) = self.take() {
            let talking = Talking::answered(offered.dialog, session, wait);
            self.state = State::Talking(Box::new(talking));
        }
        self.arm(endpoint);
        Ok(plan)
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
        let State::Offered(offered) = &self.state else {
            return;
        };
        if offered.give_up_at <= now {
            self.refuse(now, endpoint, 480, EndCause::NoAnswer);
        } else if offered.ring_again_at.is_some_and(|at| at <= now) {
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
        let user = request.to.uri.user().unwrap_or_default();
        let contact = endpoint.contact(account, &user, &flow);
        response
            .headers
            .push("Contact", NameAddr::new(contact.into()).to_string());
    }
    response.headers.push("Allow", ALLOW);
    Some(response)
}
