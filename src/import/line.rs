//! One line: read into a client, and kept beside or in the one it is about.

use csv::StringRecord;
use jiff::Timestamp;

use super::columns::{Column, Columns};
use crate::export::cell;
use crate::model::{
    Category, CategoryId, Client, ClientId, ClientPhone, Country, PhoneNumber, PhoneNumberError,
};
use crate::store::{StoreError, Writer};

/// Why a line is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The column.
    pub(super) field: String,
    /// What it holds.
    pub(super) value: String,
    /// What it may hold.
    pub(super) allowed: String,
}

/// Why a line was not kept.
pub(super) enum Refused {
    Line(Refusal),
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Added,
    Updated,
    Unchanged,
}

/// A line that was kept.
pub(super) struct Kept {
    pub(super) outcome: Outcome,
    /// Numbers of the line that are somebody else's too.
    pub(super) shared: Vec<SharedNumber>,
}

/// A number that somebody else has too.
pub(super) struct SharedNumber {
    pub(super) number: PhoneNumber,
    /// Who else has it.
    pub(super) holder: String,
}

/// What a line says of a client; blank is what it does not say.
#[derive(Debug, Default)]
pub(super) struct Line {
    texts: Vec<(&'static str, String)>,
    category: Option<CategoryId>,
    phones: Vec<PhoneNumber>,
    custom: Vec<(String, String)>,
}

impl Line {
    /// Reads the cells.
    pub(super) fn read(
        columns: &Columns,
        cells: &StringRecord,
        categories: &[Category],
        country: Option<Country>,
    ) -> Result<Self, Refused> {
        let mut line = Self::default();
        let mut phones: Vec<(&str, &str)> = Vec::new();
        for (at, cell) in cells.iter().enumerate() {
            let text = cell::restored(cell);
            if text.is_empty() {
                continue;
            }
            match columns.0.get(at) {
                Some((Column::Field("phone"), name)) => phones.push((name, text)),
                Some((Column::Field("category"), name)) => {
                    line.category = Some(category(categories, name, text)?);
                }
                Some((Column::Field(field), _)) => line.texts.push((field, text.to_owned())),
                Some((Column::Custom(name), _)) => {
                    line.custom.push((name.clone(), text.to_owned()));
                }
                Some((Column::Nameless, _)) | None => {
                    return Err(Refused::Line(Refusal {
                        field: format!("column {}", at + 1),
                        value: text.to_owned(),
                        allowed: format!("{} cells, as the first line has names", columns.0.len()),
                    }));
                }
            }
        }
        // A line from another country writes its numbers that country's way.
        let country = line
            .text("country")
            .and_then(|code| code.parse().ok())
            .or(country);
        for (name, text) in phones {
            let number = PhoneNumber::parse(text, country)
                .map_err(|error| Refused::Line(not_a_number(name, error)))?;
            if !line.phones.contains(&number) {
                line.phones.push(number);
            }
        }
        Ok(line)
    }

    /// Keeps what the line says: in the client it is about, or as a new one.
    pub(super) fn keep(self, writer: &mut Writer<'_>) -> Result<Kept, Refused> {
        let (known, shared) = self.about(writer)?;
        let outcome = match known {
            Some(before) => {
                let mut after = before.clone();
                self.write_into(&mut after);
                if after == before {
                    Outcome::Unchanged
                } else {
                    writer.save_client(&after)?;
                    Outcome::Updated
                }
            }
            None => {
                let mut client = Client::named("", Timestamp::now());
                self.write_into(&mut client);
                writer.save_client(&client)?;
                Outcome::Added
            }
        };
        Ok(Kept { outcome, shared })
    }

    /// The client the line is about, and the others who have one of its numbers.
    fn about(
        &self,
        writer: &Writer<'_>,
    ) -> Result<(Option<Client>, Vec<SharedNumber>), StoreError> {
        let name = self.text("name").unwrap_or_default();
        let company = self.text("company").unwrap_or_default();
        if self.phones.is_empty() {
            let same: Vec<ClientId> = writer.clients_called(name, company)?;
            // Two of the same name: which one is meant cannot be told, but adding a third is no help.
            let known = same.first().map(|&id| writer.load_client(id)).transpose()?;
            return Ok((known, Vec::new()));
        }
        let mut shared = Vec::new();
        for &number in &self.phones {
            for id in writer.clients_with_number(number)? {
                let holder = writer.load_client(id)?;
                if name.is_empty() || holder.name.is_empty() || writer.same_text(name, &holder.name)
                {
                    return Ok((Some(holder), Vec::new()));
                }
                shared.push(SharedNumber {
                    number,
                    holder: holder.name,
                });
            }
        }
        Ok((None, shared))
    }

    fn write_into(self, client: &mut Client) {
        for (field, text) in self.texts {
            match field {
                "name" => client.name = text,
                "company" => client.company = text,
                "email" => client.email = text,
                "note" => client.note = text,
                "city" => client.city = text,
                "country" => client.country = text,
                "language" => client.language = text,
                "greeting" => client.greeting = Some(text),
                _ => {}
            }
        }
        if let Some(category) = self.category {
            client.category = category;
        }
        for number in self.phones {
            if !client.phones.iter().any(|phone| phone.number == number) {
                client.phones.push(ClientPhone {
                    number,
                    label: String::new(),
                });
            }
        }
        for (name, value) in self.custom {
            match client.custom.iter_mut().find(|(known, _)| *known == name) {
                Some(field) => field.1 = value,
                None => client.custom.push((name, value)),
            }
        }
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.texts
            .iter()
            .find(|(known, _)| *known == field)
            .map(|(_, text)| &**text)
    }
}

fn category(categories: &[Category], field: &str, text: &str) -> Result<CategoryId, Refused> {
    let wanted = text.trim().to_lowercase();
    let found = categories
        .iter()
        .find(|c| c.id.as_str().to_lowercase() == wanted || c.name.to_lowercase() == wanted);
    found.map(|category| category.id.clone()).ok_or_else(|| {
        let allowed: Vec<&str> = categories
            .iter()
            .map(|category| category.id.as_str())
            .collect();
        Refused::Line(Refusal {
            field: field.to_owned(),
            value: text.to_owned(),
            allowed: allowed.join(", "),
        })
    })
}

fn not_a_number(field: &str, error: PhoneNumberError) -> Refusal {
    let allowed = match error.country {
        Some(country) => {
            format!("numbers of {country} and international ones such as +77011112233")
        }
        None => "international numbers such as +77011112233".to_owned(),
    };
    Refusal {
        field: field.to_owned(),
        value: error.text,
        allowed,
    }
}
