//! What calls cost: computed anew batch by batch, and added up.

use std::time::Duration;

use jiff::{Timestamp, ToSpan};

use crate::model::{CallId, CallRecord, CallStatus, Cost, Direction, Money};
use crate::store::{CallFilter, CostTotal, Store, Unpriced};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cost(minor: i64, currency: &str, tariff: &str) -> Option<Cost> {
    let (currency, tariff) = (currency.to_owned(), tariff.to_owned());
    let amount = Money { minor, currency };
    Some(Cost { amount, tariff })
}

fn talk(started_at: Timestamp, line: &str, seconds: u64) -> CallRecord {
    let mut call = CallRecord::begin(CallId::new(), Direction::Outgoing, started_at);
    call.status = CallStatus::Answered;
    call.answered_at = Some(started_at);
    call.ended_at = Some(started_at + Duration::from_secs(seconds));
    call.account = line.to_owned();
    call.talk = Duration::from_secs(seconds);
    call
}

fn save(store: &mut Store, calls: &[CallRecord]) {
    store
        .write(|w| calls.iter().try_for_each(|call| w.save_call(call)))
        .unwrap();
}

#[test]
fn s5_20_costs_are_added_up_by_currency_and_line() {
    let mut store = Store::in_memory().unwrap();
    let november = at("2026-11-01T00:00:00Z");
    let priced = |line: &str, seconds, cost| CallRecord {
        cost,
        ..talk(november, line, seconds)
    };
    let mut open = priced("sip:1@a", 60, cost(99, "EUR", "Mobile"));
    (open.ended_at, open.status) = (None, CallStatus::InProgress);
    let mut december = priced("sip:1@a", 60, cost(7, "EUR", "Mobile"));
    december.started_at = at("2026-12-01T00:00:00Z");
    save(
        &mut store,
        &[
            priced("sip:2@a", 61, cost(20, "EUR", "Mobile")),
            priced("sip:1@a", 1, cost(10, "EUR", "Mobile")),
            priced("sip:1@a", 2, cost(5, "EUR", "Zone 7")),
            priced("sip:1@a", 3, cost(0, "USD", "House")),
            priced("sip:1@a", 4, None),
            open,
            december,
        ],
    );
    let filter = CallFilter {
        to: Some(at("2026-12-01T00:00:00Z")),
        ..CallFilter::default()
    };
    let total = |line: &str, calls, seconds, minor, currency: &str| CostTotal {
        line: line.to_owned(),
        calls,
        talk: Duration::from_secs(seconds),
        cost: cost(minor, currency, "").unwrap().amount,
    };
    assert_eq!(
        store.read(|r| r.cost_totals(&filter)).unwrap(),
        [
            total("sip:1@a", 2, 3, 15, "EUR"),
            total("sip:2@a", 1, 61, 20, "EUR"),
            total("sip:1@a", 1, 3, 0, "USD"),
        ]
    );
    let unpriced = Unpriced {
        calls: 1,
        talk: Duration::from_secs(4),
    };
    assert_eq!(store.read(|r| r.unpriced_calls(&filter)).unwrap(), unpriced);
}

#[test]
fn s5_20_every_answered_call_is_priced_anew_once_in_batches_of_any_size() {
    // Many begin at the same moment: a batch may end between them.
    let begin = at("2026-11-01T00:00:00Z");
    for most in [1, 2, 3, 7, 100] {
        let mut store = Store::in_memory().unwrap();
        let mut calls: Vec<CallRecord> = (0..7)
            .map(|n| talk(begin + (n / 3).hours(), "sip:1@a", 60))
            .collect();
        calls[0].cost = cost(10, "EUR", "Mobile");
        calls[1].cost = cost(99, "EUR", "Mobile");
        (calls[2].answered_at, calls[2].status) = (None, CallStatus::Busy);
        save(&mut store, &calls);
        let (mut behind, mut seen, mut changed) = (None, 0, 0);
        loop {
            let price = |_: &CallRecord| cost(10, "EUR", "Mobile");
            let priced = store
                .write(|w| w.price_calls(&CallFilter::default(), behind, most, price))
                .unwrap();
            (seen, changed) = (seen + priced.seen, changed + priced.changed);
            behind = priced.last;
            if behind.is_none() {
                break;
            }
        }
        assert_eq!((seen, changed), (6, 5), "{most}");
        let totals = store
            .read(|r| r.cost_totals(&CallFilter::default()))
            .unwrap();
        assert_eq!((totals[0].calls, totals[0].cost.minor), (6, 60), "{most}");
    }
}

#[test]
fn s5_20_a_call_that_no_tariff_is_for_any_more_has_no_cost() {
    let mut store = Store::in_memory().unwrap();
    let mut call = talk(at("2026-11-01T00:00:00Z"), "sip:1@a", 60);
    call.cost = cost(10, "EUR", "Mobile");
    save(&mut store, std::slice::from_ref(&call));
    let priced = store
        .write(|w| w.price_calls(&CallFilter::default(), None, 10, |_| None))
        .unwrap();
    assert_eq!((priced.seen, priced.changed, priced.last), (1, 1, None));
    let line = store.read(|r| r.find_call(call.call)).unwrap().unwrap();
    assert_eq!(line.record.cost, None);
}

#[test]
fn s5_21_marks_are_computed_anew_once_in_batches_of_any_size() {
    let mut store = Store::in_memory().unwrap();
    let calls: Vec<CallRecord> = (1..=7)
        .map(|n| talk(at("2026-11-22T09:00:00Z"), "sip:101@office.example", 60 * n))
        .collect();
    save(&mut store, &calls);
    let mut mark = |limit: u64, most: usize| {
        let (mut behind, mut done) = (None, (0, 0));
        loop {
            let is_too_long = |call: &CallRecord| call.talk.as_secs() > limit;
            let batch = store
                .write(|w| w.mark_calls(&CallFilter::default(), behind, most, is_too_long))
                .unwrap();
            done = (done.0 + batch.seen, done.1 + batch.changed);
            match batch.last {
                Some(last) => behind = Some(last),
                None => return done,
            }
        }
    };
    assert_eq!(mark(299, 2), (7, 3));
    assert_eq!(mark(299, 100), (7, 0));
    assert_eq!(mark(400, 3), (7, 2));
    let marked = CallFilter {
        too_long: Some(true),
        ..CallFilter::default()
    };
    assert_eq!(store.read(|r| r.count_calls(&marked)).unwrap(), 1);
}
