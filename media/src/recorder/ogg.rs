//! An Ogg Opus recording (RFC 7845): a tenth of the size, and playable up to its last page whatever happens.

use std::io::{self, SeekFrom, Write};

use ogg::{PacketWriteEndInfo, PacketWriter};
use opus::{Application, Bitrate, Channels, Encoder};

use super::{
    duration,
    markers::{self, Pause},
    two_streams,
    wav::Storage,
};

/// Bits a second for all channels: two voices at wide band.
const BITRATE: i32 = 24_000;
/// The longest packet of 20 ms.
const LONGEST: usize = 1_275;
/// Ogg Opus counts time at this rate, whatever the sound's own is (RFC 7845 §4).
pub const CLOCK: u64 = 48_000;

/// An Ogg Opus file under way.
pub struct OggFile<S: Storage> {
    pages: PacketWriter<'static, S>,
    /// One for each channel.
    encoders: Vec<Encoder>,
    /// Room for the samples of one.
    voice: Vec<i16>,
    rate: u32,
    pre_skip: u64,
    frames: u64,
    /// The newest packet, kept back until it is known whether its page ends with it.
    held: Option<Vec<u8>>,
    /// Length of the file in octets and in frames up to the end of the last whole page.
    whole: (u64, u64),
}

impl<S: Storage> OggFile<S> {
    /// Begins a file in empty storage. `rate` is one that Opus knows: 8000, 12000, 16000, 24000 or 48000 Hz.
    pub fn create(storage: S, channels: u16, rate: u32) -> io::Result<Self> {
        let mut encoders: Vec<_> = (0..channels)
            .map(|_| encoder(rate, BITRATE / i32::from(channels)))
            .collect::<Result<_, _>>()
            .map_err(io::Error::other)?;
        // The same for all.
        let lookahead = encoders.first_mut().map_or(Ok(0), Encoder::get_lookahead);
        let lookahead = lookahead.map_err(io::Error::other)?.unsigned_abs();
        let pre_skip = u64::from(lookahead) * CLOCK / u64::from(rate);
        let mut file = Self {
            pages: PacketWriter::new(storage),
            encoders,
            voice: Vec::new(),
            rate,
            pre_skip,
            frames: 0,
            held: None,
            whole: (0, 0),
        };
        let head = file.head();
        write_headers(&mut file.pages, &head, markers::comments(&[]))?;
        file.page_ended()?;
        Ok(file)
    }

    /// Length so far in samples of one channel.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Samples a second of one channel.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Appends 20 ms of interleaved samples. After an error the file ends with its last whole page.
    pub fn append(&mut self, tick: &[i16]) -> io::Result<()> {
        let result = self.encode(tick);
        self.or_cut(result)
    }

    fn encode(&mut self, tick: &[i16]) -> io::Result<()> {
        self.release(PacketWriteEndInfo::NormalPacket)?;
        let channels = self.encoders.len();
        let mut packets = Vec::with_capacity(channels);
        for (channel, encoder) in self.encoders.iter_mut().enumerate() {
            self.voice.clear();
            self.voice
                .extend(tick.iter().skip(channel).step_by(channels));
            let packet = encoder.encode_vec(&self.voice, LONGEST);
            packets.push(packet.map_err(io::Error::other)?);
        }
        self.held = Some(match &packets[..] {
            [left, right] => two_streams::join(left, right)?,
            _ => packets.concat(),
        });
        self.frames += (tick.len() / channels) as u64;
        Ok(())
    }

    /// Writes the packet that was kept back.
    fn release(&mut self, end: PacketWriteEndInfo) -> io::Result<()> {
        let Some(packet) = self.held.take() else {
            return Ok(());
        };
        let played = self.frames * CLOCK / u64::from(self.rate);
        // At the end the position says how much of the last packet is meant (RFC 7845 §4.4).
        let position = played
            + if matches!(end, PacketWriteEndInfo::EndStream) {
                self.pre_skip
            } else {
                0
            };
        self.pages.write_packet(packet, SERIAL, end, position)
    }

    /// Ends the page, so that everything so far can be played.
    pub fn checkpoint(&mut self) -> io::Result<()> {
        if self.held.is_none() {
            return Ok(());
        }
        let result = self
            .release(PacketWriteEndInfo::EndPage)
            .and_then(|()| self.page_ended());
        self.or_cut(result)
    }

    /// The identification header (RFC 7845 §5.1).
    fn head(&self) -> Vec<u8> {
        let mut head = b"OpusHead\x01".to_vec();
        head.push(self.encoders.len() as u8);
        head.extend((self.pre_skip as u16).to_le_bytes());
        head.extend(self.rate.to_le_bytes());
        // No gain.
        head.extend([0, 0]);
        match self.encoders.len() {
            2 => head.extend(two_streams::MAPPING),
            _ => head.push(0),
        }
        head
    }

    /// Ends the file, which says where it was paused: from, to, in samples.
    pub fn finish(&mut self, pauses: &[(u64, u64)]) -> io::Result<()> {
        self.end_stream()?;
        if pauses.is_empty() {
            return Ok(());
        }
        let pause = |(from, to): &(u64, u64)| Pause {
            from: duration(*from, self.rate),
            to: duration(*to, self.rate),
        };
        let pauses: Vec<_> = pauses.iter().map(pause).collect();
        // As long as those that stand there, and the same but for the comments.
        let mut pages = PacketWriter::new(Vec::new());
        write_headers(&mut pages, &self.head(), markers::comments(&pauses))?;
        let end = self.whole.0;
        self.storage().rewind()?;
        self.storage().write_all(pages.inner())?;
        self.storage().seek(SeekFrom::Start(end))?;
        Ok(())
    }

    /// What the encoder still holds back is pushed out by silence.
    fn end_stream(&mut self) -> io::Result<()> {
        let frames = self.frames;
        let silence = vec![0; self.rate as usize / 50 * self.encoders.len()];
        let pushed = self.encode(&silence);
        self.frames = frames;
        let result = pushed
            .and_then(|()| self.release(PacketWriteEndInfo::EndStream))
            .and_then(|()| self.page_ended());
        self.or_cut(result)
    }

    fn page_ended(&mut self) -> io::Result<()> {
        self.whole = (self.storage().stream_position()?, self.frames);
        Ok(())
    }

    /// After an error: cuts off the page that was not completed.
    fn or_cut(&mut self, result: io::Result<()>) -> io::Result<()> {
        if result.is_err() {
            let (octets, frames) = self.whole;
            self.frames = frames;
            self.held = None;
            self.storage().set_len(octets)?;
            self.storage().seek(SeekFrom::Start(octets))?;
        }
        result
    }

    /// The storage itself, for syncing and reading back.
    pub fn storage(&mut self) -> &mut S {
        self.pages.inner_mut()
    }
}

fn encoder(rate: u32, bits_a_second: i32) -> opus::Result<Encoder> {
    let mut encoder = Encoder::new(rate, Channels::Mono, Application::Voip)?;
    encoder.set_bitrate(Bitrate::Bits(bits_a_second))?;
    Ok(encoder)
}

/// Each of our files has one stream.
const SERIAL: u32 = 1;

/// The two pages before the sound (RFC 7845 §3).
fn write_headers(
    pages: &mut PacketWriter<'static, impl Write>,
    head: &[u8],
    comments: Vec<u8>,
) -> io::Result<()> {
    let end = PacketWriteEndInfo::EndPage;
    pages.write_packet(head.to_vec(), SERIAL, end, 0)?;
    pages.write_packet(comments, SERIAL, end, 0)
}
