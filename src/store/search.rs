//! Finding clients by any part of name, company, e-mail, number or note, in any case and script.

use std::collections::HashSet;

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};
use unicode_normalization::char::{canonical_combining_class, decompose_compatible};

use super::values::{count, id, number_or_none};
use super::{Reader, Result};
use crate::model::{CategoryId, Client, ClientId, ClientSummary};

/// The most words of a query that count, and the most characters of it.
const MAX_WORDS: usize = 8;
const MAX_QUERY: usize = 128;
/// The search index knows runs of three characters; shorter words are looked for row by row.
const RUN: usize = 3;

/// A line of a list of clients: seven columns of `clients c`.
pub(super) const SUMMARY: &str = "c.id, c.name, c.company, c.category,
    ifnull((SELECT a.city FROM client_addresses a WHERE a.client = c.id AND a.deleted_at IS NULL
            ORDER BY a.place LIMIT 1), ''),
    (SELECT n.e164 FROM client_numbers n WHERE n.client = c.id AND n.deleted_at IS NULL
     ORDER BY n.place LIMIT 1), c.draft";

/// `text` for comparison: lower case, compatibility forms dissolved, accents and vowel points
/// gone, digits of every script as 0 to 9, letters that people take for one another made one.
/// The vowel signs of Indic scripts stay: there they are letters.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // What most texts are made of needs no table.
            '\0'..='\x7f' => folded.push(alike(c.to_ascii_lowercase())),
            'а'..='и' | 'к'..='я' => folded.push(c),
            c => dissolve(c, &mut folded),
        }
    }
    folded
}

/// One by one: in a text that is dissolved as a whole marks come in another order, but marks go.
fn dissolve(c: char, folded: &mut String) {
    let mut keep = |part: char| {
        if !is_mark(part) && !is_unseen(part) {
            folded.push(alike(part));
        }
    };
    decompose_compatible(c, |part| {
        for small in part.to_lowercase() {
            decompose_compatible(small, &mut keep);
        }
    });
}

/// Classes 0 (letters, Indic vowel signs) and 9 (virama) carry meaning; the rest are marks.
fn is_mark(c: char) -> bool {
    !matches!(canonical_combining_class(c), 0 | 9)
}

/// Joiners, marks of direction and the like; and the stroke that lengthens Arabic words.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{640}' | '\u{feff}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

fn alike(c: char) -> char {
    match c {
        '\u{660}'..='\u{669}' => digit(c, '\u{660}'),
        '\u{6f0}'..='\u{6f9}' => digit(c, '\u{6f0}'),
        '\u{966}'..='\u{96f}' => digit(c, '\u{966}'),
        'ı' => 'i',
        'ł' => 'l',
        'ø' => 'o',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ς' => 'σ',
        'ى' => 'ي',
        'ة' => 'ه',
        'ک' => 'ك',
        'ی' => 'ي',
        'ٱ' => 'ا',
        'ہ' | 'ھ' => 'ه',
        // Candrabindu and anusvara.
        'ँ' => 'ं',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

fn digit(c: char, zero: char) -> char {
    u8::try_from(u32::from(c) - u32::from(zero)).map_or(c, |value| char::from(b'0' + value))
}

/// What the search index holds of a client: a line for the name, the company, each e-mail, each number
/// and the note.
pub(super) fn searchable(client: &Client) -> String {
    let mut lines = vec![fold(&client.name), fold(&client.company)];
    lines.extend(client.emails.iter().map(|email| fold(&email.address)));
    lines.extend(client.phones.iter().map(|phone| phone.number.e164()));
    if !client.note.is_empty() {
        lines.push(fold(&client.note));
    }
    lines.join("\n")
}

/// The words to look for; each may be written in several ways, of which one must occur.
fn words(text: &str) -> Vec<Vec<String>> {
    let folded: String = fold(text).chars().take(MAX_QUERY).collect();
    let separator = |c: char| " +-()./".contains(c);
    let digits: String = folded.chars().filter(|&c| !separator(c)).collect();
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return vec![as_dialled(digits)];
    }
    folded
        .split_whitespace()
        .take(MAX_WORDS)
        .map(|word| vec![word.to_owned()])
        .collect()
}

/// The ways that digits a person dials may stand in an international number:
/// with a trunk prefix (0 or 8) or the international 00 they never do.
fn as_dialled(digits: String) -> Vec<String> {
    let bare = digits
        .strip_prefix("00")
        .or_else(|| digits.strip_prefix(['0', '8']));
    let bare = bare.filter(|bare| bare.len() >= RUN).map(str::to_owned);
    std::iter::once(digits).chain(bare).collect()
}

impl Reader<'_> {
    /// The clients in whose name, company, e-mails, numbers or note every word of `text` occurs, those
    /// whose name begins with it first. An empty text finds nobody.
    pub fn find_clients(&self, text: &str, limit: usize) -> Result<Vec<ClientSummary>> {
        let words = words(text);
        if words.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let mut found = self.clients_named(text, limit)?;
        if found.len() < limit {
            // Those found already may come again: as many more cover them.
            let more = self.clients_with(&words, limit + found.len())?;
            let known: HashSet<ClientId> = found.iter().map(|client| client.id).collect();
            found.extend(
                more.into_iter()
                    .filter(|client| !known.contains(&client.id)),
            );
            found.truncate(limit);
        }
        Ok(found)
    }

    /// The clients whose name begins so, by name.
    fn clients_named(&self, text: &str, limit: usize) -> Result<Vec<ClientSummary>> {
        let from = fold(text.trim());
        let to = format!("{from}\u{10ffff}");
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {SUMMARY} FROM clients c
             WHERE c.name_key >= ?1 AND c.name_key < ?2 AND c.deleted_at IS NULL
             ORDER BY c.name_key LIMIT ?3"
        ))?;
        let rows = statement.query_map((from, to, count(limit)), summary)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The clients in whose line every word occurs.
    fn clients_with(&self, words: &[Vec<String>], limit: usize) -> Result<Vec<ClientSummary>> {
        let mut values: Vec<Value> = Vec::new();
        let mut conditions = Vec::new();
        // The index tells one after the other: a page of many needs no more than its own.
        let from = match index_query(words) {
            Some(index) => {
                values.push(index.into());
                conditions.push("clients_search MATCH ?".to_owned());
                "clients_search CROSS JOIN client_texts t ON t.row = clients_search.rowid"
            }
            None => "client_texts t",
        };
        for ways in words {
            let occurs = vec!["instr(t.text, ?) > 0"; ways.len()].join(" OR ");
            conditions.push(format!("({occurs})"));
            values.extend(ways.iter().map(|way| way.clone().into()));
        }
        values.push(count(limit).into());
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {SUMMARY} FROM {from} CROSS JOIN clients c ON c.row = t.row
             WHERE {} LIMIT ?",
            conditions.join(" AND ")
        ))?;
        let rows = statement.query_map(params_from_iter(values), summary)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// The search index's question: every run of three characters must occur. That is necessary, not
/// sufficient (the index keeps no positions, which halves it), so the caller compares afterwards.
fn index_query(words: &[Vec<String>]) -> Option<String> {
    let asked: Vec<String> = words
        .iter()
        .filter_map(|ways| {
            let ways: Option<Vec<String>> = ways.iter().map(|way| runs(way)).collect();
            ways.map(|ways| format!("({})", ways.join(" OR ")))
        })
        .collect();
    (!asked.is_empty()).then(|| asked.join(" AND "))
}

/// `"abc" AND "bcd"` for `abcd`; none for less than three characters.
fn runs(word: &str) -> Option<String> {
    let characters: Vec<char> = word.chars().collect();
    let mut runs: Vec<String> = characters
        .windows(RUN)
        .map(|run| format!("\"{}\"", String::from_iter(run).replace('"', "\"\"")))
        .collect();
    runs.sort_unstable();
    runs.dedup();
    (!runs.is_empty() && !word.contains('\0')).then(|| format!("({})", runs.join(" AND ")))
}

/// A client as a line of a list, from the columns [`SUMMARY`].
pub(super) fn summary(row: &Row<'_>) -> rusqlite::Result<ClientSummary> {
    Ok(ClientSummary {
        id: id(row, 0)?,
        name: row.get(1)?,
        company: row.get(2)?,
        category: CategoryId::new(row.get::<_, String>(3)?),
        city: row.get(4)?,
        number: number_or_none(row, 5)?,
        draft: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    #[test]
    fn folding_ignores_case_accents_points_and_the_script_of_digits() {
        for (text, folded) in [
            ("Ivan PETROV", "ivan petrov"),
            ("Müller", "muller"),
            ("Őrsi Gergő", "orsi gergo"),
            ("Ёлкин", "елкин"),
            ("İSTANBUL", "istanbul"),
            ("Łódź", "lodz"),
            ("مُحَمَّد", "محمد"),
            ("أحمد", "احمد"),
            ("٧٠١", "701"),
            ("７０１", "701"),
            ("७०१", "701"),
            ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
            ("किशोर", "किशोर"),
            ("王小明", "王小明"),
            ("हिँदी क़लम", "हिंदी कलम"),
            ("क्\u{200d}ष", "क्ष"),
            ("ٱلله", "الله"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn folding_letter_by_letter_is_folding_the_whole(text in "\\PC*|[\u{300}-\u{340}\u{900}-\u{970}\u{1d00}-\u{2100}a-zÀ-žЀ-ӿ]*") {
            let whole = text.nfkd().flat_map(char::to_lowercase).nfkd();
            let whole = whole.filter(|&c| !is_mark(c) && !is_unseen(c)).map(alike);
            proptest::prop_assert_eq!(fold(&text), whole.collect::<String>());
        }
    }

    #[test]
    fn digits_are_one_word_however_they_are_grouped() {
        assert_eq!(words("8 (701) 111-22"), vec![vec!["870111122", "70111122"]]);
        assert_eq!(words("+7 701"), vec![vec!["7701"]]);
        assert_eq!(words("Petrov iv"), vec![vec!["petrov"], vec!["iv"]]);
    }
}
