//! What reports read of table `calls`.

use std::time::Duration;

use jiff::tz::TimeZone;
use rusqlite::{Row, named_params};

use super::values::{duration, millis, time, word, word_or_none};
use super::{Reader, Result};
use crate::model::{CallEnd, CallStatus, Direction, EndReason, KnownAs};
use crate::reports::{
    Busiest, BusiestTally, Conversation, Handling, HandlingTally, LoggedCall, Lost, LostTally,
    Period, Service, ServiceTally,
};

/// Read from the index alone: a row of the log is ten times as long. Which
/// statuses there are is the index's own condition.
const CONVERSATIONS: &str = "
    SELECT started_at, status, direction, known_as, extension, employee, ring_ms, hold_ms, talk_ms,
        identified_ms
    FROM calls INDEXED BY calls_by_answer
    WHERE status IN ('answered', 'interrupted') AND answered_at IS NOT NULL
        AND started_at >= :from AND started_at < :to
    ORDER BY started_at";

/// Sound that went one way only counts as none; a call without any figures of it may have had it.
const CALLS: &str = "
    SELECT started_at, coalesce(ended_at, last_seen_at), direction, status, end_reason,
        ended_at IS NOT NULL, answered_at IS NOT NULL,
        answered_at IS NOT NULL AND min(packets_sent, packets_received) IS 0,
        ring_ms, talk_ms, account, extension, employee
    FROM calls INDEXED BY calls_by_time
    WHERE started_at >= :from AND started_at < :to
    ORDER BY started_at";

impl Reader<'_> {
    /// How long conversations took, and who had how many of them in the hours of `zone`.
    pub fn handling(&self, period: Period, zone: TimeZone) -> Result<Handling> {
        let mut tally = HandlingTally::new(zone);
        self.each_conversation(period, |conversation| tally.add(conversation))?;
        Ok(tally.finish())
    }

    /// How many incoming calls were lost, also in the period of the same length before. Days and
    /// hours are those of `zone`; whoever gives up in less than `short` is counted apart.
    pub fn lost(&self, period: Period, zone: TimeZone, short: Duration) -> Result<Lost> {
        let before = period.before(&zone);
        let mut tally = LostTally::new(period, zone, short);
        let both = Period {
            from: before.from,
            ..period
        };
        self.each_logged_call(both, |call| tally.add(call))?;
        Ok(tally.finish())
    }

    /// How soon callers were answered, in time where it was `within` the threshold, and how busy
    /// employees were in the hours of `zone`. Whoever gives up in less than `short` is counted apart.
    pub fn service(
        &self,
        period: Period,
        zone: TimeZone,
        short: Duration,
        within: Duration,
    ) -> Result<Service> {
        let mut tally = ServiceTally::new(zone, short, within);
        self.each_logged_call(period, |call| tally.add(call))?;
        Ok(tally.finish())
    }

    /// When in the week, by the clock of `zone`, there were how many calls. Whoever gives up in less
    /// than `short` is counted apart.
    pub fn busiest(&self, period: Period, zone: TimeZone, short: Duration) -> Result<Busiest> {
        let mut tally = BusiestTally::new(period, zone, short);
        self.each_logged_call(tally.wanted(), |call| tally.add(call))?;
        Ok(tally.finish())
    }

    /// Hands every answered call of the period that is over to `each`, in the order of time.
    fn each_conversation(
        &self,
        period: Period,
        mut each: impl FnMut(&Conversation<'_>),
    ) -> Result<()> {
        self.each_row(CONVERSATIONS, period, |row| {
            each(&conversation(row)?);
            Ok(())
        })
    }

    /// Hands every call of the period to `each`, in the order of time.
    fn each_logged_call(
        &self,
        period: Period,
        mut each: impl FnMut(&LoggedCall<'_>),
    ) -> Result<()> {
        self.each_row(CALLS, period, |row| {
            each(&logged_call(row)?);
            Ok(())
        })
    }

    fn each_row(
        &self,
        select: &str,
        period: Period,
        mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(select)?;
        let mut rows = statement.query(named_params! {
            ":from": millis(period.from),
            ":to": millis(period.to),
        })?;
        while let Some(row) = rows.next()? {
            each(row)?;
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

fn logged_call<'r>(row: &'r Row<'_>) -> rusqlite::Result<LoggedCall<'r>> {
    Ok(LoggedCall {
        started_at: time(row, 0)?,
        until: time(row, 1)?,
        end: CallEnd {
            direction: word(row, 2, "calls.direction", Direction::from_word)?,
            status: word(row, 3, "calls.status", CallStatus::from_word)?,
            reason: word_or_none(row, 4, "calls.end_reason", EndReason::from_word)?,
            is_over: row.get(5)?,
            is_answered: row.get(6)?,
            is_silent: row.get(7)?,
        },
        ring: duration(row.get(8)?),
        talk: duration(row.get(9)?),
        line: row.get_ref(10)?.as_str()?,
        extension: row.get_ref(11)?.as_str()?,
        employee: row.get_ref(12)?.as_str()?,
    })
}

/// How SQLite goes about conversations and calls, step by step.
#[cfg(test)]
pub(super) fn plans(connection: &rusqlite::Connection) -> Result<[Vec<String>; 2]> {
    let plan = |select: &str| -> Result<Vec<String>> {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {select}"))?;
        let rows = statement.query_map(named_params! {":from": 0, ":to": 1}, |row| {
            row.get("detail")
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    Ok([plan(CONVERSATIONS)?, plan(CALLS)?])
}
