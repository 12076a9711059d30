//! What can go wrong with the store, and whether waiting helps.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::model::{Right, Role};

/// The store's answer.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own words.
    #[error("the database answers: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file is damaged, or is no database at all.
    #[error("{}: the database is damaged or is no database ({source})", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        source: rusqlite::Error,
    },
    /// A later version of the program has written it.
    #[error(
        "{}: written by a newer Ringbook (schema {found}, this one knows {known}): update Ringbook",
        path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// A database of another program.
    #[error("{}: a database, but not one of Ringbook's", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The schema could not be brought up to date; the file is as it was.
    #[error("{}: cannot be brought up to date: {source}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite_migration::Error,
    },
    /// A file beside the database.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A row that must exist does not.
    #[error("no {what} {id}")]
    Missing {
        /// The table's noun: `client`, `call`.
        what: &'static str,
        /// The id asked for.
        id: String,
    },
    /// A value the program cannot have written.
    #[error("the database holds {value:?} as {what}, which this program does not know")]
    Unreadable {
        /// Table and column.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// A value that the store does not take.
    #[error("{field}: {value:?} is not allowed; allowed: {allowed}")]
    NotAllowed {
        /// What it was given for.
        field: String,
        /// The value.
        value: String,
        /// What would be taken.
        allowed: String,
    },
    /// The seat's role may not do that.
    #[error("{}", crate::words::refusal(*role, *right))]
    Refused {
        /// What the seat is.
        role: Role,
        /// What it was about to do.
        right: Right,
    },
    /// Too much is waiting already: ask again later.
    #[error("the store has too much to do at the moment")]
    Overloaded,
    /// The store is closed or could not be opened yet.
    #[error("the store is not open")]
    Closed,
}

impl StoreError {
    /// That the store does not take `value` for `field`.
    pub(super) fn not_allowed(
        field: impl Into<String>,
        value: impl Into<String>,
        allowed: impl Into<String>,
    ) -> Self {
        Self::NotAllowed {
            field: field.into(),
            value: value.into(),
            allowed: allowed.into(),
        }
    }

    /// Whether the same request may succeed later: locked, full, read-only, unreadable disk.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Sqlite(error) => passes(error),
            Self::Migration {
                source: rusqlite_migration::Error::RusqliteError { err, .. },
                ..
            } => passes(err),
            Self::Io { .. } | Self::Overloaded | Self::Closed => true,
            _ => false,
        }
    }

    /// Whether the file itself is damaged.
    pub fn is_corruption(&self) -> bool {
        match self {
            Self::Corrupt { .. } => true,
            Self::Sqlite(error) => is_corruption(error),
            _ => false,
        }
    }
}

/// Whether SQLite was kept from its work by something that may be over later.
fn passes(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::PermissionDenied
        )
    )
}

/// Whether SQLite found the file damaged or no database.
pub(super) fn is_corruption(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}
