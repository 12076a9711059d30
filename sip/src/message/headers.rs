//! Header fields by name.

use super::NameAddr;
use super::lex::split_commas;
use super::vocabulary::{Field, expand};

/// Header fields in their order, without those that every message has as typed fields
/// (Via, From, To, Call-ID, CSeq, Max-Forwards) and without Content-Length, which the writer
/// counts itself. Names are equal whatever their case, compact forms equal the long ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<Field>);

impl Headers {
    /// No header fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the first header field of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// The values of all header fields of this name, in order, not split at commas.
    pub fn get_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let name = expand(name);
        self.0
            .iter()
            .filter(|field| field.name().eq_ignore_ascii_case(name))
            .map(Field::value)
    }

    /// Whether a header field of this name is there.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Adds a header field at the end. Line ends in the value become spaces on the wire.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(Field::new(name, value.into()));
    }

    /// Adds a header field in front of all others.
    pub fn push_front(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(0, Field::new(name, value.into()));
    }

    /// Puts one header field in the place of all of this name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Takes out all header fields of this name.
    pub fn remove(&mut self, name: &str) {
        let name = expand(name);
        self.0
            .retain(|field| !field.name().eq_ignore_ascii_case(name));
    }

    /// All header fields in order: name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|field| (field.name(), field.value()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The elements of a comma-joined list, over all header fields of this name: Require,
    /// Supported, Allow and their like. Empty elements are left out.
    pub fn list<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.get_all(name)
            .flat_map(split_commas)
            .filter(|element| !element.is_empty())
    }

    /// Whether the list of this name has the element, whatever its case.
    pub fn list_has(&self, name: &str, element: &str) -> bool {
        self.list(name)
            .any(|known| known.eq_ignore_ascii_case(element))
    }

    /// The addresses under this name, over all its header fields. What is no address is left
    /// out: the reader refused a request with a malformed Contact, Route or Record-Route.
    pub fn addresses(&self, name: &str) -> Vec<NameAddr> {
        self.list(name)
            .filter_map(|element| NameAddr::parse(element).ok())
            .collect()
    }

    /// The addresses in Contact; `*` is none ([`Headers::has_wildcard_contact`]).
    pub fn contacts(&self) -> Vec<NameAddr> {
        self.addresses("Contact")
    }

    /// Whether Contact is `*`: remove all bindings (RFC 3261 §10.2.2).
    pub fn has_wildcard_contact(&self) -> bool {
        self.list_has("Contact", "*")
    }

    /// The addresses in Route.
    pub fn routes(&self) -> Vec<NameAddr> {
        self.addresses("Route")
    }

    /// The addresses in Record-Route.
    pub fn record_routes(&self) -> Vec<NameAddr> {
        self.addresses("Record-Route")
    }

    /// The number a header field starts with: Expires, Min-Expires, Retry-After, Min-SE.
    /// One too large for 32 bits is the largest (RFC 4475 §3.1.2.4).
    pub fn number(&self, name: &str) -> Option<u32> {
        let value = self.get(name)?;
        let end = value
            .bytes()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(value.len());
        let digits = &value[..end];
        (!digits.is_empty()).then(|| digits.parse().unwrap_or(u32::MAX))
    }

    /// The media type of the body, without its parameters: `application/sdp`.
    pub fn media_type(&self) -> Option<&str> {
        let value = self.get("Content-Type")?;
        Some(value.split(';').next().unwrap_or(value).trim())
    }
}
