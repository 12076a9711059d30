//! Callbacks in a calendar, as another program's reader finds them.

use std::fs;
use std::path::Path;
use std::process::Command;

use jiff::{Timestamp, ToSpan};
use ringbook::model::{
    CallId, CallRecord, CallStatus, Client, Direction, EndReason, PhoneNumber, TaskTerms,
};
use ringbook::store::Store;
use serde_json::{Value, json};

use super::{SETTINGS, profile, python, run};

const ICALENDAR: &str = "icalendar==7.3.2";
/// Prints what the to-dos of a file say.
const READER: &str = "\
import icalendar, json, sys
calendar = icalendar.Calendar.from_ical(open(sys.argv[1], 'rb').read())
keys = ['UID', 'SUMMARY', 'DESCRIPTION', 'STATUS']
print(json.dumps([
    {**{key: str(todo[key]) for key in keys}, 'DUE': todo.decoded('DUE').isoformat(), 'DTSTAMP': todo.decoded('DTSTAMP').isoformat()}
    for todo in calendar.walk('VTODO')]))
";
const NAME: &str =
    "Иван; Петров, \\ и партнёры из очень длинного товарищества с ограниченной ответственностью";

/// Two callers who were lost, one of them known.
fn fill(profile: &Path) {
    let mut store = Store::open(&profile.join("ringbook.db")).unwrap();
    let number = |text: &str| PhoneNumber::from_e164(text).unwrap();
    let client = Client::named(NAME, Timestamp::UNIX_EPOCH).with_phone(number("+77011112233"));
    let lost = |text: &str, after: i64| {
        let at: Timestamp = "2026-11-24T07:00:00Z".parse().unwrap();
        let at = at + after.minutes();
        let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, at);
        call.status = CallStatus::Missed;
        call.end_reason = Some(EndReason::Cancelled);
        call.ended_at = Some(at);
        call.caller = text.to_owned();
        call.number = Some(number(text));
        call
    };
    let calls = [
        ("+77011112233", 0),
        ("+77057778899", 1),
        ("+77011112233", 2),
    ];
    store
        .write(|writer| {
            writer.save_client(&client)?;
            for (number, after) in calls {
                let call = lost(number, after);
                writer.save_call(&call)?;
                writer.follow_up(call.call, TaskTerms::minutes(60))?;
            }
            Ok::<_, ringbook::store::StoreError>(())
        })
        .unwrap();
}

#[test]
fn open_tasks_go_into_a_calendar_as_to_dos_that_it_knows_again() {
    let dir = profile(SETTINGS);
    fill(dir.path());
    let file = dir.path().join("tasks.ics");
    let exported = run(dir.path(), &["task", "export", file.to_str().unwrap()]);
    assert!(exported.status.success(), "{exported:?}");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.replace("\r\n", "").find(['\r', '\n']).is_none());
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    let unfolded = text.replace("\r\n ", "");
    assert!(
        unfolded.contains("SUMMARY:Call Иван\\; Петров\\, \\\\ и партнёры"),
        "{unfolded}"
    );

    let Some(python) = python::with(&[ICALENDAR]) else {
        return;
    };
    let read = Command::new(python)
        .args(["-c", READER])
        .arg(&file)
        .output()
        .unwrap();
    assert!(read.status.success(), "{read:?}");
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    let listed = run(dir.path(), &["task", "list", "--format", "json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let expected = [
        (
            format!("Call {NAME} back"),
            "+7 701 111 2233: 2 lost calls",
            "2026-11-24T08:00:00+00:00",
        ),
        (
            "Call +7 705 777 8899 back".to_owned(),
            "+7 705 777 8899: 1 lost call",
            "2026-11-24T08:01:00+00:00",
        ),
    ];
    assert_eq!(read.as_array().unwrap().len(), expected.len());
    for (n, (summary, description, due)) in expected.into_iter().enumerate() {
        let to_do = &read[n];
        assert_eq!(to_do["UID"], listed[n]["task"]);
        assert_eq!(to_do["STATUS"], "NEEDS-ACTION");
        let said = [&to_do["SUMMARY"], &to_do["DESCRIPTION"], &to_do["DUE"]];
        assert_eq!(said, [&json!(summary), &json!(description), &json!(due)]);
    }
}
