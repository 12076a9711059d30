//! One meeting of the two sides: what each has changed since the last one becomes the other's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::book::{Book, Kept, Known, Loaded, Meeting};
use super::merge::{Merged, merge};
use super::plan::{Here, Pair, Plan, There};
use super::report::{Problem, Report, What};
use super::step::{Step, conflicts, deletion, present, say_the_same, shown};
use super::{CardReading, Codec, DavError, Fetched, Href, Remote, Side, Written};
use crate::model::{Client, ClientId};
use crate::store::StoreError;
use crate::{tr, trn};

/// Contacts that are fetched with one request and kept in one transaction.
const BATCH: usize = 50;
/// How often one meeting begins anew because somebody changed something meanwhile.
const PASSES: usize = 3;

/// How to meet.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The present time.
    pub now: Timestamp,
    /// Change nothing on either side.
    pub dry_run: bool,
    /// Believe a server that most contacts were deleted.
    pub accept_deletions: bool,
}

/// Why a meeting ended early. What was done until then is kept.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The server.
    #[error(transparent)]
    Server(#[from] DavError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// So many contacts are gone that nobody believes it.
    #[error("{}", trn!(
        "{n} contact of {of} is gone from the server; nothing was deleted here. If that is right, run: ringbook client sync --accept-deletions",
        "{n} contacts of {of} are gone from the server; nothing was deleted here. If that is right, run: ringbook client sync --accept-deletions",
        n = *.gone, of = .of
    ))]
    Emptied {
        /// How many.
        gone: usize,
        /// Of how many.
        of: usize,
    },
}

/// Lets the two sides meet. Nothing of either is lost: of two changes of the same field the later one
/// holds and the other is in the report, and a deletion gives way to a change.
///
/// # Errors
/// The meeting ended early.
pub fn synchronise(
    remote: &mut impl Remote,
    book: &mut impl Book,
    codec: &impl Codec,
    options: Options,
) -> Result<Report, SyncError> {
    let mut report = Report::default();
    for _ in 0..PASSES {
        let mut pass = Pass {
            remote,
            book,
            codec,
            options,
            report: &mut report,
            alone: BTreeSet::new(),
            here: Here::new(),
            again: false,
            complete: true,
        };
        pass.run()?;
        if !pass.again {
            break;
        }
    }
    Ok(report)
}

struct Pass<'a, R, B, C> {
    remote: &'a mut R,
    book: &'a mut B,
    codec: &'a C,
    options: Options,
    report: &'a mut Report,
    /// Clients without a card.
    alone: BTreeSet<ClientId>,
    here: Here,
    /// Somebody changed something meanwhile.
    again: bool,
    /// Nothing was left that has to be tried again at the next meeting.
    complete: bool,
}

impl<R: Remote, B: Book, C: Codec> Pass<'_, R, B, C> {
    fn run(&mut self) -> Result<(), SyncError> {
        let Known { here, pairs, token } = self.book.known()?;
        let lay = |pair: &Pair| (pair.href.clone(), pair.etag.clone());
        let lay: There = pairs.iter().map(lay).collect();
        let listing = self.remote.list(&lay, token.as_deref())?;
        let plan = Plan::new(&here, &pairs, &listing.there);
        if plan.empties_the_book(&pairs) && !self.options.accept_deletions {
            let (gone, of) = (plan.delete_here.len(), pairs.len());
            return Err(SyncError::Emptied { gone, of });
        }
        self.alone = plan.add.iter().copied().collect();
        self.here = here;
        self.in_batches(&plan.fetch, Self::fetch)?;
        self.in_batches(&plan.enter, Self::enter)?;
        let alone: Vec<ClientId> = self.alone.iter().copied().collect();
        self.in_batches(&plan.send, Self::send)?;
        self.in_batches(&alone, Self::add)?;
        self.in_batches(&plan.send_again, Self::send_again)?;
        self.in_batches(&plan.delete_there, Self::delete_there)?;
        self.in_batches(&plan.delete_here, Self::delete_here)?;
        self.in_batches(&plan.forget, |_, batch| {
            let forget = |pair: &Pair| Step::quiet(Meeting::Forget(pair.clone()));
            Ok(batch.iter().map(forget).collect())
        })?;
        if !self.again && self.complete && !self.options.dry_run {
            self.book.finish(listing.token.as_deref())?;
        }
        Ok(())
    }

    /// Takes `all` in batches; what each came to is kept before the next.
    fn in_batches<T>(
        &mut self,
        all: &[T],
        step: impl Fn(&mut Self, &[T]) -> Result<Vec<Step>, SyncError>,
    ) -> Result<(), SyncError> {
        for batch in all.chunks(BATCH) {
            let steps = step(self, batch)?;
            self.keep(steps)?;
        }
        Ok(())
    }

    fn keep(&mut self, steps: Vec<Step>) -> Result<(), SyncError> {
        let (meetings, told): (Vec<_>, Vec<_>) = steps.into_iter().map(Step::parted).unzip();
        if meetings.is_empty() {
            return Ok(());
        }
        let kept = match self.options.dry_run {
            true => vec![Kept::Done; meetings.len()],
            false => self.book.keep(meetings)?,
        };
        for (kept, (name, moves, clashes)) in kept.into_iter().zip(told) {
            match kept {
                Kept::Done => {
                    self.report.moves.extend(moves);
                    self.report.add_conflicts(clashes);
                }
                Kept::Changed => self.again = true,
                Kept::Refused(why) => self.problem(name, why),
            }
        }
        Ok(())
    }

    fn problem(&mut self, name: impl Into<String>, why: String) {
        let name = name.into();
        let problem = Problem { name, why };
        if !self.report.problems.contains(&problem) {
            self.report.problems.push(problem);
        }
    }

    /// Cards that were changed: each becomes one with its client.
    fn fetch(&mut self, pairs: &[Pair]) -> Result<Vec<Step>, SyncError> {
        let hrefs: Vec<Href> = pairs.iter().map(|pair| pair.href.clone()).collect();
        let mut cards = self.cards(&hrefs)?;
        let loaded = self.load(pairs)?;
        let mut steps = Vec::new();
        for pair in pairs {
            let Some(card) = cards.remove(&pair.href) else {
                continue;
            };
            let Some(reading) = self.read(&card) else {
                continue;
            };
            let known = loaded.get(&pair.client).cloned().unwrap_or_default();
            steps.extend(match known.client {
                Some(client) => self.unite(client, known.card.as_deref(), card, reading)?,
                None => Some(Step::revived(pair.client, card, reading)),
            });
        }
        Ok(steps)
    }

    /// Cards that nobody here knows: their clients are found or entered.
    fn enter(&mut self, hrefs: &[Href]) -> Result<Vec<Step>, SyncError> {
        let cards = self.cards(hrefs)?;
        let mut steps = Vec::new();
        for card in cards.into_values() {
            let Some(reading) = self.read(&card) else {
                continue;
            };
            let found = match self.same(&reading)? {
                Some(client) => self.book.load(&[client])?.remove(&client),
                None => None,
            };
            steps.extend(match found.and_then(|found| found.client) {
                Some(client) => self.unite(client, None, card, reading)?,
                None => {
                    let wanted = reading.id.filter(|id| !self.here.contains_key(id));
                    let id = wanted.unwrap_or_else(ClientId::new);
                    self.here.insert(id, self.options.now);
                    Some(Step::entered(id, card, reading))
                }
            });
        }
        Ok(steps)
    }

    /// The client without a card that this card is about.
    fn same(&mut self, reading: &CardReading) -> Result<Option<ClientId>, SyncError> {
        let by_id = reading.id.filter(|id| self.alone.contains(id));
        let found = match by_id {
            Some(id) => Some(id),
            None => {
                let found = self.book.find(&reading.client)?;
                found.into_iter().find(|id| self.alone.contains(id))
            }
        };
        if let Some(id) = &found {
            self.alone.remove(id);
        }
        Ok(found)
    }

    /// Makes one of a client and its card, which was `base` at the last meeting.
    fn unite(
        &mut self,
        client: Client,
        base: Option<&str>,
        mut card: Fetched,
        there: CardReading,
    ) -> Result<Option<Step>, SyncError> {
        let base = base.and_then(|base| self.codec.read(base).ok());
        let base = base.map_or_else(|| Client::named("", self.options.now), |base| base.client);
        let revised = there.revised.or(card.modified);
        let later = match revised.is_some_and(|revised| client.updated_at > revised) {
            true => Side::Here,
            false => Side::There,
        };
        let mut merged = merge(&base, &client, &there.client, later);
        merged.client.updated_at = client.updated_at.max(revised.unwrap_or(client.updated_at));
        let mut moves = Vec::new();
        if !say_the_same(&merged.client, &there.client) {
            self.note(&merged)?;
            let text = self.codec.write(&merged.client, Some(&card.card));
            let Some(sent) = self.put(&merged.client, &card.href, text, Some(&card.etag))? else {
                return Ok(None);
            };
            card = sent;
            moves.push((Side::There, What::Changed));
        }
        let changes = !say_the_same(&merged.client, &client);
        moves.extend(changes.then_some((Side::Here, What::Changed)));
        Ok(Some(Step {
            name: shown(&merged.client),
            moves,
            meeting: Meeting::Met {
                client: client.id,
                card,
                stamp: Some(client.updated_at),
                save: changes.then(|| Box::new(merged.client)),
                clashes: merged.clashes,
            },
        }))
    }

    /// Writes down what gives way before the server forgets it: whatever happens then, it is in the log.
    fn note(&mut self, merged: &Merged) -> Result<(), SyncError> {
        let (client, clashes) = (&merged.client, &merged.clashes);
        if !clashes.is_empty() && !self.options.dry_run {
            self.book.note(client.id, clashes)?;
            let told = conflicts(client.id, &shown(client), clashes);
            self.report.add_conflicts(told);
        }
        Ok(())
    }

    /// Clients that were changed while their cards were not.
    fn send(&mut self, pairs: &[Pair]) -> Result<Vec<Step>, SyncError> {
        let loaded = self.load(pairs)?;
        let mut steps = Vec::new();
        for (pair, client, card) in present(pairs, loaded) {
            let lies = Fetched {
                href: pair.href.clone(),
                etag: pair.etag.clone(),
                card,
                modified: None,
            };
            let sent = match self.says(&lies.card, &client) {
                true => Some((lies, Vec::new())),
                false => {
                    let text = self.codec.write(&client, Some(&lies.card));
                    let sent = self.put(&client, &pair.href, text, Some(&pair.etag))?;
                    sent.map(|sent| (sent, vec![(Side::There, What::Changed)]))
                }
            };
            steps.extend(sent.map(|(card, moves)| Step::sent(&client, card, moves, Vec::new())));
        }
        Ok(steps)
    }

    /// Clients that have no card yet.
    fn add(&mut self, clients: &[ClientId]) -> Result<Vec<Step>, SyncError> {
        let loaded = self.book.load(clients)?;
        let mut steps = Vec::new();
        for client in loaded.into_values().filter_map(|loaded| loaded.client) {
            let place = self.remote.place(client.id);
            let text = self.codec.write(&client, None);
            if let Some(card) = self.put(&client, &place, text, None)? {
                let moves = vec![(Side::There, What::Created)];
                steps.push(Step::sent(&client, card, moves, Vec::new()));
            }
        }
        Ok(steps)
    }

    /// Clients that were changed while their cards were deleted.
    fn send_again(&mut self, pairs: &[Pair]) -> Result<Vec<Step>, SyncError> {
        let loaded = self.load(pairs)?;
        let mut steps = Vec::new();
        for (pair, client, card) in present(pairs, loaded) {
            if self.says(&card, &client) {
                let stamp = client.updated_at;
                let pair = Pair {
                    stamp,
                    ..pair.clone()
                };
                steps.push(Step::deleted_here(pair, &client));
                continue;
            }
            let text = self.codec.write(&client, Some(&card));
            if let Some(card) = self.put(&client, &pair.href, text, None)? {
                let moves = vec![(Side::There, What::Created)];
                let clashes = vec![deletion(&client)];
                steps.push(Step::sent(&client, card, moves, clashes));
            }
        }
        Ok(steps)
    }

    /// Cards whose clients were deleted.
    fn delete_there(&mut self, pairs: &[Pair]) -> Result<Vec<Step>, SyncError> {
        let loaded = self.load(pairs)?;
        let mut steps = Vec::new();
        for pair in pairs {
            let card = loaded
                .get(&pair.client)
                .and_then(|known| known.card.as_deref());
            let read = card.and_then(|card| self.codec.read(card).ok());
            let name = read.map_or_else(|| pair.href.to_string(), |read| shown(&read.client));
            let deleted = match self.options.dry_run {
                true => Written::Done(None),
                false => self.remote.delete(&pair.href, &pair.etag)?,
            };
            match deleted {
                Written::Done(_) => steps.push(Step {
                    meeting: Meeting::Forget(pair.clone()),
                    name,
                    moves: vec![(Side::There, What::Deleted)],
                }),
                Written::Changed => self.again = true,
                Written::Refused(status) => self.refused(name, status),
            }
        }
        Ok(steps)
    }

    /// Clients whose cards were deleted.
    fn delete_here(&mut self, pairs: &[Pair]) -> Result<Vec<Step>, SyncError> {
        let loaded = self.load(pairs)?;
        let present = present(pairs, loaded);
        let steps = present.map(|(pair, client, _)| Step::deleted_here(pair.clone(), &client));
        Ok(steps.collect())
    }

    /// Puts a card on the server; none where it is left to another time.
    fn put(
        &mut self,
        client: &Client,
        href: &Href,
        card: String,
        over: Option<&str>,
    ) -> Result<Option<Fetched>, SyncError> {
        let written = match self.options.dry_run {
            true => Written::Done(Some(String::new())),
            false => self.remote.put(href, &card, over)?,
        };
        let fetched = |etag: String, card: String| Fetched {
            href: href.clone(),
            etag,
            card,
            modified: None,
        };
        match written {
            Written::Done(Some(etag)) => Ok(Some(fetched(etag, card))),
            // The server does not say under which version it keeps the card. What is there now may be
            // somebody else's already.
            Written::Done(None) => {
                let found = self.remote.fetch(std::slice::from_ref(href))?.pop();
                let ours = found.filter(|found| self.says(&found.card, client));
                self.again |= ours.is_none();
                Ok(ours)
            }
            Written::Changed => {
                self.again = true;
                Ok(None)
            }
            Written::Refused(status) => {
                self.refused(shown(client), status);
                Ok(None)
            }
        }
    }

    fn refused(&mut self, name: String, status: u16) {
        self.complete = false;
        let why = match status {
            403 => tr!("the server does not allow it (403); check that you may write there"),
            413 => tr!("the server finds the card too large (413)"),
            507 => tr!("the server has no room left (507)"),
            status => tr!("the server answers {status}", status = status),
        };
        self.problem(name, why);
    }

    /// The cards by where they lie; those that are gone meanwhile are for the next pass.
    fn cards(&mut self, hrefs: &[Href]) -> Result<BTreeMap<Href, Fetched>, SyncError> {
        let fetched = self.remote.fetch(hrefs)?.into_iter();
        let fetched = fetched.filter(|card| hrefs.contains(&card.href));
        let cards: BTreeMap<Href, Fetched> =
            fetched.map(|card| (card.href.clone(), card)).collect();
        self.again |= cards.len() < hrefs.len();
        Ok(cards)
    }

    fn read(&mut self, card: &Fetched) -> Option<CardReading> {
        match self.codec.read(&card.card) {
            Ok(reading) => Some(reading),
            Err(why) => {
                self.problem(card.href.to_string(), why);
                None
            }
        }
    }

    /// Whether the card says what the client says.
    fn says(&self, card: &str, client: &Client) -> bool {
        let read = self.codec.read(card);
        read.is_ok_and(|read| say_the_same(&read.client, client))
    }

    fn load(&mut self, pairs: &[Pair]) -> Result<BTreeMap<ClientId, Loaded>, SyncError> {
        let clients: Vec<ClientId> = pairs.iter().map(|pair| pair.client).collect();
        Ok(self.book.load(&clients)?)
    }
}
