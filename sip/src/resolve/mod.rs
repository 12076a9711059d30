//! Where a URI leads (RFC 3263): what the URI says itself, what DNS has to be asked, and which
//! targets follow. The driver asks; what is asked and chosen is decided here.

mod find;
mod records;

use std::net::SocketAddr;

pub(crate) use find::{Known, find};
pub use records::{Answer, Naptr, Question, Records, ResolveError, Srv};

use crate::message::{Host, Uri};
use crate::user_agent::Transport;

/// One place to send a request to, best first in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Target {
    /// How.
    pub(crate) transport: Transport,
    /// Where.
    pub(crate) address: SocketAddr,
}

/// Where a URI leads before any question to the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// The URI says it all.
    Address(Target),
    /// A name has to be looked up.
    Name(Place),
}

/// A name as a URI gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// In lower case, without a dot at its end.
    pub(crate) host: String,
    /// A port of the URI's own excludes NAPTR and SRV (RFC 3263 §4.1).
    pub(crate) port: Option<u16>,
    /// The transport the URI or the account asks for.
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
            Destination::Address(Target {
                transport,
                address: SocketAddr::new(ip, port),
            })
        }
        None => Destination::Name(Place {
            host: plain_name(&host),
            port: sip.port,
            transport,
        }),
    })
}

/// A host as DNS and certificates compare it: in lower case, without the root's dot, an address
/// without brackets.
pub(crate) fn plain_name(host: &Host) -> String {
    match host {
        Host::Domain(name) => name.trim_end_matches('.').to_ascii_lowercase(),
        Host::Ip4(ip) => ip.to_string(),
        Host::Ip6(ip) => ip.to_string(),
    }
}

/// Whether a URI is only ever followed inside TLS.
pub(crate) fn is_tls(uri: &Uri, preferred: Option<Transport>) -> bool {
    let transport = match destination(uri, preferred) {
        Some(Destination::Address(target)) => Some(target.transport),
        Some(Destination::Name(place)) => place.transport,
        None => None,
    };
    transport == Some(Transport::Tls)
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

#[cfg(test)]
mod tests;
