//! Signal tones and the bell, synthesised.

use std::f32::consts::TAU;

/// A tone or melody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The other side rings: 425 Hz, 1 s on, 4 s off (ITU-T E.180, most of the world).
    Ringback,
    /// The other side rings, as in North America: 440 + 480 Hz, 2 s on, 4 s off.
    RingbackUs,
    /// The other side is busy: 425 Hz, 0.5 s on, 0.5 s off.
    Busy,
    /// A second call waits: two short beeps every five seconds.
    CallWaiting,
    /// Our own bell.
    Ringing(Bell),
}

/// How a bell sounds, so that an ear tells one line from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bell {
    /// Four rising bars of a marimba, twice.
    Marimba,
    /// Three falling chimes, long dying away.
    Chimes,
    /// The two gongs of a telephone of old, struck in turn.
    Telephone,
    /// Three short beeps.
    Pulse,
    /// Two soft notes, far down.
    Deep,
    /// Nothing is heard.
    Silent,
}

impl Bell {
    /// Every bell.
    pub const ALL: [Self; 6] = [
        Self::Marimba,
        Self::Chimes,
        Self::Telephone,
        Self::Pulse,
        Self::Deep,
        Self::Silent,
    ];
}

/// One sound of a tone.
struct Note {
    /// From the beginning of the period, ms.
    at: f32,
    /// How long, ms.
    long: f32,
    /// One or two frequencies, Hz; 0: none.
    hz: [f32; 2],
    /// Peak of each frequency.
    level: f32,
    /// Time in which a struck note loses two thirds of its level, ms; 0: it sounds evenly.
    decay: f32,
}

/// Even tones begin and end within this time, ms, so that they do not click.
const EDGE: f32 = 5.0;

const fn even(at: f32, long: f32, hz: [f32; 2], level: f32) -> Note {
    struck(at, long, hz, level, 0.0)
}

const fn struck(at: f32, long: f32, hz: [f32; 2], level: f32, decay: f32) -> Note {
    Note {
        at,
        long,
        hz,
        level,
        decay,
    }
}

/// A bar of the marimba: the ground tone and its fourth partial, dying away.
const fn bar(at: f32, hz: f32) -> Note {
    struck(at, 900.0, [hz, hz * 4.0], 0.22, 160.0)
}

const RINGBACK: &[Note] = &[even(0.0, 1_000.0, [425.0, 0.0], 0.2)];
const RINGBACK_US: &[Note] = &[even(0.0, 2_000.0, [440.0, 480.0], 0.1)];
const BUSY: &[Note] = &[even(0.0, 500.0, [425.0, 0.0], 0.2)];
const CALL_WAITING: &[Note] = &[
    even(0.0, 150.0, [425.0, 0.0], 0.1),
    even(250.0, 150.0, [425.0, 0.0], 0.1),
];
const MARIMBA: &[Note] = &[
    bar(0.0, 523.25),
    bar(150.0, 659.26),
    bar(300.0, 783.99),
    bar(450.0, 1_046.5),
    bar(900.0, 587.33),
    bar(1_050.0, 698.46),
    bar(1_200.0, 880.0),
    bar(1_350.0, 1_174.66),
];

/// How fast the clapper goes from gong to gong: 20 strokes a second, 32 strokes.
const STROKE: f32 = 50.0;
const TELEPHONE: &[Note] = &gongs();
const PULSE: &[Note] = &[
    even(0.0, 120.0, [880.0, 1_318.5], 0.14),
    even(220.0, 120.0, [880.0, 1_318.5], 0.14),
    even(440.0, 120.0, [880.0, 1_318.5], 0.14),
];
const CHIMES: &[Note] = &[
    chime(0.0, 1_046.5),
    chime(450.0, 880.0),
    chime(900.0, 698.46),
];
const DEEP: &[Note] = &[
    even(0.0, 350.0, [220.0, 330.0], 0.2),
    even(450.0, 500.0, [174.61, 261.63], 0.2),
];

const fn chime(at: f32, hz: f32) -> Note {
    struck(at, 1_800.0, [hz, hz * 2.0], 0.2, 500.0)
}

const fn gongs() -> [Note; 32] {
    let mut strokes = [const { gong(0.0, 1_200.0) }; 32];
    let mut at = 0;
    while at < strokes.len() {
        let hz = if at % 2 == 0 { 1_200.0 } else { 1_500.0 };
        strokes[at] = gong(at as f32 * STROKE, hz);
        at += 1;
    }
    strokes
}

const fn gong(at: f32, hz: f32) -> Note {
    struck(at, 250.0, [hz, hz * 2.5], 0.16, 60.0)
}

impl Bell {
    fn score(self) -> (&'static [Note], f32) {
        match self {
            Self::Marimba => (MARIMBA, 4_000.0),
            Self::Chimes => (CHIMES, 5_000.0),
            Self::Telephone => (TELEPHONE, 4_000.0),
            Self::Pulse => (PULSE, 2_500.0),
            Self::Deep => (DEEP, 4_000.0),
            Self::Silent => (&[], 4_000.0),
        }
    }
}

impl Tone {
    /// The sounds of one period and its length in ms.
    fn score(self) -> (&'static [Note], f32) {
        match self {
            Self::Ringback => (RINGBACK, 5_000.0),
            Self::RingbackUs => (RINGBACK_US, 6_000.0),
            Self::Busy => (BUSY, 1_000.0),
            Self::CallWaiting => (CALL_WAITING, 5_000.0),
            Self::Ringing(bell) => bell.score(),
        }
    }
}

impl Note {
    /// The sound `ms` after the note began.
    fn sample(&self, ms: f32) -> f32 {
        let envelope = if self.decay > 0.0 {
            (ms / 2.0).min(1.0) * (-ms / self.decay).exp()
        } else {
            (ms / EDGE).min((self.long - ms) / EDGE).clamp(0.0, 1.0)
        };
        // The upper partial of a struck bar is softer and shorter.
        let upper = if self.decay > 0.0 {
            0.25 * (-3.0 * ms / self.decay).exp()
        } else {
            1.0
        };
        let turns = ms / 1_000.0;
        let [first, second] = self.hz.map(|hz| (TAU * (hz * turns).fract()).sin());
        self.level * envelope * (first + upper * second)
    }
}

/// Plays a tone, frame after frame.
#[derive(Clone, Debug)]
pub struct ToneGenerator {
    tone: Tone,
    /// Where in the period, ms.
    at: f64,
}

impl ToneGenerator {
    /// The tone from its beginning.
    pub fn new(tone: Tone) -> Self {
        Self { tone, at: 0.0 }
    }

    /// Adds the next stretch of the tone to `frame`, at `rate` samples a second.
    pub fn add_to(&mut self, rate: u32, frame: &mut [f32]) {
        let (notes, period) = self.tone.score();
        let step = 1_000.0 / f64::from(rate.max(1));
        for sample in frame {
            let at = self.at as f32;
            *sample += notes
                .iter()
                .filter(|note| (note.at..note.at + note.long).contains(&at))
                .map(|note| note.sample(at - note.at))
                .sum::<f32>();
            self.at = (self.at + step) % f64::from(period);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{find_tone, power, power_at};

    fn play(tone: Tone, rate: u32, seconds: f32) -> Vec<f32> {
        let mut samples = vec![0.0; (rate as f32 * seconds) as usize];
        let mut generator = ToneGenerator::new(tone);
        for frame in samples.chunks_mut(rate as usize / 50) {
            generator.add_to(rate, frame);
        }
        samples
    }

    #[test]
    fn ringback_sounds_for_one_second_and_rests_for_four() {
        let samples = play(Tone::Ringback, 8_000, 10.0);
        assert_eq!(find_tone(&samples[..40_000], 8_000, 425.0), Some(0..8_000));
        assert_eq!(find_tone(&samples[40_000..], 8_000, 425.0), Some(0..8_000));
        assert_eq!(power(&samples[8_000..40_000]), 0.0);
    }

    #[test]
    fn american_ringback_has_both_its_frequencies() {
        let samples = play(Tone::RingbackUs, 16_000, 1.0);
        assert!((power_at(&samples, 16_000, 440.0) - 0.005).abs() < 5e-4);
        assert!((power_at(&samples, 16_000, 480.0) - 0.005).abs() < 5e-4);
    }

    #[test]
    fn busy_is_half_a_second_on_and_off_and_call_waiting_two_beeps() {
        let busy = play(Tone::Busy, 8_000, 1.0);
        assert_eq!(find_tone(&busy, 8_000, 425.0), Some(0..4_000));
        let waiting = play(Tone::CallWaiting, 8_000, 5.0);
        assert_eq!(power(&waiting[1_200..2_000]), 0.0);
        assert!(power(&waiting[2_100..3_100]) > 1e-3);
        assert_eq!(power(&waiting[3_200..]), 0.0);
    }

    #[test]
    fn every_bell_is_heard_rests_and_never_clips_at_any_rate() {
        for bell in Bell::ALL {
            let (notes, period) = bell.score();
            let end = |note: &Note| (note.at + note.long) / 1_000.0;
            let last = notes.iter().map(end).fold(0.0, f32::max);
            assert!(last < period / 1_000.0, "{bell:?} has no rest");
            for rate in [8_000, 44_100, 48_000] {
                let sound = play(Tone::Ringing(bell), rate, period / 1_000.0 + 1.0);
                let peak = sound
                    .iter()
                    .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
                if bell == Bell::Silent {
                    assert_eq!(peak, 0.0);
                    continue;
                }
                assert!((0.2..0.9).contains(&peak), "{bell:?}: {peak} at {rate} Hz");
                let at = |seconds: f32| (rate as f32 * seconds) as usize;
                assert!(power(&sound[..at(1.0)]) > 1e-3, "{bell:?}");
                let rest = &sound[at(last)..at(period / 1_000.0)];
                assert!(power(rest) < 1e-6, "{bell:?}");
                assert!(power(&sound[at(period / 1_000.0)..]) > 1e-3, "{bell:?}");
            }
        }
    }

    #[test]
    fn no_two_bells_sound_alike() {
        for (at, one) in Bell::ALL.into_iter().enumerate() {
            for other in &Bell::ALL[at + 1..] {
                let [a, b] = [one, *other].map(|bell| play(Tone::Ringing(bell), 8_000, 2.0));
                assert_ne!(a, b, "{one:?} and {other:?}");
            }
        }
    }
}
