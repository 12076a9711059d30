//! The window's table over a hundred thousand calls: how long the window's thread is busy with a frame
//! while somebody scrolls, and when the rows are there. Drawn by the software renderer, which is the
//! slowest that the window has.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use ringbook::profile::Profile;
use ringbook_ui::slint::{ComponentHandle, Model};
use ringbook_ui::{LogAdapter, MainWindow, Page, TableAdapter, WindowAdapter};

use super::agent::RINGBOOK;
use super::desk::Shown;
use super::reports::write_calls;
use super::statistics::p50_p99_max;
use super::table::{Row, Table};

const CALLS: u32 = 100_000;
const SIZE: (u32, u32) = (1280, 800);
/// A row of the table, logical pixels.
const HIGH: f32 = 32.0;
/// Rows that a page further on skips, and rows that must be there then.
const SEEN: usize = 16;
const PAGES: usize = 200;
const JUMPS: usize = 100;

pub fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile::locate(Some(folder.path().to_owned())).unwrap();
    write_calls(&profile.database(), Timestamp::now(), CALLS);
    let mut shown = Shown::open(folder.path(), SIZE.0, SIZE.1);
    open_table(&mut shown);
    let mut note = |name: &str, goal, times: &mut [Duration]| {
        let name = format!("  table of {CALLS} calls, {name}, ms (p50 / p99 / max)");
        table.note(RINGBOOK.name, &Row::new(name, goal), p50_p99_max(times));
    };

    let pages = (1..=PAGES).map(|page| scroll(&mut shown, page * SEEN));
    let (mut frames, mut there): (Vec<_>, Vec<_>) = pages.unzip();
    note("a frame, page by page", "≤ 16.7", &mut frames);
    note("until a page's rows are there", "≤ 50", &mut there);

    let last = CALLS as usize - SEEN;
    let jumps = (0..JUMPS).map(|jump| scroll(&mut shown, jump * 54_773 % last));
    let mut there: Vec<_> = jumps.map(|(_, there)| there).collect();
    note("until rows anywhere are there", "≤ 50", &mut there);
}

/// All calls, not put together, in the table.
fn open_table(shown: &mut Shown) {
    let window = &shown.window;
    window.global::<WindowAdapter>().set_page(Page::Calls);
    let table = window.global::<TableAdapter>();
    table.set_open(true);
    table.invoke_opened(true);
    let log = window.global::<LogAdapter>();
    log.set_period(4);
    log.invoke_period_chosen();
    log.set_grouping(4);
    log.invoke_grouping_chosen();
    shown.until("all calls are in the table", |window| {
        let rows = window.global::<LogAdapter>().get_rows();
        window.global::<TableAdapter>().get_shown()
            && rows.row_count() == CALLS as usize
            && are_there(window, 0)
    });
}

/// Whether the rows from this one on are read.
fn are_there(window: &MainWindow, first: usize) -> bool {
    let rows = window.global::<LogAdapter>().get_rows();
    let mut seen = first..(first + SEEN).min(rows.row_count());
    seen.all(|row| rows.row_data(row).is_some_and(|row| !row.id.is_empty()))
}

/// Scrolls to a row: how long the window's thread was busy at first, and when the rows were drawn.
fn scroll(shown: &mut Shown, row: usize) -> (Duration, Duration) {
    let log = shown.window.global::<LogAdapter>();
    log.set_place(-(row as f32) * HIGH);
    let began = Instant::now();
    let frame = shown.turn();
    while !are_there(&shown.window, row) {
        shown.wait();
        shown.turn();
    }
    (frame, began.elapsed())
}
