//! Table `calls`: the call log.

mod brought;
mod filter;
mod groups;
mod legs;
mod local;
mod marks;
mod order;

pub use brought::BroughtCall;
pub use filter::{CallFilter, Hours};
pub use groups::{CallCount, CallGroup, GroupKey, Grouping};
pub use order::{CallList, CallOrder};
use rusqlite::{OptionalExtension, Row, named_params, params};

use self::marks::{TAGS, tags_of_lines};
use super::values::{
    count, duration, id, id_or_none, length, millis, number_or_none, one, time, time_or_none, word,
    word_or_none,
};
use super::{Reader, Result, Writer};
use crate::model::{
    CallId, CallLine, CallOrigin, CallQuality, CallRecord, CallStatus, CategoryId, ClientId, Cost,
    Direction, EndReason, KnownAs, Missing, Money,
};

/// How many columns a call is read from.
const WIDTH: usize = 39;

/// What a call is read from: [`WIDTH`] columns of `calls c`.
pub(super) const COLUMNS: &str =
    "c.id, c.direction, c.status, c.started_at, c.ringing_at, c.answered_at,
    c.ended_at, c.last_seen_at, c.caller, c.callee, c.number, c.remote_name, c.hidden, c.client,
    c.client_name, c.extension, c.employee, c.account, c.ring_ms, c.hold_ms, c.talk_ms,
    c.end_reason, c.sip_status, c.codec, c.packets_sent, c.packets_received, c.packets_lost,
    c.jitter_ms, c.rtt_ms, c.mos, c.diverted_by, c.known_as, c.identified_ms,
    c.category_then, c.cost_minor, c.cost_currency, c.tariff,
    c.too_long, c.origin";

/// What stands beside a call in the log: the client's present name and category, the recording, why it
/// cannot be listened to, what a person wrote, which the phone does not write.
/// Of several recordings it is the first that can be heard. A client that was merged is the one it was merged into already; of a deleted one the name
/// at the time of the call is left.
const LINE: &str = "k.name, k.category, (SELECT r.file FROM recordings r
    WHERE r.call = c.id AND r.deleted_at IS NULL
    ORDER BY r.missing IS NOT NULL, r.started_at, r.id LIMIT 1),
    (SELECT CASE WHEN r.deleted_at IS NULL THEN r.missing ELSE 'deleted' END FROM recordings r
    WHERE r.call = c.id
    ORDER BY r.deleted_at IS NOT NULL, r.missing IS NOT NULL, r.started_at, r.id LIMIT 1), c.note";
const FROM: &str = "FROM calls c LEFT JOIN clients k ON k.id = c.client AND k.deleted_at IS NULL";

impl Reader<'_> {
    /// The call's line of the log.
    pub fn find_call(&self, call: CallId) -> Result<Option<CallLine>> {
        match self.sees(call)? {
            true => self.any_call(call),
            false => Ok(None),
        }
    }

    /// The calls that go on, at every seat that shares the store, the oldest first.
    pub fn calls_going_on(&self) -> Result<Vec<CallRecord>> {
        // The word stands in the statement: a bound one would not use the index of open rows.
        let condition = format!("c.status = 'in_progress'{}", self.and_sight());
        let select = format!("SELECT {COLUMNS} FROM calls c WHERE {condition} ORDER BY c.id");
        let mut statement = self.connection.prepare_cached(&select)?;
        let calls = statement.query_map([], call_record)?;
        Ok(calls.collect::<rusqlite::Result<_>>()?)
    }

    /// The call's line, also where the seat does not see it: for the phone's own work.
    pub(super) fn any_call(&self, call: CallId) -> Result<Option<CallLine>> {
        let mut statement = self.connection.prepare_cached(&line_where("c.id = ?1"))?;
        let line = statement.query_row([call.as_bytes()], call_line);
        let Some(mut line) = line.optional()? else {
            return Ok(None);
        };
        line.record.legs = self.call_legs(call)?;
        Ok(Some(line))
    }
}

impl Writer<'_> {
    /// Opens the call's row, or writes it anew. A row that is closed is not opened again by a
    /// late update. A client that was linked by hand meanwhile stays, and one that was merged
    /// meanwhile is the one it was merged into. Whether a call of ours is a callback is known when its
    /// row is opened, and stays.
    pub fn save_call(&mut self, record: &CallRecord) -> Result<()> {
        let (quality, cost) = (record.quality.as_ref(), record.cost.as_ref());
        // A client that is no longer there must not cost the row.
        let client = record.client.map(|client| self.heir(client));
        let client = client.transpose()?.flatten();
        let (origin, employee) = (self.origin(record)?, self.employee_of(record)?);
        self.connection
            .prepare_cached(SAVE_CALL)?
            .execute(named_params! {
                ":id": record.call.as_bytes(),
                ":direction": record.direction.as_str(),
                ":status": record.status.as_str(),
                ":started_at": millis(record.started_at),
                ":ringing_at": record.ringing_at.map(millis),
                ":answered_at": record.answered_at.map(millis),
                ":ended_at": record.ended_at.map(millis),
                ":last_seen_at": millis(record.last_seen_at),
                ":caller": record.caller,
                ":callee": record.callee,
                ":number": record.number.map(|number| number.e164()),
                ":remote_name": record.remote_name,
                ":hidden": record.hidden,
                ":client": client.as_ref().map(ClientId::as_bytes),
                ":client_name": record.client_name,
                ":known_as": record.known_as.map(KnownAs::as_str),
                ":identified_ms": record.identified.map(length),
                ":extension": record.extension,
                ":employee": employee,
                ":account": record.account,
                ":ring_ms": length(record.ring),
                ":hold_ms": length(record.hold),
                ":talk_ms": length(record.talk),
                ":end_reason": record.end_reason.map(EndReason::as_str),
                ":sip_status": record.sip_status,
                ":codec": record.codec,
                ":packets_sent": quality.map(|q| count(q.packets_sent)),
                ":packets_received": quality.map(|q| count(q.packets_received)),
                ":packets_lost": quality.map(|q| count(q.packets_lost)),
                ":jitter_ms": quality.map(|q| q.jitter_ms),
                ":rtt_ms": quality.and_then(|q| q.rtt_ms),
                ":mos": quality.and_then(|q| q.mos),
                ":diverted_by": record.diverted_by,
                ":category_then": record.category.as_ref().map(CategoryId::as_str),
                ":cost_minor": cost.map(|cost| cost.amount.minor),
                ":cost_currency": cost.map(|cost| &cost.amount.currency),
                ":too_long": record.too_long,
                ":tariff": cost.map(|cost| &cost.tariff),
                ":origin": origin.map(CallOrigin::as_str),
            })?;
        self.save_legs(record)
    }

    /// What led to a call: whoever was owed one when it was made is called back, whichever way.
    fn origin(&self, record: &CallRecord) -> Result<Option<CallOrigin>> {
        let is_ours = matches!(record.origin, Some(CallOrigin::Dialled | CallOrigin::Link));
        if is_ours && !self.has_row(record.call)? && self.is_owed_a_call(record)? {
            return Ok(Some(CallOrigin::Callback));
        }
        Ok(record.origin)
    }

    fn has_row(&self, call: CallId) -> Result<bool> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM calls WHERE id = ?1")?;
        Ok(statement.exists([call.as_bytes()])?)
    }

    /// Makes the call one with this client, and the task that it opened: a person says so, and what
    /// the phone thinks counts no more.
    pub fn link_call(&mut self, call: CallId, client: ClientId) -> Result<()> {
        let linked = self.load_client(client)?;
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE calls SET client = ?2, client_name = ?3, category_then = ?4, chosen = 1
                 WHERE id = ?1",
            )?
            .execute(params![
                call.as_bytes(),
                client.as_bytes(),
                linked.name,
                linked.category.as_str()
            ])?;
        one(changed, "call", call)?;
        self.give_task_of_call(call, client)
    }

    /// Closes the rows that a crash left in progress, as *interrupted*, and returns them: ended
    /// when the phone was last seen to have the call. How long it rang and people talked was measured
    /// until then; only where it was not, the clock tells it. Only the phone does so, before its first
    /// call.
    pub(super) fn close_interrupted(&mut self) -> Result<Vec<CallRecord>> {
        // The word stands in the statement: a bound one would not use the index of open rows.
        let ids: Vec<CallId> = self
            .connection
            .prepare("SELECT id FROM calls WHERE status = 'in_progress' ORDER BY id")?
            .query_map([], |row| id(row, 0))?
            .collect::<rusqlite::Result<_>>()?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.close_interrupted_legs()?;
        self.connection.execute(
            "UPDATE calls SET status = 'interrupted', end_reason = 'interrupted',
                 ended_at = max(last_seen_at, started_at, coalesce(answered_at, started_at)),
                 ring_ms = CASE WHEN answered_at IS NULL AND ring_ms = 0
                           THEN max(0, last_seen_at - started_at) ELSE ring_ms END,
                 talk_ms = CASE WHEN answered_at IS NULL THEN 0 WHEN talk_ms > 0 THEN talk_ms
                           ELSE max(0, last_seen_at - answered_at) END
             WHERE status = 'in_progress'",
            [],
        )?;
        let closed = ids.into_iter().map(|call| self.any_call(call));
        closed
            .filter_map(|line| line.map(|line| line.map(|line| line.record)).transpose())
            .collect()
    }
}

const SAVE_CALL: &str = "
    INSERT INTO calls (id, direction, status, started_at, ringing_at, answered_at, ended_at,
        last_seen_at, caller, callee, number, remote_name, hidden, client, client_name, extension,
        employee, account, ring_ms, hold_ms, talk_ms, end_reason, sip_status, codec, packets_sent,
        packets_received, packets_lost, jitter_ms, rtt_ms, mos, diverted_by, known_as, identified_ms,
        category_then, cost_minor, cost_currency, tariff, too_long, origin)
    VALUES (:id, :direction, :status, :started_at, :ringing_at, :answered_at, :ended_at,
        :last_seen_at, :caller, :callee, :number, :remote_name, :hidden, :client, :client_name,
        :extension, :employee, :account, :ring_ms, :hold_ms, :talk_ms, :end_reason, :sip_status, :codec,
        :packets_sent, :packets_received, :packets_lost, :jitter_ms, :rtt_ms, :mos,
        :diverted_by, :known_as, :identified_ms, :category_then, :cost_minor, :cost_currency, :tariff,
        :too_long, :origin)
    ON CONFLICT (id) DO UPDATE SET direction = excluded.direction, status = excluded.status,
        started_at = excluded.started_at, ringing_at = excluded.ringing_at,
        answered_at = excluded.answered_at, ended_at = excluded.ended_at,
        last_seen_at = excluded.last_seen_at, caller = excluded.caller, callee = excluded.callee,
        number = excluded.number, remote_name = excluded.remote_name, hidden = excluded.hidden,
        client = CASE WHEN chosen THEN client ELSE coalesce(excluded.client, client) END,
        client_name = CASE WHEN chosen OR excluded.client IS NULL THEN client_name
                      ELSE excluded.client_name END,
        extension = excluded.extension, employee = excluded.employee,
        account = excluded.account, ring_ms = excluded.ring_ms, hold_ms = excluded.hold_ms,
        talk_ms = excluded.talk_ms, end_reason = excluded.end_reason,
        sip_status = excluded.sip_status, codec = excluded.codec,
        packets_sent = excluded.packets_sent, packets_received = excluded.packets_received,
        packets_lost = excluded.packets_lost, jitter_ms = excluded.jitter_ms,
        rtt_ms = excluded.rtt_ms, mos = excluded.mos,
        diverted_by = excluded.diverted_by, known_as = excluded.known_as,
        identified_ms = excluded.identified_ms,
        category_then = CASE WHEN chosen THEN category_then
                        ELSE coalesce(excluded.category_then, category_then) END,
        cost_minor = excluded.cost_minor, cost_currency = excluded.cost_currency,
        tariff = excluded.tariff, too_long = excluded.too_long
    WHERE ended_at IS NULL OR excluded.ended_at IS NOT NULL";

/// The statement that reads lines of the log.
fn line_where(condition: &str) -> String {
    format!("SELECT {COLUMNS}, {LINE}, {TAGS} {FROM} WHERE {condition}")
}

fn call_line(row: &Row<'_>) -> rusqlite::Result<CallLine> {
    let record = call_record(row)?;
    let name: Option<String> = row.get(WIDTH)?;
    let category: Option<String> = row.get(WIDTH + 1)?;
    let at_the_time = Some(&record.client_name).filter(|name| !name.is_empty());
    Ok(CallLine {
        client_name: name.or_else(|| at_the_time.cloned()),
        category: category.map(CategoryId::new),
        recording: row.get(WIDTH + 2)?,
        missing: word_or_none(row, WIDTH + 3, "recordings.missing", Missing::from_word)?,
        note: row.get(WIDTH + 4)?,
        tags: tags_of_lines(row.get_ref(WIDTH + 5)?.as_str_or_null()?),
        record,
    })
}

pub(super) fn call_record(row: &Row<'_>) -> rusqlite::Result<CallRecord> {
    Ok(CallRecord {
        call: id(row, 0)?,
        direction: word(row, 1, "calls.direction", Direction::from_word)?,
        status: word(row, 2, "calls.status", CallStatus::from_word)?,
        started_at: time(row, 3)?,
        ringing_at: time_or_none(row, 4)?,
        answered_at: time_or_none(row, 5)?,
        ended_at: time_or_none(row, 6)?,
        last_seen_at: time(row, 7)?,
        caller: row.get(8)?,
        callee: row.get(9)?,
        number: number_or_none(row, 10)?,
        remote_name: row.get(11)?,
        hidden: row.get(12)?,
        client: id_or_none(row, 13)?,
        client_name: row.get(14)?,
        known_as: word_or_none(row, 31, "calls.known_as", KnownAs::from_word)?,
        identified: row.get::<_, Option<i64>>(32)?.map(duration),
        category: row.get::<_, Option<String>>(33)?.map(CategoryId::new),
        extension: row.get(15)?,
        employee: row.get(16)?,
        account: row.get(17)?,
        ring: duration(row.get(18)?),
        hold: duration(row.get(19)?),
        talk: duration(row.get(20)?),
        end_reason: word_or_none(row, 21, "calls.end_reason", EndReason::from_word)?,
        sip_status: row.get(22)?,
        codec: row.get(23)?,
        quality: quality(row)?,
        diverted_by: row.get(30)?,
        cost: cost(row)?,
        too_long: row.get(37)?,
        origin: word_or_none(row, 38, "calls.origin", CallOrigin::from_word)?,
        legs: Vec::new(),
    })
}

fn cost(row: &Row<'_>) -> rusqlite::Result<Option<Cost>> {
    let (Some(minor), Some(currency)) = (row.get(34)?, row.get(35)?) else {
        return Ok(None);
    };
    Ok(Some(Cost {
        amount: Money { minor, currency },
        tariff: row.get::<_, Option<String>>(36)?.unwrap_or_default(),
    }))
}

fn quality(row: &Row<'_>) -> rusqlite::Result<Option<CallQuality>> {
    let Some(packets_sent) = row.get::<_, Option<i64>>(24)? else {
        return Ok(None);
    };
    let counted = |column| {
        row.get::<_, Option<i64>>(column)
            .map(|n| n.unwrap_or(0).unsigned_abs())
    };
    Ok(Some(CallQuality {
        packets_sent: packets_sent.unsigned_abs(),
        packets_received: counted(25)?,
        packets_lost: counted(26)?,
        jitter_ms: row.get::<_, Option<f64>>(27)?.unwrap_or(0.0),
        rtt_ms: row.get(28)?,
        mos: row.get(29)?,
    }))
}
