//! Stream connections of strangers: how many, and how long they may take.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::{Phone, SETTINGS, profile};

/// A phone and where it listens for streams.
fn listening() -> (Phone, SocketAddr, tempfile::TempDir) {
    let dir = profile(SETTINGS);
    let phone = Phone::start(dir.path());
    let address = phone.ready["tcp"][0].as_str().unwrap().parse().unwrap();
    (phone, address, dir)
}

/// The status line that OPTIONS gets; empty where the connection ends instead.
fn options(mut stream: &TcpStream) -> String {
    let here = stream.local_addr().unwrap();
    let request = format!(
        "OPTIONS sip:101@{peer} SIP/2.0\r\nVia: SIP/2.0/TCP {here};branch=z9hG4bK{port}\r\n\
         From: <sip:x@{here}>;tag=1\r\nTo: <sip:101@{peer}>\r\nCall-ID: {port}\r\n\
         CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        peer = stream.peer_addr().unwrap(),
        port = here.port(),
    );
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    if stream.write_all(request.as_bytes()).is_err() {
        return String::new();
    }
    let mut answer = [0; 1024];
    let read = stream.read(&mut answer).unwrap_or(0);
    let text = String::from_utf8_lossy(&answer[..read]);
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn twenty_connections_of_one_address_are_served_and_no_more() {
    let (_phone, address, _dir) = listening();
    let mut served: Vec<TcpStream> = Vec::new();
    for _ in 0..20 {
        let stream = TcpStream::connect(address).unwrap();
        assert_eq!(options(&stream), "SIP/2.0 200 OK");
        served.push(stream);
    }
    let one_too_many = TcpStream::connect(address).unwrap();
    assert_eq!(options(&one_too_many), "");
    assert_eq!(options(&served[7]), "SIP/2.0 200 OK");
    // A place that becomes free is given away again.
    drop(served.pop());
    let begin = Instant::now();
    while options(&TcpStream::connect(address).unwrap()).is_empty() {
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "the place stays taken"
        );
    }
}

#[test]
fn a_header_that_is_not_complete_within_ten_seconds_ends_the_connection() {
    let (_phone, address, _dir) = listening();
    let mut slow = TcpStream::connect(address).unwrap();
    let begin = Instant::now();
    slow.write_all(b"INVITE sip:101@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP ")
        .unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!(slow.read(&mut [0; 16]).unwrap_or(0), 0);
    let lasted = begin.elapsed();
    assert!(
        lasted > Duration::from_secs(5) && lasted < Duration::from_secs(15),
        "{lasted:?}"
    );
}
