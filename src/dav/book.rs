//! The clients on our side, as the meeting needs them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::plan::{Here, Pair};
use super::{Clash, Fetched};
use crate::model::{Client, ClientId};
use crate::store::StoreError;

/// What the book knows of both sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// Every client.
    pub here: Here,
    /// Clients and cards that are one contact.
    pub pairs: Vec<Pair>,
    /// What the server told at the end of the last meeting.
    pub token: Option<String>,
}

/// A client, and the card as it was when the two sides last met.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Loaded {
    /// The client; none where it was deleted.
    pub client: Option<Client>,
    /// The card; none where there has been none.
    pub card: Option<String>,
}

/// Something for the book to keep.
#[derive(Debug, Clone, PartialEq)]
pub enum Meeting {
    /// Client and card say the same.
    Met {
        /// The client.
        client: ClientId,
        /// The card.
        card: Fetched,
        /// When the client was last changed; none where it is new.
        stamp: Option<Timestamp>,
        /// What the client becomes, where it changes. It must not have changed since `stamp`.
        save: Option<Box<Client>>,
        /// What gave way, for the client's timeline.
        clashes: Vec<Clash>,
    },
    /// The card is gone: so is the client, unless it has changed since.
    DeleteHere(Pair),
    /// Neither is there any more.
    Forget(Pair),
}

/// What the book did with something to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is kept.
    Done,
    /// The client was changed meanwhile: nothing was done.
    Changed,
    /// The store does not take it; why.
    Refused(String),
}

/// The clients, and what is known of their cards.
pub trait Book {
    /// Everything that is known, without the contents.
    ///
    /// # Errors
    /// The store cannot be read.
    fn known(&mut self) -> Result<Known, StoreError>;

    /// Clients and the cards that they had at the last meeting.
    ///
    /// # Errors
    /// The store cannot be read.
    fn load(&mut self, clients: &[ClientId]) -> Result<BTreeMap<ClientId, Loaded>, StoreError>;

    /// The clients that are the same person as this one, by name and number.
    ///
    /// # Errors
    /// The store cannot be read.
    fn find(&mut self, client: &Client) -> Result<Vec<ClientId>, StoreError>;

    /// Writes down what is about to give way, for the client's timeline; what is there already, once.
    ///
    /// # Errors
    /// The store cannot be written.
    fn note(&mut self, client: ClientId, clashes: &[Clash]) -> Result<(), StoreError>;

    /// Keeps these, each whole or not at all.
    ///
    /// # Errors
    /// The store cannot be written.
    fn keep(&mut self, meetings: Vec<Meeting>) -> Result<Vec<Kept>, StoreError>;

    /// The meeting is over; `token` is for the next one.
    ///
    /// # Errors
    /// The store cannot be written.
    fn finish(&mut self, token: Option<&str>) -> Result<(), StoreError>;
}
