//! The call log, by the filters and in the orders of `ringbook log`.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{Args as _, Command, FromArgMatches as _};
use serde_json::Value;

use super::problem::Problem;
use super::request::Asked;
use super::server::{News, Reply};
use crate::cli::data::need_call_log;
use crate::cli::log_options::{Sorted, Which};
use crate::export::{call_json, look_for};
use crate::model::{CallId, CallLine};
use crate::profile::Profile;
use crate::store::{CallList, Reader, Store, StoreError};

/// The words of the list's query: the options of `ringbook log list`.
pub(super) const QUERY: &[&str] = &[
    "view",
    "from",
    "to",
    "hours",
    "direction",
    "origin",
    "status",
    "client",
    "unknown",
    "category",
    "number",
    "extension",
    "line",
    "longer",
    "shorter",
    "too-long",
    "recorded",
    "tag",
    "text",
    "sort",
    "offset",
    "limit",
];
/// Those that stand alone on the command line.
const SWITCHES: [&str; 2] = ["unknown", "too-long"];

/// Nothing is found in a log that is switched off.
fn need_log(profile: &Profile) -> Result<(), Problem> {
    need_call_log(profile).map_err(|error| Problem::not_found(format!("{error:#}")))
}

pub(super) fn list(store: &mut Store, profile: &Profile, asked: &Asked) -> Result<Reply, Problem> {
    need_log(profile)?;
    let page = asked.page()?;
    let (which, sorted) = options(asked)?;
    store.read(|reader| {
        let list = CallList {
            filter: which.filter(profile, reader)?,
            order: sorted.order(which.view(reader)?.as_ref()),
        };
        // One more than is wanted tells whether there are more.
        let lines = reader.calls_of(&list, page.offset, page.limit + 1)?;
        Ok(Reply::page(page, lines.iter().map(call_json)))
    })
}

pub(super) fn get(store: &mut Store, profile: &Profile, asked: &Asked) -> Result<Reply, Problem> {
    need_log(profile)?;
    let call = asked.id("call")?;
    let files = store.read(|reader| reader.recording_files_of(call))?;
    look_for(store, &profile.recordings(), &files)?;
    store.read(|reader| Ok(Reply::ok(call_json(&find(reader, call)?))))
}

/// Writes the note and the tags that the body has, and leaves the others.
pub(super) fn mark(store: &mut Store, profile: &Profile, asked: &Asked) -> Result<Reply, Problem> {
    need_log(profile)?;
    let call: CallId = asked.id("call")?;
    let marks = Marks::read(asked)?;
    store.write(|writer| -> Result<Reply, Problem> {
        let before = find(writer, call)?;
        if let Some(note) = &marks.note {
            writer.set_call_note(call, note)?;
        }
        if let Some(tags) = &marks.tags {
            for tag in &before.tags {
                writer.remove_call_tag(call, tag)?;
            }
            for tag in tags {
                writer.add_call_tag(call, tag)?;
            }
        }
        let reply = Reply::ok(call_json(&find(writer, call)?));
        Ok(reply.with_news(News::Marked(call)))
    })
}

/// What a person writes of a call.
struct Marks {
    note: Option<String>,
    tags: Option<Vec<String>>,
}

impl Marks {
    fn read(asked: &Asked) -> Result<Self, Problem> {
        let mut marks = Self {
            note: None,
            tags: None,
        };
        for (name, value) in asked.fields()? {
            match (&**name, value) {
                ("note", Value::Null) => marks.note = Some(String::new()),
                ("note", Value::String(note)) => marks.note = Some(note.clone()),
                ("tags", Value::Array(tags)) => {
                    let text = |tag: &Value| tag.as_str().map(str::to_owned);
                    let tags: Option<Vec<String>> = tags.iter().map(text).collect();
                    marks.tags = Some(tags.ok_or_else(allowed)?);
                }
                _ => return Err(allowed()),
            }
        }
        Ok(marks)
    }
}

fn allowed() -> Problem {
    Problem::unprocessable("allowed: note, a text, and tags, a list of texts")
}

fn find(reader: &Reader<'_>, call: CallId) -> Result<CallLine, StoreError> {
    reader.find_call(call)?.ok_or_else(|| StoreError::Missing {
        what: "call",
        id: call.to_string(),
    })
}

/// The query as the options that the command line has.
fn options(asked: &Asked) -> Result<(Which, Sorted), Problem> {
    let mut arguments: Vec<OsString> = vec!["log".into()];
    for (name, value) in &asked.query {
        match &**name {
            "offset" | "limit" => {}
            name if SWITCHES.contains(&name) => match &**value {
                "true" => arguments.push(format!("--{name}").into()),
                "false" => {}
                _ => {
                    let detail = format!("{name}: allowed: true, false");
                    return Err(Problem::bad_request(detail));
                }
            },
            name => arguments.push(format!("--{name}={value}").into()),
        }
    }
    let command = Sorted::augment_args(Which::augment_args(Command::new("log")));
    let command = command.disable_help_flag(true);
    let mut matches = command.try_get_matches_from(arguments).map_err(refused)?;
    let which = Which::from_arg_matches_mut(&mut matches).map_err(refused)?;
    let sorted = Sorted::from_arg_matches_mut(&mut matches).map_err(refused)?;
    Ok((which, sorted))
}

/// What the command line has against an option, in the words of the query.
fn refused(error: clap::Error) -> Problem {
    let word = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let option = word(ContextKind::InvalidArg);
    let name = option.trim_start_matches('-');
    let name = name.split([' ', '=']).next().unwrap_or_default();
    let mut detail = format!(
        "{name}: {:?} is not allowed",
        word(ContextKind::InvalidValue)
    );
    let prior = word(ContextKind::PriorArg);
    if !prior.is_empty() {
        let prior = prior.trim_start_matches('-').split([' ', '=']).next();
        detail = format!("{name}: not together with {}", prior.unwrap_or_default());
    }
    if let Some(why) = std::error::Error::source(&error) {
        detail = format!("{detail}; {why}");
    }
    Problem::bad_request(detail)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn refusal(query: &str) -> String {
        let asked = Asked::default().with_query(query, QUERY).unwrap();
        let problem = options(&asked).map(drop).unwrap_err();
        assert_eq!(problem.status.as_u16(), 400);
        problem.detail
    }

    #[test]
    fn every_word_of_the_query_is_an_option_of_the_log_and_the_other_way_round() {
        let command = Sorted::augment_args(Which::augment_args(Command::new("log")));
        let options: Vec<&str> = command
            .get_arguments()
            .filter_map(|it| it.get_long())
            .collect();
        let paging = ["offset", "limit"];
        let words: Vec<&str> = QUERY
            .iter()
            .copied()
            .filter(|it| !paging.contains(it))
            .collect();
        let missing = options.iter().filter(|it| !words.contains(it));
        assert_eq!(missing.count(), 0, "{options:?}");
        assert!(words.iter().all(|it| options.contains(it)), "{words:?}");
    }

    #[test]
    fn a_query_that_makes_no_sense_is_refused_with_what_is_allowed() {
        let told = refusal("direction=up");
        assert!(
            told.starts_with("direction: \"up\" is not allowed; allowed: incoming"),
            "{told}"
        );
        let told = refusal("unknown=perhaps");
        assert_eq!(told, "unknown: allowed: true, false");
        let told = refusal("unknown=true&client=Ivan");
        assert!(told.contains("not together with"), "{told}");
        let told = refusal("sort=colour");
        assert!(told.contains("allowed: started, time"), "{told}");
    }

    #[test]
    fn values_are_values_whatever_they_look_like() {
        let query = "text=--help&number=-5&status=missed,busy&tag=";
        let asked = Asked::default().with_query(query, QUERY).unwrap();
        assert!(options(&asked).is_ok());
    }
}
