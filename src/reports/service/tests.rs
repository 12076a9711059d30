#![allow(clippy::unwrap_used)]
use super::*;
use crate::model::EndReason;
use crate::reports::SHORT_ABANDON;
use crate::reports::fate::tests::{call, given_up, outgoing, rejected, talk};

fn service(calls: &[LoggedCall<'_>]) -> Service {
    service_in(TimeZone::UTC, calls)
}

fn service_in(zone: TimeZone, calls: &[LoggedCall<'_>]) -> Service {
    let mut tally = ServiceTally::new(zone, SHORT_ABANDON, SERVICE_WITHIN);
    calls.iter().for_each(|call| tally.add(call));
    tally.finish()
}

fn rung(seconds: u64, call: LoggedCall<'static>) -> LoggedCall<'static> {
    LoggedCall {
        ring: Duration::from_secs(seconds),
        ..call
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const NINE: &str = "2026-11-20T09:00:00Z";

#[test]
fn s4_29_a_small_log_has_the_figures_that_a_hand_computes() {
    let elsewhere = CallStatus::AnsweredElsewhere;
    let sales = LoggedCall {
        line: "sip:sales@example.com",
        ..rung(30, talk("2026-11-20T09:20:00Z", 300))
    };
    let figures = service(&[
        rung(20, talk(NINE, 60)),
        rung(21, talk("2026-11-20T09:10:00Z", 120)),
        sales,
        rung(9, call(NINE, elsewhere, EndReason::AnsweredElsewhere)),
        rung(45, given_up("2026-11-20T09:30:00Z")),
        rung(4, given_up("2026-11-20T09:31:00Z")),
        rung(
            90,
            call(
                "2026-11-20T09:40:00Z",
                CallStatus::Missed,
                EndReason::Transferred,
            ),
        ),
        rejected("2026-11-20T09:50:00Z"),
        outgoing(talk("2026-11-20T10:10:00Z", 600)),
    ]);
    let all = figures.all;
    assert_eq!((all.offered.calls(), all.offered.counted()), (7, 6));
    assert_eq!(all.within, 2, "those who waited 20 s and 9 s");
    assert_eq!(all.service_level(), Some(2.0 / 6.0));
    assert_eq!(all.speed_of_answer(), Some(seconds(20)));
    assert_eq!(all.longest_wait, seconds(45));
    assert_eq!(all.offered.abandonment_rate(), Some(1.0 / 6.0));
    assert_eq!((all.handled, all.handling_time()), (3, Some(seconds(160))));
    assert_eq!(figures.by_line.len(), 2);
    let sales = &figures.by_line["sip:sales@example.com"];
    assert_eq!(sales.service_level(), Some(0.0));
    assert_eq!(sales.handling_time(), Some(seconds(300)));

    // Anna worked at nine and at ten and talked for 1080 s of the 7200.
    let [anna] = &figures.employees[..] else {
        panic!("{:?}", figures.employees);
    };
    assert_eq!(
        (&*anna.employee, anna.incoming, anna.outgoing),
        ("Anna", 3, 1)
    );
    assert_eq!((anna.hours, anna.worked), (2, seconds(7200)));
    assert_eq!(
        (anna.talk, anna.mean()),
        (seconds(1080), Some(seconds(270)))
    );
    assert_eq!(anna.occupancy(), Some(0.15));
}

#[test]
fn s4_29_an_employee_with_two_extensions_is_one_and_works_an_hour_once() {
    let at = |extension, employee, started_at| LoggedCall {
        extension,
        employee,
        ..talk(started_at, 360)
    };
    let figures = service(&[
        at("101", "Anna", NINE),
        at("102", "Anna", "2026-11-20T09:20:00Z"),
        at("101", "Anna", "2026-11-20T09:40:00Z"),
        at("103", "", "2026-11-20T09:41:00Z"),
        at("104", "", "2026-11-20T09:42:00Z"),
    ]);
    let [first, second, anna] = &figures.employees[..] else {
        panic!("{:?}", figures.employees);
    };
    let extensions = |load: &Load| load.extensions.iter().cloned().collect::<Vec<_>>();
    assert_eq!(extensions(first), ["103"]);
    assert_eq!(extensions(second), ["104"]);
    assert_eq!(extensions(anna), ["101", "102"]);
    assert_eq!((anna.hours, anna.occupancy()), (1, Some(0.3)));
}

#[test]
fn s4_29_an_hour_of_work_is_as_long_as_the_clock_makes_it() {
    // Half an hour back at two: the repeated hour is half an hour.
    let island = TimeZone::get("Australia/Lord_Howe").unwrap();
    let figures = service_in(
        island,
        &[
            talk("2026-04-04T14:10:00Z", 900),
            talk("2026-04-04T15:10:00Z", 900),
        ],
    );
    let [anna] = &figures.employees[..] else {
        panic!("{:?}", figures.employees);
    };
    assert_eq!((anna.hours, anna.worked), (2, seconds(90 * 60)));
    // The hour that comes twice in Budapest is two hours of work.
    let budapest = TimeZone::get("Europe/Budapest").unwrap();
    let figures = service_in(
        budapest,
        &[
            talk("2026-10-25T00:30:00Z", 60),
            talk("2026-10-25T01:30:00Z", 60),
        ],
    );
    assert_eq!(figures.employees[0].worked, seconds(7200));
}

#[test]
fn s4_29_what_nobody_talked_in_or_a_crash_cut_off_is_no_load() {
    let empty = service(&[]);
    assert_eq!(empty, Service::default());
    assert_eq!(empty.all.service_level(), None);
    assert_eq!(empty.all.speed_of_answer(), None);
    assert_eq!(empty.all.handling_time(), None);
    assert_eq!(Load::default().occupancy(), None);

    let mut silent = talk(NINE, 60);
    silent.end.is_silent = true;
    let mut cut_off = talk(NINE, 60);
    cut_off.end.status = CallStatus::Interrupted;
    let mut going_on = talk(NINE, 60);
    going_on.end.is_over = false;
    let figures = service(&[silent, cut_off, going_on, rejected(NINE)]);
    assert_eq!(figures.employees, []);
    assert_eq!((figures.all.handled, figures.unclear), (0, 1));
    assert_eq!(figures.all.offered.of(Fate::Answered), 1, "the one cut off");
    assert_eq!(figures.all.service_level(), Some(1.0 / 3.0));

    let only_rejected = service(&[rejected(NINE)]);
    assert_eq!(only_rejected.all.service_level(), Some(0.0));
    assert_eq!(only_rejected.all.offered.abandonment_rate(), Some(0.0));
}

#[test]
fn s4_29_two_conversations_at_once_may_fill_more_than_an_hour() {
    let figures = service(&[talk(NINE, 3600), talk("2026-11-20T09:30:00Z", 3600)]);
    assert_eq!(figures.employees[0].occupancy(), Some(2.0));
}
