//! Streams whose packets are protected: what the wire shows, and what an attacker gains.

use crate::support;

use std::sync::Arc;
use std::time::Instant;

use ringbook_media::dtls::{Certificate, DtlsError, Fingerprint};
use ringbook_media::rtp::{Packet, write_packet};
use ringbook_media::signal;
use ringbook_media::srtp::{MasterKey, Sender, Suite};
use ringbook_media::stream::{Codec, Protection, Stream, StreamConfig, StreamEvent};
use support::{ALICE, BOB, OneWay, clean, config, ms, rtcp, rtp};

const SUITE: Suite = Suite::AesCm128Sha1_80;

fn key(octet: u8) -> MasterKey {
    MasterKey::new(SUITE, &[octet; 30]).unwrap()
}

fn protected(send: u8, receive: u8, remote: ([u8; 4], u16)) -> StreamConfig {
    StreamConfig {
        protection: Protection::Srtp {
            send: key(send),
            receive: key(receive),
        },
        ..config(Codec::Pcmu, remote)
    }
}

fn tone(seconds: f32) -> Vec<f32> {
    signal::tone(8_000, 440.0, 0.3, (seconds * 8_000.0) as usize)
}

fn push(stream: &mut Stream, now: Instant) -> Vec<Vec<u8>> {
    let frame = vec![0.1; stream.frame_len()];
    let mut sent = Vec::new();
    stream.push(now, &frame, &mut |_, wire: &[u8]| sent.push(wire.to_vec()));
    sent
}

fn power(stream: &mut Stream, now: Instant) -> f32 {
    let mut frame = vec![0.0; stream.frame_len()];
    stream.pull(now, &mut frame);
    signal::power(&frame)
}

fn bob() -> (Instant, Stream) {
    let start = Instant::now();
    let mut bob = Stream::new(2, "bob".into());
    bob.configure(start, protected(2, 1, ALICE)).unwrap();
    (start, bob)
}

/// The peer's packet of µ-law, loud enough to be heard.
fn loud(sequence: u16) -> Vec<u8> {
    let packet = Packet {
        marker: false,
        payload_type: 0,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc: 7,
        payload: &[0x20; 160],
    };
    let mut wire = [0; 200];
    let len = write_packet(&packet, &mut wire).unwrap();
    wire[..len].to_vec()
}

fn seal(sender: &mut Sender, packet: &[u8]) -> Vec<u8> {
    let mut out = [0; 300];
    let len = sender.protect_rtp(packet, &mut out).unwrap();
    out[..len].to_vec()
}

#[test]
fn a_voice_and_keys_go_through_encrypted_over_a_lossy_network() {
    let mut number = 0;
    let lossy = move |_, _| {
        number += 1;
        match number % 11 {
            3 => vec![],
            5 => vec![45.0, 60.0],
            _ => vec![20.0],
        }
    };
    let mut call = OneWay::new(
        protected(1, 2, BOB),
        protected(2, 1, ALICE),
        Box::new(lossy),
    );
    call.run(&tone(2.0));
    call.alice.send_digits("42#");
    call.run(&tone(4.0));
    assert_eq!(call.digits(), "42#");
    assert!(signal::power(&call.heard[16_000..]) > 0.02);
    assert!(
        call.bob.stats().duplicates == 0,
        "SRTP takes no packet twice"
    );
}

#[test]
fn nothing_plain_leaves_and_nothing_plain_is_heard() {
    let (start, mut bob) = bob();
    let mut wires = Vec::new();
    for frame in 0..100_u16 {
        let now = start + ms(f64::from(frame) * 20.0);
        bob.handle_rtp(now, rtp(ALICE), &loud(frame));
        bob.handle_rtcp(now, rtcp(ALICE), &[0x81, 203, 0, 1, 0, 0, 0, 7]);
        assert!(power(&mut bob, now) < 1e-6);
        wires.extend(push(&mut bob, now));
        bob.poll_rtcp(now, &mut |_, wire: &[u8]| wires.push(wire.to_vec()));
    }
    let mut reports = Vec::new();
    bob.close(start + ms(2_000.0), &mut |_, wire: &[u8]| {
        reports.push(wire.to_vec())
    });
    assert_eq!(bob.poll_event(), None);
    assert_eq!(bob.stats().packets_received, 0);
    assert!(wires.len() >= 100);
    // 0.1 in µ-law is the same octet again and again: it must be nowhere.
    let frame = |wire: &&Vec<u8>| wire[1] & 0x7f == 0;
    for wire in wires.iter().filter(frame) {
        assert_eq!(wire.len(), 12 + 160 + 10);
        assert!(wire[12..172].windows(4).all(|four| four != [four[0]; 4]));
    }
    for report in &reports {
        assert!(
            !report.windows(3).any(|three| three == b"bob"),
            "the CNAME is readable"
        );
    }
}

#[test]
fn a_thousand_forged_and_a_thousand_replayed_packets_are_not_heard_and_move_nothing() {
    let (start, mut bob) = bob();
    let (mut alice, mut stranger) = (Sender::new(&key(1)), Sender::new(&key(9)));
    let mut old = Vec::new();
    let attacker = ([203, 0, 113, 66], 40_000).into();
    for frame in 0..100_u16 {
        let now = start + ms(f64::from(frame) * 20.0);
        let wire = seal(&mut alice, &loud(frame));
        bob.handle_rtp(now, rtp(ALICE), &wire);
        old.push(wire);
        power(&mut bob, now);
    }
    while bob.poll_event().is_some() {}
    let before = bob.stats();
    let now = start + ms(2_000.0);
    for round in 0..1_000_u16 {
        let forged = seal(&mut stranger, &loud(round + 100));
        let replayed = &old[usize::from(round) % old.len()];
        for source in [rtp(ALICE), attacker] {
            bob.handle_rtp(now, source, &forged);
            bob.handle_rtp(now, source, replayed);
            bob.handle_rtcp(now, source, &forged);
        }
    }
    let after = bob.stats();
    assert_eq!(
        (
            after.packets_received,
            after.duplicates,
            after.late,
            after.lost
        ),
        (
            before.packets_received,
            before.duplicates,
            before.late,
            before.lost
        )
    );
    assert_eq!(bob.poll_event(), None);
    bob.handle_rtp(now, rtp(ALICE), &seal(&mut alice, &loud(100)));
    assert_eq!(bob.stats().packets_received, before.packets_received + 1);
}

#[test]
fn a_peer_that_changes_its_key_is_heard_before_and_after_and_its_old_key_ends() {
    let (start, mut bob) = bob();
    let (mut former, mut next) = (Sender::new(&key(1)), Sender::new(&key(3)));
    for frame in 0..10 {
        bob.handle_rtp(start, rtp(ALICE), &seal(&mut former, &loud(frame)));
    }
    bob.configure(start, protected(2, 3, ALICE)).unwrap();
    let on_the_way = seal(&mut former, &loud(10));
    bob.handle_rtp(start, rtp(ALICE), &on_the_way);
    assert_eq!(bob.stats().packets_received, 11);
    bob.handle_rtp(start, rtp(ALICE), &seal(&mut next, &loud(11)));
    assert_eq!(bob.stats().packets_received, 12);
    bob.handle_rtp(start, rtp(ALICE), &seal(&mut former, &loud(12)));
    assert_eq!(bob.stats().packets_received, 12);
}

#[test]
fn a_key_that_stays_keeps_its_counters_over_a_change_of_the_call() {
    let (start, mut bob) = bob();
    let mut alice = Stream::new(1, "alice".into());
    alice.configure(start, protected(1, 2, BOB)).unwrap();
    let mut heard = 0;
    for frame in 0..40_u16 {
        let now = start + ms(f64::from(frame) * 20.0);
        if frame == 20 {
            // Codec and direction change, keys do not.
            let changed = StreamConfig {
                codec: Codec::Pcma,
                send_pt: 8,
                ..protected(1, 2, BOB)
            };
            alice.configure(now, changed).unwrap();
            bob.configure(now, protected(2, 1, ALICE)).unwrap();
        }
        for wire in push(&mut alice, now) {
            bob.handle_rtp(now, rtp(ALICE), &wire);
            bob.handle_rtp(now, rtp(ALICE), &wire);
            heard += 1;
        }
        power(&mut bob, now);
    }
    assert_eq!(bob.stats().packets_received, heard);
    assert_eq!(bob.stats().duplicates, 0);
}

#[test]
fn encrypted_reports_tell_both_sides_the_round_trip_and_the_end() {
    let (start, mut bob) = bob();
    let mut alice = Stream::new(1, "alice".into());
    alice.configure(start, protected(1, 2, BOB)).unwrap();
    for frame in 0..1_000_u32 {
        let now = start + ms(f64::from(frame) * 20.0);
        for wire in push(&mut alice, now) {
            bob.handle_rtp(now, rtp(ALICE), &wire);
        }
        for wire in push(&mut bob, now) {
            alice.handle_rtp(now, rtp(BOB), &wire);
        }
        let mut reports = (Vec::new(), Vec::new());
        alice.poll_rtcp(now, &mut |_, wire: &[u8]| reports.0.push(wire.to_vec()));
        bob.poll_rtcp(now, &mut |_, wire: &[u8]| reports.1.push(wire.to_vec()));
        for wire in reports.0 {
            bob.handle_rtcp(now + ms(15.0), rtcp(ALICE), &wire);
        }
        for wire in reports.1 {
            alice.handle_rtcp(now + ms(15.0), rtcp(BOB), &wire);
        }
    }
    let round_trip = alice.stats().rtt_ms.unwrap();
    assert!((20.0..40.0).contains(&round_trip), "{round_trip}");
    let mut goodbye = Vec::new();
    alice.close(start + ms(20_000.0), &mut |_, wire: &[u8]| {
        goodbye.push(wire.to_vec())
    });
    bob.handle_rtcp(start + ms(20_020.0), rtcp(ALICE), &goodbye[0]);
    let told: Vec<StreamEvent> = std::iter::from_fn(|| bob.poll_event()).collect();
    assert!(told.contains(&StreamEvent::Bye));
}

#[test]
fn without_protection_everything_is_as_it_was() {
    let mut call = OneWay::codec(Codec::Pcmu, clean(20.0));
    call.run(&tone(1.0));
    assert!(signal::power(&call.heard[4_000..]) > 0.02);
}

// Keys from a handshake.

fn certified(active: bool, theirs: &Certificate, remote: ([u8; 4], u16)) -> StreamConfig {
    StreamConfig {
        protection: Protection::Dtls {
            active,
            fingerprints: vec![Fingerprint::Sha256(theirs.fingerprint())],
        },
        ..config(Codec::Pcmu, remote)
    }
}

/// Alice begins the handshake with Bob. What each has to say of it, and how much of the other
/// each has received, after two seconds.
fn meet(alice_expects_bob: bool) -> [(u64, Vec<StreamEvent>); 2] {
    let start = Instant::now();
    let own = || Arc::new(Certificate::generate().unwrap());
    let (at_alice, at_bob, other) = (own(), own(), own());
    let mut alice = Stream::new(1, "alice".into());
    let mut bob = Stream::new(2, "bob".into());
    alice.set_certificate(at_alice.clone());
    bob.set_certificate(at_bob.clone());
    let expected = if alice_expects_bob { &at_bob } else { &other };
    alice
        .configure(start, certified(true, expected, BOB))
        .unwrap();
    bob.configure(start, certified(false, &at_alice, ALICE))
        .unwrap();
    // Alice is behind a NAT.
    let outside = ([198, 51, 100, 7], 61_000).into();
    for frame in 0..100_u32 {
        let now = start + ms(f64::from(frame) * 20.0);
        for (from, to, source) in [(0, 1, outside), (1, 0, rtp(BOB))] {
            let streams = &mut [&mut alice, &mut bob];
            let mut sent = Vec::new();
            streams[from].poll_dtls(now, &mut |to, wire: &[u8]| sent.push((to, wire.to_vec())));
            for wire in push(streams[from], now) {
                assert!(wire.len() > 172, "a plain packet");
                sent.push((rtp(BOB), wire));
            }
            for (_, wire) in sent {
                streams[to].handle_rtp(now, source, &wire);
            }
        }
    }
    [&mut alice, &mut bob].map(|stream| {
        let events = std::iter::from_fn(|| stream.poll_event()).collect();
        (stream.stats().packets_received, events)
    })
}

#[test]
fn two_streams_agree_on_keys_and_then_talk() {
    for (received, events) in meet(true) {
        assert!(received > 85, "{received} of 100");
        assert!(
            !events
                .iter()
                .any(|event| matches!(event, StreamEvent::NoKeys(_)))
        );
    }
}

#[test]
fn a_peer_with_another_certificate_is_neither_heard_nor_spoken_to() {
    let [(at_alice, told), (at_bob, _)] = meet(false);
    assert_eq!((at_alice, at_bob), (0, 0));
    assert!(told.contains(&StreamEvent::NoKeys(DtlsError::WrongCertificate)));
}

#[test]
fn a_stream_without_a_certificate_says_that_there_will_be_no_keys() {
    let start = Instant::now();
    let mut alice = Stream::new(1, "alice".into());
    let theirs = Certificate::generate().unwrap();
    alice
        .configure(start, certified(true, &theirs, BOB))
        .unwrap();
    alice.poll_dtls(start, &mut |_, _: &[u8]| panic!("nothing to send"));
    assert_eq!(
        alice.poll_event(),
        Some(StreamEvent::NoKeys(DtlsError::NoCertificate))
    );
    assert!(push(&mut alice, start).is_empty());
}
