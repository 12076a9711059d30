//! Which devices the settings name, and when they are open: only while a call or a tone needs them.

use std::{io, path::PathBuf};

use super::{Events, MediaEvent};
use crate::device::{DeviceReport, DeviceRole, InputDevice, Keeper, Opened, OutputDevice, Wanted};

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
    input: InputDevice,
    output: OutputDevice,
    ring: OutputDevice,
    ring_also: OutputDevice,
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
            input: InputDevice::Silence,
            output: OutputDevice::Null,
            ring: OutputDevice::Null,
            ring_also: OutputDevice::Null,
            wished: Default::default(),
        })
    }

    /// Takes other settings.
    pub fn set(&mut self, input: InputDevice, output: OutputDevice, ring: OutputDevice) {
        (self.input, self.output, self.ring) = (input, output, ring);
    }

    /// It rings on this device, too.
    pub fn set_ring_also(&mut self, also: OutputDevice) {
        self.ring_also = also;
    }

    /// What calls send.
    pub fn input(&self) -> &InputDevice {
        &self.input
    }

    /// What plays calls, and what rings: the first and the second bell.
    pub fn outputs(&self) -> [&OutputDevice; 3] {
        [&self.output, &self.ring, &self.ring_also]
    }

    /// Opens and closes what is needed by now.
    pub fn update(&mut self, need: Need<'_>) {
        let microphone = match &self.input {
            InputDevice::Silence | InputDevice::Loop => None,
            // Read before the first call, so that it is there when the call begins.
            InputDevice::File(path) => Some(Wanted::Clip(path.clone())),
            InputDevice::Default => need.talk.then_some(Wanted::Microphone(None)),
            InputDevice::Named(name) => need.talk.then(|| Wanted::Microphone(Some(name.clone()))),
        };
        let rings_here = [&self.ring, &self.ring_also].contains(&&self.output);
        let hear = need.hear || (need.ring && rings_here);
        let rings = |device: &OutputDevice| match need.ring && *device != self.output {
            true => loudspeaker(device),
            false => None,
        };
        let also = Some(&self.ring_also).filter(|also| **also != self.ring);
        let wishes = [
            (DeviceRole::Input, microphone),
            (
                DeviceRole::Output,
                hear.then(|| loudspeaker(&self.output)).flatten(),
            ),
            (DeviceRole::Ring, rings(&self.ring)),
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

    /// The next device that was opened.
    pub fn poll(&self) -> Option<(DeviceRole, Opened)> {
        self.keeper.poll()
    }
}

fn loudspeaker(device: &OutputDevice) -> Option<Wanted> {
    match device {
        OutputDevice::Default => Some(Wanted::Loudspeaker(None)),
        OutputDevice::Named(name) => Some(Wanted::Loudspeaker(Some(name.clone()))),
        OutputDevice::Null | OutputDevice::File(_) => None,
    }
}
