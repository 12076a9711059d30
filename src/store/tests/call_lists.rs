//! Lists of calls: filtered by any column, sorted by several, put together in groups, compared with
//! the same done row by row.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::take_back_call_lists;
use crate::model::{
    CallColumn, CallId, CallLine, CallQuality, CallRecord, CallStatus, CategoryId, Client,
    ColumnTest, Cost, Direction, Employee, EmployeeId, Missing, Money, RecordingId, RecordingRow,
    RecordingState, Turn,
};
use crate::store::{CallFilter, CallGroup, CallList, CallOrder, GroupKey, Grouping, Hours, Store};

/// It has summer time: on 25 October 2026 the clock shows 02:00 to 03:00 twice.
fn budapest() -> TimeZone {
    TimeZone::get("Europe/Budapest").unwrap()
}

/// Numbers without a pattern, the same each time.
struct Dice(u32);

impl Dice {
    fn roll(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % below
    }
}

/// Two months of calls around the end of summer time, with twenty clients and with nobody.
fn office() -> (Store, Vec<CallLine>) {
    let mut store = Store::in_memory().unwrap();
    let mut dice = Dice(7);
    let clients: Vec<Client> = (0..20)
        .map(|n| {
            let name = format!("Client {}", (n * 7) % 20);
            let mut client = Client::named(&name, Timestamp::UNIX_EPOCH);
            let category = ["ordinary", "vip", "problem"][dice.roll(3) as usize];
            client.category = CategoryId::new(category);
            client
        })
        .collect();
    store
        .write(|w| clients.iter().try_for_each(|client| w.save_client(client)))
        .unwrap();
    let start: Timestamp = "2026-10-01T00:00:00Z".parse().unwrap();
    let rows: Vec<CallRecord> = (0..1500)
        .map(|_| some_call(&mut dice, start, &clients))
        .collect();
    store
        .write(|w| rows.iter().try_for_each(|row| w.save_call(row)))
        .unwrap();
    let lines = store
        .read(|r| r.calls(&CallFilter::default(), 0, 10_000))
        .unwrap();
    assert_eq!(lines.len(), rows.len());
    (store, lines)
}

fn some_call(dice: &mut Dice, start: Timestamp, clients: &[Client]) -> CallRecord {
    let direction = Direction::ALL[dice.roll(2) as usize];
    // Quarters of an hour: some begin at the same moment.
    let at = start + (i64::from(dice.roll(60 * 24 * 4)) * 15).minutes();
    let mut call = CallRecord::begin(CallId::new(), direction, at);
    call.status = CallStatus::ALL[dice.roll(CallStatus::ALL.len() as u32) as usize];
    call.talk = Duration::from_secs(u64::from(dice.roll(40)));
    call.ring = Duration::from_millis(u64::from(dice.roll(30_000)));
    call.hold = Duration::from_secs(u64::from(dice.roll(5)));
    call.extension = ["", "101", "102", "103"][dice.roll(4) as usize].to_owned();
    call.account = format!("sip:{}@office.example", dice.roll(3));
    call.caller = format!("+7701{:07}", dice.roll(50));
    call.callee = (100 + dice.roll(9)).to_string();
    let client = clients.get(dice.roll(24) as usize);
    call.client = client.map(|client| client.id);
    call.quality = (dice.roll(3) > 0).then(|| CallQuality {
        packets_sent: 1,
        mos: Some(f64::from(dice.roll(40)) / 10.0),
        ..CallQuality::default()
    });
    call.too_long = dice.roll(4) == 0;
    call.category = client.map(|_| CategoryId::new(["vip", "ordinary"][dice.roll(2) as usize]));
    call.cost = (dice.roll(3) > 0).then(|| Cost {
        amount: Money {
            minor: i64::from(dice.roll(400)),
            currency: ["EUR", "JPY"][dice.roll(2) as usize].to_owned(),
        },
        tariff: String::new(),
    });
    call
}

fn ids(lines: &[CallLine]) -> Vec<CallId> {
    lines.iter().map(|line| line.record.call).collect()
}

fn found(store: &Store, list: impl Into<CallList>) -> Vec<CallId> {
    ids(&store.read(|r| r.calls_of(&list.into(), 0, 10_000)).unwrap())
}

/// The rows that `is` says yes to, as a plain loop finds them.
fn reference(lines: &[CallLine], is: impl Fn(&CallLine) -> bool) -> Vec<CallId> {
    let wanted = lines.iter().filter(|line| is(line));
    wanted.map(|line| line.record.call).collect()
}

#[test]
fn s5_10_a_filter_on_the_time_of_day_finds_exactly_the_rows_of_a_loop() {
    let (store, lines) = office();
    let clock = |line: &CallLine| budapest().to_datetime(line.record.started_at).time();
    let hours = |from, to| Hours {
        from,
        to,
        zone: budapest(),
    };
    let nine_to_ten = CallFilter {
        from: Some("2026-10-10T00:00:00Z".parse().unwrap()),
        to: Some("2026-11-10T00:00:00Z".parse().unwrap()),
        hours: Some(hours(time(9, 0, 0, 0), time(10, 0, 0, 0))),
        ..CallFilter::default()
    };
    let expected = reference(&lines, |line| {
        let at = line.record.started_at;
        Some(at) >= nine_to_ten.from && Some(at) < nine_to_ten.to && clock(line).hour() == 9
    });
    assert!(expected.len() > 10, "{}", expected.len());
    assert_eq!(found(&store, nine_to_ten.clone()), expected);
    assert_eq!(
        store.read(|r| r.count_calls(&nine_to_ten)).unwrap(),
        expected.len() as u64
    );

    let night = CallFilter {
        hours: Some(hours(time(22, 0, 0, 0), time(6, 0, 0, 0))),
        ..CallFilter::default()
    };
    let expected = reference(&lines, |line| !(6..22).contains(&clock(line).hour()));
    assert_eq!(found(&store, night), expected);
    let all_day = CallFilter {
        hours: Some(hours(time(0, 0, 0, 0), time(0, 0, 0, 0))),
        ..CallFilter::default()
    };
    assert_eq!(found(&store, all_day), ids(&lines));
}

#[test]
fn s5_10_a_filter_on_any_column_finds_exactly_the_rows_of_a_loop() {
    let (store, lines) = office();
    let any = CallFilter::default;
    let seconds = Duration::from_secs;
    let check = |filter: CallFilter, is: &dyn Fn(&CallLine) -> bool| {
        let expected = reference(&lines, is);
        assert!(
            !expected.is_empty() && expected.len() < lines.len(),
            "{filter:?}"
        );
        assert_eq!(found(&store, filter.clone()), expected, "{filter:?}");
    };
    let statuses = vec![CallStatus::Missed, CallStatus::OneWay];
    check(
        CallFilter {
            statuses: statuses.clone(),
            ..any()
        },
        &|line| statuses.contains(&line.record.status),
    );
    check(
        CallFilter {
            direction: Some(Direction::Incoming),
            ..any()
        },
        &|line| line.record.direction == Direction::Incoming,
    );
    check(
        CallFilter {
            known: Some(false),
            ..any()
        },
        &|line| line.record.client.is_none(),
    );
    check(
        CallFilter {
            known: Some(true),
            ..any()
        },
        &|line| line.record.client.is_some(),
    );
    let vip = CategoryId::new("vip");
    check(
        CallFilter {
            category: Some(vip.clone()),
            ..any()
        },
        &|line| line.category.as_ref() == Some(&vip),
    );
    check(
        CallFilter {
            extension: Some("102".to_owned()),
            ..any()
        },
        &|line| line.record.extension == "102",
    );
    let account = "sip:1@office.example".to_owned();
    check(
        CallFilter {
            account: Some(account.clone()),
            ..any()
        },
        &|line| line.record.account == account,
    );
    check(
        CallFilter {
            talk_from: Some(seconds(10)),
            talk_below: Some(seconds(20)),
            ..any()
        },
        &|line| (seconds(10)..seconds(20)).contains(&line.record.talk),
    );
}

#[test]
fn s5_10_what_is_typed_for_a_column_finds_exactly_the_rows_of_a_loop() {
    let (mut store, lines) = office();
    let bek = Employee {
        id: EmployeeId::new(),
        name: "Bek Aliyev".to_owned(),
        extension: "102".to_owned(),
    };
    store.write(|w| w.save_employee(&bek)).unwrap();
    let clock = |line: &CallLine| budapest().to_datetime(line.record.started_at).time();
    let seconds = |line: &CallLine| line.record.talk.as_secs();
    let cost = |line: &CallLine| {
        let amount = &line.record.cost.as_ref()?.amount;
        Some(amount.minor as f64 / if amount.currency == "JPY" { 1.0 } else { 100.0 })
    };
    let score = |line: &CallLine| line.record.quality.as_ref().and_then(|quality| quality.mos);
    let name = |line: &CallLine| line.client_name.clone().unwrap_or_default();
    type Is<'a> = Box<dyn Fn(&CallLine) -> bool + 'a>;
    let cases: Vec<(CallColumn, &str, Is<'_>)> = vec![
        (
            CallColumn::Talk,
            "> 0:20",
            Box::new(|line| seconds(line) > 20),
        ),
        (
            CallColumn::Talk,
            "10s-20s",
            Box::new(|line| (10..=20).contains(&seconds(line))),
        ),
        (
            CallColumn::Talk,
            "0:07",
            Box::new(|line| seconds(line) == 7),
        ),
        (
            CallColumn::Ring,
            "<15s",
            Box::new(|line| line.record.ring.as_secs() < 15),
        ),
        (
            CallColumn::Hold,
            ">=3s",
            Box::new(|line| line.record.hold.as_secs() >= 3),
        ),
        (
            CallColumn::Quality,
            "< 2",
            Box::new(|line| score(line).is_some_and(|mos| mos < 2.0)),
        ),
        (
            CallColumn::Quality,
            "1.5",
            Box::new(|line| score(line) == Some(1.5)),
        ),
        (
            CallColumn::Cost,
            "> 1.50",
            Box::new(|line| cost(line).is_some_and(|cost| cost > 1.5)),
        ),
        (
            CallColumn::Cost,
            "2-3",
            Box::new(|line| cost(line).is_some_and(|cost| (2.0..=3.0).contains(&cost))),
        ),
        (
            CallColumn::TimeOfDay,
            "22-6:30",
            Box::new(|line| clock(line) >= time(22, 0, 0, 0) || clock(line) < time(6, 30, 0, 0)),
        ),
        (
            CallColumn::TimeOfDay,
            "< 9",
            Box::new(|line| clock(line).hour() < 9),
        ),
        (
            CallColumn::Status,
            "missed, busy",
            Box::new(|line| matches!(line.record.status, CallStatus::Missed | CallStatus::Busy)),
        ),
        (
            CallColumn::Direction,
            "incoming",
            Box::new(|line| line.record.direction == Direction::Incoming),
        ),
        (
            CallColumn::Category,
            "vip",
            Box::new(|line| line.category == Some(CategoryId::new("vip"))),
        ),
        (
            CallColumn::CategoryThen,
            "vip",
            Box::new(|line| line.record.category == Some(CategoryId::new("vip"))),
        ),
        (
            CallColumn::TooLong,
            "yes",
            Box::new(|line| line.record.too_long),
        ),
        (
            CallColumn::Caller,
            "000 0012",
            Box::new(|line| line.record.caller.contains("0000012")),
        ),
        (
            CallColumn::Callee,
            "101",
            Box::new(|line| line.record.callee.contains("101")),
        ),
        (
            CallColumn::Extension,
            "bek",
            Box::new(|line| line.record.extension == "102"),
        ),
        (
            CallColumn::Extension,
            "10",
            Box::new(|line| line.record.extension.starts_with("10")),
        ),
        (
            CallColumn::Line,
            "1@OFFICE",
            Box::new(|line| line.record.account == "sip:1@office.example"),
        ),
        (
            CallColumn::Client,
            "CLIENT 1",
            Box::new(|line| name(line).starts_with("Client 1")),
        ),
    ];
    let test = |column, typed| ColumnTest::read(column, typed).unwrap().unwrap();
    for (column, typed, is) in &cases {
        let filter = CallFilter {
            asked: vec![(*column, test(*column, typed))],
            clock: Some(budapest()),
            ..CallFilter::default()
        };
        let expected = reference(&lines, is);
        assert!(
            !expected.is_empty() && expected.len() < lines.len(),
            "{column:?} {typed}"
        );
        assert_eq!(
            found(&store, filter.clone()),
            expected,
            "{column:?} {typed}"
        );
        let counted = store.read(|r| r.count_calls(&filter)).unwrap();
        assert_eq!(counted, expected.len() as u64);
    }
    let both = CallFilter {
        asked: vec![
            (CallColumn::Talk, test(CallColumn::Talk, "> 0:20")),
            (CallColumn::Status, test(CallColumn::Status, "missed")),
        ],
        ..CallFilter::default()
    };
    let expected = reference(&lines, |line| {
        seconds(line) > 20 && line.record.status == CallStatus::Missed
    });
    assert_eq!(found(&store, both), expected);
}

#[test]
fn s5_10_a_note_and_a_tag_are_found_by_a_part_of_them() {
    let (mut store, lines) = office();
    let marked = lines[3].record.call;
    store
        .write(|w| {
            w.set_call_note(marked, "Кричал о долге")?;
            w.add_call_tag(marked, "Complaint")
        })
        .unwrap();
    for (column, typed) in [(CallColumn::Note, "ДОЛГ"), (CallColumn::Tags, "plain")] {
        let test = ColumnTest::read(column, typed).unwrap().unwrap();
        let filter = CallFilter {
            asked: vec![(column, test)],
            ..CallFilter::default()
        };
        assert_eq!(found(&store, filter), [marked], "{typed}");
    }
}

#[test]
fn s5_10_calls_are_sorted_by_several_columns_and_the_sort_is_stable() {
    let (store, lines) = office();
    let list = |by: &[(CallColumn, Turn)]| CallList {
        order: CallOrder {
            by: by.to_vec(),
            zone: budapest(),
        },
        ..CallList::default()
    };
    let two = list(&[
        (CallColumn::Status, Turn::Up),
        (CallColumn::Talk, Turn::Down),
    ]);
    let mut expected: Vec<&CallLine> = lines.iter().collect();
    expected.sort_by(|a, b| {
        let status = |line: &CallLine| line.record.status.as_str();
        let talk = b.record.talk.cmp(&a.record.talk);
        status(a).cmp(status(b)).then(talk)
    });
    let expected: Vec<CallId> = expected.iter().map(|line| line.record.call).collect();
    assert_eq!(found(&store, two.clone()), expected);
    let second = store.read(|r| r.calls_of(&two, 64, 64)).unwrap();
    assert_eq!(ids(&second), expected[64..128]);

    let mut expected: Vec<&CallLine> = lines.iter().collect();
    expected.sort_by_key(|line| budapest().to_datetime(line.record.started_at).time());
    let expected: Vec<CallId> = expected.iter().map(|line| line.record.call).collect();
    assert_eq!(
        found(&store, list(&[(CallColumn::TimeOfDay, Turn::Up)])),
        expected
    );

    for &(column, name) in CallColumn::ALL
        .iter()
        .filter(|(column, _)| column.is_sorted())
    {
        for turn in [Turn::Up, Turn::Down] {
            let mut sorted = found(&store, list(&[(column, turn)]));
            let mut all = ids(&lines);
            sorted.sort();
            all.sort();
            assert_eq!(sorted, all, "{name}: every row is there once");
        }
    }
}

#[test]
fn s5_26_sorted_by_client_the_present_names_count_and_nobody_comes_last() {
    let (mut store, lines) = office();
    let by_client = |turn| CallList {
        order: CallOrder {
            by: vec![(CallColumn::Client, turn)],
            ..CallOrder::default()
        },
        ..CallList::default()
    };
    let names = |store: &Store, turn| -> Vec<Option<String>> {
        let calls = store
            .read(|r| r.calls_of(&by_client(turn), 0, 10_000))
            .unwrap();
        let mut names: Vec<_> = calls.into_iter().map(|line| line.client_name).collect();
        names.dedup();
        names
    };
    assert_eq!(
        names(&store, Turn::Up).first().unwrap().as_deref(),
        Some("Client 0")
    );
    assert_eq!(
        names(&store, Turn::Down).first().unwrap().as_deref(),
        Some("Client 9")
    );
    for turn in [Turn::Up, Turn::Down] {
        assert_eq!(names(&store, turn).len(), 21);
        assert_eq!(names(&store, turn).last().unwrap(), &None);
    }
    let id = lines.iter().find_map(|line| line.record.client).unwrap();
    let mut client = store.read(|r| r.load_client(id)).unwrap();
    client.name = "AAA".to_owned();
    client.category = CategoryId::new("potential");
    store.write(|w| w.save_client(&client)).unwrap();
    assert_eq!(
        names(&store, Turn::Up).first().unwrap().as_deref(),
        Some("AAA")
    );
    let potential = CallFilter {
        category: Some(client.category.clone()),
        ..CallFilter::default()
    };
    assert_eq!(
        found(&store, potential),
        reference(&lines, |line| line.record.client == Some(id)),
        "S5.28"
    );
}

#[test]
fn s5_11_groups_have_the_count_and_the_sum_of_a_loop() {
    let (store, lines) = office();
    let filter = CallFilter {
        direction: Some(Direction::Incoming),
        ..CallFilter::default()
    };
    let key = |line: &CallLine, by: Grouping| match by {
        Grouping::Day => GroupKey::Day(budapest().to_datetime(line.record.started_at).date()),
        Grouping::Client => GroupKey::Client(line.record.client),
        Grouping::Employee => GroupKey::Employee(line.record.extension.clone()),
        Grouping::Line => GroupKey::Line(line.record.account.clone()),
    };
    for &(by, name) in Grouping::ALL {
        let mut expected: BTreeMap<GroupKey, (u64, Duration)> = BTreeMap::new();
        for line in lines
            .iter()
            .filter(|line| line.record.direction == Direction::Incoming)
        {
            let sums = expected.entry(key(line, by)).or_default();
            sums.0 += 1;
            sums.1 += line.record.talk;
        }
        let groups = store
            .read(|r| r.call_groups(&filter, by, &budapest()))
            .unwrap();
        let told: BTreeMap<_, _> = groups
            .iter()
            .map(|group| (group.key.clone(), (group.calls, group.talk)))
            .collect();
        assert_eq!(told, expected, "{name}");
        for group in &groups {
            let within = found(&store, group.within(&filter, &budapest()));
            let expected = reference(&lines, |line| {
                line.record.direction == Direction::Incoming && key(line, by) == group.key
            });
            assert_eq!(within, expected, "{name} {:?}", group.key);
        }
    }
    let days = store
        .read(|r| r.call_groups(&filter, Grouping::Day, &budapest()))
        .unwrap();
    assert!(
        days.is_sorted_by(|a: &CallGroup, b| a.key > b.key),
        "the latest day first"
    );
    let clients = store
        .read(|r| r.call_groups(&filter, Grouping::Client, &budapest()))
        .unwrap();
    assert!(
        clients.is_sorted_by(|a, b| a.calls >= b.calls),
        "the most calls first"
    );
}

/// The recording of this number of a call.
fn recording(of: &CallLine, n: i64) -> RecordingRow {
    RecordingRow {
        id: RecordingId::new(),
        call: of.record.call,
        file: format!("{n}.wav"),
        started_at: of.record.started_at + n.seconds(),
        duration: Duration::from_secs(1),
        channels: 2,
        sample_rate: 8000,
        codec: "pcm_s16le".into(),
        size: 1,
        sha256: None,
        state: RecordingState::Finished,
    }
}

#[test]
fn s5_31_a_call_is_recorded_as_long_as_one_of_its_recordings_is_there() {
    let (mut store, lines) = office();
    let recordings = [1, 2].map(|n| recording(&lines[3], n));
    let recorded = |store: &Store, recorded| {
        let filter = CallFilter {
            recorded: Some(recorded),
            ..CallFilter::default()
        };
        found(store, filter).len()
    };
    assert_eq!(recorded(&store, true), 0);
    store
        .write(|w| recordings.iter().try_for_each(|row| w.save_recording(row)))
        .unwrap();
    assert_eq!(recorded(&store, true), 1);
    store
        .write(|w| w.delete_recording("101 Anna", recordings[0].id))
        .unwrap();
    assert_eq!(recorded(&store, true), 1);
    store
        .write(|w| w.delete_recording("101 Anna", recordings[1].id))
        .unwrap();
    assert_eq!(recorded(&store, false), lines.len());
}

#[test]
fn s5_31_a_recording_that_cannot_be_heard_does_not_count_and_says_why() {
    let (mut store, lines) = office();
    let call = lines[3].record.call;
    let rows = [1, 2].map(|n| recording(&lines[3], n));
    store
        .write(|w| rows.iter().try_for_each(|row| w.save_recording(row)))
        .unwrap();
    // The file, why there is none to hear, and whether the list of recorded calls has the call.
    let told = |store: &Store| {
        let line = store.read(|r| r.find_call(call)).unwrap().unwrap();
        let recorded = CallFilter {
            recorded: Some(true),
            ..CallFilter::default()
        };
        let listed = found(store, recorded) == [call];
        assert_eq!(listed, line.is_recorded());
        (line.recording, line.missing)
    };
    let note = |store: &mut Store, n: usize, missing| {
        let found = [(rows[n].id, missing)];
        store.write(|w| w.note_missing(&found)).unwrap();
    };
    let file = |n: usize| Some(rows[n].file.clone());
    assert_eq!(told(&store), (file(0), None));
    note(&mut store, 0, Some(Missing::Gone));
    assert_eq!(told(&store), (file(1), None), "the other one is heard");
    note(&mut store, 1, Some(Missing::Unfinished));
    assert_eq!(told(&store), (file(0), Some(Missing::Gone)));
    let files = store.read(|r| r.recording_files_of(call)).unwrap();
    assert_eq!(files[1].missing, Some(Missing::Unfinished));
    store
        .write(|w| w.delete_recording("101 Anna", rows[0].id))
        .unwrap();
    assert_eq!(told(&store), (file(1), Some(Missing::Unfinished)));
    note(&mut store, 0, None);
    assert_eq!(
        told(&store),
        (file(1), Some(Missing::Unfinished)),
        "stays deleted"
    );
    note(&mut store, 1, None);
    assert_eq!(told(&store), (file(1), None), "it came back");
    store
        .write(|w| w.delete_recording("101 Anna", rows[1].id))
        .unwrap();
    assert_eq!(told(&store), (None, Some(Missing::Deleted)));
    let none = store.read(|r| r.recording_files(None, 10)).unwrap();
    assert!(none.is_empty(), "{none:?}");
}

#[test]
fn s5_11_groups_by_client_are_those_of_a_loop_whichever_index_they_are_read_from() {
    let (store, lines) = office();
    let at = |text: &str| -> Option<Timestamp> { Some(text.parse().unwrap()) };
    let filters = [
        CallFilter::default(),
        CallFilter {
            known: Some(true),
            ..CallFilter::default()
        },
        CallFilter {
            known: Some(false),
            ..CallFilter::default()
        },
        CallFilter {
            from: at("2026-10-05T00:00:00Z"),
            talk_from: Some(Duration::from_secs(10)),
            ..CallFilter::default()
        },
        CallFilter {
            from: at("2026-11-20T00:00:00Z"),
            talk_below: Some(Duration::from_secs(10)),
            ..CallFilter::default()
        },
        CallFilter {
            too_long: Some(true),
            ..CallFilter::default()
        },
    ];
    for filter in filters {
        let within = found(&store, filter.clone());
        let mut expected: BTreeMap<GroupKey, (u64, Duration)> = BTreeMap::new();
        for line in lines
            .iter()
            .filter(|line| within.contains(&line.record.call))
        {
            let sums = expected
                .entry(GroupKey::Client(line.record.client))
                .or_default();
            sums.0 += 1;
            sums.1 += line.record.talk;
        }
        assert!(!expected.is_empty());
        let groups = store.read(|r| r.call_groups(&filter, Grouping::Client, &budapest()));
        let told = groups.unwrap().into_iter();
        let told: BTreeMap<_, _> = told
            .map(|group| (group.key, (group.calls, group.talk)))
            .collect();
        assert_eq!(told, expected, "{filter:?}");
    }
}

#[test]
fn s5_2_todays_counts_tell_how_long_people_talked_and_the_longest_ring() {
    let (store, lines) = office();
    let counts = store
        .read(|r| r.call_counts(&CallFilter::default()))
        .unwrap();
    for count in &counts {
        let of: Vec<&CallRecord> = lines
            .iter()
            .map(|line| &line.record)
            .filter(|call| (call.direction, call.status) == (count.direction, count.status))
            .collect();
        assert_eq!(count.calls, of.len() as u64);
        assert_eq!(
            count.talk,
            of.iter().map(|call| call.talk).sum::<Duration>()
        );
        assert_eq!(
            Some(count.longest_ring),
            of.iter().map(|call| call.ring).max()
        );
    }
    assert_eq!(
        counts.iter().map(|count| count.calls).sum::<u64>(),
        lines.len() as u64
    );
}

#[test]
fn s5_5_a_log_of_an_older_program_learns_which_calls_were_silent_and_whose_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let mut store = Store::open(&path).unwrap();
    let mut client = Client::named("Ivan", Timestamp::UNIX_EPOCH);
    client.category = CategoryId::new("vip");
    let packets = [None, Some((50, 50)), Some((50, 0)), Some((0, 50))];
    let calls = packets.map(|packets| {
        let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, Timestamp::UNIX_EPOCH);
        call.status = CallStatus::Answered;
        call.client = Some(client.id);
        call.quality = packets.map(|(packets_sent, packets_received)| CallQuality {
            packets_sent,
            packets_received,
            ..CallQuality::default()
        });
        call
    });
    store
        .write(|w| {
            w.save_client(&client)?;
            calls.iter().try_for_each(|call| w.save_call(call))
        })
        .unwrap();
    take_back_call_lists(&store);
    drop(store);

    let store = Store::open(&path).unwrap();
    let statuses = calls.map(|call| {
        let line = store.read(|r| r.find_call(call.call)).unwrap().unwrap();
        line.record.status
    });
    use CallStatus::{Answered, OneWay};
    assert_eq!(statuses, [Answered, Answered, OneWay, OneWay]);
    let of_vips = CallFilter {
        category: Some(client.category),
        ..CallFilter::default()
    };
    assert_eq!(found(&store, of_vips).len(), 4);
}
