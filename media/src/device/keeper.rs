//! Opens devices, follows what the system has, and tries again: on a thread of its own, because opening may take long.
//!
//! A sound server tells when a device comes, goes or becomes the default; without one the devices are looked after in
//! rounds.

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
    Capture, Clip, DeviceRole, Playback,
    scene::{Devices, Present, Scene},
    server::Watch,
    sound_card::{Card, CardError, OPEN_TIMEOUT, Pick, open_loudspeaker, open_microphone},
};

/// How often an open device is looked after.
const ROUND: Duration = Duration::from_millis(250);
/// Rounds after which what did not open is tried again.
const RETRY_ROUNDS: u32 = 3;

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
    /// There is no device, or none that works; it is tried again until one does or it is no longer wanted.
    Lost {
        /// Which one.
        role: DeviceRole,
        /// What the system says.
        reason: String,
    },
    /// The device that was wanted does not work; the system's default serves until it does.
    Replaced {
        /// Which one.
        role: DeviceRole,
        /// The name that the settings say.
        wanted: String,
        /// The default's name.
        by: String,
    },
    /// The system has another default device now, and the phone has followed it.
    Moved {
        /// Which one.
        role: DeviceRole,
        /// The new default's name.
        to: String,
    },
    /// The device that was lost or replaced works again.
    Back {
        /// Which one.
        role: DeviceRole,
    },
}

/// Keeps the devices open that are wanted.
pub struct Keeper {
    wishes: Option<Sender<Message>>,
    opened: Receiver<(DeviceRole, Wanted, Opened)>,
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
        let news = wishes.clone();
        let thread = thread::Builder::new()
            .name("devices".into())
            .spawn(move || {
                Rounds {
                    slots: Vec::new(),
                    news,
                    watch: None,
                    watches: 0,
                    scene: None,
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
            let _ = wishes.send(Message::Wish(role, wanted));
        }
    }

    /// The next device that was opened, and for which wish: there may be another one by now.
    pub fn poll(&self) -> Option<(DeviceRole, Wanted, Opened)> {
        self.opened.try_recv().ok()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(wishes) = self.wishes.take() {
            let _ = wishes.send(Message::End);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the thread is told.
enum Message {
    Wish(DeviceRole, Option<Wanted>),
    /// What the sound server has, by the watch of this number; `None`: it is gone.
    Scene(u32, Option<Scene>),
    End,
}

/// Where a wish may be served.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A device of the sound server.
    Server(Present),
    /// A device of a system without one, by its name.
    Named(String),
    /// The default of a system without one.
    Default,
}

impl Place {
    fn pick(&self) -> Pick<'_> {
        match self {
            Self::Server(device) => Pick::Server {
                name: &device.name,
                rate: device.rate,
            },
            Self::Named(name) => Pick::Named(name),
            Self::Default => Pick::Default,
        }
    }

    fn title(&self) -> &str {
        match self {
            Self::Server(device) => &device.title,
            Self::Named(name) => name,
            Self::Default => "default",
        }
    }
}

struct Slot {
    role: DeviceRole,
    wanted: Wanted,
    /// A file in memory needs no looking after.
    loaded: bool,
    open: Option<(Card, Place)>,
    /// Whether the card still plays where it was opened, as far as is known.
    stays: bool,
    /// What does not open at present.
    failed: Vec<Place>,
    reason: Option<String>,
    told: Told,
}

/// What the phone knows of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Works(Option<Place>),
    Instead(Place),
    Lost,
}

impl Slot {
    /// The name that is wanted, of a sound card.
    fn name(&self) -> Option<&str> {
        match &self.wanted {
            Wanted::Microphone(name) | Wanted::Loudspeaker(name) => name.as_deref(),
            Wanted::Clip(_) | Wanted::Ringtone(_) => None,
        }
    }

    fn is_card(&self) -> bool {
        matches!(self.wanted, Wanted::Microphone(_) | Wanted::Loudspeaker(_))
    }

    /// Where it may be served by now, the best first.
    fn places(&self, scene: Option<&Scene>) -> Vec<Place> {
        let mut places: Vec<_> = match scene {
            None => {
                let named = self.name().map(|name| Place::Named(name.to_owned()));
                named.into_iter().chain([Place::Default]).collect()
            }
            Some(scene) => {
                let candidates = self.devices(scene).candidates(self.name());
                candidates.into_iter().cloned().map(Place::Server).collect()
            }
        };
        // Where the first bell rings already, a second one would be twice the same.
        if self.role == DeviceRole::RingAlso {
            places.retain(|place| self.is_wanted(place));
        }
        places
    }

    /// What is to be said where the server has no device of the name that is wanted.
    fn absence(&self, scene: Option<&Scene>) -> Option<String> {
        let (name, devices) = (self.name()?, self.devices(scene?));
        let is_absent = devices.named(name).is_none();
        let titles: Vec<_> = devices
            .present
            .iter()
            .map(|device| &*device.title)
            .collect();
        is_absent.then(|| CardError::no_such(name, &titles).to_string())
    }

    fn devices<'a>(&self, scene: &'a Scene) -> &'a Devices {
        match self.wanted {
            Wanted::Microphone(_) => &scene.sources,
            _ => &scene.sinks,
        }
    }

    /// Whether a place is the one that is wanted, not one that steps in.
    fn is_wanted(&self, place: &Place) -> bool {
        match (self.name(), place) {
            (None, _) | (Some(_), Place::Named(_)) => true,
            (Some(name), Place::Server(device)) => device.name == name || device.title == name,
            (Some(_), Place::Default) => false,
        }
    }

    /// What is to be told now.
    fn news(&self) -> Told {
        match &self.open {
            None => Told::Lost,
            Some((_, place)) if self.is_wanted(place) => Told::Works(Some(place.clone())),
            Some((_, place)) => Told::Instead(place.clone()),
        }
    }

    fn report(&self, news: &Told) -> Option<DeviceReport> {
        let role = self.role;
        match (&self.told, news) {
            (_, Told::Lost) => Some(DeviceReport::Lost {
                role,
                reason: self
                    .reason
                    .clone()
                    .unwrap_or_else(|| CardError::NoDefault.to_string()),
            }),
            (_, Told::Instead(place)) => Some(DeviceReport::Replaced {
                role,
                wanted: self.name().unwrap_or_default().to_owned(),
                by: place.title().to_owned(),
            }),
            (Told::Lost | Told::Instead(_), Told::Works(_)) => Some(DeviceReport::Back { role }),
            (Told::Works(Some(Place::Server(old))), Told::Works(Some(Place::Server(new)))) => {
                let to = new.title.clone();
                (old.name != new.name).then_some(DeviceReport::Moved { role, to })
            }
            _ => None,
        }
    }
}

struct Rounds<R> {
    slots: Vec<Slot>,
    news: Sender<Message>,
    watch: Option<Watch>,
    /// Counts the watches.
    watches: u32,
    scene: Option<Scene>,
    outbox: Sender<(DeviceRole, Wanted, Opened)>,
    report: R,
}

impl<R: Fn(DeviceReport)> Rounds<R> {
    fn run(mut self, inbox: &Receiver<Message>) {
        let mut round = 0;
        loop {
            let message = if self.slots.iter().all(|slot| slot.loaded) {
                inbox.recv().map_err(RecvTimeoutError::from)
            } else {
                inbox.recv_timeout(ROUND)
            };
            match message {
                Ok(Message::Wish(role, wanted)) => self.change(role, wanted),
                Ok(Message::Scene(watch, scene)) if watch == self.watches => self.see(scene),
                // Of a watch that has ended since.
                Ok(Message::Scene(..)) => {}
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    round += 1;
                    self.look_after(round % RETRY_ROUNDS == 0);
                }
            }
            self.serve();
        }
    }

    fn change(&mut self, role: DeviceRole, wanted: Option<Wanted>) {
        self.slots.retain(|slot| slot.role != role);
        if let Some(wanted) = wanted {
            self.slots.push(Slot {
                role,
                wanted,
                loaded: false,
                open: None,
                stays: true,
                failed: Vec::new(),
                reason: None,
                told: Told::Nothing,
            });
        }
        if !self.slots.iter().any(Slot::is_card) {
            (self.watch, self.scene) = (None, None);
            // What the watch says at its end is no news.
            self.watches += 1;
        } else if self.watch.is_none() {
            self.look_at_server();
        }
    }

    fn look_at_server(&mut self) {
        self.watches += 1;
        let (news, watch) = (self.news.clone(), self.watches);
        self.watch = Watch::start(move |scene| drop(news.send(Message::Scene(watch, scene))));
    }

    fn see(&mut self, scene: Option<Scene>) {
        if scene.is_none() {
            self.watch = None;
        }
        let before = std::mem::replace(&mut self.scene, scene);
        for slot in &mut self.slots {
            slot.failed.clear();
            // The server moves whatever plays on the default when that changes, also what shall stay.
            if let (Some(before), Some(after)) = (&before, &self.scene)
                && let Some((_, Place::Server(device))) = &slot.open
                && slot.devices(before).default() == Some(device)
                && slot.devices(after).default() != Some(device)
            {
                slot.stays = false;
            }
        }
    }

    fn look_after(&mut self, retry: bool) {
        for slot in &mut self.slots {
            if let Some((card, _)) = &mut slot.open
                && !card.is_alive()
            {
                slot.open = None;
                slot.reason = Some("the device is gone".into());
            }
            if retry {
                slot.failed.clear();
            }
        }
        if retry && self.watch.is_none() && self.slots.iter().any(Slot::is_card) {
            self.look_at_server();
        }
    }

    /// Opens what is missing and what has a better place by now. Files, whose reading takes a while, come last.
    fn serve(&mut self) {
        // What the server has is about to be told.
        let cards_wait = self.watch.is_some() && self.scene.is_none();
        let scene = self.scene.as_ref();
        for slot in self.slots.iter_mut().filter(|slot| slot.is_card()) {
            if !cards_wait {
                let opened = open_best(slot, scene);
                let news = slot.news();
                hand_out(slot, opened, news, &self.report, &self.outbox);
            }
        }
        if cards_wait && self.slots.iter().any(Slot::is_card) {
            return;
        }
        let is_missing = |slot: &&mut Slot| !slot.is_card() && !slot.loaded;
        for slot in self.slots.iter_mut().filter(is_missing) {
            let opened = load(slot);
            let news = match slot.loaded {
                true => Told::Works(None),
                false => Told::Lost,
            };
            hand_out(slot, opened, news, &self.report, &self.outbox);
        }
    }
}

/// Tells what has become of a slot, and then hands out what was opened for it.
fn hand_out(
    slot: &mut Slot,
    opened: Option<Opened>,
    news: Told,
    report: &impl Fn(DeviceReport),
    outbox: &Sender<(DeviceRole, Wanted, Opened)>,
) {
    if news != slot.told {
        slot.report(&news).into_iter().for_each(report);
        slot.told = news;
    }
    if let Some(opened) = opened {
        // The media thread may just be ending.
        let _ = outbox.send((slot.role, slot.wanted.clone(), opened));
    }
}

/// The ALSA library writes what it dislikes to standard error: on this thread into a buffer, begun anew each time.
fn quieten_alsa() {
    #[cfg(target_os = "linux")]
    drop(alsa::Output::local_error_handler());
}

/// Reads a file into memory.
fn load(slot: &mut Slot) -> Option<Opened> {
    let (path, clip) = match &slot.wanted {
        _ if !slot.failed.is_empty() => return None,
        Wanted::Clip(path) => (path, Clip::load(path)),
        Wanted::Ringtone(path) => (path, Clip::load_ringtone(path)),
        Wanted::Microphone(_) | Wanted::Loudspeaker(_) => return None,
    };
    match clip {
        Ok(clip) => {
            slot.loaded = true;
            Some(Opened::Clip(Arc::new(clip)))
        }
        Err(error) => {
            slot.reason = Some(format!("{}: {error}", path.display()));
            slot.failed.push(Place::Default);
            None
        }
    }
}

/// Opens the best place that opens, unless it is open already.
fn open_best(slot: &mut Slot, scene: Option<&Scene>) -> Option<Opened> {
    let mut reason = slot.absence(scene);
    for place in slot.places(scene) {
        let is_open = slot.open.as_ref().is_some_and(|(_, open)| *open == place);
        if is_open && slot.stays {
            return None;
        }
        if slot.failed.contains(&place) {
            continue;
        }
        match open_in_time(&slot.wanted, &place) {
            Ok((card, opened)) => {
                slot.open = Some((card, place));
                slot.stays = true;
                slot.reason = None;
                return Some(opened);
            }
            Err(error) => {
                reason.get_or_insert_with(|| error.to_string());
                slot.failed.push(place);
            }
        }
    }
    // What still works here may be played by a device that is no place for it any more.
    slot.open = None;
    slot.reason = reason.or(slot.reason.take());
    None
}

/// Opens a device on a thread of its own: a system may take its time. One that opens too late is closed again.
fn open_in_time(wanted: &Wanted, place: &Place) -> Result<(Card, Opened), CardError> {
    let (send, opened) = channel();
    let (wanted, place) = (wanted.clone(), place.clone());
    thread::Builder::new()
        .name("opening".into())
        .spawn(move || {
            quieten_alsa();
            // Nobody waits any more where this fails.
            let _ = send.send(open(&wanted, place.pick()));
        })
        .map_err(|_| CardError::Silent)?;
    opened
        .recv_timeout(OPEN_TIMEOUT)
        .unwrap_or(Err(CardError::Silent))
}

fn open(wanted: &Wanted, pick: Pick<'_>) -> Result<(Card, Opened), CardError> {
    Ok(match wanted {
        Wanted::Microphone(_) => {
            let (card, capture) = open_microphone(pick)?;
            (card, Opened::Capture(capture))
        }
        _ => {
            let (card, playback) = open_loudspeaker(pick)?;
            (card, Opened::Playback(playback))
        }
    })
}
