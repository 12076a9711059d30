//! A reading thread: requests one after the other, on a connection of its own.

use std::cell::RefCell;

use rusqlite::Connection;

use super::Shared;
use super::mailbox::Mailbox;
use super::writer::guarded;
use crate::store::ladder::Ladder;
use crate::store::{Reader, Result, open};

/// When a reading thread opens its connection and compiles its statements.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    AtOnce,
    WhenAsked,
}

/// A connection to one of the files that there were, and what is remembered of that.
struct Open {
    file: u64,
    connection: Connection,
    ladder: RefCell<Ladder>,
}

/// Serves `mailbox` until it is closed.
pub(super) fn run(shared: &Shared, mailbox: &Mailbox, opened: Opened) {
    let mut open: Option<Open> = None;
    if opened == Opened::AtOnce {
        let _ = reader(shared, &mut open);
    }
    while let Some(job) = mailbox.take() {
        guarded(|| job(reader(shared, &mut open)));
    }
}

/// A reader of the present file, opened where it is not open yet.
fn reader<'o>(shared: &'o Shared, open: &'o mut Option<Open>) -> Result<Reader<'o>> {
    let present = shared.generation();
    if open.as_ref().is_some_and(|open| open.file != present) {
        *open = None;
    }
    let open = match open {
        Some(open) => open,
        none => none.insert(Open {
            file: present,
            connection: warm(shared)?,
            ladder: RefCell::default(),
        }),
    };
    Ok(Reader {
        connection: &open.connection,
        ladder: Some(&open.ladder),
        seat: &shared.seat,
    })
}

fn warm(shared: &Shared) -> Result<Connection> {
    let connection = open::reader(&shared.path)?;
    let reader = Reader {
        connection: &connection,
        ladder: None,
        seat: &shared.seat,
    };
    reader.warm_up()?;
    Ok(connection)
}
