//! Tasks as CSV and JSON: the keys are a contract and never translated.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ExportError;
use super::calls::utc;
use super::cell::neutralised;
use super::json_array::JsonArray;
use crate::model::TaskLine;
use crate::store::{Reader, TaskFilter};

/// The columns of the tasks' CSV. All times are UTC.
pub const TASK_COLUMNS: [&str; 12] = [
    "task",
    "state",
    "overdue",
    "due_at",
    "client",
    "category",
    "caller",
    "calls",
    "opened_at",
    "last_at",
    "closed_at",
    "reason",
];

/// A task with everything the program knows of it, as it stands at `now`.
pub fn task_json(line: &TaskLine, now: Timestamp) -> Value {
    let task = &line.task;
    let closed = task.closed.as_ref();
    let reason = closed
        .map(|closed| &closed.reason)
        .filter(|reason| !reason.is_empty());
    json!({
        "task": task.id,
        "state": state(line),
        "overdue": task.is_overdue(now),
        "due_at": utc(task.due_at),
        "client": line.client_name,
        "client_id": task.client,
        "category": line.category,
        "number": task.number,
        "caller": task.caller,
        "calls": task.calls,
        "opened_at": utc(task.opened_at),
        "last_at": utc(task.last_at),
        "closed_at": closed.map(|closed| utc(closed.at)),
        "contact": closed.and_then(|closed| closed.contact),
        "reason": reason,
    })
}

fn state(line: &TaskLine) -> &'static str {
    match line.task.closed {
        Some(_) => "closed",
        None => "open",
    }
}

/// Writes the tasks as a JSON array.
pub fn tasks_as_json(
    store: &Reader<'_>,
    filter: &TaskFilter,
    limit: Option<usize>,
    now: Timestamp,
    output: impl Write,
) -> Result<(), ExportError> {
    let mut array = JsonArray::begin(output);
    store.each_task(filter, limit, |line| array.push(&task_json(&line, now)))?;
    array.end()
}

/// Writes the tasks as CSV.
pub fn tasks_as_csv(
    store: &Reader<'_>,
    filter: &TaskFilter,
    limit: Option<usize>,
    now: Timestamp,
    output: impl Write,
) -> Result<(), ExportError> {
    let mut csv = csv::Writer::from_writer(output);
    csv.write_record(TASK_COLUMNS)?;
    store.each_task(filter, limit, |line| -> Result<(), ExportError> {
        let cells = cells(&line, now);
        csv.write_record(cells.iter().map(|cell| neutralised(cell).into_owned()))?;
        Ok(())
    })?;
    Ok(csv.flush()?)
}

fn cells(line: &TaskLine, now: Timestamp) -> [String; TASK_COLUMNS.len()] {
    let task = &line.task;
    let closed = task.closed.as_ref();
    [
        task.id.to_string(),
        state(line).to_owned(),
        task.is_overdue(now).to_string(),
        utc(task.due_at),
        line.client_name.clone().unwrap_or_default(),
        line.category
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        task.caller.clone(),
        task.calls.to_string(),
        utc(task.opened_at),
        utc(task.last_at),
        closed.map(|closed| utc(closed.at)).unwrap_or_default(),
        closed
            .map(|closed| closed.reason.clone())
            .unwrap_or_default(),
    ]
}
