//! Whatever a stranger sends, no parser panics, and none takes long: damaged samples of each, the
//! same in every run. The fuzz targets of `fuzz/` look for worse.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../fuzz/src/parsers.rs"]
mod parsers;

use std::panic::{AssertUnwindSafe, catch_unwind};

use parsers::{PARSERS, Parser, parser};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Damaged samples a parser.
const ROUNDS: u64 = 2_000;
/// Octets that mean something to some parser.
const TELLING: &[u8] = b"\r\n \t\",;:<>@%\\[]/?=&.*0\0\xff";

#[test]
fn damaged_messages() {
    try_parser("sip");
}

#[test]
fn damaged_uris_and_addresses() {
    try_parser("header");
}

#[test]
fn damaged_challenges_and_answers() {
    try_parser("digest");
}

#[test]
fn damaged_session_descriptions() {
    try_parser("sdp");
}

#[test]
fn damaged_dialog_documents() {
    try_parser("dialog_info");
}

#[test]
fn damaged_message_summaries() {
    try_parser("message_summary");
}

#[test]
fn damaged_sound_packets() {
    try_parser("rtp");
}

#[test]
fn damaged_stun_messages() {
    try_parser("stun");
}

#[test]
fn damaged_reports() {
    try_parser("rtcp");
}

#[test]
fn damaged_wav_recordings() {
    try_parser("wav");
}

#[test]
fn damaged_ogg_recordings() {
    try_parser("ogg");
}

#[test]
fn damaged_headsets() {
    try_parser("headset");
}

#[test]
fn damaged_client_files() {
    try_parser("csv");
}

#[test]
fn damaged_business_cards() {
    try_parser("vcard");
}

#[test]
fn damaged_contacts_of_other_softphones() {
    try_parser("contacts");
}

/// Each parser has its fuzz target and its test here.
#[test]
fn no_parser_is_left_out() {
    let here = include_str!("main.rs");
    let targets = include_str!("../../fuzz/Cargo.toml");
    for Parser { name, samples, .. } in &PARSERS {
        assert!(here.contains(&format!("try_parser(\"{name}\")")), "{name}");
        let target = format!("path = \"fuzz_targets/{name}.rs\"");
        assert!(targets.contains(&target), "{name}");
        assert!(!samples.is_empty(), "{name}");
    }
    assert_eq!(targets.matches("[[bin]]").count(), PARSERS.len());
}

fn try_parser(name: &str) {
    let parser = parser(name);
    for sample in parser.samples {
        read(parser, sample, "as it should be");
    }
    for seed in 0..ROUNDS {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let sample = seed as usize % parser.samples.len();
        let mut octets = parser.samples[sample].to_vec();
        match seed % 20 {
            0 => blow_up(&mut dice, &mut octets, parser.largest),
            _ => damage(&mut dice, &mut octets),
        }
        read(parser, &octets, &format!("of seed {seed}"));
    }
}

/// Reads one input; a panic or a long while fails the test with the input.
fn read(parser: &Parser, octets: &[u8], which: &str) {
    let read = catch_unwind(AssertUnwindSafe(|| parser.try_on(octets)));
    let input = || octets[..octets.len().min(2_000)].escape_ascii();
    assert!(read.is_ok(), "{} {which}: {}", parser.name, input());
}

/// Changes one to four places: an octet replaced, put in, taken out, a piece doubled or cut off.
fn damage(dice: &mut ChaCha8Rng, octets: &mut Vec<u8>) {
    for _ in 0..1 + dice.next_u32() % 4 {
        if octets.is_empty() {
            return;
        }
        let at = dice.next_u32() as usize % octets.len();
        let octet = match dice.next_u32() % 2 {
            0 => TELLING[dice.next_u32() as usize % TELLING.len()],
            _ => dice.next_u32() as u8,
        };
        match dice.next_u32() % 5 {
            0 => octets[at] = octet,
            1 => octets.insert(at, octet),
            2 => drop(octets.remove(at)),
            3 => {
                let end = (at + 1 + dice.next_u32() as usize % 40).min(octets.len());
                octets.splice(at..at, octets[at..end].to_vec());
            }
            _ => octets.truncate(at),
        }
    }
}

/// Repeats a piece until the whole is as large as anything that arrives: what costs more than its
/// length shows.
fn blow_up(dice: &mut ChaCha8Rng, octets: &mut Vec<u8>, largest: usize) {
    let at = dice.next_u32() as usize % octets.len();
    let end = (at + 1 + dice.next_u32() as usize % 60).min(octets.len());
    let piece = octets[at..end].to_vec();
    let behind = octets.split_off(end);
    while octets.len() + piece.len() + behind.len() <= largest {
        octets.extend_from_slice(&piece);
    }
    octets.extend(behind);
}
