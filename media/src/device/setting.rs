//! The `[audio]` keys of the settings that name devices.

use std::{fmt, path::PathBuf, str::FromStr};

/// What a call sends: the setting `audio.input`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InputDevice {
    /// The system's default microphone.
    #[default]
    Default,
    /// The microphone of this name.
    Named(String),
    /// Nothing but silence; every call has its own.
    Silence,
    /// A WAV file (any rate, one or two channels). Each call hears it from its beginning, again and again.
    File(PathBuf),
    /// Each call hears itself back: what left its jitter buffer is sent back on the same tick.
    Loop,
}

/// Where calls are heard: the settings `audio.output` and `audio.ring`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OutputDevice {
    /// The system's default loudspeaker.
    #[default]
    Default,
    /// The loudspeaker of this name.
    Named(String),
    /// Nowhere.
    Null,
    /// A WAV file of what the call in focus heard, valid at any moment.
    File(PathBuf),
}

/// Which devices are used, and how loud it rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSettings {
    /// What calls send.
    pub input: InputDevice,
    /// Where calls are heard.
    pub output: OutputDevice,
    /// Where the bell rings.
    pub ring: OutputDevice,
    /// Where it rings as well; [`OutputDevice::Null`]: nowhere.
    pub ring_also: OutputDevice,
    /// How loud, 0 to 100.
    pub ring_volume_percent: u8,
}

impl DeviceSettings {
    /// Of a phone that calls, and rings nowhere.
    pub fn without_bell(input: InputDevice, output: OutputDevice) -> Self {
        Self {
            input,
            output,
            ring: OutputDevice::Null,
            ring_also: OutputDevice::Null,
            ring_volume_percent: 100,
        }
    }
}

/// A value of `[audio]` that names no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceSettingError {
    /// The text is empty.
    #[error("the device is empty; allowed are {allowed}")]
    Empty {
        /// What may stand there.
        allowed: &'static str,
    },
    /// `file:` without a name.
    #[error("\"file:\" names no file; allowed are {allowed}")]
    NoFileName {
        /// What may stand there.
        allowed: &'static str,
    },
}

const INPUTS: &str = "\"default\", a device's name, \"silence\", \"file:NAME.wav\", \"loop\"";
const OUTPUTS: &str = "\"default\", a device's name, \"null\", \"file:NAME.wav\"";

/// The file behind `file:`, if the text names one.
fn file_name(text: &str, allowed: &'static str) -> Result<Option<PathBuf>, DeviceSettingError> {
    match text.strip_prefix("file:") {
        Some("") => Err(DeviceSettingError::NoFileName { allowed }),
        Some(name) => Ok(Some(PathBuf::from(name))),
        None if text.trim().is_empty() => Err(DeviceSettingError::Empty { allowed }),
        None => Ok(None),
    }
}

impl FromStr for InputDevice {
    type Err = DeviceSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = file_name(text, INPUTS)? {
            return Ok(Self::File(path));
        }
        Ok(match text {
            "default" => Self::Default,
            "silence" => Self::Silence,
            "loop" => Self::Loop,
            name => Self::Named(name.to_owned()),
        })
    }
}

impl FromStr for OutputDevice {
    type Err = DeviceSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = file_name(text, OUTPUTS)? {
            return Ok(Self::File(path));
        }
        Ok(match text {
            "default" => Self::Default,
            "null" => Self::Null,
            name => Self::Named(name.to_owned()),
        })
    }
}

impl fmt::Display for InputDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Named(name) => f.write_str(name),
            Self::Silence => f.write_str("silence"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Loop => f.write_str("loop"),
        }
    }
}

impl fmt::Display for OutputDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Named(name) => f.write_str(name),
            Self::Null => f.write_str("null"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn every_word_of_the_settings_names_its_device_and_prints_back() {
        for text in [
            "default",
            "silence",
            "loop",
            "file:speech.wav",
            "USB Headset",
        ] {
            assert_eq!(text.parse::<InputDevice>().unwrap().to_string(), text);
        }
        for text in ["default", "null", "file:heard.wav", "USB Headset"] {
            assert_eq!(text.parse::<OutputDevice>().unwrap().to_string(), text);
        }
        assert_eq!("loop".parse(), Ok(InputDevice::Loop));
        assert_eq!("null".parse(), Ok(OutputDevice::Null));
        assert_eq!(
            "file:a b.wav".parse(),
            Ok(InputDevice::File("a b.wav".into()))
        );
    }

    #[test]
    fn a_value_that_names_nothing_is_refused_with_what_is_allowed() {
        let error = "file:".parse::<InputDevice>().unwrap_err().to_string();
        assert!(error.contains("\"silence\""), "{error}");
        let error = " ".parse::<OutputDevice>().unwrap_err().to_string();
        assert!(error.contains("\"null\""), "{error}");
    }
}
