//! Keeps the way to the servers: which names were asked for, which connections made.

use std::net::IpAddr;

use ringbook_sip::resolve::{Answer, Naptr, Question, Records, ResolveError, Srv};
use ringbook_sip::user_agent::{ConnectionId, QueryId, StreamEvent, Transport};

use crate::flight::way::{Step, Way};

/// Questions and connections that wait for their outcome.
const WAITING: usize = 64;

/// The way so far.
#[derive(Debug, Default)]
pub(super) struct Ways {
    pub(super) way: Way,
    asked: Vec<(QueryId, String)>,
    connecting: Vec<ConnectionId>,
}

impl Ways {
    /// A name is looked up.
    pub(super) fn ask(&mut self, query: QueryId, question: &Question) {
        let text = match question {
            Question::Naptr(domain) => format!("NAPTR {domain}"),
            Question::Srv(service) => format!("SRV {service}"),
            Question::Addresses(host) => host.clone(),
            Question::Source(_) => return,
        };
        make_room(&mut self.asked);
        self.asked.push((query, text));
    }

    /// What came of it.
    pub(super) fn answer(&mut self, query: QueryId, answer: &Result<Answer, ResolveError>) {
        let Some(place) = self.asked.iter().position(|(asked, _)| *asked == query) else {
            return;
        };
        let (_, question) = self.asked.swap_remove(place);
        let found = match answer {
            Ok(answer) => found(&answer.records),
            Err(_) => Vec::new(),
        };
        self.way.push(Step::Answered { question, found });
    }

    pub(super) fn connect(
        &mut self,
        connection: ConnectionId,
        transport: Transport,
        remote: std::net::SocketAddr,
    ) {
        let transport = match transport {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        };
        make_room(&mut self.connecting);
        self.connecting.push(connection);
        self.way.push(Step::Connecting { transport, remote });
    }

    pub(super) fn stream(&mut self, connection: ConnectionId, event: &StreamEvent<'_>) {
        let step = match event {
            StreamEvent::Connected { peer, .. } => Step::Connected { remote: *peer },
            StreamEvent::Refused(why) => Step::Refused {
                why: Some((*why).to_owned()),
            },
            StreamEvent::Closed => Step::Refused { why: None },
            StreamEvent::Accepted { .. } | StreamEvent::Data(_) => return,
        };
        // What happens to it later is no part of the way.
        let place = self
            .connecting
            .iter()
            .position(|known| *known == connection);
        if let Some(place) = place {
            self.connecting.swap_remove(place);
            self.way.push(step);
        }
    }
}

fn found(records: &Records) -> Vec<String> {
    match records {
        Records::Naptr(records) => {
            let shown = |record: &Naptr| format!("{} {}", record.service, record.replacement);
            records.iter().map(shown).collect()
        }
        Records::Srv(records) => {
            let shown = |record: &Srv| format!("{}:{}", record.target, record.port);
            records.iter().map(shown).collect()
        }
        Records::Addresses(ips) => ips.iter().map(IpAddr::to_string).collect(),
    }
}

fn make_room<T>(waiting: &mut Vec<T>) {
    if waiting.len() == WAITING {
        waiting.remove(0);
    }
}
