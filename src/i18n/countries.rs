//! Names of countries.

use super::{Language, language};

/// A country a line: its ISO 3166 code, then its name in each of [`COLUMNS`], from the CLDR.
const COUNTRIES: &str = include_str!("countries.txt");

/// The languages of the columns behind the code.
const COLUMNS: [Language; 6] = [
    Language::English,
    Language::Russian,
    Language::Hindi,
    Language::Nepali,
    Language::Hungarian,
    Language::Arabic,
];

/// What people call a country that is written as its ISO 3166 code; any other text stays as it is.
pub fn country_name(country: &str) -> &str {
    let code = country.trim();
    if code.len() != 2 {
        return country;
    }
    let rest = COUNTRIES.lines().find_map(|line| {
        let (known, names) = line.split_once('\t')?;
        known.eq_ignore_ascii_case(code).then_some(names)
    });
    let column = COLUMNS.iter().position(|known| *known == language());
    let name = rest.and_then(|names| names.split('\t').nth(column.unwrap_or(0)));
    name.unwrap_or(country)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_a_name_in_every_language() {
        let lines = || COUNTRIES.lines().filter(|line| !line.starts_with('#'));
        assert!(lines().count() > 240);
        for line in lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), 1 + COLUMNS.len(), "{line}");
            assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{line}");
        }
    }

    #[test]
    fn s1_17_a_code_is_read_as_the_country_and_other_texts_stay() {
        assert_eq!(country_name("KZ"), "Kazakhstan");
        assert_eq!(country_name("kz"), "Kazakhstan");
        for text in ["", "ZZ", "Kazakhstan", "Казахстан", "К", "ß"] {
            assert_eq!(country_name(text), text);
        }
    }
}
