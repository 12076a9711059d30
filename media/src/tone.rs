//! Signal tones and the bell, synthesised.

mod plan;

use std::f32::consts::TAU;

use plan::Cadence;
pub use plan::{Signal, TonePlan};

/// A tone or melody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// What the network tells, as it sounds in some country.
    Network(Signal, TonePlan),
    /// The same, for some seconds: how a call ended.
    Ending(Signal, TonePlan),
    /// A key was pressed: `0`–`9`, `*`, `#`, `A`–`D`, as the other side hears it, but short, quiet and once.
    Key(char),
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

/// How loud the network's tones are, and the one in the midst of a conversation.
const LEVEL: f32 = 0.2;
const WAITING_LEVEL: f32 = 0.1;

/// How long it is heard how a call ended, in ms.
const ENDING_MS: f32 = 4_000.0;

/// How long a key sounds, in ms, and how loud each of its two frequencies is.
const KEY_MS: f32 = 100.0;
const KEY_LEVEL: f32 = 0.04;
/// Keys in their rows, and the frequencies of rows and columns, in Hz (ITU-T Q.23).
const KEYS: [&str; 4] = ["123A", "456B", "789C", "*0#D"];
const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

fn key_note(key: char) -> Option<Note> {
    let place = |row: usize| Some((row, KEYS[row].find(key.to_ascii_uppercase())?));
    let (row, column) = (0..KEYS.len()).find_map(place)?;
    Some(even(0.0, KEY_MS, [ROWS[row], COLUMNS[column]], KEY_LEVEL))
}

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
    /// Whether it sounds once and is over.
    pub fn is_brief(self) -> bool {
        self.end().is_finite()
    }

    /// After how many ms it is over.
    fn end(self) -> f32 {
        match self {
            Self::Ending(..) => ENDING_MS,
            Self::Key(_) => KEY_MS,
            Self::Network(..) | Self::Ringing(_) => f32::INFINITY,
        }
    }

    /// The length of one period in ms.
    fn period(self) -> f32 {
        match self {
            Self::Network(signal, plan) => plan.cadence(signal).period(),
            Self::Ending(..) | Self::Key(_) => f32::INFINITY,
            Self::Ringing(bell) => bell.score().1,
        }
    }

    /// The sound at this time of a period, in ms.
    fn sample(self, at: f32) -> f32 {
        match self {
            Self::Network(signal, plan) => network_sample(plan.cadence(signal), signal, at),
            Self::Ending(_, _) if at >= ENDING_MS => 0.0,
            Self::Ending(signal, plan) => {
                let cadence = plan.cadence(signal);
                network_sample(cadence, signal, at % cadence.period())
            }
            Self::Key(key) => key_note(key).map_or(0.0, |note| note.at_time(at)),
            Self::Ringing(bell) => bell.score().0.iter().map(|note| note.at_time(at)).sum(),
        }
    }
}

/// The sound at this time of the cadence's period, in ms.
fn network_sample(cadence: Cadence, signal: Signal, at: f32) -> f32 {
    let Some((begin, long, pitch)) = cadence.sounding(at) else {
        return 0.0;
    };
    let level = match signal {
        Signal::CallWaiting => WAITING_LEVEL,
        _ => LEVEL,
    };
    let ms = at - begin;
    level * edges(ms, long) * pitch.sample(ms / 1_000.0)
}

/// How far an even tone of this length has come up, or gone down again, `ms` after it began.
fn edges(ms: f32, long: f32) -> f32 {
    (ms / EDGE).min((long - ms) / EDGE).clamp(0.0, 1.0)
}

impl Note {
    /// The sound at this time of the period, in ms.
    fn at_time(&self, at: f32) -> f32 {
        match (self.at..self.at + self.long).contains(&at) {
            true => self.sample(at - self.at),
            false => 0.0,
        }
    }

    /// The sound `ms` after the note began.
    fn sample(&self, ms: f32) -> f32 {
        let envelope = match self.decay > 0.0 {
            true => (ms / 2.0).min(1.0) * (-ms / self.decay).exp(),
            false => edges(ms, self.long),
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
        let period = f64::from(self.tone.period());
        let step = 1_000.0 / f64::from(rate.max(1));
        for sample in frame {
            *sample += self.tone.sample(self.at as f32);
            self.at = (self.at + step) % period;
        }
    }

    /// Whether it has sounded to its end: a brief one alone does.
    pub fn is_over(&self) -> bool {
        self.at >= f64::from(self.tone.end())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::signal::{has_tone, power, power_at};

    fn play(tone: Tone, rate: u32, seconds: f32) -> Vec<f32> {
        let mut samples = vec![0.0; (rate as f32 * seconds) as usize];
        let mut generator = ToneGenerator::new(tone);
        for frame in samples.chunks_mut(rate as usize / 50) {
            generator.add_to(rate, frame);
        }
        samples
    }

    const ALL: [Signal; 5] = [
        Signal::Ringback,
        Signal::Busy,
        Signal::Congestion,
        Signal::Information,
        Signal::CallWaiting,
    ];

    /// When a tone of these frequencies sounds and rests, in ms, by Goertzel over blocks of 10 ms.
    fn cadence(samples: &[f32], hz: &[f32]) -> Vec<usize> {
        let blocks = samples.chunks_exact(RATE as usize / 100);
        let loud =
            |block: &[f32]| hz.iter().map(|hz| power_at(block, RATE, *hz)).sum::<f32>() > 3e-4;
        let mut runs = vec![0];
        let mut sounds = true;
        for block in blocks {
            if loud(block) != sounds {
                sounds = !sounds;
                runs.push(0);
            }
            *runs.last_mut().unwrap() += 10;
        }
        runs
    }

    const RATE: u32 = 8_000;

    #[test]
    fn tones_have_the_frequencies_and_cadences_of_their_country() {
        use Signal::{Busy, CallWaiting, Congestion, Ringback};
        let table: &[(&str, Signal, &[f32], &[usize])] = &[
            ("US", Ringback, &[440.0, 480.0], &[2_000, 4_000]),
            ("US", Busy, &[480.0, 620.0], &[500, 500]),
            ("CA", Congestion, &[480.0, 620.0], &[250, 250]),
            ("GB", Ringback, &[400.0, 450.0], &[400, 200, 400, 2_000]),
            ("GB", Busy, &[400.0], &[370, 380]),
            ("DE", Ringback, &[425.0], &[1_000, 4_000]),
            ("DE", Busy, &[425.0], &[480, 480]),
            ("FR", Ringback, &[440.0], &[1_500, 3_500]),
            ("ES", Congestion, &[425.0], &[200, 200, 200, 200, 200, 600]),
            (
                "IT",
                CallWaiting,
                &[425.0],
                &[400, 100, 250, 100, 150, 14_000],
            ),
            ("RU", Busy, &[425.0], &[350, 350]),
            ("KZ", Busy, &[425.0], &[350, 350]),
            ("UA", Ringback, &[425.0], &[1_000, 4_000]),
            ("HU", Ringback, &[425.0], &[1_250, 3_750]),
            ("SA", Ringback, &[425.0], &[1_200, 4_600]),
            ("NP", Busy, &[400.0], &[750, 750]),
            ("XX", Ringback, &[425.0], &[1_000, 4_000]),
        ];
        for (country, signal, hz, expected) in table {
            let tone = Tone::Network(*signal, TonePlan::of(country));
            let period = expected.iter().sum::<usize>() as f32 / 1_000.0;
            let found = cadence(&play(tone, RATE, period * 2.0), hz);
            let twice = [*expected, *expected].concat();
            assert_eq!(found.len(), twice.len(), "{country} {signal:?}: {found:?}");
            for (found, expected) in found.iter().zip(&twice) {
                assert!(
                    found.abs_diff(*expected) <= 10,
                    "{country} {signal:?}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn a_beating_tone_has_its_side_tones_and_two_frequencies_are_as_loud_as_one() {
        let india = play(
            Tone::Network(Signal::Ringback, TonePlan::of("IN")),
            RATE,
            0.4,
        );
        let [below, carrier, above] = [375.0, 400.0, 425.0].map(|hz| power_at(&india, RATE, hz));
        assert!((carrier / below - 4.0).abs() < 0.3 && (carrier / above - 4.0).abs() < 0.3);
        let american = play(
            Tone::Network(Signal::Ringback, TonePlan::of("US")),
            16_000,
            1.0,
        );
        for hz in [440.0, 480.0] {
            assert!((power_at(&american, 16_000, hz) - 0.005).abs() < 5e-4);
        }
    }

    #[test]
    fn the_special_information_tone_rises_in_three_steps() {
        let tone = play(
            Tone::Network(Signal::Information, TonePlan::default()),
            RATE,
            1.99,
        );
        for (step, hz) in [950.0, 1_400.0, 1_800.0].into_iter().enumerate() {
            let begin = step * 2_640;
            assert!(has_tone(&tone[begin..begin + 2_640], RATE, hz), "{hz} Hz");
        }
        assert_eq!(power(&tone[7_920..]), 0.0);
    }

    #[test]
    fn no_tone_of_any_country_clips_or_clicks() {
        for country in TonePlan::countries().chain(["XX"]) {
            for signal in ALL {
                let tone = Tone::Network(signal, TonePlan::of(country));
                let sound = play(tone, RATE, 4.0);
                let peak = sound
                    .iter()
                    .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
                assert!((0.05..=0.2).contains(&peak), "{country} {signal:?}: {peak}");
                // The steepest slope of the highest pitch, and not a leap.
                let steepest = sound.windows(2).map(|pair| (pair[1] - pair[0]).abs());
                assert!(steepest.fold(0.0, f32::max) < 0.28, "{country} {signal:?}");
            }
        }
    }

    #[test]
    fn a_key_has_its_two_frequencies_is_quiet_and_over_after_a_tenth_of_a_second() {
        for (key, low, high) in [
            ('1', 697.0, 1_209.0),
            ('5', 770.0, 1_336.0),
            ('#', 941.0, 1_477.0),
            ('d', 941.0, 1_633.0),
        ] {
            let mut generator = ToneGenerator::new(Tone::Key(key));
            let mut frames = [[0.0; 160]; 10];
            for (at, frame) in frames.iter_mut().enumerate() {
                assert_eq!(generator.is_over(), at >= 5, "{key} in frame {at}");
                generator.add_to(RATE, frame);
            }
            let sound = frames.concat();
            for hz in [low, high] {
                let level = power_at(&sound[..800], RATE, hz);
                assert!((5e-4..1e-3).contains(&level), "{key}: {level} at {hz} Hz");
            }
            assert_eq!(power(&sound[800..]), 0.0);
        }
        assert_eq!(power(&play(Tone::Key('x'), RATE, 0.2)), 0.0);
    }

    #[test]
    fn how_a_call_ended_is_heard_for_four_seconds() {
        let tone = Tone::Ending(Signal::Busy, TonePlan::of("DE"));
        assert!(tone.is_brief() && !Tone::Ringing(Bell::Deep).is_brief());
        let sound = play(tone, RATE, 6.0);
        assert!(power(&sound[24_000..30_000]) > 1e-3);
        assert_eq!(power(&sound[32_000..]), 0.0);
        let mut generator = ToneGenerator::new(tone);
        generator.add_to(RATE, &mut vec![0.0; 31_000]);
        assert!(!generator.is_over());
        generator.add_to(RATE, &mut vec![0.0; 1_001]);
        assert!(generator.is_over());
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
