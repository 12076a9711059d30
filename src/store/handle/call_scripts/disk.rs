//! The store's writing thread in virtual time: the real queue, the real rows, the real transactions,
//! and a crash that takes what was not committed.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use crate::model::{CallRecord, CallStatus, Seat, TaskTerms};
use crate::store::handle::log::{LogQueue, Row, Work};
use crate::store::{CallFilter, Store, StoreCommand, StoreReply, write_on};

/// As the thread gathers rows.
const GATHERING: Duration = Duration::from_millis(10);
/// As the thread pauses where the database refuses rows.
const PAUSE: Duration = Duration::from_millis(250);

/// The store as the running phone has it.
pub struct Disk {
    pub store: Store,
    queue: LogQueue,
    /// Rows that the thread has taken and the disk has not yet.
    writing: Option<(Instant, Vec<Row>)>,
    /// When the thread takes rows again.
    rows_at: Instant,
    /// The database refuses rows.
    refuses: bool,
    /// Since when it did, while rows of that time are not on disk.
    troubled_since: Option<Instant>,
    began: Instant,
    told: Sender<StoreReply>,
    replies: Receiver<StoreReply>,
}

impl Disk {
    pub fn new(now: Instant) -> Self {
        let (told, replies) = channel();
        Self {
            store: Store::in_memory().unwrap(),
            queue: LogQueue::default(),
            writing: None,
            rows_at: now,
            refuses: false,
            troubled_since: None,
            began: now,
            told,
            replies,
        }
    }

    pub fn submit(&mut self, command: StoreCommand) {
        let told = self.told.clone();
        let reply = Box::new(move |reply| told.send(reply).unwrap());
        match command {
            StoreCommand::FindCaller {
                call,
                asked,
                layout,
            } => {
                let found = self
                    .store
                    .read(|r| Ok((r.look_up(&asked)?, Some(r.card_layout(&layout)?))));
                reply(StoreReply::caller(call, found));
            }
            StoreCommand::OpenCall(record) | StoreCommand::UpdateCall(record) => {
                self.queue.put_row(Row::of(record, reply));
            }
            StoreCommand::CloseCall {
                record,
                recordings,
                flight,
                tasks,
            } => self.queue.put_row(Row {
                recordings,
                flight,
                tasks,
                ..Row::of(record, reply)
            }),
            other => panic!("no script asks {other:?}"),
        }
    }

    /// When the thread has something to do; `begin` is when it would take rows that wait.
    pub fn due(&self) -> Option<Instant> {
        let waits = !self.queue.waiting().is_empty();
        let writing = self.writing.as_ref().map(|(at, _)| *at);
        writing.or(waits.then_some(self.rows_at))
    }

    /// Takes rows, or commits those it took; `slow` is how long the disk takes for the next ones.
    pub fn step(&mut self, now: Instant, slow: Duration) {
        match self.writing.take() {
            Some((at, rows)) if at <= now => self.commit(now, rows),
            Some(writing) => self.writing = Some(writing),
            None if self.rows_at <= now => {
                if let Work::Rows(rows) = self.queue.take(None) {
                    self.writing = Some((now + slow, rows));
                }
            }
            None => {}
        }
    }

    fn commit(&mut self, now: Instant, rows: Vec<Row>) {
        if self.refuses {
            self.queue.put_back(rows);
            self.rows_at = now + PAUSE;
            return;
        }
        let news = write_on(&mut self.store.connection, &Seat::FREE, |writer| {
            rows.iter()
                .map(|row| row.write(writer))
                .collect::<crate::store::Result<Vec<_>>>()
        });
        for (row, news) in rows.into_iter().zip(news.unwrap()) {
            row.written(news);
        }
        self.troubled_since = None;
        self.rows_at = now + GATHERING;
    }

    /// The database refuses rows from now on, or takes them again.
    pub fn refuse(&mut self, now: Instant, on: bool) {
        self.refuses = on;
        if on {
            self.troubled_since.get_or_insert(now);
        }
    }

    /// Since when rows may not be on disk, where a commit takes at most `slow` milliseconds: those
    /// of a transaction that is under way, and those that gathered behind it.
    pub fn behind_since(&self, now: Instant, slow: u64) -> Instant {
        let window = GATHERING + Duration::from_millis(2 * slow + 1);
        let since = self.troubled_since.unwrap_or(now);
        since.checked_sub(window).unwrap_or(self.began)
    }

    /// When every world of this disk begins.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// What the phone hears.
    pub fn replies(&mut self) -> Vec<StoreReply> {
        self.replies.try_iter().collect()
    }

    /// The program ends as it should: what waits is written.
    pub fn flush(&mut self, now: Instant) {
        self.refuses = false;
        while let Some(due) = self.due() {
            self.step(due.max(now), Duration::ZERO);
        }
    }

    /// The program is killed and started again: what no transaction has is gone.
    pub fn crash(&mut self, now: Instant, terms: Option<TaskTerms>) {
        self.queue = LogQueue::default();
        self.writing = None;
        self.refuses = false;
        self.troubled_since = None;
        self.rows_at = now;
        self.replies();
        let repaired = write_on(&mut self.store.connection, &Seat::FREE, |writer| {
            writer.take_over(terms)
        });
        let (interrupted, _) = repaired.unwrap();
        let cut_off = |call: &CallRecord| call.status == CallStatus::Interrupted;
        assert!(interrupted.iter().all(cut_off));
    }

    pub fn rows(&self) -> Vec<CallRecord> {
        let all = CallFilter::default();
        let lines = self.store.read(|r| r.calls(&all, 0, 10_000)).unwrap();
        lines.into_iter().map(|line| line.record).collect()
    }

    /// The next world begins with an empty log.
    pub fn clear(&mut self) {
        let all = "DELETE FROM task_calls; DELETE FROM tasks; DELETE FROM flights; DELETE FROM recordings; DELETE FROM calls;";
        self.store.connection.execute_batch(all).unwrap();
        self.queue = LogQueue::default();
        self.writing = None;
        self.refuses = false;
        self.troubled_since = None;
        self.rows_at = self.began;
        self.replies();
    }
}
