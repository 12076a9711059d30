//! Clients as business cards, the same that the import reads.

use std::io::Write;

use super::ExportError;
use crate::store::Reader;
use crate::vcard::{Version, Writing, write_card};

/// Writes every client as a card, with its photo. Returns how many clients.
pub fn clients_as_cards(
    store: &Reader<'_>,
    version: Version,
    mut output: impl Write,
) -> Result<u64, ExportError> {
    let mut count = 0;
    store.each_client(|client| -> Result<(), ExportError> {
        let photo = client
            .photo
            .map(|photo| store.load_photo(photo))
            .transpose()?;
        let how = Writing {
            version,
            photo: photo.as_ref(),
            ..Writing::default()
        };
        output.write_all(write_card(&client, &how).as_bytes())?;
        count += 1;
        Ok(())
    })?;
    output.flush()?;
    Ok(count)
}
