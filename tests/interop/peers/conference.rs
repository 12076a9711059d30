//! A conference of this phone with another one and a baresip. Each of the three says a tone of its
//! own: every party must hear the other two, and never itself.

use crate::support::{Baresip, Input, Kamailio, Line, Phone, Setup, Transport, Wav, together};

const AGENT_HZ: u32 = 440;
const FIRST_HZ: u32 = 1000;
const SECOND_HZ: u32 = 1600;
/// Each part lasts so long at the parties' ears; most of it must be as it should.
const PART_S: f64 = 2.0;
const FOUND_S: f64 = 1.2;

#[test]
fn each_of_three_hears_the_other_two() {
    let _turn = together();
    let kamailio = Kamailio::start();
    let mut phone = Phone::start(&Setup {
        input: Input::Tone(f64::from(AGENT_HZ)),
        answers_itself: false,
        ..Setup::registered("101", &kamailio.address(), Transport::Udp)
    });
    phone.wait_registered();
    // The one that is put on hold is ours: baresip writes down nothing of what it hears afterwards.
    let mut first = Phone::start(&Setup {
        input: Input::Tone(f64::from(FIRST_HZ)),
        ..Setup::registered("103", &kamailio.address(), Transport::Udp)
    });
    first.wait_registered();
    kamailio.wait_registered("103", Transport::Udp);
    let second = start_party(&kamailio, "104", SECOND_HZ);
    // The second call puts the first on hold for a while.
    let calls = ["103", "104"].map(|user| {
        let call = phone.dial(&kamailio.aor(user));
        wait_state(&phone, &call, "established");
        call
    });
    phone.must(&["conference", &calls[0], &calls[1]]);
    wait_state(&phone, &calls[1], "joined");
    first.wait_recorded_more(PART_S);
    second.wait_heard_more(PART_S);

    // One is put on hold: the others go on.
    phone.must(&["hold", &calls[0]]);
    second.wait_heard_more(PART_S);
    phone.must(&["resume", &calls[0]]);
    first.wait_recorded_more(PART_S);
    // It leaves: an ordinary call is left.
    let theirs = first.wait_call("established")["call"].clone();
    first.must(&["hangup", theirs.as_str().unwrap()]);
    wait_state(&phone, &calls[1], "parted");
    second.wait_heard_more(PART_S);
    phone.must(&["hangup", &calls[1]]);
    first.wait_call("ended");
    second.wait("CALL_CLOSED");

    let [agent, one, two] = [AGENT_HZ, FIRST_HZ, SECOND_HZ].map(f64::from);
    assert_tones(
        "at the first",
        &first.heard(),
        0,
        &[agent, two],
        2.0 * FOUND_S,
    );
    assert_tones(
        "at the second",
        &second.heard(),
        0,
        &[agent, one],
        2.0 * FOUND_S,
    );
    // On hold, and after the first had left, the agent alone.
    assert_tones("at the second", &second.heard(), 0, &[agent], 2.0 * FOUND_S);
    for call in &calls {
        let recording = recording(&phone, call);
        assert_tones("left", &recording, 0, &[agent], 2.0 * FOUND_S);
        assert_tones("right", &recording, 1, &[one, two], 2.0 * FOUND_S);
    }
    assert_tones(
        "right",
        &recording(&phone, &calls[1]),
        1,
        &[two],
        2.0 * FOUND_S,
    );
    first.quit();
    phone.quit();
}

fn start_party(kamailio: &Kamailio, user: &str, tone_hz: u32) -> Baresip {
    let party = Baresip::start(&Line {
        user,
        registrar: &kamailio.address(),
        transport: Transport::Udp,
        codec: "PCMU/8000/1",
        tone_hz,
        answers_itself: true,
        encryption: "",
        nat: "",
    });
    kamailio.wait_registered(user, Transport::Udp);
    party
}

fn wait_state(phone: &Phone, call: &str, state: &str) {
    phone.wait("call", |event| {
        event["call"] == call && event["state"] == state
    });
}

fn recording(phone: &Phone, call: &str) -> Wav {
    let finished = phone.wait("recording", |event| {
        event["call"] == call && event["state"] == "finished"
    });
    Wav::read(finished["file"].as_str().unwrap().as_ref())
}

fn assert_tones(whose: &str, sound: &Wav, channel: usize, tones: &[f64], least_s: f64) {
    let found = sound.seconds_of_tones(channel, tones);
    let length = sound.seconds();
    assert!(
        found >= least_s,
        "{whose}: {tones:?} Hz for {found:.2} s of {length:.2} s"
    );
}
