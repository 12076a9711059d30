//! How many calls go on at once, by a sweep over their starts and ends.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use jiff::Timestamp;

use super::clock_hours::{ClockHour, ClockHours};

/// The calls that go on, as the time goes on. A call goes on from its start until just before its
/// end: one that begins at the very moment another ends is not at once with it.
#[derive(Debug, Default)]
pub(super) struct Concurrency {
    /// When the calls that go on end, the first one on top.
    ends: BinaryHeap<Reverse<Timestamp>>,
}

/// How many calls go on at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct AtOnce {
    pub(super) moment: Timestamp,
    pub(super) hour: ClockHour,
    pub(super) calls: u64,
}

impl Concurrency {
    /// A call begins. What has gone on longest at `start` is told first by [`Self::pass`].
    pub(super) fn begin(&mut self, start: Timestamp, end: Timestamp) {
        self.end_by(start);
        if start < end {
            self.ends.push(Reverse(end));
        }
    }

    /// How many calls go on at this moment, which no earlier one may follow.
    pub(super) fn at(&mut self, moment: Timestamp, clock: &mut ClockHours) -> AtOnce {
        self.end_by(moment);
        AtOnce {
            moment,
            hour: clock.at(moment),
            calls: self.ends.len() as u64,
        }
    }

    /// Goes on to a moment, and tells how many calls go on when an hour of the clock begins before it:
    /// those of the hour before may be more than ever begin in this one.
    pub(super) fn pass(
        &mut self,
        from: Timestamp,
        to: Timestamp,
        clock: &mut ClockHours,
        mut tell: impl FnMut(AtOnce),
    ) {
        let mut next = clock.at(from).end;
        while next < to && !self.ends.is_empty() {
            tell(self.at(next, clock));
            next = clock.at(next).end;
        }
    }

    fn end_by(&mut self, moment: Timestamp) {
        while self.ends.peek().is_some_and(|Reverse(end)| *end <= moment) {
            self.ends.pop();
        }
    }
}
