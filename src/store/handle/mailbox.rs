//! Work that waits for one of the reading threads.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::store::{Reader, Result, StoreError};

/// The most requests that wait.
const CAPACITY: usize = 1024;

/// One request; given an error where there is no connection for it.
pub(super) type Job = Box<dyn FnOnce(Result<Reader<'_>>) + Send>;

/// A queue of requests with a bound: what does not fit is answered *overloaded* at once.
#[derive(Default)]
pub(super) struct Mailbox {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Mailbox {
    pub(super) fn put(&self, job: Job) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let refusal = if state.closed {
            StoreError::Closed
        } else if state.jobs.len() >= CAPACITY {
            StoreError::Overloaded
        } else {
            state.jobs.push_back(job);
            drop(state);
            self.arrived.notify_one();
            return;
        };
        drop(state);
        job(Err(refusal));
    }

    /// The next request, waited for; none when the mailbox is closed and empty.
    pub(super) fn take(&self) -> Option<Job> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self
                .arrived
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn close(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
        self.arrived.notify_all();
    }
}
