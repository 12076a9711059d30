//! The report on handling time as CSV and JSON: the keys are a contract and never translated.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::ExportError;
use super::calls::{rounded, seconds, utc};
use super::line::{Line, write_lines};
use crate::model::Direction;
use crate::reports::{Callers, Handling, Identification, Lengths, Operator, Period, Saving, Work};

/// The columns of the report's CSV. What a line is about stands in `group`; a cell that does not
/// belong to it is empty. Times are UTC.
pub const HANDLING_COLUMNS: [&str; 23] = [
    "from",
    "to",
    "group",
    "direction",
    "callers",
    "extension",
    "employee",
    "hour",
    "conversations",
    "talk_s",
    "mean_s",
    "median_s",
    "hold_mean_s",
    "ring_mean_s",
    "within_120_s",
    "hours",
    "per_hour",
    "saved_each_s",
    "saved_h",
    "saved_share",
    "named_at_once",
    "named_later",
    "named_mean_s",
];

/// The figures of a period.
pub fn handling_json(period: Period, figures: &Handling) -> Value {
    let operators: Vec<Value> = figures.operators.iter().map(operator_json).collect();
    json!({
        "from": utc(period.from),
        "to": utc(period.to),
        "incoming": callers_json(&figures.incoming),
        "outgoing": callers_json(&figures.outgoing),
        "together": callers_json(&figures.together),
        "operators": operators,
        "by_hour": by_hour_json(&figures.by_hour),
        "not_counted": {"colleagues": figures.colleagues, "cut_off": figures.cut_off},
    })
}

fn callers_json(callers: &Callers) -> Value {
    let (saved, nothing) = match callers.saving() {
        Saving::TooFew => (Value::Null, Some("too_few")),
        Saving::Nothing { .. } => (Value::Null, Some("no_shorter")),
        Saving::Saved {
            each,
            together,
            share,
        } => {
            let saved = json!({
                "each_s": seconds(each),
                "hours": hours(together),
                "share": rounded(share),
            });
            (saved, None)
        }
    };
    let identification = &callers.identification;
    json!({
        "identified": lengths_json(&callers.identified),
        "unidentified": lengths_json(&callers.unidentified),
        "unclear": lengths_json(&callers.unclear),
        "all": lengths_json(&callers.all),
        "named": {
            "at_once": identification.at_once,
            "later": identification.later,
            "mean_s": identification.mean().map(seconds),
        },
        "saved": saved,
        "nothing_saved": nothing,
    })
}

fn lengths_json(lengths: &Lengths) -> Value {
    json!({
        "conversations": lengths.conversations,
        "talk_s": seconds(lengths.talk),
        "mean_s": lengths.mean().map(seconds),
        "median_s": lengths.median.map(seconds),
        "hold_mean_s": lengths.mean_hold().map(seconds),
        "ring_mean_s": lengths.mean_ring().map(seconds),
        "within_120_s": lengths.short_share().map(rounded),
    })
}

fn operator_json(operator: &Operator) -> Value {
    let mut json = work_json(&operator.work());
    json["extension"] = json!(operator.extension);
    json["employee"] = json!(operator.employee);
    json["by_hour"] = by_hour_json(&operator.by_hour);
    json
}

/// The hours of the day in which there were conversations.
fn by_hour_json(hours: &[Work; 24]) -> Value {
    let worked = worked(hours).map(|(hour, work)| {
        let mut json = work_json(work);
        json["hour"] = json!(hour);
        json
    });
    worked.collect()
}

fn work_json(work: &Work) -> Value {
    json!({
        "conversations": work.conversations,
        "talk_s": seconds(work.talk),
        "mean_s": work.mean().map(seconds),
        "hours": work.hours,
        "per_hour": work.per_hour().map(rounded),
    })
}

/// Writes the figures of each period as CSV.
pub fn handling_as_csv(
    reports: &[(Period, Handling)],
    output: impl Write,
) -> Result<(), ExportError> {
    let lines = reports
        .iter()
        .flat_map(|(period, figures)| lines(*period, figures));
    write_lines(&HANDLING_COLUMNS, lines, output)
}

fn lines(period: Period, figures: &Handling) -> Vec<Line> {
    let line = |group: &str| Line::of(&HANDLING_COLUMNS, period, group);
    let directions = [
        (Direction::Incoming.as_str(), &figures.incoming),
        (Direction::Outgoing.as_str(), &figures.outgoing),
        ("together", &figures.together),
    ];
    let mut lines = Vec::new();
    for (direction, callers) in directions {
        let sides = [
            ("identified", &callers.identified),
            ("unidentified", &callers.unidentified),
            ("unclear", &callers.unclear),
            ("all", &callers.all),
        ];
        for (side, lengths) in sides {
            let mut line = line("callers")
                .with("direction", direction)
                .with("callers", side);
            line = line.lengths(lengths);
            line = match side {
                "identified" => line.saving(callers.saving()),
                "all" => line.identification(&callers.identification),
                _ => line,
            };
            lines.push(line);
        }
    }
    for operator in &figures.operators {
        let of_operator = |group: &str| {
            let line = line(group).with("extension", &operator.extension);
            line.with("employee", &operator.employee)
        };
        lines.push(of_operator("operator").work(&operator.work()));
        for (hour, work) in worked(&operator.by_hour) {
            lines.push(of_operator("operator_hour").with("hour", hour).work(work));
        }
    }
    for (hour, work) in worked(&figures.by_hour) {
        lines.push(line("hour").with("hour", hour).work(work));
    }
    for (who, conversations) in [
        ("colleagues", figures.colleagues),
        ("cut_off", figures.cut_off),
    ] {
        let line = line("not_counted").with("callers", who);
        lines.push(line.with("conversations", conversations));
    }
    lines
}

impl Line {
    fn lengths(self, lengths: &Lengths) -> Self {
        self.with("conversations", lengths.conversations)
            .with("talk_s", seconds(lengths.talk))
            .with_some("mean_s", lengths.mean().map(seconds))
            .with_some("median_s", lengths.median.map(seconds))
            .with_some("hold_mean_s", lengths.mean_hold().map(seconds))
            .with_some("ring_mean_s", lengths.mean_ring().map(seconds))
            .with_some("within_120_s", lengths.short_share().map(rounded))
    }

    fn saving(self, saving: Saving) -> Self {
        match saving {
            Saving::TooFew | Saving::Nothing { .. } => self,
            Saving::Saved {
                each,
                together,
                share,
            } => self
                .with("saved_each_s", seconds(each))
                .with("saved_h", hours(together))
                .with("saved_share", rounded(share)),
        }
    }

    fn identification(self, identification: &Identification) -> Self {
        self.with("named_at_once", identification.at_once)
            .with("named_later", identification.later)
            .with_some("named_mean_s", identification.mean().map(seconds))
    }

    fn work(self, work: &Work) -> Self {
        self.with("conversations", work.conversations)
            .with("talk_s", seconds(work.talk))
            .with_some("mean_s", work.mean().map(seconds))
            .with("hours", work.hours)
            .with_some("per_hour", work.per_hour().map(rounded))
    }
}

/// The hours of the day in which there were conversations.
fn worked(hours: &[Work; 24]) -> impl Iterator<Item = (usize, &Work)> {
    let hours = hours.iter().enumerate();
    hours.filter(|(_, work)| work.conversations > 0)
}

fn hours(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() / 3600.0)
}
