//! From bytes to header fields: lines, folding, names. No value is understood here.

use std::borrow::Cow;

use super::lex::is_token_byte;
use super::vocabulary::expand;
use super::{Fault, limits};

/// Start line and header fields of one message, up to the first fault.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    pub(super) start_line: &'a [u8],
    pub(super) fields: Vec<RawField<'a>>,
    /// What ended the reading early. The fields read until then may serve to answer.
    pub(super) fault: Option<Fault>,
}

/// A header field: its long name, and its value unfolded and trimmed. What is no UTF-8 was
/// replaced by U+FFFD.
#[derive(Debug)]
pub(super) struct RawField<'a> {
    pub(super) name: &'a str,
    pub(super) value: Cow<'a, str>,
}

impl<'a> Head<'a> {
    /// Reads `bytes`, which reach to the end of the last header line.
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let mut head = Self::default();
        let mut lines = Lines(bytes);
        head.start_line = lines.next().unwrap_or_default();
        if head.start_line.contains(&b'\r') || head.start_line.contains(&b'\n') {
            head.fault = Some(Fault::HeaderLine);
        }
        if head.start_line.len() > limits::HEADER {
            head.fault = Some(Fault::HeaderTooLarge);
        }
        for line in lines {
            if let Err(fault) = head.read_line(line) {
                head.fault.get_or_insert(fault);
                break;
            }
        }
        head.fields.iter_mut().for_each(RawField::trim_end);
        head
    }

    fn read_line(&mut self, line: &'a [u8]) -> Result<(), Fault> {
        if line.contains(&b'\r') || line.contains(&b'\n') {
            return Err(Fault::HeaderLine);
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return self.unfold(line);
        }
        if line.len() > limits::HEADER {
            return Err(Fault::HeaderTooLarge);
        }
        if self.fields.len() == limits::HEADERS {
            return Err(Fault::TooManyHeaders);
        }
        let colon = line
            .iter()
            .position(|&byte| byte == b':')
            .ok_or(Fault::HeaderLine)?;
        let name = line[..colon].trim_ascii_end();
        if name.is_empty() || !name.iter().copied().all(is_token_byte) {
            return Err(Fault::HeaderLine);
        }
        let name = std::str::from_utf8(name).map_err(|_| Fault::HeaderLine)?;
        let value = String::from_utf8_lossy(line[colon + 1..].trim_ascii_start());
        self.fields.push(RawField {
            name: expand(name),
            value,
        });
        Ok(())
    }

    /// A line that starts with white space continues the field before it; line end and white
    /// space count as one space (RFC 3261 §7.3.1).
    fn unfold(&mut self, line: &[u8]) -> Result<(), Fault> {
        let field = self.fields.last_mut().ok_or(Fault::HeaderLine)?;
        let line = line.trim_ascii();
        if field.value.len() + 1 + line.len() > limits::HEADER {
            return Err(Fault::HeaderTooLarge);
        }
        let value = field.value.to_mut();
        value.truncate(value.trim_ascii_end().len());
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(&String::from_utf8_lossy(line));
        Ok(())
    }

    /// The values of all fields of this name.
    pub(super) fn values<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b str> {
        let named = |field: &&RawField<'_>| field.name.eq_ignore_ascii_case(name);
        self.fields
            .iter()
            .filter(named)
            .map(|field| field.value.as_ref())
    }

    /// The value of a field that may stand only once.
    pub(super) fn single(&self, name: &'static str) -> Result<Option<&str>, Fault> {
        let mut values = self
            .fields
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(Fault::Repeated(name)),
            (first, _) => Ok(first.map(|field| field.value.as_ref())),
        }
    }

    /// Octets of the body, where the message says so.
    pub(super) fn content_length(&self) -> Result<Option<usize>, Fault> {
        let Some(digits) = self.single("Content-Length")? else {
            return Ok(None);
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Fault::ContentLength);
        }
        // What does not fit is larger than every message.
        Ok(Some(digits.parse().unwrap_or(usize::MAX)))
    }
}

impl RawField<'_> {
    fn trim_end(&mut self) {
        let end = self.value.trim_ascii_end().len();
        match &mut self.value {
            Cow::Borrowed(text) => *text = &text[..end],
            Cow::Owned(text) => text.truncate(end),
        }
    }
}

/// The end of the header fields: behind the empty line. `from` is where an earlier search ended.
/// A line end without its CR is a fault: where it counts as one and where not, readers differ.
pub(super) fn find_head_end(bytes: &[u8], from: usize) -> Result<Option<usize>, Fault> {
    let mut at = from;
    while let Some(offset) = bytes[at..].iter().position(|&byte| byte == b'\n') {
        at += offset + 1;
        if !bytes[..at].ends_with(b"\r\n") {
            return Err(Fault::HeaderLine);
        }
        if bytes[..at].ends_with(b"\r\n\r\n") {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Lines that end with CR LF; the last one may lack it. A stray CR or LF stays in its line.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = self
            .0
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(self.0.len(), |at| at + 1);
        let (line, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(line.strip_suffix(b"\r\n").unwrap_or(line))
    }
}
