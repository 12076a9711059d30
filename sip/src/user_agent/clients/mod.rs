//! Our own requests: their life from the wish to the final response, or the lack of one
//! (RFC 3261 §8.1, §9.1, §17.1, §18.4).

mod responses;
mod targets;

pub(super) use targets::identity;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::endpoint::{Endpoint, Failure, Notice, Owner, Timer};
use super::line::UsedNonce;
use super::network::Flow;
use super::{AccountId, ConnectionId, TlsIdentity, Transport};
use crate::dialog::{as_request_uri, new_request};
use crate::message::{MAGIC_COOKIE, Method, Request};
use crate::resolve::{Place, Target};
use crate::sdp::LocalMedia;
use crate::transaction::{Client, ClientInvite, Expiry};

/// A request of ours, through all its attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Who is meant to be at the targets.
    identity: TlsIdentity,
    /// It has been found too large for a datagram.
    is_large: bool,
    /// Why the first connection never came to be.
    trouble: Option<String>,
    authorizations: u8,
    cancel: Cancel,
    /// What the CANCEL gives as its `Reason`.
    cancel_reason: Option<&'static str>,
}

#[derive(Debug)]
enum Phase {
    Starting,
    /// It is being found out where the name leads.
    Resolving(Place),
    /// It is being found out which of our addresses leads to the next target.
    Locating,
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
            identity: TlsIdentity {
                host: String::new(),
                trust: None,
            },
            is_large: false,
            trouble: None,
            authorizations: 0,
            cancel: Cancel::No,
            cancel_reason: None,
        };
        self.clients.transactions.insert(id, transaction);
        id
    }

    /// Takes back an INVITE (RFC 3261 §9.1). `reason`: the value of a `Reason` header.
    pub(crate) fn cancel(
        &mut self,
        now: Instant,
        id: RequestId,
        reason: Option<&'static str>,
    ) -> Cancelled {
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
        transaction.cancel_reason = reason;
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
        let mut request = derived(&sent.request, Method::Cancel);
        if let Some(reason) = transaction.cancel_reason {
            request.headers.push("Reason", reason);
        }
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
            Phase::Sent(sent) => self.names.shun(now, sent.flow.target(), Duration::ZERO),
            Phase::Connecting(_, target) => self.names.shun(now, *target, Duration::ZERO),
            _ => {}
        }
        match transaction.cancel {
            Cancel::No => self.try_next_target(now, id, failure),
            _ => self.give_up(id, failure),
        }
    }

    fn give_up(&mut self, id: RequestId, failure: Failure) {
        let Some(transaction) = self.clients.transactions.get_mut(&id) else {
            return;
        };
        let owner = transaction.outgoing.owner;
        let trouble = transaction.trouble.take();
        self.notices.push_back(Notice::Failed {
            id,
            owner,
            failure,
            trouble,
        });
        self.remove_client(id);
    }

    /// Keeps why a connection never came to be, for those who waited for it.
    pub(super) fn note_trouble(&mut self, connection: ConnectionId, why: &str) {
        for transaction in self.clients.transactions.values_mut() {
            if matches!(transaction.phase, Phase::Connecting(waiting, _) if waiting == connection) {
                // That of the server which is preferred.
                transaction.trouble.get_or_insert(why.to_owned());
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

fn branch_text(branch: u64) -> String {
    format!("{MAGIC_COOKIE}{branch:016x}")
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
