//! The icon in the desktop's tray: what the phone is about, and a way back to the window.

use std::cell::RefCell;
use std::rc::Rc;

use ringbook_ui::slint::winit_030::WinitWindowAccessor as _;
use ringbook_ui::slint::{ComponentHandle, Weak};
use ringbook_ui::{AbsenceAdapter, MainWindow, Tray, TrayState, WindowAdapter};

use super::asking::spawn;
use crate::automation::RegistrationState;
use crate::notifications::desktop::has_tray;
use crate::phone::view::{CallPhase, View};

/// The icon, where the desktop has a tray.
pub struct TrayIcon {
    tray: RefCell<Option<Tray>>,
    latest: RefCell<(Vec<CallPhase>, bool, Vec<RegistrationState>)>,
}

impl TrayIcon {
    /// Puts the icon up once the desktop has said that it has a place for it.
    pub fn start(main: &MainWindow) -> Rc<Self> {
        let icon = Rc::new(Self {
            tray: RefCell::default(),
            latest: RefCell::default(),
        });
        let (this, main) = (icon.clone(), main.as_weak());
        spawn(async move {
            let (done, waiting) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || {
                let _ = done.send(has_tray());
            });
            if waiting.await.unwrap_or(false) {
                this.put_up(&main);
            }
        });
        icon
    }

    fn put_up(&self, main: &Weak<MainWindow>) {
        match Tray::new() {
            Ok(tray) => {
                take_callbacks(&tray, main);
                *self.tray.borrow_mut() = Some(tray);
                self.draw();
            }
            Err(error) => tracing::debug!(%error, "no icon in the tray"),
        }
    }

    /// Shows what the phone is about now.
    pub fn show(&self, view: &View) {
        let calls = view.calls.iter().map(|call| call.state).collect();
        let lines = view.accounts.iter().map(|line| line.state).collect();
        *self.latest.borrow_mut() = (calls, view.absence.do_not_disturb, lines);
        self.draw();
    }

    fn draw(&self) {
        if let Some(tray) = &*self.tray.borrow() {
            let (calls, do_not_disturb, lines) = &*self.latest.borrow();
            tray.set_state(state(calls, *do_not_disturb, lines));
            tray.set_do_not_disturb(*do_not_disturb);
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
