//! The thread that lets the client book meet its CardDAV server, again and again.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::message::{Inbox, Message};
use super::system;
use crate::automation::NoticeKind;
use crate::contacts::{MeetingError, meet};
use crate::dav::{Options, Report};
use crate::model::Country;
use crate::settings::{CardDav, Settings};
use crate::store::Store;
use crate::{tr, trn};

/// Which server, and the thread that asks it, once there is something to ask.
pub(super) struct Contacts {
    settings: Option<CardDav>,
    country: Option<Country>,
    /// Where the clients are, once they are there.
    database: Option<PathBuf>,
    orders: Option<Sender<Option<CardDav>>>,
    inbox: Inbox,
}

impl Contacts {
    pub fn new(settings: &Settings, inbox: Inbox) -> Self {
        let mut accounts = settings.accounts.iter();
        let country = accounts.find_map(|account| account.country);
        Self {
            settings: settings.carddav.clone(),
            country: country.or_else(system::country),
            database: None,
            orders: None,
            inbox,
        }
    }

    /// The store is there: begin.
    pub fn begin(&mut self, database: PathBuf) {
        self.database = Some(database);
        self.order();
    }

    /// Other settings hold.
    pub fn set(&mut self, settings: &Option<CardDav>) {
        if self.settings != *settings {
            self.settings.clone_from(settings);
            self.order();
        }
    }

    /// Tells the thread what to do; it is started when there is something.
    fn order(&mut self) {
        if self.orders.is_none() && self.settings.is_some() {
            self.start();
        }
        if let Some(orders) = &self.orders {
            let _ = orders.send(self.settings.clone());
        }
    }

    /// The thread gets a connection to the store of its own, as a command would have, so that the end of
    /// the phone waits for no server.
    fn start(&mut self) {
        let Some(database) = self.database.clone() else {
            return;
        };
        let (send, orders) = channel();
        let (country, inbox) = (self.country, self.inbox.clone());
        let thread = thread::Builder::new().name("contacts".to_owned());
        match thread.spawn(move || run(&orders, &database, country, &inbox)) {
            Ok(_) => self.orders = Some(send),
            Err(error) => {
                let trouble = Message::Notice(NoticeKind::Contacts, error.to_string());
                self.inbox.put(trouble);
            }
        }
    }
}

/// Meets at once and at every interval, until the phone has ended.
fn run(
    orders: &Receiver<Option<CardDav>>,
    database: &Path,
    country: Option<Country>,
    inbox: &Inbox,
) {
    let mut order = orders.recv().ok();
    let mut trouble = None;
    while let Some(settings) = order {
        let interval = settings
            .as_ref()
            .map_or(0, |carddav| carddav.interval_minutes);
        let waited = match (&settings, interval) {
            (None, _) | (_, 0) => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            (Some(carddav), minutes) => {
                let met = meet_once(carddav, database, country);
                tell(met, &mut trouble, inbox);
                orders.recv_timeout(Duration::from_secs(u64::from(minutes) * 60))
            }
        };
        order = match waited {
            Ok(new) => Some(new),
            Err(RecvTimeoutError::Timeout) => Some(settings),
            Err(RecvTimeoutError::Disconnected) => None,
        };
    }
}

fn meet_once(
    carddav: &CardDav,
    database: &Path,
    country: Option<Country>,
) -> Result<Report, MeetingError> {
    let options = Options {
        now: Timestamp::now(),
        dry_run: false,
        accept_deletions: false,
    };
    meet(carddav, &mut Store::open(database)?, country, options)
}

/// Tells people what they should know; the same trouble once.
fn tell(met: Result<Report, MeetingError>, trouble: &mut Option<String>, inbox: &Inbox) {
    let (text, is_trouble) = match met {
        Err(error) => (
            Some(tr!(
                "The contacts were not synchronised: {why}",
                why = error
            )),
            true,
        ),
        Ok(report) if !report.problems.is_empty() => (
            Some(trn!(
                "{n} contact was not synchronised; ringbook client sync says why",
                "{n} contacts were not synchronised; ringbook client sync says why",
                n = report.problems.len()
            )),
            true,
        ),
        Ok(report) if !report.conflicts.is_empty() => (
            Some(trn!(
                "{n} conflict while contacts were synchronised; the later change holds, the other is in the client's timeline",
                "{n} conflicts while contacts were synchronised; the later changes hold, the others are in the clients' timelines",
                n = report.conflicts.len()
            )),
            false,
        ),
        Ok(_) => (None, false),
    };
    let is_new = *trouble != text;
    *trouble = text.clone().filter(|_| is_trouble);
    if let Some(text) = text.filter(|_| is_new) {
        inbox.put(Message::Notice(NoticeKind::Contacts, text));
    }
}
