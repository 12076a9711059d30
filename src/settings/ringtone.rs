//! `[[ringtone]]`: how the phone rings for clients of some categories.

use std::path::Path;

use super::edit::{Entry, List, word};
use super::read::RINGTONES;
use super::section::Section;
use super::{CategoryRingtone, Ringtone, Settings, SettingsError};
use crate::model::CategoryId;

/// More than there are categories anywhere.
const MAX_RINGTONES: usize = 100;

pub(super) fn ringtones(top: &mut Section<'_>) -> Result<Vec<CategoryRingtone>, SettingsError> {
    let mut ringtones: Vec<CategoryRingtone> = Vec::new();
    for mut section in top.tables("ringtone", "in [[ringtone]]", MAX_RINGTONES)? {
        const CATEGORY: &str = "a category of clients, such as \"vip\"";
        let category = section.string("category")?;
        let category = category.ok_or_else(|| section.missing("category", CATEGORY))?;
        let read = CategoryRingtone {
            category: CategoryId::new(category),
            ringtone: section.choice("ringtone", Ringtone::Marimba, &RINGTONES)?,
            file: section.string("file")?,
        };
        if ringtones
            .iter()
            .any(|other| other.category == read.category)
            && let Some(value) = section.value("category")
        {
            return Err(section.bad("category", value, "each category once"));
        }
        section.finish()?;
        ringtones.push(read);
    }
    Ok(ringtones)
}

/// How the list is written.
pub(super) fn list() -> List<CategoryRingtone> {
    List {
        name: "ringtone",
        key: |ringtone| ringtone.category.as_str(),
        entries,
        empty: CategoryRingtone {
            category: CategoryId::new(""),
            ringtone: Ringtone::Marimba,
            file: None,
        },
    }
}

fn entries(ringtone: &CategoryRingtone) -> Vec<Entry> {
    let bell = word(&RINGTONES, &ringtone.ringtone);
    vec![
        ("category", Some(ringtone.category.as_str().into())),
        ("ringtone", Some(bell.into())),
        ("file", ringtone.file.as_ref().map(Into::into)),
    ]
}

impl Settings {
    /// The sound files that ring, each once.
    pub fn ringtone_files(&self) -> Vec<&Path> {
        let of_lines = self
            .accounts
            .iter()
            .filter_map(|account| account.ringtone_file.as_deref());
        let of_categories = self
            .ringtones
            .iter()
            .filter_map(|ringtone| ringtone.file.as_deref());
        let mut files: Vec<_> = of_lines.chain(of_categories).map(Path::new).collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}
