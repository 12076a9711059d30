//! All calls of the media thread, and who is connected to the microphone and the loudspeaker.

use std::{
    net::UdpSocket,
    ops::ControlFlow,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    EngineConfig, Events, MediaCommand, MediaEvent, RecordingState, StreamId, ToneTarget,
    bells::{Bells, RingSound},
    bridge::{Bridge, Voice},
    devices::{Devices, Need},
    echo_test::{self, EchoTest},
    input::Input,
    line::{Line, Room, Scratch, Speaking},
    output::Output,
    own_voice::OwnVoice,
    patch::Patch,
    socket::{Moment, Socket},
};
use crate::{
    device::{DeviceRole, DeviceSettings},
    dtls::Certificate,
    ice::IceConfig,
    mixer,
    recorder::{
        Recorder, RecordingError, RecordingFormat, RecordingRequest, Report, recording_rate,
    },
    stream::{Stream, StreamConfig},
    tone::{Tone, ToneGenerator},
};

/// The rate of the loudspeaker and the bell when no call gives one, in Hz.
const TONE_RATE: u32 = echo_test::RATE;

/// What commands work on.
pub struct Switchboard {
    lines: Vec<Line>,
    focus: Option<StreamId>,
    bridge: Bridge,
    patches: Vec<Patch>,
    input: Input,
    output: Output,
    bells: Bells,
    own_voice: OwnVoice,
    /// What plays on the loudspeaker.
    tone: Option<ToneGenerator>,
    /// A brief tone that goes over it.
    beep: Option<ToneGenerator>,
    /// Somebody hears themselves.
    echo_test: Option<EchoTest>,
    levels: bool,
    scratch: Scratch,
    loudspeaker: Vec<f32>,
    microphone: Vec<f32>,
    devices: Devices,
    recorder: Recorder,
    events: Events,
    cname: String,
    seed: u64,
}

impl Switchboard {
    /// A switchboard without calls.
    pub fn new(config: EngineConfig, devices: Devices, recorder: Recorder, events: Events) -> Self {
        let mut board = Self {
            lines: Vec::new(),
            focus: None,
            bridge: Bridge::default(),
            patches: Vec::new(),
            input: Input::Silence,
            output: Output::Null,
            bells: Bells::default(),
            own_voice: OwnVoice::new(config.voice),
            tone: None,
            beep: None,
            echo_test: None,
            levels: false,
            scratch: Scratch::default(),
            loudspeaker: Vec::new(),
            microphone: Vec::new(),
            devices,
            recorder,
            events,
            cname: config.cname,
            seed: config.seed,
        };
        board.set_devices(config.devices);
        board.update_devices();
        board
    }

    /// Whether there is nothing to do until the next command.
    pub fn is_idle(&self) -> bool {
        let is_quiet = self.tone.is_none()
            && self.beep.is_none()
            && !self.bells.is_ringing()
            && !self.is_tried();
        self.lines.is_empty() && is_quiet
    }

    /// How many lines have been configured.
    pub fn running(&self) -> usize {
        self.lines.iter().filter(|line| line.is_running()).count()
    }

    /// Does what a command says; breaks on [`MediaCommand::Shutdown`].
    pub fn handle(&mut self, now: Instant, command: MediaCommand) -> ControlFlow<()> {
        match command {
            MediaCommand::Open {
                stream,
                rtp,
                rtcp,
                certificate,
            } => self.open(now, stream, (rtp, rtcp), certificate),
            MediaCommand::Gather { stream, config } => self.gather(now, stream, *config),
            MediaCommand::Configure { stream, config } => self.configure(now, stream, config),
            MediaCommand::Focus(stream) => self.focus = stream,
            MediaCommand::Join(streams) => self.bridge.join(streams),
            MediaCommand::Patch(streams) => self.patch(streams),
            MediaCommand::Mute { stream, on } => self.on_line(stream, |line| line.mute(on)),
            MediaCommand::Hold { stream, on } => self.on_line(stream, |line| line.hold(now, on)),
            MediaCommand::Digits { stream, digits } => {
                self.on_line(stream, |line| line.digits(&digits))
            }
            MediaCommand::RecordStart {
                stream,
                file,
                format,
            } => self.record(stream, file, format),
            MediaCommand::RecordPause { stream } => self.pause(stream, true),
            MediaCommand::RecordResume { stream } => self.pause(stream, false),
            MediaCommand::RecordStop { stream } => {
                self.on_line(stream, |line| *line.recording() = None)
            }
            MediaCommand::Tone { to, tone } => self.play(to, tone),
            MediaCommand::RingFile { file, otherwise } => {
                self.bells.ring(Some(RingSound::File { file, otherwise }));
            }
            MediaCommand::Close { stream } => {
                self.close(now, stream);
                // Whoever is left of two that were connected must not hear the room here.
                let lines = &self.lines;
                self.patches.retain(|patch| {
                    !patch.has(stream) || lines.iter().any(|line| patch.has(line.id()))
                });
            }
            MediaCommand::Levels { on } => self.levels = on,
            MediaCommand::EchoTest { on } => {
                self.own_voice.stop_calibrating(&self.events);
                self.echo_test = on.then(EchoTest::new);
            }
            MediaCommand::SetDevices(settings) => self.set_devices(settings),
            MediaCommand::SetVoice(settings) => self.own_voice.configure(settings),
            MediaCommand::Calibrate if self.lines.is_empty() && self.echo_test.is_none() => {
                self.own_voice.calibrate();
            }
            MediaCommand::Calibrate => (self.events)(MediaEvent::Calibrated(None)),
            MediaCommand::Shutdown => return ControlFlow::Break(()),
        }
        self.update_devices();
        ControlFlow::Continue(())
    }

    fn on_line(&mut self, stream: StreamId, act: impl FnOnce(&mut Line)) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.id() == stream) {
            act(line);
        }
    }

    fn open(
        &mut self,
        now: Instant,
        stream: StreamId,
        (rtp, rtcp): (UdpSocket, UdpSocket),
        certificate: Option<Arc<Certificate>>,
    ) {
        self.close(now, stream);
        self.own_voice.stop_calibrating(&self.events);
        if self.echo_test.take().is_some() {
            (self.events)(MediaEvent::EchoTest { levels: None });
        }
        // A socket that would block stops all calls: better none.
        let (Ok(rtp), Ok(rtcp)) = (Socket::new(rtp, now), Socket::new(rtcp, now)) else {
            return;
        };
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mut audio = Stream::new(self.seed, self.cname.clone());
        if let Some(certificate) = certificate {
            audio.set_certificate(certificate);
        }
        self.lines.push(Line::new(stream, audio, rtp, rtcp, now));
    }

    fn patch(&mut self, streams: [StreamId; 2]) {
        for stream in streams {
            self.unplug(stream);
        }
        self.patches.push(Patch::new(streams));
    }

    fn unplug(&mut self, stream: StreamId) {
        self.patches.retain(|patch| !patch.has(stream));
    }

    fn gather(&mut self, now: Instant, stream: StreamId, config: IceConfig) {
        let events = self.events.clone();
        self.on_line(stream, |line| line.gather(now, config, &events));
    }

    fn configure(&mut self, now: Instant, stream: StreamId, config: StreamConfig) {
        let Some(line) = self.lines.iter_mut().find(|line| line.id() == stream) else {
            return;
        };
        let is_patched = self.patches.iter().any(|patch| patch.has(stream));
        let room = Room {
            input: if is_patched {
                &Input::Silence
            } else {
                &self.input
            },
            microphone: None,
            others: None,
            levels: self.levels,
            events: &self.events,
        };
        if let Err(error) = line.configure(now, config, &room, &mut self.scratch) {
            (self.events)(MediaEvent::Refused { stream, error });
        }
    }

    fn record(&mut self, stream: StreamId, file: PathBuf, format: RecordingFormat) {
        let line = self.lines.iter_mut().find(|line| line.id() == stream);
        let refused = match line.map(|line| (line.is_running(), line.rate(), line.recording())) {
            None => RecordingError::NoStream,
            Some((_, _, Some(_))) => RecordingError::AlreadyRecording,
            Some((running, rate, recording)) => {
                let rate = recording_rate(if running { rate } else { TONE_RATE });
                let request =
                    recording_request(stream, file.clone(), format, rate, self.events.clone());
                *recording = self.recorder.record(request).map(|tap| (tap, file));
                return;
            }
        };
        let state = RecordingState::Failed {
            error: refused,
            saved: None,
        };
        (self.events)(MediaEvent::Recording {
            stream,
            state,
            file,
        });
    }

    fn pause(&mut self, stream: StreamId, on: bool) {
        let Some(line) = self.lines.iter_mut().find(|line| line.id() == stream) else {
            return;
        };
        if let Some((tap, file)) = line.recording() {
            tap.pause(on);
            let state = if on {
                RecordingState::Paused
            } else {
                RecordingState::Resumed
            };
            (self.events)(MediaEvent::Recording {
                stream,
                state,
                file: file.clone(),
            });
        }
    }

    fn play(&mut self, to: ToneTarget, tone: Option<Tone>) {
        match to {
            ToneTarget::Loudspeaker => match tone.map(|tone| (tone.is_brief(), tone)) {
                Some((true, tone)) => self.beep = Some(ToneGenerator::new(tone)),
                Some((false, tone)) => self.tone = Some(ToneGenerator::new(tone)),
                None => (self.tone, self.beep) = (None, None),
            },
            ToneTarget::Ring => self.bells.ring(tone.map(RingSound::Tone)),
            ToneTarget::Stream(stream) => self.on_line(stream, |line| line.play(tone)),
        }
    }

    fn close(&mut self, now: Instant, stream: StreamId) {
        if let Some(at) = self.lines.iter().position(|line| line.id() == stream) {
            self.lines.swap_remove(at).close(now, &self.events);
        }
    }

    fn set_devices(&mut self, settings: DeviceSettings) {
        // What stays the same stays open.
        let before = self.devices.settings();
        if before.input != settings.input {
            self.input = Input::new(&settings.input);
        }
        if before.output != settings.output {
            self.output = Output::new(&settings.output, DeviceRole::Output);
        }
        self.bells.configure(&settings);
        self.devices.set(settings);
    }

    /// Microphone and loudspeaker are tried, without a call.
    fn is_tried(&self) -> bool {
        self.echo_test.is_some() || self.own_voice.is_calibrating()
    }

    fn update_devices(&mut self) {
        let tried = self.is_tried();
        self.devices.update(Need {
            talk: self.running() > 0 || tried,
            hear: !self.lines.is_empty() || self.tone.is_some() || self.beep.is_some() || tried,
            ring: self.bells.is_ringing(),
            ringtone: self.bells.file(),
        });
    }

    /// How much earlier to tick so that packets wait less.
    pub fn take_advice(&mut self) -> Option<Duration> {
        self.scratch.headroom.take_advice()
    }

    /// Ticks were missed: only the recordings care.
    pub fn skip(&mut self, ticks: u32) {
        for line in &mut self.lines {
            line.skip(ticks);
        }
    }

    /// Serves all lines once.
    pub fn tick(&mut self, now: Instant) {
        while let Some((role, opened)) = self.devices.poll() {
            match role {
                DeviceRole::Input => self.input.take(opened),
                DeviceRole::Output => self.output.take(opened),
                role => self.bells.take(role, opened),
            }
        }
        let focused = self.hear(now);
        let is_over = |test: &mut EchoTest| focused.is_some() || test.is_over();
        if self.echo_test.take_if(is_over).is_some() {
            (self.events)(MediaEvent::EchoTest { levels: None });
            self.update_devices();
        }
        self.sound(focused);
    }

    /// Serves the lines; returns the rate of the line in focus, which is then in `self.loudspeaker`.
    fn hear(&mut self, now: Instant) -> Option<u32> {
        let focus = self.focus;
        let in_focus = |line: &Line| focus == Some(line.id()) && line.is_running();
        let focused = self
            .lines
            .iter()
            .find(|line| in_focus(line))
            .map(Line::rate);
        self.listen(focused);
        let moment = Moment::now();
        for line in &mut self.lines {
            line.hear(now, moment, &mut self.scratch);
        }
        let microphone = focused
            .map(|rate| Voice {
                rate,
                frame: &self.microphone,
            })
            .filter(|voice| !voice.frame.is_empty());
        let line_of = |stream| self.lines.iter().find(|line| line.id() == stream);
        let voice_of = |stream| line_of(stream).and_then(Line::shared_voice);
        self.bridge.mix(voice_of, self.focus, microphone);
        for patch in &mut self.patches {
            patch.carry(|stream| {
                line_of(stream)
                    .filter(|line| line.is_running())
                    .map(Line::voice)
            });
        }
        for line in &mut self.lines {
            let in_focus = in_focus(line);
            let shared = self.bridge.share(line.id());
            let own = microphone.filter(|_| in_focus).map(|voice| voice.frame);
            let mut patches = self.patches.iter();
            let patched = patches.find_map(|patch| patch.voice_for(line.id()));
            let room = Room {
                input: patched.map_or(&self.input, |_| &Input::Microphone(None)),
                microphone: patched
                    .or(own)
                    .or(shared.and_then(|share| share.microphone())),
                others: shared.map(|share| share.others()),
                levels: self.levels,
                events: &self.events,
            };
            line.speak(now, &room, &mut self.scratch);
            if in_focus {
                self.loudspeaker.clear();
                self.loudspeaker.extend_from_slice(line.voice().frame);
                if let Some(others) = room.others {
                    mixer::add(others, &mut self.loudspeaker);
                }
                if let Some(voice) = microphone {
                    let speaking = patched.map_or(line.speaking(), |_| Speaking::Apart);
                    self.own_voice
                        .listen((line.id(), speaking), voice, &self.events);
                }
            }
        }
        focused
    }

    /// Hears the microphone for the line in focus, or to measure it.
    fn listen(&mut self, focused: Option<u32>) {
        let talks = focused.or(self.echo_test.as_ref().map(|_| echo_test::RATE));
        self.input
            .listen(self.own_voice.rate(talks), &mut self.microphone);
        match talks.filter(|_| !self.microphone.is_empty()) {
            Some(rate) => self.own_voice.process(rate, &mut self.microphone),
            None if !self.input.is_open() => self.own_voice.rest(),
            None => {}
        }
    }

    /// Adds the tones to what is heard and plays it.
    fn sound(&mut self, focused: Option<u32>) {
        let rate = focused.unwrap_or(TONE_RATE);
        let mut sounds = focused.is_some();
        if !sounds {
            self.loudspeaker.clear();
            self.loudspeaker.resize(rate as usize / 50, 0.0);
        }
        if let Some(test) = &mut self.echo_test {
            let levels = test.run(&self.input, &self.microphone, &mut self.loudspeaker);
            if levels.is_some() {
                (self.events)(MediaEvent::EchoTest { levels });
            }
            sounds = true;
        }
        for tone in self.tone.iter_mut().chain(&mut self.beep) {
            tone.add_to(rate, &mut self.loudspeaker);
            sounds = true;
        }
        sounds |= self.bells.add_to_loudspeaker(rate, &mut self.loudspeaker);
        self.bells.sound(&self.recorder, &self.events);
        if self.own_voice.is_calibrating() {
            let (own, ear) = (&self.microphone, &mut self.loudspeaker);
            let plays = self.output.is_loud();
            // Its devices are closed as soon as it is over.
            if self.own_voice.measure(own, plays, ear, &self.events) {
                self.update_devices();
            }
            sounds = true;
        }
        // A file holds calls, not the tones between them.
        if sounds && (focused.is_some() || !self.output.is_file()) {
            mixer::limit(&mut self.loudspeaker);
            let talks = focused.is_some() || self.echo_test.is_some();
            if talks && !self.microphone.is_empty() {
                let is_loud = self.output.is_loud();
                self.own_voice.play(rate, is_loud, &mut self.loudspeaker);
            }
            self.output
                .write(rate, &self.loudspeaker, &self.recorder, &self.events);
        } else {
            self.output.rest();
        }
        self.end_sounds();
    }

    /// What has sounded to its end needs no device any more.
    fn end_sounds(&mut self) {
        let beeps = self.beep.is_some();
        self.beep.take_if(|beep| beep.is_over());
        if (beeps && self.beep.is_none()) || self.bells.has_just_ended() {
            self.update_devices();
        }
    }

    /// Ends all calls. Recordings are finished before this returns.
    pub fn shut_down(mut self, now: Instant) {
        for line in self.lines.drain(..) {
            line.close(now, &self.events);
        }
    }
}

fn recording_request(
    stream: StreamId,
    path: PathBuf,
    format: RecordingFormat,
    rate: u32,
    events: Events,
) -> RecordingRequest {
    let file = path.clone();
    let report = move |report| {
        let state = match report {
            Report::Started => RecordingState::Started,
            Report::Finished(finished) => RecordingState::Finished(finished),
            Report::Failed { error, saved } => RecordingState::Failed { error, saved },
        };
        events(MediaEvent::Recording {
            stream,
            state,
            file: file.clone(),
        });
    };
    RecordingRequest {
        path,
        format,
        channels: 2,
        rate,
        overwrite: false,
        report: Box::new(report),
    }
}
