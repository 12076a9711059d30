//! The datagram sockets that signalling uses, and which of our addresses reaches whom.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use socket2::{SockRef, Type};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

/// How long a route is believed.
const ROUTE_LIFE: Duration = Duration::from_secs(5);
/// Peers whose route is remembered.
const MAX_ROUTES: usize = 256;

/// The bound sockets.
pub(super) struct UdpSockets {
    sockets: Vec<Socket>,
    routes: Routes,
}

struct Socket {
    socket: UdpSocket,
    address: SocketAddr,
}

impl UdpSockets {
    /// Binds every address; an address family that the system lacks is passed over when another
    /// address could be bound.
    pub fn bind(addresses: &[IpAddr], port: u16) -> io::Result<Self> {
        let sockets = super::system::bind_each(addresses, port, |address| {
            let socket = super::system::bound_socket(address, Type::DGRAM)?;
            let socket = UdpSocket::from_std(socket.into())?;
            let address = socket.local_addr()?;
            Ok((Socket { socket, address }, address.port()))
        })?;
        Ok(Self {
            sockets,
            routes: Routes::default(),
        })
    }

    /// The addresses that were bound.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(|socket| socket.address).collect()
    }

    /// The next datagram of any socket: where it arrived, where from, how many octets.
    pub fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(SocketAddr, SocketAddr, usize)>> {
        for socket in &self.sockets {
            let mut into = ReadBuf::new(buffer);
            if let Poll::Ready(received) = socket.socket.poll_recv_from(context, &mut into) {
                let length = into.filled().len();
                return Poll::Ready(received.map(|source| (socket.address, source, length)));
            }
        }
        Poll::Pending
    }

    /// A datagram that is there already, without waiting.
    pub fn try_recv(&self, buffer: &mut [u8]) -> Option<(SocketAddr, SocketAddr, usize)> {
        self.sockets.iter().find_map(|socket| {
            let (length, source) = socket.socket.try_recv_from(buffer).ok()?;
            Some((socket.address, source, length))
        })
    }

    /// Sends from the socket at `local`, or the one that stands for it.
    pub fn send(&self, local: SocketAddr, remote: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        let socket = self
            .socket_for(local, remote)
            .ok_or(io::ErrorKind::AddrNotAvailable)?;
        // Straight to the system: the runtime does not know yet that a fresh socket can send.
        match SockRef::from(&socket.socket).send_to(bytes, &remote.into()) {
            // The system's buffer is full: the datagram is lost, and retransmitted as any other.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            sent => sent.map(drop),
        }
    }

    fn socket_for(&self, local: SocketAddr, remote: SocketAddr) -> Option<&Socket> {
        let family = |socket: &&Socket| socket.address.is_ipv6() == remote.is_ipv6();
        let exact = self.sockets.iter().find(|socket| socket.address == local);
        let any = |socket: &&Socket| {
            socket.address.ip().is_unspecified() && socket.address.port() == local.port()
        };
        exact
            .or_else(|| self.sockets.iter().filter(family).find(any))
            .or_else(|| self.sockets.iter().find(family))
    }

    /// Our addresses have changed.
    pub fn forget_routes(&mut self) {
        self.routes.known.clear();
    }

    /// `local` with the concrete address that `peer` knows us by.
    pub fn concrete(&mut self, now: Instant, local: SocketAddr, peer: SocketAddr) -> SocketAddr {
        if !local.ip().is_unspecified() {
            return local;
        }
        let ip = self.routes.source(now, peer.ip()).unwrap_or(local.ip());
        SocketAddr::new(ip, local.port())
    }

    /// The address we reach `peer` from; none where no socket of ours can.
    pub fn source(&mut self, now: Instant, peer: IpAddr) -> Option<IpAddr> {
        let fits = |socket: &&Socket| socket.address.is_ipv6() == peer.is_ipv6();
        let bound = self.sockets.iter().find(fits)?.address.ip();
        if bound.is_unspecified() {
            self.routes.source(now, peer)
        } else {
            Some(bound)
        }
    }
}

/// Which address of ours the system would send from.
#[derive(Default)]
struct Routes {
    known: HashMap<IpAddr, (IpAddr, Instant)>,
}

impl Routes {
    fn source(&mut self, now: Instant, peer: IpAddr) -> Option<IpAddr> {
        if let Some((source, asked)) = self.known.get(&peer)
            && now.saturating_duration_since(*asked) < ROUTE_LIFE
        {
            return Some(*source);
        }
        let source = probe(peer).ok()?;
        if self.known.len() >= MAX_ROUTES {
            self.known.clear();
        }
        self.known.insert(peer, (source, now));
        Some(source)
    }
}

/// Asks the system's routing table by connecting a socket that never sends.
pub(super) fn probe(peer: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match peer {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = std::net::UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.connect(SocketAddr::new(peer, 9))?;
    Ok(socket.local_addr()?.ip())
}
