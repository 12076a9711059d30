//! Which devices the settings name, and when they are open: only while a call or a tone needs them.

use std::{io, path::PathBuf};

use super::{Events, MediaEvent};
use crate::device::{
    DeviceReport, DeviceRole, DeviceSettings, InputDevice, Keeper, Opened, OutputDevice, Wanted,
};

/// What is to be heard and said at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need<'a> {
    /// A call talks.
    pub talk: bool,
    /// A call or a tone is to be heard.
    pub hear: bool,
    /// The bell rings.
    pub ring: bool,
    /// With this file.
    pub ringtone: Option<&'a PathBuf>,
}

/// The devices of the settings.
pub struct Devices {
    keeper: Keeper,
    settings: DeviceSettings,
    /// By role, in the order of [`DeviceRole`].
    wished: [Option<Wanted>; 5],
}

impl Devices {
    /// Starts the device thread; nothing is open yet.
    pub fn start(events: Events) -> io::Result<Self> {
        let keeper = Keeper::start(move |report| {
            events(match report {
                DeviceReport::Lost { role, reason } => MediaEvent::DeviceLost {
                    which: role,
                    reason,
                },
                DeviceReport::Replaced { role, wanted, by } => MediaEvent::DeviceReplaced {
                    which: role,
                    wanted,
                    by,
                },
                DeviceReport::Moved { role, to } => MediaEvent::DeviceMoved { which: role, to },
                DeviceReport::Back { role } => MediaEvent::DeviceBack { which: role },
            });
        })?;
        Ok(Self {
            keeper,
            settings: DeviceSettings::without_bell(InputDevice::Silence, OutputDevice::Null),
            wished: Default::default(),
        })
    }

    /// Takes other settings.
    pub fn set(&mut self, settings: DeviceSettings) {
        self.settings = settings;
    }

    /// The present settings.
    pub fn settings(&self) -> &DeviceSettings {
        &self.settings
    }

    /// Opens and closes what is needed by now.
    pub fn update(&mut self, need: Need<'_>) {
        let DeviceSettings {
            input,
            output,
            ring,
            ring_also,
            ..
        } = &self.settings;
        let microphone = match input {
            InputDevice::Silence | InputDevice::Loop => None,
            // Read before the first call, so that it is there when the call begins.
            InputDevice::File(path) => Some(Wanted::Clip(path.clone())),
            InputDevice::Default => need.talk.then_some(Wanted::Microphone(None)),
            InputDevice::Named(name) => need.talk.then(|| Wanted::Microphone(Some(name.clone()))),
        };
        let rings_here = [ring, ring_also].contains(&output);
        let hear = need.hear || (need.ring && rings_here);
        let rings = |device: &OutputDevice| match need.ring && device != output {
            true => loudspeaker(device),
            false => None,
        };
        let also = Some(ring_also).filter(|also| *also != ring);
        let wishes = [
            (DeviceRole::Input, microphone),
            (
                DeviceRole::Output,
                hear.then(|| loudspeaker(output)).flatten(),
            ),
            (DeviceRole::Ring, rings(ring)),
            (DeviceRole::RingAlso, also.and_then(rings)),
            (
                DeviceRole::Ringtone,
                need.ringtone.cloned().map(Wanted::Ringtone),
            ),
        ];
        for ((role, wish), wished) in wishes.into_iter().zip(&mut self.wished) {
            if *wished != wish {
                wished.clone_from(&wish);
                self.keeper.want(role, wish);
            }
        }
    }

    /// The next device that was opened, or file that was read, of those that are wished for still.
    pub fn poll(&self) -> Option<(DeviceRole, Opened)> {
        loop {
            let (role, wanted, opened) = self.keeper.poll()?;
            if self.wished[role as usize].as_ref() == Some(&wanted) {
                return Some((role, opened));
            }
        }
    }
}

fn loudspeaker(device: &OutputDevice) -> Option<Wanted> {
    match device {
        OutputDevice::Default => Some(Wanted::Loudspeaker(None)),
        OutputDevice::Named(name) => Some(Wanted::Loudspeaker(Some(name.clone()))),
        OutputDevice::Null | OutputDevice::File(_) => None,
    }
}
