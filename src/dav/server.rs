//! An address book on a server: requests out, answers in.

use quick_xml::escape::escape;

use super::multistatus::{DocumentError, Multistatus, Properties, Response as Told};
use super::{Fetched, Href, Listing, Remote, There, Written};
use crate::http::{HttpClient, HttpError, Request, Response};
use crate::model::ClientId;
use crate::tr;

/// Where a server says which address is its CardDAV's (RFC 6764 §5).
const WELL_KNOWN: &str = "/.well-known/carddav";
/// Parts in which a server may tell of changes.
const MAX_PARTS: usize = 1000;
/// Address books of one person that are looked at.
const MAX_HOMES: usize = 10;

const XML: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
const CARDDAV: &str = "xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:carddav\"";

/// Sends requests: an HTTP client, or a test.
pub trait Exchange {
    /// The answer, whatever its status.
    ///
    /// # Errors
    /// There is none.
    fn send(&mut self, request: &Request) -> Result<Response, HttpError>;
}

impl Exchange for HttpClient {
    fn send(&mut self, request: &Request) -> Result<Response, HttpError> {
        Self::send(self, request)
    }
}

/// Why the server could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DavError {
    /// It was not reached, or did not let us in.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer that nobody expects.
    #[error("{}", tr!("the server answers {status} to {method} {path}; check url", status = .status, method = .method, path = .path))]
    Status {
        /// What was asked.
        method: &'static str,
        /// Of what.
        path: String,
        /// The answer.
        status: u16,
    },
    /// An answer that cannot be read.
    #[error("{}", tr!("the server's answer cannot be used: {why}; check that url is that of a CardDAV server", why = .0))]
    Document(#[from] DocumentError),
    /// No address book was found.
    #[error("{}", tr!("there is no address book at {url}; make one on the server, or set url to it", url = .0))]
    NoBook(String),
    /// It is not clear which address book is meant.
    #[error("{}", tr!("the server has several address books; set url to the path of one: {books}", books = .0.join(", ")))]
    SeveralBooks(Vec<String>),
}

/// An address book on a server.
#[derive(Debug)]
pub struct AddressBook<E> {
    http: E,
    href: Href,
}

impl<E: Exchange> AddressBook<E> {
    /// The address book that was found before.
    pub fn known(http: E, href: Href) -> Self {
        Self { http, href }
    }

    /// Looks for the address book at the path `start` of the server: there, in the home of whoever
    /// asks, or where the server's well-known address leads.
    ///
    /// # Errors
    /// There is none, or several, or the server does not tell.
    pub fn find(mut http: E, start: &str) -> Result<Self, DavError> {
        let starts: &[&str] = match start {
            "" | "/" => &[WELL_KNOWN, "/"],
            start => &[start],
        };
        let mut last = DavError::NoBook(start.to_owned());
        for start in starts {
            match look(&mut http, start) {
                Ok(href) => return Ok(Self { http, href }),
                Err(error @ (DavError::Http(_) | DavError::SeveralBooks(_))) => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Where it lies.
    pub fn href(&self) -> &Href {
        &self.href
    }

    /// What is in the book by its members; `None` where the server asks for a whole listing.
    fn changes(&mut self, known: &There, token: &str) -> Result<Option<Listing>, DavError> {
        let mut listing = Listing {
            there: known.clone(),
            token: Some(token.to_owned()),
        };
        for _ in 0..MAX_PARTS {
            let token = listing.token.clone().unwrap_or_default();
            let body = format!(
                "{XML}<sync-collection xmlns=\"DAV:\"><sync-token>{}</sync-token>\
                 <sync-level>1</sync-level><prop><getetag/></prop></sync-collection>",
                escape(&token)
            );
            let answer = self
                .http
                .send(&request("REPORT", self.href.as_str(), "0", body))?;
            if answer.status != 207 {
                return Ok(None);
            }
            let told = Multistatus::read(&answer.body)?;
            listing.token = told.sync_token;
            let mut is_part = false;
            for one in told.responses {
                let Some(href) = Href::new(&one.href) else {
                    continue;
                };
                // The whole book with this status: there is more to tell (RFC 6578 §3.6).
                is_part |= one.status == Some(507);
                match (href.is_in(&self.href), one.status) {
                    (true, Some(404 | 410)) => drop(listing.there.remove(&href)),
                    (true, _) => drop(listing.there.insert(href, etag(one.properties))),
                    (false, _) => {}
                }
            }
            if !is_part {
                return Ok(Some(listing));
            }
        }
        Ok(None)
    }

    fn whole(&mut self, token: Option<String>) -> Result<Listing, DavError> {
        let body = format!(
            "{XML}<propfind xmlns=\"DAV:\"><prop><getetag/><resourcetype/></prop></propfind>"
        );
        let told = ask(&mut self.http, "PROPFIND", self.href.as_str(), "1", body)?.1;
        let cards = told.responses.into_iter().filter_map(|one| {
            let href = Href::new(&one.href).filter(|href| href.is_in(&self.href))?;
            let is_there = one.status.is_none_or(|status| status < 300);
            let is_card = is_there && !one.properties.is_collection;
            is_card.then(|| (href, etag(one.properties)))
        });
        Ok(Listing {
            there: cards.collect(),
            token,
        })
    }
}

impl<E: Exchange> Remote for AddressBook<E> {
    fn list(&mut self, known: &There, token: Option<&str>) -> Result<Listing, DavError> {
        let properties = itself(&mut self.http, self.href.as_str())?.1;
        // Told before the listing: what changes meanwhile is told again, and nothing is missed.
        let now = properties.sync_token.filter(|_| properties.reports_changes);
        if let (Some(old), Some(new)) = (token, &now) {
            if old == new {
                return Ok(Listing {
                    there: known.clone(),
                    token: now,
                });
            }
            if let Some(listing) = self.changes(known, old)? {
                return Ok(listing);
            }
        }
        self.whole(now)
    }

    fn fetch(&mut self, hrefs: &[Href]) -> Result<Vec<Fetched>, DavError> {
        let hrefs = hrefs
            .iter()
            .map(|href| format!("<href>{}</href>", escape(href.as_str())));
        let body = format!(
            "{XML}<C:addressbook-multiget {CARDDAV}><prop><getetag/><getlastmodified/>\
             <C:address-data/></prop>{}</C:addressbook-multiget>",
            hrefs.collect::<String>()
        );
        let told = ask(&mut self.http, "REPORT", self.href.as_str(), "1", body)?.1;
        let cards = told.responses.into_iter().filter_map(|one| {
            let href = Href::new(&one.href).filter(|href| href.is_in(&self.href))?;
            let Properties {
                etag,
                card,
                modified,
                ..
            } = one.properties;
            Some(Fetched {
                href,
                etag: etag?,
                card: card?,
                modified,
            })
        });
        Ok(cards.collect())
    }

    fn put(&mut self, href: &Href, card: &str, over: Option<&str>) -> Result<Written, DavError> {
        let condition = match over {
            Some(etag) => ("If-Match", etag.to_owned()),
            None => ("If-None-Match", "*".to_owned()),
        };
        let request = Request {
            method: "PUT",
            target: href.to_string(),
            headers: vec![
                condition,
                ("Content-Type", "text/vcard; charset=utf-8".to_owned()),
            ],
            body: card.as_bytes().to_vec(),
        };
        Ok(written(self.http.send(&request)?, over.is_some()))
    }

    fn delete(&mut self, href: &Href, etag: &str) -> Result<Written, DavError> {
        let request = Request {
            method: "DELETE",
            target: href.to_string(),
            headers: vec![("If-Match", etag.to_owned())],
            body: Vec::new(),
        };
        let answer = self.http.send(&request)?;
        Ok(match answer.status {
            // Somebody else was faster.
            404 | 410 => Written::Done(None),
            _ => written(answer, true),
        })
    }

    fn place(&self, client: ClientId) -> Href {
        self.href.child(&format!("{client}.vcf"))
    }
}

/// What became of a card; one that was there and is gone has changed, too.
fn written(answer: Response, was_there: bool) -> Written {
    match answer.status {
        200..300 => Written::Done(answer.etag),
        412 => Written::Changed,
        404 | 410 if was_there => Written::Changed,
        status => Written::Refused(status),
    }
}

fn etag(properties: Properties) -> String {
    properties.etag.unwrap_or_default()
}

fn request(method: &'static str, target: &str, depth: &str, body: String) -> Request {
    Request {
        method,
        target: target.to_owned(),
        headers: vec![
            ("Depth", depth.to_owned()),
            ("Content-Type", "application/xml; charset=utf-8".to_owned()),
        ],
        body: body.into_bytes(),
    }
}

/// Asks for what is told of many things; where the answer came from in the end, and the answer.
fn ask(
    http: &mut impl Exchange,
    method: &'static str,
    target: &str,
    depth: &str,
    body: String,
) -> Result<(String, Multistatus), DavError> {
    let answer = http.send(&request(method, target, depth, body))?;
    if answer.status != 207 {
        return Err(DavError::Status {
            method,
            path: target.to_owned(),
            status: answer.status,
        });
    }
    Ok((answer.path, Multistatus::read(&answer.body)?))
}

/// What the things at `target` are, and where they lie after all redirects. The address may be of
/// another server; the client then says so.
fn describe(
    http: &mut impl Exchange,
    target: &str,
    depth: &str,
) -> Result<(String, Vec<Told>), DavError> {
    let body = format!(
        "{XML}<propfind {CARDDAV}><prop><resourcetype/><displayname/><sync-token/>\
         <supported-report-set/><current-user-principal/><C:addressbook-home-set/></prop></propfind>"
    );
    let (from, told) = ask(http, "PROPFIND", target, depth, body)?;
    Ok((from, told.responses))
}

/// What one thing is, and where it lies.
fn itself(http: &mut impl Exchange, target: &str) -> Result<(String, Properties), DavError> {
    let (from, told) = describe(http, target, "0")?;
    let itself = told.into_iter().next().unwrap_or_default();
    Ok((from, itself.properties))
}

/// The address book at `start`, or the one that whoever asks has.
fn look(http: &mut impl Exchange, start: &str) -> Result<Href, DavError> {
    let none = || DavError::NoBook(start.to_owned());
    let (from, found) = itself(http, start)?;
    if found.is_book {
        return Href::new(&from).ok_or_else(none);
    }
    let mut homes = found.homes;
    if let (true, Some(principal)) = (homes.is_empty(), &found.principal) {
        homes = itself(http, principal)?.1.homes;
    }
    if homes.is_empty() {
        homes.push(from);
    }
    let mut books: Vec<(Href, Told)> = Vec::new();
    for home in homes.iter().take(MAX_HOMES) {
        let told = describe(http, home, "1")?.1;
        let found = told.into_iter().filter(|one| one.properties.is_book);
        books.extend(found.filter_map(|one| Some((Href::new(&one.href)?, one))));
    }
    match &books[..] {
        [] => Err(none()),
        [(href, _)] => Ok(href.clone()),
        several => {
            let name = |(href, one): &(Href, Told)| match &one.properties.name {
                Some(name) => format!("{href} ({name})"),
                None => href.to_string(),
            };
            Err(DavError::SeveralBooks(several.iter().map(name).collect()))
        }
    }
}
