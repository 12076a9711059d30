//! `ringbook --headless`: events as JSON lines on standard output.

use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use crate::automation::Event;
use crate::driver::{AppHandle, EventSink, Launch};
use crate::phone::command::Command;
use crate::profile::Profile;
use crate::settings::Settings;

/// Lines that wait for a slow reader of standard output. A phone waits for nobody: what does not
/// fit is dropped.
const LINES: usize = 4096;
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
    let (lines, waiting) = sync_channel::<String>(LINES);
    let (finished, all_printed) = sync_channel::<()>(1);
    let thread = std::thread::Builder::new()
        .name("events".to_owned())
        .stack_size(STACK);
    thread.spawn(move || {
        let mut open = true;
        for line in waiting {
            // Reading on after the pipe broke keeps the channel empty.
            open = open && print(&line).is_ok();
        }
        drop(finished);
    })?;
    Ok((Box::new(move |event| put(&lines, event)), all_printed))
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

fn put(lines: &SyncSender<String>, event: &Event) {
    if let Err(TrySendError::Full(_)) = lines.try_send(event.to_line()) {
        tracing::warn!("standard output is not read: an event was dropped");
    }
}

fn print(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}
