//! `ringbook order`, `request`, `branch` and so on: one sub-command for each kind of record, made of
//! its description alone.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Subcommand};
use jiff::{Timestamp, Zoned};

use super::client_fields::{option, refused};
use super::data::{Format, home_country, one_client, open_store};
use crate::export::{record_json, records_as_csv};
use crate::import::{Options, import_records};
use crate::model::{CallView, Client, ClientId, Column, Country, Kind, Record, Value, ValueType};
use crate::profile::Profile;
use crate::store::{Reader, Writer};
use crate::table::write_columns;
use crate::{tr, trn, words};

/// What is to be done with records of a kind.
#[derive(Debug)]
pub struct RecordsCommand {
    kind: &'static Kind,
    verb: Verb,
}

#[derive(Debug)]
enum Verb {
    /// Enter one, or change what is given of it: whose, its key, columns and texts.
    Set(Which, Vec<(&'static str, String)>),
    /// All of a client's, or of the office's.
    List(Option<String>, Format),
    /// Take one out.
    Delete(Which),
    /// Read many from a file.
    Import(PathBuf, bool, Option<Country>),
}

/// A record as people name it.
#[derive(Debug)]
struct Which {
    client: Option<String>,
    key: String,
}

impl Subcommand for RecordsCommand {
    fn augment_subcommands(command: Command) -> Command {
        Kind::ALL.into_iter().fold(command, |command, kind| {
            command.subcommand(command_of(kind))
        })
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        Kind::named(name).is_some()
    }
}

impl FromArgMatches for RecordsCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let kind = Kind::named(name).ok_or_else(missing)?;
        let (verb, matches) = matches.subcommand().ok_or_else(missing)?;
        let which = || Which {
            client: text(matches, CLIENT),
            key: text(matches, KEY).unwrap_or_default(),
        };
        let verb = match verb {
            "set" => Verb::Set(which(), given(kind, matches)),
            "delete" => Verb::Delete(which()),
            "import" => Verb::Import(
                matches.get_one("file").cloned().unwrap_or_default(),
                matches.get_flag("dry-run"),
                matches.get_one("region").copied(),
            ),
            _ => {
                let format = matches.get_one("format").copied();
                Verb::List(text(matches, CLIENT), format.unwrap_or(Format::Table))
            }
        };
        Ok(Self { kind, verb })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The ids of the arguments that are no columns; no column has such a name.
const CLIENT: &str = "CLIENT";
const KEY: &str = "KEY";
const OPEN: &str = "OPEN";

fn text(matches: &ArgMatches, id: &str) -> Option<String> {
    matches.try_get_one::<String>(id).ok().flatten().cloned()
}

/// What was given of a record.
fn given(kind: &'static Kind, matches: &ArgMatches) -> Vec<(&'static str, String)> {
    let columns = kind.columns.iter();
    let mut given: Vec<_> = columns
        .filter_map(|column| Some((column.name, text(matches, column.name)?)))
        .collect();
    if matches!(matches.try_get_one::<bool>(OPEN), Ok(Some(true))) {
        given.push(("closed", "no".to_owned()));
    }
    given
}

fn command_of(kind: &'static Kind) -> Command {
    let whose = |needed: bool| {
        kind.of_client.then(|| {
            Arg::new(CLIENT)
                .required(needed)
                .help("Id, number, or a part of the client's name")
        })
    };
    let key = Arg::new(KEY)
        .value_name(kind.key().name)
        .required(true)
        .help(kind.key().about);
    let set = Command::new("set")
        .about("Enter one, or change what is given of it; an empty text clears")
        .args(whose(true))
        .arg(key.clone())
        .args(
            kind.columns
                .iter()
                .map(|column| column_option(column.name, column.holds).help(column.about)),
        )
        .args(kind.place("closed").map(|_| open_option()));
    let format = Arg::new("format")
        .long("format")
        .value_parser(clap::value_parser!(Format))
        .default_value("table")
        .help("How to print them");
    let list = Command::new("list")
        .about(match kind.of_client {
            true => "A client's, or everybody's; the open ones first",
            false => "All of them",
        })
        .args(whose(false))
        .arg(format);
    let delete = Command::new("delete")
        .about("Take one out")
        .args(whose(true))
        .arg(key);
    let command = Command::new(kind.name)
        .about(kind.about)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(set)
        .subcommand(list)
        .subcommand(delete);
    command.subcommand(import_command())
}

fn import_command() -> Command {
    Command::new("import")
        .about("Read them from a CSV file whose columns are those of `list --format csv`; `-` is standard input")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .value_parser(ValueParser::path_buf())
                .required(true)
                .help("The file"),
        )
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .action(ArgAction::SetTrue)
                .help("Only say what would change"),
        )
        .arg(
            Arg::new("region")
                .long("region")
                .value_name("COUNTRY")
                .value_parser(clap::value_parser!(Country))
                .help("Whose numbers are written without a country code, such as KZ [default: the first line's]"),
        )
}

fn column_option(name: &'static str, holds: ValueType) -> Arg {
    let option = Arg::new(name)
        .long(name)
        .value_name(value_name(holds))
        .allow_hyphen_values(true);
    match holds {
        // `--closed`, and `--closed=no`.
        ValueType::Flag => option
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("yes")
            .value_parser(PossibleValuesParser::new(["yes", "no"])),
        _ => option,
    }
}

fn open_option() -> Arg {
    Arg::new(OPEN)
        .long("open")
        .action(ArgAction::SetTrue)
        .conflicts_with("closed")
        .help("It is open again")
}

fn value_name(holds: ValueType) -> &'static str {
    match holds {
        ValueType::Number | ValueType::Whole => "NUMBER",
        ValueType::Date => "DATE",
        ValueType::Moment => "TIME",
        ValueType::Money | ValueType::Debt => "AMOUNT",
        ValueType::Flag => "YES|NO",
        ValueType::Employee => "EMPLOYEE",
        ValueType::Stage => "STAGE",
        ValueType::Choice(_) => "WORD",
        ValueType::Link => "LINK",
        ValueType::Text => "TEXT",
    }
}

/// Runs the command on the profile's store and prints to `output`.
pub fn run(
    command: &RecordsCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let kind = command.kind;
    match &command.verb {
        Verb::Set(which, given) => {
            let country = home_country(profile, None)?;
            open_store(profile)?.write(|writer| set(kind, which, given, country, writer))
        }
        Verb::Delete(which) => {
            let country = home_country(profile, None)?;
            open_store(profile)?.write(|writer| {
                let (client, key) = which.read(kind, country, writer)?;
                match find(kind, client.as_ref(), &which.key, &key, writer)? {
                    Some(found) => Ok(writer.delete_record(kind, found.id)?),
                    None => bail!(absent(kind, client.as_ref(), &which.key)),
                }
            })
        }
        Verb::List(client, format) => {
            let country = home_country(profile, None)?;
            open_store(profile)?.read(|reader| {
                let client = client.as_deref();
                let client = client.map(|text| one_client(reader, text, country));
                let client = client.transpose()?.map(|client| client.id);
                list(kind, client, *format, reader, output)
            })
        }
        Verb::Import(file, dry_run, region) => {
            let options = Options {
                country: home_country(profile, *region)?,
                dry_run: *dry_run,
                ..Options::default()
            };
            import(kind, file, options, profile, output)
        }
    }
}

impl Which {
    /// Whose it is, and the value of its key.
    fn read(
        &self,
        kind: &'static Kind,
        country: Option<Country>,
        reader: &Reader<'_>,
    ) -> anyhow::Result<(Option<Client>, Value)> {
        let client = self.client.as_deref();
        let client = client.map(|text| one_client(reader, text, country));
        let key = kind.key();
        let read = Value::read(key.holds, &self.key, None, &reader.lists()?, &Zoned::now());
        let value = read.map_err(|error| refused(&key.name.to_uppercase(), error))?;
        match value {
            Some(value) => Ok((client.transpose()?, value)),
            None => bail!(tr!("{what} is missing", what = key.name.to_uppercase())),
        }
    }
}

/// The record that was named, by its id or its key.
fn find(
    kind: &'static Kind,
    client: Option<&Client>,
    text: &str,
    key: &Value,
    reader: &Reader<'_>,
) -> anyhow::Result<Option<Record>> {
    let owner = client.map(|client| client.id);
    if let Ok(id) = text.parse() {
        let found = reader.find_record(kind, id)?;
        if found.as_ref().is_some_and(|record| record.client == owner) {
            return Ok(found);
        }
    }
    Ok(reader.find_record_called(kind, owner, key)?)
}

fn set(
    kind: &'static Kind,
    which: &Which,
    given: &[(&'static str, String)],
    country: Option<Country>,
    writer: &mut Writer<'_>,
) -> anyhow::Result<()> {
    let (client, key) = which.read(kind, country, writer)?;
    let found = find(kind, client.as_ref(), &which.key, &key, writer)?;
    let owner = client.map(|client| client.id);
    let mut record = found
        .unwrap_or_else(|| Record::new(kind, owner, Timestamp::now()).with(kind.key().name, key));
    let (lists, now) = (writer.lists()?, Zoned::now());
    for column in kind.columns {
        let Some((_, text)) = given.iter().find(|(name, _)| *name == column.name) else {
            continue;
        };
        let read = Value::read(column.holds, text, record.get(column.name), &lists, &now);
        let value = read.map_err(|error| refused(&option(column.name), error))?;
        record.set(column.name, value);
    }
    if kind == Kind::VIEW && CallView::is_as_left(record.text("name")) {
        bail!(words::name_of_the_left_table());
    }
    Ok(writer.save_record(&record)?)
}

fn absent(kind: &Kind, client: Option<&Client>, key: &str) -> String {
    let what = words::kind(kind);
    match client {
        Some(client) => tr!(
            "{name} has none of this name: {what} {key}",
            name = client.name,
            what = what,
            key = key
        ),
        None => tr!(
            "there is none of this name: {what} {key}",
            what = what,
            key = key
        ),
    }
}

fn list(
    kind: &'static Kind,
    client: Option<ClientId>,
    format: Format,
    reader: &Reader<'_>,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let records = reader.records(kind, client)?;
    match format {
        Format::Csv => Ok(records_as_csv(reader, kind, &records, output)?),
        Format::Json => {
            let today = Zoned::now().date();
            let all = records.iter().map(|record| record_json(record, today));
            let all: Vec<_> = all.collect::<Result<_, _>>()?;
            serde_json::to_writer_pretty(&mut *output, &all)?;
            Ok(writeln!(output)?)
        }
        Format::Table => table(kind, client, &records, reader, output),
    }
}

fn table(
    kind: &'static Kind,
    client: Option<ClientId>,
    records: &[Record],
    reader: &Reader<'_>,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let today = Zoned::now().date();
    let with_owner = kind.of_client && client.is_none();
    let with_due = kind.place("due").is_some();
    let mut headings: Vec<String> = kind.columns.iter().map(|c| words::column(c.name)).collect();
    headings.extend(with_due.then(|| tr!("Overdue")));
    headings.extend(with_owner.then(|| tr!("Client")));
    let mut rows = Vec::new();
    for record in records {
        let values = kind.columns.iter().zip(&record.values);
        let mut row: Vec<String> = values.map(|(column, value)| cell(column, value)).collect();
        if with_due {
            let days = record.overdue_days(today);
            row.push(
                days.map(|days| trn!("{n} day", "{n} days", n = days))
                    .unwrap_or_default(),
            );
        }
        if with_owner {
            row.push(owner(record, reader)?);
        }
        rows.push(row);
    }
    Ok(write_columns(output, &headings, &rows)?)
}

fn cell(column: &Column, value: &Option<Value>) -> String {
    match (column.name, value) {
        ("closed", Some(_)) => tr!("closed"),
        ("closed", None) => tr!("open"),
        (_, value) => value.as_ref().map(words::value).unwrap_or_default(),
    }
}

fn owner(record: &Record, reader: &Reader<'_>) -> anyhow::Result<String> {
    let client = record.client.map(|client| reader.find_client(client));
    let client = client.transpose()?.flatten();
    Ok(client.map(|client| client.name).unwrap_or_default())
}

fn import(
    kind: &'static Kind,
    file: &std::path::Path,
    options: Options<'_>,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut store = open_store(profile)?;
    let named = || file.display().to_string();
    let report = if file == std::path::Path::new("-") {
        import_records(&mut store, kind, io::stdin().lock(), options)
    } else {
        let input = fs::File::open(file).with_context(named)?;
        import_records(&mut store, kind, input, options)
    };
    super::client_files::told(&report.with_context(named)?, &named(), output)
}
