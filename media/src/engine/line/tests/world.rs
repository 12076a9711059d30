//! A line, its peer and all that is around them. Sockets are real and on loopback, time is not.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    net::UdpSocket,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rtrb::{Producer, RingBuffer};

use super::super::{Line, Room, Scratch};
use crate::{
    codec::Codec,
    device::Capture,
    engine::{
        Events, StreamId,
        grid::{Grid, TICK},
        input::Input,
        socket::{Moment, Socket},
    },
    random::Random,
    recorder::{Finished, Recording, RecordingFormat, Tap},
    stream::{Stream, StreamConfig},
};

/// The microphone's sound card, in Hz.
const CARD: u32 = 16_000;
/// What the card delivers at once.
const PERIOD: u32 = 160;

/// What somebody says at this time, in seconds by everybody's clock, at this place of the sound.
pub type Voice = fn(f64) -> f32;

/// What the network does to a packet: its delay, or `None` where it is lost.
pub struct Network {
    pub delay: Duration,
    pub jitter: Duration,
    pub loss: f64,
}

/// The other side: a stream with a clock of its own.
struct Peer {
    stream: Stream,
    socket: UdpSocket,
    codec: Codec,
    voice: Voice,
    /// How fast its clock is.
    speed: f64,
    /// Seconds of its sound that were sent, by its own clock.
    said: f64,
}

/// The sound card of the microphone.
struct Microphone {
    ring: Producer<f32>,
    capture: Capture,
    voice: Voice,
    speed: f64,
    delivered: u64,
}

pub struct World {
    pub start: Instant,
    pub line: Line,
    pub network: Network,
    /// The next ticks are so late.
    pub stall: Duration,
    peer: Peer,
    peer_address: std::net::SocketAddr,
    address: std::net::SocketAddr,
    microphone: Microphone,
    recording: Recording<std::fs::File>,
    path: PathBuf,
    in_flight: BinaryHeap<Reverse<(Duration, u64, Vec<u8>)>>,
    packets: u64,
    grid: Grid,
    random: Random,
    scratch: Scratch,
    events: Events,
    now: Duration,
}

fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

fn config(codec: Codec, remote: std::net::SocketAddr) -> StreamConfig {
    let payload_type = |codec| match codec {
        Codec::Opus => 111,
        Codec::G722 => 9,
        Codec::Pcma => 8,
        Codec::Pcmu => 0,
    };
    let all = [Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];
    StreamConfig {
        receive_pts: all.map(|codec| (payload_type(codec), codec)).to_vec(),
        remote_rtcp: remote,
        ..StreamConfig::plain(codec, payload_type(codec), remote)
    }
}

impl World {
    /// A call that begins now and is recorded into `path`. Clocks are fast by so many parts in a million.
    pub fn new(
        path: &Path,
        codec: Codec,
        voices: [Voice; 2],
        ppm: [f64; 2],
        network: Network,
    ) -> Self {
        let start = Instant::now();
        let [own, rtcp, peer] = [socket(), socket(), socket()];
        let (address, peer_address) = (own.local_addr().unwrap(), peer.local_addr().unwrap());
        let mut stream = Stream::new(2, "peer".into());
        stream.configure(start, config(codec, address)).unwrap();
        let (ring, captured) = RingBuffer::new(CARD as usize / 2);
        let (tap, end) = Tap::new(std::thread::current());
        let file = std::fs::File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path);
        let (format, rate) = match path.extension().unwrap().to_str() {
            Some("opus") => (RecordingFormat::Opus, codec.sample_rate().min(16_000)),
            _ => (RecordingFormat::Wav, codec.sample_rate().min(16_000)),
        };
        let speed = ppm.map(|ppm| 1.0 + ppm * 1e-6);
        let line = Line::new(
            StreamId(1),
            Stream::new(1, "line".into()),
            Socket::new(own, start).unwrap(),
            Socket::new(rtcp, start).unwrap(),
            start,
        );
        let mut world = Self {
            start,
            line,
            network,
            stall: Duration::ZERO,
            peer: Peer {
                stream,
                socket: peer,
                codec,
                voice: voices[1],
                speed: speed[1],
                said: 0.0,
            },
            peer_address,
            address,
            microphone: Microphone {
                ring,
                capture: Capture::new(captured, CARD),
                voice: voices[0],
                speed: speed[0],
                delivered: 0,
            },
            recording: Recording::begin(format, file.unwrap(), end, 2, rate, start).unwrap(),
            path: path.to_owned(),
            in_flight: BinaryHeap::new(),
            packets: 0,
            grid: Grid::new(start),
            random: Random::new(7),
            scratch: Scratch::default(),
            events: Arc::new(|_| {}),
            now: Duration::ZERO,
        };
        world.configure(codec);
        *world.line.recording() = Some((tap, path.to_owned()));
        world
    }

    /// Both sides agree on this codec.
    pub fn configure(&mut self, codec: Codec) {
        let now = self.start + self.now;
        let room = Room {
            input: &Input::Microphone(None),
            microphone: None,
            others: None,
            levels: false,
            events: &self.events,
        };
        let own = config(codec, self.peer_address);
        self.line
            .configure(now, own, &room, &mut self.scratch)
            .unwrap();
        self.peer
            .stream
            .configure(now, config(codec, self.address))
            .unwrap();
        self.peer.codec = codec;
    }

    /// Seconds since the call began.
    pub fn seconds(&self) -> f64 {
        self.now.as_secs_f64()
    }

    pub fn pause(&mut self, on: bool) {
        if let Some((tap, _)) = self.line.recording() {
            tap.pause(on);
        }
    }

    pub fn hold(&mut self, on: bool) {
        self.line.hold(self.start + self.now, on);
    }

    /// Goes on until this many seconds after the beginning.
    pub fn run_until(&mut self, seconds: f64) {
        let until = Duration::from_secs_f64(seconds);
        while self.now < until {
            let tick = self.grid.next() + std::mem::take(&mut self.stall);
            let lateness = Duration::from_micros(self.random.next_u64() % 800);
            let tick = tick.duration_since(self.start) + lateness;
            self.go_to(tick);
            let due = self.grid.take_due(self.start + tick);
            self.line.skip(due.skip);
            for _ in 0..due.run {
                self.tick();
            }
            self.recording.write().unwrap();
        }
    }

    /// What the cards, the peer and the network do until then.
    fn go_to(&mut self, until: Duration) {
        while self.peer.next_push() <= until {
            let now = self.peer.next_push();
            self.send(now);
        }
        while let Some(Reverse((at, _, _))) = self.in_flight.peek()
            && *at <= until
            && let Some(Reverse((at, _, wire))) = self.in_flight.pop()
        {
            self.peer.socket.send_to(&wire, self.address).unwrap();
            let moment = Moment::virtually(self.start + at);
            self.line.receive(moment, &mut self.scratch.reader);
        }
        self.microphone.deliver(until);
        self.now = until;
    }

    fn send(&mut self, now: Duration) {
        let frame = self.peer.next_frame();
        let mut sent = Vec::new();
        let at = self.start + now;
        self.peer
            .stream
            .push(at, &frame, &mut |_, wire: &[u8]| sent.push(wire.to_vec()));
        for wire in sent {
            let [lost, late] = [(); 2].map(|()| self.roll());
            if lost < self.network.loss {
                continue;
            }
            let arrival = now + self.network.delay + self.network.jitter.mul_f64(late);
            self.packets += 1;
            self.in_flight.push(Reverse((arrival, self.packets, wire)));
        }
    }

    /// Even between 0 and 1.
    fn roll(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn tick(&mut self) {
        let now = self.start + self.now;
        let rate = self.line.rate();
        let mut frame = vec![0.0; rate as usize / 50];
        self.microphone.capture.read(rate, &mut frame);
        self.line
            .hear(now, Moment::virtually(now), &mut self.scratch);
        let room = Room {
            input: &Input::Microphone(None),
            microphone: Some(&frame),
            others: None,
            levels: false,
            events: &self.events,
        };
        self.line.speak(now, &room, &mut self.scratch);
    }

    /// Milliseconds that the peer's voice needs at present from the mouth to the ear: until its packet is full, through
    /// the network at its quickest, and in the jitter buffer.
    pub fn way_ms(&self) -> f64 {
        let buffer = f64::from(self.line.stream.stats().delay_ms);
        20.0 + self.network.delay.as_secs_f64() * 1_000.0 + buffer
    }

    /// Ends the call; what the recording says, and its two channels in the file's rate.
    pub fn finish(mut self) -> (Finished, [Vec<f32>; 2]) {
        *self.line.recording() = None;
        self.recording.write().unwrap();
        let mut closing = self.recording.close(false).unwrap();
        let finished = loop {
            if let Some(finished) = closing.hash().unwrap() {
                break finished;
            }
        };
        let mut reader = crate::recorder::RecordingReader::open(&self.path).unwrap();
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let (mut a, mut b) = (Vec::new(), Vec::new());
        while reader.next_voices(&mut a, &mut b).unwrap() {
            left.extend_from_slice(&a);
            right.extend_from_slice(&b);
        }
        (finished, [left, right])
    }
}

impl Peer {
    fn next_push(&self) -> Duration {
        Duration::from_secs_f64((self.said + 0.02) / self.speed)
    }

    fn next_frame(&mut self) -> Vec<f32> {
        let rate = f64::from(self.codec.sample_rate());
        let len = rate as usize / 50;
        let at = |sample: usize| (self.said + sample as f64 / rate) / self.speed;
        let frame = (0..len).map(|sample| (self.voice)(at(sample))).collect();
        self.said += TICK.as_secs_f64();
        frame
    }
}

impl Microphone {
    fn deliver(&mut self, until: Duration) {
        let rate = f64::from(CARD) * self.speed;
        while (self.delivered + u64::from(PERIOD)) as f64 / rate <= until.as_secs_f64() {
            for _ in 0..PERIOD {
                let sample = (self.voice)(self.delivered as f64 / rate);
                self.delivered += 1;
                // As a card does: where nobody listens for half a second, the newest is lost.
                let _ = self.ring.push(sample);
            }
        }
    }
}
