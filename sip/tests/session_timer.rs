//! Session timers (RFC 4028) and the UPDATEs that keep them (RFC 3311), against a peer that says
//! what the test tells it.

use crate::support;

use ringbook_sip::message::{Method, Request, Response};
use ringbook_sip::user_agent::{CallHandle, EndCause, EndedBy, Event, Load};
use support::peer::{Peer, respond, sdp, with_sdp};
use support::*;

fn offer() -> String {
    sdp(5000, 1, "sendrecv")
}

fn media_changes(world: &World) -> usize {
    let events = world.agents[0].events.iter();
    events
        .filter(|event| matches!(event, Event::MediaChanged { .. }))
        .count()
}

fn expires(headers: &ringbook_sip::message::Headers) -> Option<&str> {
    headers.get("Session-Expires")
}

/// The next request, and how many seconds passed until it came.
fn awaited(world: &mut World) -> (Request, u64) {
    let before = world.now;
    while world.scripted.is_empty() && world.now < before + secs(7200) {
        // Shorter than T1: nothing is repeated before the peer answers.
        world.run(ms(200));
    }
    let request = world.next_request();
    (request, world.now.duration_since(before).as_secs())
}

fn grant(world: &mut World, request: &Request, expires: &str) {
    respond(world, request, 200, "", |response| {
        response.headers.push("Session-Expires", expires);
        if request.method == Method::Invite {
            with_sdp(response, &sdp(5000, 1, "sendrecv"));
        }
    });
    if request.method == Method::Invite {
        assert_eq!(world.next_request().method, Method::Ack);
    }
}

fn assert_over(world: &mut World, by: EndedBy, cause: EndCause) {
    world.run(secs(100));
    let ended = world.agents[0].ended();
    assert_eq!(ended.len(), 1, "ends: {ended:?}");
    assert_eq!((ended[0].by, ended[0].cause), (by, cause));
    assert_eq!(world.agents[0].ua.load(), Load::default());
}

fn ask(world: &mut World, peer: &mut Peer, method: &str, headers: &str, body: &str) -> Response {
    let request = peer.request(method, headers, body);
    peer.send(world, request);
    let response = world.next_response();
    if method == "INVITE" {
        peer.branch += 1000 * u32::from(response.status < 300);
        let ack = peer.text("ACK", peer.cseq, "", "");
        peer.send(world, ack);
        world.run(ms(20));
    }
    response
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
        (world, call, invite)
    }

    /// Alice's call was answered with these headers.
    fn talking(headers: &[(&str, &str)]) -> (World, CallHandle, Request, Peer) {
        let (mut world, call, invite) = calling();
        respond(&mut world, &invite, 200, "one", |response| {
            for (name, value) in headers {
                response.headers.push(name, *value);
            }
            with_sdp(response, &offer());
        });
        assert_eq!(world.next_request().method, Method::Ack);
        let peer = Peer::called(&invite, addr("10.0.0.1:5060"), "one");
        (world, call, invite, peer)
    }

    const OURS: (&str, &str) = ("Session-Expires", "1800;refresher=uac");
    const THEIRS: (&str, &str) = ("Session-Expires", "1800 ; Refresher=UAS");
    const UPDATES: (&str, &str) = ("Allow", "INVITE, ACK, BYE, UPDATE");

    #[test]
    fn the_invite_asks_for_half_an_hour() {
        let (_, _, invite) = calling();
        assert_eq!(expires(&invite.headers), Some("1800"));
        assert!(invite.headers.list_has("Supported", "timer"));
        assert!(!invite.headers.has("Min-SE"), "90 goes without saying");
    }

    #[test]
    fn an_update_refreshes_the_session_at_half_time_again_and_again() {
        let (mut world, _, invite, _) = talking(&[OURS, UPDATES]);
        for round in 1..=5 {
            let (update, waited) = awaited(&mut world);
            assert_eq!(update.method, Method::Update);
            assert!((899..=901).contains(&waited), "{waited}");
            assert_eq!(expires(&update.headers), Some("1800;refresher=uac"));
            assert!(update.headers.has("Contact") && update.body.is_empty());
            assert_eq!(update.cseq.seq, invite.cseq.seq + round);
            grant(&mut world, &update, "1800;refresher=uac");
        }
        assert!(world.agents[ALICE].ended().is_empty());
    }

    #[test]
    fn a_peer_without_update_is_refreshed_by_a_reinvite_that_changes_nothing() {
        let (mut world, _, invite, _) = talking(&[OURS, ("Allow", "INVITE, ACK, BYE")]);
        for _ in 0..2 {
            let (refresh, waited) = awaited(&mut world);
            assert_eq!(refresh.method, Method::Invite);
            assert!((899..=901).contains(&waited), "{waited}");
            assert_eq!(expires(&refresh.headers), Some("1800;refresher=uac"));
            let (before, after) = (&invite.body, &refresh.body);
            let audio = |body: &[u8]| String::from_utf8(body.to_vec()).unwrap().contains("4000");
            assert!(audio(before) && audio(after));
            grant(&mut world, &refresh, "1800;refresher=uac");
        }
        assert_eq!(media_changes(&world), 0, "a refresh is no news");
    }

    #[test]
    fn an_update_that_is_refused_is_made_good_by_a_reinvite() {
        for status in [405, 501] {
            let (mut world, _, _, _) = talking(&[OURS, UPDATES]);
            let (update, _) = awaited(&mut world);
            respond(&mut world, &update, status, "", |_| {});
            let (refresh, waited) = awaited(&mut world);
            assert_eq!(
                (refresh.method.clone(), waited <= 1),
                (Method::Invite, true)
            );
            grant(&mut world, &refresh, "1800;refresher=uac");
        }
    }

    #[test]
    fn a_peer_that_refreshes_keeps_the_call_and_one_that_stops_ends_it() {
        let (mut world, _, _, mut peer) = talking(&[THEIRS]);
        for _ in 0..3 {
            world.run(secs(1000));
            let headers = "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n";
            let updated = ask(&mut world, &mut peer, "UPDATE", headers, "");
            assert_eq!(updated.status, 200);
            assert_eq!(expires(&updated.headers), Some("1800;refresher=uac"));
            assert!(updated.headers.list_has("Require", "timer"));
        }
        // RFC 4028 §10: 32 seconds before the end.
        let (bye, waited) = awaited(&mut world);
        assert_eq!(bye.method, Method::Bye);
        assert!((1766..=1769).contains(&waited), "{waited}");
        respond(&mut world, &bye, 200, "", |_| {});
        assert_over(&mut world, EndedBy::Network, EndCause::Timeout);
    }

    #[test]
    fn a_short_session_ends_after_two_thirds() {
        let (mut world, ..) = talking(&[("Session-Expires", "90;refresher=uas")]);
        let (bye, waited) = awaited(&mut world);
        assert_eq!(bye.method, Method::Bye);
        assert!((59..=61).contains(&waited), "{waited}");
    }

    #[test]
    fn a_peer_without_timers_is_left_alone() {
        let (mut world, ..) = talking(&[]);
        world.expect_silence(secs(20_000));
        assert!(world.agents[ALICE].ended().is_empty());
    }

    #[test]
    fn an_interval_without_a_word_who_refreshes_is_refreshed_by_us_and_never_in_a_flood() {
        let (mut world, ..) = talking(&[("Session-Expires", "1"), UPDATES]);
        let (update, waited) = awaited(&mut world);
        assert_eq!(update.method, Method::Update);
        assert!((14..=16).contains(&waited), "{waited}");
    }

    #[test]
    fn a_422_is_answered_with_the_interval_it_wants() {
        let (mut world, _, invite) = calling();
        let mut last = invite.clone();
        for least in [3600, 7200] {
            respond(&mut world, &last, 422, "proxy", |response| {
                response.headers.push("Min-SE", least.to_string());
            });
            assert_eq!(world.next_request().method, Method::Ack);
            let again = world.next_request();
            assert_eq!(expires(&again.headers), Some(&least.to_string()[..]));
            assert_eq!(again.headers.get("Min-SE"), Some(&least.to_string()[..]));
            assert_eq!(
                (&again.call_id, &again.from),
                (&invite.call_id, &invite.from)
            );
            assert_eq!(again.to.tag(), None);
            assert_eq!(again.cseq.seq, last.cseq.seq + 1);
            assert_eq!(again.body, invite.body);
            last = again;
        }
        respond(&mut world, &last, 200, "one", |response| {
            response
                .headers
                .push("Session-Expires", "7200;refresher=uac");
            response.headers.push("Allow", "UPDATE");
            with_sdp(response, &offer());
        });
        assert_eq!(world.next_request().method, Method::Ack);
        let (update, waited) = awaited(&mut world);
        assert_eq!(update.headers.get("Min-SE"), Some("7200"));
        assert!((3599..=3601).contains(&waited), "{waited}");
    }

    #[test]
    fn a_422_that_wants_no_more_or_always_more_ends_the_call() {
        let (mut world, _, mut invite) = calling();
        for least in [2000, 2000] {
            respond(&mut world, &invite, 422, "proxy", |response| {
                response.headers.push("Min-SE", least.to_string());
            });
            assert_eq!(world.next_request().method, Method::Ack);
            if world.agents[ALICE].ended().is_empty() {
                invite = world.next_request();
            }
        }
        assert_over(&mut world, EndedBy::Remote, EndCause::Rejected);

        let (mut world, _, mut invite) = calling();
        let mut rounds = 0;
        while world.agents[ALICE].ended().is_empty() {
            rounds += 1;
            respond(&mut world, &invite, 422, "proxy", |response| {
                response.headers.push("Min-SE", (2000 + rounds).to_string());
            });
            assert_eq!(world.next_request().method, Method::Ack);
            if world.agents[ALICE].ended().is_empty() {
                invite = world.next_request();
            }
        }
        assert_eq!(rounds, 5);
    }

    #[test]
    fn a_refresh_that_is_too_short_a_glare_or_refused_for_now_is_tried_again() {
        let (mut world, ..) = talking(&[OURS, UPDATES]);
        let (update, _) = awaited(&mut world);
        respond(&mut world, &update, 422, "", |response| {
            response.headers.push("Min-SE", "2400");
        });
        let (longer, waited) = awaited(&mut world);
        assert_eq!(expires(&longer.headers), Some("2400;refresher=uac"));
        assert!(waited <= 1);
        respond(&mut world, &longer, 491, "", |_| {});
        // We made the call: 2.1 to 4 seconds (RFC 3261 §14.1).
        let (after_glare, waited) = awaited(&mut world);
        assert!((2..=5).contains(&waited), "{waited}");
        respond(&mut world, &after_glare, 503, "", |_| {});
        let (later, waited) = awaited(&mut world);
        assert!((9..=11).contains(&waited), "{waited}");
        grant(&mut world, &later, "2400;refresher=uac");
        let (next, waited) = awaited(&mut world);
        assert_eq!(next.method, Method::Update);
        assert!((1199..=1201).contains(&waited), "{waited}");
    }

    #[test]
    fn a_refresh_that_always_fails_ends_with_the_session() {
        let (mut world, ..) = talking(&[("Session-Expires", "90;refresher=uac"), UPDATES]);
        loop {
            let request = world.next_request();
            if request.method == Method::Bye {
                respond(&mut world, &request, 200, "", |_| {});
                break;
            }
            respond(&mut world, &request, 503, "", |_| {});
        }
        assert_over(&mut world, EndedBy::Network, EndCause::Timeout);
    }

    #[test]
    fn a_refresh_of_a_call_that_the_peer_has_lost_ends_it() {
        let (mut world, ..) = talking(&[OURS, UPDATES]);
        let (update, _) = awaited(&mut world);
        respond(&mut world, &update, 481, "", |_| {});
        let bye = world.next_request();
        assert_eq!(bye.method, Method::Bye);
        respond(&mut world, &bye, 481, "", |_| {});
        assert_over(&mut world, EndedBy::Remote, EndCause::Failed);

        let (mut world, ..) = talking(&[OURS, UPDATES]);
        world.run(secs(1000));
        assert_over(&mut world, EndedBy::Network, EndCause::Timeout);
    }

    #[test]
    fn a_hold_restarts_the_timer_and_leaves_the_refreshing_where_it_is() {
        let (mut world, call, _, _) = talking(&[THEIRS]);
        world.run(secs(1700));
        world.with(ALICE, |ua, now| ua.hold(now, call).unwrap());
        let held = world.next_request();
        assert_eq!(expires(&held.headers), Some("1800;refresher=uas"));
        grant(&mut world, &held, "1800;refresher=uas");
        let (bye, waited) = awaited(&mut world);
        assert_eq!(bye.method, Method::Bye);
        assert!((1766..=1769).contains(&waited), "{waited}");
    }

    /// RFC 3311 §5.2: an UPDATE without an offer is no glare.
    #[test]
    fn a_refresh_crosses_the_peers_change_in_peace() {
        let (mut world, _, _, mut peer) = talking(&[OURS, UPDATES]);
        let (update, _) = awaited(&mut world);
        let changed = ask(
            &mut world,
            &mut peer,
            "UPDATE",
            "",
            &sdp(5002, 2, "sendonly"),
        );
        assert_eq!(changed.status, 200);
        grant(&mut world, &update, "1800;refresher=uac");
        assert_eq!(media_changes(&world), 1);
    }

    #[test]
    fn other_media_are_offered_with_the_next_version() {
        let (mut world, call, _, _) = talking(&[]);
        world.with(ALICE, |ua, now| {
            ua.renew_media(now, call, media(4444)).unwrap()
        });
        let renewed = world.next_request();
        let text = String::from_utf8(renewed.body.clone()).unwrap();
        assert!(text.contains("m=audio 4444 "), "{text}");
        grant(&mut world, &renewed, "1800;refresher=uac");
        assert_eq!(media_changes(&world), 1);
    }
}

mod callee {
    use super::*;

    /// Bob has answered an INVITE with these headers; his 200.
    fn talking(headers: &str) -> (World, Peer, Response) {
        let (mut world, mut peer) = called(headers);
        let call = world.agents[0].incoming();
        world.with(0, |ua, now| ua.answer(now, call, media(4000)).unwrap());
        let answer = world.next_response();
        assert_eq!(answer.status, 200);
        peer.learn(&answer);
        peer.branch += 1000;
        let ack = peer.text("ACK", peer.cseq, "", "");
        peer.send(&mut world, ack);
        world.run(ms(20));
        (world, peer, answer)
    }

    fn called(headers: &str) -> (World, Peer) {
        let mut world = World::new(vec![Agent::new("bob", "10.0.0.2:5060", 2)]);
        let mut peer = Peer::calling("bob", addr("10.0.0.2:5060"));
        let invite = peer.request("INVITE", headers, &offer());
        peer.send(&mut world, invite);
        world.run(ms(10));
        (world, peer)
    }

    #[test]
    fn an_interval_that_is_too_short_gets_422_and_rings_nowhere() {
        let (mut world, _) = called("Supported: timer\r\nSession-Expires: 60\r\n");
        let refused = world.next_response();
        assert_eq!(refused.status, 422);
        assert_eq!(refused.headers.get("Min-SE"), Some("90"));
        assert!(world.agents[0].events.is_empty());
    }

    #[test]
    fn one_that_a_proxy_put_in_is_raised_and_kept_by_us() {
        let (mut world, _, answer) = talking("x: 60\r\nAllow: UPDATE\r\n");
        assert_eq!(expires(&answer.headers), Some("90;refresher=uas"));
        assert!(!answer.headers.has("Require"), "the caller knows no timers");
        let (update, waited) = awaited(&mut world);
        assert_eq!(update.method, Method::Update);
        assert!((44..=46).contains(&waited), "{waited}");
    }

    #[test]
    fn the_caller_refreshes_unless_it_asks_us_to() {
        let supported = "Supported: timer\r\n";
        for asked in ["1800", "1800;refresher=uac"] {
            let headers = format!("{supported}Session-Expires: {asked}\r\n");
            let (mut world, _, answer) = talking(&headers);
            assert_eq!(expires(&answer.headers), Some("1800;refresher=uac"));
            assert!(answer.headers.list_has("Require", "timer"));
            let (bye, waited) = awaited(&mut world);
            assert_eq!(bye.method, Method::Bye);
            assert!((1766..=1769).contains(&waited), "{waited}");
        }
        let headers = format!("{supported}Session-Expires: 1800;refresher=uas\r\n");
        let (mut world, _, answer) = talking(&headers);
        assert_eq!(expires(&answer.headers), Some("1800;refresher=uas"));
        let (refresh, waited) = awaited(&mut world);
        assert_eq!(refresh.method, Method::Invite, "no UPDATE allowed");
        assert!((899..=901).contains(&waited), "{waited}");
        assert_eq!(expires(&refresh.headers), Some("1800;refresher=uac"));
    }

    #[test]
    fn a_caller_that_asks_for_no_timer_gets_none() {
        let (mut world, _, answer) = talking("Supported: timer\r\n");
        assert_eq!(expires(&answer.headers), None);
        world.expect_silence(secs(20_000));
    }

    #[test]
    fn a_change_keeps_the_timer_and_one_of_a_peer_without_timers_ends_it() {
        let headers = "Supported: timer\r\nSession-Expires: 1800\r\n";
        let (mut world, mut peer, _) = talking(headers);
        world.run(secs(1000));
        let short = "Supported: timer\r\nSession-Expires: 10\r\n";
        assert_eq!(
            ask(&mut world, &mut peer, "INVITE", short, &offer()).status,
            422
        );
        let kept = ask(
            &mut world,
            &mut peer,
            "INVITE",
            "Supported: timer\r\n",
            &offer(),
        );
        assert_eq!(expires(&kept.headers), Some("1800;refresher=uac"));
        world.run(secs(1000));
        assert!(world.agents[0].ended().is_empty(), "it was a refresh too");
        let ended = ask(&mut world, &mut peer, "INVITE", "", &offer());
        assert_eq!(expires(&ended.headers), None);
        world.expect_silence(secs(20_000));
        assert!(world.agents[0].ended().is_empty());
    }
}
