//! What an agent costs: memory, and processor time of one two-way call per codec. The other side of
//! the call is a baresip, so that every codec has a peer.

use std::time::{Duration, Instant};

use super::agent::{Agent, Part};
use super::process::{context_switches, memory_mb, processor_time};
use super::support::{Baresip, Kamailio, Line, Transport, pause};
use super::table::{Row, Table};

const MEASURED: Duration = Duration::from_secs(12);
/// Until memory and work are those of a call that goes on.
const SETTLED: Duration = Duration::from_secs(2);

/// As SDP names a codec, as baresip's settings do, and what a minute of it should cost; recording
/// it 3 % more.
pub const CODECS: [(&str, &str, [&str; 2]); 3] = [
    ("PCMU", "PCMU/8000/1", ["≤ 0.45", "≤ 0.46"]),
    ("G722", "G722/16000/1", ["≤ 0.50", "≤ 0.52"]),
    ("opus", "opus/48000/2", ["≤ 1.00", "≤ 1.03"]),
];

pub fn measure(agent: &Agent, table: &mut Table) {
    for (codec, line_codec, goals) in CODECS {
        for (records, goal) in [false, true].into_iter().zip(goals) {
            let part = Part {
                codec,
                records,
                ..Part::default()
            };
            let cost = one_call(agent, part, line_codec);
            if codec == "PCMU" && !records {
                for (name, goal, figure) in [
                    ("memory registered (PSS), MB", "≤ 4.0", cost.registered_mb),
                    ("memory in a call (PSS), MB", "", cost.call_mb),
                    (
                        "context switches a second, one call",
                        "≤ 105",
                        cost.switches_a_second,
                    ),
                ] {
                    table.note(agent.name, &Row::new(name, goal), format!("{figure:.1}"));
                }
            }
            let recorded = if records { ", recorded" } else { "" };
            let name = format!("CPU s a minute, {codec}{recorded}");
            let spent = format!("{:.2}", cost.seconds_a_minute);
            table.note(agent.name, &Row::new(name, goal), spent);
        }
    }
}

pub struct Cost {
    registered_mb: f64,
    call_mb: f64,
    pub seconds_a_minute: f64,
    switches_a_second: f64,
}

/// A call of a registered agent with a baresip that has this codec.
pub fn one_call(agent: &Agent, part: Part, line_codec: &str) -> Cost {
    let kamailio = Kamailio::start();
    let running = agent.start(&Part {
        registrar: Some(&kamailio),
        ..part
    });
    kamailio.wait_registered("101", Transport::Udp);
    let mut peer = Baresip::start(&Line {
        user: "103",
        registrar: &kamailio.address(),
        transport: Transport::Udp,
        codec: line_codec,
        tone_hz: 1000,
        answers_itself: true,
        encryption: "",
        nat: "",
    });
    let registered_mb = memory_mb(running.pid);
    peer.dial(&kamailio.aor("101"));
    peer.wait("CALL_ESTABLISHED");
    pause(SETTLED);
    let call_mb = memory_mb(running.pid);
    let before = (processor_time(running.pid), context_switches(running.pid));
    let began = Instant::now();
    pause(MEASURED);
    let spent = processor_time(running.pid) - before.0;
    let switches = context_switches(running.pid) - before.1;
    let lasted = began.elapsed().as_secs_f64();
    peer.hang_up();
    Cost {
        registered_mb,
        call_mb,
        seconds_a_minute: 60.0 * spent.as_secs_f64() / lasted,
        switches_a_second: switches as f64 / lasted,
    }
}
