//! The recordings' page: rows, showing the file, exporting.

use std::path::PathBuf;
use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{ComponentHandle, SharedString, Weak};
use ringbook_ui::{MainWindow, RecordingRow as RowData, RecordingsAdapter};

use super::asking::{self, spawn};
use super::link::PhoneLink;
use super::listing::{ByDay, Calendar, Listing, Source, page_by_day};
use super::log_adapter::map_line;
use super::text;
use super::window_adapter::{complain, tell};
use crate::export;
use crate::model::{Act, CallId, RecordingId, RecordingRow, RecordingState};
use crate::store::{Reader, RecordingFilter, RecordingLine, Result};
use crate::{tr, words};

/// Clients whose recordings a search looks through.
const MATCHES: usize = 200;

/// Recordings of one call that are looked through.
const TAKES: usize = 64;

/// The page's state.
pub struct RecordingsPage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    recordings: Rc<Listing<Recordings>>,
}

/// The recording as it is now: whether its file is there is looked for on the store's thread, and what is news
/// is kept.
pub async fn looked_at(phone: &Rc<dyn PhoneLink>, id: RecordingId) -> Option<RecordingLine> {
    let recordings = phone.profile().recordings();
    let looked = asking::read(phone, move |store| {
        let line = store.find_recording_line(id)?;
        Ok(line.map(|line| (export::news_of(&recordings, &[line.file()]), line)))
    });
    let (news, mut line) = looked.await.ok().flatten()?;
    if let Some(&(_, missing)) = news.first() {
        line.missing = missing;
        // What cannot be written now is found again by whoever looks next.
        let _ = asking::write(phone, move |writer| writer.note_missing(&news)).await;
    }
    Some(line)
}

impl RecordingsPage {
    /// Ties the page to the store and reads it for the first time.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        let page = Rc::new(Self {
            window: window.as_weak(),
            recordings: Listing::new(phone.clone()),
            phone,
        });
        let adapter = window.global::<RecordingsAdapter>();
        adapter.set_loaded(false);
        adapter.set_rows(page.recordings.model());
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
        adapter.on_reveal(move |id| {
            if let Ok(id) = id.parse() {
                spawn(page.clone().reveal(id));
            }
        });
        let page = self.clone();
        adapter.on_export(move |id| {
            if let Ok(id) = id.parse() {
                spawn(page.clone().export(id));
            }
        });
    }

    /// Reads the list anew: after a search, or when the log has news.
    pub async fn reload(self: Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<RecordingsAdapter>();
        let query = adapter.get_query().trim().to_owned();
        let answer = self.recordings.ask(move |store| {
            let mut filter = RecordingFilter::default();
            if !query.is_empty() {
                let found = store.find_clients(&query, MATCHES)?;
                filter.clients = Some(found.iter().map(|client| client.id).collect());
            }
            Ok((filter, ()))
        });
        let Some(answer) = answer.await else { return };
        adapter.set_loaded(true);
        if let Err(error) = answer {
            complain(&self.window, error.to_string());
        }
    }

    fn select(self: &Rc<Self>, id: &str) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<RecordingsAdapter>();
        if let Some(row) = self.recordings.find(|row| row.id == id) {
            show(&adapter, row);
        }
        if let Ok(id) = id.parse() {
            let page = self.clone();
            spawn(async move {
                page.look(id).await;
            });
        }
    }

    /// Looks whether the recording is still there, and shows what is so.
    async fn look(&self, id: RecordingId) {
        let zone = self.recordings.zone().clone();
        let Some(line) = looked_at(&self.phone, id).await else {
            return;
        };
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<RecordingsAdapter>();
            if adapter.get_selected() == id.to_string() {
                show(&adapter, map_recording(&line, &zone));
            }
        }
    }

    async fn select_call(self: Rc<Self>, call: CallId) {
        let zone = self.recordings.zone().clone();
        let found = asking::read(&self.phone, move |store| {
            let filter = RecordingFilter {
                call: Some(call),
                ..RecordingFilter::default()
            };
            let lines = store.recordings(&filter, 0, 1)?;
            Ok(lines.first().map(|line| map_recording(line, &zone)))
        });
        let Some(window) = self.window.upgrade() else {
            return;
        };
        if let Ok(Some(row)) = found.await {
            let id = row.id.parse();
            show(&window.global::<RecordingsAdapter>(), row);
            if let Ok(id) = id {
                self.look(id).await;
            }
        }
    }

    /// Opens the folder it lies in, once the audit says who gets at the file.
    async fn reveal(self: Rc<Self>, id: RecordingId) {
        let folder = self.phone.profile().recordings().display().to_string();
        let written = asking::audited(&self.phone, move |writer, who| {
            writer.audit_recording(who, Act::Export, id, &folder)
        });
        match written.await {
            Ok(recording) => self.open_folder_of(&recording),
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    /// Opens the folder it lies in with the desktop's own program.
    fn open_folder_of(&self, recording: &RecordingRow) {
        let recordings = self.phone.profile().recordings();
        match export::recording_path(&recordings, &recording.file) {
            Ok(file) => super::open(file.parent().unwrap_or(&recordings)),
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    /// Copies the recording with its sidecar into the profile's `exports/`.
    async fn export(self: Rc<Self>, id: RecordingId) {
        let (recordings, to) = (self.phone.profile().recordings(), self.exports());
        let folder = to.clone();
        let detail = to.display().to_string();
        let written = asking::audited(&self.phone, move |writer, who| {
            writer.audit_recording(who, Act::Export, id, &detail)
        });
        if let Err(error) = written.await {
            return complain(&self.window, error.to_string());
        }
        let done = asking::read(&self.phone, move |store| {
            let Some(recording) = store.find_recording(id)? else {
                return Ok(None);
            };
            let filter = RecordingFilter {
                call: Some(recording.call),
                ..RecordingFilter::default()
            };
            let lines = store.recordings(&filter, 0, TAKES)?;
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

/// The recordings.
struct Recordings;

impl Source for Recordings {
    type Filter = RecordingFilter;
    type Row = RowData;

    fn count(store: &Reader<'_>, filter: &RecordingFilter) -> Result<u64> {
        store.count_recordings(filter)
    }

    fn rows(
        store: &Reader<'_>,
        filter: &RecordingFilter,
        offset: usize,
        limit: usize,
        calendar: &Calendar,
    ) -> Result<Vec<RowData>> {
        page_by_day::<Self>(offset, limit, calendar, |offset, limit| {
            store.recordings(filter, offset, limit)
        })
    }
}

impl ByDay for Recordings {
    type Line = RecordingLine;
    type Row = RowData;

    fn moment(line: &RecordingLine) -> Timestamp {
        line.recording.started_at
    }

    fn row(line: &RecordingLine, zone: &TimeZone) -> RowData {
        map_recording(line, zone)
    }

    fn set_heading(row: &mut RowData, day: SharedString) {
        row.heading = day;
    }
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
        problem: match (line.missing, recording.state) {
            (Some(missing), _) => words::missing(missing),
            (None, RecordingState::Finished) => String::new(),
            (None, RecordingState::Repaired) => {
                tr!("The program ended during this call; the file was repaired and plays.")
            }
            (None, RecordingState::Failed) => {
                tr!("Recording stopped early; what was written until then plays.")
            }
        }
        .into(),
        ..RowData::default()
    }
}
