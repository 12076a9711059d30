//! What happened with a client, printed.

use std::io::Write;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::client::FindFormat;
use crate::export::{call_json, recording_json};
use crate::store::{Change, Happening, TimelineEntry};
use crate::table::write_table;
use crate::words::clock;
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
            let record = &call.record;
            let parts = [
                record.direction.to_string(),
                record.status.to_string(),
                record.employee.clone(),
                clock(record.talk),
                call.note.clone(),
            ];
            (tr!("noun" => "Call"), joined(&parts))
        }
        Happening::Recording(recording) => (tr!("Recording"), recording.recording.file.clone()),
        Happening::Record(record) => (words::kind(record.kind), words::details(record)),
        Happening::Change(change) if change.of == Change::CONFLICT => {
            (tr!("Conflict"), words::change(change))
        }
        Happening::Change(change) => (tr!("Change"), words::change(change)),
    };
    [
        local.strftime("%Y-%m-%d").to_string(),
        local.strftime("%H:%M:%S").to_string(),
        what,
        details,
    ]
}

fn joined(parts: &[String]) -> String {
    let parts = parts.iter().map(String::as_str);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}
