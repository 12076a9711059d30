//! What calls cost, as a script asks for it: with and without a running phone.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use ringbook::model::{CallId, CallRecord, CallStatus, Direction, EndReason, PhoneNumber};
use ringbook::store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Phone, SETTINGS, message, profile, ringbook};

const TARIFFS: &str = r#"
time_zone = "Asia/Almaty"
currency = "EUR"
[[tariff]]
name = "World"
price = "0.30"
[[tariff]]
name = "Zone 7"
prefix = "+7"
price = "0.10"
[[tariff]]
name = "Mobile"
prefix = ["+7701", "+7702"]
price = "0.05"
step = "60/1"
connection = "0.02"
[[tariff]]
name = "House"
prefix = "internal"
price = "0"
[[tariff]]
name = "Free number"
direction = "incoming"
line = "sip:102@office.example"
price = "8"
currency = "KZT"
"#;

const LINES: [&str; 2] = ["sip:101@office.example", "sip:102@office.example"];
const NUMBERS: [&str; 4] = ["+49301234567", "+77271234567", "+77011112233", "102"];
const NOVEMBER: [&str; 4] = ["--from", "2026-11-01", "--to", "2026-11-30"];

fn office(tariffs: &str) -> TempDir {
    let dir = profile(SETTINGS);
    fs::write(dir.path().join("tariffs.toml"), tariffs).unwrap();
    dir
}

fn tariff(profile: &Path, arguments: &[&str]) -> Output {
    ringbook(profile, &[&["tariff"], arguments].concat())
        .env("TZ", "Asia/Almaty")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap()
}

fn printed(profile: &Path, arguments: &[&str]) -> String {
    let output = tariff(profile, arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The lines with one space where columns are apart.
fn lines(profile: &Path, arguments: &[&str]) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    printed(profile, arguments).lines().map(words).collect()
}

fn total(profile: &Path) -> Value {
    let arguments = [&["total", "--format", "json"], &NOVEMBER[..]].concat();
    serde_json::from_str(&printed(profile, &arguments)).unwrap()
}

fn call(at: Timestamp, direction: Direction, line: &str, number: &str, seconds: u64) -> CallRecord {
    let mut call = CallRecord::begin(CallId::new(), direction, at);
    call.status = CallStatus::Answered;
    call.end_reason = Some(EndReason::RemoteHangup);
    call.answered_at = Some(at + 7.seconds());
    call.ended_at = Some(at + Duration::from_secs(7 + seconds));
    call.account = line.to_owned();
    call.number = PhoneNumber::from_e164(number);
    (call.caller, call.callee) = match direction {
        Direction::Outgoing => ("101".to_owned(), number.to_owned()),
        Direction::Incoming => (number.to_owned(), "101".to_owned()),
    };
    call.talk = Duration::from_secs(seconds);
    call
}

/// A month of calls, one every 53 minutes: of every length, to every number, on both lines, some unanswered,
/// and one before and behind the month in Almaty, where it begins five hours earlier than in Greenwich.
fn month() -> Vec<CallRecord> {
    let begin: Timestamp = "2026-10-31T19:00:00Z".parse().unwrap();
    let mut calls = Vec::new();
    for n in 0..815_i64 {
        let at = begin + (53 * n).minutes();
        let place = usize::try_from(n).unwrap();
        let direction = match n % 5 {
            0 => Direction::Incoming,
            _ => Direction::Outgoing,
        };
        let seconds = u64::try_from((n * 37) % 600).unwrap();
        let mut call = call(
            at,
            direction,
            LINES[place % 2],
            NUMBERS[(place / 2) % 4],
            seconds,
        );
        if n % 11 == 0 {
            (call.status, call.answered_at) = (CallStatus::Busy, None);
        }
        calls.push(call);
    }
    for at in ["2026-10-31T18:59:59.999Z", "2026-11-30T19:00:00Z"] {
        let at = at.parse().unwrap();
        calls.push(call(at, Direction::Outgoing, LINES[0], NUMBERS[0], 60_000));
    }
    calls
}

/// What the provider's own arithmetic makes of the month, written down without the program's: line by line
/// the calls, the seconds, and the sum in the currency's smallest unit. Tiyn of the free number come last.
fn reference(calls: &[CallRecord]) -> Vec<(&str, u64, u64, u64)> {
    let mut sums = vec![
        (LINES[0], 0, 0, 0),
        (LINES[1], 0, 0, 0),
        (LINES[1], 0, 0, 0),
    ];
    let answered = calls.iter().filter(|call| call.answered_at.is_some());
    for call in answered.take_while(|call| call.talk.as_secs() < 60_000) {
        let seconds = call.talk.as_secs();
        let minutes = seconds.div_ceil(60);
        let second_line = call.account == LINES[1];
        let (at, cost) = match (call.direction, &*call.callee) {
            (Direction::Incoming, _) if second_line => (2, 800 * minutes),
            (Direction::Incoming, _) => continue,
            (_, "+49301234567") => (usize::from(second_line), 30 * minutes),
            (_, "+77271234567") => (usize::from(second_line), 10 * minutes),
            (_, "102") => (usize::from(second_line), 0),
            _ => {
                // 5 cents for the first minute that has begun, a twelfth of a cent for each second after it.
                let charged = if seconds == 0 { 0 } else { seconds.max(60) };
                (usize::from(second_line), 2 + (charged * 10 + 60) / 120)
            }
        };
        let sum = &mut sums[at];
        *sum = (sum.0, sum.1 + 1, sum.2 + seconds, sum.3 + cost);
    }
    sums
}

#[test]
fn s5_20_the_total_of_a_month_equals_a_reference() {
    let dir = office(TARIFFS);
    let calls = month();
    let mut store = Store::open(&dir.path().join("ringbook.db")).unwrap();
    store
        .write(|w| calls.iter().try_for_each(|call| w.save_call(call)))
        .unwrap();
    drop(store);
    assert_eq!(total(dir.path())["totals"], json!([]));

    // Beside a running phone.
    let _phone = Phone::start(dir.path());
    let seen = reference(&calls).iter().map(|sum| sum.1).sum::<u64>();
    let told = printed(dir.path(), &[&["apply"], &NOVEMBER[..]].concat());
    assert!(
        told.ends_with(&format!("something else now: {seen}\n")),
        "{told}"
    );
    let again = printed(dir.path(), &[&["apply"], &NOVEMBER[..]].concat());
    assert!(again.ends_with("something else now: 0\n"), "{again}");

    let total = total(dir.path());
    let expected = reference(&calls);
    let row = |(line, calls, talk, minor): (&str, u64, u64, u64), currency: &str| {
        let cost = format!("{}.{:02}", minor / 100, minor % 100);
        json!({"line": line, "calls": calls, "talk_s": talk as f64, "cost": cost, "currency": currency})
    };
    assert_eq!(
        total["totals"],
        json!([
            row(expected[0], "EUR"),
            row(expected[1], "EUR"),
            row(expected[2], "KZT")
        ])
    );
    assert_eq!(
        (&total["from"], &total["to"]),
        (
            &json!("2026-10-31T19:00:00.000Z"),
            &json!("2026-11-30T19:00:00.000Z")
        )
    );
    // Incoming calls on the first line have no tariff; they are counted apart.
    let incoming = |call: &&CallRecord| {
        let uncharged = call.direction == Direction::Incoming && call.account == LINES[0];
        uncharged && call.answered_at.is_some()
    };
    assert_eq!(
        total["not_counted"]["calls"],
        calls.iter().filter(incoming).count()
    );

    let table = lines(dir.path(), &[&["total"], &NOVEMBER[..]].concat());
    let sum = expected[0].3 + expected[1].3;
    let together = format!("EUR Together {} ", expected[0].1 + expected[1].1);
    let line = table
        .iter()
        .find(|line| line.starts_with(&together))
        .unwrap();
    assert!(
        line.ends_with(&format!(" {}.{:02}", sum / 100, sum % 100)),
        "{line}"
    );
    let csv = printed(
        dir.path(),
        &[&["total", "--format", "csv"], &NOVEMBER[..]].concat(),
    );
    assert!(
        csv.starts_with("line,calls,talk_s,cost,currency\nsip:101@office.example,"),
        "{csv}"
    );
}

#[test]
fn s5_20_a_call_of_61_seconds_at_a_tenth_a_started_minute_costs_two_tenths() {
    let dir = office(TARIFFS);
    let noon = ["--talk", "61s", "--at", "2026-11-24T12:00"];
    assert_eq!(
        lines(
            dir.path(),
            &[&["price", "+7 727 123-45-67"], &noon[..]].concat()
        ),
        [
            "+77271234567, answered on 2026-11-24 12:00:00 +05, 00:01:01",
            "Tariff: Zone 7",
            "Whole seconds: 61, free: 0, charged: 61",
            "2 steps of 60 s at 0.10 EUR a minute (Zone 7)",
            "Cost: 0.20 EUR",
        ]
    );
    assert_eq!(
        lines(
            dir.path(),
            &[&["price", "+77011112233"], &noon[..]].concat()
        )[2..],
        [
            "Whole seconds: 61, free: 0, charged: 61",
            "1 step of 60 s at 0.05 EUR a minute (Mobile)",
            "1 step of 1 s at 0.05 EUR a minute (Mobile)",
            "Connection: 0.02 EUR",
            "Cost: 0.07 EUR",
        ]
    );
    let incoming = ["price", "102", "--incoming", "--line", LINES[1]];
    let told = lines(dir.path(), &[&incoming, &noon[..]].concat());
    assert_eq!(told.last().unwrap(), "Cost: 16.00 KZT");
    // Nobody charges for being called on the first line.
    let free = tariff(dir.path(), &["price", "102", "--incoming", "--talk", "5"]);
    assert!(message(&free).contains("no tariff is for this call"));
    let wrong = tariff(dir.path(), &["price", "102", "--talk", "long"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("allowed: 61s, 1m 1s"));
}

#[test]
fn s5_20_the_rules_are_listed_and_what_is_wrong_with_them_is_said() {
    let dir = office(TARIFFS);
    let told = lines(dir.path(), &["list"]);
    assert_eq!(told.len(), 7);
    let nobodys = format!(
        "A tariff is for the line {}, but no account has that address",
        LINES[1]
    );
    assert_eq!(told[6], nobodys);
    assert_eq!(told[3], "3 Mobile +7701 +7702 outgoing 0.05 EUR 0.02 60/1");
    assert_eq!(
        told[5],
        format!("5 Free number {} incoming 8.00 KZT 60/60", LINES[1])
    );

    fs::write(dir.path().join("tariffs.toml"), "[[tariff]]\nprize = 1\n").unwrap();
    let wrong = message(&tariff(dir.path(), &["apply"]));
    assert!(
        wrong.contains("tariffs.toml:1: name is missing in [[tariff]]"),
        "{wrong}"
    );
    // The phone is a phone all the same, and says so.
    let mut phone = Phone::start(dir.path());
    let notice = phone.wait("notice");
    assert_eq!(notice["kind"], "settings");
    assert!(
        notice["text"].as_str().unwrap().contains("tariffs.toml:"),
        "{notice}"
    );

    // Without tariffs nothing is computed and nothing is lost.
    fs::remove_file(dir.path().join("tariffs.toml")).unwrap();
    for command in [&["list"][..], &["apply"], &["price", "102", "--talk", "5"]] {
        let told = message(&tariff(dir.path(), command));
        assert!(told.contains("there are no tariffs in"), "{told}");
    }
}

#[test]
fn s5_20_the_log_says_what_a_call_costs() {
    let dir = office(TARIFFS);
    let at = "2026-11-24T07:00:00Z".parse().unwrap();
    let call = call(at, Direction::Outgoing, LINES[0], "+77271234567", 61);
    let mut store = Store::open(&dir.path().join("ringbook.db")).unwrap();
    store.write(|w| w.save_call(&call)).unwrap();
    drop(store);
    printed(dir.path(), &["apply"]);
    let log = |arguments: &[&str]| {
        let output = ringbook(dir.path(), &[&["log"], arguments].concat())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let cost = json!({"amount": "0.20", "currency": "EUR", "tariff": "Zone 7"});
    let shown: Value = serde_json::from_str(&log(&["show", &call.call.to_string()])).unwrap();
    assert_eq!(shown["cost"], cost);
    let listed: Value = serde_json::from_str(&log(&["list", "--format", "json"])).unwrap();
    assert_eq!(listed[0]["cost"], cost);
    let csv = log(&["export"]);
    assert!(
        csv.lines()
            .next()
            .unwrap()
            .ends_with(",cost,currency,note,tags,origin,recording_missing"),
        "{csv}"
    );
    assert!(
        csv.lines().nth(1).unwrap().ends_with(",,0.20,EUR,,,,"),
        "{csv}"
    );
    assert!(log(&["list"]).contains("  0.20 EUR"));
}

#[test]
fn s5_20_tariffs_are_added_changed_and_removed_and_a_running_phone_reads_them() {
    let dir = office(TARIFFS);
    let told = |arguments: &[&str]| message(&tariff(dir.path(), arguments));
    printed(dir.path(), &["set", "Zone 7", "--price", "0.20"]);
    printed(
        dir.path(),
        &[
            "add", "--name", "Rome", "--prefix", "+39", "--price", "0.07", "--before", "1",
        ],
    );
    let listed = lines(dir.path(), &["list"]);
    assert_eq!(listed[1], "1 Rome +39 outgoing 0.07 EUR 60/60");
    assert_eq!(listed[3], "3 Zone 7 +7 outgoing 0.20 EUR 60/60");
    printed(dir.path(), &["remove", "1"]);
    assert_eq!(lines(dir.path(), &["list"]).len(), 7);

    let text = fs::read_to_string(dir.path().join("tariffs.toml")).unwrap();
    let refused = told(&["set", "Zone 7", "--price", "dear"]);
    assert!(
        refused.contains("price = \"dear\" in [[tariff]]: allowed: "),
        "{refused}"
    );
    let refused = told(&["remove", "Zone 8"]);
    assert!(refused.contains("Zone 8"), "{refused}");
    printed(
        dir.path(),
        &[
            "add",
            "--name",
            "House",
            "--price",
            "1",
            "--line",
            "sip:1@a.example",
        ],
    );
    let refused = told(&["remove", "House"]);
    assert!(refused.contains("4, 6"), "{refused}");
    printed(dir.path(), &["remove", "6"]);
    let now = fs::read_to_string(dir.path().join("tariffs.toml")).unwrap();
    assert_eq!(now, text);

    // A running phone says what is wrong with the tariffs that it has just read.
    let mut phone = Phone::start(dir.path());
    printed(
        dir.path(),
        &[
            "add",
            "--name",
            "X",
            "--price",
            "1",
            "--line",
            "sip:3@a.example",
        ],
    );
    loop {
        let notice = phone.wait("notice");
        if notice["text"].as_str().unwrap().contains("sip:3@a.example") {
            break;
        }
    }
}

#[test]
fn s5_21_limits_are_listed_added_changed_and_removed_by_a_manager_alone() {
    let dir = profile(SETTINGS);
    let limit = |arguments: &[&str]| {
        ringbook(dir.path(), &[&["limit"], arguments].concat())
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap()
    };
    let done = |arguments: &[&str]| {
        let output = limit(arguments);
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines().map(words).collect::<Vec<_>>()
    };
    assert_eq!(done(&["list"]), ["No limits."]);
    done(&["add", "--minutes", "10", "--category", "vip"]);
    done(&[
        "add",
        "--minutes",
        "5",
        "--direction",
        "incoming",
        "--before",
        "1",
    ]);
    done(&["set", "2", "--seconds", "30", "--prefix", "+7701"]);
    let listed = done(&["list"]);
    assert_eq!(listed[1..], ["1 00:05:00 incoming", "2 00:10:30 +7701 vip"]);
    let refused = message(&limit(&["set", "2", "--minutes", "2000"]));
    assert!(
        refused.contains("minutes = 2000 in [[too_long]]"),
        "{refused}"
    );

    let file = dir.path().join("settings.toml");
    let text = fs::read_to_string(&file).unwrap();
    let agent = format!("{text}[office]\nrole = \"agent\"\n");
    fs::write(&file, &agent).unwrap();
    let price = [
        "tariff",
        "add",
        "--name",
        "A",
        "--price",
        "1",
        "--currency",
        "EUR",
    ];
    let refused = message(&ringbook(dir.path(), &price).output().unwrap());
    assert!(refused.contains("changing tariffs and limits"), "{refused}");
    assert!(message(&limit(&["remove", "1"])).contains("manager"));
    assert_eq!(done(&["list"]).len(), 3);
    assert_eq!(fs::read_to_string(&file).unwrap(), agent);
    fs::write(&file, text).unwrap();
    done(&["remove", "1"]);
    done(&["remove", "1"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), SETTINGS);
}

#[test]
fn s5_21_a_running_phone_reads_the_settings_again_when_a_limit_is_added() {
    let dir = profile(SETTINGS);
    let _phone = Phone::start(dir.path());
    let run = |arguments: &[&str]| {
        let output = ringbook(dir.path(), arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let is_away = || {
        let status: Value = serde_json::from_slice(&run(&["ctl", "status"])).unwrap();
        status["do_not_disturb"] == true
    };
    assert!(!is_away());
    let text = format!("{SETTINGS}[phone]\ndo_not_disturb = true\n");
    fs::write(dir.path().join("settings.toml"), text).unwrap();
    run(&["limit", "list"]);
    assert!(!is_away(), "who only looks changes nothing");
    run(&["limit", "add", "--minutes", "10"]);
    assert!(is_away());
}
