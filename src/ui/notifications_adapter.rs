//! The one queue of notifications: what the phone and the store have news of becomes messages in the
//! window and pop-ups of the desktop. Which of them is the settings' part of the same name.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{self, ComponentHandle, Model, ModelRc, VecModel, Weak};
use ringbook_ui::{
    LogAdapter, MainWindow, Notice, NotificationsAdapter, Page, ToldIn, WindowAdapter,
};

use super::link::PhoneLink;
use super::phone_adapter::line_title;
use super::text;
use super::window_adapter::{complain, failure};
use crate::automation::{NoticeKind, RegistrationState};
use crate::model::{CallId, TaskId, TaskLine};
use crate::notifications::desktop::Desktop;
use crate::notifications::{Kind, Notification, Queue, Subject, TaskWatch, Tone};
use crate::phone::view::{AccountView, CallPhase, CallView, NoticeView, View};
use crate::settings::{Settings, Ways};
use crate::tr;

/// After how many minutes a conversation may be told about; 0: never. As the window offers them.
const LONG_CALLS: [u32; 8] = [0, 5, 10, 15, 20, 30, 45, 60];

/// What a message offers to do.
type Act = Box<dyn FnOnce()>;

type ShowTask = Box<dyn Fn(TaskId)>;

/// The queue and what it tells with.
pub struct Bell {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    queue: RefCell<Queue>,
    desktop: Desktop,
    tasks: RefCell<TaskWatch>,
    /// What the messages on the screen offer, by their subjects.
    offers: RefCell<BTreeMap<u32, Act>>,
    last_offer: Cell<u32>,
    /// Shows a task.
    show_task: RefCell<Option<ShowTask>>,
    /// Calls that ring here.
    ringing: RefCell<BTreeSet<CallId>>,
    /// Lines that are known to fail.
    failing: RefCell<BTreeSet<String>>,
    /// Notices up to this moment were told.
    told: Cell<Timestamp>,
    timer: slint::Timer,
}

impl Bell {
    /// Ties the queue to the window.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        let bell = Rc::new(Self {
            window: window.as_weak(),
            phone,
            queue: RefCell::default(),
            desktop: Desktop::of_session(),
            tasks: RefCell::default(),
            offers: RefCell::default(),
            last_offer: Cell::default(),
            show_task: RefCell::default(),
            ringing: RefCell::default(),
            failing: RefCell::default(),
            told: Cell::new(Timestamp::now()),
            timer: slint::Timer::default(),
        });
        bell.use_rules(&bell.phone.settings().unwrap_or_default());
        bell.take_callbacks(window);
        bell
    }

    fn take_callbacks(self: &Rc<Self>, window: &MainWindow) {
        let shell = window.global::<WindowAdapter>();
        shell.set_notices(ModelRc::from(Rc::new(VecModel::<Notice>::default())));
        let bell = self.clone();
        shell.on_announce(move |tone, text| {
            let tone = read_tone(tone);
            let reply = Notification::of_text(Kind::Reply, tone, String::new(), text.into());
            bell.put([reply]);
        });
        let bell = self.clone();
        shell.on_dismiss(move |id| {
            bell.queue.borrow_mut().dismiss(id);
            bell.pass_on();
        });
        let bell = self.clone();
        shell.on_act(move |id| bell.act(id));
        let bell = self.clone();
        let adapter = window.global::<NotificationsAdapter>();
        adapter.on_set_ask_links(move |on| bell.change(|all| all.phone.ask_links = on));
        let bell = self.clone();
        adapter.on_set_calls(move |told| {
            bell.change(|all| all.notifications.calls = read_ways(&told));
        });
        let bell = self.clone();
        adapter.on_set_tasks(move |told| {
            bell.change(|all| all.notifications.tasks = read_ways(&told));
        });
        let bell = self.clone();
        adapter.on_set_long_calls(move |told| {
            bell.change(|all| all.notifications.long_calls = read_ways(&told));
        });
        let bell = self.clone();
        adapter.on_choose_long_call(move |index| {
            let at = usize::try_from(index).unwrap_or(0);
            let minutes = LONG_CALLS.get(at).copied().unwrap_or(0);
            bell.change(|all| all.notifications.long_call_minutes = minutes);
        });
        let bell = self.clone();
        adapter.on_set_alerts(move |told| {
            bell.change(|all| all.notifications.alerts = read_ways(&told));
        });
    }

    /// Tells what is new in a view.
    pub fn show(self: &Rc<Self>, view: &View) {
        let news: Vec<Notification> = self
            .news_of_calls(&view.calls)
            .into_iter()
            .chain(self.news_of_lines(&view.accounts))
            .chain(self.news_of_notices(&view.notices))
            .collect();
        self.put(news);
    }

    /// Says that something was done, with a way back or on.
    pub fn offer(self: &Rc<Self>, text: &str, action: String, act: impl FnOnce() + 'static) {
        let offer = self.last_offer.get().wrapping_add(1);
        self.last_offer.set(offer);
        self.offers.borrow_mut().insert(offer, Box::new(act));
        self.put([Notification {
            kind: Kind::Reply,
            subject: Subject::Offer(offer),
            tone: Tone::Good,
            title: String::new(),
            text: text.to_owned(),
            action,
        }]);
    }

    /// Has `show` called for the task that a message is about.
    pub fn on_task(&self, show: impl Fn(TaskId) + 'static) {
        *self.show_task.borrow_mut() = Some(Box::new(show));
    }

    /// Does what a message offers.
    fn act(self: &Rc<Self>, id: i32) {
        let about = self.queue.borrow().subject(id);
        let act = match &about {
            Some(Subject::Offer(offer)) => self.offers.borrow_mut().remove(offer),
            _ => None,
        };
        self.queue.borrow_mut().dismiss(id);
        self.pass_on();
        if let Some(act) = act {
            act();
        }
        match (about, &*self.show_task.borrow()) {
            (Some(Subject::Task(task)), Some(show)) => show(task),
            (Some(Subject::LongCall(call)), _) => self.show_call(call),
            _ => {}
        }
    }

    /// Shows the call's row in the log, with its recording.
    fn show_call(&self, call: CallId) {
        if let Some(window) = self.window.upgrade() {
            window.global::<WindowAdapter>().set_page(Page::Calls);
            window
                .global::<LogAdapter>()
                .invoke_select(call.to_string().into());
        }
    }

    /// Tells what is new among the open tasks.
    pub fn tell_tasks(self: &Rc<Self>, open: &[TaskLine]) {
        let (now, zone) = (Timestamp::now(), TimeZone::system());
        let changes = self.tasks.borrow_mut().read(now, &zone, open);
        for subject in &changes.settled {
            self.queue.borrow_mut().withdraw(subject);
        }
        self.put(changes.news);
    }

    /// Whether the call that rings has a card on the screen.
    pub fn shows_card(&self, call: CallId) -> bool {
        self.queue.borrow().is_in_window(&Subject::Call(call))
    }

    fn news_of_calls(&self, calls: &[CallView]) -> Vec<Notification> {
        let rings = |call: &&CallView| call.state == CallPhase::Incoming;
        let ringing = calls.iter().filter(rings);
        let present: BTreeSet<CallId> = ringing.clone().map(|call| call.id).collect();
        let before = self.ringing.replace(present.clone());
        for over in before.difference(&present) {
            self.queue.borrow_mut().withdraw(&Subject::Call(*over));
        }
        let tell = |call: &CallView| Notification {
            kind: Kind::Call,
            subject: Subject::Call(call.id),
            tone: Tone::Info,
            title: tr!("Incoming call"),
            text: tr!("{caller} is calling", caller = call.title),
            action: String::new(),
        };
        ringing.map(tell).collect()
    }

    fn news_of_lines(&self, lines: &[AccountView]) -> Vec<Notification> {
        let mut failing = self.failing.borrow_mut();
        let mut news = Vec::new();
        for line in lines {
            match line.state {
                RegistrationState::Failed if failing.insert(line.aor.clone()) => {
                    news.push(Notification {
                        kind: Kind::Alert,
                        subject: Subject::Line(line.aor.clone()),
                        tone: Tone::Bad,
                        title: tr!("A line fails"),
                        text: tr!(
                            "Nobody reaches you on {line}: {reason}",
                            line = line_title(line),
                            reason = failure(line.status)
                        ),
                        action: String::new(),
                    });
                }
                RegistrationState::Registered if failing.remove(&line.aor) => {
                    let subject = Subject::Line(line.aor.clone());
                    self.queue.borrow_mut().withdraw(&subject);
                }
                _ => {}
            }
        }
        news
    }

    fn news_of_notices(&self, notices: &[NoticeView]) -> Vec<Notification> {
        let told = self.told.get();
        let fresh = notices.iter().filter(|notice| notice.at > told);
        let news = fresh.map(|notice| {
            self.told.set(self.told.get().max(notice.at));
            let (kind, tone) = kind_of(notice.kind);
            let news =
                Notification::of_text(kind, tone, "Ringbook".to_owned(), notice.text.clone());
            match notice.call {
                None => news,
                Some(call) => Notification {
                    subject: Subject::LongCall(call),
                    action: tr!("Show the call"),
                    ..news
                },
            }
        });
        news.collect()
    }

    fn put(self: &Rc<Self>, news: impl IntoIterator<Item = Notification>) {
        let now = Instant::now();
        for news in news {
            self.queue.borrow_mut().put(now, news);
        }
        self.pass_on();
    }

    /// Brings the window and the desktop in line with the queue.
    fn pass_on(self: &Rc<Self>) {
        let mut queue = self.queue.borrow_mut();
        while let Some(order) = queue.poll_order() {
            self.desktop.order(order);
        }
        let shown = queue.toasts().iter().map(|toast| Notice {
            id: toast.id,
            tone: write_tone(toast.tone),
            text: match toast.times {
                1 => text::sentence(&toast.text),
                times => text::sentence(&format!("{} (× {times})", toast.text)),
            },
            action: toast.action.as_str().into(),
        });
        self.show_toasts(&shown.collect::<Vec<_>>());
        let stands = |offer: &u32| {
            let subject = Subject::Offer(*offer);
            queue.toasts().iter().any(|toast| toast.subject == subject)
        };
        self.offers.borrow_mut().retain(|offer, _| stands(offer));
        match queue.next_timeout() {
            None => self.timer.stop(),
            Some(due) => self.wait(due.saturating_duration_since(Instant::now())),
        }
    }

    fn wait(self: &Rc<Self>, rest: Duration) {
        let bell = Rc::downgrade(self);
        self.timer
            .start(slint::TimerMode::SingleShot, rest, move || {
                if let Some(bell) = bell.upgrade() {
                    bell.queue.borrow_mut().handle_timeout(Instant::now());
                    bell.pass_on();
                }
            });
    }

    /// Messages that stay are left alone: a screen reader would say them again.
    fn show_toasts(&self, shown: &[Notice]) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let model = window.global::<WindowAdapter>().get_notices();
        let Some(rows) = model.as_any().downcast_ref::<VecModel<Notice>>() else {
            return;
        };
        for at in (0..rows.row_count()).rev() {
            let stays = |row: Notice| shown.iter().any(|notice| notice.id == row.id);
            if !rows.row_data(at).is_some_and(stays) {
                rows.remove(at);
            }
        }
        for (at, notice) in shown.iter().enumerate() {
            match rows.row_data(at) {
                None => rows.push(notice.clone()),
                Some(row) if row != *notice => rows.set_row_data(at, notice.clone()),
                Some(_) => {}
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Settings)) {
        let done = self.phone.settings().and_then(|mut settings| {
            change(&mut settings);
            self.phone.save_settings(settings.clone())?;
            Ok(settings)
        });
        match done {
            Ok(settings) => self.use_rules(&settings),
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    fn use_rules(&self, settings: &Settings) {
        let rules = settings.notifications;
        self.queue.borrow_mut().set_rules(rules);
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<NotificationsAdapter>();
            adapter.set_calls(write_ways(rules.calls));
            adapter.set_tasks(write_ways(rules.tasks));
            adapter.set_long_calls(write_ways(rules.long_calls));
            let chosen = LONG_CALLS
                .iter()
                .rposition(|&minutes| minutes <= rules.long_call_minutes);
            adapter.set_long_call(chosen.and_then(|at| i32::try_from(at).ok()).unwrap_or(0));
            adapter.set_alerts(write_ways(rules.alerts));
            adapter.set_ask_links(settings.phone.ask_links);
        }
    }
}

/// What became of something that was asked for is told every time.
fn kind_of(kind: NoticeKind) -> (Kind, Tone) {
    match kind {
        NoticeKind::Transfer | NoticeKind::Settings => (Kind::Reply, Tone::Info),
        NoticeKind::Call => (Kind::Reply, Tone::Bad),
        NoticeKind::LongCall => (Kind::LongCall, Tone::Warning),
        NoticeKind::Interrupted
        | NoticeKind::Audio
        | NoticeKind::Media
        | NoticeKind::Contacts
        | NoticeKind::Source
        | NoticeKind::Api
        | NoticeKind::Webhook
        | NoticeKind::Hook => (Kind::Alert, Tone::Warning),
        NoticeKind::Password | NoticeKind::Store | NoticeKind::Recording | NoticeKind::Network => {
            (Kind::Alert, Tone::Bad)
        }
    }
}

fn read_tone(tone: ringbook_ui::Tone) -> Tone {
    match tone {
        ringbook_ui::Tone::Info => Tone::Info,
        ringbook_ui::Tone::Good => Tone::Good,
        ringbook_ui::Tone::Warning => Tone::Warning,
        ringbook_ui::Tone::Bad => Tone::Bad,
    }
}

fn write_tone(tone: Tone) -> ringbook_ui::Tone {
    match tone {
        Tone::Info => ringbook_ui::Tone::Info,
        Tone::Good => ringbook_ui::Tone::Good,
        Tone::Warning => ringbook_ui::Tone::Warning,
        Tone::Bad => ringbook_ui::Tone::Bad,
    }
}

fn read_ways(told: &ToldIn) -> Ways {
    Ways {
        window: told.window,
        desktop: told.desktop,
        sound: told.sound,
    }
}

fn write_ways(ways: Ways) -> ToldIn {
    ToldIn {
        window: ways.window,
        desktop: ways.desktop,
        sound: ways.sound,
    }
}
