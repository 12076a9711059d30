//! Where our requests go: names, targets, flows, and what the request says of its flow
//! (RFC 3261 §8.1.2, RFC 3263 §4).

use std::sync::Arc;
use std::time::Instant;

use super::{
    ClientTransaction, ContactForm, Machine, Outgoing, Phase, RequestId, Sent, branch_text,
};
use crate::dialog::next_hop;
use crate::message::{Method, NameAddr, Names, Request, SipUri, Uri, Via};
use crate::resolve::{Answer, Destination, Place, ResolveError, Target, destination, plain_name};
use crate::sdp;
use crate::transaction::{Client, ClientInvite};
use crate::user_agent::endpoint::{Endpoint, Failure, Owner};
use crate::user_agent::line::{Line, UsedNonce};
use crate::user_agent::names::Found;
use crate::user_agent::network::{Flow, Route};
use crate::user_agent::{ConnectionId, QueryId, TlsIdentity, Transport};

/// What fits into the packets of a path that nobody has measured (RFC 3261 §18.1.1).
const PATH_SIZE: usize = 1300;
/// What credentials add to a request.
const CREDENTIALS_SIZE: usize = 360;

impl Endpoint {
    pub(super) fn find_targets(&mut self, now: Instant, id: RequestId) {
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return;
        };
        let line = transaction
            .outgoing
            .account
            .and_then(|account| self.lines.get(&account));
        let uri = first_hop(&transaction.outgoing.request, line);
        transaction.identity = identity(&uri, line);
        match destination(&uri, line.and_then(|line| line.config.transport)) {
            None => self.give_up(id, Failure::Unreachable),
            Some(Destination::Address(target)) => self.use_targets(now, id, vec![target]),
            Some(Destination::Name(place)) => self.look_up(now, id, place),
        }
    }

    fn look_up(&mut self, now: Instant, id: RequestId, place: Place) {
        match self
            .names
            .find(now, &place, &mut self.random, &mut self.outputs)
        {
            Found::Targets(targets) => self.use_targets(now, id, targets),
            Found::Refused => self.give_up(id, Failure::Unreachable),
            Found::Asked => {
                if let Some(transaction) = self.clients.transactions.get_mut(&id) {
                    transaction.phase = Phase::Resolving(place);
                }
            }
        }
    }

    /// The driver's answer to a question: those who wait for it go on.
    pub(in crate::user_agent) fn resolved(
        &mut self,
        now: Instant,
        query: QueryId,
        answer: Result<Answer, ResolveError>,
    ) {
        if !self.names.answered(now, query, answer) {
            return;
        }
        let waiting: Vec<_> = self
            .clients
            .transactions
            .iter()
            .filter_map(|(id, transaction)| match &transaction.phase {
                Phase::Resolving(place) => Some((*id, Some(place.clone()))),
                Phase::Locating => Some((*id, None)),
                _ => None,
            })
            .collect();
        for (id, place) in waiting {
            match place {
                Some(place) => self.look_up(now, id, place),
                None => self.try_next_target(now, id, Failure::Unreachable),
            }
        }
    }

    fn use_targets(&mut self, now: Instant, id: RequestId, mut targets: Vec<Target>) {
        self.names.prefer_healthy(now, &mut targets);
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return;
        };
        let Outgoing {
            account, request, ..
        } = &transaction.outgoing;
        let line = account.and_then(|account| self.lines.get(&account));
        // RFC 5626 §4.3: calls follow the registration; it alone tries whether a better server is
        // back.
        if let Some(home) = line.and_then(|line| line.binding.home)
            && request.method != Method::Register
        {
            targets.sort_by_key(|target| *target != home);
        }
        transaction.targets = targets.into();
        transaction.phase = Phase::Starting;
        self.try_next_target(now, id, Failure::Unreachable);
    }

    /// RFC 3263 §4.3: the next target, in a new transaction; without one it has failed.
    pub(super) fn try_next_target(&mut self, now: Instant, id: RequestId, failure: Failure) {
        self.forget_branch(id);
        while let Some(transaction) = self.clients.transactions.get_mut(&id) {
            let Some(target) = transaction.targets.pop_front() else {
                break;
            };
            let who = &transaction.identity;
            let outputs = &mut self.outputs;
            let mut route = self.network.route(now, &target, (who, None), outputs);
            if route == Route::UnknownSource {
                match self.names.source(now, target.address.ip(), outputs) {
                    Ok(None) => {
                        transaction.targets.push_front(target);
                        transaction.phase = Phase::Locating;
                        return;
                    }
                    Ok(source) => {
                        route = self.network.route(now, &target, (who, source), outputs);
                    }
                    // No address of ours leads there.
                    Err(_) => continue,
                }
            }
            match route {
                Route::Ready(flow) => {
                    if self.dispatch(now, id, flow) {
                        return;
                    }
                }
                Route::Connecting(connection) => {
                    transaction.phase = Phase::Connecting(connection, target);
                    self.watch_connection(connection);
                    return;
                }
                Route::UnknownSource | Route::None => {}
            }
        }
        self.give_up(id, failure);
    }

    /// Completes the request for its flow and sends it. False: the flow is gone.
    pub(super) fn dispatch(&mut self, now: Instant, id: RequestId, flow: Flow) -> bool {
        let Some(transaction) = self.clients.transactions.get(&id) else {
            return true;
        };
        let outgoing = transaction.outgoing.clone();
        let branch = self.random.number();
        let (request, nonces) = self.complete(outgoing, &flow, branch);
        let mut bytes = request.to_bytes();
        for names in [Names::Common, Names::Compact] {
            if flow.transport == Transport::Udp && bytes.len() > PATH_SIZE {
                bytes = request.to_brief_bytes(names);
            }
        }
        if self.prefers_stream(now, id, &flow, bytes.len()) {
            return false;
        }
        if !self
            .network
            .send(now, &flow, bytes.clone(), &mut self.outputs)
        {
            return false;
        }
        if let Owner::Ack(invite) = self.clients.transactions[&id].outgoing.owner {
            self.clients.transactions.remove(&id);
            let tag = request.to.tag().unwrap_or_default();
            self.keep_answer(invite, tag, (flow, bytes));
            return true;
        }
        let (timers, reliable) = (self.config.timers, flow.transport.is_reliable());
        let machine = match request.method {
            Method::Invite => Machine::Invite(ClientInvite::new(now, timers, reliable)),
            _ => Machine::Other(Client::new(now, timers, reliable)),
        };
        self.clients
            .branches
            .insert((branch, request.method == Method::Cancel), id);
        let request = Arc::new(request);
        let (ack, answers) = (Vec::new(), Vec::new());
        let sent = Sent {
            branch,
            flow,
            machine,
            request,
            bytes,
            ack,
            answers,
            nonces,
        };
        if let Some(transaction) = self.clients.transactions.get_mut(&id) {
            transaction.phase = Phase::Sent(Box::new(sent));
        }
        self.settle_client(id);
        true
    }

    /// RFC 3261 §18.1.1: a request that may not fit into the path's packets goes by TCP where
    /// nobody has asked for UDP, and by UDP after all where TCP is refused. Behind a NAT it stays
    /// on the flow that is open.
    fn prefers_stream(&mut self, now: Instant, id: RequestId, flow: &Flow, length: usize) -> bool {
        let stream = Target {
            transport: Transport::Tcp,
            address: flow.remote,
        };
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return false;
        };
        let Outgoing {
            account, request, ..
        } = &transaction.outgoing;
        let line = account.and_then(|account| self.lines.get(&account));
        let uri = first_hop(request, line);
        let is_asked_for = uri.has_param("transport")
            || line.is_some_and(|line| line.config.transport.is_some() || line.public.is_some());
        let fits = flow.transport != Transport::Udp || length <= PATH_SIZE;
        if fits
            || is_asked_for
            || transaction.is_large
            || request.method == Method::Ack
            || self.names.is_shunned(now, &stream)
        {
            return false;
        }
        transaction.is_large = true;
        transaction.targets.push_front(flow.target());
        transaction.targets.push_front(stream);
        true
    }

    /// Via, Contact, offer and credentials.
    pub(super) fn complete(
        &mut self,
        outgoing: Outgoing,
        flow: &Flow,
        branch: u64,
    ) -> (Request, Vec<UsedNonce>) {
        let Outgoing {
            mut request,
            account,
            contact,
            offer,
            ..
        } = outgoing;
        let (host, port) = self.network.sent_by(flow);
        let branch = branch_text(branch);
        request.top_via = Via::new(flow.transport.via_name(), host, Some(port), &branch);
        if contact != ContactForm::None {
            let mut uri = match contact {
                ContactForm::Binding(_) => {
                    let user = request.from.uri.user().unwrap_or_default();
                    self.binding(account, &user, flow)
                }
                _ => self.contact_as(account, &request.from, flow),
            };
            secure_like(&mut uri, &request);
            let line = account.and_then(|account| self.lines.get(&account));
            let contact = contact_header(uri.into(), contact, line);
            request.headers.push("Contact", contact.to_string());
        }
        request
            .headers
            .push("User-Agent", self.config.product.as_str());
        // RFC 3325 §9.2: who hides tells its own proxy who it is, and nobody else.
        if request.headers.has("Privacy")
            && let Some(account) = account
            && self.is_home(account, flow)
            && let Some(line) = self.lines.get(&account)
        {
            let address = line.address().to_string();
            request.headers.push("P-Preferred-Identity", address);
        }
        if let Some(mut media) = offer {
            if media.address.is_unspecified() {
                media.address = flow.local.ip();
            }
            if flow.transport != Transport::Tls {
                media.withhold_keys();
            }
            request.headers.push("Content-Type", "application/sdp");
            request.body = sdp::offer(&media);
            let room = PATH_SIZE - CREDENTIALS_SIZE;
            if flow.transport == Transport::Udp && request.to_bytes().len() > room {
                request.body = sdp::brief_offer(&media);
            }
        }
        let mut nonces = Vec::new();
        if request.method != Method::Ack
            && let Some(account) = account
            && self.may_authorize(account, &request, flow)
            && let Some(line) = self.lines.get_mut(&account)
        {
            nonces = line.authorize(&mut self.random, &mut request);
        }
        (request, nonces)
    }

    /// A connection stands: what waited for it goes out.
    pub(in crate::user_agent) fn flush_requests(&mut self, now: Instant, connection: ConnectionId) {
        let Some(flow) = self.network.flow_of(connection) else {
            return;
        };
        let waits =
            |t: &ClientTransaction| matches!(t.phase, Phase::Connecting(c, _) if c == connection);
        let waiting = self.clients.transactions.iter().filter(|(_, t)| waits(t));
        let waiting: Vec<_> = waiting.map(|(id, _)| *id).collect();
        for id in waiting {
            if !self.dispatch(now, id, flow) {
                self.try_next_target(now, id, Failure::Unreachable);
            }
        }
    }
}

/// Where a request goes first: its topmost Route. A request to the account's own domain goes to
/// its registrar, which is its proxy when no other is set.
fn first_hop(request: &Request, line: Option<&Line>) -> Uri {
    let uri = next_hop(request);
    let Some(line) = line else { return uri };
    let is_own = uri.host() == line.config.aor.host() && uri.port() == line.config.aor.port();
    if is_own && request.to.tag().is_none() && !request.headers.has("Route") {
        return line.registrar().clone();
    }
    uri
}

/// RFC 3261 §8.1.1.8: a request that goes by SIPS is answered by SIPS.
fn secure_like(contact: &mut SipUri, request: &Request) {
    let is_secure = |uri: &Uri| uri.scheme() == "sips";
    let first = request.headers.routes().into_iter().next();
    if is_secure(&request.uri) || first.is_some_and(|route| is_secure(&route.uri)) {
        contact.secure = true;
        contact.params.remove("transport");
    }
}

/// Whom a server that `uri` led to has to prove to be: the URI's own host, whatever DNS says of it
/// (RFC 5922 §4).
pub(in crate::user_agent) fn identity(uri: &Uri, line: Option<&Line>) -> TlsIdentity {
    let host = uri.host().map(plain_name).unwrap_or_default();
    let trust = line.and_then(|line| line.config.trust.clone());
    TlsIdentity { host, trust }
}

fn contact_header(uri: Uri, form: ContactForm, line: Option<&Line>) -> NameAddr {
    let mut contact = NameAddr::new(uri);
    if let ContactForm::Binding(expires) = form {
        let instance = line
            .map(|line| line.config.instance_id.as_str())
            .unwrap_or_default();
        if !instance.is_empty() {
            contact
                .params
                .set("+sip.instance", Some(&format!("\"<{instance}>\"")));
            // RFC 5626 §4.2: one flow of this phone.
            if line.is_some_and(|line| !line.binding.is_plain) {
                contact.params.set("reg-id", Some("1"));
            }
        }
        contact.params.set("expires", Some(&expires.to_string()));
    }
    contact
}

impl Transport {
    /// The name in a Via.
    fn via_name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        }
    }

    /// The `transport` parameter of a Contact; UDP is what goes without saying.
    pub(in crate::user_agent) fn uri_name(self) -> Option<&'static str> {
        match self {
            Transport::Udp => None,
            Transport::Tcp => Some("tcp"),
            Transport::Tls => Some("tls"),
        }
    }
}
