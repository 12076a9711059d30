//! `ringbook log`: the call log.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use super::data::{Format, clients, home_country, open_store, period, to_file_or};
use crate::export::{call_json, calls_as_csv, calls_as_json};
use crate::flight::{Flight, report};
use crate::model::{CallId, CallLine, CallStatus, Direction, PhoneNumber};
use crate::profile::Profile;
use crate::store::{CallFilter, Reader};
use crate::table::{printable, write_table};
use crate::tr;

/// The call log.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// The calls, the latest first
    List {
        /// Which calls.
        #[command(flatten)]
        which: Which,
        /// At most so many; 0 for all
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// How to print them
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Everything about one call: its row as JSON, or its messages and what was wrong
    Show {
        /// The call's id.
        call: CallId,
        /// What was wrong, every SIP message, and how the sound fared
        #[arg(long)]
        ladder: bool,
        /// How to print the ladder
        #[arg(long, value_enum, default_value = "text", requires = "ladder")]
        format: LadderFormat,
        /// The same into a file for the provider: names, numbers, addresses and hosts are
        /// replaced; JSON where its name ends so, else text
        #[arg(long, value_name = "FILE", conflicts_with = "ladder")]
        bundle: Option<PathBuf>,
    },
    /// All the calls, to standard output or a file
    Export {
        /// The file.
        file: Option<PathBuf>,
        /// Which calls.
        #[command(flatten)]
        which: Which,
        /// json or csv [default: by the file's ending, else csv]
        #[arg(long, value_enum)]
        format: Option<Format>,
    },
}

/// The width of a ladder where nobody says how wide the terminal is.
const WIDTH: usize = 100;

/// How a ladder is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LadderFormat {
    /// For people.
    Text,
    /// One object.
    Json,
}

/// Which calls.
#[derive(Debug, Default, Args)]
pub struct Which {
    /// From this day or moment on: 2026-11-22, today, yesterday, 2026-11-22T09:00
    #[arg(long, value_name = "WHEN")]
    pub from: Option<String>,
    /// Up to and with this day, or before this moment
    #[arg(long, value_name = "WHEN")]
    pub to: Option<String>,
    /// incoming or outgoing
    #[arg(long, value_parser = direction)]
    pub direction: Option<Direction>,
    /// answered, missed, rejected, busy, failed, cancelled, answered_elsewhere, interrupted,
    /// unknown or in_progress
    #[arg(long, value_parser = status)]
    pub status: Option<CallStatus>,
    /// With these clients: an id, a number, or a part of the name
    #[arg(long, value_name = "CLIENT")]
    pub client: Option<String>,
    /// With this number
    #[arg(long)]
    pub number: Option<String>,
}

fn direction(text: &str) -> Result<Direction, String> {
    Direction::from_word(text).ok_or_else(|| "allowed: incoming, outgoing".to_owned())
}

fn status(text: &str) -> Result<CallStatus, String> {
    CallStatus::from_word(text).ok_or_else(|| {
        let allowed: Vec<&str> = CallStatus::ALL
            .iter()
            .map(|status| status.as_str())
            .collect();
        format!("allowed: {}", allowed.join(", "))
    })
}

/// Runs the command on the profile's store and prints to `output`.
pub fn run(command: &LogCommand, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let store = open_store(profile)?;
    store.read(|reader| run_on(command, profile, reader, output))
}

fn run_on(
    command: &LogCommand,
    profile: &Profile,
    reader: &Reader<'_>,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    match command {
        LogCommand::List {
            which,
            limit,
            format,
        } => {
            let filter = which.filter(profile, reader)?;
            write(
                reader,
                &filter,
                Some(*limit).filter(|&limit| limit > 0),
                *format,
                output,
            )
        }
        LogCommand::Show {
            call,
            ladder,
            format,
            bundle: None,
        } => show(*call, ladder.then_some(*format), reader, output),
        LogCommand::Show {
            call,
            bundle: Some(file),
            ..
        } => {
            let (line, flight) = (find(*call, reader)?, flight(*call, reader)?);
            let as_json = is_json(file);
            to_file_or(Some(file), output, |output| {
                report::bundle(&line, &flight, as_json, output)
            })
        }
        LogCommand::Export {
            file,
            which,
            format,
        } => {
            let filter = which.filter(profile, reader)?;
            let is_json = file.as_deref().is_some_and(is_json);
            let format = format.unwrap_or(if is_json { Format::Json } else { Format::Csv });
            to_file_or(file.as_deref(), output, |output| {
                write(reader, &filter, None, format, output)
            })
        }
    }
}

fn show(
    call: CallId,
    ladder: Option<LadderFormat>,
    reader: &Reader<'_>,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let line = find(call, reader)?;
    let json = match ladder {
        None => call_json(&line),
        Some(LadderFormat::Text) => {
            let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0.into());
            return report::as_text(&line.record, &flight(call, reader)?, width, output);
        }
        Some(LadderFormat::Json) => report::as_json(&line, &flight(call, reader)?),
    };
    serde_json::to_writer_pretty(&mut *output, &json)?;
    Ok(writeln!(output)?)
}

fn is_json(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "json")
}

fn find(call: CallId, reader: &Reader<'_>) -> anyhow::Result<CallLine> {
    match reader.find_call(call)? {
        Some(line) => Ok(line),
        None => bail!(tr!("no call has the id {call}", call = call)),
    }
}

fn flight(call: CallId, reader: &Reader<'_>) -> anyhow::Result<Flight> {
    match reader.find_flight(call)? {
        Some(flight) => Ok(flight),
        None => bail!(tr!(
            "nothing is kept of the messages of this call: it is too old, it was cut off, or [log] ladders is too small"
        )),
    }
}

impl Which {
    fn filter(&self, profile: &Profile, reader: &Reader<'_>) -> anyhow::Result<CallFilter> {
        let country = home_country(profile, None)?;
        let (from, to) = period(self.from.as_deref(), self.to.as_deref())?;
        let number = self
            .number
            .as_deref()
            .map(|text| PhoneNumber::parse(text, country));
        let meant = self
            .client
            .as_deref()
            .map(|text| clients(reader, text, country))
            .transpose()?;
        if let (Some([]), Some(text)) = (meant.as_deref(), &self.client) {
            bail!(tr!("--client: no client is called {text}", text = text));
        }
        Ok(CallFilter {
            from,
            to,
            direction: self.direction,
            status: self.status,
            clients: meant,
            number: number.transpose().context("--number")?,
        })
    }
}

fn write(
    reader: &Reader<'_>,
    filter: &CallFilter,
    limit: Option<usize>,
    format: Format,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    match format {
        Format::Json => calls_as_json(reader, filter, limit, output)?,
        Format::Csv => calls_as_csv(reader, filter, limit, &TimeZone::system(), output)?,
        Format::Table => table(reader, filter, limit, output)?,
    }
    Ok(())
}

fn table(
    reader: &Reader<'_>,
    filter: &CallFilter,
    limit: Option<usize>,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let lines = reader.calls(filter, 0, limit.unwrap_or(usize::MAX))?;
    if lines.is_empty() {
        return Ok(writeln!(output, "{}", tr!("No calls."))?);
    }
    let zone = TimeZone::system();
    let rows: Vec<_> = lines.iter().map(|line| row(line, &zone)).collect();
    write_table(
        output,
        [
            tr!("Date"),
            tr!("Time"),
            tr!("Direction"),
            tr!("Status"),
            tr!("Caller"),
            tr!("Called"),
            tr!("Client"),
            tr!("Employee"),
            tr!("Talk"),
            tr!("Cost"),
            tr!("Recording"),
        ],
        &rows,
    )?;
    Ok(())
}

fn row(line: &CallLine, zone: &TimeZone) -> [String; 11] {
    let call = &line.record;
    let local = call.started_at.to_zoned(zone.clone());
    let employee = format!("{} {}", call.extension, call.employee);
    [
        local.strftime("%Y-%m-%d").to_string(),
        local.strftime("%H:%M:%S").to_string(),
        call.direction.to_string(),
        call.status.to_string(),
        call.caller.clone(),
        call.callee.clone(),
        line.client_name.clone().unwrap_or_default(),
        printable(employee.trim()),
        clock(call.talk),
        call.cost
            .as_ref()
            .map(|cost| format!("{} {}", cost.amount.amount(), cost.amount.currency))
            .unwrap_or_default(),
        line.recording
            .clone()
            .map(|_| tr!("yes"))
            .unwrap_or_default(),
    ]
}

/// `00:01:01`.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}
