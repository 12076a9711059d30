//! What belongs to the window as a whole: lines, messages, the one search field.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ringbook_ui::slint::winit_030::WinitWindowAccessor as _;
use ringbook_ui::slint::{ComponentHandle, Model, ModelRc, SharedString, VecModel, Weak};
use ringbook_ui::{
    AbsenceAdapter, ClientsAdapter, Found, FoundKind, Line, LineState, LogAdapter, MainWindow,
    Page, PhoneAdapter, SettingsAdapter, SettingsPart, TasksAdapter, Tone, WindowAdapter,
};

use super::asking::{self, spawn};
use super::link::PhoneLink;
use super::phone_adapter::{PhonePage, line_title};
use super::text;
use crate::automation::RegistrationState;
use crate::model::{ClientSummary, PhoneNumber, Right};
use crate::phone::command::Command;
use crate::phone::view::{AccountView, LinkView, View};
use crate::tr;

/// Clients offered by the search field.
const FOUND: usize = 6;

/// The window's frame.
pub struct Shell {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    page: Rc<PhonePage>,
    lines: RefCell<Vec<AccountView>>,
    /// The link that a person is asked about.
    link: RefCell<Option<LinkView>>,
    /// Counts the questions: a late answer to an older one is dropped.
    asked: Cell<u64>,
    /// The question whose answers are shown.
    answered: Cell<u64>,
    /// Enter was pressed before the answers were there.
    hurried: Cell<bool>,
}

/// What the search field can do besides calling and finding.
const COMMANDS: [(&str, &str); 8] = [
    ("add-client", "Ctrl N"),
    ("do-not-disturb", "Ctrl D"),
    ("phone", ""),
    ("clients", ""),
    ("calls", ""),
    ("recordings", ""),
    ("tasks", ""),
    ("settings", ""),
];

fn command_title(id: &str) -> String {
    match id {
        "add-client" => tr!("Add a client"),
        "do-not-disturb" => tr!("Do not disturb"),
        "phone" => tr!("Go to Phone"),
        "clients" => tr!("Go to Clients"),
        "calls" => tr!("Go to Calls"),
        "recordings" => tr!("Go to Recordings"),
        "tasks" => tr!("Go to Tasks"),
        _ => tr!("Go to Settings"),
    }
}

impl Shell {
    /// Ties the frame to the phone.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>, page: Rc<PhonePage>) -> Rc<Self> {
        let shell = Rc::new(Self {
            window: window.as_weak(),
            phone,
            page,
            lines: RefCell::default(),
            link: RefCell::default(),
            asked: Cell::new(0),
            answered: Cell::new(0),
            hurried: Cell::new(false),
        });
        let adapter = window.global::<WindowAdapter>();
        // What is not offered is refused by the store as well.
        let role = shell.phone.settings().unwrap_or_default().office.role;
        adapter.set_may_export(role.may(Right::ExportCalls));
        adapter.set_may_delete(role.may(Right::DeleteClients));
        let this = shell.clone();
        adapter.on_search(move |query| {
            // Counted at once: Enter may follow before the search begins.
            let asked = this.asked.get() + 1;
            this.asked.set(asked);
            spawn(this.clone().search(query.into(), asked));
        });
        let this = shell.clone();
        adapter.on_take(move |index| this.take(index));
        let this = shell.clone();
        adapter.on_check_line(move |aor| this.check_line(&aor));
        let this = shell.clone();
        adapter.on_dial_link(move || this.answer_link(true));
        let this = shell.clone();
        adapter.on_forget_link(move || this.answer_link(false));
        let this = shell.clone();
        adapter.on_quit(move || this.phone.command(Command::Quit, Box::new(|_| {})));
        shell
    }

    /// Shows the lines of a new view.
    pub fn show(&self, view: &View) {
        if *self.lines.borrow() != view.accounts {
            *self.lines.borrow_mut() = view.accounts.clone();
            self.retell();
        }
        if *self.link.borrow() != view.link {
            self.link.borrow_mut().clone_from(&view.link);
            self.ask_about_link();
        }
    }

    /// The window itself.
    pub fn window(&self) -> Weak<MainWindow> {
        self.window.clone()
    }

    /// Makes the lines' texts anew.
    pub fn retell(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let lines: Vec<Line> = self.lines.borrow().iter().map(map_line).collect();
        let model = ModelRc::from(Rc::new(VecModel::from(lines)));
        window.global::<WindowAdapter>().set_lines(model);
    }

    /// Asks about a link, in a window that can be seen.
    fn ask_about_link(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let link = self.link.borrow();
        let adapter = window.global::<WindowAdapter>();
        adapter.set_link_armed(false);
        adapter.set_link(
            link.as_ref()
                .map(|link| text::line(&link.text))
                .unwrap_or_default(),
        );
        if link.is_some() {
            window.window().set_minimized(false);
            window
                .window()
                .with_winit_window(|window| window.focus_window());
        }
    }

    fn answer_link(&self, dial: bool) {
        let (Some(window), Some(link)) = (self.window.upgrade(), self.link.borrow().clone()) else {
            return;
        };
        let adapter = window.global::<WindowAdapter>();
        if adapter.get_link().is_empty() {
            return;
        }
        // Views that the phone made before it hears of the answer ask about the same link.
        adapter.set_link(SharedString::new());
        self.phone.command(Command::ForgetLink, Box::new(|_| {}));
        if dial {
            adapter.set_page(Page::Phone);
            let line = window.global::<PhoneAdapter>().get_line();
            spawn(self.page.clone().dial(link.target, line));
        }
    }

    fn check_line(&self, aor: &str) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let index = self.lines.borrow().iter().position(|line| line.aor == aor);
        let index = index
            .and_then(|index| i32::try_from(index).ok())
            .unwrap_or(0);
        let settings = window.global::<SettingsAdapter>();
        settings.set_part(SettingsPart::Account);
        settings.invoke_pick_account(index);
        window.global::<WindowAdapter>().set_page(Page::Settings);
        settings.invoke_run_check();
    }

    /// Finds what the typed text may mean: a number to call, clients, commands.
    async fn search(self: Rc<Self>, query: String, asked: u64) {
        let typed = query.trim().to_owned();
        let clients = if typed.is_empty() {
            Vec::new()
        } else {
            let text = typed.clone();
            let found = asking::read(&self.phone, move |store| store.find_clients(&text, FOUND));
            found.await.unwrap_or_default()
        };
        let Some(window) = self.window.upgrade() else {
            return;
        };
        if asked != self.asked.get() {
            return;
        }
        let mut found: Vec<Found> = Vec::new();
        if dialable(&typed) {
            found.push(Found {
                kind: FoundKind::Number,
                id: typed.as_str().into(),
                title: tr!("Call {number}", number = text::line(&typed)).into(),
                keys: "Enter".into(),
                ..Found::default()
            });
        }
        found.extend(clients.iter().map(found_client));
        let has_tasks = window.global::<TasksAdapter>().get_present();
        let has_log = window.global::<LogAdapter>().get_present();
        let is_there = |found: &Found| match found.id.as_str() {
            "tasks" => has_tasks,
            "calls" => has_log,
            _ => true,
        };
        found.extend(commands(&typed).filter(is_there));
        window
            .global::<WindowAdapter>()
            .set_found(ModelRc::from(Rc::new(VecModel::from(found))));
        self.answered.set(asked);
        if self.hurried.take() {
            self.take(0);
        }
    }

    fn take(&self, index: i32) {
        if self.answered.get() != self.asked.get() {
            self.hurried.set(true);
            return;
        }
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<WindowAdapter>();
        let Some(found) = usize::try_from(index)
            .ok()
            .and_then(|i| adapter.get_found().row_data(i))
        else {
            return;
        };
        adapter.set_searching(false);
        adapter.set_query(SharedString::new());
        match (found.kind, found.id.as_str()) {
            (FoundKind::Number, number) => {
                adapter.set_page(Page::Phone);
                let line = window.global::<PhoneAdapter>().get_line();
                spawn(self.page.clone().dial(number.to_owned(), line));
            }
            (FoundKind::Client, id) => {
                adapter.set_page(Page::Clients);
                window.global::<ClientsAdapter>().invoke_select(id.into());
            }
            (FoundKind::Command, "add-client") => {
                adapter.set_page(Page::Clients);
                window.global::<ClientsAdapter>().invoke_add();
            }
            (FoundKind::Command, "do-not-disturb") => {
                let absence = window.global::<AbsenceAdapter>();
                absence.invoke_set_do_not_disturb(!absence.get_do_not_disturb());
            }
            (_, "phone") => adapter.set_page(Page::Phone),
            (_, "clients") => adapter.set_page(Page::Clients),
            (_, "calls") => adapter.set_page(Page::Calls),
            (_, "recordings") => adapter.set_page(Page::Recordings),
            (_, "tasks") => adapter.set_page(Page::Tasks),
            _ => adapter.set_page(Page::Settings),
        }
    }
}

/// Whether a typed text can be called: a number or an address.
fn dialable(typed: &str) -> bool {
    let code = |c: char| c.is_ascii_digit() || "+*# -()/.".contains(c);
    typed.contains('@')
        || (typed.chars().any(|c| c.is_ascii_digit()) && typed.chars().all(code))
        || PhoneNumber::parse(typed, None).is_ok()
}

fn found_client(client: &ClientSummary) -> Found {
    let number = client
        .number
        .map(|number| number.international())
        .unwrap_or_default();
    let parts: Vec<&str> = [client.company.as_str(), &number]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    Found {
        kind: FoundKind::Client,
        id: client.id.to_string().into(),
        title: text::line(&client.name),
        subtitle: text::line(&parts.join(" · ")),
        ..Found::default()
    }
}

fn commands(typed: &str) -> impl Iterator<Item = Found> {
    let wanted = typed.to_lowercase();
    COMMANDS.into_iter().filter_map(move |(id, keys)| {
        let title = command_title(id);
        title.to_lowercase().contains(&wanted).then(|| Found {
            kind: FoundKind::Command,
            id: id.into(),
            title: title.into(),
            keys: keys.into(),
            ..Found::default()
        })
    })
}

fn map_line(account: &AccountView) -> Line {
    let (state, words) = match account.state {
        RegistrationState::Registered => (LineState::Ready, tr!("Ready")),
        RegistrationState::Registering => (LineState::Connecting, tr!("Connecting…")),
        RegistrationState::Unregistered => (LineState::Off, tr!("Not registered")),
        RegistrationState::Failed => (LineState::Failing, failure(account.status)),
    };
    Line {
        aor: account.aor.as_str().into(),
        title: line_title(account),
        state,
        text: words.into(),
    }
}

/// Why a line does not register, in three words.
pub fn failure(status: Option<u16>) -> String {
    match status {
        Some(401 | 403 | 407) => tr!("Password refused"),
        Some(404 | 604) => tr!("User unknown there"),
        Some(408) | None => tr!("Server does not answer"),
        Some(500..=599) => tr!("Server out of order"),
        Some(status) => tr!("Refused ({status})", status = status),
    }
}

/// Says that something was done.
pub fn tell(window: &Weak<MainWindow>, text: String) {
    announce(window, Tone::Good, &text);
}

/// Says what went wrong.
pub fn complain(window: &Weak<MainWindow>, text: String) {
    announce(window, Tone::Bad, &text);
}

fn announce(window: &Weak<MainWindow>, tone: Tone, words: &str) {
    if let Some(window) = window.upgrade() {
        let shell = window.global::<WindowAdapter>();
        shell.invoke_announce(tone, words.into());
    }
}
