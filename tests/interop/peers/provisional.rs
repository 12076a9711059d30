//! Provisional responses that arrive for certain (RFC 3262), and UPDATE (RFC 3311), with SIPp.

use std::time::Duration;

use super::steps::*;
use crate::support::{RawPeer, Sound, together};

#[test]
fn reliable_early_media_are_heard_and_each_response_gets_its_prack() {
    let _turn = together();
    let (mut phone, peer, sound, call) = calls("sends-reliable-early-media");
    sound.send(peer.wait_sound_address(), PEER_HZ, "");
    phone.wait_call("early");
    phone.wait_call("established");
    phone.must(&["hangup", &call]);
    let messages = peer.finish();
    let invite = messages.received("INVITE ").next().unwrap();
    assert!(invite.header("Supported").contains("100rel"));
    let number = invite.header("CSeq");
    let acknowledged: Vec<&str> = messages
        .received("PRACK ")
        .map(|prack| prack.header("RAck"))
        .collect();
    assert_eq!(acknowledged, [format!("7 {number}"), format!("8 {number}")]);
    check_row(&phone, "outgoing", "answered", "local_hangup");
    phone.quit();
    // The peer rings after 1.5 s of it.
    let heard = phone.heard().seconds_of_tone(0, PEER_HZ);
    assert!(heard > 1.0, "{heard} s of early media were heard");
}

#[test]
fn a_prack_that_is_lost_comes_again_and_a_repeated_response_gets_no_second_one() {
    let _turn = together();
    let peer = RawPeer::new();
    let phone = start_calling(&peer.address().to_string());
    let call = phone.dial(&format!("sip:200@{}", peer.address()));
    let invite = peer.expect("INVITE ");
    let rings = "180 Ringing\r\nRequire: 100rel\r\nRSeq: 5";
    let ringing = invite.respond(rings, peer.address(), None);
    peer.send(&ringing, invite.source);
    let lost = peer.expect("PRACK ");
    peer.send(&ringing, invite.source);
    // RFC 3261 §17.1.2.2: after T1, the same request.
    let again = peer.expect("PRACK ");
    assert_eq!(again.text, lost.text);
    let wait = again.at - lost.at;
    assert!(
        (Duration::from_millis(400)..Duration::from_millis(900)).contains(&wait),
        "after {wait:?}"
    );
    peer.send(&again.respond("200 OK", peer.address(), None), again.source);
    // RFC 3262 §4: a response whose number was seen is dropped.
    peer.send(&ringing, invite.source);
    let third = peer.receive_within(Duration::from_millis(700), "PRACK ");
    assert!(third.is_none(), "{third:?}");
    peer.send(
        &invite.respond("200 OK", peer.address(), Some(9)),
        invite.source,
    );
    peer.expect("ACK ");
    phone.wait_call("established");
    phone.must(&["hangup", &call]);
    let bye = peer.expect("BYE ");
    peer.send(&bye.respond("200 OK", peer.address(), None), bye.source);
    check_row(&phone, "outgoing", "answered", "local_hangup");
}

#[test]
fn ringing_is_repeated_until_its_prack_and_no_longer() {
    let _turn = together();
    let (phone, peer, _sound) = called_by("insists-on-reliable-ringing");
    peer.wait_received("SIP/2.0 200", 1);
    answer(&phone);
    let messages = peer.finish();
    let rung: Vec<Duration> = messages
        .received("SIP/2.0 180")
        .map(|ring| ring.at)
        .collect();
    assert_eq!(rung.len(), 3, "RFC 3262 §3: at 0, 0.5 and 1.5 s");
    let whole = (rung[2] - rung[0]).as_secs_f64();
    assert!((1.4..2.0).contains(&whole), "{rung:?}");
    check_row(&phone, "incoming", "answered", "remote_hangup");
}

#[test]
fn sound_follows_an_update_before_the_answer() {
    let _turn = together();
    let moved = Sound::new();
    let blanks = [("other_port", &*moved.port().to_string())];
    let (phone, peer, first, call) = calls_with("changes-its-media-before-the-answer", &blanks, "");
    first.wait_heard(0.2);
    moved.wait_heard(0.5);
    let before = peer.messages().count_received("ACK ");
    assert_eq!(before, 0, "the sound moves before the answer");
    phone.wait_call("established");
    phone.must(&["hangup", &call]);
    let messages = peer.finish();
    let agreed = messages.received("SIP/2.0 200").next().unwrap();
    assert!(agreed.header("CSeq").ends_with(" UPDATE"));
    assert!(agreed.text.contains("m=audio "), "{}", agreed.text);
    check_row(&phone, "outgoing", "answered", "local_hangup");
}

#[test]
fn an_update_of_an_offer_that_is_not_answered_yet_comes_too_early() {
    let _turn = together();
    let (phone, peer, _sound) = called_by("changes-its-unanswered-offer");
    peer.wait_received("SIP/2.0 500", 1);
    answer(&phone);
    let messages = peer.finish();
    let early = messages.received("SIP/2.0 500").next().unwrap();
    // RFC 3311 §5.2: between 0 and 10 seconds.
    let again: u32 = early.header("Retry-After").parse().unwrap();
    assert!(again <= 10, "{again}");
    let answer = messages.received("SIP/2.0 200").next().unwrap();
    assert!(answer.text.contains("a=sendrecv"), "{}", answer.text);
    check_row(&phone, "incoming", "answered", "remote_hangup");
}

#[test]
fn a_peer_can_hold_and_resume_by_update() {
    let _turn = together();
    let (phone, peer, _sound) = called_by("holds-by-update");
    answer(&phone);
    let messages = peer.finish();
    assert_eq!(phone.wait_call("held")["by"], "remote");
    assert_eq!(phone.wait_call("resumed")["by"], "remote");
    check_held_and_resumed(&messages, " UPDATE");
    check_row(&phone, "incoming", "answered", "remote_hangup");
}
