//! Crowds at the door: those who connect and say nothing, or say it slowly.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::{Door, RawPeer, alone, connect, eventually};

/// Connections, how many of one address, and how many the phone lets in.
const CROWD: u16 = 1000;
const OF_ONE: u16 = 20;
const LET_IN: usize = 512;
/// The beginning of a message, and of a TLS handshake (RFC 8446 §5.1).
const BEGINNINGS: [&[u8]; 2] = [
    b"INVITE sip:101@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP",
    &[22, 3, 1, 2, 0],
];

#[test]
fn a_thousand_slow_connections_keep_no_call_waiting_and_are_gone_after_ten_seconds() {
    let _turn = alone();
    let door = Door::open();
    let target = door.addresses()[0];
    let mut crowd: Vec<TcpStream> = Vec::new();
    for n in 0..CROWD {
        // The half of each address come by TCP, the others by TLS.
        let way = usize::from(n % 2);
        let from = Ipv4Addr::new(127, 0, 1, (n / OF_ONE) as u8);
        if let Some(mut stream) = connect(from, door.addresses()[way]) {
            let _ = stream.write_all(BEGINNINGS[way]);
            crowd.push(stream);
        }
    }
    // The ten seconds of the last one begin now; a busy machine took its time to let it in.
    let begin = Instant::now();
    eventually(&format!("{LET_IN} connections"), || {
        let open = crowd.iter_mut().map(is_open).filter(|open| *open);
        (open.count() == LET_IN).then_some(())
    });

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
        stream.set_nonblocking(false).unwrap();
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

/// Whether the phone has not closed this connection.
fn is_open(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let end = stream.read(&mut [0; 1]);
    let waits = |error: std::io::Error| error.kind() == std::io::ErrorKind::WouldBlock;
    end.err().is_some_and(waits)
}
