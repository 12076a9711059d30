//! What echo cancellation, noise suppression and gain control do with recorded speech in synthetic rooms, and what
//! they cost. Everything but the time repeats.
//!
//! `cargo bench -p ringbook-media --bench voice_processing`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../tests/rooms/mod.rs"]
mod rooms;

use ringbook_media::voice_processing::{NoiseSuppression, VoiceSettings};
use rooms::{
    ROOMS,
    figures::{self, CONVERGED, ECHO_ALONE},
};

const RATES: [u32; 3] = [8_000, 16_000, 48_000];

fn main() {
    echo();
    noise();
    gain();
    cost();
}

fn echo() {
    println!(
        "Echo: how much quieter it gets while the other side alone speaks, and the voice here while both do, in dB"
    );
    let columns = [
        "RT60 s", "ms", "dB", "Hz", "0-2 s", "8-25 s", "level", "likeness",
    ];
    print!("{:24}", "room");
    columns.iter().for_each(|column| print!("{column:>9}"));
    println!();
    for room in ROOMS {
        for rate in RATES {
            for (settings, name) in [
                (ECHO_ALONE, "echo alone"),
                (VoiceSettings::default(), "all on"),
            ] {
                let enhancement =
                    |span| figures::echo_return_loss_enhancement(settings, rate, &room, span);
                let (early, late) = (enhancement((0.0, 2.0)), enhancement((CONVERGED, 25.0)));
                let both = figures::double_talk_loss(settings, rate, &room);
                println!(
                    "{:24}{:9.1}{:9.0}{:9.0}{rate:9}{early:9.1}{late:9.1}{:9.1}{:9.1}  {name}",
                    room.name, room.rt60, room.delay_ms, -room.loss_db, both.level, both.likeness
                );
            }
        }
    }
}

fn noise() {
    println!(
        "\nNoise: how much quieter it gets / the voice with it, in dB, by how far it is below"
    );
    let levels = [
        (NoiseSuppression::Low, "low"),
        (NoiseSuppression::Moderate, "moderate"),
        (NoiseSuppression::High, "high"),
    ];
    for (noise_suppression, name) in levels {
        print!("{name:12}");
        for below in [30.0, 20.0, 10.0] {
            let settings = VoiceSettings {
                noise_suppression,
                ..VoiceSettings::OFF
            };
            let found = figures::noise_suppression(settings, 16_000, below);
            print!("  {below:.0} dB: {:.1} / {:.1}", found.noise, found.voice);
        }
        println!();
    }
}

fn gain() {
    println!("\nGain: a voice of so many dBFS is sent with so many");
    let settings = VoiceSettings {
        gain_control: true,
        ..VoiceSettings::OFF
    };
    for level in [-45.0, -38.0, -32.0, -26.0, -20.0, -14.0] {
        print!(
            "  {level:.0}: {:.1}",
            figures::sent_level(settings, 16_000, level)
        );
    }
    println!();
}

fn cost() {
    println!("\nTime for 10 ms of both directions, µs");
    for rate in RATES {
        let cost = |settings| figures::cost(settings, rate, &ROOMS[1]).as_micros();
        let (alone, all) = (cost(ECHO_ALONE), cost(VoiceSettings::default()));
        let silent = figures::cost_in_silence(VoiceSettings::default(), rate, &ROOMS[1]);
        let silent = silent.as_micros();
        println!("{rate:8} Hz  echo alone {alone}  all on {all}  all on, in silence {silent}");
    }
}
