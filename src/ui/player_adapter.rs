//! Listening to recordings: `PlayerAdapter` → [`Playing`], wherever in the window it was begun.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use ringbook_media::device::OutputDevice;
use ringbook_media::engine::{PlayError, PlayOrder};
use ringbook_ui::slint::{ComponentHandle, SharedString, Weak};
use ringbook_ui::{MainWindow, PlayerAdapter};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::asking::{self, spawn};
use super::link::PhoneLink;
use super::player::{Heard, Playing, Start};
use super::recordings_adapter::looked_at;
use super::window_adapter::complain;
use crate::export;
use crate::model::{Act, CallId, RecordingId, RecordingRow};
use crate::store::RecordingFilter;
use crate::{tr, words};

/// How fast a recording goes, in the order of the window's choice.
const SPEEDS: [f32; 5] = [0.75, 1.0, 1.25, 1.5, 2.0];

/// Who plays recordings in the window, one at a time.
pub struct Player {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// What was played last.
    loaded: Option<Loaded>,
    /// It, while it goes on: one that rests keeps no loudspeaker.
    playing: Option<Playing>,
    /// Counts the beginnings: what an older one still tells is dropped.
    begun: u32,
}

struct Loaded {
    id: RecordingId,
    file: PathBuf,
    length: Duration,
    place: Duration,
    /// It was heard to its end: to play it again is to listen anew.
    is_over: bool,
}

impl Player {
    /// Ties the player to the store.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        let player = Rc::new(Self {
            window: window.as_weak(),
            phone,
            state: RefCell::default(),
        });
        let adapter = window.global::<PlayerAdapter>();
        let this = player.clone();
        adapter.on_toggle(move |id| {
            if let Ok(id) = id.parse() {
                spawn(this.clone().toggle(id));
            }
        });
        let this = player.clone();
        adapter.on_toggle_call(move |call| {
            if let Ok(call) = call.parse() {
                spawn(this.clone().toggle_call(call));
            }
        });
        let this = player.clone();
        adapter.on_seek(move |seconds| this.seek(seconds));
        let this = player.clone();
        adapter.on_speed_chosen(move || this.order(PlayOrder::Speed(this.speed())));
        let this = player.clone();
        adapter.on_left(move || this.rest());
        player
    }

    /// Has what is played rest where it is.
    pub fn rest(&self) {
        self.state.borrow_mut().playing = None;
        self.show();
    }

    /// Plays the last recording of the call, or has it rest.
    async fn toggle_call(self: Rc<Self>, call: CallId) {
        let found = asking::read(&self.phone, move |store| {
            let filter = RecordingFilter {
                call: Some(call),
                ..RecordingFilter::default()
            };
            Ok(store.recordings(&filter, 0, 1)?.pop())
        });
        match found.await {
            Ok(Some(line)) => self.toggle(line.recording.id).await,
            Ok(None) => complain(&self.window, tr!("This recording is gone.")),
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    async fn toggle(self: Rc<Self>, id: RecordingId) {
        let (is_loaded, is_playing) = {
            let state = self.state.borrow();
            let loaded = state.loaded.as_ref();
            (
                loaded.is_some_and(|loaded| loaded.id == id && !loaded.is_over),
                state.playing.is_some() && loaded.is_some_and(|loaded| loaded.id == id),
            )
        };
        if is_playing {
            self.rest();
        } else if is_loaded || self.load(id).await {
            self.begin();
        }
    }

    /// Takes the recording up, once the audit says who listens to it.
    async fn load(&self, id: RecordingId) -> bool {
        let missing = looked_at(&self.phone, id)
            .await
            .and_then(|line| line.missing);
        if let Some(missing) = missing {
            complain(&self.window, words::missing(missing));
            return false;
        }
        let written = asking::audited(&self.phone, move |writer, who| {
            writer.audit_recording(who, Act::Listen, id, "")
        });
        let taken = match written.await {
            Ok(recording) => self.take(recording),
            Err(error) => Err(error.to_string()),
        };
        taken
            .inspect_err(|error| complain(&self.window, error.clone()))
            .is_ok()
    }

    fn take(&self, recording: RecordingRow) -> Result<(), String> {
        let folder = self.phone.profile().recordings();
        let file = export::recording_path(&folder, &recording.file);
        let mut state = self.state.borrow_mut();
        // What was played to its end goes on from where somebody has put it since.
        let before = state
            .loaded
            .take_if(|loaded| loaded.id == recording.id && loaded.place < loaded.length);
        state.playing = None;
        state.loaded = Some(Loaded {
            id: recording.id,
            file: file.map_err(|error| error.to_string())?,
            length: recording.duration,
            place: before.map(|loaded| loaded.place).unwrap_or_default(),
            is_over: false,
        });
        drop(state);
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<PlayerAdapter>();
            adapter.set_recording(recording.id.to_string().into());
            adapter.set_call(recording.call.to_string().into());
        }
        Ok(())
    }

    /// Plays what is loaded, from where it rests.
    fn begin(self: &Rc<Self>) {
        let settings = self.phone.settings().unwrap_or_default();
        let device = settings
            .audio
            .output
            .parse()
            .unwrap_or(OutputDevice::Default);
        let speed = self.speed();
        let mut state = self.state.borrow_mut();
        let Some(loaded) = &state.loaded else { return };
        let start = Start {
            from: loaded.place,
            speed,
        };
        let (told, heard) = unbounded_channel();
        let tell = move |what| drop(told.send(what));
        match Playing::start(loaded.file.clone(), device, start, tell) {
            Ok(playing) => state.playing = Some(playing),
            Err(error) => return complain(&self.window, error.to_string()),
        }
        state.begun += 1;
        let begun = state.begun;
        drop(state);
        self.show();
        spawn(self.clone().follow(heard, begun));
    }

    /// Shows what the beginning of this number tells, as long as it is the last one.
    async fn follow(self: Rc<Self>, mut heard: UnboundedReceiver<Heard>, begun: u32) {
        while let Some(what) = heard.recv().await {
            if self.state.borrow().begun != begun || self.state.borrow().playing.is_none() {
                return;
            }
            self.hear(what);
            self.show();
        }
    }

    fn hear(&self, what: Heard) {
        let state = &mut *self.state.borrow_mut();
        let given = state.playing.as_ref().map_or(0, Playing::given);
        let Some(loaded) = &mut state.loaded else {
            return;
        };
        match what {
            Heard::Length(length) => loaded.length = length,
            Heard::Place(place, obeyed) if obeyed == given => loaded.place = place,
            Heard::Place(..) => {}
            Heard::End => {
                loaded.place = loaded.length;
                loaded.is_over = true;
                state.playing = None;
            }
            Heard::Failed(error) => {
                loaded.is_over = true;
                state.playing = None;
                complain(&self.window, told(&error));
            }
        }
    }

    fn seek(&self, seconds: f32) {
        let place = Duration::try_from_secs_f32(seconds).unwrap_or_default();
        {
            let mut state = self.state.borrow_mut();
            let Some(loaded) = &mut state.loaded else {
                return;
            };
            loaded.place = place.min(loaded.length);
        }
        self.order(PlayOrder::Seek(place));
        self.show();
    }

    fn order(&self, order: PlayOrder) {
        if let Some(playing) = &mut self.state.borrow_mut().playing {
            playing.order(order);
        }
    }

    fn speed(&self) -> f32 {
        let window = self.window.upgrade();
        let chosen = window.map(|window| window.global::<PlayerAdapter>().get_speed());
        let chosen = chosen.and_then(|chosen| usize::try_from(chosen).ok());
        chosen.and_then(|at| SPEEDS.get(at)).copied().unwrap_or(1.0)
    }

    fn show(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<PlayerAdapter>();
        let state = self.state.borrow();
        adapter.set_playing(state.playing.is_some());
        if let Some(loaded) = &state.loaded {
            adapter.set_length(loaded.length.as_secs_f32());
            adapter.set_position(loaded.place.as_secs_f32());
            adapter.set_place(place(loaded.place, loaded.length));
        }
    }
}

fn told(error: &PlayError) -> String {
    match error {
        PlayError::Device(reason) => tr!(
            "The loudspeaker does not play: {reason}. Plug one in, or choose another one in the settings.",
            reason = reason.trim_end_matches('.')
        ),
        error => error.to_string(),
    }
}

/// `0:12 / 3:40`; with hours where the recording has any.
fn place(place: Duration, length: Duration) -> SharedString {
    let hours = length.as_secs() >= 3600;
    let clock = |time: Duration| {
        let seconds = time.as_secs();
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        match hours {
            true => format!("{}:{:02}:{seconds:02}", minutes / 60, minutes % 60),
            false => format!("{minutes}:{seconds:02}"),
        }
    };
    format!("{} / {}", clock(place), clock(length)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_30_a_place_is_told_with_the_length_and_hours_where_there_are_any() {
        let told = |at, of| place(Duration::from_secs(at), Duration::from_secs(of));
        assert_eq!(told(0, 220), "0:00 / 3:40");
        assert_eq!(told(12, 220), "0:12 / 3:40");
        assert_eq!(told(72, 3_723), "0:01:12 / 1:02:03");
    }

    #[test]
    fn s5_30_every_speed_of_the_window_is_one_of_the_engines() {
        assert!(
            SPEEDS
                .iter()
                .all(|speed| ringbook_media::tempo::SPEEDS.contains(speed))
        );
    }
}
