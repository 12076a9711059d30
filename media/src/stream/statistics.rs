//! What a stream knows of itself, and how good that makes the call.

use std::time::Duration;

use super::way::is_by_ice;
use super::{Codec, FrameKind, Stream};
use crate::activity::Activity;
use crate::jitter_buffer::JitterBuffer;
use crate::quality::{self, Path, Scores};
use crate::rtp::{ADAPTS, BurstSummary, CONCEALS, GMIN, VoipMetrics};

/// Besides the buffer and half the round trip, a voice waits for its frame to fill and to play.
const FRAMING_DELAY_MS: f32 = 20.0;
/// Full scale in dBm0: the loudest sine of G.711 has +3.14 dBm0, and half of full scale's power
/// (ITU-T G.711 §5).
const FULL_SCALE_DBM0: f32 = 6.15;

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
    /// 20 ms frames that never came and were brought back from their copies in later packets.
    pub recovered: u64,
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
    /// Estimated quality of the conversation so far, `1.0..=4.5` (MOS-CQ by the E-model, ITU-T G.107).
    pub mos: f32,
    /// The same for who only listens (MOS-LQ): what delays are left out.
    pub mos_listening: f32,
    /// How much longer runs of missing packets are than chance would make them, at least one.
    pub burst_ratio: f32,
    /// What the peer says of our voice, where it sends extended reports.
    pub remote_opinion: Option<RemoteOpinion>,
    /// How ICE reaches the peer; `None` where it is not used or has found no way.
    pub path: Option<MediaPath>,
}

/// How our voice is heard at the peer's, by its own account (RFC 3611 §4.7.5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RemoteOpinion {
    /// Opinion score of who listens there, `1.0..=5.0`.
    pub listening: Option<f32>,
    /// Opinion score of the conversation there.
    pub conversational: Option<f32>,
}

/// A way that ICE has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaPath {
    /// From us to the peer, or to its relay.
    Direct,
    /// By our TURN server.
    Relayed,
}

/// What was heard, added up over the call.
#[derive(Debug, Default)]
pub(super) struct Heard {
    activity: Activity,
    frames: u32,
    delays_ms: f64,
}

impl Heard {
    /// Takes a frame as it is heard, and what the buffer delays at present.
    pub(super) fn take(&mut self, frame: &[f32], rate: u32, kind: FrameKind, delay_ms: f32) {
        if kind == FrameKind::Silence {
            return;
        }
        self.activity.hear(frame, rate);
        self.frames = self.frames.saturating_add(1);
        self.delays_ms += f64::from(delay_ms);
    }

    /// What the buffer has delayed, ms, in the mean.
    fn mean_delay_ms(&self) -> f32 {
        (self.delays_ms / f64::from(self.frames.max(1))) as f32
    }
}

impl Stream {
    /// Counters and measures so far.
    pub fn stats(&self) -> StreamStats {
        let feedback = self.reports.feedback();
        let codec = self.config.as_ref().map(|config| config.codec);
        let clock = codec.map_or(8_000, Codec::rtp_clock) as f32;
        let discarded = self.incoming.jitter_buffer().discarded();
        let bursts = self.incoming.bursts();
        let scores = self.scores(&bursts);
        StreamStats {
            codec,
            packets_sent: self.outgoing.packets(),
            packets_received: self.incoming.packets(),
            lost: self.incoming.lost(),
            late: discarded.late + discarded.skipped,
            duplicates: self.incoming.duplicates(),
            concealed: self.incoming.concealed(),
            recovered: self.incoming.recovered(),
            jitter_ms: self.incoming.jitter_ms(),
            rtt_ms: feedback.round_trip.map(to_ms),
            delay_ms: self.incoming.jitter_buffer().delay_ms(),
            remote_lost: u64::from(feedback.lost),
            remote_loss: f32::from(feedback.fraction_lost) / 256.0,
            remote_jitter_ms: feedback.jitter as f32 * 1_000.0 / clock,
            mos: scores.map_or(0.0, |scores| scores.conversational),
            mos_listening: scores.map_or(0.0, |scores| scores.listening),
            burst_ratio: bursts.burst_ratio,
            remote_opinion: feedback.metrics.as_ref().map(opinion),
            path: self.path(),
        }
    }

    /// The whole call so far: its losses and their pattern, and its mean delays.
    fn scores(&self, bursts: &BurstSummary) -> Option<Scores> {
        let configured = self.config.as_ref().map(|config| config.codec);
        let round_trip_ms = self.reports.mean_round_trip().map_or(0.0, to_ms);
        Some(quality::scores(&Path {
            codec: self.incoming.codec().or(configured)?,
            loss: bursts.lost + bursts.discarded,
            burst_ratio: bursts.burst_ratio,
            delay_ms: round_trip_ms / 2.0 + self.end_system_ms(),
        }))
    }

    fn end_system_ms(&self) -> f32 {
        self.incoming.heard().mean_delay_ms() + FRAMING_DELAY_MS
    }

    /// What we say of the peer's voice (RFC 3611 §4.7), once there is one.
    pub(super) fn voip_metrics(&self) -> Option<VoipMetrics> {
        let ssrc = self.incoming.ssrc()?;
        let bursts = self.incoming.bursts();
        let scores = self.scores(&bursts)?;
        let packet_ms = self.incoming.packet_ms();
        let share = |share: f32| (share * 256.0) as u8; // saturates
        let tenths = |mos: f32| Some((mos * 10.0).round().clamp(10.0, 50.0) as u8);
        let dbm0 = |level: f32| (level + FULL_SCALE_DBM0).round().clamp(-126.0, 20.0) as i8;
        let (signal, noise) = self.incoming.heard().activity.levels();
        let buffer = self.incoming.jitter_buffer();
        // What error protection brings back is not lost (§4.7.1).
        let recovered = self.incoming.recovered() as f32 * 20.0 / packet_ms;
        let all = (self.incoming.packets() + self.incoming.lost()).max(1) as f32;
        let round_trip = self.reports.feedback().round_trip;
        Some(VoipMetrics {
            ssrc,
            loss_rate: share((bursts.lost - recovered / all).max(0.0)),
            discard_rate: share(bursts.discarded),
            burst_density: share(bursts.burst_density),
            gap_density: share(bursts.gap_density),
            burst_ms: (bursts.burst_packets * packet_ms) as u16,
            gap_ms: (bursts.gap_packets * packet_ms) as u16,
            round_trip_ms: round_trip.map_or(0.0, to_ms) as u16,
            end_system_ms: self.end_system_ms() as u16,
            signal_level: signal.map(dbm0),
            noise_level: noise.map(dbm0),
            gmin: GMIN,
            r_factor: Some(scores.rating.round() as u8),
            mos_listening: tenths(scores.listening),
            mos_conversational: tenths(scores.conversational),
            // How fast it adapts is left at zero, unknown.
            config: CONCEALS | ADAPTS,
            buffer_ms: buffer.delay_ms() as u16,
            buffer_max_ms: buffer.most_delay_ms() as u16,
            buffer_limit_ms: JitterBuffer::MOST_DELAY_MS as u16,
        })
    }

    fn path(&self) -> Option<MediaPath> {
        let ice = self.ice.as_deref();
        let ice = ice.filter(|ice| is_by_ice(self.config.as_ref(), ice));
        Some(match ice?.nominated()?.relayed {
            true => MediaPath::Relayed,
            false => MediaPath::Direct,
        })
    }
}

fn to_ms(time: Duration) -> f32 {
    time.as_secs_f32() * 1_000.0
}

fn opinion(metrics: &VoipMetrics) -> RemoteOpinion {
    let score = |tenths: Option<u8>| tenths.map(|tenths| f32::from(tenths) / 10.0);
    RemoteOpinion {
        listening: score(metrics.mos_listening),
        conversational: score(metrics.mos_conversational),
    }
}
