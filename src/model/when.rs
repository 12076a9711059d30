//! Days and moments as people write them on the command line and in files.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// A text that is neither a day nor a moment.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no day or moment; allowed are {}", When::ALLOWED)]
pub struct WhenError {
    text: String,
}

/// A day or a moment: `2026-11-22`, `today`, `yesterday`, `now`, `2026-11-22T09:00`, or RFC 3339.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// All of a day in the user's time zone.
    Day(Date),
    /// A moment.
    Moment(Timestamp),
}

impl When {
    /// What may be written.
    pub const ALLOWED: &str =
        "2026-11-22, today, yesterday, now, 2026-11-22T09:00 and 2026-11-22T09:00:00Z";

    /// Reads it, by the calendar of `now`'s time zone.
    pub fn parse(text: &str, now: &Zoned) -> Result<Self, WhenError> {
        let error = || WhenError {
            text: text.to_owned(),
        };
        let text = text.trim();
        match text {
            "now" => return Ok(Self::Moment(now.timestamp())),
            "today" => return Ok(Self::Day(now.date())),
            "yesterday" => return Ok(Self::Day(now.date().yesterday().map_err(|_| error())?)),
            _ => {}
        }
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Ok(Self::Moment(moment));
        }
        if text.contains([':', 'T']) {
            let local: jiff::civil::DateTime = text.parse().map_err(|_| error())?;
            let zoned = local
                .to_zoned(now.time_zone().clone())
                .map_err(|_| error())?;
            return Ok(Self::Moment(zoned.timestamp()));
        }
        text.parse().map(Self::Day).map_err(|_| error())
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
        for text in [
            "",
            "22.11.2026",
            "2026-13-01",
            "tomorrow",
            "2026-11-22T25:00",
        ] {
            let error = When::parse(text, &now).unwrap_err().to_string();
            assert!(error.contains("2026-11-22T09:00:00Z"), "{error}");
        }
    }
}
