//! The colleagues' lamps and the mailboxes of the phone page.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ringbook_ui::slint::{ComponentHandle, ModelRc, SharedString, VecModel, Weak};
use ringbook_ui::{Lamp, LampState as Shown, Mailbox, MainWindow, PhoneAdapter};

use super::asking::{self, spawn};
use super::link::PhoneLink;
use super::phone_adapter::line_title;
use super::text;
use crate::phone::lamps::LampView;
use crate::phone::view::{AccountView, View};
use crate::presence::LampState;

/// What is shown, and the colleagues' names.
pub struct Lamps {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    shown: RefCell<(Vec<LampView>, Vec<AccountView>)>,
    /// Employees by extension.
    names: RefCell<HashMap<String, String>>,
}

impl Lamps {
    /// Ties the lamps to the window.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        Rc::new(Self {
            window: window.as_weak(),
            phone,
            shown: RefCell::default(),
            names: RefCell::default(),
        })
    }

    /// Shows the lamps and mailboxes of a new view.
    pub fn show(self: &Rc<Self>, view: &View) {
        let new = (view.lamps.clone(), view.accounts.clone());
        if *self.shown.borrow() == new {
            return;
        }
        let (before, _) = self.shown.replace(new);
        let other = |lamp: &LampView| !before.iter().any(|known| known.lamp == lamp.lamp);
        if view.lamps.iter().any(other) {
            spawn(self.clone().load_names());
        }
        self.draw();
    }

    async fn load_names(self: Rc<Self>) {
        let Ok(employees) = asking::read(&self.phone, |store| store.employees()).await else {
            return;
        };
        *self.names.borrow_mut() = employees
            .into_iter()
            .map(|employee| (employee.extension, employee.name))
            .collect();
        self.draw();
    }

    fn draw(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let (lamps, accounts) = &*self.shown.borrow();
        let names = self.names.borrow();
        let lamps: Vec<Lamp> = lamps
            .iter()
            .map(|lamp| map_lamp(lamp, accounts, &names))
            .collect();
        let mailboxes: Vec<Mailbox> = accounts.iter().filter_map(map_mailbox).collect();
        let adapter = window.global::<PhoneAdapter>();
        adapter.set_lamps(ModelRc::from(Rc::new(VecModel::from(lamps))));
        adapter.set_mailboxes(ModelRc::from(Rc::new(VecModel::from(mailboxes))));
    }
}

fn map_lamp(lamp: &LampView, accounts: &[AccountView], names: &HashMap<String, String>) -> Lamp {
    let line = accounts
        .iter()
        .position(|account| account.aor == lamp.account);
    Lamp {
        target: lamp.lamp.as_str().into(),
        line: line.and_then(|line| i32::try_from(line).ok()).unwrap_or(0),
        title: title(&lamp.lamp, names),
        state: match lamp.state {
            LampState::Unknown => Shown::Unknown,
            LampState::Unreachable => Shown::Unreachable,
            LampState::Idle => Shown::Idle,
            LampState::Ringing => Shown::Ringing,
            LampState::Talking => Shown::Busy,
        },
    }
}

/// `102 Bek`; of an address the part that a person reads.
fn title(lamp: &str, names: &HashMap<String, String>) -> SharedString {
    let address = lamp.split_once(':').map_or(lamp, |(_, address)| address);
    let user = address.split('@').next().unwrap_or(address);
    match names.get(user) {
        Some(name) => text::line(&format!("{user} {name}")),
        None => text::line(address),
    }
}

fn map_mailbox(account: &AccountView) -> Option<Mailbox> {
    let messages = account.voicemail?;
    let count = |messages: u32| i32::try_from(messages).unwrap_or(i32::MAX);
    Some(Mailbox {
        line: line_title(account),
        fresh: count(messages.new),
        heard: count(messages.old),
        waiting: messages.waiting,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lamp_is_called_after_the_colleague_who_has_the_extension() {
        let names = HashMap::from([("102".to_owned(), "Bek".to_owned())]);
        assert_eq!(title("102", &names), "102 Bek");
        assert_eq!(title("sip:102@office.example", &names), "102 Bek");
        assert_eq!(title("103", &names), "103");
        assert_eq!(
            title("sip:door@office.example", &names),
            "door@office.example"
        );
    }
}
