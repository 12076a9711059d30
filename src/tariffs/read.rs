//! From the text of `tariffs.toml` to [`Tariffs`].

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Exact, Prefix, RateAt, Rounding, Step, Tariff, Tariffs};
use crate::model::{Days, Direction, Hours};
use crate::settings::{Section, SettingsError, Source};

/// More rules than any provider's list has; a bound on what one file can ask for.
const MAX_TARIFFS: usize = 2000;
/// Prefixes that one rule can have.
const MAX_PREFIXES: usize = 500;
/// Seconds of a day: the longest step, and the most that may be free.
const DAY_S: u32 = 24 * 60 * 60;

const DIRECTIONS: [(&str, Direction); 2] = [
    ("outgoing", Direction::Outgoing),
    ("incoming", Direction::Incoming),
];
const ROUNDING: [(&str, Rounding); 3] = [
    ("half_up", Rounding::HalfUp),
    ("up", Rounding::Up),
    ("down", Rounding::Down),
];
const RATE_AT: [(&str, RateAt); 2] = [("start", RateAt::Start), ("step", RateAt::Step)];

const CURRENCY: &str = "a currency's three letters (ISO 4217), such as \"EUR\"";
const NAME: &str = "a text, what the rule is called";

/// What the file says once for all its rules.
struct Defaults {
    currency: Option<String>,
}

pub(super) fn tariffs(text: &str, file: &Path, zone: TimeZone) -> Result<Tariffs, SettingsError> {
    let source = Source { file, text };
    let document = source.document()?;
    let mut top = Section::new(
        source,
        "at the top level",
        document.span(),
        document.get_ref(),
    );
    let zone = time_zone(&mut top)?.unwrap_or(zone);
    let defaults = Defaults {
        currency: currency(&mut top)?,
    };
    let rules = top.tables("tariff", "in [[tariff]]", MAX_TARIFFS)?;
    let rules = rules.into_iter().map(|mut section| {
        let rule = tariff(&mut section, &defaults)?;
        section.finish()?;
        Ok(rule)
    });
    let rules = rules.collect::<Result<_, SettingsError>>()?;
    top.finish()?;
    Ok(Tariffs { rules, zone })
}

fn tariff(section: &mut Section<'_>, defaults: &Defaults) -> Result<Tariff, SettingsError> {
    let name = section.string("name")?;
    let price = exact(section, "price")?;
    let currency = currency(section)?.or_else(|| defaults.currency.clone());
    let rule = Tariff {
        name: name.ok_or_else(|| section.missing("name", NAME))?,
        prefixes: prefixes(section)?,
        line: section.string("line")?,
        direction: section.choice("direction", Direction::Outgoing, &DIRECTIONS)?,
        days: text(section, "days", Days::parse, Days::ALLOWED)?.unwrap_or(Days::ALL),
        hours: text(section, "hours", Hours::parse, Hours::ALLOWED)?.unwrap_or(Hours::ALL),
        from: date(section, "from")?,
        until: date(section, "until")?,
        price: price.ok_or_else(|| section.missing("price", Exact::ALLOWED))?,
        currency: currency.ok_or_else(|| section.missing("currency", CURRENCY))?,
        connection: exact(section, "connection")?.unwrap_or_default(),
        free_s: section.integer("free_s", 0, 0..=DAY_S)?,
        minimum_s: section.integer("minimum_s", 0, 0..=DAY_S)?,
        step: text(section, "step", Step::parse, Step::ALLOWED)?.unwrap_or(Step::MINUTES),
        rounding: section.choice("rounding", Rounding::default(), &ROUNDING)?,
        rate_at: section.choice("rate_at", RateAt::default(), &RATE_AT)?,
    };
    if let (Some(from), Some(until)) = (rule.from, rule.until)
        && until < from
        && let Some(value) = section.value("until")
    {
        return Err(section.bad("until", value, "a day that is not before \"from\""));
    }
    Ok(rule)
}

impl Step {
    const ALLOWED: &str = "the first step and the following ones in seconds, such as \"60/60\", \"60/1\" or \"1/1\", each up to 86400";
    /// Every minute that has begun.
    const MINUTES: Self = Self {
        first_s: 60,
        next_s: 60,
    };

    /// Reads `60/1`.
    fn parse(text: &str) -> Option<Self> {
        let (first, next) = text.split_once('/')?;
        let seconds = |text: &str| {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            let seconds = digits.then(|| text.parse().ok()).flatten();
            seconds.filter(|seconds| (1..=DAY_S).contains(seconds))
        };
        Some(Self {
            first_s: seconds(first)?,
            next_s: seconds(next)?,
        })
    }
}

impl std::fmt::Display for Step {
    /// As it is written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.first_s, self.next_s)
    }
}

/// The value under `key` as `read` reads it; refused where it reads nothing.
fn text<T>(
    section: &mut Section<'_>,
    key: &'static str,
    read: impl Fn(&str) -> Option<T>,
    allowed: &str,
) -> Result<Option<T>, SettingsError> {
    let Some(value) = section.value(key) else {
        return Ok(None);
    };
    let read = value.get_ref().as_str().and_then(read);
    match read {
        Some(read) => Ok(Some(read)),
        None => Err(section.bad(key, value, allowed)),
    }
}

fn exact(section: &mut Section<'_>, key: &'static str) -> Result<Option<Exact>, SettingsError> {
    text(section, key, Exact::parse, Exact::ALLOWED)
}

fn currency(section: &mut Section<'_>) -> Result<Option<String>, SettingsError> {
    let read = |text: &str| {
        let letters = text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
        letters.then(|| text.to_owned())
    };
    text(section, "currency", read, CURRENCY)
}

fn time_zone(section: &mut Section<'_>) -> Result<Option<TimeZone>, SettingsError> {
    let read = |text: &str| TimeZone::get(text).ok();
    let allowed = "a time zone's name, such as \"Asia/Almaty\"";
    text(section, "time_zone", read, allowed)
}

/// A day, in quotes or as TOML writes days.
fn date(section: &mut Section<'_>, key: &'static str) -> Result<Option<Date>, SettingsError> {
    let Some(value) = section.value(key) else {
        return Ok(None);
    };
    let written = match value.get_ref().as_datetime() {
        Some(date) => date.to_string(),
        None => value.get_ref().as_str().unwrap_or_default().to_owned(),
    };
    // What has a time of day is read as a day too, and that would be lost.
    let is_day = written.len() == 10;
    match written.parse() {
        Ok(day) if is_day => Ok(Some(day)),
        _ => Err(section.bad(key, value, "a day such as 2026-11-22")),
    }
}

/// One prefix, or a list; every number where there is none.
fn prefixes(section: &mut Section<'_>) -> Result<Vec<Prefix>, SettingsError> {
    let Some(value) = section.value("prefix") else {
        return Ok(vec![Prefix::Any]);
    };
    let prefix = |text: &str| Prefix::parse(text);
    if let Some(text) = value.get_ref().as_str() {
        let prefix = prefix(text).ok_or_else(|| section.bad("prefix", value, Prefix::ALLOWED))?;
        return Ok(vec![prefix]);
    }
    let list = value.get_ref().as_array();
    let list = list.filter(|list| (1..=MAX_PREFIXES).contains(&list.len()));
    let allowed = format!("a list of 1 to {MAX_PREFIXES} of: {}", Prefix::ALLOWED);
    let list = list.ok_or_else(|| section.bad("prefix", value, &allowed))?;
    let read = list.iter().map(|item| {
        let read = item.get_ref().as_str().and_then(prefix);
        read.ok_or_else(|| section.bad("prefix", item, Prefix::ALLOWED))
    });
    read.collect()
}
