//! Crowds at the door: those who connect and say nothing, or say it slowly.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::support::{Phone, RawPeer, Setup, alone};

/// Connections, and how many of one address.
const CROWD: u16 = 1000;
const OF_ONE: u16 = 20;

#[test]
fn a_thousand_slow_connections_keep_no_call_waiting_and_are_gone_after_ten_seconds() {
    let _turn = alone();
    let phone = Phone::start(&Setup::unregistered("127.0.0.1"));
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, phone.port()));
    let mut crowd: Vec<TcpStream> = (0..CROWD)
        .filter_map(|n| connect(Ipv4Addr::new(127, 0, 1, (n / OF_ONE) as u8), target))
        .collect();
    for stream in &mut crowd {
        let _ = stream.write_all(b"INVITE sip:101@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP");
    }
    // The ten seconds of the last one begin now; a busy machine took its time to let it in.
    let begin = Instant::now();
    assert!(crowd.len() >= 500, "only {} connections", crowd.len());

    let mut peer = RawPeer::new();
    let call = peer.call("peer", target);
    let asked = Instant::now();
    peer.send(&call.invite(9), target);
    peer.expect("SIP/2.0 180");
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );

    for mut stream in crowd {
        let left = Duration::from_secs(13).saturating_sub(begin.elapsed());
        let left = left.max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left)).unwrap();
        let end = stream.read(&mut [0; 1]);
        let is_gone = match &end {
            Ok(0) => true,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
            Ok(_) => false,
        };
        assert!(is_gone, "still open after {:?}: {end:?}", begin.elapsed());
    }
}

/// A connection from one of loopback's many addresses.
fn connect(from: Ipv4Addr, to: SocketAddr) -> Option<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    let from = SocketAddr::new(IpAddr::V4(from), 0);
    socket.bind(&from.into()).unwrap();
    socket
        .connect_timeout(&to.into(), Duration::from_secs(2))
        .ok()?;
    Some(socket.into())
}
