//! What the window shows of the phone: an immutable snapshot, replaced whole.

use jiff::Timestamp;
use serde::Serialize;

use super::Phone;
use super::account::Line;
use super::call::Call;
use super::lamps::LampView;
use super::publishing::PublishedView;
use crate::automation::{Encryption, NoticeKind, RegistrationState, SoundPath};
use crate::model::{CallId, CallerCard, Direction, PhoneNumber};
use crate::presence::MessagesWaiting;

/// The phone at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct View {
    /// The lines, in the order of the settings.
    pub accounts: Vec<AccountView>,
    /// The colleagues' lamps, in the order of the settings.
    pub lamps: Vec<LampView>,
    /// Who does not ring here, and where callers are sent on to instead.
    pub absence: Absence,
    /// The calls that are not over, the oldest first; not those that colleagues have or are rung for.
    pub calls: Vec<CallView>,
    /// The latest notices, the newest last.
    pub notices: Vec<NoticeView>,
    /// Counts the news in the call log: a list of calls that was read at a lower count is out of date.
    pub log_edition: u64,
    /// The same for tasks; none where the module is absent.
    pub task_edition: Option<u64>,
    /// A link that a person is asked about.
    pub link: Option<LinkView>,
    /// Somebody hears themselves: peaks of what is said and what is heard, 0 to 1.
    pub audio_test: Option<(f32, f32)>,
}

/// Which callers do not ring here, for as long as the program runs or until it is changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Absence {
    /// Nobody rings.
    pub do_not_disturb: bool,
    /// Where all callers are sent on to.
    pub forward_always: Option<String>,
    /// Where callers are sent on to who would hear busy.
    pub forward_busy: Option<String>,
    /// Where callers are sent on to whom nobody answers.
    pub forward_no_answer: Option<String>,
}

impl Absence {
    /// As the settings say.
    pub fn of(rules: &crate::settings::Phone) -> Self {
        Self {
            do_not_disturb: rules.do_not_disturb,
            forward_always: rules.forward_always.clone(),
            forward_busy: rules.forward_busy.clone(),
            forward_no_answer: rules.forward_no_answer.clone(),
        }
    }

    /// Takes over what differs between two readings of the settings; what was switched since
    /// stays otherwise.
    pub fn follow(&mut self, before: &Self, after: &Self) {
        fn take<T: Clone + PartialEq>(mine: &mut T, before: &T, after: &T) {
            if before != after {
                mine.clone_from(after);
            }
        }
        take(
            &mut self.do_not_disturb,
            &before.do_not_disturb,
            &after.do_not_disturb,
        );
        take(
            &mut self.forward_always,
            &before.forward_always,
            &after.forward_always,
        );
        take(
            &mut self.forward_busy,
            &before.forward_busy,
            &after.forward_busy,
        );
        take(
            &mut self.forward_no_answer,
            &before.forward_no_answer,
            &after.forward_no_answer,
        );
    }
}

/// A link that another program handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    /// Whom to call, to be dialled.
    pub target: String,
    /// The same for people.
    pub text: String,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountView {
    /// Address of record.
    pub aor: String,
    /// The name callees see; may be empty.
    pub name: String,
    /// The organisation; may be empty.
    pub company: String,
    /// The internal number; may be empty.
    pub extension: String,
    /// Where its registration stands.
    pub state: RegistrationState,
    /// The registrar's last status.
    pub status: Option<u16>,
    /// The registrar's words, or ours.
    pub reason: String,
    /// What is in its mailbox; none where that is not watched or not known.
    pub voicemail: Option<MessagesWaiting>,
    /// What became of what it publishes of itself; none where it publishes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<PublishedView>,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallView {
    /// Its id, here and in the call log.
    #[serde(rename = "call")]
    pub id: CallId,
    /// Who called whom.
    pub direction: Direction,
    /// Where it stands.
    pub state: CallPhase,
    /// The line's address of record.
    pub account: Option<String>,
    /// The card; absent where the module is off.
    pub card: Option<Box<CallerCard>>,
    /// The other party's number, E.164.
    pub number: Option<PhoneNumber>,
    /// Who sent the call on to us: number, internal number or user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diverted_by: Option<String>,
    /// The store has said who the other party is, or has taken too long: the card has its size.
    #[serde(skip)]
    pub looked_up: bool,
    /// Whom to call this call by: the client, the name the network gave, or the number.
    pub title: String,
    /// When the present phase began: what a call timer counts from.
    pub since: Timestamp,
    /// When the INVITE arrived or left.
    pub started_at: Timestamp,
    /// The same by the monotonic clock, for the `ms` of [`card_shown`](crate::automation::Body::CardShown).
    #[serde(skip)]
    pub arrived: std::time::Instant,
    /// We put it on hold.
    pub on_hold: bool,
    /// The other side put us on hold.
    pub remote_hold: bool,
    /// Our microphone is off.
    pub muted: bool,
    /// People have talked for longer than they should.
    pub too_long: bool,
    /// The other calls of its conference; empty where it is in none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joined_with: Vec<CallId>,
    /// The internal numbers that a scenario rings for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rings_at: Vec<String>,
    /// The internal number of the colleague who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<String>,
    /// Whether it is recorded.
    pub recording: RecordingView,
    /// The codec in use: `opus`, `g722`, `pcma`, `pcmu`.
    pub codec: Option<&'static str>,
    /// How far others are kept from listening in.
    pub srtp: Option<Encryption>,
    /// Where ICE is used: the way of the sound, once found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<SoundPath>,
    /// Estimated opinion score, 1 to 4.5.
    pub quality: Option<f32>,
    /// The same by the other side's account: how it hears us.
    #[serde(skip)]
    pub quality_there: Option<f32>,
    /// Peaks of what we send and what we hear, 0 to 1.
    #[serde(skip)]
    pub levels: Option<(f32, f32)>,
}

/// Where a call stands, for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallPhase {
    /// It rings here.
    Incoming,
    /// We call, and nothing rings yet.
    Dialing,
    /// It rings at the other end.
    Ringing,
    /// The other side sends sound before it answers.
    Early,
    /// People talk, or one side holds.
    Established,
    /// The other party is being sent to somebody else.
    Transferring,
    /// It is over, and being written down.
    Ended,
}

/// Whether a call is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum RecordingView {
    /// No.
    #[default]
    Off,
    /// Yes.
    On,
    /// Yes, silence for the moment.
    Paused,
}

/// A notice with its time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoticeView {
    /// When.
    pub at: Timestamp,
    /// What about.
    pub kind: NoticeKind,
    /// A sentence for people.
    pub text: String,
    /// The call that it is about, where it is about one.
    pub call: Option<CallId>,
}

impl Phone {
    /// The phone as the window shows it.
    pub fn view(&self) -> View {
        let log = &self.features.call_log;
        View {
            accounts: self.account_views(),
            lamps: self.lamp_views(),
            absence: self.absence.clone(),
            calls: self.views_of(Call::is_here),
            notices: self.news.notices.iter().cloned().collect(),
            log_edition: log.edition() + self.news.marks,
            task_edition: log.has_tasks().then_some(self.news.tasks),
            link: self.links.asked.clone(),
            audio_test: self.audio_test,
        }
    }

    pub(super) fn account_views(&self) -> Vec<AccountView> {
        let view = |line: &Line| AccountView {
            voicemail: self.voicemail(&line.account.aor),
            published: self.published_view(&line.account.aor),
            ..line.view()
        };
        self.lines.iter().map(view).collect()
    }

    /// Every call, also those that colleagues have or are rung for.
    pub(super) fn call_views(&self) -> Vec<CallView> {
        self.views_of(|call| call.leg_of.is_none())
    }

    fn views_of(&self, which: impl Fn(&Call) -> bool) -> Vec<CallView> {
        let calls = self.calls.live().filter(|call| which(call));
        calls.map(|call| self.call_view(call)).collect()
    }

    fn call_view(&self, call: &Call) -> CallView {
        let card = self.features.caller_card.card(call.id);
        let name = card.map(|card| &card.name).unwrap_or(&call.remote.display);
        CallView {
            id: call.id,
            direction: call.direction,
            state: call.phase(),
            account: call.line.as_ref().map(|line| line.aor.clone()),
            card: card.cloned().map(Box::new),
            number: call.number(),
            diverted_by: call.diverted_by.clone(),
            looked_up: self.features.caller_card.is_looked_up(call.id),
            title: match name.is_empty() {
                true => call.remote.party.shown(),
                false => name.clone(),
            },
            since: call.since,
            started_at: call.began.wall,
            arrived: call.began.instant,
            on_hold: call.hold.local,
            remote_hold: call.hold.remote,
            muted: call.muted,
            too_long: self.features.long_calls.is_long(call.id),
            joined_with: call.joined_with.clone(),
            rings_at: call.led.rings_at(),
            taken_by: call.led.with.map(|_| call.extension().to_owned()),
            recording: self.features.recorder.view(call.id),
            codec: call.codec(),
            srtp: call.encryption(),
            path: call.path(),
            quality: call
                .media
                .stats
                .filter(|s| s.packets_received > 0)
                .map(|s| s.mos),
            quality_there: call
                .media
                .stats
                .and_then(|s| s.remote_opinion?.conversational),
            levels: call.media.levels,
        }
    }
}
