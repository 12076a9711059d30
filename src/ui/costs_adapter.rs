//! Tariffs and limits in the window: lists of rules that stand in files, and the form of one of them.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ringbook_ui::slint::{ComponentHandle, SharedString, Weak};
use ringbook_ui::{CostsAdapter, FieldKind, FormField, FormSection, MainWindow, RuleRow};

use super::asking::{self, spawn};
use super::form::{self, Form, choice, field, line, section};
use super::link::PhoneLink;
use super::notifications_adapter::Bell;
use super::text;
use super::window_adapter::complain;
use crate::entries::{self, Entries, Entry, LIMITS, TARIFFS};
use crate::model::{Direction, PhoneNumber, Right};
use crate::settings::SettingsError;
use crate::tariffs::{Charged, Tariffs};
use crate::tr;
use crate::words::{self, clock};

/// Which rules are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Tariffs,
    Limits,
}

impl Which {
    fn form(self) -> &'static entries::Form {
        match self {
            Self::Tariffs => &TARIFFS,
            Self::Limits => &LIMITS,
        }
    }
}

/// The form that is open.
struct Open {
    /// Of which rule; none for a new one.
    place: Option<usize>,
    /// What the rule said.
    before: Entry,
    form: Form,
}

/// The part of the settings.
pub struct CostsPart {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    bell: Rc<Bell>,
    which: Cell<Which>,
    open: RefCell<Option<Open>>,
}

impl CostsPart {
    /// Ties the part to the files.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>, bell: Rc<Bell>) {
        let part = Rc::new(Self {
            window: window.as_weak(),
            phone,
            bell,
            which: Cell::new(Which::Tariffs),
            open: RefCell::default(),
        });
        part.take_callbacks(&window.global::<CostsAdapter>());
    }

    fn take_callbacks(self: &Rc<Self>, adapter: &CostsAdapter<'_>) {
        let this = self.clone();
        adapter.on_viewed(move || this.load());
        let this = self.clone();
        adapter.on_show(move |kind| {
            this.close();
            this.which.set(match kind {
                0 => Which::Tariffs,
                _ => Which::Limits,
            });
            this.load();
        });
        let this = self.clone();
        adapter.on_add(move || this.edit(None));
        let this = self.clone();
        adapter.on_edit(move |place| this.edit(usize::try_from(place).ok()));
        let this = self.clone();
        adapter.on_cancel(move || this.close());
        let this = self.clone();
        adapter.on_save(move || spawn(this.clone().save()));
        let this = self.clone();
        adapter.on_delete(move || spawn(this.clone().delete()));
        let this = self.clone();
        adapter.on_move(move |by| spawn(this.clone().move_by(by)));
        let this = self.clone();
        adapter.on_ask_price(move || this.ask_price());
    }

    fn file(&self) -> PathBuf {
        match self.which.get() {
            Which::Tariffs => self.phone.profile().tariffs(),
            Which::Limits => self.phone.profile().settings(),
        }
    }

    fn entries(&self) -> Result<Entries, SettingsError> {
        Entries::load(self.which.get().form(), &self.file())
    }

    /// Reads the file and shows its rules.
    fn load(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<CostsAdapter>();
        adapter.set_kind(i32::from(self.which.get() == Which::Limits));
        let (rows, problem) = match self.entries() {
            Ok(entries) => {
                let rows = entries.all();
                let which = self.which.get();
                (
                    rows.iter().map(|entry| row(which, entry)).collect(),
                    String::new(),
                )
            }
            Err(error) => (Vec::new(), error.to_string()),
        };
        adapter.set_rows(form::model(rows));
        adapter.set_problem(problem.into());
    }

    /// Opens the form of a rule, or of a new one.
    fn edit(&self, place: Option<usize>) {
        let entry = match (self.entries(), place) {
            (Ok(_), None) => Entry::default(),
            (Ok(entries), Some(place)) => entries.all().get(place).cloned().unwrap_or_default(),
            (Err(error), _) => return complain(&self.window, error.to_string()),
        };
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let form = Form::new(form_of(self.which.get().form(), &entry));
        let adapter = window.global::<CostsAdapter>();
        adapter.set_form(form.sections());
        adapter.set_fresh(place.is_none());
        adapter.set_selected(place.and_then(|at| i32::try_from(at).ok()).unwrap_or(-1));
        adapter.set_fault(SharedString::new());
        adapter.set_editing(true);
        *self.open.borrow_mut() = Some(Open {
            place,
            before: entry,
            form,
        });
    }

    fn close(&self) {
        self.open.take();
        if let Some(window) = self.window.upgrade() {
            window.global::<CostsAdapter>().set_editing(false);
        }
    }

    /// The place of the rule whose form is open, and what the form says.
    fn typed(&self) -> Option<(Option<usize>, Entry)> {
        let open = self.open.borrow();
        let open = open.as_ref()?;
        let mut entry = Entry::default();
        for field in self.which.get().form().fields {
            // A choice shows what holds where the file says nothing: that stays unsaid.
            match open.form.has_changed(field.key) {
                true => entry.set(field.key, &open.form.text(field.key)),
                false => entry.set(field.key, open.before.get(field.key)),
            }
        }
        Some((open.place, entry))
    }

    /// Writes what was typed. What the reader has against it is said, and the form stays open.
    async fn save(self: Rc<Self>) {
        let Some((place, entry)) = self.typed() else {
            return;
        };
        let changed = self.clone().change(move |entries| {
            let before = place.and_then(|place| entries.all().get(place).cloned());
            match place {
                Some(place) => entries.set(place, &entry)?,
                None => entries.add(usize::MAX, &entry)?,
            }
            let place = place.unwrap_or(entries.all().len().saturating_sub(1));
            Ok((place, before))
        });
        let Some((place, before)) = changed.await else {
            return;
        };
        self.close();
        self.offer_undo(tr!("The rule is saved"), move |entries| match &before {
            Some(before) => entries.set(place, before),
            None => entries.remove(place),
        });
    }

    async fn delete(self: Rc<Self>) {
        let Some((Some(place), _)) = self.typed() else {
            return;
        };
        let changed = self.clone().change(move |entries| {
            let before = entries.all().get(place).cloned().unwrap_or_default();
            entries.remove(place)?;
            Ok(before)
        });
        let Some(before) = changed.await else { return };
        self.close();
        self.offer_undo(tr!("The rule is deleted"), move |entries| {
            entries.add(place, &before)
        });
    }

    async fn move_by(self: Rc<Self>, by: i32) {
        let Some((Some(place), _)) = self.typed() else {
            return;
        };
        let to = i32::try_from(place)
            .ok()
            .and_then(|place| place.checked_add(by));
        let Some(to) = to.and_then(|to| usize::try_from(to).ok()) else {
            return;
        };
        let moved = self
            .clone()
            .change(move |entries| entries.move_to(place, to));
        if moved.await.is_none() {
            return;
        }
        if let Some(open) = self.open.borrow_mut().as_mut() {
            open.place = Some(to);
        }
        if let Some(window) = self.window.upgrade() {
            let selected = i32::try_from(to).unwrap_or(-1);
            window.global::<CostsAdapter>().set_selected(selected);
        }
    }

    /// Changes the file, where whoever sits here may, and has the phone use it. None where it was not done,
    /// which is said by then.
    async fn change<T>(
        self: Rc<Self>,
        change: impl FnOnce(&mut Entries) -> Result<T, SettingsError>,
    ) -> Option<T> {
        let allowed = asking::read(&self.phone, |reader| reader.allow(Right::ChangeTariffs));
        if let Err(error) = allowed.await {
            self.say_fault(&error.to_string());
            return None;
        }
        let changed = self.entries().and_then(|mut entries| change(&mut entries));
        match changed {
            Ok(done) => {
                self.use_them();
                self.load();
                Some(done)
            }
            Err(error) => {
                self.say_fault(&error.to_string());
                None
            }
        }
    }

    /// The phone charges and marks by what the files say from now on.
    fn use_them(&self) {
        match self.which.get() {
            Which::Tariffs => self.phone.read_tariffs(),
            Which::Limits => {
                let used = self.phone.settings();
                if let Err(error) = used.and_then(|read| self.phone.save_settings(read)) {
                    complain(&self.window, error.to_string());
                }
            }
        }
    }

    /// What is wrong is said in the form, where one is open.
    fn say_fault(&self, text: &str) {
        match self.window.upgrade() {
            Some(window) if self.open.borrow().is_some() => {
                window.global::<CostsAdapter>().set_fault(text.into());
            }
            _ => complain(&self.window, text.to_owned()),
        }
    }

    fn offer_undo(
        self: &Rc<Self>,
        text: String,
        undo: impl FnOnce(&mut Entries) -> Result<(), SettingsError> + 'static,
    ) {
        let (this, which) = (self.clone(), self.which.get());
        self.bell.offer(&text, tr!("Undo"), move || {
            this.close();
            this.which.set(which);
            spawn(async move {
                let _ = this.change(undo).await;
            });
        });
    }

    /// Says what a call to the number would cost now.
    fn ask_price(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<CostsAdapter>();
        let (lines, fault) = match self.price(&adapter.get_number(), &adapter.get_talk()) {
            Ok(lines) => (lines, String::new()),
            Err(fault) => (Vec::new(), fault),
        };
        let lines = lines.iter().map(|line| text::line(line));
        adapter.set_price(form::model(lines.collect()));
        adapter.set_price_fault(fault.into());
    }

    fn price(&self, number: &str, talk: &str) -> Result<Vec<String>, String> {
        let tariffs = Tariffs::load(&self.phone.profile().tariffs());
        let tariffs = tariffs.map_err(|error| error.to_string())?;
        let settings = self.phone.settings().map_err(|error| error.to_string())?;
        let first = settings.accounts.first();
        let country = first.and_then(|account| account.country);
        let number = number.trim();
        let parsed = PhoneNumber::parse(number, country).map(|number| number.e164());
        let number = parsed.unwrap_or_else(|_| number.to_owned());
        let talk = length(talk).ok_or_else(|| {
            tr!(
                "That is no length of time. Write it such as {example}",
                example = "1:01"
            )
        })?;
        let price = tariffs.price(&Charged {
            direction: Direction::Outgoing,
            line: first.map_or("", |account| &account.aor),
            number: &number,
            answered_at: Some(Timestamp::now()),
            talk,
        });
        let price = price.ok_or_else(|| tr!("no tariff is for this call"))?;
        Ok(words::costs::price(&price))
    }
}

/// A length of time: seconds, `1:01`, `1:02:03`, or as `1m 1s`.
fn length(text: &str) -> Option<Duration> {
    let text = text.trim();
    let parts: Option<Vec<u64>> = text.split(':').map(|part| part.parse().ok()).collect();
    let seconds = |parts: Vec<u64>| match parts.len() {
        1..=3 => parts
            .iter()
            .try_fold(0_u64, |sum, part| sum.checked_mul(60)?.checked_add(*part)),
        _ => None,
    };
    let spelled = || Duration::try_from(text.parse::<SignedDuration>().ok()?).ok();
    parts
        .and_then(seconds)
        .map(Duration::from_secs)
        .or_else(spelled)
}

/// A rule as the list shows it.
fn row(which: Which, entry: &Entry) -> RuleRow {
    let said = |key: &str| Some(entry.get(key)).filter(|text| !text.is_empty());
    let title = match which {
        Which::Tariffs => entry.get("name").to_owned(),
        Which::Limits => {
            let number = |key| entry.get(key).parse::<u64>().unwrap_or(0);
            clock(Duration::from_secs(
                60 * number("minutes") + number("seconds"),
            ))
        }
    };
    let price = said("price").map(|price| format!("{price} {}", entry.get("currency")));
    let direction = said("direction").map(words::costs::rule_word);
    let others = [
        "prefix",
        "line",
        "category",
        "extension",
        "days",
        "hours",
        "from",
        "until",
        "step",
    ];
    let others = others.iter().filter_map(|key| said(key).map(str::to_owned));
    let facts: Vec<String> = price.into_iter().chain(direction).chain(others).collect();
    RuleRow {
        title: text::line(&title),
        facts: text::line(&facts.join(" · ")),
    }
}

/// The form of a rule: what is short stands two by two.
fn form_of(of: &'static entries::Form, entry: &Entry) -> Vec<FormSection> {
    let fields: Vec<FormField> = of.fields.iter().map(|field| input(*field, entry)).collect();
    let lines = fields.chunks(2).map(|pair| line(pair.to_vec()));
    vec![section(String::new(), lines.collect())]
}

fn input(of: entries::Field, entry: &Entry) -> FormField {
    let (label, text) = (words::costs::rule_field(of.key), entry.get(of.key));
    if let entries::FieldKind::Choice(all) = of.kind {
        let first = all.first().copied().unwrap_or_default();
        let text = if text.is_empty() { first } else { text };
        let all = all
            .iter()
            .map(|word| (words::costs::rule_word(word), (*word).to_owned()));
        return choice(of.key, label, all.collect(), text);
    }
    FormField {
        placeholder: words::costs::rule_example(of.key).into(),
        ..field(of.key, label, FieldKind::Text, text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn s5_20_s5_21_the_forms_have_a_field_for_all_that_rules_say_and_read_back_what_they_show() {
        for of in [&TARIFFS, &LIMITS] {
            let mut entry = Entry::default();
            for field in of.fields {
                let text = match field.kind {
                    entries::FieldKind::Choice(all) => all.last().unwrap(),
                    _ => field.key,
                };
                entry.set(field.key, text);
            }
            let form = Form::new(form_of(of, &entry));
            for field in of.fields {
                assert_eq!(form.text(field.key), entry.get(field.key), "{}", field.key);
                assert_ne!(
                    words::costs::rule_field(field.key),
                    field.key,
                    "{}",
                    field.key
                );
            }
            assert_eq!(form.fields().len(), of.fields.len());
        }
    }

    #[test]
    fn s5_20_lengths_of_talks_are_read_as_people_type_them() {
        for (text, seconds) in [
            ("61", Some(61)),
            ("1:01", Some(61)),
            ("1:02:03", Some(3723)),
            ("1m 1s", Some(61)),
            ("", None),
            ("1:2:3:4", None),
            ("-1", None),
            ("long", None),
        ] {
            assert_eq!(
                length(text).map(|length| length.as_secs()),
                seconds,
                "{text}"
            );
        }
    }
}
