//! Table `call_legs`: who rang for a call that followed a scenario.

use rusqlite::params;

use super::super::values::{millis, time, time_or_none, word};
use super::super::{Reader, Result, Writer};
use crate::model::{CallId, CallLeg, CallRecord, LegOutcome};

impl Reader<'_> {
    /// Who rang for the call, in their order.
    pub(super) fn call_legs(&self, call: CallId) -> Result<Vec<CallLeg>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT extension, employee, rang_at, ended_at, outcome FROM call_legs
             WHERE call = ?1 ORDER BY place",
        )?;
        let legs = statement.query_map([call.as_bytes()], |row| {
            Ok(CallLeg {
                extension: row.get(0)?,
                employee: row.get(1)?,
                rang_at: time(row, 2)?,
                ended_at: time_or_none(row, 3)?,
                outcome: word(row, 4, "call_legs.outcome", LegOutcome::from_word)?,
            })
        })?;
        Ok(legs.collect::<rusqlite::Result<_>>()?)
    }
}

impl Writer<'_> {
    /// Writes down who rang so far. What is over stays as it was.
    pub(super) fn save_legs(&mut self, record: &CallRecord) -> Result<()> {
        for (place, leg) in (0_i64..).zip(&record.legs) {
            let employee = self.name_behind(&leg.extension)?;
            self.connection
                .prepare_cached(
                    "INSERT INTO call_legs (call, place, extension, employee, rang_at, ended_at, outcome)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT (call, place) DO UPDATE
                     SET ended_at = excluded.ended_at, outcome = excluded.outcome
                     WHERE call_legs.ended_at IS NULL",
                )?
                .execute(params![
                    record.call.as_bytes(),
                    place,
                    leg.extension,
                    employee,
                    millis(leg.rang_at),
                    leg.ended_at.map(millis),
                    leg.outcome.as_str(),
                ])?;
        }
        Ok(())
    }

    /// Who has the call: of a colleague whom a scenario has led it to, the phone knows the number alone.
    pub(super) fn employee_of(&self, record: &CallRecord) -> Result<String> {
        match record.employee.is_empty() && !record.legs.is_empty() {
            true => self.name_behind(&record.extension),
            false => Ok(record.employee.clone()),
        }
    }

    fn name_behind(&self, extension: &str) -> Result<String> {
        let employee = self.find_employee(extension)?;
        Ok(employee.map(|employee| employee.name).unwrap_or_default())
    }

    /// Closes the legs that a crash left open, with the rows that it left in progress.
    pub(super) fn close_interrupted_legs(&mut self) -> Result<()> {
        self.connection.execute(
            "UPDATE call_legs SET
                 ended_at = max(rang_at, (SELECT c.last_seen_at FROM calls c WHERE c.id = call_legs.call)),
                 outcome = CASE outcome WHEN 'ringing' THEN 'interrupted' ELSE outcome END
             WHERE ended_at IS NULL AND call IN (SELECT id FROM calls WHERE status = 'in_progress')",
            [],
        )?;
        Ok(())
    }
}
