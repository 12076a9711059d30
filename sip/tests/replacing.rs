//! A call that takes the place of another one (RFC 3891), against a peer that says what the test
//! tells it.

use crate::support;

use ringbook_sip::message::{Method, Request, Response};
use ringbook_sip::user_agent::{AccountId, CallHandle, EndCause, EndedBy, Event, Load};
use support::peer::{Peer, respond, sdp};
use support::*;

const BOB: usize = 0;
const STRANGER: &str = "10.6.6.6:5060";

/// Bob, whose registrar and proxy is `registrar`.
fn bob(registrar: &str) -> (World, AccountId) {
    let mut bob = Agent::new("bob", "10.0.0.2:5060", 2);
    let mut config = account("bob", registrar);
    config.register = false;
    let line = bob.ua.add_account(config);
    (World::new(vec![bob]), line)
}

fn offer() -> String {
    sdp(5000, 1, "sendrecv")
}

fn invite(world: &mut World, peer: &mut Peer, from: &str, headers: &str) {
    let invite = peer.request("INVITE", headers, &offer());
    world.datagram(addr(from), peer.ua, invite);
    world.run(ms(10));
}

/// The peer has called, Bob has answered.
fn talking(registrar: &str) -> (World, CallHandle, Peer) {
    let (mut world, _) = bob(registrar);
    let mut peer = Peer::calling("bob", addr("10.0.0.2:5060"));
    invite(&mut world, &mut peer, support::peer::PEER, "");
    let call = world.agents[BOB].incoming();
    answer(&mut world, call, &mut peer);
    (world, call, peer)
}

fn answer(world: &mut World, call: CallHandle, peer: &mut Peer) {
    world.with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap());
    let answer = world.next_response();
    assert_eq!(answer.status, 200);
    acknowledge(world, peer, &answer);
}

fn acknowledge(world: &mut World, peer: &mut Peer, answer: &Response) {
    peer.learn(answer);
    peer.branch += 1000;
    let ack = peer.text("ACK", peer.cseq, "", "");
    peer.send(world, ack);
    world.run(ms(20));
}

/// Another party that calls the same account.
fn another() -> Peer {
    Peer {
        call_id: "another-call".to_owned(),
        from: "<sip:carol@10.0.0.9>;tag=carol".to_owned(),
        branch: 7000,
        ..Peer::calling("bob", addr("10.0.0.2:5060"))
    }
}

fn tag(address: &str) -> &str {
    address.rsplit_once("tag=").unwrap().1
}

/// The dialog of Bob and the peer, as RFC 3891 §3 names it to Bob.
fn replaces(peer: &Peer) -> String {
    let (ours, theirs) = (tag(&peer.to), tag(&peer.from));
    format!("Replaces: {};to-tag={ours};from-tag={theirs}", peer.call_id)
}

fn told(world: &World) -> Option<CallHandle> {
    let incoming = world.agents[BOB].events.iter().rev();
    let mut told = incoming.filter_map(|event| match event {
        Event::Incoming { replaces, .. } => Some(*replaces),
        _ => None,
    });
    told.next().unwrap()
}

fn ended(world: &World) -> Vec<(EndedBy, EndCause)> {
    let ended = world.agents[BOB].ended();
    ended.into_iter().map(|end| (end.by, end.cause)).collect()
}

#[test]
fn a_call_takes_the_place_of_another_and_that_gets_a_bye() {
    // Through the account's own proxy, and from where the replaced party itself is.
    for registrar in ["sip:10.0.0.9", "sip:10.0.0.8"] {
        let (mut world, old, peer) = talking(registrar);
        let mut carol = another();
        let headers = format!("Require: replaces\r\n{}\r\n", replaces(&peer));
        invite(&mut world, &mut carol, support::peer::PEER, &headers);
        assert_eq!(told(&world), Some(old));
        let new = world.agents[BOB].incoming();
        world.with(BOB, |ua, now| ua.answer(now, new, media(4002)).unwrap());
        let accepted = world.next_response();
        assert_eq!((accepted.status, &accepted.call_id), (200, &carol.call_id));
        let bye = world.next_request();
        assert_eq!(
            (bye.method.clone(), &bye.call_id),
            (Method::Bye, &peer.call_id)
        );
        respond(&mut world, &bye, 200, "", |_| {});
        acknowledge(&mut world, &mut carol, &accepted);
        assert_eq!(ended(&world), [(EndedBy::Remote, EndCause::Replaced)]);
        assert_eq!(world.agents[BOB].established(), 2);
        world.with(BOB, |ua, now| ua.hangup(now, new).unwrap());
        let bye = world.next_request();
        respond(&mut world, &bye, 200, "", |_| {});
        world.run(secs(100));
        assert_eq!(world.agents[BOB].ua.load(), Load::default());
    }
}

#[test]
fn a_new_call_that_is_refused_leaves_the_old_one_alone() {
    let (mut world, old, peer) = talking("sip:10.0.0.9");
    let headers = format!("{}\r\n", replaces(&peer));
    invite(&mut world, &mut another(), support::peer::PEER, &headers);
    let new = world.agents[BOB].incoming();
    world.with(BOB, |ua, now| ua.reject(now, new, 486).unwrap());
    assert_eq!(ended(&world), [(EndedBy::Local, EndCause::Rejected)]);
    world.with(BOB, |ua, now| ua.hold(now, old).unwrap());
}

/// Knowing the tags is not enough.
#[test]
fn nobody_takes_over_a_call_from_elsewhere() {
    for registrar in ["sip:10.0.0.9", "sip:10.0.0.8"] {
        let (mut world, _, peer) = talking(registrar);
        let headers = format!("{}\r\n", replaces(&peer));
        invite(&mut world, &mut another(), STRANGER, &headers);
        assert_eq!(world.next_response().status, 403, "{registrar}");
        let sent = "10.0.0.9:5999";
        invite(
            &mut world,
            &mut Peer {
                branch: 8000,
                cseq: 5,
                ..another()
            },
            sent,
            &headers,
        );
        assert_eq!(world.next_response().status, 403, "another port");
        assert_eq!(world.agents[BOB].events.len(), 2, "nothing was told");
    }
}

#[test]
fn what_names_no_call_that_can_be_replaced_is_refused() {
    let (mut world, _, peer) = talking("sip:10.0.0.9");
    let right = replaces(&peer);
    let (ours, theirs) = (tag(&peer.to), tag(&peer.from));
    let swapped = format!("Replaces: {};to-tag={theirs};from-tag={ours}", peer.call_id);
    for (header, status) in [
        (swapped, 481),
        (right.replace("call-of-bob", "another"), 481),
        (right.replace(theirs, "other"), 481),
        (format!("{right};early-only"), 486),
        (format!("{right}\r\n{right}"), 400),
        (format!("{right};to-tag=again"), 400),
        (format!("Replaces: {};to-tag={ours}", peer.call_id), 400),
        ("Replaces: nothing".to_owned(), 400),
        ("Replaces: ;;;".to_owned(), 400),
        ("Replaces: x;to-tag=\"".to_owned(), 400),
    ] {
        let mut carol = Peer {
            call_id: format!("call-{status}-{}", header.len()),
            ..another()
        };
        invite(
            &mut world,
            &mut carol,
            support::peer::PEER,
            &format!("{header}\r\n"),
        );
        let refused = world.next_response();
        assert_eq!(refused.status, status, "{header}");
        carol.learn(&refused);
        let ack = carol.text("ACK", carol.cseq, "", "");
        carol.send(&mut world, ack);
    }
    let mut carol = another();
    let options = carol.request("OPTIONS", &format!("{right}\r\n"), "");
    carol.send(&mut world, options);
    assert_eq!(world.next_response().status, 400);
    assert!(ended(&world).is_empty());
}

#[test]
fn a_call_that_is_over_or_rings_here_cannot_be_replaced() {
    let (mut world, old, peer) = talking("sip:10.0.0.9");
    let headers = format!("{}\r\n", replaces(&peer));
    world.with(BOB, |ua, now| ua.hangup(now, old).unwrap());
    assert_eq!(world.next_request().method, Method::Bye);
    invite(&mut world, &mut another(), support::peer::PEER, &headers);
    assert_eq!(world.next_response().status, 603);

    let (mut world, _) = bob("sip:10.0.0.9");
    let mut peer = Peer::calling("bob", addr("10.0.0.2:5060"));
    invite(&mut world, &mut peer, support::peer::PEER, "");
    let call = world.agents[BOB].incoming();
    world.with(BOB, |ua, now| ua.ring(now, call).unwrap());
    peer.learn(&world.next_response());
    let headers = format!("{}\r\n", replaces(&peer));
    invite(&mut world, &mut another(), support::peer::PEER, &headers);
    assert_eq!(world.next_response().status, 481);
}

/// Somebody else picks up what we ring: our INVITE is taken back.
#[test]
fn a_call_of_ours_that_still_rings_is_replaced_and_cancelled() {
    let (mut world, line) = bob("sip:10.0.0.9");
    let target = uri("sip:peer@10.0.0.9");
    let old = world.with(BOB, |ua, now| {
        ua.invite(now, line, &target, media(4000)).unwrap()
    });
    let ours: Request = world.next_request();
    respond(&mut world, &ours, 180, "ringing", |_| {});
    world.run(ms(20));
    // The way is known from the response, and the proxy is the account's own.
    let (our_tag, call_id) = (ours.from.tag().unwrap(), &ours.call_id);
    let headers = format!("Replaces: {call_id};to-tag={our_tag};from-tag=ringing;early-only\r\n");
    let mut carol = another();
    invite(&mut world, &mut carol, support::peer::PEER, &headers);
    assert_eq!(told(&world), Some(old));
    let new = world.agents[BOB].incoming();
    world.with(BOB, |ua, now| ua.answer(now, new, media(4002)).unwrap());
    let accepted = world.next_response();
    assert_eq!(accepted.status, 200);
    let cancel = world.next_request();
    assert_eq!(
        (cancel.method.clone(), &cancel.call_id),
        (Method::Cancel, call_id)
    );
    respond(&mut world, &cancel, 200, "", |_| {});
    respond(&mut world, &ours, 487, "ringing", |_| {});
    assert_eq!(world.next_request().method, Method::Ack);
    acknowledge(&mut world, &mut carol, &accepted);
    assert_eq!(ended(&world), [(EndedBy::Remote, EndCause::Replaced)]);
    // Too late for a second one.
    invite(
        &mut world,
        &mut Peer {
            call_id: "late".to_owned(),
            ..another()
        },
        support::peer::PEER,
        &headers,
    );
    assert_eq!(world.next_response().status, 481);
}
