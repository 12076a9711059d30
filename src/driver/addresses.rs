//! Which addresses this computer has: a cable is pulled, another network joined.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::udp::probe;

/// How often it is looked: half of the time in which a new registration is due.
const LOOK: Duration = Duration::from_secs(1);
/// Somewhere far away; nothing is ever sent there (RFC 5737, RFC 3849).
const FAR: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// Looks at the computer's addresses now and then: a few system calls each time.
pub(super) struct Addresses {
    clock: Interval,
    /// The addresses that lead far away, of both families.
    outside: [Option<IpAddr>; 2],
}

impl Addresses {
    pub fn new() -> Self {
        let mut clock = interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            clock,
            outside: outside(),
        }
    }

    /// The next time to look.
    pub async fn tick(&mut self) {
        self.clock.tick().await;
    }

    /// Those of `used` that the computer has no more, when anything has changed.
    pub fn changed(&mut self, used: BTreeSet<IpAddr>) -> Option<Vec<IpAddr>> {
        let gone: Vec<IpAddr> = used.into_iter().filter(|ip| !is_ours(*ip)).collect();
        let outside = outside();
        let moved = std::mem::replace(&mut self.outside, outside) != outside;
        (moved || !gone.is_empty()).then_some(gone)
    }
}

/// The addresses that the system would send from.
fn outside() -> [Option<IpAddr>; 2] {
    FAR.map(|far| probe(far).ok())
}

/// The address that leads far away, of this family.
pub(super) fn outside_of(is_ipv6: bool) -> Option<IpAddr> {
    FAR.into_iter()
        .find(|far| far.is_ipv6() == is_ipv6)
        .and_then(|far| probe(far).ok())
}

/// Addresses that are offered beside the one that leads far away; more make an offer too long for a datagram.
const MAX_OTHERS: usize = 4;

/// The computer's other addresses of the family of `host` (RFC 8445 §5.1.1.1): neither its own loopback nor those
/// that mean nothing beyond one cable.
pub(super) fn others_than(host: IpAddr) -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let is_meant = |one: &IpAddr| *one != host && one.is_ipv4() == host.is_ipv4();
    let usable = interfaces
        .iter()
        .filter(|one| one.is_oper_up() && !one.is_loopback() && !one.is_link_local());
    usable
        .map(|one| one.ip())
        .filter(is_meant)
        .take(MAX_OTHERS)
        .collect()
}

/// Whether the computer has an address: only then can it be bound.
fn is_ours(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_address_that_is_gone_is_found_among_those_in_use() {
        let ours: IpAddr = "127.0.0.1".parse().unwrap();
        let gone: IpAddr = "192.0.2.77".parse().unwrap();
        assert!(is_ours(ours) && !is_ours(gone));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let _guard = runtime.enter();
        let mut addresses = Addresses::new();
        assert_eq!(addresses.changed(BTreeSet::from([ours])), None);
        assert_eq!(
            addresses.changed(BTreeSet::from([ours, gone])),
            Some(vec![gone])
        );
        addresses.outside = [Some(gone), None];
        assert_eq!(addresses.changed(BTreeSet::from([ours])), Some(Vec::new()));
    }
}
