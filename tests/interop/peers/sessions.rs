//! Session timers with SIPp (RFC 4028). No peer may grant a session of less than 90 s; the phone
//! bears half a minute, so that its end can be waited for.

use std::time::Duration;

use super::steps::*;
use crate::support::{Messages, together};

#[test]
fn the_phone_refreshes_the_session_at_half_time() {
    let _turn = together();
    let (phone, peer, _sound, _) = calls("is-refreshed");
    let messages = peer.finish();
    let wait = between(&messages, "ACK ", "UPDATE ");
    assert!((14.0..17.0).contains(&wait), "refreshed after {wait} s");
    let refresh = messages.received("UPDATE ").next().unwrap();
    // RFC 4028 §7.4: who refreshes stays the same; no less is asked for than is allowed.
    assert_eq!(refresh.header("Session-Expires"), "90;refresher=uac");
    check_row(&phone, "outgoing", "answered", "remote_hangup");
}

#[test]
fn a_session_that_the_peer_refreshes_goes_on_beyond_its_end() {
    let _turn = together();
    let (phone, peer, _sound, _) = calls("refreshes");
    let messages = peer.finish();
    let granted = messages.received("SIP/2.0 200").next().unwrap();
    assert_eq!(granted.header("Session-Expires"), "90;refresher=uac");
    let row = check_row(&phone, "outgoing", "answered", "remote_hangup");
    assert!(row["talk_s"].as_f64().unwrap() > 21.0, "{row}");
}

#[test]
fn a_session_that_the_peer_no_longer_refreshes_ends_with_a_bye() {
    let _turn = together();
    let (phone, peer, _sound, _) = calls("stops-refreshing");
    let wait = between(&peer.finish(), "ACK ", "BYE ");
    // RFC 4028 §10: a third of it before its end.
    assert!((19.0..22.0).contains(&wait), "ended after {wait} s");
    check_row(&phone, "outgoing", "answered", "timeout");
}

#[test]
fn a_session_that_the_peer_finds_too_short_is_asked_for_longer() {
    let _turn = together();
    let (phone, peer, _sound, call) = calls("wants-a-longer-session");
    phone.wait_call("established");
    phone.must(&["hangup", &call]);
    let messages = peer.finish();
    let asked: Vec<&str> = messages
        .received("INVITE ")
        .map(|invite| invite.header("Session-Expires"))
        .collect();
    assert_eq!(asked, ["1800", "3600"]);
    let second = messages.received("INVITE ").nth(1).unwrap();
    assert_eq!(second.header("Min-SE"), "3600");
    check_row(&phone, "outgoing", "answered", "local_hangup");
}

#[test]
fn a_session_that_the_phone_finds_too_short_is_refused_and_ninety_seconds_are_granted() {
    let _turn = together();
    let (phone, peer, _sound) = called_by("asks-for-too-short-a-session");
    answer(&phone);
    let messages = peer.finish();
    let refusal = messages.received("SIP/2.0 422").next().unwrap();
    assert_eq!(refusal.header("Min-SE"), "90");
    let granted: Vec<&str> = messages
        .received("SIP/2.0 200")
        .filter(|response| !response.header("CSeq").ends_with(" BYE"))
        .map(|response| response.header("Session-Expires"))
        .collect();
    assert_eq!(granted, ["90;refresher=uac"; 2], "the call and its refresh");
    check_row(&phone, "incoming", "answered", "remote_hangup");
}

/// Seconds from the first message that begins so to the first one that begins so.
fn between(messages: &Messages, first: &str, second: &str) -> f64 {
    let at = |beginning| -> Duration { messages.received(beginning).next().unwrap().at };
    (at(second) - at(first)).as_secs_f64()
}
