//! Their INVITE, from a peer that says what the test tells it (RFC 3261 §8.2, §9.2, §13.3).

use crate::support;

use ringbook_sip::message::{Message, Method, Response};
use ringbook_sip::user_agent::{
    CallHandle, CallerIdentity, CommandError, Config, EndCause, EndedBy, Event, Load,
};
use support::peer::{PEER, Peer, sdp};
use support::*;

fn bob() -> World {
    World::new(vec![Agent::new("bob", "10.0.0.2:5060", 2)])
}

fn peer() -> Peer {
    Peer::calling("bob", addr("10.0.0.2:5060"))
}

fn offer() -> String {
    sdp(5000, 1, "sendrecv")
}

const BOB: usize = 0;

/// The peer's INVITE has reached Bob.
fn ringing() -> (World, Peer, CallHandle) {
    let (mut world, mut peer) = (bob(), peer());
    let invite = peer.request("INVITE", "", &offer());
    peer.send(&mut world, invite);
    world.run(ms(10));
    let call = world.agents[BOB].incoming();
    (world, peer, call)
}

/// Bob has answered, and the peer acknowledged.
fn talking() -> (World, Peer, CallHandle) {
    let (mut world, mut peer, call) = ringing();
    world.with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap());
    let answer = world.next_response();
    assert_eq!(answer.status, 200);
    peer.learn(&answer);
    acknowledge(&mut world, &mut peer, "");
    assert_eq!(world.agents[BOB].established(), 1);
    (world, peer, call)
}

fn acknowledge(world: &mut World, peer: &mut Peer, body: &str) {
    peer.branch += 1000;
    let ack = peer.text("ACK", peer.cseq, "", body);
    peer.branch -= 1000;
    peer.send(world, ack);
    world.run(ms(20));
}

fn ask(world: &mut World, peer: &mut Peer, method: &str, headers: &str, body: &str) -> Response {
    let request = peer.request(method, headers, body);
    peer.send(world, request);
    let response = world.next_response();
    if method == "INVITE" && response.status >= 300 {
        let ack = peer.text("ACK", peer.cseq, "", "");
        peer.send(world, ack);
    }
    response
}

fn assert_over(mut world: World, by: EndedBy, cause: EndCause) {
    world.run(secs(100));
    let ended = world.agents[BOB].ended();
    assert_eq!(ended.len(), 1, "ends: {ended:?}");
    assert_eq!((ended[0].by, ended[0].cause), (by, cause));
    assert_eq!(world.agents[BOB].ua.load(), Load::default());
}

#[test]
fn a_call_is_told_with_who_calls_and_what_it_offers() {
    let (world, ..) = ringing();
    let [
        Event::Incoming {
            account: None,
            caller,
            called,
            has_offer,
            plain_ok,
            encrypted_ok,
            ..
        },
    ] = &world.agents[BOB].events[..]
    else {
        panic!("{:?}", world.agents[BOB].events)
    };
    assert_eq!(
        *caller,
        CallerIdentity {
            display: Some("Peer".to_owned()),
            uri: "sip:peer@10.0.0.9".to_owned(),
            number_text: Some("peer".to_owned()),
            asserted: false,
            hidden: false,
            diverted_by: None,
        }
    );
    assert_eq!(called.to_string(), "sip:bob@10.0.0.2:5060");
    assert!(*has_offer && *plain_ok && !*encrypted_ok);
}

#[test]
fn a_100_goes_out_after_200_ms_if_nobody_rings() {
    let (mut world, ..) = ringing();
    world.run(ms(150));
    assert!(world.scripted.is_empty());
    world.run(ms(60));
    let trying = world.next_response();
    assert_eq!((trying.status, trying.to.tag()), (100, None));
}

#[test]
fn ringing_answering_and_hanging_up() {
    let (mut world, mut peer, call) = ringing();
    world.with(BOB, |ua, now| ua.ring(now, call).unwrap());
    let ring = world.next_response();
    assert_eq!(ring.status, 180);
    assert!(ring.to.tag().is_some() && ring.headers.has("Contact"));
    let plan = world
        .with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap())
        .unwrap();
    assert_eq!(
        plan.remote_rtp,
        addr("10.0.0.9:5000"),
        "media may start at once"
    );
    let answer = world.next_response();
    assert_eq!((answer.status, answer.to.tag()), (200, ring.to.tag()));
    assert!(answer.headers.has("Allow"));
    peer.learn(&answer);
    acknowledge(&mut world, &mut peer, "");
    world.with(BOB, |ua, now| ua.hangup(now, call).unwrap());
    let bye = world.next_request();
    assert_eq!(
        (bye.method.clone(), bye.uri.to_string()),
        (Method::Bye, format!("sip:peer@{PEER}"))
    );
    support::peer::respond(&mut world, &bye, 200, "", |_| {});
    assert_over(world, EndedBy::Local, EndCause::LocalHangup);
}

#[test]
fn a_long_ring_is_repeated_every_minute_and_ends_with_480() {
    let (mut world, _, call) = ringing();
    world.with(BOB, |ua, now| ua.ring(now, call).unwrap());
    world.run(secs(300));
    let statuses: Vec<u16> = world
        .wire
        .iter()
        .filter_map(|seen| match &seen.message {
            Message::Response(response) => Some(response.status),
            Message::Request(_) => None,
        })
        .collect();
    assert_eq!(statuses[..4], [180, 180, 180, 480]);
    assert_over(world, EndedBy::Local, EndCause::NoAnswer);
}

#[test]
fn a_200_is_repeated_until_its_ack_then_no_more() {
    let (mut world, mut peer, call) = ringing();
    world.with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap());
    let answer = world.next_response();
    let begin = world.wire.last().unwrap().at;
    peer.learn(&answer);
    // T1, doubling, and never more than T2 (RFC 3261 §13.3.1.4).
    world.run(secs(16));
    let times: Vec<u128> = world
        .wire
        .iter()
        .skip(2)
        .map(|seen| (seen.at - begin).as_millis())
        .collect();
    assert_eq!(times, [500, 1500, 3500, 7500, 11500, 15500]);
    world.scripted.clear();
    assert_eq!(world.agents[BOB].established(), 0);
    acknowledge(&mut world, &mut peer, "");
    assert_eq!(world.agents[BOB].established(), 1);
    world.expect_silence(secs(20));
}

#[test]
fn a_200_without_an_ack_ends_with_a_bye() {
    let (mut world, _, call) = ringing();
    world.with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap());
    world.run(secs(33));
    let last = &world.wire.last().unwrap().message;
    assert!(matches!(last, Message::Request(request) if request.method == Method::Bye));
    assert_over(world, EndedBy::Network, EndCause::Timeout);
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let (mut world, mut peer, call) = ringing();
    world.with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap());
    peer.learn(&world.next_response());
    world.with(BOB, |ua, now| ua.hangup(now, call).unwrap());
    world.expect_silence(ms(400));
    acknowledge(&mut world, &mut peer, "");
    assert_eq!(world.next_request().method, Method::Bye);
    assert_over(world, EndedBy::Local, EndCause::LocalHangup);
}

#[test]
fn a_rejected_call_gets_the_programs_status() {
    for status in [480, 486, 488, 603] {
        let (mut world, peer, call) = ringing();
        world.with(BOB, |ua, now| ua.reject(now, call, status).unwrap());
        assert_eq!(world.next_response().status, status);
        peer.send(&mut world, peer.text("ACK", 1, "", ""));
        assert_eq!(
            world.with(BOB, |ua, now| ua.answer(now, call, media(4000))),
            Err(CommandError::NoSuchCall)
        );
        assert_over(world, EndedBy::Local, EndCause::Rejected);
    }
}

#[test]
fn a_cancelled_call_gets_487_and_the_cancel_200() {
    for (headers, cause) in [
        ("", EndCause::Cancelled),
        (
            "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n",
            EndCause::AnsweredElsewhere,
        ),
        (
            "Reason: Q.850;cause=16, SIP ;cause=200\r\n",
            EndCause::AnsweredElsewhere,
        ),
        ("Reason: SIP;cause=480\r\n", EndCause::Cancelled),
    ] {
        let (mut world, peer, call) = ringing();
        world.with(BOB, |ua, now| ua.ring(now, call).unwrap());
        let tag = world.next_response().to.tag().map(str::to_owned);
        peer.send(&mut world, peer.text("CANCEL", 1, headers, ""));
        let mut responses = [world.next_response(), world.next_response()];
        responses.sort_by_key(|response| response.status);
        assert_eq!(
            (responses[0].status, responses[0].cseq.method.clone()),
            (200, Method::Cancel)
        );
        assert_eq!(
            (responses[1].status, responses[1].cseq.method.clone()),
            (487, Method::Invite)
        );
        assert_eq!(
            responses[0].to.tag().map(str::to_owned),
            tag,
            "the same tag (RFC 3261 §9.2)"
        );
        peer.send(&mut world, peer.text("ACK", 1, "", ""));
        assert_over(world, EndedBy::Remote, cause);
    }
}

#[test]
fn a_cancel_after_the_answer_has_no_effect() {
    let (mut world, mut peer, call) = ringing();
    world.with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap());
    peer.send(&mut world, peer.text("CANCEL", 1, "", ""));
    let answer = world.next_response();
    assert_eq!(
        (answer.status, answer.cseq.method.clone()),
        (200, Method::Invite)
    );
    let cancelled = world.next_response();
    assert_eq!(
        (cancelled.status, cancelled.cseq.method),
        (200, Method::Cancel)
    );
    peer.learn(&answer);
    acknowledge(&mut world, &mut peer, "");
    assert_eq!(world.agents[BOB].established(), 1);
    assert!(world.agents[BOB].ended().is_empty());
}

#[test]
fn a_cancel_of_nothing_gets_481() {
    let (mut world, mut peer) = (bob(), peer());
    assert_eq!(ask(&mut world, &mut peer, "CANCEL", "", "").status, 481);
}

#[test]
fn a_caller_may_give_up_with_a_bye() {
    let (mut world, mut peer, call) = ringing();
    world.with(BOB, |ua, now| ua.ring(now, call).unwrap());
    peer.learn(&world.next_response());
    let bye = peer.request("BYE", "", "");
    peer.send(&mut world, bye);
    let mut statuses = [world.next_response().status, world.next_response().status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 487]);
    assert_over(world, EndedBy::Remote, EndCause::Cancelled);
}

#[test]
fn an_invite_without_an_offer_gets_ours_and_answers_with_the_ack() {
    let (mut world, mut peer) = (bob(), peer());
    let invite = peer.request("INVITE", "", "");
    peer.send(&mut world, invite);
    world.run(ms(10));
    assert!(matches!(
        world.agents[BOB].events[..],
        [Event::Incoming {
            has_offer: false,
            ..
        }]
    ));
    let call = world.agents[BOB].incoming();
    assert_eq!(
        world.with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap()),
        None
    );
    let answer = world.next_response();
    let text = String::from_utf8(answer.body.clone()).unwrap();
    assert!(
        text.contains("m=audio 4000 ") && text.contains("c=IN IP4 10.0.0.2"),
        "{text}"
    );
    peer.learn(&answer);
    acknowledge(&mut world, &mut peer, &offer());
    assert!(matches!(
        world.agents[BOB].events.last(),
        Some(Event::Established { media, .. }) if media.remote_rtp == addr("10.0.0.9:5000")
    ));
}

#[test]
fn an_ack_without_the_answer_it_owes_ends_the_call() {
    let (mut world, mut peer) = (bob(), peer());
    let invite = peer.request("INVITE", "", "");
    peer.send(&mut world, invite);
    world.run(ms(10));
    let call = world.agents[BOB].incoming();
    world.with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap());
    peer.learn(&world.next_response());
    acknowledge(&mut world, &mut peer, "");
    assert_eq!(world.next_request().method, Method::Bye);
    assert_over(world, EndedBy::Local, EndCause::NotAcceptable);
}

#[test]
fn an_offer_without_a_common_codec_is_told_and_gets_488_when_answered() {
    let (mut world, mut peer) = (bob(), peer());
    let invite = peer.request("INVITE", "", &offer().replace("8 0", "97"));
    peer.send(&mut world, invite);
    world.run(ms(10));
    assert!(matches!(
        world.agents[BOB].events[..],
        [Event::Incoming {
            has_offer: true,
            plain_ok: false,
            encrypted_ok: false,
            ..
        }]
    ));
    let call = world.agents[BOB].incoming();
    let refused = world.with(BOB, |ua, now| ua.answer(now, call, media(4000)));
    assert_eq!(refused, Err(CommandError::NotAcceptable));
    assert_eq!(world.next_response().status, 488);
    assert_over(world, EndedBy::Local, EndCause::NotAcceptable);
}

#[test]
fn requests_are_refused_as_rfc_3261_section_8_2_says() {
    let body = offer();
    for (method, headers, body, status, header) in [
        (
            "INVITE",
            "Require: 100rel, nothing, other\r\n",
            &body[..],
            420,
            Some(("Unsupported", "nothing, other")),
        ),
        (
            "OPTIONS",
            "Require: nothing\r\n",
            "",
            420,
            Some(("Unsupported", "nothing")),
        ),
        (
            "INVITE",
            "Content-Type: text/plain\r\n",
            "hello",
            415,
            Some(("Accept", "application/sdp")),
        ),
        (
            "INVITE",
            "Content-Encoding: gzip\r\n",
            &body[..],
            415,
            Some(("Accept-Encoding", "identity")),
        ),
        ("INVITE", "Accept: text/html\r\n", &body[..], 406, None),
        ("INVITE", "", "v=nonsense", 400, None),
        ("BYE", "", "", 481, None),
        ("INFO", "", "", 481, None),
        ("UPDATE", "", &body[..], 481, None),
        ("NOTIFY", "Event: message-summary\r\n", "", 481, None),
        (
            "REFER",
            "Refer-To: <sip:premium@10.6.6.6>\r\n",
            "",
            603,
            None,
        ),
        (
            "MESSAGE",
            "Content-Type: text/plain\r\n",
            "buy",
            405,
            Some(("Allow", "INVITE")),
        ),
        (
            "SUBSCRIBE",
            "Event: presence\r\n",
            "",
            405,
            Some(("Allow", "INVITE")),
        ),
        ("REGISTER", "", "", 405, Some(("Allow", "INVITE"))),
        ("PUBLISH", "", "", 405, Some(("Allow", "INVITE"))),
        ("NEWMETHOD", "", "", 501, Some(("Allow", "INVITE"))),
    ] {
        let (mut world, mut peer) = (bob(), peer());
        let response = ask(&mut world, &mut peer, method, headers, body);
        assert_eq!(response.status, status, "{method} {headers}");
        assert!(response.to.tag().is_some());
        if let Some((name, value)) = header {
            let found = response.headers.get(name).unwrap_or_default();
            assert!(found.starts_with(value), "{method}: {name}: {found}");
        }
        assert!(
            world.agents[BOB].events.is_empty(),
            "{method} was told to the program"
        );
        world.run(secs(100));
        assert_eq!(world.agents[BOB].ua.load(), Load::default());
    }
}

#[test]
fn a_scheme_nobody_knows_gets_416() {
    let (mut world, mut peer) = (bob(), peer());
    peer.uri = "unknown:bob".to_owned();
    assert_eq!(
        ask(&mut world, &mut peer, "INVITE", "", &offer()).status,
        416
    );
    assert_eq!(ask(&mut world, &mut peer, "OPTIONS", "", "").status, 416);
}

#[test]
fn options_are_answered_with_what_we_can() {
    let (mut world, mut peer) = (bob(), peer());
    let response = ask(
        &mut world,
        &mut peer,
        "OPTIONS",
        "Accept: text/html\r\n",
        "",
    );
    assert_eq!(response.status, 200);
    assert!(response.headers.list_has("Allow", "UPDATE"));
    assert_eq!(response.headers.get("Accept"), Some("application/sdp"));
    let (mut world, mut peer, _) = talking();
    assert_eq!(
        ask(&mut world, &mut peer, "OPTIONS", "", "").status,
        200,
        "within a dialog"
    );
}

#[test]
fn a_request_without_hops_left_is_answered_all_the_same() {
    let (mut world, mut peer) = (bob(), peer());
    let options = peer.request("OPTIONS", "", "");
    let text = String::from_utf8(options)
        .unwrap()
        .replace("Max-Forwards: 70", "Max-Forwards: 0");
    peer.send(&mut world, text.into_bytes());
    assert_eq!(world.next_response().status, 200);
}

#[test]
fn the_same_request_by_two_ways_is_merged() {
    let (mut world, mut peer, _) = ringing();
    // The same From tag, Call-ID and CSeq under another branch (RFC 3261 §8.2.2.2).
    peer.branch += 1;
    peer.send(&mut world, peer.text("INVITE", 1, "", &offer()));
    let response = world.next_response();
    assert_eq!(
        (response.status, response.top_via.branch()),
        (482, Some("z9hG4bK2"))
    );
    let calls = world.agents[BOB].events.iter();
    assert_eq!(
        calls
            .filter(|event| matches!(event, Event::Incoming { .. }))
            .count(),
        1
    );
}

#[test]
fn two_requests_with_the_bare_cookie_for_a_branch_are_two() {
    let (mut world, mut peer) = (bob(), peer());
    for _ in 0..2 {
        let options = String::from_utf8(peer.request("OPTIONS", "", "")).unwrap();
        let options = options.replace(&format!("z9hG4bK{}", peer.branch), "z9hG4bK");
        peer.send(&mut world, options.clone().into_bytes());
        assert_eq!(world.next_response().cseq.seq, peer.cseq);
        // And the same again is the same.
        peer.send(&mut world, options.into_bytes());
        assert_eq!(world.next_response().cseq.seq, peer.cseq);
    }
    assert_eq!(world.agents[BOB].ua.load().server_transactions, 2);
}

#[test]
fn a_caller_of_rfc_2543_without_branch_and_tag_is_served() {
    let (mut world, mut peer) = (bob(), peer());
    peer.from = "<sip:peer@10.0.0.9>".to_owned();
    let strip = |bytes: Vec<u8>, branch: u32| {
        let text = String::from_utf8(bytes).unwrap();
        text.replace(&format!(";branch=z9hG4bK{branch}"), "")
            .into_bytes()
    };
    let invite = strip(peer.request("INVITE", "", &offer()), peer.branch);
    peer.send(&mut world, invite.clone());
    peer.send(&mut world, invite);
    world.run(ms(20));
    let incoming = world.agents[BOB].events.iter();
    assert_eq!(
        incoming
            .filter(|event| matches!(event, Event::Incoming { .. }))
            .count(),
        1
    );
    let call = world.agents[BOB].incoming();
    world.scripted.clear();
    world.with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap());
    peer.learn(&world.next_response());
    let ack = strip(peer.text("ACK", 1, "", ""), peer.branch);
    peer.send(&mut world, ack);
    world.run(ms(20));
    assert_eq!(world.agents[BOB].established(), 1);
    let bye = strip(peer.request("BYE", "", ""), peer.branch);
    peer.send(&mut world, bye);
    assert_eq!(world.next_response().status, 200);
}

#[test]
fn responses_go_where_the_request_came_from() {
    let send = |via: &str, from: &str| {
        let (mut world, mut peer) = (bob(), peer());
        let options = String::from_utf8(peer.request("OPTIONS", "", "")).unwrap();
        let options = options.replace("10.0.0.9:5060;branch", via);
        world.datagram(addr(from), peer.ua, options.into_bytes());
        world.run(ms(20));
        let (_, to, bytes) = world.scripted.pop_front().unwrap();
        let response = ringbook_sip::message::parse_datagram(&bytes).unwrap();
        (to.to_string(), response.top_via().clone())
    };
    let (to, via) = send("10.0.0.9:5070;branch", "10.0.0.9:5070");
    assert_eq!((to.as_str(), via.received()), ("10.0.0.9:5070", None));
    // RFC 3261 §18.2.2: another source address than the Via says.
    let (to, via) = send("pc.example:5070;branch", "10.0.0.9:6000");
    assert_eq!(
        (to.as_str(), via.received()),
        ("10.0.0.9:5070", Some("10.0.0.9".parse().unwrap()))
    );
    // RFC 3581: and to the source's port, when asked to.
    let (to, via) = send("192.168.1.7:5070;rport;branch", "10.0.0.9:6000");
    assert_eq!((to.as_str(), via.rport()), ("10.0.0.9:6000", Some(6000)));
    assert_eq!(via.received(), Some("10.0.0.9".parse().unwrap()));
    // What the sender claims there itself counts for nothing.
    let (to, _) = send("10.0.0.9;received=10.6.6.6;branch", "10.0.0.9:6000");
    assert_eq!(to, "10.0.0.9:5060");
}

#[test]
fn with_accounts_only_their_users_and_contacts_can_be_called() {
    let mut world = bob();
    let line = world.agents[BOB]
        .ua
        .add_account(account("101", "sip:10.0.0.8"));
    let mut peer = peer();
    assert_eq!(
        ask(&mut world, &mut peer, "INVITE", "", &offer()).status,
        404
    );
    let mut peer = Peer::calling("101", addr("10.0.0.2:5060"));
    peer.branch = 50;
    let invite = peer.request("INVITE", "", &offer());
    peer.send(&mut world, invite);
    world.run(ms(10));
    assert!(matches!(
        world.agents[BOB].events[..],
        [Event::Incoming { account: Some(account), .. }] if account == line
    ));
}

#[test]
fn an_asserted_identity_counts_only_from_the_accounts_own_proxy() {
    let caller = |registrar: &str, headers: &str| {
        let mut world = bob();
        world.agents[BOB].ua.add_account(account("101", registrar));
        let mut peer = Peer::calling("101", addr("10.0.0.2:5060"));
        let invite = peer.request("INVITE", headers, &offer());
        peer.send(&mut world, invite);
        world.run(ms(10));
        match world.agents[BOB].events.pop() {
            Some(Event::Incoming { caller, .. }) => caller,
            other => panic!("{other:?}"),
        }
    };
    let (home, other) = ("sip:10.0.0.9", "sip:10.0.0.8");
    for header in ["P-Asserted-Identity", "Remote-Party-ID"] {
        let asserted = format!("{header}: \"Boss\" <sip:+77011112233@office.example>\r\n");
        let trusted = caller(home, &asserted);
        assert_eq!(trusted.number_text.as_deref(), Some("+77011112233"));
        assert_eq!(
            (trusted.display.as_deref(), trusted.asserted),
            (Some("Boss"), true)
        );
        let untrusted = caller(other, &asserted);
        assert_eq!(
            (untrusted.number_text.as_deref(), untrusted.asserted),
            (Some("peer"), false)
        );
    }
    let hidden = caller(
        home,
        "P-Asserted-Identity: <tel:+77011112233>\r\nPrivacy: id\r\n",
    );
    assert_eq!(
        hidden,
        CallerIdentity {
            hidden: true,
            asserted: true,
            ..Default::default()
        }
    );
    assert!(caller(other, "Privacy: user;critical\r\n").hidden);
    assert!(!caller(other, "Privacy: none\r\n").hidden);
}

#[test]
fn an_anonymous_caller_is_hidden() {
    for from in [
        "\"Anonymous\" <sip:anonymous@anonymous.invalid>",
        "<sip:+77011112233@anonymous.invalid>",
        "<sip:Anonymous@10.0.0.9>",
        "\"Restricted\" <sip:Restricted@10.0.0.9>",
        "<sip:unavailable@10.0.0.9>",
        "<sip:private@10.0.0.9>",
        "<sip:withheld@10.0.0.9>",
        "\"Unknown\" <sip:unknown@10.0.0.9>",
    ] {
        let (mut world, mut peer) = (bob(), peer());
        peer.from = format!("{from};tag=peer");
        let invite = peer.request("INVITE", "", &offer());
        peer.send(&mut world, invite);
        world.run(ms(10));
        let [Event::Incoming { caller, .. }] = &world.agents[BOB].events[..] else {
            panic!("{from}: {:?}", world.agents[BOB].events)
        };
        assert!(caller.hidden && caller.number_text.is_none(), "{from}");
    }
}

#[test]
fn calls_above_the_limit_are_busy() {
    let config = Config {
        max_calls: 2,
        ..Config::default()
    };
    let mut world = World::new(vec![Agent::with_config("bob", "10.0.0.2:5060", 2, config)]);
    for n in 0..3 {
        let mut peer = peer();
        (peer.call_id, peer.branch) = (format!("call-{n}"), n * 10);
        let invite = peer.request("INVITE", "", &offer());
        peer.send(&mut world, invite);
    }
    let response = world.next_response();
    assert_eq!((response.status, &response.call_id[..]), (486, "call-2"));
}

#[test]
fn a_flood_of_invites_is_bounded_and_forgotten() {
    let config = Config {
        max_transactions: 500,
        max_calls: 10,
        ..Config::default()
    };
    let mut world = World::new(vec![Agent::with_config("bob", "10.0.0.2:5060", 2, config)]);
    let mut peer = peer();
    for n in 0..2000 {
        peer.call_id = format!("flood-{n}");
        let invite = peer.request("INVITE", "", &offer());
        peer.send(&mut world, invite);
        world.run(ms(1));
        let load = world.agents[BOB].ua.load();
        assert!(load.server_transactions <= 500 && load.calls <= 10 && load.timers <= 520);
    }
    let statuses: Vec<u16> = std::iter::from_fn(|| world.scripted.pop_front())
        .filter_map(|(_, _, bytes)| ringbook_sip::message::parse_datagram(&bytes).ok())
        .filter_map(|message| message.as_response().map(|response| response.status))
        .collect();
    assert!(statuses.contains(&486) && statuses.contains(&503));
    world.run(secs(300));
    assert_eq!(world.agents[BOB].ua.load(), Load::default());
    assert_eq!(world.agents[BOB].ended().len(), 10);
}

#[test]
fn garbage_and_keep_alives_do_nothing() {
    let mut world = bob();
    for bytes in [
        &b""[..],
        b"\r\n\r\n",
        b"\0",
        b"hello",
        b"SIP/2.0 200 OK\r\n\r\n",
    ] {
        world.datagram(addr(PEER), addr("10.0.0.2:5060"), bytes.to_vec());
    }
    world.expect_silence(secs(1));
    assert_eq!(world.agents[BOB].ua.load(), Load::default());
}

mod in_a_call {
    use ringbook_sip::sdp::Direction;

    use super::*;

    fn changes(world: &World) -> Vec<(Direction, bool)> {
        let events = world.agents[BOB].events.iter();
        events
            .filter_map(|event| match event {
                Event::MediaChanged { media, .. } => Some((media.direction, media.remote_hold)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn the_peer_holds_and_resumes() {
        let (mut world, mut peer, _) = talking();
        for (version, direction) in [(2, "sendonly"), (3, "sendrecv")] {
            let response = ask(
                &mut world,
                &mut peer,
                "INVITE",
                "",
                &sdp(5000, version, direction),
            );
            assert_eq!(response.status, 200);
            acknowledge(&mut world, &mut peer, "");
        }
        assert_eq!(
            changes(&world),
            [(Direction::RecvOnly, true), (Direction::SendRecv, false)]
        );
        assert_eq!(world.agents[BOB].established(), 1);
    }

    #[test]
    fn a_refresh_that_changes_nothing_keeps_the_description() {
        let (mut world, mut peer, _) = talking();
        let answers: Vec<Vec<u8>> = (0..2)
            .map(|_| {
                let response = ask(&mut world, &mut peer, "INVITE", "", &offer());
                acknowledge(&mut world, &mut peer, "");
                response.body
            })
            .collect();
        assert_eq!(answers[0], answers[1], "the same version (RFC 3264 §8)");
    }

    #[test]
    fn the_peer_moves_its_contact_and_is_followed() {
        let (mut world, mut peer, call) = talking();
        let request = String::from_utf8(peer.request("INVITE", "", &offer())).unwrap();
        let moved = request.replace(
            "Contact: <sip:peer@10.0.0.9:5060>",
            "Contact: <sip:new@10.0.0.9:5080>",
        );
        peer.send(&mut world, moved.into_bytes());
        assert_eq!(world.next_response().status, 200);
        acknowledge(&mut world, &mut peer, "");
        world.with(BOB, |ua, now| ua.hangup(now, call).unwrap());
        assert_eq!(
            world.next_request().uri.to_string(),
            "sip:new@10.0.0.9:5080"
        );
    }

    #[test]
    fn a_change_without_an_offer_gets_ours() {
        let (mut world, mut peer, _) = talking();
        let response = ask(&mut world, &mut peer, "INVITE", "", "");
        assert_eq!(response.status, 200);
        assert!(
            String::from_utf8(response.body)
                .unwrap()
                .contains("m=audio 4000 ")
        );
        // Until the answer is here, there is no second change.
        assert_eq!(
            ask(&mut world, &mut peer, "INVITE", "", &offer()).status,
            491
        );
        peer.cseq -= 1;
        acknowledge(&mut world, &mut peer, &sdp(6000, 2, "sendrecv"));
        peer.cseq += 1;
        assert!(matches!(
            world.agents[BOB].events.last(),
            Some(Event::MediaChanged { media, .. }) if media.remote_rtp == addr("10.0.0.9:6000")
        ));
    }

    #[test]
    fn an_unusable_offer_is_refused_and_the_call_goes_on() {
        let (mut world, mut peer, _) = talking();
        let body = offer().replace("8 0", "97");
        assert_eq!(ask(&mut world, &mut peer, "INVITE", "", &body).status, 488);
        assert!(world.agents[BOB].ended().is_empty() && changes(&world).is_empty());
        assert_eq!(
            ask(&mut world, &mut peer, "INVITE", "", &offer()).status,
            200
        );
    }

    #[test]
    fn an_update_changes_the_media_too() {
        let (mut world, mut peer, _) = talking();
        let response = ask(
            &mut world,
            &mut peer,
            "UPDATE",
            "",
            &sdp(5000, 2, "inactive"),
        );
        assert_eq!(response.status, 200);
        assert!(!response.body.is_empty());
        assert_eq!(changes(&world), [(Direction::Inactive, true)]);
        let response = ask(&mut world, &mut peer, "UPDATE", "", "");
        assert_eq!(
            (response.status, response.body.len()),
            (200, 0),
            "a mere refresh"
        );
    }

    #[test]
    fn a_change_during_ours_gets_491() {
        let (mut world, mut peer, call) = talking();
        world.with(BOB, |ua, now| ua.hold(now, call).unwrap());
        assert_eq!(world.next_request().method, Method::Invite);
        assert_eq!(
            ask(&mut world, &mut peer, "INVITE", "", &offer()).status,
            491
        );
        assert_eq!(
            ask(&mut world, &mut peer, "UPDATE", "", &offer()).status,
            491
        );
    }

    #[test]
    fn a_change_before_the_answer_gets_500_and_a_time_to_wait() {
        let (mut world, mut peer, call) = ringing();
        world.with(BOB, |ua, now| ua.ring(now, call).unwrap());
        peer.learn(&world.next_response());
        let response = ask(&mut world, &mut peer, "INVITE", "", &offer());
        assert_eq!(response.status, 500);
        let wait: u32 = response
            .headers
            .get("Retry-After")
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=10).contains(&wait), "RFC 3261 §14.2");
        world.with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap());
        assert_eq!(world.next_response().status, 200);
    }

    #[test]
    fn a_request_out_of_order_gets_500() {
        let (mut world, mut peer, _) = talking();
        peer.cseq = 100;
        assert_eq!(ask(&mut world, &mut peer, "OPTIONS", "", "").status, 200);
        peer.cseq = 50;
        assert_eq!(ask(&mut world, &mut peer, "BYE", "", "").status, 500);
        assert!(world.agents[BOB].ended().is_empty());
    }

    #[test]
    fn keys_arrive_by_info() {
        let (mut world, mut peer, _) = talking();
        let relay = "Content-Type: application/dtmf-relay\r\n";
        for body in [
            "Signal=5\r\nDuration=160\r\n",
            "Signal= *\r\n",
            "signal=a",
            "Signal=11\r\n",
        ] {
            assert_eq!(ask(&mut world, &mut peer, "INFO", relay, body).status, 200);
        }
        let plain = "Content-Type: application/dtmf\r\n";
        assert_eq!(ask(&mut world, &mut peer, "INFO", plain, "7").status, 200);
        assert_eq!(
            ask(&mut world, &mut peer, "INFO", relay, "Signal=flash").status,
            400
        );
        let xml = "Content-Type: application/media_control+xml\r\n";
        assert_eq!(ask(&mut world, &mut peer, "INFO", xml, "<x/>").status, 415);
        assert_eq!(ask(&mut world, &mut peer, "INFO", "", "").status, 200);
        let digits: String = world.agents[BOB]
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Digit { digit, .. } => Some(*digit),
                _ => None,
            })
            .collect();
        assert_eq!(digits, "5*A#7");
    }

    #[test]
    fn nothing_else_is_taken_from_the_other_party() {
        let (mut world, mut peer, _) = talking();
        let wire = world.wire.len();
        for (method, headers, status) in [
            ("REFER", "Refer-To: <sip:premium@10.6.6.6>\r\n", 403),
            (
                "NOTIFY",
                "Event: refer\r\nSubscription-State: active\r\n",
                481,
            ),
            ("NOTIFY", "Event: presence\r\n", 489),
            ("MESSAGE", "", 405),
            ("PRACK", "RAck: 1 1 INVITE\r\n", 481),
            ("NEWMETHOD", "", 501),
            ("INVITE", "Require: nothing\r\n", 420),
        ] {
            assert_eq!(
                ask(&mut world, &mut peer, method, headers, "").status,
                status,
                "{method}"
            );
        }
        assert!(
            world.wire[wire..]
                .iter()
                .all(|seen| seen.to.ip().to_string() != "10.6.6.6")
        );
        assert!(world.agents[BOB].ended().is_empty());
    }
}
