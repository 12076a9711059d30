//! What a person types to call somebody, and the URI it means.

use ringbook_sip::message::Uri;

use super::account::LineInfo;
use crate::model::{Country, Party};

/// The most characters a target is typed with.
const MAX_TARGET: usize = 512;

/// Whom to call.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The Request-URI.
    pub uri: Uri,
    /// The same for people and the call log.
    pub party: Party,
}

/// Why a text cannot be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing was typed.
    #[error("nothing to call; allowed: {ALLOWED}")]
    Empty,
    /// Longer than any address.
    #[error("too long to be an address ({0} characters, at most {MAX_TARGET})")]
    TooLong(usize),
    /// A URI that cannot be read.
    #[error("{text:?} is no address that can be called: {reason}; allowed: {ALLOWED}")]
    BadUri {
        /// What was typed.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// Neither a number nor a user name.
    #[error("{0:?} is neither a number nor a user name; allowed: {ALLOWED}")]
    Unreadable(String),
}

const ALLOWED: &str =
    "a number such as +7 701 111 22 33, an extension, a user name, a sip: or a tel: address";

impl Target {
    /// Reads what was typed, by the rules of the line that is to call.
    pub fn parse(text: &str, line: &LineInfo) -> Result<Self, TargetError> {
        let typed = text.trim();
        if typed.is_empty() {
            return Err(TargetError::Empty);
        }
        if typed.len() > MAX_TARGET {
            return Err(TargetError::TooLong(typed.len()));
        }
        let lower = typed.get(..5).unwrap_or(typed).to_ascii_lowercase();
        if lower.starts_with("sip:") || lower.starts_with("sips:") {
            return Self::from_uri(typed, typed, line.country);
        }
        if lower.starts_with("tel:") {
            return Self::from_number(typed, line);
        }
        if typed.contains('@') {
            return Self::from_uri(typed, &format!("sip:{typed}"), line.country);
        }
        Self::from_number(typed, line)
    }

    fn from_uri(typed: &str, uri: &str, country: Option<Country>) -> Result<Self, TargetError> {
        let uri = Uri::parse(uri).map_err(|error| TargetError::BadUri {
            text: typed.to_owned(),
            reason: error.to_string(),
        })?;
        let text = match uri.user() {
            Some(user) => user.into_owned(),
            None => uri.host().map(ToString::to_string).unwrap_or_default(),
        };
        Ok(Self {
            uri,
            party: Party::parse(&text, country),
        })
    }

    fn from_number(typed: &str, line: &LineInfo) -> Result<Self, TargetError> {
        let party = Party::parse(typed, line.country);
        let user = match party.number {
            Some(number) if !line.is_emergency(typed) => line.outside(&number.e164()),
            _ => plain_user(typed).ok_or_else(|| TargetError::Unreadable(typed.to_owned()))?,
        };
        let party = Party {
            text: party.number.map_or_else(|| user.clone(), |_| party.text),
            ..party
        };
        Ok(Self {
            uri: Uri::sip(Some(&user), line.domain.clone(), line.port),
            party,
        })
    }
}

/// An extension, a service code or a user name; separators that people put into numbers fall out
/// where nothing but digits is left.
fn plain_user(typed: &str) -> Option<String> {
    let bare = typed
        .get(..4)
        .filter(|head| head.eq_ignore_ascii_case("tel:"));
    let typed = bare.map_or(typed, |_| &typed[4..]);
    let digits: String = typed
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/'))
        .collect();
    let dialled = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
    if !digits.is_empty() && digits.chars().all(dialled) {
        return Some(digits);
    }
    let named = |c: char| c.is_alphanumeric() || "-_.!~*'&=+$".contains(c);
    (!typed.is_empty() && typed.chars().all(named)).then(|| typed.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::phone::account::Line;
    use crate::settings::{Account, Dialing};

    fn line(country: Option<&str>, dialing: Dialing) -> LineInfo {
        let account = Account {
            country: country.map(|country| country.parse().unwrap()),
            dialing,
            ..Account::new("sip:101@office.example")
        };
        LineInfo::clone(&Line::new(&account, None).unwrap().info)
    }

    fn uri(text: &str) -> String {
        let line = line(Some("KZ"), Dialing::default());
        Target::parse(text, &line).unwrap().uri.to_string()
    }

    #[test]
    fn each_line_has_its_own_way_of_dialling() {
        let dialing = Dialing {
            prefix: "9".to_owned(),
            strip: "+".to_owned(),
            emergency: vec!["112".to_owned(), "88005553535".to_owned()],
        };
        let line = line(Some("RU"), dialing);
        for (text, user) in [
            ("8 495 123-45-67", "974951234567"),
            ("+36 30 555 0101", "936305550101"),
            ("102", "102"),
            ("112", "112"),
            ("8 800 555 35 35", "88005553535"),
            ("bob", "bob"),
            ("sip:+74951234567@other.example", "+74951234567"),
        ] {
            let target = Target::parse(text, &line).unwrap();
            assert_eq!(target.uri.user().unwrap(), user, "{text:?}");
        }
    }

    #[test]
    fn whatever_people_type_becomes_an_address() {
        let cases = [
            ("8 (701) 111-22-33", "sip:+77011112233@office.example"),
            ("+36 30 555 0101", "sip:+36305550101@office.example"),
            ("tel:+7-701-111-22-33", "sip:+77011112233@office.example"),
            (" 102 ", "sip:102@office.example"),
            ("1-02", "sip:102@office.example"),
            ("*98#", "sip:*98%23@office.example"),
            ("112", "sip:112@office.example"),
            ("bob", "sip:bob@office.example"),
            ("bob@other.example", "sip:bob@other.example"),
            (
                "sip:bob@127.0.0.1:5070;transport=tcp",
                "sip:bob@127.0.0.1:5070;transport=tcp",
            ),
            ("SIP:bob@other.example", "sip:bob@other.example"),
        ];
        for (text, expected) in cases {
            assert_eq!(uri(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_called_is_refused_with_what_is_allowed() {
        let line = line(None, Dialing::default());
        for text in [
            "",
            "  ",
            "two words",
            "sip:",
            "sip:bob@",
            "http://x",
            "a,b",
            "<sip:a@b>",
            "b\u{0}b@c",
        ] {
            let error = Target::parse(text, &line).expect_err(text).to_string();
            assert!(
                error.contains("allowed: a number such as"),
                "{text:?}: {error}"
            );
        }
        let long = "9".repeat(600);
        let error = Target::parse(&long, &line).unwrap_err();
        assert_eq!(error, TargetError::TooLong(600));
    }

    #[test]
    fn the_party_is_the_number_or_the_name() {
        let line = line(Some("KZ"), Dialing::default());
        let party = |text: &str| Target::parse(text, &line).unwrap().party;
        assert_eq!(party("8 701 111 22 33").logged(), "+77011112233");
        assert_eq!(party("sip:87011112233@gw.example").logged(), "+77011112233");
        assert_eq!(party("1-02").logged(), "102");
        assert_eq!(party("bob@other.example").logged(), "bob");
    }
}
