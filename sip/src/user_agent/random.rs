//! Tags, branches and jitter, all from one seed so that a failing run replays.

use std::fmt::Write as _;
use std::time::Duration;

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};

/// The user agent's source of names and dice.
#[derive(Clone, Debug)]
pub(crate) struct Random(ChaCha12Rng);

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Random(ChaCha12Rng::from_seed(seed))
    }

    /// Another source, for whoever needs names later on its own.
    pub(crate) fn fork(&mut self) -> Self {
        let mut seed = [0; 32];
        self.fill(&mut seed);
        Random::new(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A From or To tag, or a client nonce: 64 random bits, twice what RFC 3261 §19.3 asks for.
    pub(crate) fn tag(&mut self) -> String {
        format!("{:016x}", self.number())
    }

    /// A Call-ID no one can guess (RFC 3261 §8.1.1.4): 128 random bits.
    pub(crate) fn call_id(&mut self) -> String {
        let mut text = String::with_capacity(32);
        // Writing to a String cannot fail.
        let _ = write!(text, "{:016x}{:016x}", self.number(), self.number());
        text
    }

    /// A key: octets that nobody can guess.
    pub(crate) fn fill(&mut self, octets: &mut [u8]) {
        self.0.fill_bytes(octets);
    }

    /// Anywhere between the two, in whole milliseconds.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_millis() as u64 + 1;
        least + Duration::from_millis(self.number() % span)
    }
}
