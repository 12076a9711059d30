//! Clients, their categories and orders, and the employees who serve them.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::{ClientId, EmployeeId, Money, OrderId, PhoneNumber, PhotoId};

/// A client of the office. A text that was never given is empty.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// The client's name, as people say it.
    pub name: String,
    /// The company the client belongs to.
    pub company: String,
    /// How the client is to be treated.
    pub category: CategoryId,
    /// A warning or an instruction for whoever takes the call.
    pub note: String,
    /// The words to greet this client with, where they differ from the office's.
    pub greeting: Option<String>,
    /// City, as given.
    pub city: String,
    /// Country: a name, or an ISO 3166 code such as `KZ`.
    pub country: String,
    /// Language the client speaks: a BCP 47 tag such as `ru`.
    pub language: String,
    /// E-mail address.
    pub email: String,
    /// Phone numbers, the most used first.
    pub phones: Vec<ClientPhone>,
    /// The client's photo.
    pub photo: Option<PhotoId>,
    /// Fields of the office's own: name and value, in the order given.
    pub custom: Vec<(String, String)>,
    /// When the client was entered.
    pub created_at: Timestamp,
    /// When something of the client last changed.
    pub updated_at: Timestamp,
}

impl Client {
    /// The fields that go by a name of their own in files; a custom field has another name.
    /// Further numbers are `phone4`, `phone5` and so on.
    pub const FIELDS: [&str; 12] = [
        "name", "company", "phone", "phone2", "phone3", "email", "category", "note", "city",
        "country", "language", "greeting",
    ];

    /// Whether a file's column of this name is one of the program's own, in any case: not a custom field.
    pub fn is_field(name: &str) -> bool {
        let name = name.trim().to_ascii_lowercase();
        let numbered = name
            .strip_prefix("phone")
            .is_some_and(|n| n.parse::<u16>().is_ok());
        numbered || Self::FIELDS.contains(&&*name)
    }

    /// A client of this name with nothing else known, of the category *ordinary*.
    pub fn named(name: impl Into<String>, now: Timestamp) -> Self {
        Self {
            id: ClientId::new(),
            name: name.into(),
            company: String::new(),
            category: CategoryId::ordinary(),
            note: String::new(),
            greeting: None,
            city: String::new(),
            country: String::new(),
            language: String::new(),
            email: String::new(),
            phones: Vec::new(),
            photo: None,
            custom: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// The same client reachable at `number` too, with no label.
    pub fn with_phone(mut self, number: PhoneNumber) -> Self {
        self.phones.push(ClientPhone {
            number,
            label: String::new(),
        });
        self
    }
}

/// One of a client's numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientPhone {
    /// The number.
    pub number: PhoneNumber,
    /// What it is: "mobile", "accounts department"; may be empty.
    pub label: String,
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
    /// The client's category.
    pub category: CategoryId,
    /// City; may be empty.
    pub city: String,
    /// The first number.
    pub number: Option<PhoneNumber>,
}

/// The stable key of a category: `ordinary`, `vip`, `problem`, `potential`, or one of the office's own.
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
    /// The name of an icon of the Lucide set.
    pub icon: String,
    /// The place in lists, the smallest first.
    pub rank: i64,
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
    fn a_column_of_the_programs_own_is_no_custom_field() {
        for name in ["name", " Name ", "PHONE2", "phone17", "greeting"] {
            assert!(Client::is_field(name), "{name:?}");
        }
        for name in ["Contract", "phones", "phone-2", ""] {
            assert!(!Client::is_field(name), "{name:?}");
        }
    }
}
