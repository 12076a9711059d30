//! Reports, as a manager or a script asks for them: with and without a running phone.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use ringbook::export::HANDLING_COLUMNS;
use ringbook::model::{CallId, CallRecord, CallStatus, Direction, EndReason, KnownAs};
use ringbook::store::Store;
use serde_json::{Value, json};

use super::{Phone, SETTINGS, message, profile, ringbook};

/// In Budapest clocks were put back on 25 October.
fn report(profile: &Path, arguments: &[&str]) -> Output {
    report_in("C.UTF-8", profile, arguments)
}

fn report_in(locale: &str, profile: &Path, arguments: &[&str]) -> Output {
    ringbook(profile, &[&["report", "handling"], arguments].concat())
        .env("TZ", "Europe/Budapest")
        .env("LC_ALL", locale)
        .output()
        .unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_str(&printed(output)).unwrap()
}

fn talk(started_at: Timestamp, known_as: KnownAs, seconds: u64) -> CallRecord {
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, started_at);
    call.status = CallStatus::Answered;
    call.end_reason = Some(EndReason::RemoteHangup);
    call.answered_at = Some(started_at);
    call.ended_at = Some(started_at + 5.minutes());
    call.known_as = Some(known_as);
    call.identified = (known_as == KnownAs::Client).then_some(Duration::ZERO);
    call.ring = Duration::from_secs(5);
    call.talk = Duration::from_secs(seconds);
    (call.extension, call.employee) = ("101".to_owned(), "=Anna".to_owned());
    call
}

/// On 25 October, at a quarter past and half past each hour from ten on local time: in four hours eight
/// times five talks of 95 s with clients and of 120 s with strangers.
fn talks() -> Vec<CallRecord> {
    let ten: Timestamp = "2026-10-25T09:00:00Z".parse().unwrap();
    let mut talks = Vec::new();
    for quarter in 0..8_i64 {
        let at = ten + (quarter / 2).hours() + (15 * (1 + quarter % 2)).minutes();
        for _ in 0..5 {
            talks.push(talk(at, KnownAs::Client, 95));
            talks.push(talk(at, KnownAs::Nobody, 120));
        }
    }
    talks.push(talk(ten, KnownAs::Colleague, 600));
    talks
}

fn fill(profile: &Path) {
    let mut store = Store::open(&profile.join("ringbook.db")).unwrap();
    let talks = talks();
    store
        .write(|w| talks.iter().try_for_each(|talk| w.save_call(talk)))
        .unwrap();
}

const PERIOD: [&str; 4] = ["--from", "2026-10-25", "--to", "2026-10-25"];

#[test]
fn s1_6_s2_7_s4_27_the_report_says_what_was_saved_and_who_had_how_many_talks_an_hour() {
    let dir = profile(SETTINGS);
    fill(dir.path());
    let text = printed(&report(dir.path(), &PERIOD));
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.lines().map(words).collect();
    for line in [
        "Handling time of the calls from 2026-10-25 00:00 to 2026-10-26 00:00",
        "Incoming identified 40 00:01:35 00:01:35 00:00:00 00:00:05 100 %",
        "Incoming unidentified 40 00:02:00 00:02:00 00:00:00 00:00:05 100 %",
        "Together all 80 00:01:48 00:01:48 00:00:00 00:00:05 100 %",
        "Incoming: 25 s (21 %) shorter with identified callers, 0.3 hours saved in 40 conversations",
        "The card named the client before the answer in 40 conversations and later in 0, 0.0 s after \
         the answer on average.",
        "101 =Anna 80 02:23:20 00:01:48 4 20.0",
        "13:00 20 00:35:50 00:01:48 1 20.0",
        "Not counted: 1 with colleagues, 0 cut off by a crash.",
    ] {
        assert!(
            lines.iter().any(|printed| printed == line),
            "{line}:\n{text}"
        );
    }
    assert!(!text.contains("Outgoing"), "{text}");
    // The same beside a running phone, and in another language.
    let _phone = Phone::start(dir.path());
    assert_eq!(printed(&report(dir.path(), &PERIOD)), text);
    let russian = printed(&report_in("ru_RU.UTF-8", dir.path(), &PERIOD));
    assert!(
        russian.contains("Входящие") && !russian.contains("Handling"),
        "{russian}"
    );
}

#[test]
fn s1_6_s4_26_the_report_goes_out_as_json_and_csv_before_and_after_a_day() {
    let dir = profile(SETTINGS);
    fill(dir.path());
    let split = [
        "--from",
        "2026-10-20",
        "--to",
        "2026-10-25",
        "--split",
        "2026-10-25",
    ];
    let told = json_of(&report(
        dir.path(),
        &[&split[..], &["--format", "json"]].concat(),
    ));
    assert_eq!(told.as_array().unwrap().len(), 2);
    let [before, after] = [&told[0], &told[1]];
    assert_eq!(
        (&before["from"], &before["to"]),
        (
            &json!("2026-10-19T22:00:00.000Z"),
            &json!("2026-10-24T22:00:00.000Z")
        )
    );
    assert_eq!(after["to"], "2026-10-25T23:00:00.000Z");
    assert_eq!(before["together"]["all"]["conversations"], 0);
    assert_eq!(before["together"]["all"]["mean_s"], Value::Null);
    assert_eq!(before["together"]["nothing_saved"], "too_few");
    let incoming = &after["incoming"];
    assert_eq!(incoming["identified"]["mean_s"], 95.0);
    assert_eq!(incoming["identified"]["within_120_s"], 1.0);
    assert_eq!(
        incoming["saved"],
        json!({"each_s": 25.0, "hours": 0.2778, "share": 0.2083})
    );
    assert_eq!(
        incoming["named"],
        json!({"at_once": 40, "later": 0, "mean_s": 0.0})
    );
    assert_eq!(after["operators"][0]["per_hour"], 20.0);
    assert_eq!(after["operators"][0]["by_hour"][3]["hour"], 13);
    assert_eq!(after["not_counted"], json!({"colleagues": 1, "cut_off": 0}));

    let file = dir.path().join("handling.csv");
    let written = report(
        dir.path(),
        &[&[file.to_str().unwrap()], &PERIOD[..]].concat(),
    );
    assert_eq!(printed(&written), "");
    let csv = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], HANDLING_COLUMNS.join(","));
    assert_eq!(
        lines[1],
        "2026-10-24T22:00:00.000Z,2026-10-25T23:00:00.000Z,callers,incoming,identified,,,,40,3800,\
         95,95,0,5,1,,,25,0.2778,0.2083,,,"
    );
    let anna = lines
        .iter()
        .find(|line| line.contains(",operator,"))
        .unwrap();
    assert!(anna.contains(",101,'=Anna,,80,8600,107.5,"), "{anna}");
    let comma = |line: &&&str| line.matches(',').count() + 1 != HANDLING_COLUMNS.len();
    assert_eq!(lines.iter().find(comma), None);
}

#[test]
fn s1_6_a_log_without_talks_and_a_period_that_is_none_are_said() {
    let dir = profile(SETTINGS);
    let nothing = printed(&report(dir.path(), &[]));
    assert!(nothing.ends_with("No conversations.\n"), "{nothing}");
    let refused = |arguments: &[&str]| message(&report(dir.path(), arguments));
    let turned = refused(&["--from", "2026-10-25", "--to", "2026-10-24"]);
    assert!(
        turned.contains("--from must be earlier than --to"),
        "{turned}"
    );
    let outside = refused(&[&PERIOD[..], &["--split", "2026-11-25"]].concat());
    assert!(
        outside.contains("--split: 2026-11-25 is not within"),
        "{outside}"
    );
    let no_day = refused(&["--split", "10/25"]);
    assert!(no_day.contains("--split: \"10/25\" is no day"), "{no_day}");
}
