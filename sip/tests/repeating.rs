//! Requests that come again after they were answered for good (RFC 3261 §17.2, RFC 6026 §7.1), and how
//! many of them are remembered.

use crate::support;

use ringbook_sip::message::Response;
use ringbook_sip::user_agent::{Config, Event, Load};
use support::peer::{Peer, sdp};
use support::*;

const BOB: usize = 0;

fn bob(config: Config) -> World {
    World::new(vec![Agent::with_config("bob", "10.0.0.2:5060", 2, config)])
}

/// What was sent in the course of a whole call.
struct Course {
    invite: Vec<u8>,
    cancel: Vec<u8>,
    accepted: Response,
    bye: Vec<u8>,
}

/// The number `n` of the peer's calls: answered, acknowledged, ended by the peer. The refusal, where it
/// was refused.
fn call(world: &mut World, n: u32) -> Result<Course, u16> {
    let mut peer = Peer::calling("bob", addr("10.0.0.2:5060"));
    (peer.call_id, peer.branch) = (format!("call-{n}"), n * 10);
    let invite = peer.request("INVITE", "", &sdp(5000, 1, "sendrecv"));
    let cancel = peer.text("CANCEL", 1, "", "");
    let before = incoming(world);
    peer.send(world, invite.clone());
    world.run(ms(10));
    if incoming(world) == before {
        return Err(world.next_response().status);
    }
    let handle = world.agents[BOB].incoming();
    world.with(BOB, |ua, now| ua.answer(now, handle, media(4000)).unwrap());
    let accepted = world.next_response();
    peer.learn(&accepted);
    peer.branch += 1;
    let ack = peer.text("ACK", 1, "", "");
    peer.send(world, ack);
    world.run(ms(20));
    peer.branch += 1;
    let bye = peer.request("BYE", "", "");
    peer.send(world, bye.clone());
    match world.next_response().status {
        200 => Ok(Course {
            invite,
            cancel,
            accepted,
            bye,
        }),
        refused => Err(refused),
    }
}

fn incoming(world: &World) -> usize {
    let is_incoming = |event: &&Event| matches!(event, Event::Incoming { .. });
    world.agents[BOB].events.iter().filter(is_incoming).count()
}

fn send(world: &mut World, bytes: &[u8]) {
    Peer::calling("bob", addr("10.0.0.2:5060")).send(world, bytes.to_vec());
}

#[test]
fn a_repeated_bye_gets_its_answer_again_and_a_repeated_invite_makes_no_call() {
    let mut world = bob(Config::default());
    let course = call(&mut world, 1).unwrap();
    for _ in 0..3 {
        send(&mut world, &course.invite);
        world.expect_silence(secs(1));
        send(&mut world, &course.bye);
        assert_eq!(world.next_response().status, 200);
    }
    assert_eq!(incoming(&world), 1);
    // A CANCEL that was late has no effect, and its answer the tag of the INVITE's (RFC 3261 §9.2).
    send(&mut world, &course.cancel);
    let late = world.next_response();
    assert_eq!(late.status, 200);
    assert_eq!(late.to.tag(), course.accepted.to.tag());
}

#[test]
fn after_half_a_minute_nothing_is_remembered() {
    let mut world = bob(Config::default());
    let course = call(&mut world, 1).unwrap();
    assert_eq!(world.agents[BOB].ua.load().server_transactions, 2);
    world.run(secs(33));
    assert_eq!(world.agents[BOB].ua.load(), Load::default());
    send(&mut world, &course.bye);
    assert_eq!(world.next_response().status, 481);
}

#[test]
fn an_invite_that_comes_by_two_ways_is_one_call_however_late_the_second() {
    let mut world = bob(Config::default());
    let course = call(&mut world, 1).unwrap();
    let other_way = String::from_utf8(course.invite).unwrap();
    let other_way = other_way.replace("branch=z9hG4bK11", "branch=z9hG4bKother");
    send(&mut world, other_way.as_bytes());
    assert_eq!(world.next_response().status, 482);
}

#[test]
fn calls_that_are_over_are_not_counted_among_those_at_hand() {
    let config = Config {
        max_transactions: 4,
        ..Config::default()
    };
    let mut world = bob(config);
    for n in 0..100 {
        assert!(call(&mut world, n).is_ok(), "call {n}");
    }
    assert_eq!(world.agents[BOB].ua.load().server_transactions, 200);
}

#[test]
fn what_is_remembered_has_its_limit() {
    let config = Config {
        max_transactions: 4,
        max_past_octets: 10_000,
        ..Config::default()
    };
    let mut world = bob(config);
    let refused = (0..100).find_map(|n| call(&mut world, n).err());
    assert_eq!(refused, Some(503));
    let load = world.agents[BOB].ua.load();
    assert!((15..45).contains(&load.server_transactions), "{load:?}");
    world.run(secs(40));
    assert!(call(&mut world, 100).is_ok());
}
