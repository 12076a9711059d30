//! Events that wait for web servers.

use jiff::{SignedDuration, Timestamp};

use crate::model::OutboxEvent;
use crate::store::{MOST_WAITING, Store};

fn put(store: &mut Store, webhook: &str, bodies: &[&str]) -> usize {
    let now = Timestamp::now();
    store
        .write(|writer| -> crate::store::Result<usize> {
            let mut dropped = 0;
            for body in bodies {
                dropped += writer.put_in_outbox(webhook, now, body)?;
            }
            Ok(dropped)
        })
        .unwrap()
}

fn next(store: &Store, webhook: &str) -> Option<OutboxEvent> {
    store.read(|reader| reader.next_in_outbox(webhook)).unwrap()
}

/// Takes every event out, in turn.
fn bodies(store: &mut Store, webhook: &str) -> Vec<String> {
    let mut bodies = Vec::new();
    while let Some(event) = next(store, webhook) {
        store
            .write(|writer| writer.take_from_outbox(event.id))
            .unwrap();
        bodies.push(event.body);
    }
    bodies
}

#[test]
fn each_webhook_has_its_events_in_their_order_until_they_are_taken() {
    let mut store = Store::in_memory().unwrap();
    put(&mut store, "crm", &["1", "2"]);
    put(&mut store, "erp", &["1"]);
    let first = next(&store, "crm").unwrap();
    assert_eq!(first.body, "1");
    assert_eq!(
        next(&store, "crm"),
        Some(first),
        "it stays until it is taken"
    );
    assert_eq!(bodies(&mut store, "crm"), ["1", "2"]);
    put(&mut store, "crm", &["3"]);
    assert_eq!(bodies(&mut store, "crm"), ["3"]);
    assert_eq!(bodies(&mut store, "erp"), ["1"]);
}

#[test]
fn what_is_too_old_or_too_much_goes_the_oldest_first() {
    let mut store = Store::in_memory().unwrap();
    let old = Timestamp::now() - SignedDuration::from_hours(73);
    let dropped = store.write(|writer| writer.put_in_outbox("crm", old, "old"));
    assert_eq!(dropped.unwrap(), 1);
    assert_eq!(next(&store, "crm"), None);
    assert_eq!(put(&mut store, "crm", &["0"]), 0);
    let more: Vec<String> = (1..MOST_WAITING + 2).map(|n| n.to_string()).collect();
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    assert_eq!(put(&mut store, "crm", &more), 2);
    assert_eq!(next(&store, "crm").unwrap().body, "2");
    assert_eq!(bodies(&mut store, "crm").len(), MOST_WAITING);
}

#[test]
fn what_waits_for_a_webhook_that_is_gone_is_forgotten() {
    let mut store = Store::in_memory().unwrap();
    put(&mut store, "crm", &["1"]);
    put(&mut store, "it's \"gone\"", &["1"]);
    store
        .write(|writer| writer.keep_outbox_of(&["crm", "new"]))
        .unwrap();
    assert_eq!(next(&store, "it's \"gone\""), None);
    assert_eq!(bodies(&mut store, "crm"), ["1"]);
    put(&mut store, "crm", &["1"]);
    store.write(|writer| writer.keep_outbox_of(&[])).unwrap();
    assert_eq!(next(&store, "crm"), None);
}
