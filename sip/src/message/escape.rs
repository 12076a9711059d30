//! Percent escapes in URIs (RFC 3261 §19.1.2).

use std::borrow::Cow;
use std::fmt::Write;

use super::SyntaxError;

/// Characters equal to their escape (RFC 3261 §19.1.4, RFC 2396 §2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte)
}

/// Characters that stand unescaped in a user (RFC 3261 §25.1).
fn is_user_byte(byte: u8) -> bool {
    is_unreserved(byte) || b"&=+$,;?/".contains(&byte)
}

/// Writes every escape in one way, so that equal texts are equal byte by byte: unreserved
/// characters plainly, all others with capital digits.
pub(super) fn normalize(text: &str) -> Result<String, SyntaxError> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        normal.push_str(before);
        let byte = escaped_byte(behind).ok_or(SyntaxError::Escape)?;
        match is_unreserved(byte) {
            true => normal.push(char::from(byte)),
            false => push_escape(&mut normal, byte),
        }
        rest = &behind[2..];
    }
    normal.push_str(rest);
    Ok(normal)
}

/// Resolves all escapes. What is no UTF-8 then is replaced by U+FFFD.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        rest = match escaped_byte(behind) {
            Some(byte) => {
                bytes.push(byte);
                &behind[2..]
            }
            None => {
                bytes.push(b'%');
                behind
            }
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Escapes what may not stand plainly in a user.
pub(super) fn escape_user(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match is_user_byte(byte) {
            true => escaped.push(char::from(byte)),
            false => push_escape(&mut escaped, byte),
        }
    }
    escaped
}

fn push_escape(text: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(text, "%{byte:02X}");
}

fn escaped_byte(text: &str) -> Option<u8> {
    let digit = |at: usize| char::from(*text.as_bytes().get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}
