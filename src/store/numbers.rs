//! Table `client_numbers`: which number belongs to whom.

use rusqlite::params;

use super::lookup::LAST_FIRST;
use super::values::{count, id, millis, number};
use super::{Reader, Result, Writer};
use crate::model::{Client, ClientId, ClientPhone, PhoneNumber};

impl Reader<'_> {
    /// The client's numbers, the first first.
    pub fn client_phones(&self, client: ClientId) -> Result<Vec<ClientPhone>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT e164, label, extension FROM client_numbers
             WHERE client = ?1 AND deleted_at IS NULL ORDER BY place, e164",
        )?;
        let rows = statement.query_map([client.as_bytes()], |row| {
            Ok(ClientPhone {
                number: number(row, 0)?,
                label: row.get(1)?,
                extension: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Who has this number, the client last spoken with on it first.
    pub fn clients_with_number(&self, number: PhoneNumber) -> Result<Vec<ClientId>> {
        // Nobody, mostly, where many numbers are new: that is known before anything is put in order.
        let mut anybody = self.connection.prepare_cached(
            "SELECT 1 FROM client_numbers WHERE e164 = ?1 AND deleted_at IS NULL",
        )?;
        if !anybody.exists([number.e164()])? {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT c.id FROM client_numbers n CROSS JOIN clients c ON c.id = n.client
             WHERE n.e164 = ?1 AND n.deleted_at IS NULL AND c.deleted_at IS NULL
             ORDER BY {LAST_FIRST}"
        ))?;
        let rows = statement.query_map([number.e164()], |row| id(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether there are calls or tasks of this number that are nobody's.
    fn is_awaited(&self, number: PhoneNumber) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM calls WHERE number = ?1 AND +client IS NULL)
                 OR EXISTS (SELECT 1 FROM tasks WHERE caller = ?1 AND client IS NULL)",
        )?;
        Ok(statement.query_row([number.e164()], |row| row.get(0))?)
    }
}

impl Writer<'_> {
    /// Adds a number to the client, as its last one; a number the client has already stays where it is.
    pub fn add_number(&mut self, client: ClientId, number: PhoneNumber, label: &str) -> Result<()> {
        let mut changed = self.load_client(client)?;
        if changed.phones.iter().any(|phone| phone.number == number) {
            return Ok(());
        }
        changed.phones.push(ClientPhone {
            label: label.to_owned(),
            ..ClientPhone::new(number)
        });
        self.save_client(&changed)
    }

    /// Makes the client's numbers exactly these, and gives the client the calls from and to them
    /// that were nobody's, and the tasks.
    pub(super) fn write_numbers(&mut self, client: &Client, is_new: bool) -> Result<()> {
        if !is_new {
            self.connection
                .prepare_cached(
                    "UPDATE client_numbers SET deleted_at = ?2
                     WHERE client = ?1 AND deleted_at IS NULL",
                )?
                .execute(params![client.id.as_bytes(), millis(self.now)])?;
        }
        let mut given = 0;
        let mut is_awaited = false;
        for (place, phone) in client.phones.iter().enumerate() {
            let e164 = phone.number.e164();
            self.put_part(
                "INSERT INTO client_numbers (e164, client, label, extension, place)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (e164, client) DO NOTHING",
                "UPDATE client_numbers SET label = ?3, extension = ?4, place = ?5, deleted_at = NULL
                 WHERE e164 = ?1 AND client = ?2",
                params![
                    e164,
                    client.id.as_bytes(),
                    phone.label,
                    phone.extension,
                    count(place)
                ],
            )?;
            if !self.is_awaited(phone.number)? {
                continue;
            }
            is_awaited = true;
            given += self
                .connection
                .prepare_cached(
                    "UPDATE calls SET client = ?2 WHERE number = ?1 AND +client IS NULL",
                )?
                .execute(params![e164, client.id.as_bytes()])?;
        }
        match is_awaited {
            true => self.give_tasks_of_numbers(client, given),
            false => Ok(()),
        }
    }
}
