//! The user agent: accounts, calls, and everything between them and the datagrams.
//!
//! Sans I/O. Give it bytes, commands and the time; after every call drain
//! [`UserAgent::poll_output`] until it returns [`Output::Timeout`], and call
//! [`UserAgent::handle_timeout`] at that instant.

mod clients;
mod commands;
mod config;
mod deadlines;
mod endpoint;
mod event;
mod inbound;
mod line;
mod moving;
mod names;
mod network;
mod past;
mod publications;
mod random;
mod servers;
mod streams;
mod subscriptions;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

pub(crate) use clients::{Cancelled, ContactForm, Outgoing, RequestId};
pub(crate) use commands::callable;
pub use config::{AccountConfig, Config, EventPackage, IdentityHeader, Secret};
pub(crate) use endpoint::{ALLOW, Endpoint, Failure, Notice, Owner, SUPPORTED, Timer};
pub use event::{
    CallOptions, CallerIdentity, CommandError, Diversion, End, EndCause, EndedBy, Event, LedOn,
    Output, PublicationState, Received, RegistrationState, SubscriptionState, TlsIdentity,
    Transmit,
};
use line::Line;
pub(crate) use line::loose_route;
pub(crate) use network::Flow;
pub(crate) use random::Random;
pub(crate) use servers::ServerId;

use crate::call::{Call, refuse_stray};
use crate::message::parse_datagram;
use crate::publication::Publication;
use crate::registration::Registration;
use crate::resolve::{Answer, ResolveError};
use crate::subscription::Subscription;

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Datagrams: the transactions retransmit.
    Udp,
    /// A stream.
    Tcp,
    /// A stream inside TLS.
    Tls,
}

impl Transport {
    /// Whether the network itself retransmits.
    pub fn is_reliable(self) -> bool {
        self != Transport::Udp
    }
}

/// An account of this user agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(u32);

/// A call of this user agent; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallHandle(u64);

/// A subscription of this user agent; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(u64);

/// A publication of this user agent; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicationId(u64);

/// A TCP or TLS connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(u64);

/// A name resolution under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueryId(u64);

/// What happened on a connection.
#[derive(Clone, Copy, Debug)]
pub enum StreamEvent<'a> {
    /// A peer connected to a listener; the id comes from [`UserAgent::new_connection`].
    Accepted {
        /// TCP or TLS.
        transport: Transport,
        /// Our end.
        local: SocketAddr,
        /// The peer's end.
        peer: SocketAddr,
    },
    /// An `Output::Connect` succeeded.
    Connected {
        /// Our end.
        local: SocketAddr,
        /// The peer's end.
        peer: SocketAddr,
    },
    /// Bytes from the peer.
    Data(&'a [u8]),
    /// The connection never came to be, for this reason, in words for a person.
    Refused(&'a str),
    /// The connection is gone.
    Closed,
}

/// The SIP user agent.
pub struct UserAgent {
    endpoint: Endpoint,
    registrations: BTreeMap<AccountId, Registration>,
    calls: BTreeMap<CallHandle, Call>,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    publications: BTreeMap<PublicationId, Publication>,
    last_subscription: u64,
    last_publication: u64,
    last_account: u32,
    last_call: u64,
}

/// How much the user agent holds in memory: after all calls have ended and all timers have run,
/// everything is zero again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Load {
    /// Calls in any state, those that only wind up included.
    pub calls: usize,
    /// Dialogs, early ones included.
    pub dialogs: usize,
    /// Requests of ours.
    pub client_transactions: usize,
    /// Requests of others.
    pub server_transactions: usize,
    /// Armed timers.
    pub timers: usize,
}

impl UserAgent {
    /// A user agent without accounts. `seed` feeds tags, branches and jitter: equal seeds and
    /// equal stimuli give equal outputs.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        UserAgent {
            endpoint: Endpoint::new(config, seed),
            registrations: BTreeMap::new(),
            calls: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            publications: BTreeMap::new(),
            last_subscription: 0,
            last_publication: 0,
            last_account: 0,
            last_call: 0,
        }
    }

    /// Whether our calls go on where a 3xx sends them, from now on.
    pub fn set_follow_redirects(&mut self, follow: bool) {
        self.endpoint.config.follow_redirects = follow;
    }

    /// Names a bound socket: the source of datagrams, or (TCP, TLS) where peers reach us.
    pub fn add_listener(&mut self, transport: Transport, local: SocketAddr) {
        self.endpoint.network.add_listener(transport, local);
    }

    /// Forgets a socket that is closed, for instance because the address is gone.
    pub fn remove_listener(&mut self, transport: Transport, local: SocketAddr) {
        self.endpoint.network.remove_listener(transport, local);
    }

    /// An id for a connection the driver is about to report as `Accepted`.
    pub fn new_connection(&mut self) -> ConnectionId {
        self.endpoint.network.new_connection()
    }

    /// A datagram arrived at `local` (with its concrete IP address) from `source`.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        local: SocketAddr,
        source: SocketAddr,
        bytes: &[u8],
    ) {
        let flow = Flow {
            transport: Transport::Udp,
            local,
            remote: source,
            connection: None,
        };
        self.endpoint.witness(&flow, bytes);
        self.receive(now, flow, parse_datagram(bytes));
        self.handle_notices(now);
    }

    /// Something happened on a connection.
    pub fn handle_stream(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        event: StreamEvent<'_>,
    ) {
        for arrived in self.endpoint.receive_stream(now, connection, event) {
            self.endpoint.witness(&arrived.flow, &arrived.bytes);
            self.receive(now, arrived.flow, arrived.message);
            self.handle_notices(now);
        }
        self.endpoint.close_unreadable(now);
        self.handle_notices(now);
    }

    /// The answer to an `Output::Resolve`.
    pub fn handle_resolved(
        &mut self,
        now: Instant,
        query: QueryId,
        answer: Result<Answer, ResolveError>,
    ) {
        self.endpoint.resolved(now, query, answer);
        self.handle_notices(now);
    }

    /// A datagram could not be sent, or ICMP said that nobody listens at `remote`.
    pub fn handle_transmit_error(&mut self, now: Instant, remote: SocketAddr) {
        self.endpoint.fail_datagrams(now, remote);
        self.handle_notices(now);
    }

    /// The instant of the last `Output::Timeout` has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.endpoint.deadlines.pop_due(now) {
            match timer {
                Timer::Client(id) => self.endpoint.client_timeout(now, id),
                Timer::Server(id) => self.endpoint.server_timeout(now, id),
                Timer::Past => self.endpoint.forget_past(now),
                Timer::Connection(id) => self.endpoint.connection_timeout(now, id),
                Timer::Call(handle) => {
                    self.with_call(handle, |call, endpoint| call.handle_timeout(now, endpoint));
                }
                Timer::Subscription(id) => {
                    self.with_subscription(id, |subscription, endpoint| {
                        subscription.handle_timeout(now, endpoint);
                    });
                }
                Timer::Publication(id) => {
                    self.with_publication(id, |publication, endpoint| {
                        publication.handle_timeout(now, endpoint);
                    });
                }
                Timer::Account(account) => {
                    if let Some(registration) = self.registrations.get_mut(&account) {
                        registration.handle_timeout(now, &mut self.endpoint);
                    }
                }
            }
            self.handle_notices(now);
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Output {
        let next = self.endpoint.outputs.pop_front();
        next.unwrap_or_else(|| Output::Timeout(self.endpoint.deadlines.next()))
    }

    /// The `Call-ID` of a call that is not over.
    pub fn call_id(&self, call: CallHandle) -> Option<&str> {
        self.calls.get(&call).map(|call| call.call_id.as_str())
    }

    /// What is held in memory.
    pub fn load(&self) -> Load {
        Load {
            calls: self.calls.len(),
            dialogs: self.endpoint.dialogs.len(),
            client_transactions: self.endpoint.clients.len(),
            server_transactions: self.endpoint.servers.len(),
            timers: self.endpoint.deadlines.len(),
        }
    }

    /// Adds an account; it registers when `register` is called.
    pub fn add_account(&mut self, config: AccountConfig) -> AccountId {
        self.last_account += 1;
        let account = AccountId(self.last_account);
        let registration = Registration::new(&mut self.endpoint, account, config.expires);
        self.registrations.insert(account, registration);
        self.endpoint.lines.insert(account, Line::new(config));
        account
    }

    /// Registers now, and keeps the registration alive until `unregister`. Nothing happens for
    /// an account that does not register.
    pub fn register(&mut self, now: Instant, account: AccountId) {
        let registers = self
            .endpoint
            .line(account)
            .is_some_and(|line| line.config.register);
        if let Some(registration) = self.registrations.get_mut(&account).filter(|_| registers) {
            registration.start(now, &mut self.endpoint);
        }
        self.handle_notices(now);
    }

    /// Ends the registration; `Unregistered` follows.
    pub fn unregister(&mut self, now: Instant, account: AccountId) {
        if let Some(registration) = self.registrations.get_mut(&account) {
            registration.stop(now, &mut self.endpoint);
        }
        self.handle_notices(now);
    }

    /// Forgets an account. Its registration ends, but nobody waits for the registrar's answer.
    /// Its calls go on.
    pub fn remove_account(&mut self, now: Instant, account: AccountId) {
        if let Some(mut registration) = self.registrations.remove(&account) {
            registration.stop(now, &mut self.endpoint);
        }
        self.endpoint.lines.remove(&account);
        self.endpoint.set_timer(Timer::Account(account), None);
        self.handle_notices(now);
    }

    /// Lets a call do something, and forgets it when it is over.
    fn with_call<T>(
        &mut self,
        handle: CallHandle,
        run: impl FnOnce(&mut Call, &mut Endpoint) -> T,
    ) -> Option<T> {
        let call = self.calls.get_mut(&handle)?;
        let result = run(call, &mut self.endpoint);
        if call.is_over() {
            self.calls.remove(&handle);
        }
        Some(result)
    }

    /// Tells accounts and calls what became of their requests.
    fn handle_notices(&mut self, now: Instant) {
        while let Some(notice) = self.endpoint.notices.pop_front() {
            match notice {
                Notice::Response {
                    id,
                    owner,
                    request,
                    response,
                    flow,
                } => match owner {
                    Owner::Account(account) => {
                        if let Some(registration) = self.registrations.get_mut(&account) {
                            let endpoint = &mut self.endpoint;
                            registration.handle_response(now, endpoint, id, &response, flow);
                        }
                    }
                    Owner::Call(handle) if self.calls.contains_key(&handle) => {
                        self.with_call(handle, |call, endpoint| {
                            call.handle_response(now, endpoint, id, &request, &response, flow);
                        });
                    }
                    Owner::Subscription(subscription) => {
                        self.with_subscription(subscription, |subscription, endpoint| {
                            subscription.handle_response(now, endpoint, id, &request, &response);
                        });
                    }
                    Owner::Publication(publication) => {
                        self.with_publication(publication, |publication, endpoint| {
                            publication.handle_response(now, endpoint, id, &request, &response);
                        });
                    }
                    Owner::Call(_) | Owner::Ack(_) | Owner::Nobody => {
                        refuse_stray(now, &mut self.endpoint, id, &request, &response, None);
                    }
                },
                Notice::Failed {
                    id,
                    owner,
                    failure,
                    trouble,
                } => match owner {
                    Owner::Account(account) => {
                        if let Some(registration) = self.registrations.get_mut(&account) {
                            registration.handle_failure(now, &mut self.endpoint, id, trouble);
                        }
                    }
                    Owner::Call(handle) => {
                        self.with_call(handle, |call, endpoint| {
                            call.handle_failure(now, endpoint, id, failure);
                        });
                    }
                    Owner::Subscription(subscription) => {
                        self.with_subscription(subscription, |subscription, endpoint| {
                            subscription.handle_failure(now, endpoint, id, failure);
                        });
                    }
                    Owner::Publication(publication) => {
                        self.with_publication(publication, |publication, endpoint| {
                            publication.handle_failure(now, endpoint, id, failure);
                        });
                    }
                    Owner::Ack(_) | Owner::Nobody => {}
                },
                Notice::Renumbered { owner, seq } => match owner {
                    Owner::Account(account) => {
                        if let Some(registration) = self.registrations.get_mut(&account) {
                            registration.note_seq(seq);
                        }
                    }
                    Owner::Call(handle) => {
                        self.with_call(handle, |call, _| call.note_local_seq(seq));
                    }
                    Owner::Subscription(subscription) => {
                        self.with_subscription(subscription, |subscription, _| {
                            subscription.note_seq(seq);
                        });
                    }
                    Owner::Publication(publication) => {
                        self.with_publication(publication, |publication, _| {
                            publication.note_seq(seq);
                        });
                    }
                    Owner::Ack(_) | Owner::Nobody => {}
                },
                Notice::Moved { account } => self.relocate_calls(now, Some(account), &[]),
                Notice::Referred { owner, status } => {
                    if let Owner::Call(handle) = owner {
                        self.with_call(handle, |call, endpoint| {
                            call.referral_progress(now, endpoint, status);
                        });
                    }
                }
                Notice::Closed { connection } => {
                    for registration in self.registrations.values_mut() {
                        registration.handle_closed(now, &mut self.endpoint, connection);
                    }
                }
            }
        }
    }
}
