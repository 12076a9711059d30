//! Tasks: whoever called in vain is owed a call until people have talked, or somebody says why not.

mod sequences;

use jiff::{Timestamp, ToSpan};
use rusqlite::Connection;

use super::WHO;
use super::handle::{done, submit};
use crate::model::{
    CallId, CallRecord, CallStatus, Client, ClientId, Direction, EndReason, PhoneNumber, Seat,
    Task, TaskChange, TaskNews, TaskTerms,
};
use crate::store::{
    CallFilter, Owed, Store, StoreCommand, StoreError, StoreHandle, StoreReply, TaskFilter,
    TaskState,
};

const HOUR: TaskTerms = TaskTerms {
    due: std::time::Duration::from_secs(3600),
};
const IVAN: &str = "+77011112233";
const IVANS_OTHER: &str = "+77272500000";
const STRANGER: &str = "+36305550101";

fn at(minutes: i64) -> Timestamp {
    let morning: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    morning + minutes.minutes()
}

/// A call of one minute with `other`, from this minute on.
fn call(direction: Direction, status: CallStatus, other: &str, minute: i64) -> CallRecord {
    let mut call = CallRecord::begin(CallId::new(), direction, at(minute));
    call.status = status;
    call.number = PhoneNumber::from_e164(other);
    match direction {
        Direction::Incoming => call.caller = other.into(),
        Direction::Outgoing => call.callee = other.into(),
    }
    call.answered_at = (status == CallStatus::Answered).then_some(at(minute));
    call.ended_at = Some(at(minute + 1));
    call
}

fn missed(other: &str, minute: i64) -> CallRecord {
    call(Direction::Incoming, CallStatus::Missed, other, minute)
}

fn talk(other: &str, minute: i64) -> CallRecord {
    call(Direction::Outgoing, CallStatus::Answered, other, minute)
}

fn close(store: &mut Store, call: &CallRecord) -> Vec<TaskNews> {
    store
        .write(|w| {
            w.save_call(call)?;
            w.follow_up(call.call, HOUR)
        })
        .unwrap()
}

fn changes(news: &[TaskNews]) -> Vec<TaskChange> {
    news.iter().map(|news| news.change).collect()
}

fn open(store: &Store) -> Vec<Task> {
    let filter = TaskFilter {
        state: Some(TaskState::Open),
        ..TaskFilter::default()
    };
    let lines = store.read(|r| r.tasks(&filter, None)).unwrap();
    lines.into_iter().map(|line| line.task).collect()
}

fn add_client(store: &mut Store, name: &str, numbers: &[&str]) -> ClientId {
    let mut client = Client::named(name, at(0));
    for number in numbers {
        client = client.with_phone(PhoneNumber::from_e164(number).unwrap());
    }
    store.write(|w| w.save_client(&client)).unwrap();
    client.id
}

#[test]
fn a_lost_call_opens_a_task_the_next_joins_it_and_a_talk_closes_it() {
    let mut store = Store::in_memory().unwrap();
    let first = missed(STRANGER, 0);
    let news = close(&mut store, &first);
    assert_eq!(changes(&news), [TaskChange::Opened]);
    let task = news[0].line.task.clone();
    assert_eq!(
        (task.calls, task.opened_at, task.due_at),
        (1, at(1), at(61))
    );
    assert_eq!((&*task.caller, task.client), (STRANGER, None));

    let second = call(Direction::Incoming, CallStatus::Busy, STRANGER, 10);
    let news = close(&mut store, &second);
    assert_eq!(changes(&news), [TaskChange::Joined]);
    let joined = &open(&store)[0];
    assert_eq!((joined.id, joined.calls), (task.id, 2));
    assert_eq!((joined.last_at, joined.due_at), (at(11), at(61)));
    let lost = store.read(|r| r.task_calls(task.id)).unwrap();
    let lost: Vec<CallId> = lost.iter().map(|line| line.record.call).collect();
    assert_eq!(lost, [first.call, second.call]);

    let in_vain = call(Direction::Outgoing, CallStatus::Failed, STRANGER, 20);
    assert!(close(&mut store, &in_vain).is_empty());
    let talk = talk(STRANGER, 30);
    let news = close(&mut store, &talk);
    assert_eq!(changes(&news), [TaskChange::Closed]);
    assert!(open(&store).is_empty());
    let closed = store.read(|r| r.load_task(task.id)).unwrap().task.closed;
    let closed = closed.unwrap();
    assert_eq!((closed.at, closed.contact), (at(31), Some(talk.call)));
    assert_eq!(
        changes(&close(&mut store, &missed(STRANGER, 40))),
        [TaskChange::Opened]
    );
}

#[test]
fn any_number_of_the_client_joins_and_any_closes() {
    let mut store = Store::in_memory().unwrap();
    let ivan = add_client(&mut store, "Ivan", &[IVAN, IVANS_OTHER]);
    assert_eq!(
        close(&mut store, &missed(IVAN, 0))[0].line.task.client,
        Some(ivan)
    );
    let news = close(&mut store, &missed(IVANS_OTHER, 5));
    assert_eq!(changes(&news), [TaskChange::Joined]);
    assert_eq!(news[0].line.client_name.as_deref(), Some("Ivan"));
    assert_eq!(
        changes(&close(&mut store, &talk(IVAN, 10))),
        [TaskChange::Closed]
    );
    assert!(open(&store).is_empty());
}

#[test]
fn a_hidden_caller_is_owed_nothing_that_anybody_could_do() {
    let mut store = Store::in_memory().unwrap();
    for text in ["", "anonymous"] {
        let mut hidden = missed(text, 0);
        hidden.hidden = true;
        assert!(close(&mut store, &hidden).is_empty());
    }
}

#[test]
fn an_internal_number_and_a_user_are_callers_as_any() {
    let mut store = Store::in_memory().unwrap();
    close(&mut store, &missed("102", 0));
    close(&mut store, &missed("bob", 0));
    assert_eq!(open(&store).len(), 2);
    assert_eq!(
        changes(&close(&mut store, &talk("102", 5))),
        [TaskChange::Closed]
    );
    assert_eq!(open(&store)[0].caller, "bob");
}

#[test]
fn a_number_that_becomes_a_clients_takes_its_task_along() {
    let mut store = Store::in_memory().unwrap();
    close(&mut store, &missed(STRANGER, 0));
    let maria = add_client(&mut store, "Maria", &[STRANGER]);
    assert_eq!(open(&store)[0].client, Some(maria));
    // A client who is owed a call already is owed one.
    let before = open(&store)[0].id;
    close(&mut store, &missed(IVAN, 10));
    let (one, ivan) = (PhoneNumber::from_e164(IVAN).unwrap(), open(&store)[1].id);
    store.write(|w| w.add_number(maria, one, "")).unwrap();
    let tasks = open(&store);
    assert_eq!(tasks.len(), 1);
    assert_eq!((tasks[0].id, tasks[0].calls), (before, 2));
    assert_eq!((&*tasks[0].caller, tasks[0].due_at), (IVAN, at(61)));
    let taken_in = store.read(|r| r.find_task(ivan)).unwrap().unwrap();
    assert_eq!(taken_in.task.id, before, "its old id still leads to it");
    assert_eq!(store.read(|r| r.task_calls(before)).unwrap().len(), 2);
}

#[test]
fn what_turns_out_to_have_been_a_talk_with_the_client_closes_the_task() {
    let mut store = Store::in_memory().unwrap();
    let maria = add_client(&mut store, "Maria", &[STRANGER]);
    close(&mut store, &missed(STRANGER, 0));
    assert!(close(&mut store, &talk(IVAN, 10)).is_empty());
    let other = PhoneNumber::from_e164(IVAN).unwrap();
    store.write(|w| w.add_number(maria, other, "")).unwrap();
    assert!(open(&store).is_empty());
}

#[test]
fn one_client_of_two_is_owed_one_call() {
    let mut store = Store::in_memory().unwrap();
    let ivan = add_client(&mut store, "Ivan", &[IVAN]);
    let double = add_client(&mut store, "I. Petrov", &[IVANS_OTHER]);
    close(&mut store, &missed(IVANS_OTHER, 0));
    close(&mut store, &missed(IVAN, 5));
    assert_eq!(open(&store).len(), 2);
    store.write(|w| w.merge_clients(WHO, ivan, double)).unwrap();
    let tasks = open(&store);
    assert_eq!(tasks.len(), 1);
    assert_eq!((tasks[0].client, tasks[0].calls), (Some(ivan), 2));
    assert_eq!((tasks[0].opened_at, tasks[0].due_at), (at(1), at(61)));
    // A call that was looked up before the merge is the kept client's.
    let mut late = missed(IVAN, 10);
    late.client = Some(double);
    assert_eq!(close(&mut store, &late)[0].line.task.calls, 3);
}

#[test]
fn a_deleted_clients_task_is_owed_to_the_number() {
    let mut store = Store::in_memory().unwrap();
    let ivan = add_client(&mut store, "Ivan", &[IVAN]);
    close(&mut store, &missed(IVAN, 0));
    store.write(|w| w.delete_client(WHO, ivan)).unwrap();
    assert_eq!(open(&store)[0].client, None);
    assert_eq!(
        changes(&close(&mut store, &talk(IVAN, 5))),
        [TaskChange::Closed]
    );
}

#[test]
fn a_shared_number_reaches_everybody_who_has_it_and_their_own_numbers_nobody_else() {
    let mut store = Store::in_memory().unwrap();
    let reception = "+77272600000";
    add_client(&mut store, "Ivan", &[IVAN, reception]);
    add_client(&mut store, "Olga", &[IVANS_OTHER, reception]);
    close(&mut store, &missed(IVAN, 0));
    close(&mut store, &missed(IVANS_OTHER, 0));
    assert_eq!(
        changes(&close(&mut store, &talk(IVAN, 5))),
        [TaskChange::Closed]
    );
    assert_eq!(open(&store)[0].caller, IVANS_OTHER);
    assert_eq!(
        changes(&close(&mut store, &talk(reception, 10))),
        [TaskChange::Closed]
    );
}

#[test]
fn a_call_linked_by_hand_takes_its_task_along() {
    let mut store = Store::in_memory().unwrap();
    let lost = missed(STRANGER, 0);
    close(&mut store, &lost);
    let maria = add_client(&mut store, "Maria", &[]);
    store.write(|w| w.link_call(lost.call, maria)).unwrap();
    assert_eq!(open(&store)[0].client, Some(maria));
}

#[test]
fn rows_may_be_written_in_any_order_and_twice() {
    let mut store = Store::in_memory().unwrap();
    // Two calls at once: the talk went on after the other one was lost, and its row came first.
    let mut long = talk(IVAN, 0);
    long.ended_at = Some(at(10));
    assert!(close(&mut store, &long).is_empty());
    assert!(close(&mut store, &missed(IVAN, 5)).is_empty());
    let lost = missed(IVAN, 20);
    assert_eq!(close(&mut store, &lost).len(), 1);
    assert!(close(&mut store, &lost).is_empty(), "it is counted once");
    assert!(close(&mut store, &long).is_empty(), "it was over before");
    assert_eq!(open(&store)[0].calls, 1);
}

#[test]
fn a_task_is_closed_by_a_reason_once() {
    let mut store = Store::in_memory().unwrap();
    let task = close(&mut store, &missed(STRANGER, 0))[0].line.task.id;
    let mut refused = |reason: &str| {
        let refused = store.write(|w| w.close_task(task, reason)).unwrap_err();
        assert!(
            matches!(refused, StoreError::NotAllowed { .. }),
            "{refused}"
        );
    };
    refused(" ");
    refused(&"x".repeat(2000));
    store
        .write(|w| w.close_task(task, " Wrong number "))
        .unwrap();
    let closed = store.read(|r| r.load_task(task)).unwrap().task.closed;
    let closed = closed.unwrap();
    assert_eq!((&*closed.reason, closed.contact), ("Wrong number", None));
    let twice = store.write(|w| w.close_task(task, "Again")).unwrap_err();
    assert!(twice.to_string().contains("a task that is open"), "{twice}");
    assert_eq!(close(&mut store, &missed(STRANGER, 5)).len(), 1);
}

#[test]
fn whoever_was_ringing_at_a_crash_is_owed_a_call_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let mut ringing = missed(STRANGER, 0);
    (ringing.status, ringing.ended_at) = (CallStatus::InProgress, None);
    ringing.last_seen_at = at(2);
    let mut talking = talk(IVAN, 0);
    (talking.status, talking.ended_at) = (CallStatus::InProgress, None);
    let mut store = Store::open(&path).unwrap();
    store
        .write(|w| w.save_call(&ringing).and_then(|()| w.save_call(&talking)))
        .unwrap();
    drop(store);

    let (handle, opening) = StoreHandle::open_with(&path, Some(HOUR), Seat::FREE, |_| {}).unwrap();
    assert_eq!(opening.interrupted.len(), 2);
    assert_eq!(changes(&opening.tasks), [TaskChange::Opened]);
    let task = &opening.tasks[0].line.task;
    assert_eq!(
        (&*task.caller, task.opened_at, task.due_at),
        (STRANGER, at(2), at(62))
    );
    drop(handle);
    let (_, opening) = StoreHandle::open_with(&path, Some(HOUR), Seat::FREE, |_| {}).unwrap();
    assert!(opening.tasks.is_empty(), "once");
    assert_eq!(open(&Store::open(&path).unwrap()).len(), 1);
}

#[test]
fn a_talk_while_the_module_was_off_counts_when_it_is_on_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let mut store = Store::open(&path).unwrap();
    add_client(&mut store, "Ivan", &[IVAN, IVANS_OTHER]);
    close(&mut store, &missed(IVAN, 0));
    close(&mut store, &missed(STRANGER, 0));
    store.write(|w| w.save_call(&talk(IVANS_OTHER, 5))).unwrap();
    drop(store);
    let (_, opening) = StoreHandle::open_with(&path, None, Seat::FREE, |_| {}).unwrap();
    assert!(opening.tasks.is_empty(), "off is off");
    let (_, opening) = StoreHandle::open_with(&path, Some(HOUR), Seat::FREE, |_| {}).unwrap();
    assert_eq!(changes(&opening.tasks), [TaskChange::Closed]);
    assert_eq!(open(&Store::open(&path).unwrap())[0].caller, STRANGER);
}

#[test]
fn tasks_are_found_by_indexes_only() {
    let connection = crate::store::open::in_memory().unwrap();
    let steps = crate::store::follow_up::plans(&connection).unwrap();
    let searches = steps.iter().filter(|step| step.starts_with("SEARCH"));
    assert!(searches.clone().count() >= 7, "{steps:#?}");
    // What is walked through is what a search has found.
    let mut walks = steps.iter().filter(|step| step.starts_with("SCAN"));
    assert!(walks.all(|step| step == "SCAN c"), "{steps:#?}");
    assert!(
        searches.clone().all(|step| step.contains(" USING ")),
        "{steps:#?}"
    );
}

#[test]
fn s1_1_without_the_module_a_crash_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let mut ringing = missed(STRANGER, 0);
    (ringing.status, ringing.ended_at) = (CallStatus::InProgress, None);
    let mut store = Store::open(&path).unwrap();
    store.write(|w| w.save_call(&ringing)).unwrap();
    drop(store);
    let (_, opening) = StoreHandle::open_with(&path, None, Seat::FREE, |_| {}).unwrap();
    assert_eq!(opening.interrupted.len(), 1);
    assert!(open(&Store::open(&path).unwrap()).is_empty());
}

fn close_command(record: &CallRecord) -> StoreCommand {
    StoreCommand::CloseCall {
        record: Box::new(record.clone()),
        recordings: Vec::new(),
        flight: None,
        tasks: Some(HOUR),
    }
}

#[test]
fn the_phone_hears_of_a_task_when_row_and_task_are_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let (handle, _) = StoreHandle::open(&path).unwrap();
    let lost = missed(STRANGER, 0);
    let reply = submit(&handle, close_command(&lost));
    let StoreReply::Done { tasks, .. } = reply.recv().unwrap() else {
        panic!("the row was refused")
    };
    assert_eq!(changes(&tasks), [TaskChange::Opened]);
    assert_eq!(
        (tasks[0].call, open(&Store::open(&path).unwrap()).len()),
        (lost.call, 1)
    );
}

#[test]
fn a_row_and_its_task_are_written_together_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let mut store = Store::open(&path).unwrap();
    let lost = missed(STRANGER, 0);
    let cut_off: Result<(), StoreError> = store.write(|w| {
        w.save_call(&lost)?;
        w.follow_up(lost.call, HOUR)?;
        Err(StoreError::Closed)
    });
    assert!(cut_off.is_err());
    assert!(open(&store).is_empty());
    assert_eq!(
        store
            .read(|r| r.count_calls(&CallFilter::default()))
            .unwrap(),
        0
    );
}

#[test]
fn a_task_that_the_database_refuses_costs_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let (handle, _) = StoreHandle::open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER no_tasks BEFORE INSERT ON tasks BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .unwrap();
    let lost = missed(STRANGER, 0);
    assert!(!done(&submit(&handle, close_command(&lost))), "it is told");
    drop(handle);
    let store = Store::open(&path).unwrap();
    let row = store.read(|r| r.find_call(lost.call)).unwrap().unwrap();
    assert_eq!(row.record, lost);
}

#[test]
fn a_caller_who_was_sent_on_or_answered_elsewhere_opens_nothing() {
    let mut store = Store::in_memory().unwrap();
    let mut sent_on = missed(STRANGER, 0);
    sent_on.end_reason = Some(EndReason::Transferred);
    assert!(close(&mut store, &sent_on).is_empty());
    close(&mut store, &missed(STRANGER, 5));
    assert!(
        close(&mut store, &sent_on).is_empty(),
        "nor does it close one"
    );
    let elsewhere = call(
        Direction::Incoming,
        CallStatus::AnsweredElsewhere,
        STRANGER,
        10,
    );
    assert_eq!(
        changes(&close(&mut store, &elsewhere)),
        [TaskChange::Closed]
    );
}

#[test]
fn tasks_are_read_page_by_page_the_open_ones_by_what_is_due_the_closed_ones_by_what_was_done() {
    let mut store = Store::in_memory().unwrap();
    let numbers: Vec<String> = (0..5).map(|n| format!("+7702000000{n}")).collect();
    for (minute, number) in (0..).step_by(10).zip(&numbers) {
        close(&mut store, &missed(number, minute));
    }
    close(&mut store, &talk(&numbers[3], 50));
    close(&mut store, &talk(&numbers[0], 60));
    let page = |state, offset| {
        let filter = TaskFilter {
            state: Some(state),
            ..TaskFilter::default()
        };
        let (lines, count) = store
            .read(|r| -> Result<_, StoreError> {
                Ok((r.tasks_from(&filter, offset, 2)?, r.count_tasks(&filter)?))
            })
            .unwrap();
        let callers: Vec<String> = lines.into_iter().map(|line| line.task.caller).collect();
        (callers, count)
    };
    let of = |places: [usize; 2]| places.map(|place| numbers[place].clone()).to_vec();
    assert_eq!(page(TaskState::Open, 0), (of([1, 2]), 3));
    assert_eq!(page(TaskState::Open, 1), (of([2, 4]), 3));
    assert_eq!(page(TaskState::Closed, 0), (of([0, 3]), 2));

    let owed = |minute| store.read(|r| r.owed(at(minute))).unwrap();
    let tasks = |overdue, next_due: Option<i64>| Owed {
        open: 3,
        overdue,
        next_due: next_due.map(at),
    };
    assert_eq!(owed(71), tasks(0, Some(71)));
    assert_eq!(owed(72), tasks(1, Some(81)));
    assert_eq!(owed(102), tasks(3, None));
}
