//! An hour's recording beside the wall clock.

use std::{f64::consts::TAU, time::Duration};

use super::world::{Network, World};
use crate::{codec::Codec, signal::power};

/// Seconds after each minute at which both say something that is found again.
const CHIRP_AT: f64 = 30.0;
const CHIRP: f64 = 0.1;
/// How far from its true place a voice may be, in seconds.
const NEAR: f64 = 0.020;

/// A chirp each minute, words of a second with pauses of another between, and a quiet room.
fn voice(at: f64, pitch: f64) -> f32 {
    let in_minute = at % 60.0;
    if (CHIRP_AT..CHIRP_AT + CHIRP).contains(&in_minute) {
        return chirp(in_minute - CHIRP_AT);
    }
    let room = triangle(at * 3_919.0) * 0.001;
    let quiet = (CHIRP_AT - 0.5..CHIRP_AT + 0.5).contains(&in_minute);
    match !quiet && at % 2.0 < 1.0 {
        true => room + 0.2 * triangle(pitch * at) * triangle(4.0 * at).abs(),
        false => room,
    }
}

/// A wave between -1 and 1 that is cheaper than a sine: an hour has many samples.
fn triangle(turns: f64) -> f32 {
    (4.0 * (turns.fract() - 0.5).abs() - 1.0) as f32
}

/// From 500 to 2500 Hz.
fn chirp(at: f64) -> f32 {
    let phase = TAU * (500.0 * at + 1_000.0 * at * at / CHIRP);
    0.5 * phase.sin() as f32
}

fn agent(at: f64) -> f32 {
    voice(at, 210.0)
}

fn client(at: f64) -> f32 {
    voice(at, 130.0)
}

/// The second at which the chirp is that is meant to be at `near`, by cross-correlation within a quarter of a second.
fn find_chirp(channel: &[f32], rate: u32, near: f64) -> f64 {
    let rate = f64::from(rate);
    let template: Vec<f32> = (0..(CHIRP * rate) as usize)
        .map(|sample| chirp(sample as f64 / rate))
        .collect();
    let from = ((near - 0.25) * rate) as usize;
    let likeness = |lag: &usize| -> f32 {
        let heard = &channel[from + lag..];
        heard.iter().zip(&template).map(|(a, b)| a * b).sum()
    };
    let best = (0..(0.5 * rate) as usize).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    (from + best.unwrap()) as f64 / rate
}

#[test]
fn s5_29_in_an_hour_of_loss_jitter_drift_and_stalls_both_voices_stay_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let network = Network {
        delay: Duration::from_millis(40),
        jitter: Duration::from_millis(30),
        loss: 0.05,
    };
    let path = folder.path().join("hour.wav");
    let mut world = World::new(&path, Codec::Pcmu, [agent, client], [-50.0, 50.0], network);
    let mut ways = Vec::new();
    for minute in 0..60_u32 {
        let begin = f64::from(minute) * 60.0;
        if minute % 9 == 4 {
            world.run_until(begin + 5.0);
            world.pause(true);
            world.run_until(begin + 10.0);
            world.pause(false);
        }
        // From one tick missed to a second and a half.
        world.run_until(begin + 20.0);
        world.stall = Duration::from_millis(u64::from(minute * 67 % 1_500));
        world.run_until(begin + CHIRP_AT + 0.05);
        ways.push(world.way_ms() / 1_000.0);
        world.run_until(begin + 40.0);
        match minute % 7 {
            3 => world.hold(true),
            5 => world.line.mute(true),
            _ => {}
        }
        world.run_until(begin + 50.0);
        world.hold(false);
        world.line.mute(false);
        world.run_until(begin + 60.0);
    }
    let wall = world.seconds();
    let (finished, [left, right]) = world.finish();
    assert!(
        (finished.duration().as_secs_f64() - wall).abs() < NEAR,
        "{finished:?}"
    );
    let rate = finished.rate;
    for (minute, way) in ways.iter().enumerate() {
        let said = minute as f64 * 60.0 + CHIRP_AT;
        assert!(*way < 0.21, "minute {minute}: {way} s from mouth to ear");
        for (name, channel, truth) in [("agent", &left, said), ("client", &right, said + way)] {
            let off = find_chirp(channel, rate, truth) - truth;
            assert!(
                off.abs() <= NEAR,
                "minute {minute}: the {name} is off by {off} s"
            );
        }
    }
    let between = |channel: &[f32], from: f64, to: f64| {
        power(&channel[(from * f64::from(rate)) as usize..(to * f64::from(rate)) as usize])
    };
    let paused: Vec<f64> = (0..60)
        .filter(|minute| minute % 9 == 4)
        .map(|minute| f64::from(minute) * 60.0)
        .collect();
    assert_eq!(finished.pauses.len(), paused.len());
    for (begin, (from, to)) in paused.into_iter().zip(&finished.pauses) {
        let [from, to] = [from, to].map(|at| *at as f64 / f64::from(rate));
        assert!(
            (from - begin - 5.0).abs() < NEAR + 1e-3 && (to - begin - 10.0).abs() < NEAR + 1e-3
        );
        assert_eq!(
            [between(&left, from, to), between(&right, from, to)],
            [0.0; 2]
        );
    }
    for minute in 0..60_u32 {
        let from = f64::from(minute) * 60.0 + 40.1;
        let [agent, client] =
            [&left, &right].map(|channel| between(channel, from, from + 9.8) > 1e-6);
        assert_eq!(agent, !matches!(minute % 7, 3 | 5), "minute {minute}");
        assert_eq!(client, minute % 7 != 3, "minute {minute}");
    }
}
