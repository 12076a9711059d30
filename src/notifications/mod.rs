//! What draws a person's attention: one queue for calls, tasks and alerts, in the window and on the
//! desktop. It never takes the keyboard's focus, and tells nothing twice.

#[cfg(feature = "gui")]
pub mod desktop;
mod queue;
mod tasks;

pub use self::queue::{Order, Popup, Queue, Toast};
pub use self::tasks::TaskWatch;

use crate::model::{CallId, TaskId};

/// What a notification is about. Each kind is configured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody calls.
    Call,
    /// Somebody is owed a call.
    Task,
    /// A conversation lasts long.
    LongCall,
    /// Something fails.
    Alert,
    /// What became of something that the person has just done: always told, in the window alone.
    Reply,
}

/// How it is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// A fact.
    Info,
    /// Done.
    Good,
    /// To be looked after.
    Warning,
    /// Failed.
    Bad,
}

/// Whom or what it is about: news of the same subject take each other's place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A call.
    Call(CallId),
    /// A conversation that lasts too long.
    LongCall(CallId),
    /// A task.
    Task(TaskId),
    /// Several tasks.
    Tasks,
    /// A line, by its address of record.
    Line(String),
    /// Whatever the text says.
    Text(String),
    /// One way back: no other news takes its place.
    Offer(u32),
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What it is about, for the settings.
    pub kind: Kind,
    /// What it is about, for its successors.
    pub subject: Subject,
    /// How it is meant.
    pub tone: Tone,
    /// A few words for the head of a desktop's pop-up.
    pub title: String,
    /// A sentence.
    pub text: String,
    /// What a press on it does, in a word or two; empty where it does nothing.
    pub action: String,
}

impl Notification {
    /// A sentence that stands for itself.
    pub fn of_text(kind: Kind, tone: Tone, title: String, text: String) -> Self {
        Self {
            kind,
            subject: Subject::Text(text.clone()),
            tone,
            title,
            text,
            action: String::new(),
        }
    }
}
