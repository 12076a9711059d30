//! The adaptive jitter buffer: puts packets back in order and in time, at the least delay that
//! the network lately allows.
//!
//! Pure: `insert` takes packets with their arrival, `next` is asked for audio and answers what to
//! play. Times are in units of the RTP clock throughout. The place in the stream that is to be
//! decoded next is the *cursor*; it moves as packets are played and stands while nothing comes, so
//! that after a stall all that was under way is still heard, only later. What is too late thereby
//! is then won back by the `Pace` that goes with each packet.

mod drift;
mod transit;

use std::collections::VecDeque;
use std::time::Instant;

use self::transit::Transits;
use crate::rtp::Packet;

/// A transit off the usual by more than this is a leap of the sender's clock, ms; the second
/// counts at the start of a talkspurt.
const LEAP_MS: i64 = 1_000;
const TALKSPURT_LEAP_MS: i64 = 200;
/// Packets held; more push the oldest out. 2.5 s at 20 ms.
const CAPACITY: usize = 128;
/// A gap that has lasted this long is silence, ms: concealment has faded out.
const SILENT_AFTER_MS: i64 = 120;
/// Further behind than this we do not catch up but skip, ms.
const SKIP_ABOVE_MS: i64 = 500;
/// The room kept between the arrival of late packets and the moment they are needed, ms: the
/// caller's own clock is not perfect. Half of it may go before pauses are made longer, all before
/// voice is.
const ROOM_MS: i64 = 4;
/// To look ahead, voice is made longer by up to so much at least, ms: less than a pitch period cannot be put in, and
/// the last of what is wanted would never come.
const LEAST_MS: i64 = 12;
/// What can be spared is given back in pauses; this much even while the peer talks, ms.
const SPARE_IN_VOICE_MS: i64 = 40;

/// A packet as it waits.
#[derive(Debug, Default)]
pub struct Slot {
    /// Extended beyond 32 bits, in clock units.
    timestamp: i64,
    /// Extended beyond 16 bits.
    pub sequence: u64,
    /// As on the wire.
    pub payload_type: u8,
    /// The RTP payload.
    pub payload: Vec<u8>,
}

/// How the next packet should be played to bring the delay to its goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As it is.
    Even,
    /// Up to so many clock units longer.
    Longer {
        /// Clock units short.
        units: i64,
        /// Whether voice may be stretched, or pauses only.
        in_voice: bool,
    },
    /// Up to so many clock units shorter.
    Shorter {
        /// Clock units to spare.
        units: i64,
        /// Whether voice may be shortened, or pauses only.
        in_voice: bool,
    },
}

/// What the one who hears needs just now, in clock units.
#[derive(Debug, Clone, Copy)]
pub struct Demand {
    /// Taken from the buffer and not yet heard: less than a pull.
    pub held: i64,
    /// Needed on top of it.
    pub wanted: i64,
    /// What is heard from one pull to the next.
    pub pull: i64,
    /// To be held beyond each pull, so that a loss shows before all of it has to be made up.
    pub reserve: i64,
}

/// What to do for the next stretch of audio.
#[derive(Debug)]
pub enum Next<'a> {
    /// Decode this; then call [`JitterBuffer::played`].
    Play(&'a Slot, Pace),
    /// Make up so many units.
    Conceal(i64, Option<Following<'a>>),
    /// Nothing comes: silence for so many units.
    Silence(i64),
}

/// What comes after a gap.
#[derive(Debug)]
pub struct Following<'a> {
    /// The packet.
    pub slot: &'a Slot,
    /// How much there is to be made up until it, clock units.
    pub gap: i64,
}

/// Packets that were not played, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Discarded {
    /// Came after their turn.
    pub late: u64,
    /// Skipped, because the buffer was full or far behind.
    pub skipped: u64,
}

/// The buffer of one source.
#[derive(Debug)]
pub struct JitterBuffer {
    clock: u32,
    epoch: Option<Instant>,
    /// In order of their timestamps.
    packets: VecDeque<Slot>,
    /// Buffers of packets gone, for those to come.
    spare: Vec<Slot>,
    cursor: Option<i64>,
    /// Units made up at the cursor, which has stood meanwhile.
    made_up: i64,
    transits: Transits,
    /// The newest packet's number, and its timestamp to extend the next from.
    newest_sequence: u64,
    newest: Option<i64>,
    /// Wanted on top of the network's need, units.
    lookahead: i64,
    /// When what was played last was heard, less its timestamp.
    play_offset: Option<i64>,
    discarded: Discarded,
    /// The numbers of those discarded that have not been asked for yet.
    unheard: Vec<u64>,
}

impl JitterBuffer {
    /// The delay beyond which it skips whatever the network, ms.
    pub const MOST_DELAY_MS: i64 = transit::SCALE_MS + SKIP_ABOVE_MS;

    /// A buffer for a payload with this RTP clock.
    pub fn new(clock: u32) -> Self {
        JitterBuffer {
            clock,
            epoch: None,
            packets: VecDeque::new(),
            spare: Vec::new(),
            cursor: None,
            made_up: 0,
            transits: Transits::new(clock),
            newest_sequence: 0,
            newest: None,
            lookahead: 0,
            play_offset: None,
            discarded: Discarded::default(),
            unheard: Vec::new(),
        }
    }

    /// Begins anew, as for another source.
    pub fn reset(&mut self) {
        while self
            .packets
            .pop_front()
            .map(|slot| self.spare.push(slot))
            .is_some()
        {}
        self.cursor = None;
        self.made_up = 0;
        self.transits.clear();
        self.newest_sequence = 0;
        self.newest = None;
        self.play_offset = None;
        self.unheard.clear();
    }

    /// The RTP clock, units a second.
    pub fn clock(&self) -> u32 {
        self.clock
    }

    /// Asks for so much delay, in units, on top of what the network needs, so that at a loss the
    /// next packet is there already.
    pub fn set_lookahead(&mut self, units: i64) {
        self.lookahead = units;
    }

    /// Packets not played so far.
    pub fn discarded(&self) -> Discarded {
        self.discarded
    }

    /// The numbers of the packets that were discarded since this was last asked, as they were inserted with.
    pub fn drain_discarded(&mut self) -> impl Iterator<Item = u64> + '_ {
        self.unheard.drain(..)
    }

    /// How long a packet waits here, compared with the quickest, ms.
    pub fn delay_ms(&self) -> f32 {
        match (self.play_offset, self.transits.quickest()) {
            (Some(offset), Some(quickest)) => {
                (offset - quickest).max(0) as f32 * 1_000.0 / self.clock as f32
            }
            _ => 0.0,
        }
    }

    /// How much earlier the last packet could have been played, so that even the late ones would just have
    /// been there, ms. Below zero some came too late.
    pub fn headroom_ms(&self) -> Option<f32> {
        let headroom = self.play_offset? - self.transits.late()? - self.lookahead;
        Some(headroom as f32 * 1_000.0 / self.clock as f32)
    }

    /// The delay beyond which it would skip, as the network is at present, ms.
    pub fn most_delay_ms(&self) -> i64 {
        let clock = i64::from(self.clock);
        (self.spread() + self.lookahead) * 1_000 / clock + SKIP_ABOVE_MS
    }

    /// How much longer the late packets are under way than the quickest, units.
    pub fn spread(&self) -> i64 {
        match (self.transits.late(), self.transits.quickest()) {
            (Some(late), Some(quickest)) => late - quickest,
            _ => 0,
        }
    }

    /// `now` in units of the clock since the first packet.
    pub fn units(&mut self, now: Instant) -> i64 {
        let epoch = *self.epoch.get_or_insert(now);
        let since = now.saturating_duration_since(epoch);
        (since.as_nanos() * u128::from(self.clock) / 1_000_000_000) as i64
    }

    fn ms(&self, ms: i64) -> i64 {
        ms * i64::from(self.clock) / 1_000
    }

    /// Takes a packet, which is no duplicate; `sequence` is its number extended beyond 16 bits.
    /// A leap of its timestamp begins the buffer anew.
    pub fn insert(&mut self, now: Instant, sequence: u64, packet: &Packet<'_>) {
        let arrival = self.units(now);
        let mut timestamp = self.extend(packet.timestamp);
        let is_newest = self.newest_sequence < sequence;
        if is_newest && self.is_leap(arrival - timestamp, packet.marker) {
            // RFC 3550 promises no relation of timestamps across a leap: start from this one.
            self.reset();
            timestamp = i64::from(packet.timestamp);
        }
        self.transits.record(arrival, arrival - timestamp);
        if is_newest {
            self.newest_sequence = sequence;
            self.newest = Some(timestamp);
        }
        if self.cursor.is_some_and(|cursor| timestamp < cursor) {
            self.discarded.late += 1;
            self.unheard.push(sequence);
            return;
        }
        if self.packets.len() == CAPACITY {
            self.skip_front();
        }
        let mut slot = self.spare.pop().unwrap_or_default();
        slot.timestamp = timestamp;
        slot.sequence = sequence;
        slot.payload_type = packet.payload_type;
        slot.payload.clear();
        slot.payload.extend_from_slice(packet.payload);
        let place = self
            .packets
            .iter()
            .rposition(|held| held.timestamp <= timestamp);
        self.packets
            .insert(place.map_or(0, |place| place + 1), slot);
    }

    /// Whether the sender's clock, not the network, accounts for a packet's transit. At the start of
    /// a talkspurt less is believed of the network: some senders stop their clock in pauses.
    fn is_leap(&self, transit: i64, marker: bool) -> bool {
        let (Some(quickest), Some(late)) = (self.transits.quickest(), self.transits.late()) else {
            return false;
        };
        let leap = self.ms(if marker { TALKSPURT_LEAP_MS } else { LEAP_MS });
        transit < quickest - leap || transit > late + leap
    }

    fn extend(&self, timestamp: u32) -> i64 {
        match self.newest {
            None => i64::from(timestamp),
            Some(newest) => newest + i64::from(timestamp.wrapping_sub(newest as u32) as i32),
        }
    }

    /// What is missing before the next packet and has not been made up yet, units, and that packet.
    pub fn gap(&self) -> Option<(i64, &Slot)> {
        let next = self.packets.front()?;
        Some((next.timestamp - self.cursor? - self.made_up, next))
    }

    /// What to play next.
    pub fn next(&mut self, now: Instant, demand: Demand) -> Next<'_> {
        let (now, wanted) = (self.units(now), demand.wanted);
        self.skip_if_far_behind(now);
        let Some(front) = self.packets.front() else {
            return self.nothing(wanted);
        };
        let timestamp = front.timestamp;
        let gap = self.cursor.map_or(0, |cursor| timestamp - cursor);
        if gap > self.made_up {
            let gap = gap - self.made_up;
            let units = gap.min(wanted);
            let silent = self.is_silent();
            self.made_up += units;
            return match self.packets.front() {
                _ if silent => Next::Silence(units),
                front => Next::Conceal(units, front.map(|slot| Following { slot, gap })),
            };
        }
        let room = self.room(now - timestamp);
        if self.is_silent() && room < 0 {
            // Silence costs nothing: let the talkspurt start with the delay it will need.
            self.made_up += wanted;
            return Next::Silence(wanted);
        }
        let pace = self.pace(room, demand);
        match self.packets.front() {
            Some(front) => Next::Play(front, pace),
            None => Next::Silence(wanted),
        }
    }

    fn nothing(&mut self, wanted: i64) -> Next<'static> {
        if self.cursor.is_none() {
            return Next::Silence(wanted);
        }
        let silent = self.is_silent();
        self.made_up += wanted;
        if silent {
            Next::Silence(wanted)
        } else {
            Next::Conceal(wanted, None)
        }
    }

    fn is_silent(&self) -> bool {
        self.made_up >= self.ms(SILENT_AFTER_MS)
    }

    /// How long after even the late packets have come a packet of this age, from its timestamp to
    /// now, is needed.
    fn room(&self, age: i64) -> i64 {
        age - self.transits.late().unwrap_or(age) - self.lookahead
    }

    /// Packets are needed at pulls alone, so that room comes and goes by whole pulls: making
    /// the audio longer gains nothing until what is held makes up a pull, and what is held can be
    /// taken out for nothing.
    fn pace(&self, room: i64, demand: Demand) -> Pace {
        let pull = demand.pull.max(1);
        let short = self.ms(ROOM_MS) / 2 - room;
        if short > 0 {
            let pulls = (short + pull - 1) / pull;
            let units = pulls * pull - demand.held + demand.reserve;
            let least = self.ms(LEAST_MS);
            return Pace::Longer {
                units: match self.lookahead {
                    0 => units,
                    _ => units.max(least),
                },
                in_voice: room < 0,
            };
        }
        let held = demand.held - demand.reserve;
        let spare = held + (room - self.ms(ROOM_MS)).max(0) / pull * pull;
        match spare {
            0 => Pace::Even,
            short if short < 0 => Pace::Longer {
                units: -short,
                in_voice: true,
            },
            units => Pace::Shorter {
                units,
                in_voice: units >= self.ms(SPARE_IN_VOICE_MS),
            },
        }
    }

    /// The front packet was decoded and gave so many units.
    pub fn played(&mut self, now: Instant, held: i64, units: i64) {
        let heard_at = self.units(now) + held;
        if let Some(slot) = self.packets.pop_front() {
            self.play_offset = Some(heard_at - slot.timestamp);
            self.cursor = Some(slot.timestamp + units);
            self.made_up = 0;
            self.spare.push(slot);
        }
        // A packet that was longer than its timestamps said swallows what it overlaps.
        while let (Some(front), Some(cursor)) = (self.packets.front(), self.cursor) {
            if front.timestamp >= cursor {
                break;
            }
            self.skip_front();
        }
    }

    fn skip_if_far_behind(&mut self, now: i64) {
        let room = |buffer: &Self| {
            buffer
                .packets
                .front()
                .map_or(0, |front| buffer.room(now - front.timestamp))
        };
        if room(self) <= self.ms(SKIP_ABOVE_MS) {
            return;
        }
        while self.packets.len() > 1 && room(self) > self.ms(ROOM_MS) {
            self.skip_front();
        }
        self.cursor = self.packets.front().map(|front| front.timestamp);
        self.made_up = 0;
    }

    fn skip_front(&mut self) {
        if let Some(slot) = self.packets.pop_front() {
            self.discarded.skipped += 1;
            self.unheard.push(slot.sequence);
            self.spare.push(slot);
        }
    }
}
