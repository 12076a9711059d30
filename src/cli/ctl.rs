//! `ringbook ctl`: what the window can do, a script can do too.

use clap::{Args, Subcommand, ValueEnum};

use crate::control::{self, Request};
use crate::model::CallId;
use crate::phone::command::RecordAction;
use crate::profile::Profile;

/// Steers the running phone; prints JSON.
#[derive(Debug, Args)]
pub struct Ctl {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// How the phone is
    Status,
    /// The lines and their registrations
    Accounts,
    /// The calls that are not over
    Calls,
    /// Call somebody; prints the call's id
    Dial {
        /// A sip: or tel: address, a number, an extension or a user name
        target: String,
        /// The line to call from, by its address; default: the first
        #[arg(long, value_name = "AOR")]
        account: Option<String>,
    },
    /// Take an incoming call
    Answer {
        /// Its id
        call: CallId,
    },
    /// Turn an incoming call away
    Reject {
        /// Its id
        call: CallId,
    },
    /// End a call
    Hangup {
        /// Its id
        call: CallId,
    },
    /// Put the other party on hold
    Hold {
        /// Its id
        call: CallId,
    },
    /// Take the other party back
    Resume {
        /// Its id
        call: CallId,
    },
    /// Send the other party to TARGET, or connect it with the other party of CALL2
    Transfer {
        /// Its id
        call: CallId,
        /// As for dial
        #[arg(required_unless_present = "to", conflicts_with = "to")]
        target: Option<String>,
        /// The call with whoever takes over
        #[arg(long, value_name = "CALL2")]
        to: Option<CallId>,
    },
    /// Press keys
    Dtmf {
        /// The call's id
        call: CallId,
        /// 0-9 * # A-D
        digits: String,
    },
    /// Switch the microphone off (on) or on again (off)
    Mute {
        /// The call's id
        call: CallId,
        /// Whether the call is muted
        muted: Switch,
    },
    /// Steer the recording
    Record {
        /// The call's id
        call: CallId,
        /// What to do
        action: Action,
    },
    /// The caller card of a call
    Card {
        /// Its id
        call: CallId,
    },
    /// End calls, unregister, close recordings, end the phone
    Quit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Action {
    Start,
    Stop,
    Pause,
    Resume,
}

impl From<Action> for RecordAction {
    fn from(action: Action) -> Self {
        match action {
            Action::Start => Self::Start,
            Action::Stop => Self::Stop,
            Action::Pause => Self::Pause,
            Action::Resume => Self::Resume,
        }
    }
}

impl Verb {
    fn request(&self) -> Request {
        match self {
            Self::Status => Request::Status {},
            Self::Accounts => Request::Accounts {},
            Self::Calls => Request::Calls {},
            Self::Dial { target, account } => Request::Dial {
                target: target.clone(),
                account: account.clone(),
            },
            &Self::Answer { call } => Request::Answer { call },
            &Self::Reject { call } => Request::Reject { call },
            &Self::Hangup { call } => Request::Hangup { call },
            &Self::Hold { call } => Request::Hold { call },
            &Self::Resume { call } => Request::Resume { call },
            Self::Transfer { call, target, to } => Request::Transfer {
                call: *call,
                target: target.clone(),
                to: *to,
            },
            Self::Dtmf { call, digits } => Request::Dtmf {
                call: *call,
                digits: digits.clone(),
            },
            &Self::Mute { call, muted } => Request::Mute {
                call,
                on: matches!(muted, Switch::On),
            },
            &Self::Record { call, action } => Request::Record {
                call,
                action: action.into(),
            },
            &Self::Card { call } => Request::Card { call },
            Self::Quit => Request::Quit {},
        }
    }
}

/// Asks, prints the answer.
pub fn run(ctl: &Ctl, profile: &Profile) -> anyhow::Result<()> {
    let answer = control::ask(profile, &ctl.verb.request())?;
    super::print_line(&answer.to_string())
}
