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
    /// A call begins, at or after every moment that was named before.
    pub(super) fn begin(&mut self, start: Timestamp, end: Timestamp) {
        self.end_by(start);
        if start < end {
            self.ends.push(Reverse(end));
        }
    }

    /// How many calls go on at a moment, at or after every one that was named before.
    pub(super) fn at(&mut self, moment: Timestamp, clock: &mut ClockHours) -> AtOnce {
        self.end_by(moment);
        AtOnce {
            moment,
            hour: clock.at(moment),
            calls: self.ends.len() as u64,
        }
    }

    /// Goes on to a moment, and tells of each hour of the clock that begins before it with how many
    /// calls it does: those of the hour before may be more than there ever are later in this one.
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
