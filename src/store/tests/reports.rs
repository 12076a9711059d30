//! Reports: figures of a fixture log equal those of a reference that is computed otherwise.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use super::take_back_call_lists;
use crate::model::{
    CallId, CallRecord, CallStatus, Client, Direction, EndReason, KnownAs, PhoneNumber,
};
use crate::reports::{Callers, Handling, Identification, Lengths, Operator, Period, SHORT, Work};
use crate::store::Store;

/// Numbers that follow from a seed alone.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        // Knuth's MMIX generator; its upper bits are the better ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len() as u64) as usize]
    }
}

pub(super) fn budapest() -> TimeZone {
    TimeZone::get("Europe/Budapest").unwrap()
}

pub(super) fn midnight(day: &str) -> Timestamp {
    let day: jiff::civil::Date = day.parse().unwrap();
    day.to_zoned(budapest()).unwrap().timestamp()
}

/// Two weeks with a change of the clocks: 25 October has 25 hours.
pub(super) fn two_weeks() -> Period {
    Period {
        from: midnight("2026-10-19"),
        to: midnight("2026-11-02"),
    }
}

/// Calls around the clock, from a day before the two weeks to a day after them.
fn fixture(dice: &mut Dice) -> Vec<CallRecord> {
    let minutes = 16 * 24 * 60 + 60;
    let mut calls: Vec<CallRecord> = (0..4000)
        .map(|_| {
            let after = dice.roll(minutes * 60_000).cast_signed();
            call(dice, midnight("2026-10-18") + after.milliseconds())
        })
        .collect();
    // At the very edges, and at the hour that comes twice.
    for at in [
        two_weeks().from,
        two_weeks().from - 1.milliseconds(),
        two_weeks().to,
        two_weeks().to - 1.milliseconds(),
        "2026-10-25T00:59:59.999Z".parse().unwrap(),
        "2026-10-25T01:00:00Z".parse().unwrap(),
    ] {
        let mut edge = call(dice, at);
        answer(
            &mut edge,
            CallStatus::Answered,
            Duration::from_millis(71_234),
        );
        calls.push(edge);
    }
    calls
}

fn call(dice: &mut Dice, started_at: Timestamp) -> CallRecord {
    let direction = dice.pick(&[
        Direction::Incoming,
        Direction::Incoming,
        Direction::Outgoing,
    ]);
    let mut call = CallRecord::begin(CallId::new(), direction, started_at);
    call.known_as = dice.pick(&[
        Some(KnownAs::Client),
        Some(KnownAs::Client),
        Some(KnownAs::Nobody),
        Some(KnownAs::Nobody),
        Some(KnownAs::Colleague),
        None,
    ]);
    // Two people shared an extension, one has none, and nobody knows who sits at 104.
    (call.extension, call.employee) = {
        let (extension, employee) = dice.pick(&[
            ("101", "Anna"),
            ("101", "Béla"),
            ("102", "Чингиз"),
            ("104", ""),
            ("", ""),
        ]);
        (extension.to_owned(), employee.to_owned())
    };
    call.ring = Duration::from_millis(dice.roll(30_000));
    let talk = match call.known_as {
        Some(KnownAs::Client) => 20_000 + dice.roll(140_000),
        _ => 30_000 + dice.roll(200_000),
    };
    let talk = Duration::from_millis(talk);
    match dice.roll(10) {
        0 => end(&mut call, CallStatus::Missed, EndReason::NoAnswer),
        1 => end(&mut call, CallStatus::Rejected, EndReason::Rejected),
        2 if dice.roll(2) == 0 => answer(&mut call, CallStatus::Interrupted, talk),
        2 => end(&mut call, CallStatus::Interrupted, EndReason::Interrupted),
        3 if dice.roll(4) == 0 => call.answered_at = Some(started_at), // still going on
        _ => {
            answer(&mut call, CallStatus::Answered, talk);
            call.hold = Duration::from_millis(dice.roll(2) * dice.roll(20_000));
            call.identified = match (call.known_as, dice.roll(3)) {
                (Some(KnownAs::Client), _) => Some(Duration::ZERO),
                (_, 0) => Some(Duration::from_millis(1 + dice.roll(60_000))),
                _ => None,
            };
        }
    }
    call
}

fn answer(call: &mut CallRecord, status: CallStatus, talk: Duration) {
    end(call, status, EndReason::RemoteHangup);
    call.answered_at = Some(call.started_at);
    call.talk = talk;
}

fn end(call: &mut CallRecord, status: CallStatus, reason: EndReason) {
    call.status = status;
    call.end_reason = Some(reason);
    call.ended_at = Some(call.started_at + 5.minutes());
}

pub(super) fn store_of(calls: &[CallRecord]) -> Store {
    let mut store = Store::in_memory().unwrap();
    store
        .write(|w| calls.iter().try_for_each(|call| w.save_call(call)))
        .unwrap();
    store
}

// ---- the reference: each figure by itself, from the list of calls ------------------------------

fn reference(calls: &[CallRecord], period: Period, zone: &TimeZone) -> Handling {
    let in_period =
        |call: &&CallRecord| period.from <= call.started_at && call.started_at < period.to;
    let calls: Vec<&CallRecord> = calls.iter().filter(in_period).collect();
    let talks: Vec<&CallRecord> = calls
        .iter()
        .copied()
        .filter(|call| call.status == CallStatus::Answered)
        .collect();
    let with_callers: Vec<&CallRecord> = talks
        .iter()
        .copied()
        .filter(|call| call.known_as != Some(KnownAs::Colleague))
        .collect();
    let of = |direction: Direction| -> Vec<&CallRecord> {
        let calls = with_callers.iter().copied();
        calls.filter(|call| call.direction == direction).collect()
    };
    let operators = operators(&with_callers, zone);
    let cut_off = calls
        .iter()
        .filter(|call| call.status == CallStatus::Interrupted && call.answered_at.is_some());
    Handling {
        incoming: callers(&of(Direction::Incoming)),
        outgoing: callers(&of(Direction::Outgoing)),
        together: callers(&with_callers),
        by_hour: std::array::from_fn(|hour| {
            let of_hour = operators.iter().map(|operator| operator.by_hour[hour]);
            of_hour.fold(Work::default(), |sum, one| Work {
                conversations: sum.conversations + one.conversations,
                talk: sum.talk + one.talk,
                hours: sum.hours + one.hours,
            })
        }),
        operators,
        colleagues: (talks.len() - with_callers.len()) as u64,
        cut_off: cut_off.count() as u64,
    }
}

fn callers(calls: &[&CallRecord]) -> Callers {
    let known_as = |known: Option<KnownAs>| -> Lengths {
        let calls = calls.iter().copied();
        lengths(
            &calls
                .filter(|call| call.known_as == known)
                .collect::<Vec<_>>(),
        )
    };
    let named: Vec<Duration> = calls.iter().filter_map(|call| call.identified).collect();
    let at_once = named.iter().filter(|after| after.is_zero()).count();
    Callers {
        identified: known_as(Some(KnownAs::Client)),
        unidentified: known_as(Some(KnownAs::Nobody)),
        unclear: known_as(None),
        all: lengths(calls),
        identification: Identification {
            at_once: at_once as u64,
            later: (named.len() - at_once) as u64,
            waited: named.iter().sum(),
        },
    }
}

fn lengths(calls: &[&CallRecord]) -> Lengths {
    let mut talks: Vec<Duration> = calls.iter().map(|call| call.talk).collect();
    talks.sort();
    let count = talks.len();
    Lengths {
        conversations: count as u64,
        talk: talks.iter().sum(),
        hold: calls.iter().map(|call| call.hold).sum(),
        ring: calls.iter().map(|call| call.ring).sum(),
        median: (count > 0).then(|| (talks[(count - 1) / 2] + talks[count / 2]) / 2),
        short: talks.iter().filter(|talk| **talk <= SHORT).count() as u64,
    }
}

fn operators(calls: &[&CallRecord], zone: &TimeZone) -> Vec<Operator> {
    let name = |call: &CallRecord| (call.extension.clone(), call.employee.clone());
    let names: BTreeSet<(String, String)> = calls.iter().map(|call| name(call)).collect();
    let operator = |who: (String, String)| {
        let calls: Vec<&&CallRecord> = calls.iter().filter(|call| name(call) == who).collect();
        let local = |call: &CallRecord| call.started_at.to_zoned(zone.clone());
        let work = |hour: usize| {
            let of_hour = |call: &&&&CallRecord| local(call).hour() == hour as i8;
            let calls: Vec<_> = calls.iter().filter(of_hour).collect();
            // An hour that comes twice has two offsets.
            let clock = |zoned: Zoned| (zoned.date(), zoned.offset().seconds());
            let hours: BTreeSet<_> = calls.iter().map(|call| clock(local(call))).collect();
            Work {
                conversations: calls.len() as u64,
                talk: calls.iter().map(|call| call.talk).sum(),
                hours: hours.len() as u64,
            }
        };
        Operator {
            by_hour: std::array::from_fn(work),
            extension: who.0,
            employee: who.1,
        }
    };
    names.into_iter().map(operator).collect()
}

#[test]
fn s1_6_s2_6_s2_7_two_weeks_of_a_log_have_the_figures_of_the_reference() {
    for seed in [1, 2, 3] {
        let calls = fixture(&mut Dice(seed));
        let store = store_of(&calls);
        for zone in [
            budapest(),
            TimeZone::get("Asia/Kathmandu").unwrap(),
            TimeZone::UTC,
        ] {
            let period = two_weeks();
            let told = store.read(|r| r.handling(period, zone.clone())).unwrap();
            let reference = reference(&calls, period, &zone);
            assert_eq!(told, reference, "{seed} {zone:?}");
            assert_eq!(told.incoming.saving(), reference.incoming.saving());
            assert_eq!(told.operators.len(), 5);
            assert!(told.colleagues > 50 && told.cut_off > 50, "{told:?}");
        }
    }
    // A reference that agrees with everything would be worth nothing.
    let mut calls = fixture(&mut Dice(1));
    let told = store_of(&calls).read(|r| r.handling(two_weeks(), budapest()));
    let is_told = |call: &&mut CallRecord| {
        call.status == CallStatus::Answered && call.known_as == Some(KnownAs::Client)
    };
    calls.iter_mut().find(is_told).unwrap().talk += Duration::from_millis(1);
    assert_ne!(told.unwrap(), reference(&calls, two_weeks(), &budapest()));
}

#[test]
fn s1_6_an_empty_log_and_a_period_without_calls_have_no_figures() {
    let none = Handling::default();
    let empty = Store::in_memory().unwrap();
    let told = empty.read(|r| r.handling(two_weeks(), budapest()));
    assert_eq!(told.unwrap(), none);
    let later = Period {
        from: midnight("2027-01-01"),
        to: midnight("2027-02-01"),
    };
    let store = store_of(&fixture(&mut Dice(1)));
    let told = store.read(|r| r.handling(later, budapest()));
    assert_eq!(told.unwrap(), none);
}

#[test]
fn s1_6_a_row_that_is_written_anew_is_of_another_kind() {
    let mut store = Store::in_memory().unwrap();
    let mut call = fixture(&mut Dice(1)).remove(0);
    (call.status, call.ended_at) = (CallStatus::InProgress, None);
    store.write(|w| w.save_call(&call)).unwrap();
    let kinds = |store: &Store| -> Vec<(Option<i64>, bool)> {
        let select = "SELECT c.kind, k.alike IS c.alike FROM calls c LEFT JOIN call_kinds k ON k.id = c.kind";
        let mut statement = store.connection.prepare(select).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(kinds(&store), [(Some(1), true)]);
    (call.status, call.ended_at) = (CallStatus::Missed, Some(call.started_at));
    call.employee = "Somebody else".to_owned();
    store.write(|w| w.save_call(&call)).unwrap();
    assert_eq!(kinds(&store), [(Some(2), true)]);
    // Its length alone makes no other kind of it.
    call.ring += Duration::from_secs(1);
    store.write(|w| w.save_call(&call)).unwrap();
    assert_eq!(kinds(&store), [(Some(2), true)]);
}

#[test]
fn s1_6_reports_read_an_index_and_no_row_of_the_log() {
    let store = Store::in_memory().unwrap();
    for (plan, cursors) in crate::store::reports::plans(&store.connection).unwrap() {
        let index = "INDEX calls_by_report (started_at>? AND started_at<?)";
        assert!(plan.contains(index), "{plan}");
        assert_eq!(cursors.len(), 1, "columns are read from the index alone");
    }
    // The columns of the row itself are read from another cursor: the test can tell.
    let mut statement = store
        .connection
        .prepare("EXPLAIN SELECT started_at, codec FROM calls INDEXED BY calls_by_report WHERE started_at > 1")
        .unwrap();
    let cursors = statement.query_map([], |row| {
        let code: String = row.get("opcode")?;
        Ok((code == "Column").then_some(row.get::<_, i64>("p1")?))
    });
    let cursors: std::collections::BTreeSet<i64> =
        cursors.unwrap().filter_map(|read| read.unwrap()).collect();
    assert_eq!(cursors.len(), 2);
}

// ---- rows of an older program ------------------------------------------------------------------

/// Makes the file one of before it was kept whom the card named.
fn forget_whom_the_card_named(store: &Store) {
    take_back_call_lists(store);
    store
        .connection
        .execute_batch(
            "DROP INDEX calls_by_answer; ALTER TABLE calls DROP COLUMN known_as;
             ALTER TABLE calls DROP COLUMN identified_ms;
             ALTER TABLE calls DROP COLUMN cost_minor; ALTER TABLE calls DROP COLUMN cost_currency;
             ALTER TABLE calls DROP COLUMN tariff; PRAGMA user_version = 12;",
        )
        .unwrap();
}

/// A conversation of half an hour that is over, with whom the phone took the caller for.
fn old_call(started_at: Timestamp, number: &str, client: Option<&Client>) -> CallRecord {
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, started_at);
    call.number = PhoneNumber::from_e164(number);
    call.client = client.map(|client| client.id);
    call.client_name = client.map(|client| client.name.clone()).unwrap_or_default();
    answer(&mut call, CallStatus::Answered, Duration::from_mins(30));
    call
}

#[test]
fn s1_6_older_rows_tell_whom_the_card_named_only_where_nothing_can_have_changed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let mut store = Store::open(&path).unwrap();
    let client = |name: &str, number: &str| {
        let number = PhoneNumber::from_e164(number).unwrap();
        Client::named(name, Timestamp::UNIX_EPOCH).with_phone(number)
    };
    let [ivan_at, dana_at, bek_at] = ["+77011112233", "+77029998877", "+77050000000"];
    let ivan = client("Ivan", ivan_at);
    let dana = client("Dana", dana_at);
    let draft = Client {
        draft: true,
        ..client("+7 705 000 0000", bek_at)
    };
    // Clients are written now: before some calls, and after others.
    let (before, after) = (Timestamp::now() - 1.hour(), Timestamp::now() + 1.hour());
    let mut missed = old_call(after, ivan_at, Some(&ivan));
    (missed.status, missed.answered_at) = (CallStatus::Missed, None);
    let chosen = old_call(after, "+77270000000", None);
    let calls = [
        (
            old_call(after, "+77279999999", None),
            Some(KnownAs::Nobody),
            None,
        ),
        (
            old_call(after, ivan_at, Some(&ivan)),
            Some(KnownAs::Client),
            Some(Duration::ZERO),
        ),
        (missed, Some(KnownAs::Client), None),
        // Ivan may have got his name or his number meanwhile.
        (old_call(before, ivan_at, Some(&ivan)), None, None),
        // Dana was entered after her call.
        (old_call(before, dana_at, None), Some(KnownAs::Nobody), None),
        (chosen.clone(), None, None),
        (old_call(after, bek_at, Some(&draft)), None, None),
        // Perhaps a colleague.
        (old_call(after, "102", None), None, None),
    ];
    store
        .write(|w| {
            w.save_client(&ivan)?;
            w.save_client(&draft)?;
            calls.iter().try_for_each(|(call, ..)| w.save_call(call))?;
            w.save_client(&dana)?;
            w.link_call(chosen.call, dana.id)
        })
        .unwrap();
    forget_whom_the_card_named(&store);
    drop(store);

    let store = Store::open(&path).unwrap();
    for (call, known_as, identified) in calls {
        let line = store.read(|r| r.find_call(call.call)).unwrap().unwrap();
        let told = (line.record.known_as, line.record.identified);
        assert_eq!(told, (known_as, identified), "{:?}", line.record);
    }
    let everything = Period {
        from: Timestamp::UNIX_EPOCH,
        to: Timestamp::MAX,
    };
    let told = store.read(|r| r.handling(everything, budapest())).unwrap();
    let counts = |lengths: &Lengths| lengths.conversations;
    let Callers {
        identified,
        unidentified,
        unclear,
        ..
    } = &told.incoming;
    assert_eq!([identified, unidentified, unclear].map(counts), [1, 2, 4]);
}
