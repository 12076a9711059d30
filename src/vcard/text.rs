//! Texts within values: escapes (RFC 6350 §3.4), and what vCard cannot carry.

/// The text as a part of a value.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '\\' | ',' | ';' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The text that a value, or a part of one, stands for. A backslash before any other character is
/// one that somebody forgot to escape.
pub(super) fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(c @ ('\\' | ',' | ';' | ':')) => text.push(c),
                other => text.extend(std::iter::once('\\').chain(other)),
            },
            c => text.push(c),
        }
    }
    text
}

/// The parts of a value between separators that are not escaped, as texts.
pub(super) fn parts(value: &str, separator: char) -> Vec<String> {
    let (mut from, mut parts, mut is_escaped) = (0, Vec::new(), false);
    for (at, c) in value.char_indices() {
        if c == separator && !is_escaped {
            parts.push(unescaped(&value[from..at]));
            from = at + c.len_utf8();
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    parts.push(unescaped(&value[from..]));
    parts
}

/// The text as vCard can carry it: lines end in LF alone, and there are no control characters
/// (RFC 6350 §3.3).
pub(super) fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !is_control(*c)).collect()
}

/// Whether vCard cannot carry the text as it is.
pub(super) fn is_beyond(text: &str) -> bool {
    text.chars().any(|c| c == '\r' || is_control(c))
}

fn is_control(c: char) -> bool {
    c.is_ascii_control() && !matches!(c, '\t' | '\n')
}
