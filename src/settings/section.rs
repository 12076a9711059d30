//! One table of the file while it is read: typed values out, errors with their line.

use std::ops::{Range, RangeInclusive};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{SettingsError, SettingsFault};

/// The file's text, for lines in errors.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub file: &'a Path,
    pub text: &'a str,
}

impl<'a> Source<'a> {
    /// The whole of the text, where it is TOML.
    pub fn document(&self) -> Result<Spanned<DeTable<'a>>, SettingsError> {
        DeTable::parse(self.text).map_err(|error| {
            let fault = SettingsFault::Syntax {
                file: self.file.to_owned(),
                line: self.line(&error.span().unwrap_or_default()),
                message: error.message().to_owned(),
            };
            fault.into()
        })
    }

    pub fn line(&self, span: &Range<usize>) -> usize {
        let end = span.start.min(self.text.len());
        self.text.as_bytes()[..end]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1
    }
}

/// A table and the keys that were asked of it: what was never asked for is unknown.
pub(crate) struct Section<'a> {
    source: Source<'a>,
    place: String,
    span: Range<usize>,
    table: &'a DeTable<'a>,
    asked: Vec<&'static str>,
}

type Value<'a> = &'a Spanned<DeValue<'a>>;

impl<'a> Section<'a> {
    pub fn new(
        source: Source<'a>,
        place: impl Into<String>,
        span: Range<usize>,
        table: &'a DeTable<'a>,
    ) -> Self {
        Self {
            source,
            place: place.into(),
            span,
            table,
            asked: Vec::new(),
        }
    }

    /// The value under `key`, which thereby is a known key.
    pub fn value(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.asked.push(key);
        self.table.get(key)
    }

    /// The sections `[[key]]`, at most so many; none where the key is absent.
    pub fn tables(
        &mut self,
        key: &'static str,
        place: &str,
        most: usize,
    ) -> Result<Vec<Section<'a>>, SettingsError> {
        let Some(value) = self.value(key) else {
            return Ok(Vec::new());
        };
        let array = value.get_ref().as_array();
        let array = array.filter(|array| array.len() <= most);
        let array = array.ok_or_else(|| {
            let allowed = format!("at most {most} sections [[{key}]]");
            self.bad(key, value, &allowed)
        })?;
        let section = |item: Value<'a>| {
            let table = item.get_ref().as_table();
            let table =
                table.ok_or_else(|| self.bad(key, item, &format!("a section [[{key}]]")))?;
            Ok(Section::new(self.source, place, item.span(), table))
        };
        array.iter().map(section).collect()
    }

    pub fn string(&mut self, key: &'static str) -> Result<Option<String>, SettingsError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match value.get_ref().as_str() {
            Some(text) if text.trim().is_empty() => {
                Err(self.bad(key, value, "a text that is not empty, or leave the key out"))
            }
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(self.bad(key, value, "a text in quotes")),
        }
    }

    pub fn bool(&mut self, key: &'static str, default: bool) -> Result<bool, SettingsError> {
        let Some(value) = self.value(key) else {
            return Ok(default);
        };
        value
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.bad(key, value, "true, false"))
    }

    pub fn integer(
        &mut self,
        key: &'static str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> Result<u32, SettingsError> {
        let Some(value) = self.value(key) else {
            return Ok(default);
        };
        value
            .get_ref()
            .as_integer()
            .and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let allowed = format!("a whole number from {} to {}", range.start(), range.end());
                self.bad(key, value, &allowed)
            })
    }

    pub fn port(&mut self, key: &'static str, default: u16) -> Result<u16, SettingsError> {
        let port = self.integer(key, u32::from(default), 0..=65535)?;
        Ok(u16::try_from(port).unwrap_or(default))
    }

    /// One of a few words.
    pub fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        default: T,
        words: &[(&str, T)],
    ) -> Result<T, SettingsError> {
        let Some(value) = self.value(key) else {
            return Ok(default);
        };
        self.word(key, value, words)
    }

    /// One of a few words, or none where the key is absent.
    pub fn optional_choice<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, SettingsError> {
        let value = self.value(key);
        value.map(|value| self.word(key, value, words)).transpose()
    }

    /// `value` as one of a few words.
    pub fn word<T: Copy>(
        &self,
        key: &str,
        value: Value<'a>,
        words: &[(&str, T)],
    ) -> Result<T, SettingsError> {
        value
            .get_ref()
            .as_str()
            .and_then(|text| words.iter().find(|(word, _)| *word == text))
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| {
                let allowed: Vec<_> = words
                    .iter()
                    .map(|(word, _)| format!("\"{word}\""))
                    .collect();
                self.bad(key, value, &allowed.join(", "))
            })
    }

    /// The error for a value that may not stand there.
    pub fn bad(&self, key: &str, value: Value<'a>, allowed: &str) -> SettingsError {
        // An address of a web server may have a password in it.
        let found = if ["password", "turn_password", "secret", "url"].contains(&key) {
            "…".to_owned()
        } else {
            let written = self.source.text.get(value.span()).unwrap_or_default();
            let first = written.lines().next().unwrap_or_default();
            first.chars().take(60).collect()
        };
        SettingsFault::BadValue {
            file: self.source.file.to_owned(),
            line: self.source.line(&value.span()),
            key: key.to_owned(),
            place: self.place.clone(),
            found,
            allowed: allowed.to_owned(),
        }
        .into()
    }

    /// The error for a key that must be there.
    pub fn missing(&self, key: &'static str, allowed: &'static str) -> SettingsError {
        SettingsFault::Missing {
            file: self.source.file.to_owned(),
            line: self.source.line(&self.span),
            key,
            place: self.place.clone(),
            allowed,
        }
        .into()
    }

    /// Refuses the first key nobody asked for.
    pub fn finish(self) -> Result<(), SettingsError> {
        let unknown = self
            .table
            .iter()
            .filter(|(key, _)| !self.asked.contains(&key.get_ref().as_ref()))
            .min_by_key(|(key, _)| key.span().start);
        match unknown {
            None => Ok(()),
            Some((key, _)) => Err(SettingsFault::UnknownKey {
                file: self.source.file.to_owned(),
                line: self.source.line(&key.span()),
                key: key.get_ref().to_string(),
                place: self.place,
                allowed: self.asked,
            }
            .into()),
        }
    }
}
