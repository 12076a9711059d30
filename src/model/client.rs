//! Clients, their categories and orders, and the employees who serve them.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::{
    Address, ClientEmail, ClientId, ClientPhone, EmployeeId, Money, OrderId, PhoneNumber, PhotoId,
};

/// A client of the office. A text that was never given is empty.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// A person, or a company that has no person yet.
    pub kind: ClientKind,
    /// The client's name, as people say it.
    pub name: String,
    /// The company the client belongs to.
    pub company: String,
    /// How the client is to be treated.
    pub category: CategoryId,
    /// Who answers for the client.
    pub responsible: Option<Employee>,
    /// A warning or an instruction for whoever takes the call.
    pub note: String,
    /// The last day on which the note holds; none where it holds until it is changed.
    pub note_until: Option<Date>,
    /// Whoever takes the call must say that the note was read.
    pub note_acknowledge: bool,
    /// The words to greet this client with, where they differ from the office's.
    pub greeting: Option<String>,
    /// Language the client speaks: a BCP 47 tag such as `ru`.
    pub language: String,
    /// Phone numbers, the most used first.
    pub phones: Vec<ClientPhone>,
    /// E-mail addresses, the most used first.
    pub emails: Vec<ClientEmail>,
    /// Addresses, the most used first.
    pub addresses: Vec<Address>,
    /// Words by which clients are put together.
    pub tags: Vec<String>,
    /// What the client said to being called and written to; none where nobody has asked.
    pub consent: Option<Consent>,
    /// The client wants no calls.
    pub do_not_call: bool,
    /// Entered by the program when a number called that nobody knew, and named by nobody yet.
    pub draft: bool,
    /// The client's photo.
    pub photo: Option<PhotoId>,
    /// Fields of the office's own: name and value, in the office's order.
    pub custom: Vec<(String, String)>,
    /// When the client was entered.
    pub created_at: Timestamp,
    /// When something of the client last changed.
    pub updated_at: Timestamp,
}

impl Client {
    /// A client of this name with nothing else known, of the category *ordinary*.
    pub fn named(name: impl Into<String>, now: Timestamp) -> Self {
        Self {
            id: ClientId::new(),
            kind: ClientKind::Person,
            name: name.into(),
            company: String::new(),
            category: CategoryId::ordinary(),
            responsible: None,
            note: String::new(),
            note_until: None,
            note_acknowledge: false,
            greeting: None,
            language: String::new(),
            phones: Vec::new(),
            emails: Vec::new(),
            addresses: Vec::new(),
            tags: Vec::new(),
            consent: None,
            do_not_call: false,
            draft: false,
            photo: None,
            custom: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// The same client reachable at `number` too, with no label.
    pub fn with_phone(mut self, number: PhoneNumber) -> Self {
        self.phones.push(ClientPhone::new(number));
        self
    }

    /// Whether somebody has given it a name; a number in the place of one is none.
    pub fn is_named(&self) -> bool {
        let is_name = |text: &str| text.chars().any(char::is_alphabetic);
        is_name(&self.name) || is_name(&self.company)
    }

    /// The first e-mail address; empty where there is none.
    pub fn email(&self) -> &str {
        self.emails.first().map_or("", |email| &email.address)
    }

    /// The city of the first address; empty where it is not known.
    pub fn city(&self) -> &str {
        self.addresses.first().map_or("", |address| &address.city)
    }

    /// The country of the first address; empty where it is not known.
    pub fn country(&self) -> &str {
        self.addresses
            .first()
            .map_or("", |address| &address.country)
    }

    /// Makes this the first e-mail address, in the place of the one before; empty: that one goes.
    pub fn set_email(&mut self, address: &str) {
        let label = match self.emails.is_empty() {
            true => String::new(),
            false => self.emails.remove(0).label,
        };
        self.emails.retain(|known| known.address != address);
        if !address.is_empty() {
            let address = address.to_owned();
            self.emails.insert(0, ClientEmail { address, label });
        }
    }

    /// Changes the first address, which is made where there is none and goes where nothing of it
    /// is left.
    pub fn change_address(&mut self, change: impl FnOnce(&mut Address)) {
        if self.addresses.is_empty() {
            self.addresses.push(Address::default());
        }
        change(&mut self.addresses[0]);
        self.addresses.retain(|address| !address.is_empty());
    }

    /// The note, where it still holds on the day `today`; else empty.
    pub fn note_on(&self, today: Date) -> &str {
        let holds = self.note_until.is_none_or(|last| today <= last);
        if holds { &self.note } else { "" }
    }
}

/// What a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// A person.
    #[default]
    Person,
    /// A company.
    Company,
}

impl ClientKind {
    /// Their words.
    pub const WORDS: [&str; 2] = ["person", "company"];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// The one that this word names.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "person" => Some(Self::Person),
            "company" => Some(Self::Company),
            _ => None,
        }
    }
}

/// What a client said to being called and written to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Consent {
    /// Whether it was given; else it was refused.
    pub given: bool,
    /// The day it was given or refused.
    pub at: Option<Date>,
    /// How: on the phone, on paper; may be empty.
    pub how: String,
}

/// A client as a line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientSummary {
    /// Its id.
    pub id: ClientId,
    /// The client's name.
    pub name: String,
    /// The client's company; may be empty.
    pub company: String,
    /// Named by nobody yet.
    pub draft: bool,
    /// The client's category.
    pub category: CategoryId,
    /// City; may be empty.
    pub city: String,
    /// The first number.
    pub number: Option<PhoneNumber>,
}

/// The stable key of a category: `ordinary`, `vip`, `problem`, `potential`, `active`, or one of the
/// office's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CategoryId(String);

impl CategoryId {
    /// The category with this key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The category a client has when nobody chose one.
    pub fn ordinary() -> Self {
        Self("ordinary".to_owned())
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CategoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How clients are to be treated, with its text, colour and icon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Category {
    /// The stable key.
    pub id: CategoryId,
    /// The name people see: the office's own, or the translated default.
    pub name: String,
    /// A colour, `#RRGGBB`.
    pub colour: String,
    /// One of [`Category::ICONS`].
    pub icon: String,
    /// The place in lists, the smallest first.
    pub rank: i64,
}

impl Category {
    /// The icons that the window has for categories and looks, by their names in the Lucide set.
    pub const ICONS: [&'static str; 32] = [
        "user",
        "user-check",
        "user-plus",
        "users",
        "star",
        "crown",
        "heart",
        "triangle-alert",
        "ban",
        "sprout",
        "tag",
        "building-2",
        "store",
        "briefcase",
        "truck",
        "stethoscope",
        "graduation-cap",
        "gift",
        "handshake",
        "wallet",
        "clock",
        "phone",
        "phone-incoming",
        "phone-outgoing",
        "phone-missed",
        "bell-ring",
        "clock-alert",
        "circle-alert",
        "circle-check",
        "badge-check",
        "voicemail",
        "eye-off",
    ];
    /// Colours that are told apart, also by those who see red and green alike.
    pub const COLOURS: [&'static str; 8] = [
        "#475569", "#92400e", "#b91c1c", "#1d4ed8", "#0b6b63", "#166534", "#5f3aa3", "#be185d",
    ];
}

/// A client's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Whose order.
    pub client: ClientId,
    /// The number people call it by.
    pub number: String,
    /// How far it has come, in the office's words.
    pub stage: String,
    /// Who answers for it.
    pub responsible: Option<Employee>,
    /// The day it is due.
    pub due: Option<Date>,
    /// What it costs.
    pub amount: Option<Money>,
    /// What the client still owes for it.
    pub debt: Option<Money>,
    /// No longer open: not shown on the card.
    pub closed: bool,
}

/// Somebody who works in the office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Employee {
    /// Their id.
    pub id: EmployeeId,
    /// Their name.
    pub name: String,
    /// Their internal number; may be empty.
    pub extension: String,
}

impl Employee {
    /// As files name somebody: `101 Anna`.
    pub fn plain(&self) -> String {
        format!("{} {}", self.extension, self.name)
            .trim()
            .to_owned()
    }
}

/// A stored picture, byte for byte as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// Its id.
    pub id: PhotoId,
    /// `image/png` or `image/jpeg`.
    pub mime: String,
    /// The file's octets, unchanged.
    pub bytes: Vec<u8>,
    /// SHA-256 of the octets.
    pub sha256: [u8; 32],
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn money_is_read_in_its_currencys_smallest_unit() {
        let parse = |text: &str| Money::parse(text, "KZT").map(|m| (m.minor, m.currency));
        assert_eq!(parse("12 500"), Ok((1_250_000, "KZT".into())));
        assert_eq!(parse("12500.5"), Ok((1_250_050, "KZT".into())));
        assert_eq!(parse("-3.50 eur"), Ok((-350, "EUR".into())));
        assert_eq!(parse("700 JPY"), Ok((700, "JPY".into())));
        for text in [
            "",
            "-",
            "1.234",
            "1,5",
            "x",
            "99999999999999999999",
            "1.5 JPY",
            ".5",
            "+1",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn s1_15_a_note_holds_to_its_last_day() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let mut client = Client::named("Ivan", Timestamp::UNIX_EPOCH);
        client.note = "On holiday".into();
        assert_eq!(client.note_on(day("2026-11-22")), "On holiday");
        client.note_until = Some(day("2026-11-22"));
        assert_eq!(client.note_on(day("2026-11-22")), "On holiday");
        assert_eq!(client.note_on(day("2026-11-23")), "");
    }

    #[test]
    fn the_first_email_and_address_change_and_the_others_stay() {
        let mut client = Client::named("Ivan", Timestamp::UNIX_EPOCH);
        client.set_email("a@a.example");
        client.emails[0].label = "work".into();
        client.emails.push(ClientEmail {
            address: "b@a.example".into(),
            ..ClientEmail::default()
        });
        client.set_email("c@a.example");
        assert_eq!(client.emails[0].label, "work");
        assert_eq!((client.email(), client.emails.len()), ("c@a.example", 2));
        client.set_email("b@a.example");
        assert_eq!((client.email(), client.emails.len()), ("b@a.example", 1));
        client.change_address(|address| address.city = "Almaty".into());
        assert_eq!((client.city(), client.country()), ("Almaty", ""));
        client.change_address(|address| address.city.clear());
        assert!(client.addresses.is_empty());
    }
}
