//! A provider's bill, as a manager compares it with the log.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use ringbook::model::{CallId, CallRecord, CallStatus, Direction, PhoneNumber};
use ringbook::store::Store;
use serde_json::{Value, json};

use super::{SETTINGS, message, profile, ringbook};

const TARIFFS: &str = "time_zone = \"Asia/Almaty\"\ncurrency = \"EUR\"\n\
    [[tariff]]\nname = \"Zone 7\"\nprefix = \"+7\"\nprice = \"0.10\"\n";

const HOUSE: &str = "sip:101@office.example";

fn bill(profile: &Path, arguments: &[&str]) -> Output {
    let file = profile.join("bill.csv");
    ringbook(
        profile,
        &[&["bill", file.to_str().unwrap()], arguments].concat(),
    )
    .env("TZ", "Asia/Almaty")
    .env("LC_ALL", "C.UTF-8")
    .output()
    .unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Ten calls from noon in Almaty on, every ten minutes, 61 s and longer.
fn log() -> Vec<CallRecord> {
    let noon: Timestamp = "2026-11-24T07:00:00Z".parse().unwrap();
    (0..10_i64)
        .map(|n| {
            let at = noon + (10 * n).minutes();
            let talk = Duration::from_secs(61 + 7 * n.unsigned_abs());
            let mut call = CallRecord::begin(CallId::new(), Direction::Outgoing, at);
            call.status = CallStatus::Answered;
            call.answered_at = Some(at);
            call.ended_at = Some(at + talk);
            call.number = PhoneNumber::from_e164("+77011112233");
            call.callee = "+77011112233".to_owned();
            call.account = HOUSE.to_owned();
            call.talk = talk;
            call
        })
        .collect()
}

/// What the provider says, an hour and five seconds ahead: one call is missing, one was not made, one is too
/// long, one too dear; and a sum stands below.
const BILL: &str = "Дата;Время;Номер;Длительность;Стоимость\n\
    24.11.2026;13:00:05;+7 701 111-22-33;00:01:01;0,20\n\
    24.11.2026;13:10:05;+7 701 111-22-33;00:01:08;0,20\n\
    24.11.2026;13:20:05;+7 701 111-22-33;00:02:15;0,30\n\
    24.11.2026;13:30:05;+7 701 111-22-33;00:01:22;0,25\n\
    24.11.2026;13:40:05;+7 701 111-22-33;00:01:29;0,20\n\
    24.11.2026;13:45:05;+7 702 999-88-77;00:00:30;0,10\n\
    24.11.2026;14:00:05;+7 701 111-22-33;00:01:43;0,20\n\
    24.11.2026;14:10:05;+7 701 111-22-33;00:01:50;0,20\n\
    24.11.2026;14:20:05;+7 701 111-22-33;00:01:57;0,20\n\
    24.11.2026;14:30:05;+7 701 111-22-33;00:02:04;0,30\n\
    ;;Итого;;2,15\n";

#[test]
fn s5_20_the_planted_mistakes_of_a_bill_are_found_through_an_hour_of_time_zone() {
    let dir = profile(SETTINGS);
    fs::write(dir.path().join("tariffs.toml"), TARIFFS).unwrap();
    fs::write(dir.path().join("bill.csv"), BILL).unwrap();
    let calls = log();
    let mut store = Store::open(&dir.path().join("ringbook.db")).unwrap();
    store
        .write(|w| calls.iter().try_for_each(|call| w.save_call(call)))
        .unwrap();
    drop(store);
    let told = printed(&bill(dir.path(), &["--format", "json", "--line", HOUSE]));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["ahead_s"], 3605);
    assert_eq!(told["right"], 7);
    let lines = |list: &str| -> Vec<u64> {
        let list = told[list].as_array().unwrap().iter();
        let line = |call: &Value| call["line"].as_u64().or(call["billed"]["line"].as_u64());
        list.filter_map(line).collect()
    };
    assert_eq!(lines("not_made"), [7]);
    assert_eq!(lines("wrong_length"), [4]);
    assert_eq!(lines("wrong_price"), [5]);
    let not_billed = told["not_billed"].as_array().unwrap();
    assert_eq!(not_billed.len(), 1);
    assert_eq!(not_billed[0]["made"]["call"], calls[5].call.to_string());
    assert_eq!(
        not_billed[0]["expected"],
        json!({"amount": "0.20", "currency": "EUR"})
    );
    // 2.15 are asked for; nine calls at 0.20 and one at 0.30 are due.
    assert_eq!(
        told["totals"],
        json!([{"currency": "EUR", "billed": "2.15", "expected": "2.10"}])
    );
    assert_eq!(told["left_out"][0]["line"], 12);

    let text = printed(&bill(dir.path(), &[]));
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.lines().map(words).collect();
    assert!(lines.iter().any(|line| line.contains("01:00:05")), "{text}");
    assert!(
        lines.iter().any(|line| line
            .ends_with("2026-11-24 12:20:00 +77011112233 00:02:15 00:01:15 0.30 EUR 0.20 EUR")),
        "{text}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains("2.15 EUR") && line.contains("0.05 EUR")),
        "{text}"
    );

    // Another line has made none of these.
    let other = printed(&bill(
        dir.path(),
        &["--format", "json", "--line", "sip:102@office.example"],
    ));
    let other: Value = serde_json::from_str(&other).unwrap();
    assert_eq!(other["not_made"].as_array().unwrap().len(), 10);
}

#[test]
fn s5_20_a_file_that_is_no_bill_is_refused_with_what_to_do() {
    let dir = profile(SETTINGS);
    fs::write(dir.path().join("bill.csv"), "who,when\n1,2\n").unwrap();
    let told = message(&bill(dir.path(), &[]));
    assert!(
        told.contains("bill.csv") && told.contains("--map"),
        "{told}"
    );
    fs::remove_file(dir.path().join("bill.csv")).unwrap();
    assert!(message(&bill(dir.path(), &[])).contains("bill.csv"));
}
