//! Keys from a handshake: RFC 5763, RFC 8122, RFC 8643.

use crate::{srtp, support};

use ringbook_sip::message::{Method, Request};
use ringbook_sip::sdp::{
    Dtls, LocalMedia, MediaPlan, Protection, SdpError, SrtpPolicy, accept, answer, offer,
};
use ringbook_sip::user_agent::EndCause;
use srtp::{KEY, crypto_lines, encrypted, local, protection, remote, suites};
use support::peer::{respond, with_sdp};
use support::{ALICE, BOB, World, alone, ms, pair, uri};

const PRINT: &str = "sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:\
                     10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";

pub fn certificate(octet: u8) -> Option<Dtls> {
    Some(Dtls {
        fingerprint: [octet; 32],
        active: None,
        keys_in_clear: false,
    })
}

fn with_certificate(srtp: SrtpPolicy) -> LocalMedia {
    LocalMedia {
        dtls: certificate(0xab),
        ..local(srtp)
    }
}

fn certified(profile: &str, setup: &str) -> String {
    format!("m=audio 6000 {profile} 0\na=fingerprint:{PRINT}{setup}")
}

/// The part we take and how many certificates the peer may have.
fn part(plan: &MediaPlan) -> (bool, usize) {
    match &plan.protection {
        Protection::Dtls {
            active,
            fingerprints,
        } => (*active, fingerprints.len()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn our_certificate_is_offered_beside_our_keys() {
    let description = String::from_utf8(offer(&with_certificate(SrtpPolicy::Optional))).unwrap();
    assert!(description.contains("m=audio 4000 RTP/AVP 0"));
    assert_eq!(crypto_lines(&description).len(), 2);
    assert!(description.contains("a=fingerprint:sha-256 AB:AB:AB"));
    assert!(description.contains("a=setup:actpass\r\n"));
    let description = String::from_utf8(offer(&with_certificate(SrtpPolicy::Off))).unwrap();
    assert!(!description.contains("fingerprint") && !description.contains("setup"));
}

#[test]
fn a_certificate_alone_is_offered_in_the_profile_of_the_handshake() {
    let alone = LocalMedia {
        keys: Vec::new(),
        ..with_certificate(SrtpPolicy::Mandatory)
    };
    let description = String::from_utf8(offer(&alone)).unwrap();
    assert!(description.contains("m=audio 4000 UDP/TLS/RTP/SAVP 0"));
    assert!(description.contains("a=fingerprint:sha-256 AB:AB:AB"));
    assert!(crypto_lines(&description).is_empty());
    let answer = certified("UDP/TLS/RTP/SAVP", "\na=setup:active");
    let plan = accept(&alone, &remote(&answer)).unwrap();
    assert_eq!(part(&plan), (false, 1));
}

/// Alice has a certificate and offers keys beside it, too; she calls the scripted peer.
fn calling_with_a_certificate(srtp: SrtpPolicy) -> (World, Request) {
    let (mut world, line) = alone();
    let media = LocalMedia {
        dtls: certificate(1).map(|dtls| Dtls {
            keys_in_clear: true,
            ..dtls
        }),
        ..encrypted(4000, srtp)
    };
    world.with(ALICE, |ua, now| {
        ua.invite(now, line, &uri("sip:peer@10.0.0.9"), media)
            .unwrap();
    });
    let invite = world.next_request();
    (world, invite)
}

fn body(request: &Request) -> String {
    String::from_utf8(request.body.clone()).unwrap()
}

fn refuse(world: &mut World, invite: &Request) {
    respond(world, invite, 488, "one", |_| {});
    assert_eq!(world.next_request().method, Method::Ack);
}

#[test]
fn who_takes_keys_from_a_handshake_alone_is_asked_for_these() {
    let (mut world, invite) = calling_with_a_certificate(SrtpPolicy::Mandatory);
    assert!(body(&invite).contains("m=audio 4000 RTP/SAVP "));
    refuse(&mut world, &invite);
    let again = world.next_request();
    assert_eq!(again.method, Method::Invite);
    assert_eq!(again.cseq.seq, invite.cseq.seq + 1);
    assert!(body(&again).contains("m=audio 4000 UDP/TLS/RTP/SAVP "));
    assert!(crypto_lines(&body(&again)).is_empty());
    let answer = certified("UDP/TLS/RTP/SAVP", "\na=setup:active");
    let answer = String::from_utf8(remote(&answer)).unwrap();
    respond(&mut world, &again, 200, "two", |r| with_sdp(r, &answer));
    assert_eq!(world.next_request().method, Method::Ack);
    assert_eq!(world.agents[ALICE].established(), 1);
    assert!(matches!(
        protection(&world.agents[ALICE])[..],
        [Protection::Dtls { active: false, .. }]
    ));
}

#[test]
fn who_takes_no_keys_at_all_is_asked_twice_and_once_where_there_need_be_none() {
    for (srtp, more) in [(SrtpPolicy::Mandatory, 1), (SrtpPolicy::Optional, 0)] {
        let (mut world, invite) = calling_with_a_certificate(srtp);
        refuse(&mut world, &invite);
        for _ in 0..more {
            let again = world.next_request();
            refuse(&mut world, &again);
        }
        let [end] = world.agents[ALICE].ended()[..] else {
            panic!("{:?}", world.agents[ALICE].events)
        };
        assert_eq!(end.cause, EndCause::NotAcceptable);
    }
}

#[test]
fn an_offered_certificate_is_answered_with_ours_in_the_part_that_is_left() {
    for (setup, active, answer_setup) in [
        ("\na=setup:actpass", true, "active"),
        ("\na=setup:passive", true, "active"),
        ("\na=setup:active", false, "passive"),
        ("", false, "passive"),
    ] {
        for profile in [
            "UDP/TLS/RTP/SAVP",
            "UDP/TLS/RTP/SAVPF",
            "RTP/SAVP",
            "RTP/AVP",
        ] {
            let offered = remote(&certified(profile, setup));
            let (reply, plan) = answer(&with_certificate(SrtpPolicy::Mandatory), &offered).unwrap();
            let reply = String::from_utf8(reply).unwrap();
            assert_eq!(part(&plan), (active, 1), "{profile} {setup}");
            assert!(reply.contains(&format!("m=audio 4000 {profile} 0")));
            assert!(reply.contains(&format!("a=setup:{answer_setup}\r\n")));
            assert!(reply.contains("a=fingerprint:sha-256 AB:"));
            assert!(crypto_lines(&reply).is_empty(), "one way to keys, not two");
        }
    }
}

#[test]
fn an_association_that_stands_keeps_its_parts() {
    for stands in [true, false] {
        let ours = LocalMedia {
            dtls: certificate(0xab).map(|dtls| Dtls {
                active: Some(stands),
                ..dtls
            }),
            ..local(SrtpPolicy::Optional)
        };
        let offered = remote(&certified("UDP/TLS/RTP/SAVP", "\na=setup:actpass"));
        assert_eq!(part(&answer(&ours, &offered).unwrap().1), (stands, 1));
    }
}

#[test]
fn a_certificate_goes_before_keys_in_the_signalling() {
    let both = format!(
        "{}\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
        certified("RTP/AVP", "\na=setup:actpass")
    );
    let (_, plan) = answer(&with_certificate(SrtpPolicy::Optional), &remote(&both)).unwrap();
    assert_eq!(part(&plan), (true, 1));
    // Without a certificate of ours the keys are what is left.
    let (_, plan) = answer(&local(SrtpPolicy::Optional), &remote(&both)).unwrap();
    assert!(suites(&plan).is_some());
}

#[test]
fn the_answer_to_our_certificate_says_who_begins() {
    for (setup, active) in [
        ("\na=setup:active", false),
        ("\na=setup:passive", true),
        ("", true),
    ] {
        let answer = remote(&certified("RTP/AVP", setup));
        let plan = accept(&with_certificate(SrtpPolicy::Mandatory), &answer).unwrap();
        assert_eq!(part(&plan), (active, 1), "{setup}");
    }
}

#[test]
fn a_certificate_may_stand_for_the_whole_session_and_a_stream_may_have_several() {
    let head = format!(
        "v=0\r\no=bob 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
         a=fingerprint:{PRINT}\r\na=setup:passive\r\n"
    );
    let session = format!("{head}m=audio 6000 UDP/TLS/RTP/SAVP 0\r\n");
    let ours = with_certificate(SrtpPolicy::Optional);
    let (_, plan) = answer(&ours, session.as_bytes()).unwrap();
    assert_eq!(part(&plan), (true, 1));
    let several = format!(
        "{session}a=fingerprint:sha-512 {long}\r\na=fingerprint:{PRINT}\r\n",
        long = ["AB"; 64].join(":")
    );
    let (_, plan) = answer(&ours, several.as_bytes()).unwrap();
    assert_eq!(part(&plan), (true, 2));
}

#[test]
fn weak_or_broken_fingerprints_are_none() {
    for print in [
        "sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13",
        "md5 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F",
        "sha-256 00:01",
        "sha-256 zz",
        "sha-256",
        "",
    ] {
        let media =
            format!("m=audio 6000 UDP/TLS/RTP/SAVP 0\na=setup:actpass\na=fingerprint:{print}");
        let refused = answer(&with_certificate(SrtpPolicy::Optional), &remote(&media));
        assert_eq!(refused.unwrap_err(), SdpError::Encryption, "{print}");
    }
    let holding = certified("UDP/TLS/RTP/SAVP", "\na=setup:holdconn");
    let refused = answer(&with_certificate(SrtpPolicy::Optional), &remote(&holding));
    assert_eq!(refused.unwrap_err(), SdpError::Encryption);
}

#[test]
fn a_change_of_the_call_keeps_the_parts_of_the_handshake() {
    let (mut world, line) = pair();
    let certified = |port, octet| LocalMedia {
        dtls: certificate(octet),
        ..encrypted(port, SrtpPolicy::Optional)
    };
    world.with(ALICE, |ua, now| {
        let target = uri("sip:bob@10.0.0.2");
        ua.invite(now, line, &target, certified(4000, 1)).unwrap();
    });
    world.run(ms(100));
    let call = world.agents[BOB].incoming();
    world.with(BOB, |ua, now| {
        ua.answer(now, call, certified(5000, 2)).unwrap()
    });
    world.run(ms(500));
    world.with(BOB, |ua, now| ua.hold(now, call).unwrap());
    world.run(ms(500));
    for (agent, begins, theirs) in [(ALICE, false, 2), (BOB, true, 1)] {
        let told = protection(&world.agents[agent]);
        assert_eq!(told.len(), 2);
        assert_eq!(told[0], told[1], "the hold changes nothing");
        let Protection::Dtls {
            active,
            fingerprints,
        } = &told[0]
        else {
            panic!("{told:?}")
        };
        assert_eq!(*active, begins);
        assert_eq!(fingerprints[0].octets, [theirs; 32]);
    }
}
