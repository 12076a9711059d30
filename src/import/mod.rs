//! Clients from files, of whatever program wrote them: tables as CSV, and business cards.
//!
//! The first line of a table names the columns: those of [`ClientField`](crate::model::ClientField) in any order,
//! case and subset, `phone4`, `email2`, `city2` and so on for further ones; every other column is a
//! field of the office's own. UTF-8 with or without a byte-order mark; cells parted by commas,
//! semicolons or tabs.
//!
//! A line, or a card, is about a client of the store when they share a number and the name, or, where
//! it has no number, name and company; a card also where its `UID` is the client's. Then a filled cell
//! replaces, a blank cell leaves what is there, and numbers are added. Any other line is a new client;
//! where its number is somebody else's too, the report says whose. A line with a mistake is left out,
//! and the report names line, field and what is allowed.

mod ahead;
mod cards;
mod columns;
mod contacts;
mod format;
mod guess;
mod line;
mod lines;
mod linphone;
mod preview;
mod records;
mod report;
mod table;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, BufReader, Read, Write};

use crate::model::{Country, Lists};
use crate::store::{Store, StoreError, Writer};

use ahead::{Batch, each_batch};
use cards::CardFile;
use contacts::ContactFile;
use format::Format;
use line::{Line, Refusal, Refused};
pub(crate) use lines::Lines;
use linphone::FriendFile;
pub use preview::{ColumnRead, Entry, Preview};
pub use records::import_records;
pub use report::{Change, Problem, Report};
use table::Table;

/// Entries that are shown before an import.
const PREVIEWED: usize = 5;
/// The most columns.
const MAX_COLUMNS: usize = 250;

/// Why a file cannot be imported at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The first line names no column of use.
    #[error(
        "line 1: no column is called name, company or phone (found: {found}); say which one is with \
         --map \"COLUMN=FIELD\"; known fields: {}, others become custom fields",
        crate::model::Client::FIELDS.join(", ")
    )]
    NoColumns {
        /// The columns' names as they stand there.
        found: String,
    },
    /// A column that is mapped is not there.
    #[error("line 1: no column is called {name:?} (found: {found})")]
    NoSuchColumn {
        /// What was given.
        name: String,
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
    /// No card is in the file.
    #[error("line 1: no card is in the file; a card begins with a line BEGIN:VCARD")]
    NoCards,
    /// A database of another program.
    #[error("this is a database of another program; export its clients there as vCard or CSV")]
    Database,
    /// XML that cannot be read further. Entries before it are kept.
    #[error("the XML is broken: {0}")]
    Xml(String),
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The file for what was left out.
    #[error("what was left out cannot be written: {0}")]
    Rejected(io::Error),
    /// The store. Lines before it are kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How to read the file.
#[derive(Default)]
pub struct Options<'a> {
    /// Whose numbers are written without a country code, where the line's own column `country`
    /// is no ISO code.
    pub country: Option<Country>,
    /// Change nothing; report what would change.
    pub dry_run: bool,
    /// Columns of a table of clients, and the fields that they hold; an empty field: nothing that
    /// is kept. Others are known by their names, or guessed at.
    pub map: Vec<(String, String)>,
    /// Where clients that are left out are written, as they stand in the file, with the reason.
    pub rejected: Option<&'a mut dyn Write>,
}

/// An entry of a file.
struct Sourced {
    /// The line where it begins.
    line: u64,
    /// What it says, or why it is left out.
    said: Result<Line, Refusal>,
    /// It, as it stands in the file.
    written: Box<dyn Written>,
}

/// A file of clients, one entry after the other.
trait Source: Send {
    /// The next entry; none at the end.
    fn next(&mut self) -> Result<Option<Sourced>, ImportError>;

    /// Whether no column can say who an entry is about.
    fn is_nameless(&self) -> bool {
        false
    }

    /// What the columns hold, where it has any.
    fn columns(&self) -> Vec<ColumnRead> {
        Vec::new()
    }
}

/// An entry as it stands in the file.
trait Written: Send {
    /// About how much it takes in memory, octets.
    fn octets(&self) -> usize;

    /// Writes it, and why it was left out.
    fn reject(&self, why: &str, output: &mut dyn Write) -> io::Result<()>;
}

/// Imports the clients of a file of any format that is known; its beginning tells which.
pub fn import_file(
    store: &mut Store,
    input: impl Read + Send,
    options: Options<'_>,
) -> Result<Report, ImportError> {
    let mut source = opened(store, input, &options)?;
    import(store, &mut *source, options)
}

/// Reads the beginning of a file of any format that is known, as an import would.
pub fn preview_file(
    store: &Store,
    input: impl Read + Send,
    options: &Options<'_>,
) -> Result<Preview, ImportError> {
    let mut source = opened(store, input, options)?;
    let mut entries = Vec::new();
    while entries.len() < PREVIEWED
        && let Some(Sourced { line, said, .. }) = source.next()?
    {
        let said = said.map(|said| said.shown());
        let said = said.map_err(|refusal| Problem::new(line, refusal));
        entries.push(Entry { line, said });
    }
    Ok(Preview {
        columns: source.columns(),
        is_nameless: source.is_nameless(),
        entries,
    })
}

/// The file as what it is.
fn opened<'i>(
    store: &Store,
    input: impl Read + Send + 'i,
    options: &Options<'_>,
) -> Result<Box<dyn Source + 'i>, ImportError> {
    let mut input = BufReader::new(input);
    let country = options.country;
    Ok(match Format::of(input.fill_buf()?)? {
        Format::Table => {
            let lists = store.read(|reader| reader.lists())?;
            Box::new(Table::new(input, &options.map, country, &lists)?)
        }
        Format::Cards => Box::new(CardFile::new(input, country)),
        Format::MicroSip => Box::new(ContactFile::new(input, country)),
        Format::Linphone => Box::new(FriendFile::new(input, country)),
    })
}

/// Imports the clients of a CSV file.
pub fn import_clients(
    store: &mut Store,
    input: impl Read + Send,
    options: Options<'_>,
) -> Result<Report, ImportError> {
    let lists = store.read(|reader| reader.lists())?;
    let mut table = Table::new(input, &options.map, options.country, &lists)?;
    import(store, &mut table, options)
}

fn import(
    store: &mut Store,
    source: &mut dyn Source,
    options: Options<'_>,
) -> Result<Report, ImportError> {
    let lists = store.read(|reader| reader.lists())?;
    let mut import = Import {
        lists: lists.clone(),
        rejected: options.rejected,
        report: Report::default(),
    };
    import.report.dry_run = options.dry_run;
    store.expect_much()?;
    let read = each_batch(source, &lists, |mut batches| match options.dry_run {
        // One transaction for all, so that lines see those before them.
        true => store.try_out(|writer| batches.try_for_each(|batch| import.keep(batch?, writer))),
        false => batches.try_for_each(|batch| {
            let batch = batch?;
            store.write(|writer| import.keep(batch, writer))
        }),
    });
    if !import.report.dry_run {
        // What was kept before an error stays too.
        store.settle()?;
    }
    read?;
    Ok(import.report)
}

/// An import on its way.
struct Import<'r> {
    lists: Lists,
    rejected: Option<&'r mut dyn Write>,
    report: Report,
}

impl Import<'_> {
    /// Keeps the entries of a batch.
    fn keep(&mut self, batch: Batch, writer: &mut Writer<'_>) -> Result<(), ImportError> {
        writer.gather_texts();
        for entry in batch {
            let kept = match entry.said {
                Ok(line) => line.keep(writer, &mut self.lists),
                Err(refusal) => Err(Refused::Line(refusal)),
            };
            match kept {
                Ok(kept) => self.report.keep(entry.line, kept),
                Err(refused) => {
                    let problem = Problem::new(entry.line, refused.refusal()?);
                    self.reject(problem, &*entry.written)?;
                }
            }
        }
        Ok(())
    }

    fn reject(&mut self, problem: Problem, written: &dyn Written) -> Result<(), ImportError> {
        if let Some(output) = &mut self.rejected {
            let rejected = written.reject(&problem.to_string(), output);
            rejected.map_err(ImportError::Rejected)?;
        }
        self.report.refuse(problem);
        Ok(())
    }
}
