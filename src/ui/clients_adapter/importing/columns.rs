//! What the columns of a file can be said to hold, and what was said of them.

use ringbook_ui::ImportColumn;
use ringbook_ui::slint::SharedString;

use crate::import::ColumnRead;
use crate::model::ClientField;
use crate::ui::form::model;
use crate::ui::text;
use crate::{tr, words};

/// What is offered for every column, as a mapping says it, what is wanted most first.
const FIELDS: [&str; 28] = [
    "name",
    "company",
    "phone",
    "phone2",
    "phone3",
    "phone_label",
    "email",
    "email2",
    "street",
    "city",
    "country",
    "position",
    "note",
    "note_until",
    "note_acknowledge",
    "category",
    "kind",
    "responsible",
    "tags",
    "language",
    "greeting",
    "consent",
    "consent_at",
    "consent_how",
    "do_not_call",
    "street2",
    "city2",
    "country2",
];
/// A part of the name; which one does not matter, they stand in the file's order.
const NAME_PART: &str = "first_name";

/// Something that a column can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    /// In words.
    text: String,
    /// As a mapping says it; none: as the file says itself.
    field: Option<String>,
}

/// A column, and what it can be said to hold.
struct Column {
    name: String,
    choices: Vec<Choice>,
    current: usize,
    is_guess: bool,
}

/// The columns of a file.
#[derive(Default)]
pub struct Columns {
    /// What the file says itself, before anybody has said anything else.
    read: Vec<ColumnRead>,
    shown: Vec<Column>,
}

impl Columns {
    /// Whether these are the columns of the file that was read last.
    pub fn are_of(&self, read: &[ColumnRead]) -> bool {
        let names = |columns: &[ColumnRead]| -> Vec<String> {
            columns.iter().map(|column| column.name.clone()).collect()
        };
        names(&self.read) == names(read)
    }

    /// Whether no file was read, or it has none.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty()
    }

    /// The columns as the file says itself.
    pub fn of(read: Vec<ColumnRead>, own_fields: &[String]) -> Self {
        let mut columns = Self {
            read: read.clone(),
            shown: Vec::new(),
        };
        columns.update(&read, own_fields);
        columns
    }

    /// The columns as they are read now.
    pub fn update(&mut self, read: &[ColumnRead], own_fields: &[String]) {
        let columns = read.iter().zip(&self.read);
        self.shown = columns
            .map(|(now, first)| column(now, first, own_fields))
            .collect();
    }

    /// What a mapping says where a choice is taken for a column: its name, and the field; no field
    /// where the file itself says it.
    pub fn mapping(&self, column: usize, choice: usize) -> Option<(&str, Option<&str>)> {
        let column = self.shown.get(column)?;
        let choice = column.choices.get(choice)?;
        Some((&column.name, choice.field.as_deref()))
    }

    /// The columns for the window.
    pub fn rows(&self) -> Vec<ImportColumn> {
        self.shown.iter().enumerate().map(row).collect()
    }
}

fn row((at, column): (usize, &Column)) -> ImportColumn {
    let name = match &*column.name {
        "" => tr!("Column {n}", n = at + 1).into(),
        name => text::line(name),
    };
    let texts = column.choices.iter().map(|choice| text::line(&choice.text));
    ImportColumn {
        name,
        options: model(texts.collect::<Vec<SharedString>>()),
        current: i32::try_from(column.current).unwrap_or_default(),
        guess: column.is_guess,
    }
}

/// A column as it is read now and was first, with what can be chosen for it.
fn column(now: &ColumnRead, first: &ColumnRead, own_fields: &[String]) -> Column {
    let mut choices = standard(own_fields);
    if matches!(ClientField::named(&now.name), ClientField::Custom(name) if !name.is_empty()) {
        add(&mut choices, own_field(&now.name));
    }
    let of_file = Choice {
        text: in_words(first),
        field: None,
    };
    match choices
        .iter_mut()
        .find(|choice| choice.text == of_file.text)
    {
        Some(choice) => choice.field = None,
        None => choices.insert(0, of_file),
    }
    let text = in_words(now);
    let current = choices.iter().position(|choice| choice.text == text);
    let current = current.unwrap_or_else(|| {
        // At the end, so that the others keep their places.
        choices.push(Choice { text, field: None });
        choices.len() - 1
    });
    Column {
        name: now.name.clone(),
        current,
        is_guess: now.is_guess,
        choices,
    }
}

fn in_words(column: &ColumnRead) -> String {
    match &*column.holds {
        "" => tr!("not kept"),
        holds => holds.to_owned(),
    }
}

/// What any column can hold.
fn standard(own_fields: &[String]) -> Vec<Choice> {
    let field = |field: &str| Choice {
        text: words::client_field(&ClientField::named(field)),
        field: Some(field.to_owned()),
    };
    let mut choices: Vec<Choice> = FIELDS.into_iter().map(field).collect();
    let part = Choice {
        text: tr!("Part of the name"),
        field: Some(NAME_PART.to_owned()),
    };
    choices.insert(1, part);
    let nothing = Choice {
        text: tr!("not kept"),
        field: Some(String::new()),
    };
    choices.insert(0, nothing);
    for name in own_fields {
        add(&mut choices, own_field(name));
    }
    choices
}

fn own_field(name: &str) -> Choice {
    Choice {
        text: tr!("{field} (a field of the office's own)", field = name),
        field: Some(name.to_owned()),
    }
}

fn add(choices: &mut Vec<Choice>, choice: Choice) {
    if !choices.iter().any(|known| known.text == choice.text) {
        choices.push(choice);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(name: &str, holds: &str, is_guess: bool) -> ColumnRead {
        ColumnRead {
            name: name.into(),
            holds: holds.into(),
            is_guess,
        }
    }

    fn at(columns: &Columns, column: usize, text: &str) -> usize {
        let choices = &columns.shown[column].choices;
        let found = choices.iter().position(|choice| choice.text == text);
        found.unwrap_or_else(|| panic!("{text} is not offered"))
    }

    #[test]
    fn every_column_can_be_said_to_hold_something_else_and_to_hold_what_it_did() {
        let first = vec![
            read("ФИО", "Name", true),
            read("Mobil", "Phone (mobile)", true),
            read("Vertrag", "Vertrag (a field of the office's own)", false),
            read("", "", false),
        ];
        let mut columns = Columns::of(first.clone(), &["Contract".to_owned()]);
        let current: Vec<String> = columns
            .rows()
            .iter()
            .map(|row| {
                use ringbook_ui::slint::Model;
                row.options
                    .row_data(usize::try_from(row.current).unwrap())
                    .unwrap()
                    .into()
            })
            .collect();
        assert_eq!(
            current,
            [
                "Name",
                "Phone (mobile)",
                "Vertrag (a field of the office's own)",
                "not kept"
            ]
        );
        assert_eq!(columns.rows()[3].name, "Column 4");
        let note = at(&columns, 1, "Note");
        assert_eq!(columns.mapping(1, note), Some(("Mobil", Some("note"))));
        let own = at(&columns, 1, "Mobil (a field of the office's own)");
        assert_eq!(columns.mapping(1, own), Some(("Mobil", Some("Mobil"))));
        let offices = at(&columns, 2, "Contract (a field of the office's own)");
        assert_eq!(
            columns.mapping(2, offices),
            Some(("Vertrag", Some("Contract")))
        );
        let nothing = at(&columns, 2, "not kept");
        assert_eq!(columns.mapping(2, nothing), Some(("Vertrag", Some(""))));

        let now = [
            first[0].clone(),
            read("Mobil", "Note", false),
            first[2].clone(),
            first[3].clone(),
        ];
        assert!(columns.are_of(&now));
        columns.update(&now, &[]);
        assert!(!columns.rows()[1].guess);
        let back = at(&columns, 1, "Phone (mobile)");
        assert_eq!(columns.mapping(1, back), Some(("Mobil", None)));
        assert_eq!(columns.mapping(9, 0), None);
    }
}
