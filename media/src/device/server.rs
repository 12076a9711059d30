//! What changes at the sound server, told as it happens: PulseAudio's protocol, which PipeWire speaks too.
//!
//! cpal plays and records by its own connection; it tells neither when the default changes nor where a stream was
//! moved to.

use std::{
    ffi::CString,
    io::{BufReader, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    thread::{self, JoinHandle},
    time::Duration,
};

use pulseaudio::protocol::{
    self, AuthParams, AuthReply, Command, CommandReply, Prop, Props, ProtocolError, ServerInfo,
    SetClientNameReply, SinkInfoList, SourceInfoList, SubscriptionMask,
};

use super::scene::{Devices, Present, Scene};

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The connection on which the server tells changes. Dropping it closes it.
pub struct Watch {
    socket: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Connects and tells what the server has, now and after every change; `None` when the connection is lost.
    /// `tell` is called on a thread of its own. `None`: there is no such server.
    pub fn start(tell: impl Fn(Option<Scene>) + Send + 'static) -> Option<Self> {
        let mut news = Connection::open().ok()?;
        let mut questions = Connection::open().ok()?;
        let of = SubscriptionMask::SINK | SubscriptionMask::SOURCE | SubscriptionMask::SERVER;
        news.send(&Command::Subscribe(of)).ok()?;
        protocol::read_ack_message(&mut news.socket).ok()?;
        news.socket.get_ref().set_read_timeout(None).ok()?;
        let socket = news.socket.get_ref().try_clone().ok()?;
        let thread = thread::Builder::new()
            .name("sound server".into())
            .spawn(move || {
                let mut told = None;
                while let Ok(scene) = questions.scene() {
                    if told.as_ref() != Some(&scene) {
                        tell(Some(scene.clone()));
                        told = Some(scene);
                    }
                    if news.wait().is_err() {
                        break;
                    }
                }
                tell(None);
            })
            .ok()?;
        Some(Self {
            socket,
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A connection that asks one thing after the other.
struct Connection {
    socket: BufReader<UnixStream>,
    version: u16,
    asked: u32,
}

impl Connection {
    fn open() -> Result<Self, ProtocolError> {
        let path = pulseaudio::socket_path_from_env();
        let path = path.ok_or(ProtocolError::Timeout)?;
        let socket = UnixStream::connect(path)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let mut connection = Self {
            socket: BufReader::new(socket),
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

    /// Waits for the next message, whatever it says.
    fn wait(&mut self) -> Result<(), ProtocolError> {
        let length = protocol::read_descriptor(&mut self.socket)?.length;
        let mut message = (&mut self.socket).take(u64::from(length));
        std::io::copy(&mut message, &mut std::io::sink())?;
        Ok(())
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
