//! Our INVITE is out (RFC 3261 §13.2).

use std::time::Instant;

use super::early::Renewal;
use super::redirect::Redirects;
use super::session::Session;
use super::talking::Talking;
use super::timer::SessionTimer;
use super::{Call, Invitation, Origin, State, description, end_of_failure, end_of_status};
use super::{mailbox, refer, reliable};
use crate::dialog::{Dialog, DialogId};
use crate::message::{Method, Request, Response};
use crate::sdp::SdpError;
use crate::user_agent::{
    AccountId, CallHandle, Cancelled, ContactForm, End, EndCause, EndedBy, Endpoint, Event,
    Failure, Flow, Outgoing, Owner, RequestId, ServerId,
};

/// Branches of a forked INVITE that may ring at once.
const MAX_EARLY_DIALOGS: usize = 16;

/// How often one INVITE is made anew.
const MAX_ATTEMPTS: u8 = 5;

/// Waiting for the final response.
pub(super) struct Inviting {
    pub(super) invite: RequestId,
    /// As it is sent again when a response asks for another one.
    pub(super) request: Request,
    attempts: u8,
    pub(super) redirects: Redirects,
    pub(super) early: Vec<Early>,
    pub(super) session: Session,
    /// The program has other media by now.
    pub(super) renewed: bool,
    timer: SessionTimer,
    /// None once given up.
    give_up_at: Option<Instant>,
}

/// A branch that has answered provisionally.
pub(super) struct Early {
    pub(super) dialog: Dialog,
    pub(super) session: Session,
    /// The number of its last reliable response.
    rseq: Option<u32>,
    /// Its answer to our offer came reliably: it stands (RFC 3262 §5).
    pub(super) settled: bool,
    pub(super) renewal: Renewal,
}

impl Inviting {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.give_up_at
    }

    /// The program was told that the call is over; only the signalling goes on.
    pub(super) fn is_given_up(&self) -> bool {
        self.give_up_at.is_none()
    }

    pub(super) fn accept_seq(&mut self, request: &Request) -> bool {
        let early = self.find(&DialogId::of_request(request));
        early.is_none_or(|early| early.dialog.accept_seq(request.cseq.seq))
    }

    pub(super) fn note_local_seq(&mut self, seq: u32) {
        for early in &mut self.early {
            early.dialog.note_local_seq(seq);
        }
    }

    /// Every early dialog ends but the one that was confirmed.
    pub(super) fn close_dialogs(&self, endpoint: &mut Endpoint, but: Option<&DialogId>) {
        let ids = self.early.iter().map(|early| &early.dialog.id);
        for id in ids.filter(|id| Some(*id) != but) {
            endpoint.close_dialog(id);
        }
    }

    /// Sends the INVITE, for the first time or anew: earlier branches are forgotten.
    pub(super) fn send(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        (call, account): (CallHandle, Option<AccountId>),
    ) {
        self.close_dialogs(endpoint, None);
        self.early.clear();
        self.attempts += 1;
        self.timer.ask(&mut self.request.headers);
        let outgoing = Outgoing {
            request: self.request.clone(),
            owner: Owner::Call(call),
            account,
            contact: ContactForm::Dialog,
            offer: Some(self.session.first_offer()),
        };
        self.invite = endpoint.send(now, outgoing);
    }

    fn find(&mut self, id: &DialogId) -> Option<&mut Early> {
        self.early.iter_mut().find(|early| early.dialog.id == *id)
    }

    /// The branch a response comes from; none without a tag, or when there are too many.
    fn branch(
        &mut self,
        endpoint: &mut Endpoint,
        call: CallHandle,
        request: &Request,
        response: &Response,
    ) -> Option<&mut Early> {
        response.to.tag()?;
        let id = DialogId::of_response(response);
        if self.find(&id).is_none() {
            if self.early.len() >= MAX_EARLY_DIALOGS {
                return None;
            }
            endpoint.open_dialog(id.clone(), call);
            self.early.push(Early {
                dialog: Dialog::of_caller(request, response),
                session: self.session.clone(),
                rseq: None,
                settled: false,
                renewal: match self.renewed {
                    true => Renewal::Wanted,
                    false => Renewal::None,
                },
            });
        }
        self.find(&id)
    }
}

impl Early {
    /// Takes the number of a reliable response. False: it came before, or one before it is still
    /// missing and will be repeated (RFC 3262 §4).
    fn accept_rseq(&mut self, rseq: u32) -> bool {
        let expected = self
            .rseq
            .is_none_or(|last| last.checked_add(1) == Some(rseq));
        if expected {
            self.rseq = Some(rseq);
        }
        expected
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
            referrer,
        } = invitation;
        let session = Session::new(media, &mut endpoint.random);
        let timer = SessionTimer::new(endpoint.config.session_expires);
        let mut inviting = Inviting {
            invite: RequestId::default(),
            request,
            attempts: 0,
            redirects: Redirects::default(),
            early: Vec::new(),
            session,
            renewed: false,
            timer,
            give_up_at: Some(now + endpoint.config.answer_timeout),
        };
        inviting.send(now, endpoint, (handle, Some(account)));
        let call_id = inviting.request.call_id.clone();
        let state = State::Inviting(Box::new(inviting));
        let mut call = Call::new(handle, Some(account), call_id, state);
        call.referrer = referrer;
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
            101..200 => self.invite_progress(now, endpoint, request, response, flow),
            200..300 => self.invite_answered(now, endpoint, request, response, flow),
            // RFC 4028 §7.3: an interval that everyone on the way takes.
            422 if self.ask_again(now, endpoint, response, |inviting| {
                inviting.timer.raise(&response.headers)
            }) => {}
            // The secure profile that takes both kinds of keys is not for those who know but one.
            488 | 606
                if self.ask_again(now, endpoint, response, |inviting| {
                    inviting.session.leave_keys_out(&flow)
                }) => {}
            _ if self.redirect(now, endpoint, response) => {}
            _ => {
                self.end(endpoint, end_of_status(response));
                self.leave(endpoint);
            }
        }
    }

    /// The INVITE again, with what `change` makes another of it. False: it has nothing else to ask.
    fn ask_again(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        response: &Response,
        change: impl FnOnce(&mut Inviting) -> bool,
    ) -> bool {
        let owner = (self.handle, self.account);
        let State::Inviting(inviting) = &mut self.state else {
            return false;
        };
        let again = !inviting.is_given_up() && inviting.attempts < MAX_ATTEMPTS && change(inviting);
        if again {
            inviting.request.cseq.seq = response.cseq.seq + 1;
            inviting.send(now, endpoint, owner);
        }
        again
    }

    fn invite_progress(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        request: &Request,
        response: &Response,
        flow: Flow,
    ) {
        let handle = self.handle;
        let State::Inviting(inviting) = &mut self.state else {
            return;
        };
        let given_up = inviting.is_given_up();
        inviting.session.locate(&flow);
        let mut branch = inviting.branch(endpoint, handle, request, response);
        let mut prack = None;
        if let (Some(rseq), Some(early)) = (reliable::rseq(response), branch.as_mut()) {
            if !early.accept_rseq(rseq) {
                return;
            }
            let mut request = early.dialog.request(Method::Prack);
            let rack = reliable::rack(rseq, response.cseq.seq);
            request.headers.push("RAck", rack);
            prack = Some(request);
        }
        // A description that cannot be used is as good as none: the 2xx decides.
        let answer = description(&response.headers, &response.body);
        let media = branch.filter(|early| !early.settled).and_then(|early| {
            let media = early.session.accept(answer?).ok()?;
            early.settled = prack.is_some();
            Some(media)
        });
        if let Some(prack) = prack {
            self.send_in_dialog(now, endpoint, prack, ContactForm::None);
        }
        if !given_up {
            refer::report(self, endpoint, response.status);
            endpoint.emit(Event::Ringing {
                call: handle,
                status: response.status,
                media,
            });
        }
    }

    /// Requests other than BYE in an early dialog.
    pub(super) fn inviting_request(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        request: &Request,
    ) {
        let call = self.handle;
        let State::Inviting(inviting) = &mut self.state else {
            return;
        };
        match (
            request.method == Method::Update,
            inviting.find(&DialogId::of_request(request)),
        ) {
            (true, Some(early)) => {
                let offer = description(&request.headers, &request.body);
                // RFC 3311 §5.2: our own offer is not answered yet.
                if offer.is_some() && (!early.settled || early.renewal.offers()) {
                    return endpoint.reply(now, server, 491);
                }
                let answer = match offer.map(|offer| early.session.answer(offer)) {
                    Some(Err(error)) => return endpoint.reply(now, server, error.status()),
                    Some(Ok(answer)) => Some(answer),
                    None => None,
                };
                early.dialog.refresh_target(&request.headers);
                let media = early.session.plan().cloned().filter(|_| answer.is_some());
                self.accept_update(now, endpoint, server, request, answer);
                if let Some(media) = media {
                    endpoint.emit(Event::MediaChanged { call, media });
                }
            }
            _ if request.method == Method::Invite => endpoint.reply_later(now, server),
            _ => endpoint.answer_in_dialog(now, server, request),
        }
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
        self.origin = Origin {
            home: self
                .account
                .is_some_and(|account| endpoint.is_home(account, &flow)),
            remote: Some(flow.remote),
        };
        let State::Inviting(mut inviting) = self.take() else {
            return;
        };
        let mut dialog = Dialog::of_caller(request, response);
        inviting.close_dialogs(endpoint, Some(&dialog.id));
        endpoint.open_dialog(dialog.id.clone(), handle);
        let early = inviting.early.iter().position(|e| e.dialog.id == dialog.id);
        let early = early.map(|at| inviting.early.swap_remove(at));
        let owed = early
            .as_ref()
            .map_or(inviting.renewed, |early| early.renewal.is_owed());
        let (mut session, settled) = match early {
            Some(early) => {
                dialog.succeed(&early.dialog);
                (early.session, early.settled)
            }
            None => (inviting.session.clone(), false),
        };
        let ack = dialog.ack(response.cseq.seq);
        endpoint.acknowledge(now, inviting.invite, ack, self.account);
        session.locate(&flow);
        let plan = match description(&response.headers, &response.body) {
            Some(answer) if !settled => session.accept(answer),
            // The answer came with a provisional response already (RFC 3261 §13.2.1).
            _ => session.plan().cloned().ok_or(SdpError::NoAudio),
        };
        let given_up = inviting.is_given_up();
        inviting.timer.confirmed(now, &response.headers);
        let mut talking = Talking::called(dialog, session, inviting.timer);
        if owed {
            talking.changes.want_offer();
        }
        self.state = State::Talking(Box::new(talking));
        match plan {
            Ok(media) if !given_up => {
                refer::report(self, endpoint, 200);
                if mailbox::takes_messages(request, response) {
                    endpoint.emit(Event::Mailbox { call: handle });
                }
                endpoint.emit(Event::Established {
                    call: handle,
                    media,
                });
                self.change_media(now, endpoint);
            }
            plan => {
                let cause = plan.map_or_else(EndCause::of_answer, |_| EndCause::NotAcceptable);
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
    /// `reason` is the value of the CANCEL's `Reason`.
    pub(super) fn cancel_invite(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        reason: Option<&'static str>,
    ) {
        let State::Inviting(inviting) = &mut self.state else {
            return;
        };
        inviting.give_up_at = None;
        if endpoint.cancel(now, inviting.invite, reason) == Cancelled::Over {
            self.leave(endpoint);
        }
    }

    pub(super) fn inviting_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Inviting(inviting) = &self.state else {
            return;
        };
        if inviting.give_up_at.is_some_and(|at| at <= now) {
            self.end_here(endpoint, EndCause::NoAnswer);
            self.cancel_invite(now, endpoint, None);
        }
    }
}
