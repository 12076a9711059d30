//! Whoever called in vain is owed a call: by the real phone, from the ring to the talk.

use ringbook::app::Input;
use ringbook::model::{Client, PhoneNumber};
use ringbook::phone::command::Command;
use ringbook::store::{TaskFilter, TaskState};
use serde_json::Value;

use crate::office::{Office, PEER, PHONE, settings};

/// An office whose only client is Ivan Petrov, with two numbers.
fn office(more: &str) -> Office {
    let mut office = Office::open(settings(more));
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let number = |e164| PhoneNumber::from_e164(e164).unwrap();
    let ivan = Client::named("Ivan Petrov", now)
        .with_phone(number("+77011112233"))
        .with_phone(number("+77272500000"));
    office.store.write(|w| w.save_client(&ivan)).unwrap();
    office
}

/// Somebody calls and gives up after a second.
fn give_up(office: &mut Office, user: &str) {
    let peer = office.call_in_as(user);
    office.ms(1000);
    office.peer_hangs_up(peer);
    office.ms(1000);
}

/// We call, are answered, and talk for five seconds.
fn talk(office: &mut Office, target: &str) {
    let call = office.dial(target);
    office.peer_answers();
    office.ms(5000);
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1000);
}

/// What scripts were told, as `state caller calls`.
fn told(office: &Office) -> Vec<String> {
    let line = |task: &&Value| {
        let word = |key: &str| task[key].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", word("state"), word("caller"), task["calls"])
    };
    office.told("task").iter().map(line).collect()
}

fn open_tasks(office: &Office) -> usize {
    let filter = TaskFilter {
        state: Some(TaskState::Open),
        ..TaskFilter::default()
    };
    office.store.read(|r| r.tasks(&filter, None)).unwrap().len()
}

#[test]
fn a_caller_who_gives_up_is_owed_a_call_until_people_have_talked() {
    let mut office = office("");
    give_up(&mut office, "87011112233");
    assert_eq!(told(&office), ["opened +77011112233 1"]);
    let task = office.told("task")[0].clone();
    let (row, said) = office.only_row();
    assert_eq!(said, "missed cancelled");
    assert_eq!(task["call"], row.record.call.to_string());
    assert_eq!(
        (&task["client"], &task["number"]),
        (&"Ivan Petrov".into(), &"+77011112233".into())
    );
    let lost_at = row.record.ended_at.unwrap();
    let after = |minutes: i64| format!("{:.3}", lost_at + jiff::SignedDuration::from_mins(minutes));
    assert_eq!(task["opened_at"], after(0));
    assert_eq!(task["due_at"], after(60));

    office.ms(60_000);
    give_up(&mut office, "87011112233");
    assert_eq!(told(&office)[1..], ["joined +77011112233 2"]);
    let joined = office.told("task")[1].clone();
    assert_eq!(
        (&joined["task"], &joined["due_at"]),
        (&task["task"], &task["due_at"])
    );

    // Nobody answers us; then the client's other number does.
    office.peer_is("+77272500000");
    let call = office.dial("8 727 250 00 00");
    office.ms(1000);
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1000);
    assert_eq!(open_tasks(&office), 1);
    talk(&mut office, "8 727 250 00 00");
    assert_eq!(told(&office)[2..], ["closed +77011112233 2"]);
    assert_eq!(open_tasks(&office), 0);
}

#[test]
fn an_unknown_caller_is_owed_a_call_by_the_number() {
    let mut office = office("[tasks]\ndue_minutes = 15\n");
    give_up(&mut office, "87029998877");
    let task = office.told("task")[0].clone();
    assert_eq!(
        (&task["client"], &task["number"]),
        (&Value::Null, &"+77029998877".into())
    );
    give_up(&mut office, "300");
    office.peer_is("+77029998877");
    talk(&mut office, "8 702 999 88 77");
    assert_eq!(
        told(&office),
        [
            "opened +77029998877 1",
            "opened 300 1",
            "closed +77029998877 1"
        ]
    );
}

#[test]
fn the_next_call_of_the_client_closes_the_task_when_it_is_answered() {
    let mut office = office("");
    give_up(&mut office, "87011112233");
    let peer = office.call_in_as("87272500000");
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.ms(3000);
    office.peer_hangs_up(peer);
    office.ms(1000);
    assert_eq!(
        told(&office),
        ["opened +77011112233 1", "closed +77011112233 1"]
    );
}

#[test]
fn however_a_caller_was_not_answered_a_call_is_owed() {
    for (rules, ends) in [
        ("do_not_disturb = true", "missed no_answer"),
        ("call_waiting = true", "missed no_answer"),
        ("max_calls = 1", "busy busy"),
    ] {
        let mut office = office(&format!("[phone]\n{rules}\n"));
        if rules.starts_with("max_calls") {
            office.dial("200");
        }
        office.call_in_as("87011112233");
        office.ms(200_000);
        let said = office.said();
        assert!(
            said.contains(&format!("+77011112233 {ends}")),
            "{rules}: {said:?}"
        );
        assert_eq!(told(&office), ["opened +77011112233 1"], "{rules}");
    }
}

#[test]
fn a_caller_who_is_turned_away_is_owed_a_call_too() {
    let mut office = office("");
    office.call_in_as("87011112233");
    let call = office.call();
    office.command(Command::Reject(call)).unwrap();
    office.ms(1000);
    assert_eq!(office.only_row().1, "rejected rejected");
    assert_eq!(told(&office), ["opened +77011112233 1"]);
}

#[test]
fn whoever_is_sent_on_is_looked_after_there() {
    for rule in ["forward_always", "forward_no_answer"] {
        let mut office = office(&format!("[phone]\n{rule} = \"102\"\nforward_after_s = 5\n"));
        office.call_in_as("87011112233");
        office.ms(10_000);
        assert_eq!(office.only_row().1, "missed transferred");
        assert!(told(&office).is_empty(), "{rule}");
    }
}

#[test]
fn whom_a_colleague_answers_on_the_same_line_is_owed_nothing_any_more() {
    let mut office = office("");
    give_up(&mut office, "300");
    office.hear_invite("elsewhere", "");
    office.hear(&format!(
        "CANCEL sip:101@{PHONE} SIP/2.0\r\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bKelsewhere\r\n\
         Max-Forwards: 70\r\nFrom: <sip:300@127.0.0.2>;tag=raw\r\nTo: <sip:101@{PHONE}>\r\n\
         Call-ID: elsewhere\r\nCSeq: 1 CANCEL\r\n\
         Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\nContent-Length: 0\r\n\r\n"
    ));
    office.ms(1000);
    let said = office.said();
    assert_eq!(said[1], "300 answered_elsewhere answered_elsewhere");
    assert_eq!(told(&office), ["opened 300 1", "closed 300 1"]);
}

#[test]
fn a_hidden_caller_cannot_be_called_and_is_owed_nothing() {
    let mut office = office("");
    give_up(&mut office, "anonymous");
    let (row, said) = office.only_row();
    assert_eq!((row.record.hidden, &*said), (true, "missed cancelled"));
    assert!(told(&office).is_empty());
}

#[test]
fn a_call_that_is_answered_at_once_owes_nothing() {
    let mut office = office("");
    let peer = office.call_in_as("87011112233");
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.ms(1000);
    office.peer_hangs_up(peer);
    office.ms(1000);
    assert!(told(&office).is_empty());
}

#[test]
fn a_caller_who_is_saved_during_the_call_is_owed_it_by_name() {
    let mut office = office("");
    let peer = office.call_in_as("87029998877");
    let number = PhoneNumber::from_e164("+77029998877").unwrap();
    let now = "2026-11-22T09:05:00Z".parse().unwrap();
    let dana = Client::named("Dana Omarova", now).with_phone(number);
    office.store.write(|w| w.save_client(&dana)).unwrap();
    office.peer_hangs_up(peer);
    office.ms(1000);
    assert_eq!(office.told("task")[0]["client"], "Dana Omarova");
}

#[test]
fn switching_tasks_off_and_on_holds_for_the_calls_that_end_then() {
    let mut office = office("");
    let switched = |tasks| {
        let mut settings = settings("");
        settings.modules.tasks = tasks;
        Command::SetSettings(Box::new(settings))
    };
    office.command(switched(false)).unwrap();
    give_up(&mut office, "87011112233");
    assert!(told(&office).is_empty());
    office.command(switched(true)).unwrap();
    give_up(&mut office, "87011112233");
    assert_eq!(told(&office), ["opened +77011112233 1"]);
}

#[test]
fn the_window_hears_of_news_of_tasks_and_of_clients_who_are_named_in_them() {
    let mut office = office("");
    office.input(Input::Watch(true));
    let edition = |office: &Office| office.view.as_ref().unwrap().task_edition;
    assert_eq!(edition(&office), Some(0));
    give_up(&mut office, "87011112233");
    assert_eq!(edition(&office), Some(1));
    office.command(Command::ClientsChanged).unwrap();
    assert_eq!(edition(&office), Some(2));
    let mut off = settings("");
    off.modules.tasks = false;
    office.command(Command::SetSettings(Box::new(off))).unwrap();
    assert_eq!(edition(&office), None, "the module is absent");
}
