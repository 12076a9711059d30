//! Who is calling: everything the card shows of the caller, by the number.

use jiff::Timestamp;
use rusqlite::{Row, ToSql};

use super::categories::category;
use super::clients::{COLUMNS, WIDTH, bare_client};
use super::{CallerQuery, Reader, Result};
use crate::model::{CallerMatch, Category, Client, ClientId, OtherClient, PhoneNumber, PhotoRef};

/// The most clients of one number that the card offers.
const HOLDERS: usize = 50;

/// The order of clients `c` who have the number of `n`: whom people talked with last, or said it
/// was, then who was changed last.
pub(super) const LAST_FIRST: &str = "(SELECT max(k.started_at) FROM calls k
     WHERE k.number = n.e164 AND k.client = c.id AND (k.answered_at IS NOT NULL OR k.chosen = 1))
     DESC, c.updated_at DESC, c.id DESC";

/// A client with what is read beside the client's own row.
struct Holder {
    client: Client,
    category: Category,
    photo: Option<PhotoRef>,
}

impl Reader<'_> {
    /// What is known at this moment of the party with this number, or with this internal number as
    /// `text`, and who sits behind our own `extension`. None where nothing of it is known.
    pub fn find_caller(
        &self,
        number: Option<PhoneNumber>,
        text: &str,
        extension: Option<&str>,
    ) -> Result<Option<CallerMatch>> {
        self.look_up(&CallerQuery {
            number,
            text: text.to_owned(),
            extension: extension.map(str::to_owned),
            at: Timestamp::now(),
            client: None,
        })
    }

    /// What is known of whoever is asked for. None where nothing of it is known.
    pub fn look_up(&self, asked: &CallerQuery) -> Result<Option<CallerMatch>> {
        let mut found = self.client_match(asked)?;
        let colleague = match asked.number {
            Some(_) => None,
            None => self.find_employee(&asked.text)?,
        };
        let own = asked.extension.as_deref();
        let employee = own
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
            self.holders(&by_number(), &number.e164())?;
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

    /// The client whom a person named, else the first who has the number.
    fn client_match(&self, asked: &CallerQuery) -> Result<Option<CallerMatch>> {
        let mut holders = match asked.number {
            Some(number) => self.holders(&by_number(), &number.e164())?,
            None => Vec::new(),
        };
        let named = asked.client.map(|client| self.present_client(client));
        if let Some(named) = named.transpose()?.flatten() {
            match holders.iter().position(|holder| holder.client.id == named) {
                Some(at) => holders[..=at].rotate_right(1),
                None => drop(holders.splice(..0, self.holders(&by_id(), named.as_bytes())?)),
            }
        }
        let mut holders = holders.into_iter();
        let Some(first) = holders.next() else {
            return Ok(None);
        };
        let client = self.complete(first.client)?;
        Ok(Some(CallerMatch {
            others: holders.map(Holder::beside).collect(),
            category: Some(first.category),
            orders: self.open_orders(client.id)?,
            about: self.about(&client, asked.at)?,
            photo: first.photo,
            time_zone: super::places::time_zone(client.city()),
            client: Some(client),
            colleague: None,
            employee: None,
        }))
    }

    fn holders(&self, statement: &str, key: &dyn ToSql) -> Result<Vec<Holder>> {
        let mut statement = self.connection.prepare_cached(statement)?;
        let rows = statement.query_map([key], holder)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Holder {
    fn beside(self) -> OtherClient {
        OtherClient {
            id: self.client.id,
            name: self.client.name,
            company: self.client.company,
            category: self.category,
        }
    }
}

fn holder(row: &Row<'_>) -> rusqlite::Result<Holder> {
    let client = bare_client(row)?;
    let mime: Option<String> = row.get(WIDTH + 5)?;
    Ok(Holder {
        category: category(row, WIDTH)?,
        photo: client
            .photo
            .zip(mime)
            .map(|(id, mime)| PhotoRef { id, mime }),
        client,
    })
}

/// What a [`Holder`] is read from, and the tables beside `clients c`.
const HOLDER: &str = "k.id, k.name, k.colour, k.icon, k.rank, p.mime";
const BESIDE: &str = "LEFT JOIN employees e ON e.id = c.responsible
    LEFT JOIN categories k ON k.id = c.category
    LEFT JOIN photos p ON p.id = c.photo";

/// The statement that finds clients by number. CROSS JOIN keeps the order: the number first.
fn by_number() -> String {
    format!(
        "SELECT {COLUMNS}, {HOLDER} FROM client_numbers n
         CROSS JOIN clients c ON c.id = n.client {BESIDE}
         WHERE n.e164 = ?1 AND n.deleted_at IS NULL AND c.deleted_at IS NULL
         ORDER BY {LAST_FIRST} LIMIT {HOLDERS}"
    )
}

/// The statement that reads one client.
fn by_id() -> String {
    format!(
        "SELECT {COLUMNS}, {HOLDER} FROM clients c {BESIDE}
         WHERE c.id = ?1 AND c.deleted_at IS NULL"
    )
}

/// How SQLite goes about the look-up, step by step.
#[cfg(test)]
pub(super) fn plans(connection: &rusqlite::Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", by_number()))?;
    let rows = statement.query_map(["+10"], |row| row.get("detail"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
