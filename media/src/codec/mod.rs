//! The codecs of a call, as 20 ms (or other) blocks of `f32` mono in `-1.0..=1.0`.

use std::fmt;

/// A voice codec this phone speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Opus, 48 kHz (RFC 6716, RFC 7587).
    Opus,
    /// G.722, 16 kHz in 64 kbit/s; its RTP clock is 8000 by an old mistake (RFC 3551 §4.5.2).
    G722,
    /// G.711 A-law, 8 kHz.
    Pcma,
    /// G.711 µ-law, 8 kHz.
    Pcmu,
}

impl Codec {
    /// Samples a second of the audio.
    pub const fn sample_rate(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            Codec::G722 => 16_000,
            Codec::Pcma | Codec::Pcmu => 8_000,
        }
    }

    /// Units a second of the RTP timestamp.
    pub const fn rtp_clock(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            Codec::G722 | Codec::Pcma | Codec::Pcmu => 8_000,
        }
    }

    /// The name as in SDP's rtpmap.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::G722 => "G722",
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the peer's `a=fmtp` for Opus asks of our encoder (RFC 7587 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusParams {
    /// `useinbandfec`: put the previous frame's low-rate copy into each packet.
    pub fec: bool,
    /// `usedtx`: send next to nothing in silence.
    pub dtx: bool,
    /// `stereo`: the peer likes two channels. We send one all the same.
    pub stereo: bool,
    /// `maxaveragebitrate`, bits a second.
    pub max_bitrate: Option<u32>,
}

impl Default for OpusParams {
    fn default() -> Self {
        OpusParams {
            fec: true,
            dtx: false,
            stereo: false,
            max_bitrate: None,
        }
    }
}

/// A codec could not be set up or refused its input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// libopus refused.
    #[error("Opus: {0}")]
    Opus(#[from] opus::Error),
    /// The payload is not of this codec or the block does not fit.
    #[error("{codec}: {reason}")]
    Refused {
        /// The codec that refused.
        codec: Codec,
        /// What is wrong.
        reason: &'static str,
    },
}
