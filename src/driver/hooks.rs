//! The thread that runs programs for events.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

use super::message::{Inbox, Message};
use crate::automation::{Event, NoticeKind};
use crate::settings::Hook;
use crate::tr;

/// Programs of one hook that run at once.
const AT_ONCE: usize = 4;
/// How long the end of the phone waits for programs that were begun.
const LAST_EVENTS: Duration = Duration::from_millis(500);
/// Events that wait for one of them to end; one more is dropped.
const WAITING: usize = 100;

/// An event for a program: its words in the environment, and its line.
#[derive(Debug)]
struct Told {
    name: &'static str,
    line: String,
}

/// The way to the thread, once there is a program to run.
pub(super) struct Hooks {
    running: Vec<(Hook, Sender<Told>)>,
    /// Closed when every program has ended.
    ended: Option<mpsc::Receiver<()>>,
    profile: PathBuf,
    inbox: Inbox,
}

impl Hooks {
    pub fn new(settings: &[Hook], profile: &Path, inbox: Inbox) -> Self {
        let mut hooks = Self {
            running: Vec::new(),
            ended: None,
            profile: profile.to_owned(),
            inbox,
        };
        hooks.set(settings);
        hooks
    }

    /// Other settings hold; what was begun is brought to its end.
    pub fn set(&mut self, settings: &[Hook]) {
        let same = self.running.iter().map(|(hook, _)| hook).eq(settings);
        if same {
            return;
        }
        self.running.clear();
        let mut begun = Vec::new();
        for hook in settings {
            let (send, events) = channel(WAITING);
            self.running.push((hook.clone(), send));
            begun.push(Runner {
                hook: hook.clone(),
                events,
                profile: self.profile.clone(),
                trouble: Arc::default(),
                inbox: self.inbox.clone(),
            });
        }
        if begun.is_empty() {
            return;
        }
        let (running, ended) = mpsc::channel();
        let thread = thread::Builder::new().name("hooks".to_owned());
        let started = thread.spawn(move || {
            run(begun);
            drop(running);
        });
        match started {
            Ok(_) => self.ended = Some(ended),
            Err(error) => {
                let trouble = Message::Notice(NoticeKind::Hook, error.to_string());
                self.inbox.put(trouble);
            }
        }
    }

    /// Waits for a moment until the last events were told; a program that takes longer runs on.
    pub fn finish(&mut self) {
        self.running.clear();
        if let Some(ended) = self.ended.take() {
            let _ = ended.recv_timeout(LAST_EVENTS);
        }
    }

    /// Hands on what some program is to hear; never waits.
    pub fn tell(&mut self, events: &[Event]) {
        for (hook, runner) in &self.running {
            for event in events {
                let name = event.body.name();
                if !hook.events.iter().any(|wanted| wanted == name) {
                    continue;
                }
                let line = event.to_line();
                if runner.try_send(Told { name, line }).is_err() {
                    tracing::warn!(
                        program = hook.command[0],
                        "a hook is too slow: an event was dropped"
                    );
                }
            }
        }
    }
}

fn run(runners: Vec<Runner>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return tracing::error!("no runtime for hooks");
    };
    runtime.block_on(async {
        let all: Vec<_> = runners
            .into_iter()
            .map(|runner| tokio::spawn(runner.run()))
            .collect();
        for one in all {
            let _ = one.await;
        }
    });
}

/// One hook's programs.
struct Runner {
    hook: Hook,
    events: Receiver<Told>,
    profile: PathBuf,
    /// Whether people were told that it fails.
    trouble: Arc<AtomicBool>,
    inbox: Inbox,
}

impl Runner {
    /// Runs the program for each event, a few at once, until there are no more events.
    async fn run(mut self) {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        while let Some(event) = self.events.recv().await {
            let Ok(turn) = Arc::clone(&turns).acquire_owned().await else {
                return;
            };
            let (hook, profile) = (self.hook.clone(), self.profile.clone());
            let (trouble, inbox) = (Arc::clone(&self.trouble), self.inbox.clone());
            tokio::spawn(async move {
                let ended = run_once(&hook, &profile, &event).await;
                tell(&hook, ended, &trouble, &inbox);
                drop(turn);
            });
        }
        // Those that still run are brought to their end.
        let all = u32::try_from(AT_ONCE).unwrap_or(1);
        let _ = turns.acquire_many(all).await;
    }
}

/// Runs the program once: the event's line on its standard input, its words in the environment. It is
/// killed where it takes too long.
async fn run_once(hook: &Hook, profile: &Path, event: &Told) -> Result<(), String> {
    let (program, arguments) = hook.command.split_first().ok_or_else(String::new)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(environment(event))
        .env("RINGBOOK_PROFILE", profile)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let input = child.stdin.take();
    let write = async {
        if let Some(mut input) = input {
            // A program need not read what it is told.
            let _ = input.write_all(event.line.as_bytes()).await;
            let _ = input.write_all(b"\n").await;
        }
    };
    let ended = timeout(hook.patience, async { tokio::join!(write, child.wait()).1 }).await;
    match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(tr!("it ended with {status}", status = status)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => {
            // Its place is taken by the next one only when it is gone.
            let _ = child.kill().await;
            Err(tr!(
                "it was stopped after {s} s",
                s = hook.patience.as_secs()
            ))
        }
    }
}

/// What a script wants to know without reading JSON: texts and numbers of the event's first level.
fn environment(event: &Told) -> BTreeMap<String, String> {
    const WORDS: [&str; 8] = [
        "call",
        "state",
        "direction",
        "number",
        "account",
        "client",
        "file",
        "kind",
    ];
    let line: serde_json::Value = serde_json::from_str(&event.line).unwrap_or_default();
    let mut environment = BTreeMap::from([("RINGBOOK_EVENT".to_owned(), event.name.to_owned())]);
    for word in WORDS {
        if let Some(text) = line[word].as_str() {
            // Nothing that an environment could not hold.
            let text = text.replace('\0', "");
            environment.insert(format!("RINGBOOK_{}", word.to_ascii_uppercase()), text);
        }
    }
    environment
}

/// Tells people that a program fails, once until it succeeds.
fn tell(hook: &Hook, ended: Result<(), String>, trouble: &AtomicBool, inbox: &Inbox) {
    let known = trouble.swap(ended.is_err(), Ordering::Relaxed);
    if let (false, Err(why)) = (known, ended) {
        let program = hook.command.first().map_or("", String::as_str);
        let text = tr!(
            "The hook {program} fails: {why}",
            program = program,
            why = why
        );
        inbox.put(Message::Notice(NoticeKind::Hook, text));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_script_finds_the_events_words_in_its_environment() {
        let line = "{\"event\":\"call\",\"call\":\"0193\",\"state\":\"ringing\",\"number\":null,\
                    \"talk_s\":1.5,\"account\":\"sip:1@a\\u0000\"}";
        let event = Told {
            name: "call",
            line: line.to_owned(),
        };
        let words = environment(&event);
        let expected = [
            ("RINGBOOK_ACCOUNT", "sip:1@a"),
            ("RINGBOOK_CALL", "0193"),
            ("RINGBOOK_EVENT", "call"),
            ("RINGBOOK_STATE", "ringing"),
        ];
        let found: Vec<(&str, &str)> = words
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(found, expected);
    }
}
