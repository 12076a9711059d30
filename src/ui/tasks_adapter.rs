//! The tasks' page: `TaskLine` → `TaskRow`, read page by page; what is due first is called first.

use std::cell::Cell;
use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{ComponentHandle, ModelRc, SharedString, VecModel, Weak};
use ringbook_ui::{MainWindow, Page, TaskPhase, TaskRow, TasksAdapter, WindowAdapter};

use super::asking::{self, spawn};
use super::link::PhoneLink;
use super::listing::{ByDay, Calendar, Listing, Source, by_day, page_by_day};
use super::log_adapter::Calls;
use super::notifications_adapter::Bell;
use super::text;
use super::window_adapter::{complain, tell};
use crate::model::{CallLine, TaskId, TaskLine};
use crate::phone::view::View;
use crate::store::{Reader, Result, TaskFilter, TaskState};
use crate::tr;

/// Open tasks that are watched for news, those that are due first.
const WATCHED: usize = 1000;

/// The page's state.
pub struct TasksPage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    bell: Rc<Bell>,
    tasks: Rc<Listing<Tasks>>,
    /// Where the chosen task stands or stood: when it leaves the list the next one is there.
    place: Cell<usize>,
    /// When the next task will be overdue: what the list says of it is out of date then.
    next_due: Cell<Option<Timestamp>>,
    /// The news that the list was read after.
    edition: Cell<Option<u64>>,
}

/// A task and the calls that were lost.
type Whole = (TaskLine, Vec<CallLine>);

impl TasksPage {
    /// Ties the page to the store and reads it for the first time.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>, bell: Rc<Bell>) -> Rc<Self> {
        let page = Rc::new(Self {
            window: window.as_weak(),
            tasks: Listing::new(phone.clone()),
            phone,
            bell,
            place: Cell::default(),
            next_due: Cell::default(),
            edition: Cell::default(),
        });
        let adapter = window.global::<TasksAdapter>();
        let settings = page.phone.settings();
        adapter.set_present(settings.is_ok_and(|settings| settings.task_terms().is_some()));
        adapter.set_loaded(false);
        adapter.set_rows(page.tasks.model());
        page.take_callbacks(&adapter);
        let weak = Rc::downgrade(&page);
        page.bell.on_task(move |task| {
            if let Some(page) = weak.upgrade() {
                page.open(task);
            }
        });
        spawn(page.clone().reload());
        page
    }

    fn take_callbacks(self: &Rc<Self>, adapter: &TasksAdapter<'_>) {
        let page = self.clone();
        adapter.on_search(move || {
            page.place.set(0);
            spawn(page.clone().reload());
        });
        let page = self.clone();
        adapter.on_select(move |place| {
            if let Ok(place) = usize::try_from(place) {
                page.select(place);
            }
        });
        let page = self.clone();
        adapter.on_step(move |by| page.step(by));
        let page = self.clone();
        adapter.on_close(move |id, reason| {
            if let Ok(task) = id.parse() {
                spawn(page.clone().close(task, reason.into()));
            }
        });
    }

    /// Follows the news of tasks, and whether there are any at all.
    pub fn show(self: &Rc<Self>, view: &View) {
        if self.edition.replace(view.task_edition) == view.task_edition {
            return;
        }
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let present = view.task_edition.is_some();
        window.global::<TasksAdapter>().set_present(present);
        let shell = window.global::<WindowAdapter>();
        if !present && shell.get_page() == Page::Tasks {
            shell.set_page(Page::Phone);
        }
        spawn(self.clone().reload());
    }

    /// Reads the list anew when a task has become overdue.
    pub fn refresh(self: &Rc<Self>, now: Timestamp) {
        if self.next_due.get().is_some_and(|due| due < now) {
            self.next_due.set(None);
            spawn(self.clone().reload());
        }
    }

    /// Reads the list and the chosen task anew. Place and choice stay.
    pub async fn reload(self: Rc<Self>) {
        let Some((state, chosen)) = self.question() else {
            return;
        };
        let answer = self.tasks.ask(move |store| {
            let chosen = chosen.map(|task| find(store, task)).transpose()?;
            let owed = store.owed(Timestamp::now())?;
            let open = store.tasks(&all(TaskState::Open), Some(WATCHED))?;
            Ok((all(state), (owed, open, chosen.flatten())))
        });
        let Some(answer) = answer.await else { return };
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<TasksAdapter>();
        adapter.set_loaded(true);
        match answer {
            Ok((owed, open, chosen)) => {
                let shown = |count| i32::try_from(count).unwrap_or(i32::MAX);
                adapter.set_open(shown(owed.open));
                adapter.set_overdue(shown(owed.overdue));
                self.next_due.set(owed.next_due);
                self.show_chosen(chosen);
                if adapter.get_present() {
                    self.bell.tell_tasks(&open);
                }
            }
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    /// Which tasks the page shows, and the chosen one.
    fn question(&self) -> Option<(TaskState, Option<TaskId>)> {
        let window = self.window.upgrade()?;
        let adapter = window.global::<TasksAdapter>();
        let state = match adapter.get_kind() {
            0 => TaskState::Open,
            _ => TaskState::Closed,
        };
        Some((state, adapter.get_selected().parse().ok()))
    }

    fn select(self: &Rc<Self>, place: usize) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let row = self.tasks.row(place);
        if row.id.is_empty() {
            return;
        }
        self.place.set(place);
        let adapter = window.global::<TasksAdapter>();
        if adapter.get_selected() != row.id {
            adapter.set_closing(false);
            adapter.set_lost(ModelRc::default());
        }
        let task = row.id.parse();
        adapter.set_selected(row.id.clone());
        adapter.set_task(row);
        if let Ok(task) = task {
            spawn(self.clone().load(task));
        }
    }

    /// Chooses the row this far from the chosen one; where that has left the list, the one that
    /// took its place.
    /// Shows the page at this task.
    fn open(self: &Rc<Self>, task: TaskId) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<TasksAdapter>();
        adapter.set_kind(0);
        adapter.set_selected(task.to_string().into());
        window.global::<WindowAdapter>().set_page(Page::Tasks);
        spawn(self.clone().reload());
    }

    fn step(self: &Rc<Self>, by: i32) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let Some(last) = self.tasks.len().checked_sub(1) else {
            return;
        };
        let selected = window.global::<TasksAdapter>().get_selected();
        let place = self.place.get().min(last);
        let stands = !selected.is_empty() && self.tasks.row(place).id == selected;
        let next = match (stands, by) {
            (true, 0) => return,
            (true, _) | (false, ..0) => {
                let by = isize::try_from(by).unwrap_or(0);
                place.saturating_add_signed(by).min(last)
            }
            (false, _) => place,
        };
        self.select(next);
    }

    async fn load(self: Rc<Self>, task: TaskId) {
        match asking::read(&self.phone, move |store| find(store, task)).await {
            Ok(found) => self.show_chosen(found),
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    /// Shows what the store knows of the chosen task, if it still is the chosen one.
    fn show_chosen(&self, found: Option<Whole>) {
        let (Some(window), Some((line, calls))) = (self.window.upgrade(), found) else {
            return;
        };
        let adapter = window.global::<TasksAdapter>();
        if adapter.get_selected() != line.task.id.to_string().as_str() {
            return;
        }
        let zone = self.tasks.zone();
        adapter.set_task(map_line(&line, zone));
        let lost = by_day::<Calls>(&calls, zone, text::today(zone));
        adapter.set_lost(ModelRc::from(Rc::new(VecModel::from(lost))));
    }

    async fn close(self: Rc<Self>, task: TaskId, reason: String) {
        let closed = asking::write(&self.phone, move |store| store.close_task(task, &reason));
        match closed.await {
            Ok(line) => {
                self.phone.tell_closed(task);
                if let Some(window) = self.window.upgrade() {
                    window.global::<TasksAdapter>().set_closing(false);
                }
                let caller = whose(&line);
                let text = tr!("Closed: {caller} is owed no call any more", caller = caller);
                tell(&self.window, text);
            }
            Err(error) => complain(&self.window, error.to_string()),
        }
    }
}

/// All tasks that stand so.
fn all(state: TaskState) -> TaskFilter {
    TaskFilter {
        state: Some(state),
        ..TaskFilter::default()
    }
}

fn find(store: &Reader<'_>, task: TaskId) -> Result<Option<Whole>> {
    let Some(line) = store.find_task(task)? else {
        return Ok(None);
    };
    let calls = store.task_calls(line.task.id)?;
    Ok(Some((line, calls)))
}

/// The tasks of the store.
struct Tasks;

impl Source for Tasks {
    type Filter = TaskFilter;
    type Row = TaskRow;

    fn count(store: &Reader<'_>, filter: &TaskFilter) -> Result<u64> {
        store.count_tasks(filter)
    }

    fn rows(
        store: &Reader<'_>,
        filter: &TaskFilter,
        offset: usize,
        limit: usize,
        calendar: &Calendar,
    ) -> Result<Vec<TaskRow>> {
        page_by_day::<Self>(offset, limit, calendar, |offset, limit| {
            store.tasks_from(filter, offset, limit)
        })
    }
}

impl ByDay for Tasks {
    type Line = TaskLine;
    type Row = TaskRow;

    fn moment(line: &TaskLine) -> Timestamp {
        let closed = line.task.closed.as_ref();
        closed.map_or(line.task.due_at, |closed| closed.at)
    }

    fn row(line: &TaskLine, zone: &TimeZone) -> TaskRow {
        map_line(line, zone)
    }

    fn set_heading(row: &mut TaskRow, day: SharedString) {
        row.heading = day;
    }
}

/// A task, ready to be shown, without a heading.
fn map_line(line: &TaskLine, zone: &TimeZone) -> TaskRow {
    let task = &line.task;
    let moment = Tasks::moment(line);
    let phase = match &task.closed {
        Some(_) => TaskPhase::Closed,
        None if task.is_overdue(Timestamp::now()) => TaskPhase::Overdue,
        None => TaskPhase::Open,
    };
    let reason = task.closed.as_ref().map(|closed| closed.reason.as_str());
    TaskRow {
        id: task.id.to_string().into(),
        title: text::line(&whose(line)),
        number: text::line(&number(line)),
        target: task.caller.as_str().into(),
        client: line
            .client_name
            .as_ref()
            .and(task.client)
            .map(|client| client.to_string().into())
            .unwrap_or_default(),
        category: line
            .category
            .as_ref()
            .map(|category| category.as_str().into())
            .unwrap_or_default(),
        phase,
        time: text::time(moment, zone),
        moment: text::moment(moment, zone),
        calls: i32::try_from(task.calls).unwrap_or(i32::MAX),
        reason: text::line(reason.unwrap_or_default()),
        ..TaskRow::default()
    }
}

/// The client, or where the call came from.
fn whose(line: &TaskLine) -> String {
    let name = line.client_name.clone().filter(|name| !name.is_empty());
    name.unwrap_or_else(|| number(line))
}

fn number(line: &TaskLine) -> String {
    let number = line.task.number.map(|number| number.international());
    number.unwrap_or_else(|| line.task.caller.clone())
}
