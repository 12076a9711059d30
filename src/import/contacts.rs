//! `Contacts.xml` of MicroSIP: a list of elements `contact`, whose attributes say everything.

use std::io::{self, BufRead, BufReader, Read, Take, Write};

use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::{BytesStart, Event};

use super::columns::REASON;
use super::line::{Line, Refusal, Said};
use super::{ImportError, Source, Sourced, Written};
use crate::model::{ClientField, Country};

/// The longest file, octets: as many contacts as nobody has.
const MAX_FILE: u64 = 64 << 20;

/// Attributes, and the fields that hold them. `number` is what MicroSIP dials.
const FIELDS: [(&str, ClientField); 7] = [
    ("name", ClientField::Once("name")),
    ("comment", ClientField::Once("note")),
    ("email", ClientField::At("email", 0)),
    ("city", ClientField::At("city", 0)),
    ("number", ClientField::At("phone", 0)),
    ("phone", ClientField::At("phone", 1)),
    ("mobile", ClientField::At("phone", 2)),
];

/// The file.
pub(super) struct ContactFile<R: Read> {
    reader: Reader<Counted<BufReader<Take<R>>>>,
    country: Option<Country>,
}

/// A contact as it stands in the file: its attributes.
struct Contact(Vec<(String, String)>);

impl<R: Read> ContactFile<R> {
    pub(super) fn new(input: R, country: Option<Country>) -> Self {
        let input = BufReader::new(input.take(MAX_FILE));
        Self {
            reader: Reader::from_reader(Counted { input, lines: 1 }),
            country,
        }
    }
}

impl Contact {
    fn read(&self, country: Option<Country>) -> Result<Line, Refusal> {
        let mut texts: Vec<Said> = Vec::new();
        for (name, text) in self.0.iter().filter(|(_, text)| !text.is_empty()) {
            let known = FIELDS
                .into_iter()
                .find(|(known, _)| *known == name.as_str());
            if let Some((_, field)) = known {
                let text = if name == "number" { user(text) } else { text };
                texts.push((field, name.clone(), text.to_owned()));
            }
        }
        let mut say = |field: ClientField, name: &str, text: String| {
            if !text.is_empty() && !texts.iter().any(|(known, _, _)| *known == field) {
                texts.push((field, name.to_owned(), text));
            }
        };
        let full = self.joined(&["firstname", "lastname"], " ");
        say(ClientField::Once("name"), "firstname", full);
        let street = self.joined(&["address", "zip", "state"], ", ");
        say(ClientField::At("street", 0), "address", street);
        if !self.text("mobile").is_empty() {
            say(
                ClientField::At("phone_label", 2),
                "mobile",
                "mobile".to_owned(),
            );
        }
        texts.sort();
        Line::of(texts, country)
    }

    fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, text)| text)
    }

    fn joined(&self, names: &[&str], between: &str) -> String {
        let texts = names.iter().map(|name| self.text(name));
        let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        texts.join(between)
    }
}

impl<R: Read + Send> Source for ContactFile<R> {
    fn next(&mut self) -> Result<Option<Sourced>, ImportError> {
        let mut octets = Vec::new();
        loop {
            octets.clear();
            let line = self.reader.get_ref().lines;
            let event = self.reader.read_event_into(&mut octets);
            match event.map_err(|error| ImportError::Xml(error.to_string()))? {
                Event::Start(element) | Event::Empty(element)
                    if element.name().as_ref() == b"contact" =>
                {
                    let contact = Contact(attributes(&element));
                    return Ok(Some(Sourced {
                        line,
                        said: contact.read(self.country),
                        written: Box::new(contact),
                    }));
                }
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }
}

impl Written for Contact {
    fn octets(&self) -> usize {
        let texts = self.0.iter();
        texts.map(|(name, text)| name.len() + text.len()).sum()
    }

    fn reject(&self, why: &str, output: &mut dyn Write) -> io::Result<()> {
        write!(output, "<contact")?;
        let own = self.0.iter().filter(|(name, _)| name != REASON);
        for (name, text) in own {
            write!(output, " {name}=\"{}\"", escape(text))?;
        }
        writeln!(output, " {REASON}=\"{}\"/>", escape(why))
    }
}

/// The element's attributes as texts.
fn attributes(element: &BytesStart<'_>) -> Vec<(String, String)> {
    let mut all = element.attributes();
    let texts = all.with_checks(false).flatten().map(|attribute| {
        let [name, text] = [attribute.key.as_ref(), &*attribute.value]
            .map(|octets| String::from_utf8_lossy(octets).into_owned());
        let text = unescape(&text).map_or_else(|_| text.clone(), |text| text.into_owned());
        (name, text)
    });
    texts.collect()
}

/// What is dialled: the user of a SIP address.
fn user(number: &str) -> &str {
    let number = number.trim();
    let address = ["sip:", "sips:"]
        .iter()
        .find_map(|scheme| number.strip_prefix(scheme));
    let address = address.unwrap_or(number);
    address.split('@').next().unwrap_or(address)
}

/// Counts the lines that are read.
struct Counted<R> {
    input: R,
    lines: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(octets) = self.input.fill_buf() {
            let consumed = &octets[..amount.min(octets.len())];
            self.lines += consumed.iter().filter(|&&octet| octet == b'\n').count() as u64;
        }
        self.input.consume(amount);
    }
}
