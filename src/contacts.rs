//! The client book meets the CardDAV server of the settings: the edge around [`crate::dav`].

use std::collections::BTreeMap;
use std::time::Duration;

use ringbook_sip::auth::Credentials;

use crate::dav::{
    AddressBook, Book, Clash, Href, Kept, Known, Loaded, Meeting, Options, Report, SyncError,
    Vcards, synchronise,
};
use crate::http::{HttpClient, HttpError, Server};
use crate::model::{Client, ClientId, Country};
use crate::settings::CardDav;
use crate::store::{Result, Store, StoreError, Writer};
use crate::{secrets, tr};

/// How long one request may take; hundreds of cards come with some.
const PATIENCE: Duration = Duration::from_secs(120);
/// The most octets of an answer: fifty cards with large photos.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Why the two sides did not meet, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum MeetingError {
    /// There is no password.
    #[error("{}", tr!("no password for the CardDAV server: {why}", why = .0))]
    Password(String),
    /// The meeting ended early; what was done until then is kept.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

impl From<HttpError> for MeetingError {
    fn from(error: HttpError) -> Self {
        Self::Sync(SyncError::Server(error.into()))
    }
}

impl From<StoreError> for MeetingError {
    fn from(error: StoreError) -> Self {
        Self::Sync(error.into())
    }
}

/// Lets the book in `store` meet that of the server; `country` reads national numbers. It waits.
///
/// # Errors
/// Why they did not meet, or not to the end.
pub fn meet(
    settings: &CardDav,
    store: &mut Store,
    country: Option<Country>,
    options: Options,
) -> Result<Report, MeetingError> {
    let http = HttpClient::new(Server {
        url: settings.url.clone(),
        login: login(settings).map_err(MeetingError::Password)?,
        ca_file: settings.ca_file.clone(),
        patience: PATIENCE,
        largest: LARGEST,
    })?;
    let url = settings.book();
    let mut remote = address_book(http, settings, store, options.dry_run)?;
    let mut lists = store.read(|reader| reader.lists())?;
    lists.country = country;
    let codec = Vcards::new(lists, options.now);
    let mut book = StoreBook { store, url };
    let met = synchronise(&mut remote, &mut book, &codec, options);
    Ok(met?)
}

/// The address book that was found before or, the first time, is found now.
fn address_book(
    http: HttpClient,
    settings: &CardDav,
    store: &mut Store,
    dry_run: bool,
) -> Result<AddressBook<HttpClient>, MeetingError> {
    let url = settings.book();
    let known = store.read(|reader| reader.contact_book(&url))?;
    if let Some(href) = known.and_then(|known| Href::new(&known.href)) {
        return Ok(AddressBook::known(http, href));
    }
    let start = Href::new(&settings.url);
    let start = start.as_ref().map_or("/", Href::as_str);
    let found = AddressBook::find(http, start).map_err(SyncError::from)?;
    if !dry_run {
        store.write(|writer| writer.save_contact_book(&url, found.href().as_str()))?;
    }
    Ok(found)
}

/// Who we are on the server.
fn login(settings: &CardDav) -> Result<Option<Credentials>, String> {
    let Some(username) = settings.username.clone() else {
        return Ok(None);
    };
    let (written, command) = (&settings.password, &settings.password_command);
    let name = settings.keyring_name();
    let password = secrets::look_up(written.as_ref(), command.as_deref(), &name)?;
    Ok(Some(Credentials { username, password }))
}

/// Keeps the password for the server in the system's keyring.
///
/// # Errors
/// Why it is not kept, in words for a person.
pub fn keep_password(settings: &CardDav, password: &str) -> Result<(), String> {
    secrets::keep(&settings.keyring_name(), password)
}

/// The client book as the meeting needs it.
struct StoreBook<'a> {
    store: &'a mut Store,
    /// Which address book.
    url: String,
}

impl Book for StoreBook<'_> {
    fn known(&mut self) -> Result<Known> {
        self.store.read(|reader| {
            Ok(Known {
                here: reader.client_stamps()?,
                pairs: reader.contact_pairs(&self.url)?,
                token: reader.contact_book(&self.url)?.and_then(|book| book.token),
            })
        })
    }

    fn load(&mut self, clients: &[ClientId]) -> Result<BTreeMap<ClientId, Loaded>> {
        self.store.read(|reader| {
            let load = |&client: &ClientId| {
                let loaded = Loaded {
                    client: reader.find_client(client)?,
                    card: reader.contact_card(&self.url, client)?,
                };
                Ok((client, loaded))
            };
            clients.iter().map(load).collect()
        })
    }

    fn find(&mut self, client: &Client) -> Result<Vec<ClientId>> {
        self.store.read(|reader| {
            if client.phones.is_empty() {
                return reader.clients_called(&client.name, &client.company);
            }
            let mut found = Vec::new();
            for phone in &client.phones {
                for id in reader.clients_with_number(phone.number)? {
                    let other = reader.load_client(id)?;
                    if reader.same_text(&other.name, &client.name) {
                        found.push(id);
                    }
                }
            }
            Ok(found)
        })
    }

    fn note(&mut self, client: ClientId, clashes: &[Clash]) -> Result<()> {
        let note = |writer: &mut Writer<'_>| writer.note_clashes(client, clashes);
        self.store.write(note)
    }

    fn keep(&mut self, meetings: Vec<Meeting>) -> Result<Vec<Kept>> {
        self.store.write(|writer| {
            let keep = |meeting: &Meeting| writer.keep_contact(&self.url, meeting);
            meetings.iter().map(keep).collect()
        })
    }

    fn finish(&mut self, token: Option<&str>) -> Result<()> {
        let finish = |writer: &mut Writer<'_>| writer.finish_contacts(&self.url, token);
        self.store.write(finish)
    }
}
