//! The processing of WebRTC: echo canceller 3, noise suppressor, gain controller 2, high-pass filter.

use sonora::{
    AudioProcessing, Config, StreamConfig,
    config::{
        AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate,
        NoiseSuppression as Suppressor, NoiseSuppressionLevel, Pipeline,
    },
};

use super::{NoiseSuppression, Processor, VoiceSettings};

/// Gentler than WebRtc's own: before the first word only what a headset lacks, and never so much that a silent room
/// roars.
const GAIN: AdaptiveDigital = AdaptiveDigital {
    headroom_db: 5.0,
    max_gain_db: 30.0,
    initial_gain_db: 5.0,
    max_gain_change_db_per_second: 6.0,
    max_output_noise_level_dbfs: -50.0,
};

/// WebRTC's processing of one channel.
pub struct WebRtc {
    inner: AudioProcessing,
    out: Vec<f32>,
}

impl WebRtc {
    pub fn new(rate: u32, settings: &VoiceSettings) -> Self {
        let stream = StreamConfig::new(rate, 1);
        Self {
            inner: AudioProcessing::builder()
                .config(config(settings))
                .capture_config(stream)
                .render_config(stream)
                .build(),
            out: vec![0.0; rate as usize / 100],
        }
    }
}

impl Processor for WebRtc {
    fn configure(&mut self, settings: &VoiceSettings) {
        self.inner.apply_config(config(settings));
    }

    fn play(&mut self, frame: &[f32]) {
        // Refused are only rates and channels that nobody has; what is given back is the frame itself.
        let _ = self
            .inner
            .process_render_f32(&[frame], &mut [&mut self.out]);
    }

    fn process(&mut self, frame: &mut [f32]) {
        let done = self
            .inner
            .process_capture_f32(&[frame], &mut [&mut self.out]);
        if done.is_ok() && self.out.len() == frame.len() {
            frame.copy_from_slice(&self.out);
        }
    }
}

fn config(settings: &VoiceSettings) -> Config {
    Config {
        pipeline: Pipeline {
            // All that Opus carries.
            maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
            ..Pipeline::default()
        },
        echo_canceller: settings.echo_cancellation.then(|| EchoCanceller {
            enforce_high_pass_filtering: settings.high_pass,
            ..EchoCanceller::default()
        }),
        noise_suppression: level(settings.noise_suppression).map(|level| Suppressor {
            level,
            ..Suppressor::default()
        }),
        gain_controller2: settings.gain_control.then(|| GainController2 {
            adaptive_digital: Some(GAIN),
            ..GainController2::default()
        }),
        high_pass_filter: settings.high_pass.then(HighPassFilter::default),
        ..Config::default()
    }
}

fn level(suppression: NoiseSuppression) -> Option<NoiseSuppressionLevel> {
    match suppression {
        NoiseSuppression::Off => None,
        NoiseSuppression::Low => Some(NoiseSuppressionLevel::Low),
        NoiseSuppression::Moderate => Some(NoiseSuppressionLevel::Moderate),
        NoiseSuppression::High => Some(NoiseSuppressionLevel::High),
    }
}
