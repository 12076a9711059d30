//! `ringbook tariff add|set|remove` and `ringbook limit`: entries of files, changed one at a time.

use std::io::Write;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::data::open_store;
use crate::control::{self, Request};
use crate::entries::{Entries, Entry, LIMITS, TARIFFS};
use crate::model::{Right, TalkLimit};
use crate::profile::Profile;
use crate::settings::Settings;
use crate::table::write_table;
use crate::tr;
use crate::words::clock;

/// What is changed of the tariffs.
#[derive(Debug, Subcommand)]
pub enum TariffChange {
    /// Adds a tariff to tariffs.toml
    Add {
        /// What it says.
        #[command(flatten)]
        fields: Box<TariffFields>,
        /// Before the one with this number in `tariff list` [default: behind the last one]
        #[arg(long, value_name = "NUMBER")]
        before: Option<usize>,
    },
    /// Changes what a tariff says; an empty value takes a field out
    Set {
        /// Its name, or its number in `tariff list`
        tariff: String,
        /// What it says from now on.
        #[command(flatten)]
        fields: Box<TariffFields>,
    },
    /// Takes a tariff out of tariffs.toml
    Remove {
        /// Its name, or its number in `tariff list`
        tariff: String,
    },
}

/// The fields of a tariff, as they stand in tariffs.toml.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct TariffFields {
    /// What rows and explanations call it
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Numbers that begin so, parted by commas; internal; empty for all others
    #[arg(long, value_name = "PREFIXES")]
    prefix: Option<String>,
    /// The address of record of an account
    #[arg(long, value_name = "AOR")]
    line: Option<String>,
    /// outgoing or incoming
    #[arg(long, value_name = "WORD")]
    direction: Option<String>,
    /// mon-fri, sat,sun
    #[arg(long, value_name = "DAYS")]
    days: Option<String>,
    /// 08:00-20:00
    #[arg(long, value_name = "HOURS")]
    hours: Option<String>,
    /// The first day on which it holds
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The last day on which it holds
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// For a minute: 0.10
    #[arg(long, value_name = "AMOUNT")]
    price: Option<String>,
    /// Three letters: EUR
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// For being answered, however long people talk
    #[arg(long, value_name = "AMOUNT")]
    connection: Option<String>,
    /// Seconds at the beginning that cost nothing
    #[arg(long, value_name = "SECONDS")]
    free_s: Option<String>,
    /// Where anything is charged, at least so many seconds are
    #[arg(long, value_name = "SECONDS")]
    minimum_s: Option<String>,
    /// The first step and the following ones in seconds: 60/60
    #[arg(long, value_name = "STEPS")]
    step: Option<String>,
    /// half_up, up or down
    #[arg(long, value_name = "WORD")]
    rounding: Option<String>,
    /// start or step
    #[arg(long, value_name = "WORD")]
    rate_at: Option<String>,
}

impl TariffFields {
    fn given(&self) -> [(&'static str, Option<&String>); 16] {
        [
            ("name", self.name.as_ref()),
            ("prefix", self.prefix.as_ref()),
            ("line", self.line.as_ref()),
            ("direction", self.direction.as_ref()),
            ("days", self.days.as_ref()),
            ("hours", self.hours.as_ref()),
            ("from", self.from.as_ref()),
            ("until", self.until.as_ref()),
            ("price", self.price.as_ref()),
            ("currency", self.currency.as_ref()),
            ("connection", self.connection.as_ref()),
            ("free_s", self.free_s.as_ref()),
            ("minimum_s", self.minimum_s.as_ref()),
            ("step", self.step.as_ref()),
            ("rounding", self.rounding.as_ref()),
            ("rate_at", self.rate_at.as_ref()),
        ]
    }
}

/// How long conversations of some kind may last.
#[derive(Debug, Subcommand)]
pub enum LimitCommand {
    /// The limits, in their order: the first that is for a call holds
    List,
    /// Adds a limit to settings.toml
    Add {
        /// What it says.
        #[command(flatten)]
        fields: LimitFields,
        /// Before the one with this number in `limit list` [default: behind the last one]
        #[arg(long, value_name = "NUMBER")]
        before: Option<usize>,
    },
    /// Changes what a limit says; an empty value takes a field out
    Set {
        /// Its number in `limit list`
        limit: String,
        /// What it says from now on.
        #[command(flatten)]
        fields: LimitFields,
    },
    /// Takes a limit out of settings.toml
    Remove {
        /// Its number in `limit list`
        limit: String,
    },
}

/// The fields of a limit, as they stand in settings.toml.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct LimitFields {
    /// How long people may talk, with --seconds or instead of them
    #[arg(long, value_name = "MINUTES")]
    minutes: Option<String>,
    /// How long people may talk, with --minutes or instead of them
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<String>,
    /// incoming or outgoing; empty for both
    #[arg(long, value_name = "WORD")]
    direction: Option<String>,
    /// Numbers that begin so: +7701
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,
    /// Clients of this category
    #[arg(long, value_name = "CATEGORY")]
    category: Option<String>,
    /// The employee with this internal number
    #[arg(long, value_name = "EXTENSION")]
    extension: Option<String>,
}

impl LimitFields {
    fn given(&self) -> [(&'static str, Option<&String>); 6] {
        [
            ("minutes", self.minutes.as_ref()),
            ("seconds", self.seconds.as_ref()),
            ("direction", self.direction.as_ref()),
            ("prefix", self.prefix.as_ref()),
            ("category", self.category.as_ref()),
            ("extension", self.extension.as_ref()),
        ]
    }
}

/// Changes `tariffs.toml`, and has a running phone read it.
pub fn change_tariffs(command: &TariffChange, profile: &Profile) -> anyhow::Result<()> {
    let mut entries = Entries::load(&TARIFFS, &profile.tariffs())?;
    allow(profile)?;
    match command {
        TariffChange::Add { fields, before } => {
            entries.add(behind(*before), &typed(Entry::default(), &fields.given()))?;
        }
        TariffChange::Set { tariff, fields } => {
            let all = entries.all();
            let at = place(&all, tariff)?;
            entries.set(at, &typed(all[at].clone(), &fields.given()))?;
        }
        TariffChange::Remove { tariff } => entries.remove(place(&entries.all(), tariff)?)?,
    }
    // Without a running phone the next one reads it.
    let _ = control::ask(profile, &Request::TariffsChanged {});
    Ok(())
}

/// Runs `ringbook limit` and prints to `output`; a running phone goes by what has changed.
pub fn limit(
    command: &LimitCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut entries = Entries::load(&LIMITS, &profile.settings())?;
    if !matches!(command, LimitCommand::List) {
        allow(profile)?;
    }
    match command {
        LimitCommand::List => list_limits(&entries.all(), profile, output)?,
        LimitCommand::Add { fields, before } => {
            entries.add(behind(*before), &typed(Entry::default(), &fields.given()))?;
        }
        LimitCommand::Set { limit, fields } => {
            let all = entries.all();
            let at = place(&all, limit)?;
            entries.set(at, &typed(all[at].clone(), &fields.given()))?;
        }
        LimitCommand::Remove { limit } => entries.remove(place(&entries.all(), limit)?)?,
    }
    if !matches!(command, LimitCommand::List) {
        // Without a running phone the next one reads it.
        let _ = control::ask(profile, &Request::SettingsChanged {});
    }
    Ok(())
}

/// Refuses whoever may not change tariffs and limits.
fn allow(profile: &Profile) -> anyhow::Result<()> {
    let store = open_store(profile)?;
    Ok(store.read(|reader| reader.allow(Right::ChangeTariffs))?)
}

/// Where an entry is added, counted from 0.
fn behind(before: Option<usize>) -> usize {
    before.map_or(usize::MAX, |number| number.saturating_sub(1))
}

fn typed(mut entry: Entry, given: &[(&'static str, Option<&String>)]) -> Entry {
    for (key, text) in given {
        if let Some(text) = text {
            entry.set(key, text);
        }
    }
    entry
}

/// Which entry a name or a number means, counted from 0.
fn place(all: &[Entry], text: &str) -> anyhow::Result<usize> {
    let named: Vec<usize> = all
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.get("name") == text)
        .map(|(at, _)| at)
        .collect();
    let number = text.parse::<usize>().ok();
    let at = number.and_then(|number| number.checked_sub(1));
    match (&named[..], at) {
        ([one], _) => Ok(*one),
        ([], Some(at)) if at < all.len() => Ok(at),
        ([], _) => bail!(tr!(
            "nothing in the list has the number or name {name}",
            name = text
        )),
        (several, _) => {
            let numbers = several.iter().map(|at| (at + 1).to_string());
            bail!(tr!(
                "several are called {name}; name one by its number: {numbers}",
                name = text,
                numbers = numbers.collect::<Vec<_>>().join(", ")
            ))
        }
    }
}

fn list_limits(all: &[Entry], profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let limits = Settings::load(&profile.settings())?.talk_limits();
    if all.is_empty() {
        writeln!(output, "{}", tr!("No limits."))?;
    } else {
        let row = |(at, (entry, limit)): (usize, (&Entry, &TalkLimit))| {
            [
                (at + 1).to_string(),
                clock(limit.talk),
                entry.get("direction").to_owned(),
                entry.get("prefix").to_owned(),
                entry.get("category").to_owned(),
                entry.get("extension").to_owned(),
            ]
        };
        let rows: Vec<_> = all
            .iter()
            .zip(&limits.limits)
            .enumerate()
            .map(row)
            .collect();
        let headings = [
            tr!("place in a list" => "No."),
            tr!("Talk"),
            tr!("Direction"),
            tr!("Numbers"),
            tr!("Category"),
            tr!("Employee"),
        ];
        write_table(output, headings, &rows)?;
    }
    if let Some(talk) = limits.otherwise {
        let text = tr!("All other calls: {talk}", talk = clock(talk));
        writeln!(output, "{text}")?;
    }
    Ok(())
}
