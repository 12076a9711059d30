//! Every route of the API, once: what is asked by which method and path, and who answers.

use hyper::Method;
use serde_json::{Value, json};

use super::problem::Problem;
use super::request::{Asked, Names};
use super::server::Reply;
use super::{calls, clients, recordings};
use crate::control::Request;
use crate::profile::Profile;
use crate::store::Store;

/// A route.
pub(super) struct Route {
    pub method: Method,
    /// With `{name}` where a name stands.
    pub path: &'static str,
    /// The words that its query may have.
    pub query: &'static [&'static str],
    pub answers: Answers,
}

/// Who answers.
#[derive(Clone, Copy)]
pub(super) enum Answers {
    /// The description of the API.
    Document,
    /// The phone, asked with this verb of the control socket.
    Phone(&'static str),
    /// The store.
    Store(fn(&mut Store, &Profile, &Asked) -> Result<Reply, Problem>),
}

/// A route without a query.
const fn route(method: Method, path: &'static str, answers: Answers) -> Route {
    Route {
        method,
        path,
        query: &[],
        answers,
    }
}

/// A list, whose query may have these words.
const fn list(path: &'static str, query: &'static [&'static str], answers: Answers) -> Route {
    Route {
        method: Method::GET,
        path,
        query,
        answers,
    }
}

/// A verb for a call that is up.
const fn verb(path: &'static str, verb: &'static str) -> Route {
    route(Method::POST, path, Answers::Phone(verb))
}

/// Every route.
pub(super) const ROUTES: &[Route] = &[
    route(Method::GET, "/openapi.json", Answers::Document),
    route(Method::GET, "/v1/status", Answers::Phone("status")),
    route(Method::GET, "/v1/accounts", Answers::Phone("accounts")),
    route(Method::GET, "/v1/lamps", Answers::Phone("lamps")),
    route(Method::POST, "/v1/dnd", Answers::Phone("dnd")),
    route(Method::POST, "/v1/forward", Answers::Phone("forward")),
    route(Method::GET, "/v1/active-calls", Answers::Phone("calls")),
    route(Method::POST, "/v1/active-calls", Answers::Phone("dial")),
    route(
        Method::GET,
        "/v1/active-calls/{call}/card",
        Answers::Phone("card"),
    ),
    verb("/v1/active-calls/{call}/answer", "answer"),
    verb("/v1/active-calls/{call}/reject", "reject"),
    verb("/v1/active-calls/{call}/hangup", "hangup"),
    verb("/v1/active-calls/{call}/hold", "hold"),
    verb("/v1/active-calls/{call}/resume", "resume"),
    verb("/v1/active-calls/{call}/mute", "mute"),
    verb("/v1/active-calls/{call}/dtmf", "dtmf"),
    verb("/v1/active-calls/{call}/record", "record"),
    verb("/v1/active-calls/{call}/transfer", "transfer"),
    verb("/v1/active-calls/{call}/conference", "conference"),
    verb("/v1/active-calls/{call}/split", "split"),
    verb("/v1/active-calls/{call}/client", "client"),
    verb("/v1/active-calls/{call}/save-caller", "save_caller"),
    verb("/v1/active-calls/{call}/note-read", "note_read"),
    list("/v1/calls", calls::QUERY, Answers::Store(calls::list)),
    route(Method::GET, "/v1/calls/{call}", Answers::Store(calls::get)),
    route(
        Method::PATCH,
        "/v1/calls/{call}",
        Answers::Store(calls::mark),
    ),
    list(
        "/v1/clients",
        &["text", "offset", "limit"],
        Answers::Store(clients::list),
    ),
    route(Method::POST, "/v1/clients", Answers::Store(clients::create)),
    route(
        Method::GET,
        "/v1/clients/{client}",
        Answers::Store(clients::get),
    ),
    route(
        Method::PATCH,
        "/v1/clients/{client}",
        Answers::Store(clients::change),
    ),
    route(
        Method::DELETE,
        "/v1/clients/{client}",
        Answers::Store(clients::delete),
    ),
    list(
        "/v1/recordings",
        recordings::QUERY,
        Answers::Store(recordings::list),
    ),
    route(
        Method::GET,
        "/v1/recordings/{recording}",
        Answers::Store(recordings::get),
    ),
    route(
        Method::GET,
        "/v1/recordings/{recording}/audio",
        Answers::Store(recordings::audio),
    ),
];

/// The route of a request, and the names in its path; else which methods the path has, none where there
/// is no such path. A HEAD is a GET without the body (RFC 9110 §9.3.2).
pub(super) fn find(
    method: &Method,
    segments: &[String],
) -> Result<(&'static Route, Names), Vec<&'static str>> {
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let mut allowed = Vec::new();
    for route in ROUTES {
        let Some(names) = names(route.path, segments) else {
            continue;
        };
        if route.method == *method {
            return Ok((route, names));
        }
        allowed.push(route.method.as_str());
    }
    Err(allowed)
}

/// The names in the path, where it is of this form.
fn names(form: &'static str, segments: &[String]) -> Option<Names> {
    let form: Vec<&str> = form.trim_start_matches('/').split('/').collect();
    if form.len() != segments.len() {
        return None;
    }
    let mut names = Vec::new();
    for (place, segment) in form.into_iter().zip(segments) {
        match place
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) => names.push((name, segment.clone())),
            None if place == segment => {}
            None => return None,
        }
    }
    Some(names)
}

/// What is asked of the phone: the verb, the call of the path, and the fields of the body.
pub(super) fn phone_request(verb: &str, asked: &Asked) -> Result<Request, Problem> {
    let mut line = asked.body.clone().unwrap_or_default();
    let mut from_path: Vec<(&str, Value)> = vec![("verb", verb.into())];
    for (name, _) in &asked.names {
        let call: crate::model::CallId = asked.id(name)?;
        from_path.push((name, json!(call)));
    }
    for (name, value) in from_path {
        if line.insert(name.to_owned(), value).is_some() {
            return Err(Problem::unprocessable(format!(
                "the body has no field {name}"
            )));
        }
    }
    let read = serde_json::from_value(Value::Object(line));
    read.map_err(|error| Problem::unprocessable(format!("the body: {error}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::collections::BTreeSet;

    use super::*;
    use crate::api::OPENAPI;

    fn document() -> Value {
        serde_json::from_str(OPENAPI).unwrap()
    }

    /// The operations of the document: method, path, and the words of the query.
    fn described(document: &Value) -> BTreeSet<(String, String, Vec<String>)> {
        let mut operations = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let none = Vec::new();
                let parameters = operation["parameters"].as_array().unwrap_or(&none);
                let named = |parameter: &Value| match parameter["$ref"].as_str() {
                    Some(reference) => document.pointer(&reference[1..]).unwrap().clone(),
                    None => parameter.clone(),
                };
                let parameters: Vec<Value> = parameters.iter().map(named).collect();
                let of = |place: &str| -> Vec<String> {
                    let of_place = parameters.iter().filter(|it| it["in"] == place);
                    of_place
                        .map(|it| it["name"].as_str().unwrap().to_owned())
                        .collect()
                };
                for name in of("path") {
                    assert!(path.contains(&format!("{{{name}}}")), "{path}: {name}");
                }
                assert_eq!(of("path").len(), path.matches('{').count(), "{path}");
                operations.insert((method.to_uppercase(), path.clone(), of("query")));
            }
        }
        operations
    }

    #[test]
    fn every_route_is_in_the_document_and_the_document_has_no_other() {
        let words = |query: &[&str]| query.iter().map(|&word| word.to_owned()).collect();
        let served: BTreeSet<_> = ROUTES
            .iter()
            .map(|route| {
                (
                    route.method.to_string(),
                    route.path.to_owned(),
                    words(route.query),
                )
            })
            .collect();
        assert_eq!(served.len(), ROUTES.len());
        assert_eq!(described(&document()), served);
    }

    #[test]
    fn the_document_has_a_call_as_the_log_has_it() {
        let mut schema: Value =
            serde_json::from_str(include_str!("../../docs/call.schema.json")).unwrap();
        schema.as_object_mut().unwrap().remove("$schema");
        assert_eq!(document()["components"]["schemas"]["Call"], schema);
    }

    #[test]
    fn every_verb_of_the_phone_takes_what_the_document_says() {
        let document = document();
        let call = "01936b6e-7b1c-7000-8000-000000000001";
        // A value of each schema that a verb's fields have.
        let sample = |name: &str, schema: &Value| match (&schema["enum"], name) {
            (Value::Array(words), _) => words[0].clone(),
            (_, "digits") => json!("1"),
            _ if schema["type"] == "boolean" => json!(true),
            _ => json!(call),
        };
        let mut verbs = 0;
        for route in ROUTES {
            let Answers::Phone(verb) = route.answers else {
                continue;
            };
            let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let fields = schema["properties"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            let mut body: serde_json::Map<String, Value> = fields
                .iter()
                .map(|(name, schema)| (name.clone(), sample(name, schema)))
                .collect();
            if schema["maxProperties"] == 1 {
                body.remove("to");
            }
            let names = match route.path.contains("{call}") {
                true => vec![("call", call.to_owned())],
                false => Vec::new(),
            };
            let asked = Asked {
                names,
                body: Some(body),
                ..Asked::default()
            };
            let request = phone_request(verb, &asked).unwrap();
            assert!(request.command().is_ok(), "{verb}");
            verbs += 1;
        }
        assert!(verbs > 20);
    }
}
