//! The log's list in groups: each begins with a head that has count and sum, and can be closed.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use ringbook_ui::LogRow;
use ringbook_ui::slint::SharedString;

use super::map_line;
use crate::export::{group_key, group_name};
use crate::model::Category;
use crate::store::{CallGroup, CallList, GroupKey, Grouping, Reader, Result};
use crate::ui::text;
use crate::{tr, trn};

/// By what the list is grouped, in the order of the window's choice; the last choice is nothing.
pub const CHOICES: [Grouping; 4] = [
    Grouping::Day,
    Grouping::Client,
    Grouping::Employee,
    Grouping::Line,
];

/// The calls of a list, put together or not.
#[derive(Debug, Clone, Default)]
pub struct GroupedCalls {
    list: CallList,
    zone: Option<TimeZone>,
    groups: Vec<Shown>,
}

#[derive(Debug, Clone)]
struct Shown {
    /// What has the head; none: the calls are not put together.
    group: Option<CallGroup>,
    calls: u64,
    is_open: bool,
    /// The place in the list that the group's last row has, and one more.
    end: usize,
}

impl Shown {
    /// How many rows of the list it has: a closed one has its head alone.
    fn rows(&self) -> usize {
        match self.is_open {
            true => usize::try_from(self.calls).unwrap_or(usize::MAX),
            false => 1,
        }
    }
}

impl GroupedCalls {
    /// Counts the groups; those of `closed` are closed.
    pub fn read(
        store: &Reader<'_>,
        list: CallList,
        by: Option<Grouping>,
        zone: &TimeZone,
        closed: &BTreeSet<SharedString>,
    ) -> Result<Self> {
        let mut groups = match by {
            Some(by) => {
                let groups = store.call_groups(&list.filter, by, zone)?.into_iter();
                let shown = groups.map(|group| Shown {
                    calls: group.calls,
                    is_open: !closed.contains(group_key(&group.key).as_str()),
                    group: Some(group),
                    end: 0,
                });
                shown.collect()
            }
            None => vec![Shown {
                group: None,
                calls: store.count_calls(&list.filter)?,
                is_open: true,
                end: 0,
            }],
        };
        let mut end = 0;
        for shown in &mut groups {
            end += shown.rows();
            shown.end = end;
        }
        Ok(Self {
            groups,
            zone: Some(zone.clone()),
            list,
        })
    }

    /// Which calls they are and in which order, whatever is closed.
    pub fn list(&self) -> &CallList {
        &self.list
    }

    /// How many rows the list has.
    pub fn rows(&self) -> usize {
        self.groups.last().map_or(0, |group| group.end)
    }

    /// Some of the rows; the first of each group has its head.
    pub fn page(
        &self,
        store: &Reader<'_>,
        offset: usize,
        limit: usize,
        today: Date,
    ) -> Result<Vec<LogRow>> {
        let mut rows = Vec::with_capacity(limit);
        let first = self.groups.partition_point(|group| group.end <= offset);
        for shown in self.groups.iter().skip(first) {
            if rows.len() >= limit {
                break;
            }
            let begin = shown.end - shown.rows();
            let within = (offset + rows.len()).saturating_sub(begin);
            let mut some = self.rows_of(store, shown, within, limit - rows.len())?;
            let head_row = some.first_mut().filter(|_| within == 0);
            if let (Some(row), Some(group)) = (head_row, &shown.group) {
                set_head(row, group, shown.is_open, head(store, &group.key, today)?);
            }
            rows.append(&mut some);
        }
        name_categories(&mut rows, &store.categories()?);
        Ok(rows)
    }

    fn rows_of(
        &self,
        store: &Reader<'_>,
        shown: &Shown,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<LogRow>> {
        if !shown.is_open {
            // Its head stands on a row without a call.
            return Ok(vec![LogRow::default()]);
        }
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let mut list = self.list.clone();
        if let Some(group) = &shown.group {
            list.filter = group.within(&list.filter, &zone);
        }
        let rest = shown.rows() - offset;
        let lines = store.calls_of(&list, offset, limit.min(rest))?;
        let mut rows: Vec<LogRow> = lines.iter().map(|line| map_line(line, &zone)).collect();
        // Other calls may have come or gone since they were counted; each row keeps its place.
        rows.resize(limit.min(rest), LogRow::default());
        Ok(rows)
    }
}

/// Calls categories what the office does.
fn name_categories(rows: &mut [LogRow], categories: &[Category]) {
    let name = |key: &str| {
        let known = categories
            .iter()
            .find(|category| category.id.as_str() == key);
        known
            .map(|category| text::line(&category.name))
            .unwrap_or_default()
    };
    for row in rows {
        row.category_name = name(&row.category);
        row.category_then_name = name(&row.category_then);
    }
}

fn set_head(row: &mut LogRow, group: &CallGroup, is_open: bool, head: SharedString) {
    row.heading = head;
    row.group = group_key(&group.key).into();
    row.group_open = is_open;
    let calls = trn!("{n} call", "{n} calls", n = group.calls);
    let talk = text::length(group.talk);
    row.group_sum = match talk.is_empty() {
        true => calls.into(),
        false => format!("{calls} · {talk}").into(),
    };
}

/// What the group is called.
fn head(store: &Reader<'_>, key: &GroupKey, today: Date) -> Result<SharedString> {
    let name = group_name(store, key)?;
    Ok(match key {
        GroupKey::Day(day) => text::day(*day, today),
        GroupKey::Client(None) => tr!("Unknown callers").into(),
        GroupKey::Client(Some(_)) => text::line(&name),
        GroupKey::Employee(extension) if extension.is_empty() => tr!("calls" => "Nobody's").into(),
        GroupKey::Line(line) if line.is_empty() => tr!("Without a line").into(),
        key => text::line(format!("{} {name}", group_key(key)).trim()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use jiff::{Timestamp, ToSpan};

    use super::*;
    use crate::model::{CallId, CallRecord, Direction};
    use crate::store::Store;

    /// Three days with 1, 100 and 3 calls, each of ten seconds.
    fn store() -> Store {
        let mut store = Store::in_memory().unwrap();
        let start: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        let days = [(0, 1), (1, 100), (2, 3)];
        let calls = days.into_iter().flat_map(|(day, calls)| {
            (0..calls).map(move |n: i64| start + (24 * day).hours() + n.minutes())
        });
        let calls = calls.map(|at| {
            let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, at);
            call.talk = Duration::from_secs(10);
            call.extension = if at == start {
                String::new()
            } else {
                "101".to_owned()
            };
            call
        });
        store
            .write(|w| calls.into_iter().try_for_each(|call| w.save_call(&call)))
            .unwrap();
        store
    }

    fn list(store: &Store, by: impl Into<Option<Grouping>>, closed: &[&str]) -> GroupedCalls {
        let closed = closed.iter().map(|key| SharedString::from(*key)).collect();
        let all = CallList::default();
        store
            .read(|r| GroupedCalls::read(r, all, by.into(), &TimeZone::UTC, &closed))
            .unwrap()
    }

    fn page(store: &Store, list: &GroupedCalls, offset: usize, limit: usize) -> Vec<LogRow> {
        let today = "2026-11-22".parse().unwrap();
        store.read(|r| list.page(r, offset, limit, today)).unwrap()
    }

    fn heads(rows: &[LogRow]) -> Vec<(usize, String)> {
        let headed = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| !row.heading.is_empty());
        headed
            .map(|(at, row)| (at, format!("{}: {}", row.heading, row.group_sum)))
            .collect()
    }

    #[test]
    fn s5_11_a_group_begins_with_its_day_count_and_sum_wherever_pages_are_cut() {
        let store = store();
        let list = list(&store, Grouping::Day, &[]);
        assert_eq!(list.rows(), 104);
        let whole = page(&store, &list, 0, 200);
        let expected = [
            (0, "Today: 3 calls · 0:30".to_owned()),
            (3, "Yesterday: 100 calls · 16:40".to_owned()),
            (103, "Friday 20 November: 1 call · 0:10".to_owned()),
        ];
        assert_eq!(heads(&whole), expected);
        assert!(whole.iter().all(|row| !row.id.is_empty()));
        let cut: Vec<LogRow> = (0..104)
            .step_by(7)
            .flat_map(|at| page(&store, &list, at, 7))
            .collect();
        assert_eq!(cut, whole);
    }

    #[test]
    fn s5_11_a_closed_group_is_its_head_alone() {
        let store = store();
        let list = list(&store, Grouping::Day, &["2026-11-21"]);
        assert_eq!(list.rows(), 5);
        let rows = page(&store, &list, 0, 64);
        let closed = &rows[3];
        assert_eq!((closed.id.as_str(), closed.group_open), ("", false));
        assert_eq!(closed.group_sum, "100 calls · 16:40");
        assert!(rows[4].group_open && !rows[4].id.is_empty());
        assert_eq!(page(&store, &list, 4, 64), rows[4..]);
    }

    #[test]
    fn s5_11_calls_that_are_not_put_together_have_no_heads() {
        let store = store();
        let list = list(&store, None, &["2026-11-21"]);
        assert_eq!(list.rows(), 104);
        let rows = page(&store, &list, 0, 200);
        assert!(heads(&rows).is_empty() && rows.len() == 104);
        assert_eq!(page(&store, &list, 90, 64), rows[90..]);
    }

    #[test]
    fn s5_11_calls_that_nobody_took_are_a_group_of_their_own() {
        let store = store();
        let rows = page(&store, &list(&store, Grouping::Employee, &[]), 0, 200);
        let expected = [
            (0, "Nobody's: 1 call · 0:10".to_owned()),
            (1, "101: 103 calls · 17:10".to_owned()),
        ];
        assert_eq!(heads(&rows), expected);
        assert!(list(&Store::in_memory().unwrap(), Grouping::Client, &[]).rows() == 0);
    }
}
