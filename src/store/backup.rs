//! A consistent copy of the store while a phone is writing, and the way back.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::error::is_corruption;
use super::{Result, Store, StoreError, open};
use crate::model::{Right, Seat};

/// Pages copied at a time; between two portions a writer may go on.
const PORTION: i32 = 1024;

/// Copies what `connection` sees into the new file `file`: complete and on disk, or not there at all.
pub(super) fn copy(connection: &Connection, file: &Path) -> Result<()> {
    let part = beside(file, ".part");
    let io = |source| StoreError::Io {
        path: file.to_owned(),
        source,
    };
    let _ = fs::remove_file(&part);
    let copied = copy_into(connection, &part);
    if copied.is_err() {
        let _ = fs::remove_file(&part);
    }
    copied?;
    fs::File::open(&part)
        .and_then(|part| part.sync_all())
        .map_err(io)?;
    fs::rename(&part, file).map_err(io)
}

fn copy_into(connection: &Connection, part: &Path) -> Result<()> {
    let mut to = Connection::open(part)?;
    Backup::new(connection, &mut to)?.run_to_completion(PORTION, Duration::from_millis(5), None)?;
    // One file, without a log beside it: what people carry away is complete.
    to.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(())
}

impl Store {
    /// Makes the backup `file` the store at `path`. The store there is kept aside and its new
    /// name returned. Refused while a phone runs: the caller holds the profile's lock.
    /// The backup is examined first; a damaged one, or one of a newer program, changes nothing.
    /// It takes the right to.
    pub fn restore(
        file: &Path,
        path: &Path,
        seat: &Seat,
        now: Timestamp,
    ) -> Result<Option<PathBuf>> {
        let (role, right) = (seat.role, Right::Backup);
        if !role.may(right) {
            return Err(StoreError::Refused { role, right });
        }
        let backup = examine(file)?;
        let part = beside(path, ".restored");
        let _ = fs::remove_file(&part);
        copy(&backup, &part)?;
        let aside = if path.exists() {
            Some(open::keep_aside(path, "replaced", now)?)
        } else {
            None
        };
        fs::rename(&part, path).map_err(|source| StoreError::Io { path: part, source })?;
        Self::open(path)?;
        Ok(aside)
    }
}

/// The backup, opened for reading, when every page of it is sound.
fn examine(file: &Path) -> Result<Connection> {
    let damaged = |source| StoreError::Corrupt {
        path: file.to_owned(),
        source,
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let backup = Connection::open_with_flags(file, flags)?;
    let recognise = |error: rusqlite::Error| {
        if is_corruption(&error) {
            damaged(error)
        } else {
            StoreError::Sqlite(error)
        }
    };
    open::refuse_foreign(&backup, file)?;
    let verdict: String = backup
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(recognise)?;
    if verdict != "ok" {
        return Err(damaged(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
            Some(verdict),
        )));
    }
    Ok(backup)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
