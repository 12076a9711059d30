//! The store: one SQLite file a profile. Nothing else in the program reads or writes a row.
//!
//! [`Store`] is one connection for the command line and for tests; [`StoreHandle`] is the running
//! phone's, with a writer and two readers on threads of their own. What can be asked stands in one
//! file per table, as methods of [`Reader`] and [`Writer`].

mod about;
mod analyses;
mod audit;
mod backup;
mod callers;
mod calls;
mod card_layouts;
mod categories;
mod changes;
mod client_parts;
mod clients;
mod command;
mod contacts;
mod costs;
mod employees;
mod error;
mod flights;
mod follow_up;
mod handle;
mod ladder;
mod lookup;
mod merging;
mod numbers;
mod open;
mod orders;
mod outbox;
mod photos;
mod places;
mod record_rules;
mod recordings;
mod records;
mod reports;
pub mod sample;
mod search;
mod sight;
mod tasks;
mod texts;
mod timeline;
mod values;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use audit::AuditFilter;
pub use calls::{
    BroughtCall, CallCount, CallFilter, CallGroup, CallList, CallOrder, GroupKey, Grouping, Hours,
};
pub use clients::Newcomer;
pub use command::{CallerQuery, StoreCommand, StoreNotice, StoreReply};
pub use contacts::ContactBook;
pub use costs::{CostTotal, Recomputed, Unpriced};
pub use error::{Result, StoreError};
pub use handle::{Opening, StoreHandle};
use ladder::Ladder;
pub use outbox::MOST_WAITING;
pub use recordings::{RecordingFilter, RecordingLine};
pub use tasks::{Owed, TaskFilter, TaskState};
use texts::Gathered;
pub use timeline::{Change, Happening, TimelineEntry, TimelineFilter};

use crate::model::{Right, Seat};

/// Asks the store; every method is a query.
pub struct Reader<'c> {
    connection: &'c Connection,
    /// What is remembered between two questions, where the connection lives long.
    ladder: Option<&'c RefCell<Ladder>>,
    /// Who asks.
    seat: &'c Seat,
}

/// Changes the store, inside one transaction: everything it does is kept, or nothing.
/// It reads what it has written.
pub struct Writer<'c> {
    reader: Reader<'c>,
    now: Timestamp,
    /// What clients are found by, row by row, where that is left to the end.
    texts: Option<Gathered>,
}

impl<'c> Deref for Writer<'c> {
    type Target = Reader<'c>;

    fn deref(&self) -> &Self::Target {
        &self.reader
    }
}

/// The store on one connection, synchronously: for the command line and for tests.
/// It works beside a running phone.
pub struct Store {
    connection: Connection,
    seat: Seat,
}

impl Store {
    /// Opens the file, makes it where there is none, and brings its schema up to date.
    /// A damaged file is an error and stays as it is; rows of calls in progress stay too.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_for(path, Seat::default())
    }

    /// As [`Store::open`], for a seat that may not do everything.
    pub fn open_for(path: &Path, seat: Seat) -> Result<Self> {
        let connection = open::writer(path, Duration::from_secs(10))?;
        Ok(Self { connection, seat })
    }

    /// A store in memory, gone when dropped.
    pub fn in_memory() -> Result<Self> {
        Ok(Self {
            connection: open::in_memory()?,
            seat: Seat::default(),
        })
    }

    /// Many writes follow in a row: SQLite gets the memory for the pages that they touch again and
    /// again, and does not wait for the disk after each. Until [`Store::settle`] a power cut may take
    /// the last of them away, whole transactions; a crash of the program takes nothing.
    pub fn expect_much(&self) -> Result<()> {
        open::expect_much(&self.connection)
    }

    /// Ends what [`Store::expect_much`] began: what was written outlasts a power cut from here on.
    pub fn settle(&self) -> Result<()> {
        open::settle(&self.connection)
    }

    /// Asks.
    pub fn read<T, E>(&self, query: impl FnOnce(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        query(&Reader {
            connection: &self.connection,
            ladder: None,
            seat: &self.seat,
        })
    }

    /// Changes, in one transaction; an error takes everything back.
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        change: impl FnOnce(&mut Writer<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        write_on(&mut self.connection, &self.seat, change)
    }

    /// Changes and takes everything back: shows what a change would do.
    pub fn try_out<T, E: From<StoreError>>(
        &mut self,
        change: impl FnOnce(&mut Writer<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = begin(&mut self.connection)?;
        change(&mut Writer::in_transaction(&transaction, &self.seat))
        // Dropped without a commit.
    }

    /// A consistent copy of the whole store into a new file, also while a phone is writing.
    pub fn backup_to(&self, file: &Path) -> Result<()> {
        self.read(|reader| reader.allow(Right::Backup))?;
        backup::copy(&self.connection, file)
    }
}

impl<'c> Writer<'c> {
    fn in_transaction(transaction: &'c Transaction<'_>, seat: &'c Seat) -> Self {
        Self {
            reader: Reader {
                connection: transaction,
                ladder: None,
                seat,
            },
            now: Timestamp::now(),
            texts: None,
        }
    }
}

/// A transaction that takes the write lock at once, so that it never finds out half-way that
/// another process was faster.
fn begin(connection: &mut Connection) -> Result<Transaction<'_>> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

/// Runs `change` in one transaction: committed when it succeeds, taken back when it fails.
fn write_on<T, E: From<StoreError>>(
    connection: &mut Connection,
    seat: &Seat,
    change: impl FnOnce(&mut Writer<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = begin(connection)?;
    let mut writer = Writer::in_transaction(&transaction, seat);
    let done = change(&mut writer)?;
    writer.write_gathered()?;
    drop(writer);
    transaction.commit().map_err(StoreError::from)?;
    Ok(done)
}
