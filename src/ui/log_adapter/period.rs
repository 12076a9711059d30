//! From which day to which the log is shown: chosen with one press, or typed.

use jiff::Zoned;
use jiff::civil::Date;

use crate::model::{PERIODS, When, days_of};
use crate::tr;

/// Days of a calendar, both included; none: no end on that side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: Option<Date>,
    /// The last.
    pub to: Option<Date>,
}

/// What was typed, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The days; none where one of the two cannot be read.
    pub days: Option<Days>,
    /// They were typed the wrong way round.
    pub turned: bool,
    /// What is wrong with the first day, in words; empty for nothing.
    pub from_error: String,
    /// What is wrong with the last.
    pub to_error: String,
}

/// The place in the window's list of the period that is typed.
pub const TYPED: i32 = 5;

impl Days {
    /// The period in this place of the window's list; none for the one that is typed.
    pub fn chosen(place: i32, today: Date) -> Option<Self> {
        let period = usize::try_from(place)
            .ok()
            .and_then(|place| PERIODS.get(place))?;
        let (from, to) = days_of(period, today);
        Some(Self { from, to })
    }

    /// Reads two days as people write them; an empty one is no end.
    pub fn typed(from: &str, to: &str, now: &Zoned) -> Typed {
        let read = |text: &str| match text.trim() {
            "" => Ok(None),
            text => When::day(text, now).map(Some).ok_or_else(|| {
                tr!(
                    "Not a day; allowed: {example}",
                    example = "22.11.2026, 22.11."
                )
            }),
        };
        let (from, to) = (read(from), read(to));
        let error = |read: &Result<_, String>| read.clone().err().unwrap_or_default();
        let (from_error, to_error) = (error(&from), error(&to));
        let days = from.ok().zip(to.ok());
        let turned = matches!(days, Some((Some(from), Some(to))) if from > to);
        let days = days.map(|(from, to)| match turned {
            true => Self { from: to, to: from },
            false => Self { from, to },
        });
        Typed {
            days,
            turned,
            from_error,
            to_error,
        }
    }
}

/// A day as the fields show it, and read it again.
pub fn shown(day: Option<Date>) -> String {
    day.map(|day| day.strftime("%d.%m.%Y").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::civil::date;

    use super::*;

    fn now() -> Zoned {
        "2026-11-29T11:00[Europe/Budapest]".parse().unwrap()
    }

    #[test]
    fn s5_3_the_default_is_today_and_a_press_chooses_the_other_periods() {
        let sunday = date(2026, 11, 29);
        let days = |place| Days::chosen(place, sunday).unwrap();
        let both = |from, to| Days {
            from: Some(from),
            to: Some(to),
        };
        assert_eq!(days(0), both(sunday, sunday));
        assert_eq!(days(1), both(date(2026, 11, 28), date(2026, 11, 28)));
        assert_eq!(days(2), both(date(2026, 11, 23), sunday));
        assert_eq!(days(3), both(date(2026, 11, 1), sunday));
        assert_eq!(days(4), Days::default());
        assert_eq!(Days::chosen(TYPED, sunday), None);
        let monday = date(2026, 11, 23);
        assert_eq!(Days::chosen(2, monday), Some(both(monday, monday)));
    }

    #[test]
    fn s5_3_days_are_read_as_people_write_them_and_a_wrong_order_is_turned_round() {
        let read = |from, to| Days::typed(from, to, &now());
        let first = Some(date(2026, 11, 1));
        let last = Some(date(2026, 11, 22));
        let right = read("1.11.", "22.11.2026");
        assert_eq!(
            right.days,
            Some(Days {
                from: first,
                to: last
            })
        );
        assert!(!right.turned);
        let wrong = read("22.11.2026", "2026-11-01");
        assert_eq!((wrong.days, wrong.turned), (right.days, true));
        let open = read(" ", "22.11.");
        assert_eq!(
            open.days,
            Some(Days {
                from: None,
                to: last
            })
        );
        assert_eq!(read("", "").days, Some(Days::default()));
        let bad = read("32.11.", "tomorow");
        assert_eq!(bad.days, None);
        assert!(bad.from_error.contains("22.11.2026") && !bad.to_error.is_empty());
        assert!(read("1.11.", "x").from_error.is_empty());
    }

    #[test]
    fn what_a_field_shows_is_read_as_the_same_day() {
        let day = Some(date(2026, 2, 3));
        let read = Days::typed(&shown(day), &shown(None), &now());
        assert_eq!(
            read.days,
            Some(Days {
                from: day,
                to: None
            })
        );
    }
}
