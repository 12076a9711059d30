//! How speech sounds after a network has had its way with it: recorded speech is sent to an agent that gives each call
//! back what it hears, by packets that the seeded network loses and delays, and PESQ judges what comes back.
//!
//! All networks at once, each with an agent of its own: a run takes as long as the speech.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use ringbook_media::codec::{Codec, Decoder, Encoder, OpusParams};
use ringbook_media::rtp::Packet;

use super::agent::{Agent, Part};
use super::support::RawPeer;
use super::table::{Row, Table};

#[path = "../../media/tests/support/network.rs"]
mod network;
#[path = "../../media/tests/support/pesq.rs"]
mod pesq;
#[path = "../../tests/support/python.rs"]
mod python;
#[path = "../../media/tests/support/speech.rs"]
mod speech;

use network::{BASE_MS, Network};
use pesq::{Band, Listener};
use speech::{Speech, at_rate};

const CLIPS: usize = 6;
const SEED: u64 = 3;
const FRAME_MS: u64 = 20;
/// The most that an agent holds sound back, ms.
const MOST_DELAY_MS: usize = 500;

/// A codec, its `a=rtpmap`, and what a peer that loops it costs nothing in quality.
struct Voice {
    codec: Codec,
    name: &'static str,
    rtpmap: &'static str,
    payload_type: u8,
    band: Band,
}

const VOICES: [Voice; 3] = [
    Voice {
        codec: Codec::Pcmu,
        name: "PCMU",
        rtpmap: "0 PCMU/8000",
        payload_type: 0,
        band: Band::Narrow,
    },
    Voice {
        codec: Codec::G722,
        name: "G722",
        rtpmap: "9 G722/8000",
        payload_type: 9,
        band: Band::Wide,
    },
    Voice {
        codec: Codec::Opus,
        name: "opus",
        rtpmap: "111 opus/48000/2",
        payload_type: 111,
        band: Band::Wide,
    },
];

/// A network as the table names it, and what is wanted of PCMU and of Opus in it.
const NETWORKS: [(Network, &str, &str, &str); 10] = [
    (Network::Clean, "clean", "4.28 (≤ 12)", "≥ 4.4 (≤ 40)"),
    (Network::Random(0.02), "2 % lost", "≥ 3.85 (≤ 19)", ""),
    (Network::Random(0.05), "5 % lost", "≥ 3.43 (≤ 19)", "≥ 3.6"),
    (Network::Random(0.10), "10 % lost", "≥ 3.0 (≤ 24)", "≥ 3.2"),
    (
        Network::Bursts(0.05),
        "bursts, 5 %",
        "≥ 3.25 (≤ 24)",
        "≥ 3.2",
    ),
    (Network::Jitter(20.0, 0.0), "20 ms jitter", "", ""),
    (
        Network::Jitter(40.0, 0.02),
        "40 ms jitter, 2 % lost",
        "≥ 3.7 (≤ 47)",
        "",
    ),
    (
        Network::Jitter(80.0, 0.0),
        "80 ms jitter",
        "4.28 (≤ 95)",
        "",
    ),
    (
        Network::Tail(60.0),
        "a long tail, 60 ms",
        "4.28 (≤ 140)",
        "",
    ),
    (
        Network::Stall(120.0),
        "stalls of 120 ms",
        "4.28 (≤ 130)",
        "",
    ),
];

pub fn measure(agent: &Agent, table: &mut Table) {
    let packages = ["pesq==0.0.4", "numpy==2.4.6"];
    let Some(python) = python::with(&packages) else {
        return;
    };
    for voice in &VOICES {
        let speech = Speech::load(CLIPS).at(voice.codec.sample_rate());
        let heard: Vec<Vec<f32>> = thread::scope(|scope| {
            let calls: Vec<_> = NETWORKS
                .iter()
                .map(|(network, ..)| scope.spawn(|| talk(agent, voice, *network, &speech)))
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let mut listener = Listener::new(python.clone());
        for heard in &heard {
            listener.note(voice.band, &speech, heard, speech.rate);
        }
        for (((_, name, pcmu, opus), heard), score) in
            NETWORKS.iter().zip(&heard).zip(listener.scores())
        {
            let goal = match voice.codec {
                Codec::Pcmu => pcmu,
                Codec::Opus => opus,
                _ => "",
            };
            let figure = format!("{score:.2} ({:.0})", added_delay_ms(&speech, heard));
            let row = Row::new(format!("PESQ (added ms) {}: {name}", voice.name), goal);
            table.note(agent.name, &row, figure);
        }
    }
}

/// What comes back of the speech, from the moment on at which its first packet was sent.
fn talk(agent: &Agent, voice: &Voice, network: Network, speech: &Speech) -> Vec<f32> {
    let running = agent.start(&Part {
        codec: voice.name,
        loops: true,
        logs: false,
        ..Part::default()
    });
    let mut peer = RawPeer::new();
    let sound = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut call = peer.call("200", running.address);
    let port = sound.local_addr().unwrap().port();
    peer.send(&call.invite_to(port, voice.rtpmap), running.address);
    let answer = peer.expect("SIP/2.0 200");
    peer.send(&call.ack(&answer), running.address);

    let packets = encode(voice, network, speech);
    let to = answer.sound_address();
    let ear = sound.try_clone().unwrap();
    let begin = Instant::now() + Duration::from_millis(100);
    let until = begin + Duration::from_millis(packets.len() as u64 * FRAME_MS + 1_000);
    let listener = thread::spawn(move || listen(&ear, until));
    send(&sound, to, begin, &packets);
    let heard = listener.join().unwrap();
    peer.send(&call.bye(), running.address);
    decode(voice.codec, &heard, begin, speech.samples.len())
}

/// The speech in packets, with the moment at which the network delivers each, in the order of those moments.
fn encode(voice: &Voice, network: Network, speech: &Speech) -> Vec<(Duration, Vec<u8>)> {
    let mut encoder = Encoder::new(voice.codec, &OpusParams::default()).unwrap();
    let mut fate = network.fate(SEED);
    let frame = voice.codec.sample_rate() as usize / 50;
    let units = voice.codec.rtp_clock() / 50;
    let mut delivered = Vec::new();
    for (number, samples) in speech.samples.chunks_exact(frame).enumerate() {
        let mut payload = [0; 1_000];
        let len = encoder.encode(samples, &mut payload).unwrap();
        let packet = Packet {
            marker: number == 0,
            payload_type: voice.payload_type,
            sequence: number as u16,
            timestamp: number as u32 * units,
            ssrc: 0x7370_6565,
            payload: &payload[..len],
        };
        let mut wire = [0; 1_200];
        let len = ringbook_media::rtp::write_packet(&packet, &mut wire).unwrap();
        let at = (number as u64 * FRAME_MS) as f64;
        for delay in fate(number, at) {
            let at = Duration::from_secs_f64((at + delay) / 1_000.0);
            delivered.push((at, wire[..len].to_vec()));
        }
    }
    delivered.sort_by_key(|(at, _)| *at);
    delivered
}

fn send(sound: &UdpSocket, to: SocketAddr, begin: Instant, packets: &[(Duration, Vec<u8>)]) {
    for (at, packet) in packets {
        thread::sleep((begin + *at).saturating_duration_since(Instant::now()));
        sound.send_to(packet, to).unwrap();
    }
}

/// All packets that come until then, with their arrival.
fn listen(sound: &UdpSocket, until: Instant) -> Vec<(Instant, Vec<u8>)> {
    sound
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let mut heard = Vec::new();
    let mut packet = [0; 2_048];
    while Instant::now() < until {
        if let Ok(len) = sound.recv(&mut packet) {
            heard.push((Instant::now(), packet[..len].to_vec()));
        }
    }
    heard
}

/// What was heard from `begin` on, packets in their places by their timestamps.
fn decode(codec: Codec, heard: &[(Instant, Vec<u8>)], begin: Instant, len: usize) -> Vec<f32> {
    let rate = i64::from(codec.sample_rate());
    let mut decoder = Decoder::new(codec).unwrap();
    let mut block = vec![0.0; decoder.max_samples()];
    let mut sound = vec![0.0; len];
    let mut first = None;
    for (arrival, packet) in heard {
        let Ok(packet) = Packet::parse(packet) else {
            continue;
        };
        let Ok(decoded) = decoder.decode(packet.payload, &mut block) else {
            continue;
        };
        // The agent's clock counts from its first packet.
        let (start, zero) = *first.get_or_insert((*arrival, packet.timestamp));
        let since = i64::from(packet.timestamp.wrapping_sub(zero) as i32);
        let units = i64::from(codec.rtp_clock());
        let began = if start > begin {
            (start - begin).as_secs_f64()
        } else {
            -(begin - start).as_secs_f64()
        };
        let at = (began * rate as f64) as i64 + since * rate / units;
        for (place, sample) in (at..).zip(&block[..decoded]) {
            if let Some(heard) = usize::try_from(place).ok().and_then(|at| sound.get_mut(at)) {
                *heard = *sample;
            }
        }
    }
    sound
}

/// How much later than the quickest way of the network the speech is heard, in the mean over the clips, ms.
fn added_delay_ms(speech: &Speech, heard: &[f32]) -> f64 {
    const RATE: u32 = 8_000;
    let spoken = speech.at(RATE);
    let heard = at_rate(heard, speech.rate, RATE);
    let delays: Vec<f64> = spoken
        .clips(&spoken.samples)
        .zip(spoken.clips(&heard))
        .map(|(spoken, heard)| delay_ms(spoken, heard, RATE) - BASE_MS)
        .collect();
    delays.iter().sum::<f64>() / delays.len() as f64
}

/// The shift at which both are most alike, ms.
fn delay_ms(spoken: &[f32], heard: &[f32], rate: u32) -> f64 {
    let per_ms = rate as usize / 1_000;
    let likeness = |shift: usize| {
        let pairs = spoken.iter().zip(&heard[shift..]).step_by(3);
        pairs.map(|(one, other)| one * other).sum::<f32>()
    };
    let shifts = (0..MOST_DELAY_MS * per_ms).step_by(per_ms / 2);
    let best = shifts.max_by(|one, other| likeness(*one).total_cmp(&likeness(*other)));
    best.unwrap_or(0) as f64 / per_ms as f64
}
