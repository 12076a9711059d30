//! The Via header field: where a request has been, and where its response goes.

use std::fmt;
use std::net::IpAddr;

use super::host::{parse_host_port, parse_ip6};
use super::lex::is_token;
use super::{Host, Params, SyntaxError};

/// The start of every branch that follows RFC 3261 (§8.1.1.7).
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// One Via value (RFC 3261 §20.42).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// The transport in capitals: `UDP`, `TCP`, `TLS`, or what the peer named.
    pub transport: String,
    /// Where the sender wants its responses.
    pub host: Host,
    /// The port beside it; absent means the transport's default.
    pub port: Option<u16>,
    /// `branch`, `received`, `rport` and further parameters.
    pub params: Params,
}

impl Via {
    /// A Via for a request of ours, with the parameter `rport` (RFC 3581 §3).
    pub fn new(transport: &str, host: Host, port: Option<u16>, branch: &str) -> Self {
        let mut params = Params::new();
        params.set("branch", Some(branch));
        params.set("rport", None);
        Self {
            transport: transport.to_owned(),
            host,
            port,
            params,
        }
    }

    /// Reads one Via value.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (sent, params) = split_params(text);
        let (version, transport, sent_by) = split_sent(sent)?;
        if version != "2.0" {
            return Err(SyntaxError::Version);
        }
        let (host, port) = parse_host_port(sent_by)?;
        let params = Params::parse(params)?;
        params.refuse_repeated("branch")?;
        Ok(Self {
            transport: transport.to_ascii_uppercase(),
            host,
            port,
            params,
        })
    }

    /// Reads what is needed to answer a request that cannot be understood: the version is not
    /// looked at, and parameters end where they stop making sense.
    pub(super) fn parse_leniently(text: &str) -> Option<Self> {
        let (sent, params) = split_params(text);
        let (_, transport, sent_by) = split_sent(sent).ok()?;
        let (host, port) = parse_host_port(sent_by).ok()?;
        let params = Params::parse_leniently(params);
        Some(Self {
            transport: transport.to_ascii_uppercase(),
            host,
            port,
            params,
        })
    }

    /// The branch parameter.
    pub fn branch(&self) -> Option<&str> {
        self.params.get("branch")
    }

    /// The branch, when it identifies the transaction by itself (RFC 3261 §17.2.3). The bare
    /// cookie identifies nothing (RFC 4475 §3.2.1).
    pub fn unique_branch(&self) -> Option<&str> {
        self.branch().filter(|branch| {
            branch
                .get(..MAGIC_COOKIE.len())
                .is_some_and(|b| b.eq_ignore_ascii_case(MAGIC_COOKIE))
                && branch.len() > MAGIC_COOKIE.len()
        })
    }

    /// The address in `received`, with or without brackets (RFC 5118 §4.5).
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.get("received")?;
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .unwrap_or(text);
        bare.parse()
            .ok()
            .or_else(|| parse_ip6(bare).ok().map(IpAddr::V6))
    }

    /// The port in `rport` (RFC 3581).
    pub fn rport(&self) -> Option<u16> {
        self.params.get("rport")?.parse().ok()
    }
}

/// Splits `SIP / 2.0 / UDP host:port` from the parameters behind it.
fn split_params(text: &str) -> (&str, &str) {
    text.split_at(text.find(';').unwrap_or(text.len()))
}

/// Splits version, transport and sent-by; white space may stand around the slashes.
fn split_sent(text: &str) -> Result<(&str, &str, &str), SyntaxError> {
    let (name, rest) = text.split_once('/').ok_or(SyntaxError::Via)?;
    let (version, rest) = rest.split_once('/').ok_or(SyntaxError::Via)?;
    let rest = rest.trim_start();
    let (transport, sent_by) = rest.split_once([' ', '\t']).ok_or(SyntaxError::Via)?;
    if !name.trim().eq_ignore_ascii_case("SIP") || !is_token(transport) {
        return Err(SyntaxError::Via);
    }
    Ok((version.trim(), transport, sent_by.trim()))
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)
    }
}
