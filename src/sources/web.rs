//! A value in the JSON that a web server answers.

use serde_json::Value;

use super::{Patience, SourceError};
use crate::http::{HttpClient, HttpError, Request, Server};
use crate::model::{Fact, Facts};

/// The most octets of an answer.
const LARGEST: u64 = 1024 * 1024;

/// Asks the server behind `url` for what stands at `field`.
pub(super) fn ask(
    url: &str,
    ca_file: Option<&str>,
    field: &[String],
    facts: &Facts,
    patience: Patience,
) -> Result<Option<String>, SourceError> {
    let target = filled(url, facts);
    let mut client = HttpClient::new(Server {
        url: target.clone(),
        login: None,
        ca_file: ca_file.map(str::to_owned),
        patience: patience.whole,
        largest: LARGEST,
    })?;
    let answer = client.send(&Request {
        method: "GET",
        target,
        headers: vec![("Accept", "application/json".to_owned())],
        body: Vec::new(),
    });
    let answer = answer.map_err(|error| match error {
        // Its words name a server that is asked again later; this one was asked for the last time.
        HttpError::TimedOut { .. } => SourceError::TimedOut(patience.whole),
        error => error.into(),
    })?;
    match answer.status {
        200 => {
            let json = serde_json::from_slice(&answer.body).map_err(|_| SourceError::NoJson)?;
            Ok(text_at(&json, field))
        }
        404 => Ok(None),
        status => Err(SourceError::Status(status)),
    }
}

/// The address with what is known of the caller in its braces, so that it can mean nothing else there.
fn filled(url: &str, facts: &Facts) -> String {
    let fill = |url: String, (word, fact): &(&str, Fact)| {
        let text = facts.get(fact).map_or("", String::as_str);
        url.replace(&format!("{{{word}}}"), &encoded(text))
    };
    Fact::WORDS.iter().fold(url.to_owned(), fill)
}

/// RFC 3986 §2: everything but unreserved characters by its octets.
fn encoded(text: &str) -> String {
    let octet = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(octet).collect()
}

/// What stands there, where it is one value.
fn text_at(json: &Value, way: &[String]) -> Option<String> {
    let mut found = json;
    for name in way {
        found = match found {
            Value::Array(list) => list.get(name.parse::<usize>().ok()?)?,
            other => other.get(name)?,
        };
    }
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(found.to_string()),
        _ => None,
    }
}
