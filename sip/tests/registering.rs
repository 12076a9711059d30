//! Registration against a scripted registrar (RFC 3261 §10.2, RFC 5626, RFC 3581).

use crate::support;

use std::time::Duration;

use ringbook_sip::auth::{Algorithm, Verdict, Verifier};
use ringbook_sip::message::{Method, Request, Response};
use ringbook_sip::user_agent::{
    AccountConfig, AccountId, Event, Load, Output, RegistrationState, Secret, StreamEvent,
    Transport,
};
use support::peer::respond;
use support::*;

fn start(edit: impl FnOnce(&mut AccountConfig)) -> (World, AccountId) {
    let mut alice = Agent::new("alice", "10.0.0.1:5060", 1);
    let mut config = account("101", "sip:10.0.0.9");
    edit(&mut config);
    let line = alice.ua.add_account(config);
    let mut world = World::new(vec![alice]);
    world.with(ALICE, |ua, now| ua.register(now, line));
    (world, line)
}

fn grant(world: &mut World, request: &Request, seconds: u32) {
    respond(world, request, 200, "reg", |response| {
        let contact = request.headers.contacts()[0].clone();
        let mut contact = contact;
        contact.params.set("expires", Some(&seconds.to_string()));
        response.headers.set("Contact", contact.to_string());
        response
            .headers
            .push("Contact", "<sip:other@10.9.9.9>;expires=7");
    });
    world.run(ms(20));
}

fn states(world: &World) -> Vec<RegistrationState> {
    let events = world.agents[ALICE].events.iter();
    events
        .filter_map(|event| match event {
            Event::Registration { state, .. } => Some(*state),
            _ => None,
        })
        .collect()
}

fn registered(seconds: u64) -> RegistrationState {
    RegistrationState::Registered {
        expires: secs(seconds),
    }
}

fn retry_in(world: &World) -> Duration {
    match states(world).last() {
        Some(RegistrationState::Failed {
            retry_in: Some(wait),
        }) => *wait,
        other => panic!("not failed: {other:?}"),
    }
}

/// The next REGISTER and when it came.
fn next_register(world: &mut World, within: Duration) -> (Request, Duration) {
    let (begin, end) = (world.now, world.now + within);
    while world.now < end {
        while let Some((_, _, bytes)) = world.scripted.pop_front() {
            if let Ok(message) = ringbook_sip::message::parse_datagram(&bytes) {
                let request = message.as_request().unwrap().clone();
                assert_eq!(request.method, Method::Register);
                return (request, world.now - begin);
            }
        }
        world.run(ms(100));
    }
    panic!("no REGISTER within {within:?}");
}

fn challenge(
    verifier: &mut Verifier,
    world: &World,
    nonce: &str,
    stale: bool,
) -> impl FnOnce(&mut Response) + use<> {
    let challenge = verifier.challenge(world.now, nonce, stale).to_string();
    move |response| response.headers.push("WWW-Authenticate", challenge)
}

fn verdict(verifier: &mut Verifier, world: &World, request: &Request) -> Verdict {
    let authorization = request
        .headers
        .get("Authorization")
        .expect("no Authorization");
    verifier.verify(
        world.now,
        authorization,
        &request.method,
        &request.body,
        |user| (user == "101").then(|| "secret".to_owned()),
    )
}

#[test]
fn a_register_names_the_account_and_where_it_is_reached() {
    let (mut world, _) = start(|_| {});
    let register = world.next_request();
    assert_eq!(register.uri.to_string(), "sip:10.0.0.9");
    assert_eq!(register.from.uri, register.to.uri);
    assert_eq!(register.from.uri.to_string(), "sip:101@office.example");
    assert!(register.to.tag().is_none() && register.from.tag().is_some());
    let contact = &register.headers.contacts()[0];
    assert!(contact.uri.to_string().starts_with("sip:101-"));
    assert_eq!(contact.uri.host().unwrap().to_string(), "10.0.0.1");
    assert_eq!(contact.params.get("expires"), Some("300"));
    assert!(
        contact
            .params
            .get("+sip.instance")
            .unwrap()
            .starts_with("\"<urn:uuid:")
    );
    grant(&mut world, &register, 300);
    assert_eq!(
        states(&world),
        [RegistrationState::Registering, registered(300)]
    );
}

#[test]
fn the_registrars_time_counts_and_the_refresh_is_in_time() {
    let (mut world, _) = start(|_| {});
    let first = world.next_request();
    grant(&mut world, &first, 100);
    let (second, after) = next_register(&mut world, secs(120));
    assert!(after >= secs(85) && after < secs(95), "{after:?}");
    assert_eq!(second.call_id, first.call_id);
    assert_eq!(second.cseq.seq, first.cseq.seq + 1);
    assert_eq!(
        second.headers.contacts()[0].uri,
        first.headers.contacts()[0].uri,
        "stable"
    );
    grant(&mut world, &second, 100);
    assert_eq!(
        states(&world),
        [
            RegistrationState::Registering,
            registered(100),
            registered(100)
        ],
        "a refresh is no news but for its result"
    );
}

#[test]
fn the_expires_header_counts_where_the_contact_says_nothing() {
    let (mut world, _) = start(|_| {});
    let register = world.next_request();
    respond(&mut world, &register, 200, "reg", |response| {
        response.headers.remove("Contact");
        response.headers.push("Expires", "77");
    });
    world.run(ms(20));
    assert_eq!(states(&world).last(), Some(&registered(77)));
}

#[test]
fn a_challenge_is_answered_and_its_nonce_used_again() {
    let (mut world, _) = start(|_| {});
    let mut verifier = Verifier::new("office", Algorithm::Sha256);
    let first = world.next_request();
    assert!(!first.headers.has("Authorization"));
    let edit = challenge(&mut verifier, &world, "n1", false);
    respond(&mut world, &first, 401, "reg", edit);
    let second = world.next_request();
    assert!(matches!(
        verdict(&mut verifier, &world, &second),
        Verdict::Accepted { .. }
    ));
    assert_eq!(second.cseq.seq, first.cseq.seq + 1);
    assert_ne!(second.top_via.branch(), first.top_via.branch());
    grant(&mut world, &second, 60);
    let (third, _) = next_register(&mut world, secs(60));
    assert!(
        matches!(
            verdict(&mut verifier, &world, &third),
            Verdict::Accepted { .. }
        ),
        "nc=2"
    );
    assert!(third.cseq.seq > second.cseq.seq);
    // The server has forgotten the nonce: stale is excused at once.
    let edit = challenge(&mut verifier, &world, "n2", true);
    respond(&mut world, &third, 401, "reg", edit);
    let fourth = world.next_request();
    assert!(matches!(
        verdict(&mut verifier, &world, &fourth),
        Verdict::Accepted { .. }
    ));
    grant(&mut world, &fourth, 60);
    assert_eq!(states(&world).last(), Some(&registered(60)));
}

#[test]
fn a_proxy_that_gives_the_registrars_nonce_is_answered_all_the_same() {
    let (mut world, line) = start(|_| {});
    let mut verifier = Verifier::new("office", Algorithm::Md5);
    let first = world.next_request();
    let edit = challenge(&mut verifier, &world, "n1", false);
    respond(&mut world, &first, 401, "reg", edit);
    let second = world.next_request();
    grant(&mut world, &second, 300);
    let target = uri("sip:bob@10.0.0.9");
    world.with(0, |ua, now| {
        ua.invite(now, line, &target, media(4000)).unwrap()
    });
    let invite = world.next_request();
    let same = verifier.challenge(world.now, "n1", false).to_string();
    respond(&mut world, &invite, 407, "p", |response| {
        response.headers.push("Proxy-Authenticate", same)
    });
    assert_eq!(world.next_request().method, Method::Ack);
    let again = world.next_request();
    assert_eq!(again.method, Method::Invite);
    assert!(again.headers.has("Proxy-Authorization"));
    // Once is enough: twice makes a call too long for a datagram.
    assert!(invite.headers.has("Authorization") && !again.headers.has("Authorization"));
    respond(&mut world, &again, 486, "p", |_| {});
    assert_eq!(world.next_request().method, Method::Ack);
    let (refresh, _) = next_register(&mut world, secs(300));
    assert!(refresh.headers.has("Authorization"));
}

#[test]
fn a_new_nonce_without_stale_is_answered_once() {
    let (mut world, _) = start(|_| {});
    let mut verifier = Verifier::new("office", Algorithm::Md5);
    let first = world.next_request();
    let edit = challenge(&mut verifier, &world, "n1", false);
    respond(&mut world, &first, 401, "reg", edit);
    let second = world.next_request();
    grant(&mut world, &second, 60);
    let (third, _) = next_register(&mut world, secs(60));
    let edit = challenge(&mut verifier, &world, "n2", false);
    respond(&mut world, &third, 401, "reg", edit);
    let fourth = world.next_request();
    assert!(matches!(
        verdict(&mut verifier, &world, &fourth),
        Verdict::Accepted { .. }
    ));
}

#[test]
fn a_refused_password_is_not_tried_again_and_again() {
    let (mut world, _) = start(|config| config.password = Secret::new("wrong"));
    let mut verifier = Verifier::new("office", Algorithm::Md5);
    let first = world.next_request();
    let edit = challenge(&mut verifier, &world, "n1", false);
    respond(&mut world, &first, 401, "reg", edit);
    let second = world.next_request();
    assert_eq!(verdict(&mut verifier, &world, &second), Verdict::Refused);
    let edit = challenge(&mut verifier, &world, "n2", false);
    respond(&mut world, &second, 401, "reg", edit);
    world.expect_silence(secs(10));
    assert!(retry_in(&world) >= secs(15));
    assert!(matches!(
        world.agents[ALICE].events.last(),
        Some(Event::Registration {
            status: Some(401),
            ..
        })
    ));
}

#[test]
fn a_server_that_is_always_stale_is_given_up() {
    let (mut world, _) = start(|_| {});
    let mut verifier = Verifier::new("office", Algorithm::Md5);
    for n in 0..4 {
        let request = world.next_request();
        let edit = challenge(&mut verifier, &world, &format!("n{n}"), true);
        respond(&mut world, &request, 401, "reg", edit);
    }
    world.expect_silence(secs(10));
    retry_in(&world);
}

#[test]
fn an_interval_too_brief_is_raised() {
    let (mut world, _) = start(|config| config.expires = secs(30));
    let first = world.next_request();
    respond(&mut world, &first, 423, "reg", |r| {
        r.headers.push("Min-Expires", "120")
    });
    let second = world.next_request();
    assert_eq!(second.headers.get("Expires"), Some("120"));
    assert_eq!(
        second.headers.contacts()[0].params.get("expires"),
        Some("120")
    );
    // A registrar that never has enough is not followed for ever.
    respond(&mut world, &second, 423, "reg", |r| {
        r.headers.push("Min-Expires", "120")
    });
    world.expect_silence(secs(10));
    retry_in(&world);
}

#[test]
fn failures_wait_longer_and_longer_with_jitter() {
    let (mut world, _) = start(|_| {});
    let mut waits = Vec::new();
    for _ in 0..9 {
        let (request, _) = next_register(&mut world, secs(2000));
        respond(&mut world, &request, 500, "reg", |_| {});
        world.run(ms(20));
        waits.push(retry_in(&world));
    }
    for (n, wait) in waits.iter().enumerate() {
        let most = secs((30u64 << n.min(6)).min(1800));
        assert!(
            *wait >= most / 2 && *wait <= most,
            "{n}: {wait:?} of {most:?} (RFC 5626 §4.5)"
        );
    }
    // And after a success it begins anew.
    let (request, _) = next_register(&mut world, secs(2000));
    grant(&mut world, &request, 60);
    let (request, _) = next_register(&mut world, secs(60));
    respond(&mut world, &request, 500, "reg", |_| {});
    world.run(ms(20));
    assert!(retry_in(&world) <= secs(30));
}

#[test]
fn retry_after_is_obeyed() {
    let (mut world, _) = start(|_| {});
    let request = world.next_request();
    respond(&mut world, &request, 503, "reg", |r| {
        r.headers.push("Retry-After", "200 (later)")
    });
    world.run(ms(20));
    let wait = retry_in(&world);
    assert!(wait >= secs(200) && wait <= secs(220), "{wait:?}");
    let (_, after) = next_register(&mut world, secs(300));
    assert!(after >= secs(199), "{after:?}");
}

#[test]
fn a_silent_registrar_fails_after_32_seconds() {
    let (mut world, _) = start(|_| {});
    world.run(secs(33));
    assert!(matches!(
        world.agents[ALICE].events.last(),
        Some(Event::Registration {
            status: None,
            state: RegistrationState::Failed { .. },
            ..
        })
    ));
}

#[test]
fn unregistering_ends_the_binding() {
    let (mut world, line) = start(|_| {});
    let register = world.next_request();
    grant(&mut world, &register, 300);
    world.with(ALICE, |ua, now| ua.unregister(now, line));
    let removal = world.next_request();
    assert_eq!(removal.headers.get("Expires"), Some("0"));
    assert_eq!(
        removal.headers.contacts()[0].params.get("expires"),
        Some("0")
    );
    respond(&mut world, &removal, 200, "reg", |response| {
        response.headers.remove("Contact")
    });
    world.run(secs(60));
    assert_eq!(
        states(&world).last(),
        Some(&RegistrationState::Unregistered)
    );
    assert_eq!(
        world.agents[ALICE].ua.load(),
        Load::default(),
        "no timer is left"
    );
}

#[test]
fn unregistering_while_registering_waits_for_the_answer() {
    let (mut world, line) = start(|_| {});
    let register = world.next_request();
    world.with(ALICE, |ua, now| ua.unregister(now, line));
    grant(&mut world, &register, 300);
    let removal = world.next_request();
    assert_eq!(removal.headers.get("Expires"), Some("0"));
    world.run(secs(33));
    assert_eq!(
        states(&world).last(),
        Some(&RegistrationState::Unregistered)
    );
}

#[test]
fn an_account_that_does_not_register_stays_silent() {
    let (mut world, _) = start(|config| config.register = false);
    world.expect_silence(secs(5));
    assert!(world.agents[ALICE].events.is_empty());
}

#[test]
fn behind_a_nat_the_contact_is_what_the_registrar_sees() {
    let (mut world, line) = start(|_| {});
    let first = world.next_request();
    let seen = |response: &mut Response| {
        response.top_via.params.set("received", Some("192.0.2.55"));
        response.top_via.params.set("rport", Some("41000"));
    };
    respond(&mut world, &first, 200, "reg", seen);
    let second = world.next_request();
    let contact = second.headers.contacts()[0].uri.to_string();
    assert!(contact.ends_with("@192.0.2.55:41000"), "{contact}");
    respond(&mut world, &second, 200, "reg", seen);
    world.run(ms(50));
    assert_eq!(
        states(&world),
        [RegistrationState::Registering, registered(300)]
    );
    // Calls leave with it, and with no other.
    world.with(ALICE, |ua, now| {
        ua.invite(now, line, &uri("sip:peer@10.0.0.9"), media(4000))
            .unwrap()
    });
    let invite = world.next_request();
    assert!(
        invite.headers.contacts()[0]
            .uri
            .to_string()
            .ends_with("@192.0.2.55:41000")
    );
    assert_eq!(invite.top_via.host.to_string(), "10.0.0.1");
}

#[test]
fn an_idle_flow_is_kept_open() {
    let (mut world, _) = start(|_| {});
    let register = world.next_request();
    grant(&mut world, &register, 300);
    world.run(secs(60));
    let pings = world
        .scripted
        .iter()
        .filter(|(_, _, bytes)| bytes == b"\r\n\r\n")
        .count();
    assert!(
        (2..=3).contains(&pings),
        "{pings} in a minute, each within 25 s"
    );
}

#[test]
fn the_outbound_proxy_is_the_first_hop_of_everything() {
    let (mut world, line) = start(|config| {
        config.registrar = uri("sip:registrar.example");
        config.outbound_proxy = Some(uri("sip:10.0.0.9:5070"));
    });
    let register = world.next_request();
    assert_eq!(register.uri.to_string(), "sip:registrar.example");
    assert_eq!(
        register.headers.routes()[0].uri.to_string(),
        "sip:10.0.0.9:5070;lr"
    );
    assert_eq!(world.wire.last().unwrap().to, addr("10.0.0.9:5070"));
    world.with(ALICE, |ua, now| {
        ua.invite(now, line, &uri("sip:x@far.example"), media(4000))
            .unwrap()
    });
    let invite = world.next_request();
    assert_eq!(
        invite.headers.routes()[0].uri.to_string(),
        "sip:10.0.0.9:5070;lr"
    );
    assert_eq!(world.wire.last().unwrap().to, addr("10.0.0.9:5070"));
}

#[test]
fn numbers_and_users_of_the_own_domain_go_to_the_registrar() {
    let (mut world, line) = start(|_| {});
    world.next_request();
    for (target, called) in [
        ("sip:102@office.example", "sip:102@office.example"),
        (
            "tel:+7-701-111-22-33",
            "sip:+7-701-111-22-33@office.example;user=phone",
        ),
    ] {
        world.with(ALICE, |ua, now| {
            ua.invite(now, line, &uri(target), media(4000)).unwrap()
        });
        let invite = world.next_request();
        assert_eq!(
            (invite.method, invite.uri.to_string()),
            (Method::Invite, called.to_owned())
        );
    }
}

mod over_tcp {
    use super::*;

    /// Alice registers over TCP; the test plays the driver and the registrar.
    struct Stream {
        agent: Agent,
        now: std::time::Instant,
        line: AccountId,
    }

    enum Done {
        Connect(ringbook_sip::user_agent::ConnectionId),
        Sent(ringbook_sip::user_agent::ConnectionId, Vec<u8>),
        Close(ringbook_sip::user_agent::ConnectionId),
    }

    impl Stream {
        fn new() -> Stream {
            let mut agent = Agent::new("alice", "10.0.0.1:5060", 1);
            let line = agent
                .ua
                .add_account(account("101", "sip:10.0.0.9;transport=tcp"));
            let now = std::time::Instant::now();
            agent.ua.register(now, line);
            Stream { agent, now, line }
        }

        fn next(&mut self) -> Done {
            let end = self.now + secs(120);
            loop {
                match self.agent.ua.poll_output() {
                    Output::Connect {
                        connection,
                        transport,
                        remote,
                        ..
                    } => {
                        assert_eq!((transport, remote), (Transport::Tcp, addr("10.0.0.9:5060")));
                        return Done::Connect(connection);
                    }
                    Output::Transmit(transmit) => {
                        return Done::Sent(transmit.connection.unwrap(), transmit.bytes);
                    }
                    Output::Close(connection) => return Done::Close(connection),
                    Output::Event(event) => self.agent.events.push(event),
                    Output::Received(_) => panic!("nobody witnesses"),
                    Output::Resolve { .. } => panic!("nothing to resolve"),
                    Output::Timeout(Some(at)) if at <= end => {
                        self.now = at;
                        self.agent.ua.handle_timeout(at);
                    }
                    Output::Timeout(_) => panic!("nothing happens"),
                }
            }
        }

        fn drain(&mut self) {
            while let output = self.agent.ua.poll_output()
                && !matches!(output, Output::Timeout(_))
            {
                if let Output::Event(event) = output {
                    self.agent.events.push(event);
                }
            }
        }

        fn connect(&mut self) -> ringbook_sip::user_agent::ConnectionId {
            let Done::Connect(connection) = self.next() else {
                panic!("no connection")
            };
            let event = StreamEvent::Connected {
                local: addr("10.0.0.1:49152"),
                peer: addr("10.0.0.9:5060"),
            };
            self.agent.ua.handle_stream(self.now, connection, event);
            connection
        }

        fn register(&mut self) -> (ringbook_sip::user_agent::ConnectionId, Request) {
            let connection = self.connect();
            let Done::Sent(over, bytes) = self.next() else {
                panic!("nothing sent")
            };
            assert_eq!(over, connection);
            let message = ringbook_sip::message::parse_datagram(&bytes).unwrap();
            let request = message.as_request().unwrap().clone();
            (connection, request)
        }

        fn grant(&mut self, connection: ringbook_sip::user_agent::ConnectionId, request: &Request) {
            let mut response = Response::new(request, 200);
            response.to.set_tag("reg");
            let bytes = response.to_bytes();
            // A stream cuts anywhere.
            let (first, rest) = bytes.split_at(20);
            for part in [first, rest] {
                self.agent
                    .ua
                    .handle_stream(self.now, connection, StreamEvent::Data(part));
            }
            self.drain();
        }
    }

    #[test]
    fn the_contact_is_the_listener_and_the_connection_is_kept() {
        let mut stream = Stream::new();
        let (connection, register) = stream.register();
        assert_eq!(register.top_via.transport, "TCP");
        assert_eq!(register.top_via.port, Some(5060), "where we listen");
        let contact = register.headers.contacts()[0].uri.to_string();
        assert!(
            contact.ends_with("@10.0.0.1:5060;transport=tcp"),
            "{contact}"
        );
        stream.grant(connection, &register);
        assert!(matches!(
            stream.agent.events.last(),
            Some(Event::Registration {
                state: RegistrationState::Registered { .. },
                ..
            })
        ));
        // The refresh goes the same way; pings before it.
        loop {
            let Done::Sent(over, bytes) = stream.next() else {
                panic!("another connection")
            };
            assert_eq!(over, connection);
            if bytes.starts_with(b"REGISTER") {
                break;
            }
            assert_eq!(bytes, b"\r\n\r\n");
            stream
                .agent
                .ua
                .handle_stream(stream.now, connection, StreamEvent::Data(b"\r\n"));
        }
    }

    #[test]
    fn a_lost_connection_is_made_again_at_once() {
        let mut stream = Stream::new();
        let (connection, register) = stream.register();
        stream.grant(connection, &register);
        stream
            .agent
            .ua
            .handle_stream(stream.now, connection, StreamEvent::Closed);
        let (again, register) = stream.register();
        assert_ne!(again, connection);
        stream.grant(again, &register);
    }

    #[test]
    fn a_refused_or_silent_connection_fails_and_is_tried_later() {
        for silent in [false, true] {
            let mut stream = Stream::new();
            let Done::Connect(connection) = stream.next() else {
                panic!("no connection")
            };
            let begin = stream.now;
            if silent {
                assert!(matches!(stream.next(), Done::Close(closed) if closed == connection));
                assert!(
                    stream.now - begin <= ms(3500),
                    "the next target within 3.5 s"
                );
            } else {
                stream
                    .agent
                    .ua
                    .handle_stream(stream.now, connection, StreamEvent::Closed);
            }
            stream.drain();
            assert!(matches!(
                stream.agent.events.last(),
                Some(Event::Registration {
                    state: RegistrationState::Failed { .. },
                    ..
                })
            ));
            assert!(matches!(stream.next(), Done::Connect(_)), "and tried again");
        }
    }

    #[test]
    fn an_incoming_call_over_the_connection_is_answered_over_it() {
        let mut stream = Stream::new();
        let (connection, register) = stream.register();
        stream.grant(connection, &register);
        let user = register.headers.contacts()[0]
            .uri
            .user()
            .unwrap()
            .into_owned();
        let mut peer = support::peer::Peer::calling(&user, addr("10.0.0.1:5060"));
        let invite = peer.request("INVITE", "", &support::peer::sdp(5000, 1, "sendrecv"));
        let invite = String::from_utf8(invite)
            .unwrap()
            .replace("SIP/2.0/UDP", "SIP/2.0/TCP");
        stream
            .agent
            .ua
            .handle_stream(stream.now, connection, StreamEvent::Data(invite.as_bytes()));
        stream.drain();
        let call = stream.agent.incoming();
        assert!(matches!(
            stream.agent.events.last(),
            Some(Event::Incoming { account: Some(account), .. }) if *account == stream.line
        ));
        stream.agent.ua.ring(stream.now, call).unwrap();
        let Done::Sent(over, bytes) = stream.next() else {
            panic!("nothing sent")
        };
        assert_eq!(over, connection);
        assert!(bytes.starts_with(b"SIP/2.0 180"));
        // The connection breaks: the answer opens a new one to the Via's sent-by.
        stream
            .agent
            .ua
            .handle_stream(stream.now, connection, StreamEvent::Closed);
        stream
            .agent
            .ua
            .answer(stream.now, call, media(4000))
            .unwrap();
        let again = stream.connect();
        let mut answered = false;
        while !answered {
            let Done::Sent(over, bytes) = stream.next() else {
                panic!("nothing sent")
            };
            assert_eq!(over, again);
            answered = bytes.starts_with(b"SIP/2.0 200");
        }
    }

    #[test]
    fn an_unfinished_message_closes_the_connection_after_ten_seconds() {
        let mut stream = Stream::new();
        let connection = stream.agent.ua.new_connection();
        let accepted = StreamEvent::Accepted {
            transport: Transport::Tcp,
            local: addr("10.0.0.1:5060"),
            peer: addr("10.6.6.6:1000"),
        };
        stream.agent.ua.unregister(stream.now, stream.line);
        stream
            .agent
            .ua
            .handle_stream(stream.now, connection, accepted);
        let begin = stream.now;
        for n in 0..9 {
            let now = begin + secs(n);
            stream
                .agent
                .ua
                .handle_stream(now, connection, StreamEvent::Data(b"OPTIONS"));
        }
        loop {
            match stream.next() {
                Done::Close(closed) if closed == connection => break,
                _ => assert!(stream.now <= begin + secs(10), "a slow loris stays"),
            }
        }
        assert_eq!(stream.now, begin + secs(10));
    }

    #[test]
    fn one_address_gets_twenty_connections() {
        let mut stream = Stream::new();
        stream.drain();
        let mut closed = 0;
        for n in 0..30 {
            let connection = stream.agent.ua.new_connection();
            let accepted = StreamEvent::Accepted {
                transport: Transport::Tcp,
                local: addr("10.0.0.1:5060"),
                peer: addr(&format!("10.6.6.6:{}", 1000 + n)),
            };
            stream
                .agent
                .ua
                .handle_stream(stream.now, connection, accepted);
            if matches!(stream.agent.ua.poll_output(), Output::Close(id) if id == connection) {
                closed += 1;
            }
        }
        assert_eq!(closed, 10);
    }

    #[test]
    fn what_cannot_be_framed_is_answered_and_closed() {
        let mut stream = Stream::new();
        stream.drain();
        let connection = stream.agent.ua.new_connection();
        let accepted = StreamEvent::Accepted {
            transport: Transport::Tcp,
            local: addr("10.0.0.1:5060"),
            peer: addr("10.6.6.6:1000"),
        };
        stream
            .agent
            .ua
            .handle_stream(stream.now, connection, accepted);
        let bad = "OPTIONS sip:a@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 10.6.6.6;branch=z9hG4bKx\r\n\
                   From: <sip:x@y>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\
                   Content-Length: -1\r\n\r\n";
        stream
            .agent
            .ua
            .handle_stream(stream.now, connection, StreamEvent::Data(bad.as_bytes()));
        let Done::Sent(over, bytes) = stream.next() else {
            panic!("no answer")
        };
        assert_eq!(over, connection);
        assert!(bytes.starts_with(b"SIP/2.0 400"));
        assert!(matches!(stream.next(), Done::Close(closed) if closed == connection));
    }
}
