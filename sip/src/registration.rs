//! One account's registration (RFC 3261 §10.2), kept alive and kept reachable (RFC 5626).

use std::time::{Duration, Instant};

use crate::dialog::new_request;
use crate::message::{Headers, Method, NameAddr, Response, Uri};
use crate::user_agent::{
    AccountId, ContactForm, Endpoint, Event, Failure, Flow, Outgoing, Owner, RegistrationState,
    RequestId, Timer, Transport,
};

/// RFC 5626 §4.5: the first wait after a failure, and the longest.
const RETRY_BASE: Duration = Duration::from_secs(30);
const RETRY_MOST: Duration = Duration::from_secs(1800);
/// A registrar's Retry-After beyond this is cut: the user would think the phone dead.
const RETRY_AFTER_MOST: Duration = Duration::from_secs(3600);

/// The binding of our Contact to the account's address of record.
pub(crate) struct Registration {
    account: AccountId,
    /// One Call-ID and rising numbers for the life of the phone (RFC 3261 §10.2).
    call_id: String,
    seq: u32,
    /// In seconds; raised by 423.
    expires: u32,
    wanted: bool,
    failures: u32,
    state: State,
}

enum State {
    Off,
    /// REGISTER is on its way. `removes`: it ends the binding.
    Sent {
        id: RequestId,
        removes: bool,
    },
    On {
        flow: Flow,
        refresh_at: Instant,
        ping_at: Instant,
    },
    Failed {
        retry_at: Instant,
    },
}

impl Registration {
    pub(crate) fn new(endpoint: &mut Endpoint, account: AccountId, expires: Duration) -> Self {
        Registration {
            account,
            call_id: endpoint.random.call_id(),
            seq: 0,
            expires: u32::try_from(expires.as_secs()).unwrap_or(u32::MAX).max(1),
            wanted: false,
            failures: 0,
            state: State::Off,
        }
    }

    /// Registers now.
    pub(crate) fn start(&mut self, now: Instant, endpoint: &mut Endpoint) {
        self.wanted = true;
        self.failures = 0;
        if !matches!(self.state, State::Sent { .. }) {
            self.send(now, endpoint, false);
        }
        self.arm(endpoint);
    }

    /// Ends the binding.
    pub(crate) fn stop(&mut self, now: Instant, endpoint: &mut Endpoint) {
        self.wanted = false;
        match self.state {
            State::On { .. } => self.send(now, endpoint, true),
            // The binding may come to be: it is ended when the answer is there.
            State::Sent { .. } => {}
            State::Off | State::Failed { .. } => {
                self.state = State::Off;
                self.tell(
                    endpoint,
                    RegistrationState::Unregistered,
                    None,
                    String::new(),
                );
            }
        }
        self.arm(endpoint);
    }

    pub(crate) fn handle_response(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        id: RequestId,
        response: &Response,
        flow: Flow,
    ) {
        let State::Sent { id: sent, removes } = self.state else {
            return;
        };
        if sent != id || response.status < 200 {
            return;
        }
        self.seq = self.seq.max(response.cseq.seq);
        match response.status {
            _ if removes => self.removed(now, endpoint, Some(response)),
            200..300 if !self.wanted => self.send(now, endpoint, true),
            _ if !self.wanted => self.removed(now, endpoint, Some(response)),
            200..300 => self.registered(now, endpoint, response, flow),
            423 if self.raise_expires(response) => self.send(now, endpoint, false),
            _ => self.failed(now, endpoint, Some(response)),
        }
        self.arm(endpoint);
    }

    pub(crate) fn handle_failure(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        id: RequestId,
        _failure: Failure,
    ) {
        let State::Sent { id: sent, removes } = self.state else {
            return;
        };
        if sent != id {
            return;
        }
        match removes || !self.wanted {
            true => self.removed(now, endpoint, None),
            false => self.failed(now, endpoint, None),
        }
        self.arm(endpoint);
    }

    pub(crate) fn note_seq(&mut self, seq: u32) {
        self.seq = self.seq.max(seq);
    }

    /// The connection that calls would come over is gone.
    pub(crate) fn handle_closed(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        remote: std::net::SocketAddr,
    ) {
        if let State::On { flow, .. } = &self.state
            && flow.transport.is_reliable()
            && flow.remote == remote
        {
            self.send(now, endpoint, false);
            self.arm(endpoint);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        match &mut self.state {
            State::On { refresh_at, .. } if *refresh_at <= now => self.send(now, endpoint, false),
            State::On { flow, ping_at, .. } if *ping_at <= now => {
                let flow = *flow;
                let most = endpoint.config.keepalive;
                *ping_at = now + endpoint.random.between(most * 4 / 5, most);
                endpoint.ping(now, &flow);
            }
            State::Failed { retry_at } if *retry_at <= now => self.send(now, endpoint, false),
            _ => {}
        }
        self.arm(endpoint);
    }

    fn registered(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        response: &Response,
        flow: Flow,
    ) {
        self.failures = 0;
        if learn_address(endpoint, self.account, response, flow) {
            // The binding just made leads nowhere: the NAT showed another address.
            return self.send(now, endpoint, false);
        }
        let granted = self.granted(endpoint, response, flow);
        let most = endpoint.config.keepalive;
        self.state = State::On {
            flow,
            refresh_at: now + refresh_after(granted),
            ping_at: now + endpoint.random.between(most * 4 / 5, most),
        };
        let state = RegistrationState::Registered { expires: granted };
        self.tell(
            endpoint,
            state,
            Some(response.status),
            response.reason.clone(),
        );
    }

    /// How long the binding lives: by our Contact in the response, its Expires, or our wish
    /// (RFC 3261 §10.2.4).
    fn granted(&self, endpoint: &Endpoint, response: &Response, flow: Flow) -> Duration {
        let ours: Uri = endpoint.contact(Some(self.account), "", &flow).into();
        let is_ours = |contact: &NameAddr| {
            contact.uri.user() == ours.user()
                && contact.uri.host() == ours.host()
                && contact.uri.port() == ours.port()
        };
        let contact = response.headers.contacts().into_iter().find(is_ours);
        let of_contact = contact.and_then(|contact| {
            contact
                .params
                .get("expires")
                .and_then(|text| text.parse().ok())
        });
        let seconds = of_contact
            .or(response.headers.number("Expires"))
            .unwrap_or(self.expires);
        Duration::from_secs(u64::from(seconds.max(1)))
    }

    fn raise_expires(&mut self, response: &Response) -> bool {
        match response.headers.number("Min-Expires") {
            Some(least) if least > self.expires => {
                self.expires = least;
                true
            }
            _ => false,
        }
    }

    /// RFC 5626 §4.5: twice the wait for each failure, and some jitter, so that not all phones
    /// of an office come back at the same moment.
    fn failed(&mut self, now: Instant, endpoint: &mut Endpoint, response: Option<&Response>) {
        let most = (RETRY_BASE * 2u32.pow(self.failures.min(6))).min(RETRY_MOST);
        self.failures += 1;
        let asked = response
            .and_then(|response| response.headers.number("Retry-After"))
            .map(|seconds| Duration::from_secs(u64::from(seconds)).min(RETRY_AFTER_MOST));
        let wait = match asked {
            Some(asked) => asked + endpoint.random.between(Duration::ZERO, asked / 10),
            None => endpoint.random.between(most / 2, most),
        };
        self.state = State::Failed {
            retry_at: now + wait,
        };
        let state = RegistrationState::Failed {
            retry_in: Some(wait),
        };
        let (status, reason) = summary(response);
        self.tell(endpoint, state, status, reason);
    }

    fn removed(&mut self, now: Instant, endpoint: &mut Endpoint, response: Option<&Response>) {
        if self.wanted {
            // Wanted again in the meantime.
            return self.send(now, endpoint, false);
        }
        self.state = State::Off;
        let (status, reason) = summary(response);
        self.tell(endpoint, RegistrationState::Unregistered, status, reason);
    }

    fn send(&mut self, now: Instant, endpoint: &mut Endpoint, removes: bool) {
        let Some(line) = endpoint.line(self.account) else {
            return;
        };
        let expires = if removes { 0 } else { self.expires };
        let address = line.address();
        let route = line.config.outbound_proxy.clone();
        let mut uri = line.config.registrar.clone();
        if let Some(sip) = uri.as_sip_mut() {
            sip.set_user(None);
        }
        self.seq += 1;
        let mut from = address.clone();
        from.set_tag(&endpoint.random.tag());
        let call_id = self.call_id.clone();
        let mut request = new_request(
            Method::Register,
            uri,
            from,
            NameAddr {
                display: None,
                ..address
            },
            call_id,
            self.seq,
        );
        push_route(&mut request.headers, route);
        request.headers.push("Expires", expires.to_string());
        let owner = Owner::Account(self.account);
        let account = Some(self.account);
        let contact = ContactForm::Binding(expires);
        // A refresh, or the same attempt again, is no news for the user.
        let is_news = !matches!(
            self.state,
            State::On { .. } | State::Sent { removes: false, .. }
        );
        let id = endpoint.send(
            now,
            Outgoing {
                request,
                owner,
                account,
                contact,
                offer: None,
            },
        );
        self.state = State::Sent { id, removes };
        if is_news && !removes {
            self.tell(
                endpoint,
                RegistrationState::Registering,
                None,
                String::new(),
            );
        }
    }

    fn tell(
        &self,
        endpoint: &mut Endpoint,
        state: RegistrationState,
        status: Option<u16>,
        reason: String,
    ) {
        endpoint.emit(Event::Registration {
            account: self.account,
            state,
            status,
            reason,
        });
    }

    fn arm(&self, endpoint: &mut Endpoint) {
        let at = match &self.state {
            State::On {
                refresh_at,
                ping_at,
                ..
            } => Some(*refresh_at.min(ping_at)),
            State::Failed { retry_at } => Some(*retry_at),
            State::Off | State::Sent { .. } => None,
        };
        endpoint.set_timer(Timer::Account(self.account), at);
    }
}

/// The outbound proxy in front of all other routes; it is a loose router, said or not.
pub(crate) fn push_route(headers: &mut Headers, proxy: Option<Uri>) {
    if let Some(mut proxy) = proxy {
        if let Some(sip) = proxy.as_sip_mut() {
            sip.params.set("lr", None);
        }
        headers.push("Route", NameAddr::new(proxy).to_string());
    }
}

/// RFC 3581: notes the address the registrar sees us under. True: it is new.
fn learn_address(
    endpoint: &mut Endpoint,
    account: AccountId,
    response: &Response,
    flow: Flow,
) -> bool {
    if flow.transport != Transport::Udp {
        return false;
    }
    let via = &response.top_via;
    let (Some(ip), Some(port)) = (via.received(), via.rport()) else {
        return false;
    };
    let seen = std::net::SocketAddr::new(ip, port);
    let public = (seen != flow.local).then_some((flow.local, seen));
    match endpoint.line_mut(account) {
        Some(line) if line.public != public => {
            line.public = public;
            true
        }
        _ => false,
    }
}

/// A tenth of the time is left for a registrar that is slow, half of it when it is short.
fn refresh_after(granted: Duration) -> Duration {
    match granted.as_secs() {
        60.. => granted - (granted / 10).max(Duration::from_secs(10)),
        _ => granted / 2,
    }
}

fn summary(response: Option<&Response>) -> (Option<u16>, String) {
    match response {
        Some(response) => (Some(response.status), response.reason.clone()),
        None => (None, "No answer".to_owned()),
    }
}
