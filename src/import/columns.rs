//! The first line: what each column holds.

use csv::StringRecord;

use super::guess::{Meaning, Names, by_content};
use super::{ImportError, MAX_COLUMNS};
use crate::export::cell;
use crate::model::{Client, ClientField, Country, Lists};

/// The column that tells why a line was left out before.
pub(super) const REASON: &str = "left_out_because";
/// What a mapping calls a part of the name.
const NAME_PARTS: [&str; 3] = ["first_name", "middle_name", "last_name"];

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holds {
    /// A field of a client.
    Field(ClientField),
    /// A field, whose label the column's name says.
    Labelled(ClientField, &'static str),
    /// A part of the name.
    NamePart,
    /// Words that put clients together, as other programs part them.
    Tags,
    /// Nothing that is kept.
    Nothing,
    /// Nothing: the column has no name.
    Nameless,
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// What it is called.
    pub(super) name: String,
    /// What it holds.
    pub(super) holds: Holds,
    /// Whether that is a guess.
    pub(super) is_guess: bool,
}

/// The columns in the file's order.
#[derive(Debug)]
pub(super) struct Columns(pub(super) Vec<Column>);

/// What the columns are read by.
pub(super) struct Hints<'a> {
    /// Columns' names, and the fields that they are said to hold; an empty field: nothing.
    pub(super) map: &'a [(String, String)],
    /// The office's own fields.
    pub(super) lists: &'a Lists,
    /// The lines behind the first.
    pub(super) sample: &'a [StringRecord],
    /// Whose numbers are written without a country code.
    pub(super) country: Option<Country>,
}

impl Columns {
    /// Reads the first line. What the mapping says goes before the program's own names, those
    /// before the office's, and those before a guess. The program's own export is not guessed at.
    pub(super) fn read(header: &StringRecord, hints: &Hints<'_>) -> Result<Self, ImportError> {
        if header.len() > MAX_COLUMNS {
            let count = header.len();
            return Err(ImportError::TooManyColumns { count });
        }
        let names: Vec<String> = header
            .iter()
            .map(|name| cell::restored(name).trim().to_owned())
            .collect();
        check(&names, hints.map)?;
        let columns = names.iter().map(|name| Column {
            holds: known(name, hints.map),
            name: name.clone(),
            is_guess: false,
        });
        let mut columns = Self(columns.collect());
        let is = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if !Client::FIELDS.into_iter().all(is) {
            columns.guess_by_name(hints);
            columns.guess_by_content(hints);
            columns.join_name();
        }
        Ok(columns)
    }

    /// Whether one holds what clients are known by.
    pub(super) fn is_of_use(&self) -> bool {
        self.0.iter().any(|column| match &column.holds {
            Holds::Field(field) | Holds::Labelled(field, _) => matches!(
                field,
                ClientField::Once("name" | "company") | ClientField::At("phone", _)
            ),
            Holds::NamePart => true,
            _ => false,
        })
    }

    /// Columns whose names are nobody's own.
    fn guess_by_name(&mut self, hints: &Hints<'_>) {
        let names = Names::new();
        let is_offices = |name: &str| {
            let mut fields = hints.lists.fields.iter();
            fields.any(|field| field.name.to_lowercase() == name.to_lowercase())
        };
        for at in 0..self.0.len() {
            let column = &self.0[at];
            let is_free = matches!(column.holds, Holds::Field(ClientField::Custom(_)));
            let is_mapped = mapped(&column.name, hints.map).is_some();
            if is_free && !is_mapped && !is_offices(&column.name) {
                let meaning = names.meaning(&column.name);
                self.take(at, meaning);
            }
        }
    }

    /// Columns without a name; and all whose names say nothing, where no name says who a line is
    /// about. Then a text is a name where a number or an e-mail stands beside it.
    fn guess_by_content(&mut self, hints: &Hints<'_>) {
        let is_lost = !self.is_of_use();
        self.guess_cells(hints, is_lost, false);
        if is_lost && self.next("phone") + self.next("email") > 0 {
            self.guess_cells(hints, true, true);
        }
    }

    fn guess_cells(&mut self, hints: &Hints<'_>, with_names: bool, may_be_name: bool) {
        for at in 0..self.0.len() {
            let column = &self.0[at];
            let is_mapped = mapped(&column.name, hints.map).is_some();
            let says_nothing = match column.holds {
                Holds::Nameless => true,
                Holds::Field(ClientField::Custom(_)) => with_names && !is_mapped,
                _ => false,
            };
            if says_nothing {
                let cells = hints.sample.iter().filter_map(|line| line.get(at));
                let cells: Vec<&str> = cells.map(cell::restored).collect();
                self.take(at, by_content(&cells, hints.country, may_be_name));
            }
        }
    }

    /// `Name` beside a family's name is the own name.
    fn join_name(&mut self) {
        let has_parts = self.0.iter().any(|column| column.holds == Holds::NamePart);
        let name = Holds::Field(ClientField::Once("name"));
        if has_parts
            && let Some(column) = self.0.iter_mut().find(|column| column.holds == name)
            && column.is_guess
        {
            column.holds = Holds::NamePart;
        }
    }

    /// The column that holds the field that there is one of.
    fn place(&self, name: &'static str) -> Option<usize> {
        let field = Holds::Field(ClientField::Once(name));
        self.0.iter().position(|column| column.holds == field)
    }

    /// The next place for one more number or e-mail.
    fn next(&self, name: &'static str) -> usize {
        let places = self.0.iter().filter_map(|column| match &column.holds {
            Holds::Field(ClientField::At(of, at)) | Holds::Labelled(ClientField::At(of, at), _) => {
                (*of == name).then_some(at + 1)
            }
            _ => None,
        });
        places.max().unwrap_or(0)
    }

    fn take(&mut self, at: usize, meaning: Option<Meaning>) {
        let holds = match meaning {
            None => return,
            // Two columns of one meaning: the second keeps its own name.
            Some(Meaning::Once(name)) if self.place(name).is_some() => return,
            Some(Meaning::Once(name)) => Holds::Field(ClientField::Once(name)),
            Some(Meaning::NamePart) => Holds::NamePart,
            Some(Meaning::Tags) => Holds::Tags,
            Some(Meaning::Nothing) => Holds::Nothing,
            Some(Meaning::Phone(label)) => labelled("phone", self.next("phone"), label),
            Some(Meaning::Email(label)) => labelled("email", self.next("email"), label),
            Some(Meaning::Address(place, part, label)) => labelled(part, place, label),
            Some(Meaning::At(name, place)) => Holds::Field(ClientField::At(name, place)),
        };
        let is_taken = self.0.iter().any(|column| match (&column.holds, &holds) {
            (
                Holds::Field(one) | Holds::Labelled(one, _),
                Holds::Field(other) | Holds::Labelled(other, _),
            ) => one == other,
            _ => false,
        });
        if !is_taken {
            self.0[at].holds = holds;
            self.0[at].is_guess = true;
        }
    }
}

fn labelled(name: &'static str, at: usize, label: &'static str) -> Holds {
    let field = ClientField::At(name, at);
    match label {
        "" => Holds::Field(field),
        label => Holds::Labelled(field, label),
    }
}

/// No two columns have one name, and every column that is mapped is there.
fn check(names: &[String], map: &[(String, String)]) -> Result<(), ImportError> {
    for (at, name) in names.iter().enumerate() {
        let same = |known: &String| known.eq_ignore_ascii_case(name);
        if !name.is_empty() && names[..at].iter().any(same) {
            return Err(ImportError::ColumnTwice { name: name.clone() });
        }
    }
    for (wanted, _) in map {
        if !names.iter().any(|name| is_same(name, wanted)) {
            return Err(ImportError::NoSuchColumn {
                name: wanted.clone(),
                found: listed(names),
            });
        }
    }
    Ok(())
}

/// The columns' names, as many as fit a message.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    names.join(", ").chars().take(200).collect()
}

fn is_same(name: &str, wanted: &str) -> bool {
    name.to_lowercase() == wanted.trim().to_lowercase()
}

fn mapped<'a>(name: &str, map: &'a [(String, String)]) -> Option<&'a str> {
    let found = map.iter().find(|(column, _)| is_same(name, column));
    found.map(|(_, field)| field.trim())
}

/// What a column holds that needs no guess.
fn known(name: &str, map: &[(String, String)]) -> Holds {
    match (mapped(name, map), name) {
        (Some(""), _) | (None, REASON) => Holds::Nothing,
        (Some(part), _) if NAME_PARTS.contains(&part) => Holds::NamePart,
        (Some(field), _) => Holds::Field(ClientField::named(field)),
        (None, "") => Holds::Nameless,
        (None, name) => Holds::Field(ClientField::named(name)),
    }
}
