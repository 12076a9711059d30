//! How fast an agent rings, answers and registers.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::agent::{Agent, Part};
use super::statistics::p50_p99;
use super::support::{Kamailio, PATIENCE, RawPeer, Transport, pause};
use super::table::{Row, Table};

const CALLS: usize = 100;
const SOUNDS: usize = 30;
const STARTS: usize = 20;
/// Between two calls, so that none meets what the one before left to do.
const GAP: Duration = Duration::from_millis(30);

pub fn measure(agent: &Agent, table: &mut Table) {
    let mut note = |name, goal, mut times: Vec<Duration>| {
        table.note(agent.name, &Row::new(name, goal), p50_p99(&mut times));
    };
    let ringing = time_calls(agent, false, "SIP/2.0 180");
    note("INVITE → 180, ms (p50 / p99)", "≤ 0.30 / 0.38", ringing);
    let answers = time_calls(agent, true, "SIP/2.0 200");
    note("INVITE → 200, ms (p50 / p99)", "≤ 0.39 / 0.55", answers);
    note(
        "INVITE → first RTP, ms (p50 / p99)",
        "≤ 4",
        time_sounds(agent),
    );
    note(
        "start → registered, ms (p50 / p99)",
        "≤ 5.6",
        time_starts(agent),
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

/// Until the first packet of an agent's sound.
fn time_sounds(agent: &Agent) -> Vec<Duration> {
    let running = agent.start(&Part::default());
    let mut peer = RawPeer::new();
    let times = (0..SOUNDS).map(|_| {
        let sound = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        sound.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut call = peer.call("200", running.address);
        let invite = call.invite(sound.local_addr().unwrap().port());
        let (told, heard) = channel();
        let listener = thread::spawn(move || {
            let packet = sound.recv(&mut [0; 2048]).map(|_| Instant::now());
            told.send(packet).unwrap();
        });
        let sent = Instant::now();
        peer.send(&invite, running.address);
        let response = peer.expect("SIP/2.0 200");
        peer.send(&call.ack(&response), running.address);
        let first = heard.recv().unwrap().unwrap();
        listener.join().unwrap();
        peer.send(&call.bye(), running.address);
        peer.expect("SIP/2.0 200");
        pause(GAP);
        first - sent
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
