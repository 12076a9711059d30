//! Reports over the call log: [`Page`] → `ReportsAdapter`, and into files.

use std::cell::Cell;
use std::io::Write as _;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::Context as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use ringbook_ui::slint::{ComponentHandle, Model as _, ModelRc, SharedString, Weak};
use ringbook_ui::{
    MainWindow, ReportCell, ReportHeat, ReportPart, ReportPartKind, ReportRow, ReportTile,
    ReportsAdapter, Tone,
};

use super::asking::{self, spawn};
use super::form::model;
use super::link::PhoneLink;
use super::window_adapter::{complain, tell};
use crate::export::page::{Heat, Page, Part, Table};
use crate::export::{pages_as_html, pages_as_pdf};
use crate::model::{Deed, Right, When};
use crate::report_pages::Report;
use crate::report_pages::service::Aim;
use crate::report_pages::wallboard::{self, Tile};
use crate::reports::Period;
use crate::{i18n, store, tr};

/// The wallboard's place in the choice of reports, behind all others.
const WALLBOARD: i32 = Report::ALL.len() as i32;

/// The page's state.
pub struct ReportsPage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    /// Counts the questions: a late answer to an older one is dropped.
    asked: Cell<u64>,
    /// The wallboard is being read.
    reading: Cell<bool>,
}

impl ReportsPage {
    /// Ties the page to the store.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        let page = Rc::new(Self {
            window: window.as_weak(),
            phone,
            asked: Cell::default(),
            reading: Cell::default(),
        });
        let adapter = window.global::<ReportsAdapter>();
        let this = page.clone();
        adapter.on_chosen(move || spawn(this.clone().load()));
        let this = page.clone();
        adapter.on_keep(move |ending| spawn(this.clone().keep(ending)));
        page
    }

    /// Reads the report that is chosen, if the page is in sight.
    pub async fn load(self: Rc<Self>) {
        if let Err(error) = self.load_wallboard().await {
            complain(&self.window, error.to_string());
        }
        let Some((report, period)) = self.chosen() else {
            return;
        };
        let asked = self.asked.get() + 1;
        self.asked.set(asked);
        let page = asking::read(&self.phone, move |store| {
            report.page(store, period, &TimeZone::system())
        });
        let page = page.await;
        let Some(window) = self.window.upgrade().filter(|_| self.asked.get() == asked) else {
            return;
        };
        let page = match page {
            Ok(page) => page,
            Err(error) => return complain(&self.window, error.to_string()),
        };
        let adapter = window.global::<ReportsAdapter>();
        adapter.set_heading(page.heading.as_str().into());
        adapter.set_parts(model(page.parts.iter().map(map_part).collect()));
    }

    /// Brings the wallboard up to date, if it is in sight. What keeps it from that was said when it came into
    /// sight, and would be said anew every time.
    pub async fn refresh(self: Rc<Self>) {
        let _ = self.load_wallboard().await;
    }

    /// Reads the wallboard, if it is in sight and is not being read.
    async fn load_wallboard(&self) -> store::Result<()> {
        let window = self.window.upgrade();
        let is_shown = window.is_some_and(|window| {
            let adapter = window.global::<ReportsAdapter>();
            adapter.get_open() && adapter.get_kind() == WALLBOARD
        });
        if !is_shown || self.reading.replace(true) {
            return Ok(());
        }
        let moment = asking::read(&self.phone, |store| {
            let now = Zoned::now();
            let today = period(0, &now);
            wallboard::read(store, now.timestamp(), today, now.time_zone(), Aim::USUAL)
        });
        let moment = moment.await;
        self.reading.set(false);
        let tiles = wallboard::tiles(&moment?, Aim::USUAL);
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<ReportsAdapter>();
            show_tiles(&adapter, tiles.iter().map(map_tile).collect());
        }
        Ok(())
    }

    fn chosen(&self) -> Option<(Report, Period)> {
        let window = self.window.upgrade()?;
        let adapter = window.global::<ReportsAdapter>();
        if !adapter.get_open() {
            return None;
        }
        let report = usize::try_from(adapter.get_kind()).ok();
        let report = report.and_then(|at| Report::ALL.get(at)).copied()?;
        Some((report, period(adapter.get_period(), &Zoned::now())))
    }

    /// Writes the report into a file of the profile's and says where it is.
    async fn keep(self: Rc<Self>, ending: SharedString) {
        let Some((report, period)) = self.chosen() else {
            return;
        };
        let folder = self.phone.profile().dir().join("exports");
        let deed = Deed::export("report", Some(&folder));
        let audited = asking::audited(&self.phone, move |writer, who| {
            writer.audit(who, Right::Report, &deed)
        });
        if let Err(error) = audited.await {
            return complain(&self.window, error.to_string());
        }
        let stamp = Zoned::now().strftime("%Y%m%d-%H%M%S");
        let file = folder.join(format!("{}-{stamp}.{ending}", report.name()));
        let shown = file.display().to_string();
        let written = asking::read(&self.phone, move |store| {
            Ok(write(store, report, period, &ending, file))
        });
        match written.await {
            Ok(Ok(())) => tell(
                &self.window,
                tr!("The report was written to {file}", file = shown),
            ),
            Ok(Err(error)) => complain(&self.window, format!("{error:#}")),
            Err(error) => complain(&self.window, error.to_string()),
        }
    }
}

fn write(
    store: &store::Reader<'_>,
    report: Report,
    period: Period,
    ending: &str,
    file: PathBuf,
) -> anyhow::Result<()> {
    let zone = TimeZone::system();
    let shown = file.display().to_string();
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| shown.clone())?;
    }
    let mut output = std::fs::File::create_new(file).with_context(|| shown.clone())?;
    let pages = || -> anyhow::Result<[Page; 1]> { Ok([report.page(store, period, &zone)?]) };
    match ending {
        "pdf" => {
            let sheets = pages_as_pdf(&pages()?, i18n::language(), &Zoned::now())?;
            output.write_all(&sheets)
        }
        "html" => output.write_all(pages_as_html(&pages()?, i18n::language()).as_bytes()),
        _ => return Ok(report.csv(store, period, zone, &mut output)?),
    }
    .context(shown)
}

/// Tiles that are there already change their figures only: whoever reads one keeps it.
fn show_tiles(adapter: &ReportsAdapter<'_>, tiles: Vec<ReportTile>) {
    let shown = adapter.get_tiles();
    if shown.row_count() != tiles.len() {
        return adapter.set_tiles(model(tiles));
    }
    for (at, tile) in tiles.into_iter().enumerate() {
        if shown.row_data(at).as_ref() != Some(&tile) {
            shown.set_row_data(at, tile);
        }
    }
}

fn map_tile(tile: &Tile) -> ReportTile {
    ReportTile {
        title: tile.title.as_str().into(),
        figure: tile.figure.as_str().into(),
        tone: match tile.is_good {
            None => Tone::Info,
            Some(true) => Tone::Good,
            Some(false) => Tone::Bad,
        },
    }
}

/// The period in this place of the window's list, up to the end of today.
fn period(place: i32, now: &Zoned) -> Period {
    let today = now.date();
    let from: Option<Date> = match place {
        0 => Some(today),
        1 => {
            let days = today.weekday().since(Weekday::Monday);
            Some(today.saturating_sub(i64::from(days).days()))
        }
        2 => Some(today.saturating_sub(13.days())),
        3 => Some(today.first_of_month()),
        _ => None,
    };
    let zone = now.time_zone();
    Period {
        from: from.map_or(jiff::Timestamp::UNIX_EPOCH, |day| {
            When::Day(day).start(zone)
        }),
        to: When::Day(today).end(zone),
    }
}

fn map_part(part: &Part) -> ReportPart {
    match part {
        Part::Text(lines) => ReportPart {
            kind: ReportPartKind::Text,
            lines: texts(lines),
            bars: -1,
            ..ReportPart::default()
        },
        Part::Table(table) => map_table(table),
        Part::Heat(heat) => map_heat(heat),
    }
}

fn texts(all: &[String]) -> ModelRc<SharedString> {
    model(all.iter().map(SharedString::from).collect())
}

fn map_table(table: &Table) -> ReportPart {
    let longest = table.bars.iter().flat_map(|bars| &bars.values);
    let longest = longest.copied().fold(0.0, f64::max);
    let rows = table.rows.iter().enumerate().map(|(at, cells)| {
        let bar = table.bars.as_ref().and_then(|bars| bars.values.get(at));
        ReportRow {
            cells: texts(cells),
            bar: share(bar.copied().unwrap_or(0.0), longest),
        }
    });
    let bars = table.bars.as_ref();
    ReportPart {
        kind: ReportPartKind::Table,
        title: table.title.as_str().into(),
        headings: texts(&table.headings),
        rows: model(rows.collect()),
        bars: bars.map_or(-1, |bars| i32::try_from(bars.column).unwrap_or(-1)),
        ..ReportPart::default()
    }
}

fn map_heat(heat: &Heat) -> ReportPart {
    let figures = heat.rows.iter().flat_map(|(_, cells)| cells);
    let highest = figures.map(|cell| cell.value).fold(0.0, f64::max);
    let rows = heat.rows.iter().map(|(name, cells)| {
        let cells = cells.iter().map(|cell| ReportCell {
            text: cell.text.as_str().into(),
            share: share(cell.value, highest),
        });
        ReportHeat {
            name: name.as_str().into(),
            cells: model(cells.collect()),
        }
    });
    ReportPart {
        kind: ReportPartKind::Heat,
        title: heat.title.as_str().into(),
        headings: texts(&heat.columns.1),
        heat: model(rows.collect()),
        bars: -1,
        ..ReportPart::default()
    }
}

fn share(value: f64, highest: f64) -> f32 {
    match highest > 0.0 {
        true => (value / highest) as f32,
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ringbook_ui::slint::Model as _;

    use super::*;
    use crate::export::page::{Bars, HeatCell};

    #[test]
    fn s4_28_s4_29_a_report_is_shown_with_every_figure_and_bars_as_long_as_they_are() {
        let cells = |all: [&str; 2]| all.map(str::to_owned).to_vec();
        let table = map_part(&Part::Table(Table {
            title: "By day".to_owned(),
            headings: cells(["Day", "Lost"]),
            rows: vec![cells(["Mon", "8"]), cells(["Tue", "2"])],
            bars: Some(Bars {
                column: 1,
                values: vec![8.0, 2.0],
            }),
        }));
        let rows: Vec<_> = table.rows.iter().collect();
        assert_eq!(
            rows.iter().map(|row| row.bar).collect::<Vec<_>>(),
            [1.0, 0.25]
        );
        assert_eq!(rows[1].cells.iter().collect::<Vec<_>>(), ["Tue", "2"]);
        assert_eq!((table.bars, table.title.as_str()), (1, "By day"));
        let cell = |value: f64| HeatCell {
            text: value.to_string(),
            value,
        };
        let heat = map_part(&Part::Heat(Heat {
            title: "Week".to_owned(),
            columns: ("Hour".to_owned(), cells(["09", "10"])),
            rows: vec![("Mon".to_owned(), vec![cell(0.0), cell(4.0)])],
        }));
        let row = heat.heat.iter().next().unwrap();
        let shares: Vec<f32> = row.cells.iter().map(|cell| cell.share).collect();
        assert_eq!(shares, [0.0, 1.0]);
    }

    #[test]
    fn a_report_of_two_weeks_ends_with_today() {
        let now: Zoned = "2026-11-29T11:00[Europe/Budapest]".parse().unwrap();
        let two = period(2, &now);
        assert_eq!(two.from, "2026-11-15T23:00:00Z".parse().unwrap());
        assert_eq!(two.to, "2026-11-29T23:00:00Z".parse().unwrap());
        assert_eq!(
            period(1, &now).from,
            "2026-11-22T23:00:00Z".parse().unwrap()
        );
        assert_eq!(
            period(3, &now).from,
            "2026-10-31T23:00:00Z".parse().unwrap()
        );
        assert_eq!(period(4, &now).from, jiff::Timestamp::UNIX_EPOCH);
    }
}
