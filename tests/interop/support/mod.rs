//! The programs a test can start, and the instruments it listens with.

mod baresip;
mod journal;
mod kamailio;
mod port;
mod program;
pub mod signal;
mod turn;
mod wav;

pub use baresip::{Baresip, Line};
pub use journal::Journal;
pub use kamailio::{Kamailio, password};
pub use port::free_port;
pub use program::{PATIENCE, Program, eventually};
pub use turn::{alone, together};
pub use wav::Wav;

/// Carries SIP between a peer and its registrar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
}

impl Transport {
    /// The value of the `transport` parameter of a SIP URI.
    pub fn parameter(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        }
    }
}
