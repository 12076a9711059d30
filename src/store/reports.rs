//! What reports read of table `calls`.

use std::collections::HashMap;
use std::time::Duration;

use foldhash::fast::RandomState;
use jiff::tz::TimeZone;
use rusqlite::{Row, named_params};

use super::values::millis;
use super::values::{duration, time, unknown};
use super::{Reader, Result};
use crate::model::{CallEnd, CallStatus, Direction, EndReason, KnownAs, Right, Seat};
use crate::reports::{
    Busiest, BusiestTally, Conversation, Handling, HandlingTally, LoggedCall, Lost, LostTally,
    Period, Service, ServiceTally,
};

/// Read from the index of reports alone: a row of the log is ten times as long. To hand a column over
/// takes as long as to find it, so that what many calls have in common comes as one.
const CALLS: &str = "
    SELECT started_at, alike, coalesce(ended_at, last_seen_at), ring_ms, talk_ms
    FROM calls INDEXED BY calls_by_report
    WHERE started_at >= :from AND started_at < :to
    ORDER BY started_at";
const CONVERSATIONS: &str = "
    SELECT started_at, alike, ring_ms, talk_ms, hold_ms, identified_ms
    FROM calls INDEXED BY calls_by_report
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
        self.each_row(CONVERSATIONS, period, |row, alike| {
            if alike.is_conversation() {
                each(&conversation(row, alike)?);
            }
            Ok(())
        })
    }

    /// Hands every call of the period to `each`, in the order of time.
    fn each_logged_call(
        &self,
        period: Period,
        mut each: impl FnMut(&LoggedCall<'_>),
    ) -> Result<()> {
        self.each_row(CALLS, period, |row, alike| {
            each(&logged_call(row, alike)?);
            Ok(())
        })
    }

    /// Hands every call that the seat sees to `each`, with what it has in common with others. It takes
    /// the right to read reports.
    fn each_row(
        &self,
        select: &str,
        period: Period,
        mut each: impl FnMut(&Row<'_>, &Alike) -> rusqlite::Result<()>,
    ) -> Result<()> {
        self.allow(Right::Report)?;
        let mut kinds = Kinds::of(self.seat);
        let mut statement = self.connection.prepare_cached(select)?;
        let mut rows = statement.query(named_params! {
            ":from": millis(period.from),
            ":to": millis(period.to),
        })?;
        while let Some(row) = rows.next()? {
            let alike = kinds.find(row)?;
            if alike.is_seen {
                each(row, alike)?;
            }
        }
        Ok(())
    }
}

/// What calls have in common that reports count alike.
struct Alike {
    end: CallEnd,
    known_as: Option<KnownAs>,
    line: String,
    extension: String,
    employee: String,
    is_seen: bool,
}

impl Alike {
    /// Reads column `alike`, as migration 0019 puts it together.
    fn read(text: &str, seat: &Seat) -> Option<Self> {
        let mut parts = text.splitn(8, '\n');
        let mut next = || parts.next();
        let direction = Direction::from_word(next()?)?;
        let status = CallStatus::from_word(next()?)?;
        let reason = word_or_none(next()?, EndReason::from_word)?;
        let known_as = word_or_none(next()?, KnownAs::from_word)?;
        let &[is_over, is_answered, is_silent] = next()?.as_bytes() else {
            return None;
        };
        let (line, extension) = (next()?.to_owned(), next()?.to_owned());
        Some(Self {
            end: CallEnd {
                direction,
                status,
                reason,
                is_over: is_over == b'1',
                is_answered: is_answered == b'1',
                is_silent: is_silent == b'1',
            },
            known_as,
            is_seen: seat.sees(&line, &extension),
            line,
            extension,
            employee: next()?.to_owned(),
        })
    }

    fn is_conversation(&self) -> bool {
        let end = &self.end;
        end.is_answered && matches!(end.status, CallStatus::Answered | CallStatus::Interrupted)
    }
}

/// A word of a few, or none; none at all where it is unknown.
fn word_or_none<T>(word: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if word.is_empty() {
        return Some(None);
    }
    read(word).map(Some)
}

/// Everything that was alike so far, each told apart once.
struct Kinds<'s> {
    seat: &'s Seat,
    places: HashMap<String, usize, RandomState>,
    kinds: Vec<Alike>,
}

impl<'s> Kinds<'s> {
    fn of(seat: &'s Seat) -> Self {
        Self {
            seat,
            places: HashMap::default(),
            kinds: Vec::new(),
        }
    }

    fn find(&mut self, row: &Row<'_>) -> rusqlite::Result<&Alike> {
        let text = row.get_ref(1)?.as_str()?;
        let place = match self.places.get(text) {
            Some(place) => *place,
            None => {
                let alike = Alike::read(text, self.seat);
                self.kinds
                    .push(alike.ok_or_else(|| unknown(1, "calls.alike", text))?);
                self.places.insert(text.to_owned(), self.kinds.len() - 1);
                self.kinds.len() - 1
            }
        };
        Ok(&self.kinds[place])
    }
}

fn conversation<'a>(row: &Row<'_>, alike: &'a Alike) -> rusqlite::Result<Conversation<'a>> {
    Ok(Conversation {
        started_at: time(row, 0)?,
        direction: alike.end.direction,
        known_as: alike.known_as,
        extension: &alike.extension,
        employee: &alike.employee,
        cut_off: alike.end.status == CallStatus::Interrupted,
        ring: duration(row.get(2)?),
        talk: duration(row.get(3)?),
        hold: duration(row.get(4)?),
        identified: row.get::<_, Option<i64>>(5)?.map(duration),
    })
}

fn logged_call<'a>(row: &Row<'_>, alike: &'a Alike) -> rusqlite::Result<LoggedCall<'a>> {
    Ok(LoggedCall {
        started_at: time(row, 0)?,
        until: time(row, 2)?,
        end: alike.end,
        ring: duration(row.get(3)?),
        talk: duration(row.get(4)?),
        line: &alike.line,
        extension: &alike.extension,
        employee: &alike.employee,
    })
}

/// From which cursor SQLite reads the columns of conversations and calls, and by which index it finds
/// them: what is in the index is read from there, whatever the plan calls it.
#[cfg(test)]
pub(super) fn plans(connection: &rusqlite::Connection) -> Result<[(String, Vec<i64>); 2]> {
    let plan = |select: &str| -> Result<(String, Vec<i64>)> {
        let period = named_params! {":from": 0, ":to": 1};
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {select}"))?;
        let plan = statement.query_row(period, |row| row.get("detail"))?;
        let mut statement = connection.prepare(&format!("EXPLAIN {select}"))?;
        let read = statement.query_map(period, |row| {
            let code: String = row.get("opcode")?;
            let cursor: i64 = row.get("p1")?;
            Ok((code == "Column").then_some(cursor))
        })?;
        let mut cursors: Vec<i64> = read
            .filter_map(|read| read.transpose())
            .collect::<rusqlite::Result<_>>()?;
        cursors.dedup();
        Ok((plan, cursors))
    };
    Ok([plan(CONVERSATIONS)?, plan(CALLS)?])
}
