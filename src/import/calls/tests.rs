//! Call logs of PBXs.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::{self, TimeZone};

use super::*;
use crate::model::{
    CallId, CallLine, CallStatus, Client, Direction, Employee, EmployeeId, EndReason,
};
use crate::store::{CallFilter, TaskFilter};

/// What Asterisk writes: an answered call in, one out by caller id of the office, a ring group of which one phone
/// answered, a lost one, one that was busy and one that was congested.
const MASTER: &str = "\
\"\",\"87011112233\",\"101\",\"ext-local\",\"\"\"Ivan Petrov\"\" <87011112233>\",\"PJSIP/trunk-00000001\",\"PJSIP/101-00000002\",\"Dial\",\"PJSIP/101,30\",\"2026-11-24 12:00:00\",\"2026-11-24 12:00:05\",\"2026-11-24 12:01:06\",66,61,\"ANSWERED\",\"DOCUMENTATION\",\"1764000000.1\",\"\"
\"\",\"87273332211\",\"87057778899\",\"from-internal\",\"\"\"Office\"\" <87273332211>\",\"PJSIP/102-00000003\",\"PJSIP/trunk-00000004\",\"Dial\",\"PJSIP/87057778899@trunk\",\"2026-11-24 12:10:00\",\"2026-11-24 12:10:10\",\"2026-11-24 12:10:40\",40,30,\"ANSWERED\",\"DOCUMENTATION\",\"1764000600.3\",\"\"
\"\",\"87011112233\",\"600\",\"ext-group\",\"87011112233\",\"PJSIP/trunk-00000005\",\"PJSIP/101-00000006\",\"Dial\",\"PJSIP/101&PJSIP/102\",\"2026-11-24 12:20:00\",\"\",\"2026-11-24 12:20:08\",8,0,\"NO ANSWER\",\"DOCUMENTATION\",\"1764001200.5\",\"\"
\"\",\"87011112233\",\"600\",\"ext-group\",\"87011112233\",\"PJSIP/trunk-00000005\",\"PJSIP/102-00000007\",\"Dial\",\"PJSIP/101&PJSIP/102\",\"2026-11-24 12:20:00\",\"2026-11-24 12:20:08\",\"2026-11-24 12:20:28\",28,20,\"ANSWERED\",\"DOCUMENTATION\",\"1764001200.5\",\"\"
\"\",\"\",\"101\",\"from-trunk\",\"\",\"PJSIP/trunk-00000008\",\"PJSIP/101-00000009\",\"Dial\",\"\",\"2026-11-24 12:30:00\",\"\",\"2026-11-24 12:30:20\",20,0,\"NO ANSWER\",\"DOCUMENTATION\",\"1764001800.8\",\"\"
\"\",\"101\",\"87057778899\",\"from-internal\",\"\",\"PJSIP/101-0000000a\",\"\",\"Dial\",\"\",\"2026-11-24 12:40:00\",\"\",\"2026-11-24 12:40:02\",2,0,\"BUSY\",\"DOCUMENTATION\",\"1764002400.10\",\"\"
\"\",\"101\",\"87057778899\",\"from-internal\",\"\",\"PJSIP/101-0000000b\",\"\",\"Dial\",\"\",\"2026-11-24 12:50:00\",\"\",\"2026-11-24 12:50:01\",1,0,\"CONGESTION\",\"DOCUMENTATION\",\"1764003000.11\",\"\"
";

fn options<'a>() -> CallLogOptions<'a> {
    CallLogOptions {
        zone: TimeZone::fixed(tz::offset(5)),
        country: "KZ".parse().ok(),
        encoding: None,
        map: Vec::new(),
        extensions: Extensions::default(),
        line: String::new(),
        tariffs: Tariffs::default(),
        limits: TalkLimits::default(),
        dry_run: false,
        rejected: None,
    }
}

/// The log from the earliest call on.
fn log(store: &Store) -> Vec<CallLine> {
    let filter = CallFilter::default();
    let mut lines = store.read(|reader| reader.calls(&filter, 0, 1000)).unwrap();
    lines.reverse();
    lines
}

fn counts(report: &Report) -> [u64; 4] {
    [
        report.added,
        report.updated,
        report.unchanged,
        report.refused,
    ]
}

#[test]
fn s5_8_asterisks_file_is_known_by_its_shape_and_answered_is_what_it_says() {
    let mut store = Store::in_memory().unwrap();
    let report = import_calls(&mut store, MASTER.as_bytes(), options()).unwrap();
    assert_eq!(counts(&report), [6, 1, 0, 0], "{report}");
    let lines = log(&store);
    let calls: Vec<_> = lines.iter().map(|line| &line.record).collect();
    let told: Vec<_> = calls
        .iter()
        .map(|call| {
            (
                call.direction,
                call.status,
                call.ring.as_secs(),
                call.talk.as_secs(),
                &*call.extension,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Direction::Incoming, CallStatus::Answered, 5, 61, "101"),
            (Direction::Outgoing, CallStatus::Answered, 10, 30, "102"),
            (Direction::Incoming, CallStatus::Answered, 8, 20, "102"),
            (Direction::Incoming, CallStatus::Missed, 20, 0, "101"),
            (Direction::Outgoing, CallStatus::Busy, 2, 0, "101"),
            (Direction::Outgoing, CallStatus::Failed, 1, 0, "101"),
        ]
    );
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    assert_eq!(Some(calls[0].started_at), at("2026-11-24T07:00:00Z"));
    assert_eq!(calls[0].answered_at, at("2026-11-24T07:00:05Z"));
    assert_eq!(calls[0].ended_at, at("2026-11-24T07:01:06Z"));
    assert_eq!(
        (&*calls[0].remote_name, &*calls[1].remote_name),
        ("Ivan Petrov", "")
    );
    // There was no sound here that could prove it.
    assert!(calls.iter().all(|call| !call.conversation_took_place()));
    assert!(calls[3].hidden && calls[3].number.is_none());
    assert_eq!(calls[3].end_reason, Some(EndReason::NoAnswer));
}

#[test]
fn s5_5_asterisks_mailbox_is_no_answer() {
    const MAILBOX: &str = "\
\"\",\"87011112233\",\"101\",\"ext-local\",\"\",\"PJSIP/trunk-00000001\",\"\",\"VoiceMail\",\"101@default,u\",\"2026-11-24 12:00:00\",\"2026-11-24 12:00:20\",\"2026-11-24 12:00:50\",50,30,\"ANSWERED\",\"DOCUMENTATION\",\"1764000000.1\",\"\"
";
    let mut store = Store::in_memory().unwrap();
    let report = import_calls(&mut store, MAILBOX.as_bytes(), options()).unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 0], "{report}");
    let call = &log(&store)[0].record;
    assert_eq!(
        (call.status, call.end_reason, call.answered_at),
        (CallStatus::Voicemail, Some(EndReason::Transferred), None)
    );
    assert_eq!((call.ring.as_secs(), call.talk.as_secs()), (20, 0));
    let whole = call
        .ended_at
        .map(|ended| (ended - call.started_at).get_seconds());
    assert_eq!(whole, Some(50));
}

#[test]
fn s5_14_the_clients_number_is_the_first_of_calls_in_and_the_second_of_calls_out() {
    let mut store = Store::in_memory().unwrap();
    import_calls(&mut store, MASTER.as_bytes(), options()).unwrap();
    let lines = log(&store);
    let sides = |n: usize| {
        let call = &lines[n].record;
        let number = call.number.map(|number| number.e164()).unwrap();
        (call.caller.clone(), call.callee.clone(), number)
    };
    let texts = |[a, b, c]: [&str; 3]| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(sides(0), texts(["+77011112233", "101", "+77011112233"]));
    assert_eq!(
        sides(1),
        texts(["+77273332211", "+77057778899", "+77057778899"])
    );
    assert_eq!(sides(2), texts(["+77011112233", "600", "+77011112233"]));
}

#[test]
fn a_file_that_comes_twice_adds_nothing_and_a_dry_run_neither() {
    let mut store = Store::in_memory().unwrap();
    let tried = CallLogOptions {
        dry_run: true,
        ..options()
    };
    let report = import_calls(&mut store, MASTER.as_bytes(), tried).unwrap();
    assert_eq!(counts(&report), [6, 1, 0, 0]);
    assert_eq!(log(&store), []);
    import_calls(&mut store, MASTER.as_bytes(), options()).unwrap();
    let before = log(&store);
    let report = import_calls(&mut store, MASTER.as_bytes(), options()).unwrap();
    assert_eq!(counts(&report), [0, 0, 7, 0]);
    assert_eq!(log(&store), before);
    // Without an id of the PBX's a line is known by all that it says.
    let named = "date,from,to,billsec\n2026-11-24 12:00,101,87011112233,5\n2026-11-24 12:00,101,87011112234,5\n";
    for expected in [[2, 0, 0, 0], [0, 0, 2, 0]] {
        let report = import_calls(&mut store, named.as_bytes(), options()).unwrap();
        assert_eq!(counts(&report), expected);
    }
}

#[test]
fn s5_8_imported_rows_that_do_not_say_are_unknown() {
    let mut store = Store::in_memory().unwrap();
    let silent = "Дата;Время;Кто;Кому;Длительность\n24.11.2026;12:00:05;101;8 701 111 22 33;01:01\n\
                  25.11.2026;12:00:05;8 701 111 22 33;101;0\n";
    let report = import_calls(&mut store, silent.as_bytes(), options()).unwrap();
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report}");
    for line in log(&store) {
        let call = line.record;
        assert_eq!((call.status, call.answered_at), (CallStatus::Unknown, None));
        assert_eq!((call.talk, call.ring), (Duration::ZERO, Duration::ZERO));
        assert!(call.ended_at.is_some());
    }
    let talks = "start,src,dst,billsec\n2026-11-26 12:00:05,101,87011112233,61\n2026-11-27 12:00:05,101,87011112233,0\n";
    import_calls(&mut store, talks.as_bytes(), options()).unwrap();
    let statuses: Vec<_> = log(&store).iter().map(|line| line.record.status).collect();
    assert_eq!(statuses[2..], [CallStatus::Answered, CallStatus::Unknown]);
}

#[test]
fn s5_24_calls_are_their_clients_and_employees_and_nobody_is_owed_one() {
    let mut store = Store::in_memory().unwrap();
    let ivan =
        Client::named("Ivan", Timestamp::UNIX_EPOCH).with_phone("+77011112233".parse_number());
    let anna = Employee {
        id: EmployeeId::new(),
        name: "Anna".to_owned(),
        extension: "102".to_owned(),
    };
    store
        .write(|writer| {
            writer.save_client(&ivan)?;
            writer.save_employee(&anna)
        })
        .unwrap();
    import_calls(&mut store, MASTER.as_bytes(), options()).unwrap();
    let lines = log(&store);
    let named: Vec<_> = lines
        .iter()
        .map(|line| line.client_name.as_deref())
        .collect();
    assert_eq!(named, [Some("Ivan"), None, Some("Ivan"), None, None, None]);
    assert_eq!(lines[0].record.client, Some(ivan.id));
    assert_eq!(
        (&*lines[0].record.employee, &*lines[2].record.employee),
        ("", "Anna")
    );
    let clients = store.read(|reader| reader.count_clients()).unwrap();
    let tasks = store
        .read(|reader| reader.tasks(&TaskFilter::default(), None))
        .unwrap();
    assert_eq!((clients, tasks.len()), (1, 0));
}

trait Parsed {
    fn parse_number(&self) -> PhoneNumber;
}

impl Parsed for str {
    fn parse_number(&self) -> PhoneNumber {
        PhoneNumber::from_e164(self).unwrap()
    }
}

#[test]
fn lines_that_are_no_calls_are_told_and_kept_as_they_stand_and_can_be_brought_again() {
    let mut store = Store::in_memory().unwrap();
    let file = "when;from;to;disposition;billsec\n2026-11-24 12:00;101;87011112233;ANSWERED;61\n\
                noon;101;87011112233;ANSWERED;61\n2026-11-24 12:00;87010000000;87011112233;ANSWERED;61\n\
                2026-11-24 12:00;101;87011112233;ANSWERED;long\n";
    let mut rejected = Vec::new();
    let kept = CallLogOptions {
        map: vec![("when".to_owned(), "date".to_owned())],
        rejected: Some(&mut rejected),
        ..options()
    };
    let report = import_calls(&mut store, file.as_bytes(), kept).unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 3]);
    let wrong: Vec<_> = report
        .problems
        .iter()
        .map(|p| (p.line, &*p.field, &*p.value))
        .collect();
    assert_eq!(
        wrong,
        [
            (3, "when", "noon"),
            (4, "from", "87010000000"),
            (5, "billsec", "long")
        ]
    );
    let rejected = String::from_utf8(rejected).unwrap();
    assert!(
        rejected.starts_with("when;from;to;disposition;billsec;left_out_because\nnoon;"),
        "{rejected}"
    );
    let mended = rejected
        .replace("noon", "2026-11-24 13:00")
        .replace("long", "62");
    let again = CallLogOptions {
        map: vec![("when".to_owned(), "date".to_owned())],
        extensions: Extensions::parse("101,87011112233").unwrap(),
        ..options()
    };
    let report = import_calls(&mut store, mended.as_bytes(), again).unwrap();
    assert_eq!(counts(&report), [3, 0, 0, 0], "{report}");
}

#[test]
fn a_broken_line_of_asterisks_file_is_kept_as_it_stands_and_can_be_brought_again() {
    let mut store = Store::in_memory().unwrap();
    let broken = MASTER.replacen("2026-11-24 12:30:00", "soon", 1);
    let mut rejected = Vec::new();
    let kept = CallLogOptions {
        rejected: Some(&mut rejected),
        ..options()
    };
    let report = import_calls(&mut store, broken.as_bytes(), kept).unwrap();
    assert_eq!(
        (report.problems[0].line, &*report.problems[0].field),
        (5, "start")
    );
    let mended = String::from_utf8(rejected)
        .unwrap()
        .replacen("soon", "2026-11-24 12:30:00", 1);
    let report = import_calls(&mut store, mended.as_bytes(), options()).unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 0], "{report}");
    let report = import_calls(&mut store, MASTER.as_bytes(), options()).unwrap();
    assert_eq!(counts(&report), [0, 0, 7, 0]);
}

#[test]
fn what_no_column_holds_and_what_no_call_log_has_is_said() {
    let mut store = Store::in_memory().unwrap();
    let mut wrong = |file: &str, map: &[(&str, &str)]| {
        let map = map.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        let options = CallLogOptions {
            map: map.collect(),
            ..options()
        };
        let error = import_calls(&mut store, file.as_bytes(), options);
        error.unwrap_err().to_string()
    };
    let none = wrong("date,from,what\n", &[]);
    assert!(
        none.contains("no column seems to hold called (found: date, from, what)"),
        "{none}"
    );
    assert!(wrong("date,from,to\n", &[("date", "cost")]).contains("allowed are date, time"));
    assert!(wrong("date,from,to\n", &[("day", "date")]).contains("no column is called"));
    assert!(wrong("", &[]).contains("the file is empty"));
}

#[test]
fn a_preview_shows_columns_and_first_calls_and_changes_nothing() {
    let store = Store::in_memory().unwrap();
    let file = "Call date,Source,Destination,Note\n2026-11-24 12:00,101,87011112233,x\nx,1,2,3\n";
    let preview = preview_calls(&store, file.as_bytes(), options())
        .unwrap()
        .to_string();
    for text in [
        "Call date: date (a guess)\n",
        "Note: not kept\n",
        "line 2:\n  2026-11-24 12:00:00 +05:00  outgoing  unknown  \"101\" → \"+77011112233\"  0 s  101\n",
        "line 3: Source: \"1\" is not allowed",
        "Nothing was changed.",
    ] {
        assert!(preview.contains(text), "{text}: {preview}");
    }
    assert_eq!(log(&store), []);
}

#[test]
fn a_row_that_a_phone_has_written_is_never_changed() {
    let mut store = Store::in_memory().unwrap();
    let mut own = CallRecord::begin(CallId::new(), Direction::Incoming, Timestamp::UNIX_EPOCH);
    own.status = CallStatus::Missed;
    own.ended_at = Some(own.started_at);
    store.write(|writer| writer.save_call(&own)).unwrap();
    let file = format!(
        "call,date,caller,callee,direction,status,talk_s\n{},2026-11-24 12:00,1,2,incoming,answered,61.5\n",
        own.call
    );
    let report = import_calls(&mut store, file.as_bytes(), options()).unwrap();
    assert_eq!(counts(&report), [0, 0, 1, 0], "{report}");
    assert_eq!(log(&store)[0].record, own);
}

#[test]
fn many_lines_come_in_batches() {
    use std::fmt::Write as _;
    let lines = 2 * BATCH as u64 + 1;
    let mut file = String::from("date,src,dst,disposition,billsec,uniqueid\n");
    for n in 0..lines {
        let (second, number) = (n % 60, n % 500);
        writeln!(
            file,
            "2026-11-24 12:00:{second:02},8701{number:07},101,ANSWERED,61,{n}.1"
        )
        .unwrap();
    }
    let mut store = Store::in_memory().unwrap();
    let report = import_calls(&mut store, file.as_bytes(), options()).unwrap();
    assert_eq!(counts(&report), [lines, 0, 0, 0]);
    let report = import_calls(&mut store, file.as_bytes(), options()).unwrap();
    assert_eq!(counts(&report), [0, 0, lines, 0]);
}

#[test]
fn s5_20_s5_21_an_imported_call_has_its_cost_and_its_mark_as_one_of_the_phone() {
    let mut store = Store::in_memory().unwrap();
    let ivan = Client {
        category: crate::model::CategoryId::new("vip"),
        ..Client::named("Ivan", Timestamp::UNIX_EPOCH)
    };
    let ivan = ivan.with_phone(PhoneNumber::from_e164("+77011112233").unwrap());
    store.write(|writer| writer.save_client(&ivan)).unwrap();
    let tariffs = "time_zone = \"Asia/Almaty\"\ncurrency = \"KZT\"\n\
                   [[tariff]]\nname = \"Mobile\"\nprefix = \"+7705\"\nprice = \"10\"\n";
    let file = std::path::Path::new("tariffs.toml");
    let limit = |category: Option<&str>, seconds| crate::model::TalkLimit {
        talk: Duration::from_secs(seconds),
        direction: None,
        prefix: String::new(),
        category: category.map(crate::model::CategoryId::new),
        extension: None,
    };
    let with = CallLogOptions {
        tariffs: Tariffs::parse(tariffs, file, TimeZone::UTC).unwrap(),
        limits: TalkLimits {
            limits: vec![limit(Some("vip"), 60), limit(None, 29)],
            otherwise: None,
        },
        ..options()
    };
    import_calls(&mut store, MASTER.as_bytes(), with).unwrap();
    let told: Vec<_> = log(&store)
        .into_iter()
        .filter(|line| line.record.answered_at.is_some())
        .map(|line| {
            let cost = line
                .record
                .cost
                .map(|cost| (cost.amount.minor, cost.tariff));
            (line.record.talk.as_secs(), cost, line.record.too_long)
        })
        .collect();
    // The VIP may talk for a minute, others for half of it; half a begun minute costs a whole one.
    let mobile = Some((1_000, "Mobile".to_owned()));
    assert_eq!(
        told,
        [(61, None, true), (30, mobile, true), (20, None, false)]
    );
}
