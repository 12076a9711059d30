//! Sheets of paper that are drawn upon, and the file that they become.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use jiff::Zoned;
use pdf_writer::types::{CidFontType, Direction, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Date, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use read_fonts::TableProvider;
use sha2::{Digest, Sha256};

use super::PdfError;
use super::type_case::{Base, Cluster, Face, TypeCase, Weight, Words};
use crate::i18n::Language;

/// A4, in points.
pub(super) const PAPER: [f32; 2] = [595.28, 841.89];

/// A colour: red, green and blue, 0 to 1.
pub(super) type Colour = [f32; 3];

/// Where a text stands in the width that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Where reading begins.
    Start,
    Middle,
    End,
}

/// Letters of a size, weight and colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink {
    /// In points.
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) colour: Colour,
}

/// A place on a sheet, in points: from the side where reading begins, and from the top.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) start: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// The sheets of a file.
pub(super) struct Sheets {
    pub(super) types: TypeCase,
    sheets: Vec<Content>,
    is_mirrored: bool,
}

impl Sheets {
    /// None yet, for this language.
    pub(super) fn new(language: Language) -> Result<Self, PdfError> {
        let is_mirrored = language.reads_from_the_right();
        Ok(Self {
            types: TypeCase::new(is_mirrored).map_err(|_| PdfError)?,
            sheets: Vec::new(),
            is_mirrored,
        })
    }

    /// Begins another one.
    pub(super) fn turn(&mut self) {
        self.sheets.push(Content::new());
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.sheets.len()
    }

    /// Fills a rectangle on the last sheet.
    pub(super) fn fill(&mut self, place: Place, colour: Colour) {
        let x = self.left(place.start, place.width);
        let y = PAPER[1] - place.top - place.height;
        let [red, green, blue] = colour;
        let Some(content) = self.sheets.last_mut() else {
            return;
        };
        content.set_fill_rgb(red, green, blue);
        content.rect(x, y, place.width, place.height).fill_nonzero();
    }

    /// Sets a text with its baseline at `top`, in the width of `place`, on the sheet `at`.
    pub(super) fn write_on(
        &mut self,
        at: usize,
        text: &str,
        base: Base,
        place: Place,
        align: Align,
        ink: Ink,
    ) {
        let words = self.types.set(text, ink.weight, base);
        let width = words.width * ink.size;
        let room = place.width - width;
        let start = place.start
            + match align {
                Align::Start => 0.0,
                Align::Middle => room / 2.0,
                Align::End => room,
            };
        let (x, y) = (self.left(start, width), PAPER[1] - place.top);
        if let Some(content) = self.sheets.get_mut(at) {
            draw(content, &words, [x, y], ink);
        }
    }

    /// As [`Self::write_on`], on the last sheet.
    pub(super) fn write(&mut self, text: &str, base: Base, place: Place, align: Align, ink: Ink) {
        let last = self.count().saturating_sub(1);
        self.write_on(last, text, base, place, align, ink);
    }

    /// The lines that a text is in this width.
    pub(super) fn wrap(&mut self, text: &str, width: f32, ink: Ink) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let fits = |types: &mut TypeCase, line: &str| {
                types.width(line, ink.weight) * ink.size <= width + 0.01
            };
            if let Some(last) = lines.last_mut() {
                let longer = format!("{last} {word}");
                if fits(&mut self.types, &longer) {
                    *last = longer;
                    continue;
                }
            }
            if fits(&mut self.types, word) {
                lines.push(word.to_owned());
                continue;
            }
            lines.push(String::new());
            for c in word.chars() {
                let Some(last) = lines.last_mut() else { break };
                last.push(c);
                if !fits(&mut self.types, last) && last.chars().count() > 1 {
                    last.pop();
                    let mut rest = last.split_off(break_of(last));
                    rest.push(c);
                    lines.push(rest);
                }
            }
        }
        lines
    }

    /// Where something of this width begins, from the left edge.
    fn left(&self, start: f32, width: f32) -> f32 {
        if self.is_mirrored {
            PAPER[0] - start - width
        } else {
            start
        }
    }

    /// The file: everything that decides its octets is an argument or was drawn.
    pub(super) fn finish(
        self,
        title: &str,
        language: Language,
        made: &Zoned,
    ) -> Result<Vec<u8>, PdfError> {
        let mut pdf = Pdf::new();
        let mut last = 0;
        let mut next = || {
            last += 1;
            Ref::new(last)
        };
        let [catalog, tree, info] = [next(), next(), next()];
        let mut kids = Vec::new();
        for content in self.sheets {
            let [page, stream] = [next(), next()];
            pdf.page(page).parent(tree).contents(stream);
            let packed = packed(content.finish().as_slice())?;
            pdf.stream(stream, &packed).filter(Filter::FlateDecode);
            kids.push(page);
        }
        let mut fonts = Vec::new();
        for (at, face) in self.types.faces().iter().enumerate() {
            if face.is_unused() {
                continue;
            }
            let refs = [next(), next(), next(), next(), next()];
            embed(&mut pdf, face, at, refs)?;
            fonts.push((at, refs[0]));
        }
        let mut pages = pdf.pages(tree);
        pages.count(i32::try_from(kids.len()).unwrap_or(i32::MAX));
        pages.kids(kids);
        pages.media_box(Rect::new(0.0, 0.0, PAPER[0], PAPER[1]));
        let mut resources = pages.resources();
        let mut named = resources.fonts();
        for (at, font) in fonts {
            named.pair(Name(font_name(at).as_bytes()), font);
        }
        named.finish();
        resources.finish();
        pages.finish();
        let mut root = pdf.catalog(catalog);
        root.pages(tree).lang(TextStr(language.code()));
        let mut preferences = root.viewer_preferences();
        preferences.display_doc_title(true);
        if self.is_mirrored {
            preferences.direction(Direction::R2L);
        }
        preferences.finish();
        root.finish();
        pdf.document_info(info)
            .title(TextStr(title))
            .creator(TextStr("Ringbook"))
            .creation_date(date(made));
        Ok(pdf.finish())
    }
}

/// Where a word is broken that is longer than a line: behind a mark of its second half, as addresses have
/// them, else at its end.
fn break_of(word: &str) -> usize {
    let mark = word.rfind(['@', '.', '-', '/']).map(|at| at + 1);
    mark.filter(|at| 2 * at > word.len()).unwrap_or(word.len())
}

fn date(at: &Zoned) -> Date {
    let small = |number: i8| number.unsigned_abs();
    let minutes = at.offset().seconds() / 60;
    Date::new(at.year().unsigned_abs())
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(i8::try_from(minutes / 60).unwrap_or(0))
        .utc_offset_minute(u8::try_from(minutes.abs() % 60).unwrap_or(0))
}

fn font_name(at: usize) -> String {
    format!("F{at}")
}

fn packed(octets: &[u8]) -> Result<Vec<u8>, PdfError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets).map_err(|_| PdfError)?;
    encoder.finish().map_err(|_| PdfError)
}

/// Draws the words from a point on. Clusters whose glyphs do not say it say what they are read as
/// (ISO 32000-1, 14.9.4).
fn draw(content: &mut Content, words: &Words, at: [f32; 2], ink: Ink) {
    let [red, green, blue] = ink.colour;
    content.begin_text().set_fill_rgb(red, green, blue);
    content.set_text_matrix([1.0, 0.0, 0.0, 1.0, at[0], at[1]]);
    let mut face = None;
    for cluster in &words.clusters {
        if face.replace(cluster.face) != Some(cluster.face) {
            content.set_font(Name(font_name(cluster.face).as_bytes()), ink.size);
        }
        if !cluster.is_plain {
            let mut mark = content.begin_marked_content_with_properties(Name(b"Span"));
            mark.properties().actual_text(TextStr(&cluster.text));
        }
        show(content, cluster, ink.size);
        if !cluster.is_plain {
            content.end_marked_content();
        }
    }
    content.end_text();
}

fn show(content: &mut Content, cluster: &Cluster, size: f32) {
    for glyph in &cluster.glyphs {
        let [right, up] = glyph.shift;
        if up != 0.0 {
            content.set_rise(up * size);
        }
        let mut positioned = content.show_positioned();
        let mut items = positioned.items();
        // To the left, in thousandths of the size.
        let [before, after] = [-right, glyph.width + right - glyph.advance].map(|by| by * 1000.0);
        if before.abs() > 0.01 {
            items.adjust(before);
        }
        items.show(Str(&glyph.id.to_be_bytes()));
        if after.abs() > 0.01 {
            items.adjust(after);
        }
        items.finish();
        positioned.finish();
        if up != 0.0 {
            content.set_rise(0.0);
        }
    }
}

/// Puts what is used of a font into the file, glyphs by their number there (ISO 32000-1, 9.7).
fn embed(pdf: &mut Pdf, face: &Face, at: usize, refs: [Ref; 5]) -> Result<(), PdfError> {
    let [font, descendant, descriptor, file, unicode] = refs;
    let subset = subsetter::subset(face.data, 0, &face.used).map_err(|_| PdfError)?;
    // Six letters that tell one subset from another.
    let tag: String = Sha256::digest(&subset)
        .iter()
        .take(6)
        .map(|octet| char::from(b'A' + octet % 26))
        .collect();
    let name = format!("{tag}+NotoSans{at}");
    let name = Name(name.as_bytes());
    let system = SystemInfo {
        registry: Str(b"Adobe"),
        ordering: Str(b"Identity"),
        supplement: 0,
    };
    pdf.type0_font(font)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(descendant)
        .to_unicode(unicode);
    let mut cid = pdf.cid_font(descendant);
    cid.subtype(CidFontType::Type2)
        .base_font(name)
        .system_info(system)
        .font_descriptor(descriptor)
        .cid_to_gid_map_predefined(Name(b"Identity"));
    let widths = face.used.remapped_gids();
    let widths = widths.map(|glyph| face.width_of(glyph) * 1000.0);
    cid.widths().consecutive(0, widths);
    cid.finish();
    let (head, hhea) = (face.font.head(), face.font.hhea());
    let (head, hhea) = (head.map_err(|_| PdfError)?, hhea.map_err(|_| PdfError)?);
    let units = |value: i16| f32::from(value) * 1000.0 / face.units;
    pdf.font_descriptor(descriptor)
        .name(name)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(
            units(head.x_min()),
            units(head.y_min()),
            units(head.x_max()),
            units(head.y_max()),
        ))
        .italic_angle(0.0)
        .ascent(units(hhea.ascender().to_i16()))
        .descent(units(hhea.descender().to_i16()))
        .cap_height(714.0)
        .stem_v(80.0)
        .font_file2(file);
    let length = i32::try_from(subset.len()).unwrap_or(i32::MAX);
    let packed_file = packed(&subset)?;
    let mut stream = pdf.stream(file, &packed_file);
    stream.filter(Filter::FlateDecode);
    stream.pair(Name(b"Length1"), length);
    stream.finish();
    let mut map = UnicodeCmap::new(Name(b"Custom"), system);
    for (glyph, text) in &face.texts {
        map.pair_with_multiple(*glyph, text.chars());
    }
    let packed_map = packed(map.finish().as_slice())?;
    pdf.cmap(unicode, &packed_map).filter(Filter::FlateDecode);
    Ok(())
}
