#![allow(clippy::unwrap_used)]
use super::*;

const KEEP: Retention = Retention {
    ladders: 10,
    days: 1,
};

fn now() -> Now {
    Now {
        instant: Instant::now(),
        wall: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn received(text: String) -> Passed {
    Passed::Received(Received {
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "192.0.2.2:5060".parse().unwrap(),
        bytes: text.into_bytes(),
    })
}

fn message(method: &str, call_id: usize, seq: usize, size: usize) -> Passed {
    let filling = "x".repeat(size);
    received(format!(
        "{method} sip:a@b SIP/2.0\r\nTo: <sip:a@b>\r\nCall-ID: {call_id}\r\n\
         CSeq: {seq} {method}\r\nSubject: {filling}\r\n\r\n"
    ))
}

#[test]
fn a_call_of_very_many_messages_keeps_its_beginning_and_its_end() {
    let mut recorder = FlightRecorder::new(KEEP);
    recorder.note(now(), &message("INVITE", 1, 1, 0));
    for seq in 2..=2000 {
        recorder.note(now(), &message("INFO", 1, seq, 100));
    }
    let ladder = &recorder.ladders["1"];
    let seq = |place: usize| Essentials::of(&ladder.messages[place].message.text).seq;
    assert_eq!(ladder.messages.len(), MESSAGES);
    assert_eq!(ladder.dropped, 1600);
    assert_eq!((seq(0), seq(FIRST_MESSAGES - 1)), (1, 100));
    assert_eq!((seq(FIRST_MESSAGES), seq(MESSAGES - 1)), (1701, 2000));
    let kept: usize = ladder.messages.iter().map(|m| m.message.text.len()).sum();
    assert_eq!((ladder.octets, recorder.octets), (kept, kept));
}

#[test]
fn a_call_of_large_messages_keeps_their_first_lines() {
    let mut recorder = FlightRecorder::new(KEEP);
    recorder.note(now(), &message("INVITE", 1, 1, 0));
    for seq in 2..=100 {
        recorder.note(now(), &message("INFO", 1, seq, 60_000));
    }
    let ladder = &recorder.ladders["1"];
    assert!(ladder.octets <= CALL + TEXT + 100 * 30, "{}", ladder.octets);
    let last = &ladder.messages[99].message;
    assert_eq!(last.text, "INFO sip:a@b SIP/2.0");
    assert!(last.octets > 60_000);
}

#[test]
fn strangers_cannot_make_the_recorder_grow() {
    let mut recorder = FlightRecorder::new(KEEP);
    for call_id in 0..10_000 {
        recorder.note(now(), &message("INVITE", call_id, 1, 500));
        recorder.note(now(), &message("OPTIONS", 20_000 + call_id, 1, 500));
        let register = message("REGISTER", 40_000 + call_id, 1, 500);
        recorder.note(now(), &register);
    }
    assert_eq!(
        (recorder.ladders.len(), recorder.strays.len()),
        (STRAYS, STRAYS)
    );
    assert!(recorder.registrations.is_empty());
    let kept = recorder.ladders.values().map(|ladder| ladder.octets);
    assert_eq!(kept.sum::<usize>(), recorder.octets);
}

#[test]
fn the_latest_exchanges_of_a_registration_are_kept_by_its_line() {
    let mut recorder = FlightRecorder::new(KEEP);
    let sent = |message: Passed| match message {
        Passed::Received(message) => Passed::Sent(Transmit {
            transport: message.transport,
            local: message.local,
            remote: message.remote,
            connection: None,
            bytes: message.bytes,
        }),
        sent => sent,
    };
    for seq in 1..=50 {
        recorder.note(now(), &sent(message("REGISTER", 1, seq, 0)));
        let answer = format!(
            "SIP/2.0 200 OK\r\nTo: <sip:a@b>;tag=1\r\nCall-ID: 1\r\nCSeq: {seq} REGISTER\r\n\r\n"
        );
        recorder.note(now(), &received(answer));
    }
    let kept = recorder.registration("sip:a@b");
    assert_eq!(kept.len(), REGISTRATION);
    assert_eq!(kept.last().unwrap().status(), Some(200));
    assert!(recorder.registration("sip:x@b").is_empty());
}

#[test]
fn the_last_word_of_each_request_is_known() {
    let mut ladder = Ladder::default();
    let mut say = |sent: bool, status: Option<u16>, method: &str, seq: u32| {
        let message = Essentials {
            status,
            method,
            seq,
            ..Essentials::default()
        };
        ladder.answer(sent, &message);
        ladder.unanswered.len()
    };
    assert_eq!(say(true, None, "INVITE", 1), 1);
    assert_eq!(say(false, Some(183), "INVITE", 1), 1);
    assert_eq!(say(true, None, "PRACK", 2), 2);
    assert_eq!(say(false, Some(200), "PRACK", 2), 1);
    assert_eq!(say(true, None, "CANCEL", 1), 2);
    assert_eq!(say(false, Some(200), "CANCEL", 1), 1);
    assert_eq!(
        say(false, Some(487), "INVITE", 1),
        1,
        "it waits for its ACK"
    );
    assert_eq!(say(true, None, "ACK", 1), 0);
    assert_eq!(say(false, None, "BYE", 1), 1);
    assert_eq!(say(false, None, "BYE", 1), 1, "a retransmission");
    assert_eq!(say(true, Some(200), "BYE", 1), 0);
}
