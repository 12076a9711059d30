//! The program was told the end; the signalling winds up (RFC 3261 §15).

use std::time::Instant;

use super::talking::AckWait;
use super::{Call, State};
use crate::dialog::Dialog;
use crate::message::Method;
use crate::user_agent::{ContactForm, Endpoint, RequestId};

/// A dialog that is being ended from our side.
pub(super) struct Leaving {
    pub(super) dialog: Dialog,
    waits: Waits,
}

enum Waits {
    /// Our 2xx is not acknowledged: until then no BYE may go out (RFC 3261 §15).
    Ack(AckWait),
    Bye(RequestId),
}

impl Leaving {
    pub(super) fn is_bye(&self, id: RequestId) -> bool {
        matches!(self.waits, Waits::Bye(bye) if bye == id)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.waits {
            Waits::Ack(wait) => Some(wait.deadline()),
            Waits::Bye(_) => None,
        }
    }
}

impl Call {
    /// From talking: BYE, now or as soon as it is allowed.
    pub(super) fn begin_leaving(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Talking(talking) = self.take() else {
            return;
        };
        let Talking {
            dialog,
            ack,
            referral,
            ..
        } = *talking;
        if let Some(referral) = referral {
            referral.close(now, endpoint);
        }
        match ack {
            Some(wait) => {
                let waits = Waits::Ack(wait);
                self.state = State::Leaving(Box::new(Leaving { dialog, waits }));
            }
            None => self.send_bye(now, endpoint, dialog),
        }
    }

    fn send_bye(&mut self, now: Instant, endpoint: &mut Endpoint, mut dialog: Dialog) {
        let request = dialog.request(Method::Bye);
        let bye = self.send_in_dialog(now, endpoint, request, ContactForm::None);
        self.state = State::Leaving(Box::new(Leaving {
            dialog,
            waits: Waits::Bye(bye),
        }));
    }

    pub(super) fn leaving_ack(&mut self, now: Instant, endpoint: &mut Endpoint, seq: u32) {
        let State::Leaving(leaving) = &self.state else {
            return;
        };
        if matches!(&leaving.waits, Waits::Ack(wait) if wait.seq == seq)
            && let State::Leaving(leaving) = self.take()
        {
            self.send_bye(now, endpoint, leaving.dialog);
        }
    }

    pub(super) fn leaving_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Leaving(leaving) = &mut self.state else {
            return;
        };
        if let Waits::Ack(wait) = &mut leaving.waits
            && !wait.handle_timeout(now, endpoint)
            && let State::Leaving(leaving) = self.take()
        {
            self.send_bye(now, endpoint, leaving.dialog);
        }
    }
}

use super::talking::Talking;
