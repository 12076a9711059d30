//! Whom the person at the phone talks with: one party at a time, or several that are joined into a
//! conference, which is mixed here.

use ringbook_media::engine::MediaCommand;

use super::Phone;
use super::call::{Call, Ports, State};
use super::command::{CommandError, RecordAction};
use super::effect::Effect;
use super::listener::{CallEvent, Reactions};
use super::requests::Done;
use super::view::RecordingView;
use crate::automation::{self, Body, CallState, Side};
use crate::model::{CallId, EndReason};
use crate::now::Now;

/// One party at a time.
impl Phone {
    /// The latest conversation that we do not hold has the microphone.
    pub(super) fn refocus(&mut self) {
        let has_sound = |call: &&Call| {
            matches!(call.media.ports, Ports::Open { .. })
                && call.media.plan.is_some()
                && !call.hold.local
                && call.ended().is_none()
                && call.is_here()
        };
        let established = self.calls.live().filter(has_sound).max_by_key(|call| {
            (
                call.is_established(),
                call.answered.map(|at| at.instant),
                call.began.instant,
            )
        });
        let focus = established.map(|call| call.stream);
        if focus != self.focus {
            self.focus = focus;
            self.effect(Effect::Media(MediaCommand::Focus(focus)));
        }
    }

    /// A person talks to one party at a time, and to those joined with it: the other conversations
    /// go on hold.
    pub(super) fn make_room(&mut self, now: Now, for_call: CallId) {
        let is_ours = |call: &Call| call.is_here() && !call.automatic;
        if !self.calls.get(for_call).is_some_and(is_ours) {
            return;
        }
        let others: Vec<CallId> = self
            .calls
            .live()
            .filter(|call| call.id != for_call && is_ours(call))
            .filter(|call| !call.joined_with.contains(&for_call))
            .filter(|call| call.state == State::Established && !call.hold.local)
            // Who has connected us with somebody is about to hang up.
            .filter(|call| call.intent != Some(EndReason::Transferred))
            .map(|call| call.id)
            .collect();
        for id in others {
            let _ = self.set_hold(now, id, true);
        }
    }

    pub(super) fn tell_hold(&mut self, now: Now, id: CallId, side: Side, held: bool) {
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let state = if held {
            CallState::Held
        } else {
            CallState::Resumed
        };
        let event = automation::Call {
            by: Some(side),
            ..call.event(now, state)
        };
        self.event(now, Body::Call(Box::new(event)));
        let told = if held {
            CallEvent::Held(side)
        } else {
            CallEvent::Resumed(side)
        };
        self.tell(now, id, told);
    }
}

/// Conferences.
impl Phone {
    /// The call and those that it is joined with.
    pub(super) fn joined(&self, id: CallId) -> Vec<CallId> {
        let others = self.calls.get(id).map(|call| call.joined_with.clone());
        let mut joined = others.unwrap_or_default();
        joined.push(id);
        joined.sort_unstable();
        joined
    }

    /// Joins two conversations, and those that one of them is joined with already. What keeps one
    /// of them from hearing us, or from being recorded, holds for all of them from now on.
    pub(super) fn join(&mut self, now: Now, id: CallId, with: CallId) -> Done {
        if id == with {
            return Err(CommandError::OneCall);
        }
        for id in [id, with] {
            self.conversation(id, "joined")?;
        }
        let [mut members, others] = [id, with].map(|id| self.joined(id));
        if members == others {
            return Err(CommandError::WrongState {
                verb: "joined",
                state: "joined already",
            });
        }
        let is_joined = |call: &Call| !call.joined_with.is_empty();
        if members.len() == 1 && others.len() == 1 && self.calls.live().any(is_joined) {
            return Err(CommandError::OtherConference);
        }
        members.extend(others);
        members.sort_unstable();
        for id in &members {
            if self.calls.get(*id).is_some_and(|call| call.hold.local) {
                self.set_hold(now, *id, false)?;
            }
        }
        self.set_conference(now, &members);
        if self.calls.live().any(|call| is_joined(call) && call.muted) {
            self.mute(id, true)?;
        }
        self.pause_together(now, id);
        Ok(())
    }

    /// Ends the conference: `id` goes on, the others go on hold.
    pub(super) fn split(&mut self, now: Now, id: CallId) -> Done {
        let (call, _) = self.conversation(id, "split")?;
        if call.joined_with.is_empty() {
            return Err(CommandError::WrongState {
                verb: "split",
                state: "in no conference",
            });
        }
        self.set_conference(now, &[]);
        self.make_room(now, id);
        Ok(())
    }

    /// A call is over: those that it was joined with go on without it.
    pub(super) fn leave_conference(&mut self, now: Now, id: CallId) {
        let mut members = self.joined(id);
        members.retain(|member| *member != id);
        if !members.is_empty() {
            self.set_conference(now, &members);
        }
    }

    /// The conference is these calls from now on; fewer than two are none.
    fn set_conference(&mut self, now: Now, members: &[CallId]) {
        let members = if members.len() < 2 { &[] } else { members };
        let mut streams = Vec::with_capacity(members.len());
        for id in self.calls.ids() {
            let Some(call) = self.calls.get_mut(id) else {
                continue;
            };
            let (state, others) = match members.contains(&id) {
                true => {
                    streams.push(call.stream);
                    let others = members.iter().copied().filter(|other| *other != id);
                    (CallState::Joined, others.collect())
                }
                false => (CallState::Parted, Vec::new()),
            };
            if call.joined_with != others {
                call.joined_with = others;
                if call.ended().is_none() {
                    self.tell_state(now, id, state);
                }
            }
        }
        self.effect(Effect::Media(MediaCommand::Join(streams)));
        self.refocus();
    }
}

/// What holds for a whole conference.
impl Phone {
    /// Whoever is joined with the call hears no more than it does.
    pub(super) fn mute(&mut self, id: CallId, on: bool) -> Done {
        self.ours(id)?;
        for id in self.joined(id) {
            let call = self.live_mut(id)?;
            call.muted = on;
            let stream = call.stream;
            self.effect(Effect::Media(MediaCommand::Mute { stream, on }));
        }
        Ok(())
    }

    pub(super) fn record(&mut self, now: Now, id: CallId, action: RecordAction) -> Done {
        self.steer(now, id, action)?;
        let others = self.calls.get(id).map(|call| call.joined_with.clone());
        let others = others.unwrap_or_default();
        match action {
            RecordAction::Start => self.pause_together(now, id),
            RecordAction::Pause => self.steer_those(now, others, RecordingView::On, action),
            RecordAction::Resume => self.steer_those(now, others, RecordingView::Paused, action),
            RecordAction::Stop => {}
        }
        Ok(())
    }

    /// Steers the recording of this call alone.
    fn steer(&mut self, now: Now, id: CallId, action: RecordAction) -> Done {
        let call = self.calls.get(id).filter(|call| call.ended().is_none());
        let call = call.ok_or(CommandError::NoSuchCall(id))?;
        let mut reactions = Reactions::default();
        let done = self
            .features
            .recorder
            .steer(now, call, action, &mut reactions);
        self.react(now, id, reactions);
        done
    }

    /// What is said in a pause is in no file: where one recording of a conference pauses, so do the
    /// others, and one that begins meanwhile.
    fn pause_together(&mut self, now: Now, id: CallId) {
        let joined = self.joined(id);
        let is_paused = |id: &CallId| self.features.recorder.view(*id) == RecordingView::Paused;
        if joined.iter().any(is_paused) {
            self.steer_those(now, joined, RecordingView::On, RecordAction::Pause);
        }
    }

    /// Steers the recordings among these calls that are in the state for it.
    fn steer_those(
        &mut self,
        now: Now,
        calls: Vec<CallId>,
        state: RecordingView,
        action: RecordAction,
    ) {
        for id in calls {
            if self.features.recorder.view(id) == state {
                let _ = self.steer(now, id, action);
            }
        }
    }
}
