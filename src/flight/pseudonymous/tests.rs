//! Nothing of anybody is left, whatever a peer writes and wherever; the ladder can be followed.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::words::canonical;
use super::*;
use crate::flight::sample;

/// What must not be found in a bundle, in whatever case.
const SECRETS: [&str; 9] = [
    "77011112233",
    "7 701 111 22 33",
    "Ivan",
    "Петров",
    "petrov",
    "secret.example",
    "203.0.113.77",
    "2001:db8:77::1",
    "S3CRET",
];

/// Ways to say it.
const WRITTEN: [&str; 22] = [
    "S",
    "\"S\"",
    "\"S\" <sip:S@S>;tag=S",
    "S <sip:S@secret.example:5060;transport=S;S=S;S>;S=S;expires=S",
    "<sip:101;S@203.0.113.77>;+sip.instance=\"<urn:uuid:S>\"",
    "<tel:S;phone-context=S>",
    "<sips:S:S@[2001:db8:77::1]?S=S&Replaces=S>",
    "<http://S/S>",
    "SIP/2.0/UDP secret.example;branch=S;received=203.0.113.77;rport=S;S=S",
    "SIP/2.0/S S",
    "SIP;cause=200;text=\"Call S\"",
    "Q.850;cause=16;text=S",
    "399 S \"S\"",
    "Digest username=\"S\", realm=\"S\", uri=\"sip:S@S\", response=\"S\", S=S, algorithm=S, qop=S",
    "Basic S",
    "1800;refresher=S",
    "1 S",
    "S INVITE",
    "S;to-tag=S;from-tag=S;S",
    "100rel, S, timer",
    "application/S;S=S",
    "(S) INVITE / S = S ; active",
];

fn assert_clean(shown: &str, of: &str) {
    let lower = shown.to_lowercase();
    for secret in SECRETS {
        assert!(
            !lower.contains(&secret.to_lowercase()),
            "{secret} of\n{of}\nin\n{shown}"
        );
    }
}

/// The pseudonymous text of one message.
fn shown(text: &str) -> String {
    let mut flight = sample::flight();
    flight.messages.truncate(1);
    flight.messages[0].text = text.to_owned();
    pseudonymous(&flight).messages[0].text.clone()
}

#[test]
fn no_header_lets_anything_through_however_it_is_written() {
    let names = [
        "From",
        "To",
        "Contact",
        "Route",
        "Record-Route",
        "Path",
        "Service-Route",
        "Reply-To",
        "P-Asserted-Identity",
        "P-Preferred-Identity",
        "P-Associated-URI",
        "P-Called-Party-ID",
        "Remote-Party-ID",
        "Diversion",
        "History-Info",
        "Refer-To",
        "Referred-By",
        "Via",
        "Call-ID",
        "In-Reply-To",
        "SIP-ETag",
        "SIP-If-Match",
        "Replaces",
        "Join",
        "Target-Dialog",
        "Allow",
        "Allow-Events",
        "Supported",
        "Require",
        "Proxy-Require",
        "Unsupported",
        "Accept",
        "Accept-Encoding",
        "Content-Type",
        "Content-Disposition",
        "Content-Encoding",
        "Event",
        "Privacy",
        "Refer-Sub",
        "Answer-Mode",
        "Priv-Answer-Mode",
        "P-Early-Media",
        "MIME-Version",
        "User-Agent",
        "Server",
        "Subscription-State",
        "CSeq",
        "RAck",
        "RSeq",
        "Max-Forwards",
        "Content-Length",
        "Expires",
        "Min-Expires",
        "Session-Expires",
        "Min-SE",
        "Retry-After",
        "Authorization",
        "Proxy-Authorization",
        "WWW-Authenticate",
        "Proxy-Authenticate",
        "Authentication-Info",
        "Reason",
        "Warning",
        "Alert-Info",
        "Call-Info",
        "Error-Info",
        "Date",
        "Organization",
        "Subject",
        "Timestamp",
        "Identity",
        "X-Ivan",
        "P-S3CRET-77011112233",
        "f",
        "t",
        "m",
        "v",
        "i",
        "r",
        "b",
        "k",
        "u",
        "c",
        "e",
        "o",
        "l",
        "x",
        "s",
        "y",
    ];
    for written in WRITTEN {
        for secret in SECRETS {
            let value = written.replace('S', secret);
            let headers = names.map(|name| format!("{name}: {value}\r\n")).concat();
            let text = format!("INVITE sip:101@a SIP/2.0\r\n{headers}\r\n");
            assert_clean(&shown(&text), &text);
        }
    }
}

#[test]
fn no_start_line_and_no_body_lets_anything_through() {
    let bodies = [
        "v=0\r\no=S S S IN IP4 203.0.113.77\r\ns=S\r\ni=S\r\nu=http://S\r\ne=S\r\np=S\r\n\
         c=IN IP4 secret.example\r\nb=S:1\r\nt=S 0\r\nk=clear:S\r\nz=S\r\nS=S\r\nS\r\n",
        "m=S S S S\r\nm=audio 5060 RTP/AVP S 8\r\na=S\r\na=S:S\r\na=rtpmap:S S/S/S\r\n\
         a=rtpmap:96 opus/S\r\na=fmtp:S S=S\r\na=fmtp:96 useinbandfec=S;S=1\r\na=rtcp:S IN IP4 S\r\n",
        "a=candidate:S 1 UDP 1 203.0.113.77 5060 typ host raddr S rport S\r\na=candidate:S\r\n\
         a=crypto:S S inline:S\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:S S\r\n\
         a=fingerprint:sha-256 S\r\na=ice-ufrag:S\r\na=ice-pwd:S\r\na=ssrc:1 cname:S\r\na=mid:S\r\n\
         a=ptime:S\r\na=label:S\r\na=msid:S S\r\na=setup:S\r\na=extmap:1 S\r\n",
    ];
    for secret in SECRETS {
        for line in [
            "SIP/2.0 486 S",
            "SIP/2.0 S S",
            "S sip:S@S SIP/2.0",
            "INVITE tel:S SIP/2.0",
            "S",
        ] {
            let text = format!(
                "{}\r\n\r\n",
                line.replace('S', secret)
                    .replace(&format!("{secret}IP"), "SIP")
            );
            assert_clean(&shown(&text), &text);
        }
        for body in bodies {
            for kind in [
                "application/sdp",
                "application/dtmf-relay",
                "text/plain",
                "S",
            ] {
                let text = format!("INVITE sip:a@b SIP/2.0\r\nContent-Type: {kind}\r\n\r\n{body}");
                let text = text
                    .replace('S', secret)
                    .replace(&format!("{secret}IP"), "SIP");
                let text = text.replace(&format!("AE{secret}"), "AES");
                assert_clean(&shown(&text), &text);
            }
        }
    }
}

#[test]
fn addresses_notes_and_the_call_id_are_stand_ins_too() {
    let mut flight = sample::flight();
    flight.call_id = "S3CRET@203.0.113.77".into();
    flight.messages[0].remote = "203.0.113.77:5060".parse().unwrap();
    flight.messages[1].local = "[2001:db8:77::1]:5060".parse().unwrap();
    flight.notes[0].what = Happening::Media {
        codec: "S3CRET".into(),
        remote: "203.0.113.77:4000".parse().unwrap(),
        send: true,
        receive: true,
    };
    for what in [
        Happening::DeviceLost {
            device: "Ivan".into(),
            reason: "Ivan's headset".into(),
        },
        Happening::DeviceReplaced {
            device: "Ivan".into(),
            by: "Ivan's loudspeaker".into(),
        },
        Happening::DeviceBack {
            device: "Ivan".into(),
        },
        Happening::Refused {
            error: "S3CRET".into(),
        },
    ] {
        flight.notes.push(Note { at_ms: 1, what });
    }
    let shown = serde_json::to_string(&pseudonymous(&flight)).unwrap();
    assert_clean(&shown, "the flight");
}

#[test]
fn the_same_thing_has_the_same_stand_in_and_the_ladder_reads_on() {
    let mut flight = sample::flight();
    flight.messages.truncate(2);
    flight.messages[0].text = "INVITE sip:+77011112233@secret.example;transport=udp SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.168.1.7:5060;rport;branch=z9hG4bKabc\r\n\
        From: \"Ivan Petrov\" <sip:101@secret.example>;tag=x1\r\nTo: <sip:+77011112233@secret.example>\r\n\
        Call-ID: c1@192.168.1.7\r\nCSeq: 7 INVITE\r\nContact: <sip:101@192.168.1.7:5060>\r\n\
        Supported: replaces, timer, x-ivan\r\nUser-Agent: Asterisk PBX 18.2.1 (Ivan)\r\n\
        X-Customer: 4711\r\nContent-Type: application/sdp\r\n\r\n\
        v=0\r\no=ivan 5 1 IN IP4 192.168.1.7\r\ns=Ivan\r\nc=IN IP4 203.0.113.77\r\nt=0 0\r\n\
        m=audio 40000 RTP/AVP 96 8 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n"
        .into();
    flight.messages[1].text = "SIP/2.0 180 Ringing\r\nFrom: <sip:101@SECRET.example>;tag=x1\r\n\
        To: <sip:+77011112233@secret.example>;tag=y2\r\nCall-ID: c1@192.168.1.7\r\nCSeq: 7 INVITE\r\n\r\n"
        .into();
    let shown = pseudonymous(&flight);
    assert_eq!(
        shown.messages[0].text,
        "INVITE sip:number-1@host-1.invalid;transport=udp SIP/2.0\r\n\
         Via: SIP/2.0/UDP 10.0.0.1:5060;rport;branch=id-1\r\n\
         From: \"Name 1\" <sip:number-2@host-1.invalid>;tag=id-2\r\n\
         To: <sip:number-1@host-1.invalid>\r\n\
         Call-ID: id-3\r\nCSeq: 7 INVITE\r\nContact: <sip:number-2@10.0.0.1:5060>\r\n\
         Supported: replaces, timer, …\r\nUser-Agent: Asterisk PBX … (…)\r\n\
         X-Other: …\r\nContent-Type: application/sdp\r\n\r\n\
         v=0\r\no=- id-4 id-5 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 198.18.0.3\r\nt=0 0\r\n\
         m=audio 40000 RTP/AVP 96 8 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n"
    );
    assert!(
        shown.messages[1]
            .text
            .contains("From: <sip:number-2@host-1.invalid>;tag=id-2\r\n")
    );
    assert!(
        shown.messages[1]
            .text
            .contains("To: <sip:number-1@host-1.invalid>;tag=id-6\r\n")
    );
    assert_eq!(shown.messages[0].remote.to_string(), "198.18.0.2:5060");
    let drawn = crate::flight::ladder::ladder(&shown, 100);
    assert!(
        drawn.contains("INVITE sip:number-1@host-1.invalid"),
        "{drawn}"
    );
}

#[test]
fn every_header_field_that_this_phone_sends_is_known() {
    for name in [
        "Via",
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Max-Forwards",
        "Contact",
        "Allow",
        "Supported",
    ] {
        assert!(canonical(name).is_some(), "{name}");
    }
}

proptest! {
    #[test]
    fn no_value_at_all_lets_a_secret_through(
        before in "[ -~]{0,12}",
        after in "[ -~]{0,12}",
        place in 0..WRITTEN.len(),
        secret in 0..SECRETS.len(),
        name in "(From|To|Via|Reason|Supported|Content-Type|CSeq|Authorization|Replaces|[A-Z][a-z]{1,9})",
    ) {
        let secret = SECRETS[secret];
        let value = format!("{before}{}{after}", WRITTEN[place].replace('S', secret));
        let text = format!("INVITE sip:101@a SIP/2.0\r\n{name}: {value}\r\n\r\n");
        assert_clean(&shown(&text), &text);
    }
}
