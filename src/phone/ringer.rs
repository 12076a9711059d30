//! Tones for the person at this phone: the bell, the beep of a second caller, the ringback, and how a call of ours
//! did not get through.

use std::path::PathBuf;

use ringbook_media::engine::{MediaCommand, MediaEvent, ToneTarget};
use ringbook_media::tone::{Bell, Signal, Tone, TonePlan};
use ringbook_sip::user_agent::EndedBy;

use super::call::{Call, Ended};
use super::listener::{CallEvent, Identity, Listener, Reactions};
use crate::model::{CallId, Country, Direction, EndReason};
use crate::now::Now;
use crate::settings::{CategoryRingtone, Settings};

/// Rings while a call waits to be answered here or at the other end.
#[derive(Debug)]
pub struct Ringer {
    /// Calls that ring here, and how.
    waiting: Vec<(CallId, Ring)>,
    /// How it rings for callers whose category has a ringtone, also where they are led here later.
    of_categories: Vec<(CallId, Ring)>,
    /// Calls that ring at the other end, without sound of their own.
    calling: Vec<(CallId, TonePlan)>,
    /// Calls of ours whose other side sends sound before it answers.
    early: Vec<CallId>,
    /// Calls in conversation: with one, a second caller only beeps.
    talking: Vec<(CallId, TonePlan)>,
    /// Somebody listens how a line would ring.
    trial: Option<Ring>,
    bell: Option<Ring>,
    loudspeaker: Option<Tone>,
    /// It may still be heard how a call of ours ended.
    ending: bool,
    tones: Tones,
    ringtones: Vec<CategoryRingtone>,
}

/// How it rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    /// The bell.
    pub bell: Bell,
    /// Rings in the bell's place.
    pub file: Option<PathBuf>,
}

/// Whose tones are heard.
#[derive(Debug, Clone, Copy)]
struct Tones {
    /// As the settings say.
    chosen: Option<Country>,
    /// For calls on a line without a country.
    otherwise: Option<Country>,
}

impl Tones {
    fn of(self, call: &Call) -> TonePlan {
        let line = call.line.as_ref().and_then(|line| line.country);
        let country = self.chosen.or(line).or(self.otherwise);
        country.map_or_else(TonePlan::default, |country| TonePlan::of(&country.code()))
    }
}

impl Ringer {
    /// Rings as the settings say; `country` is the system's.
    pub fn new(settings: &Settings, country: Option<Country>) -> Self {
        Self {
            waiting: Vec::new(),
            of_categories: Vec::new(),
            calling: Vec::new(),
            early: Vec::new(),
            talking: Vec::new(),
            trial: None,
            bell: None,
            loudspeaker: None,
            ending: false,
            tones: Tones {
                chosen: settings.audio.tones,
                otherwise: country,
            },
            ringtones: settings.ringtones.clone(),
        }
    }

    /// Takes over the settings, for calls that come from now on.
    pub fn set(&mut self, settings: &Settings) {
        self.tones.chosen = settings.audio.tones;
        self.ringtones.clone_from(&settings.ringtones);
    }

    /// Rings for nobody, or no longer, so that a person hears how a line would ring. Calls go first.
    pub fn try_out(&mut self, ring: Option<Ring>, out: &mut Reactions) {
        self.trial = ring;
        self.play(out);
    }

    fn play(&mut self, out: &mut Reactions) {
        let mut loudspeaker = None;
        let mut bell = self.trial.clone();
        if let Some((_, first)) = self.waiting.first() {
            match self.talking.first() {
                None => bell = Some(first.clone()),
                Some((_, plan)) => loudspeaker = Some(Tone::Network(Signal::CallWaiting, *plan)),
            }
        }
        if let Some((_, plan)) = self.calling.first() {
            loudspeaker = Some(Tone::Network(Signal::Ringback, *plan));
        }
        if bell != self.bell {
            self.bell.clone_from(&bell);
            out.media(rung(bell));
        }
        if loudspeaker != self.loudspeaker {
            self.loudspeaker = loudspeaker;
            self.ending = false;
            out.media(heard(loudspeaker));
        }
    }

    /// Something else happens: how the last call ended is no longer of interest.
    fn forget_ending(&mut self, out: &mut Reactions) {
        if std::mem::take(&mut self.ending) {
            out.media(heard(self.loudspeaker));
        }
    }

    /// Says how a call of ours did not get through, unless the other side did, or anything else is to be heard.
    fn tell_ending(&mut self, call: &Call, ended: &Ended, out: &mut Reactions) {
        let says_itself = self.early.contains(&call.id);
        // The network is the other side, too: nobody answered, or there was no way there.
        let by_them = ended.end.by != EndedBy::Local && call.answered.is_none();
        let others =
            !(self.waiting.is_empty() && self.calling.is_empty() && self.talking.is_empty());
        if call.direction != Direction::Outgoing || says_itself || !by_them || others {
            return;
        }
        let signal = match ended.reason {
            EndReason::Busy | EndReason::Declined => Signal::Busy,
            EndReason::NotFound => Signal::Information,
            EndReason::Failed | EndReason::Unreachable | EndReason::Timeout => Signal::Congestion,
            _ => return,
        };
        self.ending = true;
        out.media(heard(Some(Tone::Ending(signal, self.tones.of(call)))));
    }

    /// How the phone rings for a call, as far as its caller is known.
    fn ring_of(&self, call: &Call) -> Ring {
        let mut known = self.of_categories.iter();
        if let Some((_, ring)) = known.find(|(id, _)| *id == call.id) {
            return ring.clone();
        }
        let line = call.line.as_ref();
        Ring {
            bell: line.map_or(Bell::Marimba, |line| line.ringtone),
            file: line.and_then(|line| line.ringtone_file.clone()),
        }
    }

    /// It is known who calls: their category may have a ringtone of its own.
    fn on_identified(&mut self, call: CallId, identity: &Identity) {
        let of_category =
            |ringtone: &&CategoryRingtone| Some(&ringtone.category) == identity.category.as_ref();
        let Some(ringtone) = self.ringtones.iter().find(of_category) else {
            return;
        };
        let ring = Ring {
            bell: ringtone.ringtone,
            file: ringtone.file.as_ref().map(PathBuf::from),
        };
        if let Some((_, waiting)) = self.waiting.iter_mut().find(|(id, _)| *id == call) {
            waiting.clone_from(&ring);
        }
        self.of_categories.retain(|(id, _)| *id != call);
        self.of_categories.push((call, ring));
    }

    fn forget(&mut self, call: CallId) {
        self.waiting.retain(|&(id, _)| id != call);
        for list in [&mut self.calling, &mut self.talking] {
            list.retain(|&(id, _)| id != call);
        }
    }

    fn is_calling(&self, call: CallId) -> bool {
        self.calling.iter().any(|&(id, _)| id == call)
    }
}

/// The order to ring, or to be quiet.
fn rung(ring: Option<Ring>) -> MediaCommand {
    match ring {
        Some(Ring {
            bell,
            file: Some(file),
        }) => MediaCommand::RingFile {
            file,
            otherwise: bell,
        },
        ring => MediaCommand::Tone {
            to: ToneTarget::Ring,
            tone: ring.map(|ring| Tone::Ringing(ring.bell)),
        },
    }
}

fn heard(tone: Option<Tone>) -> MediaCommand {
    let to = ToneTarget::Loudspeaker;
    MediaCommand::Tone { to, tone }
}

impl Listener for Ringer {
    fn on_call(&mut self, _now: Now, call: &Call, event: &CallEvent, out: &mut Reactions) {
        match event {
            CallEvent::Led if !call.rings_here() => self.waiting.retain(|&(id, _)| id != call.id),
            CallEvent::Incoming | CallEvent::Led
                if call.rings_here() && !self.waiting.iter().any(|&(id, _)| id == call.id) =>
            {
                self.forget_ending(out);
                self.waiting.push((call.id, self.ring_of(call)));
            }
            CallEvent::Identified(identity) => self.on_identified(call.id, identity),
            CallEvent::Dialing => self.forget_ending(out),
            CallEvent::Ringing if !self.is_calling(call.id) => {
                self.calling.push((call.id, self.tones.of(call)));
            }
            CallEvent::Established => {
                self.forget_ending(out);
                self.forget(call.id);
                if call.is_here() {
                    self.talking.push((call.id, self.tones.of(call)));
                }
            }
            CallEvent::Early => {
                self.forget(call.id);
                self.early.push(call.id);
            }
            CallEvent::Ended => {
                self.forget(call.id);
                self.play(out);
                if let Some(ended) = call.ended() {
                    self.tell_ending(call, ended, out);
                }
                self.early.retain(|&id| id != call.id);
                self.of_categories.retain(|&(id, _)| id != call.id);
            }
            _ => return,
        }
        self.play(out);
    }

    fn on_media(&mut self, _now: Now, call: &Call, event: &MediaEvent, out: &mut Reactions) {
        // Sound of the other side's own replaces our ringback.
        if matches!(event, MediaEvent::FirstPacket { .. }) && self.is_calling(call.id) {
            self.forget(call.id);
            self.early.push(call.id);
            self.play(out);
        }
    }
}
