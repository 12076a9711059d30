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
            tray.set_state(state(view));
            tray.set_do_not_disturb(view.absence.do_not_disturb);
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
fn state(view: &View) -> TrayState {
    let any = |phase: fn(CallPhase) -> bool| view.calls.iter().any(|call| phase(call.state));
    let is_registered = |state| state == RegistrationState::Registered;
    let mut lines = view.accounts.iter();
    if any(|phase| phase == CallPhase::Incoming) {
        TrayState::Ringing
    } else if any(|phase| phase != CallPhase::Ended) {
        TrayState::Talking
    } else if view.absence.do_not_disturb {
        TrayState::Quiet
    } else if lines.any(|line| is_registered(line.state)) {
        TrayState::Idle
    } else {
        TrayState::Offline
    }
}
