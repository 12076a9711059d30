//! ICE in offers and answers (RFC 8839), and through the life of a call.

use crate::support;

use ringbook_sip::sdp::{
    Beside, Candidate, CandidateKind, Codec, Direction, IceCredentials, IcePlan, LocalIce,
    LocalMedia, MediaPlan, SrtpPolicy, accept, answer, offer,
};
use ringbook_sip::user_agent::Event;
use support::{Agent, World, account, addr, media, ms, uri};

fn candidate(kind: CandidateKind, address: &str, priority: u32) -> Candidate {
    Candidate {
        kind,
        address: addr(address),
        priority,
    }
}

/// Candidates of a phone behind a NAT.
fn candidates(host: &str, outside: &str) -> Vec<Candidate> {
    vec![
        candidate(CandidateKind::Host, host, 2_130_706_431),
        candidate(CandidateKind::ServerReflexive, outside, 1_694_498_815),
        candidate(CandidateKind::Relayed, "198.51.100.1:60000", 16_777_215),
    ]
}

fn credentials(name: &str) -> IceCredentials {
    IceCredentials {
        ufrag: format!("{name}0000"),
        password: format!("{name}0123456789abcdefghijkl"),
    }
}

fn local() -> LocalMedia {
    LocalMedia {
        address: "10.0.1.5".parse().unwrap(),
        rtp_port: 4000,
        rtcp_port: Some(4001),
        codecs: vec![Codec::Pcmu],
        opus_dtx: false,
        direction: Direction::SendRecv,
        srtp: SrtpPolicy::Off,
        dtls: None,
        keys: Vec::new(),
        ice: Some(LocalIce {
            credentials: Some(credentials("ours")),
            ..LocalIce::new(candidates("10.0.1.5:4000", "203.0.113.1:50000"))
        }),
        session_id: 7,
        version: 1,
        beside: Beside::default(),
    }
}

const THEIRS: &str = "a=ice-ufrag:them0000\na=ice-pwd:them0123456789abcdefghijkl";

/// A peer's description whose media reach it at 203.0.113.2:6000.
fn remote(session: &str, lines: &str) -> Vec<u8> {
    format!(
        "v=0\no=bob 1 1 IN IP4 10.0.2.5\ns=-\nc=IN IP4 203.0.113.2\nt=0 0\n{session}\
         m=audio 6000 RTP/AVP 0\na=rtcp-mux\n{lines}\n"
    )
    .replace('\n', "\r\n")
    .into_bytes()
}

/// The same with a host and a reflexive candidate.
fn usual() -> Vec<u8> {
    remote("", &format!("{THEIRS}\n{HOST}\n{OUTSIDE}"))
}

const HOST: &str = "a=candidate:1 1 UDP 2130706431 10.0.2.5 4000 typ host";
const OUTSIDE: &str =
    "a=candidate:2 1 udp 1694498815 203.0.113.2 6000 typ srflx raddr 10.0.2.5 rport 4000";

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn answered(offer: &[u8]) -> (String, Option<IcePlan>) {
    let (bytes, plan) = answer(&local(), offer).unwrap();
    (text(bytes), plan.ice.map(|plan| *plan))
}

#[test]
fn an_offer_names_every_candidate_and_what_is_seen_from_outside_is_the_default() {
    let text = text(offer(&local()));
    for line in [
        "c=IN IP4 203.0.113.1",
        "m=audio 50000 RTP/AVP 0 13 101",
        "a=ice-ufrag:ours0000",
        "a=ice-pwd:ours0123456789abcdefghijkl",
        "a=candidate:host 1 UDP 2130706431 10.0.1.5 4000 typ host",
        "a=candidate:srflx 1 UDP 1694498815 203.0.113.1 50000 typ srflx raddr 10.0.1.5 rport 4000",
        "a=candidate:relay 1 UDP 16777215 198.51.100.1 60000 typ relay raddr 10.0.1.5 rport 4000",
        "a=rtcp-mux",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    assert!(!text.contains("a=rtcp:"), "{text}");
}

#[test]
fn addresses_of_several_networks_have_foundations_of_their_own() {
    let mut local = local();
    let ice = local.ice.as_mut().unwrap();
    let second = candidate(CandidateKind::Host, "172.30.0.1:4000", 2_130_705_919);
    ice.candidates.push(second);
    let text = text(offer(&local));
    for line in [
        "a=candidate:host 1 UDP 2130706431 10.0.1.5 4000 typ host",
        "a=candidate:host2 1 UDP 2130705919 172.30.0.1 4000 typ host",
        "a=candidate:srflx 1 UDP 1694498815 203.0.113.1 50000 typ srflx raddr 10.0.1.5 rport 4000",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
}

#[test]
fn both_sides_learn_each_others_candidates_and_who_offers_leads() {
    let (description, ours) = answered(&usual());
    let ours = ours.unwrap();
    assert!(!ours.controlling);
    assert_eq!(
        (&ours.local, &ours.remote),
        (&credentials("ours"), &credentials("them"))
    );
    let expected = [
        candidate(CandidateKind::Host, "10.0.2.5:4000", 2_130_706_431),
        candidate(
            CandidateKind::ServerReflexive,
            "203.0.113.2:6000",
            1_694_498_815,
        ),
    ];
    assert_eq!(ours.candidates, expected);
    assert!(description.contains("a=ice-ufrag:ours0000\r\n"));
    assert_eq!(description.matches("a=candidate:").count(), 3);

    let plan = accept(&local(), &usual()).unwrap().ice.unwrap();
    assert!(plan.controlling);
    assert_eq!(plan.candidates, expected);
}

#[test]
fn candidates_that_are_none_of_ours_to_try_are_passed_over() {
    let odd = [
        "a=candidate:3 2 UDP 1 10.0.2.5 4001 typ host",
        "a=candidate:4 1 TCP 1 10.0.2.5 9 typ host tcptype active",
        "a=candidate:5 1 UDP 1 phone.local 4000 typ host",
        "a=candidate:6 1 UDP 1 10.0.2.5 0 typ host",
        "a=candidate:7 1 UDP 1 224.0.0.1 4000 typ host",
        "a=candidate:8 1 UDP 1 0.0.0.0 4000 typ host",
        "a=candidate:9 1 UDP 1 10.0.2.5 4000 typ magic",
        "a=candidate:rubbish",
    ]
    .join("\n");
    let offer = remote("", &format!("{THEIRS}\n{odd}\n{OUTSIDE}"));
    let plan = answered(&offer).1.unwrap();
    assert_eq!(plan.candidates.len(), 1, "{plan:?}");
}

#[test]
fn credentials_of_the_session_count_and_a_lite_peer_is_led() {
    let lines = format!("{HOST}\n{OUTSIDE}");
    let plan = answered(&remote(&format!("{THEIRS}\n"), &lines)).1.unwrap();
    assert_eq!(plan.remote, credentials("them"));
    let lite = remote(&format!("a=ice-lite\n{THEIRS}\n"), &lines);
    assert!(answered(&lite).1.unwrap().controlling);
}

#[test]
fn a_peer_without_ice_gets_an_ordinary_answer() {
    for lines in [
        "a=sendrecv".to_owned(),
        THEIRS.to_owned(),
        format!("{HOST}\n{OUTSIDE}"),
        format!("a=ice-ufrag:x\na=ice-pwd:them0123456789abcdefghijkl\n{OUTSIDE}"),
        format!("a=ice-ufrag:them0000\na=ice-pwd:short\n{OUTSIDE}"),
        format!("a=ice-mismatch\n{THEIRS}\n{OUTSIDE}"),
    ] {
        let (description, plan) = answered(&remote("", &lines));
        assert_eq!(plan, None, "{lines}");
        assert!(!description.contains("a=ice"), "{description}");
        assert!(!description.contains("a=candidate"), "{description}");
        assert!(description.contains("m=audio 50000"), "{description}");
    }
}

#[test]
fn who_does_not_want_ice_neither_offers_nor_answers_it() {
    let plain = LocalMedia {
        ice: None,
        ..local()
    };
    assert!(!text(offer(&plain)).contains("a=ice"));
    let (description, plan) = answer(&plain, &usual()).unwrap();
    assert!(plan.ice.is_none() && !text(description).contains("a=ice"));
    assert!(accept(&plain, &usual()).unwrap().ice.is_none());
}

#[test]
fn an_address_that_somebody_changed_on_the_way_makes_it_an_ordinary_call_and_is_told() {
    let changed = remote("", &format!("{THEIRS}\n{HOST}"));
    let (description, plan) = answered(&changed);
    assert_eq!(plan, None);
    assert!(description.contains("a=ice-mismatch\r\n"), "{description}");
    assert!(accept(&local(), &changed).unwrap().ice.is_none());
    // A stream on hold in the old manner has no address that could be changed.
    let held = text(changed).replace("c=IN IP4 203.0.113.2", "c=IN IP4 0.0.0.0");
    assert!(answered(held.as_bytes()).1.is_some());
}

const ALICE: usize = 0;
const BOB: usize = 1;

/// Media with candidates, as the program gives them.
fn with_candidates(port: u16, host: &str) -> LocalMedia {
    let host = format!("{host}:{port}");
    LocalMedia {
        ice: Some(LocalIce::new(vec![candidate(
            CandidateKind::Host,
            &host,
            2_130_706_431,
        )])),
        ..media(port)
    }
}

/// Alice has called Bob, who has answered.
fn in_a_call() -> (
    World,
    ringbook_sip::user_agent::CallHandle,
    ringbook_sip::user_agent::CallHandle,
) {
    let mut world = World::new(vec![
        Agent::new("alice", "10.0.0.1:5060", 1),
        Agent::new("bob", "10.0.0.2:5060", 2),
    ]);
    let alice = world.with(ALICE, |ua, now| {
        let line = ua.add_account(account("alice", "sip:10.0.0.2"));
        let target = uri("sip:bob@10.0.0.2");
        let media = with_candidates(4000, "10.0.0.1");
        ua.invite(now, line, &target, media).unwrap()
    });
    world.run(ms(100));
    let bob = world.agents[BOB].incoming();
    world.with(BOB, |ua, now| {
        let media = with_candidates(5000, "10.0.0.2");
        ua.answer(now, bob, media).unwrap()
    });
    world.run(ms(500));
    (world, alice, bob)
}

/// What an agent was told of its media, in order.
fn plans(agent: &Agent) -> Vec<IcePlan> {
    let plan = |event: &Event| match event {
        Event::Established { media, .. } | Event::MediaChanged { media, .. } => Some(media.clone()),
        _ => None,
    };
    let plans = agent.events.iter().filter_map(plan);
    plans
        .filter_map(|MediaPlan { ice, .. }| ice.map(|plan| *plan))
        .collect()
}

#[test]
fn a_hold_is_no_restart() {
    let (mut world, _, bob) = in_a_call();
    let events = &world.agents[BOB].events;
    let asked = |event: &Event| matches!(event, Event::Incoming { ice_ok: true, .. });
    assert!(events.iter().any(asked), "the program is told");
    world.with(BOB, |ua, now| ua.hold(now, bob).unwrap());
    world.run(ms(500));
    for (agent, leads) in [(ALICE, true), (BOB, false)] {
        let plans = plans(&world.agents[agent]);
        assert_eq!(plans.len(), 2);
        assert_eq!(plans[0], plans[1]);
        assert_eq!(plans[0].controlling, leads);
    }
    let (alice, bob) = (
        &plans(&world.agents[ALICE])[0],
        &plans(&world.agents[BOB])[0],
    );
    assert_eq!((&alice.local, &alice.remote), (&bob.remote, &bob.local));
    assert!(alice.local.ufrag.len() >= 8 && alice.local.password.len() >= 24);
    assert_ne!(alice.local, bob.local);
}

#[test]
fn other_candidates_are_a_restart_of_both_sides_who_keep_their_parts() {
    let (mut world, alice, _) = in_a_call();
    world.with(ALICE, |ua, now| {
        let media = with_candidates(4000, "10.0.0.77");
        ua.renew_media(now, alice, media).unwrap();
    });
    world.run(ms(500));
    let (alice, bob) = (plans(&world.agents[ALICE]), plans(&world.agents[BOB]));
    for plans in [&alice, &bob] {
        let [before, after] = &plans[..] else {
            panic!("{plans:?}")
        };
        assert_ne!(before.local, after.local, "RFC 8445 §9");
        assert_ne!(before.remote, after.remote);
        assert_eq!(before.controlling, after.controlling, "RFC 8445 §6.1.1");
    }
    assert_eq!(
        (&alice[1].local, &alice[1].remote),
        (&bob[1].remote, &bob[1].local)
    );
    assert_eq!(bob[1].candidates[0].address, addr("10.0.0.77:4000"));
}

#[test]
fn a_phone_that_moves_is_asked_for_new_candidates_before_the_other_side_is_told() {
    let (mut world, alice, _) = in_a_call();
    let before = world.wire.len();
    world.agents[ALICE].address = addr("10.0.0.77:5060");
    world.with(ALICE, |ua, now| {
        use ringbook_sip::user_agent::Transport;
        ua.add_listener(Transport::Udp, addr("10.0.0.77:5060"));
        ua.remove_listener(Transport::Udp, addr("10.0.0.1:5060"));
        ua.handle_addresses(now, &["10.0.0.1".parse().unwrap()]);
    });
    world.run(ms(200));
    assert_eq!(world.wire.len(), before, "nothing to tell yet");
    let moved = |event: &Event| matches!(event, Event::Relocated { call } if *call == alice);
    assert!(world.agents[ALICE].events.iter().any(moved));
    world.with(ALICE, |ua, now| {
        let media = with_candidates(4000, "10.0.0.77");
        ua.renew_media(now, alice, media).unwrap();
    });
    world.run(ms(500));
    let told = plans(&world.agents[BOB]).pop().unwrap();
    assert_eq!(told.candidates[0].address, addr("10.0.0.77:4000"));
}
