//! `[[source]]`: fields of the card whose values stand outside the store.

use std::net::IpAddr;
use std::time::Duration;

use super::Password;
use super::SettingsError;
use super::section::Section;
use crate::http::is_address;
use crate::model::{CardSource, Database, Fact, SourcePlace};

/// The longest that a card waits for a value, milliseconds.
const PATIENCE_MS: u32 = 1000;

#[derive(Clone, Copy)]
enum Type {
    Http,
    Csv,
    Postgres,
}
const TYPES: [(&str, Type); 3] = [
    ("http", Type::Http),
    ("csv", Type::Csv),
    ("postgres", Type::Postgres),
];

pub(super) fn source(section: &mut Section<'_>) -> Result<CardSource, SettingsError> {
    let name = required(
        section,
        "name",
        "what the card calls it, such as \"Credit limit\"",
    )?;
    let kind = section.optional_choice("type", &TYPES)?;
    let kind = kind.ok_or_else(|| section.missing("type", "\"http\", \"csv\", \"postgres\""))?;
    let patience = section.integer("timeout_ms", PATIENCE_MS, 50..=PATIENCE_MS)?;
    Ok(CardSource {
        name,
        place: match kind {
            Type::Http => http(section)?,
            Type::Csv => csv(section)?,
            Type::Postgres => SourcePlace::Postgres(Box::new(database(section)?)),
        },
        patience: Duration::from_millis(patience.into()),
    })
}

fn http(section: &mut Section<'_>) -> Result<SourcePlace, SettingsError> {
    const URL: &str = "an address such as \"https://erp.office.example/clients/{number}\"; after \
        the host may stand {number}, {client_id}, {name}, {company}, {extension}";
    let url = required(section, "url", URL)?;
    if let Some(value) = section.value("url").filter(|_| !is_template(&url)) {
        return Err(section.bad("url", value, URL));
    }
    let field = required(
        section,
        "field",
        "the way to the value, such as \"credit.limit\"",
    )?;
    Ok(SourcePlace::Http {
        url,
        field: field.split('.').map(str::to_owned).collect(),
        ca_file: section.string("ca_file")?,
    })
}

/// Whether it is the address of a web server whose host is fixed, with known words in its braces.
fn is_template(url: &str) -> bool {
    let host = url.find("://").map_or(0, |at| at + 3);
    let path = url[host..].find('/').map_or(url.len(), |at| host + at);
    let (host, path) = url.split_at(path);
    let bare = Fact::WORDS.iter().fold(path.to_owned(), |path, (word, _)| {
        path.replace(&format!("{{{word}}}"), "")
    });
    let address = format!("{host}{bare}");
    !address.contains(['{', '}']) && is_address(&address)
}

fn csv(section: &mut Section<'_>) -> Result<SourcePlace, SettingsError> {
    Ok(SourcePlace::Csv {
        file: required(
            section,
            "file",
            "a CSV file such as \"/srv/office/limits.csv\"",
        )?
        .into(),
        key: required(
            section,
            "key",
            "the column that tells whose line it is, such as \"phone\"",
        )?,
        by: section.choice("by", Fact::Number, &Fact::WORDS)?,
        field: required(
            section,
            "field",
            "the column with the value, such as \"limit\"",
        )?,
    })
}

fn database(section: &mut Section<'_>) -> Result<Database, SettingsError> {
    let host = required(
        section,
        "host",
        "a server such as \"db.office.example\", or a folder such as \"/run/postgresql\"",
    )?;
    let port = section.integer("port", 5432, 1..=65_535)?;
    let database = Database {
        port: u16::try_from(port).unwrap_or_default(),
        name: required(section, "database", "the database's name")?,
        username: required(
            section,
            "username",
            "a user who can read there, such as \"ringbook\"",
        )?,
        password: section.string("password")?.map(Password::new),
        password_command: section.string("password_command")?,
        tls: section.bool("tls", !is_this_computer(&host))?,
        ca_file: section.string("ca_file")?,
        query: required(
            section,
            "query",
            "a query such as \"select debt from clients where phone = {number}\"",
        )?,
        host,
    };
    let both = database.password.is_some() && database.password_command.is_some();
    match section.value("password_command") {
        Some(value) if both => Err(section.bad(
            "password_command",
            value,
            "either password or password_command",
        )),
        _ => Ok(database),
    }
}

/// Whether nobody can stand between: a socket, or this computer's own address.
fn is_this_computer(host: &str) -> bool {
    let ip: Option<IpAddr> = host.parse().ok();
    host.starts_with('/') || host == "localhost" || ip.is_some_and(|ip| ip.is_loopback())
}

fn required(
    section: &mut Section<'_>,
    key: &'static str,
    allowed: &'static str,
) -> Result<String, SettingsError> {
    section
        .string(key)?
        .ok_or_else(|| section.missing(key, allowed))
}
