//! One call, from the first INVITE to the last response: RFC 3261 §13 to §15.
//!
//! The state carries its own data: [`Inviting`] while our INVITE is out, [`Offered`] while theirs
//! waits for the user, [`Talking`] once a 2xx was sent or came, [`Leaving`] while the signalling
//! winds up after the program was told the end.

mod change;
mod early;
mod identity;
mod incoming;
mod leaving;
mod mailbox;
mod outgoing;
mod redirect;
mod refer;
mod reliable;
mod replaces;
mod session;
mod talking;
mod timer;
mod transfer;
mod wishes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

pub(crate) use identity::caller;
use incoming::Offered;
use leaving::Leaving;
use outgoing::Inviting;
pub(crate) use replaces::Replaces;
use talking::Talking;
pub(crate) use timer::{LEAST as LEAST_SESSION, is_too_short};
pub(crate) use wishes::asks_for_answer;

use crate::dialog::Dialog;
use crate::message::{Method, Request, Response};
use crate::sdp::LocalMedia;
use crate::user_agent::{
    AccountId, CallHandle, CommandError, ContactForm, End, EndCause, EndedBy, Endpoint, Event,
    Failure, Flow, Outgoing, Owner, RequestId, ServerId, Timer,
};

/// More than an early dialog ever has.
const PRACKS_AT_MOST: u32 = 1000;

/// RFC 3326 §3.1
const ANSWERED_ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// A call of either direction.
pub(crate) struct Call {
    pub(crate) handle: CallHandle,
    pub(crate) account: Option<AccountId>,
    pub(crate) call_id: String,
    state: State,
    /// `Ended` has gone out.
    ended: bool,
    /// By which way the other party came.
    pub(crate) origin: Origin,
    /// The call that this one takes the place of when it is answered.
    pub(crate) replaces: Option<CallHandle>,
    /// The call whose other party asked for this one.
    referrer: Option<CallHandle>,
}

/// By which way the other party of a call came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    /// By the account's own proxy.
    pub(crate) home: bool,
    /// The last hop.
    pub(crate) remote: Option<SocketAddr>,
}

enum State {
    Inviting(Box<Inviting>),
    Offered(Box<Offered>),
    Talking(Box<Talking>),
    Leaving(Box<Leaving>),
    Over,
}

impl Call {
    fn new(handle: CallHandle, account: Option<AccountId>, call_id: String, state: State) -> Call {
        Call {
            handle,
            account,
            call_id,
            state,
            ended: false,
            origin: Origin::default(),
            replaces: None,
            referrer: None,
        }
    }

    /// Nothing more will happen.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Tells the program, once.
    fn end(&mut self, endpoint: &mut Endpoint, end: End) {
        if !self.ended {
            self.ended = true;
            refer::report(self, endpoint, end.as_status());
            endpoint.emit(Event::Ended {
                call: self.handle,
                end,
            });
        }
    }

    fn end_here(&mut self, endpoint: &mut Endpoint, cause: EndCause) {
        self.end(
            endpoint,
            End {
                by: EndedBy::Local,
                status: None,
                reason: None,
                cause,
            },
        );
    }

    /// Takes the state out, to put the next one in.
    fn take(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Over)
    }

    /// Sends a request within the dialog.
    fn send_in_dialog(
        &self,
        now: Instant,
        endpoint: &mut Endpoint,
        request: Request,
        contact: ContactForm,
    ) -> RequestId {
        let owner = Owner::Call(self.handle);
        let outgoing = Outgoing {
            request,
            owner,
            account: self.account,
            contact,
            offer: None,
        };
        endpoint.send(now, outgoing)
    }

    /// A response to one of this call's requests.
    pub(crate) fn handle_response(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        id: RequestId,
        request: &Request,
        response: &Response,
        flow: Flow,
    ) {
        match &mut self.state {
            State::Inviting(inviting) if inviting.invite == id => {
                self.invite_response(now, endpoint, request, response, flow);
            }
            State::Talking(talking) if talking.changes.is_own(id) => {
                talking.session.locate(&flow);
                self.change_response(now, endpoint, response);
            }
            State::Talking(talking) if talking.is_refer(id) => {
                self.refer_response(now, endpoint, response);
            }
            State::Talking(talking) if talking.is_notify(id) => {
                self.notify_response(now, endpoint, Some(response));
            }
            State::Leaving(leaving) if leaving.is_bye(id) => {
                if response.status >= 200 {
                    self.leave(endpoint);
                }
            }
            _ => {
                if !self.renewal_response(endpoint, id, Some(response)) {
                    refuse_stray(now, endpoint, id, request, response, self.account);
                }
            }
        }
        self.arm(endpoint);
    }

    /// One of this call's requests got no final response.
    pub(crate) fn handle_failure(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        id: RequestId,
        failure: Failure,
    ) {
        match &mut self.state {
            State::Inviting(inviting) if inviting.invite == id => {
                self.invite_failure(endpoint, failure);
            }
            State::Talking(talking) if talking.changes.is_own(id) => {
                self.change_failure(now, endpoint, failure);
            }
            State::Talking(talking) if talking.is_refer(id) => {
                self.refer_failure(endpoint, failure);
            }
            State::Talking(talking) if talking.is_notify(id) => {
                self.notify_response(now, endpoint, None);
            }
            State::Leaving(leaving) if leaving.is_bye(id) => self.leave(endpoint),
            _ => {
                self.renewal_response(endpoint, id, None);
            }
        }
        self.arm(endpoint);
    }

    /// A request within one of this call's dialogs.
    pub(crate) fn handle_request(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        request: &Arc<Request>,
    ) {
        let in_order = match &mut self.state {
            State::Inviting(inviting) => inviting.accept_seq(request),
            State::Offered(offered) => offered.dialog.accept_seq(request.cseq.seq),
            State::Talking(talking) => talking.dialog.accept_seq(request.cseq.seq),
            State::Leaving(leaving) => leaving.dialog.accept_seq(request.cseq.seq),
            State::Over => true,
        };
        if !in_order {
            // RFC 3261 §12.2.2
            endpoint.reply(now, server, 500);
        } else if request.method == Method::Bye {
            self.bye_received(now, endpoint, server, request);
        } else {
            match &self.state {
                State::Talking(_) => self.talking_request(now, endpoint, server, request),
                State::Offered(_) => self.offered_request(now, endpoint, server, request),
                State::Inviting(_) => self.inviting_request(now, endpoint, server, request),
                State::Leaving(_) | State::Over => endpoint.reply(now, server, 481),
            }
        }
        self.arm(endpoint);
    }

    /// An ACK within one of this call's dialogs.
    pub(crate) fn handle_ack(&mut self, now: Instant, endpoint: &mut Endpoint, ack: &Request) {
        match &self.state {
            State::Talking(_) => self.talking_ack(now, endpoint, ack),
            State::Leaving(_) => self.leaving_ack(now, endpoint, ack.cseq.seq),
            _ => {}
        }
        self.arm(endpoint);
    }

    /// The call's own deadline has come.
    pub(crate) fn handle_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        match &self.state {
            State::Inviting(_) => self.inviting_timeout(now, endpoint),
            State::Offered(_) => self.offered_timeout(now, endpoint),
            State::Talking(_) => self.talking_timeout(now, endpoint),
            State::Leaving(_) => self.leaving_timeout(now, endpoint),
            State::Over => {}
        }
        self.arm(endpoint);
    }

    /// A request went out again under the next number, with credentials.
    pub(crate) fn note_local_seq(&mut self, seq: u32) {
        match &mut self.state {
            State::Inviting(inviting) => inviting.note_local_seq(seq),
            State::Talking(talking) => talking.dialog.note_local_seq(seq),
            State::Leaving(leaving) => leaving.dialog.note_local_seq(seq),
            _ => {}
        }
    }

    /// Ends the call, whatever its state.
    pub(crate) fn hangup(&mut self, now: Instant, endpoint: &mut Endpoint) {
        match &self.state {
            State::Inviting(_) => {
                self.end_here(endpoint, EndCause::Cancelled);
                self.cancel_invite(now, endpoint, None);
            }
            State::Offered(_) => self.refuse(now, endpoint, 486, EndCause::Rejected),
            State::Talking(_) => {
                self.end_here(endpoint, EndCause::LocalHangup);
                self.begin_leaving(now, endpoint);
            }
            State::Leaving(_) | State::Over => {}
        }
        self.arm(endpoint);
    }

    /// Ends the call because somebody else has answered.
    pub(crate) fn take_back(&mut self, now: Instant, endpoint: &mut Endpoint) {
        if !matches!(self.state, State::Inviting(_)) {
            return self.hangup(now, endpoint);
        }
        self.end_here(endpoint, EndCause::AnsweredElsewhere);
        self.cancel_invite(now, endpoint, Some(ANSWERED_ELSEWHERE));
        self.arm(endpoint);
    }

    /// The peer hangs up, or gives its INVITE up with a BYE (RFC 3261 §15.1.2).
    fn bye_received(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        request: &Request,
    ) {
        endpoint.reply(now, server, 200);
        let reason = identity::sip_reason(&request.headers);
        let end = |cause| End {
            by: EndedBy::Remote,
            status: None,
            reason: reason.and_then(|(_, text)| text),
            cause,
        };
        match &self.state {
            // Only the callee's side of an early dialog may be ended so; ours ends by its final
            // response, which is still to come.
            State::Inviting(_) | State::Over => {}
            State::Offered(offered) => {
                endpoint.reply(now, offered.invite, 487);
                self.end(endpoint, end(EndCause::Cancelled));
                self.leave(endpoint);
            }
            State::Talking(_) | State::Leaving(_) => {
                if let State::Talking(talking) = &self.state
                    && let Some(referral) = &talking.referral
                {
                    referral.close(now, endpoint);
                }
                self.end(endpoint, end(EndCause::RemoteHangup));
                self.leave(endpoint);
            }
        }
    }

    /// Nothing is left to do.
    fn leave(&mut self, endpoint: &mut Endpoint) {
        match self.take() {
            State::Inviting(inviting) => inviting.close_dialogs(endpoint, None),
            State::Offered(offered) => endpoint.close_dialog(&offered.dialog.id),
            State::Talking(talking) => endpoint.close_dialog(&talking.dialog.id),
            State::Leaving(leaving) => endpoint.close_dialog(&leaving.dialog.id),
            State::Over => {}
        }
    }

    fn arm(&self, endpoint: &mut Endpoint) {
        let at = match &self.state {
            State::Inviting(inviting) => inviting.deadline(),
            State::Offered(offered) => Some(offered.deadline()),
            State::Talking(talking) => talking.deadline(),
            State::Leaving(leaving) => leaving.deadline(),
            State::Over => None,
        };
        endpoint.set_timer(Timer::Call(self.handle), at);
    }

    fn talking(&mut self) -> Result<&mut Talking, CommandError> {
        match &mut self.state {
            State::Talking(talking) => Ok(talking),
            _ => Err(CommandError::WrongState),
        }
    }
}

/// A 2xx that no call waits for: another branch of a forked INVITE, or one that crossed our
/// CANCEL. It is acknowledged, and its dialog ended (RFC 3261 §13.2.2.4).
pub(crate) fn refuse_stray(
    now: Instant,
    endpoint: &mut Endpoint,
    id: RequestId,
    request: &Request,
    response: &Response,
    account: Option<AccountId>,
) {
    if request.method != Method::Invite || !(200..300).contains(&response.status) {
        return;
    }
    let mut dialog = Dialog::of_caller(request, response);
    // The numbers behind the INVITE's may have gone into PRACKs of the early dialog.
    dialog.note_local_seq(response.cseq.seq + PRACKS_AT_MOST);
    endpoint.acknowledge(now, id, dialog.ack(response.cseq.seq), account);
    // A re-INVITE made no dialog of its own.
    if request.to.tag().is_none() {
        let (owner, contact) = (Owner::Nobody, ContactForm::None);
        let request = dialog.request(Method::Bye);
        endpoint.send(
            now,
            Outgoing {
                request,
                owner,
                account,
                contact,
                offer: None,
            },
        );
    }
}

/// The media in a message, when it has any.
fn description<'a>(headers: &crate::message::Headers, body: &'a [u8]) -> Option<&'a [u8]> {
    let is_sdp = headers
        .media_type()
        .is_some_and(|t| t.eq_ignore_ascii_case("application/sdp"));
    (is_sdp && !body.is_empty()).then_some(body)
}

/// The end that a failed request means.
fn end_of_failure(failure: Failure) -> End {
    let cause = match failure {
        Failure::Timeout => EndCause::Timeout,
        Failure::Unreachable => EndCause::Unreachable,
    };
    End {
        by: EndedBy::Network,
        status: None,
        reason: None,
        cause,
    }
}

/// The end that a final failure response means.
fn end_of_status(response: &Response) -> End {
    End {
        by: EndedBy::Remote,
        status: Some(response.status),
        reason: Some(response.reason.clone()).filter(|reason| !reason.is_empty()),
        cause: EndCause::of_status(response.status),
    }
}

/// What a new outgoing call needs.
pub(crate) struct Invitation {
    pub(crate) handle: CallHandle,
    pub(crate) account: AccountId,
    pub(crate) request: Request,
    pub(crate) media: LocalMedia,
    pub(crate) referrer: Option<CallHandle>,
}
