//! Table `outbox`: events that web servers are yet to be told.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use super::values::{count, id, millis, time};
use super::{Reader, Result, Writer};
use crate::model::{EventId, OutboxEvent};

/// The most events that wait for one web server: of more the oldest go.
pub const MOST_WAITING: usize = 10_000;
/// Older ones are of no use to anybody.
const OLDEST: SignedDuration = SignedDuration::from_hours(72);

impl Reader<'_> {
    /// The event that the webhook is to be told next; none where it knows everything.
    pub fn next_in_outbox(&self, webhook: &str) -> Result<Option<OutboxEvent>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, at, body FROM outbox WHERE webhook = ?1 ORDER BY seq LIMIT 1",
        )?;
        Ok(statement.query_row([webhook], event).optional()?)
    }
}

impl Writer<'_> {
    /// Adds an event behind the others. What is too old or too much goes; says how many that were.
    pub fn put_in_outbox(&mut self, webhook: &str, at: Timestamp, body: &str) -> Result<usize> {
        self.connection
            .prepare_cached("INSERT INTO outbox (webhook, id, at, body) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                webhook,
                EventId::new().as_bytes(),
                millis(at),
                body
            ])?;
        let old = self
            .connection
            .prepare_cached("DELETE FROM outbox WHERE webhook = ?1 AND at < ?2")?
            .execute(params![webhook, millis(self.now - OLDEST)])?;
        let surplus = self
            .connection
            .prepare_cached(
                "DELETE FROM outbox WHERE webhook = ?1 AND seq <= (SELECT seq FROM outbox
                 WHERE webhook = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute(params![webhook, count(MOST_WAITING)])?;
        Ok(old + surplus)
    }

    /// The event was taken, or will never be.
    pub fn take_from_outbox(&mut self, event: EventId) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM outbox WHERE id = ?1")?
            .execute([event.as_bytes()])?;
        Ok(())
    }

    /// Forgets what waits for webhooks that are none of these.
    pub fn keep_outbox_of(&mut self, webhooks: &[&str]) -> Result<()> {
        let known = serde_json::Value::from(webhooks.to_vec()).to_string();
        self.connection
            .prepare_cached(
                "DELETE FROM outbox WHERE webhook NOT IN (SELECT value FROM json_each(?1))",
            )?
            .execute([known])?;
        Ok(())
    }
}

fn event(row: &Row<'_>) -> rusqlite::Result<OutboxEvent> {
    Ok(OutboxEvent {
        id: id(row, 0)?,
        at: time(row, 1)?,
        body: row.get(2)?,
    })
}
