//! Calls through real sound servers: heard in a loudspeaker, spoken into a microphone, while devices come and go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod phones;
mod rooms;
mod sound_servers;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use phones::{Phone, connect, read, seconds_of, sound_file, tone_file};
use ringbook_media::{
    calibration::Microphone,
    codec::Codec,
    device::{InputDevice, OutputDevice, present},
    engine::{DeviceRole, MediaCommand, MediaEvent, StreamId},
    signal::power,
    tone::{Signal, Tone, TonePlan},
    voice_processing::VoiceSettings,
};
use rooms::figures::ECHO_ALONE;
use sound_servers::{
    CHANGE, Ear, Kind, Mouth, load_microphone, load_sink, module_of, packets_to_ear, pactl, with,
    with_alone,
};

fn named(name: &str) -> OutputDevice {
    OutputDevice::Named(name.into())
}

/// A call whose far side says a tone and whose near side has these devices. The folder is the recordings'.
fn call(input: InputDevice, output: OutputDevice) -> (Phone, Phone, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let office = Phone::start(input, output);
    let caller = Phone::start(tone_file(folder.path(), 700.0), named("far"));
    connect(&office, &caller, Codec::G722);
    (office, caller, folder)
}

/// What the phone told of a device, and when.
fn told<T>(phone: &Phone, what: &str, wanted: impl Fn(&MediaEvent) -> Option<T>) -> (T, Instant) {
    (phone.wait(what, wanted), Instant::now())
}

fn assert_soon(what: &str, since: Instant, at: Instant) {
    let took = at.saturating_duration_since(since);
    eprintln!("{what} after {} ms", took.as_millis());
    assert!(took <= CHANGE, "{what} only after {took:?}");
}

fn default_is_followed() {
    // The server moves what plays or listens at a default when that changes: first the defaults, then the others.
    pactl(&["set-default-sink", "first"]);
    for (microphone, room) in [("microphone1", "room1"), ("microphone2", "room2")] {
        load_microphone(microphone, room);
    }
    pactl(&["set-default-source", "microphone1"]);
    let (_said_here, _said_there) = (Mouth::at("room1", 1_100.0), Mouth::at("room2", 1_700.0));
    let (first, second, far) = (
        Ear::at("first.monitor"),
        Ear::at("second.monitor"),
        Ear::at("far.monitor"),
    );
    let (office, _caller, _folder) = call(InputDevice::Default, OutputDevice::Default);
    let begin = Instant::now();
    first.wait_for_tone(700.0, begin);
    far.wait_for_tone(1_100.0, begin);

    let change = Instant::now();
    pactl(&["set-default-sink", "second"]);
    assert_soon(
        "heard at the new default",
        change,
        second.wait_for_tone(700.0, change),
    );
    let (to, at) = told(&office, "move of the loudspeaker", |event| match event {
        MediaEvent::DeviceMoved {
            which: DeviceRole::Output,
            to,
        } => Some(to.clone()),
        _ => None,
    });
    assert!(to.contains("second"), "{to}");
    assert_soon("told", change, at);
    // PipeWire may move who listens at the old one as well.
    let quiet = Instant::now();
    while is_played_at("first") {
        assert!(quiet.elapsed() < CHANGE, "it plays at the old default");
    }

    let change = Instant::now();
    pactl(&["set-default-source", "microphone2"]);
    assert_soon(
        "the new microphone at the far side",
        change,
        far.wait_for_tone(1_700.0, change),
    );
}

/// Whether anything plays at this sink.
fn is_played_at(sink: &str) -> bool {
    let sinks = pactl(&["list", "short", "sinks"]);
    let index = sinks.lines().find_map(|line| {
        line.split_once('\t')
            .filter(|(_, rest)| rest.starts_with(sink))
    });
    let (index, _) = index.expect(sink);
    let inputs = pactl(&["list", "short", "sink-inputs"]);
    inputs
        .lines()
        .any(|line| line.split('\t').nth(1) == Some(index))
}

const ROOMS: [&str; 5] = [
    "sink_name=first sink_properties=device.description=first",
    "sink_name=second sink_properties=device.description=second",
    "sink_name=room1",
    "sink_name=room2",
    "sink_name=far",
];

#[test]
fn a_call_follows_the_systems_default_within_a_second() {
    let test = "a_call_follows_the_systems_default_within_a_second";
    with(Kind::PulseAudio, test, &ROOMS, default_is_followed);
}

#[test]
fn a_call_follows_the_systems_default_on_pipewire() {
    let test = "a_call_follows_the_systems_default_on_pipewire";
    with(Kind::PipeWire, test, &ROOMS, default_is_followed);
}

fn named_device_comes_and_goes() {
    pactl(&["set-default-sink", "speakers"]);
    let speakers = Ear::at("speakers.monitor");
    let headset = Ear::at("headset.monitor");
    let (office, _caller, _folder) = call(InputDevice::Silence, named("headset"));
    headset.wait_for_tone(700.0, Instant::now());
    drop(headset);

    let change = Instant::now();
    pactl(&["unload-module", &module_of("headset")]);
    assert_soon(
        "heard at the default",
        change,
        speakers.wait_for_tone(700.0, change),
    );
    let ((wanted, by), at) = told(&office, "replacement", |event| match event {
        MediaEvent::DeviceReplaced {
            which: DeviceRole::Output,
            wanted,
            by,
        } => Some((wanted.clone(), by.clone())),
        _ => None,
    });
    assert_eq!(wanted, "headset");
    assert!(by.contains("speakers"), "{by}");
    assert_soon("told", change, at);

    let change = Instant::now();
    load_sink("sink_name=headset rate=16000 channels=1");
    // The server may make what has just come the default, or leave that to whoever asks.
    let ((), at) = told(&office, "return", |event| {
        let is_back = matches!(
            event,
            MediaEvent::DeviceBack {
                which: DeviceRole::Output
            }
        );
        is_back.then_some(())
    });
    assert_soon("back", change, at);
    assert_soon("playing there again", change, playing_at("16000Hz"));
    // A null sink has made up two seconds of silence when it begins.
    Ear::at("headset.monitor").wait_for_tone(700.0, Instant::now());
}

/// When a stream of the phone's that looks like this plays.
fn playing_at(shape: &str) -> Instant {
    let end = Instant::now() + phones::DEADLINE;
    loop {
        let streams = pactl(&["list", "short", "sink-inputs"]);
        if streams.lines().any(|stream| stream.contains(shape)) {
            return Instant::now();
        }
        assert!(Instant::now() < end, "{shape} does not play: {streams}");
    }
}

const HEADSET: [&str; 3] = [
    "sink_name=speakers sink_properties=device.description=speakers",
    "sink_name=headset",
    "sink_name=far",
];

#[test]
fn a_headset_that_is_pulled_out_gives_way_to_the_default_and_comes_back() {
    let test = "a_headset_that_is_pulled_out_gives_way_to_the_default_and_comes_back";
    with(
        Kind::PulseAudio,
        test,
        &HEADSET,
        named_device_comes_and_goes,
    );
}

#[test]
fn a_headset_gives_way_and_comes_back_on_pipewire() {
    let test = "a_headset_gives_way_and_comes_back_on_pipewire";
    with(Kind::PipeWire, test, &HEADSET, named_device_comes_and_goes);
}

#[test]
fn a_call_without_any_device_goes_on_and_is_heard_when_one_is_plugged_in() {
    let test = "a_call_without_any_device_goes_on_and_is_heard_when_one_is_plugged_in";
    with(Kind::PulseAudio, test, &["sink_name=only"], || {
        let folder = tempfile::tempdir().unwrap();
        load_microphone("microphone", "only");
        let office = Phone::start(InputDevice::Default, OutputDevice::Default);
        let caller = Phone::start(tone_file(folder.path(), 700.0), OutputDevice::Null);
        connect(&office, &caller, Codec::Pcmu);
        Ear::at("only.monitor").wait_for_tone(700.0, Instant::now());
        let recording = folder.path().join("call.wav");
        office.record(1, &recording);

        let change = Instant::now();
        pactl(&["unload-module", &module_of("only")]);
        let mut gone = Vec::new();
        while gone.len() < 2 {
            let (which, at) = told(&office, "loss", |event| match event {
                MediaEvent::DeviceLost { which, .. } => Some(*which),
                _ => None,
            });
            assert_soon("lost", change, at);
            gone.push(which);
        }
        assert!(gone.contains(&DeviceRole::Input) && gone.contains(&DeviceRole::Output));
        let before = office.wait_for_stats(1, |_| true).packets_received;
        office.wait_for_stats(1, |stats| stats.packets_received > before + 75);

        let change = Instant::now();
        load_sink("sink_name=new rate=44100");
        assert_soon("playing again", change, playing_at("44100Hz"));
        Ear::at("new.monitor").wait_for_tone(700.0, change);
        office.handle.send(MediaCommand::Close {
            stream: StreamId(1),
        });
        office.wait_for_recording(1);
        let (channels, rate) = read(&recording);
        let (heard, length) = (
            seconds_of(&channels[1], rate, 700.0),
            channels[1].len() as f32 / rate as f32,
        );
        assert!(
            heard > length - 0.3,
            "{heard} s of {length} s of the far side are recorded"
        );
    });
}

#[test]
fn a_server_that_is_started_again_is_found_again() {
    let test = "a_server_that_is_started_again_is_found_again";
    with(Kind::PulseAudio, test, &["sink_name=only"], || {
        let folder = tempfile::tempdir().unwrap();
        let office = Phone::start(InputDevice::Silence, OutputDevice::Default);
        let caller = Phone::start(tone_file(folder.path(), 700.0), OutputDevice::Null);
        connect(&office, &caller, Codec::Pcmu);
        Ear::at("only.monitor").wait_for_tone(700.0, Instant::now());
        pactl(&["exit"]);
        let lost = |event: &MediaEvent| {
            let is_lost = matches!(event, MediaEvent::DeviceLost { .. });
            is_lost.then_some(())
        };
        told(&office, "loss", lost);
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").unwrap();
        let _again = sound_servers::Server::start(Kind::PulseAudio, runtime.as_ref());
        let change = Instant::now();
        load_sink("sink_name=only rate=32000");
        assert_soon("playing again", change, playing_at("32000Hz"));
        Ear::at("only.monitor").wait_for_tone(700.0, change);
    });
}

#[test]
fn devices_of_every_rate_and_number_of_channels_are_heard_and_say_something() {
    let test = "devices_of_every_rate_and_number_of_channels_are_heard_and_say_something";
    with(
        Kind::PulseAudio,
        test,
        &["sink_name=far", "sink_name=rest"],
        || {
            load_microphone("quiet", "rest");
            let far = Ear::at("far.monitor");
            let (_office, _caller, _folder) = call(InputDevice::Default, OutputDevice::Default);
            for (index, shape) in [
                "rate=8000 channels=1 format=s16le",
                "rate=16000 channels=1 format=u8",
                "rate=44100 channels=2 format=s24le",
                "rate=48000 channels=6 format=s32le",
                "rate=96000 channels=8 format=float32le",
                "rate=48000 channels=1 format=alaw",
            ]
            .into_iter()
            .enumerate()
            {
                pactl(&["set-default-sink", "rest"]);
                pactl(&["set-default-source", "quiet"]);
                let device = load_sink(&format!("sink_name=device{index} {shape}"));
                let room = load_sink(&format!("sink_name=room{index} {shape}"));
                let microphone = format!("microphone{index}");
                load_microphone(&microphone, &format!("room{index}"));
                let tone = 1_000.0 + 150.0 * index as f32;
                let _said = Mouth::at(&format!("room{index}"), tone);
                let ear = Ear::at(&format!("device{index}.monitor"));
                Ear::at(&format!("room{index}.monitor")).wait_for_tone(tone, Instant::now());
                // A null sink has made up two seconds of silence when it begins.
                ear.next();
                let change = Instant::now();
                pactl(&["set-default-sink", &format!("device{index}")]);
                pactl(&["set-default-source", &microphone]);
                assert_soon(shape, change, ear.wait_for_tone(700.0, change));
                assert_soon(shape, change, far.wait_for_tone(tone, change));
                pactl(&["unload-module", &device]);
                pactl(&["unload-module", &room]);
            }
        },
    );
}

#[test]
fn a_hundred_calls_leave_no_connection_to_the_server_behind() {
    let test = "a_hundred_calls_leave_no_connection_to_the_server_behind";
    with(Kind::PulseAudio, test, &["sink_name=only"], || {
        let office = Phone::start(InputDevice::Silence, OutputDevice::Default);
        let clients = || pactl(&["list", "short", "clients"]).lines().count();
        let mut first = None;
        for _ in 0..100 {
            office.handle.send(MediaCommand::Tone {
                to: ringbook_media::engine::ToneTarget::Loudspeaker,
                tone: Some(Tone::Network(Signal::Ringback, TonePlan::default())),
            });
            playing_at("float32");
            office.handle.send(MediaCommand::Tone {
                to: ringbook_media::engine::ToneTarget::Loudspeaker,
                tone: None,
            });
            let end = Instant::now() + phones::DEADLINE;
            while pactl(&["list", "short", "sink-inputs"]).contains("float32") {
                assert!(Instant::now() < end, "it plays on");
            }
            first.get_or_insert_with(clients);
        }
        let (first, last) = (first.unwrap(), clients());
        assert!(last <= first + 2, "{first} connections have become {last}");
    });
}

#[test]
fn a_packet_is_heard_at_the_monitor_soon_after_it_has_come() {
    let test = "a_packet_is_heard_at_the_monitor_soon_after_it_has_come";
    with(Kind::PulseAudio, test, &["sink_name=only"], || {
        let office = Phone::start(InputDevice::Silence, OutputDevice::Default);
        let (rtp, rtcp) =
            ringbook_media::engine::bind_rtp_pair(phones::LOOPBACK, 47_000..=48_999).unwrap();
        let here = office.open(1);
        let there = [rtp.local_addr().unwrap(), rtcp.local_addr().unwrap()];
        office.handle.send(MediaCommand::Focus(Some(StreamId(1))));
        office.configure(1, Codec::Pcmu, there);
        let ear = Ear::at("only.monitor");
        let send = move |packet: &[u8]| {
            rtp.send_to(packet, here[0]).unwrap();
        };
        let delays = packets_to_ear(96, send, &ear);
        let (p50, p90) = (delays[delays.len() / 2], delays[delays.len() * 9 / 10]);
        eprintln!("from the packet to the monitor: p50 {p50:?}, p90 {p90:?}");
        assert!(p50 < Duration::from_millis(150), "{delays:?}");
    });
}

#[test]
fn the_devices_of_a_server_are_listed_as_people_call_them_and_nothing_where_it_has_gone() {
    let test =
        "the_devices_of_a_server_are_listed_as_people_call_them_and_nothing_where_it_has_gone";
    let desk = "sink_name=desk sink_properties=device.description=Desk";
    with(Kind::PulseAudio, test, &[desk], || {
        let (microphones, loudspeakers) = present();
        assert_eq!(loudspeakers, ["Desk"]);
        assert_eq!(microphones, ["Monitor of Desk"]);
        pactl(&["exit"]);
        let (microphones, loudspeakers) = present();
        assert!(!loudspeakers.contains(&"Desk".into()), "{loudspeakers:?}");
        assert!(!microphones.contains(&"Monitor of Desk".into()));
    });
}

#[test]
fn the_loudspeaker_is_found_in_the_microphone() {
    let test = "the_loudspeaker_is_found_in_the_microphone";
    with(Kind::PulseAudio, test, &["sink_name=only"], || {
        let monitor = InputDevice::Named("only.monitor".into());
        let office = Phone::start(monitor, OutputDevice::Default);
        office.handle.send(MediaCommand::Calibrate);
        let found = office.wait("calibration", |event| match event {
            MediaEvent::Calibrated(found) => Some(*found),
            _ => None,
        });
        let found = found.expect("there is no call");
        eprintln!("{found:?}");
        let hears = matches!(found.microphone, Microphone::Hears { clipped: false, .. });
        assert!(found.loudspeaker && hears);
        let echo = found.echo.expect("the monitor hears the sink");
        assert!((20.0..500.0).contains(&echo.delay_ms) && echo.level_db.abs() < 3.0);
    });
}

/// What comes back to somebody who speaks to a phone whose microphone hears its loudspeaker, in the last ten seconds.
fn echo_after(seconds: usize, sink: &str, voice: VoiceSettings, folder: &Path) -> f32 {
    let said = folder.join(format!("{sink}-said.wav"));
    let said = sound_file(said, &rooms::english(seconds as f32));
    let heard = folder.join(format!("{sink}.wav"));
    let microphone = InputDevice::Named(format!("{sink}.monitor"));
    let office = Phone::start_with(microphone, named(sink), voice);
    let caller = Phone::start(said, OutputDevice::File(heard.clone()));
    connect(&office, &caller, Codec::G722);
    let packets = seconds as u64 * 50;
    caller.wait_within(phones::DEADLINE * 2, "statistics", |event| match event {
        MediaEvent::Stats { stats, .. } => (stats.packets_received > packets).then_some(()),
        _ => None,
    });
    drop((caller, office));
    let (channels, rate) = read(&heard);
    let last = channels[0].len() - 10 * rate as usize;
    power(&channels[0][last..])
}

#[test]
fn the_echo_of_a_real_loudspeaker_is_taken_out() {
    let test = "the_echo_of_a_real_loudspeaker_is_taken_out";
    let sinks = ["plain", "cancelled"].map(|sink| format!("sink_name={sink} rate=48000"));
    with_alone(
        Kind::PulseAudio,
        test,
        &sinks.each_ref().map(String::as_str),
        || {
            let folder = tempfile::tempdir().unwrap();
            let files = folder.path();
            // A loudspeaker is heard more softly than it plays.
            for sink in ["plain", "cancelled"] {
                pactl(&["set-source-volume", &format!("{sink}.monitor"), "-12dB"]);
            }
            let [plain, cancelled] = std::thread::scope(|scope| {
                [("plain", VoiceSettings::OFF), ("cancelled", ECHO_ALONE)]
                    .map(|(sink, voice)| scope.spawn(move || echo_after(25, sink, voice, files)))
                    .map(|call| call.join().unwrap())
            });
            let taken_db = 10.0 * (plain / cancelled).log10();
            eprintln!("{taken_db:.1} dB of the echo are taken out");
            assert!(plain > 1e-5, "there is an echo: {plain}");
            // 23 to 36 where nothing else keeps the machine busy.
            assert!(taken_db > 12.0, "{taken_db} dB");
        },
    );
}
