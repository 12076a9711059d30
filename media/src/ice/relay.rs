//! An address on a TURN server (RFC 8656), for peers that cannot be reached otherwise.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use turn_client_proto::api::{Transmit, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet};
use turn_client_proto::prelude::{DelayedTransmitBuild as _, TurnClientApi as _};
use turn_client_proto::types::{self, AddressFamily, TransportType, TurnCredentials};
use turn_client_proto::udp::TurnClientUdp;

use super::TurnServer;
use crate::rtp::MAX_PACKET_LEN;

/// What a relayed datagram is longer by at most: a Send indication with a peer's IPv6 address, and padding.
const WRAPPING: usize = 64;
/// After how long a request to the server is repeated first, how long later ones wait at most, how many there are, and
/// how long the last one waits.
const REPEAT: (Duration, Duration, u32, Duration) = (
    Duration::from_millis(200),
    Duration::from_secs(4),
    7,
    Duration::from_secs(4),
);

/// What a datagram of the server's is.
pub(super) enum Relayed<'a> {
    /// A datagram of this peer's.
    Data(SocketAddr, turn_client_proto::api::TurnPeerData<&'a [u8]>),
    /// The server's own word.
    Handled,
    /// Nothing that the allocation has to do with.
    Other,
}

/// An allocation, wanted or granted.
pub(super) struct Relay {
    client: TurnClientUdp,
    /// The library counts from here.
    epoch: Instant,
    address: Option<SocketAddr>,
    failed: bool,
    /// Room for a wrapped datagram.
    wire: Box<[u8]>,
}

impl Relay {
    /// Asks `server` for an address of the family of `host`, from there.
    pub fn new(now: Instant, host: SocketAddr, server: &TurnServer) -> Self {
        let mut config = TurnConfig::new(TurnCredentials::new(&server.user, &server.password));
        if host.is_ipv6() {
            config.set_address_family(AddressFamily::IPV6);
        }
        let (first, most, count, last) = REPEAT;
        config.set_request_retransmits(first, most, count, last);
        Self {
            client: TurnClientUdp::allocate(host, server.address, config),
            epoch: now,
            address: None,
            failed: false,
            wire: vec![0; MAX_PACKET_LEN + WRAPPING].into(),
        }
    }

    fn time(&self, now: Instant) -> types::Instant {
        let since = now.saturating_duration_since(self.epoch);
        types::Instant::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    pub fn server(&self) -> SocketAddr {
        self.client.remote_addr()
    }

    /// The address, once granted.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Whether it is known what comes of the request.
    pub fn is_settled(&self) -> bool {
        self.failed || self.address.is_some()
    }

    /// Looks at a datagram of the server's.
    pub fn handle<'a>(&mut self, now: Instant, datagram: &'a [u8]) -> Relayed<'a> {
        let (server, host) = (self.server(), self.client.local_addr());
        let datagram = Transmit::new(datagram, TransportType::Udp, server, host);
        let received = self.client.recv(datagram, self.time(now));
        self.note_events();
        match received {
            TurnRecvRet::PeerData(data) => Relayed::Data(data.peer, data),
            TurnRecvRet::Ignored(_) => Relayed::Other,
            TurnRecvRet::Handled | TurnRecvRet::PeerIcmp { .. } => Relayed::Handled,
        }
    }

    /// Goes on with what the server is asked; to be called about every 20 ms.
    pub fn poll(&mut self, now: Instant, transmit: &mut impl FnMut(SocketAddr, &[u8])) {
        let time = self.time(now);
        if matches!(self.client.poll(time), TurnPollRet::Closed) {
            self.failed = true;
        }
        while let Some(request) = self.client.poll_transmit(time) {
            transmit(request.to, &request.data);
        }
        self.note_events();
    }

    fn note_events(&mut self) {
        while let Some(event) = self.client.poll_event() {
            match event {
                TurnEvent::AllocationCreated(_, address) => self.address = Some(address),
                TurnEvent::AllocationCreateFailed(_) => self.failed = true,
                // A permission or channel that is refused: that pair fails, or goes on wrapped.
                _ => {}
            }
        }
    }

    /// Lets a peer's datagrams through (RFC 8656 §9).
    pub fn permit(&mut self, now: Instant, peer: IpAddr) {
        let time = self.time(now);
        // One that is there already, or none on an allocation that is gone: nothing is owed.
        let _ = self
            .client
            .create_permission(TransportType::Udp, peer, time);
    }

    /// Shortens what is sent to a peer and comes from there (RFC 8656 §12).
    pub fn bind(&mut self, now: Instant, peer: SocketAddr) {
        let time = self.time(now);
        // Without a channel datagrams are longer and still arrive.
        let _ = self.client.bind_channel(TransportType::Udp, peer, time);
    }

    /// Sends `datagram` to `peer` by the server. Before the server lets the peer through it is lost.
    pub fn send(
        &mut self,
        now: Instant,
        peer: SocketAddr,
        datagram: &[u8],
        transmit: &mut impl FnMut(SocketAddr, &[u8]),
    ) {
        let time = self.time(now);
        let Ok(Some(wrapped)) = self
            .client
            .send_to(TransportType::Udp, peer, datagram, time)
        else {
            return;
        };
        if let Some(wire) = self.wire.get_mut(..wrapped.data.len()) {
            let wrapped = wrapped.write_into(wire);
            transmit(wrapped.to, wrapped.data);
        }
    }

    /// Gives the address back (RFC 8656 §7.1). Nobody waits for the server's word.
    pub fn release(&mut self, now: Instant, transmit: &mut impl FnMut(SocketAddr, &[u8])) {
        // Requests keep a distance of 50 ms to each other, for which nobody waits here either.
        let time = self.time(now + Duration::from_secs(1));
        if self.client.delete(time).is_ok() {
            while let Some(request) = self.client.poll_transmit(time) {
                transmit(request.to, &request.data);
            }
        }
    }
}
