//! What an import did, for a person.

use std::fmt;

use super::line::{Kept, Outcome, Refusal, Refused};
use crate::model::{Client, ClientField};
use crate::store::StoreError;
use crate::{tr, trn, words};

/// The most mistakes and remarks that are kept word for word; the rest are counted.
const MAX_PROBLEMS: usize = 1000;
/// The most characters of a cell that are shown.
const MAX_VALUE: usize = 40;

/// What an import did, or would do.
#[derive(Debug, Default)]
pub struct Report {
    /// Nothing was changed.
    pub dry_run: bool,
    /// It was stopped before the file's end: what is counted was done.
    pub was_stopped: bool,
    /// The charset that the file was taken to be in, where that is not UTF-8.
    pub charset: Option<&'static str>,
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
    /// What a dry run would change of clients of the store; at most a thousand of them.
    pub changes: Vec<Change>,
}

/// What a line changes of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The line.
    pub line: u64,
    /// What the client is called in the store.
    pub client: String,
    /// The fields: what each says, and what it would say.
    pub fields: Vec<(ClientField, String, String)>,
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
    /// How many entries of the file were read.
    pub fn entries(&self) -> u64 {
        self.added + self.updated + self.unchanged + self.refused
    }

    pub(super) fn keep(&mut self, line: u64, kept: Kept) {
        match kept.outcome {
            Outcome::Added => self.added += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
        }
        if let (Outcome::Updated, Some(change)) = (kept.outcome, kept.change) {
            self.change(line, &change);
        }
        if !kept.left.is_empty() {
            self.remark(tr!(
                "line {line}: not kept, because clients have no such field: {names}",
                line = line,
                names = shortened(&kept.left.join(", "))
            ));
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

    fn change(&mut self, line: u64, (before, after): &(Client, Client)) {
        if self.dry_run && self.changes.len() < MAX_PROBLEMS {
            self.changes.push(Change {
                line,
                client: called(before),
                fields: before.differences(after),
            });
        }
    }

    fn remark(&mut self, remark: String) {
        if self.remarks.len() < MAX_PROBLEMS {
            self.remarks.push(remark);
        }
    }

    /// Leaves the line out; an error where the store itself has failed.
    pub(super) fn take(&mut self, line: u64, refused: Refused) -> Result<(), StoreError> {
        self.refuse(Problem::new(line, refused.refusal()?));
        Ok(())
    }

    pub(super) fn refuse(&mut self, problem: Problem) {
        self.refused += 1;
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

impl Problem {
    pub(super) fn new(line: u64, refusal: Refusal) -> Self {
        Self {
            line,
            field: refusal.field,
            value: shortened(&refusal.value),
            allowed: refusal.allowed,
        }
    }
}

/// The charset that a file was taken to be in, so that a wrong guess is seen.
pub(super) fn read_as(charset: &str) -> String {
    tr!("Read as {charset}.", charset = charset)
}

/// What people call the client.
fn called(client: &Client) -> String {
    let number = client.phones.first().map(|phone| phone.shown());
    [
        client.name.clone(),
        client.company.clone(),
        number.unwrap_or_default(),
    ]
    .into_iter()
    .find(|text| !text.is_empty())
    .unwrap_or_default()
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

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}",
            tr!(
                "line {line}: {name}",
                line = self.line,
                name = shortened(&self.client)
            )
        )?;
        for (field, before, after) in &self.fields {
            let [before, after] = [before, after].map(|text| format!("{:?}", shortened(text)));
            write!(f, "\n  {}: {before} → {after}", words::client_field(field))?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(charset) = self.charset {
            writeln!(f, "{}", read_as(charset))?;
        }
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
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        let untold = self.updated.saturating_sub(self.changes.len() as u64);
        if self.dry_run && untold > 0 {
            let more = trn!("and {n} more change", "and {n} more changes", n = untold);
            writeln!(f, "{more}")?;
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
