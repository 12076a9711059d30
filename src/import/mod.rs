//! Clients from a CSV file, of whatever program wrote it.
//!
//! The first line names the columns: those of [`ClientField`](crate::model::ClientField) in any order,
//! case and subset, `phone4`, `email2`, `city2` and so on for further ones; every other column is a
//! field of the office's own. UTF-8 with or without a byte-order mark; cells parted by commas,
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
mod records;
mod report;
#[cfg(test)]
mod tests;

use std::io::Read;

use csv::StringRecord;

use crate::model::{Country, Lists};
use crate::store::{Store, StoreError, Writer};

use columns::Columns;
use line::Line;
use lines::Lines;
pub use records::import_records;
pub use report::{Problem, Report};

/// Lines kept in one transaction: a phone's call log gets its turn between two.
const BATCH: usize = 2000;
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
    /// The first line does not say which record a line is about.
    #[error("line 1: no column is called {missing}; known columns: {known}")]
    NoKey {
        /// The column's name.
        missing: &'static str,
        /// Every column that is known.
        known: String,
    },
    /// A column that records of this kind do not have.
    #[error("line 1: {name:?} is no column of these records; known columns: {known}")]
    UnknownColumn {
        /// The name.
        name: String,
        /// Every column that is known.
        known: String,
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
    let mut import = Import {
        columns: Columns::read(&lines.header)?,
        lists: store.read(|reader| reader.lists())?,
        country: options.country,
        report: Report::default(),
    };
    import.report.dry_run = options.dry_run;
    store.expect_much()?;
    run(store, options.dry_run, |writer| {
        import.batch(&mut lines, writer)
    })?;
    Ok(import.report)
}

/// Does an import batch after batch, each in a transaction; or all of it, and takes it back.
fn run(
    store: &mut Store,
    dry_run: bool,
    mut batch: impl FnMut(&mut Writer<'_>) -> Result<bool, ImportError>,
) -> Result<(), ImportError> {
    if dry_run {
        // One transaction for all, so that lines see those before them.
        return store.try_out(|writer| {
            while batch(writer)? {}
            Ok(())
        });
    }
    while store.write(&mut batch)? {}
    Ok(())
}

/// An import on its way.
struct Import {
    columns: Columns,
    lists: Lists,
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
                Some((number, Ok(cells))) => self.line(number, &cells, writer)?,
                Some((number, Err(refusal))) => self.report.refuse(number, refusal),
            }
        }
        Ok(true)
    }

    fn line(
        &mut self,
        number: u64,
        cells: &StringRecord,
        writer: &mut Writer<'_>,
    ) -> Result<(), ImportError> {
        let read = Line::read(&self.columns, cells, self.country);
        match read.and_then(|line| line.keep(writer, &mut self.lists)) {
            Ok(kept) => self.report.keep(number, kept),
            Err(refused) => self.report.take(number, refused)?,
        }
        Ok(())
    }
}
