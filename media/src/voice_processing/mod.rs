//! What is done to the voice between the microphone and the calls: the echo of the loudspeaker is taken out, noise is
//! lowered, the level is evened out. Frames in, frames out, on the ticks of the media thread.

mod activity;
mod settings;
mod webrtc;

pub use activity::VoiceActivity;
pub use settings::{NoiseSuppression, VoiceSettings};

use self::webrtc::WebRtc;
use crate::mixer;

/// Takes echo, noise and rumble out of a voice, 10 ms at a time.
trait Processor: Send {
    /// Does from now on what the settings say.
    fn configure(&mut self, settings: &VoiceSettings);

    /// The next 10 ms that the loudspeaker is given.
    fn play(&mut self, frame: &[f32]);

    /// The next 10 ms that the microphone has heard; what remains of them is the voice.
    fn process(&mut self, frame: &mut [f32]);
}

/// The way of the one microphone.
pub struct VoiceProcessing {
    settings: VoiceSettings,
    /// The processor and the rate it works at; there is none while nothing is to be done.
    processor: Option<(u32, Box<dyn Processor>)>,
}

impl VoiceProcessing {
    /// Nothing is set up before the first frame.
    pub fn new(settings: VoiceSettings) -> Self {
        Self {
            settings,
            processor: None,
        }
    }

    /// Other settings from the next frame on.
    pub fn configure(&mut self, settings: VoiceSettings) {
        self.settings = settings;
        match &mut self.processor {
            Some((_, processor)) if settings.changes_sound() => processor.configure(&settings),
            _ => self.processor = None,
        }
    }

    /// What is set.
    pub fn settings(&self) -> &VoiceSettings {
        &self.settings
    }

    /// The microphone is closed: the room may be another one when it opens again.
    pub fn rest(&mut self) {
        self.processor = None;
    }

    /// The next 20 ms that the microphone has heard, at `rate` samples a second; what remains of them is the voice.
    /// Nothing of it reaches full scale.
    pub fn process(&mut self, rate: u32, frame: &mut [f32]) {
        if let Some(processor) = self.processor(rate) {
            for half in halves_mut(rate, frame) {
                processor.process(half);
            }
        }
        mixer::limit(frame);
    }

    /// The 20 ms that the loudspeaker is given on the same tick, after [`VoiceProcessing::process`].
    pub fn play(&mut self, rate: u32, frame: &[f32]) {
        if let Some(processor) = self.processor(rate) {
            for half in frame.chunks_exact(rate as usize / 100) {
                processor.play(half);
            }
        }
    }

    fn processor(&mut self, rate: u32) -> Option<&mut dyn Processor> {
        if !self.settings.changes_sound() || rate < 8_000 {
            return None;
        }
        if self.processor.as_ref().is_none_or(|(at, _)| *at != rate) {
            self.processor = Some((rate, Box::new(WebRtc::new(rate, &self.settings))));
        }
        match &mut self.processor {
            Some((_, processor)) => Some(processor.as_mut()),
            None => None,
        }
    }
}

fn halves_mut(rate: u32, frame: &mut [f32]) -> impl Iterator<Item = &mut [f32]> {
    frame.chunks_exact_mut(rate as usize / 100)
}
