//! Table `recordings`: what is known of each file below the profile's `recordings/`.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, ToSql, params, params_from_iter};

use super::calls::CallFilter;
use super::values::{count, duration, id, length, millis, one, time, unknown, word_or_none};
use super::{Reader, Result, Writer};
use crate::model::{
    Act, Analysis, CallId, CallLine, ClientId, Missing, RecordingFile, RecordingId, RecordingRow,
    RecordingState,
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
    /// Why it cannot be listened to, as whoever looked last has found; none where it can.
    pub missing: Option<Missing>,
}

impl RecordingLine {
    /// What is known of its file.
    pub fn file(&self) -> RecordingFile {
        RecordingFile {
            recording: self.recording.id,
            file: self.recording.file.clone(),
            size: self.recording.size,
            missing: self.missing,
        }
    }
}

pub(super) const COLUMNS: &str = "r.id, r.call, r.file, r.started_at, r.duration_ms, r.channels,
    r.sample_rate, r.codec, r.size, r.sha256, r.state";
/// Behind them why it cannot be listened to.
const MISSING: usize = 11;

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
            "SELECT {COLUMNS}, r.missing FROM recordings r JOIN calls c ON c.id = r.call
             WHERE {condition} AND r.deleted_at IS NULL
             ORDER BY r.started_at DESC, r.id DESC LIMIT ? OFFSET ?"
        ))?;
        let rows = statement.query_map(params_from_iter(values), recording_and_missing)?;
        let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
        rows.into_iter()
            .filter_map(|row| self.with_call(row).transpose())
            .collect()
    }

    /// The recording with this id, and its call.
    pub fn find_recording_line(&self, id: RecordingId) -> Result<Option<RecordingLine>> {
        match self.find_with_missing(id)? {
            Some(found) => self.with_call(found),
            None => Ok(None),
        }
    }

    fn with_call(
        &self,
        (recording, missing): (RecordingRow, Option<Missing>),
    ) -> Result<Option<RecordingLine>> {
        let analysis = self.find_analysis(recording.id)?;
        let call = self.find_call(recording.call)?;
        Ok(call.map(|call| RecordingLine {
            recording,
            call,
            analysis,
            missing,
        }))
    }

    /// The recording with this id.
    pub fn find_recording(&self, recording_id: RecordingId) -> Result<Option<RecordingRow>> {
        let found = self.find_with_missing(recording_id)?;
        Ok(found.map(|(recording, _)| recording))
    }

    fn find_with_missing(
        &self,
        recording_id: RecordingId,
    ) -> Result<Option<(RecordingRow, Option<Missing>)>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS}, r.missing FROM recordings r
             WHERE r.id = ?1 AND r.deleted_at IS NULL"
        ))?;
        let found = statement.query_row([recording_id.as_bytes()], recording_and_missing);
        match found.optional()? {
            Some(found) if self.sees(found.0.call)? => Ok(Some(found)),
            _ => Ok(None),
        }
    }

    /// What is known of the files of recordings, a batch from behind this one on, none of those that
    /// were deleted. Every seat's: whether a file is there is no secret.
    pub fn recording_files(
        &self,
        behind: Option<RecordingId>,
        limit: usize,
    ) -> Result<Vec<RecordingFile>> {
        let behind = behind.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
        self.files_where(
            "r.id > ?1 ORDER BY r.id LIMIT ?2",
            params![behind, count(limit)],
        )
    }

    /// What is known of the files of a call's recordings, but for those that were deleted.
    pub fn recording_files_of(&self, call: CallId) -> Result<Vec<RecordingFile>> {
        self.files_where("r.call = ?1 ORDER BY r.id", params![call.as_bytes()])
    }

    fn files_where(&self, condition: &str, values: &[&dyn ToSql]) -> Result<Vec<RecordingFile>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT r.id, r.file, r.size, r.missing FROM recordings r
             WHERE r.deleted_at IS NULL AND {condition}"
        ))?;
        let rows = statement.query_map(values, |row| {
            Ok(RecordingFile {
                recording: id(row, 0)?,
                file: row.get(1)?,
                size: row.get::<_, i64>(2)?.unsigned_abs(),
                missing: missing(row, 3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
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

    /// Writes down which recordings can be listened to and why others cannot, as somebody has found who
    /// looked for their files. One that was deleted meanwhile stays so.
    pub fn note_missing(&mut self, found: &[(RecordingId, Option<Missing>)]) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE recordings SET missing = ?2
             WHERE id = ?1 AND deleted_at IS NULL AND missing IS NOT ?2",
        )?;
        for (recording, missing) in found {
            statement.execute(params![recording.as_bytes(), missing.map(Missing::as_str)])?;
        }
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

fn recording_and_missing(row: &Row<'_>) -> rusqlite::Result<(RecordingRow, Option<Missing>)> {
    Ok((recording(row)?, missing(row, MISSING)?))
}

fn missing(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Missing>> {
    word_or_none(row, column, "recordings.missing", Missing::from_word)
}
