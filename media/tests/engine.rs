//! Engines that talk over real sockets on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod phones;

use std::{
    net::UdpSocket,
    time::{Duration, Instant},
};

use phones::{DEADLINE, LOOPBACK, Phone, connect, read, seconds_of, seconds_with, tone_file};
use ringbook_media::{
    codec::Codec,
    device::{DeviceRole, DeviceSettings, InputDevice, OutputDevice},
    engine::{MediaCommand, MediaEvent, RecordingState, StreamId, ToneTarget},
    recorder::RecordingError,
    tone::{Signal, Tone, TonePlan},
};

#[test]
fn s5_29_each_side_hears_the_others_tone_and_the_recording_keeps_them_apart() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let folder = tempfile::tempdir().unwrap();
        let heard = folder.path().join("heard.wav");
        let recording = folder.path().join("call.wav");
        let alice = Phone::start(
            tone_file(folder.path(), 600.0),
            OutputDevice::File(heard.clone()),
        );
        let bob = Phone::start(tone_file(folder.path(), 1_300.0), OutputDevice::Null);
        connect(&alice, &bob, codec);
        alice.record(1, &recording);
        let begin = Instant::now();
        alice.wait("first packet", |event| {
            matches!(event, MediaEvent::FirstPacket { .. }).then_some(())
        });
        let stats = alice.wait_for_stats(1, |stats| stats.packets_received > 100);
        assert_eq!(
            (stats.codec, stats.late, stats.duplicates),
            (Some(codec), 0, 0)
        );
        alice.handle.send(MediaCommand::Close {
            stream: StreamId(1),
        });
        let finished = alice.wait_for_recording(1);
        let talked = begin.elapsed();
        drop(alice.engine);
        let difference = talked.as_secs_f64() - finished.duration().as_secs_f64();
        assert!(
            (-0.2..1.0).contains(&difference),
            "{difference} s with {codec}"
        );
        let (channels, rate) = read(&recording);
        for (channel, there, elsewhere) in [
            (&channels[0], 600.0, 1_300.0),
            (&channels[1], 1_300.0, 600.0),
        ] {
            assert!(
                seconds_of(channel, rate, there) > 1.5,
                "{there} Hz with {codec}"
            );
            assert_eq!(
                seconds_of(channel, rate, elsewhere),
                0.0,
                "{elsewhere} Hz with {codec}"
            );
        }
        let (channels, rate) = read(&heard);
        assert_eq!((channels.len(), rate), (1, codec.sample_rate()));
        assert!(
            seconds_of(&channels[0], rate, 1_300.0) > 1.5,
            "heard with {codec}"
        );
    }
}

#[test]
fn a_mute_a_pause_and_a_hold_each_silence_what_they_should_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("call.wav");
    let alice = Phone::start(tone_file(folder.path(), 600.0), OutputDevice::Null);
    let bob = Phone::start(tone_file(folder.path(), 1_300.0), OutputDevice::Null);
    connect(&alice, &bob, Codec::Pcmu);
    let stream = StreamId(1);
    // Statistics come once a second.
    let second = || {
        alice.wait_for_stats(1, |_| true);
    };
    second();
    alice.record(1, &recording);
    second();
    for step in [
        MediaCommand::Mute { stream, on: true },
        MediaCommand::Mute { stream, on: false },
        MediaCommand::RecordPause { stream },
        MediaCommand::RecordResume { stream },
        MediaCommand::Hold { stream, on: true },
    ] {
        alice.handle.send(step);
        second();
    }
    alice.handle.send(MediaCommand::RecordStop { stream });
    let finished = alice.wait_for_recording(1);
    let (channels, rate) = read(&recording);
    let [(from, to)] = finished.pauses[..] else {
        panic!("{:?}", finished.pauses)
    };
    for channel in &channels {
        assert!(
            channel[from as usize..to as usize]
                .iter()
                .all(|sample| *sample == 0.0)
        );
    }
    let length = finished.duration().as_secs_f32();
    assert!(length > 4.5, "{length}");
    let (left, right) = (
        seconds_of(&channels[0], rate, 600.0),
        seconds_of(&channels[1], rate, 1_300.0),
    );
    let paused = (to - from) as f32 / rate as f32;
    assert!(paused > 0.8, "{paused}");
    // Left lacks the mute, the pause and the hold; right the pause and the hold.
    assert!(right - left > 0.7, "left {left} right {right}");
    assert!(
        length - right > paused + 0.7,
        "right {right} of {length}, paused {paused}"
    );
}

#[test]
fn calls_beside_the_one_in_focus_have_an_input_of_their_own_but_only_the_focus_is_heard() {
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard.wav");
    let alice = Phone::start(
        tone_file(folder.path(), 600.0),
        OutputDevice::File(heard.clone()),
    );
    let bob = Phone::start(tone_file(folder.path(), 1_300.0), OutputDevice::Null);
    let carol = Phone::start(tone_file(folder.path(), 2_100.0), OutputDevice::Null);
    for (id, peer) in [(1, &bob), (2, &carol)] {
        let (here, there) = (alice.open(id), peer.open(id));
        alice.configure(id, Codec::Pcma, there);
        peer.configure(id, Codec::Pcma, here);
        peer.record(id, &folder.path().join(format!("peer{id}.wav")));
    }
    alice.handle.send(MediaCommand::Focus(Some(StreamId(2))));
    for (id, peer) in [(1, &bob), (2, &carol)] {
        peer.wait_for_stats(id, |stats| stats.packets_received > 75);
        peer.handle.send(MediaCommand::Close {
            stream: StreamId(id),
        });
        peer.wait_for_recording(id);
        let (channels, rate) = read(&folder.path().join(format!("peer{id}.wav")));
        assert!(
            seconds_of(&channels[1], rate, 600.0) > 1.0,
            "call {id} got nothing"
        );
    }
    drop(alice.engine);
    let (channels, rate) = read(&heard);
    assert!(seconds_of(&channels[0], rate, 2_100.0) > 1.0);
    assert_eq!(seconds_of(&channels[0], rate, 1_300.0), 0.0);
}

#[test]
fn fifty_looped_calls_at_once_each_hear_themselves_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let looped = Phone::start(InputDevice::Loop, OutputDevice::Null);
    let frequency = |id: u64| 400.0 + 50.0 * id as f32;
    let callers: Vec<_> = (0..50)
        .map(|id| (id, folder.path().join(format!("{id}.wav"))))
        .collect();
    // Ten engines with five callers each.
    let engines: Vec<_> = (0..10)
        .map(|index| {
            Phone::start(
                tone_file(folder.path(), frequency(index)),
                OutputDevice::Null,
            )
        })
        .collect();
    for (id, file) in &callers {
        let phone = &engines[*id as usize % 10];
        let (here, there) = (phone.open(*id), looped.open(*id));
        looped.configure(*id, Codec::Pcmu, here);
        phone.configure(*id, Codec::Pcmu, there);
        phone.record(*id, file);
    }
    for (id, file) in &callers {
        let phone = &engines[*id as usize % 10];
        phone.wait_for_stats(*id, |stats| stats.packets_received > 100);
        phone.handle.send(MediaCommand::Close {
            stream: StreamId(*id),
        });
        phone.wait_for_recording(*id);
        let (channels, rate) = read(file);
        let own = frequency(id % 10);
        assert!(
            seconds_of(&channels[1], rate, own) > 1.0,
            "call {id} does not hear itself"
        );
        for other in (0..10).map(frequency).filter(|other| *other != own) {
            assert_eq!(
                seconds_of(&channels[1], rate, other),
                0.0,
                "call {id} hears {other} Hz"
            );
        }
    }
}

#[test]
fn keys_arrive_once_each_and_in_order() {
    let alice = Phone::start(InputDevice::Silence, OutputDevice::Null);
    let bob = Phone::start(InputDevice::Silence, OutputDevice::Null);
    connect(&alice, &bob, Codec::Pcmu);
    bob.wait("first packet", |event| {
        matches!(event, MediaEvent::FirstPacket { .. }).then_some(())
    });
    alice.handle.send(MediaCommand::Digits {
        stream: StreamId(1),
        digits: "159*0#".into(),
    });
    let digits: String = (0..6)
        .map(|_| {
            bob.wait("digit", |event| match event {
                MediaEvent::Digit { digit, .. } => Some(*digit),
                _ => None,
            })
        })
        .collect();
    assert_eq!(digits, "159*0#");
}

#[test]
fn a_tone_for_a_call_is_heard_by_the_other_side_in_place_of_the_voice() {
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard.wav");
    let alice = Phone::start(tone_file(folder.path(), 900.0), OutputDevice::Null);
    let bob = Phone::start(InputDevice::Silence, OutputDevice::File(heard.clone()));
    let to = ToneTarget::Stream(StreamId(1));
    connect(&alice, &bob, Codec::Pcmu);
    alice.handle.send(MediaCommand::Tone {
        to,
        tone: Some(Tone::Network(Signal::Busy, TonePlan::default())),
    });
    bob.wait_for_stats(1, |stats| stats.packets_received > 100);
    alice.handle.send(MediaCommand::Tone { to, tone: None });
    bob.wait_for_stats(1, |stats| stats.packets_received > 200);
    drop((bob.engine, alice));
    let (channels, rate) = read(&heard);
    assert!(seconds_of(&channels[0], rate, 425.0) > 0.6);
    assert!(seconds_of(&channels[0], rate, 900.0) > 1.0);
}

#[test]
fn levels_are_told_while_somebody_looks_and_not_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let alice = Phone::start(tone_file(folder.path(), 900.0), OutputDevice::Null);
    let bob = Phone::start(InputDevice::Silence, OutputDevice::Null);
    connect(&alice, &bob, Codec::Pcmu);
    let mut levels = 0;
    let count = |phone: &Phone, packets: u64, levels: &mut u32| {
        let end = Instant::now() + DEADLINE;
        loop {
            match phone.events.recv_timeout(end - Instant::now()).unwrap() {
                MediaEvent::Levels { input, output, .. } => {
                    *levels += 1;
                    assert!(
                        (0.35..0.45).contains(&input) && output < 0.01,
                        "{input} {output}"
                    );
                }
                MediaEvent::Stats { stats, .. } if stats.packets_received > packets => return,
                _ => {}
            }
        }
    };
    count(&alice, 60, &mut levels);
    assert_eq!(levels, 0);
    alice.handle.send(MediaCommand::Levels { on: true });
    count(&alice, 160, &mut levels);
    assert!((15..=45).contains(&levels), "{levels}");
}

#[test]
fn silence_from_the_other_side_is_told_within_five_seconds() {
    let alice = Phone::start(InputDevice::Silence, OutputDevice::Null);
    let nobody = UdpSocket::bind((LOOPBACK, 0)).unwrap();
    let address = nobody.local_addr().unwrap();
    alice.open(1);
    let begin = Instant::now();
    alice.configure(1, Codec::Pcmu, [address, address]);
    let for_s = alice.wait("notice", |event| match event {
        MediaEvent::NoRtp { for_s, .. } => Some(*for_s),
        _ => None,
    });
    assert_eq!(for_s, 5);
    assert!(begin.elapsed() > Duration::from_millis(4_500));
}

#[test]
fn the_first_packet_leaves_at_once_and_the_others_every_twenty_milliseconds() {
    let alice = Phone::start(InputDevice::Silence, OutputDevice::Null);
    let peer = UdpSocket::bind((LOOPBACK, 0)).unwrap();
    peer.set_read_timeout(Some(DEADLINE)).unwrap();
    let address = peer.local_addr().unwrap();
    let mut buffer = [0; 2_048];
    alice.open(1);
    alice.configure(1, Codec::Pcmu, [address, (LOOPBACK, 9).into()]);
    let mut sequence = Vec::new();
    let begin = Instant::now();
    for _ in 0..101 {
        let len = peer.recv(&mut buffer).unwrap();
        assert_eq!(len, 172);
        sequence.push(u16::from_be_bytes([buffer[2], buffer[3]]));
    }
    // A grid that drifts or forgets ticks would be far off after a hundred.
    let pace = begin.elapsed().as_secs_f64() / 100.0;
    assert!((0.019..0.024).contains(&pace), "{pace}");
    assert!(
        sequence
            .windows(2)
            .all(|pair| pair[1] == pair[0].wrapping_add(1))
    );
}

#[test]
fn devices_that_are_not_there_are_told_and_the_call_goes_on_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let alice = Phone::start(
        InputDevice::File(folder.path().join("absent.wav")),
        OutputDevice::Named("No such loudspeaker".into()),
    );
    let bob = Phone::start(InputDevice::Silence, OutputDevice::Null);
    connect(&alice, &bob, Codec::Pcmu);
    let mut lost = vec![];
    while lost.len() < 2 {
        lost.push(alice.wait("lost device", |event| match event {
            // Where there is a sound system, its default steps in.
            MediaEvent::DeviceLost { which, .. } | MediaEvent::DeviceReplaced { which, .. } => {
                Some(*which)
            }
            _ => None,
        }));
    }
    assert!(
        lost.contains(&DeviceRole::Input) && lost.contains(&DeviceRole::Output),
        "{lost:?}"
    );
    bob.wait_for_stats(1, |stats| stats.packets_received > 50);
    // The file appears: it is found without anybody asking.
    let InputDevice::File(present) = tone_file(folder.path(), 900.0) else {
        unreachable!()
    };
    std::fs::rename(present, folder.path().join("absent.wav")).unwrap();
    alice.wait("device back", |event| {
        matches!(
            event,
            MediaEvent::DeviceBack {
                which: DeviceRole::Input
            }
        )
        .then_some(())
    });
}

#[test]
fn other_devices_serve_a_call_that_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard.wav");
    let alice = Phone::start(InputDevice::Silence, OutputDevice::Null);
    let bob = Phone::start(InputDevice::Silence, OutputDevice::File(heard.clone()));
    connect(&alice, &bob, Codec::Pcmu);
    bob.wait_for_stats(1, |stats| stats.packets_received > 30);
    alice
        .handle
        .send(MediaCommand::SetDevices(DeviceSettings::without_bell(
            tone_file(folder.path(), 900.0),
            OutputDevice::Null,
        )));
    bob.wait_for_stats(1, |stats| stats.packets_received > 130);
    drop((bob.engine, alice));
    let (channels, rate) = read(&heard);
    assert!(seconds_of(&channels[0], rate, 900.0) > 1.0);
}

#[test]
fn recording_what_is_not_there_or_twice_fails_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let alice = Phone::start(InputDevice::Silence, OutputDevice::Null);
    let bob = Phone::start(InputDevice::Silence, OutputDevice::Null);
    let failure = || {
        alice.wait("failure", |event| match event {
            MediaEvent::Recording {
                state: RecordingState::Failed { error, saved: None },
                ..
            } => Some(error.clone()),
            _ => None,
        })
    };
    alice.record(1, &folder.path().join("none.wav"));
    assert_eq!(failure(), RecordingError::NoStream);
    connect(&alice, &bob, Codec::Pcmu);
    alice.record(1, &folder.path().join("first.wav"));
    alice.record(1, &folder.path().join("second.wav"));
    assert_eq!(failure(), RecordingError::AlreadyRecording);
    alice.handle.send(MediaCommand::RecordStop {
        stream: StreamId(1),
    });
    alice.wait_for_recording(1);
    // A folder where the file should be: the disk says no, the call goes on.
    std::fs::create_dir(folder.path().join("third.wav")).unwrap();
    alice.record(1, &folder.path().join("third.wav"));
    assert!(matches!(failure(), RecordingError::Io(_)));
    bob.wait_for_stats(1, |stats| stats.packets_received > 50);
}

#[test]
fn shutting_down_in_a_call_finishes_its_recording() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("call.wav");
    let alice = Phone::start(tone_file(folder.path(), 900.0), OutputDevice::Null);
    let bob = Phone::start(InputDevice::Silence, OutputDevice::Null);
    connect(&alice, &bob, Codec::Pcmu);
    alice.record(1, &recording);
    alice.wait_for_stats(1, |stats| stats.packets_received > 50);
    drop(alice.engine);
    let states: Vec<_> = alice.events.try_iter().collect();
    assert!(
        states
            .iter()
            .any(|event| matches!(event, MediaEvent::Closed { .. }))
    );
    assert!(states.iter().any(|event| matches!(
        event,
        MediaEvent::Recording { state: RecordingState::Finished(finished), .. } if finished.frames > 4_000
    )));
    alice.handle.send(MediaCommand::Focus(None));
}

const AGENT: f32 = 600.0;
/// The other sides of two calls: name here, codec and tone.
const PARTIES: [(u64, Codec, f32); 2] = [(1, Codec::Pcmu, 1_300.0), (2, Codec::Opus, 2_100.0)];

/// Two calls are up for three seconds, `connected`, with the focus on `focus`. In the folder are then what
/// all have heard and what was recorded.
fn two_calls(focus: Option<StreamId>, connected: MediaCommand) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: String| folder.path().join(name);
    let agent = Phone::start(
        tone_file(folder.path(), AGENT),
        OutputDevice::File(file("agent.wav".into())),
    );
    agent.handle.send(MediaCommand::Focus(focus));
    agent.handle.send(connected);
    let parties = PARTIES.map(|(id, codec, hz)| {
        let heard = OutputDevice::File(file(format!("heard{id}.wav")));
        let party = Phone::start(tone_file(folder.path(), hz), heard);
        let (here, there) = (agent.open(id), party.open(1));
        party.handle.send(MediaCommand::Focus(Some(StreamId(1))));
        agent.configure(id, codec, there);
        party.configure(1, codec, here);
        party
    });
    for (id, ..) in PARTIES {
        agent.record(id, &file(format!("call{id}.wav")));
    }
    agent.wait_for_stats(2, |stats| stats.packets_received > 150);
    for (id, ..) in PARTIES {
        let stream = StreamId(id);
        agent.handle.send(MediaCommand::Close { stream });
        agent.wait_for_recording(id);
    }
    drop(agent.engine);
    drop(parties);
    folder
}

/// Of the agent's tone and those of both parties, `expected` are in a file and the others are not.
fn check(folder: &tempfile::TempDir, name: &str, channel: usize, expected: [bool; 3]) {
    let (channels, rate) = read(&folder.path().join(name));
    let tones = [AGENT, PARTIES[0].2, PARTIES[1].2];
    for (hz, expected) in tones.into_iter().zip(expected) {
        let found = seconds_with(&channels[channel], rate, hz);
        let held = if expected { found > 1.5 } else { found == 0.0 };
        assert!(held, "{hz} Hz for {found} s on channel {channel} of {name}");
    }
}

#[test]
fn in_a_conference_each_hears_the_others_and_never_itself() {
    let both = MediaCommand::Join(vec![StreamId(1), StreamId(2)]);
    let folder = two_calls(Some(StreamId(1)), both);
    check(&folder, "heard1.wav", 0, [true, false, true]);
    check(&folder, "heard2.wav", 0, [true, true, false]);
    check(&folder, "agent.wav", 0, [false, true, true]);
    for name in ["call1.wav", "call2.wav"] {
        check(&folder, name, 0, [true, false, false]);
        check(&folder, name, 1, [false, true, true]);
    }
}

#[test]
fn s5_18_two_that_are_connected_hear_each_other_alone_and_their_recording_has_both() {
    let cord = MediaCommand::Patch([StreamId(1), StreamId(2)]);
    let folder = two_calls(None, cord);
    check(&folder, "heard1.wav", 0, [false, false, true]);
    check(&folder, "heard2.wav", 0, [false, true, false]);
    check(&folder, "call1.wav", 0, [false, false, true]);
    check(&folder, "call1.wav", 1, [false, true, false]);
    check(&folder, "call2.wav", 0, [false, true, false]);
    check(&folder, "call2.wav", 1, [false, false, true]);
    // Nothing of it was for the person here.
    assert!(!folder.path().join("agent.wav").exists());
}
