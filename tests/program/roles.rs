//! Roles, as somebody at a seat meets them: what is seen, what is refused, and what the audit says.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use ringbook::model::{CallId, CallRecord, CallStatus, Client, Direction, EndReason};
use ringbook::store::Store;
use serde_json::Value;
use tempfile::TempDir;

use super::{Phone, SETTINGS, ctl, message, profile, ringbook};

const OWN: &str = "sip:101@127.0.0.1";

fn office(role: &str) -> TempDir {
    let dir = profile(&settings(role));
    let mut store = Store::open(&dir.path().join("ringbook.db")).unwrap();
    let ivan = Client::named("Ivan", Timestamp::UNIX_EPOCH);
    let calls = [OWN, "sip:102@127.0.0.1", "sip:102@127.0.0.1"].map(|line| call(line, &ivan));
    store
        .write(|w| {
            w.save_client(&ivan)?;
            calls.iter().try_for_each(|call| w.save_call(call))
        })
        .unwrap();
    dir
}

fn settings(role: &str) -> String {
    format!("{SETTINGS}[office]\nrole = \"{role}\"\n")
}

fn call(line: &str, client: &Client) -> CallRecord {
    let started_at: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, started_at);
    call.account = line.to_owned();
    (call.client, call.client_name) = (Some(client.id), client.name.clone());
    call.status = CallStatus::Answered;
    call.end_reason = Some(EndReason::RemoteHangup);
    call.answered_at = Some(started_at);
    call.ended_at = Some(started_at + 1.minute());
    call.talk = Duration::from_secs(60);
    call
}

fn run(profile: &Path, arguments: &[&str]) -> Output {
    ringbook(profile, arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .output()
        .unwrap()
}

fn done(profile: &Path, arguments: &[&str]) -> String {
    let output = run(profile, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

const REFUSED: &str = "Not allowed here: ";

#[test]
fn s5_30_an_agent_sees_own_calls_and_takes_nothing_out() {
    let office = office("agent");
    let dir = office.path();
    let listed = |dir: &Path| done(dir, &["log", "list"]).lines().count() - 1;
    assert_eq!(listed(dir), 1);
    let report = [
        "report",
        "lost",
        "--from",
        "2026-11-22",
        "--to",
        "2026-11-22",
        "--format",
        "json",
    ];
    let figures: Value = serde_json::from_str(&done(dir, &report)).unwrap();
    assert_eq!(figures[0]["all"]["offered"], 1, "{figures}");
    let backup = dir.join("backup.db");
    let backup = backup.to_str().unwrap();
    let refusals = [
        (
            &["log", "export"][..],
            "exporting calls",
            "reviewer, manager",
        ),
        (
            &["log", "list", "--format", "json"],
            "exporting calls",
            "reviewer, manager",
        ),
        (&["client", "export"], "exporting clients", "manager"),
        (
            &["client", "delete", "Ivan"],
            "deleting and merging clients",
            "manager",
        ),
        (&["audit", "list"], "reading the audit", "manager"),
        (
            &["log", "recheck"],
            "recomputing costs and marks",
            "manager",
        ),
        (&["backup", backup], "backing up and restoring", "manager"),
        (&["restore", backup], "backing up and restoring", "manager"),
    ];
    for (arguments, what, roles) in refusals {
        let refused = run(dir, arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(refused.stdout.is_empty(), "{arguments:?}: {refused:?}");
        let told = message(&refused);
        let text = format!("{REFUSED}{what}. The role of this seat is agent; it takes: {roles}.");
        assert!(told.contains(&text), "{arguments:?}: {told}");
    }
    // So it is beside a running phone, which takes its calls as ever.
    let _phone = Phone::start(dir);
    assert_eq!(listed(dir), 1);
    assert!(ctl(dir, &["status"]).is_ok());
    fs::write(
        dir.join("settings.toml"),
        settings("agent") + "agent_sees = \"all\"\n",
    )
    .unwrap();
    assert_eq!(listed(dir), 3);
}

#[test]
fn s5_30_a_reviewer_takes_calls_out_and_a_manager_reads_who_did() {
    let office = office("reviewer");
    let dir = office.path();
    assert_eq!(done(dir, &["log", "export"]).lines().count(), 4);
    let found = done(dir, &["client", "find", "Ivan"]);
    assert!(found.contains("Ivan"));
    assert!(message(&run(dir, &["client", "delete", "Ivan"])).contains(REFUSED));
    fs::write(dir.join("settings.toml"), settings("manager")).unwrap();
    let double = done(dir, &["client", "add", "--name", "Ivan Petrov"]);
    done(dir, &["client", "merge", "Ivan", double.trim()]);
    done(dir, &["client", "delete", "Ivan"]);
    let backup = dir.join("backup.db");
    let backup = backup.to_str().unwrap();
    done(dir, &["backup", backup]);
    done(dir, &["log", "groups", "--by", "line"]);
    done(dir, &["restore", backup]);
    let lines: Value =
        serde_json::from_str(&done(dir, &["audit", "list", "--format", "json"])).unwrap();
    let told: Vec<String> = lines
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let what = text("what");
            let what = what.split(' ').next().unwrap().to_owned();
            format!("{} {what}", text("act"))
        })
        .collect();
    // What came after the backup is in the store that was replaced.
    assert_eq!(
        told,
        [
            "export calls",
            "export clients",
            "delete client",
            "delete client",
            "export backup",
            "delete store",
        ]
    );
}

#[test]
fn s5_21_marks_of_a_period_are_computed_anew_after_limits_were_changed() {
    let office = office("manager");
    let dir = office.path();
    let recheck = |days: &[&str]| done(dir, &[&["log", "recheck"], days].concat());
    let told = |changed: u32| {
        format!("3 calls were looked at; those whose mark is another one now: {changed}\n")
    };
    assert_eq!(recheck(&[]), told(0));
    let limits = settings("manager") + "[[too_long]]\nseconds = 59\n";
    fs::write(dir.join("settings.toml"), limits).unwrap();
    assert!(recheck(&["--from", "2026-11-23"]).starts_with("0 calls"));
    assert_eq!(
        recheck(&["--from", "2026-11-22", "--to", "2026-11-22"]),
        told(3)
    );
    assert_eq!(recheck(&[]), told(0));
    assert_eq!(done(dir, &["log", "list", "--too-long"]).lines().count(), 4);
}
