//! The main walk: somebody calls. Whatever becomes of it leaves exactly one row (S1.5).

use std::time::Duration;

use ringbook::app::Input;
use ringbook::model::{CallStatus, CategoryId, Client, Kind, PhoneNumber, Record, Value};
use ringbook::phone::command::{Command, CommandError};
use ringbook::phone::ringer::Ring;
use ringbook_media::tone::{Bell, Tone};
use ringbook_sip::message::{Message, Method};
use serde_json::json;

use crate::office::{LINE, Office, settings};

/// An office whose only client is Ivan Petrov, +7 701 111 22 33.
fn office() -> Office {
    let mut office = Office::open(settings(""));
    let number = PhoneNumber::from_e164("+77011112233").unwrap();
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let ivan = Client {
        note: "Speak slowly".into(),
        ..Client::named("Ivan Petrov", now)
    };
    office
        .store
        .write(|w| w.save_client(&ivan.clone().with_phone(number)))
        .unwrap();
    office
}

#[test]
fn s1_2_a_known_caller_is_on_the_card_while_it_rings_without_any_input() {
    let mut office = office();
    office.call_in_as("87011112233");
    let told = office.told("caller_card");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["card"]["name"], "Ivan Petrov");
    assert_eq!(told[0]["card"]["known"], true);
    assert_eq!(told[0]["card"]["note"], "Speak slowly");
    assert_eq!(told[0]["card"]["number"], "+77011112233");
    assert_eq!(told[0]["card"]["company"], "Alfa LLC");
    assert_eq!(told[0]["lookup_ms"], 0.0);
    assert_eq!(office.states(), ["incoming", "ringing"]);
    assert_eq!(office.told("call")[0]["number"], "+77011112233");
    assert_eq!(office.told("call")[0]["account"], LINE);
}

#[test]
fn s1_3_twenty_known_callers_are_on_the_card_with_their_names_before_they_are_answered() {
    let mut office = office();
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    for n in 10..30 {
        let number = PhoneNumber::from_e164(&format!("+770122233{n}")).unwrap();
        let client = Client::named(format!("Client {n}"), now).with_phone(number);
        office.store.write(|w| w.save_client(&client)).unwrap();
        office.call_in_as(&format!("870122233{n}"));
        let call = office.call();
        office.ms(2000);
        office.command(Command::Answer(call)).unwrap();
        office.ms(1000);
        office.command(Command::Hangup(call)).unwrap();
        office.ms(1000);

        let events = office.events.iter().filter(|e| e["call"] == json!(call));
        let told: Vec<&str> = events
            .filter_map(|event| match event["event"].as_str()? {
                "caller_card" => event["card"]["name"].as_str(),
                _ => event["state"].as_str(),
            })
            .collect();
        let name = format!("Client {n}");
        let at = |said: &str| told.iter().position(|told| *told == said);
        let (card, answered) = (at(&name), at("established"));
        assert!(card.is_some() && card < answered, "{told:?}");
    }
    assert_eq!(office.rows().len(), 20);
}

#[test]
fn a_caller_who_is_saved_during_the_call_is_on_the_card_and_in_the_row_at_once() {
    let mut office = office();
    office.input(Input::Watch(true));
    let peer = office.call_in_as("87029998877");
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    let call = office.only_view();
    assert!(!call.card.unwrap().known);
    let edition = office.view.as_ref().unwrap().log_edition;

    let number = PhoneNumber::from_e164("+77029998877").unwrap();
    let now = "2026-11-22T09:05:00Z".parse().unwrap();
    let dana = Client {
        category: CategoryId::new("vip"),
        ..Client::named("Dana Omarova", now).with_phone(number)
    };
    office.store.write(|w| w.save_client(&dana)).unwrap();
    office.command(Command::ClientsChanged).unwrap();

    let call = office.only_view();
    assert_eq!(call.title, "Dana Omarova");
    let card = call.card.unwrap();
    assert_eq!((card.known, &*card.name), (true, "Dana Omarova"));
    assert_eq!(card.category.unwrap().id.as_str(), "vip");
    let told = office.told("caller_card");
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[1]["card"]["name"], "Dana Omarova");
    let (row, _) = office.only_row();
    assert_eq!(row.client_name.as_deref(), Some("Dana Omarova"));
    assert_eq!(office.view.as_ref().unwrap().log_edition, edition + 1);

    // Nothing new is nothing told; a name set right shows.
    office.command(Command::ClientsChanged).unwrap();
    assert_eq!(office.told("caller_card").len(), 2);
    let renamed = Client {
        name: "Dana Akhmetova".into(),
        ..dana
    };
    office.store.write(|w| w.save_client(&renamed)).unwrap();
    office.command(Command::ClientsChanged).unwrap();
    assert_eq!(office.only_view().title, "Dana Akhmetova");

    office.peer_hangs_up(peer);
    let (row, _) = office.only_row();
    assert_eq!(row.record.client_name, "Dana Akhmetova");
    assert_eq!(row.record.client, Some(renamed.id));
}

#[test]
fn s1_28_a_number_that_a_known_client_gets_during_the_call_is_the_clients_from_then_on() {
    let mut office = office();
    office.input(Input::Watch(true));
    let known = PhoneNumber::from_e164("+77011112233").unwrap();
    let new = PhoneNumber::from_e164("+77770000000").unwrap();
    let ivan = office
        .store
        .read(|r| r.find_caller(Some(known), "", None))
        .unwrap();
    let ivan = ivan.unwrap().client.unwrap();
    let peer = office.call_in_as("87770000000");
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    assert!(!office.only_view().card.unwrap().known);

    let ivan = ivan.with_phone(new);
    let id = ivan.id;
    office
        .store
        .write(|w| w.save_client(&ivan).and_then(|()| w.link_call(call, id)))
        .unwrap();
    office.command(Command::ClientsChanged).unwrap();
    assert_eq!(office.only_view().card.unwrap().client, Some(id));
    office.peer_hangs_up(peer);
    let (row, _) = office.only_row();
    assert_eq!(
        (row.record.client, row.record.number),
        (Some(id), Some(new))
    );

    office.call_in_as("+77770000000");
    assert_eq!(office.only_view().card.unwrap().client, Some(id));
    let by_either = |number| office.store.read(|r| r.find_caller(Some(number), "", None));
    for number in [known, new] {
        let found = by_either(number).unwrap().unwrap();
        assert_eq!(found.client.unwrap().id, id);
    }
}

#[test]
fn s1_21_the_card_greets_by_name_and_tells_what_else_is_known_of_the_client() {
    let mut office = office();
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    office
        .store
        .write(|w| {
            let number = PhoneNumber::from_e164("+77011112233").unwrap();
            let mut ivan = w.load_client(w.clients_with_number(number)?[0])?;
            ivan.note_acknowledge = true;
            ivan.tags = vec!["steel".into()];
            ivan.do_not_call = true;
            ivan.language = "ru".into();
            ivan.custom = vec![
                ("Contract".into(), "17".into()),
                ("Level".into(), "Gold".into()),
            ];
            w.save_client(&ivan)?;
            let level = Record::new(Kind::FIELD, None, now)
                .with("name", Value::Text("Level".into()))
                .with("rank", Value::Whole(1));
            w.save_record(&level)?;
            for (at, subject) in [("2026-11-21", "Past"), ("2026-11-24", "Measuring")] {
                let at = format!("{at}T05:00:00Z").parse().unwrap();
                let visit = Record::new(Kind::APPOINTMENT, Some(ivan.id), now)
                    .with("at", Value::Moment(at))
                    .with("subject", Value::Text(subject.into()));
                w.save_record(&visit)?;
            }
            let request = Record::new(Kind::REQUEST, Some(ivan.id), now)
                .with("number", Value::Text("R-1".into()));
            w.save_record(&request)
        })
        .unwrap();
    office.call_in_as("87011112233");
    let card = office.told("caller_card")[0]["card"].clone();
    assert_eq!(card["greeting"], "Здравствуйте, Ivan!");
    assert_eq!(
        (&card["note"], &card["note_must_acknowledge"]),
        (&json!("Speak slowly"), &json!(true))
    );
    assert_eq!(
        (&card["tags"], &card["do_not_call"]),
        (&json!(["steel"]), &json!(true))
    );
    assert_eq!(
        card["custom"][0],
        json!({ "name": "Level", "type": "text", "value": "Gold" })
    );
    assert_eq!(card["next_appointment"]["subject"], "Measuring");
    assert_eq!(card["requests"][0]["number"], "R-1");
}

#[test]
fn s1_15_a_note_that_holds_no_longer_is_not_on_the_card() {
    for (until, note) in [("2026-11-22", "Speak slowly"), ("2026-11-21", "")] {
        let mut office = office();
        let number = PhoneNumber::from_e164("+77011112233").unwrap();
        office
            .store
            .write(|w| {
                let mut ivan = w.load_client(w.clients_with_number(number)?[0])?;
                ivan.note_until = Some(until.parse().unwrap());
                ivan.note_acknowledge = true;
                w.save_client(&ivan)
            })
            .unwrap();
        office.call_in_as("87011112233");
        let card = &office.told("caller_card")[0]["card"];
        assert_eq!(card["note"], note, "{until}");
        assert_eq!(card["note_must_acknowledge"], !note.is_empty());
    }
}

#[test]
fn the_180_goes_out_before_anything_else_is_asked() {
    let mut office = office();
    office.effects.clear();
    // The PRACK of the 180 is lost: its answer is not what this is about.
    office.lose = |message| matches!(message, Message::Request(r) if r.method == Method::Prack);
    office.call_in();
    let place = |name: &str| office.effects.iter().position(|effect| effect == name);
    let before = &office.effects[..place("FindCaller").unwrap()];
    assert_eq!(before[0], "transmit", "{before:?}");
    let rings = |message: &Message| matches!(message, Message::Response(r) if r.status == 180);
    assert!(office.wire.iter().any(|(_, _, message)| rings(message)));
    let sent = before.iter().filter(|effect| *effect == "transmit");
    assert_eq!(sent.count(), 1, "{before:?}");
    for later in ["OpenCall", "BindMedia", "Tone"] {
        assert!(
            place(later) > place("FindCaller"),
            "{later} stands before the look-up"
        );
    }
}

#[test]
fn the_row_is_there_while_it_rings() {
    let mut office = office();
    office.call_in_as("87011112233");
    let (row, said) = office.only_row();
    assert_eq!(said, "in_progress -");
    assert_eq!(
        (&*row.record.caller, &*row.record.callee),
        ("+77011112233", "101")
    );
    office.ms(2500);
    let (row, _) = office.only_row();
    let seen = row
        .record
        .started_at
        .duration_until(row.record.last_seen_at);
    assert!(
        seen >= jiff::SignedDuration::from_millis(1500),
        "the heartbeat is {seen:?} old"
    );
    assert_eq!(row.client_name.as_deref(), Some("Ivan Petrov"));
}

#[test]
fn s5_8_an_answered_call_is_written_with_its_times_its_sound_and_its_recording() {
    let mut office = office();
    let peer = office.call_in_as("87011112233");
    office.ms(3000);
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.ms(61_000);
    office.peer_hangs_up(peer);
    let (row, said) = office.only_row();
    assert_eq!(said, "answered remote_hangup");
    let record = &row.record;
    assert!(
        (61.0..61.2).contains(&record.talk.as_secs_f64()),
        "{:?}",
        record.talk
    );
    assert!(
        (3.0..3.2).contains(&record.ring.as_secs_f64()),
        "{:?}",
        record.ring
    );
    assert_eq!(record.codec.as_deref(), Some("pcma"));
    assert!(record.conversation_took_place());
    assert_eq!(record.extension, "101");
    let file = row.recording.unwrap();
    assert!(file.ends_with(&format!("{call}.wav")), "{file}");
    assert_eq!(
        office.states(),
        ["incoming", "ringing", "established", "ended"]
    );
    let ended = office.told("call")[3];
    assert_eq!(ended["end_reason"], "remote_hangup");
    assert_eq!(ended["loss"], json!(0.02));
    assert_eq!(ended["jitter_ms"], json!(1.5));
    assert_eq!(ended["mos"], json!(4.25));
    let recordings: Vec<_> = office
        .told("recording")
        .iter()
        .map(|r| r["state"].clone())
        .collect();
    assert_eq!(recordings, ["started", "finished"]);
}

#[test]
fn s5_5_an_answered_call_without_sound_both_ways_is_no_conversation() {
    for (sent, received, status) in [
        (100, 98, "answered"),
        (100, 0, "one_way"),
        (0, 98, "one_way"),
        (0, 0, "one_way"),
    ] {
        let mut office = office();
        office.sound.packets_sent = sent;
        office.sound.packets_received = received;
        let peer = office.call_in();
        let call = office.call();
        office.command(Command::Answer(call)).unwrap();
        office.ms(5000);
        office.peer_hangs_up(peer);
        let (row, said) = office.only_row();
        assert_eq!(said, format!("{status} remote_hangup"), "{sent} {received}");
        assert_eq!(row.record.conversation_took_place(), status == "answered");
    }
}

#[test]
fn s5_28_a_row_keeps_the_category_of_the_time_of_the_call() {
    let mut office = office();
    let peer = office.call_in_as("87011112233");
    office.peer_hangs_up(peer);
    let (row, _) = office.only_row();
    let then = row.record.category.clone().unwrap();
    assert_eq!(
        (then.as_str(), row.category),
        ("ordinary", Some(then.clone()))
    );
    let id = row.record.client.unwrap();
    let mut ivan = office.store.read(|r| r.load_client(id)).unwrap();
    ivan.category = CategoryId::new("problem");
    office.store.write(|w| w.save_client(&ivan)).unwrap();
    let (row, _) = office.only_row();
    assert_eq!(row.category, Some(ivan.category));
    assert_eq!(row.record.category, Some(then));
}

#[test]
fn a_caller_who_gives_up_leaves_a_missed_call() {
    let mut office = office();
    let peer = office.call_in();
    office.ms(1000);
    office.peer_hangs_up(peer);
    assert_eq!(office.only_row().1, "missed cancelled");
    assert_eq!(office.states(), ["incoming", "ringing", "ended"]);
}

#[test]
fn nobody_answering_in_time_leaves_a_missed_call() {
    let mut office = office();
    office.call_in();
    office.ms(200_000);
    assert_eq!(office.only_row().1, "missed no_answer");
}

#[test]
fn a_call_turned_away_is_rejected() {
    let mut office = office();
    office.call_in();
    let call = office.call();
    office.command(Command::Reject(call)).unwrap();
    let (row, said) = office.only_row();
    assert_eq!(said, "rejected rejected");
    assert_eq!(row.record.sip_status, Some(603));
    let gone = office.command(Command::Answer(call)).unwrap_err();
    assert_eq!(gone, CommandError::NoSuchCall(call));
}

#[test]
fn one_call_too_many_hears_busy_and_has_its_row() {
    let mut office = Office::open(settings("[phone]\nmax_calls = 1\n"));
    office.call_in();
    office.call_in_as("300");
    let rows = office.rows();
    let statuses: Vec<_> = rows
        .iter()
        .map(|row| (&*row.record.caller, row.record.status))
        .collect();
    assert_eq!(statuses.len(), 2);
    assert!(statuses.contains(&("200", CallStatus::InProgress)));
    assert!(statuses.contains(&("300", CallStatus::Busy)));
    assert!(
        office
            .wire
            .iter()
            .any(|(_, _, m)| matches!(m, Message::Response(r) if r.status == 486))
    );
}

#[test]
fn a_hidden_caller_is_hidden_and_has_no_number() {
    let mut office = office();
    office.call_in_as("anonymous");
    let card = &office.told("caller_card")[0]["card"];
    assert_eq!(card["known"], false);
    assert_eq!(card["number"], serde_json::Value::Null);
}

#[test]
fn s1_25_an_unknown_caller_is_a_number_and_nothing_else() {
    let mut office = office();
    office.call_in_as("+36305550101");
    let card = &office.told("caller_card")[0]["card"];
    assert_eq!(card["known"], false);
    assert_eq!(card["number_display"], "+36 30 555 0101");
    assert_eq!(
        (&card["client"], &card["category"]),
        (&json!(null), &json!(null))
    );
    assert_eq!((&card["note"], &card["orders"]), (&json!(""), &json!([])));
}

#[test]
fn a_late_look_up_is_not_waited_for_and_still_fills_the_card() {
    let mut office = office();
    office.slow_lookup = Duration::from_secs(3);
    office.call_in_as("87011112233");
    assert_eq!(office.states(), ["incoming", "ringing"]);
    office.ms(2000);
    assert_eq!(office.told("caller_card").len(), 1);
    assert_eq!(office.told("caller_card")[0]["card"]["known"], false);
    office.ms(2000);
    assert_eq!(office.told("caller_card")[1]["card"]["name"], "Ivan Petrov");
}

/// How often the last write of a row was asked for.
fn closings(office: &Office) -> usize {
    let is_closing = |effect: &&String| *effect == "CloseCall";
    office.effects.iter().filter(is_closing).count()
}

#[test]
fn a_caller_who_gives_up_before_the_look_up_is_answered_has_a_name_in_the_log() {
    let mut office = office();
    office.slow_lookup = Duration::from_millis(700);
    let peer = office.call_in_as("87011112233");
    office.peer_hangs_up(peer);
    assert_eq!(closings(&office), 0, "the row waits for the name");
    office.ms(700);
    let (row, said) = office.only_row();
    assert_eq!(said, "missed cancelled");
    assert_eq!(row.client_name.as_deref(), Some("Ivan Petrov"));
    assert!(row.record.client.is_some());
    assert!(row.record.ring < Duration::from_millis(100), "{row:?}");
    assert_eq!(office.states(), ["incoming", "ringing", "ended"]);
    office.ms(15_000);
    assert_eq!(closings(&office), 1);
}

#[test]
fn a_store_that_never_answers_a_look_up_holds_no_row_back() {
    let mut office = office();
    office.slow_lookup = Duration::from_secs(3_600);
    let peer = office.call_in_as("87011112233");
    office.peer_hangs_up(peer);
    office.ms(2_000);
    let (row, said) = office.only_row();
    assert_eq!(said, "missed cancelled");
    assert_eq!(row.record.client, None);
    assert_eq!(office.states().last(), Some(&"ended"));
    assert_eq!(closings(&office), 1);
}

#[test]
fn an_automatic_answer_sends_the_200_at_once_and_holds_nobody() {
    let mut office = Office::open(settings("[phone]\nauto_answer = true\n"));
    let first = office.call_in();
    let second = office.call_in_as("300");
    assert_eq!(
        office.states(),
        ["incoming", "established", "incoming", "established"]
    );
    assert!(
        !office
            .wire
            .iter()
            .any(|(_, _, m)| matches!(m, Message::Response(r) if r.status == 180))
    );
    office.peer_hangs_up(first);
    office.peer_hangs_up(second);
    assert!(
        office
            .rows()
            .iter()
            .all(|row| row.record.status == CallStatus::Answered)
    );
}

#[test]
fn a_deaf_media_thread_keeps_no_row_open() {
    let mut office = office();
    office.deaf_media = true;
    let peer = office.call_in();
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.ms(1000);
    office.peer_hangs_up(peer);
    office.ms(15_000);
    assert_eq!(office.only_row().1, "answered remote_hangup");
    assert_eq!(office.states().last(), Some(&"ended"));
}

#[test]
fn a_line_rings_in_its_own_way_and_a_call_goes_before_a_trial() {
    let mut settings = settings("");
    settings.accounts[0].ringtone = Bell::Deep;
    let mut office = Office::open(settings);
    let trial =
        |bell: Option<Bell>| Command::TryRingtone(bell.map(|bell| Ring { bell, file: None }));
    office.command(trial(Some(Bell::Chimes))).unwrap();
    assert_eq!(office.bell, Some(Tone::Ringing(Bell::Chimes)));
    office.call_in();
    assert_eq!(office.bell, Some(Tone::Ringing(Bell::Deep)));
    office.command(trial(None)).unwrap();
    assert_eq!(office.bell, Some(Tone::Ringing(Bell::Deep)));
    let call = office.call();
    office.command(Command::Reject(call)).unwrap();
    office.ms(100);
    assert_eq!(office.bell, None);
}
