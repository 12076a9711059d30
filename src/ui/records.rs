//! Records of any kind, a client's or the office's: one list and one form, made of the kind's
//! description alone.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use ringbook_ui::slint::{ComponentHandle, Weak};
use ringbook_ui::{ClientsAdapter, MainWindow, RecordRow, RecordsAdapter};

use super::asking::{self, spawn};
use super::form::{Aside, Form, fault, model};
use super::link::PhoneLink;
use super::notifications_adapter::Bell;
use super::office;
use super::record_form::form_of;
use super::text;
use super::window_adapter::complain;
use crate::model::{ClientId, Column, Kind, Lists, Record, RecordId, Value, ValueType};
use crate::{tr, trn, words};

/// Records shown at once; more come when they are asked for.
const PAGE: usize = 50;

/// The list and the form.
pub struct Records {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    bell: Rc<Bell>,
    zone: TimeZone,
    kind: Cell<&'static Kind>,
    owner: Cell<Option<ClientId>>,
    all: RefCell<Vec<Record>>,
    shown: Cell<usize>,
    open: RefCell<Option<Open>>,
    aside: Aside<Key>,
    /// Called after something was changed.
    on_change: RefCell<Vec<Rc<dyn Fn()>>>,
}

/// What a form is of: a kind, whose, and which; no record is a new one.
type Key = (&'static str, Option<ClientId>, Option<RecordId>);

/// A column that was typed in, and its value.
type Typed = (&'static str, Option<Value>);

/// The form that is open, and the record it began with.
struct Open {
    key: Key,
    kind: &'static Kind,
    record: Option<Record>,
    form: Form,
}

impl Records {
    /// Ties the list to the store.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>, bell: Rc<Bell>) -> Rc<Self> {
        let records = Rc::new(Self {
            window: window.as_weak(),
            phone,
            bell,
            zone: TimeZone::system(),
            kind: Cell::new(Kind::ORDER),
            owner: Cell::default(),
            all: RefCell::default(),
            shown: Cell::new(PAGE),
            open: RefCell::default(),
            aside: Aside::default(),
            on_change: RefCell::default(),
        });
        records.take_callbacks(&window.global::<RecordsAdapter>());
        records
    }

    fn take_callbacks(self: &Rc<Self>, adapter: &RecordsAdapter<'_>) {
        let this = self.clone();
        adapter.on_read_more(move || {
            this.shown.set(this.shown.get() + PAGE);
            this.show_rows();
        });
        let this = self.clone();
        adapter.on_add(move || spawn(this.clone().edit(None)));
        let this = self.clone();
        adapter.on_edit(move |id| {
            let known = this.find(&id);
            if known.is_some() {
                spawn(this.clone().edit(known));
            }
        });
        let this = self.clone();
        adapter.on_save(move || spawn(this.clone().save()));
        let this = self.clone();
        adapter.on_cancel(move || this.close());
        let this = self.clone();
        adapter.on_start_over(move || {
            let open = this.open.take();
            if let Some(open) = open {
                spawn(this.clone().edit(open.record));
            }
        });
        let this = self.clone();
        adapter.on_delete(move || {
            let open = this.open.borrow();
            let record = open.as_ref().and_then(|open| open.record.clone());
            drop(open);
            if let Some(record) = record {
                spawn(this.clone().delete(record));
            }
        });
    }

    /// Has `changed` called after something was changed.
    pub fn on_change(&self, changed: impl Fn() + 'static) {
        self.on_change.borrow_mut().push(Rc::new(changed));
    }

    /// Shows the records of a kind: a client's, or the office's. A form that is open with something
    /// typed in it is set aside.
    pub fn show(self: &Rc<Self>, kind: &'static Kind, owner: Option<ClientId>, all: Vec<Record>) {
        if (self.kind.get(), self.owner.get()) != (kind, owner) {
            self.close();
            self.shown.set(PAGE);
        }
        self.kind.set(kind);
        self.owner.set(owner);
        *self.all.borrow_mut() = all;
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<RecordsAdapter>();
        adapter.set_kind(kind.name.into());
        adapter.set_noun(words::kind(kind).into());
        self.show_rows();
    }

    fn show_rows(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let today = text::today(&self.zone);
        let all = self.all.borrow();
        let rows = all.iter().take(self.shown.get());
        let rows: Vec<RecordRow> = rows
            .map(|record| map_record(record, today, &self.zone))
            .collect();
        let adapter = window.global::<RecordsAdapter>();
        adapter.set_more(all.len() > rows.len());
        adapter.set_rows(model(rows));
    }

    fn find(&self, id: &str) -> Option<Record> {
        let all = self.all.borrow();
        all.iter()
            .find(|record| record.id.to_string() == id)
            .cloned()
    }

    /// Opens the form: for a record, or for a new one.
    pub async fn edit(self: Rc<Self>, record: Option<Record>) {
        self.close();
        let (kind, owner) = match &record {
            Some(record) => (record.kind, record.client),
            None => (self.kind.get(), self.owner.get()),
        };
        let key = (kind.name, owner, record.as_ref().map(|record| record.id));
        let kept = self.aside.take(&key);
        let draft = kept.is_some();
        let form = match kept {
            Some(form) => form,
            None => {
                let lists = asking::read(&self.phone, move |store| {
                    Ok((store.lists()?, store.stages(kind)?))
                });
                match lists.await {
                    Ok((lists, stages)) => {
                        let fields = form_of(kind, record.as_ref(), &lists, &stages, &self.zone);
                        Form::new(fields)
                    }
                    Err(error) => return complain(&self.window, error.to_string()),
                }
            }
        };
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<RecordsAdapter>();
        let id = record.as_ref().map(|record| record.id.to_string());
        adapter.set_form(form.sections());
        adapter.set_fresh(record.is_none());
        adapter.set_draft(draft);
        adapter.set_selected(id.unwrap_or_default().into());
        adapter.set_editing(true);
        *self.open.borrow_mut() = Some(Open {
            key,
            kind,
            record,
            form,
        });
    }

    /// Closes the form. What was typed in it is set aside, and a way back is offered.
    fn close(self: &Rc<Self>) {
        self.hide();
        let Some(open) = self.open.take() else { return };
        let (record, kind) = (open.record, open.kind);
        if !self.aside.keep(open.key, open.form) {
            return;
        }
        let this = self.clone();
        let owner = self.owner.get();
        let text = tr!("What you typed is kept until you come back to it.");
        self.bell.offer(&text, tr!("Go on"), move || {
            // Of a client, every kind has its list on the page.
            if owner.is_some()
                && this.owner.get() == owner
                && let Some(window) = this.window.upgrade()
            {
                let clients = window.global::<ClientsAdapter>();
                clients.invoke_show_kind(kind.name.into());
            }
            if (this.kind.get(), this.owner.get()) == (kind, owner) {
                spawn(this.edit(record));
            }
        });
    }

    fn hide(&self) {
        if let Some(window) = self.window.upgrade() {
            window.global::<RecordsAdapter>().set_editing(false);
        }
    }

    /// Stores what was typed; what is wrong is said beside its field, and the form stays open.
    async fn save(self: Rc<Self>) {
        let lists = asking::read(&self.phone, |store| store.lists()).await;
        let lists = match lists {
            Ok(lists) => lists,
            Err(error) => return complain(&self.window, error.to_string()),
        };
        let Some((before, typed)) = self.read_form(&lists) else {
            return;
        };
        let (kind, owner) = (self.kind.get(), self.owner.get());
        let saved = asking::write(&self.phone, move |store| {
            let fresh = || Record::new(kind, owner, Timestamp::now());
            // As it is now: somebody else may have changed another column meanwhile.
            let known = match &before {
                Some(before) => {
                    office::find(store, kind, before.id)?.or_else(|| Some(before.clone()))
                }
                None => None,
            };
            let mut record = known.clone().unwrap_or_else(fresh);
            for (column, value) in typed {
                record.set(column, value);
            }
            Ok((office::save(store, &record)?, known))
        });
        match saved.await {
            Ok((id, before)) => {
                self.open.take();
                self.hide();
                let text = match before.is_some() {
                    true => tr!("Saved: {what}", what = words::kind(kind)),
                    false => tr!("Added: {what}", what = words::kind(kind)),
                };
                self.offer_undo(&text, kind, id, before);
                self.changed();
            }
            Err(error) => self.refuse(&error),
        }
    }

    fn refuse(&self, error: &crate::store::StoreError) {
        let open = self.open.borrow();
        let told = open.as_ref().is_some_and(|open| open.form.refuse(error));
        drop(open);
        if !told {
            complain(&self.window, error.to_string());
        }
    }

    /// The record that the form began with, and the columns that were typed in. None where
    /// something is wrong, which is said by then.
    fn read_form(&self, lists: &Lists) -> Option<(Option<Record>, Vec<Typed>)> {
        let open = self.open.borrow();
        let open = open.as_ref()?;
        open.form.forgive();
        let now = Zoned::now().with_time_zone(self.zone.clone());
        let mut typed = Vec::new();
        for placed in open.form.fields() {
            let key = placed.field.key.clone();
            let column = open.kind.columns.iter().find(|column| key == column.name);
            let Some(column) = column.filter(|column| open.form.has_changed(column.name)) else {
                continue;
            };
            let before = open
                .record
                .as_ref()
                .and_then(|record| record.get(column.name));
            match Value::read(column.holds, &placed.field.text, before, lists, &now) {
                Ok(value) => typed.push((column.name, value)),
                Err(error) => {
                    let text = fault(placed.field.kind, &error);
                    placed.complain(text);
                }
            }
        }
        (!open.form.is_wrong()).then(|| (open.record.clone(), typed))
    }

    /// Adds a record that was not typed in the form.
    pub async fn add(self: Rc<Self>, record: Record, told: String) -> bool {
        let kind = record.kind;
        let saved = asking::write(&self.phone, move |store| office::save(store, &record)).await;
        match saved {
            Ok(id) => {
                self.offer_undo(&told, kind, id, None);
                self.changed();
                true
            }
            Err(error) => {
                complain(&self.window, error.to_string());
                false
            }
        }
    }

    async fn delete(self: Rc<Self>, record: Record) {
        let (kind, id) = (record.kind, record.id);
        match asking::write(&self.phone, move |store| office::delete(store, kind, id)).await {
            Ok(()) => {
                self.open.take();
                self.hide();
                let text = tr!("Deleted: {what}", what = words::kind(kind));
                self.offer_undo(&text, kind, id, Some(record));
                self.changed();
            }
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    /// Offers to make the record again what it was, or to take it out where it was not there.
    fn offer_undo(
        self: &Rc<Self>,
        text: &str,
        kind: &'static Kind,
        id: RecordId,
        before: Option<Record>,
    ) {
        let this = self.clone();
        self.bell.offer(text, tr!("Undo"), move || {
            spawn(async move {
                let undone = asking::write(&this.phone, move |store| match &before {
                    Some(before) => office::save(store, before).map(drop),
                    None => office::delete(store, kind, id),
                });
                match undone.await {
                    Ok(()) => this.changed(),
                    Err(error) => complain(&this.window, error.to_string()),
                }
            });
        });
    }

    fn changed(&self) {
        asking::clients_changed(&self.phone);
        let all = self.on_change.borrow().clone();
        all.iter().for_each(|changed| changed());
    }
}

/// A record, ready to be shown: its key and stage, the sum of it, the rest by name.
fn map_record(record: &Record, today: jiff::civil::Date, zone: &TimeZone) -> RecordRow {
    let stage = record.kind.stage().map(|column| column.name);
    let columns = || record.kind.columns.iter().zip(&record.values);
    let sum = columns().find(|(column, _)| column.holds == ValueType::Money);
    let sum = sum.map(|(column, _)| column.name);
    let facts = columns().skip(1).filter_map(|(column, value)| {
        let elsewhere = [stage, sum, Some(office::KEY)].contains(&Some(column.name));
        fact(column, value.as_ref().filter(|_| !elsewhere)?, zone)
    });
    let facts: Vec<String> = facts.collect();
    let of = |name: Option<&str>| name.and_then(|name| record.get(name));
    let late = record.overdue_days(today);
    RecordRow {
        id: record.id.to_string().into(),
        title: record.values[0]
            .as_ref()
            .map(|key| text::line(&shown(key, zone)))
            .unwrap_or_default(),
        stage: of(stage)
            .map(|stage| text::line(&shown(stage, zone)))
            .unwrap_or_default(),
        closed: record.is("closed") || record.is("cancelled"),
        facts: text::line(&facts.join(" · ")),
        amount: of(sum)
            .map(|sum| text::line(&shown(sum, zone)))
            .unwrap_or_default(),
        late: late
            .map(|days| trn!("overdue {n} day", "overdue {n} days", n = days))
            .unwrap_or_default()
            .into(),
    }
}

/// A column and its value in words: a flag by its name, a text by itself.
fn fact(column: &Column, value: &Value, zone: &TimeZone) -> Option<String> {
    let name = words::column(column.name);
    Some(match (column.holds, value) {
        (ValueType::Flag, Value::Flag(set)) => return set.then_some(name),
        (ValueType::Choice(_), Value::Text(word)) => format!("{name}: {}", words::chosen(word)),
        (ValueType::Text, _) => shown(value, zone),
        _ => format!("{name}: {}", shown(value, zone)),
    })
}

/// A value as people read it in the window.
fn shown(value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::Date(day) => text::date(*day),
        Value::Moment(at) => text::moment(*at, zone).into(),
        other => words::value(other),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::Money;

    fn day(text: &str) -> jiff::civil::Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_record_of_any_kind_is_told_by_its_description() {
        let money = |minor| {
            Value::Money(Money {
                minor,
                currency: "KZT".into(),
            })
        };
        let order = Record::new(Kind::ORDER, Some(ClientId::new()), Timestamp::UNIX_EPOCH)
            .with("number", Value::Text("1001".into()))
            .with("stage", Value::Text("Cutting".into()))
            .with("due", Value::Date(day("2026-11-20")))
            .with("amount", money(4_000_000))
            .with("debt", money(1_250_000));
        let row = map_record(&order, day("2026-11-22"), &TimeZone::UTC);
        assert_eq!((&*row.title, &*row.stage), ("1001", "Cutting"));
        assert_eq!(row.amount.replace('\u{a0}', " "), "40 000 ₸");
        assert_eq!(
            row.facts.replace('\u{a0}', " "),
            "Due: 20.11.2026 · Debt: 12 500 ₸"
        );
        assert_eq!((&*row.late, row.closed), ("overdue 2 days", false));
        let done = order.with("closed", Value::Flag(true));
        let row = map_record(&done, day("2026-11-22"), &TimeZone::UTC);
        assert_eq!((&*row.late, row.closed), ("", true));
    }
}
