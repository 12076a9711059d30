//! A line of a PBX's call log as a call.

use std::time::Duration;

use csv::StringRecord;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::columns::{Columns, Field};
use super::parties::{House, Parties, Sides};
use super::status::{Disposition, is_mailbox, status, told};
use crate::export::cell::restored;
use crate::import::cells::{length, moment};
use crate::import::line::Refusal;
use crate::model::{CallId, CallRecord, CallStatus, Country, Direction};
use crate::tr;

/// The longest call, seconds: what is longer is no length of time.
const LONGEST: f64 = 10_000_000.0;
/// A time that was not reached, as MySQL writes it.
const NEVER: &str = "0000-00-00 00:00:00";
/// What goes before whatever a call's id is made of.
const SALT: &str = "Ringbook call log";

/// How lines are read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) columns: Columns,
    /// Whose clock the file shows, where a time does not say.
    pub(super) zone: TimeZone,
    pub(super) country: Option<Country>,
    pub(super) house: House,
    /// The address of record of the line on which the calls were.
    pub(super) line: String,
}

/// How long the parts of a call were, as far as the line says.
struct Lengths {
    started_at: Timestamp,
    answered_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    whole: Option<Duration>,
    talk: Option<Duration>,
    ring: Option<Duration>,
}

impl Reading {
    /// The call that a line tells of.
    pub(super) fn call(&self, cells: &StringRecord) -> Result<CallRecord, Refusal> {
        let text = |field| self.text(cells, field);
        let parties = self.parties(cells)?;
        let lengths = self.lengths(cells)?;
        let direction = parties.direction;
        let said = self.columns.place(Field::Status);
        let said = said.map(|_| text(Field::Status));
        let has_talk = lengths.talk.is_some_and(|talk| !talk.is_zero());
        let (status, end_reason) = match is_mailbox(text(Field::Application)) {
            true => told(Disposition::Voicemail, direction),
            false => status(said, has_talk, direction),
        };
        let mut call = CallRecord::begin(self.id(cells), direction, lengths.started_at);
        call.status = status;
        call.end_reason = end_reason;
        call.number = parties.other().number;
        call.caller = parties.caller.logged();
        call.callee = parties.callee.logged();
        call.extension = parties.extension;
        call.hidden = parties.is_hidden;
        call.account = self.line.clone();
        if direction == Direction::Incoming {
            call.remote_name = name(text(Field::Name), &call.caller);
        }
        lengths.give(&mut call);
        Ok(call)
    }

    fn parties(&self, cells: &StringRecord) -> Result<Parties, Refusal> {
        let text = |field| self.text(cells, field);
        let sides = Sides {
            direction: text(Field::Direction),
            caller: text(Field::Caller),
            called: text(Field::Called),
            extension: text(Field::Extension),
            context: text(Field::Context),
            channel: text(Field::Channel),
            dst_channel: text(Field::DstChannel),
        };
        let field = match self.columns.place(Field::Direction) {
            Some(_) => Field::Direction,
            None => Field::Caller,
        };
        Parties::of(&sides, &self.house, self.country).ok_or_else(|| {
            self.refusal(
                cells,
                field,
                tr!("who is in the house: say incoming or outgoing, or name the office's own numbers with --extensions"),
            )
        })
    }

    fn lengths(&self, cells: &StringRecord) -> Result<Lengths, Refusal> {
        let date = self.text(cells, Field::Date);
        let started_at = moment(date, self.text(cells, Field::Time), &self.zone);
        let started_at = started_at.ok_or_else(|| self.no_moment(cells, Field::Date))?;
        Ok(Lengths {
            started_at,
            answered_at: self.moment(cells, Field::Answer)?,
            ended_at: self.moment(cells, Field::End)?,
            whole: self.length(cells, Field::Duration)?,
            talk: self.length(cells, Field::Talk)?,
            ring: self.length(cells, Field::Ring)?,
        })
    }

    fn moment(&self, cells: &StringRecord, field: Field) -> Result<Option<Timestamp>, Refusal> {
        match self.text(cells, field) {
            "" | NEVER => Ok(None),
            text => match moment(text, "", &self.zone) {
                Some(at) => Ok(Some(at)),
                None => Err(self.no_moment(cells, field)),
            },
        }
    }

    fn no_moment(&self, cells: &StringRecord, field: Field) -> Refusal {
        let allowed = tr!("a day with a time, such as 2026-11-22 09:00:00");
        self.refusal(cells, field, allowed)
    }

    fn length(&self, cells: &StringRecord, field: Field) -> Result<Option<Duration>, Refusal> {
        let text = self.text(cells, field);
        if text.is_empty() {
            return Ok(None);
        }
        let seconds = text.parse().ok().or_else(|| length(text).map(|s| s as f64));
        let seconds = seconds.filter(|seconds| (0.0..LONGEST).contains(seconds));
        match seconds {
            Some(seconds) => Ok(Some(Duration::from_secs_f64(seconds))),
            None => Err(self.refusal(cells, field, tr!("seconds, 1:01 or 00:01:01"))),
        }
    }

    /// The same for the same call, however often its file is read: the PBX's own id where that is a UUID, else
    /// one made of the PBX's id, else of all that the line says (RFC 9562 §5.8).
    fn id(&self, cells: &StringRecord) -> CallId {
        let own = self.text(cells, Field::Id);
        if let Ok(id) = own.parse() {
            return id;
        }
        let mut hash = Sha256::new_with_prefix(SALT);
        if own.is_empty() {
            for at in (0..self.columns.len()).filter(|at| !self.columns.is_reason(*at)) {
                hash.update(cells.get(at).unwrap_or_default());
                hash.update([0]);
            }
        } else {
            hash.update(own);
        }
        CallId::of_hash(hash.finalize().into())
    }

    fn text<'c>(&self, cells: &'c StringRecord, field: Field) -> &'c str {
        let cell = self.columns.place(field).and_then(|at| cells.get(at));
        restored(cell.unwrap_or_default()).trim()
    }

    fn refusal(&self, cells: &StringRecord, field: Field, allowed: String) -> Refusal {
        let place = self.columns.place(field).unwrap_or_default();
        Refusal {
            field: self.columns.name(place),
            value: self.text(cells, field).to_owned(),
            allowed,
        }
    }
}

impl Lengths {
    /// Writes into the call how long its parts were. What the line does not say follows from the rest.
    fn give(&self, call: &mut CallRecord) {
        let whole = self.whole.unwrap_or_default();
        let is_taken = matches!(call.status, CallStatus::Answered | CallStatus::OneWay);
        // Of a caller in our own mailbox it counts how long the call rang, not how long it listened.
        let is_answered = is_taken
            || (call.status == CallStatus::Voicemail && call.direction == Direction::Outgoing);
        if is_answered {
            let talk = self
                .talk
                .or_else(|| between(self.answered_at, self.ended_at));
            let ring = self
                .ring
                .or_else(|| between(Some(self.started_at), self.answered_at));
            let ring = ring.unwrap_or_else(|| {
                talk.map_or_else(Duration::default, |talk| whole.saturating_sub(talk))
            });
            call.ring = ring;
            call.talk = talk.unwrap_or_else(|| whole.saturating_sub(ring));
            let answered_at = self
                .answered_at
                .unwrap_or_else(|| later(self.started_at, ring));
            call.answered_at = Some(answered_at);
            call.ended_at = Some(
                self.ended_at
                    .unwrap_or_else(|| later(answered_at, call.talk)),
            );
        } else {
            let whole = self
                .whole
                .or_else(|| between(Some(self.started_at), self.ended_at));
            // How long it rang is not known where it is not known whether somebody answered.
            let is_known = call.status != CallStatus::Unknown;
            let unanswered = whole.map(|whole| whole.saturating_sub(self.talk.unwrap_or_default()));
            let ring = self.ring.or(unanswered.filter(|_| is_known));
            call.ring = ring.unwrap_or_default();
            let over = later(self.started_at, whole.unwrap_or(call.ring));
            call.ended_at = Some(self.ended_at.unwrap_or(over));
        }
        call.last_seen_at = call.ended_at.unwrap_or(self.started_at);
    }
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<Duration> {
    Duration::try_from(from?.duration_until(to?)).ok()
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The name of `"Ivan Petrov" <+77011112233>`; empty where it is but a number.
fn name(clid: &str, caller: &str) -> String {
    let name = clid.split('<').next().unwrap_or_default();
    let name = name.trim().trim_matches('"').trim();
    let is_number = name.trim_start_matches('+') == caller.trim_start_matches('+')
        || name
            .bytes()
            .all(|octet| octet.is_ascii_digit() || octet == b'+');
    match is_number {
        true => String::new(),
        false => name.to_owned(),
    }
}
