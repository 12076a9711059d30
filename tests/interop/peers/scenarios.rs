//! Scenarios of SIPp, one per way a call can go. Each leaves exactly one row in the log, the right
//! one (S1.5), with its status taken from SIP alone (S5.8).

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;

use super::steps::*;
use crate::support::{RawPeer, Sipp, Sound, together};

// ---- the peer calls ----------------------------------------------------------------------------

#[test]
fn s1_5_an_answered_call_leaves_one_answered_row() {
    let _turn = together();
    let (phone, peer, _sound) = called_by("calls-and-hangs-up");
    answer(&phone);
    peer.finish();
    let row = check_row(&phone, "incoming", "answered", "remote_hangup");
    let talk = row["talk_s"].as_f64().unwrap();
    assert!(
        (0.8..2.0).contains(&talk),
        "the peer talked for a second, the row says {talk}"
    );
}

#[test]
fn a_call_turned_away_leaves_one_rejected_row() {
    let _turn = together();
    let (phone, peer, _sound) = called_by("calls-and-is-turned-away");
    let call = call_id(&phone.wait_call("incoming"));
    phone.must(&["reject", &call]);
    peer.finish();
    check_row(&phone, "incoming", "rejected", "rejected");
}

#[test]
fn a_call_to_a_full_phone_is_told_busy_and_leaves_one_row() {
    let _turn = together();
    let phone = start("max_calls = 1");
    let (first, second) = (Sound::new(), Sound::new());
    let talking = Sipp::call("calls-and-listens", phone.port(), first.port());
    let call = answer(&phone);
    Sipp::call("calls-and-finds-it-busy", phone.port(), second.port()).finish();
    phone.must(&["hangup", &call]);
    talking.finish();
    phone.wait("call", |event| {
        event["state"] == "ended" && event["call"] == call.as_str()
    });
    let rows = phone.log();
    assert_eq!(rows.len(), 2, "{rows:#?}");
    let turned_away: Vec<&Value> = rows
        .iter()
        .filter(|row| row["call"] != call.as_str())
        .collect();
    assert_eq!(turned_away[0]["status"], "busy", "{rows:#?}");
}

#[test]
fn a_call_taken_back_before_it_rings_leaves_one_missed_row() {
    let _turn = together();
    let phone = start("");
    let mut peer = RawPeer::new();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, phone.port()));
    let mut call = peer.call("200", target);
    // Both are in the phone's socket before it can have answered the first.
    peer.send(&call.invite(9), target);
    peer.send(&call.cancel(), target);
    let refusal = peer.expect("SIP/2.0 487");
    peer.send(&call.ack(&refusal), target);
    check_row(&phone, "incoming", "missed", "cancelled");
}

#[test]
fn a_call_taken_back_while_it_rings_leaves_one_missed_row() {
    let _turn = together();
    let (phone, peer, _sound) = called_by("cancels-while-ringing");
    peer.finish();
    let row = check_row(&phone, "incoming", "missed", "cancelled");
    let rang = row["ring_s"].as_f64().unwrap();
    assert!(
        (0.4..2.0).contains(&rang),
        "it rang for half a second, the row says {rang}"
    );
}

#[test]
fn the_200_is_repeated_until_it_is_acknowledged() {
    let _turn = together();
    let (phone, peer, _sound) = called_by("acknowledges-late");
    answer(&phone);
    let messages = peer.finish();
    // RFC 3261 §13.3.1.4: at 0, 0.5 and 1.5 seconds; the ACK comes after 1.8, then a 200 for BYE.
    let accepted = messages.count_received("SIP/2.0 200");
    assert_eq!(accepted, 3 + 1, "the INVITE's and one for BYE");
    check_row(&phone, "incoming", "answered", "remote_hangup");
}

#[test]
fn an_invite_that_arrives_twice_is_one_call() {
    let _turn = together();
    let (phone, peer, _sound) = called_by("repeats-its-invite");
    answer(&phone);
    peer.finish();
    check_row(&phone, "incoming", "answered", "remote_hangup");
}

#[test]
fn a_peer_can_hold_and_resume() {
    let _turn = together();
    let (phone, peer, _sound) = called_by("holds-and-resumes");
    answer(&phone);
    let messages = peer.finish();
    assert_eq!(phone.wait_call("held")["by"], "remote");
    assert_eq!(phone.wait_call("resumed")["by"], "remote");
    check_held_and_resumed(&messages, " INVITE");
    check_row(&phone, "incoming", "answered", "remote_hangup");
}

#[test]
fn digits_go_both_ways_and_leave_no_hole_in_the_recording() {
    let _turn = together();
    let (phone, peer, sound) = called_by("calls-and-listens");
    let call = answer(&phone);
    sound.send(peer.wait_sound_address(), PEER_HZ, "159*");
    for digit in ["1", "5", "9", "*"] {
        phone.wait("dtmf", |event| {
            event["digit"] == digit && event["call"] == call.as_str()
        });
    }
    phone.must(&["dtmf", &call, "42#"]);
    sound.wait_digits("42#");
    phone.must(&["hangup", &call]);
    peer.finish();
    let row = check_row(&phone, "incoming", "answered", "local_hangup");
    let (talk, length) = (row["talk_s"].as_f64().unwrap(), phone.recording().seconds());
    assert!(
        (length - talk).abs() <= 0.2,
        "{length} s recorded of {talk} s of talk"
    );
}

// ---- the phone calls ---------------------------------------------------------------------------

#[test]
fn an_answered_outgoing_call_leaves_one_answered_row() {
    let _turn = together();
    let (phone, peer, sound, call) = calls("answers");
    phone.wait_call("established");
    sound.wait_heard(0.5);
    assert!(sound.seconds_of_tone(PHONE_HZ) > 0.2);
    phone.must(&["hangup", &call]);
    peer.finish();
    check_row(&phone, "outgoing", "answered", "local_hangup");
}

#[test]
fn a_busy_peer_leaves_one_busy_row() {
    let _turn = together();
    let (phone, peer, _sound, _) = calls("is-busy");
    peer.finish();
    check_row(&phone, "outgoing", "busy", "busy");
}

#[test]
fn a_declining_peer_leaves_one_rejected_row() {
    let _turn = together();
    let (phone, peer, _sound, _) = calls("declines");
    peer.finish();
    check_row(&phone, "outgoing", "rejected", "declined");
}

#[test]
fn a_call_given_up_before_it_rings_leaves_one_cancelled_row() {
    let _turn = together();
    let (phone, peer, _sound, call) = calls("never-rings");
    peer.wait_sound_address();
    phone.must(&["hangup", &call]);
    peer.finish();
    check_row(&phone, "outgoing", "cancelled", "cancelled");
}

#[test]
fn a_call_given_up_while_it_rings_leaves_one_cancelled_row() {
    let _turn = together();
    let (phone, peer, _sound, call) = calls("rings-until-cancelled");
    phone.wait_call("ringing");
    phone.must(&["hangup", &call]);
    peer.finish();
    check_row(&phone, "outgoing", "cancelled", "cancelled");
}

#[test]
fn a_call_nobody_answers_leaves_one_failed_row() {
    let _turn = together();
    let (phone, peer, _sound, _) = calls("rings-in-vain");
    peer.finish();
    check_row(&phone, "outgoing", "failed", "no_answer");
}

#[test]
fn a_second_challenge_ends_the_call_instead_of_a_loop() {
    let _turn = together();
    let (phone, peer, _sound, _) = calls("challenges-twice");
    let messages = peer.finish();
    assert_eq!(messages.count_received("INVITE "), 2);
    let answer = messages.received("INVITE ").nth(1).unwrap();
    assert!(answer.header("Authorization").contains("\"first\""));
    check_row(&phone, "outgoing", "failed", "auth_failed");
}

#[test]
fn early_media_is_heard_before_the_answer() {
    let _turn = together();
    let (mut phone, peer, sound, call) = calls("sends-early-media");
    sound.send(peer.wait_sound_address(), PEER_HZ, "");
    phone.wait_call("early");
    phone.wait_call("established");
    phone.must(&["hangup", &call]);
    peer.finish();
    check_row(&phone, "outgoing", "answered", "local_hangup");
    phone.quit();
    // The peer answers after 1.5 s of it.
    let heard = phone.heard().seconds_of_tone(0, PEER_HZ);
    assert!(heard > 1.0, "{heard} s of early media were heard");
}

#[test]
fn the_ack_is_repeated_for_each_200() {
    let _turn = together();
    let peer = RawPeer::new();
    let phone = start_calling(&peer.address().to_string());
    let call = phone.dial(&format!("sip:200@{}", peer.address()));
    let invite = peer.expect("INVITE ");
    let accepted = invite.respond("200 OK", peer.address(), Some(9));
    peer.send(&accepted, invite.source);
    for _ in 0..3 {
        peer.expect("ACK ");
        peer.send(&accepted, invite.source);
    }
    peer.expect("ACK ");
    phone.wait_call("established");
    phone.must(&["hangup", &call]);
    let bye = peer.expect("BYE ");
    peer.send(&bye.respond("200 OK", peer.address(), None), bye.source);
    check_row(&phone, "outgoing", "answered", "local_hangup");
}

#[test]
fn the_phone_can_hold_and_resume() {
    let _turn = together();
    let (phone, peer, sound, call) = calls("is-held-and-resumed");
    phone.wait_call("established");
    sound.send(peer.wait_sound_address(), PEER_HZ, "");
    phone.must(&["hold", &call]);
    phone.wait_call("held");
    phone.must(&["resume", &call]);
    phone.wait_call("resumed");
    sound.wait_heard(0.5);
    phone.must(&["hangup", &call]);
    peer.finish();
    let row = check_row(&phone, "outgoing", "answered", "local_hangup");
    let (talk, length) = (row["talk_s"].as_f64().unwrap(), phone.recording().seconds());
    assert!(
        (length - talk).abs() <= 0.2,
        "{length} s recorded of {talk} s of talk and hold"
    );
}
