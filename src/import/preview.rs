//! How a file would be read, before anything of it is.

use std::fmt;

use super::report::{Problem, read_as};
use crate::model::ClientField;
use crate::{tr, words};

/// What a file's columns are taken for, and its first entries as they would be read.
#[derive(Debug)]
pub struct Preview {
    /// The columns of a table; of any other file none.
    pub columns: Vec<ColumnRead>,
    /// The charset that the file was taken to be in, where that is not UTF-8.
    pub charset: Option<&'static str>,
    /// No column holds a name or a company.
    pub is_nameless: bool,
    /// Something that clients are known by is in it: it can be imported so.
    pub is_of_use: bool,
    /// The first entries.
    pub entries: Vec<Entry>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRead {
    /// Its name.
    pub name: String,
    /// What it holds, for people; empty: nothing that is kept.
    pub holds: String,
    /// Whether that is a guess.
    pub is_guess: bool,
}

/// An entry: the line where it begins, and what it says of a client, or what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line.
    pub line: u64,
    /// What it says.
    pub said: Result<Vec<(ClientField, String)>, Problem>,
}

impl fmt::Display for ColumnRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = match (&*self.holds, self.is_guess) {
            ("", _) => tr!("not kept"),
            (holds, true) => tr!("{field} (a guess)", field = holds),
            (holds, false) => holds.to_owned(),
        };
        write!(f, "{}: {holds}", self.name)
    }
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(charset) = self.charset {
            writeln!(f, "{}", read_as(charset))?;
        }
        for column in &self.columns {
            writeln!(f, "{column}")?;
        }
        if self.is_nameless {
            let hint = tr!(
                "No column holds a name or a company: say which one does, such as --map \"Patient=name\"."
            );
            writeln!(f, "{hint}")?;
        }
        for entry in &self.entries {
            match &entry.said {
                Err(problem) => writeln!(f, "{problem}")?,
                Ok(texts) => {
                    writeln!(f, "{}", tr!("line {line}:", line = entry.line))?;
                    for (field, text) in texts {
                        writeln!(f, "  {}: {text:?}", words::client_field(field))?;
                    }
                }
            }
        }
        write!(f, "{}", tr!("Nothing was changed."))
    }
}
