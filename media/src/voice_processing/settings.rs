//! What is to be done to the voice.

/// What is done to what the microphone hears; each stage on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoiceSettings {
    /// What the loudspeaker plays is taken out of what the microphone hears.
    pub echo_cancellation: bool,
    /// How far steady noise is lowered.
    pub noise_suppression: NoiseSuppression,
    /// A quiet voice is made louder.
    pub gain_control: bool,
    /// Rumble below 100 Hz is taken out. Noise suppression needs it and does so in any case.
    pub high_pass: bool,
    /// How loud one hears oneself, in percent of what the others get; 0: not at all.
    pub sidetone: u8,
}

impl Default for VoiceSettings {
    fn default() -> Self {
        Self {
            echo_cancellation: true,
            noise_suppression: NoiseSuppression::Moderate,
            gain_control: true,
            high_pass: true,
            sidetone: 0,
        }
    }
}

impl VoiceSettings {
    /// Nothing is done.
    pub const OFF: Self = Self {
        echo_cancellation: false,
        noise_suppression: NoiseSuppression::Off,
        gain_control: false,
        high_pass: false,
        sidetone: 0,
    };

    /// Whether what is sent is not what the microphone heard.
    pub(super) fn changes_sound(&self) -> bool {
        *self
            != Self {
                sidetone: self.sidetone,
                ..Self::OFF
            }
    }
}

/// How far steady noise is lowered, at the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoiseSuppression {
    /// Not at all.
    Off,
    /// By 6 dB.
    Low,
    /// By 12 dB.
    #[default]
    Moderate,
    /// By 18 dB.
    High,
}
