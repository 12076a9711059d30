//! What is done to a frame on its way: fading, muting, metering.

/// A gain that changes without a click: from one frame's beginning to its end.
#[derive(Clone, Copy, Debug)]
pub struct Fader {
    gain: f32,
    target: f32,
}

impl Default for Fader {
    fn default() -> Self {
        Self {
            gain: 1.0,
            target: 1.0,
        }
    }
}

impl Fader {
    /// A gain to begin with.
    pub fn new(gain: f32) -> Self {
        let target = gain.clamp(0.0, 16.0);
        Self {
            gain: target,
            target,
        }
    }

    /// Whether nothing is to be heard from the next frame on.
    pub fn mutes(&self) -> bool {
        self.target == 0.0
    }

    /// Whether nothing is left to be heard.
    pub fn is_silent(&self) -> bool {
        self.gain == 0.0 && self.target == 0.0
    }

    /// The gain from the next frame on: 1.0 leaves the sound as it is, 0.0 mutes.
    pub fn set(&mut self, gain: f32) {
        self.target = gain.clamp(0.0, 16.0);
    }

    /// Applies the gain to a frame.
    pub fn apply(&mut self, frame: &mut [f32]) {
        if self.gain == self.target {
            match self.gain {
                1.0 => {}
                0.0 => frame.fill(0.0),
                gain => frame.iter_mut().for_each(|sample| *sample *= gain),
            }
            return;
        }
        let step = (self.target - self.gain) / frame.len().max(1) as f32;
        for sample in frame {
            self.gain += step;
            *sample *= self.gain;
        }
        self.gain = self.target;
    }
}

/// The loudest sample since it was last asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    peak: f32,
}

impl Meter {
    /// Looks at a frame.
    pub fn watch(&mut self, frame: &[f32]) {
        self.peak = frame
            .iter()
            .fold(self.peak, |peak, sample| peak.max(sample.abs()));
    }

    /// The peak since the last time, 0.0–1.0.
    pub fn take(&mut self) -> f32 {
        std::mem::take(&mut self.peak).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn muting_fades_within_one_frame_and_then_lets_nothing_through() {
        let mut fader = Fader::default();
        let mut frame = [0.5; 160];
        fader.apply(&mut frame);
        assert_eq!(frame, [0.5; 160]);
        fader.set(0.0);
        fader.apply(&mut frame);
        assert!(
            frame
                .windows(2)
                .all(|pair| pair[0] > pair[1] && pair[0] - pair[1] < 0.01)
        );
        assert!(frame[159].abs() < 1e-4);
        let mut frame = [0.5; 160];
        fader.apply(&mut frame);
        assert_eq!(frame, [0.0; 160]);
        fader.set(1.0);
        fader.apply(&mut [0.5; 160]);
        let mut frame = [0.5; 160];
        fader.apply(&mut frame);
        assert_eq!(frame, [0.5; 160]);
    }

    #[test]
    fn the_meter_tells_the_peak_since_it_was_last_asked() {
        let mut meter = Meter::default();
        meter.watch(&[0.1, -0.7, 0.2]);
        meter.watch(&[0.3]);
        assert_eq!(meter.take(), 0.7);
        assert_eq!(meter.take(), 0.0);
        meter.watch(&[3.0]);
        assert_eq!(meter.take(), 1.0);
    }
}
