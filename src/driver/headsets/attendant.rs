//! Finds headsets, hears their buttons and writes their lamps; the one who waits for all of them at once.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use crate::headset::{Headset, Lamps, News};
use crate::hidraw::{self, Found, Places};

/// A device that has just been plugged in may not be opened until udev has been there.
const PATIENCE: Duration = Duration::from_millis(900);
/// More than the longest report of any headset.
const REPORT: usize = 256;

/// What the thread tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Something happened to the headsets.
    News(News),
    /// The system lets nobody open this one.
    Denied(Box<Found>),
}

/// Opens a device.
pub(super) type Open = Box<dyn Fn(&Path) -> io::Result<File> + Send>;

struct Plugged {
    id: String,
    device: File,
    headset: Headset,
}

/// One that may not be opened, since when, and whether that was told.
struct Denied {
    found: Found,
    since: Instant,
    told: bool,
}

pub(super) struct Attendant<T> {
    places: Places,
    open: Open,
    tell: T,
    changes: Inotify,
    plugged: Vec<Plugged>,
    denied: Vec<Denied>,
    /// HID devices that are no telephones.
    others: Vec<String>,
    lamps: Lamps,
}

impl<T: Fn(Told)> Attendant<T> {
    pub fn new(places: Places, open: Open, tell: T) -> io::Result<Self> {
        let changes = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        // udev lets somebody open a device after it is there.
        let of = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_DELETE | AddWatchFlags::IN_ATTRIB;
        changes.add_watch(&places.devices, of)?;
        Ok(Self {
            places,
            open,
            tell,
            changes,
            plugged: Vec::new(),
            denied: Vec::new(),
            others: Vec::new(),
            lamps: Lamps::default(),
        })
    }

    /// Attends headsets until nobody can order any more.
    pub fn run(mut self, woken: &UnixStream, orders: &Receiver<Lamps>) {
        self.look(Instant::now());
        loop {
            let Ok(ready) = self.wait(woken) else { return };
            let now = Instant::now();
            if !self.obey(now, woken, orders) {
                break;
            }
            for id in ready {
                self.hear(now, &id);
            }
            if self.has_changes() {
                self.look(now);
            }
            self.tell_denied(now);
        }
        self.show(Instant::now(), Lamps::default());
    }

    /// Waits until something happens; returns the headsets that say something.
    fn wait(&self, woken: &UnixStream) -> nix::Result<Vec<String>> {
        let mut waiting = vec![
            PollFd::new(woken.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.changes.as_fd(), PollFlags::POLLIN),
        ];
        let devices = self.plugged.iter().map(|plugged| plugged.device.as_fd());
        waiting.extend(devices.map(|device| PollFd::new(device, PollFlags::POLLIN)));
        let is_waited_for = self.denied.iter().any(|denied| !denied.told);
        let timeout = match is_waited_for {
            true => PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::NONE),
            false => PollTimeout::NONE,
        };
        match poll(&mut waiting, timeout) {
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(error) => return Err(error),
        }
        let says = |fd: &PollFd<'_>| fd.any().unwrap_or(false);
        let devices = waiting[2..].iter().zip(&self.plugged);
        Ok(devices
            .filter(|(fd, _)| says(fd))
            .map(|(_, plugged)| plugged.id.clone())
            .collect())
    }

    /// False: the phone wants nothing any more.
    fn obey(&mut self, now: Instant, mut woken: &UnixStream, orders: &Receiver<Lamps>) -> bool {
        let mut bytes = [0; 64];
        while matches!(woken.read(&mut bytes), Ok(1..)) {}
        loop {
            match orders.try_recv() {
                Ok(lamps) => self.show(now, lamps),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn show(&mut self, now: Instant, lamps: Lamps) {
        self.lamps = lamps;
        for plugged in &mut self.plugged {
            let reports = plugged.headset.show(now, lamps);
            write(&mut plugged.device, &reports);
        }
    }

    fn hear(&mut self, now: Instant, id: &str) {
        let Some(at) = self.plugged.iter().position(|plugged| plugged.id == id) else {
            return;
        };
        let plugged = &mut self.plugged[at];
        let mut report = [0; REPORT];
        match plugged.device.read(&mut report) {
            Ok(length @ 1..) => {
                let reaction = plugged.headset.hear(now, &report[..length]);
                write(&mut plugged.device, &reaction.reports);
                for press in reaction.presses {
                    (self.tell)(Told::News(News::Pressed(press)));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // It was pulled out.
            Ok(0) | Err(_) => {
                self.plugged.remove(at);
                if self.plugged.is_empty() {
                    // The phone tells the next one anew.
                    self.lamps = Lamps::default();
                    (self.tell)(Told::News(News::Plugged(false)));
                }
            }
        }
    }

    /// Whether a HID device has come, gone, or may be opened by others now.
    fn has_changes(&self) -> bool {
        let events = self.changes.read_events().unwrap_or_default();
        let is_ours = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("hidraw");
        events
            .iter()
            .any(|event| event.name.as_ref().is_some_and(is_ours))
    }

    /// Looks which devices there are, and opens the telephones among them.
    fn look(&mut self, now: Instant) {
        let ids = hidraw::ids(&self.places);
        self.others.retain(|id| ids.contains(id));
        self.denied.retain(|denied| ids.contains(&denied.found.id));
        for id in ids {
            let is_open = self.plugged.iter().any(|plugged| plugged.id == id);
            if is_open || self.others.contains(&id) {
                continue;
            }
            match hidraw::look(&self.places, &id) {
                Some(found) => self.plug(now, found),
                None => self.others.push(id),
            }
        }
    }

    fn plug(&mut self, now: Instant, found: Found) {
        match (self.open)(&found.device) {
            Ok(mut device) => {
                self.denied.retain(|denied| denied.found.id != found.id);
                let mut headset = Headset::new(found.telephone);
                // One that another program has left ringing is put right, too.
                headset.show(now, self.lamps);
                write(&mut device, &headset.reports());
                self.plugged.push(Plugged {
                    id: found.id,
                    device,
                    headset,
                });
                if self.plugged.len() == 1 {
                    (self.tell)(Told::News(News::Plugged(true)));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                if !self.denied.iter().any(|denied| denied.found.id == found.id) {
                    self.denied.push(Denied {
                        found,
                        since: now,
                        told: false,
                    });
                }
            }
            // It is gone again, or about to come: a change will tell.
            Err(_) => {}
        }
    }

    fn tell_denied(&mut self, now: Instant) {
        for denied in &mut self.denied {
            if !denied.told && now >= denied.since + PATIENCE {
                denied.told = true;
                (self.tell)(Told::Denied(Box::new(denied.found.clone())));
            }
        }
    }
}

/// A headset that takes no lamps, or is gone, is heard all the same until reading says so.
fn write(device: &mut File, reports: &[Vec<u8>]) {
    for report in reports {
        let _ = device.write_all(report);
    }
}

#[cfg(test)]
mod tests;
