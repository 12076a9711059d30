//! How each side hears the other, told by extended reports (RFC 3611), and what the whole call is worth.

use crate::support;

use ringbook_media::signal;
use ringbook_media::stream::{Codec, ExtendedReports, StreamConfig, StreamStats};
use support::{ALICE, BOB, Dice, Fate, OneWay, config, ms, rtcp};

const ASKED: ExtendedReports = ExtendedReports {
    voip_metrics: true,
    receiver_rtt: true,
};

fn asked(remote: ([u8; 4], u16), extended_reports: ExtendedReports) -> StreamConfig {
    StreamConfig {
        extended_reports,
        ..config(Codec::Pcma, remote)
    }
}

/// A call of so many seconds from Alice to Bob, who reports to her.
fn call(bob: StreamConfig, seconds: usize, fate: Fate) -> (OneWay, Vec<Vec<u8>>) {
    let mut call = OneWay::new(asked(BOB, ExtendedReports::default()), bob, fate);
    let voice = signal::tone(8_000, 300.0, 0.3, 160);
    let mut reports = Vec::new();
    for frame in 0..seconds * 50 {
        call.run(&voice);
        let now = call.at(frame as f64 * 20.0);
        let (alice, later) = (&mut call.alice, now + ms(20.0));
        let mut arrive = |wire: &[u8]| {
            alice.handle_rtcp(later, rtcp(BOB), wire);
            reports.push(wire.to_vec());
        };
        call.bob.poll_rtcp(now, &mut |_, wire: &[u8]| arrive(wire));
        let mut ours = Vec::new();
        call.alice
            .poll_rtcp(now, &mut |_, wire: &[u8]| ours.push(wire.to_vec()));
        for wire in ours {
            call.bob.handle_rtcp(later, rtcp(ALICE), &wire);
        }
    }
    (call, reports)
}

fn losing(share: f64) -> Fate {
    let mut dice = Dice::new(4);
    Box::new(move |_, _| match dice.roll() < share {
        true => vec![],
        false => vec![20.0],
    })
}

/// Losses of so many packets in a row, as many in all as `losing`.
fn losing_runs(share: f64, run: usize) -> Fate {
    let every = (run as f64 / share) as usize;
    Box::new(
        move |number, _| match number % every < run && number > every {
            true => vec![],
            false => vec![20.0],
        },
    )
}

/// The VoIP metrics block in a compound packet: its 36 octets (RFC 3611 §4.7).
fn metrics(report: &[u8]) -> Option<&[u8]> {
    let mut rest = report;
    while let [_, kind, high, low, ..] = rest {
        let len = 4 + 4 * usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == 207 {
            let mut blocks = &rest[8..len];
            while let [block, _, high, low, ..] = blocks {
                let len = 4 + 4 * usize::from(u16::from_be_bytes([*high, *low]));
                if *block == 7 {
                    return Some(&blocks[..len]);
                }
                blocks = &blocks[len..];
            }
        }
        rest = &rest[len..];
    }
    None
}

#[test]
fn the_peer_learns_how_its_voice_is_heard_when_it_asks() {
    let (call, reports) = call(asked(ALICE, ASKED), 60, losing(0.05));
    let (alice, bob) = (call.alice.stats(), call.bob.stats());
    let said = alice.remote_opinion.unwrap();
    let near = |said: Option<f32>, truth: f32| (said.unwrap() - truth).abs() < 0.2;
    assert!(near(said.listening, bob.mos_listening), "{said:?} {bob:?}");
    assert!(near(said.conversational, bob.mos), "{said:?} {bob:?}");

    let block = metrics(&reports[reports.len() - 1]).unwrap();
    assert_eq!(block.len(), 36);
    let percent = f32::from(block[8]) / 2.56;
    assert!((percent - 5.0).abs() < 2.0, "loss rate {percent} %");
    assert_eq!(block[9], 0, "nothing was discarded");
    assert!(block[10] > block[11], "bursts are denser than gaps");
    let short = |at: usize| u16::from_be_bytes([block[at], block[at + 1]]);
    assert!(short(12) > 20 && short(14) > 200, "durations in ms");
    assert!((20..80).contains(&short(18)), "end system delay");
    // A sine of 0.3: -10.5 dB of its full scale, and 6.15 dB up to dBm0, where -13.5 + 6.15 is.
    assert!(
        (-9..=-6).contains(&(block[20] as i8)),
        "{}",
        block[20] as i8
    );
    assert_eq!(block[23], 16, "Gmin");
    assert!((50..95).contains(&block[24]), "R factor {}", block[24]);
    assert_eq!(block[28] & 0xf0, 0b1011_0000, "conceals, adapts");
}

#[test]
fn who_does_not_ask_is_told_nothing() {
    let (call, reports) = call(asked(ALICE, ExtendedReports::default()), 20, losing(0.05));
    assert!(reports.len() > 2);
    assert!(reports.iter().all(|report| metrics(report).is_none()));
    assert_eq!(call.alice.stats().remote_opinion, None);
}

#[test]
fn who_only_listens_learns_the_round_trip_from_those_who_answer() {
    let silent = StreamConfig {
        send: false,
        ..asked(ALICE, ASKED)
    };
    let (call, _) = call(silent, 30, losing(0.0));
    let round_trip = call.bob.stats().rtt_ms.unwrap();
    assert!((35.0..=45.0).contains(&round_trip), "{round_trip}");
}

fn stats(seconds: usize, fate: Fate) -> StreamStats {
    call(asked(ALICE, ASKED), seconds, fate).0.bob.stats()
}

#[test]
fn the_same_losses_in_runs_make_a_worse_call() {
    let (spread, runs) = (
        stats(60, losing_runs(0.04, 1)),
        stats(60, losing_runs(0.04, 4)),
    );
    assert!((spread.lost as i64 - runs.lost as i64).abs() <= 8);
    assert!(spread.burst_ratio < 1.1, "{}", spread.burst_ratio);
    assert!(
        (3.5..4.1).contains(&runs.burst_ratio),
        "{}",
        runs.burst_ratio
    );
    assert!(
        runs.mos < spread.mos - 0.02,
        "{} and {}",
        runs.mos,
        spread.mos
    );
}

#[test]
fn the_score_is_the_whole_calls_and_not_its_end() {
    let mut dice = Dice::new(6);
    let bad_first = Box::new(move |_, at: f64| match at < 30_000.0 && dice.roll() < 0.2 {
        true => vec![],
        false => vec![20.0],
    });
    let bad_first = stats(60, bad_first);
    let (clean, all_bad) = (stats(60, losing(0.0)), stats(60, losing(0.2)));
    assert!(all_bad.mos < bad_first.mos && bad_first.mos < clean.mos);
    assert!((clean.mos - 4.4).abs() < 0.1, "{}", clean.mos);
    assert!(clean.mos <= clean.mos_listening);
}
