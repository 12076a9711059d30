//! `ringbook bill`: a provider's bill beside the call log.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::bill_texts;
use super::data::{home_country, need_call_log, open_store, period};
use crate::bills::{BillReading, BilledCall, Made, Reading, check};
use crate::export::bill_json;
use crate::model::{CallRecord, Direction};
use crate::profile::Profile;
use crate::store::{CallFilter, StoreError};
use crate::tariffs::Tariffs;

/// How much sooner or later than the bill's own calls those of the log are looked for: more than two time
/// zones are ever apart.
const MARGIN: SignedDuration = SignedDuration::from_hours(30);

/// Compares a provider's bill with the call log and the tariffs.
#[derive(Debug, Args)]
pub struct BillCommand {
    /// A CSV file; its columns are known by their names
    file: PathBuf,
    /// Calls from this day or moment on, by our clock [default: from the bill's first call]
    #[arg(long, value_name = "WHEN")]
    from: Option<String>,
    /// Calls up to and with this day, or before this moment [default: to the bill's last call]
    #[arg(long, value_name = "WHEN")]
    to: Option<String>,
    /// Calls on this line only
    #[arg(long, value_name = "AOR")]
    line: Option<String>,
    /// Whose clock the bill shows, such as Europe/Budapest; what is wrong with it is found out
    /// [default: that of tariffs.toml]
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    time_zone: Option<TimeZone>,
    /// What amounts are in that name no currency [default: that of the tariffs]
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// What a column holds, as often as needed: "Telefon=number"; date, time, number, duration, cost,
    /// currency
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapping)]
    map: Vec<(String, String)>,
    /// How to print it
    #[arg(long, value_enum, default_value = "table")]
    format: BillFormat,
}

/// How a comparison is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum BillFormat {
    /// For people.
    Table,
    /// One object.
    Json,
}

/// The time zone of this name.
pub(super) fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| "allowed: a name such as Europe/Budapest".to_owned())
}

fn mapping(text: &str) -> Result<(String, String), String> {
    let parts = text.rsplit_once('=');
    let parts = parts.map(|(column, field)| (column.to_owned(), field.to_owned()));
    parts.ok_or_else(|| "allowed: a column and a field such as Telefon=number".to_owned())
}

/// Runs the command on the profile's store and prints to `output`.
pub fn run(command: &BillCommand, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    need_call_log(profile)?;
    let tariffs = Tariffs::load(&profile.tariffs())?;
    let read = command.read(profile, &tariffs)?;
    let (from, to) = period(command.from.as_deref(), command.to.as_deref())?;
    let calls = command.calls(profile, &read.calls)?;
    let made = Made {
        calls: &calls,
        tariffs: &tariffs,
        from,
        to,
    };
    let check = check(&read.calls, made);
    match command.format {
        BillFormat::Table => bill_texts::write(&check, &read.left_out, &TimeZone::system(), output),
        BillFormat::Json => {
            let json = bill_json(&check, &read.left_out);
            serde_json::to_writer_pretty(&mut *output, &json)?;
            Ok(writeln!(output)?)
        }
    }
}

impl BillCommand {
    fn read(&self, profile: &Profile, tariffs: &Tariffs) -> anyhow::Result<BillReading> {
        let named = || self.file.display().to_string();
        let file = File::open(&self.file).with_context(named)?;
        let zone = self.time_zone.clone();
        let reading = Reading {
            zone: zone.unwrap_or_else(|| zone_of(tariffs)),
            country: home_country(profile, None)?,
            currency: self.currency.clone().or_else(|| currency_of(tariffs)),
            map: self.map.clone(),
        };
        BillReading::read(BufReader::new(file), &reading).with_context(named)
    }

    /// The answered outgoing calls around those of the bill: those that are not asked for may be what the
    /// bill's clock is found out by.
    fn calls(&self, profile: &Profile, billed: &[BilledCall]) -> anyhow::Result<Vec<CallRecord>> {
        let times = || billed.iter().map(|call| call.at);
        let (first, last) = (times().min(), times().max());
        let (from, to) = period(self.from.as_deref(), self.to.as_deref())?;
        let filter = CallFilter {
            from: earliest(first.map(|at| shifted(at, -MARGIN)), from),
            to: latest(last.map(|at| shifted(at, MARGIN)), to),
            direction: Some(Direction::Outgoing),
            ..CallFilter::default()
        };
        let mut calls = Vec::new();
        let is_ours = |call: &CallRecord| {
            let line = self.line.as_ref();
            call.ended_at.is_some()
                && call.answered_at.is_some()
                && line.is_none_or(|line| line.eq_ignore_ascii_case(&call.account))
        };
        open_store(profile)?.read(|reader| {
            reader.each_call(&filter.into(), None, |line| -> Result<(), StoreError> {
                if is_ours(&line.record) {
                    calls.push(line.record);
                }
                Ok(())
            })
        })?;
        // The log has the latest first.
        calls.reverse();
        Ok(calls)
    }
}

fn shifted(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    Some(one?.min(other.unwrap_or(Timestamp::MAX)))
}

fn latest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    Some(one?.max(other.unwrap_or(Timestamp::MIN)))
}

fn zone_of(tariffs: &Tariffs) -> TimeZone {
    match tariffs.rules() {
        [] => TimeZone::system(),
        _ => tariffs.zone().clone(),
    }
}

/// The one currency of all rules.
fn currency_of(tariffs: &Tariffs) -> Option<String> {
    let (first, rest) = tariffs.rules().split_first()?;
    let is_one = rest.iter().all(|rule| rule.currency == first.currency);
    is_one.then(|| first.currency.clone())
}
