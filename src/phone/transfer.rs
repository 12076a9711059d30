//! Transfers: sending the other party on, being sent on, and calls that take another's place.

use ringbook_sip::message::Uri;
use ringbook_sip::user_agent::CallHandle;

use super::call::{Call, State};
use super::command::CommandError;
use super::listener::CallEvent;
use super::requests::{Done, refused};
use super::target::Target;
use super::{Phone, account};
use crate::automation::{CallState, NoticeKind};
use crate::model::{CallId, CallOrigin, Direction, EndReason};
use crate::now::Now;
use crate::settings::Policy;
use crate::tr;

/// We decline to be sent on: nothing is wrong with the request.
const DECLINE: u16 = 603;
/// The other party has reached whom it was sent to; another success says only that it will try.
const ARRIVED: u16 = 200;
/// We would, but cannot.
const UNAVAILABLE: u16 = 480;

/// Sending the other party on.
impl Phone {
    pub(super) fn transfer_blind(&mut self, now: Now, id: CallId, target: &str) -> Done {
        let (call, handle) = self.conversation(id, "transferred")?;
        let line = call.line.clone();
        let line = line.or_else(|| self.lines.first().map(|line| line.info.clone()));
        let line = line.ok_or(CommandError::NoAccount)?;
        let target = Target::parse(target, &line)?;
        refused(
            self.user_agent
                .refer(now.instant, handle, &target.uri, None),
        )?;
        self.transferring(now, id);
        Ok(())
    }

    pub(super) fn transfer_attended(&mut self, now: Now, id: CallId, to: CallId) -> Done {
        let (other, replaced) = self.conversation(to, "transferred")?;
        let target = other.remote.uri.clone();
        let target = target.ok_or(CommandError::WrongState {
            verb: "transferred",
            state: "hidden",
        })?;
        let (_, handle) = self.conversation(id, "transferred")?;
        refused(
            self.user_agent
                .refer(now.instant, handle, &target, Some(replaced)),
        )?;
        if let Some(call) = self.calls.get_mut(id) {
            call.connecting = Some(to);
        }
        // Whoever takes over ends our call with it (RFC 5589 §7.1): that is the transfer, too.
        self.intend(to, Some(EndReason::Transferred));
        self.transferring(now, id);
        Ok(())
    }

    fn intend(&mut self, id: CallId, intent: Option<EndReason>) {
        if let Some(call) = self.calls.get_mut(id) {
            call.intent = intent;
        }
    }

    fn transferring(&mut self, now: Now, id: CallId) {
        if let Some(call) = self.calls.get_mut(id) {
            call.state = State::Transferring;
        }
        self.tell_state(now, id, CallState::Transferring);
        self.tell(now, id, CallEvent::Transferring);
    }

    /// What became of it. Whoever could not be handed over is back in conversation with us,
    /// off hold and with the card.
    pub(super) fn on_transfer(&mut self, now: Now, handle: CallHandle, status: u16, done: bool) {
        let Some(id) = self.calls.by_handle(handle) else {
            return;
        };
        let Some(call) = self
            .calls
            .get_mut(id)
            .filter(|call| done && call.ended().is_none())
        else {
            return;
        };
        if (200..300).contains(&status) {
            let connecting = call.connecting.take();
            call.intent = Some(EndReason::Transferred);
            let _ = self.user_agent.hangup(now.instant, handle);
            if status == ARRIVED {
                self.leave_connected(now, connecting);
            }
            return;
        }
        call.state = State::Established;
        let held = call.hold.local;
        self.give_up_connecting(id);
        self.tell_state(now, id, CallState::TransferFailed);
        self.tell(now, id, CallEvent::TransferFailed);
        if held {
            // It fails only where the call ends at this very moment.
            let _ = self.resume(now, id);
        }
        let text = tr!(
            "The transfer did not succeed ({status}); the call goes on",
            status = status
        );
        self.notice(now, NoticeKind::Transfer, text);
    }

    /// Nothing came of connecting this call's other party: our call with the other one is a call
    /// like any other again.
    pub(super) fn give_up_connecting(&mut self, id: CallId) {
        let connecting = self
            .calls
            .get_mut(id)
            .and_then(|call| call.connecting.take());
        if let Some(other) = connecting {
            self.intend(other, None);
        }
    }

    /// The two talk with each other. Whoever took over without a word about our call with it would
    /// keep it.
    fn leave_connected(&mut self, now: Now, connecting: Option<CallId>) {
        let other = connecting.and_then(|id| self.calls.get(id));
        if let Some(handle) = other.and_then(|call| call.handle) {
            // It fails only where the call is over already.
            let _ = self.user_agent.hangup(now.instant, handle);
        }
    }
}

/// Being sent on.
impl Phone {
    /// The other party of a call wants us to call somebody else.
    pub(super) fn on_transfer_asked(&mut self, now: Now, handle: CallHandle, target: &Uri) {
        let Some(id) = self.calls.by_handle(handle) else {
            return;
        };
        let full = self.own_calls() > self.settings.phone.max_calls;
        // Its other party is with a colleague, whom we can hardly leave alone with nobody.
        let is_colleagues = self.ours(id).is_err();
        let shown = target.to_string();
        let refusal = match self.settings.phone.transfers {
            Policy::Refuse => Some(DECLINE),
            Policy::Follow if is_colleagues => Some(DECLINE),
            Policy::Follow if full || self.ending => Some(UNAVAILABLE),
            Policy::Follow => None,
        };
        if let Some(status) = refusal {
            let _ = self.user_agent.refuse_transfer(now.instant, handle, status);
            let text = tr!(
                "The other side wanted you to call {target}; that was refused",
                target = shown
            );
            return self.notice(now, NoticeKind::Transfer, text);
        }
        if self
            .user_agent
            .accept_transfer(now.instant, handle)
            .is_err()
        {
            return;
        }
        let text = tr!("The other side connects you with {target}", target = shown);
        self.notice(now, NoticeKind::Transfer, text);
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let line = call.line.clone();
        let line = line.or_else(|| self.lines.first().map(|line| line.info.clone()));
        match line.and_then(|line| Some((Target::parse(&shown, &line).ok()?, line))) {
            Some((target, line)) => self.call_for(now, id, target, line),
            None => {
                let _ = self
                    .user_agent
                    .refuse_transfer(now.instant, handle, UNAVAILABLE);
            }
        }
    }

    /// Calls whom the other party of `referrer` wants called. That call stays as it is until the
    /// new one stands.
    fn call_for(
        &mut self,
        now: Now,
        referrer: CallId,
        target: Target,
        line: std::sync::Arc<account::LineInfo>,
    ) {
        let leg_of = self.leg_for(now, referrer, &target);
        let call = Call {
            referrer: Some(referrer),
            origin: Some(CallOrigin::Transfer),
            leg_of,
            ..self.outgoing_call(now, target, line)
        };
        let id = call.id;
        self.calls.insert(call);
        self.bind_media(id);
        self.tell_state(now, id, CallState::Dialing);
        self.tell(now, id, CallEvent::Dialing);
    }

    /// A call that the other party of another one asked for is over before it was made: that
    /// party hears of it.
    pub(super) fn tell_referrer_of_failure(&mut self, now: Now, id: CallId) {
        let call = self.calls.get(id).filter(|call| call.handle.is_none());
        let referrer = call.and_then(|call| call.referrer);
        let handle = referrer.and_then(|id| self.calls.get(id)?.handle);
        if let Some(handle) = handle {
            let _ = self
                .user_agent
                .refuse_transfer(now.instant, handle, UNAVAILABLE);
        }
    }

    /// A call that stands now was asked for by the other party of another one, which has done
    /// its part and will hang up.
    pub(super) fn leave_referrer(&mut self, id: CallId) {
        let referrer = self.calls.get(id).and_then(|call| call.referrer);
        if let Some(call) = referrer.and_then(|id| self.calls.get_mut(id)) {
            call.intent = Some(EndReason::Transferred);
        }
    }

    /// An outgoing call was redirected.
    pub(super) fn on_redirected(&mut self, now: Now, handle: CallHandle, target: &Uri) {
        let Some(id) = self.calls.by_handle(handle) else {
            return;
        };
        let line = self.calls.get(id).and_then(|call| call.line.clone());
        let mailbox = self.is_mailbox(line.as_deref(), target);
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        call.to = target.to_string();
        call.mailbox = mailbox;
        debug_assert_eq!(call.direction, Direction::Outgoing);
        let text = tr!("The call goes on to {target}", target = target);
        self.notice(now, NoticeKind::Transfer, text);
    }
}
