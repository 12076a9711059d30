//! Between a stream and the network: whose a datagram is, and where packets go.

use std::net::SocketAddr;
use std::time::Instant;

use super::StreamConfig;
use crate::ice::Ice;

/// Where a datagram came from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// The peer, by a way on which it has proven itself (RFC 8445 §7.3).
    Peer,
    /// Whoever is at this address.
    Address(SocketAddr),
}

/// Whether both sides use ICE, which then decides about every packet.
pub(super) fn is_by_ice(config: Option<&StreamConfig>, ice: &Ice) -> bool {
    ice.is_connected() && config.is_some_and(|config| config.ice.is_some())
}

/// The way to the peer.
pub(super) struct Out<'a> {
    /// The peer's end of it.
    pub to: SocketAddr,
    ice: Option<&'a mut Ice>,
}

impl<'a> Out<'a> {
    /// The way that ICE has found; where it is not used, to `signalled`. `None`: there is none.
    pub fn new(
        config: &StreamConfig,
        ice: Option<&'a mut Ice>,
        signalled: Option<SocketAddr>,
    ) -> Option<Self> {
        match ice.filter(|ice| is_by_ice(Some(config), ice)) {
            Some(ice) => Some(Self {
                to: ice.nominated()?.peer,
                ice: Some(ice),
            }),
            None => Self::to(signalled?),
        }
    }

    /// To this address, if SDP gave one: 0.0.0.0 was the hold of RFC 2543, port 0 is none.
    pub fn to(to: SocketAddr) -> Option<Self> {
        let is_reachable = !to.ip().is_unspecified() && to.port() != 0;
        is_reachable.then_some(Self { to, ice: None })
    }

    /// Sends a packet.
    pub fn send(
        &mut self,
        now: Instant,
        packet: &[u8],
        transmit: &mut impl FnMut(SocketAddr, &[u8]),
    ) {
        match &mut self.ice {
            Some(ice) => ice.send(now, packet, transmit),
            None => transmit(self.to, packet),
        }
    }
}
