//! Opus between two streams: copies of lost frames, packets of every length, stereo, silence, and what
//! the peer's decoder wants (RFC 6716, RFC 7587).

use crate::support;

use std::time::Instant;

use opus::{Application, Bandwidth, Bitrate, Channels};
use proptest::prelude::*;
use ringbook_media::codec::{Decoder, Encoder};
use ringbook_media::rtp::{Packet, write_packet};
use ringbook_media::signal;
use ringbook_media::stream::{Codec, FrameKind, OpusParams, Stream, StreamConfig};
use support::{ALICE, BOB, Dice, Fate, OneWay, clean, config, ms, rtp};

const RATE: u32 = 48_000;
const FRAME: usize = 960;
const TONE: f32 = 440.0;

fn tone(seconds: f32) -> Vec<f32> {
    signal::tone(RATE, TONE, 0.3, (seconds * RATE as f32) as usize)
}

/// Noise of this amplitude, root mean square, that has little above 4 kHz.
fn noise(amplitude: f32, len: usize) -> Vec<f32> {
    let mut dice = Dice::new(3);
    let mut low = 0.0;
    let mut sample = || {
        low += 0.3 * (2.0 * dice.roll() as f32 - 1.0 - low);
        low
    };
    let noise: Vec<f32> = (0..len).map(|_| sample()).collect();
    let gain = amplitude / signal::power(&noise).sqrt();
    noise.iter().map(|sample| sample * gain).collect()
}

/// A tone that comes and goes as syllables do, with some breath.
fn speech_like(seconds: f32) -> Vec<f32> {
    let len = (seconds * RATE as f32) as usize;
    let mut voice = noise(0.003, len);
    for (harmonic, amplitude) in [(1.0, 0.2), (2.0, 0.15), (5.0, 0.1), (11.0, 0.05)] {
        let tone = signal::tone(RATE, 180.0 * harmonic, amplitude, len);
        for (at, (sample, tone)) in voice.iter_mut().zip(tone).enumerate() {
            let syllable = (at as f32 * 3.0 / RATE as f32 * std::f32::consts::PI).sin();
            *sample += tone * syllable.abs();
        }
    }
    voice
}

fn losing(share: f64) -> Fate {
    let mut dice = Dice::new(11);
    Box::new(move |_, _| match dice.roll() < share {
        true => vec![],
        false => vec![20.0],
    })
}

fn opus(params: OpusParams, ptime_ms: u32, remote: ([u8; 4], u16)) -> StreamConfig {
    StreamConfig {
        opus: params,
        ptime_ms,
        ..config(Codec::Opus, remote)
    }
}

/// The packets that an encoder makes of this voice.
fn encoded(params: &OpusParams, voice: &[f32]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(Codec::Opus, params).unwrap();
    let encode = |frame: &[f32]| {
        let mut payload = [0; 1_400];
        let len = encoder.encode(frame, &mut payload).unwrap();
        payload[..len].to_vec()
    };
    voice.chunks_exact(FRAME).map(encode).collect()
}

fn bits_a_second(packets: &[Vec<u8>]) -> usize {
    let octets: usize = packets.iter().map(Vec::len).sum();
    octets * 8 * 50 / packets.len()
}

// In-band FEC: RFC 6716 §2.1.7.

#[test]
fn what_is_lost_comes_back_from_the_copies_in_the_next_packets() {
    for ptime_ms in [10, 20, 40, 60] {
        for (share, fec) in [(0.0, true), (0.05, true), (0.1, true), (0.05, false)] {
            let params = OpusParams {
                fec,
                ..OpusParams::default()
            };
            let ours = opus(params, ptime_ms, BOB);
            let mut call = OneWay::new(ours, config(Codec::Opus, ALICE), losing(share));
            call.run(&speech_like(40.0));
            let stats = call.bob.stats();
            let lost = stats.lost as f32 * ptime_ms as f32 / 20.0;
            let recovered = stats.recovered as f32;
            let case = format!("{ptime_ms} ms, {share}, FEC {fec}: {recovered} of {lost}");
            match (share, fec) {
                (0.0, _) | (_, false) => assert_eq!(stats.recovered, 0, "{case}"),
                // The first losses come before there is time for copies; a second loss in a row
                // takes the copy along; and the quietest frames have none.
                _ => assert!(recovered > 0.5 * lost, "{case}"),
            }
        }
    }
}

#[test]
fn copies_make_the_voice_whole_again() {
    let params = OpusParams::default();
    let voice = speech_like(10.0);
    let packets = encoded(&params, &voice);
    // The same losses, once with the copies and once without, beside the undisturbed decoding.
    let heard = |lost: &dyn Fn(usize) -> bool, copies: bool| {
        let mut decoder = Decoder::new(Codec::Opus).unwrap();
        let mut heard = Vec::new();
        for (index, packet) in packets.iter().enumerate() {
            let mut out = vec![0.0; decoder.max_samples()];
            if lost(index) {
                let next = packets.get(index + 1).filter(|_| copies);
                let next = next.filter(|next| decoder.can_recover(next));
                decoder.conceal(next.map(|next| &next[..]), &mut out[..FRAME]);
            } else {
                decoder.decode(packet, &mut out).unwrap();
            }
            heard.extend_from_slice(&out[..FRAME]);
        }
        heard
    };
    let whole = heard(&|_| false, false);
    let error = |heard: &[f32]| {
        let pairs = heard.iter().zip(&whole);
        let difference: Vec<f32> = pairs.map(|(heard, whole)| heard - whole).collect();
        signal::power(&difference)
    };
    let lost = |index: usize| index % 10 == 5;
    let (copied, guessed) = (error(&heard(&lost, true)), error(&heard(&lost, false)));
    assert!(copied < 0.5 * guessed, "{copied} for {guessed}");
}

// Packets of every length: RFC 7587 §6.1, RFC 6716 §2.

#[test]
fn packets_are_as_long_as_the_peer_wants_as_far_as_opus_can() {
    for (wish, length) in [
        (10, 10),
        (20, 20),
        (30, 20),
        (40, 40),
        (50, 40),
        (60, 60),
        (120, 60),
    ] {
        let start = Instant::now();
        let mut alice = Stream::new(1, "alice".into());
        alice
            .configure(start, opus(OpusParams::default(), wish, BOB))
            .unwrap();
        let mut timestamps = Vec::new();
        for (index, frame) in tone(2.0).chunks_exact(FRAME).enumerate() {
            let now = start + ms(index as f64 * 20.0);
            alice.push(now, frame, &mut |_, wire: &[u8]| {
                timestamps.push(Packet::parse(wire).unwrap().timestamp);
            });
        }
        assert_eq!(timestamps.len(), 2_000 / length as usize);
        for pair in timestamps.windows(2) {
            assert_eq!(pair[1].wrapping_sub(pair[0]), length * 48, "{wish} ms");
        }
    }
}

#[test]
fn packets_of_every_length_are_heard_whole() {
    for ptime_ms in [10, 20, 40, 60] {
        let ours = opus(OpusParams::default(), ptime_ms, BOB);
        let mut call = OneWay::new(ours, config(Codec::Opus, ALICE), clean(10.0));
        call.run(&tone(5.0));
        assert_eq!(call.count(FrameKind::Concealed), 0, "{ptime_ms} ms");
        let noise = signal::tone_to_noise(&call.heard[RATE as usize..], RATE, TONE);
        assert!(noise > 25.0, "{ptime_ms} ms: {noise} dB");
    }
}

// A peer that sends two channels: RFC 7587 §7, `sprop-stereo`.

/// Packets of a peer that sends a tone on each side, in syllables.
fn stereo(seconds: usize) -> Vec<Vec<u8>> {
    let mut encoder = opus::Encoder::new(RATE, Channels::Stereo, Application::Voip).unwrap();
    encoder.set_bitrate(Bitrate::Bits(40_000)).unwrap();
    encoder.set_force_channels(Some(Channels::Stereo)).unwrap();
    encoder.set_max_bandwidth(Bandwidth::Wideband).unwrap();
    encoder.set_inband_fec(true).unwrap();
    encoder.set_packet_loss_perc(20).unwrap();
    let len = seconds * RATE as usize;
    let sides = [440.0, 1_000.0].map(|tone| signal::tone(RATE, tone, 0.3, len));
    let syllable = |at: usize| (at as f32 * 3.0 / RATE as f32 * std::f32::consts::PI).sin();
    let both: Vec<f32> = (0..len)
        .flat_map(|at| [sides[0][at], sides[1][at]].map(|side| side * syllable(at).abs()))
        .collect();
    let encode = |frame: &[f32]| {
        let mut payload = [0; 1_400];
        let len = encoder.encode_float(frame, &mut payload).unwrap();
        assert_eq!(
            opus::packet::get_nb_channels(&payload[..len]).unwrap(),
            Channels::Stereo
        );
        payload[..len].to_vec()
    };
    both.chunks_exact(2 * FRAME).map(encode).collect()
}

#[test]
fn both_channels_of_a_peer_are_heard_and_their_copies_too() {
    for lost in [usize::MAX, 10] {
        let start = Instant::now();
        let mut bob = Stream::new(2, "bob".into());
        bob.configure(start, config(Codec::Opus, ALICE)).unwrap();
        let mut heard = Vec::new();
        for (index, payload) in stereo(12).iter().enumerate() {
            let now = start + ms(index as f64 * 20.0);
            let packet = Packet {
                marker: index == 0,
                payload_type: 111,
                sequence: index as u16,
                timestamp: (index * FRAME) as u32,
                ssrc: 7,
                payload,
            };
            let mut wire = [0; 1_472];
            let len = write_packet(&packet, &mut wire).unwrap();
            if index % lost != lost - 1 {
                bob.handle_rtp(now, rtp(ALICE), &wire[..len]);
            }
            let mut frame = vec![0.0; FRAME];
            bob.pull(now + ms(5.0), &mut frame);
            heard.extend_from_slice(&frame);
        }
        let heard = &heard[RATE as usize..];
        let blocks: Vec<_> = heard.chunks_exact(4 * FRAME).collect();
        for tone in [440.0, 1_000.0] {
            // Each is half of what is heard.
            let is_half = |block: &&&[f32]| signal::tone_to_noise(block, RATE, tone) > -6.0;
            let with_tone = blocks.iter().filter(is_half);
            let share = with_tone.count() as f32 / blocks.len() as f32;
            assert!(share > 0.85, "{tone} Hz: {share}");
        }
        let stats = bob.stats();
        match lost {
            10 => assert!(
                stats.recovered > stats.lost * 6 / 10,
                "{} of {}",
                stats.recovered,
                stats.lost
            ),
            _ => assert_eq!((stats.lost, stats.recovered, stats.concealed), (0, 0, 0)),
        }
    }
}

// Silence: RFC 7587 §3.1.3, RFC 6716 §2.1.9.

#[test]
fn a_peer_that_sends_nothing_in_silence_is_heard_as_silent_and_not_as_lost() {
    let params = OpusParams {
        dtx: true,
        ..OpusParams::default()
    };
    let mut call = OneWay::new(
        opus(params, 20, BOB),
        config(Codec::Opus, ALICE),
        clean(20.0),
    );
    let around = 0.003;
    for _ in 0..3 {
        let mut voice = speech_like(1.0);
        voice.extend(noise(around, 4 * RATE as usize));
        call.run(&voice);
    }
    let stats = call.bob.stats();
    assert!(
        stats.packets_received < 600,
        "{} packets in 15 s",
        stats.packets_received
    );
    assert_eq!((stats.lost, stats.late, stats.concealed), (0, 0, 0));
    assert_eq!(call.count(FrameKind::Concealed), 0);
    assert!(call.count(FrameKind::ComfortNoise) > 200);
    // Between the words the noise goes on at its level, in every stretch of it.
    let level = 20.0 * around.log10();
    for word in 0..3 {
        let from = (word * 5 * RATE as usize) + 2 * RATE as usize;
        for stretch in call.heard[from..from + 2 * RATE as usize].chunks_exact(5 * FRAME) {
            let heard = 10.0 * signal::power(stretch).log10();
            assert!((heard - level).abs() < 9.0, "{heard} dB for {level} dB");
        }
    }
}

#[test]
fn a_loss_while_somebody_speaks_is_still_a_loss() {
    let mut call = OneWay::codec(Codec::Opus, losing(0.1));
    call.run(&speech_like(10.0));
    let stats = call.bob.stats();
    assert!(stats.lost > 30 && stats.concealed + stats.recovered > 25);
}

// What the peer's decoder wants: RFC 7587 §6.1.

#[test]
fn nothing_is_sent_that_the_peer_cannot_play() {
    let voice: Vec<f32> = speech_like(4.0)
        .iter()
        .zip(noise(0.2, 4 * RATE as usize))
        .map(|(voice, noise)| voice + noise)
        .collect();
    let order = |band: Bandwidth| match band {
        Bandwidth::Narrowband => 0,
        Bandwidth::Mediumband => 1,
        Bandwidth::Wideband => 2,
        Bandwidth::Superwideband => 3,
        _ => 4,
    };
    let mut spent = 0;
    for (max_playback_rate, widest) in [
        (8_000, Bandwidth::Narrowband),
        (12_000, Bandwidth::Mediumband),
        (16_000, Bandwidth::Wideband),
        (24_000, Bandwidth::Superwideband),
        (48_000, Bandwidth::Fullband),
    ] {
        let params = OpusParams {
            max_playback_rate,
            ..OpusParams::default()
        };
        let packets = encoded(&params, &voice);
        let bands = packets
            .iter()
            .map(|packet| opus::packet::get_bandwidth(packet).unwrap());
        let found = bands.max_by_key(|band| order(*band)).unwrap();
        assert_eq!(order(found), order(widest), "{max_playback_rate} Hz");
        // A narrower band takes fewer bits to sound as well.
        let bits = bits_a_second(&packets);
        assert!(
            bits > spent && bits <= 66_000,
            "{max_playback_rate} Hz: {bits}"
        );
        spent = bits;
    }
}

#[test]
fn the_peers_limit_of_the_bit_rate_holds_and_constant_is_constant() {
    let voice = speech_like(6.0);
    for max_bitrate in [8_000, 16_000, 24_000] {
        let params = OpusParams {
            max_bitrate: Some(max_bitrate),
            ..OpusParams::default()
        };
        let bits = bits_a_second(&encoded(&params, &voice));
        assert!(bits as f32 <= 1.05 * max_bitrate as f32, "{bits}");
    }
    let constant = OpusParams {
        cbr: true,
        ..OpusParams::default()
    };
    let lengths = |params: &OpusParams| {
        let mut lengths: Vec<_> = encoded(params, &voice).iter().map(Vec::len).collect();
        lengths.sort_unstable();
        lengths.dedup();
        lengths.len()
    };
    assert_eq!(lengths(&constant), 1);
    assert!(lengths(&OpusParams::default()) > 5);
}

#[test]
fn copies_are_sent_where_the_peer_uses_them_and_losses_are_likely() {
    let voice = speech_like(4.0);
    let with_copies = |fec: bool, expected: Option<u8>| {
        let params = OpusParams {
            fec,
            ..OpusParams::default()
        };
        let mut encoder = Encoder::new(Codec::Opus, &params).unwrap();
        if let Some(percent) = expected {
            encoder.expect_loss(percent).unwrap();
        }
        let decoder = Decoder::new(Codec::Opus).unwrap();
        let packets = voice.chunks_exact(FRAME).filter(|frame| {
            let mut payload = [0; 1_400];
            let len = encoder.encode(frame, &mut payload).unwrap();
            decoder.can_recover(&payload[..len])
        });
        packets.count()
    };
    assert_eq!(with_copies(false, Some(10)), 0);
    assert_eq!(with_copies(true, Some(0)), 0);
    for expected in [None, Some(5), Some(10), Some(100)] {
        let copies = with_copies(true, expected);
        assert!(copies > 120, "{expected:?}: {copies} of 200");
    }
}

proptest! {
    #[test]
    fn no_payload_breaks_the_decoder_or_its_questions(
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut decoder = Decoder::new(Codec::Opus).unwrap();
        let mut out = vec![0.0; decoder.max_samples()];
        decoder.is_pause(&payload);
        let copied = decoder.recoverable(&payload);
        prop_assert!((0..=2_880).contains(&copied));
        let _ = decoder.decode(&payload, &mut out);
        decoder.conceal(Some(&payload), &mut out[..2_880]);
        prop_assert!(out.iter().all(|sample| sample.abs() <= 1.0));
    }
}
