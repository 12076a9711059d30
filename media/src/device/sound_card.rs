//! Microphones and loudspeakers of the system, by cpal.
//!
//! A card's callback only moves samples between the card and a ring; everything else happens on the media thread
//! ([`Capture`], [`Playback`]) and on the device thread ([`Card`]).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use cpal::{
    BufferSize, Device, FromSample, SampleFormat, SizedSample, StreamConfig, SupportedBufferSize,
    SupportedStreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use rtrb::{Consumer, Producer, RingBuffer};

use super::bridge::{Capture, LowWater, Playback};

/// How long the system may take to open a device.
const OPEN_TIMEOUT: Duration = Duration::from_secs(3);
/// Rounds without a callback after which a device counts as gone.
const STILL_ROUNDS: u32 = 2;

/// Why a device cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CardError {
    /// There is no default device.
    #[error("the system has no such device")]
    NoDefault,
    /// No device of this name.
    #[error("there is no device named {name:?}; present are: {present}")]
    NoSuchDevice {
        /// The name in the settings.
        name: String,
        /// The devices there are.
        present: String,
    },
    /// Samples in a form we do not handle.
    #[error("the device's sample format {0} is not supported")]
    Format(SampleFormat),
    /// What the system says.
    #[error("{0}")]
    System(#[from] cpal::Error),
}

/// What the callbacks tell about a card's health.
#[derive(Clone, Debug, Default)]
struct Pulse {
    beats: Arc<AtomicU32>,
    failed: Arc<AtomicBool>,
}

impl Pulse {
    fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    fn on_error(&self, error: &cpal::Error) {
        use cpal::ErrorKind::{DeviceChanged, RealtimeDenied, Xrun};
        if !matches!(error.kind(), DeviceChanged | RealtimeDenied | Xrun) {
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

/// An open device. Dropping it closes the device.
pub struct Card {
    _stream: cpal::Stream,
    pulse: Pulse,
    beats: u32,
    still: u32,
}

impl Card {
    fn new(stream: cpal::Stream, pulse: Pulse) -> Self {
        Self {
            _stream: stream,
            pulse,
            beats: 0,
            still: 0,
        }
    }

    /// Whether the device still works; to be asked once a round.
    pub fn is_alive(&mut self) -> bool {
        let beats = self.pulse.beats.load(Ordering::Relaxed);
        self.still = if beats == self.beats {
            self.still + 1
        } else {
            0
        };
        self.beats = beats;
        self.still <= STILL_ROUNDS && !self.pulse.failed.load(Ordering::Relaxed)
    }
}

/// Names of the microphones and of the loudspeakers that are present.
pub fn present() -> (Vec<String>, Vec<String>) {
    let host = cpal::default_host();
    let names = |devices: Result<Vec<Device>, cpal::Error>| {
        devices.unwrap_or_default().iter().map(name).collect()
    };
    (
        names(host.input_devices().map(Iterator::collect)),
        names(host.output_devices().map(Iterator::collect)),
    )
}

fn name(device: &Device) -> String {
    device.description().map_or_else(
        |_| String::new(),
        |description| description.name().to_owned(),
    )
}

fn find(name_wanted: &str, devices: Vec<Device>) -> Result<Device, CardError> {
    let is_wanted = |device: &Device| {
        name(device) == name_wanted || device.id().is_ok_and(|id| id.id() == name_wanted)
    };
    match devices.iter().position(is_wanted) {
        Some(index) => Ok(devices.into_iter().nth(index).ok_or(CardError::NoDefault)?),
        None => {
            let present: Vec<String> = devices.iter().map(name).collect();
            Err(CardError::NoSuchDevice {
                name: name_wanted.to_owned(),
                present: present.join(", "),
            })
        }
    }
}

/// Opens a microphone; `None` is the system's default.
///
/// # Errors
/// There is no such device, or it does not open.
pub fn open_microphone(name: Option<&str>) -> Result<(Card, Capture), CardError> {
    let host = cpal::default_host();
    let device = match name {
        None => host.default_input_device().ok_or(CardError::NoDefault)?,
        Some(name) => find(name, host.input_devices()?.collect())?,
    };
    let offered = device.default_input_config()?;
    let (ring, captured) = RingBuffer::new(offered.sample_rate() as usize / 2);
    let capture = Capture::new(captured, offered.sample_rate());
    let card = match offered.sample_format() {
        SampleFormat::F32 => capture_as::<f32>(&device, &offered, ring),
        SampleFormat::I16 => capture_as::<i16>(&device, &offered, ring),
        SampleFormat::I32 => capture_as::<i32>(&device, &offered, ring),
        SampleFormat::U8 => capture_as::<u8>(&device, &offered, ring),
        other => Err(CardError::Format(other)),
    }?;
    Ok((card, capture))
}

fn capture_as<T>(
    device: &Device,
    offered: &SupportedStreamConfig,
    mut ring: Producer<f32>,
) -> Result<Card, CardError>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let pulse = Pulse::default();
    let (beating, failing) = (pulse.clone(), pulse.clone());
    let config = config(offered);
    let channels = usize::from(config.channels.max(1));
    let stream = device.build_input_stream(
        config,
        move |samples: &[T], _: &_| {
            beating.beat();
            for frame in samples.chunks_exact(channels) {
                let sum: f32 = frame.iter().map(|sample| sample.to_sample::<f32>()).sum();
                // A full ring means that nobody listens.
                if ring.push(sum / channels as f32).is_err() {
                    break;
                }
            }
        },
        move |error| failing.on_error(&error),
        Some(OPEN_TIMEOUT),
    )?;
    stream.play()?;
    Ok(Card::new(stream, pulse))
}

/// Opens a loudspeaker; `None` is the system's default.
///
/// # Errors
/// There is no such device, or it does not open.
pub fn open_loudspeaker(name: Option<&str>) -> Result<(Card, Playback), CardError> {
    let host = cpal::default_host();
    let device = match name {
        None => host.default_output_device().ok_or(CardError::NoDefault)?,
        Some(name) => find(name, host.output_devices()?.collect())?,
    };
    let offered = device.default_output_config()?;
    let (played, ring) = RingBuffer::new(offered.sample_rate() as usize / 2);
    let low_water = LowWater::default();
    let playback = Playback::new(played, offered.sample_rate(), low_water.clone());
    let card = match offered.sample_format() {
        SampleFormat::F32 => play_as::<f32>(&device, &offered, ring, low_water),
        SampleFormat::I16 => play_as::<i16>(&device, &offered, ring, low_water),
        SampleFormat::I32 => play_as::<i32>(&device, &offered, ring, low_water),
        SampleFormat::U8 => play_as::<u8>(&device, &offered, ring, low_water),
        other => Err(CardError::Format(other)),
    }?;
    Ok((card, playback))
}

fn play_as<T>(
    device: &Device,
    offered: &SupportedStreamConfig,
    mut ring: Consumer<f32>,
    low_water: LowWater,
) -> Result<Card, CardError>
where
    T: SizedSample + FromSample<f32>,
{
    let pulse = Pulse::default();
    let (beating, failing) = (pulse.clone(), pulse.clone());
    let config = config(offered);
    let channels = usize::from(config.channels.max(1));
    let stream = device.build_output_stream(
        config,
        move |samples: &mut [T], _: &_| {
            beating.beat();
            let mut dry = false;
            for frame in samples.chunks_exact_mut(channels) {
                let sample = ring.pop();
                dry |= sample.is_err();
                frame.fill(T::from_sample(sample.unwrap_or(0.0)));
            }
            if dry {
                low_water.dry()
            } else {
                low_water.left(ring.slots())
            }
        },
        move |error| failing.on_error(&error),
        Some(OPEN_TIMEOUT),
    )?;
    stream.play()?;
    Ok(Card::new(stream, pulse))
}

/// The device's own rate and channels, in periods of 10 ms if it can.
fn config(offered: &SupportedStreamConfig) -> StreamConfig {
    let period = offered.sample_rate() / 100;
    let buffer_size = match offered.buffer_size() {
        SupportedBufferSize::Range { min, max } => BufferSize::Fixed(period.clamp(*min, *max)),
        SupportedBufferSize::Unknown => BufferSize::Default,
    };
    StreamConfig {
        buffer_size,
        ..offered.config()
    }
}
