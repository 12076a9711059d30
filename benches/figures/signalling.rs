//! How fast an agent rings, answers and registers.

use std::time::{Duration, Instant};

use super::agent::{Agent, Part};
use super::statistics::p50_p99;
use super::support::{Kamailio, RawPeer, Transport, pause};
use super::table::Table;

const CALLS: usize = 100;
const STARTS: usize = 20;
/// Between two calls, so that none meets what the one before left to do.
const GAP: Duration = Duration::from_millis(30);

pub fn measure(agent: &Agent, table: &mut Table) {
    let mut ringing = time_calls(agent, false, "SIP/2.0 180");
    table.note(
        agent.name,
        "INVITE → 180, ms (p50 / p99)",
        p50_p99(&mut ringing),
    );
    let mut answers = time_calls(agent, true, "SIP/2.0 200");
    table.note(
        agent.name,
        "INVITE → 200, ms (p50 / p99)",
        p50_p99(&mut answers),
    );
    let mut starts = time_starts(agent);
    table.note(
        agent.name,
        "start → registered, ms (p50 / p99)",
        p50_p99(&mut starts),
    );
}

fn time_calls(agent: &Agent, answers_itself: bool, awaited: &str) -> Vec<Duration> {
    let running = agent.start(&Part {
        answers_itself,
        ..Part::default()
    });
    let mut peer = RawPeer::new();
    let times = (0..CALLS).map(|_| {
        let mut call = peer.call("200", running.address);
        let invite = call.invite(9);
        let sent = Instant::now();
        peer.send(&invite, running.address);
        let response = peer.expect(awaited);
        if answers_itself {
            peer.send(&call.ack(&response), running.address);
            peer.send(&call.bye(), running.address);
            peer.expect("SIP/2.0 200");
        } else {
            peer.send(&call.cancel(), running.address);
            let refusal = peer.expect("SIP/2.0 487");
            peer.send(&call.ack(&refusal), running.address);
        }
        pause(GAP);
        response.at - sent
    });
    times.collect()
}

fn time_starts(agent: &Agent) -> Vec<Duration> {
    let times = (0..STARTS).map(|_| {
        // A new registrar each time, so that the first registration it notes is this one.
        let kamailio = Kamailio::start();
        let started = Instant::now();
        let _running = agent.start(&Part {
            registrar: Some(&kamailio),
            ..Part::default()
        });
        kamailio.wait_registered("101", Transport::Udp);
        started.elapsed()
    });
    times.collect()
}
