//! Table `audit`: who listened to what, exported what and deleted what. Lines are added, and nothing else.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

use super::values::{count, id, id_or_none, millis, time, word};
use super::{Reader, Result, StoreError, Writer};
use crate::model::{Act, AuditId, AuditLine, Deed, RecordingId, RecordingRow, Right};

/// Which lines of the audit. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuditFilter {
    /// Those of this moment or later.
    pub from: Option<Timestamp>,
    /// Those before this moment.
    pub to: Option<Timestamp>,
    /// Those of this act only.
    pub act: Option<Act>,
}

impl Reader<'_> {
    /// The lines, the latest first; not more than `limit`. It takes the right to read them.
    pub fn audit(&self, filter: &AuditFilter, limit: usize) -> Result<Vec<AuditLine>> {
        self.allow(Right::ReadAudit)?;
        let mut conditions = vec!["1"];
        let mut values: Vec<Value> = Vec::new();
        let mut that = |condition, value: Option<Value>| {
            if let Some(value) = value {
                conditions.push(condition);
                values.push(value);
            }
        };
        that("at >= ?", filter.from.map(|from| millis(from).into()));
        that("at < ?", filter.to.map(|to| millis(to).into()));
        let act = filter.act.map(|act| act.as_str().to_owned().into());
        that("act = ?", act);
        values.push(count(limit).into());
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT id, at, who, act, what, call, recording, detail FROM audit
             WHERE {} ORDER BY at DESC, id DESC LIMIT ?",
            conditions.join(" AND ")
        ))?;
        let lines = statement.query_map(params_from_iter(values), audit_line)?;
        Ok(lines.collect::<rusqlite::Result<_>>()?)
    }
}

impl Writer<'_> {
    /// Writes down that `who` does this, before it is done: what cannot be written down must not be.
    /// A seat that has not this right is refused.
    pub fn audit(&mut self, who: &str, right: Right, deed: &Deed) -> Result<()> {
        self.allow(right)?;
        self.connection
            .prepare_cached(
                "INSERT INTO audit (id, at, who, act, what, call, recording, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                AuditId::new().as_bytes(),
                millis(self.now),
                who,
                deed.act.as_str(),
                deed.what,
                deed.call.as_ref().map(|call| call.as_bytes()),
                deed.recording
                    .as_ref()
                    .map(|recording| recording.as_bytes()),
                deed.detail,
            ])?;
        Ok(())
    }

    /// Writes down what `who` does to a recording, and says where that is. `detail` is where an export
    /// goes.
    pub fn audit_recording(
        &mut self,
        who: &str,
        act: Act,
        recording: RecordingId,
        detail: &str,
    ) -> Result<RecordingRow> {
        let row = self.find_recording(recording)?;
        let row = row.ok_or_else(|| StoreError::Missing {
            what: "recording",
            id: recording.to_string(),
        })?;
        let deed = Deed {
            act,
            what: row.file.clone(),
            call: Some(row.call),
            recording: Some(recording),
            detail: detail.to_owned(),
        };
        let right = match act {
            Act::Listen => Right::Listen,
            Act::Export => Right::ExportRecordings,
            Act::Delete => Right::DeleteRecordings,
        };
        self.audit(who, right, &deed)?;
        Ok(row)
    }
}

fn audit_line(row: &Row<'_>) -> rusqlite::Result<AuditLine> {
    Ok(AuditLine {
        id: id(row, 0)?,
        at: time(row, 1)?,
        who: row.get(2)?,
        deed: Deed {
            act: word(row, 3, "audit.act", Act::from_word)?,
            what: row.get(4)?,
            call: id_or_none(row, 5)?,
            recording: id_or_none(row, 6)?,
            detail: row.get(7)?,
        },
    })
}
