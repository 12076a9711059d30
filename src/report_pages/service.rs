//! The report on service, for people.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::handling::to_the_second;
use super::lost::{not_counted, share};
use super::shown;
use crate::export::page::{Bars, Page, Part, Table};
use crate::reports::{Fate, Level, Load, Period, SERVICE_GOAL, SERVICE_WITHIN, Service};
use crate::tr;
use crate::words::clock;

/// What the service level is to be: 80 % within 20 s.
#[derive(Debug, Clone, Copy)]
pub struct Aim {
    /// An answer within this time is in time.
    pub within: Duration,
    /// Which share of callers is to be answered in time.
    pub percent: u8,
}

impl Aim {
    /// What is aimed at where nobody says it.
    pub const USUAL: Self = Self {
        within: SERVICE_WITHIN,
        percent: SERVICE_GOAL,
    };
}

/// The figures of a period.
pub fn page(period: Period, figures: &Service, zone: &TimeZone, aim: Aim) -> Page {
    let [from, to] = shown(period, zone);
    let mut parts = Vec::new();
    if figures.all.offered.is_empty() {
        parts.push(Part::Text(vec![tr!("No incoming calls.")]));
    } else {
        parts.push(Part::Text(goal(&figures.all, aim)));
        parts.push(Part::Table(levels(figures)));
    }
    if !figures.employees.is_empty() {
        parts.push(Part::Table(loads(&figures.employees)));
    }
    parts.extend(not_counted(figures.unclear));
    Page {
        heading: tr!(
            "Service of the calls from {from} to {to}",
            from = from,
            to = to
        ),
        parts,
    }
}

fn goal(all: &Level, aim: Aim) -> Vec<String> {
    let Some(level) = all.service_level() else {
        return Vec::new();
    };
    let is_met = level * 100.0 >= f64::from(aim.percent);
    let (level, goal) = (share(level), format!("{} %", aim.percent));
    let seconds = aim.within.as_secs();
    vec![if is_met {
        tr!(
            "Service level: {level} answered within {seconds} s; the goal of {goal} is met.",
            level = level,
            seconds = seconds,
            goal = goal
        )
    } else {
        tr!(
            "Service level: {level} answered within {seconds} s; the goal of {goal} is not met.",
            level = level,
            seconds = seconds,
            goal = goal
        )
    }]
}

fn levels(figures: &Service) -> Table {
    let lines = figures.by_line.iter();
    let lines = lines.map(|(line, level)| (line.clone(), level));
    let all = std::iter::once((tr!("All lines"), &figures.all));
    let rows: Vec<(String, &Level)> = all.chain(lines).collect();
    let served = |(_, level): &(String, &Level)| level.service_level().unwrap_or(0.0);
    Table {
        title: tr!("By line"),
        headings: vec![
            tr!("Line"),
            tr!("calls" => "Offered"),
            tr!("calls" => "Answered"),
            tr!("calls" => "In time"),
            tr!("Service level"),
            tr!("Speed of answer"),
            tr!("Longest wait"),
            tr!("Abandonment"),
            tr!("Handling time"),
        ],
        bars: Some(Bars {
            column: 4,
            values: rows.iter().map(served).collect(),
        }),
        rows: rows.into_iter().map(level_row).collect(),
    }
}

fn level_row((line, level): (String, &Level)) -> Vec<String> {
    let offered = &level.offered;
    let answered = offered.of(Fate::Answered) + offered.of(Fate::Elsewhere);
    vec![
        line,
        offered.calls().to_string(),
        answered.to_string(),
        level.within.to_string(),
        level.service_level().map(share).unwrap_or_default(),
        to_the_second(level.speed_of_answer()),
        to_the_second(Some(level.longest_wait)),
        offered.abandonment_rate().map(share).unwrap_or_default(),
        to_the_second(level.handling_time()),
    ]
}

fn loads(employees: &[Load]) -> Table {
    let occupied = |load: &Load| load.occupancy().unwrap_or(0.0);
    Table {
        title: tr!("By employee"),
        headings: vec![
            tr!("Employee"),
            tr!("Extension"),
            tr!("calls" => "Incoming"),
            tr!("calls" => "Outgoing"),
            tr!("Talk"),
            tr!("Average"),
            tr!("Hours of work"),
            tr!("Occupancy"),
        ],
        rows: employees.iter().map(load_row).collect(),
        bars: Some(Bars {
            column: 7,
            values: employees.iter().map(occupied).collect(),
        }),
    }
}

fn load_row(load: &Load) -> Vec<String> {
    let extensions: Vec<&str> = load.extensions.iter().map(String::as_str).collect();
    vec![
        load.employee.clone(),
        extensions.join(" "),
        load.incoming.to_string(),
        load.outgoing.to_string(),
        clock(load.talk),
        to_the_second(load.mean()),
        load.hours.to_string(),
        load.occupancy().map(share).unwrap_or_default(),
    ]
}
