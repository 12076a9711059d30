//! Transfers: sending a caller on, being sent on, and calls that take another's place.

use ringbook::model::CallId;
use ringbook::phone::command::{Command, Reply};
use ringbook::phone::view::CallView;
use ringbook_sip::message::{Message, Method, Uri};
use ringbook_sip::user_agent::{CallHandle, Event};

use crate::office::{Office, settings};

/// The peer has called and talks with the phone.
fn talking(more: &str) -> (Office, CallHandle, CallId) {
    let mut office = Office::open(settings(more));
    let peer = office.call_in();
    let call = taken(&mut office);
    (office, peer, call)
}

/// The phone takes the call that came in.
fn taken(office: &mut Office) -> CallId {
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    assert_eq!(office.states().last(), Some(&"established"));
    call
}

/// The only call, as people see it.
fn shown(office: &mut Office) -> CallView {
    let Ok(Reply::Calls(calls)) = office.command(Command::Calls) else {
        panic!()
    };
    calls.into_iter().next().unwrap()
}

/// The peer sends the phone to extension 300, which is at the peer too.
fn send_on(office: &mut Office, call: CallHandle) {
    let target = Uri::parse("sip:300@127.0.0.2:5060").unwrap();
    office.peer_is("300");
    office.peer_now(|peer, now| peer.refer(now, call, &target, None).unwrap());
}

fn progress(office: &Office) -> Vec<(u16, bool)> {
    let heard = office.heard.iter().filter_map(|event| match event {
        Event::Transfer { status, done, .. } => Some((*status, *done)),
        _ => None,
    });
    heard.collect()
}

fn notices(office: &Office) -> Vec<String> {
    let told = office.told("notice");
    told.iter()
        .map(|notice| notice["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn s4_3_a_transfer_that_fails_brings_the_caller_back_off_hold_and_with_the_card() {
    let (mut office, _, call) = talking("");
    let answered = shown(&mut office).since;
    office.command(Command::Hold(call)).unwrap();
    office.ms(2000);
    let target = "102".to_owned();
    office
        .command(Command::TransferBlind { call, target })
        .unwrap();
    office.ms(1000);
    let states = office.states();
    assert_eq!(
        states[states.len() - 3..],
        ["transferring", "transfer_failed", "resumed"]
    );
    assert_eq!(office.told("caller_card").len(), 2, "the card, again");
    assert_eq!(
        notices(&office),
        ["The transfer did not succeed (403); the call goes on"]
    );
    let call = shown(&mut office);
    assert!(!call.on_hold);
    assert_eq!(
        call.since, answered,
        "the talk goes on, and so does its time"
    );
    let bye = |m: &Message| matches!(m, Message::Request(r) if r.method == Method::Bye);
    assert!(
        !office.wire.iter().any(|(_, _, m)| bye(m)),
        "the caller never gets a BYE from us"
    );
}

/// The phone has the first caller on hold, talks with 300, and connects the two; the caller will
/// call.
fn connecting() -> (Office, CallHandle) {
    let mut office = Office::open(settings(""));
    let caller = office.call_in_obediently();
    let first = taken(&mut office);
    office.peer_is("300");
    let second = office.dial("sip:300@127.0.0.2:5060");
    office.ms(20);
    office.peer_answers();
    let connect = Command::TransferAttended {
        call: first,
        to: second,
    };
    office.command(connect).unwrap();
    office.ms(20);
    office.peer_now(|peer, now| peer.accept_transfer(now, caller).unwrap());
    (office, caller)
}

#[test]
fn who_connects_two_has_left_both_even_where_the_second_says_nothing_of_it() {
    let (mut office, caller) = connecting();
    assert_eq!(office.said(), ["200 in_progress -", "101 in_progress -"]);
    // The caller tells the last status of its call, which the second took as a new one.
    office.peer_now(|peer, now| peer.refuse_transfer(now, caller, 200).unwrap());
    office.ms(1000);
    assert_eq!(
        office.said(),
        ["200 answered transferred", "101 answered transferred"]
    );
}

#[test]
fn s4_3_two_who_could_not_be_connected_are_both_still_there() {
    let (mut office, caller) = connecting();
    office.peer_now(|peer, now| peer.refuse_transfer(now, caller, 486).unwrap());
    office.ms(1000);
    assert_eq!(office.said(), ["200 in_progress -", "101 in_progress -"]);
    let Ok(Reply::Calls(calls)) = office.command(Command::Calls) else {
        panic!()
    };
    for call in calls {
        office.command(Command::Hangup(call.id)).unwrap();
    }
    office.ms(1000);
    assert_eq!(
        office.said(),
        ["200 answered local_hangup", "101 answered local_hangup"]
    );
}

#[test]
fn who_hangs_up_instead_of_being_connected_leaves_the_other_call_as_it_was() {
    let (mut office, caller) = connecting();
    office.peer_hangs_up(caller);
    let call = office.call();
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1000);
    assert_eq!(
        office.said(),
        ["200 answered remote_hangup", "101 answered local_hangup"]
    );
}

#[test]
fn the_other_side_connects_us_with_somebody_and_leaves() {
    let (mut office, peer, call) = talking("");
    send_on(&mut office, peer);
    assert_eq!(
        notices(&office),
        ["The other side connects you with sip:300@127.0.0.2:5060"]
    );
    office.peer_does(|peer, now, call| peer.ring(now, call).unwrap());
    office.peer_answers();
    office.ms(100);
    assert_eq!(
        progress(&office),
        [(202, false), (100, false), (180, false), (200, true)]
    );
    office.ms(6000);
    // The old call is over, the new one stands.
    assert_ne!(office.call(), call);
    let new = office.call();
    office.command(Command::Hangup(new)).unwrap();
    office.ms(1000);
    assert_eq!(
        office.said(),
        ["200 answered transferred", "101 answered local_hangup"]
    );
}

#[test]
fn whom_the_other_side_wanted_for_us_is_busy_and_the_call_goes_on() {
    let (mut office, peer, call) = talking("");
    send_on(&mut office, peer);
    office.peer_does(|peer, now, call| peer.reject(now, call, 486).unwrap());
    office.ms(1000);
    assert_eq!(progress(&office).last(), Some(&(486, true)));
    assert_eq!(office.call(), call);
    office.command(Command::Hold(call)).unwrap();
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1000);
    assert_eq!(
        office.said(),
        ["200 answered local_hangup", "101 busy busy"]
    );
}

#[test]
fn who_does_not_want_to_be_sent_on_is_not() {
    let (mut office, peer, _) = talking("[phone]\ntransfers = \"refuse\"\n");
    send_on(&mut office, peer);
    assert_eq!(progress(&office), [(603, true)]);
    let refused = "The other side wanted you to call sip:300@127.0.0.2:5060; that was refused";
    assert_eq!(notices(&office), [refused]);
    assert_eq!(office.said().len(), 1);
}

#[test]
fn a_call_takes_the_place_of_the_one_it_names_without_ringing() {
    let (mut office, _, call) = talking("");
    let dialog = office
        .wire
        .iter()
        .find_map(|(_, _, message)| match message {
            Message::Response(r) if r.status == 200 => Some(r.clone()),
            _ => None,
        });
    let dialog = dialog.unwrap();
    let replaces = format!(
        "Replaces: {};to-tag={};from-tag={}\r\n",
        dialog.call_id,
        dialog.to.tag().unwrap(),
        dialog.from.tag().unwrap()
    );
    office.effects.clear();
    office.hear_invite("replacing", &replaces);
    assert!(
        !office.effects.contains(&"Tone".to_owned()),
        "it does not ring"
    );
    office.ms(1000);
    let new = office.call();
    assert_ne!(new, call);
    assert_eq!(
        office.said(),
        ["200 answered transferred", "300 in_progress -"]
    );
    assert_eq!(
        office
            .states()
            .iter()
            .filter(|state| **state == "established")
            .count(),
        2
    );
}
