//! Where a call's microphone comes from and where its sound goes, by the words of the settings file.
//!
//! Nothing here paces a call: the engine's tick does. `silence`, `loop`, `null` and files follow it; a sound card has a
//! clock of its own and is followed by stretching its sound a little.

// Devices are files, sound cards and the clock.
#![allow(clippy::disallowed_methods)]

mod bridge;
mod callback;
mod clip;
mod drift;
mod keeper;
mod scene;
#[cfg_attr(not(target_os = "linux"), path = "no_server.rs")]
mod server;
mod setting;
mod sound_card;

pub use bridge::{Capture, Playback};
pub use clip::{Clip, ClipError, ClipPlayer};
pub use drift::Drift;
pub use keeper::{DeviceReport, Keeper, Opened, Wanted};
pub use setting::{DeviceSettingError, DeviceSettings, InputDevice, OutputDevice};
pub use sound_card::{CardError, present};

use std::fmt;

/// What a device is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceRole {
    /// The microphone.
    Input,
    /// The loudspeaker.
    Output,
    /// The bell.
    Ring,
    /// The second bell.
    RingAlso,
    /// The file that rings.
    Ringtone,
}

impl fmt::Display for DeviceRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Ring => "ring",
            Self::RingAlso => "ring_also",
            Self::Ringtone => "ringtone",
        })
    }
}
