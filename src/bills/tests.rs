//! Bills with planted mistakes: exactly those are found, whatever the provider's clock shows.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{BillCheck, BillReading, BilledCall, Made, Reading, check};
use crate::model::{CallId, CallRecord, CallStatus, Direction, PhoneNumber};
use crate::tariffs::Tariffs;

const NUMBERS: [&str; 3] = ["+77011112233", "+77271234567", "+49301234567"];

/// No mistake in any list.
const NOTHING: [Vec<u64>; 4] = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];

fn tariffs() -> Tariffs {
    let text = r#"
        currency = "EUR"
        [[tariff]]
        name = "World"
        price = "0.30"
        [[tariff]]
        name = "Zone 7"
        prefix = "+7"
        price = "0.10"
        [[tariff]]
        name = "House"
        prefix = "internal"
        price = "0"
    "#;
    Tariffs::parse(text, Path::new("tariffs.toml"), TimeZone::UTC).unwrap()
}

fn begin() -> Timestamp {
    "2026-11-02T06:00:00Z".parse().unwrap()
}

fn call(at: Timestamp, number: &str, seconds: u64) -> CallRecord {
    let mut call = CallRecord::begin(CallId::new(), Direction::Outgoing, at);
    call.status = CallStatus::Answered;
    call.answered_at = Some(at);
    call.ended_at = Some(at + Duration::from_secs(seconds));
    call.number = PhoneNumber::from_e164(number);
    call.callee = number.to_owned();
    call.talk = Duration::from_secs(seconds);
    call
}

/// Two hundred calls, one every 47 minutes, to three numbers in turn, each between 5 and 604 seconds long.
fn log() -> Vec<CallRecord> {
    let lengths = (0..200_i64).map(|n| (n, u64::try_from(5 + (n * 131) % 600).unwrap()));
    lengths
        .map(|(n, seconds)| {
            let place = usize::try_from(n).unwrap() % NUMBERS.len();
            call(begin() + (47 * n).minutes(), NUMBERS[place], seconds)
        })
        .collect()
}

/// The bill that a provider whose clock is so far ahead makes of the log.
fn bill(log: &[CallRecord], ahead: SignedDuration) -> Vec<BilledCall> {
    let lines = log.iter().enumerate();
    lines
        .map(|(n, call)| {
            let seconds = call.talk.as_secs();
            let cents = seconds.div_ceil(60)
                * if call.callee.starts_with("+7") {
                    10
                } else {
                    30
                };
            billed(
                n,
                call.answered_at.unwrap() + ahead,
                &call.callee,
                seconds,
                cents,
            )
        })
        .collect()
}

fn billed(n: usize, at: Timestamp, number: &str, seconds: u64, cents: u64) -> BilledCall {
    let cost = format!("{}.{:02}", cents / 100, cents % 100);
    BilledCall {
        line: 2 + u64::try_from(n).unwrap(),
        at,
        number: number.to_owned(),
        length_s: seconds,
        cost: crate::tariffs::Exact::parse(&cost).unwrap(),
        currency: "EUR".to_owned(),
    }
}

/// The lines of the bill in each list, and the places in the log of what was not billed.
fn found(check: &BillCheck<'_>, log: &[CallRecord]) -> [Vec<u64>; 4] {
    let place = |call: CallId| log.iter().position(|other| other.call == call).unwrap();
    let not_billed = check.not_billed.iter();
    [
        check.not_made.iter().map(|billed| billed.line).collect(),
        not_billed
            .map(|call| u64::try_from(place(call.made.call)).unwrap())
            .collect(),
        check
            .wrong_length
            .iter()
            .map(|pair| pair.billed.line)
            .collect(),
        check
            .wrong_price
            .iter()
            .map(|pair| pair.billed.line)
            .collect(),
    ]
}

fn made<'a>(calls: &'a [CallRecord], tariffs: &'a Tariffs) -> Made<'a> {
    Made {
        calls,
        tariffs,
        from: None,
        to: None,
    }
}

fn skews() -> [SignedDuration; 7] {
    [
        SignedDuration::ZERO,
        SignedDuration::from_secs(42),
        SignedDuration::from_secs(-95),
        // Another time zone, and half an hour of one.
        SignedDuration::from_hours(1),
        SignedDuration::from_hours(-1) + SignedDuration::from_secs(17),
        SignedDuration::from_mins(330),
        SignedDuration::from_hours(-14) + SignedDuration::from_secs(-61),
    ]
}

#[test]
fn s5_20_a_bill_that_is_right_has_no_mistake_whatever_its_clock_shows() {
    let (log, tariffs) = (log(), tariffs());
    for ahead in skews() {
        let bill = bill(&log, ahead);
        let check = check(&bill, made(&log, &tariffs));
        assert_eq!(check.ahead, ahead);
        assert_eq!(found(&check, &log), NOTHING, "{ahead}");
        assert_eq!(check.right.len(), 200, "{ahead}");
        let [total] = &check.totals()[..] else {
            panic!("one currency");
        };
        assert_eq!(total.billed, total.expected, "{ahead}");
    }
}

#[test]
fn s5_20_exactly_the_planted_mistakes_are_found_and_explain_the_difference_to_the_cent() {
    let (log, tariffs) = (log(), tariffs());
    for ahead in skews() {
        let mut bill = bill(&log, ahead);
        // Twice as long, with its price; a cent more; and one minute too little for the same seconds.
        let long = &mut bill[30];
        let (seconds, doubled) = (long.length_s, 2 * long.length_s + 60);
        *long = billed(
            30,
            long.at,
            &long.number.clone(),
            doubled,
            10 * doubled.div_ceil(60),
        );
        let dear = bill[60].clone();
        let cents = 10 * dear.length_s.div_ceil(60);
        bill[60] = billed(60, dear.at, &dear.number, dear.length_s, cents + 1);
        let cheap = bill[61].clone();
        let less = 10 * cheap.length_s.div_ceil(60) - 10;
        bill[61] = billed(61, cheap.at, &cheap.number, cheap.length_s, less);
        // Nobody called there; nobody called twice; and to that number, but later.
        let missing = [bill.remove(150), bill.remove(99)];
        let at = bill[10].at;
        bill.push(billed(300, at + 5.minutes(), "+77779999999", 61, 20));
        let twice = bill[10].clone();
        bill.push(BilledCall { line: 400, ..twice });
        bill.push(billed(
            500,
            at + 23.minutes(),
            &bill[10].number.clone(),
            33,
            30,
        ));
        let check = check(&bill, made(&log, &tariffs));
        assert_eq!(check.ahead, ahead);
        assert!(seconds < doubled && missing.iter().all(|billed| billed.length_s > 0));
        let [not_made, not_billed, wrong_length, wrong_price] = found(&check, &log);
        assert_eq!(not_made, [302, 400, 502], "{ahead}");
        assert_eq!(not_billed, [99, 150], "{ahead}");
        assert_eq!(wrong_length, [32], "{ahead}");
        assert_eq!(wrong_price, [62, 63], "{ahead}");
        explains_the_difference(&check);
    }
}

/// What the lists say of each call adds up to what lies between bill and log.
fn explains_the_difference(check: &BillCheck<'_>) {
    let cents = |billed: &BilledCall| super::expected::rounded(billed.cost, "EUR").minor;
    let pairs = check.wrong_length.iter().chain(&check.wrong_price);
    let wrong: i64 = pairs
        .map(|pair| cents(pair.billed) - pair.expected.as_ref().unwrap().minor)
        .sum();
    let not_made: i64 = check.not_made.iter().map(|billed| cents(billed)).sum();
    let not_billed = check.not_billed.iter();
    let not_billed: i64 = not_billed
        .map(|call| call.expected.as_ref().unwrap().minor)
        .sum();
    let totals = check.totals();
    let between = totals[0].billed.minor - totals[0].expected.minor;
    assert_eq!(between, wrong + not_made - not_billed);
}

#[test]
fn s5_20_seconds_at_the_ends_of_a_call_and_charged_lengths_are_no_mistakes() {
    let tariffs = tariffs();
    let log = [59, 61, 61, 61, 118, 300].map(|seconds| {
        let at = begin() + Duration::from_secs(seconds * 100);
        call(at, NUMBERS[0], seconds)
    });
    for (lengths, cents, wrong_length, wrong_price) in [
        // The provider heard of the end two seconds later, and charges by it.
        (
            [61, 63, 59, 61, 120, 302],
            [20, 20, 10, 20, 20, 60],
            vec![],
            vec![],
        ),
        // Minutes as they were charged.
        (
            [60, 120, 120, 120, 120, 300],
            [10, 20, 20, 20, 20, 50],
            vec![],
            vec![],
        ),
        // Three seconds are too many, and each length has its own price.
        (
            [62, 61, 61, 61, 118, 300],
            [20, 10, 20, 20, 20, 50],
            vec![2],
            vec![3],
        ),
        (
            [60, 60, 120, 120, 120, 303],
            [10, 20, 20, 20, 20, 60],
            vec![7],
            vec![3],
        ),
    ] {
        let mut bill = bill(&log, SignedDuration::ZERO);
        for (n, billed_call) in bill.iter_mut().enumerate() {
            let call = billed_call.clone();
            *billed_call = billed(n, call.at, &call.number, lengths[n], cents[n]);
        }
        let check = check(&bill, made(&log, &tariffs));
        let [_, _, length, price] = found(&check, &log);
        assert_eq!((length, price), (wrong_length, wrong_price), "{lengths:?}");
    }
}

#[test]
fn s5_20_of_calls_in_a_row_each_is_the_one_that_begins_nearest() {
    let tariffs = tariffs();
    // Redialled every 70 seconds; the second one is not in the bill.
    let log: Vec<_> = (0..5_i64)
        .map(|n| {
            call(
                begin() + (70 * n).seconds(),
                NUMBERS[0],
                30 + 3 * n.unsigned_abs(),
            )
        })
        .collect();
    let mut bill = bill(&log, SignedDuration::from_secs(8));
    bill.remove(1);
    let check = check(&bill, made(&log, &tariffs));
    assert_eq!(found(&check, &log), [vec![], vec![1], vec![], vec![]]);
    assert_eq!(check.ahead, SignedDuration::from_secs(8));
}

#[test]
fn s5_20_what_costs_nothing_or_lies_outside_the_period_is_not_missed() {
    let tariffs = tariffs();
    let mut log = log();
    log.insert(50, call(begin() + 3000.minutes(), "102", 600));
    let complete = bill(&log, SignedDuration::from_hours(1));
    let lines: Vec<_> = complete
        .into_iter()
        .filter(|billed| billed.number != "102")
        .collect();
    let check_of = |from: Option<Timestamp>, to: Option<Timestamp>, lines: &[BilledCall]| {
        let check = check(
            lines,
            Made {
                from,
                to,
                ..made(&log, &tariffs)
            },
        );
        (check.right.len(), found(&check, &log), check.outside)
    };
    assert_eq!(check_of(None, None, &lines), (200, NOTHING, 0));
    // A bill of a part of the log is about that part, unless a period is given.
    assert_eq!(check_of(None, None, &lines[20..40]).1, NOTHING);
    let (right, found, outside) = check_of(Some(begin()), None, &lines[20..40]);
    assert_eq!((right, found[1].len(), outside), (20, 20, 0));
    // By our clock, not by the provider's.
    let to = begin() + (47 * 40).minutes();
    let (right, found, outside) = check_of(None, Some(to), &lines);
    assert_eq!((right, found, outside), (40, NOTHING, 160));
}

#[test]
fn s5_20_few_calls_do_not_move_the_clock_by_hours() {
    let tariffs = tariffs();
    let log = [call(begin(), NUMBERS[0], 61)];
    let bill = bill(&log, SignedDuration::from_hours(2));
    let check = check(&bill, made(&log, &tariffs));
    assert_eq!(check.ahead, SignedDuration::ZERO);
    assert_eq!(check.not_made.len(), 1);
    assert_eq!(
        super::check(&[], made(&log, &tariffs)),
        BillCheck::default()
    );
}

#[test]
fn s5_20_a_bill_is_read_in_the_providers_own_columns_and_what_is_no_call_is_left_out() {
    let reading = Reading {
        zone: TimeZone::get("Asia/Almaty").unwrap(),
        country: "KZ".parse().ok(),
        currency: Some("EUR".to_owned()),
        map: Vec::new(),
    };
    let read = |text: &str, reading: &Reading| BillReading::read(text.as_bytes(), reading);
    let text = "Call date;Time;From;Called number;Duration (sec);Price per minute;Cost\r\n\
        24.11.2026;12:00:05;101;8 701 111 22 33;61;0,10;0,20\r\n\
        24.11.2026;12:05:00;101;102;5;0;0\r\n\
        ;;;Total;66;;0,20\r\n\
        24.11.2026;12:06:00;101;+77271234567;1,5;0,10;0,10\r\n";
    let bill = read(text, &reading).unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(bill.calls.len(), 2);
    assert_eq!(bill.calls[0].at, at("2026-11-24T07:00:05Z"));
    assert_eq!(bill.calls[0].number, "+77011112233");
    assert_eq!((bill.calls[0].line, bill.calls[0].length_s), (2, 61));
    assert_eq!(bill.calls[0].cost.to_string(), "0.20");
    assert_eq!(bill.calls[0].currency, "EUR");
    assert_eq!((&*bill.calls[1].number, bill.calls[1].line), ("102", 3));
    let left_out: Vec<_> = bill
        .left_out
        .iter()
        .map(|line| (line.line, &*line.column))
        .collect();
    assert_eq!(left_out, [(4, "Call date"), (5, "Duration (sec)")]);

    let strange = "when,who,how long,how much,in\n2026-11-24T07:00:05Z,+77011112233,1:01,0.2,usd\n";
    let refused = read(strange, &reading).unwrap_err().to_string();
    assert!(
        refused.starts_with("line 1: no column seems to hold date"),
        "{refused}"
    );
    let pair = |column: &str, field: &str| (column.to_owned(), field.to_owned());
    let mut mapped = Reading {
        map: vec![
            pair("when", "date"),
            pair("who", "number"),
            pair("how long", "duration"),
            pair("how much", "cost"),
            pair("in", "currency"),
        ],
        ..reading
    };
    let bill = read(strange, &mapped).unwrap();
    assert_eq!(
        (bill.calls[0].length_s, &*bill.calls[0].currency),
        (61, "USD")
    );
    mapped.map = vec![pair("when", "weather")];
    let refused = read(strange, &mapped).unwrap_err().to_string();
    assert!(
        refused.contains("weather is nothing that a bill holds"),
        "{refused}"
    );
    mapped.map = vec![pair("why", "date")];
    let refused = read(strange, &mapped).unwrap_err().to_string();
    assert!(refused.contains("no column is called \"why\""), "{refused}");
}
