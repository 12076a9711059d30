//! The media thread: one thread and one clock tick serve all calls.

// The engine reads the clock and owns sockets and threads.
#![allow(clippy::disallowed_methods)]

mod command;
mod event;
mod ports;

pub use command::{MediaCommand, StreamId, ToneTarget};
pub use event::{DeviceRole, MediaEvent, RecordingState};
pub use ports::bind_rtp_pair;

use std::{
    io,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use crate::device::{InputDevice, OutputDevice};

/// Commands that may wait for the media thread; a sender of one more waits too.
const COMMANDS: usize = 1024;

/// What the engine starts with.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// What calls send.
    pub input: InputDevice,
    /// Where calls are heard.
    pub output: OutputDevice,
    /// Where the bell rings.
    pub ring: OutputDevice,
    /// The RTCP CNAME of our streams (RFC 3550 §6.5.1): says nothing about the person.
    pub cname: String,
    /// Where SSRCs and the like come from.
    pub seed: u64,
}

/// The running media thread. Dropping it shuts it down and waits until the recordings are closed.
pub struct Engine {
    handle: EngineHandle,
    thread: Option<JoinHandle<()>>,
}

/// Sends commands to the media thread.
#[derive(Clone, Debug)]
pub struct EngineHandle {
    commands: SyncSender<MediaCommand>,
}

impl Engine {
    /// Starts the media thread. `events` is called on it and must return at once.
    ///
    /// A device that is absent is no error: it is reported by an event and tried again.
    ///
    /// # Errors
    /// The system gives us no thread.
    pub fn start(config: EngineConfig, events: Box<dyn Fn(MediaEvent) + Send>) -> io::Result<Self> {
        let (commands, inbox) = sync_channel(COMMANDS);
        let thread = thread::Builder::new()
            .name("media".into())
            .spawn(move || run(&config, &events, &inbox))?;
        Ok(Self {
            handle: EngineHandle { commands },
            thread: Some(thread),
        })
    }

    /// A way to send commands.
    pub fn handle(&self) -> EngineHandle {
        self.handle.clone()
    }
}

fn run(_config: &EngineConfig, _events: &dyn Fn(MediaEvent), inbox: &Receiver<MediaCommand>) {
    while !matches!(inbox.recv(), Ok(MediaCommand::Shutdown) | Err(_)) {}
}

impl EngineHandle {
    /// Hands a command to the media thread. After the engine has ended it goes nowhere.
    pub fn send(&self, command: MediaCommand) {
        // The only error is an engine that has ended, and then there is nobody to tell.
        let _ = self.commands.send(command);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.handle.send(MediaCommand::Shutdown);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
