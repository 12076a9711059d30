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
    engine::{PlayError, PlayOrder, Playback, play},
    recorder::{ReadError, Recorder, RecordingFormat, RecordingRequest},
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
        let sound = Playback::open(&file).unwrap();
        play(sound, &OutputDevice::File(heard.clone()), |_| Ok(true)).unwrap();
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
    let goes_on = |_: &mut Playback| {
        ticks += 1;
        Ok(ticks <= 25)
    };
    let sound = Playback::open(&file).unwrap();
    play(sound, &OutputDevice::File(heard.clone()), goes_on).unwrap();
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
    let refused = Playback::open(&path).map(drop);
    assert!(
        matches!(
            refused,
            Err(ReadError::Damaged(_) | ReadError::Unsupported { .. })
        ),
        "{refused:?}"
    );
    let file = recording(folder.path(), RecordingFormat::Wav);
    let nowhere = OutputDevice::File(file.join("no folder.wav"));
    let refused = play(Playback::open(&file).unwrap(), &nowhere, |_| Ok(true));
    assert!(matches!(refused, Err(PlayError::Device(_))), "{refused:?}");
    let absent = OutputDevice::Named("no such loudspeaker".to_owned());
    let refused = play(Playback::open(&file).unwrap(), &absent, |_| Ok(true));
    assert!(matches!(refused, Err(PlayError::Device(_))), "{refused:?}");
}

/// What is heard in so many frames of 20 ms; fewer at the end.
fn hear(playback: &mut Playback, frames: usize) -> Vec<f32> {
    let (mut all, mut frame) = (Vec::new(), Vec::new());
    for _ in 0..frames {
        if !playback.next_frame(&mut frame).unwrap() {
            break;
        }
        all.extend(&frame);
    }
    all
}

/// 600 Hz for half a second, 1300 Hz for another, 600 Hz again.
fn changing(folder: &Path, format: RecordingFormat) -> std::path::PathBuf {
    let path = folder.join(format!("{format:?}"));
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
    for hertz in [600.0, 1_300.0, 600.0] {
        for frame in tone(RATE, hertz, 0.3, RATE as usize / 2).chunks(320) {
            tap.frame(RATE, &[frame, &[0.0; 320]]);
        }
    }
    drop(tap);
    drop(recorder);
    assert!(done.iter().count() > 0);
    path
}

fn near(position: Duration, millis: u64) -> bool {
    position.abs_diff(Duration::from_millis(millis)) <= Duration::from_millis(25)
}

#[test]
fn s5_30_a_recording_goes_on_from_any_place_in_virtual_time() {
    for format in [RecordingFormat::Wav, RecordingFormat::Opus] {
        let folder = tempfile::tempdir().unwrap();
        let file = changing(folder.path(), format);
        let whole = hear(&mut Playback::open(&file).unwrap(), 100);
        let mut playback = Playback::open(&file).unwrap();
        assert!(near(playback.length(), 1_500), "{:?}", playback.length());
        assert_eq!(playback.position(), Duration::ZERO);
        hear(&mut playback, 10);
        assert!(near(playback.position(), 200), "{:?}", playback.position());
        let rate = playback.rate();
        // To and fro: the middle, where the other tone is, and the beginning again.
        for (millis, hertz, other) in [(600, 1_300.0, 600.0), (100, 600.0, 1_300.0)] {
            let place = Duration::from_millis(millis);
            playback.obey(PlayOrder::Seek(place)).unwrap();
            assert!(
                near(playback.position(), millis),
                "{:?}",
                playback.position()
            );
            let heard = hear(&mut playback, 10);
            let power = power_at(&heard, rate, hertz);
            let rest = power_at(&heard, rate, other);
            assert!(
                power > 0.02 && rest < power / 100.0,
                "{power}, {rest} of {format:?}"
            );
            // As it is for whoever listens from the beginning.
            let begin = (millis * u64::from(rate) / 1_000) as usize;
            let pairs = heard.iter().zip(&whole[begin..]);
            let apart = pairs.map(|(one, other)| (one - other).powi(2)).sum::<f32>();
            let apart = apart / heard.len() as f32;
            assert!(
                apart < power / 100.0,
                "{apart} of {power}, {format:?} at {millis}"
            );
            assert!(near(playback.position(), millis + 200));
        }
        playback
            .obey(PlayOrder::Seek(Duration::from_secs(99)))
            .unwrap();
        assert!(hear(&mut playback, 10).len() <= rate as usize / 50);
        assert!(
            near(playback.position(), 1_500),
            "{:?}",
            playback.position()
        );
    }
}

#[test]
fn s5_30_a_recording_rests_and_goes_twice_as_fast_with_its_pitch_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut playback = Playback::open(&recording(folder.path(), RecordingFormat::Wav)).unwrap();
    playback.obey(PlayOrder::Speed(2.0)).unwrap();
    assert_eq!((playback.speed(), playback.is_paused()), (2.0, false));
    let heard = hear(&mut playback, 25);
    assert!(
        near(playback.position(), 1_000),
        "{:?}",
        playback.position()
    );
    for hertz in [600.0, 1_300.0] {
        let power = power_at(&heard[RATE as usize / 10..], RATE, hertz);
        assert!((0.03..0.06).contains(&power), "{power} at {hertz} Hz");
    }
    playback.obey(PlayOrder::Pause).unwrap();
    let silence = hear(&mut playback, 50);
    assert!(silence.len() == RATE as usize && silence.iter().all(|sample| *sample == 0.0));
    assert!(
        near(playback.position(), 1_000),
        "{:?}",
        playback.position()
    );
    playback.obey(PlayOrder::Resume).unwrap();
    playback.obey(PlayOrder::Speed(0.5)).unwrap();
    let rest = hear(&mut playback, 500).len() as f32 / RATE as f32;
    assert!((0.9..1.2).contains(&rest), "{rest} s at half the speed");
}
