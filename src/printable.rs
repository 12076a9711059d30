//! Strangers' texts, for a terminal.

/// `text` on one line with nothing that steers a terminal or turns the reading direction:
/// such characters are shown by their code. A caller's name is a stranger's text.
pub fn printable(text: &str) -> String {
    escaped_but(text, |_| false)
}

/// As [`printable`], for a sentence of ours: what it isolates for the reading direction stays isolated.
#[cfg(feature = "gui")]
pub fn printable_sentence(text: &str) -> String {
    let closed = isolates_are_closed(text);
    escaped_but(text, |c| closed && matches!(c, '\u{2068}' | '\u{2069}'))
}

/// Whether every isolate (UAX #9) that a text opens is closed again, and no other.
#[cfg(feature = "gui")]
pub fn isolates_are_closed(text: &str) -> bool {
    let depth = text.chars().try_fold(0_usize, |depth, c| match c {
        '\u{2066}'..='\u{2068}' => Some(depth + 1),
        '\u{2069}' => depth.checked_sub(1),
        _ => Some(depth),
    });
    depth == Some(0)
}

fn escaped_but(text: &str, is_kept: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if is_kept(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '\u{200e}'
            | '\u{200f}'
            | '\u{061c}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => shown.extend(c.escape_unicode()),
            c if c.is_control() => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "gui")]
    #[test]
    fn what_a_sentence_isolates_stays_isolated_where_it_is_closed() {
        let sentence = "اتصل \u{2068}Ivan\u{2069} دون جدوى";
        assert_eq!(printable_sentence(sentence), sentence);
        for text in ["a\u{2069}b", "a\u{2068}b", "\u{2069}a\u{2068}"] {
            assert_eq!(printable_sentence(text), printable(text));
        }
    }

    #[test]
    fn a_strangers_text_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2Jb\nc\u{202e}d"),
            "a\\u{1b}[2Jb\\nc\\u{202e}d"
        );
        assert_eq!(printable("فاطمة"), "فاطمة");
    }
}
