//! What a line did to reach its server: names asked for, connections made, requests sent.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use ringbook_sip::message::{Message, Via, parse_datagram};
use serde::Serialize;

use super::record;

/// The most steps that are kept; the oldest go.
const STEPS: usize = 64;

/// What was done to reach the servers of all lines, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Way {
    /// Names and connections.
    pub steps: VecDeque<Step>,
    /// The latest REGISTERs of the line and their answers.
    pub messages: Vec<record::Message>,
}

/// One step on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// A name was looked up.
    Answered {
        /// `NAPTR office.example`, `SRV _sip._udp.office.example`, `office.example`.
        question: String,
        /// What was found; empty for nothing.
        found: Vec<String>,
    },
    /// A connection is being made.
    Connecting {
        /// `TCP`, `TLS`.
        transport: &'static str,
        /// To whom.
        remote: SocketAddr,
    },
    /// It stands; where it is TLS, the far end has proved who it is.
    Connected {
        /// With whom.
        remote: SocketAddr,
    },
    /// It could not be made.
    Refused {
        /// Why, and what to do about it, where somebody said so.
        why: Option<String>,
    },
}

impl Way {
    /// Adds a step.
    pub fn push(&mut self, step: Step) {
        if self.steps.len() == STEPS {
            self.steps.pop_front();
        }
        self.steps.push_back(step);
    }

    /// Everybody who was tried.
    pub fn targets(&self) -> Vec<SocketAddr> {
        let connections = self.steps.iter().filter_map(|step| match step {
            Step::Connecting { remote, .. } => Some(*remote),
            _ => None,
        });
        let requests = self.messages.iter().filter(|message| message.sent);
        let mut targets: Vec<SocketAddr> = Vec::new();
        for target in connections.chain(requests.map(|message| message.remote)) {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        targets
    }

    /// The latest answer.
    pub fn answer(&self) -> Option<&record::Message> {
        let mut latest = self.messages.iter().rev();
        latest.find(|message| !message.sent && message.status().is_some_and(|s| s >= 200))
    }

    /// Our address as the server sees it, and as it is here (RFC 3581).
    pub fn seen_as(&self) -> Option<(SocketAddr, SocketAddr)> {
        let answer = self.answer()?;
        let Ok(Message::Response(response)) = parse_datagram(answer.text.as_bytes()) else {
            return None;
        };
        let via: &Via = &response.top_via;
        let port: u16 = via.params.get("rport")?.parse().ok()?;
        let ip: IpAddr = match via.params.get("received") {
            Some(received) => received.trim_matches(['[', ']']).parse().ok()?,
            None => via.host.ip()?,
        };
        Some((SocketAddr::new(ip, port), answer.local))
    }
}
