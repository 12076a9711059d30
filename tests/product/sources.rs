//! Fields of the card from outside the store: filled when they come, waited for by nobody.

use std::time::Duration;

use ringbook::model::{CardSource, Client, Fact, Facts, PhoneNumber};
use serde_json::{Value, json};

use crate::office::{Office, Said, Say, settings};

const SOURCES: &str = "\
    [[source]]\nname = \"Limit\"\ntype = \"csv\"\nfile = \"a.csv\"\nkey = \"phone\"\nfield = \"limit\"\n\
    [[source]]\nname = \"Manager\"\ntype = \"http\"\nurl = \"http://erp.example/{client_id}\"\n\
    field = \"manager\"\n";

fn office() -> (Office, Client) {
    let mut office = Office::open(settings(SOURCES));
    let number = PhoneNumber::from_e164("+77011112233").unwrap();
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let ivan = Client::named("Ivan Petrov", now).with_phone(number);
    office.store.write(|w| w.save_client(&ivan)).unwrap();
    office.sources = |source, facts| (Duration::from_millis(500), Ok(Some(said(source, facts))));
    (office, ivan)
}

fn said(source: &CardSource, facts: &Facts) -> String {
    format!("{} {}", source.name, facts[&source.needs()[0]])
}

fn sourced(office: &Office) -> Vec<Value> {
    let told = office.told("caller_card");
    told.iter()
        .map(|told| told["card"]["sourced"].clone())
        .collect()
}

fn field(name: &str, state: &str, value: &str) -> Value {
    json!({ "name": name, "state": state, "value": value })
}

#[test]
fn s4_25_a_value_from_outside_comes_late_and_the_card_does_not_wait() {
    let (mut office, ivan) = office();
    office.call_in_as("87011112233");
    let limit = field("Limit", "here", "Limit +77011112233");
    let waiting = |name| field(name, "waiting", "");
    assert_eq!(office.told("caller_card")[0]["lookup_ms"], 0.0);
    assert_eq!(
        sourced(&office),
        [json!([waiting("Limit"), waiting("Manager")])]
    );
    office.ms(700);
    let manager = field("Manager", "here", &format!("Manager {}", ivan.id));
    let told = sourced(&office);
    assert_eq!(told.last(), Some(&json!([limit, manager])));
    assert_eq!(told.len(), 3, "each value is told once: {told:?}");
}

#[test]
fn s4_25_who_has_no_value_or_takes_too_long_has_no_data() {
    let (mut office, _) = office();
    office.sources = |_, _| (Duration::from_secs(1), Ok(None));
    office.call_in_as("87029998877");
    let no_data = |name| field(name, "no_data", "");
    // Of an unknown caller there is no client to ask for.
    let waiting = field("Limit", "waiting", "");
    assert_eq!(sourced(&office), [json!([waiting, no_data("Manager")])]);
    office.ms(1100);
    let told = sourced(&office);
    assert_eq!(
        told.last(),
        Some(&json!([no_data("Limit"), no_data("Manager")]))
    );
}

#[test]
fn who_hides_is_asked_for_nowhere() {
    let (mut office, _) = office();
    office.sources = |source, facts| {
        assert!(!facts.contains_key(&Fact::Number), "{source:?}");
        (Duration::ZERO, Ok(None))
    };
    office.hear_invite("hidden", "Privacy: id\r\n");
    let told = sourced(&office);
    let no_data = |name| field(name, "no_data", "");
    assert_eq!(told, [json!([no_data("Limit"), no_data("Manager")])]);
}

#[test]
fn what_is_wrong_with_a_source_is_told_once_until_it_answers_again() {
    let (mut office, _) = office();
    let broken = |source: &CardSource, _: &Facts| -> (Duration, Said) {
        match source.name.as_str() {
            "Limit" => (Duration::ZERO, Err("a.csv is empty".to_owned())),
            _ => (Duration::ZERO, Ok(None)),
        }
    };
    let silent = |_: &CardSource, _: &Facts| -> (Duration, Said) { (Duration::ZERO, Ok(None)) };
    let says: [(Say, usize); 4] = [(broken, 1), (broken, 1), (silent, 1), (broken, 2)];
    for (say, notices) in says {
        office.sources = say;
        office.call_in_as("87011112233");
        office.ms(100);
        assert_eq!(office.told("notice").len(), notices);
    }
    let notice = &office.told("notice")[0];
    assert_eq!(notice["kind"], "source");
    assert_eq!(notice["text"], "No data from “Limit”: a.csv is empty");
}
