//! Comfort noise in the peer's pauses (RFC 3389).

use crate::random::Random;

/// Noise at the level of the peer's last SID packet, while its pause lasts.
#[derive(Debug)]
pub(super) struct ComfortNoise {
    amplitude: Option<f32>,
    random: Random,
}

impl ComfortNoise {
    pub(super) fn new(random: Random) -> Self {
        ComfortNoise {
            amplitude: None,
            random,
        }
    }

    /// The first octet is the level in -dBov (RFC 3389 §3.1); the spectrum is passed over.
    pub(super) fn set_level(&mut self, payload: &[u8]) {
        let decibels = -f32::from(payload.first().copied().unwrap_or(127) & 0x7f);
        // Even noise between ±a has the power a²/3.
        self.amplitude = Some(3.0_f32.sqrt() * 10.0_f32.powf(decibels / 20.0));
    }

    /// The peer talks again.
    pub(super) fn stop(&mut self) {
        self.amplitude = None;
    }

    /// Fills `out`; false when there is no noise to make.
    pub(super) fn fill(&mut self, out: &mut [f32]) -> bool {
        let Some(amplitude) = self.amplitude else {
            return false;
        };
        for sample in out {
            *sample = amplitude * (2.0 * self.random.next_f32() - 1.0);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;

    #[test]
    fn the_noise_has_the_level_the_peer_tells() {
        let mut noise = ComfortNoise::new(Random::new(1));
        let mut out = [0.0; 8_000];
        assert!(!noise.fill(&mut out));
        noise.set_level(&[50, 1, 2, 3]);
        assert!(noise.fill(&mut out));
        let decibels = 10.0 * signal::power(&out).log10();
        assert!((decibels + 50.0).abs() < 1.0, "{decibels}");
        noise.stop();
        assert!(!noise.fill(&mut out));
    }
}
