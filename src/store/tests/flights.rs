//! Flights: kept beside their calls, come back the same, and go when they are old or too many.

use jiff::{Timestamp, ToSpan};

use crate::flight::{Flight, Happening, Landed, Message, Note, Retention, Sample};
use crate::model::{CallId, CallRecord, CallStatus, Direction};
use crate::store::{Store, StoreError};

/// A flight with something of everything.
pub fn landed(began: Timestamp, ladders: u32) -> Landed {
    let message = |at_ms, sent, text: &str| Message {
        at_ms,
        sent,
        transport: "UDP".into(),
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "192.0.2.2:5060".parse().unwrap(),
        octets: 900,
        text: text.into(),
    };
    let flight = Flight {
        call_id: "1@192.0.2.2".into(),
        began,
        messages: vec![
            message(
                0,
                false,
                "INVITE sip:101@192.0.2.1 SIP/2.0\r\nCall-ID: 1@192.0.2.2\r\n\r\n",
            ),
            message(
                3,
                true,
                "SIP/2.0 180 Ringing\r\nCall-ID: 1@192.0.2.2\r\n\r\n",
            ),
        ],
        dropped: 3,
        samples: vec![Sample {
            at_ms: 1000,
            sent: 50,
            received: 48,
            lost: 2,
            late: 1,
            concealed: 3,
            jitter_ms: 1.25,
            rtt_ms: Some(20.5),
            delay_ms: 40.0,
            remote_loss: 0.01,
            remote_jitter_ms: 2.0,
            mos: 4.123,
            mos_listening: Some(4.2),
            remote_mos: Some(3.9),
            remote_mos_listening: Some(4.0),
        }],
        notes: vec![
            Note {
                at_ms: 10,
                what: Happening::FirstPacket,
            },
            Note {
                at_ms: 20,
                what: Happening::Held { by_us: true },
            },
        ],
    };
    let retention = Retention { ladders, days: 30 };
    Landed { flight, retention }
}

fn keep(store: &mut Store, ended_at: Timestamp, ladders: u32) -> CallId {
    let mut record = CallRecord::begin(CallId::new(), Direction::Incoming, ended_at);
    record.status = CallStatus::Answered;
    record.ended_at = Some(ended_at);
    let landed = landed(ended_at, ladders);
    store
        .write(|w| {
            w.save_call(&record)?;
            w.save_flight(record.call, ended_at, &landed)
        })
        .unwrap();
    record.call
}

fn kept(store: &Store, calls: &[CallId]) -> Vec<bool> {
    let is_kept = |call: &CallId| store.read(|r| r.find_flight(*call)).unwrap().is_some();
    calls.iter().map(is_kept).collect()
}

fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

#[test]
fn a_flight_comes_back_as_it_was() {
    let mut store = Store::in_memory().unwrap();
    let call = keep(&mut store, noon(), 10);
    let found = store.read(|r| r.find_flight(call)).unwrap().unwrap();
    assert_eq!(found, landed(noon(), 10).flight);
    assert_eq!(store.read(|r| r.find_flight(CallId::new())).unwrap(), None);
}

#[test]
fn the_oldest_goes_when_there_is_one_too_many() {
    let mut store = Store::in_memory().unwrap();
    let calls: Vec<CallId> = (0..5)
        .map(|n| keep(&mut store, noon() + n.seconds(), 3))
        .collect();
    assert_eq!(kept(&store, &calls), [false, false, true, true, true]);
    // A smaller number counts from the next call on.
    let last = keep(&mut store, noon() + 9.seconds(), 1);
    assert_eq!(kept(&store, &calls), [false; 5]);
    assert_eq!(kept(&store, &[last]), [true]);
}

#[test]
fn a_flight_goes_when_it_is_too_old() {
    let mut store = Store::in_memory().unwrap();
    let old = keep(&mut store, noon(), 10);
    let young = keep(&mut store, noon() + (24 * 29).hours(), 10);
    assert_eq!(kept(&store, &[old, young]), [true, true]);
    keep(&mut store, noon() + (24 * 31).hours(), 10);
    assert_eq!(kept(&store, &[old, young]), [false, true]);
}

#[test]
fn a_damaged_flight_is_an_error_and_no_bomb_is_unpacked() {
    let mut store = Store::in_memory().unwrap();
    let call = keep(&mut store, noon(), 10);
    let zeros = vec![b' '; 64 * 1024 * 1024];
    let mut bomb = Vec::new();
    let mut pack = flate2::read::DeflateEncoder::new(&zeros[..], flate2::Compression::best());
    std::io::Read::read_to_end(&mut pack, &mut bomb).unwrap();
    for record in [&b"\xff\xff"[..], &bomb] {
        store
            .connection
            .execute("UPDATE flights SET record = ?1", [record])
            .unwrap();
        let read = store.read(|r| r.find_flight(call));
        assert!(
            matches!(read, Err(StoreError::Unreadable { .. })),
            "{read:?}"
        );
    }
}

#[test]
fn a_call_without_a_row_keeps_no_flight() {
    let mut store = Store::in_memory().unwrap();
    let landed = landed(noon(), 10);
    let refused = store.write(|w| w.save_flight(CallId::new(), noon(), &landed));
    assert!(refused.is_err());
}
