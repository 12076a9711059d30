//! `make bench`: what the phone costs and how fast it is, measured from outside, with baresip beside
//! it in the same run where it can do the same. Prints; judges nothing.
//!
//! The agent under test has one core, its callers and this program the other (scripts/bench). The
//! figures of two machines do not compare; the two columns of one run do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod agent;
mod book;
mod card;
mod cards;
mod delay;
#[cfg(feature = "gui")]
#[path = "../../tests/support/desk.rs"]
#[allow(dead_code)]
mod desk;
mod listening;
mod load;
mod log;
mod people;
mod process;
mod reports;
#[cfg(feature = "gui")]
mod scroll;
mod signalling;
mod statistics;
mod strain;
#[path = "../../tests/interop/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod support;
mod table;
mod throughput;
mod together;

use std::env;
use std::time::Duration;

use agent::{Agent, BARESIP, RINGBOOK};
use table::Table;

/// How long the long run is where no argument says it.
const SOAK: Duration = Duration::from_secs(120);

fn main() {
    // Arguments that are no options name the agents to measure; without one, all are. `throughput`
    // alone measures calls as fast as they go, `load` what one call costs, `together` many calls at once, `book` what a million clients and a million calls
    // cost (`reports` the figures over calls alone, `log` their list, `scroll` the window's table), `listening` how speech
    // sounds after bad networks, `cards` what a sound server's devices cost, and `strain` what strangers and much work do to the phone; a
    // number says for how many seconds the long run goes on: `cargo bench --bench figures strain
    // 3600`.
    let words: Vec<String> = env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let seconds = words.iter().find_map(|word| word.parse().ok());
    let soak = seconds.map_or(SOAK, Duration::from_secs);
    let named: Vec<&String> = words
        .iter()
        .filter(|word| word.parse::<u64>().is_err())
        .collect();
    let is_named = |name: &str| named.is_empty() || named.iter().any(|word| *word == name);
    let wanted = |agent: &Agent| is_named(agent.name);
    let mut table = Table::new(&[RINGBOOK.name, BARESIP.name]);
    for agent in [&RINGBOOK, &BARESIP]
        .into_iter()
        .filter(|agent| wanted(agent))
    {
        signalling::measure(agent, &mut table);
        delay::measure(agent, &mut table);
    }
    for agent in [&RINGBOOK, &BARESIP] {
        if wanted(agent) || is_named("load") {
            load::measure(agent, &mut table);
        }
    }
    for agent in [&RINGBOOK, &BARESIP] {
        if wanted(agent) || is_named("throughput") {
            throughput::measure(agent, &mut table);
        }
    }
    if wanted(&RINGBOOK) || is_named("together") {
        together::measure(&mut table);
    }
    for agent in [&RINGBOOK, &BARESIP] {
        if wanted(agent) || is_named("listening") {
            listening::measure(agent, &mut table);
        }
    }
    if is_named(cards::NAME) {
        cards::measure(&mut table);
    }
    if wanted(&RINGBOOK) {
        card::measure(&mut table);
    }
    if is_named("book") {
        book::measure(&mut table);
    }
    if is_named("book") || is_named("reports") {
        reports::measure(&mut table);
    }
    if is_named("book") || is_named("log") {
        log::measure(&mut table);
    }
    #[cfg(feature = "gui")]
    if is_named("book") || is_named("scroll") {
        scroll::measure(&mut table);
    }
    if is_named("strain") {
        strain::measure(soak, &mut table);
    }
    table.print();
}
