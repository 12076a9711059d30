//! Tables and texts for a terminal.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

pub use crate::printable::printable;

/// The widest cell; longer texts are cut.
const MAX_CELL: usize = 48;

/// Writes rows under their headings, in columns as wide as their widest cell.
pub fn write_table<const N: usize>(
    output: &mut dyn Write,
    headings: [String; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let rows: Vec<&[String]> = rows.iter().map(<[String; N]>::as_slice).collect();
    write_columns(output, &headings, &rows)
}

/// As [`write_table`], for columns that are counted only when the program runs.
pub fn write_columns(
    output: &mut dyn Write,
    headings: &[String],
    rows: &[impl AsRef<[String]>],
) -> io::Result<()> {
    let rows = rows.iter().map(AsRef::as_ref);
    let shown =
        |row: &[String]| -> Vec<String> { row.iter().map(|cell| cut(&printable(cell))).collect() };
    let lines: Vec<Vec<String>> = std::iter::once(headings).chain(rows).map(shown).collect();
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].width())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    for line in &lines {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(
                ' ',
                (width + 2).saturating_sub(cell.width()),
            ));
        }
        writeln!(output, "{}", text.trim_end())?;
    }
    Ok(())
}

fn cut(text: &str) -> String {
    if text.width() <= MAX_CELL {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        let next = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if short.width() + next > MAX_CELL - 1 {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_script() {
        let mut output = Vec::new();
        let row = |name: &str, city: &str| [name.to_owned(), city.to_owned()];
        let rows = [
            row("王小明", "北京"),
            row("Ivan", "Almaty"),
            row(&"x".repeat(100), ""),
        ];
        write_table(&mut output, row("Name", "City"), &rows).unwrap();
        let text = String::from_utf8(output).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("Name  ") && lines[0].ends_with("City"));
        let column = |line: &str, word: &str| line[..line.find(word).unwrap()].width();
        assert_eq!(column(lines[1], "北京"), column(lines[0], "City"));
        assert_eq!(column(lines[2], "Almaty"), column(lines[0], "City"));
        assert_eq!(lines[3].width(), MAX_CELL);
    }
}
