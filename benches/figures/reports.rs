//! Reports over a log of a million calls, asked as the command line asks them.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use ringbook::model::{
    CallId, CallQuality, CallRecord, CallStatus, Client, Direction, EndReason, KnownAs,
};
use ringbook::reports::{Period, SERVICE_WITHIN, SHORT_ABANDON};
use ringbook::store::{Reader, Store};

use super::agent::RINGBOOK;
use super::statistics::p50_p99;
use super::table::{Row, Table};

pub const CALLS: u32 = 1_000_000;
const CLIENTS: u32 = 50_000;
/// Rows that share a transaction.
const BATCH: u32 = 10_000;
/// One call every half minute, which is two weeks' worth of forty thousand.
const EVERY: Duration = Duration::from_secs(30);
const OPERATORS: u32 = 40;
const ROUNDS: usize = 10;

pub fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("ringbook.db");
    let end: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    write_calls(&database, end, CALLS);
    for (name, from) in [
        ("two weeks", end - 336.hours()),
        ("all", Timestamp::UNIX_EPOCH),
    ] {
        let period = Period { from, to: end };
        for (report, figures) in REPORTS {
            let mut calls = 0;
            let mut times: Vec<Duration> = (0..ROUNDS)
                .map(|_| {
                    let store = Store::open(&database).unwrap();
                    let began = Instant::now();
                    let zone = TimeZone::get("Asia/Almaty").unwrap();
                    calls = store.read(|reader| figures(reader, period, zone)).unwrap();
                    began.elapsed()
                })
                .collect();
            let name = format!("{CALLS} calls: {report} of {name}, {calls} in it, ms (p50 / p99)");
            table.note(
                RINGBOOK.name,
                &Row::new(&name, "≤ 200"),
                p50_p99(&mut times),
            );
        }
    }
}

/// A report, and how many calls are in it.
type Figures = fn(&Reader<'_>, Period, TimeZone) -> ringbook::store::Result<u64>;

const REPORTS: [(&str, Figures); 4] = [
    ("handling time", |reader, period, zone| {
        let handling = reader.handling(period, zone)?;
        Ok(handling.together.all.conversations)
    }),
    ("lost calls", |reader, period, zone| {
        let lost = reader.lost(period, zone, SHORT_ABANDON)?;
        Ok(lost.all.calls() + lost.before.calls())
    }),
    ("service", |reader, period, zone| {
        let service = reader.service(period, zone, SHORT_ABANDON, SERVICE_WITHIN)?;
        Ok(service.all.offered.calls())
    }),
    ("busiest hours", |reader, period, zone| {
        let busiest = reader.busiest(period, zone, SHORT_ABANDON)?;
        Ok(busiest.all.offered.calls())
    }),
];

/// A log of so many calls, four of five of them with clients.
pub fn write_calls(database: &std::path::Path, end: Timestamp, calls: u32) {
    let mut store = Store::open(database).unwrap();
    store.expect_much().unwrap();
    let clients: Vec<Client> = (0..CLIENTS)
        .map(|n| Client::named(format!("Client {n}"), Timestamp::UNIX_EPOCH))
        .collect();
    store
        .write(|writer| {
            clients
                .iter()
                .try_for_each(|client| writer.save_client(client))
        })
        .unwrap();
    let with_client = |n: u32| {
        let mut call = call(n, end - EVERY * (calls - n));
        let client = clients.get((n.wrapping_mul(40_503) % (CLIENTS * 5 / 4)) as usize);
        call.client = client.map(|client| client.id);
        call.client_name = client.map(|client| client.name.clone()).unwrap_or_default();
        call
    };
    for batch in 0..calls / BATCH {
        store
            .write(|writer| {
                (0..BATCH).try_for_each(|n| writer.save_call(&with_client(batch * BATCH + n)))
            })
            .unwrap();
    }
}

/// The n-th call: four of five are answered, three of five by somebody whom the card names.
fn call(n: u32, started_at: Timestamp) -> CallRecord {
    let direction = [
        Direction::Incoming,
        Direction::Incoming,
        Direction::Outgoing,
    ][n as usize % 3];
    let mut call = CallRecord::begin(CallId::new(), direction, started_at);
    let operator = n.wrapping_mul(2_654_435_761) % OPERATORS;
    call.extension = (101 + operator).to_string();
    call.employee = format!("Employee {operator}");
    call.account = "sip:101@office.example".to_owned();
    call.caller = format!("+7701{:07}", n % 100_000);
    call.callee = "101".to_owned();
    call.ring = Duration::from_millis(2000 + u64::from(n % 7919));
    call.ended_at = Some(started_at + 5.minutes());
    if n.is_multiple_of(5) {
        (call.status, call.end_reason) = (CallStatus::Missed, Some(EndReason::NoAnswer));
        return call;
    }
    (call.status, call.end_reason) = (CallStatus::Answered, Some(EndReason::RemoteHangup));
    call.answered_at = Some(started_at + 5.seconds());
    call.talk = Duration::from_millis(30_000 + u64::from(n.wrapping_mul(40_503) % 200_000));
    call.codec = Some("opus".to_owned());
    call.quality = Some(CallQuality {
        packets_sent: 4000,
        packets_received: 4000,
        ..CallQuality::default()
    });
    if n % 5 < 4 {
        (call.known_as, call.identified) = (Some(KnownAs::Client), Some(Duration::ZERO));
    } else {
        call.known_as = Some(KnownAs::Nobody);
    }
    call
}
