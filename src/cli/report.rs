//! `ringbook report`: figures over the call log.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use super::data::{Format, open_store, to_file_or};
use super::report_handling;
use crate::export::{handling_as_csv, handling_json};
use crate::model::When;
use crate::profile::Profile;
use crate::reports::{Handling, Period};
use crate::tr;

/// Figures over the call log.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// How long conversations take, with and without the caller's name on the card, what that
    /// saves, and how many conversations operators have in an hour
    ///
    /// The handling time is the time from answer to end, holds included. A caller was identified
    /// where the card named a client when the call was taken. An hour of work is an hour of the
    /// clock in which a conversation of the operator began.
    Handling {
        /// Into this file; its ending says how, where --format does not: csv or json.
        file: Option<PathBuf>,
        /// Which calls.
        #[command(flatten)]
        days: Days,
        /// Report on what was before this day and on what was from it on, one beside the other
        #[arg(long, value_name = "DAY")]
        split: Option<String>,
        /// How to print it [default: by the file's ending, else table]
        #[arg(long, value_enum)]
        format: Option<Format>,
    },
}

/// The period of a report.
#[derive(Debug, Default, Args)]
pub struct Days {
    /// From this day or moment on: 2026-11-22, today, yesterday, 2026-11-22T09:00
    /// [default: two weeks before the end]
    #[arg(long, value_name = "WHEN")]
    from: Option<String>,
    /// Up to and with this day, or before this moment [default: today]
    #[arg(long, value_name = "WHEN")]
    to: Option<String>,
}

/// How many days a report is about where nobody says it, the last one included.
const DAYS: i64 = 14;

/// Runs the command on the profile's store and prints to `output`.
pub fn run(
    command: &ReportCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let ReportCommand::Handling {
        file,
        days,
        split,
        format,
    } = command;
    let periods = parts(days.period(&Zoned::now())?, split.as_deref())?;
    let store = open_store(profile)?;
    let figures = |period| -> anyhow::Result<(Period, Handling)> {
        let handling = store.read(|reader| reader.handling(period, TimeZone::system()))?;
        Ok((period, handling))
    };
    let reports: Vec<_> = periods.into_iter().map(figures).collect::<Result<_, _>>()?;
    let format = format.unwrap_or_else(|| by_ending(file.as_deref()));
    to_file_or(file.as_deref(), output, |output| {
        write(&reports, format, output)
    })
}

fn write(
    reports: &[(Period, Handling)],
    format: Format,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    match format {
        Format::Table => report_handling::write(reports, &TimeZone::system(), output)?,
        Format::Csv => handling_as_csv(reports, output)?,
        Format::Json => {
            let reports = reports.iter();
            let json: serde_json::Value = reports
                .map(|(period, handling)| handling_json(*period, handling))
                .collect();
            serde_json::to_writer_pretty(&mut *output, &json)?;
            writeln!(output)?;
        }
    }
    Ok(())
}

fn by_ending(file: Option<&Path>) -> Format {
    let ending = file.and_then(Path::extension).and_then(|e| e.to_str());
    match ending {
        Some("csv") => Format::Csv,
        Some("json") => Format::Json,
        _ => Format::Table,
    }
}

impl Days {
    /// The period as of `now`, by the calendar of its time zone.
    fn period(&self, now: &Zoned) -> anyhow::Result<Period> {
        let zone = now.time_zone();
        let to = match self.to.as_deref() {
            Some(text) => When::parse(text, now).context("--to")?,
            None => When::Day(now.date()),
        }
        .end(zone);
        let from = match self.from.as_deref() {
            Some(text) => When::parse(text, now).context("--from")?,
            None => When::Day(last_day(to, zone).saturating_sub((DAYS - 1).days())),
        }
        .start(zone);
        if from >= to {
            bail!(tr!(
                "the period ends before it begins: --from must be earlier than --to"
            ));
        }
        Ok(Period { from, to })
    }
}

/// The day of the last moment before `end`.
fn last_day(end: Timestamp, zone: &TimeZone) -> jiff::civil::Date {
    let last = end.checked_sub(1.nanosecond()).unwrap_or(end);
    zone.to_datetime(last).date()
}

/// The period, or what of it is before and after the beginning of a day.
fn parts(period: Period, split: Option<&str>) -> anyhow::Result<Vec<Period>> {
    let Some(text) = split else {
        return Ok(vec![period]);
    };
    let now = Zoned::now();
    let at = When::parse(text, &now).context("--split")?;
    let at = at.start(now.time_zone());
    if at <= period.from || period.to <= at {
        bail!(tr!(
            "--split: {day} is not within the period: it must be later than --from and not later than --to",
            day = text
        ));
    }
    let before = Period { to: at, ..period };
    let after = Period { from: at, ..period };
    Ok(vec![before, after])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn period(from: &str, to: &str) -> anyhow::Result<Period> {
        let zone = TimeZone::get("Europe/Budapest").unwrap();
        let now: Timestamp = "2026-11-05T23:30:00Z".parse().unwrap();
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let days = Days {
            from: given(from),
            to: given(to),
        };
        days.period(&now.to_zoned(zone))
    }

    fn utc(from: &str, to: &str) -> Period {
        Period {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        }
    }

    #[test]
    fn s1_6_a_report_is_about_the_last_two_weeks_of_the_users_own_days() {
        // Half past midnight in Budapest, on 6 November; on 25 October clocks were put back.
        let two_weeks = utc("2026-10-23T22:00:00Z", "2026-11-06T23:00:00Z");
        assert_eq!(period("", "").unwrap(), two_weeks);
        assert_eq!(
            period("", "2026-10-25").unwrap(),
            utc("2026-10-11T22:00:00Z", "2026-10-25T23:00:00Z")
        );
        assert_eq!(
            period("2026-10-25", "").unwrap(),
            utc("2026-10-24T22:00:00Z", "2026-11-06T23:00:00Z")
        );
        assert_eq!(
            period("2026-11-05T09:00", "yesterday").unwrap(),
            utc("2026-11-05T08:00:00Z", "2026-11-05T23:00:00Z")
        );
    }

    #[test]
    fn s1_6_a_period_that_is_none_is_refused_with_what_is_wrong() {
        let error = |from, to| format!("{:#}", period(from, to).unwrap_err());
        assert!(error("2026-11-05", "2026-11-04").contains("--from must be earlier"));
        assert!(error("morgen", "").starts_with("--from: \"morgen\""));
        assert!(error("", "10/31/2026").starts_with("--to: \"10/31/2026\""));
    }
}
