//! Echo, noise and level of recorded speech in synthetic rooms, in virtual time.

use std::ops::Range;

use crate::rooms;

use ringbook_media::{
    resample::convert_all,
    signal::power,
    voice_processing::{NoiseSuppression, VoiceActivity, VoiceProcessing, VoiceSettings},
};
use rooms::{
    RATE, ROOMS, active_level, db, english,
    figures::{self, CONVERGED, ECHO_ALONE, process},
    noise, russian, scaled, sum,
};

#[test]
fn the_echo_is_thirty_decibels_quieter_in_every_room() {
    for room in ROOMS {
        let span = (CONVERGED, 20.0);
        let all = VoiceSettings::default();
        let enhancement = figures::echo_return_loss_enhancement(all, RATE, &room, span);
        assert!(enhancement >= 30.0, "{}: {enhancement} dB", room.name);
    }
}

#[test]
fn the_echo_is_thirty_decibels_quieter_at_the_rates_of_all_codecs() {
    for room in ROOMS {
        for rate in [8_000, 48_000] {
            let span = (CONVERGED, 20.0);
            let enhancement = figures::echo_return_loss_enhancement(ECHO_ALONE, rate, &room, span);
            let name = room.name;
            assert!(enhancement >= 30.0, "{name}, {rate} Hz: {enhancement} dB");
        }
    }
}

#[test]
fn who_speaks_while_the_other_side_does_is_heard_with_three_decibels_less_at_most() {
    for room in ROOMS {
        for rate in [8_000, RATE, 48_000] {
            let loss = figures::double_talk_loss(ECHO_ALONE, rate, &room);
            assert!(loss.level <= 3.0, "{}, {rate} Hz: {loss:?}", room.name);
            // What is heard is the voice, not what is left of the echo.
            let most = if room.loss_db >= 10.0 { 3.0 } else { 6.0 };
            assert!(loss.likeness <= most, "{}, {rate} Hz: {loss:?}", room.name);
        }
    }
}

/// How far the echo of ten seconds at one rate and four at another is lowered in the first two of the latter, dB, by what
/// knows the room from before and by what does not.
fn lowered_after_a_swap(one: u32, other: u32) -> [f32; 2] {
    let room = ROOMS[3];
    let far = english(14.0);
    let heard = sum(&[&room.echo(&far), &room.noise(far.len())]);
    let swap = 10 * RATE as usize;
    let run = |processing: &mut VoiceProcessing, rate, span: Range<usize>| {
        let at = |signal: &[f32]| convert_all(&signal[span.clone()], RATE, rate);
        let (mut heard, played) = (at(&heard), at(&far));
        let frame = rate as usize / 50;
        let frames = heard.chunks_exact_mut(frame);
        for (heard, played) in frames.zip(played.chunks_exact(frame)) {
            processing.play(rate, played);
            processing.process(rate, heard);
        }
        convert_all(&heard, rate, RATE)
    };
    [true, false].map(|is_known| {
        let mut processing = VoiceProcessing::new(ECHO_ALONE);
        if is_known {
            run(&mut processing, one, 0..swap);
        }
        let sent = run(&mut processing, other, swap..heard.len());
        let two = 2 * RATE as usize;
        db(power(&heard[swap..swap + two])) - db(power(&sent[..two]))
    })
}

#[test]
fn a_room_that_is_known_stays_known_when_a_call_of_another_rate_comes_into_focus() {
    for (one, other) in [(8_000, 48_000), (48_000, 16_000), (16_000, 8_000)] {
        let [known, unknown] = lowered_after_a_swap(one, other);
        assert!(known >= 30.0, "{one} to {other} Hz: {known} dB");
        assert!(
            known > unknown + 12.0,
            "{one} to {other} Hz: {known}, unknown {unknown} dB"
        );
    }
}

#[test]
fn with_a_headset_the_voice_stays_as_it_is_whoever_speaks() {
    let (far, near) = (english(15.0), russian(15.0));
    let heard = sum(&[&near, &noise(3, -78.0, near.len())]);
    for played in [vec![0.0; far.len()], far] {
        let sent = process(ECHO_ALONE, RATE, &heard, &played);
        let from = (CONVERGED * RATE as f32) as usize;
        let change = db(power(&sent[from..])) - db(power(&near[from..]));
        assert!((-1.5..0.5).contains(&change), "{change} dB");
    }
}

#[test]
fn noise_is_lowered_as_far_as_it_is_set_and_the_voice_stays() {
    let levels = [
        (NoiseSuppression::Low, 5.0..8.0),
        (NoiseSuppression::Moderate, 10.0..14.0),
        (NoiseSuppression::High, 16.0..20.0),
    ];
    for (noise_suppression, expected) in levels {
        let settings = VoiceSettings {
            noise_suppression,
            ..VoiceSettings::OFF
        };
        let found = figures::noise_suppression(settings, RATE, 20.0);
        assert!(
            expected.contains(&found.noise),
            "{noise_suppression:?}: {found:?}"
        );
        assert!(
            (-0.5..1.5).contains(&found.voice),
            "{noise_suppression:?}: {found:?}"
        );
    }
}

#[test]
fn a_quiet_voice_is_sent_as_loud_as_any_and_a_loud_one_never_at_full_scale() {
    let settings = VoiceSettings {
        gain_control: true,
        ..VoiceSettings::OFF
    };
    for level in [-40.0, -26.0] {
        let sent = figures::sent_level(settings, RATE, level);
        assert!(
            (-26.0..-18.0).contains(&sent),
            "{level} dBFS is sent with {sent}"
        );
    }
    let shout = scaled(russian(5.0), -4.0);
    for settings in [settings, VoiceSettings::OFF] {
        let sent = process(settings, RATE, &shout, &vec![0.0; shout.len()]);
        let peak = sent
            .iter()
            .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!((0.5..1.0).contains(&peak), "{peak}");
    }
}

#[test]
fn rumble_is_taken_out_where_it_is_set() {
    let rumble = ringbook_media::signal::tone(RATE, 40.0, 0.3, RATE as usize * 2);
    let high_pass = VoiceSettings {
        high_pass: true,
        ..VoiceSettings::OFF
    };
    for (settings, expected) in [(high_pass, -100.0..-20.0), (VoiceSettings::OFF, -0.1..0.1)] {
        let sent = process(settings, RATE, &rumble, &vec![0.0; rumble.len()]);
        let change = db(power(&sent[RATE as usize..])) - db(power(&rumble[RATE as usize..]));
        assert!(expected.contains(&change), "{change} dB");
    }
}

#[test]
fn each_stage_can_be_switched_during_a_call() {
    let room = ROOMS[0];
    let far = english(20.0);
    let heard = sum(&[&room.echo(&far), &room.noise(far.len())]);
    let mut processing = VoiceProcessing::new(VoiceSettings::OFF);
    let mut sent = heard.clone();
    for (tick, (frame, played)) in sent
        .chunks_exact_mut(320)
        .zip(far.chunks_exact(320))
        .enumerate()
    {
        match tick {
            250 => processing.configure(VoiceSettings::default()),
            500 => processing.configure(VoiceSettings {
                noise_suppression: NoiseSuppression::High,
                ..VoiceSettings::default()
            }),
            750 => processing.configure(VoiceSettings::OFF),
            _ => {}
        }
        processing.play(RATE, played);
        processing.process(RATE, frame);
    }
    let second = |signal: &[f32], at: usize| db(power(&signal[at * 16_000..(at + 1) * 16_000]));
    // Off, it is the very signal: the echo is far below what is bent.
    assert_eq!(sent[..250 * 320], heard[..250 * 320]);
    assert!(second(&heard, 9) - second(&sent, 9) > 20.0);
    assert!(second(&heard, 14) - second(&sent, 14) > 20.0);
    assert_eq!(sent[751 * 320..], heard[751 * 320..]);
}

#[test]
fn what_is_no_frame_of_its_rate_is_left_as_it_is() {
    let mut processing = VoiceProcessing::new(VoiceSettings::default());
    for (rate, len) in [
        (16_000, 0),
        (16_000, 160),
        (16_000, 321),
        (4_000, 80),
        (0, 0),
    ] {
        let mut frame = vec![0.1; len];
        processing.play(rate, &frame);
        processing.process(rate, &mut frame);
        assert_eq!(frame, vec![0.1; len], "{rate} Hz");
    }
}

/// What is allocated in a second of both directions, once it runs.
fn allocations(settings: VoiceSettings, rate: u32) -> u64 {
    let (far, near) = (english(6.0), russian(6.0));
    let frame = rate as usize / 50;
    let mut processing = VoiceProcessing::new(settings);
    let mut activity = VoiceActivity::default();
    let mut heard = near[..frame * 50].to_vec();
    let mut run = || {
        for (heard, played) in heard.chunks_exact_mut(frame).zip(far.chunks_exact(frame)) {
            processing.play(rate, played);
            processing.process(rate, heard);
            activity.watch(rate, heard);
        }
    };
    run();
    allocation_counter::measure(run).count_total
}

#[test]
fn what_is_ours_allocates_nothing_once_it_runs_and_the_library_little() {
    let without = VoiceSettings {
        noise_suppression: NoiseSuppression::High,
        high_pass: true,
        ..VoiceSettings::OFF
    };
    for rate in [8_000, 16_000, 48_000] {
        assert_eq!(allocations(without, rate), 0, "{rate} Hz");
        // Echo and gain of sonora 0.2 take small buffers for every 10 ms, and give them back.
        let all = allocations(VoiceSettings::default(), rate);
        assert!(all <= 100 * 45, "{rate} Hz: {all}");
    }
}

#[test]
fn speech_is_told_from_noise_and_silence() {
    let seconds = 10.0;
    let share_of_speech = |signal: &[f32]| {
        let mut activity = VoiceActivity::default();
        let mut ticks = signal.chunks_exact(320).map(|frame| {
            activity.watch(RATE, frame);
            activity.is_speech()
        });
        let count = ticks.by_ref().filter(|speech| *speech).count();
        count as f32 / (seconds * 50.0)
    };
    let len = (seconds * RATE as f32) as usize;
    for voice in [english(seconds), russian(seconds)] {
        assert!(active_level(&voice) > -30.0);
        let share = share_of_speech(&voice);
        assert!(share > 0.6, "{share} of the speech");
    }
    for other in [vec![0.0; len], noise(4, -40.0, len)] {
        let share = share_of_speech(&other);
        assert!(share < 0.05, "{share} of what is no speech");
    }
}
