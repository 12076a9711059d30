//! Handling time: how long conversations take where the card named the caller and where it did not,
//! what that saves, and how many conversations operators have in an hour of work.

use std::array;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::by_pair::ByPair;
use super::clock_hours::ClockHours;
use super::{mean, ratio};
use crate::model::{Direction, KnownAs};

/// The fewest conversations on either side that are compared: the averages of fewer say little.
pub const ENOUGH: u64 = 30;

/// What is a comfortable length of a conversation.
pub const SHORT: Duration = Duration::from_secs(120);

/// An answered call that is over.
#[derive(Debug, Clone, Copy)]
pub struct Conversation<'r> {
    /// When the call began.
    pub started_at: Timestamp,
    /// Who called whom.
    pub direction: Direction,
    /// Whom the card named when it was taken; none where nobody kept it.
    pub known_as: Option<KnownAs>,
    /// The internal number that took or made it; may be empty.
    pub extension: &'r str,
    /// The name of the employee behind the extension; may be empty.
    pub employee: &'r str,
    /// A crash cut it off: how long it took is not known.
    pub cut_off: bool,
    /// How long it rang.
    pub ring: Duration,
    /// How much of the talk it was on hold.
    pub hold: Duration,
    /// From answer to end.
    pub talk: Duration,
    /// How long after the answer the card named the client; none where it never did.
    pub identified: Option<Duration>,
}

/// The figures of a period. Conversations with colleagues and those that a crash cut off are in none
/// of them but their own count.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Handling {
    /// Of those who called us.
    pub incoming: Callers,
    /// Of those whom we called.
    pub outgoing: Callers,
    /// Of both.
    pub together: Callers,
    /// Who talked, by extension and name.
    pub operators: Vec<Operator>,
    /// The work of all of them by the hour of the day.
    pub by_hour: [Work; 24],
    /// Conversations with colleagues.
    pub colleagues: u64,
    /// Conversations that a crash cut off.
    pub cut_off: u64,
}

/// Conversations by whether the card named the other party when they were taken.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Callers {
    /// It named a client.
    pub identified: Lengths,
    /// It named nobody.
    pub unidentified: Lengths,
    /// Nobody kept whether it did.
    pub unclear: Lengths,
    /// All of them.
    pub all: Lengths,
    /// When it named clients.
    pub identification: Identification,
}

/// How long some conversations took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lengths {
    /// How many there were.
    pub conversations: u64,
    /// All together, from answer to end: the handling time.
    pub talk: Duration,
    /// How much of it was on hold.
    pub hold: Duration,
    /// How long they rang, all together.
    pub ring: Duration,
    /// Half of them took no longer, from answer to end; none where there were none.
    pub median: Option<Duration>,
    /// How many took no longer than [`SHORT`].
    pub short: u64,
}

/// When the card named the clients of conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Identification {
    /// How often it did before the answer.
    pub at_once: u64,
    /// How often only while people talked.
    pub later: u64,
    /// How long people had talked until then, all together.
    pub waited: Duration,
}

/// What it saved that the card named callers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Saving {
    /// Fewer than [`ENOUGH`] conversations on a side.
    TooFew,
    /// Conversations with identified callers took this much longer, if not as long.
    Nothing {
        /// On average.
        longer: Duration,
    },
    /// Conversations with identified callers were shorter.
    Saved {
        /// On average.
        each: Duration,
        /// In all conversations with identified callers.
        together: Duration,
        /// Of the time that they would have taken, 0 to 1.
        share: f64,
    },
}

/// Somebody who talked with callers: an extension and the name that it had then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The internal number; may be empty.
    pub extension: String,
    /// The name; may be empty.
    pub employee: String,
    /// The work by the hour of the day.
    pub by_hour: [Work; 24],
}

/// Conversations and the hours in which they began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// How many conversations began.
    pub conversations: u64,
    /// From their answers to their ends, all together.
    pub talk: Duration,
    /// In how many hours of the clock, of each operator, at least one began.
    pub hours: u64,
}

impl Callers {
    /// What it saved that the card named callers.
    pub fn saving(&self) -> Saving {
        let (known, others) = (&self.identified, &self.unidentified);
        if known.conversations.min(others.conversations) < ENOUGH {
            return Saving::TooFew;
        }
        // What the identified callers would have taken at the pace of the others.
        let calls = i128::from(known.conversations);
        let expected = millis(others.talk) * calls / i128::from(others.conversations);
        let saved = expected - millis(known.talk);
        if saved <= 0 {
            return Saving::Nothing {
                longer: duration(-saved / calls),
            };
        }
        Saving::Saved {
            each: duration(saved / calls),
            together: duration(saved),
            share: saved as f64 / expected as f64,
        }
    }
}

impl Lengths {
    /// The average from answer to end; none where there were no conversations.
    pub fn mean(&self) -> Option<Duration> {
        mean(self.talk, self.conversations)
    }

    /// How much of it was on hold on average.
    pub fn mean_hold(&self) -> Option<Duration> {
        mean(self.hold, self.conversations)
    }

    /// How long they rang on average.
    pub fn mean_ring(&self) -> Option<Duration> {
        mean(self.ring, self.conversations)
    }

    /// The share, 0 to 1, that took no longer than [`SHORT`].
    pub fn short_share(&self) -> Option<f64> {
        ratio(self.short, self.conversations)
    }
}

impl Identification {
    /// How long people had talked on average until the card named the client.
    pub fn mean(&self) -> Option<Duration> {
        mean(self.waited, self.at_once + self.later)
    }
}

impl Operator {
    /// The work of all hours.
    pub fn work(&self) -> Work {
        self.by_hour
            .iter()
            .copied()
            .fold(Work::default(), Work::and)
    }
}

impl Work {
    /// How many conversations began in an hour of work.
    pub fn per_hour(&self) -> Option<f64> {
        ratio(self.conversations, self.hours)
    }

    /// The average from answer to end.
    pub fn mean(&self) -> Option<Duration> {
        mean(self.talk, self.conversations)
    }

    fn and(self, other: Self) -> Self {
        Self {
            conversations: self.conversations + other.conversations,
            talk: self.talk + other.talk,
            hours: self.hours + other.hours,
        }
    }
}

/// Makes [`Handling`] of conversations.
#[derive(Debug)]
pub struct HandlingTally {
    clock: ClockHours,
    incoming: ByCaller,
    outgoing: ByCaller,
    /// By extension and name.
    operators: ByPair<Working>,
    colleagues: u64,
    cut_off: u64,
}

/// Conversations of one direction.
#[derive(Debug, Default, Clone)]
struct ByCaller {
    identified: Sample,
    unidentified: Sample,
    unclear: Sample,
    identification: Identification,
}

/// Conversations whose lengths are compared.
#[derive(Debug, Default, Clone)]
struct Sample {
    /// Each one's talk in milliseconds: a median needs them all.
    talks: Vec<u32>,
    talk: Duration,
    hold: Duration,
    ring: Duration,
    short: u64,
}

#[derive(Debug, Default)]
struct Working {
    by_hour: [Work; 24],
    /// The latest hour of work.
    hour: Option<Timestamp>,
}

impl HandlingTally {
    /// Nothing yet; the hours are those of `zone`.
    pub fn new(zone: TimeZone) -> Self {
        Self {
            clock: ClockHours::of(zone),
            incoming: ByCaller::default(),
            outgoing: ByCaller::default(),
            operators: ByPair::default(),
            colleagues: 0,
            cut_off: 0,
        }
    }

    /// Takes in a conversation; each began at or after the one before it.
    pub fn add(&mut self, talk: &Conversation<'_>) {
        if talk.cut_off {
            self.cut_off += 1;
        } else if talk.known_as == Some(KnownAs::Colleague) {
            self.colleagues += 1;
        } else {
            match talk.direction {
                Direction::Incoming => self.incoming.add(talk),
                Direction::Outgoing => self.outgoing.add(talk),
            }
            self.work(talk);
        }
    }

    /// The figures.
    pub fn finish(self) -> Handling {
        let operators = self.operators.sorted().into_iter();
        let operator = |([extension, employee], working): ([String; 2], Working)| Operator {
            extension,
            employee,
            by_hour: working.by_hour,
        };
        let operators: Vec<Operator> = operators.map(operator).collect();
        let of_all = |hour: usize| {
            let works = operators.iter().map(|operator| operator.by_hour[hour]);
            works.fold(Work::default(), Work::and)
        };
        Handling {
            together: self.incoming.clone().and(self.outgoing.clone()).finish(),
            incoming: self.incoming.finish(),
            outgoing: self.outgoing.finish(),
            by_hour: array::from_fn(of_all),
            operators,
            colleagues: self.colleagues,
            cut_off: self.cut_off,
        }
    }

    fn work(&mut self, talk: &Conversation<'_>) {
        let hour = self.clock.at(talk.started_at);
        let working = self.operators.of(talk.extension, talk.employee);
        let is_new = working.hour.replace(hour.start) != Some(hour.start);
        let work = &mut working.by_hour[hour.hour];
        *work = work.and(Work {
            conversations: 1,
            talk: talk.talk,
            hours: is_new.into(),
        });
    }
}

impl ByCaller {
    fn add(&mut self, talk: &Conversation<'_>) {
        let sample = match talk.known_as {
            Some(KnownAs::Client) => &mut self.identified,
            Some(_) => &mut self.unidentified,
            None => &mut self.unclear,
        };
        sample.add(talk);
        match talk.identified {
            None => {}
            Some(Duration::ZERO) => self.identification.at_once += 1,
            Some(after) => {
                self.identification.later += 1;
                self.identification.waited += after;
            }
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            identified: self.identified.and(other.identified),
            unidentified: self.unidentified.and(other.unidentified),
            unclear: self.unclear.and(other.unclear),
            identification: Identification {
                at_once: self.identification.at_once + other.identification.at_once,
                later: self.identification.later + other.identification.later,
                waited: self.identification.waited + other.identification.waited,
            },
        }
    }

    fn finish(self) -> Callers {
        let all = self.identified.clone().and(self.unidentified.clone());
        Callers {
            all: all.and(self.unclear.clone()).finish(),
            identified: self.identified.finish(),
            unidentified: self.unidentified.finish(),
            unclear: self.unclear.finish(),
            identification: self.identification,
        }
    }
}

impl Sample {
    fn add(&mut self, talk: &Conversation<'_>) {
        let millis = u32::try_from(talk.talk.as_millis()).unwrap_or(u32::MAX);
        self.talks.push(millis);
        self.talk += talk.talk;
        self.hold += talk.hold;
        self.ring += talk.ring;
        self.short += u64::from(talk.talk <= SHORT);
    }

    fn and(mut self, other: Self) -> Self {
        self.talks.extend(other.talks);
        Self {
            talks: self.talks,
            talk: self.talk + other.talk,
            hold: self.hold + other.hold,
            ring: self.ring + other.ring,
            short: self.short + other.short,
        }
    }

    fn finish(mut self) -> Lengths {
        Lengths {
            conversations: self.talks.len() as u64,
            talk: self.talk,
            hold: self.hold,
            ring: self.ring,
            median: median(&mut self.talks),
            short: self.short,
        }
    }
}

/// The middle one, or the middle of the two in the middle.
fn median(millis: &mut [u32]) -> Option<Duration> {
    if millis.is_empty() {
        return None;
    }
    let middle = millis.len() / 2;
    let is_odd = millis.len() % 2 == 1;
    let (below, &mut upper, _) = millis.select_nth_unstable(middle);
    let lower = below.iter().max().filter(|_| !is_odd).copied();
    let both = u64::from(lower.unwrap_or(upper)) + u64::from(upper);
    Some(Duration::from_micros(both * 500))
}

fn millis(duration: Duration) -> i128 {
    i128::try_from(duration.as_millis()).unwrap_or(i128::MAX)
}

fn duration(millis: i128) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests;
