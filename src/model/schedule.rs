//! On which days of the week and at which hours a rule holds.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Weekday};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

const WEEK: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days([bool; 7]);

impl Days {
    /// What is allowed, for whoever wrote something else.
    pub const ALLOWED: &'static str =
        "days such as \"mon-fri\", \"sat,sun\": mon, tue, wed, thu, fri, sat, sun";
    /// All of them.
    pub const ALL: Self = Self([true; 7]);

    /// Reads `mon-fri`, `sat,sun`, `sat-mon`.
    pub fn parse(text: &str) -> Option<Self> {
        let place = |word: &str| WEEK.iter().position(|(name, _)| *name == word.trim());
        let mut days = [false; 7];
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (mut day, last) = (place(first)?, place(last)?);
            days[day] = true;
            while day != last {
                day = (day + 1) % days.len();
                days[day] = true;
            }
        }
        Some(Self(days))
    }

    /// Whether the day is among them.
    pub fn has(self, day: Weekday) -> bool {
        let named = WEEK.iter().zip(self.0);
        named
            .into_iter()
            .any(|((_, weekday), is_in)| is_in && *weekday == day)
    }
}

impl fmt::Display for Days {
    /// Those that it has, parted by commas; nothing where it has all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return Ok(());
        }
        let named = WEEK.iter().zip(self.0).filter(|(_, is_in)| *is_in);
        let names: Vec<&str> = named.map(|((name, _), _)| *name).collect();
        f.write_str(&names.join(","))
    }
}

/// Hours of a clock on the wall, to the minute; past midnight where they end before they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Minutes from midnight.
    from: u16,
    /// Not included.
    to: u16,
}

impl Hours {
    /// What is allowed, for whoever wrote something else.
    pub const ALLOWED: &'static str =
        "hours such as \"08:00-20:00\" or, past midnight, \"22:00-06:00\"";
    /// The whole day.
    pub const ALL: Self = Self { from: 0, to: DAY };

    /// Reads `08:00-20:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let (from, to) = (minutes(from)?, minutes(to)?);
        (from != to && from < DAY).then_some(Self { from, to })
    }

    /// The day on which the hours began that a moment is within.
    pub fn began(self, local: DateTime) -> Option<Date> {
        let minute =
            60 * u16::from(local.hour().unsigned_abs()) + u16::from(local.minute().unsigned_abs());
        let today = local.date();
        if self.from < self.to {
            return (self.from..self.to).contains(&minute).then_some(today);
        }
        if minute >= self.from {
            return Some(today);
        }
        (minute < self.to).then(|| today.saturating_sub(1.day()))
    }
}

impl fmt::Display for Hours {
    /// As they are written; nothing where it is the whole day.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return Ok(());
        }
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        write!(f, "{}-{}", clock(self.from), clock(self.to))
    }
}

/// `08:00` as minutes from midnight; `24:00` is the day's end.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let minutes = 60 * hour + minute;
    (minute < 60 && minutes <= DAY).then_some(minutes)
}

/// Whether a time of the clock on the wall is within these hours of these days.
pub fn is_within(days: Days, hours: Hours, local: DateTime) -> bool {
    let began = hours.began(local);
    began.is_some_and(|day| days.has(day.weekday()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn s5_20_days_and_hours_are_read_and_nothing_else_is() {
        for (text, shown) in [
            ("mon-fri", "mon,tue,wed,thu,fri"),
            ("sat,sun", "sat,sun"),
            ("sat-mon", "mon,sat,sun"),
            ("mon-wed, sat", "mon,tue,wed,sat"),
            ("sun", "sun"),
            ("mon-sun", ""),
        ] {
            assert_eq!(Days::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for text in ["", "Mon", "mon-", "monday", "mon;tue", "mon-fri-sun", ","] {
            assert_eq!(Days::parse(text), None, "{text}");
        }
        for text in ["08:00-20:00", "22:00-06:00", "00:00-12:00", "12:30-24:00"] {
            assert_eq!(Hours::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Hours::parse("00:00-24:00"), Some(Hours::ALL));
        for text in [
            "",
            "8:00-20:00",
            "08:00",
            "08:00-08:00",
            "24:00-06:00",
            "08:60-09:00",
            "08-20",
            "08:00-24:01",
            "+8:00-20:00",
        ] {
            assert_eq!(Hours::parse(text), None, "{text}");
        }
    }

    #[test]
    fn s5_20_hours_past_midnight_belong_to_the_day_on_which_they_begin() {
        let night = Hours::parse("22:00-06:00").unwrap();
        let began = |text: &str| {
            let began = night.began(text.parse().unwrap());
            began.map(|day| day.to_string())
        };
        assert_eq!(began("2026-11-27T21:59:59"), None);
        assert_eq!(began("2026-11-27T22:00:00").unwrap(), "2026-11-27");
        assert_eq!(began("2026-11-28T05:59:59").unwrap(), "2026-11-27");
        assert_eq!(began("2026-11-28T06:00:00"), None);
    }
}
