//! A microphone or a loudspeaker of the sound server: a connection of its own, and one thread that sleeps until the server
//! sends sound or asks for it. Once it runs it neither allocates nor locks.
//!
//! cpal's streams for such servers ask for the delay after each callback, lock there, and read into a megabyte that they
//! zero each time, which is most of what a call cost.

use std::{
    ffi::CString,
    io::{self, BufReader, Read, Write},
    time::Duration,
};

use pulseaudio::protocol::{
    self, ChannelMap, ChannelPosition, Command, CreatePlaybackStreamReply, CreateRecordStreamReply,
    Descriptor, DescriptorFlags, PlaybackStreamParams, Prop, Props, ProtocolError,
    RecordStreamParams, SampleFormat, SampleSpec,
    stream::{BufferAttr, StreamFlags},
};

use super::{Connection, Reading, Socket, pass_over};

/// Bytes of a sample.
const SAMPLE: usize = size_of::<f32>();
/// Periods of sound a second: a microphone's is sent in such pieces.
const PERIODS: u32 = 100;
/// Periods that are handed over at a time at most.
const MOST: u32 = 10;

/// An open microphone or loudspeaker. Dropping it closes it.
pub struct Stream(Reading);

impl Stream {
    /// Opens the source of this name with one channel of `rate` samples a second, and hands what it hears to `heard`, on a
    /// thread of its own. Waits for the first sound, and gives up when the server has said nothing for `patience`.
    ///
    /// # Errors
    /// The server is gone, has no such source, or sends no sound.
    pub fn record(
        source: &str,
        rate: u32,
        patience: Duration,
        mut heard: impl FnMut(&[f32]) + Send + 'static,
    ) -> Result<Self, ProtocolError> {
        let mut connection = Connection::open()?;
        let params = RecordStreamParams {
            sample_spec: spec(rate),
            channel_map: ChannelMap::new([ChannelPosition::Mono]),
            source_name: Some(name(source)?),
            // What comes late comes nevertheless: a server throws away what is above a greatest length.
            buffer_attr: BufferAttr {
                fragment_size: period(rate),
                ..BufferAttr::default()
            },
            flags: flags(),
            props: props(),
            ..RecordStreamParams::default()
        };
        let reply: CreateRecordStreamReply =
            connection.ask(&Command::CreateRecordStream(params))?;
        connection.socket.get_mut().wait_for(Some(patience));
        let mut wire = Wire::new(connection, reply.channel, rate);
        while !wire.hear(&mut heard)? {}
        Self::run("microphone", wire, move |wire| wire.hear(&mut heard))
    }

    /// Opens the sink of this name with one channel of `rate` samples a second, and lets `fill` fill what it asks for, on a
    /// thread of its own.
    ///
    /// # Errors
    /// The server is gone or has no such sink.
    pub fn play(
        sink: &str,
        rate: u32,
        mut fill: impl FnMut(&mut [f32]) + Send + 'static,
    ) -> Result<Self, ProtocolError> {
        let mut connection = Connection::open()?;
        let params = PlaybackStreamParams {
            sample_spec: spec(rate),
            channel_map: ChannelMap::new([ChannelPosition::Mono]),
            sink_name: Some(name(sink)?),
            // PulseAudio gives half of what two requests leave of it to the device, 7.5 ms, and keeps the rest; a device
            // that takes more at a time makes it longer, as it may.
            buffer_attr: BufferAttr {
                target_length: 5 * request(rate),
                minimum_request_length: request(rate),
                ..BufferAttr::default()
            },
            flags: flags(),
            props: props(),
            ..PlaybackStreamParams::default()
        };
        let reply: CreatePlaybackStreamReply =
            connection.ask(&Command::CreatePlaybackStream(params))?;
        if reply.suspended {
            return Err(io::Error::other("the device is suspended").into());
        }
        let mut wire = Wire::new(connection, reply.channel, rate);
        wire.say(reply.requested_bytes, &mut fill)?;
        Self::run("loudspeaker", wire, move |wire| wire.serve(&mut fill))
    }

    fn run<T>(
        name: &str,
        mut wire: Wire<Socket>,
        mut step: impl FnMut(&mut Wire<Socket>) -> Result<T, ProtocolError> + Send + 'static,
    ) -> Result<Self, ProtocolError> {
        let socket = wire.socket.get_ref().handle()?;
        wire.socket.get_mut().wait_for(None);
        let read = move || while step(&mut wire).is_ok() {};
        Ok(Self(Reading::start(name, vec![socket], read)?))
    }

    /// Whether the server still sends or asks.
    pub fn is_running(&self) -> bool {
        self.0.is_running()
    }
}

fn spec(rate: u32) -> SampleSpec {
    SampleSpec {
        format: SampleFormat::Float32Le,
        channels: 1,
        sample_rate: rate,
    }
}

/// Bytes of a period.
fn period(rate: u32) -> u32 {
    (rate / PERIODS).max(1) * SAMPLE as u32
}

/// Bytes of half a period: less is not asked for.
fn request(rate: u32) -> u32 {
    (rate / PERIODS / 2).max(1) * SAMPLE as u32
}

fn flags() -> StreamFlags {
    StreamFlags {
        // The lengths are those of the whole way, the device's own included.
        adjust_latency: true,
        ..StreamFlags::default()
    }
}

/// Music makes way for what has the role of a telephone.
fn props() -> Props {
    let mut props = Props::new();
    props.set(Prop::MediaName, c"Ringbook");
    props.set(Prop::MediaRole, c"phone");
    props
}

fn name(device: &str) -> Result<CString, ProtocolError> {
    CString::new(device).map_err(|error| ProtocolError::Invalid(error.to_string()))
}

/// A connection over which a stream runs.
struct Wire<S> {
    socket: BufReader<S>,
    version: u16,
    channel: u32,
    samples: Vec<f32>,
    /// The samples as they are sent, after their head.
    bytes: Vec<u8>,
}

/// What the server says.
enum Said {
    /// So many bytes of sound follow.
    Sound(u32),
    /// So many bytes of sound are asked for.
    Wish(u32),
    /// What is of no use to us.
    Else,
}

impl Wire<Socket> {
    fn new(connection: Connection, channel: u32, rate: u32) -> Self {
        Self::over(connection.socket, connection.version, channel, rate)
    }
}

impl<S: Read + Write> Wire<S> {
    fn over(socket: BufReader<S>, version: u16, channel: u32, rate: u32) -> Self {
        let most = (rate / PERIODS * MOST).max(1) as usize;
        Self {
            socket,
            version,
            channel,
            samples: vec![0.0; most],
            bytes: vec![0; protocol::DESCRIPTOR_SIZE + most * SAMPLE],
        }
    }

    /// Waits for what comes next.
    fn next(&mut self) -> Result<Said, ProtocolError> {
        let head = protocol::read_descriptor(&mut self.socket)?;
        if head.channel == self.channel {
            return Ok(Said::Sound(head.length));
        }
        let mut body = (&mut self.socket).take(u64::from(head.length));
        let command = (head.channel == u32::MAX)
            .then(|| Command::read_tag_prefixed(&mut body, self.version).ok());
        io::copy(&mut body, &mut io::sink())?;
        match command.flatten() {
            Some((_, Command::Request(wish))) if wish.channel == self.channel => {
                Ok(Said::Wish(wish.length))
            }
            // Nothing was asked that could have failed: PipeWire says so that a stream is at its end.
            Some((
                _,
                Command::PlaybackStreamKilled(_)
                | Command::RecordStreamKilled(_)
                | Command::Error(_),
            )) => Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
            _ => Ok(Said::Else),
        }
    }

    /// Waits for what comes next and hands over what is sound. Whether it was.
    fn hear(&mut self, heard: &mut impl FnMut(&[f32])) -> Result<bool, ProtocolError> {
        let Said::Sound(length) = self.next()? else {
            return Ok(false);
        };
        let mut left = length as usize;
        while left > 0 {
            let count = (left / SAMPLE).clamp(1, self.samples.len());
            let bytes = &mut self.bytes[..left.min(count * SAMPLE)];
            self.socket.read_exact(bytes)?;
            left -= bytes.len();
            let (sent, _) = bytes.as_chunks();
            for (sample, sent) in self.samples.iter_mut().zip(sent) {
                *sample = f32::from_le_bytes(*sent);
            }
            heard(&self.samples[..sent.len()]);
        }
        Ok(true)
    }

    /// Waits for what comes next and sends what is asked for.
    fn serve(&mut self, fill: &mut impl FnMut(&mut [f32])) -> Result<(), ProtocolError> {
        match self.next()? {
            Said::Wish(length) => self.say(length, fill),
            Said::Sound(length) => Ok(pass_over(&mut self.socket, length)?),
            Said::Else => Ok(()),
        }
    }

    /// Sends so many bytes of sound.
    fn say(&mut self, length: u32, fill: &mut impl FnMut(&mut [f32])) -> Result<(), ProtocolError> {
        let mut left = length as usize / SAMPLE;
        while left > 0 {
            let count = left.min(self.samples.len());
            let samples = &mut self.samples[..count];
            fill(samples);
            left -= count;
            let message = &mut self.bytes[..protocol::DESCRIPTOR_SIZE + count * SAMPLE];
            let (head, body) = message.split_at_mut(protocol::DESCRIPTOR_SIZE);
            for (place, sample) in body.as_chunks_mut().0.iter_mut().zip(samples) {
                *place = sample.to_le_bytes();
            }
            let descriptor = Descriptor {
                length: (count * SAMPLE) as u32,
                channel: self.channel,
                offset: 0,
                flags: DescriptorFlags::empty(),
            };
            protocol::write_descriptor(&mut &mut *head, &descriptor)?;
            self.socket.get_mut().write_all(message)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use pulseaudio::protocol::{PulseError, Request};
    use std::io::Cursor;

    /// A server that has said all it says, and what was sent to it.
    struct Server {
        says: Cursor<Vec<u8>>,
        got: Vec<u8>,
    }

    impl Read for Server {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.says.read(buffer)
        }
    }

    impl Write for Server {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.got.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const CHANNEL: u32 = 3;
    const RATE: u32 = 8_000;

    fn wire(says: Vec<u8>) -> Wire<Server> {
        let server = Server {
            says: Cursor::new(says),
            got: Vec::with_capacity(1 << 20),
        };
        let buffered = BufReader::new(server);
        Wire::over(buffered, protocol::MAX_VERSION, CHANNEL, RATE)
    }

    fn say(says: &mut Vec<u8>, command: &Command) {
        protocol::write_command_message(says, 0, command, protocol::MAX_VERSION).unwrap();
    }

    fn sound(says: &mut Vec<u8>, channel: u32, bytes: &[u8]) {
        let head = Descriptor {
            length: bytes.len() as u32,
            channel,
            offset: 0,
            flags: DescriptorFlags::empty(),
        };
        protocol::write_descriptor(says, &head).unwrap();
        says.extend_from_slice(bytes);
    }

    fn bytes(samples: impl Iterator<Item = f32>) -> Vec<u8> {
        samples.flat_map(f32::to_le_bytes).collect()
    }

    fn wish(channel: u32, samples: u32) -> Command {
        let length = samples * SAMPLE as u32;
        Command::Request(Request { channel, length })
    }

    /// A count that a sample holds exactly.
    fn count(index: usize) -> f32 {
        index as f32 / 65_536.0
    }

    #[test]
    fn all_that_a_microphone_hears_comes_in_its_order_and_in_pieces_of_any_size() {
        let mut says = Vec::new();
        let mut sent = 0;
        for size in [80, 0, 1, 799, 800, 801, 12_000] {
            say(&mut says, &Command::Started(CHANNEL));
            sound(&mut says, CHANNEL, &bytes((sent..sent + size).map(count)));
            sound(&mut says, CHANNEL + 1, &bytes((0..99).map(count)));
            sent += size;
        }
        let mut wire = wire(says);
        let mut heard = Vec::with_capacity(sent);
        let counted = allocation_counter::measure(|| {
            while wire
                .hear(&mut |samples| heard.extend_from_slice(samples))
                .is_ok()
            {}
        });
        assert_eq!(counted.count_total, 0);
        assert_eq!(heard, (0..sent).map(count).collect::<Vec<_>>());
    }

    #[test]
    fn a_loudspeaker_gets_as_much_as_it_asks_for() {
        let wishes = [80, 0, 1, 801, 5_000];
        let mut says = Vec::new();
        for samples in wishes {
            say(&mut says, &wish(CHANNEL, samples));
            say(&mut says, &wish(CHANNEL + 1, 7));
            sound(&mut says, CHANNEL, &[1; 12]);
        }
        let mut wire = wire(says);
        let mut said = 0;
        let mut fill = |samples: &mut [f32]| {
            for sample in samples {
                *sample = count(said);
                said += 1;
            }
        };
        let counted = allocation_counter::measure(|| while wire.serve(&mut fill).is_ok() {});
        assert_eq!(counted.count_total, 0);

        let mut got = Cursor::new(wire.socket.get_mut().got.clone());
        let mut samples = Vec::new();
        while let Ok(head) = protocol::read_descriptor(&mut got) {
            assert_eq!((head.channel, head.offset), (CHANNEL, 0));
            let mut body = vec![0; head.length as usize];
            got.read_exact(&mut body).unwrap();
            let (body, rest) = body.as_chunks();
            assert!(rest.is_empty());
            samples.extend(body.iter().map(|sample| f32::from_le_bytes(*sample)));
        }
        let wished = wishes.iter().sum::<u32>() as usize;
        assert_eq!(samples, (0..wished).map(count).collect::<Vec<_>>());
    }

    #[test]
    fn a_stream_that_the_server_kills_ends() {
        for killed in [
            Command::PlaybackStreamKilled(CHANNEL),
            Command::RecordStreamKilled(CHANNEL),
            Command::Error(PulseError::Killed),
        ] {
            let mut says = Vec::new();
            say(&mut says, &killed);
            say(&mut says, &wish(CHANNEL, 80));
            let mut wire = wire(says);
            assert!(wire.serve(&mut |_| panic!("asked for nothing")).is_err());
        }
    }

    #[test]
    fn a_server_that_says_nonsense_or_breaks_off_ends_the_stream_without_a_panic() {
        let mut says = Vec::new();
        sound(&mut says, u32::MAX, &[0xFF; 40]);
        sound(&mut says, u32::MAX, &[]);
        sound(&mut says, CHANNEL, &[1, 2, 3, 4, 5]);
        sound(&mut says, CHANNEL, &[1, 2]);
        let whole = says.len();
        for length in 0..=whole {
            let mut wire = wire(says[..length].to_vec());
            let mut steps = 0;
            while wire.hear(&mut |_| {}).is_ok() {
                steps += 1;
            }
            assert!(steps <= 4, "{steps}");
            assert_eq!(steps == 4, length == whole);
        }
    }
}
