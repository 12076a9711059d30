//! What happened with a client, printed.

use std::io::Write;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::client::FindFormat;
use super::log::clock;
use crate::export::{call_json, recording_json};
use crate::model::{ClientField, Kind, Record};
use crate::store::{Change, Happening, TimelineEntry};
use crate::table::write_table;
use crate::{tr, words};

/// Prints the entries.
pub fn timeline(
    entries: &[TimelineEntry],
    format: FindFormat,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    match format {
        FindFormat::Json => {
            let all: Vec<Value> = entries
                .iter()
                .map(entry_json)
                .collect::<anyhow::Result<_>>()?;
            serde_json::to_writer_pretty(&mut *output, &all)?;
            Ok(writeln!(output)?)
        }
        FindFormat::Table if entries.is_empty() => {
            Ok(writeln!(output, "{}", tr!("Nothing has happened yet."))?)
        }
        FindFormat::Table => {
            let zone = TimeZone::system();
            let rows: Vec<_> = entries.iter().map(|entry| row(entry, &zone)).collect();
            let headings = [tr!("Date"), tr!("Time"), tr!("What"), tr!("Details")];
            Ok(write_table(output, headings, &rows)?)
        }
    }
}

/// `at`, `what`, and the thing itself under the name of what it is.
fn entry_json(entry: &TimelineEntry) -> anyhow::Result<Value> {
    let thing = match &entry.what {
        Happening::Call(call) => call_json(call),
        Happening::Recording(recording) => recording_json(recording),
        Happening::Record(record) => serde_json::to_value(record)?,
        Happening::Change(change) => serde_json::to_value(change)?,
    };
    let word = entry.what.word();
    let mut json = json!({ "at": entry.at, "what": word });
    json[word] = thing;
    Ok(json)
}

fn row(entry: &TimelineEntry, zone: &TimeZone) -> [String; 4] {
    let local = entry.at.to_zoned(zone.clone());
    let (what, details) = match &entry.what {
        Happening::Call(call) => {
            let call = &call.record;
            let parts = [
                call.direction.to_string(),
                call.status.to_string(),
                call.employee.clone(),
                clock(call.talk),
            ];
            (tr!("noun" => "Call"), joined(&parts))
        }
        Happening::Recording(recording) => (tr!("Recording"), recording.recording.file.clone()),
        Happening::Record(record) => (words::kind(record.kind), details(record)),
        Happening::Change(change) => (tr!("Change"), change_line(change)),
    };
    [
        local.strftime("%Y-%m-%d").to_string(),
        local.strftime("%H:%M:%S").to_string(),
        what,
        details,
    ]
}

/// The record on one line, without the time that stands beside it.
fn details(record: &Record) -> String {
    let mut record = record.clone();
    if let Some(when) = record.kind.when {
        record.set(when, None);
    }
    words::line(&record)
}

fn change_line(change: &Change) -> String {
    let kind = Kind::named(&change.of);
    let field = match kind {
        Some(_) => words::column(&change.field),
        None if change.field == "photo" => tr!("Photo"),
        None => words::client_field(&ClientField::named(&change.field)),
    };
    let of = kind.map(words::kind).unwrap_or_default();
    if change.field.is_empty() {
        return match kind {
            Some(_) => tr!("{what} {name} was deleted", what = of, name = change.before),
            None => tr!("{name} was merged into this client", name = change.before),
        };
    }
    let value = |text: &str| if text.is_empty() { "–" } else { text }.to_owned();
    let values = format!("{} → {}", value(&change.before), value(&change.after));
    joined(&[of, format!("{field}: {values}")])
}

fn joined(parts: &[String]) -> String {
    let parts = parts.iter().map(String::as_str);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}
