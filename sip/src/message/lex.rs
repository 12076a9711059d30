//! Characters, lists and quotes: what RFC 3261 §25.1 calls the basic rules.

use std::borrow::Cow;

/// Whether `byte` may stand in a token (RFC 3261 §25.1).
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// Whether `text` is a non-empty token.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// The elements of a comma-joined list. Commas in quoted strings and in `<…>` join nothing.
///
/// Elements come trimmed and may be empty; the reader of an element decides what that means.
pub fn split_commas(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match comma_at(text) {
            Some(at) => {
                rest = Some(&text[at + 1..]);
                Some(text[..at].trim())
            }
            None => {
                rest = None;
                Some(text.trim())
            }
        }
    })
}

fn comma_at(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'<' => bracketed = true,
            b'>' => bracketed = false,
            b',' if !bracketed => return Some(at),
            _ => {}
        }
    }
    None
}

/// Splits `text`, which starts with a quotation mark, behind the mark that closes it:
/// the quoted string with its marks, and what follows. `None` when nothing closes it.
pub fn split_quoted(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(text.split_at(at + 1)),
            _ => {}
        }
    }
    None
}

/// The content of a quoted string, its quoted pairs resolved; text without marks as it is.
pub fn unquote(text: &str) -> Cow<'_, str> {
    let Some(inner) = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    else {
        return Cow::Borrowed(text);
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut content = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => content.extend(characters.next()),
            other => content.push(other),
        }
    }
    Cow::Owned(content)
}

/// `content` as a quoted string. Marks, backslashes and control characters become quoted pairs;
/// line ends, which no quoted pair may carry, become spaces.
pub fn quote(content: &str) -> String {
    let mut text = String::with_capacity(content.len() + 2);
    text.push('"');
    for character in content.chars() {
        match character {
            '\r' | '\n' => text.push(' '),
            '"' | '\\' => text.extend(['\\', character]),
            other if other.is_ascii_control() => text.extend(['\\', other]),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}
