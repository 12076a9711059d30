//! Values of records and of the office's own fields: what may be written, and how it is read.

use std::fmt;

use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
use serde::Serialize;

use super::when::read_day;
use super::{Employee, Lists, Money, NotAllowed, When};

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// Any text.
    Text,
    /// A number with or without a fraction.
    Number,
    /// A number without a fraction.
    Whole,
    /// A day.
    Date,
    /// A moment.
    Moment,
    /// An amount of money.
    Money,
    /// An amount of money that is owed: none where it is 0.
    Debt,
    /// An address on the web.
    Link,
    /// Yes or no.
    Flag,
    /// Somebody who works in the office.
    Employee,
    /// How far a record has come: one of the office's stages, any text where it has none.
    Stage,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// A value that was given.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A text, never empty.
    Text(String),
    /// A number with or without a fraction.
    Number(f64),
    /// A number without a fraction.
    Whole(i64),
    /// A day.
    Date(Date),
    /// A moment.
    Moment(Timestamp),
    /// An amount of money.
    Money(Money),
    /// Yes; no is no value.
    Flag(bool),
    /// Somebody who works in the office.
    Employee(Employee),
}

impl Value {
    /// The text, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Reads what a person wrote for a column; empty is no value. An amount without a currency has
    /// that of `before`, the value so far.
    pub fn read(
        holds: ValueType,
        text: &str,
        before: Option<&Self>,
        lists: &Lists,
        now: &Zoned,
    ) -> Result<Option<Self>, NotAllowed> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(None);
        }
        let (value, allowed) = match holds {
            ValueType::Text => return Ok(Some(Self::Text(text.to_owned()))),
            ValueType::Stage => return Ok(Some(Self::Text(trimmed.to_owned()))),
            ValueType::Number => (read_number(trimmed).map(Self::Number), NUMBER),
            ValueType::Whole => (trimmed.parse().ok().map(Self::Whole), WHOLE),
            ValueType::Date => (When::day(trimmed, now).map(Self::Date), DATE),
            ValueType::Moment => {
                let when = When::parse(trimmed, now).ok();
                let at = when.map(|when| when.start(now.time_zone()));
                (at.map(Self::Moment), When::ALLOWED)
            }
            ValueType::Money | ValueType::Debt => {
                let money = Money::parse(trimmed, Self::currency(before)).ok();
                let nothing = money.as_ref().is_some_and(|money| money.minor == 0);
                if nothing && holds == ValueType::Debt {
                    return Ok(None);
                }
                (money.map(Self::Money), MONEY)
            }
            ValueType::Link => {
                let link = is_link(trimmed).then(|| Self::Text(trimmed.to_owned()));
                (link, LINK)
            }
            ValueType::Flag => match read_flag(trimmed) {
                Some(false) => return Ok(None),
                set => (set.map(Self::Flag), FLAG),
            },
            ValueType::Employee => {
                return lists
                    .load_employee(text)
                    .map(|employee| Some(Self::Employee(employee)));
            }
            ValueType::Choice(words) => {
                let word = trimmed.to_lowercase();
                let chosen = words.contains(&word.as_str()).then_some(Self::Text(word));
                return match chosen {
                    None => Err(NotAllowed::new(text, words.join(", "))),
                    chosen => Ok(chosen),
                };
            }
        };
        match value {
            None => Err(NotAllowed::new(text, allowed)),
            value => Ok(value),
        }
    }

    fn currency(value: Option<&Self>) -> &str {
        match value {
            Some(Self::Money(money)) => &money.currency,
            _ => "",
        }
    }

    /// As it is read again from files, in no language: `12500.50 KZT`, RFC 3339 for a moment.
    pub fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Date(day) => day.to_string(),
            Self::Moment(at) => at.to_string(),
            Self::Money(money) => money.plain(),
            Self::Flag(set) => yes_or_no(*set).to_owned(),
            Self::Employee(employee) => employee.plain(),
        }
    }
}

/// `yes` or `no`, as files say it.
pub fn yes_or_no(set: bool) -> &'static str {
    if set { "yes" } else { "no" }
}

/// What may be written for a flag.
pub const FLAG: &str = "yes, no";

/// Reads a flag as people write it in files.
pub fn read_flag(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// Reads a number: digits, spaces between them, a point before the fraction, a minus.
pub fn read_number(text: &str) -> Option<f64> {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let plain = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
    let number: f64 = bare.parse().ok()?;
    (bare.chars().all(plain) && number.is_finite()).then_some(number)
}

/// What a field of the office's own holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// A day.
    Date,
    /// One of the words that the office allows.
    Choice,
    /// An amount of money.
    Money,
    /// An address on the web.
    Link,
}

impl FieldType {
    /// Their words.
    pub const WORDS: &[&str] = &["text", "number", "date", "choice", "money", "link"];

    /// The type that this word names.
    pub fn from_word(word: &str) -> Option<Self> {
        const ALL: [FieldType; 6] = [
            FieldType::Text,
            FieldType::Number,
            FieldType::Date,
            FieldType::Choice,
            FieldType::Money,
            FieldType::Link,
        ];
        let at = FieldType::WORDS.iter().position(|known| *known == word)?;
        ALL.get(at).copied()
    }
}

/// A field of the office's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldDefinition {
    /// Its name.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Of a choice: what is allowed.
    pub choices: Vec<String>,
}

impl FieldDefinition {
    /// `text` as the field keeps it, or what would be allowed.
    pub fn fit(&self, text: &str) -> Result<String, String> {
        let trimmed = text.trim();
        let (fitting, allowed) = match self.kind {
            FieldType::Text => return Ok(text.to_owned()),
            FieldType::Number => (
                read_number(trimmed).map(|_| trimmed.split_whitespace().collect()),
                NUMBER.to_owned(),
            ),
            FieldType::Date => (
                read_day(trimmed).map(|day| day.to_string()),
                DATE.to_owned(),
            ),
            FieldType::Choice => {
                let wanted = trimmed.to_lowercase();
                let mut choices = self.choices.iter();
                let found = choices.find(|choice| choice.to_lowercase() == wanted);
                (found.cloned(), self.choices.join(", "))
            }
            FieldType::Money => (
                Money::parse(trimmed, "").ok().map(|_| trimmed.to_owned()),
                MONEY.to_owned(),
            ),
            FieldType::Link => (
                is_link(trimmed).then(|| trimmed.to_owned()),
                LINK.to_owned(),
            ),
        };
        fitting.ok_or(allowed)
    }
}

/// What may be written for a number.
pub const NUMBER: &str = "a number such as -1250.5";
/// What may be written for a number without a fraction.
pub const WHOLE: &str = "a whole number such as 10";
/// What may be written for a day.
pub const DATE: &str = "a day such as 2026-11-22 or 22.11.2026";
/// What may be written for an amount of money.
pub const MONEY: &str = "an amount such as 12 500.50 KZT";
/// What may be written for a link.
pub const LINK: &str = "an address such as https://office.example/17";

/// Whether a press on it opens a page: nothing else is let through to the system.
pub fn is_link(text: &str) -> bool {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        rest.starts_with(char::is_alphanumeric)
            && !text.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

/// A field of the office's own with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldValue {
    /// The field's name.
    pub name: String,
    /// What it holds; a field that the office has not defined is a text.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// The value.
    pub value: String,
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Self::WORDS.get(*self as usize).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_type_of_field_takes_what_fits_and_says_what_is_allowed() {
        for (word, good, kept, bad) in [
            ("number", " 12 500.5", "12500.5", "1,5"),
            ("number", "-3", "-3", "1e9"),
            ("number", "0.1", "0.1", "inf"),
            ("date", "22.11.2026", "2026-11-22", "11/22/2026"),
            ("choice", "GOLD", "Gold", "Tin"),
            ("money", "12 500 KZT", "12 500 KZT", "much"),
            (
                "link",
                "https://a.example/x?y",
                "https://a.example/x?y",
                "javascript:1",
            ),
            ("link", "http://a", "http://a", "https:// a"),
        ] {
            let field = FieldDefinition {
                name: "F".into(),
                kind: FieldType::from_word(word).unwrap(),
                choices: vec!["Gold".into(), "Silver".into()],
            };
            assert_eq!(field.kind.to_string(), word);
            assert_eq!(field.fit(good).as_deref(), Ok(kept));
            assert!(!field.fit(bad).unwrap_err().is_empty(), "{bad}");
            assert_eq!(field.fit(kept).as_deref(), Ok(kept));
        }
        assert_eq!(FieldType::from_word("colour"), None);
    }
}
