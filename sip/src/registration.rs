//! One account's registration (RFC 3261 §10.2), kept alive and kept reachable (RFC 5626).

use std::time::{Duration, Instant};

use crate::dialog::new_request;
use crate::message::{Method, NameAddr, Response, SipUri, Uri};
use crate::refresh::{raise_expires, refresh_after};
use crate::resolve::{is_tls, plain_name};
use crate::user_agent::{
    AccountId, ConnectionId, ContactForm, Endpoint, Event, Flow, Notice, Outgoing, Owner,
    RegistrationState, RequestId, Timer, Transport, loose_route,
};

/// RFC 5626 §4.5: the first wait after a failure, and the longest.
const RETRY_BASE: Duration = Duration::from_secs(30);
const RETRY_MOST: Duration = Duration::from_secs(1800);
/// Requests that a registrar may send elsewhere in a row.
const MAX_MOVES: u8 = 3;
/// Service-Routes of one account.
const MAX_ROUTES: usize = 8;
/// What we understand of a registration (RFC 3327, RFC 5626, RFC 5627).
const SUPPORTED: &str = "path, outbound";
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
    moves: u8,
    /// The registrar does not answer OPTIONS.
    is_deaf: bool,
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
        /// How often the flow is kept open at most.
        ping_most: Duration,
        /// The registrar has asked for pings, and therefore answers them (RFC 5626 §4.4).
        is_watched: bool,
        /// Our question whether the NAT still shows us where it did.
        probe: Option<RequestId>,
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
            moves: 0,
            is_deaf: false,
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
        if self.is_probe(id) {
            return self.probed(now, endpoint, response);
        }
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
            423 if raise_expires(&mut self.expires, response) => self.send(now, endpoint, false),
            439 if self.drop_outbound(endpoint) => self.send(now, endpoint, false),
            300..400 if self.follow(endpoint, response) => self.send(now, endpoint, false),
            _ => self.failed(now, endpoint, Ok(response)),
        }
        self.arm(endpoint);
    }

    pub(crate) fn handle_failure(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        id: RequestId,
        trouble: Option<String>,
    ) {
        if self.is_probe(id) {
            // The server is gone, or never answers this: registering tells.
            self.is_deaf = true;
            self.send(now, endpoint, false);
            return self.arm(endpoint);
        }
        let State::Sent { id: sent, removes } = self.state else {
            return;
        };
        if sent != id {
            return;
        }
        match removes || !self.wanted {
            true => self.removed(now, endpoint, None),
            false => self.failed(now, endpoint, Err(trouble)),
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
        connection: ConnectionId,
    ) {
        if matches!(&self.state, State::On { flow, .. } if flow.connection == Some(connection)) {
            self.send(now, endpoint, false);
            self.arm(endpoint);
        }
    }

    /// Our addresses have changed. Where the registration's flow has lost its own, or nothing was
    /// registered so far, it is worth trying at once.
    pub(crate) fn handle_addresses(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        is_gone: impl Fn(&Flow) -> bool,
    ) {
        let again = match &self.state {
            State::On { flow, .. } => is_gone(flow),
            State::Failed { .. } => self.wanted,
            State::Sent { .. } | State::Off => false,
        };
        if again {
            self.send(now, endpoint, false);
            self.arm(endpoint);
        }
    }

    /// The flow that it stands on.
    pub(crate) fn flow(&self) -> Option<&Flow> {
        match &self.state {
            State::On { flow, .. } => Some(flow),
            _ => None,
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        match &mut self.state {
            State::On { refresh_at, .. } if *refresh_at <= now => self.send(now, endpoint, false),
            State::On {
                flow,
                ping_at,
                ping_most,
                is_watched,
                probe,
                ..
            } if *ping_at <= now => {
                let (flow, most, is_watched) = (*flow, *ping_most, *is_watched);
                let is_asked = probe.is_some();
                *ping_at = now + endpoint.random.between(most * 4 / 5, most);
                match self.is_behind_nat(endpoint, &flow) {
                    // Its repetitions keep the flow open meanwhile.
                    true if is_asked => {}
                    true => self.probe(now, endpoint),
                    false => endpoint.ping(now, &flow, is_watched),
                }
            }
            State::Failed { retry_at } if *retry_at <= now => self.send(now, endpoint, false),
            _ => {}
        }
        self.arm(endpoint);
    }

    fn is_probe(&self, id: RequestId) -> bool {
        matches!(self.state, State::On { probe, .. } if probe == Some(id))
    }

    /// Whether a NAT stands between, which may forget us and show us elsewhere at any time.
    fn is_behind_nat(&self, endpoint: &Endpoint, flow: &Flow) -> bool {
        let line = endpoint.line(self.account);
        let is_hidden = line.is_some_and(|line| line.public.is_some());
        is_hidden && flow.transport == Transport::Udp && !self.is_deaf
    }

    /// Asks the registrar where it sees us: its answer keeps the flow open, too.
    fn probe(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let Some(line) = endpoint.line(self.account) else {
            return;
        };
        let (uri, address) = (line.registrar().clone(), line.address());
        let mut from = address.clone();
        from.set_tag(&endpoint.random.tag());
        let call_id = endpoint.random.call_id();
        let request = new_request(Method::Options, uri, from, address, call_id, 1);
        let outgoing = Outgoing {
            request,
            owner: Owner::Account(self.account),
            account: Some(self.account),
            contact: ContactForm::None,
            offer: None,
        };
        let id = endpoint.send(now, outgoing);
        if let State::On { probe, .. } = &mut self.state {
            *probe = Some(id);
        }
    }

    fn probed(&mut self, now: Instant, endpoint: &mut Endpoint, response: &Response) {
        let State::On { flow, probe, .. } = &mut self.state else {
            return;
        };
        if response.status < 200 {
            return;
        }
        *probe = None;
        let flow = *flow;
        if learn_address(endpoint, self.account, response, flow) {
            self.send(now, endpoint, false);
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
        self.moves = 0;
        self.note_binding(endpoint, response, flow);
        let granted = self.granted(endpoint, response);
        let asked = response
            .headers
            .number("Flow-Timer")
            .filter(|_| flow.transport.is_reliable());
        let most = asked.map_or(endpoint.config.keepalive, |seconds| {
            Duration::from_secs(u64::from(seconds.max(1))).min(endpoint.config.keepalive)
        });
        self.state = State::On {
            flow,
            refresh_at: now + refresh_after(granted),
            ping_at: now + endpoint.random.between(most * 4 / 5, most),
            ping_most: most,
            is_watched: asked.is_some(),
            probe: None,
        };
        let state = RegistrationState::Registered { expires: granted };
        self.tell(
            endpoint,
            state,
            Some(response.status),
            response.reason.clone(),
        );
    }

    /// Keeps what the registrar says about how we are reached and how we reach others.
    fn note_binding(&self, endpoint: &mut Endpoint, response: &Response, flow: Flow) {
        let ours = self.our_contact(endpoint, response);
        let gruu = ours.as_ref().and_then(gruu);
        let Some(line) = endpoint.line_mut(self.account) else {
            return;
        };
        let mut routes = response.headers.addresses("Service-Route");
        routes.retain(|route| route.uri.as_sip().is_some());
        routes.truncate(MAX_ROUTES);
        line.binding.home = Some(flow.target());
        line.binding.service_routes = routes;
        line.binding.gruu = gruu.filter(|_| line.config.gruu);
        line.binding.is_outbound = response.headers.list_has("Require", "outbound");
    }

    /// Our own Contact among those that are registered: by the phone's name (RFC 5626 §4.1), or
    /// by the user part that only this phone has, whatever a NAT helper made of the rest.
    fn our_contact(&self, endpoint: &Endpoint, response: &Response) -> Option<NameAddr> {
        let line = endpoint.line(self.account)?;
        let instance = format!("\"<{}>\"", line.config.instance_id);
        let is_ours = |contact: &NameAddr| {
            let named = contact.params.get("+sip.instance");
            named.is_some_and(|name| name.eq_ignore_ascii_case(&instance))
                || contact.uri.user().as_deref() == Some(line.contact_user.as_str())
        };
        response.headers.contacts().into_iter().find(is_ours)
    }

    /// How long the binding lives: by our Contact in the response, its Expires, or our wish
    /// (RFC 3261 §10.2.4).
    fn granted(&self, endpoint: &Endpoint, response: &Response) -> Duration {
        let contact = self.our_contact(endpoint, response);
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

    /// RFC 5626 §11.6: a proxy on the way cannot keep a flow. False: that was said already.
    fn drop_outbound(&self, endpoint: &mut Endpoint) -> bool {
        let line = endpoint.line_mut(self.account);
        line.is_some_and(|line| !std::mem::replace(&mut line.binding.is_plain, true))
    }

    /// A registrar may send us to another server of its own domain, and nowhere else: our
    /// credentials go with us.
    fn follow(&mut self, endpoint: &mut Endpoint, response: &Response) -> bool {
        let Some(line) = endpoint.line_mut(self.account) else {
            return false;
        };
        let contact = response.headers.contacts().into_iter().next();
        let within = |uri: &Uri| is_within(uri, &line.config.registrar);
        let Some(moved) = contact.map(|contact| contact.uri).filter(within) else {
            return false;
        };
        let transport = line.config.transport;
        let is_weaker = is_tls(line.registrar(), transport) && !is_tls(&moved, transport);
        if is_weaker || self.moves >= MAX_MOVES {
            return false;
        }
        self.moves += 1;
        line.binding.moved = Some(moved);
        true
    }

    /// RFC 5626 §4.5: twice the wait for each failure, and some jitter, so that not all phones
    /// of an office come back at the same moment.
    fn failed(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        outcome: Result<&Response, Option<String>>,
    ) {
        let response = outcome.as_ref().ok().copied();
        self.moves = 0;
        if let Some(line) = endpoint.line_mut(self.account) {
            line.binding.home = None;
            line.binding.moved = None;
        }
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
        let trouble = outcome.err().flatten();
        self.tell(endpoint, state, status, trouble.unwrap_or(reason));
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
        let proxy = line.config.outbound_proxy.as_ref().map(loose_route);
        let wants_gruu = line.config.gruu;
        let mut uri = line.registrar().clone();
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
        if let Some(proxy) = proxy {
            request.headers.push("Route", proxy.to_string());
        }
        request.headers.push("Expires", expires.to_string());
        request.headers.push("Supported", SUPPORTED);
        if wants_gruu {
            request.headers.push("Supported", "gruu");
        }
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

/// The address in our Contact that leads to this phone from everywhere (RFC 5627 §5.1).
fn gruu(contact: &NameAddr) -> Option<SipUri> {
    let text = contact.params.get("pub-gruu")?;
    let uri = Uri::parse(text.trim_matches('"')).ok()?;
    uri.as_sip().cloned()
}

/// Whether a URI names the same host, or one of its domain.
fn is_within(uri: &Uri, domain: &Uri) -> bool {
    match (uri.as_sip(), domain.as_sip()) {
        (Some(uri), Some(domain)) if domain.host.ip().is_none() => {
            let (host, domain) = (plain_name(&uri.host), plain_name(&domain.host));
            host == domain || host.ends_with(&format!(".{domain}"))
        }
        (Some(uri), Some(domain)) => uri.host == domain.host,
        _ => false,
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
            let was_known = line.binding.home.is_some();
            line.public = public;
            if was_known {
                endpoint.notify(Notice::Moved { account });
            }
            true
        }
        _ => false,
    }
}

fn summary(response: Option<&Response>) -> (Option<u16>, String) {
    match response {
        Some(response) => (Some(response.status), response.reason.clone()),
        None => (None, "No answer".to_owned()),
    }
}
