//! The phone's way: threads, outages, damage, crashes.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan};
use rusqlite::Connection;

use super::WHO;
use super::flights::landed;
use crate::model::{
    CallId, CallRecord, CallStatus, CardLayout, Client, Direction, EndReason, PhoneNumber,
    RecordingId, RecordingRow, RecordingState, Seat,
};
use crate::store::{
    CallFilter, CallerQuery, Reader, Store, StoreCommand, StoreHandle, StoreNotice, StoreReply,
    sample,
};

const DEADLINE: Duration = Duration::from_secs(20);

fn record(status: CallStatus) -> Box<CallRecord> {
    let now = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
    let mut record = CallRecord::begin(CallId::new(), Direction::Incoming, now);
    record.status = status;
    record.caller = sample::STRANGER.into();
    record.number = PhoneNumber::from_e164(sample::STRANGER);
    Box::new(record)
}

pub(super) fn submit(handle: &StoreHandle, command: StoreCommand) -> Receiver<StoreReply> {
    let (send, receive) = channel();
    handle.submit(command, move |reply| send.send(reply).unwrap());
    receive
}

pub(super) fn done(receive: &Receiver<StoreReply>) -> bool {
    matches!(
        receive.recv_timeout(DEADLINE).unwrap(),
        StoreReply::Done { .. }
    )
}

fn logged(path: &Path) -> Vec<CallRecord> {
    let store = Store::open(path).unwrap();
    let lines = store
        .read(|r| r.calls(&CallFilter::default(), 0, 100_000))
        .unwrap();
    lines.into_iter().map(|line| line.record).collect()
}

fn recording_of(record: &CallRecord) -> RecordingRow {
    RecordingRow {
        id: RecordingId::new(),
        call: record.call,
        file: RecordingRow::file_name(record.call, record.started_at, "wav"),
        started_at: record.started_at,
        duration: Duration::from_millis(61_020),
        channels: 2,
        sample_rate: 48_000,
        codec: "pcm_s16le".into(),
        size: 11_716_044,
        sha256: Some([7; 32]),
        state: RecordingState::Finished,
    }
}

#[test]
fn s1_5_a_call_leaves_exactly_one_row_with_its_recording() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let (handle, opening) = StoreHandle::open(&path).unwrap();
    assert!(opening.interrupted.is_empty());
    let mut call = record(CallStatus::InProgress);
    assert!(done(&submit(&handle, StoreCommand::OpenCall(call.clone()))));
    call.answered_at = Some(call.started_at);
    assert!(done(&submit(
        &handle,
        StoreCommand::UpdateCall(call.clone())
    )));
    call.status = CallStatus::Answered;
    call.talk = Duration::from_secs(61);
    call.ended_at = Some(call.started_at);
    call.end_reason = Some(EndReason::RemoteHangup);
    let recording = recording_of(&call);
    let close = StoreCommand::CloseCall {
        record: call.clone(),
        recordings: vec![recording.clone()],
        flight: Some(Box::new(landed(call.started_at, 10))),
        tasks: None,
    };
    assert!(done(&submit(&handle, close)));
    drop(handle);

    let store = Store::open(&path).unwrap();
    let lines = store
        .read(|r| r.calls(&CallFilter::default(), 0, 10))
        .unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].record, *call);
    assert_eq!(lines[0].recording.as_deref(), Some(&*recording.file));
    let flight = store.read(|r| r.find_flight(call.call)).unwrap();
    assert_eq!(flight, Some(landed(call.started_at, 10).flight));
}

#[test]
fn s1_2_the_caller_is_found_while_the_writer_is_locked_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    Store::open(&path)
        .unwrap()
        .write(|w| w.add_sample_office("2026-11-22".parse().unwrap()))
        .unwrap();
    let (handle, _) = StoreHandle::open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let row = submit(
        &handle,
        StoreCommand::OpenCall(record(CallStatus::InProgress)),
    );

    let call = CallId::new();
    let found = submit(
        &handle,
        StoreCommand::FindCaller {
            call,
            asked: CallerQuery {
                number: PhoneNumber::from_e164(sample::IVAN),
                text: "87011112233".into(),
                extension: Some("101".into()),
                at: Timestamp::now(),
                client: None,
            },
            layout: String::new(),
        },
    );
    let StoreReply::Caller {
        call: answered,
        found: Some(found),
        layout: Some(layout),
    } = found.recv_timeout(DEADLINE).unwrap()
    else {
        panic!("not found")
    };
    assert_eq!((answered, layout), (call, CardLayout::default()));
    assert_eq!(found.client.unwrap().name, "Ivan Petrov");
    assert_eq!(found.category.unwrap().id.as_str(), "vip");
    assert_eq!(found.employee.unwrap().name, "Anna");
    let order = &found.orders[0];
    assert_eq!((&*order.number, &*order.stage), ("1001", "Cutting"));
    assert_eq!(order.responsible.as_ref().unwrap().name, "Anna");
    assert_eq!(order.debt.as_ref().unwrap().minor, 1_250_000);

    assert!(row.try_recv().is_err(), "the row cannot be on disk yet");
    other.execute_batch("COMMIT").unwrap();
    assert!(done(&row));
}

#[test]
fn rows_wait_while_the_database_is_locked_and_are_all_written_after() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    Store::open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    let (notices, heard) = channel();
    let (handle, _) =
        StoreHandle::open_with(&path, None, Seat::FREE, move |n| notices.send(n).unwrap()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let asked = Instant::now();
    let waiting: Vec<_> = (0..300)
        .map(|_| {
            submit(
                &handle,
                StoreCommand::OpenCall(record(CallStatus::InProgress)),
            )
        })
        .collect();
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "submitting waited for the database"
    );
    let notice = heard.recv_timeout(DEADLINE).unwrap();
    assert!(
        matches!(notice, StoreNotice::Unavailable { .. }),
        "{notice:?}"
    );
    other.execute_batch("COMMIT").unwrap();
    assert!(waiting.iter().all(done));
    assert_eq!(
        heard.recv_timeout(DEADLINE).unwrap(),
        StoreNotice::Recovered
    );
    assert!(handle.waiting().is_empty());
    drop(handle);
    assert_eq!(logged(&path).len(), 300);
}

#[test]
fn a_phone_starts_on_a_locked_database_and_writes_when_it_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    Store::open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (handle, opening) = StoreHandle::open(&path).unwrap();
    assert!(opening.waiting.is_some());
    let row = submit(
        &handle,
        StoreCommand::OpenCall(record(CallStatus::InProgress)),
    );
    other.execute_batch("COMMIT").unwrap();
    assert!(done(&row));
}

#[test]
fn a_full_disk_keeps_the_rows_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let (handle, _) = StoreHandle::open(&path).unwrap();
    let (send, receive) = channel();
    let limit = |handle: &StoreHandle, pages: i64| {
        let send = send.clone();
        handle.write(
            move |w| {
                let pages = if pages == 0 { 0x3fff_ffff } else { pages };
                Ok(w.connection.pragma_update(None, "max_page_count", pages)?)
            },
            move |result| send.send(result.is_ok()).unwrap(),
        );
        assert!(receive.recv_timeout(DEADLINE).unwrap());
    };
    limit(&handle, 1); // no page may be added
    let mut call = record(CallStatus::Missed);
    call.remote_name = "long ".repeat(20_000);
    let row = submit(&handle, StoreCommand::OpenCall(call));
    assert!(row.recv_timeout(Duration::from_millis(300)).is_err());
    limit(&handle, 0);
    assert!(done(&row));
}

#[test]
fn a_damaged_file_is_kept_aside_and_an_empty_store_begun() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    fs::write(&path, "not a database ".repeat(500)).unwrap();
    let (handle, opening) = StoreHandle::open(&path).unwrap();
    let aside = opening.kept_aside.expect("said");
    assert!(
        aside.to_string_lossy().contains("ringbook.db.corrupt-"),
        "{aside:?}"
    );
    assert!(fs::read(&aside).unwrap().starts_with(b"not a database"));
    assert!(done(&submit(
        &handle,
        StoreCommand::OpenCall(record(CallStatus::Missed))
    )));
}

#[test]
fn a_file_damaged_while_the_phone_runs_costs_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let mut store = Store::open(&path).unwrap();
    store
        .write(|w| w.add_sample_office("2026-11-22".parse().unwrap()))
        .unwrap();
    drop(store); // the last connection empties the log into the file
    let (notices, heard) = channel();
    let (handle, _) =
        StoreHandle::open_with(&path, None, Seat::FREE, move |n| notices.send(n).unwrap()).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..].fill(0xa5);
    fs::write(&path, bytes).unwrap();

    let call = record(CallStatus::Missed);
    let row = submit(&handle, StoreCommand::OpenCall(call.clone()));
    assert!(done(&row));
    let notice = heard.recv_timeout(DEADLINE).unwrap();
    let StoreNotice::KeptAside { file } = notice else {
        panic!("{notice:?}")
    };
    assert!(file.exists());
    drop(handle);
    assert_eq!(logged(&path), vec![*call]);
}

#[test]
fn calls_in_progress_at_a_crash_are_closed_as_interrupted_by_the_phone_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let mut ringing = *record(CallStatus::InProgress);
    ringing.last_seen_at = ringing.started_at + 7.seconds();
    let mut talking = *record(CallStatus::InProgress);
    talking.answered_at = Some(talking.started_at + 4.seconds());
    talking.ring = Duration::from_secs(4);
    talking.last_seen_at = talking.started_at + 65.seconds();
    let mut store = Store::open(&path).unwrap();
    store
        .write(|w| w.save_call(&ringing).and_then(|()| w.save_call(&talking)))
        .unwrap();
    drop(store);
    assert!(
        logged(&path)
            .iter()
            .all(|call| call.status == CallStatus::InProgress)
    );

    let (handle, opening) = StoreHandle::open(&path).unwrap();
    assert_eq!(opening.interrupted.len(), 2);
    let closed = |id| {
        opening
            .interrupted
            .iter()
            .find(|call| call.call == id)
            .unwrap()
    };
    let talked = closed(talking.call);
    assert_eq!(talked.status, CallStatus::Interrupted);
    assert_eq!(talked.end_reason, Some(EndReason::Interrupted));
    assert_eq!(
        (talked.ring, talked.talk),
        (Duration::from_secs(4), Duration::from_secs(61))
    );
    assert_eq!(talked.ended_at, Some(talking.last_seen_at));
    let rang = closed(ringing.call);
    assert_eq!(
        (rang.ring, rang.talk),
        (Duration::from_secs(7), Duration::ZERO)
    );

    // The repaired recording knows the length better.
    let mut better = talked.clone();
    better.talk = Duration::from_millis(61_400);
    let recording = RecordingRow {
        state: RecordingState::Repaired,
        ..recording_of(&better)
    };
    let close = StoreCommand::CloseCall {
        record: Box::new(better),
        recordings: vec![recording],
        flight: None,
        tasks: None,
    };
    assert!(done(&submit(&handle, close)));
    drop(handle);
    let (_, opening) = StoreHandle::open(&path).unwrap();
    assert!(opening.interrupted.is_empty(), "closed once");
    let talk = logged(&path)
        .into_iter()
        .find(|c| c.call == talking.call)
        .unwrap()
        .talk;
    assert_eq!(talk, Duration::from_millis(61_400));
}

#[test]
fn the_windows_changes_run_after_the_rows_before_them_and_its_questions_see_them() {
    let dir = tempfile::tempdir().unwrap();
    let (handle, _) = StoreHandle::open(&dir.path().join("ringbook.db")).unwrap();
    let call = record(CallStatus::InProgress);
    let id = call.call;
    let client = Client::named("New Caller", Timestamp::now());
    let (send, receive) = channel();
    handle.submit(StoreCommand::OpenCall(call), |_| {});
    handle.write(
        {
            let client = client.clone();
            move |w| {
                w.save_client(&client)
                    .and_then(|()| w.link_call(id, client.id))
            }
        },
        move |result| send.send(result).unwrap(),
    );
    receive.recv_timeout(DEADLINE).unwrap().unwrap();
    let (send, receive) = channel();
    handle.read(
        move |r| r.find_call(id),
        move |line| send.send(line).unwrap(),
    );
    let line = receive.recv_timeout(DEADLINE).unwrap().unwrap().unwrap();
    assert_eq!(line.record.client, Some(client.id));
    assert_eq!(line.client_name.as_deref(), Some("New Caller"));
}

#[test]
fn a_request_that_panics_stops_neither_the_log_nor_the_next_request() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let (handle, _) = StoreHandle::open(&path).unwrap();
    handle.write(
        |w| -> crate::store::Result<()> {
            w.save_client(&Client::named("Half", Timestamp::now()))?;
            panic!("on purpose")
        },
        |_| {},
    );
    handle.read(
        |_| -> crate::store::Result<()> { panic!("on purpose") },
        |_| {},
    );
    assert!(done(&submit(
        &handle,
        StoreCommand::OpenCall(record(CallStatus::Missed))
    )));
    let (send, receive) = channel();
    handle.read(
        |r| r.count_clients(),
        move |count| send.send(count).unwrap(),
    );
    assert_eq!(receive.recv_timeout(DEADLINE).unwrap().unwrap(), 0);
}

/// Killed in the middle of its work by the test below; harmless without its variable.
#[test]
fn child_writes_rows_and_prints_each_acknowledged_one() {
    let Some(path) = std::env::var_os("RINGBOOK_TEST_KILLED_CHILD") else {
        return;
    };
    let (handle, _) = StoreHandle::open(Path::new(&path)).unwrap();
    for _ in 0..100_000 {
        let row = submit(
            &handle,
            StoreCommand::OpenCall(record(CallStatus::InProgress)),
        );
        let StoreReply::Done { call, .. } = row.recv_timeout(DEADLINE).unwrap() else {
            return;
        };
        println!("acknowledged {call}");
    }
}

#[test]
fn kill_9_loses_no_acknowledged_row() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    for round in 1..=5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("store::tests::handle::child_writes_rows_and_prints_each_acknowledged_one")
            .env("RINGBOOK_TEST_KILLED_CHILD", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged: Vec<CallId> = Vec::new();
        let read = |line: &str| {
            line.rsplit_once("acknowledged ")
                .map(|(_, call)| call.parse::<CallId>().unwrap())
        };
        while acknowledged.len() < 10 * round {
            acknowledged.extend(read(&lines.next().unwrap().unwrap()));
        }
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| read(&line)));

        let (handle, opening) = StoreHandle::open(&path).unwrap();
        drop(handle);
        assert!(opening.kept_aside.is_none());
        let kept: Vec<CallId> = logged(&path).iter().map(|call| call.call).collect();
        let lost: Vec<_> = acknowledged
            .iter()
            .filter(|call| !kept.contains(call))
            .collect();
        assert!(lost.is_empty(), "round {round}: {lost:?}");
        assert!(opening.interrupted.len() >= acknowledged.len());
    }
}

fn asked<T: Send + 'static>(
    handle: &StoreHandle,
    query: impl FnOnce(&Reader<'_>) -> crate::store::Result<T> + Send + 'static,
) -> T {
    let (send, receive) = channel();
    handle.read(query, move |answer| send.send(answer.unwrap()).unwrap());
    receive.recv_timeout(DEADLINE).unwrap()
}

#[test]
fn a_page_of_a_long_list_is_found_by_what_is_remembered_of_it_as_long_as_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let mut store = Store::open(&path).unwrap();
    store.write(|w| w.add_bulk_clients(0, 3_210)).unwrap();
    let (handle, _) = StoreHandle::open(&path).unwrap();
    let same = |store: &Store, left: u64| {
        assert_eq!(asked(&handle, |r| r.count_clients()), left);
        for offset in [
            0, 1, 998, 999, 1_000, 1_990, 2_999, 3_000, 3_200, 3_209, 3_210, 9_999,
        ] {
            let plain = store.read(|r| r.clients(offset, 25)).unwrap();
            assert_eq!(
                asked(&handle, move |r| r.clients(offset, 25)),
                plain,
                "{offset}"
            );
        }
    };
    same(&store, 3_210);
    same(&store, 3_210);
    let first = store.read(|r| r.clients(0, 1)).unwrap()[0].id;
    store.write(|w| w.delete_client(WHO, first)).unwrap();
    same(&store, 3_209);
}
