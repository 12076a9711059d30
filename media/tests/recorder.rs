//! The recorder with its real thread and real files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use proptest::prelude::*;
use ringbook_media::{
    recorder::{
        Recorder, RecordingError, RecordingFormat, RecordingRequest, RepairError, Report, Tap,
        repair,
    },
    signal::{Oscillator, has_tone, power, power_at},
};
use sha2::{Digest, Sha256};

const DEADLINE: Duration = Duration::from_secs(20);

/// A recording in the format that the file's extension says.
fn request(path: &Path, rate: u32) -> (RecordingRequest, Receiver<Report>) {
    let (sender, reports) = channel();
    let request = RecordingRequest {
        path: path.to_owned(),
        format: path
            .extension()
            .unwrap()
            .to_str()
            .unwrap()
            .parse::<RecordingFormat>()
            .unwrap(),
        channels: 2,
        rate,
        overwrite: false,
        report: Box::new(move |report| sender.send(report).unwrap()),
    };
    (request, reports)
}

/// Begins a recording and waits for its file.
fn begin(recorder: &Recorder, path: &Path, rate: u32) -> (Tap, Receiver<Report>) {
    let (request, reports) = request(path, rate);
    let tap = recorder.record(request).unwrap();
    assert_eq!(reports.recv_timeout(DEADLINE), Ok(Report::Started));
    (tap, reports)
}

/// Both sides of a talk: the agent at 440 Hz, the client at 1000 Hz.
struct Talk {
    rate: u32,
    agent: Oscillator,
    client: Oscillator,
}

impl Talk {
    fn new(rate: u32) -> Self {
        Self {
            rate,
            agent: Oscillator::new(rate, 440.0, 0.4),
            client: Oscillator::new(rate, 1_000.0, 0.4),
        }
    }

    fn tick(&mut self, tap: &mut Tap) {
        let (mut left, mut right) = (
            vec![0.0; self.rate as usize / 50],
            vec![0.0; self.rate as usize / 50],
        );
        self.agent.fill(&mut left);
        self.client.fill(&mut right);
        tap.frame(self.rate, &[&left, &right]);
    }
}

/// The two channels of a WAV file.
fn channels(path: &Path) -> [Vec<f32>; 2] {
    let mut reader = hound::WavReader::open(path).unwrap();
    assert_eq!(
        (reader.spec().channels, reader.spec().bits_per_sample),
        (2, 16)
    );
    let samples: Vec<f32> = reader
        .samples::<i16>()
        .map(|sample| f32::from(sample.unwrap()) / 32_768.0)
        .collect();
    [0, 1].map(|channel| samples.iter().skip(channel).step_by(2).copied().collect())
}

/// The two channels of an Ogg Opus file at 48 kHz, as another player plays them: Debian's opus-tools.
fn opus_channels(path: &Path) -> [Vec<f32>; 2] {
    let played = path.with_extension("played.wav");
    let ended = Command::new("opusdec")
        .args(["--quiet", "--float", "--rate", "48000"])
        .args([path, &played])
        .output()
        .expect("opusdec: see scripts/install-packages");
    assert!(ended.status.success(), "{ended:?}");
    let mut reader = hound::WavReader::open(&played).unwrap();
    assert_eq!(reader.spec().channels, 2);
    let samples: Vec<f32> = reader.samples::<f32>().map(Result::unwrap).collect();
    [0, 1].map(|channel| samples.iter().skip(channel).step_by(2).copied().collect())
}

fn temporary() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("2026/call.wav");
    (folder, path)
}

#[test]
fn s5_29_the_agent_is_left_the_client_right_and_the_file_is_as_long_as_the_talk() {
    for (codec_rate, file_rate) in [
        (8_000, 8_000),
        (16_000, 16_000),
        (48_000, 16_000),
        (8_000, 16_000),
    ] {
        let (_folder, path) = temporary();
        let recorder = Recorder::start().unwrap();
        let (mut tap, reports) = begin(&recorder, &path, file_rate);
        let mut talk = Talk::new(codec_rate);
        (0..75).for_each(|_| talk.tick(&mut tap));
        drop(tap);
        let Ok(Report::Finished(finished)) = reports.recv_timeout(DEADLINE) else {
            panic!("not finished")
        };
        assert_eq!(finished.duration(), Duration::from_millis(1_500));
        assert_eq!(
            finished.sha256[..],
            Sha256::digest(fs::read(&path).unwrap())[..]
        );
        let [left, right] = channels(&path);
        assert_eq!(left.len() as u64, finished.frames);
        let steady = file_rate as usize / 10..;
        for (channel, there, not_there) in [(&left, 440.0, 1_000.0), (&right, 1_000.0, 440.0)] {
            assert!(
                has_tone(&channel[steady.clone()], file_rate, there),
                "{there} Hz at {codec_rate}"
            );
            assert!(
                !has_tone(&channel[steady.clone()], file_rate, not_there),
                "{not_there} Hz at {codec_rate}"
            );
        }
    }
}

#[test]
fn an_opus_recording_keeps_the_voices_apart_and_the_length_of_the_talk_in_a_tenth_of_the_size() {
    for (codec_rate, file_rate) in [(8_000, 8_000), (16_000, 16_000), (48_000, 16_000)] {
        let (folder, _) = temporary();
        let path = folder.path().join("call.opus");
        let recorder = Recorder::start().unwrap();
        let (mut tap, reports) = begin(&recorder, &path, file_rate);
        let mut talk = Talk::new(codec_rate);
        (0..100).for_each(|_| talk.tick(&mut tap));
        tap.pause(true);
        (0..100).for_each(|_| talk.tick(&mut tap));
        drop(tap);
        let Ok(Report::Finished(finished)) = reports.recv_timeout(DEADLINE) else {
            panic!("not finished")
        };
        assert_eq!(finished.duration(), Duration::from_secs(4));
        assert_eq!(
            finished.sha256[..],
            Sha256::digest(fs::read(&path).unwrap())[..]
        );
        let [left, right] = opus_channels(&path);
        assert_eq!(left.len(), 4 * 48_000);
        for (channel, there, elsewhere) in [(&left, 440.0, 1_000.0), (&right, 1_000.0, 440.0)] {
            let talk = &channel[9_600..86_400];
            assert!(has_tone(talk, 48_000, there), "{there} Hz at {codec_rate}");
            let apart = power_at(talk, 48_000, there) / power_at(talk, 48_000, elsewhere);
            assert!(
                apart > 3_000.0,
                "{elsewhere} Hz is heard beside {there} Hz at {codec_rate}: {apart}"
            );
            assert!(power(&channel[110_000..]) < 1e-6);
        }
        let octets = fs::metadata(&path).unwrap().len();
        // 24 kbit/s and what the pages and the comments take.
        assert!(octets < 4 * 3_000 + 6_000, "{octets}");
        let repaired = repair(&path).unwrap();
        assert_eq!(
            (repaired.changed, repaired.duration()),
            (false, Duration::from_secs(4))
        );
    }
}

#[test]
fn an_opus_recording_cut_anywhere_is_repaired_to_its_last_whole_page() {
    let (folder, _) = temporary();
    let path = folder.path().join("call.opus");
    let recorder = Recorder::start().unwrap();
    let (mut tap, _reports) = begin(&recorder, &path, 16_000);
    let mut talk = Talk::new(16_000);
    let copy = folder.path().join("copy.opus");
    // It grows page by page, and can be played all the while.
    for round in 1..=4 {
        (0..15).for_each(|_| talk.tick(&mut tap));
        let begin = Instant::now();
        loop {
            fs::copy(&path, &copy).unwrap();
            // A tick is held back, and the pre-skip may not be there yet.
            if repair(&copy).is_ok_and(|repaired| repaired.frames + 2 * 960 >= round * 15 * 960) {
                break;
            }
            assert!(begin.elapsed() < DEADLINE, "nothing new in round {round}");
            std::thread::yield_now();
        }
    }
    let bytes = fs::read(&copy).unwrap();
    let mut last = 0;
    for cut in (0..60)
        .chain((60..bytes.len()).step_by(41))
        .chain([bytes.len()])
    {
        fs::write(&copy, &bytes[..cut]).unwrap();
        match repair(&copy) {
            Ok(repaired) => {
                assert!(repaired.frames >= last);
                last = repaired.frames;
                let again = repair(&copy).unwrap();
                assert_eq!((again.changed, again.frames), (false, repaired.frames));
            }
            Err(_) => assert!(cut < 51, "refused at {cut}"),
        }
    }
    assert!(last + 2 * 960 >= 60 * 960);
    assert_eq!(opus_channels(&copy)[0].len() as u64, last);
}

#[test]
fn hold_pause_missed_ticks_and_a_change_of_codec_leave_silence_of_their_length() {
    let (_folder, path) = temporary();
    let recorder = Recorder::start().unwrap();
    let (mut tap, reports) = begin(&recorder, &path, 8_000);
    let (mut narrow, mut wide) = (Talk::new(8_000), Talk::new(16_000));
    (0..50).for_each(|_| narrow.tick(&mut tap));
    (0..25).for_each(|_| tap.silence(1));
    (0..50).for_each(|_| wide.tick(&mut tap));
    tap.pause(true);
    (0..30).for_each(|_| narrow.tick(&mut tap));
    tap.pause(false);
    tap.silence(45);
    (0..50).for_each(|_| narrow.tick(&mut tap));
    drop(tap);
    let Ok(Report::Finished(finished)) = reports.recv_timeout(DEADLINE) else {
        panic!("not finished")
    };
    assert_eq!(finished.duration(), Duration::from_secs(5));
    // The agent's side is in the file a tick earlier than it came.
    assert_eq!(finished.pauses, [(124 * 160, 154 * 160)]);
    let [left, _] = channels(&path);
    let second = |from: f32, to: f32| &left[(from * 8_000.0) as usize..(to * 8_000.0) as usize];
    assert!(has_tone(second(0.0, 0.98), 8_000, 440.0));
    assert!(second(0.98, 1.48).iter().all(|sample| *sample == 0.0));
    assert!(has_tone(second(1.6, 2.48), 8_000, 440.0));
    assert!(
        second(2.48, 3.98).iter().all(|sample| *sample == 0.0),
        "what was said in the pause is in no file"
    );
    assert!(has_tone(second(4.0, 4.98), 8_000, 440.0));
}

#[test]
fn an_existing_file_is_never_overwritten_and_the_call_learns_of_it() {
    let (_folder, path) = temporary();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"precious").unwrap();
    let recorder = Recorder::start().unwrap();
    let (request, reports) = request(&path, 8_000);
    let mut tap = recorder.record(request).unwrap();
    let failed = Report::Failed {
        error: RecordingError::Io(std::io::ErrorKind::AlreadyExists),
        saved: None,
    };
    assert_eq!(reports.recv_timeout(DEADLINE), Ok(failed));
    Talk::new(8_000).tick(&mut tap);
    assert!(tap.is_closed());
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

/// A file system of this many octets, as long as it lives; none where we may not mount one.
#[cfg(target_os = "linux")]
struct SmallDisk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn new(octets: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={octets}");
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        mount
            .is_ok_and(|status| status.success())
            .then_some(Self(folder))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmount = std::process::Command::new("umount")
            .arg(self.0.path())
            .status();
        assert!(unmount.is_ok_and(|status| status.success()));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_a_recording_of_either_format_ends_at_once_and_plays_up_to_there() {
    // Only who may mount can have a small disk; a disk in memory is tried where the recording is written.
    let Some(disk) = SmallDisk::new(256 * 1_024) else {
        return;
    };
    for (name, least) in [("call.wav", 3.5), ("call.opus", 20.0)] {
        let path = disk.0.path().join(name);
        let recorder = Recorder::start().unwrap();
        let (mut tap, reports) = begin(&recorder, &path, 16_000);
        let mut talk = Talk::new(16_000);
        let mut ticks = 0_u32;
        let failed = loop {
            (0..50).for_each(|_| talk.tick(&mut tap));
            ticks += 50;
            match reports.recv_timeout(Duration::from_millis(300)) {
                Ok(report) => break report,
                Err(_) => assert!(ticks < 50 * 300, "{name}: the disk never filled up"),
            }
        };
        let Report::Failed {
            error: RecordingError::DiskFull,
            saved: Some(saved),
        } = failed
        else {
            panic!("{name}: {failed:?}")
        };
        assert!(tap.is_closed());
        // Told within two seconds of the call.
        let untold = f64::from(ticks) / 50.0 - saved.duration().as_secs_f64();
        assert!(untold <= 2.0, "{name}: {untold} s");
        assert!(saved.duration().as_secs_f64() > least, "{name}: {saved:?}");
        let repaired = repair(&path).unwrap();
        let off = repaired.duration().abs_diff(saved.duration());
        assert!(off < Duration::from_millis(20), "{name}: {repaired:?}");
        let mut reader = ringbook_media::recorder::RecordingReader::open(&path).unwrap();
        let mut heard = Vec::new();
        while reader.next_frame(&mut heard).unwrap() {}
        fs::remove_file(&path).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_recording() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = temporary();
    let recorder = Recorder::start().unwrap();
    let _recording = begin(&recorder, &path, 8_000);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_recording_under_way_plays_without_any_end_and_lacks_at_most_a_tenth_of_a_second() {
    let (folder, path) = temporary();
    let recorder = Recorder::start().unwrap();
    let (mut tap, _reports) = begin(&recorder, &path, 8_000);
    let mut talk = Talk::new(8_000);
    let copy = folder.path().join("copy.wav");
    for round in 1..=3 {
        (0..33).for_each(|_| talk.tick(&mut tap));
        let begin = Instant::now();
        loop {
            fs::copy(&path, &copy).unwrap();
            let frames = repair(&copy).unwrap().frames;
            assert_eq!(channels(&copy)[0].len() as u64, frames);
            if frames >= (round * 33 - 5) * 160 {
                break;
            }
            assert!(
                begin.elapsed() < DEADLINE,
                "only {frames} frames in round {round}"
            );
            std::thread::yield_now();
        }
    }
}

#[test]
fn many_recordings_at_once_are_all_complete() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::start().unwrap();
    let mut recordings: Vec<_> = (0..40)
        .map(|index| {
            begin(
                &recorder,
                &folder.path().join(format!("{index}.wav")),
                8_000,
            )
        })
        .collect();
    let mut talks: Vec<_> = (0..40).map(|_| Talk::new(8_000)).collect();
    for _ in 0..60 {
        for (talk, (tap, _)) in talks.iter_mut().zip(&mut recordings) {
            talk.tick(tap);
        }
    }
    let reports: Vec<_> = recordings
        .into_iter()
        .map(|(_tap, reports)| reports)
        .collect();
    drop(recorder);
    for reports in reports {
        let Ok(Report::Finished(finished)) = reports.try_recv() else {
            panic!("not finished when the recorder was")
        };
        assert_eq!(finished.frames, 60 * 160);
    }
}

/// A finished recording of `ticks` ticks, as bytes.
fn recorded(ticks: u32) -> Vec<u8> {
    let (_folder, path) = temporary();
    let recorder = Recorder::start().unwrap();
    let (mut tap, _reports) = begin(&recorder, &path, 8_000);
    let mut talk = Talk::new(8_000);
    (0..ticks).for_each(|_| talk.tick(&mut tap));
    drop((tap, recorder));
    fs::read(&path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cut_anywhere_with_any_sizes_in_its_header_a_recording_is_repaired_to_all_its_whole_frames(
        cut in 44_usize..6_444,
        told in any::<u32>(),
    ) {
        let mut bytes = recorded(10);
        prop_assert_eq!(bytes.len(), 6_444);
        bytes.truncate(cut);
        bytes[40..44].copy_from_slice(&(told % 6_400).to_le_bytes());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.wav");
        fs::write(&path, &bytes).unwrap();
        let repaired = repair(&path).unwrap();
        prop_assert_eq!(repaired.frames as usize, (cut - 44) / 4);
        prop_assert_eq!(channels(&path)[0].len(), (cut - 44) / 4);
        prop_assert_eq!(&fs::read(&path).unwrap()[44..], &bytes[44..44 + (cut - 44) / 4 * 4]);
        let again = repair(&path).unwrap();
        prop_assert!(!again.changed);
        prop_assert_eq!(again.frames, repaired.frames);
    }

    #[test]
    fn whatever_is_in_a_file_repairing_it_never_panics_and_a_refused_file_is_left_as_it_was(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
        riff in any::<bool>(),
    ) {
        if riff && bytes.len() > 60 {
            bytes[..44].copy_from_slice(&recorded(1)[..44]);
            let at = usize::from(bytes[50]) % 44;
            bytes[at] = bytes[51];
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.wav");
        fs::write(&path, &bytes).unwrap();
        if repair(&path).is_err() {
            prop_assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }
}

#[test]
fn a_recording_in_order_is_not_touched() {
    let (_folder, path) = temporary();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut bytes = recorded(10);
    fs::write(&path, &bytes).unwrap();
    assert!(!repair(&path).unwrap().changed);
    // So is one that another program has added a chunk to.
    bytes.extend(b"LIST\x04\0\0\0INFO");
    let len = bytes.len() as u32 - 8;
    bytes[4..8].copy_from_slice(&len.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let repaired = repair(&path).unwrap();
    assert_eq!(
        (repaired.changed, repaired.frames, repaired.duration()),
        (false, 1_600, Duration::from_millis(200))
    );
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn what_is_no_recording_is_refused_with_what_is_missing_and_where() {
    let (_folder, path) = temporary();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"ID3 this is a song, not a recording of a call").unwrap();
    let error = repair(&path).unwrap_err();
    assert!(matches!(error, RepairError::NotARecording { at: 0, .. }));
    assert!(error.to_string().contains("RIFF"), "{error}");
    fs::write(&path, &recorded(1)[..30]).unwrap();
    assert!(matches!(
        repair(&path),
        Err(RepairError::NoSound { len: 30 })
    ));
    assert!(matches!(
        repair(Path::new("/nonexistent/call.wav")),
        Err(RepairError::Io(_))
    ));
}
