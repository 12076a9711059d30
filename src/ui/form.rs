//! A form: sections of lines of fields as the window shows them, and what was typed in them.
//!
//! Every field is a text, in the spelling of files: what a record or a client takes for it, they
//! say themselves.

use std::collections::BTreeMap;
use std::rc::Rc;

use ringbook_ui::slint::{Model, ModelRc, SharedString, VecModel};
use ringbook_ui::{FieldKind, FormField, FormLine, FormSection};

use crate::model::NotAllowed;
use crate::store::StoreError;
use crate::tr;

/// A form that is open, or was set aside.
pub struct Form {
    sections: ModelRc<FormSection>,
    /// What the fields held when the form was made.
    before: BTreeMap<String, Vec<SharedString>>,
}

/// A field at its place in the form.
pub struct Placed {
    /// The field as it is now.
    pub field: FormField,
    fields: ModelRc<FormField>,
    at: usize,
}

impl Placed {
    /// Says beside the field what is wrong with it; nothing where `error` is empty.
    pub fn complain(mut self, error: impl Into<SharedString>) {
        self.field.error = error.into();
        self.fields.set_row_data(self.at, self.field);
    }

    /// Types this text.
    pub fn write(mut self, text: &str) {
        self.field.text = text.into();
        self.fields.set_row_data(self.at, self.field);
    }

    /// The text without spaces around it.
    pub fn text(&self) -> &str {
        self.field.text.trim()
    }
}

impl Form {
    /// A form of these sections.
    pub fn new(sections: Vec<FormSection>) -> Self {
        let mut form = Self {
            sections: model(sections),
            before: BTreeMap::new(),
        };
        form.before = form.texts();
        form
    }

    /// The sections, for the window.
    pub fn sections(&self) -> ModelRc<FormSection> {
        self.sections.clone()
    }

    /// Every line, in order: the fields of each.
    pub fn lines(&self) -> Vec<Vec<Placed>> {
        let lines = self.sections.iter().flat_map(|section| {
            let lines: Vec<FormLine> = section.lines.iter().collect();
            lines
        });
        let fields = |line: FormLine| {
            let more = placed(&line.more);
            placed(&line.fields).into_iter().chain(more).collect()
        };
        lines.map(fields).collect()
    }

    /// Every field, in order.
    pub fn fields(&self) -> Vec<Placed> {
        self.lines().into_iter().flatten().collect()
    }

    /// What the field of this name holds; empty where there is none.
    pub fn text(&self, key: &str) -> String {
        let field = self
            .fields()
            .into_iter()
            .find(|placed| placed.field.key == key);
        field
            .map(|placed| placed.text().to_owned())
            .unwrap_or_default()
    }

    /// Types a text in the field of this name, where there is one.
    pub fn write(&self, key: &str, text: &str) {
        let mut fields = self.fields().into_iter();
        if let Some(placed) = fields.find(|placed| placed.field.key == key) {
            placed.write(text);
        }
    }

    /// Whether the fields of this name hold something else than when the form was made.
    pub fn has_changed(&self, key: &str) -> bool {
        let texts = self.texts();
        texts.get(key) != self.before.get(key)
    }

    /// Whether anything was typed.
    pub fn is_touched(&self) -> bool {
        self.texts() != self.before
    }

    /// Whether something is said to be wrong.
    pub fn is_wrong(&self) -> bool {
        let mut fields = self.fields().into_iter();
        fields.any(|placed| !placed.field.error.is_empty())
    }

    /// Takes back what was said to be wrong.
    pub fn forgive(&self) {
        let wrong = self.fields().into_iter();
        wrong
            .filter(|placed| !placed.field.error.is_empty())
            .for_each(|placed| placed.complain(""));
    }

    /// Says beside the first field of this name what is wrong; false where there is none.
    pub fn complain(&self, key: &str, error: &str) -> bool {
        let mut fields = self.fields().into_iter();
        let field = fields.find(|placed| placed.field.key == key);
        let there = field.is_some();
        if let Some(field) = field {
            self.unfold(key);
            field.complain(error);
        }
        there
    }

    /// Says beside its field what the store does not take; false where it is about no field.
    pub fn refuse(&self, error: &StoreError) -> bool {
        match error {
            StoreError::NotAllowed {
                field,
                value,
                allowed,
            } => {
                let text = match value.is_empty() {
                    true => tr!("This must be given."),
                    false => not_possible(value, allowed),
                };
                self.complain(field, &text)
            }
            _ => false,
        }
    }

    /// Adds a line to a section, ready to be typed in.
    pub fn add_line(&self, section: usize, line: FormLine) {
        let Some(section) = self.sections.row_data(section) else {
            return;
        };
        if let Some(lines) = section.lines.as_any().downcast_ref::<VecModel<FormLine>>() {
            lines.push(FormLine {
                fresh: true,
                ..line
            });
        }
    }

    /// Takes a line out of a section.
    pub fn remove_line(&self, section: usize, line: usize) {
        let Some(section) = self.sections.row_data(section) else {
            return;
        };
        if let Some(lines) = section.lines.as_any().downcast_ref::<VecModel<FormLine>>()
            && line < lines.row_count()
        {
            lines.remove(line);
        }
    }

    /// Opens every section in which something is wrong.
    pub fn show_wrong(&self) {
        let wrong: Vec<SharedString> = self
            .fields()
            .into_iter()
            .filter(|placed| !placed.field.error.is_empty())
            .map(|placed| placed.field.key)
            .collect();
        for key in wrong {
            self.unfold(&key);
        }
    }

    fn unfold(&self, key: &str) {
        for (at, mut section) in self.sections.iter().enumerate() {
            let here = section.lines.iter().any(|line| {
                let mut fields = line.fields.iter().chain(line.more.iter());
                fields.any(|field| field.key == key)
            });
            if here && section.folded {
                section.folded = false;
                self.sections.set_row_data(at, section);
            }
        }
    }

    fn texts(&self) -> BTreeMap<String, Vec<SharedString>> {
        let mut texts: BTreeMap<String, Vec<SharedString>> = BTreeMap::new();
        for placed in self.fields() {
            let of = texts.entry(placed.field.key.to_string()).or_default();
            of.push(placed.field.text);
        }
        // A line that was added and left empty is no change.
        texts.retain(|_, all| {
            while all.last().is_some_and(|text| text.is_empty()) {
                all.pop();
            }
            !all.is_empty()
        });
        texts
    }
}

fn placed(fields: &ModelRc<FormField>) -> Vec<Placed> {
    let place = |(at, field)| Placed {
        field,
        fields: fields.clone(),
        at,
    };
    fields.iter().enumerate().map(place).collect()
}

/// A model of the window.
pub fn model<T: Clone + 'static>(rows: Vec<T>) -> ModelRc<T> {
    ModelRc::from(Rc::new(VecModel::from(rows)))
}

/// A field that holds `text`.
pub fn field(key: &str, label: String, kind: FieldKind, text: &str) -> FormField {
    FormField {
        key: key.into(),
        label: label.into(),
        kind,
        text: text.into(),
        placeholder: example(kind).into(),
        ..FormField::default()
    }
}

/// A field that holds one of some values: what people read and what is written for it. A text that
/// is none of them stays until another is chosen.
pub fn choice(
    key: &str,
    label: String,
    mut options: Vec<(String, String)>,
    text: &str,
) -> FormField {
    if !options.iter().any(|(_, value)| value == text) {
        options.insert(0, (text.to_owned(), text.to_owned()));
    }
    let current = options.iter().position(|(_, value)| value == text);
    let (names, values): (Vec<SharedString>, Vec<SharedString>) = options
        .into_iter()
        .map(|(name, value)| (super::text::line(&name), value.into()))
        .unzip();
    FormField {
        options: model(names),
        values: model(values),
        current: current.and_then(|at| i32::try_from(at).ok()).unwrap_or(0),
        ..field(key, label, FieldKind::Choice, text)
    }
}

/// Fields that stand side by side.
pub fn line(fields: Vec<FormField>) -> FormLine {
    FormLine {
        fields: model(fields),
        ..FormLine::default()
    }
}

/// A line that can be taken away.
pub fn removable(remove: String, fields: Vec<FormField>) -> FormLine {
    FormLine {
        remove: remove.into(),
        ..line(fields)
    }
}

/// Lines under a heading, which may be empty.
pub fn section(title: String, lines: Vec<FormLine>) -> FormSection {
    FormSection {
        title: title.into(),
        lines: model(lines),
        ..FormSection::default()
    }
}

/// How a field is written, in few characters.
fn example(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Date => "2026-11-22",
        FieldKind::Moment => "2026-11-22 09:00",
        FieldKind::Money => "12 500.50 KZT",
        FieldKind::Link => "https://",
        FieldKind::Phone => "+7 701 111 22 33",
        FieldKind::Place => "43.2389, 76.8897",
        _ => "",
    }
}

/// What is wrong with a text that a field of this kind does not take, and what it takes.
pub fn fault(kind: FieldKind, error: &NotAllowed) -> String {
    match kind {
        FieldKind::Number => tr!(
            "That is no number. Write it such as {example}",
            example = "-1250.5"
        ),
        FieldKind::Whole => tr!(
            "That is no whole number. Write it such as {example}",
            example = "10"
        ),
        FieldKind::Date => tr!(
            "That is no day. Write it such as {example}",
            example = example(kind)
        ),
        FieldKind::Moment => tr!(
            "That is no time. Write it such as {example}",
            example = example(kind)
        ),
        FieldKind::Money => tr!(
            "That is no amount. Write it such as {example}",
            example = example(kind)
        ),
        FieldKind::Link => tr!(
            "That is no address on the web. Write it such as {example}",
            example = "https://office.example/17"
        ),
        FieldKind::Phone => tr!(
            "That is no phone number. Write it such as {example}",
            example = example(kind)
        ),
        FieldKind::Place => tr!(
            "That is no place. Write latitude and longitude such as {example}",
            example = example(kind)
        ),
        _ => not_possible(&error.value, &error.allowed),
    }
}

fn not_possible(value: &str, allowed: &str) -> String {
    tr!(
        "“{value}” is not possible here. Possible: {allowed}",
        value = value,
        allowed = allowed
    )
}

/// Forms that were left with something typed in them, by what they are of.
pub struct Aside<K> {
    forms: std::cell::RefCell<BTreeMap<K, Form>>,
}

impl<K: Ord> Default for Aside<K> {
    fn default() -> Self {
        Self {
            forms: std::cell::RefCell::default(),
        }
    }
}

impl<K: Ord> Aside<K> {
    /// Keeps the form where something was typed; whether it did.
    pub fn keep(&self, of: K, form: Form) -> bool {
        let touched = form.is_touched();
        if touched {
            form.forgive();
            self.forms.borrow_mut().insert(of, form);
        }
        touched
    }

    /// The form that was kept, which is open from now on.
    pub fn take(&self, of: &K) -> Option<Form> {
        self.forms.borrow_mut().remove(of)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn form() -> Form {
        let phone = |number: &str| {
            removable(
                "Remove".into(),
                vec![field("phone", "Number".into(), FieldKind::Phone, number)],
            )
        };
        let name = field("name", "Name".into(), FieldKind::Text, "Ivan");
        let numbers = FormSection {
            foldable: true,
            folded: true,
            ..section("Numbers".into(), vec![phone("1"), phone("2")])
        };
        Form::new(vec![
            section(String::new(), vec![line(vec![name])]),
            numbers,
        ])
    }

    fn typed(form: &Form, key: &str, text: &str) {
        let mut fields = form.fields().into_iter();
        fields
            .find(|placed| placed.field.key == key)
            .unwrap()
            .write(text);
    }

    #[test]
    fn a_form_knows_what_was_typed_and_what_was_not() {
        let form = form();
        assert!(!form.is_touched());
        typed(&form, "name", "Olga");
        assert!(form.has_changed("name") && !form.has_changed("phone"));
        assert_eq!(form.text("name"), "Olga");
        typed(&form, "name", "Ivan");
        assert!(!form.is_touched());
    }

    #[test]
    fn lines_come_and_go_and_an_empty_one_is_no_change() {
        let form = form();
        let empty = || line(vec![field("phone", "Number".into(), FieldKind::Phone, "")]);
        form.add_line(1, empty());
        assert!(!form.is_touched());
        assert!(
            form.sections
                .row_data(1)
                .unwrap()
                .lines
                .row_data(2)
                .unwrap()
                .fresh
        );
        form.remove_line(1, 0);
        assert!(form.has_changed("phone"));
        form.remove_line(1, 17);
        assert_eq!(form.lines().len(), 3);
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field_and_its_section_opens() {
        let form = form();
        let error = StoreError::NotAllowed {
            field: "phone".into(),
            value: "x".into(),
            allowed: "numbers".into(),
        };
        assert!(form.refuse(&error) && form.is_wrong());
        assert!(!form.sections.row_data(1).unwrap().folded);
        assert!(!form.refuse(&StoreError::Closed));
        form.forgive();
        assert!(!form.is_wrong());
    }

    #[test]
    fn what_was_typed_is_kept_aside_and_what_was_not_is_not() {
        let aside: Aside<u8> = Aside::default();
        assert!(!aside.keep(1, form()));
        let form = form();
        typed(&form, "name", "Olga");
        assert!(aside.keep(2, form));
        assert!(aside.take(&1).is_none());
        assert_eq!(aside.take(&2).unwrap().text("name"), "Olga");
        assert!(aside.take(&2).is_none());
    }

    #[test]
    fn a_choice_that_is_not_offered_any_more_stays_until_another_is_made() {
        let options = || {
            vec![
                ("Eins".to_owned(), "1".to_owned()),
                ("Zwei".to_owned(), "2".to_owned()),
            ]
        };
        let known = choice("k", String::new(), options(), "2");
        assert_eq!((known.current, known.options.row_count()), (1, 2));
        let gone = choice("k", String::new(), options(), "3");
        assert_eq!((gone.current, gone.options.row_count()), (0, 3));
        assert_eq!(gone.values.row_data(0).unwrap(), "3");
    }
}
