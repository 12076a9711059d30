//! What a file is, by how it begins.

use std::io::Read;

use super::{ImportError, Text};

/// How the workbooks of spreadsheets begin: a ZIP archive, and what Excel wrote before 2007.
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];

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
    /// The format of a file, by how it begins.
    pub(super) fn of<R: Read>(file: &Text<R>) -> Result<Self, ImportError> {
        if WORKBOOKS
            .iter()
            .any(|start| file.start().starts_with(start))
        {
            return Err(ImportError::Workbook);
        }
        let text = file.beginning();
        let text = text.as_bytes().trim_ascii_start();
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
