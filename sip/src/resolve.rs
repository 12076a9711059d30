//! Where a URI leads (RFC 3263): the part that needs no network, and the targets the driver finds.

use std::net::{IpAddr, SocketAddr};

use crate::message::{Host, Uri};
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

/// Where a URI leads before any question to the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// The URI says it all.
    Address(Target),
    /// A name has to be looked up.
    Name(Question),
}

/// What the driver is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) transport: Option<Transport>,
}

/// RFC 3263 §4.1 and §4.2, as far as the URI alone decides. None: nothing we can send to.
pub(crate) fn destination(uri: &Uri, preferred: Option<Transport>) -> Option<Destination> {
    let sip = uri.as_sip()?;
    let transport = match sip.transport() {
        _ if sip.secure => Some(Transport::Tls),
        Some(name) => Some(transport_of(name)?),
        None => preferred,
    };
    // `maddr` overrides the host (RFC 3261 §19.1.1).
    let host = match sip.params.get("maddr").map(Host::parse) {
        Some(Ok(host)) => host,
        _ => sip.host.clone(),
    };
    Some(match host.ip() {
        Some(ip) => {
            let transport = transport.unwrap_or(Transport::Udp);
            let port = sip.port.unwrap_or(default_port(transport));
            let address = SocketAddr::new(ip, port);
            Destination::Address(Target {
                transport,
                address,
                source: None,
            })
        }
        None => Destination::Name(Question {
            host: host.to_string(),
            port: sip.port,
            transport,
        }),
    })
}

/// The transport a `transport` parameter names; none for one we do not speak.
fn transport_of(name: &str) -> Option<Transport> {
    match () {
        () if name.eq_ignore_ascii_case("udp") => Some(Transport::Udp),
        () if name.eq_ignore_ascii_case("tcp") => Some(Transport::Tcp),
        () if name.eq_ignore_ascii_case("tls") => Some(Transport::Tls),
        () => None,
    }
}

/// The port of a URI or Via that names none (RFC 3261 §19.1.2).
pub(crate) fn default_port(transport: Transport) -> u16 {
    match transport {
        Transport::Tls => 5061,
        Transport::Udp | Transport::Tcp => 5060,
    }
}
