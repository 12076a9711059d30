//! Calls through Kamailio, which asks for a digest: between two Ringbooks, and with baresip in both
//! directions, in every codec. Each side says a tone of its own, which must be found at the other
//! and on the right channel of the recording; the left channel holds what was said here.

use crate::support::{Baresip, Input, Kamailio, Line, Phone, Setup, Transport, Wav, together};

/// What the caller and the one who is called say.
const CALLER_HZ: u32 = 440;
const CALLEE_HZ: u32 = 1000;
/// Calls last until this much has been heard; most of it must be the tone.
const TALK_S: f64 = 1.5;
const FOUND_S: f64 = 1.0;

/// A codec as the settings and as baresip name it.
struct Codec {
    ours: &'static str,
    theirs: &'static str,
}

const PCMU: Codec = Codec {
    ours: "pcmu",
    theirs: "PCMU/8000/1",
};
const PCMA: Codec = Codec {
    ours: "pcma",
    theirs: "PCMA/8000/1",
};
const G722: Codec = Codec {
    ours: "g722",
    theirs: "G722/16000/1",
};
const OPUS: Codec = Codec {
    ours: "opus",
    theirs: "opus/48000/2",
};

#[test]
fn s1_7_ringbook_calls_baresip_in_pcmu_over_udp() {
    ringbook_calls_baresip(&PCMU, Transport::Udp);
}

#[test]
fn ringbook_calls_baresip_in_pcma_over_tcp() {
    ringbook_calls_baresip(&PCMA, Transport::Tcp);
}

#[test]
fn ringbook_calls_baresip_in_g722() {
    ringbook_calls_baresip(&G722, Transport::Udp);
}

#[test]
fn ringbook_calls_baresip_in_opus() {
    ringbook_calls_baresip(&OPUS, Transport::Udp);
}

#[test]
fn baresip_calls_ringbook_in_pcmu_over_udp() {
    baresip_calls_ringbook(&PCMU, Transport::Udp);
}

#[test]
fn baresip_calls_ringbook_in_pcma_over_tcp() {
    baresip_calls_ringbook(&PCMA, Transport::Tcp);
}

#[test]
fn baresip_calls_ringbook_in_g722() {
    baresip_calls_ringbook(&G722, Transport::Udp);
}

#[test]
fn baresip_calls_ringbook_in_opus() {
    baresip_calls_ringbook(&OPUS, Transport::Udp);
}

#[test]
fn ringbook_calls_ringbook_in_pcmu_over_udp() {
    ringbook_calls_ringbook(&PCMU, Transport::Udp);
}

#[test]
fn ringbook_calls_ringbook_in_pcma_over_tcp() {
    ringbook_calls_ringbook(&PCMA, Transport::Tcp);
}

#[test]
fn ringbook_calls_ringbook_in_g722() {
    ringbook_calls_ringbook(&G722, Transport::Udp);
}

#[test]
fn ringbook_calls_ringbook_in_opus() {
    ringbook_calls_ringbook(&OPUS, Transport::Udp);
}

fn ringbook_calls_baresip(codec: &Codec, transport: Transport) {
    let _turn = together();
    let kamailio = Kamailio::start();
    let caller = start_ringbook("101", &kamailio, transport, codec, CALLER_HZ);
    let mut callee = start_baresip("103", &kamailio, transport, codec, CALLEE_HZ);

    caller.dial(&kamailio.aor("103"));
    caller.wait_call("established");
    callee.wait_heard(TALK_S);
    callee.hang_up();
    check_ringbook(
        caller,
        codec,
        "outgoing",
        "remote_hangup",
        [CALLER_HZ, CALLEE_HZ],
    );
    callee.wait("CALL_CLOSED");
    assert_tone(&callee.heard(), 0, CALLER_HZ);
}

fn baresip_calls_ringbook(codec: &Codec, transport: Transport) {
    let _turn = together();
    let kamailio = Kamailio::start();
    let callee = start_ringbook("101", &kamailio, transport, codec, CALLEE_HZ);
    let mut caller = start_baresip("103", &kamailio, transport, codec, CALLER_HZ);

    caller.dial(&kamailio.aor("101"));
    caller.wait("CALL_ESTABLISHED");
    caller.wait_heard(TALK_S);
    let call = callee.wait_call("established")["call"].clone();
    callee.must(&["hangup", call.as_str().unwrap()]);
    check_ringbook(
        callee,
        codec,
        "incoming",
        "local_hangup",
        [CALLEE_HZ, CALLER_HZ],
    );
    caller.wait("CALL_CLOSED");
    assert_tone(&caller.heard(), 0, CALLEE_HZ);
}

fn ringbook_calls_ringbook(codec: &Codec, transport: Transport) {
    let _turn = together();
    let kamailio = Kamailio::start();
    let caller = start_ringbook("101", &kamailio, transport, codec, CALLER_HZ);
    let callee = start_ringbook("102", &kamailio, transport, codec, CALLEE_HZ);

    let call = caller.dial("102");
    caller.wait_call("established");
    callee.wait_call("established");
    callee.wait_recorded(TALK_S);
    caller.wait_recorded(TALK_S);
    caller.must(&["hangup", &call]);
    check_ringbook(
        caller,
        codec,
        "outgoing",
        "local_hangup",
        [CALLER_HZ, CALLEE_HZ],
    );
    check_ringbook(
        callee,
        codec,
        "incoming",
        "remote_hangup",
        [CALLEE_HZ, CALLER_HZ],
    );
}

fn start_ringbook(
    user: &'static str,
    kamailio: &Kamailio,
    transport: Transport,
    codec: &Codec,
    hz: u32,
) -> Phone {
    let phone = Phone::start(&Setup {
        codec: codec.ours,
        input: Input::Tone(f64::from(hz)),
        ..Setup::registered(user, &kamailio.address(), transport)
    });
    phone.wait_registered();
    kamailio.wait_registered(user, transport);
    phone
}

fn start_baresip(
    user: &str,
    kamailio: &Kamailio,
    transport: Transport,
    codec: &Codec,
    tone_hz: u32,
) -> Baresip {
    let baresip = Baresip::start(&Line {
        user,
        registrar: &kamailio.address(),
        transport,
        codec: codec.theirs,
        tone_hz,
        answers_itself: true,
        encryption: "",
        nat: "",
    });
    kamailio.wait_registered(user, transport);
    baresip
}

/// One answered row with the codec, sound at the loudspeaker, and a recording as long as the talk
/// (S5.29) with `said` on its left channel and `heard` on its right.
fn check_ringbook(
    mut phone: Phone,
    codec: &Codec,
    direction: &str,
    end_reason: &str,
    [said, heard]: [u32; 2],
) {
    let ended = phone.wait_call("ended");
    assert_eq!(ended["codec"], codec.ours);
    let recording = phone.recording();
    let row = phone.only_row();
    assert_eq!(row["direction"], direction);
    assert_eq!(row["status"], "answered");
    assert_eq!(row["end_reason"], end_reason);
    assert!(row["recording"].is_string(), "no recording in {row}");
    assert_tone(&recording, 0, said);
    assert_tone(&recording, 1, heard);
    let talk = row["talk_s"].as_f64().unwrap();
    let length = recording.seconds();
    assert!(
        (length - talk).abs() <= 0.2,
        "{length} s recorded of {talk} s of talk"
    );
    phone.quit();
    assert_tone(&phone.heard(), 0, heard);
}

fn assert_tone(sound: &Wav, channel: usize, hz: u32) {
    let found = sound.seconds_of_tone(channel, f64::from(hz));
    let length = sound.seconds();
    assert!(
        found >= FOUND_S,
        "{hz} Hz for {found:.2} s of {length:.2} s on channel {channel}"
    );
}
