//! What is asked of a column of the call log, as people type it.

use std::time::Duration;

use jiff::civil::Time;

use super::{CallColumn, Holds, NotAllowed, read_flag};

/// What a column has to hold for a call to be in the list.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnTest {
    /// One of these words: statuses, directions, keys of categories.
    OneOf(Vec<String>),
    /// Yes or no.
    Is(bool),
    /// This text somewhere in it, in any case and script; of a number, these digits.
    Contains(String),
    /// A number between two: milliseconds of a length, a score, an amount in the currency's large unit.
    Between(Bound, Bound),
    /// These hours of the day. Where the second is not later than the first, they pass midnight.
    Hours(Time, Time),
}

/// An end of what is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// It has none.
    Open,
    /// The number itself is in.
    Included(f64),
    /// It is not.
    Excluded(f64),
}

impl ColumnTest {
    /// Reads what was typed for a column, words as the program names them: `missed, busy`, `yes`,
    /// `> 5:00`, `1:00-2:30`, `9:00-10:00`, any text. Nothing typed asks for nothing.
    ///
    /// # Errors
    /// What cannot be read; says what is allowed.
    pub fn read(column: CallColumn, typed: &str) -> Result<Option<Self>, NotAllowed> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        let (test, allowed) = match column.holds() {
            Holds::Day => (None, "the period asks for days".to_owned()),
            Holds::TimeOfDay => (hours(typed), "9:00-10:00, > 18:00, < 9:00".to_owned()),
            Holds::Word(words) => (one_of(typed, Some(words)), words.join(", ")),
            Holds::Category => (one_of(typed, None), "keys of categories".to_owned()),
            Holds::Flag => (read_flag(typed).map(Self::Is), "yes, no".to_owned()),
            Holds::Number => (Some(Self::Contains(digits(typed))), String::new()),
            Holds::Text => (Some(Self::Contains(typed.to_owned())), String::new()),
            Holds::Length => (
                between(typed, length, 1000.0),
                "> 5:00, < 90s, 1:00-2:30".to_owned(),
            ),
            Holds::Score => (between(typed, number, 0.1), "< 3.5, 3-4".to_owned()),
            Holds::Amount => (between(typed, number, 0.01), "> 1.50, 1-2".to_owned()),
        };
        match test {
            Some(test) => Ok(Some(test)),
            None => Err(NotAllowed::new(typed, allowed)),
        }
    }
}

fn one_of(typed: &str, allowed: Option<&[&str]>) -> Option<ColumnTest> {
    let words = typed
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_owned).collect();
    let known = |word: &String| allowed.is_none_or(|allowed| allowed.contains(&word.as_str()));
    (!words.is_empty() && words.iter().all(known)).then_some(ColumnTest::OneOf(words))
}

/// The digits of a number as people type it; what has none is looked for as it is.
fn digits(typed: &str) -> String {
    let is_number = |c: char| c.is_ascii_digit() || " +-()./".contains(c);
    match typed.chars().all(is_number) && typed.contains(|c: char| c.is_ascii_digit()) {
        true => typed.chars().filter(char::is_ascii_digit).collect(),
        false => typed.to_owned(),
    }
}

/// One number means all that are shown as it: `step` is what they are shown to.
fn between(typed: &str, read: fn(&str) -> Option<f64>, step: f64) -> Option<ColumnTest> {
    let compared = [
        (">=", true, true),
        ("≥", true, true),
        (">", true, false),
        ("<=", false, true),
        ("≤", false, true),
        ("<", false, false),
    ];
    for (sign, is_low, is_in) in compared {
        let Some(rest) = typed.strip_prefix(sign) else {
            continue;
        };
        let number = read(rest)?;
        let bound = match is_in {
            true => Bound::Included(number),
            false => Bound::Excluded(number),
        };
        return Some(match is_low {
            true => ColumnTest::Between(bound, Bound::Open),
            false => ColumnTest::Between(Bound::Open, bound),
        });
    }
    if let Some((low, high)) = typed.split_once(['-', '–']) {
        let (low, high) = (read(low)?, read(high)?);
        let (low, high) = (low.min(high), low.max(high));
        return Some(ColumnTest::Between(
            Bound::Included(low),
            Bound::Included(high),
        ));
    }
    let number = read(typed)?;
    let (low, high) = match step < 1.0 {
        // A figure is rounded to what it is shown as, a length cut.
        true => (number - step / 2.0, number + step / 2.0),
        false => (number, number + step),
    };
    Some(ColumnTest::Between(
        Bound::Included(low),
        Bound::Excluded(high),
    ))
}

fn number(typed: &str) -> Option<f64> {
    super::read_number(&typed.replace(',', "."))
}

/// Milliseconds: `5:00`, `1:02:03`, `90s`, `10m`, `1h 30m`, and a plain number of seconds.
fn length(typed: &str) -> Option<f64> {
    let typed = typed.trim();
    let seconds = match typed.contains(':') {
        true => typed.split(':').try_fold(0_u64, |sum, part| {
            let part: u64 = part.trim().parse().ok()?;
            sum.checked_mul(60)?.checked_add(part)
        })?,
        false => match typed.parse() {
            Ok(seconds) => seconds,
            Err(_) => {
                let read: jiff::SignedDuration = typed.parse().ok()?;
                return Duration::try_from(read)
                    .ok()
                    .map(|length| length.as_millis() as f64);
            }
        },
    };
    Some(seconds as f64 * 1000.0)
}

fn hours(typed: &str) -> Option<ColumnTest> {
    if let Some(rest) = typed.strip_prefix('>') {
        return Some(ColumnTest::Hours(
            time(rest.trim_start_matches('='))?,
            Time::midnight(),
        ));
    }
    if let Some(rest) = typed.strip_prefix('<') {
        return Some(ColumnTest::Hours(
            Time::midnight(),
            time(rest.trim_start_matches('='))?,
        ));
    }
    let (from, to) = typed.split_once(['-', '–'])?;
    Some(ColumnTest::Hours(time(from)?, time(to)?))
}

/// `9`, `9:00`, `09:00:30`; the end of the day is the beginning of the next.
fn time(typed: &str) -> Option<Time> {
    let mut parts = typed.trim().split(':');
    let mut next = || parts.next().map(|part| part.trim().parse::<i8>());
    let hour = next()?.ok()?;
    let minute = next().unwrap_or(Ok(0)).ok()?;
    let second = next().unwrap_or(Ok(0)).ok()?;
    match (hour, minute, second) {
        (24, 0, 0) => Some(Time::midnight()),
        _ => Time::new(hour, minute, second, 0).ok(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(column: CallColumn, typed: &str) -> ColumnTest {
        ColumnTest::read(column, typed).unwrap().unwrap()
    }

    #[test]
    fn s5_10_what_is_asked_of_a_column_is_read_as_people_type_it() {
        use Bound::{Excluded, Included, Open};
        let talk = |typed| read(CallColumn::Talk, typed);
        assert_eq!(
            talk("> 5:00"),
            ColumnTest::Between(Excluded(300_000.0), Open)
        );
        assert_eq!(talk("<=90s"), ColumnTest::Between(Open, Included(90_000.0)));
        assert_eq!(
            talk("1:00–2:30"),
            ColumnTest::Between(Included(60_000.0), Included(150_000.0))
        );
        assert_eq!(talk("2:30-1:00"), talk("1:00-2:30"));
        assert_eq!(
            talk("1:02:03"),
            ColumnTest::Between(Included(3_723_000.0), Excluded(3_724_000.0))
        );
        assert_eq!(
            read(CallColumn::Quality, "< 3.5"),
            ColumnTest::Between(Open, Excluded(3.5))
        );
        let time = |hour, minute| Time::new(hour, minute, 0, 0).unwrap();
        let hours = |typed| read(CallColumn::TimeOfDay, typed);
        assert_eq!(
            hours("9-10:30"),
            ColumnTest::Hours(time(9, 0), time(10, 30))
        );
        assert_eq!(hours("> 18:00"), ColumnTest::Hours(time(18, 0), time(0, 0)));
        assert_eq!(
            hours("22:00-24:00"),
            ColumnTest::Hours(time(22, 0), time(0, 0))
        );
        assert_eq!(
            read(CallColumn::Status, "missed, busy"),
            ColumnTest::OneOf(vec!["missed".into(), "busy".into()])
        );
        assert_eq!(read(CallColumn::Recorded, "no"), ColumnTest::Is(false));
        let contains = |text: &str| ColumnTest::Contains(text.to_owned());
        assert_eq!(read(CallColumn::Caller, "+7 (701) 11"), contains("770111"));
        assert_eq!(read(CallColumn::Caller, "anna"), contains("anna"));
        assert_eq!(read(CallColumn::Note, " debt "), contains("debt"));
        assert_eq!(ColumnTest::read(CallColumn::Note, "  ").unwrap(), None);
    }

    #[test]
    fn s5_10_what_cannot_be_asked_of_a_column_says_what_can() {
        let refused = |column, typed| ColumnTest::read(column, typed).unwrap_err().allowed;
        assert!(refused(CallColumn::Status, "missed, lost").contains("busy"));
        assert!(refused(CallColumn::Talk, "> long").contains("5:00"));
        assert!(refused(CallColumn::Talk, "-3").contains("5:00"));
        assert!(refused(CallColumn::TimeOfDay, "25:00-26:00").contains("9:00"));
        assert!(refused(CallColumn::Recorded, "perhaps").contains("yes"));
        assert!(refused(CallColumn::Cost, "much").contains("1.50"));
    }
}
