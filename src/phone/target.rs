//! What a person types to call somebody, and the URI it means.

use ringbook_sip::message::{Host, Uri};

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
    /// Reads what was typed; numbers by the rules of `country`, names at `domain`.
    pub fn parse(
        text: &str,
        country: Option<Country>,
        domain: &Host,
        port: Option<u16>,
    ) -> Result<Self, TargetError> {
        let typed = text.trim();
        if typed.is_empty() {
            return Err(TargetError::Empty);
        }
        if typed.len() > MAX_TARGET {
            return Err(TargetError::TooLong(typed.len()));
        }
        let lower = typed.get(..5).unwrap_or(typed).to_ascii_lowercase();
        if lower.starts_with("sip:") || lower.starts_with("sips:") {
            return Self::from_uri(typed, typed, country);
        }
        if lower.starts_with("tel:") {
            return Self::from_number(typed, country, domain, port);
        }
        if typed.contains('@') {
            return Self::from_uri(typed, &format!("sip:{typed}"), country);
        }
        Self::from_number(typed, country, domain, port)
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

    fn from_number(
        typed: &str,
        country: Option<Country>,
        domain: &Host,
        port: Option<u16>,
    ) -> Result<Self, TargetError> {
        let party = Party::parse(typed, country);
        let user = match party.number {
            Some(number) => number.e164(),
            None => plain_user(typed).ok_or_else(|| TargetError::Unreadable(typed.to_owned()))?,
        };
        let party = Party {
            text: party.number.map_or_else(|| user.clone(), |_| party.text),
            ..party
        };
        Ok(Self {
            uri: Uri::sip(Some(&user), domain.clone(), port),
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

    fn uri(text: &str) -> String {
        let domain = Host::parse("office.example").unwrap();
        let target = Target::parse(text, Some("KZ".parse().unwrap()), &domain, None).unwrap();
        target.uri.to_string()
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
        let domain = Host::parse("office.example").unwrap();
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
            let error = Target::parse(text, None, &domain, None)
                .expect_err(text)
                .to_string();
            assert!(
                error.contains("allowed: a number such as"),
                "{text:?}: {error}"
            );
        }
        let long = "9".repeat(600);
        let error = Target::parse(&long, None, &domain, None).unwrap_err();
        assert_eq!(error, TargetError::TooLong(600));
    }

    #[test]
    fn the_party_is_the_number_or_the_name() {
        let domain = Host::parse("office.example").unwrap();
        let country = Some("KZ".parse().unwrap());
        let party = |text: &str| Target::parse(text, country, &domain, None).unwrap().party;
        assert_eq!(party("8 701 111 22 33").logged(), "+77011112233");
        assert_eq!(party("sip:87011112233@gw.example").logged(), "+77011112233");
        assert_eq!(party("1-02").logged(), "102");
        assert_eq!(party("bob@other.example").logged(), "bob");
    }
}
