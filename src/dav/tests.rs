//! Two sides that are changed at random and meet now and then.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::http::HttpError;
use crate::model::{Client, ClientField, Lists};
use crate::store::StoreError;

/// Cards of the test's own: a line for each field, and one that nobody here knows.
struct Lines;

/// The fields that both sides change.
const FIELDS: [&str; 4] = ["name", "note", "greeting", "language"];
const FOREIGN: &str = "foreign=kept";

impl Codec for Lines {
    fn read(&self, card: &str) -> Result<CardReading, String> {
        let mut client = Client::named("", Timestamp::UNIX_EPOCH);
        let mut reading = (None, None);
        for (key, value) in card.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "uid" => reading.0 = value.parse().ok(),
                "rev" => reading.1 = value.parse().ok(),
                "foreign" => {}
                _ => {
                    let field = ClientField::named(key);
                    client.set(&field, value, &Lists::default()).unwrap();
                }
            }
        }
        Ok(CardReading {
            client,
            id: reading.0,
            revised: reading.1,
        })
    }

    fn write(&self, client: &Client, over: Option<&str>) -> String {
        let kept = |line: &&str| line.starts_with("uid=") || line.starts_with("foreign=");
        let mut lines: Vec<String> = match over {
            Some(over) => over.lines().filter(kept).map(str::to_owned).collect(),
            None => vec![format!("uid={}", client.id)],
        };
        lines.push(format!("rev={}", client.updated_at));
        for (field, value) in client.texts() {
            if field != ClientField::Once("category") {
                lines.push(format!("{field}={value}"));
            }
        }
        lines.join("\n")
    }
}

/// Everything of both sides.
#[derive(Default)]
struct World {
    clock: Timestamp,
    clients: BTreeMap<ClientId, Client>,
    /// The pairs with their cards.
    pairs: Vec<(Pair, String)>,
    token: Option<String>,
    /// Version and card.
    cards: BTreeMap<Href, (u64, String)>,
    /// Which card was changed by each version of the book.
    versions: Vec<Href>,
    /// After so many requests the server fails once.
    failure: Option<usize>,
    /// Before so many requests have come somebody changes this contact there.
    meanwhile: Option<(usize, Change)>,
    conflicts: Vec<Clash>,
    /// Values that somebody has given up knowingly, and what was deleted anywhere.
    superseded: BTreeSet<String>,
    deleted: BTreeSet<String>,
    /// Values by contact and field, as they were written.
    written: Vec<(String, &'static str, String)>,
    born_there: BTreeSet<String>,
    count: usize,
}

/// Something that a person does on one side.
#[derive(Debug, Clone)]
enum Change {
    Add(Side),
    Edit(Side, usize, usize),
    Delete(Side, usize),
}

#[derive(Debug, Clone)]
enum Op {
    Do(Change),
    Meet,
    /// The server fails after so many requests.
    Broken(usize),
    /// Somebody changes something there during the meeting.
    Disturbed(usize, Change),
}

fn change() -> impl Strategy<Value = Change> {
    let side = prop_oneof![Just(Side::Here), Just(Side::There)];
    prop_oneof![
        2 => side.clone().prop_map(Change::Add),
        6 => (side.clone(), 0..6_usize, 0..FIELDS.len()).prop_map(|(s, c, f)| Change::Edit(s, c, f)),
        1 => (side, 0..6_usize).prop_map(|(s, c)| Change::Delete(s, c)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => change().prop_map(Op::Do),
        3 => Just(Op::Meet),
        1 => (0..8_usize).prop_map(Op::Broken),
        1 => (0..8_usize, change()).prop_map(|(n, change)| Op::Disturbed(n, change)),
    ]
}

impl World {
    fn new() -> Self {
        Self {
            clock: Timestamp::UNIX_EPOCH,
            ..Self::default()
        }
    }

    fn tick(&mut self) -> Timestamp {
        self.clock += SignedDuration::from_secs(1);
        self.clock
    }

    fn store(&mut self, href: Href, card: String) -> u64 {
        self.versions.push(href.clone());
        let version = self.versions.len() as u64;
        self.cards.insert(href, (version, card));
        version
    }

    fn act(&mut self, change: &Change) {
        let now = self.tick();
        self.count += 1;
        match *change {
            Change::Add(side) => {
                let mut client = Client::named(format!("v{}", self.count), now);
                client.company = format!("c{}", self.count);
                let tag = client.company.clone();
                self.written
                    .push((tag.clone(), "name", client.name.clone()));
                if side == Side::Here {
                    self.clients.insert(client.id, client);
                } else {
                    let href = Href::new(&format!("/book/{}", self.count)).unwrap();
                    let card = Lines.write(&client, None);
                    self.store(href, format!("{card}\n{FOREIGN}"));
                    self.born_there.insert(tag);
                }
            }
            Change::Edit(side, at, field) => self.edit(side, at, FIELDS[field], now),
            Change::Delete(Side::Here, at) => {
                if let Some(id) = nth(&self.clients, at) {
                    self.deleted
                        .insert(self.clients.remove(&id).unwrap().company);
                }
            }
            Change::Delete(Side::There, at) => {
                if let Some(href) = nth(&self.cards, at) {
                    self.versions.push(href.clone());
                    let (_, card) = self.cards.remove(&href).unwrap();
                    self.deleted
                        .insert(Lines.read(&card).unwrap().client.company);
                }
            }
        }
    }

    fn edit(&mut self, side: Side, at: usize, field: &'static str, now: Timestamp) {
        let value = format!("v{}", self.count);
        let set = |client: &mut Client| {
            let texts: BTreeMap<_, _> = client.texts().into_iter().collect();
            let before = texts.get(&ClientField::Once(field)).cloned();
            let once = ClientField::Once(field);
            client.set(&once, &value, &Lists::default()).unwrap();
            client.updated_at = now;
            (client.company.clone(), before)
        };
        let (tag, before) = match side {
            Side::Here => {
                let Some(id) = nth(&self.clients, at) else {
                    return;
                };
                set(self.clients.get_mut(&id).unwrap())
            }
            Side::There => {
                let Some(href) = nth(&self.cards, at) else {
                    return;
                };
                let card = self.cards[&href].1.clone();
                let mut client = Lines.read(&card).unwrap().client;
                let done = set(&mut client);
                self.store(href, Lines.write(&client, Some(&card)));
                done
            }
        };
        self.superseded.extend(before);
        self.written.push((tag, field, value));
    }

    /// One meeting; whether it came to its end.
    fn meet(&mut self) -> bool {
        let options = Options {
            now: self.tick(),
            dry_run: false,
            accept_deletions: true,
        };
        let world = RefCell::new(std::mem::take(self));
        let met = synchronise(&mut Server(&world), &mut Clients(&world), &Lines, options);
        *self = world.into_inner();
        self.failure = None;
        if let Some((_, change)) = self.meanwhile.take() {
            self.act(&change);
        }
        met.is_ok()
    }

    fn here(&self) -> BTreeMap<String, BTreeMap<ClientField, String>> {
        let all = self.clients.values();
        all.map(|client| (client.company.clone(), client.texts().into_iter().collect()))
            .collect()
    }

    fn there(&self) -> BTreeMap<String, BTreeMap<ClientField, String>> {
        let all = self.cards.values();
        let all = all.map(|(_, card)| Lines.read(card).unwrap().client);
        all.map(|client| (client.company.clone(), client.texts().into_iter().collect()))
            .collect()
    }

    /// Both sides are the same, nobody is lost, and every value that is nowhere was given up by a person
    /// or is in the log of conflicts.
    fn check(&self) {
        let (here, there) = (self.here(), self.there());
        assert_eq!(here, there);
        assert_eq!(self.clients.len(), here.len(), "a contact is there twice");
        assert_eq!(self.cards.len(), there.len(), "a card is there twice");
        assert_eq!(self.pairs.len(), here.len());
        let lost: BTreeSet<&str> = self.conflicts.iter().map(|clash| &*clash.lost).collect();
        for (tag, field, value) in &self.written {
            if self.deleted.contains(tag) {
                continue;
            }
            let texts = here.get(tag).unwrap_or_else(|| panic!("{tag} is lost"));
            let holds = texts.get(&ClientField::Once(field)) == Some(value);
            let given_up = self.superseded.contains(value) || lost.contains(&**value);
            assert!(
                holds || given_up,
                "{tag}: {field} {value} is lost, nowhere in the log"
            );
        }
        for (_, card) in self.cards.values() {
            let tag = Lines.read(card).unwrap().client.company;
            let is_foreign = self.born_there.contains(&tag) && !self.deleted.contains(&tag);
            assert!(!is_foreign || card.contains(FOREIGN), "{card}");
        }
    }
}

fn nth<K: Clone, V>(map: &BTreeMap<K, V>, at: usize) -> Option<K> {
    let at = at.checked_rem(map.len())?;
    map.keys().nth(at).cloned()
}

type Shared = RefCell<World>;

struct Server<'a>(&'a Shared);

impl Server<'_> {
    /// A request comes: the server may fail, and somebody may be faster.
    fn request(&self) -> Result<(), DavError> {
        let mut world = self.0.borrow_mut();
        let gone = |left: &mut usize| {
            *left = left.wrapping_sub(1);
            *left == usize::MAX
        };
        if world.failure.as_mut().is_some_and(gone) {
            world.failure = None;
            return Err(HttpError::Refused("here".to_owned()).into());
        }
        if world.meanwhile.as_mut().is_some_and(|(left, _)| gone(left)) {
            let (_, change) = world.meanwhile.take().unwrap();
            world.act(&change);
        }
        Ok(())
    }
}

impl Remote for Server<'_> {
    fn list(&mut self, known: &There, token: Option<&str>) -> Result<Listing, DavError> {
        self.request()?;
        let world = self.0.borrow();
        let etag = |href: &Href| {
            world
                .cards
                .get(href)
                .map(|(version, _)| version.to_string())
        };
        let there = match token {
            Some(token) => {
                let mut there = known.clone();
                for href in &world.versions[token.parse::<usize>().unwrap()..] {
                    match etag(href) {
                        Some(etag) => there.insert(href.clone(), etag),
                        None => there.remove(href),
                    };
                }
                there
            }
            None => world
                .cards
                .keys()
                .map(|href| (href.clone(), etag(href).unwrap()))
                .collect(),
        };
        Ok(Listing {
            there,
            token: Some(world.versions.len().to_string()),
        })
    }

    fn fetch(&mut self, hrefs: &[Href]) -> Result<Vec<Fetched>, DavError> {
        self.request()?;
        let world = self.0.borrow();
        let found = hrefs.iter().filter_map(|href| {
            let (version, card) = world.cards.get(href)?;
            Some(Fetched {
                href: href.clone(),
                etag: version.to_string(),
                card: card.clone(),
                modified: None,
            })
        });
        Ok(found.collect())
    }

    fn put(&mut self, href: &Href, card: &str, over: Option<&str>) -> Result<Written, DavError> {
        self.request()?;
        let mut world = self.0.borrow_mut();
        let is = world
            .cards
            .get(href)
            .map(|(version, _)| version.to_string());
        if is.as_deref() != over {
            return Ok(Written::Changed);
        }
        let version = world.store(href.clone(), card.to_owned());
        // Every second answer tells no version.
        Ok(Written::Done(
            version.is_multiple_of(2).then(|| version.to_string()),
        ))
    }

    fn delete(&mut self, href: &Href, etag: &str) -> Result<Written, DavError> {
        self.request()?;
        let mut world = self.0.borrow_mut();
        match world.cards.get(href) {
            Some((version, _)) if version.to_string() != etag => return Ok(Written::Changed),
            Some(_) => {
                world.versions.push(href.clone());
                world.cards.remove(href);
            }
            None => {}
        }
        Ok(Written::Done(None))
    }

    fn place(&self, client: ClientId) -> Href {
        Href::new(&format!("/book/{client}")).unwrap()
    }
}

struct Clients<'a>(&'a Shared);

impl Book for Clients<'_> {
    fn known(&mut self) -> Result<Known, StoreError> {
        let world = self.0.borrow();
        let stamp = |client: &Client| (client.id, client.updated_at);
        Ok(Known {
            here: world.clients.values().map(stamp).collect(),
            pairs: world.pairs.iter().map(|(pair, _)| pair.clone()).collect(),
            token: world.token.clone(),
        })
    }

    fn load(&mut self, clients: &[ClientId]) -> Result<BTreeMap<ClientId, Loaded>, StoreError> {
        let world = self.0.borrow();
        let load = |id: &ClientId| {
            let card = world.pairs.iter().find(|(pair, _)| pair.client == *id);
            let loaded = Loaded {
                client: world.clients.get(id).cloned(),
                card: card.map(|(_, card)| card.clone()),
            };
            (*id, loaded)
        };
        Ok(clients.iter().map(load).collect())
    }

    fn find(&mut self, client: &Client) -> Result<Vec<ClientId>, StoreError> {
        let world = self.0.borrow();
        let same = |one: &&Client| one.company == client.company && one.name == client.name;
        Ok(world
            .clients
            .values()
            .filter(same)
            .map(|one| one.id)
            .collect())
    }

    fn note(&mut self, _: ClientId, clashes: &[Clash]) -> Result<(), StoreError> {
        self.0.borrow_mut().log(clashes);
        Ok(())
    }

    fn keep(&mut self, meetings: Vec<Meeting>) -> Result<Vec<Kept>, StoreError> {
        let mut world = self.0.borrow_mut();
        Ok(meetings.into_iter().map(|one| world.keep(one)).collect())
    }

    fn finish(&mut self, token: Option<&str>) -> Result<(), StoreError> {
        self.0.borrow_mut().token = token.map(str::to_owned);
        Ok(())
    }
}

impl World {
    fn log(&mut self, clashes: &[Clash]) {
        for clash in clashes {
            if !self.conflicts.contains(clash) {
                self.conflicts.push(clash.clone());
            }
        }
    }

    fn keep(&mut self, meeting: Meeting) -> Kept {
        match meeting {
            Meeting::Met {
                client,
                card,
                stamp,
                save,
                clashes,
            } => {
                let mut stamp_now = stamp;
                if let Some(mut save) = save {
                    if self.clients.get(&client).map(|one| one.updated_at) != stamp {
                        return Kept::Changed;
                    }
                    save.id = client;
                    save.updated_at = self.tick();
                    stamp_now = Some(save.updated_at);
                    self.clients.insert(client, *save);
                }
                self.log(&clashes);
                let pair = Pair {
                    client,
                    href: card.href,
                    etag: card.etag,
                    stamp: stamp_now.unwrap(),
                };
                self.pairs
                    .retain(|(one, _)| one.client != client && one.href != pair.href);
                self.pairs.push((pair, card.card));
            }
            Meeting::DeleteHere(pair) => {
                match self.clients.get(&pair.client) {
                    Some(client) if client.updated_at != pair.stamp => return Kept::Changed,
                    _ => self.clients.remove(&pair.client),
                };
                self.pairs.retain(|(one, _)| one.href != pair.href);
            }
            Meeting::Forget(pair) => self.pairs.retain(|(one, _)| one.href != pair.href),
        }
        Kept::Done
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn after_any_history_both_sides_are_the_same_and_nothing_is_lost(
        ops in prop::collection::vec(op(), 1..16),
    ) {
        let mut world = World::new();
        for op in &ops {
            match op {
                Op::Do(change) => world.act(change),
                Op::Meet => assert!(world.meet()),
                Op::Broken(after) => {
                    world.failure = Some(*after);
                    world.meet();
                }
                Op::Disturbed(after, change) => {
                    world.meanwhile = Some((*after, change.clone()));
                    world.meet();
                }
            }
        }
        assert!(world.meet());
        assert!(world.meet());
        world.check();
        let (before, requests) = (world.versions.len(), world.conflicts.len());
        assert!(world.meet());
        assert_eq!((before, requests), (world.versions.len(), world.conflicts.len()));
    }
}

#[test]
fn a_deletion_gives_way_to_a_change_and_says_so() {
    for (deleted, changed) in [(Side::Here, Side::There), (Side::There, Side::Here)] {
        let mut world = World::new();
        world.act(&Change::Add(Side::Here));
        assert!(world.meet());
        world.act(&Change::Edit(changed, 0, 1));
        world.act(&Change::Delete(deleted, 0));
        assert!(world.meet());
        assert_eq!((world.clients.len(), world.cards.len()), (1, 1));
        assert_eq!(world.here(), world.there());
        assert_eq!(world.conflicts.len(), 1);
    }
}

#[test]
fn of_two_changes_of_a_field_the_later_holds_and_different_fields_are_both_kept() {
    for (first, second) in [(Side::Here, Side::There), (Side::There, Side::Here)] {
        let mut world = World::new();
        world.act(&Change::Add(Side::There));
        assert!(world.meet());
        world.act(&Change::Edit(first, 0, 1));
        world.act(&Change::Edit(second, 0, 1));
        world.act(&Change::Edit(first, 0, 3));
        assert!(world.meet());
        let texts = &world.here()["c1"];
        // The card or the client as a whole carries the time of its last change.
        let (kept, lost) = ("v2", "v3");
        assert_eq!(texts[&ClientField::Once("note")], kept);
        assert_eq!(texts[&ClientField::Once("language")], "v4");
        let [clash] = &world.conflicts[..] else {
            panic!("{:?}", world.conflicts);
        };
        assert_eq!(
            (&*clash.field, &*clash.kept, &*clash.lost),
            ("note", kept, lost)
        );
        assert_eq!(world.here(), world.there());
    }
}

#[test]
fn a_dry_run_tells_the_same_and_changes_nothing() {
    let mut world = World::new();
    world.act(&Change::Add(Side::Here));
    world.act(&Change::Add(Side::There));
    let options = Options {
        now: world.tick(),
        dry_run: true,
        accept_deletions: false,
    };
    let world = RefCell::new(world);
    let report = synchronise(&mut Server(&world), &mut Clients(&world), &Lines, options).unwrap();
    assert_eq!(report.count(Side::Here, What::Created), 1);
    assert_eq!(report.count(Side::There, What::Created), 1);
    let world = world.into_inner();
    assert_eq!((world.clients.len(), world.cards.len()), (1, 1));
    assert!(world.pairs.is_empty());
}
