//! How an account stays reachable and reaches others: what its registrar says about the way, other
//! servers of the domain, dead flows, and a phone that moves.

use crate::support;

use std::net::IpAddr;

use ringbook_sip::message::{Message, Method, Request, Response, parse_datagram};
use ringbook_sip::resolve::{Question, Records, Srv};
use ringbook_sip::sdp::{Codec, Dtls, LocalMedia, SrtpPolicy};
use ringbook_sip::user_agent::{
    AccountConfig, AccountId, ConnectionId, Event, Output, RegistrationState, StreamEvent,
    TlsIdentity, Transport,
};
use support::peer::{respond, sdp, with_sdp};
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

/// Grants the next REGISTER, with something in the answer.
fn grant(world: &mut World, edit: impl FnOnce(&mut Response)) -> Request {
    let mut request = world.next_request();
    while request.method == Method::Options {
        request = world.next_request();
    }
    assert_eq!(request.method, Method::Register);
    respond(world, &request, 200, "reg", |response| {
        response
            .headers
            .set("Contact", request.headers.contacts()[0].to_string());
        edit(response);
    });
    world.run(ms(20));
    request
}

fn invite(world: &mut World, line: AccountId, target: &str) -> Request {
    world.with(ALICE, |ua, now| {
        ua.invite(now, line, &uri(target), media(4000)).unwrap();
    });
    world.next_request()
}

fn routes(request: &Request) -> Vec<String> {
    let routes = request.headers.routes();
    routes.iter().map(|route| route.uri.to_string()).collect()
}

fn last_state(world: &World) -> RegistrationState {
    let events = world.agents[ALICE].events.iter().rev();
    let mut states = events.filter_map(|event| match event {
        Event::Registration { state, .. } => Some(*state),
        _ => None,
    });
    states.next().unwrap()
}

#[test]
fn a_register_says_what_we_understand_and_which_flow_it_is() {
    let (mut world, _) = start(|_| {});
    let register = grant(&mut world, |_| {});
    assert!(register.headers.list_has("Supported", "path"));
    assert!(register.headers.list_has("Supported", "outbound"));
    assert!(!register.headers.list_has("Supported", "gruu"));
    assert_eq!(
        register.headers.contacts()[0].params.get("reg-id"),
        Some("1")
    );
}

#[test]
fn a_first_hop_that_cannot_keep_flows_is_asked_without() {
    let (mut world, _) = start(|_| {});
    let first = world.next_request();
    respond(&mut world, &first, 439, "reg", |_| {});
    let second = grant(&mut world, |_| {});
    assert!(!second.headers.contacts()[0].params.has("reg-id"));
    assert!(matches!(
        last_state(&world),
        RegistrationState::Registered { .. }
    ));
}

#[test]
fn new_requests_take_the_service_route() {
    let (mut world, line) = start(|_| {});
    grant(&mut world, |response| {
        response.headers.push(
            "Service-Route",
            "<sip:10.0.0.9:5070;lr>, <sip:core.example;lr>",
        );
    });
    let invite = invite(&mut world, line, "sip:bob@far.example");
    assert_eq!(
        routes(&invite),
        ["sip:10.0.0.9:5070;lr", "sip:core.example;lr"]
    );
    assert_eq!(world.wire.last().unwrap().to, addr("10.0.0.9:5070"));
    // REGISTER itself does not (RFC 3608 §6.1).
    world.run(secs(280));
    let refresh = world.wire.iter().rev().find_map(|seen| {
        let request = seen.message.as_request()?;
        (request.method == Method::Register).then_some(request)
    });
    assert!(routes(refresh.unwrap()).is_empty());
}

#[test]
fn an_outbound_proxy_comes_first_and_once() {
    let (mut world, line) = start(|config| config.outbound_proxy = Some(uri("sip:10.0.0.9:5070")));
    grant(&mut world, |response| {
        response.headers.push(
            "Service-Route",
            "<sip:10.0.0.9:5070;lr>, <sip:core.example;lr>",
        );
    });
    let invite = invite(&mut world, line, "sip:bob@far.example");
    assert_eq!(
        routes(&invite),
        ["sip:10.0.0.9:5070;lr", "sip:core.example;lr"]
    );
}

#[test]
fn an_address_that_leads_here_from_everywhere_is_the_contact_of_calls() {
    let (mut world, line) = start(|config| config.gruu = true);
    let register = grant(&mut world, |response| {
        let mut contact = response.headers.contacts()[0].clone();
        let gruu = "\"sip:101@office.example;gr=urn:uuid:1\"";
        contact.params.set("pub-gruu", Some(gruu));
        response.headers.set("Contact", contact.to_string());
    });
    let invite = invite(&mut world, line, "sip:bob@10.0.0.9");
    assert_eq!(
        invite.headers.contacts()[0].uri.to_string(),
        "sip:101@office.example;gr=urn:uuid:1"
    );
    assert!(register.headers.list_has("Supported", "gruu"));
    let registered = register.headers.contacts()[0].uri.to_string();
    assert!(registered.contains("@10.0.0.1:5060"), "{registered}");
}

#[test]
fn a_flow_that_the_proxy_keeps_is_named_in_calls() {
    let (mut world, line) = start(|_| {});
    grant(&mut world, |response| {
        response.headers.push("Require", "outbound")
    });
    let invite = invite(&mut world, line, "sip:bob@10.0.0.9");
    assert!(invite.headers.contacts()[0].uri.has_param("ob"));
}

#[test]
fn our_contact_is_found_by_the_phones_name_whatever_became_of_its_address() {
    let (mut world, _) = start(|_| {});
    let register = world.next_request();
    respond(&mut world, &register, 200, "reg", |response| {
        let ours = register.headers.contacts()[0].clone();
        let instance = ours.params.get("+sip.instance").unwrap();
        response
            .headers
            .set("Contact", "<sip:101@10.7.7.7>;expires=7");
        let altered = format!("<sip:x@192.0.2.1:1;alias=1>;expires=88;+sip.instance={instance}");
        response.headers.push("Contact", altered);
    });
    world.run(ms(20));
    let expires = secs(88);
    assert_eq!(
        last_state(&world),
        RegistrationState::Registered { expires }
    );
}

#[test]
fn a_registrar_may_send_us_within_its_domain_and_nowhere_else() {
    let moved = |to: &str| {
        let (mut world, _) = start(|config| config.registrar = uri("sip:office.example"));
        let host = Question::Addresses("office.example".to_owned());
        let ip: IpAddr = "10.0.0.9".parse().unwrap();
        for name in ["office.example", "two.office.example", "evil.example"] {
            let question = Question::Addresses(name.to_owned());
            world.zone.insert(question, Records::Addresses(vec![ip]));
        }
        assert!(world.zone.contains_key(&host));
        world.run(secs(100));
        world.scripted.clear();
        world.with(ALICE, |_, _| ());
        let request = world.next_request();
        let contact = format!("<{to}>");
        respond(&mut world, &request, 302, "reg", |response| {
            response.headers.set("Contact", contact);
        });
        world.run(ms(500));
        let next = world.scripted.pop_front();
        next.map(|(_, to, bytes)| (to, String::from_utf8(bytes).unwrap()))
    };
    let (to, text) = moved("sip:two.office.example:5080").unwrap();
    assert_eq!(to, addr("10.0.0.9:5080"));
    assert!(
        text.starts_with("REGISTER sip:two.office.example:5080 "),
        "{text}"
    );
    assert!(moved("sip:evil.example").is_none());
    assert!(moved("sip:notoffice.example").is_none());
}

/// Two servers of one domain, the first preferred.
fn two_servers(world: &mut World) {
    let record = |priority, port| Srv {
        priority,
        weight: 0,
        port,
        target: "10.0.0.9".to_owned(),
    };
    let question = Question::Srv("_sip._udp.office.example".to_owned());
    let records = Records::Srv(vec![record(1, 5060), record(2, 5070)]);
    world.zone.insert(question, records);
}

#[test]
fn calls_follow_the_registration_to_another_server_and_the_registration_goes_back() {
    let mut alice = Agent::new("alice", "10.0.0.1:5060", 1);
    let line = alice.ua.add_account(account("101", "sip:office.example"));
    let mut world = World::new(vec![alice]);
    two_servers(&mut world);
    world.with(ALICE, |ua, now| ua.register(now, line));
    let first = world.next_request();
    assert_eq!(world.wire.last().unwrap().to, addr("10.0.0.9:5060"));
    respond(&mut world, &first, 503, "one", |_| {});
    grant(&mut world, |_| {});
    assert_eq!(
        world
            .wire
            .iter()
            .rev()
            .find(|s| s.message.as_request().is_some())
            .unwrap()
            .to,
        addr("10.0.0.9:5070")
    );
    // The first one is back by then; only the registration tries it.
    world.run(secs(100));
    world.scripted.clear();
    let invite = invite(&mut world, line, "sip:102@office.example");
    assert_eq!(world.wire.last().unwrap().to, addr("10.0.0.9:5070"));
    respond(&mut world, &invite, 486, "busy", |_| {});
    world.run(secs(175));
    let registers = world.wire.iter().rev().find(|seen| {
        seen.message
            .as_request()
            .is_some_and(|request| request.method == Method::Register)
    });
    assert_eq!(registers.unwrap().to, addr("10.0.0.9:5060"));
}

#[test]
fn a_server_that_asks_for_time_is_left_alone_for_it() {
    let mut alice = Agent::new("alice", "10.0.0.1:5060", 1);
    let line = alice.ua.add_account(account("101", "sip:office.example"));
    let mut world = World::new(vec![alice]);
    two_servers(&mut world);
    world.with(ALICE, |ua, now| ua.register(now, line));
    let first = world.next_request();
    respond(&mut world, &first, 503, "one", |response| {
        response.headers.push("Retry-After", "600");
    });
    grant(&mut world, |_| {});
    world.run(secs(300));
    let to_first = world
        .wire
        .iter()
        .filter(|seen| seen.to == addr("10.0.0.9:5060"));
    assert_eq!(to_first.count(), 1);
}

#[test]
fn a_request_too_large_for_a_datagram_goes_by_tcp_and_by_udp_where_that_is_refused() {
    let long = format!("sip:{}@10.0.0.9", "b".repeat(900));
    // Nobody listens for TCP: it is refused.
    let (mut world, line) = start(|config| config.register = false);
    let first = invite(&mut world, line, &long);
    assert_eq!(first.top_via.transport, "UDP");
    // It is known by now that TCP leads nowhere: the next one does not try.
    let begin = world.now;
    invite(&mut world, line, &long);
    assert!(world.now - begin <= ms(10));
    // Somebody does.
    let (mut world, line) = pair();
    world.agents[BOB]
        .ua
        .add_account(account("bob", "sip:10.0.0.2"));
    let text = format!("sip:{}@10.0.0.2", "b".repeat(900));
    for (target, transport) in [
        (text.clone(), "TCP"),
        (text + ";transport=udp", "UDP"),
        ("sip:bob@10.0.0.2".to_owned(), "UDP"),
    ] {
        let before = world.wire.len();
        world.with(ALICE, |ua, now| {
            ua.invite(now, line, &uri(&target), media(4000)).unwrap();
        });
        world.run(ms(100));
        let sent = world.wire[before..]
            .iter()
            .find_map(|seen| seen.message.as_request());
        assert_eq!(sent.unwrap().top_via.transport, transport, "{target}");
    }
}

/// Four codecs, encryption where the peer can, an address of full length: what a call of an office
/// says without being told to, with the credentials that servers ask for.
#[test]
fn an_ordinary_call_with_credentials_fits_into_a_datagram() {
    for (challenge, header) in [
        // As Asterisk, FreeSWITCH and Kamailio ask, and the longest that is usual.
        (
            "nonce=\"1764331234/0123456789abcdef0123456789abcdef\", opaque=\"0123456789abcdef\", algorithm=MD5, qop=\"auth\"",
            "WWW-Authenticate",
        ),
        (
            "nonce=\"01234567-89ab-cdef-0123-456789abcdef\", algorithm=MD5, qop=\"auth\"",
            "Proxy-Authenticate",
        ),
        (
            "nonce=\"aSnYxGkp15zZUsrPr0vIdhYEkJuDVmHhT6O7XUmn3OQ5ZsD1\"",
            "Proxy-Authenticate",
        ),
        (
            "nonce=\"0123456789abcdef0123456789abcdef0123456789abcdef\", opaque=\"0123456789abcdef0123456789abcdef\", algorithm=SHA-256, qop=\"auth\"",
            "Proxy-Authenticate",
        ),
    ] {
        let sent = authorized_invite(challenge, header);
        let length = sent.len();
        assert!(
            length <= 1300,
            "{length} octets:\n{}",
            String::from_utf8_lossy(&sent)
        );
    }
}

/// The INVITE that answers this challenge.
fn authorized_invite(challenge: &str, header: &str) -> Vec<u8> {
    let mut alice = Agent::new("alice", "192.168.100.101:50600", 1);
    let mut config = account("1017", "sip:10.0.0.9");
    config.display_name = Some("Anna Petrova".to_owned());
    config.register = false;
    let line = alice.ua.add_account(config);
    let mut world = World::new(vec![alice]);
    let offer = LocalMedia {
        rtcp_port: Some(40_101),
        codecs: vec![Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu],
        srtp: SrtpPolicy::Optional,
        dtls: Some(Dtls {
            fingerprint: [0xab; 32],
            active: None,
            keys_in_clear: false,
        }),
        ..media(40_100)
    };
    let target = uri("sip:+74951234567@office.example");
    world.with(ALICE, |ua, now| {
        ua.invite(now, line, &target, offer).unwrap()
    });
    let first = world.next_request();
    let challenge = format!("Digest realm=\"office.example\", {challenge}");
    let status = if header == "WWW-Authenticate" {
        401
    } else {
        407
    };
    respond(&mut world, &first, status, "p", |response| {
        response.headers.push(header, challenge);
    });
    assert_eq!(world.next_request().method, Method::Ack);
    let sent = world.next_octets();
    let Ok(Message::Request(second)) = parse_datagram(&sent) else {
        panic!("{}", sent.escape_ascii())
    };
    let answer = header
        .replace("Authenticate", "Authorization")
        .replace("WWW-", "");
    assert!(second.headers.has(&answer));
    assert_eq!(second.headers.get("Allow"), first.headers.get("Allow"));
    // All the codecs are there, and the certificate.
    let mut bob = media(50_000);
    bob.address = "10.0.0.9".parse().unwrap();
    bob.codecs = vec![Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];
    let (_, plan) = ringbook_sip::sdp::answer(&bob, &second.body).unwrap();
    let codecs: Vec<Codec> = plan.receive_pts.iter().map(|(_, codec)| *codec).collect();
    assert_eq!(codecs, [Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu]);
    assert!(plan.dtmf_send_pt.is_some());
    assert!(String::from_utf8_lossy(&second.body).contains("a=fingerprint:sha-256 AB:"));
    sent
}

#[test]
fn a_registration_whose_address_is_gone_is_made_anew_and_calls_move() {
    let (mut world, line) = start(|_| {});
    grant(&mut world, |_| {});
    let mut free = media(4000);
    free.address = "10.0.0.1".parse().unwrap();
    world.with(ALICE, |ua, now| {
        ua.invite(now, line, &uri("sip:bob@10.0.0.9"), free)
            .unwrap();
    });
    let first = world.next_request();
    respond(&mut world, &first, 200, "bob", |response| {
        with_sdp(response, &sdp(5000, 1, "sendrecv"));
    });
    assert_eq!(world.next_request().method, Method::Ack);

    // The cable is pulled; the system has another address now.
    world.agents[ALICE].address = addr("10.0.0.77:5060");
    world.with(ALICE, |ua, now| {
        ua.add_listener(Transport::Udp, addr("10.0.0.77:5060"));
        ua.remove_listener(Transport::Udp, addr("10.0.0.1:5060"));
        assert!(ua.local_addresses().contains(&"10.0.0.1".parse().unwrap()));
        ua.handle_addresses(now, &["10.0.0.1".parse().unwrap()]);
    });
    let begin = world.now;
    let (one, two) = (world.next_request(), world.next_request());
    assert!(world.now - begin <= secs(1));
    assert_eq!(
        (&one.method, &two.method),
        (&Method::Register, &Method::Invite)
    );
    let contact = one.headers.contacts()[0].uri.to_string();
    assert!(contact.contains("@10.0.0.77:5060"), "{contact}");
    let body = String::from_utf8(two.body.clone()).unwrap();
    assert!(body.contains("c=IN IP4 10.0.0.77"), "{body}");
    assert!(two.to.tag().is_some(), "within the dialog");
    let version = |body: &str| {
        let origin = body.lines().find(|line| line.starts_with("o=")).unwrap();
        origin.split(' ').nth(2).unwrap().parse::<u64>().unwrap()
    };
    let before = String::from_utf8(first.body).unwrap();
    assert_eq!(version(&body), version(&before) + 1, "RFC 3264 §8");
}

#[test]
fn a_nat_that_shows_another_address_is_noticed_and_calls_are_told() {
    let (mut world, line) = start(|config| config.expires = secs(60));
    let seen = |port: &'static str| {
        move |response: &mut Response| {
            response.top_via.params.set("received", Some("192.0.2.55"));
            response.top_via.params.set("rport", Some(port));
        }
    };
    grant(&mut world, seen("41000"));
    grant(&mut world, seen("41000"));
    let first = invite(&mut world, line, "sip:bob@10.0.0.9");
    respond(&mut world, &first, 200, "bob", |response| {
        with_sdp(response, &sdp(5000, 1, "sendrecv"));
    });
    assert_eq!(world.next_request().method, Method::Ack);
    grant(&mut world, seen("42000"));
    let mut contacts: Vec<String> = Vec::new();
    for _ in 0..2 {
        let request = world.next_request();
        contacts.push(format!(
            "{} {}",
            request.method,
            request.headers.contacts()[0].uri
        ));
    }
    contacts.sort();
    assert!(contacts[0].starts_with("INVITE"), "{contacts:?}");
    assert!(contacts[1].starts_with("REGISTER"), "{contacts:?}");
    assert!(
        contacts
            .iter()
            .all(|contact| contact.contains("@192.0.2.55:42000")),
        "{contacts:?}"
    );
}

#[test]
fn a_nat_that_forgot_us_is_noticed_within_one_keep_alive() {
    let (mut world, _) = start(|_| {});
    let seen = |port: &'static str| {
        move |response: &mut Response| {
            response.top_via.params.set("received", Some("192.0.2.55"));
            response.top_via.params.set("rport", Some(port));
        }
    };
    grant(&mut world, seen("41000"));
    grant(&mut world, seen("41000"));
    for port in ["41000", "42000"] {
        let begin = world.now;
        let options = world.next_request();
        assert_eq!(options.method, Method::Options);
        assert!(world.now - begin <= secs(30));
        respond(&mut world, &options, 200, "reg", seen(port));
    }
    let register = grant(&mut world, seen("42000"));
    let contact = register.headers.contacts()[0].uri.to_string();
    assert!(contact.ends_with("@192.0.2.55:42000"), "{contact}");
    // A registrar that says nothing to it is registered at, and pinged from then on.
    assert_eq!(world.next_request().method, Method::Options);
    world.scripted.clear();
    world.run(secs(33));
    let last = world
        .wire
        .last()
        .unwrap()
        .message
        .as_request()
        .unwrap()
        .clone();
    assert_eq!(last.method, Method::Register);
    respond(&mut world, &last, 200, "reg", |response| {
        response
            .headers
            .set("Contact", last.headers.contacts()[0].to_string());
        seen("42000")(response);
    });
    world.run(ms(20));
    world.scripted.clear();
    world.run(secs(60));
    let pings = world
        .scripted
        .iter()
        .filter(|(_, _, bytes)| bytes == b"\r\n\r\n");
    assert!(pings.count() >= 2);
}

mod over_streams {
    use super::*;

    /// The phone alone; the test plays the driver and the server.
    struct Wire {
        agent: Agent,
        now: std::time::Instant,
        line: AccountId,
    }

    impl Wire {
        fn new(edit: impl FnOnce(&mut AccountConfig)) -> Wire {
            let mut agent = Agent::new("alice", "10.0.0.1:5060", 1);
            let mut config = account("101", "sip:office.example;transport=tls");
            edit(&mut config);
            let line = agent.ua.add_account(config);
            let now = std::time::Instant::now();
            agent.ua.register(now, line);
            Wire { agent, now, line }
        }

        /// The next thing to do, within this many seconds; names lead to 10.0.0.9.
        fn next(&mut self, within: u64) -> Option<Output> {
            let end = self.now + secs(within);
            loop {
                match self.agent.ua.poll_output() {
                    Output::Event(event) => self.agent.events.push(event),
                    Output::Resolve { query, question } => {
                        let ip: IpAddr = "10.0.0.9".parse().unwrap();
                        let answer = match question {
                            Question::Addresses(_) => Ok(ringbook_sip::resolve::Answer {
                                records: Records::Addresses(vec![ip]),
                                ttl: secs(60),
                            }),
                            _ => Err(ringbook_sip::resolve::ResolveError::NotFound),
                        };
                        self.agent.ua.handle_resolved(self.now, query, answer);
                    }
                    Output::Timeout(Some(at)) if at <= end => {
                        self.now = self.now.max(at);
                        self.agent.ua.handle_timeout(self.now);
                    }
                    Output::Timeout(_) => return None,
                    output => return Some(output),
                }
            }
        }

        fn connection(&mut self) -> (ConnectionId, Transport, Option<TlsIdentity>) {
            match self.next(60) {
                Some(Output::Connect {
                    connection,
                    transport,
                    identity,
                    ..
                }) => (connection, transport, identity),
                other => panic!("no connection but {other:?}"),
            }
        }

        fn stream(&mut self, connection: ConnectionId, event: StreamEvent<'_>) {
            self.agent.ua.handle_stream(self.now, connection, event);
        }

        fn connected(&mut self, connection: ConnectionId) {
            let event = StreamEvent::Connected {
                local: addr("10.0.0.1:49152"),
                peer: addr("10.0.0.9:5061"),
            };
            self.stream(connection, event);
        }

        fn request(&mut self) -> (ConnectionId, Request) {
            match self.next(60) {
                Some(Output::Transmit(transmit)) => {
                    let message = ringbook_sip::message::parse_datagram(&transmit.bytes).unwrap();
                    let request = message.as_request().unwrap().clone();
                    (transmit.connection.unwrap(), request)
                }
                other => panic!("no request but {other:?}"),
            }
        }

        fn registered(&mut self, edit: impl FnOnce(&mut Response)) -> ConnectionId {
            let (connection, ..) = self.connection();
            self.connected(connection);
            let (over, request) = self.request();
            assert_eq!(over, connection);
            let mut response = Response::new(&request, 200);
            response.to.set_tag("reg");
            edit(&mut response);
            self.stream(connection, StreamEvent::Data(&response.to_bytes()));
            connection
        }

        fn invite(&mut self, target: &str) {
            self.agent
                .ua
                .invite(self.now, self.line, &uri(target), media(4000))
                .unwrap();
        }
    }

    #[test]
    fn a_tls_connection_is_checked_for_the_domain_and_shared_only_for_it() {
        let mut wire = Wire::new(|config| config.trust = Some("office.pem".to_owned()));
        let (connection, transport, identity) = wire.connection();
        let identity = identity.unwrap();
        assert_eq!(transport, Transport::Tls);
        assert_eq!(identity.host, "office.example");
        assert_eq!(identity.trust.as_deref(), Some("office.pem"));
        wire.connected(connection);
        assert_eq!(wire.request().0, connection);
        // The same name: the same connection, and sips is answered by sips.
        wire.invite("sips:bob@office.example:5061");
        let (over, request) = wire.request();
        assert_eq!(over, connection);
        let contact = request.headers.contacts()[0].uri.to_string();
        assert!(
            contact.starts_with("sips:") && !contact.contains("transport"),
            "{contact}"
        );
        // The bare address of the same server: it has proved its name there.
        wire.invite("sip:bob@10.0.0.9:5061;transport=tls");
        assert_eq!(wire.request().0, connection);
        // Another name at the same address.
        wire.invite("sip:bob@other.example;transport=tls");
        let (another, _, identity) = wire.connection();
        assert_ne!(another, connection);
        assert_eq!(identity.unwrap().host, "other.example");
    }

    #[test]
    fn credentials_for_tls_are_not_said_outside_of_it() {
        let mut wire = Wire::new(|_| {});
        wire.registered(|_| {});
        // The very server, without TLS, asks for them.
        wire.invite("sip:bob@10.0.0.9:5061;transport=tcp");
        let (connection, transport, _) = wire.connection();
        assert_eq!(transport, Transport::Tcp);
        wire.connected(connection);
        let (_, request) = wire.request();
        let mut response = Response::new(&request, 407);
        response.to.set_tag("p");
        let challenge = "Digest realm=\"office\", nonce=\"n\"";
        response.headers.push("Proxy-Authenticate", challenge);
        wire.stream(connection, StreamEvent::Data(&response.to_bytes()));
        assert_eq!(wire.request().1.method, Method::Ack);
        let next = wire.next(5);
        assert!(next.is_none(), "{next:?}");
    }

    #[test]
    fn what_is_refused_over_tls_is_not_tried_without() {
        let mut wire = Wire::new(|_| {});
        let (connection, ..) = wire.connection();
        wire.stream(
            connection,
            StreamEvent::Refused("the certificate is another's"),
        );
        assert!(wire.next(10).is_none(), "nothing more until the next try");
        let Some(Event::Registration { state, reason, .. }) = wire.agent.events.last() else {
            panic!("no word of it");
        };
        assert!(matches!(state, RegistrationState::Failed { .. }));
        assert_eq!(reason, "the certificate is another's");
    }

    #[test]
    fn a_server_that_stops_answering_pings_is_dead() {
        let mut wire = Wire::new(|_| {});
        let connection = wire.registered(|response| {
            response.headers.push("Flow-Timer", "20");
        });
        let begin = wire.now;
        assert!(matches!(wire.next(25), Some(Output::Transmit(t)) if t.bytes == b"\r\n\r\n"));
        assert!(wire.now - begin <= secs(20), "as often as the server asks");
        wire.stream(connection, StreamEvent::Data(b"\r\n"));
        assert!(matches!(wire.next(25), Some(Output::Transmit(t)) if t.bytes == b"\r\n\r\n"));
        let pinged = wire.now;
        assert!(matches!(wire.next(15), Some(Output::Close(id)) if id == connection));
        assert_eq!(wire.now - pinged, secs(10));
        // And made anew at once.
        wire.registered(|_| {});
    }

    #[test]
    fn a_server_that_never_answered_a_ping_need_not() {
        let mut wire = Wire::new(|_| {});
        wire.registered(|_| {});
        for _ in 0..3 {
            let next = wire.next(30);
            assert!(
                matches!(&next, Some(Output::Transmit(t)) if t.bytes == b"\r\n\r\n"),
                "{next:?}"
            );
        }
    }

    #[test]
    fn connections_from_an_address_that_is_gone_are_made_anew() {
        let mut wire = Wire::new(|_| {});
        let connection = wire.registered(|_| {});
        let now = wire.now;
        wire.agent
            .ua
            .handle_addresses(now, &["10.0.0.1".parse().unwrap()]);
        assert!(matches!(wire.next(1), Some(Output::Close(id)) if id == connection));
        wire.registered(|_| {});
        assert_eq!(wire.now, now, "at once");
    }
}
