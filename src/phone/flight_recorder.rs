//! The flight recorder: what came in and went out for each call, and how its sound fared.
//!
//! Always on, and bounded. A message is copied once, without its secrets; what there is no room
//! for is counted. Messages wait under their `Call-ID`, because the INVITE is there before the
//! call and goes before anybody knows of it. A call that is over waits a moment for the last
//! response or ACK, so that its row and its whole ladder are written together.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use ringbook_media::engine::{DeviceRole, MediaEvent, RecordingState as MediaState};
use ringbook_media::stream::StreamStats;
use ringbook_sip::sdp::{Direction, MediaPlan};
use ringbook_sip::user_agent::{Received, Transmit, Transport};

use super::call::Call;
use super::listener::{CallEvent, Listener, Reactions};
use super::media::codec_word;
use crate::automation::Side;
use crate::flight::record::FIRST_MESSAGES;
use crate::flight::redact::redacted;
use crate::flight::sip_text::Essentials;
use crate::flight::{Flight, Happening, Landed, Message, Note, Retention, Sample};
use crate::model::CallId;
use crate::now::Now;

/// The most octets of one message's text.
const TEXT: usize = 8 * 1024;
/// The most messages of one call.
const MESSAGES: usize = 400;
/// The most octets of one call's messages; beyond it, a message is its first line.
const CALL: usize = 192 * 1024;
/// The most octets of all messages together; beyond it, a message is its first line.
const TOTAL: usize = 32 * 1024 * 1024;
/// Messages whose call nobody knows of: they were refused at once, or their call begins just now.
const STRAYS: usize = 64;
/// Samples of one call: when there are twice as many, every other one goes.
const SAMPLES: usize = 64;
/// Notes of one call.
const NOTES: usize = 256;
/// The latest messages of one line's registration.
const REGISTRATION: usize = 24;
/// How long an ended call waits for the last response or ACK.
const LAST_WORD: Duration = Duration::from_millis(500);

/// The recorder.
#[derive(Debug)]
pub struct FlightRecorder {
    retention: Retention,
    /// By `Call-ID`.
    ladders: HashMap<String, Ladder>,
    /// The `Call-ID`s of ladders that are no call's yet, the oldest first.
    strays: VecDeque<String>,
    calls: BTreeMap<CallId, Sound>,
    /// By address of record.
    registrations: HashMap<String, VecDeque<Noted>>,
    /// Octets of all ladders' texts.
    octets: usize,
}

/// A message, and when.
#[derive(Debug, Clone)]
struct Noted {
    at: Instant,
    message: Message,
}

/// The messages of one call.
#[derive(Debug, Default)]
struct Ladder {
    call: Option<CallId>,
    messages: Vec<Noted>,
    dropped: u32,
    octets: usize,
    unanswered: Vec<Unanswered>,
}

/// A request that has no final response yet; an INVITE, until its ACK.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unanswered {
    sent: bool,
    seq: u32,
    method: String,
}

/// What there is to tell of a call besides its messages.
#[derive(Debug)]
struct Sound {
    call_id: Option<String>,
    /// The `Call-ID`s of the legs that ring for it.
    legs: Vec<String>,
    began: Instant,
    plan: Option<MediaPlan>,
    samples: Vec<Sample>,
    /// Milliseconds between two samples.
    distance: u32,
    notes: Vec<Note>,
    give_up: Option<Instant>,
}

/// A message that has passed.
#[derive(Debug)]
pub enum Passed {
    /// It came in.
    Received(Received),
    /// It went out.
    Sent(Transmit),
}

/// What both have.
struct Passing<'m> {
    sent: bool,
    transport: Transport,
    local: std::net::SocketAddr,
    remote: std::net::SocketAddr,
    bytes: &'m [u8],
}

impl Passed {
    fn passing(&self) -> Passing<'_> {
        match self {
            Self::Received(received) => Passing {
                sent: false,
                transport: received.transport,
                local: received.local,
                remote: received.remote,
                bytes: &received.bytes,
            },
            Self::Sent(transmit) => Passing {
                sent: true,
                transport: transmit.transport,
                local: transmit.local,
                remote: transmit.remote,
                bytes: &transmit.bytes,
            },
        }
    }
}

impl FlightRecorder {
    /// A recorder whose flights are kept by `retention`; for none, nothing is recorded.
    pub fn new(retention: Retention) -> Self {
        Self {
            retention,
            ladders: HashMap::new(),
            strays: VecDeque::new(),
            calls: BTreeMap::new(),
            registrations: HashMap::new(),
            octets: 0,
        }
    }

    /// Keeps flights like this from now on.
    pub fn set_retention(&mut self, retention: Retention) {
        self.retention = retention;
    }

    /// Takes a message down. The ended call whose last word it was, where it was one.
    pub fn note(&mut self, now: Now, passed: &Passed) -> Option<CallId> {
        let passing = &passed.passing();
        if self.retention.ladders == 0 || passing.bytes.starts_with(b"\r\n") {
            return None;
        }
        let text = redacted(passing.bytes, TEXT);
        let essentials = Essentials::of(&text);
        if essentials.method == "REGISTER" {
            let line = essentials.to_address().to_owned();
            let sent_request = passing.sent && essentials.status.is_none();
            self.note_registration(line, sent_request, passing.noted(now, text));
            return None;
        }
        let call_id = essentials.call_id;
        if !self.ladders.contains_key(call_id) {
            if essentials.method != "INVITE" || !essentials.is_outside_dialog() {
                return None;
            }
            self.begin(call_id.to_owned());
        }
        let full = self.octets >= TOTAL;
        let ladder = self.ladders.get_mut(call_id)?;
        let before = ladder.octets;
        ladder.answer(passing.sent, &essentials);
        let over = ladder.unanswered.is_empty().then_some(ladder.call);
        ladder.push(passing.noted(now, text), full);
        self.octets = (self.octets + ladder.octets).saturating_sub(before);
        over.flatten().filter(|call| self.has_ended(*call))
    }

    fn begin(&mut self, call_id: String) {
        self.strays.push_back(call_id.clone());
        self.ladders.insert(call_id, Ladder::default());
        if self.strays.len() > STRAYS
            && let Some(oldest) = self.strays.pop_front()
        {
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, call_id: &str) -> Option<Ladder> {
        let ladder = self.ladders.remove(call_id)?;
        self.octets = self.octets.saturating_sub(ladder.octets);
        Some(ladder)
    }

    /// Only our own requests name a line: nobody makes us keep more of them.
    fn note_registration(&mut self, line: String, ours: bool, noted: Noted) {
        let known = match ours {
            true => Some(self.registrations.entry(line).or_default()),
            false => self.registrations.get_mut(&line),
        };
        if let Some(messages) = known {
            if messages.len() == REGISTRATION {
                messages.pop_front();
            }
            messages.push_back(noted);
        }
    }

    fn has_ended(&self, call: CallId) -> bool {
        self.calls
            .get(&call)
            .is_some_and(|sound| sound.give_up.is_some())
    }

    /// Ties a call to its messages, once it has a `Call-ID`; those of a leg belong to the call that it rings
    /// for.
    pub fn tie(&mut self, call: &Call) {
        let id = call.leg_of.map_or(call.id, |leg| leg.call);
        let (Some(sound), Some(call_id)) = (self.calls.get_mut(&id), &call.call_id) else {
            return;
        };
        match (call.leg_of, &sound.call_id) {
            (Some(_), _) => sound.legs.push(call_id.clone()),
            (None, None) => sound.call_id = Some(call_id.clone()),
            (None, Some(_)) => return,
        }
        self.strays.retain(|stray| stray != call_id);
        let ladder = self.ladders.entry(call_id.clone()).or_default();
        ladder.call = Some(id);
    }

    /// The latest messages of the registration of `line`, an address of record, the oldest first.
    pub fn registration(&self, line: &str) -> Vec<Message> {
        let Some(messages) = self.registrations.get(line) else {
            return Vec::new();
        };
        let began = messages.front().map(|noted| noted.at);
        let since = |noted: &Noted| began.map_or(0, |began| millis(began, noted.at));
        messages
            .iter()
            .map(|noted| Message {
                at_ms: since(noted),
                ..noted.message.clone()
            })
            .collect()
    }

    /// What was recorded of a call that is closed; nothing more is kept of it here.
    fn land(&mut self, call: &Call) -> Option<Flight> {
        let sound = self.calls.remove(&call.id)?;
        let call_id = sound.call_id.unwrap_or_default();
        let mut ladder = self.forget(&call_id).unwrap_or_default();
        for leg in &sound.legs {
            let leg = self.forget(leg).unwrap_or_default();
            ladder.messages.extend(leg.messages);
            ladder.dropped = ladder.dropped.saturating_add(leg.dropped);
        }
        ladder.messages.sort_by_key(|noted| noted.at);
        let messages = ladder.messages.into_iter().map(|noted| Message {
            at_ms: millis(sound.began, noted.at),
            ..noted.message
        });
        Some(Flight {
            call_id,
            began: call.began.wall,
            messages: messages.collect(),
            dropped: ladder.dropped,
            samples: sound.samples,
            notes: sound.notes,
        })
    }
}

impl Passing<'_> {
    fn noted(&self, now: Now, text: String) -> Noted {
        let transport = match self.transport {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        };
        Noted {
            at: now.instant,
            message: Message {
                at_ms: 0,
                sent: self.sent,
                transport: transport.into(),
                local: self.local,
                remote: self.remote,
                octets: u32::try_from(self.bytes.len()).unwrap_or(u32::MAX),
                text,
            },
        }
    }
}

impl Ladder {
    fn push(&mut self, mut noted: Noted, full: bool) {
        if full || self.octets >= CALL {
            let first = noted.message.first_line().to_owned();
            noted.message.text = first;
        }
        if self.messages.len() == MESSAGES {
            let gone = self.messages.remove(FIRST_MESSAGES);
            self.octets = self.octets.saturating_sub(gone.message.text.len());
            self.dropped = self.dropped.saturating_add(1);
        }
        self.octets += noted.message.text.len();
        self.messages.push(noted);
    }

    /// Keeps account of the requests that wait for their last word (RFC 3261 §17).
    fn answer(&mut self, sent: bool, message: &Essentials<'_>) {
        let of = |sent: bool, method: &str| Unanswered {
            sent,
            seq: message.seq,
            method: method.to_owned(),
        };
        let answered = match (message.status, message.method) {
            (None, "ACK") => of(sent, "INVITE"),
            (None, method) => {
                let request = of(sent, method);
                if !self.unanswered.contains(&request) {
                    self.unanswered.push(request);
                }
                return;
            }
            // An INVITE waits for its ACK.
            (Some(..200), _) | (Some(_), "INVITE") => return,
            (Some(_), method) => of(!sent, method),
        };
        self.unanswered.retain(|request| *request != answered);
    }
}

impl Sound {
    /// Under which its messages wait.
    fn call_ids(&self) -> impl Iterator<Item = &String> {
        self.call_id.iter().chain(&self.legs)
    }

    fn note(&mut self, now: Now, what: Happening) {
        if self.notes.len() < NOTES {
            let at_ms = millis(self.began, now.instant);
            self.notes.push(Note { at_ms, what });
        }
    }

    fn note_plan(&mut self, now: Now, plan: Option<&MediaPlan>) {
        let Some(plan) = plan.filter(|plan| self.plan.as_ref() != Some(plan)) else {
            return;
        };
        self.plan = Some(plan.clone());
        let what = Happening::Media {
            codec: codec_word(plan.codec).to_owned(),
            remote: plan.remote_rtp,
            send: matches!(plan.direction, Direction::SendRecv | Direction::SendOnly),
            receive: matches!(plan.direction, Direction::SendRecv | Direction::RecvOnly),
        };
        self.note(now, what);
    }

    /// Keeps a sample where it is due; the last one always.
    fn sample(&mut self, now: Now, stats: &StreamStats, last: bool) {
        let at_ms = millis(self.began, now.instant);
        let due = self
            .samples
            .last()
            .map(|sample| sample.at_ms + self.distance);
        if due.is_some_and(|due| at_ms < due) && !last {
            return;
        }
        self.samples.push(sample(at_ms, stats));
        if self.samples.len() >= 2 * SAMPLES {
            let mut place = 0;
            self.samples.retain(|_| {
                place += 1;
                place % 2 == 0
            });
            self.distance *= 2;
        }
    }
}

fn sample(at_ms: u32, stats: &StreamStats) -> Sample {
    let remote = stats.remote_opinion;
    Sample {
        at_ms,
        sent: stats.packets_sent,
        received: stats.packets_received,
        lost: stats.lost,
        late: stats.late,
        concealed: stats.concealed,
        jitter_ms: rounded(stats.jitter_ms),
        rtt_ms: stats.rtt_ms.map(rounded),
        delay_ms: rounded(stats.delay_ms),
        remote_loss: rounded(stats.remote_loss),
        remote_jitter_ms: rounded(stats.remote_jitter_ms),
        mos: rounded(stats.mos),
        mos_listening: (stats.packets_received > 0).then(|| rounded(stats.mos_listening)),
        remote_mos: remote.and_then(|said| said.conversational).map(rounded),
        remote_mos_listening: remote.and_then(|said| said.listening).map(rounded),
    }
}

/// To three places: what is kept promises no more.
fn rounded(value: f32) -> f32 {
    (value * 1000.0).round() / 1000.0
}

fn millis(from: Instant, to: Instant) -> u32 {
    let passed = to.saturating_duration_since(from).as_millis();
    u32::try_from(passed).unwrap_or(u32::MAX)
}

/// The samples' first distance: a little less than the media thread's, so that none is missed.
const DISTANCE_MS: u32 = 900;

impl Listener for FlightRecorder {
    fn on_call(&mut self, now: Now, call: &Call, event: &CallEvent, out: &mut Reactions) {
        if matches!(event, CallEvent::Incoming | CallEvent::Dialing) && self.retention.ladders > 0 {
            let sound = Sound {
                call_id: None,
                legs: Vec::new(),
                began: call.began.instant,
                plan: None,
                samples: Vec::new(),
                distance: DISTANCE_MS,
                notes: Vec::new(),
                give_up: None,
            };
            self.calls.insert(call.id, sound);
        }
        self.tie(call);
        let Some(sound) = self.calls.get_mut(&call.id) else {
            if *event == CallEvent::Closed {
                out.tell(CallEvent::Landed(None));
            }
            return;
        };
        sound.note_plan(now, call.media.plan.as_ref());
        match event {
            CallEvent::Held(by) => sound.note(
                now,
                Happening::Held {
                    by_us: *by == Side::Local,
                },
            ),
            CallEvent::Resumed(by) => {
                let by_us = *by == Side::Local;
                sound.note(now, Happening::Resumed { by_us });
            }
            CallEvent::Ended => sound.give_up = Some(now.instant + LAST_WORD),
            CallEvent::Tick if sound.give_up.is_some_and(|at| at <= now.instant) => {
                for call_id in sound.call_ids() {
                    if let Some(ladder) = self.ladders.get_mut(call_id) {
                        ladder.unanswered.clear();
                    }
                }
            }
            CallEvent::Closed => {
                let retention = self.retention;
                let flight = self.land(call);
                let landed = flight.map(|flight| Box::new(Landed { flight, retention }));
                out.tell(CallEvent::Landed(landed));
            }
            _ => {}
        }
    }

    fn on_media(&mut self, now: Now, call: &Call, event: &MediaEvent, _out: &mut Reactions) {
        let Some(sound) = self.calls.get_mut(&call.id) else {
            return;
        };
        match event {
            MediaEvent::Stats { stats, .. } => sound.sample(now, stats, false),
            MediaEvent::Closed { stats, .. } => sound.sample(now, stats, true),
            MediaEvent::FirstPacket { .. } => sound.note(now, Happening::FirstPacket),
            MediaEvent::NoRtp { for_s, .. } => sound.note(now, Happening::NoRtp { for_s: *for_s }),
            MediaEvent::Recording { state, .. } => match state {
                MediaState::Paused => sound.note(now, Happening::RecordingPaused),
                MediaState::Resumed => sound.note(now, Happening::RecordingResumed),
                _ => {}
            },
            MediaEvent::Refused { error, .. } => {
                let error = error.to_string();
                sound.note(now, Happening::Refused { error });
            }
            MediaEvent::DeviceLost { which, reason } => {
                let (device, reason) = (device_word(*which).to_owned(), reason.clone());
                sound.note(now, Happening::DeviceLost { device, reason });
            }
            MediaEvent::DeviceReplaced { which, by, .. } => {
                let (device, by) = (device_word(*which).to_owned(), by.clone());
                sound.note(now, Happening::DeviceReplaced { device, by });
            }
            MediaEvent::DeviceBack { which } => {
                let device = device_word(*which).to_owned();
                sound.note(now, Happening::DeviceBack { device });
            }
            _ => {}
        }
    }

    fn is_busy(&self, call: CallId) -> bool {
        let sound = self.calls.get(&call);
        let mut call_ids = sound.into_iter().flat_map(Sound::call_ids);
        call_ids.any(|call_id| {
            let ladder = self.ladders.get(call_id);
            ladder.is_some_and(|ladder| !ladder.unanswered.is_empty())
        })
    }
}

fn device_word(which: DeviceRole) -> &'static str {
    match which {
        DeviceRole::Input => "input",
        DeviceRole::Output => "output",
        DeviceRole::Ring => "ring",
        DeviceRole::RingAlso => "ring_also",
        DeviceRole::Ringtone => "ringtone",
    }
}

#[cfg(test)]
mod tests;
