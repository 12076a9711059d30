//! Asking sources outside the store: on threads that may wait, and never for longer than they may take.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::message::{Inbox, Message};
use crate::model::{CallId, CardSource, Facts, SourceAnswer};
use crate::sources::{Asker, SourceError};

/// Questions to one source at once: one that hangs keeps no more threads than these.
const AT_ONCE: usize = 4;

/// Who asks the sources.
pub(super) struct Sources {
    /// Where files are whose path does not say.
    folder: PathBuf,
    inbox: Inbox,
    /// Those that were asked, by their names.
    known: BTreeMap<String, Known>,
}

/// A source that was asked.
#[derive(Clone)]
struct Known {
    asker: Arc<Asker>,
    turns: Arc<Semaphore>,
}

impl Sources {
    pub fn new(folder: &Path, inbox: Inbox) -> Self {
        Self {
            folder: folder.to_owned(),
            inbox,
            known: BTreeMap::new(),
        }
    }

    /// Asks; the answer comes within the source's patience, whatever the source does.
    pub fn ask(&mut self, call: CallId, source: Arc<CardSource>, facts: Facts) {
        let known = self.known(&source);
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let asked = on_a_thread(known, facts.clone());
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

    /// The source as it was asked before, unless the settings have changed it.
    fn known(&mut self, source: &Arc<CardSource>) -> Known {
        let known = self.known.get(&source.name);
        if let Some(known) = known.filter(|known| known.asker.source() == &**source) {
            return known.clone();
        }
        let new = Known {
            asker: Arc::new(Asker::new(Arc::clone(source), &self.folder)),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        };
        self.known.insert(source.name.clone(), new.clone());
        new
    }
}

/// Asks when it is the question's turn, on a thread of its own: the end of the phone waits for none.
async fn on_a_thread(known: Known, facts: Facts) -> Result<Option<String>, String> {
    let turn = known.turns.acquire_owned().await;
    let turn = turn.map_err(|error| error.to_string())?;
    let (answer, answered) = oneshot::channel();
    let ask = move || {
        let asked = known.asker.ask(&facts);
        let _ = answer.send(asked.map_err(|error| error.to_string()));
        drop(turn);
    };
    let thread = thread::Builder::new().name("source".to_owned()).spawn(ask);
    thread.map_err(|error| error.to_string())?;
    answered.await.map_err(|error| error.to_string())?
}
