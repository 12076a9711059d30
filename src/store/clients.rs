//! Table `clients`.

use rusqlite::{OptionalExtension, Row, params};

use super::employees::employee_or_none;
use super::search::{fold, searchable};
use super::values::{date, id, id_or_none, millis, one, time, unknown};
use super::{Reader, Result, StoreError, Writer};
use crate::model::{CategoryId, Client, ClientId, ClientKind, Consent, Deed, Right};

/// Limits of one client.
const MAX_TEXT: usize = 64 * 1024;
const MAX_PHONES: usize = 100;
const MAX_PLACES: usize = 50;
const MAX_TAGS: usize = 100;
const MAX_CUSTOM: usize = 200;

/// What a client is read from, without what stands in tables of its own: twenty-one columns of
/// [`FROM`], the last three the responsible employee's.
pub(super) const COLUMNS: &str = "c.id, c.kind, c.name, c.company, c.category, c.note,
    c.note_until, c.note_acknowledge, c.greeting, c.language, c.photo, c.consent, c.consent_at,
    c.consent_how, c.do_not_call, c.created_at, c.updated_at, c.draft, e.id, e.name, e.extension";
/// How many they are.
pub(super) const WIDTH: usize = 21;
const FROM: &str = "clients c LEFT JOIN employees e ON e.id = c.responsible";

/// The tables that hold parts of a client.
const PARTS: [&str; 5] = [
    "client_numbers",
    "client_emails",
    "client_addresses",
    "client_tags",
    "client_custom",
];

/// What a client is found by.
struct FoundBy {
    /// What the list of clients is ordered by.
    name_key: String,
    /// What the search index holds.
    text: String,
}

impl FoundBy {
    fn of(client: &Client) -> Self {
        Self {
            name_key: fold(&client.name),
            text: searchable(client),
        }
    }
}

/// A client who is to be added, with all that can be known without the store: made on any thread.
pub struct Newcomer {
    client: Client,
    found_by: FoundBy,
}

impl Newcomer {
    /// The client, tidied.
    ///
    /// # Errors
    /// What of it is not allowed.
    pub fn new(client: Client) -> Result<Self> {
        let mut client = client.tidied();
        client.draft &= !client.is_named();
        check(&client)?;
        let found_by = FoundBy::of(&client);
        Ok(Self { client, found_by })
    }
}

impl Reader<'_> {
    /// The client, complete; none where there is none or it was deleted.
    pub fn find_client(&self, client: ClientId) -> Result<Option<Client>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE c.id = ?1 AND c.deleted_at IS NULL"
        ))?;
        let found = statement
            .query_row([client.as_bytes()], bare_client)
            .optional()?;
        found.map(|client| self.complete(client)).transpose()
    }

    /// The client, complete; an error where there is none.
    pub fn load_client(&self, client: ClientId) -> Result<Client> {
        self.find_client(client)?
            .ok_or_else(|| StoreError::Missing {
                what: "client",
                id: client.to_string(),
            })
    }

    /// Hands every client to `each`, by name, one at a time: what an export streams from. Drafts are
    /// left out: nobody has named them.
    pub fn each_client<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(Client) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self
            .connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM {FROM} WHERE c.deleted_at IS NULL AND c.draft = 0
                 ORDER BY c.name_key, c.row"
            ))
            .map_err(StoreError::from)?;
        let mut rows = statement.query([]).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let client = bare_client(row).map_err(StoreError::from)?;
            each(self.complete(client)?)?;
        }
        Ok(())
    }

    /// The clients whose name and company are these, whatever their case and accents.
    pub fn clients_called(&self, name: &str, company: &str) -> Result<Vec<ClientId>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, company FROM clients WHERE name_key = ?1 AND deleted_at IS NULL
             ORDER BY id LIMIT 1000",
        )?;
        let rows = statement.query_map([fold(name)], |row| Ok((id(row, 0)?, row.get(1)?)))?;
        let same: Vec<(ClientId, String)> = rows.collect::<rusqlite::Result<_>>()?;
        let wanted = fold(company);
        Ok(same
            .into_iter()
            .filter(|(_, of)| fold(of) == wanted)
            .map(|(id, _)| id)
            .collect())
    }

    /// Whether two texts differ at most in case, accents and the like.
    pub fn same_text(&self, one: &str, other: &str) -> bool {
        one == other || fold(one) == fold(other)
    }

    /// Adds what stands in tables of its own.
    pub(super) fn complete(&self, mut client: Client) -> Result<Client> {
        client.phones = self.client_phones(client.id)?;
        client.emails = self.client_emails(client.id)?;
        client.addresses = self.client_addresses(client.id)?;
        client.tags = self.client_tags(client.id)?;
        client.custom = self.client_custom(client.id)?;
        Ok(client)
    }
}

impl Writer<'_> {
    /// Adds the client, or makes the stored one equal to it; `photo` is left to
    /// [`Writer::set_photo`], `created_at` is kept and `updated_at` becomes now. What changed is
    /// written down. A draft that has a name is none any more.
    pub fn save_client(&mut self, client: &Client) -> Result<()> {
        let before = self.find_client(client.id)?;
        self.save_changed(before.as_ref(), client)
    }

    /// As [`Writer::save_client`], where the client is at hand as it is stored; none: it is new.
    pub fn save_changed(&mut self, before: Option<&Client>, client: &Client) -> Result<()> {
        let mut client = client.clone();
        client.draft &= !client.is_named();
        let client = self.write_client(before, client)?;
        match client.draft {
            true => Ok(()),
            false => self.take_in_drafts(&client),
        }
    }

    /// Adds a client whom the store does not have, and none of whose numbers is anybody's.
    pub fn add_newcomer(&mut self, newcomer: &Newcomer) -> Result<ClientId> {
        let Newcomer { client, found_by } = newcomer;
        match client.custom.is_empty() {
            true => self.write_checked(None, client, found_by)?,
            false => self.write_checked(None, &self.fitted(client.clone(), None)?, found_by)?,
        }
        Ok(client.id)
    }

    /// Writes the client as it is, and everything that follows from it; gives it as it was written.
    pub(super) fn write_client(
        &mut self,
        before: Option<&Client>,
        client: Client,
    ) -> Result<Client> {
        let client = self.fitted(client.tidied(), before)?;
        check(&client)?;
        self.write_checked(before, &client, &FoundBy::of(&client))?;
        Ok(client)
    }

    fn write_checked(
        &mut self,
        before: Option<&Client>,
        client: &Client,
        found_by: &FoundBy,
    ) -> Result<()> {
        let (row, is_new) = self.write_row(client, &found_by.name_key)?;
        self.write_numbers(client, is_new)?;
        self.write_parts(client, is_new)?;
        self.write_text(row, &found_by.text)?;
        match before {
            Some(before) => self.write_client_changes(before, client),
            None => Ok(()),
        }
    }

    /// Writes the client's own row; says which it is, and whether there was none.
    fn write_row(&mut self, client: &Client, name_key: &str) -> Result<(i64, bool)> {
        // An upsert would be shorter, and costs SQLite a journal of its own for each row.
        let added = self.put_row(
            "INSERT INTO clients (id, kind, name, company, category, note, note_until,
                     note_acknowledge, greeting, language, responsible, consent, consent_at,
                     consent_how, do_not_call, created_at, updated_at, name_key, draft)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16,
                     ?17, ?18)
                 ON CONFLICT (id) DO NOTHING",
            client,
            name_key,
        )?;
        if added > 0 {
            return Ok((self.connection.last_insert_rowid(), true));
        }
        self.put_row(
            "UPDATE clients SET kind = ?2, name = ?3, company = ?4, category = ?5, note = ?6,
                     note_until = ?7, note_acknowledge = ?8, greeting = ?9, language = ?10,
                     responsible = ?11, consent = ?12, consent_at = ?13, consent_how = ?14,
                     do_not_call = ?15, updated_at = ?16, name_key = ?17, draft = ?18,
                     deleted_at = NULL, merged_into = NULL
                 WHERE id = ?1",
            client,
            name_key,
        )?;
        let mut row = self
            .connection
            .prepare_cached("SELECT row FROM clients WHERE id = ?1")?;
        let row = row.query_row([client.id.as_bytes()], |row| row.get(0))?;
        Ok((row, false))
    }

    /// Runs a statement on the eighteen values of a client's row; says how many rows it wrote.
    fn put_row(&self, statement: &str, client: &Client, name_key: &str) -> Result<usize> {
        let consent = client.consent.as_ref();
        let mut statement = self.connection.prepare_cached(statement)?;
        let written = statement.execute(params![
            client.id.as_bytes(),
            client.kind.as_str(),
            client.name,
            client.company,
            client.category.as_str(),
            client.note,
            client.note_until.map(|day| day.to_string()),
            client.note_acknowledge,
            client.greeting,
            client.language,
            client.responsible.as_ref().map(|e| e.id.as_bytes()),
            consent.map(|consent| consent.given),
            consent
                .and_then(|consent| consent.at)
                .map(|day| day.to_string()),
            consent.map_or("", |consent| &*consent.how),
            client.do_not_call,
            millis(self.now),
            name_key,
            client.draft,
        ]);
        written.map_err(|error| reference_missing(error, client))
    }

    /// Marks the client deleted, and writes down that `who` did: it is found no more, and its calls
    /// keep the name they had. What it is owed is owed to its number.
    pub fn delete_client(&mut self, who: &str, client: ClientId) -> Result<()> {
        let name = self.load_client(client)?.name;
        let deed = Deed::delete(&format!("client {client}"), &name);
        self.audit(who, Right::DeleteClients, &deed)?;
        self.retire_client(client, None)?;
        self.orphan_tasks(client)
    }

    /// Marks the client deleted or, `into` another one, merged.
    pub(super) fn retire_client(&mut self, client: ClientId, into: Option<ClientId>) -> Result<()> {
        let now = millis(self.now);
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE clients SET deleted_at = ?2, updated_at = ?2, merged_into = ?3
                 WHERE id = ?1 AND deleted_at IS NULL",
            )?
            .execute(params![
                client.as_bytes(),
                now,
                into.as_ref().map(ClientId::as_bytes)
            ])?;
        one(changed, "client", client)?;
        for table in PARTS {
            self.retire_part(table, client)?;
        }
        self.delete_text(client)
    }

    /// Marks what stands in one of the tables of parts deleted.
    pub(super) fn retire_part(&mut self, table: &'static str, client: ClientId) -> Result<()> {
        self.connection
            .prepare_cached(&format!(
                "UPDATE {table} SET deleted_at = ?2 WHERE client = ?1 AND deleted_at IS NULL"
            ))?
            .execute(params![client.as_bytes(), millis(self.now)])?;
        Ok(())
    }
}

fn check(client: &Client) -> Result<()> {
    let refuse = |field: &str, value: String, allowed: String| {
        Err(StoreError::not_allowed(field, value, allowed))
    };
    if client.name.is_empty() && client.company.is_empty() && client.phones.is_empty() {
        let allowed = "a client with a name, a company or a number".to_owned();
        return refuse("name", String::new(), allowed);
    }
    for (field, text) in client.texts() {
        if text.len() > MAX_TEXT {
            let value: String = text.chars().take(40).collect();
            let allowed = format!("at most {MAX_TEXT} octets");
            return refuse(&field.to_string(), format!("{value}…"), allowed);
        }
    }
    for (field, count, most) in [
        ("phone", client.phones.len(), MAX_PHONES),
        ("email", client.emails.len(), MAX_PLACES),
        ("address", client.addresses.len(), MAX_PLACES),
        ("tags", client.tags.len(), MAX_TAGS),
        ("custom field", client.custom.len(), MAX_CUSTOM),
    ] {
        if count > most {
            return refuse(field, count.to_string(), format!("at most {most}"));
        }
    }
    let stray = |tag: &&String| tag.contains(';') || tag.trim() != tag.as_str();
    if let Some(tag) = client.tags.iter().find(stray) {
        let allowed = "words without a semicolon".to_owned();
        return refuse("tags", tag.clone(), allowed);
    }
    for (at, (name, _)) in client.custom.iter().enumerate() {
        let twice = client.custom[..at].iter().any(|(other, _)| other == name);
        if name.trim().is_empty() || Client::is_field(name) || name.len() > MAX_TEXT || twice {
            let allowed = "a name given once that is none of the program's own".to_owned();
            return refuse("custom field", name.clone(), allowed);
        }
    }
    Ok(())
}

/// The foreign keys that a caller can miss are the category's and the responsible employee's: says
/// so in words.
fn reference_missing(error: rusqlite::Error, client: &Client) -> StoreError {
    match error.sqlite_error() {
        Some(cause) if cause.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => {
            match &client.responsible {
                Some(employee) => StoreError::Missing {
                    what: "category or employee",
                    id: format!("{}, {}", client.category, employee.plain()),
                },
                None => StoreError::Missing {
                    what: "category",
                    id: client.category.to_string(),
                },
            }
        }
        _ => StoreError::Sqlite(error),
    }
}

/// A client from the columns [`COLUMNS`], what stands in tables of its own still empty.
pub(super) fn bare_client(row: &Row<'_>) -> rusqlite::Result<Client> {
    let kind: String = row.get(1)?;
    let answer: Option<bool> = row.get(11)?;
    let consent = match answer {
        Some(given) => Some(Consent {
            given,
            at: date(row, 12)?,
            how: row.get(13)?,
        }),
        None => None,
    };
    Ok(Client {
        id: id(row, 0)?,
        kind: ClientKind::from_word(&kind).ok_or_else(|| unknown(1, "clients.kind", &kind))?,
        name: row.get(2)?,
        company: row.get(3)?,
        category: CategoryId::new(row.get::<_, String>(4)?),
        responsible: employee_or_none(row, 18)?,
        note: row.get(5)?,
        note_until: date(row, 6)?,
        note_acknowledge: row.get(7)?,
        greeting: row.get(8)?,
        language: row.get(9)?,
        phones: Vec::new(),
        emails: Vec::new(),
        addresses: Vec::new(),
        tags: Vec::new(),
        consent,
        do_not_call: row.get(14)?,
        draft: row.get(17)?,
        photo: id_or_none(row, 10)?,
        custom: Vec::new(),
        created_at: time(row, 15)?,
        updated_at: time(row, 16)?,
    })
}
