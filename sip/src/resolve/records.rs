//! What DNS is asked, and what it says.

use std::net::IpAddr;
use std::time::Duration;

/// One question for the driver.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Question {
    /// The NAPTR records of a domain (RFC 3263 §4.1).
    Naptr(String),
    /// The SRV records of a service, such as `_sip._udp.office.example` (RFC 3263 §4.2).
    Srv(String),
    /// The addresses of a host, of both families, the system's favourite first (RFC 6724).
    Addresses(String),
    /// Which of our own addresses the system would send from, to reach this one.
    Source(IpAddr),
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was found, of the kind that was asked for.
    pub records: Records,
    /// How long it may be believed.
    pub ttl: Duration,
}

/// Records of one kind; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// Answers [`Question::Naptr`].
    Naptr(Vec<Naptr>),
    /// Answers [`Question::Srv`].
    Srv(Vec<Srv>),
    /// Answers [`Question::Addresses`], and [`Question::Source`] with one.
    Addresses(Vec<IpAddr>),
}

/// A NAPTR record (RFC 3403 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// The lowest first; among equals, the lowest preference.
    pub order: u16,
    /// See `order`.
    pub preference: u16,
    /// `s`: the replacement has SRV records.
    pub flags: String,
    /// `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`, …
    pub service: String,
    /// The name to ask for next.
    pub replacement: String,
}

/// An SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// The lowest first.
    pub priority: u16,
    /// How often this one among those of its priority.
    pub weight: u16,
    /// Where the service is on the host.
    pub port: u16,
    /// The host; `.` says that the service is not to be had.
    pub target: String,
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist or has no such record.
    #[error("the name was not found")]
    NotFound,
    /// DNS did not answer.
    #[error("name resolution failed")]
    Failed,
}
