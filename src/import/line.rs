//! One entry of a file, such as a line or a card: what it says of a client, kept beside or in the
//! one it is about.

use jiff::Timestamp;

use crate::model::{
    Client, ClientField, ClientId, ClientPhone, Country, Employee, EmployeeId, Lists, NotAllowed,
    PhoneNumber, PhotoId,
};
use crate::store::{Newcomer, StoreError, Writer};
use crate::vcard::Card;

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

impl Refused {
    /// What is wrong with the line; an error where the store itself has failed.
    pub(super) fn refusal(self) -> Result<Refusal, StoreError> {
        match self {
            Self::Line(refusal) => Ok(refusal),
            Self::Store(StoreError::NotAllowed {
                field,
                value,
                allowed,
            }) => Ok(Refusal {
                field,
                value,
                allowed,
            }),
            Self::Store(error) => Err(error),
        }
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
    /// A client of the store before and after, where the line changed it.
    pub(super) change: Option<Box<(Client, Client)>>,
    /// What the line says that is not kept: `photo`, or properties of a card.
    pub(super) left: Vec<String>,
}

impl Kept {
    /// A line with nothing else to know of it.
    pub(super) fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            shared: Vec::new(),
            employee: None,
            change: None,
            left: Vec::new(),
        }
    }
}

/// A number that somebody else has too.
pub(super) struct SharedNumber {
    pub(super) number: PhoneNumber,
    /// Who else has it.
    pub(super) holder: String,
}

/// A field, the name of the column or property that holds it, and what that says.
pub(super) type Said = (ClientField, String, String);

/// What a line says of a client; blank is what it does not say.
#[derive(Default)]
pub(super) struct Line {
    /// The fields beside numbers, with their columns' names.
    texts: Vec<Said>,
    phones: Vec<ClientPhone>,
    /// The client's id, where the file gives one.
    id: Option<ClientId>,
    /// A picture's octets.
    photo: Option<Vec<u8>>,
    /// What of it is known to be lost.
    left: Vec<String>,
    /// Whom it makes where it is about nobody whom the store knows.
    newcomer: Option<Box<Newcomer>>,
}

impl Line {
    /// A line that says this. A consent stands before its day.
    pub(super) fn of(texts: Vec<Said>, country: Option<Country>) -> Result<Self, Refusal> {
        let mut line = Self {
            texts,
            ..Self::default()
        };
        line.take_phones(country)?;
        Ok(line)
    }

    /// What a card says.
    pub(super) fn of_card(card: Card, country: Option<Country>) -> Result<Self, Refusal> {
        let id = card.client_id();
        let fields = card.fields.into_iter();
        let texts = fields.map(|said| (said.field, said.property, said.text));
        let others = card.others.iter();
        let names = others.map(|line| line.split([':', ';']).next().unwrap_or_default().to_owned());
        Ok(Self {
            id,
            photo: card.photo,
            left: names.collect(),
            ..Self::of(texts.collect(), country)?
        })
    }

    /// What the line says, field by field, numbers as they are kept.
    pub(super) fn shown(&self) -> Vec<(ClientField, String)> {
        let texts = self.texts.iter();
        let mut shown: Vec<_> = texts
            .map(|(field, _, text)| (field.clone(), text.clone()))
            .collect();
        for (at, phone) in self.phones.iter().enumerate() {
            shown.push((ClientField::At("phone", at), phone.plain()));
            shown.push((ClientField::At("phone_label", at), phone.label.clone()));
        }
        shown.retain(|(_, text)| !text.is_empty());
        shown
    }

    /// Moves numbers and their labels to a place of their own: they are added, not replaced.
    fn take_phones(&mut self, country: Option<Country>) -> Result<(), Refusal> {
        // A line from another country writes its numbers that country's way.
        let own = self.text(&ClientField::At("country", 0));
        let country = own.and_then(|code| code.parse().ok()).or(country);
        let is_phone =
            |(field, _, _): &Said| matches!(field, ClientField::At("phone" | "phone_label", _));
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
            if text.is_empty() {
                continue;
            }
            let phone = ClientPhone::parse(text, country);
            let mut phone = phone.map_err(|error| refusal(name, error.into()))?;
            let label = ClientField::At("phone_label", *at);
            if let Some((_, _, label)) = phones.iter().find(|(field, _, _)| *field == label) {
                phone.label.clone_from(label);
            }
            if !self.phones.iter().any(|known| known.number == phone.number) {
                self.phones.push(phone);
            }
        }
        Ok(())
    }

    /// Makes whom the line is about, in case it is somebody new: without the store, beside its work.
    pub(super) fn prepare(&mut self, lists: &Lists) {
        let mut client = self.blank();
        if self.write_into(&mut client, lists).is_ok() {
            self.newcomer = Newcomer::new(client).ok().map(Box::new);
        }
    }

    /// Keeps what the line says: in the client it is about, or as a new one.
    pub(super) fn keep(
        &mut self,
        writer: &mut Writer<'_>,
        lists: &mut Lists,
    ) -> Result<Kept, Refused> {
        let (known, shared) = self.about(writer)?;
        if known.is_none()
            && shared.is_empty()
            && let Some(newcomer) = &self.newcomer
        {
            let id = writer.add_newcomer(newcomer)?;
            self.keep_photo(id, None, writer)?;
            return Ok(Kept {
                left: std::mem::take(&mut self.left),
                ..Kept::of(Outcome::Added)
            });
        }
        let employee = self.new_employee(writer, lists)?;
        let before = known.clone().unwrap_or_else(|| self.blank());
        let mut after = before.clone();
        self.write_into(&mut after, lists)?;
        let after = after.tidied();
        if known.is_none() || after != before {
            writer.save_changed(known.as_ref(), &after)?;
        }
        let has_new_photo = self.keep_photo(before.id, before.photo, writer)?;
        let outcome = match &known {
            None => Outcome::Added,
            Some(_) if has_new_photo || after != before => Outcome::Updated,
            Some(_) => Outcome::Unchanged,
        };
        Ok(Kept {
            outcome,
            shared,
            employee,
            change: known.map(|before| Box::new((before, after))),
            left: std::mem::take(&mut self.left),
        })
    }

    /// A client of whom nothing is known yet.
    fn blank(&self) -> Client {
        let client = Client::named("", Timestamp::now());
        Client {
            id: self.id.unwrap_or(client.id),
            ..client
        }
    }

    /// Keeps the line's picture; whether it is another than the client had. One that the store does
    /// not take is left, and its client is kept.
    fn keep_photo(
        &mut self,
        client: ClientId,
        before: Option<PhotoId>,
        writer: &mut Writer<'_>,
    ) -> Result<bool, StoreError> {
        let Some(octets) = self.photo.take() else {
            return Ok(false);
        };
        if let Some(photo) = before
            && writer.load_photo(photo)?.bytes == octets
        {
            return Ok(false);
        }
        match writer.set_photo(client, &octets) {
            Ok(_) => Ok(true),
            Err(StoreError::NotAllowed { field, .. }) => {
                self.left.push(field);
                Ok(false)
            }
            Err(error) => Err(error),
        }
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
        if let Some(known) = self
            .id
            .map(|id| writer.find_client(id))
            .transpose()?
            .flatten()
        {
            return Ok((Some(known), Vec::new()));
        }
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
                .map_err(|error| Refused::Line(refusal(name, error)))?;
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

fn refusal(column: &str, error: NotAllowed) -> Refusal {
    Refusal {
        field: column.to_owned(),
        value: error.value,
        allowed: error.allowed,
    }
}
