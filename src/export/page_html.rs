//! Reports as one HTML file that stands by itself: no script, nothing from elsewhere, charts as SVG
//! with a table beside each.

use std::fmt::Write;

use super::page::{Heat, HeatCell, Page, Part, Table};
use crate::i18n::Language;
use crate::tr;

/// Colours of both schemes keep a contrast of 4.5:1 for every text, also upon the darkest cell.
const STYLE: &str = "\
:root{color-scheme:light dark;--back:#fff;--text:#111318;--line:#c9ccd3;--figure:#1d4ed8}
@media(prefers-color-scheme:dark){:root{--back:#16181d;--text:#f3f4f6;--line:#4b5059;--figure:#60a5fa}}
body{margin:2rem auto;max-width:60rem;padding:0 1rem;background:var(--back);color:var(--text);\
font:1rem/1.5 system-ui,sans-serif}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.875rem}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:start;white-space:nowrap}
svg{display:block;width:100%;height:auto;margin:.5rem 0}
svg text{fill:var(--text);font-size:10px;text-anchor:middle}
svg line{stroke:var(--line)}
svg rect{fill:var(--figure)}
";

/// The pages as a file in this language.
pub fn pages_as_html(pages: &[Page], language: Language) -> String {
    let mut html = Html {
        text: String::new(),
        is_mirrored: language.reads_from_the_right(),
        charts: 0,
    };
    let title = pages.first().map_or("", |page| &page.heading);
    html.head(title, language);
    pages.iter().for_each(|page| html.page(page));
    html.push("</main>\n</body>\n</html>\n");
    html.text
}

struct Html {
    text: String,
    /// The first of a row stands on the right.
    is_mirrored: bool,
    charts: u32,
}

impl Html {
    fn push(&mut self, markup: &str) {
        self.text.push_str(markup);
    }

    fn head(&mut self, title: &str, language: Language) {
        let direction = if self.is_mirrored { "rtl" } else { "ltr" };
        let (code, title) = (language.code(), escaped(title));
        self.push(&format!(
            "<!DOCTYPE html>\n<html lang=\"{code}\" dir=\"{direction}\">\n<head>\n\
             <meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'nonce-page'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style nonce=\"page\">\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
        ));
    }

    fn page(&mut self, page: &Page) {
        let heading = escaped(&page.heading);
        self.push(&format!("<h1>{heading}</h1>\n"));
        for part in &page.parts {
            match part {
                Part::Text(lines) => {
                    for line in lines {
                        self.push(&format!("<p>{}</p>\n", escaped(line)));
                    }
                }
                Part::Table(table) => self.table(table),
                Part::Heat(heat) => self.heat(heat),
            }
        }
    }

    fn table(&mut self, table: &Table) {
        self.push(&format!("<h2>{}</h2>\n", escaped(&table.title)));
        self.bars(table);
        self.rows(&table.headings, &table.rows);
    }

    fn rows(&mut self, headings: &[String], rows: &[Vec<String>]) {
        self.push("<div class=\"scroll\"><table>\n<thead><tr>");
        for heading in headings {
            self.push(&format!("<th scope=\"col\">{}</th>", escaped(heading)));
        }
        self.push("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.push("<tr>");
            for (at, cell) in row.iter().enumerate() {
                let cell = escaped(cell);
                self.push(&match at {
                    0 => format!("<th scope=\"row\"><bdi>{cell}</bdi></th>"),
                    _ => format!("<td><bdi>{cell}</bdi></td>"),
                });
            }
            self.push("</tr>\n");
        }
        self.push("</tbody>\n</table></div>\n");
    }

    /// Begins a drawing with a name and what it shows in a sentence, for those who do not see it.
    fn draw(&mut self, width: f64, height: f64, title: &str, description: &str) {
        self.charts += 1;
        let (at, title, description) = (self.charts, escaped(title), escaped(description));
        self.push(&format!(
            "<svg role=\"img\" viewBox=\"0 0 {width} {height}\" direction=\"ltr\" \
             aria-labelledby=\"title{at} desc{at}\">\n\
             <title id=\"title{at}\">{title}</title>\n<desc id=\"desc{at}\">{description}</desc>\n"
        ));
    }

    /// Where the one at a place begins of so many that stand side by side.
    fn place(&self, at: usize, of: usize) -> f64 {
        let at = if self.is_mirrored { of - 1 - at } else { at };
        at as f64
    }

    fn bars(&mut self, table: &Table) {
        let Some(bars) = &table.bars else { return };
        let drawn: Vec<Bar<'_>> = table
            .rows
            .iter()
            .zip(&bars.values)
            .map(|(row, &value)| Bar {
                label: row.first().map_or("", String::as_str),
                text: row.get(bars.column).map_or("", String::as_str),
                value,
            })
            .collect();
        let Some(highest) = drawn.iter().max_by(|a, b| a.value.total_cmp(&b.value)) else {
            return;
        };
        let column = table.headings.get(bars.column).map_or("", String::as_str);
        let title = format!("{}: {column}", table.title);
        self.push(&format!("<p>{}</p>\n", escaped(column)));
        self.draw(
            WIDTH,
            200.0,
            &title,
            &described(highest.label, highest.text),
        );
        let wide = WIDTH / drawn.len() as f64;
        // As many labels as fit.
        let every = drawn.len().div_ceil(LABELS);
        for (at, bar) in drawn.iter().enumerate() {
            let tall = share(bar.value, highest.value) * 150.0;
            let left = self.place(at, drawn.len()) * wide;
            self.bar(bar, [left + wide * 0.1, 170.0 - tall, wide * 0.8, tall]);
            if at % every == 0 {
                self.words(left + wide / 2.0, 185.0, bar.label);
                self.words(left + wide / 2.0, 165.0 - tall, bar.text);
            }
        }
        self.push(&format!(
            "<line x1=\"0\" y1=\"170\" x2=\"{WIDTH}\" y2=\"170\"/>\n</svg>\n"
        ));
    }

    fn bar(&mut self, bar: &Bar<'_>, place: [f64; 4]) {
        let [x, y, width, height] = place;
        let title = escaped(&format!("{}: {}", bar.label, bar.text));
        let _ = writeln!(
            self.text,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\">\
             <title>{title}</title></rect>"
        );
    }

    fn words(&mut self, x: f64, y: f64, words: &str) {
        let words = escaped(words);
        let _ = writeln!(self.text, "<text x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>");
    }

    fn heat(&mut self, heat: &Heat) {
        self.push(&format!("<h2>{}</h2>\n", escaped(&heat.title)));
        self.map(heat);
        let (name, columns) = &heat.columns;
        let headings: Vec<String> = std::iter::once(name).chain(columns).cloned().collect();
        let cells = |cells: &[HeatCell]| cells.iter().map(|cell| cell.text.clone()).collect();
        let row = |(name, row): &(String, Vec<HeatCell>)| {
            let cells: Vec<String> = cells(row);
            std::iter::once(name.clone()).chain(cells).collect()
        };
        let rows: Vec<Vec<String>> = heat.rows.iter().map(row).collect();
        self.rows(&headings, &rows);
    }

    fn map(&mut self, heat: &Heat) {
        let highest = heat.highest();
        let (_, columns) = &heat.columns;
        let places = columns.len() + 1;
        let wide = WIDTH / places as f64;
        let top = heat.rows.iter().flat_map(|(row, cells)| {
            let cells = columns.iter().zip(cells);
            cells.map(move |(column, cell)| (format!("{row} {column}"), cell))
        });
        let description = top
            .max_by(|(_, a), (_, b)| a.value.total_cmp(&b.value))
            .map_or(String::new(), |(label, cell)| described(&label, &cell.text));
        let height = TALL * (heat.rows.len() + 1) as f64;
        self.draw(WIDTH, height, &heat.title, &description);
        for (at, column) in columns.iter().enumerate() {
            let middle = (self.place(at + 1, places) + 0.5) * wide;
            self.words(middle, TALL * 0.65, column);
        }
        for (down, (row, cells)) in heat.rows.iter().enumerate() {
            let y = TALL * (down + 1) as f64;
            self.words((self.place(0, places) + 0.5) * wide, y + TALL * 0.65, row);
            for (at, cell) in cells.iter().enumerate() {
                let x = self.place(at + 1, places) * wide;
                // Not darker than a text upon it can be read.
                let opacity = share(cell.value, highest) * 0.6;
                let _ = writeln!(
                    self.text,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
                     fill-opacity=\"{opacity:.2}\"/>",
                    wide - 1.0,
                    TALL - 1.0
                );
                self.words(x + wide / 2.0, y + TALL * 0.65, &cell.text);
            }
        }
        self.push("</svg>\n");
    }
}

/// Drawings are this wide, in their own units.
const WIDTH: f64 = 800.0;
/// A row of a heat map.
const TALL: f64 = 24.0;
/// Below bars.
const LABELS: usize = 12;

struct Bar<'p> {
    label: &'p str,
    text: &'p str,
    value: f64,
}

fn described(label: &str, value: &str) -> String {
    tr!("Highest: {label}, {value}", label = label, value = value)
}

fn share(value: f64, of: f64) -> f64 {
    if of > 0.0 { value / of } else { 0.0 }
}

/// Text as it stands in markup, also within quotes. Control characters are shown by their code: HTML
/// has no way to write them.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => escaped.extend(c.escape_unicode()),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
