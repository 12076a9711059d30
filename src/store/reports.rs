//! What reports read of table `calls`.

use std::collections::HashMap;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use foldhash::fast::RandomState;
use jiff::tz::TimeZone;
use rusqlite::{Row, named_params};

use super::values::{duration, millis, timestamp, unknown};
use super::{Reader, Result};
use crate::model::{CallEnd, CallStatus, Direction, EndReason, KnownAs, Right};
use crate::reports::{
    Busiest, BusiestTally, Conversation, Handling, HandlingTally, LoggedCall, Lost, LostTally,
    Period, Service, ServiceTally,
};

/// Read from the index of reports alone: a row of the log is ten times as long. To hand a column over
/// takes as long as to find it, so that what many calls have in common comes as one number.
const CALLS: &str = "
    SELECT started_at, kind, coalesce(ended_at, last_seen_at), ring_ms, talk_ms
    FROM calls INDEXED BY calls_by_report
    WHERE started_at >= :from AND started_at < :to
    ORDER BY started_at";
const CONVERSATIONS: &str = "
    SELECT started_at, kind, ring_ms, talk_ms, hold_ms, identified_ms
    FROM calls INDEXED BY calls_by_report
    WHERE started_at >= :from AND started_at < :to
    ORDER BY started_at";

/// What the calls of a kind have in common.
const KIND: &str = "SELECT alike FROM call_kinds WHERE id = ?1";

/// How many rows are handed over at once, and how many such batches wait at most.
const BATCH: usize = 4096;
const WAITING: usize = 4;

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
        mut each: impl FnMut(&Conversation<'_>) + Send,
    ) -> Result<()> {
        let read = |row: &Row<'_>| {
            let identified = row.get(5)?;
            Ok((numbers(row, [0, 2, 3, 4])?, identified))
        };
        let add = |alike: &Alike, row: ([i64; 4], Option<i64>)| each(&conversation(alike, row));
        self.each_row(CONVERSATIONS, period, Alike::is_conversation, read, add)
    }

    /// Hands every call of the period to `each`, in the order of time.
    fn each_logged_call(
        &self,
        period: Period,
        mut each: impl FnMut(&LoggedCall<'_>) + Send,
    ) -> Result<()> {
        let read = |row: &Row<'_>| numbers(row, [0, 2, 3, 4]);
        let add = |alike: &Alike, row: [i64; 4]| each(&logged_call(alike, row));
        self.each_row(CALLS, period, |_| true, read, add)
    }

    /// Hands what `read` makes of every call that the seat sees and that is wanted to `add`, with what
    /// it has in common with others. It takes the right to read reports. Half of the time goes into
    /// reading and half into adding up, so that the one is done while the other is.
    fn each_row<R: Send>(
        &self,
        select: &str,
        period: Period,
        wanted: impl Fn(&Alike) -> bool,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<R>,
        mut add: impl FnMut(&Alike, R) + Send,
    ) -> Result<()> {
        self.allow(Right::Report)?;
        let mut texts = self.connection.prepare_cached(KIND)?;
        let mut statement = self.connection.prepare_cached(select)?;
        let mut rows = statement.query(named_params! {
            ":from": millis(period.from),
            ":to": millis(period.to),
        })?;
        let is_wanted =
            |alike: &Alike| wanted(alike) && self.seat.sees(&alike.line, &alike.extension);
        thread::scope(|scope| {
            let (batches, waiting) = sync_channel::<Batch<R>>(WAITING);
            let adding = scope.spawn(move || {
                let mut kinds = Vec::new();
                for batch in waiting {
                    kinds.extend(batch.kinds);
                    for (kind, row) in batch.rows {
                        add(&kinds[kind], row);
                    }
                }
            });
            let mut kinds = Kinds::default();
            let mut batch = Batch::default();
            let mut hand_over = || -> rusqlite::Result<()> {
                while let Some(row) = rows.next()? {
                    let kind: i64 = row.get(1)?;
                    let place = match kinds.places.get(&kind) {
                        Some(place) => *place,
                        None => {
                            let alike = texts.query_row([kind], Alike::of_row)?;
                            kinds.learn(kind, alike, is_wanted, &mut batch.kinds)
                        }
                    };
                    let Some(place) = place else { continue };
                    batch.rows.push((place, read(row)?));
                    if batch.rows.len() == BATCH {
                        // Whoever adds up is there until nothing comes any more, or panics.
                        let _ = batches.send(std::mem::take(&mut batch));
                    }
                }
                Ok(())
            };
            let read = hand_over();
            let _ = batches.send(batch);
            drop(batches);
            match adding.join() {
                Ok(()) => Ok(read?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

/// Rows on their way from whoever reads to whoever adds up.
struct Batch<R> {
    /// The kinds that come up in it first.
    kinds: Vec<Alike>,
    /// Each with the place of its kind among all that came so far.
    rows: Vec<(usize, R)>,
}

impl<R> Default for Batch<R> {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            rows: Vec::new(),
        }
    }
}

/// What calls have in common that reports count alike.
struct Alike {
    end: CallEnd,
    known_as: Option<KnownAs>,
    line: String,
    extension: String,
    employee: String,
}

impl Alike {
    fn of_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let text = row.get_ref(0)?.as_str()?;
        Self::read(text).ok_or_else(|| unknown(0, "call_kinds.alike", text))
    }

    /// Reads column `alike`, as migration 0019 puts it together.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(8, '\n');
        let mut next = || parts.next();
        let direction = Direction::from_word(next()?)?;
        let status = CallStatus::from_word(next()?)?;
        let reason = word_or_none(next()?, EndReason::from_word)?;
        let known_as = word_or_none(next()?, KnownAs::from_word)?;
        let &[is_over, is_answered, is_silent] = next()?.as_bytes() else {
            return None;
        };
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
            line: next()?.to_owned(),
            extension: next()?.to_owned(),
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

/// The kinds that have come so far: the place of each, and none where it is not wanted.
#[derive(Default)]
struct Kinds {
    places: HashMap<i64, Option<usize>, RandomState>,
    wanted: usize,
}

impl Kinds {
    /// Finds a place for a kind that comes for the first time. A wanted one is added to the new ones.
    fn learn(
        &mut self,
        kind: i64,
        alike: Alike,
        is_wanted: impl Fn(&Alike) -> bool,
        new: &mut Vec<Alike>,
    ) -> Option<usize> {
        let place = is_wanted(&alike).then_some(self.wanted);
        if place.is_some() {
            self.wanted += 1;
            new.push(alike);
        }
        self.places.insert(kind, place);
        place
    }
}

fn numbers<const N: usize>(row: &Row<'_>, columns: [usize; N]) -> rusqlite::Result<[i64; N]> {
    let mut numbers = [0; N];
    for (number, column) in numbers.iter_mut().zip(columns) {
        *number = row.get(column)?;
    }
    Ok(numbers)
}

fn conversation(alike: &Alike, row: ([i64; 4], Option<i64>)) -> Conversation<'_> {
    let ([started_at, ring, talk, hold], identified) = row;
    Conversation {
        started_at: timestamp(started_at),
        direction: alike.end.direction,
        known_as: alike.known_as,
        extension: &alike.extension,
        employee: &alike.employee,
        cut_off: alike.end.status == CallStatus::Interrupted,
        ring: duration(ring),
        talk: duration(talk),
        hold: duration(hold),
        identified: identified.map(duration),
    }
}

fn logged_call(alike: &Alike, row: [i64; 4]) -> LoggedCall<'_> {
    let [started_at, until, ring, talk] = row;
    LoggedCall {
        started_at: timestamp(started_at),
        until: timestamp(until),
        end: alike.end,
        ring: duration(ring),
        talk: duration(talk),
        line: &alike.line,
        extension: &alike.extension,
        employee: &alike.employee,
    }
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
