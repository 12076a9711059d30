//! The phone: lines, calls, and one listener per feature. Pure: no I/O, no clock.
//!
//! A call knows no feature. A feature hears [`CallEvent`]s, store answers and media events and
//! reacts with effects; all of them stand in one list, [`Features::all`].

pub mod account;
mod answers;
pub mod call;
mod call_log;
mod caller_card;
mod calls;
pub mod command;
mod conversation;
pub mod effect;
mod encryption;
mod end;
mod flight_recorder;
mod headset;
pub mod lamps;
pub mod links;
pub mod listener;
mod long_calls;
pub(crate) mod media;
mod nat;
mod news;
pub mod publishing;
mod reception;
mod recorder;
mod requests;
pub mod ringer;
mod scenario;
mod signalling;
pub(crate) mod sound;
mod sources;
pub mod target;
mod transfer;
pub mod view;
mod voicemail;
mod ways;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use ringbook_media::engine::{MediaEvent, StreamId};
use ringbook_sip::resolve::{self, ResolveError};
use ringbook_sip::user_agent::{self, ConnectionId, QueryId, StreamEvent, Transmit, UserAgent};

use self::account::Line;
pub use self::answers::Answer;
use self::call_log::CallLog;
use self::caller_card::CallerCards;
use self::calls::Calls;
use self::effect::Effect;
use self::flight_recorder::{FlightRecorder, Passed};
use self::lamps::Watched;
use self::links::Links;
use self::listener::{CallEvent, Listener, Reactions};
use self::long_calls::LongCalls;
use self::news::News;
use self::publishing::Publishing;
use self::recorder::Recorder;
use self::ringer::Ringer;
use self::scenario::Leading;
use self::view::Absence;
use self::ways::Ways;
use crate::automation::{Body, Event, Notice, NoticeKind};
use crate::headset::Lamps;
use crate::model::{CallId, Country, RequestId};
use crate::now::Now;
use crate::settings::{Account, Policy, Settings, Whose};
use crate::store::StoreReply;
use crate::tr;

/// How often calls are looked after: the call log's heartbeat, deadlines of closing calls.
const TICK: Duration = Duration::from_millis(800);

/// What the phone starts with.
#[derive(Debug, Clone)]
pub struct PhoneConfig {
    /// What a person decided.
    pub settings: Settings,
    /// Feeds every id, tag and session number: equal seeds and inputs give equal outputs.
    pub seed: [u8; 32],
    /// Whose rules numbers follow on a line that names no country.
    pub country: Option<Country>,
    /// The agent's: which day it is.
    pub time_zone: TimeZone,
    /// Where recordings go.
    pub recordings: PathBuf,
    /// `+sip.instance` (RFC 5626 §4.1), the same at every start; empty for none.
    pub instance_id: String,
}

/// Something for the world, in order; signalling first.
#[derive(Debug)]
pub enum PhoneOutput {
    /// Send this.
    Transmit(Transmit),
    /// Do this.
    Effect(Effect),
    /// Tell this.
    Event(Event),
    /// The answer to a command that was not answered at once.
    Reply(RequestId, Answer),
}

/// The features that listen to calls.
#[derive(Debug)]
struct Features {
    caller_card: CallerCards,
    ringer: Ringer,
    recorder: Recorder,
    flight_recorder: FlightRecorder,
    long_calls: LongCalls,
    call_log: CallLog,
}

impl Features {
    /// Every feature, in the order in which they hear of a call: the look-up is asked first,
    /// and the log hears last, when the others have said what they know.
    fn all(&mut self) -> [&mut dyn Listener; 6] {
        [
            &mut self.caller_card,
            &mut self.ringer,
            &mut self.recorder,
            &mut self.flight_recorder,
            &mut self.long_calls,
            &mut self.call_log,
        ]
    }
}

/// The phone.
pub struct Phone {
    user_agent: UserAgent,
    settings: Settings,
    /// As the settings say, and as it was switched since.
    absence: Absence,
    default_country: Option<Country>,
    instance_id: String,
    random: ChaCha12Rng,
    lines: Vec<Line>,
    /// Lines that the settings have no more, until they are unregistered.
    leaving: Vec<user_agent::AccountId>,
    calls: Calls,
    /// Lamps and mailboxes.
    watched: Vec<Watched>,
    published: Vec<Publishing>,
    ways: Ways,
    features: Features,
    leading: Leading,
    /// Which call the microphone and the loudspeaker serve.
    focus: Option<StreamId>,
    /// What headsets with buttons show, where there are any.
    headset: Option<Lamps>,
    /// Somebody hears themselves: how loud they are, said and heard.
    audio_test: Option<(f32, f32)>,
    /// Whom we have dialled last in this run, on which line, and whether our number was hidden.
    dialled: Option<(String, Option<String>, bool)>,
    news: News,
    links: Links,
    /// Our address where the message in hand arrived.
    arrived_at: Option<IpAddr>,
    /// Calls whose callers hear the 180 first.
    arrivals: VecDeque<signalling::Arrival>,
    /// Events of the user agent that are not dealt with yet.
    heard: VecDeque<user_agent::Event>,
    /// Messages that came in or went out and are not on a ladder yet.
    passed: Vec<(Now, Passed)>,
    outputs: VecDeque<PhoneOutput>,
    wake_up: Option<Instant>,
    tick: Option<Instant>,
    ending: bool,
    changed: bool,
}

impl Phone {
    /// A phone that has not begun to register.
    pub fn new(config: PhoneConfig) -> Self {
        let mut random = ChaCha12Rng::from_seed(config.seed);
        let mut agent_seed = [0; 32];
        random.fill_bytes(&mut agent_seed);
        let settings = config.settings;
        let agent = user_agent::Config {
            // The phone counts calls itself, so that one too many gets its row in the log.
            max_calls: settings.phone.max_calls.saturating_mul(2).max(64),
            witness: true,
            follow_redirects: settings.phone.redirects == Policy::Follow,
            ..user_agent::Config::default()
        };
        let features = Features {
            caller_card: CallerCards::new(&settings, config.time_zone.clone()),
            ringer: Ringer::new(&settings, config.country),
            recorder: Recorder::new(&settings, config.recordings),
            flight_recorder: FlightRecorder::new(settings.log.retention()),
            long_calls: LongCalls::new(&settings),
            call_log: CallLog::new(&settings),
        };
        let mut phone = Self {
            user_agent: UserAgent::new(agent, agent_seed),
            default_country: config.country,
            instance_id: config.instance_id,
            random,
            lines: Vec::new(),
            leaving: Vec::new(),
            calls: Calls::default(),
            watched: Vec::new(),
            published: Vec::new(),
            ways: Ways::default(),
            features,
            leading: Leading::new(config.time_zone),
            focus: None,
            headset: None,
            audio_test: None,
            dialled: None,
            news: News::default(),
            links: Links::default(),
            arrived_at: None,
            arrivals: VecDeque::new(),
            heard: VecDeque::new(),
            passed: Vec::new(),
            outputs: VecDeque::new(),
            wake_up: None,
            tick: None,
            ending: false,
            changed: true,
            absence: Absence::of(&settings.phone),
            settings: Settings::default(),
        };
        phone.lines = phone.lines_of(&settings.accounts);
        phone.settings = settings;
        phone
    }

    fn lines_of(&self, accounts: &[Account]) -> Vec<Line> {
        accounts
            .iter()
            .filter_map(|account| Line::new(account, self.default_country))
            .collect()
    }

    /// The user agent, for what concerns the network alone.
    pub fn user_agent(&mut self) -> &mut UserAgent {
        &mut self.user_agent
    }

    /// A name was looked up for the user agent.
    pub fn note_answer(&mut self, query: QueryId, answer: &Result<resolve::Answer, ResolveError>) {
        self.ways.answer(query, answer);
    }

    /// Something happened on a connection of the user agent's.
    pub fn note_stream(&mut self, connection: ConnectionId, event: &StreamEvent<'_>) {
        self.ways.stream(connection, event);
    }

    /// Our address where the next message arrived.
    pub fn set_arrival(&mut self, local: Option<SocketAddr>) {
        self.arrived_at = local.map(|local| local.ip());
    }

    /// Registers every line; to be called once the sockets are there.
    pub fn start(&mut self, now: Now) {
        for place in 0..self.lines.len() {
            self.start_line(now, place);
        }
        self.pump(now);
    }

    fn start_line(&mut self, now: Now, place: usize) {
        let Some(line) = self.lines.get(place) else {
            return;
        };
        let aor = line.account.aor.clone();
        let (place_of_turn, password_place) = (line.turn_password_place(), line.password_place());
        let password = line.account.password.clone();
        if let Some(place) = place_of_turn {
            let (aor, whose) = (aor.clone(), Whose::Turn);
            self.effect(Effect::FindPassword { aor, whose, place });
        }
        if let Some(at) = password_place {
            if let Some(line) = self.lines.get_mut(place) {
                line.is_sought = true;
            }
            let (whose, place) = (Whose::Line, at);
            self.effect(Effect::FindPassword { aor, whose, place });
            return;
        }
        self.enter_line(
            now,
            place,
            password.as_ref().map_or("", |password| password.reveal()),
        );
    }

    fn enter_line(&mut self, now: Now, place: usize, password: &str) {
        let Some(line) = self.lines.get_mut(place).filter(|line| line.id.is_none()) else {
            return;
        };
        line.set_turn_password(Whose::Line, password);
        let Some(config) = line.config(password, &self.instance_id) else {
            return;
        };
        let id = self.user_agent.add_account(config);
        line.id = Some(id);
        if line.account.register {
            self.user_agent.register(now.instant, id);
        } else {
            self.watch(now, place);
            self.publish(now, place);
        }
    }

    /// A password of a line was found, or why not.
    pub fn handle_password(
        &mut self,
        now: Now,
        aor: &str,
        whose: Whose,
        found: Result<String, String>,
    ) {
        match whose {
            Whose::Line => self.on_password(now, aor, found),
            Whose::Turn => self.on_turn_password(now, aor, found),
        }
        self.pump(now);
    }

    /// Without it calls go on as they can.
    fn on_turn_password(&mut self, now: Now, aor: &str, found: Result<String, String>) {
        let mut lines = self.lines.iter_mut();
        let Some(line) = lines.find(|line| line.account.aor == aor) else {
            return;
        };
        match found {
            Ok(password) => line.set_turn_password(Whose::Turn, &password),
            Err(trouble) => {
                let text = tr!(
                    "No password for the TURN server of {aor}: {trouble}",
                    aor = aor,
                    trouble = trouble
                );
                self.notice(now, NoticeKind::Password, text);
            }
        }
    }

    fn on_password(&mut self, now: Now, aor: &str, found: Result<String, String>) {
        let Some(place) = self.lines.iter().position(|line| line.account.aor == aor) else {
            return;
        };
        let password = match found {
            Ok(password) => password,
            Err(trouble) => {
                if let Some(line) = self.lines.get_mut(place) {
                    if line.account.password_command.is_some() {
                        let text = tr!(
                            "No password for {aor}: {trouble}",
                            aor = aor,
                            trouble = trouble
                        );
                        self.notice(now, NoticeKind::Password, text);
                    } else {
                        line.password_trouble = Some(trouble);
                    }
                }
                String::new()
            }
        };
        if let Some(line) = self.lines.get_mut(place) {
            line.is_sought = false;
        }
        self.enter_line(now, place, &password);
        self.go_on_by(now, aor);
    }

    /// The store answered about a call.
    pub fn handle_stored(&mut self, now: Now, reply: &StoreReply) {
        let (StoreReply::Caller { call: id, .. }
        | StoreReply::Linked { call: id, .. }
        | StoreReply::NoteRead { call: id, .. }
        | StoreReply::Done { call: id, .. }
        | StoreReply::Failed { call: id, .. }) = reply;
        self.tell_stored(now, *id, reply);
        if let StoreReply::Linked { request, found, .. } = reply {
            self.answer_linked(*request, found);
        }
    }

    fn tell_stored(&mut self, now: Now, id: CallId, reply: &StoreReply) {
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let mut reactions = Reactions::default();
        for listener in self.features.all() {
            listener.on_stored(now, call, reply, &mut reactions);
        }
        self.react(now, id, reactions);
        self.go_on_leading(now, id);
        self.settle(now, id);
        self.changed = true;
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Now) {
        if self.wake_up.is_some_and(|due| due <= now.instant) {
            self.user_agent.handle_timeout(now.instant);
        }
        self.lead_on(now);
        self.pump(now);
        if self.tick.is_some_and(|due| due <= now.instant) {
            self.tick = None;
            for id in self.calls.ids() {
                self.tell(now, id, CallEvent::Tick);
                self.go_on_leading(now, id);
                self.settle(now, id);
            }
            self.forward_unanswered(now);
            self.pump(now);
        }
    }

    /// The next thing for the world.
    pub fn poll_output(&mut self) -> Option<PhoneOutput> {
        if self.outputs.is_empty() {
            self.take_down();
            self.take_in_arrivals();
            self.light_headset();
        }
        self.outputs.pop_front()
    }

    /// When to call [`Phone::handle_timeout`].
    pub fn next_timeout(&mut self, now: Instant) -> Option<Instant> {
        if self.calls.is_empty() {
            self.tick = None;
        } else if self.tick.is_none() {
            self.tick = Some(now + TICK);
        }
        let due = [self.wake_up, self.tick, self.leading.due()];
        due.into_iter().flatten().min()
    }

    /// Whether something has changed that the window shows, since this was last asked.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Whether nothing is left to close: no call, no line that is registered.
    pub fn is_quiet(&self) -> bool {
        use crate::automation::RegistrationState::{Registered, Registering};
        let registered = |line: &Line| matches!(line.state, Registered | Registering);
        self.calls.is_empty() && !self.lines.iter().any(registered)
    }

    /// Tells features about a call and carries out what they make of it.
    fn tell(&mut self, now: Now, id: CallId, event: CallEvent) {
        let mut queue = VecDeque::from([event]);
        while let Some(event) = queue.pop_front() {
            // Of a leg no feature hears.
            let Some(call) = self.calls.get(id).filter(|call| call.leg_of.is_none()) else {
                return;
            };
            let mut reactions = Reactions::default();
            for listener in self.features.all() {
                listener.on_call(now, call, &event, &mut reactions);
            }
            queue.extend(reactions.told.drain(..));
            self.react(now, id, reactions);
        }
        self.changed = true;
    }

    fn react(&mut self, now: Now, id: CallId, reactions: Reactions) {
        let Reactions {
            effects,
            events,
            told,
        } = reactions;
        self.outputs
            .extend(effects.into_iter().map(PhoneOutput::Effect));
        for body in events {
            self.event(now, body);
        }
        for event in told {
            self.tell(now, id, event);
        }
    }

    fn effect(&mut self, effect: Effect) {
        self.outputs.push_back(PhoneOutput::Effect(effect));
    }

    /// Tells scripts and the window.
    pub fn event(&mut self, now: Now, body: Body) {
        self.news.note(now, &body);
        self.changed = true;
        self.outputs
            .push_back(PhoneOutput::Event(Event { at: now.wall, body }));
    }

    /// Tells a person, in the window and on standard output.
    pub fn notice(&mut self, now: Now, kind: NoticeKind, text: String) {
        self.event(now, Body::Notice(Notice::new(kind, text)));
    }

    /// The address to bind a call's ports to: the one its signalling uses, where the settings
    /// name it, else any of the family.
    fn media_ip(&self, signalling: Option<IpAddr>, ipv6: bool) -> IpAddr {
        let bind = &self.settings.sip.bind;
        let ipv6 = signalling.map_or(ipv6, |ip| ip.is_ipv6());
        let of_family = || bind.iter().find(|ip| ip.is_ipv6() == ipv6).copied();
        let any: IpAddr = if ipv6 {
            Ipv6Addr::UNSPECIFIED.into()
        } else {
            Ipv4Addr::UNSPECIFIED.into()
        };
        signalling
            .filter(|ip| bind.contains(ip))
            .or_else(of_family)
            .unwrap_or(any)
    }

    fn new_call_id(&mut self, now: Now) -> CallId {
        let mut random = [0; 10];
        self.random.fill_bytes(&mut random);
        let millis = u64::try_from(now.wall.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random)
            .into_uuid()
            .into()
    }
}

impl Phone {
    /// The media thread told something.
    pub fn handle_media(&mut self, now: Now, event: MediaEvent) {
        self.on_media(now, event);
        self.pump(now);
    }

    fn line_of(&self, id: user_agent::AccountId) -> Option<usize> {
        self.lines.iter().position(|line| line.id == Some(id))
    }

    fn info_of(&self, id: user_agent::AccountId) -> Option<Arc<account::LineInfo>> {
        self.line_of(id)
            .and_then(|place| self.lines.get(place))
            .map(|line| line.info.clone())
    }
}
