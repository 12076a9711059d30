//! Our INVITE, against a peer that says what the test tells it (RFC 3261 §9, §13.2, §12).

use crate::support;

use ringbook_sip::message::{Method, Request};
use ringbook_sip::resolve::{Question, Records, Srv};
use ringbook_sip::user_agent::{CallHandle, EndCause, EndedBy, Event, Load};
use support::peer::{PEER, Peer, respond, sdp, with_sdp};
use support::*;

/// Alice has called; the INVITE has arrived.
fn calling() -> (World, CallHandle, Request) {
    let (mut world, line) = alone();
    let call = world.with(ALICE, |ua, now| {
        ua.invite(now, line, &uri("sip:peer@10.0.0.9"), media(4000))
            .unwrap()
    });
    let invite = world.next_request();
    assert_eq!(invite.method, Method::Invite);
    (world, call, invite)
}

/// Alice's call was answered with the tag `one`.
fn talking() -> (World, CallHandle, Request) {
    let (mut world, call, invite) = calling();
    respond(&mut world, &invite, 200, "one", |r| {
        with_sdp(r, &sdp(5000, 1, "sendrecv"))
    });
    assert_eq!(world.next_request().method, Method::Ack);
    assert_eq!(world.agents[ALICE].established(), 1);
    (world, call, invite)
}

fn assert_over(mut world: World, by: EndedBy, status: Option<u16>, cause: EndCause) {
    world.run(secs(100));
    let ended = world.agents[ALICE].ended();
    assert_eq!(ended.len(), 1, "ends: {ended:?}");
    assert_eq!(
        (ended[0].by, ended[0].status, ended[0].cause),
        (by, status, cause)
    );
    assert_eq!(world.agents[ALICE].ua.load(), Load::default());
}

#[test]
fn the_invite_says_who_calls_and_carries_an_offer() {
    let (_, _, invite) = calling();
    assert_eq!(invite.uri.to_string(), "sip:peer@10.0.0.9");
    assert_eq!(invite.from.uri.to_string(), "sip:alice@office.example");
    assert_eq!(invite.from.display.as_deref(), Some("alice"));
    assert!(invite.from.tag().is_some() && invite.to.tag().is_none());
    assert_eq!(invite.max_forwards, Some(70));
    assert!(invite.top_via.unique_branch().is_some() && invite.top_via.params.has("rport"));
    assert_eq!(
        invite.headers.contacts()[0].uri.host().unwrap().to_string(),
        "10.0.0.1"
    );
    let offer = String::from_utf8(invite.body).unwrap();
    assert!(
        offer.contains("c=IN IP4 10.0.0.1\r\n"),
        "the address of the signalling: {offer}"
    );
    assert!(offer.contains("m=audio 4000 "));
}

#[test]
fn a_busy_peer_ends_the_call_with_an_ack() {
    let (mut world, _, invite) = calling();
    respond(&mut world, &invite, 486, "one", |_| {});
    let ack = world.next_request();
    assert_eq!(ack.method, Method::Ack);
    assert_eq!(
        ack.top_via.branch(),
        invite.top_via.branch(),
        "the ACK of a failure is its own"
    );
    assert_eq!(ack.to.tag(), Some("one"));
    assert_eq!(ack.cseq.seq, invite.cseq.seq);
    assert_over(world, EndedBy::Remote, Some(486), EndCause::Busy);
}

#[test]
fn a_repeated_failure_is_acknowledged_again_and_told_once() {
    let (mut world, _, invite) = calling();
    for _ in 0..3 {
        respond(&mut world, &invite, 603, "one", |_| {});
        assert_eq!(world.next_request().method, Method::Ack);
    }
    assert_over(world, EndedBy::Remote, Some(603), EndCause::Declined);
}

#[test]
fn every_failure_has_its_cause() {
    for (status, cause) in [
        (302, EndCause::Failed),
        (403, EndCause::AuthFailed),
        (404, EndCause::NotFound),
        (408, EndCause::NoAnswer),
        (480, EndCause::NoAnswer),
        (488, EndCause::NotAcceptable),
        (500, EndCause::Failed),
        (503, EndCause::Unreachable),
        (600, EndCause::Busy),
    ] {
        let (mut world, _, invite) = calling();
        respond(&mut world, &invite, status, "one", |response| {
            response.headers.set("Contact", "<sip:elsewhere@10.6.6.6>");
        });
        assert_eq!(world.next_request().method, Method::Ack);
        world.expect_silence(secs(40));
        assert!(
            world
                .wire
                .iter()
                .all(|seen| seen.to.ip().to_string() != "10.6.6.6"),
            "followed"
        );
        assert_over(world, EndedBy::Remote, Some(status), cause);
    }
}

#[test]
fn nobody_answers_at_all_and_the_call_ends_after_32_seconds() {
    let (mut world, _, _) = calling();
    world.run(secs(31));
    assert!(world.agents[ALICE].ended().is_empty());
    assert_eq!(
        world.wire.len(),
        6,
        "the INVITE and its retransmissions:\n{}",
        world.ladder()
    );
    assert_over(world, EndedBy::Network, None, EndCause::Timeout);
}

#[test]
fn a_refused_datagram_ends_the_call_at_once() {
    let (mut world, _, _) = calling();
    world.with(ALICE, |ua, now| ua.handle_transmit_error(now, addr(PEER)));
    assert_over(world, EndedBy::Network, None, EndCause::Unreachable);
}

#[test]
fn ringing_goes_on_however_long_and_is_cancelled_when_nobody_answers() {
    let (mut world, _, invite) = calling();
    respond(&mut world, &invite, 180, "one", |_| {});
    world.run(secs(170));
    assert!(world.agents[ALICE].ended().is_empty());
    let cancel = world.next_request();
    assert_eq!(cancel.method, Method::Cancel);
    respond(&mut world, &cancel, 200, "one", |_| {});
    respond(&mut world, &invite, 487, "one", |_| {});
    assert_eq!(world.next_request().method, Method::Ack);
    assert_over(world, EndedBy::Local, None, EndCause::NoAnswer);
}

#[test]
fn hanging_up_a_ringing_call_cancels_it() {
    let (mut world, call, invite) = calling();
    respond(&mut world, &invite, 180, "one", |_| {});
    world.run(ms(100));
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    let cancel = world.next_request();
    assert_eq!(cancel.method, Method::Cancel);
    assert_eq!(
        cancel.top_via, invite.top_via,
        "the way of the INVITE (RFC 3261 §9.1)"
    );
    assert_eq!(cancel.uri, invite.uri);
    assert_eq!(
        (cancel.to, cancel.from, cancel.cseq.seq),
        (invite.to.clone(), invite.from.clone(), 1)
    );
    respond(&mut world, &invite, 487, "one", |_| {});
    assert_eq!(world.next_request().method, Method::Ack);
    assert_over(world, EndedBy::Local, None, EndCause::Cancelled);
}

#[test]
fn a_cancel_waits_for_a_provisional_response() {
    let (mut world, call, invite) = calling();
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    world.run(ms(400));
    assert!(
        world.scripted.is_empty(),
        "nothing may be sent yet (RFC 3261 §9.1)"
    );
    respond(&mut world, &invite, 100, "", |_| {});
    assert_eq!(world.next_request().method, Method::Cancel);
    respond(&mut world, &invite, 487, "one", |_| {});
    assert_over(world, EndedBy::Local, None, EndCause::Cancelled);
}

#[test]
fn a_cancelled_invite_without_any_final_response_is_given_up() {
    let (mut world, call, invite) = calling();
    respond(&mut world, &invite, 180, "one", |_| {});
    world.run(ms(100));
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    assert_over(world, EndedBy::Local, None, EndCause::Cancelled);
}

#[test]
fn a_200_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let (mut world, call, invite) = calling();
    respond(&mut world, &invite, 180, "one", |_| {});
    world.run(ms(100));
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    respond(&mut world, &invite, 200, "one", |r| {
        with_sdp(r, &sdp(5000, 1, "sendrecv"))
    });
    let methods: Vec<_> = (0..3).map(|_| world.next_request().method).collect();
    assert_eq!(methods, [Method::Cancel, Method::Ack, Method::Bye]);
    assert_eq!(world.agents[ALICE].established(), 0, "a ghost call");
    assert_over(world, EndedBy::Local, None, EndCause::Cancelled);
}

#[test]
fn every_repeated_200_is_acknowledged_with_the_same_ack() {
    let (mut world, call, invite) = calling();
    respond(&mut world, &invite, 200, "one", |r| {
        with_sdp(r, &sdp(5000, 1, "sendrecv"))
    });
    let first = world.next_request();
    for _ in 0..3 {
        respond(&mut world, &invite, 200, "one", |r| {
            with_sdp(r, &sdp(5000, 1, "sendrecv"))
        });
        assert_eq!(world.next_request(), first);
    }
    assert_ne!(
        first.top_via.branch(),
        invite.top_via.branch(),
        "a transaction of its own"
    );
    assert_eq!(world.agents[ALICE].established(), 1);
    // Even after the call: the ACK may have been lost.
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    assert_eq!(world.next_request().method, Method::Bye);
    respond(&mut world, &invite, 200, "one", |r| {
        with_sdp(r, &sdp(5000, 1, "sendrecv"))
    });
    assert_eq!(world.next_request(), first);
}

#[test]
fn a_second_branch_that_answers_is_acknowledged_and_ended_at_once() {
    let (mut world, _, invite) = talking();
    respond(&mut world, &invite, 200, "two", |r| {
        with_sdp(r, &sdp(6000, 1, "sendrecv"))
    });
    let (ack, bye) = (world.next_request(), world.next_request());
    assert_eq!((ack.method, ack.to.tag()), (Method::Ack, Some("two")));
    assert_eq!(
        (bye.method.clone(), bye.to.tag()),
        (Method::Bye, Some("two"))
    );
    respond(&mut world, &bye, 200, "", |_| {});
    world.run(secs(1));
    assert!(world.agents[ALICE].ended().is_empty(), "the call goes on");
    assert_eq!(world.agents[ALICE].ua.load().dialogs, 1);
}

#[test]
fn early_media_of_a_183_are_told_with_the_ringing() {
    let (mut world, _, invite) = calling();
    respond(&mut world, &invite, 183, "one", |r| {
        with_sdp(r, &sdp(5000, 1, "sendrecv"))
    });
    world.run(ms(10));
    assert!(matches!(
        &world.agents[ALICE].events[..],
        [Event::Ringing { status: 183, media: Some(media), .. }]
            if media.remote_rtp == addr("10.0.0.9:5000")
    ));
    // The 200 need not say it again.
    respond(&mut world, &invite, 200, "one", |_| {});
    assert_eq!(world.next_request().method, Method::Ack);
    assert!(matches!(
        world.agents[ALICE].events.last(),
        Some(Event::Established { media, .. }) if media.remote_rtp == addr("10.0.0.9:5000")
    ));
}

#[test]
fn of_several_early_dialogs_the_one_that_answers_stays() {
    let (mut world, _, invite) = calling();
    for tag in ["one", "two", "three"] {
        respond(&mut world, &invite, 180, tag, |_| {});
    }
    world.run(ms(100));
    assert_eq!(world.agents[ALICE].ua.load().dialogs, 3);
    respond(&mut world, &invite, 200, "two", |r| {
        with_sdp(r, &sdp(5000, 1, "sendrecv"))
    });
    assert_eq!(world.next_request().to.tag(), Some("two"));
    assert_eq!(world.agents[ALICE].ua.load().dialogs, 1);
}

#[test]
fn a_200_without_usable_media_is_acknowledged_and_ended() {
    for body in [
        "",
        "v=nonsense",
        &sdp(5000, 1, "sendrecv").replace("8 0", "97"),
    ] {
        let (mut world, _, invite) = calling();
        respond(&mut world, &invite, 200, "one", |r| with_sdp(r, body));
        assert_eq!(world.next_request().method, Method::Ack);
        let bye = world.next_request();
        assert_eq!(bye.method, Method::Bye);
        respond(&mut world, &bye, 200, "", |_| {});
        assert_over(world, EndedBy::Local, Some(200), EndCause::NotAcceptable);
    }
}

#[test]
fn requests_follow_the_recorded_route_of_loose_routers() {
    let (mut world, call, invite) = calling();
    respond(&mut world, &invite, 200, "one", |r| {
        r.headers.push(
            "Record-Route",
            "<sip:10.0.0.9;lr;n=2>, <sip:10.0.0.9:5060;lr;n=1>",
        );
        r.headers.set("Contact", "<sip:far@192.0.2.7>");
        with_sdp(r, &sdp(5000, 1, "sendrecv"));
    });
    world.with(ALICE, |_, _| ());
    let ack = world.next_request();
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    let bye = world.next_request();
    for request in [ack, bye] {
        assert_eq!(request.uri.to_string(), "sip:far@192.0.2.7");
        let routes: Vec<_> = request
            .headers
            .routes()
            .iter()
            .map(|r| r.uri.to_string())
            .collect();
        assert_eq!(
            routes,
            ["sip:10.0.0.9:5060;lr;n=1", "sip:10.0.0.9;lr;n=2"],
            "in reverse"
        );
    }
}

#[test]
fn a_strict_router_gets_its_own_uri_and_the_target_as_the_last_route() {
    let (mut world, _, invite) = calling();
    respond(&mut world, &invite, 200, "one", |r| {
        r.headers.push(
            "Record-Route",
            "<sip:10.0.0.9;n=2>, <sip:10.0.0.9:5060;n=1>",
        );
        r.headers.set("Contact", "<sip:far@192.0.2.7>");
        with_sdp(r, &sdp(5000, 1, "sendrecv"));
    });
    let ack = world.next_request();
    assert_eq!(ack.uri.to_string(), "sip:10.0.0.9:5060;n=1");
    let routes: Vec<_> = ack
        .headers
        .routes()
        .iter()
        .map(|r| r.uri.to_string())
        .collect();
    assert_eq!(routes, ["sip:10.0.0.9;n=2", "sip:far@192.0.2.7"]);
}

#[test]
fn the_dialog_counts_up_and_keeps_its_tags() {
    let (mut world, call, invite) = talking();
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    let bye = world.next_request();
    assert_eq!(bye.cseq.seq, invite.cseq.seq + 1);
    assert_eq!((bye.from, bye.to.tag()), (invite.from, Some("one")));
    assert_eq!(bye.call_id, invite.call_id);
    assert_eq!(
        bye.uri.to_string(),
        format!("sip:peer@{PEER}"),
        "the peer's Contact"
    );
}

#[test]
fn the_peer_hangs_up() {
    let (mut world, _, invite) = talking();
    let mut peer = Peer::called(&invite, addr("10.0.0.1:5060"), "one");
    let bye = peer.request("BYE", "Reason: SIP;cause=486;text=\"too; late\"\r\n", "");
    peer.send(&mut world, bye.clone());
    assert_eq!(world.next_response().status, 200);
    peer.send(&mut world, bye);
    assert_eq!(world.next_response().status, 200, "a repeated BYE");
    assert_eq!(
        world.agents[ALICE].ended()[0].reason.as_deref(),
        Some("too; late")
    );
    assert_over(world, EndedBy::Remote, None, EndCause::RemoteHangup);
}

#[test]
fn hanging_up_before_the_name_is_known_sends_nothing() {
    let mut alice = Agent::new("alice", "10.0.0.1:5060", 1);
    let mut config = account("alice", "sip:office.example");
    config.register = false;
    let line = alice.ua.add_account(config);
    let now = std::time::Instant::now();
    let call = alice
        .ua
        .invite(now, line, &uri("sip:bob@office.example"), media(4000))
        .unwrap();
    alice.ua.hangup(now, call).unwrap();
    let mut world = World::new(vec![alice]);
    world.with(ALICE, |_, _| ());
    assert!(world.wire.is_empty());
    assert_over(world, EndedBy::Local, None, EndCause::Cancelled);
}

#[test]
fn a_name_that_leads_nowhere_makes_the_peer_unreachable() {
    let (mut world, line) = alone();
    world.with(ALICE, |ua, now| {
        ua.invite(now, line, &uri("sip:bob@nowhere.example"), media(4000))
            .unwrap();
    });
    assert_over(world, EndedBy::Network, None, EndCause::Unreachable);
}

#[test]
fn the_next_target_is_tried_when_the_first_is_unavailable_or_silent() {
    for silent in [false, true] {
        let (mut world, line) = alone();
        let record = |priority, port| Srv {
            priority,
            weight: 0,
            port,
            target: "10.0.0.9".to_owned(),
        };
        let records = Records::Srv(vec![record(2, 5070), record(1, 5060)]);
        let question = Question::Srv("_sip._udp.two.example".to_owned());
        world.zone.insert(question, records);
        world.with(ALICE, |ua, now| {
            ua.invite(now, line, &uri("sip:bob@two.example"), media(4000))
                .unwrap();
        });
        let first = world.next_request();
        if silent {
            world.run(secs(32));
            world.scripted.retain(|(_, to, _)| to.port() == 5070);
        } else {
            respond(&mut world, &first, 503, "one", |_| {});
            assert_eq!(world.next_request().method, Method::Ack);
        }
        let second = world.next_request();
        assert_eq!(second.method, Method::Invite);
        assert_ne!(
            second.top_via.branch(),
            first.top_via.branch(),
            "a new transaction"
        );
        assert_eq!(second.call_id, first.call_id);
        assert_eq!(world.wire.last().unwrap().to, addr("10.0.0.9:5070"));
        assert!(world.agents[ALICE].ended().is_empty());
    }
}

#[test]
fn a_stranger_cannot_end_a_call_without_its_tags() {
    let (mut world, _, invite) = talking();
    for (from, to) in [("wrong", "right"), ("one", "wrong")] {
        let mut peer = Peer::called(&invite, addr("10.0.0.1:5060"), from);
        if to == "wrong" {
            peer.branch += 100;
            peer.to = "<sip:alice@office.example>;tag=guess".to_owned();
        }
        for method in ["BYE", "INVITE", "UPDATE", "INFO", "REFER", "NOTIFY"] {
            let request = peer.request(method, "", "");
            peer.send(&mut world, request);
            let response = world.next_response();
            assert_eq!(response.status, 481, "{method}");
            if method == "INVITE" {
                let ack = peer.text("ACK", peer.cseq, "", "");
                peer.send(&mut world, ack);
            }
        }
    }
    world.run(secs(1));
    assert!(world.agents[ALICE].ended().is_empty(), "the call lives");
}

#[test]
fn responses_that_match_nothing_are_dropped() {
    let (mut world, _, invite) = calling();
    // Another branch, another method, another CSeq, a second Via.
    let before = world.wire.len();
    respond(&mut world, &invite, 200, "one", |r| {
        r.top_via.params.set("branch", Some("z9hG4bKother"))
    });
    respond(&mut world, &invite, 200, "one", |r| {
        r.cseq.method = Method::Bye
    });
    respond(&mut world, &invite, 200, "one", |r| r.cseq.seq = 77);
    respond(&mut world, &invite, 200, "one", |r| {
        r.call_id = "other".to_owned()
    });
    respond(&mut world, &invite, 200, "one", |r| {
        r.lower_vias.push(r.top_via.clone())
    });
    world.run(ms(300));
    assert_eq!(
        world.wire.len(),
        before + 5,
        "none was acknowledged:\n{}",
        world.ladder()
    );
    assert!(world.agents[ALICE].events.is_empty());
}
