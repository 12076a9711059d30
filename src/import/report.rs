//! What an import did, for a person.

use std::fmt;

use super::line::{Kept, Outcome, Refusal, Refused};
use crate::store::StoreError;
use crate::{tr, trn};

/// The most mistakes and remarks that are kept word for word; the rest are counted.
const MAX_PROBLEMS: usize = 1000;
/// The most characters of a cell that are shown.
const MAX_VALUE: usize = 40;

/// What an import did, or would do.
#[derive(Debug, Default)]
pub struct Report {
    /// Nothing was changed.
    pub dry_run: bool,
    /// New clients.
    pub added: u64,
    /// Clients of the store that a line changed.
    pub updated: u64,
    /// Lines that said nothing new.
    pub unchanged: u64,
    /// Lines left out.
    pub refused: u64,
    /// The mistakes, in the file's order; at most a thousand.
    pub problems: Vec<Problem>,
    /// Lines kept, with something to know: a number that is somebody else's too. At most a thousand.
    pub remarks: Vec<String>,
}

/// A mistake in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line where the record begins; the first line, with the names, is 1.
    pub line: u64,
    /// The column's name.
    pub field: String,
    /// What it holds, shortened.
    pub value: String,
    /// What it may hold.
    pub allowed: String,
}

impl Report {
    pub(super) fn keep(&mut self, line: u64, kept: Kept) {
        match kept.outcome {
            Outcome::Added => self.added += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
        }
        if let Some(employee) = kept.employee {
            self.remark(tr!(
                "line {line}: responsible: {name} was entered as an employee",
                line = line,
                name = shortened(&employee.plain())
            ));
        }
        for shared in kept.shared {
            self.remark(tr!(
                "line {line}: phone: {number} is also a number of {name}",
                line = line,
                number = shared.number,
                name = shortened(&shared.holder)
            ));
        }
    }

    fn remark(&mut self, remark: String) {
        if self.remarks.len() < MAX_PROBLEMS {
            self.remarks.push(remark);
        }
    }

    /// Leaves the line out; an error where the store itself has failed.
    pub(super) fn take(&mut self, line: u64, refused: Refused) -> Result<(), StoreError> {
        let refusal = match refused {
            Refused::Line(refusal) => refusal,
            Refused::Store(StoreError::NotAllowed {
                field,
                value,
                allowed,
            }) => Refusal {
                field,
                value,
                allowed,
            },
            Refused::Store(error) => return Err(error),
        };
        self.refuse(line, refusal);
        Ok(())
    }

    pub(super) fn refuse(&mut self, line: u64, refusal: Refusal) {
        self.refused += 1;
        if self.problems.len() < MAX_PROBLEMS {
            let Refusal {
                field,
                value,
                allowed,
            } = refusal;
            self.problems.push(Problem {
                line,
                field,
                value: shortened(&value),
                allowed,
            });
        }
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_VALUE).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&tr!(
            "line {line}: {field}: {value} is not allowed; allowed: {allowed}",
            line = self.line,
            field = self.field,
            value = format!("{:?}", self.value),
            allowed = self.allowed
        ))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        let untold = self.refused.saturating_sub(self.problems.len() as u64);
        if untold > 0 {
            writeln!(
                f,
                "{}",
                trn!(
                    "and {n} more line with mistakes",
                    "and {n} more lines with mistakes",
                    n = untold
                )
            )?;
        }
        for remark in &self.remarks {
            writeln!(f, "{remark}")?;
        }
        let head = if self.dry_run {
            tr!("Nothing was changed. It would be:")
        } else {
            tr!("Done:")
        };
        write!(
            f,
            "{head} {}",
            tr!(
                "{added} added, {updated} updated, {unchanged} unchanged, {refused} left out",
                added = self.added,
                updated = self.updated,
                unchanged = self.unchanged,
                refused = self.refused
            )
        )
    }
}
