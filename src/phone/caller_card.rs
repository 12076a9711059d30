//! The caller card: who calls, on the screen while it rings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Phone;
use super::call::Call;
use super::listener::{CallEvent, Identity, Listener, Reactions};
use super::requests::Done;
use super::sources::{SourcedFields, Troubles};
use crate::automation::{Body, NoticeKind};
use crate::i18n::country_name;
use crate::model::{
    AboutClient, Address, CallId, CallerCard, CallerMatch, CardLayout, CardSource, ClientId,
    Direction, Fact, Facts, KnownAs, OrderLine, SourceAnswer,
};
use crate::now::Now;
use crate::settings::Settings;
use crate::store::{CallerQuery, StoreCommand, StoreReply};
use crate::tr;

/// A look-up that takes longer is not waited for: the card shows the number.
const LATE: Duration = Duration::from_secs(1);

/// The cards of the calls that are up.
#[derive(Debug)]
pub struct CallerCards {
    enabled: bool,
    /// Callers whom nobody knows are entered.
    registers: bool,
    /// Fields that come from outside the store.
    sources: Vec<Arc<CardSource>>,
    /// What is wrong with sources by their names, since they last answered.
    troubles: Troubles,
    time_zone: TimeZone,
    cards: BTreeMap<CallId, Card>,
    /// The layouts of the lines, by the names that they are chosen by, as of the last look-up: a
    /// card has its shape before the store has answered.
    layouts: BTreeMap<String, CardLayout>,
}

#[derive(Debug)]
struct Card {
    content: CallerCard,
    /// Whether its content was told: the store has answered, or is not waited for any more.
    told: bool,
    /// The client that a person says it is.
    named: Option<ClientId>,
    /// The caller, whom nobody knew, was entered.
    registered: bool,
    /// What comes from outside the store.
    sourced: SourcedFields,
}

impl CallerCards {
    /// Days overdue are counted in `time_zone`.
    pub fn new(settings: &Settings, time_zone: TimeZone) -> Self {
        let mut cards = Self {
            enabled: false,
            registers: false,
            sources: Vec::new(),
            troubles: Troubles::default(),
            time_zone,
            cards: BTreeMap::new(),
            layouts: BTreeMap::new(),
        };
        cards.set(settings);
        cards
    }

    /// Switches the modules and takes over the sources, for calls that begin from now on.
    pub fn set(&mut self, settings: &Settings) {
        self.enabled = settings.modules.caller_card;
        self.registers = settings.modules.register_callers;
        self.sources = settings.sources.iter().cloned().map(Arc::new).collect();
    }

    /// The card of a call.
    pub fn card(&self, call: CallId) -> Option<&CallerCard> {
        self.cards.get(&call).map(|card| &card.content)
    }

    /// Whether the store has said who the other party is, or has taken too long.
    pub fn is_looked_up(&self, call: CallId) -> bool {
        self.cards.get(&call).is_some_and(|card| card.told)
    }

    fn begin(&mut self, now: Now, call: &Call, out: &mut Reactions) {
        out.store(look_up(call, asked(now, call, None)));
        let mut sourced = SourcedFields::of(&self.sources);
        let mut content = self.number_only(call);
        sourced.ask(call.id, &facts(&content), false, out);
        content.sourced = sourced.shown();
        let card = Card {
            content,
            told: false,
            named: None,
            registered: false,
            sourced,
        };
        self.cards.insert(call.id, card);
    }

    /// The card before, or without, an answer of the store.
    fn number_only(&self, call: &Call) -> CallerCard {
        let layout = self.layouts.get(layout_name(call));
        CallerCard {
            blocks: layout.cloned().unwrap_or_default().blocks,
            ..number_only(call)
        }
    }

    /// The layout of the call's line is this from now on.
    fn keep_layout(&mut self, call: &Call, layout: &CardLayout, out: &mut Reactions) {
        let name = layout_name(call);
        let before = self.layouts.insert(name.to_owned(), layout.clone());
        let missing = |layout: &CardLayout| !layout.is_called(name);
        if missing(layout) && !before.as_ref().is_some_and(missing) {
            let text = tr!(
                "There is no card layout “{name}”: the line's calls show the standard one. “ringbook card list” names those there are.",
                name = name
            );
            out.notice(NoticeKind::Store, text);
        }
    }

    /// What the store is asked about the call; none where it has no card.
    pub fn asked(&self, now: Now, call: &Call) -> Option<CallerQuery> {
        let card = self.cards.get(&call.id)?;
        Some(asked(now, call, card.named))
    }

    fn fill(&mut self, now: Now, call: &Call, found: Option<&CallerMatch>, out: &mut Reactions) {
        let mut content = self.number_only(call);
        let Some(card) = self.cards.get_mut(&call.id) else {
            return;
        };
        if let Some(found) = found {
            let today = now.wall.to_zoned(self.time_zone.clone()).date();
            fill(&mut content, found, today, now.wall);
        }
        let before = &card.content;
        if (before.client, &before.note) == (content.client, &content.note) {
            content.note_read_at = before.note_read_at;
        }
        card.sourced.ask(call.id, &facts(&content), true, out);
        content.sourced = card.sourced.shown();
        let identity = found.map(identity).unwrap_or_default();
        out.tell(CallEvent::Identified(Box::new(identity)));
        if !card.told || card.content != content {
            out.event(told(now, call, &content));
        }
        card.content = content;
        card.told = true;
    }
}

impl CallerCards {
    /// Enters a caller whom nobody knows, once. Who hides the number, and who is in the house, is
    /// nobody to be entered.
    fn register_stranger(&mut self, now: Now, call: &Call, out: &mut Reactions) {
        let calls_us = call.direction == Direction::Incoming;
        let is_reachable = call.number().is_some() && !call.remote.hidden;
        if !(self.registers && calls_us && is_reachable) {
            return;
        }
        let card = self.cards.get_mut(&call.id);
        let Some(card) = card.filter(|card| card.content.client.is_none() && !card.registered)
        else {
            return;
        };
        card.registered = true;
        out.store(StoreCommand::RegisterCaller {
            call: call.id,
            asked: asked(now, call, None),
            name: call.remote.display.clone(),
        });
    }
}

/// The note that must be read.
impl CallerCards {
    /// The note was read: it is marked no longer, and who has read it is written down.
    fn note_read(&mut self, now: Now, call: &Call, out: &mut Reactions) {
        let Some(card) = self.cards.get_mut(&call.id) else {
            return;
        };
        let content = &mut card.content;
        let must = content.about.note_must_acknowledge && content.note_read_at.is_none();
        let Some(client) = content.client.filter(|_| must) else {
            return;
        };
        content.note_read_at = Some(now.wall);
        out.event(told(now, call, content));
        out.store(StoreCommand::NoteRead {
            call: call.id,
            client,
            note: content.note.clone(),
            by: format!("{} {}", content.extension, content.employee)
                .trim()
                .to_owned(),
        });
    }

    /// It could not be written down: the note is as if nobody had read it.
    fn note_unread(&mut self, now: Now, call: &Call, error: &str, out: &mut Reactions) {
        if let Some(card) = self.cards.get_mut(&call.id) {
            card.content.note_read_at = None;
            out.event(told(now, call, &card.content));
        }
        let text = tr!(
            "That the note was read could not be written down: {error}",
            error = error
        );
        out.notice(NoticeKind::Store, text);
    }
}

impl Phone {
    /// Whoever takes the call has read the note on the client.
    pub(super) fn note_read(&mut self, now: Now, id: CallId) -> Done {
        self.live(id)?;
        self.tell(now, id, CallEvent::NoteRead);
        Ok(())
    }
}

impl CallerCards {
    fn take_sourced(&mut self, now: Now, call: &Call, answer: &SourceAnswer, out: &mut Reactions) {
        if let Some(text) = self.troubles.heard(answer) {
            out.notice(NoticeKind::Source, text);
        }
        let Some(card) = self.cards.get_mut(&call.id) else {
            return;
        };
        card.sourced.take(answer);
        let shown = card.sourced.shown();
        if card.content.sourced != shown {
            card.content.sourced = shown;
            // Before the look-up is answered the card is not told of; then it has this, too.
            if card.told {
                out.event(told(now, call, &card.content));
            }
        }
    }
}

impl Listener for CallerCards {
    fn on_call(&mut self, now: Now, call: &Call, event: &CallEvent, out: &mut Reactions) {
        match event {
            CallEvent::Incoming | CallEvent::Dialing if self.enabled => self.begin(now, call, out),
            CallEvent::Tick => {
                let late = now.instant.saturating_duration_since(call.began.instant) >= LATE;
                if let Some(card) = self
                    .cards
                    .get_mut(&call.id)
                    .filter(|card| late && !card.told)
                {
                    card.told = true;
                    let known = facts(&card.content);
                    card.sourced.ask(call.id, &known, true, out);
                    card.content.sourced = card.sourced.shown();
                    out.event(told(now, call, &card.content));
                }
            }
            // Whoever comes back comes back with the card.
            CallEvent::TransferFailed => {
                if let Some(card) = self.cards.get(&call.id) {
                    out.event(told(now, call, &card.content));
                }
            }
            CallEvent::ClientsChanged => {
                if let Some(asked) = self.asked(now, call) {
                    out.store(look_up(call, asked));
                }
            }
            CallEvent::NoteRead => self.note_read(now, call, out),
            CallEvent::Sourced(answer) => self.take_sourced(now, call, answer, out),
            CallEvent::Closed => drop(self.cards.remove(&call.id)),
            _ => {}
        }
    }

    /// The row of a caller who gave up before the store has answered waits for the name, no longer
    /// than the card would.
    fn is_busy(&self, call: CallId) -> bool {
        self.cards.get(&call).is_some_and(|card| !card.told)
    }

    fn on_stored(&mut self, now: Now, call: &Call, reply: &StoreReply, out: &mut Reactions) {
        match reply {
            StoreReply::Caller { found, layout, .. } => {
                if let Some(layout) = layout {
                    self.keep_layout(call, layout, out);
                }
                self.fill(now, call, found.as_deref(), out);
                self.register_stranger(now, call, out);
            }
            StoreReply::Linked {
                found: Ok(found), ..
            } => {
                let client = found.as_ref().and_then(|found| found.client.as_ref());
                if let Some(card) = self.cards.get_mut(&call.id) {
                    card.named = client.map(|client| client.id);
                }
                self.fill(now, call, found.as_deref(), out);
            }
            StoreReply::NoteRead {
                written: Err(error),
                ..
            } => self.note_unread(now, call, error, out),
            _ => {}
        }
    }
}

/// The look-up, with the layout of the card.
fn look_up(call: &Call, asked: CallerQuery) -> StoreCommand {
    StoreCommand::FindCaller {
        call: call.id,
        asked,
        layout: layout_name(call).to_owned(),
    }
}

/// The question who the other party is, and who we are.
fn asked(now: Now, call: &Call, named: Option<ClientId>) -> CallerQuery {
    let own = call.line.as_deref().map(|line| line.extension.clone());
    CallerQuery {
        number: call.number(),
        text: call.remote.party.text.clone(),
        extension: own.filter(|own| !own.is_empty()),
        at: now.wall,
        client: named,
    }
}

/// The name of the layout that the call's line has chosen; empty for the standard.
fn layout_name(call: &Call) -> &str {
    call.line.as_deref().map_or("", |line| &line.card_layout)
}

fn told(now: Now, call: &Call, card: &CallerCard) -> Body {
    let took = now.instant.saturating_duration_since(call.began.instant);
    Body::CallerCard {
        call: call.id,
        card: Box::new(card.clone()),
        lookup_ms: (took.as_secs_f64() * 1_000_000.0).round() / 1000.0,
    }
}

/// What the call itself says.
fn number_only(call: &Call) -> CallerCard {
    let line = call.line.as_deref();
    CallerCard {
        call: call.id,
        company: line.map(|line| line.company.clone()).unwrap_or_default(),
        at: call.began.wall,
        direction: call.direction,
        known: false,
        draft: false,
        hidden: call.remote.hidden,
        client: None,
        others: Vec::new(),
        name: call.remote.display.clone(),
        client_company: String::new(),
        category: None,
        number: call.number(),
        number_display: call.remote.party.shown(),
        diverted_by: call.diverted_by.clone().unwrap_or_default(),
        blocks: Vec::new(),
        location: String::new(),
        local_time: None,
        address: String::new(),
        note: String::new(),
        note_read_at: None,
        about: AboutClient::default(),
        orders: Vec::new(),
        sourced: Vec::new(),
        extension: line.map(|line| line.extension.clone()).unwrap_or_default(),
        employee: String::new(),
        photo: None,
        line: line.map(|line| line.aor.clone()).unwrap_or_default(),
    }
}

fn fill(card: &mut CallerCard, found: &CallerMatch, today: Date, now: Timestamp) {
    if let Some(employee) = &found.employee {
        card.employee.clone_from(&employee.name);
    }
    if let Some(client) = &found.client {
        card.known = !client.draft;
        card.draft = client.draft;
        card.client = Some(client.id);
        card.others.clone_from(&found.others);
        card.name.clone_from(&client.name);
        card.client_company.clone_from(&client.company);
        card.category.clone_from(&found.category);
        card.location = joined(&[client.city(), country_name(client.country())]);
        card.address = client.addresses.first().map(in_words).unwrap_or_default();
        card.local_time = found.time_zone.clone().map(|zone| time_of_day(now, zone));
        card.note = client.note_on(today).to_owned();
        card.about = AboutClient {
            note_must_acknowledge: client.note_acknowledge && !card.note.is_empty(),
            ..found.about.clone()
        };
        card.orders = found
            .orders
            .iter()
            .filter(|order| !order.closed)
            .map(|order| OrderLine::of(order, today))
            .collect();
        card.photo.clone_from(&found.photo);
    } else if let Some(colleague) = &found.colleague {
        card.known = true;
        card.name.clone_from(&colleague.name);
    }
}

/// "Abay 10, Almaty, Kazakhstan"
fn in_words(address: &Address) -> String {
    joined(&[
        &address.street,
        &address.city,
        country_name(&address.country),
    ])
}

fn joined(parts: &[&str]) -> String {
    let given = parts.iter().filter(|part| !part.is_empty());
    given.copied().collect::<Vec<_>>().join(", ")
}

/// What sources outside the store can be asked with.
fn facts(card: &CallerCard) -> Facts {
    let client = card.client.filter(|_| card.known);
    let number = card.number.filter(|_| !card.hidden);
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let of_client = |text: &str| {
        client
            .map(|_| text.to_owned())
            .filter(|text| !text.is_empty())
    };
    let known = [
        (Fact::Number, number.map(|number| number.e164())),
        (Fact::ClientId, client.map(|client| client.to_string())),
        (Fact::Name, of_client(&card.name)),
        (Fact::Company, of_client(&card.client_company)),
        (Fact::Extension, text(&card.extension)),
    ];
    let known = known.into_iter();
    known
        .filter_map(|(fact, text)| Some((fact, text?)))
        .collect()
}

fn identity(found: &CallerMatch) -> Identity {
    let client = found.client.as_ref();
    let colleague = found.colleague.as_ref().map(|colleague| &colleague.name);
    Identity {
        client: client.map(|client| client.id),
        name: client
            .map(|client| &client.name)
            .or(colleague)
            .cloned()
            .unwrap_or_default(),
        category: client.map(|client| client.category.clone()),
        known_as: known_as(found),
        employee: found
            .employee
            .as_ref()
            .map(|own| own.name.clone())
            .unwrap_or_default(),
    }
}

fn known_as(found: &CallerMatch) -> KnownAs {
    match (&found.client, &found.colleague) {
        (Some(client), _) if !client.draft => KnownAs::Client,
        (None, Some(_)) => KnownAs::Colleague,
        _ => KnownAs::Nobody,
    }
}

fn time_of_day(now: Timestamp, zone: TimeZone) -> String {
    now.to_zoned(zone).strftime("%H:%M").to_string()
}
