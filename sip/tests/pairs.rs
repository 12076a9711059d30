//! Alice, Bob and Carol over a network that loses, doubles and reorders, through random scripts:
//! in the end both sides of every call know the same, and nobody holds on to anything.

use crate::support;

use std::collections::BTreeMap;

use ringbook_sip::sdp::{Direction, MediaPlan};
use ringbook_sip::user_agent::{AccountId, CallHandle, Config, Event, Load};
use support::*;

const SCRIPTS: u64 = 10_000;
const ADDRESSES: [&str; 3] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];

/// What an agent's program knows of its calls.
#[derive(Default)]
struct Book {
    /// The events that are read already.
    read: usize,
    ringing: Vec<CallHandle>,
    talking: BTreeMap<CallHandle, MediaPlan>,
    /// Our port of each call.
    ports: BTreeMap<CallHandle, u16>,
    known: usize,
    ended: usize,
}

/// How often what happened, so that the scripts are known to reach it.
type Tally = BTreeMap<&'static str, usize>;

struct Play {
    world: World,
    lines: [AccountId; 3],
    books: [Book; 3],
    port: u16,
    tally: Tally,
}

/// Both ends of one dialog agree on who may send.
fn mirror(direction: Direction) -> Direction {
    match direction {
        Direction::SendOnly => Direction::RecvOnly,
        Direction::RecvOnly => Direction::SendOnly,
        other => other,
    }
}

impl Play {
    /// Each of the three takes the one before it for its own proxy: so Bob follows Alice's
    /// REFERs, and Carol lets Bob take over a call of hers.
    fn begin(seed: u64) -> Play {
        let names = ["alice", "bob", "carol"];
        let short = seed.is_multiple_of(2);
        let mut lines = Vec::new();
        let mut agents = Vec::new();
        for (at, name) in names.into_iter().enumerate() {
            let config = Config {
                session_expires: if short { secs(90) } else { secs(1800) },
                follow_redirects: true,
                ..Config::default()
            };
            let address = format!("{}:5060", ADDRESSES[at]);
            let mark = (seed as u8).wrapping_add(at as u8 * 85);
            let mut agent = Agent::with_config(name, &address, mark, config);
            let before = ADDRESSES[(at + 2) % 3];
            let mut line = account(name, &format!("sip:{before}"));
            line.register = false;
            lines.push(agent.ua.add_account(line));
            agents.push(agent);
        }
        Play {
            world: World::with_seed(agents, seed),
            lines: [lines[0], lines[1], lines[2]],
            books: Default::default(),
            port: 4000,
            tally: Tally::new(),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    fn next_port(&mut self) -> u16 {
        self.port += 2;
        self.port
    }

    /// Lets time pass, and the three programs do what every program does.
    fn run(&mut self, time: std::time::Duration) {
        let end = self.world.now + time;
        while self.world.now < end {
            let step = (end - self.world.now).min(ms(250));
            self.world.run(step);
            for side in 0..3 {
                self.read(side);
            }
        }
    }

    fn read(&mut self, side: usize) {
        while let Some(event) = self.world.agents[side].events.get(self.books[side].read) {
            let event = event.clone();
            self.books[side].read += 1;
            self.heed(side, event);
        }
    }

    fn heed(&mut self, side: usize, event: Event) {
        let book = &mut self.books[side];
        match event {
            Event::Incoming { call, replaces, .. } => {
                book.known += 1;
                book.ringing.push(call);
                // Half of the calls are answered by somebody who sits beside the phone.
                if replaces.is_some() || self.world.roll(2) == 0 {
                    self.answer(side, call);
                }
                if replaces.is_some() {
                    self.count("replaced");
                }
            }
            Event::Established { call, media } => {
                book.ringing.retain(|ringing| *ringing != call);
                let before = book.talking.insert(call, media);
                assert!(before.is_none(), "established twice");
                self.count("established");
            }
            Event::MediaChanged { call, media } => {
                if let Some(known) = book.talking.get_mut(&call) {
                    *known = media;
                    self.count("changed");
                }
            }
            Event::Ended { call, .. } => {
                book.ended += 1;
                book.ringing.retain(|ringing| *ringing != call);
                book.talking.remove(&call);
            }
            Event::TransferAsked { call, attended, .. } => {
                self.count(if attended { "attended" } else { "blind" });
                let port = self.next_port();
                let follows = self.world.roll(4) > 0;
                let made = self.world.with(side, |ua, now| {
                    if !follows {
                        let _ = ua.refuse_transfer(now, call, 603);
                        return None;
                    }
                    ua.accept_transfer(now, call).ok()?;
                    ua.follow_transfer(now, call, media(port)).ok()
                });
                if let Some(call) = made {
                    self.books[side].known += 1;
                    self.books[side].ports.insert(call, port);
                }
            }
            Event::Transfer { call, status, done } => {
                if done && (200..300).contains(&status) {
                    self.count("transferred");
                    let _ = self.world.with(side, |ua, now| ua.hangup(now, call));
                } else if done {
                    self.count("transfer failed");
                }
            }
            Event::Redirected { .. } => self.count("redirected"),
            _ => {}
        }
    }

    fn call(&mut self, from: usize, to: usize) {
        let port = self.next_port();
        let (line, name) = (self.lines[from], ["alice", "bob", "carol"][to]);
        let target = uri(&format!("sip:{name}@{}", ADDRESSES[to]));
        let call = self.world.with(from, |ua, now| {
            ua.invite(now, line, &target, media(port)).unwrap()
        });
        self.books[from].known += 1;
        self.books[from].ports.insert(call, port);
    }

    fn answer(&mut self, side: usize, call: CallHandle) {
        let port = self.next_port();
        // Early media go on under the port they began with.
        self.books[side].ports.entry(call).or_insert(port);
        let _ = self
            .world
            .with(side, |ua, now| ua.answer(now, call, media(port)));
    }

    fn step(&mut self) {
        let side = self.world.roll(3) as usize;
        let other = (side + 1 + self.world.roll(2) as usize) % 3;
        let book = &self.books[side];
        let ringing = book.ringing.last().copied();
        let talking: Vec<_> = book.talking.keys().copied().collect();
        let last = talking.last().copied();
        let calls = self.books.iter().map(|book| book.known).sum::<usize>();
        match (self.world.roll(100), ringing, last) {
            (0..25, ..) if calls < 8 => self.call(side, other),
            (25..32, Some(call), _) => {
                let _ = self.world.with(side, |ua, now| ua.ring(now, call));
            }
            (32..38, Some(call), _) => {
                let port = self.next_port();
                let early = self
                    .world
                    .with(side, |ua, now| ua.begin_media(now, call, media(port)));
                if early.is_ok() {
                    self.books[side].ports.insert(call, port);
                    self.count("early media");
                }
            }
            (38..58, Some(call), _) => self.answer(side, call),
            (58..60, Some(call), _) => {
                let _ = self.world.with(side, |ua, now| ua.reject(now, call, 486));
            }
            (60..62, Some(call), _) => {
                let target = uri(&format!(
                    "sip:{}@{}",
                    ["alice", "bob", "carol"][other],
                    ADDRESSES[other]
                ));
                let _ = self
                    .world
                    .with(side, |ua, now| ua.forward(now, call, &target));
            }
            (62..67, _, Some(call)) => {
                let _ = self.world.with(side, |ua, now| ua.hold(now, call));
            }
            (67..71, _, Some(call)) => {
                let _ = self.world.with(side, |ua, now| ua.resume(now, call));
            }
            (71..74, _, Some(call)) | (74..75, Some(call), _) => {
                let _ = self.world.with(side, |ua, now| ua.hangup(now, call));
            }
            (75..82, ..) => self.send_on(side),
            (82..93, ..) => self.connect_the_others(side),
            // Both change the call at one moment.
            (93..100, _, Some(_)) => {
                for side in 0..3 {
                    let call = self.books[side].talking.keys().next_back().copied();
                    let hold = self.world.roll(2) == 0;
                    let _ = call.map(|call| {
                        self.world.with(side, |ua, now| match hold {
                            true => ua.hold(now, call),
                            false => ua.resume(now, call),
                        })
                    });
                }
            }
            _ => {}
        }
        let pause = match self.world.roll(12) {
            0 => 20_000 + self.world.roll(80_000),
            _ => self.world.roll(1500),
        };
        self.run(ms(pause));
    }

    /// A call that stands with this one of the others.
    fn call_with(&self, side: usize, other: usize) -> Option<CallHandle> {
        let with = |plan: &MediaPlan| plan.remote_rtp.ip().to_string() == ADDRESSES[other];
        let mut talking = self.books[side].talking.iter();
        talking.find(|(_, plan)| with(plan)).map(|(call, _)| *call)
    }

    /// A blind transfer to the third.
    fn send_on(&mut self, side: usize) {
        let (next, third) = ((side + 1) % 3, (side + 2) % 3);
        let name = ["alice", "bob", "carol"][third];
        let target = uri(&format!("sip:{name}@{}", ADDRESSES[third]));
        if let Some(call) = self.call_with(side, next) {
            let _ = self
                .world
                .with(side, |ua, now| ua.refer(now, call, &target, None));
        }
    }

    /// An attended transfer, once there are two calls for one.
    fn connect_the_others(&mut self, side: usize) {
        let (next, third) = ((side + 1) % 3, (side + 2) % 3);
        match (self.call_with(side, next), self.call_with(side, third)) {
            (Some(call), Some(with)) => {
                let ignored = uri("sip:x@10.0.0.9");
                let _ = self
                    .world
                    .with(side, |ua, now| ua.refer(now, call, &ignored, Some(with)));
            }
            (Some(_), None) => self.call(side, third),
            (None, _) => self.call(side, next),
        }
    }

    /// Both sides of every call that stands know the same.
    fn assert_agreed(&self) {
        for (side, book) in self.books.iter().enumerate() {
            for (call, plan) in &book.talking {
                let ip = plan.remote_rtp.ip().to_string();
                let far = ADDRESSES.iter().position(|known| *known == ip).unwrap();
                let far = &self.books[far];
                let theirs = far.talking.iter().find(|(theirs, their_plan)| {
                    far.ports[theirs] == plan.remote_rtp.port()
                        && their_plan.remote_rtp.port() == book.ports[call]
                });
                let (_, theirs) =
                    theirs.unwrap_or_else(|| panic!("{side} talks to nobody: {plan:?}"));
                assert_eq!(plan.direction, mirror(theirs.direction), "who may send");
                assert_eq!(plan.codec, theirs.codec);
            }
        }
    }

    fn finish(mut self) -> Tally {
        // The weather clears; everything under way comes to its end.
        self.world.weather = Weather::default();
        self.run(secs(70));
        self.assert_agreed();
        // Whatever still stands is ended, by one side or the other.
        for side in 0..3 {
            let calls: Vec<_> = self.books[side].talking.keys().copied().collect();
            for call in calls.into_iter().skip(side % 2) {
                let _ = self.world.with(side, |ua, now| ua.hangup(now, call));
            }
            self.run(secs(1));
        }
        // Longer than any ring, any transfer and any transaction.
        self.world.run(secs(400));
        for side in 0..3 {
            self.read(side);
        }
        for (agent, book) in self.world.agents.iter().zip(&self.books) {
            assert_eq!(
                agent.ua.load(),
                Load::default(),
                "{} holds on to something",
                agent.name
            );
            assert!(book.talking.is_empty() && book.ringing.is_empty());
            assert_eq!(
                book.ended, book.known,
                "every call of {} ends once",
                agent.name
            );
        }
        for line in self.world.ladder_lines() {
            let what = [
                ("486 (INVITE)", "refused"),
                ("491 (INVITE)", "glares"),
                ("487 (INVITE)", "cancelled"),
                ("200 (PRACK)", "pracks"),
                ("200 (UPDATE)", "refreshes"),
            ];
            for (end, name) in what {
                if line.ends_with(end) {
                    self.count(name);
                }
            }
        }
        self.tally
    }
}

fn random_script(seed: u64) -> Tally {
    let mut play = Play::begin(seed);
    play.world.weather = Weather {
        loss: 20,
        duplication: 10,
        jitter_ms: play.world.roll(400),
    };
    for _ in 0..play.world.roll(15) + 5 {
        play.step();
    }
    play.finish()
}

#[test]
fn random_scripts_over_a_bad_network_end_alike_on_both_sides() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let only: Option<u64> = number("SEED");
    let scripts = number("SCRIPTS").unwrap_or(SCRIPTS);
    let seeds = only.map_or(0..scripts, |seed: u64| seed..seed + 1);
    let mut tally = Tally::new();
    for seed in seeds {
        let result = std::panic::catch_unwind(|| random_script(seed));
        let Ok(script) = result else {
            panic!("seed {seed} (again with SEED={seed})");
        };
        for (what, count) in script {
            *tally.entry(what).or_default() += count;
        }
    }
    eprintln!("{tally:?}");
    for what in [
        "established",
        "changed",
        "refused",
        "glares",
        "cancelled",
        "pracks",
        "refreshes",
        "early media",
        "blind",
        "attended",
        "replaced",
        "transferred",
        "transfer failed",
        "redirected",
    ] {
        let count = tally.get(what).copied().unwrap_or_default();
        assert!(
            only.is_some() || scripts < 1000 || count >= 100,
            "too tame: {what}"
        );
    }
}
