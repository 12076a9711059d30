//! Tables `contact_books` and `contact_cards`: what is the same here and on a CardDAV server.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::values::{id, millis, time, unknown};
use super::{Reader, Result, StoreError, Writer};
use crate::dav::{Clash, Fetched, Here, Href, Kept, Meeting, Pair};
use crate::model::ClientId;

/// Who deletes a client here that was deleted on the server.
const BOOK: &str = "CardDAV";

/// An address book on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactBook {
    /// Where it lies.
    pub href: String,
    /// What the server told at the end of the last meeting.
    pub token: Option<String>,
}

impl Reader<'_> {
    /// The address book that was found at `url`.
    pub fn contact_book(&self, url: &str) -> Result<Option<ContactBook>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT href, token FROM contact_books WHERE url = ?1")?;
        let book = statement.query_row([url], |row| {
            Ok(ContactBook {
                href: row.get(0)?,
                token: row.get(1)?,
            })
        });
        Ok(book.optional()?)
    }

    /// Clients and cards that are one contact.
    pub fn contact_pairs(&self, url: &str) -> Result<Vec<Pair>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT client, href, etag, stamp FROM contact_cards WHERE book = ?1",
        )?;
        let rows = statement.query_map([url], |row| {
            let href: String = row.get(1)?;
            Ok(Pair {
                client: id(row, 0)?,
                href: Href::new(&href).ok_or_else(|| unknown(1, "path", &href))?,
                etag: row.get(2)?,
                stamp: time(row, 3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Every client, and when it was last changed.
    pub fn client_stamps(&self) -> Result<Here> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, updated_at FROM clients WHERE deleted_at IS NULL")?;
        let rows = statement.query_map([], |row| Ok((id(row, 0)?, time(row, 1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The card that the client had at the last meeting.
    pub fn contact_card(&self, url: &str, client: ClientId) -> Result<Option<String>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT card FROM contact_cards WHERE client = ?1 AND book = ?2")?;
        let card = statement.query_row(params![client.as_bytes(), url], |row| row.get(0));
        Ok(card.optional()?)
    }

    /// When the client was last changed; none where there is none.
    fn client_stamp(&self, client: ClientId) -> Result<Option<Timestamp>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT updated_at FROM clients WHERE id = ?1 AND deleted_at IS NULL",
        )?;
        let stamp = statement.query_row([client.as_bytes()], |row| time(row, 0));
        Ok(stamp.optional()?)
    }
}

impl Writer<'_> {
    /// Remembers where the address book at `url` lies; one that lies elsewhere is another book.
    pub fn save_contact_book(&mut self, url: &str, href: &str) -> Result<()> {
        if self
            .contact_book(url)?
            .is_some_and(|book| book.href == href)
        {
            return Ok(());
        }
        self.connection
            .prepare_cached("DELETE FROM contact_cards WHERE book = ?1")?
            .execute([url])?;
        self.connection
            .prepare_cached(
                "INSERT INTO contact_books (url, href) VALUES (?1, ?2)
                 ON CONFLICT (url) DO UPDATE SET href = ?2, token = NULL, met_at = NULL",
            )?
            .execute([url, href])?;
        Ok(())
    }

    /// A meeting came to its end.
    pub fn finish_contacts(&mut self, url: &str, token: Option<&str>) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE contact_books SET token = ?2, met_at = ?3 WHERE url = ?1")?
            .execute(params![url, token, millis(self.now)])?;
        Ok(())
    }

    /// Writes down what gave way when the client met its card; what is written down already, once.
    pub fn note_clashes(&mut self, client: ClientId, clashes: &[Clash]) -> Result<()> {
        let mut clashes = clashes.iter();
        clashes.try_for_each(|clash| self.write_clash(client, clash))
    }

    /// Keeps what one contact came to, whole or not at all.
    pub fn keep_contact(&mut self, url: &str, meeting: &Meeting) -> Result<Kept> {
        self.connection.execute_batch("SAVEPOINT contact")?;
        let kept = match meeting {
            Meeting::Met { .. } => self.keep_met(url, meeting),
            Meeting::DeleteHere(pair) => self.keep_deletion(url, pair),
            Meeting::Forget(pair) => self.forget_contact(url, &pair.href),
        };
        match kept {
            Ok(kept) => {
                self.connection.execute_batch("RELEASE contact")?;
                Ok(kept)
            }
            // One contact that the store does not take must not keep the others from it.
            Err(error @ (StoreError::NotAllowed { .. } | StoreError::Missing { .. })) => {
                self.connection
                    .execute_batch("ROLLBACK TO contact; RELEASE contact")?;
                Ok(Kept::Refused(error.to_string()))
            }
            Err(error) => Err(error),
        }
    }

    fn keep_met(&mut self, url: &str, meeting: &Meeting) -> Result<Kept> {
        let Meeting::Met {
            client,
            card,
            stamp,
            save,
            clashes,
        } = meeting
        else {
            return Ok(Kept::Done);
        };
        if let Some(save) = save {
            if !is_same(self.client_stamp(*client)?, *stamp) {
                return Ok(Kept::Changed);
            }
            self.save_client(save)?;
        }
        self.note_clashes(*client, clashes)?;
        let stamp = stamp.filter(|_| save.is_none()).unwrap_or(self.now);
        self.save_contact_card(url, *client, card, stamp)?;
        Ok(Kept::Done)
    }

    fn save_contact_card(
        &mut self,
        url: &str,
        client: ClientId,
        card: &Fetched,
        stamp: Timestamp,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO contact_cards (book, href, client, etag, card, stamp)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                url,
                card.href.as_str(),
                client.as_bytes(),
                card.etag,
                card.card,
                millis(stamp)
            ])?;
        Ok(())
    }

    fn keep_deletion(&mut self, url: &str, pair: &Pair) -> Result<Kept> {
        match self.client_stamp(pair.client)? {
            Some(stamp) if !is_same(Some(stamp), Some(pair.stamp)) => return Ok(Kept::Changed),
            Some(_) => self.delete_client(BOOK, pair.client)?,
            None => {}
        }
        self.forget_contact(url, &pair.href)
    }

    fn forget_contact(&mut self, url: &str, href: &Href) -> Result<Kept> {
        self.connection
            .prepare_cached("DELETE FROM contact_cards WHERE book = ?1 AND href = ?2")?
            .execute([url, href.as_str()])?;
        Ok(Kept::Done)
    }
}

/// Whether the two are the same, as columns keep them.
fn is_same(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    one.map(millis) == other.map(millis)
}
