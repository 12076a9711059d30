//! Calls counted and added up, as CSV and JSON.

use std::io::Write;

use serde_json::{Value, json};

use super::ExportError;
use super::calls::seconds;
use super::cell::neutralised;
use crate::store::{CallGroup, GroupKey, Reader, Result};

/// What a group is called by people; empty for days and lines, and where nobody knows.
pub fn group_name(store: &Reader<'_>, key: &GroupKey) -> Result<String> {
    Ok(match key {
        GroupKey::Day(_) | GroupKey::Line(_) | GroupKey::Client(None) => String::new(),
        GroupKey::Client(Some(client)) => store
            .find_client(*client)?
            .map(|client| client.name)
            .unwrap_or_default(),
        GroupKey::Employee(extension) => store
            .find_employee(extension)?
            .map(|employee| employee.name)
            .unwrap_or_default(),
    })
}

/// What the calls of a group have in common: a day, an id, an internal number or an address; empty
/// where they have nobody in common.
pub fn group_key(key: &GroupKey) -> String {
    match key {
        GroupKey::Day(day) => day.to_string(),
        GroupKey::Client(client) => client.map(|id| id.to_string()).unwrap_or_default(),
        GroupKey::Employee(text) | GroupKey::Line(text) => text.clone(),
    }
}

/// The groups as a JSON array.
///
/// # Errors
/// What the store cannot read.
pub fn groups_json(store: &Reader<'_>, groups: &[CallGroup]) -> Result<Value> {
    let json = |group: &CallGroup| {
        Ok(json!({
            "key": group_key(&group.key),
            "name": group_name(store, &group.key)?,
            "calls": group.calls,
            "talk_s": seconds(group.talk),
        }))
    };
    groups.iter().map(json).collect()
}

/// Writes the groups as CSV.
pub fn groups_as_csv(
    store: &Reader<'_>,
    groups: &[CallGroup],
    output: impl Write,
) -> Result<(), ExportError> {
    let mut csv = csv::Writer::from_writer(output);
    csv.write_record(["key", "name", "calls", "talk_s"])?;
    for group in groups {
        let name = group_name(store, &group.key)?;
        csv.write_record([
            &*neutralised(&group_key(&group.key)),
            &*neutralised(&name),
            &group.calls.to_string(),
            &seconds(group.talk).to_string(),
        ])?;
    }
    Ok(csv.flush()?)
}
