//! What stands on the card is the office's to say.

use std::time::Duration;

use ringbook::model::{Address, Client, ClientId, Kind, Money, PhoneNumber, Record, Value};
use ringbook::phone::command::Command;
use ringbook::store::{Happening, TimelineFilter};
use serde_json::json;

use crate::office::{Office, settings};

/// An office with Ivan Petrov, who has a contract and owes; its line has chosen this layout.
fn office(layout: Option<&str>) -> (Office, ClientId) {
    let mut settings = settings("");
    settings.accounts[0].card_layout = layout.map(str::to_owned);
    let mut office = Office::open(settings);
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let number = PhoneNumber::from_e164("+77011112233").unwrap();
    let ivan = Client {
        note: "Speak slowly".into(),
        addresses: vec![Address {
            street: "Abay 10".into(),
            city: "Almaty".into(),
            country: "KZ".into(),
            ..Address::default()
        }],
        custom: vec![("Contract".into(), "17".into())],
        ..Client::named("Ivan Petrov", now).with_phone(number)
    };
    let account = Record::new(Kind::ACCOUNT, Some(ivan.id), now)
        .with("number", Value::Text("KZ-1".into()))
        .with(
            "balance",
            Value::Money(Money {
                minor: -1_250_000,
                currency: "KZT".into(),
            }),
        );
    office
        .store
        .write(|w| w.save_client(&ivan).and_then(|()| w.save_record(&account)))
        .unwrap();
    (office, ivan.id)
}

/// The office decides what stands in this layout.
fn decide(office: &mut Office, name: &str, blocks: &str) {
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let key = Value::Text(name.to_owned());
    office
        .store
        .write(|w| {
            let known = w.find_record_called(Kind::CARD, None, &key)?;
            let layout = known.unwrap_or_else(|| Record::new(Kind::CARD, None, now));
            let layout = layout.with("name", key.clone());
            w.save_record(&layout.with("blocks", Value::Text(blocks.to_owned())))
        })
        .unwrap();
}

/// The card that was told last.
fn card(office: &Office) -> serde_json::Value {
    office.told("caller_card").pop().unwrap()["card"].clone()
}

#[test]
fn s1_10_the_ringing_card_has_the_offices_blocks_in_the_offices_order() {
    let (mut office, _) = office(None);
    office.call_in_as("87011112233");
    let standard = [
        "photo",
        "location",
        "greeting",
        "note",
        "appointment",
        "orders",
        "requests",
    ];
    assert_eq!(card(&office)["blocks"], json!(standard));

    decide(&mut office, "Standard", "balance; field:Contract");
    office.call_in_as("87011112233");
    let card = card(&office);
    assert_eq!(card["blocks"], json!(["balance", "field:Contract"]));
    assert_eq!(card["balance"][0]["minor"], -1_250_000);
    assert_eq!(card["custom"][0]["value"], "17");
    assert_eq!(card["address"], "Abay 10, Almaty, Kazakhstan");
    assert_eq!(office.states(), ["incoming", "ringing"].repeat(2));
}

#[test]
fn s1_10_a_line_chooses_its_layout_and_the_next_call_has_it_as_it_is_then() {
    let (mut office, _) = office(Some("Sales"));
    decide(&mut office, "standard", "note");
    decide(&mut office, "sales", "note; photo");
    office.call_in_as("87011112233");
    assert_eq!(card(&office)["blocks"], json!(["note", "photo"]));
    decide(&mut office, "sales", "photo; tags");
    office.call_in_as("87011112233");
    assert_eq!(card(&office)["blocks"], json!(["photo", "tags"]));
    assert!(office.told("notice").is_empty());
}

#[test]
fn s1_17_the_place_and_its_time_are_on_the_card_where_the_office_wants_them() {
    let (mut office, _) = office(None);
    decide(&mut office, "standard", "location");
    office.call_in_as("87011112233");
    let shown = card(&office);
    assert_eq!(shown["blocks"], json!(["location"]));
    assert_eq!(shown["location"], "Almaty, Kazakhstan");
    assert!(shown["local_time"].is_string(), "{shown}");
    decide(&mut office, "standard", "note");
    office.call_in_as("87011112233");
    assert_eq!(card(&office)["blocks"], json!(["note"]));
}

#[test]
fn a_layout_that_is_not_there_is_told_once_and_the_standard_one_shown() {
    let (mut office, _) = office(Some("Sales"));
    decide(&mut office, "standard", "note");
    for _ in 0..2 {
        office.call_in_as("87011112233");
        assert_eq!(card(&office)["blocks"], json!(["note"]));
    }
    let told = office.told("notice");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].to_string().contains("“Sales”"), "{told:?}");
}

#[test]
fn a_card_has_its_shape_before_the_store_has_answered() {
    let (mut office, _) = office(None);
    decide(&mut office, "standard", "note; tags");
    office.call_in_as("87011112233");
    let call = office.call();
    office.command(Command::Reject(call)).unwrap();
    office.slow_lookup = Duration::from_secs(3);
    office.call_in_as("87011112233");
    office.ms(2000);
    let card = card(&office);
    assert_eq!(card["known"], false);
    assert_eq!(card["blocks"], json!(["note", "tags"]));
}

#[test]
fn s1_15_who_has_read_the_note_and_when_stands_in_the_clients_timeline() {
    let (mut office, ivan) = office(None);
    office
        .store
        .write(|w| {
            let mut client = w.load_client(ivan)?;
            client.note_acknowledge = true;
            w.save_client(&client)
        })
        .unwrap();
    office.call_in_as("87011112233");
    assert_eq!(card(&office)["note_must_acknowledge"], true);
    assert_eq!(card(&office)["note_read_at"], json!(null));
    // It is no obstacle to taking the call.
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.command(Command::NoteRead(call)).unwrap();
    let told = card(&office);
    assert_ne!(told["note_read_at"], json!(null));
    office.command(Command::NoteRead(call)).unwrap();
    office.command(Command::ClientsChanged).unwrap();
    assert_eq!(card(&office), told, "it is read once");

    let read = |office: &Office| -> Vec<(String, String)> {
        let all = office
            .store
            .read(|r| r.timeline(ivan, TimelineFilter::All, 0, 50))
            .unwrap();
        let changes = all.into_iter().filter_map(|entry| match entry.what {
            Happening::Change(change) if change.field == "note_read" => Some(change),
            _ => None,
        });
        changes
            .map(|change| (change.before, change.after))
            .collect()
    };
    assert_eq!(
        read(&office),
        [("Speak slowly".to_owned(), "101".to_owned())]
    );

    // Another note has to be read anew.
    office
        .store
        .write(|w| {
            let mut client = w.load_client(ivan)?;
            client.note = "Do not sell on credit".into();
            w.save_client(&client)
        })
        .unwrap();
    office.command(Command::ClientsChanged).unwrap();
    assert_eq!(card(&office)["note_read_at"], json!(null));
    office.command(Command::NoteRead(call)).unwrap();
    assert_eq!(read(&office).len(), 2);
}
