//! Questions to the store and the phone, awaited on the UI thread without blocking it.

use std::rc::Rc;
use std::time::Duration;

use ringbook_ui::slint;
use tokio::sync::oneshot;

use super::link::PhoneLink;
use crate::audit;
use crate::phone::command::{Command, CommandError, Reply};
use crate::store::{self, Reader, StoreError, StoreHandle, Writer};

/// How often a store that is not open yet is looked for.
const RETRY: Duration = Duration::from_millis(20);

/// Runs a task on the UI thread; it ends with the event loop.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    if let Err(error) = slint::spawn_local(task) {
        tracing::error!(%error, "the window cannot run a task");
    }
}

/// Waits without blocking.
pub async fn pause(duration: Duration) {
    let (done, waiting) = oneshot::channel::<()>();
    slint::Timer::single_shot(duration, move || drop(done));
    let _ = waiting.await;
}

/// The store, as soon as it is open.
async fn store(phone: &Rc<dyn PhoneLink>) -> StoreHandle {
    loop {
        if let Some(store) = phone.store() {
            return store;
        }
        pause(RETRY).await;
    }
}

/// Asks the store.
///
/// # Errors
/// Those of the question; [`StoreError::Closed`] when the store is gone.
pub async fn read<T: Send + 'static>(
    phone: &Rc<dyn PhoneLink>,
    query: impl FnOnce(&Reader<'_>) -> store::Result<T> + Send + 'static,
) -> store::Result<T> {
    let (done, waiting) = oneshot::channel();
    store(phone)
        .await
        .read(query, move |answer| drop(done.send(answer)));
    waiting.await.unwrap_or(Err(StoreError::Closed))
}

/// Changes the store, in one transaction.
///
/// # Errors
/// Those of the change; [`StoreError::Closed`] when the store is gone.
pub async fn write<T: Send + 'static>(
    phone: &Rc<dyn PhoneLink>,
    change: impl FnOnce(&mut Writer<'_>) -> store::Result<T> + Send + 'static,
) -> store::Result<T> {
    let (done, waiting) = oneshot::channel();
    store(phone)
        .await
        .write(change, move |answer| drop(done.send(answer)));
    waiting.await.unwrap_or(Err(StoreError::Closed))
}

/// As [`write`], for what is written into the audit before it is done: `change` gets who does it.
///
/// # Errors
/// Those of [`write`]: then it must not be done.
pub async fn audited<T: Send + 'static>(
    phone: &Rc<dyn PhoneLink>,
    change: impl FnOnce(&mut Writer<'_>, &str) -> store::Result<T> + Send + 'static,
) -> store::Result<T> {
    let who = audit::who(&phone.settings().unwrap_or_default());
    write(phone, move |writer| change(writer, &who)).await
}

/// Asks the phone for something.
///
/// # Errors
/// Why it was refused; [`CommandError::Ending`] when the phone is gone.
pub async fn command(phone: &Rc<dyn PhoneLink>, command: Command) -> Result<Reply, CommandError> {
    let (done, waiting) = oneshot::channel();
    phone.command(command, Box::new(move |answer| drop(done.send(answer))));
    waiting.await.unwrap_or(Err(CommandError::Ending))
}

/// Has the phone look anew who the parties of its calls are.
pub fn clients_changed(phone: &Rc<dyn PhoneLink>) {
    phone.command(Command::ClientsChanged, Box::new(|_| {}));
}
