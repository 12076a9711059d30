//! A reading thread: requests one after the other, on a connection of its own.

use rusqlite::Connection;

use super::Shared;
use super::mailbox::Mailbox;
use super::writer::guarded;
use crate::store::{Reader, Result, open};

/// When a reading thread opens its connection and compiles its statements.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    AtOnce,
    WhenAsked,
}

/// Serves `mailbox` until it is closed.
pub(super) fn run(shared: &Shared, mailbox: &Mailbox, opened: Opened) {
    let mut open: Option<(u64, Connection)> = None;
    if opened == Opened::AtOnce {
        let _ = connection(shared, &mut open);
    }
    while let Some(job) = mailbox.take() {
        guarded(|| job(connection(shared, &mut open)));
    }
}

/// The connection to the present file, opened where it is not open yet.
fn connection<'o>(
    shared: &Shared,
    open: &'o mut Option<(u64, Connection)>,
) -> Result<&'o Connection> {
    let present = shared.generation();
    if open
        .as_ref()
        .is_some_and(|(generation, _)| *generation != present)
    {
        *open = None;
    }
    if open.is_none() {
        let connection = open::reader(&shared.path)?;
        Reader {
            connection: &connection,
        }
        .warm_up()?;
        *open = Some((present, connection));
    }
    open.as_ref()
        .map(|(_, connection)| connection)
        .ok_or(crate::store::StoreError::Closed)
}
