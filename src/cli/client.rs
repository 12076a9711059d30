//! `ringbook client`: the client store.

use std::fs;
use std::io::Write;

use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::{Timestamp, Zoned};

use super::audit::{audited, audited_export};
use super::client_fields::Fields;
use super::client_files::{self, ExportFile, ImportFile};
use super::contacts::{self, SyncContacts};
use super::data::{home_country, one_client, open_store};
use super::timeline::timeline;
use crate::export::{client_json, summaries_as_json};
use crate::model::{
    AboutClient, Client, ClientField, ClientSummary, Deed, PhoneNumber, Record, Right,
};
use crate::profile::Profile;
use crate::store::{TimelineFilter, Writer};
use crate::table::{printable, write_table};
use crate::tr;
use crate::words;

/// The client store.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Enter a client; prints its id
    Add {
        /// Everything about the client.
        #[command(flatten)]
        fields: Box<Fields>,
    },
    /// Everything about one client
    Show {
        /// Id, number, or a part of the name.
        #[arg(value_name = "CLIENT")]
        client: String,
        /// As JSON: the same as --format json
        #[arg(long)]
        json: bool,
        /// How to print it
        #[arg(long, value_enum, default_value = "table")]
        format: FindFormat,
    },
    /// What happened with a client: calls, recordings, records, notes and changes, the latest first
    Timeline {
        /// Id, number, or a part of the name.
        #[arg(value_name = "CLIENT")]
        client: String,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Leave out so many of the latest
        #[arg(long, default_value_t = 0)]
        offset: usize,
        /// How to print it
        #[arg(long, value_enum, default_value = "table")]
        format: FindFormat,
    },
    /// Change what is given and leave the rest
    Edit {
        /// Id, number, or a part of the name.
        #[arg(value_name = "CLIENT")]
        client: String,
        /// What changes.
        #[command(flatten)]
        fields: Box<Fields>,
        /// One more number
        #[arg(long, value_name = "NUMBER")]
        add_phone: Vec<String>,
        /// A number less
        #[arg(long, value_name = "NUMBER")]
        remove_phone: Vec<String>,
    },
    /// Clients by any part of name, company, number, e-mail or note
    Find {
        /// What to look for.
        #[arg(value_name = "TEXT")]
        text: String,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// How to print them
        #[arg(long, value_enum, default_value = "table")]
        format: FindFormat,
    },
    /// Make one client of two: FROM's numbers, orders and calls become INTO's
    Merge {
        /// The client that stays.
        into: String,
        /// The double.
        from: String,
    },
    /// Take a client out of the store; the call log keeps the name
    Delete {
        /// Id, number, or a part of the name.
        client: String,
    },
    /// Read clients from a file: CSV, vCard, MicroSIP's Contacts.xml or a linphonerc; `-` is standard
    /// input
    Import(ImportFile),
    /// Write all clients, to standard output or a file: as vCard where its name ends in .vcf, else
    /// as CSV
    Export(ExportFile),
    /// Make clients and the address book of the CardDAV server in [carddav] the same
    Sync(SyncContacts),
}

/// How found clients are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FindFormat {
    /// Columns for people.
    Table,
    /// An array of objects.
    Json,
}

/// Runs the command on the profile's store and prints to `output`.
pub fn run(
    command: &ClientCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    match command {
        ClientCommand::Add { fields } => add(fields, profile, output),
        ClientCommand::Show {
            client,
            json,
            format,
        } => {
            let as_json = *json || *format == FindFormat::Json;
            show(client, as_json, profile, output)
        }
        ClientCommand::Timeline {
            client,
            limit,
            offset,
            format,
        } => {
            let country = home_country(profile, None)?;
            open_store(profile)?.read(|reader| {
                let client = one_client(reader, client, country)?.id;
                let entries = reader.timeline(client, TimelineFilter::All, *offset, *limit)?;
                timeline(&entries, *format, output)
            })
        }
        ClientCommand::Edit {
            client,
            fields,
            add_phone,
            remove_phone,
        } => edit(client, fields, add_phone, remove_phone, profile),
        ClientCommand::Find {
            text,
            limit,
            format,
        } => find(text, *limit, *format, profile, output),
        ClientCommand::Merge { into, from } => merge(into, from, profile),
        ClientCommand::Delete { client } => delete(client, profile),
        ClientCommand::Import(file) => client_files::import(file, profile, output),
        ClientCommand::Export(file) => client_files::export(file, profile, output),
        ClientCommand::Sync(how) => contacts::sync(how, profile, output),
    }
}

fn add(fields: &Fields, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let country = home_country(profile, fields.region)?;
    let mut store = open_store(profile)?;
    let id = store.write(|writer| -> anyhow::Result<_> {
        let mut client = Client::named("", Timestamp::now());
        fields.apply(&mut client, writer, country)?;
        save(&client, fields, writer)?;
        Ok(client.id)
    })?;
    Ok(writeln!(output, "{id}")?)
}

fn edit(
    client: &str,
    fields: &Fields,
    add_phone: &[String],
    remove_phone: &[String],
    profile: &Profile,
) -> anyhow::Result<()> {
    let country = home_country(profile, fields.region)?;
    let mut store = open_store(profile)?;
    store.write(|writer| -> anyhow::Result<()> {
        let mut client = one_client(writer, client, country)?;
        fields.apply(&mut client, writer, country)?;
        for text in remove_phone {
            let number = PhoneNumber::parse(text, country).context("--remove-phone")?;
            let before = client.phones.len();
            client.phones.retain(|phone| phone.number != number);
            if client.phones.len() == before {
                bail!(tr!(
                    "--remove-phone: {number} is none of {name}'s numbers",
                    number = number,
                    name = client.name
                ));
            }
        }
        for text in add_phone {
            super::client_fields::add_phone(&mut client, text, country).context("--add-phone")?;
        }
        save(&client, fields, writer)
    })
}

fn save(client: &Client, fields: &Fields, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    writer.save_client(client)?;
    match &fields.photo {
        None => Ok(()),
        Some(file) if file.as_os_str().is_empty() => Ok(writer.clear_photo(client.id)?),
        Some(file) => {
            let bytes = fs::read(file).with_context(|| file.display().to_string())?;
            writer
                .set_photo(client.id, &bytes)
                .with_context(|| file.display().to_string())?;
            Ok(())
        }
    }
}

fn show(client: &str, json: bool, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let country = home_country(profile, None)?;
    let store = open_store(profile)?;
    let now = Zoned::now();
    let (client, about, records) = store.read(|reader| -> anyhow::Result<_> {
        let client = one_client(reader, client, country)?;
        let about = reader.about(&client, now.timestamp())?;
        let records = reader.records_of_client(client.id)?;
        Ok((client, about, records))
    })?;
    if json {
        let json = client_json(&client, &about, &records, now.date())?;
        serde_json::to_writer_pretty(&mut *output, &json)?;
        return Ok(writeln!(output)?);
    }
    show_text(&client, &about, &records, output)
}

fn show_text(
    client: &Client,
    about: &AboutClient,
    records: &[Record],
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut rows: Vec<(String, String)> = vec![(tr!("Id"), client.id.to_string())];
    for (field, text) in client.texts() {
        let text = match field {
            ClientField::At("phone", at) => phone_line(client, at),
            ClientField::At("phone_label", _) => continue,
            _ => text,
        };
        rows.push((words::client_field(&field), text));
    }
    rows.extend(client.draft.then(|| {
        let draft = tr!("entered by Ringbook when the number called; nobody has named it yet");
        (tr!("Draft"), draft)
    }));
    rows.extend(client.photo.map(|photo| (tr!("Photo"), photo.to_string())));
    rows.extend(
        about
            .balance
            .iter()
            .map(|sum| (tr!("Balance"), sum.to_string())),
    );
    let branch = about.nearest_branch.as_ref();
    rows.extend(branch.map(|branch| (tr!("Nearest branch"), branch.name.clone())));
    rows.extend(
        records
            .iter()
            .map(|record| (words::kind(record.kind), words::line(record))),
    );
    for (name, value) in rows.iter().filter(|(_, value)| !value.trim().is_empty()) {
        writeln!(
            output,
            "{}: {}",
            printable(name),
            printable(value).trim_end()
        )?;
    }
    Ok(())
}

/// A number as people read it, with its label.
fn phone_line(client: &Client, at: usize) -> String {
    let phone = client.phones.get(at);
    phone
        .map(|phone| format!("{} {}", phone.shown(), phone.label))
        .unwrap_or_default()
}

fn find(
    text: &str,
    limit: usize,
    format: FindFormat,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut store = open_store(profile)?;
    audited_export(
        &mut store,
        profile,
        Right::See,
        &Deed::export("clients", None),
    )?;
    let found = store.read(|reader| reader.find_clients(text, limit))?;
    match format {
        FindFormat::Json => {
            serde_json::to_writer_pretty(&mut *output, &summaries_as_json(&found))?;
            writeln!(output)?;
        }
        FindFormat::Table if found.is_empty() => writeln!(output, "{}", tr!("Nobody found."))?,
        FindFormat::Table => write_table(
            output,
            [
                tr!("Id"),
                tr!("Name"),
                tr!("Company"),
                tr!("Category"),
                tr!("City"),
                tr!("Phone"),
            ],
            &found.iter().map(summary_row).collect::<Vec<_>>(),
        )?,
    }
    Ok(())
}

fn summary_row(client: &ClientSummary) -> [String; 6] {
    [
        client.id.to_string(),
        client.name.clone(),
        client.company.clone(),
        match client.draft {
            true => tr!("draft"),
            false => client.category.to_string(),
        },
        client.city.clone(),
        client
            .number
            .map(|number| number.international())
            .unwrap_or_default(),
    ]
}

fn merge(into: &str, from: &str, profile: &Profile) -> anyhow::Result<()> {
    let country = home_country(profile, None)?;
    let mut store = open_store(profile)?;
    let one = |text| store.read(|reader| one_client(reader, text, country));
    let (into, from) = (one(into)?.id, one(from)?.id);
    audited(&mut store, profile, |writer, who| {
        writer.merge_clients(who, into, from)
    })
}

fn delete(client: &str, profile: &Profile) -> anyhow::Result<()> {
    let country = home_country(profile, None)?;
    let mut store = open_store(profile)?;
    let client = store.read(|reader| one_client(reader, client, country))?.id;
    audited(&mut store, profile, |writer, who| {
        writer.delete_client(who, client)
    })
}
