//! What is done to the voice between the microphone and the calls: the echo of the loudspeaker is taken out, noise is
//! lowered, the level is evened out. Frames in, frames out, on the ticks of the media thread.

mod activity;
mod bands;
mod echo;
mod settings;
mod webrtc;

pub use activity::VoiceActivity;
pub use settings::{NoiseSuppression, VoiceSettings};

use self::webrtc::WebRtc;
use crate::mixer;

/// A voice below is left as it is, Hz.
const LEAST_RATE: u32 = 8_000;

/// Takes echo, noise and rumble out of a voice, 20 ms at a time, at whatever rate each of them has.
trait Processor: Send {
    /// Does from now on what the settings say.
    fn configure(&mut self, settings: &VoiceSettings);

    /// What the loudspeaker is given.
    fn play(&mut self, rate: u32, frame: &[f32]);

    /// What the microphone has heard; what remains of it is the voice.
    fn process(&mut self, rate: u32, frame: &mut [f32]);
}

/// The way of the one microphone.
pub struct VoiceProcessing {
    settings: VoiceSettings,
    /// There is none while nothing is to be done.
    processor: Option<Box<dyn Processor>>,
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
            Some(processor) if settings.changes_sound() => processor.configure(&settings),
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
    /// Nothing of it reaches full scale. A frame of another length is left as it is.
    pub fn process(&mut self, rate: u32, frame: &mut [f32]) {
        if let Some(processor) = self.processor(rate, frame.len()) {
            processor.process(rate, frame);
        }
        mixer::limit(frame);
    }

    /// The 20 ms that the loudspeaker is given on the same tick, after [`VoiceProcessing::process`].
    pub fn play(&mut self, rate: u32, frame: &[f32]) {
        if let Some(processor) = self.processor(rate, frame.len()) {
            processor.play(rate, frame);
        }
    }

    fn processor(&mut self, rate: u32, len: usize) -> Option<&mut dyn Processor> {
        let is_frame = rate >= LEAST_RATE && len == rate as usize / 50;
        if !self.settings.changes_sound() || !is_frame {
            return None;
        }
        let settings = &self.settings;
        let processor = self
            .processor
            .get_or_insert_with(|| Box::new(WebRtc::new(settings)));
        Some(processor.as_mut())
    }
}
