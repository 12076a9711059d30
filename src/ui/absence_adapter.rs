//! Do not disturb and forwarding: the view's absence → `AbsenceAdapter`, its switches → commands
//! and the settings, so that they outlast the program.

use std::rc::Rc;

use ringbook_ui::slint::{ComponentHandle, SharedString, Weak};
use ringbook_ui::{AbsenceAdapter, ForwardWhen as Kind, MainWindow};

use super::asking::{self, spawn};
use super::link::PhoneLink;
use super::text;
use super::window_adapter::complain;
use crate::phone::command::{Command, ForwardWhen};
use crate::phone::view::{Absence, View};
use crate::settings::{Phone as Rules, Settings};

/// The switches.
pub struct Switches {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
}

impl Switches {
    /// Ties the switches to the phone.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        let switches = Rc::new(Self {
            window: window.as_weak(),
            phone,
        });
        let adapter = window.global::<AbsenceAdapter>();
        let this = switches.clone();
        adapter.on_set_do_not_disturb(move |on| spawn(this.clone().set_do_not_disturb(on)));
        let this = switches.clone();
        adapter.on_set_forward(move |when, target| {
            spawn(this.clone().set_forward(when, target.trim().to_owned()));
        });
        if let Ok(settings) = switches.phone.settings() {
            let patience = settings.phone.forward_after_s;
            adapter.set_patience(i32::try_from(patience).unwrap_or(i32::MAX));
        }
        switches
    }

    /// Shows what is in force.
    pub fn show(&self, view: &View) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let Absence {
            do_not_disturb,
            forward_always,
            forward_busy,
            forward_no_answer,
        } = &view.absence;
        let target = |target: &Option<String>| text::line(target.as_deref().unwrap_or_default());
        let adapter = window.global::<AbsenceAdapter>();
        adapter.set_do_not_disturb(*do_not_disturb);
        adapter.set_always(target(forward_always));
        adapter.set_busy(target(forward_busy));
        adapter.set_no_answer(target(forward_no_answer));
    }

    async fn set_do_not_disturb(self: Rc<Self>, on: bool) {
        match asking::command(&self.phone, Command::DoNotDisturb(on)).await {
            Ok(_) => self.keep(|rules| rules.do_not_disturb = on),
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    /// Takes a target over where it is one; why it is none stands beside its field otherwise.
    async fn set_forward(self: Rc<Self>, kind: Kind, target: String) {
        let target = (!target.is_empty()).then_some(target);
        let command = Command::Forward {
            when: when(kind),
            target: target.clone(),
        };
        let answer = asking::command(&self.phone, command).await;
        let error = answer.as_ref().err().map(ToString::to_string);
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<AbsenceAdapter>();
            let error: SharedString = error.unwrap_or_default().into();
            match kind {
                Kind::Always => adapter.set_always_error(error),
                Kind::Busy => adapter.set_busy_error(error),
                Kind::NoAnswer => adapter.set_no_answer_error(error),
            }
        }
        if answer.is_ok() {
            self.keep(|rules| *place(rules, kind) = target);
        }
    }

    /// Writes what was switched into the file.
    fn keep(&self, change: impl FnOnce(&mut Rules)) {
        let kept = self.phone.settings().and_then(|mut settings: Settings| {
            change(&mut settings.phone);
            self.phone.save_settings(settings)
        });
        if let Err(error) = kept {
            complain(&self.window, error.to_string());
        }
    }
}

fn when(kind: Kind) -> ForwardWhen {
    match kind {
        Kind::Always => ForwardWhen::Always,
        Kind::Busy => ForwardWhen::Busy,
        Kind::NoAnswer => ForwardWhen::NoAnswer,
    }
}

fn place(rules: &mut Rules, kind: Kind) -> &mut Option<String> {
    match kind {
        Kind::Always => &mut rules.forward_always,
        Kind::Busy => &mut rules.forward_busy,
        Kind::NoAnswer => &mut rules.forward_no_answer,
    }
}
