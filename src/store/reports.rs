//! What reports read of table `calls`.

use jiff::tz::TimeZone;
use rusqlite::{Row, named_params};

use super::values::{duration, millis, time, word, word_or_none};
use super::{Reader, Result};
use crate::model::{CallStatus, Direction, KnownAs};
use crate::reports::{Conversation, Handling, HandlingTally, Period};

/// Read from the index alone: a row of the log is ten times as long. Which
/// statuses there are is the index's own condition.
const CONVERSATIONS: &str = "
    SELECT started_at, status, direction, known_as, extension, employee, ring_ms, hold_ms, talk_ms,
        identified_ms
    FROM calls INDEXED BY calls_by_answer
    WHERE status IN ('answered', 'interrupted') AND answered_at IS NOT NULL
        AND started_at >= :from AND started_at < :to
    ORDER BY started_at";

impl Reader<'_> {
    /// How long conversations took, and who had how many of them in the hours of `zone`.
    pub fn handling(&self, period: Period, zone: TimeZone) -> Result<Handling> {
        let mut tally = HandlingTally::new(zone);
        self.each_conversation(period, |conversation| tally.add(conversation))?;
        Ok(tally.finish())
    }

    /// Hands every answered call of the period that is over to `each`, in the order of time.
    fn each_conversation(
        &self,
        period: Period,
        mut each: impl FnMut(&Conversation<'_>),
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(CONVERSATIONS)?;
        let mut rows = statement.query(named_params! {
            ":from": millis(period.from),
            ":to": millis(period.to),
        })?;
        while let Some(row) = rows.next()? {
            each(&conversation(row)?);
        }
        Ok(())
    }
}

fn conversation<'r>(row: &'r Row<'_>) -> rusqlite::Result<Conversation<'r>> {
    let status = word(row, 1, "calls.status", CallStatus::from_word)?;
    Ok(Conversation {
        started_at: time(row, 0)?,
        direction: word(row, 2, "calls.direction", Direction::from_word)?,
        known_as: word_or_none(row, 3, "calls.known_as", KnownAs::from_word)?,
        extension: row.get_ref(4)?.as_str()?,
        employee: row.get_ref(5)?.as_str()?,
        cut_off: status == CallStatus::Interrupted,
        ring: duration(row.get(6)?),
        hold: duration(row.get(7)?),
        talk: duration(row.get(8)?),
        identified: row.get::<_, Option<i64>>(9)?.map(duration),
    })
}

/// How SQLite goes about it, step by step.
#[cfg(test)]
pub(super) fn plan(connection: &rusqlite::Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {CONVERSATIONS}"))?;
    let rows = statement.query_map(named_params! {":from": 0, ":to": 1}, |row| {
        row.get("detail")
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
