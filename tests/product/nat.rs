//! Calls of a line that uses ICE: who waits for candidates, who does not, and what a lost way leads to.

use std::time::Duration;

use ringbook::app::Input;
use ringbook::phone::command::Command;
use ringbook::settings::Settings;
use ringbook::settings::Whose;
use ringbook_media::engine::{MediaEvent, StreamId};
use ringbook_media::ice::Loss;
use ringbook_sip::message::{Message, Method};

use crate::office::{Office, settings};

fn with_ice(more: &str) -> Settings {
    let mut settings = settings("");
    let text = format!("[[account]]\naor = \"sip:1@a\"\nice = \"on\"\n{more}");
    let with = Settings::parse(&text, "settings.toml".as_ref()).unwrap();
    settings.accounts[0].nat = with.accounts[0].nat.clone();
    settings
}

fn office() -> Office {
    Office::open(with_ice("stun_server = \"192.0.2.1\"\n"))
}

/// When we sent a request or a response with this in it, and its body.
fn sent(office: &Office, wanted: impl Fn(&Message) -> bool) -> Vec<(Duration, String)> {
    let ours = office
        .wire
        .iter()
        .filter(|(_, from, message)| from.ip().to_string() == "127.0.0.1" && wanted(message));
    let body = |message: &Message| match message {
        Message::Request(request) => request.body.clone(),
        Message::Response(response) => response.body.clone(),
    };
    ours.map(|(at, _, message)| (*at, String::from_utf8(body(message)).unwrap()))
        .collect()
}

fn is_invite(message: &Message) -> bool {
    matches!(message, Message::Request(request) if request.method == Method::Invite)
}

fn is_answer(status: u16) -> impl Fn(&Message) -> bool {
    move |message| {
        matches!(message, Message::Response(response)
            if response.status == status && response.cseq.method == Method::Invite)
    }
}

fn asked(office: &Office) -> usize {
    let effects = office.effects.iter();
    effects.filter(|effect| *effect == "Gather").count()
}

#[test]
fn our_invite_waits_for_the_candidates_and_carries_them() {
    let mut office = office();
    office.dial("200");
    office.ms(50);
    assert!(sent(&office, is_invite).is_empty());
    office.ms(100);
    let (_, offer) = &sent(&office, is_invite)[0];
    assert!(
        offer.contains("a=candidate:host 1 UDP 1 127.0.0.1 40000 typ host"),
        "{offer}"
    );
    assert!(
        offer.contains("a=ice-ufrag:") && offer.contains("a=rtcp-mux"),
        "{offer}"
    );
}

#[test]
fn a_caller_rings_at_once_and_an_answer_is_given_when_the_candidates_are_there() {
    let mut office = office();
    office.peer_ice = true;
    office.call_in();
    let call = office.call();
    let rang = sent(&office, is_answer(180))[0].0;
    assert!(rang <= Duration::from_millis(5), "{rang:?}");
    office.command(Command::Answer(call)).unwrap();
    assert!(sent(&office, is_answer(200)).is_empty());
    office.ms(200);
    let (answered, answer) = &sent(&office, is_answer(200))[0];
    assert!(*answered <= Duration::from_millis(120), "{answered:?}");
    assert!(answer.contains("a=candidate:host"), "{answer}");
}

#[test]
fn a_caller_without_ice_is_answered_as_if_there_were_none() {
    let mut office = office();
    office.call_in();
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.ms(20);
    assert_eq!(asked(&office), 0);
    let (_, answer) = &sent(&office, is_answer(200))[0];
    assert!(
        !answer.contains("a=ice") && !answer.contains("a=candidate"),
        "{answer}"
    );
}

#[test]
fn a_line_without_ice_asks_nobody() {
    let mut office = Office::open(settings(""));
    office.peer_ice = true;
    office.dial("200");
    office.ms(20);
    assert_eq!(asked(&office), 0);
    let (_, offer) = &sent(&office, is_invite)[0];
    assert!(!offer.contains("a=ice"), "{offer}");
}

#[test]
fn a_caller_who_gives_up_meanwhile_is_gone() {
    let mut office = office();
    office.dial("200");
    let call = office.call();
    office.command(Command::Hangup(call)).unwrap();
    office.ms(500);
    assert!(sent(&office, is_invite).is_empty());
    assert_eq!(office.only_row().1, "cancelled cancelled");
}

/// A call that stands, with ICE on both sides.
fn talking() -> Office {
    let mut office = office();
    office.peer_ice = true;
    office.dial("200");
    office.ms(200);
    office.peer_answers();
    office.ms(200);
    assert_eq!(office.states().last(), Some(&"established"));
    office
}

fn ufrag(description: &str) -> &str {
    let line = description
        .lines()
        .find(|line| line.starts_with("a=ice-ufrag:"));
    line.unwrap()
}

#[test]
fn a_way_that_is_lost_is_replaced_by_a_restart() {
    let mut office = talking();
    let lost = |loss| {
        Input::Media(MediaEvent::Lost {
            stream: StreamId(1),
            loss,
        })
    };
    office.input(lost(Loss::Prepare));
    office.ms(300);
    assert_eq!(asked(&office), 2, "candidates are looked for");
    assert_eq!(sent(&office, is_invite).len(), 1, "the other side leads");
    office.input(lost(Loss::Offer));
    office.ms(300);
    let invites = sent(&office, is_invite);
    assert_eq!(invites.len(), 2);
    assert_ne!(ufrag(&invites[0].1), ufrag(&invites[1].1), "RFC 8445 §9");
    assert!(invites[1].1.contains("a=candidate:host"));
}

#[test]
fn a_phone_that_moves_looks_for_candidates_and_then_tells() {
    let mut office = talking();
    office.input(Input::Addresses {
        gone: vec!["127.0.0.1".parse().unwrap()],
    });
    office.ms(50);
    assert_eq!(asked(&office), 2);
    assert_eq!(sent(&office, is_invite).len(), 1);
    office.ms(200);
    assert_eq!(sent(&office, is_invite).len(), 2);
}

#[test]
fn the_password_of_the_turn_server_is_where_the_settings_say() {
    let turn = "turn_server = \"192.0.2.1\"\n";
    let own = Office::open(with_ice(turn));
    assert!(
        !own.effects.contains(&"FindPassword".to_owned()),
        "the line's own serves"
    );
    let other = format!("{turn}turn_user = \"agent\"\n");
    let written = Office::open(with_ice(&format!("{other}turn_password = \"x\"\n")));
    assert!(!written.effects.contains(&"FindPassword".to_owned()));
    let settings = with_ice(&other);
    let aor = settings.accounts[0].aor.clone();
    let mut kept = Office::open(settings);
    assert!(kept.effects.contains(&"FindPassword".to_owned()));
    kept.input(Input::Password {
        aor: &aor,
        whose: Whose::Turn,
        found: Err("no keyring".into()),
    });
    let text = kept.told("notice")[0]["text"].as_str().unwrap();
    assert!(
        text.contains("TURN") && text.contains("no keyring"),
        "{text}"
    );
    kept.dial("200");
    kept.ms(200);
    assert_eq!(sent(&kept, is_invite).len(), 1, "calls go on without it");
}
