//! Values for the card from outside the store: a web server's JSON, a CSV file. Asked on a thread that
//! may wait.

mod table;
mod web;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::http::HttpError;
use crate::import::ImportError;
use crate::model::{CardSource, Facts, SourcePlace};
use crate::tr;

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
}

/// What the source has on the caller; none where it has nothing. A path that is no whole one begins at
/// `folder`.
///
/// It waits, and does not begin anything new once the source's patience is over; a file system that
/// hangs can keep it all the same.
///
/// # Errors
/// The source cannot be asked, or does not answer what it should.
pub fn ask(
    source: &CardSource,
    facts: &Facts,
    folder: &Path,
) -> Result<Option<String>, SourceError> {
    let patience = Patience::begin(source.patience);
    let value = match &source.place {
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
        } => table::find(&folder.join(file), [key, field], (*by, facts), patience)?,
    };
    Ok(value.as_deref().and_then(shown))
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

    fn is_over(self) -> bool {
        Instant::now() >= self.end
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
