//! Calls that are sent on by a 3xx (RFC 3261 §8.1.3.4), with SIPp.

use super::steps::*;
use crate::support::{Sipp, Sound, together};

#[test]
fn a_redirected_call_is_answered_where_it_is_sent() {
    let _turn = together();
    let sound = Sound::new();
    let there = Sipp::wait_for_call("answers", sound.port());
    let blanks = [("redirect_to", &*format!("<sip:201@{}>", there.address()))];
    let (phone, here, _sound, call) = calls_with("redirects", &blanks, "");
    phone.wait_call("established");
    sound.wait_heard(0.3);
    phone.must(&["hangup", &call]);
    here.finish();
    let messages = there.finish();
    let invite = messages.received("INVITE ").next().unwrap();
    assert!(
        invite.text.starts_with("INVITE sip:201@"),
        "{}",
        invite.text
    );
    check_row(&phone, "outgoing", "answered", "local_hangup");
}

#[test]
fn a_call_that_is_sent_on_for_ever_ends_at_the_fifth() {
    let _turn = together();
    let (phone, peer, _sound, _) = calls("redirects-six-times");
    check_row(&phone, "outgoing", "failed", "failed");
    assert_eq!(peer.finish().count_received("INVITE "), 1 + 5);
}

#[test]
fn a_call_that_is_sent_back_to_where_it_was_ends_at_once() {
    let _turn = together();
    let (phone, peer, _sound, _) = calls("redirects-to-itself");
    check_row(&phone, "outgoing", "failed", "failed");
    assert_eq!(peer.finish().count_received("INVITE "), 1);
}

#[test]
fn no_call_is_sent_on_where_that_is_not_wanted() {
    let _turn = together();
    let blanks = [("redirect_to", "<sip:201@127.0.0.1:9>")];
    let (phone, peer, _sound, _) = calls_with("redirects", &blanks, "redirects = \"refuse\"");
    check_row(&phone, "outgoing", "failed", "failed");
    assert_eq!(peer.finish().count_received("INVITE "), 1);
}
