//! What is typed below a head, in people's words and in the program's.

use ringbook_ui::Words;
use ringbook_ui::slint::ComponentHandle;

use super::super::{LogPage, map_status};
use crate::model::{CallColumn, CallStatus, Category, Direction, Holds};
use crate::tr;

impl LogPage {
    /// The words of a column, as the program names them and as people read them.
    pub(super) fn people_words(&self, column: CallColumn) -> Vec<(String, String)> {
        let Some(window) = self.window.upgrade() else {
            return Vec::new();
        };
        match column.holds() {
            Holds::Word(_) if column == CallColumn::Direction => vec![
                (Direction::Incoming.to_string(), tr!("Incoming")),
                (Direction::Outgoing.to_string(), tr!("Outgoing")),
            ],
            Holds::Word(_) => {
                let texts = window.global::<Words>();
                let all = CallStatus::ALL.iter().flat_map(|&status| {
                    let shown = |incoming| texts.invoke_outcome(map_status(status), incoming);
                    let (incoming, outgoing) = (shown(true), shown(false));
                    let other = (outgoing != incoming).then_some(outgoing);
                    let all = std::iter::once(incoming).chain(other);
                    all.map(move |shown| (status.to_string(), shown.to_string()))
                });
                all.collect()
            }
            Holds::Category => {
                let categories = self.table.categories.borrow();
                let named = |one: &Category| (one.id.as_str().to_owned(), one.name.clone());
                categories.iter().map(named).collect()
            }
            Holds::Flag => vec![("yes".to_owned(), tr!("yes")), ("no".to_owned(), tr!("no"))],
            _ => Vec::new(),
        }
    }

    /// What was typed in people's words, in the program's.
    pub(super) fn program_words(&self, column: CallColumn, typed: &str) -> String {
        in_program_words(&self.people_words(column), typed)
    }

    /// The other way round.
    pub(super) fn shown_words(&self, column: CallColumn, asked: &str) -> String {
        let words = self.people_words(column);
        if words.is_empty() {
            return asked.to_owned();
        }
        joined(asked.split(',').map(str::trim).map(|asked| {
            let known = words.iter().find(|(word, _)| word == asked);
            known.map_or_else(|| asked.to_owned(), |(_, shown)| shown.clone())
        }))
    }
}

/// Typed words in the program's: each that a word begins with, in any case.
fn in_program_words(words: &[(String, String)], typed: &str) -> String {
    if words.is_empty() {
        return typed.to_owned();
    }
    let mut found: Vec<String> = Vec::new();
    for part in typed
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let begun = part.to_lowercase();
        let exact = words.iter().any(|(_, shown)| shown.to_lowercase() == begun);
        let mut any = false;
        for (word, shown) in words {
            let shown = shown.to_lowercase();
            let meant = match exact {
                true => shown == begun,
                false => shown.starts_with(&begun) || *word == begun,
            };
            any |= meant;
            if meant && !found.contains(word) {
                found.push(word.clone());
            }
        }
        if !any {
            found.push(part.to_owned());
        }
    }
    joined(found)
}

pub(super) fn joined(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_10_words_are_typed_as_people_read_them_and_kept_as_the_program_names_them() {
        let words: Vec<(String, String)> = [
            ("answered", "Отвечен"),
            ("answered_elsewhere", "Отвечен в другом месте"),
            ("missed", "Пропущен"),
            ("missed", "Нет ответа"),
        ]
        .map(|(word, shown)| (word.to_owned(), shown.to_owned()))
        .to_vec();
        let read = |typed| in_program_words(&words, typed);
        assert_eq!(read("проп"), "missed");
        assert_eq!(read("отвечен"), "answered");
        assert_eq!(read("отв"), "answered, answered_elsewhere");
        assert_eq!(read("нет ответа, отвечен"), "missed, answered");
        assert_eq!(read("missed"), "missed");
        assert_eq!(read("забыт"), "забыт");
        assert_eq!(in_program_words(&[], "любой"), "любой");
    }
}
