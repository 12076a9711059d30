//! Values for the card from outside the store: a web server's JSON, a CSV file, a PostgreSQL database.
//! Asked on a thread that may wait.

mod database;
mod table;
mod web;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::http::HttpError;
use crate::import::ImportError;
use crate::model::{CardSource, Database, Facts, SourcePlace};
use crate::{secrets, tr};

/// The most characters of a value.
const LONGEST: usize = 200;

/// Why a source said nothing. None of them tells anything of the caller.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It took too long.
    #[error("{}", tr!("no answer within {s} s", s = .0.as_secs_f64()))]
    TimedOut(Duration),
    /// The web server does not answer as it should.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The web server answers with another status than 200 and 404.
    #[error("{}", tr!("the server answers with {status}; check url", status = .0))]
    Status(u16),
    /// The web server answers with something else.
    #[error("{}", tr!("the server's answer is no JSON; check url"))]
    NoJson,
    /// The file cannot be read.
    #[error("{}", tr!("{file} cannot be read: {why}", file = .file, why = .why))]
    File {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// The file has no such column.
    #[error("{}", tr!("{file} has no column “{column}”; set key and field to columns of its first line", file = .file, column = .column))]
    Column {
        /// The file.
        file: String,
        /// The name in the settings.
        column: String,
    },
    /// The database's server cannot be reached.
    #[error("{}", tr!("{host} cannot be reached: {why}; check host, port and tls", host = .host, why = .why))]
    Unreachable {
        /// The server.
        host: String,
        /// Why.
        why: String,
    },
    /// The connection to the database cannot be trusted.
    #[error("{0}")]
    Tls(String),
    /// The password cannot be found.
    #[error("{}", tr!("no password: {why}", why = .0))]
    Password(String),
    /// The database's server asks for a password, and there is none.
    #[error("{}", tr!("{host} asks for a password; set password or password_command, or keep it with ringbook source keep-password", host = .0))]
    NoPassword(String),
    /// User name or password are wrong.
    #[error("{}", tr!("{host} does not take user name and password; check both", host = .0))]
    Refused(String),
    /// What is known of the caller is no value of the type that the query has there.
    #[error("{}", tr!("what is known of the caller does not fit the query (SQLSTATE {code}); convert it there", code = .0))]
    Data(String),
    /// The database refuses the query, or us.
    #[error("{}", tr!("the database says: {message}; check the settings of the source", message = .0))]
    Database(String),
    /// The query finds more than one value.
    #[error("{}", tr!("the query finds several rows; let it find one, as with LIMIT 1"))]
    SeveralRows,
}

/// Asks one source.
#[derive(Debug)]
pub struct Asker {
    source: Arc<CardSource>,
    /// Where a path begins that is no whole one.
    folder: PathBuf,
    /// The database's password, once it was looked for: a keyring may ask a person, and is asked once.
    password: Mutex<Option<Option<String>>>,
}

impl Asker {
    /// Prepares to ask `source`; nothing goes out yet. A path that is no whole one begins at `folder`.
    pub fn new(source: Arc<CardSource>, folder: &Path) -> Self {
        Self {
            source,
            folder: folder.to_owned(),
            password: Mutex::default(),
        }
    }

    /// Whom it asks.
    pub fn source(&self) -> &CardSource {
        &self.source
    }

    /// What the source has on the caller; none where it has nothing.
    ///
    /// It waits, and does not begin anything new once the source's patience is over; a file system or a
    /// keyring that hangs can keep it all the same.
    ///
    /// # Errors
    /// The source cannot be asked, or does not answer what it should.
    pub fn ask(&self, facts: &Facts) -> Result<Option<String>, SourceError> {
        let patience = Patience::begin(self.source.patience);
        let value = match &self.source.place {
            SourcePlace::Http {
                url,
                field,
                ca_file,
            } => web::ask(url, ca_file.as_deref(), field, facts, patience)?,
            SourcePlace::Csv {
                file,
                key,
                by,
                field,
            } => {
                let file = self.folder.join(file);
                table::find(&file, [key, field], (*by, facts), patience)?
            }
            SourcePlace::Postgres(database) => self.ask_database(database, facts, patience)?,
        };
        Ok(value.as_deref().and_then(shown))
    }

    fn ask_database(
        &self,
        database: &Database,
        facts: &Facts,
        patience: Patience,
    ) -> Result<Option<String>, SourceError> {
        let password = self.password_of(database)?;
        let asked = database::ask(database, password.as_deref(), facts, patience);
        if let Err(SourceError::Refused(_) | SourceError::NoPassword(_)) = asked {
            // It may be another one by now.
            *self.kept_password() = None;
        }
        asked
    }

    /// The password; none where nothing says one, for servers that do not ask.
    fn password_of(&self, database: &Database) -> Result<Option<String>, SourceError> {
        let mut kept = self.kept_password();
        if let Some(password) = &*kept {
            return Ok(password.clone());
        }
        let written = database.password.as_ref();
        let command = database.password_command.as_deref();
        let found = match secrets::look_up(written, command, &database.keyring_name()) {
            Ok(password) => Some(password),
            Err(why) if command.is_some() => return Err(SourceError::Password(why)),
            Err(why) => {
                tracing::debug!(why, source = self.source.name, "no password");
                None
            }
        };
        *kept = Some(found.clone());
        Ok(found)
    }

    fn kept_password(&self) -> MutexGuard<'_, Option<Option<String>>> {
        self.password.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value as the card has room for it; none where it is blank.
fn shown(value: &str) -> Option<String> {
    let value: String = value.trim().chars().take(LONGEST).collect();
    (!value.is_empty()).then_some(value)
}

/// How long an answer is waited for.
#[derive(Debug, Clone, Copy)]
struct Patience {
    whole: Duration,
    end: Instant,
}

impl Patience {
    fn begin(whole: Duration) -> Self {
        let end = Instant::now() + whole;
        Self { whole, end }
    }

    fn left(self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    fn is_over(self) -> bool {
        self.left().is_zero()
    }
}

/// Reads as long as there is patience.
struct Timely<R> {
    input: R,
    patience: Patience,
}

impl<R: io::Read> io::Read for Timely<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.patience.is_over() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.input.read(buffer)
    }
}

impl SourceError {
    /// A file that cannot be read, or not in time.
    fn of_file(file: &Path, error: &ImportError, patience: Patience) -> Self {
        match error {
            ImportError::Read(error) if error.kind() == io::ErrorKind::TimedOut => {
                Self::TimedOut(patience.whole)
            }
            error => Self::File {
                file: file.display().to_string(),
                why: in_words(error),
            },
        }
    }
}

fn in_words(error: &ImportError) -> String {
    match error {
        ImportError::NotUtf8 => tr!("it is not UTF-8 text; save it as “CSV UTF-8”"),
        ImportError::Empty => tr!("it is empty; its first line names the columns"),
        ImportError::LongLine { line } => tr!(
            "line {line} is too long; is a quotation mark missing?",
            line = line
        ),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
