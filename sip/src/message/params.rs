//! Parameters of header fields and URIs: `;name` and `;name=value`.

use std::borrow::Cow;
use std::fmt;

use super::lex::{is_token_byte, split_quoted, unquote};
use super::{SyntaxError, limits};

/// Parameters in their order. Names are equal whatever their case.
///
/// Values are kept as they were written, quoted strings with their marks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the parameters behind a header field's value: empty, or `;name=value;…`.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut params = Self::new();
        params.read(text)?;
        Ok(params)
    }

    /// Reads as many parameters as are well formed, and leaves the rest.
    pub(crate) fn parse_leniently(text: &str) -> Self {
        let mut params = Self::new();
        // What is wrong with the rest was reported where the message was refused.
        let _ = params.read(text);
        params
    }

    fn read(&mut self, text: &str) -> Result<(), SyntaxError> {
        let mut rest = text.trim();
        while !rest.is_empty() {
            rest = rest
                .strip_prefix(';')
                .ok_or(SyntaxError::Param)?
                .trim_start();
            let name_end = end_of(rest, |byte| !is_token_byte(byte));
            let (name, behind) = rest.split_at(name_end);
            if name.is_empty() {
                return Err(SyntaxError::Param);
            }
            let (value, behind) = match behind.trim_start().strip_prefix('=') {
                Some(text) => {
                    let (value, behind) = split_value(text.trim_start())?;
                    (Some(value.to_owned()), behind)
                }
                None => (None, behind),
            };
            self.add(name.to_owned(), value)?;
            rest = behind.trim_start();
        }
        Ok(())
    }

    /// Adds a parameter that was read, within the limit.
    pub(super) fn add(&mut self, name: String, value: Option<String>) -> Result<(), SyntaxError> {
        if self.0.len() == limits::PARAMS {
            return Err(SyntaxError::TooManyParams);
        }
        self.0.push((name, value));
        Ok(())
    }

    /// Whether the parameter is there, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value as it was written. `None` when the parameter is absent or has no value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name)?.1.as_deref()
    }

    /// The value without quotation marks and quoted pairs.
    pub fn get_unquoted(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).map(unquote)
    }

    /// Sets the parameter, in its old place or at the end. The value must be a token, a host or
    /// a quoted string: the caller quotes (see [`super::quote`]).
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match self
            .0
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Takes the parameter out.
    pub fn remove(&mut self, name: &str) {
        self.0
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// All parameters in order: name, and the value as it was written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses a parameter that stands twice where two readers could pick different ones.
    pub(super) fn refuse_repeated(&self, name: &str) -> Result<(), SyntaxError> {
        let count = self
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .count();
        if count > 1 {
            Err(SyntaxError::RepeatedParam)
        } else {
            Ok(())
        }
    }

    fn find(&self, name: &str) -> Option<&(String, Option<String>)> {
        self.0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

/// Splits a value from what follows: a quoted string, or everything up to the next separator.
/// Wider than a token, for hosts, IPv6 addresses (RFC 5118 §4.5) and what peers put in branches.
fn split_value(text: &str) -> Result<(&str, &str), SyntaxError> {
    if text.starts_with('"') {
        return split_quoted(text).ok_or(SyntaxError::QuotedString);
    }
    let end = end_of(text, |byte| {
        b";,\"<> \t".contains(&byte) || byte.is_ascii_control()
    });
    if end == 0 {
        Err(SyntaxError::Param)
    } else {
        Ok(text.split_at(end))
    }
}

fn end_of(text: &str, is_end: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(is_end).unwrap_or(text.len())
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            write!(f, ";{name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}
