//! The report on the busiest hours of the week, for people.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::lost::not_counted;
use super::shown;
use crate::export::page::{Heat, HeatCell, Page, Part};
use crate::reports::{Busiest, Busy, Period};
use crate::{tr, trn, words};

/// The figures of a period.
pub fn page(period: Period, figures: &Busiest, zone: &TimeZone) -> Page {
    let [from, to] = shown(period, zone);
    let mut parts = match figures.most_at {
        None => vec![Part::Text(vec![tr!("No calls.")])],
        Some(at) => {
            let at = at.to_zoned(zone.clone());
            let most = trn!(
                "At most {n} call went on at once, first on {day} at {time}.",
                "At most {n} calls went on at once, first on {day} at {time}.",
                n = figures.all.most,
                day = at.strftime("%Y-%m-%d"),
                time = at.strftime("%H:%M")
            );
            std::iter::once(Part::Text(vec![most]))
                .chain(maps(figures).map(Part::Heat))
                .collect()
        }
    };
    parts.extend(not_counted(figures.unclear));
    Page {
        heading: tr!(
            "Busiest hours of the week, from {from} to {to}",
            from = from,
            to = to
        ),
        parts,
    }
}

fn maps(figures: &Busiest) -> [Heat; 4] {
    let map = |title, figure: fn(&Busy) -> u64| heat(title, figures, figure);
    [
        map(tr!("Incoming calls"), |busy| busy.offered.calls()),
        map(tr!("Lost calls"), |busy| busy.offered.lost()),
        map(tr!("Talk, minutes"), |busy| (busy.talk.as_secs() + 30) / 60),
        map(tr!("Most calls at once"), |busy| busy.most),
    ]
}

fn heat(title: String, figures: &Busiest, figure: fn(&Busy) -> u64) -> Heat {
    let cell = |busy: &Busy| HeatCell {
        text: figure(busy).to_string(),
        value: figure(busy) as f64,
    };
    let days = Weekday::Monday.cycle_forward().zip(&figures.week);
    let row = |(day, hours): (Weekday, &[Busy; 24])| {
        let cells = hours.iter().map(cell).collect();
        (words::weekday_short(day), cells)
    };
    Heat {
        title,
        columns: (
            tr!("Hour"),
            (0..24).map(|hour| format!("{hour:02}")).collect(),
        ),
        rows: days.map(row).collect(),
    }
}
