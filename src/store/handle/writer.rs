//! The writing thread: rows of the log until they are on disk, and the window's changes.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::Connection;

use super::log::{Hold, Row, Work};
use super::{Opening, Shared};
use crate::model::{Seat, TaskNews, TaskTerms};
use crate::store::{Result, StoreError, StoreNotice, StoreReply, Writer, open, write_on};

/// How long the phone's start waits for a locked database before it goes on without.
const START_PATIENCE: Duration = Duration::from_millis(250);
/// How long one attempt to write waits for another process's lock.
const BUSY: Duration = Duration::from_secs(1);
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(250);
/// Between two transactions with rows: those that come meanwhile share the next one, and with it the
/// wait for the disk. The first after a pause is written at once.
const GATHERING: Duration = Duration::from_millis(10);
/// How long the end of the program waits for rows that cannot be written.
const LAST_PATIENCE: Duration = Duration::from_secs(10);

/// Opens the phone's store. No connection where it cannot be written yet.
pub(super) fn open(path: &Path, terms: Option<TaskTerms>) -> Result<(Option<Connection>, Opening)> {
    let mut opening = Opening::default();
    let opened = match open::writer(path, START_PATIENCE) {
        Err(error) if error.is_corruption() => {
            let aside = open::keep_aside(path, "corrupt", Timestamp::now())?;
            opening.kept_aside = Some(aside);
            open::writer(path, START_PATIENCE)
        }
        other => other,
    };
    let closed = opened.and_then(|mut connection| {
        (opening.interrupted, opening.tasks) = write_on(&mut connection, &Seat::FREE, |writer| {
            writer.take_over(terms)
        })?;
        connection.busy_timeout(BUSY)?;
        Ok(connection)
    });
    match closed {
        Ok(connection) => Ok((Some(connection), opening)),
        Err(error) if error.may_pass() => {
            opening.waiting = Some(error.to_string());
            Ok((None, opening))
        }
        Err(error) => Err(error),
    }
}

/// Writes until the store is closed and nothing waits.
pub(super) fn run(shared: &Shared, connection: Option<Connection>) {
    let told = connection.is_none();
    let mut thread = Thread {
        shared,
        connection,
        told,
        rows_at: None,
        refused: false,
    };
    let mut closing_since: Option<Instant> = None;
    loop {
        if shared.log.is_closed() {
            let since = *closing_since.get_or_insert_with(Instant::now);
            if since.elapsed() > LAST_PATIENCE {
                let lost = shared.log.waiting();
                tracing::error!(
                    ?lost,
                    "the store could not be written before the program ended"
                );
                return;
            }
        }
        match shared.log.take(thread.hold()) {
            Work::Rows(rows) => thread.write_rows(rows),
            Work::Change(change) => guarded(|| change(thread.connection())),
            Work::Nothing => {}
            Work::Finished => return,
        }
    }
}

/// Runs a closure of the window: a fault in it is logged and must not stop the call log.
/// A transaction it was in is taken back.
pub(super) fn guarded(run: impl FnOnce()) {
    if panic::catch_unwind(AssertUnwindSafe(run)).is_err() {
        tracing::error!("a request to the store panicked");
    }
}

struct Thread<'s> {
    shared: &'s Shared,
    connection: Option<Connection>,
    /// A person was told that the database cannot be written.
    told: bool,
    /// When rows are written again: some were just now, or could not be.
    rows_at: Option<Instant>,
    /// They could not be.
    refused: bool,
}

impl Thread<'_> {
    fn hold(&self) -> Option<Hold> {
        let left = self.rows_at?.saturating_duration_since(Instant::now());
        let hold = match self.refused {
            true => Hold::Refused(left),
            false => Hold::Gathering(left),
        };
        (!left.is_zero()).then_some(hold)
    }

    fn connection(&mut self) -> Result<&mut Connection> {
        if self.connection.is_none() {
            let mut connection = open::writer(&self.shared.path, BUSY)?;
            // The first opening could not close them. No call of this run has a row yet.
            let terms = self.shared.terms;
            let (_, news) = write_on(&mut connection, &Seat::FREE, |writer| {
                writer.take_over(terms)
            })?;
            for news in news {
                (self.shared.notify)(StoreNotice::Task(Box::new(news)));
            }
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or(StoreError::Closed)
    }

    fn write_rows(&mut self, rows: Vec<Row>) {
        let written = self.connection().and_then(|connection| {
            write_on(connection, &Seat::FREE, |writer| {
                rows.iter()
                    .map(|row| row.write(writer))
                    .collect::<Result<Vec<_>>>()
            })
        });
        match written {
            Ok(news) => {
                rows.into_iter()
                    .zip(news)
                    .for_each(|(row, news)| row.written(news));
                self.rows_at = Some(Instant::now() + GATHERING);
                self.refused = false;
                if std::mem::take(&mut self.told) {
                    (self.shared.notify)(StoreNotice::Recovered);
                }
            }
            Err(error) if error.is_corruption() => {
                self.shared.log.put_back(rows);
                self.begin_anew(&error);
            }
            Err(error) if error.may_pass() => {
                self.shared.log.put_back(rows);
                self.unavailable(&error);
            }
            // One row is refused: the others must not suffer for it.
            Err(_) if rows.len() > 1 => rows.into_iter().for_each(|row| self.write_rows(vec![row])),
            Err(error) => rows
                .into_iter()
                .for_each(|row| self.write_bare(row, &error)),
        }
    }

    /// Writes a row without its recordings, flight and task, which the database refused: the call
    /// itself is kept.
    fn write_bare(&mut self, mut row: Row, error: &StoreError) {
        tracing::error!(call = %row.record.call, %error, "a row of the call log was refused");
        if !row.recordings.is_empty() || row.flight.is_some() || row.tasks.is_some() {
            row.recordings.clear();
            row.flight = None;
            row.tasks = None;
            let bare = self
                .connection()
                .and_then(|c| write_on(c, &Seat::FREE, |writer| row.write(writer)));
            if let Err(error) = bare {
                tracing::error!(call = %row.record.call, %error, "and so without its recording");
            }
        }
        row.refused(error);
    }

    fn unavailable(&mut self, error: &StoreError) {
        self.rows_at = Some(Instant::now() + PAUSE);
        self.refused = true;
        if !std::mem::replace(&mut self.told, true) {
            (self.shared.notify)(StoreNotice::Unavailable {
                error: error.to_string(),
            });
        }
    }

    /// The file is damaged: it is kept aside, and the rows go into an empty one.
    fn begin_anew(&mut self, error: &StoreError) {
        self.connection = None;
        match open::keep_aside(&self.shared.path, "corrupt", Timestamp::now()) {
            Ok(file) => {
                self.shared.file.fetch_add(1, Ordering::AcqRel);
                (self.shared.notify)(StoreNotice::KeptAside { file });
            }
            Err(_) => self.unavailable(error),
        }
    }
}

impl Row {
    /// Writes everything there is of the call, and says what became of tasks thereby.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<Vec<TaskNews>> {
        writer.save_call(&self.record)?;
        self.recordings
            .iter()
            .try_for_each(|recording| writer.save_recording(recording))?;
        if let Some(landed) = &self.flight {
            let ended_at = self.record.ended_at.unwrap_or(self.record.last_seen_at);
            writer.save_flight(self.record.call, ended_at, landed)?;
        }
        self.tasks.map_or(Ok(Vec::new()), |terms| {
            writer.follow_up(self.record.call, terms)
        })
    }

    /// Everyone who waits hears that the row is on disk, and the first of them the news of tasks.
    pub(super) fn written(self, mut news: Vec<TaskNews>) {
        let call = self.record.call;
        for reply in self.replies {
            let tasks = std::mem::take(&mut news);
            reply(StoreReply::Done { call, tasks });
        }
    }

    fn refused(self, error: &StoreError) {
        let call = self.record.call;
        let failed = || StoreReply::Failed {
            call,
            error: error.to_string(),
        };
        self.replies.into_iter().for_each(|reply| reply(failed()));
    }
}
