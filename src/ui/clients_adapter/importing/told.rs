//! What an import would do or did, ready to be shown.

use ringbook_ui::ImportEntry;
use ringbook_ui::slint::SharedString;

use crate::import::{Change, Entry, Problem, Report};
use crate::model::ClientField;
use crate::ui::text;
use crate::{tr, trn, words};

/// Entries of a list that are shown; the rest are counted.
const SHOWN: usize = 20;

/// A list of entries, and how many more there are.
pub struct Told {
    /// Those that are shown.
    pub entries: Vec<ImportEntry>,
    /// In words; empty where there are none.
    pub more: SharedString,
}

impl Told {
    fn of<T>(all: &[T], count: u64, entry: impl Fn(&T) -> ImportEntry) -> Self {
        let entries: Vec<ImportEntry> = all.iter().take(SHOWN).map(entry).collect();
        let more = count.saturating_sub(entries.len() as u64);
        Self {
            entries,
            more: match more {
                0 => SharedString::new(),
                n => trn!("and {n} more", "and {n} more", n = n).into(),
            },
        }
    }

    /// The lines that are left out.
    pub fn left_out(report: &Report) -> Self {
        Self::of(&report.problems, report.refused, map_problem)
    }

    /// The clients of the store that would change.
    pub fn changes(report: &Report) -> Self {
        // What an import has changed stands in the clients' timelines.
        let count = if report.dry_run { report.updated } else { 0 };
        Self::of(&report.changes, count, map_change)
    }

    /// What is worth knowing of lines that come in.
    pub fn remarks(report: &Report) -> Self {
        let count = report.remarks.len() as u64;
        Self::of(&report.remarks, count, |remark| ImportEntry {
            text: text::sentence(remark),
            ..ImportEntry::default()
        })
    }
}

/// An entry as it would be read.
pub fn map_entry(entry: &Entry) -> ImportEntry {
    let said = match &entry.said {
        Ok(said) => said,
        Err(problem) => return map_problem(problem),
    };
    let name = |field: &ClientField| matches!(field, ClientField::Once("name"));
    let title = said.iter().find(|(field, _)| name(field));
    let rest = said.iter().filter(|(field, _)| !name(field));
    let rest: Vec<String> = rest
        .map(|(field, said)| fact(&words::client_field(field), said))
        .collect();
    ImportEntry {
        title: match title {
            Some((_, name)) => text::line(name),
            None => tr!("Line {n}", n = entry.line).into(),
        },
        text: rest.join(" · ").into(),
        wrong: false,
    }
}

fn map_problem(problem: &Problem) -> ImportEntry {
    ImportEntry {
        title: tr!(
            "Line {n}: {what}",
            n = problem.line,
            what = fact(&problem.field, &problem.value)
        )
        .into(),
        text: tr!("Allowed: {allowed}", allowed = text::line(&problem.allowed)).into(),
        wrong: true,
    }
}

fn map_change(change: &Change) -> ImportEntry {
    let fields = change.fields.iter();
    let fields: Vec<String> = fields
        .map(|(field, before, after)| {
            let before = if before.is_empty() { "–" } else { before };
            let [before, after] = [before, after].map(text::line);
            format!(
                "{}: {before} → {after}",
                text::line(&words::client_field(field))
            )
        })
        .collect();
    ImportEntry {
        title: text::line(&change.client),
        text: fields.join("\n").into(),
        wrong: false,
    }
}

/// What a field says. A text that reads from the right stays within itself.
fn fact(field: &str, said: &str) -> String {
    format!("{}: {}", text::line(field), text::line(said))
}

/// What is being found out, of so many entries so far.
pub fn trying(entries: u64) -> String {
    match entries {
        0 => tr!("What an import would do is being found out…"),
        n => trn!(
            "What an import would do is being found out: {n} entry so far…",
            "What an import would do is being found out: {n} entries so far…",
            n = n
        ),
    }
}

/// What an import would do.
pub fn would_do(report: &Report) -> String {
    let counts = counts(report);
    match report.was_stopped {
        true => trn!(
            "Of the first {n} entry, an import would make: {counts}.",
            "Of the first {n} entries, an import would make: {counts}.",
            n = report.entries(),
            counts = counts
        ),
        false => tr!("An import would make: {counts}.", counts = counts),
    }
}

/// How far an import has come.
pub fn running(entries: u64) -> String {
    match entries {
        0 => tr!("The clients are coming in…"),
        n => trn!(
            "The clients are coming in: {n} entry so far…",
            "The clients are coming in: {n} entries so far…",
            n = n
        ),
    }
}

/// What an import did.
pub fn done(report: &Report) -> String {
    let counts = counts(report);
    match report.was_stopped {
        true => tr!(
            "Stopped. What came in until then stays in: {counts}.",
            counts = counts
        ),
        false => tr!("Done: {counts}.", counts = counts),
    }
}

fn counts(report: &Report) -> String {
    let counts = [
        trn!("{n} new client", "{n} new clients", n = report.added),
        trn!("{n} changed", "{n} changed", n = report.updated),
        trn!("{n} unchanged", "{n} unchanged", n = report.unchanged),
        trn!("{n} left out", "{n} left out", n = report.refused),
    ];
    counts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_and_what_would_change_is_told_and_the_rest_counted() {
        let problem = |line| Problem {
            line,
            field: "phone".into(),
            value: "bob".into(),
            allowed: "numbers".into(),
        };
        let report = Report {
            dry_run: true,
            added: 1,
            updated: 1,
            refused: 1500,
            problems: (2..1002).map(problem).collect(),
            changes: vec![Change {
                line: 9,
                client: "Ivan".into(),
                fields: vec![(ClientField::At("city", 0), String::new(), "Алматы".into())],
            }],
            ..Report::default()
        };
        let told = Told::left_out(&report);
        assert_eq!((told.entries.len(), &*told.more), (20, "and 1480 more"));
        assert_eq!(told.entries[0].title, "Line 2: phone: bob");
        assert_eq!(told.entries[0].text, "Allowed: numbers");
        let told = Told::changes(&report);
        assert_eq!(told.entries[0].text, "City: – → Алматы");
        assert_eq!(
            would_do(&report),
            "An import would make: 1 new client, 1 changed, 0 unchanged, 1500 left out."
        );
        assert_eq!(
            running(5000),
            "The clients are coming in: 5000 entries so far…"
        );
    }
}
