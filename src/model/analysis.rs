//! What listening to a recording found: who spoke how much, and what stands out.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::RecordingId;

/// A recording shorter than this is *too short*: its shares say little.
pub const TOO_SHORT: Duration = Duration::from_secs(5);
/// A side that speaks for less than this in all never spoke: the talk is *one-sided*.
pub const SPOKE: Duration = Duration::from_millis(500);
/// A silence from this length on is *long*.
pub const LONG_SILENCE: Duration = Duration::from_secs(10);
/// Both speaking at once for this share of the time is *much overlap*.
pub const MUCH_OVERLAP: f64 = 0.1;

/// The analysis of one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The recording.
    pub recording: RecordingId,
    /// When it was analysed.
    pub analysed_at: Timestamp,
    /// What was found, or why the recording could not be analysed.
    pub found: Result<Findings, String>,
}

/// What was found in a recording. Shares are of its whole length, 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// Share in which the agent speaks.
    #[serde(rename = "agent_share")]
    pub agent: f64,
    /// Share in which the client speaks.
    #[serde(rename = "client_share")]
    pub client: f64,
    /// Share in which nobody speaks.
    #[serde(rename = "silence_share")]
    pub silence: f64,
    /// Share in which both speak; part of `agent` and of `client`.
    #[serde(rename = "overlap_share")]
    pub overlap: f64,
    /// The longest silence.
    #[serde(rename = "longest_silence_s", serialize_with = "seconds")]
    pub longest_silence: Duration,
    /// The longest stretch in which the agent speaks and the client hardly puts a word in.
    #[serde(rename = "longest_monologue_s", serialize_with = "seconds")]
    pub longest_monologue: Duration,
    /// How often the agent interrupted the client.
    pub interrupted_by_agent: u32,
    /// How often the client interrupted the agent.
    pub interrupted_by_client: u32,
    /// What stands out, in the order of [`AnalysisFlag::ALL`].
    pub flags: Vec<AnalysisFlag>,
}

/// Something that stands out in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisFlag {
    /// Shorter than [`TOO_SHORT`].
    TooShort,
    /// One side, or none of the two, spoke for [`SPOKE`].
    OneSided,
    /// A silence of [`LONG_SILENCE`].
    LongSilence,
    /// Both spoke at once for [`MUCH_OVERLAP`] of the time.
    MuchOverlap,
}

impl AnalysisFlag {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::TooShort,
        Self::OneSided,
        Self::LongSilence,
        Self::MuchOverlap,
    ];

    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::OneSided => "one_sided",
            Self::LongSilence => "long_silence",
            Self::MuchOverlap => "much_overlap",
        }
    }
}

impl Findings {
    /// What stands out in a recording of this length with these shares and lengths.
    pub fn flagged(mut self, length: Duration) -> Self {
        let spoke = |share: f64| length.mul_f64(share) >= SPOKE;
        let stands_out = |flag: &AnalysisFlag| match flag {
            AnalysisFlag::TooShort => length < TOO_SHORT,
            AnalysisFlag::OneSided => !spoke(self.agent) || !spoke(self.client),
            AnalysisFlag::LongSilence => self.longest_silence >= LONG_SILENCE,
            AnalysisFlag::MuchOverlap => self.overlap >= MUCH_OVERLAP,
        };
        self.flags = AnalysisFlag::ALL.into_iter().filter(stands_out).collect();
        self
    }
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_millis() as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(
        seconds: u64,
        agent: f64,
        client: f64,
        overlap: f64,
        silence: u64,
    ) -> Vec<AnalysisFlag> {
        let findings = Findings {
            agent,
            client,
            silence: 1.0 - agent - client + overlap,
            overlap,
            longest_silence: Duration::from_secs(silence),
            longest_monologue: Duration::ZERO,
            interrupted_by_agent: 0,
            interrupted_by_client: 0,
            flags: Vec::new(),
        };
        findings.flagged(Duration::from_secs(seconds)).flags
    }

    #[test]
    fn s1_29_flags_say_what_stands_out_and_nothing_else() {
        use AnalysisFlag::{LongSilence, MuchOverlap, OneSided, TooShort};
        assert_eq!(flags(60, 0.5, 0.4, 0.05, 9), []);
        assert_eq!(flags(60, 0.5, 0.4, 0.1, 9), [MuchOverlap]);
        assert_eq!(flags(60, 0.5, 0.0, 0.0, 10), [OneSided, LongSilence]);
        assert_eq!(flags(60, 0.005, 0.6, 0.0, 9), [OneSided]);
        assert_eq!(flags(4, 0.5, 0.4, 0.0, 1), [TooShort]);
        assert_eq!(flags(0, 0.0, 0.0, 0.0, 0), [TooShort, OneSided]);
    }
}
