//! Comfort noise in pauses (RFC 3389): made from what the peer tells of its own.

use crate::random::Random;

/// Reflection coefficients at most; a peer's further ones are left out (RFC 3389 §3).
pub(super) const MAX_ORDER: usize = 10;
/// Samples between steps of a change.
const STEP: usize = 16;
/// What remains of the way to new values after a step: a change takes about 60 ms at 8000 Hz.
const REMAINS: f32 = 0.967;
/// Samples in which noise and voice take turns.
const TURN: usize = 64;

/// The noise around somebody: what a SID packet says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Background {
    /// Root mean square, full scale is one.
    pub(super) amplitude: f32,
    /// Of an all-pole model, each between -1 and 1; zeros behind the model's order.
    pub(super) reflection: [f32; MAX_ORDER],
}

impl Background {
    /// Reads a SID packet: the level in -dBov, then the coefficients in steps of 258/32768 around
    /// index 127 (RFC 3389 §3.1, §3.2).
    pub(super) fn read(payload: &[u8]) -> Self {
        let (level, indices) = payload.split_first().unwrap_or((&127, &[]));
        let mut reflection = [0.0; MAX_ORDER];
        // Index 255 is reserved: nothing is known from there on.
        let indices = indices.iter().take_while(|index| **index != 255);
        for (place, index) in reflection.iter_mut().zip(indices) {
            *place = (f32::from(*index) - 127.0) * 258.0 / 32_768.0;
        }
        Background {
            amplitude: 10.0_f32.powf(-f32::from(level & 0x7f) / 20.0),
            reflection,
        }
    }

    /// Writes the SID packet and tells its length.
    pub(super) fn write(&self, payload: &mut [u8]) -> usize {
        let decibels = -20.0 * self.amplitude.max(1e-7).log10();
        let order = self.reflection.iter().rposition(|k| *k != 0.0);
        let order = order.map_or(0, |last| last + 1);
        let indices = self.reflection[..order].iter();
        let indices =
            indices.map(|k| (127.0 + k * 32_768.0 / 258.0).round().clamp(0.0, 254.0) as u8);
        let level = decibels.round().clamp(0.0, 127.0) as u8;
        let octets = std::iter::once(level).chain(indices);
        let places = payload.iter_mut().zip(octets);
        places.map(|(place, octet)| *place = octet).count()
    }
}

/// Noise as the peer's last SID packet tells it, while the pause lasts.
#[derive(Debug)]
pub(super) struct ComfortNoise {
    wanted: Option<Background>,
    /// On its way to what is wanted.
    present: Background,
    /// The lattice's delayed backward errors.
    delayed: [f32; MAX_ORDER],
    random: Random,
    /// The voice's last sample, which the noise begins from, and samples of noise since.
    begun_at: f32,
    age: usize,
    /// Samples of noise still to be heard beneath the voice that has returned.
    ending: usize,
}

impl ComfortNoise {
    pub(super) fn new(random: Random) -> Self {
        ComfortNoise {
            wanted: None,
            present: Background::read(&[]),
            delayed: [0.0; MAX_ORDER],
            random,
            begun_at: 0.0,
            age: 0,
            ending: 0,
        }
    }

    /// Takes the peer's SID packet; `last` is the last sample heard.
    pub(super) fn describe(&mut self, payload: &[u8], last: f32) {
        let background = Background::read(payload);
        if self.wanted.replace(background).is_none() {
            self.present = background;
            self.delayed = [0.0; MAX_ORDER];
            self.begun_at = last;
            self.age = 0;
        }
    }

    /// Nothing is to be heard of it any more.
    pub(super) fn stop(&mut self) {
        self.wanted = None;
        self.ending = 0;
    }

    /// Fills `out`; false when there is no noise to make.
    pub(super) fn fill(&mut self, out: &mut [f32]) -> bool {
        let Some(wanted) = self.wanted else {
            return false;
        };
        self.make(&wanted, out);
        // The step from the voice to the noise is spread.
        for sample in out.iter_mut().take(TURN.saturating_sub(self.age)) {
            *sample += self.begun_at * (1.0 - self.age as f32 / TURN as f32);
            self.age += 1;
        }
        true
    }

    /// The voice returns: it takes over from the noise within its first samples.
    pub(super) fn give_way(&mut self, voice: &mut [f32]) {
        if let Some(wanted) = self.wanted.take() {
            self.present = wanted;
            self.ending = TURN;
        }
        let mut noise = [0.0; TURN];
        let len = self.ending.min(voice.len());
        if len == 0 {
            return;
        }
        let present = self.present;
        self.make(&present, &mut noise[..len]);
        for (sample, noise) in voice.iter_mut().zip(&noise[..len]) {
            let share = self.ending as f32 / TURN as f32;
            *sample += share * (noise - *sample);
            self.ending -= 1;
        }
    }

    fn make(&mut self, wanted: &Background, out: &mut [f32]) {
        for block in out.chunks_mut(STEP) {
            let mut gain = 1.0;
            let present = self.present.reflection.iter_mut();
            for (present, wanted) in present.zip(&wanted.reflection) {
                *present = wanted + (*present - wanted) * REMAINS;
                gain *= 1.0 - *present * *present;
            }
            let (present, wanted) = (&mut self.present.amplitude, wanted.amplitude);
            *present = wanted + (*present - wanted) * REMAINS;
            // Even noise between ±a has the power a²/3, and the filter adds 1/Π(1 - k²).
            let amplitude = *present * (3.0 * gain).sqrt();
            for sample in block {
                let excitation = amplitude * (2.0 * self.random.next_f32() - 1.0);
                *sample = self.filtered(excitation);
            }
        }
    }

    /// The all-pole lattice: A(z) has the coefficients `k` as its reflections.
    fn filtered(&mut self, excitation: f32) -> f32 {
        let mut forward = excitation;
        for stage in (0..MAX_ORDER).rev() {
            let k = self.present.reflection[stage];
            let backward = self.delayed[stage];
            forward -= k * backward;
            if let Some(next) = self.delayed.get_mut(stage + 1) {
                *next = backward + k * forward;
            }
        }
        self.delayed[0] = forward;
        forward.clamp(-1.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;

    fn power(samples: &[f32], lag: usize) -> f32 {
        let pairs = samples.iter().zip(&samples[lag..]);
        pairs.map(|(a, b)| a * b).sum::<f32>() / samples.len() as f32
    }

    #[test]
    fn the_noise_has_the_level_the_peer_tells_whatever_its_spectrum() {
        for sid in [
            &[50][..],
            &[50, 20, 200, 127, 90],
            &[
                50, 220, 40, 160, 127, 110, 140, 127, 127, 127, 120, 130, 9, 255,
            ],
        ] {
            let mut noise = ComfortNoise::new(Random::new(1));
            let mut out = [0.0; 80_000];
            assert!(!noise.fill(&mut out));
            noise.describe(sid, 0.0);
            assert!(noise.fill(&mut out));
            let decibels = 10.0 * signal::power(&out).log10();
            assert!((decibels + 50.0).abs() < 1.0, "{sid:?}: {decibels}");
            noise.stop();
            assert!(!noise.fill(&mut out));
        }
    }

    #[test]
    fn no_spectrum_makes_it_louder_than_a_voice() {
        let mut noise = ComfortNoise::new(Random::new(1));
        noise.describe(&[0, 254, 0, 254, 0, 255, 255, 255, 0, 0, 254, 254], 0.0);
        let mut out = [0.0; 80_000];
        noise.fill(&mut out);
        assert!(out.iter().all(|sample| sample.abs() <= 1.0));
    }

    #[test]
    fn the_spectrum_is_that_of_the_reflection_coefficients() {
        // One pole: a neighbour's correlation is -k (RFC 3389 §3.2: k = 258 (N - 127) / 32768).
        for index in [20, 100, 127, 180, 240] {
            let k = 258.0 * (f32::from(index) - 127.0) / 32_768.0;
            let mut noise = ComfortNoise::new(Random::new(2));
            noise.describe(&[30, index], 0.0);
            let mut out = vec![0.0; 80_000];
            noise.fill(&mut out);
            let found = power(&out, 1) / power(&out, 0);
            assert!((found + k).abs() < 0.03, "{index}: {found} for {k}");
        }
    }

    #[test]
    fn a_new_sid_changes_the_noise_without_a_step() {
        let mut noise = ComfortNoise::new(Random::new(3));
        noise.describe(&[60, 40], 0.0);
        let mut out = vec![0.0; 8_000];
        noise.fill(&mut out);
        noise.describe(&[30, 200], 0.0);
        let mut after = vec![0.0; 8_000];
        noise.fill(&mut after);
        // 30 dB more, but not within the first 5 ms.
        assert!(signal::power(&after[..40]) < 0.03 * signal::power(&after[4_000..]));
        let decibels = 10.0 * signal::power(&after[4_000..]).log10();
        assert!((decibels + 30.0).abs() < 1.0, "{decibels}");
    }

    #[test]
    fn noise_begins_where_the_voice_was_and_voice_begins_where_the_noise_is() {
        let mut noise = ComfortNoise::new(Random::new(4));
        noise.describe(&[70], 0.5);
        let mut out = [0.0; 160];
        noise.fill(&mut out);
        assert!((out[0] - 0.5).abs() < 0.01);
        let mut voice = [0.5; 160];
        noise.give_way(&mut voice);
        assert!(voice[0].abs() < 0.02, "{}", voice[0]);
        assert_eq!(voice[TURN..], [0.5; 160 - TURN]);
        for pair in [&out[..], &voice].concat().windows(2) {
            assert!((pair[1] - pair[0]).abs() < 0.02, "{pair:?}");
        }
    }

    #[test]
    fn what_is_written_reads_back_as_far_as_its_steps_allow() {
        let mut reflection = [0.0; MAX_ORDER];
        reflection[..4].copy_from_slice(&[-0.9, 0.5, -0.25, 0.99]);
        let background = Background {
            amplitude: 0.01,
            reflection,
        };
        let mut payload = [0; 1 + MAX_ORDER];
        assert_eq!(background.write(&mut payload), 5);
        assert_eq!(payload[0], 40);
        let read = Background::read(&payload[..5]);
        for (read, written) in read.reflection.iter().zip(&background.reflection) {
            assert!((read - written).abs() < 0.005, "{read} for {written}");
        }
        // A flat spectrum needs no coefficient, and silence is as low as can be said.
        let silence = Background {
            amplitude: 0.0,
            reflection: [0.0; MAX_ORDER],
        };
        assert_eq!(silence.write(&mut payload), 1);
        assert_eq!(payload[0], 127);
    }
}
