//! The call log as CSV and JSON: the keys are a contract and never translated. `docs/call.schema.json` describes a call.

use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::ExportError;
use super::cell::neutralised;
use super::json_array::JsonArray;
use crate::model::{CallLeg, CallLine, CallOrigin, CallRecord, CategoryId, Cost, Missing, Money};
use crate::store::{CallList, Reader};

/// The columns of the call log's CSV. `date` and `time` are the user's own, `started_at` is UTC.
pub const CALL_COLUMNS: [&str; 30] = [
    "call",
    "direction",
    "status",
    "date",
    "time",
    "started_at",
    "caller",
    "callee",
    "number",
    "client",
    "category",
    "category_then",
    "extension",
    "employee",
    "ring_s",
    "hold_s",
    "talk_s",
    "too_long",
    "end_reason",
    "sip_status",
    "codec",
    "loss",
    "mos",
    "recording",
    "cost",
    "currency",
    "note",
    "tags",
    "origin",
    "recording_missing",
];

/// A time as the contract writes it: RFC 3339 in UTC, with milliseconds.
pub(super) fn utc(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Seconds, to the millisecond.
pub(super) fn seconds(duration: std::time::Duration) -> f64 {
    duration.as_millis() as f64 / 1000.0
}

/// A fraction or a score, to four digits: what is behind them is noise.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// A row of the log with everything the program knows of the call.
pub fn call_json(line: &CallLine) -> Value {
    let call = &line.record;
    let text = |text: &str| {
        if text.is_empty() {
            Value::Null
        } else {
            json!(text)
        }
    };
    let mut all = json!({
        "call": call.call,
        "direction": call.direction,
        "status": call.status,
        "started_at": utc(call.started_at),
        "ringing_at": call.ringing_at.map(utc),
        "answered_at": call.answered_at.map(utc),
        "ended_at": call.ended_at.map(utc),
        "caller": call.caller,
        "callee": call.callee,
        "number": call.number,
        "remote_name": text(&call.remote_name),
        "hidden": call.hidden,
        "diverted_by": text(&call.diverted_by),
        "origin": call.origin,
        "client": line.client_name,
        "client_id": call.client,
        "category": line.category,
        "category_then": call.category,
        "known_as": call.known_as,
        "identified_s": call.identified.map(seconds),
        "extension": text(&call.extension),
        "employee": text(&call.employee),
        "account": text(&call.account),
        "ring_s": seconds(call.ring),
        "hold_s": seconds(call.hold),
        "talk_s": seconds(call.talk),
        "too_long": call.too_long,
        "conversation": call.conversation_took_place(),
        "end_reason": call.end_reason,
        "sip_status": call.sip_status,
        "codec": call.codec,
        "recording": line.recording,
        "recorded": line.is_recorded(),
        "recording_missing": line.missing,
        "cost": call.cost.as_ref().map(cost_json),
        "note": text(&line.note),
        "tags": line.tags,
    });
    if let (Value::Object(all), Value::Object(sound)) = (&mut all, sound_json(call)) {
        all.extend(sound);
        if !call.legs.is_empty() {
            all.insert("legs".to_owned(), call.legs.iter().map(leg_json).collect());
        }
    }
    all
}

/// A phone that rang for a call.
fn leg_json(leg: &CallLeg) -> Value {
    json!({
        "extension": leg.extension,
        "employee": leg.employee,
        "rang_at": utc(leg.rang_at),
        "ended_at": leg.ended_at.map(utc),
        "outcome": leg.outcome,
    })
}

/// What the network did to a call's sound.
fn sound_json(call: &CallRecord) -> Value {
    let quality = call.quality.as_ref();
    json!({
        "packets_sent": quality.map(|q| q.packets_sent),
        "packets_received": quality.map(|q| q.packets_received),
        "packets_lost": quality.map(|q| q.packets_lost),
        "loss": quality.map(|q| rounded(q.loss())),
        "jitter_ms": quality.map(|q| rounded(q.jitter_ms)),
        "rtt_ms": quality.and_then(|q| q.rtt_ms).map(rounded),
        "mos": quality.and_then(|q| q.mos).map(rounded),
    })
}

/// What a call costs, as text: no reader of JSON makes a float of it.
fn cost_json(cost: &Cost) -> Value {
    json!({
        "amount": cost.amount.amount(),
        "currency": cost.amount.currency,
        "tariff": cost.tariff,
    })
}

/// Writes the calls of the list as a JSON array; `limit` none for all of them.
pub fn calls_as_json(
    store: &Reader<'_>,
    list: &CallList,
    limit: Option<usize>,
    output: impl Write,
) -> Result<(), ExportError> {
    let mut array = JsonArray::begin(output);
    store.each_call(list, limit, |line| array.push(&call_json(&line)))?;
    array.end()
}

/// Writes the calls of the list as objects, one a line; `limit` none for all of them.
pub fn calls_as_json_lines(
    store: &Reader<'_>,
    list: &CallList,
    limit: Option<usize>,
    mut output: impl Write,
) -> Result<(), ExportError> {
    store.each_call(list, limit, |line| -> Result<(), ExportError> {
        serde_json::to_writer(&mut output, &call_json(&line))?;
        Ok(output.write_all(b"\n")?)
    })?;
    Ok(output.flush()?)
}

/// Writes the calls of the list as CSV; `limit` none for all of them.
pub fn calls_as_csv(
    store: &Reader<'_>,
    list: &CallList,
    limit: Option<usize>,
    zone: &TimeZone,
    output: impl Write,
) -> Result<(), ExportError> {
    let mut csv = csv::Writer::from_writer(output);
    csv.write_record(CALL_COLUMNS)?;
    store.each_call(list, limit, |line| -> Result<(), ExportError> {
        let cells = cells(&line, zone);
        csv.write_record(cells.iter().map(|cell| neutralised(cell).into_owned()))?;
        Ok(())
    })?;
    Ok(csv.flush()?)
}

fn category(category: Option<&CategoryId>) -> String {
    category.map(ToString::to_string).unwrap_or_default()
}

fn cells(line: &CallLine, zone: &TimeZone) -> [String; CALL_COLUMNS.len()] {
    let call = &line.record;
    let local = call.started_at.to_zoned(zone.clone());
    let quality = call.quality.as_ref();
    let cost = call.cost.as_ref().map(|cost| &cost.amount);
    let number = |value: Option<f64>| value.map(|v| rounded(v).to_string()).unwrap_or_default();
    [
        call.call.to_string(),
        call.direction.to_string(),
        call.status.to_string(),
        local.strftime("%Y-%m-%d").to_string(),
        local.strftime("%H:%M:%S").to_string(),
        utc(call.started_at),
        call.caller.clone(),
        call.callee.clone(),
        call.number.map(|number| number.e164()).unwrap_or_default(),
        line.client_name.clone().unwrap_or_default(),
        category(line.category.as_ref()),
        category(call.category.as_ref()),
        call.extension.clone(),
        call.employee.clone(),
        seconds(call.ring).to_string(),
        seconds(call.hold).to_string(),
        seconds(call.talk).to_string(),
        call.too_long.to_string(),
        call.end_reason
            .map(|reason| reason.to_string())
            .unwrap_or_default(),
        call.sip_status
            .map(|status| status.to_string())
            .unwrap_or_default(),
        call.codec.clone().unwrap_or_default(),
        number(quality.map(|q| q.loss())),
        number(quality.and_then(|q| q.mos)),
        line.recording.clone().unwrap_or_default(),
        cost.map(Money::amount).unwrap_or_default(),
        cost.map(|cost| cost.currency.clone()).unwrap_or_default(),
        line.note.clone(),
        line.tags.join("; "),
        call.origin
            .map(CallOrigin::as_str)
            .unwrap_or_default()
            .to_owned(),
        line.missing
            .map(Missing::as_str)
            .unwrap_or_default()
            .to_owned(),
    ]
}
