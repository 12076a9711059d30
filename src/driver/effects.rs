//! What the phone wants done, done. Nothing here waits.

use std::collections::HashMap;
use std::net::UdpSocket;
use std::sync::Arc;

use ringbook_media::dtls::Certificate;
use ringbook_media::engine::{
    Engine, EngineConfig, MediaCommand, MediaEvent, StreamId, bind_rtp_pair,
};
use ringbook_sip::resolve::{Answer, Question, ResolveError};
use ringbook_sip::user_agent::{QueryId, Transmit, Transport};

use super::message::{Inbox, Message};
use super::ringtones::Ringtones;
use super::{Driver, password, recovery, resolve};
use crate::app::Input;
use crate::automation::NoticeKind;
use crate::model::CallId;
use crate::phone::effect::Effect;
use crate::settings::Settings;
use crate::store::{StoreCommand, StoreHandle, StoreReply};
use crate::tr;

/// The media thread, started when the first call needs it.
pub(super) struct MediaThread {
    engine: Option<Engine>,
    config: EngineConfig,
    ringtones: Ringtones,
    inbox: Inbox,
    /// For agreeing on keys by DTLS: made for the first call.
    certificate: Option<Arc<Certificate>>,
    /// Bound, and not with the engine yet.
    ports: HashMap<CallId, (UdpSocket, UdpSocket)>,
}

impl MediaThread {
    pub fn new(settings: &Settings, seed: u64, inbox: Inbox) -> anyhow::Result<Self> {
        let audio = &settings.audio;
        let config = EngineConfig {
            devices: audio.devices()?,
            voice: audio.voice,
            // RFC 7022 §4.2: short-term persistent, says nothing about the person.
            cname: format!("{seed:016x}"),
            seed,
        };
        Ok(Self {
            engine: None,
            config,
            ringtones: Ringtones::new(settings, inbox.clone()),
            inbox,
            certificate: None,
            ports: HashMap::new(),
        })
    }

    /// Hands a command to the engine, starting it where it has something to do.
    pub fn send(&mut self, command: MediaCommand) {
        if self.engine.is_none() && needs_no_engine(&command) {
            return self.note(&command);
        }
        if self.engine.is_none() {
            let inbox = self.inbox.clone();
            let events = Box::new(move |event| inbox.put(Message::Media(event)));
            match Engine::start(self.config.clone(), events) {
                Ok(engine) => self.engine = Some(engine),
                Err(error) => {
                    let text = tr!("The sound cannot start: {error}", error = error);
                    self.inbox.put(Message::Notice(NoticeKind::Audio, text));
                }
            }
        }
        self.note(&command);
        match (&self.engine, command) {
            (Some(engine), command) => engine.handle().send(command),
            // A call that waits for its candidates goes on without.
            (None, MediaCommand::Gather { stream, .. }) => {
                let candidates = Vec::new();
                let none = MediaEvent::Gathered { stream, candidates };
                self.inbox.put(Message::Media(none));
            }
            (None, _) => {}
        }
    }

    /// An engine that starts later starts with what was set before.
    fn note(&mut self, command: &MediaCommand) {
        match command {
            MediaCommand::SetDevices(devices) => self.config.devices.clone_from(devices),
            MediaCommand::SetVoice(voice) => self.config.voice = *voice,
            _ => {}
        }
    }

    /// The certificate of this run; none where the system gives no keys, and calls do without.
    fn certificate(&mut self) -> Option<Arc<Certificate>> {
        if self.certificate.is_none() {
            self.certificate = Certificate::generate().ok().map(Arc::new);
        }
        self.certificate.clone()
    }

    fn open(&mut self, call: CallId, stream: StreamId) {
        if let Some((rtp, rtcp)) = self.ports.remove(&call) {
            let certificate = self.certificate();
            self.send(MediaCommand::Open {
                stream,
                rtp,
                rtcp,
                certificate,
            });
        }
    }
}

/// Orders that mean nothing to an engine without calls.
fn needs_no_engine(command: &MediaCommand) -> bool {
    matches!(
        command,
        MediaCommand::Focus(_)
            | MediaCommand::Levels { on: false }
            | MediaCommand::EchoTest { on: false }
            | MediaCommand::SetDevices(_)
            | MediaCommand::SetVoice(_)
            | MediaCommand::Tone { tone: None, .. }
            | MediaCommand::Close { .. }
    )
}

/// The store: what it is asked before it is open waits.
pub(super) struct StoreDoor {
    store: Option<StoreHandle>,
    waiting: Vec<StoreCommand>,
    inbox: Inbox,
}

impl StoreDoor {
    pub fn new(inbox: Inbox) -> Self {
        Self {
            store: None,
            waiting: Vec::new(),
            inbox,
        }
    }

    /// The store is open: what waited goes in.
    pub fn open(&mut self, store: StoreHandle) {
        self.store = Some(store);
        for command in std::mem::take(&mut self.waiting) {
            self.submit(command);
        }
    }

    pub fn submit(&mut self, command: StoreCommand) {
        let Some(store) = &self.store else {
            return self.waiting.push(command);
        };
        let inbox = self.inbox.clone();
        let is_lookup = matches!(
            command,
            StoreCommand::FindCaller { .. } | StoreCommand::RegisterCaller { .. }
        );
        let has_recordings = matches!(
            &command,
            StoreCommand::CloseCall { recordings, .. } if !recordings.is_empty()
        );
        store.submit(command, move |reply| match reply {
            // A caller who could not be looked up is an unknown one.
            StoreReply::Failed { call, error } if is_lookup => {
                let text = tr!("The caller could not be looked up: {error}", error = error);
                inbox.put(Message::Notice(NoticeKind::Store, text));
                inbox.put(Message::Stored(StoreReply::Caller {
                    call,
                    found: None,
                    layout: None,
                }));
            }
            reply => {
                let is_written = matches!(reply, StoreReply::Done { .. });
                inbox.put(Message::Stored(reply));
                if has_recordings && is_written {
                    inbox.put(Message::Recorded);
                }
            }
        });
    }
}

impl Driver {
    /// Tells what happened in a turn of the loop: waking whoever prints it costs more than printing.
    pub(super) fn tell_events(&mut self) {
        if !self.untold.is_empty() {
            (self.events)(&self.untold);
            self.webhooks.tell(&self.untold);
            self.hooks.tell(&self.untold);
            self.untold.clear();
        }
    }

    pub(super) fn transmit(&mut self, transmit: Transmit) {
        let Transmit {
            transport,
            local,
            remote,
            connection,
            bytes,
        } = transmit;
        match (transport, connection) {
            (Transport::Udp, _) => {
                if self.udp.send(local, remote, &bytes).is_err() {
                    self.failed.push(remote);
                }
            }
            (_, Some(connection)) => {
                if !self.connections.send(connection, bytes) {
                    self.connections.cut(connection);
                    self.lost.push(connection);
                }
            }
            (_, None) => self.failed.push(remote),
        }
    }

    pub(super) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Connect {
                connection,
                remote,
                identity,
                ..
            } => self.connections.connect(connection, remote, identity),
            Effect::CloseConnection(connection) => self.connections.close(connection),
            Effect::Resolve { query, question } => self.resolve(query, question),
            Effect::FindPassword { aor, whose, place } => {
                password::find((aor, whose), place, self.inbox.clone());
            }
            Effect::Gather { stream, gathering } => self.gather(stream, *gathering),
            Effect::Store(mut command) => {
                if let StoreCommand::CloseCall { recordings, .. } = &mut command {
                    recovery::fill_sizes(&self.profile.recordings(), recordings);
                }
                self.store.submit(command);
            }
            Effect::AskSource {
                call,
                source,
                facts,
            } => self.sources.ask(call, source, facts),
            Effect::BindMedia { call, ip } => self.bind_media(call, ip),
            Effect::OpenMedia { call, stream } => self.media.open(call, stream),
            Effect::ReleaseMedia(call) => drop(self.media.ports.remove(&call)),
            Effect::Media(command) => self.media.send(command),
            Effect::Headset(lamps) => self.headsets.show(lamps),
            Effect::Exit => self.ended = true,
        }
    }

    fn bind_media(&mut self, call: CallId, ip: std::net::IpAddr) {
        let bound = bind_rtp_pair(ip, self.rtp_ports.clone()).and_then(|(rtp, rtcp)| {
            let ports = (rtp.local_addr()?.port(), rtcp.local_addr()?.port());
            self.media.ports.insert(call, (rtp, rtcp));
            Ok(ports)
        });
        let result = bound.map_err(|error| error.kind());
        let certificate = self.media.certificate();
        let input = Input::MediaBound {
            call,
            result,
            fingerprint: certificate.map(|certificate| certificate.fingerprint()),
        };
        self.app.handle_input(super::now(), input);
    }

    fn resolve(&mut self, query: QueryId, question: Question) {
        if let Question::Source(remote) = question {
            let source = self.udp.source(super::now().instant, remote);
            let answer = source.map(|ip| resolve::addresses(vec![ip]));
            return self.resolved(query, answer.ok_or(ResolveError::NotFound));
        }
        match resolve::answer_at_once(&question) {
            Some(answer) => self.resolved(query, answer),
            None => resolve::ask(query, question, self.dns, self.inbox.clone()),
        }
    }

    pub(super) fn resolved(&mut self, query: QueryId, answer: Result<Answer, ResolveError>) {
        self.app
            .handle_input(super::now(), Input::Resolved { query, answer });
    }

    /// Takes over settings that the driver itself goes by.
    pub(super) fn note_settings(&mut self, settings: &Settings) {
        self.rtp_ports = settings.media.rtp_ports.clone();
        self.dns.server = settings.sip.dns;
        self.contacts.set(&settings.carddav);
        self.webhooks.set(&settings.webhooks);
        self.hooks.set(&settings.hooks);
        self.headsets.set(settings.audio.headset_buttons);
        self.media.ringtones.set(settings);
    }
}
