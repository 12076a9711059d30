//! Calls one after the other, as fast as an agent takes them, and what each of them costs it. Nobody
//! speaks in them: what is left is the signalling, and what is written down of it.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::agent::{Agent, Part, Sound};
use super::process::whole_processor_time;
use super::strain::call;
use super::support::RawPeer;
use super::table::{Row, Table};

/// Who call one after the other, all at once, and for how long.
const CALLERS: usize = 8;
const BUSY: Duration = Duration::from_secs(10);

/// What is done beside the signalling, and the goals of it.
struct Work {
    name: &'static str,
    goals: [&'static str; 2],
    logs: bool,
    records: bool,
}

const WORKS: [Work; 3] = [
    Work {
        name: "signalling alone",
        goals: ["≥ 5000", "≤ 120"],
        logs: false,
        records: false,
    },
    Work {
        name: "with log, ladder and card",
        goals: ["", ""],
        logs: true,
        records: false,
    },
    Work {
        name: "with those and recorded",
        goals: ["", ""],
        logs: true,
        records: true,
    },
];

pub fn measure(agent: &Agent, table: &mut Table) {
    // Who keeps no log shows here what recording costs it.
    let can = |work: &&Work| agent.logs || !work.logs || work.records;
    for work in WORKS.iter().filter(can) {
        let running = agent.start(&Part {
            // No file is opened for a call that is over before anything is heard.
            sound: Sound::Loop,
            logs: work.logs,
            records: work.records,
            ..Part::default()
        });
        let busy = keep_busy(running.address, running.pid);
        let mut note = |name, goal, figure| table.note(agent.name, &Row::new(name, goal), figure);
        let Work { name, goals, .. } = work;
        note(format!("calls a second, {name}"), goals[0], busy.rate());
        note(format!("  CPU µs a call, {name}"), goals[1], busy.cost());
        // Far below 100 the callers would be the limit, or the agent waits for something.
        note(format!("  % of its core, {name}"), "", busy.share());
    }
}

/// How it went.
struct Busy {
    calls: u32,
    failed: u32,
    lasted: Duration,
    spent: Duration,
}

impl Busy {
    fn rate(&self) -> String {
        let rate = f64::from(self.calls) / self.lasted.as_secs_f64();
        match self.failed {
            0 => format!("{rate:.0}"),
            failed => format!("{rate:.0} ({failed} failed)"),
        }
    }

    fn cost(&self) -> String {
        let each = self.spent.as_secs_f64() * 1e6 / f64::from(self.calls.max(1));
        format!("{each:.0}")
    }

    fn share(&self) -> String {
        let share = 100.0 * self.spent.as_secs_f64() / self.lasted.as_secs_f64();
        format!("{share:.0}")
    }
}

fn keep_busy(target: SocketAddr, pid: u32) -> Busy {
    let (begin, spent) = (Instant::now(), whole_processor_time(pid));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| thread::spawn(move || call_again_and_again(target, begin)))
        .collect();
    let counts = callers.into_iter().map(|caller| caller.join().unwrap());
    let (calls, failed) = counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    Busy {
        calls,
        failed,
        lasted: begin.elapsed(),
        spent: whole_processor_time(pid) - spent,
    }
}

/// The calls that went well, and those that failed.
fn call_again_and_again(target: SocketAddr, begin: Instant) -> (u32, u32) {
    let mut peer = RawPeer::new();
    let (mut calls, mut failed) = (0, 0);
    while begin.elapsed() < BUSY {
        match call(&mut peer, target, Duration::ZERO) {
            true => calls += 1,
            false => failed += 1,
        }
    }
    (calls, failed)
}
