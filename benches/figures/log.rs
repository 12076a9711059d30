//! The list of a million calls: the first page of any period, filter, order and group, and a page far
//! down. The store is asked as the window asks it.

use std::time::{Duration, Instant};

use jiff::civil::time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use ringbook::model::{CallColumn, Turn};
use ringbook::model::{CallStatus, Direction};
use ringbook::store::{CallFilter, CallList, CallOrder, Grouping, Hours, Store};

use super::agent::RINGBOOK;
use super::reports::{CALLS, write_calls};
use super::statistics::p50_p99;
use super::table::{Row, Table};

/// Rows that the window reads at once.
const PAGE: usize = 64;
const ROUNDS: usize = 7;

pub fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("ringbook.db");
    let end: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    write_calls(&database, end, CALLS);
    let store = Store::open(&database).unwrap();
    let mut note = |name: &str, ask: &dyn Fn()| {
        let took = |_| {
            let began = Instant::now();
            ask();
            began.elapsed()
        };
        let mut times: Vec<Duration> = (0..ROUNDS).map(took).collect();
        let name = format!("  log of a million, {name}, ms (p50 / p99)");
        table.note(
            RINGBOOK.name,
            &Row::new(&name, "≤ 200"),
            p50_p99(&mut times),
        );
    };
    for (period, filter) in periods(end) {
        let first = |list: CallList| {
            let page = store.read(|r| r.calls_of(&list, 0, PAGE)).unwrap();
            assert!(!page.is_empty());
        };
        note(&format!("{period}: count"), &|| {
            store.read(|r| r.count_calls(&filter)).unwrap();
        });
        note(&format!("{period}: latest first"), &|| {
            first(filter.clone().into())
        });
        let mut slowest = ("", Duration::ZERO);
        for &(column, name) in CallColumn::ALL.iter().filter(|(c, _)| c.is_sorted()) {
            for turn in [Turn::Up, Turn::Down] {
                let began = Instant::now();
                first(sorted(
                    &filter,
                    &[(column, turn), (CallColumn::Talk, Turn::Down)],
                ));
                slowest = std::cmp::max_by_key(slowest, (name, began.elapsed()), |(_, took)| *took);
            }
        }
        note(
            &format!("{period}: sorted by {}, the slowest, and talk", slowest.0),
            &|| {
                let by = CallColumn::ALL.iter().find(|(_, name)| *name == slowest.0);
                first(sorted(
                    &filter,
                    &[(by.unwrap().0, Turn::Up), (CallColumn::Talk, Turn::Down)],
                ));
            },
        );
        for &(by, name) in Grouping::ALL {
            note(&format!("{period}: groups by {name}"), &|| {
                let zone = TimeZone::get("Europe/Budapest").unwrap();
                assert!(
                    !store
                        .read(|r| r.call_groups(&filter, by, &zone))
                        .unwrap()
                        .is_empty()
                );
            });
        }
        note(&format!("{period}: missed from 9 to 10, by talk"), &|| {
            let filter = CallFilter {
                direction: Some(Direction::Incoming),
                statuses: vec![CallStatus::Missed],
                hours: Some(Hours {
                    from: time(9, 0, 0, 0),
                    to: time(10, 0, 0, 0),
                    zone: TimeZone::get("Europe/Budapest").unwrap(),
                }),
                ..filter.clone()
            };
            first(sorted(&filter, &[(CallColumn::Talk, Turn::Down)]));
        });
    }
    scroll(&store, end, &mut note);
}

fn periods(end: Timestamp) -> [(&'static str, CallFilter); 3] {
    let since = |hours: i64| CallFilter {
        from: Some(end - hours.hours()),
        ..CallFilter::default()
    };
    [
        ("a day", since(24)),
        ("a month", since(24 * 30)),
        ("all", CallFilter::default()),
    ]
}

fn sorted(filter: &CallFilter, by: &[(CallColumn, Turn)]) -> CallList {
    CallList {
        filter: filter.clone(),
        order: CallOrder {
            by: by.to_vec(),
            zone: TimeZone::get("Europe/Budapest").unwrap(),
        },
    }
}

/// Through a hundred thousand rows, page by page; told is what a page takes.
fn scroll(store: &Store, end: Timestamp, note: &mut impl FnMut(&str, &dyn Fn())) {
    let month = CallFilter {
        from: Some(end - 833.hours()),
        ..CallFilter::default()
    };
    for (name, list) in [
        ("latest first", CallList::from(month.clone())),
        ("by talk", sorted(&month, &[(CallColumn::Talk, Turn::Down)])),
    ] {
        let at = std::cell::Cell::new(0);
        note(
            &format!("pages far down a hundred thousand, {name}"),
            &|| {
                let offset = at.replace(at.get() + 14_000);
                let page = store.read(|r| r.calls_of(&list, offset, PAGE)).unwrap();
                assert_eq!(page.len(), PAGE);
            },
        );
    }
}
