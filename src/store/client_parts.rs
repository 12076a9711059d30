//! Tables `client_emails`, `client_addresses`, `client_tags` and `client_custom`: what a client has
//! several of, beside numbers.

use rusqlite::{Row, ToSql, params};

use super::values::{count, unknown};
use super::{Reader, Result, StoreError, Writer};
use crate::model::{Address, Client, ClientEmail, ClientId, FieldDefinition, Position};

impl Reader<'_> {
    /// The client's e-mail addresses, the first first.
    pub(super) fn client_emails(&self, client: ClientId) -> Result<Vec<ClientEmail>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT address, label FROM client_emails
             WHERE client = ?1 AND deleted_at IS NULL ORDER BY place",
        )?;
        let rows = statement.query_map([client.as_bytes()], |row| {
            Ok(ClientEmail {
                address: row.get(0)?,
                label: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The client's addresses, the first first.
    pub(super) fn client_addresses(&self, client: ClientId) -> Result<Vec<Address>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT label, street, city, country, latitude, longitude FROM client_addresses
             WHERE client = ?1 AND deleted_at IS NULL ORDER BY place",
        )?;
        let rows = statement.query_map([client.as_bytes()], address)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The client's tags, in the order given.
    pub(super) fn client_tags(&self, client: ClientId) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT tag FROM client_tags WHERE client = ?1 AND deleted_at IS NULL ORDER BY place",
        )?;
        let rows = statement.query_map([client.as_bytes()], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The client's custom fields, in the office's order; those that the office has not defined
    /// last, in their own.
    pub(super) fn client_custom(&self, client: ClientId) -> Result<Vec<(String, String)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT c.name, c.value FROM client_custom c
             LEFT JOIN fields f ON f.name = c.name AND f.deleted_at IS NULL
             WHERE c.client = ?1 AND c.deleted_at IS NULL
             ORDER BY f.id IS NULL, f.rank IS NULL, f.rank, f.name, c.place",
        )?;
        let rows =
            statement.query_map([client.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut fields: Vec<(String, String)> = rows.collect::<rusqlite::Result<_>>()?;
        // Two seats may have defined one field.
        fields.dedup_by(|one, other| one.0 == other.0);
        Ok(fields)
    }

    /// Every custom field's name in use, by name.
    pub fn custom_fields(&self) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT name FROM client_custom WHERE deleted_at IS NULL ORDER BY name",
        )?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Writer<'_> {
    /// The client with the values of the office's own fields as the fields keep them. One that
    /// does not fit is refused; one that was there before the field was defined may stay.
    pub(super) fn fitted(&self, mut client: Client, before: Option<&Client>) -> Result<Client> {
        if client.custom.is_empty() {
            return Ok(client);
        }
        let fields = self.fields()?;
        for (name, value) in &mut client.custom {
            let definition = fields
                .iter()
                .find(|field: &&FieldDefinition| field.name == *name);
            let stood = before.is_some_and(|before| {
                let mut custom = before.custom.iter();
                custom.any(|(known, kept)| known == name && kept == value)
            });
            if let Some(definition) = definition.filter(|_| !stood) {
                *value = definition.fit(value).map_err(|allowed| {
                    StoreError::not_allowed(name.clone(), value.clone(), allowed)
                })?;
            }
        }
        Ok(client)
    }

    /// Makes the client's e-mails, addresses, tags and custom fields exactly these.
    pub(super) fn write_parts(&mut self, client: &Client, is_new: bool) -> Result<()> {
        if !is_new {
            for table in [
                "client_emails",
                "client_addresses",
                "client_tags",
                "client_custom",
            ] {
                self.retire_part(table, client.id)?;
            }
        }
        self.write_emails(client)?;
        self.write_addresses(client)?;
        self.write_tags(client)?;
        self.write_custom(client)
    }

    fn write_emails(&mut self, client: &Client) -> Result<()> {
        for (place, email) in client.emails.iter().enumerate() {
            self.put_part(
                "INSERT INTO client_emails (client, address, label, place)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (client, address) DO NOTHING",
                "UPDATE client_emails SET label = ?3, place = ?4, deleted_at = NULL
                 WHERE client = ?1 AND address = ?2",
                params![
                    client.id.as_bytes(),
                    email.address,
                    email.label,
                    count(place)
                ],
            )?;
        }
        Ok(())
    }

    fn write_addresses(&mut self, client: &Client) -> Result<()> {
        for (place, address) in client.addresses.iter().enumerate() {
            self.put_part(
                "INSERT INTO client_addresses (client, place, label, street, city, country,
                     latitude, longitude)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (client, place) DO NOTHING",
                "UPDATE client_addresses SET label = ?3, street = ?4, city = ?5, country = ?6,
                     latitude = ?7, longitude = ?8, deleted_at = NULL
                 WHERE client = ?1 AND place = ?2",
                params![
                    client.id.as_bytes(),
                    count(place),
                    address.label,
                    address.street,
                    address.city,
                    address.country,
                    address.position.map(|position| position.latitude),
                    address.position.map(|position| position.longitude),
                ],
            )?;
        }
        Ok(())
    }

    fn write_tags(&mut self, client: &Client) -> Result<()> {
        for (place, tag) in client.tags.iter().enumerate() {
            self.put_part(
                "INSERT INTO client_tags (client, tag, place) VALUES (?1, ?2, ?3)
                 ON CONFLICT (client, tag) DO NOTHING",
                "UPDATE client_tags SET place = ?3, deleted_at = NULL
                 WHERE client = ?1 AND tag = ?2",
                params![client.id.as_bytes(), tag, count(place)],
            )?;
        }
        Ok(())
    }

    fn write_custom(&mut self, client: &Client) -> Result<()> {
        for (place, (name, value)) in client.custom.iter().enumerate() {
            self.put_part(
                "INSERT INTO client_custom (client, name, value, place) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (client, name) DO NOTHING",
                "UPDATE client_custom SET value = ?3, place = ?4, deleted_at = NULL
                 WHERE client = ?1 AND name = ?2",
                params![client.id.as_bytes(), name, value, count(place)],
            )?;
        }
        Ok(())
    }

    /// Adds a row of a client's part, or brings the one with its key back as it is given now. An
    /// upsert would do the same, and costs SQLite a journal of its own for each row.
    pub(super) fn put_part(
        &mut self,
        insert: &'static str,
        update: &'static str,
        values: &[&dyn ToSql],
    ) -> Result<()> {
        let added = self.connection.prepare_cached(insert)?.execute(values)?;
        if added == 0 {
            self.connection.prepare_cached(update)?.execute(values)?;
        }
        Ok(())
    }
}

fn address(row: &Row<'_>) -> rusqlite::Result<Address> {
    let degrees: (Option<f64>, Option<f64>) = (row.get(4)?, row.get(5)?);
    let position = match degrees {
        (Some(latitude), Some(longitude)) => Some(
            Position::new(latitude, longitude)
                .ok_or_else(|| unknown(4, "position", &format!("{latitude}, {longitude}")))?,
        ),
        _ => None,
    };
    Ok(Address {
        label: row.get(0)?,
        street: row.get(1)?,
        city: row.get(2)?,
        country: row.get(3)?,
        position,
    })
}
