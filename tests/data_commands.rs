//! The sub-commands over the store, as a script uses them: the real program on a throw-away profile.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use ringbook::model::{
    CallId, CallRecord, CallStatus, Direction, PhoneNumber, RecordingId, RecordingRow,
    RecordingState, TaskTerms,
};
use ringbook::store::Store;
use serde_json::Value;

struct Profile(tempfile::TempDir);

impl Profile {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings = "[[account]]\naor = \"sip:101@office.example\"\ncountry = \"KZ\"\n";
        fs::write(dir.path().join("settings.toml"), settings).unwrap();
        Self(dir)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_in("C.UTF-8", arguments)
    }

    fn run_in(&self, locale: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_ringbook"))
            .args(arguments)
            .args(["--profile", self.0.path().to_str().unwrap()])
            .env("TZ", "Asia/Almaty")
            .env("LC_ALL", locale)
            .output()
            .unwrap()
    }

    /// What a successful command prints.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    /// What a command that fails with exit code 1 says.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn s5_24_a_client_is_added_found_shown_edited_and_deleted() {
    let profile = Profile::new();
    let id = profile.ok(&[
        "client",
        "add",
        "--name",
        "Ivan Petrov",
        "--company",
        "Steppe LLP",
        "--phone",
        "8 701 111 22 33",
        "--category",
        "vip",
        "--note",
        "Speak slowly",
        "--field",
        "Contract=17",
    ]);
    let id = id.trim();
    for text in ["petrov", "STEPPE", "111 22", "87011112233"] {
        let table = profile.ok(&["client", "find", text]);
        assert!(
            table.contains("Ivan Petrov") && table.contains("+7 701 111 2233"),
            "{table}"
        );
    }
    let found = profile.json(&["client", "find", "petrov", "--format", "json"]);
    assert_eq!(
        (found[0]["id"].as_str(), &found[0]["number"]),
        (Some(id), &"+77011112233".into())
    );

    profile.ok(&[
        "client",
        "edit",
        "petrov",
        "--note",
        "",
        "--city",
        "Almaty",
        "--add-phone",
        "+36305550101",
    ]);
    let shown = profile.json(&["client", "show", id, "--json"]);
    assert_eq!(
        (&shown["note"], &shown["city"]),
        (&"".into(), &"Almaty".into())
    );
    assert_eq!(shown["phones"][1]["number"], "+36305550101");
    assert_eq!(shown["custom"]["Contract"], "17");
    let text = profile.ok(&["client", "show", "+36 30 555 0101"]);
    assert!(
        text.contains("Name: Ivan Petrov\n") && text.contains("Contract: 17\n"),
        "{text}"
    );

    profile.ok(&["client", "delete", id]);
    assert!(profile.ok(&["client", "find", "petrov"]).contains("Nobody"));
    assert!(
        profile
            .refused(&["client", "show", "petrov"])
            .contains("no client is called petrov")
    );
}

#[test]
fn bad_input_is_refused_with_the_field_and_what_is_allowed() {
    let profile = Profile::new();
    let refused = |arguments: &[&str]| profile.refused(arguments);
    let error = refused(&["client", "add", "--name", "X", "--phone", "bob"]);
    assert!(
        error.contains("--phone") && error.contains("+77011112233"),
        "{error}"
    );
    let error = refused(&["client", "add", "--name", "X", "--category", "royal"]);
    assert!(
        error.contains("ordinary, vip, problem, potential"),
        "{error}"
    );
    assert!(refused(&["client", "add"]).contains("a name, a company or a number"));
    assert!(
        refused(&["client", "add", "--name", "X", "--field", "novalue"]).contains("NAME=VALUE")
    );
    let error = refused(&["log", "list", "--from", "11/22/2026"]);
    assert!(
        error.contains("--from") && error.contains("2026-11-22"),
        "{error}"
    );
    assert!(
        refused(&["log", "list", "--from", "today", "--to", "yesterday"]).contains("ends before")
    );
    assert!(refused(&["log", "list", "--client", "Nobody"]).contains("no client"));
    assert!(refused(&["recording", "play", "x"]).contains("is not an id"));
    let usage = profile.run(&["log", "list", "--status", "dropped"]);
    assert!(String::from_utf8_lossy(&usage.stderr).contains("answered, one_way, missed"));
    assert!(!usage.status.success());
}

#[test]
fn clients_go_out_as_csv_and_in_again() {
    let profile = Profile::new();
    profile.ok(&[
        "client",
        "add",
        "--name",
        "=Ivan",
        "--phone",
        "+77011112233",
        "--field",
        "A b=c",
    ]);
    profile.ok(&[
        "client",
        "add",
        "--name",
        "فاطمة الزهراء",
        "--phone",
        "+971501234567",
    ]);
    let file = profile.path("clients.csv");
    profile.ok(&["client", "export", &file]);
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        profile.ok(&["client", "export"])
    );

    let other = Profile::new();
    let tried = other.ok(&["client", "import", &file, "--dry-run"]);
    assert!(
        tried.contains("Nothing was changed") && tried.contains("2 added"),
        "{tried}"
    );
    assert!(other.ok(&["client", "find", "Ivan"]).contains("Nobody"));
    other.ok(&["client", "import", &file]);
    assert_eq!(
        other.ok(&["client", "export"]),
        profile.ok(&["client", "export"])
    );
}

#[test]
fn a_csv_file_with_mistakes_keeps_the_good_lines_and_says_which_were_bad() {
    let profile = Profile::new();
    let file = profile.path("bad.csv");
    fs::write(&file, "name;phone\nGood;+77011112233\nBad;12\n").unwrap();
    let output = profile.run(&["client", "import", &file]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("line 3: phone: \"12\" is not allowed"),
        "{told}"
    );
    assert!(told.contains("1 added"), "{told}");
    assert!(profile.ok(&["client", "find", "Good"]).contains("+7 701"));
    assert!(
        profile
            .refused(&["client", "import", &profile.path("absent.csv")])
            .contains("absent.csv")
    );
}

#[test]
fn clients_go_out_as_cards_and_in_again() {
    let profile = Profile::new();
    profile.ok(&[
        "client",
        "add",
        "--name",
        "Ivan Petrov",
        "--phone",
        "87011112233",
    ]);
    let (file, old) = (profile.path("clients.vcf"), profile.path("old.vcf"));
    profile.ok(&["client", "export", &file]);
    profile.ok(&["client", "export", &old, "--vcard", "3"]);
    let cards = fs::read_to_string(&file).unwrap();
    assert!(cards.contains("VERSION:4.0\r\n") && cards.contains("tel:+77011112233"));
    assert!(
        fs::read_to_string(&old)
            .unwrap()
            .contains("VERSION:3.0\r\n")
    );
    let other = Profile::new();
    let shown = other.ok(&["client", "import", &file, "--preview"]);
    assert!(
        shown.contains("line 1:\n") && shown.contains("  Name: \"Ivan Petrov\"\n"),
        "{shown}"
    );
    other.ok(&["client", "import", &file]);
    let told = other.ok(&["client", "import", &old]);
    assert!(told.contains("0 added, 0 updated, 1 unchanged"), "{told}");
    other.ok(&["client", "export", &other.path("again.vcf")]);
    assert_eq!(fs::read_to_string(other.path("again.vcf")).unwrap(), cards);
}

#[test]
fn a_table_of_another_program_is_mapped_and_what_is_left_out_is_kept() {
    let profile = Profile::new();
    let (file, rejected) = (profile.path("clients.csv"), profile.path("left-out.csv"));
    fs::write(&file, "Wer,Telefon\nIvan,87011112233\nOlga,bob\n").unwrap();
    let import = [
        "client",
        "import",
        &file,
        "--map",
        "Wer=name",
        "--rejected",
        &rejected,
    ];
    let error = profile.refused(&import);
    assert!(error.contains("1 line was left out"), "{error}");
    let kept = fs::read_to_string(&rejected).unwrap();
    assert!(
        kept.starts_with("Wer,Telefon,left_out_because\nOlga,bob,\"line 3: Telefon:"),
        "{kept}"
    );
    assert!(profile.refused(&import).contains("is there already"));
    assert_eq!(fs::read_to_string(&rejected).unwrap(), kept);
}

#[test]
fn doubles_are_merged() {
    let profile = Profile::new();
    let ivan = profile.ok(&["client", "add", "--name", "Ivan", "--phone", "+77011112233"]);
    profile.ok(&[
        "client",
        "add",
        "--name",
        "I. Petrov",
        "--phone",
        "+77011112234",
    ]);
    profile.ok(&["client", "merge", ivan.trim(), "I. Petrov"]);
    let shown = profile.json(&["client", "show", ivan.trim(), "--json"]);
    assert_eq!(shown["phones"].as_array().unwrap().len(), 2);
    assert!(
        !profile
            .ok(&["client", "find", "petrov"])
            .contains("I. Petrov")
    );
}

#[test]
fn an_empty_log_is_an_empty_array_and_a_table_that_says_so() {
    let profile = Profile::new();
    assert_eq!(
        profile.json(&["log", "list", "--format", "json"]),
        serde_json::json!([])
    );
    assert_eq!(
        profile.json(&["log", "export", "--format", "json"]),
        serde_json::json!([])
    );
    assert!(
        profile
            .ok(&["log", "export", "--format", "csv"])
            .starts_with("call,direction,status,")
    );
    assert!(profile.ok(&["log", "list"]).contains("No calls."));
    assert_eq!(
        profile.json(&["recording", "list", "--format", "json"]),
        serde_json::json!([])
    );
    let to = profile.path("export");
    profile.ok(&["recording", "export", "--to", &to]);
    assert!(
        fs::read_to_string(Path::new(&to).join("index.csv"))
            .unwrap()
            .starts_with("file,started_at")
    );
}

/// A finished recording of half a second of a tone, in the profile's store and folder.
fn recorded(profile: &Profile) -> RecordingRow {
    let began = "2026-11-22T09:05:07Z".parse().unwrap();
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
        size: 16_044,
        sha256: None,
        state: RecordingState::Finished,
    };
    let path = profile.0.path().join("recordings").join(&row.file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(&path, spec).unwrap();
    for sample in 0..8_000 {
        wav.write_sample(if sample % 8 < 4 { 8_000_i16 } else { -8_000 })
            .unwrap();
    }
    wav.finalize().unwrap();
    let mut store = Store::open(&profile.0.path().join("ringbook.db")).unwrap();
    store
        .write(|writer| {
            writer.save_call(&call)?;
            writer.save_recording(&row)
        })
        .unwrap();
    row
}

#[test]
fn a_recording_is_played_on_the_device_that_is_named() {
    let profile = Profile::new();
    let row = recorded(&profile);
    let heard = profile.path("heard.wav");
    let told = profile.ok(&[
        "recording",
        "play",
        &row.call.to_string(),
        "--output",
        &format!("file:{heard}"),
    ]);
    assert!(
        told.contains(&row.file) && told.contains("Ctrl+C"),
        "{told}"
    );
    let mut heard = hound::WavReader::open(heard).unwrap();
    let loud = heard
        .samples::<i16>()
        .filter(|s| s.as_ref().unwrap().abs() > 4_000);
    assert!(loud.count() > 3_600);
    let play =
        |device| profile.refused(&["recording", "play", &row.id.to_string(), "--output", device]);
    let absent = play("Loudspeaker of tomorrow");
    assert!(absent.contains("does not play"), "{absent}");
    assert!(absent.contains("--output"), "{absent}");
}

#[test]
fn s5_30_each_listening_export_and_deletion_leaves_an_audit_line() {
    let profile = Profile::new();
    let settings =
        "[[account]]\naor = \"sip:101@a.example\"\nextension = \"101\"\ndisplay_name = \"=Anna\"\n";
    fs::write(profile.path("settings.toml"), settings).unwrap();
    assert!(profile.ok(&["audit", "list"]).starts_with("Nothing was"));
    let row = recorded(&profile);
    let id = row.id.to_string();
    let [heard, to, csv] = ["heard.wav", "export", "calls.csv"].map(|name| profile.path(name));
    profile.ok(&[
        "recording",
        "play",
        &id,
        "--output",
        &format!("file:{heard}"),
    ]);
    profile.ok(&["recording", "export", "--to", &to]);
    profile.ok(&["log", "export", &csv]);
    profile.ok(&["client", "export"]);
    profile.ok(&["report", "lost"]);
    profile.ok(&["report", "lost", &csv]);
    profile.ok(&["recording", "delete", &id]);
    profile.refused(&["recording", "play", &id]);
    let lines = profile.json(&["audit", "list", "--format", "json"]);
    let lines = lines.as_array().unwrap().iter().rev();
    let told: Vec<[&str; 3]> = lines
        .inspect(|line| assert_eq!(line["who"], "101 =Anna"))
        .map(|line| ["act", "what", "detail"].map(|key| line[key].as_str().unwrap()))
        .collect();
    let expected = [
        ["listen", &row.file, ""],
        ["export", &row.file, &to],
        ["export", "calls", &csv],
        ["export", "clients", ""],
        ["export", "report", &csv],
        ["delete", &row.file, ""],
    ];
    assert_eq!(told, expected);
    let listened = ["audit", "list", "--act", "listen", "--from", "today"];
    let as_csv = profile.ok(&[&listened[..], &["--format", "csv"]].concat());
    let line = as_csv.lines().nth(1).unwrap();
    assert!(line.ends_with(&format!(
        ",101 =Anna,listen,{},{},{id},",
        row.file, row.call
    )));
    assert_eq!(as_csv.lines().count(), 2);
    assert!(profile.ok(&listened).contains("listen 2026/11/22/"));
}

#[test]
fn a_backup_brings_the_clients_back() {
    let profile = Profile::new();
    profile.ok(&["client", "add", "--name", "Ivan"]);
    let backup = profile.path("backup.db");
    profile.ok(&["backup", &backup]);
    assert!(profile.refused(&["backup", &backup]).contains("--force"));
    profile.ok(&["client", "delete", "Ivan"]);
    let told = profile.ok(&["restore", &backup]);
    assert!(told.contains(".replaced-"), "{told}");
    assert!(profile.ok(&["client", "find", "Ivan"]).contains("Ivan"));
    fs::write(
        &backup,
        "no database at all, but long enough to look like one".repeat(100),
    )
    .unwrap();
    assert!(profile.refused(&["restore", &backup]).contains("damaged"));
    assert!(profile.ok(&["client", "find", "Ivan"]).contains("Ivan"));
}

#[test]
fn a_newer_store_is_refused_by_every_command() {
    let profile = Profile::new();
    profile.ok(&["client", "find", "x"]);
    // Octets 60 to 63 of a database are its user_version.
    let path = profile.path("ringbook.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&99u32.to_be_bytes());
    fs::write(&path, bytes).unwrap();
    for arguments in [
        &["client", "find", "x"][..],
        &["log", "list"],
        &["recording", "list"],
    ] {
        assert!(
            profile.refused(arguments).contains("newer Ringbook"),
            "{arguments:?}"
        );
    }
}

#[test]
fn s1_16_employees_and_orders_are_entered_and_an_order_is_closed() {
    let profile = Profile::new();
    profile.ok(&["client", "add", "--name", "Ivan Petrov"]);
    profile.ok(&["employee", "set", "101", "Anne"]);
    profile.ok(&["employee", "set", "101", "Anna"]);
    assert!(
        profile
            .ok(&["employee", "list"])
            .contains("101        Anna")
    );
    let set = |fields: &[&str]| profile.ok(&[&["order", "set", "ivan", "1001"], fields].concat());
    set(&[
        "--stage",
        "Cutting",
        "--responsible",
        "anna",
        "--due",
        "2026-11-20",
    ]);
    set(&["--debt", "12 500 KZT"]);
    let orders = &profile.json(&["client", "show", "ivan", "--json"])["orders"];
    assert_eq!(orders.as_array().unwrap().len(), 1);
    assert_eq!(orders[0]["responsible"]["name"], "Anna");
    assert_eq!(orders[0]["due"], "2026-11-20");
    assert_eq!(
        orders[0]["debt"],
        serde_json::json!({ "minor": 1_250_000, "currency": "KZT" })
    );
    set(&["--closed"]);
    assert!(profile.ok(&["order", "list", "ivan"]).contains("closed"));
    let error = profile.refused(&["order", "set", "ivan", "1002", "--responsible", "Zoe"]);
    assert!(error.contains("101 Anna"), "{error}");
}

/// A call from `caller` that nobody answered, long ago, and its task.
fn lost(profile: &Profile, caller: &str) {
    let began = "2026-11-22T09:05:07Z".parse().unwrap();
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, began);
    call.status = CallStatus::Missed;
    call.caller = caller.to_owned();
    call.number = PhoneNumber::from_e164(caller);
    call.ended_at = Some(began);
    let mut store = Store::open(&profile.0.path().join("ringbook.db")).unwrap();
    let written = store.write(|writer| {
        writer.save_call(&call)?;
        writer.follow_up(call.call, TaskTerms::minutes(60))
    });
    assert_eq!(written.unwrap().len(), 1);
}

#[test]
fn tasks_are_listed_shown_and_closed_for_a_reason() {
    let profile = Profile::new();
    assert_eq!(profile.ok(&["task", "list"]), "No tasks.\n");
    assert_eq!(
        profile.json(&["task", "list", "--format", "json"]),
        serde_json::json!([])
    );
    profile.ok(&[
        "client",
        "add",
        "--name",
        "Ivan Petrov",
        "--phone",
        "+77011112233",
    ]);
    lost(&profile, "+77011112233");
    lost(&profile, "+77011112233");
    lost(&profile, "+36305550101");
    lost(&profile, "102");

    let table = profile.ok(&["task", "list"]);
    assert!(
        table.contains("Ivan Petrov") && table.contains("overdue"),
        "{table}"
    );
    let tasks = profile.json(&["task", "list", "--client", "petrov", "--format", "json"]);
    assert_eq!(tasks.as_array().unwrap().len(), 1);
    let task = &tasks[0];
    assert_eq!(
        (&task["calls"], &task["overdue"]),
        (&2.into(), &true.into())
    );
    assert_eq!(task["due_at"], "2026-11-22T10:05:07.000Z");
    assert_eq!(
        (&task["state"], &task["number"]),
        (&"open".into(), &"+77011112233".into())
    );
    let shown = profile.json(&["task", "show", "87011112233"]);
    assert_eq!(shown["task"], task["task"]);
    assert_eq!(shown["lost"].as_array().unwrap().len(), 2);
    assert_eq!(shown["lost"][0]["status"], "missed");

    let told = profile.ok(&["task", "close", "petrov", "--reason", "=Wrote a mail"]);
    assert!(told.contains("Ivan Petrov"), "{told}");
    profile.ok(&["task", "close", "102", "--reason", "Spoken with over lunch"]);
    let left = profile.json(&["task", "list", "--open", "--format", "json"]);
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(left[0]["caller"], "+36305550101");
    let all = profile.ok(&["task", "list", "--all", "--format", "csv"]);
    let mut lines = all.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("task,state,overdue,due_at,client")
    );
    assert_eq!(lines.count(), 3);
    assert!(
        all.contains("'=Wrote a mail") && all.contains("'+77011112233"),
        "{all}"
    );
    let shown = profile.json(&["task", "show", task["task"].as_str().unwrap()]);
    assert_eq!(
        (&shown["state"], &shown["reason"]),
        (&"closed".into(), &"=Wrote a mail".into())
    );
    assert_eq!(
        (&shown["overdue"], &shown["contact"]),
        (&false.into(), &Value::Null)
    );
}

#[test]
fn a_task_that_is_not_there_or_closed_or_has_no_reason_is_refused() {
    let profile = Profile::new();
    lost(&profile, "+77011112233");
    let refused = |arguments: &[&str]| profile.refused(arguments);
    let close = |task, reason| refused(&["task", "close", task, "--reason", reason]);
    assert!(close("+77011112234", "x").contains("no open task is for +77011112234"));
    assert!(close("+77011112233", " ").contains("reason"));
    let id = profile.json(&["task", "list", "--format", "json"])[0]["task"].clone();
    let id = id.as_str().unwrap();
    profile.ok(&["task", "close", id, "--reason", "x"]);
    assert!(close(id, "x").contains("a task that is open"));
    assert!(refused(&["task", "list", "--client", "Nobody"]).contains("no client"));
    assert_eq!(profile.run(&["task", "close", id]).status.code(), Some(2));
}

#[test]
fn s1_1_without_the_module_no_task_is_shown() {
    let profile = Profile::new();
    fs::write(profile.path("settings.toml"), "[modules]\ntasks = false\n").unwrap();
    assert!(
        profile
            .refused(&["task", "list"])
            .contains("[modules] tasks")
    );
}

#[test]
fn every_field_of_a_client_is_given_shown_and_taken_away() {
    let profile = Profile::new();
    profile.ok(&["employee", "set", "101", "Anna"]);
    profile.ok(&[
        "field",
        "set",
        "Level",
        "--type",
        "choice",
        "--choices",
        "Gold; Silver",
    ]);
    profile.ok(&[
        "branch",
        "set",
        "Centre",
        "--latitude",
        "43.25",
        "--longitude",
        "76.95",
    ]);
    let add = [
        "client",
        "add",
        "--name=Ivan Petrov",
        "--kind=person",
        "--phone=office=8 727 123 45 67 ext. 12",
        "--email=work=ivan@a.example",
        "--email=ivan@b.example",
        "--address=home=Abay 1; Almaty; KZ; 43.2389, 76.8897",
        "--category=active",
        "--responsible=anna",
        "--note=Speak slowly",
        "--note-until=2099-12-31",
        "--note-acknowledge=yes",
        "--language=ru",
        "--tags=steel; late payer",
        "--consent=yes",
        "--consent-at=2026-11-01",
        "--consent-how=on paper",
        "--do-not-call=yes",
        "--field=level=gold",
    ];
    let id = profile.ok(&add);
    let id = id.trim();
    let show = || profile.json(&["client", "show", id, "--format", "json"]);
    let shown = show();
    assert_eq!(
        shown["phones"][0],
        serde_json::json!({ "number": "+77271234567", "label": "office", "extension": "12" })
    );
    assert_eq!(shown["emails"][0]["label"], "work");
    assert_eq!(shown["email"], "ivan@a.example");
    assert_eq!(shown["addresses"][0]["street"], "Abay 1");
    assert_eq!(
        (&shown["city"], &shown["country"]),
        (&"Almaty".into(), &"KZ".into())
    );
    assert_eq!(shown["responsible"]["name"], "Anna");
    assert_eq!(shown["tags"], serde_json::json!(["steel", "late payer"]));
    assert_eq!(shown["do_not_call"], true);
    assert_eq!(
        shown["consent"],
        serde_json::json!({ "given": true, "at": "2026-11-01", "how": "on paper" })
    );
    assert_eq!(
        (&shown["note"], &shown["note_must_acknowledge"]),
        (&"Speak slowly".into(), &true.into())
    );
    assert_eq!(shown["greeting_filled"], "Здравствуйте, Ivan!");
    assert_eq!(
        shown["fields"][0],
        serde_json::json!({ "name": "Level", "type": "choice", "value": "Gold" })
    );
    assert_eq!(shown["nearest_branch"]["name"], "Centre");
    let text = profile.ok(&["client", "show", id]);
    assert!(
        text.contains("Phone: +7 727 123 4567 ext. 12 office\n"),
        "{text}"
    );
    assert!(text.contains("Tags: steel; late payer\n"), "{text}");

    profile.ok(&[
        "client",
        "edit",
        id,
        "--email=",
        "--tags=",
        "--responsible=",
        "--note-until=2020-01-01",
        "--consent=",
        "--city=Astana",
    ]);
    let shown = show();
    assert_eq!(
        (&shown["note"], &shown["note_expired"]),
        (&"".into(), &true.into())
    );
    assert_eq!(shown["note_must_acknowledge"], false);
    assert_eq!(
        (&shown["emails"], &shown["tags"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    assert!(shown["responsible"].is_null() && shown["consent"].is_null());
    assert_eq!(
        (&shown["city"], &shown["country"]),
        (&"Astana".into(), &"KZ".into())
    );
    for (option, allowed) in [
        ("--kind=robot", "person, company"),
        ("--responsible=zoe", "101 Anna"),
        ("--field=Level=Tin", "Gold, Silver"),
        ("--position=north", "43.2389"),
        ("--note-until=soon", "2026-11-22"),
        ("--do-not-call=perhaps", "yes, no"),
    ] {
        let error = profile.refused(&["client", "edit", id, option]);
        let name = option.trim_start_matches("--").split('=').next().unwrap();
        assert!(
            error.contains(name) && error.contains(allowed),
            "{option}: {error}"
        );
    }
}

#[test]
fn every_kind_of_record_is_set_listed_and_deleted_by_the_same_commands() {
    let profile = Profile::new();
    profile.ok(&[
        "client",
        "add",
        "--name",
        "Ivan Petrov",
        "--phone",
        "+77011112233",
    ]);
    for set in [
        &[
            "request",
            "set",
            "ivan",
            "R-1",
            "--subject",
            "Late delivery",
            "--due",
            "2020-01-01",
        ][..],
        &[
            "purchase",
            "set",
            "ivan",
            "P-1",
            "--day",
            "2026-01-10",
            "--amount",
            "12 500 KZT",
        ],
        &["account", "set", "ivan", "main", "--balance", "-7 500 KZT"],
        &[
            "appointment",
            "set",
            "ivan",
            "2099-11-25T10:00",
            "--subject",
            "Measuring",
        ],
        &[
            "note",
            "set",
            "ivan",
            "now",
            "--text",
            "Asked for a catalogue",
        ],
        &["stage", "set", "Cutting", "--kind", "order", "--rank", "1"],
        &["stage", "set", "Delivered", "--kind", "order", "--closes"],
        &["branch", "set", "Centre", "--city", "Almaty"],
        &["greeting", "set", "hu", "--text", "Szia, {first_name}!"],
        &["field", "set", "Contract"],
        &[
            "category", "set", "dealer", "--name", "Dealer", "--icon", "store",
        ],
    ] {
        profile.ok(set);
    }
    let overdue = profile.ok(&["request", "list", "ivan"]);
    assert!(
        overdue.contains("Late delivery") && overdue.contains(" days"),
        "{overdue}"
    );
    let everybodys = profile.ok(&["purchase", "list"]);
    assert!(
        everybodys.contains("Ivan Petrov") && everybodys.contains("12\u{a0}500"),
        "{everybodys}"
    );
    assert!(profile.ok(&["category", "list"]).contains("dealer"));

    let shown = profile.json(&["client", "show", "ivan", "--json"]);
    assert_eq!(
        shown["balance"][0],
        serde_json::json!({ "minor": -750_000, "currency": "KZT" })
    );
    assert_eq!(shown["next_appointment"]["subject"], "Measuring");
    assert_eq!(shown["open_requests"][0]["number"], "R-1");
    assert!(shown["requests"][0]["overdue_days"].as_u64().unwrap() > 2_000);
    assert_eq!(shown["last_purchases"][0]["number"], "P-1");

    // An appointment is put off by its key; an amount keeps its currency; an empty text clears.
    profile.ok(&[
        "appointment",
        "set",
        "ivan",
        "2099-11-25T10:00",
        "--at",
        "2099-11-26T06:00:00Z",
    ]);
    profile.ok(&["account", "set", "ivan", "MAIN", "--balance", "0"]);
    profile.ok(&["request", "set", "ivan", "r-1", "--due", "", "--closed"]);
    let shown = profile.json(&["client", "show", "ivan", "--json"]);
    assert_eq!(shown["next_appointment"]["at"], "2099-11-26T06:00:00Z");
    assert_eq!(shown["appointments"].as_array().unwrap().len(), 1);
    assert_eq!(
        shown["balance"][0],
        serde_json::json!({ "minor": 0, "currency": "KZT" })
    );
    assert_eq!(shown["open_requests"], serde_json::json!([]));
    profile.ok(&["request", "set", "ivan", "R-1", "--open"]);
    assert_eq!(
        profile.json(&["request", "list", "--format", "json"])[0]["closed"],
        false
    );

    // One of the office's stages, and the last of them closes.
    let error = profile.refused(&["order", "set", "ivan", "7", "--stage", "Painting"]);
    assert!(error.contains("Cutting, Delivered"), "{error}");
    profile.ok(&["order", "set", "ivan", "7", "--stage", "delivered"]);
    assert_eq!(
        profile.json(&["order", "list", "ivan", "--format", "json"])[0]["closed"],
        true
    );

    profile.ok(&["request", "delete", "ivan", "R-1"]);
    let error = profile.refused(&["request", "delete", "ivan", "R-1"]);
    assert!(
        error.contains("R-1") && error.contains("Ivan Petrov"),
        "{error}"
    );
    let error = profile.refused(&["order", "set", "ivan", "8", "--due", "soon"]);
    assert!(
        error.contains("--due") && error.contains("2026-11-22"),
        "{error}"
    );
}

#[test]
fn s5_32_the_timeline_of_a_client_is_one_list() {
    let profile = Profile::new();
    profile.ok(&["client", "add", "--name", "Ivan Petrov"]);
    assert!(
        profile
            .ok(&["client", "timeline", "ivan"])
            .contains("Nothing")
    );
    profile.ok(&["order", "set", "ivan", "1001", "--stage", "Cutting"]);
    profile.ok(&["client", "edit", "ivan", "--note", "Speak slowly"]);
    profile.ok(&[
        "note",
        "set",
        "ivan",
        "2020-01-01T10:00",
        "--text",
        "Came by",
    ]);
    let entries = profile.json(&["client", "timeline", "ivan", "--format", "json"]);
    let words: Vec<&str> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["what"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["change", "order", "note"]);
    assert_eq!(entries[0]["change"]["after"], "Speak slowly");
    assert_eq!(entries[1]["order"]["number"], "1001");
    let page = [
        "client", "timeline", "ivan", "--offset", "1", "--limit", "1",
    ];
    let page = profile.ok(&page);
    assert!(
        page.contains("1001 · Cutting") && !page.contains("Came by"),
        "{page}"
    );
    let table = profile.ok(&["client", "timeline", "ivan"]);
    assert!(table.contains("Note: – → Speak slowly"), "{table}");
}

#[test]
fn records_go_out_as_csv_and_in_again() {
    let profile = Profile::new();
    profile.ok(&["client", "add", "--name", "Ivan", "--phone", "+77011112233"]);
    profile.ok(&[
        "order",
        "set",
        "ivan",
        "1001",
        "--stage",
        "=Cutting",
        "--debt",
        "12 500 KZT",
    ]);
    let csv = profile.ok(&["order", "list", "--format", "csv"]);
    let file = profile.path("orders.csv");
    fs::write(&file, &csv).unwrap();
    let other = Profile::new();
    other.ok(&["client", "add", "--name", "Ivan", "--phone", "+77011112233"]);
    let tried = other.ok(&["order", "import", &file, "--dry-run"]);
    assert!(
        tried.contains("Nothing was changed") && tried.contains("1 added"),
        "{tried}"
    );
    other.ok(&["order", "import", &file]);
    assert_eq!(other.ok(&["order", "list", "--format", "csv"]), csv);
}

#[test]
fn commands_speak_the_language_of_the_locale() {
    let office = Profile::new();
    let nobody = |locale| {
        let output = office.run_in(locale, &["client", "find", "Nobody"]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(nobody("C"), "Nobody found.\n");
    assert_eq!(nobody("ru_KZ.UTF-8"), "Никого не найдено.\n");
    assert_eq!(nobody("ne_NP"), "कोही भेटिएन।\n");
    assert_eq!(nobody("fr_FR.UTF-8"), "Nobody found.\n");
}
