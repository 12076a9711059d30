//! A JSON array, written element after element, so that a long list needs no memory.

use std::io::Write;

use serde_json::Value;

use super::ExportError;

/// An array on its way to `output`; it is none before [`JsonArray::end`].
pub(super) struct JsonArray<W> {
    output: W,
    is_empty: bool,
}

impl<W: Write> JsonArray<W> {
    /// An array with nothing in it.
    pub(super) fn begin(output: W) -> Self {
        Self {
            output,
            is_empty: true,
        }
    }

    /// Adds an element.
    pub(super) fn push(&mut self, element: &Value) -> Result<(), ExportError> {
        let before: &[u8] = if self.is_empty { b"[\n" } else { b",\n" };
        self.is_empty = false;
        self.output.write_all(before)?;
        Ok(serde_json::to_writer(&mut self.output, element)?)
    }

    /// Closes it.
    pub(super) fn end(mut self) -> Result<(), ExportError> {
        let end: &[u8] = if self.is_empty { b"[]\n" } else { b"\n]\n" };
        self.output.write_all(end)?;
        Ok(self.output.flush()?)
    }
}
