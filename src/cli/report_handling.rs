//! The report on handling time, for people.

use std::io::{self, Write};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::log::clock;
use crate::reports::{Callers, ENOUGH, Handling, Lengths, Operator, Period, Saving, Work};
use crate::table::write_table;
use crate::{tr, trn};

/// Writes the figures of each period, one below the other.
pub fn write(
    reports: &[(Period, Handling)],
    zone: &TimeZone,
    output: &mut dyn Write,
) -> io::Result<()> {
    for (at, (period, figures)) in reports.iter().enumerate() {
        if at > 0 {
            writeln!(output)?;
        }
        writeln!(output, "{}", heading(*period, zone))?;
        write_figures(figures, output)?;
    }
    Ok(())
}

fn heading(period: Period, zone: &TimeZone) -> String {
    let local = |at: jiff::Timestamp| {
        let at = at.to_zoned(zone.clone());
        at.strftime("%Y-%m-%d %H:%M").to_string()
    };
    tr!(
        "Handling time of the calls from {from} to {to}",
        from = local(period.from),
        to = local(period.to)
    )
}

fn write_figures(figures: &Handling, output: &mut dyn Write) -> io::Result<()> {
    if figures.together.all.conversations > 0 {
        write_callers(figures, output)?;
        write_savings(figures, output)?;
        write_operators(&figures.operators, output)?;
        write_hours(&figures.by_hour, output)?;
    } else {
        writeln!(output, "{}", tr!("No conversations."))?;
    }
    if figures.colleagues + figures.cut_off > 0 {
        let text = tr!(
            "Not counted: {colleagues} with colleagues, {cut_off} cut off by a crash.",
            colleagues = figures.colleagues,
            cut_off = figures.cut_off
        );
        writeln!(output, "\n{text}")?;
    }
    Ok(())
}

fn directions(figures: &Handling) -> [(String, &Callers); 3] {
    [
        (tr!("calls" => "Incoming"), &figures.incoming),
        (tr!("calls" => "Outgoing"), &figures.outgoing),
        (tr!("calls" => "Together"), &figures.together),
    ]
}

fn write_callers(figures: &Handling, output: &mut dyn Write) -> io::Result<()> {
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
    writeln!(output)?;
    let headings = [
        tr!("Direction"),
        tr!("Callers"),
        tr!("Conversations"),
        tr!("Average"),
        tr!("Median"),
        tr!("On hold"),
        tr!("Ring time"),
        tr!("Up to 2 min"),
    ];
    write_table(output, headings, &rows)
}

fn row(direction: String, side: String, lengths: &Lengths) -> [String; 8] {
    [
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

fn write_savings(figures: &Handling, output: &mut dyn Write) -> io::Result<()> {
    writeln!(output)?;
    for (direction, callers) in directions(figures) {
        if callers.all.conversations > 0 {
            writeln!(output, "{direction}: {}", saving(callers))?;
        }
    }
    let named = figures.together.identification;
    match named.mean() {
        Some(mean) => {
            let text = tr!(
                "The card named the client before the answer in {at_once} conversations and later in {later}, {seconds} s after the answer on average.",
                at_once = named.at_once,
                later = named.later,
                seconds = format!("{:.1}", mean.as_secs_f64())
            );
            writeln!(output, "{text}")
        }
        None => Ok(()),
    }
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

fn write_operators(operators: &[Operator], output: &mut dyn Write) -> io::Result<()> {
    let row = |operator: &Operator| {
        let [conversations, talk, mean, hours, per_hour] = cells(&operator.work());
        [
            operator.extension.clone(),
            operator.employee.clone(),
            conversations,
            talk,
            mean,
            hours,
            per_hour,
        ]
    };
    let rows: Vec<_> = operators.iter().map(row).collect();
    let [conversations, talk, mean, hours, per_hour] = work_headings();
    writeln!(output)?;
    let headings = [
        tr!("Extension"),
        tr!("Employee"),
        conversations,
        talk,
        mean,
        hours,
        per_hour,
    ];
    write_table(output, headings, &rows)
}

fn write_hours(hours: &[Work; 24], output: &mut dyn Write) -> io::Result<()> {
    let worked = hours.iter().enumerate();
    let worked = worked.filter(|(_, work)| work.conversations > 0);
    let rows: Vec<_> = worked
        .map(|(hour, work)| {
            let [conversations, talk, mean, hours, per_hour] = cells(work);
            let hour = format!("{hour:02}:00");
            [hour, conversations, talk, mean, hours, per_hour]
        })
        .collect();
    let [conversations, talk, mean, hours, per_hour] = work_headings();
    writeln!(output)?;
    let headings = [tr!("Hour"), conversations, talk, mean, hours, per_hour];
    write_table(output, headings, &rows)
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

fn to_the_second(duration: Option<Duration>) -> String {
    let rounded = |duration| clock(Duration::from_secs(whole_seconds(duration)));
    duration.map(rounded).unwrap_or_default()
}

fn whole_seconds(duration: Duration) -> u64 {
    (duration + Duration::from_millis(500)).as_secs()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
