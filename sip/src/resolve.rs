//! Where a URI leads (RFC 3263): the part that needs no network, and the targets the driver finds.

use std::net::{IpAddr, SocketAddr};

use crate::user_agent::Transport;

/// One place to send a request to, best first in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// How.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
    /// The local address the system would send from; needed when the listener is bound to
    /// the unspecified address.
    pub source: Option<IpAddr>,
}

/// Why a name led nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist or has no usable record.
    #[error("the name was not found")]
    NotFound,
    /// DNS did not answer.
    #[error("name resolution failed")]
    Failed,
}
