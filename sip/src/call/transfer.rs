//! Transfer: REFER, and the NOTIFYs that tell what became of it (RFC 3515, RFC 5589).

use std::time::{Duration, Instant};

use super::replaces::Replaces;
use super::{Call, State};
use crate::message::{Method, NameAddr, Request, Response, Uri};
use crate::user_agent::{
    CommandError, ContactForm, EndCause, Endpoint, Event, Failure, RequestId, ServerId,
};

/// A transferred call nobody hears of again by then has failed.
const PATIENCE: Duration = Duration::from_secs(180);

/// Our REFER and the subscription it made.
pub(super) struct Transfer {
    pub(super) refer: RequestId,
    /// The number of the REFER, which names the subscription.
    seq: u32,
    pub(super) give_up_at: Instant,
}

impl Call {
    /// Asks the other party to call `target`.
    pub(crate) fn refer(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        target: Uri,
        replaces: Option<&Replaces>,
    ) -> Result<(), CommandError> {
        let talking = self.talking()?;
        if talking.transfer.is_some() {
            return Err(CommandError::Busy);
        }
        let mut refer_to = NameAddr::new(target);
        if let (Some(sip), Some(replaces)) = (refer_to.uri.as_sip_mut(), replaces) {
            let value = escape(&replaces.to_string());
            sip.headers.push(("Replaces".to_owned(), value));
        }
        let mut referred_by = talking.dialog.local().clone();
        referred_by.params.remove("tag");
        let mut request = talking.dialog.request(Method::Refer);
        request.headers.push("Refer-To", refer_to.to_string());
        request.headers.push("Referred-By", referred_by.to_string());
        let seq = request.cseq.seq;
        let refer = self.send_in_dialog(now, endpoint, request, ContactForm::Dialog);
        self.talking()?.transfer = Some(Transfer {
            refer,
            seq,
            give_up_at: now + PATIENCE,
        });
        self.arm(endpoint);
        Ok(())
    }

    pub(super) fn refer_response(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        response: &Response,
    ) {
        if let State::Talking(talking) = &mut self.state
            && let Some(transfer) = &mut talking.transfer
        {
            transfer.seq = response.cseq.seq;
        }
        let refer_sub = response.headers.get("Refer-Sub").unwrap_or_default();
        let quiet = refer_sub.trim().to_ascii_lowercase().starts_with("false");
        match response.status {
            100..200 => {}
            // RFC 4488 §4: nothing more will be told. The other side has taken it upon itself.
            200..300 if quiet => self.tell_transfer(endpoint, 202, true),
            200..300 => self.tell_transfer(endpoint, response.status, false),
            481 => {
                self.end_by_peer(endpoint, EndCause::Failed);
                self.begin_leaving(now, endpoint);
            }
            status => self.tell_transfer(endpoint, status, true),
        }
    }

    pub(super) fn refer_failure(&mut self, endpoint: &mut Endpoint, failure: Failure) {
        self.tell_transfer(endpoint, failure.status(), true);
    }

    pub(super) fn transfer_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        if let State::Talking(talking) = &self.state
            && talking
                .transfer
                .as_ref()
                .is_some_and(|transfer| transfer.give_up_at <= now)
        {
            self.tell_transfer(endpoint, 408, true);
        }
    }

    fn tell_transfer(&mut self, endpoint: &mut Endpoint, status: u16, done: bool) {
        if let State::Talking(talking) = &mut self.state {
            if done {
                talking.transfer = None;
            }
            endpoint.emit(Event::Transfer {
                call: self.handle,
                status,
                done,
            });
        }
    }

    /// Only the progress of our own REFER is subscribed to.
    pub(super) fn notify_received(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        request: &Request,
    ) {
        let event = request.headers.get("Event").unwrap_or_default();
        let (event, params) = event.split_once(';').unwrap_or((event, ""));
        if !event.trim().eq_ignore_ascii_case("refer") {
            return endpoint.reply_with(now, server, 489, &[("Allow-Events", "refer")]);
        }
        let State::Talking(talking) = &mut self.state else {
            return;
        };
        let id = params.trim().strip_prefix("id=");
        let id: Option<u32> = id.and_then(|id| id.trim().parse().ok());
        // One that tells of an earlier transfer comes too late.
        let is_own = |transfer: &&mut Transfer| id.is_none_or(|id| id >= transfer.seq);
        let Some(transfer) = talking.transfer.as_mut().filter(is_own) else {
            return endpoint.reply(now, server, 481);
        };
        let Some(status) = fragment_status(&request.body) else {
            return endpoint.reply(now, server, 400);
        };
        let state = request.headers.get("Subscription-State");
        let (state, params) = state
            .and_then(|s| s.split_once(';'))
            .unwrap_or((state.unwrap_or_default(), ""));
        let terminated = state.trim().eq_ignore_ascii_case("terminated");
        let expires = params
            .split(';')
            .find_map(|p| p.trim().strip_prefix("expires="));
        if let Some(seconds) = expires.and_then(|text| text.trim().parse().ok()) {
            // With the subscription ends what can be known of the transfer.
            transfer.give_up_at = now + Duration::from_secs(seconds).min(PATIENCE);
        }
        endpoint.reply(now, server, 200);
        match (terminated, status) {
            // It ends without having told the end.
            (true, ..200) => self.tell_transfer(endpoint, 408, true),
            _ => self.tell_transfer(endpoint, status, status >= 200),
        }
    }
}

/// The status in a body of type `message/sipfrag` (RFC 3420): its first line is enough.
fn fragment_status(body: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(body);
    let rest = text.trim_start().strip_prefix("SIP/2.0 ")?;
    let status = rest.split([' ', '\r', '\n']).next()?.parse().ok()?;
    (100..700).contains(&status).then_some(status)
}

/// Escapes a header's value for the header part of a URI (RFC 3261 §19.1.1, `hvalue`).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
