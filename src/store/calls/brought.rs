//! Calls that come from logs of other systems.

use rusqlite::OptionalExtension;

use crate::model::{CallId, CallRecord};
use crate::store::{Result, Writer};

/// What became of a call that was brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BroughtCall {
    /// It has a row now.
    Added,
    /// Its row says now that it was answered.
    Answered,
    /// It has a row already.
    Known,
}

impl Writer<'_> {
    /// Brings a call that is over into the log. A row that is there stays, but for one: of several lines about
    /// one call, that which says that it was answered counts. Nobody is owed a call for it.
    pub fn bring_call(&mut self, call: &CallRecord) -> Result<BroughtCall> {
        let brought = match self.is_answered(call.call)? {
            None => BroughtCall::Added,
            Some(false) if call.call.is_of_hash() && call.answered_at.is_some() => {
                BroughtCall::Answered
            }
            Some(_) => return Ok(BroughtCall::Known),
        };
        self.save_call(call)?;
        Ok(brought)
    }

    /// Whether the call was answered; none where it has no row.
    fn is_answered(&self, call: CallId) -> Result<Option<bool>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT answered_at IS NOT NULL FROM calls WHERE id = ?1")?;
        let found = statement.query_row([call.as_bytes()], |row| row.get(0));
        Ok(found.optional()?)
    }
}
