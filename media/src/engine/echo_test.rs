//! A call with oneself: the microphone is heard in the loudspeaker two seconds later, without any network.

use super::input::{Input, Place};
use crate::filter::Meter;
use crate::mixer;

/// The rate of the test, in Hz.
pub const RATE: u32 = 16_000;
const FRAME: usize = RATE as usize / 50;
/// How much later one hears oneself, in frames: time enough for a sentence.
const DELAY: usize = 100;
/// A test that nobody ends ends after five minutes, in frames.
const LONGEST: u32 = 15_000;
/// Frames between two reports of the levels.
const REPORT: u32 = 5;

/// A running test.
pub struct EchoTest {
    /// What was said in the last two seconds.
    said: Vec<f32>,
    /// Where in it the next frame stands.
    at: usize,
    place: Place,
    frames: u32,
    /// What is said, what is heard.
    meters: [Meter; 2],
}

impl EchoTest {
    /// One that has heard nothing yet.
    pub fn new() -> Self {
        Self {
            said: vec![0.0; DELAY * FRAME],
            at: 0,
            place: Place::default(),
            frames: 0,
            meters: Default::default(),
        }
    }

    /// Whether it has gone on for too long.
    pub fn is_over(&self) -> bool {
        self.frames >= LONGEST
    }

    /// The next 20 ms: takes what is said and adds what is heard to `loudspeaker`, which is at [`RATE`].
    /// About ten times a second it tells the peaks of both, 0.0–1.0.
    pub fn run(
        &mut self,
        input: &Input,
        microphone: &[f32],
        loudspeaker: &mut [f32],
    ) -> Option<(f32, f32)> {
        let frame = &mut self.said[self.at..self.at + FRAME];
        mixer::add(frame, loudspeaker);
        self.meters[1].watch(frame);
        let microphone = (microphone.len() == FRAME).then_some(microphone);
        // There is nobody to be looped back but ourselves.
        self.place
            .read(input, RATE, &[0.0; FRAME], microphone, frame);
        self.meters[0].watch(frame);
        self.at = (self.at + FRAME) % self.said.len();
        self.frames += 1;
        let [said, heard] = &mut self.meters;
        self.frames
            .is_multiple_of(REPORT)
            .then(|| (said.take(), heard.take()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn what_is_said_is_heard_two_seconds_later_and_both_levels_are_told() {
        let mut test = EchoTest::new();
        let mut told = Vec::new();
        for frame in 0..150 {
            let said = if frame < 10 {
                [0.5; FRAME]
            } else {
                [0.0; FRAME]
            };
            let mut heard = [0.0; FRAME];
            let levels = test.run(&Input::Microphone(None), &said, &mut heard);
            let is_heard = (100..110).contains(&frame);
            assert_eq!(heard[0], if is_heard { 0.5 } else { 0.0 }, "frame {frame}");
            told.extend(levels);
        }
        assert_eq!(told.len(), 30);
        assert_eq!(told[..3], [(0.5, 0.0), (0.5, 0.0), (0.0, 0.0)]);
        assert_eq!(told[20..23], [(0.0, 0.5), (0.0, 0.5), (0.0, 0.0)]);
        assert!(!test.is_over());
    }

    #[test]
    fn without_a_microphone_nothing_is_said() {
        let mut test = EchoTest::new();
        for _ in 0..120 {
            let mut heard = [0.0; FRAME];
            let levels = test.run(&Input::Loop, &[], &mut heard);
            assert_eq!((heard[0], levels.unwrap_or_default()), (0.0, (0.0, 0.0)));
        }
    }
}
