//! A recording on the loudspeaker, without a call.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, channel},
    },
    thread,
    time::Instant,
};

use super::{
    Events, MediaEvent, Playback,
    devices::{Devices, Need},
    grid::Grid,
    output::Output,
};
use crate::{
    device::{CardError, DeviceRole, DeviceSettings, InputDevice, OutputDevice},
    recorder::{ReadError, Recorder},
};

/// Ticks that a sound card may take to play what it has been given.
const LAST_TICKS: u32 = 10;

/// Why a recording was not played to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The recording cannot be read.
    #[error("{0}")]
    Sound(#[from] ReadError),
    /// The device is absent, or has gone; another one does not serve in its place.
    #[error("{0}")]
    Device(String),
    /// The system gives us no thread.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// Plays a recording until it ends. `tick` is asked every 20 ms: it may give orders, look where the
/// recording is, and say whether it is to go on.
///
/// # Errors
/// The file cannot be read any further, or the device does not open or goes away.
pub fn play(
    mut sound: Playback,
    device: &OutputDevice,
    mut tick: impl FnMut(&mut Playback) -> Result<bool, ReadError>,
) -> Result<(), PlayError> {
    let (events, lost) = losses();
    let recorder = Recorder::start()?;
    let mut devices = Devices::start(events.clone())?;
    devices.set(DeviceSettings::without_bell(
        InputDevice::Silence,
        device.clone(),
    ));
    devices.update(Need {
        hear: true,
        ..Need::default()
    });
    let mut output = Output::new(device, DeviceRole::Output);
    let mut grid = Grid::new(Instant::now());
    let (mut frame, mut left) = (Vec::new(), LAST_TICKS);
    while left > 0 && tick(&mut sound)? {
        thread::sleep(grid.next().saturating_duration_since(Instant::now()));
        if let Ok(reason) = lost.try_recv() {
            return Err(PlayError::Device(reason));
        }
        while let Some((_, opened)) = devices.poll() {
            output.take(opened);
        }
        for _ in 0..grid.take_due(Instant::now()).run {
            if output.is_heard() && !sound.next_frame(&mut frame)? {
                if output.is_file() {
                    return Ok(());
                }
                left = left.saturating_sub(1);
            }
            // Silence until the card begins to take, and after the end.
            frame.resize(sound.rate() as usize / 50, 0.0);
            output.write(sound.rate(), &frame, &recorder, &events);
        }
    }
    Ok(())
}

/// An ear for devices that are lost, and what it hears.
fn losses() -> (Events, Receiver<String>) {
    let (told, lost) = channel();
    let told = Mutex::new(told);
    let events = move |event| {
        let reason = match event {
            MediaEvent::DeviceLost { reason, .. } => reason,
            // Who names a headset does not want everybody to hear it.
            MediaEvent::DeviceReplaced { wanted, by, .. } => {
                CardError::no_such(&wanted, &[&by]).to_string()
            }
            _ => return,
        };
        // Whoever played may have ended already.
        let _ = told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(reason);
    };
    (Arc::new(events), lost)
}
