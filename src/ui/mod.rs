//! The window: the phone's views and the store's rows become what Slint shows, clicks and keys
//! become commands. One file per adapter global of the markup; none of them waits.

mod absence_adapter;
mod asking;
mod call_looks;
mod card_adapter;
mod card_blocks;
mod category_looks;
mod clients_adapter;
mod costs_adapter;
mod file_choice;
mod flight_adapter;
mod form;
mod lamps_adapter;
mod language;
mod layouts_adapter;
mod link;
mod listing;
mod log_adapter;
mod notifications_adapter;
mod office;
mod paged;
mod phone_adapter;
mod player;
mod player_adapter;
mod popups;
mod record_form;
mod recordings_adapter;
mod records;
mod reports_adapter;
mod sample_card;
mod settings_adapter;
mod tasks_adapter;
mod text;
mod tray;
mod window_adapter;

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{self, CloseRequestResponse, ComponentHandle};
use ringbook_ui::{MainWindow, backend, fonts};
use tokio::sync::watch;

pub use link::{OnReply, PhoneLink};

use self::absence_adapter::Switches;
use self::asking::spawn;
use self::card_adapter::Photos;
use self::category_looks::CategoryLooks;
use self::clients_adapter::ClientsPage;
use self::costs_adapter::CostsPart;
use self::flight_adapter::FlightPage;
use self::lamps_adapter::Lamps;
use self::layouts_adapter::LayoutsPage;
use self::log_adapter::LogPage;
use self::notifications_adapter::Bell;
use self::office::OfficePart;
use self::phone_adapter::PhonePage;
use self::player_adapter::Player;
use self::popups::Popups;
use self::recordings_adapter::RecordingsPage;
use self::records::Records;
use self::reports_adapter::ReportsPage;
use self::settings_adapter::SettingsPage;
use self::tasks_adapter::TasksPage;
use self::tray::TrayIcon;
use self::window_adapter::Shell;
use crate::export;
use crate::phone::command::{Command, CommandError, Reply};
use crate::phone::view::View;
use crate::store::{CallList, Reader};

/// How often timers are drawn and the phone's life is checked.
const TICK: Duration = Duration::from_millis(500);

/// Whether there is a display to open a window on; the error says what to do instead.
///
/// # Errors
/// There is none.
pub fn find_display() -> anyhow::Result<()> {
    #[cfg(all(unix, not(target_vendor = "apple")))]
    {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if !set("DISPLAY") && !set("WAYLAND_DISPLAY") && !set("WAYLAND_SOCKET") {
            anyhow::bail!(
                "there is no display to open the window on (neither DISPLAY nor WAYLAND_DISPLAY is set); \
                 start the phone without its window: ringbook --headless"
            );
        }
    }
    Ok(())
}

/// Shows the phone in a window, on the main thread, until the window is closed or the phone ends.
/// Closing the window asks the phone to end. A link that the program was started with is asked about.
///
/// # Errors
/// The window system refuses.
pub fn run(phone: impl PhoneLink + 'static, link: Option<&str>) -> anyhow::Result<()> {
    find_display()?;
    let hint = "the window cannot be opened; start the phone without it: ringbook --headless";
    backend::select().context(hint)?;
    fonts::install();
    let main = MainWindow::new().context(hint)?;
    let phone: Rc<dyn PhoneLink> = Rc::new(phone);
    let desk = Desk::start(&main, phone.clone());
    if let Some(link) = link {
        desk.take_link(link);
    }
    main.run().context(hint)?;
    phone.command(Command::Quit, Box::new(|_| {}));
    Ok(())
}

/// Everything behind the main window; it works as long as it is kept.
pub struct Desk {
    phone: Rc<dyn PhoneLink>,
    bell: Rc<Bell>,
    shell: Rc<Shell>,
    calls: Rc<PhonePage>,
    log: Rc<LogPage>,
    flight: Rc<FlightPage>,
    switches: Rc<Switches>,
    lamps: Rc<Lamps>,
    recordings: Rc<RecordingsPage>,
    player: Rc<Player>,
    reports: Rc<ReportsPage>,
    tasks: Rc<TasksPage>,
    settings: Rc<SettingsPage>,
    layouts: Rc<LayoutsPage>,
    popups: Rc<Popups>,
    tray: Rc<TrayIcon>,
    clients: Rc<ClientsPage>,
    tick: slint::Timer,
}

impl Desk {
    /// Ties a window to a phone.
    pub fn start(main: &MainWindow, phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        language::speak(main, &*phone);
        let bell = Bell::start(main, phone.clone());
        let photos: Rc<Photos> = Rc::default();
        let calls = PhonePage::start(main, phone.clone(), photos.clone());
        let records = Records::start(main, phone.clone(), bell.clone());
        let looks = CategoryLooks::start(main);
        let (this, of, window) = (looks.clone(), phone.clone(), main.as_weak());
        let reload = move || {
            if let Some(main) = window.upgrade() {
                spawn(this.clone().load(main, of.clone()));
            }
        };
        reload();
        records.on_change(reload);
        let log = LogPage::start(main, phone.clone(), bell.clone());
        let page = log.clone();
        records.on_change(move || spawn(page.clone().load_views(false)));
        OfficePart::start(main, phone.clone(), records.clone());
        CostsPart::start(main, phone.clone(), bell.clone());
        let desk = Rc::new(Self {
            shell: Shell::start(main, phone.clone(), calls.clone()),
            log,
            flight: FlightPage::start(main, phone.clone()),
            switches: Switches::start(main, phone.clone()),
            lamps: Lamps::start(main, phone.clone()),
            recordings: RecordingsPage::start(main, phone.clone()),
            player: Player::start(main, phone.clone()),
            reports: ReportsPage::start(main, phone.clone()),
            tasks: TasksPage::start(main, phone.clone(), bell.clone()),
            settings: SettingsPage::start(main, phone.clone()),
            layouts: LayoutsPage::start(main, phone.clone(), bell.clone()),
            popups: Popups::start(main, phone.clone(), photos.clone(), bell.clone(), looks),
            tray: TrayIcon::start(main),
            clients: ClientsPage::start(main, phone.clone(), photos, records, bell.clone()),
            tick: slint::Timer::default(),
            calls,
            phone,
            bell,
        });
        main.window().on_close_requested(|| {
            let _ = slint::quit_event_loop();
            CloseRequestResponse::HideWindow
        });
        desk.follow();
        let weak = Rc::downgrade(&desk);
        language::offer(main, desk.phone.clone(), move || {
            if let Some(desk) = weak.upgrade() {
                desk.retell();
            }
        });
        let weak = Rc::downgrade(&desk);
        desk.tick.start(slint::TimerMode::Repeated, TICK, move || {
            if let Some(desk) = weak.upgrade() {
                desk.on_tick();
            }
        });
        desk
    }

    /// Shows every new view of the phone. Views replace each other: only the newest is drawn.
    fn follow(self: &Rc<Self>) {
        let (newest, mut views) = watch::channel(Arc::<View>::default());
        self.phone.watch(Box::new(move |view| {
            newest.send_replace(view);
        }));
        let weak = Rc::downgrade(self);
        spawn(async move {
            let mut before = Arc::<View>::default();
            while views.changed().await.is_ok() {
                let view = views.borrow_and_update().clone();
                let Some(desk) = weak.upgrade() else { return };
                desk.bell.show(&view);
                // The card first, painted before anything else: that is what somebody waits for.
                desk.popups.show(&view);
                asking::pause(Duration::ZERO).await;
                desk.show(&view, &before);
                before = view;
            }
        });
    }

    fn show(&self, view: &View, before: &View) {
        self.calls.show(view);
        self.shell.show(view);
        self.tray.show(view);
        self.switches.show(view);
        self.lamps.show(view);
        self.settings.show(view);
        self.tasks.show(view);
        if before.calls.is_empty() && !view.calls.is_empty() {
            // Who is called hears the caller, not what is played.
            self.player.rest();
        }
        if view.log_edition != before.log_edition {
            spawn(self.log.clone().reload());
            spawn(self.recordings.clone().reload());
            spawn(self.reports.clone().load());
        }
    }

    /// Makes the texts anew that are made here and not in the markup.
    fn retell(&self) {
        self.shell.retell();
        self.calls.refresh();
        self.popups.refresh();
        self.settings.view_audio();
        spawn(self.layouts.clone().reload());
        spawn(self.log.clone().reload());
        spawn(self.log.clone().load_views(false));
        spawn(self.flight.clone().load());
        spawn(self.recordings.clone().reload());
        self.clients.retell();
        spawn(self.reports.clone().load());
        spawn(self.tasks.clone().reload());
    }

    /// Takes a link that the program was started with.
    fn take_link(&self, link: &str) {
        let window = self.shell.window();
        let complain = move |answer: Result<Reply, CommandError>| {
            if let Err(error) = answer {
                let _ = slint::invoke_from_event_loop(move || {
                    window_adapter::complain(&window, error.to_string());
                });
            }
        };
        let link = Command::Link(link.to_owned());
        self.phone.command(link, Box::new(complain));
    }

    fn on_tick(&self) {
        if !self.phone.is_running() {
            let _ = slint::quit_event_loop();
            return;
        }
        self.popups.refresh();
        self.calls.refresh();
        self.tasks.refresh(Timestamp::now());
        spawn(self.reports.clone().refresh());
    }
}

/// Opens a file or a folder with the desktop's own program.
fn open(path: &Path) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    if let Err(error) = std::process::Command::new(program).arg(path).spawn() {
        tracing::warn!(%error, path = %path.display(), "cannot be opened");
    }
}

/// Writes the calls of a list as CSV into a new file of the folder, and says which.
fn export_log(
    store: &Reader<'_>,
    list: &CallList,
    zone: &TimeZone,
    folder: &Path,
) -> anyhow::Result<std::path::PathBuf> {
    std::fs::create_dir_all(folder)?;
    let stamp = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    let file = folder.join(format!("calls-{stamp}.csv"));
    let output = std::io::BufWriter::new(std::fs::File::create_new(&file)?);
    export::calls_as_csv(store, list, None, zone, output)?;
    Ok(file)
}
