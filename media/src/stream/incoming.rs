//! From the peer's packets to what is heard.

use std::time::Instant;

use super::{FrameKind, StreamConfig};
use crate::codec::{Codec, CodecError, Decoder};
use crate::concealment::Concealment;
use crate::dtmf::KeyReceiver;
use crate::jitter_buffer::{Demand, JitterBuffer, Next, Pace};
use crate::random::Random;
use crate::rtp::{Arrival, BurstSummary, Packet, Source};
use crate::stream::noise::ComfortNoise;
use crate::stream::playout::{Playout, Rate};
use crate::stream::statistics::Heard;
use crate::time_stretch::{self, Pauses};

/// Comfort noise's static payload type (RFC 3551 table 4).
const COMFORT_NOISE: u8 = 13;
/// libopus conceals in multiples of 2.5 ms.
const OPUS_STEP: usize = 120;
/// Share of frames lost at which Opus is given time to see the next packet's copy, and at which
/// it no longer is.
const FEC_FROM: f32 = 0.01;
const FEC_UNTIL: f32 = 0.002;

/// What a packet brought beside audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brought {
    Audio,
    Digit(char),
    Nothing,
}

/// The peer's voice on its way to the ear.
pub(super) struct Incoming {
    payload_types: Vec<(u8, Codec)>,
    keys_payload_type: Option<u8>,
    source: Source,
    keys: KeyReceiver,
    jitter: JitterBuffer,
    voice: Option<Voice>,
    noise: ComfortNoise,
    /// The rate at which frames are pulled.
    rate: u32,
    /// The payload type of comfort noise that the peer has chosen, besides the static one.
    noise_payload_type: Option<u8>,
    heard: Heard,
    packets: u64,
    /// Of the packet played last.
    packet_ms: f32,
    /// Packets skipped by the buffer that the source knows of.
    skipped: u64,
    concealed_ms: f32,
    recovered_ms: f32,
    kind: FrameKind,
}

/// The decoder of the payload type heard at present, and what follows it.
struct Voice {
    decoder: Decoder,
    concealment: Concealment,
    pauses: Pauses,
    block: Vec<f32>,
    playout: Playout,
    /// A slowly moving share of stretches that were lost.
    loss: f32,
    pause: Pause,
    /// The sample heard last.
    last: f32,
}

/// Where nothing comes after a packet in which nobody speaks, its sender has fallen silent (RFC 7587
/// §3.1.3), unless the number of the next packet tells of a loss.
#[derive(Default)]
struct Pause {
    /// The packet played last says that nobody speaks.
    announced: bool,
    /// Its number.
    sequence: u64,
    /// Made up since, ms.
    ms: f32,
}

impl Incoming {
    pub(super) fn new(random: Random) -> Self {
        Incoming {
            payload_types: Vec::new(),
            keys_payload_type: None,
            source: Source::default(),
            keys: KeyReceiver::default(),
            jitter: JitterBuffer::new(Codec::Pcmu.rtp_clock()),
            voice: None,
            noise: ComfortNoise::new(random),
            rate: Codec::Pcmu.sample_rate(),
            noise_payload_type: None,
            heard: Heard::default(),
            packets: 0,
            packet_ms: 20.0,
            skipped: 0,
            concealed_ms: 0.0,
            recovered_ms: 0.0,
            kind: FrameKind::Silence,
        }
    }

    pub(super) fn configure(&mut self, config: &StreamConfig) {
        self.payload_types.clone_from(&config.receive_pts);
        self.keys_payload_type = config.dtmf_receive_pt;
        self.noise_payload_type = config.comfort_noise_pt;
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
        self.is_noise(payload_type)
            || Some(payload_type) == self.keys_payload_type
            || self.codec_of(payload_type).is_some()
    }

    fn is_noise(&self, payload_type: u8) -> bool {
        payload_type == COMFORT_NOISE || Some(payload_type) == self.noise_payload_type
    }

    fn codec_of(&self, payload_type: u8) -> Option<Codec> {
        self.payload_types
            .iter()
            .find(|(known, _)| *known == payload_type)
            .map(|(_, codec)| *codec)
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
        }
        if Some(packet.payload_type) == self.keys_payload_type {
            let key = self
                .keys
                .receive(packet.marker, packet.timestamp, packet.payload);
            return key.map_or(Brought::Nothing, Brought::Digit);
        }
        let clock = match self.codec_of(packet.payload_type) {
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
        let late = self.jitter.discarded().late;
        self.jitter.insert(now, sequence, packet);
        self.note_discarded(sequence, late);
        Brought::Audio
    }

    /// Tells the source which packets are not heard: this one, if it is late, and those before it
    /// that were skipped since the last one came.
    fn note_discarded(&mut self, sequence: u64, late: u64) {
        let discarded = self.jitter.discarded();
        if discarded.late > late {
            self.source.discard(sequence);
        }
        let skipped = discarded.skipped.saturating_sub(self.skipped);
        for back in 1..=skipped.min(sequence) {
            self.source.discard(sequence - back);
        }
        self.skipped = discarded.skipped;
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
                samples: clock,
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
        };
        self.give_time_for_fec(clock);
        let lost = self.is_loss();
        match self.jitter.next(now, demand) {
            Next::Play(slot, pace) => {
                let is_noise = slot.payload_type == COMFORT_NOISE
                    || Some(slot.payload_type) == self.noise_payload_type;
                if is_noise {
                    let mut codecs = self.payload_types.iter().map(|(_, codec)| *codec);
                    let g711 = codecs.find(|codec| codec.sample_rate() == 8_000);
                    // A call may begin with a pause.
                    if let (None, Some(codec)) = (&self.voice, g711) {
                        self.voice = Voice::new(codec, self.rate).ok();
                    }
                    let last = self.voice.as_ref().map_or(0.0, |voice| voice.last);
                    self.noise.describe(&slot.payload, last);
                    self.jitter.played(now, held, wanted);
                    return self.silence(rate.samples(wanted));
                }
                let codec = self
                    .payload_types
                    .iter()
                    .find(|(known, _)| *known == slot.payload_type)
                    .map(|(_, codec)| *codec);
                let played = match codec {
                    Some(codec) => {
                        let voice = match Voice::of(&mut self.voice, codec, self.rate) {
                            Ok(voice) => voice,
                            Err(_) => return self.drop_front(now, held, wanted),
                        };
                        self.concealed_ms += voice.end_pause(slot.sequence);
                        voice.play(&slot.payload, pace, clock, &mut self.noise)
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
                if self.noise.fill(voice.room(len)) {
                    self.kind = FrameKind::ComfortNoise;
                    voice.append(len);
                } else if voice.pause.announced && !lost {
                    self.kind = FrameKind::ComfortNoise;
                    voice.go_on(len);
                } else {
                    let ms = units as f32 * 1_000.0 / clock as f32;
                    if voice.conceal(following.map(|slot| &slot.payload[..]), len) {
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
        let last = self.voice.as_ref().map(|voice| voice.pause.sequence);
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
        voice.conceal(None, rate.samples(wanted));
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
    fn give_time_for_fec(&mut self, clock: u32) {
        let Some(voice) = &self.voice else {
            return;
        };
        if voice.decoder.codec() != Codec::Opus || voice.loss < FEC_UNTIL {
            self.jitter.set_lookahead(0);
        } else if voice.loss > FEC_FROM {
            let packet = self.packet_ms as i64 * i64::from(clock) / 1_000;
            self.jitter.set_lookahead(packet);
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

impl Voice {
    /// The voice for this codec: the present one, or a new one at a change.
    fn of(voice: &mut Option<Voice>, codec: Codec, rate: u32) -> Result<&mut Voice, CodecError> {
        let fits = voice
            .as_ref()
            .is_some_and(|voice| voice.decoder.codec() == codec);
        if !fits {
            *voice = Some(Voice::new(codec, rate)?);
        }
        voice.as_mut().ok_or(CodecError::TooLong { codec })
    }

    fn new(codec: Codec, rate: u32) -> Result<Voice, CodecError> {
        let decoder = Decoder::new(codec)?;
        // Room for the longest packet, and for a stretch of it.
        let room = decoder.max_samples() + codec.sample_rate() as usize / 50;
        Ok(Voice {
            concealment: Concealment::new(codec.sample_rate()),
            pauses: Pauses::default(),
            block: vec![0.0; room],
            playout: Playout::new(codec.sample_rate(), rate, room)?,
            loss: 0.0,
            pause: Pause::default(),
            last: 0.0,
            decoder,
        })
    }

    fn room(&mut self, len: usize) -> &mut [f32] {
        if self.block.len() < len {
            self.block.resize(len, 0.0);
        }
        &mut self.block[..len]
    }

    fn append(&mut self, len: usize) {
        self.append_from(0, len);
    }

    fn append_from(&mut self, from: usize, to: usize) {
        self.playout.push(&self.block[from..to]);
        self.last = self.block[from..to].last().copied().unwrap_or(self.last);
    }

    /// Decodes, brings to the pace, joins and appends; tells the clock units the packet stood
    /// for, or `None` if it is no audio.
    fn play(
        &mut self,
        payload: &[u8],
        pace: Pace,
        clock: u32,
        noise: &mut ComfortNoise,
    ) -> Option<i64> {
        let len = self
            .decoder
            .decode(payload, &mut self.block)
            .ok()
            .filter(|len| *len > 0)?;
        let rate = Rate {
            samples: self.decoder.codec().sample_rate(),
            units: clock,
        };
        self.pause.announced = self.decoder.is_pause(payload);
        self.loss -= self.loss / 256.0;
        let stretched = self.stretch(len, pace, rate);
        self.concealment.receive(&mut self.block[..stretched]);
        noise.give_way(&mut self.block[..stretched]);
        self.append(stretched);
        Some(rate.units(len))
    }

    fn stretch(&mut self, len: usize, pace: Pace, rate: Rate) -> usize {
        let pause = self.pauses.is_pause(&self.block[..len]);
        if self.concealment.is_concealing() {
            return len; // the join comes first
        }
        match pace {
            Pace::Shorter { units, in_voice } if pause || in_voice => {
                let most = rate.samples(units);
                len - time_stretch::shorten(&mut self.block[..len], rate.samples, most, pause)
            }
            Pace::Longer { units, in_voice } if pause || in_voice => {
                let most = rate.samples(units);
                len + time_stretch::lengthen(&mut self.block, len, rate.samples, most, pause)
            }
            _ => len,
        }
    }

    /// Fills in for what is lost; true if it comes from the copy in the packet that follows.
    fn conceal(&mut self, following: Option<&[u8]>, len: usize) -> bool {
        self.loss += (1.0 - self.loss) / 256.0;
        let copied = following.map_or(0, |payload| self.decoder.recoverable(payload));
        let copy = following.filter(|_| copied > 0);
        // The copy stands for its whole frame, of which the end is wanted. (Opus has one clock.)
        let native = len.next_multiple_of(OPUS_STEP).max(copied as usize);
        self.room(native);
        if self.decoder.conceal(copy, &mut self.block[..native]) {
            let from = if copied > 0 { native - len } else { 0 };
            self.append_from(from, from + len);
            copied > 0
        } else {
            self.concealment.conceal(&mut self.block[..len]);
            self.append(len);
            false
        }
    }

    /// A packet has come; tells how much was lost before it where a pause seemed to be, ms.
    fn end_pause(&mut self, sequence: u64) -> f32 {
        let was_loss = sequence != self.pause.sequence + 1;
        self.pause.sequence = sequence;
        match std::mem::take(&mut self.pause.ms) {
            ms if was_loss && ms > 0.0 => {
                self.loss += (1.0 - self.loss) / 256.0;
                ms
            }
            _ => 0.0,
        }
    }

    /// The peer pauses: the decoder goes on with the noise around its last frame.
    fn go_on(&mut self, len: usize) {
        self.pause.ms += len as f32 * 1_000.0 / self.decoder.codec().sample_rate() as f32;
        let native = len.next_multiple_of(OPUS_STEP);
        self.room(native);
        if !self.decoder.conceal(None, &mut self.block[..native]) {
            self.block[..native].fill(0.0);
        }
        self.append(len);
    }
}
