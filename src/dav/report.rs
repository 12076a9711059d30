//! What one meeting of the two sides did, for people.

use std::fmt;

use super::{Clash, Side};
use crate::model::{ClientField, ClientId};
use crate::table::printable;
use crate::{tr, trn, words};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Contacts that came or went.
    pub moves: Vec<Move>,
    /// Contacts on which the two sides did not agree.
    pub conflicts: Vec<Conflict>,
    /// Contacts that were left as they are.
    pub problems: Vec<Problem>,
}

/// A contact that came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Which side was changed.
    pub to: Side,
    /// How.
    pub what: What,
    /// The client's name.
    pub name: String,
}

/// What became of a contact on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It is new there.
    Created,
    /// Something of it was changed.
    Changed,
    /// It is gone.
    Deleted,
}

/// Two changes of which one had to give way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The client.
    pub client: ClientId,
    /// The client's name.
    pub name: String,
    /// What gave way; a field without a name was the whole contact, deleted on this side.
    pub clash: Clash,
}

/// A contact that could not be dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The client's name, or where the card lies.
    pub name: String,
    /// Why.
    pub why: String,
}

impl Report {
    /// How many contacts were so changed on this side.
    pub fn count(&self, to: Side, what: What) -> usize {
        let same = |one: &&Move| one.to == to && one.what == what;
        self.moves.iter().filter(same).count()
    }

    /// Tells of conflicts, of each once.
    pub(super) fn add_conflicts(&mut self, conflicts: Vec<Conflict>) {
        for conflict in conflicts {
            if !self.conflicts.contains(&conflict) {
                self.conflicts.push(conflict);
            }
        }
    }

    fn counts(&self, to: Side) -> String {
        tr!(
            "{created} new, {changed} changed, {deleted} deleted",
            created = self.count(to, What::Created),
            changed = self.count(to, What::Changed),
            deleted = self.count(to, What::Deleted)
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for one in &self.moves {
            writeln!(f, "{one}")?;
        }
        for conflict in &self.conflicts {
            writeln!(f, "{conflict}")?;
        }
        for problem in &self.problems {
            let name = printable(&problem.name);
            let text = tr!(
                "Left as it is: {name}: {why}",
                name = name,
                why = problem.why
            );
            writeln!(f, "{text}")?;
        }
        let counts = tr!(
            "Came: {came}. Went: {went}.",
            came = self.counts(Side::Here),
            went = self.counts(Side::There)
        );
        let conflicts = trn!("{n} conflict", "{n} conflicts", n = self.conflicts.len());
        write!(f, "{counts} {conflicts}.")
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = printable(&self.name);
        let text = match (self.to, self.what) {
            (Side::Here, What::Created) => tr!("Came new: {name}", name = name),
            (Side::Here, What::Changed) => tr!("Came changed: {name}", name = name),
            (Side::Here, What::Deleted) => tr!("Deleted here: {name}", name = name),
            (Side::There, What::Created) => tr!("Went new: {name}", name = name),
            (Side::There, What::Changed) => tr!("Went changed: {name}", name = name),
            (Side::There, What::Deleted) => tr!("Deleted on the server: {name}", name = name),
        };
        f.write_str(&text)
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = printable(&self.name);
        if self.clash.field.is_empty() {
            let text = tr!(
                "Conflict: {name} was deleted on one side and changed on the other; the change was kept",
                name = name
            );
            return f.write_str(&text);
        }
        let text = tr!(
            "Conflict: {name}, {field}: {lost} gave way to {kept}",
            name = name,
            field = words::client_field(&ClientField::named(&self.clash.field)),
            lost = quoted(&self.clash.lost),
            kept = quoted(&self.clash.kept)
        );
        f.write_str(&text)
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text))
}
