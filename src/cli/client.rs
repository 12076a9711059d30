//! `ringbook client`: the client store.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::data::{home_country, one_client, open_store, to_file_or};
use crate::export::{client_json, clients_as_csv, summaries_as_json};
use crate::import::{Options, import_clients};
use crate::model::{
    Category, CategoryId, Client, ClientPhone, ClientSummary, Country, Order, PhoneNumber,
};
use crate::profile::Profile;
use crate::store::{Reader, Writer};
use crate::table::{printable, write_table};
use crate::{tr, trn};

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
        /// As JSON
        #[arg(long)]
        json: bool,
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
    /// Clients by any part of name, company, number or e-mail
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
    /// Read clients from a CSV file; `-` is standard input
    Import {
        /// The file.
        file: PathBuf,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
        /// Whose numbers are written without a country code, such as KZ [default: the first line's]
        #[arg(long, value_name = "COUNTRY")]
        region: Option<Country>,
    },
    /// Write all clients as CSV, to standard output or a file
    Export {
        /// The file.
        file: Option<PathBuf>,
    },
}

/// How found clients are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FindFormat {
    /// Columns for people.
    Table,
    /// An array of objects.
    Json,
}

/// A client's fields as options. An empty text clears a field.
#[derive(Debug, Default, Args)]
pub struct Fields {
    /// The client's name
    #[arg(long)]
    pub name: Option<String>,
    /// The company the client belongs to
    #[arg(long)]
    pub company: Option<String>,
    /// A phone number; may be given again. In `edit` it replaces all numbers
    #[arg(long, value_name = "NUMBER")]
    pub phone: Vec<String>,
    /// E-mail address
    #[arg(long)]
    pub email: Option<String>,
    /// ordinary, vip, problem, potential, or one of the office's own
    #[arg(long)]
    pub category: Option<String>,
    /// A warning or an instruction for whoever takes the call
    #[arg(long)]
    pub note: Option<String>,
    /// The words to greet this client with
    #[arg(long)]
    pub greeting: Option<String>,
    /// City
    #[arg(long)]
    pub city: Option<String>,
    /// Country: a name or a code such as KZ
    #[arg(long)]
    pub country: Option<String>,
    /// Language, such as ru
    #[arg(long)]
    pub language: Option<String>,
    /// A field of the office's own; may be given again
    #[arg(long, value_name = "NAME=VALUE")]
    pub field: Vec<String>,
    /// A PNG or JPEG file
    #[arg(long, value_name = "FILE")]
    pub photo: Option<PathBuf>,
    /// Whose numbers are written without a country code, such as KZ [default: the first line's]
    #[arg(long, value_name = "COUNTRY")]
    pub region: Option<Country>,
}

/// Runs the command on the profile's store and prints to `output`.
pub fn run(
    command: &ClientCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    match command {
        ClientCommand::Add { fields } => add(fields, profile, output),
        ClientCommand::Show { client, json } => show(client, *json, profile, output),
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
        ClientCommand::Import {
            file,
            dry_run,
            region,
        } => import(file, *dry_run, *region, profile, output),
        ClientCommand::Export { file } => {
            let store = open_store(profile)?;
            to_file_or(file.as_deref(), output, |output| {
                store.read(|reader| clients_as_csv(reader, output))?;
                Ok(())
            })
        }
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
            let number = PhoneNumber::parse(text, country).context("--add-phone")?;
            push_phone(&mut client, number);
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

impl Fields {
    /// Writes what was given into `client`.
    fn apply(
        &self,
        client: &mut Client,
        reader: &Reader<'_>,
        country: Option<Country>,
    ) -> anyhow::Result<()> {
        let texts = [
            (&self.name, &mut client.name),
            (&self.company, &mut client.company),
            (&self.email, &mut client.email),
            (&self.note, &mut client.note),
            (&self.city, &mut client.city),
            (&self.country, &mut client.country),
            (&self.language, &mut client.language),
        ];
        for (given, field) in texts {
            if let Some(text) = given {
                field.clone_from(text);
            }
        }
        if let Some(greeting) = &self.greeting {
            client.greeting = Some(greeting.clone()).filter(|text| !text.is_empty());
        }
        if let Some(category) = &self.category {
            client.category = find_category(reader, category)?;
        }
        if !self.phone.is_empty() {
            client.phones.clear();
            for text in &self.phone {
                let number = PhoneNumber::parse(text, country).context("--phone")?;
                push_phone(client, number);
            }
        }
        self.field
            .iter()
            .try_for_each(|field| set_custom(client, field))
    }
}

fn find_category(reader: &Reader<'_>, text: &str) -> anyhow::Result<CategoryId> {
    if let Some(category) = reader.find_category(text)? {
        return Ok(category.id);
    }
    let all: Vec<Category> = reader.categories()?;
    let allowed: Vec<&str> = all.iter().map(|category| category.id.as_str()).collect();
    bail!(tr!(
        "--category: {text} is none of the categories; allowed: {allowed}",
        text = format!("{text:?}"),
        allowed = allowed.join(", ")
    ))
}

fn push_phone(client: &mut Client, number: PhoneNumber) {
    if !client.phones.iter().any(|phone| phone.number == number) {
        client.phones.push(ClientPhone {
            number,
            label: String::new(),
        });
    }
}

fn set_custom(client: &mut Client, field: &str) -> anyhow::Result<()> {
    let Some((name, value)) = field.split_once('=') else {
        bail!(tr!(
            "--field: {field} is not NAME=VALUE",
            field = format!("{field:?}")
        ));
    };
    client
        .custom
        .retain(|(known, _)| known != name || !value.is_empty());
    if value.is_empty() {
        return Ok(());
    }
    match client.custom.iter_mut().find(|(known, _)| known == name) {
        Some(known) => known.1 = value.to_owned(),
        None => client.custom.push((name.to_owned(), value.to_owned())),
    }
    Ok(())
}

fn show(client: &str, json: bool, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let country = home_country(profile, None)?;
    let store = open_store(profile)?;
    let (client, orders) = store.read(|reader| -> anyhow::Result<_> {
        let client = one_client(reader, client, country)?;
        let orders = reader.orders(client.id)?;
        Ok((client, orders))
    })?;
    if json {
        serde_json::to_writer_pretty(&mut *output, &client_json(&client, &orders))?;
        return Ok(writeln!(output)?);
    }
    show_text(&client, &orders, output)
}

fn show_text(client: &Client, orders: &[Order], output: &mut dyn Write) -> anyhow::Result<()> {
    let mut rows: Vec<[String; 2]> = vec![
        [tr!("Id"), client.id.to_string()],
        [tr!("Name"), client.name.clone()],
        [tr!("Company"), client.company.clone()],
        [tr!("Category"), client.category.to_string()],
    ];
    rows.extend(client.phones.iter().map(|phone| {
        [
            tr!("Phone"),
            format!("{} {}", phone.number.international(), phone.label),
        ]
    }));
    rows.extend([
        [tr!("E-mail"), client.email.clone()],
        [tr!("City"), client.city.clone()],
        [tr!("Country"), client.country.clone()],
        [tr!("Language"), client.language.clone()],
        [tr!("Note"), client.note.clone()],
        [tr!("Greeting"), client.greeting.clone().unwrap_or_default()],
        [
            tr!("Photo"),
            client
                .photo
                .map(|photo| photo.to_string())
                .unwrap_or_default(),
        ],
    ]);
    rows.extend(
        client
            .custom
            .iter()
            .map(|(name, value)| [name.clone(), value.clone()]),
    );
    rows.extend(orders.iter().map(|order| [tr!("Order"), order_line(order)]));
    for [name, value] in rows.iter().filter(|[_, value]| !value.trim().is_empty()) {
        writeln!(
            output,
            "{}: {}",
            printable(name),
            printable(value).trim_end()
        )?;
    }
    Ok(())
}

fn order_line(order: &Order) -> String {
    let mut parts = vec![order.number.clone(), order.stage.clone()];
    parts.extend(
        order
            .responsible
            .as_ref()
            .map(|employee| employee.name.clone()),
    );
    parts.extend(order.due.map(|due| tr!("due {day}", day = due)));
    if order.closed {
        parts.push(tr!("closed"));
    }
    parts.join(" · ")
}

fn find(
    text: &str,
    limit: usize,
    format: FindFormat,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let store = open_store(profile)?;
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
        client.category.to_string(),
        client.city.clone(),
        client
            .number
            .map(|number| number.international())
            .unwrap_or_default(),
    ]
}

fn merge(into: &str, from: &str, profile: &Profile) -> anyhow::Result<()> {
    let country = home_country(profile, None)?;
    open_store(profile)?.write(|writer| {
        let into = one_client(writer, into, country)?.id;
        let from = one_client(writer, from, country)?.id;
        Ok(writer.merge_clients(into, from)?)
    })
}

fn delete(client: &str, profile: &Profile) -> anyhow::Result<()> {
    let country = home_country(profile, None)?;
    open_store(profile)?.write(|writer| {
        let client = one_client(writer, client, country)?.id;
        Ok(writer.delete_client(client)?)
    })
}

fn import(
    file: &std::path::Path,
    dry_run: bool,
    region: Option<Country>,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let options = Options {
        country: home_country(profile, region)?,
        dry_run,
    };
    let mut store = open_store(profile)?;
    let named = || file.display().to_string();
    let report = if file == std::path::Path::new("-") {
        import_clients(&mut store, io::stdin().lock(), options)
    } else {
        let input = fs::File::open(file).with_context(named)?;
        import_clients(&mut store, input, options)
    };
    let report = report.with_context(named)?;
    writeln!(output, "{report}")?;
    if report.refused > 0 {
        bail!(trn!(
            "{file}: {n} line was left out",
            "{file}: {n} lines were left out",
            n = report.refused,
            file = named()
        ));
    }
    Ok(())
}
