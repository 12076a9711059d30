//! What a line publishes of itself (RFC 3903), where its settings say so: that the phone is busy,
//! as dialog-info where the server takes it, else as presence.

use std::collections::BTreeMap;
use std::time::Duration;

use ringbook_sip::user_agent::{EventPackage, PublicationId, PublicationState};
use serde::Serialize;

use super::Phone;
use super::call::{Call, State};
use crate::model::{CallId, Direction};
use crate::now::Now;
use crate::presence::{OwnDialog, OwnState};

/// How long the server is asked to keep it.
const EXPIRES: Duration = Duration::from_secs(1800);
/// Bad Event: the server knows nothing of this kind of state (RFC 6665 §8.3.2).
const BAD_EVENT: u16 = 489;

/// Whether the server has what a line publishes, for the window and for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishedView {
    /// On its way.
    Publishing,
    /// It tells whoever subscribes to our calls (RFC 4235).
    Dialog,
    /// It tells whoever subscribes to our presence (RFC 3856).
    Presence,
    /// It is not there at the moment, and will be tried again.
    Failed,
    /// The server takes no such thing, with this status.
    Refused(u16),
}

/// What one line publishes.
#[derive(Debug)]
pub(super) struct Publishing {
    /// The line's address of record.
    account: String,
    kind: Kind,
    /// None: the server takes nothing.
    publication: Option<PublicationId>,
    published: PublishedView,
    state: OwnState,
    version: u32,
    last_document: Vec<u8>,
    names: BTreeMap<CallId, u64>,
    last_name: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dialog,
    Presence,
}

impl Publishing {
    /// The document of the present state; none where it says what the last one said.
    fn next_document(&mut self) -> Option<Vec<u8>> {
        self.version += 1;
        let document = match self.kind {
            Kind::Dialog => self.state.dialog_info(&self.account, self.version),
            Kind::Presence => self.state.pidf(&self.account),
        };
        let is_news = self.last_document != document;
        self.last_document.clone_from(&document);
        is_news.then_some(document)
    }

    /// Takes the state of the phone; whether it is another one than before.
    fn take<'a>(&mut self, calls: impl Iterator<Item = &'a Call>, do_not_disturb: bool) -> bool {
        let mut names = BTreeMap::new();
        let mut dialogs = Vec::new();
        for call in calls.filter(|call| call.is_here() && of_line(call, &self.account)) {
            let Some(dialog) = dialog(call) else {
                continue;
            };
            let name = self.names.get(&call.id).copied().unwrap_or_else(|| {
                self.last_name += 1;
                self.last_name
            });
            names.insert(call.id, name);
            dialogs.push((name, dialog));
        }
        self.names = names;
        let state = OwnState {
            dialogs,
            do_not_disturb,
        };
        let changed = self.state != state;
        self.state = state;
        changed
    }
}

impl Phone {
    /// Publishes a line's state, where it wants that and does not already.
    pub(super) fn publish(&mut self, now: Now, place: usize) {
        let Some(line) = self.lines.get(place) else {
            return;
        };
        let account = line.account.aor.clone();
        let known = self.published.iter().any(|known| known.account == account);
        if !line.account.publish || known {
            return;
        }
        let mut publishing = Publishing {
            account,
            kind: Kind::Dialog,
            publication: None,
            published: PublishedView::Publishing,
            state: OwnState::default(),
            version: 0,
            last_document: Vec::new(),
            names: BTreeMap::new(),
            last_name: 0,
        };
        publishing.take(self.calls.live(), self.absence.do_not_disturb);
        self.published.push(publishing);
        self.begin_publishing(now, self.published.len() - 1);
    }

    fn begin_publishing(&mut self, now: Now, at: usize) {
        let Some(publishing) = self.published.get_mut(at) else {
            return;
        };
        let account = publishing.account.as_str();
        let line = self.lines.iter().find(|line| line.account.aor == account);
        let Some(id) = line.and_then(|line| line.id) else {
            return;
        };
        let (name, content) = match publishing.kind {
            Kind::Dialog => ("dialog", "application/dialog-info+xml"),
            Kind::Presence => ("presence", "application/pidf+xml"),
        };
        let package = EventPackage {
            name: name.to_owned(),
            accept: content.to_owned(),
            expires: EXPIRES,
        };
        let document = publishing.next_document().unwrap_or_default();
        let now = now.instant;
        publishing.publication = self.user_agent.publish(now, id, package, document).ok();
    }

    /// Publishes what has changed of the phone's calls.
    pub(super) fn publish_changes(&mut self, now: Now) {
        for publishing in &mut self.published {
            let changed = publishing.take(self.calls.live(), self.absence.do_not_disturb);
            if let Some(publication) = publishing.publication.filter(|_| changed)
                && let Some(document) = publishing.next_document()
            {
                self.user_agent
                    .publish_change(now.instant, publication, document);
            }
        }
    }

    /// Withdraws what a line has published.
    pub(super) fn unpublish(&mut self, now: Now, account: &str) {
        let of_line = |publishing: &mut Publishing| publishing.account == account;
        for publishing in self.published.extract_if(.., of_line) {
            if let Some(publication) = publishing.publication {
                self.user_agent.unpublish(now.instant, publication);
            }
        }
    }

    pub(super) fn on_publication(
        &mut self,
        now: Now,
        publication: PublicationId,
        state: PublicationState,
        status: Option<u16>,
    ) {
        let found = |publishing: &Publishing| publishing.publication == Some(publication);
        let Some(at) = self.published.iter().position(found) else {
            return;
        };
        let publishing = &mut self.published[at];
        publishing.published = match (state, publishing.kind) {
            (PublicationState::Active, Kind::Dialog) => PublishedView::Dialog,
            (PublicationState::Active, Kind::Presence) => PublishedView::Presence,
            (PublicationState::Failed { retry_in: Some(_) }, _) => PublishedView::Failed,
            (PublicationState::Failed { retry_in: None }, Kind::Dialog)
                if status == Some(BAD_EVENT) =>
            {
                publishing.kind = Kind::Presence;
                return self.begin_publishing(now, at);
            }
            (PublicationState::Failed { retry_in: None }, _) => {
                publishing.publication = None;
                PublishedView::Refused(status.unwrap_or_default())
            }
        };
        self.changed = true;
    }

    /// What became of what a line publishes; none where it publishes nothing.
    pub(super) fn published_view(&self, account: &str) -> Option<PublishedView> {
        let of_line = |publishing: &&Publishing| publishing.account == account;
        let found = self.published.iter().find(of_line);
        found.map(|publishing| publishing.published)
    }
}

fn of_line(call: &Call, account: &str) -> bool {
    call.line.as_ref().is_some_and(|line| line.aor == account)
}

/// What others may know of a call. One that nobody here was rung for is nobody's business.
fn dialog(call: &Call) -> Option<OwnDialog> {
    let outgoing = call.direction == Direction::Outgoing;
    match call.state {
        State::Established | State::Transferring | State::Answering => {
            Some(OwnDialog::Confirmed { outgoing })
        }
        State::Incoming { .. } if call.intent.is_some() => None,
        State::Incoming { .. } | State::Dialing { .. } | State::Ringing | State::Early => {
            Some(OwnDialog::Early { outgoing })
        }
        State::Ended(_) => None,
    }
}
