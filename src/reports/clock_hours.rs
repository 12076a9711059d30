//! The hours that a clock on the wall shows, through every change of the clocks.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Finds the clock hours of moments. Cheap for moments of the same hour in a row.
#[derive(Debug)]
pub(super) struct ClockHours {
    zone: TimeZone,
    latest: ClockHour,
}

/// An hour of a clock on the wall. One that a change of the clocks repeats is two, and one that is
/// cut short is as long as it is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockHour {
    /// Its first moment: what tells it from every other.
    pub(super) start: Timestamp,
    /// The first moment after it.
    pub(super) end: Timestamp,
    /// The day that the calendar shows.
    pub(super) day: Date,
    /// What the clock shows, 0 to 23.
    pub(super) hour: usize,
}

impl ClockHours {
    /// The hours of this zone.
    pub(super) fn of(zone: TimeZone) -> Self {
        let latest = ClockHour::of(Timestamp::UNIX_EPOCH, &zone);
        Self { zone, latest }
    }

    /// The hour of a moment.
    pub(super) fn at(&mut self, moment: Timestamp) -> ClockHour {
        if moment < self.latest.start || self.latest.end <= moment {
            self.latest = ClockHour::of(moment, &self.zone);
        }
        self.latest
    }
}

impl ClockHour {
    /// How long it is: an hour, but where clocks are changed.
    pub(super) fn length(&self) -> Duration {
        let length = self.start.duration_until(self.end);
        length.try_into().unwrap_or_default()
    }

    /// The day of the week: Monday is 0.
    pub(super) fn weekday(&self) -> usize {
        usize::from(self.day.weekday().to_monday_zero_offset().unsigned_abs())
    }

    fn of(moment: Timestamp, zone: &TimeZone) -> Self {
        let shown = zone.to_datetime(moment);
        let time = shown.time();
        let minutes = SignedDuration::from_mins(time.minute().into());
        let seconds = SignedDuration::new(time.second().into(), time.subsec_nanosecond());
        let start = earlier(moment, minutes + seconds);
        let end = later(start, SignedDuration::from_hours(1));
        // The change at the moment itself lies before it.
        let just_after = later(moment, SignedDuration::from_nanos(1));
        let changed = zone.preceding(just_after).next();
        let changes = zone.following(moment).next();
        Self {
            start: changed.map_or(start, |change| change.timestamp().max(start)),
            end: changes.map_or(end, |change| change.timestamp().min(end)),
            day: shown.date(),
            hour: usize::from(time.hour().unsigned_abs()),
        }
    }
}

fn earlier(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn later(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The hours of every tenth minute between two moments, each told once: its hour and its minutes.
    fn hours(zone: &str, from: &str, to: &str) -> Vec<(usize, i64)> {
        let mut clock = ClockHours::of(TimeZone::get(zone).unwrap());
        let (mut moment, end): (Timestamp, Timestamp) =
            (from.parse().unwrap(), to.parse().unwrap());
        let mut hours: Vec<ClockHour> = Vec::new();
        while moment < end {
            let hour = clock.at(moment);
            assert!(hour.start <= moment && moment < hour.end, "{hour:?}");
            if hours.last() != Some(&hour) {
                hours.push(hour);
            }
            moment = later(moment, SignedDuration::from_mins(10));
        }
        let minutes = |hour: &ClockHour| hour.start.duration_until(hour.end).as_mins();
        hours
            .iter()
            .map(|hour| (hour.hour, minutes(hour)))
            .collect()
    }

    #[test]
    fn an_hour_that_is_repeated_is_two_and_one_that_is_left_out_is_none() {
        let autumn = hours(
            "Europe/Budapest",
            "2026-10-24T23:00:00Z",
            "2026-10-25T03:00:00Z",
        );
        assert_eq!(autumn, [(1, 60), (2, 60), (2, 60), (3, 60)]);
        let spring = hours(
            "Europe/Budapest",
            "2026-03-29T00:00:00Z",
            "2026-03-29T02:00:00Z",
        );
        assert_eq!(spring, [(1, 60), (3, 60)]);
    }

    #[test]
    fn hours_begin_where_the_zone_begins_them_and_end_where_clocks_are_changed() {
        let nepal = hours(
            "Asia/Kathmandu",
            "2026-11-22T00:00:00Z",
            "2026-11-22T02:00:00Z",
        );
        assert_eq!(nepal, [(5, 60), (6, 60), (7, 60)]);
        // Half an hour back at two: what is left of the repeated hour is half an hour.
        let island = hours(
            "Australia/Lord_Howe",
            "2026-04-04T14:00:00Z",
            "2026-04-04T16:30:00Z",
        );
        assert_eq!(island, [(1, 60), (1, 30), (2, 60)]);
    }

    #[test]
    fn moments_in_any_order_and_at_the_end_of_time_have_their_hours() {
        let mut clock = ClockHours::of(TimeZone::UTC);
        let day: Timestamp = "2026-11-22T09:59:59.999Z".parse().unwrap();
        assert_eq!(clock.at(day).hour, 9);
        assert_eq!(
            clock.at(later(day, SignedDuration::from_millis(1))).hour,
            10
        );
        assert_eq!(clock.at(day).hour, 9);
        assert_eq!(clock.at(Timestamp::MAX).hour, 22);
        assert_eq!(clock.at(Timestamp::MIN).hour, 1);
    }
}
