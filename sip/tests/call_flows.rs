//! Golden ladders in the manner of RFC 3665, between two user agents.

use crate::support;

use ringbook_sip::message::{Message, Method};
use ringbook_sip::sdp::Direction;
use ringbook_sip::user_agent::{CallHandle, EndCause, EndedBy, Event, Load};
use support::*;

fn assert_ladder(world: &World, expected: &[&str]) {
    assert_eq!(
        world.ladder_lines(),
        expected,
        "the ladder:\n{}",
        world.ladder()
    );
}

fn assert_at_rest(world: &World) {
    for agent in &world.agents {
        assert_eq!(
            agent.ua.load(),
            Load::default(),
            "{} holds on to something",
            agent.name
        );
    }
}

/// Alice calls `target`; Bob hears it ring.
fn ringing(target: &str) -> (World, CallHandle, CallHandle) {
    let (mut world, line) = pair();
    let call = world.with(ALICE, |ua, now| {
        ua.invite(now, line, &uri(target), media(4000)).unwrap()
    });
    world.run(ms(50));
    let incoming = world.agents[BOB].incoming();
    world.with(BOB, |ua, now| ua.ring(now, incoming).unwrap());
    world.run(ms(50));
    (world, call, incoming)
}

fn causes(world: &World) -> [EndCause; 2] {
    let cause = |agent: usize| match &world.agents[agent].ended()[..] {
        [end] => end.cause,
        other => panic!("{} ended {} times", world.agents[agent].name, other.len()),
    };
    [cause(ALICE), cause(BOB)]
}

/// RFC 3665 §3.1
#[test]
fn a_call_is_made_answered_and_hung_up() {
    let (mut world, call, incoming) = ringing("sip:bob@10.0.0.2");
    let plan = world
        .with(BOB, |ua, now| {
            ua.answer(now, incoming, media(5000)).unwrap()
        })
        .unwrap();
    assert_eq!(plan.remote_rtp, addr("10.0.0.1:4000"));
    world.run(ms(500));
    assert!(
        matches!(
            &world.agents[ALICE].events[..],
            [Event::Ringing { status: 180, media: None, .. }, Event::Established { media, .. }]
                if media.remote_rtp == addr("10.0.0.2:5000")
        ),
        "{:?}",
        world.agents[ALICE].events
    );
    assert_eq!(world.agents[BOB].established(), 1);
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    world.run(secs(60));
    assert_ladder(
        &world,
        &[
            "alice→bob INVITE",
            "bob→alice 180 (INVITE)",
            "alice→bob PRACK",
            "bob→alice 200 (PRACK)",
            "bob→alice 200 (INVITE)",
            "alice→bob ACK",
            "alice→bob BYE",
            "bob→alice 200 (BYE)",
        ],
    );
    assert_eq!(
        causes(&world),
        [EndCause::LocalHangup, EndCause::RemoteHangup]
    );
    assert_eq!(world.agents[BOB].ended()[0].by, EndedBy::Remote);
    assert_at_rest(&world);
}

/// RFC 3665 §3.1 over TCP: one connection each way, and nothing twice.
#[test]
fn a_call_over_tcp_has_the_same_ladder() {
    let (mut world, _, incoming) = ringing("sip:bob@10.0.0.2;transport=tcp");
    world.with(BOB, |ua, now| {
        ua.answer(now, incoming, media(5000)).unwrap()
    });
    world.run(ms(500));
    world.with(BOB, |ua, now| ua.hangup(now, incoming).unwrap());
    world.run(secs(60));
    assert_ladder(
        &world,
        &[
            "alice→bob INVITE",
            "bob→alice 180 (INVITE)",
            "alice→bob PRACK",
            "bob→alice 200 (PRACK)",
            "bob→alice 200 (INVITE)",
            "alice→bob ACK",
            "bob→alice BYE",
            "alice→bob 200 (BYE)",
        ],
    );
    for seen in &world.wire {
        assert_eq!(seen.message.top_via().transport, "TCP");
    }
    assert_eq!(
        causes(&world),
        [EndCause::RemoteHangup, EndCause::LocalHangup]
    );
    // Connections that nobody uses are closed in the end.
    world.run(secs(400));
    assert_at_rest(&world);
}

/// RFC 3665 §3.8
#[test]
fn a_caller_that_does_not_want_to_wait_cancels() {
    let (mut world, call, _) = ringing("sip:bob@10.0.0.2");
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    world.run(secs(60));
    assert_ladder(
        &world,
        &[
            "alice→bob INVITE",
            "bob→alice 180 (INVITE)",
            "alice→bob PRACK",
            "bob→alice 200 (PRACK)",
            "alice→bob CANCEL",
            "bob→alice 200 (CANCEL)",
            "bob→alice 487 (INVITE)",
            "alice→bob ACK",
        ],
    );
    assert_eq!(causes(&world), [EndCause::Cancelled, EndCause::Cancelled]);
    assert_at_rest(&world);
}

/// RFC 3665 §3.9
#[test]
fn a_busy_callee_says_so() {
    let (mut world, _, incoming) = ringing("sip:bob@10.0.0.2");
    world.with(BOB, |ua, now| ua.reject(now, incoming, 486).unwrap());
    world.run(secs(60));
    assert_ladder(
        &world,
        &[
            "alice→bob INVITE",
            "bob→alice 180 (INVITE)",
            "alice→bob PRACK",
            "bob→alice 200 (PRACK)",
            "bob→alice 486 (INVITE)",
            "alice→bob ACK",
        ],
    );
    assert_eq!(causes(&world), [EndCause::Busy, EndCause::Rejected]);
    assert_at_rest(&world);
}

/// RFC 3665 §3.11
#[test]
fn a_callee_that_does_not_answer_ends_the_ringing() {
    let (mut world, ..) = ringing("sip:bob@10.0.0.2");
    // Nothing is lost by a proxy in between: the ring is repeated every minute.
    world.run(secs(250));
    assert_eq!(world.agents[BOB].ended()[0].cause, EndCause::NoAnswer);
    assert_eq!(world.agents[ALICE].ended()[0].cause, EndCause::NoAnswer);
    assert_at_rest(&world);
}

/// RFC 3665 §3.7, the change of media; here a hold and its end.
#[test]
fn a_hold_and_a_resume_are_seen_by_both() {
    let (mut world, call, incoming) = ringing("sip:bob@10.0.0.2");
    world.with(BOB, |ua, now| {
        ua.answer(now, incoming, media(5000)).unwrap()
    });
    world.run(ms(500));
    world.wire.clear();
    let change = [
        "alice→bob INVITE",
        "bob→alice 200 (INVITE)",
        "alice→bob ACK",
    ];
    world.with(ALICE, |ua, now| ua.hold(now, call).unwrap());
    world.run(ms(500));
    assert_ladder(&world, &change);
    let last = |world: &World, agent: usize| match world.agents[agent].events.last() {
        Some(Event::MediaChanged { media, .. }) => (media.direction, media.remote_hold),
        other => panic!("{other:?}"),
    };
    assert_eq!(last(&world, ALICE), (Direction::SendOnly, false));
    assert_eq!(last(&world, BOB), (Direction::RecvOnly, true));
    // Both hold: nobody sends. Then one resumes, and the other still holds.
    world.with(BOB, |ua, now| ua.hold(now, incoming).unwrap());
    world.run(ms(500));
    assert_eq!(last(&world, ALICE), (Direction::Inactive, true));
    world.with(ALICE, |ua, now| ua.resume(now, call).unwrap());
    world.run(ms(500));
    assert_eq!(last(&world, ALICE), (Direction::RecvOnly, true));
    assert_eq!(last(&world, BOB), (Direction::SendOnly, false));
    world.with(BOB, |ua, now| ua.resume(now, incoming).unwrap());
    world.run(ms(500));
    assert_eq!(last(&world, ALICE), (Direction::SendRecv, false));
    assert_eq!(last(&world, BOB), (Direction::SendRecv, false));
}

#[test]
fn two_changes_at_one_moment_both_come_to_be() {
    let (mut world, call, incoming) = ringing("sip:bob@10.0.0.2");
    world.with(BOB, |ua, now| {
        ua.answer(now, incoming, media(5000)).unwrap()
    });
    world.run(ms(500));
    world.with(ALICE, |ua, now| ua.hold(now, call).unwrap());
    world.with(BOB, |ua, now| ua.hold(now, incoming).unwrap());
    world.run(secs(10));
    let glares = world.ladder_lines();
    assert!(
        glares.iter().any(|line| line.ends_with("491 (INVITE)")),
        "{glares:?}"
    );
    for agent in [ALICE, BOB] {
        assert!(matches!(
            world.agents[agent].events.last(),
            Some(Event::MediaChanged { media, .. }) if media.direction == Direction::Inactive
        ));
    }
}

/// Every single message of a call is lost once; the call does not care.
#[test]
fn any_one_lost_message_is_made_good() {
    for lost in 0..6 {
        let (mut world, line) = pair();
        let mut nth = 0;
        world.drop_if = Some(Box::new(move |_: &Message| {
            nth += 1;
            nth == lost + 1
        }));
        let call = world.with(ALICE, |ua, now| {
            ua.invite(now, line, &uri("sip:bob@10.0.0.2"), media(4000))
                .unwrap()
        });
        world.run(secs(2));
        let incoming = world.agents[BOB].incoming();
        world.with(BOB, |ua, now| ua.ring(now, incoming).unwrap());
        world.run(secs(2));
        world.with(BOB, |ua, now| {
            ua.answer(now, incoming, media(5000)).unwrap()
        });
        world.run(secs(5));
        world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
        world.run(secs(60));
        for agent in &world.agents {
            assert_eq!(
                agent.established(),
                1,
                "message {lost} was lost: {}",
                agent.name
            );
        }
        assert_eq!(
            causes(&world),
            [EndCause::LocalHangup, EndCause::RemoteHangup]
        );
        assert_at_rest(&world);
    }
}

/// A network that eats every ACK: the callee ends what it cannot know to stand.
#[test]
fn a_call_whose_acks_are_all_lost_is_ended_by_the_callee() {
    let (mut world, _, incoming) = ringing("sip:bob@10.0.0.2");
    world.drop_if = Some(Box::new(|message: &Message| {
        message
            .as_request()
            .is_some_and(|request| request.method == Method::Ack)
    }));
    world.with(BOB, |ua, now| {
        ua.answer(now, incoming, media(5000)).unwrap()
    });
    world.run(secs(120));
    assert_eq!(causes(&world), [EndCause::RemoteHangup, EndCause::Timeout]);
    assert_at_rest(&world);
}
