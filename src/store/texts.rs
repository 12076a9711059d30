//! Table `client_texts`: what clients are found by. Its triggers keep the search index.

use std::collections::BTreeMap;

use rusqlite::params;

use super::{Result, Writer};
use crate::model::ClientId;

/// Texts that are still to be written, by the client's row: the search index takes them in that order.
pub(super) type Gathered = BTreeMap<i64, String>;

impl Writer<'_> {
    /// Leaves the texts that clients are found by to the end of the transaction, which writes them in
    /// one statement. SQLite turns the search index out of its memory before every other statement
    /// that could fail half-way, so that row by row each client has a piece of the index of its own
    /// to be merged. Until the end a search does not find what was written.
    pub fn gather_texts(&mut self) {
        self.texts.get_or_insert_default();
    }

    /// What the client in this row is found by; untouched where nothing of it changed.
    pub(super) fn write_text(&mut self, row: i64, text: &str) -> Result<()> {
        if let Some(gathered) = &mut self.texts {
            // In SQLite's JSON a text ends at such a character.
            if !text.contains('\0') {
                gathered.insert(row, text.to_owned());
                return Ok(());
            }
            gathered.remove(&row);
        }
        self.connection
            .prepare_cached(
                "INSERT INTO client_texts (row, text) VALUES (?1, ?2)
                 ON CONFLICT (row) DO UPDATE SET text = excluded.text WHERE text <> excluded.text",
            )?
            .execute(params![row, text])?;
        Ok(())
    }

    /// Takes away what the client was found by.
    pub(super) fn delete_text(&mut self, client: ClientId) -> Result<()> {
        self.write_gathered()?;
        self.connection
            .prepare_cached(
                "DELETE FROM client_texts WHERE row = (SELECT row FROM clients WHERE id = ?1)",
            )?
            .execute([client.as_bytes()])?;
        Ok(())
    }

    /// Writes the texts that were left to the end.
    pub(super) fn write_gathered(&mut self) -> Result<()> {
        let gathered = self.texts.as_mut().map(std::mem::take);
        let Some(gathered) = gathered.filter(|texts| !texts.is_empty()) else {
            return Ok(());
        };
        let text = serde_json::to_string(&gathered)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.connection
            .prepare_cached(
                "INSERT INTO client_texts (row, text)
                 SELECT CAST(key AS INTEGER), value FROM json_each(?1) WHERE true
                 ON CONFLICT (row) DO UPDATE SET text = excluded.text WHERE text <> excluded.text",
            )?
            .execute([text])?;
        Ok(())
    }
}
