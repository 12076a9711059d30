//! Whoever keeps a ladder is handed what comes in, message by message, as it stood on the wire.

use crate::support;

use ringbook_sip::message::{StreamReader, parse_datagram};
use ringbook_sip::user_agent::{Config, Output, Transport};
use support::*;

/// What Bob, who witnesses, received of a call of Alice's, who does not.
fn received(target: &str) -> World {
    let config = Config {
        witness: true,
        ..Config::default()
    };
    let alice = Agent::new("alice", "10.0.0.1:5060", 1);
    let bob = Agent::with_config("bob", "10.0.0.2:5060", 2, config);
    let mut world = World::new(vec![alice, bob]);
    let line = world.agents[ALICE]
        .ua
        .add_account(account("alice", "sip:10.0.0.9"));
    world.agents[BOB]
        .ua
        .add_account(account("bob", "sip:10.0.0.9"));
    let call = world.with(ALICE, |ua, now| {
        ua.invite(now, line, &uri(target), media(4000)).unwrap()
    });
    world.run(ms(50));
    let incoming = world.agents[BOB].incoming();
    let names = [
        world.agents[ALICE].ua.call_id(call).unwrap(),
        world.agents[BOB].ua.call_id(incoming).unwrap(),
    ];
    assert_eq!(names[0], names[1]);
    assert_eq!(names[0], world.wire[0].message.call_id());
    world.with(BOB, |ua, now| {
        ua.answer(now, incoming, media(5000)).unwrap()
    });
    world.run(ms(500));
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    world.run(secs(60));
    assert_eq!(world.agents[BOB].ua.call_id(incoming), None);
    world
}

#[test]
fn every_message_that_comes_in_is_handed_out_over_datagrams_and_streams_alike() {
    for (target, transport) in [
        ("sip:bob@10.0.0.2", Transport::Udp),
        ("sip:bob@10.0.0.2;transport=tcp", Transport::Tcp),
    ] {
        let world = received(target);
        let bob = &world.agents[BOB];
        let methods: Vec<String> = bob
            .received
            .iter()
            .map(|received| {
                assert_eq!(received.transport, transport);
                assert_eq!(received.local, bob.address);
                assert_eq!(received.remote.ip(), world.agents[ALICE].address.ip());
                let message = parse_datagram(&received.bytes).unwrap();
                message.as_request().unwrap().method.to_string()
            })
            .collect();
        assert_eq!(methods, ["INVITE", "ACK", "BYE"]);
        assert!(world.agents[ALICE].received.is_empty());
    }
}

#[test]
fn a_keep_alive_is_no_message_and_what_cannot_be_read_is_one() {
    let config = Config {
        witness: true,
        ..Config::default()
    };
    let mut bob = Agent::with_config("bob", "10.0.0.2:5060", 2, config);
    let now = std::time::Instant::now();
    let peer = addr("10.0.0.7:5060");
    for bytes in [&b"\r\n\r\n"[..], b"\0\x01\0\0", b"", b"OPTIONS rubbish\r\n"] {
        bob.ua.handle_datagram(now, bob.address, peer, bytes);
    }
    let mut received = Vec::new();
    loop {
        match bob.ua.poll_output() {
            Output::Received(message) => received.push(message.bytes),
            Output::Timeout(_) => break,
            _ => {}
        }
    }
    assert_eq!(received, [b"OPTIONS rubbish\r\n"]);
}

#[test]
fn a_reader_shows_the_octets_of_the_message_it_gave_and_no_others() {
    let message = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\nFrom: <sip:d@e>;tag=1\r\n\
         To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 2\r\n\r\nhi";
    let mut reader = StreamReader::new();
    reader.push(format!("\r\n\r\n{message}\r\n\r\n{message}OPTIONS").as_bytes());
    assert!(reader.taken().is_empty());
    for _ in 0..2 {
        assert!(reader.next().unwrap().is_ok());
        assert_eq!(reader.taken(), message.as_bytes());
    }
    assert!(reader.next().is_none());
    assert!(reader.taken().is_empty());
    reader.push(b"\r\nno colon here\r\n\r\n");
    assert!(reader.next().unwrap().is_err());
    assert!(reader.taken().is_empty());
}
