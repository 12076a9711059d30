//! The report on the busiest hours as CSV and JSON: the keys are a contract and never translated.

use std::io::Write;

use serde_json::{Value, json};

use super::ExportError;
use super::calls::{seconds, utc};
use super::line::{Line, write_lines};
use super::lost::offered_json;
use crate::reports::{Busiest, Busy, Period};

/// The columns of the report's CSV: a line for all, one for each of the 168 hours of the week.
/// Times are UTC, weekday and hour the user's.
pub const BUSIEST_COLUMNS: [&str; 18] = [
    "from",
    "to",
    "group",
    "weekday",
    "hour",
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
    "talk_s",
    "at_once",
    "at_once_at",
];

/// The days of the week, Monday first.
const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// The figures of a period.
pub fn busiest_json(period: Period, figures: &Busiest) -> Value {
    let hours = hours(figures).map(|(weekday, hour, busy)| {
        let mut json = busy_json(busy);
        json["weekday"] = json!(weekday);
        json["hour"] = json!(hour);
        json
    });
    let mut all = busy_json(&figures.all);
    all["at_once_at"] = json!(figures.most_at.map(utc));
    json!({
        "from": utc(period.from),
        "to": utc(period.to),
        "all": all,
        "week": hours.collect::<Vec<_>>(),
        "not_counted": {"unclear": figures.unclear},
    })
}

fn busy_json(busy: &Busy) -> Value {
    let mut json = offered_json(&busy.offered);
    json["talk_s"] = json!(seconds(busy.talk));
    json["at_once"] = json!(busy.most);
    json
}

/// Writes the figures of each period as CSV.
pub fn busiest_as_csv(
    reports: &[(Period, Busiest)],
    output: impl Write,
) -> Result<(), ExportError> {
    let lines = reports
        .iter()
        .flat_map(|(period, figures)| lines(*period, figures));
    write_lines(&BUSIEST_COLUMNS, lines, output)
}

fn lines(period: Period, figures: &Busiest) -> Vec<Line> {
    let line = |group: &str| Line::of(&BUSIEST_COLUMNS, period, group);
    let all = line("all").busy(&figures.all);
    let mut lines = vec![all.with_some("at_once_at", figures.most_at.map(utc))];
    for (weekday, hour, busy) in hours(figures) {
        let line = line("hour").with("weekday", weekday).with("hour", hour);
        lines.push(line.busy(busy));
    }
    lines.push(line("not_counted").with("offered", figures.unclear));
    lines
}

impl Line {
    fn busy(self, busy: &Busy) -> Self {
        self.offered(&busy.offered)
            .with("talk_s", seconds(busy.talk))
            .with("at_once", busy.most)
    }
}

/// Every hour of the week.
fn hours(figures: &Busiest) -> impl Iterator<Item = (&'static str, usize, &Busy)> {
    let days = WEEKDAYS.into_iter().zip(&figures.week);
    days.flat_map(|(weekday, hours)| {
        let hours = hours.iter().enumerate();
        hours.map(move |(hour, busy)| (weekday, hour, busy))
    })
}
