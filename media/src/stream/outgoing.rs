//! From the microphone's frames to the peer: packets, keys, and our RTP clock.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::StreamConfig;
use super::silence::{SilenceSuppression, Verdict};
use crate::codec::{Codec, CodecError, Encoder, OpusParams};
use crate::dtmf::KeySender;
use crate::random::Random;
use crate::rtp::{HEADER_LEN, MAX_PACKET_LEN, Packet, SentSoFar, write_packet};

/// Packets longer or shorter than this are not sent, ms.
const MIN_PTIME_MS: u32 = 10;
const MAX_PTIME_MS: u32 = 60;
const FRAME_MS: u32 = 20;
/// Frames that come this late show that sending had stopped, not only stumbled.
const PAUSE: Duration = Duration::from_millis(200);

/// What of the configuration concerns sending.
struct Format {
    codec: Codec,
    opus: OpusParams,
    payload_type: u8,
    keys_payload_type: Option<u8>,
    /// Samples in a packet.
    packet_len: usize,
    encoder: Encoder,
    /// Where pauses are described in place of being sent, with the payload type of that.
    suppression: Option<(u8, Box<SilenceSuppression>)>,
}

impl Format {
    fn units(&self, samples: usize) -> u32 {
        (samples as u64 * u64::from(self.codec.rtp_clock()) / u64::from(self.codec.sample_rate()))
            as u32
    }

    /// The payload type and the length of what goes out for a packet's samples; zero: nothing does.
    fn encode(&mut self, samples: &[f32], payload: &mut [u8]) -> (u8, usize) {
        if let Some((payload_type, suppression)) = &mut self.suppression {
            match suppression.judge(samples, self.codec.sample_rate()) {
                Verdict::Voice => {}
                Verdict::Noise(background) => return (*payload_type, background.write(payload)),
                Verdict::Nothing => return (*payload_type, 0),
            }
        }
        let len = self.encoder.encode(samples, payload).unwrap_or(0);
        // Opus in discontinuous transmission makes packets of two octets at most for silence;
        // they need not go out (RFC 7587 §3.1.3, RFC 6716 §2.1.9).
        let is_silent = self.codec == Codec::Opus && self.opus.dtx && len <= 2;
        (self.payload_type, if is_silent { 0 } else { len })
    }
}

/// Our source.
pub(super) struct Outgoing {
    ssrc: u32,
    sequence: u16,
    /// Of the first sample waiting, or the next to come.
    timestamp: u32,
    format: Option<Format>,
    keys: KeySender,
    waiting: Vec<f32>,
    pushed_at: Option<Instant>,
    /// The last frame went out as audio, so that the next is no start of a talkspurt.
    talking: bool,
    packets: u64,
    octets: u64,
    payload: Box<[u8; MAX_PACKET_LEN - HEADER_LEN]>,
    wire: Box<[u8; MAX_PACKET_LEN]>,
}

impl Outgoing {
    /// SSRC, first sequence number and timestamp are random (RFC 3550 §5.1); the sequence number
    /// is in the lower half, so that a peer who misses our first packets does not miss a wrap,
    /// which SRTP counts (RFC 3711 §3.3.1).
    pub(super) fn new(random: &mut Random) -> Self {
        Outgoing {
            ssrc: random.next_u32(),
            sequence: random.next_u32() as u16 & 0x7fff,
            timestamp: random.next_u32(),
            format: None,
            keys: KeySender::default(),
            waiting: Vec::new(),
            pushed_at: None,
            talking: false,
            packets: 0,
            octets: 0,
            payload: Box::new([0; MAX_PACKET_LEN - HEADER_LEN]),
            wire: Box::new([0; MAX_PACKET_LEN]),
        }
    }

    pub(super) fn configure(&mut self, config: &StreamConfig) -> Result<(), CodecError> {
        let (encoder, former) = match self.format.take() {
            Some(format) if format.codec == config.codec && format.opus == config.opus => {
                (format.encoder, format.suppression)
            }
            _ => {
                self.waiting.clear();
                self.talking = false;
                (Encoder::new(config.codec, &config.opus)?, None)
            }
        };
        let is_g711 = matches!(config.codec, Codec::Pcma | Codec::Pcmu);
        let noise = config.comfort_noise_send_pt.filter(|_| is_g711);
        let suppression = noise.filter(|_| config.silence_suppression);
        let suppression = suppression.map(|payload_type| {
            let former = former.map(|(_, suppression)| suppression);
            (payload_type, former.unwrap_or_default())
        });
        let ptime = packet_time(config.codec, config.ptime_ms);
        let packet_len = (config.codec.sample_rate() * ptime / 1_000) as usize;
        let frame_len = (config.codec.sample_rate() * FRAME_MS / 1_000) as usize;
        self.waiting.reserve(packet_len + frame_len);
        self.format = Some(Format {
            codec: config.codec,
            opus: config.opus,
            payload_type: config.send_pt,
            keys_payload_type: config.dtmf_send_pt,
            packet_len,
            encoder,
            suppression,
        });
        Ok(())
    }

    pub(super) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    pub(super) fn send_digits(&mut self, digits: &str) {
        self.keys.queue(digits);
    }

    pub(super) fn expect_loss(&mut self, percent: u8) {
        if let Some(format) = &mut self.format {
            // A refusal leaves the former expectation, which is no worse than before.
            let _ = format.encoder.expect_loss(percent);
        }
    }

    /// For a sender report at `now`.
    pub(super) fn sent_so_far(&self, now: Instant) -> SentSoFar {
        let clock = self
            .format
            .as_ref()
            .map_or(8_000, |format| format.codec.rtp_clock());
        let since = self
            .pushed_at
            .map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let ahead = since.as_millis() as u64 * u64::from(clock) / 1_000;
        SentSoFar {
            ssrc: self.ssrc,
            packets: self.packets,
            octets: self.octets,
            timestamp: self.timestamp.wrapping_add(ahead as u32),
        }
    }

    /// Takes a frame. Without a `remote` nothing is sent, and our clock goes on.
    pub(super) fn push(
        &mut self,
        now: Instant,
        frame: &[f32],
        remote: Option<SocketAddr>,
        transmit: &mut impl FnMut(SocketAddr, &[u8]),
    ) {
        let Some(mut format) = self.format.take() else {
            return;
        };
        self.pass_over_pause(now, &mut format);
        let units = format.units(frame.len());
        if remote.is_none() || format.keys_payload_type.is_none() {
            self.keys.clear();
        }
        match (remote, format.keys_payload_type) {
            (None, _) => self.skip(units, &mut format),
            (Some(remote), Some(payload_type)) => {
                let at = self
                    .timestamp
                    .wrapping_add(format.units(self.waiting.len()));
                match self.keys.next(at, units) {
                    Some(event) => {
                        self.skip(units, &mut format);
                        let (marker, timestamp) = (event.marker, event.timestamp);
                        self.payload[..event.payload.len()].copy_from_slice(&event.payload);
                        let len = event.payload.len();
                        self.send(payload_type, marker, timestamp, len, remote, transmit);
                    }
                    None => self.send_audio(frame, &mut format, remote, transmit),
                }
            }
            (Some(remote), None) => self.send_audio(frame, &mut format, remote, transmit),
        }
        self.format = Some(format);
    }

    /// Our timestamp keeps to the wall clock through a pause in the frames.
    fn pass_over_pause(&mut self, now: Instant, format: &mut Format) {
        let last = self.pushed_at.replace(now);
        let since = last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        if since > PAUSE {
            let frames = since.as_millis() as u64 / u64::from(FRAME_MS) - 1;
            let units = frames * u64::from(format.codec.rtp_clock() * FRAME_MS / 1_000);
            self.skip(units as u32, format);
        }
    }

    /// Moves the clock on by audio that is not sent, together with what waits.
    fn skip(&mut self, units: u32, format: &mut Format) {
        if let Some((_, suppression)) = &mut format.suppression {
            suppression.forget_told();
        }
        let waiting = format.units(self.waiting.len());
        self.timestamp = self.timestamp.wrapping_add(waiting).wrapping_add(units);
        self.waiting.clear();
        self.talking = false;
    }

    fn send_audio(
        &mut self,
        frame: &[f32],
        format: &mut Format,
        remote: SocketAddr,
        transmit: &mut impl FnMut(SocketAddr, &[u8]),
    ) {
        self.waiting.extend_from_slice(frame);
        let units = format.units(format.packet_len);
        let mut taken = 0;
        while let Some(samples) = self.waiting.get(taken..taken + format.packet_len) {
            let (payload_type, len) = format.encode(samples, &mut self.payload[..]);
            let is_voice = payload_type == format.payload_type && len > 0;
            let marker = is_voice && !self.talking;
            self.talking = is_voice;
            if len > 0 {
                let timestamp = self.timestamp;
                self.send(payload_type, marker, timestamp, len, remote, transmit);
            }
            self.timestamp = self.timestamp.wrapping_add(units);
            taken += format.packet_len;
        }
        self.waiting.drain(..taken);
    }

    fn send(
        &mut self,
        payload_type: u8,
        marker: bool,
        timestamp: u32,
        payload_len: usize,
        remote: SocketAddr,
        transmit: &mut impl FnMut(SocketAddr, &[u8]),
    ) {
        let packet = Packet {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
            payload: &self.payload[..payload_len],
        };
        let Ok(len) = write_packet(&packet, &mut self.wire[..]) else {
            return; // a payload type beyond 127: the configuration's fault, nothing to send
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.packets += 1;
        self.octets += payload_len as u64;
        transmit(remote, &self.wire[..len]);
    }
}

/// The packet time nearest to the wish that the codec can do.
fn packet_time(codec: Codec, wish_ms: u32) -> u32 {
    let wish = wish_ms.clamp(MIN_PTIME_MS, MAX_PTIME_MS) / 10 * 10;
    match (codec, wish) {
        // RFC 6716 §2: frames of 10, 20, 40 and 60 ms.
        (Codec::Opus, 30) => 20,
        (Codec::Opus, 50) => 40,
        _ => wish,
    }
}
