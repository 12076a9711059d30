//! Names the driver looked up for us, and those it is looking up.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::{Output, QueryId, Transport};
use crate::message::Uri;
use crate::resolve::{Destination, Question, Target, destination};

/// How long an answer is used without asking again.
const FRESH: Duration = Duration::from_secs(60);
const MAX_ENTRIES: usize = 64;
const MAX_QUERIES: usize = 256;

#[derive(Debug)]
struct Entry {
    question: Question,
    targets: Vec<Target>,
    at: Instant,
}

/// What is known about a name.
pub(super) enum Answer {
    Known(Vec<Target>),
    Asked(QueryId),
    /// Too many questions are open.
    Refused,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    entries: VecDeque<Entry>,
    open: BTreeMap<QueryId, Question>,
    last: u64,
}

impl Names {
    pub(super) fn ask(
        &mut self,
        now: Instant,
        question: Question,
        outputs: &mut VecDeque<Output>,
    ) -> Answer {
        let fresh = |e: &&Entry| e.question == question && now < e.at + FRESH;
        if let Some(entry) = self.entries.iter().find(fresh) {
            return Answer::Known(entry.targets.clone());
        }
        if let Some((&query, _)) = self.open.iter().find(|(_, open)| **open == question) {
            return Answer::Asked(query);
        }
        if self.open.len() >= MAX_QUERIES {
            return Answer::Refused;
        }
        self.last += 1;
        let query = QueryId(self.last);
        outputs.push_back(Output::Resolve {
            query,
            host: question.host.clone(),
            port: question.port,
            transport: question.transport,
        });
        self.open.insert(query, question);
        Answer::Asked(query)
    }

    /// Takes the driver's answer. A failure is not remembered, and leaves what was known before
    /// as the proof of who our proxy is. False: nobody asked.
    pub(super) fn answered(&mut self, now: Instant, query: QueryId, targets: &[Target]) -> bool {
        let Some(question) = self.open.remove(&query) else {
            return false;
        };
        if !targets.is_empty() {
            self.entries.retain(|entry| entry.question != question);
            if self.entries.len() >= MAX_ENTRIES {
                self.entries.pop_front();
            }
            let targets = targets.to_vec();
            self.entries.push_back(Entry {
                question,
                targets,
                at: now,
            });
        }
        true
    }

    /// A target did not answer: ask anew the next time.
    pub(super) fn forget(&mut self, now: Instant, address: SocketAddr) {
        for entry in &mut self.entries {
            if entry.targets.iter().any(|target| target.address == address) {
                entry.at = entry.at.min(now.checked_sub(FRESH).unwrap_or(now));
            }
        }
    }

    /// Whether `uri` is known to lead to `address`.
    pub(super) fn leads_to(
        &self,
        uri: &Uri,
        preferred: Option<Transport>,
        address: SocketAddr,
    ) -> bool {
        self.leads(uri, preferred, |target| target.address == address)
    }

    /// Whether `uri` is known to lead to `ip`, on whatever port.
    pub(super) fn leads_to_ip(&self, uri: &Uri, ip: IpAddr) -> bool {
        self.leads(uri, None, |target| target.address.ip() == ip)
    }

    fn leads(
        &self,
        uri: &Uri,
        preferred: Option<Transport>,
        is_there: impl Fn(&Target) -> bool,
    ) -> bool {
        match destination(uri, preferred) {
            Some(Destination::Address(target)) => is_there(&target),
            Some(Destination::Name(question)) => self.entries.iter().any(|entry| {
                entry.question.host.eq_ignore_ascii_case(&question.host)
                    && entry.targets.iter().any(&is_there)
            }),
            None => false,
        }
    }
}
