//! Where a card lies on its server: a path, always in the same spelling.

use std::fmt;

/// The longest path.
const LONGEST: usize = 2048;

/// A path on the server. Servers may write the same one in different ways (`@` and `%40`): two that
/// lead to the same place are equal here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Href(String);

impl Href {
    /// The path of `text`, which may be a whole address; none where it has no path of its own.
    pub fn new(text: &str) -> Option<Self> {
        let path = match text.split_once("://") {
            Some((_, rest)) => &rest[rest.find('/')?..],
            None => text,
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let climbs = |part: &str| matches!(part, "." | "..");
        let path = respelt(path);
        let fits = path.len() <= LONGEST && path.starts_with('/') && !path.split('/').any(climbs);
        fits.then_some(Self(path))
    }

    /// As it stands in a request.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a thing in the folder `folder`, not that folder or another one.
    pub fn is_in(&self, folder: &Self) -> bool {
        let name = self.0.strip_prefix(folder.folder());
        let name = name.and_then(|name| name.strip_prefix('/'));
        name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
    }

    /// What is called `name` in this folder.
    pub fn child(&self, name: &str) -> Self {
        Self(format!("{}/{name}", self.folder()))
    }

    fn folder(&self) -> &str {
        self.0.trim_end_matches('/')
    }
}

impl fmt::Display for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Every octet as it stands in a path (RFC 3986 §3.3) or in hexadecimal, the one way that there is.
fn respelt(path: &str) -> String {
    let octets = path.as_bytes();
    let mut respelt = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(&octet) = octets.get(at) {
        let escaped = (octet == b'%')
            .then(|| octets.get(at + 1..at + 3))
            .flatten();
        let escaped = escaped
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        at += if escaped.is_some() { 3 } else { 1 };
        match escaped.unwrap_or(octet) {
            // A slash in a name is no step.
            b'/' if escaped.is_some() => respelt.push_str("%2F"),
            octet if octet == b'/' || stands_in_paths(octet) => respelt.push(char::from(octet)),
            octet => respelt.push_str(&format!("%{octet:02X}")),
        }
    }
    respelt
}

fn stands_in_paths(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&octet)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_same_place_is_equal_however_it_is_written() {
        for (text, path) in [
            (
                "/anna%40office/Карты/",
                "/anna@office/%D0%9A%D0%B0%D1%80%D1%82%D1%8B/",
            ),
            (
                "/anna@office/%d0%9a%d0%b0%d1%80%d1%82%d1%8b/",
                "/anna@office/%D0%9A%D0%B0%D1%80%D1%82%D1%8B/",
            ),
            ("https://a.example:8443/b/1.vcf", "/b/1.vcf"),
            ("/b/a%2fb%zz", "/b/a%2Fb%25zz"),
            ("/b/1.vcf?x#y", "/b/1.vcf"),
        ] {
            assert_eq!(Href::new(text).unwrap().as_str(), path, "{text}");
        }
        for text in [
            "",
            "1.vcf",
            "https://a.example",
            "/b/../c/1.vcf",
            "/b/%2e%2e/c",
        ] {
            assert_eq!(Href::new(text), None, "{text}");
        }
    }

    #[test]
    fn a_card_lies_in_its_book_and_in_no_other() {
        let book = Href::new("/b/").unwrap();
        let is_in = |text: &str| Href::new(text).unwrap().is_in(&book);
        assert!(is_in("/b/1.vcf"));
        for other in ["/b/", "/b", "/bb/1.vcf", "/b/c/1.vcf", "/c/1.vcf", "/b/c/"] {
            assert!(!is_in(other), "{other}");
        }
        assert_eq!(book.child("1.vcf").as_str(), "/b/1.vcf");
    }
}
