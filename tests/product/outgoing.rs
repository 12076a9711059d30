//! We call. Whatever becomes of it leaves exactly one row (S1.5).

use ringbook::app::Input;
use ringbook::model::{Client, PhoneNumber};
use ringbook::phone::command::{Command, CommandError, Reply};
use ringbook_sip::message::{Message, Method};

use crate::office::{Office, settings};

fn office() -> Office {
    Office::open(settings(""))
}

#[test]
fn an_answered_call_is_answered_with_its_card_and_its_row() {
    let mut office = office();
    let call = office.dial("200");
    office.peer_does(|peer, now, call| peer.ring(now, call).unwrap());
    office.ms(2000);
    office.peer_answers();
    office.ms(5000);
    office.command(Command::Hangup(call)).unwrap();
    let (row, said) = office.only_row();
    assert_eq!(said, "answered local_hangup");
    assert!(
        (5.0..5.2).contains(&row.record.talk.as_secs_f64()),
        "{:?}",
        row.record.talk
    );
    assert!(
        (2.0..2.2).contains(&row.record.ring.as_secs_f64()),
        "{:?}",
        row.record.ring
    );
    assert_eq!((&*row.record.caller, &*row.record.callee), ("101", "200"));
    assert_eq!(
        office.states(),
        ["dialing", "ringing", "established", "ended"]
    );
}

#[test]
fn s2_3_the_card_comes_on_outgoing_calls_too() {
    let mut office = office();
    let number = PhoneNumber::from_e164("+77011112233").unwrap();
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let ivan = Client::named("Ivan Petrov", now).with_phone(number);
    office.store.write(|w| w.save_client(&ivan)).unwrap();
    office.dial("8 (701) 111-22-33");
    let card = &office.told("caller_card")[0]["card"];
    assert_eq!(
        (card["name"].as_str(), card["direction"].as_str()),
        (Some("Ivan Petrov"), Some("outgoing"))
    );
    let invite = office
        .wire
        .iter()
        .find_map(|(_, _, message)| match message {
            Message::Request(request) if request.method == Method::Invite => {
                Some(request.uri.to_string())
            }
            _ => None,
        });
    assert_eq!(invite.as_deref(), Some("sip:+77011112233@127.0.0.2:5060"));
}

#[test]
fn every_refusal_has_its_status_and_its_reason() {
    let cases = [
        (486, "busy busy"),
        (600, "busy busy"),
        (603, "rejected declined"),
        (404, "failed not_found"),
        (480, "failed no_answer"),
        (403, "failed auth_failed"),
        (488, "failed not_acceptable"),
        (503, "failed unreachable"),
        (500, "failed failed"),
    ];
    for (status, expected) in cases {
        let mut office = office();
        office.dial("200");
        office.peer_does(|peer, now, call| peer.reject(now, call, status).unwrap());
        office.ms(40_000);
        let (row, said) = office.only_row();
        assert_eq!(said, expected, "{status}");
        assert_eq!(row.record.sip_status, Some(status));
        assert_eq!(office.states().last(), Some(&"ended"), "{status}");
    }
}

#[test]
fn a_call_given_up_is_cancelled_before_and_while_it_rings() {
    for rings in [false, true] {
        let mut office = office();
        let call = office.dial("200");
        if rings {
            office.peer_does(|peer, now, call| peer.ring(now, call).unwrap());
        }
        office.command(Command::Hangup(call)).unwrap();
        office.ms(1000);
        assert_eq!(office.only_row().1, "cancelled cancelled", "rings: {rings}");
    }
}

#[test]
fn silence_from_the_network_is_a_failed_call() {
    let mut office = office();
    office.lose = |_| true;
    office.dial("200");
    office.ms(60_000);
    assert_eq!(office.only_row().1, "failed timeout");
}

#[test]
fn a_name_that_leads_nowhere_is_a_failed_call() {
    let mut office = office();
    office.dial("sip:bob@nowhere.example");
    office.ms(1000);
    assert_eq!(office.only_row().1, "failed unreachable");
}

#[test]
fn what_cannot_be_called_is_refused_and_leaves_no_row() {
    let mut office = office();
    let dial = |target: &str, account: Option<&str>| Command::Dial {
        target: target.to_owned(),
        account: account.map(str::to_owned),
    };
    assert!(matches!(
        office.command(dial("two words", None)),
        Err(CommandError::BadTarget(_))
    ));
    let error = office
        .command(dial("200", Some("sip:9@nowhere")))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "there is no line sip:9@nowhere; allowed: sip:101@127.0.0.2:5060"
    );
    assert!(office.rows().is_empty());
    let mut lineless = Office::open(ringbook::settings::Settings::default());
    assert_eq!(
        lineless.command(dial("200", None)),
        Err(CommandError::NoAccount)
    );
}

/// A phone that somebody looks at.
fn watched(more: &str) -> Office {
    let mut office = Office::open(settings(more));
    office.input(Input::Watch(true));
    office
}

fn link(office: &mut Office, uri: &str) -> Result<Reply, CommandError> {
    office.command(Command::Link(uri.to_owned()))
}

fn asked(office: &Office) -> Option<String> {
    let view = office.view.as_ref().unwrap();
    view.link.as_ref().map(|link| link.text.clone())
}

#[test]
fn a_link_is_dialled_once_a_person_has_said_so() {
    let mut office = watched("");
    let answer = link(&mut office, "tel:+7-701-111-22-33");
    let target = "+7-701-111-22-33".to_owned();
    assert_eq!(answer, Ok(Reply::Asked { asked: target }));
    assert_eq!(asked(&office).as_deref(), Some("+7 701 111 2233"));
    assert!(office.told("call").is_empty());
    link(&mut office, "sip:ivan@office.example?Replaces=1").unwrap();
    assert_eq!(asked(&office).as_deref(), Some("sip:ivan@office.example"));
    office.command(Command::ForgetLink).unwrap();
    assert_eq!(asked(&office), None);
    assert!(office.told("call").is_empty());
}

#[test]
fn where_nobody_is_to_be_asked_a_link_is_dialled_but_no_code_and_no_emergency() {
    let delicate = ["tel:*21*104%23", "tel:%2A98", "tel:112", "callto:*98"];
    let mut office = watched("[phone]\nask_links = false\n");
    for uri in delicate {
        link(&mut office, uri).unwrap();
        assert!(asked(&office).is_some(), "{uri}");
    }
    assert!(office.told("call").is_empty());
    let answer = link(&mut office, "callto:104");
    assert!(matches!(answer, Ok(Reply::Dialed { .. })), "{answer:?}");

    let mut headless = Office::open(settings(""));
    for uri in delicate {
        let refused = link(&mut headless, uri);
        assert_eq!(refused, Err(CommandError::NobodyToAsk), "{uri}");
    }
    assert!(headless.told("call").is_empty());
    let answer = link(&mut headless, "tel:104");
    assert!(matches!(answer, Ok(Reply::Dialed { .. })), "{answer:?}");
}

#[test]
fn a_hostile_link_is_refused_and_asks_nobody_anything() {
    let mut office = watched("[phone]\nask_links = false\n");
    let long = format!("tel:{}", "1".repeat(200_000));
    for uri in [
        &*long,
        "tel:",
        "tel:+7\r\n701",
        "tel:%00",
        "http://a",
        "tel:two words",
    ] {
        let refused = link(&mut office, uri).unwrap_err().to_string();
        assert!(refused.len() < 400, "{refused}");
        assert_eq!(asked(&office), None, "{uri}");
    }
    assert!(office.told("call").is_empty());
}
