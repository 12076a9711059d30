//! `ringbook tariff`: what calls cost, and why.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp, Zoned};

use super::data::{Format, home_country, need_call_log, open_store, period};
use super::entries::{TariffChange, change_tariffs};
use super::tariff_texts;
use crate::export::{totals_as_csv, totals_json};
use crate::model::{CallId, Direction, PhoneNumber, When};
use crate::profile::Profile;
use crate::settings::Settings;
use crate::store::{self, CallFilter, Recomputed, Store, Writer};
use crate::tariffs::{Charged, Tariffs};
use crate::words::clock;
use crate::{tr, trn, words};

/// Calls that are computed anew in one transaction: a running phone waits for no more.
pub(super) const BATCH: usize = 500;

/// What calls cost.
#[derive(Debug, Subcommand)]
pub enum TariffCommand {
    /// The rules of tariffs.toml
    List,
    /// What is changed of them.
    #[command(flatten)]
    Change(TariffChange),
    /// What a call would cost, and how that comes about
    Price(Wanted),
    /// Computes anew what the calls of a period cost
    Apply(Days),
    /// What the calls of a period cost, by currency and line
    Total {
        /// Which calls.
        #[command(flatten)]
        days: Days,
        /// How to print it
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
}

/// The call whose price is wanted.
#[derive(Debug, Args)]
pub struct Wanted {
    /// Whose number is called, or calls
    number: String,
    /// From answer to end: 61s, 1m 1s, 00:01:01
    #[arg(long, value_name = "TIME", value_parser = talk)]
    talk: Duration,
    /// On this line [default: the first one]
    #[arg(long, value_name = "AOR")]
    line: Option<String>,
    /// Answered then: 2026-11-22T09:00, today 09:00 [default: now]
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
    /// The number calls us
    #[arg(long)]
    incoming: bool,
}

/// Which calls.
#[derive(Debug, Args)]
pub struct Days {
    /// From this day or moment on: 2026-11-22, today, yesterday, 2026-11-22T09:00
    #[arg(long, value_name = "WHEN")]
    from: Option<String>,
    /// Up to and with this day, or before this moment
    #[arg(long, value_name = "WHEN")]
    to: Option<String>,
}

impl Days {
    pub(super) fn filter(&self) -> anyhow::Result<CallFilter> {
        let (from, to) = period(self.from.as_deref(), self.to.as_deref())?;
        Ok(CallFilter {
            from,
            to,
            ..CallFilter::default()
        })
    }
}

/// Reads a length of time.
fn talk(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().map(Duration::from_secs);
    let read = || Duration::try_from(text.parse::<SignedDuration>().ok()?).ok();
    seconds
        .or_else(read)
        .ok_or_else(|| "allowed: 61s, 1m 1s, 00:01:01, or seconds alone".to_owned())
}

/// Runs the command on the profile's store and prints to `output`.
pub fn run(
    command: &TariffCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    match command {
        TariffCommand::List => {
            let tariffs = some_tariffs(profile)?;
            tariff_texts::list(&tariffs, output)?;
            let settings = Settings::load(&profile.settings())?;
            let mut warnings = words::lines_of_none(&tariffs, &settings);
            Ok(warnings.try_for_each(|text| writeln!(output, "{text}"))?)
        }
        TariffCommand::Change(command) => change_tariffs(command, profile),
        TariffCommand::Price(wanted) => price(wanted, profile, output),
        TariffCommand::Apply(days) => apply(&days.filter()?, profile, output),
        TariffCommand::Total { days, format } => total(&days.filter()?, profile, *format, output),
    }
}

/// The profile's tariffs, where it has any: without them nothing can be said, and nothing is to be lost.
fn some_tariffs(profile: &Profile) -> anyhow::Result<Tariffs> {
    let file = profile.tariffs();
    let tariffs = Tariffs::load(&file)?;
    if tariffs.rules().is_empty() {
        bail!(tr!("there are no tariffs in {file}", file = file.display()));
    }
    Ok(tariffs)
}

fn price(wanted: &Wanted, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let tariffs = some_tariffs(profile)?;
    let settings = Settings::load(&profile.settings())?;
    let first = settings.accounts.first();
    let line = wanted.line.clone().or_else(|| Some(first?.aor.clone()));
    let line = line.unwrap_or_default();
    let mut accounts = settings.accounts.iter();
    let own = accounts.find(|account| account.aor == line);
    let country = home_country(profile, own.and_then(|account| account.country))?;
    let number = PhoneNumber::parse(&wanted.number, country).map(|number| number.e164());
    let number = number.unwrap_or_else(|_| wanted.number.clone());
    let answered = answered_at(wanted.at.as_deref())?;
    let call = Charged {
        direction: if wanted.incoming {
            Direction::Incoming
        } else {
            Direction::Outgoing
        },
        line: &line,
        number: &number,
        answered_at: Some(answered),
        talk: wanted.talk,
    };
    let at = answered.to_zoned(tariffs.zone().clone());
    let text = tr!(
        "{number}, answered on {at}, {talk}",
        number = number,
        at = at.strftime("%Y-%m-%d %H:%M:%S %Z"),
        talk = clock(wanted.talk)
    );
    writeln!(output, "{text}")?;
    match tariffs.price(&call) {
        Some(price) => tariff_texts::explain(&price, output),
        None => bail!(tr!("no tariff is for this call")),
    }
}

fn answered_at(text: Option<&str>) -> anyhow::Result<Timestamp> {
    let now = Zoned::now();
    match text {
        None => Ok(now.timestamp()),
        Some(text) => Ok(When::parse(text, &now)
            .context("--at")?
            .start(now.time_zone())),
    }
}

fn apply(filter: &CallFilter, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    need_call_log(profile)?;
    let tariffs = some_tariffs(profile)?;
    let (seen, changed) = each_batch(&mut open_store(profile)?, |writer, behind| {
        writer.price_calls(filter, behind, BATCH, |call| tariffs.cost(call))
    })?;
    let text = trn!(
        "{n} call was looked at; those that cost something else now: {changed}",
        "{n} calls were looked at; those that cost something else now: {changed}",
        n = seen,
        changed = changed
    );
    Ok(writeln!(output, "{text}")?)
}

/// Goes through calls batch by batch: how many were looked at, and how many have changed.
pub(super) fn each_batch(
    store: &mut Store,
    recompute: impl Fn(&mut Writer<'_>, Option<(Timestamp, CallId)>) -> store::Result<Recomputed>,
) -> anyhow::Result<(u64, u64)> {
    let (mut seen, mut changed) = (0, 0);
    let mut behind = None;
    loop {
        let batch = store.write(|writer| recompute(writer, behind))?;
        seen += batch.seen;
        changed += batch.changed;
        match batch.last {
            Some(last) => behind = Some(last),
            None => return Ok((seen, changed)),
        }
    }
}

fn total(
    filter: &CallFilter,
    profile: &Profile,
    format: Format,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    need_call_log(profile)?;
    let store = open_store(profile)?;
    let totals = store.read(|reader| reader.cost_totals(filter))?;
    let unpriced = store.read(|reader| reader.unpriced_calls(filter))?;
    match format {
        Format::Table => tariff_texts::totals(&totals, unpriced, output),
        Format::Csv => Ok(totals_as_csv(&totals, output)?),
        Format::Json => {
            let json = totals_json(filter, &totals, unpriced);
            serde_json::to_writer_pretty(&mut *output, &json)?;
            Ok(writeln!(output)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_20_a_length_of_time_is_read_as_people_write_it() {
        for text in ["61s", "61", "1m1s", "1m 1s", "00:01:01", "PT61S"] {
            assert_eq!(talk(text), Ok(Duration::from_secs(61)), "{text}");
        }
        assert_eq!(talk("60.2s"), Ok(Duration::from_millis(60_200)));
        for text in ["", "-61s", "-1", "61 apples", "1:01"] {
            assert!(talk(text).is_err(), "{text}");
        }
    }
}
