//! The call log of a PBX, as an office brings it in.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{SETTINGS, message, profile, ringbook};

const MASTER: &str = "\
\"\",\"87011112233\",\"101\",\"ext-local\",\"\",\"PJSIP/trunk-01\",\"PJSIP/101-02\",\"Dial\",\"\",\"2026-11-24 12:00:00\",\"2026-11-24 12:00:05\",\"2026-11-24 12:01:06\",66,61,\"ANSWERED\",\"DOCUMENTATION\",\"1764000000.1\",\"\"
\"\",\"101\",\"87011112233\",\"from-internal\",\"\",\"PJSIP/101-03\",\"\",\"Dial\",\"\",\"later\",\"\",\"\",2,0,\"NO ANSWER\",\"DOCUMENTATION\",\"1764000600.3\",\"\"
";

fn log(profile: &Path, arguments: &[&str]) -> Output {
    ringbook(profile, &[&["log"], arguments].concat())
        .env("TZ", "Asia/Almaty")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap()
}

fn office() -> TempDir {
    profile(&SETTINGS.replace("register = false", "register = false\ncountry = \"KZ\""))
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn listed(profile: &Path) -> Value {
    serde_json::from_str(&printed(&log(profile, &["list", "--format", "json"]))).unwrap()
}

#[test]
fn s5_8_a_pbxs_log_is_looked_at_tried_brought_once_and_what_is_wrong_is_kept() {
    let dir = office();
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (master, rejected) = (file("Master.csv"), file("rejected.csv"));
    fs::write(&master, MASTER).unwrap();
    let preview = printed(&log(dir.path(), &["import", &master, "--preview"]));
    assert!(preview.contains("disposition: status"), "{preview}");
    let tried = log(dir.path(), &["import", &master, "--dry-run"]);
    message(&tried);
    assert_eq!(listed(dir.path()), json!([]));

    let arguments = [
        "import",
        &master,
        "--rejected",
        &rejected,
        "--time-zone",
        "UTC",
        "--line",
        "sip:office@pbx.example",
    ];
    let first = log(dir.path(), &arguments);
    let told = message(&first);
    assert!(told.contains("1 line was left out"), "{told}");
    let told = String::from_utf8(first.stdout).unwrap();
    assert!(
        told.contains("line 2: start: \"later\" is not allowed"),
        "{told}"
    );
    assert!(
        told.contains("1 added, 0 updated, 0 unchanged, 1 left out"),
        "{told}"
    );
    assert!(
        fs::read_to_string(&rejected)
            .unwrap()
            .contains("1764000600.3")
    );
    let again = log(dir.path(), &["import", &master]);
    assert!(
        String::from_utf8(again.stdout)
            .unwrap()
            .contains("0 added, 0 updated, 1 unchanged, 1 left out")
    );

    let rows = listed(dir.path());
    let row = &rows[0];
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(
        [
            &row["status"],
            &row["direction"],
            &row["number"],
            &row["started_at"],
            &row["talk_s"],
            &row["account"],
            &row["conversation"]
        ],
        [
            &json!("answered"),
            &json!("incoming"),
            &json!("+77011112233"),
            &json!("2026-11-24T12:00:00.000Z"),
            &json!(61.0),
            &json!("sip:office@pbx.example"),
            &json!(false)
        ]
    );
}

#[test]
fn s5_8_the_log_goes_out_as_objects_one_a_line_where_the_name_or_somebody_says_so() {
    let dir = office();
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (master, lines) = (file("Master.csv"), file("calls.jsonl"));
    fs::write(&master, MASTER.replace("later", "2026-11-24 13:00:00")).unwrap();
    printed(&log(dir.path(), &["import", &master]));
    printed(&log(dir.path(), &["export", &lines]));
    let exported = fs::read_to_string(&lines).unwrap();
    let rows: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(Value::from(rows), listed(dir.path()));
    assert_eq!(
        printed(&log(dir.path(), &["list", "--format", "jsonl"])),
        exported
    );
    assert_eq!(exported.lines().count(), 2);
}
