//! Lamps for colleagues (RFC 4235) and the mailbox (RFC 3842): what a line subscribes to once it
//! can be reached, and what is told of it.

use std::time::Duration;

use ringbook_sip::user_agent::{EventPackage, SubscriptionId, SubscriptionState};
use serde::Serialize;

use super::Phone;
use super::account::Line;
use super::target::Target;
use crate::automation::Body;
use crate::now::Now;
use crate::presence::{DialogInfo, Dialogs, LampState, MessagesWaiting};

/// How long a subscription is asked for.
const EXPIRES: Duration = Duration::from_secs(1800);

/// A colleague's lamp, for the window and for JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LampView {
    /// The line that watches.
    pub account: String,
    /// Whom, as in the settings.
    pub lamp: String,
    /// What the phone there does.
    pub state: LampState,
}

/// What is subscribed to.
#[derive(Debug)]
pub(super) struct Watched {
    subscription: SubscriptionId,
    /// The line's address of record.
    account: String,
    what: What,
}

#[derive(Debug)]
enum What {
    Lamp {
        lamp: String,
        dialogs: Dialogs,
        state: LampState,
    },
    Mailbox {
        messages: Option<MessagesWaiting>,
        /// Its address, as the server says.
        address: Option<String>,
    },
}

impl Phone {
    /// Subscribes to what a line watches, where it does not already.
    pub(super) fn watch(&mut self, now: Now, place: usize) {
        let Some(line) = self.lines.get(place) else {
            return;
        };
        let account = line.account.aor.clone();
        if self.watched.iter().any(|known| known.account == account) {
            return;
        }
        let lamps = line
            .account
            .lamps
            .clone()
            .into_iter()
            .map(|lamp| What::Lamp {
                lamp,
                dialogs: Dialogs::default(),
                state: LampState::Unknown,
            });
        let mailbox = line.account.voicemail.then_some(What::Mailbox {
            messages: None,
            address: None,
        });
        for what in lamps.chain(mailbox).collect::<Vec<_>>() {
            self.subscribe(now, place, what);
        }
    }

    fn subscribe(&mut self, now: Now, place: usize, what: What) {
        let Some((line, id)) = self
            .lines
            .get(place)
            .and_then(|line| Some((line, line.id?)))
        else {
            return;
        };
        let (name, accept, target) = match &what {
            What::Lamp { lamp, .. } => ("dialog", "application/dialog-info+xml", lamp.as_str()),
            What::Mailbox { .. } => (
                "message-summary",
                "application/simple-message-summary",
                line.account.aor.as_str(),
            ),
        };
        let info = &line.info;
        let Ok(target) = Target::parse(target, info) else {
            return;
        };
        let package = EventPackage {
            name: name.to_owned(),
            accept: accept.to_owned(),
            expires: EXPIRES,
        };
        let account = line.account.aor.clone();
        let subscribed = self
            .user_agent
            .subscribe(now.instant, id, &target.uri, package);
        if let Ok(subscription) = subscribed {
            self.watched.push(Watched {
                subscription,
                account,
                what,
            });
        }
    }

    /// Ends what a line has subscribed to.
    pub(super) fn unwatch(&mut self, now: Now, account: &str) {
        let of_line = |watched: &mut Watched| watched.account == account;
        for watched in self.watched.extract_if(.., of_line) {
            self.user_agent
                .unsubscribe(now.instant, watched.subscription);
        }
    }

    pub(super) fn on_subscription(
        &mut self,
        now: Now,
        subscription: SubscriptionId,
        state: SubscriptionState,
    ) {
        let Some(watched) = self.find_watched(subscription) else {
            return;
        };
        let What::Lamp {
            dialogs,
            state: lamp,
            ..
        } = &mut watched.what
        else {
            return;
        };
        let known = match state {
            SubscriptionState::Active => return,
            SubscriptionState::Pending => LampState::Unknown,
            SubscriptionState::Failed { .. } => LampState::Unreachable,
        };
        // What comes after this begins from nothing, with versions of its own.
        *dialogs = Dialogs::default();
        if std::mem::replace(lamp, known) != known {
            self.tell_lamp(now, subscription);
        }
    }

    pub(super) fn on_notified(&mut self, now: Now, subscription: SubscriptionId, body: &[u8]) {
        let Some(watched) = self.find_watched(subscription) else {
            return;
        };
        match &mut watched.what {
            What::Lamp { dialogs, state, .. } => {
                // What cannot be read says nothing.
                let Ok(info) = DialogInfo::read(body) else {
                    return;
                };
                dialogs.take(info);
                let lamp = dialogs.lamp();
                if std::mem::replace(state, lamp) != lamp {
                    self.tell_lamp(now, subscription);
                }
            }
            What::Mailbox { messages, address } => {
                let Some(found) = MessagesWaiting::read(body) else {
                    return;
                };
                *address = MessagesWaiting::account(body);
                if messages.replace(found) != Some(found) {
                    let account = watched.account.clone();
                    let body = Body::Voicemail {
                        account,
                        messages: found,
                    };
                    self.event(now, body);
                }
            }
        }
    }

    fn find_watched(&mut self, subscription: SubscriptionId) -> Option<&mut Watched> {
        self.watched
            .iter_mut()
            .find(|watched| watched.subscription == subscription)
    }

    fn tell_lamp(&mut self, now: Now, subscription: SubscriptionId) {
        let found = self
            .watched
            .iter()
            .find(|watched| watched.subscription == subscription);
        if let Some(view) = found.and_then(Watched::view) {
            self.event(now, Body::Lamp(view));
        }
    }

    /// Every lamp of the settings, in their order.
    pub(super) fn lamp_views(&self) -> Vec<LampView> {
        let shown: Vec<LampView> = self.watched.iter().filter_map(Watched::view).collect();
        let of_line = |line: &Line| {
            let account = line.account.aor.clone();
            let lamps = line.account.lamps.clone().into_iter();
            lamps.map(move |lamp| LampView {
                account: account.clone(),
                lamp,
                state: LampState::Unknown,
            })
        };
        let all = self.lines.iter().flat_map(of_line);
        all.map(|unknown| {
            let same =
                |view: &&LampView| view.account == unknown.account && view.lamp == unknown.lamp;
            shown.iter().find(same).cloned().unwrap_or(unknown)
        })
        .collect()
    }

    /// The address of a line's mailbox, as far as its server said.
    pub(super) fn message_account(&self, account: &str) -> Option<&str> {
        let mut of_line = self
            .watched
            .iter()
            .filter(|watched| watched.account == account);
        of_line.find_map(|watched| match &watched.what {
            What::Mailbox { address, .. } => address.as_deref(),
            What::Lamp { .. } => None,
        })
    }

    /// What is in a line's mailbox, as far as its server said.
    pub(super) fn voicemail(&self, account: &str) -> Option<MessagesWaiting> {
        let of_line = |watched: &&Watched| watched.account == account;
        self.watched
            .iter()
            .filter(of_line)
            .find_map(|watched| match watched.what {
                What::Mailbox { messages, .. } => messages,
                What::Lamp { .. } => None,
            })
    }
}

impl Watched {
    fn view(&self) -> Option<LampView> {
        let What::Lamp { lamp, state, .. } = &self.what else {
            return None;
        };
        Some(LampView {
            account: self.account.clone(),
            lamp: lamp.clone(),
            state: *state,
        })
    }
}
