//! Who is calling: everything the card shows of the caller, by the number.

use jiff::Timestamp;
use rusqlite::OptionalExtension;

use super::categories::category;
use super::clients::{COLUMNS, WIDTH, bare_client};
use super::{Reader, Result};
use crate::model::{CallerMatch, Client, ClientId, PhoneNumber, PhotoRef};

impl Reader<'_> {
    /// What is known at this moment of the party with this number, or with this internal number as
    /// `text`, and who sits behind our own `extension`. None where nothing of it is known.
    pub fn find_caller(
        &self,
        number: Option<PhoneNumber>,
        text: &str,
        extension: Option<&str>,
    ) -> Result<Option<CallerMatch>> {
        self.find_caller_at(Timestamp::now(), number, text, extension)
    }

    /// As [`Reader::find_caller`], at the moment `now`.
    pub fn find_caller_at(
        &self,
        now: Timestamp,
        number: Option<PhoneNumber>,
        text: &str,
        extension: Option<&str>,
    ) -> Result<Option<CallerMatch>> {
        let mut found = match number {
            Some(number) => self.client_match(now, number)?,
            None => None,
        };
        let colleague = match number {
            Some(_) => None,
            None => self.find_employee(text)?,
        };
        let employee = extension
            .map(|own| self.find_employee(own))
            .transpose()?
            .flatten();
        if found.is_none() && (colleague.is_some() || employee.is_some()) {
            found = Some(CallerMatch::default());
        }
        Ok(found.map(|found| CallerMatch {
            colleague,
            employee,
            ..found
        }))
    }

    /// Compiles the look-up's statements, so that the first caller does not wait for it.
    pub(super) fn warm_up(&self) -> Result<()> {
        let nobody = ClientId::from_bytes([0; 16]);
        if let Some(number) = PhoneNumber::from_e164("+10") {
            self.client_match(Timestamp::UNIX_EPOCH, number)?;
        }
        let client = self.complete(Client {
            id: nobody,
            ..Client::named("", Timestamp::UNIX_EPOCH)
        })?;
        self.about(&client, Timestamp::UNIX_EPOCH)?;
        self.open_orders(nobody)?;
        self.fields()?;
        self.card_layouts()?;
        self.find_employee("-")?;
        Ok(())
    }

    /// The client with this number.
    fn client_match(&self, now: Timestamp, number: PhoneNumber) -> Result<Option<CallerMatch>> {
        let mut statement = self.connection.prepare_cached(&client_by_number())?;
        let found = statement
            .query_row([number.e164()], |row| {
                let mime: Option<String> = row.get(WIDTH + 5)?;
                let holders: i64 = row.get(WIDTH + 6)?;
                Ok((bare_client(row)?, category(row, WIDTH)?, mime, holders))
            })
            .optional()?;
        let Some((client, category, mime, holders)) = found else {
            return Ok(None);
        };
        let client = self.complete(client)?;
        Ok(Some(CallerMatch {
            others: usize::try_from(holders - 1).unwrap_or(0),
            category: Some(category),
            orders: self.open_orders(client.id)?,
            about: self.about(&client, now)?,
            photo: client
                .photo
                .zip(mime)
                .map(|(id, mime)| PhotoRef { id, mime }),
            time_zone: super::places::time_zone(client.city()),
            client: Some(client),
            colleague: None,
            employee: None,
        }))
    }
}

/// The statement that finds a client by number. CROSS JOIN keeps the order: the number first.
fn client_by_number() -> String {
    format!(
        "SELECT {COLUMNS}, k.id, k.name, k.colour, k.icon, k.rank, p.mime, count(*) OVER ()
         FROM client_numbers n
         CROSS JOIN clients c ON c.id = n.client
         LEFT JOIN employees e ON e.id = c.responsible
         LEFT JOIN categories k ON k.id = c.category
         LEFT JOIN photos p ON p.id = c.photo
         WHERE n.e164 = ?1 AND n.deleted_at IS NULL AND c.deleted_at IS NULL
         ORDER BY c.updated_at DESC, c.id DESC LIMIT 1"
    )
}

/// How SQLite goes about the look-up, step by step.
#[cfg(test)]
pub(super) fn plans(connection: &rusqlite::Connection) -> Result<Vec<String>> {
    let mut statement =
        connection.prepare(&format!("EXPLAIN QUERY PLAN {}", client_by_number()))?;
    let rows = statement.query_map(["+10"], |row| row.get("detail"))?;
    // The window function reads its own few rows once more: that is no table.
    let steps: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(steps
        .into_iter()
        .filter(|step| !step.contains("(subquery-"))
        .collect())
}
