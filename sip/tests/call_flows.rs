//! Golden ladders in the manner of RFC 3665, between two user agents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use ringbook_sip::user_agent::{EndCause, EndedBy, Event, Load};
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

#[test]
fn a_call_is_made_answered_and_hung_up() {
    let (mut world, line) = pair();
    let call = world.with(ALICE, |ua, now| {
        ua.invite(now, line, &uri("sip:bob@10.0.0.2"), media(4000))
            .unwrap()
    });
    world.run(ms(50));
    let incoming = world.agents[BOB].incoming();
    world.with(BOB, |ua, now| ua.ring(now, incoming).unwrap());
    world.run(ms(500));
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
            "bob→alice 200 (INVITE)",
            "alice→bob ACK",
            "alice→bob BYE",
            "bob→alice 200 (BYE)",
        ],
    );
    assert_eq!(world.agents[ALICE].ended()[0].cause, EndCause::LocalHangup);
    assert_eq!(world.agents[BOB].ended()[0].cause, EndCause::RemoteHangup);
    assert_eq!(world.agents[BOB].ended()[0].by, EndedBy::Remote);
    assert_at_rest(&world);
}
