//! Many calls at once, each of which hears itself back: what they cost, and how evenly their packets leave. baresip would
//! hold all but one.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use ringbook_media::codec::{Codec, Encoder, OpusParams};
use ringbook_media::rtp::{Packet, write_packet};

use super::agent::{Part, RINGBOOK, Sound};
use super::process::{memory_mb, processor_time};
use super::statistics::{p50_p99, percentile};
use super::support::{RawPeer, pause, signal};
use super::table::{Row, Table};

const FRAME: Duration = Duration::from_millis(20);
const SAMPLES: usize = 160;
const MEASURED: Duration = Duration::from_secs(15);
/// Until jitter buffers and memory are those of calls that go on.
const SETTLED: Duration = Duration::from_secs(3);

/// So many calls, whether they are recorded, and what share of a core they should take at most.
const CROWDS: [(usize, bool, &str); 9] = [
    (10, false, ""),
    (50, false, ""),
    (100, false, "≤ 4.4"),
    (100, true, "≤ 4.6"),
    (200, false, ""),
    (500, false, ""),
    (1_000, false, ""),
    (500, true, ""),
    (1_000, true, ""),
];
/// Calls keep pace whose packets leave so evenly at p99, and of which no greater share is lost.
const PACE: Duration = Duration::from_millis(5);
const LOST: f64 = 0.001;

pub fn measure(table: &mut Table) {
    let mut memory = HashMap::new();
    // Without and with recordings.
    let mut most = [0; 2];
    for (calls, records, goal) in CROWDS {
        let running = RINGBOOK.start(&Part {
            sound: Sound::Loop,
            logs: false,
            records,
            ..Part::default()
        });
        let name = match records {
            true => format!("{calls} calls at once, recorded"),
            false => format!("{calls} calls at once"),
        };
        let mut note = |what: &str, goal, figure| {
            table.note(
                RINGBOOK.name,
                &Row::new(format!("{name}: {what}"), goal),
                figure,
            );
        };
        let crowd = Crowd::call(calls, running.address);
        let (cost, mut paces, back) = crowd.talk(running.pid);
        let sent = calls as u32 * (MEASURED.as_millis() / FRAME.as_millis()) as u32;
        let lost = sent.saturating_sub(back);
        note(
            "CPU % of a core",
            goal,
            format!("{:.1}", cost.share * 100.0),
        );
        note(
            "off the 20 ms pace, p50 / p99 ms",
            "p99 ≤ 5",
            p50_p99(&mut paces),
        );
        let p99 = percentile(&paces, 0.99).unwrap_or(Duration::MAX);
        let lost = f64::from(lost) / f64::from(sent);
        let figure = format!("{:.2}", 100.0 * lost);
        note("not come back, %", "≤ 0.1", figure);
        if p99 <= PACE && lost <= LOST {
            most[usize::from(records)] = calls;
        }
        if !records {
            memory.insert(calls, cost.memory_mb);
        }
    }
    for (what, most) in ["", ", recorded"].into_iter().zip(most) {
        let row = Row::new(format!("calls at once that keep pace{what}"), "≥ 1000");
        table.note(RINGBOOK.name, &row, most.to_string());
    }
    if let (Some(few), Some(many)) = (memory.get(&10), memory.get(&100)) {
        let each = format!("{:.0}", (many - few) * 1024.0 / 90.0);
        table.note(
            RINGBOOK.name,
            &Row::new("memory of a call, KiB", "≤ 26"),
            each,
        );
    }
}

struct Cost {
    /// Of a core.
    share: f64,
    memory_mb: f64,
}

/// Calls that are up. All their sound goes through one socket of ours, and each has a port of the agent's.
struct Crowd {
    sound: UdpSocket,
    there: Vec<SocketAddr>,
}

impl Crowd {
    fn call(calls: usize, target: SocketAddr) -> Crowd {
        let sound = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = sound.local_addr().unwrap().port();
        let mut peer = RawPeer::new();
        let answer = |_| {
            let mut call = peer.call("crowd", target);
            peer.send(&call.invite(port), target);
            let answer = peer.expect("SIP/2.0 200");
            peer.send(&call.ack(&answer), target);
            answer.sound_address()
        };
        let there = (0..calls).map(answer).collect();
        Crowd { sound, there }
    }

    /// What they cost, how far the packets of each call were from their pace, and how many came back.
    fn talk(self, pid: u32) -> (Cost, Vec<Duration>, u32) {
        let begin = Instant::now();
        let from = begin + SETTLED;
        let until = from + MEASURED;
        let listener = self.sound.try_clone().unwrap();
        let listener = thread::spawn(move || listen(&listener, from, until));
        let sender = thread::spawn(move || self.send(begin, until));
        pause(SETTLED);
        let (spent, measured) = (processor_time(pid), Instant::now());
        pause(until.saturating_duration_since(measured));
        let spent = processor_time(pid) - spent;
        let cost = Cost {
            share: spent.as_secs_f64() / measured.elapsed().as_secs_f64(),
            memory_mb: memory_mb(pid),
        };
        sender.join().unwrap();
        let (paces, back) = listener.join().unwrap();
        (cost, paces, back)
    }

    /// A tone in each call; the calls are spread over the time of a packet.
    fn send(&self, begin: Instant, until: Instant) {
        let mut encoder = Encoder::new(Codec::Pcmu, &OpusParams::default()).unwrap();
        let mut payload = [0; SAMPLES];
        // Eight whole waves.
        let tone = signal::tone(400.0, 8_000, FRAME.as_secs_f64());
        encoder.encode(&tone, &mut payload).unwrap();
        let calls = self.there.len() as u32;
        let mut wire = [0; 12 + SAMPLES];
        for number in 0.. {
            for (call, there) in (0..).zip(&self.there) {
                let due = begin + FRAME * number + FRAME * call / calls;
                if due >= until {
                    return;
                }
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let packet = Packet {
                    marker: number == 0,
                    payload_type: 0,
                    sequence: number as u16,
                    timestamp: number * SAMPLES as u32,
                    ssrc: call + 1,
                    payload: &payload,
                };
                let length = write_packet(&packet, &mut wire).unwrap();
                self.sound.send_to(&wire[..length], there).unwrap();
            }
        }
    }
}

/// How far each packet between these moments was from 20 ms after the one before it of its call, and how many there were.
fn listen(sound: &UdpSocket, from: Instant, until: Instant) -> (Vec<Duration>, u32) {
    sound
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let mut last: HashMap<u16, Instant> = HashMap::new();
    let (mut paces, mut back) = (Vec::new(), 0);
    let mut packet = [0; 2_048];
    while Instant::now() < until {
        let Ok((_, source)) = sound.recv_from(&mut packet) else {
            continue;
        };
        let at = Instant::now();
        let before = last.insert(source.port(), at);
        if let Some(before) = before.filter(|_| at >= from) {
            paces.push((at - before).abs_diff(FRAME));
            back += 1;
        }
    }
    (paces, back)
}
