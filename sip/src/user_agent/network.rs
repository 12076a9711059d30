//! The ways to peers: bound sockets, connections, and what each looks like in a Via.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::{ConnectionId, Output, Transmit, Transport};
use crate::message::{Host, StreamReader};
use crate::resolve::Target;

/// Connections at one time, and from one address.
const MAX_CONNECTIONS: usize = 512;
const MAX_CONNECTIONS_OF_ONE_ADDRESS: usize = 20;
/// A peer has this long to finish a message it began.
pub(super) const MESSAGE_TIME: Duration = Duration::from_secs(10);
/// A connection attempt that brings nothing by then has failed; the next target gets its chance.
pub(super) const CONNECT_TIME: Duration = Duration::from_secs(3);
/// A connection nobody uses is closed after this.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(300);
/// Which remembered source addresses are enough for one phone.
const MAX_SOURCES: usize = 256;

/// A way to one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) transport: Transport,
    /// Our end, with a concrete address.
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) connection: Option<ConnectionId>,
}

/// What became of the wish to reach a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Ready(Flow),
    /// The connection is being made.
    Connecting(ConnectionId),
    /// Only the driver can tell which of our addresses leads there.
    UnknownSource,
    /// No listener fits, or there are too many connections.
    None,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) transport: Transport,
    pub(super) remote: SocketAddr,
    /// None until the connection stands.
    local: Option<SocketAddr>,
    /// The name a TLS certificate was checked for; none for accepted connections.
    name: Option<String>,
    /// Opened by us.
    pub(super) ours: bool,
    pub(super) reader: StreamReader,
    pub(super) last_used: Instant,
    /// When the message at hand began.
    pub(super) message_since: Option<Instant>,
    /// We sent a ping, and a single CRLF is its answer.
    pub(super) pinged: bool,
}

impl Connection {
    /// When the connection has to be looked at again.
    pub(super) fn deadline(&self) -> Instant {
        match (self.local, self.message_since) {
            (None, _) => self.last_used + CONNECT_TIME,
            (_, Some(since)) => since + MESSAGE_TIME,
            _ => self.last_used + IDLE_TIME,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.local.is_some()
    }
}

/// Listeners and connections.
#[derive(Debug, Default)]
pub(super) struct Network {
    listeners: Vec<(Transport, SocketAddr)>,
    connections: BTreeMap<ConnectionId, Connection>,
    last_connection: u64,
    /// The local address towards a remote one, where the listener's own is unspecified.
    sources: HashMap<IpAddr, IpAddr>,
}

impl Network {
    pub(super) fn add_listener(&mut self, transport: Transport, local: SocketAddr) {
        if !self.listeners.contains(&(transport, local)) {
            self.listeners.push((transport, local));
        }
    }

    pub(super) fn remove_listener(&mut self, transport: Transport, local: SocketAddr) {
        self.listeners.retain(|known| *known != (transport, local));
        self.sources.clear();
    }

    /// The driver said which address leads to a target.
    pub(super) fn learn_source(&mut self, target: &Target) {
        if let Some(source) = target.source {
            if self.sources.len() >= MAX_SOURCES {
                self.sources.clear();
            }
            self.sources.insert(target.address.ip(), source);
        }
    }

    pub(super) fn new_connection(&mut self) -> ConnectionId {
        self.last_connection += 1;
        ConnectionId(self.last_connection)
    }

    pub(super) fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(&id)
    }

    /// A way to the target: a listener, a connection that stands already, or a new one.
    /// `name` is the domain that led there; a TLS connection is only shared within it.
    pub(super) fn route(
        &mut self,
        now: Instant,
        target: &Target,
        name: Option<&str>,
        outputs: &mut VecDeque<Output>,
    ) -> Route {
        if target.transport == Transport::Udp {
            return self.datagram_route(target);
        }
        let known = self.connections.iter().find(|(_, connection)| {
            connection.transport == target.transport
                && connection.remote == target.address
                && (target.transport != Transport::Tls || connection.name.as_deref() == name)
        });
        if let Some((&id, connection)) = known {
            return match connection.local {
                Some(_) => self.flow_of(id).map_or(Route::None, Route::Ready),
                None => Route::Connecting(id),
            };
        }
        if self.connections.len() >= MAX_CONNECTIONS {
            return Route::None;
        }
        let id = self.new_connection();
        let name = name.map(str::to_owned);
        outputs.push_back(Output::Connect {
            connection: id,
            transport: target.transport,
            remote: target.address,
            server_name: name.clone(),
        });
        let connection = Connection {
            transport: target.transport,
            remote: target.address,
            local: None,
            name,
            ours: true,
            reader: StreamReader::new(),
            last_used: now,
            message_since: None,
            pinged: false,
        };
        self.connections.insert(id, connection);
        Route::Connecting(id)
    }

    fn datagram_route(&self, target: &Target) -> Route {
        let remote = target.address;
        let fits = |local: &SocketAddr| local.is_ipv4() == remote.is_ipv4();
        let listeners = || {
            let udp = self
                .listeners
                .iter()
                .filter(|(transport, _)| *transport == Transport::Udp);
            udp.map(|(_, local)| *local).filter(fits)
        };
        let source = target
            .source
            .or_else(|| self.sources.get(&remote.ip()).copied());
        let concrete = listeners()
            .filter(|local| !local.ip().is_unspecified())
            // The address the system would choose, or at least one of the same reach.
            .max_by_key(|local| {
                (
                    Some(local.ip()) == source,
                    local.ip().is_loopback() == remote.ip().is_loopback(),
                )
            });
        let local = match (
            concrete,
            listeners().find(|local| local.ip().is_unspecified()),
        ) {
            (Some(local), _) => local,
            (None, None) => return Route::None,
            (None, Some(wild)) => match source.or_else(|| loopback_for(remote.ip())) {
                Some(ip) => SocketAddr::new(ip, wild.port()),
                None => return Route::UnknownSource,
            },
        };
        Route::Ready(Flow {
            transport: Transport::Udp,
            local,
            remote,
            connection: None,
        })
    }

    /// A peer connected. False: there are too many, close it.
    pub(super) fn accept(
        &mut self,
        now: Instant,
        id: ConnectionId,
        transport: Transport,
        (local, remote): (SocketAddr, SocketAddr),
    ) -> bool {
        let of_peer = |c: &&Connection| c.remote.ip() == remote.ip() && !c.ours;
        if self.connections.len() >= MAX_CONNECTIONS
            || self.connections.values().filter(of_peer).count() >= MAX_CONNECTIONS_OF_ONE_ADDRESS
        {
            return false;
        }
        let connection = Connection {
            transport,
            remote,
            local: Some(local),
            name: None,
            ours: false,
            reader: StreamReader::new(),
            last_used: now,
            message_since: None,
            pinged: false,
        };
        self.connections.insert(id, connection);
        true
    }

    pub(super) fn connected(&mut self, now: Instant, id: ConnectionId, local: SocketAddr) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.local = Some(local);
            connection.last_used = now;
        }
    }

    pub(super) fn closed(&mut self, id: ConnectionId) -> Option<Connection> {
        self.connections.remove(&id)
    }

    pub(super) fn flow_of(&self, id: ConnectionId) -> Option<Flow> {
        let connection = self.connections.get(&id)?;
        Some(Flow {
            transport: connection.transport,
            local: connection.local?,
            remote: connection.remote,
            connection: Some(id),
        })
    }

    /// Whether we opened the flow's connection ourselves: then its far end is who we meant.
    pub(super) fn is_ours(&self, flow: &Flow) -> bool {
        flow.connection
            .and_then(|id| self.connections.get(&id))
            .is_some_and(|c| c.ours)
    }

    /// Hands bytes to the driver. False: the connection is gone.
    pub(super) fn send(
        &mut self,
        now: Instant,
        flow: &Flow,
        bytes: Vec<u8>,
        outputs: &mut VecDeque<Output>,
    ) -> bool {
        if let Some(id) = flow.connection {
            match self.connections.get_mut(&id) {
                Some(connection) if connection.is_open() => connection.last_used = now,
                _ => return false,
            }
        }
        outputs.push_back(Output::Transmit(Transmit {
            transport: flow.transport,
            local: flow.local,
            remote: flow.remote,
            connection: flow.connection,
            bytes,
        }));
        true
    }

    /// Host and port under which the far end of a flow reaches us: Via's sent-by and the Contact.
    /// Over a stream that is the listener, not the connection's passing port.
    pub(super) fn sent_by(&self, flow: &Flow) -> (Host, u16) {
        let ip = flow.local.ip();
        let listener = self.listeners.iter().find(|(transport, local)| {
            *transport == flow.transport
                && (local.ip() == ip || local.ip().is_unspecified())
                && local.is_ipv4() == flow.local.is_ipv4()
        });
        let port = match (flow.transport, listener) {
            (Transport::Tcp | Transport::Tls, Some((_, local))) => local.port(),
            _ => flow.local.port(),
        };
        (Host::from(ip), port)
    }
}

/// A loopback peer is reached from loopback.
fn loopback_for(remote: IpAddr) -> Option<IpAddr> {
    match remote {
        IpAddr::V4(ip) if ip.is_loopback() => Some(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_loopback() => Some(Ipv6Addr::LOCALHOST.into()),
        _ => None,
    }
}
