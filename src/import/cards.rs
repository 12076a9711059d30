//! A file of business cards.

use std::io::{self, Read, Write};

use super::line::{Line, Refusal};
use super::{ImportError, Source, Sourced, Written};
use crate::model::Country;
use crate::vcard::{Card, CardError, Cards, Piece, REJECTED, read_card};

/// The file.
pub(super) struct CardFile<R> {
    cards: Cards<R>,
    country: Option<Country>,
    /// Whether a card was in it before.
    has_cards: bool,
}

impl<R: Read> CardFile<R> {
    pub(super) fn new(input: R, country: Option<Country>) -> Self {
        Self {
            cards: Cards::new(input),
            country,
            has_cards: false,
        }
    }

    fn read(&self, piece: Piece) -> Sourced {
        let (line, octets, wrong) = match piece {
            Piece::Card(line, octets) => (line, octets, None),
            Piece::Unfinished(line, octets) => (
                line,
                octets,
                Some(("card", "cards that end with END:VCARD")),
            ),
            Piece::TooLong(line, octets) => (line, octets, Some(("card", "at most 24 MiB"))),
            Piece::Stray(line, octets) => (
                line,
                octets,
                Some(("line", "cards, from BEGIN:VCARD to END:VCARD")),
            ),
        };
        let said = match wrong {
            None => self.card(&octets),
            Some((field, allowed)) => Err(Refusal {
                field: field.to_owned(),
                value: String::from_utf8_lossy(&octets).into_owned(),
                allowed: allowed.to_owned(),
            }),
        };
        let written = Box::new(WrittenCard(octets));
        Sourced {
            line,
            said,
            written,
        }
    }

    fn card(&self, octets: &[u8]) -> Result<Line, Refusal> {
        let card: Card = read_card(octets).map_err(|error: CardError| Refusal {
            field: error.property,
            value: error.error.value,
            allowed: error.error.allowed,
        })?;
        Line::of_card(card, self.country)
    }
}

impl<R: Read + Send> Source for CardFile<R> {
    fn next(&mut self) -> Result<Option<Sourced>, ImportError> {
        let Some(piece) = self.cards.read_next()? else {
            return if self.has_cards {
                Ok(None)
            } else {
                Err(ImportError::NoCards)
            };
        };
        self.has_cards |= !matches!(piece, Piece::Stray(..));
        Ok(Some(self.read(piece)))
    }
}

/// A card as it stands in the file.
struct WrittenCard(Vec<u8>);

impl Written for WrittenCard {
    fn octets(&self) -> usize {
        self.0.len()
    }

    /// The card, with the reason before its end, which an import passes over.
    fn reject(&self, why: &str, output: &mut dyn Write) -> io::Result<()> {
        let card = self.0.trim_ascii_end();
        let end = card
            .iter()
            .rposition(|&octet| octet == b'\n')
            .map_or(0, |at| at + 1);
        let (card, end) = match card[end..].trim_ascii().eq_ignore_ascii_case(b"END:VCARD") {
            true => (&card[..end], &card[end..]),
            false => (card, &b""[..]),
        };
        output.write_all(card)?;
        if !card.ends_with(b"\n") {
            output.write_all(b"\r\n")?;
        }
        let why = why.replace(['\r', '\n'], " ");
        write!(output, "{REJECTED}:{why}\r\n")?;
        output.write_all(end)?;
        output.write_all(b"\r\n")
    }
}
