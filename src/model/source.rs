//! Fields of the card whose values stand outside the store.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::{CallId, Password};

/// A field of the card, and where its value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardSource {
    /// What the card calls it.
    pub name: String,
    /// Where the value stands.
    pub place: SourcePlace,
    /// How long it is waited for.
    pub patience: Duration,
}

/// Where the value of a field stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourcePlace {
    /// In the JSON that a web server answers.
    Http {
        /// The address, with the words of [`Fact`] in braces.
        url: String,
        /// The way to the value: names of fields and places in lists.
        field: Vec<String>,
        /// A PEM file with the authorities believed for TLS; none for the system's.
        ca_file: Option<String>,
    },
    /// In a CSV file, read anew for each call.
    Csv {
        /// The file.
        file: PathBuf,
        /// The column that tells whose line it is.
        key: String,
        /// What stands there.
        by: Fact,
        /// The column with the value.
        field: String,
    },
    /// In a PostgreSQL database.
    Postgres(Box<Database>),
}

/// A PostgreSQL database, who we are there, and what it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The server, or the folder of its socket on this computer.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database's name.
    pub name: String,
    /// Who we are there.
    pub username: String,
    /// The password, when it stands in the settings.
    pub password: Option<Password>,
    /// A command whose first line of output is the password.
    pub password_command: Option<String>,
    /// Whether the connection has to be secret.
    pub tls: bool,
    /// A PEM file with the authorities believed for TLS; none for the system's.
    pub ca_file: Option<String>,
    /// A query for one value, with the words of [`Fact`] in braces.
    pub query: String,
}

impl Database {
    /// Under which name the keyring keeps the password.
    pub fn keyring_name(&self) -> String {
        let (host, port) = (&self.host, self.port);
        format!("postgresql {}@{host}:{port}/{}", self.username, self.name)
    }
}

/// Something that is known of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// The number, E.164.
    Number,
    /// The client's id.
    ClientId,
    /// The client's name.
    Name,
    /// The client's company.
    Company,
    /// Our own internal number.
    Extension,
}

impl Fact {
    /// All, with their words.
    pub const WORDS: [(&str, Self); 5] = [
        ("number", Self::Number),
        ("client_id", Self::ClientId),
        ("name", Self::Name),
        ("company", Self::Company),
        ("extension", Self::Extension),
    ];

    /// Those whose words stand in braces there.
    fn all_in(text: &str) -> Vec<Self> {
        let wanted = |word: &str| text.contains(&format!("{{{word}}}"));
        let all = Self::WORDS.into_iter();
        all.filter_map(|(word, fact)| wanted(word).then_some(fact))
            .collect()
    }
}

impl CardSource {
    /// What has to be known before it can be asked.
    pub fn needs(&self) -> Vec<Fact> {
        match &self.place {
            SourcePlace::Csv { by, .. } => vec![*by],
            SourcePlace::Http { url, .. } => Fact::all_in(url),
            SourcePlace::Postgres(database) => Fact::all_in(&database.query),
        }
    }
}

/// What is known of a caller: each fact once, none of them empty.
pub type Facts = std::collections::BTreeMap<Fact, String>;

/// What a source said of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAnswer {
    /// The call.
    pub call: CallId,
    /// The source's name.
    pub name: String,
    /// What it was asked with.
    pub facts: Facts,
    /// The value, or none; or why it could not be asked or took too long, in words for a person.
    pub value: Result<Option<String>, String>,
}

/// A field of the card that comes from outside the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourcedField {
    /// What the card calls it.
    pub name: String,
    /// How far it is.
    pub state: SourceState,
    /// Its value; empty unless it is here.
    pub value: String,
}

/// How far a field is that comes from outside the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// It is looked for.
    Waiting,
    /// It is here.
    Here,
    /// There is none, or it took too long.
    NoData,
}
