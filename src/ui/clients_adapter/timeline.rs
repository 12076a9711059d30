//! What happened with the client that is shown: entries of the store → rows, page by page.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{ComponentHandle, Model, ModelRc, SharedString, VecModel, Weak};
use ringbook_ui::{
    ClientTab, ClientsAdapter, HappeningKind, LogAdapter, MainWindow, Page, RecordingsAdapter,
    TimelineAdapter, TimelineRow, WindowAdapter, Words,
};

use crate::model::{ClientId, Direction, Kind, Record, Value};
use crate::store::{Happening, TimelineEntry, TimelineFilter};
use crate::ui::asking::{self, spawn};
use crate::ui::link::PhoneLink;
use crate::ui::log_adapter::map_status;
use crate::ui::records::Records;
use crate::ui::text;
use crate::ui::window_adapter::complain;
use crate::{tr, words};

/// Entries read at once.
const PAGE: usize = 50;

/// The list's state.
pub struct Timeline {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    records: Rc<Records>,
    zone: TimeZone,
    client: Cell<Option<ClientId>>,
    filter: Cell<TimelineFilter>,
    rows: Rc<VecModel<TimelineRow>>,
    /// What stands behind each row.
    entries: RefCell<Vec<TimelineEntry>>,
    /// Counts the questions: a late answer to an older one is dropped.
    asked: Cell<u64>,
}

impl Timeline {
    /// Ties the list to the store.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>, records: Rc<Records>) -> Rc<Self> {
        let timeline = Rc::new(Self {
            window: window.as_weak(),
            phone,
            records,
            zone: TimeZone::system(),
            client: Cell::default(),
            filter: Cell::default(),
            rows: Rc::default(),
            entries: RefCell::default(),
            asked: Cell::default(),
        });
        let adapter = window.global::<TimelineAdapter>();
        adapter.set_rows(ModelRc::from(timeline.rows.clone()));
        let this = timeline.clone();
        adapter.on_choose(move |filter| this.choose(filter));
        let this = timeline.clone();
        adapter.on_read_more(move || spawn(this.clone().read(this.rows.row_count(), PAGE)));
        let this = timeline.clone();
        adapter.on_open(move |index| this.open(index));
        let this = timeline.clone();
        adapter.on_add_note(move || spawn(this.clone().add_note()));
        timeline
    }

    /// Shows the client's list from its beginning, or anew where it is shown already.
    pub fn show(self: &Rc<Self>, client: ClientId) {
        let again = self.client.replace(Some(client)) == Some(client);
        let shown = if again { self.rows.row_count() } else { 0 };
        if !again && let Some(window) = self.window.upgrade() {
            window
                .global::<TimelineAdapter>()
                .set_note(SharedString::new());
            self.rows.set_vec(Vec::new());
        }
        spawn(self.clone().read(0, shown.max(PAGE)));
    }

    fn choose(self: &Rc<Self>, filter: i32) {
        let filter = usize::try_from(filter).ok();
        let filter = filter.and_then(|at| TimelineFilter::ALL.get(at));
        self.filter.set(filter.copied().unwrap_or_default());
        if let Some(window) = self.window.upgrade() {
            let at = TimelineFilter::ALL
                .iter()
                .position(|one| *one == self.filter.get());
            let at = at.and_then(|at| i32::try_from(at).ok());
            window
                .global::<TimelineAdapter>()
                .set_filter(at.unwrap_or(0));
        }
        spawn(self.clone().read(0, PAGE));
    }

    /// Reads so many entries behind the first `offset`, which stay.
    async fn read(self: Rc<Self>, offset: usize, limit: usize) {
        let Some(client) = self.client.get() else {
            return;
        };
        let filter = self.filter.get();
        self.asked.set(self.asked.get() + 1);
        let asked = self.asked.get();
        // One more than is shown tells whether there is more.
        let answer = asking::read(&self.phone, move |store| {
            store.timeline(client, filter, offset, limit + 1)
        });
        let answer = answer.await;
        if asked != self.asked.get() {
            return;
        }
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<TimelineAdapter>();
        adapter.set_loaded(true);
        match answer {
            Ok(mut found) => {
                adapter.set_more(found.len() > limit);
                found.truncate(limit);
                let mut entries = self.entries.borrow_mut();
                entries.truncate(offset);
                let before = entries.last().map(|entry| self.day(entry.at));
                let rows = self.map(&window, &found, before);
                entries.extend(found);
                if offset == 0 {
                    self.rows.set_vec(rows);
                } else {
                    self.rows.extend(rows);
                }
            }
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    fn day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// Rows with a heading wherever a day begins.
    fn map(
        &self,
        window: &MainWindow,
        entries: &[TimelineEntry],
        mut before: Option<Date>,
    ) -> Vec<TimelineRow> {
        let today = text::today(&self.zone);
        let row = |entry: &TimelineEntry| {
            let day = self.day(entry.at);
            let mut row = map_entry(entry, &self.zone);
            if let Happening::Call(call) = &entry.what {
                let words = window.global::<Words>();
                let ended = words.invoke_outcome(row.outcome, row.incoming);
                row.title = joined(&[&direction(row.incoming), &ended]);
                row.text = joined(&[&call_text(call), &text::length(call.record.talk)]);
            }
            if before.replace(day) != Some(day) {
                row.heading = text::day(day, today);
            }
            row
        };
        entries.iter().map(row).collect()
    }

    /// Opens what a row tells of where it is at home.
    fn open(&self, index: i32) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let entries = self.entries.borrow();
        let Some(entry) = usize::try_from(index).ok().and_then(|at| entries.get(at)) else {
            return;
        };
        let shell = window.global::<WindowAdapter>();
        match &entry.what {
            // Without the module there is no page that would show the call.
            Happening::Call(_) if !window.global::<LogAdapter>().get_present() => {}
            Happening::Call(call) => {
                shell.set_page(Page::Calls);
                let log = window.global::<LogAdapter>();
                log.invoke_select(call.record.call.to_string().into());
            }
            Happening::Recording(recording) => {
                shell.set_page(Page::Recordings);
                let recordings = window.global::<RecordingsAdapter>();
                recordings.invoke_select_call(recording.recording.call.to_string().into());
            }
            Happening::Record(record) => {
                let clients = window.global::<ClientsAdapter>();
                clients.invoke_show_kind(record.kind.name.into());
                clients.set_tab(ClientTab::Records);
                spawn(self.records.clone().edit(Some(record.as_ref().clone())));
            }
            Happening::Change(_) => {}
        }
    }

    /// Writes down what was typed, with the time and whose phone this is.
    async fn add_note(self: Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<TimelineAdapter>();
        let typed = adapter.get_note();
        let (Some(client), false) = (self.client.get(), typed.trim().is_empty()) else {
            return;
        };
        let settings = self.phone.settings().ok();
        let accounts = settings
            .map(|settings| settings.accounts)
            .unwrap_or_default();
        let extension = accounts.into_iter().find_map(|account| account.extension);
        let author = asking::read(&self.phone, move |store| {
            store.find_employee(&extension.unwrap_or_default())
        });
        let author = author.await.ok().flatten();
        let now = Timestamp::now();
        let note = Record::new(Kind::NOTE, Some(client), now)
            .with("at", Value::Moment(now))
            .with("text", Value::Text(typed.trim().to_owned()))
            .with("author", author.map(Value::Employee));
        if self.records.clone().add(note, tr!("Note added.")).await && adapter.get_note() == typed {
            adapter.set_note(SharedString::new());
        }
    }
}

/// An entry, ready to be shown, but for what the markup says of calls.
fn map_entry(entry: &TimelineEntry, zone: &TimeZone) -> TimelineRow {
    let (id, kind) = match &entry.what {
        Happening::Call(call) => (call.record.call.to_string(), HappeningKind::Call),
        Happening::Recording(line) => (line.recording.id.to_string(), HappeningKind::Recording),
        Happening::Record(record) if record.kind == Kind::NOTE => {
            (record.id.to_string(), HappeningKind::Note)
        }
        Happening::Record(record) => (record.id.to_string(), HappeningKind::Record),
        Happening::Change(change) => (change.record.to_string(), HappeningKind::Change),
    };
    let row = TimelineRow {
        id: id.into(),
        kind,
        time: text::time(entry.at, zone),
        opens: kind != HappeningKind::Change,
        ..TimelineRow::default()
    };
    match &entry.what {
        Happening::Call(call) => TimelineRow {
            outcome: map_status(call.record.status),
            incoming: call.record.direction == Direction::Incoming,
            text: text::lines(&call.note),
            ..row
        },
        Happening::Recording(line) => TimelineRow {
            title: tr!("Recording").into(),
            text: text::length(line.recording.duration),
            ..row
        },
        Happening::Record(record) => TimelineRow {
            of: record.kind.name.into(),
            title: words::kind(record.kind).into(),
            text: text::lines(&words::details(record)),
            ..row
        },
        Happening::Change(change) => TimelineRow {
            title: tr!("Change").into(),
            text: text::lines(&words::change(change)),
            ..row
        },
    }
}

fn direction(incoming: bool) -> String {
    match incoming {
        true => tr!("Incoming"),
        false => tr!("Outgoing"),
    }
}

fn call_text(call: &crate::model::CallLine) -> String {
    let record = &call.record;
    let number = record.number.map(|number| number.international());
    let employee = format!("{} {}", record.extension, record.employee);
    joined(&[&number.unwrap_or_default(), employee.trim()]).into()
}

fn joined(parts: &[&str]) -> SharedString {
    let parts: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    text::line(&parts.join(" · "))
}
