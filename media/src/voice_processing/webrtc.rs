//! The processing of WebRTC in its order: high-pass filter, echo canceller 3, noise suppressor, gain controller 2.

use std::slice;

use sonora::{
    AudioProcessing, Config, StreamConfig,
    config::{AdaptiveDigital, GainController2, MaxProcessingRate, Pipeline},
    high_pass_filter::HighPassFilter,
};
use sonora_ns::{
    config::{NsConfig, SuppressionLevel},
    noise_suppressor::NoiseSuppressor,
};

use super::{
    NoiseSuppression, Processor, VoiceSettings,
    bands::{self, BAND_RATE, Bands, FilterBank, HALF_LEN, NUM_BANDS},
    echo::EchoCanceller,
};

/// From here on a microphone is taken to be at its end: what it hears of the loudspeaker is no longer in proportion.
const CLIPPED: f32 = 32_700.0 / 32_768.0;
/// Seeds of noise that nobody hears: the one must not look like the other's echo.
const MICROPHONE: u64 = 1;
const LOUDSPEAKER: u64 = 2;
/// Gentler than WebRTC's own: before the first word only what a headset lacks, and never so much that a silent room
/// roars.
const GAIN: AdaptiveDigital = AdaptiveDigital {
    headroom_db: 5.0,
    max_gain_db: 30.0,
    initial_gain_db: 5.0,
    max_gain_change_db_per_second: 6.0,
    max_output_noise_level_dbfs: -50.0,
};

/// WebRTC's processing of one voice. What it has learnt of the room and the noise stays when the rate changes.
pub struct WebRtc {
    settings: VoiceSettings,
    microphone: FilterBank,
    loudspeaker: FilterBank,
    bands: Bands,
    high_pass: Option<HighPassFilter>,
    echo: Option<EchoCanceller>,
    noise: Option<NoiseSuppressor>,
    gain: Option<Gain>,
}

impl WebRtc {
    pub fn new(settings: &VoiceSettings) -> Self {
        let mut new = Self {
            settings: VoiceSettings::OFF,
            microphone: FilterBank::new(BAND_RATE, MICROPHONE),
            loudspeaker: FilterBank::new(BAND_RATE, LOUDSPEAKER),
            bands: bands::silence(),
            high_pass: None,
            echo: None,
            noise: None,
            gain: None,
        };
        new.configure(settings);
        new
    }

    /// Has a gain controller of the rate at which the microphone is worked on, if one is wanted.
    fn fit_gain(&mut self) {
        let rate = self.microphone.inner_rate();
        self.gain.take_if(|gain| gain.rate() != rate);
        keep(&mut self.gain, self.settings.gain_control, || {
            Gain::new(rate)
        });
    }

    fn process_bands(&mut self, is_clipped: bool) {
        let bands = &mut self.bands;
        if let Some(filter) = &mut self.high_pass {
            filter.process_channels(slice::from_mut(&mut bands[0]));
        }
        if let Some(noise) = &mut self.noise {
            // Of the noise as it is, not of what the canceller makes of it.
            halves(&bands[0]).for_each(|half| noise.analyze(half));
        }
        if let Some(echo) = &mut self.echo {
            echo.process(bands, is_clipped);
        }
        if let Some(noise) = &mut self.noise {
            suppress(noise, bands);
        }
    }
}

impl Processor for WebRtc {
    fn configure(&mut self, settings: &VoiceSettings) {
        let was = std::mem::replace(&mut self.settings, *settings);
        let level = level(settings.noise_suppression);
        let filters = settings.high_pass || level.is_some();
        keep(&mut self.high_pass, filters, || {
            HighPassFilter::new(BAND_RATE as i32, 1)
        });
        keep(
            &mut self.echo,
            settings.echo_cancellation,
            EchoCanceller::new,
        );
        if was.noise_suppression != settings.noise_suppression {
            let config = level.map(|target_level| NsConfig { target_level });
            self.noise = config.map(|config| NoiseSuppressor::new_with_bands(config, NUM_BANDS));
        }
        self.fit_gain();
    }

    fn play(&mut self, rate: u32, frame: &[f32]) {
        let Some(echo) = &mut self.echo else {
            return;
        };
        if self.loudspeaker.rate() != rate {
            self.loudspeaker = FilterBank::new(rate, LOUDSPEAKER);
        }
        self.loudspeaker.enter(frame);
        self.loudspeaker.split(&mut self.bands);
        echo.play(&self.bands);
    }

    fn process(&mut self, rate: u32, frame: &mut [f32]) {
        if self.microphone.rate() != rate {
            self.microphone = FilterBank::new(rate, MICROPHONE);
            self.fit_gain();
        }
        let is_clipped = frame.iter().any(|sample| sample.abs() >= CLIPPED);
        self.microphone.enter(frame);
        if self.high_pass.is_some() || self.echo.is_some() {
            self.microphone.split(&mut self.bands);
            self.process_bands(is_clipped);
            self.microphone.merge(&self.bands);
        }
        if let Some(gain) = &mut self.gain {
            gain.process(self.microphone.whole());
        }
        self.microphone.leave(frame);
    }
}

/// Has a stage if it is wanted: the one there was, if there was one.
fn keep<T>(stage: &mut Option<T>, wanted: bool, new: impl FnOnce() -> T) {
    match wanted {
        true => *stage = stage.take().or_else(|| Some(new())),
        false => *stage = None,
    }
}

fn halves(band: &[f32]) -> impl Iterator<Item = &[f32; HALF_LEN]> {
    band.as_chunks().0.iter()
}

fn suppress(noise: &mut NoiseSuppressor, bands: &mut Bands) {
    let [lowest, upper @ ..] = bands;
    for (index, half) in lowest.as_chunks_mut().0.iter_mut().enumerate() {
        noise.process(half);
        let gain = noise.upper_band_gain();
        for (band, samples) in upper.iter_mut().enumerate() {
            let half = &mut samples.as_chunks_mut().0[index];
            noise.process_upper_band(half, band, gain);
            NoiseSuppressor::clamp_frame(half);
        }
    }
}

fn level(suppression: NoiseSuppression) -> Option<SuppressionLevel> {
    match suppression {
        NoiseSuppression::Off => None,
        NoiseSuppression::Low => Some(SuppressionLevel::K6dB),
        NoiseSuppression::Moderate => Some(SuppressionLevel::K12dB),
        NoiseSuppression::High => Some(SuppressionLevel::K18dB),
    }
}

/// The gain controller at one rate.
struct Gain {
    inner: AudioProcessing,
    out: Vec<f32>,
}

impl Gain {
    fn new(rate: u32) -> Self {
        let stream = StreamConfig::new(rate, 1);
        let config = Config {
            pipeline: Pipeline {
                // All that Opus carries.
                maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
                ..Pipeline::default()
            },
            gain_controller2: Some(GainController2 {
                adaptive_digital: Some(GAIN),
                ..GainController2::default()
            }),
            ..Config::default()
        };
        Self {
            inner: AudioProcessing::builder()
                .config(config)
                .capture_config(stream)
                .render_config(stream)
                .build(),
            out: vec![0.0; rate as usize / 100],
        }
    }

    fn rate(&self) -> u32 {
        self.out.len() as u32 * 100
    }

    /// 20 ms, or any number of tens.
    fn process(&mut self, voice: &mut [f32]) {
        for part in voice.chunks_exact_mut(self.out.len()) {
            // Refused are only rates and channels that nobody has.
            let done = self
                .inner
                .process_capture_f32(&[part], &mut [&mut self.out]);
            if done.is_ok() {
                part.copy_from_slice(&self.out);
            }
        }
    }
}
