//! What is made of the packets of one payload type: decoded, brought to the pace, and filled in where they are lost.

use super::noise::ComfortNoise;
use super::playout::{Playout, Rate};
use crate::codec::{Codec, CodecError, Decoder};
use crate::concealment::Concealment;
use crate::jitter_buffer::{Following, Pace, Slot};
use crate::time_stretch::{self, Pauses};

/// libopus conceals in multiples of 2.5 ms.
const OPUS_STEP: usize = 120;
/// Share of frames lost from which on sound is held back a little, so that what comes after a loss is known when
/// the loss has to be concealed; and at which it no longer is.
const LOSSY_FROM: f32 = 0.01;
const LOSSY_UNTIL: f32 = 0.002;

/// More packets missing in a row than this count as so many: the network was away, and says nothing of its losses.
const MOST_MISSING: u64 = 25;

/// The decoder of the payload type heard at present, and what follows it.
pub(super) struct Voice {
    pub(super) decoder: Decoder,
    concealment: Concealment,
    pauses: Pauses,
    block: Vec<f32>,
    pub(super) playout: Playout,
    /// The packet after a gap, decoded ahead of its time; no room before the first gap.
    future: Vec<f32>,
    /// What the last packet stood for, in clock units.
    pub(super) packet_units: i64,
    /// A slowly moving share of packets that were lost, and whether they are many.
    loss: f32,
    pub(super) lossy: bool,
    pub(super) pause: Pause,
    /// The number of the packet played last, or of the event after it.
    pub(super) sequence: Option<u64>,
    /// The number of the packet that a gap is bridged to.
    expected: Option<u64>,
    /// The sample heard last.
    pub(super) last: f32,
}

/// Where nothing comes after a packet in which nobody speaks, its sender has fallen silent (RFC 7587
/// §3.1.3), unless the number of the next packet tells of a loss.
#[derive(Default)]
pub(super) struct Pause {
    /// The packet played last says that nobody speaks.
    pub(super) announced: bool,
    /// Made up since, ms.
    ms: f32,
}

impl Voice {
    /// The voice for this codec: the present one, or a new one at a change.
    pub(super) fn of(
        voice: &mut Option<Voice>,
        codec: Codec,
        rate: u32,
    ) -> Result<&mut Voice, CodecError> {
        let fits = voice
            .as_ref()
            .is_some_and(|voice| voice.decoder.codec() == codec);
        if !fits {
            *voice = Some(Voice::new(codec, rate)?);
        }
        voice.as_mut().ok_or(CodecError::TooLong { codec })
    }

    pub(super) fn new(codec: Codec, rate: u32) -> Result<Voice, CodecError> {
        let decoder = Decoder::new(codec)?;
        // Room for the longest packet, and for a stretch of it.
        let room = decoder.max_samples() + codec.sample_rate() as usize / 50;
        Ok(Voice {
            concealment: Concealment::new(codec.sample_rate()),
            pauses: Pauses::default(),
            block: vec![0.0; room],
            playout: Playout::new(codec.sample_rate(), rate)?,
            future: Vec::new(),
            packet_units: 0,
            loss: 0.0,
            lossy: false,
            pause: Pause::default(),
            sequence: None,
            expected: None,
            last: 0.0,
            decoder,
        })
    }

    pub(super) fn room(&mut self, len: usize) -> &mut [f32] {
        if self.block.len() < len {
            self.block.resize(len, 0.0);
        }
        &mut self.block[..len]
    }

    pub(super) fn append(&mut self, len: usize) {
        self.append_from(0, len);
    }

    fn append_from(&mut self, from: usize, to: usize) {
        self.playout.push(&self.block[from..to]);
        self.last = self.block[from..to].last().copied().unwrap_or(self.last);
    }

    /// Decodes, brings to the pace, joins and appends; tells the clock units the packet stood
    /// for, or `None` if it is no audio.
    pub(super) fn play(
        &mut self,
        Slot {
            sequence, payload, ..
        }: &Slot,
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
        self.packet_units = rate.units(len);
        self.pause.announced = self.decoder.is_pause(payload);
        self.note_loss(0.0);
        let stretched = self.stretch(len, pace, rate);
        let is_expected = self.expected.take() == Some(*sequence);
        let block = &mut self.block[..stretched];
        self.concealment.receive(block, is_expected);
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

    fn note_loss(&mut self, lost: f32) {
        self.loss += (lost - self.loss) / 256.0;
        self.lossy = self.loss > if self.lossy { LOSSY_UNTIL } else { LOSSY_FROM };
    }

    /// Fills in for what is lost; true if it comes from the copy in the packet that follows.
    pub(super) fn conceal(&mut self, following: Option<Following>, len: usize, rate: Rate) -> bool {
        let next = following
            .as_ref()
            .filter(|following| rate.samples(following.gap) == len)
            .map(|following| &following.slot.payload[..]);
        let copied = next.map_or(0, |payload| self.decoder.recoverable(payload));
        let copy = next.filter(|_| copied > 0);
        // The copy stands for its whole frame, of which the end is wanted. (Opus has one clock.)
        let native = len.next_multiple_of(OPUS_STEP).max(copied as usize);
        self.room(native);
        if self.decoder.conceal(copy, &mut self.block[..native]) {
            let from = if copied > 0 { native - len } else { 0 };
            self.append_from(from, from + len);
            return copied > 0;
        }
        if let Some(Following { slot, gap }) = following {
            self.look_beyond(slot, rate.samples(gap));
        }
        self.concealment.conceal(&mut self.block[..len]);
        self.append(len);
        false
    }

    /// The packet of this number is about to be played: notes those that are missing before it. Tells how much was
    /// lost before it where a pause seemed to be, ms.
    pub(super) fn follow(&mut self, sequence: u64) -> f32 {
        let last = self.sequence.replace(sequence);
        let missing = last.map_or(0, |last| sequence.saturating_sub(last + 1));
        for _ in 0..missing.min(MOST_MISSING) {
            self.note_loss(1.0);
        }
        let pause_ms = std::mem::take(&mut self.pause.ms);
        if missing > 0 { pause_ms } else { 0.0 }
    }

    /// The peer pauses: the decoder goes on with the noise around its last frame.
    pub(super) fn go_on(&mut self, len: usize) {
        self.pause.ms += len as f32 * 1_000.0 / self.decoder.codec().sample_rate() as f32;
        let native = len.next_multiple_of(OPUS_STEP);
        self.room(native);
        if !self.decoder.conceal(None, &mut self.block[..native]) {
            self.block[..native].fill(0.0);
        }
        self.append(len);
    }

    /// Bridges the gap of so many samples to the packet after it.
    fn look_beyond(&mut self, slot: &Slot, gap: usize) {
        if self.decoder.codec() == Codec::Opus {
            return; // conceals by itself
        }
        self.future.resize(self.decoder.max_samples(), 0.0);
        if let Ok(len) = self.decoder.preview(&slot.payload, &mut self.future) {
            self.concealment.lead_to(&self.future[..len], gap);
            self.expected = Some(slot.sequence);
        }
    }
}
