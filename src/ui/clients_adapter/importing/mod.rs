//! Clients from a file, in the window: naming it, looking at what would come of it, bringing it in.

mod columns;
mod told;
mod work;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use encoding_rs::Encoding;
use ringbook_ui::slint::{ComponentHandle, Model, SharedString, Weak};
use ringbook_ui::{ImportAdapter, ImportPhase, MainWindow};
use tokio::sync::mpsc::Receiver;

use self::columns::Columns;
use self::told::Told;
use self::work::{Line, News, Stop, Wanted};
use crate::i18n::country_name;
use crate::import::{ImportError, Preview, Report};
use crate::model::Country;
use crate::tr;
use crate::ui::asking::spawn;
use crate::ui::file_choice::{self, choose_file, path_of};
use crate::ui::form::model;
use crate::ui::link::PhoneLink;
use crate::ui::text;
use crate::ui::window_adapter::{complain, tell};

/// What a file may be in where the guess is wrong, as encoding_rs calls it.
const CHARSETS: [&str; 13] = [
    "UTF-8",
    "UTF-16LE",
    "windows-1251",
    "windows-1250",
    "windows-1252",
    "windows-1254",
    "windows-1256",
    "KOI8-R",
    "IBM866",
    "GBK",
    "Big5",
    "Shift_JIS",
    "EUC-KR",
];

/// The state of an import.
pub struct Importing {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    wanted: RefCell<Wanted>,
    columns: RefCell<Columns>,
    /// Ends what runs on another thread.
    stop: RefCell<Stop>,
    /// Counts the files that were looked at: news of an older one are dropped.
    asked: Cell<u64>,
    /// How many entries the file has, where that was found out.
    entries: Cell<Option<u64>>,
    /// Called when clients may have come in.
    changed: Box<dyn Fn()>,
}

impl Importing {
    /// Ties it to the store; `changed` is called when clients have come in.
    pub fn start(
        window: &MainWindow,
        phone: Rc<dyn PhoneLink>,
        changed: impl Fn() + 'static,
    ) -> Rc<Self> {
        let importing = Rc::new(Self {
            window: window.as_weak(),
            phone,
            wanted: RefCell::default(),
            columns: RefCell::default(),
            stop: RefCell::default(),
            asked: Cell::default(),
            entries: Cell::default(),
            changed: Box::new(changed),
        });
        let adapter = window.global::<ImportAdapter>();
        importing.take_file_callbacks(&adapter);
        importing.take_reading_callbacks(&adapter);
        importing.take_running_callbacks(&adapter);
        importing
    }

    fn take_file_callbacks(self: &Rc<Self>, adapter: &ImportAdapter<'_>) {
        let this = self.clone();
        adapter.on_choose_file(move || spawn(this.clone().choose()));
        let this = self.clone();
        adapter.on_read(move |path| this.read(&path));
        let this = self.clone();
        adapter.on_again(move || this.begin_anew());
        let this = self.clone();
        adapter.on_closed(move || this.leave());
    }

    fn take_reading_callbacks(self: &Rc<Self>, adapter: &ImportAdapter<'_>) {
        let this = self.clone();
        adapter.on_take_charset(move |index| {
            let at = usize::try_from(index).unwrap_or_default().checked_sub(1);
            let label = at.and_then(|at| CHARSETS.get(at));
            let encoding = label.and_then(|label| Encoding::for_label(label.as_bytes()));
            this.wanted.borrow_mut().encoding = encoding;
            // In another charset the columns have other names.
            this.wanted.borrow_mut().map.clear();
            this.look();
        });
        let this = self.clone();
        adapter.on_take_country(move |text| this.take_country(&text));
        let this = self.clone();
        adapter.on_take_column(move |column, choice| {
            if let (Ok(column), Ok(choice)) = (column.try_into(), choice.try_into()) {
                this.take_column(column, choice);
            }
        });
    }

    fn take_running_callbacks(self: &Rc<Self>, adapter: &ImportAdapter<'_>) {
        let this = self.clone();
        adapter.on_start(move || this.bring_in());
        let this = self.clone();
        adapter.on_stop(move || {
            this.stop.borrow().ask();
            this.with(|adapter| adapter.set_stopping(true));
        });
        adapter.on_open_left_out({
            let window = self.window.clone();
            move || {
                if let Some(window) = window.upgrade() {
                    let file = window.global::<ImportAdapter>().get_left_out_file();
                    crate::ui::open(&path_of(&file));
                }
            }
        });
    }

    fn with(&self, change: impl FnOnce(&ImportAdapter<'_>)) {
        if let Some(window) = self.window.upgrade() {
            change(&window.global::<ImportAdapter>());
        }
    }

    /// Shows the page: an import that runs or is over, else a new one. Numbers without a country
    /// code are `country`'s.
    pub fn begin(&self, country: Option<Country>) {
        self.with(|adapter| {
            if matches!(adapter.get_phase(), ImportPhase::File | ImportPhase::Ready) {
                self.wanted.borrow_mut().country = country;
                self.begin_anew();
            }
            adapter.set_open(true);
        });
    }

    fn begin_anew(&self) {
        let country = self.wanted.borrow().country;
        *self.wanted.borrow_mut() = Wanted {
            country,
            ..Wanted::default()
        };
        self.with(|adapter| {
            adapter.set_path(SharedString::new());
            adapter.set_read_path(SharedString::new());
            adapter.set_error(SharedString::new());
            adapter.set_phase(ImportPhase::File);
            let code = country.map(|country| country.code());
            adapter.set_country(code.unwrap_or_default().into());
        });
        self.show_country(country);
    }

    /// The page goes out of sight: nobody wants to know any more what an import would do.
    fn leave(&self) {
        self.with(|adapter| match adapter.get_phase() {
            ImportPhase::Running => {}
            ImportPhase::Done => self.begin_anew(),
            ImportPhase::File | ImportPhase::Ready => self.give_up(),
        });
    }

    /// Ends what runs; its news are dropped.
    fn give_up(&self) {
        self.stop.borrow().ask();
        self.asked.set(self.asked.get() + 1);
        self.with(|adapter| adapter.set_reading(false));
    }

    async fn choose(self: Rc<Self>) {
        match choose_file(tr!("Import clients")).await {
            Ok(Some(path)) => {
                let path = path.display().to_string();
                self.with(|adapter| adapter.set_path(path.as_str().into()));
                self.read(&path);
            }
            Ok(None) => {}
            Err(why) => self.with(|adapter| adapter.set_error(why.into())),
        }
    }

    /// Looks at another file.
    fn read(self: &Rc<Self>, path: &str) {
        if path.trim().is_empty() {
            return;
        }
        let country = self.wanted.borrow().country;
        *self.wanted.borrow_mut() = Wanted {
            path: path_of(path),
            country,
            ..Wanted::default()
        };
        *self.columns.borrow_mut() = Columns::default();
        self.with(|adapter| {
            adapter.set_read_path(path.into());
            adapter.set_charset(0);
        });
        self.look();
    }

    fn take_country(self: &Rc<Self>, text: &str) {
        let country = match text.trim() {
            "" => Ok(None),
            code => code.parse::<Country>().map(Some),
        };
        let Ok(country) = country else {
            let error = tr!("A country is two letters, such as KZ, HU or IN.");
            return self.with(|adapter| adapter.set_country_error(error.into()));
        };
        self.wanted.borrow_mut().country = country;
        self.show_country(country);
        self.look();
    }

    fn show_country(&self, country: Option<Country>) {
        let code = country.map(|country| country.code()).unwrap_or_default();
        self.with(|adapter| {
            adapter.set_country_error(SharedString::new());
            adapter.set_country_name(match country {
                Some(_) => country_name(&code).into(),
                None => tr!("Without one, numbers need their country code.").into(),
            });
        });
    }

    fn take_column(self: &Rc<Self>, column: usize, choice: usize) {
        {
            let columns = self.columns.borrow();
            let Some((name, field)) = columns.mapping(column, choice) else {
                return;
            };
            let map = &mut self.wanted.borrow_mut().map;
            map.retain(|(mapped, _)| mapped != name);
            map.extend(field.map(|field| (name.to_owned(), field.to_owned())));
        }
        self.look();
    }

    /// Has the file read anew, and tried out.
    fn look(self: &Rc<Self>) {
        self.give_up();
        self.entries.set(None);
        self.with(|adapter| {
            adapter.set_error(SharedString::new());
            adapter.set_reading(true);
        });
        let (database, wanted) = (
            self.phone.profile().database(),
            self.wanted.borrow().clone(),
        );
        let news = self.put_to_work(move |line| work::look(&database, &wanted, line));
        spawn(self.clone().follow_look(self.asked.get(), news));
    }

    fn put_to_work(
        &self,
        work: impl FnOnce(&Line) -> Result<(), ImportError> + Send + 'static,
    ) -> Receiver<News> {
        let (line, news, stop) = Line::new();
        *self.stop.borrow_mut() = stop;
        line.run(work);
        news
    }

    async fn follow_look(self: Rc<Self>, asked: u64, mut news: Receiver<News>) {
        while let Some(news) = news.recv().await {
            if asked != self.asked.get() {
                return;
            }
            self.with(|adapter| adapter.set_reading(false));
            match news {
                News::Read(preview, own_fields) => self.show_preview(preview, &own_fields),
                News::Counted(entries) => {
                    self.with(|adapter| adapter.set_summary(told::trying(entries).into()));
                }
                News::Ended(report, _) => self.show_trial(&report),
                News::Failed(error) => self.show_failure(&error),
            }
        }
    }

    fn show_preview(&self, preview: Preview, own_fields: &[String]) {
        let mut columns = self.columns.borrow_mut();
        let are_known = columns.are_of(&preview.columns);
        match are_known {
            true => columns.update(&preview.columns, own_fields),
            false => *columns = Columns::of(preview.columns, own_fields),
        }
        self.with(|adapter| {
            match are_known {
                // Rows that stay keep the keyboard.
                true => {
                    let shown = adapter.get_columns();
                    let rows = columns.rows().into_iter().enumerate();
                    rows.for_each(|(at, row)| shown.set_row_data(at, row));
                }
                false => adapter.set_columns(model(columns.rows())),
            }
            adapter.set_entries(model(preview.entries.iter().map(told::map_entry).collect()));
            self.show_charsets(adapter, preview.charset);
            adapter.set_obstacle(match preview.is_of_use {
                true => SharedString::new(),
                false => no_columns().into(),
            });
            adapter.set_hint(match preview.is_nameless {
                true => {
                    tr!("No column holds a name or a company. If one does, choose so below.").into()
                }
                false => SharedString::new(),
            });
            adapter.set_summary(match preview.is_of_use {
                true => told::trying(0).into(),
                false => SharedString::new(),
            });
            show_outcome(adapter, &Report::default());
            adapter.set_phase(ImportPhase::Ready);
        });
    }

    /// What the file can be read as. While nothing was chosen, the first says what was found out.
    fn show_charsets(&self, adapter: &ImportAdapter<'_>, charset: Option<&str>) {
        if self.wanted.borrow().encoding.is_none() {
            let found = tr!(
                "{charset} (found out)",
                charset = charset.unwrap_or("UTF-8")
            );
            let others = CHARSETS.into_iter().map(SharedString::from);
            let all = [SharedString::from(found)].into_iter().chain(others);
            adapter.set_charsets(model(all.collect()));
        }
    }

    fn show_trial(&self, report: &Report) {
        if !report.was_stopped {
            self.entries.set(Some(report.entries()));
        }
        self.with(|adapter| {
            adapter.set_summary(told::would_do(report).into());
            show_outcome(adapter, report);
        });
    }

    fn show_failure(&self, error: &ImportError) {
        self.with(|adapter| {
            adapter.set_summary(SharedString::new());
            adapter.set_error(text::sentence(&error.to_string()));
            // What was read before is another file's, or in another charset.
            if self.columns.borrow().is_empty() {
                adapter.set_phase(ImportPhase::File);
            }
        });
    }

    /// Brings the file's clients in.
    fn bring_in(self: &Rc<Self>) {
        self.give_up();
        let (database, wanted) = (
            self.phone.profile().database(),
            self.wanted.borrow().clone(),
        );
        let home = file_choice::home();
        let news = self.put_to_work(move |line| work::bring_in(&database, &wanted, home, line));
        self.with(|adapter| {
            adapter.set_stopping(false);
            adapter.set_share(self.share(0));
            adapter.set_summary(told::running(0).into());
            adapter.set_phase(ImportPhase::Running);
        });
        spawn(self.clone().follow_import(news));
    }

    /// How much of the file so many entries are; below 0 where that is not known.
    fn share(&self, entries: u64) -> f32 {
        match self.entries.get() {
            Some(all) if all > 0 => entries as f32 / all as f32,
            _ => -1.0,
        }
    }

    async fn follow_import(self: Rc<Self>, mut news: Receiver<News>) {
        while let Some(news) = news.recv().await {
            match news {
                News::Counted(entries) => {
                    self.with(|adapter| {
                        adapter.set_summary(told::running(entries).into());
                        adapter.set_share(self.share(entries));
                    });
                    (self.changed)();
                }
                News::Ended(report, left_out) => {
                    let left_out = left_out.map(|path| path.display().to_string());
                    self.finish(&told::done(&report), &report, left_out.unwrap_or_default());
                }
                News::Failed(error) => {
                    let why = text::sentence(&error.to_string());
                    let told = tr!(
                        "Not all came in: {why}. What came in before stays in.",
                        why = why
                    );
                    let failed = Report {
                        was_stopped: true,
                        ..Report::default()
                    };
                    self.finish(&told, &failed, String::new());
                }
                News::Read(..) => {}
            }
        }
    }

    fn finish(&self, told: &str, report: &Report, left_out: String) {
        self.with(|adapter| {
            adapter.set_summary(told.into());
            adapter.set_good(report.refused == 0 && !report.was_stopped);
            adapter.set_left_out_file(left_out.into());
            show_outcome(adapter, report);
            adapter.set_phase(ImportPhase::Done);
            if !adapter.get_open() {
                let say = if report.was_stopped { complain } else { tell };
                say(&self.window, told.to_owned());
            }
        });
        (self.changed)();
    }

    /// Makes the texts anew that are made here and not in the markup.
    pub fn retell(self: &Rc<Self>) {
        self.show_country(self.wanted.borrow().country);
        self.with(|adapter| {
            if adapter.get_open() && adapter.get_phase() == ImportPhase::Ready {
                self.look();
            }
        });
    }
}

fn no_columns() -> String {
    tr!(
        "Nothing in this file says who the clients are. Choose below which column holds the name, the \
         company or the number."
    )
}

/// What an import did, or would do, client by client.
fn show_outcome(adapter: &ImportAdapter<'_>, report: &Report) {
    let told = Told::left_out(report);
    adapter.set_left_out(model(told.entries));
    adapter.set_more_left_out(told.more);
    let told = Told::changes(report);
    adapter.set_changes(model(told.entries));
    adapter.set_more_changes(told.more);
    let told = Told::remarks(report);
    adapter.set_remarks(model(told.entries));
    adapter.set_more_remarks(told.more);
}
