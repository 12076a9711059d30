//! The settings' page: `settings.toml` → its fields and back.

mod account;
mod audio;
mod check;
mod line;
mod look;
mod ringtone;
mod trial;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use ringbook_ui::slint::{ComponentHandle, ModelRc, SharedString, VecModel, Weak};
use ringbook_ui::{AccountFaults, MainWindow, SettingsAdapter};

use self::account::{map_account, title};
use self::audio::AudioLists;
use self::look::TEXT_SIZES;
use self::ringtone::{file_at, ringtone_at};
use super::asking::spawn;
use super::link::PhoneLink;
use super::window_adapter::complain;
use crate::phone::ringer::Ring;
use crate::phone::view::{AccountView, View};
use crate::settings::{Account, RecordingMode, Settings, WindowTheme};

/// The page's state.
pub struct SettingsPage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    lines: RefCell<Vec<AccountView>>,
    in_call: Cell<bool>,
    audio: AudioLists,
    /// Counts the checks: what an older one finds is dropped.
    checked: Cell<u64>,
    /// Counts the ringtones that were tried.
    trials: Cell<u64>,
}

impl SettingsPage {
    /// Ties the page to the settings.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        let page = Rc::new(Self {
            window: window.as_weak(),
            phone,
            lines: RefCell::default(),
            in_call: Cell::new(false),
            audio: AudioLists::default(),
            checked: Cell::new(0),
            trials: Cell::new(0),
        });
        let adapter = window.global::<SettingsAdapter>();
        adapter.set_version(env!("CARGO_PKG_VERSION").into());
        adapter.set_profile(page.phone.profile().dir().display().to_string().into());
        let recordings = page.phone.profile().recordings();
        adapter.set_recording_folder(recordings.display().to_string().into());
        page.take_account(&adapter);
        page.take_audio(window);
        page.take_rest(&adapter);
        page.load(0);
        page.dress();
        page
    }

    fn take_account(self: &Rc<Self>, adapter: &SettingsAdapter<'_>) {
        let page = self.clone();
        adapter.on_pick_account(move |index| page.load(index));
        let page = self.clone();
        adapter.on_add_account(move || page.begin_account());
        let page = self.clone();
        adapter.on_try_ringtone(move |index, file| {
            let ring = Ring {
                bell: ringtone_at(index),
                file: file_at(&file).map(PathBuf::from),
            };
            spawn(page.clone().try_ringtone(ring));
        });
        let page = self.clone();
        adapter.on_choose_ringtone_file(move || spawn(page.clone().choose_ringtone_file(None)));
        let page = self.clone();
        adapter.on_save_account(move || spawn(page.clone().save_account()));
        let page = self.clone();
        adapter.on_remove_account(move || page.remove_account());
        let window = self.window.clone();
        adapter.on_set_codec(move |index, on| {
            if let Some(window) = window.upgrade() {
                line::set_codec(&window.global::<SettingsAdapter>().get_codecs(), index, on);
            }
        });
        let window = self.window.clone();
        adapter.on_move_codec(move |index, to| {
            if let Some(window) = window.upgrade() {
                line::move_codec(&window.global::<SettingsAdapter>().get_codecs(), index, to);
            }
        });
        let page = self.clone();
        adapter.on_run_check(move || spawn(page.clone().check()));
    }

    fn take_rest(self: &Rc<Self>, adapter: &SettingsAdapter<'_>) {
        let page = self.clone();
        adapter.on_set_recording_mode(move |index| {
            page.change(|settings| {
                settings.recording.mode = match index {
                    0 => RecordingMode::Always,
                    1 => RecordingMode::OnDemand,
                    _ => RecordingMode::Never,
                };
            });
        });
        let page = self.clone();
        adapter.on_open_recordings(move || super::open(&page.phone.profile().recordings()));
        let page = self.clone();
        adapter.on_set_theme(move |index| {
            page.change(|settings| {
                settings.window.theme = match index {
                    1 => WindowTheme::Light,
                    2 => WindowTheme::Dark,
                    _ => WindowTheme::System,
                };
            });
            page.dress();
        });
        let page = self.clone();
        adapter.on_set_text_size(move |index| {
            let size = usize::try_from(index).ok();
            let size = size.and_then(|index| TEXT_SIZES.get(index)).copied();
            page.change(|settings| settings.window.text_percent = size.unwrap_or(100));
            page.dress();
        });
        let page = self.clone();
        adapter.on_set_high_contrast(move |on| {
            page.change(|settings| settings.window.high_contrast = on);
            page.dress();
        });
    }

    /// Takes the lines' states of a new view over.
    pub fn show(self: &Rc<Self>, view: &View) {
        self.show_trial(view);
        self.in_call.set(!view.calls.is_empty());
        if *self.lines.borrow() != view.accounts {
            self.lines.borrow_mut().clone_from(&view.accounts);
        }
    }

    /// Fills the page from the file; `index` is the account to show.
    fn load(&self, index: i32) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<SettingsAdapter>();
        let settings = match self.phone.settings() {
            Ok(settings) => settings,
            Err(error) => return complain(&self.window, error.to_string()),
        };
        let titles: Vec<SharedString> = settings.accounts.iter().map(title).collect();
        let last = i32::try_from(titles.len()).unwrap_or(0) - 1;
        let index = index.clamp(0, last.max(0));
        adapter.set_accounts(ModelRc::from(Rc::new(VecModel::from(titles))));
        adapter.set_account_index(index);
        let account = usize::try_from(index)
            .ok()
            .and_then(|index| settings.accounts.get(index));
        let kept =
            |account: &Account| account.password.is_none() && account.password_command.is_none();
        let turn_kept = |account: &Account| {
            let nat = &account.nat;
            let is_in_file = nat.turn_password.is_some() || nat.turn_password_command.is_some();
            nat.turn_user.is_some() && !is_in_file
        };
        adapter.set_password_kept(account.is_some_and(kept));
        adapter.set_turn_password_kept(account.is_some_and(turn_kept));
        match account {
            Some(account) => adapter.set_account(map_account(account)),
            None => self.begin_account(),
        }
        self.show_codecs(&adapter, account);
        adapter.set_faults(AccountFaults::default());
        adapter.set_aor_error(SharedString::new());
        adapter.set_registrar_error(SharedString::new());
        self.begin_check();
        adapter.set_check(ModelRc::default());
        adapter.set_checking(false);
        adapter.set_recording_mode(match settings.recording.mode {
            RecordingMode::Always => 0,
            RecordingMode::OnDemand => 1,
            RecordingMode::Never => 2,
        });
    }

    /// Changes the file; false where it could not be.
    fn change(&self, change: impl FnOnce(&mut Settings)) -> bool {
        let done = self.phone.settings().and_then(|mut settings| {
            change(&mut settings);
            self.phone.save_settings(settings)
        });
        if let Err(error) = &done {
            complain(&self.window, error.to_string());
        }
        done.is_ok()
    }
}
