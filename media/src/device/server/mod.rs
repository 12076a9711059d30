//! The sound server: PulseAudio's protocol, which PipeWire speaks too.
//!
//! [`Watch`] tells what changes there as it happens, [`Stream`] is a microphone or a loudspeaker.

mod stream;
mod watch;

use std::{
    ffi::CString,
    io::{self, BufReader, Read, Write},
    net::Shutdown,
    os::{
        fd::{AsFd, AsRawFd},
        unix::net::UnixStream,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::socket::{self, AddressFamily, SockFlag, SockType, UnixAddr},
};

use pulseaudio::protocol::{
    self, AuthParams, AuthReply, Command, CommandReply, Prop, Props, ProtocolError, ServerInfo,
    SetClientNameReply, SinkInfoList, SourceInfoList,
};

use super::scene::{Devices, Present, Scene};
pub use stream::Stream;
pub use watch::Watch;

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the server has at this moment; `None`: there is no such server.
pub fn scene() -> Option<Scene> {
    Connection::open().ok()?.scene().ok()
}

/// A socket whose reader is woken by what is to be read alone. One that sleeps in the reading itself is woken by the kernel
/// each time that the server takes what was sent, too.
struct Socket {
    stream: UnixStream,
    patience: PollTimeout,
}

impl Socket {
    fn connect() -> io::Result<Self> {
        let path = pulseaudio::socket_path_from_env().ok_or(io::ErrorKind::NotFound)?;
        let (family, kind) = (AddressFamily::Unix, SockType::Stream);
        let socket = socket::socket(family, kind, SockFlag::SOCK_CLOEXEC, None)?;
        let stream = UnixStream::from(socket);
        // Also how long a server that hangs, and whose queue is full, is waited for here.
        stream.set_write_timeout(Some(PATIENCE))?;
        socket::connect(stream.as_raw_fd(), &UnixAddr::new(&path)?)?;
        let mut socket = Self {
            stream,
            patience: PollTimeout::NONE,
        };
        socket.wait_for(Some(PATIENCE));
        Ok(socket)
    }

    /// How long a reading may take; `None`: for ever.
    fn wait_for(&mut self, patience: Option<Duration>) {
        self.patience = patience.map_or(PollTimeout::NONE, |patience| {
            patience.try_into().unwrap_or(PollTimeout::MAX)
        });
    }

    /// What ends a reading of another thread.
    fn handle(&self) -> io::Result<UnixStream> {
        self.stream.try_clone()
    }
}

/// A thread that reads from sockets. Dropping it closes them and waits for its end.
struct Reading {
    sockets: Vec<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Reading {
    fn start(
        name: &str,
        sockets: Vec<UnixStream>,
        read: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let thread = thread::Builder::new().name(name.into()).spawn(read)?;
        Ok(Self {
            sockets,
            thread: Some(thread),
        })
    }

    fn is_running(&self) -> bool {
        let is_running = |thread: &JoinHandle<()>| !thread.is_finished();
        self.thread.as_ref().is_some_and(is_running)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        for socket in &self.sockets {
            // It may be closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads what is of no use: so many bytes.
fn pass_over(socket: impl Read, length: u32) -> io::Result<()> {
    io::copy(&mut socket.take(u64::from(length)), &mut io::sink()).map(drop)
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut readable = [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)];
        match poll(&mut readable, self.patience)? {
            0 => Err(io::ErrorKind::TimedOut.into()),
            _ => self.stream.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A connection that asks one thing after the other.
struct Connection {
    socket: BufReader<Socket>,
    version: u16,
    asked: u32,
}

impl Connection {
    fn open() -> Result<Self, ProtocolError> {
        let mut connection = Self {
            socket: BufReader::new(Socket::connect()?),
            version: protocol::MAX_VERSION,
            asked: 0,
        };
        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok());
        let auth = AuthParams {
            version: protocol::MAX_VERSION,
            supports_shm: false,
            supports_memfd: false,
            cookie: cookie.unwrap_or_default(),
        };
        let reply: AuthReply = connection.ask(&Command::Auth(auth))?;
        connection.version = protocol::MAX_VERSION.min(reply.version);
        let mut props = Props::new();
        props.set(Prop::ApplicationName, c"Ringbook");
        let _: SetClientNameReply = connection.ask(&Command::SetClientName(props))?;
        Ok(connection)
    }

    fn send(&mut self, command: &Command) -> Result<(), ProtocolError> {
        self.asked += 1;
        let mut message = Vec::new();
        protocol::write_command_message(&mut message, self.asked, command, self.version)?;
        Ok(self.socket.get_mut().write_all(&message)?)
    }

    fn ask<R: CommandReply>(&mut self, command: &Command) -> Result<R, ProtocolError> {
        self.send(command)?;
        Ok(protocol::read_reply_message(&mut self.socket, self.version)?.1)
    }

    fn scene(&mut self) -> Result<Scene, ProtocolError> {
        let server: ServerInfo = self.ask(&Command::GetServerInfo)?;
        let sinks: SinkInfoList = self.ask(&Command::GetSinkInfoList)?;
        let sources: SourceInfoList = self.ask(&Command::GetSourceInfoList)?;
        let sinks = sinks.into_iter().map(|sink| {
            let rate = sink.sample_spec.sample_rate;
            present(sink.index, sink.name, sink.description, rate)
        });
        let sources = sources.into_iter().map(|source| Present {
            is_monitor: source.monitor_of_sink_name.is_some(),
            ..present(
                source.index,
                source.name,
                source.description,
                source.sample_spec.sample_rate,
            )
        });
        Ok(Scene {
            sinks: Devices {
                present: sinks.collect(),
                default: server.default_sink_name.map(text),
            },
            sources: Devices {
                present: sources.collect(),
                default: server.default_source_name.map(text),
            },
        })
    }
}

fn present(index: u32, name: CString, title: Option<CString>, rate: u32) -> Present {
    let name = text(name);
    Present {
        title: title.map_or_else(|| name.clone(), text),
        name,
        index,
        rate,
        is_monitor: false,
    }
}

fn text(text: CString) -> String {
    text.to_string_lossy().into_owned()
}
