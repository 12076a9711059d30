//! What a stream does beside carrying a voice: whom it heeds, keys, hold, reports, changes in a
//! call, and input made to break it.

use crate::support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringbook_media::rtp::{Packet, write_packet};
use ringbook_media::signal;
use ringbook_media::stream::{Codec, FrameKind, Stream, StreamConfig, StreamEvent};
use support::{ALICE, BOB, Dice, OneWay, clean, config, ms, rtcp, rtp};

const TONE: f32 = 440.0;

fn tone(codec: Codec, seconds: f32) -> Vec<f32> {
    let rate = codec.sample_rate();
    signal::tone(rate, TONE, 0.3, (seconds * rate as f32) as usize)
}

fn stream(codec: Codec, now: Instant) -> Stream {
    let mut stream = Stream::new(2, "bob".into());
    stream.configure(now, config(codec, ALICE)).unwrap();
    stream
}

/// A packet of µ-law, loud enough to be heard.
fn pcmu(ssrc: u32, sequence: u16, timestamp: u32) -> Vec<u8> {
    packet(0, ssrc, sequence, timestamp, false, &[0x20; 160])
}

fn packet(
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    payload: &[u8],
) -> Vec<u8> {
    let packet = Packet {
        marker,
        payload_type,
        sequence,
        timestamp,
        ssrc,
        payload,
    };
    let mut wire = [0; 1_400];
    let len = write_packet(&packet, &mut wire).unwrap();
    wire[..len].to_vec()
}

fn pull(stream: &mut Stream, now: Instant) -> (FrameKind, f32) {
    let mut frame = vec![0.0; stream.frame_len()];
    let kind = stream.pull(now, &mut frame);
    (kind, signal::power(&frame))
}

/// The packets, with their addresses, of one pushed frame.
fn push(stream: &mut Stream, now: Instant) -> Vec<(SocketAddr, Vec<u8>)> {
    let frame = vec![0.1; stream.frame_len()];
    let mut sent = Vec::new();
    stream.push(now, &frame, &mut |to, wire: &[u8]| {
        sent.push((to, wire.to_vec()))
    });
    sent
}

fn events(stream: &mut Stream) -> Vec<StreamEvent> {
    std::iter::from_fn(|| stream.poll_event()).collect()
}

#[test]
fn a_third_address_that_sprays_our_port_is_neither_heard_nor_answered() {
    let start = Instant::now();
    let attacker: SocketAddr = ([203, 0, 113, 66], 40_000).into();
    // The peer from where SDP said, and behind a NAT.
    for peer in [rtp(ALICE), ([198, 51, 100, 7], 61_000).into()] {
        let mut bob = stream(Codec::Pcmu, start);
        for frame in 0..10_u16 {
            let now = start + ms(f64::from(frame) * 20.0);
            let silence = packet(0, 1, frame, u32::from(frame) * 160, false, &[0xff; 160]);
            bob.handle_rtp(now, peer, &silence);
            pull(&mut bob, now);
        }
        events(&mut bob);
        let before = bob.stats().packets_received;
        for frame in 10..200_u16 {
            let now = start + ms(f64::from(frame) * 20.0);
            let silence = packet(0, 1, frame, u32::from(frame) * 160, false, &[0xff; 160]);
            bob.handle_rtp(now, peer, &silence);
            for spray in 0..5 {
                // His own source, and the peer's forged.
                let sequence = frame * 5 + spray;
                bob.handle_rtp(now, attacker, &pcmu(9, sequence, u32::from(sequence) * 160));
                let forged = u32::from(frame) * 160 + 160;
                bob.handle_rtp(now, attacker, &pcmu(1, frame + 1, forged));
                let key = [5, 10, 0, 160];
                bob.handle_rtp(now, attacker, &packet(101, 9, sequence, forged, true, &key));
                bob.handle_rtcp(now, attacker, &[0x80, 203, 0, 1, 0, 0, 0, 1]);
            }
            let (_, power) = pull(&mut bob, now);
            assert!(power < 1e-6, "heard in frame {frame}");
            for (to, _) in push(&mut bob, now) {
                assert_eq!(to, peer);
            }
            bob.poll_rtcp(now, &mut |to, _: &[u8]| assert_eq!(to.ip(), peer.ip()));
        }
        assert_eq!(events(&mut bob), []);
        assert_eq!(bob.stats().packets_received - before, 190);
        assert_eq!(bob.stats().duplicates, 0);
    }
}

#[test]
fn a_peer_behind_a_nat_is_found_by_its_packets_and_told_once() {
    let start = Instant::now();
    let outside: SocketAddr = ([198, 51, 100, 7], 61_000).into();
    let mut bob = stream(Codec::Pcmu, start);
    assert_eq!(push(&mut bob, start)[0].0, rtp(ALICE));
    for frame in 0..20_u16 {
        let now = start + ms(f64::from(frame) * 20.0);
        bob.handle_rtp(now, outside, &pcmu(1, frame, u32::from(frame) * 160));
        pull(&mut bob, now);
    }
    assert_eq!(push(&mut bob, start + ms(400.0))[0].0, outside);
    assert_eq!(
        events(&mut bob),
        [StreamEvent::Latched(outside), StreamEvent::FirstPacket]
    );
    assert!(bob.stats().packets_received >= 17);
}

#[test]
fn packets_of_a_payload_type_nobody_agreed_on_open_no_door() {
    let start = Instant::now();
    let mut bob = stream(Codec::Pcmu, start);
    for frame in 0..20_u16 {
        let wire = packet(77, 1, frame, u32::from(frame) * 160, false, &[0x20; 160]);
        bob.handle_rtp(start, ([198, 51, 100, 7], 61_000).into(), &wire);
        bob.handle_rtp(start, rtp(ALICE), &wire);
    }
    assert_eq!(events(&mut bob), []);
    assert_eq!(bob.stats().packets_received, 0);
    assert_eq!(push(&mut bob, start)[0].0, rtp(ALICE));
}

#[test]
fn keys_reach_the_peer_once_each_over_a_lossy_network_and_audio_waits_meanwhile() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut dice = Dice::new(3);
        let fate = Box::new(move |_, _| match dice.roll() {
            roll if roll < 0.1 => vec![],
            roll if roll < 0.2 => vec![20.0, 60.0],
            _ => vec![20.0],
        });
        let mut call = OneWay::codec(codec, fate);
        call.run(&tone(codec, 1.0));
        call.alice.send_digits("0123456789*#ABCD");
        call.run(&tone(codec, 4.0));
        assert_eq!(call.digits(), "0123456789*#ABCD", "{codec}");
    }
}

#[test]
fn while_a_key_sounds_no_audio_goes_out_and_the_audio_clock_goes_on() {
    let start = Instant::now();
    let mut bob = stream(Codec::Pcmu, start);
    let mut wire = Vec::new();
    for frame in 0..20 {
        if frame == 5 {
            bob.send_digits("1");
        }
        wire.extend(push(&mut bob, start + ms(f64::from(frame) * 20.0)));
    }
    let packets: Vec<_> = wire
        .iter()
        .map(|(_, wire)| Packet::parse(wire).unwrap())
        .collect();
    assert_eq!(packets.len(), 20, "one packet a frame");
    let types: Vec<_> = packets.iter().map(|packet| packet.payload_type).collect();
    assert!(
        types[5..12].iter().all(|payload_type| *payload_type == 101),
        "{types:?}"
    );
    assert!(
        types[12..].iter().all(|payload_type| *payload_type == 0),
        "{types:?}"
    );
    assert_eq!(
        packets[12].timestamp.wrapping_sub(packets[4].timestamp),
        8 * 160
    );
    assert!(packets[12].marker, "the voice starts anew");
    for pair in packets.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
    }
}

#[test]
fn on_hold_nothing_goes_out_and_afterwards_the_clock_has_gone_on_and_the_marker_is_set() {
    let start = Instant::now();
    let mut bob = stream(Codec::Pcmu, start);
    let first = push(&mut bob, start);
    let first = Packet::parse(&first[0].1).unwrap();
    assert!(first.marker);
    let mut held = config(Codec::Pcmu, ALICE);
    held.send = false;
    bob.configure(start + ms(20.0), held.clone()).unwrap();
    // Frames go on for a while, then the engine pauses altogether.
    for frame in 1..=50 {
        assert_eq!(push(&mut bob, start + ms(f64::from(frame) * 20.0)), []);
    }
    held.send = true;
    bob.configure(start + ms(5_000.0), held).unwrap();
    let resumed = push(&mut bob, start + ms(5_000.0));
    let resumed = Packet::parse(&resumed[0].1).unwrap();
    assert_eq!(resumed.sequence, first.sequence.wrapping_add(1));
    assert_eq!(resumed.timestamp.wrapping_sub(first.timestamp), 250 * 160);
    assert!(resumed.marker);
    assert_eq!(resumed.ssrc, first.ssrc);
}

#[test]
fn keys_pressed_on_hold_are_not_sent_when_the_call_goes_on() {
    let start = Instant::now();
    let mut bob = stream(Codec::Pcmu, start);
    let mut held = config(Codec::Pcmu, ALICE);
    held.send = false;
    bob.configure(start, held).unwrap();
    bob.send_digits("12");
    assert_eq!(push(&mut bob, start), []);
    bob.configure(start, config(Codec::Pcmu, ALICE)).unwrap();
    for frame in 1..20 {
        let sent = push(&mut bob, start + ms(f64::from(frame) * 20.0));
        assert_eq!(Packet::parse(&sent[0].1).unwrap().payload_type, 0);
    }
}

#[test]
fn who_does_not_receive_hears_nothing_and_hears_at_once_when_it_does_again() {
    let mut call = OneWay::codec(Codec::Pcmu, clean(10.0));
    call.run(&tone(Codec::Pcmu, 1.0));
    let mut held = config(Codec::Pcmu, ALICE);
    held.receive = false;
    call.bob.configure(call.at(1_000.0), held.clone()).unwrap();
    let from = call.heard.len();
    call.run(&tone(Codec::Pcmu, 2.0));
    assert_eq!(signal::power(&call.heard[from..]), 0.0);
    held.receive = true;
    call.bob.configure(call.at(3_000.0), held).unwrap();
    let from = call.heard.len();
    call.run(&tone(Codec::Pcmu, 1.0));
    let range = signal::find_tone(&call.heard[from..], 8_000, TONE).unwrap();
    assert!(range.start <= 400, "after {} samples", range.start);
    assert!(call.median_delay(from / 160 + 5) <= 20.0);
}

#[test]
fn an_address_of_zeros_is_sent_nothing() {
    let start = Instant::now();
    let mut bob = stream(Codec::Pcmu, start);
    let mut held = config(Codec::Pcmu, ALICE);
    held.remote_rtp = ([0, 0, 0, 0], 40_000).into();
    held.remote_rtcp = ([0, 0, 0, 0], 40_001).into();
    bob.configure(start, held).unwrap();
    assert_eq!(push(&mut bob, start), []);
    bob.poll_rtcp(start, &mut |_, _: &[u8]| panic!("sent"));
    bob.poll_rtcp(start + ms(10_000.0), &mut |_, _: &[u8]| panic!("sent"));
}

/// Alice and Bob report to each other over 30 ms each way while Alice talks.
#[test]
fn reports_tell_both_sides_the_round_trip_and_the_loss() {
    let mut dice = Dice::new(2);
    let lossy = Box::new(move |_, _| {
        if dice.roll() < 0.1 {
            vec![]
        } else {
            vec![30.0]
        }
    });
    let mut call = OneWay::codec(Codec::Opus, lossy);
    let voice = tone(Codec::Opus, 0.02);
    let mut to_bob: Vec<(f64, Vec<u8>)> = Vec::new();
    let mut to_alice: Vec<(f64, Vec<u8>)> = Vec::new();
    for frame in 0..1_000 {
        call.run(&voice);
        let at = f64::from(frame) * 20.0;
        let now = call.at(at);
        // Bob talks, too, so that he is a sender.
        let later = call.at(at + 30.0);
        let alice = &mut call.alice;
        call.bob.push(now, &voice, &mut |to, wire: &[u8]| {
            assert_eq!(to, rtp(ALICE));
            alice.handle_rtp(later, rtp(BOB), wire);
        });
        call.alice.poll_rtcp(now, &mut |to, wire: &[u8]| {
            assert_eq!(to, rtcp(BOB));
            to_bob.push((at + 30.0, wire.to_vec()));
        });
        call.bob.poll_rtcp(now, &mut |to, wire: &[u8]| {
            assert_eq!(to, rtcp(ALICE));
            to_alice.push((at + 30.0, wire.to_vec()));
        });
        for (due, wire) in &to_bob {
            if (*due - at).abs() < 20.0 && *due >= at {
                call.bob.handle_rtcp(call.at(*due), rtcp(ALICE), wire);
            }
        }
        for (due, wire) in &to_alice {
            if (*due - at).abs() < 20.0 && *due >= at {
                call.alice.handle_rtcp(call.at(*due), rtcp(BOB), wire);
            }
        }
    }
    assert!(
        (3..=8).contains(&to_bob.len()),
        "{} reports in 20 s",
        to_bob.len()
    );
    let (alice, bob) = (call.alice.stats(), call.bob.stats());
    for stats in [alice, bob] {
        let round_trip = stats.rtt_ms.unwrap();
        assert!((55.0..=65.0).contains(&round_trip), "{round_trip}");
    }
    assert!(
        (0.02..0.25).contains(&alice.remote_loss),
        "{}",
        alice.remote_loss
    );
    assert!(alice.remote_lost > 30);

    let mut bye = Vec::new();
    let end = call.at(20_000.0);
    call.bob
        .close(end, &mut |to, wire: &[u8]| bye.push((to, wire.to_vec())));
    assert_eq!(bye.len(), 1);
    events(&mut call.alice);
    call.alice.handle_rtcp(end, rtcp(BOB), &bye[0].1);
    assert_eq!(events(&mut call.alice), [StreamEvent::Bye]);
    assert_eq!(push(&mut call.bob, end), [], "closed");
}

#[test]
fn a_new_source_with_other_numbers_is_heard_after_one_packet() {
    let start = Instant::now();
    let mut bob = stream(Codec::Pcmu, start);
    let mut silent = 0;
    for frame in 0..100_u16 {
        let now = start + ms(f64::from(frame) * 20.0);
        let wire = if frame < 50 {
            pcmu(1, frame, u32::from(frame) * 160)
        } else {
            pcmu(
                2,
                frame.wrapping_mul(1).wrapping_add(60_000),
                u32::from(frame) * 160 + 3_000_000_000,
            )
        };
        bob.handle_rtp(now, rtp(ALICE), &wire);
        let (kind, _) = pull(&mut bob, now + ms(5.0));
        silent += usize::from(kind != FrameKind::Voice);
    }
    assert!(silent <= 3, "{silent} frames without voice");
    assert_eq!(bob.stats().lost, 1, "the packet that announced the change");
}

#[test]
fn a_leap_of_the_timestamp_at_a_talkspurt_costs_no_delay() {
    for leap in [40_000_u32, 4_000, 0_u32.wrapping_sub(40_000)] {
        let start = Instant::now();
        let mut bob = stream(Codec::Pcmu, start);
        for frame in 0..200_u16 {
            let now = start + ms(f64::from(frame) * 20.0);
            let leapt = if frame < 100 { 0 } else { leap };
            let timestamp = (u32::from(frame) * 160).wrapping_add(leapt);
            let wire = packet(0, 1, frame, timestamp, frame == 100, &[0x20; 160]);
            bob.handle_rtp(now, rtp(ALICE), &wire);
            let (kind, _) = pull(&mut bob, now + ms(5.0));
            assert!(
                !(102..).contains(&frame) || kind == FrameKind::Voice,
                "{leap}: {frame} {kind:?}"
            );
        }
        assert!(
            bob.stats().delay_ms <= 20.0,
            "{leap}: {}",
            bob.stats().delay_ms
        );
    }
}

#[test]
fn pauses_without_packets_are_no_loss_and_the_voice_returns_at_once() {
    let start = Instant::now();
    let mut bob = stream(Codec::Pcmu, start);
    let mut sequence = 0;
    let mut kinds = Vec::new();
    for frame in 0..300_u32 {
        let now = start + ms(f64::from(frame) * 20.0);
        let talks = frame % 100 < 60;
        if talks {
            let marker = frame % 100 == 0;
            let wire = packet(0, 1, sequence, frame * 160, marker, &[0x20; 160]);
            bob.handle_rtp(now, rtp(ALICE), &wire);
            sequence += 1;
        }
        kinds.push((talks, pull(&mut bob, now + ms(5.0)).0));
    }
    let voice = kinds
        .iter()
        .filter(|(talks, kind)| *talks && *kind == FrameKind::Voice)
        .count();
    assert!(voice >= 178, "{voice} of 180");
    let silence = kinds
        .iter()
        .filter(|(_, kind)| *kind == FrameKind::Silence)
        .count();
    assert!(silence >= 90, "{silence}");
    let stats = bob.stats();
    assert_eq!((stats.lost, stats.late), (0, 0));
    assert!(stats.delay_ms <= 20.0, "{}", stats.delay_ms);
}

#[test]
fn comfort_noise_fills_the_pause_the_peer_announces() {
    let start = Instant::now();
    let mut bob = stream(Codec::Pcmu, start);
    let mut sequence = 0;
    let mut noise = Vec::new();
    for frame in 0..150_u32 {
        let now = start + ms(f64::from(frame) * 20.0);
        let payload: Option<(u8, &[u8])> = match frame {
            0..50 | 100.. => Some((0, &[0x20; 160])),
            50 => Some((13, &[40])),
            _ => None,
        };
        if let Some((payload_type, payload)) = payload {
            let wire = packet(
                payload_type,
                1,
                sequence,
                frame * 160,
                frame == 100,
                payload,
            );
            bob.handle_rtp(now, rtp(ALICE), &wire);
            sequence += 1;
        }
        let (kind, power) = pull(&mut bob, now + ms(5.0));
        if kind == FrameKind::ComfortNoise {
            noise.push(power);
        }
    }
    assert!(
        (48..=50).contains(&noise.len()),
        "{} frames of noise",
        noise.len()
    );
    let middle = 10.0 * noise[25].log10();
    assert!((middle + 40.0).abs() < 3.0, "{middle} dB");
    assert_eq!(bob.stats().concealed, 0);
}

#[test]
fn the_peer_may_change_its_codec_in_mid_call_and_we_ours() {
    let start = Instant::now();
    let codecs = [Codec::Pcmu, Codec::Opus, Codec::G722, Codec::Pcma];
    for ours in codecs {
        let mut alice = Stream::new(1, "alice".into());
        let mut bob = stream(ours, start);
        let mut heard = Vec::new();
        for frame in 0..200_u32 {
            let now = start + ms(f64::from(frame) * 20.0);
            if frame % 50 == 0 {
                let theirs = codecs[frame as usize / 50];
                alice.configure(now, config(theirs, BOB)).unwrap();
            }
            let rate = alice.sample_rate();
            let len = alice.frame_len();
            let voice = signal::tone(rate, 500.0, 0.3, len); // 20 ms is ten whole periods
            alice.push(now, &voice, &mut |_, wire: &[u8]| {
                bob.handle_rtp(now, rtp(ALICE), wire)
            });
            let mut out = vec![0.0; bob.frame_len()];
            bob.pull(now + ms(5.0), &mut out);
            heard.extend_from_slice(&out);
        }
        let rate = ours.sample_rate();
        let with_tone = heard
            .chunks_exact(rate as usize / 50)
            .filter(|block| signal::has_tone(block, rate, 500.0))
            .count();
        assert!(with_tone >= 185, "{ours}: {with_tone} of 200");
    }
}

#[test]
fn the_same_seed_makes_the_same_stream() {
    let start = Instant::now();
    let first = |seed| {
        let mut stream = Stream::new(seed, "a".into());
        stream.configure(start, config(Codec::Pcmu, BOB)).unwrap();
        push(&mut stream, start)
    };
    assert_eq!(first(7), first(7));
    assert_ne!(first(7), first(8));
}

#[test]
fn in_steady_state_nothing_is_allocated() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let start = Instant::now();
        let mut alice = Stream::new(1, "alice".into());
        alice.configure(start, config(codec, BOB)).unwrap();
        let mut bob = stream(codec, start);
        let voice = tone(codec, 0.02);
        let mut out = vec![0.0; voice.len()];
        let mut talk = |frames: std::ops::Range<u32>| {
            for frame in frames {
                let now = start + Duration::from_millis(u64::from(frame) * 20);
                alice.push(now, &voice, &mut |_, wire: &[u8]| {
                    // Some are lost, some come twice.
                    if frame % 17 != 3 {
                        bob.handle_rtp(now, rtp(ALICE), wire);
                    }
                    if frame % 13 == 5 {
                        bob.handle_rtp(now, rtp(ALICE), wire);
                    }
                });
                bob.pull(now + Duration::from_millis(7), &mut out);
                while bob.poll_event().is_some() {}
                bob.stats();
            }
        };
        talk(0..200);
        let counted = allocation_counter::measure(|| talk(200..600));
        assert_eq!(counted.count_total, 0, "{codec}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_of_packets_breaks_a_stream(
        packets in proptest::collection::vec(
            (
                prop::sample::select(vec![0_u8, 8, 9, 13, 101, 111]),
                0_u32..3, any::<u16>(), any::<u32>(), any::<bool>(),
                proptest::collection::vec(any::<u8>(), 0..300), 0_u64..100, any::<bool>(),
            ),
            1..60,
        ),
        codec in prop::sample::select(vec![Codec::Pcmu, Codec::G722, Codec::Opus]),
    ) {
        let mut now = Instant::now();
        let mut bob = stream(codec, now);
        for (payload_type, ssrc, sequence, timestamp, marker, payload, wait, near) in packets {
            // Numbers near each other reach deeper than wild ones.
            let (sequence, timestamp) =
                if near { (sequence % 50, timestamp % 8_000) } else { (sequence, timestamp) };
            let wire = packet(payload_type, ssrc, sequence, timestamp, marker, &payload);
            bob.handle_rtp(now, rtp(ALICE), &wire);
            now += Duration::from_millis(wait);
            let (_, power) = pull(&mut bob, now);
            prop_assert!(power <= 1.0, "{}", power);
            let stats = bob.stats();
            prop_assert!(stats.mos.is_finite() && stats.delay_ms.is_finite());
        }
    }

    #[test]
    fn no_damaged_datagram_breaks_a_stream(
        damage in proptest::collection::vec((0_usize..172, any::<u8>()), 0..8),
        cut in 0_usize..172, garbage in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let now = Instant::now();
        let mut bob = stream(Codec::Pcmu, now);
        let mut wire = pcmu(1, 1, 160);
        for (at, value) in damage {
            wire[at] ^= value;
        }
        bob.handle_rtp(now, rtp(ALICE), &wire[..cut]);
        bob.handle_rtp(now, rtp(ALICE), &garbage);
        bob.handle_rtcp(now, rtcp(ALICE), &wire[..cut]);
        bob.handle_rtcp(now, rtcp(ALICE), &garbage);
        let (_, power) = pull(&mut bob, now);
        prop_assert!(power.is_finite());
    }
}

#[test]
fn on_a_shared_port_reports_and_voice_are_told_apart_and_reports_follow_the_voice() {
    let start = Instant::now();
    let shared = |remote| StreamConfig {
        remote_rtcp: rtp(remote),
        rtcp_mux: true,
        ..config(Codec::Pcmu, remote)
    };
    let (mut alice, mut bob) = (Stream::new(1, "alice".into()), Stream::new(2, "bob".into()));
    alice.configure(start, shared(BOB)).unwrap();
    bob.configure(start, shared(ALICE)).unwrap();
    let outside: SocketAddr = ([198, 51, 100, 7], 61_000).into();
    for frame in 0..600_u32 {
        let now = start + ms(f64::from(frame) * 20.0);
        for (_, wire) in push(&mut alice, now) {
            bob.handle_rtp(now, outside, &wire);
        }
        for (to, wire) in push(&mut bob, now) {
            assert!(to == rtp(ALICE) || to == outside);
            alice.handle_rtp(now, rtp(BOB), &wire);
        }
        let mut reports = Vec::new();
        bob.poll_rtcp(now, &mut |to, wire: &[u8]| {
            reports.push((to, wire.to_vec()))
        });
        for (to, wire) in reports {
            assert_eq!(to, outside, "where the voice goes");
            alice.handle_rtp(now + ms(20.0), rtp(BOB), &wire);
        }
        let mut reports = Vec::new();
        alice.poll_rtcp(now, &mut |_, wire: &[u8]| reports.push(wire.to_vec()));
        for wire in reports {
            bob.handle_rtp(now + ms(20.0), outside, &wire);
        }
    }
    for stats in [alice.stats(), bob.stats()] {
        assert!((30.0..60.0).contains(&stats.rtt_ms.unwrap()), "{stats:?}");
        assert_eq!(stats.lost, 0);
    }
}
