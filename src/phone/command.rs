//! What a person or a script can ask of the phone.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::lamps::LampView;
use super::ringer::Ring;
use super::view::{Absence, AccountView, CallView};
use crate::flight::way::Way;
use crate::model::{CallId, CallerCard, ClientField, ClientId};
use crate::settings::Settings;

/// A request; each gets exactly one answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// How the phone is.
    Status,
    /// The lines.
    Accounts,
    /// The calls that are not over.
    Calls,
    /// Call somebody.
    Dial {
        /// A `sip:` or `tel:` URI, a number as people type it, an extension, or a user name.
        target: String,
        /// The line's address of record; the first line where absent.
        account: Option<String>,
    },
    /// Call somebody who is not told by whom.
    DialAnonymously {
        /// As for [`Command::Dial`].
        target: String,
        /// As for [`Command::Dial`].
        account: Option<String>,
    },
    /// Let nobody ring, or everybody again.
    DoNotDisturb(bool),
    /// Send callers on to somebody else, or nobody any more.
    Forward {
        /// Which callers.
        when: ForwardWhen,
        /// As for [`Command::Dial`].
        target: Option<String>,
    },
    /// Ring for nobody, so that a person hears how a line would ring, or be quiet again.
    TryRingtone(Option<Ring>),
    /// Let the person at this phone hear themselves two seconds later, without any call; or no longer.
    AudioTest(bool),
    /// Take an incoming call.
    Answer(CallId),
    /// Turn an incoming call away.
    Reject(CallId),
    /// End a call, in whatever state it is.
    Hangup(CallId),
    /// Put the other party on hold.
    Hold(CallId),
    /// Take the other party back; another call in conversation goes on hold.
    Resume(CallId),
    /// Let the other parties of two calls, and of those that one of them is joined with already,
    /// hear each other as well as us.
    Conference {
        /// A call.
        call: CallId,
        /// The other one.
        with: CallId,
    },
    /// End a conference: this call goes on, the others go on hold.
    Split(CallId),
    /// Send the other party to somebody else, unannounced.
    TransferBlind {
        /// The call.
        call: CallId,
        /// As for [`Command::Dial`].
        target: String,
    },
    /// Connect the other parties of two calls with each other.
    TransferAttended {
        /// The call to be handed over.
        call: CallId,
        /// The call with whoever takes it.
        to: CallId,
    },
    /// Press keys.
    Dtmf {
        /// The call.
        call: CallId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digits: String,
    },
    /// Switch the microphone off or on.
    Mute {
        /// The call.
        call: CallId,
        /// Off.
        on: bool,
    },
    /// Steer the recording.
    Record {
        /// The call.
        call: CallId,
        /// How.
        action: RecordAction,
    },
    /// The caller card of a call.
    Card(CallId),
    /// Say which client the other party of a call is: the call is that client's, and so is the next
    /// one from the number. Answered when it is in the store.
    LinkCaller {
        /// The call.
        call: CallId,
        /// The client.
        client: ClientId,
    },
    /// Save what is known of the other party of a call, as its client or, where it is unknown, as a new
    /// one, and make the call that client's. Answered when it is in the store.
    SaveCaller {
        /// The call.
        call: CallId,
        /// Fields of the client and their new texts, as files carry them.
        fields: Vec<(ClientField, String)>,
    },
    /// Whoever takes the call has read the note on the client.
    NoteRead(CallId),
    /// The colleagues' lamps.
    Lamps,
    /// The way to a line's server: names, connections, the latest REGISTERs and their answers.
    Ladder {
        /// The line's address of record; the first line where absent.
        account: Option<String>,
    },
    /// The window painted the card, this long after the call's first moment.
    CardShown {
        /// The call.
        call: CallId,
        /// Milliseconds.
        ms: f64,
    },
    /// Another program hands a link over: ask a person whether to dial it.
    Link(String),
    /// A person has answered about the link.
    ForgetLink,
    /// Clients were saved: who the parties of the calls are may be known now, or known better.
    ClientsChanged,
    /// Use these settings from now on. Listening addresses change at the next start.
    SetSettings(Box<Settings>),
    /// End calls, unregister, close recordings, exit.
    Quit,
}

/// Which callers are sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardWhen {
    /// All.
    Always,
    /// Those who would hear busy.
    Busy,
    /// Those whom nobody answers.
    NoAnswer,
}

/// How to steer a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum RecordAction {
    /// Begin.
    Start,
    /// End for good.
    Stop,
    /// Silence in the file until resumed.
    Pause,
    /// Sound again.
    Resume,
}

/// The answer to a [`Command`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// Done, or on its way.
    Done {},
    /// The new call.
    Dialed {
        /// Its id.
        call: CallId,
    },
    /// A person is asked first.
    Asked {
        /// Whom to call.
        asked: String,
    },
    /// How the phone is.
    Status(Status),
    /// The lines.
    Accounts(Vec<AccountView>),
    /// The calls.
    Calls(Vec<CallView>),
    /// A call's card.
    Card(Box<CallerCard>),
    /// A call is this client's now.
    Linked {
        /// The client.
        client: Option<ClientId>,
    },
    /// The lamps.
    Lamps(Vec<LampView>),
    /// The way to a line's server.
    Ladder(Way),
}

/// How the phone is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Of the program.
    pub version: &'static str,
    /// Lines in the settings.
    pub accounts: usize,
    /// Lines that are registered.
    pub registered: usize,
    /// Calls that are not over.
    pub calls: usize,
    /// Where the REST API is served; nowhere where it is off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api: Vec<SocketAddr>,
    /// Who does not ring here.
    #[serde(flatten)]
    pub absence: Absence,
}

/// Why a command was refused, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The id is of no call that is up.
    #[error("there is no call {0}; \"ringbook ctl calls\" lists them")]
    NoSuchCall(CallId),
    /// The settings have no such line.
    #[error("there is no line {aor}; allowed: {}", allowed.join(", "))]
    NoSuchAccount {
        /// What was asked for.
        aor: String,
        /// The lines that exist.
        allowed: Vec<String>,
    },
    /// The settings have no line at all.
    #[error("there is no line to call from: add an [[account]] to settings.toml")]
    NoAccount,
    /// The text is nothing that can be called.
    #[error("{0}")]
    BadTarget(#[from] super::target::TargetError),
    /// The link is nothing to call.
    #[error("{0}")]
    BadLink(#[from] super::links::LinkError),
    /// Codes and emergency numbers go out when a person says so.
    #[error(
        "the link is a code or an emergency number, and nobody is there to be asked; call it with: \
         ringbook ctl dial TARGET"
    )]
    NobodyToAsk,
    /// The call is not in a state for this.
    #[error("the call cannot be {verb} now: it is {state}")]
    WrongState {
        /// A participle: `answered`.
        verb: &'static str,
        /// Its state's word.
        state: &'static str,
    },
    /// The text holds something that is no key.
    #[error("{0:?} are no keys; allowed: 0-9 * # A-D, at most 64")]
    BadDigits(String),
    /// A call was to be joined with itself.
    #[error("a conference needs two calls")]
    OneCall,
    /// Sound is tried without a call.
    #[error("the sound cannot be tried during a call")]
    TestInCall,
    /// There is one conference at a time.
    #[error("there is a conference of other calls already")]
    OtherConference,
    /// A scenario has connected the caller with somebody else.
    #[error("a colleague has this call; it can only be ended here")]
    Colleagues,
    /// The other side cannot take keys.
    #[error("the other side takes no keys (RFC 4733) in this call")]
    NoDigits,
    /// As many calls as the settings allow.
    #[error("there are {0} calls already, the most that [phone] max_calls allows")]
    TooManyCalls(usize),
    /// The module is off.
    #[error("{module} is off: [modules] {module} = false")]
    ModuleOff {
        /// Its key.
        module: &'static str,
    },
    /// The recording is not in a state for this.
    #[error("the recording cannot be {verb} now: it is {state}")]
    WrongRecording {
        /// A participle: `paused`.
        verb: &'static str,
        /// `off`, `on`, `paused`.
        state: &'static str,
    },
    /// The SIP user agent or the store refused.
    #[error("{0}")]
    Refused(String),
    /// The phone is ending.
    #[error("the phone is ending")]
    Ending,
}
