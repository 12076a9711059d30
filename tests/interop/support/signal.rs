//! Known tones: made here, found again in what the other side heard.

use std::f64::consts::TAU;

/// A tone is looked for in pieces of this length.
const WINDOW_S: f64 = 0.05;
/// What a pure tone keeps of its energy after the coarsest codec.
const PURE: f64 = 0.8;
/// What each of several tones has of their energy, at least.
const PART: f64 = 0.1;
/// Below this a piece counts as silence (of a full scale of 1).
const AUDIBLE: f64 = 0.01;

/// `seconds` of a sine at half of full scale.
pub fn tone(hz: f64, rate: u32, seconds: f64) -> Vec<f32> {
    let samples = (seconds * f64::from(rate)) as usize;
    let step = TAU * hz / f64::from(rate);
    (0..samples)
        .map(|n| (0.5 * (step * n as f64).sin()) as f32)
        .collect()
}

/// For how many seconds, in sum, `samples` carry a tone of `hz` and little else.
pub fn seconds_of_tone(samples: &[f32], rate: u32, hz: f64) -> f64 {
    seconds_of_tones(samples, rate, &[hz])
}

/// The same for several tones at once.
pub fn seconds_of_tones(samples: &[f32], rate: u32, tones: &[f64]) -> f64 {
    let window = (f64::from(rate) * WINDOW_S) as usize;
    let pieces = samples.chunks_exact(window);
    pieces.filter(|piece| are_tones(piece, rate, tones)).count() as f64 * WINDOW_S
}

/// How long, at most, the tone of `hz` stays away once it has begun, in seconds; infinite where it never comes.
pub fn longest_gap(samples: &[f32], rate: u32, hz: f64) -> f64 {
    let window = (f64::from(rate) * WINDOW_S) as usize;
    let heard: Vec<bool> = samples
        .chunks_exact(window)
        .map(|piece| are_tones(piece, rate, &[hz]))
        .collect();
    let Some(first) = heard.iter().position(|heard| *heard) else {
        return f64::INFINITY;
    };
    let gaps = heard[first..].split(|heard| *heard).map(<[bool]>::len);
    gaps.max().unwrap_or(0) as f64 * WINDOW_S
}

fn are_tones(piece: &[f32], rate: u32, tones: &[f64]) -> bool {
    let energy: f64 = piece.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    let loud = (energy / piece.len() as f64).sqrt() > AUDIBLE;
    let shares: Vec<f64> = tones
        .iter()
        .map(|&hz| goertzel(piece, rate, hz) / energy)
        .collect();
    loud && shares.iter().all(|share| *share > PART) && shares.iter().sum::<f64>() > PURE
}

/// The energy of `piece` at `hz`, on the scale of the sum of its squared samples.
fn goertzel(piece: &[f32], rate: u32, hz: f64) -> f64 {
    let coefficient = 2.0 * (TAU * hz / f64::from(rate)).cos();
    let (mut s1, mut s2) = (0.0, 0.0);
    for &sample in piece {
        let s0 = f64::from(sample) + coefficient * s1 - s2;
        (s2, s1) = (s1, s0);
    }
    let power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
    2.0 * power / piece.len() as f64
}

#[test]
fn a_tone_is_found_and_other_sounds_are_not_taken_for_it() {
    let silence = vec![0.0; 8000];
    let right = tone(440.0, 8000, 1.0);
    let mixed: Vec<f32> = right
        .iter()
        .zip(tone(1000.0, 8000, 1.0))
        .map(|(a, b)| (a + b) / 2.0)
        .collect();
    assert!((seconds_of_tone(&right, 8000, 440.0) - 1.0).abs() < 0.01);
    assert_eq!(seconds_of_tone(&right, 8000, 1000.0), 0.0);
    assert_eq!(seconds_of_tone(&mixed, 8000, 440.0), 0.0);
    assert!((seconds_of_tones(&mixed, 8000, &[440.0, 1000.0]) - 1.0).abs() < 0.01);
    assert_eq!(seconds_of_tones(&mixed, 8000, &[440.0, 1600.0]), 0.0);
    assert_eq!(seconds_of_tones(&right, 8000, &[440.0, 1000.0]), 0.0);
    assert_eq!(seconds_of_tone(&silence, 8000, 440.0), 0.0);
    let broken = [&right[..], &silence[..4000], &right[..]].concat();
    assert!((longest_gap(&broken, 8000, 440.0) - 0.5).abs() < 0.1);
    assert!(longest_gap(&silence, 8000, 440.0).is_infinite());
}
