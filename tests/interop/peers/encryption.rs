//! Encrypted calls with baresip and Linphone, in both directions: each side's tone must be found at the other,
//! and the phone must tell the truth about who could listen.

use crate::support::{
    Baresip, Input, Kamailio, Line, Linphone, Phone, Setup, Transport, Wav, together,
};

const PHONE_HZ: u32 = 440;
const PEER_HZ: u32 = 1000;
/// Calls last until this much has been heard; most of it must be the tone.
const TALK_S: f64 = 1.5;
const FOUND_S: f64 = 1.0;

/// The phone's policy, what baresip does, and what the phone says of the call.
struct Case {
    policy: &'static str,
    keys_in_clear: bool,
    baresip: &'static str,
    told: &'static str,
}

const KEYS_IN_SIGNALLING: Case = Case {
    policy: "mandatory",
    keys_in_clear: true,
    baresip: "srtp-mand",
    told: "keys_in_clear",
};

const KEYS_FROM_A_HANDSHAKE: Case = Case {
    policy: "mandatory",
    keys_in_clear: false,
    baresip: "dtls_srtp",
    told: "encrypted",
};

const OPPORTUNISTIC: Case = Case {
    policy: "optional",
    keys_in_clear: true,
    baresip: "srtp",
    told: "keys_in_clear",
};

/// baresip knows keys in the signalling alone, and those that it is offered nobody should read.
const WITHHELD: Case = Case {
    baresip: "srtp",
    ..PLAIN
};

const PLAIN: Case = Case {
    policy: "optional",
    keys_in_clear: false,
    baresip: "",
    told: "none",
};

#[test]
fn ringbook_calls_baresip_with_keys_in_the_signalling() {
    ringbook_calls_baresip(&KEYS_IN_SIGNALLING);
}

#[test]
fn baresip_calls_ringbook_with_keys_in_the_signalling() {
    baresip_calls_ringbook(&KEYS_IN_SIGNALLING);
}

#[test]
fn ringbook_calls_baresip_with_keys_from_a_handshake() {
    ringbook_calls_baresip(&KEYS_FROM_A_HANDSHAKE);
}

#[test]
fn baresip_calls_ringbook_with_keys_from_a_handshake() {
    baresip_calls_ringbook(&KEYS_FROM_A_HANDSHAKE);
}

#[test]
fn ringbook_and_baresip_encrypt_when_both_can() {
    ringbook_calls_baresip(&OPPORTUNISTIC);
}

#[test]
fn baresip_and_ringbook_encrypt_when_both_can() {
    baresip_calls_ringbook(&OPPORTUNISTIC);
}

#[test]
fn a_peer_without_encryption_is_called_plain_where_that_is_allowed_and_it_shows() {
    ringbook_calls_baresip(&PLAIN);
}

#[test]
fn a_peer_with_keys_in_the_signalling_alone_is_called_plain_where_others_could_read_them() {
    ringbook_calls_baresip(&WITHHELD);
}

#[test]
fn a_plain_call_to_a_line_that_must_encrypt_is_refused() {
    let _turn = together();
    let kamailio = Kamailio::start();
    let phone = start_phone(&kamailio, &KEYS_FROM_A_HANDSHAKE);
    let mut peer = start_baresip(&kamailio, "");
    peer.dial(&kamailio.aor("101"));
    let closed = peer.wait("CALL_CLOSED");
    assert!(
        closed["param"].as_str().unwrap().contains("488"),
        "{closed}"
    );
    assert_eq!(phone.wait_call("ended")["end_reason"], "not_acceptable");
    phone.wait("notice", |event| {
        event["text"]
            .as_str()
            .is_some_and(|text| text.contains("does not encrypt"))
    });
    assert_eq!(phone.only_row()["status"], "failed");
}

#[test]
fn ringbook_calls_linphone_with_keys_in_the_signalling() {
    ringbook_calls_linphone("srtp", &KEYS_IN_SIGNALLING);
}

#[test]
fn linphone_calls_ringbook_with_keys_in_the_signalling() {
    linphone_calls_ringbook("srtp", &KEYS_IN_SIGNALLING);
}

#[test]
fn ringbook_calls_linphone_with_keys_from_a_handshake() {
    ringbook_calls_linphone("dtls", &KEYS_FROM_A_HANDSHAKE);
}

#[test]
fn linphone_that_takes_a_handshake_alone_is_called_again_without_keys() {
    let case = Case {
        told: "encrypted",
        ..KEYS_IN_SIGNALLING
    };
    ringbook_calls_linphone("dtls", &case);
}

#[test]
fn linphone_calls_ringbook_with_keys_from_a_handshake() {
    linphone_calls_ringbook("dtls", &KEYS_FROM_A_HANDSHAKE);
}

fn ringbook_calls_linphone(encryption: &str, case: &Case) {
    let _turn = together();
    let kamailio = Kamailio::start();
    let phone = start_phone(&kamailio, case);
    let mut peer = Linphone::start("104", &kamailio, encryption, PEER_HZ);
    phone.dial(&kamailio.aor("104"));
    let established = phone.wait_call("established");
    peer.wait_heard(TALK_S);
    phone.wait_recorded(TALK_S);
    peer.hang_up();
    assert_eq!(established["srtp"], case.told);
    check_with_linphone(phone, &peer);
}

fn linphone_calls_ringbook(encryption: &str, case: &Case) {
    let _turn = together();
    let kamailio = Kamailio::start();
    let phone = start_phone(&kamailio, case);
    let mut peer = Linphone::start("104", &kamailio, encryption, PEER_HZ);
    peer.dial(&kamailio.aor("101"));
    peer.wait_heard(TALK_S);
    phone.wait_recorded(TALK_S);
    let established = phone.wait_call("established");
    phone.must(&["hangup", established["call"].as_str().unwrap()]);
    assert_eq!(established["srtp"], case.told);
    check_with_linphone(phone, &peer);
}

/// Each has heard the other.
fn check_with_linphone(mut phone: Phone, peer: &Linphone) {
    phone.wait_call("ended");
    assert_tone(&phone.recording(), 1, PEER_HZ);
    peer.wait_said(" ended ");
    assert_tone(&peer.heard(), 0, PHONE_HZ);
    phone.quit();
}

fn ringbook_calls_baresip(case: &Case) {
    let _turn = together();
    let kamailio = Kamailio::start();
    let phone = start_phone(&kamailio, case);
    let mut peer = start_baresip(&kamailio, case.baresip);
    phone.dial(&kamailio.aor("103"));
    let established = phone.wait_call("established");
    peer.wait_heard(TALK_S);
    phone.wait_recorded(TALK_S);
    peer.hang_up();
    assert_eq!(established["srtp"], case.told);
    check(phone, &peer);
}

fn baresip_calls_ringbook(case: &Case) {
    let _turn = together();
    let kamailio = Kamailio::start();
    let phone = start_phone(&kamailio, case);
    let mut peer = start_baresip(&kamailio, case.baresip);
    peer.dial(&kamailio.aor("101"));
    peer.wait("CALL_ESTABLISHED");
    peer.wait_heard(TALK_S);
    phone.wait_recorded(TALK_S);
    let established = phone.wait_call("established");
    phone.must(&["hangup", established["call"].as_str().unwrap()]);
    assert_eq!(established["srtp"], case.told);
    check(phone, &peer);
}

/// Each has heard the other.
fn check(mut phone: Phone, peer: &Baresip) {
    phone.wait_call("ended");
    assert_tone(&phone.recording(), 1, PEER_HZ);
    peer.wait("CALL_CLOSED");
    assert_tone(&peer.heard(), 0, PHONE_HZ);
    phone.quit();
}

fn start_phone(kamailio: &Kamailio, case: &Case) -> Phone {
    let phone = Phone::start(&Setup {
        input: Input::Tone(f64::from(PHONE_HZ)),
        srtp: case.policy,
        keys_in_clear: case.keys_in_clear,
        ..Setup::registered("101", &kamailio.address(), Transport::Udp)
    });
    phone.wait_registered();
    kamailio.wait_registered("101", Transport::Udp);
    phone
}

fn start_baresip(kamailio: &Kamailio, encryption: &str) -> Baresip {
    let baresip = Baresip::start(&Line {
        user: "103",
        registrar: &kamailio.address(),
        transport: Transport::Udp,
        codec: "PCMU/8000/1",
        tone_hz: PEER_HZ,
        answers_itself: true,
        encryption,
        nat: "",
    });
    kamailio.wait_registered("103", Transport::Udp);
    baresip
}

fn assert_tone(sound: &Wav, channel: usize, hz: u32) {
    let found = sound.seconds_of_tone(channel, f64::from(hz));
    let length = sound.seconds();
    assert!(
        found >= FOUND_S,
        "{hz} Hz for {found:.2} s of {length:.2} s on channel {channel}"
    );
}
