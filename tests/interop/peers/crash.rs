//! The power cut: the phone is killed at random moments of a call. Nothing may be lost but the last
//! half second of the recording, and the next start must be clean.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::support::{
    Kamailio, Phone, RawPeer, Setup, Sound, Transport, Wav, alone, eventually, pause,
};

const ROUNDS: usize = 20;
const LONGEST_CALL_MS: u64 = 3000;
const LOST_S: f64 = 0.5;
const CALLER_HZ: f64 = 1000.0;

#[test]
fn kill_9_in_a_call_loses_no_row_and_at_most_half_a_second_of_the_recording() {
    let _turn = alone();
    let kamailio = Kamailio::start();
    let mut phone = Phone::start(&Setup::registered(
        "101",
        &kamailio.address(),
        Transport::Udp,
    ));
    phone.wait_registered();
    let mut peer = RawPeer::new();
    let mut known: HashSet<PathBuf> = HashSet::new();
    let mut moments = Moments::new();

    for round in 1..=ROUNDS {
        let moment = moments.next();
        let context = format!(
            "round {round}, killed after {moment:?} (seed {})",
            moments.seed
        );
        let sound = talk(&phone, &mut peer);
        let answered = Instant::now();
        pause(moment);
        phone.kill();
        let talked = answered.elapsed().as_secs_f64();
        drop(sound);

        let started = Instant::now();
        phone = phone.restart();
        phone.wait_registered();
        let registered = started.elapsed();
        assert!(
            registered <= Duration::from_secs(5),
            "{context}: registered in {registered:?}"
        );

        let kept = wait_recovered(&phone);
        let rows = phone.log();
        assert_eq!(rows.len(), round, "{context}: {rows:#?}");
        let interrupted = rows.iter().filter(|row| row["status"] == "interrupted");
        assert_eq!(interrupted.count(), round, "{context}: {rows:#?}");
        let newest = |row: &&Value| row["started_at"].to_string();
        let row = rows.iter().max_by_key(newest).unwrap();
        let told = row["talk_s"].as_f64().unwrap();
        assert!(
            (told - talked).abs() <= 1.0,
            "{context}: talked {talked} s, the row says {told}"
        );

        let files: HashSet<PathBuf> = phone.recordings().into_iter().collect();
        let new: Vec<PathBuf> = files.difference(&known).cloned().collect();
        known = files;
        if kept == Kept::Nothing {
            assert!(talked <= LOST_S, "{context}: nothing is kept of {talked} s");
            continue;
        }
        assert_eq!(new.len(), 1, "{context}: new recordings {new:?}");
        let recording = Wav::read(&new[0]);
        let kept = recording.seconds();
        assert!(
            kept >= talked - LOST_S,
            "{context}: talked {talked} s, {kept} s are kept"
        );
        // Sound starts some frames after the answer.
        let heard = recording.seconds_of_tone(1, CALLER_HZ);
        assert!(
            heard >= kept - 0.4,
            "{context}: of {kept} s kept, the caller is on {heard}"
        );
    }
}

/// What the phone found of the recording of the call it was killed in.
#[derive(PartialEq)]
enum Kept {
    Something,
    /// It was killed before the first samples were safe.
    Nothing,
}

/// Waits until the phone has put that call and its recording in order.
fn wait_recovered(phone: &Phone) -> Kept {
    let told = phone.wait_any(|event| match event["event"].as_str() {
        Some("recording") => event["state"] == "repaired",
        Some("notice") => event["kind"] == "recording",
        _ => false,
    });
    if told["event"] == "notice" {
        return Kept::Nothing;
    }
    eventually("the repaired recording in the log", || {
        let rows = phone.log();
        let row = rows.iter().find(|row| row["call"] == told["call"])?;
        row["recording"].is_string().then_some(())
    });
    Kept::Something
}

/// The peer calls, the phone answers by itself, and both sides hear each other.
fn talk(phone: &Phone, peer: &mut RawPeer) -> Sound {
    let sound = Sound::new();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, phone.port()));
    let mut call = peer.call("200", target);
    let from = phone.events();
    peer.send(&call.invite(sound.port()), target);
    let answer = peer.expect("SIP/2.0 200");
    sound.send(answer.sound_address(), CALLER_HZ, "");
    peer.send(&call.ack(&answer), target);
    phone.wait_from(from, "call", |event| event["state"] == "established");
    sound
}

/// Random moments that a failure can be replayed with.
struct Moments {
    seed: u64,
    state: u64,
}

impl Moments {
    fn new() -> Moments {
        let seed = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos() as u64;
        Moments { seed, state: seed }
    }

    fn next(&mut self) -> Duration {
        // Knuth's MMIX generator; its high bits are good enough for a moment.
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.state >> 33) % LONGEST_CALL_MS)
    }
}
