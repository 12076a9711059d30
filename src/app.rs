//! The whole program as one pure machine: inputs and the time go in, outputs come out.
//!
//! After every [`App::handle_input`] drain [`App::poll_output`] until it returns
//! [`Output::Timeout`], and come back with [`Input::Timeout`] at that instant.

use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringbook_media::engine::{MediaCommand, MediaEvent};
use ringbook_sip::resolve::{Answer, ResolveError};
use ringbook_sip::user_agent::{ConnectionId, QueryId, StreamEvent, Transmit, Transport};

use crate::automation::{Body, Event, NoticeKind, Ready};
use crate::headset::News;
pub use crate::model::RequestId;
use crate::model::{CallId, SourceAnswer};
use crate::now::Now;
use crate::phone::command::{Command, CommandError, Reply};
use crate::phone::effect::Effect;
use crate::phone::view::View;
use crate::phone::{Phone, PhoneConfig, PhoneOutput};
use crate::settings::Whose;
use crate::store::StoreReply;
use crate::tariffs::Tariffs;

/// The whole of a clean end may take this long; a silent registrar does not keep anybody waiting.
const END: Duration = Duration::from_millis(2500);
/// Calls whose end nobody has confirmed by then are written down as they stand.
const ABANDON: Duration = Duration::from_millis(2000);

/// A stimulus.
#[derive(Debug)]
pub enum Input<'a> {
    /// The sockets are bound: begin.
    Start(Ready),
    /// A datagram.
    Datagram {
        /// Where it arrived, with a concrete address.
        local: SocketAddr,
        /// Where it came from.
        source: SocketAddr,
        /// Its octets.
        bytes: &'a [u8],
    },
    /// Something happened on a connection.
    Stream {
        /// The connection.
        connection: ConnectionId,
        /// Our end of it, where it is known.
        local: Option<SocketAddr>,
        /// What.
        event: StreamEvent<'a>,
    },
    /// A name was resolved.
    Resolved {
        /// Which.
        query: QueryId,
        /// What DNS said.
        answer: Result<Answer, ResolveError>,
    },
    /// A datagram could not be sent.
    TransmitError {
        /// To whom.
        remote: SocketAddr,
    },
    /// The computer's addresses have changed.
    Addresses {
        /// Those of [`App::local_addresses`] that it has no more.
        gone: Vec<IpAddr>,
    },
    /// A password of a line was found, or why not.
    Password {
        /// The line.
        aor: &'a str,
        /// For which of its servers.
        whose: Whose,
        /// The password.
        found: Result<String, String>,
    },
    /// The ports for a call's sound are bound.
    MediaBound {
        /// The call.
        call: CallId,
        /// RTP and RTCP.
        result: Result<(u16, u16), std::io::ErrorKind>,
        /// The SHA-256 of our certificate for agreeing on keys.
        fingerprint: Option<[u8; 32]>,
    },
    /// The media thread told something.
    Media(MediaEvent),
    /// Something happened to the headsets with buttons.
    Headset(News),
    /// The store answered.
    Stored(StoreReply),
    /// A source outside the store answered.
    Sourced(SourceAnswer),
    /// What calls cost has changed.
    Tariffs(Tariffs),
    /// Something outside went wrong or right again.
    Notice(NoticeKind, String),
    /// Something happened that only scripts are told.
    Tell(Body),
    /// A person or a script asks for something.
    Command {
        /// For the answer.
        request: RequestId,
        /// What.
        command: Command,
    },
    /// Whether somebody looks: without anybody no views are made.
    Watch(bool),
    /// Time has passed.
    Timeout,
}

/// Something for the world.
#[derive(Debug)]
pub enum Output {
    /// Send this.
    Transmit(Transmit),
    /// Do this.
    Effect(Effect),
    /// Tell this.
    Event(Event),
    /// The answer to a command.
    Reply {
        /// Which.
        request: RequestId,
        /// The answer.
        answer: Result<Reply, CommandError>,
    },
    /// Show this.
    View(Arc<View>),
    /// Nothing more to do until then.
    Timeout(Option<Instant>),
}

/// The program's machine.
pub struct App {
    phone: Phone,
    replies: VecDeque<Output>,
    watched: bool,
    shown: Option<Arc<View>>,
    /// When a clean end that has begun must be over.
    end_by: Option<Instant>,
    /// When calls that are still closing are given up.
    abandon_at: Option<Instant>,
    ended: bool,
    now: Option<Instant>,
    /// Where the REST API is served.
    api: Vec<SocketAddr>,
}

impl App {
    /// An app that waits for [`Input::Start`].
    pub fn new(config: PhoneConfig) -> Self {
        Self {
            phone: Phone::new(config),
            replies: VecDeque::new(),
            watched: false,
            shown: None,
            end_by: None,
            abandon_at: None,
            ended: false,
            now: None,
            api: Vec::new(),
        }
    }

    /// An id for a connection that is about to be reported as accepted.
    pub fn new_connection(&mut self) -> ConnectionId {
        self.phone.user_agent().new_connection()
    }

    /// Takes one stimulus.
    pub fn handle_input(&mut self, now: Now, input: Input<'_>) {
        self.now = Some(now.instant);
        match input {
            Input::Start(ready) => self.start(now, ready),
            Input::Datagram {
                local,
                source,
                bytes,
            } => {
                self.phone.set_arrival(Some(local));
                self.phone
                    .user_agent()
                    .handle_datagram(now.instant, local, source, bytes);
                self.phone.pump(now);
            }
            Input::Stream {
                connection,
                local,
                event,
            } => {
                self.phone.set_arrival(local);
                self.phone.note_stream(connection, &event);
                self.phone
                    .user_agent()
                    .handle_stream(now.instant, connection, event);
                self.phone.pump(now);
            }
            Input::Resolved { query, answer } => {
                self.phone.note_answer(query, &answer);
                self.phone
                    .user_agent()
                    .handle_resolved(now.instant, query, answer);
                self.phone.pump(now);
            }
            Input::TransmitError { remote } => {
                self.phone
                    .user_agent()
                    .handle_transmit_error(now.instant, remote);
                self.phone.pump(now);
            }
            Input::Addresses { gone } => {
                self.phone.user_agent().handle_addresses(now.instant, &gone);
                self.phone.pump(now);
            }
            Input::Password { aor, whose, found } => {
                self.phone.handle_password(now, aor, whose, found);
            }
            Input::MediaBound {
                call,
                result,
                fingerprint,
            } => self
                .phone
                .handle_media_bound(now, call, result, fingerprint),
            Input::Media(event) => self.phone.handle_media(now, event),
            Input::Headset(news) => self.phone.handle_headset(now, news),
            Input::Stored(reply) => self.phone.handle_stored(now, &reply),
            Input::Sourced(answer) => self.phone.handle_sourced(now, answer),
            Input::Tariffs(tariffs) => self.phone.set_tariffs(tariffs),
            Input::Notice(kind, text) => self.phone.notice(now, kind, text),
            Input::Tell(body) => self.phone.event(now, body),
            Input::Command { request, command } => self.command(now, request, command),
            Input::Watch(on) => self.watch(on),
            Input::Timeout => self.phone.handle_timeout(now),
        }
        self.end_if_due(now);
    }

    /// The addresses of this computer that something stands on.
    pub fn local_addresses(&mut self) -> BTreeSet<IpAddr> {
        self.phone.user_agent().local_addresses()
    }

    fn start(&mut self, now: Now, ready: Ready) {
        let bound = [
            (Transport::Udp, &ready.udp),
            (Transport::Tcp, &ready.tcp),
            (Transport::Tls, &ready.tls),
        ];
        for (transport, addresses) in bound {
            for &address in addresses {
                self.phone.user_agent().add_listener(transport, address);
            }
        }
        self.api.clone_from(&ready.api);
        self.phone.start(now);
        self.phone.event(now, Body::Ready(ready));
    }

    fn command(&mut self, now: Now, request: RequestId, command: Command) {
        if command == Command::Quit && self.end_by.is_none() {
            self.end_by = Some(now.instant + END);
            self.abandon_at = Some(now.instant + ABANDON);
        }
        let mut answer = self.phone.handle_command(now, request, command);
        if let Some(Ok(Reply::Status(status))) = &mut answer {
            status.api.clone_from(&self.api);
        }
        let reply = answer.map(|answer| Output::Reply { request, answer });
        self.replies.extend(reply);
    }

    fn watch(&mut self, on: bool) {
        self.watched = on;
        self.shown = None;
        self.phone.set_watched(on);
        let levels = MediaCommand::Levels { on };
        self.replies
            .push_back(Output::Effect(Effect::Media(levels)));
    }

    fn end_if_due(&mut self, now: Now) {
        if self.abandon_at.take_if(|at| *at <= now.instant).is_some() {
            self.phone.abandon(now);
        }
        let now = now.instant;
        let due = self
            .end_by
            .is_some_and(|end| end <= now || self.phone.is_quiet());
        if due && !std::mem::replace(&mut self.ended, true) {
            self.replies.push_back(Output::Effect(Effect::Exit));
        }
    }

    /// The next thing to do; drain until [`Output::Timeout`].
    pub fn poll_output(&mut self) -> Output {
        if let Some(output) = self.phone.poll_output() {
            return match output {
                PhoneOutput::Transmit(transmit) => Output::Transmit(transmit),
                PhoneOutput::Effect(effect) => Output::Effect(effect),
                PhoneOutput::Event(event) => Output::Event(event),
                PhoneOutput::Reply(request, answer) => Output::Reply { request, answer },
            };
        }
        if let Some(output) = self.replies.pop_front() {
            return output;
        }
        if self.watched && self.phone.take_changed() {
            let view = Arc::new(self.phone.view());
            if self.shown.as_ref() != Some(&view) {
                self.shown = Some(view.clone());
                return Output::View(view);
            }
        }
        let phone = self.now.and_then(|now| self.phone.next_timeout(now));
        let end = self.end_by.filter(|_| !self.ended);
        let due = [phone, self.abandon_at, end];
        Output::Timeout(due.into_iter().flatten().min())
    }
}
