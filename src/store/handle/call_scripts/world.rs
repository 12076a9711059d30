//! A phone whose program may be killed, a network that loses, repeats and delays, and time that is an
//! argument.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use ringbook_media::engine::{MediaCommand, MediaEvent};
use ringbook_media::stream::StreamStats;
use ringbook_sip::message::{Message, Method, parse_datagram};
use ringbook_sip::resolve::ResolveError;

use super::chance::Chance;
use super::disk::Disk;
use super::others::Others;
use crate::app::{App, Input, Output, RequestId};
use crate::automation::{Body, Ready};
use crate::model::{CallId, Direction};
use crate::now::Now;
use crate::phone::PhoneConfig;
use crate::phone::command::{Command, CommandError, Reply};
use crate::phone::effect::Effect;
use crate::settings::Settings;

pub const PHONE: &str = "127.0.0.1:5060";
pub const OTHERS: &str = "127.0.0.2:5060";

/// A call as somebody outside the program sees it: the other party's number, which no other call of the
/// world has.
#[derive(Debug, Clone)]
pub struct Seen {
    pub number: String,
    pub direction: Direction,
    /// Which run of the program saw it.
    pub run: u32,
    pub at: Instant,
    /// It asks for the place of another call.
    replaces: bool,
    /// There was no such call, so that it is none either (RFC 3891 §3).
    pub refused: bool,
}

/// How the network and the computer behave.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// Of a hundred datagrams so many are lost, and so many come twice.
    pub lost: u64,
    pub doubled: u64,
    /// The longest that a commit takes, in milliseconds.
    pub disk: u64,
    /// The clock on the wall is set while calls go on.
    pub clock_jumps: bool,
    /// Of a hundred calls so many find no ports for their sound.
    pub portless: u64,
    /// The media thread never says that a stream is closed.
    pub deaf: bool,
}

pub struct World<'d> {
    app: Option<App>,
    settings: Settings,
    pub disk: &'d mut Disk,
    pub others: Others,
    pub chance: Chance,
    pub weather: Weather,
    /// Which run of the program it is.
    pub run: u32,
    /// Of each run that was killed, since when rows may not have been on disk.
    pub killed: BTreeMap<u32, Instant>,
    /// INVITEs that the phone has heard or sent, each once.
    pub seen: BTreeMap<(u32, String), Seen>,
    /// Numbers that the phone said it would call: to whoever dialled, or to whoever sent it there.
    pub promised: Vec<Seen>,
    /// Whom a REFER wants called, by its Call-ID and number.
    referred: BTreeMap<(String, u32), String>,
    /// The calls that are up, by the other party's number.
    pub calls: BTreeMap<String, CallId>,
    reply: Option<Result<Reply, CommandError>>,
    exited: bool,
    pub begin: Instant,
    pub now: Instant,
    wall: Timestamp,
    travelling: VecDeque<(Instant, Travelling)>,
    app_wake: Option<Instant>,
}

enum Travelling {
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    Media(u32, MediaEvent),
}

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

impl<'d> World<'d> {
    pub fn new(seed: u64, settings: Settings, weather: Weather, disk: &'d mut Disk) -> Self {
        let begin = disk.began();
        let mut world = Self {
            app: None,
            settings,
            disk,
            others: Others::new(seed),
            chance: Chance(seed),
            weather,
            run: 0,
            killed: BTreeMap::new(),
            seen: BTreeMap::new(),
            promised: Vec::new(),
            referred: BTreeMap::new(),
            calls: BTreeMap::new(),
            reply: None,
            exited: false,
            begin,
            now: begin,
            wall: "2026-11-22T09:05:07Z".parse().unwrap(),
            travelling: VecDeque::new(),
            app_wake: None,
        };
        world.start();
        world
    }

    fn start(&mut self) {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.chance.next().to_le_bytes());
        self.app = Some(App::new(PhoneConfig {
            settings: self.settings.clone(),
            seed,
            country: None,
            time_zone: jiff::tz::TimeZone::UTC,
            recordings: PathBuf::from("/recordings"),
            instance_id: String::new(),
        }));
        let udp = vec![address(PHONE)];
        self.input(Input::Start(Ready {
            udp,
            ..Ready::default()
        }));
    }

    /// Ends every call that is up, and says how many there were.
    pub fn hang_up_all(&mut self) -> usize {
        self.command(Command::Calls);
        let Some(Ok(Reply::Calls(calls))) = self.reply.take() else {
            return 0;
        };
        for call in &calls {
            self.command(Command::Hangup(call.id));
        }
        calls.len()
    }

    fn now(&self) -> Now {
        Now {
            instant: self.now,
            wall: self.wall + (self.now - self.begin),
        }
    }

    /// Somebody sets the clock, or a time server does.
    pub fn set_clock(&mut self, by: SignedDuration) {
        self.wall += by;
    }

    /// The program is killed, and started again a little later.
    pub fn crash(&mut self, pause: Duration) {
        let behind = self.disk.behind_since(self.now, self.weather.disk);
        self.killed.insert(self.run, behind);
        self.app = None;
        self.begin_anew(pause);
    }

    /// The program is asked to end, does so, and is started again.
    pub fn restart(&mut self, pause: Duration) {
        self.command(Command::Quit);
        while !self.exited {
            self.run(Duration::from_millis(50));
        }
        self.app = None;
        self.disk.flush(self.now);
        let open = self
            .disk
            .rows()
            .into_iter()
            .filter(|row| row.ended_at.is_none());
        assert_eq!(open.count(), 0, "a clean end leaves no row open");
        self.begin_anew(pause);
    }

    fn begin_anew(&mut self, pause: Duration) {
        let terms = self.settings.task_terms();
        self.exited = false;
        self.calls.clear();
        self.app_wake = None;
        self.disk.crash(self.now, terms);
        self.run(pause);
        let open = self
            .disk
            .rows()
            .into_iter()
            .filter(|row| row.ended_at.is_none());
        assert_eq!(open.count(), 0, "the next start leaves no row open");
        self.run += 1;
        self.start();
    }

    pub fn command(&mut self, command: Command) {
        let dialled = match &command {
            Command::Dial { target, .. } => Some(target.clone()),
            _ => None,
        };
        let request = RequestId(1);
        self.input(Input::Command { request, command });
        // What was refused was not dialled, and has no row.
        if let (Some(number), Some(Ok(Reply::Dialed { call }))) = (dialled, &self.reply) {
            self.calls.insert(number.clone(), *call);
            self.promise(number);
        }
    }

    fn promise(&mut self, number: String) {
        self.promised.push(Seen {
            number,
            direction: Direction::Outgoing,
            run: self.run,
            at: self.now,
            replaces: false,
            refused: false,
        });
    }

    fn input(&mut self, input: Input<'_>) {
        let now = self.now();
        if let Some(app) = &mut self.app {
            app.handle_input(now, input);
            self.drain_app();
        }
    }

    fn drain_app(&mut self) {
        while let Some(app) = &mut self.app {
            match app.poll_output() {
                Output::Transmit(transmit) => {
                    self.note_sent(&transmit.bytes);
                    self.send(address(PHONE), transmit.remote, transmit.bytes);
                }
                Output::Effect(effect) => self.carry_out(effect),
                Output::Event(event) => self.note(event.body),
                Output::Reply { answer, .. } => self.reply = Some(answer),
                Output::View(_) => {}
                Output::Timeout(at) => {
                    self.app_wake = at;
                    return;
                }
            }
        }
    }

    fn note(&mut self, body: Body) {
        if let Body::Call(call) = body
            && let Some(number) = call.number
        {
            self.calls.insert(number.e164().to_owned(), call.call);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Resolve { query, .. } => {
                let answer = Err(ResolveError::NotFound);
                self.feed(Input::Resolved { query, answer });
            }
            Effect::BindMedia { call, .. } => {
                let result = match self.chance.below(100) < self.weather.portless {
                    true => Err(std::io::ErrorKind::AddrInUse),
                    false => Ok((40_000, 40_001)),
                };
                self.feed(Input::MediaBound {
                    call,
                    result,
                    fingerprint: None,
                });
            }
            Effect::Store(command) => self.disk.submit(command),
            Effect::Media(MediaCommand::Close { stream }) if !self.weather.deaf => {
                let stats = self.sound();
                let closed = MediaEvent::Closed { stream, stats };
                self.travel(
                    Duration::from_millis(1),
                    Travelling::Media(self.run, closed),
                );
            }
            Effect::Exit => self.exited = true,
            _ => {}
        }
    }

    /// As the driver does while it carries effects out: what this leads to is drained with the rest.
    fn feed(&mut self, input: Input<'_>) {
        let now = self.now();
        if let Some(app) = &mut self.app {
            app.handle_input(now, input);
        }
    }

    fn sound(&mut self) -> StreamStats {
        StreamStats {
            codec: None,
            packets_sent: 100,
            packets_received: 98 * self.chance.below(2),
            lost: 2,
            late: 0,
            duplicates: 0,
            concealed: 2,
            recovered: 0,
            jitter_ms: 1.5,
            rtt_ms: None,
            delay_ms: 20.0,
            remote_lost: 0,
            remote_loss: 0.0,
            remote_jitter_ms: 0.0,
            mos: 4.25,
            mos_listening: 4.4,
            burst_ratio: 1.0,
            remote_opinion: None,
            path: None,
        }
    }

    fn travel(&mut self, delay: Duration, what: Travelling) {
        let at = self.now + delay;
        let place = self.travelling.partition_point(|(other, _)| *other <= at);
        self.travelling.insert(place, (at, what));
    }

    /// Whoever listens at the phone's wire: the first INVITE of a call of ours.
    fn note_sent(&mut self, bytes: &[u8]) {
        match parse_datagram(bytes) {
            Ok(Message::Request(request))
                if request.method == Method::Invite && request.to.tag().is_none() =>
            {
                let number = request.uri.user().unwrap_or_default().into_owned();
                self.see(request.call_id, number, Direction::Outgoing);
            }
            // RFC 3515 §2.4.4: it will call, whatever comes of it.
            Ok(Message::Response(response))
                if response.status == 202 && response.cseq.method == Method::Refer =>
            {
                let refer = (response.call_id, response.cseq.seq);
                if let Some(number) = self.referred.remove(&refer) {
                    self.promise(number);
                }
            }
            Ok(Message::Response(response))
                if response.status >= 300 && response.cseq.method == Method::Invite =>
            {
                let seen = self.seen.get_mut(&(self.run, response.call_id));
                if let Some(seen) = seen.filter(|seen| seen.replaces) {
                    seen.refused |= matches!(response.status, 403 | 481 | 486 | 603);
                }
            }
            _ => {}
        }
    }

    fn note_heard(&mut self, message: &Message) {
        if let Message::Request(request) = message
            && request.method == Method::Refer
            && let Some(target) = request.headers.addresses("Refer-To").first()
        {
            let number = target.uri.user().unwrap_or_default().into_owned();
            let refer = (request.call_id.clone(), request.cseq.seq);
            self.referred.insert(refer, number);
        }
        if let Message::Request(request) = message
            && request.method == Method::Invite
            && request.to.tag().is_none()
        {
            let number = request.from.uri.user().unwrap_or_default().into_owned();
            let seen = self.see(request.call_id.clone(), number, Direction::Incoming);
            seen.replaces = request.headers.has("Replaces");
        }
    }

    fn see(&mut self, call_id: String, number: String, direction: Direction) -> &mut Seen {
        let (run, at) = (self.run, self.now);
        self.seen.entry((run, call_id)).or_insert(Seen {
            number,
            direction,
            run,
            at,
            replaces: false,
            refused: false,
        })
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if self.chance.below(100) < self.weather.lost {
            return;
        }
        let copies = 1 + u64::from(self.chance.below(100) < self.weather.doubled);
        for _ in 0..copies {
            let delay = Duration::from_millis(1 + self.chance.below(8));
            let bytes = bytes.clone();
            self.travel(delay, Travelling::Datagram { from, to, bytes });
        }
    }

    /// Lets this much time go by.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.drain_others();
        loop {
            let travelling = self.travelling.front().map(|(at, _)| *at);
            let disk = self.disk.due();
            let app = self.app_wake.filter(|_| self.app.is_some());
            let next = [travelling, app, disk, self.others.wake]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next.filter(|next| *next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            if disk.is_some_and(|at| at <= self.now) {
                self.step_disk();
            } else if travelling.is_some_and(|at| at <= self.now) {
                if let Some((_, what)) = self.travelling.pop_front() {
                    self.arrive(what);
                }
            } else if app.is_some_and(|at| at <= self.now) {
                self.input(Input::Timeout);
            } else {
                self.others.timeout(self.now);
            }
            self.drain_others();
        }
        self.now = end;
    }

    fn step_disk(&mut self) {
        let slow = Duration::from_millis(self.chance.below(self.weather.disk + 1));
        self.disk.step(self.now, slow);
        for reply in self.disk.replies() {
            self.input(Input::Stored(reply));
        }
    }

    fn drain_others(&mut self) {
        for (to, bytes) in self.others.drain(self.now) {
            self.send(address(OTHERS), to, bytes);
        }
    }

    fn arrive(&mut self, what: Travelling) {
        match what {
            Travelling::Datagram { from, to, bytes } if to == address(PHONE) => {
                let Ok(message) = parse_datagram(&bytes) else {
                    return;
                };
                if self.app.is_some() {
                    self.note_heard(&message);
                    self.input(Input::Datagram {
                        local: to,
                        source: from,
                        bytes: &bytes,
                    });
                }
            }
            Travelling::Datagram { from, bytes, .. } => {
                self.others.datagram(self.now, from, &bytes);
            }
            Travelling::Media(run, event) if run == self.run => self.input(Input::Media(event)),
            Travelling::Media(..) => {}
        }
    }
}
