//! What voice processing does in a room, as figures.

use std::time::{Duration, Instant};

use ringbook_media::{
    resample::convert_all,
    signal::power,
    voice_processing::{VoiceProcessing, VoiceSettings},
};

use super::{RATE, Room, active_level, db, english, noise, russian, scaled, sum};

const BLOCK: usize = RATE as usize / 50;
/// Seconds after which the canceller knows the room.
pub const CONVERGED: f32 = 8.0;

/// Nothing but the echo is seen to.
pub const ECHO_ALONE: VoiceSettings = VoiceSettings {
    echo_cancellation: true,
    high_pass: true,
    ..VoiceSettings::OFF
};

fn samples(seconds: f32) -> usize {
    (seconds * RATE as f32) as usize
}

/// What becomes of a microphone's signal beside what the loudspeaker plays, tick by tick as the media thread does it:
/// what the microphone hears is read one tick after it was heard. Both at 16 kHz, processed at `rate`.
pub fn process(settings: VoiceSettings, rate: u32, microphone: &[f32], played: &[f32]) -> Vec<f32> {
    timed(settings, rate, microphone, played).0
}

/// The same, and how long 10 ms took in most ticks.
fn timed(
    settings: VoiceSettings,
    rate: u32,
    microphone: &[f32],
    played: &[f32],
) -> (Vec<f32>, Duration) {
    let at = |samples: &[f32], from, to| match from == to {
        true => samples.to_vec(),
        false => convert_all(samples, from, to),
    };
    let (mut out, played) = (at(microphone, RATE, rate), at(played, RATE, rate));
    let mut processing = VoiceProcessing::new(settings);
    let frame = rate as usize / 50;
    let mut took = Vec::with_capacity(out.len() / frame);
    for (heard, played) in out.chunks_exact_mut(frame).zip(played.chunks_exact(frame)) {
        let begin = Instant::now();
        processing.play(rate, played);
        processing.process(rate, heard);
        took.push(begin.elapsed() / 2);
    }
    took.sort();
    let median = took.get(took.len() / 2).copied().unwrap_or_default();
    (at(&out, rate, RATE), median)
}

/// How far the echo is lowered while the other side alone speaks, dB, from `from` to `to` seconds.
pub fn echo_return_loss_enhancement(
    settings: VoiceSettings,
    rate: u32,
    room: &Room,
    (from, to): (f32, f32),
) -> f32 {
    let far = english(to);
    let echo = room.echo(&far);
    let out = process(settings, rate, &sum(&[&echo, &room.noise(far.len())]), &far);
    let loudest = echo.chunks_exact(BLOCK).map(power).fold(0.0, f32::max);
    let blocks = echo.chunks_exact(BLOCK).zip(out.chunks_exact(BLOCK));
    let (mut before, mut after) = (0.0, 0.0);
    for (echo, out) in blocks.skip((from * 50.0) as usize) {
        // Pauses tell of the noise alone.
        if power(echo) > loudest / 316.0 {
            before += power(echo);
            after += power(out);
        }
    }
    db(before / after)
}

/// How much quieter the person here gets while the other side speaks as well, beside when it does not.
#[derive(Clone, Copy, Debug)]
pub struct DoubleTalk {
    /// In level, dB; where the echo is no more than 10 dB quieter than the voice, what is left of it counts as voice.
    pub level: f32,
    /// In what is left of the very voice, dB; what was changed counts as lost.
    pub likeness: f32,
}

/// Both sides speak all the time, as loud as each other.
pub fn double_talk_loss(settings: VoiceSettings, rate: u32, room: &Room) -> DoubleTalk {
    let (alone, both) = (samples(10.0), samples(25.0));
    let far = english(25.0);
    let mut near = vec![0.0; alone];
    near.extend(russian(15.0));
    let noise = room.noise(both);
    let together = sum(&[&room.echo(&far), &near, &noise]);
    let together = process(settings, rate, &together, &far);
    let quiet = process(settings, rate, &sum(&[&near, &noise]), &vec![0.0; both]);
    // The first words are let go: whether somebody speaks here has to be noticed.
    let from = alone + samples(1.0);
    DoubleTalk {
        level: db(power(&quiet[from..])) - db(power(&together[from..])),
        likeness: -share(&together[from..], &quiet[from..]),
    }
}

/// How much of `voice` there is in a signal, dB.
fn share(signal: &[f32], voice: &[f32]) -> f32 {
    let product = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    20.0 * (product(signal, voice) / product(voice, voice)).log10()
}

/// What noise suppression does.
#[derive(Clone, Copy, Debug)]
pub struct Suppression {
    /// How far the noise is lowered while nobody speaks, dB.
    pub noise: f32,
    /// How far the voice is lowered with it, dB.
    pub voice: f32,
}

/// A voice at −26 dBFS in the noise of a fan, `below` dB quieter.
pub fn noise_suppression(settings: VoiceSettings, rate: u32, below: f32) -> Suppression {
    let alone = samples(6.0);
    let mut voice = vec![0.0; alone];
    voice.extend(russian(14.0));
    let hum = noise(9, -26.0 - below, voice.len());
    let silence = vec![0.0; voice.len()];
    let out = process(settings, rate, &sum(&[&voice, &hum]), &silence);
    let pause = samples(3.0)..alone;
    Suppression {
        noise: db(power(&hum[pause.clone()])) - db(power(&out[pause])),
        voice: db(power(&voice[alone..])) - db(power(&out[alone..])),
    }
}

/// How loud a voice of `level` dBFS is sent after ten seconds, dBFS.
pub fn sent_level(settings: VoiceSettings, rate: u32, level: f32) -> f32 {
    let voice = scaled(russian(20.0), level);
    let heard = sum(&[&voice, &noise(11, level - 40.0, voice.len())]);
    let out = process(settings, rate, &heard, &vec![0.0; voice.len()]);
    active_level(&out[samples(10.0)..])
}

/// What 10 ms of both directions cost.
pub fn cost(settings: VoiceSettings, rate: u32, room: &Room) -> Duration {
    let far = english(10.0);
    let heard = sum(&[&room.echo(&far), &russian(10.0), &room.noise(far.len())]);
    timed(settings, rate, &heard, &far).1
}

/// What they cost in the silence of zeros after somebody has spoken, where what fades could be left in numbers that
/// processors are slow with.
pub fn cost_in_silence(settings: VoiceSettings, rate: u32, room: &Room) -> Duration {
    let mut far = english(5.0);
    let mut heard = sum(&[&room.echo(&far), &russian(5.0)]);
    far.resize(samples(25.0), 0.0);
    heard.resize(far.len(), 0.0);
    timed(settings, rate, &heard, &far).1
}
