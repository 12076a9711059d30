//! The call log as a script asks for it: filtered, sorted, in groups.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use ringbook::model::{
    CallId, CallOrigin, CallRecord, CallStatus, Client, Direction, Employee, EmployeeId,
};
use ringbook::store::Store;
use serde_json::{Value, json};

use super::{SETTINGS, message, profile, ringbook};

/// In Budapest clocks were put back on 25 October.
fn log(profile: &Path, arguments: &[&str]) -> Output {
    ringbook(profile, &[&["log"], arguments].concat())
        .env("TZ", "Europe/Budapest")
        .env("LC_ALL", "C.UTF-8")
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

/// Four calls: two with a client on the day when clocks are put back, two with nobody the day after.
fn fill(profile: &Path) {
    let mut store = Store::open(&profile.join("ringbook.db")).unwrap();
    let client = Client::named("=Ivan", Timestamp::UNIX_EPOCH);
    let anna = Employee {
        id: EmployeeId::new(),
        name: "Anna".to_owned(),
        extension: "101".to_owned(),
    };
    let call = |started_at: &str, seconds: u64, extension: &str, client: Option<&Client>| {
        let at: Timestamp = started_at.parse().unwrap();
        let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, at);
        call.status = match seconds {
            0 => CallStatus::Missed,
            _ => CallStatus::Answered,
        };
        call.ended_at = Some(at + 10.minutes());
        call.talk = Duration::from_secs(seconds);
        call.extension = extension.to_owned();
        call.account = "sip:office@office.example".to_owned();
        call.client = client.map(|client| client.id);
        call
    };
    store
        .write(|w| {
            w.save_client(&client)?;
            w.save_employee(&anna)?;
            // Half past two comes twice.
            w.save_call(&call("2026-10-25T00:30:00Z", 61, "101", Some(&client)))?;
            w.save_call(&call("2026-10-25T01:30:00Z", 30, "102", Some(&client)))?;
            w.save_call(&call("2026-10-25T23:30:00Z", 0, "", None))?;
            w.save_call(&call("2026-10-26T08:30:00Z", 90, "101", None))
        })
        .unwrap();
}

fn talks(output: &Output) -> Vec<f64> {
    let rows = json_of(output);
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["talk_s"].as_f64().unwrap()).collect()
}

#[test]
fn s5_10_calls_are_listed_by_the_hours_of_the_day_and_sorted_by_any_column() {
    let dir = profile(SETTINGS);
    fill(dir.path());
    let list = |options: &[&str]| {
        let list = ["list", "--format", "json"];
        talks(&log(dir.path(), &[&list, options].concat()))
    };
    assert_eq!(list(&["--hours", "02:00-03:00"]), [30.0, 61.0]);
    assert_eq!(list(&["--hours", "22:00-02:00"]), [0.0]);
    assert_eq!(list(&["--sort", "talk"]), [0.0, 30.0, 61.0, 90.0]);
    assert_eq!(
        list(&["--sort", "extension:down,talk"]),
        [30.0, 61.0, 90.0, 0.0]
    );
    assert_eq!(
        list(&["--sort", "client", "--limit", "3"]),
        [30.0, 61.0, 90.0]
    );
    assert_eq!(
        list(&["--status", "missed,answered", "--unknown"]),
        [90.0, 0.0]
    );
    assert_eq!(list(&["--longer", "30s", "--shorter", "1m"]), [30.0]);
    assert_eq!(
        list(&["--extension", "101", "--recorded", "no"]),
        [90.0, 61.0]
    );
    assert_eq!(list(&["--line", "sip:other@office.example"]), [0.0; 0]);
    assert_eq!(list(&["--category", "ordinary"]), [30.0, 61.0]);

    let csv = printed(&log(dir.path(), &["export", "--sort", "talk:down"]));
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    let at = csv
        .headers()
        .unwrap()
        .iter()
        .position(|name| name == "talk_s");
    let talks: Vec<String> = csv
        .records()
        .map(|row| row.unwrap()[at.unwrap()].to_owned())
        .collect();
    assert_eq!(talks, ["90", "61", "30", "0"]);
}

#[test]
fn s5_11_groups_have_counts_and_sums_for_people_and_programs() {
    let dir = profile(SETTINGS);
    fill(dir.path());
    let groups = |by: &str| {
        json_of(&log(
            dir.path(),
            &["groups", "--by", by, "--format", "json"],
        ))
    };
    assert_eq!(
        groups("day"),
        json!([
            {"key": "2026-10-26", "name": "", "calls": 2, "talk_s": 90.0},
            {"key": "2026-10-25", "name": "", "calls": 2, "talk_s": 91.0},
        ])
    );
    assert_eq!(
        groups("employee"),
        json!([
            {"key": "", "name": "", "calls": 1, "talk_s": 0.0},
            {"key": "101", "name": "Anna", "calls": 2, "talk_s": 151.0},
            {"key": "102", "name": "", "calls": 1, "talk_s": 30.0},
        ])
    );
    assert_eq!(groups("line")[0]["calls"], 4);
    let names = groups("client");
    let names: Vec<&Value> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|g| &g["name"])
        .collect();
    assert_eq!(names, ["", "=Ivan"]);

    let table = printed(&log(dir.path(), &["groups", "--by", "client"]));
    assert!(
        table.contains("nobody whom the client book knows  2"),
        "{table}"
    );
    let csv = printed(&log(
        dir.path(),
        &["groups", "--by", "client", "--format", "csv"],
    ));
    assert!(
        csv.contains(",'=Ivan,2,91\n"),
        "no formula for a spreadsheet: {csv}"
    );
    let none = log(
        dir.path(),
        &["groups", "--by", "day", "--from", "2027-01-01"],
    );
    assert_eq!(printed(&none), "No calls.\n");
}

#[test]
fn s5_10_what_cannot_be_asked_is_refused_with_what_is_allowed() {
    let dir = profile(SETTINGS);
    fill(dir.path());
    for (arguments, allowed) in [
        (&["list", "--sort", "colour"][..], "started, time, status"),
        (&["list", "--sort", "talk:sideways"], "up, down"),
        (&["list", "--hours", "nine to ten"], "09:00-10:00"),
        (&["list", "--longer", "ten"], "90s, 10m"),
        (&["list", "--recorded", "perhaps"], "yes, no"),
        (&["list", "--status", "answered,dropped"], "one_way"),
        (&["groups", "--by", "colour"], "day, client, employee, line"),
        (&["list", "--category", "gold"], "there is no category gold"),
    ] {
        let refused = log(dir.path(), arguments);
        assert!(!refused.status.success(), "{arguments:?}");
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(told.contains(allowed), "{arguments:?}: {told}");
    }
}

#[test]
fn s5_15_a_hidden_number_is_called_so_and_a_callback_too() {
    let dir = profile(SETTINGS);
    let mut store = Store::open(&dir.path().join("ringbook.db")).unwrap();
    let at: Timestamp = "2026-10-26T08:30:00Z".parse().unwrap();
    let mut hidden = CallRecord::begin(CallId::new(), Direction::Incoming, at);
    (hidden.status, hidden.hidden, hidden.ended_at) = (CallStatus::Missed, true, Some(at));
    let mut back = CallRecord::begin(CallId::new(), Direction::Outgoing, at);
    (back.status, back.ended_at) = (CallStatus::Voicemail, Some(at));
    back.origin = Some(CallOrigin::Callback);
    store
        .write(|w| {
            w.save_call(&hidden)?;
            w.save_call(&back)
        })
        .unwrap();
    let table = printed(&log(dir.path(), &["list"]));
    assert!(table.contains("Hidden number"), "{table}");
    assert!(table.contains("callback   voicemail"), "{table}");
    let rows = json_of(&log(
        dir.path(),
        &["list", "--origin", "callback", "--format", "json"],
    ));
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(rows[0]["status"], "voicemail");
    assert_eq!(rows[0]["origin"], "callback");
    assert_eq!(rows[0]["conversation"], false);
}

#[test]
fn s5_1_without_the_module_no_command_reads_or_writes_the_log_and_with_it_all_is_there_again() {
    let dir = profile(SETTINGS);
    fill(dir.path());
    let csv = dir.path().join("Master.csv");
    std::fs::write(&csv, "").unwrap();
    let csv = csv.to_str().unwrap();
    let call = json_of(&log(dir.path(), &["list", "--format", "json"]))[0]["call"].clone();
    let call = call.as_str().unwrap();
    let off = format!("{SETTINGS}[modules]\ncall_log = false\n");
    std::fs::write(dir.path().join("settings.toml"), off).unwrap();
    for arguments in [
        &["log", "list"][..],
        &["log", "show", call],
        &["log", "groups", "--by", "day"],
        &["log", "export"],
        &["log", "note", call, "text"],
        &["log", "recheck"],
        &["log", "import", csv],
        &["report", "lost"],
        &["report", "handling"],
        &["tariff", "apply"],
        &["tariff", "total"],
        &["bill", csv],
        &["task", "list"],
    ] {
        let told = message(&ringbook(dir.path(), arguments).output().unwrap());
        assert!(told.contains("call_log"), "{arguments:?}: {told}");
    }
    std::fs::write(dir.path().join("settings.toml"), SETTINGS).unwrap();
    let listed = json_of(&log(dir.path(), &["list", "--format", "json"]));
    assert_eq!(listed.as_array().unwrap().len(), 4);
}

#[test]
fn s5_10_a_view_is_not_called_what_the_table_is_called_as_it_was_left() {
    let dir = profile(SETTINGS);
    let view = |arguments: &[&str]| {
        ringbook(dir.path(), &[&["view"], arguments].concat())
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap()
    };
    let columns = ["--columns", "status; talk"];
    let refused = view(&[&["set", "Standard"][..], &columns].concat());
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("Give the view another name"), "{error}");
    printed(&view(&[&["set", "Long calls"][..], &columns].concat()));
    let listed = json_of(&view(&["list", "--format", "json"]));
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
}
