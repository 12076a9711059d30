//! Changes of a call that cross each other, and a call that two take, with SIPp.

use super::steps::*;
use crate::support::{Messages, together};

/// RFC 3261 §14.1: how long each side waits after a 491, in seconds; and what a busy machine adds.
const CALLER_WAITS: std::ops::Range<f64> = 2.1..4.4;
const CALLEE_WAITS: std::ops::Range<f64> = 0.0..2.4;

#[test]
fn a_hold_that_crosses_the_peers_change_comes_again_last_in_our_own_call() {
    let _turn = together();
    let (phone, peer, _sound, call) = calls("crosses-our-hold");
    phone.wait_call("established");
    phone.must(&["hold", &call]);
    // Of the call, of its refusal, of the hold.
    peer.wait_received("ACK ", 3);
    phone.must(&["hangup", &call]);
    check_glare(&peer.finish(), CALLER_WAITS);
    check_row(&phone, "outgoing", "answered", "local_hangup");
}

#[test]
fn a_hold_that_crosses_the_peers_change_comes_again_first_in_the_peers_call() {
    let _turn = together();
    let (phone, peer, _sound) = called_by("crosses-the-hold-of-its-call");
    let call = answer(&phone);
    phone.must(&["hold", &call]);
    peer.wait_received("SIP/2.0 200", 2);
    phone.must(&["hangup", &call]);
    check_glare(&peer.finish(), CALLEE_WAITS);
    check_row(&phone, "incoming", "answered", "local_hangup");
}

/// Each refused the other's offer, and the phone's came again after such a wait.
fn check_glare(messages: &Messages, waits: std::ops::Range<f64>) {
    assert_eq!(messages.count_received("SIP/2.0 491"), 1, "{messages:?}");
    let refused = messages.sent("SIP/2.0 491").next().unwrap().at;
    let holds: Vec<_> = messages
        .received("INVITE ")
        .filter(|invite| invite.text.contains("a=sendonly"))
        .collect();
    assert_eq!(holds.len(), 2, "{holds:#?}");
    let wait = (holds[1].at - refused).as_secs_f64();
    assert!(waits.contains(&wait), "came again after {wait} s");
}

#[test]
fn the_second_of_two_who_take_a_call_is_hung_up_within_a_second() {
    let _turn = together();
    let (phone, peer, _sound, call) = calls("answers-twice");
    phone.wait_call("established");
    peer.wait_received("BYE ", 1);
    phone.must(&["hangup", &call]);
    let messages = peer.finish();
    let tags = |beginning| -> Vec<String> {
        let tag = |to: &str| to.split(";tag=").nth(1).unwrap_or_default().to_owned();
        messages
            .received(beginning)
            .map(|request| tag(request.header("To")))
            .collect()
    };
    assert_eq!(tags("ACK "), ["peer-1", "fork"]);
    assert_eq!(tags("BYE "), ["fork", "peer-1"]);
    let taken = messages.sent("SIP/2.0 200").nth(1).unwrap().at;
    let over = messages.received("BYE ").next().unwrap().at;
    assert!((over - taken).as_secs_f64() < 1.0, "{:?}", over - taken);
    check_row(&phone, "outgoing", "answered", "local_hangup");
}
