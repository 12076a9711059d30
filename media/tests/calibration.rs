//! Loudspeaker and microphone are measured in synthetic rooms, in virtual time.

use crate::rooms;

use ringbook_media::calibration::{Calibration, Measurement, Microphone, RATE};
use rooms::{ROOMS, Room, noise};

const FRAME: usize = RATE as usize / 50;

/// What is found out in a room that makes of all that was played what the microphone hears: it is read one tick after it
/// was heard.
fn measure(hear: impl Fn(&[f32]) -> Vec<f32>) -> Calibration {
    // The signal does not depend on what is heard: the first run tells what is played.
    let (_, played) = run(&vec![0.0; FRAME * 1_000]);
    let mut heard = vec![0.0; FRAME];
    heard.extend(hear(&played));
    heard.resize(FRAME * 1_000, 0.0);
    run(&heard).0
}

fn run(heard: &[f32]) -> (Calibration, Vec<f32>) {
    let mut measurement = Measurement::default();
    let mut played = Vec::new();
    for frame in heard.chunks_exact(FRAME) {
        let mut play = [0.0; FRAME];
        let over = measurement.tick(Some(frame), true, &mut play);
        played.extend(play);
        if over {
            break;
        }
    }
    (measurement.finish(), played)
}

fn in_room(room: &Room) -> Calibration {
    measure(|played| {
        let noise = noise(room.seed, room.noise_dbfs, played.len());
        rooms::sum(&[&room.echo(played), &noise])
    })
}

#[test]
fn delay_level_and_noise_are_found_in_every_room() {
    for room in ROOMS {
        let found = in_room(&room);
        let Microphone::Hears {
            noise_dbfs,
            clipped,
        } = found.microphone
        else {
            panic!("{}: {found:?}", room.name);
        };
        assert!(
            (noise_dbfs - room.noise_dbfs).abs() < 1.0,
            "{}: {found:?}",
            room.name
        );
        assert!(!clipped && found.loudspeaker);
        let echo = found.echo.expect(room.name);
        // The tick of the media thread belongs to the way.
        let delay = room.delay_ms + 20.0;
        assert!(
            (echo.delay_ms - delay).abs() < 2.0,
            "{}: {echo:?}",
            room.name
        );
        assert!(
            (echo.level_db + room.loss_db).abs() < 3.0,
            "{}: {echo:?}",
            room.name
        );
    }
}

#[test]
fn a_quiet_echo_is_found_in_noise_and_noise_alone_is_none() {
    let loud = Room {
        noise_dbfs: -40.0,
        loss_db: 30.0,
        ..ROOMS[1]
    };
    let echo = in_room(&loud).echo.expect("it is 5 dB below the noise");
    assert!(
        (echo.delay_ms - 80.0).abs() < 2.0 && (-42.0..-26.0).contains(&echo.level_db),
        "{echo:?}"
    );
    for seed in 0..10 {
        let found = measure(|played| noise(seed, -40.0, played.len()));
        assert_eq!(found.echo, None, "seed {seed}");
        assert!(matches!(found.microphone, Microphone::Hears { .. }));
    }
}

#[test]
fn a_microphone_that_is_overdriven_or_switched_off_is_told() {
    let overdriven = measure(|played| {
        played
            .iter()
            .map(|sample| (sample * 8.0).clamp(-1.0, 1.0))
            .collect()
    });
    assert!(
        matches!(
            overdriven.microphone,
            Microphone::Hears { clipped: true, .. }
        ),
        "{overdriven:?}"
    );
    let mute = measure(|played| vec![0.0; played.len()]);
    assert_eq!(mute.microphone, Microphone::Mute);
    assert_eq!(mute.echo, None);
}

#[test]
fn a_device_that_is_missing_is_a_result_after_a_while() {
    for (microphone, loudspeaker) in [(false, false), (true, false), (false, true)] {
        let mut measurement = Measurement::default();
        let hum = noise(1, -50.0, FRAME);
        let mut ticks = 0;
        let mut play = [0.0; FRAME];
        while !measurement.tick(microphone.then_some(&hum[..]), loudspeaker, &mut play) {
            ticks += 1;
        }
        assert!((250..350).contains(&ticks), "{ticks}");
        let found = measurement.finish();
        assert_eq!(found.loudspeaker, loudspeaker);
        assert_eq!(found.echo, None);
        match found.microphone {
            Microphone::Absent => assert!(!microphone),
            Microphone::Hears { noise_dbfs, .. } => {
                assert!(microphone && (noise_dbfs + 50.0).abs() < 1.0)
            }
            Microphone::Mute => panic!("it hears"),
        }
    }
}

#[test]
fn it_waits_for_devices_and_then_takes_less_than_five_seconds() {
    let mut measurement = Measurement::default();
    let (hum, mut play) = (noise(1, -50.0, FRAME), [0.0; FRAME]);
    for _ in 0..100 {
        assert!(!measurement.tick(None, false, &mut play));
    }
    let mut ticks = 1;
    while !measurement.tick(Some(&hum), true, &mut play) {
        ticks += 1;
    }
    assert!(ticks < 250, "{ticks}");
}
