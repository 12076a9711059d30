//! The report on lost calls, for people.

use jiff::tz::TimeZone;

use super::shown;
use crate::export::page::{Bars, Page, Part, Table};
use crate::reports::{Fate, Lost, Offered, Period};
use crate::{tr, trn};

/// The figures of a period.
pub fn page(period: Period, figures: &Lost, zone: &TimeZone) -> Page {
    let [from, to] = shown(period, zone);
    let mut parts = if figures.all.is_empty() {
        vec![Part::Text(vec![tr!("No incoming calls.")])]
    } else {
        vec![
            Part::Table(totals(figures)),
            Part::Text(trend(figures)),
            Part::Table(by_day(figures)),
            Part::Table(by_hour(figures)),
            Part::Table(by_line(figures)),
        ]
    };
    parts.extend(not_counted(figures.unclear));
    Page {
        heading: tr!("Lost calls from {from} to {to}", from = from, to = to),
        parts,
    }
}

/// What is in no figure of a report, where there is any.
pub(super) fn not_counted(unclear: u64) -> Option<Part> {
    let text = || {
        trn!(
            "Not counted: {n} call that still goes on or of which it is not known what became.",
            "Not counted: {n} calls that still go on or of which it is not known what became.",
            n = unclear
        )
    };
    (unclear > 0).then(|| Part::Text(vec![text()]))
}

fn totals(figures: &Lost) -> Table {
    let rows = [
        (tr!("This period"), figures.all),
        (tr!("The period before"), figures.before),
    ];
    let (title, name) = (tr!("Incoming calls"), tr!("Period"));
    let table = table(title, name, rows.into_iter());
    Table {
        bars: None,
        ..table
    }
}

fn trend(figures: &Lost) -> Vec<String> {
    let change = figures.change().map(|points| {
        tr!(
            "Against the period before, the lost rate changed by {points} percentage points.",
            points = signed(points, 1)
        )
    });
    let slope = figures.slope().map(|points| {
        tr!(
            "Over the days of the period it tends to change by {points} percentage points a day.",
            points = signed(points, 2)
        )
    });
    let lines: Vec<String> = change.into_iter().chain(slope).collect();
    match lines.is_empty() {
        true => vec![tr!("Too few days with calls to tell a trend.")],
        false => lines,
    }
}

fn by_day(figures: &Lost) -> Table {
    let days = figures.by_day.iter();
    let days = days.map(|(day, offered)| (day.to_string(), *offered));
    table(tr!("By day"), tr!("Day"), days)
}

fn by_hour(figures: &Lost) -> Table {
    let hours = figures.by_hour.iter().enumerate();
    let called = hours.filter(|(_, offered)| !offered.is_empty());
    let hours = called.map(|(hour, offered)| (format!("{hour:02}:00"), *offered));
    table(tr!("By hour of the day"), tr!("Hour"), hours)
}

fn by_line(figures: &Lost) -> Table {
    let lines = figures.by_line.iter();
    let lines = lines.map(|(line, offered)| (line.clone(), *offered));
    table(tr!("By line"), tr!("Line"), lines)
}

/// Calls by what became of them, and a bar for each rate.
fn table(title: String, name: String, rows: impl Iterator<Item = (String, Offered)>) -> Table {
    let headings = vec![
        name,
        tr!("calls" => "Offered"),
        tr!("calls" => "Answered"),
        tr!("calls" => "Elsewhere"),
        tr!("calls" => "Lost"),
        tr!("calls" => "Given up"),
        tr!("calls" => "Turned away"),
        tr!("calls" => "Short"),
        tr!("calls" => "Passed on"),
        tr!("Lost rate"),
    ];
    let rows: Vec<(String, Offered)> = rows.collect();
    let rate = |(_, offered): &(String, Offered)| offered.lost_rate().unwrap_or(0.0);
    Table {
        title,
        bars: Some(Bars {
            column: headings.len() - 1,
            values: rows.iter().map(rate).collect(),
        }),
        headings,
        rows: rows.into_iter().map(row).collect(),
    }
}

fn row((name, offered): (String, Offered)) -> Vec<String> {
    let counts = [
        offered.calls(),
        offered.of(Fate::Answered),
        offered.of(Fate::Elsewhere),
        offered.lost(),
        offered.of(Fate::Abandoned),
        offered.of(Fate::Rejected),
        offered.of(Fate::Short),
        offered.of(Fate::PassedOn),
    ];
    let rate = offered.lost_rate().map(share).unwrap_or_default();
    let counts = counts.iter().map(u64::to_string);
    std::iter::once(name).chain(counts).chain([rate]).collect()
}

/// `12.5 %`.
pub(super) fn share(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn signed(points: f64, digits: usize) -> String {
    format!("{points:+.digits$}")
}
