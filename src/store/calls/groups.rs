//! Calls counted and added up: all of them, or those of each day, client, employee or line.
//!
//! Rows are folded in one pass over an index; the database would sort them all first.

use std::time::Duration;

use foldhash::{HashMap, HashMapExt};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::{Row, params_from_iter};

use super::CallFilter;
use crate::model::{CallStatus, ClientId, Direction};
use crate::store::values::{duration, id_or_none, timestamp, word};
use crate::store::{Reader, Result};

/// How many calls there were of each direction and status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallCount {
    /// Incoming or outgoing.
    pub direction: Direction,
    /// What became of them.
    pub status: CallStatus,
    /// How many.
    pub calls: u64,
    /// How long people talked in them.
    pub talk: Duration,
    /// How long the one rang that rang longest.
    pub longest_ring: Duration,
}

/// What calls are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// The day they began on, the latest first.
    Day,
    /// The client, those with the most calls first.
    Client,
    /// The internal number that took or made them, in its order.
    Employee,
    /// The line, in the order of its address.
    Line,
}

impl Grouping {
    /// Every one, with its name on the command line.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Day, "day"),
        (Self::Client, "client"),
        (Self::Employee, "employee"),
        (Self::Line, "line"),
    ];
}

/// What the calls of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupKey {
    /// The day they began on, by the user's clock.
    Day(Date),
    /// The client; none: nobody whom the book knows.
    Client(Option<ClientId>),
    /// The internal number; empty where nobody took them.
    Employee(String),
    /// The line's address of record; empty for calls to our bare address.
    Line(String),
}

/// Calls that have something in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallGroup {
    /// What that is.
    pub key: GroupKey,
    /// How many there are.
    pub calls: u64,
    /// How long people talked in them.
    pub talk: Duration,
}

#[derive(Default, Clone, Copy)]
struct Sums {
    calls: u64,
    talk_ms: u64,
}

impl Sums {
    fn add(&mut self, talk_ms: i64) {
        self.calls += 1;
        self.talk_ms += talk_ms.unsigned_abs();
    }

    fn join(&mut self, others: Self) {
        self.calls += others.calls;
        self.talk_ms += others.talk_ms;
    }

    fn group(&self, key: GroupKey) -> CallGroup {
        CallGroup {
            key,
            calls: self.calls,
            talk: Duration::from_millis(self.talk_ms),
        }
    }
}

impl CallGroup {
    /// The filter for this group's calls among those of `filter`. `zone` is the clock that its day
    /// was told by.
    pub fn within(&self, filter: &CallFilter, zone: &TimeZone) -> CallFilter {
        let mut filter = filter.clone();
        match &self.key {
            GroupKey::Day(day) => {
                let start = |day: Date| day.to_zoned(zone.clone()).map(|day| day.timestamp()).ok();
                let (from, to) = (start(*day), day.tomorrow().ok().and_then(start));
                filter.from = filter.from.max(from);
                filter.to = [filter.to, to].into_iter().flatten().min();
            }
            GroupKey::Client(Some(client)) => filter.clients = Some(vec![*client]),
            GroupKey::Client(None) => filter.known = Some(false),
            GroupKey::Employee(extension) => filter.extension = Some(extension.clone()),
            GroupKey::Line(account) => filter.account = Some(account.clone()),
        }
        filter
    }
}

impl Reader<'_> {
    /// How many calls there are.
    pub fn count_calls(&self, filter: &CallFilter) -> Result<u64> {
        let (condition, values) = self.condition(filter)?.into_parts();
        let table = filter.table();
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT count(*) FROM {table} WHERE {condition}"))?;
        let calls: i64 = statement.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(calls.unsigned_abs())
    }

    /// How many calls there are of each direction and status, and how long they were; absent where
    /// none.
    pub fn call_counts(&self, filter: &CallFilter) -> Result<Vec<CallCount>> {
        let mut counts: Vec<CallCount> = Vec::new();
        self.fold_calls(
            filter,
            "c.ring_ms, c.direction, c.status",
            |row, talk_ms| {
                let direction = word(row, 2, "calls.direction", Direction::from_word)?;
                let status = word(row, 3, "calls.status", CallStatus::from_word)?;
                let is_it = |of: &CallCount| (of.direction, of.status) == (direction, status);
                let at = counts.iter().position(is_it).unwrap_or_else(|| {
                    counts.push(CallCount {
                        direction,
                        status,
                        calls: 0,
                        talk: Duration::ZERO,
                        longest_ring: Duration::ZERO,
                    });
                    counts.len() - 1
                });
                let count = &mut counts[at];
                count.calls += 1;
                count.talk += duration(talk_ms);
                count.longest_ring = count.longest_ring.max(duration(row.get(1)?));
                Ok(())
            },
        )?;
        counts.sort_by_key(|count| (count.direction.as_str(), count.status.as_str()));
        Ok(counts)
    }

    /// The groups of the calls, with count and sum of each. Days are those of `zone`.
    pub fn call_groups(
        &self,
        filter: &CallFilter,
        by: Grouping,
        zone: &TimeZone,
    ) -> Result<Vec<CallGroup>> {
        match by {
            Grouping::Day => self.days(filter, zone),
            Grouping::Client => self.clients_of_calls(filter),
            Grouping::Employee => self.texts_of_calls(filter, "c.extension", GroupKey::Employee),
            Grouping::Line => self.texts_of_calls(filter, "c.account", GroupKey::Line),
        }
    }

    fn days(&self, filter: &CallFilter, zone: &TimeZone) -> Result<Vec<CallGroup>> {
        let mut days = Days::new(zone.clone());
        self.fold_calls(filter, "c.started_at", |row, talk_ms| {
            days.day_of(row.get(1)?).add(talk_ms);
            Ok(())
        })?;
        Ok(days.finish())
    }

    fn clients_of_calls(&self, filter: &CallFilter) -> Result<Vec<CallGroup>> {
        let mut sums: HashMap<Option<ClientId>, Sums> = HashMap::new();
        // Those of one client mostly come together: a look into the table of all takes as long as to read a
        // row.
        let mut last: Option<(Option<ClientId>, Sums)> = None;
        let table = self.table_by_client(filter)?;
        self.fold_calls_of(filter, table, "c.client", |row, talk_ms| {
            let client = id_or_none(row, 1)?;
            match &mut last {
                Some((of, sums)) if *of == client => sums.add(talk_ms),
                _ => {
                    let mut first = Sums::default();
                    first.add(talk_ms);
                    if let Some((of, before)) = last.replace((client, first)) {
                        sums.entry(of).or_default().join(before);
                    }
                }
            }
            Ok(())
        })?;
        if let Some((of, before)) = last {
            sums.entry(of).or_default().join(before);
        }
        let mut groups: Vec<CallGroup> = sums
            .into_iter()
            .map(|(client, sums)| sums.group(GroupKey::Client(client)))
            .collect();
        groups.sort_unstable_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.key.cmp(&b.key)));
        Ok(groups)
    }

    fn texts_of_calls(
        &self,
        filter: &CallFilter,
        column: &str,
        key: impl Fn(String) -> GroupKey,
    ) -> Result<Vec<CallGroup>> {
        let mut sums: HashMap<Box<str>, Sums> = HashMap::new();
        self.fold_calls(filter, column, |row, talk_ms| {
            let text = row.get_ref(1)?.as_str()?;
            match sums.get_mut(text) {
                Some(sums) => sums.add(talk_ms),
                None => sums.entry(text.into()).or_default().add(talk_ms),
            }
            Ok(())
        })?;
        let groups = sums.into_iter();
        let mut groups: Vec<CallGroup> = groups
            .map(|(text, sums)| sums.group(key(text.into_string())))
            .collect();
        groups.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(groups)
    }

    /// Hands each call to `add`: the row, and how long people talked in milliseconds. `columns` stand
    /// in the row from place 1 on. Handing over a column takes as long as reading it.
    fn fold_calls(
        &self,
        filter: &CallFilter,
        columns: &str,
        add: impl FnMut(&Row<'_>, i64) -> rusqlite::Result<()>,
    ) -> Result<()> {
        self.fold_calls_of(filter, filter.table(), columns, add)
    }

    /// As [`Self::fold_calls`], read from this table by this index.
    fn fold_calls_of(
        &self,
        filter: &CallFilter,
        table: &str,
        columns: &str,
        mut add: impl FnMut(&Row<'_>, i64) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let (condition, values) = self.condition(filter)?.into_parts();
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT c.talk_ms, {columns} FROM {table} WHERE {condition}"
        ))?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            add(row, row.get(0)?)?;
        }
        Ok(())
    }
}

/// The sums of each day. Calls mostly come in the order of time: the day of the last one is asked
/// first.
struct Days {
    zone: TimeZone,
    sums: HashMap<Date, Sums>,
    /// The day of the last call, and from when to when it is.
    last: Option<(Date, i64, i64)>,
}

impl Days {
    fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            sums: HashMap::new(),
            last: None,
        }
    }

    fn day_of(&mut self, started_ms: i64) -> &mut Sums {
        let day = match self.last {
            Some((day, from, to)) if (from..to).contains(&started_ms) => day,
            _ => self.look(timestamp(started_ms)),
        };
        self.sums.entry(day).or_default()
    }

    fn look(&mut self, at: Timestamp) -> Date {
        let day = at.to_zoned(self.zone.clone()).date();
        let start = |day: Date| day.to_zoned(self.zone.clone()).map(|day| day.timestamp());
        let from = start(day).map_or(i64::MIN, Timestamp::as_millisecond);
        let to = day.tomorrow().and_then(start);
        self.last = to.ok().map(|to| (day, from, to.as_millisecond()));
        day
    }

    fn finish(self) -> Vec<CallGroup> {
        let groups = self.sums.into_iter();
        let mut groups: Vec<CallGroup> = groups
            .map(|(day, sums)| sums.group(GroupKey::Day(day)))
            .collect();
        groups.sort_unstable_by(|a, b| b.key.cmp(&a.key));
        groups
    }
}
