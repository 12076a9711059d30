//! A value in a CSV file.

use std::fs::File;
use std::path::Path;

use csv::ByteRecord;

use super::{Patience, SourceError, Timely};
use crate::export::cell::restored;
use crate::import::{ImportError, Lines, Text};
use crate::model::{Fact, Facts, PhoneNumber};
use crate::tr;

/// Digits that a number and its ways of writing have in common.
const TAIL: usize = 6;

/// The value of the column `field` in the first line whose column `key` is about the caller.
pub(super) fn find(
    file: &Path,
    [key, field]: [&String; 2],
    (by, facts): (Fact, &Facts),
    patience: Patience,
) -> Result<Option<String>, SourceError> {
    let Some(wanted) = facts.get(&by) else {
        return Ok(None);
    };
    let wrong = |error: ImportError| SourceError::of_file(file, &error, patience);
    let input = open(file)?;
    let text = Text::new(Timely { input, patience }, None, None);
    let mut lines = text
        .map_err(ImportError::Read)
        .and_then(Lines::new)
        .map_err(wrong)?;
    let column = |name: &String| {
        let mut names = lines.header.iter();
        let at = names.position(|known| known.trim() == name);
        at.ok_or_else(|| SourceError::Column {
            file: file.display().to_string(),
            column: name.clone(),
        })
    };
    let (key, field) = (column(key)?, column(field)?);
    let is_it = |cells: &ByteRecord| {
        let cell = cells.get(key).and_then(|cell| str::from_utf8(cell).ok());
        cell.is_some_and(|cell| is_about(restored(cell), by, wanted))
    };
    while lines.advance().map_err(wrong)?.is_some() {
        if is_it(lines.cells()) {
            let cell = lines.cells().get(field).unwrap_or_default();
            let text = str::from_utf8(cell).map_err(|_| wrong(ImportError::NotUtf8))?;
            return Ok(Some(restored(text).to_owned()));
        }
    }
    Ok(None)
}

/// Opens a file; what would have to be waited for is none.
fn open(file: &Path) -> Result<File, SourceError> {
    let wrong = |why: String| SourceError::File {
        file: file.display().to_string(),
        why,
    };
    let about = file.metadata().map_err(|error| wrong(error.to_string()))?;
    match about.is_file() {
        true => File::open(file).map_err(|error| wrong(error.to_string())),
        false => Err(wrong(tr!("it is no file"))),
    }
}

/// Whether the cell means the caller. A number may be written as people write it in its own country.
fn is_about(cell: &str, by: Fact, wanted: &str) -> bool {
    if by != Fact::Number {
        return cell.trim().to_lowercase() == wanted.to_lowercase();
    }
    // Most lines are told apart without reading the number.
    let digits = wanted.trim_start_matches('+');
    let tail = &digits[digits.len().saturating_sub(TAIL)..];
    let may_be = !cell.is_ascii() || has_digits(cell, tail);
    let number = PhoneNumber::from_e164(wanted).filter(|_| may_be);
    number.is_some_and(|number| {
        PhoneNumber::parse(cell, number.country()).is_ok_and(|read| read == number)
    })
}

/// Whether the digits of `cell`, whatever stands between them, have `tail` in them.
fn has_digits(cell: &str, tail: &str) -> bool {
    let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
    digits.contains(tail)
}
