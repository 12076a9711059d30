//! Tables `clients` and `client_custom`.

use rusqlite::{OptionalExtension, Row, params};

use super::search::{SUMMARY, fold, searchable, summary};
use super::values::{count, id, id_or_none, millis, one, time};
use super::{Reader, Result, StoreError, Writer};
use crate::model::{CategoryId, Client, ClientId, ClientSummary};

/// Limits of one client.
const MAX_TEXT: usize = 64 * 1024;
const MAX_PHONES: usize = 100;
const MAX_CUSTOM: usize = 200;

/// What a client is read from, without numbers and custom fields: thirteen columns of `clients c`.
pub(super) const COLUMNS: &str = "c.id, c.name, c.company, c.category, c.note, c.greeting, c.city,
    c.country, c.language, c.email, c.photo, c.created_at, c.updated_at";

impl Reader<'_> {
    /// The client, complete; none where there is none or it was deleted.
    pub fn find_client(&self, client: ClientId) -> Result<Option<Client>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM clients c WHERE c.id = ?1 AND c.deleted_at IS NULL"
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

    /// How many clients there are.
    pub fn count_clients(&self) -> Result<u64> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM clients WHERE deleted_at IS NULL")?;
        Ok(statement
            .query_row([], |row| row.get::<_, i64>(0))
            .map(i64::unsigned_abs)?)
    }

    /// A page of the list of all clients by name.
    pub fn clients(&self, offset: usize, limit: usize) -> Result<Vec<ClientSummary>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {SUMMARY} FROM clients c
             WHERE c.row IN (SELECT row FROM clients WHERE deleted_at IS NULL
                             ORDER BY name_key LIMIT ?1 OFFSET ?2)
             ORDER BY c.name_key"
        ))?;
        let rows = statement.query_map([count(limit), count(offset)], summary)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Hands every client to `each`, by name, one at a time: what an export streams from.
    pub fn each_client<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(Client) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self
            .connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM clients c WHERE c.deleted_at IS NULL ORDER BY c.name_key"
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

    /// Every custom field's name in use, by name.
    pub fn custom_fields(&self) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT name FROM client_custom WHERE deleted_at IS NULL ORDER BY name",
        )?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Adds numbers and custom fields.
    pub(super) fn complete(&self, mut client: Client) -> Result<Client> {
        client.phones = self.client_phones(client.id)?;
        client.custom = self.client_custom(client.id)?;
        Ok(client)
    }

    /// The client's custom fields, in their order.
    pub(super) fn client_custom(&self, client: ClientId) -> Result<Vec<(String, String)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name, value FROM client_custom
             WHERE client = ?1 AND deleted_at IS NULL ORDER BY place",
        )?;
        let rows =
            statement.query_map([client.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Writer<'_> {
    /// Adds the client, or makes the stored one equal to it; `photo` is left to
    /// [`Writer::set_photo`], `created_at` is kept and `updated_at` becomes now.
    pub fn save_client(&mut self, client: &Client) -> Result<()> {
        check(client)?;
        let values = params![
            client.id.as_bytes(),
            client.name,
            client.company,
            client.category.as_str(),
            client.note,
            client.greeting,
            client.city,
            client.country,
            client.language,
            client.email,
            millis(self.now),
            fold(&client.name),
        ];
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE clients SET name = ?2, company = ?3, category = ?4, note = ?5, greeting = ?6,
                     city = ?7, country = ?8, language = ?9, email = ?10, updated_at = ?11,
                     name_key = ?12, deleted_at = NULL, merged_into = NULL
                 WHERE id = ?1",
            )?
            .execute(values)
            .map_err(|error| category_missing(error, client))?;
        let is_new = changed == 0;
        if is_new {
            self.connection
                .prepare_cached(
                    "INSERT INTO clients (id, name, company, category, note, greeting, city, country,
                         language, email, created_at, updated_at, name_key)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12)",
                )?
                .execute(values)
                .map_err(|error| category_missing(error, client))?;
        }
        self.write_numbers(client, is_new)?;
        self.write_custom(client, is_new)?;
        self.write_text(client)
    }

    /// What the client is found by; untouched where nothing of it changed.
    fn write_text(&mut self, client: &Client) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO client_texts (row, text)
                 VALUES ((SELECT row FROM clients WHERE id = ?1), ?2)
                 ON CONFLICT (row) DO UPDATE SET text = excluded.text WHERE text <> excluded.text",
            )?
            .execute(params![client.id.as_bytes(), searchable(client)])?;
        Ok(())
    }

    fn write_custom(&mut self, client: &Client, is_new: bool) -> Result<()> {
        if !is_new {
            self.connection
                .prepare_cached(
                    "UPDATE client_custom SET deleted_at = ?2
                     WHERE client = ?1 AND deleted_at IS NULL",
                )?
                .execute(params![client.id.as_bytes(), millis(self.now)])?;
        }
        for (place, (name, value)) in client.custom.iter().enumerate() {
            self.connection
                .prepare_cached(
                    "INSERT INTO client_custom (client, name, value, place) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (client, name) DO UPDATE SET value = excluded.value,
                         place = excluded.place, deleted_at = NULL",
                )?
                .execute(params![client.id.as_bytes(), name, value, count(place)])?;
        }
        Ok(())
    }

    /// Marks the client deleted: it is found no more, and its calls keep the name they had. What it
    /// is owed is owed to its number.
    pub fn delete_client(&mut self, client: ClientId) -> Result<()> {
        self.retire_client(client, None)?;
        self.orphan_tasks(client)
    }

    /// Makes one client of two: `from`'s numbers, custom fields, orders, calls and tasks become `into`'s,
    /// texts that `into` lacks are filled, and `from` is marked deleted.
    pub fn merge_clients(&mut self, into: ClientId, from: ClientId) -> Result<()> {
        if into == from {
            return Err(StoreError::NotAllowed {
                field: "client",
                value: from.to_string(),
                allowed: "a client other than the one it is merged into".to_owned(),
            });
        }
        let other = self.load_client(from)?;
        let mut kept = self.load_client(into)?;
        absorb(&mut kept, &other);
        self.retire_client(from, Some(into))?;
        self.save_client(&kept)?;
        for table in ["orders", "calls"] {
            self.connection
                .prepare_cached(&format!("UPDATE {table} SET client = ?1 WHERE client = ?2"))?
                .execute(params![into.as_bytes(), from.as_bytes()])?;
        }
        self.merge_tasks(into, from)?;
        self.connection
            .prepare_cached(
                "UPDATE clients SET photo = (SELECT photo FROM clients WHERE id = ?2)
                 WHERE id = ?1 AND photo IS NULL",
            )?
            .execute(params![into.as_bytes(), from.as_bytes()])?;
        Ok(())
    }

    fn retire_client(&mut self, client: ClientId, into: Option<ClientId>) -> Result<()> {
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
        for table in ["client_numbers", "client_custom"] {
            self.connection
                .prepare_cached(&format!(
                    "UPDATE {table} SET deleted_at = ?2 WHERE client = ?1 AND deleted_at IS NULL"
                ))?
                .execute(params![client.as_bytes(), now])?;
        }
        self.connection
            .prepare_cached(
                "DELETE FROM client_texts WHERE row = (SELECT row FROM clients WHERE id = ?1)",
            )?
            .execute([client.as_bytes()])?;
        Ok(())
    }
}

/// What `kept` lacks, it takes from `other`.
fn absorb(kept: &mut Client, other: &Client) {
    for phone in &other.phones {
        if !kept.phones.iter().any(|known| known.number == phone.number) {
            kept.phones.push(phone.clone());
        }
    }
    for (name, value) in &other.custom {
        if !kept.custom.iter().any(|(known, _)| known == name) {
            kept.custom.push((name.clone(), value.clone()));
        }
    }
    let texts = [
        (&mut kept.name, &other.name),
        (&mut kept.company, &other.company),
        (&mut kept.city, &other.city),
        (&mut kept.country, &other.country),
        (&mut kept.language, &other.language),
        (&mut kept.email, &other.email),
    ];
    for (mine, theirs) in texts {
        if mine.is_empty() {
            mine.clone_from(theirs);
        }
    }
    // Both notes were written for whoever takes the call: none may get lost.
    if !other.note.is_empty() && !kept.note.contains(&other.note) {
        if !kept.note.is_empty() {
            kept.note.push('\n');
        }
        kept.note.push_str(&other.note);
    }
    if kept.greeting.is_none() {
        kept.greeting.clone_from(&other.greeting);
    }
    if kept.category == CategoryId::ordinary() {
        kept.category = other.category.clone();
    }
}

fn check(client: &Client) -> Result<()> {
    let refuse = |field, value: String, allowed: String| {
        Err(StoreError::NotAllowed {
            field,
            value,
            allowed,
        })
    };
    let texts = [
        ("name", &client.name),
        ("company", &client.company),
        ("note", &client.note),
        ("city", &client.city),
        ("country", &client.country),
        ("language", &client.language),
        ("email", &client.email),
    ];
    for (field, text) in texts {
        if text.len() > MAX_TEXT {
            let value: String = text.chars().take(40).collect();
            return refuse(
                field,
                format!("{value}…"),
                format!("at most {MAX_TEXT} octets"),
            );
        }
    }
    if client.name.is_empty() && client.company.is_empty() && client.phones.is_empty() {
        let allowed = "a client with a name, a company or a number".to_owned();
        return refuse("name", String::new(), allowed);
    }
    if client.phones.len() > MAX_PHONES {
        let value = client.phones.len().to_string();
        return refuse("phone", value, format!("at most {MAX_PHONES} numbers"));
    }
    for (at, (name, _)) in client.custom.iter().enumerate() {
        let twice = client.custom[..at].iter().any(|(other, _)| other == name);
        if name.trim().is_empty() || Client::is_field(name) || twice {
            let allowed = format!(
                "a name given once that is none of {}",
                Client::FIELDS.join(", ")
            );
            return refuse("custom field", name.clone(), allowed);
        }
    }
    for (at, (name, _)) in client.custom.iter().enumerate() {
        let twice = client.custom[..at].iter().any(|(other, _)| other == name);
        if name.trim().is_empty() || Client::is_field(name) || twice {
            let allowed = format!(
                "a name given once that is none of {}",
                Client::FIELDS.join(", ")
            );
            return refuse("custom field", name.clone(), allowed);
        }
    }
    let longest = client
        .custom
        .iter()
        .map(|(name, value)| name.len().max(value.len()))
        .max();
    if client.custom.len() > MAX_CUSTOM || longest.is_some_and(|length| length > MAX_TEXT) {
        let allowed = format!("at most {MAX_CUSTOM} fields of at most {MAX_TEXT} octets");
        return refuse("custom field", client.custom.len().to_string(), allowed);
    }
    Ok(())
}

/// The one foreign key a caller can miss is the category's: says so in words.
fn category_missing(error: rusqlite::Error, client: &Client) -> StoreError {
    match error.sqlite_error() {
        Some(cause) if cause.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => {
            StoreError::Missing {
                what: "category",
                id: client.category.to_string(),
            }
        }
        _ => StoreError::Sqlite(error),
    }
}

/// A client from the columns [`COLUMNS`], its numbers and custom fields still empty.
pub(super) fn bare_client(row: &Row<'_>) -> rusqlite::Result<Client> {
    Ok(Client {
        id: id(row, 0)?,
        name: row.get(1)?,
        company: row.get(2)?,
        category: CategoryId::new(row.get::<_, String>(3)?),
        note: row.get(4)?,
        greeting: row.get(5)?,
        city: row.get(6)?,
        country: row.get(7)?,
        language: row.get(8)?,
        email: row.get(9)?,
        phones: Vec::new(),
        photo: id_or_none(row, 10)?,
        custom: Vec::new(),
        created_at: time(row, 11)?,
        updated_at: time(row, 12)?,
    })
}
