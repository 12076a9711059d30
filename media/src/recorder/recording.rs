//! One recording on the recorder's side: from blocks to a file.

use std::{
    io::{self, SeekFrom},
    time::Instant,
};

use sha2::{Digest, Sha256};

use super::{
    Finished, RecordingError, RecordingFormat,
    sound_file::SoundFile,
    splice::Splice,
    tap::{Block, TapEnd},
    wav::Storage,
};

/// Octets hashed at one go, so that a long recording does not keep the others waiting.
const HASHED_AT_ONCE: usize = 4 << 20;

/// A recording that grows.
pub struct Recording<S: Storage> {
    tap: TapEnd,
    file: SoundFile<S>,
    channels: usize,
    /// Sound of another rate than the file's.
    splice: Option<Splice>,
    /// On its way from the splice into the file: less than two ticks.
    spliced: Vec<i16>,
    /// What the client said on the latest two ticks, one channel; `None` before the first tick.
    behind: Option<[Vec<i16>; 2]>,
    /// A tick on its way into the file.
    tick: Vec<i16>,
    pauses: Vec<(u64, u64)>,
    dirty: bool,
    synced: Instant,
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
        format: RecordingFormat,
        storage: S,
        tap: TapEnd,
        channels: u16,
        rate: u32,
        now: Instant,
    ) -> io::Result<Self> {
        Ok(Self {
            tap,
            file: SoundFile::create(format, storage, channels, rate)?,
            channels: usize::from(channels),
            splice: None,
            spliced: Vec::new(),
            behind: None,
            tick: Vec::new(),
            pauses: Vec::new(),
            dirty: true,
            synced: now,
        })
    }

    /// Writes what has come.
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
        if complete {
            self.end_splice()?;
            self.append_last_tick()?;
        }
        if came {
            self.file.flush()?;
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
        let tick = block.rate as usize / 50 * self.channels;
        if block.rate != self.file.rate() {
            return self.append_spliced(block.rate, block.samples.chunks(tick));
        }
        self.end_splice()?;
        let mut ticks = block.samples.chunks(tick);
        ticks.try_for_each(|tick| self.append_tick(tick))
    }

    fn append_silence(&mut self, ticks: u32, paused: bool) -> Result<(), RecordingError> {
        self.end_splice()?;
        let from = self.file.frames();
        if let Some(behind) = self.behind.as_mut().filter(|_| paused) {
            behind.iter_mut().for_each(|tick| tick.fill(0));
        }
        let tick = vec![0; self.file.rate() as usize / 50 * self.channels];
        for _ in 0..ticks {
            self.append_tick(&tick)?;
        }
        let to = self.file.frames();
        if paused && to > from {
            match self.pauses.last_mut() {
                Some((_, end)) if *end == from => *end = to,
                _ => self.pauses.push((from, to)),
            }
        }
        Ok(())
    }

    fn append_spliced<'a>(
        &mut self,
        rate: u32,
        ticks: impl Iterator<Item = &'a [i16]>,
    ) -> Result<(), RecordingError> {
        if self
            .splice
            .as_ref()
            .is_none_or(|splice| splice.from() != rate)
        {
            self.end_splice()?;
            self.splice = Some(Splice::new(rate, self.file.rate(), self.channels)?);
        }
        for tick in ticks {
            if let Some(splice) = &mut self.splice {
                splice.add(tick, &mut self.spliced);
            }
            self.append_whole_ticks()?;
        }
        Ok(())
    }

    /// What comes now is no continuation of what was spliced.
    fn end_splice(&mut self) -> Result<(), RecordingError> {
        if let Some(splice) = &mut self.splice {
            splice.end(&mut self.spliced);
        }
        self.append_whole_ticks()
    }

    fn append_whole_ticks(&mut self) -> Result<(), RecordingError> {
        let tick = self.file.rate() as usize / 50 * self.channels;
        let spliced = std::mem::take(&mut self.spliced);
        let mut ticks = spliced.chunks_exact(tick);
        ticks.by_ref().try_for_each(|tick| self.append_tick(tick))?;
        self.spliced.extend(ticks.remainder());
        Ok(())
    }

    /// Appends a tick. What the microphone gives on a tick was said before it, about a tick ago with what the way from
    /// the sound card takes; what is heard is handed to the loudspeaker for the time after it. So the agent's side goes
    /// into the file a tick earlier than it comes, and the client's side a tick later: both stand where they were said
    /// and heard, and an answer does not seem to come later than it did.
    fn append_tick(&mut self, tick: &[i16]) -> Result<(), RecordingError> {
        if self.channels != 2 {
            return Ok(self.file.append(tick)?);
        }
        let begins = self.behind.is_none();
        let frames = self.file.rate() as usize / 50;
        debug_assert_eq!(tick.len(), 2 * frames);
        let [before, latest] = self
            .behind
            .get_or_insert_with(|| [vec![0; frames], vec![0; frames]]);
        self.tick.resize(tick.len(), 0);
        let places = self.tick.chunks_exact_mut(2).zip(tick.chunks_exact(2));
        for ((place, both), heard) in places.zip(before.iter_mut()) {
            place[0] = both[0];
            place[1] = std::mem::replace(heard, both[1]);
        }
        std::mem::swap(before, latest);
        match begins {
            true => Ok(()),
            false => Ok(self.file.append(&self.tick)?),
        }
    }

    /// The file is as long as its ticks.
    fn append_last_tick(&mut self) -> Result<(), RecordingError> {
        if self.behind.is_none() {
            return Ok(());
        }
        let silence = vec![0; self.file.rate() as usize / 50 * self.channels];
        self.append_tick(&silence)
    }

    /// When the file was last safe on the disk, if something has been written since.
    pub fn unsynced_since(&self) -> Option<Instant> {
        self.dirty.then_some(self.synced)
    }

    /// Makes the header tell of everything that is written, and has the system put it on the disk.
    pub fn sync(&mut self, now: Instant) -> Result<(), RecordingError> {
        self.file.checkpoint()?;
        self.file.storage().sync()?;
        self.synced(now);
        Ok(())
    }

    /// The first half of [`Recording::sync`], when the whole disk is synced afterwards; returns the disk.
    pub fn checkpoint(&mut self) -> Result<Option<u64>, RecordingError> {
        self.file.checkpoint()?;
        Ok(self.file.storage().disk())
    }

    /// Syncs everything on the disk.
    pub fn sync_disk(&mut self) -> Result<(), RecordingError> {
        Ok(self.file.storage().sync_disk()?)
    }

    /// Everything has been put on the disk.
    pub fn synced(&mut self, now: Instant) {
        self.dirty = false;
        self.synced = now;
    }

    /// Closes the file, as far as the disk lets us if it has failed, and begins to hash it.
    pub fn close(mut self, failed: bool) -> Result<Closing<S>, RecordingError> {
        if failed {
            self.file.checkpoint()?;
        } else {
            self.file.finish(&self.pauses)?;
        }
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
pub struct Closing<S: Storage> {
    file: SoundFile<S>,
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::{recorder::tap::Tap, signal::tone};
    use proptest::prelude::*;
    use std::io::{Cursor, Read, Seek, Write};

    /// A disk in memory with room for so many octets.
    struct Disk {
        file: Cursor<Vec<u8>>,
        room: usize,
    }

    impl Disk {
        fn new(room: usize) -> Self {
            Self {
                file: Cursor::new(Vec::new()),
                room,
            }
        }
    }

    impl Read for Disk {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.file.read(buffer)
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fits = self
                .room
                .saturating_sub(self.file.position() as usize)
                .min(bytes.len());
            if fits == 0 && !bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.file.write(&bytes[..fits])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Disk {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.file.seek(to)
        }
    }

    impl Storage for Disk {
        fn set_len(&mut self, len: u64) -> io::Result<()> {
            self.file.get_mut().truncate(len as usize);
            Ok(())
        }

        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn begin(format: RecordingFormat, room: usize, rate: u32) -> (Tap, Recording<Disk>) {
        let (tap, end) = Tap::new(std::thread::current());
        (
            tap,
            Recording::begin(format, Disk::new(room), end, 2, rate, Instant::now()).unwrap(),
        )
    }

    /// Closes the recording; returns what it says and what is in its file.
    fn finish(recording: Recording<Disk>, failed: bool) -> (Finished, Vec<u8>) {
        let mut closing = recording.close(failed).unwrap();
        let finished = loop {
            if let Some(finished) = closing.hash().unwrap() {
                break finished;
            }
        };
        (finished, closing.file.storage().file.get_ref().clone())
    }

    #[derive(Clone, Debug)]
    enum Step {
        Frames(u32, u32),
        Silence(u32),
        Pause(bool),
        Write,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (1_u32..20, prop::sample::select(vec![8_000, 16_000, 48_000])).prop_map(|(ticks, rate)| Step::Frames(ticks, rate)),
            2 => (1_u32..40).prop_map(Step::Silence),
            1 => any::<bool>().prop_map(Step::Pause),
            2 => Just(Step::Write),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn s5_29_whatever_happens_in_a_call_the_file_has_exactly_the_length_of_its_ticks(
            steps in prop::collection::vec(step(), 1..40),
            rate in prop::sample::select(vec![8_000_u32, 16_000]),
        ) {
            let (mut tap, mut recording) = begin(RecordingFormat::Wav, usize::MAX, rate);
            let (mut ticks, mut paused, mut paused_ticks) = (0_u64, false, 0_u64);
            let mut begins_paused = None;
            for step in steps {
                let now = match step {
                    Step::Frames(count, rate) => {
                        let frame = vec![0.25; rate as usize / 50];
                        (0..count).for_each(|_| tap.frame(rate, &[&frame, &frame]));
                        count
                    }
                    Step::Silence(count) => {
                        tap.silence(count);
                        count
                    }
                    Step::Pause(on) => {
                        tap.pause(on);
                        paused = on;
                        0
                    }
                    Step::Write => {
                        recording.write().unwrap();
                        0
                    }
                };
                if now > 0 {
                    begins_paused.get_or_insert(paused);
                }
                ticks += u64::from(now);
                paused_ticks += if paused { u64::from(now) } else { 0 };
            }
            drop(tap);
            prop_assert!(matches!(recording.write(), Ok(Progress::Complete)));
            let (finished, bytes) = finish(recording, false);
            let tick = u64::from(rate) / 50;
            prop_assert_eq!(finished.frames, ticks * tick);
            let (sound, markers) = bytes[44..].split_at((ticks * tick * 4) as usize);
            prop_assert_eq!(markers.is_empty(), finished.pauses.is_empty());
            let marked: u64 = finished.pauses.iter().map(|(from, to)| to - from).sum();
            // The agent's first tick is not in the file.
            let left_out = u64::from(begins_paused == Some(true));
            prop_assert_eq!(marked, (paused_ticks - left_out) * tick);
            for (from, to) in finished.pauses {
                prop_assert!(sound[from as usize * 4..to as usize * 4].iter().all(|octet| *octet == 0));
            }
        }

        #[test]
        fn when_the_disk_is_full_the_file_plays_up_to_there(room in 44_usize..8_000) {
            let (mut tap, mut recording) = begin(RecordingFormat::Wav, room, 8_000);
            let frame = [0.25; 160];
            (0..20).for_each(|_| tap.frame(8_000, &[&frame, &frame]));
            let Err(error) = recording.write() else { panic!("{room} octets were enough") };
            prop_assert_eq!(error, RecordingError::DiskFull);
            let (finished, bytes) = finish(recording, true);
            prop_assert_eq!(finished.frames as usize, (room - 44) / 4);
            let mut reader = hound::WavReader::new(Cursor::new(&bytes)).unwrap();
            prop_assert_eq!(reader.duration() as usize, (room - 44) / 4);
            // The client's side goes into the file a tick later.
            let silent = |at: usize| at % 2 == 1 && at < 320;
            for (at, sample) in reader.samples::<i16>().enumerate() {
                prop_assert_eq!(sample.unwrap(), if silent(at) { 0 } else { 8_192 });
            }
        }
    }

    #[test]
    fn an_answer_stands_in_the_file_where_it_was_given() {
        // The agent says at once what comes from the loudspeaker: the microphone has it when the next tick is over.
        for (rate, format) in [
            (8_000, RecordingFormat::Wav),
            (16_000, RecordingFormat::Wav),
        ] {
            let (mut tap, mut recording) = begin(format, usize::MAX, 16_000);
            let heard = |tick: usize| match tick {
                10..40 => tone(rate, 50.0 * tick as f32, 0.4, rate as usize / 50),
                _ => vec![0.0; rate as usize / 50],
            };
            for tick in 2..51 {
                tap.frame(rate, &[&heard(tick - 2), &heard(tick)]);
            }
            drop(tap);
            recording.write().unwrap();
            let (_, bytes) = finish(recording, false);
            let mut reader = hound::WavReader::new(Cursor::new(&bytes)).unwrap();
            let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
            assert_eq!(samples.len(), 49 * 640);
            assert!(
                samples
                    .chunks_exact(2)
                    .all(|both| both[0].abs_diff(both[1]) <= 1)
            );
        }
    }

    #[test]
    fn a_recorder_that_cannot_keep_up_costs_sound_but_no_time() {
        let (mut tap, mut recording) = begin(RecordingFormat::Wav, usize::MAX, 8_000);
        let frame = [0.25; 160];
        (0..1_000).for_each(|_| tap.frame(8_000, &[&frame, &frame]));
        assert_eq!(tap.lost(), 400);
        recording.write().unwrap();
        (0..10).for_each(|_| tap.frame(8_000, &[&frame, &frame]));
        drop(tap);
        recording.write().unwrap();
        let (finished, bytes) = finish(recording, false);
        assert_eq!(finished.frames, 1_010 * 160);
        let at = |tick: usize| &bytes[44 + tick * 640..44 + (tick + 1) * 640];
        assert!(at(598).iter().any(|octet| *octet != 0));
        // What was heard on the last tick before is there.
        assert!((601..999).all(|tick| at(tick).iter().all(|octet| *octet == 0)));
        assert!(at(1_009).iter().any(|octet| *octet != 0));
    }
}
