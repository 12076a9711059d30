//! How long sound stays inside an agent whose loudspeaker feeds its microphone: from a packet with
//! the beginning of a click to the packet in which it comes back, on a clean network.

use std::net::{Ipv4Addr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use super::agent::{Agent, Part, Sound};
use super::statistics::p50_p99;
use super::support::RawPeer;
use super::table::{Row, Table};

const FRAME: Duration = Duration::from_millis(20);
const SAMPLES: usize = 160;
/// µ-law: silence, and nearly full scale.
const SILENT: u8 = 0xff;
const LOUD: u8 = 0x80;
/// What a click keeps at least after a codec and a concealment; |code - sign| counts downwards.
const AUDIBLE: u8 = 0x30;
/// A click in every so many frames.
const EVERY: u32 = 50;
const CLICKS: u32 = 30;
/// The first clicks meet a jitter buffer that still settles.
const SETTLING: usize = 8;

pub fn measure(agent: &Agent, table: &mut Table) {
    let running = agent.start(&Part {
        sound: Sound::Loop,
        ..Part::default()
    });
    let mut peer = RawPeer::new();
    let sound = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut call = peer.call("200", running.address);
    peer.send(
        &call.invite(sound.local_addr().unwrap().port()),
        running.address,
    );
    let answer = peer.expect("SIP/2.0 200");
    peer.send(&call.ack(&answer), running.address);
    sound.connect(answer.sound_address()).unwrap();

    let listener = sound.try_clone().unwrap();
    let heard = thread::spawn(move || listen(&listener));
    let sent = send_clicks(&sound);
    let heard = heard.join().unwrap();
    peer.send(&call.bye(), running.address);

    let first_after = |at: &Instant| {
        heard
            .iter()
            .find(|heard| *heard > at)
            .map(|heard| *heard - *at)
    };
    let mut delays: Vec<Duration> = sent.iter().skip(SETTLING).filter_map(first_after).collect();
    let lost = sent.len() - SETTLING - delays.len();
    let lost = if lost > 0 {
        format!(", {lost} lost")
    } else {
        String::new()
    };
    table.note(
        agent.name,
        &Row::new("packet in → out, looped, ms (p50 / p99)", "≤ 8"),
        p50_p99(&mut delays) + &lost,
    );
}

/// When each packet with a click left.
fn send_clicks(sound: &UdpSocket) -> Vec<Instant> {
    let begin = Instant::now();
    let mut sent = Vec::new();
    for frame in 0..EVERY * CLICKS {
        thread::sleep((begin + FRAME * frame).saturating_duration_since(Instant::now()));
        let click = frame % EVERY == EVERY - 1;
        let mut packet = vec![0x80, 0];
        packet.extend((frame as u16).to_be_bytes());
        packet.extend((frame * SAMPLES as u32).to_be_bytes());
        packet.extend(*b"bnch");
        packet.resize(12 + SAMPLES, if click { LOUD } else { SILENT });
        if click {
            sent.push(Instant::now());
        }
        sound.send(&packet).unwrap();
    }
    sent
}

/// When each click began to come back, until nothing comes any more.
fn listen(sound: &UdpSocket) -> Vec<Instant> {
    sound
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let (mut heard, mut in_click) = (Vec::new(), false);
    let mut packet = [0; 2048];
    let end = Instant::now() + FRAME * (EVERY * CLICKS) + Duration::from_secs(1);
    while Instant::now() < end {
        let Ok(length) = sound.recv(&mut packet) else {
            continue;
        };
        let at = Instant::now();
        let payload = packet.get(12..length).unwrap_or_default();
        let loud = payload.iter().any(|&code| code & 0x7f < AUDIBLE);
        if loud && !in_click {
            heard.push(at);
        }
        in_click = loud;
    }
    heard
}
