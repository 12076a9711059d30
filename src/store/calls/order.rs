//! In which order a list has its calls, and a page of it.

use jiff::tz::TimeZone;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::filter::column_sql;
use super::{CallFilter, call_line, line_where};
use crate::model::{CallColumn, CallLine, Turn};
use crate::store::values::count;
use crate::store::{Reader, Result, StoreError};

const LATEST_FIRST: &str = "c.started_at DESC, c.rowid DESC";

const fn way(turn: Turn) -> &'static str {
    match turn {
        Turn::Up => "ASC",
        Turn::Down => "DESC",
    }
}

/// Which calls, and in which order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallList {
    /// Which.
    pub filter: CallFilter,
    /// In which order.
    pub order: CallOrder,
}

impl From<CallFilter> for CallList {
    /// The latest first.
    fn from(filter: CallFilter) -> Self {
        Self {
            filter,
            order: CallOrder::default(),
        }
    }
}

/// By what calls are sorted: the first column, where it is the same the second, and so on, where all
/// are the same the latest first.
#[derive(Debug, Clone, PartialEq)]
pub struct CallOrder {
    /// The columns.
    pub by: Vec<(CallColumn, Turn)>,
    /// Whose clock tells the time of the day.
    pub zone: TimeZone,
}

impl Default for CallOrder {
    /// The latest first.
    fn default() -> Self {
        Self {
            by: Vec::new(),
            zone: TimeZone::UTC,
        }
    }
}

impl Reader<'_> {
    /// A page of the calls, the latest first.
    pub fn calls(&self, filter: &CallFilter, offset: usize, limit: usize) -> Result<Vec<CallLine>> {
        self.calls_of(&filter.clone().into(), offset, limit)
    }

    /// A page of the list.
    pub fn calls_of(&self, list: &CallList, offset: usize, limit: usize) -> Result<Vec<CallLine>> {
        let mut lines = Vec::new();
        self.each_line(list, offset, limit, |line| -> Result<()> {
            lines.push(line);
            Ok(())
        })?;
        Ok(lines)
    }

    /// Hands every call of the list to `each`, one at a time: what an export streams from. Not more
    /// than `limit`, where there is one.
    pub fn each_call<E: From<StoreError>>(
        &self,
        list: &CallList,
        limit: Option<usize>,
        mut each: impl FnMut(CallLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let limit = limit.unwrap_or(usize::MAX);
        if !list.order.by.is_empty() {
            return self.each_line(list, 0, limit, each);
        }
        // In the order of time the rows stream as the index has them, and none is remembered.
        let (condition, mut values) = self.condition(&list.filter)?.into_parts();
        values.push(count(limit).into());
        let select = line_where(&condition);
        let mut statement = self
            .connection
            .prepare_cached(&format!("{select} ORDER BY {LATEST_FIRST} LIMIT ?"))
            .map_err(StoreError::from)?;
        let mut rows = statement
            .query(params_from_iter(values))
            .map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            each(call_line(row).map_err(StoreError::from)?)?;
        }
        Ok(())
    }

    /// Finds by the index of lists alone where the calls stand, and reads the rows themselves only
    /// of those that are wanted, not of those that are skipped.
    fn each_line<E: From<StoreError>>(
        &self,
        list: &CallList,
        offset: usize,
        limit: usize,
        mut each: impl FnMut(CallLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let rows = self.rows(list, offset, limit)?;
        let mut statement = self
            .connection
            .prepare_cached(&line_where("c.rowid = ?1"))
            .map_err(StoreError::from)?;
        for row in rows {
            let line = statement.query_row([row], call_line);
            each(line.map_err(StoreError::from)?)?;
        }
        Ok(())
    }

    fn rows(&self, list: &CallList, offset: usize, limit: usize) -> Result<Vec<i64>> {
        let (statement, values) = self.page(list, offset, limit)?;
        let mut statement = self.connection.prepare_cached(&statement)?;
        let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn page(&self, list: &CallList, offset: usize, limit: usize) -> Result<(String, Vec<Value>)> {
        let filter = &list.filter;
        let (condition, mut values) = self.condition(filter)?.into_parts();
        let by = self.order_by(filter, &list.order)?;
        values.extend([count(limit).into(), count(offset).into()]);
        let table = filter.table();
        let statement =
            format!("SELECT c.rowid FROM {table} WHERE {condition} ORDER BY {by} LIMIT ? OFFSET ?");
        Ok((statement, values))
    }

    fn order_by(&self, filter: &CallFilter, order: &CallOrder) -> Result<String> {
        let mut by = Vec::new();
        for (column, turn) in &order.by {
            let sql = match column {
                CallColumn::TimeOfDay => &self.time_of_day(filter, &order.zone)?,
                column => column_sql(*column),
            };
            // What is not known comes last, whichever way it goes.
            match column {
                CallColumn::Client => by.push(format!("{sql} = ''")),
                CallColumn::Quality | CallColumn::Cost => by.push(format!("{sql} IS NULL")),
                _ => {}
            }
            by.push(format!("{sql} {}", way(*turn)));
        }
        by.push(LATEST_FIRST.to_owned());
        Ok(by.join(", "))
    }

    /// How SQLite goes about a page of the log, step by step.
    #[cfg(test)]
    pub(in crate::store) fn plan_of_calls(&self, filter: &CallFilter) -> Result<Vec<String>> {
        let (statement, values) = self.page(&filter.clone().into(), 0, 10)?;
        let mut statement = self
            .connection
            .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
        let rows = statement.query_map(params_from_iter(values), |row| row.get("detail"))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
