//! `[[too_long]]`: how long conversations of some kind may last.

use std::time::Duration;

use super::SettingsError;
use super::notifications::MOST_MINUTES;
use super::section::Section;
use crate::model::{CategoryId, Direction, TalkLimit};

/// The most limits.
const MAX_LIMITS: usize = 100;
const DIRECTIONS: [(&str, Direction); 2] = [
    ("incoming", Direction::Incoming),
    ("outgoing", Direction::Outgoing),
];

pub(super) fn limits(top: &mut Section<'_>) -> Result<Vec<TalkLimit>, SettingsError> {
    let sections = top.tables("too_long", "in [[too_long]]", MAX_LIMITS)?;
    sections.into_iter().map(limit).collect()
}

fn limit(mut section: Section<'_>) -> Result<TalkLimit, SettingsError> {
    let limit = TalkLimit {
        talk: talk(&mut section)?,
        direction: section.optional_choice("direction", &DIRECTIONS)?,
        prefix: prefix(&mut section)?,
        category: section.string("category")?.map(CategoryId::new),
        extension: section.string("extension")?,
    };
    section.finish()?;
    Ok(limit)
}

/// Minutes and seconds together.
fn talk(section: &mut Section<'_>) -> Result<Duration, SettingsError> {
    let minutes = section.integer("minutes", 0, 0..=MOST_MINUTES)?;
    let seconds = section.integer("seconds", 0, 0..=59)?;
    if minutes + seconds == 0 {
        const ALLOWED: &str =
            "how long people may talk, such as 10; seconds = 1 to 59 with it or instead";
        return Err(section.missing("minutes", ALLOWED));
    }
    Ok(Duration::from_secs(u64::from(60 * minutes + seconds)))
}

pub(super) fn prefix(section: &mut Section<'_>) -> Result<String, SettingsError> {
    let prefix = section.string("prefix")?.unwrap_or_default();
    let is_prefix = match prefix.strip_prefix('+') {
        Some(digits) => digits.bytes().all(|digit| digit.is_ascii_digit()),
        None => prefix.is_empty(),
    };
    match section.value("prefix") {
        Some(value) if !is_prefix => {
            Err(section.bad("prefix", value, "how numbers begin, such as \"+7701\""))
        }
        _ => Ok(prefix),
    }
}
