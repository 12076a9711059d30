//! Service: how soon callers are answered, how many give up, and how busy the employees are.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::by_pair::ByPair;
use super::clock_hours::{ClockHour, ClockHours};
use super::{Fate, LoggedCall, Offered, mean, ratio, under};
use crate::model::{CallStatus, Direction, Outcome};

/// Which share of callers is to be answered in time where nobody says it: 80 %.
pub const SERVICE_GOAL: u8 = 80;

/// How soon an answer is in time where nobody says it.
pub const SERVICE_WITHIN: Duration = Duration::from_secs(20);

/// The service of a period.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Service {
    /// Of all incoming calls.
    pub all: Level,
    /// By the address of record of the line.
    pub by_line: BTreeMap<String, Level>,
    /// Who talked, by name.
    pub employees: Vec<Load>,
    /// Incoming calls that still go on, or of which the row does not say what became: in no figure.
    pub unclear: u64,
}

/// How incoming calls were served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// What became of them.
    pub offered: Offered,
    /// How many were answered, here or at another phone of the line, within the threshold.
    pub within: u64,
    /// How long the answered ones rang, all together.
    pub waited: Duration,
    /// The longest that any of the offered ones rang.
    pub longest_wait: Duration,
    /// How many conversations were had here whose length is known: a crash cut off none of them.
    pub handled: u64,
    /// How long those took from answer to end, holds included, all together.
    pub talk: Duration,
}

/// How much an employee talked, in both directions and with colleagues, too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Load {
    /// The name; empty where nobody knows whose the extension is.
    pub employee: String,
    /// The internal numbers that the employee talked at; some may be empty.
    pub extensions: BTreeSet<String>,
    /// How many conversations others began.
    pub incoming: u64,
    /// How many the employee began.
    pub outgoing: u64,
    /// From answers to ends, holds included, all together.
    pub talk: Duration,
    /// In how many hours of the clock at least one began: the hours of work.
    pub hours: u64,
    /// How long those hours were together: 60 minutes each, but where clocks are changed.
    pub worked: Duration,
}

impl Level {
    /// The service level, 0 to 1: answered within the threshold / (offered − short). None where
    /// there were none.
    pub fn service_level(&self) -> Option<f64> {
        ratio(self.within, self.offered.counted())
    }

    /// The average speed of answer: how long the answered calls rang on average.
    pub fn speed_of_answer(&self) -> Option<Duration> {
        let answered = self.offered.of(Fate::Answered) + self.offered.of(Fate::Elsewhere);
        mean(self.waited, answered)
    }

    /// The average handling time: from answer to end, holds included.
    pub fn handling_time(&self) -> Option<Duration> {
        mean(self.talk, self.handled)
    }

    fn add(&mut self, call: &LoggedCall<'_>, fate: Fate, within: Duration) {
        self.offered.add(fate);
        if matches!(fate, Fate::Answered | Fate::Elsewhere) {
            self.within += u64::from(call.ring <= within);
            self.waited += call.ring;
        }
        if fate != Fate::PassedOn {
            self.longest_wait = self.longest_wait.max(call.ring);
        }
        if had_conversation(call) {
            self.handled += 1;
            self.talk += call.talk;
        }
    }
}

impl Load {
    /// How many conversations there were.
    pub fn conversations(&self) -> u64 {
        self.incoming + self.outgoing
    }

    /// The average from answer to end.
    pub fn mean(&self) -> Option<Duration> {
        mean(self.talk, self.conversations())
    }

    /// The occupancy: talk time / time of the hours of work. More than 1 where conversations go on
    /// beyond the hours in which they began, or two go on at once.
    pub fn occupancy(&self) -> Option<f64> {
        (!self.worked.is_zero()).then(|| self.talk.as_secs_f64() / self.worked.as_secs_f64())
    }
}

/// Makes [`Service`] of calls.
#[derive(Debug)]
pub struct ServiceTally {
    clock: ClockHours,
    short: Duration,
    within: Duration,
    service: Service,
    /// By an employee's name or, where nobody knows it, the extension.
    working: ByPair<Working>,
}

#[derive(Debug, Default)]
struct Working {
    load: Load,
    /// The latest hour of work.
    hour: Option<Timestamp>,
}

impl ServiceTally {
    /// Nothing yet. Hours are those of `zone`; whoever gives up in less than `short` is counted
    /// apart, and an answer is in time `within` the threshold of the service level.
    pub fn new(zone: TimeZone, short: Duration, within: Duration) -> Self {
        Self {
            clock: ClockHours::of(zone),
            short,
            within,
            service: Service::default(),
            working: ByPair::default(),
        }
    }

    /// Takes in a call; each began at or after the one before it.
    pub fn add(&mut self, call: &LoggedCall<'_>) {
        if call.end.direction == Direction::Incoming {
            self.serve(call);
        }
        if had_conversation(call) {
            let hour = self.clock.at(call.started_at);
            let extension = match call.employee {
                "" => call.extension,
                _ => "",
            };
            self.working.of(call.employee, extension).add(call, hour);
        }
    }

    /// The figures.
    pub fn finish(mut self) -> Service {
        let working = self.working.sorted().into_iter();
        let load = |([employee, _], working): ([String; 2], Working)| Load {
            employee,
            ..working.load
        };
        self.service.employees = working.map(load).collect();
        self.service
    }

    fn serve(&mut self, call: &LoggedCall<'_>) {
        let Some(fate) = Fate::of(call, self.short) else {
            self.service.unclear += 1;
            return;
        };
        self.service.all.add(call, fate, self.within);
        let within = self.within;
        let add = |line: &mut Level| line.add(call, fate, within);
        under(&mut self.service.by_line, call.line, add);
    }
}

impl Working {
    fn add(&mut self, call: &LoggedCall<'_>, hour: ClockHour) {
        let load = &mut self.load;
        if !load.extensions.contains(call.extension) {
            load.extensions.insert(call.extension.to_owned());
        }
        match call.end.direction {
            Direction::Incoming => load.incoming += 1,
            Direction::Outgoing => load.outgoing += 1,
        }
        load.talk += call.talk;
        if self.hour.replace(hour.start) != Some(hour.start) {
            load.hours += 1;
            load.worked += hour.length();
        }
    }
}

/// Whether people talked here, for a length of time that is known.
pub(super) fn had_conversation(call: &LoggedCall<'_>) -> bool {
    Outcome::of_end(call.end) == Outcome::Contact
        && !matches!(
            call.end.status,
            CallStatus::AnsweredElsewhere | CallStatus::Interrupted
        )
}

#[cfg(test)]
mod tests;
