//! Microphones and loudspeakers: of the sound server where there is one, else of the system, by cpal.
//!
//! A card's callback ([`captured`], [`play`]) only moves samples between the card and a ring; everything else happens
//! on the media thread ([`Capture`], [`Playback`]) and on the device thread ([`Card`]).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use cpal::{
    BufferSize, Device, FromSample, I24, SampleFormat, SizedSample, StreamConfig,
    SupportedBufferSize, SupportedStreamConfig, U24,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use rtrb::{Consumer, Producer, RingBuffer};

use super::{
    bridge::{Capture, LowWater, Playback},
    callback::{captured, play},
    scene::Devices,
    server,
};

/// How long the system may take to open a device.
pub(super) const OPEN_TIMEOUT: Duration = Duration::from_secs(3);
/// Rounds without a callback after which a device counts as gone.
const STILL_ROUNDS: u32 = 4;

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
    /// It does not open, or no sound comes from it, in time.
    #[error("the device does not answer")]
    Silent,
    /// Samples in a form we do not handle.
    #[error("the device's sample format {0} is not supported")]
    Format(SampleFormat),
    /// Why the sound server does not open it.
    #[error("the sound server does not open it: {0}")]
    Server(String),
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

/// What sound comes and goes by.
enum Stream {
    Server(server::Stream),
    System(cpal::Stream),
}

/// An open device. Dropping it closes the device.
pub struct Card {
    stream: Option<Stream>,
    pulse: Pulse,
    beats: u32,
    still: u32,
}

impl Card {
    fn new(stream: Stream, pulse: Pulse) -> Self {
        Self {
            stream: Some(stream),
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
        let has_ended = match &self.stream {
            Some(Stream::Server(stream)) => !stream.is_running(),
            _ => self.pulse.failed.load(Ordering::Relaxed),
        };
        self.still <= STILL_ROUNDS && !has_ended
    }
}

impl CardError {
    /// No device of this name among those that are present.
    pub fn no_such(name: &str, present: &[&str]) -> Self {
        Self::NoSuchDevice {
            name: name.to_owned(),
            present: present.join(", "),
        }
    }
}

/// Which device is meant.
#[derive(Clone, Copy, Debug)]
pub enum Pick<'a> {
    /// The system's default.
    Default,
    /// One by what people or programs call it.
    Named(&'a str),
    /// One of the sound server, which converts samples and spreads one channel over those that there are.
    Server {
        /// What programs call it.
        name: &'a str,
        /// Samples a second.
        rate: u32,
    },
}

#[derive(Clone, Copy)]
enum Direction {
    In,
    Out,
}

impl Drop for Card {
    fn drop(&mut self) {
        if let Some(Stream::System(stream)) = self.stream.take() {
            // The system may take its time: others shall not wait for it.
            let _ = thread::Builder::new()
                .name("closing".into())
                .spawn(move || drop(stream));
        }
    }
}

fn devices(direction: Direction) -> Result<Vec<Device>, cpal::Error> {
    let host = cpal::default_host();
    Ok(match direction {
        Direction::In => host.input_devices()?.collect(),
        Direction::Out => host.output_devices()?.collect(),
    })
}

/// Names of the microphones and of the loudspeakers that are present.
pub fn present() -> (Vec<String>, Vec<String>) {
    if let Some(scene) = server::scene() {
        let titles = |devices: Devices| devices.present.into_iter().map(|device| device.title);
        return (
            titles(scene.sources).collect(),
            titles(scene.sinks).collect(),
        );
    }
    let names = |direction| {
        let devices = devices(direction).unwrap_or_default();
        devices.iter().map(name).collect()
    };
    (names(Direction::In), names(Direction::Out))
}

fn name(device: &Device) -> String {
    device.description().map_or_else(
        |_| String::new(),
        |description| description.name().to_owned(),
    )
}

fn find(wanted: &str, direction: Direction) -> Result<Device, CardError> {
    let devices = devices(direction)?;
    let names: Vec<String> = devices.iter().map(name).collect();
    let is_wanted = |(device, name): &(Device, &String)| {
        *name == wanted || device.id().is_ok_and(|id| id.id() == wanted)
    };
    let found = devices.into_iter().zip(&names).find(is_wanted);
    found.map(|(device, _)| device).ok_or_else(|| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        CardError::no_such(wanted, &names)
    })
}

fn default(direction: Direction) -> Result<Device, CardError> {
    let host = cpal::default_host();
    let device = match direction {
        Direction::In => host.default_input_device(),
        Direction::Out => host.default_output_device(),
    };
    device.ok_or(CardError::NoDefault)
}

/// How samples come and go.
#[derive(Clone, Copy)]
struct Shape {
    format: SampleFormat,
    config: StreamConfig,
}

impl Shape {
    /// The device's own rate, channels and samples, in periods of 10 ms if it can.
    fn offered(offered: &SupportedStreamConfig) -> Self {
        let period = offered.sample_rate() / 100;
        let buffer_size = match offered.buffer_size() {
            SupportedBufferSize::Range { min, max } => BufferSize::Fixed(period.clamp(*min, *max)),
            SupportedBufferSize::Unknown => BufferSize::Default,
        };
        Self {
            format: offered.sample_format(),
            config: StreamConfig {
                buffer_size,
                ..offered.config()
            },
        }
    }
}

/// Calls a function for the type that a device's samples have.
macro_rules! for_format {
    ($format:expr, $function:ident($($argument:expr),*)) => {
        match $format {
            SampleFormat::F32 => $function::<f32>($($argument),*),
            SampleFormat::F64 => $function::<f64>($($argument),*),
            SampleFormat::I8 => $function::<i8>($($argument),*),
            SampleFormat::I16 => $function::<i16>($($argument),*),
            SampleFormat::I24 => $function::<I24>($($argument),*),
            SampleFormat::I32 => $function::<i32>($($argument),*),
            SampleFormat::I64 => $function::<i64>($($argument),*),
            SampleFormat::U8 => $function::<u8>($($argument),*),
            SampleFormat::U16 => $function::<u16>($($argument),*),
            SampleFormat::U24 => $function::<U24>($($argument),*),
            SampleFormat::U32 => $function::<u32>($($argument),*),
            SampleFormat::U64 => $function::<u64>($($argument),*),
            other => Err(CardError::Format(other)),
        }
    };
}

/// Opens a microphone.
///
/// # Errors
/// There is no such device, or it does not open.
pub fn open_microphone(pick: Pick<'_>) -> Result<(Card, Capture), CardError> {
    let device = match pick {
        Pick::Server { name, rate } => return microphone_of_server(name, rate),
        Pick::Named(name) => find(name, Direction::In)?,
        Pick::Default => default(Direction::In)?,
    };
    let shape = Shape::offered(&device.default_input_config()?);
    let rate = shape.config.sample_rate;
    let (ring, heard) = ring(rate);
    let card = for_format!(shape.format, capture_as(&device, shape.config, ring))?;
    Ok((card, Capture::new(heard, rate)))
}

fn microphone_of_server(name: &str, rate: u32) -> Result<(Card, Capture), CardError> {
    let (mut ring, heard) = ring(rate);
    let pulse = Pulse::default();
    let beating = pulse.clone();
    let stream = server::Stream::record(name, rate, OPEN_TIMEOUT, move |samples| {
        beating.beat();
        captured(samples, 1, &mut ring);
    });
    Ok((of_server(stream, pulse)?, Capture::new(heard, rate)))
}

fn of_server<E: ToString>(
    stream: Result<server::Stream, E>,
    pulse: Pulse,
) -> Result<Card, CardError> {
    let stream = stream.map_err(|error| CardError::Server(error.to_string()))?;
    Ok(Card::new(Stream::Server(stream), pulse))
}

/// What holds half a second at most.
fn ring(rate: u32) -> (Producer<f32>, Consumer<f32>) {
    RingBuffer::new(rate as usize / 2)
}

fn capture_as<T>(
    device: &Device,
    config: StreamConfig,
    mut ring: Producer<f32>,
) -> Result<Card, CardError>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let pulse = Pulse::default();
    let (beating, failing) = (pulse.clone(), pulse.clone());
    let channels = usize::from(config.channels);
    let stream = device.build_input_stream(
        config,
        move |samples: &[T], _: &_| {
            beating.beat();
            captured(samples, channels, &mut ring);
        },
        move |error| failing.on_error(&error),
        Some(OPEN_TIMEOUT),
    )?;
    stream.play()?;
    Ok(Card::new(Stream::System(stream), pulse))
}

/// Opens a loudspeaker.
///
/// # Errors
/// There is no such device, or it does not open.
pub fn open_loudspeaker(pick: Pick<'_>) -> Result<(Card, Playback), CardError> {
    let device = match pick {
        Pick::Server { name, rate } => return loudspeaker_of_server(name, rate),
        Pick::Named(name) => find(name, Direction::Out)?,
        Pick::Default => default(Direction::Out)?,
    };
    let shape = Shape::offered(&device.default_output_config()?);
    let rate = shape.config.sample_rate;
    let (said, ring) = ring(rate);
    let low_water = LowWater::default();
    let playback = Playback::new(said, rate, low_water.clone());
    let card = for_format!(
        shape.format,
        play_as(&device, shape.config, ring, low_water)
    )?;
    Ok((card, playback))
}

fn loudspeaker_of_server(name: &str, rate: u32) -> Result<(Card, Playback), CardError> {
    let (said, mut ring) = ring(rate);
    let low_water = LowWater::default();
    let playback = Playback::new(said, rate, low_water.clone());
    let pulse = Pulse::default();
    let beating = pulse.clone();
    let stream = server::Stream::play(name, rate, move |samples| {
        beating.beat();
        play(samples, 1, &mut ring, &low_water);
    });
    Ok((of_server(stream, pulse)?, playback))
}

fn play_as<T>(
    device: &Device,
    config: StreamConfig,
    mut ring: Consumer<f32>,
    low_water: LowWater,
) -> Result<Card, CardError>
where
    T: SizedSample + FromSample<f32>,
{
    let pulse = Pulse::default();
    let (beating, failing) = (pulse.clone(), pulse.clone());
    let channels = usize::from(config.channels);
    let stream = device.build_output_stream(
        config,
        move |samples: &mut [T], _: &_| {
            beating.beat();
            play(samples, channels, &mut ring, &low_water);
        },
        move |error| failing.on_error(&error),
        Some(OPEN_TIMEOUT),
    )?;
    stream.play()?;
    Ok(Card::new(Stream::System(stream), pulse))
}
