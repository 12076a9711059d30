//! Tables: columns as wide as what stands in them, heads on every sheet.

use super::flow::{BASELINE, BLACK, Flow, GREY, LINE, RULE, TITLE, WIDTH, ink, place};
use super::sheets::{Align, Ink};
use super::type_case::{Base, Weight};
use crate::export::page::Table;

/// The sizes of letters, the first of which that fits is taken.
const SIZES: [f32; 5] = [8.5, 8.0, 7.5, 7.0, 6.5];
/// Between two columns, and above and below the letters of a row; in points.
const GAP: f32 = 9.0;
const PAD: f32 = 3.0;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
struct Column {
    start: f32,
    width: f32,
    align: Align,
}

/// Draws the title and the rows, and goes on upon as many sheets as it takes.
pub(super) fn table(flow: &mut Flow, table: &Table) {
    let (size, columns) = columns(flow, table);
    let head = ink(size, Weight::Bold, GREY);
    let body = ink(size, Weight::Regular, BLACK);
    let heads = broken(flow, &table.headings, &columns, head);
    let rows: Vec<Row> = table
        .rows
        .iter()
        .map(|row| broken(flow, row, &columns, body))
        .collect();
    // A title and heads do not stand at the foot of a sheet without rows.
    let first: f32 = rows.iter().take(2).map(|row| row.height(size)).sum();
    if table.bars.is_none() {
        flow.keep(TITLE.size * LINE + 4.0 + heads.height(size) + first);
        flow.lines(&table.title, TITLE);
        flow.skip(4.0);
    } else {
        flow.keep(heads.height(size) + first);
    }
    head_row(flow, &heads, &columns, head);
    for row in &rows {
        if flow.keep(row.height(size)) {
            head_row(flow, &heads, &columns, head);
        }
        draw(flow, row, &columns, body, RULE);
    }
    flow.skip(18.0);
}

fn head_row(flow: &mut Flow, heads: &Row, columns: &[Column], ink: Ink) {
    draw(flow, heads, columns, ink, GREY);
}

/// The lines of each cell of a row.
struct Row {
    cells: Vec<Vec<String>>,
}

impl Row {
    fn lines(&self) -> usize {
        self.cells.iter().map(Vec::len).max().unwrap_or(1).max(1)
    }

    fn height(&self, size: f32) -> f32 {
        self.lines() as f32 * size * LINE + 2.0 * PAD
    }
}

fn broken(flow: &mut Flow, cells: &[String], columns: &[Column], ink: Ink) -> Row {
    let cells = cells.iter().zip(columns);
    Row {
        cells: cells
            .map(|(cell, column)| flow.sheets.wrap(cell, column.width, ink))
            .collect(),
    }
}

/// Draws a row with a rule below it. Heads stand at the foot of theirs.
fn draw(flow: &mut Flow, row: &Row, columns: &[Column], ink: Ink, rule: [f32; 3]) {
    let (top, height) = (flow.top(), row.height(ink.size));
    for (lines, column) in row.cells.iter().zip(columns) {
        let above = match ink.weight {
            Weight::Bold => row.lines() - lines.len(),
            Weight::Regular => 0,
        };
        for (at, line) in lines.iter().enumerate() {
            let down = (above + at) as f32 * LINE + BASELINE;
            let at = place(column.start, top + PAD + down * ink.size, column.width, 0.0);
            let base = match ink.weight {
                Weight::Bold => Base::Page,
                Weight::Regular => Base::Own,
            };
            flow.sheets.write(line, base, at, column.align, ink);
        }
    }
    let line = if ink.weight == Weight::Bold { 0.8 } else { 0.5 };
    flow.sheets
        .fill(place(0.0, top + height - line, WIDTH, line), rule);
    flow.skip(height);
}

/// The size of the letters and the columns, which fill the width together.
fn columns(flow: &mut Flow, table: &Table) -> (f32, Vec<Column>) {
    let count = table.headings.len().max(1);
    let room = WIDTH - GAP * (count - 1) as f32;
    let least = least_widths(flow, table);
    let total: f32 = least.iter().sum();
    let fitting = SIZES.iter().copied().find(|size| total * size <= room);
    let size = fitting.unwrap_or(SIZES[SIZES.len() - 1]);
    let mut widths: Vec<f32> = least.iter().map(|width| width * size).collect();
    match fitting {
        Some(_) => spread(&mut widths, room),
        None => squeeze(&mut widths, room),
    }
    let mut start = 0.0;
    let column = |(at, width): (usize, f32)| {
        let column = Column {
            start,
            width,
            align: align(table, at),
        };
        start += width + GAP;
        column
    };
    (size, widths.into_iter().enumerate().map(column).collect())
}

/// How wide each column is at least, in parts of the size: its cells on one line, and its heading
/// word by word.
fn least_widths(flow: &mut Flow, table: &Table) -> Vec<f32> {
    let types = &mut flow.sheets.types;
    let mut least: Vec<f32> = Vec::new();
    for heading in &table.headings {
        let words = heading.split_whitespace();
        least.push(
            words
                .map(|word| types.width(word, Weight::Bold))
                .fold(0.0, f32::max),
        );
    }
    for row in &table.rows {
        for (width, cell) in least.iter_mut().zip(row) {
            *width = width.max(types.width(cell, Weight::Regular));
        }
    }
    least
}

/// Gives every column the same share of what is left over, so that headings take fewer lines.
fn spread(widths: &mut [f32], room: f32) {
    let left = (room - widths.iter().sum::<f32>()).max(0.0);
    let share = left / widths.len().max(1) as f32;
    widths.iter_mut().for_each(|width| *width += share);
}

/// Takes from the widest columns until all fit: their cells go on upon further lines.
fn squeeze(widths: &mut [f32], room: f32) {
    let mut sorted = widths.to_vec();
    sorted.sort_by(f32::total_cmp);
    let (mut left, mut columns) = (room, sorted.len());
    for width in sorted {
        if width * columns as f32 > left {
            break;
        }
        left -= width;
        columns -= 1;
    }
    let widest = left / columns.max(1) as f32;
    widths
        .iter_mut()
        .for_each(|width| *width = width.min(widest));
}

/// Figures stand below each other by their last digits, everything else where reading begins.
fn align(table: &Table, at: usize) -> Align {
    let mut cells = table.rows.iter().filter_map(|row| row.get(at));
    let is_figure = |cell: &String| {
        cell.chars()
            .all(|c| c.is_ascii_digit() || " .,:%+-−\u{a0}".contains(c))
    };
    match at > 0 && cells.all(is_figure) {
        true => Align::End,
        false => Align::Start,
    }
}
