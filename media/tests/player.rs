//! Recordings that are played into a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod phones;

use std::{
    path::Path,
    sync::mpsc::channel,
    time::{Duration, Instant},
};

use phones::read;
use ringbook_media::{
    device::OutputDevice,
    engine::{PlayError, play},
    recorder::{Recorder, RecordingFormat, RecordingRequest},
    signal::{power_at, tone},
};

const RATE: u32 = 16_000;
const DEADLINE: Duration = Duration::from_secs(20);

/// A second and a half: 600 Hz on the agent's side, 1300 Hz on the client's.
fn recording(folder: &Path, format: RecordingFormat) -> std::path::PathBuf {
    let path = folder.join(match format {
        RecordingFormat::Wav => "call.wav",
        RecordingFormat::Opus => "call.opus",
    });
    let (told, done) = channel();
    let recorder = Recorder::start().unwrap();
    let request = RecordingRequest {
        path: path.clone(),
        format,
        channels: 2,
        rate: RATE,
        overwrite: false,
        report: Box::new(move |report| told.send(report).unwrap()),
    };
    let mut tap = recorder.record(request).unwrap();
    let voices = [600.0, 1_300.0].map(|hertz| tone(RATE, hertz, 0.3, RATE as usize * 3 / 2));
    let frames = voices[0].chunks(320).zip(voices[1].chunks(320));
    for (agent, client) in frames {
        tap.frame(RATE, &[agent, client]);
    }
    drop(tap);
    drop(recorder);
    assert!(done.iter().count() > 0);
    path
}

#[test]
fn both_voices_of_a_recording_are_heard_in_their_own_time() {
    for format in [RecordingFormat::Wav, RecordingFormat::Opus] {
        let folder = tempfile::tempdir().unwrap();
        let heard = folder.path().join("heard.wav");
        let file = recording(folder.path(), format);
        let begin = Instant::now();
        play(&file, &OutputDevice::File(heard.clone()), || false).unwrap();
        assert!(begin.elapsed() > Duration::from_millis(1_400), "{format:?}");
        let (channels, rate) = read(&heard);
        let length = channels[0].len() as f32 / rate as f32;
        assert!((1.45..1.6).contains(&length), "{length} s of {format:?}");
        let steady = &channels[0][rate as usize / 4..rate as usize];
        for hertz in [600.0, 1_300.0] {
            let power = power_at(steady, rate, hertz);
            assert!(
                (0.03..0.06).contains(&power),
                "{power} at {hertz} Hz of {format:?}"
            );
        }
    }
}

#[test]
fn a_player_that_is_stopped_ends_at_once_with_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard.wav");
    let file = recording(folder.path(), RecordingFormat::Wav);
    let begin = Instant::now();
    let mut ticks = 0;
    let stopped = || {
        ticks += 1;
        ticks > 25
    };
    play(&file, &OutputDevice::File(heard.clone()), stopped).unwrap();
    assert!(begin.elapsed() < DEADLINE);
    let length = read(&heard).0[0].len();
    assert!(
        (RATE as usize / 4..RATE as usize).contains(&length),
        "{length}"
    );
}

#[test]
fn what_cannot_be_played_is_told_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.mp3");
    std::fs::write(&path, b"ID3 a song, not a recording").unwrap();
    let refused = play(&path, &OutputDevice::Null, || false);
    assert!(matches!(refused, Err(PlayError::Sound(_))), "{refused:?}");
    let file = recording(folder.path(), RecordingFormat::Wav);
    let nowhere = OutputDevice::File(file.join("no folder.wav"));
    let refused = play(&file, &nowhere, || false);
    assert!(matches!(refused, Err(PlayError::Device(_))), "{refused:?}");
    let absent = OutputDevice::Named("no such loudspeaker".to_owned());
    let refused = play(&file, &absent, || false);
    assert!(matches!(refused, Err(PlayError::Device(_))), "{refused:?}");
}
