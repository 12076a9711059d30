//! Recordings: what is known of them, and their sound.

use super::audio::Sound;
use super::problem::Problem;
use super::request::Asked;
use super::server::Reply;
use super::worker::who_asks;
use crate::cli::data::{home_country, meant_clients, period};
use crate::export::{look_for, recording_json};
use crate::model::{Act, CallId, RecordingId};
use crate::profile::Profile;
use crate::store::{Reader, RecordingFilter, RecordingLine, Store, StoreError};

/// The words of the list's query.
pub(super) const QUERY: &[&str] = &["from", "to", "client", "call", "offset", "limit"];

pub(super) fn list(store: &mut Store, profile: &Profile, asked: &Asked) -> Result<Reply, Problem> {
    let page = asked.page()?;
    let (from, to) = period(asked.query("from"), asked.query("to"))?;
    let call = asked
        .query("call")
        .map(|text| text.parse::<CallId>())
        .transpose();
    let call = call.map_err(|error| Problem::bad_request(format!("call: {error}")))?;
    let country = home_country(profile, None)?;
    let lines = as_they_are(store, profile, |reader| -> Result<_, Problem> {
        let filter = RecordingFilter {
            from,
            to,
            clients: meant_clients(reader, asked.query("client"), country)?,
            call,
        };
        // One more than is wanted tells whether there are more.
        Ok(reader.recordings(&filter, page.offset, page.limit + 1)?)
    })?;
    Ok(Reply::page(page, lines.iter().map(recording_json)))
}

/// The recordings that `read` finds, read again where looking for their files has found something new.
fn as_they_are<E: From<StoreError>>(
    store: &mut Store,
    profile: &Profile,
    read: impl Fn(&Reader<'_>) -> Result<Vec<RecordingLine>, E>,
) -> Result<Vec<RecordingLine>, E> {
    let lines = store.read(&read)?;
    let files: Vec<_> = lines.iter().map(RecordingLine::file).collect();
    match look_for(store, &profile.recordings(), &files)? {
        true => store.read(&read),
        false => Ok(lines),
    }
}

pub(super) fn get(store: &mut Store, profile: &Profile, asked: &Asked) -> Result<Reply, Problem> {
    let id: RecordingId = asked.id("recording")?;
    let one = |reader: &Reader<'_>| -> Result<_, StoreError> {
        Ok(reader.find_recording_line(id)?.into_iter().collect())
    };
    let line = as_they_are(store, profile, one)?.pop();
    let line = line.ok_or_else(|| StoreError::Missing {
        what: "recording",
        id: id.to_string(),
    })?;
    Ok(Reply::ok(recording_json(&line)))
}

/// The file. Whoever gets it may keep it: the audit calls that an export, whatever part of it is asked
/// for.
pub(super) fn audio(store: &mut Store, profile: &Profile, asked: &Asked) -> Result<Reply, Problem> {
    let id = asked.id("recording")?;
    let who = who_asks(profile)?;
    let row = store.write(|writer| writer.audit_recording(&who, Act::Export, id, "API"))?;
    let files = store.read(|reader| reader.recording_files_of(row.call))?;
    look_for(store, &profile.recordings(), &files)?;
    Sound::open(&profile.recordings(), &row)?.reply(asked)
}
