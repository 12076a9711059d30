//! What a call costs, in its row and in its last event.

use std::path::Path;

use jiff::tz::TimeZone;
use ringbook::app::Input;
use ringbook::model::{Cost, Money};
use ringbook::phone::command::Command;
use ringbook::tariffs::Tariffs;
use serde_json::json;

use crate::office::{Office, settings};

const TARIFFS: &str = r#"
currency = "EUR"
[[tariff]]
name = "Zone 7"
prefix = "+7"
price = "0.10"
"#;

fn tariffs(text: &str) -> Input<'static> {
    let file = Path::new("tariffs.toml");
    Input::Tariffs(Tariffs::parse(text, file, TimeZone::UTC).unwrap())
}

/// An office where somebody answers on a number of zone 7.
fn office() -> Office {
    let mut office = Office::open(settings(""));
    office.peer_is("+77011112233");
    office
}

/// We call, and people talk for so many milliseconds.
fn talk(office: &mut Office, target: &str, ms: u64) {
    let call = office.dial(target);
    office.peer_does(|peer, now, call| peer.ring(now, call).unwrap());
    office.ms(2000);
    office.peer_answers();
    office.ms(ms);
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1000);
}

#[test]
fn s5_20_a_call_has_its_cost_in_its_row_and_in_its_last_event() {
    let mut office = office();
    office.input(tariffs(TARIFFS));
    talk(&mut office, "87011112233", 60_500);
    let cost = Cost {
        amount: Money {
            minor: 20,
            currency: "EUR".to_owned(),
        },
        tariff: "Zone 7".to_owned(),
    };
    assert_eq!(office.rows()[0].record.cost, Some(cost));
    let ended = office.told("call").pop().unwrap();
    assert_eq!(ended["state"], "ended");
    assert_eq!(
        ended["cost"],
        json!({"amount": "0.20", "currency": "EUR", "tariff": "Zone 7"})
    );
}

#[test]
fn s5_20_a_call_that_no_tariff_is_for_has_no_cost() {
    let mut office = office();
    talk(&mut office, "87011112233", 1000);
    office.input(tariffs(TARIFFS));
    talk(&mut office, "200", 1000);
    let costs: Vec<_> = office
        .rows()
        .into_iter()
        .map(|row| row.record.cost)
        .collect();
    assert_eq!(costs, [None, None]);
    let ended = office.told("call").pop().unwrap();
    assert_eq!(ended["cost"], json!(null));
}

#[test]
fn s5_20_a_row_of_a_call_that_goes_on_has_its_cost_so_far_and_tariffs_may_change() {
    let mut office = office();
    office.input(tariffs(TARIFFS));
    office.dial("87011112233");
    office.peer_does(|peer, now, call| peer.ring(now, call).unwrap());
    office.peer_answers();
    let cost = |office: &mut Office, ms| {
        office.ms(ms);
        let cost = office.rows()[0].record.cost.clone();
        cost.map(|cost| cost.amount.minor)
    };
    assert_eq!(cost(&mut office, 5000), Some(10));
    assert_eq!(cost(&mut office, 60_000), Some(20));
    office.input(tariffs(&TARIFFS.replace("0.10", "0.25")));
    assert_eq!(cost(&mut office, 5000), Some(50));
}
