//! Contacts kept the same on both sides with a CardDAV server (RFC 6352, over WebDAV, RFC 4918).
//!
//! Nothing here knows a socket, a file or a clock: [`AddressBook`] makes requests and reads answers,
//! [`Plan`] says what is to be done, [`merge`] makes one client of three, and [`synchronise`] leads
//! them through one meeting of the two sides, over a [`Remote`] and a [`Book`].

mod book;
mod cards;
mod href;
mod merge;
mod multistatus;
mod plan;
mod report;
mod server;
mod step;
mod sync;

#[cfg(test)]
mod tests;

pub use book::{Book, Kept, Known, Loaded, Meeting};
pub use cards::{CardReading, Codec, Vcards};
pub use href::Href;
pub use merge::{Clash, Merged, merge};
pub use multistatus::{DocumentError, Multistatus};
pub use plan::{Here, Pair, Plan, There};
pub use report::{Conflict, Move, Problem, Report, What};
pub use server::{AddressBook, DavError, Exchange};
pub use sync::{Options, SyncError, synchronise};

use jiff::Timestamp;

use crate::model::ClientId;

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Ringbook.
    Here,
    /// The server.
    There,
}

impl Side {
    /// This side's value and the other's.
    pub fn of<T>(self, here: T, there: T) -> (T, T) {
        match self {
            Self::Here => (here, there),
            Self::There => (there, here),
        }
    }
}

/// A card as it lies on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where.
    pub href: Href,
    /// Its version.
    pub etag: String,
    /// Its text.
    pub card: String,
    /// When the server says that it was changed.
    pub modified: Option<Timestamp>,
}

/// What lies on the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Every card and its version.
    pub there: There,
    /// What to name to be told only of what changes from now on.
    pub token: Option<String>,
}

/// What became of a card that was sent, or was to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is as it was asked, under this version where the server tells it.
    Done(Option<String>),
    /// Somebody has changed it meanwhile.
    Changed,
    /// The server does not take it, with this status.
    Refused(u16),
}

/// An address book on a server.
pub trait Remote {
    /// What lies there. `known` is what lay there when `token` was told.
    ///
    /// # Errors
    /// The server does not tell.
    fn list(&mut self, known: &There, token: Option<&str>) -> Result<Listing, DavError>;

    /// The cards, without those that are gone.
    ///
    /// # Errors
    /// The server does not give them.
    fn fetch(&mut self, hrefs: &[Href]) -> Result<Vec<Fetched>, DavError>;

    /// Puts a card there, over the version `over` of it or, where that is none, as a new one.
    ///
    /// # Errors
    /// The server cannot be asked.
    fn put(&mut self, href: &Href, card: &str, over: Option<&str>) -> Result<Written, DavError>;

    /// Deletes this version of a card.
    ///
    /// # Errors
    /// The server cannot be asked.
    fn delete(&mut self, href: &Href, etag: &str) -> Result<Written, DavError>;

    /// Where the card of a client is put that has none.
    fn place(&self, client: ClientId) -> Href;
}
