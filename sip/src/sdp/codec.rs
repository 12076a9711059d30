//! Codecs as session descriptions name them.

use std::fmt;

use sdp_types::RtpMap;

use super::Codec;

/// The payload type of DTMF on an 8000 Hz clock in our offers. The number is free to choose;
/// this one is what most telephones choose.
const EVENT_8000: u8 = 101;
/// The payload type of DTMF on a 48000 Hz clock in our offers.
const EVENT_48000: u8 = 110;
/// The payload type of comfort noise beside G.711 (RFC 3389 §4, RFC 3551 §6).
const COMFORT_NOISE: u8 = 13;
/// The payload type of Opus in our offers.
const OPUS: u8 = 111;

impl Codec {
    /// The payload type in our offers: static where RFC 3551 §6 has one.
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
            Self::Opus => OPUS,
        }
    }

    /// Whether comfort noise of RFC 3389 goes with it: G.711 alone has 8000 samples a second, as the
    /// noise of payload type 13 does.
    pub(super) fn has_comfort_noise(self) -> bool {
        matches!(self, Self::Pcma | Self::Pcmu)
    }

    /// Hertz of the RTP clock. G.722 samples at 16000 and says 8000 (RFC 3551 §4.5.2).
    pub fn rtp_clock(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// The encoding name in `a=rtpmap` (RFC 3551 §6, RFC 7587 §7).
    pub fn encoding_name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encoding_name())
    }
}

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload {
    Audio(Codec),
    /// Telephone events (RFC 4733) on a clock of so many Hertz.
    Events(u32),
    /// Comfort noise (RFC 3389) on the clock of G.711.
    ComfortNoise,
}

/// One format of a media line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) payload_type: u8,
    pub(super) payload: Payload,
}

impl Format {
    pub(super) fn audio(codec: Codec) -> Self {
        Self {
            payload_type: codec.payload_type(),
            payload: Payload::Audio(codec),
        }
    }

    pub(super) fn events(clock: u32) -> Self {
        let payload_type = if clock == 48_000 {
            EVENT_48000
        } else {
            EVENT_8000
        };
        Self {
            payload_type,
            payload: Payload::Events(clock),
        }
    }

    pub(super) fn comfort_noise() -> Self {
        Self {
            payload_type: COMFORT_NOISE,
            payload: Payload::ComfortNoise,
        }
    }

    pub(super) fn codec(&self) -> Option<Codec> {
        match self.payload {
            Payload::Audio(codec) => Some(codec),
            Payload::Events(_) | Payload::ComfortNoise => None,
        }
    }

    pub(super) fn rtpmap(&self) -> RtpMap {
        let number = self.payload_type;
        match self.payload {
            // RFC 7587 §7: always two channels, however many are sent.
            Payload::Audio(Codec::Opus) => {
                RtpMap::with_encoding_params(number, Codec::Opus.encoding_name(), 48_000, "2")
            }
            Payload::Audio(codec) => RtpMap::new(number, codec.encoding_name(), codec.rtp_clock()),
            Payload::Events(clock) => RtpMap::new(number, "telephone-event", clock),
            Payload::ComfortNoise => RtpMap::new(number, "CN", Codec::Pcmu.rtp_clock()),
        }
    }
}

impl Payload {
    /// What `a=rtpmap` names, if we know it. Encoding names are equal whatever their case.
    pub(super) fn of_rtpmap(map: &RtpMap) -> Option<Self> {
        let named = |name: &str| map.encoding_name.eq_ignore_ascii_case(name);
        let channels = map.encoding_params.as_deref().unwrap_or("1");
        if named("telephone-event") {
            return Some(Self::Events(map.clock_rate));
        }
        if named("CN") {
            let is_g711 = map.clock_rate == Codec::Pcmu.rtp_clock() && channels == "1";
            return is_g711.then_some(Self::ComfortNoise);
        }
        let all = [Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];
        let codec = all.into_iter().find(|codec| named(codec.encoding_name()))?;
        let has_channels = channels == "1" || codec == Codec::Opus;
        (map.clock_rate == codec.rtp_clock() && has_channels).then_some(Self::Audio(codec))
    }

    /// What a payload type without `a=rtpmap` stands for (RFC 3551 §6).
    pub(super) fn of_static(payload_type: u8) -> Option<Self> {
        if payload_type == COMFORT_NOISE {
            return Some(Self::ComfortNoise);
        }
        let all = [Codec::G722, Codec::Pcma, Codec::Pcmu];
        all.into_iter()
            .find(|codec| codec.payload_type() == payload_type)
            .map(Self::Audio)
    }
}
