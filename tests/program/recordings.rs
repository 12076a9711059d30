//! Whether a recorded conversation can be listened to, and why not.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use ringbook::model::{CallId, CallRecord, Direction, RecordingId, RecordingRow, RecordingState};
use ringbook::store::Store;
use serde_json::{Value, json};

use super::{SETTINGS, message, profile, run};

const SOUND: &[u8] = b"RIFF and so on";

/// A call that is over, with a recording in the profile's folder.
fn recorded(profile: &Path) -> RecordingRow {
    let began: Timestamp = "2026-11-22T09:05:07Z".parse().unwrap();
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, began);
    call.ended_at = Some(began);
    let row = RecordingRow {
        id: RecordingId::new(),
        call: call.call,
        file: RecordingRow::file_name(call.call, began, "wav"),
        started_at: began,
        duration: Duration::from_millis(500),
        channels: 2,
        sample_rate: 8_000,
        codec: "pcm_s16le".to_owned(),
        size: SOUND.len() as u64,
        sha256: None,
        state: RecordingState::Finished,
    };
    let path = profile.join("recordings").join(&row.file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, SOUND).unwrap();
    let mut store = Store::open(&profile.join("ringbook.db")).unwrap();
    let written = store.write(|writer| {
        writer.save_call(&call)?;
        writer.save_recording(&row)
    });
    written.unwrap();
    row
}

fn told(profile: &Path, arguments: &[&str]) -> Value {
    let output = run(profile, arguments);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn s5_31_a_conversation_is_recorded_while_its_file_is_there_and_else_says_why_not() {
    let dir = profile(SETTINGS);
    let profile = dir.path();
    let row = recorded(profile);
    let (call, id) = (row.call.to_string(), row.id.to_string());
    let folder = profile.join("recordings");
    let path = folder.join(&row.file);
    // What the row, the recording and the list of recorded calls say, each asked in turn.
    let check = |why: Value| {
        let shown = told(profile, &["log", "show", &call]);
        assert_eq!(shown["recording_missing"], why);
        assert_eq!(shown["recorded"], json!(why.is_null()));
        let found = told(
            profile,
            &["log", "list", "--recorded", "yes", "--format", "json"],
        );
        let found = found.as_array().unwrap().len();
        assert_eq!(found, usize::from(why.is_null()), "{why}");
    };
    let listed = || told(profile, &["recording", "list", "--format", "json"])[0]["missing"].clone();
    check(Value::Null);

    fs::remove_file(&path).unwrap();
    check(json!("gone"));
    assert_eq!(listed(), json!("gone"));
    let refused = message(&run(profile, &["recording", "play", &id]));
    assert!(refused.contains("moved or removed"), "{refused}");

    fs::write(&path, SOUND).unwrap();
    assert_eq!(listed(), Value::Null);
    check(Value::Null);
    fs::write(&path, &SOUND[1..]).unwrap();
    assert_eq!(listed(), json!("unfinished"));
    fs::rename(&folder, profile.join("elsewhere")).unwrap();
    check(json!("no_folder"));
    fs::rename(profile.join("elsewhere"), &folder).unwrap();
    fs::write(&path, SOUND).unwrap();
    check(Value::Null);

    assert!(run(profile, &["recording", "delete", &id]).status.success());
    check(json!("deleted"));
    let table = run(profile, &["log", "list"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("deleted"), "{table}");
}
