//! What can be wrong with `settings.toml`.

use std::path::PathBuf;

/// Why the settings were refused or could not be kept. Every message names the file, the line
/// where there is one, and what is allowed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SettingsError(Box<SettingsFault>);

impl SettingsError {
    /// What is wrong.
    pub fn fault(&self) -> &SettingsFault {
        &self.0
    }
}

impl From<SettingsFault> for SettingsError {
    fn from(fault: SettingsFault) -> Self {
        Self(Box::new(fault))
    }
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsFault {
    /// The file exists but cannot be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}:{line}: not valid TOML: {message}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// 1-based.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// A key or section nobody knows.
    #[error("{}:{line}: unknown key \"{key}\" {place}; allowed: {}", file.display(), allowed.join(", "))]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// 1-based.
        line: usize,
        /// As written.
        key: String,
        /// `in [sip]`, or `at the top level`.
        place: String,
        /// The keys that exist there.
        allowed: Vec<&'static str>,
    },
    /// A value that is not allowed.
    #[error("{}:{line}: {key} = {found} {place}: allowed: {allowed}", file.display())]
    BadValue {
        /// The file.
        file: PathBuf,
        /// 1-based.
        line: usize,
        /// The key.
        key: String,
        /// `in [sip]`, or `at the top level`.
        place: String,
        /// The value as written; never a password.
        found: String,
        /// What may stand there.
        allowed: String,
    },
    /// A key that must be there.
    #[error("{}:{line}: {key} is missing {place}: {allowed}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// 1-based.
        line: usize,
        /// The key.
        key: &'static str,
        /// `in [[account]]`.
        place: String,
        /// What may stand there.
        allowed: &'static str,
    },
    /// Somebody else has changed the file since it was read.
    #[error("{}: was changed meanwhile; read it anew", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// The file could not be written.
    #[error("{}: cannot be written: {source}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
