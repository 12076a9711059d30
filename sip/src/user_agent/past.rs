//! Requests that were answered for good, in as little room as it takes to know them again: each is
//! kept for half a minute, because it may be repeated (RFC 3261 §17.2.2, RFC 6026 §7.1).

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use super::network::Flow;
use super::servers::ServerId;

/// What one takes beside its answer, here and in the tables that lead to it.
const EACH: usize = 256;

/// One of them.
#[derive(Debug)]
pub(super) struct PastRequest {
    /// The tag in the To of its answer.
    pub(super) to_tag: Box<str>,
    pub(super) merge_key: Option<u64>,
    /// What a repetition is answered with. That of an accepted INVITE is dropped: its 2xx was
    /// acknowledged.
    pub(super) answer: Option<Box<Answer>>,
}

/// A response and the way it goes.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) flow: Flow,
    pub(super) bytes: Box<[u8]>,
}

impl PastRequest {
    fn room(&self) -> usize {
        EACH + self.answer.as_ref().map_or(0, |answer| answer.bytes.len())
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Past {
    requests: HashMap<ServerId, PastRequest>,
    /// Until when, the next one to be forgotten first.
    order: VecDeque<(Instant, ServerId)>,
    room: usize,
}

impl Past {
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn get(&self, id: ServerId) -> Option<&PastRequest> {
        self.requests.get(&id)
    }

    /// Whether one of these octets more fits into `most`.
    pub(super) fn has_room(&self, bytes: usize, most: usize) -> bool {
        self.room + EACH + bytes <= most
    }

    /// Keeps a request at least until then: no shorter than those before it.
    pub(super) fn keep(&mut self, id: ServerId, until: Instant, request: PastRequest) {
        let last = self.order.back().map_or(until, |(last, _)| *last);
        self.order.push_back((until.max(last), id));
        self.room += request.room();
        self.requests.insert(id, request);
    }

    /// When the next one is to be forgotten.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.order.front().map(|(until, _)| *until)
    }

    /// Takes out one whose time is over.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<PastRequest> {
        let (_, id) = self.order.pop_front_if(|(until, _)| *until <= now)?;
        let request = self.requests.remove(&id)?;
        self.room -= request.room();
        Some(request)
    }
}
