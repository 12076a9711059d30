//! The contract's keys, sidecars against their schema, and files that stay in their folder.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringbook_media::recorder::Pause;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::model::{
    Analysis, CallId, CallLine, CallQuality, CallRecord, CallStatus, Client, Cost, Direction,
    EndReason, Findings, KnownAs, Money, PhoneNumber, RecordingId, RecordingRow, RecordingState,
};
use crate::store::{CallList, RecordingFilter, RecordingLine, Store};

const SOUND: &[u8] = b"RIFF....WAVE not really";

/// A finished call with a client called `name`, its recording's file below `recordings`.
fn recorded(store: &mut Store, recordings: &Path, name: &str) -> RecordingLine {
    let at: Timestamp = "2026-11-22T04:05:07.250Z".parse().unwrap();
    let mut client = Client::named(name, at);
    client.company = "Company".into();
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, at);
    call.status = CallStatus::Answered;
    call.answered_at = Some(at);
    call.ended_at = Some(at);
    call.caller = "+77011112233".into();
    call.callee = "101".into();
    call.number = PhoneNumber::from_e164("+77011112233");
    call.remote_name = name.to_owned();
    call.client = Some(client.id);
    call.extension = "101".into();
    call.employee = "Anna".into();
    call.account = "sip:101@office.example".into();
    call.talk = Duration::from_millis(61_020);
    call.end_reason = Some(EndReason::RemoteHangup);
    call.sip_status = Some(200);
    call.codec = Some("opus".into());
    call.quality = Some(CallQuality {
        packets_sent: 10,
        packets_received: 9,
        packets_lost: 1,
        ..CallQuality::default()
    });
    let recording = RecordingRow {
        id: RecordingId::new(),
        call: call.call,
        file: RecordingRow::file_name(call.call, at, "wav"),
        started_at: at,
        duration: Duration::from_millis(61_020),
        channels: 2,
        sample_rate: 48_000,
        codec: "pcm_s16le".into(),
        size: SOUND.len() as u64,
        sha256: Some(Sha256::digest(SOUND).into()),
        state: RecordingState::Finished,
    };
    let path = recording_path(recordings, &recording.file).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, SOUND).unwrap();
    store
        .write(|writer| {
            writer.save_client(&client)?;
            writer.save_call(&call)?;
            writer.save_recording(&recording)
        })
        .unwrap();
    let filter = RecordingFilter {
        call: Some(call.call),
        ..RecordingFilter::default()
    };
    store
        .read(|reader| reader.recordings(&filter, 0, 1))
        .unwrap()
        .remove(0)
}

fn log_json(store: &Store) -> Value {
    let mut json = Vec::new();
    store
        .read(|reader| calls_as_json(reader, &CallList::default(), None, &mut json))
        .unwrap();
    serde_json::from_slice(&json).unwrap()
}

#[test]
fn the_log_as_json_has_the_contracts_keys() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::in_memory().unwrap();
    assert_eq!(log_json(&store), serde_json::json!([]));
    recorded(&mut store, dir.path(), "Ivan Petrov");
    recorded(&mut store, dir.path(), "Olga Sidorova");
    let log = log_json(&store);
    assert_eq!(log.as_array().unwrap().len(), 2);
    let call = &log[1];
    for key in [
        "call",
        "direction",
        "status",
        "started_at",
        "caller",
        "callee",
        "number",
        "client",
        "extension",
        "employee",
        "ring_s",
        "talk_s",
        "end_reason",
        "recording",
    ] {
        assert!(call.get(key).is_some(), "{key}");
    }
    assert_eq!(call["started_at"], "2026-11-22T04:05:07.250Z");
    assert_eq!(call["direction"], "incoming");
    assert_eq!(call["client"], "Ivan Petrov");
    assert_eq!(call["talk_s"], 61.02);
    assert_eq!(call["number"], "+77011112233");
    assert!(call["recording"].as_str().unwrap().ends_with(".wav"));
}

#[test]
fn s5_9_the_log_as_csv_keeps_date_and_time_apart_in_the_users_zone() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::in_memory().unwrap();
    recorded(&mut store, dir.path(), "=Ivan");
    let mut csv = Vec::new();
    let zone = TimeZone::fixed(jiff::tz::offset(5));
    store
        .read(|reader| calls_as_csv(reader, &CallList::default(), None, &zone, &mut csv))
        .unwrap();
    let mut reader = csv::Reader::from_reader(&*csv);
    let header = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let cell = |name: &str| &row[header.iter().position(|column| column == name).unwrap()];
    assert_eq!((cell("date"), cell("time")), ("2026-11-22", "09:05:07"));
    assert_eq!(cell("started_at"), "2026-11-22T04:05:07.250Z");
    assert_eq!(
        (cell("client"), cell("caller")),
        ("'=Ivan", "'+77011112233")
    );
    assert_eq!((cell("talk_s"), cell("loss")), ("61.02", "0.1"));
}

#[test]
fn s5_8_a_call_of_every_status_is_a_line_of_its_own_as_the_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/call.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::in_memory().unwrap();
    let full = recorded(&mut store, dir.path(), "Ivan\nPetrov").call.record;
    for &status in CallStatus::ALL {
        // One where everything is known, and one where hardly anything is.
        let mut known = full.clone();
        known.call = CallId::new();
        known.cost = Some(Cost {
            amount: Money {
                minor: 20,
                currency: "EUR".into(),
            },
            tariff: "Zone 7".into(),
        });
        let mut bare = CallRecord::begin(CallId::new(), Direction::Outgoing, full.started_at);
        (known.status, bare.status) = (status, status);
        store
            .write(|writer| {
                writer.save_call(&known)?;
                writer.save_call(&bare)
            })
            .unwrap();
    }
    let mut written = Vec::new();
    store
        .read(|reader| calls_as_json_lines(reader, &CallList::default(), None, &mut written))
        .unwrap();
    let written = String::from_utf8(written).unwrap();
    let lines: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    lines.iter().for_each(|line| check(&schema, line, ""));
    assert_eq!(lines.len(), 1 + 2 * CallStatus::ALL.len());
    for (words, property) in [
        (
            CallStatus::ALL
                .iter()
                .map(|word| word.as_str())
                .collect::<Vec<_>>(),
            "status",
        ),
        (
            EndReason::ALL.iter().map(|word| word.as_str()).collect(),
            "end_reason",
        ),
        (
            KnownAs::ALL.iter().map(|word| word.as_str()).collect(),
            "known_as",
        ),
    ] {
        let allowed = schema["properties"][property]["enum"].as_array().unwrap();
        let allowed: Vec<_> = allowed.iter().filter_map(Value::as_str).collect();
        assert_eq!(allowed, words, "{property}");
    }
}

/// Checks `value` against the parts of JSON Schema that our schema uses.
fn check(schema: &Value, value: &Value, at: &str) {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().map(|one| one.as_str().unwrap()).collect(),
        _ => Vec::new(),
    };
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits =
        types.is_empty() || types.contains(&is) || (is == "integer" && types.contains(&"number"));
    assert!(fits, "{at}: {is} is none of {types:?}");
    if let Some(constant) = schema.get("const") {
        assert_eq!(constant, value, "{at}");
    }
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{at}: {value}");
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        values.iter().for_each(|value| check(items, value, at));
    }
    if let (Some(properties), Some(object)) = (schema["properties"].as_object(), value.as_object())
    {
        for required in schema["required"]
            .as_array()
            .expect("every object says what is required")
        {
            assert!(
                object.contains_key(required.as_str().unwrap()),
                "{at}: no {required}"
            );
        }
        for (key, value) in object {
            let schema = properties
                .get(key)
                .unwrap_or_else(|| panic!("{at}: {key} is undocumented"));
            check(schema, value, &format!("{at}/{key}"));
        }
    }
}

/// What listening to a talk of two minutes could find.
fn findings() -> Findings {
    let found = Findings {
        agent: 0.5,
        client: 0.4,
        silence: 0.25,
        overlap: 0.15,
        longest_silence: Duration::from_millis(12_340),
        longest_monologue: Duration::from_secs(30),
        interrupted_by_agent: 1,
        interrupted_by_client: 0,
        flags: Vec::new(),
    };
    found.flagged(Duration::from_secs(120))
}

#[test]
fn a_sidecar_is_what_its_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recording-sidecar.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::in_memory().unwrap();
    let full = recorded(&mut store, dir.path(), "Ivan Petrov");
    let hash = [7; 32];
    let paused = [Pause {
        from: Duration::from_millis(1_500),
        to: Duration::from_secs(4),
    }];
    assert_eq!(
        sidecar(&full, "a.wav", (&hash, 23), &paused)["pauses"],
        json!([{ "from_s": 1.5, "to_s": 4.0 }])
    );
    check(&schema, &sidecar(&full, "a.wav", (&hash, 23), &paused), "");
    for (found, key) in [(Ok(findings()), "flags"), (Err("no file".into()), "error")] {
        let mut analysed = full.clone();
        analysed.analysis = Some(Analysis {
            recording: full.recording.id,
            analysed_at: Timestamp::UNIX_EPOCH,
            found,
        });
        let written = sidecar(&analysed, "a.wav", (&hash, 23), &paused);
        check(&schema, &written, "");
        assert!(!written["analysis"][key].is_null(), "{written}");
    }

    // And where hardly anything is known.
    let bare = CallRecord::begin(CallId::new(), Direction::Outgoing, Timestamp::UNIX_EPOCH);
    let bare = RecordingLine {
        recording: RecordingRow {
            sha256: None,
            channels: 1,
            ..full.recording
        },
        call: CallLine {
            record: bare,
            client_name: None,
            category: None,
            recording: None,
            missing: None,
            note: String::new(),
            tags: Vec::new(),
        },
        analysis: None,
        missing: None,
    };
    check(&schema, &sidecar(&bare, "a.wav", (&hash, 23), &[]), "");
}

#[test]
fn an_export_is_the_sound_and_its_sidecar_and_stays_in_its_folder_whatever_the_name() {
    let dir = tempfile::tempdir().unwrap();
    let recordings = dir.path().join("recordings");
    let to = dir.path().join("deep/export");
    fs::create_dir_all(&to).unwrap();
    let mut store = Store::in_memory().unwrap();
    let long = "نام ".repeat(200);
    let names = [
        "Ivan Petrov",
        "../../../escape",
        "..\\..\\escape",
        "/etc/passwd",
        "a\nb",
        "CON",
        ".",
        "..",
        "x/../../y",
        &long,
        "\u{202e}gpj.exe",
        "%2e%2e%2f",
        "~root",
        "$(reboot)",
        "-rf",
        "",
    ];
    for name in names {
        let line = recorded(&mut store, &recordings, name);
        assert_eq!(
            health(&recordings, &line.recording).unwrap(),
            Health::Intact
        );
        let exported = export_recording(&recordings, &line, &to).unwrap();
        assert_eq!(exported.intact, Some(true));
        let file = to.join(&exported.file);
        assert_eq!(
            file.canonicalize().unwrap().parent().unwrap(),
            to.canonicalize().unwrap()
        );
        assert_eq!(fs::read(&file).unwrap(), SOUND);
        let json: Value =
            serde_json::from_slice(&fs::read(file.with_extension("json")).unwrap()).unwrap();
        assert_eq!(json["sha256"], exported.sha256);
        assert_eq!(json["parties"]["remote"]["number"], "+77011112233");
        assert_eq!(json["client"]["name"].as_str().unwrap_or_default(), name);
    }
    assert_eq!(
        fs::read_dir(&to).unwrap().count(),
        names.len() * 2,
        "nothing overwrote anything"
    );
    let outside: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(outside.len(), 2);
}

#[test]
fn a_row_cannot_name_a_file_outside_the_recordings() {
    for file in [
        "/etc/passwd",
        "../x.wav",
        "a/../../x.wav",
        "",
        "a\\..\\x.wav",
        "./x.wav",
    ] {
        let refused = recording_path(Path::new("/r"), file);
        assert!(
            matches!(refused, Err(RecordingFileError::Outside { .. })),
            "{file:?}"
        );
    }
    assert!(recording_path(Path::new("/r"), "2026/11/22/x.wav").is_ok());
}

#[test]
fn a_changed_and_a_missing_file_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::in_memory().unwrap();
    let line = recorded(&mut store, dir.path(), "Ivan");
    let path = recording_path(dir.path(), &line.recording.file).unwrap();
    fs::write(&path, b"RIFF....WAVE not any more").unwrap();
    assert_eq!(
        health(dir.path(), &line.recording).unwrap(),
        Health::Changed
    );
    assert_eq!(
        export_recording(dir.path(), &line, dir.path())
            .unwrap()
            .intact,
        Some(false)
    );
    fs::remove_file(&path).unwrap();
    assert_eq!(
        health(dir.path(), &line.recording).unwrap(),
        Health::Missing
    );
    assert!(export_recording(dir.path(), &line, dir.path()).is_err());
}
