//! Which calls of the log a command is about, and in which order: options that its sub-commands share.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};

use super::data::{home_country, meant_clients, period};
use crate::model::{
    CallColumn, CallOrigin, CallStatus, CallView, CategoryId, Direction, Kind, PhoneNumber, Turn,
    Value, When, days_of, read_sort,
};
use crate::profile::Profile;
use crate::store::{CallFilter, CallOrder, Grouping, Hours, Reader};
use crate::tr;

/// Which calls.
#[derive(Debug, Default, Args)]
pub struct Which {
    /// That this view of the window shows: its days, what it asks of columns, its order
    #[arg(long, value_name = "NAME")]
    view: Option<String>,
    /// From this day or moment on: 2026-11-22, today, yesterday, 2026-11-22T09:00
    #[arg(long, value_name = "WHEN")]
    from: Option<String>,
    /// Up to and with this day, or before this moment
    #[arg(long, value_name = "WHEN")]
    to: Option<String>,
    /// That began at these hours of the day: 09:00-10:00; 22:00-06:00 passes midnight
    #[arg(long, value_parser = hours)]
    hours: Option<Hours>,
    /// incoming or outgoing
    #[arg(long, value_parser = direction)]
    direction: Option<Direction>,
    /// Calls of ours by what led to them: dialled, link, callback or transfer
    #[arg(long, value_parser = origin)]
    origin: Option<CallOrigin>,
    /// answered, one_way, missed, rejected, busy, failed, cancelled, answered_elsewhere, voicemail,
    /// interrupted, unknown or in_progress; several with commas between them
    #[arg(long, value_parser = status, value_delimiter = ',')]
    status: Vec<CallStatus>,
    /// With these clients: an id, a number, or a part of the name
    #[arg(long, value_name = "CLIENT", conflicts_with = "unknown")]
    client: Option<String>,
    /// With nobody whom the client book knows
    #[arg(long)]
    unknown: bool,
    /// With clients who are of this category now
    #[arg(long)]
    category: Option<String>,
    /// With this number
    #[arg(long)]
    number: Option<String>,
    /// That this internal number took or made
    #[arg(long)]
    extension: Option<String>,
    /// On the line with this address
    #[arg(long, value_name = "ADDRESS")]
    line: Option<String>,
    /// In which people talked for so long or longer: 90s, 10m, 1h
    #[arg(long, value_name = "TIME", value_parser = length)]
    longer: Option<Duration>,
    /// In which they talked for less
    #[arg(long, value_name = "TIME", value_parser = length)]
    shorter: Option<Duration>,
    /// That lasted longer than they should
    #[arg(long)]
    too_long: bool,
    /// With a recording: yes or no
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    recorded: Option<bool>,
    /// With this tag
    #[arg(long)]
    tag: Option<String>,
    /// With this text in their note
    #[arg(long)]
    text: Option<String>,
}

/// How calls are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ListFormat {
    /// Columns for people.
    Table,
    /// An array of objects.
    Json,
    /// An object a line.
    Jsonl,
    /// Comma-separated values.
    Csv,
}

impl ListFormat {
    /// What a file's ending means.
    pub fn of(file: Option<&Path>) -> Self {
        let ending = file.and_then(Path::extension);
        match ending.and_then(|ending| ending.to_str()) {
            Some("json") => Self::Json,
            Some("jsonl") => Self::Jsonl,
            _ => Self::Csv,
        }
    }
}

/// In which order.
#[derive(Debug, Default, Args)]
pub struct Sorted {
    /// By these columns, the first one first: talk:down,client. Of started, time, status, direction,
    /// caller, callee, extension, client, category, category_then, line, talk, ring, hold, mos, recorded, cost,
    /// too_long; :down puts
    /// the largest first [default: the latest call first]
    #[arg(long = "sort", value_name = "COLUMNS", value_parser = read_sort, value_delimiter = ',')]
    by: Vec<(CallColumn, Turn)>,
}

impl Sorted {
    /// The order, by the clock of the system's time zone; that of the view where none is given.
    pub fn order(&self, view: Option<&CallView>) -> CallOrder {
        let by = match (self.by.is_empty(), view) {
            (true, Some(view)) => &view.sort,
            _ => &self.by,
        };
        CallOrder {
            by: by.clone(),
            zone: TimeZone::system(),
        }
    }
}

impl Which {
    /// The filter; names and numbers are looked up.
    pub fn filter(&self, profile: &Profile, reader: &Reader<'_>) -> anyhow::Result<CallFilter> {
        let country = home_country(profile, None)?;
        let (mut from, mut to) = period(self.from.as_deref(), self.to.as_deref())?;
        let view = self.view(reader)?;
        let zone = TimeZone::system();
        if let Some(view) = &view
            && self.from.is_none()
            && self.to.is_none()
        {
            let days = days_of(&view.period, Zoned::now().date());
            from = days.0.map(|day| When::Day(day).start(&zone));
            to = days.1.map(|day| When::Day(day).end(&zone));
        }
        let number = self
            .number
            .as_deref()
            .map(|text| PhoneNumber::parse(text, country));
        let meant = meant_clients(reader, self.client.as_deref(), country)?;
        Ok(CallFilter {
            from,
            to,
            hours: self.hours.clone(),
            direction: self.direction,
            origin: self.origin,
            statuses: self.status.clone(),
            clients: meant,
            known: self.unknown.then_some(false),
            category: self.category(reader)?,
            number: number.transpose().context("--number")?,
            extension: self.extension.clone(),
            account: self.line.clone(),
            talk_from: self.longer,
            talk_below: self.shorter,
            too_long: self.too_long.then_some(true),
            recorded: self.recorded,
            tag: self.tag.clone(),
            text: self.text.clone(),
            asked: view.map(|view| view.asked()).unwrap_or_default(),
            clock: Some(zone),
        })
    }

    /// The view that is meant.
    pub fn view(&self, reader: &Reader<'_>) -> anyhow::Result<Option<CallView>> {
        let Some(name) = &self.view else {
            return Ok(None);
        };
        let key = Value::Text(name.clone());
        match reader.find_record_called(Kind::VIEW, None, &key)? {
            Some(record) => Ok(Some(CallView::of(&record))),
            None => bail!(tr!(
                "there is no view {name}: `ringbook view list` shows which there are",
                name = name
            )),
        }
    }

    fn category(&self, reader: &Reader<'_>) -> anyhow::Result<Option<CategoryId>> {
        let Some(text) = &self.category else {
            return Ok(None);
        };
        match reader.find_category(text)? {
            Some(category) => Ok(Some(category.id)),
            None => bail!(tr!("--category: there is no category {text}", text = text)),
        }
    }
}

fn allowed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    format!("allowed: {}", words.collect::<Vec<_>>().join(", "))
}

fn direction(text: &str) -> Result<Direction, String> {
    let words = Direction::ALL.iter().map(|direction| direction.as_str());
    Direction::from_word(text).ok_or_else(|| allowed(words))
}

fn origin(text: &str) -> Result<CallOrigin, String> {
    let words = CallOrigin::ALL.iter().map(|origin| origin.as_str());
    CallOrigin::from_word(text).ok_or_else(|| allowed(words))
}

fn status(text: &str) -> Result<CallStatus, String> {
    let words = CallStatus::ALL.iter().map(|status| status.as_str());
    CallStatus::from_word(text).ok_or_else(|| allowed(words))
}

/// What calls are put together by.
pub fn grouping(text: &str) -> Result<Grouping, String> {
    let named = Grouping::ALL.iter().find(|(_, name)| *name == text);
    let (grouping, _) =
        named.ok_or_else(|| allowed(Grouping::ALL.iter().map(|(_, name)| *name)))?;
    Ok(*grouping)
}

fn hours(text: &str) -> Result<Hours, String> {
    let read = || {
        let (from, to) = text.split_once('-')?;
        let time = |text: &str| -> Option<Time> {
            match text.trim() {
                // The end of the day is the beginning of the next.
                "24:00" => Some(Time::midnight()),
                text => text.parse().ok(),
            }
        };
        Some((time(from)?, time(to)?))
    };
    let (from, to) = read().ok_or_else(|| allowed(["09:00-10:00"].into_iter()))?;
    let zone = TimeZone::system();
    Ok(Hours { from, to, zone })
}

fn length(text: &str) -> Result<Duration, String> {
    let read: Option<SignedDuration> = text.parse().ok();
    let length = read.and_then(|length| Duration::try_from(length).ok());
    length.ok_or_else(|| allowed(["90s", "10m", "1h 30m"].into_iter()))
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(allowed(["yes", "no"].into_iter())),
    }
}
