//! How speech sounds after a network has had its way with it: recorded speech is sent to an agent that gives each call
//! back what it hears, by packets that the seeded network loses and delays, and PESQ judges what comes back.
//!
//! All networks at once, each with an agent of its own: a run takes as long as the speech.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use ringbook_media::codec::{Codec, Decoder, Encoder, OpusParams};
use ringbook_media::rtp::Packet;

use super::agent::{Agent, Part, Running, Sound};
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
/// The most that an agent holds sound back.
const MOST_DELAY: Duration = Duration::from_millis(500);

/// A codec, as SDP and the table name it, and in which band it is judged.
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

/// A network as the table names it, and what is wanted of PCMU in it; Opus is coded twice by an agent that loops, each
/// time at the agent's own rate, so that its goals do not fit.
const NETWORKS: [(Network, &str, &str); 11] = [
    (Network::Clean, "clean", "4.28 (≤ 12)"),
    (Network::Hiccups(0.02, 10.0), "2 % up to 10 ms late", ""),
    (Network::Random(0.02), "2 % lost", "≥ 3.85 (≤ 19)"),
    (Network::Random(0.05), "5 % lost", "≥ 3.43 (≤ 19)"),
    (Network::Random(0.10), "10 % lost", "≥ 3.0 (≤ 24)"),
    (Network::Bursts(0.05), "bursts, 5 %", "≥ 3.25 (≤ 24)"),
    (Network::Jitter(20.0, 0.0), "20 ms jitter", ""),
    (
        Network::Jitter(40.0, 0.02),
        "40 ms jitter, 2 % lost",
        "≥ 3.7 (≤ 47)",
    ),
    (Network::Jitter(80.0, 0.0), "80 ms jitter", "4.28 (≤ 95)"),
    (Network::Tail(60.0), "a long tail, 60 ms", "4.28 (≤ 140)"),
    (Network::Stall(120.0), "stalls of 120 ms", "4.28 (≤ 130)"),
];

/// What came back of the speech.
struct Heard {
    sound: Vec<f32>,
    /// Bits a second of payload that the agent sent, in thousands.
    rate_kbit: f64,
}

pub fn measure(agent: &Agent, table: &mut Table) {
    let packages = ["pesq==0.0.4", "numpy==2.4.6"];
    let Some(python) = python::with(&packages) else {
        return;
    };
    for voice in &VOICES {
        let speech = Speech::load(CLIPS).at(voice.codec.sample_rate());
        let running: Vec<Running> = NETWORKS.iter().map(|_| start(agent, voice)).collect();
        let packets: Vec<_> = NETWORKS
            .iter()
            .map(|(network, ..)| encode(voice, *network, &speech))
            .collect();
        let sent = &speech;
        let heard: Vec<Heard> = thread::scope(|scope| {
            let calls: Vec<_> = running
                .iter()
                .map(|running| running.address)
                .zip(&packets)
                .map(|(agent, packets)| scope.spawn(move || talk(agent, voice, packets, sent)))
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let mut listener = Listener::new(python.clone());
        for heard in &heard {
            listener.note(voice.band, &speech, &heard.sound, speech.rate);
        }
        for (((_, name, pcmu), heard), score) in NETWORKS.iter().zip(&heard).zip(listener.scores())
        {
            let goal = if voice.codec == Codec::Pcmu { pcmu } else { "" };
            let figure = format!("{score:.2} ({:.0})", added_delay_ms(&speech, &heard.sound));
            let row = Row::new(format!("PESQ (added ms) {}: {name}", voice.name), goal);
            table.note(agent.name, &row, figure);
        }
        let row = Row::new(format!("kbit/s {}: {}", voice.name, NETWORKS[0].1), "");
        table.note(agent.name, &row, format!("{:.1}", heard[0].rate_kbit));
    }
}

fn start(agent: &Agent, voice: &Voice) -> Running {
    agent.start(&Part {
        codec: voice.name,
        sound: Sound::Loop,
        logs: false,
        ..Part::default()
    })
}

/// What comes back of the speech, from the moment on at which its first packet was sent.
fn talk(
    agent: SocketAddr,
    voice: &Voice,
    packets: &[(Duration, Vec<u8>)],
    speech: &Speech,
) -> Heard {
    let mut peer = RawPeer::new();
    let sound = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut call = peer.call("200", agent);
    let port = sound.local_addr().unwrap().port();
    peer.send(&call.invite_to(port, voice.rtpmap), agent);
    let answer = peer.expect("SIP/2.0 200");
    let begin = Instant::now() + Duration::from_millis(100);
    let length = Duration::from_secs_f64(speech.samples.len() as f64 / f64::from(speech.rate));
    let (ear, until) = (sound.try_clone().unwrap(), begin + length + MOST_DELAY * 2);
    let listener = thread::spawn(move || listen(&ear, until));
    peer.send(&call.ack(&answer), agent);

    send(&sound, answer.sound_address(), begin, packets);
    let heard = listener.join().unwrap();
    peer.send(&call.bye(), agent);
    decode(voice, &heard, begin, speech.samples.len())
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

/// What was heard from `begin` on, packets in their places by their timestamps; the quickest of all says when the
/// agent's clock began.
fn decode(voice: &Voice, heard: &[(Instant, Vec<u8>)], begin: Instant, len: usize) -> Heard {
    let codec = voice.codec;
    let packets: Vec<(Instant, Packet)> = heard
        .iter()
        .filter_map(|(arrival, packet)| Some((*arrival, Packet::parse(packet).ok()?)))
        .filter(|(_, packet)| packet.payload_type == voice.payload_type)
        .collect();
    let Some((_, first)) = packets.first() else {
        return Heard {
            sound: vec![0.0; len],
            rate_kbit: 0.0,
        };
    };
    // Seconds since the first packet by the agent's clock, and since `begin` by ours.
    let theirs = |packet: &Packet| {
        let units = packet.timestamp.wrapping_sub(first.timestamp) as i32;
        f64::from(units) / f64::from(codec.rtp_clock())
    };
    let ours = |at: Instant| match at.checked_duration_since(begin) {
        Some(after) => after.as_secs_f64(),
        None => -(begin - at).as_secs_f64(),
    };
    let zero = packets
        .iter()
        .map(|(arrival, packet)| ours(*arrival) - theirs(packet))
        .fold(f64::MAX, f64::min);
    let mut decoder = Decoder::new(codec).unwrap();
    let mut block = vec![0.0; decoder.max_samples()];
    let mut sound = vec![0.0; len];
    for (_, packet) in &packets {
        let decoded = decoder.decode(packet.payload, &mut block).unwrap_or(0);
        let at = ((zero + theirs(packet)) * f64::from(codec.sample_rate())).round() as i64;
        for (place, sample) in (at..).zip(&block[..decoded]) {
            if let Some(heard) = usize::try_from(place).ok().and_then(|at| sound.get_mut(at)) {
                *heard = *sample;
            }
        }
    }
    let octets: usize = packets.iter().map(|(_, packet)| packet.payload.len()).sum();
    let span_ms = packets.len() as u64 * FRAME_MS;
    Heard {
        sound,
        rate_kbit: octets as f64 * 8.0 / span_ms as f64,
    }
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
    let shifts = (0..MOST_DELAY.as_millis() as usize * per_ms).step_by(per_ms / 2);
    let best = shifts.max_by(|one, other| likeness(*one).total_cmp(&likeness(*other)));
    best.unwrap_or(0) as f64 / per_ms as f64
}
