//! One message in is one message out, over connections too: whoever cuts a stream in another way
//! than a proxy before us could be made to act on what that proxy never saw.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::support::{Door, StreamPeer, eventually, pause, together};

/// A request that gets 200, with further header fields and a body.
fn options(id: &str, extra: &str, body: &str) -> String {
    format!(
        "OPTIONS sip:101@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK-{id}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:peer@127.0.0.1>;tag=1\r\nTo: <sip:101@127.0.0.1>\r\n\
         Call-ID: {id}\r\nCSeq: 1 OPTIONS\r\n{extra}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What is sent, and the status and Call-ID of every answer. A request named `after` follows on the
/// same connection: where it is not answered, the connection is closed.
struct Case {
    what: &'static str,
    sent: String,
    answers: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    let inner = options("inner", "", "");
    let case = |what, sent, answers| Case {
        what,
        sent,
        answers,
    };
    let mut cases = vec![
        case(
            "two at once",
            options("1", "", "") + &options("2", "", "body"),
            &["200 1", "200 2", "200 after"],
        ),
        case(
            "a message in the body of another",
            options("outer", "", &inner),
            &["200 outer", "200 after"],
        ),
        case(
            "two lengths that disagree",
            options("outer", "Content-Length: 0\r\n", &inner),
            &["400 outer"],
        ),
        case(
            "two lengths that disagree, one compact",
            options("outer", "l: 0\r\n", &inner),
            &["400 outer"],
        ),
        case(
            "two lengths that agree",
            options("outer", "Content-Length: 0\r\n", ""),
            &["400 outer"],
        ),
        case(
            "a length that is none",
            options("outer", "", "").replace("Length: 0", "Length: 0x0") + &inner,
            &["400 outer"],
        ),
        case(
            "no length",
            options("outer", "", "").replace("Content-Length: 0\r\n", "") + &inner,
            &["400 outer"],
        ),
        case(
            "a length beyond all measure",
            options("outer", "", "").replace("Length: 0", "Length: 4294967296"),
            &["513 outer"],
        ),
        case(
            "a line end that only some see",
            options("outer", "X: 1\nContent-Length: 0\n\n", &inner),
            &["400 outer"],
        ),
        case(
            "a response that nobody waits for, and a request behind it",
            inner.replacen("OPTIONS sip:101@127.0.0.1 SIP/2.0", "SIP/2.0 200 OK", 1)
                + &options("1", "", ""),
            &["200 1", "200 after"],
        ),
    ];
    for (field, extra) in [
        ("From", "From: <sip:other@127.0.0.1>;tag=2\r\n"),
        ("To", "t: <sip:102@127.0.0.1>\r\n"),
        ("Call-ID", "i: other\r\n"),
        ("CSeq", "CSeq: 2 OPTIONS\r\n"),
        ("Max-Forwards", "Max-Forwards: 0\r\n"),
    ] {
        // The message has its length: only it is refused.
        cases.push(case(
            field,
            options("outer", extra, ""),
            &["400 outer", "200 after"],
        ));
    }
    cases
}

#[test]
fn one_message_in_is_one_message_out_over_tcp() {
    let _turn = together();
    let door = Door::open();
    for case in cases() {
        judge(&case, door.tcp(Ipv4Addr::LOCALHOST));
    }
}

#[test]
fn one_message_in_is_one_message_out_over_tls() {
    let _turn = together();
    let door = Door::open();
    for case in cases() {
        judge(&case, door.tls(Ipv4Addr::LOCALHOST));
    }
}

fn judge(case: &Case, mut peer: StreamPeer) {
    let whole = case.sent.clone() + &options("after", "", "");
    peer.send(whole.as_bytes());
    let mut answers = Vec::new();
    while let Some(answer) = peer.next() {
        answers.push(brief(&answer));
        if answers.last().is_some_and(|last| last.ends_with(" after")) {
            break;
        }
    }
    assert_eq!(answers, case.answers, "{}", case.what);
}

/// The status and the Call-ID of a response.
fn brief(response: &str) -> String {
    let status = response.split(' ').nth(1).unwrap_or_default();
    let id = response
        .lines()
        .find_map(|line| line.strip_prefix("Call-ID: "));
    format!("{status} {}", id.unwrap_or_default())
}

#[test]
fn a_message_may_come_octet_by_octet() {
    let _turn = together();
    let door = Door::open();
    for mut peer in [door.tcp(Ipv4Addr::LOCALHOST), door.tls(Ipv4Addr::LOCALHOST)] {
        for octet in options("slow", "", "body").bytes() {
            assert!(peer.send(&[octet]));
        }
        assert_eq!(
            peer.next().map(|answer| brief(&answer)).unwrap(),
            "200 slow"
        );
    }
}

#[test]
fn twenty_connections_of_one_address_are_served_and_no_more() {
    let _turn = together();
    let door = Door::open();
    let (crowded, free) = (Ipv4Addr::new(127, 0, 2, 1), Ipv4Addr::new(127, 0, 2, 2));
    let serves = |peer: &mut StreamPeer, id: &str| {
        peer.send(options(id, "", "").as_bytes());
        peer.next().map(|answer| brief(&answer)) == Some(format!("200 {id}"))
    };
    // Over both together, as they have one limit.
    let mut crowd: Vec<StreamPeer> = (0..20)
        .map(|n| match n % 2 {
            0 => door.tcp(crowded),
            _ => door.tls(crowded),
        })
        .collect();
    for (n, peer) in crowd.iter_mut().enumerate() {
        assert!(serves(peer, &format!("of-the-crowd-{n}")), "{n}");
    }
    assert!(!serves(&mut door.tcp(crowded), "one-more"));
    assert!(!serves(&mut door.tls(crowded), "one-more-secretly"));
    assert!(serves(&mut door.tcp(free), "from-elsewhere"));
    assert!(serves(&mut door.tls(free), "from-elsewhere-secretly"));
    // Who leaves makes room.
    drop(crowd.pop());
    eventually("room for one more", || {
        serves(&mut door.tcp(crowded), "again").then_some(())
    });
    assert!(serves(&mut crowd[0], "still-there"));
}

#[test]
fn a_header_has_ten_seconds_even_when_it_never_pauses() {
    let _turn = together();
    let door = Door::open();
    let mut peers = [door.tcp(Ipv4Addr::LOCALHOST), door.tls(Ipv4Addr::LOCALHOST)];
    for (peer, id) in peers.iter_mut().zip(["plain", "secret"]) {
        // What came before buys no time.
        assert!(peer.send(options(id, "", "").as_bytes()));
        assert!(peer.next().is_some());
        assert!(peer.send(b"OPTIONS sip:101@127.0.0.1 SIP/2.0\r\nX: "));
    }
    let begin = Instant::now();
    let mut ended = [None; 2];
    while ended.contains(&None) && begin.elapsed() < Duration::from_secs(14) {
        pause(Duration::from_millis(250));
        for (peer, ended) in peers.iter_mut().zip(&mut ended) {
            if ended.is_none() && !peer.send(b"x") {
                *ended = Some(begin.elapsed().as_secs_f64());
            }
        }
    }
    for ended in ended {
        let after = ended.expect("the connection is closed");
        assert!((9.5..12.0).contains(&after), "after {after} s");
    }
}
