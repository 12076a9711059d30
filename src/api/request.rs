//! A request as the handlers see it: names from the path, the query, and an object as the body.

use std::fmt::Display;
use std::str::FromStr;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::problem::Problem;

/// The most elements of a page.
const MAX_PAGE: usize = 1000;
/// A page where nobody says how long it is to be.
const PAGE: usize = 100;
/// The furthest that a page begins.
const MAX_OFFSET: usize = 1_000_000_000;

/// What stands in a path in the place of names, with these names.
pub(super) type Names = Vec<(&'static str, String)>;

/// A request that was let in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Asked {
    /// What stands in the path in the place of names, with these names.
    pub names: Names,
    /// The query, in its order.
    pub query: Vec<(String, String)>,
    /// The body's object; none where there is no body.
    pub body: Option<Map<String, Value>>,
    /// `Range`, where it counts.
    pub range: Option<String>,
    /// `If-Range`.
    pub if_range: Option<String>,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// How many are left out.
    pub offset: usize,
    /// The most that are wanted.
    pub limit: usize,
}

impl Asked {
    /// The id in the path.
    pub fn id<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Problem> {
        let text = self.names.iter().find(|(known, _)| *known == name);
        let text = text.map_or("", |(_, text)| text);
        let read = text.parse();
        read.map_err(|error: T::Err| Problem::bad_request(format!("{name}: {error}")))
    }

    /// The fields of the body, which there has to be.
    pub fn fields(&self) -> Result<&Map<String, Value>, Problem> {
        let missing = || Problem::bad_request("the body is missing: an object in JSON");
        self.body.as_ref().ok_or_else(missing)
    }

    /// Reads the query; a word that is not `known` is refused, and so is one that comes twice where it
    /// makes no list.
    pub fn with_query(mut self, query: &str, known: &[&str]) -> Result<Self, Problem> {
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !known.contains(&&*name) {
                let known = known.join(", ");
                return Err(Problem::bad_request(format!(
                    "the query has no {name:?}; allowed: {known}"
                )));
            }
            if self.query.iter().any(|(before, _)| *before == name) {
                return Err(Problem::bad_request(format!("{name} comes twice")));
            }
            self.query.push((name.into_owned(), value.into_owned()));
        }
        Ok(self)
    }

    /// The query's value of this name.
    pub fn query(&self, name: &str) -> Option<&str> {
        let given = self.query.iter().find(|(known, _)| known == name);
        given.map(|(_, value)| &**value)
    }

    /// The query's `offset` and `limit`.
    pub fn page(&self) -> Result<Page, Problem> {
        Ok(Page {
            offset: self.number("offset", 0, 0, MAX_OFFSET)?,
            limit: self.number("limit", PAGE, 1, MAX_PAGE)?,
        })
    }

    fn number(
        &self,
        name: &str,
        default: usize,
        least: usize,
        most: usize,
    ) -> Result<usize, Problem> {
        let Some(text) = self.query(name) else {
            return Ok(default);
        };
        let digits = text.bytes().all(|digit| digit.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        let number = number.filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| {
            Problem::bad_request(format!(
                "{name}: allowed: a whole number from {least} to {most}"
            ))
        })
    }
}

/// The segments of a path, decoded; none where it is no UTF-8.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    let decoded =
        |segment: &str| Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned());
    path.strip_prefix('/')?.split('/').map(decoded).collect()
}

/// The object that a body is; none where it is empty.
pub(super) fn object(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<Map<String, Value>>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    if !headers.get(CONTENT_TYPE).is_some_and(is_json) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body is to be JSON: Content-Type: application/json",
        ));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(Some(object)),
        Ok(_) => Err(Problem::unprocessable("the body is to be an object")),
        Err(error) => Err(Problem::bad_request(format!(
            "the body is no JSON: {error}"
        ))),
    }
}

fn is_json(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let bare = text.split(';').next().unwrap_or_default();
    bare.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn asked(query: &str) -> Result<Asked, Problem> {
        Asked::default().with_query(query, &["offset", "limit", "text"])
    }

    #[test]
    fn a_query_is_read_strictly() {
        let page = asked("offset=20&text=a%20b+c").unwrap();
        assert_eq!(page.query("text"), Some("a b c"));
        assert_eq!(
            (page.page().unwrap().offset, page.page().unwrap().limit),
            (20, PAGE)
        );
        for (query, told) in [
            ("colour=red", "allowed: offset, limit, text"),
            ("text=a&text=b", "text comes twice"),
        ] {
            assert!(asked(query).unwrap_err().detail.contains(told), "{query}");
        }
        for query in [
            "limit=0",
            "limit=1001",
            "limit=+5",
            "limit=",
            "offset=-1",
            "offset=x",
        ] {
            let refused = asked(query).unwrap().page().unwrap_err();
            assert!(refused.detail.contains("a whole number from"), "{query}");
        }
    }

    #[test]
    fn a_path_is_parted_before_it_is_decoded() {
        assert_eq!(segments("/v1/a%2Fb").unwrap(), ["v1", "a/b"]);
        assert_eq!(segments("/").unwrap(), [""]);
        assert_eq!(segments("*"), None);
        assert_eq!(segments("/%ff"), None);
    }

    #[test]
    fn a_body_is_an_object_of_json_or_nothing() {
        let mut headers = HeaderMap::new();
        assert_eq!(object(&headers, b"").unwrap(), None);
        let status =
            |headers: &HeaderMap, body: &[u8]| object(headers, body).unwrap_err().status.as_u16();
        assert_eq!(status(&headers, b"{}"), 415);
        headers.insert(
            CONTENT_TYPE,
            "application/json; charset=utf-8".parse().unwrap(),
        );
        assert_eq!(
            object(&headers, b"{\"on\": true}").unwrap().unwrap()["on"],
            true
        );
        assert_eq!(status(&headers, b"{"), 400);
        assert_eq!(status(&headers, b"[]"), 422);
    }
}
