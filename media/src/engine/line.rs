//! One call's audio on the media thread: sockets, stream, filters and the recorder's tap.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
    Events, MediaEvent, StreamId,
    bridge::Voice,
    input::{Input, Place},
    phase::Headroom,
    socket::{Moment, Reader, Socket},
};
use crate::{
    codec::CodecError,
    filter::{Fader, Meter},
    ice::IceConfig,
    mixer,
    recorder::Tap,
    stream::{Stream, StreamConfig, StreamEvent},
    tone::{Tone, ToneGenerator},
};

/// Ticks between looks into the RTCP socket: reports are rare, and their time of arrival is known.
const RTCP_TICKS: u64 = 8;
/// Ticks between statistics.
const STATS_TICKS: u64 = 50;
/// Ticks between levels.
const LEVEL_TICKS: u64 = 5;
/// Ticks between looks whether anything has come.
const WATCH_TICKS: u64 = 10;
/// After how long without a packet the phone is told, and what it is told, in seconds. A little early, so that
/// the notice is never late.
const NO_RTP: [(Duration, u32); 3] = [
    (Duration::from_millis(4_700), 5),
    (Duration::from_millis(29_700), 30),
    (Duration::from_millis(299_700), 300),
];

/// What all lines use, one after the other.
#[derive(Default)]
pub struct Scratch {
    /// What we say to the line on this tick.
    said: Vec<f32>,
    /// All that is heard in its conversation on this tick.
    far: Vec<f32>,
    reader: Reader,
    /// How much earlier packets could have been taken.
    pub headroom: Headroom,
}

/// What all lines see of the engine on one tick.
pub struct Room<'a> {
    /// What calls send.
    pub input: &'a Input,
    /// What the microphone heard, at the line's rate, for the line in focus and those joined with it.
    pub microphone: Option<&'a [f32]>,
    /// What the lines joined with this one hear, at its rate.
    pub others: Option<&'a [f32]>,
    /// Whether levels are reported.
    pub levels: bool,
    /// The phone's ear.
    pub events: &'a Events,
}

/// A call.
pub struct Line {
    id: StreamId,
    stream: Stream,
    rtp: Socket,
    rtcp: Socket,
    /// `None` before the first configuration.
    agreed: Option<Agreed>,
    place: Place,
    /// What it has heard on this tick.
    heard: Vec<f32>,
    held: bool,
    voice: Fader,
    tone: Option<ToneGenerator>,
    recording: Option<(Tap, PathBuf)>,
    meters: [Meter; 2],
    ticks: u64,
    quiet: Quiet,
}

/// What the configuration lets us do.
#[derive(Clone, Copy)]
struct Agreed {
    send: bool,
    receive: bool,
}

/// What a line does with the voice of the person here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaking {
    /// It goes out.
    Heard,
    /// It would, but the microphone is muted.
    Muted,
    /// It is not asked for: the line is on hold, only heard, or sends a tone.
    Apart,
}

/// How long nothing has come.
struct Quiet {
    since: Instant,
    packets: u64,
    told: usize,
}

impl Line {
    /// A line that is silent until configured.
    pub fn new(id: StreamId, stream: Stream, rtp: Socket, rtcp: Socket, now: Instant) -> Self {
        Self {
            id,
            stream,
            rtp,
            rtcp,
            agreed: None,
            place: Place::default(),
            heard: Vec::new(),
            held: false,
            voice: Fader::default(),
            tone: None,
            recording: None,
            meters: Default::default(),
            // Each line looks after its slower affairs on ticks of its own.
            ticks: id.0,
            quiet: Quiet {
                since: now,
                packets: 0,
                told: 0,
            },
        }
    }

    /// Its name.
    pub fn id(&self) -> StreamId {
        self.id
    }

    /// Whether it has been configured.
    pub fn is_running(&self) -> bool {
        self.agreed.is_some()
    }

    /// Samples a second of its frames.
    pub fn rate(&self) -> u32 {
        self.stream.sample_rate()
    }

    /// The 20 ms that the other side has said.
    pub fn voice(&self) -> Voice<'_> {
        Voice {
            rate: self.rate(),
            frame: &self.heard,
        }
    }

    /// What a conference gets of it: nothing while the other side holds us, since that is music.
    pub fn shared_voice(&self) -> Option<Voice<'_>> {
        let talks = self.agreed.is_some_and(|agreed| agreed.send);
        talks.then(|| self.voice())
    }

    /// Looks for addresses under which the other side may reach the line.
    pub fn gather(&mut self, now: Instant, config: IceConfig, events: &Events) {
        let rtp = &self.rtp;
        self.stream
            .gather(now, config, &mut |to, packet| rtp.send(to, packet));
        self.poll_ice(now, events);
    }

    fn poll_ice(&mut self, now: Instant, events: &Events) {
        let (stream, rtp) = (self.id, &self.rtp);
        self.stream
            .poll_ice(now, &mut |to, packet| rtp.send(to, packet));
        if let Some(candidates) = self.stream.take_candidates(now) {
            events(MediaEvent::Gathered { stream, candidates });
        }
        if let Some(loss) = self.stream.take_loss(now) {
            events(MediaEvent::Lost { stream, loss });
        }
    }

    /// Starts or changes the line. A line that starts sends its first packet here, before any tick.
    pub fn configure(
        &mut self,
        now: Instant,
        config: StreamConfig,
        room: &Room,
        scratch: &mut Scratch,
    ) -> Result<(), CodecError> {
        let starts = self.agreed.is_none();
        let agreed = Agreed {
            send: config.send,
            receive: config.receive,
        };
        self.stream.configure(now, config)?;
        self.agreed = Some(agreed);
        self.poll_ice(now, room.events);
        self.poll_dtls(now);
        self.quiet = Quiet {
            since: now,
            packets: self.quiet.packets,
            told: 0,
        };
        if starts && agreed.send {
            self.clear_heard();
            self.say(now, room, scratch);
        }
        Ok(())
    }

    /// What it does with the voice of the person here.
    pub fn speaking(&self) -> Speaking {
        let sends = self.agreed.is_some_and(|agreed| agreed.send);
        match sends && !self.held && self.tone.is_none() {
            false => Speaking::Apart,
            true if self.voice.mutes() => Speaking::Muted,
            true => Speaking::Heard,
        }
    }

    /// Fades the voice out or in.
    pub fn mute(&mut self, on: bool) {
        self.voice.set(if on { 0.0 } else { 1.0 });
    }

    /// Puts the line on hold or takes it back.
    pub fn hold(&mut self, now: Instant, on: bool) {
        self.held = on;
        self.quiet = Quiet {
            since: now,
            packets: self.quiet.packets,
            told: 0,
        };
    }

    /// Sends keys.
    pub fn digits(&mut self, digits: &str) {
        self.stream.send_digits(digits);
    }

    /// Sends a tone in place of the voice.
    pub fn play(&mut self, tone: Option<Tone>) {
        self.tone = tone.map(ToneGenerator::new);
    }

    /// The running recording: its tap and its file. Setting it to `None` finishes it.
    pub fn recording(&mut self) -> &mut Option<(Tap, PathBuf)> {
        if self
            .recording
            .as_ref()
            .is_some_and(|(tap, _)| tap.is_closed())
        {
            self.recording = None;
        }
        &mut self.recording
    }

    /// The time line goes on although ticks were missed.
    pub fn skip(&mut self, ticks: u32) {
        if let Some((tap, _)) = self.recording() {
            tap.silence(ticks);
        }
    }

    /// The first half of a tick: takes what has come. Afterwards [`Line::voice`] is what is to be heard.
    pub fn hear(&mut self, now: Instant, moment: Moment, scratch: &mut Scratch) {
        self.ticks = self.ticks.wrapping_add(1);
        self.receive(moment, &mut scratch.reader);
        self.clear_heard();
        let Some(agreed) = self.agreed else { return };
        self.poll_dtls(now);
        self.stream.pull(now, &mut self.heard);
        if self.held || !agreed.receive {
            self.heard.fill(0.0);
        }
    }

    fn clear_heard(&mut self) {
        self.heard.clear();
        self.heard.resize(self.stream.frame_len(), 0.0);
    }

    /// The second half of a tick, when all lines have heard: says what is to be said.
    pub fn speak(&mut self, now: Instant, room: &Room, scratch: &mut Scratch) {
        self.poll_ice(now, room.events);
        if self.agreed.is_none() {
            return;
        }
        self.say(now, room, scratch);
        let rtcp = match self.stream.shares_port() {
            true => &self.rtp,
            false => &self.rtcp,
        };
        self.stream
            .poll_rtcp(now, &mut |to, packet| rtcp.send(to, packet));
        if self.ticks.is_multiple_of(WATCH_TICKS)
            && let Some(ms) = self.stream.headroom_ms()
        {
            scratch.headroom.note(ms);
        }
        self.report(now, room);
    }

    fn poll_dtls(&mut self, now: Instant) {
        let rtp = &self.rtp;
        self.stream
            .poll_dtls(now, &mut |to, packet| rtp.send(to, packet));
    }

    /// Empties the sockets. What came before the line was configured is nobody's, but for the answers of servers.
    fn receive(&mut self, moment: Moment, reader: &mut Reader) {
        let (stream, running) = (&mut self.stream, self.agreed.is_some());
        self.rtp.read(reader, moment, |arrival, source, packet| {
            stream.handle_rtp(arrival, source, packet);
        });
        if self.ticks.is_multiple_of(RTCP_TICKS) {
            self.rtcp.read(reader, moment, |arrival, source, packet| {
                if running {
                    stream.handle_rtcp(arrival, source, packet);
                }
            });
        }
    }

    /// Sends the next 20 ms and records the conversation: our voice on the left, all others on the
    /// right, those of the lines joined with this one too.
    fn say(&mut self, now: Instant, room: &Room, scratch: &mut Scratch) {
        let Scratch { said, far, .. } = scratch;
        let rate = self.stream.sample_rate();
        said.clear();
        said.resize(self.heard.len(), 0.0);
        let sends = self.agreed.is_some_and(|agreed| agreed.send);
        if sends && !self.held {
            self.place
                .read(room.input, rate, &self.heard, room.microphone, said);
            self.voice.apply(said);
            if let Some(tone) = &mut self.tone {
                said.fill(0.0);
                tone.add_to(rate, said);
            }
        }
        far.clone_from(&self.heard);
        let others = room.others.filter(|_| !self.held);
        if let Some(others) = others {
            mixer::add(others, far);
            mixer::limit(far);
        }
        let held = self.held;
        if let Some((tap, _)) = self.recording() {
            if held {
                tap.silence(1)
            } else {
                tap.frame(rate, &[said, far])
            }
        }
        if room.levels {
            self.meters[0].watch(said);
        }
        if sends {
            if let Some(others) = others {
                mixer::add(others, said);
                mixer::limit(said);
            }
            let rtp = &self.rtp;
            self.stream
                .push(now, said, &mut |to, packet| rtp.send(to, packet));
        }
    }

    fn report(&mut self, now: Instant, room: &Room) {
        let (stream, events) = (self.id, room.events);
        while let Some(event) = self.stream.poll_event() {
            match event {
                StreamEvent::FirstPacket => events(MediaEvent::FirstPacket { stream }),
                StreamEvent::Digit(digit) => events(MediaEvent::Digit { stream, digit }),
                StreamEvent::NoKeys(error) => events(MediaEvent::NoKeys { stream, error }),
                _ => {}
            }
        }
        if room.levels {
            self.meters[1].watch(&self.heard);
            if self.ticks.is_multiple_of(LEVEL_TICKS) {
                let [input, output] = self.meters.each_mut().map(Meter::take);
                events(MediaEvent::Levels {
                    stream,
                    input,
                    output,
                });
            }
        }
        if self.ticks.is_multiple_of(STATS_TICKS) {
            events(MediaEvent::Stats {
                stream,
                stats: self.stream.stats(),
            });
        }
        if self.ticks.is_multiple_of(WATCH_TICKS) {
            self.watch_for_packets(now, events);
        }
    }

    fn watch_for_packets(&mut self, now: Instant, events: &Events) {
        let packets = self.stream.stats().packets_received;
        if packets != self.quiet.packets {
            self.quiet = Quiet {
                since: now,
                packets,
                told: 0,
            };
            return;
        }
        let Some((after, for_s)) = NO_RTP.get(self.quiet.told) else {
            return;
        };
        if now.duration_since(self.quiet.since) < *after {
            return;
        }
        self.quiet.told += 1;
        let expected = !self.held && self.agreed.is_some_and(|agreed| agreed.receive);
        if expected || self.quiet.told == NO_RTP.len() {
            events(MediaEvent::NoRtp {
                stream: self.id,
                for_s: *for_s,
            });
        }
    }

    /// Ends the line: the recording is finished, the other side is told, the sockets are closed.
    pub fn close(mut self, now: Instant, events: &Events) {
        let rtcp = match self.stream.shares_port() {
            true => &self.rtp,
            false => &self.rtcp,
        };
        self.stream
            .close(now, &mut |to, packet| rtcp.send(to, packet));
        let rtp = &self.rtp;
        self.stream
            .release(now, &mut |to, packet| rtp.send(to, packet));
        events(MediaEvent::Closed {
            stream: self.id,
            stats: self.stream.stats(),
        });
    }
}

#[cfg(test)]
mod tests;
