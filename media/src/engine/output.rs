//! Where the call in focus is heard.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{Events, MediaEvent};
use crate::{
    device::{DeviceRole, Opened, OutputDevice, Playback},
    recorder::{Recorder, RecordingFormat, RecordingRequest, Report, Tap},
};

/// Ticks until a file that could not be created is tried again.
const RETRY_TICKS: u32 = 50;

/// The output that the settings name.
pub enum Output {
    /// Nobody hears it.
    Null,
    /// A WAV file hears it.
    File(HeardFile),
    /// A loudspeaker; `None` while it is not open.
    Card(Option<Box<Playback>>),
}

impl Output {
    /// The output for a setting.
    pub fn new(device: &OutputDevice, role: DeviceRole) -> Self {
        match device {
            OutputDevice::File(path) => Self::File(HeardFile::new(path.clone(), role)),
            OutputDevice::Null => Self::Null,
            OutputDevice::Default | OutputDevice::Named(_) => Self::Card(None),
        }
    }

    /// Whether a file hears it.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Whether what is written now is heard: a sound card takes a moment to open and to begin.
    pub fn is_heard(&self) -> bool {
        match self {
            Self::Null | Self::File(_) => true,
            Self::Card(card) => card.as_ref().is_some_and(|card| card.is_playing()),
        }
    }

    /// Whether a loudspeaker plays what is written now.
    pub fn is_loud(&self) -> bool {
        matches!(self, Self::Card(_)) && self.is_heard()
    }

    /// Plays a frame of 20 ms at `rate`.
    pub fn write(&mut self, rate: u32, frame: &[f32], recorder: &Recorder, events: &Events) {
        match self {
            Self::Null => {}
            Self::File(file) => file.write(rate, frame, recorder, events),
            Self::Card(card) => {
                if card.as_ref().is_some_and(|playback| !playback.is_alive()) {
                    *card = None;
                }
                if let Some(playback) = card {
                    playback.write(rate, frame);
                }
            }
        }
    }

    /// There is nothing to be heard on this tick.
    pub fn rest(&mut self) {
        if let Self::Card(Some(playback)) = self {
            playback.rest();
        }
    }

    /// Takes the loudspeaker that was opened for it.
    pub fn take(&mut self, opened: Opened) {
        // Otherwise it was opened for settings that have changed since.
        if let (Self::Card(card), Opened::Playback(playback)) = (self, opened) {
            *card = Some(Box::new(playback));
        }
    }
}

/// `file:heard.wav`: one channel at the rate of the first call, written by the recorder.
pub struct HeardFile {
    path: PathBuf,
    role: DeviceRole,
    tap: Option<Tap>,
    /// Ticks until the file is tried again.
    wait: u32,
    lost: Arc<AtomicBool>,
    /// The disk filled up: the file is complete and must not be begun again.
    ended: Arc<AtomicBool>,
}

impl HeardFile {
    fn new(path: PathBuf, role: DeviceRole) -> Self {
        Self {
            path,
            role,
            tap: None,
            wait: 0,
            lost: Arc::default(),
            ended: Arc::default(),
        }
    }

    fn write(&mut self, rate: u32, frame: &[f32], recorder: &Recorder, events: &Events) {
        if self.tap.as_ref().is_some_and(Tap::is_closed) {
            self.tap = None;
            self.wait = RETRY_TICKS;
        }
        self.wait = self.wait.saturating_sub(1);
        if self.tap.is_none() && self.wait == 0 && !self.ended.load(Ordering::Relaxed) {
            self.tap = recorder.record(self.request(rate, events));
        }
        if let Some(tap) = &mut self.tap {
            tap.frame(rate, &[frame]);
        }
    }

    fn request(&self, rate: u32, events: &Events) -> RecordingRequest {
        let (events, which) = (events.clone(), self.role);
        let (lost, ended) = (self.lost.clone(), self.ended.clone());
        let report = move |report| match report {
            Report::Started if lost.swap(false, Ordering::Relaxed) => {
                events(MediaEvent::DeviceBack { which })
            }
            Report::Failed { error, saved } => {
                ended.store(saved.is_some(), Ordering::Relaxed);
                if !lost.swap(true, Ordering::Relaxed) {
                    events(MediaEvent::DeviceLost {
                        which,
                        reason: error.to_string(),
                    });
                }
            }
            Report::Started | Report::Finished(_) => {}
        };
        RecordingRequest {
            path: self.path.clone(),
            format: RecordingFormat::Wav,
            channels: 1,
            rate,
            overwrite: true,
            report: Box::new(report),
        }
    }
}
