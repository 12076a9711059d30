//! Table `photos`: pictures byte for byte as they were given.

use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::values::{id, millis};
use super::{Reader, Result, StoreError, Writer};
use crate::model::{ClientId, Photo, PhotoId};

/// The largest picture taken, octets.
pub const MAX_PHOTO: usize = 16 << 20;

impl Reader<'_> {
    /// A photo with its octets.
    pub fn load_photo(&self, photo: PhotoId) -> Result<Photo> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, mime, sha256, bytes FROM photos WHERE id = ?1")?;
        statement
            .query_row([photo.as_bytes()], |row| {
                Ok(Photo {
                    id: id(row, 0)?,
                    mime: row.get(1)?,
                    sha256: row.get(2)?,
                    bytes: row.get(3)?,
                })
            })
            .optional()?
            .ok_or_else(|| StoreError::Missing {
                what: "photo",
                id: photo.to_string(),
            })
    }
}

impl Writer<'_> {
    /// Gives the client this picture, a PNG or JPEG file's octets, which are kept unchanged.
    pub fn set_photo(&mut self, client: ClientId, bytes: &[u8]) -> Result<PhotoId> {
        let not_allowed = |value: String| {
            StoreError::not_allowed("photo", value, "a PNG or JPEG file of at most 16 MiB")
        };
        if bytes.len() > MAX_PHOTO {
            return Err(not_allowed(format!("{} octets", bytes.len())));
        }
        let mime = match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            _ => return Err(not_allowed("a file of another kind".to_owned())),
        };
        let before = self.load_client(client)?.photo;
        let photo = PhotoId::new();
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        self.connection
            .prepare_cached(
                "INSERT INTO photos (id, mime, sha256, created_at, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![photo.as_bytes(), mime, sha256, millis(self.now), bytes])?;
        self.connection
            .prepare_cached("UPDATE clients SET photo = ?2, updated_at = ?3 WHERE id = ?1")?
            .execute(params![
                client.as_bytes(),
                photo.as_bytes(),
                millis(self.now)
            ])?;
        self.write_photo_change(client, before, Some(photo))?;
        Ok(photo)
    }

    /// Takes the client's picture away.
    pub fn clear_photo(&mut self, client: ClientId) -> Result<()> {
        let before = self.load_client(client)?.photo;
        self.connection
            .prepare_cached("UPDATE clients SET photo = NULL, updated_at = ?2 WHERE id = ?1")?
            .execute(params![client.as_bytes(), millis(self.now)])?;
        match before {
            Some(_) => self.write_photo_change(client, before, None),
            None => Ok(()),
        }
    }
}
