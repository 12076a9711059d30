//! The thread that asks the store for the API: the phone's own connections never wait for it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use tokio::sync::oneshot;

use super::problem::Problem;
use crate::audit;
use crate::cli::data::open_store;
use crate::profile::Profile;
use crate::settings::Settings;
use crate::store::Store;

/// Requests that wait for the thread; one more is told to come again.
const WAITING: usize = 64;

type Job = Box<dyn FnOnce() + Send>;

/// The way to the thread, which ends with it.
#[derive(Clone)]
pub(super) struct Worker {
    jobs: SyncSender<Job>,
    profile: Profile,
}

/// Starts the thread. The store is opened anew for each request, as a command would do it: so it is
/// always the file that the phone writes, also where that had to begin another.
pub(super) fn start(profile: Profile) -> io::Result<Worker> {
    let (jobs, due) = sync_channel::<Job>(WAITING);
    let thread = thread::Builder::new().name("api-store".to_owned());
    thread.spawn(move || {
        for job in due {
            // What breaks one request costs that one alone: its answer never comes.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    })?;
    Ok(Worker { jobs, profile })
}

impl Worker {
    /// Asks the store, when it is the request's turn.
    pub async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Store, &Profile) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (send, answer) = oneshot::channel();
        let profile = self.profile.clone();
        let job = Box::new(move || {
            // For whoever sits there, as on the command line.
            let answer = open_store(&profile)
                .map_err(Problem::from)
                .and_then(|mut store| ask(&mut store, &profile));
            let _ = send.send(answer);
        });
        match self.jobs.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                return Err(Problem::busy("too many requests wait for the store"));
            }
            Err(TrySendError::Disconnected(_)) => {
                return Err(Problem::busy("the phone has ended"));
            }
        }
        let failed =
            |_| Problem::internal("the request could not be carried out; please report it");
        answer.await.unwrap_or_else(|error| Err(failed(error)))
    }
}

/// Who the audit says it was: the seat whose token the other program has.
pub(super) fn who_asks(profile: &Profile) -> Result<String, Problem> {
    let settings = Settings::load(&profile.settings()).map_err(anyhow::Error::from)?;
    Ok(audit::who(&settings))
}
