//! What offer and answer say of ICE, as the agent takes it.

use std::fmt;
use std::net::SocketAddr;

use is::{Candidate, CandidateKind, Protocol};

/// A user name fragment and a password (RFC 8445 §5.3).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// Which session a check belongs to.
    pub ufrag: String,
    /// What proves it.
    pub password: String,
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IceCredentials({}, …)", self.ufrag)
    }
}

/// How an address of a side was found (RFC 8445 §5.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IceCandidateKind {
    /// Its computer's.
    Host,
    /// What a STUN server sees.
    ServerReflexive,
    /// What the other side sees.
    PeerReflexive,
    /// A TURN server's.
    Relayed,
}

/// An address at which a side may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IceCandidate {
    /// How it was found.
    pub kind: IceCandidateKind,
    /// Where datagrams have to go.
    pub address: SocketAddr,
    /// RFC 8445 §5.1.2: the higher, the better.
    pub priority: u32,
}

impl IceCandidate {
    /// A candidate of our own, with the priority that the agent gave it.
    pub(super) fn of_agent(candidate: &Candidate) -> Self {
        Self {
            kind: match candidate.kind() {
                CandidateKind::Host => IceCandidateKind::Host,
                CandidateKind::ServerReflexive => IceCandidateKind::ServerReflexive,
                CandidateKind::PeerReflexive => IceCandidateKind::PeerReflexive,
                CandidateKind::Relayed => IceCandidateKind::Relayed,
            },
            address: candidate.addr(),
            priority: candidate.prio(),
        }
    }

    /// A candidate of the peer's; `number` tells it from the others.
    pub(super) fn to_agent(self, number: usize) -> Candidate {
        let kind = match self.kind {
            IceCandidateKind::Host => CandidateKind::Host,
            IceCandidateKind::ServerReflexive => CandidateKind::ServerReflexive,
            IceCandidateKind::PeerReflexive => CandidateKind::PeerReflexive,
            IceCandidateKind::Relayed => CandidateKind::Relayed,
        };
        let (foundation, address) = (number.to_string(), self.address);
        Candidate::from_parts(
            foundation,
            1,
            Protocol::Udp,
            self.priority,
            address,
            kind,
            None,
            None,
            None,
        )
    }
}

/// A TURN server and our account there (RFC 8656).
#[derive(Clone, PartialEq, Eq)]
pub struct TurnServer {
    /// Where it is reached by UDP.
    pub address: SocketAddr,
    /// The account's name.
    pub user: String,
    /// The account's password.
    pub password: String,
}

impl fmt::Debug for TurnServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TurnServer({}, {}, …)", self.address, self.user)
    }
}

/// What offer and answer agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceSession {
    /// We choose the pair (RFC 8445 §6.1.1).
    pub controlling: bool,
    /// Ours.
    pub local: IceCredentials,
    /// The peer's.
    pub remote: IceCredentials,
    /// Where the peer may be reached.
    pub candidates: Vec<IceCandidate>,
}
