//! A stub resolver for the records that the system's own resolver does not look up.
//!
//! Each question goes out from a socket of its own, with a number nobody can guess (RFC 5452);
//! whatever comes back is bounded.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use ringbook_sip::resolve::{Answer, Naptr, Records, ResolveError, Srv};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// A name server that says nothing for this long is asked again, or another one is.
const TRY: Duration = Duration::from_millis(1500);
const ROUNDS: usize = 2;
/// Name servers of the system that are asked.
const MAX_SERVERS: usize = 3;
/// Names that stand for other names.
const MAX_ALIASES: usize = 8;
/// Records of one answer; more come only from somebody who means harm.
const MAX_RECORDS: usize = 64;
/// The largest datagram without an agreement about it, and a good deal more.
const DATAGRAM: usize = 4096;
const PORT: u16 = 53;

/// Which name servers are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dns {
    /// Of the settings; none for the system's.
    pub server: Option<SocketAddr>,
}

impl Dns {
    /// The NAPTR records of a domain.
    pub async fn naptr(self, domain: &str) -> Result<Answer, ResolveError> {
        let found = self.ask(domain, RecordType::NAPTR).await?;
        found.answer(
            |data| match data {
                RData::NAPTR(record) => Some(Naptr {
                    order: record.order,
                    preference: record.preference,
                    flags: text(&record.flags),
                    service: text(&record.services),
                    replacement: host(&record.replacement),
                }),
                _ => None,
            },
            Records::Naptr,
        )
    }

    /// The SRV records of a service.
    pub async fn srv(self, service: &str) -> Result<Answer, ResolveError> {
        let found = self.ask(service, RecordType::SRV).await?;
        found.answer(
            |data| match data {
                RData::SRV(record) => Some(Srv {
                    priority: record.priority,
                    weight: record.weight,
                    port: record.port,
                    target: host(&record.target),
                }),
                _ => None,
            },
            Records::Srv,
        )
    }

    /// The addresses of a host, IPv6 before IPv4 (RFC 6724).
    pub async fn addresses(self, name: &str) -> Result<Answer, ResolveError> {
        let (six, four) = tokio::join!(
            self.ask(name, RecordType::AAAA),
            self.ask(name, RecordType::A)
        );
        let address = |data: &RData| match data {
            RData::A(ip) => Some(IpAddr::V4(ip.0)),
            RData::AAAA(ip) => Some(IpAddr::V6(ip.0)),
            _ => None,
        };
        let found = |answer: Result<Found, ResolveError>| {
            answer.and_then(|found| found.answer(address, Records::Addresses))
        };
        match (found(six), found(four)) {
            (Ok(six), Ok(four)) => Ok(joined(six, four)),
            (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
            (Err(ResolveError::NotFound), Err(ResolveError::NotFound)) => {
                Err(ResolveError::NotFound)
            }
            _ => Err(ResolveError::Failed),
        }
    }

    /// Asks, and follows aliases as far as they lead.
    async fn ask(self, name: &str, kind: RecordType) -> Result<Found, ResolveError> {
        let mut name = Name::from_ascii(name).map_err(|_| ResolveError::NotFound)?;
        name.set_fqdn(true);
        let servers = self.servers().await;
        let mut ttl = u32::MAX;
        for _ in 0..MAX_ALIASES {
            let message = exchange(&servers, &name, kind).await?;
            let mut records = message.answers;
            records.truncate(MAX_RECORDS);
            let end = follow(name.clone(), &records, &mut ttl);
            records.retain(|record| record.name == end && record.record_type() == kind);
            if !records.is_empty() || end == name {
                return Ok(Found { records, ttl });
            }
            name = end;
        }
        Err(ResolveError::Failed)
    }

    async fn servers(self) -> Vec<SocketAddr> {
        if let Some(server) = self.server {
            return vec![server];
        }
        let read = tokio::task::spawn_blocking(|| std::fs::read_to_string("/etc/resolv.conf"));
        let text = read.await.map(Result::unwrap_or_default);
        named_servers(&text.unwrap_or_default())
    }
}

/// The records of the kind that was asked for.
struct Found {
    records: Vec<Record>,
    /// Of the aliases on the way.
    ttl: u32,
}

impl Found {
    fn answer<T>(
        self,
        take: impl Fn(&RData) -> Option<T>,
        wrap: impl FnOnce(Vec<T>) -> Records,
    ) -> Result<Answer, ResolveError> {
        let ttl = self.records.iter().map(|record| record.ttl).min();
        let records: Vec<T> = self.records.iter().filter_map(|r| take(&r.data)).collect();
        if records.is_empty() {
            return Err(ResolveError::NotFound);
        }
        let seconds = ttl.unwrap_or_default().min(self.ttl);
        Ok(Answer {
            records: wrap(records),
            ttl: Duration::from_secs(u64::from(seconds)),
        })
    }
}

fn joined(first: Answer, second: Answer) -> Answer {
    match (first.records, second.records) {
        (Records::Addresses(mut one), Records::Addresses(two)) => {
            one.extend(two);
            Answer {
                records: Records::Addresses(one),
                ttl: first.ttl.min(second.ttl),
            }
        }
        (records, _) => Answer {
            records,
            ttl: first.ttl,
        },
    }
}

/// Where the aliases among `records` lead from `name`.
fn follow(mut name: Name, records: &[Record], ttl: &mut u32) -> Name {
    for _ in 0..MAX_ALIASES {
        let alias = records.iter().find_map(|record| match &record.data {
            RData::CNAME(alias) if record.name == name => Some((&alias.0, record.ttl)),
            _ => None,
        });
        let Some((next, life)) = alias else { break };
        *ttl = life.min(*ttl);
        name = next.clone();
    }
    name
}

/// One question to one name server after the other, twice.
async fn exchange(
    servers: &[SocketAddr],
    name: &Name,
    kind: RecordType,
) -> Result<Message, ResolveError> {
    for server in servers.iter().cycle().take(servers.len() * ROUNDS) {
        let Ok(Ok(message)) = timeout(TRY, ask_one(*server, name, kind)).await else {
            continue;
        };
        match message.metadata.response_code {
            ResponseCode::NoError => return Ok(message),
            ResponseCode::NXDomain => return Err(ResolveError::NotFound),
            _ => {}
        }
    }
    Err(ResolveError::Failed)
}

async fn ask_one(server: SocketAddr, name: &Name, kind: RecordType) -> io::Result<Message> {
    let mut question = Message::query();
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(name.clone(), kind));
    let bytes = question.to_vec().map_err(io::Error::other)?;
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    // Connected, it hears nobody but the name server.
    socket.connect(server).await?;
    socket.send(&bytes).await?;
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let received = buffer.get(..length).unwrap_or_default();
        match Message::from_vec(received) {
            Ok(message) if !answers(&message, &question) => {}
            Ok(message) if message.metadata.truncation => {
                return ask_by_stream(server, &question, &bytes).await;
            }
            Ok(message) => return Ok(message),
            // Whoever sent it, the true answer may follow.
            Err(_) => {}
        }
    }
}

/// RFC 7766: what does not fit into a datagram.
async fn ask_by_stream(
    server: SocketAddr,
    question: &Message,
    bytes: &[u8],
) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(bytes).await?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).await?;
    let mut buffer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut buffer).await?;
    let message = Message::from_vec(&buffer).map_err(io::Error::other)?;
    match answers(&message, question) {
        true => Ok(message),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn answers(message: &Message, question: &Message) -> bool {
    use hickory_proto::op::MessageType::Response;
    message.metadata.message_type == Response
        && message.metadata.id == question.metadata.id
        && message.queries == question.queries
}

/// The `nameserver` lines of resolv.conf.
fn named_servers(text: &str) -> Vec<SocketAddr> {
    let address = |line: &str| {
        let rest = line.trim().strip_prefix("nameserver")?;
        Some(SocketAddr::new(rest.trim().parse().ok()?, PORT))
    };
    let mut servers: Vec<_> = text.lines().filter_map(address).take(MAX_SERVERS).collect();
    if servers.is_empty() {
        servers.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT));
    }
    servers
}

/// A name as text, without the root's dot; the root itself keeps it.
fn host(name: &Name) -> String {
    let text = name.to_ascii();
    match text.strip_suffix('.') {
        Some(bare) if !bare.is_empty() => bare.to_ascii_lowercase(),
        _ => text,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use hickory_proto::rr::rdata::CNAME;

    use super::*;

    fn alias(from: &str, to: &str) -> Record {
        let name = |text: &str| Name::from_ascii(text).unwrap();
        Record::from_rdata(name(from), 60, RData::CNAME(CNAME(name(to))))
    }

    #[test]
    fn aliases_that_run_in_circles_come_to_an_end() {
        let records = [
            alias("a.example.", "b.example."),
            alias("b.example.", "a.example."),
        ];
        let mut ttl = u32::MAX;
        let name = Name::from_ascii("a.example.").unwrap();
        assert_eq!(follow(name.clone(), &records, &mut ttl), name);
        assert_eq!(ttl, 60);
    }

    #[test]
    fn the_systems_name_servers_are_read() {
        let text = "# made by hand\nsearch x\nnameserver 192.0.2.1\nnameserver ::1\nnameserver x\n";
        let servers = named_servers(text);
        let expected: Vec<SocketAddr> =
            vec!["192.0.2.1:53".parse().unwrap(), "[::1]:53".parse().unwrap()];
        assert_eq!(servers, expected);
        let local: SocketAddr = "127.0.0.1:53".parse().unwrap();
        assert_eq!(named_servers(""), [local]);
    }
}
