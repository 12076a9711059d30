//! What the phone asks of the store, and what it hears.

use jiff::Timestamp;

use crate::flight::Landed;
use crate::model::{
    CallId, CallRecord, CallerMatch, CardLayout, PhoneNumber, RecordingRow, TaskNews, TaskTerms,
};

/// A request of the phone.
#[derive(Debug, Clone)]
pub enum StoreCommand {
    /// Who is at the other end? Answered with [`StoreReply::Caller`], found or not.
    FindCaller {
        /// The call it is about.
        call: CallId,
        /// The other party's number.
        number: Option<PhoneNumber>,
        /// The other party as the network gave it: finds a colleague by the internal number.
        text: String,
        /// Our own internal number: finds the employee's name.
        extension: Option<String>,
        /// The name of the line's card layout; empty for the standard.
        layout: String,
        /// When it is asked: finds what comes next.
        at: Timestamp,
    },
    /// Open the call's row of the log: at the first ring or dial.
    OpenCall(Box<CallRecord>),
    /// Write the call's row anew; also the heartbeat by `last_seen_at`, about once a second.
    UpdateCall(Box<CallRecord>),
    /// Close the call's row and add its recordings and its flight, in one transaction.
    CloseCall {
        /// The row as it is to stay.
        record: Box<CallRecord>,
        /// The call's recordings; one that was stopped and begun again has several.
        recordings: Vec<RecordingRow>,
        /// What the flight recorder kept of it.
        flight: Option<Box<Landed>>,
        /// On which terms its caller may be owed a call, in the same transaction; none where the
        /// module is absent.
        tasks: Option<TaskTerms>,
    },
}

/// What became of a request.
#[derive(Debug)]
pub enum StoreReply {
    /// The answer to [`StoreCommand::FindCaller`].
    Caller {
        /// The call it is about.
        call: CallId,
        /// What is known; none where neither a client, nor a colleague, nor our employee was found.
        found: Option<Box<CallerMatch>>,
        /// What the card shows; none where the store cannot say.
        layout: Option<CardLayout>,
    },
    /// The call's row is on disk: no power cut takes it back.
    Done {
        /// The call.
        call: CallId,
        /// What became of tasks thereby.
        tasks: Vec<TaskNews>,
    },
    /// It did not succeed and is not tried again. A row of the log that the database cannot
    /// take at the moment is no failure: it waits, and `Done` follows.
    Failed {
        /// The call.
        call: CallId,
        /// Why, for a person.
        error: String,
    },
}

/// Something a person should be told about the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreNotice {
    /// The database cannot be written at the moment; the rows wait in memory.
    Unavailable {
        /// Why.
        error: String,
    },
    /// It can be written again; every row that waited is on disk.
    Recovered,
    /// The database was damaged: it is kept under this name, and an empty one was begun.
    KeptAside {
        /// The damaged file.
        file: std::path::PathBuf,
    },
    /// A call that a crash had cut off was closed late, because the database could not be written
    /// before: its caller is owed a call.
    Task(Box<TaskNews>),
}
