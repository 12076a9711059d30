//! How a line's calls get through NATs: the keys of `[[account]]` and their values.

use std::fmt;

use ringbook_sip::message::{Host, Uri};
use toml_edit::Value;

use super::section::Section;
use super::{Password, SettingsError};

/// The port of STUN and TURN by UDP (RFC 8489 §8, RFC 8656 §3).
const PORT: u16 = 3478;
const ICE: [(&str, bool); 2] = [("off", false), ("on", true)];
const SERVER: &str = "a host with or without a port, such as \"stun.office.example:3478\"";

/// A STUN or TURN server, by UDP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name or address.
    pub host: Host,
    /// Its port.
    pub port: u16,
}

impl Server {
    /// Reads `host`, `host:port`, or the same with an IPv6 address in brackets.
    pub fn parse(text: &str) -> Option<Self> {
        let uri = Uri::parse(&format!("sip:{text}")).ok()?;
        let plain = !text.contains(['@', ';', '?', '<', '>', ' ']);
        Some(Self {
            host: uri.host().filter(|_| plain)?.clone(),
            port: uri.port().unwrap_or(PORT),
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            PORT => self.host.fmt(f),
            port => write!(f, "{}:{port}", self.host),
        }
    }
}

/// How a line's calls get through NATs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Nat {
    /// Whether to look for the best way to the other side (ICE, RFC 8445).
    pub ice: bool,
    /// Who tells our address as it is seen from outside.
    pub stun_server: Option<Server>,
    /// Who passes packets on where there is no other way.
    pub turn_server: Option<Server>,
    /// Our account there; default: the line's own, with its password.
    pub turn_user: Option<String>,
    /// Its password, when it stands in the file.
    pub turn_password: Option<Password>,
    /// A command whose first line of output is the password.
    pub turn_password_command: Option<String>,
}

/// Reads the keys.
pub(super) fn read(section: &mut Section<'_>) -> Result<Nat, SettingsError> {
    let nat = Nat {
        ice: section.choice("ice", false, &ICE)?,
        stun_server: server(section, "stun_server")?,
        turn_server: server(section, "turn_server")?,
        turn_user: section.string("turn_user")?,
        turn_password: section.string("turn_password")?.map(Password::new),
        turn_password_command: section.string("turn_password_command")?,
    };
    let twice = nat.turn_password.is_some();
    if let Some(value) = section.value("turn_password_command").filter(|_| twice) {
        let allowed = "either turn_password or turn_password_command";
        return Err(section.bad("turn_password_command", value, allowed));
    }
    Ok(nat)
}

fn server(section: &mut Section<'_>, key: &'static str) -> Result<Option<Server>, SettingsError> {
    let Some(text) = section.string(key)? else {
        return Ok(None);
    };
    match (Server::parse(&text), section.value(key)) {
        (None, Some(value)) => Err(section.bad(key, value, SERVER)),
        (server, _) => Ok(server),
    }
}

/// The keys as they are written; none where a key has its default.
pub(super) fn write(nat: &Nat) -> [(&'static str, Option<Value>); 6] {
    let server = |server: &Option<Server>| server.as_ref().map(|one| one.to_string().into());
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    let password = nat.turn_password.as_ref().map(Password::reveal);
    [
        ("ice", nat.ice.then(|| "on".into())),
        ("stun_server", server(&nat.stun_server)),
        ("turn_server", server(&nat.turn_server)),
        ("turn_user", text(&nat.turn_user)),
        ("turn_password", password.map(Value::from)),
        ("turn_password_command", text(&nat.turn_password_command)),
    ]
}
