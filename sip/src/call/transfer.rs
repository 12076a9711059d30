//! Transfer: REFER, and the NOTIFYs that tell what became of it (RFC 3515, RFC 5589).

use std::time::{Duration, Instant};

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
    pub(super) give_up_at: Instant,
}

/// The dialog that the transferred party shall take over (RFC 3891).
pub(crate) struct Replaces {
    pub(crate) target: Uri,
    header: String,
}

impl Call {
    /// This call's dialog as another party has to name it: the tags seen from our peer's side.
    pub(crate) fn to_replace(&self) -> Result<Replaces, CommandError> {
        let State::Talking(talking) = &self.state else {
            return Err(CommandError::WrongState);
        };
        let id = &talking.dialog.id;
        Ok(Replaces {
            target: talking.dialog.target().clone(),
            header: format!(
                "{};to-tag={};from-tag={}",
                id.call_id, id.remote_tag, id.local_tag
            ),
        })
    }

    /// Asks the other party to call `target`.
    pub(crate) fn refer(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        target: Uri,
        replaces: Option<Replaces>,
    ) -> Result<(), CommandError> {
        let talking = self.talking()?;
        if talking.transfer.is_some() {
            return Err(CommandError::Busy);
        }
        let mut refer_to = NameAddr::new(match &replaces {
            Some(replaces) => replaces.target.clone(),
            None => target,
        });
        if let (Some(sip), Some(replaces)) = (refer_to.uri.as_sip_mut(), &replaces) {
            sip.headers
                .push(("Replaces".to_owned(), escape(&replaces.header)));
        }
        let mut referred_by = talking.dialog.local().clone();
        referred_by.params.remove("tag");
        let mut request = talking.dialog.request(Method::Refer);
        request.headers.push("Refer-To", refer_to.to_string());
        request.headers.push("Referred-By", referred_by.to_string());
        let refer = self.send_in_dialog(now, endpoint, request, ContactForm::Dialog);
        self.talking()?.transfer = Some(Transfer {
            refer,
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
        match response.status {
            100..200 => {}
            200..300 => self.tell_transfer(endpoint, response.status, false),
            481 => {
                self.end_by_peer(endpoint, EndCause::Failed);
                self.begin_leaving(now, endpoint);
            }
            status => self.tell_transfer(endpoint, status, true),
        }
    }

    pub(super) fn refer_failure(&mut self, endpoint: &mut Endpoint, failure: Failure) {
        let status = match failure {
            Failure::Timeout => 408,
            Failure::Unreachable => 503,
        };
        self.tell_transfer(endpoint, status, true);
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
        let event = event.split(';').next().unwrap_or_default().trim();
        if !event.eq_ignore_ascii_case("refer") {
            return endpoint.reply_with(now, server, 489, &[("Allow-Events", "refer")]);
        }
        let State::Talking(talking) = &self.state else {
            return;
        };
        if talking.transfer.is_none() {
            return endpoint.reply(now, server, 481);
        }
        let Some(status) = fragment_status(&request.body) else {
            return endpoint.reply(now, server, 400);
        };
        endpoint.reply(now, server, 200);
        let state = request
            .headers
            .get("Subscription-State")
            .unwrap_or_default();
        let terminated = state.trim().to_ascii_lowercase().starts_with("terminated");
        self.tell_transfer(endpoint, status, status >= 200 || terminated);
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
