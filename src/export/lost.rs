//! The report on lost calls as CSV and JSON: the keys are a contract and never translated.

use std::io::Write;

use serde_json::{Value, json};

use super::ExportError;
use super::calls::{rounded, utc};
use super::line::{Line, write_lines};
use crate::reports::{Fate, Lost, Offered, Period};

/// The columns of the report's CSV. What a line is about stands in `group`; a cell that does not
/// belong to it is empty. `from` and `to` are UTC, `day` and `hour` the user's.
pub const LOST_COLUMNS: [&str; 18] = [
    "from",
    "to",
    "group",
    "day",
    "hour",
    "line",
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
    "change_points",
    "slope_points",
];

/// The figures of a period.
pub fn lost_json(period: Period, figures: &Lost) -> Value {
    let with = |offered: &Offered, key: &str, value: Value| {
        let mut json = offered_json(offered);
        json[key] = value;
        json
    };
    let days = figures.by_day.iter();
    let days = days.map(|(day, offered)| with(offered, "day", json!(day.to_string())));
    let hours = called(&figures.by_hour).map(|(hour, offered)| with(offered, "hour", json!(hour)));
    let lines = figures.by_line.iter();
    let lines = lines.map(|(line, offered)| with(offered, "line", json!(line)));
    json!({
        "from": utc(period.from),
        "to": utc(period.to),
        "all": offered_json(&figures.all),
        "before": offered_json(&figures.before),
        "trend": {
            "change_points": figures.change().map(rounded),
            "slope_points": figures.slope().map(rounded),
        },
        "by_day": days.collect::<Vec<_>>(),
        "by_hour": hours.collect::<Vec<_>>(),
        "by_line": lines.collect::<Vec<_>>(),
        "not_counted": {"unclear": figures.unclear},
    })
}

/// What became of some incoming calls.
pub(super) fn offered_json(offered: &Offered) -> Value {
    let mut json = json!({
        "offered": offered.calls(),
        "lost": offered.lost(),
        "lost_rate": offered.lost_rate().map(rounded),
    });
    for fate in Fate::ALL {
        json[fate.as_str()] = json!(offered.of(fate));
    }
    json
}

/// Writes the figures of each period as CSV.
pub fn lost_as_csv(reports: &[(Period, Lost)], output: impl Write) -> Result<(), ExportError> {
    let lines = reports
        .iter()
        .flat_map(|(period, figures)| lines(*period, figures));
    write_lines(&LOST_COLUMNS, lines, output)
}

fn lines(period: Period, figures: &Lost) -> Vec<Line> {
    let line = |group: &str| Line::of(&LOST_COLUMNS, period, group);
    let all = line("all")
        .offered(&figures.all)
        .with_some("change_points", figures.change().map(rounded))
        .with_some("slope_points", figures.slope().map(rounded));
    let mut lines = vec![all, line("before").offered(&figures.before)];
    for (day, offered) in &figures.by_day {
        lines.push(line("day").with("day", day).offered(offered));
    }
    for (hour, offered) in called(&figures.by_hour) {
        lines.push(line("hour").with("hour", hour).offered(offered));
    }
    for (name, offered) in &figures.by_line {
        lines.push(line("line").with("line", name).offered(offered));
    }
    lines.push(line("not_counted").with("offered", figures.unclear));
    lines
}

impl Line {
    /// What became of some incoming calls.
    pub(super) fn offered(self, offered: &Offered) -> Self {
        let line = self
            .with("offered", offered.calls())
            .with("lost", offered.lost())
            .with_some("lost_rate", offered.lost_rate().map(rounded));
        let fates = Fate::ALL.into_iter();
        fates.fold(line, |line, fate| {
            line.with(fate.as_str(), offered.of(fate))
        })
    }
}

/// The hours of the day in which there were calls.
fn called(hours: &[Offered; 24]) -> impl Iterator<Item = (usize, &Offered)> {
    let hours = hours.iter().enumerate();
    hours.filter(|(_, offered)| !offered.is_empty())
}
