//! How the window and the control socket reach a running phone.

use std::sync::{Arc, OnceLock};

use super::message::{Inbox, Message};
use super::opening;
use crate::automation::{self, Body};
use crate::model::{CallId, CallLine, TaskChange, TaskId, TaskLine};
use crate::phone::command::{Command, CommandError, Reply};
use crate::phone::view::View;
use crate::profile::Profile;
use crate::settings::{self, Settings, SettingsError};
use crate::store::{self, StoreHandle};

/// A running phone. Clones are the same phone; none of its methods waits for it.
#[derive(Clone)]
pub struct AppHandle {
    pub(super) inbox: Inbox,
    pub(super) profile: Profile,
    pub(super) store: Arc<OnceLock<StoreHandle>>,
}

impl AppHandle {
    /// Asks the phone for something. `answer` is called once, on the phone's thread: it must
    /// return at once. When the phone has ended it is never called.
    pub fn command(
        &self,
        command: Command,
        answer: impl FnOnce(Result<Reply, CommandError>) + Send + 'static,
    ) {
        self.inbox.put(Message::Command(command, Box::new(answer)));
    }

    /// Shows the phone from now on: `show` gets every new view on the phone's thread and must
    /// return at once. A second watcher takes the place of the first.
    pub fn watch(&self, show: impl Fn(Arc<View>) + Send + 'static) {
        self.inbox.put(Message::Watch(Box::new(show)));
    }

    /// The store, for the window's own questions; none while it is not open.
    pub fn store(&self) -> Option<&StoreHandle> {
        self.store.get()
    }

    /// The phone's profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The settings as they stand in the file.
    pub fn settings(&self) -> Result<Settings, SettingsError> {
        Settings::load(&self.profile.settings())
    }

    /// Writes settings to the file, its comments kept, and uses them from now on, together with what
    /// calls cost, which stands in a file beside it. Addresses and
    /// ports to listen on change at the next start.
    pub fn save_settings(&self, settings: Settings) -> Result<(), SettingsError> {
        settings::save(&self.profile.settings(), &settings)?;
        self.use_settings(settings);
        Ok(())
    }

    /// Uses the settings as they stand in the file now.
    ///
    /// # Errors
    /// The file is unreadable or holds what is not allowed: then they stay as they were.
    pub fn read_settings(&self) -> Result<(), SettingsError> {
        self.use_settings(self.settings()?);
        Ok(())
    }

    fn use_settings(&self, settings: Settings) {
        self.command(Command::SetSettings(Box::new(settings)), |_| {});
        self.read_tariffs();
    }

    /// Has calls cost what the file says now.
    pub fn read_tariffs(&self) {
        opening::tariffs(&self.profile, &self.inbox);
    }

    /// Tells scripts that somebody has closed a task for a reason, as it stands in the store.
    pub fn tell_closed(&self, task: TaskId) {
        let Some(store) = self.store() else {
            return;
        };
        let inbox = self.inbox.clone();
        let tell = move |found: store::Result<Option<TaskLine>>| {
            let closed = found
                .ok()
                .flatten()
                .filter(|line| line.task.closed.is_some());
            if let Some(line) = closed {
                let event = automation::Task::new(TaskChange::Closed, None, &line);
                inbox.put(Message::Tell(Body::Task(Box::new(event))));
            }
        };
        store.read(move |reader| reader.find_task(task), tell);
    }

    /// Tells scripts and the window what a person wrote of a call, as it stands in the store.
    pub fn tell_marked(&self, call: CallId) {
        let Some(store) = self.store() else {
            return;
        };
        let inbox = self.inbox.clone();
        let tell = move |found: store::Result<Option<CallLine>>| {
            if let Some(CallLine { note, tags, .. }) = found.ok().flatten() {
                inbox.put(Message::Tell(Body::Marks { call, note, tags }));
            }
        };
        store.read(move |reader| reader.find_call(call), tell);
    }

    /// Whether the phone still runs.
    pub fn is_running(&self) -> bool {
        self.inbox.is_open()
    }
}
