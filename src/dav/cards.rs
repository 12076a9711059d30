//! Clients as the cards that lie on the server.

use jiff::Timestamp;

use crate::model::{Client, ClientId, Lists};
use crate::vcard::{Version, Writing, read_card, write_card, write_over};

/// What a card says.
#[derive(Debug, Clone, PartialEq)]
pub struct CardReading {
    /// The client that it is about; of what it does not say, as nobody has said anything.
    pub client: Client,
    /// The id that the card's own name stands for.
    pub id: Option<ClientId>,
    /// When it says that it was last changed.
    pub revised: Option<Timestamp>,
}

/// Reads and writes cards.
pub trait Codec {
    /// Reads a card.
    ///
    /// # Errors
    /// It is none of a client; why, in words for a person.
    fn read(&self, card: &str) -> Result<CardReading, String>;

    /// Writes a client as a card: over the one that lies on the server, whose other properties stay
    /// as they are, or as a new one.
    fn write(&self, client: &Client, over: Option<&str>) -> String;
}

/// vCards, as every CardDAV server takes them (RFC 6352 §5.1).
#[derive(Debug, Clone)]
pub struct Vcards {
    lists: Lists,
    now: Timestamp,
}

impl Vcards {
    /// Cards whose texts are read with `lists` at the moment `now`.
    pub fn new(lists: Lists, now: Timestamp) -> Self {
        Self { lists, now }
    }

    /// The card over another program's; none where that one cannot be read.
    fn over(&self, client: &Client, card: &str) -> Option<String> {
        let before = self.read(card).ok()?.client;
        write_over(card, &before, client, &self.lists, client.updated_at).ok()
    }
}

impl Codec for Vcards {
    fn read(&self, card: &str) -> Result<CardReading, String> {
        let read = read_card(card.as_bytes()).map_err(|error| error.to_string())?;
        let client = read.client_as_far(&self.lists, self.now);
        Ok(CardReading {
            client: client.map_err(|error| error.to_string())?,
            id: read.client_id(),
            revised: read.rev,
        })
    }

    fn write(&self, client: &Client, over: Option<&str>) -> String {
        let anew = || {
            let how = Writing {
                version: Version::V3,
                rev: Some(client.updated_at),
                ..Writing::default()
            };
            write_card(client, &how)
        };
        over.and_then(|card| self.over(client, card))
            .unwrap_or_else(anew)
    }
}
