//! Addresses in header fields: `"Display Name" <uri>;parameters`.

use std::fmt;

use super::lex::{quote, split_quoted, unquote};
use super::{Params, SyntaxError, Uri};

/// The value of From, To, Contact, Route, Record-Route, Refer-To and their like
/// (`name-addr` or `addr-spec` with parameters, RFC 3261 §20.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name as a person reads it, quotes and quoted pairs resolved. It came from the
    /// network and may hold control characters. Never empty.
    pub display: Option<String>,
    /// The address.
    pub uri: Uri,
    /// The header field's parameters; those of the URI are in the URI.
    pub params: Params,
}

impl NameAddr {
    /// An address without display name and parameters.
    pub fn new(uri: Uri) -> Self {
        Self {
            display: None,
            uri,
            params: Params::new(),
        }
    }

    /// Reads one address.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let text = text.trim();
        if text.starts_with('"') {
            let (display, rest) = split_quoted(text).ok_or(SyntaxError::QuotedString)?;
            let bracketed = rest
                .trim_start()
                .strip_prefix('<')
                .ok_or(SyntaxError::Brackets)?;
            return Self::parse_bracketed(&unquote(display), bracketed);
        }
        match text
            .find(['<', '"', ';'])
            .map(|at| (at, text.as_bytes()[at]))
        {
            // A display name that should have been quoted is taken as it is (RFC 4475 §3.1.2.15).
            Some((at, b'<')) => Self::parse_bracketed(text[..at].trim_end(), &text[at + 1..]),
            Some((_, b'"')) => Err(SyntaxError::QuotedString),
            at => Self::parse_plain(text, at.map_or(text.len(), |(at, _)| at)),
        }
    }

    fn parse_bracketed(display: &str, text: &str) -> Result<Self, SyntaxError> {
        let (uri, rest) = text.split_once('>').ok_or(SyntaxError::Brackets)?;
        // No header field holds line ends. Those from elsewhere are what they are written as.
        let display = display.replace(['\r', '\n'], " ");
        Ok(Self {
            display: (!display.is_empty()).then_some(display),
            // Spaces within the brackets are ignored (RFC 4475 §3.1.2.14).
            uri: Uri::parse(uri.trim())?,
            params: Params::parse(rest)?,
        })
    }

    /// Without brackets, parameters are the header field's, and the URI may hold neither a comma
    /// nor a question mark (RFC 3261 §20).
    fn parse_plain(text: &str, uri_end: usize) -> Result<Self, SyntaxError> {
        let (uri, params) = text.split_at(uri_end);
        if uri.contains(['?', ',']) {
            return Err(SyntaxError::Brackets);
        }
        Ok(Self {
            display: None,
            uri: Uri::parse(uri.trim_end())?,
            params: Params::parse(params)?,
        })
    }

    /// The dialog tag (RFC 3261 §19.3).
    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag")
    }

    /// Sets the dialog tag.
    pub fn set_tag(&mut self, tag: &str) {
        self.params.set("tag", Some(tag));
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write!(f, "{} ", quote(display))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

impl std::str::FromStr for NameAddr {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::parse(text)
    }
}
