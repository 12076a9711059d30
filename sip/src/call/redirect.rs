//! A call that is redirected (RFC 3261 §8.1.3.4): where it goes next, and where it never goes.

use std::time::Instant;

use super::{Call, State};
use crate::dialog::as_request_uri;
use crate::message::{NameAddr, Response, Uri};
use crate::user_agent::{Endpoint, Event, callable};

/// How often one call is sent on.
const MAX_HOPS: usize = 5;
/// Contacts of one response that are looked at.
const MAX_TARGETS: usize = 10;

/// Where a call has been, and where it may still go, the best target first.
#[derive(Default)]
pub(super) struct Redirects {
    tried: Vec<Uri>,
    open: Vec<Uri>,
}

impl Redirects {
    fn knows(&self, uri: &Uri) -> bool {
        let mut all = self.tried.iter().chain(&self.open);
        all.any(|known| known.is_equivalent(uri))
    }

    /// Takes the targets of a 3xx. Once asked for safety, always safely: no `sips:` call goes on
    /// to a `sip:` target.
    fn learn(&mut self, response: &Response, present: &Uri, aor: &Uri) {
        let mut contacts = response.headers.contacts();
        contacts.truncate(MAX_TARGETS);
        let weight = |contact: &NameAddr| -> u16 {
            let q = contact.params.get("q").and_then(|q| q.parse::<f32>().ok());
            // A target without a weight is the best one.
            (q.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0) as u16
        };
        contacts.sort_by_key(|contact| std::cmp::Reverse(weight(contact)));
        let targets = contacts.into_iter().filter_map(|contact| {
            let target = as_request_uri(callable(&contact.uri, aor)?);
            let safe = present.scheme() != "sips" || target.scheme() == "sips";
            safe.then_some(target)
        });
        // In front of what an earlier response has left open.
        for (at, target) in targets.enumerate() {
            if !self.knows(&target) {
                self.open.insert(at.min(self.open.len()), target);
            }
        }
    }

    fn next(&mut self) -> Option<Uri> {
        if self.tried.len() > MAX_HOPS || self.open.is_empty() {
            return None;
        }
        let next = self.open.remove(0);
        self.tried.push(next.clone());
        Some(next)
    }
}

impl Call {
    /// Calls the next target, after a redirection or when one of several has failed. False: the
    /// response is the last word.
    pub(super) fn redirect(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        response: &Response,
    ) -> bool {
        let owner = (self.handle, self.account);
        let State::Inviting(inviting) = &mut self.state else {
            return false;
        };
        let line = owner.1.and_then(|account| endpoint.line(account));
        let Some(line) = line.filter(|_| endpoint.config.follow_redirects) else {
            return false;
        };
        // 6xx is the user's own word, wherever it was found (RFC 3261 §21.6).
        if inviting.is_given_up() || response.status >= 600 {
            return false;
        }
        let redirects = &mut inviting.redirects;
        if redirects.tried.is_empty() {
            redirects.tried.push(inviting.request.uri.clone());
        }
        if (300..=302).contains(&response.status) {
            redirects.learn(response, &inviting.request.uri, &line.config.aor);
        }
        let Some(target) = redirects.next() else {
            return false;
        };
        inviting.request.uri = target.clone();
        inviting.request.cseq.seq = response.cseq.seq + 1;
        inviting.send(now, endpoint, owner);
        endpoint.emit(Event::Redirected {
            call: self.handle,
            target,
        });
        true
    }
}
