//! Microphones and loudspeakers of the system, by cpal.
//!
//! A card's callback ([`captured`], [`play`]) only moves samples between the card and a ring; everything else happens
//! on the media thread ([`Capture`], [`Playback`]) and on the device thread ([`Card`]).

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use cpal::{
    BufferSize, Device, FromSample, Host, I24, SampleFormat, SizedSample, StreamConfig,
    SupportedBufferSize, SupportedStreamConfig, U24,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use rtrb::{Consumer, Producer, RingBuffer};

use super::{
    bridge::{Capture, LowWater, Playback},
    callback::{captured, play},
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
    /// The stream, and what it runs on, which is given back after it.
    open: Option<(cpal::Stream, System)>,
    pulse: Pulse,
    beats: u32,
    still: u32,
}

impl Card {
    fn new(stream: cpal::Stream, pulse: Pulse, system: System) -> Self {
        Self {
            open: Some((stream, system)),
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
    /// One of the sound server, which converts samples and channels itself.
    Server {
        /// What programs call it.
        name: &'a str,
        /// Samples a second.
        rate: u32,
    },
}

/// Connections to the sound server that nobody uses: cpal never ends the thread behind one, and playing to two devices
/// takes two.
struct Idle {
    hosts: Vec<Host>,
    /// Counts the servers that have gone.
    server: u32,
}

static IDLE: Mutex<Idle> = Mutex::new(Idle {
    hosts: Vec::new(),
    server: 0,
});

fn idle() -> MutexGuard<'static, Idle> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The sound server is gone; whoever asks next finds the one that is there then.
pub fn forget_servers() {
    let mut idle = idle();
    idle.server += 1;
    idle.hosts.clear();
}

/// The sound system, in use.
struct System {
    host: Option<Host>,
    server: u32,
}

impl System {
    fn connect() -> Self {
        let mut idle = idle();
        let (host, server) = (idle.hosts.pop(), idle.server);
        drop(idle);
        Self {
            host: Some(host.unwrap_or_else(cpal::default_host)),
            server,
        }
    }

    fn list(&self, direction: Direction) -> Result<Vec<Device>, cpal::Error> {
        let Some(host) = &self.host else {
            return Ok(Vec::new());
        };
        Ok(match direction {
            Direction::In => host.input_devices()?.collect(),
            Direction::Out => host.output_devices()?.collect(),
        })
    }

    fn default(&self, direction: Direction) -> Option<Device> {
        let host = self.host.as_ref()?;
        match direction {
            Direction::In => host.default_input_device(),
            Direction::Out => host.default_output_device(),
        }
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let mut idle = idle();
        #[cfg(target_os = "linux")]
        if let Some(host) = self.host.take()
            && host.id() == cpal::HostId::PulseAudio
            && self.server == idle.server
        {
            idle.hosts.push(host);
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    In,
    Out,
}

/// The system and its devices; a sound server that has ended since it was last asked is forgotten.
fn devices(direction: Direction) -> Result<(System, Vec<Device>), cpal::Error> {
    let system = System::connect();
    if let Ok(devices) = system.list(direction) {
        return Ok((system, devices));
    }
    forget_servers();
    let system = System::connect();
    let devices = system.list(direction)?;
    Ok((system, devices))
}

impl Drop for Card {
    fn drop(&mut self) {
        // cpal waits for ever for the end of a stream that the sound server has killed: others shall not wait for it.
        let open = self.open.take();
        let _ = thread::Builder::new()
            .name("closing".into())
            .spawn(move || drop(open));
    }
}

/// Names of the microphones and of the loudspeakers that are present.
pub fn present() -> (Vec<String>, Vec<String>) {
    let names = |direction| {
        let devices = devices(direction).map(|(_, devices)| devices);
        devices.unwrap_or_default().iter().map(name).collect()
    };
    (names(Direction::In), names(Direction::Out))
}

fn name(device: &Device) -> String {
    device.description().map_or_else(
        |_| String::new(),
        |description| description.name().to_owned(),
    )
}

fn find(wanted: &str, direction: Direction) -> Result<(System, Device), CardError> {
    let (system, devices) = devices(direction)?;
    let names: Vec<String> = devices.iter().map(name).collect();
    let is_wanted = |(device, name): &(Device, &String)| {
        *name == wanted || device.id().is_ok_and(|id| id.id() == wanted)
    };
    let found = devices.into_iter().zip(&names).find(is_wanted);
    let (device, _) = found.ok_or_else(|| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        CardError::no_such(wanted, &names)
    })?;
    Ok((system, device))
}

fn device(pick: Pick<'_>, direction: Direction) -> Result<(System, Device), CardError> {
    match pick {
        Pick::Named(name) | Pick::Server { name, .. } => find(name, direction),
        Pick::Default => {
            let system = System::connect();
            let device = system.default(direction);
            Ok((system, device.ok_or(CardError::NoDefault)?))
        }
    }
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

    /// One channel at the device's own rate: the server spreads it over the channels that there are.
    fn server(rate: u32) -> Self {
        Self {
            format: SampleFormat::F32,
            config: StreamConfig {
                channels: 1,
                sample_rate: rate,
                buffer_size: BufferSize::Fixed((rate / 100).max(1)),
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
    let (system, device) = device(pick, Direction::In)?;
    let shape = match pick {
        Pick::Server { rate, .. } => Shape::server(rate),
        Pick::Default | Pick::Named(_) => Shape::offered(&device.default_input_config()?),
    };
    let rate = shape.config.sample_rate;
    let (ring, heard) = RingBuffer::new(rate as usize / 2);
    let (stream, pulse) = for_format!(shape.format, capture_as(&device, shape.config, ring))?;
    Ok((Card::new(stream, pulse, system), Capture::new(heard, rate)))
}

fn capture_as<T>(
    device: &Device,
    config: StreamConfig,
    mut ring: Producer<f32>,
) -> Result<(cpal::Stream, Pulse), CardError>
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
    Ok((stream, pulse))
}

/// Opens a loudspeaker.
///
/// # Errors
/// There is no such device, or it does not open.
pub fn open_loudspeaker(pick: Pick<'_>) -> Result<(Card, Playback), CardError> {
    let (system, device) = device(pick, Direction::Out)?;
    let shape = match pick {
        Pick::Server { rate, .. } => Shape::server(rate),
        Pick::Default | Pick::Named(_) => Shape::offered(&device.default_output_config()?),
    };
    let rate = shape.config.sample_rate;
    let (said, ring) = RingBuffer::new(rate as usize / 2);
    let low_water = LowWater::default();
    let playback = Playback::new(said, rate, low_water.clone());
    let (stream, pulse) = for_format!(
        shape.format,
        play_as(&device, shape.config, ring, low_water)
    )?;
    Ok((Card::new(stream, pulse, system), playback))
}

fn play_as<T>(
    device: &Device,
    config: StreamConfig,
    mut ring: Consumer<f32>,
    low_water: LowWater,
) -> Result<(cpal::Stream, Pulse), CardError>
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
    Ok((stream, pulse))
}
