//! A WAV file that can be played at any moment, whatever happens to the program.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
};

use super::markers;

/// Length of the header of the files we write.
pub const HEADER_LEN: u64 = 44;

/// Where a recording is stored: a file, or in tests one that fills up.
pub trait Storage: Read + Write + Seek + Send {
    /// Cuts or extends to `len` octets.
    fn set_len(&mut self, len: u64) -> io::Result<()>;
    /// Writes all of it at `offset`, and goes on then where it was.
    fn write_all_at(&mut self, octets: &[u8], offset: u64) -> io::Result<()> {
        let here = self.stream_position()?;
        self.seek(SeekFrom::Start(offset))?;
        let written = self.write_all(octets);
        self.seek(SeekFrom::Start(here))?;
        written
    }
    /// Returns when everything written would survive a power cut.
    fn sync(&mut self) -> io::Result<()>;
    /// Names the disk, if everything on it can be synced together.
    fn disk(&self) -> Option<u64> {
        None
    }
    /// The same as [`Storage::sync`] for everything on the same disk.
    fn sync_disk(&mut self) -> io::Result<()> {
        self.sync()
    }
}

impl Storage for File {
    fn set_len(&mut self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }

    /// In one call of the system.
    #[cfg(unix)]
    fn write_all_at(&mut self, octets: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, octets, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    #[cfg(target_os = "linux")]
    fn disk(&self) -> Option<u64> {
        Some(std::os::unix::fs::MetadataExt::dev(&self.metadata().ok()?))
    }

    #[cfg(target_os = "linux")]
    fn sync_disk(&mut self) -> io::Result<()> {
        Ok(nix::unistd::syncfs(self)?)
    }
}

/// The header of a 16-bit PCM file with `data_len` octets of sound.
pub fn header(channels: u16, rate: u32, data_len: u32) -> [u8; HEADER_LEN as usize] {
    let frame = channels * 2;
    let mut bytes = [0; HEADER_LEN as usize];
    let fields: [&[u8]; 13] = [
        b"RIFF",
        &(data_len + HEADER_LEN as u32 - 8).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &(rate * u32::from(frame)).to_le_bytes(),
        &frame.to_le_bytes(),
        &16_u16.to_le_bytes(),
        b"data",
        &data_len.to_le_bytes(),
    ];
    let mut rest = &mut bytes[..];
    for field in fields {
        let (here, next) = rest.split_at_mut(field.len());
        here.copy_from_slice(field);
        rest = next;
    }
    bytes
}

/// A WAV file under way. The header lags behind the sound until [`WavFile::checkpoint`].
pub struct WavFile<S> {
    storage: S,
    channels: u16,
    rate: u32,
    /// Octets of sound in the storage.
    data_len: u64,
    /// Sound that is not in the storage yet.
    octets: Vec<u8>,
}

/// Octets that are handed to the system at the latest: whoever has fallen behind needs no memory for all of it.
const GATHERED: usize = 1 << 16;

/// Octets that a file's sound leaves free, since its header has no room for the length of a longer file.
const ROOM_FOR_MARKERS: u64 = 1 << 20;

impl<S: Storage> WavFile<S> {
    /// Begins a file in empty storage.
    pub fn create(mut storage: S, channels: u16, rate: u32) -> io::Result<Self> {
        storage.write_all(&header(channels, rate, 0))?;
        Ok(Self {
            storage,
            channels,
            rate,
            data_len: 0,
            octets: Vec::new(),
        })
    }

    /// Length so far in samples of one channel.
    pub fn frames(&self) -> u64 {
        (self.data_len + self.octets.len() as u64) / self.frame_len()
    }

    /// Samples a second of one channel.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    fn frame_len(&self) -> u64 {
        u64::from(self.channels) * 2
    }

    /// Appends interleaved samples; [`WavFile::flush`] hands them to the system. After an error the file holds what
    /// did fit: close it with [`WavFile::checkpoint`].
    pub fn append(&mut self, samples: &[i16]) -> io::Result<()> {
        let len = self.data_len + self.octets.len() as u64 + samples.len() as u64 * 2;
        if len > u64::from(u32::MAX) - HEADER_LEN - ROOM_FOR_MARKERS {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let from = self.octets.len();
        self.octets.resize(from + samples.len() * 2, 0);
        for (place, sample) in self.octets[from..].chunks_exact_mut(2).zip(samples) {
            place.copy_from_slice(&sample.to_le_bytes());
        }
        if self.octets.len() < GATHERED {
            return Ok(());
        }
        self.flush()
    }

    /// Hands everything so far to the system.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.octets.is_empty() {
            return Ok(());
        }
        let mut written = 0;
        let result = loop {
            match self.storage.write(&self.octets[written..]) {
                Ok(0) if written < self.octets.len() => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
            if written == self.octets.len() {
                break Ok(());
            }
        };
        self.data_len += written as u64;
        self.octets.clear();
        if result.is_err() {
            self.cut_partial_frame()?;
        }
        result
    }

    fn cut_partial_frame(&mut self) -> io::Result<()> {
        self.data_len -= self.data_len % self.frame_len();
        self.storage.set_len(HEADER_LEN + self.data_len)?;
        self.storage
            .seek(SeekFrom::Start(HEADER_LEN + self.data_len))?;
        Ok(())
    }

    /// Makes the header tell what is in the file.
    pub fn checkpoint(&mut self) -> io::Result<()> {
        self.flush()?;
        let header = header(self.channels, self.rate, self.data_len as u32);
        self.storage.write_all_at(&header, 0)
    }

    /// Ends the file, which says where it was paused: from, to, in samples. Where there is no room to say it, the sound
    /// is complete all the same.
    pub fn finish(&mut self, pauses: &[(u64, u64)]) -> io::Result<()> {
        self.checkpoint()?;
        let markers = markers::chunks(pauses);
        let written = self.storage.write_all(&markers).and_then(|()| {
            let len = (HEADER_LEN - 8 + self.data_len) as u32 + markers.len() as u32;
            self.storage.write_all_at(&len.to_le_bytes(), 4)
        });
        if written.is_err() {
            self.storage.set_len(HEADER_LEN + self.data_len)?;
            self.checkpoint()?;
        }
        Ok(())
    }

    /// The storage itself, for syncing and reading back.
    pub fn storage(&mut self) -> &mut S {
        &mut self.storage
    }
}
