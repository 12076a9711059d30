//! Charts: bars that stand or lie, and heat maps.

use super::flow::{BASELINE, BLACK, FIGURE, Flow, GREY, LINE, TITLE, WIDTH, ink, place};
use super::sheets::{Align, Colour};
use super::type_case::{Base, Weight};
use crate::export::page::{Heat, Table};

/// How high the highest bar is, in points.
const TALL: f32 = 86.0;
/// A bar is not wider, nor a lying one higher.
const WIDEST: f32 = 34.0;
const LYING: f32 = 9.0;
/// Of letters.
const SIZE: f32 = 7.0;
/// With fewer labels below them nobody knows which bar is which.
const LABELS: usize = 6;
/// How high a row of a heat map is.
const ROW: f32 = 17.0;
/// A cell that is darker than this has a white text: either colour has a contrast of 4:1 upon it.
const DARK: f32 = 0.76;

/// A bar.
struct Bar<'t> {
    label: &'t str,
    text: &'t str,
    /// Its length, 0 to 1.
    share: f32,
}

/// Draws the title of a table and its bars, where it has any.
pub(super) fn bars(flow: &mut Flow, table: &Table) {
    let Some(bars) = &table.bars else { return };
    let highest = bars.values.iter().copied().fold(0.0, f64::max);
    let share = |value: f64| match highest > 0.0 {
        true => (value / highest) as f32,
        false => 0.0,
    };
    let drawn = table.rows.iter().zip(&bars.values);
    let drawn: Vec<Bar<'_>> = drawn
        .map(|(row, &value)| Bar {
            label: row.first().map_or("", String::as_str),
            text: row.get(bars.column).map_or("", String::as_str),
            share: share(value),
        })
        .collect();
    let of = table.headings.get(bars.column);
    let caption = |flow: &mut Flow| {
        flow.lines(&table.title, TITLE);
        let of = of.map_or("", String::as_str);
        flow.lines(of, ink(SIZE, Weight::Regular, GREY));
        flow.skip(4.0);
    };
    let head = TITLE.size * LINE + SIZE * LINE + 4.0;
    let every = every(flow, &drawn);
    if every == 1 || drawn.len().div_ceil(every) >= LABELS {
        flow.keep(head + TALL + 2.0 * SIZE * LINE + 60.0);
        caption(flow);
        standing(flow, &drawn, every);
    } else {
        flow.keep(head + 3.0 * (LYING + 4.0));
        caption(flow);
        lying(flow, &drawn);
    }
    flow.skip(10.0);
}

/// Every how manyth bar has room for its label and figure.
fn every(flow: &mut Flow, bars: &[Bar<'_>]) -> usize {
    let types = &mut flow.sheets.types;
    let mut widest = 0.0_f32;
    for bar in bars {
        for text in [bar.label, bar.text] {
            widest = widest.max(types.width(text, Weight::Regular) * SIZE);
        }
    }
    let slot = WIDTH / bars.len().max(1) as f32;
    (((widest + 4.0) / slot).ceil() as usize).max(1)
}

fn standing(flow: &mut Flow, bars: &[Bar<'_>], every: usize) {
    let top = flow.top() + SIZE * LINE;
    let foot = top + TALL;
    let slot = WIDTH / bars.len().max(1) as f32;
    let wide = (slot * 0.72).min(WIDEST);
    for (at, bar) in bars.iter().enumerate() {
        let start = at as f32 * slot;
        let tall = TALL * bar.share;
        let bar_at = place(start + (slot - wide) / 2.0, foot - tall, wide, tall);
        flow.sheets.fill(bar_at, FIGURE);
        if at % every == 0 {
            let mut write = |text: &str, baseline: f32, colour: Colour| {
                let ink = ink(SIZE, Weight::Regular, colour);
                let width = flow.sheets.types.width(text, Weight::Regular) * SIZE;
                // In the middle of the bar, as far as the margins let it.
                let start = (start + (slot - width) / 2.0).min(WIDTH - width).max(0.0);
                let at = place(start, baseline, width, 0.0);
                flow.sheets.write(text, Base::Own, at, Align::Start, ink);
            };
            write(bar.text, foot - tall - 3.0, BLACK);
            write(bar.label, foot + SIZE * BASELINE + 2.0, GREY);
        }
    }
    flow.sheets.fill(place(0.0, foot, WIDTH, 0.6), GREY);
    flow.skip(SIZE * LINE * 2.0 + TALL + 2.0);
}

fn lying(flow: &mut Flow, bars: &[Bar<'_>]) {
    let mut widest = [0.0_f32; 2];
    for bar in bars {
        for (width, text) in widest.iter_mut().zip([bar.label, bar.text]) {
            *width = width.max(flow.sheets.types.width(text, Weight::Regular) * SIZE);
        }
    }
    let [label, text] = [widest[0].min(WIDTH / 3.0), widest[1]];
    let long = WIDTH - label - text - 14.0;
    for bar in bars {
        let ink = ink(SIZE, Weight::Regular, BLACK);
        let lines = flow.sheets.wrap(bar.label, label, ink);
        let height = (lines.len().max(1) as f32 * SIZE * LINE).max(LYING) + 3.0;
        flow.keep(height);
        let top = flow.top();
        for (at, line) in lines.iter().enumerate() {
            let baseline = top + (at as f32 * LINE + BASELINE) * SIZE;
            let at = place(0.0, baseline, label, 0.0);
            flow.sheets.write(line, Base::Own, at, Align::Start, ink);
        }
        let length = long * bar.share;
        flow.sheets
            .fill(place(label + 8.0, top + 0.5, length, LYING), FIGURE);
        let at = place(label + length + 12.0, top + BASELINE * SIZE, text, 0.0);
        flow.sheets
            .write(bar.text, Base::Own, at, Align::Start, ink);
        flow.skip(height);
    }
}

/// Draws a heat map; its cells say their figures, so that it is the table as well.
pub(super) fn heat(flow: &mut Flow, heat: &Heat) {
    let (name, columns) = &heat.columns;
    let highest = heat.highest();
    let rows = heat.rows.iter().map(|(row, _)| row.as_str());
    let mut label = 0.0_f32;
    for row in rows.chain([name.as_str()]) {
        label = label.max(flow.sheets.types.width(row, Weight::Bold) * SIZE);
    }
    let label = label.min(WIDTH / 4.0) + 8.0;
    let wide = (WIDTH - label) / columns.len().max(1) as f32;
    let height = (heat.rows.len() + 1) as f32 * ROW;
    flow.keep(TITLE.size * LINE + 4.0 + height);
    flow.lines(&heat.title, TITLE);
    flow.skip(4.0);
    let middle = |top: f32| top + ROW / 2.0 + SIZE * 0.36;
    let bold = ink(SIZE, Weight::Bold, GREY);
    let top = flow.top();
    let at = place(0.0, middle(top), label, 0.0);
    flow.sheets.write(name, Base::Page, at, Align::Start, bold);
    for (at, column) in columns.iter().enumerate() {
        let at = place(label + at as f32 * wide, middle(top), wide, 0.0);
        flow.sheets
            .write(column, Base::Own, at, Align::Middle, bold);
    }
    for (down, (row, cells)) in heat.rows.iter().enumerate() {
        let top = top + (down + 1) as f32 * ROW;
        let at = place(0.0, middle(top), label, 0.0);
        flow.sheets.write(row, Base::Own, at, Align::Start, bold);
        for (at, cell) in cells.iter().enumerate() {
            let share = match highest > 0.0 {
                true => (cell.value / highest) as f32,
                false => 0.0,
            };
            let start = label + at as f32 * wide;
            let at = place(start, top, wide - 1.0, ROW - 1.0);
            flow.sheets.fill(at, shade(share));
            let width = flow.sheets.types.width(&cell.text, Weight::Regular);
            let size = SIZE.min((wide - 2.0) / width.max(0.1));
            let colour = match (cell.value > 0.0, share > DARK) {
                (false, _) => [0.55, 0.58, 0.62],
                (true, false) => BLACK,
                (true, true) => [1.0, 1.0, 1.0],
            };
            let at = place(start, middle(top), wide - 1.0, 0.0);
            let ink = ink(size, Weight::Regular, colour);
            flow.sheets
                .write(&cell.text, Base::Own, at, Align::Middle, ink);
        }
    }
    flow.skip(height + 20.0);
}

/// From the paper to the colour of figures.
fn shade(share: f32) -> Colour {
    let mut colour = [0.965, 0.97, 0.98];
    for (part, full) in colour.iter_mut().zip(FIGURE) {
        *part += (full - *part) * share;
    }
    colour
}
