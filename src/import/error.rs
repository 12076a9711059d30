//! Why a file cannot be imported.

use std::io;

use super::MAX_COLUMNS;
use super::lines::MAX_LINE;
use crate::store::StoreError;
use crate::tr;

/// Why a file cannot be imported at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The first line names no column of use.
    #[error("{}", tr!("line 1: no column is called name, company or phone (found: {found})", found = .found))]
    NoColumns {
        /// The columns' names as they stand there.
        found: String,
    },
    /// A column that is mapped is not there.
    #[error("{}", tr!("line 1: no column is called {name} (found: {found})", name = format!("{:?}", .name), found = .found))]
    NoSuchColumn {
        /// What was given.
        name: String,
        /// The columns' names as they stand there.
        found: String,
    },
    /// The first line does not say which record a line is about.
    #[error("{}", tr!("line 1: no column is called {name}; known columns: {known}", name = .missing, known = .known))]
    NoKey {
        /// The column's name.
        missing: &'static str,
        /// Every column that is known.
        known: String,
    },
    /// A column that records of this kind do not have.
    #[error("{}", tr!("line 1: {name} is no column of these records; known columns: {known}", name = format!("{:?}", .name), known = .known))]
    UnknownColumn {
        /// The name.
        name: String,
        /// Every column that is known.
        known: String,
    },
    /// Two columns have one name.
    #[error("{}", tr!("line 1: two columns are called {name}; give each a name of its own", name = format!("{:?}", .name)))]
    ColumnTwice {
        /// The name.
        name: String,
    },
    /// More columns than any client has fields.
    #[error("{}", tr!("line 1: {count} columns; at most {most} are allowed", count = .count, most = MAX_COLUMNS))]
    TooManyColumns {
        /// How many.
        count: usize,
    },
    /// The file is empty.
    #[error("{}", tr!("line 1: the file is empty; its first line names the columns"))]
    Empty,
    /// The file is not text in UTF-8.
    #[error("{}", tr!("line 1: the file is not UTF-8 text; save it as “CSV UTF-8”"))]
    NotUtf8,
    /// A line longer than any client's.
    #[error("{}", tr!("line {line}: longer than {most} octets; is a quotation mark missing?", line = .line, most = MAX_LINE))]
    LongLine {
        /// Where it begins.
        line: u64,
    },
    /// No card is in the file.
    #[error("{}", tr!("line 1: no card is in the file; a card begins with a line BEGIN:VCARD"))]
    NoCards,
    /// A database of another program.
    #[error("{}", tr!("this is a database of another program; export its clients there as vCard or CSV"))]
    Database,
    /// A workbook of a spreadsheet.
    #[error("{}", tr!("this is a workbook; open it in the spreadsheet program and save the sheet as CSV"))]
    Workbook,
    /// XML that cannot be read further. Entries before it are kept.
    #[error("{}", tr!("the XML is broken: {why}", why = .0))]
    Xml(String),
    /// The file cannot be read.
    #[error("{}", tr!("the file cannot be read: {why}", why = .0))]
    Read(#[from] io::Error),
    /// The file for what was left out.
    #[error("{}", tr!("what was left out cannot be written: {why}", why = .0))]
    Rejected(io::Error),
    /// The store. Lines before it are kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}
