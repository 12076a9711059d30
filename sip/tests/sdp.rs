//! Offer and answer: RFC 3264, RFC 8866, RFC 4733, RFC 7587.

use crate::corpora;

use ringbook_sip::sdp::{
    Beside, Codec, Direction, ExtendedReports, LocalMedia, MediaPlan, OpusParams, SdpError,
    SrtpPolicy, accept, answer, beside, offer,
};

const ALL: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];

fn local(codecs: &[Codec]) -> LocalMedia {
    LocalMedia {
        address: "192.0.2.1".parse().unwrap(),
        rtp_port: 4000,
        rtcp_port: None,
        codecs: codecs.to_vec(),
        opus_dtx: false,
        direction: Direction::SendRecv,
        srtp: SrtpPolicy::Off,
        dtls: None,
        keys: Vec::new(),
        ice: None,
        session_id: 7,
        version: 1,
        beside: Beside::default(),
    }
}

fn going(direction: Direction) -> LocalMedia {
    LocalMedia {
        direction,
        ..local(&[Codec::Pcmu])
    }
}

/// A description by the peer at 192.0.2.9, with the media lines given.
fn remote(media: &str) -> Vec<u8> {
    let head = "v=0\no=bob 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\n";
    format!("{head}{media}\n")
        .replace('\n', "\r\n")
        .into_bytes()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn answered(local: &LocalMedia, media: &str) -> (String, MediaPlan) {
    let (bytes, plan) = answer(local, &remote(media)).unwrap();
    (text(bytes), plan)
}

fn media_lines(description: &str) -> Vec<&str> {
    description
        .lines()
        .filter(|line| line.starts_with("m="))
        .collect()
}

// Our offer: RFC 3264 §5.

#[test]
fn an_offer_lists_our_codecs_the_preferred_first_and_events_on_each_clock() {
    assert_eq!(
        text(offer(&local(&[Codec::Opus, Codec::Pcma]))),
        "v=0\r\n\
         o=- 7 1 IN IP4 192.0.2.1\r\n\
         s=-\r\n\
         c=IN IP4 192.0.2.1\r\n\
         t=0 0\r\n\
         m=audio 4000 RTP/AVP 111 8 13 110 101\r\n\
         a=rtpmap:111 opus/48000/2\r\n\
         a=fmtp:111 useinbandfec=1\r\n\
         a=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:13 CN/8000\r\n\
         a=rtpmap:110 telephone-event/48000\r\n\
         a=fmtp:110 0-16\r\n\
         a=rtpmap:101 telephone-event/8000\r\n\
         a=fmtp:101 0-16\r\n\
         a=ptime:20\r\n\
         a=sendrecv\r\n\
         a=rtcp-mux\r\n\
         a=rtcp-xr:rcvr-rtt=all voip-metrics\r\n"
    );
}

#[test]
fn static_payload_types_are_those_of_rfc_3551() {
    let lines = text(offer(&local(&[Codec::Pcmu, Codec::Pcma, Codec::G722])));
    assert_eq!(media_lines(&lines), ["m=audio 4000 RTP/AVP 0 8 9 13 101"]);
    // G.722 samples at 16000 Hz and its clock says 8000.
    assert!(lines.contains("a=rtpmap:9 G722/8000\r\n"));
}

#[test]
fn an_ipv6_address_is_offered_as_one() {
    let media = LocalMedia {
        address: "2001:db8::1".parse().unwrap(),
        ..local(&ALL)
    };
    let lines = text(offer(&media));
    assert!(lines.contains("o=- 7 1 IN IP6 2001:db8::1\r\n"));
    assert!(lines.contains("c=IN IP6 2001:db8::1\r\n"));
}

#[test]
fn an_rtcp_port_is_said_only_where_it_is_not_the_next_one() {
    let with = |rtcp_port| {
        text(offer(&LocalMedia {
            rtcp_port,
            ..local(&ALL)
        }))
    };
    assert!(with(Some(4009)).contains("a=rtcp:4009\r\n"));
    assert!(!with(Some(4001)).contains("a=rtcp:"));
    assert!(!with(None).contains("a=rtcp:"));
}

#[test]
fn a_changed_description_keeps_its_id_and_counts_its_version() {
    let again = LocalMedia {
        version: 2,
        direction: Direction::SendOnly,
        ..local(&ALL)
    };
    let lines = text(offer(&again));
    assert!(lines.contains("o=- 7 2 IN IP4 192.0.2.1\r\n"));
    assert!(lines.contains("a=sendonly\r\n"));
}

#[test]
fn our_own_offer_can_be_answered_and_the_answer_accepted() {
    let (alice, bob) = (
        local(&ALL),
        LocalMedia {
            rtp_port: 6000,
            ..local(&ALL)
        },
    );
    let (reply, at_bob) = answer(&bob, &offer(&alice)).unwrap();
    let at_alice = accept(&alice, &reply).unwrap();
    assert_eq!(at_alice.remote_rtp, "192.0.2.1:6000".parse().unwrap());
    assert_eq!(at_bob.remote_rtp, "192.0.2.1:4000".parse().unwrap());
    for plan in [at_alice, at_bob] {
        assert_eq!((plan.codec, plan.send_pt), (Codec::Opus, 111));
        assert_eq!(
            plan.receive_pts,
            [
                (111, Codec::Opus),
                (9, Codec::G722),
                (8, Codec::Pcma),
                (0, Codec::Pcmu)
            ]
        );
        assert_eq!(
            (plan.dtmf_send_pt, plan.dtmf_receive_pt),
            (Some(110), Some(110))
        );
        assert!(plan.opus.fec);
        assert_eq!(plan.direction, Direction::SendRecv);
        assert!(!plan.remote_hold);
    }
}

// Our answer: RFC 3264 §6.

#[test]
fn the_answer_follows_the_offerers_order_and_numbers() {
    let media = "m=audio 5000 RTP/AVP 18 8 97 0\na=rtpmap:97 OPUS/48000/2\na=rtpmap:18 G729/8000";
    let (lines, plan) = answered(&local(&ALL), media);
    assert_eq!(media_lines(&lines), ["m=audio 4000 RTP/AVP 8 97 0"]);
    assert_eq!((plan.codec, plan.send_pt), (Codec::Pcma, 8));
    assert_eq!(
        plan.receive_pts,
        [(8, Codec::Pcma), (97, Codec::Opus), (0, Codec::Pcmu)]
    );
    assert_eq!(plan.remote_rtp, "192.0.2.9:5000".parse().unwrap());
    assert_eq!(plan.remote_rtcp, "192.0.2.9:5001".parse().unwrap());
}

#[test]
fn codecs_that_are_not_ours_are_left_out() {
    let (lines, plan) = answered(&local(&[Codec::Pcmu]), "m=audio 5000 RTP/AVP 8 0 9");
    assert_eq!(media_lines(&lines), ["m=audio 4000 RTP/AVP 0"]);
    assert_eq!(plan.codec, Codec::Pcmu);
}

#[test]
fn static_payload_types_need_no_rtpmap_and_one_that_says_otherwise_counts() {
    assert_eq!(
        answered(&local(&ALL), "m=audio 5000 RTP/AVP 9").1.codec,
        Codec::G722
    );
    let renamed = "m=audio 5000 RTP/AVP 0 8\na=rtpmap:0 speex/8000";
    assert_eq!(answered(&local(&ALL), renamed).1.codec, Codec::Pcma);
}

#[test]
fn a_codec_on_another_clock_or_with_more_channels_is_another_codec() {
    for map in ["PCMU/16000", "PCMU/8000/2", "opus/16000/2", "G722/16000"] {
        let media = format!("m=audio 5000 RTP/AVP 98\na=rtpmap:98 {map}");
        assert_eq!(
            answer(&local(&ALL), &remote(&media)),
            Err(SdpError::NoCommonCodec),
            "{map}"
        );
    }
}

#[test]
fn a_payload_type_that_is_listed_twice_counts_once() {
    let (lines, _) = answered(&local(&ALL), "m=audio 5000 RTP/AVP 0 8 0 8 200 x");
    assert_eq!(media_lines(&lines), ["m=audio 4000 RTP/AVP 0 8"]);
}

#[test]
fn without_a_common_codec_there_is_no_answer() {
    for media in [
        "m=audio 5000 RTP/AVP 18",
        "m=audio 5000 RTP/AVP 101\na=rtpmap:101 telephone-event/8000",
    ] {
        let error = answer(&local(&ALL), &remote(media)).unwrap_err();
        assert_eq!((error, error.status()), (SdpError::NoCommonCodec, 488));
    }
}

#[test]
fn other_streams_are_refused_at_their_places() {
    let media = "m=video 6000 RTP/AVP 31 32\nm=audio 5000 RTP/AVP 0\nm=audio 5002 RTP/AVP 8\n\
                 m=application 7000 UDP/DTLS/SCTP webrtc-datachannel";
    let (lines, plan) = answered(&local(&ALL), media);
    let expected = [
        "m=video 0 RTP/AVP 31",
        "m=audio 4000 RTP/AVP 0",
        "m=audio 0 RTP/AVP 8",
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    ];
    assert_eq!(media_lines(&lines), expected);
    assert_eq!(plan.remote_rtp.port(), 5000);
}

#[test]
fn a_stream_that_was_refused_keeps_its_place_in_our_later_offers() {
    let media = "m=video 5002 RTP/AVP 96\nm=audio 5000 RTP/AVP 0\nm=text 5004 TCP/T140 98 99";
    let (first, _) = answered(&local(&[Codec::Pcmu]), media);
    let again = LocalMedia {
        beside: beside(first.as_bytes()),
        ..going(Direction::SendOnly)
    };
    let hold = text(offer(&again));
    assert_eq!(
        media_lines(&hold),
        [
            "m=video 0 RTP/AVP 96",
            "m=audio 4000 RTP/AVP 0 13 101",
            "m=text 0 TCP/T140 98"
        ],
        "RFC 3264 §8"
    );
    let held = "m=video 0 RTP/AVP 96\nm=audio 5000 RTP/AVP 0\na=recvonly\nm=text 0 TCP/T140 98";
    let plan = accept(&again, &remote(held)).unwrap();
    assert_eq!(plan.remote_rtp.port(), 5000);
    // An answer whose audio stands at another place answers something else.
    let moved = "m=audio 5000 RTP/AVP 0\nm=video 0 RTP/AVP 96\nm=text 0 TCP/T140 98";
    assert_eq!(accept(&again, &remote(moved)), Err(SdpError::NoAudio));
}

#[test]
fn the_first_audio_stream_that_we_can_take_is_taken() {
    let media = "m=audio 0 RTP/AVP 0\nm=audio 5000 RTP/SAVP 0\nm=audio 5002 RTP/AVP 18\n\
                 m=audio 5004 RTP/AVP 0";
    let (lines, plan) = answered(&local(&ALL), media);
    assert_eq!(plan.remote_rtp.port(), 5004);
    let ports = ["m=audio 0 ", "m=audio 0 ", "m=audio 0 ", "m=audio 4000 "];
    let lines = media_lines(&lines);
    assert!(
        lines
            .iter()
            .zip(ports)
            .all(|(line, port)| line.starts_with(port)),
        "{lines:?}"
    );
}

#[test]
fn encrypted_audio_is_not_taken_and_feedback_is_answered_as_offered() {
    for proto in ["RTP/SAVP", "UDP/TLS/RTP/SAVPF", "udp"] {
        let media = format!("m=audio 5000 {proto} 0");
        assert_eq!(
            answer(&local(&ALL), &remote(&media)),
            Err(SdpError::Transport),
            "{proto}"
        );
    }
    let (lines, _) = answered(&local(&ALL), "m=audio 5000 RTP/AVPF 0\na=mid:0");
    assert_eq!(media_lines(&lines), ["m=audio 4000 RTP/AVPF 0"]);
}

// One port for RTP and RTCP: RFC 5761 §5.1.1.

#[test]
fn a_shared_port_is_answered_where_it_is_offered_and_no_other_port_is_said_then() {
    let media = LocalMedia {
        rtcp_port: Some(4009),
        ..local(&ALL)
    };
    let (lines, plan) = answered(&media, "m=audio 5000 RTP/AVP 0\na=rtcp-mux\na=rtcp:5009");
    assert!(lines.contains("a=rtcp-mux\r\n") && !lines.contains("a=rtcp:"));
    assert!(plan.rtcp_mux && plan.remote_rtcp == plan.remote_rtp);
    let (lines, plan) = answered(&media, "m=audio 5000 RTP/AVP 0\na=rtcp:5009");
    assert!(!lines.contains("rtcp-mux") && lines.contains("a=rtcp:4009\r\n"));
    assert!(!plan.rtcp_mux && plan.remote_rtcp.port() == 5009);
}

#[test]
fn the_answer_decides_whether_our_port_is_shared() {
    let offered = text(offer(&local(&ALL)));
    assert!(offered.contains("a=rtcp-mux\r\n"));
    let shared = accept(&local(&ALL), &remote("m=audio 5000 RTP/AVP 0\na=rtcp-mux")).unwrap();
    assert!(shared.rtcp_mux && shared.remote_rtcp == shared.remote_rtp);
    let apart = accept(&local(&ALL), &remote("m=audio 5000 RTP/AVP 0")).unwrap();
    assert!(!apart.rtcp_mux && apart.remote_rtcp.port() == 5001);
}

#[test]
fn a_payload_type_that_looks_like_rtcp_forbids_a_shared_port() {
    let lines = "m=audio 5000 RTP/AVP 72\na=rtpmap:72 PCMU/8000\na=rtcp-mux";
    let (lines, plan) = answered(&local(&ALL), lines);
    assert!(!lines.contains("rtcp-mux") && !plan.rtcp_mux);
}

#[test]
fn an_offer_without_live_audio_has_no_answer() {
    for media in ["m=video 5000 RTP/AVP 31", "m=audio 0 RTP/AVP 0", ""] {
        assert_eq!(
            answer(&local(&ALL), &remote(media)),
            Err(SdpError::NoAudio),
            "{media}"
        );
    }
}

#[test]
fn the_time_line_is_the_offers() {
    let text_of = |times: &str| {
        let offer = remote("m=audio 5000 RTP/AVP 0");
        text(offer).replace("t=0 0", times).into_bytes()
    };
    let (lines, _) = answer(&local(&ALL), &text_of("t=3149328700 3149328800")).unwrap();
    assert!(text(lines).contains("t=3149328700 3149328800\r\n"));
}

#[test]
fn what_is_no_description_is_answered_with_400() {
    for bytes in [
        &b""[..],
        b"hello",
        b"v=1\r\n",
        b"v=0\r\nm=audio x RTP/AVP 0\r\n",
        b"\0\xff",
    ] {
        let error = answer(&local(&ALL), bytes).unwrap_err();
        assert_eq!(
            (error, error.status()),
            (SdpError::Malformed, 400),
            "{bytes:?}"
        );
    }
    let many = "m=audio 0 RTP/AVP 0\n".repeat(33);
    assert_eq!(
        answer(&local(&ALL), &remote(&many)),
        Err(SdpError::Malformed)
    );
}

#[test]
fn descriptions_that_lack_what_they_need_are_refused() {
    let whole =
        "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\nm=audio 5000 RTP/AVP 0\n";
    let refusal = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        let text = whole.replacen(from, to, 1).replace('\n', "\r\n");
        answer(&local(&ALL), text.as_bytes()).err()
    };
    assert_eq!(refusal("s=-\n", "s=-\n"), None);
    // Nothing depends on where a session was first described.
    assert_eq!(refusal("o=- 1 1 IN IP4 192.0.2.9\n", ""), None);
    for (from, to, error) in [
        ("v=0\n", "", SdpError::Malformed),
        ("o=- 1 1", "o=- 1", SdpError::Malformed),
        ("o=-", "o=- 2 2 IN IP4 192.0.2.9\no=-", SdpError::Malformed),
        ("c=IN IP4 192.0.2.9\n", "", SdpError::Address),
        (
            "c=IN IP4 192.0.2.9",
            "c=IN IP4 pbx.example",
            SdpError::Address,
        ),
        (
            "c=IN IP4 192.0.2.9",
            "c=IN IP4 239.1.1.1/127",
            SdpError::Address,
        ),
        ("m=audio 5000", "m=audio 65536", SdpError::Malformed),
        ("m=audio 5000", "m=audio -1", SdpError::Malformed),
        ("RTP/AVP 0", "RTP/AVP", SdpError::Malformed),
        ("RTP/AVP 0", "RTP/AVP zero", SdpError::NoCommonCodec),
        ("RTP/AVP 0", "RTP/AVP 101", SdpError::NoCommonCodec),
        ("RTP/AVP 0", "TCP/MSRP *", SdpError::Transport),
    ] {
        assert_eq!(refusal(from, to), Some(error), "{from:?} {to:?}");
    }
}

#[test]
fn of_what_contradicts_itself_the_first_counts() {
    let (_, plan) = answered(
        &local(&ALL),
        "m=audio 5000 RTP/AVP 97\nc=IN IP4 192.0.2.20\nc=IN IP4 192.0.2.21\n\
         a=rtpmap:97 PCMU/8000\na=rtpmap:97 opus/48000/2\na=ptime:30\na=ptime:60\n\
         a=sendonly\na=recvonly",
    );
    assert_eq!(plan.remote_rtp, "192.0.2.20:5000".parse().unwrap());
    assert_eq!((plan.codec, plan.send_pt), (Codec::Pcmu, 97));
    assert_eq!(plan.ptime_ms, 30);
    assert_eq!(plan.direction, Direction::RecvOnly);
}

#[test]
fn an_answer_with_another_number_of_streams_still_answers_ours() {
    // RFC 3264 §6: as many as were offered. Nobody gains by ending such a call.
    let ours = local(&[Codec::Pcmu]);
    let more = "m=audio 5000 RTP/AVP 0\nm=video 5002 RTP/AVP 96";
    assert_eq!(accept(&ours, &remote(more)).unwrap().codec, Codec::Pcmu);
    assert_eq!(accept(&ours, &remote("")), Err(SdpError::NoAudio));
    let other = "m=video 5002 RTP/AVP 96\nm=audio 5000 RTP/AVP 0";
    assert_eq!(accept(&ours, &remote(other)), Err(SdpError::NoAudio));
}

#[test]
fn an_answer_that_would_send_to_whoever_does_not_receive_changes_nothing_of_that() {
    // RFC 3264 §6.1: sendonly is answered by recvonly or inactive, and recvonly by the opposite.
    for (ours, theirs, agreed) in [
        (Direction::SendOnly, "sendrecv", Direction::SendOnly),
        (Direction::SendOnly, "sendonly", Direction::Inactive),
        (Direction::RecvOnly, "sendrecv", Direction::RecvOnly),
        (Direction::RecvOnly, "recvonly", Direction::Inactive),
        (Direction::Inactive, "sendrecv", Direction::Inactive),
    ] {
        let answer = remote(&format!("m=audio 5000 RTP/AVP 0\na={theirs}"));
        let plan = accept(&going(ours), &answer).unwrap();
        assert_eq!(plan.direction, agreed, "{ours:?} {theirs}");
    }
}

// Direction and hold: RFC 3264 §6.1, §8.4.

#[test]
fn the_answers_direction_complements_the_offers() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    for (theirs, ours, expected) in [
        (SendRecv, SendRecv, SendRecv),
        (SendRecv, SendOnly, SendOnly),
        (SendRecv, RecvOnly, RecvOnly),
        (SendRecv, Inactive, Inactive),
        (SendOnly, SendRecv, RecvOnly),
        (SendOnly, SendOnly, Inactive),
        (SendOnly, RecvOnly, RecvOnly),
        (SendOnly, Inactive, Inactive),
        (RecvOnly, SendRecv, SendOnly),
        (RecvOnly, SendOnly, SendOnly),
        (RecvOnly, RecvOnly, Inactive),
        (RecvOnly, Inactive, Inactive),
        (Inactive, SendRecv, Inactive),
        (Inactive, SendOnly, Inactive),
        (Inactive, RecvOnly, Inactive),
        (Inactive, Inactive, Inactive),
    ] {
        let media = format!("m=audio 5000 RTP/AVP 0\na={}", theirs.as_str());
        let (lines, plan) = answered(&going(ours), &media);
        assert!(
            lines.contains(&format!("a={}\r\n", expected.as_str())),
            "{theirs:?} {ours:?}"
        );
        assert_eq!(plan.direction, expected, "{theirs:?} {ours:?}");
        assert_eq!(plan.remote_hold, matches!(theirs, SendOnly | Inactive));
    }
}

#[test]
fn a_direction_for_the_session_holds_where_the_stream_says_none() {
    let session = "a=sendonly\nm=audio 5000 RTP/AVP 0";
    assert_eq!(
        answered(&local(&ALL), session).1.direction,
        Direction::RecvOnly
    );
    let both = "a=sendonly\nm=audio 5000 RTP/AVP 0\na=sendrecv";
    assert_eq!(
        answered(&local(&ALL), both).1.direction,
        Direction::SendRecv
    );
}

#[test]
fn the_old_hold_by_address_zero_is_a_hold() {
    for line in ["c=IN IP4 0.0.0.0", "c=IN IP6 ::"] {
        let media = format!("m=audio 5000 RTP/AVP 0\n{line}");
        let (lines, plan) = answered(&local(&ALL), &media);
        assert!(plan.remote_hold, "{line}");
        assert_eq!(plan.direction, Direction::RecvOnly);
        assert!(lines.contains("a=recvonly\r\n"));
    }
}

#[test]
fn the_peers_answer_to_our_hold_is_no_hold_by_the_peer() {
    let ours = going(Direction::SendOnly);
    let plan = accept(&ours, &remote("m=audio 5000 RTP/AVP 0\na=recvonly")).unwrap();
    assert_eq!(
        (plan.direction, plan.remote_hold),
        (Direction::SendOnly, false)
    );
    let plan = accept(&ours, &remote("m=audio 5000 RTP/AVP 0\na=inactive")).unwrap();
    assert_eq!(
        (plan.direction, plan.remote_hold),
        (Direction::Inactive, true)
    );
    // An answer that says nothing says sendrecv; we still do not receive.
    let plan = accept(&ours, &remote("m=audio 5000 RTP/AVP 0")).unwrap();
    assert_eq!(plan.direction, Direction::SendOnly);
}

// Addresses: RFC 8866 §5.7, RFC 3605.

#[test]
fn the_streams_address_goes_before_the_sessions() {
    let (_, plan) = answered(&local(&ALL), "m=audio 5000 RTP/AVP 0\nc=IN IP4 192.0.2.77");
    assert_eq!(plan.remote_rtp, "192.0.2.77:5000".parse().unwrap());
}

#[test]
fn an_address_that_cannot_be_sent_to_is_refused() {
    for line in [
        "c=IN IP4 host.example.com",
        "c=IN IP4 224.2.1.1/127",
        "c=IN IP4 224.2.1.1",
        "c=IN IP6 2001:db8::9",
    ] {
        let media = format!("m=audio 5000 RTP/AVP 0\n{line}");
        assert_eq!(
            answer(&local(&ALL), &remote(&media)),
            Err(SdpError::Address),
            "{line}"
        );
    }
    let nowhere = text(remote("m=audio 5000 RTP/AVP 0")).replace("c=IN IP4 192.0.2.9\r\n", "");
    assert_eq!(
        answer(&local(&ALL), nowhere.as_bytes()),
        Err(SdpError::Address)
    );
}

#[test]
fn rtcp_goes_where_the_peer_says() {
    let rtcp = |line: &str| {
        let media = format!("m=audio 5000 RTP/AVP 0\n{line}");
        answered(&local(&ALL), &media).1.remote_rtcp.to_string()
    };
    assert_eq!(rtcp("a=rtcp:5009"), "192.0.2.9:5009");
    assert_eq!(rtcp("a=rtcp:5009 IN IP4 192.0.2.10"), "192.0.2.10:5009");
    assert_eq!(rtcp("a=rtcp:5009 IN IP6 2001:db8::1"), "192.0.2.9:5009");
    assert_eq!(rtcp("a=rtcp:x"), "192.0.2.9:5001");
    assert_eq!(
        answered(&local(&ALL), "m=audio 65535 RTP/AVP 0")
            .1
            .remote_rtcp
            .port(),
        65535
    );
}

// Telephone events: RFC 4733.

#[test]
fn events_go_on_the_clock_of_the_codec() {
    let media = "m=audio 5000 RTP/AVP 96 0 100 101\na=rtpmap:96 opus/48000/2\n\
                 a=rtpmap:100 telephone-event/8000\na=rtpmap:101 telephone-event/48000";
    let (lines, plan) = answered(&local(&ALL), media);
    assert_eq!(
        (plan.codec, plan.dtmf_send_pt, plan.dtmf_receive_pt),
        (Codec::Opus, Some(101), Some(101))
    );
    assert!(lines.contains("a=fmtp:101 0-16\r\n"));
    let (_, plan) = answered(&local(&[Codec::Pcmu]), media);
    assert_eq!((plan.codec, plan.dtmf_send_pt), (Codec::Pcmu, Some(100)));
}

#[test]
fn events_on_another_clock_are_better_than_none() {
    let media =
        "m=audio 5000 RTP/AVP 96 101\na=rtpmap:96 opus/48000/2\na=rtpmap:101 telephone-event/8000";
    assert_eq!(answered(&local(&ALL), media).1.dtmf_send_pt, Some(101));
}

#[test]
fn a_peer_without_events_gets_none() {
    let (lines, plan) = answered(&local(&ALL), "m=audio 5000 RTP/AVP 0");
    assert_eq!((plan.dtmf_send_pt, plan.dtmf_receive_pt), (None, None));
    assert!(!lines.contains("telephone-event"));
}

// The peer's answer: RFC 3264 §7.

#[test]
fn we_send_with_the_answerers_numbers_and_receive_with_ours() {
    let media = "m=audio 5000 RTP/AVP 120 121\na=rtpmap:120 opus/48000/2\na=rtpmap:121 telephone-event/48000";
    let plan = accept(&local(&[Codec::Opus, Codec::Pcmu]), &remote(media)).unwrap();
    assert_eq!((plan.codec, plan.send_pt), (Codec::Opus, 120));
    // Ours, and the peer's in case it sends with its own.
    assert_eq!(
        plan.receive_pts,
        [(111, Codec::Opus), (0, Codec::Pcmu), (120, Codec::Opus)]
    );
    assert_eq!(
        (plan.dtmf_send_pt, plan.dtmf_receive_pt),
        (Some(121), Some(110))
    );
}

#[test]
fn a_number_of_ours_keeps_our_meaning_whatever_the_answer_says() {
    let media = "m=audio 5000 RTP/AVP 0 111\na=rtpmap:111 telephone-event/8000";
    let plan = accept(&local(&[Codec::Opus, Codec::Pcmu]), &remote(media)).unwrap();
    assert!(plan.receive_pts.contains(&(111, Codec::Opus)));
    assert_eq!(plan.dtmf_send_pt, Some(111));
}

#[test]
fn we_send_with_the_first_codec_of_the_answer_that_is_ours() {
    let plan = accept(
        &local(&[Codec::Opus, Codec::Pcma]),
        &remote("m=audio 5000 RTP/AVP 18 0 8"),
    );
    assert_eq!(plan.unwrap().codec, Codec::Pcma);
}

#[test]
fn a_refused_stream_or_one_we_cannot_take_is_no_plan() {
    for (media, error) in [
        ("m=audio 0 RTP/AVP 0", SdpError::NoAudio),
        ("m=video 5000 RTP/AVP 31", SdpError::NoAudio),
        ("", SdpError::NoAudio),
        ("m=audio 5000 RTP/SAVP 0", SdpError::Transport),
        ("m=audio 5000 RTP/AVP 18", SdpError::NoCommonCodec),
        ("m=audio 5000 RTP/AVP 0\nc=IN IP6 ::1", SdpError::Address),
    ] {
        assert_eq!(accept(&local(&ALL), &remote(media)), Err(error), "{media}");
    }
}

// Packet length and Opus: RFC 8866 §6.4, RFC 7587 §6.1.

#[test]
fn packets_are_as_long_as_the_peer_wants_within_bounds() {
    for (lines, expected) in [
        ("", 20),
        ("a=ptime:30", 30),
        ("a=ptime:20.0", 20),
        ("a=ptime:40\na=maxptime:30", 30),
        ("a=maxptime:10", 10),
        ("a=ptime:5", 10),
        ("a=ptime:25", 20),
        ("a=ptime:1000", 60),
        ("a=ptime:0", 20),
        ("a=ptime:x", 20),
    ] {
        let media = format!("m=audio 5000 RTP/AVP 0\n{lines}");
        assert_eq!(
            answered(&local(&ALL), &media).1.ptime_ms,
            expected,
            "{lines}"
        );
    }
}

#[test]
fn the_opus_encoder_is_told_what_the_peers_decoder_wants() {
    let opus = |fmtp: &str| {
        let media = format!("m=audio 5000 RTP/AVP 96\na=rtpmap:96 opus/48000/2\na=fmtp:{fmtp}");
        answered(&local(&ALL), &media).1.opus
    };
    let said = "96 useinbandfec=1; usedtx=1; stereo=1; cbr=1; maxaveragebitrate=24000; maxplaybackrate=16000";
    let expected = OpusParams {
        fec: true,
        dtx: true,
        stereo: true,
        cbr: true,
        max_bitrate: Some(24_000),
        max_playback_rate: 16_000,
    };
    assert_eq!(opus(said), expected);
    assert_eq!(opus("96 useinbandfec=0"), OpusParams::default());
    // Of another payload type.
    assert_eq!(opus("97 useinbandfec=1"), OpusParams::default());
    let wild = opus("96 maxaveragebitrate=1;maxplaybackrate=4000000000");
    assert_eq!(
        (wild.max_bitrate, wild.max_playback_rate),
        (Some(6_000), 48_000)
    );
}

#[test]
fn our_decoder_says_whether_it_likes_silence_untold() {
    let wanting = LocalMedia {
        opus_dtx: true,
        ..local(&ALL)
    };
    assert!(text(offer(&wanting)).contains("a=fmtp:111 useinbandfec=1;usedtx=1\r\n"));
    assert!(!text(offer(&local(&ALL))).contains("usedtx"));
    let media = "m=audio 5000 RTP/AVP 96\na=rtpmap:96 opus/48000/2";
    assert!(
        answered(&wanting, media)
            .0
            .contains("a=fmtp:96 useinbandfec=1;usedtx=1\r\n")
    );
}

// Comfort noise: RFC 3389.

#[test]
fn comfort_noise_goes_with_g711_alone() {
    assert!(!text(offer(&local(&[Codec::Opus, Codec::G722]))).contains("CN/8000"));
    let noise = |formats: &str| {
        let media =
            format!("m=audio 5000 RTP/AVP {formats}\na=rtpmap:97 CN/8000\na=rtpmap:98 CN/16000");
        let (description, plan) = answered(&local(&ALL), &media);
        (
            media_lines(&description).concat(),
            plan.comfort_noise_send_pt,
        )
    };
    let line = |formats: &str| format!("m=audio 4000 RTP/AVP {formats}");
    assert_eq!(noise("8 13"), (line("8 13"), Some(13)));
    assert_eq!(noise("0 97"), (line("0 97"), Some(97)));
    assert_eq!(noise("0"), (line("0"), None));
    assert_eq!(noise("0 98"), (line("0"), None));
    // It is beside the codec in use, or it is not.
    assert_eq!(noise("9 13"), (line("9"), None));
    assert_eq!(noise("9 8 13"), (line("9 8 13"), None));
    // The peer may change to G.711 by itself.
    let media = "m=audio 5000 RTP/AVP 9 8 97\na=rtpmap:97 CN/8000";
    let (_, plan) = answered(&local(&ALL), media);
    assert_eq!(plan.comfort_noise_receive_pt, Some(97));
}

#[test]
fn noise_is_sent_where_the_answer_to_our_offer_takes_it() {
    let answered = |formats: &str| {
        let answer = remote(&format!("m=audio 5000 RTP/AVP {formats}"));
        accept(&local(&ALL), &answer).unwrap().comfort_noise_send_pt
    };
    assert_eq!(answered("8 13"), Some(13));
    assert_eq!(answered("8"), None);
}

// Extended reports: RFC 3611 §5.

#[test]
fn extended_reports_are_agreed_on_where_the_peer_asks_for_them() {
    let asked = |line: &str| {
        let media = format!("m=audio 5000 RTP/AVP 0\n{line}");
        let (description, plan) = answered(&local(&ALL), &media);
        let ours = description.contains("a=rtcp-xr:rcvr-rtt=all voip-metrics\r\n");
        let ExtendedReports {
            voip_metrics,
            receiver_rtt,
        } = plan.extended_reports;
        (voip_metrics, receiver_rtt, ours)
    };
    assert_eq!(asked("a=rtcp-xr:voip-metrics"), (true, false, true));
    assert_eq!(
        asked("a=rtcp-xr:rcvr-rtt=all:100 stat-summary=loss,dup VoIP-Metrics"),
        (true, true, true)
    );
    assert_eq!(asked("a=rtcp-xr:pkt-loss-rle"), (false, false, false));
    assert_eq!(asked("a=rtcp-xr"), (false, false, false));
    assert_eq!(asked("a=sendrecv"), (false, false, false));
    // What the stream says replaces what the session does.
    let session = "a=rtcp-xr:voip-metrics\nm=audio 5000 RTP/AVP 0";
    for (media, wanted) in [("", true), ("\na=rtcp-xr:", false)] {
        let (_, plan) = answered(&local(&ALL), &format!("{session}{media}"));
        assert_eq!(plan.extended_reports.voip_metrics, wanted, "{media}");
    }
}

// Other people's descriptions.

#[test]
fn descriptions_of_browsers_are_answered_or_refused() {
    let Some(folder) = corpora::folder("webrtc-sdp") else {
        return;
    };
    let files = corpora::files(&folder, "sdp");
    assert_eq!(files.len(), 40);
    for (name, bytes) in files {
        let answered = answer(&local(&ALL), &bytes);
        let accepted = accept(&local(&ALL), &bytes);
        // Browsers encrypt, and we do not yet.
        assert!(answered.is_err() || accepted.is_ok(), "{name}");
    }
}
