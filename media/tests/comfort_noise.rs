//! Pauses with G.711: what is sent of them and what is heard (RFC 3389).

use crate::support;

use std::time::Instant;

use ringbook_media::rtp::{Packet, write_packet};
use ringbook_media::signal;
use ringbook_media::stream::{Codec, FrameKind, Stream, StreamConfig};
use support::{ALICE, BOB, Dice, OneWay, clean, config, ms, rtp};

const RATE: usize = 8_000;

/// Noise of this level, dB of full scale, that is louder at low frequencies.
fn noise(level_db: f32, seconds: usize) -> Vec<f32> {
    let mut dice = Dice::new(9);
    let mut low = 0.0;
    let mut sample = || {
        low += 0.5 * (2.0 * dice.roll() as f32 - 1.0 - low);
        low
    };
    let noise: Vec<f32> = (0..seconds * RATE).map(|_| sample()).collect();
    let gain = 10.0_f32.powf(level_db / 20.0) / signal::power(&noise).sqrt();
    noise.iter().map(|sample| sample * gain).collect()
}

/// Noise, a word of a second in it, and noise again.
fn spoken(level_db: f32) -> Vec<f32> {
    let mut voice = noise(level_db, 10);
    let word = signal::tone(RATE as u32, 300.0, 0.2, RATE);
    for (sample, word) in voice[3 * RATE..].iter_mut().zip(word) {
        *sample += word;
    }
    voice
}

fn suppressing(codec: Codec, comfort_noise: Option<u8>) -> StreamConfig {
    StreamConfig {
        comfort_noise_send_pt: comfort_noise,
        comfort_noise_receive_pt: comfort_noise,
        silence_suppression: true,
        ..config(codec, BOB)
    }
}

/// A packet: its moment in ms, marker, payload type, timestamp and the payload's length.
type Sent = (usize, bool, u8, u32, usize);

/// What leaves for this microphone.
fn sent(config: StreamConfig, voice: &[f32]) -> Vec<Sent> {
    let start = Instant::now();
    let mut alice = Stream::new(1, "alice".into());
    alice.configure(start, config).unwrap();
    let frame_len = alice.frame_len();
    let mut sent = Vec::new();
    for (index, frame) in voice.chunks_exact(frame_len).enumerate() {
        alice.push(
            start + ms(index as f64 * 20.0),
            frame,
            &mut |_, wire: &[u8]| {
                let packet = Packet::parse(wire).unwrap();
                let Packet {
                    marker,
                    payload_type,
                    timestamp,
                    payload,
                    ..
                } = packet;
                sent.push((index * 20, marker, payload_type, timestamp, payload.len()));
            },
        );
    }
    sent
}

#[test]
fn pauses_are_described_and_words_are_sent_from_their_first_moment() {
    let packets = sent(suppressing(Codec::Pcma, Some(13)), &spoken(-50.0));
    let is_noise = |packet: &&Sent| packet.2 == 13;
    let (noise, voice): (Vec<&Sent>, Vec<&Sent>) = packets.iter().partition(is_noise);
    // Nine seconds of pause, described about once a second; the level and its ten coefficients.
    assert!((8..=20).contains(&noise.len()), "{}", noise.len());
    assert!(noise.iter().all(|packet| packet.4 <= 11 && !packet.1));
    let word: Vec<_> = voice.iter().filter(|packet| packet.0 >= 1_000).collect();
    assert_eq!(word[0].0, 3_000, "the word's first packet");
    assert!(
        word[0].1,
        "the marker says that a talkspurt begins (RFC 3551 §4.1)"
    );
    assert!(word[1..].iter().all(|packet| !packet.1));
    let last = word[word.len() - 1].0;
    assert!((4_100..4_500).contains(&last), "its last at {last} ms");
    // The clock goes on through the pauses.
    let first = packets[0];
    for packet in &packets {
        let units = (packet.0 - first.0) * 8;
        assert_eq!(packet.3.wrapping_sub(first.3), units as u32);
    }
}

#[test]
fn whoever_takes_no_noise_or_did_not_ask_for_silence_gets_every_packet() {
    for config in [
        suppressing(Codec::Pcma, None),
        suppressing(Codec::G722, Some(13)),
        StreamConfig {
            silence_suppression: false,
            ..suppressing(Codec::Pcma, Some(13))
        },
    ] {
        let packets = sent(config, &noise(-50.0, 5)[..4 * RATE]);
        let expected = if packets[0].2 == 9 { 100 } else { 200 };
        assert_eq!(packets.len(), expected);
        assert!(packets.iter().all(|packet| packet.2 != 13));
    }
}

#[test]
fn the_pause_is_heard_as_it_is_without_steps_and_counts_as_no_loss() {
    for level in [-60.0, -50.0, -40.0] {
        let mut call = OneWay::new(
            suppressing(Codec::Pcma, Some(13)),
            config(Codec::Pcma, ALICE),
            clean(20.0),
        );
        call.run(&spoken(level));
        let stats = call.bob.stats();
        assert!(stats.packets_received < 150, "{}", stats.packets_received);
        assert_eq!((stats.lost, stats.late, stats.concealed), (0, 0, 0));
        assert_eq!(call.count(FrameKind::Concealed), 0);
        assert!(call.count(FrameKind::ComfortNoise) > 350);
        let pause = &call.heard[5 * RATE..9 * RATE];
        let heard = 10.0 * signal::power(pause).log10();
        assert!((heard - level).abs() < 1.5, "{heard} dB for {level} dB");
        let neighbours = pause.windows(2).map(|pair| pair[0] * pair[1]).sum::<f32>();
        let correlation = neighbours / pause.len() as f32 / signal::power(pause);
        assert!((correlation - 0.5).abs() < 0.1, "spectrum: {correlation}");
        // No step is larger than those of the word itself.
        let steps = |from: usize, to: usize| {
            let pairs = call.heard[from..to].windows(2);
            pairs
                .map(|pair| (pair[1] - pair[0]).abs())
                .fold(0.0, f32::max)
        };
        let word = steps(7 * RATE / 2, 15 * RATE / 4);
        assert!(steps(RATE, 10 * RATE - 800) <= 1.2 * word, "{level}");
    }
}

#[test]
fn a_call_may_begin_with_a_pause_and_noise_may_have_another_number() {
    for payload_type in [13, 97] {
        let start = Instant::now();
        let mut bob = Stream::new(2, "bob".into());
        let theirs = StreamConfig {
            comfort_noise_send_pt: Some(97),
            comfort_noise_receive_pt: Some(97),
            ..config(Codec::Pcmu, ALICE)
        };
        bob.configure(start, theirs).unwrap();
        let packet = Packet {
            marker: false,
            payload_type,
            sequence: 5,
            timestamp: 1_000,
            ssrc: 7,
            payload: &[45, 60, 140],
        };
        let mut wire = [0; 100];
        let len = write_packet(&packet, &mut wire).unwrap();
        bob.handle_rtp(start, rtp(ALICE), &wire[..len]);
        let mut heard = Vec::new();
        for frame in 0..50 {
            let mut out = [0.0; 160];
            let kind = bob.pull(start + ms(5.0 + f64::from(frame) * 20.0), &mut out);
            assert_eq!(kind, FrameKind::ComfortNoise, "frame {frame}");
            heard.extend(out);
        }
        let level = 10.0 * signal::power(&heard).log10();
        assert!((level + 45.0).abs() < 1.5, "{level}");
    }
}
