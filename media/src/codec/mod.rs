//! The codecs of a call, as 20 ms (or other) blocks of `f32` mono in `-1.0..=1.0`.

mod g722;
mod opus;
mod waveform;

use std::fmt;

use self::opus::{OpusDecoder, OpusEncoder};
use self::waveform::{WaveformDecoder, WaveformEncoder};

/// The longest packet that is decoded, ms: the longest Opus packet (RFC 6716 §3.2.5).
pub const MAX_PACKET_MS: usize = 120;

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
    /// `cbr`: each packet as long as the others.
    pub cbr: bool,
    /// `maxaveragebitrate`, bits a second.
    pub max_bitrate: Option<u32>,
    /// `maxplaybackrate`, Hz: nothing above half of it is heard there.
    pub max_playback_rate: u32,
}

impl Default for OpusParams {
    fn default() -> Self {
        OpusParams {
            fec: true,
            dtx: false,
            stereo: false,
            cbr: false,
            max_bitrate: None,
            max_playback_rate: 48_000,
        }
    }
}

/// A codec could not be set up or refused its input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// libopus refused.
    #[error("Opus: {0}")]
    Opus(#[from] ::opus::Error),
    /// G.711 refused, for want of room.
    #[error("{codec}: {source}")]
    G711 {
        /// The codec that refused.
        codec: Codec,
        /// Why.
        source: audio_codec::CodecError,
    },
    /// The rates of two codecs in one call do not convert.
    #[error("resampler: {0}")]
    Resampler(audio_codec::CodecError),
    /// The payload or the block is longer than [`MAX_PACKET_MS`].
    #[error("{codec}: more than {MAX_PACKET_MS} ms in a packet")]
    TooLong {
        /// The codec of the packet.
        codec: Codec,
    },
}

/// Blocks of samples in, payloads out.
pub struct Encoder(EncoderKind);

enum EncoderKind {
    Waveform(WaveformEncoder),
    Opus(OpusEncoder),
}

impl Encoder {
    /// An encoder; `opus` is heeded by Opus alone.
    pub fn new(codec: Codec, opus: &OpusParams) -> Result<Self, CodecError> {
        Ok(Encoder(match codec {
            Codec::Opus => EncoderKind::Opus(OpusEncoder::new(opus)?),
            _ => EncoderKind::Waveform(WaveformEncoder::new(codec)),
        }))
    }

    /// Encodes one packet's samples, at the codec's rate, and tells the payload's length.
    pub fn encode(&mut self, samples: &[f32], payload: &mut [u8]) -> Result<usize, CodecError> {
        match &mut self.0 {
            EncoderKind::Waveform(encoder) => encoder.encode(samples, payload),
            EncoderKind::Opus(encoder) => encoder.encode(samples, payload),
        }
    }

    /// Tells what share of our packets the peer loses, percent, so that the encoder protects them:
    /// at none, not at all.
    pub fn expect_loss(&mut self, percent: u8) -> Result<(), CodecError> {
        match &mut self.0 {
            EncoderKind::Waveform(_) => Ok(()),
            EncoderKind::Opus(encoder) => encoder.expect_loss(percent),
        }
    }
}

/// Payloads in, blocks of samples out.
pub struct Decoder {
    codec: Codec,
    kind: DecoderKind,
}

enum DecoderKind {
    Waveform(WaveformDecoder),
    Opus(OpusDecoder),
}

impl Decoder {
    /// A decoder with no history.
    pub fn new(codec: Codec) -> Result<Self, CodecError> {
        let kind = match codec {
            Codec::Opus => DecoderKind::Opus(OpusDecoder::new()?),
            _ => DecoderKind::Waveform(WaveformDecoder::new(codec)),
        };
        Ok(Decoder { codec, kind })
    }

    /// What it decodes.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The room a decoded packet may need, samples.
    pub fn max_samples(&self) -> usize {
        self.codec.sample_rate() as usize * MAX_PACKET_MS / 1_000
    }

    /// Decodes a payload into the front of `out` and tells how many samples it gave.
    pub fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        match &mut self.kind {
            DecoderKind::Waveform(decoder) => decoder.decode(payload, out),
            DecoderKind::Opus(decoder) => decoder.decode(payload, out),
        }
    }

    /// Decodes a payload whose turn has not come, as [`Decoder::decode`] would now, and leaves the decoder as it is.
    /// Nothing for a codec that conceals by its own means.
    pub fn preview(&self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        match &self.kind {
            DecoderKind::Waveform(decoder) => decoder.preview(payload, out),
            DecoderKind::Opus(_) => Ok(0),
        }
    }

    /// Whether the payload carries a copy of the frame before it (RFC 6716 §2.1.7).
    pub fn can_recover(&self, next: &[u8]) -> bool {
        matches!(self.kind, DecoderKind::Opus(_)) && opus::carries_fec(next)
    }

    /// Whether the sender of this packet is silent and may send nothing for a while, so that what the
    /// codec conceals then is the noise around the sender (RFC 7587 §3.1.3).
    pub fn is_pause(&self, payload: &[u8]) -> bool {
        matches!(self.kind, DecoderKind::Opus(_)) && opus::is_pause(payload)
    }

    /// How much of what is lost before this packet its copy stands for, in units of the RTP clock.
    pub fn recoverable(&self, next: &[u8]) -> i64 {
        match self.can_recover(next) {
            true => opus::frame_units(next).unwrap_or(0),
            false => 0,
        }
    }

    /// Fills `out` for lost audio by the codec's own means: from the copy within the `next`
    /// packet, or by extrapolation. False if the codec has none.
    pub fn conceal(&mut self, next: Option<&[u8]>, out: &mut [f32]) -> bool {
        match &mut self.kind {
            DecoderKind::Waveform(_) => false,
            DecoderKind::Opus(decoder) => decoder.conceal(next, out).is_ok(),
        }
    }
}
