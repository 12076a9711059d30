//! Where in the list of all clients its places are. SQLite finds a key at once, but counts its way to
//! a place; so a connection that lives long remembers the key of every thousandth client.

use std::cell::RefCell;

use rusqlite::{OptionalExtension, Row};

use super::search::{SUMMARY, summary};
use super::values::count;
use super::{Reader, Result};
use crate::model::ClientSummary;

/// Clients between two rungs.
const STEP: usize = 1000;

/// A client's place in the order of the list.
type Key = (String, i64);

/// What a connection remembers of the list, as long as nobody has written.
#[derive(Default)]
pub(super) struct Ladder {
    /// What SQLite calls the state of the file that it was read from.
    version: i64,
    /// The clients at the places 0, 1000 and so on, to the last.
    rungs: Option<Vec<Key>>,
    /// How many clients there are.
    total: Option<u64>,
}

impl Reader<'_> {
    /// How many clients there are.
    pub fn count_clients(&self) -> Result<u64> {
        let Some(ladder) = self.ladder else {
            return self.counted_clients();
        };
        self.renew(ladder)?;
        if let Some(total) = ladder.borrow().total {
            return Ok(total);
        }
        let total = self.counted_clients()?;
        ladder.borrow_mut().total = Some(total);
        Ok(total)
    }

    /// A page of the list of all clients by name.
    pub fn clients(&self, offset: usize, limit: usize) -> Result<Vec<ClientSummary>> {
        let (from, offset) = match self.ladder {
            Some(ladder) if offset >= STEP => match self.rung(ladder, offset / STEP)? {
                Some(rung) => (rung, offset % STEP),
                None => return Ok(Vec::new()),
            },
            _ => (Key::default(), offset),
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {SUMMARY} FROM clients c
             WHERE c.row IN (SELECT row FROM clients
                             WHERE deleted_at IS NULL AND (name_key, row) >= (?1, ?2)
                             ORDER BY name_key, row LIMIT ?3 OFFSET ?4)
             ORDER BY c.name_key, c.row"
        ))?;
        let (name, row) = from;
        let rows = statement.query_map((name, row, count(limit), count(offset)), summary)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn counted_clients(&self) -> Result<u64> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM clients WHERE deleted_at IS NULL")?;
        Ok(statement
            .query_row([], |row| row.get::<_, i64>(0))
            .map(i64::unsigned_abs)?)
    }

    /// Forgets what somebody may have changed.
    fn renew(&self, ladder: &RefCell<Ladder>) -> Result<()> {
        let version = self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0))?;
        if ladder.borrow().version != version {
            *ladder.borrow_mut() = Ladder {
                version,
                ..Ladder::default()
            };
        }
        Ok(())
    }

    /// The key of the client at so many thousands; none behind the last.
    fn rung(&self, ladder: &RefCell<Ladder>, thousands: usize) -> Result<Option<Key>> {
        self.renew(ladder)?;
        let mut ladder = ladder.borrow_mut();
        let rungs = match &mut ladder.rungs {
            Some(rungs) => rungs,
            empty => empty.insert(self.climb()?),
        };
        Ok(rungs.get(thousands).cloned())
    }

    /// Counts through the whole list.
    fn climb(&self) -> Result<Vec<Key>> {
        let key = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let mut statement = self.connection.prepare_cached(
            "SELECT name_key, row FROM clients
             WHERE deleted_at IS NULL AND (name_key, row) >= (?1, ?2)
             ORDER BY name_key, row LIMIT 1 OFFSET ?3",
        )?;
        let mut rungs = Vec::new();
        let mut next = Some(Key::default());
        let mut step = 0;
        while let Some((name, row)) = next {
            next = statement
                .query_row((&name, row, count(step)), key)
                .optional()?;
            rungs.extend(next.clone());
            step = STEP;
        }
        Ok(rungs)
    }
}
