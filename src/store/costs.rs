//! What calls cost: computed anew, and added up.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};

use super::calls::{COLUMNS, call_record};
use super::values::{count, duration, millis};
use super::{CallFilter, Reader, Result, Writer};
use crate::model::{CallId, CallRecord, Cost, Money, Right};

/// What the calls of a line cost in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostTotal {
    /// The address of record of the line.
    pub line: String,
    /// How many calls.
    pub calls: u64,
    /// How long people talked.
    pub talk: Duration,
    /// What they cost together.
    pub cost: Money,
}

/// Calls that were answered and that no tariff is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unpriced {
    /// How many.
    pub calls: u64,
    /// How long people talked.
    pub talk: Duration,
}

/// A batch of calls of which something was computed anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recomputed {
    /// How many calls were looked at.
    pub seen: u64,
    /// Of how many of them something else than before was found.
    pub changed: u64,
    /// The last of them, behind which the next batch begins; none where there is no next one.
    pub last: Option<(Timestamp, CallId)>,
}

/// Calls that are over and were answered: no others cost anything.
const ANSWERED: &str = "c.answered_at IS NOT NULL AND c.ended_at IS NOT NULL";

impl Reader<'_> {
    /// What the calls cost, by currency and, within it, by line.
    pub fn cost_totals(&self, filter: &CallFilter) -> Result<Vec<CostTotal>> {
        let (condition, values) = self.condition(filter)?.into_parts();
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT c.account, count(*), sum(c.talk_ms), sum(c.cost_minor), c.cost_currency
             FROM calls c WHERE {condition} AND {ANSWERED} AND c.cost_currency IS NOT NULL
             GROUP BY c.cost_currency, c.account ORDER BY c.cost_currency, c.account"
        ))?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            Ok(CostTotal {
                line: row.get(0)?,
                calls: row.get::<_, i64>(1)?.unsigned_abs(),
                talk: duration(row.get(2)?),
                cost: Money {
                    minor: row.get(3)?,
                    currency: row.get(4)?,
                },
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The calls that were answered and cost nothing that is known.
    pub fn unpriced_calls(&self, filter: &CallFilter) -> Result<Unpriced> {
        let (condition, values) = self.condition(filter)?.into_parts();
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT count(*), coalesce(sum(c.talk_ms), 0) FROM calls c
             WHERE {condition} AND {ANSWERED} AND c.cost_currency IS NULL"
        ))?;
        Ok(statement.query_row(params_from_iter(values), |row| {
            Ok(Unpriced {
                calls: row.get::<_, i64>(0)?.unsigned_abs(),
                talk: duration(row.get(1)?),
            })
        })?)
    }

    /// The calls that cost something, in the order of time, behind one of them; not more than `most`.
    fn answered_calls(
        &self,
        filter: &CallFilter,
        behind: Option<(Timestamp, CallId)>,
        most: usize,
    ) -> Result<Vec<CallRecord>> {
        let (condition, mut values) = self.condition(filter)?.into_parts();
        let behind = behind.map(|(at, call)| (millis(at), call.as_bytes().to_vec()));
        let (at, call) = behind.unwrap_or((i64::MIN, Vec::new()));
        values.extend([Value::from(at), call.into(), count(most).into()]);
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM calls c WHERE {condition} AND {ANSWERED}
             AND (c.started_at, c.id) > (?, ?) ORDER BY c.started_at, c.id LIMIT ?"
        ))?;
        let rows = statement.query_map(params_from_iter(values), call_record)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Writer<'_> {
    /// Computes anew what a batch of calls costs, `most` of them behind the one given, in the order of
    /// time. It takes the right to.
    pub fn price_calls(
        &mut self,
        filter: &CallFilter,
        behind: Option<(Timestamp, CallId)>,
        most: usize,
        price: impl Fn(&CallRecord) -> Option<Cost>,
    ) -> Result<Recomputed> {
        self.recompute(filter, behind, most, |writer, call| {
            let cost = price(call);
            let differs = cost != call.cost;
            if differs {
                writer.set_cost(call.call, cost.as_ref())?;
            }
            Ok(differs)
        })
    }

    /// Likewise which of them lasted too long.
    pub fn mark_calls(
        &mut self,
        filter: &CallFilter,
        behind: Option<(Timestamp, CallId)>,
        most: usize,
        is_too_long: impl Fn(&CallRecord) -> bool,
    ) -> Result<Recomputed> {
        self.recompute(filter, behind, most, |writer, call| {
            let too_long = is_too_long(call);
            let differs = too_long != call.too_long;
            if differs {
                writer
                    .connection
                    .prepare_cached("UPDATE calls SET too_long = ?2 WHERE id = ?1")?
                    .execute(params![call.call.as_bytes(), too_long])?;
            }
            Ok(differs)
        })
    }

    /// Changes a batch of calls one by one; `change` says whether it did.
    fn recompute(
        &mut self,
        filter: &CallFilter,
        behind: Option<(Timestamp, CallId)>,
        most: usize,
        mut change: impl FnMut(&mut Self, &CallRecord) -> Result<bool>,
    ) -> Result<Recomputed> {
        self.allow(Right::ApplyTariffs)?;
        let calls = self.answered_calls(filter, behind, most)?;
        let is_full = calls.len() == most;
        let last = calls.last().filter(|_| is_full);
        let mut done = Recomputed {
            seen: count(calls.len()).unsigned_abs(),
            changed: 0,
            last: last.map(|call| (call.started_at, call.call)),
        };
        for call in &calls {
            done.changed += u64::from(change(self, call)?);
        }
        Ok(done)
    }

    fn set_cost(&mut self, call: CallId, cost: Option<&Cost>) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE calls SET cost_minor = ?2, cost_currency = ?3, tariff = ?4 WHERE id = ?1",
        )?;
        statement.execute(params![
            call.as_bytes(),
            cost.map(|cost| cost.amount.minor),
            cost.map(|cost| &cost.amount.currency),
            cost.map(|cost| &cost.tariff),
        ])?;
        Ok(())
    }
}
