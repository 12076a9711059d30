//! What a person writes of a call: its note, and table `call_tags`.

use rusqlite::{OptionalExtension, params};

use super::super::search::fold;
use super::super::values::one;
use super::super::{Result, StoreError, Writer};
use crate::model::CallId;

/// The most octets of a note.
const MAX_NOTE: usize = 64 * 1024;
/// The most tags of a call.
const MAX_TAGS: i64 = 100;
/// The most characters of a tag.
const MAX_TAG: usize = 64;
/// How much of a refused text an error repeats, in characters.
const REPEATED: usize = 40;

/// A call's tags, one a line, in the order in which they were given: a column beside `calls c`.
pub(super) const TAGS: &str =
    "(SELECT group_concat(t.tag, char(10) ORDER BY t.place) FROM call_tags t WHERE t.call = c.id)";

/// The tags in a column that was read by [`TAGS`].
pub(super) fn tags_of_lines(lines: Option<&str>) -> Vec<String> {
    lines
        .into_iter()
        .flat_map(str::lines)
        .map(str::to_owned)
        .collect()
}

/// What tags and notes are compared by: in any case and script.
pub(super) fn key(text: &str) -> String {
    fold(text.trim())
}

impl Writer<'_> {
    /// Makes this the note of the call; an empty one clears it.
    pub fn set_call_note(&mut self, call: CallId, note: &str) -> Result<()> {
        let note = note.trim();
        if note.len() > MAX_NOTE {
            let allowed = format!("at most {} KiB", MAX_NOTE / 1024);
            return Err(StoreError::not_allowed("note", beginning(note), allowed));
        }
        self.must_see(call)?;
        let changed = self
            .connection
            .prepare_cached("UPDATE calls SET note = ?2 WHERE id = ?1")?
            .execute(params![call.as_bytes(), note])?;
        one(changed, "call", call)
    }

    /// Gives the call a tag, behind those that it has. One that it has already, in any case, stays as
    /// it is.
    pub fn add_call_tag(&mut self, call: CallId, tag: &str) -> Result<()> {
        let tag = tidied(tag)?;
        let (tags, place) = self.count_tags(call)?;
        let key = key(&tag);
        if self.has_tag(call, &key)? {
            return Ok(());
        }
        if tags >= MAX_TAGS {
            let allowed = format!("at most {MAX_TAGS} tags of one call");
            return Err(StoreError::not_allowed("tag", tag, allowed));
        }
        self.connection
            .prepare_cached(
                "INSERT INTO call_tags (call, tag_key, tag, place) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![call.as_bytes(), key, tag, place])?;
        Ok(())
    }

    /// Takes a tag, written in any case, from the call.
    pub fn remove_call_tag(&mut self, call: CallId, tag: &str) -> Result<()> {
        self.count_tags(call)?;
        let changed = self
            .connection
            .prepare_cached("DELETE FROM call_tags WHERE call = ?1 AND tag_key = ?2")?
            .execute(params![call.as_bytes(), key(&in_one_line(tag))])?;
        one(changed, "tag", tag.trim())
    }

    /// How many tags the call, which must be there, has, and the place of the next.
    fn count_tags(&self, call: CallId) -> Result<(i64, i64)> {
        self.must_see(call)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT count(t.call), ifnull(max(t.place) + 1, 0)
             FROM calls c LEFT JOIN call_tags t ON t.call = c.id WHERE c.id = ?1 GROUP BY c.id",
        )?;
        let counted = statement
            .query_row([call.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        one(usize::from(counted.is_some()), "call", call)?;
        Ok(counted.unwrap_or_default())
    }

    fn has_tag(&self, call: CallId, key: &str) -> Result<bool> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM call_tags WHERE call = ?1 AND tag_key = ?2")?;
        Ok(statement.exists(params![call.as_bytes(), key])?)
    }
}

/// The tag as it is kept. Lists of tags are parted by semicolons, so that none is in a tag.
fn tidied(tag: &str) -> Result<String> {
    let tidied = in_one_line(tag);
    let is_fair = !key(&tidied).is_empty()
        && tidied.chars().count() <= MAX_TAG
        && !tidied.contains(|c: char| c == ';' || c.is_control());
    if !is_fair {
        let allowed = format!("1 to {MAX_TAG} characters without a semicolon");
        return Err(StoreError::not_allowed("tag", beginning(&tidied), allowed));
    }
    Ok(tidied)
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn beginning(text: &str) -> String {
    text.chars().take(REPEATED).collect()
}
