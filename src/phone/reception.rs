//! What a call meets before anybody here hears it ring: do not disturb, busy, forwarding, and
//! calls that are answered by themselves.

use std::time::Duration;

use ringbook_sip::message::Uri;
use ringbook_sip::user_agent::CallHandle;

use super::Phone;
use super::account::LineInfo;
use super::command::{CommandError, ForwardWhen};
use super::requests::Done;
use super::target::Target;
use crate::automation::NoticeKind;
use crate::model::{CallId, EndReason};
use crate::now::Now;
use crate::settings::Intercom;
use crate::tr;

/// How a new call is received.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reception {
    /// It rings.
    Ring,
    /// It is answered at once.
    Answer,
    /// It is turned away with this status.
    Refuse(u16, EndReason),
    /// Its caller is sent on.
    Forward(Uri),
}

/// What is known of a new call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// The line called.
    pub(super) line: Option<&'a LineInfo>,
    /// A scenario may be for it: whether anybody is free is for that to find out.
    pub(super) led: bool,
    /// We can talk to it at all.
    pub(super) acceptable: bool,
    /// It takes the place of a call that is up.
    pub(super) replaces: bool,
    /// It came by the account's own proxy and asks to be answered at once.
    pub(super) answer_asked: bool,
}

impl Phone {
    /// The rules in their order: who takes a call's place is not new; then the person's wish not
    /// to be disturbed, then forwarding, then whether there is room.
    pub(super) fn reception(&mut self, now: Now, facts: Facts<'_>) -> Reception {
        let rules = self.settings.phone.clone();
        let all = self.own_calls() + self.arrivals.len();
        let own = self.calls.live().filter(|call| call.is_here());
        let up = own.count() + self.arrivals.len();
        if self.ending {
            return Reception::Refuse(480, EndReason::NoAnswer);
        }
        if facts.replaces {
            return Reception::Answer;
        }
        // RFC 3261 §21.4.18. To whoever was not to be disturbed it is a missed call.
        if self.absence.do_not_disturb && !facts.led {
            return Reception::Refuse(480, EndReason::NoAnswer);
        }
        let always = self.absence.forward_always.clone();
        if let Some(target) = self.forward_to(now, always.as_deref(), facts.line) {
            return Reception::Forward(target);
        }
        if all >= rules.max_calls || (!rules.call_waiting && up > 0 && !facts.led) {
            let busy = self.absence.forward_busy.clone();
            let target = self.forward_to(now, busy.as_deref(), facts.line);
            return target.map_or(Reception::Refuse(486, EndReason::Busy), Reception::Forward);
        }
        if !facts.acceptable {
            return Reception::Refuse(488, EndReason::NotAcceptable);
        }
        // Nobody is spoken into by a second caller.
        let intercom = rules.intercom == Intercom::Trusted && facts.answer_asked && up == 0;
        if intercom {
            let text = tr!("A call is answered by itself, because its caller asked for it");
            self.notice(now, NoticeKind::Call, text);
        }
        match (rules.auto_answer && !facts.led) || intercom {
            true => Reception::Answer,
            false => Reception::Ring,
        }
    }

    /// A target of forwarding as it is called from this line. One that cannot be read forwards
    /// nothing: the call rings, and a person is told why.
    pub(super) fn forward_to(
        &mut self,
        now: Now,
        text: Option<&str>,
        line: Option<&LineInfo>,
    ) -> Option<Uri> {
        let text = text?;
        match self.forward_target(text, line) {
            Ok(target) => Some(target.uri),
            Err(error) => {
                self.notice(now, NoticeKind::Call, error.to_string());
                None
            }
        }
    }

    fn forward_target(&self, text: &str, line: Option<&LineInfo>) -> Result<Target, CommandError> {
        let first = self.lines.first().map(|line| line.info.as_ref());
        let line = line.or(first).ok_or(CommandError::NoAccount)?;
        Ok(Target::parse(text, line)?)
    }

    /// Sends on the callers whom nobody has answered in time.
    pub(super) fn forward_unanswered(&mut self, now: Now) {
        let rules = &self.settings.phone;
        let Some(text) = self.absence.forward_no_answer.clone() else {
            return;
        };
        let patience = Duration::from_secs(u64::from(rules.forward_after_s));
        let waited = |at: Now| now.instant.saturating_duration_since(at.instant) >= patience;
        let rings =
            |call: &&super::call::Call| call.rings_here() && call.ringing.is_some_and(waited);
        let due: Vec<CallId> = self
            .calls
            .live()
            .filter(rings)
            .filter(|call| !self.leading.has(call.id))
            .map(|call| call.id)
            .collect();
        for id in due {
            let Some(call) = self.calls.get(id) else {
                continue;
            };
            let (handle, line) = (call.handle, call.line.clone());
            let target = self.forward_to(now, Some(&text), line.as_deref());
            if let (Some(handle), Some(target)) = (handle, target) {
                let mailbox = self.is_mailbox(line.as_deref(), &target);
                if let Some(call) = self.calls.get_mut(id) {
                    call.mailbox = mailbox;
                }
                self.forward(now, handle, &target);
            }
        }
    }

    pub(super) fn forward(&mut self, now: Now, handle: CallHandle, target: &Uri) {
        // It fails only when the call is over already; that event follows.
        let _ = self.user_agent.forward(now.instant, handle, target);
        let text = tr!("A caller was sent on to {target}", target = target);
        self.notice(now, NoticeKind::Call, text);
    }

    /// Switches forwarding for as long as the program runs.
    pub(super) fn set_forward(&mut self, when: ForwardWhen, target: Option<String>) -> Done {
        if let Some(text) = &target {
            self.forward_target(text, None)?;
        }
        *match when {
            ForwardWhen::Always => &mut self.absence.forward_always,
            ForwardWhen::Busy => &mut self.absence.forward_busy,
            ForwardWhen::NoAnswer => &mut self.absence.forward_no_answer,
        } = target;
        self.changed = true;
        Ok(())
    }
}
