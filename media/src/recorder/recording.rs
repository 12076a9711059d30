//! One recording on the recorder's side: from blocks to a file.

use std::{
    io::{self, SeekFrom},
    time::Instant,
};

use sha2::{Digest, Sha256};

use super::{
    Finished, RecordingError,
    tap::{Block, TapEnd},
    wav::{Storage, WavFile},
};
use crate::resample::FrameConverter;

/// Octets hashed at one go, so that a long recording does not keep the others waiting.
const HASHED_AT_ONCE: usize = 4 << 20;

/// A recording that grows.
pub struct Recording<S> {
    tap: TapEnd,
    file: WavFile<S>,
    channels: usize,
    converter: Option<FrameConverter>,
    pauses: Vec<(u64, u64)>,
    dirty: bool,
    synced: Instant,
    /// One tick on its way through the converter.
    scratch: (Vec<f32>, Vec<f32>, Vec<i16>),
}

/// What became of a recording in one round.
pub enum Progress {
    /// More will come.
    Growing,
    /// The tap is gone and everything is written.
    Complete,
}

impl<S: Storage> Recording<S> {
    /// Begins a file in empty `storage`.
    pub fn begin(
        storage: S,
        tap: TapEnd,
        channels: u16,
        rate: u32,
        now: Instant,
    ) -> io::Result<Self> {
        Ok(Self {
            tap,
            file: WavFile::create(storage, channels, rate)?,
            channels: usize::from(channels),
            converter: None,
            pauses: Vec::new(),
            dirty: true,
            synced: now,
            scratch: Default::default(),
        })
    }

    /// Writes what has come and makes the header tell of it.
    pub fn write(&mut self) -> Result<Progress, RecordingError> {
        // Asked before the ring is emptied: what the tap gave last is still in there.
        let complete = self.tap.blocks.is_abandoned();
        let mut came = false;
        while let Ok(block) = self.tap.blocks.pop() {
            came = true;
            self.append(&block)?;
            let mut buffer = block.samples;
            buffer.clear();
            // A full way back only means that there are spares enough.
            let _ = self.tap.spare.push(buffer);
        }
        if came {
            self.file.checkpoint()?;
            self.dirty = true;
        }
        Ok(if complete {
            Progress::Complete
        } else {
            Progress::Growing
        })
    }

    fn append(&mut self, block: &Block) -> Result<(), RecordingError> {
        if block.silence > 0 {
            self.append_silence(block.silence, block.paused)?;
        }
        if block.samples.is_empty() {
            return Ok(());
        }
        if block.rate == self.file.rate() {
            return Ok(self.file.append(&block.samples)?);
        }
        self.append_converted(block)
    }

    fn append_silence(&mut self, ticks: u32, paused: bool) -> Result<(), RecordingError> {
        let from = self.file.frames();
        let tick = vec![0; self.file.rate() as usize / 50 * self.channels];
        for _ in 0..ticks {
            self.file.append(&tick)?;
        }
        if let Some(converter) = &mut self.converter {
            converter.reset();
        }
        if paused {
            let to = self.file.frames();
            match self.pauses.last_mut() {
                Some((_, end)) if *end == from => *end = to,
                _ => self.pauses.push((from, to)),
            }
        }
        Ok(())
    }

    fn append_converted(&mut self, block: &Block) -> Result<(), RecordingError> {
        let rate = self.file.rate();
        if self
            .converter
            .as_ref()
            .is_none_or(|converter| converter.from() != block.rate)
        {
            self.converter = Some(FrameConverter::new(block.rate, rate, self.channels)?);
        }
        let Some(converter) = &mut self.converter else {
            return Ok(());
        };
        let (input, output, samples) = &mut self.scratch;
        output.resize(rate as usize / 50 * self.channels, 0.0);
        for tick in block
            .samples
            .chunks(block.rate as usize / 50 * self.channels)
        {
            input.clear();
            input.extend(tick.iter().map(|sample| f32::from(*sample)));
            converter.convert(input, output);
            samples.clear();
            samples.extend(output.iter().map(|sample| sample.round() as i16));
            self.file.append(samples)?;
        }
        Ok(())
    }

    /// When the file was last safe on the disk, if something has been written since.
    pub fn unsynced_since(&self) -> Option<Instant> {
        self.dirty.then_some(self.synced)
    }

    /// Has the system put everything on the disk.
    pub fn sync(&mut self, now: Instant) -> Result<(), RecordingError> {
        self.file.storage().sync()?;
        self.dirty = false;
        self.synced = now;
        Ok(())
    }

    /// Closes the file, as far as the disk lets us, and begins to hash it.
    pub fn close(mut self) -> Result<Closing<S>, RecordingError> {
        self.file.checkpoint()?;
        self.file.storage().sync()?;
        self.file.storage().seek(SeekFrom::Start(0))?;
        Ok(Closing {
            file: self.file,
            pauses: self.pauses,
            hash: Sha256::new(),
            buffer: Vec::new(),
        })
    }
}

/// A recording that is complete but for its hash.
pub struct Closing<S> {
    file: WavFile<S>,
    pauses: Vec<(u64, u64)>,
    hash: Sha256,
    buffer: Vec<u8>,
}

impl<S: Storage> Closing<S> {
    /// Hashes some more of the file; returns what is in it when it is through.
    pub fn hash(&mut self) -> Result<Option<Finished>, RecordingError> {
        self.buffer.resize(HASHED_AT_ONCE.min(1 << 16), 0);
        let mut left = HASHED_AT_ONCE;
        while left > 0 {
            let count = self.file.storage().read(&mut self.buffer)?;
            if count == 0 {
                return Ok(Some(Finished {
                    frames: self.file.frames(),
                    rate: self.file.rate(),
                    sha256: self.hash.finalize_reset().into(),
                    pauses: std::mem::take(&mut self.pauses),
                }));
            }
            self.hash.update(&self.buffer[..count]);
            left = left.saturating_sub(count);
        }
        Ok(None)
    }
}
