//! Cells of CSV files that a spreadsheet would take for a formula.
//!
//! A cell that begins with `=`, `+`, `-`, `@` (or their full-width forms, a tab, a line's end) gets
//! an apostrophe in front, which spreadsheets show as plain text. So does a cell that would then
//! be mistaken for such a one: `'=`. Reading takes exactly that apostrophe away again, so every
//! text comes back as it was, and a cell such as `'tis` is left alone both ways.

use std::borrow::Cow;

/// `text` as it is written into a cell.
pub fn neutralised(text: &str) -> Cow<'_, str> {
    let mut characters = text.chars();
    let endangered = match (characters.next(), characters.next()) {
        (Some('\''), Some(second)) => second == '\'' || is_trigger(second),
        (Some(first), _) => is_trigger(first),
        (None, _) => false,
    };
    if endangered {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that was written as this cell.
pub fn restored(cell: &str) -> &str {
    let rest = cell.strip_prefix('\'').unwrap_or(cell);
    let was_endangered =
        rest.len() < cell.len() && rest.starts_with(|c: char| c == '\'' || is_trigger(c));
    if was_endangered { rest } else { cell }
}

fn is_trigger(c: char) -> bool {
    matches!(
        c,
        '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralised_and_come_back_the_same() {
        for (text, cell) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+77011112233", "'+77011112233"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("''", "'''"),
            ("'tis", "'tis"),
            ("'", "'"),
            ("Ivan", "Ivan"),
            ("", ""),
        ] {
            assert_eq!(neutralised(text), cell);
            assert_eq!(restored(cell), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn every_text_comes_back_and_no_cell_begins_a_formula(text in "['=+@\\-\\t\\PC]{0,12}") {
            let cell = neutralised(&text);
            proptest::prop_assert!(!cell.starts_with(is_trigger));
            proptest::prop_assert_eq!(restored(&cell), text.as_str());
        }
    }
}
