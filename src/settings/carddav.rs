//! `[carddav]`: the server whose address book is the client book, too.

use super::section::Section;
use super::{Password, SettingsError};
use crate::http::is_address;

/// `[carddav]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardDav {
    /// The server, or the address book itself.
    pub url: String,
    /// Who we are there.
    pub username: Option<String>,
    /// The password, when it stands in the file.
    pub password: Option<Password>,
    /// A command whose first line of output is the password.
    pub password_command: Option<String>,
    /// A PEM file with the authorities believed for TLS; default: the system's.
    pub ca_file: Option<String>,
    /// Minutes between two meetings of a running phone; 0: only when it is asked for.
    pub interval_minutes: u32,
}

impl CardDav {
    /// What tells this book from others: one of another user is another.
    pub fn book(&self) -> String {
        let user = self.username.as_deref().unwrap_or_default();
        format!("{user} {}", self.url)
    }

    /// Under which name the keyring keeps the password.
    pub fn keyring_name(&self) -> String {
        format!("carddav {}", self.book())
    }
}

const URL: &str = "an address such as \"https://dav.office.example/\", without user and password";

pub(super) fn read(section: &mut Section<'_>) -> Result<Option<CardDav>, SettingsError> {
    let url = section.string("url")?;
    let url = url.ok_or_else(|| section.missing("url", URL))?;
    if let (false, Some(value)) = (is_address(&url), section.value("url")) {
        return Err(section.bad("url", value, URL));
    }
    let carddav = CardDav {
        url,
        username: section.string("username")?,
        password: section.string("password")?.map(Password::new),
        password_command: section.string("password_command")?,
        ca_file: section.string("ca_file")?,
        interval_minutes: section.integer("interval_minutes", 15, 0..=1440)?,
    };
    for key in ["password", "password_command"] {
        if let (None, Some(value)) = (&carddav.username, section.value(key)) {
            return Err(section.bad(key, value, "a username together with it"));
        }
    }
    let both = carddav.password.is_some() && carddav.password_command.is_some();
    match section.value("password_command") {
        Some(value) if both => Err(section.bad(
            "password_command",
            value,
            "either password or password_command",
        )),
        _ => Ok(Some(carddav)),
    }
}
