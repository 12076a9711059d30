//! Tones for the person at this phone: the bell, the beep of a second caller, the ringback.

use ringbook_media::engine::{MediaCommand, MediaEvent, ToneTarget};
use ringbook_media::tone::{Bell, Tone};

use super::call::Call;
use super::listener::{CallEvent, Listener, Reactions};
use crate::model::CallId;
use crate::now::Now;

/// Rings while a call waits to be answered here or at the other end.
#[derive(Debug, Default)]
pub struct Ringer {
    /// Calls that ring here, and how.
    waiting: Vec<(CallId, Bell)>,
    /// Calls that ring at the other end, without sound of their own.
    calling: Vec<CallId>,
    /// Calls in conversation: with one, a second caller only beeps.
    talking: Vec<CallId>,
    /// Somebody listens how a line would ring.
    trial: Option<Bell>,
    bell: Option<Tone>,
    loudspeaker: Option<Tone>,
}

impl Ringer {
    /// Rings for nobody, or no longer, so that a person hears how a line would ring. Calls go first.
    pub fn try_out(&mut self, ringtone: Option<Bell>, out: &mut Reactions) {
        self.trial = ringtone;
        self.play(out);
    }

    fn play(&mut self, out: &mut Reactions) {
        let mut loudspeaker = None;
        let mut bell = self.trial.map(Tone::Ringing);
        if let Some((_, first)) = self.waiting.first() {
            match self.talking.is_empty() {
                true => bell = Some(Tone::Ringing(*first)),
                false => loudspeaker = Some(Tone::CallWaiting),
            }
        }
        if !self.calling.is_empty() {
            loudspeaker = Some(Tone::Ringback);
        }
        if bell != self.bell {
            self.bell = bell;
            out.media(MediaCommand::Tone {
                to: ToneTarget::Ring,
                tone: bell,
            });
        }
        if loudspeaker != self.loudspeaker {
            self.loudspeaker = loudspeaker;
            out.media(MediaCommand::Tone {
                to: ToneTarget::Loudspeaker,
                tone: loudspeaker,
            });
        }
    }

    fn forget(&mut self, call: CallId) {
        self.waiting.retain(|&(id, _)| id != call);
        for list in [&mut self.calling, &mut self.talking] {
            list.retain(|&id| id != call);
        }
    }
}

impl Listener for Ringer {
    fn on_call(&mut self, _now: Now, call: &Call, event: &CallEvent, out: &mut Reactions) {
        match event {
            CallEvent::Led if !call.rings_here() => self.waiting.retain(|&(id, _)| id != call.id),
            CallEvent::Incoming | CallEvent::Led
                if call.rings_here() && !self.waiting.iter().any(|&(id, _)| id == call.id) =>
            {
                let ringtone = call.line.as_ref().map(|line| line.ringtone);
                let bell = ringtone.unwrap_or(Bell::Marimba);
                self.waiting.push((call.id, bell));
            }
            CallEvent::Ringing if !self.calling.contains(&call.id) => self.calling.push(call.id),
            CallEvent::Established => {
                self.forget(call.id);
                if call.is_here() {
                    self.talking.push(call.id);
                }
            }
            CallEvent::Early | CallEvent::Ended => self.forget(call.id),
            _ => return,
        }
        self.play(out);
    }

    fn on_media(&mut self, _now: Now, call: &Call, event: &MediaEvent, out: &mut Reactions) {
        // Sound of the other side's own replaces our ringback.
        if matches!(event, MediaEvent::FirstPacket { .. }) && self.calling.contains(&call.id) {
            self.forget(call.id);
            self.play(out);
        }
    }
}
