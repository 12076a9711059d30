//! The ways to peers: bound sockets, connections, and what each looks like in a Via.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::{ConnectionId, Output, TlsIdentity, Transmit, Transport};
use crate::message::{Host, StreamReader};
use crate::resolve::Target;

/// Connections at one time, and from one address.
const MAX_CONNECTIONS: usize = 512;
const MAX_CONNECTIONS_OF_ONE_ADDRESS: usize = 20;
/// A peer has this long to finish a message it began.
pub(super) const MESSAGE_TIME: Duration = Duration::from_secs(10);
/// A connection attempt that brings nothing by then has failed; the next target gets its chance.
pub(super) const CONNECT_TIME: Duration = Duration::from_secs(3);
/// A server that answers pings has this long to do so (RFC 5626 §4.4.1).
const PONG_TIME: Duration = Duration::from_secs(10);
/// A connection nobody uses is closed after this.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(300);

/// A way to one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) transport: Transport,
    /// Our end, with a concrete address.
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) connection: Option<ConnectionId>,
}

impl Flow {
    /// The far end.
    pub(crate) fn target(&self) -> Target {
        Target {
            transport: self.transport,
            address: self.remote,
        }
    }
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
    /// Whom the certificate of a TLS connection was checked for; none for accepted connections.
    identity: Option<TlsIdentity>,
    /// Opened by us.
    pub(super) ours: bool,
    pub(super) reader: StreamReader,
    pub(super) last_used: Instant,
    /// When the message at hand began.
    pub(super) message_since: Option<Instant>,
    /// We sent a ping then, and a single CRLF is its answer.
    pub(super) pinged: Option<Instant>,
    /// The far end answers pings: one that it does not answer says that the flow is dead.
    pub(super) answers_pings: bool,
}

impl Connection {
    /// When the connection has to be looked at again.
    pub(super) fn deadline(&self) -> Instant {
        let usual = match (self.local, self.message_since) {
            (None, _) => self.last_used + CONNECT_TIME,
            (_, Some(since)) => since + MESSAGE_TIME,
            _ => self.last_used + IDLE_TIME,
        };
        let pong = self.pinged.filter(|_| self.answers_pings);
        pong.map_or(usual, |at| usual.min(at + PONG_TIME))
    }

    pub(super) fn is_open(&self) -> bool {
        self.local.is_some()
    }

    /// Whether a request to `wanted` may share this TLS connection: never across names. A bare
    /// address is no name: whoever proved a name there, over a connection that we opened, is at
    /// that address. Most PBXs put their address into Contact and Record-Route, and no address
    /// into their certificate.
    fn serves(&self, wanted: &TlsIdentity) -> bool {
        self.identity.as_ref().is_some_and(|checked| {
            let is_there = wanted.host.parse() == Ok(self.remote.ip());
            checked.trust == wanted.trust && (checked.host == wanted.host || is_there)
        })
    }
}

/// Listeners and connections.
#[derive(Debug, Default)]
pub(super) struct Network {
    listeners: Vec<(Transport, SocketAddr)>,
    connections: BTreeMap<ConnectionId, Connection>,
    last_connection: u64,
}

impl Network {
    pub(super) fn add_listener(&mut self, transport: Transport, local: SocketAddr) {
        if !self.listeners.contains(&(transport, local)) {
            self.listeners.push((transport, local));
        }
    }

    pub(super) fn remove_listener(&mut self, transport: Transport, local: SocketAddr) {
        self.listeners.retain(|known| *known != (transport, local));
    }

    pub(super) fn new_connection(&mut self) -> ConnectionId {
        self.last_connection += 1;
        ConnectionId(self.last_connection)
    }

    pub(super) fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(&id)
    }

    /// A way to the target: a listener, a connection that stands already, or a new one.
    /// `identity` is who is meant to be there, `source` the address of ours that leads there, if
    /// that is known.
    pub(super) fn route(
        &mut self,
        now: Instant,
        target: &Target,
        (identity, source): (&TlsIdentity, Option<IpAddr>),
        outputs: &mut VecDeque<Output>,
    ) -> Route {
        if target.transport == Transport::Udp {
            return self.datagram_route(target.address, source);
        }
        let known = self.connections.iter().find(|(_, connection)| {
            connection.transport == target.transport
                && connection.remote == target.address
                && (target.transport != Transport::Tls || connection.serves(identity))
        });
        if let Some((&id, connection)) = known {
            return match connection.local {
                Some(_) => self.flow_of(id).map_or(Route::None, Route::Ready),
                None => Route::Connecting(id),
            };
        }
        // Those who connect to us take nothing away from our own connections.
        if self.connections.values().filter(|c| c.ours).count() >= MAX_CONNECTIONS {
            return Route::None;
        }
        let id = self.new_connection();
        let identity = (target.transport == Transport::Tls).then(|| identity.clone());
        outputs.push_back(Output::Connect {
            connection: id,
            transport: target.transport,
            remote: target.address,
            identity: identity.clone(),
        });
        let connection = Connection {
            transport: target.transport,
            remote: target.address,
            local: None,
            identity,
            ours: true,
            reader: StreamReader::new(),
            last_used: now,
            message_since: None,
            pinged: None,
            answers_pings: false,
        };
        self.connections.insert(id, connection);
        Route::Connecting(id)
    }

    fn datagram_route(&self, remote: SocketAddr, source: Option<IpAddr>) -> Route {
        let fits = |(transport, local): &&(Transport, SocketAddr)| {
            *transport == Transport::Udp && local.is_ipv4() == remote.is_ipv4()
        };
        let listeners = || self.listeners.iter().filter(fits).map(|(_, local)| *local);
        let is_near = |local: &SocketAddr| local.ip().is_loopback() == remote.ip().is_loopback();
        let concrete = || listeners().filter(|local| !local.ip().is_unspecified());
        let wild = listeners().find(|local| local.ip().is_unspecified());
        // From the very address that the system would choose; else the only one that may reach it.
        let chosen = concrete().find(|local| Some(local.ip()) == source);
        let only = match (concrete().filter(is_near).count(), concrete().count()) {
            (1, _) => concrete().find(is_near),
            (0, 1..) => concrete().next(),
            _ => None,
        };
        let local = match (chosen.or(only.filter(|_| wild.is_none())), wild, source) {
            (Some(local), ..) => local,
            (None, None, Some(_)) => match concrete().find(is_near) {
                Some(local) => local,
                None => return Route::None,
            },
            (None, Some(wild), source) => match source.or_else(|| loopback_for(remote.ip())) {
                Some(ip) => SocketAddr::new(ip, wild.port()),
                None => return Route::UnknownSource,
            },
            (None, None, None) if listeners().next().is_none() => return Route::None,
            (None, None, None) => return Route::UnknownSource,
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
        if self.connections.values().filter(|c| !c.ours).count() >= MAX_CONNECTIONS
            || self.connections.values().filter(of_peer).count() >= MAX_CONNECTIONS_OF_ONE_ADDRESS
        {
            return false;
        }
        let connection = Connection {
            transport,
            remote,
            local: Some(local),
            identity: None,
            ours: false,
            reader: StreamReader::new(),
            last_used: now,
            message_since: None,
            pinged: None,
            answers_pings: false,
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

    /// Our addresses that connections stand on.
    pub(super) fn locals(&self) -> impl Iterator<Item = IpAddr> {
        let locals = self.connections.values().filter_map(|c| c.local);
        locals.map(|local| local.ip())
    }

    /// The connections that stand on one of these addresses.
    pub(super) fn connections_from(&self, locals: &[IpAddr]) -> Vec<ConnectionId> {
        let stands = |c: &Connection| c.local.is_some_and(|local| locals.contains(&local.ip()));
        let found = self.connections.iter().filter(|(_, c)| stands(c));
        found.map(|(id, _)| *id).collect()
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

    /// Whether a flow's far end has proved to be `wanted`, as far as its transport can prove it.
    pub(super) fn proves(&self, flow: &Flow, wanted: &TlsIdentity) -> bool {
        let connection = flow.connection.and_then(|id| self.connections.get(&id));
        flow.transport != Transport::Tls
            || connection.is_some_and(|connection| connection.identity.as_ref() == Some(wanted))
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
