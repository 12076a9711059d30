//! How the window and the control socket reach a running phone.

use std::sync::{Arc, OnceLock};

use super::message::{Inbox, Message};
use crate::phone::command::{Command, CommandError, Reply};
use crate::phone::view::View;
use crate::profile::Profile;
use crate::settings::{self, Settings, SettingsError};
use crate::store::StoreHandle;

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

    /// Writes settings to the file, its comments kept, and uses them from now on. Addresses and
    /// ports to listen on change at the next start.
    pub fn save_settings(&self, settings: Settings) -> Result<(), SettingsError> {
        settings::save(&self.profile.settings(), &settings)?;
        self.command(Command::SetSettings(Box::new(settings)), |_| {});
        Ok(())
    }

    /// Whether the phone still runs.
    pub fn is_running(&self) -> bool {
        self.inbox.is_open()
    }
}
