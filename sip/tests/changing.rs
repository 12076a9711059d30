//! Hold, transfer, and credentials in a call of ours, against a scripted peer
//! (RFC 3261 §14, §22; RFC 3515; RFC 3891).

use crate::support;

use ringbook_sip::auth::{Algorithm, Verdict, Verifier};
use ringbook_sip::message::{Message, Method, Request};
use ringbook_sip::sdp::Direction;
use ringbook_sip::user_agent::{CallHandle, CommandError, EndCause, EndedBy, Event, Load};
use support::peer::{Peer, respond, sdp, with_sdp};
use support::*;

/// Alice talks to the scripted peer; her registrar is `registrar`.
fn talking_with(registrar: &str) -> (World, CallHandle, Request) {
    let mut alice = Agent::new("alice", "10.0.0.1:5060", 1);
    let mut config = account("alice", registrar);
    config.register = false;
    let line = alice.ua.add_account(config);
    let mut world = World::new(vec![alice]);
    let call = dial(&mut world, line, "sip:peer@10.0.0.9");
    let invite = world.next_request();
    answer(&mut world, &invite, "one");
    (world, call, invite)
}

fn dial(world: &mut World, line: ringbook_sip::user_agent::AccountId, to: &str) -> CallHandle {
    world.with(ALICE, |ua, now| {
        ua.invite(now, line, &uri(to), media(4000)).unwrap()
    })
}

fn answer(world: &mut World, invite: &Request, tag: &str) {
    respond(world, invite, 200, tag, |r| {
        with_sdp(r, &sdp(5000, 1, "sendrecv"))
    });
    assert_eq!(world.next_request().method, Method::Ack);
}

fn talking() -> (World, CallHandle, Request) {
    talking_with("sip:10.0.0.8")
}

fn peer_of(invite: &Request) -> Peer {
    Peer::called(invite, addr("10.0.0.1:5060"), "one")
}

fn hold(world: &mut World, call: CallHandle) -> Request {
    world.with(ALICE, |ua, now| ua.hold(now, call).unwrap());
    let request = world.next_request();
    assert_eq!(request.method, Method::Invite);
    request
}

fn text(request: &Request) -> String {
    String::from_utf8(request.body.clone()).unwrap()
}

/// Version in the `o=` line.
fn version(request: &Request) -> u64 {
    let text = text(request);
    let line = text.lines().find(|line| line.starts_with("o=")).unwrap();
    line.split(' ').nth(2).unwrap().parse().unwrap()
}

fn last(world: &World) -> &Event {
    world.agents[ALICE].events.last().unwrap()
}

#[test]
fn a_hold_says_sendonly_with_the_next_version_and_a_resume_takes_it_back() {
    let (mut world, call, invite) = talking();
    let held = hold(&mut world, call);
    assert!(text(&held).contains("a=sendonly"));
    assert_eq!(version(&held), version(&invite) + 1);
    assert_eq!(
        (held.to.tag(), held.cseq.seq),
        (Some("one"), invite.cseq.seq + 1)
    );
    assert!(held.headers.has("Contact"), "a target refresh");
    respond(&mut world, &held, 200, "", |r| {
        with_sdp(r, &sdp(5000, 2, "recvonly"))
    });
    assert_eq!(world.next_request().method, Method::Ack);
    let Event::MediaChanged { media, .. } = last(&world) else {
        panic!("{:?}", last(&world))
    };
    assert_eq!(
        (media.direction, media.remote_hold),
        (Direction::SendOnly, false)
    );

    world.with(ALICE, |ua, now| ua.resume(now, call).unwrap());
    let resumed = world.next_request();
    assert!(text(&resumed).contains("a=sendrecv"));
    assert_eq!(version(&resumed), version(&held) + 1);
    respond(&mut world, &resumed, 200, "", |r| {
        with_sdp(r, &sdp(5000, 3, "sendrecv"))
    });
    assert_eq!(world.next_request().method, Method::Ack);
    let Event::MediaChanged { media, .. } = last(&world) else {
        panic!("{:?}", last(&world))
    };
    assert_eq!(media.direction, Direction::SendRecv);
}

#[test]
fn a_hold_names_the_video_that_was_refused_at_its_place() {
    let (mut world, call, invite) = talking();
    let mut peer = peer_of(&invite);
    // The peer adds a picture, in front of the sound.
    let voice = sdp(5000, 2, "sendrecv");
    let (head, audio) = voice.split_once("m=audio").unwrap();
    let both = format!("{head}m=video 5002 RTP/AVP 96\r\nm=audio{audio}");
    let change = peer.request("INVITE", "", &both);
    peer.send(&mut world, change);
    assert_eq!(world.next_response().status, 200);
    peer.branch += 1000;
    let ack = peer.text("ACK", peer.cseq, "", "");
    peer.send(&mut world, ack);
    world.run(ms(20));

    let held = hold(&mut world, call);
    let streams: Vec<String> = text(&held)
        .lines()
        .filter(|line| line.starts_with("m="))
        .map(|line| line.split(" RTP").next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(streams, ["m=video 0", "m=audio 4000"], "RFC 3264 §8");
    let answer = both.replace("video 5002", "video 0");
    let answer = answer.replace("sendrecv", "recvonly");
    respond(&mut world, &held, 200, "", |r| with_sdp(r, &answer));
    assert_eq!(world.next_request().method, Method::Ack);
    let Event::MediaChanged { media, .. } = last(&world) else {
        panic!("{:?}", last(&world))
    };
    assert_eq!(media.direction, Direction::SendOnly);
}

#[test]
fn a_repeated_200_to_a_change_is_acknowledged_again() {
    let (mut world, call, _) = talking();
    let held = hold(&mut world, call);
    for _ in 0..3 {
        respond(&mut world, &held, 200, "", |r| {
            with_sdp(r, &sdp(5000, 2, "recvonly"))
        });
        assert_eq!(world.next_request().method, Method::Ack);
    }
    let changes = world.agents[ALICE].events.iter();
    assert_eq!(
        changes
            .filter(|event| matches!(event, Event::MediaChanged { .. }))
            .count(),
        1
    );
}

#[test]
fn a_refused_hold_is_told_and_the_call_goes_on() {
    for status in [403, 488, 500, 501, 603] {
        let (mut world, call, _) = talking();
        let held = hold(&mut world, call);
        respond(&mut world, &held, status, "", |_| {});
        assert_eq!(world.next_request().method, Method::Ack);
        assert!(matches!(last(&world), Event::HoldFailed { status: told, .. } if *told == status));
        assert!(world.agents[ALICE].ended().is_empty());
        // And it can be tried again.
        let again = hold(&mut world, call);
        respond(&mut world, &again, 200, "", |r| {
            with_sdp(r, &sdp(5000, 2, "recvonly"))
        });
        world.run(ms(20));
        assert!(matches!(last(&world), Event::MediaChanged { .. }));
    }
}

#[test]
fn after_a_glare_the_caller_waits_two_to_four_seconds() {
    let (mut world, call, _) = talking();
    let held = hold(&mut world, call);
    respond(&mut world, &held, 491, "", |_| {});
    assert_eq!(world.next_request().method, Method::Ack);
    let begin = world.now;
    let again = world.next_request();
    let waited = world.now - begin;
    assert_eq!(again.method, Method::Invite);
    assert!(
        waited >= ms(2050) && waited <= ms(4050),
        "{waited:?} (RFC 3261 §14.1)"
    );
    respond(&mut world, &again, 200, "", |r| {
        with_sdp(r, &sdp(5000, 2, "recvonly"))
    });
    world.run(ms(20));
    assert!(matches!(last(&world), Event::MediaChanged { .. }));
}

#[test]
fn a_change_of_a_call_the_peer_has_forgotten_ends_it() {
    for status in [408, 481] {
        let (mut world, call, _) = talking();
        let held = hold(&mut world, call);
        respond(&mut world, &held, status, "", |_| {});
        assert_eq!(world.next_request().method, Method::Ack);
        assert_eq!(world.next_request().method, Method::Bye);
        world.run(secs(100));
        assert_eq!(world.agents[ALICE].ended()[0].status, Some(status));
        assert_eq!(world.agents[ALICE].ua.load(), Load::default());
    }
    // So does no answer at all.
    let (mut world, call, _) = talking();
    hold(&mut world, call);
    world.run(secs(100));
    assert_eq!(world.agents[ALICE].ended()[0].cause, EndCause::Timeout);
    assert_eq!(world.agents[ALICE].ua.load(), Load::default());
}

#[test]
fn wishes_during_a_change_are_met_after_it() {
    let (mut world, call, _) = talking();
    let held = hold(&mut world, call);
    world.with(ALICE, |ua, now| ua.resume(now, call).unwrap());
    world.run(ms(100));
    assert!(world.scripted.is_empty(), "one change at a time");
    respond(&mut world, &held, 200, "", |r| {
        with_sdp(r, &sdp(5000, 2, "recvonly"))
    });
    assert_eq!(world.next_request().method, Method::Ack);
    assert!(text(&world.next_request()).contains("a=sendrecv"));
}

#[test]
fn hanging_up_during_a_change_acknowledges_what_still_comes() {
    let (mut world, call, _) = talking();
    let held = hold(&mut world, call);
    world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
    let bye = world.next_request();
    assert_eq!(bye.method, Method::Bye);
    respond(&mut world, &held, 200, "", |r| {
        with_sdp(r, &sdp(5000, 2, "recvonly"))
    });
    assert_eq!(world.next_request().method, Method::Ack);
    respond(&mut world, &bye, 200, "", |_| {});
    world.expect_silence(secs(100));
    assert_eq!(world.agents[ALICE].ua.load(), Load::default());
}

mod transfer {
    use super::*;

    fn refer(world: &mut World, call: CallHandle) -> Request {
        world.with(ALICE, |ua, now| {
            ua.refer(now, call, &uri("sip:carol@10.0.0.7"), None)
                .unwrap();
        });
        let request = world.next_request();
        assert_eq!(request.method, Method::Refer);
        request
    }

    fn notify(world: &mut World, peer: &mut Peer, state: &str, fragment: &str) -> u16 {
        let headers = format!(
            "Event: refer\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag\r\n"
        );
        let request = peer.request("NOTIFY", &headers, fragment);
        peer.send(world, request);
        world.next_response().status
    }

    fn progress(world: &World) -> Vec<(u16, bool)> {
        let events = world.agents[ALICE].events.iter();
        events
            .filter_map(|event| match event {
                Event::Transfer { status, done, .. } => Some((*status, *done)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_blind_transfer_tells_its_progress_and_its_end() {
        let (mut world, call, invite) = talking();
        let request = refer(&mut world, call);
        assert_eq!(
            request.headers.get("Refer-To"),
            Some("<sip:carol@10.0.0.7>")
        );
        assert!(
            request
                .headers
                .get("Referred-By")
                .unwrap()
                .contains("<sip:alice@office.example>")
        );
        assert!(!request.headers.get("Referred-By").unwrap().contains("tag="));
        respond(&mut world, &request, 202, "", |_| {});
        world.run(ms(20));
        let mut peer = peer_of(&invite);
        assert_eq!(
            notify(
                &mut world,
                &mut peer,
                "active;expires=60",
                "SIP/2.0 100 Trying"
            ),
            200
        );
        assert_eq!(
            notify(&mut world, &mut peer, "active", "SIP/2.0 180 Ringing\r\n"),
            200
        );
        let end = "terminated;reason=noresource";
        assert_eq!(
            notify(&mut world, &mut peer, end, "SIP/2.0 200 OK\r\n"),
            200
        );
        assert_eq!(
            progress(&world),
            [(202, false), (100, false), (180, false), (200, true)]
        );
        // The subscription is over; the call is not.
        assert_eq!(
            notify(&mut world, &mut peer, end, "SIP/2.0 200 OK\r\n"),
            481
        );
        assert!(world.agents[ALICE].ended().is_empty());
    }

    #[test]
    fn a_failed_transfer_leaves_the_call() {
        let (mut world, call, invite) = talking();
        let request = refer(&mut world, call);
        respond(&mut world, &request, 202, "", |_| {});
        world.run(ms(20));
        let mut peer = peer_of(&invite);
        assert_eq!(
            notify(&mut world, &mut peer, "terminated", "SIP/2.0 486 Busy Here"),
            200
        );
        assert_eq!(progress(&world), [(202, false), (486, true)]);
        // Refused at once, the same.
        let request = refer(&mut world, call);
        respond(&mut world, &request, 603, "", |_| {});
        world.run(ms(20));
        assert_eq!(progress(&world).last(), Some(&(603, true)));
        // Never answered, too.
        refer(&mut world, call);
        world.run(secs(40));
        assert_eq!(progress(&world).last(), Some(&(408, true)));
        assert!(world.agents[ALICE].ended().is_empty());
    }

    #[test]
    fn a_transfer_nobody_hears_of_again_has_failed() {
        let (mut world, call, _) = talking();
        let request = refer(&mut world, call);
        respond(&mut world, &request, 202, "", |_| {});
        world.run(ms(20));
        assert_eq!(
            world.with(ALICE, |ua, now| ua.refer(
                now,
                call,
                &uri("sip:x@10.0.0.7"),
                None
            )),
            Err(CommandError::Busy)
        );
        world.run(secs(181));
        assert_eq!(progress(&world), [(202, false), (408, true)]);
    }

    #[test]
    fn a_notify_that_cannot_be_read_changes_nothing() {
        let (mut world, call, invite) = talking();
        let request = refer(&mut world, call);
        respond(&mut world, &request, 202, "", |_| {});
        world.run(ms(20));
        let mut peer = peer_of(&invite);
        for fragment in ["", "hello", "SIP/2.0", "SIP/2.0 9999 x", "HTTP/1.1 200 OK"] {
            assert_eq!(
                notify(&mut world, &mut peer, "active", fragment),
                400,
                "{fragment}"
            );
        }
        assert_eq!(progress(&world), [(202, false)]);
    }

    #[test]
    fn an_attended_transfer_names_the_other_dialog_from_its_peers_side() {
        let (mut world, call, _) = talking();
        let line = world.agents[ALICE].ua.add_account({
            let mut config = account("alice", "sip:10.0.0.8");
            config.register = false;
            config
        });
        let other = dial(&mut world, line, "sip:carol@10.0.0.9:5090");
        let invite = world.next_request();
        respond(&mut world, &invite, 200, "carols", |r| {
            r.headers.set("Contact", "<sip:carol@10.0.0.9:5090>");
            with_sdp(r, &sdp(6000, 1, "sendrecv"));
        });
        assert_eq!(world.next_request().method, Method::Ack);
        world.with(ALICE, |ua, now| {
            ua.refer(now, call, &uri("sip:ignored@10.0.0.7"), Some(other))
                .unwrap();
        });
        let request = world.next_request();
        assert_eq!(
            (request.method.clone(), request.to.tag()),
            (Method::Refer, Some("one"))
        );
        let expected = format!(
            "<sip:carol@10.0.0.9:5090?Replaces={}%3Bto-tag%3Dcarols%3Bfrom-tag%3D{}>",
            invite.call_id,
            invite.from.tag().unwrap()
        );
        assert_eq!(request.headers.get("Refer-To"), Some(&expected[..]));
    }
}

mod credentials {
    use super::*;

    fn challenge(world: &mut World, request: &Request, status: u16, realm: &str) {
        let name = if status == 407 {
            "Proxy-Authenticate"
        } else {
            "WWW-Authenticate"
        };
        let value = format!("Digest realm=\"{realm}\", nonce=\"evil\", qop=\"auth\"");
        respond(world, request, status, "one", |r| {
            r.headers.push(name, value)
        });
    }

    fn leaked(world: &World) -> Vec<String> {
        let sent = world.wire.iter().filter_map(|seen| match &seen.message {
            Message::Request(request)
                if request.headers.has("Authorization")
                    || request.headers.has("Proxy-Authorization") =>
            {
                Some(format!("{} to {}", request.method, seen.to))
            }
            _ => None,
        });
        sent.collect()
    }

    #[test]
    fn a_proxys_challenge_to_an_invite_is_answered() {
        let mut alice = Agent::new("alice", "10.0.0.1:5060", 1);
        let mut config = account("alice", "sip:10.0.0.9");
        config.register = false;
        let line = alice.ua.add_account(config);
        let mut world = World::new(vec![alice]);
        let call = dial(&mut world, line, "sip:bob@office.example");
        let first = world.next_request();
        let mut verifier = Verifier::new("office", Algorithm::Md5);
        let value = verifier.challenge(world.now, "n1", false).to_string();
        respond(&mut world, &first, 407, "p", |r| {
            r.headers.push("Proxy-Authenticate", value)
        });
        let ack = world.next_request();
        assert_eq!(
            (ack.method, ack.top_via.branch()),
            (Method::Ack, first.top_via.branch())
        );
        let second = world.next_request();
        assert_eq!(second.cseq.seq, first.cseq.seq + 1);
        assert_eq!(
            (&second.call_id, &second.from),
            (&first.call_id, &first.from)
        );
        assert!(second.to.tag().is_none());
        let credentials = second.headers.get("Proxy-Authorization").unwrap();
        let verdict = verifier.verify(
            world.now,
            credentials,
            &Method::Invite,
            &second.body,
            |_| Some("secret".to_owned()),
        );
        assert!(matches!(verdict, Verdict::Accepted { .. }));
        answer(&mut world, &second, "one");
        // The dialog counts on from there.
        world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
        assert_eq!(world.next_request().cseq.seq, second.cseq.seq + 1);
    }

    #[test]
    fn credentials_that_are_refused_end_the_call() {
        let mut alice = Agent::new("alice", "10.0.0.1:5060", 1);
        let mut config = account("alice", "sip:10.0.0.9");
        config.register = false;
        let line = alice.ua.add_account(config);
        let mut world = World::new(vec![alice]);
        dial(&mut world, line, "sip:bob@office.example");
        let first = world.next_request();
        challenge(&mut world, &first, 407, "office");
        assert_eq!(world.next_request().method, Method::Ack);
        let second = world.next_request();
        challenge(&mut world, &second, 407, "office");
        assert_eq!(world.next_request().method, Method::Ack);
        world.run(secs(100));
        let end = world.agents[ALICE].ended()[0];
        assert_eq!((end.by, end.cause), (EndedBy::Remote, EndCause::AuthFailed));
        assert_eq!(leaked(&world).len(), 1, "once per nonce");
        assert_eq!(world.agents[ALICE].ua.load(), Load::default());
    }

    #[test]
    fn no_credentials_go_to_a_stranger_that_we_call() {
        for status in [401, 407] {
            let (mut world, line) = alone();
            dial(&mut world, line, "sip:peer@10.0.0.9");
            let invite = world.next_request();
            challenge(&mut world, &invite, status, "office");
            assert_eq!(world.next_request().method, Method::Ack);
            world.expect_silence(secs(40));
            assert_eq!(leaked(&world), [""; 0]);
            assert_eq!(world.agents[ALICE].ended()[0].cause, EndCause::AuthFailed);
        }
    }

    /// CVE-2021-41158: the other party of a call makes up a challenge, and the proxy in between
    /// would carry our answer to it.
    #[test]
    fn no_credentials_go_to_the_other_party_of_a_call_not_even_through_our_proxy() {
        for registrar in ["sip:10.0.0.8", "sip:10.0.0.9"] {
            for status in [401, 407] {
                let (mut world, call, _) = {
                    let mut alice = Agent::new("alice", "10.0.0.1:5060", 1);
                    let mut config = account("alice", registrar);
                    config.register = false;
                    let line = alice.ua.add_account(config);
                    let mut world = World::new(vec![alice]);
                    let call = dial(&mut world, line, "sip:peer@10.0.0.9");
                    let invite = world.next_request();
                    respond(&mut world, &invite, 200, "one", |r| {
                        r.headers.push("Record-Route", "<sip:10.0.0.9;lr>");
                        r.headers.set("Contact", "<sip:rogue@10.6.6.6>");
                        with_sdp(r, &sdp(5000, 1, "sendrecv"));
                    });
                    assert_eq!(world.next_request().method, Method::Ack);
                    (world, call, invite)
                };
                let held = hold(&mut world, call);
                challenge(&mut world, &held, status, "office");
                assert_eq!(world.next_request().method, Method::Ack);
                world.with(ALICE, |ua, now| {
                    ua.refer(now, call, &uri("sip:carol@10.0.0.7"), None)
                        .unwrap();
                });
                let refer = world.next_request();
                challenge(&mut world, &refer, status, "office");
                world.run(ms(20));
                world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
                let bye = world.next_request();
                challenge(&mut world, &bye, status, "office");
                world.expect_silence(secs(40));
                assert_eq!(leaked(&world), [""; 0], "{registrar} {status}");
                assert_eq!(world.agents[ALICE].ua.load(), Load::default());
            }
        }
    }

    #[test]
    fn a_server_that_is_the_other_party_itself_gets_our_credentials_in_a_call() {
        let (mut world, call, _) = talking_with("sip:10.0.0.9");
        let held = hold(&mut world, call);
        let mut verifier = Verifier::new("office", Algorithm::Md5);
        let value = verifier.challenge(world.now, "n1", false).to_string();
        respond(&mut world, &held, 401, "", |r| {
            r.headers.push("WWW-Authenticate", value)
        });
        assert_eq!(world.next_request().method, Method::Ack);
        let again = world.next_request();
        assert!(again.headers.has("Authorization"));
        assert_eq!(again.body, held.body);
        respond(&mut world, &again, 200, "", |r| {
            with_sdp(r, &sdp(5000, 2, "recvonly"))
        });
        assert_eq!(world.next_request().method, Method::Ack);
        world.with(ALICE, |ua, now| ua.hangup(now, call).unwrap());
        assert_eq!(world.next_request().cseq.seq, again.cseq.seq + 1);
    }

    #[test]
    fn no_secret_is_in_what_the_program_prints_for_debugging() {
        let config = account("alice", "sip:10.0.0.9");
        assert!(!format!("{config:?}").contains("secret"));
    }
}
