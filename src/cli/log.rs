//! `ringbook log`: the call log.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Subcommand;
use jiff::tz::TimeZone;

use super::audit::audited_export;
use super::data::{Format, need_call_log, open_store, to_file_or};
use super::log_import::{self, ImportCalls};
use super::log_marks::MarkCommand;
use super::log_options::{ListFormat, Sorted, Which, grouping};
use super::tariff::{BATCH, Days, each_batch};
use super::{log_groups, log_marks};
use crate::export::{call_json, calls_as_csv, calls_as_json, calls_as_json_lines, look_for};
use crate::flight::{Flight, report};
use crate::model::{CallId, CallLine, CallOrigin, CallRecord, Deed, Right};
use crate::profile::Profile;
use crate::settings::Settings;
use crate::store::{CallList, Grouping, Reader};
use crate::table::{printable, write_table};
use crate::words::clock;
use crate::{tr, trn};

/// The call log.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// What is asked of it.
    #[command(flatten)]
    Read(Box<ReadCommand>),
    /// What a person writes into it.
    #[command(flatten)]
    Mark(MarkCommand),
    /// Computes anew which calls of a period lasted too long, by [[too_long]] in settings.toml
    Recheck(Days),
    /// Bring in the call log of a PBX: Asterisk's Master.csv, or any CSV file
    Import(Box<ImportCalls>),
}

/// What is asked of the call log.
#[derive(Debug, Subcommand)]
pub enum ReadCommand {
    /// The calls, the latest first
    List {
        /// Which calls.
        #[command(flatten)]
        which: Box<Which>,
        /// In which order.
        #[command(flatten)]
        sorted: Sorted,
        /// At most so many; 0 for all
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// How to print them
        #[arg(long, value_enum, default_value = "table")]
        format: ListFormat,
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
    /// How many calls there are of each day, client, employee or line, and how long people talked
    Groups {
        /// What the calls are put together by: day, client, employee, line
        #[arg(long, value_parser = grouping)]
        by: Grouping,
        /// Which calls.
        #[command(flatten)]
        which: Box<Which>,
        /// How to print them
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// All the calls, to standard output or a file
    Export {
        /// The file.
        file: Option<PathBuf>,
        /// Which calls.
        #[command(flatten)]
        which: Box<Which>,
        /// In which order.
        #[command(flatten)]
        sorted: Sorted,
        /// json, jsonl or csv [default: by the file's ending, else csv]
        #[arg(long, value_enum)]
        format: Option<ListFormat>,
    },
}

impl ReadCommand {
    /// What it takes out of the program, and the right that takes: a list for people is what they may
    /// see, one for programs is an export. Of one call nothing leaves but for the provider.
    fn taking_out(&self) -> Option<(Right, Deed)> {
        let list = |is_for_people| {
            let right = if is_for_people {
                Right::See
            } else {
                Right::ExportCalls
            };
            (right, Deed::export("calls", None))
        };
        match self {
            Self::List { format, .. } => Some(list(*format == ListFormat::Table)),
            Self::Groups { format, .. } => Some(list(*format == Format::Table)),
            Self::Export { file, .. } => {
                let deed = Deed::export("calls", file.as_deref());
                Some((Right::ExportCalls, deed))
            }
            Self::Show { call, bundle, .. } => bundle.as_deref().map(|file| {
                let deed = Deed {
                    call: Some(*call),
                    ..Deed::export("messages", Some(file))
                };
                (Right::ExportCalls, deed)
            }),
        }
    }
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

/// Runs the command on the profile's store and prints to `output`.
pub fn run(command: &LogCommand, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    need_call_log(profile)?;
    match command {
        LogCommand::Mark(command) => log_marks::run(command, profile),
        LogCommand::Recheck(days) => recheck(days, profile, output),
        LogCommand::Import(it) => log_import::run(it, profile, output),
        LogCommand::Read(command) => {
            let mut store = open_store(profile)?;
            if let Some((right, deed)) = command.taking_out() {
                audited_export(&mut store, profile, right, &deed)?;
            }
            if let ReadCommand::Show { call, .. } = &**command {
                let files = store.read(|reader| reader.recording_files_of(*call))?;
                look_for(&mut store, &profile.recordings(), &files)?;
            }
            store.read(|reader| run_on(command, profile, reader, output))
        }
    }
}

fn recheck(days: &Days, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let filter = days.filter()?;
    let limits = Settings::load(&profile.settings())?.talk_limits();
    let (seen, changed) = each_batch(&mut open_store(profile)?, |writer, behind| {
        writer.mark_calls(&filter, behind, BATCH, |call| limits.is_too_long(call))
    })?;
    let text = trn!(
        "{n} call was looked at; those whose mark is another one now: {changed}",
        "{n} calls were looked at; those whose mark is another one now: {changed}",
        n = seen,
        changed = changed
    );
    Ok(writeln!(output, "{text}")?)
}

fn run_on(
    command: &ReadCommand,
    profile: &Profile,
    reader: &Reader<'_>,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    match command {
        ReadCommand::List {
            which,
            sorted,
            limit,
            format,
        } => {
            let list = list(which, sorted, profile, reader)?;
            let limit = Some(*limit).filter(|&limit| limit > 0);
            write(reader, &list, limit, *format, output)
        }
        ReadCommand::Groups { by, which, format } => {
            let filter = which.filter(profile, reader)?;
            log_groups::write(reader, &filter, *by, *format, output)
        }
        ReadCommand::Show {
            call,
            ladder,
            format,
            bundle: None,
        } => show(*call, ladder.then_some(*format), reader, output),
        ReadCommand::Show {
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
        ReadCommand::Export {
            file,
            which,
            sorted,
            format,
        } => {
            let list = list(which, sorted, profile, reader)?;
            let format = format.unwrap_or_else(|| ListFormat::of(file.as_deref()));
            to_file_or(file.as_deref(), output, |output| {
                write(reader, &list, None, format, output)
            })
        }
    }
}

fn list(
    which: &Which,
    sorted: &Sorted,
    profile: &Profile,
    reader: &Reader<'_>,
) -> anyhow::Result<CallList> {
    Ok(CallList {
        filter: which.filter(profile, reader)?,
        order: sorted.order(which.view(reader)?.as_ref()),
    })
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

fn write(
    reader: &Reader<'_>,
    list: &CallList,
    limit: Option<usize>,
    format: ListFormat,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    match format {
        ListFormat::Json => calls_as_json(reader, list, limit, output)?,
        ListFormat::Jsonl => calls_as_json_lines(reader, list, limit, output)?,
        ListFormat::Csv => calls_as_csv(reader, list, limit, &TimeZone::system(), output)?,
        ListFormat::Table => table(reader, list, limit, output)?,
    }
    Ok(())
}

fn table(
    reader: &Reader<'_>,
    list: &CallList,
    limit: Option<usize>,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let lines = reader.calls_of(list, 0, limit.unwrap_or(usize::MAX))?;
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
            tr!("Tags"),
            tr!("Note"),
        ],
        &rows,
    )?;
    Ok(())
}

fn row(line: &CallLine, zone: &TimeZone) -> [String; 13] {
    let call = &line.record;
    let local = call.started_at.to_zoned(zone.clone());
    let employee = format!("{} {}", call.extension, call.employee);
    [
        local.strftime("%Y-%m-%d").to_string(),
        local.strftime("%H:%M:%S").to_string(),
        direction(call),
        call.status.to_string(),
        caller(call),
        call.callee.clone(),
        line.client_name.clone().unwrap_or_default(),
        printable(employee.trim()),
        clock(call.talk),
        call.cost
            .as_ref()
            .map(|cost| format!("{} {}", cost.amount.amount(), cost.amount.currency))
            .unwrap_or_default(),
        recording(line),
        line.tags.join("; "),
        line.note.clone(),
    ]
}

/// Which number called, or that it was hidden.
fn caller(call: &CallRecord) -> String {
    match call.hidden && call.caller.is_empty() {
        true => tr!("Hidden number"),
        false => call.caller.clone(),
    }
}

/// Whether there is a recording; else why it cannot be listened to.
fn recording(line: &CallLine) -> String {
    match line.missing {
        Some(missing) => missing.to_string(),
        None if line.recording.is_some() => tr!("yes"),
        None => String::new(),
    }
}

/// Who called whom; who was owed a call was called back.
fn direction(call: &CallRecord) -> String {
    match call.origin {
        Some(origin @ CallOrigin::Callback) => origin.to_string(),
        _ => call.direction.to_string(),
    }
}
