//! What stands on the sheets from the top to the bottom, and where one sheet ends and the next begins.

use jiff::Zoned;

use super::PdfError;
use super::sheets::{Align, Colour, Ink, PAPER, Place, Sheets};
use super::type_case::{Base, Weight};
use crate::i18n::Language;
use crate::tr;

/// The margin at the sides, in points.
pub(super) const MARGIN: f32 = 48.0;
/// How wide the type area is.
pub(super) const WIDTH: f32 = PAPER[0] - 2.0 * MARGIN;
/// Where it begins and ends on every sheet.
const TOP: f32 = 54.0;
const BOTTOM: f32 = PAPER[1] - 60.0;

pub(super) const BLACK: Colour = [0.07, 0.08, 0.10];
pub(super) const GREY: Colour = [0.38, 0.41, 0.46];
pub(super) const RULE: Colour = [0.85, 0.87, 0.89];
/// As the page for browsers has it: #1d4ed8.
pub(super) const FIGURE: Colour = [0.114, 0.306, 0.847];

/// Letters a line lower, in parts of their size.
pub(super) const LINE: f32 = 1.38;
/// Where the baseline is in a line, in parts of the size.
pub(super) const BASELINE: f32 = 1.05;

/// The sizes of a heading, the first of which that fits on one line is taken, else the last.
const HEADINGS: [f32; 4] = [17.0, 16.0, 15.0, 14.0];
pub(super) const TITLE: Ink = ink(11.0, Weight::Bold, BLACK);
const TEXT: Ink = ink(9.5, Weight::Regular, BLACK);
const MARGINAL: Ink = ink(7.5, Weight::Regular, GREY);

pub(super) const fn ink(size: f32, weight: Weight, colour: Colour) -> Ink {
    Ink {
        size,
        weight,
        colour,
    }
}

/// The sheets, and how far down the last one is written.
pub(super) struct Flow {
    pub(super) sheets: Sheets,
    top: f32,
    /// What each sheet is about, and whether it says so itself.
    about: Vec<(String, bool)>,
}

impl Flow {
    /// No sheet yet.
    pub(super) fn new(language: Language) -> Result<Self, PdfError> {
        Ok(Self {
            sheets: Sheets::new(language)?,
            top: TOP,
            about: Vec::new(),
        })
    }

    /// How far down the last sheet is written, in points.
    pub(super) fn top(&self) -> f32 {
        self.top
    }

    /// Begins a report on a sheet of its own.
    pub(super) fn begin(&mut self, heading: &str) {
        self.turn(heading.to_owned(), true);
        self.sheets.fill(place(0.0, self.top, 32.0, 3.0), FIGURE);
        self.top += 14.0;
        let width = self.sheets.types.width(heading, Weight::Bold);
        let fitting = HEADINGS.into_iter().find(|size| width * size <= WIDTH);
        let size = fitting.unwrap_or(HEADINGS[HEADINGS.len() - 1]);
        self.lines(heading, ink(size, Weight::Bold, BLACK));
        self.top += 8.0;
    }

    /// Paragraphs.
    pub(super) fn text(&mut self, lines: &[String]) {
        for line in lines {
            self.lines(line, TEXT);
            self.top += 3.0;
        }
        self.top += 8.0;
    }

    /// A paragraph.
    pub(super) fn lines(&mut self, text: &str, ink: Ink) {
        for line in self.sheets.wrap(text, WIDTH, ink) {
            self.keep(ink.size * LINE);
            self.line(&line, Base::Page, ink);
        }
    }

    /// A line, over the whole width.
    pub(super) fn line(&mut self, text: &str, base: Base, ink: Ink) {
        let at = place(0.0, self.top + ink.size * BASELINE, WIDTH, 0.0);
        self.sheets.write(text, base, at, Align::Start, ink);
        self.top += ink.size * LINE;
    }

    /// Leaves so much blank.
    pub(super) fn skip(&mut self, height: f32) {
        self.top += height;
    }

    /// Goes on upon the next sheet where there is less room than this on the last one, and says
    /// whether it does. What is higher than a sheet stays where it is.
    pub(super) fn keep(&mut self, height: f32) -> bool {
        let is_full = self.top + height > BOTTOM && self.top > TOP + 1.0;
        if is_full {
            let about = self.about.last().map(|(about, _)| about.clone());
            self.turn(about.unwrap_or_default(), false);
        }
        is_full
    }

    fn turn(&mut self, about: String, is_said: bool) {
        self.sheets.turn();
        self.about.push((about, is_said));
        self.top = TOP;
    }

    /// Numbers the sheets and makes the file.
    pub(super) fn finish(mut self, language: Language, made: &Zoned) -> Result<Vec<u8>, PdfError> {
        let about = std::mem::take(&mut self.about);
        let count = about.len();
        let foot = place(0.0, PAPER[1] - 36.0, WIDTH, 0.0);
        let when = made.strftime("%Y-%m-%d %H:%M").to_string();
        for (at, (heading, is_said)) in about.iter().enumerate() {
            let number = tr!("Page {page} of {pages}", page = at + 1, pages = count);
            let mut write = |text: &str, place, align| {
                let sheets = &mut self.sheets;
                sheets.write_on(at, text, Base::Page, place, align, MARGINAL);
            };
            write(&format!("Ringbook · {when}"), foot, Align::Start);
            write(&number, foot, Align::End);
            if !is_said {
                write(heading, place(0.0, 38.0, WIDTH, 0.0), Align::Start);
            }
        }
        let title = about.first().map_or("", |(heading, _)| heading);
        self.sheets.finish(title, language, made)
    }
}

/// A place in the type area.
pub(super) fn place(start: f32, top: f32, width: f32, height: f32) -> Place {
    Place {
        start: MARGIN + start,
        top,
        width,
        height,
    }
}
