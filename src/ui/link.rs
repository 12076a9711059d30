//! What the window needs of a running phone.

use std::sync::Arc;

use crate::driver::AppHandle;
use crate::model::TaskId;
use crate::phone::command::{Command, CommandError, Reply};
use crate::phone::view::View;
use crate::profile::Profile;
use crate::settings::{Settings, SettingsError};
use crate::store::StoreHandle;

/// The answer to a command, taken on the phone's thread.
pub type OnReply = Box<dyn FnOnce(Result<Reply, CommandError>) + Send>;

/// A running phone as the window sees it. None of its methods waits.
pub trait PhoneLink {
    /// Asks the phone for something; `answer` is called once, unless the phone has ended.
    fn command(&self, command: Command, answer: OnReply);
    /// Shows the phone from now on: `show` gets every new view on the phone's thread.
    fn watch(&self, show: Box<dyn Fn(Arc<View>) + Send>);
    /// The store; none until it is open.
    fn store(&self) -> Option<StoreHandle>;
    /// The phone's profile.
    fn profile(&self) -> &Profile;
    /// The settings as they stand in the file.
    ///
    /// # Errors
    /// The file is unreadable or holds what is not allowed.
    fn settings(&self) -> Result<Settings, SettingsError>;
    /// Writes the settings and uses them from now on.
    ///
    /// # Errors
    /// The file cannot be written.
    fn save_settings(&self, settings: Settings) -> Result<(), SettingsError>;
    /// Reads the tariffs again, and charges calls by them from now on.
    fn read_tariffs(&self);
    /// Tells scripts that somebody has closed a task for a reason.
    fn tell_closed(&self, task: TaskId);
    /// Whether the phone still runs.
    fn is_running(&self) -> bool;
}

impl PhoneLink for AppHandle {
    fn command(&self, command: Command, answer: OnReply) {
        AppHandle::command(self, command, answer);
    }

    fn watch(&self, show: Box<dyn Fn(Arc<View>) + Send>) {
        AppHandle::watch(self, show);
    }

    fn store(&self) -> Option<StoreHandle> {
        AppHandle::store(self).cloned()
    }

    fn profile(&self) -> &Profile {
        AppHandle::profile(self)
    }

    fn settings(&self) -> Result<Settings, SettingsError> {
        AppHandle::settings(self)
    }

    fn save_settings(&self, settings: Settings) -> Result<(), SettingsError> {
        AppHandle::save_settings(self, settings)
    }

    fn read_tariffs(&self) {
        AppHandle::read_tariffs(self);
    }

    fn tell_closed(&self, task: TaskId) {
        AppHandle::tell_closed(self, task);
    }

    fn is_running(&self) -> bool {
        AppHandle::is_running(self)
    }
}
