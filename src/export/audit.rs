//! The audit as CSV and JSON: the keys are a contract and never translated.

use std::io::Write;

use serde_json::{Value, json};

use super::ExportError;
use super::calls::utc;
use super::cell::neutralised;
use crate::model::AuditLine;

/// The columns of the audit's CSV.
pub const AUDIT_COLUMNS: [&str; 8] = [
    "audit",
    "at",
    "who",
    "act",
    "what",
    "call",
    "recording",
    "detail",
];

/// A line of the audit.
pub fn audit_json(line: &AuditLine) -> Value {
    let deed = &line.deed;
    json!({
        "audit": line.id,
        "at": utc(line.at),
        "who": line.who,
        "act": deed.act,
        "what": deed.what,
        "call": deed.call,
        "recording": deed.recording,
        "detail": deed.detail,
    })
}

/// Writes the lines as CSV.
pub fn audit_as_csv(lines: &[AuditLine], output: impl Write) -> Result<(), ExportError> {
    let mut csv = csv::Writer::from_writer(output);
    csv.write_record(AUDIT_COLUMNS)?;
    for line in lines {
        let deed = &line.deed;
        let cells = [
            line.id.to_string(),
            utc(line.at),
            line.who.clone(),
            deed.act.to_string(),
            deed.what.clone(),
            deed.call.map(|call| call.to_string()).unwrap_or_default(),
            deed.recording.map(|id| id.to_string()).unwrap_or_default(),
            deed.detail.clone(),
        ];
        csv.write_record(cells.iter().map(|cell| neutralised(cell).into_owned()))?;
    }
    Ok(csv.flush()?)
}
