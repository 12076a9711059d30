//! Reliable provisional responses (RFC 3262) and changes before the answer (RFC 3311), against a
//! peer that says what the test tells it.

use crate::support;

use ringbook_sip::message::{Message, Method, Request, Response};
use ringbook_sip::user_agent::{CallHandle, EndCause, Event, Load};
use support::peer::{Peer, respond, sdp, with_sdp};
use support::*;

const SUPPORTED: &str = "Supported: 100rel\r\n";
const REQUIRED: &str = "Require: 100rel\r\n";

/// Bob, called by a peer with these headers.
fn called(headers: &str, body: &str) -> (World, Peer, CallHandle) {
    let mut world = World::new(vec![Agent::new("bob", "10.0.0.2:5060", 2)]);
    let mut peer = Peer::calling("bob", addr("10.0.0.2:5060"));
    let invite = peer.request("INVITE", headers, body);
    peer.send(&mut world, invite);
    world.run(ms(10));
    let call = world.agents[0].incoming();
    (world, peer, call)
}

fn offer() -> String {
    sdp(5000, 1, "sendrecv")
}

fn ring(world: &mut World, call: CallHandle) {
    world.with(0, |ua, now| ua.ring(now, call).unwrap());
}

fn answer(world: &mut World, call: CallHandle) {
    world.with(0, |ua, now| ua.answer(now, call, media(4000)).unwrap());
}

fn early(world: &mut World, call: CallHandle) {
    world.with(0, |ua, now| ua.begin_media(now, call, media(4000)).unwrap());
}

fn rseq(response: &Response) -> u32 {
    assert!(response.headers.list_has("Require", "100rel"));
    response.headers.number("RSeq").unwrap()
}

fn prack(world: &mut World, peer: &mut Peer, of: &Response, body: &str) -> Response {
    peer.learn(of);
    let rack = format!("RAck: {} {} INVITE\r\n", rseq(of), of.cseq.seq);
    ask(world, peer, "PRACK", &rack, body)
}

fn ask(world: &mut World, peer: &mut Peer, method: &str, headers: &str, body: &str) -> Response {
    let request = peer.request(method, headers, body);
    peer.send(world, request);
    world.next_response()
}

fn acknowledge(world: &mut World, peer: &mut Peer, answer: &Response) {
    peer.learn(answer);
    peer.branch += 1000;
    let ack = peer.text("ACK", answer.cseq.seq, "", "");
    peer.send(world, ack);
    world.run(ms(20));
    assert_eq!(world.agents[0].established(), 1);
}

fn media_changes(world: &World) -> usize {
    let events = world.agents[0].events.iter();
    events
        .filter(|event| matches!(event, Event::MediaChanged { .. }))
        .count()
}

fn body(response: &Response) -> &str {
    std::str::from_utf8(&response.body).unwrap()
}

mod callee {
    use super::*;

    #[test]
    fn a_ringing_is_repeated_until_its_prack() {
        let (mut world, mut peer, call) = called(SUPPORTED, &offer());
        ring(&mut world, call);
        let first = world.next_response();
        let start = world.now;
        // RFC 3262 §3: T1, doubling without a limit.
        for wait in [500, 1000, 2000, 4000, 8000] {
            let again = world.next_response();
            assert_eq!((again.status, rseq(&again)), (180, rseq(&first)));
            let late = world.now.duration_since(start).as_millis();
            assert!(late >= wait, "{late} {wait}");
        }
        assert_eq!(prack(&mut world, &mut peer, &first, "").status, 200);
        world.expect_silence(secs(40));
        answer(&mut world, call);
        let answer = world.next_response();
        assert_eq!(answer.status, 200);
        acknowledge(&mut world, &mut peer, &answer);
    }

    #[test]
    fn a_caller_that_cannot_is_rung_once_and_unreliably() {
        let (mut world, _, call) = called("", &offer());
        ring(&mut world, call);
        let ring = world.next_response();
        assert!(!ring.headers.has("RSeq") && !ring.headers.has("Require"));
        world.expect_silence(secs(40));
    }

    #[test]
    fn a_prack_that_names_another_response_gets_481() {
        let (mut world, mut peer, call) = called(SUPPORTED, &offer());
        ring(&mut world, call);
        let ring = world.next_response();
        peer.learn(&ring);
        let (rseq, seq) = (rseq(&ring), ring.cseq.seq);
        for rack in [
            format!("RAck: {} {seq} INVITE\r\n", rseq + 1),
            format!("RAck: {rseq} {} INVITE\r\n", seq + 1),
            format!("RAck: {rseq} {seq} UPDATE\r\n"),
            format!("RAck: {rseq}\r\n"),
            String::new(),
        ] {
            assert_eq!(
                ask(&mut world, &mut peer, "PRACK", &rack, "").status,
                481,
                "{rack}"
            );
        }
        assert_eq!(prack(&mut world, &mut peer, &ring, "").status, 200);
        assert_eq!(prack(&mut world, &mut peer, &ring, "").status, 481, "twice");
    }

    #[test]
    fn a_caller_that_never_acknowledges_gets_504_after_half_a_minute() {
        let (mut world, _, call) = called(REQUIRED, &offer());
        ring(&mut world, call);
        world.run(secs(33));
        let last = std::iter::from_fn(|| world.scripted.pop_front())
            .last()
            .unwrap();
        let last = String::from_utf8(last.2).unwrap();
        assert!(last.starts_with("SIP/2.0 504 "), "{last}");
        world.run(secs(100));
        assert_eq!(world.agents[0].ended()[0].cause, EndCause::Timeout);
        assert_eq!(world.agents[0].ua.load(), Load::default());
    }

    #[test]
    fn a_200_overtakes_a_ringing_and_the_late_prack_is_still_answered() {
        let (mut world, mut peer, call) = called(SUPPORTED, &offer());
        ring(&mut world, call);
        let ring = world.next_response();
        answer(&mut world, call);
        let answer = world.next_response();
        assert_eq!(answer.status, 200);
        assert_eq!(prack(&mut world, &mut peer, &ring, "").status, 200);
        acknowledge(&mut world, &mut peer, &answer);
    }

    /// RFC 3262 §3: a description that is not acknowledged holds the 2xx back.
    #[test]
    fn the_200_waits_for_the_prack_of_an_early_answer_and_does_not_repeat_it() {
        let (mut world, mut peer, call) = called(SUPPORTED, &offer());
        early(&mut world, call);
        let progress = world.next_response();
        assert_eq!(progress.status, 183);
        assert!(body(&progress).contains("m=audio 4000 "));
        answer(&mut world, call);
        world.run(ms(300));
        assert!(world.scripted.is_empty(), "a 2xx before the PRACK");
        assert_eq!(prack(&mut world, &mut peer, &progress, "").status, 200);
        let answer = world.next_response();
        assert_eq!((answer.status, body(&answer)), (200, ""));
        acknowledge(&mut world, &mut peer, &answer);
    }

    #[test]
    fn an_early_answer_to_a_caller_that_cannot_is_said_again_in_the_200() {
        let (mut world, mut peer, call) = called("", &offer());
        early(&mut world, call);
        let progress = world.next_response();
        assert!(!progress.headers.has("RSeq"));
        answer(&mut world, call);
        let answer = world.next_response();
        assert_eq!(answer.body, progress.body);
        acknowledge(&mut world, &mut peer, &answer);
    }

    #[test]
    fn the_offer_in_a_183_is_answered_in_its_prack() {
        let (mut world, mut peer, call) = called(SUPPORTED, "");
        early(&mut world, call);
        let progress = world.next_response();
        assert!(body(&progress).contains("m=audio 4000 "));
        answer(&mut world, call);
        let pracked = prack(&mut world, &mut peer, &progress, &offer());
        assert_eq!((pracked.status, body(&pracked)), (200, ""));
        assert_eq!(media_changes(&world), 1, "media may start");
        let answer = world.next_response();
        assert_eq!((answer.status, body(&answer)), (200, ""));
        acknowledge(&mut world, &mut peer, &answer);
    }

    #[test]
    fn a_prack_without_the_answer_that_it_owes_ends_the_call() {
        let (mut world, mut peer, call) = called(SUPPORTED, "");
        early(&mut world, call);
        let progress = world.next_response();
        assert_eq!(prack(&mut world, &mut peer, &progress, "").status, 400);
        assert_eq!(world.next_response().status, 488);
        assert_eq!(world.agents[0].ended()[0].cause, EndCause::NotAcceptable);
    }

    /// RFC 3262 §5: the first reliable response would have to carry an offer.
    #[test]
    fn without_an_offer_it_rings_unreliably_or_where_that_is_forbidden_not_at_all() {
        let (mut world, _, call) = called(SUPPORTED, "");
        ring(&mut world, call);
        assert!(!world.next_response().headers.has("RSeq"));
        let (mut world, mut peer, call) = called(REQUIRED, "");
        ring(&mut world, call);
        assert_eq!(world.next_response().status, 100);
        answer(&mut world, call);
        let answer = world.next_response();
        peer.learn(&answer);
        peer.branch += 1000;
        let ack = peer.text("ACK", answer.cseq.seq, "", &offer());
        peer.send(&mut world, ack);
        world.run(ms(20));
        assert_eq!(world.agents[0].established(), 1);
    }

    #[test]
    fn offers_in_a_prack_and_in_an_early_update_are_answered() {
        let (mut world, mut peer, call) = called(SUPPORTED, &offer());
        early(&mut world, call);
        let progress = world.next_response();
        peer.learn(&progress);
        let held = sdp(5000, 2, "sendonly");
        let soon = ask(&mut world, &mut peer, "UPDATE", "", &held);
        assert_eq!(soon.status, 500, "our answer is not acknowledged");
        assert!(soon.headers.has("Retry-After"));
        let pracked = prack(&mut world, &mut peer, &progress, &held);
        assert!(body(&pracked).contains("a=recvonly"), "{pracked:?}");
        let updated = ask(
            &mut world,
            &mut peer,
            "UPDATE",
            "",
            &sdp(5000, 3, "sendrecv"),
        );
        assert!(body(&updated).contains("a=sendrecv"), "{updated:?}");
        assert!(updated.headers.has("Contact"), "a target refresh");
        assert_eq!(media_changes(&world), 2);
        let refused = ask(&mut world, &mut peer, "UPDATE", "", "v=nonsense");
        assert_eq!(refused.status, 400);
    }

    #[test]
    fn before_any_answer_an_update_with_an_offer_comes_too_soon() {
        let (mut world, mut peer, call) = called(SUPPORTED, &offer());
        ring(&mut world, call);
        let ring = world.next_response();
        assert_eq!(prack(&mut world, &mut peer, &ring, &offer()).status, 491);
        assert_eq!(
            ask(&mut world, &mut peer, "UPDATE", "", &offer()).status,
            500
        );
        assert_eq!(ask(&mut world, &mut peer, "UPDATE", "", "").status, 200);
    }

    #[test]
    fn other_media_are_told_by_an_early_update_or_after_the_answer() {
        for updates in [true, false] {
            let headers = [
                "Supported: 100rel\r\n",
                "Supported: 100rel\r\nAllow: UPDATE\r\n",
            ];
            let (mut world, mut peer, call) = called(headers[usize::from(updates)], &offer());
            early(&mut world, call);
            let progress = world.next_response();
            assert_eq!(prack(&mut world, &mut peer, &progress, "").status, 200);
            world.with(0, |ua, now| ua.renew_media(now, call, media(4444)).unwrap());
            if updates {
                let update = world.next_request();
                assert_eq!(update.method, Method::Update);
                assert!(
                    std::str::from_utf8(&update.body)
                        .unwrap()
                        .contains("m=audio 4444 ")
                );
                let crossing = ask(&mut world, &mut peer, "UPDATE", "", &offer());
                assert_eq!(crossing.status, 491);
                respond(&mut world, &update, 200, "", |r| with_sdp(r, &offer()));
                world.run(ms(20));
                assert_eq!(media_changes(&world), 1);
            }
            answer(&mut world, call);
            let answer = world.next_response();
            acknowledge(&mut world, &mut peer, &answer);
            if !updates {
                let invite = world.next_request();
                assert!(
                    std::str::from_utf8(&invite.body)
                        .unwrap()
                        .contains("m=audio 4444 ")
                );
            }
            world.expect_silence(ms(300));
        }
    }

    #[test]
    fn a_cancel_ends_the_repetitions_and_a_late_prack_gets_481() {
        let (mut world, mut peer, call) = called(SUPPORTED, &offer());
        ring(&mut world, call);
        let ring = world.next_response();
        let cancel = peer.text("CANCEL", peer.cseq, "", "");
        peer.send(&mut world, cancel);
        let statuses = [world.next_response().status, world.next_response().status];
        assert_eq!(statuses, [200, 487]);
        let to = peer.to.clone();
        peer.learn(&ring);
        let ack = peer.text("ACK", peer.cseq, "", "");
        peer.send(&mut world, ack);
        assert_ne!(peer.to, to);
        assert_eq!(prack(&mut world, &mut peer, &ring, "").status, 481);
        world.run(secs(60));
        assert_eq!(world.agents[0].ua.load(), Load::default());
    }

    #[test]
    fn what_comes_while_one_is_under_way_waits_for_its_prack() {
        let (mut world, mut peer, call) = called(SUPPORTED, &offer());
        ring(&mut world, call);
        let ring = world.next_response();
        early(&mut world, call);
        answer(&mut world, call);
        world.run(ms(100));
        assert!(world.scripted.is_empty());
        assert_eq!(prack(&mut world, &mut peer, &ring, "").status, 200);
        let progress = world.next_response();
        assert_eq!((progress.status, rseq(&progress)), (183, rseq(&ring) + 1));
        assert_eq!(prack(&mut world, &mut peer, &progress, "").status, 200);
        let answer = world.next_response();
        acknowledge(&mut world, &mut peer, &answer);
    }
}

mod caller {
    use super::*;

    fn calling() -> (World, CallHandle, Request) {
        let (mut world, line) = alone();
        let target = uri("sip:peer@10.0.0.9");
        let call = world.with(ALICE, |ua, now| {
            ua.invite(now, line, &target, media(4000)).unwrap()
        });
        let invite = world.next_request();
        assert!(invite.headers.list_has("Supported", "100rel"));
        assert!(invite.headers.list_has("Allow", "PRACK"));
        (world, call, invite)
    }

    fn progress(world: &mut World, invite: &Request, tag: &str, rseq: u32, body: &str) {
        respond(world, invite, 183, tag, |response| {
            response.headers.push("Require", "100rel");
            response.headers.push("RSeq", rseq.to_string());
            if !body.is_empty() {
                with_sdp(response, body);
            }
        });
    }

    fn next_prack(world: &mut World, invite: &Request, rseq: u32) -> Request {
        let prack = world.next_request();
        assert_eq!(prack.method, Method::Prack);
        let rack = format!("{rseq} {} INVITE", invite.cseq.seq);
        assert_eq!(prack.headers.get("RAck"), Some(&rack[..]));
        respond(world, &prack, 200, "", |_| {});
        prack
    }

    fn ringings(world: &World) -> usize {
        let events = world.agents[ALICE].events.iter();
        events
            .filter(|event| matches!(event, Event::Ringing { .. }))
            .count()
    }

    #[test]
    fn each_reliable_response_is_acknowledged_once_and_in_order() {
        let (mut world, call, invite) = calling();
        progress(&mut world, &invite, "one", 7, "");
        let first = next_prack(&mut world, &invite, 7);
        assert_eq!(
            (first.cseq.seq, first.to.tag()),
            (invite.cseq.seq + 1, Some("one"))
        );
        assert_eq!(first.uri.to_string(), "sip:peer@10.0.0.9:5060");
        // A repetition, and one whose predecessor is missing.
        progress(&mut world, &invite, "one", 7, "");
        progress(&mut world, &invite, "one", 9, "");
        world.expect_silence(ms(100));
        progress(&mut world, &invite, "one", 8, "");
        assert_eq!(
            next_prack(&mut world, &invite, 8).cseq.seq,
            invite.cseq.seq + 2
        );
        progress(&mut world, &invite, "one", 9, "");
        next_prack(&mut world, &invite, 9);
        assert_eq!(ringings(&world), 3);
        respond(&mut world, &invite, 200, "one", |r| with_sdp(r, &offer()));
        assert_eq!(world.next_request().method, Method::Ack);
        // The PRACKs' numbers are used up.
        world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
        assert_eq!(world.next_request().cseq.seq, invite.cseq.seq + 4);
    }

    #[test]
    fn a_prack_that_is_lost_goes_out_again() {
        let (mut world, _, invite) = calling();
        progress(&mut world, &invite, "one", 1, "");
        let first = world.next_request();
        let again = world.next_request();
        assert_eq!(first, again);
    }

    #[test]
    fn each_branch_of_a_fork_counts_for_itself() {
        let (mut world, _, invite) = calling();
        progress(&mut world, &invite, "one", 40, "");
        let one = next_prack(&mut world, &invite, 40);
        progress(&mut world, &invite, "two", 3, "");
        let two = next_prack(&mut world, &invite, 3);
        assert_eq!((one.to.tag(), two.to.tag()), (Some("one"), Some("two")));
        assert_eq!(one.cseq.seq, two.cseq.seq);
        respond(&mut world, &invite, 200, "two", |r| with_sdp(r, &offer()));
        assert_eq!(world.next_request().method, Method::Ack);
        // The other branch answers too: ended at once, under a number no PRACK has had.
        respond(&mut world, &invite, 200, "one", |r| with_sdp(r, &offer()));
        let (ack, bye) = (world.next_request(), world.next_request());
        assert_eq!((ack.method, bye.method.clone()), (Method::Ack, Method::Bye));
        assert_eq!(bye.to.tag(), Some("one"));
        assert!(bye.cseq.seq > one.cseq.seq);
    }

    /// RFC 3262 §5: the first reliable description is the answer, whatever follows.
    #[test]
    fn an_answer_in_a_183_stands_and_early_updates_change_it() {
        let (mut world, _, invite) = calling();
        let mut peer = Peer::called(&invite, addr("10.0.0.1:5060"), "one");
        progress(&mut world, &invite, "one", 1, &offer());
        next_prack(&mut world, &invite, 1);
        let updated = ask(
            &mut world,
            &mut peer,
            "UPDATE",
            "",
            &sdp(5002, 2, "sendonly"),
        );
        assert_eq!(updated.status, 200);
        assert!(body(&updated).contains("a=recvonly"));
        assert_eq!(media_changes(&world), 1);
        respond(&mut world, &invite, 200, "one", |r| {
            with_sdp(r, &sdp(6000, 3, "sendrecv"));
        });
        assert_eq!(world.next_request().method, Method::Ack);
        let Some(Event::Established { media, .. }) = world.agents[ALICE].events.last() else {
            panic!("{:?}", world.agents[ALICE].events)
        };
        assert_eq!(media.remote_rtp.port(), 5002);
    }

    #[test]
    fn other_media_are_told_by_an_early_update_or_after_the_answer() {
        for updated in [true, false] {
            let (mut world, call, invite) = calling();
            let mut peer = Peer::called(&invite, addr("10.0.0.1:5060"), "one");
            respond(&mut world, &invite, 183, "one", |response| {
                response.headers.push("Require", "100rel");
                response.headers.push("RSeq", "1");
                response.headers.push("Allow", "UPDATE");
                with_sdp(response, &offer());
            });
            next_prack(&mut world, &invite, 1);
            world.with(ALICE, |ua, now| {
                ua.renew_media(now, call, media(4444)).unwrap()
            });
            let update = world.next_request();
            assert_eq!(update.method, Method::Update);
            let crossing = ask(&mut world, &mut peer, "UPDATE", "", &offer());
            assert_eq!(crossing.status, 491);
            respond(
                &mut world,
                &update,
                if updated { 200 } else { 503 },
                "",
                |response| {
                    if updated {
                        with_sdp(response, &offer());
                    }
                },
            );
            world.run(ms(20));
            assert_eq!(media_changes(&world), usize::from(updated));
            respond(&mut world, &invite, 200, "one", |_| {});
            assert_eq!(world.next_request().method, Method::Ack);
            if !updated {
                let again = world.next_request();
                assert_eq!(again.method, Method::Invite);
                assert!(
                    std::str::from_utf8(&again.body)
                        .unwrap()
                        .contains("m=audio 4444 ")
                );
            }
            world.expect_silence(ms(300));
        }
    }

    #[test]
    fn an_offer_in_an_early_update_crosses_our_own_and_gets_491() {
        let (mut world, _, invite) = calling();
        let mut peer = Peer::called(&invite, addr("10.0.0.1:5060"), "one");
        progress(&mut world, &invite, "one", 1, "");
        next_prack(&mut world, &invite, 1);
        assert_eq!(
            ask(&mut world, &mut peer, "UPDATE", "", &offer()).status,
            491
        );
        assert_eq!(ask(&mut world, &mut peer, "UPDATE", "", "").status, 200);
        let strange = ask(&mut world, &mut peer, "PRACK", "RAck: 1 1 INVITE\r\n", "");
        assert_eq!(strange.status, 481);
    }

    #[test]
    fn a_call_given_up_still_acknowledges_what_is_repeated() {
        let (mut world, call, invite) = calling();
        respond(&mut world, &invite, 180, "one", |_| {});
        world.run(ms(20));
        world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
        assert_eq!(world.next_request().method, Method::Cancel);
        progress(&mut world, &invite, "one", 1, "");
        let Message::Request(prack) = world.next_scripted() else {
            panic!()
        };
        assert_eq!(prack.method, Method::Prack);
        assert_eq!(ringings(&world), 1);
    }
}
