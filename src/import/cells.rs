//! What stands in cells of tables that providers and PBXs write: moments, lengths of time, columns' names.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::model::When;

/// A moment, from one cell or two.
pub(crate) fn moment(date: &str, time: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = format!("{date} {time}");
    let text = text.trim();
    // What has a year, and no other day, is told without a clock.
    let anytime = Zoned::new(Timestamp::UNIX_EPOCH, zone.clone());
    let read = |text: &str| match When::parse(text, &anytime) {
        Ok(When::Moment(at)) => Some(at),
        _ => None,
    };
    let has_year = text
        .split(|c: char| !c.is_ascii_digit())
        .any(|digits| digits.len() == 4);
    if !has_year {
        return None;
    }
    read(text).or_else(|| {
        // 24/11/2026 as in most of the world, 2026/11/24 as in the rest of it.
        let is_year_first = text.split('/').next().is_some_and(|first| first.len() == 4);
        read(&text.replace('/', if is_year_first { "-" } else { "." }))
    })
}

/// `61`, `61 s`, `1:01` or `00:01:01`, in seconds.
pub(crate) fn length(text: &str) -> Option<u64> {
    let bare = text.trim_end_matches(|c: char| c.is_alphabetic() || c == '.' || c == ' ');
    let mut seconds: u64 = 0;
    for (n, part) in bare.split(':').enumerate() {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits || n > 2 {
            return None;
        }
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    Some(seconds)
}

/// The words of a column's name, in small letters.
pub(crate) fn words_of(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    let words = name.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}
