//! A recording's file in either format.

use std::io;

use super::{
    RecordingFormat,
    ogg::OggFile,
    wav::{Storage, WavFile},
};

/// A file under way.
pub enum SoundFile<S: Storage> {
    /// 16-bit PCM.
    Wav(WavFile<S>),
    /// Opus.
    Ogg(Box<OggFile<S>>),
}

impl<S: Storage> SoundFile<S> {
    /// Begins a file in empty storage.
    pub fn create(
        format: RecordingFormat,
        storage: S,
        channels: u16,
        rate: u32,
    ) -> io::Result<Self> {
        Ok(match format {
            RecordingFormat::Wav => Self::Wav(WavFile::create(storage, channels, rate)?),
            RecordingFormat::Opus => Self::Ogg(Box::new(OggFile::create(storage, channels, rate)?)),
        })
    }

    /// Length so far in samples of one channel.
    pub fn frames(&self) -> u64 {
        match self {
            Self::Wav(file) => file.frames(),
            Self::Ogg(file) => file.frames(),
        }
    }

    /// Samples a second of one channel.
    pub fn rate(&self) -> u32 {
        match self {
            Self::Wav(file) => file.rate(),
            Self::Ogg(file) => file.rate(),
        }
    }

    /// Appends 20 ms of interleaved samples.
    pub fn append(&mut self, tick: &[i16]) -> io::Result<()> {
        match self {
            Self::Wav(file) => file.append(tick),
            Self::Ogg(file) => file.append(tick),
        }
    }

    /// Hands everything so far to the system, so that a crash of ours cannot take it.
    pub fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Wav(file) => file.flush(),
            Self::Ogg(file) => file.checkpoint(),
        }
    }

    /// Makes everything so far playable.
    pub fn checkpoint(&mut self) -> io::Result<()> {
        match self {
            Self::Wav(file) => file.checkpoint(),
            Self::Ogg(file) => file.checkpoint(),
        }
    }

    /// Ends the file, which says where it was paused: from, to, in samples.
    pub fn finish(&mut self, pauses: &[(u64, u64)]) -> io::Result<()> {
        match self {
            Self::Wav(file) => file.finish(pauses),
            Self::Ogg(file) => file.finish(pauses),
        }
    }

    /// The storage itself, for syncing and reading back.
    pub fn storage(&mut self) -> &mut S {
        match self {
            Self::Wav(file) => file.storage(),
            Self::Ogg(file) => file.storage(),
        }
    }
}
