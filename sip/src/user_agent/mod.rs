//! The user agent: accounts, calls, and everything between them and the datagrams.
//!
//! Sans I/O. Give it bytes, commands and the time; after every call drain
//! [`UserAgent::poll_output`] until it returns [`Output::Timeout`], and call
//! [`UserAgent::handle_timeout`] at that instant.

mod config;
mod event;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

pub use config::{AccountConfig, Config, Secret};
pub use event::{
    CallerIdentity, CommandError, End, EndCause, EndedBy, Event, Output, RegistrationState,
    Transmit,
};

use crate::message::Uri;
use crate::resolve::{ResolveError, Target};
use crate::sdp::{LocalMedia, MediaPlan};

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
    /// The connection is gone, or never came to be.
    Closed,
}

/// The SIP user agent.
pub struct UserAgent {
    config: Config,
    outputs: VecDeque<Output>,
}

impl UserAgent {
    /// A user agent without accounts. `seed` feeds tags, branches and jitter: equal seeds and
    /// equal stimuli give equal outputs.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let _ = seed;
        UserAgent {
            config,
            outputs: VecDeque::new(),
        }
    }

    /// Names a bound socket: the source of datagrams, or (TCP, TLS) where peers reach us.
    pub fn add_listener(&mut self, transport: Transport, local: SocketAddr) {
        let _ = (transport, local);
    }

    /// Forgets a socket that is closed, for instance because the address is gone.
    pub fn remove_listener(&mut self, transport: Transport, local: SocketAddr) {
        let _ = (transport, local);
    }

    /// An id for a connection the driver is about to report as `Accepted`.
    pub fn new_connection(&mut self) -> ConnectionId {
        ConnectionId(0)
    }

    /// A datagram arrived at `local` (with its concrete IP address) from `source`.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        local: SocketAddr,
        source: SocketAddr,
        bytes: &[u8],
    ) {
        let _ = (now, local, source, bytes);
    }

    /// Something happened on a connection.
    pub fn handle_stream(&mut self, now: Instant, connection: ConnectionId, event: StreamEvent) {
        let _ = (now, connection, event);
    }

    /// The answer to an `Output::Resolve`; best target first.
    pub fn handle_resolved(
        &mut self,
        now: Instant,
        query: QueryId,
        result: Result<Vec<Target>, ResolveError>,
    ) {
        let _ = (now, query, result);
    }

    /// A datagram could not be sent, or ICMP said that nobody listens at `remote`.
    pub fn handle_transmit_error(&mut self, now: Instant, remote: SocketAddr) {
        let _ = (now, remote);
    }

    /// The instant of the last `Output::Timeout` has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Output {
        let _ = &self.config;
        self.outputs.pop_front().unwrap_or(Output::Timeout(None))
    }

    /// Adds an account; it registers when `register` is called.
    pub fn add_account(&mut self, config: AccountConfig) -> AccountId {
        let _ = config;
        AccountId(0)
    }

    /// Registers now, and keeps the registration alive until `unregister`.
    pub fn register(&mut self, now: Instant, account: AccountId) {
        let _ = (now, account);
    }

    /// Ends the registration; `Unregistered` follows.
    pub fn unregister(&mut self, now: Instant, account: AccountId) {
        let _ = (now, account);
    }

    /// Forgets an account, without a REGISTER. Its calls go on.
    pub fn remove_account(&mut self, now: Instant, account: AccountId) {
        let _ = (now, account);
    }

    /// Calls `target`. An unspecified `media.address` stands for the address that the
    /// signalling leaves from.
    pub fn invite(
        &mut self,
        now: Instant,
        account: AccountId,
        target: &Uri,
        media: LocalMedia,
    ) -> Result<CallHandle, CommandError> {
        let _ = (now, account, target, media);
        Err(CommandError::NoSuchAccount)
    }

    /// Tells the caller that it rings (180).
    pub fn ring(&mut self, now: Instant, call: CallHandle) -> Result<(), CommandError> {
        let _ = (now, call);
        Err(CommandError::NoSuchCall)
    }

    /// Takes a call (200). The plan of the media, if the INVITE carried the offer: media may
    /// start at once; otherwise it comes with `Established`.
    pub fn answer(
        &mut self,
        now: Instant,
        call: CallHandle,
        media: LocalMedia,
    ) -> Result<Option<MediaPlan>, CommandError> {
        let _ = (now, call, media);
        Err(CommandError::NoSuchCall)
    }

    /// Refuses a call with a final status (486, 480, 603, …). `Ended` follows.
    pub fn reject(
        &mut self,
        now: Instant,
        call: CallHandle,
        status: u16,
    ) -> Result<(), CommandError> {
        let _ = (now, call, status);
        Err(CommandError::NoSuchCall)
    }

    /// Ends a call in any state with what fits: CANCEL, BYE, 486, or nothing yet. `Ended` follows.
    pub fn hangup(&mut self, now: Instant, call: CallHandle) -> Result<(), CommandError> {
        let _ = (now, call);
        Err(CommandError::NoSuchCall)
    }

    /// Puts the other party on hold (re-INVITE, `sendonly`). `MediaChanged` or `HoldFailed` follows.
    pub fn hold(&mut self, now: Instant, call: CallHandle) -> Result<(), CommandError> {
        let _ = (now, call);
        Err(CommandError::NoSuchCall)
    }

    /// Takes the other party back (re-INVITE, `sendrecv`).
    pub fn resume(&mut self, now: Instant, call: CallHandle) -> Result<(), CommandError> {
        let _ = (now, call);
        Err(CommandError::NoSuchCall)
    }

    /// Asks the other party to call `target`, in the place of our party in the call `replaces`
    /// (attended transfer) or anew (blind). `Transfer` events follow.
    pub fn refer(
        &mut self,
        now: Instant,
        call: CallHandle,
        target: &Uri,
        replaces: Option<CallHandle>,
    ) -> Result<(), CommandError> {
        let _ = (now, call, target, replaces);
        Err(CommandError::NoSuchCall)
    }
}
