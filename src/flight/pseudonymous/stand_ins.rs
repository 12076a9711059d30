//! What stands in for whom.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a stand-in stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Name,
    User,
    Number,
    Host,
    /// A tag, a branch, a `Call-ID`.
    Id,
    /// An address, and in what reach.
    Address(Reach),
}

/// Who can reach an address: that is what NAT and firewalls are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reach {
    Loopback,
    LinkLocal,
    Private,
    /// RFC 6598: behind the provider's own NAT.
    Shared,
    Public,
}

/// Every stand-in given so far.
#[derive(Debug, Default)]
pub(super) struct StandIns {
    given: HashMap<(Kind, String), u16>,
    last: HashMap<Kind, u16>,
}

impl StandIns {
    /// The stand-in for `text`, the same each time.
    pub(super) fn of(&mut self, kind: Kind, text: &str) -> String {
        let number = self.number(kind, text);
        match kind {
            Kind::Name => format!("Name {number}"),
            Kind::User => format!("user-{number}"),
            Kind::Number => format!("number-{number}"),
            Kind::Host => format!("host-{number}.invalid"),
            Kind::Id => format!("id-{number}"),
            Kind::Address(_) => format!("address-{number}"),
        }
    }

    /// A host's name or address, which may stand in brackets.
    pub(super) fn host(&mut self, host: &str) -> String {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(ip) => match self.address(ip) {
                IpAddr::V6(ip) if host.starts_with('[') => format!("[{ip}]"),
                ip => ip.to_string(),
            },
            Err(_) => self.of(Kind::Host, &host.to_ascii_lowercase()),
        }
    }

    /// An address with its port.
    pub(super) fn socket(&mut self, address: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.address(address.ip()), address.port())
    }

    /// Another address of the same family and reach.
    pub(super) fn address(&mut self, ip: IpAddr) -> IpAddr {
        let ip = ip.to_canonical();
        if ip.is_unspecified() {
            return ip;
        }
        let reach = reach(ip);
        let [high, low] = self
            .number(Kind::Address(reach), &ip.to_string())
            .to_be_bytes();
        let number = u16::from_be_bytes([high, low]);
        match ip {
            IpAddr::V4(_) => IpAddr::V4(match reach {
                Reach::Loopback => Ipv4Addr::new(127, 0, high, low),
                Reach::LinkLocal => Ipv4Addr::new(169, 254, high, low),
                Reach::Private => Ipv4Addr::new(10, 0, high, low),
                Reach::Shared => Ipv4Addr::new(100, 64, high, low),
                // RFC 2544: an address of nobody's.
                Reach::Public => Ipv4Addr::new(198, 18, high, low),
            }),
            IpAddr::V6(_) => IpAddr::V6(match reach {
                Reach::Loopback => Ipv6Addr::LOCALHOST,
                Reach::LinkLocal => Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number),
                Reach::Private | Reach::Shared => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number),
                Reach::Public => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number),
            }),
        }
    }

    fn number(&mut self, kind: Kind, text: &str) -> u16 {
        let last = self.last.entry(kind).or_default();
        *self
            .given
            .entry((kind, text.to_owned()))
            .or_insert_with(|| {
                *last = last.saturating_add(1);
                *last
            })
    }
}

fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(ip) => match ip.octets() {
            [127, ..] => Reach::Loopback,
            [169, 254, ..] => Reach::LinkLocal,
            [100, 64..128, ..] => Reach::Shared,
            _ if ip.is_private() => Reach::Private,
            _ => Reach::Public,
        },
        IpAddr::V6(ip) if ip.is_loopback() => Reach::Loopback,
        IpAddr::V6(ip) if ip.is_unicast_link_local() => Reach::LinkLocal,
        IpAddr::V6(ip) if ip.is_unique_local() => Reach::Private,
        IpAddr::V6(_) => Reach::Public,
    }
}
