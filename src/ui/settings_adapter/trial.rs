//! The sound, tried out without any call: hearing oneself, and the check of `ringbook check --audio`.

use std::rc::Rc;

use ringbook_ui::slint::ComponentHandle;
use ringbook_ui::{AudioAdapter, MainWindow, Page, SettingsAdapter, SettingsPart, WindowAdapter};

use super::SettingsPage;
use super::check::{run, show_steps};
use crate::check::{Report, check_echo, check_headsets, check_sound};
use crate::phone::command::Command;
use crate::phone::view::View;
use crate::settings::Settings;
use crate::tr;
use crate::ui::asking::{self, spawn};
use crate::ui::window_adapter::complain;

impl SettingsPage {
    pub(super) fn take_trials(self: &Rc<Self>, adapter: &AudioAdapter<'_>) {
        let page = self.clone();
        adapter.on_hear_yourself(move |on| spawn(page.clone().hear_yourself(on)));
        let page = self.clone();
        adapter.on_run_check(move || spawn(page.clone().check_audio()));
    }

    async fn hear_yourself(self: Rc<Self>, on: bool) {
        self.audio.hears.set(on);
        if let Err(error) = asking::command(&self.phone, Command::AudioTest(on)).await {
            complain(&self.window, error.to_string());
        }
    }

    /// Takes over how loud somebody is who hears themselves.
    pub(super) fn show_trial(self: &Rc<Self>, view: &View) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<AudioAdapter>();
        adapter.set_in_call(!view.calls.is_empty());
        adapter.set_hearing(view.audio_test.is_some());
        let (spoken, heard) = view.audio_test.unwrap_or_default();
        adapter.set_spoken(spoken);
        adapter.set_heard(heard);
        // Out of sight nobody could end it.
        if view.audio_test.is_some() && self.audio.hears.get() && !is_in_sight(&window) {
            spawn(self.clone().hear_yourself(false));
        }
    }

    async fn check_audio(self: Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let settings = match self.phone.settings() {
            Ok(settings) => settings,
            Err(error) => return complain(&self.window, error.to_string()),
        };
        let adapter = window.global::<AudioAdapter>();
        adapter.set_checking(true);
        let progress = run(tr!("Audio"), move |report| check(&settings, report));
        show_steps(progress, |steps| {
            adapter.set_check(steps);
            true
        })
        .await;
        adapter.set_checking(false);
    }
}

fn check(settings: &Settings, report: &mut Report<'_>) -> anyhow::Result<()> {
    check_sound(settings, report)?;
    check_headsets(&settings.audio, report);
    check_echo(&settings.audio, report)
}

fn is_in_sight(window: &MainWindow) -> bool {
    window.global::<WindowAdapter>().get_page() == Page::Settings
        && window.global::<SettingsAdapter>().get_part() == SettingsPart::Audio
}
