//! Notes and tags of calls, written from the command line, with and without a running phone.

use std::path::Path;

use serde_json::{Value, json};

use super::tasks::Caller;
use super::{Phone, SETTINGS, profile, run};

/// What the command prints.
fn log(profile: &Path, arguments: &[&str]) -> String {
    let output = run(profile, &[&["log"], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(profile: &Path, arguments: &[&str]) -> String {
    let output = run(profile, &[&["log"], arguments].concat());
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn shown(profile: &Path, call: &str) -> Value {
    serde_json::from_str(&log(profile, &["show", call])).unwrap()
}

/// A missed call, and its id.
fn missed(profile: &Path) -> String {
    let mut phone = Phone::start(profile);
    let caller = Caller::new(&phone, "+77011112233");
    let call = caller.ring(&mut phone, profile);
    caller.give_up();
    phone.wait("task");
    call.as_str().unwrap().to_owned()
}

#[test]
fn a_running_phone_tells_its_scripts_what_is_written_of_a_call_and_keeps_it() {
    let dir = profile(SETTINGS);
    let mut phone = Phone::start(dir.path());
    let caller = Caller::new(&phone, "+77011112233");
    let call = caller.ring(&mut phone, dir.path());
    let call = call.as_str().unwrap();
    log(dir.path(), &["note", call, "Wants a discount"]);
    let told = phone.wait("marks");
    assert_eq!(
        (&told["call"], &told["note"]),
        (&call.into(), &"Wants a discount".into())
    );
    log(dir.path(), &["tag", call, "lead", "urgent"]);
    assert_eq!(phone.wait("marks")["tags"], json!(["lead", "urgent"]));
    caller.give_up();
    phone.wait("task");
    let row = shown(dir.path(), call);
    assert_eq!(
        (&row["status"], &row["note"], &row["tags"]),
        (
            &"missed".into(),
            &"Wants a discount".into(),
            &json!(["lead", "urgent"])
        )
    );
}

#[test]
fn notes_and_tags_are_listed_found_exported_and_cleared_without_a_phone() {
    let dir = profile(SETTINGS);
    let call = missed(dir.path());
    let (profile, call) = (dir.path(), call.as_str());
    assert_eq!(shown(profile, call)["note"], Value::Null);
    assert_eq!(shown(profile, call)["tags"], json!([]));
    log(profile, &["note", call, "=SUM(A1)\nWants a discount"]);
    log(profile, &["tag", call, "lead", "+urgent", "Lead"]);

    assert_eq!(shown(profile, call)["tags"], json!(["lead", "+urgent"]));
    let table = log(profile, &["list", "--tag", "LEAD", "--text", "DISCOUNT"]);
    assert!(table.contains("  lead; +urgent  =SUM(A1)"), "{table}");
    assert_eq!(log(profile, &["list", "--tag", "lea"]), "No calls.\n");
    assert_eq!(log(profile, &["list", "--text", "price"]), "No calls.\n");
    let csv = log(profile, &["export"]);
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    let names = csv.headers().unwrap().clone();
    let row = csv.records().next().unwrap().unwrap();
    let cell = |name: &str| &row[names.iter().position(|column| column == name).unwrap()];
    let marks = [cell("note"), cell("tags")];
    assert_eq!(marks, ["'=SUM(A1)\nWants a discount", "lead; +urgent"]);

    log(profile, &["note", call, ""]);
    log(
        profile,
        &["tag", call, "later", "--remove", "LEAD", "+URGENT"],
    );
    let row = shown(profile, call);
    assert_eq!(
        (&row["note"], &row["tags"]),
        (&Value::Null, &json!(["later"]))
    );
}

#[test]
fn s5_32_the_note_of_a_call_stands_in_the_clients_timeline() {
    let dir = profile(SETTINGS);
    let client = ["client", "add", "--name", "Ivan", "--phone", "+77011112233"];
    assert!(run(dir.path(), &client).status.success());
    let call = missed(dir.path());
    log(dir.path(), &["note", &call, "Wants a discount"]);
    let timeline = run(dir.path(), &["client", "timeline", "Ivan"]);
    let timeline = String::from_utf8(timeline.stdout).unwrap();
    assert!(
        timeline.contains("missed · 00:00:00 · Wants a discount"),
        "{timeline}"
    );
}

#[test]
fn what_cannot_be_written_of_a_call_is_refused_and_nothing_of_it_is_kept() {
    let dir = profile(SETTINGS);
    let call = missed(dir.path());
    let (profile, call) = (dir.path(), call.as_str());
    let nobody = "01a20180-1f58-7a54-aaba-bcbf22d44cd2";
    for arguments in [&["note", nobody, "n"][..], &["tag", nobody, "t"]] {
        let told = refused(profile, arguments);
        assert!(told.contains(&format!("no call {nobody}")), "{told}");
    }
    let told = refused(profile, &["tag", call, "fair", "a;b"]);
    assert!(told.contains("without a semicolon"), "{told}");
    assert!(refused(profile, &["tag", call]).contains("<TAG>"));
    assert!(refused(profile, &["tag", call, "--remove", "never"]).contains("no tag never"));
    assert_eq!(shown(profile, call)["tags"], json!([]));
}
