//! Lamps for colleagues and the mailbox, against a notifier of the test's own.

use std::net::SocketAddr;

use ringbook::app::Input;
use ringbook::phone::command::{Command, Reply};
use ringbook::presence::LampState;
use ringbook_sip::message::{Message, Method, Request, Response};

use crate::office::{Office, PHONE, settings};

const NOTIFIER: &str = "127.0.0.9:5060";

/// An office whose line watches 102, and its mailbox, at the notifier.
fn office() -> Office {
    let mut settings = settings("");
    settings.accounts[0].lamps = vec!["sip:102@127.0.0.9".into()];
    let mut office = Office::open(settings);
    office.ms(20);
    office
}

/// The latest SUBSCRIBE to the notifier about `event`.
fn subscribe(office: &Office, event: &str) -> Request {
    let of_event = |message: &Message| match message {
        Message::Request(request) if request.method == Method::Subscribe => {
            (request.headers.get("Event") == Some(event)).then(|| request.clone())
        }
        _ => None,
    };
    let found = office
        .wire
        .iter()
        .rev()
        .find_map(|(_, _, message)| of_event(message));
    found.unwrap_or_else(|| panic!("no SUBSCRIBE for {event}"))
}

fn send(office: &mut Office, bytes: &[u8]) {
    let source: SocketAddr = NOTIFIER.parse().unwrap();
    let local: SocketAddr = PHONE.parse().unwrap();
    office.input(Input::Datagram {
        local,
        source,
        bytes,
    });
    office.ms(20);
}

fn accept(office: &mut Office, subscribe: &Request) {
    let mut response = Response::new(subscribe, 200);
    response.to.set_tag("notifier");
    response.headers.push("Expires", "1800");
    response
        .headers
        .push("Contact", format!("<sip:{NOTIFIER}>"));
    send(office, &response.to_bytes());
}

/// Sends a NOTIFY within the subscription; its number in the dialog is `seq`.
fn notify(office: &mut Office, subscribe: &Request, seq: u32, state: &str, body: &str) {
    let event = subscribe.headers.get("Event").unwrap();
    let format = subscribe.headers.get("Accept").unwrap();
    let content = match body {
        "" => String::new(),
        _ => format!("Content-Type: {format}\r\n"),
    };
    let bytes = format!(
        "NOTIFY sip:101@{PHONE} SIP/2.0\r\nVia: SIP/2.0/UDP {NOTIFIER};branch=z9hG4bK{event}{seq}\r\n\
         From: {};tag=notifier\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {seq} NOTIFY\r\n\
         Contact: <sip:{NOTIFIER}>\r\nEvent: {event}\r\nSubscription-State: {state}\r\n{content}\
         Content-Length: {}\r\n\r\n{body}",
        subscribe.to,
        subscribe.from,
        subscribe.call_id,
        body.len()
    );
    send(office, bytes.as_bytes());
}

fn document(version: u32, state: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" \
         version=\"{version}\" state=\"full\" entity=\"sip:102@127.0.0.9\"><dialog id=\"a\">\
         <state>{state}</state></dialog></dialog-info>"
    )
}

fn lamp(office: &mut Office) -> LampState {
    match office.command(Command::Lamps) {
        Ok(Reply::Lamps(lamps)) if lamps.len() == 1 => lamps[0].state,
        other => panic!("not exactly one lamp: {other:?}"),
    }
}

fn told(office: &Office) -> Vec<&str> {
    let lamps = office.told("lamp");
    lamps
        .iter()
        .map(|lamp| lamp["state"].as_str().unwrap())
        .collect()
}

#[test]
fn a_lamp_follows_the_colleagues_phone() {
    let mut office = office();
    assert_eq!(lamp(&mut office), LampState::Unknown);
    let subscribe = subscribe(&office, "dialog");
    accept(&mut office, &subscribe);
    for (seq, state) in [
        (1, "terminated"),
        (2, "early"),
        (3, "confirmed"),
        (4, "confirmed"),
    ] {
        notify(
            &mut office,
            &subscribe,
            seq,
            "active;expires=1800",
            &document(seq, state),
        );
    }
    assert_eq!(told(&office), ["idle", "ringing", "talking"]);
    assert_eq!(office.told("lamp")[0]["lamp"], "sip:102@127.0.0.9");
    assert_eq!(lamp(&mut office), LampState::Talking);
    // Nothing about it rings, is logged, or is a call.
    assert!(office.told("call").is_empty() && office.rows().is_empty());
}

#[test]
fn unreachable_is_told_apart_from_idle() {
    let mut office = office();
    office.ms(40_000);
    assert_eq!(told(&office), ["unreachable"]);
    office.ms(40_000);
    let again = subscribe(&office, "dialog");
    accept(&mut office, &again);
    notify(&mut office, &again, 1, "active", &document(0, "terminated"));
    assert_eq!(lamp(&mut office), LampState::Idle);
    notify(&mut office, &again, 2, "terminated;reason=noresource", "");
    assert_eq!(told(&office), ["unreachable", "idle", "unreachable"]);
}

#[test]
fn what_was_known_of_an_earlier_subscription_does_not_count() {
    let mut office = office();
    let first = subscribe(&office, "dialog");
    accept(&mut office, &first);
    notify(&mut office, &first, 1, "active", &document(90, "confirmed"));
    notify(&mut office, &first, 2, "terminated;reason=deactivated", "");
    office.ms(3000);
    let second = subscribe(&office, "dialog");
    assert_ne!(first.call_id, second.call_id);
    accept(&mut office, &second);
    notify(&mut office, &second, 1, "active", &document(1, "early"));
    assert_eq!(lamp(&mut office), LampState::Ringing);
}

#[test]
fn what_nobody_asked_for_pops_nothing_up() {
    let mut office = office();
    let subscribe = subscribe(&office, "dialog");
    accept(&mut office, &subscribe);
    let before = office.events.len();
    let mut stranger = subscribe.clone();
    stranger.call_id = "another".into();
    notify(
        &mut office,
        &stranger,
        1,
        "active",
        &document(1, "confirmed"),
    );
    let rubbish = "<!DOCTYPE x [<!ENTITY y \"z\">]><dialog-info>&y;</dialog-info>";
    notify(&mut office, &subscribe, 2, "active", rubbish);
    assert_eq!(
        office.events.len(),
        before,
        "{:?}",
        &office.events[before..]
    );
    assert_eq!(lamp(&mut office), LampState::Unknown);
}

#[test]
fn the_mailbox_is_told_when_it_changes() {
    let mut settings = settings("");
    settings.accounts[0].aor = "sip:101@127.0.0.9".into();
    settings.accounts[0].voicemail = true;
    let mut office = Office::open(settings);
    office.ms(20);
    let subscribe = subscribe(&office, "message-summary");
    accept(&mut office, &subscribe);
    let summary = "Messages-Waiting: yes\r\nVoice-Message: 2/1 (0/0)\r\n";
    for seq in 1..=3 {
        notify(&mut office, &subscribe, seq, "active", summary);
    }
    let told = office.told("voicemail");
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["waiting"], &told[0]["new"]),
        (&true.into(), &2.into())
    );
    notify(
        &mut office,
        &subscribe,
        4,
        "active",
        "Messages-Waiting: no\r\n",
    );
    assert_eq!(office.told("voicemail").len(), 2);
}

#[test]
fn s5_5_the_mailbox_that_the_server_tells_of_is_the_lines() {
    let mut settings = settings("[phone]\nforward_always = \"sip:box@127.0.0.9\"\n");
    settings.accounts[0].aor = "sip:101@127.0.0.9".into();
    settings.accounts[0].voicemail = true;
    let mut office = Office::open(settings);
    office.ms(20);
    office.call_in();
    office.ms(1000);
    let subscribe = subscribe(&office, "message-summary");
    accept(&mut office, &subscribe);
    let summary = "Messages-Waiting: no\r\nMessage-Account: sip:box@127.0.0.9:5060\r\n";
    notify(&mut office, &subscribe, 1, "active", summary);
    office.call_in();
    office.ms(1000);
    // Before it was told of, nothing was known of that address.
    assert_eq!(
        office.said(),
        ["200 missed transferred", "200 voicemail transferred"]
    );
}

#[test]
fn at_the_end_the_notifier_is_told() {
    let mut office = office();
    let first = subscribe(&office, "dialog");
    accept(&mut office, &first);
    notify(&mut office, &first, 1, "active", &document(1, "early"));
    office.command(Command::Quit).unwrap();
    let last = subscribe(&office, "dialog");
    assert_eq!(last.headers.get("Expires"), Some("0"));
    office.ms(3000);
    assert!(office.exited);
}
