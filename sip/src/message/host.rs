//! Hosts and ports.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::SyntaxError;

/// The host of a URI or a Via.
#[derive(Debug, Clone, Eq)]
pub enum Host {
    /// A domain name, as it was written.
    Domain(String),
    /// An IPv4 address.
    Ip4(Ipv4Addr),
    /// An IPv6 address; written in brackets.
    Ip6(Ipv6Addr),
}

impl Host {
    /// Reads a host: a name, an IPv4 address, or an IPv6 address in brackets.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(SyntaxError::Host)?;
            return parse_ip6(inner).map(Self::Ip6);
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip4(address));
        }
        // The underscore is in no host name, yet in many a local network's.
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if text.is_empty() || !text.bytes().all(allowed) {
            return Err(SyntaxError::Host);
        }
        Ok(Self::Domain(text.to_owned()))
    }

    /// The address, when the host is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Domain(_) => None,
            Self::Ip4(address) => Some(IpAddr::V4(*address)),
            Self::Ip6(address) => Some(IpAddr::V6(*address)),
        }
    }
}

/// Reads an IPv6 address. Three colons in a row, which the grammar of RFC 3261 produced by
/// mistake, are read as two (RFC 5118 §4.10).
pub(super) fn parse_ip6(text: &str) -> Result<Ipv6Addr, SyntaxError> {
    text.parse()
        .or_else(|_| text.replacen(":::", "::", 1).parse())
        .map_err(|_| SyntaxError::Host)
}

/// Reads `host [":" port]`; white space may stand around the colon.
pub(super) fn parse_host_port(text: &str) -> Result<(Host, Option<u16>), SyntaxError> {
    let name_end = match text.strip_prefix('[') {
        Some(_) => text.find(']').ok_or(SyntaxError::Host)? + 1,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at(name_end);
    let host = Host::parse(host.trim_end())?;
    let rest = rest.trim_start();
    let port = match rest.strip_prefix(':') {
        Some(digits) => Some(parse_port(digits.trim_start())?),
        None if rest.is_empty() => None,
        None => return Err(SyntaxError::Host),
    };
    Ok((host, port))
}

fn parse_port(digits: &str) -> Result<u16, SyntaxError> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SyntaxError::Port);
    }
    digits.parse().map_err(|_| SyntaxError::Port)
}

/// Names are equal whatever their case (RFC 3261 §19.1.4).
impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Domain(one), Self::Domain(two)) => one.eq_ignore_ascii_case(two),
            _ => self.ip().is_some() && self.ip() == other.ip(),
        }
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::Ip4(address),
            IpAddr::V6(address) => Self::Ip6(address),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) => f.write_str(name),
            Self::Ip4(address) => address.fmt(f),
            Self::Ip6(address) => write!(f, "[{address}]"),
        }
    }
}
