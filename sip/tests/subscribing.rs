//! Subscriptions against a scripted notifier, in virtual time (RFC 6665).

use crate::support;

use std::time::Duration;

use ringbook_sip::message::{Method, Request, Response};
use ringbook_sip::user_agent::{Event, EventPackage, Load, SubscriptionId, SubscriptionState};
use support::peer::{PEER, Peer, respond};
use support::*;

use SubscriptionState::{Active, Failed, Pending};

const FORMAT: &str = "application/dialog-info+xml";

/// Alice has subscribed to what 102 does; the SUBSCRIBE has arrived.
fn subscribing() -> (World, SubscriptionId, Request) {
    let (mut world, line) = alone();
    let package = EventPackage {
        name: "dialog".to_owned(),
        accept: FORMAT.to_owned(),
        expires: secs(600),
    };
    let id = world.with(ALICE, |ua, now| {
        ua.subscribe(now, line, &uri("sip:102@10.0.0.9"), package)
            .unwrap()
    });
    let subscribe = next_subscribe(&mut world);
    (world, id, subscribe)
}

fn next_subscribe(world: &mut World) -> Request {
    let request = world.next_request();
    assert_eq!(request.method, Method::Subscribe);
    request
}

/// The next SUBSCRIBE, waited for, and after how long it came.
fn later(world: &mut World, within: Duration) -> (Request, Duration) {
    let begin = world.now;
    while world.scripted.is_empty() && world.now < begin + within {
        world.run(ms(100));
    }
    (next_subscribe(world), world.now - begin)
}

fn grant(world: &mut World, subscribe: &Request, seconds: u32) {
    respond(world, subscribe, 200, "notifier", |response| {
        response.headers.push("Expires", seconds.to_string());
    });
    world.run(ms(20));
}

/// The notifier's side of the dialog.
fn notifier(subscribe: &Request) -> Peer {
    Peer::called(subscribe, addr("10.0.0.1:5060"), "notifier")
}

/// Sends a NOTIFY and returns what came back.
fn notify(world: &mut World, peer: &mut Peer, headers: &str, body: &str) -> Response {
    let content = match body {
        "" => String::new(),
        _ => format!("Content-Type: {FORMAT}\r\n"),
    };
    let bytes = peer.request("NOTIFY", &format!("{headers}{content}"), body);
    peer.send(world, bytes);
    world.next_response()
}

fn state(word: &str) -> String {
    format!("Event: dialog\r\nSubscription-State: {word}\r\n")
}

/// A subscription that is active.
fn active() -> (World, SubscriptionId, Peer) {
    let (mut world, id, subscribe) = subscribing();
    grant(&mut world, &subscribe, 600);
    let mut peer = notifier(&subscribe);
    let answer = notify(&mut world, &mut peer, &state("active;expires=600"), "<x/>");
    assert_eq!(answer.status, 200);
    (world, id, peer)
}

fn told(world: &World) -> Vec<(SubscriptionState, Option<u16>)> {
    let events = world.agents[ALICE].events.iter();
    events
        .filter_map(|event| match event {
            Event::Subscription { state, status, .. } => Some((*state, *status)),
            _ => None,
        })
        .collect()
}

fn documents(world: &World) -> Vec<String> {
    let events = world.agents[ALICE].events.iter();
    events
        .filter_map(|event| match event {
            Event::Notified { body, .. } => Some(String::from_utf8(body.clone()).unwrap()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_subscribe_says_what_it_wants_and_a_notify_brings_it() {
    let (mut world, _, subscribe) = subscribing();
    assert_eq!(subscribe.uri.to_string(), "sip:102@10.0.0.9");
    assert_eq!(subscribe.headers.get("Event"), Some("dialog"));
    assert_eq!(subscribe.headers.get("Accept"), Some(FORMAT));
    assert_eq!(subscribe.headers.get("Expires"), Some("600"));
    assert_eq!(subscribe.headers.contacts().len(), 1);
    grant(&mut world, &subscribe, 600);
    assert_eq!(told(&world), [], "the notifier's word counts");
    let mut peer = notifier(&subscribe);
    let answer = notify(&mut world, &mut peer, &state("pending"), "");
    assert_eq!(answer.status, 200);
    notify(
        &mut world,
        &mut peer,
        &state("active;expires=600"),
        "<one/>",
    );
    notify(&mut world, &mut peer, &state("Active"), "<two/>");
    assert_eq!(told(&world), [(Pending, None), (Active, None)]);
    assert_eq!(documents(&world), ["<one/>", "<two/>"]);
}

/// RFC 6665 §4.1.2.3
#[test]
fn a_notify_may_come_before_the_response() {
    let (mut world, _, subscribe) = subscribing();
    let mut peer = notifier(&subscribe);
    let answer = notify(&mut world, &mut peer, &state("active;expires=600"), "<x/>");
    assert_eq!(answer.status, 200);
    grant(&mut world, &subscribe, 600);
    assert_eq!(told(&world), [(Active, None)]);
    let (refresh, _) = later(&mut world, secs(600));
    assert_eq!(
        refresh.to.tag(),
        Some("notifier"),
        "within the NOTIFY's dialog"
    );
    assert_eq!(refresh.uri.to_string(), format!("sip:peer@{PEER}"));
    assert!(refresh.cseq.seq > subscribe.cseq.seq);
}

#[test]
fn it_is_refreshed_in_time_by_what_the_notifier_granted_last() {
    let (mut world, _, mut peer) = active();
    let (refresh, after) = later(&mut world, secs(700));
    assert!((secs(530)..=secs(541)).contains(&after), "{after:?}");
    assert_eq!(refresh.to.tag(), Some("notifier"));
    grant(&mut world, &refresh, 120);
    let (refresh, after) = later(&mut world, secs(200));
    assert!((secs(105)..=secs(109)).contains(&after), "{after:?}");
    grant(&mut world, &refresh, 600);
    notify(&mut world, &mut peer, &state("active;expires=60"), "");
    let (_, after) = later(&mut world, secs(100));
    assert!((secs(48)..=secs(51)).contains(&after), "{after:?}");
    assert_eq!(told(&world), [(Active, None)], "a refresh is no news");
}

/// RFC 6665 §4.1.2.4, timer N
#[test]
fn an_accepted_subscription_without_a_notify_has_failed() {
    let (mut world, _, subscribe) = subscribing();
    grant(&mut world, &subscribe, 600);
    world.run(secs(31));
    assert_eq!(told(&world), []);
    world.run(secs(2));
    assert!(matches!(
        told(&world)[..],
        [(Failed { retry_in: Some(_) }, None)]
    ));
    let (again, _) = later(&mut world, secs(60));
    assert_ne!(again.call_id, subscribe.call_id);
    assert_eq!(again.to.tag(), None);
}

#[test]
fn a_notifier_that_has_forgotten_us_is_asked_anew_at_once() {
    let (mut world, _, _) = active();
    let (refresh, _) = later(&mut world, secs(600));
    respond(&mut world, &refresh, 481, "", |_| {});
    let (again, after) = later(&mut world, secs(10));
    assert!(after < secs(1), "{after:?}");
    assert_eq!(again.to.tag(), None);
    assert_ne!(again.call_id, refresh.call_id);
}

#[test]
fn an_interval_too_brief_is_raised_and_asked_for_again() {
    let (mut world, _, subscribe) = subscribing();
    respond(&mut world, &subscribe, 423, "", |response| {
        response.headers.push("Min-Expires", "1800");
    });
    let again = next_subscribe(&mut world);
    assert_eq!(again.headers.get("Expires"), Some("1800"));
    // Without a larger number it is a refusal: no circle.
    respond(&mut world, &again, 423, "", |response| {
        response.headers.push("Min-Expires", "1800");
    });
    world.run(ms(50));
    assert_eq!(told(&world), [(Failed { retry_in: None }, Some(423))]);
}

#[test]
fn a_busy_notifier_names_the_time_of_the_next_try() {
    let (mut world, _, subscribe) = subscribing();
    respond(&mut world, &subscribe, 503, "", |response| {
        response.headers.push("Retry-After", "100");
    });
    let (_, after) = later(&mut world, secs(200));
    assert!((secs(99)..=secs(102)).contains(&after), "{after:?}");
    let retry_in = Some(secs(100));
    assert_eq!(told(&world), [(Failed { retry_in }, Some(503))]);
}

#[test]
fn what_is_refused_for_good_is_not_asked_again() {
    for status in [403, 404, 489] {
        let (mut world, _, subscribe) = subscribing();
        respond(&mut world, &subscribe, status, "", |_| {});
        world.run(secs(1));
        assert_eq!(told(&world), [(Failed { retry_in: None }, Some(status))]);
        world.expect_silence(secs(4000));
    }
}

#[test]
fn an_unreachable_notifier_is_no_idle_one_and_is_tried_later_and_later() {
    let (mut world, _, _) = subscribing();
    let mut waits = Vec::new();
    for _ in 0..3 {
        world.run(secs(33));
        let last = told(&world).last().copied();
        let Some((
            Failed {
                retry_in: Some(wait),
            },
            Some(408),
        )) = last
        else {
            panic!("not failed: {last:?}");
        };
        world.scripted.clear();
        let (_, after) = later(&mut world, wait + secs(1));
        assert!(after <= wait + ms(200));
        waits.push(wait);
    }
    assert!(waits[2] > waits[0], "{waits:?}");
}

#[test]
fn a_refused_refresh_leaves_the_subscription_until_its_end() {
    let (mut world, _, mut peer) = active();
    let (refresh, _) = later(&mut world, secs(600));
    respond(&mut world, &refresh, 503, "", |_| {});
    world.run(ms(50));
    assert_eq!(
        notify(&mut world, &mut peer, &state("active"), "<y/>").status,
        200
    );
    assert_eq!(told(&world), [(Active, None)]);
    assert_eq!(documents(&world).last().unwrap(), "<y/>");
}

#[test]
fn the_notifiers_reason_decides_whether_and_when_we_come_back() {
    for (word, expected) in [
        ("terminated;reason=deactivated", Some((secs(2), secs(2)))),
        ("terminated;reason=timeout", Some((secs(2), secs(2)))),
        (
            "terminated;reason=probation;retry-after=90",
            Some((secs(90), secs(90))),
        ),
        (
            "terminated;reason=giveup;retry-after=40",
            Some((secs(40), secs(40))),
        ),
        ("terminated", Some((secs(15), secs(30)))),
        (
            "terminated;reason=something-new",
            Some((secs(15), secs(30))),
        ),
        ("terminated;reason=rejected", None),
        ("terminated;reason=noresource;retry-after=5", None),
        ("terminated;reason=invariant", None),
    ] {
        let (mut world, _, mut peer) = active();
        let answer = notify(&mut world, &mut peer, &state(word), "");
        assert_eq!(answer.status, 200, "{word}");
        let Some((Failed { retry_in }, None)) = told(&world).last().copied() else {
            panic!("{word}: {:?}", told(&world));
        };
        match expected {
            None => {
                assert_eq!(retry_in, None, "{word}");
                world.expect_silence(secs(2000));
            }
            Some((least, most)) => {
                let (again, after) = later(&mut world, most + secs(1));
                assert!(
                    after + ms(100) >= least && after <= most + ms(200),
                    "{word}: {after:?}"
                );
                assert_eq!(again.to.tag(), None, "{word}");
            }
        }
    }
}

#[test]
fn who_does_not_know_the_dialog_gets_481_and_changes_nothing() {
    let (mut world, _, peer) = active();
    let strangers = [
        Peer {
            call_id: "another".into(),
            ..copy(&peer)
        },
        Peer {
            to: "<sip:alice@office.example>;tag=guess".into(),
            ..copy(&peer)
        },
        Peer {
            from: "<sip:102@10.0.0.9>;tag=fork".into(),
            ..copy(&peer)
        },
    ];
    for mut stranger in strangers {
        let answer = notify(
            &mut world,
            &mut stranger,
            &state("terminated;reason=rejected"),
            "<evil/>",
        );
        assert_eq!(answer.status, 481);
    }
    // Nor does an unsolicited one pop anything up.
    let mut outside = Peer::calling("alice", addr("10.0.0.1:5060"));
    let answer = notify(&mut world, &mut outside, &state("active"), "<evil/>");
    assert_eq!(answer.status, 481);
    assert_eq!(told(&world), [(Active, None)]);
    assert_eq!(documents(&world), ["<x/>"]);
}

fn copy(peer: &Peer) -> Peer {
    Peer {
        ua: peer.ua,
        uri: peer.uri.clone(),
        call_id: peer.call_id.clone(),
        from: peer.from.clone(),
        to: peer.to.clone(),
        cseq: peer.cseq + 10,
        branch: peer.branch + 1000,
    }
}

#[test]
fn a_notify_that_makes_no_sense_is_refused_and_changes_nothing() {
    let (mut world, _, mut peer) = active();
    let wrong_event = "Event: presence\r\nSubscription-State: active\r\n";
    assert_eq!(notify(&mut world, &mut peer, wrong_event, "").status, 489);
    assert_eq!(
        notify(&mut world, &mut peer, "Event: dialog\r\n", "").status,
        400
    );
    assert_eq!(
        notify(&mut world, &mut peer, &state("perhaps"), "").status,
        400
    );
    let bytes = peer.request(
        "NOTIFY",
        &format!("{}Content-Type: text/html\r\n", state("active")),
        "<html/>",
    );
    peer.send(&mut world, bytes);
    let answer = world.next_response();
    assert_eq!(
        (answer.status, answer.headers.get("Accept")),
        (415, Some(FORMAT))
    );
    peer.cseq -= 5;
    assert_eq!(
        notify(&mut world, &mut peer, &state("active"), "<old/>").status,
        500
    );
    assert_eq!(documents(&world), ["<x/>"]);
}

#[test]
fn unsubscribing_tells_the_notifier_and_leaves_nothing_behind() {
    let (mut world, id, mut peer) = active();
    world.with(ALICE, |ua, now| ua.unsubscribe(now, id));
    let last = next_subscribe(&mut world);
    assert_eq!(last.headers.get("Expires"), Some("0"));
    assert_eq!(last.to.tag(), Some("notifier"));
    grant(&mut world, &last, 0);
    let before = told(&world).len();
    let answer = notify(
        &mut world,
        &mut peer,
        &state("terminated;reason=timeout"),
        "<z/>",
    );
    assert_eq!(answer.status, 200);
    assert_eq!((told(&world).len(), documents(&world).len()), (before, 1));
    world.run(secs(100));
    assert_eq!(world.agents[ALICE].ua.load(), Load::default());
    world.expect_silence(secs(2000));
}

#[test]
fn a_subscription_given_up_before_it_is_accepted_is_ended_when_it_is() {
    let (mut world, id, subscribe) = subscribing();
    world.with(ALICE, |ua, now| ua.unsubscribe(now, id));
    grant(&mut world, &subscribe, 600);
    let last = next_subscribe(&mut world);
    assert_eq!(last.headers.get("Expires"), Some("0"));
    assert_eq!(last.to.tag(), Some("notifier"));
    grant(&mut world, &last, 0);
    world.run(secs(100));
    assert_eq!(world.agents[ALICE].ua.load(), Load::default());
    assert_eq!(told(&world), []);
}
