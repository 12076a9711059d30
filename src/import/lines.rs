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
            });
        let mut record = ByteRecord::new();
        if !read(&mut reader, &mut record)? {
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

    /// Reads the next line that is not blank.
    pub(crate) fn advance(&mut self) -> Result<Option<u64>, ImportError> {
        while read(&mut self.reader, &mut self.record)? {
            if !self.record.iter().all(<[u8]>::is_empty) {
                return Ok(Some(self.record.position().map_or(0, csv::Position::line)));
            }
        }
        Ok(None)
    }
}

fn read<R: Read>(
    reader: &mut csv::Reader<Bounded<R>>,
    record: &mut ByteRecord,
) -> Result<bool, ImportError> {
    reader.get_mut().left = MAX_LINE;
    let line = reader.position().line();
    reader
        .read_byte_record(record)
        .map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                ImportError::LongLine { line }
            }
            csv::ErrorKind::Io(error) => ImportError::Read(error),
            other => ImportError::Read(io::Error::other(format!("{other:?}"))),
        })
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

/// A reader that gives at most so many octets until it is allowed more.
struct Bounded<R> {
    input: BufReader<R>,
    left: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left);
        if most == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.input.read(&mut buffer[..most])?;
        self.left -= read;
        Ok(read)
    }
}
