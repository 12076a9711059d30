//! Asking sources outside the store: on threads that may wait, and never for longer than they may take.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::message::{Inbox, Message};
use crate::model::{CallId, CardSource, Facts, SourceAnswer};
use crate::sources::{self, SourceError};

/// Questions to one source at once: one that hangs keeps no more threads than these.
const AT_ONCE: usize = 4;

/// Who asks the sources.
pub(super) struct Sources {
    /// Where files are whose path does not say.
    folder: PathBuf,
    inbox: Inbox,
    /// The turns of each source, by its name.
    turns: BTreeMap<String, Arc<Semaphore>>,
}

impl Sources {
    pub fn new(folder: &Path, inbox: Inbox) -> Self {
        Self {
            folder: folder.to_owned(),
            inbox,
            turns: BTreeMap::new(),
        }
    }

    /// Asks; the answer comes within the source's patience, whatever the source does.
    pub fn ask(&mut self, call: CallId, source: Arc<CardSource>, facts: Facts) {
        let turns = self.turns.entry(source.name.clone());
        let turns = turns.or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE)));
        let (turns, folder) = (Arc::clone(turns), self.folder.clone());
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let asked = on_a_thread(turns, Arc::clone(&source), facts.clone(), folder);
            let late = |_| Err(SourceError::TimedOut(source.patience).to_string());
            let value = timeout(source.patience, asked).await.unwrap_or_else(late);
            inbox.put(Message::Sourced(SourceAnswer {
                call,
                name: source.name.clone(),
                facts,
                value,
            }));
        });
    }
}

/// Asks when it is the question's turn, on a thread of its own: the end of the phone waits for none.
async fn on_a_thread(
    turns: Arc<Semaphore>,
    source: Arc<CardSource>,
    facts: Facts,
    folder: PathBuf,
) -> Result<Option<String>, String> {
    let turn = turns.acquire_owned().await;
    let turn = turn.map_err(|error| error.to_string())?;
    let (answer, answered) = oneshot::channel();
    let ask = move || {
        let asked = sources::ask(&source, &facts, &folder);
        let _ = answer.send(asked.map_err(|error| error.to_string()));
        drop(turn);
    };
    let thread = thread::Builder::new().name("source".to_owned()).spawn(ask);
    thread.map_err(|error| error.to_string())?;
    answered.await.map_err(|error| error.to_string())?
}
