//! Lost calls: how many of the incoming calls were, by day, hour and line, and where that tends.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::clock_hours::ClockHours;
use super::{Fate, LoggedCall, Offered, Period, under};
use crate::model::Direction;

/// The lost calls of a period.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lost {
    /// All incoming calls of the period.
    pub all: Offered,
    /// Those of the period of the same length before it.
    pub before: Offered,
    /// By the day on which they began; days without calls are left out.
    pub by_day: BTreeMap<Date, Offered>,
    /// By what the clock showed when they began.
    pub by_hour: [Offered; 24],
    /// By the address of record of the line.
    pub by_line: BTreeMap<String, Offered>,
    /// Incoming calls that still go on, or of which the row does not say what became: in no figure.
    pub unclear: u64,
}

impl Lost {
    /// By how many percentage points the lost-call rate changed against the period before.
    pub fn change(&self) -> Option<f64> {
        Some(points(self.all.lost_rate()?) - points(self.before.lost_rate()?))
    }

    /// By how many percentage points a day the lost-call rate rises: the slope of the least-squares
    /// line through the days' rates, each day as heavy as the other. None with fewer than two days
    /// that have a rate.
    pub fn slope(&self) -> Option<f64> {
        let (&first, _) = self.by_day.first_key_value()?;
        let rate = |(day, offered): (&Date, &Offered)| {
            let days = day.duration_since(first).as_hours() / 24;
            Some((days as f64, points(offered.lost_rate()?)))
        };
        slope(&self.by_day.iter().filter_map(rate).collect::<Vec<_>>())
    }
}

/// Makes [`Lost`] of calls.
#[derive(Debug)]
pub struct LostTally {
    clock: ClockHours,
    period: Period,
    short: Duration,
    lost: Lost,
}

impl LostTally {
    /// Nothing yet. Days and hours are those of `zone`; whoever gives up in less than `short` is
    /// counted apart.
    pub fn new(period: Period, zone: TimeZone, short: Duration) -> Self {
        Self {
            clock: ClockHours::of(zone),
            period,
            short,
            lost: Lost::default(),
        }
    }

    /// Takes in a call of the period, or of the one before it.
    pub fn add(&mut self, call: &LoggedCall<'_>) {
        if call.end.direction == Direction::Outgoing {
            return;
        }
        let is_before = call.started_at < self.period.from;
        match Fate::of(call, self.short) {
            Some(fate) if is_before => self.lost.before.add(fate),
            Some(fate) => self.count(call, fate),
            None if is_before => {}
            None => self.lost.unclear += 1,
        }
    }

    fn count(&mut self, call: &LoggedCall<'_>, fate: Fate) {
        let hour = self.clock.at(call.started_at);
        let lost = &mut self.lost;
        lost.all.add(fate);
        lost.by_day.entry(hour.day).or_default().add(fate);
        lost.by_hour[hour.hour].add(fate);
        under(&mut lost.by_line, call.line, |line| line.add(fate));
    }

    /// The figures.
    pub fn finish(self) -> Lost {
        self.lost
    }
}

/// The slope of the least-squares line through these points.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let both = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y));
    let square = points.iter().map(|(x, _)| (x - mean_x).powi(2));
    let (both, square): (f64, f64) = (both.sum(), square.sum());
    (square > 0.0).then(|| both / square)
}

fn points(rate: f64) -> f64 {
    rate * 100.0
}

#[cfg(test)]
mod tests;
