//! The icon in the desktop's tray: what the phone is about, and a way back to the window.

use ringbook_ui::slint::winit_030::WinitWindowAccessor as _;
use ringbook_ui::slint::{ComponentHandle, Weak};
use ringbook_ui::{AbsenceAdapter, MainWindow, Tray, TrayState, WindowAdapter};

use crate::automation::RegistrationState;
use crate::phone::view::{CallPhase, View};

/// The icon; none where the toolkit makes none.
pub struct TrayIcon {
    tray: Option<Tray>,
}

impl TrayIcon {
    /// Puts the icon up. A desktop without a tray shows none, and nothing is missing then.
    pub fn start(main: &MainWindow) -> Self {
        let tray = Tray::new()
            .inspect_err(|error| tracing::debug!(%error, "no icon in the tray"))
            .ok();
        if let Some(tray) = &tray {
            take_callbacks(tray, &main.as_weak());
        }
        Self { tray }
    }

    /// Shows what the phone is about now.
    pub fn show(&self, view: &View) {
        if let Some(tray) = &self.tray {
            let calls: Vec<_> = view.calls.iter().map(|call| call.state).collect();
            let lines: Vec<_> = view.accounts.iter().map(|line| line.state).collect();
            let absence = &view.absence;
            tray.set_state(state(&calls, absence.do_not_disturb, &lines));
            tray.set_do_not_disturb(absence.do_not_disturb);
        }
    }
}

fn take_callbacks(tray: &Tray, main: &Weak<MainWindow>) {
    let window = main.clone();
    tray.on_open_window(move || {
        if let Some(window) = window.upgrade() {
            window.window().set_minimized(false);
            window
                .window()
                .with_winit_window(|window| window.focus_window());
        }
    });
    let window = main.clone();
    tray.on_set_do_not_disturb(move |on| {
        if let Some(window) = window.upgrade() {
            window
                .global::<AbsenceAdapter<'_>>()
                .invoke_set_do_not_disturb(on);
        }
    });
    let window = main.clone();
    tray.on_quit(move || {
        if let Some(window) = window.upgrade() {
            window.global::<WindowAdapter<'_>>().invoke_quit();
        }
    });
}

/// What matters most: who calls, then who is spoken with, then whether anybody can call.
fn state(calls: &[CallPhase], do_not_disturb: bool, lines: &[RegistrationState]) -> TrayState {
    if calls.contains(&CallPhase::Incoming) {
        TrayState::Ringing
    } else if calls.iter().any(|phase| *phase != CallPhase::Ended) {
        TrayState::Talking
    } else if do_not_disturb {
        TrayState::Quiet
    } else if lines.contains(&RegistrationState::Registered) {
        TrayState::Idle
    } else {
        TrayState::Offline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_tells_what_matters_most() {
        use CallPhase::{Ended, Established, Incoming};
        use RegistrationState::{Failed, Registered};
        let cases = [
            (&[][..], false, &[][..], TrayState::Offline),
            (&[], false, &[Failed], TrayState::Offline),
            (&[], false, &[Failed, Registered], TrayState::Idle),
            (&[Ended], false, &[Registered], TrayState::Idle),
            (&[], true, &[Registered], TrayState::Quiet),
            (&[Established], true, &[Registered], TrayState::Talking),
            (&[Established, Incoming], true, &[], TrayState::Ringing),
        ];
        for (calls, do_not_disturb, lines, expected) in cases {
            assert!(state(calls, do_not_disturb, lines) == expected, "{calls:?}");
        }
    }
}
