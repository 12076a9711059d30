//! The only loop: sockets, deadlines, effects. Everything else about the phone is pure.

mod addresses;
mod analyst;
mod contacts;
mod dns;
mod effects;
mod gather;
mod handle;
mod headsets;
mod hooks;
mod message;
mod opening;
mod password;
mod recovery;
mod resolve;
mod ringtones;
mod sources;
mod system;
mod tcp;
mod tls;
mod udp;
mod webhooks;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::Context as _;
use jiff::Timestamp;
use ringbook_sip::user_agent::{ConnectionId, StreamEvent, Transport};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;

pub use self::handle::AppHandle;
pub(crate) use self::password::password_of_command;
pub(crate) use self::system::seed;
pub use self::tls::check_authorities;
pub(crate) use self::tls::{certificates, client_config, explain_certificate};

use self::addresses::Addresses;
use self::analyst::Analyst;
use self::contacts::Contacts;
use self::dns::Dns;
use self::effects::{MediaThread, StoreDoor};
use self::headsets::Headsets;
use self::hooks::Hooks;
use self::message::{Answer, Inbox, Message, Watcher};
use self::opening::open_store;
use self::sources::Sources;
use self::tcp::{Connections, TcpEvent};
use self::udp::UdpSockets;
use self::webhooks::Webhooks;
use crate::api::Bound;
use crate::app::{App, Input, Output, RequestId};
use crate::automation::{Event, NoticeKind, Ready};
use crate::now::Now;
use crate::phone::PhoneConfig;
use crate::phone::command::Command;
use crate::profile::Profile;
use crate::settings::{Settings, Sip};
use crate::store::{StoreCommand, StoreHandle};
use crate::tr;

/// The longest datagram there is.
const DATAGRAM: usize = 65_536;
/// Datagrams and messages dealt with before the others get their turn.
const TURN: usize = 64;

/// Where events go, those of one turn of the loop together: called on the phone's thread, must return
/// at once.
pub type EventSink = Box<dyn FnMut(&[Event]) + Send>;

/// A phone that is ready to run.
pub struct Launch {
    profile: Profile,
    settings: Settings,
    events: EventSink,
    inbox: Inbox,
    messages: UnboundedReceiver<Message>,
    store: Arc<OnceLock<StoreHandle>>,
}

impl Launch {
    /// Prepares a phone on `profile`, which the caller has locked.
    pub fn new(profile: Profile, settings: Settings, events: EventSink) -> Self {
        let (inbox, messages) = Inbox::new();
        Self {
            profile,
            settings,
            events,
            inbox,
            messages,
            store: Arc::new(OnceLock::new()),
        }
    }

    /// The way to reach the phone once it runs; requests made before wait for it.
    pub fn handle(&self) -> AppHandle {
        let inbox = self.inbox.clone();
        AppHandle {
            inbox,
            profile: self.profile.clone(),
            store: self.store.clone(),
        }
    }

    /// Runs the phone on this thread until it is told to end, by a command or by a signal.
    pub fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            // Whoever hears `ready` may ask, and may end the phone, at once.
            let signals = (
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
            );
            let control = crate::control::serve(self.handle())?;
            let api = Bound::new(self.settings.api, &self.handle());
            let addresses = api
                .as_ref()
                .ok()
                .and_then(Option::as_ref)
                .map(Bound::addresses);
            let handle = self.handle();
            let ended = match Driver::new(self, addresses.unwrap_or_default()) {
                Ok(mut driver) => {
                    let _api = opening::serve_api(api, handle);
                    driver.run(signals).await
                }
                Err(error) => Err(error),
            };
            control.finish().await;
            ended
        })
    }
}

struct Driver {
    app: App,
    udp: UdpSockets,
    connections: Connections,
    /// How we prove ourselves to those who connect by TLS.
    acceptor: Option<TlsAcceptor>,
    dns: Dns,
    addresses: Addresses,
    media: MediaThread,
    store: StoreDoor,
    store_cell: Arc<OnceLock<StoreHandle>>,
    contacts: Contacts,
    analyst: Analyst,
    sources: Sources,
    webhooks: Webhooks,
    hooks: Hooks,
    headsets: Headsets,
    profile: Profile,
    rtp_ports: RangeInclusive<u16>,
    events: EventSink,
    /// Events that are not told yet.
    untold: Vec<Event>,
    inbox: Inbox,
    messages: UnboundedReceiver<Message>,
    answers: std::collections::HashMap<RequestId, Answer>,
    last_request: u64,
    watcher: Option<Watcher>,
    /// Peers that a datagram could not be sent to, to be told to the phone.
    failed: Vec<SocketAddr>,
    /// Connections that are gone, to be told to the phone.
    lost: Vec<ConnectionId>,
    deadline: Option<Instant>,
    failure: Option<String>,
    ended: bool,
}

/// What woke the loop.
enum Wake {
    Datagram(io::Result<(SocketAddr, SocketAddr, usize)>),
    Message(Option<Message>),
    Deadline,
    Look,
    Signal,
}

impl Driver {
    /// Binds the sockets and sends the first REGISTER; store and sound open meanwhile.
    fn new(launch: Launch, api: Vec<SocketAddr>) -> anyhow::Result<Self> {
        let Launch {
            profile,
            settings,
            events,
            inbox,
            messages,
            store: store_cell,
        } = launch;
        let sip = &settings.sip;
        let udp = UdpSockets::bind(&sip.bind, sip.udp_port)
            .with_context(|| port_trouble("UDP", "udp_port", sip.udp_port))?;
        let tcp = tcp::listen(Transport::Tcp, &sip.bind, sip.tcp_port, &inbox)
            .with_context(|| port_trouble("TCP", "tcp_port", sip.tcp_port))?;
        let (acceptor, tls) = listen_tls(sip, &inbox)?;
        let (dns, seed) = (Dns { server: sip.dns }, system::seed());
        let media_seed = u64::from_le_bytes(seed[..8].try_into().unwrap_or_default());
        let rtp_ports = settings.media.rtp_ports.clone();
        let media = MediaThread::new(&settings, media_seed, inbox.clone())?;
        let (task_terms, seat) = (settings.task_terms(), settings.seat());
        let contacts = Contacts::new(&settings, inbox.clone());
        let analyst = Analyst::new(inbox.clone());
        let sources = Sources::new(profile.dir(), inbox.clone());
        let webhooks = Webhooks::new(&settings.webhooks, inbox.clone());
        let hooks = Hooks::new(&settings.hooks, profile.dir(), inbox.clone());
        let headsets = Headsets::new(settings.audio.headset_buttons, inbox.clone());
        let config = PhoneConfig {
            settings,
            seed,
            country: system::country(),
            time_zone: system::time_zone(),
            recordings: profile.recordings(),
            instance_id: system::instance_id(&profile),
        };
        let mut driver = Self {
            app: App::new(config),
            connections: Connections::new(inbox.clone()),
            media,
            store: StoreDoor::new(inbox.clone()),
            store_cell,
            contacts,
            analyst,
            sources,
            webhooks,
            hooks,
            headsets,
            profile,
            rtp_ports,
            events,
            untold: Vec::new(),
            inbox,
            messages,
            answers: std::collections::HashMap::new(),
            last_request: 0,
            watcher: None,
            failed: Vec::new(),
            lost: Vec::new(),
            deadline: None,
            failure: None,
            ended: false,
            acceptor,
            dns,
            addresses: Addresses::new(),
            udp,
        };
        let udp = driver.udp.addresses();
        driver.app.handle_input(
            now(),
            Input::Start(Ready {
                version: env!("CARGO_PKG_VERSION"),
                pid: std::process::id(),
                udp,
                tcp,
                tls,
                api,
            }),
        );
        driver.drain();
        driver.tell_events();
        opening::tariffs(&driver.profile, &driver.inbox);
        open_store(&driver.profile, task_terms, seat, driver.inbox.clone())?;
        Ok(driver)
    }

    async fn run(
        &mut self,
        (mut terminate, mut interrupt): (Signal, Signal),
    ) -> anyhow::Result<()> {
        let mut sleep = Box::pin(tokio::time::sleep(std::time::Duration::ZERO));
        let mut buffer = vec![0; DATAGRAM];
        while !self.ended {
            match self
                .wake(&mut sleep, &mut buffer, &mut terminate, &mut interrupt)
                .await
            {
                Wake::Datagram(received) => self.on_datagrams(received, &mut buffer),
                Wake::Message(message) => self.on_messages(message),
                Wake::Deadline => {
                    self.deadline = None;
                    self.app.handle_input(now(), Input::Timeout);
                }
                Wake::Look => self.look_at_addresses(),
                Wake::Signal => self.quit(),
            }
            self.drain();
            self.tell_events();
        }
        self.webhooks.finish();
        self.hooks.finish();
        match self.failure.take() {
            Some(failure) => Err(anyhow::Error::msg(failure)),
            None => Ok(()),
        }
    }

    async fn wake(
        &mut self,
        sleep: &mut Pin<Box<Sleep>>,
        buffer: &mut [u8],
        terminate: &mut Signal,
        interrupt: &mut Signal,
    ) -> Wake {
        if let Some(deadline) = self.deadline {
            sleep.as_mut().reset(deadline.into());
        }
        let udp = &self.udp;
        tokio::select! {
            biased;
            received = poll_fn(|context| udp.poll_recv(context, buffer)) => Wake::Datagram(received),
            message = self.messages.recv() => Wake::Message(message),
            () = sleep, if self.deadline.is_some() => Wake::Deadline,
            () = self.addresses.tick() => Wake::Look,
            _ = terminate.recv() => Wake::Signal,
            _ = interrupt.recv() => Wake::Signal,
        }
    }

    fn look_at_addresses(&mut self) {
        if let Some(gone) = self.addresses.changed(self.app.local_addresses()) {
            self.udp.forget_routes();
            self.app.handle_input(now(), Input::Addresses { gone });
        }
    }

    fn on_datagrams(
        &mut self,
        first: io::Result<(SocketAddr, SocketAddr, usize)>,
        buffer: &mut [u8],
    ) {
        // An error is an ICMP answer to something sent before; the transaction's timer knows.
        let mut next = first.ok();
        for turn in 1..=TURN {
            let Some((local, source, length)) = next else {
                return;
            };
            let now = now();
            let local = self.udp.concrete(now.instant, local, source);
            let bytes = buffer.get(..length).unwrap_or_default();
            self.app.handle_input(
                now,
                Input::Datagram {
                    local,
                    source,
                    bytes,
                },
            );
            self.drain();
            // What is taken out of the socket has to be dealt with.
            next = match turn < TURN {
                true => self.udp.try_recv(buffer),
                false => None,
            };
        }
    }

    fn on_messages(&mut self, first: Option<Message>) {
        let mut next = first;
        for _ in 0..TURN {
            let Some(message) = next else { return };
            self.on_message(message);
            self.drain();
            next = self.messages.try_recv().ok();
        }
        if let Some(message) = next {
            self.on_message(message);
        }
    }

    fn on_message(&mut self, message: Message) {
        let now = now();
        match message {
            Message::Media(event) => self.app.handle_input(now, Input::Media(event)),
            Message::Headset(news) => self.app.handle_input(now, Input::Headset(news)),
            Message::Stored(reply) => self.app.handle_input(now, Input::Stored(reply)),
            Message::Recorded => self.analyst.look(),
            Message::Sourced(answer) => self.app.handle_input(now, Input::Sourced(answer)),
            Message::StoreOpened(Ok(store)) => {
                let _ = self.store_cell.set(store.clone());
                self.store.open(store);
                self.contacts.begin(self.profile.database());
                self.analyst.begin(&self.profile);
                self.webhooks.begin(self.profile.database());
            }
            Message::StoreOpened(Err(error)) => {
                self.failure = Some(error.clone());
                self.app
                    .handle_input(now, Input::Notice(NoticeKind::Store, error));
                self.quit();
            }
            Message::Recovered(record, recordings) => {
                self.store.submit(StoreCommand::CloseCall {
                    record,
                    recordings,
                    flight: None,
                    // Its row was closed, and its caller looked after, when the store was opened.
                    tasks: None,
                });
            }
            Message::Accepted(transport, stream, peer) => {
                self.on_accepted(now, transport, stream, peer);
            }
            Message::Tcp(connection, event) => self.on_tcp(now, connection, event),
            Message::Resolved(query, answer) => self.resolved(query, answer),
            Message::Password(aor, whose, found) => {
                let input = Input::Password {
                    aor: &aor,
                    whose,
                    found,
                };
                self.app.handle_input(now, input);
            }
            Message::Gather(command) => self.media.send(command),
            Message::Command(command, answer) => self.on_command(now, command, answer),
            Message::Watch(watcher) => {
                self.watcher = Some(watcher);
                self.app.handle_input(now, Input::Watch(true));
            }
            Message::Tariffs(tariffs) => self.app.handle_input(now, Input::Tariffs(tariffs)),
            Message::Tell(body) => self.app.handle_input(now, Input::Tell(body)),
            Message::Notice(kind, text) => self.app.handle_input(now, Input::Notice(kind, text)),
        }
    }

    fn on_command(&mut self, now: Now, command: Command, answer: Answer) {
        self.last_request += 1;
        let request = RequestId(self.last_request);
        self.answers.insert(request, answer);
        if let Command::SetSettings(settings) = &command {
            self.note_settings(settings);
        }
        self.app
            .handle_input(now, Input::Command { request, command });
    }

    fn quit(&mut self) {
        self.on_command(now(), Command::Quit, Box::new(|_| {}));
    }

    fn on_accepted(
        &mut self,
        now: Now,
        transport: Transport,
        stream: tokio::net::TcpStream,
        peer: SocketAddr,
    ) {
        let Ok(local) = stream.local_addr() else {
            return;
        };
        if !self.connections.welcomes(peer.ip()) {
            return;
        }
        let connection = self.app.new_connection();
        let acceptor = self
            .acceptor
            .clone()
            .filter(|_| transport == Transport::Tls);
        self.connections
            .accept(connection, stream, (local, peer), acceptor);
        // One that is to be secret is told of when it is.
        if transport == Transport::Tcp {
            let event = StreamEvent::Accepted {
                transport,
                local,
                peer,
            };
            self.on_stream(now, connection, Some(local), event);
        }
    }

    fn on_stream(
        &mut self,
        now: Now,
        connection: ConnectionId,
        local: Option<SocketAddr>,
        event: StreamEvent<'_>,
    ) {
        let input = Input::Stream {
            connection,
            local,
            event,
        };
        self.app.handle_input(now, input);
    }

    fn on_tcp(&mut self, now: Now, connection: ConnectionId, event: TcpEvent) {
        let local = self.connections.local(connection);
        match event {
            TcpEvent::Connected { local, peer } => {
                self.connections.connected(connection, local);
                let event = StreamEvent::Connected { local, peer };
                self.on_stream(now, connection, Some(local), event);
            }
            TcpEvent::Secured { peer } => {
                if let Some(local) = local {
                    let event = StreamEvent::Accepted {
                        transport: Transport::Tls,
                        local,
                        peer,
                    };
                    self.on_stream(now, connection, Some(local), event);
                }
            }
            TcpEvent::Data(bytes, _permit) => {
                self.on_stream(now, connection, local, StreamEvent::Data(&bytes));
            }
            TcpEvent::Refused(why) => {
                self.connections.cut(connection);
                self.on_stream(now, connection, local, StreamEvent::Refused(&why));
            }
            TcpEvent::Closed => {
                self.connections.cut(connection);
                self.on_stream(now, connection, local, StreamEvent::Closed);
            }
        }
    }

    /// Does everything the phone wants done, and what that leads to.
    fn drain(&mut self) {
        loop {
            match self.app.poll_output() {
                Output::Transmit(transmit) => self.transmit(transmit),
                Output::Effect(effect) => self.carry_out(effect),
                Output::Event(event) => self.untold.push(event),
                Output::Reply { request, answer } => {
                    // Whoever asked is told what it led to first.
                    self.tell_events();
                    if let Some(waiting) = self.answers.remove(&request) {
                        waiting(answer);
                    }
                }
                Output::View(view) => {
                    if let Some(watcher) = &self.watcher {
                        watcher(view);
                    }
                }
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    if !self.tell_losses() {
                        return;
                    }
                }
            }
        }
    }

    /// Tells the phone of sends that failed; false where there were none.
    fn tell_losses(&mut self) -> bool {
        if self.failed.is_empty() && self.lost.is_empty() {
            return false;
        }
        let now = now();
        for remote in std::mem::take(&mut self.failed) {
            self.app.handle_input(now, Input::TransmitError { remote });
        }
        for connection in std::mem::take(&mut self.lost) {
            self.on_stream(now, connection, None, StreamEvent::Closed);
        }
        true
    }
}

fn now() -> Now {
    Now {
        instant: Instant::now(),
        wall: Timestamp::now(),
    }
}

/// Listens for TLS where a certificate is set, and only there.
fn listen_tls(sip: &Sip, inbox: &Inbox) -> anyhow::Result<(Option<TlsAcceptor>, Vec<SocketAddr>)> {
    let Some((certificate, key)) = tls::own_certificate(sip) else {
        return Ok((None, Vec::new()));
    };
    let acceptor = tls::acceptor(&certificate, &key)?;
    let bound = tcp::listen(Transport::Tls, &sip.bind, sip.tls_port, inbox)
        .with_context(|| port_trouble("TLS", "tls_port", sip.tls_port))?;
    Ok((Some(acceptor), bound))
}

fn port_trouble(protocol: &str, key: &str, port: u16) -> String {
    tr!(
        "{protocol} port {port} cannot be used; set [sip] {key} in settings.toml, 0 for any free port",
        protocol = protocol,
        port = port,
        key = key
    )
}
