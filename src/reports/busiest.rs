//! The busiest hours of the week: when calls come, when they are lost, and how many go on at once.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::clock_hours::ClockHours;
use super::concurrency::{AtOnce, Concurrency};
use super::service::had_conversation;
use super::{Fate, LoggedCall, Offered, Period};
use crate::model::Direction;

/// How long before the period a call may have begun that still goes on in it: none that took longer
/// is counted among those at once.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// The week of a period: all its Mondays together, and so on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Busiest {
    /// By the day of the week, Monday first, and what the clock showed.
    pub week: [[Busy; 24]; 7],
    /// All of it.
    pub all: Busy,
    /// When the most calls first went on at once; none without calls.
    pub most_at: Option<Timestamp>,
    /// Incoming calls that still go on, or of which the row does not say what became.
    pub unclear: u64,
}

/// The calls of some hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Busy {
    /// What became of the incoming calls that began in them.
    pub offered: Offered,
    /// How long the conversations that began in them took from answer to end, in both directions,
    /// all together.
    pub talk: Duration,
    /// The most calls that went on at once in any of them: ringing, dialling or talking, in both
    /// directions.
    pub most: u64,
}

/// Makes [`Busiest`] of calls.
#[derive(Debug)]
pub struct BusiestTally {
    clock: ClockHours,
    period: Period,
    short: Duration,
    going_on: Concurrency,
    /// How far the sweep is; none while it has not come to the period.
    swept: Option<Timestamp>,
    busiest: Busiest,
}

impl BusiestTally {
    /// Nothing yet. Hours are those of `zone`; whoever gives up in less than `short` is counted apart.
    pub fn new(period: Period, zone: TimeZone, short: Duration) -> Self {
        Self {
            clock: ClockHours::of(zone),
            period,
            short,
            going_on: Concurrency::default(),
            swept: None,
            busiest: Busiest::default(),
        }
    }

    /// The calls that it wants: those of the period, and those before that may go on in it.
    pub fn wanted(&self) -> Period {
        let from = self.period.from.checked_sub(LONGEST);
        Period {
            from: from.unwrap_or(Timestamp::MIN),
            ..self.period
        }
    }

    /// Takes in a call; each began at or after the one before it.
    pub fn add(&mut self, call: &LoggedCall<'_>) {
        if call.started_at < self.period.from {
            self.going_on.begin(call.started_at, call.until);
            return;
        }
        self.sweep(call.started_at);
        self.going_on.begin(call.started_at, call.until);
        self.tell(call.started_at);
        self.count(call);
    }

    /// The figures.
    pub fn finish(mut self) -> Busiest {
        self.sweep(self.period.to);
        self.busiest
    }

    /// Goes on to a moment of the period.
    fn sweep(&mut self, to: Timestamp) {
        let from = self.swept.unwrap_or(self.period.from);
        if self.swept.replace(to).is_none() {
            self.tell(from);
        }
        let busiest = &mut self.busiest;
        let tell = |at_once| busiest.tell(at_once);
        self.going_on.pass(from, to, &mut self.clock, tell);
    }

    fn tell(&mut self, moment: Timestamp) {
        let at_once = self.going_on.at(moment, &mut self.clock);
        self.busiest.tell(at_once);
    }

    fn count(&mut self, call: &LoggedCall<'_>) {
        let hour = self.clock.at(call.started_at);
        let fate = match call.end.direction {
            Direction::Incoming => Fate::of(call, self.short),
            Direction::Outgoing => None,
        };
        let talk = match had_conversation(call) {
            true => call.talk,
            false => Duration::ZERO,
        };
        let is_unclear = call.end.direction == Direction::Incoming && fate.is_none();
        let busiest = &mut self.busiest;
        busiest.unclear += u64::from(is_unclear);
        let cell = &mut busiest.week[hour.weekday()][hour.hour];
        for busy in [cell, &mut busiest.all] {
            if let Some(fate) = fate {
                busy.offered.add(fate);
            }
            busy.talk += talk;
        }
    }
}

impl Busiest {
    fn tell(&mut self, at_once: AtOnce) {
        let AtOnce {
            moment,
            hour,
            calls,
        } = at_once;
        let cell = &mut self.week[hour.weekday()][hour.hour];
        cell.most = cell.most.max(calls);
        if calls > self.all.most {
            (self.all.most, self.most_at) = (calls, Some(moment));
        }
    }
}

#[cfg(test)]
mod tests;
