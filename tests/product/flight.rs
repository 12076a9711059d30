//! The flight recorder: every message of a call, and how its sound fared, written with its row.

use std::time::Duration;

use ringbook::flight::{Flight, Happening};
use ringbook::phone::command::{Command, RecordAction};
use ringbook_media::engine::{DeviceRole, MediaEvent, StreamId};
use ringbook_sip::message::{Message, Method};

use crate::office::{Office, settings, stats};

/// The flight of the log's only call.
fn flight(office: &Office) -> Flight {
    let (row, _) = office.only_row();
    let found = office.store.read(|r| r.find_flight(row.record.call));
    found.unwrap().expect("the call has a flight")
}

/// `→ INVITE`, `← 200 INVITE`: as the phone saw it.
fn ladder(flight: &Flight) -> Vec<String> {
    let rung = |message: &ringbook::flight::Message| {
        let arrow = if message.sent { "→" } else { "←" };
        match message.status() {
            Some(status) => format!("{arrow} {status} {}", message.method()),
            None => format!("{arrow} {}", message.method()),
        }
    };
    flight.messages.iter().map(rung).collect()
}

#[test]
fn an_incoming_call_leaves_every_message_in_and_out_with_its_time() {
    let mut office = Office::open(settings(""));
    let theirs = office.call_in();
    let call = office.call();
    office.ms(2000);
    office.command(Command::Answer(call)).unwrap();
    office.ms(1000);
    office.peer_hangs_up(theirs);
    office.ms(100);
    let flight = flight(&office);
    assert_eq!(
        ladder(&flight),
        [
            "← INVITE",
            "→ 180 INVITE",
            "← PRACK",
            "→ 200 PRACK",
            "→ 200 INVITE",
            "← ACK",
            "← BYE",
            "→ 200 BYE"
        ]
    );
    let invite = &flight.messages[0];
    assert_eq!(invite.at_ms, 0);
    assert_eq!(invite.transport, "UDP");
    assert_eq!(invite.local.to_string(), "127.0.0.1:5060");
    assert_eq!(invite.remote.to_string(), "127.0.0.2:5060");
    assert!(invite.text.contains("m=audio 50000 "), "{}", invite.text);
    assert_eq!(invite.octets as usize, invite.text.len());
    assert!((2000..2100).contains(&flight.messages[4].at_ms));
    let call_id = office.wire[0].2.call_id();
    assert_eq!(flight.call_id, call_id);
    // The last counters are the sound's last word.
    assert_eq!(
        flight.samples.last().unwrap().received,
        stats().packets_received
    );
    assert!(matches!(&flight.notes[0].what, Happening::Media { codec, .. } if codec == "pcma"));
}

#[test]
fn the_answer_to_our_bye_is_waited_for_and_written_with_the_row() {
    let mut office = Office::open(settings(""));
    let call = office.dial("200");
    office.peer_answers();
    office.ms(500);
    office.command(Command::Hangup(call)).unwrap();
    office.ms(100);
    assert_eq!(
        ladder(&flight(&office)),
        ["→ INVITE", "← 200 INVITE", "→ ACK", "→ BYE", "← 200 BYE"]
    );
    assert_eq!(office.states().last(), Some(&"ended"));
}

#[test]
fn a_refused_call_has_its_ack() {
    let mut office = Office::open(settings(""));
    office.call_in();
    let call = office.call();
    office.command(Command::Reject(call)).unwrap();
    office.ms(100);
    assert_eq!(
        ladder(&flight(&office)),
        [
            "← INVITE",
            "→ 180 INVITE",
            "← PRACK",
            "→ 200 PRACK",
            "→ 603 INVITE",
            "← ACK"
        ]
    );
}

#[test]
fn a_peer_that_falls_silent_delays_the_row_for_a_moment_only() {
    let mut office = Office::open(settings(""));
    let call = office.dial("200");
    office.peer_answers();
    office.ms(500);
    office.lose = |message| {
        let of_bye = |message: &ringbook_sip::message::Response| message.cseq.method == Method::Bye;
        matches!(message, Message::Response(response) if of_bye(response))
    };
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1500);
    assert_eq!(office.states().last(), Some(&"ended"));
    let ladder = ladder(&flight(&office));
    assert!(
        ladder.iter().filter(|rung| *rung == "→ BYE").count() >= 2,
        "{ladder:?}"
    );
}

#[test]
fn holds_pauses_of_the_recording_and_device_troubles_stand_beside_the_ladder() {
    let mut office = Office::open(settings(""));
    let call = office.dial("200");
    office.peer_answers();
    office.command(Command::Hold(call)).unwrap();
    office.command(Command::Resume(call)).unwrap();
    for action in [RecordAction::Pause, RecordAction::Resume] {
        office.command(Command::Record { call, action }).unwrap();
        office.ms(100);
    }
    let lost = MediaEvent::DeviceLost {
        which: DeviceRole::Input,
        reason: "unplugged".into(),
    };
    office.input(ringbook::app::Input::Media(lost));
    office.command(Command::Hangup(call)).unwrap();
    office.ms(100);
    let notes = flight(&office).notes;
    let kinds: Vec<String> = notes
        .iter()
        .map(|note| serde_json::to_value(&note.what).unwrap()["what"].to_string())
        .collect();
    let place = |kind: &str| kinds.iter().position(|known| known.contains(kind));
    assert!(place("held") < place("resumed"), "{kinds:?}");
    assert!(
        place("recording_paused") < place("recording_resumed"),
        "{kinds:?}"
    );
    assert!(place("recording_paused").is_some());
    assert!(place("resumed") < place("device_lost"), "{kinds:?}");
    assert!(place("held").is_some());
}

#[test]
fn a_long_call_keeps_few_samples_from_its_whole_length() {
    let mut office = Office::open(settings(""));
    let call = office.dial("200");
    office.peer_answers();
    for second in 1..=3600 {
        office.ms(1000);
        let mut stats = stats();
        stats.packets_received = second * 50;
        let stream = StreamId(1);
        office.input(ringbook::app::Input::Media(MediaEvent::Stats {
            stream,
            stats,
        }));
    }
    office.command(Command::Hangup(call)).unwrap();
    office.ms(100);
    let samples = flight(&office).samples;
    assert!((60..=140).contains(&samples.len()), "{}", samples.len());
    let at: Vec<u32> = samples.iter().map(|sample| sample.at_ms).collect();
    assert!(at.is_sorted() && at[0] < 120_000 && at[at.len() - 1] >= 3_600_000);
    let gaps: Vec<u32> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        gaps.iter().rev().skip(1).all(|gap| *gap <= 70_000),
        "{gaps:?}"
    );
}

#[test]
fn no_secret_is_kept_and_none_reaches_the_store() {
    let mut office = Office::open(settings(""));
    office.call_in();
    let call = office.call();
    let leak = "INFO sip:101@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKx\r\n\
                From: <sip:a:S3CRET@b>;tag=1\r\nTo: <sip:101@127.0.0.1>;tag=2\r\nCall-ID: CALL\r\n\
                CSeq: 9 INFO\r\nAuthorization: Digest username=\"a\", response=\"S3CRET\"\r\n\
                Content-Type: application/sdp\r\n\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:S3CRET\r\n";
    let call_id = office.wire[0].2.call_id().to_owned();
    let bytes = leak.replace("CALL", &call_id);
    office.input(ringbook::app::Input::Datagram {
        local: "127.0.0.1:5060".parse().unwrap(),
        source: "127.0.0.2:5060".parse().unwrap(),
        bytes: bytes.as_bytes(),
    });
    office.command(Command::Reject(call)).unwrap();
    office.run(Duration::from_millis(100));
    let flight = flight(&office);
    let kept = serde_json::to_string(&flight).unwrap();
    assert!(kept.contains("INFO sip:101"), "{kept}");
    assert!(!kept.contains("S3CRET"), "{kept}");
}

#[test]
fn with_no_ladders_wanted_nothing_is_recorded_and_nothing_waits() {
    let mut office = Office::open(settings("[log]\nladders = 0"));
    let call = office.dial("200");
    office.peer_answers();
    office.command(Command::Hangup(call)).unwrap();
    office.ms(20);
    let (row, _) = office.only_row();
    let found = office.store.read(|r| r.find_flight(row.record.call));
    assert_eq!(found.unwrap(), None);
}
