//! What happens in the sample office: who calls, and what they say.

use std::time::Duration;

use crate::store::sample;

/// A person who calls the phone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    /// As the network presents it: the user part of From.
    pub(super) number: &'static str,
    /// The display name of From.
    pub(super) display: &'static str,
    /// What they say, a WAV file.
    pub(super) voice: &'static [u8],
}

/// How long things take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// From registered, or from the end of a call, to the next call.
    pub(super) pause: Duration,
    /// How long a caller waits for an answer.
    pub(super) patience: Duration,
    /// How long a caller talks.
    pub(super) talk: Duration,
}

/// For a person at the window: time to read the card and to talk back.
pub(super) const WINDOW: Pace = Pace {
    pause: Duration::from_secs(4),
    patience: Duration::from_secs(45),
    talk: Duration::from_secs(40),
};

/// For the terminal: the whole demo within a minute.
pub(super) const HEADLESS: Pace = Pace {
    pause: Duration::from_millis(1_500),
    patience: Duration::from_secs(20),
    talk: Duration::from_secs(5),
};

/// The three callers: a VIP, a problem client, and somebody nobody knows.
pub(super) const CALLERS: [Caller; 3] = [
    Caller {
        number: sample::IVAN,
        display: "Ivan",
        voice: include_bytes!("../../assets/demo/ivan.wav"),
    },
    Caller {
        number: sample::OLGA,
        display: "O. Sidorova",
        voice: include_bytes!("../../assets/demo/olga.wav"),
    },
    Caller {
        number: sample::STRANGER,
        display: "",
        voice: include_bytes!("../../assets/demo/unknown.wav"),
    },
];

/// What Anna says where no microphone is used.
pub(super) const AGENT_VOICE: &[u8] = include_bytes!("../../assets/demo/agent.wav");
