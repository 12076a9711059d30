//! The programs a test or a benchmark can start, and the instruments it listens with.

mod baresip;
mod certificates;
mod coturn;
mod foreign;
mod journal;
mod kamailio;
mod linphone;
mod name_server;
mod networks;
mod phone;
mod port;
mod program;
mod raw_peer;
mod registrar;
mod scenario;
#[cfg(feature = "gui")]
mod screen_reader;
pub mod signal;
mod sipp;
mod sound;
mod stream_peer;
mod turn;
mod wav;

pub use baresip::{Baresip, Line};
pub use certificates::{Authority, Certificate};
pub use coturn::Coturn;
pub use foreign::Foreign;
pub use journal::Journal;
pub use kamailio::{Kamailio, Office, password};
pub use linphone::Linphone;
pub use name_server::NameServer;
pub use networks::{Networks, Place, Router, SERVERS};
pub use phone::{Input, Phone, Setup, check};
pub use port::{free_port, udp_is_bound};
pub use program::{PATIENCE, Program, eventually, pause};
pub use raw_peer::{RawPeer, Received};
pub use registrar::Registrar;
#[cfg(feature = "gui")]
pub use screen_reader::ScreenReader;
pub use sipp::{Messages, Sipp};
pub use sound::Sound;
pub use stream_peer::{Door, StreamPeer, connect};
pub use turn::{alone, together};
pub use wav::Wav;

/// Carries SIP between a peer and its registrar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// The value of the `transport` parameter of a SIP URI.
    pub fn parameter(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        }
    }
}
