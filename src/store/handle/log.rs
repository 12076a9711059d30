//! What waits for the writing thread: rows of the call log, and the window's changes.

use std::collections::VecDeque;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::flight::Landed;
use crate::model::{CallId, CallRecord, RecordingRow, TaskTerms};
use crate::store::{Result, StoreError, StoreReply};

/// The most changes of the window that wait.
const CHANGES: usize = 1024;
/// The most rows written in one transaction.
const BATCH: usize = 256;

/// A change of the window; given an error where there is no connection for it.
pub(super) type Change = Box<dyn FnOnce(Result<&mut Connection>) + Send>;
pub(super) type Reply = Box<dyn FnOnce(StoreReply) + Send>;

/// A call's row as it is to be written: the latest state, every recording, everyone who waits for it.
pub(super) struct Row {
    pub(super) record: Box<CallRecord>,
    pub(super) recordings: Vec<RecordingRow>,
    pub(super) flight: Option<Box<Landed>>,
    pub(super) tasks: Option<TaskTerms>,
    pub(super) replies: Vec<Reply>,
}

impl Row {
    /// A row that says how its call is at the moment.
    pub(super) fn of(record: Box<CallRecord>, reply: Reply) -> Self {
        Self {
            record,
            recordings: Vec::new(),
            flight: None,
            tasks: None,
            replies: vec![reply],
        }
    }
}

/// What the writer is to do next.
pub(super) enum Work {
    Rows(Vec<Row>),
    Change(Change),
    /// Nothing came in the time given.
    Nothing,
    /// Closed, and nothing waits.
    Finished,
}

/// Why rows are not written at once, and for how long.
#[derive(Clone, Copy)]
pub(super) enum Hold {
    /// Others may come that share the transaction. A change goes after the rows before it, so it does
    /// not wait for others.
    Gathering(Duration),
    /// The database does not take them at the moment. Perhaps it takes changes.
    Refused(Duration),
}

impl Hold {
    fn time(self) -> Duration {
        let (Self::Gathering(time) | Self::Refused(time)) = self;
        time
    }
}

/// Rows and changes that wait. Rows go first: a change may be about a call whose row is new.
/// The rows' bound is one a call, which no outage multiplies: calls are made by people.
#[derive(Default)]
pub(super) struct LogQueue {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    rows: BTreeMap<CallId, Row>,
    changes: VecDeque<Change>,
    closed: bool,
    /// The writer is not to be woken for a row.
    rows_on_hold: bool,
}

impl State {
    fn holds(&self, hold: Option<Hold>) -> bool {
        match hold {
            None => false,
            Some(Hold::Gathering(_)) => self.changes.is_empty() && !self.closed,
            Some(Hold::Refused(_)) => true,
        }
    }

    /// Whether the writer has nothing to do although rows may be there.
    fn has_nothing(&self, hold: Hold) -> bool {
        let ends = self.closed && (self.rows.is_empty() || !self.holds(Some(hold)));
        self.changes.is_empty() && !ends
    }
}

impl LogQueue {
    pub(super) fn put_row(&self, row: Row) {
        let mut state = self.lock();
        add(&mut state.rows, row, Age::Newer);
        let wakes = !state.rows_on_hold;
        drop(state);
        if wakes {
            self.arrived.notify_one();
        }
    }

    pub(super) fn put_change(&self, change: Change) {
        let mut state = self.lock();
        let refusal = if state.closed {
            StoreError::Closed
        } else if state.changes.len() >= CHANGES {
            StoreError::Overloaded
        } else {
            state.changes.push_back(change);
            drop(state);
            self.arrived.notify_one();
            return;
        };
        drop(state);
        change(Err(refusal));
    }

    /// Puts rows back that could not be written; what came meanwhile is newer.
    pub(super) fn put_back(&self, rows: Vec<Row>) {
        let mut state = self.lock();
        for row in rows {
            add(&mut state.rows, row, Age::Older);
        }
    }

    /// What to do next, waited for. While rows are on hold there may be nothing.
    pub(super) fn take(&self, hold: Option<Hold>) -> Work {
        let mut state = self.lock();
        loop {
            if !state.holds(hold) && !state.rows.is_empty() {
                let mut batch = Vec::new();
                while batch.len() < BATCH {
                    let Some((_, row)) = state.rows.pop_first() else {
                        break;
                    };
                    batch.push(row);
                }
                return Work::Rows(batch);
            }
            if let Some(change) = state.changes.pop_front() {
                return Work::Change(change);
            }
            if state.closed && state.rows.is_empty() {
                return Work::Finished;
            }
            let Some(hold) = hold else {
                state = self
                    .arrived
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.rows_on_hold = true;
            let (waited, timeout) = self
                .arrived
                .wait_timeout_while(state, hold.time(), |state| state.has_nothing(hold))
                .unwrap_or_else(PoisonError::into_inner);
            state = waited;
            state.rows_on_hold = false;
            if timeout.timed_out() {
                return Work::Nothing;
            }
        }
    }

    pub(super) fn waiting(&self) -> Vec<CallId> {
        self.lock().rows.keys().copied().collect()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a row comes after the one that waits for the same call, or was there before it.
#[derive(PartialEq)]
enum Age {
    Newer,
    Older,
}

/// Adds `row`; with one of the same call it becomes one. The newer record counts, except that a
/// closed row stays closed.
fn add(rows: &mut BTreeMap<CallId, Row>, row: Row, age: Age) {
    let mut waiting = match rows.entry(row.record.call) {
        Entry::Vacant(place) => {
            place.insert(row);
            return;
        }
        Entry::Occupied(place) => place,
    };
    let waiting = waiting.get_mut();
    let (older_is_closed, newer_is_closed) = match age {
        Age::Newer => (
            waiting.record.ended_at.is_some(),
            row.record.ended_at.is_some(),
        ),
        Age::Older => (
            row.record.ended_at.is_some(),
            waiting.record.ended_at.is_some(),
        ),
    };
    let newer_counts = newer_is_closed || !older_is_closed;
    if newer_counts == (age == Age::Newer) {
        waiting.record = row.record;
    }
    waiting.recordings.extend(row.recordings);
    // Only the row that closes the call brings these.
    waiting.flight = waiting.flight.take().or(row.flight);
    waiting.tasks = waiting.tasks.or(row.tasks);
    waiting.replies.extend(row.replies);
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{CallStatus, Direction};

    fn record(call: CallId, status: CallStatus, ended: bool) -> Box<CallRecord> {
        let mut record = CallRecord::begin(call, Direction::Incoming, Timestamp::UNIX_EPOCH);
        record.status = status;
        record.ended_at = ended.then_some(Timestamp::UNIX_EPOCH);
        Box::new(record)
    }

    fn rows(queue: &LogQueue) -> Vec<Row> {
        match queue.take(None) {
            Work::Rows(rows) => rows,
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_updates_of_one_call_wait_as_one_row_with_every_reply() {
        let queue = LogQueue::default();
        let call = CallId::new();
        for status in [CallStatus::InProgress, CallStatus::InProgress] {
            queue.put_row(Row::of(record(call, status, false), Box::new(|_| {})));
        }
        queue.put_row(Row::of(
            record(call, CallStatus::Answered, true),
            Box::new(|_| {}),
        ));
        let rows = rows(&queue);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].record.status, CallStatus::Answered);
        assert_eq!(rows[0].replies.len(), 3);
    }

    fn put(queue: &LogQueue, call: CallId) {
        let record = record(call, CallStatus::InProgress, false);
        queue.put_row(Row::of(record, Box::new(|_| {})));
    }

    #[test]
    fn rows_that_gather_are_given_when_the_time_is_over_or_a_change_comes_behind_them() {
        let gathering = Some(Hold::Gathering(Duration::ZERO));
        let queue = LogQueue::default();
        put(&queue, CallId::new());
        assert!(matches!(queue.take(gathering), Work::Nothing));
        put(&queue, CallId::new());
        queue.put_change(Box::new(|_| {}));
        assert!(matches!(queue.take(gathering), Work::Rows(rows) if rows.len() == 2));
        assert!(matches!(queue.take(gathering), Work::Change(_)));
        put(&queue, CallId::new());
        assert!(matches!(queue.take(None), Work::Rows(rows) if rows.len() == 1));
    }

    #[test]
    fn at_the_end_rows_gather_no_longer_and_those_refused_are_waited_for() {
        let queue = LogQueue::default();
        put(&queue, CallId::new());
        queue.close();
        let refused = Some(Hold::Refused(Duration::ZERO));
        assert!(matches!(queue.take(refused), Work::Nothing));
        let gathering = Some(Hold::Gathering(Duration::from_secs(3600)));
        assert!(matches!(queue.take(gathering), Work::Rows(_)));
        assert!(matches!(queue.take(gathering), Work::Finished));
    }

    #[test]
    fn a_closed_row_stays_closed_whatever_comes_late_or_is_put_back() {
        let queue = LogQueue::default();
        let call = CallId::new();
        queue.put_row(Row::of(
            record(call, CallStatus::Missed, true),
            Box::new(|_| {}),
        ));
        queue.put_row(Row::of(
            record(call, CallStatus::InProgress, false),
            Box::new(|_| {}),
        ));
        let taken = rows(&queue);
        assert_eq!(taken[0].record.status, CallStatus::Missed);

        queue.put_row(Row::of(
            record(call, CallStatus::InProgress, false),
            Box::new(|_| {}),
        ));
        queue.put_back(taken);
        assert_eq!(rows(&queue)[0].record.status, CallStatus::Missed);
    }

    #[test]
    fn a_row_that_is_put_back_gives_way_to_the_newer_one() {
        let queue = LogQueue::default();
        let call = CallId::new();
        queue.put_row(Row::of(
            record(call, CallStatus::InProgress, false),
            Box::new(|_| {}),
        ));
        let taken = rows(&queue);
        queue.put_row(Row::of(
            record(call, CallStatus::Answered, true),
            Box::new(|_| {}),
        ));
        queue.put_back(taken);
        let rows = rows(&queue);
        assert_eq!(
            (rows.len(), rows[0].record.status),
            (1, CallStatus::Answered)
        );
    }
}
