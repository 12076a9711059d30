//! The report on handling time, for people.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::shown;
use crate::export::page::{Bars, Page, Part, Table};
use crate::reports::{Callers, ENOUGH, Handling, Lengths, Operator, Period, Saving, Work};
use crate::words::clock;
use crate::{tr, trn};

/// The figures of a period.
pub fn page(period: Period, figures: &Handling, zone: &TimeZone) -> Page {
    let [from, to] = shown(period, zone);
    Page {
        heading: tr!(
            "Handling time of the calls from {from} to {to}",
            from = from,
            to = to
        ),
        parts: parts(figures),
    }
}

fn parts(figures: &Handling) -> Vec<Part> {
    let mut parts = if figures.together.all.conversations > 0 {
        vec![
            Part::Table(callers(figures)),
            Part::Text(savings(figures)),
            Part::Table(operators(&figures.operators)),
            Part::Table(hours(&figures.by_hour)),
        ]
    } else {
        vec![Part::Text(vec![tr!("No conversations.")])]
    };
    if figures.colleagues + figures.cut_off > 0 {
        let text = tr!(
            "Not counted: {colleagues} with colleagues, {cut_off} cut off by a crash.",
            colleagues = figures.colleagues,
            cut_off = figures.cut_off
        );
        parts.push(Part::Text(vec![text]));
    }
    parts
}

fn directions(figures: &Handling) -> [(String, &Callers); 3] {
    [
        (tr!("calls" => "Incoming"), &figures.incoming),
        (tr!("calls" => "Outgoing"), &figures.outgoing),
        (tr!("calls" => "Together"), &figures.together),
    ]
}

fn callers(figures: &Handling) -> Table {
    let mut rows = Vec::new();
    for (direction, callers) in directions(figures) {
        for (side, lengths) in [
            (tr!("callers" => "identified"), &callers.identified),
            (tr!("callers" => "unidentified"), &callers.unidentified),
            (tr!("callers" => "not known which"), &callers.unclear),
            (tr!("callers" => "all"), &callers.all),
        ] {
            if lengths.conversations > 0 {
                rows.push(row(direction.clone(), side, lengths));
            }
        }
    }
    Table {
        title: tr!("Conversations"),
        headings: vec![
            tr!("Direction"),
            tr!("Callers"),
            tr!("Conversations"),
            tr!("Average"),
            tr!("Median"),
            tr!("On hold"),
            tr!("Ring time"),
            tr!("Up to 2 min"),
        ],
        rows,
        bars: None,
    }
}

fn row(direction: String, side: String, lengths: &Lengths) -> Vec<String> {
    vec![
        direction,
        side,
        lengths.conversations.to_string(),
        to_the_second(lengths.mean()),
        to_the_second(lengths.median),
        to_the_second(lengths.mean_hold()),
        to_the_second(lengths.mean_ring()),
        lengths.short_share().map(percent).unwrap_or_default(),
    ]
}

fn savings(figures: &Handling) -> Vec<String> {
    let directions = directions(figures).into_iter();
    let mut lines: Vec<String> = directions
        .filter(|(_, callers)| callers.all.conversations > 0)
        .map(|(direction, callers)| format!("{direction}: {}", saving(callers)))
        .collect();
    let named = figures.together.identification;
    lines.extend(named.mean().map(|mean| {
        tr!(
            "The card named the client before the answer in {at_once} conversations and later in {later}, {seconds} s after the answer on average.",
            at_once = named.at_once,
            later = named.later,
            seconds = format!("{:.1}", mean.as_secs_f64())
        )
    }));
    lines
}

fn saving(callers: &Callers) -> String {
    match callers.saving() {
        Saving::TooFew => tr!(
            "too few conversations to compare, {identified} with identified callers and {others} with others; it takes {least} of each",
            identified = callers.identified.conversations,
            others = callers.unidentified.conversations,
            least = ENOUGH
        ),
        Saving::Nothing { longer } => tr!(
            "nothing saved, conversations with identified callers took {seconds} s longer",
            seconds = whole_seconds(longer)
        ),
        Saving::Saved {
            each,
            together,
            share,
        } => trn!(
            "{seconds} s ({share}) shorter with identified callers, {hours} hours saved in {n} conversation",
            "{seconds} s ({share}) shorter with identified callers, {hours} hours saved in {n} conversations",
            n = callers.identified.conversations,
            seconds = whole_seconds(each),
            share = percent(share),
            hours = format!("{:.1}", together.as_secs_f64() / 3600.0)
        ),
    }
}

fn operators(operators: &[Operator]) -> Table {
    let row = |operator: &Operator| {
        let who = [operator.extension.clone(), operator.employee.clone()];
        who.into_iter().chain(cells(&operator.work())).collect()
    };
    let who = [tr!("Extension"), tr!("Employee")];
    Table {
        title: tr!("By employee"),
        headings: who.into_iter().chain(work_headings()).collect(),
        rows: operators.iter().map(row).collect(),
        bars: None,
    }
}

fn hours(hours: &[Work; 24]) -> Table {
    let worked = hours.iter().enumerate();
    let worked = worked.filter(|(_, work)| work.conversations > 0);
    let row = |(hour, work): (usize, &Work)| {
        let hour = [format!("{hour:02}:00")];
        hour.into_iter().chain(cells(work)).collect()
    };
    Table {
        title: tr!("By hour of the day"),
        headings: [tr!("Hour")].into_iter().chain(work_headings()).collect(),
        rows: worked.clone().map(row).collect(),
        bars: Some(Bars {
            column: 1,
            values: worked.map(|(_, work)| work.conversations as f64).collect(),
        }),
    }
}

fn work_headings() -> [String; 5] {
    [
        tr!("Conversations"),
        tr!("Talk"),
        tr!("Average"),
        tr!("Hours of work"),
        tr!("conversations" => "Per hour"),
    ]
}

fn cells(work: &Work) -> [String; 5] {
    let per_hour = work.per_hour().map(|rate| format!("{rate:.1}"));
    [
        work.conversations.to_string(),
        clock(work.talk),
        to_the_second(work.mean()),
        work.hours.to_string(),
        per_hour.unwrap_or_default(),
    ]
}

pub(super) fn to_the_second(duration: Option<Duration>) -> String {
    let rounded = |duration| clock(Duration::from_secs(whole_seconds(duration)));
    duration.map(rounded).unwrap_or_default()
}

fn whole_seconds(duration: Duration) -> u64 {
    (duration + Duration::from_millis(500)).as_secs()
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
