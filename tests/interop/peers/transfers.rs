//! Transfers with SIPp, from all three sides (RFC 3515, RFC 3891, RFC 4488, RFC 5589). Whoever is
//! sent away in vain is back with us, off hold, and never gets a BYE from us (S4.3).

use super::steps::*;
use crate::support::{Messages, Phone, Sipp, Sound, free_port, together};

/// A call that stands and is on hold, before it is sent on.
fn held(scenario: &str) -> (Phone, Sipp, Sound, String) {
    let (phone, peer, sound, call) = calls(scenario);
    phone.wait_call("established");
    phone.must(&["hold", &call]);
    phone.wait_call("held");
    (phone, peer, sound, call)
}

/// Another peer that takes calls, and its address of record.
fn third(scenario: &str) -> (Sipp, String) {
    let peer = Sipp::wait_for_call(scenario, Sound::new().port());
    let address = format!("sip:300@{}", peer.address());
    (peer, address)
}

mod transferor {
    use super::*;

    #[test]
    fn who_is_sent_on_has_left_once_the_other_is_reached() {
        sends_on("is-transferred");
    }

    #[test]
    fn who_is_sent_on_without_a_word_has_left() {
        sends_on("is-transferred-quietly");
    }

    fn sends_on(scenario: &str) {
        let _turn = together();
        let (phone, peer, _sound, call) = held(scenario);
        phone.must(&["transfer", &call, "sip:300@127.0.0.1:9"]);
        let messages = peer.finish();
        let refer = messages.received("REFER ").next().unwrap();
        assert_eq!(refer.header("Refer-To"), "<sip:300@127.0.0.1:9>");
        assert!(refer.header("Referred-By").contains("sip:101@"));
        check_row(&phone, "outgoing", "answered", "transferred");
    }

    #[test]
    fn two_are_connected_with_each_other_and_both_calls_are_over() {
        let _turn = together();
        let (phone, peer, _sound, call) = held("is-transferred");
        let (other, address) = third("answers");
        let consultation = phone.dial(&address);
        phone.wait("call", |event| {
            event["state"] == "established" && event["call"] == consultation.as_str()
        });
        phone.must(&["transfer", &call, "--to", &consultation]);
        let messages = peer.finish();
        check(&row_of(&phone, &call), "answered", "transferred");
        let refer_to = messages
            .received("REFER ")
            .next()
            .unwrap()
            .header("Refer-To")
            .to_owned();
        let there = other.address();
        // The peer behind the consultation knows nothing of it: the phone leaves that call, too.
        let invite = other.finish();
        let invite = invite.received("INVITE ").next().unwrap();
        // RFC 3891 §3, RFC 5589 §7: the dialog as the other side knows it.
        let tag = invite.header("From").split(";tag=").nth(1).unwrap();
        let replaced = format!("{};to-tag=peer-1;from-tag={tag}", invite.header("Call-ID"));
        let plain = refer_to
            .replace("%3B", ";")
            .replace("%3D", "=")
            .replace("%40", "@");
        let contact = format!("sip:200@{there}");
        assert_eq!(plain, format!("<{contact}?Replaces={replaced}>"));
        check(&row_of(&phone, &consultation), "answered", "transferred");
        assert_eq!(phone.log().len(), 2);
    }

    #[test]
    fn s4_3_who_refuses_to_be_sent_on_is_back_and_off_hold() {
        comes_back("refuses-to-be-transferred");
    }

    #[test]
    fn s4_3_who_is_sent_on_in_vain_is_back_and_off_hold() {
        comes_back("is-transferred-in-vain");
    }

    /// The scenario itself fails where the phone hangs up, or leaves the peer on hold.
    fn comes_back(scenario: &str) {
        let _turn = together();
        let (phone, peer, _sound, call) = held(scenario);
        phone.must(&["transfer", &call, "sip:300@127.0.0.1:9"]);
        phone.wait_call("transfer_failed");
        phone.wait_call("resumed");
        phone.must(&["hangup", &call]);
        peer.finish();
        check_row(&phone, "outgoing", "answered", "local_hangup");
    }
}

mod transferee {
    use super::*;

    /// The peer wants the phone to call this URI.
    fn sent_to(scenario: &str, uri: &str, more: &'static str) -> (Phone, Sipp, String) {
        let blanks = [("refer_to", &*format!("<{uri}>"))];
        let (phone, peer, _sound, call) = calls_with(scenario, &blanks, more);
        phone.wait_call("established");
        (phone, peer, call)
    }

    /// The phone's second call, once it has got this far.
    fn second(phone: &Phone, first: &str, state: &str) -> String {
        call_id(&phone.wait("call", |event| {
            event["state"] == state && event["call"] != first
        }))
    }

    #[test]
    fn the_phone_goes_where_it_is_sent_and_tells_how_that_goes() {
        let _turn = together();
        let (target, address) = third("rings-and-answers");
        let (phone, peer, first) = sent_to("transfers-the-phone", &address, "");
        let second = second(&phone, &first, "established");
        let messages = peer.finish();
        phone.must(&["hangup", &second]);
        target.finish();
        assert_eq!(told(&messages), ["100", "180", "200"]);
        check(&row_of(&phone, &first), "answered", "transferred");
        check(&row_of(&phone, &second), "answered", "local_hangup");
        assert_eq!(phone.log().len(), 2);
    }

    /// What the NOTIFYs told.
    fn told(messages: &Messages) -> Vec<&str> {
        let notes = messages.received("NOTIFY ");
        notes.filter_map(|notify| status(notify.text)).collect()
    }

    fn status(notify: &str) -> Option<&str> {
        notify.split("\r\n\r\nSIP/2.0 ").nth(1)?.get(..3)
    }

    #[test]
    fn the_phone_goes_where_it_is_sent_and_tells_nothing_where_that_is_not_wanted() {
        let _turn = together();
        let (target, address) = third("rings-and-answers");
        let (phone, peer, first) = sent_to("transfers-the-phone-quietly", &address, "");
        let second = second(&phone, &first, "established");
        let messages = peer.finish();
        phone.must(&["hangup", &second]);
        target.finish();
        let accepted = messages.received("SIP/2.0 202").next().unwrap();
        assert_eq!(accepted.header("Refer-Sub"), "false");
        assert_eq!(messages.count_received("NOTIFY "), 0);
        check(&row_of(&phone, &first), "answered", "transferred");
        check(&row_of(&phone, &second), "answered", "local_hangup");
    }

    #[test]
    fn the_phone_takes_the_place_that_it_is_sent_to() {
        let _turn = together();
        let (target, address) = third("rings-and-answers");
        let place = format!("{address}?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2");
        let (phone, peer, first) = sent_to("transfers-the-phone", &place, "");
        let second = second(&phone, &first, "established");
        peer.finish();
        phone.must(&["hangup", &second]);
        let messages = target.finish();
        let invite = messages.received("INVITE ").next().unwrap();
        assert_eq!(invite.header("Replaces"), "a@b;to-tag=1;from-tag=2");
        assert!(invite.header("Referred-By").contains("sip:200@"));
        check(&row_of(&phone, &first), "answered", "transferred");
        check(&row_of(&phone, &second), "answered", "local_hangup");
    }

    #[test]
    fn whoever_the_phone_was_sent_to_is_busy_and_the_call_goes_on() {
        let _turn = together();
        let (target, address) = third("is-busy-at-once");
        let (phone, peer, first) = sent_to("transfers-the-phone-in-vain", &address, "");
        let second = second(&phone, &first, "ended");
        target.finish();
        peer.wait_received("NOTIFY ", 2);
        phone.must(&["hangup", &first]);
        let messages = peer.finish();
        assert_eq!(told(&messages), ["100", "486"]);
        check(&row_of(&phone, &first), "answered", "local_hangup");
        check(&row_of(&phone, &second), "busy", "busy");
    }

    #[test]
    fn the_phone_goes_nowhere_where_that_is_not_wanted() {
        let _turn = together();
        let (_target, address) = third("rings-and-answers");
        let more = "transfers = \"refuse\"";
        let (phone, peer, first) = sent_to("may-not-transfer-the-phone", &address, more);
        phone.wait("notice", |notice| notice["kind"] == "transfer");
        phone.must(&["hangup", &first]);
        peer.finish();
        check_row(&phone, "outgoing", "answered", "local_hangup");
    }
}

mod target {
    use super::*;

    /// The phone, whose proxy is at `proxy`, talks with a peer that is elsewhere: the phone, the
    /// peer, the call and its place, as whoever wants it has to name it to the phone.
    fn talking(proxy: u16) -> (Phone, Sipp, String, String) {
        let (peer, address) = third("answers");
        let phone = start_calling(&format!("127.0.0.1:{proxy}"));
        let call = phone.dial(&address);
        phone.wait_call("established");
        let messages = peer.messages();
        let invite = messages.received("INVITE ").next().unwrap();
        let tag = invite.header("From").split(";tag=").nth(1).unwrap();
        let place = format!("{};to-tag={tag};from-tag=peer-1", invite.header("Call-ID"));
        (phone, peer, call, place)
    }

    #[test]
    fn a_call_takes_the_place_of_the_one_it_names_without_ringing() {
        let _turn = together();
        let proxy = free_port();
        let (phone, peer, first, place) = talking(proxy);
        let sound = Sound::new();
        let blanks = [("replaces", &*place)];
        let next = Sipp::call_from(proxy, "takes-a-place", phone.port(), sound.port(), &blanks);
        check(&row_of(&phone, &first), "answered", "transferred");
        peer.finish();
        sound.wait_heard(0.3);
        let second = call_id(&phone.wait("call", |event| {
            event["state"] == "established" && event["call"] != first.as_str()
        }));
        phone.must(&["hangup", &second]);
        assert_eq!(next.finish().count_received("SIP/2.0 180"), 0);
        check(&row_of(&phone, &second), "answered", "local_hangup");
        assert_eq!(phone.log().len(), 2);
    }

    #[test]
    fn nobody_takes_a_place_that_there_is_not() {
        may_not("481", |_| "nobody@nowhere;to-tag=1;from-tag=2".to_owned());
    }

    #[test]
    fn a_stranger_takes_nobodys_place() {
        may_not("403", str::to_owned);
    }

    /// Whoever asks for this place, from elsewhere than the phone's proxy, is refused, and the call
    /// goes on.
    fn may_not(refusal: &str, place: impl Fn(&str) -> String) {
        let _turn = together();
        let (phone, peer, call, known) = talking(free_port());
        let blanks = [("replaces", &*place(&known))];
        let stranger = Sipp::call_with("may-not-take-a-place", phone.port(), 9, &blanks);
        let messages = stranger.finish();
        let beginning = format!("SIP/2.0 {refusal} ");
        assert_eq!(messages.count_received(&beginning), 1, "{messages:?}");
        phone.must(&["hangup", &call]);
        peer.finish();
        check(&row_of(&phone, &call), "answered", "local_hangup");
        assert_eq!(phone.log().len(), 1);
    }
}
