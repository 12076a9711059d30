//! `ringbook source`: fields of the card that stand outside the store.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;

use super::data::{home_country, open_store, password_from_input};
use crate::model::{CardSource, Fact, Facts, PhoneNumber, SourcePlace};
use crate::profile::Profile;
use crate::secrets;
use crate::settings::Settings;
use crate::sources::Asker;
use crate::tr;

/// Fields of the card that stand outside the store.
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// What each [[source]] has on a caller, asked now, or what is wrong with it
    Ask {
        /// The caller's number
        number: String,
    },
    /// Keep the line on standard input as the password of a source, in the system's keyring
    KeepPassword {
        /// The source's name
        name: String,
    },
}

/// Runs the command.
pub fn run(
    command: &SourceCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let settings = Settings::load(&profile.settings())?;
    match command {
        SourceCommand::Ask { number } => ask(number, settings, profile, output),
        SourceCommand::KeepPassword { name } => keep_password(name, &settings),
    }
}

/// Asks every source and prints a line of each.
fn ask(
    number: &str,
    settings: Settings,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let number = PhoneNumber::parse(number, home_country(profile, None)?)?;
    let known = facts(number, &settings, profile)?;
    let mut all_answered = true;
    for source in settings.sources {
        let name = source.name.clone();
        match answer(source, &known, profile) {
            Ok(Some(value)) => writeln!(output, "{name}: {value}")?,
            Ok(None) => writeln!(output, "{name}: {}", tr!("no data"))?,
            Err(why) => {
                all_answered = false;
                writeln!(output, "{name}: {why}")?;
            }
        }
    }
    match all_answered {
        true => Ok(()),
        false => bail!(tr!("not every source could be asked")),
    }
}

/// What is known of the caller, as when the number calls the first line.
fn facts(number: PhoneNumber, settings: &Settings, profile: &Profile) -> anyhow::Result<Facts> {
    let client = open_store(profile)?.read(|reader| {
        let first = reader.clients_with_number(number)?.first().copied();
        first.map(|id| reader.load_client(id)).transpose()
    })?;
    let extension = settings.accounts.first();
    let extension = extension.and_then(|account| account.extension.clone());
    let mut known = vec![
        (Fact::Number, number.e164()),
        (Fact::Extension, extension.unwrap_or_default()),
    ];
    if let Some(client) = client.filter(|client| !client.draft) {
        known.extend([
            (Fact::ClientId, client.id.to_string()),
            (Fact::Name, client.name),
            (Fact::Company, client.company),
        ]);
    }
    known.retain(|(_, text)| !text.is_empty());
    Ok(known.into_iter().collect())
}

/// The answer to a question with what the source needs and nothing else; none where that is not known.
fn answer(source: CardSource, known: &Facts, profile: &Profile) -> anyhow::Result<Option<String>> {
    let needed = source.needs().into_iter();
    let facts: Option<Facts> = needed
        .map(|fact| Some((fact, known.get(&fact)?.clone())))
        .collect();
    let Some(facts) = facts else {
        return Ok(None);
    };
    Ok(Asker::new(Arc::new(source), profile.dir()).ask(&facts)?)
}

/// Keeps the first line of standard input as the password of a database.
fn keep_password(name: &str, settings: &Settings) -> anyhow::Result<()> {
    let mut sources = settings.sources.iter();
    let source = sources.find(|source| source.name == name);
    let source = source.with_context(|| tr!("no source is called {name}", name = name))?;
    let SourcePlace::Postgres(database) = &source.place else {
        bail!(tr!("the source {name} has no password", name = name));
    };
    let password = password_from_input()?;
    let kept = secrets::keep(&database.keyring_name(), &password);
    kept.map_err(|why| anyhow!(why))
}
