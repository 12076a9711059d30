//! What all accounts and calls share: transactions, the network, names, dice and outputs.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::clients::{Clients, RequestId, identity};
use super::deadlines::Deadlines;
use super::line::Line;
use super::names::Names;
use super::network::{Flow, Network};
use super::random::Random;
use super::servers::{ServerId, Servers};
use super::{
    AccountId, CallHandle, Config, ConnectionId, Event, Output, PublicationId, Received,
    SubscriptionId, Transport,
};
use crate::dialog::DialogId;
use crate::message::{Host, NameAddr, Request, Response, SipUri, Uri};
use crate::resolve::is_tls;

/// The methods a call or the user agent itself answers.
pub(crate) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY";
/// The extensions we speak, which a request may insist on.
pub(crate) const SUPPORTED: &str = "100rel, timer, replaces, norefersub";

/// The host of who does not want to be known (RFC 3323 §4.1.1.3).
pub(crate) const ANONYMOUS: &str = "anonymous.invalid";

/// Who waits for the response to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Account(AccountId),
    Call(CallHandle),
    Subscription(SubscriptionId),
    Publication(PublicationId),
    /// The ACK of a 2xx to this INVITE.
    Ack(RequestId),
    /// A CANCEL, or the BYE to a call that nobody wanted.
    Nobody,
}

/// Why a request got no final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nobody answered in time.
    Timeout,
    /// The name led nowhere, or the network refused.
    Unreachable,
}

impl Failure {
    /// The response that it counts as (RFC 3261 §8.1.3.1).
    pub(crate) fn status(self) -> u16 {
        match self {
            Failure::Timeout => 408,
            Failure::Unreachable => 503,
        }
    }
}

/// What accounts and calls have to be told.
#[derive(Debug)]
pub(crate) enum Notice {
    /// A response to a request.
    Response {
        id: RequestId,
        owner: Owner,
        request: Arc<Request>,
        response: Box<Response>,
        flow: Flow,
    },
    /// The request has failed for good.
    Failed {
        id: RequestId,
        owner: Owner,
        failure: Failure,
        /// What the driver said about the connection, if it said something.
        trouble: Option<String>,
    },
    /// The request went out again under this number.
    Renumbered { owner: Owner, seq: u32 },
    /// The registrar sees this account under another address than before.
    Moved { account: AccountId },
    /// The call that a REFER within another one asked for got a response.
    Referred { owner: Owner, status: u16 },
    /// A connection is gone.
    Closed { connection: ConnectionId },
}

/// Whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Timer {
    Client(RequestId),
    Server(ServerId),
    /// Of the next request that nobody repeats any more.
    Past,
    Call(CallHandle),
    Account(AccountId),
    Subscription(SubscriptionId),
    Publication(PublicationId),
    Connection(ConnectionId),
}

pub(crate) struct Endpoint {
    pub(crate) config: Config,
    pub(crate) random: Random,
    pub(super) network: Network,
    pub(super) names: Names,
    pub(super) clients: Clients,
    pub(super) servers: Servers,
    pub(super) lines: BTreeMap<AccountId, Line>,
    pub(super) dialogs: HashMap<DialogId, CallHandle>,
    pub(super) deadlines: Deadlines<Timer>,
    pub(super) notices: VecDeque<Notice>,
    pub(super) outputs: VecDeque<Output>,
    /// Connections to close once what they brought is answered.
    pub(super) unreadable: Vec<ConnectionId>,
}

impl Endpoint {
    pub(super) fn new(config: Config, seed: [u8; 32]) -> Self {
        let mut random = Random::new(seed);
        let servers = Servers::new(random.number());
        Endpoint {
            config,
            random,
            network: Network::default(),
            names: Names::default(),
            clients: Clients::default(),
            servers,
            lines: BTreeMap::new(),
            dialogs: HashMap::new(),
            deadlines: Deadlines::new(),
            notices: VecDeque::new(),
            outputs: VecDeque::new(),
            unreadable: Vec::new(),
        }
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Hands out what came in over a flow, for whoever keeps a ladder. A keep-alive is no message.
    pub(super) fn witness(&mut self, flow: &Flow, bytes: &[u8]) {
        if self.config.witness && bytes.first().is_some_and(u8::is_ascii_alphabetic) {
            self.outputs.push_back(Output::Received(Received {
                transport: flow.transport,
                local: flow.local,
                remote: flow.remote,
                bytes: bytes.to_vec(),
            }));
        }
    }

    /// Tells accounts and calls.
    pub(crate) fn notify(&mut self, notice: Notice) {
        self.notices.push_back(notice);
    }

    pub(crate) fn line(&self, account: AccountId) -> Option<&Line> {
        self.lines.get(&account)
    }

    pub(crate) fn line_mut(&mut self, account: AccountId) -> Option<&mut Line> {
        self.lines.get_mut(&account)
    }

    /// Requests within the dialog go to the call from now on.
    pub(crate) fn open_dialog(&mut self, id: DialogId, call: CallHandle) {
        self.dialogs.insert(id, call);
    }

    pub(crate) fn close_dialog(&mut self, id: &DialogId) {
        self.dialogs.remove(id);
    }

    /// Keeps a flow open with a ping of RFC 5626 §3.5.1; over UDP it has no answer. `must_answer`:
    /// the server has said that it answers.
    pub(crate) fn ping(&mut self, now: Instant, flow: &Flow, must_answer: bool) {
        let sent = self
            .network
            .send(now, flow, b"\r\n\r\n".to_vec(), &mut self.outputs);
        if let Some(id) = flow.connection
            && let Some(connection) = self.network.connection(id)
            && sent
        {
            connection.pinged = Some(now);
            connection.answers_pings |= must_answer;
            self.watch_connection(id);
        }
    }

    pub(crate) fn set_timer(&mut self, timer: Timer, at: Option<Instant>) {
        self.deadlines.set(timer, at);
    }

    /// Our Contact within dialogs: where this very user agent is reached, by everybody if the
    /// registrar has given us such an address (RFC 5627), else over the flow (RFC 5626 §4.3).
    pub(crate) fn contact(&self, account: Option<AccountId>, user: &str, flow: &Flow) -> SipUri {
        let line = account.and_then(|account| self.lines.get(&account));
        if let Some(gruu) = line.and_then(|line| line.binding.gruu.as_ref()) {
            return gruu.clone();
        }
        let mut uri = self.binding(account, user, flow);
        if line.is_some_and(|line| line.binding.is_outbound) {
            uri.params.set("ob", None);
        }
        uri
    }

    /// The Contact to register on a flow.
    pub(crate) fn binding(&self, account: Option<AccountId>, user: &str, flow: &Flow) -> SipUri {
        let (mut host, mut port) = self.network.sent_by(flow);
        let line = account.and_then(|account| self.lines.get(&account));
        if let Some((local, public)) = line.and_then(|line| line.public)
            && local == flow.local
        {
            (host, port) = (Host::from(public.ip()), public.port());
        }
        let user = line.map_or(user, |line| &line.contact_user);
        let mut uri = SipUri::new((!user.is_empty()).then_some(user), host, Some(port));
        if let Some(name) = flow.transport.uri_name() {
            uri.params.set("transport", Some(name));
        }
        uri
    }

    /// Our Contact within a call of ours: one that was made anonymously stays so.
    pub(crate) fn contact_as(
        &self,
        account: Option<AccountId>,
        own: &NameAddr,
        flow: &Flow,
    ) -> SipUri {
        let user = own.uri.user().unwrap_or_default();
        let mut uri = self.contact(account, &user, flow);
        let hidden = |host: &Host| matches!(host, Host::Domain(name) if name == ANONYMOUS);
        if own.uri.host().is_some_and(hidden) {
            uri.set_user(Some("anonymous"));
        }
        uri
    }

    /// Whether the flow's far end is the account's own registrar or outbound proxy. Only it gets
    /// our credentials, and only it is believed about who calls.
    pub(crate) fn is_home(&self, account: AccountId, flow: &Flow) -> bool {
        let Some(line) = self.lines.get(&account) else {
            return false;
        };
        let transport = line.config.transport;
        let is_there = |uri: &Uri| {
            self.names.leads_to(uri, transport, flow)
                && self.network.proves(flow, &identity(uri, Some(line)))
        };
        if line.homes().any(is_there) {
            return true;
        }
        // What is only ever said inside TLS is not said outside.
        if line.homes().any(|uri| is_tls(uri, transport)) && flow.transport != Transport::Tls {
            return false;
        }
        // A proxy connects to us from a passing port. Its address cannot be forged on a stream,
        // unless everyone on this machine has the same one.
        flow.transport.is_reliable()
            && !self.network.is_ours(flow)
            && !flow.remote.ip().is_loopback()
            && line
                .homes()
                .any(|uri| self.names.leads_to_ip(uri, transport, flow.remote.ip()))
    }

    /// Whether a URI names the account's own domain or server.
    pub(super) fn is_home_uri(&self, line: &Line, uri: &Uri) -> bool {
        let Some(host) = uri.host() else { return false };
        let config = &line.config;
        let own = [
            Some(line.registrar()),
            Some(&config.registrar),
            config.outbound_proxy.as_ref(),
            Some(&config.aor),
        ];
        // An address is not a domain: beside the host, the port has to be the same.
        let port = |uri: &Uri| uri.port().unwrap_or(5060);
        let same = |home: &Uri| {
            home.host() == Some(host) && (host.ip().is_none() || port(home) == port(uri))
        };
        own.into_iter().flatten().any(same)
    }
}
