//! Reports as a PDF file: the pages of [`super::page`] on sheets of A4, with the program's own fonts
//! inside, charts as shapes, and a text that can be searched and copied.

mod charts;
mod flow;
mod sheets;
mod tables;
#[cfg(test)]
mod tests;
mod type_case;

use jiff::Zoned;

use super::page::{Page, Part};
use crate::i18n::Language;
use flow::Flow;

/// A font of the program cannot be read: the program is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a font of the program cannot be read")]
pub struct PdfError;

/// The pages as a file in this language that was made at this time: the same octets for the same
/// arguments.
///
/// # Errors
/// Where the program's fonts are damaged.
pub fn pages_as_pdf(pages: &[Page], language: Language, made: &Zoned) -> Result<Vec<u8>, PdfError> {
    let mut flow = Flow::new(language)?;
    for page in pages {
        flow.begin(&page.heading);
        for part in &page.parts {
            match part {
                Part::Text(lines) => flow.text(lines),
                Part::Table(table) => {
                    charts::bars(&mut flow, table);
                    tables::table(&mut flow, table);
                }
                Part::Heat(heat) => charts::heat(&mut flow, heat),
            }
        }
    }
    flow.finish(language, made)
}
