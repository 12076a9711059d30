//! The report on service as CSV and JSON: the keys are a contract and never translated.

use std::io::Write;

use serde_json::{Value, json};

use super::ExportError;
use super::calls::{rounded, seconds, utc};
use super::line::{Line, write_lines};
use super::lost::offered_json;
use crate::reports::{Level, Load, Period, Service};

/// The columns of the report's CSV. What a line is about stands in `group`; a cell that does not
/// belong to it is empty. Times are UTC.
pub const SERVICE_COLUMNS: [&str; 29] = [
    "from",
    "to",
    "group",
    "line",
    "employee",
    "extensions",
    "offered",
    "answered",
    "elsewhere",
    "lost",
    "abandoned",
    "unanswered",
    "rejected",
    "short",
    "passed_on",
    "lost_rate",
    "in_time",
    "service_level",
    "answer_mean_s",
    "longest_wait_s",
    "abandonment_rate",
    "incoming",
    "outgoing",
    "conversations",
    "talk_s",
    "mean_s",
    "hours",
    "worked_s",
    "occupancy",
];

/// The figures of a period.
pub fn service_json(period: Period, figures: &Service) -> Value {
    let lines = figures.by_line.iter().map(|(line, level)| {
        let mut json = level_json(level);
        json["line"] = json!(line);
        json
    });
    json!({
        "from": utc(period.from),
        "to": utc(period.to),
        "all": level_json(&figures.all),
        "by_line": lines.collect::<Vec<_>>(),
        "employees": figures.employees.iter().map(load_json).collect::<Vec<_>>(),
        "not_counted": {"unclear": figures.unclear},
    })
}

fn level_json(level: &Level) -> Value {
    let mut json = offered_json(&level.offered);
    for (key, value) in [
        ("in_time", json!(level.within)),
        ("service_level", json!(level.service_level().map(rounded))),
        ("answer_mean_s", json!(level.speed_of_answer().map(seconds))),
        ("longest_wait_s", json!(seconds(level.longest_wait))),
        (
            "abandonment_rate",
            json!(level.offered.abandonment_rate().map(rounded)),
        ),
        ("conversations", json!(level.handled)),
        ("talk_s", json!(seconds(level.talk))),
        ("mean_s", json!(level.handling_time().map(seconds))),
    ] {
        json[key] = value;
    }
    json
}

fn load_json(load: &Load) -> Value {
    json!({
        "employee": load.employee,
        "extensions": load.extensions,
        "incoming": load.incoming,
        "outgoing": load.outgoing,
        "conversations": load.conversations(),
        "talk_s": seconds(load.talk),
        "mean_s": load.mean().map(seconds),
        "hours": load.hours,
        "worked_s": seconds(load.worked),
        "occupancy": load.occupancy().map(rounded),
    })
}

/// Writes the figures of each period as CSV.
pub fn service_as_csv(
    reports: &[(Period, Service)],
    output: impl Write,
) -> Result<(), ExportError> {
    let lines = reports
        .iter()
        .flat_map(|(period, figures)| lines(*period, figures));
    write_lines(&SERVICE_COLUMNS, lines, output)
}

fn lines(period: Period, figures: &Service) -> Vec<Line> {
    let line = |group: &str| Line::of(&SERVICE_COLUMNS, period, group);
    let mut lines = vec![line("all").level(&figures.all)];
    for (name, level) in &figures.by_line {
        lines.push(line("line").with("line", name).level(level));
    }
    for load in &figures.employees {
        lines.push(line("employee").load(load));
    }
    lines.push(line("not_counted").with("offered", figures.unclear));
    lines
}

impl Line {
    fn level(self, level: &Level) -> Self {
        let abandonment = level.offered.abandonment_rate().map(rounded);
        self.offered(&level.offered)
            .with("in_time", level.within)
            .with_some("service_level", level.service_level().map(rounded))
            .with_some("answer_mean_s", level.speed_of_answer().map(seconds))
            .with("longest_wait_s", seconds(level.longest_wait))
            .with_some("abandonment_rate", abandonment)
            .with("conversations", level.handled)
            .with("talk_s", seconds(level.talk))
            .with_some("mean_s", level.handling_time().map(seconds))
    }

    fn load(self, load: &Load) -> Self {
        let extensions: Vec<&str> = load.extensions.iter().map(String::as_str).collect();
        self.with("employee", &load.employee)
            .with("extensions", extensions.join(" "))
            .with("incoming", load.incoming)
            .with("outgoing", load.outgoing)
            .with("conversations", load.conversations())
            .with("talk_s", seconds(load.talk))
            .with_some("mean_s", load.mean().map(seconds))
            .with("hours", load.hours)
            .with("worked_s", seconds(load.worked))
            .with_some("occupancy", load.occupancy().map(rounded))
    }
}
