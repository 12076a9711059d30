//! The first line: what each column holds.

use csv::StringRecord;

use super::{ImportError, MAX_COLUMNS};
use crate::export::cell;
use crate::model::ClientField;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    /// A field of a client.
    Field(ClientField),
    /// Nothing: the column has no name.
    Nameless,
}

/// The columns in the file's order.
#[derive(Debug)]
pub(super) struct Columns(pub(super) Vec<(Column, String)>);

impl Columns {
    /// Reads the first line.
    pub(super) fn read(header: &StringRecord) -> Result<Self, ImportError> {
        if header.len() > MAX_COLUMNS {
            return Err(ImportError::TooManyColumns {
                count: header.len(),
            });
        }
        let mut columns: Vec<(Column, String)> = Vec::new();
        for name in header {
            let name = cell::restored(name).trim().to_owned();
            let same = |known: &String| known.eq_ignore_ascii_case(&name) && !name.is_empty();
            if columns.iter().any(|(_, known)| same(known)) {
                return Err(ImportError::ColumnTwice { name });
            }
            columns.push((column(&name), name));
        }
        let of_use = |(column, _): &(Column, String)| {
            matches!(
                column,
                Column::Field(ClientField::Once("name" | "company") | ClientField::At("phone", _))
            )
        };
        if !columns.iter().any(of_use) {
            let found: Vec<String> = columns.into_iter().map(|(_, name)| name).collect();
            let found: String = found.join(", ").chars().take(200).collect();
            return Err(ImportError::NoColumns { found });
        }
        Ok(Self(columns))
    }
}

fn column(name: &str) -> Column {
    match name {
        "" => Column::Nameless,
        name => Column::Field(ClientField::named(name)),
    }
}
