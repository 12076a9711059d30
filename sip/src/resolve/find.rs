//! From a name to targets (RFC 3263 §4), as a pure function of what DNS has said so far.

use std::net::{IpAddr, SocketAddr};

use super::{Naptr, Place, Question, Records, ResolveError, Srv, Target, default_port};
use crate::message::Host;
use crate::user_agent::Transport;

/// Records of one answer that are looked at; more come only from somebody who means harm.
const MAX_RECORDS: usize = 16;
/// Addresses tried of one host.
const MAX_ADDRESSES: usize = 4;
/// Targets of one name.
const MAX_TARGETS: usize = 16;

/// What is known of a question: nothing, its records, or why there are none.
pub(crate) type Known<'a> = Option<Result<&'a Records, ResolveError>>;

/// Where a name leads, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Best first.
    pub(crate) targets: Vec<Target>,
    /// What has to be asked before the list is whole.
    pub(crate) missing: Vec<Question>,
}

/// One way to a host, before its address is known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Way {
    transport: Transport,
    host: String,
    port: u16,
}

/// The targets of `place`. `known` tells what DNS has said, `dice` gives a number below its
/// argument (RFC 2782's weights).
pub(crate) fn find<'a>(
    place: &Place,
    known: impl Fn(&Question) -> Known<'a>,
    dice: impl FnMut(u64) -> u64,
) -> Finding {
    let mut finder = Finder {
        known,
        dice,
        missing: Vec::new(),
        is_denied: false,
    };
    let ways = finder.ways(place);
    let mut targets = Vec::new();
    for way in &ways {
        targets.extend(finder.targets(way));
    }
    // RFC 3263 §4.1: who prefers TLS is not to be talked out of it by a blocked port.
    if ways
        .first()
        .is_some_and(|way| way.transport == Transport::Tls)
    {
        targets.retain(|target| target.transport == Transport::Tls);
    }
    targets.dedup();
    targets.truncate(MAX_TARGETS);
    Finding {
        targets,
        missing: finder.missing,
    }
}

struct Finder<K, D> {
    known: K,
    dice: D,
    missing: Vec<Question>,
    is_denied: bool,
}

impl<'a, K, D> Finder<K, D>
where
    K: Fn(&Question) -> Known<'a>,
    D: FnMut(u64) -> u64,
{
    /// The records of a question; what is not known yet is missing.
    fn ask(&mut self, question: Question) -> Option<&'a Records> {
        match (self.known)(&question) {
            Some(answer) => answer.ok(),
            None => {
                self.missing.push(question);
                None
            }
        }
    }

    /// RFC 3263 §4.1 and §4.2: transports, hosts and ports.
    fn ways(&mut self, place: &Place) -> Vec<Way> {
        // A port says that it is known where to go; a name without a dot is none of DNS's.
        let is_plain = place.port.is_some() || !place.host.contains('.');
        let mut ways = Vec::new();
        if !is_plain {
            for (transport, name) in self.services(place) {
                ways.extend(self.service_ways(transport, name));
            }
        }
        if ways.is_empty() && self.missing.is_empty() && !self.is_denied {
            let transport = place.transport.unwrap_or(Transport::Udp);
            ways.push(Way {
                transport,
                host: place.host.clone(),
                port: place.port.unwrap_or(default_port(transport)),
            });
        }
        ways
    }

    /// The services to look for, in the order of the domain's wish.
    fn services(&mut self, place: &Place) -> Vec<(Transport, String)> {
        let usual = |transport| (transport, service_name(transport, &place.host));
        if let Some(transport) = place.transport {
            return vec![usual(transport)];
        }
        let records = match self.ask(Question::Naptr(place.host.clone())) {
            Some(Records::Naptr(records)) => records.as_slice(),
            _ => &[],
        };
        let chosen = chosen_services(records);
        if chosen.is_empty() {
            return vec![usual(Transport::Udp), usual(Transport::Tcp)];
        }
        chosen
    }

    fn service_ways(&mut self, transport: Transport, name: String) -> Vec<Way> {
        let Some(Records::Srv(records)) = self.ask(Question::Srv(name)) else {
            return Vec::new();
        };
        // RFC 2782: the service is decidedly not to be had, whatever the host's address.
        self.is_denied |= records.iter().all(|record| record.target == ".");
        let usable = |record: &&Srv| is_name(&record.target) && record.port != 0;
        let records = records.iter().take(MAX_RECORDS).filter(usable);
        let ordered = in_order(records.collect(), &mut self.dice);
        let way = |record: &Srv| Way {
            transport,
            host: record.target.clone(),
            port: record.port,
        };
        ordered.into_iter().map(way).collect()
    }

    fn targets(&mut self, way: &Way) -> Vec<Target> {
        let addresses = match way.host.parse::<IpAddr>() {
            Ok(ip) => vec![ip],
            Err(_) => match self.ask(Question::Addresses(way.host.clone())) {
                Some(Records::Addresses(addresses)) => addresses.clone(),
                _ => Vec::new(),
            },
        };
        let target = |ip| Target {
            transport: way.transport,
            address: SocketAddr::new(ip, way.port),
        };
        addresses
            .into_iter()
            .take(MAX_ADDRESSES)
            .map(target)
            .collect()
    }
}

/// What a service is called that has no NAPTR record to name it (RFC 3263 §4.2).
fn service_name(transport: Transport, host: &str) -> String {
    let service = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    };
    format!("{service}.{host}")
}

/// RFC 3263 §4.1: the transports that we speak, by order and preference.
fn chosen_services(records: &[Naptr]) -> Vec<(Transport, String)> {
    let mut records: Vec<&Naptr> = records.iter().take(MAX_RECORDS).collect();
    records.sort_by_key(|record| (record.order, record.preference));
    let chosen = records.into_iter().filter_map(|record| {
        let transport = match record.service.to_ascii_uppercase().as_str() {
            "SIP+D2U" => Transport::Udp,
            "SIP+D2T" => Transport::Tcp,
            "SIPS+D2T" => Transport::Tls,
            _ => return None,
        };
        let is_srv = record.flags.eq_ignore_ascii_case("s") && is_name(&record.replacement);
        is_srv.then(|| (transport, record.replacement.clone()))
    });
    chosen.collect()
}

/// RFC 2782: the lowest priority first; within one, each next by chance in proportion to the
/// weights, those without weight last but for a small chance.
fn in_order<'r>(mut records: Vec<&'r Srv>, dice: &mut impl FnMut(u64) -> u64) -> Vec<&'r Srv> {
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let equals = || records.iter().take_while(|r| r.priority == priority);
        let sum: u64 = equals().map(|record| u64::from(record.weight)).sum();
        let drawn = dice(sum + 1);
        let mut running = 0;
        let place = equals().position(|record| {
            running += u64::from(record.weight);
            running >= drawn
        });
        // The last of them reaches the sum, which no number drawn is above.
        let place = place.unwrap_or(0);
        ordered.push(records.remove(place));
    }
    ordered
}

/// Whether a name out of DNS can be asked for: what no host is called is left alone.
fn is_name(name: &str) -> bool {
    let sound = name.len() <= 253 && !name.split('.').any(|label| label.len() > 63);
    sound && matches!(Host::parse(name), Ok(Host::Domain(_) | Host::Ip4(_)))
}
