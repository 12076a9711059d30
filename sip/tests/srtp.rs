//! Keys in offer and answer: RFC 4568, RFC 8643, and the policies.

use crate::dtls::certificate;
use crate::support;

use ringbook_sip::message::{Message, Method, Request, Response, parse_datagram};
use ringbook_sip::sdp::{
    Beside, Codec, CryptoKey, CryptoSuite, Direction, Dtls, LocalMedia, MediaPlan, Protection,
    SdpError, SrtpPolicy, accept, answer, offer,
};
use ringbook_sip::user_agent::{
    Config, EndCause, EndedBy, Event, Output, StreamEvent, Transport, UserAgent,
};
use support::peer::{Peer, respond, sdp, with_sdp};
use support::{ALICE, Agent, BOB, World, account, addr, alone, media, ms, pair, uri};

/// 30 octets, as the peer's key.
pub const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
const LONG_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ==";
const GCM_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis=";

pub fn local(srtp: SrtpPolicy) -> LocalMedia {
    let key = |(octet, suite): (u8, CryptoSuite)| CryptoKey {
        suite,
        octets: vec![octet; suite.key_len()],
    };
    LocalMedia {
        address: "192.0.2.1".parse().unwrap(),
        rtp_port: 4000,
        rtcp_port: None,
        codecs: vec![Codec::Pcmu],
        opus_dtx: false,
        direction: Direction::SendRecv,
        srtp,
        dtls: None,
        keys: (1..).zip(CryptoSuite::ALL).map(key).collect(),
        ice: None,
        session_id: 7,
        version: 1,
        beside: Beside::default(),
    }
}

pub fn remote(media: &str) -> Vec<u8> {
    let head = "v=0\no=bob 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\n";
    format!("{head}{media}\n")
        .replace('\n', "\r\n")
        .into_bytes()
}

/// An audio stream of this profile with these lines.
fn audio(profile: &str, lines: &[&str]) -> String {
    let attributes: String = lines
        .iter()
        .map(|line| format!("\na=crypto:{line}"))
        .collect();
    format!("m=audio 6000 {profile} 0{attributes}")
}

fn answered(srtp: SrtpPolicy, media: &str) -> Result<(String, MediaPlan), SdpError> {
    let (bytes, plan) = answer(&local(srtp), &remote(media))?;
    Ok((String::from_utf8(bytes).unwrap(), plan))
}

pub fn suites(plan: &MediaPlan) -> Option<(CryptoSuite, CryptoSuite)> {
    match &plan.protection {
        Protection::Sdes { send, receive, .. } => Some((send.suite, receive.suite)),
        _ => None,
    }
}

pub fn crypto_lines(description: &str) -> Vec<&str> {
    let lines = description.lines();
    lines
        .filter_map(|line| line.strip_prefix("a=crypto:"))
        .collect()
}

/// What a peer's only line is to us.
fn taken(line: &str) -> bool {
    let result = answered(SrtpPolicy::Mandatory, &audio("RTP/SAVP", &[line]));
    match result {
        Ok((_, plan)) => plan.protection != Protection::None,
        Err(error) => {
            assert_eq!((error, error.status()), (SdpError::Encryption, 488));
            false
        }
    }
}

// Our offer.

#[test]
fn without_encryption_no_key_is_offered() {
    let description = String::from_utf8(offer(&local(SrtpPolicy::Off))).unwrap();
    assert!(description.contains("m=audio 4000 RTP/AVP 0"));
    assert!(crypto_lines(&description).is_empty());
}

#[test]
fn an_optional_offer_has_keys_beside_the_plain_profile_and_a_mandatory_one_the_secure_profile() {
    for (srtp, profile) in [
        (SrtpPolicy::Optional, "RTP/AVP"),
        (SrtpPolicy::Mandatory, "RTP/SAVP"),
    ] {
        let description = String::from_utf8(offer(&local(srtp))).unwrap();
        assert!(description.contains(&format!("m=audio 4000 {profile} 0")));
        let lines = crypto_lines(&description);
        let starts = [
            "1 AEAD_AES_256_GCM inline:AQEB",
            "2 AES_CM_128_HMAC_SHA1_80 inline:AwMD",
        ];
        assert_eq!(lines.len(), starts.len());
        for (line, start) in lines.iter().zip(starts) {
            assert!(line.starts_with(start), "{line}");
        }
    }
}

// The answer to our offer: RFC 4568 §5.1.3.

#[test]
fn the_answer_chooses_one_of_our_lines_by_its_tag() {
    let ours = local(SrtpPolicy::Optional);
    for profile in ["RTP/AVP", "RTP/SAVP"] {
        let line = format!("2 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^31");
        let plan = accept(&ours, &remote(&audio(profile, &[&line]))).unwrap();
        let Protection::Sdes { send, receive, .. } = plan.protection else {
            panic!("plain")
        };
        assert_eq!(send, ours.keys[2]);
        assert_eq!(receive.octets, b"YS___semctl () {\t220;}\n}\nunles");
    }
}

#[test]
fn an_answer_with_a_line_that_we_have_not_offered_is_no_answer() {
    for line in [
        format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
        format!("4 AEAD_AES_128_GCM inline:{GCM_KEY}"),
        format!("1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}"),
        "2 AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ=".to_owned(),
        "2 AES_CM_128_HMAC_SHA1_80 inline:***".to_owned(),
    ] {
        for srtp in [SrtpPolicy::Optional, SrtpPolicy::Mandatory] {
            let refused = accept(&local(srtp), &remote(&audio("RTP/AVP", &[&line])));
            assert_eq!(refused, Err(SdpError::Encryption), "{line}");
        }
    }
}

#[test]
fn a_plain_answer_is_taken_where_encryption_is_optional_and_never_where_it_is_mandatory() {
    let plain = remote(&audio("RTP/AVP", &[]));
    let plan = accept(&local(SrtpPolicy::Optional), &plain).unwrap();
    assert_eq!(plan.protection, Protection::None);
    let refused = accept(&local(SrtpPolicy::Mandatory), &plain);
    assert_eq!(refused, Err(SdpError::Encryption));
    let keyless = remote(&audio("RTP/SAVP", &[]));
    let refused = accept(&local(SrtpPolicy::Optional), &keyless);
    assert_eq!(refused, Err(SdpError::Encryption));
}

// Our answer: RFC 4568 §5.1.2.

#[test]
fn the_first_line_that_we_can_do_is_taken_with_its_tag_and_every_suite_is_one() {
    let names = [
        ("AEAD_AES_256_GCM", 44),
        ("AES_256_CM_HMAC_SHA1_80", 46),
        ("AES_CM_128_HMAC_SHA1_80", 30),
        ("AEAD_AES_128_GCM", 28),
        ("AES_256_CM_HMAC_SHA1_32", 46),
        ("aes_cm_128_hmac_sha1_32", 30),
    ];
    for ((name, len), suite) in names.into_iter().zip(CryptoSuite::ALL) {
        let octets: Vec<u8> = (0..len).collect();
        let key = base64(&octets);
        let line = format!("17 {name} inline:{key}");
        let unknown = format!("4 F8_128_HMAC_SHA1_80 inline:{KEY}");
        let last = format!("18 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
        let media = audio("RTP/SAVP", &[&unknown, &line, &last]);
        let (reply, plan) = answered(SrtpPolicy::Optional, &media).unwrap();
        assert_eq!(suites(&plan), Some((suite, suite)));
        let lines = crypto_lines(&reply);
        let start = format!("17 {} inline:", suite.name());
        assert!(
            lines.len() == 1 && lines[0].starts_with(&start),
            "{lines:?}"
        );
        assert!(!lines[0].contains(&key), "a key of our own");
    }
}

fn base64(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

#[test]
fn the_profile_of_the_offer_is_answered_and_keys_count_beside_the_plain_one() {
    let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    for profile in ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"] {
        let (reply, plan) = answered(SrtpPolicy::Optional, &audio(profile, &[&line])).unwrap();
        assert!(reply.contains(&format!("m=audio 4000 {profile} 0")));
        assert_ne!(plan.protection, Protection::None);
        assert_eq!(crypto_lines(&reply).len(), 1);
    }
}

#[test]
fn each_policy_takes_what_it_may() {
    let key = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    let (key, none): (&[&str], &[&str]) = (&[&key], &[]);
    let encrypted = |srtp, profile, lines| {
        let result = answered(srtp, &audio(profile, lines));
        result.map(|(_, plan)| plan.protection != Protection::None)
    };
    use SrtpPolicy::{Mandatory, Off, Optional};
    assert_eq!(encrypted(Off, "RTP/AVP", key), Ok(false));
    assert_eq!(encrypted(Off, "RTP/SAVP", key), Err(SdpError::Transport));
    assert_eq!(encrypted(Optional, "RTP/AVP", none), Ok(false));
    assert_eq!(encrypted(Optional, "RTP/AVP", key), Ok(true));
    assert_eq!(encrypted(Optional, "RTP/SAVP", key), Ok(true));
    assert_eq!(
        encrypted(Optional, "RTP/SAVP", none),
        Err(SdpError::Encryption)
    );
    assert_eq!(
        encrypted(Mandatory, "RTP/AVP", none),
        Err(SdpError::Encryption)
    );
    assert_eq!(encrypted(Mandatory, "RTP/AVP", key), Ok(true));
    assert_eq!(encrypted(Mandatory, "RTP/SAVP", key), Ok(true));
}

#[test]
fn the_same_audio_offered_plain_and_encrypted_is_taken_encrypted() {
    let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    let both = format!("{}\n{}", audio("RTP/AVP", &[]), audio("RTP/SAVP", &[&line]));
    let (reply, plan) = answered(SrtpPolicy::Optional, &both).unwrap();
    assert_ne!(plan.protection, Protection::None);
    assert!(reply.contains("m=audio 0 RTP/AVP 0\r\nm=audio 4000 RTP/SAVP 0"));
    let (reply, plan) = answered(SrtpPolicy::Off, &both).unwrap();
    assert_eq!(plan.protection, Protection::None);
    assert!(reply.contains("m=audio 4000 RTP/AVP 0"));
}

// What a line may say: RFC 4568 §6.1, §6.3, §9.

#[test]
fn a_lifetime_is_the_peers_own_affair_but_must_be_one() {
    let line = |lifetime| format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}{lifetime}");
    for lifetime in ["", "|2^20", "|2^48", "|1000000"] {
        assert!(taken(&line(lifetime)), "{lifetime}");
    }
    for lifetime in ["|0", "|2^49", "|2^", "|abc", "|2^99999"] {
        assert!(!taken(&line(lifetime)), "{lifetime}");
    }
}

#[test]
fn a_key_with_an_identifier_in_every_packet_and_several_keys_are_not_taken() {
    for keys in [
        format!("inline:{KEY}|2^20|1:4"),
        format!("inline:{KEY}|1:1"),
        format!("inline:{KEY}|2^20|1:4;inline:{KEY}|2^20|2:4"),
        format!("uri:https://keys.example/{KEY}"),
    ] {
        assert!(
            !taken(&format!("1 AES_CM_128_HMAC_SHA1_80 {keys}")),
            "{keys}"
        );
    }
}

#[test]
fn session_parameters_that_weaken_or_are_unknown_are_refused_and_hints_passed_over() {
    let line = |params| format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} {params}");
    for params in ["", "WSH=128", "KDR=0", "-SOMETHING=1", "WSH=64 -NEW"] {
        assert!(taken(&line(params)), "{params}");
    }
    for params in [
        "UNENCRYPTED_SRTP",
        "UNENCRYPTED_SRTCP",
        "UNAUTHENTICATED_SRTP",
        "KDR=10",
        "FEC_ORDER=FEC_SRTP",
        "WSH=32",
        "SOMETHING=1",
        "WSH=128 UNENCRYPTED_SRTP",
    ] {
        assert!(!taken(&line(params)), "{params}");
    }
}

#[test]
fn keys_of_the_wrong_length_and_broken_lines_are_not_taken() {
    for line in [
        "1 AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ=".to_owned(),
        format!("1 AES_CM_128_HMAC_SHA1_80 inline:{LONG_KEY}"),
        format!("1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}"),
        format!("x AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
        "1 AES_CM_128_HMAC_SHA1_80 inline:!!!".to_owned(),
        "1 AES_CM_128_HMAC_SHA1_80".to_owned(),
        "1".to_owned(),
        String::new(),
    ] {
        assert!(!taken(&line), "{line}");
    }
}

#[test]
fn no_key_is_printed() {
    let plan = answered(
        SrtpPolicy::Optional,
        &audio(
            "RTP/AVP",
            &[&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")],
        ),
    );
    let shown = format!("{:?}", plan.unwrap().1.protection);
    assert!(
        shown.contains("CryptoKey(AES_CM_128_HMAC_SHA1_80, …)"),
        "{shown}"
    );
}

// In calls.

pub fn encrypted(port: u16, srtp: SrtpPolicy) -> LocalMedia {
    LocalMedia {
        srtp,
        ..media(port)
    }
}

pub fn protection(agent: &Agent) -> Vec<Protection> {
    let plans = agent.events.iter().filter_map(|event| match event {
        Event::Established { media, .. } | Event::MediaChanged { media, .. } => Some(media),
        _ => None,
    });
    plans.map(|plan| plan.protection.clone()).collect()
}

/// What Alice and Bob make of a call under these policies, up to ten seconds later.
fn call(alice: SrtpPolicy, bob: SrtpPolicy) -> (World, bool) {
    let (mut world, line) = pair();
    world.with(ALICE, |ua, now| {
        let target = uri("sip:bob@10.0.0.2");
        ua.invite(now, line, &target, encrypted(4000, alice))
            .unwrap();
    });
    world.run(ms(100));
    let incoming = world.agents[BOB].incoming();
    let answered = world.with(BOB, |ua, now| {
        ua.answer(now, incoming, encrypted(5000, bob))
    });
    world.run(ms(500));
    (world, answered.is_ok())
}

#[test]
fn two_phones_that_can_encrypt_do_and_each_has_the_others_key() {
    use SrtpPolicy::{Mandatory, Off, Optional};
    for (alice, bob, encrypts) in [
        (Optional, Optional, true),
        (Optional, Mandatory, true),
        (Mandatory, Optional, true),
        (Mandatory, Mandatory, true),
        (Optional, Off, false),
        (Off, Optional, false),
        (Off, Off, false),
    ] {
        let (world, _) = call(alice, bob);
        let (at_alice, at_bob) = (
            protection(&world.agents[ALICE]),
            protection(&world.agents[BOB]),
        );
        match (&at_alice[..], &at_bob[..]) {
            ([Protection::None], [Protection::None]) => assert!(!encrypts),
            (
                [
                    Protection::Sdes {
                        send,
                        receive,
                        private: false,
                    },
                ],
                [
                    Protection::Sdes {
                        send: theirs,
                        receive: ours,
                        private: false,
                    },
                ],
            ) => {
                assert!(encrypts && send == ours && receive == theirs && send != receive);
                assert_eq!(send.suite, CryptoSuite::AeadAes256Gcm);
            }
            other => panic!("{alice:?} {bob:?}: {other:?}"),
        }
    }
}

#[test]
fn policies_that_exclude_each_other_make_no_call() {
    for (alice, bob) in [
        (SrtpPolicy::Mandatory, SrtpPolicy::Off),
        (SrtpPolicy::Off, SrtpPolicy::Mandatory),
    ] {
        let (world, answered) = call(alice, bob);
        assert!(!answered);
        let [end] = world.agents[ALICE].ended()[..] else {
            panic!("{:?}", world.agents[ALICE].events)
        };
        assert_eq!(
            (end.status, end.cause),
            (Some(488), EndCause::NotAcceptable)
        );
        assert!(protection(&world.agents[BOB]).is_empty());
    }
}

#[test]
fn an_invite_tells_whether_it_can_be_taken_plain_and_encrypted() {
    let key = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    for (profile, lines, expected) in [
        ("RTP/AVP", &[][..], (true, false)),
        ("RTP/AVP", &[&key[..]], (true, true)),
        ("RTP/SAVP", &[&key[..]], (false, true)),
        ("RTP/SAVP", &[], (false, false)),
    ] {
        let mut world = World::new(vec![Agent::new("bob", "10.0.0.2:5060", 2)]);
        let mut peer = Peer::calling("bob", addr("10.0.0.2:5060"));
        let body = String::from_utf8(remote(&audio(profile, lines))).unwrap();
        let invite = peer.request("INVITE", "", &body);
        peer.send(&mut world, invite);
        world.run(ms(10));
        let [
            Event::Incoming {
                plain_ok,
                encrypted_ok,
                ..
            },
        ] = world.agents[0].events[..]
        else {
            panic!("{:?}", world.agents[0].events)
        };
        assert_eq!((plain_ok, encrypted_ok), expected, "{profile} {lines:?}");
    }
}

#[test]
fn a_plain_answer_to_a_mandatory_offer_ends_the_call_and_says_why() {
    let (mut world, line) = alone();
    world.with(ALICE, |ua, now| {
        let media = encrypted(4000, SrtpPolicy::Mandatory);
        ua.invite(now, line, &uri("sip:peer@10.0.0.9"), media)
            .unwrap();
    });
    let invite = world.next_request();
    respond(&mut world, &invite, 200, "one", |r| {
        with_sdp(r, &sdp(5000, 1, "sendrecv"))
    });
    assert_eq!(world.next_request().method, Method::Ack);
    assert_eq!(world.next_request().method, Method::Bye);
    let [end] = world.agents[ALICE].ended()[..] else {
        panic!("{:?}", world.agents[ALICE].events)
    };
    assert_eq!(
        (end.by, end.cause),
        (EndedBy::Local, EndCause::NotEncrypted)
    );
    assert_eq!(world.agents[ALICE].established(), 0);
}

/// Bob, who must encrypt, talks to the scripted peer, whose key is [`KEY`].
fn talking() -> (World, Peer, Protection) {
    let mut world = World::new(vec![Agent::new("bob", "10.0.0.2:5060", 2)]);
    let mut peer = Peer::calling("bob", addr("10.0.0.2:5060"));
    let invite = peer.request("INVITE", "", &offer_with(KEY, 1));
    peer.send(&mut world, invite);
    world.run(ms(10));
    let call = world.agents[0].incoming();
    let media = encrypted(4000, SrtpPolicy::Mandatory);
    let plan = world
        .with(0, |ua, now| ua.answer(now, call, media))
        .unwrap();
    let ok = loop {
        let response = world.next_response();
        if response.status == 200 {
            break response;
        }
    };
    peer.learn(&ok);
    let ack = peer.text("ACK", peer.cseq, "", "");
    peer.send(&mut world, ack);
    world.run(ms(10));
    (world, peer, plan.unwrap().protection)
}

fn offer_with(key: &str, version: u32) -> String {
    let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key}");
    let description = String::from_utf8(remote(&audio("RTP/SAVP", &[&line]))).unwrap();
    description.replace("bob 1 1", &format!("bob 1 {version}"))
}

fn change(world: &mut World, peer: &mut Peer, body: &str) -> Response {
    let invite = peer.request("INVITE", "", body);
    peer.send(world, invite);
    let response = world.next_response();
    let ack = peer.text("ACK", peer.cseq, "", "");
    peer.send(world, ack);
    world.run(ms(10));
    response
}

#[test]
fn the_peer_may_change_its_key_in_the_call_and_ours_stays() {
    let (mut world, mut peer, before) = talking();
    let next = base64(&[5; 30]);
    assert_eq!(
        change(&mut world, &mut peer, &offer_with(&next, 2)).status,
        200
    );
    let after = protection(&world.agents[0]).pop().unwrap();
    let (Protection::Sdes { send, receive, .. }, Protection::Sdes { send: same, .. }) =
        (after, before)
    else {
        panic!("plain")
    };
    assert_eq!(receive.octets, [5; 30]);
    assert_eq!(send, same);
}

#[test]
fn a_change_to_plain_is_refused_where_encryption_is_mandatory_and_the_call_goes_on() {
    let (mut world, mut peer, _) = talking();
    let plain = String::from_utf8(remote(&audio("RTP/AVP", &[]))).unwrap();
    assert_eq!(change(&mut world, &mut peer, &plain).status, 488);
    assert!(world.agents[0].ended().is_empty());
    assert_eq!(
        protection(&world.agents[0]).len(),
        1,
        "the media go on as they were"
    );
}

#[test]
fn our_keys_stay_in_a_change_of_ours() {
    let (mut world, _) = call(SrtpPolicy::Optional, SrtpPolicy::Optional);
    let before = protection(&world.agents[BOB]);
    let call = world.agents[BOB].incoming();
    world.with(BOB, |ua, now| ua.hold(now, call).unwrap());
    world.run(ms(500));
    assert_eq!(
        protection(&world.agents[BOB]),
        [before[0].clone(), before[0].clone()]
    );
}

#[test]
fn keys_are_private_only_when_they_travelled_encrypted() {
    for (transport, expected) in [(Transport::Tcp, false), (Transport::Tls, true)] {
        let mut world = World::new(vec![Agent::new("bob", "10.0.0.2:5060", 2)]);
        let (local, remote) = (addr("10.0.0.2:5061"), addr("10.0.0.9:40000"));
        let peer = &mut Peer::calling("bob", local);
        let invite = peer.request("INVITE", "", &offer_with(KEY, 1));
        world.with(0, |ua, now| {
            let connection = ua.new_connection();
            let accepted = StreamEvent::Accepted {
                transport,
                local,
                peer: remote,
            };
            ua.handle_stream(now, connection, accepted);
            ua.handle_stream(now, connection, StreamEvent::Data(&invite));
        });
        let call = world.agents[0].incoming();
        let media = encrypted(4000, SrtpPolicy::Optional);
        let plan = world
            .with(0, |ua, now| ua.answer(now, call, media))
            .unwrap();
        let Some(Protection::Sdes { private, .. }) = plan.map(|plan| plan.protection) else {
            panic!("plain")
        };
        assert_eq!(private, expected, "{transport:?}");
    }
}

// Keys that others could read: RFC 4568 §7.2.

/// What a phone with a certificate offers first over this transport.
fn offered_over(transport: Transport, srtp: SrtpPolicy, keys_in_clear: bool) -> String {
    let mut alice = UserAgent::new(Config::default(), [1; 32]);
    let here = addr("10.0.0.1:5060");
    alice.add_listener(Transport::Udp, here);
    let mut config = account("alice", "sip:10.0.0.8");
    config.register = false;
    let line = alice.add_account(config);
    let word = format!("{transport:?}").to_lowercase();
    let target = uri(&format!("sip:peer@10.0.0.9;transport={word}"));
    let now = World::new(Vec::new()).now;
    let dtls = certificate(1).map(|dtls| Dtls {
        keys_in_clear,
        ..dtls
    });
    let media = LocalMedia {
        dtls,
        ..encrypted(4000, srtp)
    };
    alice.invite(now, line, &target, media).unwrap();
    loop {
        match alice.poll_output() {
            Output::Connect {
                connection, remote, ..
            } => {
                let (local, peer) = (addr("10.0.0.1:40000"), remote);
                let connected = StreamEvent::Connected { local, peer };
                alice.handle_stream(now, connection, connected);
            }
            Output::Transmit(transmit) => match parse_datagram(&transmit.bytes) {
                Ok(Message::Request(invite)) => return String::from_utf8(invite.body).unwrap(),
                other => panic!("{other:?}"),
            },
            Output::Timeout(_) => panic!("no INVITE"),
            _ => {}
        }
    }
}

#[test]
fn keys_stand_in_an_offer_only_where_nobody_on_the_way_can_read_them() {
    use SrtpPolicy::{Mandatory, Off, Optional};
    for (transport, policy, in_clear, profile, keys) in [
        (Transport::Udp, Optional, false, "RTP/AVP", 0),
        (Transport::Tcp, Optional, false, "RTP/AVP", 0),
        (Transport::Tls, Optional, false, "RTP/AVP", 2),
        (Transport::Udp, Optional, true, "RTP/AVP", 2),
        (Transport::Udp, Mandatory, false, "UDP/TLS/RTP/SAVP", 0),
        (Transport::Tls, Mandatory, false, "RTP/SAVP", 2),
        (Transport::Udp, Mandatory, true, "RTP/SAVP", 2),
        (Transport::Tls, Off, true, "RTP/AVP", 0),
    ] {
        let offer = offered_over(transport, policy, in_clear);
        let case = format!("{transport:?} {policy:?} {in_clear}: {offer}");
        assert!(
            offer.contains(&format!("m=audio 4000 {profile} ")),
            "{case}"
        );
        assert_eq!(crypto_lines(&offer).len(), keys, "{case}");
        assert_eq!(offer.contains("a=fingerprint:"), policy != Off, "{case}");
    }
}

/// A call of a phone with a certificate over UDP that the peer answers with this stream.
fn answered_over_udp(srtp: SrtpPolicy, media: &str) -> (World, Request) {
    let (mut world, line) = alone();
    world.with(ALICE, |ua, now| {
        let media = LocalMedia {
            dtls: certificate(1),
            ..encrypted(4000, srtp)
        };
        ua.invite(now, line, &uri("sip:peer@10.0.0.9"), media)
            .unwrap();
    });
    let invite = world.next_request();
    let body = String::from_utf8(remote(media)).unwrap();
    respond(&mut world, &invite, 200, "one", |r| with_sdp(r, &body));
    assert_eq!(world.next_request().method, Method::Ack);
    (world, invite)
}

#[test]
fn who_knows_keys_in_the_signalling_alone_is_called_plain_where_that_is_allowed() {
    let plain = audio("RTP/AVP", &[]);
    let (world, _) = answered_over_udp(SrtpPolicy::Optional, &plain);
    assert_eq!(protection(&world.agents[ALICE]), [Protection::None]);

    let (mut world, _) = answered_over_udp(SrtpPolicy::Mandatory, &plain);
    assert_eq!(world.next_request().method, Method::Bye);
    let causes: Vec<_> = world.agents[ALICE]
        .ended()
        .iter()
        .map(|e| e.cause)
        .collect();
    assert_eq!(causes, [EndCause::NotEncrypted]);
}

#[test]
fn a_key_that_answers_none_of_ours_opens_nothing() {
    let line = format!("2 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    let (world, _) = answered_over_udp(SrtpPolicy::Optional, &audio("RTP/AVP", &[&line]));
    assert_eq!(protection(&world.agents[ALICE]), [Protection::None]);
    for (policy, profile) in [
        (SrtpPolicy::Optional, "RTP/SAVP"),
        (SrtpPolicy::Mandatory, "RTP/AVP"),
    ] {
        let (mut world, _) = answered_over_udp(policy, &audio(profile, &[&line]));
        assert_eq!(world.next_request().method, Method::Bye);
        assert!(protection(&world.agents[ALICE]).is_empty());
    }
}

#[test]
fn a_call_with_keys_of_the_peers_choice_keeps_them_in_our_changes() {
    let mut world = World::new(vec![Agent::new("bob", "10.0.0.2:5060", 2)]);
    let mut peer = Peer::calling("bob", addr("10.0.0.2:5060"));
    let invite = peer.request("INVITE", "", &offer_with(KEY, 1));
    peer.send(&mut world, invite);
    world.run(ms(10));
    let call = world.agents[0].incoming();
    world.with(0, |ua, now| {
        let media = LocalMedia {
            dtls: certificate(2),
            ..encrypted(5000, SrtpPolicy::Optional)
        };
        ua.answer(now, call, media).unwrap()
    });
    let ok = std::iter::repeat_with(|| world.next_response()).find(|r| r.status == 200);
    peer.learn(&ok.unwrap());
    let ack = peer.text("ACK", 1, "", "");
    peer.send(&mut world, ack);
    world.run(ms(10));
    world.with(0, |ua, now| ua.hold(now, call).unwrap());
    let change = String::from_utf8(world.next_request().body).unwrap();
    let [first, second] = crypto_lines(&change)[..] else {
        panic!("{change}")
    };
    assert!(first.starts_with("1 AEAD_AES_256_GCM") && second.starts_with("2 AES_CM_128"));
}
