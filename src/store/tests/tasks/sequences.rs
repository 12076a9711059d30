//! Ten thousand random offices against the rule said in one sentence: a caller is owed a call as long
//! as one of their calls was lost, no talk with them was over later, and nobody gave a reason.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};

use super::super::WHO;
use super::HOUR;
use crate::model::{
    CallId, CallQuality, CallRecord, CallStatus, Client, ClientId, Direction, EndReason,
    PhoneNumber, Task, TaskChange,
};
use crate::store::{Store, TaskFilter, TaskState};

const SEQUENCES: u64 = 5_000;
const FIRST_SEED: u64 = 0x7a5c_0000;
const MOST_STEPS: u64 = 14;
/// Callers of one sequence: numbers, and after them an internal number.
const NUMBERS: usize = 4;
const INTERNAL: usize = NUMBERS;
const CLIENTS: usize = 3;

/// Numbers that a failure can be replayed with (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// What the rule says, kept as simply as it can be: everything that happened.
#[derive(Default)]
struct Reference {
    lost: Vec<Lost>,
    /// Who was spoken with, until when.
    talks: Vec<(usize, Timestamp)>,
    /// Whose the numbers are.
    owner: BTreeMap<usize, usize>,
}

struct Lost {
    caller: usize,
    over: Timestamp,
    excused: bool,
}

/// A client, or a caller whom nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Client(usize),
    Unknown(usize),
}

impl Reference {
    fn party(&self, caller: usize) -> Party {
        let owner = self.owner.get(&caller).copied();
        owner.map_or(Party::Unknown(caller), Party::Client)
    }

    fn is_owed(&self, lost: &Lost) -> bool {
        let party = self.party(lost.caller);
        let settles =
            |talk: &(usize, Timestamp)| self.party(talk.0) == party && talk.1 >= lost.over;
        !lost.excused && !self.talks.iter().any(settles)
    }

    /// Who is owed a call: how many of theirs were lost since, the first and the last.
    fn owed(&self) -> BTreeMap<Party, (u32, Timestamp, Timestamp)> {
        let mut owed = BTreeMap::new();
        for lost in self.lost.iter().filter(|lost| self.is_owed(lost)) {
            let entry = owed.entry(self.party(lost.caller));
            let (calls, first, last) = entry.or_insert((0, lost.over, lost.over));
            *calls += 1;
            *first = lost.over.min(*first);
            *last = lost.over.max(*last);
        }
        owed
    }

    fn excuse(&mut self, party: Party) {
        let owner = &self.owner;
        let of = |caller| {
            owner
                .get(&caller)
                .copied()
                .map_or(Party::Unknown(caller), Party::Client)
        };
        let theirs = self.lost.iter_mut().filter(|lost| of(lost.caller) == party);
        theirs.for_each(|lost| lost.excused = true);
    }
}

struct Sequence<'s> {
    store: &'s mut Store,
    chance: Chance,
    /// Rows are written as calls end, and nobody becomes known late: then counts and deadlines are
    /// foretold, too, and not only who is owed a call.
    orderly: bool,
    now: Timestamp,
    callers: Vec<String>,
    clients: Vec<Client>,
    reference: Reference,
    rows: Vec<CallRecord>,
    told: Vec<String>,
}

#[test]
fn five_thousand_orderly_offices_owe_what_the_rule_says_to_the_minute() {
    try_offices(true);
}

#[test]
fn five_thousand_disorderly_offices_forget_nobody_and_owe_nobody_twice() {
    try_offices(false);
}

fn try_offices(orderly: bool) {
    let mut store = Store::in_memory().unwrap();
    for seed in FIRST_SEED..FIRST_SEED + SEQUENCES {
        let mut sequence = Sequence::new(&mut store, seed, orderly);
        for _ in 0..=sequence.chance.below(MOST_STEPS) {
            sequence.step();
            sequence.compare(seed);
        }
        sequence.clear();
    }
}

impl<'s> Sequence<'s> {
    fn new(store: &'s mut Store, seed: u64, orderly: bool) -> Self {
        let mut callers: Vec<String> = (0..NUMBERS as u64)
            .map(|n| format!("+7{:010}", 7_000_000_000 + (seed & 0xffff) * 10 + n))
            .collect();
        callers.push(format!("10{seed}"));
        let now = "2026-11-22T09:00:00Z".parse().unwrap();
        let clients = (0..CLIENTS).map(|n| Client::named(format!("{seed}-{n}"), now));
        Self {
            store,
            chance: Chance(seed),
            orderly,
            now,
            callers,
            clients: clients.collect(),
            reference: Reference::default(),
            rows: Vec::new(),
            told: Vec::new(),
        }
    }

    fn step(&mut self) {
        let pause = self.chance.below(600) as i64;
        self.now += pause.seconds();
        match self.chance.below(if self.orderly { 11 } else { 14 }) {
            0..=4 => self.call(Direction::Incoming),
            5..=7 => self.call(Direction::Outgoing),
            8 => self.excuse(),
            9 => self.write_again(),
            10 => self.call_hidden(),
            11 | 12 => self.learn_number(),
            _ => self.merge(),
        }
    }

    fn call(&mut self, direction: Direction) {
        let callers = if self.orderly { INTERNAL + 1 } else { NUMBERS };
        let caller = self.chance.below(callers as u64) as usize;
        let mut call = CallRecord::begin(CallId::new(), direction, self.now);
        let length = self.chance.below(900) as i64;
        call.ended_at = Some(self.now + length.seconds());
        if self.orderly {
            self.now += length.seconds();
        }
        let text = self.callers[caller].clone();
        call.number = PhoneNumber::from_e164(&text);
        let owner = self.reference.owner.get(&caller);
        // Now and then nobody was looked up.
        let looked_up = self.chance.below(3) > 0;
        call.client = owner.filter(|_| looked_up).map(|&n| self.clients[n].id);
        let outcome = match direction {
            Direction::Incoming => {
                call.caller = text;
                incoming(&mut call, &mut self.chance)
            }
            Direction::Outgoing => {
                call.callee = text;
                outgoing(&mut call, &mut self.chance)
            }
        };
        let over = call.ended_at.unwrap();
        match outcome {
            Expected::Lost => self.reference.lost.push(Lost {
                caller,
                over,
                excused: false,
            }),
            Expected::Talk => self.reference.talks.push((caller, over)),
            Expected::Nothing => {}
        }
        let changes = self.write(&call);
        self.told.push(format!(
            "{direction} {} {} over {over}: {outcome:?} {changes:?}",
            self.callers[caller], call.status
        ));
        self.rows.push(call);
    }

    fn call_hidden(&mut self) {
        let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, self.now);
        (call.status, call.hidden, call.ended_at) = (CallStatus::Missed, true, Some(self.now));
        assert!(self.write(&call).is_empty());
    }

    fn write(&mut self, call: &CallRecord) -> Vec<TaskChange> {
        let news = self.store.write(|w| {
            w.save_call(call)?;
            w.follow_up(call.call, HOUR)
        });
        news.unwrap().iter().map(|news| news.change).collect()
    }

    fn write_again(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        let which = self.chance.below(self.rows.len() as u64) as usize;
        let call = self.rows[which].clone();
        assert!(self.write(&call).is_empty(), "{:#?}", self.told);
    }

    fn excuse(&mut self) {
        let open = self.open();
        if open.is_empty() {
            return;
        }
        let task = &open[self.chance.below(open.len() as u64) as usize];
        self.told.push(format!("reason for {}", task.caller));
        let party = self.party_of(task);
        self.store
            .write(|w| w.close_task(task.id, "Done by mail"))
            .unwrap();
        self.reference.excuse(party);
    }

    fn learn_number(&mut self) {
        let nobodys: Vec<usize> = (0..NUMBERS)
            .filter(|caller| !self.reference.owner.contains_key(caller))
            .collect();
        if nobodys.is_empty() {
            return;
        }
        let (caller, client) = (
            self.chance.pick(&nobodys),
            self.chance.below(CLIENTS as u64) as usize,
        );
        self.told
            .push(format!("{} is client {client}'s", self.callers[caller]));
        let number = PhoneNumber::from_e164(&self.callers[caller]).unwrap();
        self.clients[client] = self.clients[client].clone().with_phone(number);
        let changed = &self.clients[client];
        self.store.write(|w| w.save_client(changed)).unwrap();
        self.reference.owner.insert(caller, client);
    }

    fn merge(&mut self) {
        let known: Vec<usize> = (0..CLIENTS)
            .filter(|n| self.reference.owner.values().any(|owner| owner == n))
            .collect();
        let [into, from, ..] = known[..] else { return };
        self.told.push(format!("client {from} is client {into}"));
        let (into_id, from_id) = (self.clients[into].id, self.clients[from].id);
        self.store
            .write(|w| w.merge_clients(WHO, into_id, from_id))
            .unwrap();
        for owner in self
            .reference
            .owner
            .values_mut()
            .filter(|owner| **owner == from)
        {
            *owner = into;
        }
        self.clients[into] = self.store.read(|r| r.load_client(into_id)).unwrap();
        self.clients[from] = Client::named("again", self.now);
    }

    fn party_of(&self, task: &Task) -> Party {
        let client = |id: ClientId| self.clients.iter().position(|client| client.id == id);
        let caller = self
            .callers
            .iter()
            .position(|caller| *caller == task.caller);
        match task.client {
            Some(id) => Party::Client(client(id).expect("a client of this sequence")),
            None => Party::Unknown(caller.expect("a caller of this sequence")),
        }
    }

    /// The open tasks, all of this sequence.
    fn open(&self) -> Vec<Task> {
        let open = TaskFilter {
            state: Some(TaskState::Open),
            ..TaskFilter::default()
        };
        let lines = self.store.read(|r| r.tasks(&open, None)).unwrap();
        lines.into_iter().map(|line| line.task).collect()
    }

    /// Leaves nothing open to the next sequence.
    fn clear(&mut self) {
        for task in self.open() {
            self.store
                .write(|w| w.close_task(task.id, "The day is over"))
                .unwrap();
        }
    }

    fn compare(&self, seed: u64) {
        let expected = self.reference.owed();
        let mut found = BTreeMap::new();
        for task in self.open() {
            let party = self.party_of(&task);
            let twice = found.insert(party, task);
            assert!(
                twice.is_none(),
                "seed {seed}: {party:?} twice: {:#?}",
                self.told
            );
        }
        let parties = |map: Vec<&Party>| map.into_iter().copied().collect::<Vec<_>>();
        assert_eq!(
            parties(found.keys().collect()),
            parties(expected.keys().collect()),
            "seed {seed}: {:#?}",
            self.told
        );
        for (party, (calls, first, last)) in expected {
            let task = &found[&party];
            let context = format!("seed {seed}: {party:?}: {:#?}", self.told);
            assert_eq!(task.last_at, last, "{context}");
            assert_eq!(task.due_at, task.opened_at + 1.hours(), "{context}");
            assert!(task.calls >= calls && task.opened_at <= first, "{context}");
            if self.orderly {
                assert_eq!((task.calls, task.opened_at), (calls, first), "{context}");
            }
        }
    }
}

/// What a call is to mean, said when it is made up and not by the rule under test.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Expected {
    Lost,
    Talk,
    Nothing,
}

fn incoming(call: &mut CallRecord, chance: &mut Chance) -> Expected {
    use CallStatus::*;
    match chance.below(10) {
        0..=4 => {
            call.status = chance.pick(&[Missed, Busy, Rejected, Failed, Interrupted, Voicemail]);
            Expected::Lost
        }
        5 => {
            (call.status, call.end_reason) = (Missed, Some(EndReason::Transferred));
            Expected::Nothing
        }
        6 => {
            call.status = AnsweredElsewhere;
            Expected::Talk
        }
        7 => {
            answered(call, 50, 0);
            Expected::Lost
        }
        _ => {
            answered(call, 50, 50);
            call.status = chance.pick(&[Answered, Answered, Interrupted]);
            Expected::Talk
        }
    }
}

fn outgoing(call: &mut CallRecord, chance: &mut Chance) -> Expected {
    use CallStatus::*;
    match chance.below(5) {
        0 | 1 => {
            answered(call, 50, 50);
            Expected::Talk
        }
        2 => {
            answered(call, 0, 50);
            Expected::Nothing
        }
        _ => {
            call.status = chance.pick(&[Busy, Failed, Cancelled, Rejected, Interrupted, Voicemail]);
            Expected::Nothing
        }
    }
}

fn answered(call: &mut CallRecord, sent: u64, received: u64) {
    call.status = CallStatus::Answered;
    call.answered_at = Some(call.started_at);
    call.quality = Some(CallQuality {
        packets_sent: sent,
        packets_received: received,
        ..CallQuality::default()
    });
}
