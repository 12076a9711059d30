//! The call log's page: `CallLine` → `LogRow`, read page by page.

mod groups;
mod legs;
mod marks;
mod period;
mod table;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use ringbook_ui::slint::{ComponentHandle, SharedString, Weak};
use ringbook_ui::{
    ClientsAdapter, FlightAdapter, LogAdapter, LogCounts, LogRow, MainWindow, Outcome, Page,
    PhoneAdapter, RecordingsAdapter, TableAdapter, TasksAdapter, WindowAdapter,
};

use self::groups::{CHOICES, GroupedCalls};
use self::period::{Days, TYPED, shown};
use self::table::{Table, narrowed};

use super::asking::{self, spawn};
use super::call_looks::CallLooks;
use super::link::PhoneLink;
use super::listing::{ByDay, Calendar, Listing, Source};
use super::notifications_adapter::Bell;
use super::text;
use crate::model::{
    CallColumn, CallId, CallLine, CallOrigin, CallStatus, ColumnTest, Deed, Direction, PhoneNumber,
    Right, When,
};
use crate::store::{CallCount, CallFilter, CallList, CallOrder, Grouping, Reader, Result};
use crate::{tr, words};

/// Clients whose calls a search looks through.
const MATCHES: usize = 200;

/// The page's state.
pub struct LogPage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    calls: Rc<Listing<Calls>>,
    /// Missed calls up to this moment were seen.
    seen: Cell<Timestamp>,
    /// The period that was typed last.
    typed: Cell<Days>,
    /// What the fields of the period were given last.
    in_fields: Cell<Option<Days>>,
    /// The keys of the groups that are closed.
    closed: RefCell<BTreeSet<SharedString>>,
    /// Where the chosen call stands in the list.
    place: Cell<usize>,
    table: Table,
    looks: Rc<CallLooks>,
    bell: Rc<Bell>,
}

impl LogPage {
    /// Ties the page to the store and reads it for the first time.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>, bell: Rc<Bell>) -> Rc<Self> {
        let page = Rc::new(Self {
            window: window.as_weak(),
            calls: Listing::new(phone.clone()),
            phone,
            seen: Cell::new(Timestamp::UNIX_EPOCH),
            typed: Cell::default(),
            in_fields: Cell::default(),
            closed: RefCell::default(),
            place: Cell::default(),
            table: Table::default(),
            looks: CallLooks::start(window),
            bell,
        });
        let adapter = window.global::<LogAdapter>();
        let settings = page.phone.settings().unwrap_or_default();
        adapter.set_present(settings.modules.call_log);
        adapter.set_loaded(false);
        adapter.set_rows(page.calls.model());
        page.take_callbacks(&adapter);
        page.take_marks(&adapter);
        page.start_table(&window.global::<TableAdapter>());
        page
    }

    fn take_callbacks(self: &Rc<Self>, adapter: &LogAdapter<'_>) {
        let page = self.clone();
        adapter.on_viewed(move || {
            page.seen.set(Timestamp::now());
            if let Some(window) = page.window.upgrade() {
                window.global::<WindowAdapter>().set_missed(0);
            }
        });
        let page = self.clone();
        adapter.on_search(move || spawn(page.clone().reload()));
        let page = self.clone();
        adapter.on_period_chosen(move || page.choose_period());
        let page = self.clone();
        adapter.on_grouping_chosen(move || {
            page.closed.borrow_mut().clear();
            page.take_fields();
            spawn(page.clone().reload());
        });
        let page = self.clone();
        adapter.on_toggle_group(move |group| {
            let mut closed = page.closed.borrow_mut();
            if !closed.remove(&group) {
                closed.insert(group);
            }
            drop(closed);
            spawn(page.clone().reload());
        });
        let page = self.clone();
        adapter.on_period_typed(move || page.type_period());
        let window = self.window.clone();
        adapter.on_open_tasks(move || {
            if let Some(window) = window.upgrade() {
                window.global::<WindowAdapter>().set_page(Page::Tasks);
            }
        });
        let page = self.clone();
        adapter.on_select(move |id| spawn(page.clone().select(id)));
        let page = self.clone();
        adapter.on_step(move |by| spawn(page.clone().step(by)));
        let window = self.window.clone();
        adapter.on_call_back(move |number| {
            let Some(window) = window.upgrade() else {
                return;
            };
            window.global::<WindowAdapter>().set_page(Page::Phone);
            let phone = window.global::<PhoneAdapter>();
            phone.invoke_dial(number, phone.get_line());
        });
        let window = self.window.clone();
        adapter.on_open_client(move |client| {
            let Some(window) = window.upgrade() else {
                return;
            };
            window.global::<WindowAdapter>().set_page(Page::Clients);
            window.global::<ClientsAdapter>().invoke_select(client);
        });
        let window = self.window.clone();
        adapter.on_play(move |call| {
            let Some(window) = window.upgrade() else {
                return;
            };
            window.global::<WindowAdapter>().set_page(Page::Recordings);
            window
                .global::<RecordingsAdapter>()
                .invoke_select_call(call);
        });
        let page = self.clone();
        adapter.on_export(move || spawn(page.clone().export()));
    }

    /// Reads the list anew: after a search, or when the log has news. Place and choice stay.
    pub async fn reload(self: Rc<Self>) {
        let Some(question) = self.question() else {
            return;
        };
        let zone = self.calls.zone();
        let midnight = When::Day(text::today(zone)).start(zone);
        let seen = self.seen.get();
        let (clock, closed) = (zone.clone(), self.closed.borrow().clone());
        let answer = self.calls.ask(move |store| {
            let by = question.grouping;
            let list = question.list(store)?;
            let calls = GroupedCalls::read(store, list, by, &clock, &closed)?;
            let counts = store.call_counts(&CallFilter {
                from: Some(midnight),
                ..CallFilter::default()
            })?;
            let owed = store.owed(Timestamp::now())?;
            let missed = store.count_calls(&CallFilter {
                from: Some(midnight.max(seen)),
                direction: Some(Direction::Incoming),
                statuses: vec![CallStatus::Missed],
                ..CallFilter::default()
            })?;
            Ok((Arc::new(calls), (counts, owed, missed)))
        });
        let Some(answer) = answer.await else { return };
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<LogAdapter>();
        adapter.set_loaded(true);
        match answer {
            Ok((counts, owed, missed)) => {
                let mut today = map_counts(&counts);
                if window.global::<TasksAdapter>().get_present() {
                    today.to_return = shown_count(owed.open);
                }
                adapter.set_today(today);
                let shell = window.global::<WindowAdapter>();
                if shell.get_page() == Page::Calls {
                    self.seen.set(Timestamp::now());
                } else {
                    shell.set_missed(shown_count(missed));
                }
            }
            Err(error) => super::window_adapter::complain(&self.window, error.to_string()),
        }
    }

    /// What the fields of the page ask for.
    fn question(&self) -> Option<Question> {
        let window = self.window.upgrade()?;
        let adapter = window.global::<LogAdapter>();
        let zone = self.calls.zone();
        let days = self.days(&adapter);
        let (direction, status) = match adapter.get_kind() {
            1 => (Some(Direction::Incoming), Some(CallStatus::Missed)),
            2 => (Some(Direction::Incoming), None),
            3 => (Some(Direction::Outgoing), None),
            _ => (None, None),
        };
        let (asked, order) = self.asked();
        Some(Question {
            asked,
            order,
            text: adapter.get_query().trim().to_owned(),
            from: days.from.map(|day| When::Day(day).start(zone)),
            to: days.to.map(|day| When::Day(day).end(zone)),
            direction,
            status,
            grouping: usize::try_from(adapter.get_grouping())
                .ok()
                .and_then(|place| CHOICES.get(place).copied()),
        })
    }

    /// The days of the period. Those of a chosen one are told by today's calendar, each time anew, and
    /// the fields show them when they are others than before: somebody may be typing there.
    fn days(&self, adapter: &LogAdapter<'_>) -> Days {
        let today = text::today(self.calls.zone());
        let Some(days) = Days::chosen(adapter.get_period(), today) else {
            return self.typed.get();
        };
        if self.in_fields.replace(Some(days)) != Some(days) {
            adapter.set_from(shown(days.from).into());
            adapter.set_to(shown(days.to).into());
        }
        days
    }

    fn choose_period(self: &Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<LogAdapter>();
        adapter.set_turned(false);
        adapter.set_from_error(SharedString::new());
        adapter.set_to_error(SharedString::new());
        self.in_fields.set(None);
        if adapter.get_period() == TYPED {
            // It begins with the days that stand there.
            return self.type_period();
        }
        self.take_fields();
        spawn(self.clone().reload());
    }

    /// Takes the two days that were typed; what cannot be read says so, and the list stays.
    fn type_period(self: &Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<LogAdapter>();
        let now = Zoned::now().with_time_zone(self.calls.zone().clone());
        let typed = Days::typed(&adapter.get_from(), &adapter.get_to(), &now);
        adapter.set_from_error(typed.from_error.into());
        adapter.set_to_error(typed.to_error.into());
        let Some(days) = typed.days else { return };
        let chosen = Days::chosen(adapter.get_period(), now.date());
        if chosen == Some(days) || (chosen.is_none() && self.typed.get() == days && !typed.turned) {
            return;
        }
        self.typed.set(days);
        adapter.set_period(TYPED);
        adapter.set_turned(typed.turned);
        adapter.set_from(shown(days.from).into());
        adapter.set_to(shown(days.to).into());
        self.in_fields.set(Some(days));
        spawn(self.clone().reload());
    }

    /// Shows one call: from the list, or from the store where the list does not have it in sight.
    async fn select(self: Rc<Self>, id: SharedString) {
        let row = match self.calls.find(|row| row.id == id) {
            Some(row) => Some(row),
            None => self.read_row(&id).await,
        };
        let (Some(window), Some(row)) = (self.window.upgrade(), row) else {
            return;
        };
        let adapter = window.global::<LogAdapter>();
        self.show_marks(&adapter, &row);
        adapter.set_call(row);
        adapter.set_selected(id.clone());
        if let Some(place) = self.calls.place_of(|row| row.id == id) {
            self.place.set(place);
        }
        window.global::<FlightAdapter>().invoke_show(id.clone());
        spawn(self.clone().show_legs(id));
    }

    /// Chooses the row this far from the chosen one, as far as there are any.
    async fn step(self: Rc<Self>, by: i32) {
        let (Some(window), Some(last)) = (self.window.upgrade(), self.calls.len().checked_sub(1))
        else {
            return;
        };
        let adapter = window.global::<LogAdapter>();
        let selected = adapter.get_selected();
        let before = self.place.get().min(last);
        let stands = !selected.is_empty() && self.calls.row(before).id == selected;
        let by = isize::try_from(by).unwrap_or(0);
        let mut place = match stands || by.unsigned_abs() > 1 {
            true => before.saturating_add_signed(by).min(last),
            false => before,
        };
        loop {
            self.place.set(place);
            adapter.set_chosen_row(i32::try_from(place).unwrap_or(i32::MAX));
            let row = self.calls.read_row(place).await;
            if !row.id.is_empty() {
                return self.select(row.id).await;
            }
            // A closed group is its head alone.
            let next = place.saturating_add_signed(by.signum());
            if next == place || next > last || row.heading.is_empty() {
                return;
            }
            place = next;
        }
    }

    async fn read_row(&self, id: &str) -> Option<LogRow> {
        let call = id.parse::<CallId>().ok()?;
        let line = asking::read(&self.phone, move |store| store.find_call(call)).await;
        Some(map_line(&line.ok()??, self.calls.zone()))
    }

    /// Writes the calls in sight of the filter into a CSV file of the profile.
    async fn export(self: Rc<Self>) {
        let list = self.calls.filter().list().clone();
        let folder = self.phone.profile().dir().join("exports");
        let zone = self.calls.zone().clone();
        let deed = Deed::export("calls", Some(&folder));
        let written = asking::audited(&self.phone, move |writer, who| {
            writer.audit(who, Right::ExportCalls, &deed)
        });
        if let Err(error) = written.await {
            return super::window_adapter::complain(&self.window, error.to_string());
        }
        let done = asking::read(&self.phone, move |store| {
            Ok(super::export_log(store, &list, &zone, &folder))
        });
        match done.await {
            Ok(Ok(file)) => {
                let text = tr!("The log was written to {file}", file = file.display());
                super::window_adapter::tell(&self.window, text);
            }
            Ok(Err(error)) => super::window_adapter::complain(&self.window, format!("{error:#}")),
            Err(error) => super::window_adapter::complain(&self.window, error.to_string()),
        }
    }
}

/// What the page's fields ask for; names become clients on the store's thread.
struct Question {
    text: String,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    direction: Option<Direction>,
    status: Option<CallStatus>,
    grouping: Option<Grouping>,
    /// What is asked of the table's columns, and by which of them calls are sorted.
    asked: Vec<(CallColumn, ColumnTest)>,
    order: CallOrder,
}

impl Question {
    fn list(self, store: &Reader<'_>) -> Result<CallList> {
        let filter = self.filter(store)?;
        Ok(CallList {
            filter: narrowed(filter, self.asked, &self.order),
            order: self.order,
        })
    }

    fn filter(&self, store: &Reader<'_>) -> Result<CallFilter> {
        let mut filter = CallFilter {
            from: self.from,
            to: self.to,
            direction: self.direction,
            statuses: self.status.into_iter().collect(),
            ..CallFilter::default()
        };
        if self.text.is_empty() {
            return Ok(filter);
        }
        let found = store.find_clients(&self.text, MATCHES)?;
        match PhoneNumber::parse(&self.text, None) {
            Ok(number) if found.is_empty() => filter.number = Some(number),
            _ => filter.clients = Some(found.iter().map(|client| client.id).collect()),
        }
        Ok(filter)
    }
}

fn shown_count(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The calls of the log.
pub struct Calls;

impl Source for Calls {
    type Filter = Arc<GroupedCalls>;
    type Row = LogRow;

    fn count(_store: &Reader<'_>, calls: &Arc<GroupedCalls>) -> Result<u64> {
        Ok(calls.rows() as u64)
    }

    fn rows(
        store: &Reader<'_>,
        calls: &Arc<GroupedCalls>,
        offset: usize,
        limit: usize,
        calendar: &Calendar,
    ) -> Result<Vec<LogRow>> {
        calls.page(store, offset, limit, calendar.today)
    }
}

impl ByDay for Calls {
    type Line = CallLine;
    type Row = LogRow;

    fn moment(line: &CallLine) -> Timestamp {
        line.record.started_at
    }

    fn row(line: &CallLine, zone: &TimeZone) -> LogRow {
        map_line(line, zone)
    }

    fn set_heading(row: &mut LogRow, day: SharedString) {
        row.heading = day;
    }
}

fn map_counts(counts: &[CallCount]) -> LogCounts {
    let sum = |is: &dyn Fn(&CallCount) -> bool| {
        let calls = counts.iter().filter(|count| is(count));
        shown_count(calls.map(|count| count.calls).sum())
    };
    let incoming = |count: &CallCount| count.direction == Direction::Incoming;
    let taken = |status| matches!(status, CallStatus::Answered | CallStatus::OneWay);
    // Who is still ringing or was taken at another phone is not unanswered.
    let open = |status| {
        matches!(
            status,
            CallStatus::InProgress | CallStatus::AnsweredElsewhere
        )
    };
    let waited = counts.iter().filter(|count| incoming(count));
    LogCounts {
        total: sum(&|_| true),
        outgoing: sum(&|count| !incoming(count)),
        answered: sum(&|count| incoming(count) && taken(count.status)),
        unanswered: sum(&|count| incoming(count) && !taken(count.status) && !open(count.status)),
        talk: text::length(counts.iter().map(|count| count.talk).sum::<Duration>()),
        longest_wait: text::length(
            waited
                .map(|count| count.longest_ring)
                .max()
                .unwrap_or_default(),
        ),
        to_return: 0,
    }
}

/// A call of the log, ready to be shown, without a heading.
pub fn map_line(line: &CallLine, zone: &TimeZone) -> LogRow {
    let record = &line.record;
    let number = record.number.map(|number| number.international());
    let shown = number.clone().unwrap_or_else(|| match record.direction {
        Direction::Incoming => record.caller.clone(),
        Direction::Outgoing => record.callee.clone(),
    });
    let names = [
        line.client_name.as_deref().unwrap_or(&record.client_name),
        &record.remote_name,
    ];
    let title = match names.into_iter().find(|name| !name.is_empty()) {
        Some(name) => text::line(name),
        None if record.hidden => tr!("Hidden number").into(),
        None => text::line(&shown),
    };
    LogRow {
        id: record.call.to_string().into(),
        title,
        number: text::line(&shown),
        incoming: record.direction == Direction::Incoming,
        callback: record.origin == Some(CallOrigin::Callback),
        outcome: map_status(record.status),
        time: text::time(record.started_at, zone),
        duration: text::length(record.talk),
        too_long: record.too_long,
        cost: record
            .cost
            .as_ref()
            .map(|cost| text::line(&cost.amount.to_string()))
            .unwrap_or_default(),
        line: text::line(&record.account),
        diverted_by: text::line(&record.diverted_by),
        employee: text::line(format!("{} {}", record.extension, record.employee).trim()),
        category: line
            .category
            .as_ref()
            .map(|c| c.as_str().into())
            .unwrap_or_default(),
        recording: line.is_recorded(),
        recording_missing: line
            .missing
            .map(|missing| words::missing(missing).into())
            .unwrap_or_default(),
        client: record
            .client
            .map(|client| client.to_string().into())
            .unwrap_or_default(),
        status: record.status.as_str().into(),
        date: text::date(record.started_at.to_zoned(zone.clone()).date()).into(),
        caller: party(&record.caller),
        callee: party(&record.callee),
        extension: text::line(&record.extension),
        category_then: record
            .category
            .as_ref()
            .map(|category| category.as_str().into())
            .unwrap_or_default(),
        ring: text::length(record.ring),
        hold: text::length(record.hold),
        quality: record
            .quality
            .as_ref()
            .and_then(|quality| quality.mos)
            .map(|mos| format!("{mos:.1}").into())
            .unwrap_or_default(),
        tags: text::line(&line.tags.join("; ")),
        note: text::line(&line.note),
        typed_tags: line.tags.join("; ").into(),
        typed_note: line.note.as_str().into(),
        ..LogRow::default()
    }
}

/// Who called or was called: a number as people write it.
fn party(text: &str) -> SharedString {
    match PhoneNumber::from_e164(text) {
        Some(number) => text::line(&number.international()),
        None => text::line(text),
    }
}

/// How a call ended, for the window.
pub fn map_status(status: CallStatus) -> Outcome {
    match status {
        CallStatus::InProgress => Outcome::Active,
        CallStatus::Answered => Outcome::Answered,
        CallStatus::OneWay => Outcome::OneWay,
        CallStatus::Missed => Outcome::Missed,
        CallStatus::Rejected => Outcome::Rejected,
        CallStatus::Busy => Outcome::Busy,
        CallStatus::Failed => Outcome::Failed,
        CallStatus::Cancelled => Outcome::Cancelled,
        CallStatus::AnsweredElsewhere => Outcome::Elsewhere,
        CallStatus::Voicemail => Outcome::Voicemail,
        CallStatus::Interrupted => Outcome::Interrupted,
        CallStatus::Unknown => Outcome::Unknown,
    }
}
