//! Lines of a report's CSV, filled by the names of their columns.

use std::io::Write;

use super::ExportError;
use super::calls::utc;
use super::cell::neutralised;
use crate::reports::Period;

/// A line: a cell that does not belong to it is empty.
pub(super) struct Line {
    columns: &'static [&'static str],
    cells: Vec<String>,
}

impl Line {
    /// A line of a period. What it is about stands in column `group`.
    pub(super) fn of(columns: &'static [&'static str], period: Period, group: &str) -> Self {
        let cells = vec![String::new(); columns.len()];
        Self { columns, cells }
            .with("from", utc(period.from))
            .with("to", utc(period.to))
            .with("group", group)
    }

    pub(super) fn with(mut self, column: &str, value: impl ToString) -> Self {
        if let Some(at) = self.columns.iter().position(|name| *name == column) {
            self.cells[at] = value.to_string();
        }
        self
    }

    /// A cell that stays empty where there is no value.
    pub(super) fn with_some(self, column: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(column, value),
            None => self,
        }
    }
}

/// Writes the lines below their columns.
pub(super) fn write_lines(
    columns: &[&str],
    lines: impl Iterator<Item = Line>,
    output: impl Write,
) -> Result<(), ExportError> {
    let mut csv = csv::Writer::from_writer(output);
    csv.write_record(columns)?;
    for line in lines {
        csv.write_record(line.cells.iter().map(|cell| neutralised(cell).into_owned()))?;
    }
    Ok(csv.flush()?)
}
