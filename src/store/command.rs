//! What the phone asks of the store, and what it hears.

use jiff::Timestamp;

use super::Result;
use crate::flight::Landed;
use crate::model::{
    CallId, CallRecord, CallerMatch, CardLayout, ClientField, ClientId, PhoneNumber, RecordingRow,
    RequestId, TaskNews, TaskTerms,
};

/// The question who is at the other end.
#[derive(Debug, Clone, PartialEq)]
pub struct CallerQuery {
    /// The other party's number.
    pub number: Option<PhoneNumber>,
    /// The other party as the network gave it: finds a colleague by the internal number.
    pub text: String,
    /// Our own internal number: finds the employee's name.
    pub extension: Option<String>,
    /// When it is asked: finds what comes next.
    pub at: Timestamp,
    /// The client that a person says it is, whoever has the number.
    pub client: Option<ClientId>,
}

/// A request of the phone.
#[derive(Debug, Clone)]
pub enum StoreCommand {
    /// Who is at the other end? Answered with [`StoreReply::Caller`], found or not.
    FindCaller {
        /// The call it is about.
        call: CallId,
        /// Who is asked for.
        asked: CallerQuery,
        /// The name of the line's card layout; empty for the standard.
        layout: String,
    },
    /// Nobody has the caller's number: enter a draft. Answered with [`StoreReply::Caller`].
    RegisterCaller {
        /// The call it is about.
        call: CallId,
        /// Who is asked for.
        asked: CallerQuery,
        /// The name that the network gave; may be empty.
        name: String,
    },
    /// A person says which client the other party is: makes the call that client's. Answered with
    /// [`StoreReply::Linked`].
    LinkCaller {
        /// Who waits for the answer.
        request: RequestId,
        /// The call it is about.
        call: CallId,
        /// The call's parties, with the client.
        asked: CallerQuery,
    },
    /// A person says what is to be known of the other party: changes the client, or enters one, and
    /// makes the call that client's. Answered with [`StoreReply::Linked`].
    SaveCaller {
        /// Who waits for the answer.
        request: RequestId,
        /// The call it is about.
        call: CallId,
        /// The call's parties.
        asked: CallerQuery,
        /// Fields of the client and their new texts.
        fields: Vec<(ClientField, String)>,
    },
    /// Whoever takes the call has read the note on the client: write it down. Answered with
    /// [`StoreReply::NoteRead`].
    NoteRead {
        /// The call it is about.
        call: CallId,
        /// The client.
        client: ClientId,
        /// The note as it was.
        note: String,
        /// Extension and name of who has read it.
        by: String,
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
    /// The answer to [`StoreCommand::FindCaller`] and [`StoreCommand::RegisterCaller`].
    Caller {
        /// The call it is about.
        call: CallId,
        /// What is known; none where neither a client, nor a colleague, nor our employee was found.
        found: Option<Box<CallerMatch>>,
        /// What the card shows; none where the store cannot say.
        layout: Option<CardLayout>,
    },
    /// The answer to [`StoreCommand::LinkCaller`] and [`StoreCommand::SaveCaller`].
    Linked {
        /// Who waits for it.
        request: RequestId,
        /// The call it is about.
        call: CallId,
        /// What is known of the other party now, or why nothing was changed, for a person.
        found: std::result::Result<Option<Box<CallerMatch>>, String>,
    },
    /// The answer to [`StoreCommand::NoteRead`].
    NoteRead {
        /// The call it is about.
        call: CallId,
        /// Why it could not be written down, for a person.
        written: std::result::Result<(), String>,
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

impl StoreReply {
    /// The answer to a look-up, however it went.
    pub fn caller(call: CallId, found: Result<(Option<CallerMatch>, Option<CardLayout>)>) -> Self {
        match found {
            Ok((found, layout)) => Self::Caller {
                call,
                found: found.map(Box::new),
                layout,
            },
            Err(error) => Self::Failed {
                call,
                error: error.to_string(),
            },
        }
    }

    /// The answer to whoever said who the other party is, however it went.
    pub fn linked(request: RequestId, call: CallId, found: Result<Option<CallerMatch>>) -> Self {
        Self::Linked {
            request,
            call,
            found: found
                .map(|found| found.map(Box::new))
                .map_err(|error| error.to_string()),
        }
    }
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
