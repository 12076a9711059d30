//! `[audio]`: where microphone and loudspeaker are, and what is done to the voice.

use ringbook_media::device::{DeviceSettingError, DeviceSettings};
use ringbook_media::voice_processing::{NoiseSuppression, VoiceSettings};
use toml_edit::Value;

use super::SettingsError;
use super::edit::word;
use super::read::country;
use super::section::Section;
use crate::model::Country;

const NOISE_SUPPRESSION: [(&str, NoiseSuppression); 4] = [
    ("off", NoiseSuppression::Off),
    ("low", NoiseSuppression::Low),
    ("moderate", NoiseSuppression::Moderate),
    ("high", NoiseSuppression::High),
];

/// `[audio]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// A device's name, `silence`, `file:…` or `loop`.
    pub input: String,
    /// A device's name, `null` or `file:…`.
    pub output: String,
    /// Where the phone rings: a device's name or `null`.
    pub ring: String,
    /// Where it rings as well: a device's name or `null`.
    pub ring_also: String,
    /// How loud it rings, 0 to 100.
    pub ring_volume: u8,
    /// The country whose tones are heard; default: that of the line.
    pub tones: Option<Country>,
    /// Whether a key that is pressed in a call is heard here, too.
    pub key_tones: bool,
    /// The buttons of headsets steer the phone, and their lamps show what it does.
    pub headset_buttons: bool,
    /// What is done to what a microphone hears.
    pub voice: VoiceSettings,
}

impl Default for Audio {
    fn default() -> Self {
        Self {
            input: "default".into(),
            output: "default".into(),
            ring: "default".into(),
            ring_also: "null".into(),
            ring_volume: 100,
            tones: None,
            key_tones: true,
            headset_buttons: true,
            voice: VoiceSettings::default(),
        }
    }
}

impl Audio {
    /// The devices for the media thread.
    ///
    /// # Errors
    /// One of the texts names no device, which the settings' reader refuses.
    pub fn devices(&self) -> Result<DeviceSettings, DeviceSettingError> {
        Ok(DeviceSettings {
            input: self.input.parse()?,
            output: self.output.parse()?,
            ring: self.ring.parse()?,
            ring_also: self.ring_also.parse()?,
            ring_volume_percent: self.ring_volume,
        })
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Result<Audio, SettingsError> {
    let default = Audio::default();
    Ok(Audio {
        input: section.string("input")?.unwrap_or(default.input),
        output: section.string("output")?.unwrap_or(default.output),
        ring: section.string("ring")?.unwrap_or(default.ring),
        ring_also: section.string("ring_also")?.unwrap_or(default.ring_also),
        ring_volume: percent(section, "ring_volume", default.ring_volume)?,
        tones: country(section, "tones")?,
        key_tones: section.bool("key_tones", default.key_tones)?,
        headset_buttons: section.bool("headset_buttons", default.headset_buttons)?,
        voice: voice(section, default.voice)?,
    })
}

fn voice(
    section: &mut Section<'_>,
    default: VoiceSettings,
) -> Result<VoiceSettings, SettingsError> {
    Ok(VoiceSettings {
        echo_cancellation: section.bool("echo_cancellation", default.echo_cancellation)?,
        noise_suppression: section.choice(
            "noise_suppression",
            default.noise_suppression,
            &NOISE_SUPPRESSION,
        )?,
        gain_control: section.bool("gain_control", default.gain_control)?,
        high_pass: section.bool("high_pass", default.high_pass)?,
        sidetone: percent(section, "sidetone", default.sidetone)?,
    })
}

fn percent(section: &mut Section<'_>, key: &'static str, default: u8) -> Result<u8, SettingsError> {
    let percent = section.integer(key, default.into(), 0..=100)?;
    Ok(u8::try_from(percent).unwrap_or(default))
}

pub(super) fn write(audio: &Audio) -> Vec<(&'static str, Option<Value>)> {
    let voice = &audio.voice;
    vec![
        ("input", Some((&audio.input).into())),
        ("output", Some((&audio.output).into())),
        ("ring", Some((&audio.ring).into())),
        ("ring_also", Some((&audio.ring_also).into())),
        ("ring_volume", Some(i64::from(audio.ring_volume).into())),
        ("tones", audio.tones.map(|country| country.code().into())),
        ("key_tones", Some(audio.key_tones.into())),
        ("headset_buttons", Some(audio.headset_buttons.into())),
        ("echo_cancellation", Some(voice.echo_cancellation.into())),
        (
            "noise_suppression",
            Some(word(&NOISE_SUPPRESSION, &voice.noise_suppression).into()),
        ),
        ("gain_control", Some(voice.gain_control.into())),
        ("high_pass", Some(voice.high_pass.into())),
        ("sidetone", Some(i64::from(voice.sidetone).into())),
    ]
}
