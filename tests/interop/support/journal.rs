//! What a program has said so far, and a way to wait for what it says next.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A growing list that threads can wait on.
pub struct Journal<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    entries: Vec<T>,
    closed: bool,
}

impl<T: Clone> Journal<T> {
    pub fn new() -> Self {
        let state = State {
            entries: Vec::new(),
            closed: false,
        };
        Journal {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    pub fn push(&self, entry: T) {
        self.change(|state| state.entries.push(entry));
    }

    /// Nothing will come any more; those who wait for it give up.
    pub fn close(&self) {
        self.change(|state| state.closed = true);
    }

    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    pub fn all(&self) -> Vec<T> {
        self.lock().entries.clone()
    }

    /// The first entry, from number `from` on, for which `pick` gives something; `None` when the
    /// time is up or the source has ended without it.
    pub fn wait<R>(
        &self,
        from: usize,
        patience: Duration,
        mut pick: impl FnMut(&T) -> Option<R>,
    ) -> Option<R> {
        let deadline = Instant::now() + patience;
        let mut seen = from;
        let mut state = self.lock();
        loop {
            while seen < state.entries.len() {
                if let Some(picked) = pick(&state.entries[seen]) {
                    return Some(picked);
                }
                seen += 1;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.closed || left.is_zero() {
                return None;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Entry number `index`, however long it takes; `None` when the source ends before it.
    pub fn wait_any(&self, index: usize) -> Option<T> {
        let mut state = self.lock();
        while state.entries.len() <= index && !state.closed {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.entries.get(index).cloned()
    }

    fn change(&self, change: impl FnOnce(&mut State<T>)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
