//! `multistatus` documents: what a WebDAV server tells of many things at once (RFC 4918 §13).

use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// The deepest nesting, and the most things told of.
const DEEPEST: usize = 32;
const MOST: usize = 200_000;

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Multistatus {
    /// What is told of each thing.
    pub responses: Vec<Response>,
    /// What to name when asking for later changes (RFC 6578 §6.4).
    pub sync_token: Option<String>,
}

/// What is told of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// Its path, as the server writes it.
    pub href: String,
    /// Of the whole thing, such as 404 where it is gone.
    pub status: Option<u16>,
    /// Its properties.
    pub properties: Properties,
}

/// The properties that are of use to us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Properties {
    /// `getetag`
    pub etag: Option<String>,
    /// `getlastmodified`
    pub modified: Option<Timestamp>,
    /// `address-data`
    pub card: Option<String>,
    /// `sync-token`
    pub sync_token: Option<String>,
    /// `displayname`
    pub name: Option<String>,
    /// `current-user-principal`
    pub principal: Option<String>,
    /// `addressbook-home-set`
    pub homes: Vec<String>,
    /// `resourcetype` has `collection`
    pub is_collection: bool,
    /// `resourcetype` has `addressbook`
    pub is_book: bool,
    /// `supported-report-set` has `sync-collection`
    pub reports_changes: bool,
}

/// Why a document is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Deeper or longer than any that is meant well.
    #[error("the document is too large")]
    TooLarge,
    /// No well-formed XML, or with a document type, which may hold anything.
    #[error("the document cannot be read")]
    Malformed,
    /// Something else.
    #[error("the document is no multistatus")]
    Other,
}

impl Multistatus {
    /// Reads a document.
    pub fn read(document: &[u8]) -> Result<Self, DocumentError> {
        let text = std::str::from_utf8(document).map_err(|_| DocumentError::Malformed)?;
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut reading = Reading::default();
        loop {
            match reader.read_event().map_err(|_| DocumentError::Malformed)? {
                Event::Start(element) => reading.begin(element.local_name().as_ref())?,
                Event::End(_) => reading.end()?,
                Event::Text(text) => reading.text.push_str(&utf8(&text)?),
                Event::CData(text) => reading.text.push_str(&utf8(&text)?),
                Event::GeneralRef(reference) => reading.text.push(character(&reference)?),
                // RFC 4918 needs no document type; entities of one's own come with it.
                Event::DocType(_) => return Err(DocumentError::Malformed),
                Event::Eof => return reading.finish(),
                _ => {}
            }
        }
    }
}

fn utf8(octets: &[u8]) -> Result<String, DocumentError> {
    let text = std::str::from_utf8(octets);
    text.map(str::to_owned)
        .map_err(|_| DocumentError::Malformed)
}

/// The character that a reference stands for; XML has five by name.
fn character(reference: &BytesRef<'_>) -> Result<char, DocumentError> {
    let by_number = reference.resolve_char_ref();
    let by_number = by_number.map_err(|_| DocumentError::Malformed)?;
    let by_name = || match &reference[..] {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        _ => None,
    };
    by_number.or_else(by_name).ok_or(DocumentError::Malformed)
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    /// The elements that are open, by their local names.
    open: Vec<Vec<u8>>,
    /// The text of the innermost.
    text: String,
    found: Option<Multistatus>,
    /// Of the `propstat` that is open.
    properties: Properties,
    status: Option<u16>,
}

impl Reading {
    fn begin(&mut self, name: &[u8]) -> Result<(), DocumentError> {
        match (self.open.len(), name, &mut self.found) {
            (0, b"multistatus", None) => self.found = Some(Multistatus::default()),
            (0, ..) => return Err(DocumentError::Other),
            (1, b"response", Some(found)) if found.responses.len() == MOST => {
                return Err(DocumentError::TooLarge);
            }
            (1, b"response", Some(found)) => found.responses.push(Response::default()),
            _ => {}
        }
        self.open.push(name.to_vec());
        self.text.clear();
        match self.open.len() > DEEPEST {
            true => Err(DocumentError::TooLarge),
            false => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), DocumentError> {
        let name = self.open.pop().ok_or(DocumentError::Malformed)?;
        let text = std::mem::take(&mut self.text);
        let within = self.open.last().map(Vec::as_slice).unwrap_or_default();
        match within {
            b"multistatus" if name == b"sync-token" => {
                if let Some(found) = &mut self.found {
                    found.sync_token = Some(trimmed(&text));
                }
            }
            b"response" => self.end_of_response_part(&name, &text),
            b"propstat" if name == b"status" => self.status = status(&text),
            _ => property(&mut self.properties, within, &name, text),
        }
        Ok(())
    }

    fn end_of_response_part(&mut self, name: &[u8], text: &str) {
        let response = self.found.as_mut().and_then(|all| all.responses.last_mut());
        let Some(response) = response else { return };
        match name {
            b"href" => response.href = trimmed(text),
            b"status" => response.status = status(text),
            b"propstat" => {
                let properties = std::mem::take(&mut self.properties);
                let status = self.status.take();
                if status.is_none_or(|status| (200..300).contains(&status)) {
                    response.properties.absorb(properties);
                }
            }
            _ => {}
        }
    }

    fn finish(self) -> Result<Multistatus, DocumentError> {
        match self.open.is_empty() {
            true => self.found.ok_or(DocumentError::Other),
            false => Err(DocumentError::Malformed),
        }
    }
}

/// Takes a property from an element that has ended, by its name and the one it stood in.
fn property(properties: &mut Properties, within: &[u8], name: &[u8], text: String) {
    match (within, name) {
        (b"prop", b"getetag") => properties.etag = Some(trimmed(&text)),
        (b"prop", b"getlastmodified") => {
            let read = jiff::fmt::rfc2822::parse(text.trim());
            properties.modified = read.ok().map(|at| at.timestamp());
        }
        (b"prop", b"address-data") => properties.card = Some(text),
        (b"prop", b"sync-token") => properties.sync_token = Some(trimmed(&text)),
        (b"prop", b"displayname") => properties.name = Some(trimmed(&text)),
        (b"current-user-principal", b"href") => properties.principal = Some(trimmed(&text)),
        (b"addressbook-home-set", b"href") => properties.homes.push(trimmed(&text)),
        (b"resourcetype", b"collection") => properties.is_collection = true,
        (b"resourcetype", b"addressbook") => properties.is_book = true,
        (b"report", b"sync-collection") => properties.reports_changes = true,
        _ => {}
    }
}

impl Properties {
    /// Takes what another `propstat` tells of the same thing.
    fn absorb(&mut self, other: Self) {
        *self = Self {
            etag: other.etag.or(self.etag.take()),
            modified: other.modified.or(self.modified),
            card: other.card.or(self.card.take()),
            sync_token: other.sync_token.or(self.sync_token.take()),
            name: other.name.or(self.name.take()),
            principal: other.principal.or(self.principal.take()),
            homes: [std::mem::take(&mut self.homes), other.homes].concat(),
            is_collection: self.is_collection || other.is_collection,
            is_book: self.is_book || other.is_book,
            reports_changes: self.reports_changes || other.reports_changes,
        };
    }
}

fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}

/// The number of `HTTP/1.1 404 Not Found`.
fn status(text: &str) -> Option<u16> {
    text.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn document(inside: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><d:multistatus xmlns:d=\"DAV:\" \
             xmlns:c=\"urn:ietf:params:xml:ns:carddav\">{inside}</d:multistatus>"
        )
    }

    fn read(inside: &str) -> Result<Multistatus, DocumentError> {
        Multistatus::read(document(inside).as_bytes())
    }

    #[test]
    fn cards_and_their_versions_are_read_and_what_is_not_there_is_not() {
        let found = read(
            "<d:response><d:href>/b/1.vcf</d:href><d:propstat><d:prop><d:getetag>&quot;7&quot;\
             </d:getetag><c:address-data>BEGIN:VCARD&#13;\nFN:A &amp; <![CDATA[<B>]]>\n\
             </c:address-data><d:getlastmodified>Sat, 28 Nov 2026 10:00:00 GMT\
             </d:getlastmodified></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>\
             <d:propstat><d:prop><d:displayname>no</d:displayname></d:prop>\
             <d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response>\
             <d:response><d:href> /b/2.vcf\n</d:href><d:status>HTTP/1.1 404 Not Found</d:status>\
             </d:response><d:sync-token>data:,2</d:sync-token>",
        )
        .unwrap();
        let card = Properties {
            etag: Some("\"7\"".to_owned()),
            modified: Some("2026-11-28T10:00:00Z".parse().unwrap()),
            card: Some("BEGIN:VCARD\r\nFN:A & <B>\n".to_owned()),
            ..Properties::default()
        };
        let response = |href: &str, status, properties| Response {
            href: href.to_owned(),
            status,
            properties,
        };
        let expected = Multistatus {
            responses: vec![
                response("/b/1.vcf", None, card),
                response("/b/2.vcf", Some(404), Properties::default()),
            ],
            sync_token: Some("data:,2".to_owned()),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_book_says_that_it_is_one_and_who_owns_it() {
        let found = read(
            "<d:response><d:href>/b/</d:href><d:propstat><d:prop><d:resourcetype><d:collection/>\
             <c:addressbook/></d:resourcetype><d:current-user-principal><d:href>/anna/</d:href>\
             </d:current-user-principal><c:addressbook-home-set><d:href>/anna/books/</d:href>\
             </c:addressbook-home-set><d:supported-report-set><d:supported-report><d:report>\
             <d:sync-collection/></d:report></d:supported-report></d:supported-report-set>\
             <d:sync-token>1</d:sync-token></d:prop><d:status>HTTP/1.1 200 OK</d:status>\
             </d:propstat></d:response>",
        )
        .unwrap();
        let properties = &found.responses[0].properties;
        assert!(properties.is_book && properties.is_collection && properties.reports_changes);
        assert_eq!(properties.principal.as_deref(), Some("/anna/"));
        assert_eq!(properties.homes, ["/anna/books/"]);
        assert_eq!(properties.sync_token.as_deref(), Some("1"));
        assert_eq!(found.sync_token, None);
    }

    #[test]
    fn a_hostile_document_is_refused() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><d:multistatus xmlns:d=\"DAV:\"/>";
        assert_eq!(
            Multistatus::read(bomb.as_bytes()),
            Err(DocumentError::Malformed)
        );
        assert_eq!(
            read("<d:response>&a;</d:response>"),
            Err(DocumentError::Malformed)
        );
        let deep = "<d:x>".repeat(100) + &"</d:x>".repeat(100);
        assert_eq!(read(&deep), Err(DocumentError::TooLarge));
        assert_eq!(Multistatus::read(b"<html/>"), Err(DocumentError::Other));
        assert_eq!(Multistatus::read(b"\xff"), Err(DocumentError::Malformed));
        assert!(Multistatus::read(document("<d:response>").as_bytes()).is_err());
        let many = "<d:response/>".repeat(MOST + 1);
        assert_eq!(read(&many), Err(DocumentError::TooLarge));
    }
}
