//! Table `changes`: what was changed of clients and of what is linked to them, written in the
//! transaction of the change.

use rusqlite::params;

use super::values::millis;
use super::{Change, Result, Writer};
use crate::dav::Clash;
use crate::model::{Client, ClientId, NOTE_READ, PhotoId, Record, RecordId, Value};

impl Writer<'_> {
    /// Writes down what became of a client's fields.
    pub(super) fn write_client_changes(&mut self, before: &Client, after: &Client) -> Result<()> {
        let id = RecordId::from_bytes(*after.id.as_bytes());
        for (field, old, new) in before.differences(after) {
            self.write_change(after.id, "client", id, &field.to_string(), [&old, &new])?;
        }
        Ok(())
    }

    /// Writes down that whoever takes the client's call has read the note.
    pub fn note_read(&mut self, client: ClientId, note: &str, by: &str) -> Result<()> {
        let id = RecordId::from_bytes(*client.as_bytes());
        self.write_change(client, "client", id, NOTE_READ, [note, by])
    }

    /// Writes down that `other` has become a part of the client, and what `other` said that the
    /// client does not.
    pub(super) fn write_merge(&mut self, client: &Client, other: &Client) -> Result<()> {
        let id = RecordId::from_bytes(*other.id.as_bytes());
        let kept = client.texts();
        for (field, text) in other.given_up_to(client) {
            let stays = kept.iter().find(|(known, _)| *known == field);
            let stays = stays.map(|(_, text)| text.as_str()).unwrap_or_default();
            self.write_change(client.id, "client", id, &field.to_string(), [&text, stays])?;
        }
        self.write_change(client.id, "client", id, "", [&other.name, ""])
    }

    /// Writes down what gave way when the client met its card on a server, once.
    pub(super) fn write_clash(&mut self, client: ClientId, clash: &Clash) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT 1 FROM changes
             WHERE client = ?1 AND kind = ?2 AND field = ?3 AND before = ?4 AND after = ?5",
        )?;
        let Clash { field, kept, lost } = clash;
        let values = params![client.as_bytes(), Change::CONFLICT, field, lost, kept];
        if statement.exists(values)? {
            return Ok(());
        }
        let id = RecordId::from_bytes(*client.as_bytes());
        self.write_change(client, Change::CONFLICT, id, field, [lost, kept])
    }

    /// Writes down what became of the values of a client's record.
    pub(super) fn write_record_changes(&mut self, before: &Record, after: &Record) -> Result<()> {
        let Some(client) = after.client else {
            return Ok(());
        };
        let values = before.values.iter().zip(&after.values);
        for (column, (old, new)) in after.kind.columns.iter().zip(values) {
            if old != new {
                let text =
                    |value: &Option<Value>| value.as_ref().map(Value::plain).unwrap_or_default();
                let texts = [&*text(old), &*text(new)];
                self.write_change(client, after.kind.name, after.id, column.name, texts)?;
            }
        }
        Ok(())
    }

    /// Writes down that a client's record is gone.
    pub(super) fn write_record_end(&mut self, record: &Record) -> Result<()> {
        let Some(client) = record.client else {
            return Ok(());
        };
        let key = record.values[0].as_ref().map(Value::plain);
        let texts = [key.as_deref().unwrap_or_default(), ""];
        self.write_change(client, record.kind.name, record.id, "", texts)
    }

    /// Writes down that the client has another picture, or none.
    pub(super) fn write_photo_change(
        &mut self,
        client: ClientId,
        before: Option<PhotoId>,
        after: Option<PhotoId>,
    ) -> Result<()> {
        let text = |photo: Option<PhotoId>| photo.map(|id| id.to_string()).unwrap_or_default();
        let id = RecordId::from_bytes(*client.as_bytes());
        self.write_change(client, "client", id, "photo", [&text(before), &text(after)])
    }

    fn write_change(
        &mut self,
        client: ClientId,
        kind: &str,
        record: RecordId,
        field: &str,
        [before, after]: [&str; 2],
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO changes (id, client, kind, record, field, before, after, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                RecordId::new().as_bytes(),
                client.as_bytes(),
                kind,
                record.as_bytes(),
                field,
                before,
                after,
                millis(self.now)
            ])?;
        Ok(())
    }
}
