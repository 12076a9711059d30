//! Transfers from all three sides (RFC 3515, RFC 4488, RFC 5589): being sent away, sending away,
//! and what the one we send away may do. Against a peer that says what the test tells it.

use crate::support;

use ringbook_sip::message::{Method, Request, Response};
use ringbook_sip::user_agent::{CallHandle, EndCause, EndedBy, Event, Load};
use support::peer::{PEER, Peer, respond, sdp, with_sdp};
use support::*;

const BOB: usize = 0;

/// Bob, whose proxy is `registrar`, talks to a peer that called him from 10.0.0.9.
fn talking(registrar: &str) -> (World, CallHandle, Peer) {
    let mut bob = Agent::new("bob", "10.0.0.2:5060", 2);
    let mut config = account("bob", registrar);
    config.register = false;
    bob.ua.add_account(config);
    let mut world = World::new(vec![bob]);
    let mut peer = Peer::calling("bob", addr("10.0.0.2:5060"));
    let invite = peer.request("INVITE", "", &sdp(5000, 1, "sendrecv"));
    peer.send(&mut world, invite);
    world.run(ms(10));
    let call = world.agents[BOB].incoming();
    world.with(BOB, |ua, now| ua.answer(now, call, media(4000)).unwrap());
    let answer = world.next_response();
    peer.learn(&answer);
    peer.branch += 1000;
    let ack = peer.text("ACK", peer.cseq, "", "");
    peer.send(&mut world, ack);
    world.run(ms(20));
    (world, call, peer)
}

fn ask(world: &mut World, peer: &mut Peer, method: &str, headers: &str, body: &str) -> Response {
    let request = peer.request(method, headers, body);
    peer.send(world, request);
    world.next_response()
}

mod transferee {
    use super::*;

    const CAROL: &str =
        "Refer-To: <sip:carol@10.0.0.9:5070>\r\nReferred-By: <sip:peer@10.0.0.9>\r\n";

    /// The peer's REFER has arrived and waits for the program.
    fn referred(headers: &str) -> (World, CallHandle, Peer) {
        let (mut world, call, mut peer) = talking("sip:10.0.0.9");
        let refer = peer.request("REFER", headers, "");
        peer.send(&mut world, refer);
        world.run(ms(20));
        (world, call, peer)
    }

    /// The program follows: its INVITE, behind the 202 and the first NOTIFY.
    fn following(headers: &str) -> (World, CallHandle, CallHandle, Request) {
        let (mut world, call, _) = referred(headers);
        world.with(BOB, |ua, now| ua.accept_transfer(now, call).unwrap());
        let accepted = world.next_response();
        assert_eq!(accepted.status, 202);
        assert!(accepted.headers.has("Contact"));
        let quiet = headers.contains("Refer-Sub");
        assert_eq!(accepted.headers.get("Refer-Sub"), quiet.then_some("false"));
        if !quiet {
            let (status, state) = told(&mut world);
            assert_eq!((status, &state[..]), (100, "active;expires=179"));
        }
        let new = world.with(BOB, |ua, now| {
            ua.follow_transfer(now, call, media(4002)).unwrap()
        });
        let invite = world.next_request();
        assert_eq!(invite.method, Method::Invite);
        (world, call, new, invite)
    }

    /// The next NOTIFY: status of its fragment, and the subscription's state.
    fn told(world: &mut World) -> (u16, String) {
        let notify = world.next_request();
        assert_eq!(notify.method, Method::Notify, "{notify:?}");
        respond(world, &notify, 200, "", |_| {});
        assert_eq!(notify.headers.get("Event"), Some("refer"));
        assert_eq!(notify.headers.media_type(), Some("message/sipfrag"));
        let body = String::from_utf8(notify.body).unwrap();
        let status = body.strip_prefix("SIP/2.0 ").unwrap()[..3].parse().unwrap();
        let state = notify.headers.get("Subscription-State").unwrap();
        (status, state.to_owned())
    }

    const LAST: &str = "terminated;reason=noresource";

    fn ended(world: &World) -> Vec<(EndedBy, EndCause)> {
        let ended = world.agents[BOB].ended();
        ended.into_iter().map(|end| (end.by, end.cause)).collect()
    }

    #[test]
    fn the_program_is_asked_and_may_refuse() {
        let (mut world, call, mut peer) = referred(CAROL);
        let Some(Event::TransferAsked {
            target,
            attended,
            by,
            ..
        }) = world.agents[BOB].events.last()
        else {
            panic!("{:?}", world.agents[BOB].events)
        };
        assert_eq!(target.to_string(), "sip:carol@10.0.0.9:5070");
        assert_eq!(
            (*attended, by.as_deref()),
            (false, Some("<sip:peer@10.0.0.9>"))
        );
        assert!(world.scripted.is_empty(), "nothing happens by itself");
        world.with(BOB, |ua, now| ua.refuse_transfer(now, call, 603).unwrap());
        assert_eq!(world.next_response().status, 603);
        world.expect_silence(secs(40));
        assert!(ended(&world).is_empty());
        // It may be asked again, and says then which one it tells of.
        let seq = peer.cseq + 1;
        let refer = peer.request("REFER", CAROL, "");
        peer.send(&mut world, refer);
        world.run(ms(20));
        world.with(BOB, |ua, now| ua.accept_transfer(now, call).unwrap());
        assert_eq!(world.next_response().status, 202);
        let notify = world.next_request();
        assert_eq!(
            notify.headers.get("Event"),
            Some(&format!("refer;id={seq}")[..])
        );
    }

    #[test]
    fn a_program_that_does_not_decide_or_whose_call_ends_leaves_no_refer_open() {
        let (mut world, ..) = referred(CAROL);
        assert_eq!(world.next_response().status, 603);
        let (mut world, _, mut peer) = referred(CAROL);
        let bye = peer.request("BYE", "", "");
        peer.send(&mut world, bye);
        let statuses = [world.next_response().status, world.next_response().status];
        assert_eq!(statuses, [200, 481]);
        world.run(secs(60));
        assert_eq!(world.agents[BOB].ua.load(), Load::default());
        let (mut world, call, _) = referred(CAROL);
        world.with(BOB, |ua, now| ua.hangup(now, call).unwrap());
        assert_eq!(world.next_response().status, 481);
    }

    #[test]
    fn a_blind_transfer_is_followed_told_and_ends_the_old_call() {
        let (mut world, call, new, invite) = following(CAROL);
        assert_eq!(invite.uri.to_string(), "sip:carol@10.0.0.9:5070");
        assert_eq!(
            invite.headers.get("Referred-By"),
            Some("<sip:peer@10.0.0.9>")
        );
        assert_eq!(invite.from.uri.to_string(), "sip:bob@office.example");
        respond(&mut world, &invite, 180, "carol", |_| {});
        let (status, state) = told(&mut world);
        assert!(
            status == 180 && state.starts_with("active;expires="),
            "{state}"
        );
        respond(&mut world, &invite, 200, "carol", |r| {
            with_sdp(r, &sdp(6000, 1, "sendrecv"));
        });
        assert_eq!(world.next_request().method, Method::Ack);
        assert_eq!(told(&mut world), (200, LAST.to_owned()));
        // The transferor forgets to hang up.
        let bye = world.next_request();
        assert_eq!(
            (bye.method.clone(), bye.to.tag()),
            (Method::Bye, Some("peer"))
        );
        respond(&mut world, &bye, 200, "", |_| {});
        world.run(ms(100));
        assert_eq!(ended(&world), [(EndedBy::Local, EndCause::LocalHangup)]);
        assert_eq!(world.agents[BOB].established(), 2);
        assert_ne!(call, new);
        world.with(BOB, |ua, now| ua.hangup(now, new).unwrap());
        let bye = world.next_request();
        respond(&mut world, &bye, 200, "", |_| {});
        world.run(secs(100));
        assert_eq!(world.agents[BOB].ua.load(), Load::default());
    }

    #[test]
    fn a_transferor_that_hangs_up_at_once_leaves_the_new_call_alone() {
        let (mut world, call, mut peer) = referred(CAROL);
        world.with(BOB, |ua, now| ua.accept_transfer(now, call).unwrap());
        assert_eq!(world.next_response().status, 202);
        told(&mut world);
        world.with(BOB, |ua, now| {
            ua.follow_transfer(now, call, media(4002)).unwrap()
        });
        let invite = world.next_request();
        assert_eq!(ask(&mut world, &mut peer, "BYE", "", "").status, 200);
        respond(&mut world, &invite, 200, "carol", |r| {
            with_sdp(r, &sdp(6000, 1, "sendrecv"));
        });
        assert_eq!(world.next_request().method, Method::Ack);
        world.expect_silence(secs(20));
        assert_eq!(ended(&world), [(EndedBy::Remote, EndCause::RemoteHangup)]);
    }

    #[test]
    fn a_target_that_fails_is_told_and_the_old_call_goes_on() {
        for (status, reported) in [(486, 486), (404, 404), (603, 603), (302, 302)] {
            let (mut world, call, _, invite) = following(CAROL);
            respond(&mut world, &invite, status, "carol", |_| {});
            assert_eq!(world.next_request().method, Method::Ack);
            assert_eq!(told(&mut world), (reported, LAST.to_owned()));
            assert_eq!(ended(&world).len(), 1, "the new call alone");
            world.with(BOB, |ua, now| ua.hold(now, call).unwrap());
            assert_eq!(world.next_request().method, Method::Invite);
        }
        // Silence is an answer too, and so is our own change of mind.
        let (mut world, _, _, invite) = following(CAROL);
        let heard = std::iter::repeat_with(|| world.next_request());
        let notify = heard
            .into_iter()
            .find(|r| r.method == Method::Notify)
            .unwrap();
        assert!(notify.body.starts_with(b"SIP/2.0 408 "), "{notify:?}");
        assert_eq!(invite.method, Method::Invite);
        let (mut world, _, new, invite) = following(CAROL);
        respond(&mut world, &invite, 180, "carol", |_| {});
        told(&mut world);
        world.with(BOB, |ua, now| ua.hangup(now, new).unwrap());
        let requests = [world.next_request(), world.next_request()];
        let notify = requests
            .iter()
            .find(|r| r.method == Method::Notify)
            .unwrap();
        assert!(notify.body.starts_with(b"SIP/2.0 487 "), "{notify:?}");
    }

    #[test]
    fn an_attended_transfer_replaces_the_dialog_it_names_and_nothing_else_is_copied() {
        let refer_to = "Refer-To: <sip:carol@10.0.0.9:5070?Replaces=a%40b%3Bto-tag%3Dx%3Bfrom-tag%3Dy\
                        &Route=%3Csip%3A10.6.6.6%3Blr%3E&Subject=evil>\r\n";
        let (mut world, _, mut peer) = referred(refer_to);
        assert!(matches!(
            world.agents[BOB].events.last(),
            Some(Event::TransferAsked { attended: true, .. })
        ));
        let _ = &mut peer;
        let call = world.agents[BOB].incoming();
        world.with(BOB, |ua, now| ua.accept_transfer(now, call).unwrap());
        world.run(ms(20));
        world.scripted.clear();
        world.with(BOB, |ua, now| {
            ua.follow_transfer(now, call, media(4002)).unwrap();
        });
        let invite = world.next_request();
        let invite = match invite.method {
            Method::Invite => invite,
            _ => world.next_request(),
        };
        assert_eq!(invite.uri.to_string(), "sip:carol@10.0.0.9:5070");
        assert_eq!(
            invite.headers.get("Replaces"),
            Some("a@b;to-tag=x;from-tag=y")
        );
        assert!(!invite.headers.has("Route") && !invite.headers.has("Subject"));
    }

    /// RFC 4488: the transferor wants to hear nothing.
    #[test]
    fn without_a_subscription_nothing_is_told() {
        let (mut world, _, _, invite) = following(&format!("Refer-Sub: false\r\n{CAROL}"));
        respond(&mut world, &invite, 180, "carol", |_| {});
        world.expect_silence(ms(100));
        respond(&mut world, &invite, 200, "carol", |r| {
            with_sdp(r, &sdp(6000, 1, "sendrecv"));
        });
        assert_eq!(world.next_request().method, Method::Ack);
        let bye = world.next_request();
        assert_eq!(bye.method, Method::Bye);
    }

    #[test]
    fn a_transferor_that_refuses_a_notify_gets_no_more_and_keeps_its_call() {
        let (mut world, call, _) = referred(CAROL);
        world.with(BOB, |ua, now| ua.accept_transfer(now, call).unwrap());
        assert_eq!(world.next_response().status, 202);
        let notify = world.next_request();
        respond(&mut world, &notify, 481, "", |_| {});
        world.run(ms(20));
        world.with(BOB, |ua, now| {
            ua.follow_transfer(now, call, media(4002)).unwrap();
        });
        let invite = world.next_request();
        respond(&mut world, &invite, 486, "carol", |_| {});
        assert_eq!(world.next_request().method, Method::Ack);
        world.expect_silence(ms(100));
        assert_eq!(ended(&world).len(), 1);
    }

    #[test]
    fn a_program_that_cannot_call_says_so_once_it_has_promised() {
        let (mut world, call, _) = referred(CAROL);
        world.with(BOB, |ua, now| ua.accept_transfer(now, call).unwrap());
        assert_eq!(world.next_response().status, 202);
        told(&mut world);
        world.with(BOB, |ua, now| ua.refuse_transfer(now, call, 500).unwrap());
        assert_eq!(told(&mut world), (500, LAST.to_owned()));
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for (headers, status) in [
            ("", 400),
            ("Refer-To: nonsense\r\n", 400),
            (
                "Refer-To: <sip:a@10.0.0.9>\r\nRefer-To: <sip:b@10.0.0.9>\r\n",
                400,
            ),
            ("Refer-To: <sip:a@10.0.0.9?Replaces=x>\r\n", 400),
            ("Refer-To: <sip:a@10.0.0.9;method=BYE>\r\n", 603),
            ("Refer-To: <sip:a@10.0.0.9;method=SUBSCRIBE>\r\n", 603),
            ("Refer-To: <http://10.0.0.9/>\r\n", 603),
            ("Refer-To: <urn:service:sos>\r\n", 603),
        ] {
            let (mut world, _, mut peer) = talking("sip:10.0.0.9");
            let refused = ask(&mut world, &mut peer, "REFER", headers, "");
            assert_eq!(refused.status, status, "{headers}");
            assert!(matches!(
                world.agents[BOB].events.last(),
                Some(Event::Established { .. })
            ));
        }
        let (mut world, _, mut peer) = referred(CAROL);
        assert_eq!(
            ask(&mut world, &mut peer, "REFER", CAROL, "").status,
            491,
            "one at a time"
        );
    }

    /// Nobody makes us call who did not come by our own proxy, or is not in a call.
    #[test]
    fn a_stranger_causes_no_call() {
        let (mut world, _, mut peer) = talking("sip:10.0.0.8");
        assert_eq!(ask(&mut world, &mut peer, "REFER", CAROL, "").status, 403);
        // In a call that came by the proxy, from elsewhere.
        let (mut world, _, mut peer) = talking("sip:10.0.0.9");
        let refer = peer.request("REFER", CAROL, "");
        world.datagram(addr("10.6.6.6:5060"), peer.ua, refer);
        assert_eq!(world.next_response().status, 403);
        let mut outside = Peer::calling("bob", addr("10.0.0.2:5060"));
        outside.branch = 9000;
        assert_eq!(
            ask(&mut world, &mut outside, "REFER", CAROL, "").status,
            603
        );
        let told = world.agents[BOB].events.iter();
        assert_eq!(
            told.filter(|e| matches!(e, Event::TransferAsked { .. }))
                .count(),
            0
        );
        let calls = world
            .wire
            .iter()
            .filter(|seen| seen.to == addr("10.0.0.9:5070"));
        assert_eq!(calls.count(), 0);
    }
}

mod transferor {
    use super::*;

    /// What the transferee does after our REFER.
    #[derive(Clone, Copy, Debug)]
    enum Does {
        Answers(u16),
        AnswersQuietly(u16),
        /// Fragment and Subscription-State.
        Tells(u16, &'static str),
        HangsUp,
        Waits(u64),
    }
    use Does::*;

    const ACTIVE: &str = "active;expires=60";
    const OVER: &str = "terminated;reason=noresource";

    /// Bob sends the peer to Carol; what his program hears of it, and whether the call stands.
    fn run(script: &[Does]) -> (Vec<(u16, bool)>, bool) {
        let (mut world, call, mut peer) = talking("sip:10.0.0.9");
        let carol = uri("sip:carol@10.0.0.7");
        world.with(BOB, |ua, now| ua.refer(now, call, &carol, None).unwrap());
        let refer = world.next_request();
        for does in script {
            match *does {
                Answers(status) => respond(&mut world, &refer, status, "", |_| {}),
                AnswersQuietly(status) => respond(&mut world, &refer, status, "", |response| {
                    response.headers.push("Refer-Sub", "false");
                }),
                Tells(status, state) => {
                    let headers = format!(
                        "Event: refer\r\nSubscription-State: {state}\r\n\
                         Content-Type: message/sipfrag\r\n"
                    );
                    let body = format!("SIP/2.0 {status} Whatever\r\n");
                    let notify = peer.request("NOTIFY", &headers, &body);
                    peer.send(&mut world, notify);
                }
                HangsUp => {
                    let bye = peer.request("BYE", "", "");
                    peer.send(&mut world, bye);
                }
                Waits(seconds) => world.run(secs(seconds)),
            }
            world.run(ms(50));
        }
        let heard = world.agents[BOB]
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Transfer { status, done, .. } => Some((*status, *done)),
                _ => None,
            });
        (heard.collect(), world.agents[BOB].ended().is_empty())
    }

    /// Whatever the other side does, the program hears exactly one end of it.
    #[test]
    fn every_course_of_a_transfer_has_one_end() {
        for (script, heard, stands) in [
            // As it should be.
            (
                &[
                    Answers(202),
                    Tells(100, ACTIVE),
                    Tells(180, ACTIVE),
                    Tells(200, OVER),
                ][..],
                &[(202, false), (100, false), (180, false), (200, true)][..],
                true,
            ),
            (
                &[Answers(200), Tells(200, OVER)],
                &[(200, false), (200, true)],
                true,
            ),
            (&[AnswersQuietly(202)], &[(202, true)], true),
            // The NOTIFY overtakes the 202.
            (
                &[Tells(100, ACTIVE), Answers(202), Tells(200, OVER)],
                &[(100, false), (202, false), (200, true)],
                true,
            ),
            (&[Tells(200, OVER), Answers(202)], &[(200, true)], true),
            // Busy, offline, turned away, unknown.
            (
                &[Answers(202), Tells(486, OVER)],
                &[(202, false), (486, true)],
                true,
            ),
            (
                &[Answers(202), Tells(480, OVER)],
                &[(202, false), (480, true)],
                true,
            ),
            (
                &[Answers(202), Tells(603, OVER)],
                &[(202, false), (603, true)],
                true,
            ),
            (
                &[Answers(202), Tells(404, ACTIVE)],
                &[(202, false), (404, true)],
                true,
            ),
            // Not even begun.
            (&[Answers(400)], &[(400, true)], true),
            (&[Answers(403)], &[(403, true)], true),
            (&[Answers(405)], &[(405, true)], true),
            (&[Answers(501)], &[(501, true)], true),
            (&[Answers(503)], &[(503, true)], true),
            (&[Answers(603)], &[(603, true)], true),
            (&[Waits(40)], &[(408, true)], true),
            // The subscription ends before anything is known.
            (
                &[Answers(202), Tells(100, "terminated;reason=timeout")],
                &[(202, false), (408, true)],
                true,
            ),
            (
                &[Answers(202), Tells(180, "active;expires=20"), Waits(21)],
                &[(202, false), (180, false), (408, true)],
                true,
            ),
            // The last NOTIFY is lost for good.
            (
                &[Answers(202), Tells(100, "active"), Waits(181)],
                &[(202, false), (100, false), (408, true)],
                true,
            ),
            (
                &[Answers(202), Tells(100, "active;expires=99999"), Waits(181)],
                &[(202, false), (100, false), (408, true)],
                true,
            ),
            (
                &[Answers(202), Waits(181)],
                &[(202, false), (408, true)],
                true,
            ),
            // The call itself ends: that is the end of the transfer too.
            (&[Answers(202), HangsUp], &[(202, false)], false),
            (&[HangsUp], &[], false),
            (
                &[Answers(202), Tells(200, OVER), HangsUp],
                &[(202, false), (200, true)],
                false,
            ),
            (&[Answers(481)], &[], false),
        ] {
            let (told, stood) = run(script);
            assert_eq!((&told[..], stood), (heard, stands), "{script:?}");
        }
    }

    #[test]
    fn a_late_word_of_an_earlier_transfer_says_nothing_of_this_one() {
        let (mut world, call, mut peer) = talking("sip:10.0.0.9");
        let carol = uri("sip:carol@10.0.0.7");
        let mut seqs = Vec::new();
        for _ in 0..2 {
            world.with(BOB, |ua, now| ua.refer(now, call, &carol, None).unwrap());
            let refer = world.next_request();
            seqs.push(refer.cseq.seq);
            respond(&mut world, &refer, 202, "", |_| {});
            world.run(secs(if seqs.len() == 1 { 181 } else { 0 }));
        }
        for (seq, status) in [(seqs[0], 481), (seqs[1], 200)] {
            let headers = format!(
                "Event: refer;id={seq}\r\nSubscription-State: {OVER}\r\n\
                 Content-Type: message/sipfrag\r\n"
            );
            let told = ask(
                &mut world,
                &mut peer,
                "NOTIFY",
                &headers,
                "SIP/2.0 200 OK\r\n",
            );
            assert_eq!(told.status, status);
        }
    }

    /// RFC 5589 §7.3: behind the proxy the other party is found by its address of record.
    #[test]
    fn who_came_by_the_proxy_is_named_by_its_address_of_record() {
        let (mut world, call, _) = talking("sip:10.0.0.9");
        let mut carol = Peer {
            call_id: "carols-call".to_owned(),
            from: "<sip:carol@office.example>;tag=carol".to_owned(),
            branch: 7000,
            ..Peer::calling("bob", addr("10.0.0.2:5060"))
        };
        let invite = carol.request("INVITE", "", &sdp(6000, 1, "sendrecv"));
        carol.send(&mut world, invite);
        world.run(ms(10));
        let other = world.agents[BOB].incoming();
        world.with(BOB, |ua, now| ua.answer(now, other, media(4002)).unwrap());
        carol.learn(&world.next_response());
        carol.branch += 1000;
        let ack = carol.text("ACK", carol.cseq, "", "");
        carol.send(&mut world, ack);
        world.run(ms(20));
        let ignored = uri("sip:x@10.0.0.7");
        world.with(BOB, |ua, now| {
            ua.refer(now, call, &ignored, Some(other)).unwrap()
        });
        let refer = world.next_request();
        let ours = carol.to.rsplit_once("tag=").unwrap().1;
        let expected = format!(
            "<sip:carol@office.example?Replaces=carols-call%3Bto-tag%3Dcarol%3Bfrom-tag%3D{ours}>"
        );
        assert_eq!(refer.headers.get("Refer-To"), Some(&expected[..]));
        assert_eq!(refer.headers.contacts().len(), 1);
        assert!(PEER.starts_with("10.0.0.9"));
    }
}
