//! Reports, as a manager or a script asks for them: with and without a running phone.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use ringbook::export::{BUSIEST_COLUMNS, HANDLING_COLUMNS, LOST_COLUMNS, SERVICE_COLUMNS};
use ringbook::model::{CallId, CallRecord, CallStatus, Direction, EndReason, KnownAs};
use ringbook::store::Store;
use serde_json::{Value, json};

use super::{Phone, SETTINGS, message, profile, ringbook};

/// In Budapest clocks were put back on 25 October.
fn report(profile: &Path, arguments: &[&str]) -> Output {
    report_in("C.UTF-8", profile, arguments)
}

fn report_in(locale: &str, profile: &Path, arguments: &[&str]) -> Output {
    named_report_in(locale, profile, &[&["handling"], arguments].concat())
}

fn named_report(profile: &Path, arguments: &[&str]) -> Output {
    named_report_in("C.UTF-8", profile, arguments)
}

fn named_report_in(locale: &str, profile: &Path, arguments: &[&str]) -> Output {
    ringbook(profile, &[&["report"], arguments].concat())
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

// ---- the reports of a call centre --------------------------------------------------------------

fn ended(started_at: &str, ring: u64, status: CallStatus, reason: EndReason) -> CallRecord {
    let started_at: Timestamp = started_at.parse().unwrap();
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, started_at);
    (call.status, call.end_reason) = (status, Some(reason));
    call.ring = Duration::from_secs(ring);
    call.ended_at = Some(started_at + call.ring);
    call.account = "sip:office@example".to_owned();
    call
}

fn answered(started_at: &str, ring: u64, seconds: u64) -> CallRecord {
    let call = talk(started_at.parse().unwrap(), KnownAs::Nobody, seconds);
    let ring = Duration::from_secs(ring);
    CallRecord {
        answered_at: Some(call.started_at + ring),
        ended_at: Some(call.started_at + ring + call.talk),
        account: "sip:=sales@example".to_owned(),
        ring,
        ..call
    }
}

/// On Friday and Saturday, by the clock of Budapest: one of four lost, then one of two.
fn fill_centre(profile: &Path) {
    use CallStatus::*;
    let calls = [
        // The two days before: none of one.
        answered("2026-10-21T09:00:00Z", 10, 60),
        answered("2026-10-23T08:00:00Z", 20, 600),
        answered("2026-10-23T08:05:00Z", 30, 120),
        ended("2026-10-23T09:00:00Z", 40, Missed, EndReason::Cancelled),
        ended("2026-10-23T09:10:00Z", 3, Missed, EndReason::Cancelled),
        ended("2026-10-23T09:20:00Z", 9, Rejected, EndReason::Rejected),
        ended("2026-10-24T09:00:00Z", 15, Busy, EndReason::Busy),
        answered("2026-10-24T08:00:00Z", 10, 180),
    ];
    let mut store = Store::open(&profile.join("ringbook.db")).unwrap();
    store
        .write(|w| calls.iter().try_for_each(|call| w.save_call(call)))
        .unwrap();
}

const TWO_DAYS: [&str; 4] = ["--from", "2026-10-23", "--to", "2026-10-24"];

fn assert_lines(text: &str, expected: &[&str]) {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.lines().map(words).collect();
    for line in expected {
        assert!(
            lines.iter().any(|printed| printed == line),
            "{line}:\n{text}"
        );
    }
}

#[test]
fn s4_28_the_report_says_which_share_of_calls_was_lost_when_on_which_line_and_where_that_tends() {
    let dir = profile(SETTINGS);
    fill_centre(dir.path());
    let ask = |arguments: &[&str]| {
        named_report(dir.path(), &[&["lost"], &TWO_DAYS[..], arguments].concat())
    };
    let text = printed(&ask(&[]));
    assert_lines(
        &text,
        &[
            "Lost calls from 2026-10-23 00:00 to 2026-10-25 00:00",
            "Period Offered Answered Elsewhere Lost Given up Turned away Short Passed on Lost rate",
            "This period 7 3 0 2 1 1 1 0 33.3 %",
            "The period before 1 1 0 0 0 0 0 0 0.0 %",
            "Against the period before, the lost rate changed by +33.3 percentage points.",
            "Over the days of the period it tends to change by +25.00 percentage points a day.",
            "2026-10-23 5 2 0 1 1 1 1 0 25.0 %",
            "2026-10-24 2 1 0 1 0 0 0 0 50.0 %",
            "11:00 4 0 0 2 1 1 1 0 66.7 %",
            "sip:office@example 4 0 0 2 1 1 1 0 66.7 %",
        ],
    );
    let told = json_of(&ask(&["--format", "json", "--short", "0"]));
    let all = &told[0]["all"];
    assert_eq!(all["offered"], 7);
    assert_eq!((&all["abandoned"], &all["short"]), (&json!(2), &json!(0)));
    assert_eq!(all["lost_rate"], 0.4286);
    assert_eq!(told[0]["by_day"][1]["day"], "2026-10-24");
    assert_eq!(told[0]["trend"]["change_points"], 42.8571);
    let csv = printed(&ask(&["--format", "csv"]));
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], LOST_COLUMNS.join(","));
    assert_eq!(
        lines[1],
        "2026-10-22T22:00:00.000Z,2026-10-24T22:00:00.000Z,all,,,,7,3,0,2,1,1,1,1,0,0.3333,\
         33.3333,25"
    );
    let nothing = named_report(dir.path(), &["lost", "--to", "2020-01-01"]);
    assert!(printed(&nothing).ends_with("No incoming calls.\n"));
}

#[test]
fn s4_29_the_report_says_how_soon_callers_are_answered_and_how_busy_employees_are() {
    let dir = profile(SETTINGS);
    fill_centre(dir.path());
    let ask = |arguments: &[&str]| {
        let arguments = [&["service"], &TWO_DAYS[..], arguments].concat();
        named_report(dir.path(), &arguments)
    };
    let text = printed(&ask(&[]));
    assert_lines(
        &text,
        &[
            "Service level: 33.3 % answered within 20 s; the goal of 80 % is not met.",
            "All lines 7 3 2 33.3 % 00:00:20 00:00:40 16.7 % 00:05:00",
            "sip:=sales@example 3 3 2 66.7 % 00:00:20 00:00:30 0.0 % 00:05:00",
            "=Anna 101 3 0 00:15:00 00:05:00 2 12.5 %",
        ],
    );
    let met = printed(&ask(&["--within", "30", "--goal", "50"]));
    assert!(
        met.contains("50.0 % answered within 30 s; the goal of 50 % is met."),
        "{met}"
    );
    let told = json_of(&ask(&["--format", "json"]));
    let all = &told[0]["all"];
    assert_eq!(all["service_level"], 0.3333);
    assert_eq!(
        (&all["answer_mean_s"], &all["mean_s"]),
        (&json!(20.0), &json!(300.0))
    );
    let anna = &told[0]["employees"][0];
    assert_eq!(
        (&anna["extensions"], &anna["occupancy"]),
        (&json!(["101"]), &json!(0.125))
    );
    let csv = printed(&ask(&["--format", "csv"]));
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], SERVICE_COLUMNS.join(","));
    let anna = lines.iter().find(|line| line.contains(",employee,,"));
    assert!(
        anna.unwrap()
            .ends_with(",'=Anna,101,,,,,,,,,,,,,,,,3,0,3,900,300,2,7200,0.125"),
        "{anna:?}"
    );
}

#[test]
fn s4_29_the_report_draws_the_week_with_shades_and_numbers() {
    let dir = profile(SETTINGS);
    fill_centre(dir.path());
    let ask = |arguments: &[&str]| {
        let arguments = [&["busiest"], &TWO_DAYS[..], arguments].concat();
        named_report(dir.path(), &arguments)
    };
    let text = printed(&ask(&[]));
    assert_lines(
        &text,
        &[
            "At most 2 calls went on at once, first on 2026-10-23 at 10:05.",
            "Hour Mon Tue Wed Thu Fri Sat Sun",
            "10 0 0 0 0 ▓ 2 ▒ 1 0",
            "11 0 0 0 0 █ 3 ▒ 1 0",
            "10 0 0 0 0 █ 12 ░ 3 0",
        ],
    );
    let told = json_of(&ask(&["--format", "json"]));
    assert_eq!(told[0]["week"].as_array().unwrap().len(), 168);
    let friday_at_ten = &told[0]["week"][4 * 24 + 10];
    assert_eq!(
        [
            &friday_at_ten["weekday"],
            &friday_at_ten["hour"],
            &friday_at_ten["at_once"]
        ],
        [&json!("friday"), &json!(10), &json!(2)]
    );
    assert_eq!(told[0]["all"]["at_once_at"], "2026-10-23T08:05:00.000Z");
    let csv = printed(&ask(&["--format", "csv"]));
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines[0], lines.len()), (&*BUSIEST_COLUMNS.join(","), 171));
}

#[test]
fn s4_28_s4_29_every_report_goes_into_a_file_for_a_browser() {
    let dir = profile(SETTINGS);
    fill_centre(dir.path());
    for report in ["handling", "lost", "service", "busiest"] {
        let file = dir.path().join(format!("{report}.html"));
        let path = file.to_str().unwrap();
        let arguments = [&[report, path], &TWO_DAYS[..]].concat();
        assert_eq!(printed(&named_report(dir.path(), &arguments)), "");
        let html = fs::read_to_string(&file).unwrap();
        assert!(
            html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"),
            "{html}"
        );
        assert!(html.contains("<svg role=\"img\""), "{report}: {html}");
        let arabic = named_report_in("ar_EG.UTF-8", dir.path(), &arguments);
        assert_eq!(printed(&arabic), "");
        let html = fs::read_to_string(&file).unwrap();
        assert!(html.contains("lang=\"ar\" dir=\"rtl\""), "{report}: {html}");
    }
}
