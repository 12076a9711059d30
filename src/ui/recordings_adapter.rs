//! The recordings' page: rows, playing, showing the file, exporting.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{ComponentHandle, Model, ModelRc, Weak};
use ringbook_ui::{MainWindow, RecordingRow as RowData, RecordingsAdapter};

use super::asking::{self, spawn};
use super::link::PhoneLink;
use super::log_adapter::map_line;
use super::paged::{PAGE, Paged};
use super::text;
use super::window_adapter::{complain, tell};
use crate::export;
use crate::model::{CallId, RecordingId, RecordingState};
use crate::store::{Reader, RecordingFilter, RecordingLine, Result};
use crate::tr;

/// Clients whose recordings a search looks through.
const MATCHES: usize = 200;

/// The page's state.
pub struct RecordingsPage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    zone: TimeZone,
    rows: Rc<Paged<RowData>>,
    filter: RefCell<RecordingFilter>,
    /// Counts the questions: a late answer to an older one is dropped.
    asked: Cell<u64>,
}

impl RecordingsPage {
    /// Ties the page to the store and reads it for the first time.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        let page = Rc::new_cyclic(|this: &std::rc::Weak<Self>| {
            let this = this.clone();
            Self {
                window: window.as_weak(),
                phone,
                zone: TimeZone::system(),
                rows: Paged::new(move |number| {
                    if let Some(page) = this.upgrade() {
                        spawn(page.load(number));
                    }
                }),
                filter: RefCell::default(),
                asked: Cell::new(0),
            }
        });
        let adapter = window.global::<RecordingsAdapter>();
        adapter.set_loaded(false);
        adapter.set_rows(ModelRc::from(page.rows.clone()));
        page.take_callbacks(&adapter);
        spawn(page.clone().reload());
        page
    }

    fn take_callbacks(self: &Rc<Self>, adapter: &RecordingsAdapter<'_>) {
        let page = self.clone();
        adapter.on_search(move |_| spawn(page.clone().reload()));
        let page = self.clone();
        adapter.on_select(move |id| page.select(&id));
        let page = self.clone();
        adapter.on_select_call(move |call| {
            if let Ok(call) = call.parse() {
                spawn(page.clone().select_call(call));
            }
        });
        let page = self.clone();
        adapter.on_play(move |id| page.open(&id, false));
        let page = self.clone();
        adapter.on_reveal(move |id| page.open(&id, true));
        let page = self.clone();
        adapter.on_export(move |id| {
            if let Ok(id) = id.parse() {
                spawn(page.clone().export(id));
            }
        });
    }

    /// Reads the list anew: after a search, or when a call is over.
    pub async fn reload(self: Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        self.asked.set(self.asked.get() + 1);
        let asked = self.asked.get();
        let query = window
            .global::<RecordingsAdapter>()
            .get_query()
            .trim()
            .to_owned();
        let (zone, today) = (self.zone.clone(), text::today(&self.zone));
        let answer = asking::read(&self.phone, move |store| {
            let mut filter = RecordingFilter::default();
            if !query.is_empty() {
                let found = store.find_clients(&query, MATCHES)?;
                filter.clients = Some(found.iter().map(|client| client.id).collect());
            }
            let count = store.count_recordings(&filter)?;
            let first = read_page(store, &filter, 0, &zone, today)?;
            Ok((filter, count, first))
        });
        let answer = answer.await;
        if asked != self.asked.get() {
            return;
        }
        window.global::<RecordingsAdapter>().set_loaded(true);
        match answer {
            Ok((filter, count, first)) => {
                *self.filter.borrow_mut() = filter;
                self.rows
                    .begin(usize::try_from(count).unwrap_or(usize::MAX), first);
            }
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    async fn load(self: Rc<Self>, number: usize) {
        let edition = self.rows.edition();
        let (filter, zone) = (self.filter.borrow().clone(), self.zone.clone());
        let today = text::today(&self.zone);
        let rows = asking::read(&self.phone, move |store| {
            read_page(store, &filter, number, &zone, today)
        });
        if let Ok(rows) = rows.await {
            self.rows.put(edition, number, rows);
        }
    }

    fn select(&self, id: &str) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<RecordingsAdapter>();
        if let Some(row) = adapter.get_rows().iter().find(|row| row.id == id) {
            show(&adapter, row);
        }
    }

    async fn select_call(self: Rc<Self>, call: CallId) {
        let (zone, today) = (self.zone.clone(), text::today(&self.zone));
        let found = asking::read(&self.phone, move |store| {
            let filter = RecordingFilter {
                call: Some(call),
                ..RecordingFilter::default()
            };
            read_page(store, &filter, 0, &zone, today)
        });
        let Some(window) = self.window.upgrade() else {
            return;
        };
        if let Some(row) = found.await.ok().and_then(|rows| rows.into_iter().next()) {
            show(&window.global::<RecordingsAdapter>(), row);
        }
    }

    /// Opens the recording, or the folder it lies in, with the desktop's own program.
    fn open(&self, id: &str, folder: bool) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let recording = window.global::<RecordingsAdapter>().get_recording();
        if recording.id != id {
            return;
        }
        let recordings = self.phone.profile().recordings();
        match export::recording_path(&recordings, &recording.file) {
            Ok(file) if folder => super::open(file.parent().unwrap_or(&recordings)),
            Ok(file) => super::open(&file),
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    /// Copies the recording with its sidecar into the profile's `exports/`.
    async fn export(self: Rc<Self>, id: RecordingId) {
        let (recordings, to) = (self.phone.profile().recordings(), self.exports());
        let folder = to.clone();
        let done = asking::read(&self.phone, move |store| {
            let Some(recording) = store.find_recording(id)? else {
                return Ok(None);
            };
            let filter = RecordingFilter {
                call: Some(recording.call),
                ..RecordingFilter::default()
            };
            let lines = store.recordings(&filter, 0, PAGE)?;
            let line = lines.into_iter().find(|line| line.recording.id == id);
            Ok(line.map(|line| {
                std::fs::create_dir_all(&folder)
                    .map_err(anyhow::Error::from)
                    .and_then(|()| export::export_recording(&recordings, &line, &folder))
            }))
        });
        match done.await {
            Ok(Some(Ok(_))) => {
                let text = tr!("Exported to {folder}", folder = to.display());
                tell(&self.window, text);
            }
            Ok(Some(Err(error))) => complain(&self.window, format!("{error:#}")),
            Ok(None) => complain(&self.window, tr!("This recording is gone.")),
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    fn exports(&self) -> PathBuf {
        self.phone.profile().dir().join("exports")
    }
}

fn show(adapter: &RecordingsAdapter<'_>, row: RowData) {
    adapter.set_selected(row.id.clone());
    adapter.set_details(tr!("Left channel: your voice. Right channel: the other side.").into());
    adapter.set_recording(row);
}

/// One page, with a heading wherever a day begins.
fn read_page(
    store: &Reader<'_>,
    filter: &RecordingFilter,
    number: usize,
    zone: &TimeZone,
    today: Date,
) -> Result<Vec<RowData>> {
    // The row before the page tells whether the page begins a day.
    let offset = number * PAGE;
    let skipped = usize::from(offset > 0);
    let lines = store.recordings(filter, offset - skipped, PAGE + skipped)?;
    let mut before = None;
    let mut rows: Vec<RowData> = lines
        .iter()
        .map(|line| {
            let date = line.recording.started_at.to_zoned(zone.clone()).date();
            let mut row = map_recording(line, zone);
            if before.replace(date) != Some(date) {
                row.heading = text::day(date, today);
            }
            row
        })
        .collect();
    rows.drain(..skipped.min(rows.len()));
    Ok(rows)
}

fn map_recording(line: &RecordingLine, zone: &TimeZone) -> RowData {
    let call = map_line(&line.call, zone);
    let recording = &line.recording;
    RowData {
        id: recording.id.to_string().into(),
        title: call.title,
        number: call.number,
        incoming: call.incoming,
        time: text::time(recording.started_at, zone),
        duration: text::length(recording.duration),
        size: text::size(recording.size),
        file: recording.file.as_str().into(),
        problem: match recording.state {
            RecordingState::Finished => String::new(),
            RecordingState::Repaired => {
                tr!("The program ended during this call; the file was repaired and plays.")
            }
            RecordingState::Failed => {
                tr!("Recording stopped early; what was written until then plays.")
            }
        }
        .into(),
        ..RowData::default()
    }
}
