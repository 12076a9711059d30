//! The call log as a table: which columns, in which order, what is asked of them; kept as it is left,
//! and under names.

mod views;
mod words;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use ringbook_ui::slint::{ComponentHandle, Model, ModelRc, SharedString, VecModel};
use ringbook_ui::{Column, ColumnChoice, LogAdapter, TableAdapter, TableColumn};

use self::words::joined;
use super::LogPage;
use super::groups::CHOICES;
use crate::model::{
    CallColumn, CallLook, CallView, Category, ColumnTest, Holds, Kind, PERIODS, Record,
    ShownColumn, Turn, Value,
};
use crate::store::{CallFilter, CallOrder, Grouping};
use crate::tr;
use crate::ui::asking::{self, spawn};
use crate::ui::text;
use crate::ui::window_adapter::complain;
use crate::words::call_column;

/// How long nothing changes before the table is kept: a column's edge is dragged in many steps.
const SETTLED: Duration = Duration::from_millis(400);

/// The table's state.
pub struct Table {
    view: RefCell<CallView>,
    /// What was typed and cannot be asked: what is wrong with it.
    errors: RefCell<BTreeMap<&'static str, String>>,
    /// The record of the table as it was left.
    left: RefCell<Record>,
    /// The views that have names.
    named: RefCell<Vec<Record>>,
    categories: RefCell<Vec<Category>>,
    /// Columns of which some value has a look.
    looked: RefCell<Vec<CallColumn>>,
    columns: Rc<VecModel<TableColumn>>,
    choices: Rc<VecModel<ColumnChoice>>,
    /// Counts the changes.
    changes: Cell<u64>,
}

impl Default for Table {
    fn default() -> Self {
        let name = Value::Text(CallView::AS_LEFT.to_owned());
        let left = Record::new(Kind::VIEW, None, Timestamp::now()).with("name", name);
        Self {
            view: RefCell::default(),
            errors: RefCell::default(),
            left: RefCell::new(left),
            named: RefCell::default(),
            categories: RefCell::default(),
            looked: RefCell::default(),
            columns: Rc::default(),
            choices: Rc::default(),
            changes: Cell::default(),
        }
    }
}

impl LogPage {
    /// Ties the table to the store and shows it as it was left.
    pub(super) fn start_table(self: &Rc<Self>, adapter: &TableAdapter<'_>) {
        adapter.set_columns(ModelRc::from(self.table.columns.clone()));
        adapter.set_choices(ModelRc::from(self.table.choices.clone()));
        self.take_table_callbacks(adapter);
        self.take_view_callbacks(adapter);
        spawn(self.clone().load_views(true));
    }

    fn take_table_callbacks(self: &Rc<Self>, adapter: &TableAdapter<'_>) {
        let page = self.clone();
        adapter.on_opened(move |open| {
            page.table
                .left
                .borrow_mut()
                .set("as_table", open.then_some(Value::Flag(true)));
            page.keep_soon();
        });
        let page = self.clone();
        adapter.on_turned(move || spawn(page.clone().reload()));
        let page = self.clone();
        adapter.on_sort(move |column, also| {
            page.change(|view| view.sort_by(known(column), also));
            spawn(page.clone().reload());
        });
        let page = self.clone();
        adapter.on_resize(move |column, width| {
            page.change(|view| {
                let place = place(view, column);
                if let Some(shown) = place.and_then(|place| view.columns.get_mut(place)) {
                    *shown = ShownColumn::new(shown.column, width.round() as u16);
                }
            });
        });
        let page = self.clone();
        adapter.on_step(move |column, by| {
            page.change(|view| {
                if let Some(from) = place(view, column) {
                    let by = isize::try_from(by).unwrap_or(0);
                    view.move_column(from, from.saturating_add_signed(by));
                }
            });
        });
        let page = self.clone();
        adapter.on_drop(move |column, x| {
            page.change(|view| {
                if let Some(from) = place(view, column) {
                    view.move_column(from, dropped_at(&view.columns, from, x));
                }
            });
        });
        let page = self.clone();
        adapter.on_drag(move |column, x| page.tell_landing(column, x));
        let page = self.clone();
        adapter.on_show(move |column, shown| {
            page.change(|view| view.show(known(column), shown));
            spawn(page.clone().reload());
        });
        let page = self.clone();
        adapter.on_ask(move |column, asked, done| page.ask(known(column), &asked, done));
    }

    /// Reads the views, the looks and the categories; `first` shows the table as it was left.
    pub async fn load_views(self: Rc<Self>, first: bool) {
        let read = asking::read(&self.phone, |store| {
            let looks = store.records(Kind::LOOK, None)?;
            let looks: Vec<CallLook> = looks.iter().filter_map(CallLook::of).collect();
            Ok((store.records(Kind::VIEW, None)?, looks, store.categories()?))
        });
        let (views, looks, categories) = match read.await {
            Ok(read) => read,
            Err(error) => return complain(&self.window, error.to_string()),
        };
        let (left, named) = views
            .into_iter()
            .partition::<Vec<Record>, _>(|view| view.text("name") == CallView::AS_LEFT);
        *self.table.named.borrow_mut() = named;
        *self.table.categories.borrow_mut() = categories;
        let mut looked: Vec<CallColumn> = Vec::new();
        for look in &looks {
            if !looked.contains(&look.column) {
                looked.push(look.column);
            }
        }
        *self.table.looked.borrow_mut() = looked;
        self.looks.take(looks);
        if let Some(left) = left.into_iter().next().filter(|_| first) {
            *self.table.view.borrow_mut() = CallView::of(&left);
            *self.table.left.borrow_mut() = left;
            self.show_fields();
        }
        self.show_table();
        if first {
            self.reload().await;
        }
    }

    /// Gives the fields above the list what the view says.
    fn show_fields(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let view = self.table.view.borrow();
        let adapter = window.global::<LogAdapter>();
        let period = PERIODS.iter().position(|period| *period == view.period);
        adapter.set_period(period.and_then(|at| i32::try_from(at).ok()).unwrap_or(0));
        let by = Grouping::ALL
            .iter()
            .find(|(_, name)| *name == view.grouping);
        let place = CHOICES
            .iter()
            .position(|choice| Some(choice) == by.map(|(by, _)| by));
        let place = place.unwrap_or(CHOICES.len());
        adapter.set_grouping(i32::try_from(place).unwrap_or(0));
        let table = window.global::<TableAdapter>();
        table.set_open(self.table.left.borrow().is("as_table"));
        table.set_asking(table.get_asking() || !view.filter.is_empty());
    }

    /// The fields above the list belong to the view as well.
    pub(super) fn take_fields(self: &Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<LogAdapter>();
        let chosen = |place: i32| usize::try_from(place).ok();
        let period = chosen(adapter.get_period()).and_then(|place| PERIODS.get(place));
        let grouping = chosen(adapter.get_grouping()).and_then(|place| CHOICES.get(place));
        self.change(|view| {
            if let Some(period) = period {
                (*period).clone_into(&mut view.period);
            }
            let by = Grouping::ALL.iter().find(|(by, _)| Some(by) == grouping);
            by.map_or("", |(_, name)| *name)
                .clone_into(&mut view.grouping);
        });
    }

    /// What the table asks for beside the fields above it; nothing while the list is shown.
    pub(super) fn asked(&self) -> (Vec<(CallColumn, ColumnTest)>, CallOrder) {
        let zone = self.calls.zone().clone();
        let shown = self
            .window
            .upgrade()
            .is_some_and(|window| window.global::<TableAdapter>().get_shown());
        if !shown {
            return (Vec::new(), CallOrder::default());
        }
        let view = self.table.view.borrow();
        let by = view.sort.clone();
        (view.asked(), CallOrder { by, zone })
    }

    /// Changes the table as it stands, shows it and keeps it.
    fn change(self: &Rc<Self>, change: impl FnOnce(&mut CallView)) {
        change(&mut self.table.view.borrow_mut());
        self.show_table();
        self.keep_soon();
    }

    /// Says where a column would land that is held at `x`.
    fn tell_landing(&self, column: Column, x: f32) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let view = self.table.view.borrow();
        let landing = place(&view, column).and_then(|from| {
            let to = dropped_at(&view.columns, from, x);
            border(&view.columns, from, to)
        });
        window
            .global::<TableAdapter>()
            .set_landing(landing.unwrap_or(-1.0));
    }

    fn keep_soon(self: &Rc<Self>) {
        let page = self.clone();
        let changes = self.table.changes.get() + 1;
        self.table.changes.set(changes);
        spawn(async move {
            asking::pause(SETTLED).await;
            if page.table.changes.get() != changes {
                return;
            }
            let mut left = page.table.left.borrow().clone();
            page.table.view.borrow().write(&mut left);
            *page.table.left.borrow_mut() = left.clone();
            let kept = asking::write(&page.phone, move |store| store.save_record(&left));
            if let Err(error) = kept.await {
                complain(&page.window, error.to_string());
            }
        });
    }

    /// Asks something of a column. While somebody types, what cannot be read yet is not complained of.
    fn ask(self: &Rc<Self>, column: CallColumn, asked: &str, done: bool) {
        let asked = self.program_words(column, asked);
        match ColumnTest::read(column, &asked) {
            Ok(_) => {
                self.table.errors.borrow_mut().remove(column.name());
                let before = self.table.view.borrow().asked_of(column).to_owned();
                self.change(|view| view.ask(column, &asked));
                if self.table.view.borrow().asked_of(column) != before {
                    spawn(self.clone().reload());
                }
            }
            Err(refused) if done => {
                let allowed = match self.people_words(column) {
                    words if words.is_empty() => refused.allowed,
                    words => joined(words.into_iter().map(|(_, shown)| shown)),
                };
                let error = tr!("It must be one of these: {allowed}", allowed = allowed);
                self.table.errors.borrow_mut().insert(column.name(), error);
                self.show_table();
            }
            Err(_) => {}
        }
    }

    /// Shows the columns, those that can be shown, and the names of the views.
    pub(super) fn show_table(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let view = self.table.view.borrow();
        let mut x = 0.0;
        let columns: Vec<TableColumn> = view
            .columns
            .iter()
            .map(|shown| {
                let column = self.column(&view, *shown, x);
                x += column.width;
                column
            })
            .collect();
        set_rows(&self.table.columns, &columns);
        set_rows(&self.table.choices, &choices(&view));
        let adapter = window.global::<TableAdapter>();
        adapter.set_width(x);
        adapter.set_narrowed(!view.filter.is_empty());
        let looked = self.table.looked.borrow();
        let looked: Vec<TableColumn> = looked
            .iter()
            .map(|&column| self.column(&view, ShownColumn::usual(column), 0.0))
            .collect();
        adapter.set_looked(ModelRc::from(looked.as_slice()));
        let named = self.table.named.borrow();
        let names = named.iter().map(|named| text::line(named.text("name")));
        let names: Vec<SharedString> = std::iter::once(tr!("As it stands").into())
            .chain(names)
            .collect();
        if adapter.get_views().iter().ne(names.iter().cloned()) {
            adapter.set_views(ModelRc::from(names.as_slice()));
        }
        let same = named.iter().position(|named| CallView::of(named) == *view);
        let place = same.and_then(|place| i32::try_from(place + 1).ok());
        adapter.set_view(place.unwrap_or(0));
    }

    fn column(&self, view: &CallView, shown: ShownColumn, x: f32) -> TableColumn {
        let column = shown.column;
        let sorted = view.sort.iter().position(|(sorted, _)| *sorted == column);
        let looked = self.table.looked.borrow().contains(&column);
        TableColumn {
            column: drawn(column),
            title: call_column(column).into(),
            x,
            width: f32::from(shown.width),
            sorted: sorted
                .and_then(|at| i32::try_from(at + 1).ok())
                .unwrap_or(0),
            down: sorted.is_some_and(|at| view.sort[at].1 == Turn::Down),
            can_sort: column.is_sorted(),
            asked: self.shown_words(column, view.asked_of(column)).into(),
            hint: hint(column).into(),
            error: self
                .table
                .errors
                .borrow()
                .get(column.name())
                .map(Into::into)
                .unwrap_or_default(),
            looks: if looked {
                column.name().into()
            } else {
                SharedString::new()
            },
        }
    }
}

/// Which place a column has when its middle is let go at `x`.
fn dropped_at(columns: &[ShownColumn], from: usize, x: f32) -> usize {
    let others = columns.iter().enumerate().filter(|(at, _)| *at != from);
    let mut end = 0.0;
    let mut passed = 0;
    for (at, column) in others {
        let width = f32::from(column.width);
        // Columns behind it stand further on while it is still in its place.
        let shift = if at > from {
            f32::from(columns[from].width)
        } else {
            0.0
        };
        if x > end + shift + width / 2.0 {
            passed += 1;
        }
        end += width;
    }
    passed
}

/// Between which columns one lands that goes from one place to another, while all of them still stand
/// where they did; none where it stays.
fn border(columns: &[ShownColumn], from: usize, to: usize) -> Option<f32> {
    if from == to {
        return None;
    }
    let before = if to > from { to + 1 } else { to };
    let widths = columns.iter().take(before);
    Some(widths.map(|column| f32::from(column.width)).sum())
}

fn place(view: &CallView, column: Column) -> Option<usize> {
    let column = known(column);
    view.columns.iter().position(|shown| shown.column == column)
}

/// Rows that stay in their places keep what stands in them: the field that is being typed in, too.
fn set_rows<T: Clone + PartialEq + 'static>(model: &VecModel<T>, rows: &[T]) {
    for (at, row) in rows.iter().enumerate() {
        match model.row_data(at) {
            None => model.push(row.clone()),
            Some(before) if before != *row => model.set_row_data(at, row.clone()),
            Some(_) => {}
        }
    }
    while model.row_count() > rows.len() {
        model.remove(model.row_count() - 1);
    }
}

fn choices(view: &CallView) -> Vec<ColumnChoice> {
    let choice = |column: CallColumn, shown| ColumnChoice {
        column: drawn(column),
        title: call_column(column).into(),
        shown,
    };
    let shown = view.columns.iter().map(|shown| shown.column);
    let hidden = CallColumn::ALL.iter().map(|(column, _)| *column);
    let hidden = hidden.filter(|column| view.columns.iter().all(|shown| shown.column != *column));
    let shown = shown.map(|column| choice(column, true));
    shown
        .chain(hidden.map(|column| choice(column, false)))
        .collect()
}

/// How what is asked may look; the period asks for days.
fn hint(column: CallColumn) -> &'static str {
    match column.holds() {
        Holds::Day => "",
        Holds::TimeOfDay => "9:00–10:00",
        Holds::Length => "> 5:00",
        Holds::Score => "< 3.5",
        Holds::Amount => "> 1.50",
        Holds::Word(_) | Holds::Category | Holds::Flag | Holds::Number | Holds::Text => "…",
    }
}

const DRAWN: [(CallColumn, Column); 20] = [
    (CallColumn::Started, Column::Started),
    (CallColumn::TimeOfDay, Column::Time),
    (CallColumn::Status, Column::Status),
    (CallColumn::Direction, Column::Direction),
    (CallColumn::Caller, Column::Caller),
    (CallColumn::Callee, Column::Callee),
    (CallColumn::Extension, Column::Extension),
    (CallColumn::Client, Column::Client),
    (CallColumn::Category, Column::Category),
    (CallColumn::CategoryThen, Column::CategoryThen),
    (CallColumn::Line, Column::Line),
    (CallColumn::Talk, Column::Talk),
    (CallColumn::Ring, Column::Ring),
    (CallColumn::Hold, Column::Hold),
    (CallColumn::Quality, Column::Quality),
    (CallColumn::Recorded, Column::Recorded),
    (CallColumn::Cost, Column::Cost),
    (CallColumn::TooLong, Column::TooLong),
    (CallColumn::Tags, Column::Tags),
    (CallColumn::Note, Column::Note),
];

fn drawn(column: CallColumn) -> Column {
    let pair = DRAWN.iter().find(|(known, _)| *known == column);
    pair.map_or(Column::Note, |(_, drawn)| *drawn)
}

fn known(column: Column) -> CallColumn {
    let pair = DRAWN.iter().find(|(_, drawn)| *drawn == column);
    pair.map_or(CallColumn::Note, |(known, _)| *known)
}

/// The filter of the table's columns, by the clock of `order`.
pub(super) fn narrowed(
    filter: CallFilter,
    asked: Vec<(CallColumn, ColumnTest)>,
    order: &CallOrder,
) -> CallFilter {
    CallFilter {
        asked,
        clock: Some(order.zone.clone()),
        ..filter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_10_a_column_lands_where_it_is_let_go() {
        let columns: Vec<ShownColumn> = [CallColumn::Status, CallColumn::Client, CallColumn::Talk]
            .map(|column| ShownColumn::new(column, 100))
            .to_vec();
        assert_eq!(dropped_at(&columns, 0, 60.0), 0);
        assert_eq!(dropped_at(&columns, 0, 160.0), 1);
        assert_eq!(dropped_at(&columns, 0, 290.0), 2);
        assert_eq!(dropped_at(&columns, 2, 40.0), 0);
        assert_eq!(dropped_at(&columns, 2, 120.0), 1);
        assert_eq!(dropped_at(&columns, 1, 150.0), 1);
    }

    #[test]
    fn s5_10_a_line_shows_between_which_columns_it_lands() {
        let columns: Vec<ShownColumn> = [CallColumn::Status, CallColumn::Client, CallColumn::Talk]
            .map(|column| ShownColumn::new(column, 100))
            .to_vec();
        assert_eq!(border(&columns, 1, 1), None);
        assert_eq!(border(&columns, 1, 0), Some(0.0));
        assert_eq!(border(&columns, 0, 1), Some(200.0));
        assert_eq!(border(&columns, 0, 2), Some(300.0));
        assert_eq!(border(&columns, 2, 1), Some(100.0));
    }

    #[test]
    fn every_column_of_the_log_is_drawn() {
        for &(column, _) in CallColumn::ALL {
            assert_eq!(known(drawn(column)), column);
        }
    }
}
