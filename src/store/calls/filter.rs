//! Which calls a list has.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use rusqlite::Row;
use rusqlite::types::Value;

use super::local::local_millis;
use super::marks;
use crate::model::{
    Bound, CallColumn, CallOrigin, CallStatus, CategoryId, ClientId, ColumnTest, Direction,
    PhoneNumber,
};
use crate::store::values::{hex_ids, length, millis, time_or_none};
use crate::store::{Reader, Result};

/// Which calls. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallFilter {
    /// Those that began at this moment or later.
    pub from: Option<Timestamp>,
    /// Those that began before this moment.
    pub to: Option<Timestamp>,
    /// Those that began in these hours of any day.
    pub hours: Option<Hours>,
    /// Incoming or outgoing only.
    pub direction: Option<Direction>,
    /// Calls of ours that this has led to.
    pub origin: Option<CallOrigin>,
    /// Those with one of these statuses only; any where there is none.
    pub statuses: Vec<CallStatus>,
    /// Calls with one of these clients only.
    pub clients: Option<Vec<ClientId>>,
    /// Calls with a client (true), or with nobody whom the book knows.
    pub known: Option<bool>,
    /// Calls with clients that are of this category now.
    pub category: Option<CategoryId>,
    /// Calls with this number only.
    pub number: Option<PhoneNumber>,
    /// Calls that this internal number took or made; of nobody where it is empty.
    pub extension: Option<String>,
    /// Calls on the line with this address of record.
    pub account: Option<String>,
    /// Those in which people talked for so long at least.
    pub talk_from: Option<Duration>,
    /// Those in which people talked for less.
    pub talk_below: Option<Duration>,
    /// Those that lasted too long (true), or not.
    pub too_long: Option<bool>,
    /// Those with a recording (true), or without one.
    pub recorded: Option<bool>,
    /// Those with this tag, in any case.
    pub tag: Option<String>,
    /// Those with this text in their note, in any case and script.
    pub text: Option<String>,
    /// Those of which all of this is true.
    pub asked: Vec<(CallColumn, ColumnTest)>,
    /// Whose clock tells the hours that are asked for; none: UTC.
    pub clock: Option<TimeZone>,
}

/// Hours of the day, by somebody's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Hours {
    /// The first moment of them.
    pub from: Time,
    /// The first moment after them. Where it is not later than `from`, they pass midnight.
    pub to: Time,
    /// Whose clock.
    pub zone: TimeZone,
}

/// SQL for a column of `calls c`. Two have none of their own: the time of the day needs a clock
/// ([`Reader::time_of_day`]), and tags have a table of theirs.
pub(super) const fn column_sql(column: CallColumn) -> &'static str {
    match column {
        CallColumn::Started | CallColumn::TimeOfDay => "c.started_at",
        CallColumn::Status => "c.status",
        CallColumn::Direction => "c.direction",
        CallColumn::Caller => "c.caller",
        CallColumn::Callee => "c.callee",
        CallColumn::Extension => "c.extension",
        CallColumn::Client => "c.name_key",
        CallColumn::Category => "c.category_now",
        CallColumn::CategoryThen => "c.category_then",
        CallColumn::Line => "c.account",
        CallColumn::Talk => "c.talk_ms",
        CallColumn::Ring => "c.ring_ms",
        CallColumn::Hold => "c.hold_ms",
        CallColumn::Quality => "c.mos",
        CallColumn::Recorded => "c.recorded",
        CallColumn::Cost => "c.cost_minor",
        CallColumn::TooLong => "c.too_long",
        CallColumn::Tags | CallColumn::Note => "c.note",
    }
}

/// A condition on `calls c` and the values that it binds.
pub(in crate::store) struct Condition {
    parts: Vec<String>,
    values: Vec<Value>,
}

impl Condition {
    fn that(&mut self, part: impl Into<String>, value: impl Into<Value>) {
        self.parts.push(part.into());
        self.values.push(value.into());
    }

    fn holds(&mut self, part: impl Into<String>) {
        self.parts.push(part.into());
    }

    fn bound(&mut self, number: &str, sign: char, bound: Bound) {
        match bound {
            Bound::Open => {}
            Bound::Included(end) => self.that(format!("{number} {sign}= ?"), end),
            Bound::Excluded(end) => self.that(format!("{number} {sign} ?"), end),
        }
    }

    /// That the column has this text somewhere in it. Folding a million texts takes a second: numbers,
    /// which need none, are compared as they are.
    fn contains(&mut self, column: CallColumn, text: &str) {
        let sql = column_sql(column);
        let folded = marks::key(text);
        let is_plain = text.chars().all(|c| c.is_ascii_digit());
        match column {
            CallColumn::Client => self.that(format!("instr({sql}, ?)"), folded),
            CallColumn::Extension => {
                self.holds(
                    "(instr(c.extension, ?) OR c.extension IN (SELECT extension FROM employees
                      WHERE deleted_at IS NULL AND instr(fold(name || ' ' || extension), ?)))",
                );
                self.values.extend([text.to_owned().into(), folded.into()]);
            }
            CallColumn::Line => {
                self.that(format!("instr(lower({sql}), ?)"), text.to_ascii_lowercase());
            }
            CallColumn::Tags => self.that(
                "c.id IN (SELECT call FROM call_tags WHERE instr(tag_key, ?))",
                folded,
            ),
            CallColumn::Note => {
                // The first part names the index of notes.
                self.holds("c.note <> ''");
                self.that("instr(fold(c.note), ?)", folded);
            }
            _ if is_plain => self.that(format!("instr({sql}, ?)"), text.to_owned()),
            _ => self.that(format!("instr(fold({sql}), ?)"), folded),
        }
    }

    /// The condition as it stands in a statement, and its values.
    pub(in crate::store) fn into_parts(self) -> (String, Vec<Value>) {
        (self.parts.join(" AND "), self.values)
    }
}

impl CallFilter {
    /// Whether none but the index of lists is read to tell which calls these are.
    fn is_indexed(&self) -> bool {
        self.number.is_none()
            && self.clients.is_none()
            && self.tag.is_none()
            && !self.asks(CallColumn::Tags)
    }

    /// Whether the index of clients alone tells which calls these are.
    fn is_indexed_by_client(&self) -> bool {
        let indexed = Self {
            from: self.from,
            to: self.to,
            known: self.known,
            talk_from: self.talk_from,
            talk_below: self.talk_below,
            clock: self.clock.clone(),
            ..Self::default()
        };
        *self == indexed
    }

    fn asks(&self, column: CallColumn) -> bool {
        self.asked.iter().any(|(asked, _)| *asked == column)
    }

    /// Where the calls are read from: by the index of lists, where no other one leads to fewer.
    pub(super) fn table(&self) -> &'static str {
        if self.text.is_some() || self.asks(CallColumn::Note) {
            "calls c INDEXED BY calls_with_note"
        } else if self.is_indexed() {
            "calls c INDEXED BY calls_by_time"
        } else {
            "calls c"
        }
    }
}

impl Reader<'_> {
    /// The filter as a condition on `calls c`.
    pub(in crate::store) fn condition(&self, filter: &CallFilter) -> Result<Condition> {
        let mut condition = Condition {
            parts: vec!["1".to_owned()],
            values: Vec::new(),
        };
        if let Some(sight) = self.sight() {
            condition.holds(sight);
        }
        if let Some(from) = filter.from {
            condition.that("c.started_at >= ?", millis(from));
        }
        if let Some(to) = filter.to {
            condition.that("c.started_at < ?", millis(to));
        }
        if let Some(hours) = &filter.hours {
            condition.holds(self.in_hours(filter, hours)?);
        }
        if let Some(direction) = filter.direction {
            condition.that("c.direction = ?", direction.as_str().to_owned());
        }
        if let Some(origin) = filter.origin {
            condition.that("c.origin = ?", origin.as_str().to_owned());
        }
        if !filter.statuses.is_empty() {
            let places = vec!["?"; filter.statuses.len()].join(", ");
            condition.holds(format!("c.status IN ({places})"));
            let words = filter.statuses.iter().map(|status| status.as_str());
            let words = words.map(|word| Value::from(word.to_owned()));
            condition.values.extend(words);
        }
        if let Some(clients) = &filter.clients {
            condition.that(
                "c.client IN (SELECT unhex(value) FROM json_each(?))",
                hex_ids(clients),
            );
        }
        match filter.known {
            Some(true) => condition.holds("c.client IS NOT NULL"),
            // The sign keeps it from being what calls are found by: nobody has many.
            Some(false) => condition.holds("+c.client IS NULL"),
            None => {}
        }
        if let Some(category) = &filter.category {
            condition.that("c.category_now = ?", category.as_str().to_owned());
        }
        if let Some(number) = filter.number {
            condition.that("c.number = ?", number.e164());
        }
        if let Some(extension) = &filter.extension {
            condition.that("c.extension = ?", extension.clone());
        }
        if let Some(account) = &filter.account {
            condition.that("c.account = ?", account.clone());
        }
        if let Some(talk) = filter.talk_from {
            condition.that("c.talk_ms >= ?", length(talk));
        }
        if let Some(talk) = filter.talk_below {
            condition.that("c.talk_ms < ?", length(talk));
        }
        if let Some(too_long) = filter.too_long {
            condition.that("c.too_long = ?", i64::from(too_long));
        }
        if let Some(recorded) = filter.recorded {
            condition.that("c.recorded = ?", i64::from(recorded));
        }
        if let Some(tag) = &filter.tag {
            condition.that(
                "c.id IN (SELECT call FROM call_tags WHERE tag_key = ?)",
                marks::key(tag),
            );
        }
        if let Some(text) = &filter.text {
            // The first part names the index of notes.
            condition.holds("c.note <> ''");
            condition.that("instr(fold(c.note), ?)", marks::key(text));
        }
        for (column, test) in &filter.asked {
            self.ask(&mut condition, filter, *column, test)?;
        }
        Ok(condition)
    }

    fn ask(
        &self,
        condition: &mut Condition,
        filter: &CallFilter,
        column: CallColumn,
        test: &ColumnTest,
    ) -> Result<()> {
        let sql = column_sql(column);
        match test {
            ColumnTest::OneOf(words) => {
                let places = vec!["?"; words.len()].join(", ");
                condition.holds(format!("{sql} IN ({places})"));
                let words = words.iter().cloned().map(Value::from);
                condition.values.extend(words);
            }
            ColumnTest::Is(yes) => condition.that(format!("{sql} = ?"), i64::from(*yes)),
            ColumnTest::Between(low, high) => {
                let number = match column {
                    CallColumn::Cost => "major(c.cost_minor, c.cost_currency)",
                    _ => sql,
                };
                condition.bound(number, '>', *low);
                condition.bound(number, '<', *high);
            }
            ColumnTest::Hours(from, to) => {
                let zone = filter.clock.clone().unwrap_or(TimeZone::UTC);
                let (from, to) = (*from, *to);
                condition.holds(self.in_hours(filter, &Hours { from, to, zone })?);
            }
            ColumnTest::Contains(text) => condition.contains(column, text),
        }
        Ok(())
    }

    fn in_hours(&self, filter: &CallFilter, hours: &Hours) -> Result<String> {
        let time = self.time_of_day(filter, &hours.zone)?;
        let of = |time: Time| {
            let since = time.duration_since(Time::midnight());
            since.as_millis()
        };
        let (from, to) = (of(hours.from), of(hours.to));
        let and = if from < to { "AND" } else { "OR" };
        Ok(format!("({time} >= {from} {and} {time} < {to})"))
    }

    /// SQL for the milliseconds since midnight, by the clock of `zone`, at which a call of the filter
    /// began.
    pub(super) fn time_of_day(&self, filter: &CallFilter, zone: &TimeZone) -> Result<String> {
        let (from, to) = self.span(filter)?;
        Ok(format!(
            "({} % 86400000)",
            local_millis("c.started_at", zone, from, to)
        ))
    }

    /// Where calls that are put together by client are read from. The index of clients has the calls of
    /// each together, and those of all times: it is the shorter way to many of them.
    pub(super) fn table_by_client(&self, filter: &CallFilter) -> Result<&'static str> {
        if self.sight().is_some() || !filter.is_indexed_by_client() {
            return Ok(filter.table());
        }
        let everything = CallFilter::default();
        let length = |(from, to): (Timestamp, Timestamp)| to.duration_since(from).as_millis();
        let (wanted, all) = (length(self.span(filter)?), length(self.span(&everything)?));
        Ok(match wanted.saturating_mul(2) > all {
            true => "calls c INDEXED BY calls_by_client",
            false => filter.table(),
        })
    }

    /// Between which moments the calls of the filter can lie.
    fn span(&self, filter: &CallFilter) -> Result<(Timestamp, Timestamp)> {
        // Asked apart, each is one look into the index.
        let mut statement = self.connection.prepare_cached(
            "SELECT (SELECT min(started_at) FROM calls), (SELECT max(started_at) FROM calls)",
        )?;
        let ends = |row: &Row<'_>| Ok((time_or_none(row, 0)?, time_or_none(row, 1)?));
        let (first, last) = statement.query_row([], ends)?;
        let first = first.unwrap_or(Timestamp::UNIX_EPOCH);
        let last = last.unwrap_or(Timestamp::UNIX_EPOCH);
        Ok((
            filter.from.map_or(first, |from| from.max(first)),
            filter.to.map_or(last, |to| to.min(last)),
        ))
    }
}
