//! What reports are made of: whom the card named when a call was taken, whatever is learned later.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringbook::model::{CallId, CallRecord, Client, ClientField, KnownAs, PhoneNumber};
use ringbook::phone::command::Command;
use ringbook::reports::{Fate, Handling, Period, SERVICE_WITHIN, SHORT_ABANDON};

use crate::office::{Office, settings};

const IVAN: &str = "87011112233";
const STRANGER: &str = "87029998877";

/// An office whose only client is Ivan Petrov.
fn office(more: &str) -> Office {
    let mut office = Office::open(settings(more));
    enter(&mut office, "Ivan Petrov", "+77011112233");
    office
}

fn enter(office: &mut Office, name: &str, number: &str) -> Client {
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let client = Client::named(name, now).with_phone(PhoneNumber::from_e164(number).unwrap());
    office.store.write(|w| w.save_client(&client)).unwrap();
    client
}

/// Somebody calls, is answered after two seconds, talked with for a minute and more, and hangs up.
fn talk(office: &mut Office, caller: &str, meanwhile: impl FnOnce(&mut Office, CallId)) {
    let peer = office.call_in_as(caller);
    let call = office.call();
    office.ms(2000);
    office.command(Command::Answer(call)).unwrap();
    office.ms(10_000);
    meanwhile(office, call);
    office.ms(50_000);
    office.peer_hangs_up(peer);
    office.ms(1000);
}

fn talk_only(office: &mut Office, caller: &str) {
    talk(office, caller, |_, _| {});
}

/// The row of the latest call.
fn row(office: &Office) -> CallRecord {
    office.rows().remove(0).record
}

fn figures(office: &Office) -> Handling {
    let handling = office.store.read(|r| r.handling(EVER, TimeZone::UTC));
    handling.unwrap()
}

const EVER: Period = Period {
    from: Timestamp::UNIX_EPOCH,
    to: Timestamp::MAX,
};

/// Between the answer and ten seconds of talk, but for the way of the messages.
fn about_ten_seconds(duration: Option<Duration>) -> bool {
    duration.is_some_and(|it| it.abs_diff(Duration::from_secs(10)) < Duration::from_millis(500))
}

#[test]
fn s1_6_s2_6_s2_7_a_client_on_the_card_at_the_answer_is_identified_in_row_and_report() {
    let mut office = office("");
    talk_only(&mut office, IVAN);
    let call = row(&office);
    assert_eq!(call.known_as, Some(KnownAs::Client));
    assert_eq!(call.identified, Some(Duration::ZERO));
    let figures = figures(&office);
    let identified = &figures.incoming.identified;
    assert_eq!((identified.conversations, identified.talk), (1, call.talk));
    assert_eq!(figures.incoming.all, *identified);
    assert_eq!(figures.operators[0].extension, "101");
    assert_eq!(figures.operators[0].work().conversations, 1);
}

#[test]
fn s1_6_s2_6_s2_7_a_stranger_stays_one_who_is_saved_during_the_call() {
    let mut office = office("");
    talk(&mut office, STRANGER, |office, call| {
        let fields = vec![(ClientField::named("name"), "Dana Omarova".to_owned())];
        let saved = office.command_to_store(Command::SaveCaller { call, fields });
        saved.unwrap();
    });
    let call = row(&office);
    assert_eq!(call.client_name, "Dana Omarova");
    assert_eq!(call.known_as, Some(KnownAs::Nobody));
    assert!(about_ten_seconds(call.identified), "{call:?}");
    // The next time the card names her.
    talk_only(&mut office, STRANGER);
    assert_eq!(row(&office).known_as, Some(KnownAs::Client));
    let incoming = figures(&office).incoming;
    assert_eq!(incoming.identified.conversations, 1);
    assert_eq!(incoming.unidentified.conversations, 1);
    assert_eq!(incoming.unidentified.talk, call.talk);
    let identification = incoming.identification;
    assert_eq!((identification.at_once, identification.later), (1, 1));
}

#[test]
fn s1_6_s2_6_s2_7_a_stranger_stays_one_whose_number_is_saved_during_or_after_the_call() {
    let mut office = office("");
    talk(&mut office, STRANGER, |office, _| {
        enter(office, "Dana Omarova", "+77029998877");
        office.command(Command::ClientsChanged).unwrap();
    });
    let during = row(&office);
    assert_eq!(during.client_name, "Dana Omarova");
    assert_eq!(during.known_as, Some(KnownAs::Nobody));
    assert!(about_ten_seconds(during.identified), "{during:?}");

    talk_only(&mut office, "87050000000");
    let bek = enter(&mut office, "Bek", "+77050000000");
    let after = row(&office);
    assert_eq!(after.client, Some(bek.id), "the row is the client's now");
    assert_eq!(
        (after.known_as, after.identified),
        (Some(KnownAs::Nobody), None)
    );
    assert_eq!(figures(&office).incoming.unidentified.conversations, 2);
}

#[test]
fn s1_6_a_card_that_comes_after_the_answer_has_named_nobody() {
    let mut office = office("");
    office.slow_lookup = Duration::from_secs(5);
    talk_only(&mut office, IVAN);
    let call = row(&office);
    assert_eq!(call.client_name, "Ivan Petrov");
    assert_eq!(call.known_as, Some(KnownAs::Nobody));
    let after = call.identified.unwrap();
    assert!(
        after > Duration::from_secs(2) && after < Duration::from_secs(4),
        "{after:?}"
    );
}

#[test]
fn s1_6_a_draft_is_nobody_until_a_person_names_it() {
    let mut office = office("[modules]\nregister_callers = true\n");
    talk_only(&mut office, STRANGER);
    talk(&mut office, STRANGER, |office, call| {
        let fields = vec![(ClientField::named("name"), "Dana Omarova".to_owned())];
        let saved = office.command_to_store(Command::SaveCaller { call, fields });
        saved.unwrap();
    });
    let rows = office.rows();
    let first = &rows[1].record;
    assert!(first.client.is_some(), "the draft");
    assert_eq!(
        (first.known_as, first.identified),
        (Some(KnownAs::Nobody), None)
    );
    let second = &rows[0].record;
    assert_eq!(second.known_as, Some(KnownAs::Nobody));
    assert!(about_ten_seconds(second.identified), "{second:?}");
    talk_only(&mut office, STRANGER);
    assert_eq!(row(&office).known_as, Some(KnownAs::Client));
}

#[test]
fn s1_6_another_client_of_the_number_is_identified_when_a_person_says_so() {
    let mut office = office("");
    let wife = enter(&mut office, "Wife", "+77011112233");
    let husband = enter(&mut office, "Husband", "+77011112233");
    talk(&mut office, IVAN, |office, call| {
        let client = wife.id;
        office
            .command_to_store(Command::LinkCaller { call, client })
            .unwrap();
    });
    let call = row(&office);
    assert_eq!(call.client, Some(wife.id));
    assert_ne!(call.client, Some(husband.id));
    assert_eq!(call.known_as, Some(KnownAs::Client), "the card had a name");
    assert!(about_ten_seconds(call.identified), "{call:?}");
}

#[test]
fn s1_6_without_the_card_nobody_is_identified_and_a_lost_call_tells_whom_it_named() {
    let mut office = office("[modules]\ncaller_card = false\n");
    talk_only(&mut office, IVAN);
    assert_eq!(row(&office).known_as, Some(KnownAs::Nobody));

    let mut office = self::office("");
    let peer = office.call_in_as(IVAN);
    office.ms(2000);
    office.peer_hangs_up(peer);
    office.ms(1000);
    let lost = row(&office);
    assert_eq!(
        (lost.known_as, lost.identified),
        (Some(KnownAs::Client), None)
    );
    assert_eq!(figures(&office), Handling::default());
}

#[test]
fn s1_6_whom_we_call_is_identified_by_the_number_we_dial() {
    let mut office = office("");
    office.peer_is("+77011112233");
    office.dial("+77011112233");
    office.ms(2000);
    office.peer_answers();
    office.ms(5000);
    let call = office.call();
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1000);
    let call = row(&office);
    assert!(call.answered_at.is_some(), "{call:?}");
    assert_eq!(call.known_as, Some(KnownAs::Client));
    assert_eq!(call.identified, Some(Duration::ZERO));
    assert_eq!(figures(&office).outgoing.identified.conversations, 1);
}

#[test]
fn s4_28_s4_29_calls_are_reported_as_they_went() {
    let mut office = office("");
    talk_only(&mut office, IVAN);
    for rings in [2000, 8000] {
        let peer = office.call_in_as(STRANGER);
        office.ms(rings);
        office.peer_hangs_up(peer);
        office.ms(1000);
    }
    office.call_in_as(STRANGER);
    office.ms(1000);
    let call = office.call();
    office.command(Command::Reject(call)).unwrap();
    office.ms(1000);

    let store = &office.store;
    let lost = store.read(|r| r.lost(EVER, TimeZone::UTC, SHORT_ABANDON));
    let lost = lost.unwrap();
    let fates = [Fate::Answered, Fate::Short, Fate::Abandoned, Fate::Rejected];
    assert_eq!(fates.map(|fate| lost.all.of(fate)), [1; 4], "{lost:?}");
    assert_eq!((lost.all.calls(), lost.by_line.len()), (4, 1));

    let service = store.read(|r| r.service(EVER, TimeZone::UTC, SHORT_ABANDON, SERVICE_WITHIN));
    let service = service.unwrap();
    assert_eq!(service.all.service_level(), Some(1.0 / 3.0));
    let [load] = &service.employees[..] else {
        panic!("{service:?}");
    };
    assert_eq!((load.incoming, load.outgoing), (1, 0));
    assert_eq!(load.talk, service.all.talk);

    let busiest = store.read(|r| r.busiest(EVER, TimeZone::UTC, SHORT_ABANDON));
    let busiest = busiest.unwrap();
    assert_eq!(busiest.all.most, 1, "one after the other");
    assert_eq!(busiest.all.talk, load.talk);
}
