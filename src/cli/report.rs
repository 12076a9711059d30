//! `ringbook report`: figures over the call log.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde_json::Value;

use super::audit::audited_export;
use super::data::{need_call_log, open_store, to_file_or};
use crate::export::page::{Page, write_pages};
use crate::export::{
    ExportError, busiest_as_csv, busiest_json, handling_as_csv, handling_json, lost_as_csv,
    lost_json, pages_as_html, pages_as_pdf, service_as_csv, service_json,
};
use crate::model::{Deed, Right, When};
use crate::profile::Profile;
use crate::report_pages::{busiest, handling, lost, service};
use crate::reports::{Period, SERVICE_GOAL, SERVICE_WITHIN, SHORT_ABANDON};
use crate::store::{self, Reader};
use crate::{i18n, tr};

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
        /// Which calls, and how to print it.
        #[command(flatten)]
        options: Options,
    },
    /// How many incoming calls were lost, by day, hour of the day and line, and where that tends
    ///
    /// The rate is lost / (offered - short). Lost is who gave up or found nobody, for whatever
    /// reason; who was answered at another phone is not, and calls that we turned away stand apart.
    Lost {
        /// Which calls, and how to print it.
        #[command(flatten)]
        options: Options,
        /// Whoever gives up.
        #[command(flatten)]
        short: Short,
    },
    /// How soon callers are answered, how many give up, and how busy each employee is
    ///
    /// The service level is answered in time / (offered - short). The occupancy is the talk time of
    /// an employee, holds included, over the hours of the clock in which a conversation began.
    Service {
        /// Which calls, and how to print it.
        #[command(flatten)]
        options: Options,
        /// Whoever gives up.
        #[command(flatten)]
        short: Short,
        /// An answer within so many seconds is in time
        #[arg(long, value_name = "SECONDS", default_value_t = SERVICE_WITHIN.as_secs())]
        within: u64,
        /// Which share of the callers is to be answered in time
        #[arg(long, value_name = "PERCENT", default_value_t = SERVICE_GOAL)]
        goal: u8,
    },
    /// When in the week calls come and are lost, and how many go on at once, hour by hour
    Busiest {
        /// Which calls, and how to print it.
        #[command(flatten)]
        options: Options,
        /// Whoever gives up.
        #[command(flatten)]
        short: Short,
    },
}

/// What every report can be told.
#[derive(Debug, Args)]
pub struct Options {
    /// Into this file; its ending says how, where --format does not: csv, json, html or pdf.
    file: Option<PathBuf>,
    /// Which calls.
    #[command(flatten)]
    days: Days,
    /// Report on what was before this day and on what was from it on, one beside the other
    #[arg(long, value_name = "DAY")]
    split: Option<String>,
    /// How to print it [default: by the file's ending, else table]
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
}

/// Who gave up too soon to count as lost.
#[derive(Debug, Args)]
pub struct Short {
    /// Whoever gives up after less than so many seconds is counted apart
    #[arg(long, value_name = "SECONDS", default_value_t = SHORT_ABANDON.as_secs())]
    short: u64,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Columns for people.
    Table,
    /// An array of objects.
    Json,
    /// Comma-separated values.
    Csv,
    /// A page with charts, for a browser.
    Html,
    /// Sheets with charts, for paper.
    Pdf,
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
    need_call_log(profile)?;
    match command {
        ReportCommand::Handling { options } => Report {
            figures: &|reader, period, zone| reader.handling(period, zone),
            page: &handling::page,
            json: handling_json,
            csv: |reports, output| handling_as_csv(reports, output),
        }
        .run(options, profile, output),
        ReportCommand::Lost { options, short } => Report {
            figures: &|reader, period, zone| reader.lost(period, zone, short.time()),
            page: &lost::page,
            json: lost_json,
            csv: |reports, output| lost_as_csv(reports, output),
        }
        .run(options, profile, output),
        ReportCommand::Service {
            options,
            short,
            within,
            goal,
        } => {
            let within = Duration::from_secs(*within);
            let aim = service::Aim {
                within,
                percent: *goal,
            };
            Report {
                figures: &|reader, period, zone| reader.service(period, zone, short.time(), within),
                page: &|period, figures, zone| service::page(period, figures, zone, aim),
                json: service_json,
                csv: |reports, output| service_as_csv(reports, output),
            }
            .run(options, profile, output)
        }
        ReportCommand::Busiest { options, short } => Report {
            figures: &|reader, period, zone| reader.busiest(period, zone, short.time()),
            page: &busiest::page,
            json: busiest_json,
            csv: |reports, output| busiest_as_csv(reports, output),
        }
        .run(options, profile, output),
    }
}

/// The figures of each period.
type Figures<F> = [(Period, F)];

/// A report: where its figures come from and how they are shown.
struct Report<'c, F> {
    figures: &'c dyn Fn(&Reader<'_>, Period, TimeZone) -> store::Result<F>,
    page: &'c dyn Fn(Period, &F, &TimeZone) -> Page,
    json: fn(Period, &F) -> Value,
    csv: fn(&Figures<F>, &mut dyn Write) -> Result<(), ExportError>,
}

impl<F> Report<'_, F> {
    fn run(
        &self,
        options: &Options,
        profile: &Profile,
        output: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let periods = parts(
            options.days.period(&Zoned::now())?,
            options.split.as_deref(),
        )?;
        let mut store = open_store(profile)?;
        let file = options
            .file
            .as_deref()
            .filter(|file| *file != Path::new("-"));
        if file.is_some() {
            let deed = Deed::export("report", file);
            audited_export(&mut store, profile, Right::Report, &deed)?;
        }
        let figures = |period| -> anyhow::Result<(Period, F)> {
            let zone = TimeZone::system();
            Ok((
                period,
                store.read(|reader| (self.figures)(reader, period, zone))?,
            ))
        };
        let reports: Vec<_> = periods.into_iter().map(figures).collect::<Result<_, _>>()?;
        let format = options.format.unwrap_or_else(|| by_ending(file));
        to_file_or(file, output, |output| self.write(&reports, format, output))
    }

    fn write(
        &self,
        reports: &Figures<F>,
        format: ReportFormat,
        output: &mut dyn Write,
    ) -> anyhow::Result<()> {
        match format {
            ReportFormat::Table => write_pages(&self.pages(reports), output)?,
            ReportFormat::Html => {
                let html = pages_as_html(&self.pages(reports), i18n::language());
                output.write_all(html.as_bytes())?;
            }
            ReportFormat::Pdf => {
                let pages = self.pages(reports);
                output.write_all(&pages_as_pdf(&pages, i18n::language(), &Zoned::now())?)?;
            }
            ReportFormat::Csv => (self.csv)(reports, output)?,
            ReportFormat::Json => {
                let reports = reports.iter();
                let json: Value = reports
                    .map(|(period, figures)| (self.json)(*period, figures))
                    .collect();
                serde_json::to_writer_pretty(&mut *output, &json)?;
                writeln!(output)?;
            }
        }
        Ok(())
    }

    fn pages(&self, reports: &Figures<F>) -> Vec<Page> {
        let zone = TimeZone::system();
        let reports = reports.iter();
        reports
            .map(|(period, figures)| (self.page)(*period, figures, &zone))
            .collect()
    }
}

fn by_ending(file: Option<&Path>) -> ReportFormat {
    let ending = file.and_then(Path::extension).and_then(|e| e.to_str());
    match ending {
        Some("csv") => ReportFormat::Csv,
        Some("json") => ReportFormat::Json,
        Some("html") => ReportFormat::Html,
        Some("pdf") => ReportFormat::Pdf,
        _ => ReportFormat::Table,
    }
}

impl Short {
    fn time(&self) -> Duration {
        Duration::from_secs(self.short)
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
