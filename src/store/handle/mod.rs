//! The running phone's way to the store: threads of its own, so that nothing in a call waits for a disk.
//!
//! One thread writes, one looks callers up and does nothing else, one reads for the window.
//! Requests for reading and the window's changes are refused when too many wait. Rows of the call
//! log are never refused and never dropped: what waits is one entry a call, however often it was
//! updated, and is written as soon as the database can be written.

#[cfg(test)]
mod call_scripts;
mod log;
mod mailbox;
mod reader;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use self::log::{LogQueue, Row};
use self::mailbox::{Job, Mailbox};
use self::reader::Opened;
use super::{Reader, Result, StoreCommand, StoreError, StoreNotice, StoreReply, Writer, write_on};
use crate::model::{CallId, CallRecord, Seat, TaskNews, TaskTerms};

/// How the store was found when the phone opened it.
#[derive(Debug, Default)]
pub struct Opening {
    /// The calls a crash cut off, now closed as *interrupted*: ended when the phone was last seen
    /// to have them. Empty where the database could not be written yet.
    pub interrupted: Vec<CallRecord>,
    /// What became of tasks thereby.
    pub tasks: Vec<TaskNews>,
    /// The store was damaged: it is kept under this name, and an empty one was begun.
    pub kept_aside: Option<PathBuf>,
    /// Why the database cannot be written yet; rows wait in memory until it can.
    pub waiting: Option<String>,
}

/// The store of a running phone. Clones are the same store; the last one dropped writes what waits.
#[derive(Clone)]
pub struct StoreHandle {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What the handle and its threads have in common.
struct Shared {
    path: PathBuf,
    /// Rows of the log and the window's changes, for the writer.
    log: LogQueue,
    /// Callers to look up.
    lookups: Mailbox,
    /// The window's questions.
    questions: Mailbox,
    /// Counts the files: readers open anew when the writer began another.
    file: AtomicU64,
    /// On which terms callers whom a crash cut off are owed a call.
    terms: Option<TaskTerms>,
    /// Who asks and changes through the handle. The rows of the log are the phone's own.
    seat: Seat,
    notify: Box<dyn Fn(StoreNotice) + Send + Sync>,
}

impl StoreHandle {
    /// Opens the phone's store, closes the rows a crash left open, and starts the threads.
    /// Notices go to the program's log alone, and nobody is owed a call.
    ///
    /// A damaged file is kept aside and an empty one begun; a locked or full one is waited for.
    /// An error only where waiting does not help: a newer schema, a file of another program.
    pub fn open(path: &Path) -> Result<(Self, Opening)> {
        let notify = |notice| tracing::warn!(?notice, "store");
        Self::open_with(path, None, Seat::FREE, notify)
    }

    /// As [`StoreHandle::open`], telling `notify` what a person should hear of; it is called on
    /// the store's threads and must not wait. Callers whom a crash cut off while it rang are owed a
    /// call on these terms, where there are any. Whoever asks and changes through the handle has this
    /// seat.
    pub fn open_with(
        path: &Path,
        terms: Option<TaskTerms>,
        seat: Seat,
        notify: impl Fn(StoreNotice) + Send + Sync + 'static,
    ) -> Result<(Self, Opening)> {
        let (connection, opening) = writer::open(path, terms)?;
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            log: LogQueue::default(),
            lookups: Mailbox::default(),
            questions: Mailbox::default(),
            file: AtomicU64::new(0),
            terms,
            seat,
            notify: Box::new(notify),
        });
        let mut threads = Vec::new();
        let mut start = |name: &str, run: Box<dyn FnOnce(&Shared) + Send>| {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name(name.to_owned());
            let thread = thread
                .spawn(move || run(&shared))
                .map_err(|source| StoreError::Io {
                    path: path.to_owned(),
                    source,
                })?;
            threads.push(thread);
            Ok::<(), StoreError>(())
        };
        start(
            "store-writer",
            Box::new(move |shared| writer::run(shared, connection)),
        )?;
        // Ready before the first caller, whose card must not wait for it.
        start(
            "store-lookup",
            Box::new(|shared| reader::run(shared, &shared.lookups, Opened::AtOnce)),
        )?;
        // A phone without a window asks nothing.
        start(
            "store-reader",
            Box::new(|shared| reader::run(shared, &shared.questions, Opened::WhenAsked)),
        )?;
        Ok((
            Self {
                inner: Arc::new(Inner {
                    shared,
                    threads: Mutex::new(threads),
                }),
            },
            opening,
        ))
    }

    /// The phone's requests; never waits. `reply` is called once, on a thread of the store:
    /// for a row of the log when it is on disk, however long that takes.
    pub fn submit(&self, command: StoreCommand, reply: impl FnOnce(StoreReply) + Send + 'static) {
        let shared = &self.inner.shared;
        match command {
            StoreCommand::FindCaller {
                call,
                asked,
                layout,
            } => {
                let job: Job = Box::new(move |reader| {
                    let found = reader.and_then(|reader| {
                        Ok((reader.look_up(&asked)?, Some(reader.card_layout(&layout)?)))
                    });
                    reply(StoreReply::caller(call, found));
                });
                shared.lookups.put(job);
            }
            StoreCommand::RegisterCaller { call, asked, name } => self.write(
                move |writer| Ok((writer.register_caller(&asked, &name)?, None)),
                move |found| reply(StoreReply::caller(call, found)),
            ),
            StoreCommand::LinkCaller {
                request,
                call,
                asked,
            } => self.write(
                move |writer| writer.link_caller(call, &asked),
                move |found| reply(StoreReply::linked(request, call, found)),
            ),
            StoreCommand::SaveCaller {
                request,
                call,
                asked,
                fields,
            } => self.write(
                move |writer| writer.save_caller(call, &asked, &fields),
                move |found| reply(StoreReply::linked(request, call, found)),
            ),
            StoreCommand::NoteRead {
                call,
                client,
                note,
                by,
            } => self.write(
                move |writer| writer.note_read(client, &note, &by),
                move |written| {
                    let written = written.map_err(|error| error.to_string());
                    reply(StoreReply::NoteRead { call, written });
                },
            ),
            StoreCommand::OpenCall(record) | StoreCommand::UpdateCall(record) => {
                shared.log.put_row(Row::of(record, Box::new(reply)));
            }
            StoreCommand::CloseCall {
                record,
                recordings,
                flight,
                tasks,
            } => {
                shared.log.put_row(Row {
                    recordings,
                    flight,
                    tasks,
                    ..Row::of(record, Box::new(reply))
                });
            }
        }
    }

    /// The window's questions: `query` runs on the store's reading thread and `done` after it, there.
    pub fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Reader<'_>) -> Result<T> + Send + 'static,
        done: impl FnOnce(Result<T>) + Send + 'static,
    ) {
        self.inner.shared.questions.put(Box::new(move |reader| {
            done(reader.and_then(|reader| query(&reader)));
        }));
    }

    /// The window's changes: `change` runs in one transaction on the writing thread, after the rows
    /// of the log that were submitted before it, and `done` after the commit, there.
    pub fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Writer<'_>) -> Result<T> + Send + 'static,
        done: impl FnOnce(Result<T>) + Send + 'static,
    ) {
        let seat = self.inner.shared.seat.clone();
        self.inner
            .shared
            .log
            .put_change(Box::new(move |connection| {
                done(connection.and_then(|connection| write_on(connection, &seat, change)));
            }));
    }

    /// Calls whose rows wait for the database.
    pub fn waiting(&self) -> Vec<CallId> {
        self.inner.shared.log.waiting()
    }
}

impl Shared {
    fn generation(&self) -> u64 {
        self.file.load(Ordering::Acquire)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.log.close();
        self.shared.lookups.close();
        self.shared.questions.close();
        let threads = self
            .threads
            .get_mut()
            .map(std::mem::take)
            .unwrap_or_default();
        for thread in threads {
            // The last clone may be dropped by a closure on one of the threads themselves.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}
