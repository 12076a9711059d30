//! What calls through a sound server's devices cost: how long until a packet is heard, and processor time with what is
//! done to the voice. A PulseAudio of this program's own has null sinks; baresip reaches it by ALSA's plugin.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use super::agent::{Agent, BARESIP, Part, RINGBOOK, Sound};
use super::load::{CODECS, one_call};
use super::statistics::p50_p99;
use super::support::RawPeer;
use super::table::{Row, Table};

#[path = "../../media/tests/sound_servers/mod.rs"]
mod sound_servers;

use sound_servers::{Ear, Kind, Mouth, is_served, load_microphone, packets_to_ear, pactl, serve};

/// The argument that names this measurement.
pub const NAME: &str = "cards";

/// In a program of its own that knows this server alone, which prints a table of its own.
pub fn measure(table: &mut Table) {
    if !is_served() {
        let sinks = ["sink_name=loudspeaker", "sink_name=room"];
        let ended = serve(Kind::PulseAudio, &sinks, |itself| itself.arg(NAME).status());
        assert!(ended.unwrap().success());
        return;
    }
    pactl(&["set-default-sink", "loudspeaker"]);
    load_microphone("microphone", "room");
    pactl(&["set-default-source", "microphone"]);
    let _said = Mouth::at("room", 440.0);
    for agent in [&RINGBOOK, &BARESIP] {
        delay(agent, table);
        for (codec, line_codec, [goal, _]) in CODECS {
            let plain = Sound::Devices { processed: false };
            cost(agent, (codec, line_codec), plain, "", goal, table);
        }
    }
    for (codec, line_codec, _) in CODECS {
        let processed = Sound::Devices { processed: true };
        let what = ", echo, noise and gain";
        cost(&RINGBOOK, (codec, line_codec), processed, what, "", table);
    }
}

fn delay(agent: &Agent, table: &mut Table) {
    let running = agent.start(&Part {
        sound: Sound::Devices { processed: false },
        ..Part::default()
    });
    let mut peer = RawPeer::new();
    let sound = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut call = peer.call("200", running.address);
    let port = sound.local_addr().unwrap().port();
    peer.send(&call.invite(port), running.address);
    let answer = peer.expect("SIP/2.0 200");
    peer.send(&call.ack(&answer), running.address);
    let there = answer.sound_address();
    let send = |packet: &[u8]| {
        sound.send_to(packet, there).unwrap();
    };
    let ear = Ear::at("loudspeaker.monitor");
    let mut delays: Vec<Duration> = packets_to_ear(0, send, &ear);
    peer.send(&call.bye(), running.address);
    let row = Row::new(
        "packet in → heard at the sound server, ms (p50 / p99)",
        "≤ 57",
    );
    table.note(agent.name, &row, p50_p99(&mut delays));
}

fn cost(
    agent: &Agent,
    (codec, line_codec): (&str, &str),
    sound: Sound,
    what: &str,
    goal: &'static str,
    table: &mut Table,
) {
    let part = Part {
        codec,
        sound,
        ..Part::default()
    };
    let cost = one_call(agent, part, line_codec);
    let name = format!("CPU s a minute by the sound server, {codec}{what}");
    let spent = format!("{:.2}", cost.seconds_a_minute);
    table.note(agent.name, &Row::new(name, goal), spent);
}
