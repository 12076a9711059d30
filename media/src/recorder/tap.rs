//! The media thread's end of a recording: copies frames, counts ticks, never waits.

use std::thread::Thread;

use rtrb::{Consumer, Producer, RingBuffer};

/// Ticks of 20 ms in a block: what a crash can take before the recorder even saw it.
const BLOCK_TICKS: u32 = 3;
/// Blocks the recorder may lag behind: twelve seconds of a disk that does not answer.
const BLOCKS: usize = 200;

/// A stretch of the time line: `silence` ticks, and after them the samples.
#[derive(Default)]
pub struct Block {
    /// Ticks of 20 ms in which nothing was to be recorded.
    pub silence: u32,
    /// The silence is there because somebody paused the recording.
    pub paused: bool,
    /// Samples a second of one channel.
    pub rate: u32,
    /// Interleaved, whole ticks.
    pub samples: Vec<i16>,
}

/// Feeds one recording. Every tick of its life calls exactly one of [`Tap::frame`] and [`Tap::silence`],
/// so that the file is as long as the talk; dropping it finishes the recording.
pub struct Tap {
    blocks: Producer<Block>,
    spare: Consumer<Vec<i16>>,
    recorder: Thread,
    block: Block,
    ticks: u32,
    paused: bool,
    lost: u64,
}

/// The recorder's end of a [`Tap`].
pub struct TapEnd {
    /// Filled blocks, oldest first.
    pub blocks: Consumer<Block>,
    /// Emptied buffers on their way back.
    pub spare: Producer<Vec<i16>>,
}

impl Tap {
    /// A tap whose blocks `recorder` fetches.
    pub fn new(recorder: Thread) -> (Self, TapEnd) {
        let (blocks, filled) = RingBuffer::new(BLOCKS);
        let (emptied, spare) = RingBuffer::new(BLOCKS);
        let tap = Self {
            blocks,
            spare,
            recorder,
            block: Block::default(),
            ticks: 0,
            paused: false,
            lost: 0,
        };
        (
            tap,
            TapEnd {
                blocks: filled,
                spare: emptied,
            },
        )
    }

    /// Records one tick: `channels` are one or two frames of 20 ms at `rate`, of one length.
    pub fn frame(&mut self, rate: u32, channels: &[&[f32]]) {
        if self.paused {
            return self.silence(1);
        }
        if !self.block.samples.is_empty() && self.block.rate != rate {
            self.flush();
        }
        self.block.rate = rate;
        let samples = &mut self.block.samples;
        match channels {
            [said, heard] => {
                let begin = samples.len();
                samples.resize(begin + 2 * said.len(), 0);
                let places = samples[begin..].chunks_exact_mut(2);
                for (place, (said, heard)) in places.zip(said.iter().zip(*heard)) {
                    place[0] = to_i16(*said);
                    place[1] = to_i16(*heard);
                }
            }
            [heard] => samples.extend(heard.iter().map(|sample| to_i16(*sample))),
            _ => debug_assert!(false, "{} channels", channels.len()),
        }
        self.count(1);
    }

    /// Records ticks of silence: hold, a pause, or ticks that the media thread missed.
    pub fn silence(&mut self, ticks: u32) {
        let other_reason = self.block.silence > 0 && self.block.paused != self.paused;
        if !self.block.samples.is_empty() || other_reason {
            self.flush();
        }
        self.block.paused = self.paused;
        self.block.silence += ticks;
        self.count(ticks);
    }

    /// From now on silence is recorded, or sound again.
    pub fn pause(&mut self, on: bool) {
        self.paused = on;
    }

    /// The recorder has given up: its file is closed already.
    pub fn is_closed(&self) -> bool {
        self.blocks.is_abandoned()
    }

    /// Ticks that are silent in the file because the recorder could not keep up.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn count(&mut self, ticks: u32) {
        self.ticks += ticks;
        if self.ticks >= BLOCK_TICKS {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let next = Block {
            samples: self.spare.pop().unwrap_or_default(),
            ..Block::default()
        };
        let block = std::mem::replace(&mut self.block, next);
        let ticks = std::mem::take(&mut self.ticks);
        if let Err(rtrb::PushError::Full(block)) = self.blocks.push(block) {
            // The time line goes on: what does not fit becomes silence.
            self.lost += u64::from(ticks - block.silence);
            self.block = Block {
                silence: ticks,
                paused: block.paused,
                rate: block.rate,
                samples: block.samples,
            };
            self.block.samples.clear();
            self.ticks = ticks;
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        if self.ticks > 0 {
            self.flush();
        }
        self.recorder.unpark();
    }
}

/// One sample as 16 bit; what is too loud is clipped.
fn to_i16(sample: f32) -> i16 {
    // The nearest one, without a call for each sample as `round` is on older processors.
    (sample * 32_768.0 + 0.5_f32.copysign(sample)) as i16
}
