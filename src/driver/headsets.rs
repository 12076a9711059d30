//! The thread that attends headsets with buttons.

mod attendant;

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use self::attendant::{Attendant, Told};
use super::message::{Inbox, Message};
use crate::automation::NoticeKind;
use crate::headset::Lamps;
use crate::hidraw::{self, Places};
use crate::tr;

/// The way to the thread, where headsets are wanted.
pub(super) struct Headsets {
    running: Option<Running>,
    inbox: Inbox,
}

struct Running {
    lamps: Option<Sender<Lamps>>,
    wake: UnixStream,
    /// Says nothing, and ends with the thread.
    ended: Receiver<()>,
}

/// How long the program waits at its end until the lamps are out: a radio link may be slow, or gone.
const LAMPS_OUT: Duration = Duration::from_millis(300);

impl Headsets {
    pub fn new(wanted: bool, inbox: Inbox) -> Self {
        let mut headsets = Self {
            running: None,
            inbox,
        };
        headsets.set(wanted);
        headsets
    }

    /// Whether headsets are attended from now on.
    pub fn set(&mut self, wanted: bool) {
        if wanted == self.running.is_some() {
            return;
        }
        // Nobody waits for its end.
        if let Some(mut running) = self.running.take() {
            running.end();
        }
        // Where the system shows no such devices, and will not, no thread is needed.
        if wanted
            && Places::default()
                .known
                .parent()
                .is_some_and(std::path::Path::exists)
        {
            let inbox = self.inbox.clone();
            let tell = move |told| inbox.put(message(told));
            match Running::start(Places::default(), tell) {
                Ok(running) => self.running = Some(running),
                Err(error) => {
                    let text = tr!(
                        "The buttons of headsets do not work: {error}",
                        error = error
                    );
                    self.inbox.put(Message::Notice(NoticeKind::Audio, text));
                }
            }
        }
    }

    /// Shows all of them what the phone does.
    pub fn show(&mut self, lamps: Lamps) {
        if let Some(running) = &mut self.running {
            running.show(lamps);
        }
    }
}

impl Running {
    fn start(places: Places, tell: impl Fn(Told) + Send + 'static) -> std::io::Result<Self> {
        let (lamps, orders) = channel();
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let attendant = Attendant::new(places, Box::new(hidraw::open), tell)?;
        let (alive, ended) = channel();
        let thread = thread::Builder::new().name("headsets".to_owned());
        thread.spawn(move || {
            attendant.run(&woken, &orders);
            drop::<Sender<()>>(alive);
        })?;
        Ok(Self {
            lamps: Some(lamps),
            wake,
            ended,
        })
    }

    fn show(&mut self, lamps: Lamps) {
        if let Some(orders) = &self.lamps {
            let _ = orders.send(lamps);
        }
        // It is awake already where this would block.
        let _ = self.wake.write(&[1]);
    }

    /// Lets the thread put the lamps out and end.
    fn end(&mut self) {
        self.lamps = None;
        let _ = self.wake.write(&[1]);
    }
}

impl Drop for Headsets {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.end();
            let _ = running.ended.recv_timeout(LAMPS_OUT);
        }
    }
}

fn message(told: Told) -> Message {
    match told {
        Told::News(news) => Message::Headset(news),
        Told::Denied(found) => Message::Notice(
            NoticeKind::Audio,
            tr!(
                "The buttons of {headset} do not work: {device} may not be opened. Add the line {rule} to {file}, then plug it in again.",
                headset = found.name,
                device = found.device.display(),
                rule = found.rule(),
                file = hidraw::RULES
            ),
        ),
    }
}
