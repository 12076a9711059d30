//! Requests that came in, their responses, and the way those go (RFC 3261 §17.2, §18.2).

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::endpoint::{Endpoint, Timer};
use super::network::{Flow, Route};
use super::past::{Answer, Past, PastRequest};
use super::{ConnectionId, TlsIdentity};
use crate::call::LEAST_SESSION;
use crate::message::{Host, Method, PartialRequest, Request, Response, Via};
use crate::resolve::{Target, default_port};
use crate::transaction::{Expiry, Server, ServerInvite, ServerReaction};

/// A server transaction: a keyed digest of what identifies it (RFC 3261 §17.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ServerId(u64);

/// What became of a request that came in.
pub(super) enum Received {
    /// A new one, to be answered.
    New(ServerId, Arc<Request>),
    /// An ACK that no transaction wanted: one for a 2xx.
    Ack(Box<Request>),
    /// A retransmission, or one the transaction layer has answered.
    Handled,
}

#[derive(Debug)]
enum Machine {
    Invite(ServerInvite),
    Other(Server),
}

impl Machine {
    fn deadline(&self) -> Option<Instant> {
        match self {
            Machine::Invite(machine) => machine.deadline(),
            Machine::Other(machine) => machine.deadline(),
        }
    }

    fn is_terminated(&self) -> bool {
        match self {
            Machine::Invite(machine) => machine.is_terminated(),
            Machine::Other(machine) => machine.is_terminated(),
        }
    }

    /// Nothing is left to do but to answer repetitions.
    fn is_answered(&self) -> bool {
        match self {
            // A refusal waits for its ACK, and a 2xx for whoever sent it.
            Machine::Invite(_) => false,
            Machine::Other(machine) => machine.is_completed(),
        }
    }
}

#[derive(Debug)]
struct ServerTransaction {
    machine: Machine,
    /// Kept until the final response is built from it.
    request: Option<Arc<Request>>,
    to_tag: String,
    flow: Flow,
    /// Where a response goes when the request's connection is gone.
    fallback: SocketAddr,
    /// The new connection the last response waits for.
    waiting: Option<ConnectionId>,
    last: Vec<u8>,
    merge_key: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Servers {
    secret: u64,
    transactions: BTreeMap<ServerId, ServerTransaction>,
    past: Past,
    /// Requests without a To tag by From tag, Call-ID and CSeq (RFC 3261 §8.2.2.2).
    merging: HashMap<u64, ServerId>,
}

impl Servers {
    pub(super) fn new(secret: u64) -> Self {
        Servers {
            secret,
            transactions: BTreeMap::new(),
            past: Past::default(),
            merging: HashMap::new(),
        }
    }

    /// Those that are kept for repetitions alone included.
    pub(super) fn len(&self) -> usize {
        self.transactions.len() + self.past.len()
    }

    fn digest(&self, content: impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.secret.hash(&mut hasher);
        content.hash(&mut hasher);
        hasher.finish()
    }

    /// The transaction a request belongs to when taken for a `method`: an ACK and a CANCEL look
    /// for their INVITE. Call-ID and CSeq are the same in all of them; they keep apart what
    /// carelessly made branches throw together. Without a branch of RFC 3261, the rules of
    /// RFC 2543 hold; the To tag is left out, since a request within a dialog has a CSeq of its
    /// own anyway.
    fn id(&self, request: &Request, method: &Method) -> ServerId {
        let via = &request.top_via;
        let host = via.host.to_string().to_ascii_lowercase();
        let sent_by = (host, via.port);
        let call = (&request.call_id, request.cseq.seq, method);
        ServerId(match via.unique_branch() {
            Some(branch) => self.digest((branch, sent_by, call)),
            None => self.digest((
                (request.uri.to_string(), request.from.tag()),
                (sent_by, via.branch(), call),
            )),
        })
    }

    fn merge_key(&self, request: &Request) -> Option<u64> {
        if request.to.tag().is_some() {
            return None;
        }
        let from = request.from.tag();
        Some(self.digest((from, &request.call_id, request.cseq.seq, &request.method)))
    }
}

impl Endpoint {
    /// Sorts a request into its transaction, or begins one.
    pub(super) fn receive_request(
        &mut self,
        now: Instant,
        flow: Flow,
        mut request: Request,
    ) -> Received {
        mark_source(&mut request.top_via, flow.remote);
        let transaction_method = match request.method {
            Method::Ack => Method::Invite,
            ref method => method.clone(),
        };
        let id = self.servers.id(&request, &transaction_method);
        if self.servers.transactions.contains_key(&id) {
            return self.receive_again(now, id, request);
        }
        if request.method == Method::Ack {
            return Received::Ack(Box::new(request));
        }
        if self.answer_again(now, id) {
            return Received::Handled;
        }
        let back = response_flow(&flow, &request.top_via);
        if self.servers.transactions.len() >= self.config.max_transactions {
            let mut response = Response::new(&request, 503);
            response.to.set_tag(&self.random.tag());
            response.headers.push("Retry-After", "10");
            let bytes = response.to_bytes();
            self.network.send(now, &back, bytes, &mut self.outputs);
            return Received::Handled;
        }
        let merge_key = self.servers.merge_key(&request);
        let is_merged = merge_key.is_some_and(|key| self.servers.merging.contains_key(&key));
        let timers = self.config.timers;
        let reliable = flow.transport.is_reliable();
        let machine = match request.method {
            Method::Invite => Machine::Invite(ServerInvite::new(now, timers, reliable)),
            _ => Machine::Other(Server::new(now, timers, reliable)),
        };
        let request = Arc::new(request);
        let transaction = ServerTransaction {
            machine,
            to_tag: self.random.tag(),
            flow: back,
            fallback: sent_by_address(&flow, &request.top_via),
            waiting: None,
            last: Vec::new(),
            merge_key: merge_key.filter(|_| !is_merged),
            request: Some(request.clone()),
        };
        if let Some(key) = transaction.merge_key {
            self.servers.merging.insert(key, id);
        }
        self.set_timer(Timer::Server(id), transaction.machine.deadline());
        self.servers.transactions.insert(id, transaction);
        if is_merged {
            self.reply(now, id, 482);
            return Received::Handled;
        }
        Received::New(id, request)
    }

    fn receive_again(&mut self, now: Instant, id: ServerId, request: Request) -> Received {
        let Some(transaction) = self.servers.transactions.get_mut(&id) else {
            return Received::Handled;
        };
        let reaction = match (&mut transaction.machine, &request.method) {
            (Machine::Invite(machine), Method::Ack) => machine.handle_ack(now),
            (Machine::Invite(machine), _) => machine.handle_invite(),
            (Machine::Other(machine), _) => machine.handle_request(),
        };
        match reaction {
            ServerReaction::Retransmit => self.resend(now, id),
            ServerReaction::Deliver => return Received::Ack(Box::new(request)),
            ServerReaction::Absorb => self.settle_server(id),
        }
        Received::Handled
    }

    /// The request was answered for good before. Its answer goes out again, where it has one.
    fn answer_again(&mut self, now: Instant, id: ServerId) -> bool {
        let Some(past) = self.servers.past.get(id) else {
            return false;
        };
        if let Some(answer) = &past.answer {
            let bytes = answer.bytes.to_vec();
            self.network
                .send(now, &answer.flow, bytes, &mut self.outputs);
        }
        true
    }

    /// The INVITE a CANCEL means, if it still waits for its final response (RFC 3261 §9.2).
    /// None: no such INVITE.
    pub(super) fn cancelled_invite(&self, cancel: &Request) -> Option<ServerId> {
        let id = self.servers.id(cancel, &Method::Invite);
        let known = self.servers.transactions.contains_key(&id);
        (known || self.servers.past.get(id).is_some()).then_some(id)
    }

    /// The tag this transaction's responses carry in To.
    pub(crate) fn to_tag(&self, id: ServerId) -> String {
        let transaction = self.servers.transactions.get(&id);
        let past = || {
            self.servers
                .past
                .get(id)
                .map(|past| past.to_tag.to_string())
        };
        transaction
            .map(|transaction| transaction.to_tag.clone())
            .or_else(past)
            .unwrap_or_default()
    }

    /// The flow the responses go out on.
    pub(crate) fn response_flow(&self, id: ServerId) -> Option<Flow> {
        self.servers
            .transactions
            .get(&id)
            .map(|transaction| transaction.flow)
    }

    /// A response to be filled and sent; none when the final one has gone out already.
    pub(crate) fn response(&self, id: ServerId, status: u16) -> Option<Response> {
        let transaction = self.servers.transactions.get(&id)?;
        let mut response = Response::new(transaction.request.as_ref()?, status);
        // 100 is hop by hop and makes no dialog (RFC 3261 §8.2.6.2).
        if status > 100 && response.to.tag().is_none() {
            response.to.set_tag(&transaction.to_tag);
        }
        if status >= 200 {
            response
                .headers
                .push("Server", self.config.product.as_str());
        }
        Some(response)
    }

    /// Sends a response with nothing but the mandatory headers.
    pub(crate) fn reply(&mut self, now: Instant, id: ServerId, status: u16) {
        self.reply_with(now, id, status, &[]);
    }

    /// 500, since an offer or an INVITE is still open (RFC 3261 §14.2, RFC 3311 §5.2).
    pub(crate) fn reply_later(&mut self, now: Instant, id: ServerId) {
        let wait = self.random.number() % 10 + 1;
        self.reply_with(now, id, 500, &[("Retry-After", &wait.to_string())]);
    }

    /// 422: the session would need refreshing too often (RFC 4028 §9).
    pub(crate) fn refuse_short_session(&mut self, now: Instant, id: ServerId) {
        let least = LEAST_SESSION.to_string();
        self.reply_with(now, id, 422, &[("Min-SE", &least)]);
    }

    /// Sends a response with some headers.
    pub(crate) fn reply_with(
        &mut self,
        now: Instant,
        id: ServerId,
        status: u16,
        headers: &[(&str, &str)],
    ) {
        let Some(mut response) = self.response(id, status) else {
            return;
        };
        for (name, value) in headers {
            response.headers.push(name, *value);
        }
        self.respond(now, id, response);
    }

    /// Sends a response made with [`Endpoint::response`].
    pub(crate) fn respond(&mut self, now: Instant, id: ServerId, response: Response) {
        let Some(transaction) = self.servers.transactions.get_mut(&id) else {
            return;
        };
        let allowed = match &mut transaction.machine {
            Machine::Invite(machine) => machine.handle_send(now, response.status),
            Machine::Other(machine) => machine.handle_send(now, response.status),
        };
        if !allowed {
            return;
        }
        if response.status >= 200 {
            transaction.request = None;
        }
        transaction.last = response.to_bytes();
        self.resend(now, id);
    }

    /// Sends the last response again.
    pub(crate) fn resend(&mut self, now: Instant, id: ServerId) {
        let Some(transaction) = self.servers.transactions.get_mut(&id) else {
            return;
        };
        let bytes = transaction.last.clone();
        if !bytes.is_empty()
            && !self
                .network
                .send(now, &transaction.flow, bytes, &mut self.outputs)
        {
            self.send_elsewhere(now, id);
        }
        self.settle_server(id);
    }

    /// The request's connection is gone: a new one to the Via's sent-by (RFC 3261 §18.2.2).
    fn send_elsewhere(&mut self, now: Instant, id: ServerId) {
        let Some(transaction) = self.servers.transactions.get_mut(&id) else {
            return;
        };
        let (transport, address) = (transaction.flow.transport, transaction.fallback);
        let target = Target { transport, address };
        // Over TLS, a connection that was checked already, or one to the very address.
        let identity = TlsIdentity {
            host: address.ip().to_string(),
            trust: None,
        };
        match self
            .network
            .route(now, &target, (&identity, None), &mut self.outputs)
        {
            Route::Ready(flow) => {
                let bytes = transaction.last.clone();
                transaction.flow = flow;
                self.network.send(now, &flow, bytes, &mut self.outputs);
            }
            Route::Connecting(connection) => {
                transaction.waiting = Some(connection);
                self.watch_connection(connection);
            }
            Route::UnknownSource | Route::None => {}
        }
    }

    /// Responses that waited for this connection go out.
    pub(super) fn flush_responses(&mut self, now: Instant, connection: ConnectionId) {
        let Some(flow) = self.network.flow_of(connection) else {
            return;
        };
        for transaction in self.servers.transactions.values_mut() {
            if transaction.waiting == Some(connection) {
                transaction.waiting = None;
                transaction.flow = flow;
                let bytes = transaction.last.clone();
                self.network.send(now, &flow, bytes, &mut self.outputs);
            }
        }
    }

    pub(super) fn server_timeout(&mut self, now: Instant, id: ServerId) {
        let Some(transaction) = self.servers.transactions.get_mut(&id) else {
            return;
        };
        let expiry = match &mut transaction.machine {
            Machine::Invite(machine) => machine.handle_timeout(now),
            Machine::Other(machine) => machine.handle_timeout(now),
        };
        match expiry {
            Expiry::Trying => self.reply(now, id, 100),
            Expiry::Retransmit => self.resend(now, id),
            Expiry::Nothing | Expiry::TimedOut => self.settle_server(id),
        }
    }

    /// Arms the next timer, or forgets what has terminated.
    fn settle_server(&mut self, id: ServerId) {
        let Some(transaction) = self.servers.transactions.get(&id) else {
            return;
        };
        let deadline = transaction.machine.deadline();
        let (waits, answered) = (
            transaction.waiting.is_some(),
            transaction.machine.is_answered(),
        );
        if transaction.machine.is_terminated() && !waits {
            self.forget_merging(transaction.merge_key);
            self.servers.transactions.remove(&id);
        }
        self.set_timer(Timer::Server(id), deadline);
        if answered && !waits {
            self.make_past(id, true);
        }
    }

    /// The 2xx to this INVITE was acknowledged: a repeated INVITE is absorbed, nothing more.
    pub(crate) fn acknowledged(&mut self, id: ServerId) {
        self.make_past(id, false);
    }

    /// Keeps no more of a transaction than its repetitions need. Where there is no room it stays
    /// as it is, and is counted among those at hand.
    fn make_past(&mut self, id: ServerId, answers: bool) {
        let Some(transaction) = self.servers.transactions.get(&id) else {
            return;
        };
        let octets = transaction.last.len() * usize::from(answers);
        let until = transaction.machine.deadline();
        let most = self.config.max_past_octets;
        let (Some(until), true) = (until, self.servers.past.has_room(octets, most)) else {
            return;
        };
        let Some(transaction) = self.servers.transactions.remove(&id) else {
            return;
        };
        let answer = Answer {
            flow: transaction.flow,
            bytes: transaction.last.into(),
        };
        let past = PastRequest {
            to_tag: transaction.to_tag.into(),
            merge_key: transaction.merge_key,
            answer: answers.then(|| Box::new(answer)),
        };
        self.servers.past.keep(id, until, past);
        self.set_timer(Timer::Server(id), None);
        self.set_timer(Timer::Past, self.servers.past.deadline());
    }

    /// Forgets the requests that nobody repeats any more.
    pub(super) fn forget_past(&mut self, now: Instant) {
        while let Some(past) = self.servers.past.pop_due(now) {
            self.forget_merging(past.merge_key);
        }
        self.set_timer(Timer::Past, self.servers.past.deadline());
    }

    fn forget_merging(&mut self, key: Option<u64>) {
        if let Some(key) = key {
            self.servers.merging.remove(&key);
        }
    }

    /// Answers what could not be read as a whole, without state.
    pub(super) fn refuse_unreadable(
        &mut self,
        now: Instant,
        flow: &Flow,
        request: &PartialRequest,
        (status, reason): (u16, &str),
    ) {
        let mut request = request.clone();
        mark_source(&mut request.top_via, flow.remote);
        let back = response_flow(flow, &request.top_via);
        let bytes = request.response(status, reason, &self.random.tag());
        self.network.send(now, &back, bytes, &mut self.outputs);
    }
}

/// RFC 3261 §18.2.1 and RFC 3581 §4: says in the Via where the request really came from.
fn mark_source(via: &mut Via, source: SocketAddr) {
    let wants_port = via.params.has("rport");
    // Whatever the sender itself put there is no evidence.
    via.params.remove("received");
    if wants_port {
        via.params.set("rport", Some(&source.port().to_string()));
    }
    if wants_port || via.host.ip() != Some(source.ip()) {
        via.params.set("received", Some(&source.ip().to_string()));
    }
}

/// RFC 3261 §18.2.2: back over the connection; over UDP to the source's address, and to its port
/// if the sender asked for that (RFC 3581), else to the port in the Via.
fn response_flow(flow: &Flow, via: &Via) -> Flow {
    if flow.transport.is_reliable() {
        return *flow;
    }
    Flow {
        remote: sent_by_address(flow, via),
        ..*flow
    }
}

fn sent_by_address(flow: &Flow, via: &Via) -> SocketAddr {
    let default = default_port(flow.transport);
    let port = match via.rport() {
        Some(port) if !flow.transport.is_reliable() => port,
        _ => via.port.filter(|port| *port != 0).unwrap_or(default),
    };
    match (&via.host, flow.transport.is_reliable()) {
        (Host::Ip4(_) | Host::Ip6(_), true) if via.received().is_none() => {
            SocketAddr::new(via.host.ip().unwrap_or(flow.remote.ip()), port)
        }
        _ => SocketAddr::new(flow.remote.ip(), port),
    }
}
