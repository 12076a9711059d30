//! Table `recordings`: what is known of each file below the profile's `recordings/`.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::calls::CallFilter;
use super::values::{count, duration, id, length, millis, one, time, unknown};
use super::{Reader, Result, Writer};
use crate::model::{
    Act, Analysis, CallId, CallLine, ClientId, RecordingId, RecordingRow, RecordingState,
};

/// Which recordings. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordingFilter {
    /// Those that began at this moment or later.
    pub from: Option<Timestamp>,
    /// Those that began before this moment.
    pub to: Option<Timestamp>,
    /// Recordings of calls with one of these clients only.
    pub clients: Option<Vec<ClientId>>,
    /// Recordings of this call only.
    pub call: Option<CallId>,
}

/// A recording with its call.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingLine {
    /// The recording.
    pub recording: RecordingRow,
    /// The call's line of the log.
    pub call: CallLine,
    /// What listening to it found, once it was analysed.
    pub analysis: Option<Analysis>,
}

pub(super) const COLUMNS: &str = "r.id, r.call, r.file, r.started_at, r.duration_ms, r.channels,
    r.sample_rate, r.codec, r.size, r.sha256, r.state";

impl Reader<'_> {
    /// The condition on `recordings r` and `calls c`, and the values it binds.
    fn recordings_condition(&self, filter: &RecordingFilter) -> Result<(String, Vec<Value>)> {
        // The clients' condition is the call log's own.
        let clients = CallFilter {
            clients: filter.clients.clone(),
            ..CallFilter::default()
        };
        let (mut condition, mut values) = self.condition(&clients)?.into_parts();
        let mut bind = |more: &str, value: Value| {
            condition.push_str(more);
            values.push(value);
        };
        if let Some(from) = filter.from {
            bind(" AND r.started_at >= ?", millis(from).into());
        }
        if let Some(to) = filter.to {
            bind(" AND r.started_at < ?", millis(to).into());
        }
        if let Some(call) = filter.call {
            bind(" AND r.call = ?", call.as_bytes().to_vec().into());
        }
        Ok((condition, values))
    }

    /// How many recordings there are.
    pub fn count_recordings(&self, filter: &RecordingFilter) -> Result<u64> {
        let (condition, values) = self.recordings_condition(filter)?;
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT count(*) FROM recordings r JOIN calls c ON c.id = r.call
             WHERE {condition} AND r.deleted_at IS NULL"
        ))?;
        let count: i64 = statement.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// A page of the recordings, the latest first.
    pub fn recordings(
        &self,
        filter: &RecordingFilter,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<RecordingLine>> {
        let (condition, mut values) = self.recordings_condition(filter)?;
        values.push(count(limit).into());
        values.push(count(offset).into());
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM recordings r JOIN calls c ON c.id = r.call
             WHERE {condition} AND r.deleted_at IS NULL
             ORDER BY r.started_at DESC, r.id DESC LIMIT ? OFFSET ?"
        ))?;
        let rows = statement.query_map(params_from_iter(values), recording)?;
        let rows: Vec<RecordingRow> = rows.collect::<rusqlite::Result<_>>()?;
        rows.into_iter()
            .filter_map(|row| self.with_call(row).transpose())
            .collect()
    }

    /// The recording with this id, and its call.
    pub fn find_recording_line(&self, id: RecordingId) -> Result<Option<RecordingLine>> {
        match self.find_recording(id)? {
            Some(recording) => self.with_call(recording),
            None => Ok(None),
        }
    }

    fn with_call(&self, recording: RecordingRow) -> Result<Option<RecordingLine>> {
        let analysis = self.find_analysis(recording.id)?;
        let call = self.find_call(recording.call)?;
        Ok(call.map(|call| RecordingLine {
            recording,
            call,
            analysis,
        }))
    }

    /// The recording with this id.
    pub fn find_recording(&self, recording_id: RecordingId) -> Result<Option<RecordingRow>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM recordings r WHERE r.id = ?1 AND r.deleted_at IS NULL"
        ))?;
        let found = statement.query_row([recording_id.as_bytes()], recording);
        match found.optional()? {
            Some(row) if self.sees(row.call)? => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    /// The recording that is kept in this file, also where it was marked deleted.
    pub fn find_recording_file(&self, file: &str) -> Result<Option<RecordingRow>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM recordings r WHERE r.file = ?1"
        ))?;
        Ok(statement.query_row([file], recording).optional()?)
    }
}

impl Writer<'_> {
    /// Adds the recording or writes it anew. Its call must have a row.
    pub fn save_recording(&mut self, recording: &RecordingRow) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO recordings (id, call, file, started_at, duration_ms, channels,
                     sample_rate, codec, size, sha256, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (id) DO UPDATE SET file = excluded.file,
                     started_at = excluded.started_at, duration_ms = excluded.duration_ms,
                     channels = excluded.channels, sample_rate = excluded.sample_rate,
                     codec = excluded.codec, size = excluded.size, sha256 = excluded.sha256,
                     state = excluded.state",
            )?
            .execute(params![
                recording.id.as_bytes(),
                recording.call.as_bytes(),
                recording.file,
                millis(recording.started_at),
                length(recording.duration),
                recording.channels,
                recording.sample_rate,
                recording.codec,
                count(recording.size),
                recording.sha256,
                recording.state.as_str(),
            ])?;
        Ok(())
    }

    /// Marks the recording deleted, and writes down that `who` did. The file is the caller's to remove,
    /// after the commit.
    pub fn delete_recording(&mut self, who: &str, id: RecordingId) -> Result<()> {
        self.audit_recording(who, Act::Delete, id, "")?;
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE recordings SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL",
            )?
            .execute(params![id.as_bytes(), millis(self.now)])?;
        one(changed, "recording", id)
    }
}

pub(super) fn recording(row: &Row<'_>) -> rusqlite::Result<RecordingRow> {
    let state: String = row.get(10)?;
    let state = match state.as_str() {
        "finished" => RecordingState::Finished,
        "repaired" => RecordingState::Repaired,
        "failed" => RecordingState::Failed,
        other => return Err(unknown(10, "recordings.state", other)),
    };
    Ok(RecordingRow {
        id: id(row, 0)?,
        call: id(row, 1)?,
        file: row.get(2)?,
        started_at: time(row, 3)?,
        duration: duration(row.get(4)?),
        channels: row.get(5)?,
        sample_rate: row.get(6)?,
        codec: row.get(7)?,
        size: row.get::<_, i64>(8)?.unsigned_abs(),
        sha256: row.get(9)?,
        state,
    })
}
