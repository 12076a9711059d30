//! The other party asks us to call somebody: REFER received, and the NOTIFYs that tell it what
//! becomes of that (RFC 3515, RFC 4488, RFC 5589).
//!
//! Nobody makes us call who is not in a call with us that came by our own proxy, and the program
//! decides in any case.

use std::time::{Duration, Instant};

use super::replaces::Replaces;
use super::{Call, State};
use crate::dialog::as_request_uri;
use crate::message::{Method, NameAddr, Request, Response, Uri, reason_phrase};
use crate::user_agent::{
    CommandError, ContactForm, EndCause, Endpoint, Event, Notice, Owner, RequestId, ServerId,
};

/// How long the transferor is told.
const SUBSCRIPTION: Duration = Duration::from_secs(180);
/// Who transferred us hangs up; if it forgets to, we do.
const GRACE: Duration = Duration::from_secs(4);

/// Where we are being sent.
pub(super) struct Referral {
    /// The REFER, until it is answered.
    server: Option<ServerId>,
    decide_by: Instant,
    event: String,
    asked: Option<Asked>,
    /// The other side wants no NOTIFY (RFC 4488), or takes none any more.
    quiet: bool,
    expires_at: Instant,
    notify: Option<RequestId>,
    told: u16,
    queued: Option<u16>,
    hang_up_at: Option<Instant>,
}

/// Whom to call.
pub(crate) struct Asked {
    pub(crate) target: Uri,
    pub(crate) replaces: Option<Replaces>,
    pub(crate) referred_by: Option<String>,
}

impl Referral {
    pub(super) fn deadline(&self) -> Option<Instant> {
        let undecided = self.server.map(|_| self.decide_by);
        self.hang_up_at.into_iter().chain(undecided).min()
    }

    /// The call is over: a REFER nobody has decided about is not for it any more.
    pub(super) fn close(&self, now: Instant, endpoint: &mut Endpoint) {
        if let Some(server) = self.server {
            endpoint.reply(now, server, 481);
        }
    }

    pub(super) fn is_notify(&self, id: RequestId) -> bool {
        self.notify == Some(id)
    }
}

impl Asked {
    /// What a REFER asks for, or the status to refuse it with.
    fn read(refer: &Request) -> Result<Asked, u16> {
        let mut values = refer.headers.get_all("Refer-To");
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(400);
        };
        let target = NameAddr::parse(value).map_err(|_| 400u16)?.uri;
        // Calls alone, and only to what a phone can call.
        if target
            .param("method")
            .is_some_and(|method| method != "INVITE")
            || matches!(target, Uri::Other { .. })
        {
            return Err(603);
        }
        let replaces = target.as_sip().and_then(|sip| sip.header("Replaces"));
        let replaces = match replaces {
            Some(text) => Some(Replaces::parse(&text).ok_or(400u16)?),
            None => None,
        };
        Ok(Asked {
            target,
            replaces,
            referred_by: refer.headers.get("Referred-By").map(str::to_owned),
        })
    }
}

impl Call {
    /// A REFER within the dialog.
    pub(super) fn refer_received(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        refer: &Request,
    ) {
        let trusted = self.is_trusted(endpoint, server);
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        if !trusted {
            return endpoint.reply(now, server, 403);
        }
        if !talking.established {
            return endpoint.reply_later(now, server);
        }
        if talking.referral.is_some() {
            return endpoint.reply(now, server, 491);
        }
        let asked = match Asked::read(refer) {
            Ok(asked) => asked,
            Err(status) => return endpoint.reply(now, server, status),
        };
        let seq = refer.cseq.seq;
        // RFC 3515 §2.4.6: the second one and all after it are told apart by their numbers.
        let event = match std::mem::replace(&mut talking.referred_before, true) {
            true => format!("refer;id={seq}"),
            false => "refer".to_owned(),
        };
        let refer_sub = refer.headers.get("Refer-Sub").unwrap_or_default();
        let told = Event::TransferAsked {
            call: self.handle,
            target: as_request_uri(asked.target.clone()),
            attended: asked.replaces.is_some(),
            by: asked.referred_by.clone(),
        };
        talking.referral = Some(Referral {
            server: Some(server),
            decide_by: now + endpoint.config.timers.transaction() / 2,
            event,
            asked: Some(asked),
            quiet: refer_sub.trim().to_ascii_lowercase().starts_with("false"),
            expires_at: now + SUBSCRIPTION,
            notify: None,
            told: 0,
            queued: None,
            hang_up_at: None,
        });
        endpoint.emit(told);
    }

    /// The call came by the account's own proxy, and so does this request, or from where the
    /// other party itself is.
    fn is_trusted(&self, endpoint: &Endpoint, server: ServerId) -> bool {
        let (Some(account), Some(flow)) = (self.account, endpoint.response_flow(server)) else {
            return false;
        };
        let State::Talking(talking) = &self.state else {
            return false;
        };
        let target = talking.dialog.target().host().and_then(|host| host.ip());
        let is_peer = target == Some(flow.remote.ip());
        self.origin.home && (is_peer || endpoint.is_home(account, &flow))
    }

    /// 202: the program will call whom it is asked to.
    pub(crate) fn accept_transfer(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
    ) -> Result<(), CommandError> {
        let account = self.account;
        let referral = self.talking()?.referral.as_mut();
        let referral = referral.ok_or(CommandError::WrongState)?;
        let server = referral.server.take().ok_or(CommandError::WrongState)?;
        let quiet = referral.quiet;
        if let Some(mut response) = endpoint.response(server, 202) {
            if let Some(flow) = endpoint.response_flow(server) {
                let contact = endpoint.contact(account, "", &flow);
                let contact = NameAddr::new(contact.into()).to_string();
                response.headers.push("Contact", contact);
            }
            if quiet {
                response.headers.push("Refer-Sub", "false");
            }
            endpoint.respond(now, server, response);
        }
        self.referral_progress(now, endpoint, 100);
        self.arm(endpoint);
        Ok(())
    }

    /// The program will not, or could not.
    pub(crate) fn refuse_transfer(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        status: u16,
    ) -> Result<(), CommandError> {
        let talking = self.talking()?;
        let referral = talking.referral.as_mut().ok_or(CommandError::WrongState)?;
        match referral.server {
            Some(server) => {
                talking.referral = None;
                endpoint.reply(now, server, status);
            }
            None => self.referral_progress(now, endpoint, status),
        }
        self.arm(endpoint);
        Ok(())
    }

    /// Whom the program has promised to call; once.
    pub(crate) fn take_asked(&mut self) -> Result<Asked, CommandError> {
        let referral = self.talking()?.referral.as_mut();
        let referral = referral.filter(|referral| referral.server.is_none());
        let asked = referral.and_then(|referral| referral.asked.take());
        asked.ok_or(CommandError::WrongState)
    }

    /// The call that the other party asked for got this response; it is told.
    pub(crate) fn referral_progress(&mut self, now: Instant, endpoint: &mut Endpoint, status: u16) {
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let Some(referral) = talking.referral.as_mut().filter(|r| r.told < 200) else {
            return;
        };
        referral.queued = Some(status);
        if referral.notify.is_none() {
            self.notify(now, endpoint);
        }
        self.arm(endpoint);
    }

    /// One NOTIFY at a time: over UDP they might overtake each other.
    fn notify(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let Some(referral) = &mut talking.referral else {
            return;
        };
        let Some(status) = referral.queued.take() else {
            return self.referral_told(now);
        };
        referral.told = status;
        if referral.quiet {
            return self.referral_told(now);
        }
        let left = referral.expires_at.saturating_duration_since(now).as_secs();
        let state = match status {
            ..200 => format!("active;expires={left}"),
            _ => "terminated;reason=noresource".to_owned(),
        };
        let mut notify = talking.dialog.request(Method::Notify);
        notify.headers.push("Event", referral.event.clone());
        notify.headers.push("Subscription-State", state);
        notify
            .headers
            .push("Content-Type", "message/sipfrag;version=2.0");
        notify.body = format!("SIP/2.0 {status} {}\r\n", reason_phrase(status)).into_bytes();
        let id = self.send_in_dialog(now, endpoint, notify, ContactForm::Dialog);
        if let State::Talking(talking) = &mut self.state
            && let Some(referral) = &mut talking.referral
        {
            referral.notify = Some(id);
        }
    }

    /// None: nobody answered it.
    pub(super) fn notify_response(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        response: Option<&Response>,
    ) {
        let status = response.map_or(408, |response| response.status);
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let Some(referral) = talking.referral.as_mut().filter(|_| status >= 200) else {
            return;
        };
        referral.notify = None;
        // RFC 5057 §5.1: it is the subscription that has ended, not the call.
        referral.quiet |= status >= 300;
        self.notify(now, endpoint);
    }

    /// Nothing is left to tell for now. After the last word there is a moment for the transferor
    /// to hang up (RFC 5589 §6.1).
    fn referral_told(&mut self, now: Instant) {
        if let State::Talking(talking) = &mut self.state
            && let Some(referral) = &mut talking.referral
        {
            match referral.told {
                ..200 => {}
                200..300 => referral.hang_up_at = Some(now + GRACE),
                _ => talking.referral = None,
            }
        }
    }

    pub(super) fn referral_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let State::Talking(talking) = &self.state else {
            return;
        };
        let Some(referral) = &talking.referral else {
            return;
        };
        if referral.server.is_some() && referral.decide_by <= now {
            // The program has not decided while the other side still waits.
            let _ = self.refuse_transfer(now, endpoint, 603);
        } else if referral.hang_up_at.is_some_and(|at| at <= now) {
            self.end_here(endpoint, EndCause::LocalHangup);
            self.begin_leaving(now, endpoint);
        }
    }
}

/// Who a call that was asked for is reported to.
pub(super) fn report(call: &mut Call, endpoint: &mut Endpoint, status: u16) {
    let referrer = match status {
        ..200 => call.referrer,
        _ => call.referrer.take(),
    };
    if let Some(referrer) = referrer {
        endpoint.notify(Notice::Referred {
            owner: Owner::Call(referrer),
            status,
        });
    }
}
