//! What a file is, by how it begins.

use super::ImportError;

/// A format of files of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// CSV, whose first line names the columns.
    Table,
    /// Business cards.
    Cards,
    /// `Contacts.xml` of MicroSIP.
    MicroSip,
    /// `linphonerc`.
    Linphone,
}

impl Format {
    /// The format of a file that begins so.
    pub(super) fn of(start: &[u8]) -> Result<Self, ImportError> {
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        let text = text.trim_ascii_start();
        let begins = |word: &[u8]| {
            let start = text.get(..word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        if begins(b"SQLite format 3\0") {
            return Err(ImportError::Database);
        }
        Ok(if begins(b"BEGIN:VCARD") {
            Self::Cards
        } else if begins(b"<?xml") || begins(b"<contact") {
            Self::MicroSip
        } else if begins(b"[") {
            Self::Linphone
        } else {
            Self::Table
        })
    }
}
