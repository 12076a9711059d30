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
    /// Our own bell: four rising bars of a marimba, twice, then a rest.
    Ringing,
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
    Note {
        at,
        long,
        hz,
        level,
        decay: 0.0,
    }
}

/// A bar of the marimba: the ground tone and its fourth partial, dying away.
const fn bar(at: f32, hz: f32) -> Note {
    Note {
        at,
        long: 900.0,
        hz: [hz, hz * 4.0],
        level: 0.22,
        decay: 160.0,
    }
}

const RINGBACK: &[Note] = &[even(0.0, 1_000.0, [425.0, 0.0], 0.2)];
const RINGBACK_US: &[Note] = &[even(0.0, 2_000.0, [440.0, 480.0], 0.1)];
const BUSY: &[Note] = &[even(0.0, 500.0, [425.0, 0.0], 0.2)];
const CALL_WAITING: &[Note] = &[
    even(0.0, 150.0, [425.0, 0.0], 0.1),
    even(250.0, 150.0, [425.0, 0.0], 0.1),
];
const RINGING: &[Note] = &[
    bar(0.0, 523.25),
    bar(150.0, 659.26),
    bar(300.0, 783.99),
    bar(450.0, 1_046.5),
    bar(900.0, 587.33),
    bar(1_050.0, 698.46),
    bar(1_200.0, 880.0),
    bar(1_350.0, 1_174.66),
];

impl Tone {
    /// The sounds of one period and its length in ms.
    fn score(self) -> (&'static [Note], f32) {
        match self {
            Self::Ringback => (RINGBACK, 5_000.0),
            Self::RingbackUs => (RINGBACK_US, 6_000.0),
            Self::Busy => (BUSY, 1_000.0),
            Self::CallWaiting => (CALL_WAITING, 5_000.0),
            Self::Ringing => (RINGING, 4_000.0),
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
    fn the_bell_is_heard_rests_and_never_clips_at_any_rate() {
        for rate in [8_000, 44_100, 48_000] {
            let bell = play(Tone::Ringing, rate, 8.0);
            let peak = bell
                .iter()
                .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!((0.2..0.9).contains(&peak), "peak {peak} at {rate} Hz");
            let second = rate as usize;
            assert!(power(&bell[..second]) > 1e-3);
            assert!(power(&bell[3 * second..4 * second]) < 1e-6);
            assert!(power(&bell[4 * second..5 * second]) > 1e-3);
        }
    }
}
