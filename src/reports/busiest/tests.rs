#![allow(clippy::unwrap_used)]
use super::*;
use crate::reports::SHORT_ABANDON;
use crate::reports::fate::tests::{given_up, outgoing, rejected, talk};

fn period(from: &str, to: &str) -> Period {
    Period {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    }
}

/// Friday, 20 November, by UTC.
fn friday() -> Period {
    period("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")
}

fn busiest(period: Period, zone: &str, calls: &[LoggedCall<'_>]) -> Busiest {
    let zone = TimeZone::get(zone).unwrap();
    let mut tally = BusiestTally::new(period, zone, SHORT_ABANDON);
    calls.iter().for_each(|call| tally.add(call));
    tally.finish()
}

/// A call from one moment to another of the Friday.
fn during(from: &str, to: &str) -> LoggedCall<'static> {
    let at = |time: &str| format!("2026-11-20T{time}Z");
    LoggedCall {
        until: at(to).parse().unwrap(),
        ..talk(&at(from), 60)
    }
}

fn most(figures: &Busiest, weekday: usize) -> Vec<(usize, u64)> {
    let hours = figures.week[weekday].iter().map(|busy| busy.most);
    hours.enumerate().filter(|(_, most)| *most > 0).collect()
}

#[test]
fn s4_29_the_most_calls_at_once_are_those_of_a_hand() {
    let figures = busiest(
        friday(),
        "UTC",
        &[
            during("08:58:00", "09:10:00"),
            during("09:00:00", "09:05:00"),
            during("09:05:00", "09:06:00"), // as the one before ends
            outgoing(during("09:05:30", "11:00:00")),
            during("09:20:00", "09:20:00"), // over at once
            during("11:00:00", "11:01:00"),
        ],
    );
    assert_eq!(most(&figures, 4), [(8, 1), (9, 3), (10, 1), (11, 1)]);
    assert_eq!(figures.all.most, 3);
    assert_eq!(
        figures.most_at,
        Some("2026-11-20T09:05:30Z".parse().unwrap())
    );
    let nine = &figures.week[4][9];
    assert_eq!(
        (nine.offered.calls(), nine.talk),
        (3, Duration::from_mins(4))
    );
    assert_eq!(figures.all.offered.calls(), 5);
}

#[test]
fn s4_29_calls_across_the_edges_of_the_period_are_among_those_at_once() {
    let ten_to_ten = period("2026-11-20T09:30:00Z", "2026-11-20T10:30:00Z");
    let figures = busiest(
        ten_to_ten,
        "UTC",
        &[
            during("09:00:00", "09:30:00"), // over as the period begins
            during("09:00:00", "09:45:00"),
            during("09:29:00", "12:00:00"),
            during("10:10:00", "12:00:00"),
        ],
    );
    assert_eq!(most(&figures, 4), [(9, 2), (10, 2)]);
    assert_eq!(figures.most_at, Some(ten_to_ten.from));
    // Only what begins in the period is counted otherwise.
    assert_eq!(figures.all.offered.calls(), 1);
    assert_eq!(figures.all.talk, Duration::from_mins(1));
    // Nothing begins in it, and yet two go on.
    let figures = busiest(ten_to_ten, "UTC", &[during("09:00:00", "10:00:00")]);
    assert_eq!(most(&figures, 4), [(9, 1)]);
    assert_eq!(figures.all.offered.calls(), 0);
}

#[test]
fn s4_29_a_call_over_midnight_goes_on_in_both_days() {
    let over = LoggedCall {
        until: "2026-11-21T01:30:00Z".parse().unwrap(),
        ..talk("2026-11-20T23:50:00Z", 60)
    };
    let two_days = period("2026-11-20T00:00:00Z", "2026-11-22T00:00:00Z");
    let figures = busiest(two_days, "UTC", &[over]);
    assert_eq!(most(&figures, 4), [(23, 1)]);
    assert_eq!(most(&figures, 5), [(0, 1), (1, 1)]);
    assert_eq!(figures.week[4][23].offered.calls(), 1);
    // The same by the clock of Budapest, one hour later.
    let figures = busiest(two_days, "Europe/Budapest", &[over]);
    assert_eq!(most(&figures, 5), [(0, 1), (1, 1), (2, 1)]);
}

#[test]
fn s4_29_hours_that_a_change_of_clocks_repeats_or_leaves_out_have_their_calls() {
    // Two to three comes twice on 25 October, a Sunday.
    let autumn = period("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    let long = LoggedCall {
        until: "2026-10-25T02:30:00Z".parse().unwrap(),
        ..talk("2026-10-25T00:30:00Z", 7200)
    };
    let second = talk("2026-10-25T01:30:00Z", 60);
    let figures = busiest(autumn, "Europe/Budapest", &[long, second]);
    assert_eq!(most(&figures, 6), [(2, 2), (3, 1)]);
    assert_eq!(figures.week[6][2].offered.calls(), 2);
    // Two to three is left out on 29 March.
    let spring = period("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    let long = LoggedCall {
        until: "2026-03-29T01:30:00Z".parse().unwrap(),
        ..talk("2026-03-29T00:30:00Z", 3600)
    };
    let figures = busiest(spring, "Europe/Budapest", &[long]);
    assert_eq!(most(&figures, 6), [(1, 1), (3, 1)]);
}

#[test]
fn s4_29_an_empty_period_has_no_busiest_hour_and_rejected_calls_are_offered() {
    assert_eq!(busiest(friday(), "UTC", &[]), Busiest::default());
    let figures = busiest(
        friday(),
        "UTC",
        &[
            rejected("2026-11-20T09:00:00Z"),
            given_up("2026-11-20T09:30:00Z"),
        ],
    );
    let nine = &figures.week[4][9];
    assert_eq!((nine.offered.calls(), nine.offered.lost()), (2, 1));
    assert_eq!((nine.talk, nine.most), (Duration::ZERO, 1));
}
