//! Opens devices, notices when they vanish, and tries again: on a thread of its own, because opening may take long.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    Capture, Clip, ClipError, DeviceRole, Playback,
    sound_card::{Card, open_loudspeaker, open_microphone},
};

/// How often an open device is looked after and an absent one tried again.
const ROUND: Duration = Duration::from_millis(500);

/// What a role shall be served by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A sound file to be sent.
    Clip(PathBuf),
    /// A sound file to ring with.
    Ringtone(PathBuf),
    /// A microphone by its name; `None`: the system's default.
    Microphone(Option<String>),
    /// A loudspeaker by its name; `None`: the system's default.
    Loudspeaker(Option<String>),
}

/// What the media thread gets.
pub enum Opened {
    /// A sound to be sent.
    Clip(Arc<Clip>),
    /// A microphone.
    Capture(Capture),
    /// A loudspeaker.
    Playback(Playback),
}

/// What the phone is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceReport {
    /// The device is absent or has failed; it is tried again until it works or is no longer wanted.
    Lost {
        /// Which one.
        role: DeviceRole,
        /// What the system says.
        reason: String,
    },
    /// The lost device works again.
    Back {
        /// Which one.
        role: DeviceRole,
    },
}

/// Keeps the devices open that are wanted.
pub struct Keeper {
    wishes: Option<Sender<(DeviceRole, Option<Wanted>)>>,
    opened: Receiver<(DeviceRole, Opened)>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread; it sleeps until a device is wanted. `report` is called on it.
    ///
    /// # Errors
    /// The system gives us no thread.
    pub fn start(report: impl Fn(DeviceReport) + Send + 'static) -> io::Result<Self> {
        let (wishes, inbox) = channel();
        let (outbox, opened) = channel();
        let thread = thread::Builder::new()
            .name("devices".into())
            .spawn(move || {
                Rounds {
                    slots: Vec::new(),
                    outbox,
                    report,
                }
                .run(&inbox)
            })?;
        Ok(Self {
            wishes: Some(wishes),
            opened,
            thread: Some(thread),
        })
    }

    /// What serves `role` from now on; `None` closes its device.
    pub fn want(&self, role: DeviceRole, wanted: Option<Wanted>) {
        if let Some(wishes) = &self.wishes {
            // The thread lives as long as we do.
            let _ = wishes.send((role, wanted));
        }
    }

    /// The next device that was opened.
    pub fn poll(&self) -> Option<(DeviceRole, Opened)> {
        self.opened.try_recv().ok()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.wishes = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Slot {
    role: DeviceRole,
    wanted: Wanted,
    state: State,
}

enum State {
    /// Not tried yet.
    Closed,
    /// A file in memory needs no looking after.
    Loaded,
    /// A sound card that works.
    Open(Card),
    /// Reported as lost.
    Lost,
}

struct Rounds<R> {
    slots: Vec<Slot>,
    outbox: Sender<(DeviceRole, Opened)>,
    report: R,
}

impl<R: Fn(DeviceReport)> Rounds<R> {
    fn run(mut self, inbox: &Receiver<(DeviceRole, Option<Wanted>)>) {
        loop {
            let wish = if self
                .slots
                .iter()
                .all(|slot| matches!(slot.state, State::Loaded))
            {
                inbox.recv().map_err(RecvTimeoutError::from)
            } else {
                inbox.recv_timeout(ROUND)
            };
            match wish {
                Ok((role, wanted)) => self.change(role, wanted),
                Err(RecvTimeoutError::Timeout) => self.look_after(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.open_what_is_missing();
        }
    }

    fn change(&mut self, role: DeviceRole, wanted: Option<Wanted>) {
        self.slots.retain(|slot| slot.role != role);
        if let Some(wanted) = wanted {
            self.slots.push(Slot {
                role,
                wanted,
                state: State::Closed,
            });
        }
    }

    fn look_after(&mut self) {
        for slot in &mut self.slots {
            if let State::Open(card) = &mut slot.state
                && !card.is_alive()
            {
                slot.state = State::Lost;
                (self.report)(DeviceReport::Lost {
                    role: slot.role,
                    reason: "the device is gone".into(),
                });
            }
        }
    }

    fn open_what_is_missing(&mut self) {
        for slot in &mut self.slots {
            let lost = match slot.state {
                State::Closed => false,
                State::Lost => true,
                State::Loaded | State::Open(_) => continue,
            };
            quieten_alsa();
            match open(&slot.wanted) {
                Ok((state, opened)) => {
                    slot.state = state;
                    // The media thread may just be ending.
                    let _ = self.outbox.send((slot.role, opened));
                    if lost {
                        (self.report)(DeviceReport::Back { role: slot.role });
                    }
                }
                Err(reason) => {
                    slot.state = State::Lost;
                    if !lost {
                        (self.report)(DeviceReport::Lost {
                            role: slot.role,
                            reason,
                        });
                    }
                }
            }
        }
    }
}

/// The ALSA library writes what it dislikes to standard error: on this thread into a buffer, begun anew each time.
fn quieten_alsa() {
    #[cfg(target_os = "linux")]
    drop(alsa::Output::local_error_handler());
}

fn open(wanted: &Wanted) -> Result<(State, Opened), String> {
    let loaded = |path: &PathBuf, clip: Result<Clip, ClipError>| match clip {
        Ok(clip) => Ok((State::Loaded, Opened::Clip(Arc::new(clip)))),
        Err(error) => Err(format!("{}: {error}", path.display())),
    };
    match wanted {
        Wanted::Clip(path) => loaded(path, Clip::load(path)),
        Wanted::Ringtone(path) => loaded(path, Clip::load_ringtone(path)),
        Wanted::Microphone(name) => match open_microphone(name.as_deref()) {
            Ok((card, capture)) => Ok((State::Open(card), Opened::Capture(capture))),
            Err(error) => Err(error.to_string()),
        },
        Wanted::Loudspeaker(name) => match open_loudspeaker(name.as_deref()) {
            Ok((card, playback)) => Ok((State::Open(card), Opened::Playback(playback))),
            Err(error) => Err(error.to_string()),
        },
    }
}
