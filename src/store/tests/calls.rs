//! The call log: rows kept as written, filtered, paged, counted.

use std::time::Duration;

use jiff::{Timestamp, ToSpan};

use super::WHO;
use crate::model::{
    CallId, CallLeg, CallOrigin, CallQuality, CallRecord, CallStatus, CategoryId, Client, ClientId,
    Cost, Direction, EndReason, KnownAs, LegOutcome, Money, PhoneNumber, RecordingId, RecordingRow,
    RecordingState,
};
use crate::store::{CallFilter, RecordingFilter, Store};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn record(started_at: Timestamp, direction: Direction, status: CallStatus) -> CallRecord {
    CallRecord {
        status,
        ..CallRecord::begin(CallId::new(), direction, started_at)
    }
}

fn ids(store: &Store, filter: &CallFilter) -> Vec<CallId> {
    let lines = store.read(|r| r.calls(filter, 0, 1000)).unwrap();
    lines.iter().map(|line| line.record.call).collect()
}

#[test]
fn s5_14_a_row_comes_back_with_every_field() {
    let mut store = Store::in_memory().unwrap();
    let client = Client::named("Ivan Petrov", Timestamp::UNIX_EPOCH);
    store.write(|w| w.save_client(&client)).unwrap();
    let started_at = at("2026-11-22T04:05:07.123Z");
    let full = CallRecord {
        call: CallId::new(),
        direction: Direction::Outgoing,
        status: CallStatus::Answered,
        started_at,
        ringing_at: Some(started_at + 1.seconds()),
        answered_at: Some(started_at + 5.seconds()),
        ended_at: Some(started_at + 66.seconds()),
        last_seen_at: started_at + 65.seconds(),
        caller: "101".into(),
        callee: "+77011112233".into(),
        number: PhoneNumber::from_e164("+77011112233"),
        remote_name: "Иван".into(),
        hidden: true,
        diverted_by: "104".into(),
        origin: Some(CallOrigin::Link),
        client: Some(client.id),
        client_name: "Ivan Petrov".into(),
        known_as: Some(KnownAs::Nobody),
        category: Some(CategoryId::new("vip")),
        identified: Some(Duration::from_millis(12_345)),
        extension: "101".into(),
        employee: "Anna".into(),
        account: "sip:101@office.example".into(),
        too_long: true,
        ring: Duration::from_secs(4),
        hold: Duration::from_millis(1500),
        talk: Duration::from_secs(61),
        end_reason: Some(EndReason::RemoteHangup),
        sip_status: Some(200),
        codec: Some("opus".into()),
        quality: Some(CallQuality {
            packets_sent: 3050,
            packets_received: 3041,
            packets_lost: 9,
            jitter_ms: 2.5,
            rtt_ms: Some(31.25),
            mos: Some(4.3),
        }),
        cost: Some(Cost {
            amount: Money {
                minor: 20,
                currency: "EUR".into(),
            },
            tariff: "Mobile".into(),
        }),
        legs: vec![CallLeg {
            extension: "102".into(),
            employee: String::new(),
            rang_at: started_at,
            ended_at: Some(started_at + 3.seconds()),
            outcome: LegOutcome::NoAnswer,
        }],
    };
    store.write(|w| w.save_call(&full)).unwrap();
    let line = store.read(|r| r.find_call(full.call)).unwrap().unwrap();
    assert_eq!(line.record, full);
    assert_eq!(line.category.unwrap().as_str(), "ordinary");
}

#[test]
fn a_client_who_was_linked_by_hand_stays_whatever_the_phone_writes() {
    let mut store = Store::in_memory().unwrap();
    let [wife, husband] =
        ["Wife", "Husband"].map(|name| Client::named(name, Timestamp::UNIX_EPOCH));
    let mut call = record(
        at("2026-11-22T09:00:00Z"),
        Direction::Incoming,
        CallStatus::InProgress,
    );
    (call.client, call.client_name) = (Some(wife.id), wife.name.clone());
    store
        .write(|w| {
            w.save_client(&wife)?;
            w.save_client(&husband)?;
            w.save_call(&call)?;
            w.link_call(call.call, husband.id)
        })
        .unwrap();
    call.ended_at = Some(call.started_at + 60.seconds());
    for client in [Some(wife.id), None] {
        call.client = client;
        store.write(|w| w.save_call(&call)).unwrap();
        let line = store.read(|r| r.find_call(call.call)).unwrap().unwrap();
        assert_eq!(line.record.ended_at, call.ended_at);
        assert_eq!(line.record.client, Some(husband.id));
        assert_eq!(line.record.client_name, "Husband");
    }
}

#[test]
fn the_row_of_a_call_follows_a_client_who_is_merged_meanwhile() {
    let mut store = Store::in_memory().unwrap();
    let [first, second, third] =
        ["First", "Second", "Third"].map(|name| Client::named(name, Timestamp::UNIX_EPOCH));
    let mut call = record(
        at("2026-11-22T09:00:00Z"),
        Direction::Incoming,
        CallStatus::InProgress,
    );
    (call.client, call.client_name) = (Some(first.id), first.name.clone());
    store
        .write(|w| {
            [&first, &second, &third]
                .map(|client| w.save_client(client))
                .into_iter()
                .collect::<Result<(), _>>()?;
            w.save_call(&call)?;
            w.merge_clients(WHO, second.id, first.id)?;
            w.merge_clients(WHO, third.id, second.id)
        })
        .unwrap();
    let client = |store: &Store| {
        let line = store.read(|r| r.find_call(call.call)).unwrap().unwrap();
        line.record.client
    };
    store.write(|w| w.save_call(&call)).unwrap();
    assert_eq!(client(&store), Some(third.id));
    // A client who is deleted stays in the row, which keeps the name.
    store.write(|w| w.delete_client(WHO, third.id)).unwrap();
    store.write(|w| w.save_call(&call)).unwrap();
    assert_eq!(client(&store), Some(third.id));
}

#[test]
fn s5_5_every_status_and_end_reason_can_be_kept() {
    let mut store = Store::in_memory().unwrap();
    for &status in CallStatus::ALL {
        let row = record(at("2026-11-22T09:00:00Z"), Direction::Incoming, status);
        store.write(|w| w.save_call(&row)).unwrap();
        let filter = CallFilter {
            statuses: vec![status],
            ..CallFilter::default()
        };
        assert_eq!(ids(&store, &filter), [row.call]);
    }
    for &reason in EndReason::ALL {
        let mut row = record(
            at("2026-11-22T09:00:00Z"),
            Direction::Incoming,
            CallStatus::Failed,
        );
        row.end_reason = Some(reason);
        store.write(|w| w.save_call(&row)).unwrap();
        let line = store.read(|r| r.find_call(row.call)).unwrap().unwrap();
        assert_eq!(line.record.end_reason, Some(reason));
    }
}

#[test]
fn s5_4_the_log_is_filtered_and_paged_latest_first() {
    let mut store = Store::in_memory().unwrap();
    let start = at("2026-11-21T00:00:00Z");
    let rows: Vec<CallRecord> = (0..48)
        .map(|hour: i64| {
            let (direction, status) = match hour % 3 {
                0 => (Direction::Incoming, CallStatus::Answered),
                1 => (Direction::Incoming, CallStatus::Missed),
                _ => (Direction::Outgoing, CallStatus::Answered),
            };
            record(start + hour.hours(), direction, status)
        })
        .collect();
    store
        .write(|w| rows.iter().try_for_each(|row| w.save_call(row)))
        .unwrap();

    let day = CallFilter {
        from: Some(at("2026-11-22T00:00:00Z")),
        to: Some(at("2026-11-23T00:00:00Z")),
        ..CallFilter::default()
    };
    let expected: Vec<CallId> = rows[24..].iter().rev().map(|row| row.call).collect();
    assert_eq!(ids(&store, &day), expected);
    let second_page = store.read(|r| r.calls(&day, 10, 10)).unwrap();
    let second_page: Vec<CallId> = second_page.iter().map(|line| line.record.call).collect();
    assert_eq!(second_page, expected[10..20]);

    let missed = CallFilter {
        direction: Some(Direction::Incoming),
        statuses: vec![CallStatus::Missed],
        ..day.clone()
    };
    assert_eq!(ids(&store, &missed).len(), 8);
    assert_eq!(store.read(|r| r.count_calls(&missed)).unwrap(), 8);
    let counts = store.read(|r| r.call_counts(&day)).unwrap();
    assert_eq!(
        counts.iter().map(|count| count.calls).collect::<Vec<_>>(),
        [8, 8, 8],
        "S5.2"
    );
}

#[test]
fn s5_32_a_clients_calls_are_those_of_all_its_numbers() {
    let mut store = Store::in_memory().unwrap();
    let mut client = Client::named("Ivan", Timestamp::UNIX_EPOCH);
    let numbers = ["+77011112233", "+77270000000"].map(|n| PhoneNumber::from_e164(n).unwrap());
    for number in numbers {
        client = client.with_phone(number);
    }
    for (n, number) in numbers.into_iter().enumerate() {
        let mut row = record(
            Timestamp::from_second(n as i64).unwrap(),
            Direction::Incoming,
            CallStatus::Missed,
        );
        row.number = Some(number);
        store.write(|w| w.save_call(&row)).unwrap();
    }
    store.write(|w| w.save_client(&client)).unwrap();
    let filter = |id| CallFilter {
        clients: Some(vec![id]),
        ..CallFilter::default()
    };
    assert_eq!(ids(&store, &filter(client.id)).len(), 2);
    assert!(ids(&store, &filter(ClientId::new())).is_empty());
}

#[test]
fn s5_26_the_log_shows_the_present_name_and_keeps_the_one_of_then() {
    let mut store = Store::in_memory().unwrap();
    let mut client = Client::named("Maiden Name", Timestamp::UNIX_EPOCH);
    let mut row = record(
        Timestamp::UNIX_EPOCH,
        Direction::Incoming,
        CallStatus::Answered,
    );
    (row.client, row.client_name) = (Some(client.id), client.name.clone());
    store
        .write(|w| w.save_client(&client).and_then(|()| w.save_call(&row)))
        .unwrap();
    client.name = "Married Name".into();
    store.write(|w| w.save_client(&client)).unwrap();
    let line = store.read(|r| r.find_call(row.call)).unwrap().unwrap();
    assert_eq!(line.client_name.as_deref(), Some("Married Name"));
    assert_eq!(line.record.client_name, "Maiden Name");
    store.write(|w| w.delete_client(WHO, client.id)).unwrap();
    let line = store.read(|r| r.find_call(row.call)).unwrap().unwrap();
    assert_eq!(line.client_name.as_deref(), Some("Maiden Name"));
}

#[test]
fn a_row_that_names_a_client_no_longer_there_is_kept_without_it() {
    let mut store = Store::in_memory().unwrap();
    let mut row = record(
        Timestamp::UNIX_EPOCH,
        Direction::Incoming,
        CallStatus::Answered,
    );
    row.client = Some(ClientId::new());
    store.write(|w| w.save_call(&row)).unwrap();
    assert_eq!(
        store
            .read(|r| r.find_call(row.call))
            .unwrap()
            .unwrap()
            .record
            .client,
        None
    );
}

#[test]
fn a_late_update_does_not_open_a_closed_row_again() {
    let mut store = Store::in_memory().unwrap();
    let open = record(
        Timestamp::UNIX_EPOCH,
        Direction::Incoming,
        CallStatus::InProgress,
    );
    let mut closed = open.clone();
    (closed.status, closed.ended_at) = (CallStatus::Missed, Some(Timestamp::UNIX_EPOCH));
    for row in [&open, &closed, &open] {
        store.write(|w| w.save_call(row)).unwrap();
    }
    let line = store.read(|r| r.find_call(open.call)).unwrap().unwrap();
    assert_eq!(line.record.status, CallStatus::Missed);
}

#[test]
fn a_page_of_the_log_and_a_clients_calls_are_read_by_their_indexes() {
    let store = Store::in_memory().unwrap();
    let plan = |filter: &CallFilter| store.read(|r| r.plan_of_calls(filter)).unwrap();
    let day = CallFilter {
        from: Some(Timestamp::UNIX_EPOCH),
        to: Some(Timestamp::UNIX_EPOCH),
        ..CallFilter::default()
    };
    let plan_of_day = plan(&day);
    assert!(
        plan_of_day[0].contains("INDEX calls_by_time"),
        "{plan_of_day:?}"
    );
    let number = CallFilter {
        number: PhoneNumber::from_e164("+77011112233"),
        ..CallFilter::default()
    };
    assert!(
        plan(&number)[0].contains("INDEX calls_by_number"),
        "{:?}",
        plan(&number)
    );
    let client = CallFilter {
        clients: Some(vec![ClientId::new()]),
        ..CallFilter::default()
    };
    assert!(
        plan(&client)[0].contains("INDEX calls_by_client"),
        "{:?}",
        plan(&client)
    );
}

#[test]
fn recordings_are_listed_with_their_calls_filtered_and_marked_deleted() {
    let mut store = Store::in_memory().unwrap();
    let client = Client::named("Ivan", Timestamp::UNIX_EPOCH);
    store.write(|w| w.save_client(&client)).unwrap();
    let recordings: Vec<RecordingRow> = (0..4)
        .map(|n: i64| {
            let started_at = at("2026-11-22T09:00:00Z") + n.hours();
            let mut call = record(started_at, Direction::Incoming, CallStatus::Answered);
            call.client = (n % 2 == 0).then_some(client.id);
            let recording = RecordingRow {
                id: RecordingId::new(),
                call: call.call,
                file: RecordingRow::file_name(call.call, started_at, "wav"),
                started_at,
                duration: Duration::from_millis(1234),
                channels: 2,
                sample_rate: 8000,
                codec: "pcm_s16le".into(),
                size: 39_532,
                sha256: (n > 0).then_some([n as u8; 32]),
                state: [
                    RecordingState::Finished,
                    RecordingState::Repaired,
                    RecordingState::Failed,
                ][n as usize % 3],
            };
            store
                .write(|w| {
                    w.save_call(&call)
                        .and_then(|()| w.save_recording(&recording))
                })
                .unwrap();
            recording
        })
        .collect();
    let rows = |store: &Store, filter: &RecordingFilter| -> Vec<RecordingRow> {
        let lines = store.read(|r| r.recordings(filter, 0, 100)).unwrap();
        lines.into_iter().map(|line| line.recording).collect()
    };
    let mut latest_first = recordings.clone();
    latest_first.reverse();
    assert_eq!(rows(&store, &RecordingFilter::default()), latest_first);
    let of_client = RecordingFilter {
        clients: Some(vec![client.id]),
        ..RecordingFilter::default()
    };
    assert_eq!(rows(&store, &of_client).len(), 2);
    let later = RecordingFilter {
        from: Some(at("2026-11-22T11:00:00Z")),
        ..RecordingFilter::default()
    };
    assert_eq!(rows(&store, &later).len(), 2);

    store
        .write(|w| w.delete_recording("101 Anna", recordings[0].id))
        .unwrap();
    assert_eq!(rows(&store, &RecordingFilter::default()).len(), 3);
    let line = store
        .read(|r| r.find_call(recordings[0].call))
        .unwrap()
        .unwrap();
    assert_eq!(line.recording, None);
}

#[test]
fn s1_5_a_call_that_a_crash_cut_off_keeps_the_lengths_that_were_measured_whatever_the_clock_did() {
    let mut store = Store::in_memory().unwrap();
    let began = at("2026-11-22T09:00:00Z");
    let cut_off = |answered: bool, seen: i64| {
        let mut call = record(began, Direction::Incoming, CallStatus::InProgress);
        call.ended_at = None;
        call.answered_at = answered.then_some(began);
        call.last_seen_at = began + seen.seconds();
        call
    };
    // The clock was set back during this talk, and forward during that one.
    let (mut back, mut forward) = (cut_off(true, 0), cut_off(true, 3_600));
    (back.ring, back.talk) = (Duration::from_secs(4), Duration::from_secs(61));
    (forward.ring, forward.talk) = (back.ring, back.talk);
    let mut rang = cut_off(false, 0);
    rang.ring = Duration::from_secs(5);
    // Of these nothing was measured.
    let (unmeasured, unmeasured_ring) = (cut_off(true, 30), cut_off(false, 7));
    let all = [back, forward, rang, unmeasured, unmeasured_ring];
    store
        .write(|w| all.iter().try_for_each(|call| w.save_call(call)))
        .unwrap();
    store.write(|w| w.take_over(None)).unwrap();
    let lengths = all.map(|call| {
        let line = store.read(|r| r.find_call(call.call)).unwrap().unwrap();
        let row = line.record;
        assert_eq!(row.status, CallStatus::Interrupted);
        assert!(row.ended_at >= Some(row.started_at) && row.ended_at >= row.answered_at);
        (row.ring.as_secs(), row.talk.as_secs())
    });
    assert_eq!(lengths, [(4, 61), (4, 61), (5, 0), (0, 30), (7, 0)]);
}

#[test]
fn s5_18_a_crash_closes_the_legs_with_the_row() {
    let mut store = Store::in_memory().unwrap();
    let began = at("2026-11-22T09:00:00Z");
    let mut call = record(began, Direction::Incoming, CallStatus::InProgress);
    call.last_seen_at = began + 20.seconds();
    let leg = |extension: &str, after: i64, ended: Option<i64>, outcome| CallLeg {
        extension: extension.into(),
        employee: String::new(),
        rang_at: began + after.seconds(),
        ended_at: ended.map(|ended| began + ended.seconds()),
        outcome,
    };
    call.legs = vec![
        leg("101", 0, Some(15), LegOutcome::NoAnswer),
        leg("102", 15, None, LegOutcome::Ringing),
        leg("103", 15, None, LegOutcome::Answered),
    ];
    store.write(|w| w.save_call(&call)).unwrap();
    store.write(|w| w.close_interrupted()).unwrap();
    call.legs[1] = leg("102", 15, Some(20), LegOutcome::Interrupted);
    call.legs[2] = leg("103", 15, Some(20), LegOutcome::Answered);
    let found = store.read(|r| r.find_call(call.call)).unwrap().unwrap();
    assert_eq!(found.record.legs, call.legs);
    // What is over stays as it was, whatever comes late.
    call.legs[1].outcome = LegOutcome::Ringing;
    call.legs[1].ended_at = None;
    store.write(|w| w.save_call(&call)).unwrap();
    let found = store.read(|r| r.find_call(call.call)).unwrap().unwrap();
    assert_eq!(found.record.legs[1].outcome, LegOutcome::Interrupted);
}
