//! `ringbook task`: callers who got no conversation and are owed a call.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::audit::audited_export;
use super::data::{Format, clients, home_country, meant_clients, open_store, to_file_or};
use crate::control::{self, Request};
use crate::export::{call_json, task_json, tasks_as_calendar, tasks_as_csv, tasks_as_json};
use crate::model::{Country, Deed, Party, Right, TaskId, TaskLine};
use crate::profile::Profile;
use crate::settings::Settings;
use crate::store::{Reader, TaskFilter, TaskState};
use crate::table::write_table;
use crate::{tr, trn};

/// Callers who got no conversation and are owed a call.
#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// The open tasks, what is due first
    List {
        /// Which tasks.
        #[command(flatten)]
        which: Which,
        /// At most so many; 0 for all
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// How to print them
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Everything about one task and the calls that were lost, as JSON
    Show {
        /// Its id, or whose it is: a client's id, number or a part of the name, or the caller's number.
        task: String,
    },
    /// The open tasks for a calendar, as iCalendar, to standard output or a file
    Export {
        /// The file, such as tasks.ics
        file: Option<PathBuf>,
    },
    /// Close an open task without having spoken with the caller
    Close {
        /// Its id, or whose it is: a client's id, number or a part of the name, or the caller's number.
        task: String,
        /// Why nobody is owed a call any more
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Which tasks.
#[derive(Debug, Default, Args)]
pub struct Which {
    /// Those that are open; the default
    #[arg(long, conflicts_with = "all")]
    pub open: bool,
    /// Those that are closed, too; the latest first
    #[arg(long)]
    pub all: bool,
    /// Of these clients: an id, a number, or a part of the name
    #[arg(long, value_name = "CLIENT")]
    pub client: Option<String>,
}

/// Runs the command on the profile's store and prints to `output`.
pub fn run(command: &TaskCommand, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    if Settings::load(&profile.settings())?.task_terms().is_none() {
        bail!(tr!(
            "there are no tasks: [modules] tasks or call_log is false"
        ));
    }
    let country = home_country(profile, None)?;
    let mut store = open_store(profile)?;
    match command {
        TaskCommand::List {
            which,
            limit,
            format,
        } => {
            let right = match format {
                Format::Table => Right::See,
                Format::Json | Format::Csv => Right::ExportCalls,
            };
            audited_export(&mut store, profile, right, &Deed::export("tasks", None))?;
            store.read(|reader| {
                let limit = Some(*limit).filter(|&limit| limit > 0);
                let filter = which.filter(reader, country)?;
                list(reader, &filter, limit, *format, output)
            })
        }
        TaskCommand::Show { task } => store.read(|reader| {
            let line = find(reader, task, country)?;
            serde_json::to_writer_pretty(&mut *output, &shown(reader, &line)?)?;
            Ok(writeln!(output)?)
        }),
        TaskCommand::Export { file } => {
            let deed = Deed::export("tasks", file.as_deref());
            audited_export(&mut store, profile, Right::ExportCalls, &deed)?;
            store.read(|reader| {
                to_file_or(file.as_deref(), output, |output| {
                    Ok(tasks_as_calendar(reader, Timestamp::now(), output)?)
                })
            })
        }
        TaskCommand::Close { task, reason } => {
            let closed = store.write(|writer| -> anyhow::Result<_> {
                let task = find(writer, task, country)?.task.id;
                Ok(writer.close_task(task, reason)?)
            })?;
            // A phone that runs tells its scripts; without one there is nobody to tell.
            let task = closed.task.id;
            let _ = control::ask(profile, &Request::TaskClosed { task });
            let whose = whose(&closed);
            let text = tr!("Closed: {caller} is owed no call any more", caller = whose);
            Ok(writeln!(output, "{text}")?)
        }
    }
}

impl Which {
    fn filter(&self, reader: &Reader<'_>, country: Option<Country>) -> anyhow::Result<TaskFilter> {
        let meant = meant_clients(reader, self.client.as_deref(), country)?;
        Ok(TaskFilter {
            state: (!self.all).then_some(TaskState::Open),
            clients: meant,
            caller: None,
        })
    }
}

/// The one task that `text` means: by its id, or the open one of a client or a caller.
fn find(reader: &Reader<'_>, text: &str, country: Option<Country>) -> anyhow::Result<TaskLine> {
    if let Ok(id) = text.parse::<TaskId>()
        && let Some(line) = reader.find_task(id)?
    {
        return Ok(line);
    }
    let mut meant = reader.tasks(
        &TaskFilter {
            state: Some(TaskState::Open),
            caller: Some(Party::parse(text, country).logged()),
            clients: None,
        },
        None,
    )?;
    let of_clients = TaskFilter {
        state: Some(TaskState::Open),
        clients: Some(clients(reader, text, country)?),
        caller: None,
    };
    for line in reader.tasks(&of_clients, None)? {
        if meant.iter().all(|known| known.task.id != line.task.id) {
            meant.push(line);
        }
    }
    if meant.len() > 1 {
        let named = |line: &TaskLine| format!("{} {}", line.task.id, whose(line));
        let names: Vec<String> = meant.iter().take(5).map(named).collect();
        bail!(trn!(
            "{n} open task is for {text}; name it by its id: {names}",
            "{n} open tasks are for {text}; name one by its id: {names}",
            n = meant.len(),
            text = text,
            names = names.join(", ")
        ));
    }
    match meant.pop() {
        Some(line) => Ok(line),
        None => bail!(tr!("no open task is for {text}", text = text)),
    }
}

fn shown(reader: &Reader<'_>, line: &TaskLine) -> anyhow::Result<Value> {
    let mut shown = task_json(line, Timestamp::now());
    let calls = reader.task_calls(line.task.id)?;
    shown["lost"] = calls.iter().map(call_json).collect();
    Ok(shown)
}

fn list(
    reader: &Reader<'_>,
    filter: &TaskFilter,
    limit: Option<usize>,
    format: Format,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let now = Timestamp::now();
    match format {
        Format::Json => tasks_as_json(reader, filter, limit, now, output)?,
        Format::Csv => tasks_as_csv(reader, filter, limit, now, output)?,
        Format::Table => table(&reader.tasks(filter, limit)?, now, output)?,
    }
    Ok(())
}

fn table(lines: &[TaskLine], now: Timestamp, output: &mut dyn Write) -> anyhow::Result<()> {
    if lines.is_empty() {
        return Ok(writeln!(output, "{}", tr!("No tasks."))?);
    }
    let zone = TimeZone::system();
    let rows: Vec<_> = lines.iter().map(|line| row(line, now, &zone)).collect();
    let headings = [
        tr!("Task"),
        tr!("Due"),
        tr!("State"),
        tr!("Client"),
        tr!("Caller"),
        tr!("Calls"),
        tr!("Last call"),
        tr!("Reason"),
    ];
    Ok(write_table(output, headings, &rows)?)
}

fn row(line: &TaskLine, now: Timestamp, zone: &TimeZone) -> [String; 8] {
    let task = &line.task;
    let local = |at: Timestamp| {
        let at = at.to_zoned(zone.clone());
        at.strftime("%Y-%m-%d %H:%M").to_string()
    };
    let state = match &task.closed {
        Some(_) => tr!("task" => "closed"),
        None if task.is_overdue(now) => tr!("task" => "overdue"),
        None => tr!("task" => "open"),
    };
    let closed = task.closed.as_ref();
    [
        task.id.to_string(),
        local(task.due_at),
        state,
        line.client_name.clone().unwrap_or_default(),
        task.caller.clone(),
        task.calls.to_string(),
        local(task.last_at),
        closed
            .map(|closed| closed.reason.clone())
            .unwrap_or_default(),
    ]
}

/// For people: the client, or where the call came from.
fn whose(line: &TaskLine) -> String {
    let name = line.client_name.clone().filter(|name| !name.is_empty());
    name.unwrap_or_else(|| line.task.caller.clone())
}
