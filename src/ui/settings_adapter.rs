//! The settings' page: `settings.toml` → its fields and back, the connection check in plain words.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ringbook_sip::message::Uri;
use ringbook_ui::slint::{ComponentHandle, ModelRc, SharedString, VecModel, Weak};
use ringbook_ui::{
    AccountForm, CheckStep, MainWindow, SettingsAdapter, StepState, Theme, ThemeChoice,
};

use super::asking::spawn;
use super::link::PhoneLink;
use super::window_adapter::{complain, failure, tell};
use crate::automation::RegistrationState;
use crate::phone::command::Command;
use crate::phone::view::{AccountView, View};
use crate::settings::{Account, Password, RecordingMode, Settings, WindowTheme};
use crate::tr;

/// Text sizes offered, in percent.
const TEXT_SIZES: [u32; 4] = [100, 125, 150, 200];

/// The page's state.
pub struct SettingsPage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    lines: RefCell<Vec<AccountView>>,
    in_call: Cell<bool>,
    inputs: RefCell<Vec<String>>,
    outputs: RefCell<Vec<String>>,
}

impl SettingsPage {
    /// Ties the page to the settings.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        let page = Rc::new(Self {
            window: window.as_weak(),
            phone,
            lines: RefCell::default(),
            in_call: Cell::new(false),
            inputs: RefCell::default(),
            outputs: RefCell::default(),
        });
        let adapter = window.global::<SettingsAdapter>();
        adapter.set_version(env!("CARGO_PKG_VERSION").into());
        adapter.set_profile(page.phone.profile().dir().display().to_string().into());
        let recordings = page.phone.profile().recordings();
        adapter.set_recording_folder(recordings.display().to_string().into());
        page.take_account(&adapter);
        page.take_rest(&adapter);
        page.load(0);
        page.dress();
        spawn(page.clone().load_devices());
        page
    }

    fn take_account(self: &Rc<Self>, adapter: &SettingsAdapter<'_>) {
        let page = self.clone();
        adapter.on_pick_account(move |index| page.load(index));
        let page = self.clone();
        adapter.on_add_account(move || page.begin_account());
        let page = self.clone();
        adapter.on_save_account(move || spawn(page.clone().save_account()));
        let page = self.clone();
        adapter.on_remove_account(move || page.remove_account());
        let page = self.clone();
        adapter.on_run_check(move || {
            page.restart_line();
            page.check();
        });
    }

    fn take_rest(self: &Rc<Self>, adapter: &SettingsAdapter<'_>) {
        let page = self.clone();
        adapter.on_set_input(move |index| {
            let name = device(&page.inputs.borrow(), index);
            page.change(|settings| settings.audio.input = name);
        });
        let page = self.clone();
        adapter.on_set_output(move |index| {
            let name = device(&page.outputs.borrow(), index);
            page.change(|settings| settings.audio.output = name);
        });
        let page = self.clone();
        adapter.on_set_ring(move |index| {
            let name = device(&page.outputs.borrow(), index);
            page.change(|settings| settings.audio.ring = name);
        });
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
    }

    /// Gives the window the colours and the text size of the settings.
    fn dress(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let look = self.phone.settings().map(|settings| settings.window);
        let look = look.unwrap_or_default();
        let (adapter, theme) = (window.global::<SettingsAdapter>(), window.global::<Theme>());
        let (index, choice) = match look.theme {
            WindowTheme::System => (0, ThemeChoice::System),
            WindowTheme::Light => (1, ThemeChoice::Light),
            WindowTheme::Dark => (2, ThemeChoice::Dark),
        };
        adapter.set_theme(index);
        if theme.get_choice() != choice {
            theme.invoke_choose(choice);
        }
        let nearest = TEXT_SIZES
            .iter()
            .rposition(|&size| size <= look.text_percent);
        adapter.set_text_size(i32::try_from(nearest.unwrap_or(0)).unwrap_or(0));
        theme.set_text_scale(look.text_percent as f32 / 100.0);
    }

    /// Shows the lines' states of a new view; a running check follows them.
    pub fn show(&self, view: &View) {
        self.in_call.set(!view.calls.is_empty());
        if *self.lines.borrow() == view.accounts {
            return;
        }
        *self.lines.borrow_mut() = view.accounts.clone();
        let Some(window) = self.window.upgrade() else {
            return;
        };
        if window.global::<SettingsAdapter>().get_checking() {
            self.check();
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
        adapter.set_password_kept(account.is_some_and(|account| account.password.is_none()));
        let new = AccountForm {
            register: true,
            ..AccountForm::default()
        };
        adapter.set_account(account.map_or(new, map_account));
        adapter.set_aor_error(SharedString::new());
        adapter.set_registrar_error(SharedString::new());
        adapter.set_check(ModelRc::default());
        adapter.set_checking(false);
        adapter.set_recording_mode(match settings.recording.mode {
            RecordingMode::Always => 0,
            RecordingMode::OnDemand => 1,
            RecordingMode::Never => 2,
        });
    }

    fn begin_account(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<SettingsAdapter>();
        adapter.set_account_index(-1);
        adapter.set_account(AccountForm {
            register: true,
            ..AccountForm::default()
        });
        adapter.set_check(ModelRc::default());
    }

    async fn save_account(self: Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<SettingsAdapter>();
        let form = adapter.get_account();
        let aor_error = address_error(&form.aor, true);
        let registrar_error = address_error(&form.registrar, false);
        adapter.set_aor_error(aor_error.as_str().into());
        adapter.set_registrar_error(registrar_error.as_str().into());
        if !aor_error.is_empty() || !registrar_error.is_empty() {
            return;
        }
        let kept = keep_password(with_scheme(&form.aor), form.password.to_string()).await;
        let index = usize::try_from(adapter.get_account_index()).ok();
        let mut at = 0;
        let saved = self.change(|settings| {
            let existing = index.filter(|&index| index < settings.accounts.len());
            at = existing.unwrap_or(settings.accounts.len());
            if existing.is_none() {
                settings.accounts.push(Account::new(""));
            }
            let account = &mut settings.accounts[at];
            take_account(&form, account);
            if kept.is_ok() {
                account.password = None;
            }
        });
        if !saved {
            return;
        }
        self.load(i32::try_from(at).unwrap_or(0));
        match kept {
            Ok(()) => tell(&self.window, tr!("Account saved.")),
            Err(why) => complain(
                &self.window,
                tr!(
                    "Account saved. The system's keyring is not available ({why}), so the password stands in settings.toml, which only you can read.",
                    why = why
                ),
            ),
        }
        self.restart_line();
        self.check();
    }

    /// Registers the line in the form anew, unless a call is up: what the check then shows is fresh.
    fn restart_line(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let aor = with_scheme(&window.global::<SettingsAdapter>().get_account().aor);
        if self.in_call.get() {
            return;
        }
        let Ok(settings) = self.phone.settings() else {
            return;
        };
        let mut without = settings.clone();
        without.accounts.retain(|account| account.aor != aor);
        let ignore = || Box::new(|_| {});
        self.phone
            .command(Command::SetSettings(Box::new(without)), ignore());
        self.phone
            .command(Command::SetSettings(Box::new(settings)), ignore());
        // Until the phone says otherwise the line is on its way.
        for line in self.lines.borrow_mut().iter_mut() {
            if line.aor == aor && line.state != RegistrationState::Unregistered {
                line.state = RegistrationState::Registering;
            }
        }
    }

    fn remove_account(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let index = window.global::<SettingsAdapter>().get_account_index();
        let removed = self.change(|settings| {
            if let Some(index) = usize::try_from(index)
                .ok()
                .filter(|&i| i < settings.accounts.len())
            {
                settings.accounts.remove(index);
            }
        });
        if removed {
            self.load(0);
        }
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

    /// Says step by step how the line stands, and what to do where it does not.
    fn check(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<SettingsAdapter>();
        let form = adapter.get_account();
        let steps = {
            let lines = self.lines.borrow();
            check_steps(
                &form,
                lines.iter().find(|line| line.aor == form.aor.as_str()),
            )
        };
        let waits = steps.iter().any(|step| step.state == StepState::Running);
        adapter.set_checking(waits);
        adapter.set_check(ModelRc::from(Rc::new(VecModel::from(steps))));
    }

    /// Fills the lists of microphones and loudspeakers.
    pub async fn load_devices(self: Rc<Self>) {
        let (done, waiting) = tokio::sync::oneshot::channel();
        // Asking the sound system may take a second.
        std::thread::spawn(move || drop(done.send(ringbook_media::device::present())));
        let (inputs, outputs) = waiting.await.unwrap_or_default();
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<SettingsAdapter>();
        if inputs.is_empty() || outputs.is_empty() {
            let text = tr!(
                "No sound device was found. Calls work, but without sound, until one is plugged in."
            );
            adapter.set_audio_problem(text.into());
        }
        let audio = self
            .phone
            .settings()
            .map(|settings| settings.audio)
            .unwrap_or_default();
        let (names, index) = device_list(inputs, &audio.input);
        adapter.set_inputs(titles(&names));
        adapter.set_input(index);
        *self.inputs.borrow_mut() = names;
        let (names, index) = device_list(outputs, &audio.output);
        let ring = names
            .iter()
            .position(|name| *name == audio.ring)
            .unwrap_or(0);
        adapter.set_outputs(titles(&names));
        adapter.set_output(index);
        adapter.set_ring(i32::try_from(ring).unwrap_or(0));
        *self.outputs.borrow_mut() = names;
    }
}

/// Puts a password into the system's keyring, on a thread of its own: its service may ask a person.
/// Nothing typed leaves it as it is.
async fn keep_password(aor: String, password: String) -> Result<(), String> {
    if password.is_empty() {
        return Ok(());
    }
    let (done, waiting) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let kept =
            keyring::Entry::new("ringbook", &aor).and_then(|entry| entry.set_password(&password));
        drop(done.send(kept.map_err(|error| error.to_string())));
    });
    let gone = || Err(tr!("it did not answer"));
    waiting.await.unwrap_or_else(|_| gone())
}

/// The default, the devices present, and the one in the settings where it is neither.
fn device_list(present: Vec<String>, chosen: &str) -> (Vec<String>, i32) {
    let mut names = vec!["default".to_owned()];
    names.extend(
        present
            .into_iter()
            .filter(|name| name != "default" && !name.is_empty()),
    );
    names.dedup();
    let at = names
        .iter()
        .position(|name| name == chosen)
        .unwrap_or_else(|| {
            names.push(chosen.to_owned());
            names.len() - 1
        });
    (names, i32::try_from(at).unwrap_or(0))
}

fn titles(names: &[String]) -> ModelRc<SharedString> {
    let title = |name: &String| match name.as_str() {
        "default" => tr!("As the system").into(),
        name => super::text::line(name),
    };
    ModelRc::from(Rc::new(VecModel::from(
        names.iter().map(title).collect::<Vec<_>>(),
    )))
}

fn device(names: &[String], index: i32) -> String {
    let name = usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index));
    name.cloned().unwrap_or_else(|| "default".to_owned())
}

fn title(account: &Account) -> SharedString {
    let short = account
        .extension
        .as_deref()
        .unwrap_or_else(|| account.user());
    match account
        .company
        .as_deref()
        .or(account.display_name.as_deref())
    {
        Some(name) => super::text::line(&format!("{short} · {name}")),
        None => super::text::line(&account.aor),
    }
}

fn map_account(account: &Account) -> AccountForm {
    let text = |text: &Option<String>| text.as_deref().unwrap_or_default().into();
    let registrar = account.registrar.as_deref().unwrap_or_default();
    let (server, transport) = match registrar.split_once(";transport=") {
        Some((server, "udp")) => (server, 1),
        Some((server, "tcp")) => (server, 2),
        _ => (registrar, 0),
    };
    AccountForm {
        aor: account.aor.as_str().into(),
        display_name: text(&account.display_name),
        extension: text(&account.extension),
        company: text(&account.company),
        username: text(&account.username),
        password: account
            .password
            .as_ref()
            .map(|p| p.reveal().into())
            .unwrap_or_default(),
        registrar: server.into(),
        transport,
        register: account.register,
    }
}

/// Takes the form over; what it does not show stays.
fn take_account(form: &AccountForm, account: &mut Account) {
    let text = |text: &SharedString| {
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    account.aor = with_scheme(&form.aor);
    account.display_name = text(&form.display_name);
    account.extension = text(&form.extension);
    account.company = text(&form.company);
    account.username = text(&form.username);
    account.password = text(&form.password).map(Password::new);
    account.register = form.register;
    let transport = match form.transport {
        1 => ";transport=udp",
        2 => ";transport=tcp",
        _ => "",
    };
    account.registrar = match (text(&form.registrar), transport) {
        (Some(server), transport) => Some(format!("{}{transport}", with_scheme(&server))),
        (None, "") => None,
        (None, transport) => {
            let domain = account.aor.rsplit('@').next().unwrap_or_default();
            Some(format!("sip:{domain}{transport}"))
        }
    };
}

fn with_scheme(address: &str) -> String {
    let address = address.trim();
    if address.starts_with("sip:") || address.starts_with("sips:") {
        address.to_owned()
    } else {
        format!("sip:{address}")
    }
}

/// What is wrong with an address, and what is allowed; empty where nothing is.
fn address_error(typed: &str, needs_user: bool) -> String {
    if typed.trim().is_empty() {
        return if needs_user {
            tr!("An address is needed, such as sip:101@office.example")
        } else {
            String::new()
        };
    }
    match Uri::parse(&with_scheme(typed)) {
        Ok(uri) if needs_user && uri.user().is_none() => {
            tr!("The part before the @ is missing: sip:101@office.example")
        }
        Ok(_) => String::new(),
        Err(error) => tr!(
            "This is no SIP address ({error}); allowed: sip:101@office.example",
            error = error
        ),
    }
}

fn step(title: String, text: String, state: StepState) -> CheckStep {
    CheckStep {
        title: title.into(),
        text: text.into(),
        state,
    }
}

/// How a line stands, in plain words.
fn check_steps(form: &AccountForm, line: Option<&AccountView>) -> Vec<CheckStep> {
    let address = address_error(&form.aor, true);
    let passed = address.is_empty();
    let state = if passed {
        StepState::Passed
    } else {
        StepState::Failed
    };
    let mut steps = vec![step(
        tr!("The address"),
        if passed {
            form.aor.to_string()
        } else {
            address
        },
        state,
    )];
    let Some(line) = line.filter(|_| passed) else {
        if passed {
            steps.push(step(
                tr!("Register"),
                tr!("Save the account first."),
                StepState::Waiting,
            ));
        }
        return steps;
    };
    let answered = line.status.is_some();
    let (reached, register) = match line.state {
        RegistrationState::Registered => (
            (tr!("It answers."), StepState::Passed),
            (tr!("Calls to this line come in here."), StepState::Passed),
        ),
        RegistrationState::Registering => (
            (tr!("Waiting for its answer…"), StepState::Running),
            (String::new(), StepState::Waiting),
        ),
        RegistrationState::Unregistered => (
            (
                tr!("Not asked: this line does not register."),
                StepState::Waiting,
            ),
            (
                tr!("Switch “Register this line” on to receive calls."),
                StepState::Waiting,
            ),
        ),
        RegistrationState::Failed if answered => (
            (tr!("It answers."), StepState::Passed),
            (advice(line), StepState::Failed),
        ),
        RegistrationState::Failed => (
            (advice(line), StepState::Failed),
            (String::new(), StepState::Waiting),
        ),
    };
    steps.push(step(tr!("Reach the server"), reached.0, reached.1));
    steps.push(step(tr!("Register"), register.0, register.1));
    steps
}

/// What is wrong with a line's registration and what to do about it.
fn advice(line: &AccountView) -> String {
    let what = match line.status {
        Some(401 | 403 | 407) => tr!("The server refused the password. Check user and password."),
        Some(404 | 604) => tr!("The server does not know this user. Check the address."),
        Some(408) | None => {
            tr!(
                "The server does not answer. Check the server's name, the network and the firewall; try TCP."
            )
        }
        status => failure(status),
    };
    let said = match line.status {
        Some(status) => format!("{status} {}", line.reason),
        None => line.reason.clone(),
    };
    if said.is_empty() {
        what
    } else {
        format!("{what} ({})", super::text::line(&said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(aor: &str) -> AccountForm {
        AccountForm {
            aor: aor.into(),
            register: true,
            ..AccountForm::default()
        }
    }

    fn line(state: RegistrationState, status: Option<u16>) -> AccountView {
        AccountView {
            aor: "sip:101@a.example".into(),
            name: String::new(),
            company: String::new(),
            extension: String::new(),
            state,
            status,
            reason: String::new(),
            voicemail: None,
        }
    }

    #[test]
    fn the_check_says_which_step_fails_and_what_to_do() {
        let steps = check_steps(
            &form("sip:101@a.example"),
            Some(&line(RegistrationState::Failed, Some(403))),
        );
        let states: Vec<StepState> = steps.iter().map(|step| step.state).collect();
        assert_eq!(
            states,
            [StepState::Passed, StepState::Passed, StepState::Failed]
        );
        assert!(
            steps[2].text.contains("Check user and password"),
            "{}",
            steps[2].text
        );

        let silent = check_steps(
            &form("sip:101@a.example"),
            Some(&line(RegistrationState::Failed, None)),
        );
        assert_eq!(silent[1].state, StepState::Failed);
        assert!(silent[1].text.contains("does not answer"));
    }

    #[test]
    fn a_bad_address_is_named_beside_its_field() {
        assert_eq!(address_error("101@a.example", true), "");
        assert!(address_error("", true).contains("sip:101@office.example"));
        assert!(address_error("sip:a.example", true).contains("before the @"));
        assert_eq!(address_error("", false), "");
    }

    #[test]
    fn an_account_comes_back_from_its_form_as_it_was() {
        let mut account = Account::new("sip:101@a.example");
        account.company = Some("Alfa LLC".into());
        account.registrar = Some("sip:pbx.a.example;transport=tcp".into());
        account.password_command = Some("pass show sip".into());
        account.expires_s = 600;
        let mut copy = account.clone();
        take_account(&map_account(&account), &mut copy);
        assert_eq!(copy, account);
    }

    #[test]
    fn a_device_that_is_gone_stays_chosen() {
        let (names, at) = device_list(vec!["Headset".into()], "USB phone");
        assert_eq!(names, ["default", "Headset", "USB phone"]);
        assert_eq!(at, 2);
    }
}
