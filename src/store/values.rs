//! How the model's values stand in columns.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Row;
use rusqlite::types::Type;

use super::{Result, StoreError};
use crate::model::{ClientId, PhoneNumber};

/// Milliseconds since 1970.
pub(super) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// The time that these milliseconds are; the last one there is where they are too many.
pub(super) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// A length of time in milliseconds.
pub(super) fn length(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The length of time that these milliseconds are; none is negative.
pub(super) fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// A count as SQLite keeps it.
pub(super) fn count(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

/// The number in a column that only this program writes.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<PhoneNumber> {
    let text = row.get_ref(column)?.as_str()?;
    PhoneNumber::from_e164(text).ok_or_else(|| unknown(column, "E.164 number", text))
}

/// The number in a column that may hold none.
pub(super) fn number_or_none(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<PhoneNumber>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    Ok(text.and_then(PhoneNumber::from_e164))
}

/// Ids for a statement that takes any number of them: a JSON array of their octets in hexadecimal.
pub(super) fn hex_ids(ids: &[ClientId]) -> String {
    let hex = |id: &ClientId| id.to_string().replace('-', "");
    serde_json::Value::from(ids.iter().map(hex).collect::<Vec<_>>()).to_string()
}

/// The id in a column.
pub(super) fn id<T: From<uuid::Uuid>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let bytes: [u8; 16] = row.get(column)?;
    Ok(uuid::Uuid::from_bytes(bytes).into())
}

/// The id in a column that may hold none.
pub(super) fn id_or_none<T: From<uuid::Uuid>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<T>> {
    let bytes: Option<[u8; 16]> = row.get(column)?;
    Ok(bytes.map(|bytes| uuid::Uuid::from_bytes(bytes).into()))
}

/// The time in a column.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(timestamp)
}

/// The time in a column that may hold none.
pub(super) fn time_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let millis: Option<i64> = row.get(column)?;
    Ok(millis.map(timestamp))
}

/// The day in a column that may hold none.
pub(super) fn date(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Date>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|_| unknown(column, "day", &text)))
        .transpose()
}

/// The value whose word stands in a column.
pub(super) fn word<T>(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    read(text).ok_or_else(|| unknown(column, what, text))
}

/// The value whose word stands in a column that may hold none.
pub(super) fn word_or_none<T>(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<Option<T>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(|text| read(text).ok_or_else(|| unknown(column, what, text)))
        .transpose()
}

/// The error for a word that this program does not know.
pub(super) fn unknown(column: usize, what: &'static str, value: &str) -> rusqlite::Error {
    let error = StoreError::Unreadable {
        what,
        value: value.to_owned(),
    };
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

/// `Missing` where `changed` counts no row.
pub(super) fn one(changed: usize, what: &'static str, id: impl ToString) -> Result<()> {
    if changed == 0 {
        return Err(StoreError::Missing {
            what,
            id: id.to_string(),
        });
    }
    Ok(())
}
