//! What DNS has said, what it is being asked, and which servers failed of late.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::network::Flow;
use super::random::Random;
use super::{Output, QueryId, Transport};
use crate::message::Uri;
use crate::resolve::{
    Answer, Destination, Known, Place, Question, Records, ResolveError, Target, destination, find,
};

/// An answer is believed no longer than this, whatever it says of itself, and long enough to be
/// used at all.
const LONGEST: Duration = Duration::from_secs(3600);
const SHORTEST: Duration = Duration::from_secs(10);
/// How long it is believed that there is no such record, or that nobody can tell.
const NOT_FOUND: Duration = Duration::from_secs(60);
const FAILED: Duration = Duration::from_secs(15);
/// Which of our addresses leads somewhere may change with every cable.
const SOURCE: Duration = Duration::from_secs(5);
/// Answers that are kept.
const MAX_ENTRIES: usize = 256;
/// Questions that are open.
const MAX_QUERIES: usize = 256;
/// A server that failed comes last for so long, twice as long after each further failure.
const SHUNNED: Duration = Duration::from_secs(60);
const SHUNNED_MOST: Duration = Duration::from_secs(1800);
/// Servers whose failures are remembered.
const MAX_SHUNNED: usize = 64;

#[derive(Debug)]
struct Entry {
    question: Question,
    records: Result<Records, ResolveError>,
    until: Instant,
}

/// A server that failed.
#[derive(Debug)]
struct Shunned {
    target: Target,
    until: Instant,
    failures: u32,
}

/// What is known about a name.
pub(super) enum Found {
    /// Where it leads, best first; maybe nowhere.
    Targets(Vec<Target>),
    /// Something has been asked.
    Asked,
    /// Too many questions are open.
    Refused,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    entries: VecDeque<Entry>,
    open: BTreeMap<QueryId, Question>,
    shunned: Vec<Shunned>,
    last: u64,
}

impl Names {
    /// Where a name leads; what is missing for that is asked.
    pub(super) fn find(
        &mut self,
        now: Instant,
        place: &Place,
        random: &mut Random,
        outputs: &mut VecDeque<Output>,
    ) -> Found {
        let known = |question: &Question| self.known(now, question);
        let finding = find(place, known, |sides| random.number() % sides);
        if finding.missing.is_empty() {
            return Found::Targets(finding.targets);
        }
        let asked = finding
            .missing
            .into_iter()
            .all(|question| self.ask(question, outputs));
        match asked {
            true => Found::Asked,
            false => Found::Refused,
        }
    }

    /// The address of ours that the system would send from. None: it is being asked, or (`Err`)
    /// none leads there.
    pub(super) fn source(
        &mut self,
        now: Instant,
        remote: IpAddr,
        outputs: &mut VecDeque<Output>,
    ) -> Result<Option<IpAddr>, ResolveError> {
        let question = Question::Source(remote);
        if let Some(known) = self.known(now, &question) {
            return match known {
                Ok(Records::Addresses(addresses)) => Ok(addresses.first().copied()),
                _ => Err(ResolveError::NotFound),
            };
        }
        match self.ask(question, outputs) {
            true => Ok(None),
            false => Err(ResolveError::Failed),
        }
    }

    fn known(&self, now: Instant, question: &Question) -> Known<'_> {
        let fresh = |entry: &&Entry| entry.question == *question && now < entry.until;
        let entry = self.entries.iter().find(fresh)?;
        Some(entry.records.as_ref().map_err(|error| *error))
    }

    /// False: too many questions are open.
    fn ask(&mut self, question: Question, outputs: &mut VecDeque<Output>) -> bool {
        if self.open.values().any(|open| *open == question) {
            return true;
        }
        if self.open.len() >= MAX_QUERIES {
            return false;
        }
        self.last += 1;
        let query = QueryId(self.last);
        outputs.push_back(Output::Resolve {
            query,
            question: question.clone(),
        });
        self.open.insert(query, question);
        true
    }

    /// Takes the driver's answer. False: nobody asked.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        query: QueryId,
        answer: Result<Answer, ResolveError>,
    ) -> bool {
        let Some(question) = self.open.remove(&query) else {
            return false;
        };
        let fits = |records: &Records| match question {
            Question::Naptr(_) => matches!(records, Records::Naptr(_)),
            Question::Srv(_) => matches!(records, Records::Srv(_)),
            _ => matches!(records, Records::Addresses(_)),
        };
        let (records, ttl) = match answer {
            Ok(answer) if fits(&answer.records) => {
                let most = match question {
                    Question::Source(_) => SOURCE,
                    _ => LONGEST,
                };
                (Ok(answer.records), answer.ttl.max(SHORTEST).min(most))
            }
            Ok(_) | Err(ResolveError::NotFound) => (Err(ResolveError::NotFound), NOT_FOUND),
            Err(ResolveError::Failed) => (Err(ResolveError::Failed), FAILED),
        };
        let until = now + ttl;
        let before = self.entries.iter().position(|e| e.question == question);
        let before = before.and_then(|place| self.entries.remove(place));
        // A name server that is down takes nobody down with it (RFC 8767).
        let records = match (records, before) {
            (Err(ResolveError::Failed), Some(stale)) if stale.records.is_ok() => stale.records,
            (records, _) => records,
        };
        if self.entries.len() >= MAX_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry {
            question,
            records,
            until,
        });
        true
    }

    /// Our own addresses have changed: which of them leads where is to be asked anew.
    pub(super) fn forget_sources(&mut self) {
        self.entries
            .retain(|entry| !matches!(entry.question, Question::Source(_)));
    }

    /// A target did not answer, or said that it cannot serve: the others come first for a while.
    pub(super) fn shun(&mut self, now: Instant, target: Target, least: Duration) {
        let known = self.shunned.iter().position(|s| s.target == target);
        let failures = known.map_or(0, |place| self.shunned.swap_remove(place).failures);
        if self.shunned.len() >= MAX_SHUNNED {
            self.shunned.remove(0);
        }
        let usual = (SHUNNED * 2u32.pow(failures.min(5))).min(SHUNNED_MOST);
        self.shunned.push(Shunned {
            target,
            until: now + usual.max(least).min(SHUNNED_MOST),
            failures: failures + 1,
        });
    }

    /// A target answers.
    pub(super) fn welcome(&mut self, target: Target) {
        self.shunned.retain(|shunned| shunned.target != target);
    }

    /// Whether a target has failed of late.
    pub(super) fn is_shunned(&self, now: Instant, target: &Target) -> bool {
        let is_it = |shunned: &Shunned| shunned.target == *target && now < shunned.until;
        self.shunned.iter().any(is_it)
    }

    /// Puts those that failed of late behind the others (RFC 3263 §4.3).
    pub(super) fn prefer_healthy(&self, now: Instant, targets: &mut [Target]) {
        targets.sort_by_key(|target| self.is_shunned(now, target));
    }

    /// Whether `uri` is known to lead to where `flow` leads. A server that is spoken to inside TLS
    /// is not found outside.
    pub(super) fn leads_to(&self, uri: &Uri, preferred: Option<Transport>, flow: &Flow) -> bool {
        let is_tls = |transport| transport == Transport::Tls;
        self.leads(uri, preferred, |target| {
            target.address == flow.remote && is_tls(target.transport) == is_tls(flow.transport)
        })
    }

    /// Whether `uri` is known to lead to `ip`, on whatever port.
    pub(super) fn leads_to_ip(&self, uri: &Uri, preferred: Option<Transport>, ip: IpAddr) -> bool {
        self.leads(uri, preferred, |target| target.address.ip() == ip)
    }

    /// What was known before counts here, however old: it proves who our server is.
    fn leads(
        &self,
        uri: &Uri,
        preferred: Option<Transport>,
        is_there: impl Fn(&Target) -> bool,
    ) -> bool {
        match destination(uri, preferred) {
            Some(Destination::Address(target)) => is_there(&target),
            Some(Destination::Name(place)) => {
                let known = |question: &Question| {
                    let entry = self.entries.iter().find(|e| e.question == *question)?;
                    Some(entry.records.as_ref().map_err(|error| *error))
                };
                find(&place, known, |_| 0).targets.iter().any(is_there)
            }
            None => false,
        }
    }
}
