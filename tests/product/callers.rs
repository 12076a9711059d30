//! Who the caller is, where the number alone does not tell: several clients of one number, and callers
//! whom nobody knows yet.

use ringbook::app::Input;
use ringbook::model::{CallId, Client, ClientField, ClientId, PhoneNumber};
use ringbook::phone::command::{Command, CommandError, Reply};
use serde_json::{Value, json};

use crate::office::{Office, settings};

const SHARED: &str = "+77011112233";

fn client(name: &str, number: &str) -> Client {
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    Client::named(name, now).with_phone(PhoneNumber::from_e164(number).unwrap())
}

/// An office with these clients of one number; the last one was entered last.
fn family(names: &[&str]) -> (Office, Vec<ClientId>) {
    let mut office = Office::open(settings(""));
    office.input(Input::Watch(true));
    let clients: Vec<Client> = names.iter().map(|name| client(name, SHARED)).collect();
    for client in &clients {
        office.store.write(|w| w.save_client(client)).unwrap();
    }
    (office, clients.iter().map(|client| client.id).collect())
}

/// The names on the card of the latest call: its client and the others.
fn names(office: &Office) -> Vec<String> {
    let card = &office.told("caller_card").last().unwrap()["card"];
    let others = card["others"].as_array().unwrap().iter();
    let all = std::iter::once(card).chain(others);
    all.map(|one| one["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Somebody calls from the shared number, is talked with where `answered`, and hangs up.
fn call(office: &mut Office, answered: bool, during: impl FnOnce(&mut Office, CallId)) {
    let peer = office.call_in_as("87011112233");
    let call = office.call();
    if answered {
        office.command(Command::Answer(call)).unwrap();
    }
    during(office, call);
    office.ms(2000);
    office.peer_hangs_up(peer);
    office.ms(1000);
}

fn save(call: CallId, fields: &[(&str, &str)]) -> Command {
    let field = |(name, text): &(&str, &str)| (ClientField::named(name), (*text).to_owned());
    Command::SaveCaller {
        call,
        fields: fields.iter().map(field).collect(),
    }
}

#[test]
fn s1_2_of_several_clients_of_a_number_the_one_said_or_spoken_with_last_comes_first() {
    let (mut office, ids) = family(&["Husband", "Wife", "Son"]);
    call(&mut office, false, |office, _| {
        assert_eq!(names(office), ["Son", "Wife", "Husband"]);
        let other = &office.told("caller_card")[0]["card"]["others"][0];
        assert_eq!(other["id"], ids[1].to_string());
        assert_eq!(
            (&other["company"], &other["category"]["id"]),
            (&json!(""), &json!("ordinary"))
        );
    });
    // Nobody talked, and nobody said who it was: nothing is learned.
    call(&mut office, true, |office, call| {
        assert_eq!(names(office), ["Son", "Wife", "Husband"]);
        let client = ids[0];
        let answer = office.command_to_store(Command::LinkCaller { call, client });
        assert_eq!(
            answer,
            Ok(Reply::Linked {
                client: Some(client)
            })
        );
        assert_eq!(names(office), ["Husband", "Son", "Wife"]);
        assert_eq!(office.only_view().title, "Husband");
        // Whatever is saved meanwhile, it stays.
        office.command(Command::ClientsChanged).unwrap();
        assert_eq!(office.only_view().title, "Husband");
    });
    let row = office.rows().remove(0);
    assert_eq!(
        (row.record.client, &*row.record.client_name),
        (Some(ids[0]), "Husband")
    );
    call(&mut office, false, |office, call| {
        assert_eq!(names(office), ["Husband", "Son", "Wife"]);
        let client = ids[1];
        office
            .command_to_store(Command::LinkCaller { call, client })
            .unwrap();
    });
    call(&mut office, true, |office, _| {
        assert_eq!(names(office), ["Wife", "Husband", "Son"]);
    });
}

#[test]
fn s1_2_who_it_is_can_be_said_of_whoever_has_no_number_in_the_book() {
    let (mut office, _) = family(&[]);
    let ivan = client("Ivan Petrov", "+77270000000");
    office.store.write(|w| w.save_client(&ivan)).unwrap();
    call(&mut office, true, |office, call| {
        let client = ivan.id;
        office
            .command_to_store(Command::LinkCaller { call, client })
            .unwrap();
        assert_eq!(names(office), ["Ivan Petrov"]);
    });
    assert_eq!(office.only_row().0.record.client, Some(ivan.id));
    // The number is not his for that.
    call(&mut office, true, |office, _| {
        let card = &office.told("caller_card").last().unwrap()["card"];
        assert_eq!(card["known"], false);
    });
}

#[test]
fn who_it_is_cannot_be_said_of_no_call_nor_be_nobody() {
    let (mut office, ids) = family(&["Husband"]);
    let nobody = ClientId::new();
    let none = CallId::new();
    let client = ids[0];
    let refused = office.command(Command::LinkCaller { call: none, client });
    assert_eq!(refused, Err(CommandError::NoSuchCall(none)));
    call(&mut office, true, |office, call| {
        let told = office.told("caller_card").len();
        let client = nobody;
        let refused = office.command_to_store(Command::LinkCaller { call, client });
        let Err(CommandError::Refused(why)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(why, format!("no client {nobody}"));
        assert_eq!(office.told("caller_card").len(), told);
    });
}

#[test]
fn s1_26_what_is_said_of_an_unknown_caller_is_a_client_of_that_call_at_once() {
    let (mut office, _) = family(&[]);
    let card =
        |office: &Office| -> Value { office.told("caller_card").last().unwrap()["card"].clone() };
    call(&mut office, true, |office, call| {
        for (fields, why) in [
            (
                &[("category", "vip")][..],
                "name: \"\" is not allowed; allowed: the caller's name",
            ),
            (
                &[("name", "Dana"), ("category", "vop")],
                "category: \"vop\" is not allowed; allowed: ordinary, vip, problem, potential, active",
            ),
        ] {
            let refused = office.command_to_store(save(call, fields));
            assert_eq!(refused, Err(CommandError::Refused(why.to_owned())));
        }
        assert_eq!(card(office)["known"], false);
        let fields = [("name", "Dana Omarova"), ("category", "VIP")];
        office.command_to_store(save(call, &fields)).unwrap();
        let card = card(office);
        assert_eq!(
            (&card["name"], &card["category"]["id"]),
            (&json!("Dana Omarova"), &json!("vip"))
        );
        assert_eq!(office.only_view().title, "Dana Omarova");
        assert_eq!(office.states(), ["incoming", "ringing", "established"]);
        // What is said later is said of the same client.
        office
            .command_to_store(save(call, &[("note", "Speak slowly")]))
            .unwrap();
        assert_eq!(
            office.told("caller_card").last().unwrap()["card"]["note"],
            "Speak slowly"
        );
    });
    assert_eq!(office.store.read(|r| r.count_clients()).unwrap(), 1);
    let (row, _) = office.only_row();
    assert_eq!(
        (&*row.record.client_name, row.record.client.is_some()),
        ("Dana Omarova", true)
    );
    // S1.27: the next call of the same number shows it all.
    call(&mut office, false, |office, _| {
        assert_eq!(card(office)["name"], "Dana Omarova");
        assert_eq!(card(office)["note"], "Speak slowly");
    });
}

/// An office that enters callers whom nobody knows.
fn registering() -> Office {
    let mut office = Office::open(settings("[modules]\nregister_callers = true\n"));
    office.input(Input::Watch(true));
    office
}

/// An INVITE from somebody who writes who it is.
fn invite(office: &mut Office, from: &str, headers: &str) {
    office.hear(&format!(
        "INVITE sip:101@127.0.0.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKstranger\r\nMax-Forwards: 70\r\n\
         From: {from};tag=raw\r\nTo: <sip:101@127.0.0.1:5060>\r\nCall-ID: stranger\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:300@127.0.0.2:5060>\r\n{headers}Content-Length: 0\r\n\r\n"
    ));
}

fn clients(office: &Office) -> u64 {
    office.store.read(|r| r.count_clients()).unwrap()
}

#[test]
fn s5_25_a_caller_whom_nobody_knows_is_entered_once_as_a_draft_and_named_by_a_person() {
    let mut office = registering();
    let card = |office: &Office| office.told("caller_card").last().unwrap()["card"].clone();
    for _ in 0..2 {
        call(&mut office, false, |office, _| {
            let card = card(office);
            assert_eq!(
                (&card["known"], &card["draft"]),
                (&json!(false), &json!(true))
            );
            assert_eq!(card["name"], "+7 701 111 2233");
        });
        assert_eq!(clients(&office), 1);
    }
    let draft = office.rows()[0].record.client;
    assert!(draft.is_some());
    assert!(office.rows().iter().all(|row| row.record.client == draft));

    call(&mut office, true, |office, call| {
        // Without a name it is still nobody.
        office
            .command_to_store(save(call, &[("note", "Asks for a price")]))
            .unwrap();
        assert_eq!(card(office)["draft"], true);
        office
            .command_to_store(save(call, &[("name", "Dana Omarova")]))
            .unwrap();
        let card = card(office);
        assert_eq!(
            (&card["known"], &card["draft"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(card["note"], "Asks for a price");
    });
    assert_eq!(clients(&office), 1);
    assert_eq!(office.rows()[0].record.client, draft);
}

#[test]
fn s5_25_the_name_that_the_network_gave_is_the_drafts() {
    let mut office = registering();
    let number = "<sip:+77029998877@127.0.0.2>";
    invite(&mut office, &format!("\"Dana\" {number}"), "");
    let card = &office.told("caller_card").last().unwrap()["card"];
    assert_eq!(
        (&card["name"], &card["draft"]),
        (&json!("Dana"), &json!(true))
    );
}

#[test]
fn s5_25_who_hides_or_is_in_the_house_or_is_called_is_no_draft_and_without_the_module_nobody_is() {
    let number = "<sip:+77029998877@127.0.0.2>";
    let mut hidden = registering();
    invite(&mut hidden, number, "Privacy: id\r\n");
    assert!(!hidden.only_view().card.unwrap().draft);
    let mut anonymous = registering();
    invite(&mut anonymous, "<sip:anonymous@anonymous.invalid>", "");
    let mut internal = registering();
    internal.call_in_as("102");
    let mut called = registering();
    called.dial("+77029998877");
    let mut off = Office::open(settings(""));
    off.call_in_as("87029998877");
    for (who, mut office) in [
        ("hidden", hidden),
        ("anonymous", anonymous),
        ("internal", internal),
        ("called", called),
        ("off", off),
    ] {
        office.ms(2000);
        assert_eq!(office.rows().len(), 1, "{who}");
        assert_eq!(clients(&office), 0, "{who}");
    }
}

#[test]
fn s1_28_a_draft_is_taken_in_by_the_client_whose_number_it_turns_out_to_be() {
    let mut office = registering();
    let ivan = client("Ivan Petrov", "+77270000000");
    office.store.write(|w| w.save_client(&ivan)).unwrap();
    let number = PhoneNumber::from_e164(SHARED).unwrap();
    call(&mut office, true, |office, call| {
        assert_eq!(clients(office), 2);
        let with_number = ivan.clone().with_phone(number);
        office
            .store
            .write(|w| {
                w.save_client(&with_number)
                    .and_then(|()| w.link_call(call, ivan.id))
            })
            .unwrap();
        office.command(Command::ClientsChanged).unwrap();
        assert_eq!(names(office), ["Ivan Petrov"]);
    });
    assert_eq!(clients(&office), 1);
    assert_eq!(office.only_row().0.record.client, Some(ivan.id));
}
