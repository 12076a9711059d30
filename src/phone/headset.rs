//! What a headset is shown of the phone, and what its buttons do.

use super::Phone;
use super::call::Call;
use super::effect::Effect;
use super::requests::Done;
use crate::headset::{Lamps, News, Press};
use crate::model::CallId;
use crate::now::Now;

impl Phone {
    /// Something happened to the headsets with buttons.
    pub fn handle_headset(&mut self, now: Now, news: News) {
        match news {
            News::Plugged(is_there) => self.headset = is_there.then(Lamps::default),
            News::Pressed(press) => {
                // Whoever pressed hears what came of it; a button has no other words.
                let _ = self.press(now, press);
                self.publish_changes(now);
            }
        }
        self.pump(now);
        self.changed = true;
    }

    /// Shows the headsets what has changed; without one there is nothing to be looked at.
    pub(super) fn light_headset(&mut self) {
        let Some(shown) = self.headset else { return };
        let lamps = self.headset_lamps();
        if lamps != shown {
            self.headset = Some(lamps);
            self.effect(Effect::Headset(lamps));
        }
    }

    fn headset_lamps(&self) -> Lamps {
        let calls = || self.calls.live().filter(|call| is_mine(call));
        let up = || calls().filter(|call| !call.rings_here());
        let off_hook = up().next().is_some();
        Lamps {
            off_hook,
            ring: calls().any(Call::rings_here),
            mute: self.call_up().is_some_and(|call| call.muted),
            hold: off_hook && up().all(|call| call.hold.local),
        }
    }

    /// The call that a button is about: the one in focus, else the latest that is up.
    fn call_up(&self) -> Option<&Call> {
        let up = || {
            let calls = self.calls.live();
            calls.filter(|call| is_mine(call) && !call.rings_here())
        };
        let focused = up().find(|call| Some(call.stream) == self.focus);
        focused.or_else(|| up().max_by_key(|call| call.began.instant))
    }

    fn press(&mut self, now: Now, press: Press) -> Done {
        let rings = |call: &&Call| is_mine(call) && call.rings_here();
        let waiting = self.calls.live().find(rings).map(|call| call.id);
        let up = self
            .call_up()
            .map(|call| (call.id, call.muted, call.hold.local));
        match (press, waiting, up) {
            (Press::Answer, Some(id), _) => self.answer(now, id),
            (Press::Reject, Some(id), _) => self.reject(now, id),
            (Press::HangUp, _, Some((id, ..))) => self.hang_up(now, id),
            (Press::ToggleMute, _, Some((id, muted, _))) => self.mute(id, !muted),
            (Press::Mute(on), _, Some((id, ..))) => self.mute(id, on),
            (Press::ToggleHold, _, Some((id, _, held))) => self.toggle_hold(now, id, held),
            (Press::Redial, None, None) => self.redial(now),
            // A press that crossed what happened meanwhile.
            _ => Ok(()),
        }
    }

    fn toggle_hold(&mut self, now: Now, id: CallId, held: bool) -> Done {
        match held {
            true => self.resume(now, id),
            false => self.set_hold(now, id, true),
        }
    }

    fn redial(&mut self, now: Now) -> Done {
        if let Some((target, account, anonymous)) = self.dialled.clone() {
            self.dial(now, &target, account.as_deref(), anonymous)?;
        }
        Ok(())
    }
}

/// Whether the person at this phone has to do with a call.
fn is_mine(call: &Call) -> bool {
    call.is_here() && call.ended().is_none() && call.intent.is_none()
}
