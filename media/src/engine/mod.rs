//! The media thread: one thread and one clock tick serve all calls.

// The engine reads the clock and owns sockets and threads.
#![allow(clippy::disallowed_methods)]

mod bells;
mod bridge;
mod command;
mod devices;
mod echo_test;
mod event;
mod grid;
mod input;
mod line;
mod output;
mod own_voice;
mod patch;
mod phase;
mod playback;
mod player;
mod ports;
mod socket;
mod switchboard;

pub use crate::device::DeviceRole;
pub use bells::RingSound;
pub use command::{MediaCommand, StreamId, ToneTarget};
pub use event::{MediaEvent, RecordingState};
pub use playback::{PlayOrder, Playback};
pub use player::{PlayError, play};
pub use ports::{bind_rtp_pair, rtp_pairs};

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use self::{devices::Devices, grid::Grid, switchboard::Switchboard};
use crate::{device::DeviceSettings, recorder::Recorder, voice_processing::VoiceSettings};

/// The phone's ear: called by the media thread, the recorder and the device thread.
type Events = Arc<dyn Fn(MediaEvent) + Send + Sync>;

/// Commands that may wait for the media thread; a sender of one more waits too.
const COMMANDS: usize = 1024;

/// What the engine starts with.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// What calls send, where they are heard, and where it rings.
    pub devices: DeviceSettings,
    /// What is done to what a microphone hears.
    pub voice: VoiceSettings,
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
    /// Starts the media thread. `events` is called on it and on its helpers for files and devices, and must return at once.
    ///
    /// A device that is absent is no error: it is reported by an event and tried again.
    ///
    /// # Errors
    /// The system gives us no thread.
    pub fn start(
        config: EngineConfig,
        events: Box<dyn Fn(MediaEvent) + Send + Sync>,
    ) -> io::Result<Self> {
        let (commands, inbox) = sync_channel(COMMANDS);
        let events: Events = events.into();
        let (devices, recorder) = (Devices::start(events.clone())?, Recorder::start()?);
        let thread = thread::Builder::new()
            .name("media".into())
            .spawn(move || run(Switchboard::new(config, devices, recorder, events), &inbox))?;
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

/// Ticks between looks whether the grid should be moved.
const ADVICE_TICKS: u32 = 50;

/// Serves commands as they come and all calls on every tick; sleeps when there is neither.
fn run(mut board: Switchboard, inbox: &Receiver<MediaCommand>) {
    let mut grid = Grid::new(Instant::now());
    let mut ticks = 0;
    loop {
        let command = if board.is_idle() {
            inbox.recv().map_err(RecvTimeoutError::from)
        } else {
            inbox.recv_timeout(grid.next().saturating_duration_since(Instant::now()))
        };
        let now = Instant::now();
        match command {
            Ok(command) => {
                let (idle, running) = (board.is_idle(), board.running());
                if board.handle(now, command).is_break() {
                    break;
                }
                // The first packet of a call has just left: without other calls the grid begins with it.
                if idle || (running == 0 && board.running() == 1) {
                    grid = Grid::new(now);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let due = grid.take_due(Instant::now());
        board.skip(due.skip);
        for _ in 0..due.run {
            board.tick(Instant::now());
            ticks += 1;
        }
        if grid.is_moving() || ticks >= ADVICE_TICKS {
            ticks = 0;
            // What was seen while the grid moved tells nothing.
            if let Some(earlier) = board.take_advice().filter(|_| !grid.is_moving()) {
                grid.move_earlier(earlier);
            }
        }
    }
    board.shut_down(Instant::now());
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
