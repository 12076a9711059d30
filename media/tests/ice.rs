//! Calls through NATs, in virtual time: who is heard, where packets go, and what a stranger gains.

use crate::internet;

use std::sync::Arc;

use internet::{ALICE, BOB, Internet, NatKind, at, server};
use ringbook_media::dtls::{Certificate, Fingerprint};
use ringbook_media::ice::IceCandidateKind::{Host, Relayed, ServerReflexive};
use ringbook_media::ice::{GATHERING, IceConfig, Loss, TurnServer};
use ringbook_media::rtp::{Packet, write_packet};
use ringbook_media::stream::{MediaPath, Protection, StreamConfig, StreamEvent};

fn kinds(net: &Internet, phone: usize) -> Vec<ringbook_media::ice::IceCandidateKind> {
    let candidates = net.phones[phone].candidates.as_ref().unwrap();
    candidates.iter().map(|one| one.kind).collect()
}

fn path(net: &Internet, phone: usize) -> Option<MediaPath> {
    net.phones[phone].stream.stats().path
}

/// Where the last packets with a voice went: those are longer than checks.
fn last_voice(net: &Internet, phone: usize) -> std::net::SocketAddr {
    let sent = net.phones[phone].sent.iter().rev();
    sent.clone()
        .find(|(_, len)| (172..=176).contains(len))
        .unwrap()
        .0
}

/// A packet of µ-law that would be loud.
fn loud(sequence: u16) -> Vec<u8> {
    let packet = Packet {
        marker: false,
        payload_type: 0,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc: 7,
        payload: &[0x20; 160],
    };
    let mut wire = [0; 200];
    let len = write_packet(&packet, &mut wire).unwrap();
    wire[..len].to_vec()
}

#[test]
fn in_one_network_the_computers_own_addresses_are_taken_at_once() {
    let mut net = Internet::new("10.0.1.5:40000", "10.0.1.6:40000");
    net.gather(false, false);
    for phone in [ALICE, BOB] {
        assert_eq!(kinds(&net, phone), [Host]);
        assert_eq!(
            net.phones[phone].gathered_after, 0,
            "nobody has to be asked"
        );
    }
    net.connect("one");
    net.run(0.5);
    assert!(net.phones[ALICE].hears(15) && net.phones[BOB].hears(15));
    assert_eq!(path(&net, ALICE), Some(MediaPath::Direct));
    assert_eq!(last_voice(&net, ALICE), net.phones[BOB].address);
}

#[test]
fn every_address_of_a_computer_is_offered_and_the_one_that_leads_far_away_is_preferred() {
    let mut net = Internet::new("10.0.1.5:40000", "10.0.1.6:40000");
    let now = net.now();
    let phone = &mut net.phones[ALICE];
    let config = IceConfig {
        host: phone.address,
        others: vec!["172.30.0.1".parse().unwrap(), "10.8.0.2".parse().unwrap()],
        stun: None,
        turn: None,
        deadline: now + GATHERING,
    };
    phone.stream.gather(now, config, &mut |_, _| {});
    net.run(0.1);
    let mut candidates = net.phones[ALICE].candidates.clone().unwrap();
    candidates.sort_by_key(|one| std::cmp::Reverse(one.priority));
    let addresses: Vec<_> = candidates.iter().map(|one| one.address).collect();
    let expected = ["10.0.1.5:40000", "172.30.0.1:40000", "10.8.0.2:40000"];
    assert_eq!(addresses, expected.map(at));
    assert_eq!(kinds(&net, ALICE), [Host, Host, Host]);
}

#[test]
fn through_two_nats_the_addresses_that_a_stun_server_sees_are_taken() {
    let mut net = Internet::behind_nats(NatKind::PortRestricted);
    net.gather(true, false);
    assert_eq!(kinds(&net, ALICE), [Host, ServerReflexive]);
    let took = net.phones[ALICE].gathered_after;
    assert!(took <= 5, "the answer is waited for and no longer: {took}");
    net.connect("one");
    net.run(2.0);
    assert!(net.phones[ALICE].hears(50) && net.phones[BOB].hears(50));
    assert_eq!(path(&net, BOB), Some(MediaPath::Direct));
    assert_eq!(last_voice(&net, ALICE).ip(), at("203.0.113.2:1").ip());
}

#[test]
fn through_symmetric_nats_the_turn_server_passes_packets_on() {
    let mut net = Internet::behind_nats(NatKind::Symmetric);
    net.gather(true, true);
    assert_eq!(kinds(&net, ALICE), [Host, ServerReflexive, Relayed]);
    assert!(net.phones[ALICE].gathered_after <= 20);
    net.connect("one");
    net.run(3.0);
    assert!(net.phones[ALICE].hears(50) && net.phones[BOB].hears(50));
    let paths = [path(&net, ALICE), path(&net, BOB)];
    assert!(paths.contains(&Some(MediaPath::Relayed)), "{paths:?}");
    // It goes on through the refreshes of permissions and channels (RFC 8656 §9, §12: 5 and 10 minutes).
    net.run(700.0);
    assert!(net.phones[ALICE].hears(50) && net.phones[BOB].hears(50));
}

#[test]
fn servers_that_do_not_answer_are_not_waited_for_longer_than_half_a_second() {
    let mut net = Internet::behind_nats(NatKind::PortRestricted);
    net.has_server = false;
    net.gather(true, true);
    assert_eq!(kinds(&net, ALICE), [Host]);
    let took = net.phones[ALICE].gathered_after;
    assert!((20..=26).contains(&took), "{took}");
}

#[test]
fn a_turn_server_that_refuses_us_leaves_the_other_candidates() {
    let mut net = Internet::behind_nats(NatKind::PortRestricted);
    let now = net.now();
    let phone = &mut net.phones[ALICE];
    let turn = TurnServer {
        address: server(),
        user: "agent".to_owned(),
        password: "wrong".to_owned(),
    };
    let config = IceConfig {
        host: phone.address,
        others: Vec::new(),
        stun: None,
        turn: Some(turn),
        deadline: now + GATHERING,
    };
    phone.stream.gather(now, config, &mut |_, _| {});
    net.run(0.6);
    assert_eq!(kinds(&net, ALICE), [Host, ServerReflexive]);
}

#[test]
fn a_stranger_is_neither_heard_nor_answered() {
    let mut net = Internet::new("10.0.1.5:40000", "10.0.1.6:40000");
    net.gather(false, false);
    net.connect("one");
    net.run(1.0);
    let before = net.phones[BOB].stream.stats().packets_received;
    let (stranger, bob) = (at("192.0.2.66:7000"), net.phones[BOB].address);
    for number in 0..200 {
        net.send(stranger, bob, &loud(number));
        for check in checks() {
            net.send(stranger, bob, &check);
        }
        net.tick();
    }
    let heard = net.phones[BOB].stream.stats().packets_received - before;
    assert!((199..=201).contains(&heard), "{heard}");
    assert!(net.phones[BOB].sent.iter().all(|(to, _)| *to != stranger));
    assert!(net.phones[BOB].hears(50));
    assert_eq!(last_voice(&net, BOB), net.phones[ALICE].address);
}

/// Checks without integrity, with the wrong one, with wrong names, and a server's answer that nobody asked for.
fn checks() -> Vec<Vec<u8>> {
    use is::stun::{StunMessage, TransId};
    use is::{DefaultSha1HmacProvider, Sha1HmacProvider as _};
    let write = |message: StunMessage<'_>, password: Option<&str>| {
        let mut wire = vec![0; 500];
        let hmac = |key: &[u8], parts: &[&[u8]]| DefaultSha1HmacProvider.sha1_hmac(key, parts);
        let len = message.to_bytes(password.map(str::as_bytes), &mut wire, hmac);
        wire.truncate(len.unwrap());
        wire
    };
    let check = |name, password| {
        let request =
            StunMessage::binding_request(name, TransId::new(), true, 1, u32::MAX >> 1, true);
        write(request, password)
    };
    let answer = |password| {
        let reply = StunMessage::binding_reply(TransId::new(), at("192.0.2.66:7000"));
        write(reply, password)
    };
    let right = Some("password-of-the-phone-one1");
    vec![
        check("one1:one0", None),
        check("one1:one0", Some("password-of-a-stranger-to-be")),
        check("one9:one0", right),
        check("one1:one9", right),
        answer(None),
        answer(Some("password-of-the-phone-one0")),
    ]
}

#[test]
fn stun_changes_nothing_in_a_call_without_ice() {
    let mut net = Internet::new("10.0.1.5:40000", "10.0.1.6:40000");
    net.gather(false, false);
    for (here, there) in [(ALICE, BOB), (BOB, ALICE)] {
        let plain = StreamConfig {
            ice: None,
            ..net.config("one", here, there)
        };
        let now = net.now();
        net.phones[here].stream.configure(now, plain).unwrap();
    }
    let (stranger, bob) = (at("192.0.2.66:7000"), net.phones[BOB].address);
    for _ in 0..50 {
        for check in checks() {
            net.send(stranger, bob, &check);
        }
        net.tick();
    }
    assert!(net.phones[ALICE].hears(40) && net.phones[BOB].hears(40));
    assert!(net.phones[BOB].sent.iter().all(|(to, _)| *to != stranger));
    assert_eq!(path(&net, BOB), None);
    while let Some(event) = net.phones[BOB].stream.poll_event() {
        assert_eq!(event, StreamEvent::FirstPacket);
    }
}

#[test]
fn keys_are_agreed_on_over_the_pair_that_was_found() {
    let mut net = Internet::behind_nats(NatKind::Symmetric);
    net.gather(true, true);
    let certificates = [(); 2].map(|()| Arc::new(Certificate::generate().unwrap()));
    for (here, there) in [(ALICE, BOB), (BOB, ALICE)] {
        let theirs = certificates[there].fingerprint();
        let config = StreamConfig {
            protection: Protection::Dtls {
                active: here == BOB,
                fingerprints: vec![Fingerprint::Sha256(theirs)],
            },
            ..net.config("one", here, there)
        };
        let now = net.now();
        let stream = &mut net.phones[here].stream;
        stream.set_certificate(certificates[here].clone());
        stream.configure(now, config).unwrap();
    }
    net.run(4.0);
    assert!(net.phones[ALICE].hears(50) && net.phones[BOB].hears(50));
    let paths = [path(&net, ALICE), path(&net, BOB)];
    assert!(paths.contains(&Some(MediaPath::Relayed)), "{paths:?}");
}

#[test]
fn nats_that_forget_the_call_are_noticed_and_a_restart_brings_the_sound_back_within_five_seconds() {
    for (kind, turn) in [(NatKind::PortRestricted, false), (NatKind::Symmetric, true)] {
        let mut net = Internet::behind_nats(kind);
        net.gather(true, turn);
        net.connect("one");
        net.run(3.0);
        assert!(net.phones[ALICE].hears(25) && net.phones[BOB].hears(25));
        // Both routers: every port outside is another one now.
        for nat in &mut net.nats {
            nat.forget();
        }
        let forgotten = net.ticks;
        while net.phones[BOB].losses.is_empty() {
            net.tick();
            assert!(net.ticks - forgotten < 200);
        }
        // What the phones do then: one has candidates ready when the offer of the other comes.
        assert_eq!(net.phones[BOB].losses, [Loss::Prepare]);
        net.begin_gathering(BOB, true, turn);
        while net.phones[ALICE].losses.is_empty() {
            net.tick();
        }
        assert_eq!(net.phones[ALICE].losses, [Loss::Offer]);
        net.begin_gathering(ALICE, true, turn);
        while net.phones[ALICE].candidates.is_none() {
            net.tick();
        }
        net.connect("two");
        while !net.phones[BOB].hears(5) || !net.phones[ALICE].hears(5) {
            net.tick();
            assert!(net.ticks - forgotten < 250, "five seconds");
        }
        net.run(10.0);
        assert_eq!(net.phones[BOB].losses.len(), 1);
    }
}

#[test]
fn one_nat_that_forgets_the_call_is_followed_without_a_restart() {
    for forgetful in [ALICE, BOB] {
        let mut net = Internet::behind_nats(NatKind::Symmetric);
        net.gather(true, true);
        net.connect("one");
        net.run(3.0);
        // Who is relayed hears the other from elsewhere, and answers there.
        let relayed = [ALICE, BOB].map(|phone| path(&net, phone) == Some(MediaPath::Relayed));
        if relayed[forgetful] {
            continue;
        }
        net.nats[forgetful].forget();
        net.run(5.0);
        assert!(net.phones[ALICE].hears(25) && net.phones[BOB].hears(25));
        assert!(net.phones[ALICE].losses.is_empty() && net.phones[BOB].losses.is_empty());
        return;
    }
    panic!("both are relayed: nothing was tried");
}

#[test]
fn a_call_in_which_nobody_speaks_is_not_lost() {
    let mut net = Internet::behind_nats(NatKind::PortRestricted);
    net.gather(true, false);
    for (here, there) in [(ALICE, BOB), (BOB, ALICE)] {
        let held = StreamConfig {
            send: false,
            ..net.config("one", here, there)
        };
        let now = net.now();
        net.phones[here].stream.configure(now, held).unwrap();
    }
    net.run(120.0);
    assert!(net.phones[ALICE].losses.is_empty() && net.phones[BOB].losses.is_empty());
}

#[test]
fn a_phone_that_moves_is_heard_again_with_its_new_candidates() {
    let mut net = Internet::behind_nats(NatKind::PortRestricted);
    net.gather(true, false);
    net.connect("one");
    net.run(2.0);
    // From behind its NAT into another network.
    net.phones[ALICE].address = at("192.0.2.9:40000");
    net.begin_gathering(ALICE, true, false);
    net.run(0.3);
    assert_eq!(kinds(&net, ALICE), [Host]);
    net.connect("two");
    net.run(1.5);
    assert!(net.phones[ALICE].hears(25) && net.phones[BOB].hears(25));
    assert_eq!(last_voice(&net, BOB), net.phones[ALICE].address);
}

#[test]
fn a_restart_goes_on_over_the_former_pair_without_a_gap() {
    let mut net = Internet::behind_nats(NatKind::PortRestricted);
    net.gather(true, false);
    net.connect("one");
    net.run(2.0);
    net.connect("two");
    net.run(1.0);
    assert!(net.phones[ALICE].hears(50) && net.phones[BOB].hears(50));
}

#[test]
fn who_does_not_answer_checks_any_more_is_sent_nothing() {
    let mut net = Internet::new("10.0.1.5:40000", "10.0.1.6:40000");
    net.gather(false, false);
    net.connect("one");
    net.run(2.0);
    net.phones[BOB].is_plugged = false;
    // RFC 7675 §5.1: consent lasts thirty seconds.
    net.run(30.0);
    let voices = |net: &Internet| {
        let sent = net.phones[ALICE].sent.iter();
        sent.filter(|(_, len)| (172..=176).contains(len)).count()
    };
    let before = voices(&net);
    net.run(2.0);
    assert_eq!(voices(&net), before);
    assert_eq!(path(&net, ALICE), None);
}

#[test]
fn the_same_session_in_a_change_of_the_call_is_no_restart() {
    let mut net = Internet::new("10.0.1.5:40000", "10.0.1.6:40000");
    net.gather(false, false);
    net.connect("one");
    net.run(1.0);
    let checks = net.phones[ALICE]
        .sent
        .iter()
        .filter(|(_, len)| *len < 150)
        .count();
    net.connect("one");
    net.run(0.2);
    let again = net.phones[ALICE]
        .sent
        .iter()
        .filter(|(_, len)| *len < 150)
        .count();
    assert!(again - checks <= 2, "{checks} {again}");
    assert!(net.phones[ALICE].hears(10));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    #[test]
    fn no_datagram_panics(datagram in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), stun in proptest::prelude::any::<bool>()) {
        let mut net = Internet::behind_nats(NatKind::PortRestricted);
        net.gather(true, true);
        net.connect("one");
        let mut datagram = datagram;
        if stun && datagram.len() >= 20 {
            datagram[0] &= 3;
            let len = datagram.len() as u16 - 20;
            datagram.truncate(20 + usize::from(len & !3));
            datagram[2..4].copy_from_slice(&(len & !3).to_be_bytes());
            datagram[4..8].copy_from_slice(&0x2112_a442_u32.to_be_bytes());
        }
        let now = net.now();
        for source in [server(), at("203.0.113.2:50001"), at("192.0.2.66:7000")] {
            net.phones[ALICE].stream.handle_rtp(now, source, &datagram);
        }
        net.run(0.1);
    }
}
