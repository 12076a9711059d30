//! Table `flights`: what the flight recorder kept of the latest calls.

use std::io::Read;

use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, params};

use super::values::millis;
use super::{Reader, Result, StoreError, Writer};
use crate::flight::{Flight, Landed, Retention};
use crate::model::CallId;

/// The longest flight that is read: many times what the recorder keeps of one call.
const LONGEST: u64 = 16 * 1024 * 1024;

impl Reader<'_> {
    /// What was recorded of the call; none where nothing was, or where it is no longer kept.
    pub fn find_flight(&self, call: CallId) -> Result<Option<Flight>> {
        if !self.sees(call)? {
            return Ok(None);
        }
        let record: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT record FROM flights WHERE call = ?1")?
            .query_row([call.as_bytes()], |row| row.get(0))
            .optional()?;
        record.map(|record| unpacked(&record)).transpose()
    }
}

impl Writer<'_> {
    /// Keeps what was recorded of a call that has a row, and lets go of what is kept no longer.
    pub fn save_flight(
        &mut self,
        call: CallId,
        ended_at: Timestamp,
        landed: &Landed,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO flights (call, ended_at, record) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![
                call.as_bytes(),
                millis(ended_at),
                packed(&landed.flight)?
            ])?;
        self.prune_flights(ended_at, landed.retention)
    }

    fn prune_flights(&mut self, now: Timestamp, retention: Retention) -> Result<()> {
        let days = SignedDuration::from_hours(24 * i64::from(retention.days));
        let oldest = now.checked_sub(days).unwrap_or(Timestamp::MIN);
        self.connection
            .prepare_cached("DELETE FROM flights WHERE ended_at < ?1")?
            .execute([millis(oldest)])?;
        // The oldest of those that are too many, found by walking the index.
        self.connection
            .prepare_cached(
                "DELETE FROM flights WHERE rowid IN
                     (SELECT rowid FROM flights ORDER BY ended_at DESC LIMIT -1 OFFSET ?1)",
            )?
            .execute([retention.ladders])?;
        Ok(())
    }
}

fn packed(flight: &Flight) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(flight).map_err(unreadable)?;
    let mut packed = Vec::with_capacity(json.len() / 3);
    DeflateEncoder::new(json.as_slice(), Compression::fast())
        .read_to_end(&mut packed)
        .map_err(unreadable)?;
    Ok(packed)
}

fn unpacked(record: &[u8]) -> Result<Flight> {
    let bounded = DeflateDecoder::new(record).take(LONGEST);
    serde_json::from_reader(std::io::BufReader::new(bounded)).map_err(unreadable)
}

fn unreadable(error: impl ToString) -> StoreError {
    StoreError::Unreadable {
        what: "flights.record",
        value: error.to_string(),
    }
}
