//! Whether somebody speaks.

use earshot::Detector;

use crate::resample::FrameConverter;

/// The rate of the detector, in Hz, and the samples it looks at in one go.
const RATE: u32 = 16_000;
const BLOCK: usize = 256;
/// From this score on a block is speech.
const SPEECH: f32 = 0.5;
/// Blocks that stay speech after the last one that was: the pauses between words, 0.2 s.
const HANG: u32 = 12;

/// Tells speech from noise and silence.
pub struct VoiceActivity {
    detector: Box<Detector>,
    converter: Option<FrameConverter>,
    converted: Vec<f32>,
    /// What the next block will begin with.
    waiting: Vec<f32>,
    hang: u32,
}

impl Default for VoiceActivity {
    fn default() -> Self {
        Self {
            detector: Detector::default_boxed(),
            converter: None,
            converted: vec![0.0; RATE as usize / 50],
            waiting: Vec::with_capacity(BLOCK + RATE as usize / 50),
            hang: 0,
        }
    }
}

impl VoiceActivity {
    /// Looks at 20 ms at `rate`. Rates that cannot be converted are silence.
    pub fn watch(&mut self, rate: u32, frame: &[f32]) {
        let fits = |converter: &FrameConverter| converter.from() == rate;
        if !self.converter.as_ref().is_some_and(fits) {
            self.converter = FrameConverter::new(rate, RATE, 1).ok();
        }
        if let Some(converter) = &mut self.converter {
            converter.convert(frame, &mut self.converted);
            let within = |sample: &f32| sample.clamp(-1.0, 1.0);
            self.waiting.extend(self.converted.iter().map(within));
        }
        while self.waiting.len() >= BLOCK {
            let score = self.detector.predict_f32(&self.waiting[..BLOCK]);
            self.waiting.drain(..BLOCK);
            self.hang = match score >= SPEECH {
                true => HANG,
                false => self.hang.saturating_sub(1),
            };
        }
    }

    /// Whether somebody speaks, or did a moment ago.
    pub fn is_speech(&self) -> bool {
        self.hang > 0
    }
}
