//! A table of clients: a CSV file.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use csv::{ByteRecord, StringRecord, WriterBuilder};

use super::columns::{Columns, Hints, Holds, REASON, listed};
use super::line::{Line, Refusal, Said};
use super::lines::Lines;
use super::preview::ColumnRead;
use super::{ImportError, Source, Sourced, Written};
use crate::export::cell;
use crate::model::{ClientField, Country, Lists};
use crate::{tr, words};

/// Lines that a column without a name is judged by.
const SAMPLE: usize = 20;
/// What Google puts between several values in a cell.
const BETWEEN: &str = " ::: ";
/// What Google puts before a label that it translates.
const STANDARD: &str = "* ";
/// A group of people that Google puts everybody in.
const EVERYBODY: &str = "myContacts";

/// The file and what its columns hold.
pub(super) struct Table<R> {
    lines: Lines<R>,
    columns: Columns,
    country: Option<Country>,
    heading: Arc<Heading>,
}

/// The first line, for those that are left out.
pub(super) struct Heading {
    names: StringRecord,
    delimiter: u8,
    /// Whether it stands above those that were left out.
    is_written: AtomicBool,
}

/// A line as it stands in the file.
pub(super) struct Cells {
    cells: ByteRecord,
    heading: Arc<Heading>,
}

impl Heading {
    /// The names of the columns.
    pub(super) fn of(names: StringRecord, delimiter: u8) -> Self {
        Self {
            names,
            delimiter,
            is_written: AtomicBool::new(false),
        }
    }

    /// That of a file without one: its columns have no names.
    pub(super) fn none(delimiter: u8) -> Self {
        Self {
            is_written: AtomicBool::new(true),
            ..Self::of(StringRecord::new(), delimiter)
        }
    }
}

impl Cells {
    /// A line below this heading.
    pub(super) fn of(cells: ByteRecord, heading: &Arc<Heading>) -> Self {
        Self {
            cells,
            heading: Arc::clone(heading),
        }
    }
}

impl<R: Read> Table<R> {
    /// Reads the first line.
    pub(super) fn new(
        input: R,
        map: &[(String, String)],
        country: Option<Country>,
        lists: &Lists,
    ) -> Result<Self, ImportError> {
        let mut lines = Lines::new(input)?;
        let hints = Hints {
            map,
            lists,
            sample: &lines.sample(SAMPLE)?,
            country,
        };
        let heading = Heading::of(lines.header.clone(), lines.delimiter);
        Ok(Self {
            columns: Columns::read(&lines.header, &hints)?,
            lines,
            country,
            heading: Arc::new(heading),
        })
    }

    fn read(&self, cells: &StringRecord) -> Result<Line, Refusal> {
        let mut row = Row::default();
        for (at, cell) in cells.iter().enumerate() {
            let text = cell::restored(cell);
            if text.is_empty() {
                continue;
            }
            let column = self
                .columns
                .0
                .get(at)
                .filter(|c| c.holds != Holds::Nameless);
            let Some(column) = column else {
                let count = self.columns.0.len();
                return Err(Refusal {
                    field: format!("column {}", at + 1),
                    value: text.to_owned(),
                    allowed: format!("{count} cells, as the first line has names"),
                });
            };
            let name = &column.name;
            match &column.holds {
                Holds::Field(field) if column.is_guess => row.several(field, name, text),
                Holds::Field(field) => row.say(field.clone(), name, text),
                Holds::Labelled(field, label) => {
                    row.several(field, name, text);
                    row.label(field, name, label);
                }
                Holds::NamePart => row.name_parts.push(text.trim().to_owned()),
                Holds::Tags => row.say(ClientField::Once("tags"), name, &tags(text)),
                Holds::Nothing | Holds::Nameless => {}
            }
        }
        Line::of(row.texts(), self.country)
    }
}

/// A line on its way.
#[derive(Default)]
struct Row {
    texts: Vec<Said>,
    name_parts: Vec<String>,
}

impl Row {
    fn say(&mut self, field: ClientField, column: &str, text: &str) {
        self.texts.push((field, column.to_owned(), text.to_owned()));
    }

    /// A cell that may hold several numbers.
    fn several(&mut self, field: &ClientField, column: &str, text: &str) {
        match field {
            ClientField::At("phone", _) => {
                for number in text.split(BETWEEN) {
                    self.say(field.clone(), column, number);
                }
            }
            field => self.say(field.clone(), column, text.trim_start_matches(STANDARD)),
        }
    }

    /// What a column's name says of what it holds.
    fn label(&mut self, field: &ClientField, column: &str, label: &str) {
        let ClientField::At(name, at) = *field else {
            return;
        };
        let of = match name {
            "phone" => "phone_label",
            "email" => "email_label",
            _ => ClientField::ADDRESS_LABEL,
        };
        let field = ClientField::At(of, at);
        if !self.texts.iter().any(|(known, _, _)| *known == field) {
            self.say(field, column, label);
        }
    }

    /// What the line says. A consent is there before its day, whatever the file's order.
    fn texts(mut self) -> Vec<Said> {
        let name = ClientField::Once("name");
        let has_name = self.texts.iter().any(|(field, _, _)| *field == name);
        if !has_name && !self.name_parts.is_empty() {
            let full = self.name_parts.join(" ");
            self.say(name, "name", &full);
        }
        self.texts.sort();
        self.texts
    }
}

/// Labels of Google's and categories of Outlook's.
fn tags(text: &str) -> String {
    let words = text.split(BETWEEN).flat_map(|part| part.split(';'));
    let words = words.map(|word| word.trim().trim_start_matches(STANDARD));
    let words: Vec<&str> = words
        .filter(|word| !word.is_empty() && *word != EVERYBODY)
        .collect();
    words.join("; ")
}

impl<R: Read + Send> Source for Table<R> {
    fn next(&mut self) -> Result<Option<Sourced>, ImportError> {
        let Some((line, cells)) = self.lines.next()? else {
            return Ok(None);
        };
        Ok(Some(Sourced {
            line,
            said: cells.and_then(|cells| self.read(&cells)),
            written: Box::new(Cells::of(self.lines.cells().clone(), &self.heading)),
        }))
    }

    fn is_of_use(&self) -> Result<(), ImportError> {
        match self.columns.is_of_use() {
            true => Ok(()),
            false => Err(ImportError::NoColumns {
                found: listed(self.columns.0.iter().map(|column| &column.name)),
            }),
        }
    }

    fn is_nameless(&self) -> bool {
        let names = |holds: &Holds| match holds {
            Holds::NamePart => true,
            Holds::Field(ClientField::Once(field)) => matches!(*field, "name" | "company"),
            _ => false,
        };
        let mut columns = self.columns.0.iter();
        !columns.any(|column| names(&column.holds))
    }

    fn columns(&self) -> Vec<ColumnRead> {
        let columns = self.columns.0.iter().map(|column| ColumnRead {
            name: column.name.clone(),
            holds: match &column.holds {
                Holds::Field(ClientField::Custom(name)) => {
                    tr!("{field} (a field of the office's own)", field = name)
                }
                Holds::Field(field) => words::client_field(field),
                Holds::Labelled(field, label) => {
                    format!("{} ({label})", words::client_field(field))
                }
                Holds::NamePart => tr!("Part of the name"),
                Holds::Tags => words::client_field(&ClientField::Once("tags")),
                Holds::Nothing | Holds::Nameless => String::new(),
            },
            is_guess: column.is_guess,
        });
        columns.collect()
    }
}

impl Written for Cells {
    fn octets(&self) -> usize {
        self.cells.as_slice().len()
    }

    /// The cells, and the reason in a column more, which an import passes over.
    fn reject(&self, why: &str, output: &mut dyn Write) -> io::Result<()> {
        let Heading {
            names, delimiter, ..
        } = &*self.heading;
        let mut csv = WriterBuilder::new()
            .delimiter(*delimiter)
            .flexible(true)
            .from_writer(output);
        let old = names.iter().position(|name| name == REASON);
        let width = names.len();
        let own = (0..width).filter(|at| Some(*at) != old);
        if !self.heading.is_written.swap(true, Ordering::Relaxed) {
            let names = own.clone().map(|at| &names[at]);
            csv.write_record(names.chain([REASON]))?;
        }
        let more = width..self.cells.len();
        let all = own.chain(more);
        let all = all.map(|at| self.cells.get(at).unwrap_or_default());
        csv.write_record(all.chain([why.as_bytes()]))?;
        csv.flush()
    }
}
