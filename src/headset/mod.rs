//! The buttons and lamps of a headset: what it is shown of the phone, and what a press means. Pure: reports and the time
//! go in, orders and reports come out.
//!
//! A headset tells states, not keys. It answers what it is shown with what it would send if its button had been pressed,
//! and forgets a press that nobody answers with a lamp; who tells the one from the other is here.

pub mod descriptor;

use std::time::{Duration, Instant};

use self::descriptor::{Button, Lamp, Telephone};

/// How long after a lamp was switched a headset may answer it as if its hook had been moved: some set up a radio link
/// first.
const HOOK_ECHO: Duration = Duration::from_secs(2);
/// The same for the mute lamp.
const MUTE_ECHO: Duration = Duration::from_millis(300);
/// A hook that goes back so soon after it was pressed was let go, not pressed again.
const LET_GO: Duration = Duration::from_millis(400);

/// What a headset is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lamps {
    /// A call is up: dialled, answered or on hold.
    pub off_hook: bool,
    /// Somebody calls.
    pub ring: bool,
    /// The microphone is off.
    pub mute: bool,
    /// All calls are on hold.
    pub hold: bool,
}

/// What somebody wants who pressed a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// Take the call that rings.
    Answer,
    /// Turn it away.
    Reject,
    /// End the call.
    HangUp,
    /// Switch the microphone off or on.
    ToggleMute,
    /// The microphone is to be off, or on.
    Mute(bool),
    /// Put the other party on hold, or take it back.
    ToggleHold,
    /// Call whom we have called last.
    Redial,
}

/// What the phone hears of headsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// There is one now, or none any more.
    Plugged(bool),
    /// A button was pressed.
    Pressed(Press),
}

/// What comes of a stimulus.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reaction {
    /// For the phone.
    pub presses: Vec<Press>,
    /// For the headset.
    pub reports: Vec<Vec<u8>>,
}

/// A headset that is plugged in.
#[derive(Debug)]
pub struct Headset {
    telephone: Telephone,
    lamps: Lamps,
    /// How the buttons stand.
    hook: bool,
    mute: bool,
    held: Vec<Button>,
    /// When the off-hook lamp was switched off and on, where the headset has not answered yet.
    awaited: [Option<Instant>; 2],
    mute_switched: Option<Instant>,
    /// The mute lamp follows a press of its own.
    mute_pressed: bool,
    hook_pressed: Option<Instant>,
}

impl Lamps {
    /// Nothing is up.
    pub const IDLE: Self = Self {
        off_hook: false,
        ring: false,
        mute: false,
        hold: false,
    };
    /// Somebody calls.
    pub const RINGING: Self = Self {
        ring: true,
        ..Self::IDLE
    };
    /// A call is up.
    pub const TALKING: Self = Self {
        off_hook: true,
        ..Self::IDLE
    };
}

impl Headset {
    /// One with these buttons and lamps, all off.
    pub fn new(telephone: Telephone) -> Self {
        Self {
            telephone,
            lamps: Lamps::default(),
            hook: false,
            mute: false,
            held: Vec::new(),
            awaited: [None; 2],
            mute_switched: None,
            mute_pressed: false,
            hook_pressed: None,
        }
    }

    /// Shows what the phone does; returns the reports to be written.
    pub fn show(&mut self, now: Instant, lamps: Lamps) -> Vec<Vec<u8>> {
        if lamps == self.lamps {
            return Vec::new();
        }
        // It answers what it was shown before as well, and then this.
        let before = self.awaited[usize::from(!lamps.off_hook)];
        let answers = lamps.off_hook != self.hook || is_within(before, now, HOOK_ECHO);
        if lamps.off_hook != self.lamps.off_hook && answers {
            self.awaited[usize::from(lamps.off_hook)] = Some(now);
        }
        if lamps.mute != self.lamps.mute && !std::mem::take(&mut self.mute_pressed) {
            self.mute_switched = Some(now);
        }
        if lamps.off_hook != self.lamps.off_hook {
            // A press that crossed the end of a call has nothing to do with the next one.
            self.mute_pressed = false;
        }
        self.lamps = lamps;
        self.reports()
    }

    /// The reports that switch its lamps as they should be.
    pub fn reports(&self) -> Vec<Vec<u8>> {
        let lamps = self.lamps;
        self.telephone.lamp_reports(|lamp| match lamp {
            Lamp::OffHook => lamps.off_hook,
            Lamp::Ring => lamps.ring,
            Lamp::Mute => lamps.mute,
            Lamp::Hold => lamps.hold,
        })
    }

    /// Takes a report of the headset's.
    pub fn hear(&mut self, now: Instant, report: &[u8]) -> Reaction {
        let mut reaction = Reaction::default();
        let told: Vec<_> = self
            .telephone
            .buttons(report)
            .map(|(bit, is_on)| (bit.button, bit.latches, is_on))
            .collect();
        for (button, latches, is_on) in told {
            let press = match button {
                Button::Hook if latches => self.hook_moved(now, is_on, &mut reaction),
                Button::Mute if latches => self.mute_moved(now, is_on),
                button => self.pressed(now, button, is_on),
            };
            reaction.presses.extend(press);
        }
        reaction
    }

    fn hook_moved(&mut self, now: Instant, is_on: bool, reaction: &mut Reaction) -> Option<Press> {
        if is_on == self.hook {
            return None;
        }
        self.hook = is_on;
        let awaited = self.awaited[usize::from(is_on)].take();
        if is_within(awaited, now, HOOK_ECHO) {
            return None;
        }
        let is_let_go = !is_on && is_within(self.hook_pressed, now, LET_GO);
        let press = match is_let_go {
            true => None,
            false => self.hook_pressed(now),
        };
        // It forgets a press, and must forget one that means nothing, when it is shown how things stand.
        if press.is_none() {
            reaction.reports = self.reports();
        }
        press
    }

    fn hook_pressed(&mut self, now: Instant) -> Option<Press> {
        self.hook_pressed = Some(now);
        match self.lamps {
            Lamps { off_hook: true, .. } => Some(Press::HangUp),
            Lamps { ring: true, .. } => Some(Press::Answer),
            _ => None,
        }
    }

    fn mute_moved(&mut self, now: Instant, is_on: bool) -> Option<Press> {
        let is_news = std::mem::replace(&mut self.mute, is_on) != is_on;
        let wanted = is_news && is_on != self.lamps.mute && self.lamps.off_hook;
        (wanted && !self.is_mute_echo(now)).then(|| {
            self.mute_pressed = true;
            Press::Mute(is_on)
        })
    }

    fn is_mute_echo(&mut self, now: Instant) -> bool {
        is_within(self.mute_switched.take(), now, MUTE_ECHO)
    }

    /// A button that is let go again: it counts when it goes down.
    fn pressed(&mut self, now: Instant, button: Button, is_on: bool) -> Option<Press> {
        let was_on = self.held.contains(&button);
        if is_on && !was_on {
            self.held.push(button);
        } else if !is_on {
            self.held.retain(|held| *held != button);
        }
        if !is_on || was_on {
            return None;
        }
        let Lamps { off_hook, ring, .. } = self.lamps;
        match button {
            Button::Hook => self.hook_pressed(now),
            Button::Mute if off_hook && !self.is_mute_echo(now) => {
                self.mute_pressed = true;
                Some(Press::ToggleMute)
            }
            // To the one who waits, the other goes on hold.
            Button::Flash if off_hook && ring => Some(Press::Answer),
            Button::Flash | Button::Hold if off_hook => Some(Press::ToggleHold),
            Button::Drop if off_hook => Some(Press::HangUp),
            Button::Drop if ring => Some(Press::Reject),
            Button::Redial if !off_hook && !ring => Some(Press::Redial),
            _ => None,
        }
    }
}

fn is_within(since: Option<Instant>, now: Instant, time: Duration) -> bool {
    since.is_some_and(|since| now < since + time)
}

#[cfg(test)]
mod tests;
