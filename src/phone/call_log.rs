//! The call log: one row a call, opened at the first ring or dial so that a power cut leaves
//! evidence, and closed in one transaction with its recordings.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::call::Call;
use super::listener::{CallEvent, Identity, Listener, Reactions};
use crate::automation::{Body, NoticeKind};
use crate::model::{
    CallId, CallRecord, ClientId, Cost, KnownAs, RecordingRow, TalkLimits, TaskTerms,
};
use crate::now::Now;
use crate::settings::Settings;
use crate::store::{StoreCommand, StoreReply};
use crate::tariffs::Tariffs;
use crate::tr;

/// The rows that are not closed.
#[derive(Debug)]
pub struct CallLog {
    enabled: bool,
    /// On which terms callers are owed a call; none where the module is absent.
    tasks: Option<TaskTerms>,
    terms: Terms,
    rows: BTreeMap<CallId, Row>,
    edition: u64,
}

/// What a row is told by besides the call.
#[derive(Debug, Default)]
struct Terms {
    /// What calls cost.
    tariffs: Tariffs,
    /// How long they may last.
    limits: TalkLimits,
}

/// What a row needs beyond the call itself.
#[derive(Debug, Default)]
struct Row {
    identity: Identity,
    /// Whom the card named when the call was taken; until then, whom it names.
    known_as: KnownAs,
    /// The client whom the card names, and since when.
    named: Option<(ClientId, Instant)>,
    recordings: Vec<RecordingRow>,
    /// Writes the store has not answered, the oldest first, and which of them are news.
    pending: VecDeque<News>,
    /// The last write is among them.
    closing: bool,
}

/// Whether the list of calls shows something else after a write; after a heartbeat it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    Yes,
    No,
}

impl CallLog {
    /// Writes rows, and what callers are owed, as far as the settings say.
    pub fn new(settings: &Settings) -> Self {
        Self {
            enabled: settings.modules.call_log,
            tasks: settings.task_terms(),
            terms: Terms {
                limits: settings.talk_limits(),
                ..Terms::default()
            },
            rows: BTreeMap::new(),
            edition: 0,
        }
    }

    /// Switches the module, for calls that begin from now on, and tasks, for those that end.
    pub fn set(&mut self, settings: &Settings) {
        self.enabled = settings.modules.call_log;
        self.tasks = settings.task_terms();
        self.terms.limits = settings.talk_limits();
    }

    /// Rows that are written from now on have their costs by these.
    pub fn set_tariffs(&mut self, tariffs: Tariffs) {
        self.terms.tariffs = tariffs;
    }

    /// What the call costs, so far; none where it is not answered or no tariff is for it.
    pub fn cost(&self, now: Now, call: &Call) -> Option<Cost> {
        self.terms.tariffs.cost(&call.record(now))
    }

    /// Whether callers are owed calls.
    pub fn has_tasks(&self) -> bool {
        self.tasks.is_some()
    }

    /// Counts the news that are on disk: a list that was read at a lower count is out of date.
    pub fn edition(&self) -> u64 {
        self.edition
    }
}

impl Row {
    fn record(&self, now: Now, call: &Call, terms: &Terms) -> Box<CallRecord> {
        let mut record = call.record(now);
        record.client = self.identity.client;
        record.client_name.clone_from(&self.identity.name);
        record.category.clone_from(&self.identity.category);
        // Whoever sits behind another internal number is known to the store.
        let own = call.line.as_ref().map(|line| line.extension.as_str());
        if own.unwrap_or_default() == record.extension {
            record.employee.clone_from(&self.identity.employee);
        }
        record.known_as = Some(self.known_as);
        record.identified = self.identified(call);
        record.cost = terms.tariffs.cost(&record);
        record.too_long = terms.limits.is_too_long(&record);
        Box::new(record)
    }

    fn write(&mut self, command: StoreCommand, news: News, out: &mut Reactions) {
        self.pending.push_back(news);
        out.store(command);
    }

    /// How long people talked before the card named the client.
    fn identified(&self, call: &Call) -> Option<Duration> {
        let (_, since) = self.named?;
        let answered = call.answered?;
        Some(since.saturating_duration_since(answered.instant))
    }

    /// Takes over who the parties are.
    fn identify(&mut self, now: Now, call: &Call, identity: &Identity) {
        self.identity = identity.clone();
        if call.answered.is_none() {
            self.known_as = identity.known_as;
        }
        let client = identity
            .client
            .filter(|_| identity.known_as == KnownAs::Client);
        if client != self.named.map(|(client, _)| client) {
            self.named = client.map(|client| (client, now.instant));
        }
    }
}

impl Listener for CallLog {
    fn on_call(&mut self, now: Now, call: &Call, event: &CallEvent, out: &mut Reactions) {
        if matches!(event, CallEvent::Incoming | CallEvent::Dialing) && self.enabled {
            self.rows.insert(call.id, Row::default());
        }
        let Some(row) = self.rows.get_mut(&call.id) else {
            return;
        };
        match event {
            CallEvent::Incoming | CallEvent::Dialing => {
                let record = row.record(now, call, &self.terms);
                row.write(StoreCommand::OpenCall(record), News::Yes, out);
            }
            // Who the parties are is written at once.
            CallEvent::Identified(identity) if row.identity != **identity => {
                row.identify(now, call, identity);
                if call.ended().is_none() {
                    let record = row.record(now, call, &self.terms);
                    row.write(StoreCommand::UpdateCall(record), News::Yes, out);
                }
            }
            CallEvent::Recorded(recording) => row.recordings.push((**recording).clone()),
            CallEvent::Led if call.ended().is_none() => {
                let record = row.record(now, call, &self.terms);
                row.write(StoreCommand::UpdateCall(record), News::Yes, out);
            }
            // The heartbeat: after a crash the row's duration and cost are known to the second.
            CallEvent::Tick | CallEvent::Established if call.ended().is_none() => {
                let record = row.record(now, call, &self.terms);
                row.write(StoreCommand::UpdateCall(record), News::No, out);
            }
            CallEvent::Landed(flight) => {
                let record = row.record(now, call, &self.terms);
                let recordings = std::mem::take(&mut row.recordings);
                row.closing = true;
                let flight = flight.clone();
                let closed = StoreCommand::CloseCall {
                    record,
                    recordings,
                    flight,
                    tasks: self.tasks,
                };
                row.write(closed, News::Yes, out);
            }
            _ => {}
        }
    }

    fn on_stored(&mut self, _now: Now, call: &Call, reply: &StoreReply, out: &mut Reactions) {
        let Some(row) = self.rows.get_mut(&call.id) else {
            return;
        };
        match reply {
            StoreReply::Done { tasks, .. } => {
                for news in tasks {
                    out.event(Body::Task(Box::new(news.into())));
                }
                if row.pending.pop_front() == Some(News::Yes) {
                    self.edition += 1;
                }
            }
            StoreReply::Failed { error, .. } => {
                row.pending.pop_front();
                let text = tr!("The call log could not be written: {error}", error = error);
                out.notice(NoticeKind::Store, text);
            }
            StoreReply::Caller { .. } | StoreReply::Linked { .. } | StoreReply::NoteRead { .. } => {
                return;
            }
        }
        if row.pending.is_empty() && row.closing {
            self.rows.remove(&call.id);
        }
    }

    fn is_busy(&self, call: CallId) -> bool {
        self.rows.get(&call).is_some_and(|row| row.closing)
    }
}
