//! What can be asked of a running phone: once, for the words of `ringbook ctl` and for the lines of
//! the control socket.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Subcommand};
use serde::{Deserialize, Serialize};

use crate::model::{CallId, ClientField, ClientId, TaskId};
use crate::phone::command::{Command, ForwardWhen, RecordAction};

/// What can be asked. The first line of a description is the help of `ringbook ctl`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    // Without the braces serde would let unknown fields pass.
    /// How the phone is
    Status {},
    /// The lines and their registrations
    Accounts {},
    /// The calls that are not over
    Calls {},
    /// Call somebody; prints the call's id
    Dial {
        /// A sip: or tel: address, a number, an extension or a user name
        target: String,
        /// The line to call from, by its address; default: the first
        #[arg(long, value_name = "AOR")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// Do not tell the other party who calls
        #[arg(long)]
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        anonymous: bool,
    },
    /// Take a tel:, sip:, sips: or callto: link from another program: the window asks before it dials
    Link {
        /// The link
        uri: String,
    },
    /// Let nobody ring (on), or everybody again (off), until the phone ends
    Dnd {
        /// Whether callers hear that nobody is there
        #[arg(value_name = "DND", action = ArgAction::Set, value_parser = on_or_off())]
        on: bool,
    },
    /// Send callers on to TARGET, or, without one, nobody any more, until the phone ends
    Forward {
        /// Which callers
        when: ForwardWhen,
        /// As for dial
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
    },
    /// Hear yourself two seconds later, without any call: whether microphone and loudspeaker work
    AudioTest {
        /// Begin, or end
        action: StartStop,
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
    /// Let the other parties of two calls hear each other as well as you
    Conference {
        /// The id of one
        call: CallId,
        /// The id of the other
        #[arg(value_name = "CALL2")]
        with: CallId,
    },
    /// End a conference: CALL goes on, the others go on hold
    Split {
        /// Its id
        call: CallId,
    },
    /// Send the other party to TARGET, or connect it with the other party of CALL2
    Transfer {
        /// Its id
        call: CallId,
        /// As for dial
        #[arg(required_unless_present = "to", conflicts_with = "to")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        /// The call with whoever takes over
        #[arg(long, value_name = "CALL2")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
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
        #[arg(value_name = "MUTED", action = ArgAction::Set, value_parser = on_or_off())]
        on: bool,
    },
    /// Steer the recording
    Record {
        /// The call's id
        call: CallId,
        /// What to do
        action: RecordAction,
    },
    /// What the colleagues' telephones do
    Lamps {},
    /// The way to a line's server: names, connections, the latest REGISTERs and their answers
    Ladder {
        /// The line, by its address; default: the first
        #[arg(value_name = "AOR")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
    },
    /// The caller card of a call
    Card {
        /// Its id
        call: CallId,
    },
    /// Say which client the other party of a call is
    Client {
        /// The call's id
        call: CallId,
        /// The client's id
        client: ClientId,
    },
    /// Say that you have read the note on the client, which must be acknowledged
    NoteRead {
        /// The call's id
        call: CallId,
    },
    /// Save what is known of the other party of a call: as its client, or as a new one
    SaveCaller {
        /// The call's id
        call: CallId,
        /// The client's name
        #[arg(long, required_unless_present_any = ["company", "category", "note"])]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The client's company
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        company: Option<String>,
        /// A category's key or name
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<String>,
        /// The note on the client
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Tell scripts that a task was closed: what `ringbook task close` says of itself
    #[command(hide = true)]
    TaskClosed {
        /// Its id
        task: TaskId,
    },
    /// Tell scripts and the window what a person wrote of a call: what `ringbook log note` and
    /// `ringbook log tag` say of themselves
    #[command(hide = true)]
    CallMarked {
        /// Its id
        call: CallId,
    },
    /// Read tariffs.toml again: what `ringbook tariff` says of itself when it has changed the file
    #[command(hide = true)]
    TariffsChanged {},
    /// Read settings.toml again: what `ringbook limit` says of itself when it has changed the file
    #[command(hide = true)]
    SettingsChanged {},
    /// End calls, unregister, close recordings, end the phone
    Quit {},
}

/// Begin, or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum StartStop {
    /// Begin.
    Start,
    /// End.
    Stop,
}

fn on_or_off() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["on", "off"]).map(|word| word == "on")
}

impl Request {
    /// The request in the phone's words, or what is wrong with it.
    pub(crate) fn command(self) -> Result<Command, String> {
        Ok(match self {
            Self::Status {} => Command::Status,
            Self::Accounts {} => Command::Accounts,
            Self::Calls {} => Command::Calls,
            Self::Dial {
                target,
                account,
                anonymous: false,
            } => Command::Dial { target, account },
            Self::Dial {
                target, account, ..
            } => Command::DialAnonymously { target, account },
            Self::Link { uri } => Command::Link(uri),
            Self::Dnd { on } => Command::DoNotDisturb(on),
            Self::Forward { when, target } => Command::Forward { when, target },
            Self::AudioTest { action } => Command::AudioTest(action == StartStop::Start),
            Self::Answer { call } => Command::Answer(call),
            Self::Reject { call } => Command::Reject(call),
            Self::Hangup { call } => Command::Hangup(call),
            Self::Hold { call } => Command::Hold(call),
            Self::Resume { call } => Command::Resume(call),
            Self::Conference { call, with } => Command::Conference { call, with },
            Self::Split { call } => Command::Split(call),
            Self::Transfer {
                call,
                target: Some(target),
                to: None,
            } => Command::TransferBlind { call, target },
            Self::Transfer {
                call,
                target: None,
                to: Some(to),
            } => Command::TransferAttended { call, to },
            Self::Transfer { .. } => return Err("transfer takes either target or to".to_owned()),
            Self::Dtmf { call, digits } => Command::Dtmf { call, digits },
            Self::Mute { call, on } => Command::Mute { call, on },
            Self::Record { call, action } => Command::Record { call, action },
            Self::Lamps {} => Command::Lamps,
            Self::Ladder { account } => Command::Ladder { account },
            Self::Card { call } => Command::Card(call),
            Self::NoteRead { call } => Command::NoteRead(call),
            Self::Client { call, client } => Command::LinkCaller { call, client },
            Self::SaveCaller {
                call,
                name,
                company,
                category,
                note,
            } => Command::SaveCaller {
                call,
                fields: caller_fields([
                    ("name", name),
                    ("company", company),
                    ("category", category),
                    ("note", note),
                ])?,
            },
            Self::TaskClosed { .. } => return Err("the phone itself closes no task".to_owned()),
            Self::TariffsChanged {} | Self::SettingsChanged {} => {
                return Err("the phone itself changes no file of its own".to_owned());
            }
            Self::CallMarked { .. } => return Err("the phone itself marks no call".to_owned()),
            Self::Quit {} => Command::Quit,
        })
    }
}

/// What is to be saved of a caller; something has to be.
fn caller_fields(given: [(&str, Option<String>); 4]) -> Result<Vec<(ClientField, String)>, String> {
    let field = |(name, text): (&str, Option<String>)| Some((ClientField::named(name), text?));
    let fields: Vec<_> = given.into_iter().filter_map(field).collect();
    if fields.is_empty() {
        return Err("save_caller takes at least one of name, company, category, note".to_owned());
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::{CommandFactory, Parser};
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(subcommand)]
        request: Request,
    }

    const CALL: &str = "01936b6e-7b1c-7000-8000-000000000001";

    fn typed(words: &[&str]) -> Option<serde_json::Value> {
        let words = ["ctl"].iter().chain(words);
        let typed = Typed::try_parse_from(words).ok()?;
        Some(serde_json::to_value(typed.request).unwrap())
    }

    #[test]
    fn what_is_typed_is_what_the_socket_takes() {
        let target = "sip:200@example.com";
        for (words, line) in [
            (&["status"][..], json!({"verb": "status"})),
            (
                &["dial", target, "--account", "sip:101@example.com"],
                json!({"verb": "dial", "target": target, "account": "sip:101@example.com"}),
            ),
            (
                &["mute", CALL, "on"],
                json!({"verb": "mute", "call": CALL, "on": true}),
            ),
            (
                &["mute", CALL, "off"],
                json!({"verb": "mute", "call": CALL, "on": false}),
            ),
            (
                &["record", CALL, "pause"],
                json!({"verb": "record", "call": CALL, "action": "pause"}),
            ),
            (
                &["transfer", CALL, "--to", CALL],
                json!({"verb": "transfer", "call": CALL, "to": CALL}),
            ),
            (
                &["conference", CALL, CALL],
                json!({"verb": "conference", "call": CALL, "with": CALL}),
            ),
            (&["split", CALL], json!({"verb": "split", "call": CALL})),
            (
                &["dial", target, "--anonymous"],
                json!({"verb": "dial", "target": target, "anonymous": true}),
            ),
            (&["dnd", "on"], json!({"verb": "dnd", "on": true})),
            (
                &["forward", "no-answer", "102"],
                json!({"verb": "forward", "when": "no-answer", "target": "102"}),
            ),
            (
                &["forward", "busy"],
                json!({"verb": "forward", "when": "busy"}),
            ),
            (
                &["client", CALL, CALL],
                json!({"verb": "client", "call": CALL, "client": CALL}),
            ),
            (
                &["save-caller", CALL, "--name", "Dana", "--category", "vip"],
                json!({"verb": "save_caller", "call": CALL, "name": "Dana", "category": "vip"}),
            ),
            (&["lamps"], json!({"verb": "lamps"})),
            (
                &["audio-test", "start"],
                json!({"verb": "audio_test", "action": "start"}),
            ),
            (&["ladder"], json!({"verb": "ladder"})),
            (&["quit"], json!({"verb": "quit"})),
        ] {
            assert_eq!(typed(words).as_ref(), Some(&line), "{words:?}");
            let read: Request = serde_json::from_value(line).unwrap();
            assert!(read.command().is_ok(), "{words:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_on_both_sides() {
        Typed::command().debug_assert();
        for words in [
            &["mute", CALL, "true"][..],
            &["transfer", CALL],
            &["conference", CALL],
            &["client", CALL, "Dana"],
            &["save-caller", CALL],
            &["transfer", CALL, "200", "--to", CALL],
            &["record", CALL, "rewind"],
            &["status", "now"],
        ] {
            assert_eq!(typed(words), None, "{words:?}");
        }
        for line in [
            json!({"verb": "status", "now": true}),
            json!({"verb": "record", "call": CALL, "action": "rewind"}),
            json!({"verb": "sing"}),
        ] {
            assert!(
                serde_json::from_value::<Request>(line.clone()).is_err(),
                "{line}"
            );
        }
    }
}
