//! The fonts of a file: which glyphs a text is, how wide it is, and what of the fonts the file needs.

use std::collections::BTreeMap;
use std::ops::Range;

use harfrust::{Direction, ShapeOptions, ShaperData, UnicodeBuffer};
use read_fonts::tables::hmtx::Hmtx;
use read_fonts::{FontRef, ReadError, TableProvider};
use ringbook_fonts::{
    ARABIC_REGULAR, ARABIC_SEMI_BOLD, DEVANAGARI_REGULAR, DEVANAGARI_SEMI_BOLD, LATIN_REGULAR,
    LATIN_SEMI_BOLD,
};
use subsetter::GlyphRemapper;
use unicode_bidi::{BidiInfo, Level};

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// Which way a text runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// As the page does.
    Page,
    /// As its own first letter does: a name, a number, an address.
    Own,
}

/// The shipped fonts, and which of their glyphs have been used.
pub(super) struct TypeCase {
    faces: Vec<Face>,
    is_mirrored: bool,
}

/// A font.
pub(super) struct Face {
    pub(super) data: &'static [u8],
    pub(super) font: FontRef<'static>,
    shaper: ShaperData,
    /// How many of its units are the height of a line.
    pub(super) units: f32,
    /// The glyphs in use, by the number that they have in the file.
    pub(super) used: GlyphRemapper,
    /// The text that each of them stands for wherever nothing else is said, by their number there.
    pub(super) texts: BTreeMap<u16, String>,
}

/// A line of text as it is drawn, from the left to the right. Lengths are in parts of the size.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    pub(super) clusters: Vec<Cluster>,
    pub(super) width: f32,
}

/// Glyphs that stand for some characters together.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) face: usize,
    pub(super) glyphs: Vec<Glyph>,
    /// The characters.
    pub(super) text: String,
    /// Whether the glyphs by themselves are read as these characters.
    pub(super) is_plain: bool,
}

/// A glyph in its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyph {
    /// Its number in the file.
    pub(super) id: u16,
    /// How wide the font says it is.
    pub(super) width: f32,
    /// How far the next one stands from it.
    pub(super) advance: f32,
    /// How far it is drawn from its place, to the right and up.
    pub(super) shift: [f32; 2],
}

impl TypeCase {
    /// All fonts, none of their glyphs used; a mirrored page runs from the right.
    pub(super) fn new(is_mirrored: bool) -> Result<Self, ReadError> {
        // In the order in which they are tried, each family regular and bold.
        let faces = [
            LATIN_REGULAR,
            LATIN_SEMI_BOLD,
            ARABIC_REGULAR,
            ARABIC_SEMI_BOLD,
            DEVANAGARI_REGULAR,
            DEVANAGARI_SEMI_BOLD,
        ];
        Ok(Self {
            faces: faces.into_iter().map(Face::of).collect::<Result<_, _>>()?,
            is_mirrored,
        })
    }

    /// The fonts, by the place that clusters name.
    pub(super) fn faces(&self) -> &[Face] {
        &self.faces
    }

    /// The text as a line: shaped, and each part in its direction.
    pub(super) fn set(&mut self, text: &str, weight: Weight, base: Base) -> Words {
        let text: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let level = match self.is_mirrored {
            true => Level::rtl(),
            false => Level::ltr(),
        };
        let bidi = BidiInfo::new(&text, (base == Base::Page).then_some(level));
        let mut words = Words::default();
        for paragraph in &bidi.paragraphs {
            let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for run in runs {
                let from_the_right = levels.get(run.start).is_some_and(Level::is_rtl);
                self.run(&text, run, from_the_right, weight, &mut words);
            }
        }
        let glyphs = words.clusters.iter().flat_map(|cluster| &cluster.glyphs);
        words.width = glyphs.map(|glyph| glyph.advance).sum();
        words
    }

    /// How wide a text is, in parts of the size.
    pub(super) fn width(&mut self, text: &str, weight: Weight) -> f32 {
        self.set(text, weight, Base::Own).width
    }

    /// A part of one direction: font by font, as they stand from the left.
    fn run(
        &mut self,
        text: &str,
        run: Range<usize>,
        from_the_right: bool,
        weight: Weight,
        words: &mut Words,
    ) {
        let mut parts = self.parts(text, run, weight);
        if from_the_right {
            parts.reverse();
        }
        let direction = match from_the_right {
            true => Direction::RightToLeft,
            false => Direction::LeftToRight,
        };
        for (face, part) in parts {
            let shaped = self.faces[face].shape(face, &part, direction);
            words.clusters.extend(shaped);
        }
    }

    /// A run, cut where the font changes, without the marks of direction, which are obeyed by now.
    fn parts(&self, text: &str, run: Range<usize>, weight: Weight) -> Vec<(usize, String)> {
        let mut parts: Vec<(usize, String)> = Vec::new();
        let shown = text[run].chars().filter(|c| !is_mark_of_direction(*c));
        for c in shown {
            let latest = parts.last().map(|(face, _)| *face);
            let face = self.face_for(c, latest, weight);
            match parts.last_mut() {
                Some((last, part)) if *last == face => part.push(c),
                _ => parts.push((face, c.into())),
            }
        }
        parts
    }

    /// The font that has the character: the latest one, so that marks and spaces stay where they
    /// belong, else the first. Digits and Latin letters look the same everywhere.
    fn face_for(&self, c: char, latest: Option<usize>, weight: Weight) -> usize {
        let of_weight = (weight as usize..self.faces.len()).step_by(2);
        let latest = latest.filter(|_| !c.is_ascii_alphanumeric());
        let mut tried = latest.into_iter().chain(of_weight);
        let has = |face: &usize| self.faces[*face].glyph(c).is_some();
        tried.find(has).unwrap_or(weight as usize)
    }
}

/// The embeddings, overrides, isolates and marks of the bidirectional algorithm.
fn is_mark_of_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Face {
    fn of(data: &'static [u8]) -> Result<Self, ReadError> {
        let font = FontRef::new(data)?;
        Ok(Self {
            data,
            shaper: ShaperData::new(&font),
            units: font.head()?.units_per_em().into(),
            font,
            used: GlyphRemapper::new(),
            texts: BTreeMap::new(),
        })
    }

    /// Whether no glyph of it is drawn: the one for what is missing is always in the file.
    pub(super) fn is_unused(&self) -> bool {
        self.used.num_gids() == 1 && self.texts.is_empty()
    }

    fn glyph(&self, c: char) -> Option<u32> {
        let glyph = self.font.cmap().ok()?.map_codepoint(c)?;
        Some(glyph.to_u32())
    }

    /// The width of a glyph of the font, in parts of the size.
    pub(super) fn width_of(&self, glyph: u16) -> f32 {
        let width = |table: Hmtx<'_>| table.advance(read_fonts::types::GlyphId::from(glyph));
        let width = self.font.hmtx().ok().and_then(width);
        f32::from(width.unwrap_or(0)) / self.units
    }

    fn shape(&mut self, face: usize, text: &str, direction: Direction) -> Vec<Cluster> {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.set_direction(direction);
        buffer.guess_segment_properties();
        let shaper = self.shaper.shaper(&self.font).build();
        let shaped = shaper.shape(buffer, ShapeOptions::new());
        let placed = shaped.glyph_infos().iter().zip(shaped.glyph_positions());
        let mut clusters: Vec<(usize, Vec<Glyph>)> = Vec::new();
        for (info, position) in placed {
            let original = u16::try_from(info.glyph_id).unwrap_or(0);
            let parts = |units: i32| units as f32 / self.units;
            let glyph = Glyph {
                id: self.used.remap(original),
                width: self.width_of(original),
                advance: parts(position.x_advance),
                shift: [parts(position.x_offset), parts(position.y_offset)],
            };
            let start = info.cluster as usize;
            match clusters.last_mut() {
                Some((last, glyphs)) if *last == start => glyphs.push(glyph),
                _ => clusters.push((start, vec![glyph])),
            }
        }
        let mut starts: Vec<usize> = clusters.iter().map(|(start, _)| *start).collect();
        starts.sort_unstable();
        let end = |start: usize| starts.iter().find(|&&next| next > start).copied();
        let cluster = |(start, glyphs): (usize, Vec<Glyph>)| {
            let text = &text[start..end(start).unwrap_or(text.len())];
            Cluster {
                face,
                is_plain: self.are_read_as(&glyphs, text),
                text: text.to_owned(),
                glyphs,
            }
        };
        let clusters: Vec<Cluster> = clusters.into_iter().map(cluster).collect();
        if direction == Direction::LeftToRight {
            return whole_words(clusters);
        }
        let mut clusters = clusters;
        for cluster in clusters.iter_mut().filter(|cluster| !cluster.is_plain) {
            cluster.glyphs.splice(..0, self.mere_space());
        }
        clusters
    }

    /// Whether the glyphs by themselves are read as this text. One that stands for nothing yet stands
    /// for it from now on.
    fn are_read_as(&mut self, glyphs: &[Glyph], text: &str) -> bool {
        let [glyph] = glyphs else { return false };
        let known = self
            .texts
            .entry(glyph.id)
            .or_insert_with(|| text.to_owned());
        known == text
    }

    /// A space that takes no room. Where it begins a letter with marks, that letter begins for a reader
    /// of the file where it does on paper, and not where the first mark stands.
    fn mere_space(&mut self) -> Option<Glyph> {
        let space = u16::try_from(self.glyph(' ')?).ok()?;
        Some(Glyph {
            id: self.used.remap(space),
            width: self.width_of(space),
            advance: 0.0,
            shift: [0.0; 2],
        })
    }
}

/// The clusters, those of a word together that has any that is not plain: a reader of the file takes
/// where a mark stands for the end of its letter, and sees a space there.
fn whole_words(clusters: Vec<Cluster>) -> Vec<Cluster> {
    let is_space = |cluster: &Cluster| cluster.text.trim().is_empty();
    let words = clusters.chunk_by(|one, other| !is_space(one) && !is_space(other));
    let word = |clusters: &[Cluster]| match clusters {
        [first, ..] if clusters.iter().any(|cluster| !cluster.is_plain) => vec![Cluster {
            face: first.face,
            glyphs: clusters.iter().flat_map(|one| one.glyphs.clone()).collect(),
            text: clusters.iter().map(|one| one.text.as_str()).collect(),
            is_plain: false,
        }],
        plain => plain.to_vec(),
    };
    words.flat_map(word).collect()
}
