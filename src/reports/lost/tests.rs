#![allow(clippy::unwrap_used)]
use jiff::Timestamp;

use super::*;
use crate::reports::SHORT_ABANDON;
use crate::reports::fate::tests::{call, given_up, outgoing, rejected, talk};

fn budapest() -> TimeZone {
    TimeZone::get("Europe/Budapest").unwrap()
}

fn days(from: &str, to: &str) -> Period {
    let midnight = |day: &str| {
        let day: Date = day.parse().unwrap();
        day.to_zoned(budapest()).unwrap().timestamp()
    };
    Period {
        from: midnight(from),
        to: midnight(to),
    }
}

fn lost(period: Period, calls: &[LoggedCall<'_>]) -> Lost {
    let mut tally = LostTally::new(period, budapest(), SHORT_ABANDON);
    calls.iter().for_each(|call| tally.add(call));
    tally.finish()
}

fn rate(offered: &Offered) -> (u64, u64) {
    (offered.lost(), offered.counted())
}

#[test]
fn s4_28_a_small_log_has_the_figures_that_a_hand_computes() {
    let period = days("2026-11-16", "2026-11-18");
    let quick = LoggedCall {
        ring: Duration::from_secs(2),
        ..given_up("2026-11-17T10:00:00Z")
    };
    let other_line = LoggedCall {
        line: "sip:sales@example.com",
        ..given_up("2026-11-17T09:59:59Z")
    };
    let figures = lost(
        period,
        &[
            // The two days before: one of four.
            given_up("2026-11-14T09:00:00Z"),
            talk("2026-11-14T09:00:00Z", 60),
            talk("2026-11-15T09:00:00Z", 60),
            talk("2026-11-15T09:00:00Z", 60),
            // 00:30 on Monday, by the clock: Sunday by UTC.
            talk("2026-11-15T23:30:00Z", 60),
            talk("2026-11-16T09:00:00Z", 60),
            rejected("2026-11-16T09:30:00Z"),
            call(
                "2026-11-16T09:31:00Z",
                crate::model::CallStatus::Missed,
                crate::model::EndReason::NoAnswer,
            ),
            outgoing(given_up("2026-11-16T12:00:00Z")),
            other_line,
            quick,
            talk("2026-11-17T10:00:00Z", 60),
        ],
    );
    assert_eq!(rate(&figures.before), (1, 4));
    assert_eq!((figures.all.calls(), rate(&figures.all)), (7, (2, 6)));
    assert_eq!(figures.all.of(Fate::Rejected), 1);
    assert_eq!(figures.all.of(Fate::Short), 1);
    let day = |day: &str| &figures.by_day[&day.parse::<Date>().unwrap()];
    assert_eq!(rate(day("2026-11-16")), (1, 4));
    assert_eq!(rate(day("2026-11-17")), (1, 2));
    assert_eq!(figures.by_day.len(), 2);
    let hour = |hour: usize| rate(&figures.by_hour[hour]);
    assert_eq!([hour(0), hour(10), hour(11)], [(0, 1), (2, 4), (0, 1)]);
    assert_eq!(rate(&figures.by_line["sip:sales@example.com"]), (1, 1));
    assert_eq!(rate(&figures.by_line["sip:office@example.com"]), (1, 5));
    // 33.3 % after 25 %; 25 % on one day and 50 % on the next.
    assert!((figures.change().unwrap() - 100.0 / 12.0).abs() < 1e-9);
    assert!((figures.slope().unwrap() - 25.0).abs() < 1e-9);
}

#[test]
fn s4_28_the_slope_is_that_of_the_least_squares_line() {
    // By hand: mean of x 1.5, of y 17.5; Σ(x−1.5)(y−17.5) = 35, Σ(x−1.5)² = 5.
    let points = [(0.0, 10.0), (1.0, 10.0), (2.0, 20.0), (3.0, 30.0)];
    assert_eq!(slope(&points), Some(7.0));
    // A day without calls has no rate; the days around it keep their distance.
    assert_eq!(slope(&[(0.0, 10.0), (4.0, 30.0)]), Some(5.0));
    assert_eq!(slope(&[(3.0, 10.0)]), None);
    assert_eq!(slope(&[]), None);
    let flat = lost(
        days("2026-11-16", "2026-11-19"),
        &[
            given_up("2026-11-16T09:00:00Z"),
            given_up("2026-11-18T09:00:00Z"),
        ],
    );
    assert_eq!(flat.slope(), Some(0.0));
}

#[test]
fn s4_28_an_empty_period_one_call_and_only_rejected_ones_have_no_trend() {
    let period = days("2026-11-16", "2026-11-18");
    let empty = lost(period, &[]);
    assert_eq!(empty, Lost::default());
    assert_eq!((empty.change(), empty.slope()), (None, None));
    let one = lost(period, &[given_up("2026-11-16T09:00:00Z")]);
    assert_eq!(one.all.lost_rate(), Some(1.0));
    assert_eq!((one.change(), one.slope()), (None, None));
    let turned_away = [
        rejected("2026-11-14T09:00:00Z"),
        rejected("2026-11-16T09:00:00Z"),
        rejected("2026-11-16T10:00:00Z"),
    ];
    let figures = lost(period, &turned_away);
    assert_eq!(figures.all.of(Fate::Rejected), 2);
    assert_eq!(figures.all.lost_rate(), Some(0.0));
    assert_eq!((figures.change(), figures.slope()), (Some(0.0), None));
    let mut going_on = talk("2026-11-17T09:00:00Z", 60);
    going_on.end.is_over = false;
    let figures = lost(period, &[going_on]);
    assert_eq!((figures.all.calls(), figures.unclear), (0, 1));
}

#[test]
fn s4_28_a_day_with_25_hours_is_one_and_its_repeated_hour_is_counted_together() {
    // On 25 October clocks are put back from three to two.
    let figures = lost(
        days("2026-10-25", "2026-10-26"),
        &[
            given_up("2026-10-24T22:00:00Z"),
            given_up("2026-10-25T00:30:00Z"),
            talk("2026-10-25T01:30:00Z", 60),
            talk("2026-10-25T22:59:59.999Z", 60),
        ],
    );
    assert_eq!(figures.by_day.len(), 1);
    let hours = [0, 2, 23].map(|hour: usize| rate(&figures.by_hour[hour]));
    assert_eq!(hours, [(1, 1), (1, 2), (0, 1)]);
}

#[test]
fn s4_28_the_period_before_has_as_many_days_however_long_they_are() {
    let two_weeks = days("2026-10-19", "2026-11-02");
    assert_eq!(
        two_weeks.before(&budapest()),
        days("2026-10-05", "2026-10-19")
    );
    let after = days("2026-11-02", "2026-11-16");
    assert_eq!(after.before(&budapest()), two_weeks);
    let morning = Period {
        from: "2026-11-16T08:00:00Z".parse().unwrap(),
        to: "2026-11-16T11:00:00Z".parse().unwrap(),
    };
    let before: Timestamp = "2026-11-16T05:00:00Z".parse().unwrap();
    assert_eq!(morning.before(&budapest()).from, before);
    let everything = Period {
        from: Timestamp::MIN,
        to: Timestamp::MAX,
    };
    assert_eq!(everything.before(&TimeZone::UTC).from, Timestamp::MIN);
}
