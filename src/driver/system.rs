//! What the system has and knows: sockets, randomness, time zone, country, this phone's name.

use std::io;
use std::net::{IpAddr, SocketAddr};

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use socket2::{Domain, Socket, Type};

use crate::model::Country;
use crate::profile::Profile;

/// Binds `bind` on every address, with the port that the first one got where any will do.
/// Addresses of a family that the system lacks are passed over as long as one can be bound.
pub(super) fn bind_each<T>(
    addresses: &[IpAddr],
    port: u16,
    bind: impl Fn(SocketAddr) -> io::Result<(T, u16)>,
) -> io::Result<Vec<T>> {
    let mut bound = Vec::new();
    let mut port = port;
    let mut trouble = None;
    for &ip in addresses {
        match bind(SocketAddr::new(ip, port)) {
            Ok((one, at)) => {
                port = at;
                bound.push(one);
            }
            // A system without IPv6 still has a phone.
            Err(_) if ip.is_ipv6() && ip.is_unspecified() && !bound.is_empty() => {}
            Err(error) => trouble = trouble.or(Some(error)),
        }
    }
    match trouble {
        Some(error) => Err(error),
        None if bound.is_empty() => Err(io::ErrorKind::AddrNotAvailable.into()),
        None => Ok(bound),
    }
}

/// A socket bound to `address`, not blocking; one on `[::]` leaves IPv4 to its neighbour.
pub(super) fn bound_socket(address: SocketAddr, kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// 32 octets nobody can guess: every UUIDv7 carries 74 random bits of the system's.
pub(crate) fn seed() -> [u8; 32] {
    let mut hash = Sha256::new();
    for _ in 0..6 {
        hash.update(uuid::Uuid::now_v7().as_bytes());
    }
    hash.finalize().into()
}

/// The agent's time zone. The one file is read at once; the library would first look through
/// every zone there is, before the first REGISTER.
pub(super) fn time_zone() -> TimeZone {
    let own = std::env::var_os("TZ").is_none();
    let local = || TimeZone::tzif("Local", &std::fs::read("/etc/localtime").ok()?).ok();
    own.then(local).flatten().unwrap_or_else(TimeZone::system)
}

/// The country of the system's locale.
pub(super) fn country() -> Option<Country> {
    ["LC_ALL", "LC_TELEPHONE", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|locale| !locale.is_empty())
        .and_then(|locale| Country::from_locale(&locale))
}

/// This phone's name at registrars (RFC 5626 §4.1): made at the first start and kept.
pub(super) fn instance_id(profile: &Profile) -> String {
    let path = profile.dir().join("instance");
    let known = std::fs::read_to_string(&path).ok();
    let known = known.and_then(|text| uuid::Uuid::try_parse(text.trim()).ok());
    let id = known.unwrap_or_else(|| {
        let id = uuid::Uuid::now_v7();
        // Without the file the phone is another one at the next start, which costs nothing else.
        let _ = std::fs::write(&path, format!("{id}\n"));
        id
    });
    format!("urn:uuid:{id}")
}
