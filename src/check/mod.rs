//! The connection check: what `ringbook check` prints and the window shows, step by step, in plain words.
//!
//! A check waits for the network and for devices: it wants a thread of its own.

mod caller_id;
mod echo;
mod line;
mod nat;
mod ports;
mod sound;
mod way;

pub use self::caller_id::check_caller_id;
pub use self::echo::check_echo;
pub use self::line::check_line;
pub use self::ports::check_ports;
pub use self::sound::{check_headsets, check_sound};

/// What was found at one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It works; how.
    Passed(String),
    /// It does not.
    Failed {
        /// What is wrong.
        what: String,
        /// What to do about it.
        remedy: String,
    },
    /// Not to be tried, and why.
    Skipped(String),
}

/// How far a check has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The step of this name is being tried.
    Begun(String),
    /// It was.
    Done(String, Outcome),
}

/// Hears of every step as it is tried.
pub struct Report<'a> {
    tell: &'a mut dyn FnMut(Progress),
}

impl<'a> Report<'a> {
    /// Tells `tell` of the steps.
    pub fn new(tell: &'a mut dyn FnMut(Progress)) -> Self {
        Self { tell }
    }

    fn begin(&mut self, title: &str) {
        (self.tell)(Progress::Begun(title.to_owned()));
    }

    fn done(&mut self, title: &str, outcome: Outcome) {
        (self.tell)(Progress::Done(title.to_owned(), outcome));
    }
}

fn failed(what: String, remedy: String) -> Outcome {
    Outcome::Failed { what, remedy }
}
