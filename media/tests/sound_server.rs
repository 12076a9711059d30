//! A call through a real sound server: heard in a loudspeaker, spoken into a microphone.
//!
//! Needs a PulseAudio server whose default source is the monitor of its default sink, for instance
//! `pulseaudio -n -L module-null-sink -L "module-native-protocol-unix socket=/tmp/native auth-anonymous=1"`
//! and `PULSE_SERVER=unix:/tmp/native`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod phones;

use std::sync::{Mutex, MutexGuard, PoisonError};

use phones::{Phone, connect, read, seconds_of};
use ringbook_media::{
    calibration::Microphone,
    codec::Codec,
    device::{InputDevice, OutputDevice},
    engine::{MediaCommand, MediaEvent, StreamId},
    signal::has_tone,
};

/// Half a second of a tone every second.
fn bursts(folder: &std::path::Path) -> InputDevice {
    let path = folder.join("bursts.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    let mut sound = vec![0.0; 8_000];
    sound.extend(ringbook_media::signal::tone(16_000, 900.0, 0.4, 8_000));
    for sample in sound {
        writer.write_sample((sample * 32_767.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    InputDevice::File(path)
}

/// Where the tone begins, in milliseconds.
fn onsets(samples: &[f32], rate: u32) -> Vec<f32> {
    let step = rate as usize / 500;
    let present: Vec<bool> = samples
        .windows(step * 5)
        .step_by(step)
        .map(|block| has_tone(block, rate, 900.0))
        .collect();
    let begins = |index: &usize| {
        *index > 20 && present[*index] && present[*index - 20..*index].iter().all(|there| !there)
    };
    (0..present.len())
        .filter(begins)
        .map(|index| index as f32 * 2.0)
        .collect()
}

/// The sound server, for one test at a time: what one plays all microphones hear. `None`: there is none.
fn sound_server() -> Option<MutexGuard<'static, ()>> {
    static SERVER: Mutex<()> = Mutex::new(());
    if std::env::var_os("PULSE_SERVER").is_none() {
        eprintln!("skipped: no PULSE_SERVER");
        return None;
    }
    Some(SERVER.lock().unwrap_or_else(PoisonError::into_inner))
}

#[test]
fn the_loudspeaker_is_found_in_the_microphone() {
    let Some(_server) = sound_server() else {
        return;
    };
    let office = Phone::start(InputDevice::Default, OutputDevice::Default);
    office.handle.send(MediaCommand::Calibrate);
    let found = office.wait("calibration", |event| match event {
        MediaEvent::Calibrated(found) => Some(*found),
        _ => None,
    });
    let found = found.expect("there is no call");
    eprintln!("{found:?}");
    assert!(
        found.loudspeaker && matches!(found.microphone, Microphone::Hears { clipped: false, .. })
    );
    let echo = found.echo.expect("the monitor hears the sink");
    assert!((20.0..500.0).contains(&echo.delay_ms) && echo.level_db.abs() < 3.0);
}

#[test]
fn what_the_loudspeaker_plays_is_what_the_microphone_says() {
    let Some(_server) = sound_server() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("call.wav");
    let office = Phone::start(InputDevice::Default, OutputDevice::Default);
    let caller = Phone::start(bursts(folder.path()), OutputDevice::Null);
    connect(&office, &caller, Codec::G722);
    caller.record(1, &recording);
    caller.wait_for_stats(1, |stats| stats.packets_received > 600);
    caller.handle.send(MediaCommand::Close {
        stream: StreamId(1),
    });
    caller.wait_for_recording(1);
    assert!(
        !office
            .events
            .try_iter()
            .any(|event| matches!(event, MediaEvent::DeviceLost { .. }))
    );
    let (channels, rate) = read(&recording);
    assert!(
        seconds_of(&channels[1], rate, 900.0) > 4.0,
        "the tone did not come back"
    );
    let (said, heard) = (onsets(&channels[0], rate), onsets(&channels[1], rate));
    let mut delays: Vec<f32> = heard
        .iter()
        .filter_map(|heard| {
            said.iter()
                .rev()
                .find(|said| *said <= heard)
                .map(|said| heard - said)
        })
        .collect();
    delays.sort_by(f32::total_cmp);
    eprintln!("there and back through the sound server in {delays:?} ms");
    assert!(delays[delays.len() / 2] < 400.0);
}
