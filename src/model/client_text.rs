//! A client as texts: what files carry, what options give, and what changes are told by.

use std::fmt;

use jiff::civil::Date;

use super::value::{DATE, FLAG, yes_or_no};
use super::when::read_day;
use super::{
    Address, Category, Client, ClientEmail, ClientKind, ClientPhone, Consent, Country, Employee,
    FieldDefinition, PhoneNumberError, Position, read_flag,
};

/// The most e-mails and addresses of one client.
const MAX_PLACES: usize = 50;

/// A field of a client that a file carries. Numbered ones count from 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientField {
    /// One of [`ClientField::NAMES`] that there is once.
    Once(&'static str),
    /// One of [`ClientField::NUMBERED`], of the number, e-mail or address at this place.
    At(&'static str, usize),
    /// A field of the office's own.
    Custom(String),
}

impl ClientField {
    /// Those that there is one of.
    const NAMES: [&str; 15] = [
        "name",
        "company",
        "category",
        "note",
        "language",
        "greeting",
        "kind",
        "responsible",
        "tags",
        "note_until",
        "note_acknowledge",
        "consent",
        "consent_at",
        "consent_how",
        "do_not_call",
    ];
    /// Those of numbers, e-mails and addresses: `phone`, `phone2`, `phone2_label` and so on.
    const NUMBERED: [&str; 8] = [
        "phone",
        "phone_label",
        "email",
        "email_label",
        "street",
        "city",
        "country",
        "position",
    ];
    /// What an address is.
    pub const ADDRESS_LABEL: &str = "address_label";

    /// The field that a file's column of this name holds, in any case.
    pub fn named(name: &str) -> Self {
        let lower = name.trim().to_ascii_lowercase();
        let once = Self::NAMES.into_iter().find(|known| *known == lower);
        once.map(Self::Once)
            .or_else(|| Self::numbered(&lower))
            .unwrap_or_else(|| Self::Custom(name.trim().to_owned()))
    }

    fn numbered(lower: &str) -> Option<Self> {
        let (stem, label) = match lower.strip_suffix("_label") {
            Some(stem) => (stem, "_label"),
            None => (lower, ""),
        };
        let base = stem.trim_end_matches(|c: char| c.is_ascii_digit());
        let number: u16 = match &stem[base.len()..] {
            "" => 1,
            digits => digits.parse().ok()?,
        };
        let wanted = format!("{base}{label}");
        let mut known = Self::NUMBERED.into_iter().chain([Self::ADDRESS_LABEL]);
        let known = known.find(|known| *known == wanted)?;
        Some(Self::At(known, usize::from(number).saturating_sub(1)))
    }
}

impl fmt::Display for ClientField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(name) | Self::At(name, 0) => f.write_str(name),
            Self::At(name, at) => match name.strip_suffix("_label") {
                Some(base) => write!(f, "{base}{}_label", at + 1),
                None => write!(f, "{name}{}", at + 1),
            },
            Self::Custom(name) => f.write_str(name),
        }
    }
}

/// What the texts of clients are read with.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// The office's categories.
    pub categories: Vec<Category>,
    /// Everybody who works in the office.
    pub employees: Vec<Employee>,
    /// The office's own fields.
    pub fields: Vec<FieldDefinition>,
    /// Whose numbers are written without a country code.
    pub country: Option<Country>,
}

/// A text that a field does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not allowed; allowed: {allowed}")]
pub struct NotAllowed {
    /// The text.
    pub value: String,
    /// What would be taken.
    pub allowed: String,
}

impl NotAllowed {
    /// That `value` is not one of `allowed`.
    pub fn new(value: &str, allowed: impl Into<String>) -> Self {
        Self {
            value: value.to_owned(),
            allowed: allowed.into(),
        }
    }
}

impl From<PhoneNumberError> for NotAllowed {
    fn from(error: PhoneNumberError) -> Self {
        let allowed = match error.country {
            Some(country) => {
                format!("numbers of {country} and international ones such as +77011112233")
            }
            None => "international numbers such as +77011112233".to_owned(),
        };
        Self {
            value: error.text,
            allowed,
        }
    }
}

impl Lists {
    /// The employee whom `text` means: an extension, a name in any case, or both.
    pub fn employee(&self, text: &str) -> Option<&Employee> {
        let wanted = text.trim().to_lowercase();
        let by_extension = |e: &&Employee| !e.extension.is_empty() && e.extension == wanted;
        let by_name =
            |e: &&Employee| e.name.to_lowercase() == wanted || e.plain().to_lowercase() == wanted;
        let mut everybody = self.employees.iter();
        everybody
            .find(by_extension)
            .or_else(|| self.employees.iter().find(by_name))
    }

    /// As [`Lists::employee`]; an error where nobody is meant.
    pub(super) fn load_employee(&self, text: &str) -> Result<Employee, NotAllowed> {
        let found = self.employee(text).cloned();
        found.ok_or_else(|| {
            let allowed: Vec<String> = self.employees.iter().map(Employee::plain).collect();
            NotAllowed::new(text, allowed.join(", "))
        })
    }

    fn load_category(&self, text: &str) -> Result<&Category, NotAllowed> {
        let wanted = text.trim().to_lowercase();
        let mut all = self.categories.iter();
        let found =
            all.find(|c| c.id.as_str().to_lowercase() == wanted || c.name.to_lowercase() == wanted);
        found.ok_or_else(|| {
            let allowed: Vec<&str> = self.categories.iter().map(|c| c.id.as_str()).collect();
            NotAllowed::new(text, allowed.join(", "))
        })
    }
}

impl Client {
    /// The columns that every file of clients has, in their order.
    pub const FIELDS: [&str; 12] = [
        "name", "company", "phone", "phone2", "phone3", "email", "category", "note", "city",
        "country", "language", "greeting",
    ];

    /// Whether a file's column of this name is one of the program's own, in any case: not a custom field.
    pub fn is_field(name: &str) -> bool {
        !matches!(ClientField::named(name), ClientField::Custom(_))
    }

    /// Every field that says something, as files carry it. What is left out says: a person,
    /// not asked, no.
    pub fn texts(&self) -> Vec<(ClientField, String)> {
        let date = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let flag = |set: bool| if set { yes_or_no(true) } else { "" }.to_owned();
        let employee = self.responsible.as_ref().map(Employee::plain);
        let is_company = self.kind == ClientKind::Company;
        let consent = self.consent.clone().unwrap_or_default();
        let answer = self.consent.as_ref().map(|consent| consent.given);
        let once = [
            ("name", self.name.clone()),
            ("company", self.company.clone()),
            ("category", self.category.to_string()),
            ("note", self.note.clone()),
            ("language", self.language.clone()),
            ("greeting", self.greeting.clone().unwrap_or_default()),
            (
                "kind",
                if is_company { self.kind.as_str() } else { "" }.to_owned(),
            ),
            ("responsible", employee.unwrap_or_default()),
            ("tags", self.tags.join("; ")),
            ("note_until", date(self.note_until)),
            ("note_acknowledge", flag(self.note_acknowledge)),
            (
                "consent",
                answer.map(yes_or_no).unwrap_or_default().to_owned(),
            ),
            ("consent_at", date(consent.at)),
            ("consent_how", consent.how),
            ("do_not_call", flag(self.do_not_call)),
        ];
        let once = once.map(|(name, text)| (ClientField::Once(name), text));
        let phones = self.phones.iter().enumerate().flat_map(|(at, phone)| {
            [
                (ClientField::At("phone", at), phone.plain()),
                (ClientField::At("phone_label", at), phone.label.clone()),
            ]
        });
        let emails = self.emails.iter().enumerate().flat_map(|(at, email)| {
            [
                (ClientField::At("email", at), email.address.clone()),
                (ClientField::At("email_label", at), email.label.clone()),
            ]
        });
        let addresses = self.addresses.iter().enumerate().flat_map(address_texts);
        let custom = self.custom.iter();
        let custom = custom.map(|(name, value)| (ClientField::Custom(name.clone()), value.clone()));
        let all = once.into_iter().chain(phones).chain(emails);
        let all = all.chain(addresses).chain(custom);
        all.filter(|(_, text)| !text.is_empty()).collect()
    }

    /// Gives a field the value that `text` says; empty takes it away. A number is put at its
    /// place or, where there are fewer, behind the others; call [`Client::tidied`] in the end.
    pub fn set(
        &mut self,
        field: &ClientField,
        text: &str,
        lists: &Lists,
    ) -> Result<(), NotAllowed> {
        match field {
            ClientField::Once(name) => self.set_once(name, text, lists),
            ClientField::At(name, at) => self.set_at(name, *at, text, lists),
            ClientField::Custom(name) => self.set_field(name, text, lists),
        }
    }

    /// A field that the office has defined takes what fits; what it holds already may stay.
    fn set_field(&mut self, name: &str, text: &str, lists: &Lists) -> Result<(), NotAllowed> {
        let same = |field: &&FieldDefinition| field.name.to_lowercase() == name.to_lowercase();
        let Some(field) = lists.fields.iter().find(same) else {
            self.set_custom(name, text);
            return Ok(());
        };
        let mut held = self.custom.iter();
        if text.is_empty() || held.any(|(known, value)| *known == field.name && value == text) {
            self.set_custom(&field.name, text);
            return Ok(());
        }
        let fitting = field.fit(text);
        let fitting = fitting.map_err(|allowed| NotAllowed::new(text, allowed))?;
        self.set_custom(&field.name, &fitting);
        Ok(())
    }

    fn set_once(&mut self, name: &str, text: &str, lists: &Lists) -> Result<(), NotAllowed> {
        let given = !text.is_empty();
        match name {
            "name" => self.name = text.to_owned(),
            "company" => self.company = text.to_owned(),
            "category" => self.category = lists.load_category(text)?.id.clone(),
            "note" => self.note = text.to_owned(),
            "language" => self.language = text.to_owned(),
            "greeting" => self.greeting = given.then(|| text.to_owned()),
            "kind" => self.kind = read_kind(text)?,
            "responsible" if given => self.responsible = Some(lists.load_employee(text)?),
            "responsible" => self.responsible = None,
            "tags" => self.tags = text.split(';').map(|tag| tag.trim().to_owned()).collect(),
            "note_until" => self.note_until = read_date(text)?,
            "note_acknowledge" => self.note_acknowledge = given && flag(text)?,
            "do_not_call" => self.do_not_call = given && flag(text)?,
            "consent" if given => self.consent.get_or_insert_default().given = flag(text)?,
            "consent" => self.consent = None,
            "consent_at" => self.change_consent(given, read_date(text)?, |c, day| c.at = day)?,
            _ => self.change_consent(given, text.to_owned(), |c, how| c.how = how)?,
        }
        Ok(())
    }

    /// When and how a consent was given says nothing where there is none.
    fn change_consent<T>(
        &mut self,
        given: bool,
        value: T,
        change: impl FnOnce(&mut Consent, T),
    ) -> Result<(), NotAllowed> {
        match &mut self.consent {
            Some(consent) => change(consent, value),
            None if given => return Err(NotAllowed::new("", "consent together with it: yes, no")),
            None => {}
        }
        Ok(())
    }

    fn set_at(
        &mut self,
        name: &str,
        at: usize,
        text: &str,
        lists: &Lists,
    ) -> Result<(), NotAllowed> {
        if at >= MAX_PLACES {
            return Err(NotAllowed::new(text, format!("at most {MAX_PLACES}")));
        }
        let owned = text.to_owned();
        match name {
            "phone" => return self.set_phone(at, text, lists.country),
            "phone_label" => match self.phones.get_mut(at) {
                Some(phone) => phone.label = owned,
                None if text.is_empty() => {}
                None => return Err(NotAllowed::new(text, "a number with it")),
            },
            "email" => email_at(&mut self.emails, at).address = owned,
            "email_label" => email_at(&mut self.emails, at).label = owned,
            "street" => address_at(&mut self.addresses, at).street = owned,
            "city" => address_at(&mut self.addresses, at).city = owned,
            "country" => address_at(&mut self.addresses, at).country = owned,
            "position" => {
                let position = Position::parse(text);
                if position.is_none() && !text.is_empty() {
                    return Err(NotAllowed::new(text, Position::ALLOWED));
                }
                address_at(&mut self.addresses, at).position = position;
            }
            _ => address_at(&mut self.addresses, at).label = owned,
        }
        Ok(())
    }

    fn set_phone(
        &mut self,
        at: usize,
        text: &str,
        country: Option<Country>,
    ) -> Result<(), NotAllowed> {
        if text.is_empty() {
            if at < self.phones.len() {
                self.phones.remove(at);
            }
            return Ok(());
        }
        let phone = ClientPhone::parse(text, country)?;
        match self.phones.get_mut(at) {
            Some(place) => *place = phone,
            None => self.phones.push(phone),
        }
        Ok(())
    }

    /// Gives a field of the office's own a value; empty takes it away.
    pub fn set_custom(&mut self, name: &str, value: &str) {
        let known = self.custom.iter_mut().find(|(known, _)| known == name);
        match known {
            _ if value.is_empty() => self.custom.retain(|(known, _)| known != name),
            Some(field) => field.1 = value.to_owned(),
            None => self.custom.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Without empty and double e-mails, addresses and tags.
    pub fn tidied(mut self) -> Self {
        let mut seen: Vec<String> = Vec::new();
        let mut is_new = |text: &str| {
            let fresh = !text.is_empty() && !seen.iter().any(|known| known == text);
            seen.push(text.to_owned());
            fresh
        };
        self.emails.retain(|email| is_new(&email.address));
        self.addresses.retain(|address| !address.is_empty());
        let mut tags: Vec<String> = Vec::new();
        for tag in self.tags {
            let same = |known: &String| known.to_lowercase() == tag.to_lowercase();
            if !tag.is_empty() && !tags.iter().any(same) {
                tags.push(tag);
            }
        }
        self.tags = tags;
        self
    }
}

fn address_texts((at, address): (usize, &Address)) -> [(ClientField, String); 5] {
    let position = address.position.map(|position| position.plain());
    [
        ("street", address.street.clone()),
        ("city", address.city.clone()),
        ("country", address.country.clone()),
        ("position", position.unwrap_or_default()),
        (ClientField::ADDRESS_LABEL, address.label.clone()),
    ]
    .map(|(name, text)| (ClientField::At(name, at), text))
}

fn email_at(emails: &mut Vec<ClientEmail>, at: usize) -> &mut ClientEmail {
    if emails.len() <= at {
        emails.resize_with(at + 1, ClientEmail::default);
    }
    &mut emails[at]
}

fn address_at(addresses: &mut Vec<Address>, at: usize) -> &mut Address {
    if addresses.len() <= at {
        addresses.resize_with(at + 1, Address::default);
    }
    &mut addresses[at]
}

fn read_kind(text: &str) -> Result<ClientKind, NotAllowed> {
    match text.trim().to_lowercase().as_str() {
        "" => Ok(ClientKind::Person),
        word => ClientKind::from_word(word)
            .ok_or_else(|| NotAllowed::new(text, ClientKind::WORDS.join(", "))),
    }
}

fn read_date(text: &str) -> Result<Option<Date>, NotAllowed> {
    match text.trim() {
        "" => Ok(None),
        day => match read_day(day) {
            None => Err(NotAllowed::new(text, DATE)),
            day => Ok(day),
        },
    }
}

fn flag(text: &str) -> Result<bool, NotAllowed> {
    read_flag(text).ok_or_else(|| NotAllowed::new(text, FLAG))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_column_of_the_programs_own_is_no_custom_field() {
        for name in [
            "name",
            " Name ",
            "PHONE2",
            "phone17",
            "greeting",
            "phone2_label",
            "Address3_Label",
            "city2",
            "Tags",
        ] {
            assert!(Client::is_field(name), "{name:?}");
        }
        for name in [
            "Contract",
            "phones",
            "phone-2",
            "",
            "name2",
            "_label",
            "phone99999",
        ] {
            assert!(!Client::is_field(name), "{name:?}");
        }
    }

    #[test]
    fn a_field_is_named_as_it_is_read() {
        for name in [
            "name",
            "phone",
            "phone2",
            "phone3_label",
            "address2_label",
            "My own",
        ] {
            assert_eq!(ClientField::named(name).to_string(), name);
        }
    }

    #[test]
    fn a_client_comes_back_from_its_texts() {
        let anna = Employee {
            id: super::super::EmployeeId::new(),
            name: "Anna".into(),
            extension: "101".into(),
        };
        let lists = Lists {
            categories: vec![Category {
                id: super::super::CategoryId::new("vip"),
                name: "VIP".into(),
                colour: String::new(),
                icon: String::new(),
                rank: 1,
            }],
            employees: vec![anna],
            ..Lists::default()
        };
        let given = [
            ("name", "Ivan Petrov"),
            ("company", "Steppe LLP"),
            ("category", "vip"),
            ("note", "Speak slowly"),
            ("language", "ru"),
            ("greeting", "Good day, {first_name}!"),
            ("kind", "company"),
            ("responsible", "101 Anna"),
            ("tags", "steel; late payer"),
            ("note_until", "2026-12-31"),
            ("note_acknowledge", "yes"),
            ("consent", "no"),
            ("consent_at", "2026-11-22"),
            ("consent_how", "on the phone"),
            ("do_not_call", "yes"),
            ("phone", "+77271234567 ext. 12"),
            ("phone_label", "office"),
            ("phone2", "+77011112233"),
            ("email", "ivan@a.example"),
            ("email2", "office@a.example"),
            ("email2_label", "office"),
            ("street", "Abay 1"),
            ("city", "Almaty"),
            ("country", "KZ"),
            ("position", "43.2389, 76.8897"),
            ("city2", "Astana"),
            ("address2_label", "warehouse"),
            ("Contract", "17"),
        ];
        let mut client = Client::named("", Timestamp::UNIX_EPOCH);
        for (name, text) in given {
            client.set(&ClientField::named(name), text, &lists).unwrap();
        }
        let client = client.tidied();
        let texts: Vec<(String, String)> = client
            .texts()
            .into_iter()
            .map(|(field, text)| (field.to_string(), text))
            .collect();
        let given: Vec<(String, String)> = given
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .to_vec();
        assert_eq!(texts, given);
    }

    #[test]
    fn a_text_that_does_not_fit_is_refused_with_what_is_allowed() {
        let mut client = Client::named("Ivan", Timestamp::UNIX_EPOCH);
        for (name, text, allowed) in [
            ("kind", "robot", "person, company"),
            ("note_until", "tomorrow", "2026-11-22"),
            ("do_not_call", "perhaps", "yes, no"),
            ("consent_at", "2026-11-22", "consent together"),
            ("position", "north", "43.2389"),
            ("phone", "bob", "+77011112233"),
            ("phone_label", "work", "a number"),
            ("email60", "a@a.example", "at most 50"),
        ] {
            let field = ClientField::named(name);
            let error = client.set(&field, text, &Lists::default()).unwrap_err();
            assert!(error.allowed.contains(allowed), "{name}: {error}");
        }
    }
}
