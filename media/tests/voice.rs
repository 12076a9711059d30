//! A tone from microphone to ear over networks good and bad, for each codec.

use crate::support;

use ringbook_media::signal;
use ringbook_media::stream::{Codec, FrameKind};
use support::{Dice, Fate, OneWay, clean};

const CODECS: [Codec; 4] = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];
const TONE: f32 = 440.0;

fn tone(codec: Codec, seconds: f32) -> Vec<f32> {
    let rate = codec.sample_rate();
    signal::tone(rate, TONE, 0.3, (seconds * rate as f32) as usize)
}

/// The share of Bob's 20 ms blocks from `from` seconds on that hold the tone.
fn continuity(call: &OneWay, codec: Codec, from: f32) -> f32 {
    let rate = codec.sample_rate();
    let heard = &call.heard[(from * rate as f32) as usize..];
    let blocks: Vec<_> = heard.chunks_exact(rate as usize / 50).collect();
    let with_tone = blocks
        .iter()
        .filter(|block| signal::has_tone(block, rate, TONE))
        .count();
    with_tone as f32 / blocks.len() as f32
}

fn talk(codec: Codec, seconds: f32, fate: Fate) -> OneWay {
    let mut call = OneWay::codec(codec, fate);
    call.run(&tone(codec, seconds));
    call
}

#[test]
fn on_a_clean_network_every_frame_is_voice_and_the_buffer_adds_at_most_20_ms() {
    for codec in CODECS {
        for phase in [0.0, 3.0, 11.0, 19.9] {
            let mut call = OneWay::codec(codec, clean(10.0));
            call.phase = phase;
            call.run(&tone(codec, 5.0));
            let rate = codec.sample_rate();
            assert_eq!(call.count(FrameKind::Concealed), 0, "{codec}");
            assert!(call.count(FrameKind::Silence) <= 2, "{codec}");
            let noise = signal::tone_to_noise(&call.heard[rate as usize..], rate, TONE);
            assert!(noise > 25.0, "{codec}: {noise} dB");
            assert!(
                call.median_delay(50) <= 20.0,
                "{codec}: {} ms",
                call.median_delay(50)
            );
            let stats = call.bob.stats();
            assert_eq!(
                (stats.lost, stats.late, stats.concealed),
                (0, 0, 0),
                "{codec}"
            );
            assert!(stats.mos > 4.0, "{codec}: {}", stats.mos);
        }
    }
}

#[test]
fn five_percent_of_random_loss_leaves_no_hole() {
    for codec in CODECS {
        let mut dice = Dice::new(5);
        let fate = Box::new(move |_, _| {
            if dice.roll() < 0.05 {
                vec![]
            } else {
                vec![20.0]
            }
        });
        let call = talk(codec, 20.0, fate);
        let stats = call.bob.stats();
        assert!((30..=70).contains(&stats.lost), "{codec}: {}", stats.lost);
        assert!(
            continuity(&call, codec, 0.5) > 0.93,
            "{codec}: {}",
            continuity(&call, codec, 0.5)
        );
        assert_eq!(stats.late, 0, "{codec}");
        // Opus waits for the packet after a loss, which carries a copy of the lost one.
        let expected = if codec == Codec::Opus {
            20.0..45.0
        } else {
            0.0..20.0
        };
        let delay = call.median_delay(50);
        assert!(expected.contains(&delay), "{codec}: {delay} ms");
        assert!(stats.mos < 4.2, "{codec}");
    }
}

#[test]
fn opus_gives_the_time_for_fec_back_when_the_losses_are_over() {
    let mut dice = Dice::new(5);
    let fate = Box::new(move |_, at: f64| {
        let lost = at < 10_000.0 && dice.roll() < 0.08;
        if lost { vec![] } else { vec![20.0] }
    });
    let mut call = OneWay::codec(Codec::Opus, fate);
    for second in 0..60 {
        let word = tone(Codec::Opus, 0.7);
        call.run(&word);
        call.run(&vec![0.0; Codec::Opus.sample_rate() as usize * 3 / 10]);
        if second == 9 {
            assert!(call.delays[call.delays.len() - 1] > 20.0);
        }
    }
    let delay = call.median_delay(2_500);
    assert!(delay <= 15.0, "{delay} ms");
}

#[test]
fn jitter_of_80_ms_is_learned_and_then_nothing_is_late() {
    for codec in CODECS {
        let mut dice = Dice::new(8);
        let fate = Box::new(move |_, _| vec![20.0 + 80.0 * dice.roll()]);
        let call = talk(codec, 40.0, fate);
        let stats = call.bob.stats();
        let settled = call.kinds.len() / 4;
        let concealed = call.kinds[settled..]
            .iter()
            .filter(|kind| **kind == FrameKind::Concealed)
            .count();
        assert!(concealed <= 15, "{codec}: {concealed} frames of 1500");
        assert!(
            continuity(&call, codec, 5.0) > 0.985,
            "{codec}: {}",
            continuity(&call, codec, 5.0)
        );
        let delay = call.median_delay(settled);
        assert!((60.0..=110.0).contains(&delay), "{codec}: {delay} ms");
        assert!(stats.jitter_ms > 15.0, "{codec}: {}", stats.jitter_ms);
    }
}

#[test]
fn after_a_stall_all_is_heard_and_the_delay_comes_down_again() {
    for codec in CODECS {
        // From 5 s on nothing arrives for 200 ms, then all at once.
        let fate = Box::new(|_, at: f64| {
            let stalled = (5_000.0..5_200.0).contains(&at);
            vec![if stalled { 5_200.0 - at + 10.0 } else { 10.0 }]
        });
        let call = talk(codec, 40.0, fate);
        let stats = call.bob.stats();
        assert_eq!((stats.lost, stats.late), (0, 0), "{codec}");
        assert!(call.delays[265] > 100.0, "{codec}: {}", call.delays[265]);
        let end = call.median_delay(call.delays.len() - 250);
        assert!(end <= 60.0, "{codec}: {end} ms");
        assert!(
            continuity(&call, codec, 6.0) > 0.985,
            "{codec}: {}",
            continuity(&call, codec, 6.0)
        );
    }
}

#[test]
fn bursts_reordering_and_duplicates_are_put_right() {
    for codec in CODECS {
        let mut dice = Dice::new(9);
        let mut lossy = false;
        let fate = Box::new(move |_, _| {
            // Gilbert: bursts of three packets or so, 5 % in all.
            lossy = if lossy {
                dice.roll() < 0.66
            } else {
                dice.roll() < 0.018
            };
            if lossy {
                return vec![];
            }
            match dice.roll() {
                roll if roll < 0.1 => vec![45.0],
                roll if roll < 0.2 => vec![20.0, 25.0],
                _ => vec![20.0],
            }
        });
        let call = talk(codec, 30.0, fate);
        let stats = call.bob.stats();
        assert!(
            stats.lost > 30 && stats.duplicates > 80,
            "{codec}: {stats:?}"
        );
        assert!(stats.late < 30, "{codec}: {stats:?}");
        assert!(
            continuity(&call, codec, 1.0) > 0.93,
            "{codec}: {}",
            continuity(&call, codec, 1.0)
        );
    }
}

#[test]
fn clocks_200_ppm_apart_make_no_gap() {
    // A frame slips in 100 s.
    for drift in [200.0, -200.0] {
        for (codec, seconds) in [
            (Codec::Pcmu, 300.0),
            (Codec::G722, 110.0),
            (Codec::Opus, 110.0),
        ] {
            let mut call = OneWay::codec(codec, clean(10.0));
            call.drift_ppm = drift;
            call.run(&tone(codec, seconds));
            let stats = call.bob.stats();
            assert!(
                stats.concealed <= 2,
                "{codec} at {drift}: {}",
                stats.concealed
            );
            assert_eq!(stats.late, 0, "{codec} at {drift}");
            let continuity = continuity(&call, codec, 0.5);
            assert!(continuity > 0.999, "{codec} at {drift}: {continuity}");
            let delay = call.median_delay(call.delays.len() / 2);
            assert!(delay <= 60.0, "{codec}: {delay} ms");
        }
    }
}

#[test]
fn every_packet_time_from_10_to_60_ms_is_sent_and_heard() {
    for codec in CODECS {
        for ptime_ms in [10, 20, 30, 40, 60] {
            let mut alice = support::config(codec, support::BOB);
            alice.ptime_ms = ptime_ms;
            let bob = support::config(codec, support::ALICE);
            let mut call = OneWay::new(alice, bob, clean(10.0));
            call.run(&tone(codec, 5.0));
            let continuity = continuity(&call, codec, 1.0);
            assert!(continuity > 0.99, "{codec} {ptime_ms} ms: {continuity}");
            let real = if codec == Codec::Opus && ptime_ms == 30 {
                20
            } else {
                ptime_ms
            };
            let packets = call.alice.stats().packets_sent;
            assert!(
                packets.abs_diff(u64::from(5_000 / real)) <= 1,
                "{codec} {ptime_ms}: {packets}"
            );
        }
    }
}
