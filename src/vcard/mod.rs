//! Clients as business cards: vCard 3.0 (RFC 2426) and 4.0 (RFC 6350) out and in, 2.1 in.
//!
//! [`read_card`] and [`write_card`] are a pair: what one writes of a client, the other reads as it
//! was. What vCard has no property for goes into `X-RINGBOOK-…`; what a client has no field for is
//! handed out as [`Card::others`], so that whoever writes the card again can keep it.
//! [`Cards`] parts a file into its cards.

mod cards;
mod custom;
mod exact;
mod labels;
mod line;
mod names;
mod over;
mod photo;
mod read;
#[cfg(test)]
mod tests;
mod text;
mod write;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::model::{Client, ClientField, ClientId, Lists, NotAllowed, Photo};

pub use cards::{Cards, Piece};
pub use over::write_over;
pub use read::read_card;
pub use write::write_card;

/// What stands before the properties of our own.
const OWN: &str = "X-RINGBOOK-";
/// A field of the office's own: its name and its value.
const FIELD: &str = "X-RINGBOOK-FIELD";
/// Why a card was left out by an import; not read.
pub(crate) const REJECTED: &str = "X-RINGBOOK-REJECTED";
/// The name that Apple's and Google's address books give to what shares the group.
const AB_LABEL: &str = "X-ABLABEL";

/// A version of vCard that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// RFC 2426: what telephones and old programs read.
    V3,
    /// RFC 6350.
    #[default]
    V4,
}

/// How a card is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Writing<'a> {
    /// The version.
    pub version: Version,
    /// The client's photo.
    pub photo: Option<&'a Photo>,
    /// When the card was last changed; an export says nothing of it, so that the same book is the
    /// same file.
    pub rev: Option<Timestamp>,
    /// Lines of another program that are to be kept: [`Card::others`].
    pub others: &'a [String],
}

/// What a card says; where it says nothing, nothing is here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Card {
    /// The card's name among all cards; may be empty.
    pub uid: String,
    /// When it was last changed.
    pub rev: Option<Timestamp>,
    /// The client's fields: those of [`ClientField`] in their order, then the office's own in the
    /// card's.
    pub fields: Vec<CardField>,
    /// The photo's octets, as they were before they were written into the card.
    pub photo: Option<Vec<u8>>,
    /// The lines that a client has no field for, unfolded.
    pub others: Vec<String>,
}

/// A field as a card says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardField {
    /// The field.
    pub field: ClientField,
    /// The property that says so, such as `TEL`.
    pub property: String,
    /// What it says.
    pub text: String,
}

/// A card that is none of a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{property}: {error}")]
pub struct CardError {
    /// The property that is wrong.
    pub property: String,
    /// What it says, and what would be taken.
    pub error: NotAllowed,
}

impl CardError {
    fn new(property: &str, value: &str, allowed: &str) -> Self {
        Self {
            property: property.to_owned(),
            error: NotAllowed::new(value, allowed),
        }
    }
}

impl Card {
    /// The client that the card is about, with no photo; `now` is when it was entered.
    pub fn client(&self, lists: &Lists, now: Timestamp) -> Result<Client, CardError> {
        let own = self.text(&ClientField::At("country", 0));
        let lists = Lists {
            country: own.and_then(|code| code.parse().ok()).or(lists.country),
            ..lists.clone()
        };
        let mut client = Client::named("", now);
        for said in &self.fields {
            client
                .set(&said.field, &said.text, &lists)
                .map_err(|error| CardError {
                    property: said.property.clone(),
                    error,
                })?;
        }
        let mut seen = Vec::new();
        client.phones.retain(|phone| {
            let is_new = !seen.contains(&phone.number);
            seen.push(phone.number);
            is_new
        });
        client.id = self.client_id().unwrap_or(client.id);
        Ok(client.tidied())
    }

    /// The client's id by the card's name: the name where it is a UUID, else one made of it, the
    /// same every time.
    pub fn client_id(&self) -> Option<ClientId> {
        let uid = self.uid.trim();
        if uid.is_empty() {
            return None;
        }
        let id = Uuid::try_parse(uid).unwrap_or_else(|_| {
            let mut octets = [0; 16];
            octets.copy_from_slice(&Sha256::digest(uid)[..16]);
            Builder::from_custom_bytes(octets).into_uuid()
        });
        Some(id.into())
    }

    /// What the card says of a field.
    pub fn text(&self, field: &ClientField) -> Option<&str> {
        let said = self.fields.iter().find(|said| said.field == *field);
        said.map(|said| &*said.text)
    }
}
