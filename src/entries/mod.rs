//! The entries `[[…]]` of a file as a form has them: read, and one of them written back. Comments, order
//! and what the form does not know stay as they stand, and what the program would not read is not written.

mod forms;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use forms::{LIMITS, TARIFFS};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

use self::text::{set_field, shown, split_comments};
use crate::settings::{SettingsError, SettingsFault, file_text, write_whole};

/// What a form knows of the entries of one kind.
#[derive(Debug)]
pub struct Form {
    /// The name of their sections: `tariff` for `[[tariff]]`.
    pub section: &'static str,
    /// Their fields, in the order of the documentation.
    pub fields: &'static [Field],
    /// Reads the whole file as the program does, and says what is wrong with it.
    check: fn(&str, &Path) -> Result<(), SettingsError>,
}

/// A field of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its key in the file.
    pub key: &'static str,
    /// What is typed into it.
    pub kind: FieldKind,
}

/// What is typed into a field. What is something else is handed on to the reader, which says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A text.
    Text,
    /// Texts, parted by commas.
    Texts,
    /// A whole number.
    Number,
    /// A day such as 2026-11-22.
    Day,
    /// One of these words; the first is what holds where none is said.
    Choice(&'static [&'static str]),
}

/// What one entry says, field by field, as people type it. A field that says nothing is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry(BTreeMap<&'static str, String>);

impl Entry {
    /// What stands in the field.
    pub fn get(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// Types into the field; an empty text takes it out of the file.
    pub fn set(&mut self, key: &'static str, text: &str) {
        match text.trim() {
            "" => drop(self.0.remove(key)),
            text => drop(self.0.insert(key, text.to_owned())),
        }
    }
}

/// The entries of a file, as they were read. Each change is written at once; one that is refused leaves file and
/// entries as they were.
#[derive(Debug)]
pub struct Entries {
    form: &'static Form,
    file: PathBuf,
    /// The file as it was read: whoever else has changed it since is not overwritten.
    before: String,
    document: DocumentMut,
}

impl Entries {
    /// Reads the file; none where there is no file.
    ///
    /// # Errors
    /// What the program itself would say of the file.
    pub fn load(form: &'static Form, file: &Path) -> Result<Self, SettingsError> {
        let before = file_text(file)?;
        (form.check)(&before, file)?;
        Ok(Self {
            form,
            file: file.to_owned(),
            document: parsed(&before, file)?,
            before,
        })
    }

    /// The form.
    pub fn form(&self) -> &'static Form {
        self.form
    }

    /// Every entry, in the file's order.
    pub fn all(&self) -> Vec<Entry> {
        let Some(item) = self.document.get(self.form.section) else {
            return Vec::new();
        };
        let tables = item.clone().into_array_of_tables().unwrap_or_default();
        tables.iter().map(|table| self.entry(table)).collect()
    }

    fn entry(&self, table: &Table) -> Entry {
        let mut entry = Entry::default();
        for field in self.form.fields {
            if let Some(item) = table.get(field.key) {
                entry.set(field.key, &shown(item));
            }
        }
        entry
    }

    /// Adds an entry at this place of the order, or behind the last one.
    ///
    /// # Errors
    /// What the reader has against it; that somebody else has changed the file; that it cannot be written.
    pub fn add(&mut self, at: usize, entry: &Entry) -> Result<(), SettingsError> {
        let form = self.form;
        self.change(|tables| {
            let at = at.min(tables.len());
            let mut table = Table::new();
            set_fields(&mut table, form, &Entry::default(), entry);
            // It is written where its neighbour stands, of two with one place the first first.
            let neighbour = tables.get(at).or_else(|| tables.get(at.checked_sub(1)?));
            table.set_position(neighbour.and_then(Table::position));
            if at == 0
                && let Some(first) = tables.get_mut(0)
            {
                // What is said of the whole file, above its first entry, stays above the first one.
                let (of_the_file, of_the_entry) = split_comments(first);
                first.decor_mut().set_prefix(format!("\n{of_the_entry}"));
                table.decor_mut().set_prefix(of_the_file);
            }
            tables.insert(at, table);
            None
        })
    }

    /// Makes an entry say this. Of a field that is as it was nothing is touched.
    ///
    /// # Errors
    /// Those of [`Self::add`].
    pub fn set(&mut self, at: usize, entry: &Entry) -> Result<(), SettingsError> {
        let before = self.all().get(at).cloned().unwrap_or_default();
        let form = self.form;
        self.change(|tables| {
            if let Some(table) = tables.get_mut(at) {
                set_fields(table, form, &before, entry);
            }
            None
        })
    }

    /// Takes an entry out, with the comment right above it.
    ///
    /// # Errors
    /// Those of [`Self::add`].
    pub fn remove(&mut self, at: usize) -> Result<(), SettingsError> {
        self.change(|tables| {
            if at >= tables.len() {
                return None;
            }
            let (kept, _) = split_comments(&tables.remove(at));
            match tables.get_mut(at) {
                None => Some(kept),
                Some(next) => {
                    let own = next.decor().prefix().and_then(|prefix| prefix.as_str());
                    let own = own.unwrap_or_default().to_owned();
                    next.decor_mut().set_prefix(match kept.is_empty() {
                        true => own,
                        false => format!("{kept}{}", own.trim_start_matches('\n')),
                    });
                    None
                }
            }
        })
    }

    /// Puts an entry in another place of the order: the first that is for a call holds.
    ///
    /// # Errors
    /// Those of [`Self::add`].
    pub fn move_to(&mut self, at: usize, to: usize) -> Result<(), SettingsError> {
        self.change(|tables| {
            if at >= tables.len() || to >= tables.len() {
                return None;
            }
            let positions: Vec<_> = tables.iter().map(Table::position).collect();
            let moved = tables.remove(at);
            tables.insert(to, moved);
            for (table, position) in tables.iter_mut().zip(positions) {
                table.set_position(position);
            }
            None
        })
    }

    /// Changes the tables, has the reader read the file as it would be, and writes it. `change` may leave
    /// comments that go to the end of the file.
    fn change(
        &mut self,
        change: impl FnOnce(&mut ArrayOfTables) -> Option<String>,
    ) -> Result<(), SettingsError> {
        let mut document = self.document.clone();
        let section = document
            .entry(self.form.section)
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        // Entries that stand in a list of inline tables become sections.
        let tables = std::mem::take(section).into_array_of_tables();
        let mut tables = tables.unwrap_or_default();
        let left = change(&mut tables);
        let is_empty = tables.is_empty();
        *section = Item::ArrayOfTables(tables);
        if is_empty {
            document.remove(self.form.section);
        }
        if let Some(left) = left.filter(|left| !left.is_empty()) {
            let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
            document.set_trailing(format!("{left}{trailing}"));
        }
        let text = document.to_string();
        (self.form.check)(&text, &self.file)?;
        if file_text(&self.file)? != self.before {
            let file = self.file.clone();
            return Err(SettingsFault::Changed { file }.into());
        }
        write_whole(&self.file, &text).map_err(|source| {
            let file = self.file.clone();
            SettingsFault::Unwritable { file, source }
        })?;
        self.document = parsed(&text, &self.file)?;
        self.before = text;
        Ok(())
    }
}

fn parsed(text: &str, file: &Path) -> Result<DocumentMut, SettingsError> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let (file, message) = (file.to_owned(), error.message().to_owned());
        let line = 1;
        SettingsFault::Syntax {
            file,
            line,
            message,
        }
        .into()
    })
}

fn set_fields(table: &mut Table, form: &Form, before: &Entry, after: &Entry) {
    for field in form.fields {
        let text = after.get(field.key);
        if before.get(field.key) != text {
            set_field(table, *field, text);
        }
    }
}
