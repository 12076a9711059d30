//! A caller whom a scenario leads from this phone to a colleague's baresip, through Kamailio.

use jiff::Timestamp;
use serde_json::Value;

use crate::support::{Baresip, Input, Kamailio, Line, Phone, Setup, Transport, Wav, together};

const OWN_HZ: u32 = 440;
const CALLER_HZ: u32 = 1000;
const COLLEAGUE_HZ: u32 = 1600;

const SCENARIO: &str = "[[scenario]]\n\
    [[scenario.step]]\nring = [\"here\"]\nfor_s = 3\n\
    [[scenario.step]]\nring = [\"104\"]\nfor_s = 20\n";

#[test]
fn s5_18_after_three_seconds_the_colleague_rings_and_both_talk_through_this_phone() {
    let _turn = together();
    let kamailio = Kamailio::start();
    let mut phone = Phone::start(&Setup {
        input: Input::Tone(f64::from(OWN_HZ)),
        answers_itself: false,
        account: "codecs = [\"pcmu\", \"g722\"]\n".to_owned(),
        more: SCENARIO,
        ..Setup::registered("101", &kamailio.address(), Transport::Udp)
    });
    phone.wait_registered();
    let mut caller = Phone::start(&Setup {
        input: Input::Tone(f64::from(CALLER_HZ)),
        ..Setup::registered("103", &kamailio.address(), Transport::Udp)
    });
    caller.wait_registered();
    // Another codec than the caller's.
    let colleague = Baresip::start(&Line {
        user: "104",
        registrar: &kamailio.address(),
        transport: Transport::Udp,
        codec: "G722/16000/1",
        tone_hz: COLLEAGUE_HZ,
        answers_itself: true,
        encryption: "",
        nat: "",
    });
    kamailio.wait_registered("104", Transport::Udp);

    let theirs = caller.dial(&kamailio.aor("101"));
    let here = leg(&phone, "101", "ringing");
    let there = leg(&phone, "104", "ringing");
    let waited = at(&there).duration_since(at(&here)).as_secs_f64();
    assert!((2.5..4.0).contains(&waited), "104 rang after {waited} s");
    leg(&phone, "104", "answered");
    caller.wait_call("established");
    colleague.wait_heard(3.0);
    caller.wait_recorded(3.0);
    caller.must(&["hangup", &theirs]);
    colleague.wait("CALL_CLOSED");
    phone.wait_call("ended");

    let [own, one, other] = [OWN_HZ, CALLER_HZ, COLLEAGUE_HZ].map(f64::from);
    assert_tone("at the caller", &caller.heard(), 0, other);
    assert_tone("at the colleague", &colleague.heard(), 0, one);
    for heard in [caller.heard(), colleague.heard()] {
        assert_eq!(
            heard.seconds_of_tones(0, &[own]),
            0.0,
            "nobody hears this phone"
        );
    }
    let finished = phone.wait("recording", |event| event["state"] == "finished");
    let recording = Wav::read(finished["file"].as_str().unwrap().as_ref());
    assert_tone("left", &recording, 0, other);
    assert_tone("right", &recording, 1, one);

    let row = phone.only_row();
    let said = ["status", "extension", "caller"].map(|key| row[key].as_str().unwrap());
    assert_eq!(said, ["answered", "104", "103"]);
    let shown = phone
        .run(&["log", "show", row["call"].as_str().unwrap()])
        .json;
    let legs = shown["legs"].as_array().unwrap().iter();
    let legs: Vec<_> = legs
        .map(|leg| [&leg["extension"], &leg["outcome"]])
        .collect();
    assert_eq!(legs, [["101", "no_answer"], ["104", "answered"]]);
    caller.quit();
    phone.quit();
}

fn leg(phone: &Phone, extension: &str, state: &str) -> Value {
    phone.wait("leg", |event| {
        event["extension"] == extension && event["state"] == state
    })
}

fn at(event: &Value) -> Timestamp {
    event["at"].as_str().unwrap().parse().unwrap()
}

fn assert_tone(whose: &str, sound: &Wav, channel: usize, hz: f64) {
    let found = sound.seconds_of_tones(channel, &[hz]);
    assert!(
        found > 1.5,
        "{whose}: {hz} Hz for {found:.2} s of {:.2} s",
        sound.seconds()
    );
}
