//! Our own state at the server that tells it to others (RFC 3903): published, kept alive, changed
//! and withdrawn. One request at a time; what changes meanwhile goes out behind it.

use std::time::{Duration, Instant};

use crate::dialog::new_request;
use crate::message::{Method, NameAddr, Request, Response};
use crate::refresh::{back_off, is_passing, raise_expires, refresh_after, retry_after};
use crate::user_agent::{
    AccountId, ContactForm, Endpoint, Event, EventPackage, Failure, Outgoing, Owner, PublicationId,
    PublicationState, RequestId, Timer,
};

/// One publication.
pub(crate) struct Publication {
    id: PublicationId,
    account: AccountId,
    package: EventPackage,
    /// In seconds; raised by 423.
    expires: u32,
    call_id: String,
    local_tag: String,
    seq: u32,
    /// What the server calls the state that it has of us (RFC 3903 §4.1).
    entity_tag: Option<String>,
    /// What is to be known.
    document: Vec<u8>,
    /// The latest document is what the server has, or what is on its way there.
    is_current: bool,
    under_way: Option<RequestId>,
    wanted: bool,
    failures: u32,
    /// When to publish, refresh or try again.
    next: Option<Instant>,
    told: Option<PublicationState>,
}

impl Publication {
    pub(crate) fn new(
        endpoint: &mut Endpoint,
        (id, account): (PublicationId, AccountId),
        package: EventPackage,
        document: Vec<u8>,
    ) -> Self {
        let expires = u32::try_from(package.expires.as_secs()).unwrap_or(u32::MAX);
        Publication {
            id,
            account,
            package,
            expires: expires.max(1),
            call_id: endpoint.random.call_id(),
            local_tag: endpoint.random.tag(),
            seq: 0,
            entity_tag: None,
            document,
            is_current: false,
            under_way: None,
            wanted: true,
            failures: 0,
            next: None,
            told: None,
        }
    }

    /// Whether nothing more will come of it.
    pub(crate) fn is_over(&self) -> bool {
        !self.wanted && self.under_way.is_none()
    }

    pub(crate) fn start(&mut self, now: Instant, endpoint: &mut Endpoint) {
        self.send(now, endpoint);
        self.arm(endpoint);
    }

    /// Publishes another document, behind what is under way. While the server refuses, it waits
    /// for the next try.
    pub(crate) fn change(&mut self, now: Instant, endpoint: &mut Endpoint, document: Vec<u8>) {
        self.document = document;
        self.is_current = false;
        if self.under_way.is_none() && self.told == Some(PublicationState::Active) {
            self.send(now, endpoint);
        }
        self.arm(endpoint);
    }

    /// Withdraws it; nobody waits for the server's last word.
    pub(crate) fn stop(&mut self, now: Instant, endpoint: &mut Endpoint) {
        self.wanted = false;
        if self.under_way.is_none() && self.entity_tag.is_some() {
            self.send(now, endpoint);
        }
        self.arm(endpoint);
    }

    pub(crate) fn note_seq(&mut self, seq: u32) {
        self.seq = self.seq.max(seq);
    }

    pub(crate) fn handle_response(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        id: RequestId,
        request: &Request,
        response: &Response,
    ) {
        if self.under_way != Some(id) || response.status < 200 {
            return;
        }
        self.under_way = None;
        self.note_seq(response.cseq.seq);
        match response.status {
            200..300 => self.accepted(now, endpoint, request, response),
            _ if !self.wanted => {}
            // RFC 3903 §4.1: the server has forgotten what we changed or refreshed.
            412 if self.entity_tag.is_some() => {
                self.entity_tag = None;
                self.send(now, endpoint);
            }
            423 if raise_expires(&mut self.expires, response) => self.send(now, endpoint),
            status => self.refused(now, endpoint, status, retry_after(response)),
        }
        self.arm(endpoint);
    }

    pub(crate) fn handle_failure(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        id: RequestId,
        failure: Failure,
    ) {
        if self.under_way != Some(id) {
            return;
        }
        self.under_way = None;
        if self.wanted {
            self.refused(now, endpoint, failure.status(), None);
        }
        self.arm(endpoint);
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        if self.next.is_some_and(|at| at <= now) && self.under_way.is_none() {
            self.send(now, endpoint);
        }
        self.arm(endpoint);
    }

    fn accepted(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        request: &Request,
        response: &Response,
    ) {
        self.failures = 0;
        // A server that names no tag cannot be told of a change, but of the state as a whole.
        self.entity_tag = response.headers.get("SIP-ETag").map(str::to_owned);
        if !self.wanted {
            let withdrawn = request.headers.number("Expires") == Some(0);
            if !withdrawn && self.entity_tag.is_some() {
                self.send(now, endpoint);
            }
            return;
        }
        let granted = response.headers.number("Expires").unwrap_or(self.expires);
        let lasts = Duration::from_secs(u64::from(granted.max(1)));
        self.next = Some(now + refresh_after(lasts));
        self.tell(endpoint, PublicationState::Active, None);
        if !self.is_current {
            self.send(now, endpoint);
        }
    }

    /// What is refused for good is not tried again: the server publishes nothing, or nothing of
    /// this kind (RFC 3903 §4, RFC 6665 §8.3.2).
    fn refused(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        status: u16,
        retry_after: Option<Duration>,
    ) {
        // The server may have it all the same: the next try says the whole.
        self.is_current = false;
        let wait = match retry_after {
            Some(wait) => Some(wait),
            None if is_passing(status) => Some(back_off(&mut self.failures, endpoint)),
            None => None,
        };
        self.next = wait.map(|wait| now + wait);
        self.wanted = wait.is_some();
        let state = PublicationState::Failed { retry_in: wait };
        self.tell(endpoint, state, Some(status));
    }

    /// RFC 3903 §4.1: with a body the state is published or changed, without one it is refreshed
    /// or, for no time at all, withdrawn.
    fn send(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let Some(mut request) = self.request(endpoint) else {
            return;
        };
        let expires = if self.wanted { self.expires } else { 0 };
        request.headers.push("Event", self.package.name.as_str());
        request.headers.push("Expires", expires.to_string());
        if let Some(tag) = &self.entity_tag {
            request.headers.push("SIP-If-Match", tag.as_str());
        }
        if self.wanted && (self.entity_tag.is_none() || !self.is_current) {
            request
                .headers
                .push("Content-Type", self.package.accept.as_str());
            request.body.clone_from(&self.document);
            self.is_current = true;
        }
        self.next = None;
        let outgoing = Outgoing {
            request,
            owner: Owner::Publication(self.id),
            account: Some(self.account),
            contact: ContactForm::None,
            offer: None,
        };
        self.under_way = Some(endpoint.send(now, outgoing));
    }

    fn request(&mut self, endpoint: &Endpoint) -> Option<Request> {
        let line = endpoint.line(self.account)?;
        let mut from = line.address();
        from.set_tag(&self.local_tag);
        self.seq += 1;
        let uri = line.config.aor.clone();
        let to = NameAddr::new(uri.clone());
        let (call_id, routes) = (self.call_id.clone(), line.routes());
        let mut request = new_request(Method::Publish, uri, from, to, call_id, self.seq);
        for route in routes {
            request.headers.push("Route", route.to_string());
        }
        Some(request)
    }

    /// Tells what has changed; a status is news each time.
    fn tell(&mut self, endpoint: &mut Endpoint, state: PublicationState, status: Option<u16>) {
        if self.told == Some(state) && status.is_none() {
            return;
        }
        self.told = Some(state);
        endpoint.emit(Event::Publication {
            publication: self.id,
            state,
            status,
        });
    }

    fn arm(&self, endpoint: &mut Endpoint) {
        let at = self.next.filter(|_| self.wanted);
        endpoint.set_timer(Timer::Publication(self.id), at);
    }
}
