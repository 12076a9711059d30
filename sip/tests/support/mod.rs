//! User agents over a simulated network, in virtual time.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods
)]

pub mod peer;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use ringbook_sip::message::{Message, Request, Response, Uri, parse_datagram};
use ringbook_sip::resolve::{Answer, Question, Records, ResolveError};
use ringbook_sip::sdp::{Beside, Codec, Direction, LocalMedia, SrtpPolicy};
use ringbook_sip::user_agent::{
    AccountConfig, AccountId, CallHandle, Config, ConnectionId, Event, Output, Received, Secret,
    StreamEvent, Transport, UserAgent,
};

pub fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap()
}

pub fn media(port: u16) -> LocalMedia {
    LocalMedia {
        address: "0.0.0.0".parse().unwrap(),
        rtp_port: port,
        rtcp_port: None,
        codecs: vec![Codec::Opus, Codec::Pcma, Codec::Pcmu],
        opus_dtx: false,
        direction: Direction::SendRecv,
        srtp: SrtpPolicy::Off,
        dtls: None,
        keys: Vec::new(),
        ice: None,
        session_id: 0,
        version: 0,
        beside: Beside::default(),
    }
}

pub fn account(user: &str, registrar: &str) -> AccountConfig {
    let aor = uri(&format!("sip:{user}@office.example"));
    AccountConfig {
        display_name: Some(user.to_owned()),
        password: Secret::new("secret"),
        instance_id: format!("urn:uuid:00000000-0000-4000-8000-0000{:08x}", user.len()),
        ..AccountConfig::new(aor, uri(registrar))
    }
}

/// A user agent with one UDP (and, on the same port, TCP) address.
pub struct Agent {
    pub name: &'static str,
    pub ua: UserAgent,
    pub address: SocketAddr,
    pub events: Vec<Event>,
    pub received: Vec<Received>,
    wake: Option<Instant>,
}

impl Agent {
    pub fn new(name: &'static str, address: &str, seed: u8) -> Agent {
        Agent::with_config(name, address, seed, Config::default())
    }

    pub fn with_config(name: &'static str, address: &str, seed: u8, config: Config) -> Agent {
        let address = addr(address);
        let mut ua = UserAgent::new(config, [seed; 32]);
        ua.add_listener(Transport::Udp, address);
        ua.add_listener(Transport::Tcp, address);
        Agent {
            name,
            ua,
            address,
            events: Vec::new(),
            received: Vec::new(),
            wake: None,
        }
    }

    /// The call of the last `Incoming`.
    pub fn incoming(&self) -> CallHandle {
        let found = self.events.iter().rev().find_map(|event| match event {
            Event::Incoming { call, .. } => Some(*call),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{} has no incoming call: {:?}", self.name, self.events))
    }

    pub fn ended(&self) -> Vec<&ringbook_sip::user_agent::End> {
        let ends = self.events.iter().filter_map(|event| match event {
            Event::Ended { end, .. } => Some(end),
            _ => None,
        });
        ends.collect()
    }

    pub fn established(&self) -> usize {
        self.events
            .iter()
            .filter(|event| matches!(event, Event::Established { .. }))
            .count()
    }
}

/// What the network does to a datagram, in percent and milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    pub loss: u64,
    pub duplication: u64,
    pub jitter_ms: u64,
}

type DropIf = Box<dyn FnMut(&Message) -> bool>;

enum Travelling {
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    /// Bytes to the other end of a pipe.
    Stream {
        agent: usize,
        connection: ConnectionId,
        bytes: Vec<u8>,
    },
    Accept {
        agent: usize,
        connection: ConnectionId,
        local: SocketAddr,
        peer: SocketAddr,
    },
    Connected {
        agent: usize,
        connection: ConnectionId,
        local: SocketAddr,
        peer: SocketAddr,
    },
    Closed {
        agent: usize,
        connection: ConnectionId,
    },
}

/// One line of the wire.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Duration,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub message: Message,
}

pub struct World {
    pub start: Instant,
    pub now: Instant,
    pub agents: Vec<Agent>,
    pub weather: Weather,
    /// Everything that was sent, lost or not.
    pub wire: Vec<Seen>,
    /// Datagrams to addresses that are no agent's.
    pub scripted: VecDeque<(SocketAddr, SocketAddr, Vec<u8>)>,
    /// What DNS knows.
    pub zone: BTreeMap<Question, Records>,
    /// Drops the datagrams it says yes to: (wire index, message).
    pub drop_if: Option<DropIf>,
    dice: ChaCha12Rng,
    travelling: BTreeMap<(Instant, u64), Travelling>,
    serial: u64,
    pipes: BTreeMap<(usize, ConnectionId), (usize, ConnectionId)>,
}

impl World {
    pub fn new(agents: Vec<Agent>) -> World {
        World::with_seed(agents, 1)
    }

    pub fn with_seed(agents: Vec<Agent>, seed: u64) -> World {
        let start = Instant::now() + secs(1000);
        World {
            start,
            now: start,
            agents,
            weather: Weather::default(),
            wire: Vec::new(),
            scripted: VecDeque::new(),
            zone: BTreeMap::new(),
            drop_if: None,
            dice: ChaCha12Rng::seed_from_u64(seed),
            travelling: BTreeMap::new(),
            serial: 0,
            pipes: BTreeMap::new(),
        }
    }

    pub fn roll(&mut self, sides: u64) -> u64 {
        self.dice.next_u64() % sides
    }

    /// Lets an agent do something, then drains it.
    pub fn with<T>(&mut self, agent: usize, run: impl FnOnce(&mut UserAgent, Instant) -> T) -> T {
        let now = self.now;
        let result = run(&mut self.agents[agent].ua, now);
        self.drain(agent);
        result
    }

    fn travel(&mut self, delay: Duration, what: Travelling) {
        self.serial += 1;
        self.travelling
            .insert((self.now + delay, self.serial), what);
    }

    fn drain(&mut self, index: usize) {
        loop {
            match self.agents[index].ua.poll_output() {
                Output::Timeout(at) => {
                    self.agents[index].wake = at;
                    return;
                }
                Output::Event(event) => self.agents[index].events.push(event),
                Output::Transmit(transmit) => match transmit.connection {
                    None => self.datagram(transmit.local, transmit.remote, transmit.bytes),
                    Some(connection) => self.stream(index, connection, transmit.bytes),
                },
                Output::Connect {
                    connection, remote, ..
                } => {
                    self.connect(index, connection, remote);
                }
                Output::Received(received) => self.agents[index].received.push(received),
                Output::Close(connection) => self.close(index, connection),
                Output::Resolve { query, question } => {
                    let records = self.zone.get(&question).cloned();
                    let ttl = secs(60);
                    let answer = records.map(|records| Answer { records, ttl });
                    let answer = answer.ok_or(ResolveError::NotFound);
                    let now = self.now;
                    self.agents[index].ua.handle_resolved(now, query, answer);
                }
            }
        }
    }

    fn note(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if let Ok(message) = parse_datagram(bytes) {
            self.wire.push(Seen {
                at: self.now - self.start,
                from,
                to,
                message,
            });
        }
    }

    pub fn datagram(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        self.note(from, to, &bytes);
        if let (Some(drop_if), Ok(message)) = (&mut self.drop_if, parse_datagram(&bytes))
            && drop_if(&message)
        {
            return;
        }
        let weather = self.weather;
        let copies = 1 + usize::from(self.roll(100) < weather.duplication);
        for _ in 0..copies {
            if self.roll(100) >= weather.loss {
                let jitter = self.roll(weather.jitter_ms + 1);
                let what = Travelling::Datagram {
                    from,
                    to,
                    bytes: bytes.clone(),
                };
                self.travel(ms(5 + jitter), what);
            }
        }
    }

    fn stream(&mut self, index: usize, connection: ConnectionId, bytes: Vec<u8>) {
        if let Some(&(agent, connection)) = self.pipes.get(&(index, connection)) {
            let (from, to) = (self.agents[index].address, self.agents[agent].address);
            self.note(from, to, &bytes);
            self.travel(
                ms(5),
                Travelling::Stream {
                    agent,
                    connection,
                    bytes,
                },
            );
        }
    }

    fn connect(&mut self, index: usize, connection: ConnectionId, remote: SocketAddr) {
        let found = self.agents.iter().position(|agent| agent.address == remote);
        let local = SocketAddr::new(self.agents[index].address.ip(), 49152 + self.serial as u16);
        match found {
            None => self.travel(
                ms(5),
                Travelling::Closed {
                    agent: index,
                    connection,
                },
            ),
            Some(peer) => {
                let far = self.agents[peer].ua.new_connection();
                self.pipes.insert((index, connection), (peer, far));
                self.pipes.insert((peer, far), (index, connection));
                let accept = Travelling::Accept {
                    agent: peer,
                    connection: far,
                    local: remote,
                    peer: local,
                };
                self.travel(ms(5), accept);
                let peer = remote;
                self.travel(
                    ms(5),
                    Travelling::Connected {
                        agent: index,
                        connection,
                        local,
                        peer,
                    },
                );
            }
        }
    }

    /// The network cuts a connection, or an agent closes it: the other end hears of it.
    pub fn close(&mut self, index: usize, connection: ConnectionId) {
        if let Some((agent, far)) = self.pipes.remove(&(index, connection)) {
            self.pipes.remove(&(agent, far));
            self.travel(
                ms(5),
                Travelling::Closed {
                    agent,
                    connection: far,
                },
            );
        }
    }

    /// Cuts every connection, for both ends.
    pub fn cut(&mut self) {
        let pipes: Vec<_> = self.pipes.keys().copied().collect();
        self.pipes.clear();
        for (agent, connection) in pipes {
            self.travel(ms(1), Travelling::Closed { agent, connection });
        }
    }

    fn next_at(&self) -> Option<Instant> {
        let travelling = self.travelling.keys().next().map(|(at, _)| *at);
        self.agents
            .iter()
            .filter_map(|agent| agent.wake)
            .chain(travelling)
            .min()
    }

    /// Runs for this long.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        let mut steps = 0;
        while let Some(at) = self.next_at().filter(|at| *at <= end) {
            steps += 1;
            assert!(steps < 1_000_000, "the world never comes to rest");
            self.now = self.now.max(at);
            self.step();
        }
        self.now = end;
    }

    fn step(&mut self) {
        for index in 0..self.agents.len() {
            if self.agents[index].wake.is_some_and(|at| at <= self.now) {
                self.with(index, |ua, now| ua.handle_timeout(now));
            }
        }
        while let Some((&key, _)) = self
            .travelling
            .iter()
            .next()
            .filter(|(k, _)| k.0 <= self.now)
        {
            let what = self.travelling.remove(&key).unwrap();
            self.arrive(what);
        }
    }

    fn arrive(&mut self, what: Travelling) {
        match what {
            Travelling::Datagram { from, to, bytes } => {
                match self.agents.iter().position(|agent| agent.address == to) {
                    Some(agent) => {
                        self.with(agent, |ua, now| ua.handle_datagram(now, to, from, &bytes));
                    }
                    None => self.scripted.push_back((from, to, bytes)),
                }
            }
            Travelling::Stream {
                agent,
                connection,
                bytes,
            } => self.with(agent, |ua, now| {
                ua.handle_stream(now, connection, StreamEvent::Data(&bytes));
            }),
            Travelling::Accept {
                agent,
                connection,
                local,
                peer,
            } => self.with(agent, |ua, now| {
                let transport = Transport::Tcp;
                let event = StreamEvent::Accepted {
                    transport,
                    local,
                    peer,
                };
                ua.handle_stream(now, connection, event);
            }),
            Travelling::Connected {
                agent,
                connection,
                local,
                peer,
            } => {
                self.with(agent, |ua, now| {
                    ua.handle_stream(now, connection, StreamEvent::Connected { local, peer });
                });
            }
            Travelling::Closed { agent, connection } => self.with(agent, |ua, now| {
                ua.handle_stream(now, connection, StreamEvent::Closed);
            }),
        }
    }

    /// The next request that reached the scripted peer, within a minute of virtual time.
    pub fn next_request(&mut self) -> Request {
        self.next_request_within(secs(60))
    }

    pub fn next_response(&mut self) -> Response {
        match self.next_scripted() {
            Message::Response(response) => response,
            Message::Request(request) => panic!("a request instead of a response: {request:?}"),
        }
    }

    pub fn next_scripted(&mut self) -> Message {
        self.next_scripted_within(secs(60))
    }

    /// The next request that reached the scripted peer within this time.
    pub fn next_request_within(&mut self, time: Duration) -> Request {
        match self.next_scripted_within(time) {
            Message::Request(request) => request,
            Message::Response(response) => panic!("a response instead of a request: {response:?}"),
        }
    }

    fn next_scripted_within(&mut self, time: Duration) -> Message {
        let octets = self.next_octets_within(time);
        parse_datagram(&octets).unwrap()
    }

    /// The next message that reached the scripted peer, as it came.
    pub fn next_octets(&mut self) -> Vec<u8> {
        self.next_octets_within(secs(60))
    }

    fn next_octets_within(&mut self, time: Duration) -> Vec<u8> {
        let end = self.now + time;
        while self.now < end {
            while let Some((_, _, bytes)) = self.scripted.pop_front() {
                // Keep-alives are no messages.
                if parse_datagram(&bytes).is_ok() {
                    return bytes;
                }
            }
            self.run(ms(5));
        }
        panic!(
            "nothing reached the scripted peer; the wire:\n{}",
            self.ladder()
        );
    }

    /// Nothing reaches the scripted peer for this long.
    pub fn expect_silence(&mut self, time: Duration) {
        self.run(time);
        let heard: Vec<_> = self
            .scripted
            .drain(..)
            .filter_map(|(_, _, bytes)| parse_datagram(&bytes).ok())
            .collect();
        assert!(heard.is_empty(), "unexpected: {heard:?}");
    }

    /// The wire as a ladder: `alice→bob INVITE`, one line a message.
    pub fn ladder(&self) -> String {
        self.ladder_lines().join("\n")
    }

    pub fn ladder_lines(&self) -> Vec<String> {
        self.wire
            .iter()
            .map(|seen| {
                let what = match &seen.message {
                    Message::Request(request) => request.method.to_string(),
                    Message::Response(response) => {
                        format!("{} ({})", response.status, response.cseq.method)
                    }
                };
                format!("{}→{} {what}", self.name(seen.from), self.name(seen.to))
            })
            .collect()
    }

    /// The wire with times, numbers and directions, for people who look for a fault.
    pub fn transcript(&self) -> String {
        let line = |seen: &Seen| {
            let (what, cseq, body) = match &seen.message {
                Message::Request(r) => (r.method.to_string(), &r.cseq, &r.body),
                Message::Response(r) => (r.status.to_string(), &r.cseq, &r.body),
            };
            let body = String::from_utf8_lossy(body);
            let direction = body.lines().filter_map(|line| line.strip_prefix("a="));
            let direction: Vec<_> = direction
                .filter(|a| a.contains("send") || a.contains("recvonly"))
                .collect();
            let at = seen.at.as_millis();
            let (from, to) = (self.name(seen.from), self.name(seen.to));
            format!("{at:7} {from}→{to} {what} {cseq} {}", direction.join(" "))
        };
        self.wire.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn name(&self, address: SocketAddr) -> String {
        let agent = self.agents.iter().find(|agent| agent.address == address);
        agent.map_or_else(|| address.to_string(), |agent| agent.name.to_owned())
    }
}

/// Alice at 10.0.0.1 and Bob at 10.0.0.2, who call each other without a registrar.
pub fn pair() -> (World, AccountId) {
    pair_with(1)
}

pub fn pair_with(seed: u64) -> (World, AccountId) {
    let mut alice = Agent::new("alice", "10.0.0.1:5060", seed as u8);
    let bob = Agent::new("bob", "10.0.0.2:5060", (seed as u8).wrapping_add(100));
    let mut config = account("alice", "sip:10.0.0.1");
    config.register = false;
    let line = alice.ua.add_account(config);
    (World::with_seed(vec![alice, bob], seed), line)
}

pub const ALICE: usize = 0;
pub const BOB: usize = 1;

/// Alice alone, who may call the scripted peer without a registrar.
pub fn alone() -> (World, AccountId) {
    let mut alice = Agent::new("alice", "10.0.0.1:5060", 1);
    let mut config = account("alice", "sip:10.0.0.8");
    config.register = false;
    let line = alice.ua.add_account(config);
    (World::new(vec![alice]), line)
}
