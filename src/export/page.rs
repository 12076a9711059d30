//! A report as people read it: texts, tables and pictures of figures, in the reader's language.
//! Written here for a terminal, and in `page_html` for a browser.

use std::io::{self, Write};

use crate::table::write_columns;

/// A report of a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What it is about.
    pub heading: String,
    /// What it says, from the top.
    pub parts: Vec<Part>,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Lines of text.
    Text(Vec<String>),
    /// A table, perhaps with a chart.
    Table(Table),
    /// A heat map.
    Heat(Heat),
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What stands above it.
    pub title: String,
    /// One for each column.
    pub headings: Vec<String>,
    /// As many cells as headings, the first of which names the row.
    pub rows: Vec<Vec<String>>,
    /// What is drawn of it where one can draw.
    pub bars: Option<Bars>,
}

/// Bars for a column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// The column whose cells say in words how long the bars are.
    pub column: usize,
    /// How long they are: one of each row, none negative.
    pub values: Vec<f64>,
}

/// A heat map: figures in rows and columns, the higher the darker.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// What stands above it.
    pub title: String,
    /// What the columns are called, and what they are together.
    pub columns: (String, Vec<String>),
    /// The name of each row, and a cell for each column.
    pub rows: Vec<(String, Vec<HeatCell>)>,
}

/// A figure of a heat map.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatCell {
    /// In words.
    pub text: String,
    /// As a number, not negative.
    pub value: f64,
}

impl Heat {
    /// The highest of its figures.
    pub(super) fn highest(&self) -> f64 {
        let cells = self.rows.iter().flat_map(|(_, cells)| cells);
        cells.map(|cell| cell.value).fold(0.0, f64::max)
    }
}

/// Writes pages for a terminal, one below the other.
pub fn write_pages(pages: &[Page], output: &mut dyn Write) -> io::Result<()> {
    for (at, page) in pages.iter().enumerate() {
        if at > 0 {
            writeln!(output)?;
        }
        writeln!(output, "{}", page.heading)?;
        for part in &page.parts {
            writeln!(output)?;
            write_part(part, output)?;
        }
    }
    Ok(())
}

fn write_part(part: &Part, output: &mut dyn Write) -> io::Result<()> {
    match part {
        Part::Text(lines) => lines.iter().try_for_each(|line| writeln!(output, "{line}")),
        Part::Table(table) => {
            writeln!(output, "{}", table.title)?;
            write_columns(output, &table.headings, &table.rows)
        }
        Part::Heat(heat) => {
            writeln!(output, "{}", heat.title)?;
            write_heat(heat, output)
        }
    }
}

/// Rows and columns changed places: the hours of a day fit below each other, but not side by side.
fn write_heat(heat: &Heat, output: &mut dyn Write) -> io::Result<()> {
    let highest = heat.highest();
    let (name, columns) = &heat.columns;
    let lines = columns.iter().enumerate().filter_map(|(at, column)| {
        let cells = heat.rows.iter().filter_map(|(_, cells)| cells.get(at));
        let shown: Vec<String> = cells.map(|cell| shaded(cell, highest)).collect();
        let says = shown.iter().any(|cell| !cell.starts_with(SHADES[0]));
        says.then(|| std::iter::once(column.clone()).chain(shown).collect())
    });
    let lines: Vec<Vec<String>> = lines.collect();
    let rows = heat.rows.iter().map(|(row, _)| row.clone());
    let headings: Vec<String> = std::iter::once(name.clone()).chain(rows).collect();
    write_columns(output, &headings, &lines)
}

/// From nothing to the highest.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];

fn shaded(cell: &HeatCell, highest: f64) -> String {
    let share = if highest > 0.0 {
        cell.value / highest
    } else {
        0.0
    };
    let darkest = SHADES.len() - 1;
    let at = (share * darkest as f64).ceil() as usize;
    format!("{} {}", SHADES[at.min(darkest)], cell.text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn text(part: Part) -> String {
        let page = Page {
            heading: "Calls".to_owned(),
            parts: vec![part],
        };
        let mut output = Vec::new();
        write_pages(&[page], &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn s4_29_a_heat_map_has_shades_and_numbers_hours_below_each_other() {
        let row = |name: &str, values: [u32; 3]| {
            let cell = |value: u32| HeatCell {
                text: value.to_string(),
                value: value.into(),
            };
            (name.to_owned(), values.map(cell).to_vec())
        };
        let heat = Heat {
            title: "Lost".to_owned(),
            columns: (
                "Hour".to_owned(),
                ["08", "09", "10"].map(str::to_owned).to_vec(),
            ),
            rows: vec![row("Mon", [0, 8, 1]), row("Tue", [0, 4, 0])],
        };
        assert_eq!(
            text(Part::Heat(heat)),
            "Calls\n\nLost\nHour  Mon  Tue\n09    █ 8  ▒ 4\n10    ░ 1    0\n"
        );
    }

    #[test]
    fn a_heat_map_without_figures_is_written() {
        let heat = Heat {
            title: String::new(),
            columns: (String::new(), Vec::new()),
            rows: Vec::new(),
        };
        assert_eq!(heat.highest(), 0.0);
        text(Part::Heat(heat));
    }
}
