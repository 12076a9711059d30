//! What features hear of calls, and what they may do about it.

use ringbook_media::engine::{MediaCommand, MediaEvent};

use super::call::Call;
use super::effect::Effect;
use crate::automation::{Body, Notice, NoticeKind, Side};
use crate::flight::Landed;
use crate::model::{CallId, CategoryId, ClientId, KnownAs, RecordingRow, SourceAnswer};
use crate::now::Now;
use crate::store::{StoreCommand, StoreReply};

/// Everything that can happen to a call.
#[derive(Debug, Clone, PartialEq)]
pub enum CallEvent {
    /// An INVITE arrived.
    Incoming,
    /// We call.
    Dialing,
    /// It rings at the other end.
    Ringing,
    /// The other side sends sound before it answers.
    Early,
    /// A scenario has led it on: it rings here now, or no longer, or other phones do.
    Led,
    /// People talk.
    Established,
    /// A side put the other on hold.
    Held(Side),
    /// A side took the other back.
    Resumed(Side),
    /// The other party pressed a key.
    Digit(char),
    /// The other party is being sent to somebody else.
    Transferring,
    /// The transfer did not succeed; the call goes on.
    TransferFailed,
    /// It is known who the other party is, and who we are.
    Identified(Box<Identity>),
    /// Clients were saved: who the other party is may be known now, or known better.
    ClientsChanged,
    /// Whoever takes it has read the note on the client.
    NoteRead,
    /// A source outside the store has answered for its card.
    Sourced(Box<SourceAnswer>),
    /// A recording of it is complete.
    Recorded(Box<RecordingRow>),
    /// Some time has passed; told about once a second.
    Tick,
    /// Over. Its sound and its recording may still be closing.
    Ended,
    /// Over, and nothing of it is open any more.
    Closed,
    /// What the flight recorder kept of a closed call: time to write it down for good.
    Landed(Option<Box<Landed>>),
}

/// Who the parties of a call are, by the store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The client.
    pub client: Option<ClientId>,
    /// The name of the client or of the colleague; may be empty.
    pub name: String,
    /// The client's category.
    pub category: Option<CategoryId>,
    /// Whom the card names.
    pub known_as: KnownAs,
    /// The name of the employee behind our extension; may be empty.
    pub employee: String,
}

/// A feature of the phone.
pub trait Listener {
    /// Something happened to a call.
    fn on_call(&mut self, now: Now, call: &Call, event: &CallEvent, out: &mut Reactions);

    /// The store answered about a call.
    fn on_stored(&mut self, now: Now, call: &Call, reply: &StoreReply, out: &mut Reactions) {
        let _ = (now, call, reply, out);
    }

    /// The media thread told something about a call.
    fn on_media(&mut self, now: Now, call: &Call, event: &MediaEvent, out: &mut Reactions) {
        let _ = (now, call, event, out);
    }

    /// Whether it still has something to finish for a call that has ended: a recording until it
    /// is complete, a look-up until it is answered or late, and after [`CallEvent::Closed`] the row until it is on disk.
    fn is_busy(&self, call: CallId) -> bool {
        let _ = call;
        false
    }
}

/// What features do about what they heard.
#[derive(Debug, Default)]
pub struct Reactions {
    /// For the world.
    pub effects: Vec<Effect>,
    /// For scripts and the window.
    pub events: Vec<Body>,
    /// For the other features, about the same call.
    pub told: Vec<CallEvent>,
}

impl Reactions {
    /// Asks the store.
    pub fn store(&mut self, command: StoreCommand) {
        self.effects.push(Effect::Store(command));
    }

    /// Asks the media thread.
    pub fn media(&mut self, command: MediaCommand) {
        self.effects.push(Effect::Media(command));
    }

    /// Tells scripts and the window.
    pub fn event(&mut self, body: Body) {
        self.events.push(body);
    }

    /// Tells a person.
    pub fn notice(&mut self, kind: NoticeKind, text: String) {
        self.events.push(Body::Notice(Notice::new(kind, text)));
    }

    /// Tells the other features.
    pub fn tell(&mut self, event: CallEvent) {
        self.told.push(event);
    }
}
