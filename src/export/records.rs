//! Orders, purchases, branches and every other kind of record as CSV, the same that the import reads.

use std::io::Write;

use super::ExportError;
use super::cell::neutralised;
use crate::model::{Client, Kind, Record, Value};
use crate::store::{Reader, StoreError};

/// Writes records as CSV. Whose a record is stands in `client` as the import finds it again: the
/// first number or, where there is none, the id; beside it the name, for people.
pub fn records_as_csv(
    store: &Reader<'_>,
    kind: &'static Kind,
    records: &[Record],
    output: impl Write,
) -> Result<(), ExportError> {
    let mut csv = csv::Writer::from_writer(output);
    let of_client: &[&str] = match kind.of_client {
        true => &["client", "client_name"],
        false => &[],
    };
    let own = kind.columns.iter().map(|column| column.name);
    csv.write_record(of_client.iter().copied().chain(own))?;
    for record in records {
        let owner = owner(store, record)?;
        let values = record.values.iter();
        let own = values.map(|value| value.as_ref().map(Value::plain).unwrap_or_default());
        let cells = owner.into_iter().flatten().chain(own);
        csv.write_record(cells.map(|cell| neutralised(&cell).into_owned()))?;
    }
    csv.flush()?;
    Ok(())
}

/// The two cells that say whose a record is; none where it is the office's.
fn owner(store: &Reader<'_>, record: &Record) -> Result<Option<[String; 2]>, StoreError> {
    let Some(id) = record.client else {
        return Ok(None);
    };
    let client = store.find_client(id)?;
    // A number that others have too would not lead back.
    let number = |client: &Client| -> Result<Option<String>, StoreError> {
        for phone in &client.phones {
            if store.clients_with_number(phone.number)? == [id] {
                return Ok(Some(phone.number.e164()));
            }
        }
        Ok(None)
    };
    let found = client.as_ref().map(number).transpose()?.flatten();
    let name = client.map(|client| client.name).unwrap_or_default();
    Ok(Some([found.unwrap_or_else(|| id.to_string()), name]))
}
