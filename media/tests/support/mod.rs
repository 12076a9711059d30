//! Two streams and a simulated network between them, in virtual time.
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::disallowed_methods
)]

pub mod network;
pub mod pesq;
pub mod speech;

use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub use network::{Dice, Fate};
use ringbook_media::stream::{Codec, FrameKind, Stream, StreamConfig, StreamEvent};

pub const ALICE: ([u8; 4], u16) = ([192, 0, 2, 1], 40_000);
pub const BOB: ([u8; 4], u16) = ([192, 0, 2, 2], 40_002);

pub fn rtp(side: ([u8; 4], u16)) -> SocketAddr {
    side.into()
}

pub fn rtcp(side: ([u8; 4], u16)) -> SocketAddr {
    (side.0, side.1 + 1).into()
}

pub fn ms(ms: f64) -> Duration {
    Duration::from_secs_f64(ms.max(0.0) / 1_000.0)
}

/// A plain configuration towards the other side.
pub fn config(codec: Codec, remote: ([u8; 4], u16)) -> StreamConfig {
    let payload_type = match codec {
        Codec::Opus => 111,
        Codec::G722 => 9,
        Codec::Pcma => 8,
        Codec::Pcmu => 0,
    };
    StreamConfig {
        receive_pts: vec![
            (111, Codec::Opus),
            (9, Codec::G722),
            (8, Codec::Pcma),
            (0, Codec::Pcmu),
        ],
        dtmf_send_pt: Some(101),
        dtmf_receive_pt: Some(101),
        ..StreamConfig::plain(codec, payload_type, rtp(remote))
    }
}

/// A network that is only slow.
pub fn clean(delay: f64) -> Fate {
    Box::new(move |_, _| vec![delay])
}

#[derive(PartialEq, Eq)]
struct InFlight {
    at: Instant,
    number: usize,
    wire: Vec<u8>,
}

impl Ord for InFlight {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.number).cmp(&(self.at, self.number)) // the heap gives the earliest
    }
}

impl PartialOrd for InFlight {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Alice talks, Bob hears.
pub struct OneWay {
    pub start: Instant,
    pub alice: Stream,
    pub bob: Stream,
    /// Alice's clock is fast by so many parts in a million.
    pub drift_ppm: f64,
    /// Bob's frames are pulled so many ms after Alice's are pushed.
    pub phase: f64,
    pub fate: Fate,
    /// What Bob heard, and what kind each frame was.
    pub heard: Vec<f32>,
    pub kinds: Vec<FrameKind>,
    pub events: Vec<StreamEvent>,
    /// What Bob's buffer said of its delay at each frame, ms.
    pub delays: Vec<f32>,
    in_flight: BinaryHeap<InFlight>,
    pushed: usize,
    pulled: usize,
    packets: usize,
}

impl OneWay {
    pub fn new(alice: StreamConfig, bob: StreamConfig, fate: Fate) -> Self {
        let start = Instant::now();
        let mut call = OneWay {
            start,
            alice: Stream::new(1, "alice".into()),
            bob: Stream::new(2, "bob".into()),
            drift_ppm: 0.0,
            phase: 7.0,
            fate,
            heard: Vec::new(),
            kinds: Vec::new(),
            events: Vec::new(),
            delays: Vec::new(),
            in_flight: BinaryHeap::new(),
            pushed: 0,
            pulled: 0,
            packets: 0,
        };
        call.alice.configure(start, alice).unwrap();
        call.bob.configure(start, bob).unwrap();
        call
    }

    pub fn codec(codec: Codec, fate: Fate) -> Self {
        OneWay::new(config(codec, BOB), config(codec, ALICE), fate)
    }

    pub fn at(&self, at_ms: f64) -> Instant {
        self.start + ms(at_ms)
    }

    /// Milliseconds at which Alice's next frame is pushed and Bob's next is pulled.
    fn next_push(&self) -> f64 {
        self.pushed as f64 * 20.0 / (1.0 + self.drift_ppm * 1e-6)
    }

    fn next_pull(&self) -> f64 {
        self.pulled as f64 * 20.0 + self.phase
    }

    /// Goes on until Alice has said all of `voice`, in her frames.
    pub fn run(&mut self, voice: &[f32]) {
        let len = self.alice.frame_len();
        for frame in voice.chunks_exact(len) {
            while self.next_pull() < self.next_push() {
                self.pull();
            }
            let at_ms = self.next_push();
            let now = self.at(at_ms);
            let mut sent = Vec::new();
            self.alice.push(now, frame, &mut |to, wire: &[u8]| {
                assert_eq!(to, rtp(BOB));
                sent.push(wire.to_vec());
            });
            for wire in sent {
                for delay in (self.fate)(self.packets, at_ms) {
                    let at = now + ms(delay);
                    let number = self.packets;
                    self.in_flight.push(InFlight {
                        at,
                        number,
                        wire: wire.clone(),
                    });
                }
                self.packets += 1;
            }
            self.pushed += 1;
        }
    }

    fn pull(&mut self) {
        let now = self.at(self.next_pull());
        while self.in_flight.peek().is_some_and(|packet| packet.at <= now) {
            let packet = self.in_flight.pop().unwrap();
            self.bob.handle_rtp(packet.at, rtp(ALICE), &packet.wire);
        }
        let mut frame = vec![0.0; self.bob.frame_len()];
        self.kinds.push(self.bob.pull(now, &mut frame));
        self.heard.extend_from_slice(&frame);
        self.delays.push(self.bob.stats().delay_ms);
        while let Some(event) = self.bob.poll_event() {
            self.events.push(event);
        }
        self.pulled += 1;
    }

    pub fn count(&self, kind: FrameKind) -> usize {
        self.kinds.iter().filter(|heard| **heard == kind).count()
    }

    pub fn digits(&self) -> String {
        self.events
            .iter()
            .filter_map(|event| match event {
                StreamEvent::Digit(key) => Some(*key),
                _ => None,
            })
            .collect()
    }

    /// The middle one of the buffer's delays from this frame on, ms.
    pub fn median_delay(&self, from: usize) -> f32 {
        let mut delays = self.delays[from..].to_vec();
        delays.sort_by(f32::total_cmp);
        delays[delays.len() / 2]
    }
}
