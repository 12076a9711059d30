//! An internet in virtual time: two phones, NATs before them, and a server that speaks STUN and TURN.
#![allow(dead_code, clippy::unwrap_used, clippy::disallowed_methods)]

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use ringbook_media::ice::{
    GATHERING, IceCandidate, IceConfig, IceCredentials, IceSession, Loss, TurnServer,
};
use ringbook_media::signal;
use ringbook_media::stream::{Codec, Stream, StreamConfig};
use stun_types::attribute::XorMappedAddress;
use stun_types::message::{BINDING, Message, MessageClass, MessageWriteVec};
use stun_types::prelude::{MessageWrite as _, MessageWriteExt as _};
use turn_server_proto::api::{Transmit, TurnServerApi, TurnServerPollRet};
use turn_server_proto::server::TurnServer as Server;
use turn_server_proto::types::{Instant as ServerTime, TransportType::Udp};

/// One tick of a phone, and the time that a datagram takes.
pub const TICK: Duration = Duration::from_millis(20);

pub fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn server() -> SocketAddr {
    at("198.51.100.1:3478")
}

/// How a NAT treats what leaves and comes (RFC 4787 §4.1, §5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NatKind {
    /// One port outside for a port inside; who was not written to is not let in.
    PortRestricted,
    /// Another port outside for everyone who is written to.
    Symmetric,
}

struct Mapping {
    inside: SocketAddr,
    outside: SocketAddr,
    written_to: Vec<SocketAddr>,
}

/// A NAT; inside are the addresses that begin as `inside` does.
pub struct Nat {
    inside: [u8; 3],
    outside: IpAddr,
    kind: NatKind,
    mappings: Vec<Mapping>,
    next_port: u16,
}

impl Nat {
    fn is_inside(&self, address: SocketAddr) -> bool {
        matches!(address.ip(), IpAddr::V4(ip) if ip.octets()[..3] == self.inside)
    }

    fn outgoing(&mut self, from: SocketAddr, to: SocketAddr) -> SocketAddr {
        let symmetric = self.kind == NatKind::Symmetric;
        let fits = |known: &&mut Mapping| {
            known.inside == from && (!symmetric || known.written_to.contains(&to))
        };
        if let Some(known) = self.mappings.iter_mut().find(fits) {
            if !known.written_to.contains(&to) {
                known.written_to.push(to);
            }
            return known.outside;
        }
        self.next_port += 1;
        let outside = SocketAddr::new(self.outside, self.next_port);
        let (inside, written_to) = (from, vec![to]);
        self.mappings.push(Mapping {
            inside,
            outside,
            written_to,
        });
        outside
    }

    fn incoming(&self, from: SocketAddr, to: SocketAddr) -> Option<SocketAddr> {
        let fits = |known: &&Mapping| known.outside == to && known.written_to.contains(&from);
        self.mappings.iter().find(fits).map(|known| known.inside)
    }

    /// Forgets everything, as a restarted router does.
    pub fn forget(&mut self) {
        self.mappings.clear();
    }
}

pub struct Phone {
    pub stream: Stream,
    pub address: SocketAddr,
    pub candidates: Option<Vec<IceCandidate>>,
    /// What it has noticed when nothing came any more.
    pub losses: Vec<Loss>,
    /// How many ticks it took to know them.
    pub gathered_after: usize,
    /// Power of what it heard on each tick.
    pub heard: Vec<f32>,
    /// Whom it has sent to, and how many octets.
    pub sent: Vec<(SocketAddr, usize)>,
    /// Its cable is in.
    pub is_plugged: bool,
}

impl Phone {
    fn new(seed: u64, address: SocketAddr) -> Self {
        Self {
            stream: Stream::new(seed, format!("phone {seed}")),
            address,
            candidates: None,
            losses: Vec::new(),
            gathered_after: 0,
            heard: Vec::new(),
            sent: Vec::new(),
            is_plugged: true,
        }
    }

    /// Whether it heard something on each of the last ticks but a few.
    pub fn hears(&self, ticks: usize) -> bool {
        let last = &self.heard[self.heard.len() - ticks..];
        last.iter().filter(|power| **power > 0.01).count() * 10 >= ticks * 9
    }
}

pub struct Internet {
    pub start: Instant,
    pub ticks: usize,
    pub phones: [Phone; 2],
    pub nats: Vec<Nat>,
    pub has_server: bool,
    turn: Server,
    relays: Vec<SocketAddr>,
    under_way: VecDeque<(SocketAddr, SocketAddr, Vec<u8>)>,
}

pub const ALICE: usize = 0;
pub const BOB: usize = 1;

impl Internet {
    pub fn new(alice: &str, bob: &str) -> Self {
        let mut turn = Server::new(Udp, server(), "office.example".to_owned());
        turn.add_user("agent".to_owned(), "secret".to_owned());
        Self {
            start: Instant::now(),
            ticks: 0,
            phones: [Phone::new(1, at(alice)), Phone::new(2, at(bob))],
            nats: Vec::new(),
            has_server: true,
            turn,
            relays: Vec::new(),
            under_way: VecDeque::new(),
        }
    }

    /// Alice in 10.0.1.0/24 and Bob in 10.0.2.0/24, each behind a NAT.
    pub fn behind_nats(kind: NatKind) -> Self {
        let mut net = Self::new("10.0.1.5:40000", "10.0.2.5:40000");
        for (inside, outside) in [([10, 0, 1], "203.0.113.1"), ([10, 0, 2], "203.0.113.2")] {
            net.nats.push(Nat {
                inside,
                outside: outside.parse().unwrap(),
                kind,
                mappings: Vec::new(),
                next_port: 50_000,
            });
        }
        net
    }

    pub fn now(&self) -> Instant {
        self.start + TICK * self.ticks as u32
    }

    fn server_time(&self) -> ServerTime {
        ServerTime::from_nanos((TICK * self.ticks as u32).as_nanos() as i64)
    }

    /// Both look for candidates until they know them.
    pub fn gather(&mut self, stun: bool, turn: bool) {
        for phone in [ALICE, BOB] {
            self.begin_gathering(phone, stun, turn);
        }
        for _ in 0..50 {
            self.tick();
        }
    }

    pub fn begin_gathering(&mut self, phone: usize, stun: bool, turn: bool) {
        let now = self.now();
        let turn_server = TurnServer {
            address: server(),
            user: "agent".to_owned(),
            password: "secret".to_owned(),
        };
        let phone = &mut self.phones[phone];
        phone.candidates = None;
        let config = IceConfig {
            host: phone.address,
            others: Vec::new(),
            stun: stun.then(server),
            turn: turn.then_some(turn_server),
            deadline: now + GATHERING,
        };
        let (from, mut out) = (phone.address, Vec::new());
        let transmit = &mut |to, datagram: &[u8]| out.push((from, to, datagram.to_vec()));
        phone.stream.gather(now, config, transmit);
        phone.gathered_after = 0;
        self.under_way.extend(out);
    }

    /// Both know each other's candidates, and talk.
    pub fn connect(&mut self, name: &str) {
        for (here, there) in [(ALICE, BOB), (BOB, ALICE)] {
            let config = self.config(name, here, there);
            let now = self.now();
            self.phones[here].stream.configure(now, config).unwrap();
        }
    }

    pub fn config(&self, name: &str, here: usize, there: usize) -> StreamConfig {
        let credentials = |phone| IceCredentials {
            ufrag: format!("{name}{phone}"),
            password: format!("password-of-the-phone-{name}{phone}"),
        };
        let candidates = self.phones[there].candidates.clone().unwrap();
        let remote = self.phones[there].address;
        StreamConfig {
            remote_rtcp: remote,
            rtcp_mux: true,
            ice: Some(Box::new(IceSession {
                controlling: here == ALICE,
                local: credentials(here),
                remote: credentials(there),
                candidates,
            })),
            ..StreamConfig::plain(Codec::Pcmu, 0, remote)
        }
    }

    pub fn run(&mut self, seconds: f32) {
        for _ in 0..(seconds * 50.0) as usize {
            self.tick();
        }
    }

    pub fn tick(&mut self) {
        self.ticks += 1;
        let now = self.now();
        for (from, to, datagram) in std::mem::take(&mut self.under_way) {
            self.arrive(now, from, to, &datagram);
        }
        for phone in 0..self.phones.len() {
            self.serve(now, phone);
        }
    }

    fn serve(&mut self, now: Instant, phone: usize) {
        let phone = &mut self.phones[phone];
        let mut out = Vec::new();
        let mut transmit = |to, datagram: &[u8]| out.push((to, datagram.to_vec()));
        phone.stream.poll_ice(now, &mut transmit);
        if let Some(candidates) = phone.stream.take_candidates(now) {
            phone.candidates = Some(candidates);
        }
        phone.losses.extend(phone.stream.take_loss(now));
        phone.gathered_after += usize::from(phone.candidates.is_none());
        phone.stream.poll_dtls(now, &mut transmit);
        let mut frame = vec![0.0; phone.stream.frame_len()];
        phone.stream.pull(now, &mut frame);
        phone.heard.push(signal::power(&frame));
        let voice = signal::tone(8_000, 440.0, 0.3, frame.len());
        phone.stream.push(now, &voice, &mut transmit);
        phone.stream.poll_rtcp(now, &mut transmit);
        let (from, is_plugged) = (phone.address, phone.is_plugged);
        for (to, datagram) in out {
            phone.sent.push((to, datagram.len()));
            if is_plugged {
                self.under_way.push_back((from, to, datagram));
            }
        }
    }

    /// A datagram of anybody's arrives with the next tick.
    pub fn send(&mut self, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        self.under_way.push_back((from, to, datagram.to_vec()));
    }

    fn arrive(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        let local = |nat: &Nat| nat.is_inside(from) && nat.is_inside(to);
        let from = match self.nats.iter_mut().find(|nat| nat.is_inside(from)) {
            Some(nat) if !local(nat) => nat.outgoing(from, to),
            _ => from,
        };
        let to = match self.nats.iter().find(|nat| nat.outside == to.ip()) {
            Some(nat) => match nat.incoming(from, to) {
                Some(inside) => inside,
                None => return,
            },
            // From outside nobody reaches what is inside.
            None if self
                .nats
                .iter()
                .any(|nat| nat.is_inside(to) && !nat.is_inside(from)) =>
            {
                return;
            }
            None => to,
        };
        if to == server() || self.relays.contains(&to) {
            return self.arrive_at_server(now, from, to, datagram);
        }
        let phone = self.phones.iter_mut().find(|phone| phone.address == to);
        if let Some(phone) = phone.filter(|phone| phone.is_plugged) {
            phone.stream.handle_rtp(now, from, datagram);
        }
    }

    fn arrive_at_server(
        &mut self,
        now: Instant,
        from: SocketAddr,
        to: SocketAddr,
        datagram: &[u8],
    ) {
        if !self.has_server {
            return;
        }
        if to == server()
            && let Some(answer) = binding(from, datagram)
        {
            return self.arrive(now, to, from, &answer);
        }
        let time = self.server_time();
        let answer = self
            .turn
            .recv(Transmit::new(datagram.to_vec(), Udp, from, to), time);
        let mut out: Vec<_> = answer.into_iter().map(|answer| answer.build()).collect();
        while let TurnServerPollRet::AllocateSocket {
            listen_addr,
            client_addr,
            family,
            ..
        } = self.turn.poll(time)
        {
            let relay = SocketAddr::new(server().ip(), 60_000 + self.relays.len() as u16);
            self.relays.push(relay);
            self.turn
                .allocated_socket(Udp, listen_addr, client_addr, Udp, family, Ok(relay), time);
        }
        out.extend(std::iter::from_fn(|| self.turn.poll_transmit(time)));
        for datagram in out {
            self.arrive(now, datagram.from, datagram.to, &datagram.data);
        }
    }
}

/// The answer to a Binding request (RFC 8489 §3), which the library sends to itself.
fn binding(from: SocketAddr, datagram: &[u8]) -> Option<Vec<u8>> {
    let request = Message::from_bytes(datagram).ok()?;
    if !request.has_method(BINDING) || !request.has_class(MessageClass::Request) {
        return None;
    }
    let mut answer = Message::builder_success(&request, MessageWriteVec::new());
    let seen = XorMappedAddress::new(from, request.transaction_id());
    answer.add_attribute(&seen).unwrap();
    answer.add_fingerprint().unwrap();
    Some(answer.finish())
}
