//! Tones for the person at this phone: the bell, the beep of a second caller, the ringback.

use ringbook_media::engine::{MediaCommand, MediaEvent, ToneTarget};
use ringbook_media::tone::Tone;

use super::call::Call;
use super::listener::{CallEvent, Listener, Reactions};
use crate::model::CallId;
use crate::now::Now;

/// Rings while a call waits to be answered here or at the other end.
#[derive(Debug, Default)]
pub struct Ringer {
    /// Calls that ring here.
    waiting: Vec<CallId>,
    /// Calls that ring at the other end, without sound of their own.
    calling: Vec<CallId>,
    /// Calls in conversation: with one, a second caller only beeps.
    talking: Vec<CallId>,
    bell: Option<Tone>,
    loudspeaker: Option<Tone>,
}

impl Ringer {
    fn play(&mut self, out: &mut Reactions) {
        let (mut bell, mut loudspeaker) = (None, None);
        if !self.waiting.is_empty() {
            match self.talking.is_empty() {
                true => bell = Some(Tone::Ringing),
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
        for list in [&mut self.waiting, &mut self.calling, &mut self.talking] {
            list.retain(|&id| id != call);
        }
    }
}

impl Listener for Ringer {
    fn on_call(&mut self, _now: Now, call: &Call, event: &CallEvent, out: &mut Reactions) {
        match event {
            CallEvent::Incoming if call.rings_here() => self.waiting.push(call.id),
            CallEvent::Ringing if !self.calling.contains(&call.id) => self.calling.push(call.id),
            CallEvent::Established => {
                self.forget(call.id);
                self.talking.push(call.id);
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
