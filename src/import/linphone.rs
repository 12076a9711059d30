//! `linphonerc`: what Linphone keeps in sections, and in those called `friend_0` and so on whom it
//! knows. Newer ones keep that in a database, and hand it out as vCard.

use std::io::{self, BufRead, BufReader, Read, Write};

use ringbook_sip::message::NameAddr;

use super::columns::REASON;
use super::line::{Line, Refusal, Said};
use super::{ImportError, Source, Sourced, Written, lines::MAX_LINE};
use crate::model::{ClientField, Country, PhoneNumber};

/// The most lines of one section.
const MAX_SECTION: usize = 1000;

/// The file.
pub(super) struct FriendFile<R> {
    input: BufReader<R>,
    country: Option<Country>,
    /// The lines read so far.
    line: u64,
    /// The name of the section that begins next.
    next: Option<String>,
}

/// A section: the line where it begins, its name and its lines.
struct Section {
    line: u64,
    name: String,
    lines: Vec<String>,
}

impl<R: Read> FriendFile<R> {
    pub(super) fn new(input: R, country: Option<Country>) -> Self {
        Self {
            input: BufReader::new(input),
            country,
            line: 0,
            next: None,
        }
    }

    /// Reads the next section; none at the end.
    fn section(&mut self) -> Result<Option<Section>, ImportError> {
        while self.next.is_none() {
            let Some(line) = self.read_line()? else {
                return Ok(None);
            };
            self.next = heading(&line);
        }
        let mut section = Section {
            line: self.line,
            name: self.next.take().unwrap_or_default(),
            lines: Vec::new(),
        };
        while let Some(line) = self.read_line()? {
            self.next = heading(&line);
            if self.next.is_some() {
                break;
            }
            if !line.is_empty() && section.lines.len() < MAX_SECTION {
                section.lines.push(line);
            }
        }
        Ok(Some(section))
    }

    fn read_line(&mut self) -> Result<Option<String>, ImportError> {
        let mut octets = Vec::new();
        let limit = MAX_LINE as u64;
        let read = (&mut self.input)
            .take(limit)
            .read_until(b'\n', &mut octets)?;
        if read == MAX_LINE {
            return Err(ImportError::LongLine {
                line: self.line + 1,
            });
        }
        self.line += 1;
        let text = String::from_utf8_lossy(&octets);
        Ok((read > 0).then(|| text.trim().to_owned()))
    }
}

impl Section {
    fn read(&self, country: Option<Country>) -> Result<Line, Refusal> {
        let mut lines = self.lines.iter();
        let url = lines.find_map(|line| line.strip_prefix("url="));
        let url = url.unwrap_or_default();
        let refuse = |allowed: &str| Refusal {
            field: "url".to_owned(),
            value: url.to_owned(),
            allowed: allowed.to_owned(),
        };
        let address = NameAddr::parse(url);
        let address =
            address.map_err(|_| refuse("an address such as \"Ivan\" <sip:ivan@a.example>"))?;
        let user = address.uri.user().unwrap_or_default().into_owned();
        let said = |field, text: &str| -> Said { (field, "url".to_owned(), text.to_owned()) };
        let name = address.display.unwrap_or_default();
        let mut texts = Vec::new();
        if !name.is_empty() {
            texts.push(said(ClientField::Once("name"), &name));
        }
        let address = ClientField::Custom("SIP address".to_owned());
        match PhoneNumber::parse(&user, country) {
            Ok(_) => texts.push(said(ClientField::At("phone", 0), &user)),
            // Who is reached by SIP alone has a name at least.
            Err(_) if !name.is_empty() => texts.push(said(address, &uri(url))),
            Err(_) => return Err(refuse("an address with a name or a number")),
        }
        Line::of(texts, country)
    }
}

impl<R: Read + Send> Source for FriendFile<R> {
    fn next(&mut self) -> Result<Option<Sourced>, ImportError> {
        while let Some(section) = self.section()? {
            if section.name.starts_with("friend_") {
                return Ok(Some(Sourced {
                    line: section.line,
                    said: section.read(self.country),
                    written: Box::new(section),
                }));
            }
        }
        Ok(None)
    }
}

impl Written for Section {
    fn octets(&self) -> usize {
        self.lines.iter().map(String::len).sum()
    }

    fn reject(&self, why: &str, output: &mut dyn Write) -> io::Result<()> {
        writeln!(output, "[{}]", self.name)?;
        let lines = self.lines.iter();
        let own = lines.filter(|line| !line.starts_with(REASON));
        for line in own {
            writeln!(output, "{line}")?;
        }
        writeln!(output, "{REASON}={}\n", why.replace(['\r', '\n'], " "))
    }
}

/// The name of the section that begins here.
fn heading(line: &str) -> Option<String> {
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    Some(name.to_owned())
}

/// The address without name and brackets.
fn uri(url: &str) -> String {
    let bracketed = url
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    bracketed.map_or(url, |(uri, _)| uri).trim().to_owned()
}
