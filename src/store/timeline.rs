//! What happened with a client, in one list: calls, recordings, records of every kind, changes.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::records::moment;
use super::values::{count, id, time, unknown};
use super::{Reader, RecordingLine, Result};
use crate::model::{CallId, CallLine, ClientId, Kind, Record, RecordId, RecordingId};

/// Something that happened with a client.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineEntry {
    /// When; of a record the time that counts, such as an appointment's.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// What happened with a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// A call, by any of the client's numbers.
    Call(Box<CallLine>),
    /// A recording of such a call.
    Recording(Box<RecordingLine>),
    /// An order, a request, a note and so on.
    Record(Box<Record>),
    /// Something of the client, or of what is linked, was changed.
    Change(Change),
}

/// Something that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it was changed of: `client`, `order`, `request` and so on, or [`Change::CONFLICT`].
    pub of: String,
    /// Its row.
    pub record: RecordId,
    /// The field's name in files; empty where the whole row went.
    pub field: String,
    /// What it was.
    pub before: String,
    /// What it is since.
    pub after: String,
}

impl Change {
    /// What gave way when a client met its card on a server: `before` is what was given up, for `after`.
    /// Without a field the contact was deleted on one side, and kept.
    pub const CONFLICT: &str = "conflict";
}

/// What of a client's timeline is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimelineFilter {
    /// Everything.
    #[default]
    All,
    /// Calls.
    Calls,
    /// Recordings.
    Recordings,
    /// What was written down.
    Notes,
    /// Records of every kind but notes.
    Records,
    /// What was changed.
    Changes,
}

impl TimelineFilter {
    /// Every one, in the order of lists.
    pub const ALL: [Self; 6] = [
        Self::All,
        Self::Calls,
        Self::Recordings,
        Self::Notes,
        Self::Records,
        Self::Changes,
    ];

    /// Whether what this word names is looked at.
    fn takes(self, word: &str) -> bool {
        match self {
            Self::All => true,
            Self::Calls => word == "call",
            Self::Recordings => word == "recording",
            Self::Notes => word == Kind::NOTE.name,
            Self::Records => word != Kind::NOTE.name && Kind::named(word).is_some(),
            Self::Changes => word == "change",
        }
    }
}

impl Happening {
    /// Its word: `call`, `recording`, `change`, or the name of a kind of record.
    pub fn word(&self) -> &str {
        match self {
            Self::Call(_) => "call",
            Self::Recording(_) => "recording",
            Self::Record(record) => record.kind.name,
            Self::Change(_) => "change",
        }
    }
}

/// A row of the list: when, its word, its id.
type Found = (Timestamp, String, RecordId);

impl Reader<'_> {
    /// A page of what happened with the client, the latest first.
    pub fn timeline(
        &self,
        client: ClientId,
        filter: TimelineFilter,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<TimelineEntry>> {
        let mut statement = self
            .connection
            .prepare_cached(&page(filter, &self.and_sight()))?;
        let values = params![client.as_bytes(), count(limit), count(offset)];
        let found = statement
            .query_map(values, |row| Ok((time(row, 0)?, row.get(1)?, id(row, 2)?)))?
            .collect::<rusqlite::Result<Vec<Found>>>()?;
        let entries = found.into_iter().map(|(at, word, id)| {
            let what = self.happening(&word, id)?;
            Ok(what.map(|what| TimelineEntry { at, what }))
        });
        entries.filter_map(Result::transpose).collect()
    }

    fn happening(&self, word: &str, id: RecordId) -> Result<Option<Happening>> {
        let bytes = *id.as_bytes();
        Ok(match word {
            "call" => {
                let call = self.find_call(CallId::from_bytes(bytes))?;
                call.map(|call| Happening::Call(Box::new(call)))
            }
            "recording" => {
                let line = self.find_recording_line(RecordingId::from_bytes(bytes))?;
                line.map(|line| Happening::Recording(Box::new(line)))
            }
            "change" => self.find_change(id)?.map(Happening::Change),
            word => {
                let kind = Kind::named(word).ok_or_else(|| unknown(1, "kind of record", word))?;
                let record = self.find_record(kind, id)?;
                record.map(|record| Happening::Record(Box::new(record)))
            }
        })
    }

    fn find_change(&self, id: RecordId) -> Result<Option<Change>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT kind, record, field, before, after FROM changes WHERE id = ?1",
        )?;
        Ok(statement.query_row([id.as_bytes()], change).optional()?)
    }
}

/// The statement that finds a page of the list. Each part reads an index by client and hands on no
/// more than the page can need, so that a client of many years costs what a page costs.
fn page(filter: TimelineFilter, and_sight: &str) -> String {
    let records = Kind::of_clients().map(|kind| {
        let part = format!(
            "SELECT {at} AS at, '{name}' AS word, t.id AS id FROM {table} t
             WHERE t.client = ?1 AND t.deleted_at IS NULL ORDER BY at DESC, id DESC",
            at = moment(kind),
            name = kind.name,
            table = kind.table
        );
        (kind.name, part)
    });
    // Recordings come in the order of their calls, which an index has.
    let rest = [
        (
            "call",
            format!(
                "SELECT c.started_at AS at, 'call' AS word, c.id AS id FROM calls c
                 WHERE c.client = ?1{and_sight} ORDER BY at DESC, id DESC"
            ),
        ),
        (
            "recording",
            format!(
                "SELECT r.started_at AS at, 'recording' AS word, r.id AS id
                 FROM calls c CROSS JOIN recordings r ON r.call = c.id
                 WHERE c.client = ?1 AND r.deleted_at IS NULL{and_sight}
                 ORDER BY c.started_at DESC"
            ),
        ),
        (
            "change",
            "SELECT h.at AS at, 'change' AS word, h.id AS id FROM changes h
             WHERE h.client = ?1 ORDER BY at DESC, id DESC"
                .to_owned(),
        ),
    ];
    let parts: Vec<String> = rest
        .into_iter()
        .chain(records)
        .filter(|(word, _)| filter.takes(word))
        .map(|(_, part)| format!("SELECT * FROM ({part} LIMIT ?2 + ?3)"))
        .collect();
    let parts = parts.join(" UNION ALL ");
    format!("{parts} ORDER BY at DESC, word, id DESC LIMIT ?2 OFFSET ?3")
}

/// How SQLite goes about a page of the list, step by step.
#[cfg(test)]
pub(super) fn plan(connection: &rusqlite::Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!(
        "EXPLAIN QUERY PLAN {}",
        page(TimelineFilter::All, "")
    ))?;
    let nobody = [0_u8; 16];
    let rows = statement.query_map(params![nobody, 10, 0], |row| row.get("detail"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn change(row: &Row<'_>) -> rusqlite::Result<Change> {
    Ok(Change {
        of: row.get(0)?,
        record: id(row, 1)?,
        field: row.get(2)?,
        before: row.get(3)?,
        after: row.get(4)?,
    })
}
