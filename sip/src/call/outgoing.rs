//! Our INVITE is out (RFC 3261 §13.2).

use std::time::Instant;

use super::session::Session;
use super::talking::Talking;
use super::{Call, Invitation, State, description, end_of_failure, end_of_status};
use crate::dialog::{Dialog, DialogId};
use crate::message::{Request, Response};
use crate::user_agent::{
    CallHandle, Cancelled, ContactForm, End, EndCause, EndedBy, Endpoint, Event, Failure, Flow,
    Outgoing, Owner, RequestId,
};

/// Branches of a forked INVITE that may ring at once.
const MAX_EARLY_DIALOGS: usize = 16;

/// Waiting for the final response.
pub(super) struct Inviting {
    pub(super) invite: RequestId,
    early: Vec<Dialog>,
    session: Session,
    /// None once given up.
    give_up_at: Option<Instant>,
}

impl Inviting {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.give_up_at
    }

    /// The program was told that the call is over; only the signalling goes on.
    fn is_given_up(&self) -> bool {
        self.give_up_at.is_none()
    }

    pub(super) fn accept_seq(&mut self, request: &Request) -> bool {
        let id = DialogId::of_request(request);
        let dialog = self.early.iter_mut().find(|dialog| dialog.id == id);
        dialog.is_none_or(|dialog| dialog.accept_seq(request.cseq.seq))
    }

    /// Every early dialog ends but the one that was confirmed.
    pub(super) fn close_dialogs(&self, endpoint: &mut Endpoint, but: Option<&DialogId>) {
        for dialog in self.early.iter().filter(|dialog| Some(&dialog.id) != but) {
            endpoint.close_dialog(&dialog.id);
        }
    }

    fn note_early(&mut self, endpoint: &mut Endpoint, call: CallHandle, dialog: Dialog) {
        let known = self.early.iter().any(|early| early.id == dialog.id);
        if !known && self.early.len() < MAX_EARLY_DIALOGS {
            endpoint.open_dialog(dialog.id.clone(), call);
            self.early.push(dialog);
        }
    }
}

impl Call {
    /// Sends the INVITE.
    pub(crate) fn outgoing(now: Instant, endpoint: &mut Endpoint, invitation: Invitation) -> Call {
        let Invitation {
            handle,
            account,
            request,
            media,
        } = invitation;
        let mut session = Session::new(media, endpoint.random.number());
        let outgoing = Outgoing {
            request,
            owner: Owner::Call(handle),
            account: Some(account),
            contact: ContactForm::Dialog,
            offer: Some(session.first_offer()),
        };
        let invite = endpoint.send(now, outgoing);
        let give_up_at = Some(now + endpoint.config.answer_timeout);
        let state = State::Inviting(Box::new(Inviting {
            invite,
            early: Vec::new(),
            session,
            give_up_at,
        }));
        let call = Call::new(handle, Some(account), state);
        call.arm(endpoint);
        call
    }

    pub(super) fn invite_response(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        request: &Request,
        response: &Response,
        flow: Flow,
    ) {
        match response.status {
            100 => {}
            101..200 => self.invite_progress(endpoint, request, response, flow),
            200..300 => self.invite_answered(now, endpoint, request, response, flow),
            _ => {
                self.end(endpoint, end_of_status(response));
                self.leave(endpoint);
            }
        }
    }

    fn invite_progress(
        &mut self,
        endpoint: &mut Endpoint,
        request: &Request,
        response: &Response,
        flow: Flow,
    ) {
        let handle = self.handle;
        let State::Inviting(inviting) = &mut self.state else {
            return;
        };
        if response.to.tag().is_some() {
            inviting.note_early(endpoint, handle, Dialog::of_caller(request, response));
        }
        if inviting.is_given_up() {
            return;
        }
        inviting.session.locate(flow.local.ip());
        // A description that cannot be used is as good as none: the 2xx decides.
        let media = description(&response.headers, &response.body)
            .and_then(|answer| inviting.session.accept(answer).ok());
        endpoint.emit(Event::Ringing {
            call: handle,
            status: response.status,
            media,
        });
    }

    fn invite_answered(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        request: &Request,
        response: &Response,
        flow: Flow,
    ) {
        let handle = self.handle;
        let State::Inviting(mut inviting) = self.take() else {
            return;
        };
        let dialog = Dialog::of_caller(request, response);
        inviting.close_dialogs(endpoint, Some(&dialog.id));
        endpoint.open_dialog(dialog.id.clone(), handle);
        let ack = dialog.ack(response.cseq.seq);
        endpoint.acknowledge(now, inviting.invite, ack, self.account);
        inviting.session.locate(flow.local.ip());
        let plan = match description(&response.headers, &response.body) {
            Some(answer) => inviting.session.accept(answer).ok(),
            // The answer came with a provisional response already (RFC 3261 §13.2.1).
            None => inviting.session.plan().cloned(),
        };
        let given_up = inviting.is_given_up();
        self.state = State::Talking(Box::new(Talking::called(dialog, inviting.session)));
        match plan {
            Some(media) if !given_up => {
                endpoint.emit(Event::Established {
                    call: handle,
                    media,
                });
            }
            _ => {
                let cause = EndCause::NotAcceptable;
                let status = Some(response.status);
                self.end(
                    endpoint,
                    End {
                        by: EndedBy::Local,
                        status,
                        reason: None,
                        cause,
                    },
                );
                self.begin_leaving(now, endpoint);
            }
        }
    }

    pub(super) fn invite_failure(&mut self, endpoint: &mut Endpoint, failure: Failure) {
        self.end(endpoint, end_of_failure(failure));
        self.leave(endpoint);
    }

    /// The program was told; the INVITE is taken back (RFC 3261 §9.1).
    pub(super) fn cancel_invite(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Inviting(inviting) = &mut self.state else {
            return;
        };
        inviting.give_up_at = None;
        if endpoint.cancel(now, inviting.invite) == Cancelled::Over {
            self.leave(endpoint);
        }
    }

    pub(super) fn inviting_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Inviting(inviting) = &self.state else {
            return;
        };
        if inviting.give_up_at.is_some_and(|at| at <= now) {
            self.end_here(endpoint, EndCause::NoAnswer);
            self.cancel_invite(now, endpoint);
        }
    }
}
