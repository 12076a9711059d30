//! The file as lines of cells: byte-order mark, delimiter, quotes, and a bound on a line's length.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder, StringRecord};

use super::ImportError;
use super::line::Refusal;

/// The longest line, octets, so that no file fills the memory.
pub(super) const MAX_LINE: usize = 1 << 20;
/// How much of the file is looked at for its delimiter.
const PEEK: usize = 16 * 1024;

/// The lines after the first.
pub(crate) struct Lines<R> {
    reader: csv::Reader<Bounded<R>>,
    record: ByteRecord,
    /// Lines that were looked at before their turn, with their numbers.
    ahead: VecDeque<(u64, ByteRecord)>,
    /// The first line: the columns' names.
    pub(crate) header: StringRecord,
    /// What parts the cells.
    pub(super) delimiter: u8,
}

impl<R: Read> Lines<R> {
    /// Reads the first line of a file in UTF-8, see [`Text`](super::Text).
    pub(crate) fn new(input: R) -> Result<Self, ImportError> {
        let mut input = BufReader::with_capacity(PEEK, input);
        let start = input.fill_buf()?;
        let mark = if start.starts_with(&[0xef, 0xbb, 0xbf]) {
            3
        } else {
            0
        };
        let delimiter = delimiter(&start[mark..]);
        input.consume(mark);
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(Bounded {
                input,
                left: MAX_LINE,
                starts: LineStarts::default(),
            });
        let mut record = ByteRecord::new();
        if read(&mut reader, &mut record)?.is_none() {
            return Err(ImportError::Empty);
        }
        let header =
            StringRecord::from_byte_record(record.clone()).map_err(|_| ImportError::NotUtf8)?;
        Ok(Self {
            reader,
            record,
            ahead: VecDeque::new(),
            header,
            delimiter,
        })
    }

    /// The cells of the line that came last, as they stand in the file.
    pub(crate) fn cells(&self) -> &ByteRecord {
        &self.record
    }

    /// The next line's number and cells; none at the end. Blank lines do not count as lines of the
    /// table, but the numbers are the file's.
    #[allow(clippy::type_complexity)]
    pub(super) fn next(
        &mut self,
    ) -> Result<Option<(u64, Result<StringRecord, Refusal>)>, ImportError> {
        let line = match self.ahead.pop_front() {
            Some((line, record)) => {
                self.record = record;
                line
            }
            None => match self.advance()? {
                Some(line) => line,
                None => return Ok(None),
            },
        };
        let cells = StringRecord::from_byte_record(self.record.clone()).map_err(|error| {
            let at = error.utf8_error().field();
            let field = self.header.get(at).map(str::to_owned);
            Refusal {
                field: field.unwrap_or_else(|| format!("column {}", at + 1)),
                value: String::from_utf8_lossy(self.record.get(at).unwrap_or_default())
                    .into_owned(),
                allowed: "text in UTF-8".to_owned(),
            }
        });
        Ok(Some((line, cells)))
    }

    /// The next lines, which are still to come; those in UTF-8 alone.
    pub(super) fn sample(&mut self, count: usize) -> Result<Vec<StringRecord>, ImportError> {
        while self.ahead.len() < count
            && let Some(line) = self.advance()?
        {
            self.ahead.push_back((line, self.record.clone()));
        }
        let records = self.ahead.iter().map(|(_, record)| record.clone());
        Ok(records
            .filter_map(|record| StringRecord::from_byte_record(record).ok())
            .collect())
    }

    /// Reads the next line that is not blank, and tells its number.
    pub(crate) fn advance(&mut self) -> Result<Option<u64>, ImportError> {
        while let Some(line) = read(&mut self.reader, &mut self.record)? {
            if !self.record.iter().all(<[u8]>::is_empty) {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }
}

/// Reads the next record, and tells the number of the line where it begins.
fn read<R: Read>(
    reader: &mut csv::Reader<Bounded<R>>,
    record: &mut ByteRecord,
) -> Result<Option<u64>, ImportError> {
    let start = reader.position().byte();
    reader.get_mut().left = MAX_LINE;
    let read = reader.read_byte_record(record);
    let line = reader.get_mut().starts.line_at(start);
    match read.map_err(csv::Error::into_kind) {
        Ok(found) => Ok(found.then_some(line)),
        Err(csv::ErrorKind::Io(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
            Err(ImportError::LongLine { line })
        }
        Err(csv::ErrorKind::Io(error)) => Err(ImportError::Read(error)),
        Err(other) => Err(ImportError::Read(io::Error::other(format!("{other:?}")))),
    }
}

/// The delimiter that the first line uses most, outside quotes; a comma where it uses none.
fn delimiter(start: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for &byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if !quoted => counts
                .iter_mut()
                .filter(|c| c.0 == byte)
                .for_each(|c| c.1 += 1),
            _ => {}
        }
    }
    let most = counts.iter().map(|count| count.1).max().unwrap_or(0);
    counts
        .iter()
        .find(|count| count.1 == most)
        .map_or(b',', |count| count.0)
}

/// Where lines begin that are not blank. `csv` counts too, but takes the line end `\r\n` for the
/// next record's, and blank lines likewise: its numbers are not those that an editor shows.
#[derive(Default)]
struct LineStarts {
    /// Octets that were read.
    octets: u64,
    /// Line ends among them.
    ends: u64,
    /// The octet before.
    last: u8,
    /// Whether something stands in the line already.
    is_begun: bool,
    /// Offsets and numbers of lines that nobody has asked for yet.
    ahead: VecDeque<(u64, u64)>,
}

impl LineStarts {
    fn take(&mut self, octets: &[u8]) {
        for &octet in octets {
            match octet {
                b'\n' if self.last == b'\r' => {}
                b'\n' | b'\r' => {
                    self.ends += 1;
                    self.is_begun = false;
                }
                _ if self.is_begun => {}
                _ => {
                    self.ahead.push_back((self.octets, self.ends + 1));
                    self.is_begun = true;
                }
            }
            self.last = octet;
            self.octets += 1;
        }
    }

    /// The number of the first line, from this offset on, that is not blank.
    fn line_at(&mut self, offset: u64) -> u64 {
        while self.ahead.front().is_some_and(|(start, _)| *start < offset) {
            self.ahead.pop_front();
        }
        let first = self.ahead.front();
        first.map_or(self.ends + 1, |(_, line)| *line)
    }
}

/// A reader that gives at most so many octets until it is allowed more.
struct Bounded<R> {
    input: BufReader<R>,
    left: usize,
    starts: LineStarts,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left);
        if most == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.input.read(&mut buffer[..most])?;
        self.starts.take(&buffer[..read]);
        self.left -= read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lines_are_counted_as_an_editor_counts_them_whatever_ends_them() {
        let file = "a,b\n1,2\n\"3\n\n4\",5\n\n\n6,7\n,\n8,9";
        for end in ["\n", "\r\n", "\r"] {
            for mark in ["", "\u{feff}"] {
                let file = format!("{mark}{}", file.replace('\n', end));
                let mut lines = Lines::new(file.as_bytes()).unwrap();
                let all: Vec<u64> = std::iter::from_fn(|| lines.advance().unwrap()).collect();
                assert_eq!(all, [2, 3, 8, 10], "{end:?} {mark:?}");
            }
        }
    }
}
