//! One line: read into a client, and kept beside or in the one it is about.

use csv::StringRecord;
use jiff::Timestamp;

use super::columns::{Column, Columns};
use crate::export::cell;
use crate::model::{
    Client, ClientField, ClientId, ClientPhone, Country, Employee, EmployeeId, Lists, NotAllowed,
    PhoneNumber,
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
    /// Who was not known to work here, and is now.
    pub(super) employee: Option<Employee>,
}

impl Kept {
    /// A line with nothing else to know of it.
    pub(super) fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            shared: Vec::new(),
            employee: None,
        }
    }
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
    /// The fields beside numbers, with their columns' names.
    texts: Vec<(ClientField, String, String)>,
    phones: Vec<ClientPhone>,
}

impl Line {
    /// Reads the cells.
    pub(super) fn read(
        columns: &Columns,
        cells: &StringRecord,
        country: Option<Country>,
    ) -> Result<Self, Refused> {
        let mut line = Self::default();
        for (at, cell) in cells.iter().enumerate() {
            let text = cell::restored(cell);
            if text.is_empty() {
                continue;
            }
            match columns.0.get(at) {
                Some((Column::Field(field), name)) => {
                    line.texts
                        .push((field.clone(), name.clone(), text.to_owned()));
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
        // A consent is there before its day, whatever the file's order.
        line.texts.sort();
        line.take_phones(country)?;
        Ok(line)
    }

    /// Moves numbers and their labels to a place of their own: they are added, not replaced.
    fn take_phones(&mut self, country: Option<Country>) -> Result<(), Refused> {
        // A line from another country writes its numbers that country's way.
        let own = self.text(&ClientField::At("country", 0));
        let lists = Lists {
            country: own.and_then(|code| code.parse().ok()).or(country),
            ..Lists::default()
        };
        let is_phone = |(field, _, _): &(ClientField, String, String)| {
            matches!(field, ClientField::At("phone" | "phone_label", _))
        };
        let (phones, rest) = std::mem::take(&mut self.texts)
            .into_iter()
            .partition::<Vec<_>, _>(is_phone);
        self.texts = rest;
        for (field, name, text) in &phones {
            let ClientField::At(which, at) = field else {
                continue;
            };
            if *which == "phone_label" {
                let number = ClientField::At("phone", *at);
                if phones.iter().any(|(field, _, _)| *field == number) {
                    continue;
                }
                return Err(refusal(name, NotAllowed::new(text, "a number with it")));
            }
            let mut read = Client::named("", Timestamp::UNIX_EPOCH);
            let number = ClientField::At("phone", 0);
            let set = read.set(&number, text, &lists);
            set.map_err(|error| refusal(name, error))?;
            let label = ClientField::At("phone_label", *at);
            let label = phones.iter().find(|(field, _, _)| *field == label);
            for mut phone in read.phones {
                if let Some((_, _, label)) = label {
                    phone.label.clone_from(label);
                }
                if !self.phones.iter().any(|known| known.number == phone.number) {
                    self.phones.push(phone);
                }
            }
        }
        Ok(())
    }

    /// Keeps what the line says: in the client it is about, or as a new one.
    pub(super) fn keep(self, writer: &mut Writer<'_>, lists: &mut Lists) -> Result<Kept, Refused> {
        let (known, shared) = self.about(writer)?;
        let employee = self.new_employee(writer, lists)?;
        let is_new = known.is_none();
        let before = known.unwrap_or_else(|| Client::named("", Timestamp::now()));
        let mut after = before.clone();
        self.write_into(&mut after, lists)?;
        let after = after.tidied();
        let outcome = match after == before {
            true if !is_new => Outcome::Unchanged,
            _ => {
                writer.save_changed((!is_new).then_some(&before), &after)?;
                if is_new {
                    Outcome::Added
                } else {
                    Outcome::Updated
                }
            }
        };
        Ok(Kept {
            outcome,
            shared,
            employee,
        })
    }

    /// Somebody named as an export names them, `101 Anna`, whom the store does not know: a file of
    /// another seat brings its people along.
    fn new_employee(
        &self,
        writer: &mut Writer<'_>,
        lists: &mut Lists,
    ) -> Result<Option<Employee>, StoreError> {
        let Some(text) = self.text(&ClientField::Once("responsible")) else {
            return Ok(None);
        };
        let Some((extension, name)) = text.trim().split_once(' ') else {
            return Ok(None);
        };
        let is_extension = extension.chars().all(|c| c.is_ascii_digit());
        let is_taken = lists.employees.iter().any(|e| e.extension == extension);
        if !is_extension || is_taken || lists.employee(text).is_some() {
            return Ok(None);
        }
        let employee = Employee {
            id: EmployeeId::new(),
            name: name.trim().to_owned(),
            extension: extension.to_owned(),
        };
        writer.save_employee(&employee)?;
        lists.employees.push(employee.clone());
        Ok(Some(employee))
    }

    /// The client the line is about, and the others who have one of its numbers.
    fn about(
        &self,
        writer: &Writer<'_>,
    ) -> Result<(Option<Client>, Vec<SharedNumber>), StoreError> {
        let name = self.text(&ClientField::Once("name")).unwrap_or_default();
        let company = self.text(&ClientField::Once("company")).unwrap_or_default();
        if self.phones.is_empty() {
            let same: Vec<ClientId> = writer.clients_called(name, company)?;
            // Two of the same name: which one is meant cannot be told, but adding a third is no help.
            let known = same.first().map(|&id| writer.load_client(id)).transpose()?;
            return Ok((known, Vec::new()));
        }
        let mut shared = Vec::new();
        for &ClientPhone { number, .. } in &self.phones {
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

    fn write_into(&self, client: &mut Client, lists: &Lists) -> Result<(), Refused> {
        for (field, name, text) in &self.texts {
            client
                .set(field, text, lists)
                .map_err(|error| refusal(name, error))?;
        }
        for phone in &self.phones {
            let mut known = client.phones.iter_mut();
            match known.find(|known| known.number == phone.number) {
                Some(known) => {
                    replace(&mut known.label, &phone.label);
                    replace(&mut known.extension, &phone.extension);
                }
                None => client.phones.push(phone.clone()),
            }
        }
        Ok(())
    }

    fn text(&self, field: &ClientField) -> Option<&str> {
        self.texts
            .iter()
            .find(|(known, _, _)| known == field)
            .map(|(_, _, text)| &**text)
    }
}

/// A blank says nothing.
fn replace(text: &mut String, said: &String) {
    if !said.is_empty() {
        text.clone_from(said);
    }
}

fn refusal(column: &str, error: NotAllowed) -> Refused {
    Refused::Line(Refusal {
        field: column.to_owned(),
        value: error.value,
        allowed: error.allowed,
    })
}
