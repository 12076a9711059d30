#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};

use super::*;

fn line(body: Body) -> Value {
    let at = "2026-11-22T09:05:07.0421Z".parse().unwrap();
    serde_json::from_str(&Event { at, body }.to_line()).unwrap()
}

#[test]
fn a_line_names_its_event_and_the_time_with_milliseconds() {
    let notice = Notice::new(NoticeKind::Store, "x".into());
    let expected =
        json!({"event": "notice", "at": "2026-11-22T09:05:07.042Z", "kind": "store", "text": "x"});
    assert_eq!(line(Body::Notice(notice)), expected);
}

#[test]
fn a_call_carries_its_end_only_when_it_is_over() {
    let call = Call {
        call: CallId::from_bytes([7; 16]),
        direction: Direction::Incoming,
        state: CallState::Ringing,
        from: "sip:1@a".into(),
        to: "sip:2@b".into(),
        number: PhoneNumber::from_e164("+77011112233"),
        account: Some("sip:2@b".into()),
        diverted_by: None,
        by: None,
        joined_with: Vec::new(),
        srtp: None,
        ended: None,
    };
    let ringing = line(Body::Call(Box::new(call.clone())));
    let expected = json!({
        "event": "call", "at": "2026-11-22T09:05:07.042Z",
        "call": CallId::from_bytes([7; 16]).to_string(), "direction": "incoming",
        "state": "ringing", "from": "sip:1@a", "to": "sip:2@b", "number": "+77011112233",
        "account": "sip:2@b",
    });
    assert_eq!(ringing, expected);
    let ended = CallEnded {
        end_reason: EndReason::RemoteHangup,
        sip_status: None,
        talk_s: 61.0,
        ring_s: 2.5,
        codec: Some("opus".into()),
        loss: Some(0.0),
        jitter_ms: Some(1.0),
        mos: Some(4.4),
        path: None,
        cost: Some(CallCost {
            amount: "0.20".into(),
            currency: "EUR".into(),
            tariff: "Mobile".into(),
        }),
    };
    let call = Call {
        state: CallState::Ended,
        ended: Some(ended),
        ..call
    };
    let over = line(Body::Call(Box::new(call)));
    assert_eq!(over["end_reason"], "remote_hangup");
    assert_eq!(over["talk_s"], 61.0);
    assert_eq!(over["cost"]["amount"], "0.20");
    assert_eq!(over["state"], "ended");
}
