//! One call's audio path between the network and 20 ms frames.
//!
//! Pure: the time, packets and frames come in as arguments, packets and frames go out.

use std::net::SocketAddr;
use std::time::Instant;

pub use crate::codec::{Codec, CodecError, OpusParams};

/// What the offer and the answer agreed on.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamConfig {
    /// The codec we send with; it also gives the sample rate of the frames.
    pub codec: Codec,
    /// The payload type we send with.
    pub send_pt: u8,
    /// The payload types the peer may send with.
    pub receive_pts: Vec<(u8, Codec)>,
    /// The payload type of our telephone events (RFC 4733), if the peer takes them.
    pub dtmf_send_pt: Option<u8>,
    /// The payload type of the peer's telephone events.
    pub dtmf_receive_pt: Option<u8>,
    /// Milliseconds of audio in a packet we send.
    pub ptime_ms: u32,
    /// The peer's wishes for our Opus encoder.
    pub opus: OpusParams,
    /// Where SDP says that the peer hears RTP.
    pub remote_rtp: SocketAddr,
    /// Where the peer hears RTCP.
    pub remote_rtcp: SocketAddr,
    /// Whether we may send audio.
    pub send: bool,
    /// Whether we want to hear.
    pub receive: bool,
}

/// Where the samples of a pulled frame come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// The peer's voice.
    Voice,
    /// A guess in place of what was lost or is late.
    Concealed,
    /// Noise at the level the peer told (RFC 3389).
    ComfortNoise,
    /// Nothing has come: zeros.
    Silence,
}

/// What the stream has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEvent {
    /// The peer pressed a key: one of `0-9*#A-D`.
    Digit(char),
    /// The peer's first audio packet arrived.
    FirstPacket,
    /// The peer's media comes from another address than SDP said; we send there from now on.
    Latched(SocketAddr),
    /// The peer's RTCP said BYE.
    Bye,
}

/// Counters and measures of a stream so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamStats {
    /// The codec we send with, once configured.
    pub codec: Option<Codec>,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTP packets received from the peer, duplicates included.
    pub packets_received: u64,
    /// Packets that never came (RFC 3550 §6.4.1; expected less received).
    pub lost: u64,
    /// Packets that came too late to be heard.
    pub late: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// 20 ms frames made up by concealment.
    pub concealed: u64,
    /// Interarrival jitter, ms (RFC 3550 §6.4.1).
    pub jitter_ms: f32,
    /// Round trip by RTCP, ms, once known.
    pub rtt_ms: Option<f32>,
    /// What the jitter buffer adds at present, ms.
    pub delay_ms: f32,
    /// Packets of ours that the peer says it lost.
    pub remote_lost: u64,
    /// The peer's last report: share of our packets lost, `0.0..=1.0`.
    pub remote_loss: f32,
    /// The jitter the peer sees, ms.
    pub remote_jitter_ms: f32,
    /// Estimated listening and conversational quality, `1.0..=4.5` (E-model, ITU-T G.107).
    pub mos: f32,
}

/// One call's audio path.
pub struct Stream {
    config: Option<StreamConfig>,
}

impl Stream {
    /// A stream that is silent until configured. SSRC, first sequence number and timestamp come
    /// from `seed`; `cname` names us in RTCP.
    pub fn new(_seed: u64, _cname: String) -> Self {
        Stream { config: None }
    }

    /// Sets or changes what the stream sends and hears; our SSRC, sequence and clock go on.
    pub fn configure(&mut self, _now: Instant, config: StreamConfig) -> Result<(), CodecError> {
        self.config = Some(config);
        Ok(())
    }

    /// Samples a second of the frames: of the present codec, 8000 before one is configured.
    pub fn sample_rate(&self) -> u32 {
        self.config
            .as_ref()
            .map_or(8_000, |config| config.codec.sample_rate())
    }

    /// Samples of a 20 ms frame at [`Stream::sample_rate`].
    pub fn frame_len(&self) -> usize {
        self.sample_rate() as usize / 50
    }

    /// Takes a datagram from the RTP socket.
    pub fn handle_rtp(&mut self, _now: Instant, _source: SocketAddr, _packet: &[u8]) {}

    /// Takes a datagram from the RTCP socket.
    pub fn handle_rtcp(&mut self, _now: Instant, _source: SocketAddr, _packet: &[u8]) {}

    /// Fills `out` with what is to be heard next: 20 ms ([`Stream::frame_len`] samples) as a rule,
    /// any length in truth.
    pub fn pull(&mut self, _now: Instant, out: &mut [f32]) -> FrameKind {
        out.fill(0.0);
        FrameKind::Silence
    }

    /// Takes 20 ms from the microphone and hands out the packets that are due.
    pub fn push(
        &mut self,
        _now: Instant,
        _frame: &[f32],
        _transmit: &mut impl FnMut(SocketAddr, &[u8]),
    ) {
    }

    /// Queues keys (`0-9*#A-D`; anything else is passed over) to be sent as telephone events.
    pub fn send_digits(&mut self, _digits: &str) {}

    /// The next thing to tell, oldest first.
    pub fn poll_event(&mut self) -> Option<StreamEvent> {
        None
    }

    /// Sends the RTCP report if one is due; to be called about every 20 ms.
    pub fn poll_rtcp(&mut self, _now: Instant, _transmit: &mut impl FnMut(SocketAddr, &[u8])) {}

    /// Ends the stream: a last report with BYE. Nothing is sent afterwards.
    pub fn close(&mut self, _now: Instant, _transmit: &mut impl FnMut(SocketAddr, &[u8])) {}

    /// Counters and measures so far.
    pub fn stats(&self) -> StreamStats {
        StreamStats {
            codec: self.config.as_ref().map(|config| config.codec),
            packets_sent: 0,
            packets_received: 0,
            lost: 0,
            late: 0,
            duplicates: 0,
            concealed: 0,
            jitter_ms: 0.0,
            rtt_ms: None,
            delay_ms: 0.0,
            remote_lost: 0,
            remote_loss: 0.0,
            remote_jitter_ms: 0.0,
            mos: 0.0,
        }
    }
}
