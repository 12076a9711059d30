//! `[audio]`: where microphone and loudspeaker are, and what is done to the voice.

use ringbook_media::voice_processing::{NoiseSuppression, VoiceSettings};
use toml_edit::Value;

use super::SettingsError;
use super::section::Section;

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
    /// What is done to what a microphone hears.
    pub voice: VoiceSettings,
}

impl Default for Audio {
    fn default() -> Self {
        Self {
            input: "default".into(),
            output: "default".into(),
            ring: "default".into(),
            voice: VoiceSettings::default(),
        }
    }
}

impl Audio {
    /// Whether the other one names the same devices.
    pub fn names_devices_of(&self, other: &Self) -> bool {
        self.input == other.input && self.output == other.output && self.ring == other.ring
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Result<Audio, SettingsError> {
    let default = Audio::default();
    Ok(Audio {
        input: section.string("input")?.unwrap_or(default.input),
        output: section.string("output")?.unwrap_or(default.output),
        ring: section.string("ring")?.unwrap_or(default.ring),
        voice: voice(section, default.voice)?,
    })
}

fn voice(
    section: &mut Section<'_>,
    default: VoiceSettings,
) -> Result<VoiceSettings, SettingsError> {
    let sidetone = section.integer("sidetone", default.sidetone.into(), 0..=100)?;
    Ok(VoiceSettings {
        echo_cancellation: section.bool("echo_cancellation", default.echo_cancellation)?,
        noise_suppression: section.choice(
            "noise_suppression",
            default.noise_suppression,
            &NOISE_SUPPRESSION,
        )?,
        gain_control: section.bool("gain_control", default.gain_control)?,
        high_pass: section.bool("high_pass", default.high_pass)?,
        sidetone: u8::try_from(sidetone).unwrap_or(default.sidetone),
    })
}

pub(super) fn write(audio: &Audio) -> Vec<(&'static str, Option<Value>)> {
    let voice = &audio.voice;
    let mut words = NOISE_SUPPRESSION.iter();
    let suppression = words.find(|(_, level)| *level == voice.noise_suppression);
    vec![
        ("input", Some((&audio.input).into())),
        ("output", Some((&audio.output).into())),
        ("ring", Some((&audio.ring).into())),
        ("echo_cancellation", Some(voice.echo_cancellation.into())),
        (
            "noise_suppression",
            suppression.map(|(word, _)| Value::from(*word)),
        ),
        ("gain_control", Some(voice.gain_control.into())),
        ("high_pass", Some(voice.high_pass.into())),
        ("sidetone", Some(i64::from(voice.sidetone).into())),
    ]
}
