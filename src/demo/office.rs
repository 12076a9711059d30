//! The sample office: a registrar, colleagues who answer, and callers who ring up by script.
//!
//! It is a peer of the phone over real SIP and RTP on loopback, in a thread of its own. It uses
//! the same user agent and media engine as the phone, but shares nothing with it.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ringbook_media::device::{DeviceSettings, InputDevice, OutputDevice};
use ringbook_media::engine::{
    Engine, EngineConfig, EngineHandle, MediaCommand, StreamId, bind_rtp_pair,
};
use ringbook_media::voice_processing::VoiceSettings;
use ringbook_sip::message::{Host, Message, Method, Uri, parse_datagram};
use ringbook_sip::sdp::{Beside, Codec, Direction, LocalMedia, MediaPlan, SrtpPolicy};
use ringbook_sip::user_agent::{
    AccountConfig, AccountId, CallHandle, Config, Event, Output, Transport, UserAgent,
};

use super::registrar::Registrar;
use super::script::{CALLERS, Caller, Pace};
use crate::phone::media::stream_config;

/// Ports for the audio of the office, apart from the phone's.
const RTP_PORTS: std::ops::RangeInclusive<u16> = 42_000..=42_999;
/// The loop looks at least this often whether it shall stop.
const ATTENTION: Duration = Duration::from_millis(100);
/// A colleague's telephone rings this long before it is answered.
const COLLEAGUE_ANSWERS_AFTER: Duration = Duration::from_millis(1_200);

/// The user name at the office's registrar.
pub(super) const USER: &str = "101";
/// Its password.
pub(super) const PASSWORD: &str = "demo";
/// Colleagues who can be called; they repeat what they hear.
const COLLEAGUES: [&str; 2] = ["102", "103"];

/// The running office. Dropping it closes it.
pub(super) struct Office {
    address: SocketAddr,
    closing: Arc<AtomicBool>,
    finished: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Office {
    /// Opens the office on a free port of loopback. `voices` is a directory for its sound files.
    ///
    /// # Errors
    /// Loopback, the directory or a thread cannot be had.
    pub(super) fn open(pace: Pace, voices: &Path, seed: [u8; 32]) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = socket.local_addr()?;
        let closing = Arc::new(AtomicBool::new(false));
        let finished = Arc::new(AtomicBool::new(false));
        let mut desk = Desk::new(socket, address, pace, voices, seed)?;
        let (stop, done) = (closing.clone(), finished.clone());
        let thread = thread::Builder::new()
            .name("demo-office".into())
            .spawn(move || desk.run(&stop, &done))?;
        Ok(Self {
            address,
            closing,
            finished,
            thread: Some(thread),
        })
    }

    /// Where its registrar listens (UDP).
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether every caller of the script has called.
    pub(super) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Where the script stands.
enum Stage {
    /// The next caller picks up the phone at this instant; `None`: as soon as 101 registers.
    Before { at: Option<Instant> },
    /// It rings.
    Ringing { call: CallHandle },
    /// The caller talks until then.
    Talking { call: CallHandle, until: Instant },
    /// Everybody has called.
    Over,
}

/// The office's thread.
struct Desk {
    socket: UdpSocket,
    address: SocketAddr,
    agent: UserAgent,
    registrar: Registrar,
    pace: Pace,
    lines: HashMap<&'static str, AccountId>,
    voices: Vec<PathBuf>,
    seed: u64,
    next: usize,
    stage: Stage,
    /// The caller's audio. A caller has an engine of their own, because an engine has one voice.
    caller_audio: Option<Engine>,
    /// Colleagues repeat what they hear.
    colleague_audio: Engine,
    streams: HashMap<CallHandle, Stream>,
    answering: Vec<(Instant, CallHandle)>,
    timeout: Option<Instant>,
}

/// The audio of one call of the office.
struct Stream {
    id: StreamId,
    engine: EngineHandle,
}

impl Desk {
    fn new(
        socket: UdpSocket,
        address: SocketAddr,
        pace: Pace,
        voices: &Path,
        seed: [u8; 32],
    ) -> io::Result<Self> {
        let passwords = [(USER.to_owned(), PASSWORD.to_owned())];
        let registrar = Registrar::new("Ringbook sample office", passwords, seed);
        let config = Config {
            answer_timeout: pace.patience,
            ..Config::default()
        };
        let mut agent = UserAgent::new(config, seed.map(|byte| !byte));
        agent.add_listener(Transport::Udp, address);
        let mut lines = HashMap::new();
        for caller in &CALLERS {
            let account = account(caller.number, caller.display, address);
            lines.insert(caller.number, agent.add_account(account));
        }
        for colleague in COLLEAGUES {
            lines.insert(
                colleague,
                agent.add_account(account(colleague, "", address)),
            );
        }
        let seed = u64::from_le_bytes([1, 2, 3, 4, 5, 6, 7, seed[0]]);
        Ok(Self {
            socket,
            address,
            agent,
            registrar,
            pace,
            lines,
            voices: write_voices(voices)?,
            seed,
            next: 0,
            stage: Stage::Before { at: None },
            caller_audio: None,
            colleague_audio: start_audio(InputDevice::Loop, seed)?,
            streams: HashMap::new(),
            answering: Vec::new(),
            timeout: None,
        })
    }

    fn run(&mut self, closing: &AtomicBool, finished: &AtomicBool) {
        let mut datagram = vec![0; 65_535];
        while !closing.load(Ordering::Acquire) {
            let now = Instant::now();
            self.agent.handle_timeout(now);
            self.continue_script(now);
            self.answer_due(now);
            self.drain(now);
            finished.store(matches!(self.stage, Stage::Over), Ordering::Release);
            let wait = self
                .timeout
                .map_or(ATTENTION, |at| at.saturating_duration_since(now))
                .clamp(Duration::from_millis(1), ATTENTION);
            // The only other errors here are a closed port on the far side, which the
            // transactions notice by themselves.
            let _ = self.socket.set_read_timeout(Some(wait));
            if let Ok((length, source)) = self.socket.recv_from(&mut datagram) {
                self.handle_datagram(Instant::now(), source, &datagram[..length]);
            }
        }
    }

    fn handle_datagram(&mut self, now: Instant, source: SocketAddr, bytes: &[u8]) {
        if let Ok(Message::Request(request)) = parse_datagram(bytes)
            && request.method == Method::Register
        {
            let response = self.registrar.handle_register(now, &request, source);
            let _ = self.socket.send_to(&response.to_bytes(), source);
            return;
        }
        self.agent.handle_datagram(now, self.address, source, bytes);
        self.drain(now);
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.agent.poll_output() {
                Output::Transmit(transmit) => {
                    let _ = self.socket.send_to(&transmit.bytes, transmit.remote);
                }
                Output::Event(event) => self.handle_event(now, event),
                // Everybody is on loopback by address, over UDP.
                Output::Received(_)
                | Output::Connect { .. }
                | Output::Close(_)
                | Output::Resolve { .. } => {}
                Output::Timeout(at) => {
                    self.timeout = at;
                    return;
                }
            }
        }
    }

    fn handle_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Incoming { call, .. } => {
                let _ = self.agent.ring(now, call);
                self.answering.push((now + COLLEAGUE_ANSWERS_AFTER, call));
            }
            Event::Established { call, media } => {
                self.configure(call, media);
                if matches!(self.stage, Stage::Ringing { call: ringing } if ringing == call) {
                    let until = now + self.pace.talk;
                    self.stage = Stage::Talking { call, until };
                }
            }
            Event::MediaChanged { call, media } => self.configure(call, media),
            Event::Ended { call, .. } => self.close(now, call),
            Event::Registration { .. }
            | Event::Ringing { .. }
            | Event::Mailbox { .. }
            | Event::Relocated { .. }
            | Event::HoldFailed { .. }
            | Event::Digit { .. }
            | Event::Subscription { .. }
            | Event::Notified { .. }
            | Event::Transfer { .. }
            | Event::TransferAsked { .. }
            | Event::Publication { .. }
            | Event::Redirected { .. } => {}
        }
    }

    fn continue_script(&mut self, now: Instant) {
        match self.stage {
            Stage::Before { at: None } if self.registrar.find(USER).is_some() => {
                let at = Some(now + self.pace.pause);
                self.stage = Stage::Before { at };
            }
            Stage::Before { at: Some(at) } if at <= now => self.call(now),
            Stage::Talking { call, until } if until <= now => {
                let _ = self.agent.hangup(now, call);
            }
            Stage::Before { .. } | Stage::Ringing { .. } | Stage::Talking { .. } | Stage::Over => {}
        }
    }

    /// The next caller of the script calls.
    fn call(&mut self, now: Instant) {
        let Some(caller) = CALLERS.get(self.next) else {
            self.stage = Stage::Over;
            return;
        };
        match self.invite(now, caller) {
            Some(call) => {
                self.next += 1;
                self.stage = Stage::Ringing { call };
            }
            // 101 has unregistered meanwhile, or no port is free: again a little later.
            None => {
                let at = Some(now + self.pace.pause);
                self.stage = Stage::Before { at };
            }
        }
    }

    fn invite(&mut self, now: Instant, caller: &Caller) -> Option<CallHandle> {
        let contact = self.registrar.find(USER)?.contact.clone();
        let voice = self.voices.get(self.next)?.clone();
        let engine = start_audio(InputDevice::File(voice), self.seed).ok()?;
        let (stream, media) = self.open(engine.handle())?;
        let account = *self.lines.get(caller.number)?;
        let call = self.agent.invite(now, account, &contact, media).ok()?;
        self.caller_audio = Some(engine);
        self.streams.insert(call, stream);
        Some(call)
    }

    /// Answers the calls to colleagues that have rung long enough.
    fn answer_due(&mut self, now: Instant) {
        let due: Vec<CallHandle> = self
            .answering
            .extract_if(.., |(at, _)| *at <= now)
            .map(|(_, call)| call)
            .collect();
        for call in due {
            let Some((stream, media)) = self.open(self.colleague_audio.handle()) else {
                let _ = self.agent.reject(now, call, 486);
                continue;
            };
            self.streams.insert(call, stream);
            if let Ok(Some(plan)) = self.agent.answer(now, call, media) {
                self.configure(call, plan);
            }
        }
    }

    /// Opens the audio of a call.
    fn open(&mut self, engine: EngineHandle) -> Option<(Stream, LocalMedia)> {
        let (rtp, rtcp) = bind_rtp_pair(self.address.ip(), RTP_PORTS).ok()?;
        let rtp_port = rtp.local_addr().ok()?.port();
        self.seed += 1;
        let id = StreamId(self.seed);
        engine.send(MediaCommand::Open {
            stream: id,
            rtp,
            rtcp,
            certificate: None,
        });
        let media = LocalMedia {
            address: self.address.ip(),
            rtp_port,
            rtcp_port: None,
            codecs: vec![Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu],
            opus_dtx: false,
            direction: Direction::SendRecv,
            srtp: SrtpPolicy::Off,
            dtls: None,
            keys: Vec::new(),
            ice: None,
            session_id: self.seed,
            version: 1,
            beside: Beside::default(),
        };
        Some((Stream { id, engine }, media))
    }

    fn configure(&mut self, call: CallHandle, plan: MediaPlan) {
        if let (Some(stream), Some(config)) = (self.streams.get(&call), stream_config(&plan, false))
        {
            stream.engine.send(MediaCommand::Configure {
                stream: stream.id,
                config,
            });
        }
    }

    fn close(&mut self, now: Instant, call: CallHandle) {
        self.answering.retain(|(_, waiting)| *waiting != call);
        if let Some(stream) = self.streams.remove(&call) {
            stream
                .engine
                .send(MediaCommand::Close { stream: stream.id });
        }
        let is_scripted = match self.stage {
            Stage::Ringing { call: current } | Stage::Talking { call: current, .. } => {
                current == call
            }
            Stage::Before { .. } | Stage::Over => false,
        };
        if is_scripted {
            self.caller_audio = None;
            let at = Some(now + self.pace.pause);
            self.stage = if self.next < CALLERS.len() {
                Stage::Before { at }
            } else {
                Stage::Over
            };
        }
    }
}

fn account(user: &str, display: &str, office: SocketAddr) -> AccountConfig {
    let uri = |user| Uri::sip(user, Host::from(office.ip()), Some(office.port()));
    AccountConfig {
        display_name: (!display.is_empty()).then(|| display.to_owned()),
        username: user.to_owned(),
        register: false,
        transport: Some(Transport::Udp),
        ..AccountConfig::new(uri(Some(user)), uri(None))
    }
}

fn start_audio(input: InputDevice, seed: u64) -> io::Result<Engine> {
    let config = EngineConfig {
        devices: DeviceSettings::without_bell(input, OutputDevice::Null),
        voice: VoiceSettings::OFF,
        cname: "demo".to_owned(),
        seed,
    };
    Engine::start(config, Box::new(|_| {}))
}

fn write_voices(directory: &Path) -> io::Result<Vec<PathBuf>> {
    CALLERS
        .iter()
        .enumerate()
        .map(|(place, caller)| {
            let file = directory.join(format!("caller-{place}.wav"));
            std::fs::write(&file, caller.voice)?;
            Ok(file)
        })
        .collect()
}
