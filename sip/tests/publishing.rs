//! Our own state, published (RFC 3903), against a server that says what the test tells it.

use crate::support;

use ringbook_sip::message::{Method, Request};
use ringbook_sip::user_agent::{Event, EventPackage, PublicationId, PublicationState};
use support::peer::respond;
use support::*;

const FREE: &[u8] = b"<free/>";
const TALKING: &[u8] = b"<talking/>";

/// A line that publishes for ten minutes, and its first PUBLISH.
fn publishing() -> (World, PublicationId, Request) {
    let mut alice = Agent::new("alice", "10.0.0.1:5060", 1);
    let mut config = account("alice", "sip:10.0.0.9");
    config.register = false;
    let line = alice.ua.add_account(config);
    let mut world = World::new(vec![alice]);
    let package = EventPackage {
        name: "dialog".to_owned(),
        accept: "application/dialog-info+xml".to_owned(),
        expires: secs(600),
    };
    let id = world.with(ALICE, |ua, now| {
        ua.publish(now, line, package, FREE.to_vec()).unwrap()
    });
    let request = world.next_request();
    (world, id, request)
}

/// The server takes it under this name.
fn take(world: &mut World, request: &Request, tag: &str, expires: &str) {
    respond(world, request, 200, "server", |response| {
        response.headers.push("SIP-ETag", tag);
        response.headers.push("Expires", expires);
    });
    world.run(ms(20));
}

fn refuse(world: &mut World, request: &Request, status: u16) {
    respond(world, request, status, "server", |_| {});
    world.run(ms(20));
}

fn states(world: &World) -> Vec<(PublicationState, Option<u16>)> {
    let events = world.agents[ALICE].events.iter();
    let states = events.filter_map(|event| match event {
        Event::Publication { state, status, .. } => Some((*state, *status)),
        _ => None,
    });
    states.collect()
}

/// What a PUBLISH says: the name of the state it is about, for how long, and the document.
fn said(request: &Request) -> (Option<&str>, u32, &[u8]) {
    assert_eq!(request.method, Method::Publish);
    assert_eq!(request.headers.get("Event"), Some("dialog"));
    let kind = request.headers.media_type();
    assert_eq!(kind.is_some(), !request.body.is_empty());
    (
        request.headers.get("SIP-If-Match"),
        request.headers.number("Expires").unwrap(),
        &request.body,
    )
}

#[test]
fn a_state_is_published_refreshed_in_time_changed_and_withdrawn() {
    let (mut world, id, first) = publishing();
    assert_eq!(first.uri.to_string(), "sip:alice@office.example");
    assert_eq!(said(&first), (None, 600, FREE));
    take(&mut world, &first, "one", "100");
    assert_eq!(states(&world), [(PublicationState::Active, None)]);

    let begin = world.now;
    let refresh = world.next_request_within(secs(120));
    assert!((secs(85)..secs(95)).contains(&(world.now - begin)));
    assert_eq!(said(&refresh), (Some("one"), 600, &b""[..]));
    assert_eq!(refresh.call_id, first.call_id);
    assert_eq!(refresh.cseq.seq, first.cseq.seq + 1);
    take(&mut world, &refresh, "two", "100");

    world.with(ALICE, |ua, now| {
        ua.publish_change(now, id, TALKING.to_vec())
    });
    let change = world.next_request();
    assert_eq!(said(&change), (Some("two"), 600, TALKING));
    take(&mut world, &change, "three", "100");

    world.with(ALICE, |ua, now| ua.unpublish(now, id));
    let last = world.next_request();
    assert_eq!(said(&last), (Some("three"), 0, &b""[..]));
    take(&mut world, &last, "three", "0");
    world.expect_silence(secs(300));
    assert_eq!(states(&world).len(), 1);
}

#[test]
fn changes_wait_for_the_one_under_way_and_only_the_last_of_them_goes_out() {
    let (mut world, id, first) = publishing();
    for document in [&b"<rings/>"[..], TALKING] {
        world.with(ALICE, |ua, now| {
            ua.publish_change(now, id, document.to_vec())
        });
    }
    world.run(ms(100));
    assert!(world.scripted.is_empty());
    take(&mut world, &first, "one", "600");
    let change = world.next_request();
    assert_eq!(said(&change), (Some("one"), 600, TALKING));
    take(&mut world, &change, "two", "600");
    world.expect_silence(secs(60));
}

#[test]
fn a_server_that_has_forgotten_the_state_is_told_it_whole() {
    let (mut world, id, first) = publishing();
    take(&mut world, &first, "one", "600");
    world.with(ALICE, |ua, now| {
        ua.publish_change(now, id, TALKING.to_vec())
    });
    let change = world.next_request();
    refuse(&mut world, &change, 412);
    let again = world.next_request();
    assert_eq!(said(&again), (None, 600, TALKING));
    // Once: who does not know a new state either publishes nothing.
    refuse(&mut world, &again, 412);
    world.expect_silence(secs(3600));
}

#[test]
fn too_short_a_time_is_raised_to_what_the_server_wants() {
    let (mut world, _, first) = publishing();
    respond(&mut world, &first, 423, "server", |response| {
        response.headers.push("Min-Expires", "1800");
    });
    assert_eq!(said(&world.next_request()), (None, 1800, FREE));
}

#[test]
fn who_takes_no_such_state_is_left_in_peace() {
    for status in [489, 405, 501, 403, 404, 415] {
        let (mut world, id, first) = publishing();
        refuse(&mut world, &first, status);
        let refused = PublicationState::Failed { retry_in: None };
        assert_eq!(states(&world), [(refused, Some(status))]);
        world.with(ALICE, |ua, now| {
            ua.publish_change(now, id, TALKING.to_vec())
        });
        world.expect_silence(secs(3600));
    }
}

#[test]
fn a_server_that_is_down_or_busy_is_asked_again_later() {
    for status in [Some(503), Some(500), None] {
        let (mut world, id, first) = publishing();
        match status {
            Some(status) => refuse(&mut world, &first, status),
            None => world.run(secs(33)),
        }
        let told = states(&world);
        let [
            (
                PublicationState::Failed {
                    retry_in: Some(wait),
                },
                _,
            ),
        ] = told[..]
        else {
            panic!("{told:?}")
        };
        assert!((secs(15)..=secs(30)).contains(&wait));
        world.scripted.clear();
        // What changes meanwhile waits, too.
        world.with(ALICE, |ua, now| {
            ua.publish_change(now, id, TALKING.to_vec())
        });
        world.expect_silence(wait - secs(2));
        let again = world.next_request();
        assert_eq!(said(&again), (None, 600, TALKING));
        take(&mut world, &again, "one", "600");
        assert_eq!(
            states(&world).last(),
            Some(&(PublicationState::Active, None))
        );
    }
}

#[test]
fn what_is_given_up_on_its_way_is_withdrawn_once_it_has_arrived() {
    let (mut world, id, first) = publishing();
    world.with(ALICE, |ua, now| ua.unpublish(now, id));
    take(&mut world, &first, "one", "600");
    let last = world.next_request();
    assert_eq!(said(&last), (Some("one"), 0, &b""[..]));
    take(&mut world, &last, "one", "0");
    world.expect_silence(secs(3600));
    assert!(states(&world).is_empty());
}
