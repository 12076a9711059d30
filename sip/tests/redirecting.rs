//! Calls that are sent on, by the other side and by us, and calls that hide who makes them
//! (RFC 3261 §8.1.3.4, RFC 3323, RFC 5373, RFC 5806, RFC 7044).

use crate::support;

use ringbook_sip::message::{Method, Request};
use ringbook_sip::user_agent::{
    CallHandle, CallOptions, Config, Diversion, EndCause, EndedBy, Event, LedOn, Load,
};
use support::peer::{Peer, respond, sdp, with_sdp};
use support::*;

/// Alice, whose line has no registrar, has called.
fn calling_as(config: Config, target: &str, options: CallOptions) -> (World, CallHandle, Request) {
    let mut alice = Agent::with_config("alice", "10.0.0.1:5060", 1, config);
    let mut line = account("alice", "sip:10.0.0.9");
    line.register = false;
    let line = alice.ua.add_account(line);
    let mut world = World::new(vec![alice]);
    let target = uri(target);
    let call = world.with(ALICE, |ua, now| {
        ua.invite_with(now, line, &target, media(4000), options)
            .unwrap()
    });
    let invite = world.next_request();
    (world, call, invite)
}

/// Alice, who follows redirections, has called.
fn calling(target: &str) -> (World, CallHandle, Request) {
    let config = Config {
        follow_redirects: true,
        ..Config::default()
    };
    calling_as(config, target, CallOptions::default())
}

fn send_on(world: &mut World, invite: &Request, status: u16, contacts: &str) {
    respond(world, invite, status, "one", |response| {
        response.headers.set("Contact", contacts);
    });
    assert_eq!(world.next_request().method, Method::Ack);
}

fn ended(world: &World) -> Vec<(EndedBy, Option<u16>)> {
    let ended = world.agents[ALICE].ended();
    ended.into_iter().map(|end| (end.by, end.status)).collect()
}

#[test]
fn a_redirected_call_goes_on_to_the_best_target_and_then_to_the_others() {
    let (mut world, _, invite) = calling("sip:bob@10.0.0.9");
    let contacts = "<sip:third@10.0.0.9>;q=0.2, <mailto:bob@x>, <sip:second@10.0.0.9>;q=0.5, \
                    <tel:+7-701-111-22-33>, <sip:bob@10.0.0.9>";
    send_on(&mut world, &invite, 302, contacts);
    let mut last = invite.clone();
    // A telephone number is called at our own domain; where we come from we do not go again.
    for target in [
        "sip:+7-701-111-22-33@office.example;user=phone",
        "sip:second@10.0.0.9",
        "sip:third@10.0.0.9",
    ] {
        let next = world.next_request();
        assert_eq!(
            (next.method.clone(), next.uri.to_string()),
            (Method::Invite, target.to_owned())
        );
        assert_eq!(
            (&next.call_id, &next.from, &next.to),
            (&last.call_id, &last.from, &last.to)
        );
        assert_eq!(next.cseq.seq, last.cseq.seq + 1);
        assert_eq!(next.body, invite.body);
        respond(&mut world, &next, 486, "busy", |_| {});
        assert_eq!(world.next_request().method, Method::Ack);
        last = next;
    }
    assert_eq!(ended(&world), [(EndedBy::Remote, Some(486))]);
    let told = world.agents[ALICE]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Redirected { target, .. } => target.user().map(|user| user.into_owned()),
            _ => None,
        });
    assert_eq!(
        told.collect::<Vec<_>>(),
        ["+7-701-111-22-33", "second", "third"]
    );
    world.run(secs(60));
    assert_eq!(world.agents[ALICE].ua.load(), Load::default());
}

#[test]
fn the_target_that_answers_has_the_call() {
    let (mut world, call, invite) = calling("sip:bob@10.0.0.9");
    send_on(
        &mut world,
        &invite,
        301,
        "<sip:carol@10.0.0.9?Route=%3Csip%3A10.6.6.6%3E>",
    );
    let next = world.next_request();
    assert_eq!(next.uri.to_string(), "sip:carol@10.0.0.9");
    assert!(
        !next.headers.has("Route"),
        "what the target wrote is not ours"
    );
    respond(&mut world, &next, 200, "carol", |r| {
        with_sdp(r, &sdp(5000, 1, "sendrecv"))
    });
    assert_eq!(world.next_request().method, Method::Ack);
    assert_eq!(world.agents[ALICE].established(), 1);
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    assert_eq!(world.next_request().method, Method::Bye);
}

#[test]
fn a_chain_ends_at_five_and_a_loop_at_once() {
    let (mut world, _, mut invite) = calling("sip:bob@10.0.0.9");
    for hop in 1..=5 {
        send_on(
            &mut world,
            &invite,
            302,
            &format!("<sip:hop{hop}@10.0.0.9>"),
        );
        invite = world.next_request();
        assert_eq!(invite.uri.to_string(), format!("sip:hop{hop}@10.0.0.9"));
    }
    send_on(&mut world, &invite, 302, "<sip:hop6@10.0.0.9>");
    world.expect_silence(secs(1));
    assert_eq!(ended(&world), [(EndedBy::Remote, Some(302))]);

    let (mut world, _, invite) = calling("sip:bob@10.0.0.9");
    send_on(&mut world, &invite, 302, "<sip:carol@10.0.0.9>");
    let next = world.next_request();
    send_on(
        &mut world,
        &next,
        302,
        "<sip:bob@10.0.0.9>, <sip:carol@10.0.0.9>",
    );
    world.expect_silence(secs(1));
    assert_eq!(ended(&world), [(EndedBy::Remote, Some(302))]);
}

#[test]
fn what_is_no_redirection_of_a_call_is_not_followed() {
    for (status, contacts) in [
        (305, "<sip:proxy@10.0.0.9>"),
        (380, "<sip:carol@10.0.0.9>"),
        (302, "<mailto:bob@x>"),
        (302, "<http://10.0.0.9/>"),
        (486, "<sip:carol@10.0.0.9>"),
        (603, "<sip:carol@10.0.0.9>"),
    ] {
        let (mut world, _, invite) = calling("sip:bob@10.0.0.9");
        send_on(&mut world, &invite, status, contacts);
        world.expect_silence(secs(1));
        assert_eq!(ended(&world), [(EndedBy::Remote, Some(status))]);
    }
    // The user's own word counts for all targets.
    let (mut world, _, invite) = calling("sip:bob@10.0.0.9");
    send_on(
        &mut world,
        &invite,
        300,
        "<sip:carol@10.0.0.9>, <sip:dave@10.0.0.9>",
    );
    let next = world.next_request();
    send_on(&mut world, &next, 603, "<sip:x@10.0.0.9>");
    world.expect_silence(secs(1));
    assert_eq!(ended(&world), [(EndedBy::Remote, Some(603))]);
}

#[test]
fn a_call_given_up_is_sent_nowhere() {
    let (mut world, call, invite) = calling("sip:bob@10.0.0.9");
    respond(&mut world, &invite, 180, "one", |_| {});
    world.run(ms(20));
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    assert_eq!(world.next_request().method, Method::Cancel);
    send_on(&mut world, &invite, 302, "<sip:carol@10.0.0.9>");
    world.run(ms(100));
    let invites = world.wire.iter().filter(|seen| {
        matches!(&seen.message, ringbook_sip::message::Message::Request(r) if r.uri.user().as_deref() == Some("carol"))
    });
    assert_eq!(invites.count(), 0);
}

/// No credentials follow to where a stranger sends us.
#[test]
fn the_target_of_a_redirection_gets_no_credentials() {
    let (mut world, _, invite) = calling("sip:bob@10.0.0.9");
    send_on(&mut world, &invite, 302, "<sip:rogue@10.6.6.6>");
    let next = world.next_request();
    assert_eq!(next.uri.to_string(), "sip:rogue@10.6.6.6");
    let challenge = "Digest realm=\"office\", nonce=\"evil\", qop=\"auth\"";
    respond(&mut world, &next, 401, "rogue", |response| {
        response.headers.push("WWW-Authenticate", challenge);
    });
    assert_eq!(world.next_request().method, Method::Ack);
    world.expect_silence(secs(1));
    assert_eq!(ended(&world), [(EndedBy::Remote, Some(401))]);
}

#[test]
fn an_anonymous_call_tells_who_it_is_to_its_own_proxy_alone() {
    for (registrar, told) in [("sip:10.0.0.9", true), ("sip:10.0.0.8", false)] {
        let mut alice = Agent::new("alice", "10.0.0.1:5060", 1);
        let mut line = account("alice", registrar);
        line.register = false;
        let line = alice.ua.add_account(line);
        let mut world = World::new(vec![alice]);
        let options = CallOptions {
            anonymous: true,
            ..CallOptions::default()
        };
        let call = world.with(ALICE, |ua, now| {
            let target = uri("sip:bob@10.0.0.9");
            ua.invite_with(now, line, &target, media(4000), options)
                .unwrap()
        });
        let invite = world.next_request();
        assert_eq!(
            invite.from.uri.to_string(),
            "sip:anonymous@anonymous.invalid"
        );
        assert_eq!(invite.from.display.as_deref(), Some("Anonymous"));
        assert_eq!(invite.headers.get("Privacy"), Some("id"));
        let preferred = told.then_some("\"alice\" <sip:alice@office.example>");
        assert_eq!(invite.headers.get("P-Preferred-Identity"), preferred);
        respond(&mut world, &invite, 200, "one", |r| {
            with_sdp(r, &sdp(5000, 1, "sendrecv"))
        });
        assert_eq!(world.next_request().method, Method::Ack);
        // Not later either, neither in requests nor in responses.
        world.with(ALICE, |ua, now| ua.hold(now, call).unwrap());
        let held = world.next_request();
        respond(&mut world, &held, 491, "", |_| {});
        assert_eq!(world.next_request().method, Method::Ack);
        let mut peer = Peer::called(&invite, addr("10.0.0.1:5060"), "one");
        let update = peer.request("UPDATE", "", "");
        peer.send(&mut world, update);
        let updated = world.next_response();
        let hidden = |message: String| told || !message.contains("alice");
        assert!(hidden(String::from_utf8(invite.to_bytes()).unwrap()));
        for contact in [&invite.headers, &held.headers, &updated.headers] {
            assert_eq!(
                contact.contacts()[0].uri.user().as_deref(),
                Some("anonymous")
            );
        }
        assert!(
            !String::from_utf8(held.to_bytes())
                .unwrap()
                .contains("alice")
        );
    }
}

/// Bob's program hears of a call with these headers from his own proxy, or from a stranger.
fn called(registrar: &str, headers: &str) -> (World, Peer, CallHandle) {
    let mut bob = Agent::new("bob", "10.0.0.2:5060", 2);
    let mut config = account("bob", registrar);
    config.register = false;
    bob.ua.add_account(config);
    let mut world = World::new(vec![bob]);
    let mut peer = Peer::calling("bob", addr("10.0.0.2:5060"));
    let invite = peer.request("INVITE", headers, &sdp(5000, 1, "sendrecv"));
    peer.send(&mut world, invite);
    world.run(ms(10));
    let call = world.agents[0].incoming();
    (world, peer, call)
}

#[test]
fn a_caller_is_sent_on_with_302() {
    let (mut world, peer, call) = called("sip:10.0.0.9", "");
    let target = uri("sip:carol@office.example");
    world.with(0, |ua, now| ua.forward(now, call, &target).unwrap());
    let moved = world.next_response();
    assert_eq!(moved.status, 302);
    assert_eq!(
        moved.headers.get("Contact"),
        Some("<sip:carol@office.example>")
    );
    let ack = peer.text("ACK", peer.cseq, "", "");
    peer.send(&mut world, ack);
    world.run(secs(60));
    assert_eq!(world.agents[0].ended()[0].cause, EndCause::Forwarded);
    assert_eq!(world.agents[0].ua.load(), Load::default());
}

#[test]
fn who_sent_a_call_on_is_told_when_the_own_proxy_says_it() {
    let diversion = |uri: &str, user: &str, reason: &str| Diversion {
        display: None,
        uri: uri.to_owned(),
        number_text: Some(user.to_owned()),
        reason: Some(reason.to_owned()),
    };
    let carol = || Some(diversion("sip:carol@office.example", "carol", "user-busy"));
    for (headers, expected) in [
        ("", None),
        (
            "Diversion: <sip:carol@office.example>;reason=user-busy;counter=1, \
             <sip:dave@office.example>;reason=unconditional\r\n",
            carol(),
        ),
        (
            "History-Info: <sip:dave@office.example?Reason=SIP%3Bcause%3D302>;index=1,\
             <sip:carol@office.example?Reason=SIP%3Bcause%3D486>;index=1.1,\
             <sip:bob@10.0.0.2>;index=1.1.1\r\n",
            carol(),
        ),
        ("History-Info: <sip:bob@10.0.0.2>;index=1\r\n", None),
        ("Diversion: nonsense\r\n", None),
    ] {
        for (registrar, trusted) in [("sip:10.0.0.9", true), ("sip:10.0.0.8", false)] {
            let (world, ..) = called(registrar, headers);
            let [
                Event::Incoming {
                    caller,
                    trusted: told,
                    ..
                },
            ] = &world.agents[0].events[..]
            else {
                panic!("{:?}", world.agents[0].events)
            };
            assert_eq!(*told, trusted);
            assert_eq!(
                caller.diverted_by,
                expected.clone().map(Box::new).filter(|_| trusted),
                "{headers}"
            );
        }
    }
}

#[test]
fn a_wish_to_be_answered_at_once_is_told_and_no_more() {
    for (headers, expected) in [
        ("", false),
        ("Answer-Mode: Auto\r\n", true),
        ("Answer-Mode: auto;require\r\n", true),
        ("Answer-Mode: Manual\r\n", false),
        ("Priv-Answer-Mode: Auto\r\n", true),
        ("Call-Info: <sip:10.0.0.9>;answer-after=0\r\n", true),
        (
            "Call-Info: <http://10.0.0.9/auto.png>;purpose=icon\r\n",
            false,
        ),
        (
            "Alert-Info: <http://10.0.0.9>;info=alert-autoanswer;delay=0\r\n",
            true,
        ),
        ("Alert-Info: Auto Answer\r\n", true),
        ("Alert-Info: <urn:alert:service:normal>\r\n", false),
    ] {
        let (mut world, ..) = called("sip:10.0.0.9", headers);
        let [Event::Incoming { answer_asked, .. }] = world.agents[0].events[..] else {
            panic!("{:?}", world.agents[0].events)
        };
        assert_eq!(answer_asked, expected, "{headers}");
        world.run(ms(300));
        assert_eq!(
            world.next_response().status,
            100,
            "nothing happens by itself"
        );
    }
}

/// Alice, who leads a caller on to Bob, has called him.
fn leading_on(caller: LedOn) -> (World, CallHandle, Request) {
    let options = CallOptions {
        led_on: Some(Box::new(caller)),
        ..CallOptions::default()
    };
    calling_as(Config::default(), "sip:bob@10.0.0.9", options)
}

#[test]
fn s5_17_a_call_for_a_caller_of_ours_names_the_caller_and_the_way() {
    let (_, _, invite) = leading_on(LedOn {
        display: Some("Aigul \"Sova\" ".into()),
        identity: Some("sip:+77011112233@trunk.example;user=phone?x=y".into()),
    });
    assert_eq!(invite.from.display.as_deref(), Some("Aigul \"Sova\" "));
    assert_eq!(invite.from.uri.to_string(), "sip:alice@office.example");
    assert_eq!(
        invite.headers.get("P-Asserted-Identity"),
        Some("\"Aigul \\\"Sova\\\" \" <sip:+77011112233@trunk.example;user=phone>")
    );
    let way = "<sip:alice@office.example?Reason=SIP%3Bcause%3D302>;index=1, \
               <sip:bob@10.0.0.9>;index=1.1";
    assert_eq!(invite.headers.get("History-Info"), Some(way));
    // Of whoever hides nothing is told.
    let (_, _, invite) = leading_on(LedOn::default());
    assert_eq!(invite.from.display.as_deref(), Some("alice"));
    assert_eq!(invite.headers.get("P-Asserted-Identity"), None);
}

#[test]
fn s5_18_a_call_that_is_taken_back_says_that_somebody_else_has_answered() {
    let (mut world, call, invite) = leading_on(LedOn::default());
    respond(&mut world, &invite, 180, "one", |_| {});
    world.with(ALICE, |ua, now| ua.take_back(now, call).unwrap());
    let cancel = world.next_request();
    assert_eq!(cancel.method, Method::Cancel);
    assert_eq!(
        cancel.headers.get("Reason"),
        Some("SIP;cause=200;text=\"Call completed elsewhere\"")
    );
    let causes = world.agents[ALICE].ended();
    assert_eq!(causes.last().unwrap().cause, EndCause::AnsweredElsewhere);
    // Where it was answered in the same moment it ends like any other.
    respond(&mut world, &cancel, 200, "", |_| {});
    respond(&mut world, &invite, 200, "one", |r| {
        with_sdp(r, &sdp(5000, 1, "sendrecv"))
    });
    assert_eq!(world.next_request().method, Method::Ack);
    assert_eq!(world.next_request().method, Method::Bye);
}
