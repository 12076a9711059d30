//! One phone in an office, one caller outside, and everything between them.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ringbook::app::{App, Input, Output, RequestId};
use ringbook::automation::{Body, Event, Ready};
use ringbook::headset::Lamps;
use ringbook::model::{CallId, CallLine, CardSource, Facts, RecordingRow, SourceAnswer, TaskNews};
use ringbook::now::Now;
use ringbook::phone::PhoneConfig;
use ringbook::phone::command::{Command, CommandError, Reply};
use ringbook::phone::effect::Effect;
use ringbook::phone::view::{CallView, View};
use ringbook::settings::Settings;
use ringbook::store::{CallFilter, Store, StoreCommand, StoreReply};
use ringbook_media::engine::{MediaCommand, MediaEvent, RecordingState, StreamId, ToneTarget};
use ringbook_media::ice::{IceCandidate, IceCandidateKind};
use ringbook_media::recorder::Finished;
use ringbook_media::stream::StreamStats;
use ringbook_media::tone::Tone;
use ringbook_sip::message::{Message, Uri, parse_datagram};
use ringbook_sip::resolve::ResolveError;
use ringbook_sip::sdp::{
    Beside, Candidate, CandidateKind, Codec, Direction, LocalIce, LocalMedia, SrtpPolicy,
};
use ringbook_sip::user_agent::{self, AccountConfig, AccountId, CallHandle, Transport, UserAgent};
use serde_json::Value;

pub const PHONE: &str = "127.0.0.1:5060";
pub const PEER: &str = "127.0.0.2:5060";
/// The line of the phone. Its domain is the peer, so that short numbers go there.
pub const LINE: &str = "sip:101@127.0.0.2:5060";

/// Settings with one line that does not register.
pub fn settings(more: &str) -> Settings {
    let text = format!(
        "[[account]]\naor = \"{LINE}\"\nregister = false\npassword = \"secret\"\n\
         extension = \"101\"\ncompany = \"Alfa LLC\"\ncountry = \"KZ\"\n\
         [sip]\nbind = \"127.0.0.1\"\n{more}"
    );
    Settings::parse(&text, Path::new("settings.toml")).unwrap()
}

/// What a source says, or why it says nothing.
pub type Said = Result<Option<String>, String>;

/// Says after which time a source says what.
pub type Say = fn(&CardSource, &Facts) -> (Duration, Said);

pub struct Office {
    pub app: App,
    pub store: Store,
    pub peer: UserAgent,
    pub peer_account: AccountId,
    pub heard: Vec<user_agent::Event>,
    pub events: Vec<Value>,
    pub effects: Vec<String>,
    /// What headsets were shown.
    pub lamps: Vec<Lamps>,
    pub view: Option<std::sync::Arc<View>>,
    /// Everything that went over the network: when, from whom, what.
    pub wire: Vec<(Duration, SocketAddr, Message)>,
    pub exited: bool,
    /// The media thread does not answer.
    pub deaf_media: bool,
    /// What the network did to a call's sound.
    pub sound: StreamStats,
    /// The store answers look-ups only so much later.
    pub slow_lookup: Duration,
    /// Whether the peer encrypts its calls.
    pub peer_srtp: SrtpPolicy,
    /// The streams of the conference, as the media thread was told last.
    pub joined: Vec<StreamId>,
    /// The streams that were connected with each other, in their order.
    pub patched: Vec<[StreamId; 2]>,
    /// What sounds where the phone rings.
    pub bell: Option<Tone>,
    /// The sound file that rings there.
    pub ring_file: Option<PathBuf>,
    /// What was to sound where calls are heard, in its order.
    pub tones: Vec<Option<Tone>>,
    /// Whether the peer speaks ICE.
    pub peer_ice: bool,
    /// The addresses of a call's sound are known so much later.
    pub gathering: Duration,
    /// What sources outside the store say, and after which time.
    pub sources: Say,
    /// The network swallows what this says yes to.
    pub lose: fn(&Message) -> bool,
    begin: Instant,
    now: Instant,
    travelling: VecDeque<(Instant, Travelling)>,
    app_wake: Option<Instant>,
    peer_wake: Option<Instant>,
    recordings: BTreeMap<StreamId, PathBuf>,
    replies: BTreeMap<RequestId, Result<Reply, CommandError>>,
    last_request: u64,
}

enum Travelling {
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    Stored(StoreReply),
    Sourced(SourceAnswer),
    Media(MediaEvent),
}

impl Office {
    pub fn open(settings: Settings) -> Self {
        let config = PhoneConfig {
            settings,
            seed: [7; 32],
            country: None,
            time_zone: jiff::tz::TimeZone::UTC,
            recordings: PathBuf::from("/recordings"),
            instance_id: String::new(),
        };
        let mut peer = UserAgent::new(patient(), [9; 32]);
        peer.add_listener(Transport::Udp, PEER.parse().unwrap());
        let peer_account = peer.add_account(peer_account("200"));
        let now = Instant::now();
        let mut office = Self {
            app: App::new(config),
            store: Store::in_memory().unwrap(),
            peer,
            peer_account,
            heard: Vec::new(),
            events: Vec::new(),
            effects: Vec::new(),
            lamps: Vec::new(),
            view: None,
            wire: Vec::new(),
            exited: false,
            deaf_media: false,
            sound: stats(),
            slow_lookup: Duration::ZERO,
            peer_srtp: SrtpPolicy::Off,
            joined: Vec::new(),
            patched: Vec::new(),
            bell: None,
            ring_file: None,
            tones: Vec::new(),
            peer_ice: false,
            gathering: Duration::from_millis(100),
            sources: |_, _| (Duration::ZERO, Ok(None)),
            lose: |_| false,
            begin: now,
            now,
            travelling: VecDeque::new(),
            app_wake: None,
            peer_wake: None,
            recordings: BTreeMap::new(),
            replies: BTreeMap::new(),
            last_request: 0,
        };
        let udp = vec![PHONE.parse().unwrap()];
        office.input(Input::Start(Ready {
            udp,
            ..Ready::default()
        }));
        office
    }

    fn now(&self) -> Now {
        let wall: Timestamp = "2026-11-22T09:05:07Z".parse().unwrap();
        Now {
            instant: self.now,
            wall: wall + (self.now - self.begin),
        }
    }

    /// Gives the phone a stimulus and does what it wants done.
    pub fn input(&mut self, input: Input<'_>) {
        let now = self.now();
        self.app.handle_input(now, input);
        self.drain_app();
    }

    fn drain_app(&mut self) {
        loop {
            match self.app.poll_output() {
                Output::Transmit(transmit) => {
                    let from = PHONE.parse().unwrap();
                    self.effects.push("transmit".to_owned());
                    self.send(from, transmit.remote, transmit.bytes);
                }
                Output::Effect(effect) => self.carry_out(effect),
                Output::Event(event) => self.note(&event),
                Output::Reply { request, answer } => drop(self.replies.insert(request, answer)),
                Output::View(view) => self.view = Some(view),
                Output::Timeout(at) => {
                    self.app_wake = at;
                    return;
                }
            }
        }
    }

    fn note(&mut self, event: &Event) {
        if matches!(event.body, Body::Call(_)) {
            self.effects.push("event".to_owned());
        }
        self.events
            .push(serde_json::from_str(&event.to_line()).unwrap());
    }

    fn drain_peer(&mut self) {
        loop {
            match self.peer.poll_output() {
                user_agent::Output::Transmit(transmit) => {
                    self.send(PEER.parse().unwrap(), transmit.remote, transmit.bytes);
                }
                user_agent::Output::Resolve { query, .. } => {
                    let now = self.now;
                    self.peer
                        .handle_resolved(now, query, Err(ResolveError::NotFound));
                }
                user_agent::Output::Event(event) => self.heard.push(event),
                user_agent::Output::Timeout(at) => {
                    self.peer_wake = at;
                    return;
                }
                other => panic!("the peer wants {other:?}"),
            }
        }
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if let Ok(message) = parse_datagram(&bytes) {
            let lost = (self.lose)(&message);
            self.wire.push((self.now - self.begin, from, message));
            if lost {
                return;
            }
        }
        self.travel(
            Duration::from_millis(1),
            Travelling::Datagram { from, to, bytes },
        );
    }

    fn travel(&mut self, delay: Duration, what: Travelling) {
        let at = self.now + delay;
        let place = self.travelling.partition_point(|(other, _)| *other <= at);
        self.travelling.insert(place, (at, what));
    }

    fn carry_out(&mut self, effect: Effect) {
        self.effects.push(name(&effect));
        match effect {
            Effect::Resolve { query, .. } => {
                let answer = Err(ResolveError::NotFound);
                self.app
                    .handle_input(self.now(), Input::Resolved { query, answer });
            }
            Effect::BindMedia { call, .. } => {
                let result = Ok((40_000, 40_001));
                self.app.handle_input(
                    self.now(),
                    Input::MediaBound {
                        call,
                        result,
                        fingerprint: None,
                    },
                );
            }
            Effect::Gather { stream, gathering } => {
                let port = gathering.port;
                let candidates = vec![candidate(IceCandidateKind::Host, "127.0.0.1", port)];
                let found = MediaEvent::Gathered { stream, candidates };
                self.travel(self.gathering, Travelling::Media(found));
            }
            Effect::Store(command) => self.ask_store(command),
            Effect::Headset(lamps) => self.lamps.push(lamps),
            Effect::AskSource {
                call,
                source,
                facts,
            } => {
                let (delay, value) = (self.sources)(&source, &facts);
                let name = source.name.clone();
                let answer = SourceAnswer {
                    call,
                    name,
                    facts,
                    value,
                };
                self.travel(delay, Travelling::Sourced(answer));
            }
            Effect::Media(command) if !self.deaf_media => self.play(command),
            Effect::Exit => self.exited = true,
            _ => {}
        }
    }

    fn ask_store(&mut self, command: StoreCommand) {
        let (delay, reply) = match command {
            StoreCommand::FindCaller {
                call,
                asked,
                layout,
            } => {
                let found = self
                    .store
                    .read(|r| Ok((r.look_up(&asked)?, Some(r.card_layout(&layout)?))));
                (self.slow_lookup, StoreReply::caller(call, found))
            }
            StoreCommand::RegisterCaller { call, asked, name } => {
                let found = self
                    .store
                    .write(|w| Ok((w.register_caller(&asked, &name)?, None)));
                (Duration::ZERO, StoreReply::caller(call, found))
            }
            StoreCommand::LinkCaller {
                request,
                call,
                asked,
            } => {
                let found = self.store.write(|w| w.link_caller(call, &asked));
                (Duration::ZERO, StoreReply::linked(request, call, found))
            }
            StoreCommand::SaveCaller {
                request,
                call,
                asked,
                fields,
            } => {
                let found = self.store.write(|w| w.save_caller(call, &asked, &fields));
                (Duration::ZERO, StoreReply::linked(request, call, found))
            }
            StoreCommand::NoteRead {
                call,
                client,
                note,
                by,
            } => {
                let written = self.store.write(|w| w.note_read(client, &note, &by));
                let written = written.map_err(|error| error.to_string());
                (Duration::ZERO, StoreReply::NoteRead { call, written })
            }
            StoreCommand::OpenCall(record) | StoreCommand::UpdateCall(record) => {
                self.store.write(|w| w.save_call(&record)).unwrap();
                (Duration::ZERO, done(record.call, Vec::new()))
            }
            StoreCommand::CloseCall {
                record,
                recordings,
                flight,
                tasks,
            } => {
                let all = |w: &mut ringbook::store::Writer<'_>| {
                    w.save_call(&record)?;
                    recordings
                        .iter()
                        .try_for_each(|row: &RecordingRow| w.save_recording(row))?;
                    let ended_at = record.last_seen_at;
                    flight
                        .iter()
                        .try_for_each(|landed| w.save_flight(record.call, ended_at, landed))?;
                    let news = tasks.map(|terms| w.follow_up(record.call, terms));
                    news.unwrap_or(Ok(Vec::new()))
                };
                let news = self.store.write(all).unwrap();
                (Duration::ZERO, done(record.call, news))
            }
        };
        self.travel(delay, Travelling::Stored(reply));
    }

    fn play(&mut self, command: MediaCommand) {
        let soon = Duration::from_millis(1);
        let mut told = Vec::new();
        match command {
            MediaCommand::RecordStart { stream, file, .. } => {
                self.recordings.insert(stream, file.clone());
                told.push(MediaEvent::Recording {
                    stream,
                    state: RecordingState::Started,
                    file,
                });
            }
            MediaCommand::RecordPause { stream } => {
                told.extend(self.tell(stream, RecordingState::Paused))
            }
            MediaCommand::RecordResume { stream } => {
                told.extend(self.tell(stream, RecordingState::Resumed));
            }
            MediaCommand::RecordStop { stream } => told.extend(self.finish(stream)),
            MediaCommand::Join(streams) => self.joined = streams,
            MediaCommand::Patch(streams) => self.patched.push(streams),
            MediaCommand::Tone {
                to: ToneTarget::Ring,
                tone,
            } => (self.bell, self.ring_file) = (tone, None),
            MediaCommand::RingFile { file, .. } => (self.bell, self.ring_file) = (None, Some(file)),
            MediaCommand::Tone {
                to: ToneTarget::Loudspeaker,
                tone,
            } => self.tones.push(tone),
            MediaCommand::Close { stream } => {
                told.push(MediaEvent::Closed {
                    stream,
                    stats: self.sound,
                });
                told.extend(self.finish(stream));
            }
            _ => {}
        }
        for event in told {
            self.travel(soon, Travelling::Media(event));
        }
    }

    fn tell(&self, stream: StreamId, state: RecordingState) -> Option<MediaEvent> {
        let file = self.recordings.get(&stream)?.clone();
        Some(MediaEvent::Recording {
            stream,
            state,
            file,
        })
    }

    fn finish(&mut self, stream: StreamId) -> Option<MediaEvent> {
        let finished = Finished {
            frames: 16_000,
            rate: 8_000,
            sha256: [1; 32],
            pauses: Vec::new(),
        };
        let told = self.tell(stream, RecordingState::Finished(finished));
        self.recordings.remove(&stream);
        told
    }

    /// Lets this much time go by.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.drain_peer();
        loop {
            let travelling = self.travelling.front().map(|(at, _)| *at);
            let next = [travelling, self.app_wake, self.peer_wake]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next.filter(|next| *next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            if travelling.is_some_and(|at| at <= self.now) {
                let (_, what) = self.travelling.pop_front().unwrap();
                self.arrive(what);
            } else if self.app_wake.is_some_and(|at| at <= self.now) {
                self.input(Input::Timeout);
            } else {
                self.peer.handle_timeout(self.now);
            }
            self.drain_peer();
        }
        self.now = end;
    }

    fn arrive(&mut self, what: Travelling) {
        match what {
            Travelling::Datagram { from, to, bytes }
                if to == PHONE.parse::<SocketAddr>().unwrap() =>
            {
                self.input(Input::Datagram {
                    local: to,
                    source: from,
                    bytes: &bytes,
                });
            }
            Travelling::Datagram { from, to, bytes }
                if to == PEER.parse::<SocketAddr>().unwrap() =>
            {
                let now = self.now;
                self.peer.handle_datagram(now, to, from, &bytes);
            }
            Travelling::Datagram { .. } => {}
            Travelling::Sourced(answer) => self.input(Input::Sourced(answer)),
            Travelling::Stored(reply) => self.input(Input::Stored(reply)),
            Travelling::Media(event) => self.input(Input::Media(event)),
        }
    }
}

/// What tests do and look at.
impl Office {
    pub fn ms(&mut self, ms: u64) {
        self.run(Duration::from_millis(ms));
    }

    /// The peer calls the phone as `user`.
    pub fn call_in_as(&mut self, user: &str) -> CallHandle {
        let account = self.peer.add_account(peer_account(user));
        self.call_in_from(account)
    }

    pub fn call_in(&mut self) -> CallHandle {
        self.call_in_from(self.peer_account)
    }

    /// The peer calls as 200; the phone stands where its proxy is, and may send it on.
    pub fn call_in_obediently(&mut self) -> CallHandle {
        let registrar = Uri::parse(&format!("sip:{PHONE}")).unwrap();
        let account = self.peer.add_account(AccountConfig {
            registrar,
            ..peer_account("200")
        });
        self.call_in_from(account)
    }

    fn call_in_from(&mut self, account: AccountId) -> CallHandle {
        let target = Uri::parse("sip:101@127.0.0.1:5060").unwrap();
        let media = self.peer_media();
        let call = self.peer.invite(self.now, account, &target, media).unwrap();
        self.ms(20);
        call
    }

    /// An INVITE of the peer's own words arrives, and the ACK of whatever answers it.
    pub fn hear_invite(&mut self, call_id: &str, headers: &str) {
        let body = "v=0\r\no=- 7 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n\
                    m=audio 50002 RTP/AVP 8\r\n";
        let invite = format!(
            "INVITE sip:101@{PHONE} SIP/2.0\r\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bK{call_id}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:300@127.0.0.2>;tag=raw\r\nTo: <sip:101@{PHONE}>\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:300@{PEER}>\r\n{headers}\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.hear(&invite);
        let answer = self
            .wire
            .iter()
            .rev()
            .find_map(|(_, _, message)| match message {
                Message::Response(r) if r.call_id == call_id && r.status >= 200 => Some(r.clone()),
                _ => None,
            });
        if let Some(answer) = answer {
            let branch = if answer.status < 300 { "ack" } else { "" };
            self.hear(&format!(
                "ACK sip:101@{PHONE} SIP/2.0\r\n\
                 Via: SIP/2.0/UDP {PEER};branch=z9hG4bK{call_id}{branch}\r\nMax-Forwards: 70\r\n\
                 From: {}\r\nTo: {}\r\nCall-ID: {call_id}\r\nCSeq: 1 ACK\r\n\
                 Content-Length: 0\r\n\r\n",
                answer.from, answer.to
            ));
        }
    }

    /// Words of the peer's own arrive.
    pub fn hear(&mut self, text: &str) {
        self.input(Input::Datagram {
            local: PHONE.parse().unwrap(),
            source: PEER.parse().unwrap(),
            bytes: text.as_bytes(),
        });
        self.ms(20);
    }

    /// The responses the phone has sent to INVITEs, without 100.
    pub fn answers(&self) -> Vec<u16> {
        let phone: SocketAddr = PHONE.parse().unwrap();
        let sent = self.wire.iter().filter(|(_, from, _)| *from == phone);
        let answers = sent.filter_map(|(_, _, message)| match message {
            Message::Response(r) if r.cseq.method.as_str() == "INVITE" => Some(r.status),
            _ => None,
        });
        answers.filter(|status| *status > 100).collect()
    }

    /// The rows of the log, the oldest first, as `caller status end_reason`.
    pub fn said(&self) -> Vec<String> {
        let mut rows = self.rows();
        rows.sort_by_key(|row| row.record.call);
        let said = rows.iter().map(|row| {
            let reason = row.record.end_reason.map_or("-", |reason| reason.as_str());
            format!("{} {} {reason}", row.record.caller, row.record.status)
        });
        said.collect()
    }

    pub fn command(&mut self, command: Command) -> Result<Reply, CommandError> {
        let request = self.request(command);
        let answer = self.replies.remove(&request);
        self.ms(20);
        answer.expect("the command is answered at once")
    }

    /// A command that is answered when the store has answered.
    pub fn command_to_store(&mut self, command: Command) -> Result<Reply, CommandError> {
        let request = self.request(command);
        self.ms(20);
        self.replies.remove(&request).expect("it is answered")
    }

    fn request(&mut self, command: Command) -> RequestId {
        self.last_request += 1;
        let request = RequestId(self.last_request);
        self.input(Input::Command { request, command });
        request
    }

    pub fn dial(&mut self, target: &str) -> CallId {
        let command = Command::Dial {
            target: target.to_owned(),
            account: None,
        };
        match self.command(command) {
            Ok(Reply::Dialed { call }) => call,
            other => panic!("{target}: {other:?}"),
        }
    }

    /// Lets the peer do something with the call it was told of last.
    pub fn peer_does<T>(
        &mut self,
        act: impl FnOnce(&mut UserAgent, Instant, CallHandle) -> T,
    ) -> T {
        let call = self.heard.iter().rev().find_map(|event| match event {
            user_agent::Event::Incoming { call, .. } => Some(*call),
            _ => None,
        });
        let done = act(&mut self.peer, self.now, call.expect("the peer was called"));
        self.ms(20);
        done
    }

    /// Lets the peer do something with the call that rings for `user`, the latest.
    pub fn phone_does<T>(
        &mut self,
        user: &str,
        act: impl FnOnce(&mut UserAgent, Instant, CallHandle) -> T,
    ) -> T {
        let call = self.heard.iter().rev().find_map(|event| match event {
            user_agent::Event::Incoming { call, called, .. } => {
                (called.user().as_deref() == Some(user)).then_some(*call)
            }
            _ => None,
        });
        let done = act(
            &mut self.peer,
            self.now,
            call.expect("that phone was called"),
        );
        self.ms(20);
        done
    }

    /// Somebody at `user`'s phone takes the call that rings there.
    pub fn phone_answers(&mut self, user: &str) {
        let media = self.peer_media();
        self.phone_does(user, |peer, now, call| {
            peer.answer(now, call, media).unwrap()
        });
    }

    /// The peer is reached as `user` too.
    pub fn peer_is(&mut self, user: &str) {
        self.peer.add_account(peer_account(user));
    }

    /// Lets the peer do something.
    pub fn peer_now<T>(&mut self, act: impl FnOnce(&mut UserAgent, Instant) -> T) -> T {
        let done = act(&mut self.peer, self.now);
        self.ms(20);
        done
    }

    pub fn peer_answers(&mut self) {
        let media = self.peer_media();
        self.peer_does(|peer, now, call| peer.answer(now, call, media).unwrap());
    }

    fn peer_media(&self) -> LocalMedia {
        LocalMedia {
            srtp: self.peer_srtp,
            ice: self.peer_ice.then(|| {
                LocalIce::new(vec![Candidate {
                    kind: CandidateKind::Host,
                    address: "127.0.0.2:50000".parse().unwrap(),
                    priority: 2_130_706_431,
                }])
            }),
            ..peer_media()
        }
    }

    pub fn peer_hangs_up(&mut self, call: CallHandle) {
        self.peer.hangup(self.now, call).unwrap();
        self.ms(20);
    }

    /// The values of the events with this name.
    pub fn told(&self, event: &str) -> Vec<&Value> {
        self.events
            .iter()
            .filter(|value| value["event"] == event)
            .collect()
    }

    /// The states of the calls' events, in order.
    pub fn states(&self) -> Vec<&str> {
        self.told("call")
            .iter()
            .map(|value| value["state"].as_str().unwrap())
            .collect()
    }

    /// The only call that is up.
    pub fn call(&mut self) -> CallId {
        match self.command(Command::Calls) {
            Ok(Reply::Calls(calls)) if calls.len() == 1 => calls[0].id,
            other => panic!("not exactly one call: {other:?}"),
        }
    }

    /// The only call of the window.
    pub fn only_view(&self) -> CallView {
        let view = self.view.as_ref().expect("the window was told");
        assert_eq!(view.calls.len(), 1);
        view.calls[0].clone()
    }

    pub fn rows(&self) -> Vec<CallLine> {
        self.store
            .read(|r| r.calls(&CallFilter::default(), 0, 100))
            .unwrap()
    }

    /// The log's only row, as `status end_reason`.
    pub fn only_row(&self) -> (CallLine, String) {
        let rows = self.rows();
        assert_eq!(rows.len(), 1, "not exactly one row: {rows:#?}");
        let row = rows.into_iter().next().unwrap();
        let reason = row.record.end_reason.map_or("-", |reason| reason.as_str());
        let said = format!("{} {reason}", row.record.status);
        (row, said)
    }
}

/// A caller who waits longer than the phone rings.
fn patient() -> user_agent::Config {
    user_agent::Config {
        answer_timeout: Duration::from_secs(600),
        ..user_agent::Config::default()
    }
}

fn peer_account(user: &str) -> AccountConfig {
    let aor = Uri::parse(&format!("sip:{user}@127.0.0.2")).unwrap();
    AccountConfig {
        username: user.to_owned(),
        register: false,
        ..AccountConfig::new(aor, Uri::parse("sip:127.0.0.2").unwrap())
    }
}

pub fn peer_media() -> LocalMedia {
    LocalMedia {
        address: "127.0.0.2".parse().unwrap(),
        rtp_port: 50_000,
        rtcp_port: None,
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        opus_dtx: false,
        direction: Direction::SendRecv,
        srtp: SrtpPolicy::Off,
        dtls: None,
        keys: Vec::new(),
        ice: None,
        session_id: 5,
        version: 1,
        beside: Beside::default(),
    }
}

pub fn stats() -> StreamStats {
    StreamStats {
        codec: None,
        packets_sent: 100,
        packets_received: 98,
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

pub fn candidate(kind: IceCandidateKind, ip: &str, port: u16) -> IceCandidate {
    IceCandidate {
        kind,
        address: SocketAddr::new(ip.parse().unwrap(), port),
        priority: 1,
    }
}

fn done(call: CallId, tasks: Vec<TaskNews>) -> StoreReply {
    StoreReply::Done { call, tasks }
}

/// An effect's name, short enough to compare orders with.
fn name(effect: &Effect) -> String {
    let text = format!("{effect:?}");
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric())
            .collect::<String>()
    };
    match effect {
        Effect::Store(command) => word(&format!("{command:?}")),
        Effect::Media(command) => word(&format!("{command:?}")),
        _ => word(&text),
    }
}
