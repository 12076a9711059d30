//! Our own requests: where they go, their retransmissions, credentials, and responses
//! (RFC 3261 §8.1, §17.1, §22; RFC 3263 §4).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::endpoint::{Endpoint, Failure, Notice, Owner, Timer};
use super::line::{Line, UsedNonce};
use super::names::Answer;
use super::network::{Flow, Route};
use super::{AccountId, ConnectionId, QueryId, Transport};
use crate::dialog::{as_request_uri, new_request, next_hop};
use crate::message::{MAGIC_COOKIE, Method, NameAddr, Request, Response, Uri, Via};
use crate::resolve::{Destination, Question, ResolveError, Target, destination};
use crate::sdp::{self, LocalMedia};
use crate::transaction::{Client, ClientInvite, Expiry, InviteReaction, Reaction};

/// How often one request is sent again with fresh credentials.
const MAX_AUTHORIZATIONS: u8 = 3;
/// How many branches of a forked INVITE may answer with 2xx.
const MAX_ANSWERS: usize = 16;

/// A request of ours, through all its attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RequestId(u64);

/// A request to be sent: whole but for Via, Contact, credentials and, with `offer`, its body.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) request: Request,
    pub(crate) owner: Owner,
    pub(crate) account: Option<AccountId>,
    pub(crate) contact: ContactForm,
    /// Goes out as the body, with the address of the flow where it names none.
    pub(crate) offer: Option<LocalMedia>,
}

/// What Contact the request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContactForm {
    None,
    /// Where requests within the dialog reach us.
    Dialog,
    /// The binding to register, for so many seconds.
    Binding(u32),
}

/// What became of the wish to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancelled {
    /// The INVITE never left, or has its final response: nothing more comes.
    Over,
    /// A final response, or the failure, follows.
    Pending,
}

#[derive(Debug)]
struct ClientTransaction {
    outgoing: Outgoing,
    phase: Phase,
    targets: VecDeque<Target>,
    /// The domain that led to the targets.
    name: Option<String>,
    asked_source: bool,
    authorizations: u8,
    cancel: Cancel,
}

#[derive(Debug)]
enum Phase {
    Starting,
    Resolving(QueryId),
    Connecting(ConnectionId, Target),
    Sent(Box<Sent>),
}

#[derive(Debug)]
struct Sent {
    branch: u64,
    flow: Flow,
    machine: Machine,
    request: Arc<Request>,
    bytes: Vec<u8>,
    /// The ACK of a failure.
    ack: Vec<u8>,
    /// The ACKs of the 2xx that came, by To tag.
    answers: Vec<Answered>,
    /// The nonces the credentials in the request were made with.
    nonces: Vec<UsedNonce>,
}

/// A 2xx that came: its To tag, and the ACK once that is sent.
#[derive(Debug)]
struct Answered {
    tag: String,
    ack: Option<(Flow, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancel {
    No,
    /// As soon as a provisional response comes (RFC 3261 §9.1).
    Wanted,
    /// The INVITE is given up when no final response comes by then.
    Sent(Instant),
}

#[derive(Debug)]
enum Machine {
    Invite(ClientInvite),
    Other(Client),
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

    /// No final response came yet.
    fn is_pending(&self) -> bool {
        match self {
            Machine::Invite(machine) => machine.is_calling() || machine.is_proceeding(),
            Machine::Other(machine) => machine.is_pending(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Clients {
    transactions: BTreeMap<RequestId, ClientTransaction>,
    /// By branch and, since a CANCEL shares its INVITE's, whether it is a CANCEL.
    branches: HashMap<(u64, bool), RequestId>,
    last: u64,
}

impl Clients {
    pub(super) fn len(&self) -> usize {
        self.transactions.len()
    }
}

impl Endpoint {
    /// Sends a request as soon as it is known where to. Its responses arrive as notices.
    pub(crate) fn send(&mut self, now: Instant, outgoing: Outgoing) -> RequestId {
        let id = self.begin(outgoing);
        self.find_targets(now, id);
        id
    }

    fn begin(&mut self, outgoing: Outgoing) -> RequestId {
        self.clients.last += 1;
        let id = RequestId(self.clients.last);
        let transaction = ClientTransaction {
            outgoing,
            phase: Phase::Starting,
            targets: VecDeque::new(),
            name: None,
            asked_source: false,
            authorizations: 0,
            cancel: Cancel::No,
        };
        self.clients.transactions.insert(id, transaction);
        id
    }

    fn find_targets(&mut self, now: Instant, id: RequestId) {
        let Some(transaction) = self.clients.transactions.get(&id) else {
            return;
        };
        let line = transaction
            .outgoing
            .account
            .and_then(|account| self.lines.get(&account));
        let uri = first_hop(&transaction.outgoing.request, line);
        match destination(&uri, line.and_then(|line| line.config.transport)) {
            None => self.give_up(id, Failure::Unreachable),
            Some(Destination::Address(target)) => self.use_targets(now, id, None, &[target]),
            Some(Destination::Name(question)) => self.ask(now, id, question),
        }
    }

    fn ask(&mut self, now: Instant, id: RequestId, question: Question) {
        let name = question.host.clone();
        match self.names.ask(now, question, &mut self.outputs) {
            Answer::Known(targets) => self.use_targets(now, id, Some(name), &targets),
            Answer::Refused => self.give_up(id, Failure::Unreachable),
            Answer::Asked(query) => {
                if let Some(transaction) = self.clients.transactions.get_mut(&id) {
                    transaction.name = Some(name);
                    transaction.phase = Phase::Resolving(query);
                }
            }
        }
    }

    /// The driver's answer to a question.
    pub(super) fn resolved(
        &mut self,
        now: Instant,
        query: QueryId,
        result: Result<Vec<Target>, ResolveError>,
    ) {
        let targets = result.unwrap_or_default();
        if !self.names.answered(now, query, &targets) {
            return;
        }
        for target in &targets {
            self.network.learn_source(target);
        }
        let waits = |t: &ClientTransaction| matches!(t.phase, Phase::Resolving(q) if q == query);
        let waiting = self.clients.transactions.iter().filter(|(_, t)| waits(t));
        let waiting: Vec<_> = waiting.map(|(id, t)| (*id, t.name.clone())).collect();
        for (id, name) in waiting {
            self.use_targets(now, id, name, &targets);
        }
    }

    fn use_targets(
        &mut self,
        now: Instant,
        id: RequestId,
        name: Option<String>,
        targets: &[Target],
    ) {
        if let Some(transaction) = self.clients.transactions.get_mut(&id) {
            transaction.targets = targets.iter().copied().collect();
            transaction.name = name;
            transaction.phase = Phase::Starting;
            self.try_next_target(now, id, Failure::Unreachable);
        }
    }

    /// RFC 3263 §4.3: the next target, in a new transaction; without one it has failed.
    fn try_next_target(&mut self, now: Instant, id: RequestId, failure: Failure) {
        self.forget_branch(id);
        while let Some(transaction) = self.clients.transactions.get_mut(&id) {
            let Some(target) = transaction.targets.pop_front() else {
                break;
            };
            let name = transaction.name.as_deref();
            match self.network.route(now, &target, name, &mut self.outputs) {
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
                Route::UnknownSource if !transaction.asked_source => {
                    transaction.asked_source = true;
                    let question = Question {
                        host: target.address.ip().to_string(),
                        port: Some(target.address.port()),
                        transport: Some(target.transport),
                    };
                    return self.ask(now, id, question);
                }
                Route::UnknownSource | Route::None => {}
            }
        }
        self.give_up(id, failure);
    }

    /// Completes the request for its flow and sends it. False: the flow is gone.
    fn dispatch(&mut self, now: Instant, id: RequestId, flow: Flow) -> bool {
        let Some(transaction) = self.clients.transactions.get(&id) else {
            return true;
        };
        let outgoing = transaction.outgoing.clone();
        let branch = self.random.number();
        let (request, nonces) = self.complete(outgoing, &flow, branch);
        let bytes = request.to_bytes();
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

    /// Via, Contact, offer and credentials.
    fn complete(
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
            let user = request.from.uri.user().unwrap_or_default().into_owned();
            let uri = self.contact(account, &user, flow);
            let line = account.and_then(|account| self.lines.get(&account));
            let contact = contact_header(uri.into(), contact, line);
            request.headers.push("Contact", contact.to_string());
        }
        request
            .headers
            .push("User-Agent", self.config.product.as_str());
        if let Some(mut media) = offer {
            if media.address.is_unspecified() {
                media.address = flow.local.ip();
            }
            request.headers.push("Content-Type", "application/sdp");
            request.body = sdp::offer(&media);
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

    /// Credentials go to the account's own registrar or proxy and to nobody else. Within a
    /// dialog even its proxy would carry them on to the other party, which may have made up the
    /// challenge itself: there, the other party has to be the account's server too.
    fn may_authorize(&self, account: AccountId, request: &Request, flow: &Flow) -> bool {
        let Some(line) = self.lines.get(&account) else {
            return false;
        };
        self.is_home(account, flow)
            && (request.to.tag().is_none() || self.is_home_uri(line, &request.uri))
    }

    /// A response from the network.
    pub(super) fn receive_response(&mut self, now: Instant, response: Response) {
        // RFC 3261 §8.1.3.3: a second Via means that it is not for us.
        if !response.lower_vias.is_empty() {
            return;
        }
        let Some(branch) = response.top_via.branch().and_then(branch_number) else {
            return;
        };
        let key = (branch, response.cseq.method == Method::Cancel);
        let Some(&id) = self.clients.branches.get(&key) else {
            return;
        };
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return;
        };
        let Phase::Sent(sent) = &mut transaction.phase else {
            return;
        };
        if response.cseq != sent.request.cseq || response.call_id != sent.request.call_id {
            return;
        }
        match &mut sent.machine {
            Machine::Other(machine) => match machine.handle_response(now, response.status) {
                Reaction::Deliver => self.deliver(now, id, response),
                Reaction::Absorb => {}
            },
            Machine::Invite(machine) => match machine.handle_response(now, response.status) {
                InviteReaction::Deliver => self.deliver(now, id, response),
                InviteReaction::DeliverAndAck => {
                    sent.ack = ack_of_failure(&sent.request, &response).to_bytes();
                    self.repeat_ack(now, id);
                    self.deliver(now, id, response);
                }
                InviteReaction::Ack => self.repeat_ack(now, id),
                InviteReaction::Absorb => {}
            },
        }
        self.settle_client(id);
    }

    fn repeat_ack(&mut self, now: Instant, id: RequestId) {
        if let Some(transaction) = self.clients.transactions.get(&id)
            && let Phase::Sent(sent) = &transaction.phase
        {
            self.network
                .send(now, &sent.flow, sent.ack.clone(), &mut self.outputs);
        }
    }

    /// What the transaction layer can do itself with a response, or the owner is told.
    fn deliver(&mut self, now: Instant, id: RequestId, response: Response) {
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return;
        };
        let Phase::Sent(sent) = &mut transaction.phase else {
            return;
        };
        let is_invite = sent.request.method == Method::Invite;
        let cancel = transaction.cancel;
        let more_targets = !transaction.targets.is_empty();
        match response.status {
            100..200 if is_invite && cancel == Cancel::Wanted => {
                self.send_cancel(now, id);
            }
            200..300 if is_invite => {
                let tag = response.to.tag().unwrap_or_default();
                if let Some(answered) = sent.answers.iter().find(|answered| answered.tag == tag) {
                    if let Some((flow, bytes)) = &answered.ack {
                        let bytes = bytes.clone();
                        self.network.send(now, flow, bytes, &mut self.outputs);
                    }
                    return;
                }
                if sent.answers.len() >= MAX_ANSWERS {
                    return;
                }
                sent.answers.push(Answered {
                    tag: tag.to_owned(),
                    ack: None,
                });
            }
            401 | 407 if cancel == Cancel::No && self.authorize_again(now, id, &response) => {
                return;
            }
            503 if cancel == Cancel::No && more_targets => {
                return self.try_next_target(now, id, Failure::Unreachable);
            }
            _ => {}
        }
        let Some(transaction) = self.clients.transactions.get(&id) else {
            return;
        };
        let Phase::Sent(sent) = &transaction.phase else {
            return;
        };
        self.notices.push_back(Notice::Response {
            id,
            owner: transaction.outgoing.owner,
            request: sent.request.clone(),
            flow: sent.flow,
            response: Box::new(response),
        });
    }

    /// RFC 3261 §22: the request again, with credentials for the challenge. False: the challenge
    /// is not for us to answer, or our answer has just been refused.
    fn authorize_again(&mut self, now: Instant, id: RequestId, response: &Response) -> bool {
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return false;
        };
        let Phase::Sent(sent) = &transaction.phase else {
            return false;
        };
        let (flow, request, nonces) = (sent.flow, sent.request.clone(), sent.nonces.clone());
        let Some(account) = transaction.outgoing.account else {
            return false;
        };
        let again = transaction.authorizations;
        if !self.may_authorize(account, &request, &flow) {
            return false;
        }
        let Some(line) = self.lines.get_mut(&account) else {
            return false;
        };
        if !line.learn(response) {
            return false;
        }
        // The second time round only an old nonce excuses the refusal, never the same nonce.
        let excused = line.is_excused(response, &nonces);
        if again >= MAX_AUTHORIZATIONS || !excused || (again > 0 && !Line::is_stale(response)) {
            line.forget_challenges();
            return false;
        }
        self.forget_branch(id);
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return false;
        };
        transaction.authorizations += 1;
        transaction.outgoing.request.cseq.seq += 1;
        let (owner, seq) = (
            transaction.outgoing.owner,
            transaction.outgoing.request.cseq.seq,
        );
        transaction.phase = Phase::Starting;
        if !self.dispatch(now, id, flow) {
            self.try_next_target(now, id, Failure::Unreachable);
        }
        self.notices.push_back(Notice::Renumbered { owner, seq });
        true
    }

    /// Takes back an INVITE (RFC 3261 §9.1).
    pub(crate) fn cancel(&mut self, now: Instant, id: RequestId) -> Cancelled {
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return Cancelled::Over;
        };
        let Phase::Sent(sent) = &transaction.phase else {
            self.remove_client(id);
            return Cancelled::Over;
        };
        if !sent.machine.is_pending() {
            return Cancelled::Over;
        }
        let calling = matches!(&sent.machine, Machine::Invite(machine) if machine.is_calling());
        match (transaction.cancel, calling) {
            (Cancel::No, true) => transaction.cancel = Cancel::Wanted,
            (Cancel::No, false) => self.send_cancel(now, id),
            _ => {}
        }
        Cancelled::Pending
    }

    fn send_cancel(&mut self, now: Instant, id: RequestId) {
        let until = now + self.config.timers.transaction();
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return;
        };
        let Phase::Sent(sent) = &transaction.phase else {
            return;
        };
        transaction.cancel = Cancel::Sent(until);
        let account = transaction.outgoing.account;
        let (flow, branch) = (sent.flow, sent.branch);
        let request = derived(&sent.request, Method::Cancel);
        let owner = Owner::Nobody;
        let contact = ContactForm::None;
        let outgoing = Outgoing {
            request,
            owner,
            account,
            contact,
            offer: None,
        };
        let cancel = self.begin(outgoing);
        self.dispatch_cancel(now, cancel, flow, branch);
        self.settle_client(id);
    }

    /// The CANCEL goes the INVITE's way, under the INVITE's branch.
    fn dispatch_cancel(&mut self, now: Instant, id: RequestId, flow: Flow, branch: u64) {
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return;
        };
        let request = Arc::new(transaction.outgoing.request.clone());
        let bytes = request.to_bytes();
        let (timers, reliable) = (self.config.timers, flow.transport.is_reliable());
        let machine = Machine::Other(Client::new(now, timers, reliable));
        let (ack, answers, nonces) = (Vec::new(), Vec::new(), Vec::new());
        let copy = bytes.clone();
        transaction.phase = Phase::Sent(Box::new(Sent {
            branch,
            flow,
            machine,
            request,
            bytes,
            ack,
            answers,
            nonces,
        }));
        self.clients.branches.insert((branch, true), id);
        self.network.send(now, &flow, copy, &mut self.outputs);
        self.settle_client(id);
    }

    /// Acknowledges a 2xx (RFC 3261 §13.2.2.4); once more for each time the 2xx comes again.
    pub(crate) fn acknowledge(
        &mut self,
        now: Instant,
        invite: RequestId,
        ack: Request,
        account: Option<AccountId>,
    ) {
        let outgoing = Outgoing {
            request: ack,
            owner: Owner::Ack(invite),
            account,
            contact: ContactForm::None,
            offer: None,
        };
        self.send(now, outgoing);
    }

    fn keep_answer(&mut self, invite: RequestId, tag: &str, ack: (Flow, Vec<u8>)) {
        if let Some(transaction) = self.clients.transactions.get_mut(&invite)
            && let Phase::Sent(sent) = &mut transaction.phase
            && let Some(answered) = sent.answers.iter_mut().find(|answered| answered.tag == tag)
        {
            answered.ack = Some(ack);
        }
    }

    pub(super) fn client_timeout(&mut self, now: Instant, id: RequestId) {
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return;
        };
        let cancel = transaction.cancel;
        let Phase::Sent(sent) = &mut transaction.phase else {
            return;
        };
        if matches!(cancel, Cancel::Sent(until) if until <= now) && sent.machine.is_pending() {
            return self.give_up(id, Failure::Timeout);
        }
        let expiry = match &mut sent.machine {
            Machine::Invite(machine) => machine.handle_timeout(now),
            Machine::Other(machine) => machine.handle_timeout(now),
        };
        match expiry {
            Expiry::Retransmit => {
                let bytes = sent.bytes.clone();
                self.network.send(now, &sent.flow, bytes, &mut self.outputs);
            }
            Expiry::TimedOut => return self.fail_over(now, id, Failure::Timeout),
            Expiry::Trying | Expiry::Nothing => {}
        }
        self.settle_client(id);
    }

    /// The present target has failed.
    fn fail_over(&mut self, now: Instant, id: RequestId, failure: Failure) {
        let Some(transaction) = self.clients.transactions.get(&id) else {
            return;
        };
        match &transaction.phase {
            Phase::Sent(sent) => self.names.forget(now, sent.flow.remote),
            Phase::Connecting(_, target) => self.names.forget(now, target.address),
            _ => {}
        }
        match transaction.cancel {
            Cancel::No => self.try_next_target(now, id, failure),
            _ => self.give_up(id, failure),
        }
    }

    fn give_up(&mut self, id: RequestId, failure: Failure) {
        let Some(transaction) = self.clients.transactions.get(&id) else {
            return;
        };
        let owner = transaction.outgoing.owner;
        self.notices
            .push_back(Notice::Failed { id, owner, failure });
        self.remove_client(id);
    }

    /// A connection stands: what waited for it goes out.
    pub(super) fn flush_requests(&mut self, now: Instant, connection: ConnectionId) {
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

    /// A connection is gone: what waited for it, or for a response over it, has failed there
    /// (RFC 3261 §18.4).
    pub(super) fn fail_connection(&mut self, now: Instant, connection: ConnectionId) {
        self.fail_where(now, |transaction| match &transaction.phase {
            Phase::Connecting(waiting, _) => *waiting == connection,
            Phase::Sent(sent) => {
                sent.flow.connection == Some(connection) && sent.machine.is_pending()
            }
            _ => false,
        });
    }

    /// Nobody listens there (ICMP). An INVITE that rings already stays: someone did.
    pub(super) fn fail_datagrams(&mut self, now: Instant, remote: SocketAddr) {
        self.fail_where(now, |transaction| match &transaction.phase {
            Phase::Sent(sent) if sent.flow.transport == Transport::Udp => {
                let proceeding =
                    matches!(&sent.machine, Machine::Invite(machine) if machine.is_proceeding());
                sent.flow.remote == remote && sent.machine.is_pending() && !proceeding
            }
            _ => false,
        });
    }

    fn fail_where(&mut self, now: Instant, fails: impl Fn(&ClientTransaction) -> bool) {
        let failing = self.clients.transactions.iter().filter(|(_, t)| fails(t));
        let failing: Vec<_> = failing.map(|(id, _)| *id).collect();
        for id in failing {
            self.fail_over(now, id, Failure::Unreachable);
        }
    }

    /// Arms the next timer, or forgets what has terminated.
    fn settle_client(&mut self, id: RequestId) {
        let Some(transaction) = self.clients.transactions.get(&id) else {
            return;
        };
        let Phase::Sent(sent) = &transaction.phase else {
            return;
        };
        if sent.machine.is_terminated() {
            return self.remove_client(id);
        }
        let given_up = match transaction.cancel {
            Cancel::Sent(until) if sent.machine.is_pending() => Some(until),
            _ => None,
        };
        let deadline = sent.machine.deadline().into_iter().chain(given_up).min();
        self.set_timer(Timer::Client(id), deadline);
    }

    fn remove_client(&mut self, id: RequestId) {
        self.forget_branch(id);
        self.clients.transactions.remove(&id);
    }

    fn forget_branch(&mut self, id: RequestId) {
        if let Some(transaction) = self.clients.transactions.get(&id)
            && let Phase::Sent(sent) = &transaction.phase
        {
            let is_cancel = sent.request.method == Method::Cancel;
            self.clients.branches.remove(&(sent.branch, is_cancel));
        }
        self.set_timer(Timer::Client(id), None);
    }
}

/// Where a request goes first: its topmost Route. A request to the account's own domain goes to
/// its registrar, which is its proxy when no other is set.
fn first_hop(request: &Request, line: Option<&Line>) -> Uri {
    let uri = next_hop(request);
    let Some(line) = line else { return uri };
    let is_own = uri.host() == line.config.aor.host() && uri.port() == line.config.aor.port();
    if is_own && request.to.tag().is_none() && !request.headers.has("Route") {
        return line.config.registrar.clone();
    }
    uri
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
        }
        contact.params.set("expires", Some(&expires.to_string()));
    }
    contact
}

fn branch_text(branch: u64) -> String {
    format!("{MAGIC_COOKIE}{branch:016x}")
}

/// The number in a branch of ours.
fn branch_number(branch: &str) -> Option<u64> {
    u64::from_str_radix(branch.strip_prefix(MAGIC_COOKIE)?, 16).ok()
}

/// A request with the INVITE's Via, Request-URI, Route, From, To, Call-ID and number: its CANCEL
/// (RFC 3261 §9.1), or the ACK of a failure (§17.1.1.3).
fn derived(invite: &Request, method: Method) -> Request {
    let mut request = new_request(
        method,
        as_request_uri(invite.uri.clone()),
        invite.from.clone(),
        invite.to.clone(),
        invite.call_id.clone(),
        invite.cseq.seq,
    );
    request.top_via = invite.top_via.clone();
    for route in invite.headers.get_all("Route") {
        request.headers.push("Route", route);
    }
    request
}

fn ack_of_failure(invite: &Request, response: &Response) -> Request {
    let mut ack = derived(invite, Method::Ack);
    ack.to = response.to.clone();
    ack
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
    pub(super) fn uri_name(self) -> Option<&'static str> {
        match self {
            Transport::Udp => None,
            Transport::Tcp => Some("tcp"),
            Transport::Tls => Some("tls"),
        }
    }
}
