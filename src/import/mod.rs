//! Clients from a CSV file, of whatever program wrote it.
//!
//! The first line names the columns: those of [`Client::FIELDS`](crate::model::Client::FIELDS) in any
//! order, case and subset, `phone4` and so on for further numbers; every other column becomes a
//! custom field of that name. UTF-8 with or without a byte-order mark; cells parted by commas,
//! semicolons or tabs.
//!
//! A line is about a client of the store when they share a number and the name, or, where the line
//! has no number, name and company. Then a filled cell replaces, a blank cell leaves what is there,
//! and numbers are added. Any other line is a new client; where its number is somebody else's too,
//! the report says whose. A line with a mistake is left out, and the report names line, field and
//! what is allowed.

mod columns;
mod line;
mod lines;
mod report;
#[cfg(test)]
mod tests;

use std::io::Read;

use csv::StringRecord;

use crate::model::{Category, Country};
use crate::store::{Store, StoreError, Writer};

use columns::Columns;
use line::{Line, Refusal, Refused};
use lines::Lines;
pub use report::{Problem, Report};

/// Lines kept in one transaction: a phone's call log gets its turn between two.
const BATCH: usize = 500;
/// The most columns.
const MAX_COLUMNS: usize = 250;

/// Why a file cannot be imported at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The first line names no column of use.
    #[error(
        "line 1: no column is called name, company or phone (found: {found}); known columns: {}, \
         others become custom fields",
        crate::model::Client::FIELDS.join(", ")
    )]
    NoColumns {
        /// The columns' names as they stand there.
        found: String,
    },
    /// Two columns have one name.
    #[error("line 1: two columns are called {name:?}")]
    ColumnTwice {
        /// The name.
        name: String,
    },
    /// More columns than any client has fields.
    #[error("line 1: {count} columns; at most {MAX_COLUMNS} are allowed")]
    TooManyColumns {
        /// How many.
        count: usize,
    },
    /// The file is empty.
    #[error("line 1: the file is empty; its first line names the columns")]
    Empty,
    /// The file is not text in UTF-8.
    #[error("line 1: the file is not UTF-8 text; save it as \"CSV UTF-8\"")]
    NotUtf8,
    /// A line longer than any client's.
    #[error(
        "line {line}: longer than {} octets; is a quotation mark missing?",
        lines::MAX_LINE
    )]
    LongLine {
        /// Where it begins.
        line: u64,
    },
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// The store. Lines before it are kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How to read the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whose numbers are written without a country code, where the line's own column `country`
    /// is no ISO code.
    pub country: Option<Country>,
    /// Change nothing; report what would change.
    pub dry_run: bool,
}

/// Imports the clients of a CSV file.
pub fn import_clients(
    store: &mut Store,
    input: impl Read,
    options: Options,
) -> Result<Report, ImportError> {
    let mut lines = Lines::new(input)?;
    let categories = store.read(|reader| reader.categories())?;
    let mut import = Import {
        categories,
        country: options.country,
        report: Report::default(),
    };
    import.report.dry_run = options.dry_run;
    if options.dry_run {
        // One transaction for all, so that lines see those before them.
        store.try_out(|writer| -> Result<(), ImportError> {
            while import.batch(&mut lines, writer)? {}
            Ok(())
        })?;
    } else {
        while store.write(|writer| import.batch(&mut lines, writer))? {}
    }
    Ok(import.report)
}

/// An import on its way.
struct Import {
    categories: Vec<Category>,
    country: Option<Country>,
    report: Report,
}

impl Import {
    /// Imports the next lines; false when there are no more.
    fn batch<R: Read>(
        &mut self,
        lines: &mut Lines<R>,
        writer: &mut Writer<'_>,
    ) -> Result<bool, ImportError> {
        for _ in 0..BATCH {
            match lines.next()? {
                None => return Ok(false),
                Some((number, Ok(cells))) => self.line(number, &lines.columns, &cells, writer)?,
                Some((number, Err(refusal))) => self.report.refuse(number, refusal),
            }
        }
        Ok(true)
    }

    fn line(
        &mut self,
        number: u64,
        columns: &Columns,
        cells: &StringRecord,
        writer: &mut Writer<'_>,
    ) -> Result<(), ImportError> {
        let read = Line::read(columns, cells, &self.categories, self.country);
        match read.and_then(|line| line.keep(writer)) {
            Ok(kept) => self.report.keep(number, kept),
            Err(Refused::Line(refusal)) => self.report.refuse(number, refusal),
            Err(Refused::Store(StoreError::NotAllowed {
                field,
                value,
                allowed,
            })) => {
                self.report.refuse(
                    number,
                    Refusal {
                        field: field.to_owned(),
                        value,
                        allowed,
                    },
                );
            }
            Err(Refused::Store(error)) => return Err(error.into()),
        }
        Ok(())
    }
}
