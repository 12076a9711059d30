//! The person at this phone: what is done to their voice, what they hear of it, and how their devices are measured.

use super::{Events, MediaEvent, StreamId, bridge::Voice, line::Speaking};
use crate::{
    calibration::{self, Measurement},
    filter::Fader,
    mixer,
    voice_processing::{VoiceActivity, VoiceProcessing, VoiceSettings},
};

/// Ticks of speech after which somebody whose microphone is muted is told so: half a second.
const MUTED_SPEECH: u32 = 25;

/// The person's own voice.
pub struct OwnVoice {
    processing: VoiceProcessing,
    /// How loud one hears oneself.
    sidetone: Fader,
    ear: Vec<f32>,
    silence: Vec<f32>,
    /// Whether somebody speaks who is not heard.
    activity: VoiceActivity,
    muted_speech: u32,
    measurement: Option<Measurement>,
}

impl OwnVoice {
    /// Nothing is set up before a microphone is heard.
    pub fn new(settings: VoiceSettings) -> Self {
        Self {
            processing: VoiceProcessing::new(settings),
            sidetone: Fader::new(0.0),
            ear: Vec::new(),
            silence: Vec::new(),
            activity: VoiceActivity::default(),
            muted_speech: 0,
            measurement: None,
        }
    }

    /// Other settings from the next tick on.
    pub fn configure(&mut self, settings: VoiceSettings) {
        self.processing.configure(settings);
    }

    /// The microphone is closed.
    pub fn rest(&mut self) {
        self.processing.rest();
    }

    /// Makes a voice of what the microphone has heard.
    pub fn process(&mut self, rate: u32, microphone: &mut [f32]) {
        self.processing.process(rate, microphone);
    }

    /// The line in focus does this with the voice: it is heard in one's own ear while it goes out, and one who speaks
    /// while it is muted is told so, once.
    pub fn listen(
        &mut self,
        (stream, speaking): (StreamId, Speaking),
        voice: Voice<'_>,
        events: &Events,
    ) {
        let percent = match speaking {
            Speaking::Heard => self.processing.settings().sidetone,
            Speaking::Muted | Speaking::Apart => 0,
        };
        self.sidetone.set(f32::from(percent) / 100.0);
        if !self.sidetone.is_silent() {
            self.ear.extend_from_slice(voice.frame);
            self.sidetone.apply(&mut self.ear);
        }
        if speaking != Speaking::Muted {
            self.muted_speech = 0;
            return;
        }
        self.activity.watch(voice.rate, voice.frame);
        let is_told = self.muted_speech >= MUTED_SPEECH;
        if self.activity.is_speech() {
            self.muted_speech = self.muted_speech.saturating_add(1);
            if self.muted_speech == MUTED_SPEECH {
                events(MediaEvent::SpokenMuted { stream });
            }
        } else if !is_told {
            self.muted_speech = 0;
        }
    }

    /// What the loudspeaker is given on this tick, so that its echo is known. One's own voice is added to it only now:
    /// a voice that stands in what is played is taken for its echo and taken out.
    pub fn play(&mut self, rate: u32, is_loud: bool, loudspeaker: &mut [f32]) {
        // What nobody hears comes back from nowhere.
        self.silence.clear();
        self.silence.resize(loudspeaker.len(), 0.0);
        let played = if is_loud {
            &*loudspeaker
        } else {
            &self.silence
        };
        self.processing.play(rate, played);
        if !self.ear.is_empty() {
            mixer::add(&self.ear, loudspeaker);
            mixer::limit(loudspeaker);
            self.ear.clear();
        }
    }

    /// Measures the devices from now on.
    pub fn calibrate(&mut self) {
        self.measurement = Some(Measurement::default());
    }

    /// Whether the devices are being measured.
    pub fn is_calibrating(&self) -> bool {
        self.measurement.is_some()
    }

    /// A call needs the devices: nothing is found out.
    pub fn stop_calibrating(&mut self, events: &Events) {
        if self.measurement.take().is_some() {
            events(MediaEvent::Calibrated(None));
        }
    }

    /// One tick of the measurement, at [`calibration::RATE`]; the signal is added to what the loudspeaker is given.
    /// True: it is over and told.
    pub fn measure(
        &mut self,
        microphone: &[f32],
        plays: bool,
        loudspeaker: &mut [f32],
        events: &Events,
    ) -> bool {
        let heard = Some(microphone).filter(|frame| !frame.is_empty());
        let over = |measurement: &mut Measurement| measurement.tick(heard, plays, loudspeaker);
        let over = self.measurement.as_mut().is_some_and(over);
        if over && let Some(measurement) = self.measurement.take() {
            events(MediaEvent::Calibrated(Some(measurement.finish())));
        }
        over
    }

    /// The rate at which the microphone is to be heard.
    pub fn rate(&self, focused: Option<u32>) -> Option<u32> {
        focused.or(self.is_calibrating().then_some(calibration::RATE))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::signal::{power, tone};

    const STREAM: StreamId = StreamId(1);
    const RATE: u32 = 16_000;

    fn settings(sidetone: u8) -> VoiceSettings {
        VoiceSettings {
            sidetone,
            ..VoiceSettings::OFF
        }
    }

    /// What is heard of a tone of power 0.02 in one's own ear after a few ticks.
    fn in_the_ear(own: &mut OwnVoice, speaking: Speaking) -> f32 {
        let events: Events = Arc::new(|_| {});
        let frame = tone(RATE, 500.0, 0.2, RATE as usize / 50);
        let voice = Voice {
            rate: RATE,
            frame: &frame,
        };
        let mut heard = 0.0;
        for _ in 0..5 {
            let mut ear = vec![0.0; frame.len()];
            own.listen((STREAM, speaking), voice, &events);
            own.play(RATE, true, &mut ear);
            heard = power(&ear);
        }
        heard
    }

    #[test]
    fn one_hears_oneself_as_loud_as_it_is_set_and_only_while_others_do() {
        let mut own = OwnVoice::new(settings(0));
        assert_eq!(in_the_ear(&mut own, Speaking::Heard), 0.0);
        own.configure(settings(50));
        assert!((in_the_ear(&mut own, Speaking::Heard) - 0.005).abs() < 1e-4);
        assert_eq!(in_the_ear(&mut own, Speaking::Muted), 0.0);
        assert!(in_the_ear(&mut own, Speaking::Heard) > 0.0);
        assert_eq!(in_the_ear(&mut own, Speaking::Apart), 0.0);
    }

    #[test]
    fn a_measurement_without_devices_finds_none_and_a_call_ends_one() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let events: Events = {
            let told = told.clone();
            Arc::new(move |event| told.lock().unwrap().push(event))
        };
        let mut own = OwnVoice::new(settings(0));
        own.calibrate();
        assert_eq!(own.rate(None), Some(calibration::RATE));
        let mut frame = [0.0; 320];
        while !own.measure(&[], false, &mut frame, &events) {}
        assert!(!own.is_calibrating() && frame == [0.0; 320]);
        own.calibrate();
        own.stop_calibrating(&events);
        own.stop_calibrating(&events);
        let told = told.lock().unwrap();
        assert!(matches!(
            told[..],
            [
                MediaEvent::Calibrated(Some(calibration::Calibration {
                    loudspeaker: false,
                    microphone: calibration::Microphone::Absent,
                    echo: None,
                })),
                MediaEvent::Calibrated(None)
            ]
        ));
    }
}
