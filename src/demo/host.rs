//! The demo in the terminal: answers the callers, prints their cards, then the log.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::card_text::card_text;
use super::office::Office;
use crate::automation::{Body, CallState, RegistrationState};
use crate::cli;
use crate::driver::{AppHandle, Launch};
use crate::model::{CallId, Direction};
use crate::phone::command::Command;
use crate::profile::Profile;
use crate::settings::Settings;
use crate::tr;

/// How long a call rings before it is answered: the card is read meanwhile.
const ANSWER_AFTER: Duration = Duration::from_millis(1_500);
/// How often the host looks whether the office has finished.
const LOOK: Duration = Duration::from_millis(100);
/// The whole demo ends within this time, whatever happens.
const END_BY: Duration = Duration::from_secs(55);

/// Runs the phone until the script is over, then prints the log and the recordings.
pub(super) fn run(
    profile: &Profile,
    settings: Settings,
    office: &Office,
    keep: bool,
) -> anyhow::Result<()> {
    let (events, inbox) = channel();
    let sink = Box::new(move |turn: &[crate::automation::Event]| {
        for event in turn {
            // Nobody reads on after the host has ended.
            let _ = events.send(event.body.clone());
        }
    });
    let launch = Launch::new(profile.clone(), settings, sink);
    let mut host = Host {
        phone: launch.handle(),
        ringing: Vec::new(),
        up: 0,
    };
    thread::scope(|scope| {
        scope.spawn(move || host.entertain(&inbox, office, keep));
        launch.run()
    })?;
    cli::show(profile, &["log", "list"])?;
    cli::show(profile, &["recording", "list"])
}

struct Host {
    phone: AppHandle,
    /// Calls to be answered, and when.
    ringing: Vec<(Instant, CallId)>,
    /// Calls that are not over.
    up: usize,
}

impl Host {
    fn entertain(&mut self, inbox: &Receiver<Body>, office: &Office, keep: bool) {
        let end_by = Instant::now() + END_BY;
        let mut leaving = false;
        loop {
            match inbox.recv_timeout(LOOK) {
                Ok(body) => self.take(body),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            self.answer_due(now);
            let over = office.is_finished() && self.up == 0;
            if !leaving && !keep && (over || now > end_by) {
                leaving = true;
                self.ask(Command::Quit);
            }
        }
    }

    fn take(&mut self, body: Body) {
        let line = match body {
            Body::Registration(registration) => match registration.state {
                RegistrationState::Registered => tr!(
                    "Registered as {account}. The sample office will call.",
                    account = registration.account
                ),
                _ => return,
            },
            Body::CallerCard { card, .. } => card_text(&card),
            Body::Call(call) => match call.state {
                CallState::Incoming => {
                    self.up += 1;
                    self.ringing
                        .push((Instant::now() + ANSWER_AFTER, call.call));
                    return;
                }
                CallState::Established if call.direction == Direction::Incoming => {
                    tr!("Answered; the call is recorded.")
                }
                CallState::Ended => {
                    self.up = self.up.saturating_sub(1);
                    self.ringing.retain(|(_, ringing)| *ringing != call.call);
                    let talked = call.ended.map_or(0.0, |ended| ended.talk_s);
                    tr!(
                        "The call is over after {seconds} s.",
                        seconds = format!("{talked:.1}")
                    )
                }
                _ => return,
            },
            Body::Notice(notice) => notice.text,
            _ => return,
        };
        // A terminal that went away does not end the calls.
        let _ = say(&line);
    }

    fn answer_due(&mut self, now: Instant) {
        let due: Vec<CallId> = self
            .ringing
            .extract_if(.., |(at, _)| *at <= now)
            .map(|(_, call)| call)
            .collect();
        for call in due {
            self.ask(Command::Answer(call));
        }
    }

    fn ask(&self, command: Command) {
        self.phone.command(command, |answer| {
            if let Err(error) = answer {
                let _ = say(&error.to_string());
            }
        });
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    cli::print_line(text)
}
