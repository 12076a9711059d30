//! How the phone rings for a line, and hearing it beforehand.

use std::rc::Rc;
use std::time::Duration;

use super::SettingsPage;
use crate::phone::command::Command;
use crate::settings::Ringtone;
use crate::ui::asking::pause;

/// How long one is heard: once through the longest.
const TRIAL: Duration = Duration::from_secs(3);

/// The ringtone's place in the list of the markup, which has them in the order of [`Ringtone::ALL`].
pub(super) fn place_of(ringtone: Ringtone) -> i32 {
    let place = Ringtone::ALL.iter().position(|known| *known == ringtone);
    place.and_then(|at| i32::try_from(at).ok()).unwrap_or(0)
}

/// The ringtone at a place of the list.
pub(super) fn ringtone_at(place: i32) -> Ringtone {
    let place = usize::try_from(place).ok();
    let ringtone = place.and_then(|at| Ringtone::ALL.get(at)).copied();
    ringtone.unwrap_or(Ringtone::Marimba)
}

impl SettingsPage {
    /// Rings for a moment. Another one that is asked for meanwhile takes its place.
    pub(super) async fn try_ringtone(self: Rc<Self>, ringtone: Ringtone) {
        let trial = self.trials.get().wrapping_add(1);
        self.trials.set(trial);
        let ring = |ringtone| {
            let command = Command::TryRingtone(ringtone);
            self.phone.command(command, Box::new(|_| {}));
        };
        ring(Some(ringtone));
        pause(TRIAL).await;
        if self.trials.get() == trial {
            ring(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ringtone_has_its_place() {
        for (at, ringtone) in (0..).zip(Ringtone::ALL) {
            assert_eq!((place_of(ringtone), ringtone_at(at)), (at, ringtone));
        }
        assert_eq!(ringtone_at(-1), Ringtone::Marimba);
        assert_eq!(ringtone_at(99), Ringtone::Marimba);
    }
}
