//! Table `employees`.

use rusqlite::{OptionalExtension, Row, params};

use super::values::{id, id_or_none, millis, one};
use super::{Reader, Result, Writer};
use crate::model::{Employee, EmployeeId};

impl Reader<'_> {
    /// Everybody, by extension.
    pub fn employees(&self) -> Result<Vec<Employee>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, name, extension FROM employees
             WHERE deleted_at IS NULL ORDER BY extension, name",
        )?;
        let rows = statement.query_map([], |row| employee(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whose internal number this is.
    pub fn find_employee(&self, extension: &str) -> Result<Option<Employee>> {
        if extension.is_empty() {
            return Ok(None);
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT id, name, extension FROM employees
             WHERE extension = ?1 AND deleted_at IS NULL ORDER BY updated_at DESC LIMIT 1",
        )?;
        Ok(statement
            .query_row([extension], |row| employee(row, 0))
            .optional()?)
    }
}

impl Writer<'_> {
    /// Adds the employee or changes name and extension.
    pub fn save_employee(&mut self, employee: &Employee) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO employees (id, name, extension, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?4)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, extension = excluded.extension,
                 updated_at = excluded.updated_at, deleted_at = NULL",
            )?
            .execute(params![
                employee.id.as_bytes(),
                employee.name,
                employee.extension,
                millis(self.now)
            ])?;
        Ok(())
    }

    /// Marks the employee deleted; calls and orders keep the name.
    pub fn delete_employee(&mut self, id: EmployeeId) -> Result<()> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE employees SET deleted_at = ?2, updated_at = ?2
                 WHERE id = ?1 AND deleted_at IS NULL",
            )?
            .execute(params![id.as_bytes(), millis(self.now)])?;
        one(changed, "employee", id)
    }
}

/// An employee from three columns that begin at `first`.
pub(super) fn employee(row: &Row<'_>, first: usize) -> rusqlite::Result<Employee> {
    Ok(Employee {
        id: id(row, first)?,
        name: row.get(first + 1)?,
        extension: row.get(first + 2)?,
    })
}

/// The employee in three columns that may hold none.
pub(super) fn employee_or_none(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Employee>> {
    match id_or_none::<EmployeeId>(row, first)? {
        Some(_) => Ok(Some(employee(row, first)?)),
        None => Ok(None),
    }
}
