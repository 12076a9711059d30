//! How data reads in the window: names made harmless, times, sizes, money.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use ringbook_ui::slint::SharedString;

use crate::printable::isolates_are_closed;
use crate::{tr, words};

/// More characters of one text than this no window needs.
const MAX_SHOWN: usize = 1000;

/// First strong isolate and pop directional isolate (UAX #9): keep the order of the texts around.
const FSI: char = '\u{2068}';
const PDI: char = '\u{2069}';

/// A name or another line of text from outside: what could turn the line around or break it is
/// shown as what it is, and text that reads from the right stays within itself.
pub fn line(text: &str) -> SharedString {
    visible(text, |_| false).into()
}

/// As [`line`], for a sentence of ours: what it isolates for the reading direction stays isolated.
pub fn sentence(text: &str) -> SharedString {
    let closed = isolates_are_closed(text);
    visible(text, |c| closed && matches!(c, FSI | PDI)).into()
}

/// As [`line`], for texts of several lines.
pub fn lines(text: &str) -> SharedString {
    visible(text, |c| c == '\n').into()
}

fn visible(text: &str, is_kept: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from_the_right = false;
    for c in text.trim().chars().take(MAX_SHOWN) {
        match c {
            c if is_kept(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => {}
            '\t' => shown.push(' '),
            c if c.is_control() || turns_the_line(c) => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{{{:04X}}}", u32::from(c));
            }
            c => {
                from_the_right |= reads_from_the_right(c);
                shown.push(c);
            }
        }
    }
    if from_the_right {
        format!("{FSI}{shown}{PDI}")
    } else {
        shown
    }
}

/// Bidirectional controls (UAX #9 §2), line and paragraph separators.
fn turns_the_line(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn reads_from_the_right(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// The first letters of the first two words; empty where a name begins with no letter.
pub fn initials(name: &str) -> SharedString {
    let mut words = name
        .split_whitespace()
        .filter_map(|word| word.chars().next());
    let mut letters = String::new();
    for letter in words.by_ref().filter(|c| c.is_alphabetic()).take(2) {
        letters.extend(letter.to_uppercase());
    }
    letters.into()
}

/// `00:07`, `12:04`, `1:02:03`: a running timer.
pub fn timer(elapsed: Duration) -> SharedString {
    let seconds = elapsed.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}").into()
    } else {
        format!("{minutes:02}:{seconds:02}").into()
    }
}

/// `0:48`, `12:04`, `1:02:03`: how long something was; empty for nothing.
pub fn length(duration: Duration) -> SharedString {
    match duration.as_secs() {
        0 => SharedString::new(),
        seconds if seconds >= 3600 => timer(duration),
        seconds => format!("{}:{:02}", seconds / 60, seconds % 60).into(),
    }
}

/// `48 kB`, `6.1 MB`; empty for nothing.
pub fn size(octets: u64) -> SharedString {
    let megabytes = octets as f64 / 1e6;
    match octets {
        0 => SharedString::new(),
        1..1_000_000 => format!("{} kB", octets.div_ceil(1000)).into(),
        1_000_000..10_000_000 => format!("{megabytes:.1} MB").into(),
        _ => format!("{megabytes:.0} MB").into(),
    }
}

/// `Sun 22.11.2026 09:05`
pub fn moment(at: Timestamp, zone: &TimeZone) -> SharedString {
    let at = at.to_zoned(zone.clone());
    format!(
        "{} {}",
        words::weekday_short(at.date().weekday()),
        at.strftime("%d.%m.%Y %H:%M")
    )
    .into()
}

/// `Today 09:05`, `Tomorrow 09:05`, and of other days the whole [`moment`].
pub fn appointed(at: Timestamp, today: Date, zone: &TimeZone) -> SharedString {
    let date = at.to_zoned(zone.clone()).date();
    match (date - today).get_days() {
        0 | 1 => format!("{} {}", day(date, today), time(at, zone)).into(),
        _ => moment(at, zone),
    }
}

/// `22.11.2026`
pub fn date(day: Date) -> String {
    day.strftime("%d.%m.%Y").to_string()
}

/// `09:05`
pub fn time(at: Timestamp, zone: &TimeZone) -> SharedString {
    at.to_zoned(zone.clone())
        .strftime("%H:%M")
        .to_string()
        .into()
}

/// `Today`, `Yesterday`, `Tomorrow`, `Friday 20 November`, with the year where it is another.
pub fn day(date: Date, today: Date) -> SharedString {
    match (today - date).get_days() {
        0 => tr!("Today").into(),
        1 => tr!("Yesterday").into(),
        -1 => tr!("Tomorrow").into(),
        _ => {
            let name = tr!(
                "{weekday} {day} {month}",
                weekday = weekday(date),
                day = date.day(),
                month = month(date)
            );
            let year = if date.year() == today.year() {
                String::new()
            } else {
                format!(" {}", date.year())
            };
            format!("{name}{year}").into()
        }
    }
}

/// Today in the zone.
pub fn today(zone: &TimeZone) -> Date {
    Zoned::now().with_time_zone(zone.clone()).date()
}

fn weekday(date: Date) -> String {
    match date.weekday().to_monday_zero_offset() {
        0 => tr!("Monday"),
        1 => tr!("Tuesday"),
        2 => tr!("Wednesday"),
        3 => tr!("Thursday"),
        4 => tr!("Friday"),
        5 => tr!("Saturday"),
        _ => tr!("Sunday"),
    }
}

fn month(date: Date) -> String {
    match date.month() {
        1 => tr!("January"),
        2 => tr!("February"),
        3 => tr!("March"),
        4 => tr!("April"),
        5 => tr!("May"),
        6 => tr!("June"),
        7 => tr!("July"),
        8 => tr!("August"),
        9 => tr!("September"),
        10 => tr!("October"),
        11 => tr!("November"),
        _ => tr!("December"),
    }
}

/// A codec's name as people know it.
pub fn codec(name: &str) -> &str {
    match name {
        "opus" => "Opus",
        "g722" => "G.722",
        "pcma" => "G.711 A-law",
        "pcmu" => "G.711 µ-law",
        other => other,
    }
}

/// An opinion score as dots (1 to 5) and a word.
pub fn quality(mos: f32) -> (i32, SharedString) {
    let (dots, word) = match mos {
        mos if mos >= 4.0 => (5, tr!("very good")),
        mos if mos >= 3.6 => (4, tr!("good")),
        mos if mos >= 3.1 => (3, tr!("fair")),
        mos if mos >= 2.6 => (2, tr!("poor")),
        _ => (1, tr!("bad")),
    };
    (dots, word.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_turn_a_line_around_is_shown_as_what_it_is() {
        assert_eq!(line("Ivan\u{202e}vorteP"), "Ivan\\u{202E}vorteP");
        assert_eq!(line("a\nb\u{7}"), "a\\nb\\u{0007}");
        assert_eq!(lines("a\nb"), "a\nb");
        assert_eq!(line("\u{2066}x\u{2069}"), "\\u{2066}x\\u{2069}");
    }

    #[test]
    fn text_from_the_right_stays_within_itself() {
        assert_eq!(line("محمد"), "\u{2068}محمد\u{2069}");
        assert_eq!(line("Müller"), "Müller");
        let filled = "أُغلقت: \u{2068}Ivan\u{2069}";
        assert_eq!(sentence(filled), format!("\u{2068}{filled}\u{2069}"));
        assert_eq!(sentence("a\u{2069}b"), "a\\u{2069}b");
        assert_eq!(line("प्रिया"), "प्रिया");
    }

    #[test]
    fn endless_texts_are_cut() {
        assert_eq!(line(&"x".repeat(5000)).len(), MAX_SHOWN);
    }

    #[test]
    fn initials_are_two_letters_of_any_script() {
        assert_eq!(initials("Ivan Petrov"), "IP");
        assert_eq!(initials("ольга сидорова ивановна"), "ОС");
        assert_eq!(initials("+36 30"), "");
        assert_eq!(initials(""), "");
    }

    #[test]
    fn times_and_sizes_are_short() {
        assert_eq!(timer(Duration::from_secs(7)), "00:07");
        assert_eq!(timer(Duration::from_secs(3723)), "1:02:03");
        assert_eq!(length(Duration::from_secs(48)), "0:48");
        assert_eq!(length(Duration::ZERO), "");
        assert_eq!(size(6_100_000), "6.1 MB");
        assert_eq!(size(500), "1 kB");
    }

    #[test]
    fn s1_12_a_moment_reads_with_weekday_date_and_time_of_the_zone() {
        let at: Timestamp = "2026-11-22T04:05:07Z".parse().unwrap_or_default();
        let zone = TimeZone::fixed(jiff::tz::offset(5));
        assert_eq!(moment(at, &zone), "Sun 22.11.2026 09:05");
    }

    #[test]
    fn days_near_by_have_names() {
        let date = |text: &str| text.parse::<Date>().unwrap_or_default();
        let today = date("2026-11-22");
        assert_eq!(day(today, today), "Today");
        assert_eq!(day(date("2026-11-21"), today), "Yesterday");
        assert_eq!(day(date("2026-11-23"), today), "Tomorrow");
        assert_eq!(day(date("2026-11-20"), today), "Friday 20 November");
        assert_eq!(day(date("2025-11-20"), today), "Thursday 20 November 2025");
    }
}
