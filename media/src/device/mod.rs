//! Where a call's microphone comes from and where its sound goes, by the words of the settings file.

// Devices are files, sound cards and the clock.
#![allow(clippy::disallowed_methods)]

mod setting;

pub use setting::{DeviceSettingError, InputDevice, OutputDevice};
