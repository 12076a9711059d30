//! Conversations that last too long: each is told about once, while it goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::call::Call;
use super::listener::{CallEvent, Listener, Reactions};
use crate::automation::NoticeKind;
use crate::model::CallId;
use crate::now::Now;
use crate::settings::Settings;
use crate::trn;

/// Watches how long people talk.
#[derive(Debug)]
pub struct LongCalls {
    /// From when on it is too long; none: never.
    limit: Option<Duration>,
    /// Conversations that were told about.
    told: BTreeSet<CallId>,
    /// Who the other party of each is, where the store knows.
    names: BTreeMap<CallId, String>,
}

impl LongCalls {
    /// Watches as the settings say.
    pub fn new(settings: &Settings) -> Self {
        Self {
            limit: settings.notifications.long_call(),
            told: BTreeSet::new(),
            names: BTreeMap::new(),
        }
    }

    /// Takes other settings; a conversation that was told about stays so.
    pub fn set(&mut self, settings: &Settings) {
        self.limit = settings.notifications.long_call();
    }

    fn watch(&mut self, now: Now, call: &Call, limit: Duration, out: &mut Reactions) {
        if !call.is_established() || call.talk(now) < limit || !self.told.insert(call.id) {
            return;
        }
        let known = self.names.get(&call.id).cloned();
        let who = known.unwrap_or_else(|| call.remote.party.shown());
        let text = trn!(
            "The call with {name} has lasted for {n} minute",
            "The call with {name} has lasted for {n} minutes",
            n = limit.as_secs() / 60,
            name = who
        );
        out.notice(NoticeKind::LongCall, text);
    }
}

impl Listener for LongCalls {
    fn on_call(&mut self, now: Now, call: &Call, event: &CallEvent, out: &mut Reactions) {
        match event {
            CallEvent::Identified(identity) => {
                self.names.remove(&call.id);
                if !identity.name.is_empty() {
                    self.names.insert(call.id, identity.name.clone());
                }
            }
            CallEvent::Tick => {
                if let Some(limit) = self.limit {
                    self.watch(now, call, limit, out);
                }
            }
            CallEvent::Ended => {
                self.told.remove(&call.id);
                self.names.remove(&call.id);
            }
            _ => {}
        }
    }
}
