//! From the peer's packets to what is heard.

use std::time::Instant;

use super::{FrameKind, StreamConfig};
use crate::codec::{Codec, CodecError, Decoder};
use crate::concealment::Concealment;
use crate::dtmf::KeyReceiver;
use crate::jitter_buffer::{Demand, Following, JitterBuffer, Next, Pace};
use crate::random::Random;
use crate::rtp::{Arrival, Packet, Source};
use crate::stream::noise::ComfortNoise;
use crate::stream::playout::{Playout, Rate};
use crate::time_stretch::{self, Pauses};

/// Comfort noise's static payload type (RFC 3551 table 4).
const COMFORT_NOISE: u8 = 13;
/// libopus conceals in multiples of 2.5 ms.
const OPUS_STEP: usize = 120;
/// Share of frames lost from which on sound is held back a little, so that what comes after a loss is known when
/// the loss has to be concealed; and at which it no longer is.
const LOSSY_FROM: f32 = 0.01;
const LOSSY_UNTIL: f32 = 0.002;
/// How much is held back then, ms: for Opus a whole frame, for the copy of the lost one in the next; for others most
/// of one, so that only its beginning is made up blindly.
const OPUS_LOOKAHEAD_MS: i64 = 20;
const RESERVE_MS: i64 = 12;

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
    packets: u64,
    concealed_ms: f32,
    kind: FrameKind,
}

/// The decoder of the payload type heard at present, and what follows it.
struct Voice {
    decoder: Decoder,
    concealment: Concealment,
    pauses: Pauses,
    block: Vec<f32>,
    playout: Playout,
    /// The packet after a gap, decoded ahead of its time.
    future: Vec<f32>,
    /// What the last packet stood for, in clock units.
    packet_units: i64,
    /// A slowly moving share of stretches that were lost, and whether they are many.
    loss: f32,
    lossy: bool,
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
            packets: 0,
            concealed_ms: 0.0,
            kind: FrameKind::Silence,
        }
    }

    pub(super) fn configure(&mut self, config: &StreamConfig) {
        self.payload_types.clone_from(&config.receive_pts);
        self.keys_payload_type = config.dtmf_receive_pt;
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
        payload_type == COMFORT_NOISE
            || Some(payload_type) == self.keys_payload_type
            || self.codec_of(payload_type).is_some()
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
        self.jitter.insert(now, sequence, packet);
        Brought::Audio
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
            reserve: self.reserve(heard.units(pull)),
        };
        self.look_ahead(clock);
        match self.jitter.next(now, demand) {
            Next::Play(slot, pace) => {
                if slot.payload_type == COMFORT_NOISE {
                    self.noise.set_level(&slot.payload);
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
                        self.noise.stop();
                        let voice = match Voice::of(&mut self.voice, codec, self.rate) {
                            Ok(voice) => voice,
                            Err(_) => return self.drop_front(now, held, wanted),
                        };
                        voice.play(&slot.payload, pace, clock)
                    }
                    None => None, // the payload type is no longer agreed on
                };
                match played {
                    Some(units) => {
                        self.kind = FrameKind::Voice;
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
                } else {
                    voice.conceal(following, len, rate);
                    self.concealed_ms += units as f32 * 1_000.0 / clock as f32;
                    self.kind = FrameKind::Concealed;
                }
                true
            }
            Next::Silence(units) => self.silence(rate.samples(units)),
        }
    }

    /// What to ask of the jitter buffer: Opus conceals and recovers in whole frames.
    fn wanted(&self, rate: Rate, missing: usize) -> i64 {
        let frame = i64::from(rate.units) / 50;
        let wanted = rate.units(missing).max(1);
        let is_opus = self
            .voice
            .as_ref()
            .is_some_and(|voice| voice.decoder.codec() == Codec::Opus);
        if is_opus {
            (wanted + frame - 1) / frame * frame
        } else {
            wanted
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
        let room = voice.room(len);
        if self.noise.fill(room) {
            self.kind = FrameKind::ComfortNoise;
        } else {
            room.fill(0.0);
            self.kind = FrameKind::Silence;
        }
        voice.append(len);
        true
    }

    /// In-band FEC needs the packet after a loss in time: worth a frame of delay when losses
    /// happen, and not otherwise.
    fn look_ahead(&mut self, clock: u32) {
        let wants = self
            .voice
            .as_ref()
            .is_some_and(|voice| voice.lossy && voice.decoder.codec() == Codec::Opus);
        let ms = if wants { OPUS_LOOKAHEAD_MS } else { 0 };
        self.jitter.set_lookahead(ms * i64::from(clock) / 1_000);
    }

    /// How much of the voice is to be held beyond a `pull`, in units. Where packets wait for the late ones anyway, the
    /// next is mostly there; and packets longer or shorter than a pull leave more or less of themselves each time,
    /// which cannot be evened out.
    fn reserve(&self, pull: i64) -> i64 {
        let wants = self.voice.as_ref().is_some_and(|voice| {
            voice.lossy && voice.decoder.codec() != Codec::Opus && voice.packet_units == pull
        });
        if wants {
            let reserve = RESERVE_MS * i64::from(self.jitter.clock()) / 1_000;
            (reserve - self.jitter.spread()).max(0)
        } else {
            0
        }
    }

    /// Packets of the peer's, duplicates included.
    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    /// Frames of 20 ms made up.
    pub(super) fn concealed(&self) -> u64 {
        (self.concealed_ms / 20.0).round() as u64
    }

    pub(super) fn jitter_buffer(&self) -> &JitterBuffer {
        &self.jitter
    }

    pub(super) fn lost(&self) -> u64 {
        self.source.lost()
    }

    pub(super) fn received(&self) -> u64 {
        self.source.received()
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
            let decoder = Decoder::new(codec)?;
            // Room for the longest packet, and for a stretch of it.
            let room = decoder.max_samples() + codec.sample_rate() as usize / 50;
            *voice = Some(Voice {
                concealment: Concealment::new(codec.sample_rate()),
                pauses: Pauses::default(),
                block: vec![0.0; room],
                playout: Playout::new(codec.sample_rate(), rate, room)?,
                future: Vec::new(),
                packet_units: 0,
                loss: 0.0,
                lossy: false,
                decoder,
            });
        }
        voice.as_mut().ok_or(CodecError::TooLong { codec })
    }

    fn room(&mut self, len: usize) -> &mut [f32] {
        if self.block.len() < len {
            self.block.resize(len, 0.0);
        }
        &mut self.block[..len]
    }

    fn append(&mut self, len: usize) {
        self.playout.push(&self.block[..len]);
    }

    /// Decodes, brings to the pace, joins and appends; tells the clock units the packet stood
    /// for, or `None` if it is no audio.
    fn play(&mut self, payload: &[u8], pace: Pace, clock: u32) -> Option<i64> {
        let len = self
            .decoder
            .decode(payload, &mut self.block)
            .ok()
            .filter(|len| *len > 0)?;
        let rate = Rate {
            samples: self.decoder.codec().sample_rate(),
            units: clock,
        };
        self.packet_units = rate.units(len);
        self.note_loss(0.0);
        let stretched = self.stretch(len, pace, rate);
        self.concealment.receive(&mut self.block[..stretched]);
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

    fn note_loss(&mut self, lost: f32) {
        self.loss += (lost - self.loss) / 256.0;
        self.lossy = self.loss > if self.lossy { LOSSY_UNTIL } else { LOSSY_FROM };
    }

    fn conceal(&mut self, following: Option<Following>, len: usize, rate: Rate) {
        self.note_loss(1.0);
        let native = len.next_multiple_of(OPUS_STEP);
        self.room(native);
        let copy = following
            .as_ref()
            .filter(|following| rate.samples(following.gap) == len)
            .map(|following| &following.slot.payload[..])
            .filter(|payload| self.decoder.can_recover(payload));
        if !self.decoder.conceal(copy, &mut self.block[..native]) {
            if let Some(Following { slot, gap }) = following {
                self.look_beyond(&slot.payload, rate.samples(gap));
            }
            self.concealment.conceal(&mut self.block[..len]);
        }
        self.append(len);
    }

    /// Bridges the gap of so many samples to the packet after it.
    fn look_beyond(&mut self, payload: &[u8], gap: usize) {
        self.future.resize(self.decoder.max_samples(), 0.0);
        if let Ok(len) = self.decoder.preview(payload, &mut self.future) {
            self.concealment.lead_to(&self.future[..len], gap);
        }
    }
}
