//! From the peer's packets to what is heard.

use std::time::Instant;

use super::{FrameKind, StreamConfig};
use crate::codec::Codec;
use crate::dtmf::KeyReceiver;
use crate::jitter_buffer::{Demand, JitterBuffer, Next};
use crate::random::Random;
use crate::rtp::{Arrival, BurstSummary, Packet, Source};
use crate::stream::noise::ComfortNoise;
use crate::stream::playout::Rate;
use crate::stream::statistics::Heard;
use crate::stream::voice::Voice;

/// Comfort noise's static payload type (RFC 3551 table 4).
const COMFORT_NOISE: u8 = 13;
/// How much is held back while losses are many, ms, beside what Opus needs to see the next packet: most of a packet, so
/// that only a loss's beginning is made up blindly.
const RESERVE_MS: i64 = 12;
/// Packets that come within this of each other come evenly, ms.
const EVEN_MS: i64 = 4;

/// What a packet brought beside audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brought {
    Audio,
    Digit(char),
    Nothing,
}

/// What the peer's payload types stand for.
#[derive(Default)]
struct PayloadTypes {
    codecs: Vec<(u8, Codec)>,
    keys: Option<u8>,
    /// Comfort noise that the peer has chosen, besides the static one.
    noise: Option<u8>,
}

impl PayloadTypes {
    fn is_agreed(&self, payload_type: u8) -> bool {
        self.is_noise(payload_type)
            || Some(payload_type) == self.keys
            || self.codec(payload_type).is_some()
    }

    fn is_noise(&self, payload_type: u8) -> bool {
        payload_type == COMFORT_NOISE || Some(payload_type) == self.noise
    }

    fn codec(&self, payload_type: u8) -> Option<Codec> {
        let mut codecs = self.codecs.iter();
        let known = codecs.find(|(known, _)| *known == payload_type);
        known.map(|(_, codec)| *codec)
    }

    /// The codec that comfort noise stands in for.
    fn g711(&self) -> Option<Codec> {
        let mut codecs = self.codecs.iter().map(|(_, codec)| *codec);
        codecs.find(|codec| matches!(codec, Codec::Pcma | Codec::Pcmu))
    }
}

/// The peer's voice on its way to the ear.
pub(super) struct Incoming {
    payload_types: PayloadTypes,
    source: Source,
    keys: KeyReceiver,
    jitter: JitterBuffer,
    voice: Option<Voice>,
    noise: ComfortNoise,
    /// The rate at which frames are pulled.
    rate: u32,
    heard: Heard,
    packets: u64,
    /// Of the packet played last.
    packet_ms: f32,
    concealed_ms: f32,
    recovered_ms: f32,
    kind: FrameKind,
}

impl Incoming {
    pub(super) fn new(random: Random) -> Self {
        Incoming {
            payload_types: PayloadTypes::default(),
            source: Source::default(),
            keys: KeyReceiver::default(),
            jitter: JitterBuffer::new(Codec::Pcmu.rtp_clock()),
            voice: None,
            noise: ComfortNoise::new(random),
            rate: Codec::Pcmu.sample_rate(),
            heard: Heard::default(),
            packets: 0,
            packet_ms: 20.0,
            concealed_ms: 0.0,
            recovered_ms: 0.0,
            kind: FrameKind::Silence,
        }
    }

    pub(super) fn configure(&mut self, config: &StreamConfig) {
        self.payload_types = PayloadTypes {
            codecs: config.receive_pts.clone(),
            keys: config.dtmf_receive_pt,
            noise: config.comfort_noise_receive_pt,
        };
        if self.rate != config.codec.sample_rate() {
            self.rate = config.codec.sample_rate();
            self.voice = None; // its playout speaks the former rate
        }
        if !config.receive {
            self.jitter.reset();
            self.noise.stop();
            self.voice = None;
        }
    }

    pub(super) fn source(&mut self) -> &mut Source {
        &mut self.source
    }

    /// Whether the payload type was agreed on.
    pub(super) fn expects(&self, payload_type: u8) -> bool {
        self.payload_types.is_agreed(payload_type)
    }

    /// Takes a packet of the peer's.
    pub(super) fn handle(&mut self, now: Instant, packet: &Packet<'_>) -> Brought {
        self.packets += 1;
        let arrival = self.source.receive(packet.ssrc, packet.sequence);
        let Arrival::New {
            sequence,
            restarted,
        } = arrival
        else {
            return Brought::Nothing;
        };
        if restarted {
            self.jitter.reset();
            self.keys.reset();
            self.follow_from(None);
        }
        if Some(packet.payload_type) == self.payload_types.keys {
            let key = self
                .keys
                .receive(packet.marker, packet.timestamp, packet.payload);
            // Events are numbered with the voice: none of it is missing there.
            let last = self.voice.as_ref().and_then(|voice| voice.sequence);
            if last.is_some_and(|last| last + 1 == sequence) {
                self.follow_from(Some(sequence));
            }
            return key.map_or(Brought::Nothing, Brought::Digit);
        }
        let clock = match self.payload_types.codec(packet.payload_type) {
            Some(codec) => codec.rtp_clock(),
            // Comfort noise is on the clock of G.711 alone (RFC 3551 §4.5).
            None if self.jitter.clock() == Codec::Pcmu.rtp_clock() => self.jitter.clock(),
            None => return Brought::Nothing,
        };
        if clock != self.jitter.clock() {
            self.jitter = JitterBuffer::new(clock);
            self.source.forget_transit();
        }
        let transit = self
            .jitter
            .units(now)
            .wrapping_sub(i64::from(packet.timestamp));
        self.source.note_transit(transit);
        self.jitter.insert(now, sequence, packet);
        for unheard in self.jitter.drain_discarded() {
            self.source.discard(unheard);
        }
        Brought::Audio
    }

    /// The next packet of the voice is the one after this number.
    fn follow_from(&mut self, sequence: Option<u64>) {
        if let Some(voice) = &mut self.voice {
            voice.sequence = sequence;
        }
    }

    /// Fills `out` at the rate of the configuration.
    pub(super) fn pull(&mut self, now: Instant, out: &mut [f32]) -> FrameKind {
        loop {
            let missing = self
                .voice
                .as_ref()
                .map_or(out.len(), |voice| voice.playout.missing(out.len()));
            if missing == 0 {
                break;
            }
            if !self.refill(now, missing, out.len()) {
                out.fill(0.0);
                self.kind = FrameKind::Silence;
                return self.kind;
            }
        }
        if let Some(voice) = &mut self.voice {
            voice.playout.pop(out);
        }
        let delay_ms = self.jitter.delay_ms();
        self.heard.take(out, self.rate, self.kind, delay_ms);
        self.kind
    }

    /// Brings at least something to the playout; false while no voice has ever come.
    fn refill(&mut self, now: Instant, missing: usize, pull: usize) -> bool {
        let clock = self.jitter.clock();
        let rate = match &self.voice {
            Some(voice) => Rate {
                samples: voice.decoder.codec().sample_rate(),
                units: clock,
            },
            None => Rate {
                samples: self.rate,
                units: clock,
            },
        };
        let held = self
            .voice
            .as_ref()
            .map_or(0, |voice| rate.units(voice.playout.held()));
        let wanted = self.wanted(rate, missing);
        let heard = Rate {
            samples: self.rate,
            units: clock,
        };
        let demand = Demand {
            held,
            wanted,
            pull: heard.units(pull),
            reserve: self.reserve(heard.units(pull)),
        };
        self.look_ahead(clock);
        let lost = self.is_loss();
        match self.jitter.next(now, demand) {
            Next::Play(slot, pace) => {
                if self.payload_types.is_noise(slot.payload_type) {
                    // A call may begin with a pause.
                    if let (None, Some(codec)) = (&self.voice, self.payload_types.g711()) {
                        self.voice = Voice::new(codec, self.rate).ok();
                    }
                    let last = self.voice.as_ref().map_or(0.0, |voice| voice.last);
                    self.noise.describe(&slot.payload, last);
                    self.jitter.played(now, held, wanted);
                    return self.silence(rate.samples(wanted));
                }
                let played = match self.payload_types.codec(slot.payload_type) {
                    Some(codec) => {
                        let voice = match Voice::of(&mut self.voice, codec, self.rate) {
                            Ok(voice) => voice,
                            Err(_) => return self.drop_front(now, held, wanted),
                        };
                        self.concealed_ms += voice.follow(slot.sequence);
                        voice.play(slot, pace, clock, &mut self.noise)
                    }
                    None => None, // the payload type is no longer agreed on
                };
                match played {
                    Some(units) => {
                        self.kind = FrameKind::Voice;
                        self.packet_ms = units as f32 * 1_000.0 / clock as f32;
                        self.jitter.played(now, held, units);
                        true
                    }
                    None => self.drop_front(now, held, wanted),
                }
            }
            Next::Conceal(units, following) => {
                let Some(voice) = &mut self.voice else {
                    return false;
                };
                let len = rate.samples(units);
                // What another decoder or noise comes to speak of is no way to lead to.
                let codec = Some(voice.decoder.codec());
                let following = following.filter(|following| {
                    self.payload_types.codec(following.slot.payload_type) == codec
                });
                if self.noise.fill(voice.room(len)) {
                    self.kind = FrameKind::ComfortNoise;
                    voice.append(len);
                } else if voice.pause.announced && !lost {
                    self.kind = FrameKind::ComfortNoise;
                    voice.go_on(len);
                } else {
                    let ms = units as f32 * 1_000.0 / clock as f32;
                    if voice.conceal(following, len, rate) {
                        self.recovered_ms += ms;
                        self.kind = FrameKind::Voice;
                    } else {
                        self.concealed_ms += ms;
                        self.kind = FrameKind::Concealed;
                    }
                }
                true
            }
            Next::Silence(units) => self.silence(rate.samples(units)),
        }
    }

    /// Whether a packet is missing before the next one, as far as is known.
    fn is_loss(&self) -> bool {
        let next = self.jitter.gap().map(|(_, next)| next.sequence);
        let last = self.voice.as_ref().and_then(|voice| voice.sequence);
        next.zip(last).is_some_and(|(next, last)| next != last + 1)
    }

    /// What to ask of the jitter buffer: Opus conceals no less than 10 ms, and the copy in a packet stands
    /// for the whole frame before it (RFC 6716 §2.1.7), of which the rest is as good.
    fn wanted(&self, rate: Rate, missing: usize) -> i64 {
        let frame = i64::from(rate.units) / 100;
        let wanted = rate.units(missing).max(1);
        let Some(voice) = &self.voice else {
            return wanted;
        };
        if voice.decoder.codec() != Codec::Opus {
            return wanted;
        }
        let whole = (wanted + frame - 1) / frame * frame;
        let Some((gap, next)) = self.jitter.gap().filter(|(gap, _)| *gap > 0) else {
            return whole;
        };
        match voice.decoder.recoverable(&next.payload) {
            0 => whole,
            copy if gap <= copy => gap,
            copy => whole.min(gap - copy),
        }
    }

    fn drop_front(&mut self, now: Instant, held: i64, wanted: i64) -> bool {
        self.jitter.played(now, held, wanted);
        let Some(voice) = &mut self.voice else {
            return false;
        };
        let rate = Rate {
            samples: voice.decoder.codec().sample_rate(),
            units: self.jitter.clock(),
        };
        voice.conceal(None, rate.samples(wanted), rate);
        self.kind = FrameKind::Concealed;
        true
    }

    fn silence(&mut self, len: usize) -> bool {
        let Some(voice) = &mut self.voice else {
            return false;
        };
        if self.noise.fill(voice.room(len)) {
            self.kind = FrameKind::ComfortNoise;
            voice.append(len);
        } else if voice.pause.announced {
            self.kind = FrameKind::ComfortNoise;
            voice.go_on(len);
        } else {
            voice.room(len).fill(0.0);
            self.kind = FrameKind::Silence;
            voice.append(len);
        }
        true
    }

    /// In-band FEC needs the packet after a loss in time: worth a packet of delay when losses
    /// happen, and not otherwise.
    fn look_ahead(&mut self, clock: u32) {
        let wants = self
            .voice
            .as_ref()
            .is_some_and(|voice| voice.lossy && voice.decoder.codec() == Codec::Opus);
        let packet = self.packet_ms as i64 * i64::from(clock) / 1_000;
        self.jitter.set_lookahead(if wants { packet } else { 0 });
    }

    /// How much of the voice is to be held beyond a `pull`, in units. Where packets wait for the late ones anyway, the
    /// next is mostly there; and packets longer or shorter than a pull leave more or less of themselves each time,
    /// which cannot be evened out.
    fn reserve(&self, pull: i64) -> i64 {
        let wants = self.voice.as_ref().is_some_and(|voice| {
            voice.lossy && voice.decoder.codec() != Codec::Opus && voice.packet_units == pull
        });
        if wants {
            let units = |ms: i64| ms * i64::from(self.jitter.clock()) / 1_000;
            let waits = (self.jitter.spread() - units(EVEN_MS)).max(0);
            (units(RESERVE_MS) - waits).max(0)
        } else {
            0
        }
    }

    /// Packets of the peer's, duplicates included.
    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    /// Frames of 20 ms brought back from copies.
    pub(super) fn recovered(&self) -> u64 {
        (self.recovered_ms / 20.0).round() as u64
    }

    /// Frames of 20 ms made up.
    pub(super) fn concealed(&self) -> u64 {
        (self.concealed_ms / 20.0).round() as u64
    }

    /// In which pattern packets were missing.
    pub(super) fn bursts(&self) -> BurstSummary {
        self.source.bursts()
    }

    /// Who sends.
    pub(super) fn ssrc(&self) -> Option<u32> {
        self.source.ssrc()
    }

    /// What was heard so far.
    pub(super) fn heard(&self) -> &Heard {
        &self.heard
    }

    /// Milliseconds of the packet played last.
    pub(super) fn packet_ms(&self) -> f32 {
        self.packet_ms
    }

    pub(super) fn jitter_buffer(&self) -> &JitterBuffer {
        &self.jitter
    }

    pub(super) fn lost(&self) -> u64 {
        self.source.lost()
    }

    pub(super) fn duplicates(&self) -> u64 {
        self.source.duplicates()
    }

    pub(super) fn jitter_ms(&self) -> f32 {
        self.source.jitter() * 1_000.0 / self.jitter.clock() as f32
    }

    /// The codec heard at present.
    pub(super) fn codec(&self) -> Option<Codec> {
        self.voice.as_ref().map(|voice| voice.decoder.codec())
    }
}
