//! Datagrams that come faster than they are dealt with.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::time::Duration;

use crate::{Phone, SETTINGS, profile};

/// Twice as many as the phone reads at one go, and fewer than the system keeps for it.
const REQUESTS: u32 = 130;

#[test]
fn every_request_that_waited_for_a_busy_phone_is_answered() {
    let dir = profile(SETTINGS);
    let phone = Phone::start(dir.path());
    let address = phone.ready["udp"][0].as_str().unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let here = peer.local_addr().unwrap();
    phone.signal("-STOP");
    for n in 1..=REQUESTS {
        let request = format!(
            "OPTIONS sip:101@{address} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{n}\r\n\
             From: <sip:x@{here}>;tag=1\r\nTo: <sip:101@{address}>\r\nCall-ID: busy\r\n\
             CSeq: {n} OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        peer.send_to(request.as_bytes(), address).unwrap();
    }
    phone.signal("-CONT");
    peer.set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut answered = BTreeSet::new();
    while answered.len() < REQUESTS as usize {
        let mut octets = [0; 2048];
        let read = peer.recv(&mut octets);
        let Ok(length) = read else { break };
        answered.insert(number(&octets[..length]));
    }
    let unanswered: Vec<u32> = (1..=REQUESTS).filter(|n| !answered.contains(n)).collect();
    assert!(unanswered.is_empty(), "{unanswered:?}");
}

/// The number of the request that this answers.
fn number(answer: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(answer);
    assert!(text.starts_with("SIP/2.0 200"), "{text}");
    let number = text.lines().find_map(|line| line.strip_prefix("CSeq: "));
    let number = number.and_then(|line| line.split(' ').next());
    number.unwrap().parse().unwrap()
}
