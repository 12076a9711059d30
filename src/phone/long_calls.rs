//! Conversations that last too long: each is told about once, while it goes on or when it is over.

use std::collections::{BTreeMap, BTreeSet};

use super::call::Call;
use super::listener::{CallEvent, Listener, Reactions};
use crate::automation::{Body, Notice, NoticeKind};
use crate::model::{CallId, CallRecord, CategoryId, TalkLimits};
use crate::now::Now;
use crate::settings::{LongCallTold, Settings};
use crate::trn;

/// Watches how long people talk.
#[derive(Debug)]
pub struct LongCalls {
    /// From when on it is too long.
    limits: TalkLimits,
    /// When it is told about.
    told: LongCallTold,
    /// Conversations that are too long.
    long: BTreeSet<CallId>,
    /// Who the other party of each call is, where the store knows.
    clients: BTreeMap<CallId, Known>,
}

/// What the store knows of the other party.
#[derive(Debug, Default)]
struct Known {
    name: String,
    category: Option<CategoryId>,
}

impl LongCalls {
    /// Watches as the settings say.
    pub fn new(settings: &Settings) -> Self {
        Self {
            limits: settings.talk_limits(),
            told: settings.notifications.long_calls_told,
            long: BTreeSet::new(),
            clients: BTreeMap::new(),
        }
    }

    /// Takes other settings; a conversation that was told about stays so.
    pub fn set(&mut self, settings: &Settings) {
        self.limits = settings.talk_limits();
        self.told = settings.notifications.long_calls_told;
    }

    /// Whether people have talked for too long.
    pub fn is_long(&self, call: CallId) -> bool {
        self.long.contains(&call)
    }

    fn watch(&mut self, now: Now, call: &Call, out: &mut Reactions) {
        let record = CallRecord {
            category: self.known(call.id).and_then(|known| known.category.clone()),
            ..call.record(now)
        };
        if self.limits.is_too_long(&record)
            && self.long.insert(call.id)
            && self.told == LongCallTold::During
        {
            self.tell(call, &record, out);
        }
    }

    fn end(&mut self, now: Now, call: &Call, out: &mut Reactions) {
        if self.long.remove(&call.id) && self.told == LongCallTold::After {
            self.tell(call, &call.record(now), out);
        }
        self.clients.remove(&call.id);
    }

    fn known(&self, call: CallId) -> Option<&Known> {
        self.clients.get(&call)
    }

    fn tell(&self, call: &Call, record: &CallRecord, out: &mut Reactions) {
        let known = self.known(call.id).map(|known| known.name.clone());
        let known = known.filter(|name| !name.is_empty());
        let name = known.unwrap_or_else(|| call.remote.party.shown());
        let text = match record.talk.as_secs() {
            seconds @ ..60 => trn!(
                "The call with {name} has lasted for {n} second",
                "The call with {name} has lasted for {n} seconds",
                n = seconds,
                name = name
            ),
            seconds => trn!(
                "The call with {name} has lasted for {n} minute",
                "The call with {name} has lasted for {n} minutes",
                n = seconds / 60,
                name = name
            ),
        };
        out.event(Body::Notice(Notice {
            call: Some(call.id),
            ..Notice::new(NoticeKind::LongCall, text)
        }));
    }
}

impl Listener for LongCalls {
    fn on_call(&mut self, now: Now, call: &Call, event: &CallEvent, out: &mut Reactions) {
        match event {
            // Who called may be found out when the call is over already.
            CallEvent::Identified(identity) if call.ended().is_none() => {
                let known = Known {
                    name: identity.name.clone(),
                    category: identity.category.clone(),
                };
                self.clients.insert(call.id, known);
            }
            CallEvent::Tick if call.is_established() => self.watch(now, call, out),
            CallEvent::Ended => {
                if call.answered.is_some() {
                    // It may have become too long since the last look.
                    self.watch(now, call, out);
                }
                self.end(now, call, out);
            }
            _ => {}
        }
    }
}
