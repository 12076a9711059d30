//! Opening the file: what SQLite is told, the schema brought up to date, damage recognised.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{M, Migrations};

use super::error::is_corruption;
use super::search::fold;
use super::{Result, StoreError};
use crate::model::Money;

/// Every step of the schema, oldest first. A step that was released is never edited.
const STEPS: &[M<'static>] = &[
    M::up(include_str!("../../migrations/client/0001_office.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0002_flights.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0003_diverted_by.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0004_tasks.sql")).foreign_key_check(),
    M::up(include_str!(
        "../../migrations/client/0005_client_record.sql"
    ))
    .foreign_key_check(),
    M::up(include_str!(
        "../../migrations/client/0006_business_records.sql"
    ))
    .foreign_key_check(),
    M::up(include_str!(
        "../../migrations/client/0007_card_layouts.sql"
    ))
    .foreign_key_check(),
    M::up(include_str!("../../migrations/client/0008_who_called.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0009_drafts.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0010_notes_found.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0011_contacts.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0012_analyses.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0013_known_as.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0014_cost.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0015_call_lists.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0016_call_marks.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0017_call_origin.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0018_outbox.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0019_reports.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0020_call_views.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/client/0021_call_legs.sql")).foreign_key_check(),
    M::up(include_str!(
        "../../migrations/client/0022_recordings_and_groups.sql"
    ))
    .foreign_key_check(),
];
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// What all steps make together, in one go: the steps change tables again that the first ones made,
/// which takes an empty file several times as long. A test compares the two.
const WHOLE: &str = include_str!("../../docs/SCHEMA.sql");

/// `PRAGMA application_id` of our files: 'RING'.
const APPLICATION: i32 = 0x5249_4e47;

/// Statements kept compiled for each connection.
const STATEMENTS: usize = 64;

/// How long a connection waits for another process's write before it says *busy*.
const BUSY: Duration = Duration::from_secs(5);

/// Between two attempts at what SQLite does not wait for itself.
const PAUSE: Duration = Duration::from_millis(5);

/// The connection that may write: the schema is up to date when this returns.
pub(super) fn writer(path: &Path, busy: Duration) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection, path, busy)?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// A connection that only reads. The file and its schema must be there.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    // Opened for writing all the same: a reader of a WAL database may have to recover the log.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    lend_functions(&connection)?;
    // The journal is the writer's business: a file that cannot be written can still be read.
    let told = connection.execute_batch(
        "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -1024;",
    );
    told.map_err(|error| recognise(error, path))?;
    Ok(connection)
}

/// A database of its own in memory, for tests and samples.
pub(super) fn in_memory() -> Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    let path = Path::new(":memory:");
    prepare(&connection, path, BUSY)?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

fn prepare(connection: &Connection, path: &Path, busy: Duration) -> Result<()> {
    connection.busy_timeout(busy)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    lend_functions(connection)?;
    // FULL: in WAL mode NORMAL loses acknowledged rows when the power fails.
    let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 16777216;";
    let deadline = Instant::now() + busy;
    loop {
        match connection.execute_batch(settings) {
            // SQLite does not wait by itself where two processes turn a new file to WAL at once.
            Err(error) if is_busy(&error) && Instant::now() < deadline => thread::sleep(PAUSE),
            told => return told.map_err(|error| recognise(error, path)),
        }
    }
}

/// Pages of 64 MiB are kept, and the log is moved into the file at 32 MiB.
pub(super) fn expect_much(connection: &Connection) -> Result<()> {
    let settings = "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192;
         PRAGMA synchronous = NORMAL;";
    Ok(connection.execute_batch(settings)?)
}

/// Every commit waits for the disk again, and so does one at once: it takes the log along as it stands.
/// What was moved from the log into the file before was waited for then.
pub(super) fn settle(connection: &Connection) -> Result<()> {
    let version = version(connection)?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA user_version = {version};"
    ))?;
    Ok(())
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    let known = STEPS.len() as i64;
    let found = version(connection).map_err(|error| recognise(error, path))?;
    if found > 0 {
        refuse_foreign(connection, path)?;
    }
    if found == known || (found == 0 && make(connection)?) {
        return Ok(());
    }
    take_steps(connection, path)
}

fn take_steps(connection: &mut Connection, path: &Path) -> Result<()> {
    let known = STEPS.len() as i64;
    let migrated = MIGRATIONS.to_latest(connection);
    // Two processes met at a new file, a phone and a command perhaps: the other one took the steps
    // while this one waited for it.
    if migrated.is_err() && version(connection).is_ok_and(|now| now == known) {
        return Ok(());
    }
    migrated.map_err(|source| match source {
        rusqlite_migration::Error::RusqliteError { err, .. } if is_corruption(&err) => {
            recognise(err, path)
        }
        source => StoreError::Migration {
            path: path.to_owned(),
            source,
        },
    })
}

/// Gives statements the SQL function `fold`.
fn lend_functions(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let folded = |context: &Context<'_>| Ok(fold(&context.get::<String>(0)?));
    connection.create_scalar_function("fold", 1, flags, folded)?;
    Ok(connection.create_scalar_function("major", 2, flags, major)?)
}

/// An amount in its currency's large unit; NULL where there is none.
fn major(context: &Context<'_>) -> rusqlite::Result<Option<f64>> {
    let minor: Option<i64> = context.get(0)?;
    let currency: Option<String> = context.get(1)?;
    let large = |(minor, currency): (i64, String)| {
        minor as f64 / 10_f64.powi(Money::decimals(&currency).cast_signed())
    };
    Ok(minor.zip(currency).map(large))
}

/// Gives an empty file the whole schema; false where the file is not empty.
fn make(connection: &mut Connection) -> Result<bool> {
    let transaction = super::begin(connection)?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 {
        return Ok(false);
    }
    transaction.execute_batch(WHOLE)?;
    transaction.pragma_update(None, "user_version", STEPS.len() as i64)?;
    transaction.commit()?;
    Ok(true)
}

/// Takes every step, as an older file does that comes along.
#[cfg(test)]
pub(super) fn step_by_step() -> Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    let path = Path::new(":memory:");
    prepare(&connection, path, BUSY)?;
    take_steps(&mut connection, path)?;
    Ok(connection)
}

/// The schema's version: how many steps the file has been through.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn recognise(error: rusqlite::Error, path: &Path) -> StoreError {
    if is_corruption(&error) {
        StoreError::Corrupt {
            path: path.to_owned(),
            source: error,
        }
    } else {
        StoreError::Sqlite(error)
    }
}

/// Refuses a file that is no store of ours, or one of a newer program.
pub(super) fn refuse_foreign(connection: &Connection, path: &Path) -> Result<()> {
    let found = version(connection).map_err(|error| recognise(error, path))?;
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
        });
    }
    let known = STEPS.len() as i64;
    if found > known {
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok(())
}

/// Moves a database out of the way, with its log, and says where it is now:
/// `ringbook.db.corrupt-20261122T040507Z`, where `why` is `corrupt`. Nothing of it is changed.
pub(super) fn keep_aside(path: &Path, why: &str, now: Timestamp) -> Result<PathBuf> {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Io { path, source }
    };
    let aside = (0..100)
        .map(|n| match n {
            0 => beside(&format!(".{why}-{stamp}")),
            n => beside(&format!(".{why}-{stamp}-{n}")),
        })
        .find(|aside| !aside.exists())
        .ok_or(StoreError::Closed)?;
    for suffix in ["-wal", "-shm"] {
        let from = beside(suffix);
        if from.exists() {
            let mut to = aside.as_os_str().to_owned();
            to.push(suffix);
            std::fs::rename(&from, &to).map_err(io(&from))?;
        }
    }
    std::fs::rename(path, &aside).map_err(io(path))?;
    Ok(aside)
}
