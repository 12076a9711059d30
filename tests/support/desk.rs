//! The whole window over a store, without a display, a phone and a network: its event loop is turned by
//! hand, and it is drawn by the software renderer.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use ringbook::model::TaskId;
use ringbook::phone::command::{Command, Reply};
use ringbook::phone::view::View;
use ringbook::profile::Profile;
use ringbook::settings::{self, Settings, SettingsError};
use ringbook::store::StoreHandle;
use ringbook::ui::{Desk, OnReply, PhoneLink};
use ringbook_ui::slint::platform::software_renderer::{
    MinimalSoftwareWindow, PremultipliedRgbaColor, RepaintBufferType,
};
use ringbook_ui::slint::platform::{self, EventLoopProxy, Platform, update_timers_and_animations};
use ringbook_ui::slint::{ComponentHandle, EventLoopError, PhysicalSize, PlatformError};
use ringbook_ui::{MainWindow, fonts};

/// How long the window's thread waits for others before it looks for timers again.
const TURN: Duration = Duration::from_millis(2);

type Task = Box<dyn FnOnce() + Send>;

/// What other threads have for the window's.
#[derive(Default)]
struct Tasks {
    waiting: Mutex<VecDeque<Task>>,
    come: Condvar,
}

struct Proxy(Arc<Tasks>);

impl EventLoopProxy for Proxy {
    fn quit_event_loop(&self) -> Result<(), EventLoopError> {
        Ok(())
    }

    fn invoke_from_event_loop(&self, task: Task) -> Result<(), EventLoopError> {
        self.0.waiting.lock().unwrap().push_back(task);
        self.0.come.notify_one();
        Ok(())
    }
}

/// Windows as they were made, the latest last.
type Made = Rc<RefCell<Vec<Rc<MinimalSoftwareWindow>>>>;

struct Headless {
    tasks: Arc<Tasks>,
    made: Made,
}

thread_local! {
    /// The platform of the thread that has the windows.
    static PLATFORM: (Arc<Tasks>, Made) = {
        let (tasks, made) = (Arc::<Tasks>::default(), Made::default());
        let headless = Headless {
            tasks: tasks.clone(),
            made: made.clone(),
        };
        platform::set_platform(Box::new(headless)).unwrap();
        fonts::install();
        (tasks, made)
    };
}

/// Runs this on the one thread of the process that may have windows, and waits for it.
pub fn on_the_windows_thread(test: impl FnOnce() + Send + 'static) {
    static THREAD: OnceLock<Mutex<Sender<Task>>> = OnceLock::new();
    let thread = THREAD.get_or_init(|| {
        let (tests, next) = channel::<Task>();
        thread::spawn(move || next.into_iter().for_each(|test| test()));
        Mutex::new(tests)
    });
    let (done, over) = channel();
    let test: Task = Box::new(move || done.send(catch_unwind(AssertUnwindSafe(test))).unwrap());
    thread.lock().unwrap().send(test).unwrap();
    if let Err(panic) = over.recv().unwrap() {
        resume_unwind(panic);
    }
}

impl Platform for Headless {
    fn create_window_adapter(&self) -> Result<Rc<dyn platform::WindowAdapter>, PlatformError> {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        self.made.borrow_mut().push(window.clone());
        Ok(window)
    }

    fn new_event_loop_proxy(&self) -> Option<Box<dyn EventLoopProxy>> {
        Some(Box::new(Proxy(self.tasks.clone())))
    }
}

/// A profile and its store, as the window asks them. There is no phone behind it: what it is asked to do
/// is noted, and not done.
struct NoPhone {
    profile: Profile,
    store: StoreHandle,
    asked: RefCell<Vec<Command>>,
    show: RefCell<Box<dyn Fn(Arc<View>)>>,
}

impl PhoneLink for NoPhone {
    fn command(&self, command: Command, answer: OnReply) {
        self.asked.borrow_mut().push(command);
        answer(Ok(Reply::Done {}));
    }

    fn watch(&self, show: Box<dyn Fn(Arc<View>) + Send>) {
        *self.show.borrow_mut() = show;
    }

    fn store(&self) -> Option<StoreHandle> {
        Some(self.store.clone())
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn settings(&self) -> Result<Settings, SettingsError> {
        Settings::load(&self.profile.settings())
    }

    fn save_settings(&self, settings: Settings) -> Result<(), SettingsError> {
        settings::save(&self.profile.settings(), &settings)
    }

    fn read_tariffs(&self) {}

    fn tell_closed(&self, _: TaskId) {}

    fn is_running(&self) -> bool {
        true
    }
}

/// The window, and what it works with.
pub struct Shown {
    pub window: MainWindow,
    tasks: Arc<Tasks>,
    adapter: Rc<MinimalSoftwareWindow>,
    pixels: Vec<PremultipliedRgbaColor>,
    width: usize,
    phone: Rc<NoPhone>,
    _desk: Rc<Desk>,
}

impl Shown {
    /// Opens the window of a profile, this large.
    pub fn open(folder: &Path, width: u32, height: u32) -> Self {
        let (tasks, made) = PLATFORM.with(|(tasks, made)| (tasks.clone(), made.clone()));
        let profile = Profile::locate(Some(folder.to_owned())).unwrap();
        let (store, _) = StoreHandle::open(&profile.database()).unwrap();
        let window = MainWindow::new().unwrap();
        window.show().unwrap();
        let adapter = made.borrow().last().cloned().unwrap();
        adapter.set_size(PhysicalSize::new(width, height));
        let phone = Rc::new(NoPhone {
            profile,
            store,
            asked: RefCell::default(),
            show: RefCell::new(Box::new(|_| {})),
        });
        let desk = Desk::start(&window, phone.clone());
        Self {
            window,
            tasks,
            adapter,
            pixels: vec![PremultipliedRgbaColor::default(); (width * height) as usize],
            width: width as usize,
            phone,
            _desk: desk,
        }
    }

    /// Whether the phone was asked for this.
    #[allow(dead_code)] // Who measures does not ask.
    pub fn asked(&self, command: &Command) -> bool {
        self.phone.asked.borrow().contains(command)
    }

    /// Has the phone look like this.
    #[allow(dead_code)] // See above.
    pub fn show(&self, view: View) {
        (self.phone.show.borrow())(Arc::new(view));
    }

    /// What is due: timers, animations, answers of other threads, and a frame where something changed.
    /// Says how long the window's thread was busy with it.
    pub fn turn(&mut self) -> Duration {
        let began = Instant::now();
        update_timers_and_animations();
        loop {
            let task = self.tasks.waiting.lock().unwrap().pop_front();
            let Some(task) = task else { break };
            task();
        }
        update_timers_and_animations();
        let (pixels, width) = (&mut self.pixels, self.width);
        self.adapter.draw_if_needed(|renderer| {
            renderer.render(pixels, width);
        });
        began.elapsed()
    }

    /// Waits a moment for other threads.
    pub fn wait(&self) {
        let waiting = self.tasks.waiting.lock().unwrap();
        if waiting.is_empty() {
            drop(self.tasks.come.wait_timeout(waiting, TURN).unwrap());
        }
    }

    /// Turns until this is so; fails where it does not become so.
    pub fn until(&mut self, what: &str, is_so: impl Fn(&MainWindow) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_so(&self.window) {
            assert!(Instant::now() < deadline, "{what}");
            self.turn();
            self.wait();
        }
    }
}
