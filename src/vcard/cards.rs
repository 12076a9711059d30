//! A file parted into its cards, one in memory at a time.

use std::io::{self, BufRead, BufReader, Read};

/// The longest card, octets: the largest photo as base64, and everything else.
const MAX_CARD: usize = 24 << 20;
/// How much of what belongs to no card is kept to be shown.
const MAX_STRAY: usize = 1 << 10;

/// The cards of a file, in its order.
pub struct Cards<R> {
    input: BufReader<R>,
    /// The lines read so far.
    line: u64,
    /// The beginning of a card that was found where the one before should have ended.
    next: Option<Vec<u8>>,
}

/// A piece of a file: the line where it begins, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A whole card, from `BEGIN` to `END`.
    Card(u64, Vec<u8>),
    /// A card whose `END` is missing.
    Unfinished(u64, Vec<u8>),
    /// A card longer than any; its beginning.
    TooLong(u64, Vec<u8>),
    /// Lines between cards; their beginning.
    Stray(u64, Vec<u8>),
}

/// What a line is to a card.
#[derive(PartialEq, Eq)]
enum Mark {
    Begin,
    End,
    /// A card within the card follows (2.1).
    Agent,
    None,
}

impl<R: Read> Cards<R> {
    /// The cards of this input.
    pub fn new(input: R) -> Self {
        Self {
            input: BufReader::new(input),
            line: 0,
            next: None,
        }
    }

    /// The next piece; none at the end.
    pub fn read_next(&mut self) -> io::Result<Option<Piece>> {
        let mut line = Vec::new();
        let mut stray: Option<(u64, Vec<u8>)> = None;
        loop {
            if self.next.is_none() {
                line.clear();
                if !self.read_line(&mut line)? {
                    return Ok(stray.map(|(at, octets)| Piece::Stray(at, octets)));
                }
                let text = without_mark(&line, self.line);
                if mark(text) == Mark::Begin {
                    self.next = Some(text.to_vec());
                } else if !text.trim_ascii().is_empty() {
                    let (_, kept) = stray.get_or_insert((self.line, Vec::new()));
                    keep(kept, text, MAX_STRAY);
                }
            }
            // What stands before a card is told before it.
            if self.next.is_some()
                && let Some((at, octets)) = stray.take()
            {
                return Ok(Some(Piece::Stray(at, octets)));
            }
            if let Some(begin) = self.next.take() {
                return self.card(begin).map(Some);
            }
        }
    }

    /// The rest of the card that begins so.
    fn card(&mut self, begin: Vec<u8>) -> io::Result<Piece> {
        let (at, mut card) = (self.line, begin);
        let (mut line, mut within, mut last) = (Vec::new(), 0_usize, Mark::Begin);
        let mut is_whole = true;
        loop {
            line.clear();
            if !self.read_line(&mut line)? {
                return Ok(Piece::Unfinished(at, card));
            }
            let is = mark(&line);
            match is {
                Mark::Begin if last == Mark::Agent => within += 1,
                Mark::Begin => {
                    self.next = Some(line);
                    return Ok(Piece::Unfinished(at, card));
                }
                _ => {}
            }
            is_whole &= keep(&mut card, &line, MAX_CARD);
            match (is == Mark::End, within) {
                (true, 0) if is_whole => return Ok(Piece::Card(at, card)),
                (true, 0) => {
                    card.truncate(MAX_STRAY);
                    return Ok(Piece::TooLong(at, card));
                }
                (true, _) => within -= 1,
                (false, _) => {}
            }
            last = is;
        }
    }

    /// Reads a line with its end; of one longer than a card as much as shows that it is. False at
    /// the end of the file.
    fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        let mut part = Vec::new();
        loop {
            part.clear();
            let limit = MAX_CARD as u64 + 1;
            let read = (&mut self.input).take(limit).read_until(b'\n', &mut part)?;
            keep(line, &part, MAX_CARD + 1);
            if read < MAX_CARD + 1 || part.ends_with(b"\n") {
                self.line += u64::from(!line.is_empty());
                return Ok(!line.is_empty());
            }
        }
    }
}

/// Appends as much as there is room for; false where that is not all.
fn keep(kept: &mut Vec<u8>, octets: &[u8], most: usize) -> bool {
    let room = most.saturating_sub(kept.len()).min(octets.len());
    kept.extend_from_slice(&octets[..room]);
    room == octets.len()
}

/// The first line without its byte-order mark.
fn without_mark(line: &[u8], number: u64) -> &[u8] {
    match line.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) if number == 1 => rest,
        _ => line,
    }
}

fn mark(line: &[u8]) -> Mark {
    // A continuation is a part of the line before it.
    if line.starts_with(b" ") || line.len() > 80 {
        return Mark::None;
    }
    let text = line.trim_ascii().to_ascii_uppercase();
    match &*text {
        b"BEGIN:VCARD" => Mark::Begin,
        b"END:VCARD" => Mark::End,
        text if text.starts_with(b"AGENT") && text.ends_with(b":") => Mark::Agent,
        _ => Mark::None,
    }
}
