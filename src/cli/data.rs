//! The sub-commands over the store: they work with or without a running phone.

use std::io::{BufWriter, ErrorKind, Write, stdin};
use std::path::Path;

use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::Zoned;

use super::api::ApiCommand;
use super::audit::AuditCommand;
use super::backup::{BackupCommand, RestoreCommand};
use super::bill::BillCommand;
use super::client::ClientCommand;
use super::entries::LimitCommand;
use super::log::LogCommand;
use super::office::{CategoryCommand, EmployeeCommand};
use super::recording::RecordingCommand;
use super::records::RecordsCommand;
use super::report::ReportCommand;
use super::source::SourceCommand;
use super::tariff::TariffCommand;
use super::task::TaskCommand;
use super::webhook::WebhookCommand;
use super::{
    api, audit, backup, bill, client, entries, log, office, recording, records, report, source,
    tariff, task, webhook,
};
use crate::model::{Client, ClientId, Country, PhoneNumber, When};
use crate::profile::Profile;
use crate::settings::Settings;
use crate::store::{Reader, Store};
use crate::{tr, trn};

/// The most clients one `--client` may mean.
const MAX_MEANT: usize = 200;

/// The sub-commands over the store.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// The client store
    #[command(subcommand)]
    Client(ClientCommand),
    /// The call log
    #[command(subcommand)]
    Log(LogCommand),
    /// Who works in the office
    #[command(subcommand)]
    Employee(EmployeeCommand),
    /// How clients are to be treated
    #[command(subcommand)]
    Category(CategoryCommand),
    /// Orders, requests, branches and every other kind of record.
    #[command(flatten)]
    Records(RecordsCommand),
    /// Callers who got no conversation and are owed a call
    #[command(subcommand)]
    Task(TaskCommand),
    /// Recordings
    #[command(subcommand)]
    Recording(RecordingCommand),
    /// Figures over the call log
    #[command(subcommand)]
    Report(ReportCommand),
    /// What calls cost
    #[command(subcommand)]
    Tariff(TariffCommand),
    /// How long conversations of some kind may last
    #[command(subcommand)]
    Limit(LimitCommand),
    /// Compares a provider's bill with the call log and the tariffs
    Bill(BillCommand),
    /// Fields of the card that stand outside the store
    #[command(subcommand)]
    Source(SourceCommand),
    /// Who listened to what, exported what and deleted what
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Web servers that are told of events
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// What programs need that ask the phone over HTTP
    #[command(subcommand)]
    Api(ApiCommand),
    /// A consistent copy of clients and call log, also while the phone runs
    Backup(BackupCommand),
    /// Make a backup the store; what is there is kept aside. The phone must not be running
    Restore(RestoreCommand),
}

/// Runs the command and prints to `output`.
pub fn run(command: &DataCommand, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let output: &mut dyn Write = &mut BufWriter::new(output);
    let done = match command {
        DataCommand::Client(command) => client::run(command, profile, output),
        DataCommand::Log(command) => log::run(command, profile, output),
        DataCommand::Employee(command) => office::employee(command, profile, output),
        DataCommand::Category(command) => office::category(command, profile, output),
        DataCommand::Records(command) => records::run(command, profile, output),
        DataCommand::Task(command) => task::run(command, profile, output),
        DataCommand::Recording(command) => recording::run(command, profile, output),
        DataCommand::Report(command) => report::run(command, profile, output),
        DataCommand::Tariff(command) => tariff::run(command, profile, output),
        DataCommand::Limit(command) => entries::limit(command, profile, output),
        DataCommand::Bill(command) => bill::run(command, profile, output),
        DataCommand::Source(command) => source::run(command, profile, output),
        DataCommand::Audit(command) => audit::run(command, profile, output),
        DataCommand::Webhook(command) => webhook::run(command, profile),
        DataCommand::Api(command) => api::run(*command, profile, output),
        DataCommand::Backup(command) => backup::backup(command, profile, output),
        DataCommand::Restore(command) => backup::restore(command, profile, output),
    };
    // What was printed before a mistake is worth seeing; whoever closed the pipe has seen enough.
    let printed = output.flush().map_err(anyhow::Error::from);
    match done.and(printed) {
        Err(error) if is_closed_pipe(&error) => Ok(()),
        other => other,
    }
}

/// Refuses what is asked of the call log, which is not there where its module is switched off.
pub fn need_call_log(profile: &Profile) -> anyhow::Result<()> {
    if Settings::load(&profile.settings())?.modules.call_log {
        return Ok(());
    }
    bail!(tr!("there is no call log: [modules] call_log is false"));
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
    })
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns for people.
    Table,
    /// An array of objects.
    Json,
    /// Comma-separated values.
    Csv,
}

/// The password on the first line of standard input.
pub fn password_from_input() -> anyhow::Result<String> {
    let password = stdin().lines().next().transpose()?.unwrap_or_default();
    if password.is_empty() {
        bail!(tr!("there is no password on standard input"));
    }
    Ok(password)
}

/// Opens the profile's store for whoever sits there, making it where there is none.
pub fn open_store(profile: &Profile) -> anyhow::Result<Store> {
    profile.create()?;
    let seat = Settings::load(&profile.settings())?.seat();
    Ok(Store::open_for(&profile.database(), seat)?)
}

/// Whose numbers are written without a country code: the one given, the first line's, or the system's.
pub fn home_country(profile: &Profile, given: Option<Country>) -> anyhow::Result<Option<Country>> {
    if given.is_some() {
        return Ok(given);
    }
    let settings = Settings::load(&profile.settings())?;
    let of_account = settings.accounts.iter().find_map(|account| account.country);
    if of_account.is_some() {
        return Ok(of_account);
    }
    let locale = ["LC_ALL", "LC_TELEPHONE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    Ok(locale.as_deref().and_then(Country::from_locale))
}

/// The one client that `text` means: its id, one of its numbers, or a part of its name that no
/// other client has.
pub fn one_client(
    reader: &Reader<'_>,
    text: &str,
    country: Option<Country>,
) -> anyhow::Result<Client> {
    let meant = clients(reader, text, country)?;
    match meant[..] {
        [] => bail!(tr!("no client is called {text}", text = text)),
        [id] => Ok(reader.load_client(id)?),
        _ => {
            let names: Vec<String> = meant
                .iter()
                .take(5)
                .map(|&id| Ok(format!("{id} {}", reader.load_client(id)?.name)))
                .collect::<anyhow::Result<_>>()?;
            bail!(trn!(
                "{n} client is called {text}; name it by its id: {names}",
                "{n} clients are called {text}; name one by its id: {names}",
                n = meant.len(),
                text = text,
                names = names.join(", ")
            ))
        }
    }
}

/// Every client that `text` means: by id, by number, or by a part of name, company or e-mail.
pub fn clients(
    reader: &Reader<'_>,
    text: &str,
    country: Option<Country>,
) -> anyhow::Result<Vec<ClientId>> {
    if let Ok(id) = text.parse::<ClientId>() {
        return Ok(reader
            .find_client(id)?
            .map(|client| client.id)
            .into_iter()
            .collect());
    }
    if let Ok(number) = PhoneNumber::parse(text, country) {
        let holders = reader.clients_with_number(number)?;
        if !holders.is_empty() {
            return Ok(holders);
        }
    }
    let found = reader.find_clients(text, MAX_MEANT)?;
    // A name given in full means the one who has it, not those whose names contain it.
    let exact: Vec<ClientId> = found
        .iter()
        .filter(|client| client.name == text)
        .map(|client| client.id)
        .collect();
    Ok(if exact.len() == 1 {
        exact
    } else {
        found.iter().map(|client| client.id).collect()
    })
}

/// The clients whom the option `--client` means, where it was given; an error where that is nobody.
pub fn meant_clients(
    reader: &Reader<'_>,
    text: Option<&str>,
    country: Option<Country>,
) -> anyhow::Result<Option<Vec<ClientId>>> {
    let Some(text) = text else { return Ok(None) };
    let meant = clients(reader, text, country)?;
    if meant.is_empty() {
        bail!(tr!("--client: no client is called {text}", text = text));
    }
    Ok(Some(meant))
}

/// A period's two ends as the store takes them: the first moment, and the one after the last.
pub fn period(
    from: Option<&str>,
    to: Option<&str>,
) -> anyhow::Result<(Option<jiff::Timestamp>, Option<jiff::Timestamp>)> {
    let now = Zoned::now();
    let parse = |text: &str, option: &'static str| When::parse(text, &now).context(option);
    let from = from.map(|text| parse(text, "--from")).transpose()?;
    let to = to.map(|text| parse(text, "--to")).transpose()?;
    let zone = now.time_zone();
    let ends = (
        from.map(|when| when.start(zone)),
        to.map(|when| when.end(zone)),
    );
    if let (Some(from), Some(to)) = ends
        && from >= to
    {
        bail!(tr!(
            "the period ends before it begins: --from must be earlier than --to"
        ));
    }
    Ok(ends)
}

/// Writes a file through `write`: complete, or not at all. `-` and no name are `output`.
pub fn to_file_or(
    file: Option<&Path>,
    output: &mut dyn Write,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Some(file) = file.filter(|file| *file != Path::new("-")) else {
        return write(output);
    };
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let part = Path::new(&name);
    let written = std::fs::File::create(part)
        .map_err(anyhow::Error::from)
        .and_then(|created| {
            let mut buffered = BufWriter::new(created);
            write(&mut buffered)?;
            buffered.flush()?;
            Ok(())
        })
        .and_then(|()| Ok(std::fs::rename(part, file)?));
    if written.is_err() {
        let _ = std::fs::remove_file(part);
    }
    written.with_context(|| file.display().to_string())
}
