//! The media thread's ends of the rings to and from a sound card: resampling and drift.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use rtrb::{Consumer, Producer};

use super::drift::{Correction, Drift};
use crate::resample::Stretcher;

/// What a microphone hears.
pub struct Capture {
    ring: Consumer<f32>,
    rate: u32,
    /// Until the ring is this full again, silence is heard instead.
    filling: bool,
    drift: Drift,
    stretcher: Option<Stretcher>,
}

impl Capture {
    /// The reading end of a card that samples at `rate` Hz.
    pub fn new(ring: Consumer<f32>, rate: u32) -> Self {
        Self {
            ring,
            rate,
            filling: true,
            drift: Drift::default(),
            stretcher: None,
        }
    }

    /// Whether the card is still there.
    pub fn is_alive(&self) -> bool {
        !self.ring.is_abandoned()
    }

    /// Throws away what nobody listens to.
    pub fn discard(&mut self) {
        self.keep(0);
        self.filling = true;
    }

    /// The next 20 ms at `rate`; silence if the card has not delivered.
    pub fn read(&mut self, rate: u32, frame: &mut [f32]) {
        frame.fill(0.0);
        if self
            .stretcher
            .as_ref()
            .is_none_or(|stretcher| stretcher.rates() != (self.rate, rate))
        {
            self.stretcher = Stretcher::to_frames(self.rate, rate);
        }
        let Some(stretcher) = &mut self.stretcher else {
            return;
        };
        let needed = stretcher.needed();
        let target = (self.drift.target() * f64::from(self.rate)) as usize;
        let present = self.ring.slots();
        if present < needed + if self.filling { target } else { 0 } {
            if !std::mem::replace(&mut self.filling, true) {
                self.drift.starved(0.0);
            }
            return;
        }
        if std::mem::take(&mut self.filling) {
            self.keep(needed + target);
        }
        let Some(stretcher) = &mut self.stretcher else {
            return;
        };
        stretcher.stretch(|input| read_ring(&mut self.ring, input), needed, frame);
        let left = self.ring.slots();
        match self.drift.watch(Some(left as f64 / f64::from(self.rate))) {
            Some(Correction::Stretch(ratio)) => stretcher.set_ratio(ratio),
            Some(Correction::Drop(seconds)) => {
                self.keep(left - (seconds * f64::from(self.rate)) as usize)
            }
            None => {}
        }
    }

    /// Drops the oldest samples until at most `most` are left.
    fn keep(&mut self, most: usize) {
        let excess = self.ring.slots().saturating_sub(most);
        if let Ok(chunk) = self.ring.read_chunk(excess) {
            chunk.commit_all();
        }
    }
}

fn read_ring(ring: &mut Consumer<f32>, input: &mut [f32]) {
    if ring.pop_entire_slice(input).is_err() {
        input.fill(0.0);
    }
}

/// What a card's callback tells about its ring.
#[derive(Clone, Debug)]
pub struct LowWater {
    /// How many samples were left after the last takings.
    left: Arc<AtomicU32>,
    /// How many are taken at a time.
    block: Arc<AtomicU32>,
}

/// Nothing was taken.
const UNTOUCHED: u32 = u32::MAX;
/// There was less than what was to be taken.
const DRY: u32 = 0;

impl Default for LowWater {
    fn default() -> Self {
        Self {
            left: Arc::new(AtomicU32::new(UNTOUCHED)),
            block: Arc::default(),
        }
    }
}

impl LowWater {
    /// The callback takes so many samples.
    pub fn takes(&self, samples: usize) {
        let samples = u32::try_from(samples).unwrap_or(u32::MAX);
        self.block.store(samples, Ordering::Relaxed);
    }

    /// How many samples the callback takes at a time.
    fn block(&self) -> u32 {
        self.block.load(Ordering::Relaxed)
    }

    /// The callback took what it needs and so many samples are left.
    pub fn left(&self, samples: usize) {
        self.left.fetch_min(
            u32::try_from(samples).unwrap_or(UNTOUCHED).max(DRY + 1),
            Ordering::Relaxed,
        );
    }

    /// The callback did not get what it needs.
    pub fn dry(&self) {
        self.left.store(DRY, Ordering::Relaxed);
    }

    /// The lowest level since this was last asked.
    pub(super) fn take(&self) -> u32 {
        self.left.swap(UNTOUCHED, Ordering::Relaxed)
    }
}

/// What a loudspeaker plays.
pub struct Playback {
    ring: Producer<f32>,
    rate: u32,
    low_water: LowWater,
    playing: bool,
    drift: Drift,
    stretcher: Option<Stretcher>,
    /// Frames that are dropped because too much waits.
    surplus: u32,
    out: Vec<f32>,
}

impl Playback {
    /// The writing end of a card that plays at `rate` Hz and marks the ring's lowest level in `low_water`.
    pub fn new(ring: Producer<f32>, rate: u32, low_water: LowWater) -> Self {
        Self {
            ring,
            rate,
            low_water,
            playing: false,
            drift: Drift::default(),
            stretcher: None,
            surplus: 0,
            out: Vec::new(),
        }
    }

    /// Whether the card is still there.
    pub fn is_alive(&self) -> bool {
        !self.ring.is_abandoned()
    }

    /// Whether the card has begun to take what is written.
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// Nothing is played for now: an empty ring is no fault.
    pub fn rest(&mut self) {
        self.playing = false;
    }

    /// Plays 20 ms at `rate`. What the card cannot take any more is dropped.
    pub fn write(&mut self, rate: u32, frame: &[f32]) {
        if self
            .stretcher
            .as_ref()
            .is_none_or(|stretcher| stretcher.rates() != (rate, self.rate))
        {
            self.stretcher = Stretcher::of_frames(rate, self.rate);
        }
        if !self.watch() {
            return;
        }
        if let Some(surplus) = self.surplus.checked_sub(1) {
            self.surplus = surplus;
            return;
        }
        let Some(stretcher) = &mut self.stretcher else {
            return;
        };
        self.out.resize(stretcher.most(), 0.0);
        let count = stretcher.stretch(
            |input| input.copy_from_slice(frame),
            frame.len(),
            &mut self.out,
        );
        // What does not fit was not going to be heard in time.
        let _ = self.ring.push_partial_slice(&self.out[..count]);
    }

    /// Looks at the ring and corrects its level. False: the card has not begun to take.
    fn watch(&mut self) -> bool {
        let mark = self.low_water.take();
        if !self.playing {
            self.playing = mark != UNTOUCHED;
            self.drift.restart();
            self.lead_in();
        } else if mark == DRY {
            self.drift
                .starved(f64::from(self.low_water.block()) / f64::from(self.rate));
            self.lead_in();
        } else {
            let left = (mark != UNTOUCHED).then(|| f64::from(mark) / f64::from(self.rate));
            self.correct(left);
        }
        self.playing
    }

    fn correct(&mut self, left: Option<f64>) {
        match self.drift.watch(left) {
            Some(Correction::Stretch(ratio)) => {
                if let Some(stretcher) = &mut self.stretcher {
                    stretcher.set_ratio(ratio);
                }
            }
            Some(Correction::Drop(seconds)) => self.surplus = (seconds * 50.0) as u32,
            None => {}
        }
    }

    /// Silence ahead of the sound, so that the next tick may be a little late.
    fn lead_in(&mut self) {
        let samples = if self.playing {
            (self.drift.target() * f64::from(self.rate)) as usize
        } else {
            0
        };
        for _ in 0..samples {
            if self.ring.push(0.0).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::signal::{Oscillator, has_tone, power};
    use rtrb::RingBuffer;

    /// Seconds that a card with a clock off by `skew` has lived after `tick` ticks.
    fn card_time(tick: u32, skew: f64) -> f64 {
        f64::from(tick) * 0.02 * (1.0 + skew)
    }

    #[test]
    fn a_microphone_with_a_clock_of_its_own_is_heard_without_gaps() {
        for (card_rate, rate, skew) in [
            (48_000, 8_000, 0.001),
            (44_100, 16_000, -0.001),
            (48_000, 48_000, 0.0),
        ] {
            let (mut ring, captured) = RingBuffer::new(card_rate as usize / 2);
            let mut capture = Capture::new(captured, card_rate);
            let mut voice = Oscillator::new(card_rate, 1_000.0, 0.5);
            let (mut heard, mut delivered) = (Vec::new(), 0);
            for tick in 0..2_400 {
                let due = (card_time(tick, skew) * f64::from(card_rate)) as usize / 480 * 480;
                let mut block = vec![0.0; due - delivered];
                voice.fill(&mut block);
                assert!(ring.push_entire_slice(&block).is_ok());
                delivered = due;
                let mut frame = vec![0.0; rate as usize / 50];
                capture.read(rate, &mut frame);
                heard.extend(frame);
            }
            let steady = &heard[heard.len() / 3 * 2..];
            for block in steady.chunks_exact(rate as usize / 20) {
                assert!(
                    (power(block) - 0.125).abs() < 0.003,
                    "a gap: {card_rate} to {rate}"
                );
                assert!(has_tone(block, rate, 1_000.0), "{card_rate} to {rate}");
            }
        }
    }

    #[test]
    fn a_loudspeaker_with_a_clock_of_its_own_plays_without_gaps_and_without_growing_delay() {
        for (rate, card_rate, skew) in [
            (8_000, 48_000, 0.001),
            (48_000, 44_100, -0.001),
            (16_000, 48_000, 0.0),
        ] {
            let (played, mut ring) = RingBuffer::new(card_rate as usize / 2);
            let low_water = LowWater::default();
            let mut playback = Playback::new(played, card_rate, low_water.clone());
            let mut voice = Oscillator::new(rate, 1_000.0, 0.5);
            let (mut heard, mut taken) = (Vec::new(), 0);
            for tick in 0..2_400 {
                let due = (card_time(tick, skew) * f64::from(card_rate)) as usize / 480 * 480;
                while taken < due {
                    let dry = ring.slots() < 480;
                    heard.extend((0..480).map(|_| ring.pop().unwrap_or(0.0)));
                    if dry {
                        low_water.dry()
                    } else {
                        low_water.left(ring.slots())
                    }
                    taken += 480;
                }
                let mut frame = vec![0.0; rate as usize / 50];
                voice.fill(&mut frame);
                playback.write(rate, &frame);
            }
            assert!(
                ring.slots() < card_rate as usize / 20,
                "{} samples wait",
                ring.slots()
            );
            let steady = &heard[heard.len() / 3 * 2..];
            for block in steady.chunks_exact(card_rate as usize / 20) {
                assert!(
                    (power(block) - 0.125).abs() < 0.003,
                    "a gap: {rate} to {card_rate}"
                );
                assert!(has_tone(block, card_rate, 1_000.0), "{rate} to {card_rate}");
            }
        }
    }

    #[test]
    fn a_card_that_is_gone_is_noticed_and_gives_silence() {
        let (ring, captured) = RingBuffer::<f32>::new(4_800);
        let mut capture = Capture::new(captured, 48_000);
        assert!(capture.is_alive());
        drop(ring);
        let mut frame = [1.0; 160];
        capture.read(8_000, &mut frame);
        assert_eq!(frame, [0.0; 160]);
        assert!(!capture.is_alive());
    }
}
