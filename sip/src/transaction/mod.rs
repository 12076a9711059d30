//! Transactions (RFC 3261 §17 with RFC 6026): a request, its retransmissions and its responses.
//!
//! Each machine is pure: events and the time in, what to do out. It owns its timers only.

mod client;
mod client_invite;
mod server;
mod server_invite;
mod timers;

pub use client::{Client, Reaction};
pub use client_invite::{ClientInvite, InviteReaction};
pub use server::Server;
pub use server_invite::{ServerInvite, ServerReaction};
pub use timers::Timers;

/// What a fired timer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Nothing; the transaction may have terminated.
    Nothing,
    /// Send the last message again.
    Retransmit,
    /// Send 100 Trying.
    Trying,
    /// Nobody answered: the transaction has failed.
    TimedOut,
}
