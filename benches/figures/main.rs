//! `make bench`: what the phone costs and how fast it is, measured from outside, with baresip beside
//! it in the same run where it can do the same. Prints; judges nothing.
//!
//! The agent under test has one core, its callers and this program the other (scripts/bench). The
//! figures of two machines do not compare; the two columns of one run do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod agent;
mod card;
mod delay;
mod load;
mod process;
mod signalling;
mod statistics;
#[path = "../../tests/interop/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod support;
mod table;

use std::env;

use agent::{Agent, BARESIP, RINGBOOK};
use table::Table;

fn main() {
    // Arguments that are no options name the agents to measure; without one, all are.
    let named: Vec<String> = env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let wanted = |agent: &Agent| named.is_empty() || named.iter().any(|name| name == agent.name);
    let mut table = Table::new(&[RINGBOOK.name, BARESIP.name]);
    for agent in [&RINGBOOK, &BARESIP]
        .into_iter()
        .filter(|agent| wanted(agent))
    {
        signalling::measure(agent, &mut table);
        load::measure(agent, &mut table);
        delay::measure(agent, &mut table);
    }
    if wanted(&RINGBOOK) {
        card::measure(&mut table);
    }
    table.print();
}
