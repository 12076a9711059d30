//! Why a call log cannot be imported.

use super::columns::Field;
use crate::import::ImportError;
use crate::store::StoreError;
use crate::tr;

/// Why a call log cannot be imported at all.
#[derive(Debug, thiserror::Error)]
pub enum CallLogError {
    /// The file.
    #[error(transparent)]
    File(#[from] ImportError),
    /// The store. Lines before it are kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No column holds what is needed.
    #[error("{}", tr!("line 1: no column seems to hold {field} (found: {found}); name it with --map COLUMN={field}", field = .field, found = .found))]
    NoColumn {
        /// `date`, `caller` or `called`.
        field: &'static str,
        /// The columns' names as they stand there.
        found: String,
    },
    /// A column is said to hold what no call log has.
    #[error("{}", tr!("--map: {name} is nothing that a call log holds; allowed are {fields}", name = .name, fields = Field::names()))]
    UnknownField {
        /// What was given.
        name: String,
    },
}

impl CallLogError {
    pub(super) fn no_such_column(name: &str, found: String) -> Self {
        Self::File(ImportError::NoSuchColumn {
            name: name.to_owned(),
            found,
        })
    }
}
