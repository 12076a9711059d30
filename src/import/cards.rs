//! A file of business cards.

use std::io::{self, Read, Write};

use super::line::{Line, Refusal};
use super::{ImportError, Source, Sourced};
use crate::model::Country;
use crate::vcard::{Card, CardError, Cards, Piece, REJECTED, read_card};

/// The file and the card that came last.
pub(super) struct CardFile<R> {
    cards: Cards<R>,
    country: Option<Country>,
    last: Vec<u8>,
    /// Whether a card was in it before.
    has_cards: bool,
}

impl<R: Read> CardFile<R> {
    pub(super) fn new(input: R, country: Option<Country>) -> Self {
        Self {
            cards: Cards::new(input),
            country,
            last: Vec::new(),
            has_cards: false,
        }
    }

    fn read(&mut self, piece: Piece) -> Sourced {
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
        self.last = octets;
        let said = match wrong {
            None => self.card(),
            Some((field, allowed)) => Err(Refusal {
                field: field.to_owned(),
                value: String::from_utf8_lossy(&self.last).into_owned(),
                allowed: allowed.to_owned(),
            }),
        };
        (line, said)
    }

    fn card(&self) -> Result<Line, Refusal> {
        let card: Card = read_card(&self.last).map_err(|error: CardError| Refusal {
            field: error.property,
            value: error.error.value,
            allowed: error.error.allowed,
        })?;
        Line::of_card(card, self.country)
    }
}

impl<R: Read> Source for CardFile<R> {
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

    /// The card as it stands there, with the reason before its end, which an import passes over.
    fn reject(&mut self, why: &str, output: &mut dyn Write) -> io::Result<()> {
        let card = self.last.trim_ascii_end();
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
