//! Whether a call is encrypted, and what people are told of it.

use ringbook::app::Input;
use ringbook::phone::command::{Command, Reply};
use ringbook_media::dtls::DtlsError;
use ringbook_media::engine::{MediaEvent, StreamId};
use ringbook_sip::sdp::SrtpPolicy;

use crate::office::{Office, settings};

fn office(line: &str, media: &str, peer: SrtpPolicy) -> Office {
    let mut settings = settings(&format!("[media]\nsrtp = \"{media}\"\n"));
    if let Ok(with) = ringbook::settings::Settings::parse(
        &format!("[[account]]\naor = \"sip:1@a\"\nsrtp = \"{line}\"\n"),
        "settings.toml".as_ref(),
    ) {
        settings.accounts[0].srtp = with.accounts[0].srtp;
    }
    let mut office = Office::open(settings);
    office.peer_srtp = peer;
    office
}

/// What the events say of the encryption of an answered incoming call.
fn answered(office: &mut Office) -> String {
    office.call_in();
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.ms(100);
    let established = office.told("call");
    let established = established
        .iter()
        .find(|call| call["state"] == "established");
    established.unwrap()["srtp"].as_str().unwrap().to_owned()
}

#[test]
fn a_call_tells_whether_it_is_encrypted_and_whether_its_keys_could_be_read() {
    use SrtpPolicy::{Mandatory, Off, Optional};
    for (media, peer, expected) in [
        ("optional", Optional, "keys_in_clear"),
        ("optional", Mandatory, "keys_in_clear"),
        ("mandatory", Optional, "keys_in_clear"),
        ("optional", Off, "none"),
        ("off", Optional, "none"),
    ] {
        let mut office = office("", media, peer);
        assert_eq!(answered(&mut office), expected, "{media} {peer:?}");
        let Ok(Reply::Calls(calls)) = office.command(Command::Calls) else {
            panic!("no calls")
        };
        let shown = serde_json::to_value(calls[0].srtp).unwrap();
        assert_eq!(shown, expected, "the window shows the same");
        let rings = office.told("call")[0];
        assert!(
            rings.get("srtp").is_none(),
            "nothing is known before there is sound"
        );
    }
}

#[test]
fn a_plain_call_does_not_ring_where_encryption_is_mandatory_and_its_row_and_a_notice_tell_why() {
    let mut office = office("", "mandatory", SrtpPolicy::Off);
    office.call_in();
    office.ms(1_000);
    assert_eq!(office.states(), ["incoming", "ended"]);
    assert_eq!(office.only_row().1, "failed not_acceptable");
    let notice = office.told("notice")[0]["text"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(notice.contains("does not encrypt its calls"), "{notice}");
}

#[test]
fn an_encrypted_call_does_not_ring_where_encryption_is_off() {
    let mut office = office("", "off", SrtpPolicy::Mandatory);
    office.call_in();
    office.ms(1_000);
    assert_eq!(office.only_row().1, "failed not_acceptable");
    let notice = office.told("notice")[0]["text"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        notice.contains("encrypts its calls, and this line does not"),
        "{notice}"
    );
}

#[test]
fn a_call_to_a_plain_peer_fails_where_encryption_is_mandatory() {
    let mut office = office("", "mandatory", SrtpPolicy::Off);
    office.dial("200");
    office.ms(100);
    let refused = office.peer_does(|peer, now, call| {
        let media = crate::office::peer_media();
        peer.answer(now, call, media)
    });
    assert!(refused.is_err());
    office.ms(500);
    assert_eq!(office.only_row().1, "failed not_acceptable");
    let notices = office.told("notice");
    let [notice] = notices[..] else {
        panic!("{notices:?}")
    };
    assert!(
        notice["text"]
            .as_str()
            .unwrap()
            .contains("none of the ways")
    );
}

#[test]
fn what_the_line_says_goes_before_what_media_says() {
    let mut encrypted = office("mandatory", "off", SrtpPolicy::Optional);
    assert_eq!(answered(&mut encrypted), "keys_in_clear");
    let mut plain = office("off", "mandatory", SrtpPolicy::Off);
    assert_eq!(answered(&mut plain), "none");
}

#[test]
fn a_call_without_keys_ends_and_a_notice_tells_why() {
    for (error, words) in [
        (DtlsError::WrongCertificate, "somebody may be listening"),
        (DtlsError::Timeout, "no keys could be agreed on"),
    ] {
        let mut office = office("", "optional", SrtpPolicy::Optional);
        answered(&mut office);
        let stream = StreamId(1);
        office.input(Input::Media(MediaEvent::NoKeys { stream, error }));
        office.ms(1_000);
        assert_eq!(office.only_row().1, "answered not_acceptable");
        let notice = office.told("notice")[0]["text"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(notice.contains(words), "{notice}");
    }
}
