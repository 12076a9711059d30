//! Reading ahead: a thread reads entries while the store keeps those before them.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use super::{ImportError, Source, Sourced};
use crate::model::Lists;

/// The most entries kept in one transaction: a phone's call log gets its turn between two.
pub(super) const BATCH: usize = 5000;
/// What they take in the file at most, octets, so that no file fills the memory; one entry may take more.
pub(super) const BATCH_OCTETS: usize = 4 << 20;
/// Batches that wait for the store.
const AHEAD: usize = 1;

/// Entries that are kept together, in the file's order.
pub(super) type Batch = Vec<Sourced>;

/// They, as they come.
pub(super) struct Batches {
    read: Receiver<Result<Batch, ImportError>>,
    kept: Sender<Batch>,
}

impl Batches {
    /// The next; none at the end.
    pub(super) fn next(&self) -> Option<Result<Batch, ImportError>> {
        self.read.recv().ok()
    }

    /// Gives back what was kept: memory is freed by the thread that has it, else the two of them wait
    /// for each other at each entry.
    pub(super) fn give_back(&self, batch: Batch) {
        // Nobody takes it back once the file has ended.
        let _ = self.kept.send(batch);
    }
}

/// Gives `keep` the batches of the source as they come; what is before an error is kept.
pub(super) fn each_batch(
    source: &mut dyn Source,
    lists: &Lists,
    keep: impl FnOnce(Batches) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    thread::scope(|scope| {
        let (send, read) = sync_channel(AHEAD);
        let (kept, spent) = channel();
        scope.spawn(move || read_ahead(source, lists, &send, &spent));
        keep(Batches { read, kept })
    })
}

/// Reads to the end, to an error, or until nobody wants more.
fn read_ahead(
    source: &mut dyn Source,
    lists: &Lists,
    send: &SyncSender<Result<Batch, ImportError>>,
    spent: &Receiver<Batch>,
) {
    loop {
        spent.try_iter().for_each(drop);
        let (mut batch, ended) = next_batch(source);
        let lines = batch
            .iter_mut()
            .filter_map(|entry| entry.said.as_mut().ok());
        lines.for_each(|line| line.prepare(lists));
        if !batch.is_empty() && send.send(Ok(batch)).is_err() {
            return;
        }
        match ended {
            None => {}
            Some(Ok(())) => return,
            Some(Err(error)) => {
                // Nobody listens where the store has failed before.
                let _ = send.send(Err(error));
                return;
            }
        }
    }
}

/// The next entries, and how the file ended where it did.
fn next_batch(source: &mut dyn Source) -> (Batch, Option<Result<(), ImportError>>) {
    let mut batch = Batch::new();
    let mut octets = 0;
    while batch.len() < BATCH && octets < BATCH_OCTETS {
        match source.next() {
            Ok(Some(entry)) => {
                octets += entry.written.octets();
                batch.push(entry);
            }
            Ok(None) => return (batch, Some(Ok(()))),
            Err(error) => return (batch, Some(Err(error))),
        }
    }
    (batch, None)
}
