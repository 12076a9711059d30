//! Events as JSON lines: the contract that scripts and tests rely on. Its words are never
//! translated and never change their meaning; fields may be added.

use std::net::SocketAddr;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{
    CallId, CallerCard, ClientId, Cost, Direction, EndReason, Findings, LegOutcome, PhoneNumber,
    RecordingId, RecordingRow, TaskChange, TaskId, TaskLine, TaskNews,
};
use crate::phone::lamps::LampView;
use crate::presence::MessagesWaiting;

/// One event, ready to be printed as a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub body: Body,
}

impl Event {
    /// The event as one line of JSON, without the line's end.
    pub fn to_line(&self) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            event: &'static str,
            at: String,
            #[serde(flatten)]
            body: &'a Body,
        }
        let line = Line {
            event: self.body.name(),
            at: format!("{:.3}", self.at),
            body: &self.body,
        };
        // Serialising can fail only for maps with keys that are no strings; there are none.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// The sockets are bound.
    Ready(Ready),
    /// A registration changed.
    Registration(Registration),
    /// A call changed.
    Call(Box<Call>),
    /// The card's content is there.
    CallerCard {
        /// The call.
        call: CallId,
        /// All its fields, as the window shows them.
        card: Box<CallerCard>,
        /// From the INVITE's arrival (or departure) to the card's content, milliseconds.
        lookup_ms: f64,
    },
    /// The window painted the card.
    CardShown {
        /// The call.
        call: CallId,
        /// From the INVITE's arrival to the painted card, milliseconds.
        ms: f64,
    },
    /// The other party pressed a key.
    Dtmf {
        /// The call.
        call: CallId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// A phone of the office rings for a call, or does not any more.
    Leg {
        /// The call.
        call: CallId,
        /// The phone's internal number.
        extension: String,
        /// What came of it.
        state: LegOutcome,
    },
    /// A recording changed.
    Recording {
        /// The call.
        call: CallId,
        /// What became of it.
        state: RecordingState,
        /// The file's full path.
        file: String,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A recording was listened to.
    Analysis(Box<Analysed>),
    /// A colleague's phone does something else now.
    Lamp(LampView),
    /// A line's mailbox has changed.
    Voicemail {
        /// The line.
        account: String,
        /// What is in it.
        #[serde(flatten)]
        messages: MessagesWaiting,
    },
    /// A person wrote something of a call.
    Marks {
        /// The call.
        call: CallId,
        /// Its note now.
        note: String,
        /// Its tags now.
        tags: Vec<String>,
    },
    /// A caller is owed a call, or no longer.
    Task(Box<Task>),
    /// Somebody tries the sound without a call.
    AudioTest {
        /// Where it stands.
        state: AudioTestState,
        /// Peak of what is said, 0 to 1.
        #[serde(skip_serializing_if = "Option::is_none")]
        input: Option<f32>,
        /// Peak of what is heard, 0 to 1.
        #[serde(skip_serializing_if = "Option::is_none")]
        output: Option<f32>,
    },
    /// What a person would be told.
    Notice(Notice),
}

impl Body {
    /// Every value of `event`.
    pub const NAMES: [&'static str; 15] = [
        "ready",
        "registration",
        "call",
        "caller_card",
        "card_shown",
        "dtmf",
        "leg",
        "recording",
        "analysis",
        "lamp",
        "voicemail",
        "marks",
        "task",
        "audio_test",
        "notice",
    ];

    /// The value of `event`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ready(_) => "ready",
            Self::Registration(_) => "registration",
            Self::Call(_) => "call",
            Self::CallerCard { .. } => "caller_card",
            Self::CardShown { .. } => "card_shown",
            Self::Dtmf { .. } => "dtmf",
            Self::Leg { .. } => "leg",
            Self::Recording { .. } => "recording",
            Self::Analysis(_) => "analysis",
            Self::Lamp(_) => "lamp",
            Self::Voicemail { .. } => "voicemail",
            Self::Marks { .. } => "marks",
            Self::Task(_) => "task",
            Self::AudioTest { .. } => "audio_test",
            Self::Notice(_) => "notice",
        }
    }
}

/// Where a test of the sound stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioTestState {
    /// What is said from now on is heard two seconds later.
    Started,
    /// So loud it is; about ten times a second.
    Levels,
    /// It is over.
    Ended,
}

/// `ready`
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Ready {
    /// Of the program.
    pub version: &'static str,
    /// Process id.
    pub pid: u32,
    /// UDP addresses that signalling listens on.
    pub udp: Vec<SocketAddr>,
    /// TCP addresses that signalling listens on.
    pub tcp: Vec<SocketAddr>,
    /// TLS addresses that signalling listens on.
    pub tls: Vec<SocketAddr>,
    /// Where the REST API is served; nowhere where it is off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api: Vec<SocketAddr>,
}

/// `registration`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Registration {
    /// Address of record.
    pub account: String,
    /// Where it stands.
    pub state: RegistrationState,
    /// The registrar's last status; null where it did not answer.
    pub status: Option<u16>,
    /// The registrar's words, or ours.
    pub reason: String,
    /// Granted by the registrar, while registered.
    pub expires_s: Option<u64>,
}

/// Where a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// REGISTER is on its way.
    Registering,
    /// Calls reach us.
    Registered,
    /// Refused, or no answer.
    Failed,
    /// Ended by us, or never wanted.
    Unregistered,
}

/// `call`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// The call's id, here and in the call log.
    pub call: CallId,
    /// Who called whom.
    pub direction: Direction,
    /// What happened to it.
    pub state: CallState,
    /// The caller's address.
    pub from: String,
    /// The called address.
    pub to: String,
    /// The other party's number, E.164.
    pub number: Option<PhoneNumber>,
    /// The line's address of record; null for a call to our bare address.
    pub account: Option<String>,
    /// Who sent the call on to us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diverted_by: Option<String>,
    /// `held` and `resumed`: which side did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Side>,
    /// The other calls of its conference.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joined_with: Vec<CallId>,
    /// How far others are kept from listening in, once there is sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub srtp: Option<Encryption>,
    /// `ended`: how it was.
    #[serde(flatten)]
    pub ended: Option<CallEnded>,
}

/// What happened to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// An INVITE arrived.
    Incoming,
    /// We call.
    Dialing,
    /// It rings: here, or at the other end.
    Ringing,
    /// The other side sends sound before it answers.
    Early,
    /// People talk.
    Established,
    /// On hold.
    Held,
    /// Off hold.
    Resumed,
    /// Its conference has changed: `joined_with` says who is in it now.
    Joined,
    /// It is in no conference any more.
    Parted,
    /// The other party is being sent to somebody else.
    Transferring,
    /// It could not be sent to somebody else and is here again.
    TransferFailed,
    /// Over.
    Ended,
}

/// How far others are kept from listening to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Not at all.
    None,
    /// The sound is encrypted, with keys that travelled readable: whoever sees the signalling can
    /// listen.
    KeysInClear,
    /// The sound is encrypted, with keys that nobody on the way to the server has seen.
    Encrypted,
}

/// The way that ICE has found for a call's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SoundPath {
    /// Straight to the other side, as far as we can see.
    Direct,
    /// By our TURN server.
    Relayed,
}

/// A side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// This phone.
    Local,
    /// The other party.
    Remote,
}

/// How a call was, told with `ended`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallEnded {
    /// Why it is over.
    pub end_reason: EndReason,
    /// The SIP status that ended it.
    pub sip_status: Option<u16>,
    /// From answer to end, seconds.
    pub talk_s: f64,
    /// How long it rang, seconds.
    pub ring_s: f64,
    /// The codec last in use: `opus`, `g722`, `pcma`, `pcmu`.
    pub codec: Option<String>,
    /// Share of packets lost, 0 to 1.
    pub loss: Option<f64>,
    /// Interarrival jitter, milliseconds.
    pub jitter_ms: Option<f64>,
    /// Estimated opinion score, 1 to 4.5.
    pub mos: Option<f64>,
    /// Where ICE was used: the way that it had found in the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<SoundPath>,
    /// What it costs; null where it was not answered or no tariff is for it.
    pub cost: Option<CallCost>,
}

/// What a call costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallCost {
    /// With all the decimals of its currency: `0.20`.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// The name of the rule.
    pub tariff: String,
}

impl From<Cost> for CallCost {
    fn from(cost: Cost) -> Self {
        Self {
            amount: cost.amount.amount(),
            currency: cost.amount.currency,
            tariff: cost.tariff,
        }
    }
}

/// What became of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// The file grows.
    Started,
    /// Only silence is written.
    Paused,
    /// Sound is written again.
    Resumed,
    /// The file is complete.
    Finished,
    /// It ended early; the call goes on.
    Failed,
    /// It was cut off by a crash and plays again.
    Repaired,
}

/// `analysis`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysed {
    /// The call.
    pub call: CallId,
    /// The recording.
    pub recording: RecordingId,
    /// What was found; none where it could not be analysed.
    #[serde(flatten)]
    pub found: Option<Findings>,
    /// Why it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Analysed {
    /// The event that this was found in a recording, or why nothing was.
    pub fn new(recording: &RecordingRow, found: Result<Findings, String>) -> Self {
        let (found, error) = match found {
            Ok(found) => (Some(found), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            call: recording.call,
            recording: recording.id,
            found,
            error,
        }
    }
}

/// `task`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Task {
    /// Its id.
    pub task: TaskId,
    /// What became of it.
    pub state: TaskChange,
    /// The call that did it: the one that was lost, or the one in which people talked; null where
    /// somebody gave a reason.
    pub call: Option<CallId>,
    /// The client's name; null where the caller is unknown.
    pub client: Option<String>,
    /// The client.
    pub client_id: Option<ClientId>,
    /// The number of the latest lost call, E.164; null where it came from an internal number or a user.
    pub number: Option<PhoneNumber>,
    /// The same as the log has it.
    pub caller: String,
    /// How many calls were lost.
    pub calls: u32,
    /// When the first was, RFC 3339.
    pub opened_at: String,
    /// When the caller is to have been spoken with, RFC 3339.
    pub due_at: String,
    /// The reason that somebody gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<&TaskNews> for Task {
    fn from(news: &TaskNews) -> Self {
        Self::new(news.change, Some(news.call), &news.line)
    }
}

impl Task {
    /// The event that a call, or somebody's reason, did this to a task.
    pub fn new(change: TaskChange, call: Option<CallId>, line: &TaskLine) -> Self {
        let task = &line.task;
        let reason = task.closed.as_ref().map(|closed| closed.reason.clone());
        Self {
            task: task.id,
            state: change,
            call,
            client: line.client_name.clone(),
            client_id: task.client,
            number: task.number,
            caller: task.caller.clone(),
            calls: task.calls,
            opened_at: format!("{:.3}", task.opened_at),
            due_at: format!("{:.3}", task.due_at),
            reason: reason.filter(|reason| !reason.is_empty()),
        }
    }
}

/// `notice`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Notice {
    /// A word for scripts.
    pub kind: NoticeKind,
    /// A sentence for people, in their language.
    pub text: String,
    /// The call that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
}

impl Notice {
    /// A notice about no call in particular.
    pub const fn new(kind: NoticeKind, text: String) -> Self {
        let call = None;
        Self { kind, text, call }
    }
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The settings were refused or changed.
    Settings,
    /// A line has no password, or the keyring failed.
    Password,
    /// The client store or the call log.
    Store,
    /// Calls that a crash cut off were closed.
    Interrupted,
    /// A recording.
    Recording,
    /// An audio device.
    Audio,
    /// A call's sound.
    Media,
    /// A transfer.
    Transfer,
    /// A socket, or the network.
    Network,
    /// A call that could not be made or changed.
    Call,
    /// A conversation that lasts long.
    LongCall,
    /// The contacts on a CardDAV server.
    Contacts,
    /// What the card shows from outside the store.
    Source,
    /// The REST API.
    Api,
    /// A web server that is told of events.
    Webhook,
    /// A program that is run for events.
    Hook,
}

#[cfg(test)]
mod tests;
