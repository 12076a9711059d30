//! Names to addresses. Numeric hosts are answered at once, names by the system's resolver.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ringbook_sip::resolve::{ResolveError, Target};
use ringbook_sip::user_agent::{QueryId, Transport};

use super::message::{Inbox, Message};

/// A resolver that says nothing for this long says no.
const PATIENCE: Duration = Duration::from_secs(5);
/// Addresses tried of one name.
const MAX_TARGETS: usize = 8;

/// What is to be found out.
pub(super) struct Question {
    pub query: QueryId,
    pub host: String,
    pub port: Option<u16>,
    pub transport: Option<Transport>,
}

impl Question {
    fn targets(&self, addresses: impl IntoIterator<Item = IpAddr>) -> Vec<Target> {
        // RFC 3263 §4.1: UDP where neither the URI nor DNS names a transport.
        let transport = self.transport.unwrap_or(Transport::Udp);
        let port = self.port.unwrap_or(match transport {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
        });
        let target = |ip| Target {
            transport,
            address: SocketAddr::new(ip, port),
            source: None,
        };
        addresses
            .into_iter()
            .map(target)
            .take(MAX_TARGETS)
            .collect()
    }

    /// The answer that needs no network.
    pub fn answer(&self) -> Option<Vec<Target>> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = host.parse() {
            return Some(self.targets([ip]));
        }
        // RFC 6761 §6.3
        host.eq_ignore_ascii_case("localhost")
            .then(|| self.targets([Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]))
    }

    /// Asks the system's resolver and puts the answer into the inbox.
    pub fn ask(self, inbox: Inbox) {
        tokio::spawn(async move {
            let host = self.host.trim_end_matches('.').to_owned();
            let lookup = tokio::net::lookup_host((host, 0));
            let result = match tokio::time::timeout(PATIENCE, lookup).await {
                Ok(Ok(found)) => {
                    let mut addresses: Vec<IpAddr> = Vec::new();
                    for address in found.map(|address| address.ip()) {
                        if !addresses.contains(&address) {
                            addresses.push(address);
                        }
                    }
                    Ok(self.targets(addresses))
                }
                Ok(Err(_)) => Err(ResolveError::NotFound),
                Err(_) => Err(ResolveError::Failed),
            };
            inbox.put(Message::Resolved(self.query, result));
        });
    }
}
