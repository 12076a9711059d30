//! What the seat that works with the store may do, and which calls it sees.

use super::{Reader, Result, StoreError};
use crate::model::{CallId, Right};

impl Reader<'_> {
    /// Nothing where the seat may do this; else an error that says whose role may.
    pub fn allow(&self, right: Right) -> Result<()> {
        let role = self.seat.role;
        match role.may(right) {
            true => Ok(()),
            false => Err(StoreError::Refused { role, right }),
        }
    }

    /// The condition on `calls c` that the seat sees the call; none where it sees all.
    pub(super) fn sight(&self) -> Option<String> {
        let own = self.seat.sees.as_ref()?;
        let (lines, extensions) = (texts(&own.lines), texts(&own.extensions));
        Some(format!(
            "(c.account IN ({lines}) OR c.extension IN ({extensions}))"
        ))
    }

    /// As [`Self::sight`], behind another condition.
    pub(super) fn and_sight(&self) -> String {
        let sight = self.sight().map(|sight| format!(" AND {sight}"));
        sight.unwrap_or_default()
    }

    /// Whether the seat sees the call, be it there or not.
    pub(super) fn sees(&self, call: CallId) -> Result<bool> {
        let Some(sight) = self.sight() else {
            return Ok(true);
        };
        let select = format!("SELECT 1 FROM calls c WHERE c.id = ?1 AND {sight}");
        let mut statement = self.connection.prepare_cached(&select)?;
        Ok(statement.exists([call.as_bytes()])?)
    }

    /// An error where the seat does not see the call: as if it were not there.
    pub(super) fn must_see(&self, call: CallId) -> Result<()> {
        super::values::one(usize::from(self.sees(call)?), "call", call)
    }
}

/// Texts as SQL writes them, with commas between them.
fn texts(texts: &[String]) -> String {
    let quoted = texts.iter().filter(|text| !text.is_empty());
    let quoted = quoted.map(|text| format!("'{}'", text.replace('\'', "''")));
    quoted.collect::<Vec<_>>().join(", ")
}
