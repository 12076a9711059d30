//! Ports that no other test of this run holds.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which the system gives ports to sockets that ask for none.
const FIRST: u16 = 20_000;
const SPAN: u16 = 10_000;

/// A loopback port free for UDP and TCP; so is the one after it, which baresip takes for TLS.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    // Runs side by side start at different places.
    let start = (std::process::id() % 500) as u16 * 20;
    for _ in 0..SPAN / 2 {
        let offset = start.wrapping_add(TAKEN.fetch_add(2, Ordering::Relaxed)) % SPAN;
        let port = FIRST + offset;
        if is_free(port) && is_free(port + 1) {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + SPAN);
}

fn is_free(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port);
    UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
}

/// Whether somebody holds this UDP port of 127.0.0.1. The kernel's list is read, because to try
/// the port would take it away from the program that is about to bind it.
pub fn udp_is_bound(port: u16) -> bool {
    let loopback = u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets());
    let address = format!(" {loopback:08X}:{port:04X} ");
    let sockets = std::fs::read_to_string("/proc/net/udp").expect("Linux lists its sockets");
    sockets.contains(&address)
}
