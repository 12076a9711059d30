//! A flight for tests.

use jiff::Timestamp;

use super::record::{Flight, Happening, Message, Note, Sample};

fn message(at_ms: u32, sent: bool, text: &str) -> Message {
    Message {
        at_ms,
        sent,
        transport: "UDP".into(),
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "192.0.2.2:5060".parse().unwrap(),
        octets: text.len() as u32,
        text: text.to_owned(),
    }
}

fn response(at_ms: u32, sent: bool, status: &str, method: &str, sdp: bool) -> Message {
    let kind = if sdp {
        "Content-Type: application/sdp\r\n"
    } else {
        ""
    };
    let text = format!("SIP/2.0 {status}\r\nCSeq: 1 {method}\r\n{kind}\r\n");
    message(at_ms, sent, &text)
}

/// A response to a request of ours.
pub fn answer(at_ms: u32, status: &str, method: &str) -> Message {
    response(at_ms, false, status, method, false)
}

/// A request of ours.
pub fn request(at_ms: u32, method: &str) -> Message {
    message(
        at_ms,
        true,
        &format!("{method} sip:bob@office.example SIP/2.0\r\n\r\n"),
    )
}

/// Counters after so many packets of 20 ms each way, none missing.
pub fn clean(at_ms: u32, packets: u64) -> Sample {
    Sample {
        at_ms,
        sent: packets,
        received: packets,
        lost: 0,
        late: 0,
        concealed: 0,
        jitter_ms: 1.0,
        rtt_ms: Some(20.0),
        delay_ms: 40.0,
        remote_loss: 0.0,
        remote_jitter_ms: 1.0,
        mos: 4.3,
        mos_listening: Some(4.4),
        remote_mos: None,
        remote_mos_listening: None,
    }
}

/// A call of a minute that we made, with Opus, with which nothing is wrong.
pub fn flight() -> Flight {
    let invite = "INVITE sip:bob@office.example SIP/2.0\r\nContent-Type: application/sdp\r\n\r\n";
    Flight {
        call_id: "42@192.0.2.1".into(),
        began: began(),
        messages: vec![
            message(2, true, invite),
            response(9, false, "100 Trying", "INVITE", false),
            response(310, false, "180 Ringing", "INVITE", false),
            response(5020, false, "200 OK", "INVITE", true),
            message(5021, true, "ACK sip:bob@192.0.2.2 SIP/2.0\r\n\r\n"),
            message(65_000, false, "BYE sip:alice@192.0.2.1 SIP/2.0\r\n\r\n"),
            response(65_001, true, "200 OK", "BYE", false),
        ],
        dropped: 0,
        samples: (1..=12)
            .map(|n| clean(5000 + n * 5000, u64::from(n) * 250))
            .collect(),
        notes: vec![
            Note {
                at_ms: 5020,
                what: Happening::Media {
                    codec: "opus".into(),
                    remote: "192.0.2.2:40000".parse().unwrap(),
                    send: true,
                    receive: true,
                },
            },
            Note {
                at_ms: 5050,
                what: Happening::FirstPacket,
            },
            Note {
                at_ms: 30_000,
                what: Happening::Held { by_us: true },
            },
            Note {
                at_ms: 40_000,
                what: Happening::Resumed { by_us: true },
            },
        ],
    }
}

/// When it began.
pub fn began() -> Timestamp {
    "2026-11-22T09:05:07Z".parse().unwrap()
}
