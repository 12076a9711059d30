//! `ringbook --headless`: events as JSON lines on standard output.

use std::io::Write;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::automation::Event;
use crate::driver::{AppHandle, EventSink, Launch};
use crate::phone::command::Command;
use crate::profile::Profile;
use crate::settings::Settings;

/// Octets that wait for a slow reader of standard output. A phone waits for nobody: what does not fit
/// is dropped.
const MOST: usize = 2 * 1024 * 1024;
/// The printing thread needs next to no stack.
const STACK: usize = 64 * 1024;

/// How long the last lines may take after the phone has ended.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Runs the phone and prints every event on a thread of its own. A reader that goes away, or does
/// not read, changes nothing for the phone.
pub fn run(profile: Profile, settings: Settings, target: Option<&str>) -> anyhow::Result<()> {
    let (events, all_printed) = printer()?;
    let launch = Launch::new(profile, settings, events);
    if let Some(target) = target {
        dial(&launch.handle(), target);
    }
    let ended = launch.run();
    // The sender of the lines went with the phone; the thread ends after the last one.
    let _ = all_printed.recv_timeout(LAST_LINES);
    ended
}

/// Prints events as lines, on a thread of its own; the channel closes when the last is printed.
pub(super) fn printer() -> std::io::Result<(EventSink, Receiver<()>)> {
    let lines = Lines::default();
    let (finished, all_printed) = sync_channel::<()>(1);
    let thread = std::thread::Builder::new()
        .name("events".to_owned())
        .stack_size(STACK);
    let waiting = Arc::clone(&lines.0);
    thread.spawn(move || {
        let mut open = true;
        while let Some(text) = waiting.take() {
            // Taking more after the pipe broke keeps the room free.
            open = open && print(&text).is_ok();
        }
        drop(finished);
    })?;
    Ok((Box::new(move |events| lines.put(events)), all_printed))
}

/// Where lines wait for the printing thread; dropping it ends the thread behind the last one.
#[derive(Default)]
struct Lines(Arc<Waiting>);

#[derive(Default)]
struct Waiting {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    text: String,
    closed: bool,
}

impl Lines {
    fn put(&self, events: &[Event]) {
        let lines = events
            .iter()
            .flat_map(|event| [event.to_line(), "\n".to_owned()]);
        let lines: String = lines.collect();
        let mut state = self.0.lock();
        let fits = state.text.len() + lines.len() <= MOST;
        if fits {
            state.text.push_str(&lines);
        }
        // Woken under the lock, the thread would wake up only to wait for it.
        drop(state);
        self.0.arrived.notify_one();
        if !fits {
            tracing::warn!(
                events = events.len(),
                "standard output is not read: events were dropped"
            );
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.arrived.notify_one();
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every line that waits, at least one; none after the last.
    fn take(&self) -> Option<String> {
        let waits = |state: &mut State| state.text.is_empty() && !state.closed;
        let mut state = self
            .arrived
            .wait_while(self.lock(), waits)
            .unwrap_or_else(PoisonError::into_inner);
        let text = std::mem::take(&mut state.text);
        (!text.is_empty()).then_some(text)
    }
}

/// Calls whom the arguments name; a refusal is told as a notice by the phone.
pub(super) fn dial(phone: &AppHandle, target: &str) {
    let command = Command::Dial {
        target: target.to_owned(),
        account: None,
    };
    phone.command(command, |answer| {
        if let Err(error) = answer {
            eprintln!("ringbook: {error}");
        }
    });
}

fn print(lines: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(lines.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::automation::{Body, Notice, NoticeKind};

    fn notice(text: &str) -> Event {
        let text = text.to_owned();
        let kind = NoticeKind::Store;
        Event {
            at: jiff::Timestamp::UNIX_EPOCH,
            body: Body::Notice(Notice::new(kind, text)),
        }
    }

    #[test]
    fn what_waits_is_printed_together_to_the_last_line() {
        let lines = Lines::default();
        let waiting = Arc::clone(&lines.0);
        lines.put(&[notice("one"), notice("two")]);
        lines.put(&[notice("three")]);
        drop(lines);
        let text = waiting.take().unwrap_or_default();
        let ends = ["one", "two", "three"].map(|text| format!("\"text\":\"{text}\"}}"));
        assert_eq!(text.lines().count(), 3);
        assert!(
            text.lines()
                .zip(&ends)
                .all(|(line, end)| line.ends_with(end))
        );
        assert!(text.ends_with('\n'));
        assert_eq!(waiting.take(), None);
    }

    #[test]
    fn what_nobody_reads_is_dropped_by_whole_events() {
        let lines = Lines::default();
        let long = notice(&"x".repeat(MOST / 3));
        for _ in 0..5 {
            lines.put(std::slice::from_ref(&long));
        }
        let text = lines.0.take().unwrap_or_default();
        assert_eq!(text.lines().count(), 2);
        assert!(text.ends_with("\n"));
        lines.put(&[notice("again")]);
        assert!(lines.0.take().is_some_and(|text| text.contains("again")));
    }
}
