//! Questions about names: the driver only asks; what follows from the answers is decided in
//! [`ringbook_sip::resolve`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ringbook_sip::resolve::{Answer, Question, Records, ResolveError};
use ringbook_sip::user_agent::QueryId;

use super::dns::Dns;
use super::message::{Inbox, Message};

/// A question that is not answered by then is not answered at all.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer is believed that says nothing about it.
const LIFE: Duration = Duration::from_secs(60);

/// The answer that needs no network.
pub(super) fn answer_at_once(question: &Question) -> Option<Result<Answer, ResolveError>> {
    let (Question::Naptr(name) | Question::Srv(name) | Question::Addresses(name)) = question else {
        return None;
    };
    // RFC 6761 §6.3
    let is_here = name == "localhost" || name.ends_with(".localhost");
    is_here.then(|| match question {
        Question::Addresses(_) => Ok(addresses(vec![
            Ipv4Addr::LOCALHOST.into(),
            Ipv6Addr::LOCALHOST.into(),
        ])),
        _ => Err(ResolveError::NotFound),
    })
}

/// Asks, and puts the answer into the inbox.
pub(super) fn ask(query: QueryId, question: Question, dns: Dns, inbox: Inbox) {
    tokio::spawn(async move {
        let answer = match &question {
            Question::Naptr(domain) => patient(dns.naptr(domain)).await,
            Question::Srv(service) => patient(dns.srv(service)).await,
            Question::Addresses(host) => find_addresses(host, dns).await,
            Question::Source(_) => Err(ResolveError::Failed),
        };
        inbox.put(Message::Resolved(query, answer));
    });
}

/// The addresses of a host; none where they are not found.
pub(super) async fn addresses_of(host: &str, dns: Dns) -> Vec<IpAddr> {
    match find_addresses(host, dns).await.map(|answer| answer.records) {
        Ok(Records::Addresses(found)) => found,
        _ => Vec::new(),
    }
}

async fn find_addresses(host: &str, dns: Dns) -> Result<Answer, ResolveError> {
    match dns.server {
        Some(_) => patient(dns.addresses(host)).await,
        None => patient(by_the_system(host)).await,
    }
}

async fn patient(
    asking: impl Future<Output = Result<Answer, ResolveError>>,
) -> Result<Answer, ResolveError> {
    tokio::time::timeout(PATIENCE, asking)
        .await
        .unwrap_or(Err(ResolveError::Failed))
}

/// The system knows its hosts file, its local network's names, and its own order.
async fn by_the_system(host: &str) -> Result<Answer, ResolveError> {
    let found = tokio::net::lookup_host((host, 0)).await;
    let found = found.map_err(|_| ResolveError::NotFound)?;
    let mut ips: Vec<IpAddr> = Vec::new();
    for ip in found.map(|address| address.ip()) {
        if !ips.contains(&ip) {
            ips.push(ip);
        }
    }
    match ips.is_empty() {
        true => Err(ResolveError::NotFound),
        false => Ok(addresses(ips)),
    }
}

/// An answer that lives as long as one whose life nobody knows.
pub(super) fn addresses(ips: Vec<IpAddr>) -> Answer {
    Answer {
        records: Records::Addresses(ips),
        ttl: LIFE,
    }
}
