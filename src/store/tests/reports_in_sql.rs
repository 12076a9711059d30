//! Reports of a call centre: each figure of a fixture log equals what plain SQL makes of the same
//! store.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use rusqlite::{Connection, Row, named_params};

use super::reports::{Dice, budapest, midnight, store_of, two_weeks};
use crate::model::{CallId, CallQuality, CallRecord, CallStatus, Direction, EndReason};
use crate::reports::{Fate, Load, Offered, Period, SERVICE_WITHIN, SHORT_ABANDON};
use crate::store::Store;

// ---- the fixture -------------------------------------------------------------------------------

/// Calls of every kind around the clock, from two weeks and a day before the two weeks with a change
/// of the clocks to a day after them.
fn fixture(seed: u64) -> Vec<CallRecord> {
    let dice = &mut Dice(seed);
    let first = midnight("2026-10-04");
    let hours = 30 * 24;
    let mut calls: Vec<CallRecord> = (0..6000)
        .map(|_| {
            let after = dice.roll(hours) * 3_600_000 + dice.roll(3_600_000);
            call(dice, first + after.cast_signed().milliseconds())
        })
        .collect();
    // At the very edges, at the hour that comes twice, and at the full hour.
    for at in [
        two_weeks().from,
        two_weeks().from - 1.milliseconds(),
        two_weeks().to,
        two_weeks().to - 1.milliseconds(),
        "2026-10-25T00:59:59.999Z".parse().unwrap(),
        "2026-10-25T01:00:00Z".parse().unwrap(),
        "2026-10-26T09:00:00Z".parse().unwrap(),
    ] {
        calls.push(answered(dice, at, 71_234));
    }
    // Over the edges, and for hours in which nothing else may begin.
    for at in [two_weeks().from - 2.hours(), two_weeks().to - 2.hours()] {
        calls.push(answered(dice, at, 4 * 3_600_000));
    }
    calls
}

fn call(dice: &mut Dice, at: Timestamp) -> CallRecord {
    use CallStatus::*;
    let talk = 10_000 + dice.roll(400_000);
    match dice.roll(18) {
        0 => ended(dice, at, Missed, EndReason::Cancelled),
        1 => ended(dice, at, Missed, EndReason::NoAnswer),
        2 => ended(dice, at, Missed, EndReason::Transferred),
        3 => ended(dice, at, Rejected, EndReason::Rejected),
        4 => ended(dice, at, Busy, EndReason::Busy),
        5 => ended(dice, at, Failed, EndReason::NotAcceptable),
        6 => ended(dice, at, AnsweredElsewhere, EndReason::AnsweredElsewhere),
        7 if dice.roll(2) == 0 => ended(dice, at, Interrupted, EndReason::Interrupted),
        7 => CallRecord {
            status: Interrupted,
            ..answered(dice, at, talk)
        },
        8 if dice.roll(2) == 0 => ended(dice, at, Unknown, EndReason::Failed),
        8 => CallRecord {
            // Still going on.
            status: InProgress,
            ended_at: None,
            end_reason: None,
            last_seen_at: at + 3.minutes(),
            ..answered(dice, at, talk)
        },
        9 => CallRecord {
            quality: sound(50 * dice.roll(2), 0),
            ..answered(dice, at, talk)
        },
        10 => ended(dice, at, Voicemail, EndReason::Transferred),
        11 => CallRecord {
            status: Voicemail,
            ..answered(dice, at, talk)
        },
        _ => answered(dice, at, talk),
    }
}

fn ended(dice: &mut Dice, at: Timestamp, status: CallStatus, reason: EndReason) -> CallRecord {
    let mut call = begun(dice, at);
    (call.status, call.end_reason) = (status, Some(reason));
    call.ended_at = Some(at + call.ring);
    call
}

fn answered(dice: &mut Dice, at: Timestamp, talk: u64) -> CallRecord {
    let mut call = begun(dice, at);
    call.status = CallStatus::Answered;
    call.end_reason = Some(EndReason::RemoteHangup);
    call.talk = Duration::from_millis(talk);
    call.answered_at = Some(at + call.ring);
    call.ended_at = Some(at + call.ring + call.talk);
    call.quality = dice.pick(&[None, Some(())]).and_then(|()| sound(50, 50));
    call
}

fn sound(packets_sent: u64, packets_received: u64) -> Option<CallQuality> {
    Some(CallQuality {
        packets_sent,
        packets_received,
        ..CallQuality::default()
    })
}

fn begun(dice: &mut Dice, at: Timestamp) -> CallRecord {
    let direction = dice.pick(&[
        Direction::Incoming,
        Direction::Incoming,
        Direction::Outgoing,
    ]);
    let mut call = CallRecord::begin(CallId::new(), direction, at);
    call.ring = match dice.roll(8) {
        0 => SHORT_ABANDON,
        1 => SERVICE_WITHIN,
        _ => Duration::from_millis(dice.roll(40_000)),
    };
    call.account = dice
        .pick(&["sip:office@example", "sip:sales@example", ""])
        .into();
    // Anna has two extensions, one of which Béla uses, too; nobody knows who sits at two others.
    let (extension, employee) = dice.pick(&[
        ("101", "Anna"),
        ("102", "Anna"),
        ("102", "Béla"),
        ("103", ""),
        ("", ""),
    ]);
    (call.extension, call.employee) = (extension.into(), employee.into());
    call
}

// ---- the reference -----------------------------------------------------------------------------

/// Calls with their fate and the local time of Budapest, where clocks were put back by an hour at
/// :change. `moments` are starts of calls in the period, of the period, and of hours in it.
const REFERENCE: &str = "
    WITH RECURSIVE
    judged AS (
        SELECT *, coalesce(ended_at, last_seen_at) AS until,
            ended_at IS NOT NULL AND answered_at IS NOT NULL AND status <> 'voicemail'
                AND (packets_sent IS NULL OR (packets_sent > 0 AND packets_received > 0)) AS talked,
            started_at + iif(started_at < :change, 7200000, 3600000) AS local
        FROM calls),
    fated AS (
        SELECT *,
            CASE
                WHEN direction = 'outgoing' OR ended_at IS NULL THEN NULL
                WHEN talked THEN 'answered'
                WHEN status = 'answered_elsewhere' THEN 'elsewhere'
                WHEN status = 'missed' AND end_reason = 'transferred' THEN 'passed_on'
                WHEN status = 'missed' AND end_reason = 'cancelled'
                    THEN iif(ring_ms < 5000, 'short', 'abandoned')
                WHEN status = 'rejected' THEN 'rejected'
                WHEN status IN ('unknown', 'in_progress', 'cancelled') THEN NULL
                ELSE 'unanswered'
            END AS fate,
            talked AND status <> 'interrupted' AS handled,
            date(local / 1000, 'unixepoch') AS day,
            CAST(strftime('%H', local / 1000, 'unixepoch') AS INTEGER) AS hour,
            (CAST(strftime('%w', local / 1000, 'unixepoch') AS INTEGER) + 6) % 7 AS weekday,
            started_at / 3600000 AS clock_hour
        FROM judged),
    log AS (SELECT * FROM fated WHERE started_at >= :from AND started_at < :to),
    hours AS (
        SELECT :from AS moment
        UNION ALL SELECT moment + 3600000 FROM hours WHERE moment + 3600000 < :to),
    moments AS (
        SELECT moment, moment + iif(moment < :change, 7200000, 3600000) AS local
        FROM (SELECT moment FROM hours UNION SELECT started_at FROM log)),
    at_once AS (
        SELECT moment, CAST(strftime('%H', local / 1000, 'unixepoch') AS INTEGER) AS hour,
            (CAST(strftime('%w', local / 1000, 'unixepoch') AS INTEGER) + 6) % 7 AS weekday,
            (SELECT count(*) FROM judged
                WHERE started_at <= moment AND started_at > moment - 86400000 AND until > moment
            ) AS calls
        FROM moments)";

/// What a query finds below the reference's tables.
fn ask<T>(
    store: &Store,
    period: Period,
    query: &str,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let connection: &Connection = &store.connection;
    let sql = format!("{REFERENCE} {query}");
    let mut statement = connection.prepare(&sql).unwrap();
    let change: Timestamp = "2026-10-25T01:00:00Z".parse().unwrap();
    let rows = statement.query_map(
        named_params! {
            ":from": period.from.as_millisecond(),
            ":to": period.to.as_millisecond(),
            ":change": change.as_millisecond(),
        },
        |row| read(row),
    );
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn whole(row: &Row<'_>, at: usize) -> u64 {
    let count: i64 = row.get(at).unwrap();
    count.unsigned_abs()
}

type Counts = [u64; Fate::ALL.len()];

/// Incoming calls by what became of them, and by an expression.
fn counted(store: &Store, period: Period, by: &str) -> BTreeMap<String, Counts> {
    let sums: Vec<String> = Fate::ALL
        .iter()
        .map(|fate| format!("sum(fate = '{}')", fate.as_str()))
        .collect();
    let query = format!(
        "SELECT CAST({by} AS TEXT), {} FROM log WHERE fate IS NOT NULL GROUP BY 1",
        sums.join(", ")
    );
    let counts = ask(store, period, &query, |row| {
        let counts = std::array::from_fn(|at| whole(row, at + 1));
        Ok((row.get(0)?, counts))
    });
    counts.into_iter().collect()
}

fn number<T: rusqlite::types::FromSql>(store: &Store, period: Period, query: &str) -> T {
    ask(store, period, query, |row| row.get(0)).remove(0)
}

fn counts(offered: &Offered) -> Counts {
    Fate::ALL.map(|fate| offered.of(fate))
}

/// What a report tells by something, without what had no calls.
fn told<K: ToString>(by: impl IntoIterator<Item = (K, Offered)>) -> BTreeMap<String, Counts> {
    let called = by.into_iter().filter(|(_, offered)| !offered.is_empty());
    called
        .map(|(key, offered)| (key.to_string(), counts(&offered)))
        .collect()
}

fn near(told: Option<f64>, reference: f64) {
    assert!(
        (told.unwrap() - reference).abs() < 1e-9,
        "{told:?} {reference}"
    );
}

const RATE: &str = "100.0 * sum(fate IN ('abandoned', 'unanswered'))
    / sum(fate NOT IN ('short', 'passed_on'))";

#[test]
fn s4_28_lost_calls_by_day_hour_and_line_and_their_trend_equal_the_reference() {
    for seed in [1, 2, 3] {
        let store = store_of(&fixture(seed));
        let period = two_weeks();
        let lost = store.read(|r| r.lost(period, budapest(), SHORT_ABANDON));
        let lost = lost.unwrap();
        assert_eq!(told([("1", lost.all)]), counted(&store, period, "1"));
        let before = Period {
            from: midnight("2026-10-05"),
            to: period.from,
        };
        assert_eq!(told([("1", lost.before)]), counted(&store, before, "1"));
        assert_eq!(told(lost.by_day.clone()), counted(&store, period, "day"));
        let by_hour = lost.by_hour.into_iter().enumerate();
        assert_eq!(told(by_hour), counted(&store, period, "hour"));
        assert_eq!(
            told(lost.by_line.clone()),
            counted(&store, period, "account")
        );
        assert_eq!((lost.by_day.len(), lost.by_line.len()), (14, 3));

        let rate = format!("SELECT {RATE} FROM log");
        let [now, then]: [f64; 2] = [period, before].map(|it| number(&store, it, &rate));
        near(lost.all.lost_rate().map(|rate| rate * 100.0), now);
        near(lost.change(), now - then);
        let slope: f64 = number(
            &store,
            period,
            &format!(
                "SELECT (count(*) * sum(x * y) - sum(x) * sum(y))
                    / (count(*) * sum(x * x) - sum(x) * sum(x))
                 FROM (SELECT julianday(day) - julianday('2026-10-19') AS x, {RATE} AS y
                    FROM log GROUP BY day)"
            ),
        );
        near(lost.slope(), slope);
        let unclear = "SELECT count(*) FROM log WHERE direction = 'incoming' AND fate IS NULL";
        let unclear: i64 = number(&store, period, unclear);
        assert_eq!(lost.unclear, unclear.unsigned_abs());
        assert!(
            lost.unclear > 50 && lost.all.of(Fate::Short) > 5,
            "{lost:?}"
        );
    }
}

#[test]
fn s4_29_service_of_each_line_and_load_of_each_employee_equal_the_reference() {
    for seed in [1, 2, 3] {
        let store = store_of(&fixture(seed));
        let period = two_weeks();
        let service = store.read(|r| r.service(period, budapest(), SHORT_ABANDON, SERVICE_WITHIN));
        let service = service.unwrap();
        let lines = service.by_line.iter();
        let offered = lines.clone().map(|(line, level)| (line, level.offered));
        assert_eq!(told(offered), counted(&store, period, "account"));
        let millis = |duration: Duration| duration.as_millis() as u64;
        let levels: Vec<(String, [u64; 5])> = std::iter::once((&"all".to_owned(), &service.all))
            .chain(lines)
            .map(|(line, level)| {
                let waited = [level.waited, level.longest_wait, level.talk].map(millis);
                let [waited, longest, talk] = waited;
                (
                    line.clone(),
                    [level.within, waited, longest, level.handled, talk],
                )
            })
            .collect();
        let sums = "sum(fate IN ('answered', 'elsewhere') AND ring_ms <= 20000),
            sum(iif(fate IN ('answered', 'elsewhere'), ring_ms, 0)),
            max(iif(fate <> 'passed_on', ring_ms, 0)),
            sum(handled), sum(iif(handled, talk_ms, 0))
            FROM log WHERE fate IS NOT NULL";
        let query =
            format!("SELECT 'all', {sums} UNION ALL SELECT account, {sums} GROUP BY account");
        let reference = ask(&store, period, &query, |row| {
            Ok((row.get(0)?, std::array::from_fn(|at| whole(row, at + 1))))
        });
        assert_eq!(levels, reference);
        let shares = "sum(fate IN ('answered', 'elsewhere') AND ring_ms <= 20000) * 1.0
            / sum(fate NOT IN ('short', 'passed_on')) FROM log";
        near(
            service.all.service_level(),
            number(&store, period, &format!("SELECT {shares}")),
        );
        let given_up = "SELECT sum(fate = 'abandoned') * 1.0
            / sum(fate NOT IN ('short', 'passed_on')) FROM log";
        let abandonment = service.all.offered.abandonment_rate();
        near(abandonment, number(&store, period, given_up));
        let speed = "SELECT avg(ring_ms) / 1000 FROM log WHERE fate IN ('answered', 'elsewhere')";
        let answer = service.all.speed_of_answer().map(|it| it.as_secs_f64());
        near(answer, number(&store, period, speed));
        let handling = "SELECT avg(talk_ms) / 1000 FROM log
            WHERE direction = 'incoming' AND handled";
        let time = service.all.handling_time().map(|it| it.as_secs_f64());
        near(time, number(&store, period, handling));

        assert_eq!(service.employees, loads(&store, period));
        assert_eq!(service.employees.len(), 4);
    }
}

fn loads(store: &Store, period: Period) -> Vec<Load> {
    let query = "SELECT employee, json_group_array(DISTINCT extension),
            sum(direction = 'incoming'), sum(direction = 'outgoing'), sum(talk_ms),
            count(DISTINCT clock_hour)
        FROM log WHERE handled
        GROUP BY employee, iif(employee = '', extension, '')
        ORDER BY employee, iif(employee = '', extension, '')";
    ask(store, period, query, |row| {
        let hours = whole(row, 5);
        let extensions: String = row.get(1)?;
        Ok(Load {
            employee: row.get(0)?,
            extensions: serde_json::from_str(&extensions).unwrap(),
            incoming: whole(row, 2),
            outgoing: whole(row, 3),
            talk: Duration::from_millis(whole(row, 4)),
            hours,
            worked: Duration::from_hours(hours),
        })
    })
}

#[test]
fn s4_29_the_hours_of_the_week_and_the_most_calls_at_once_equal_the_reference() {
    for seed in [1, 2] {
        let store = store_of(&fixture(seed));
        let period = two_weeks();
        let busiest = store.read(|r| r.busiest(period, budapest(), SHORT_ABANDON));
        let busiest = busiest.unwrap();
        let cells = || {
            let days = busiest.week.iter().enumerate();
            days.flat_map(|(day, hours)| {
                let hours = hours.iter().enumerate();
                hours.map(move |(hour, busy)| (24 * day + hour, busy))
            })
        };
        let offered = cells().map(|(cell, busy)| (cell, busy.offered));
        let reference = counted(&store, period, "24 * weekday + hour");
        assert_eq!(told(offered), reference);
        assert!(reference.len() > 160, "{}", reference.len());
        let query = "SELECT 24 * weekday + hour, sum(talk_ms) FROM log WHERE handled
            GROUP BY 1 ORDER BY 1";
        let talks = ask(&store, period, query, |row| {
            Ok((whole(row, 0), whole(row, 1)))
        });
        let told_talks = cells().filter(|(_, busy)| !busy.talk.is_zero());
        let told_talks: Vec<(u64, u64)> = told_talks
            .map(|(cell, busy)| (cell as u64, busy.talk.as_millis() as u64))
            .collect();
        assert_eq!(told_talks, talks);

        let query = "SELECT max(calls) FROM at_once GROUP BY 24 * weekday + hour
            ORDER BY 24 * weekday + hour";
        let most = ask(&store, period, query, |row| Ok(whole(row, 0)));
        assert_eq!(cells().map(|(_, busy)| busy.most).collect::<Vec<_>>(), most);
        let query = "SELECT moment, calls FROM at_once ORDER BY calls DESC, moment LIMIT 1";
        let peak = ask(&store, period, query, |row| {
            Ok((row.get(0)?, whole(row, 1)))
        });
        let told_peak = (busiest.most_at.unwrap().as_millisecond(), busiest.all.most);
        assert_eq!(vec![told_peak], peak);
        assert!(busiest.all.most > 3, "{}", busiest.all.most);
    }
}

#[test]
fn s4_28_s4_29_a_reference_that_agreed_with_everything_would_be_worth_nothing() {
    let mut calls = fixture(1);
    let period = two_weeks();
    let before = store_of(&calls);
    let missed = |call: &&mut CallRecord| {
        call.status == CallStatus::Rejected
            && call.direction == Direction::Incoming
            && (period.from..period.to).contains(&call.started_at)
    };
    calls.iter_mut().find(missed).unwrap().status = CallStatus::Busy;
    let after = store_of(&calls);
    let [told_before, told_after] = [&before, &after].map(|store| {
        let lost = store.read(|r| r.lost(period, budapest(), SHORT_ABANDON));
        told([("1", lost.unwrap().all)])
    });
    let references = [&before, &after].map(|store| counted(store, period, "1"));
    assert_ne!(told_before, references[1]);
    assert_eq!([told_before, told_after], references);
}

#[test]
fn s4_28_s4_29_an_empty_log_has_no_figures() {
    let store = Store::in_memory().unwrap();
    let period = two_weeks();
    let lost = store.read(|r| r.lost(period, budapest(), SHORT_ABANDON));
    assert_eq!(lost.unwrap(), Default::default());
    let service = store.read(|r| r.service(period, budapest(), SHORT_ABANDON, SERVICE_WITHIN));
    assert_eq!(service.unwrap(), Default::default());
    let busiest = store.read(|r| r.busiest(period, budapest(), SHORT_ABANDON));
    assert_eq!(busiest.unwrap(), Default::default());
}
