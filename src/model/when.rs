//! Days and moments as people write them on the command line and in files.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// A text that is neither a day nor a moment.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no day or moment; allowed are {}", When::ALLOWED)]
pub struct WhenError {
    text: String,
}

/// A day or a moment: `2026-11-22`, `22.11.2026`, `22.11.`, `today`, `tomorrow`, `yesterday`, any of
/// them with a time of day behind it, `09:00` alone for today, `now`, `2026-11-22T09:00`, or RFC 3339.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// All of a day in the user's time zone.
    Day(Date),
    /// A moment.
    Moment(Timestamp),
}

impl When {
    /// What may be written.
    pub const ALLOWED: &str = "2026-11-22, 22.11.2026, 22.11., today, tomorrow, yesterday, each also \
         with a time such as 09:00, 09:00 alone, now and 2026-11-22T09:00:00Z";

    /// Reads it, by the calendar of `now`'s time zone.
    pub fn parse(text: &str, now: &Zoned) -> Result<Self, WhenError> {
        let read = || {
            let text = text.trim();
            if text == "now" {
                return Some(Self::Moment(now.timestamp()));
            }
            if let Ok(moment) = text.parse() {
                return Some(Self::Moment(moment));
            }
            if let Some(day) = Self::day(text, now) {
                return Some(Self::Day(day));
            }
            let (day, time) = match text.rsplit_once(['T', ' ']) {
                Some((day, time)) => (Self::day(day, now)?, time),
                None => (now.date(), text),
            };
            let time = read_time(time)?;
            let local = day.to_datetime(time).to_zoned(now.time_zone().clone());
            Some(Self::Moment(local.ok()?.timestamp()))
        };
        read().ok_or_else(|| WhenError {
            text: text.to_owned(),
        })
    }

    /// Reads a day alone. One without a year is that nearest to today.
    pub fn day(text: &str, now: &Zoned) -> Option<Date> {
        let today = now.date();
        match text.trim() {
            "today" => Some(today),
            "tomorrow" => today.tomorrow().ok(),
            "yesterday" => today.yesterday().ok(),
            text => read_day(text).or_else(|| nearest(text, today)),
        }
    }

    /// Its first moment.
    pub fn start(&self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Day(day) => midnight(*day, zone),
            Self::Moment(moment) => *moment,
        }
    }

    /// The moment after its last: a day given as the end of a period belongs to it.
    pub fn end(&self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Day(day) => midnight(day.saturating_add(1.day()), zone),
            Self::Moment(moment) => *moment,
        }
    }
}

/// Reads a day that says its year: `2026-11-22` or `22.11.2026`.
pub(super) fn read_day(text: &str) -> Option<Date> {
    let text = text.trim();
    // What has a time of day is read as a day too, and that would be lost.
    if text.contains([':', 'T']) {
        return None;
    }
    if let Ok(day) = text.parse() {
        return Some(day);
    }
    let mut parts = text.split('.').map(str::trim);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let is_year = year.len() == 4 && parts.next().is_none();
    let year = is_year.then(|| year.parse().ok()).flatten()?;
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

/// Reads `22.11.`: the one of three years that is nearest to today.
fn nearest(text: &str, today: Date) -> Option<Date> {
    let (day, month) = text.trim_end_matches('.').split_once('.')?;
    let (day, month) = (day.trim().parse().ok()?, month.trim().parse().ok()?);
    let years = [today.year() - 1, today.year(), today.year() + 1];
    let days = years
        .into_iter()
        .filter_map(|year| Date::new(year, month, day).ok());
    days.min_by_key(|&day| {
        today
            .until(day)
            .map_or(i32::MAX, |span| span.get_days().abs())
    })
}

/// Reads `09:00` or `9:00`, with seconds or without.
fn read_time(text: &str) -> Option<Time> {
    match text.find(':')? {
        1 => format!("0{text}").parse().ok(),
        _ => text.parse().ok(),
    }
}

fn midnight(day: Date, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_zoned(day.to_datetime(jiff::civil::Time::midnight()))
        .compatible()
        .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_day_is_the_users_own_and_belongs_to_the_period_it_ends() {
        let zone = TimeZone::fixed(jiff::tz::offset(5));
        let now = "2026-11-22T03:00:00Z"
            .parse::<Timestamp>()
            .unwrap()
            .to_zoned(zone.clone());
        let parse = |text: &str| When::parse(text, &now).unwrap();
        let utc = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(
            parse("2026-11-22").start(&zone),
            utc("2026-11-21T19:00:00Z")
        );
        assert_eq!(parse("2026-11-22").end(&zone), utc("2026-11-22T19:00:00Z"));
        assert_eq!(parse("today"), parse("2026-11-22"));
        assert_eq!(parse("yesterday"), parse("2026-11-21"));
        assert_eq!(
            parse("2026-11-22T09:00").start(&zone),
            utc("2026-11-22T04:00:00Z")
        );
        assert_eq!(
            parse("2026-11-22T09:00:00Z").end(&zone),
            utc("2026-11-22T09:00:00Z")
        );
        assert_eq!(parse(" 22.11.2026"), parse("2026-11-22"));
        assert_eq!(parse("tomorrow"), parse("2026-11-23"));
        assert_eq!(parse("5.1."), parse("2027-01-05"));
        assert_eq!(parse("5.06"), parse("2026-06-05"));
        for text in ["22.11.2026 9:00", "today 09:00", "9:00", "22.11. 9:00:00"] {
            assert_eq!(parse(text), parse("2026-11-22T09:00"), "{text}");
        }
        for text in [
            "",
            "22.11.26",
            "22.13.2026",
            "30.02.",
            "22.11.2026.1",
            "2026-13-01",
            "morgen",
            "9",
            "25:00",
            "2026-11-22T25:00",
            "x 09:00",
        ] {
            let error = When::parse(text, &now).unwrap_err().to_string();
            assert!(error.contains("2026-11-22T09:00:00Z"), "{error}");
        }
    }
}
